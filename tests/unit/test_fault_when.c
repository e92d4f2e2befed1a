/* SPDX-License-Identifier: MIT */
/*
 * Conditions as files write them, over one message: every key and every way
 * to test its value, holding and not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "fault/rule.h"
#include "scenario/scenario.h"

/* What is known of the message. */
static void
known(struct facts *f)
{
	static struct http_header headers[3];
	static const struct {
		enum fact fact;
		const char *text;
	} texts[] = {
		{ FACT_OP, "PKIOperation" },
		{ FACT_METHOD, "POST" },
		{ FACT_PATH, "/certsrv/mscep/mscep.dll" },
		{ FACT_SCHEME, "https" },
		{ FACT_USER_AGENT, "Agent/1.0 (x)" },
		{ FACT_CLIENT, "10.0.0.1" },
		{ FACT_SESSION, "x/a" },
		{ FACT_MESSAGE_TYPE, "PKCSReq" },
		{ FACT_TRANSACTION, "AbC" },
		{ FACT_CHALLENGE, "Secret" },
		{ FACT_CSR_SUBJECT, "CN=x, O=y" },
		{ FACT_CSR_SAN, "DNS:a, DNS:b" },
		{ FACT_CSR_KEY, "RSA" },
		{ FACT_CSR_DIGEST, "SHA-256" },
		{ FACT_CMS_DIGEST, "SHA-1" },
		{ FACT_CMS_CIPHER, "AES-128-CBC" },
		{ FACT_CMS_KEY_TRANSPORT, "PKCS1" },
		{ FACT_CMS_SIGNER, "self-signed" },
		{ FACT_CMS_ENCODING, "BER" },
		{ FACT_CMS_VERDICT, "sound" },
	};

	headers[0] = (struct http_header){ BYTES_LIT("X-One"), BYTES_LIT("a") };
	headers[1] =
	    (struct http_header){ BYTES_LIT("X-Two"), BYTES_LIT("first") };
	headers[2] =
	    (struct http_header){ BYTES_LIT("x-two"), BYTES_LIT("second") };
	*f = (struct facts){ .stage = FACT_AT_MESSAGE,
		.headers = headers,
		.header_count = nitems(headers) };
	for (size_t i = 0; i < nitems(texts); i++)
		facts_text(f, texts[i].fact, bytes_str(texts[i].text));
	facts_number(f, FACT_QUERY_BYTES, 2048);
	facts_number(f, FACT_BODY_BYTES, 100);
	facts_number(f, FACT_POLL, 2);
	facts_number(f, FACT_CSR_KEY_BITS, 2048);
	facts_number(f, FACT_CMS_RECIPIENTS, 1);
}

struct row {
	const char *when;
	bool holds;
};

static const struct row rows[] = {
	{ "{}", true },
	/* every key, by what it is and by what it is not */
	{ "{ op: PKIOperation }", true },
	{ "{ op: GetCACaps }", false },
	{ "{ method: POST }", true },
	{ "{ method: GET }", false },
	{ "{ path: /certsrv/mscep/mscep.dll }", true },
	{ "{ path: /certsrv/mscep }", false },
	{ "{ scheme: https }", true },
	{ "{ scheme: http }", false },
	{ "{ query_bytes: 2048 }", true },
	{ "{ query_bytes: 2047 }", false },
	{ "{ body_bytes: 100 }", true },
	{ "{ body_bytes: 101 }", false },
	{ "{ user_agent: Agent/1.0 (x) }", true },
	{ "{ user_agent: Agent/1.0 }", false },
	{ "{ client: 10.0.0.1 }", true },
	{ "{ client: 10.0.0.2 }", false },
	{ "{ session: x/a }", true },
	{ "{ session: \"\" }", false },
	{ "{ header: { X-One: a } }", true },
	{ "{ header: { X-One: b } }", false },
	{ "{ header: { X-Three: a } }", false },
	{ "{ message_type: PKCSReq }", true },
	{ "{ message_type: RenewalReq }", false },
	{ "{ message_type: 19 }", true },
	{ "{ message_type: [17, 99] }", false },
	{ "{ transaction: AbC }", true },
	{ "{ transaction: Ab }", false },
	{ "{ challenge: Secret }", true },
	{ "{ challenge: Other }", false },
	{ "{ poll: 2 }", true },
	{ "{ poll: 0 }", false },
	{ "{ csr: { subject: \"CN=x, O=y\" } }", true },
	{ "{ csr: { subject: CN=x } }", false },
	{ "{ csr: { san: \"DNS:a, DNS:b\" } }", true },
	{ "{ csr: { san: \"DNS:a\" } }", false },
	{ "{ csr: { key: RSA } }", true },
	{ "{ csr: { key: EC } }", false },
	{ "{ csr: { key_bits: 2048 } }", true },
	{ "{ csr: { key_bits: 4096 } }", false },
	{ "{ csr: { digest: SHA-256 } }", true },
	{ "{ csr: { digest: SHA-1 } }", false },
	{ "{ cms: { digest: SHA-1 } }", true },
	{ "{ cms: { digest: SHA-256 } }", false },
	{ "{ cms: { cipher: AES-128-CBC } }", true },
	{ "{ cms: { cipher: DES-CBC } }", false },
	{ "{ cms: { key_transport: PKCS1 } }", true },
	{ "{ cms: { key_transport: OAEP } }", false },
	{ "{ cms: { signer: self-signed } }", true },
	{ "{ cms: { signer: issued } }", false },
	{ "{ cms: { recipients: 1 } }", true },
	{ "{ cms: { recipients: 3 } }", false },
	{ "{ cms: { encoding: BER } }", true },
	{ "{ cms: { encoding: DER } }", false },
	{ "{ cms: { verdict: sound } }", true },
	/* letter case counts where it must */
	{ "{ user_agent: aGENT/1.0 (X) }", true },
	{ "{ header: { x-one: A } }", true },
	{ "{ csr: { subject: \"cn=X, o=Y\" } }", true },
	{ "{ transaction: abc }", false },
	{ "{ challenge: secret }", false },
	/* lists: any of */
	{ "{ method: [GET, POST] }", true },
	{ "{ method: [GET, HEAD] }", false },
	{ "{ query_bytes: [1, 2KiB] }", true },
	{ "{ query_bytes: [1, 3KiB] }", false },
	{ "{ header: { X-Two: [none, second] } }", true },
	/* regular expressions, anywhere in the text */
	{ "{ user_agent: { matches: \"/[0-9]\" } }", true },
	{ "{ user_agent: { matches: \"^[0-9]\" } }", false },
	{ "{ transaction: { matches: \"bC$\" } }", true },
	{ "{ transaction: { matches: \"bc$\" } }", false },
	{ "{ header: { X-Two: { matches: ^sec } } }", true },
	/* bounds, strictly */
	{ "{ query_bytes: { over: 2047 } }", true },
	{ "{ query_bytes: { over: 2KiB } }", false },
	{ "{ query_bytes: { under: 2049 } }", true },
	{ "{ query_bytes: { under: 2KiB } }", false },
	{ "{ query_bytes: { over: 1, under: 4KiB } }", true },
	{ "{ csr: { key_bits: { over: 1024, under: 2048 } } }", false },
	{ "{ poll: { over: 1 } }", true },
	/* presence */
	{ "{ challenge: { present: true } }", true },
	{ "{ challenge: { present: false } }", false },
	{ "{ header: { X-Two: { present: true } } }", true },
	{ "{ header: { X-Three: { present: true } } }", false },
	{ "{ header: { X-Three: { present: false } } }", true },
	/* all, not, any */
	{ "{ op: PKIOperation, method: POST, poll: 2 }", true },
	{ "{ op: PKIOperation, method: GET, poll: 2 }", false },
	{ "{ not: { method: GET } }", true },
	{ "{ not: { method: POST } }", false },
	{ "{ not: { method: POST, poll: 3 } }", true },
	{ "{ any: [ { method: GET }, { poll: 2 } ] }", true },
	{ "{ any: [ { method: GET }, { poll: 3 } ] }", false },
	{ "{ any: [ { not: { poll: 2 } }, { csr: { key: RSA }, cms: { recipients: { under: 2 } } } ] }",
	    true },
};

static bool
holds(const char *when, const struct facts *f)
{
	char text[600];
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario *s;
	bool yes;

	snprintf(text, sizeof(text),
	    "mockndes: 1\nrules:\n  - { id: a, when: %s, then: { hang: true } }\n",
	    when);
	scenario_report_init(&report);
	s = scenario_load("f", bytes_str(text), &report, &e);
	if (s == NULL)
		fail_msg("%s: %s", when, buf_str(&report.lines));
	yes = when_holds(rules_get(scenario_rules(s), 0)->when, f) == WHEN_TRUE;
	scenario_report_clear(&report);
	scenario_free(s);
	return yes;
}

static void
holds_as_it_is_written(void **state)
{
	struct facts f;

	(void)state;
	known(&f);
	for (size_t i = 0; i < nitems(rows); i++) {
		if (holds(rows[i].when, &f) != rows[i].holds)
			fail_msg("%s %s", rows[i].when,
			    rows[i].holds ? "does not hold" : "holds");
	}
}

/* Of a request that is no message, what is asked of one is absent. */
static void
finds_nothing_in_what_is_no_message(void **state)
{
	static const struct row none[] = {
		{ "{ transaction: { present: true } }", false },
		{ "{ transaction: { present: false } }", true },
		{ "{ not: { transaction: AbC } }", true },
		{ "{ poll: { under: 100 } }", false },
		{ "{ csr: { key: { matches: \".*\" } } }", false },
		{ "{ any: [ { poll: 1 }, { op: GetCACaps } ] }", true },
	};
	struct facts f = { .stage = FACT_AT_ANSWER };

	(void)state;
	facts_text(&f, FACT_OP, BYTES_LIT("GetCACaps"));
	for (size_t i = 0; i < nitems(none); i++) {
		if (holds(none[i].when, &f) != none[i].holds)
			fail_msg("%s %s", none[i].when,
			    none[i].holds ? "does not hold" : "holds");
	}
}

/* Before the message is decoded, only what hangs on it is open. */
static void
waits_for_what_is_not_known_yet(void **state)
{
	static const struct {
		const char *when;
		enum when_truth truth;
	} open[] = {
		{ "{ poll: 2 }", WHEN_UNKNOWN },
		{ "{ not: { poll: 2 } }", WHEN_UNKNOWN },
		{ "{ method: GET, poll: 2 }", WHEN_FALSE },
		{ "{ method: POST, poll: 2 }", WHEN_UNKNOWN },
		{ "{ any: [ { method: POST }, { poll: 2 } ] }", WHEN_TRUE },
		{ "{ any: [ { method: GET }, { poll: 2 } ] }", WHEN_UNKNOWN },
	};
	struct facts f;

	(void)state;
	known(&f);
	f.stage = FACT_AT_ARRIVAL;
	for (size_t i = 0; i < nitems(open); i++) {
		char text[300];
		struct scenario_report report;
		struct err e = { 0 };
		struct scenario *s;

		snprintf(text, sizeof(text),
		    "mockndes: 1\nrules:\n"
		    "  - { id: a, when: %s, then: { hang: true } }\n",
		    open[i].when);
		scenario_report_init(&report);
		s = scenario_load("f", bytes_str(text), &report, &e);
		assert_non_null(s);
		if (when_holds(rules_get(scenario_rules(s), 0)->when, &f) !=
		    open[i].truth)
			fail_msg("%s", open[i].when);
		scenario_report_clear(&report);
		scenario_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_as_it_is_written),
		cmocka_unit_test(finds_nothing_in_what_is_no_message),
		cmocka_unit_test(waits_for_what_is_not_known_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
