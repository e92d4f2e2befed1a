/* SPDX-License-Identifier: MIT */
/* One call of the control API over HTTP, and what the server says when it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

#define ANSWER_MAX ((size_t)256 << 20)

/* ---- the URL ---- */

static void
put_escaped(struct ctl *c, FILE *f, const char *text)
{
	char *escaped = curl_easy_escape(c->curl, text, 0);

	fputs(escaped != NULL ? escaped : "", f);
	curl_free(escaped);
}

/* A KEY=VALUE as a parameter: the value is escaped. */
static void
put_pair(struct ctl *c, FILE *f, char mark, const char *pair)
{
	size_t n = strcspn(pair, "=");

	fprintf(f, "%c%.*s=", mark, (int)n, pair);
	put_escaped(c, f, pair[n] == '=' ? pair + n + 1 : "");
}

/* The caller frees it; NULL when memory ran out. */
static char *
make_url(struct ctl *c, const struct ctl_call *call)
{
	char *url = NULL;
	size_t n = strlen(c->url), size;
	FILE *f = open_memstream(&url, &size);
	const char *hole = strstr(call->path, "%s");
	char mark = '?';

	if (f == NULL)
		return NULL;
	while (n > 0 && c->url[n - 1] == '/')
		n--;
	fprintf(f, "%.*s", (int)n, c->url);
	if (hole == NULL) {
		fputs(call->path, f);
	} else {
		fprintf(f, "%.*s", (int)(hole - call->path), call->path);
		put_escaped(c, f, call->name);
		fputs(hole + 2, f);
	}
	if (c->site != NULL) {
		fprintf(f, "%csite=", mark);
		put_escaped(c, f, c->site);
		mark = '&';
	}
	for (size_t i = 0; call->query != NULL && call->query[i] != NULL; i++) {
		put_pair(c, f, mark, call->query[i]);
		mark = '&';
	}
	if (fclose(f) == 0)
		return url;
	free(url);
	return NULL;
}

/* ---- the exchange ---- */

struct exchange {
	CURL *curl;
	const struct ctl_call *call;
	struct ctl_answer *answer;
};

static size_t
keep(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct ctl_answer *a = x->answer;
	char *body;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &a->status);
	if (a->status == 200 && x->call->piece != NULL)
		return x->call->piece(p, size, n, x->call->ctx);
	n *= size;
	if (n > ANSWER_MAX - a->size)
		return 0;
	body = realloc(a->body, a->size + n + 1);
	if (body == NULL)
		return 0;
	memcpy(body + a->size, p, n);
	a->body = body;
	a->size += n;
	body[a->size] = '\0';
	return n;
}

static struct curl_slist *
make_head(struct ctl *c, bool *ok)
{
	struct curl_slist *head, *more;
	char *token = NULL;

	/* No waiting for "100 Continue", no form. */
	head = curl_slist_append(NULL, "Expect:");
	more = curl_slist_append(head, "Content-Type: application/json");
	*ok = head != NULL && more != NULL;
	if (*ok && c->token != NULL) {
		if (asprintf(&token, "Authorization: Bearer %s", c->token) ==
		    -1)
			token = NULL;
		*ok = token != NULL && curl_slist_append(head, token) != NULL;
		free(token);
	}
	return head;
}

static CURLcode
perform(struct ctl *c, const char *url, struct exchange *x, char *why)
{
	bool ok;
	struct curl_slist *head = make_head(c, &ok);
	const struct ctl_call *call = x->call;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, x);
	if (call->body != NULL) {
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)call->body_size);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, call->body);
	}
	if (call->method != NULL)
		curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
	if (ok)
		rc = curl_easy_perform(c->curl);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(
		    c->curl, CURLINFO_RESPONSE_CODE, &x->answer->status);
	curl_slist_free_all(head);
	return rc;
}

/* ---- what it refuses ---- */

/* A place and what is wrong there, as a compiler would say it. */
static void
complain_at(const char *source, const json_t *at, const char *severity,
    const char *what)
{
	fprintf(stderr, "%s:%lld:%lld: %s: %s\n",
	    source == NULL ? "body" : source,
	    json_integer_value(json_object_get(at, "line")),
	    json_integer_value(json_object_get(at, "column")), severity, what);
}

void
ctl_complaints(const char *source, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *severity =
		    json_string_value(json_object_get(one, "severity"));
		const char *message =
		    json_string_value(json_object_get(one, "message"));

		if (message != NULL)
			complain_at(source, one,
			    severity == NULL ? "error" : severity, message);
	}
}

/* The sentence of a problem document; of a body, all that is wrong with it. */
static void
complain_problem(const char *source, const struct ctl_answer *a)
{
	json_t *problem =
	    a->body == NULL ? NULL : json_loadb(a->body, a->size, 0, NULL);
	const char *detail =
	    json_string_value(json_object_get(problem, "detail"));
	const json_t *all = json_object_get(problem, "complaints");

	if (detail == NULL)
		complain("the server answers %ld", a->status);
	else if (json_array_size(all) > 0)
		ctl_complaints(source, all);
	else if (json_object_get(problem, "line") != NULL)
		complain_at(source, problem, "error", detail);
	else
		complain("%s", detail);
	json_decref(problem);
}

int
ctl_ask(struct ctl *c, const struct ctl_call *call, struct ctl_answer *answer)
{
	char why[CURL_ERROR_SIZE] = "";
	struct exchange x = { c->curl, call, answer };
	char *url = make_url(c, call);
	CURLcode rc;

	*answer = (struct ctl_answer){ 0 };
	if (url == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	rc = perform(c, url, &x, why);
	free(url);
	if (rc != CURLE_OK) {
		complain("%s: %s", c->url,
		    why[0] != '\0' ? why : curl_easy_strerror(rc));
		return EXIT_FAILED;
	}
	if (answer->status < 400 || answer->status == call->also)
		return 0;
	complain_problem(call->source, answer);
	return EXIT_FAILED;
}

void
ctl_answer_clear(struct ctl_answer *answer)
{
	free(answer->body);
	*answer = (struct ctl_answer){ 0 };
}

/* ---- showing ---- */

static void
print_as_it_came(const struct ctl_answer *a)
{
	if (a->size == 0)
		return;
	fwrite(a->body, 1, a->size, stdout);
	/* Documents end where they end; a line ends with its end. */
	if (a->body[0] == '{' && a->body[a->size - 1] != '\n')
		putchar('\n');
}

int
ctl_show(struct ctl *c, const struct ctl_call *call,
    void (*print)(const json_t *json))
{
	struct ctl_answer answer = { 0 };
	json_t *json = NULL;
	int rc = ctl_ask(c, call, &answer);

	if (rc == 0 && !c->json && print != NULL && answer.size > 0) {
		json = json_loadb(answer.body, answer.size, 0, NULL);
		if (json == NULL) {
			complain("%s does not answer with JSON", c->url);
			rc = EXIT_FAILED;
		} else {
			print(json);
		}
	} else if (rc == 0) {
		print_as_it_came(&answer);
	}
	json_decref(json);
	ctl_answer_clear(&answer);
	return rc;
}
