/* SPDX-License-Identifier: MIT */
#include "support/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
control_call_raw(struct world *w, const struct served *s, const char *method,
    const char *target, const char *headers, const char *body,
    struct client_http *out)
{
	const char *url = mockndes_url(s->m, "control");
	const char *authority = url + strlen("http://");
	char host[CLIENT_TEXT_MAX] = "";
	char *text = NULL;

	if (headers == NULL || strstr(headers, "Host:") == NULL)
		snprintf(host, sizeof host, "Host: %s\r\n", authority);
	assert_true(
	    asprintf(&text,
		"%s %s HTTP/1.1\r\n%s%sConnection: close\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		method, target, host, headers == NULL ? "" : headers,
		body == NULL ? 0 : strlen(body), body == NULL ? "" : body) > 0);
	if (client_raw(&w->c, url, text, strlen(text), out))
		fail_msg("%s %s: %s", method, target, w->c.why);
	free(text);
}

json_t *
control_call_json(struct world *w, const struct served *s, const char *method,
    const char *target, const char *body, long status)
{
	struct client_http h;
	json_t *json;

	control_call_raw(w, s, method, target, NULL, body, &h);
	if (h.status != status)
		fail_msg("%s %s: %ld instead of %ld: %s", method, target,
		    h.status, status, h.body.p);
	json = json_loadb(
	    (const char *)h.body.p, h.body.n, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		fail_msg("%s %s: no JSON: %s", method, target, h.body.p);
	client_http_clear(&h);
	return json;
}

const char *
control_text(json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	if (text == NULL)
		fail_msg("there is no text %s", name);
	return text;
}
