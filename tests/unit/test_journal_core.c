/* SPDX-License-Identifier: MIT */
/* The journal: entries from receipt to end, queries, listeners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "journal/explain.h"
#include "unit/journal_sample.h"

/* ---- an entry ---- */

static void
load_json(void *ctx, const struct journal_entry *entry)
{
	json_t **out = ctx;
	json_error_t why;

	*out = json_loadb((const char *)entry->json.p, entry->json.n, 0, &why);
	if (*out == NULL)
		fail_msg("%s in %.*s", why.text, (int)entry->json.n,
		    (const char *)entry->json.p);
}

static json_t *
get(struct journal *j, uint64_t id)
{
	json_t *o = NULL;
	bool found = false;
	struct err e = { 0 };

	assert_int_equal(journal_get(j, "", id, load_json, &o, &found, &e), 0);
	assert_true(found);
	return o;
}

static void
shows_an_entry_from_its_receipt_to_its_end(void **state)
{
	struct journal *j = *state;
	struct sample s = { .transaction = "T1" };
	struct journal_slot *slot = receive(j, &s);
	uint64_t id = journal_slot_id(slot);
	json_t *o = get(j, id);

	assert_string_equal(
	    json_string_value(json_object_get(o, "state")), "open");
	assert_null(json_object_get(o, "status"));
	json_decref(o);
	answer(j, slot, &s);
	o = get(j, id);
	assert_string_equal(
	    json_string_value(json_object_get(o, "state")), "answered");
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 200);
	assert_null(json_object_get(o, "end"));
	json_decref(o);
	assert_int_equal(journal_counts(j, "").open, 1);
	end(j, slot);
	o = get(j, id);
	assert_string_equal(
	    json_string_value(json_object_get(o, "end")), "sent");
	json_decref(o);
	assert_int_equal(journal_counts(j, "").open, 0);
	assert_int_equal(journal_counts(j, "").entries, 1);
}

static void
says_all_that_it_was_told(void **state)
{
	struct journal *j = *state;
	struct sample s = { .transaction = "T\"1\n\xff\xc3\xa9",
		.subject = "CN=x, O=\"y\"",
		.rule = "second",
		.end = "cut" };
	json_t *o, *part;
	const char *text;

	enter(j, s);
	o = get(j, 1);
	assert_string_equal(
	    json_string_value(json_object_get(o, "transaction")),
	    "T\"1\n\xef\xbf\xbd\xc3\xa9");
	assert_string_equal(json_string_value(json_object_get(o, "received")),
	    "2023-11-14T22:13:20.123Z");
	part = json_object_get(o, "csr");
	assert_string_equal(json_string_value(json_object_get(part, "subject")),
	    "CN=x, O=\"y\"");
	part = json_array_get(json_object_get(o, "headers"), 1);
	assert_string_equal(
	    json_string_value(json_object_get(part, "value")), "a: b");
	part = json_object_get(o, "rules");
	assert_int_equal(json_array_size(part), 2);
	text =
	    json_string_value(json_object_get(json_array_get(part, 0), "why"));
	assert_string_equal(text, "op is GetCACaps, not PKIOperation");
	part = json_array_get(part, 1);
	assert_int_equal(
	    json_integer_value(json_object_get(part, "draw_ppm")), 400000);
	part = json_object_get(o, "host");
	assert_string_equal(
	    json_string_value(json_object_get(part, "key")), "app_pool.state");
	assert_int_equal(json_array_size(json_object_get(o, "layers")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 1);
	json_decref(o);
}

static void
see_blobs(void *ctx, const struct journal_entry *entry)
{
	(void)ctx;
	assert_true(bytes_eq(entry->message, BYTES_LIT("message")));
	assert_true(bytes_eq(entry->csr, BYTES_LIT("csr")));
	assert_true(bytes_eq(entry->reply, BYTES_LIT("re\0ply")));
}

static void
keeps_the_octets_of_message_and_reply(void **state)
{
	struct journal *j = *state;
	bool found;

	enter(
	    j, (struct sample){ .reply = BYTES_LIT("re\0ply"), .end = "sent" });
	assert_int_equal(
	    journal_get(j, "", 1, see_blobs, NULL, &found, NULL), 0);
	assert_true(found);
	assert_int_equal(
	    journal_get(j, "", 2, see_blobs, NULL, &found, NULL), 0);
	assert_false(found);
	assert_int_equal(
	    journal_get(j, "x/other", 1, see_blobs, NULL, &found, NULL), 0);
	assert_false(found);
}

static void
see_explanation(void *ctx, const struct journal_entry *entry)
{
	struct buf b;
	struct err e = { 0 };

	(void)ctx;
	buf_init(&b, 1 << 20);
	if (journal_explain(entry, true, &b, &e) == -1)
		fail_msg("%s", e.text);
	assert_non_null(strstr(buf_str(&b), "\xc3\xa9..."));
	buf_clear(&b);
}

static void
explains_a_long_subject_and_cuts_no_character_in_two(void **state)
{
	struct journal *j = *state;
	char subject[304] = "CN=";
	bool found = false;

	/* at an odd offset and at an even one */
	for (size_t from = 3; from <= 4; from++) {
		memset(subject + 3, 'x', sizeof(subject) - 3);
		for (size_t i = from; i + 2 < sizeof(subject); i += 2)
			memcpy(subject + i, "\xc3\xa9", 2);
		subject[301 + from % 2] = '\0';
		enter(j,
		    (struct sample){ .transaction = "T",
			.subject = subject,
			.end = "sent" });
		assert_int_equal(journal_get(j, "", from - 2, see_explanation,
				     NULL, &found, NULL),
		    0);
		assert_true(found);
	}
}

/* ---- queries ---- */

static void
finds_by_every_operator(void **state)
{
	static const struct {
		const char *key, *value;
		size_t n;
	} rows[] = {
		{ "op", "GetCACaps", 1 },
		{ "op", "getcacaps,PKIOperation", 3 },
		{ "query_bytes", "over:2048", 1 },
		{ "query_bytes", "over:2047", 2 },
		{ "query_bytes", "under:2KiB", 2 },
		{ "query_bytes", "2048", 1 },
		{ "transaction", "T1", 1 },
		{ "transaction", "t1", 0 },
		{ "transaction", "present:true", 2 },
		/* of the one without an answer it is not known */
		{ "transaction", "present:false", 1 },
		{ "csr.subject", "matches:^CN=(a|b),", 2 },
		{ "status", "200", 2 },
		{ "status", "over:499", 1 },
		{ "rule", "gone", 1 },
		{ "end", "sent", 2 },
		{ "end", "client gone", 1 },
		{ "session", "present:true", 4 },
		{ "layer", "IIS", 3 },
		{ "X-Try", "a: b", 4 },
		{ "X-Try", "matches:^b", 0 },
		{ "X-None", "present:false", 4 },
	};
	struct journal *j = *state;
	struct journal_slot *open;

	enter(j, (struct sample){ .query_bytes = 10, .end = "sent" });
	enter(j,
	    (struct sample){ .op = "PKIOperation",
		.query_bytes = 2048,
		.transaction = "T1",
		.subject = "CN=a, O=x",
		.end = "sent" });
	enter(j,
	    (struct sample){ .op = "PKIOperation",
		.query_bytes = 2049,
		.transaction = "T2",
		.subject = "CN=b, O=x",
		.status = 504,
		.rule = "gone",
		.end = "client gone" });
	open = enter(j, (struct sample){ .op = "browse", .no_answer = true });
	for (size_t i = 0; i < nitems(rows); i++) {
		size_t n = count(j, rows[i].key, rows[i].value);

		if (n != rows[i].n)
			fail_msg(
			    "%s=%s found %zu", rows[i].key, rows[i].value, n);
	}
	end(j, open);
}

static void
gives_pages_in_both_directions(void **state)
{
	struct journal *j = *state;
	struct ids ids;

	for (int i = 0; i < 10; i++)
		enter(j, (struct sample){ .end = "sent" });
	ids = query(j, (struct journal_query){ .limit = 3 });
	assert_int_equal(ids.n, 3);
	assert_int_equal(ids.id[0], 1);
	ids = query(j,
	    (struct journal_query){
		.limit = 3, .newest_first = true, .before_id = 8 });
	assert_int_equal(ids.n, 3);
	assert_int_equal(ids.id[0], 7);
	assert_int_equal(ids.id[2], 5);
	ids = query(j, (struct journal_query){ .after_id = 8 });
	assert_int_equal(ids.n, 2);
	assert_int_equal(ids.id[0], 9);
}

static void
keeps_sites_apart(void **state)
{
	struct journal *j = *state;
	struct err e = { 0 };

	enter(j, (struct sample){ .end = "sent" });
	enter(j, (struct sample){ .site = "s/1", .end = "sent" });
	enter(j, (struct sample){ .site = "s/1", .end = "sent" });
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 1);
	assert_int_equal(
	    query(j, (struct journal_query){ .site = "s/1" }).n, 2);
	assert_int_equal(journal_clear(j, "s/1", &e), 0);
	assert_int_equal(
	    query(j, (struct journal_query){ .site = "s/1" }).n, 0);
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 1);
}

/* ---- listeners ---- */

struct heard {
	unsigned changes[3];
	uint64_t last_id;
	bool ended_with;
};

static void
hear(void *ctx, const char *site, uint64_t id, enum journal_change change,
    const struct facts *f)
{
	struct heard *h = ctx;

	(void)site;
	h->changes[change]++;
	h->last_id = id;
	if (change == JOURNAL_ENDED)
		h->ended_with =
		    bytes_eq(f->v[FACT_END].text, BYTES_LIT("sent")) &&
		    f->v[FACT_STATUS].number == 200 && f->header_count == 2;
}

static void
tells_who_listens(void **state)
{
	struct journal *j = *state;
	struct heard all = { 0 }, other = { 0 };
	uint64_t a = journal_listen(j, NULL, hear, &all);
	uint64_t b = journal_listen(j, "s/1", hear, &other);

	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(all.changes[JOURNAL_OPENED], 1);
	assert_int_equal(all.changes[JOURNAL_ANSWERED], 1);
	assert_int_equal(all.changes[JOURNAL_ENDED], 1);
	assert_true(all.ended_with);
	assert_int_equal(other.changes[JOURNAL_ENDED], 0);
	enter(j, (struct sample){ .site = "s/1", .end = "sent" });
	assert_int_equal(other.changes[JOURNAL_ENDED], 1);
	journal_unlisten(j, a);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(all.changes[JOURNAL_ENDED], 2);
	journal_unlisten(j, b);
}

static void
keeps_all_of_what_was_written_before_its_end(void **state)
{
	struct journal *j = *state;
	struct journal_slot *slot;
	struct err e = { 0 };
	bool found = false;
	json_t *o;

	slot = enter(j,
	    (struct sample){
		.transaction = "T1", .reply = BYTES_LIT("re\0ply") });
	assert_int_equal(journal_flush(j, &e), 0);
	assert_int_equal(count(j, "transaction", "T1"), 1);
	end(j, slot);
	assert_int_equal(count(j, "end", "sent"), 1);
	o = get(j, 1);
	assert_string_equal(
	    json_string_value(json_object_get(o, "end")), "sent");
	assert_int_equal(json_array_size(json_object_get(o, "rules")), 2);
	json_decref(o);
	assert_int_equal(journal_get(j, "", 1, see_blobs, NULL, &found, &e), 0);
	assert_true(found);
}

static void
tells_who_listens_of_the_end_of_what_was_written(void **state)
{
	struct journal *j = *state;
	struct journal_slot *slot;
	struct heard h = { 0 };
	struct err e = { 0 };
	uint64_t id;

	slot = enter(j, (struct sample){ .end = NULL });
	assert_int_equal(journal_flush(j, &e), 0);
	id = journal_listen(j, NULL, hear, &h);
	end(j, slot);
	assert_true(h.ended_with);
	journal_unlisten(j, id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    shows_an_entry_from_its_receipt_to_its_end, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    says_all_that_it_was_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    keeps_the_octets_of_message_and_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    explains_a_long_subject_and_cuts_no_character_in_two, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    finds_by_every_operator, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    gives_pages_in_both_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    keeps_sites_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tells_who_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    keeps_all_of_what_was_written_before_its_end, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    tells_who_listens_of_the_end_of_what_was_written, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
