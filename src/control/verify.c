/* SPDX-License-Identifier: MIT */
/* Did clients do as expected? */
#include "journal/verify.h"
#include "control/reading.h"

#define BODY_MAX ((size_t)8 << 20)

/* What expectations lack to be a scenario, on lines of their own. */
#define HEAD_OBJECT "{\"mockndes\":1,\n"
#define HEAD_ARRAY "{\"mockndes\":1,\"expect\":\n"
#define HEAD_LIST "mockndes: 1\nexpect:\n"
#define HEAD_YAML "mockndes: 1\n"

/* ---- the body ---- */

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where something stands behind blanks and comments. */
static size_t
start_of(struct bytes body)
{
	size_t n = 0;

	for (;;) {
		while (n < body.n && is_blank(body.p[n]))
			n++;
		if (n == body.n || body.p[n] != '#')
			return n;
		while (n < body.n && body.p[n] != '\n')
			n++;
	}
}

/* Is it a scenario with its first key? A value may have the word, too. */
static bool
has_version(struct bytes body)
{
	body = bytes_from(body, start_of(body));
	if (body.n > 0 && body.p[0] == '{')
		body = bytes_from(body, 1 + start_of(bytes_from(body, 1)));
	if (body.n > 0 && (body.p[0] == '"' || body.p[0] == '\''))
		body = bytes_from(body, 1);
	return bytes_starts_nocase(body, BYTES_LIT("mockndes"));
}

/* The body with lines before it, *lines of them; the rest stays in its columns. p NULL: no memory. */
static struct bytes
under_head(struct control_call *c, struct bytes body, int *lines)
{
	const char *all = (const char *)body.p, *text;
	size_t n = start_of(body);
	uint8_t first = n < body.n ? body.p[n] : 0;

	*lines = first == '-' ? 2 : 1;
	if (first == '{')
		text = arena_printf(c->arena, HEAD_OBJECT "%.*s %.*s", (int)n,
		    all, (int)(body.n - n - 1), all + n + 1);
	else
		text = arena_printf(c->arena, "%s%.*s%s",
		    first == '['       ? HEAD_ARRAY
			: first == '-' ? HEAD_LIST
				       : HEAD_YAML,
		    (int)body.n, all, first == '[' ? "}" : "");
	return bytes_str(text);
}

/* The first complaint as the problem, all of them beside it; lines were added before the body. */
static void
complain(
    struct control_call *c, const struct scenario_report *report, int lines)
{
	json_t *list = reading_complaints(report), *one, *first = NULL;
	size_t i;

	json_array_foreach(list, i, one)
	{
		json_t *line = json_object_get(one, "line");

		(void)json_integer_set(line, json_integer_value(line) - lines);
		if (first == NULL &&
		    json_is_string(json_object_get(one, "severity")) &&
		    strcmp(json_string_value(json_object_get(one, "severity")),
			"error") == 0)
			first = one;
	}
	if (first == NULL)
		call_problem(c, 500, "mockndes is out of memory");
	else
		call_problem_with(c, 400,
		    json_pack("{s:O, s:O, s:O}", "line",
			json_object_get(first, "line"), "column",
			json_object_get(first, "column"), "complaints", list),
		    json_string_value(json_object_get(first, "message")));
	json_decref(list);
}

static struct scenario_set *
set_of(struct scenario *s, struct err *e)
{
	struct scenario_set *set = scenario_set_new(e);

	if (set != NULL && scenario_set_add(set, s, NULL, e) == -1) {
		scenario_set_unref(set);
		return NULL;
	}
	return set;
}

/* The expectations of the body; NULL: a problem is the answer. */
static struct scenario_set *
read_body(struct control_call *c)
{
	bool whole = has_version(c->rq->body);
	int lines = 0;
	struct bytes text =
	    whole ? c->rq->body : under_head(c, c->rq->body, &lines);
	struct scenario_report report;
	struct scenario_set *set = NULL;
	struct scenario *s = NULL;
	struct err e = { 0 };

	scenario_report_init(&report);
	if (text.p != NULL)
		s = scenario_load("body", text, &report, &e);
	if (s != NULL)
		set = set_of(s, &e);
	if (s == NULL && report.errors > 0)
		complain(c, &report, lines);
	else if (set == NULL)
		call_problem(c, 500, "%s",
		    e.text[0] == '\0' ? "mockndes is out of memory" : e.text);
	scenario_free(s);
	scenario_report_clear(&report);
	return set;
}

/* ---- the answer ---- */

static const struct form {
	const char *name, *type;
} forms[] = {
	{ "json", "application/json" },
	{ "junit", "application/xml" },
	{ "text", "text/plain; charset=utf-8" },
};

static const struct form *
read_form(struct control_call *c)
{
	const char *format = call_query(c, "format");

	for (size_t i = 0; i < nitems(forms); i++) {
		if (strcmp(format == NULL ? "json" : format, forms[i].name) ==
		    0)
			return &forms[i];
	}
	call_problem(c, 400, "format is json, junit or text");
	return NULL;
}

static int
read_client(struct control_call *c, enum verify_client *client)
{
	const char *text = call_query(c, "client");

	*client = VERIFY_CLIENT_UNKNOWN;
	if (text == NULL)
		return 0;
	for (int i = 0; i < VERIFY_CLIENTS; i++) {
		*client = (enum verify_client)i;
		if (strcmp(text, verify_client_name(*client)) == 0)
			return 0;
	}
	call_problem(c, 400, "client is unknown, succeeded or failed");
	return -1;
}

static void
judge(struct control_call *c, struct site *site, const struct form *form,
    const struct scenario_set *own, enum verify_client client)
{
	struct server_reports reports = { 0 };
	struct err e = { 0 };
	struct bytes body;
	struct buf b;

	buf_init(&b, BODY_MAX);
	*(form == &forms[0]         ? &reports.json
		: form == &forms[1] ? &reports.junit
				    : &reports.text) = &b;
	if (server_verify(c->control->server, site, own, client, NULL, &reports,
		&e) == -1) {
		call_failed(c, &e);
	} else {
		body = arena_copy(c->arena, buf_bytes(&b));
		call_bytes(c, reports.result.verdict == VERIFY_HELD ? 200 : 409,
		    form->type, body);
	}
	buf_clear(&b);
}

static void
verify(struct control_call *c)
{
	struct site *site = call_site(c);
	const struct form *form = site == NULL ? NULL : read_form(c);
	struct scenario_set *own = NULL;
	enum verify_client client;

	if (form == NULL || read_client(c, &client) == -1)
		return;
	if (c->rq->body.n > 0) {
		own = read_body(c);
		if (own == NULL)
			return;
	}
	judge(c, site, form, own, client);
	scenario_set_unref(own);
}

const struct control_route control_verify_routes[] = {
	{ "POST", "/v1/verify", CALL_TOKEN | CALL_SERVER | CALL_SITE, verify,
	    "format client" },
	{ 0 },
};
