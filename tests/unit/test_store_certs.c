/* SPDX-License-Identifier: MIT */
/* The certificate store: numbers, certificates, revocation, files that outlive the process, databases that are not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"

#define THREADS 4
#define EACH 250

/* ---- support ---- */

static int
setup(void **state)
{
	struct err e = { 0 };

	*state = store_open(NULL, &e);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	store_close(*state);
	return 0;
}

struct folder {
	char dir[64];
	char file[96];
};

static void
folder_make(struct folder *f)
{
	snprintf(f->dir, sizeof(f->dir), "/tmp/mockndes-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/state.db", f->dir);
}

static void
folder_remove(const struct folder *f)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
		"-journal" };
	char path[128];

	for (size_t i = 0; i < nitems(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", f->file, suffixes[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
}

static struct store_cert
cert_of(struct bytes serial)
{
	return (struct store_cert){
		.serial = serial,
		.subject = BYTES_LIT("CN=probe"),
		.transaction_id = bytes_of(NULL, 0),
		.template_name = BYTES_LIT("IPSECIntermediateOffline"),
		.key_hash = BYTES_LIT("hash"),
		.not_before = 1000,
		.not_after = 2000,
		.issued_at = 1600,
		.der = BYTES_LIT("\x30\x03\x02\x01\x00"),
	};
}

static void
add(struct store *s, struct bytes serial)
{
	struct store_cert cert = cert_of(serial);
	struct err e = { 0 };

	assert_int_equal(store_cert_add(s, &cert, &e), 0);
}

static void
assert_state(struct store *s, struct bytes serial, enum store_cert_state want)
{
	enum store_cert_state got = (enum store_cert_state)77;
	struct err e = { 0 };

	assert_int_equal(store_cert_state(s, serial, &got, &e), 0);
	assert_int_equal(got, want);
}

static void
revoke_cert(
    struct store *s, struct bytes serial, int64_t at, int reason, bool want)
{
	bool found = !want;
	struct err e = { 0 };

	assert_int_equal(
	    store_cert_revoke(s, serial, at, reason, &found, &e), 0);
	assert_int_equal(found, want);
}

static void
assert_counts(struct store *s, uint64_t certs, uint64_t revision)
{
	uint64_t c = 77;
	uint64_t r = 77;
	struct err e = { 0 };

	assert_int_equal(store_counts(s, &c, &r, &e), 0);
	assert_int_equal(c, certs);
	assert_int_equal(r, revision);
}

static uint64_t
next(struct store *s)
{
	uint64_t n = 0;
	struct err e = { 0 };

	assert_int_equal(store_next_serial(s, &n, &e), 0);
	return n;
}

/* ---- numbers ---- */

static void
the_first_number_is_one_and_they_count_up(void **state)
{
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(next(*state), i);
}

struct taker {
	struct store *s;
	uint64_t got[EACH];
	int failures;
};

static void *
take_numbers(void *arg)
{
	struct taker *t = arg;
	struct err e = { 0 };

	for (size_t i = 0; i < EACH; i++)
		t->failures += store_next_serial(t->s, &t->got[i], &e) != 0;
	return NULL;
}

static void
threads_never_share_a_number(void **state)
{
	static struct taker takers[THREADS];
	bool seen[THREADS * EACH + 1] = { false };
	pthread_t threads[THREADS];

	memset(takers, 0, sizeof(takers));
	for (size_t i = 0; i < THREADS; i++) {
		takers[i].s = *state;
		assert_int_equal(
		    pthread_create(&threads[i], NULL, take_numbers, &takers[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(takers[i].failures, 0);
		for (size_t k = 0; k < EACH; k++) {
			uint64_t n = takers[i].got[k];

			assert_in_range(n, 1, THREADS * EACH);
			assert_false(seen[n]);
			seen[n] = true;
		}
	}
}

/* ---- certificates ---- */

static void
gives_back_the_certificate_that_was_added(void **state)
{
	struct bytes serial = BYTES_LIT("\x47\x00\x01");
	struct buf out;
	bool found = false;
	struct err e = { 0 };

	buf_init(&out, 1000);
	buf_add_str(&out, "x");
	add(*state, serial);
	assert_int_equal(store_cert_get(*state, serial, &out, &found, &e), 0);
	assert_true(found);
	assert_int_equal(out.n, 6);
	assert_memory_equal(out.p, "x\x30\x03\x02\x01\x00", 6);
	assert_state(*state, serial, STORE_CERT_GOOD);
	assert_counts(*state, 1, 0);
	buf_clear(&out);
}

static void
says_when_a_certificate_is_not_there(void **state)
{
	struct buf out;
	bool found = true;
	struct err e = { 0 };

	buf_init(&out, 1000);
	/* a serial with a zero octet in front is another serial */
	add(*state, BYTES_LIT("\x47"));
	assert_int_equal(
	    store_cert_get(*state, BYTES_LIT("\x00\x47"), &out, &found, &e), 0);
	assert_false(found);
	assert_int_equal(out.n, 0);
	assert_state(*state, BYTES_LIT("\x00\x47"), STORE_CERT_UNKNOWN);
	assert_state(*state, bytes_of(NULL, 0), STORE_CERT_UNKNOWN);
	buf_clear(&out);
}

static void
refuses_a_serial_used_twice(void **state)
{
	struct store_cert cert = cert_of(BYTES_LIT("\x47"));
	struct err e = { 0 };

	add(*state, BYTES_LIT("\x47"));
	assert_int_equal(store_cert_add(*state, &cert, &e), -1);
	assert_int_equal(e.code, ERR_STORE);
	assert_string_equal(e.text,
	    "store :memory:: cannot add a certificate: "
	    "UNIQUE constraint failed: cert.serial");
	assert_counts(*state, 1, 0);
	/* and goes on afterwards */
	add(*state, BYTES_LIT("\x48"));
	assert_counts(*state, 2, 0);
}

static void
a_buffer_too_small_is_an_error_and_leaves_found_alone(void **state)
{
	struct buf out;
	bool found = false;
	struct err e = { 0 };

	add(*state, BYTES_LIT("\x47"));
	buf_init(&out, 4);
	assert_int_equal(
	    store_cert_get(*state, BYTES_LIT("\x47"), &out, &found, &e), -1);
	assert_false(found);
	assert_int_equal(e.code, ERR_MEMORY);
	buf_clear(&out);
}

/* ---- revocation ---- */

struct seen {
	size_t n, stop_after;
	uint8_t serial[8];
	int64_t at[8];
	int reason[8];
};

static bool
see(void *ctx, struct bytes serial, int64_t at, int reason)
{
	struct seen *seen = ctx;

	assert_int_equal(serial.n, 1);
	assert_true(seen->n < 8);
	seen->serial[seen->n] = serial.p[0];
	seen->at[seen->n] = at;
	seen->reason[seen->n] = reason;
	seen->n++;
	return seen->n < seen->stop_after;
}

static void
revoking_twice_keeps_the_first_date(void **state)
{
	struct seen seen = { .stop_after = 8 };
	struct err e = { 0 };

	add(*state, BYTES_LIT("A"));
	revoke_cert(*state, BYTES_LIT("A"), 5000, 1, true);
	revoke_cert(*state, BYTES_LIT("A"), 6000, 4, true);
	assert_state(*state, BYTES_LIT("A"), STORE_CERT_REVOKED);
	assert_counts(*state, 1, 1);
	assert_int_equal(store_revoked_each(*state, see, &seen, &e), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0], 5000);
	assert_int_equal(seen.reason[0], 1);
}

static void
revoking_what_was_never_issued_finds_nothing(void **state)
{
	revoke_cert(*state, BYTES_LIT("A"), 5000, 1, false);
	assert_counts(*state, 0, 0);
}

static void
lists_the_revoked_by_date_until_told_to_stop(void **state)
{
	struct seen all = { .stop_after = 8 };
	struct seen two = { .stop_after = 2 };
	struct err e = { 0 };

	add(*state, BYTES_LIT("A"));
	add(*state, BYTES_LIT("B"));
	add(*state, BYTES_LIT("C"));
	add(*state, BYTES_LIT("D"));
	revoke_cert(*state, BYTES_LIT("A"), 300, 0, true);
	revoke_cert(*state, BYTES_LIT("C"), 100, 4, true);
	revoke_cert(*state, BYTES_LIT("D"), 200, 5, true);
	assert_counts(*state, 4, 3);
	assert_int_equal(store_revoked_each(*state, see, &all, &e), 0);
	assert_int_equal(all.n, 3);
	assert_memory_equal(all.serial, "CDA", 3);
	assert_int_equal(store_revoked_each(*state, see, &two, &e), 0);
	assert_int_equal(two.n, 2);
	/* the lock was given back */
	assert_int_equal(next(*state), 1);
}

/* ---- settings ---- */

static void
assert_setting(struct store *s, const char *name, const char *want)
{
	struct buf out;
	bool found = want == NULL;
	struct err e = { 0 };

	buf_init(&out, 1000);
	assert_int_equal(store_setting_get(s, name, &out, &found, &e), 0);
	assert_int_equal(found, want != NULL);
	assert_string_equal(buf_str(&out), want == NULL ? "" : want);
	buf_clear(&out);
}

static void
a_setting_is_the_last_text_that_was_set(void **state)
{
	struct err e = { 0 };

	assert_setting(*state, "hostname", NULL);
	assert_int_equal(store_setting_set(*state, "hostname", "a", &e), 0);
	assert_int_equal(store_setting_set(*state, "hostname", "b", &e), 0);
	assert_int_equal(store_setting_set(*state, "empty", "", &e), 0);
	assert_setting(*state, "hostname", "b");
	assert_setting(*state, "empty", "");
	assert_setting(*state, "host", NULL);
}

/* ---- files ---- */

static void
a_file_keeps_everything(void **state)
{
	struct folder f = { 0 };
	struct err e = { 0 };
	struct seen seen = { .stop_after = 8 };

	(void)state;
	folder_make(&f);
	struct store *s = store_open(f.file, &e);
	assert_non_null(s);
	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 2);
	add(s, BYTES_LIT("A"));
	add(s, BYTES_LIT("B"));
	revoke_cert(s, BYTES_LIT("B"), 700, 3, true);
	assert_int_equal(store_setting_set(s, "hostname", "a", &e), 0);
	store_close(s);

	s = store_open(f.file, &e);
	assert_non_null(s);
	assert_int_equal(next(s), 3);
	assert_state(s, BYTES_LIT("A"), STORE_CERT_GOOD);
	assert_state(s, BYTES_LIT("B"), STORE_CERT_REVOKED);
	assert_counts(s, 2, 1);
	assert_setting(s, "hostname", "a");
	assert_int_equal(store_revoked_each(s, see, &seen, &e), 0);
	assert_int_equal(seen.at[0], 700);
	assert_int_equal(seen.reason[0], 3);
	store_close(s);
	folder_remove(&f);
}

static void
two_stores_on_one_file_never_share_a_number(void **state)
{
	struct folder f = { 0 };
	uint64_t a_got[200], b_got[200];
	struct err e = { 0 };

	(void)state;
	folder_make(&f);
	struct store *a = store_open(f.file, &e);
	struct store *b = store_open(f.file, &e);
	assert_non_null(a);
	assert_non_null(b);
	for (size_t i = 0; i < nitems(a_got); i++) {
		a_got[i] = next(a);
		b_got[i] = next(b);
	}
	for (size_t i = 0; i < nitems(a_got); i++) {
		for (size_t k = 0; k < nitems(b_got); k++)
			assert_int_not_equal(a_got[i], b_got[k]);
	}
	store_close(a);
	store_close(b);
	folder_remove(&f);
}

static void
stores_in_memory_know_nothing_of_each_other(void **state)
{
	struct err e = { 0 };
	struct store *other = store_open(NULL, &e);

	assert_non_null(other);
	add(other, BYTES_LIT("A"));
	assert_int_equal(next(other), 1);
	assert_state(*state, BYTES_LIT("A"), STORE_CERT_UNKNOWN);
	assert_int_equal(next(*state), 1);
	store_close(other);
}

static void
says_which_file_cannot_be_opened(void **state)
{
	struct folder f = { 0 };
	char want[256];
	struct err e = { 0 };

	(void)state;
	folder_make(&f);
	char path[128];
	snprintf(path, sizeof(path), "%s/no/such/folder.db", f.dir);
	assert_null(store_open(path, &e));
	assert_int_equal(e.code, ERR_STORE);
	snprintf(want, sizeof(want),
	    "store %s: cannot open: unable to open database file: "
	    "No such file or directory",
	    path);
	assert_string_equal(e.text, want);
	folder_remove(&f);
}

struct foreign_row {
	const char *sentence;
	const char *sql;
	const char *complaint;
};

static const struct foreign_row foreign[] = {
	{ "a database with somebody's tables", "CREATE TABLE t (x)",
	    "it is a database of another program" },
	{ "a database with somebody's version", "PRAGMA user_version = 1",
	    "it is a database of another program" },
	{ "ours, but of a later version",
	    "PRAGMA application_id = 0x6d6e6473; PRAGMA user_version = 3",
	    "its schema is version 3, this program knows up to 2" },
};

static void
leaves_databases_alone_that_it_does_not_know(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(foreign); i++) {
		struct folder f = { 0 };
		char want[256];
		sqlite3 *db = NULL;
		struct err e = { 0 };

		folder_make(&f);
		assert_int_equal(sqlite3_open(f.file, &db), SQLITE_OK);
		assert_int_equal(
		    sqlite3_exec(db, foreign[i].sql, NULL, NULL, NULL),
		    SQLITE_OK);
		sqlite3_close(db);
		snprintf(want, sizeof(want), "store %s: %s", f.file,
		    foreign[i].complaint);
		assert_null(store_open(f.file, &e));
		if (strcmp(e.text, want) != 0)
			fail_msg("%s: %s", foreign[i].sentence, e.text);
		folder_remove(&f);
	}
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct folder f = { 0 };
	char want[256];
	struct err e = { 0 };

	(void)state;
	folder_make(&f);
	FILE *file = fopen(f.file, "w");
	assert_non_null(file);
	for (int i = 0; i < 200; i++)
		fputs("this is a letter ", file);
	fclose(file);
	assert_null(store_open(f.file, &e));
	snprintf(want, sizeof(want),
	    "store %s: cannot open: file is not a database", f.file);
	assert_string_equal(e.text, want);
	folder_remove(&f);
}

static void
going_back_leaves_what_was_there_when_it_was_opened(void **state)
{
	struct folder f = { 0 };
	struct err e = { 0 };
	struct seen seen = { .stop_after = 8 };

	(void)state;
	folder_make(&f);
	struct store *s = store_open(f.file, &e);
	assert_non_null(s);
	add(s, BYTES_LIT("A"));
	add(s, BYTES_LIT("B"));
	revoke_cert(s, BYTES_LIT("A"), 700, 3, true);
	store_close(s);

	s = store_open(f.file, &e);
	assert_non_null(s);
	add(s, BYTES_LIT("C"));
	revoke_cert(s, BYTES_LIT("B"), 800, 0, true);
	revoke_cert(s, BYTES_LIT("C"), 800, 0, true);
	uint64_t number = next(s);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_rewind(s, &e), 0);
		assert_state(s, BYTES_LIT("A"), STORE_CERT_REVOKED);
		assert_state(s, BYTES_LIT("B"), STORE_CERT_GOOD);
		assert_state(s, BYTES_LIT("C"), STORE_CERT_UNKNOWN);
	}
	assert_int_equal(store_revoked_each(s, see, &seen, &e), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0], 700);
	assert_int_equal(next(s), number + 1);
	add(s, BYTES_LIT("D"));
	assert_counts(s, 3, 7);
	store_close(s);
	folder_remove(&f);
}

static void
closing_nothing_is_fine(void **state)
{
	(void)state;
	store_close(NULL);
}

#define IN_MEMORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(the_first_number_is_one_and_they_count_up),
		IN_MEMORY(threads_never_share_a_number),
		IN_MEMORY(gives_back_the_certificate_that_was_added),
		IN_MEMORY(says_when_a_certificate_is_not_there),
		IN_MEMORY(refuses_a_serial_used_twice),
		IN_MEMORY(
		    a_buffer_too_small_is_an_error_and_leaves_found_alone),
		IN_MEMORY(revoking_twice_keeps_the_first_date),
		IN_MEMORY(revoking_what_was_never_issued_finds_nothing),
		IN_MEMORY(lists_the_revoked_by_date_until_told_to_stop),
		IN_MEMORY(a_setting_is_the_last_text_that_was_set),
		cmocka_unit_test(a_file_keeps_everything),
		cmocka_unit_test(two_stores_on_one_file_never_share_a_number),
		IN_MEMORY(stores_in_memory_know_nothing_of_each_other),
		cmocka_unit_test(says_which_file_cannot_be_opened),
		cmocka_unit_test(leaves_databases_alone_that_it_does_not_know),
		cmocka_unit_test(a_file_that_is_no_database_is_refused),
		cmocka_unit_test(
		    going_back_leaves_what_was_there_when_it_was_opened),
		cmocka_unit_test(closing_nothing_is_fine),
	};

	return cmocka_run_group_tests_name("store_certs", tests, NULL, NULL);
}
