/* SPDX-License-Identifier: MIT */
/* The journal: entries from receipt to end, bounds, what is dropped, queries, listeners, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>
#include <sqlite3.h>

#include "journal/journal.h"

/* ---- support ---- */

struct sample {
	const char *site, *op, *transaction, *subject;
	int64_t query_bytes;
	int status;
	const char *rule;
	struct bytes reply;
	const char *end; /* NULL: it stays open */
	bool no_answer;
};

static struct journal_slot *
receive(struct journal *j, const struct sample *s)
{
	static const struct http_header headers[] = {
		{ { (const uint8_t *)"Host", 4 },
		    { (const uint8_t *)"localhost", 9 } },
		{ { (const uint8_t *)"X-Try", 5 },
		    { (const uint8_t *)"a: b", 4 } },
	};
	struct facts f = {
		.stage = FACT_AT_ARRIVAL, .headers = headers, .header_count = 2
	};
	const struct journal_receipt r = {
		.site = s->site == NULL ? "" : s->site,
		.received_ms = 1700000000123,
		.peer_port = 4711,
		.target = BYTES_LIT("/certsrv/mscep/mscep.dll?x"),
		.prefix = "",
		.facts = &f,
	};

	facts_text(&f, FACT_OP, bytes_str(s->op == NULL ? "GetCACaps" : s->op));
	facts_text(&f, FACT_METHOD, BYTES_LIT("GET"));
	facts_text(&f, FACT_CLIENT, BYTES_LIT("127.0.0.1"));
	facts_number(&f, FACT_QUERY_BYTES, s->query_bytes);
	return journal_open(j, &r);
}

static void
answer(struct journal *j, struct journal_slot *slot, const struct sample *s)
{
	static const struct journal_try tries[] = {
		{ "first", "its condition does not hold",
		    "op is GetCACaps, not PKIOperation", 0, false, 0, 0 },
		{ "second", "chance missed", NULL, 3, true, 400000, 100000 },
	};
	static const struct journal_finding findings[] = {
		{ true, "RFC 8894 4.1", "It was a GET.", "Use POST." },
	};
	struct facts f = { .stage = FACT_AT_ANSWER };
	const struct journal_answer a = {
		.facts = &f,
		.answered_us = 1500,
		.message = BYTES_LIT("message"),
		.csr = BYTES_LIT("csr"),
		.read_up_to = "the signature",
		.verdict_why = "",
		.layers = { "http.sys", "IIS" },
		.layer_count = 2,
		.why = "the pool is stopped",
		.host_key = "app_pool.state",
		.host_value = "stopped",
		.tries = tries,
		.try_count = 2,
		.commit = true,
		.honest_status = 200,
		.reply_status = 200,
		.reply_reason = "OK",
		.reply = s->reply.p == NULL ? BYTES_LIT("reply") : s->reply,
		.reply_bytes = 5,
		.findings = findings,
		.finding_count = 1,
	};

	facts_number(&f, FACT_STATUS, s->status == 0 ? 200 : s->status);
	facts_text(&f, FACT_LAYER, BYTES_LIT("IIS"));
	if (s->transaction != NULL)
		facts_text(&f, FACT_TRANSACTION, bytes_str(s->transaction));
	if (s->subject != NULL)
		facts_text(&f, FACT_CSR_SUBJECT, bytes_str(s->subject));
	if (s->rule != NULL)
		facts_text(&f, FACT_RULE, bytes_str(s->rule));
	journal_answer(j, slot, &a);
}

/* A whole entry, or what the sample has of it. */
static struct journal_slot *
enter(struct journal *j, struct sample s)
{
	struct journal_slot *slot = receive(j, &s);
	const struct journal_end end = { s.end, 2500 };

	assert_non_null(slot);
	if (!s.no_answer)
		answer(j, slot, &s);
	if (s.end != NULL)
		journal_end(j, slot, &end);
	return slot;
}

static void
end(struct journal *j, struct journal_slot *slot)
{
	const struct journal_end how = { "sent", 2500 };

	journal_end(j, slot, &how);
}

static struct journal *
open_journal(struct journal_options o)
{
	struct err e = { 0 };
	struct journal *j = journal_new(&o, &e);

	if (j == NULL)
		fail_msg("%s", e.text);
	return j;
}

static int
setup(void **state)
{
	*state = open_journal((struct journal_options){ 0 });
	return 0;
}

static int
teardown(void **state)
{
	journal_free(*state);
	return 0;
}

struct ids {
	uint64_t id[64];
	size_t n;
};

static bool
add_id(void *ctx, const struct journal_entry *entry)
{
	struct ids *ids = ctx;

	assert_true(ids->n < nitems(ids->id));
	ids->id[ids->n++] = entry->id;
	return true;
}

static struct ids
query(struct journal *j, struct journal_query q)
{
	struct ids ids = { .n = 0 };
	struct err e = { 0 };

	if (q.site == NULL)
		q.site = "";
	if (journal_query(j, &q, add_id, &ids, &e) == -1)
		fail_msg("%s", e.text);
	return ids;
}

/* How many entries have a fact that is as a query says. */
static size_t
count(struct journal *j, const char *key, const char *value)
{
	struct arena arena;
	struct err e = { 0 };
	struct when w = { .kind = WHEN_FACT };
	int f = fact_find(bytes_str(key));
	size_t n;

	arena_init(&arena, 65536);
	w.kind = f == -1 ? WHEN_HEADER : WHEN_FACT;
	w.fact = f == -1 ? FACTS : (enum fact)f;
	w.header = bytes_str(key);
	if (when_test_parse(&arena, w.fact, bytes_str(value), &w.test, &e) ==
	    -1)
		fail_msg("%s", e.text);
	n = query(j, (struct journal_query){ .when = &w }).n;
	when_clear(&w);
	arena_clear(&arena);
	return n;
}

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

/* ---- an entry ---- */

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

/* ---- bounds ---- */

static void
drops_the_oldest_from_one_more_than_it_may_keep(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 5 });
	struct ids ids;

	(void)state;
	for (int i = 0; i < 5; i++)
		enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 0);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 1);
	assert_int_equal(journal_counts(j, "").entries, 5);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 5);
	assert_int_equal(ids.id[0], 2);
	/* They are rows now. */
	enter(j, (struct sample){ .end = "sent" });
	enter(j, (struct sample){ .site = "s/1", .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 2);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 5);
	assert_int_equal(ids.id[0], 3);
	assert_int_equal(journal_dropped_in_all(j), 2);
	journal_free(j);
}

static void
drops_an_open_entry_for_good(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 2 });
	struct sample s = { .end = NULL };
	struct journal_slot *never, *row;
	struct ids ids;

	(void)state;
	never = enter(j, s);
	row = enter(j, s);
	enter(j, (struct sample){ .end = "sent" });
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.id[0], 2);
	/* The second is a row by now, and open. */
	enter(j, (struct sample){ .end = "sent" });
	end(j, never);
	end(j, row);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 2);
	assert_int_equal(ids.id[0], 3);
	assert_int_equal(journal_counts(j, "").dropped, 2);
	assert_int_equal(journal_counts(j, "").open, 0);
	journal_free(j);
}

static void
keeps_memory_bounded(void **state)
{
	const uint64_t max = 4 << 20;
	struct journal *j =
	    open_journal((struct journal_options){ .bytes_max = max });
	struct bytes reply = bytes_of(calloc(1, 100000), 100000);
	struct journal_counts c;

	(void)state;
	for (int i = 0; i < 200; i++) {
		enter(j, (struct sample){ .reply = reply, .end = "sent" });
		c = journal_counts(j, "");
		/* what waits, and what is written */
		assert_true(c.entries <= 2 * max / reply.n);
		assert_int_equal(c.entries + c.dropped, i + 1);
	}
	assert_true(journal_counts(j, "").dropped > 100);
	assert_true(query(j, (struct journal_query){ 0 }).n > 5);
	c = journal_counts(j, "");
	assert_int_equal(c.entries + c.dropped, 200);
	assert_true(c.entries <= max / 2 / reply.n);
	journal_free(j);
	union {
		const uint8_t *lent;
		void *own;
	} u = { .lent = reply.p };
	free(u.own);
}

static void
forgets_what_is_open_when_it_is_cleared(void **state)
{
	struct journal *j = *state;
	struct err e = { 0 };
	struct journal_slot *fresh, *row;

	row = enter(j, (struct sample){ .end = NULL });
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 1);
	fresh = enter(j, (struct sample){ .no_answer = true });
	assert_int_equal(journal_clear(j, "", &e), 0);
	assert_int_equal(journal_counts(j, "").open, 0);
	answer(j, fresh, &(struct sample){ 0 });
	end(j, row);
	end(j, fresh);
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 0);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(query(j, (struct journal_query){ 0 }).id[0], 3);
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

/* ---- files ---- */

struct folder {
	char dir[96], file[128];
};

static void
folder_make(struct folder *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/mockndes-journal-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/journal.db", f->dir);
}

static void
folder_remove(const struct folder *f)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[160];

	for (size_t i = 0; i < nitems(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", f->file, suffixes[i]);
		unlink(path);
	}
	rmdir(f->dir);
}

static int64_t
ask_file(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void
goes_on_in_a_file(void **state)
{
	struct folder f = { "", "" };
	struct journal *j;
	struct err e = { 0 };

	(void)state;
	folder_make(&f);
	j = open_journal(
	    (struct journal_options){ .path = f.file, .entries_max = 3 });
	for (int i = 0; i < 4; i++)
		enter(j, (struct sample){ .transaction = "T", .end = "sent" });
	assert_int_equal(journal_flush(j, &e), 0);
	/* Another reader, while it is open. */
	assert_int_equal(ask_file(f.file,
			     "SELECT count(*) FROM request WHERE"
			     " \"transaction\" = 'T' AND status = 200"),
	    3);
	journal_free(j);
	j = open_journal(
	    (struct journal_options){ .path = f.file, .entries_max = 3 });
	assert_int_equal(journal_counts(j, "").entries, 3);
	assert_int_equal(journal_counts(j, "").dropped, 1);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(query(j, (struct journal_query){ 0 }).id[2], 5);
	assert_int_equal(journal_counts(j, "").dropped, 2);
	journal_free(j);
	assert_int_equal(
	    ask_file(f.file, "SELECT count FROM dropped WHERE site = ''"), 2);
	folder_remove(&f);
}

static void
ends_the_entries_of_a_process_that_died(void **state)
{
	struct folder f = { "", "" };
	struct journal *j;
	pid_t pid;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip(); /* it does not follow threads of a forked process */
#endif
	folder_make(&f);
	pid = fork();
	if (pid == 0) {
		struct journal_options o = { .path = f.file };

		j = journal_new(&o, NULL);
		if (j != NULL)
			enter(j, (struct sample){ .no_answer = true });
		_exit(j == NULL || journal_flush(j, NULL) == -1);
	}
	int status = -1;

	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	j = open_journal((struct journal_options){ .path = f.file });
	assert_int_equal(count(j, "end", "lost"), 1);
	journal_free(j);
	folder_remove(&f);
}

static void
refuses_files_that_are_not_its_own(void **state)
{
	struct folder f = { "", "" };
	struct err e = { 0 };
	sqlite3 *db;

	(void)state;
	folder_make(&f);
	assert_int_equal(sqlite3_open(f.file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "CREATE TABLE x (y); PRAGMA user_version = 7;"
			     "PRAGMA application_id = 1835951210",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_null(
	    journal_new(&(struct journal_options){ .path = f.file }, &e));
	assert_non_null(strstr(e.text, "version 7"));
	folder_remove(&f);
}

/* ---- many threads ---- */

#define THREADS 4
#define EACH 500

static void *
hammer(void *arg)
{
	for (int i = 0; i < EACH; i++)
		enter(arg,
		    (struct sample){
			.site = i % 2 ? "s/1" : "", .end = "sent" });
	return NULL;
}

static void
loses_nothing_under_threads(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 300 });
	pthread_t threads[THREADS];
	struct journal_counts a, b;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, hammer, j), 0);
	for (int i = 0; i < 20; i++) {
		struct journal_query q = { .site = "", .limit = 50 };
		struct ids ids = { .n = 0 };
		assert_int_equal(journal_query(j, &q, add_id, &ids, &e), 0);
		if (i == 10)
			assert_int_equal(journal_clear(j, "s/1", &e), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	a = journal_counts(j, "");
	b = journal_counts(j, "s/1");
	assert_int_equal(a.entries + a.dropped, THREADS * EACH / 2);
	assert_true(b.entries + b.dropped <= THREADS * EACH / 2);
	assert_int_equal(a.open + b.open, 0);
	assert_int_equal(query(j, (struct journal_query){ .limit = 60 }).n, 60);
	journal_free(j);
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
		    finds_by_every_operator, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    gives_pages_in_both_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    keeps_sites_apart, setup, teardown),
		cmocka_unit_test(
		    drops_the_oldest_from_one_more_than_it_may_keep),
		cmocka_unit_test(drops_an_open_entry_for_good),
		cmocka_unit_test(keeps_memory_bounded),
		cmocka_unit_test_setup_teardown(
		    forgets_what_is_open_when_it_is_cleared, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tells_who_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    keeps_all_of_what_was_written_before_its_end, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    tells_who_listens_of_the_end_of_what_was_written, setup,
		    teardown),
		cmocka_unit_test(goes_on_in_a_file),
		cmocka_unit_test(ends_the_entries_of_a_process_that_died),
		cmocka_unit_test(refuses_files_that_are_not_its_own),
		cmocka_unit_test(loses_nothing_under_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
