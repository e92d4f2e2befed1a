/* SPDX-License-Identifier: MIT */
/* Judgements written down: for people, for programs, for CI servers. */
#include "journal/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/civil.h"

#define TEXT_MAX ((size_t)1 << 20)

static bool
is_warning(const struct judge *j)
{
	return j->x->severity == EXPECT_WARNING;
}

static int
done(const struct buf *out, struct err *e)
{
	return buf_ok(out) ? 0
			   : err_set(e, ERR_MEMORY, "no memory for a report");
}

/* ---- text ---- */

static const char *
mark_of(const struct judge *j)
{
	if (j->verdict == VERIFY_HELD)
		return "held";
	if (is_warning(j))
		return "warning";
	return verify_verdict_name(j->verdict);
}

static void
text_of_judge(const struct judge *j, struct buf *out)
{
	buf_addf(out, "%-10s  ", mark_of(j));
	expect_print(j->x, out);
	buf_addf(out, "\n            %s\n", buf_str(&j->why));
	if (j->x->say != NULL)
		buf_addf(out, "            %s\n", j->x->say);
	if (j->verdict == VERIFY_HELD || j->id_count == 0)
		return;
	buf_add_str(out, "            see request");
	for (size_t i = 0; i < j->id_count; i++)
		buf_addf(out, "%s %" PRIu64, i == 0 ? "" : ",", j->ids[i]);
	buf_add_byte(out, '\n');
}

int
verify_write_text(const struct verify_report *r, struct buf *out, struct err *e)
{
	struct verify_result total = verify_result(r);

	buf_addf(out, "%s: %s, seed %" PRIu64 ", %" PRIu64 " request%s\n",
	    verify_verdict_name(total.verdict),
	    r->scenario[0] == '\0' ? "healthy" : r->scenario, r->seed,
	    r->entries, r->entries == 1 ? "" : "s");
	if (r->count == 0)
		buf_add_str(out, "nothing is expected\n");
	for (size_t i = 0; i < r->count; i++)
		text_of_judge(&r->judges[i], out);
	if (r->dropped > 0)
		buf_addf(out, "%" PRIu64 " older requests were dropped\n",
		    r->dropped);
	if (r->open > 0)
		buf_addf(out, "%" PRIu64 " have not ended yet\n", r->open);
	if (r->repeat[0] != '\0' && total.verdict != VERIFY_HELD)
		buf_addf(out, "again: %s\n", r->repeat);
	return done(out, e);
}

/* ---- JSON ---- */

static json_t *
string_of(struct buf *b)
{
	json_t *s = buf_ok(b) ? json_string(buf_str(b)) : NULL;

	buf_clear(b);
	return s;
}

static json_t *
printed(const struct expect *x)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	expect_print(x, &b);
	return string_of(&b);
}

static json_t *
ids_of(const struct judge *j)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < j->id_count; i++)
		json_array_append_new(ids, json_integer((json_int_t)j->ids[i]));
	return ids;
}

static json_t *
json_of_judge(const struct judge *j)
{
	json_t *o = json_pack("{s:o,s:s,s:s,s:s,s:o}", "expect", printed(j->x),
	    "severity", is_warning(j) ? "warning" : "error", "verdict",
	    verify_verdict_name(j->verdict), "why", buf_str(&j->why),
	    "requests", ids_of(j));

	if (o != NULL && j->x->say != NULL)
		json_object_set_new(o, "say", json_string(j->x->say));
	if (o != NULL && j->x->line != 0) {
		json_object_set_new(o, "line", json_integer(j->x->line));
		json_object_set_new(o, "column", json_integer(j->x->column));
	}
	return o;
}

static json_t *
list_of(const struct verify_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(list, json_of_judge(&r->judges[i]));
	return list;
}

static json_t *
json_of(const struct verify_report *r)
{
	struct verify_result total = verify_result(r);
	struct buf text;
	int rc;

	buf_init(&text, TEXT_MAX);
	rc = verify_write_text(r, &text, NULL);
	if (rc == -1) {
		buf_clear(&text);
		return NULL;
	}
	return json_pack(
	    "{s:s,s:s,s:s,s:I,s:s,s:I,s:I,s:I,s:i,s:i,s:i,s:i,s:o,s:s,s:o}",
	    "verdict", verify_verdict_name(total.verdict), "site", r->site,
	    "scenario", r->scenario, "seed", (json_int_t)r->seed, "client",
	    verify_client_name(r->client), "entries", (json_int_t)r->entries,
	    "open", (json_int_t)r->open, "dropped", (json_int_t)r->dropped,
	    "held", (int)total.held, "failed", (int)total.failed, "incomplete",
	    (int)total.incomplete, "warnings", (int)total.warnings,
	    "expectations", list_of(r), "repeat", r->repeat, "text",
	    string_of(&text));
}

int
verify_write_json(const struct verify_report *r, struct buf *out, struct err *e)
{
	json_t *o = json_of(r);
	char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);

	if (text != NULL)
		buf_add_str(out, text);
	json_decref(o);
	if (text == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a report");
	free(text);
	return done(out, e);
}

/* ---- JUnit ---- */

/* As text or a value of an attribute; what XML cannot have becomes '?'. */
static void
escape(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;

		if (c == '&')
			buf_add_str(out, "&amp;");
		else if (c == '<')
			buf_add_str(out, "&lt;");
		else if (c == '>')
			buf_add_str(out, "&gt;");
		else if (c == '"')
			buf_add_str(out, "&quot;");
		else if (c < 0x20 && c != '\n')
			buf_add_byte(out, '?');
		else
			buf_add_byte(out, c);
	}
}

static void
attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	escape(out, value);
	buf_add_byte(out, '"');
}

static void
junit_of_judge(
    const struct verify_report *r, const struct judge *j, struct buf *out)
{
	const char *element = j->verdict == VERIFY_FAILED ? "failure" : "error";
	struct buf name;

	buf_init(&name, TEXT_MAX);
	expect_print(j->x, &name);
	buf_add_str(out, "    <testcase");
	attribute(out, "name", buf_str(&name));
	attribute(
	    out, "classname", r->scenario[0] == '\0' ? "healthy" : r->scenario);
	buf_clear(&name);
	if (j->verdict == VERIFY_HELD || is_warning(j)) {
		buf_add_str(out, " time=\"0\"/>\n");
		return;
	}
	buf_addf(out, " time=\"0\">\n      <%s", element);
	attribute(out, "type", verify_verdict_name(j->verdict));
	attribute(out, "message", buf_str(&j->why));
	buf_add_byte(out, '>');
	escape(out, j->x->say == NULL ? buf_str(&j->why) : j->x->say);
	buf_addf(out, "</%s>\n    </testcase>\n", element);
}

static void
junit_head(const struct verify_report *r, struct buf *out)
{
	struct verify_result total = verify_result(r);
	struct civil c = civil_from_unix(r->first_ms / 1000);

	buf_add_str(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	    "  <testsuite");
	attribute(
	    out, "name", r->scenario[0] == '\0' ? "healthy" : r->scenario);
	buf_addf(out,
	    " package=\"mockndes\" id=\"0\" hostname=\"localhost\""
	    " timestamp=\"%04d-%02d-%02dT%02d:%02d:%02d\" tests=\"%zu\""
	    " failures=\"%u\" errors=\"%u\" time=\"%.3f\">\n",
	    c.year, c.month, c.day, c.hour, c.minute, c.second, r->count,
	    total.failed, total.incomplete,
	    (double)(r->last_ms - r->first_ms) / 1000);
	buf_addf(out,
	    "    <properties>\n      <property name=\"seed\" value=\"%" PRIu64
	    "\"/>\n",
	    r->seed);
	buf_add_str(out, "      <property name=\"repeat\"");
	attribute(out, "value", r->repeat);
	buf_add_str(out, "/>\n    </properties>\n");
}

int
verify_write_junit(
    const struct verify_report *r, struct buf *out, struct err *e)
{
	struct buf text;
	int rc;

	junit_head(r, out);
	for (size_t i = 0; i < r->count; i++)
		junit_of_judge(r, &r->judges[i], out);
	buf_init(&text, TEXT_MAX);
	rc = verify_write_text(r, &text, e);
	buf_add_str(out, "    <system-out>");
	escape(out, buf_str(&text));
	buf_add_str(out,
	    "</system-out>\n    <system-err/>\n  </testsuite>\n"
	    "</testsuites>\n");
	buf_clear(&text);
	return rc == -1 ? -1 : done(out, e);
}
