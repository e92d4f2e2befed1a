/* SPDX-License-Identifier: MIT */
/* The facts of a running server as JSON: the ready line, and /v1/info. */
#include "control/facts.h"

#include <jansson.h>
#include <stdlib.h>

/* A string, or null for NULL. */
static json_t *
text(const char *s)
{
	return s == NULL ? json_null() : json_string(s);
}

static int
failed(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for the server's facts");
}

static int
dump(json_t *object, struct buf *out, struct err *e)
{
	char *s = object == NULL
	    ? NULL
	    : json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);

	json_decref(object);
	if (s == NULL)
		return failed(e);
	buf_add_str(out, s);
	free(s);
	return buf_ok(out) ? 0 : failed(e);
}

int
control_ready_line(
    const struct control_facts *f, struct buf *out, struct err *e)
{
	return dump(
	    json_pack("{s:b, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o, "
		      "s:o}",
		"ready", 1, "pid", (json_int_t)f->pid, "scenario",
		text(f->scenario), "seed", (json_int_t)f->seed, "scep_url",
		text(f->scep_url), "scep_url_https", text(f->scep_url_https),
		"admin_page_url", text(f->admin_page_url), "control_url",
		text(f->control_url), "challenge", text(f->challenge),
		"ca_fingerprint_sha256", text(f->ca_fingerprint_sha256)),
	    out, e);
}

int
control_info(const struct control_facts *f, struct buf *out, struct err *e)
{
	return dump(
	    json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:o, s:o, s:o, "
		      "s:o}",
		"name", "mockndes", "version", text(f->version), "pid",
		(json_int_t)f->pid, "scenario", text(f->scenario), "seed",
		(json_int_t)f->seed, "scep_url", text(f->scep_url),
		"scep_url_https", text(f->scep_url_https), "admin_page_url",
		text(f->admin_page_url), "control_url", text(f->control_url),
		"ca_fingerprint_sha256", text(f->ca_fingerprint_sha256)),
	    out, e);
}
