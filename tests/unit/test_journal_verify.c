/* SPDX-License-Identifier: MIT */
/*
 * Expectations judged: each kind held, failed and incomplete; reports as
 * text, JSON and JUnit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "journal/verify.h"
#include "scenario/scenario.h"

/* ---- entries ---- */

struct request {
	const char *op, *method, *transaction, *cipher;
	int status; /* 0: none was sent */
	const char *pki_status, *serial, *rule;
	const char *end; /* NULL: sent */
	int64_t at_ms;
	int64_t poll;
	bool open; /* neither answered nor ended */
};

static void
text(struct facts *f, enum fact which, const char *s)
{
	if (s != NULL)
		facts_text(f, which, bytes_str(s));
}

static struct journal_slot *
enter(struct journal *j, const struct request *rq)
{
	struct facts f = { .stage = FACT_AT_ARRIVAL };
	const struct journal_receipt r = { .site = "",
		.received_ms = 1700000000000 + rq->at_ms,
		.target = BYTES_LIT("/"),
		.prefix = "",
		.facts = &f };
	const struct journal_answer a = { .facts = &f };
	const struct journal_end end = {
		.how = rq->end == NULL ? "sent" : rq->end, .ended_us = 5000
	};
	struct journal_slot *slot;

	text(&f, FACT_OP, rq->op == NULL ? "PKIOperation" : rq->op);
	text(&f, FACT_METHOD, rq->method == NULL ? "POST" : rq->method);
	text(&f, FACT_CLIENT, "127.0.0.1");
	slot = journal_open(j, &r);
	assert_non_null(slot);
	if (rq->open)
		return slot;
	f.stage = FACT_AT_ANSWER;
	text(&f, FACT_TRANSACTION, rq->transaction);
	text(&f, FACT_CMS_CIPHER, rq->cipher);
	text(&f, FACT_PKI_STATUS, rq->pki_status);
	text(&f, FACT_SERIAL, rq->serial);
	text(&f, FACT_RULE, rq->rule);
	if (rq->status != 0)
		facts_number(&f, FACT_STATUS, rq->status);
	if (rq->transaction != NULL)
		facts_number(&f, FACT_POLL, rq->poll);
	journal_answer(j, slot, &a);
	journal_end(j, slot, &end);
	return NULL;
}

/* ---- rows ---- */

#define GOOD                                                            \
	{                                                               \
		.status = 200, .pki_status = "SUCCESS", .serial = "01", \
		.transaction = "T"                                      \
	}
#define CAPS                                      \
	{                                         \
		.op = "GetCACaps", .status = 200, \
	}
#define REQUESTS 6

static const struct row {
	const char *name;
	const char *expect; /* an item of expect: */
	struct request requests[REQUESTS];
	size_t n;
	unsigned dropped;
	enum verify_client client;
	enum verify_verdict verdict;
	const char *why; /* part of the sentence */
} rows[] = {
	{ "one request is enough without a count",
	    "requests: { op: GetCACaps }", { CAPS }, 1, 0, 0, VERIFY_HELD,
	    "1 such request was seen" },
	{ "none is not", "requests: { op: GetCACaps }", { GOOD }, 1, 0, 0,
	    VERIFY_FAILED, "0 such requests were seen, wanted at least 1" },
	{ "a count is exact", "{ requests: { op: GetCACaps }, count: 2 }",
	    { CAPS, CAPS }, 2, 0, 0, VERIFY_HELD, "2 such" },
	{ "one too few", "{ requests: { op: GetCACaps }, count: 2 }", { CAPS },
	    1, 0, 0, VERIFY_FAILED, "wanted 2" },
	{ "one too many", "{ requests: { op: GetCACaps }, count: 2 }",
	    { CAPS, CAPS, CAPS }, 3, 0, 0, VERIFY_FAILED, "wanted 2" },
	{ "at most, at the bound",
	    "{ requests: { op: GetCACaps }, count: { at_most: 1 } }", { CAPS },
	    1, 0, 0, VERIFY_HELD, "wanted at most 1" },
	{ "at most, but some were dropped",
	    "{ requests: { op: GetCACaps }, count: { at_most: 2 } }",
	    { CAPS, CAPS }, 2, 1, 0, VERIFY_INCOMPLETE,
	    "1 entries were dropped" },
	{ "at most is broken whatever was dropped",
	    "{ requests: { op: GetCACaps }, count: { at_most: 1 } }",
	    { CAPS, CAPS }, 2, 1, 0, VERIFY_FAILED, "2 such" },
	{ "at least holds whatever was dropped",
	    "{ requests: { op: GetCACaps }, count: { at_least: 2 } }",
	    { CAPS, CAPS }, 2, 1, 0, VERIFY_HELD, "2 such" },
	{ "too few, but enough were dropped",
	    "{ requests: { op: GetCACaps }, count: { at_least: 3 } }",
	    { CAPS, CAPS }, 2, 1, 0, VERIFY_INCOMPLETE, "dropped" },
	{ "too few, and too few were dropped",
	    "{ requests: { op: GetCACaps }, count: { at_least: 4 } }",
	    { CAPS, CAPS }, 2, 1, 0, VERIFY_FAILED, "wanted at least 4" },
	{ "what hangs on an answer that is not there",
	    "{ requests: { status: 200 }, count: 2 }",
	    { CAPS, CAPS, { .open = true } }, 3, 0, 0, VERIFY_INCOMPLETE,
	    "1 are not answered yet" },
	{ "what is known at arrival counts while it is open",
	    "{ requests: { op: PKIOperation }, count: 1 }",
	    { CAPS, { .open = true } }, 2, 0, 0, VERIFY_HELD, "1 such" },
	{ "a gap, at the bound",
	    "{ requests: { op: GetCACaps }, gap: { at_least: 900ms } }",
	    { CAPS, { .op = "GetCACaps", .status = 200, .at_ms = 900 } }, 2, 0,
	    0, VERIFY_HELD, "2 such" },
	{ "a gap that is too short",
	    "{ requests: { op: GetCACaps }, gap: { at_least: 900ms } }",
	    { CAPS, { .op = "GetCACaps", .status = 200, .at_ms = 899 } }, 2, 0,
	    0, VERIFY_FAILED, "899 ms apart, which is too soon" },
	{ "a gap that is too long",
	    "{ requests: { op: GetCACaps }, gap: { at_most: 1s } }",
	    { CAPS, { .op = "GetCACaps", .status = 200, .at_ms = 1001 } }, 2, 0,
	    0, VERIFY_FAILED, "too late" },
	{ "a gap that may have been filled",
	    "{ requests: { op: GetCACaps }, gap: { at_most: 1s } }",
	    { CAPS, { .op = "GetCACaps", .status = 200, .at_ms = 1001 } }, 2, 1,
	    0, VERIFY_INCOMPLETE, "dropped" },
	{ "never", "never: { cms: { cipher: DES-CBC } }",
	    { CAPS, { .cipher = "AES-128-CBC", .status = 200 } }, 2, 0, 0,
	    VERIFY_HELD, "no such request" },
	{ "never, and it was", "never: { cms: { cipher: DES-CBC } }",
	    { CAPS, { .cipher = "DES-CBC", .status = 200 } }, 2, 1, 0,
	    VERIFY_FAILED, "1 such request was seen" },
	{ "never, as far as is known", "never: { cms: { cipher: DES-CBC } }",
	    { CAPS }, 1, 1, 0, VERIFY_INCOMPLETE, "dropped" },
	{ "in order", "order: [{ op: GetCACaps }, { op: PKIOperation }]",
	    { CAPS, CAPS, GOOD }, 3, 0, 0, VERIFY_HELD, "in this order" },
	{ "not in order", "order: [{ op: PKIOperation }, { op: GetCACaps }]",
	    { CAPS, CAPS, GOOD }, 3, 0, 0, VERIFY_FAILED,
	    "1 of 2 came in this order; missing is {op: GetCACaps}" },
	{ "a connection is no request",
	    "{ requests: { client: 127.0.0.1 }, count: 1 }",
	    { CAPS, { .op = "connection", .end = "reset" } }, 2, 0, 0,
	    VERIFY_HELD, "1 such" },
	{ "a connection that is asked for",
	    "{ requests: { op: connection, end: reset }, count: 1 }",
	    { CAPS, { .op = "connection", .end = "reset" } }, 2, 0, 0,
	    VERIFY_HELD, "1 such" },

	{ "succeeds", "client: succeeds", { CAPS, GOOD }, 2, 0, 0, VERIFY_HELD,
	    "request 2 brought a certificate" },
	{ "succeeds, but the command did not", "client: succeeds",
	    { CAPS, GOOD }, 2, 0, VERIFY_CLIENT_FAILED, VERIFY_FAILED,
	    "failed all the same" },
	{ "succeeds without a certificate", "client: succeeds",
	    { CAPS, { .status = 500 } }, 2, 0, VERIFY_CLIENT_SUCCEEDED,
	    VERIFY_FAILED, "got no certificate" },
	{ "a certificate that never arrived", "client: succeeds",
	    { { .status = 200,
		.pki_status = "SUCCESS",
		.serial = "01",
		.end = "cut" } },
	    1, 0, 0, VERIFY_FAILED, "got no certificate" },
	{ "a certificate that may have been dropped", "client: succeeds",
	    { CAPS }, 1, 1, 0, VERIFY_INCOMPLETE, "dropped" },
	{ "none dropped can help a command that failed", "client: succeeds",
	    { CAPS }, 1, 1, VERIFY_CLIENT_FAILED, VERIFY_FAILED, "" },

	{ "refuses", "client: refuses", { CAPS, GOOD }, 2, 0,
	    VERIFY_CLIENT_FAILED, VERIFY_HELD, "failed, as it should" },
	{ "does not refuse", "client: refuses", { CAPS, GOOD }, 2, 1,
	    VERIFY_CLIENT_SUCCEEDED, VERIFY_FAILED, "ended with success" },
	{ "refuses without a request", "client: refuses", { CAPS }, 0, 0,
	    VERIFY_CLIENT_FAILED, VERIFY_HELD, "" },
	{ "stops after a lie", "client: refuses",
	    { { .op = "GetCACert", .status = 200, .rule = "lie" } }, 1, 0, 0,
	    VERIFY_HELD, "no message came after" },
	{ "goes on after a lie", "client: refuses",
	    { { .op = "GetCACert", .status = 200, .rule = "lie" }, GOOD }, 2, 0,
	    0, VERIFY_FAILED, "went on with message 2" },
	{ "a lie in a CertRep is taken in silence", "client: refuses",
	    { { .status = 200, .pki_status = "SUCCESS", .rule = "lie" } }, 1, 0,
	    0, VERIFY_INCOMPLETE, "only its own end tells" },
	{ "nobody lied", "client: refuses", { CAPS, GOOD }, 2, 0, 0,
	    VERIFY_INCOMPLETE, "no rule falsified" },

	{ "retries", "client: retries", { { .status = 503 }, GOOD }, 2, 0, 0,
	    VERIFY_HELD,
	    "request 1 failed, and the client asked again 1 time" },
	{ "does not retry", "client: retries", { CAPS, { .status = 503 } }, 2,
	    0, 0, VERIFY_FAILED, "did not ask again" },
	{ "asks something else", "client: retries", { { .status = 503 }, CAPS },
	    2, 0, 0, VERIFY_FAILED, "did not ask again" },
	{ "a reset counts as failed", "client: retries",
	    { { .end = "reset" }, GOOD }, 2, 0, 0, VERIFY_HELD, "asked again" },
	{ "nothing failed", "client: retries", { CAPS, GOOD }, 2, 0, 0,
	    VERIFY_FAILED, "no request failed" },

	{ "polls", "client: polls",
	    { { .status = 200, .transaction = "T" },
		{ .status = 200, .transaction = "T", .poll = 1 } },
	    2, 0, 0, VERIFY_HELD, "had come before" },
	{ "does not poll", "client: polls", { GOOD }, 1, 0, 0, VERIFY_FAILED,
	    "no transaction came a second time" },

	{ "falls back to POST", "client: falls-back",
	    { { .method = "GET", .status = 414 }, GOOD }, 2, 0, 0, VERIFY_HELD,
	    "message 2 went another way (POST)" },
	{ "tries the same again", "client: falls-back",
	    { { .method = "POST", .status = 500 }, GOOD }, 2, 0, 0,
	    VERIFY_FAILED, "none that went another way" },
	{ "falls back and fails", "client: falls-back",
	    { { .method = "GET", .status = 414 }, GOOD }, 2, 0,
	    VERIFY_CLIENT_FAILED, VERIFY_FAILED, "failed all the same" },
	{ "falls back to another cipher", "client: falls-back",
	    { { .cipher = "AES-128-CBC", .status = 500 },
		{ .cipher = "DES-EDE3-CBC",
		    .status = 200,
		    .pki_status = "SUCCESS",
		    .serial = "01" } },
	    2, 0, 0, VERIFY_HELD, "another way" },
	{ "nothing to fall back from", "client: falls-back", { GOOD }, 1, 0, 0,
	    VERIFY_FAILED, "nothing to fall back from" },
};

/* ---- judging ---- */

struct court {
	struct journal *j;
	struct scenario *s;
	struct scenario_report report;
	struct journal_slot *open[REQUESTS];
	struct verify_report *r;
};

static void
open_court(struct court *c, const char *items, uint64_t entries_max)
{
	const struct journal_options o = { .entries_max = entries_max };
	struct err e = { 0 };
	char yaml[2048];

	*c = (struct court){ .j = journal_new(&o, &e) };
	assert_non_null(c->j);
	snprintf(
	    yaml, sizeof(yaml), "mockndes: 1\nname: x\nexpect:\n%s", items);
	scenario_report_init(&c->report);
	c->s = scenario_load("x.yaml", bytes_str(yaml), &c->report, &e);
	if (c->s == NULL)
		fail_msg("%s", buf_str(&c->report.lines));
}

static void
judge(struct court *c, enum verify_client client)
{
	const struct expect *expects[8];
	const struct verify_options o = { .site = "",
		.scenario = "x",
		.seed = 7,
		.client = client,
		.repeat = "mockndes run --seed 7 -- <\"c\" & d>" };
	size_t n = scenario_expect_count(c->s);
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		expects[i] = scenario_expect(c->s, i);
	c->r = verify_run(c->j, expects, n, &o, &e);
	if (c->r == NULL)
		fail_msg("%s", e.text);
}

static void
close_court(struct court *c)
{
	const struct journal_end end = { .how = "stopped" };

	for (size_t i = 0; i < REQUESTS; i++)
		journal_end(c->j, c->open[i], &end);
	verify_report_free(c->r);
	scenario_free(c->s);
	scenario_report_clear(&c->report);
	journal_free(c->j);
}

static char *
written(const struct court *c,
    int (*write)(const struct verify_report *r, struct buf *out, struct err *e))
{
	struct buf b;
	struct err e = { 0 };
	uint8_t *p;
	size_t n;

	buf_init(&b, (size_t)1 << 20);
	if (write(c->r, &b, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(buf_take(&b, &p, &n), 0);
	return (char *)p;
}

static void
try_row(const struct row *row)
{
	struct court c;
	struct verify_result total;
	char item[512], *said;

	snprintf(item, sizeof(item), "  - %s\n", row->expect);
	open_court(&c, item, row->n == 0 ? 1 : row->n);
	for (unsigned i = 0; i < row->dropped; i++)
		enter(c.j, &(struct request){ .op = "admin", .status = 200 });
	for (size_t i = 0; i < row->n; i++)
		c.open[i] = enter(c.j, &row->requests[i]);
	judge(&c, row->client);
	total = verify_result(c.r);
	said = written(&c, verify_write_text);
	if (total.verdict != row->verdict || strstr(said, row->why) == NULL)
		fail_msg("%s: %s", row->name, said);
	free(said);
	close_court(&c);
}

static void
judges_every_kind_of_expectation(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		try_row(&rows[i]);
}

static void
a_hundred_retries_are_bounded_and_one_more_is_not(void **state)
{
	(void)state;
	for (unsigned n = 100; n <= 101; n++) {
		struct court c;

		open_court(&c, "  - client: retries\n", 0);
		for (unsigned i = 0; i <= n; i++)
			enter(c.j, &(struct request){ .status = 503 });
		judge(&c, VERIFY_CLIENT_UNKNOWN);
		assert_int_equal(verify_result(c.r).verdict,
		    n == 100 ? VERIFY_HELD : VERIFY_FAILED);
		close_court(&c);
	}
}

#define MIXED                                 \
	"  - client: succeeds\n"              \
	"  - never: { op: GetCACaps }\n"      \
	"    say: Ask no <caps> & \"more\"\n" \
	"  - requests: { op: GetCACert }\n"   \
	"    severity: warning\n"

static void
a_warning_fails_nothing(void **state)
{
	struct verify_result total;
	struct court c;

	(void)state;
	open_court(&c, MIXED, 0);
	enter(c.j, &(struct request)GOOD);
	judge(&c, VERIFY_CLIENT_UNKNOWN);
	total = verify_result(c.r);
	assert_int_equal(total.verdict, VERIFY_HELD);
	assert_int_equal(total.held, 2);
	assert_int_equal(total.warnings, 1);
	close_court(&c);
}

static void
reports_as_json(void **state)
{
	struct court c;
	char *said;
	json_t *o, *item;

	(void)state;
	open_court(&c, MIXED, 0);
	enter(c.j, &(struct request)CAPS);
	enter(c.j, &(struct request)GOOD);
	judge(&c, VERIFY_CLIENT_UNKNOWN);
	said = written(&c, verify_write_json);
	o = json_loads(said, 0, NULL);
	assert_non_null(o);
	assert_string_equal(
	    json_string_value(json_object_get(o, "verdict")), "failed");
	assert_int_equal(json_integer_value(json_object_get(o, "failed")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "warnings")), 1);
	item = json_array_get(json_object_get(o, "expectations"), 1);
	assert_string_equal(json_string_value(json_object_get(item, "expect")),
	    "never: {op: GetCACaps}");
	assert_int_equal(json_integer_value(json_array_get(
			     json_object_get(item, "requests"), 0)),
	    1);
	assert_int_equal(json_integer_value(json_object_get(item, "line")), 5);
	json_decref(o);
	free(said);
	close_court(&c);
}

/* What an attribute of the only element of that name says. */
static void
must_have(const char *xml, const char *part)
{
	if (strstr(xml, part) == NULL)
		fail_msg("no %s in %s", part, xml);
}

static void
reports_as_junit(void **state)
{
	struct court c;
	char *xml;

	(void)state;
	open_court(&c, MIXED, 2);
	enter(c.j, &(struct request)CAPS);
	enter(c.j, &(struct request)CAPS);
	enter(c.j, &(struct request){ .status = 500 });
	judge(&c, VERIFY_CLIENT_UNKNOWN);
	xml = written(&c, verify_write_junit);
	must_have(xml, "tests=\"3\" failures=\"1\" errors=\"1\"");
	must_have(xml, "<error type=\"incomplete\" message=");
	must_have(xml,
	    "<failure type=\"failed\" message=\"1 such request was seen\">"
	    "Ask no &lt;caps&gt; &amp; &quot;more&quot;</failure>");
	must_have(xml,
	    "value=\"mockndes run --seed 7 -- &lt;&quot;c&quot;"
	    " &amp; d&gt;\"");
	must_have(xml, "timestamp=\"2023-11-14T22:13:20\"");
	must_have(xml, "<system-out>failed: x, seed 7, 2 requests\n");
	free(xml);
	close_court(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_kind_of_expectation),
		cmocka_unit_test(
		    a_hundred_retries_are_bounded_and_one_more_is_not),
		cmocka_unit_test(a_warning_fails_nothing),
		cmocka_unit_test(reports_as_json),
		cmocka_unit_test(reports_as_junit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
