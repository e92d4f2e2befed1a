/* SPDX-License-Identifier: MIT */
/*
 * The promise of --state: the command is killed twenty times while clients
 * enrol over several connections, and each certificate that one of them got
 * is in the database, which opens again, with a number that no other ever has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/process.h"
#include "support/served.h"

#define KILLS 20
#define CLIENTS 4
#define ROUND_MAX 20 /* enrolments after which a round is killed, at most */
#define SERIAL_SIZE 19
#define SERIALS_MAX 2000

/* What clients got, over all rounds. */
struct harvest {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned char serial[SERIALS_MAX][SERIAL_SIZE];
	size_t n;
	size_t lost; /* clients that gave up */
};

struct enroller {
	pthread_t thread;
	struct client c;
	const struct world *w;
	const char *url;
	const struct client_ca *ca;
	struct harvest *harvest;
};

static void
reap(struct harvest *h, X509 *certificate)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	pthread_mutex_lock(&h->lock);
	if (h->n < SERIALS_MAX && ASN1_STRING_length(serial) == SERIAL_SIZE)
		memcpy(h->serial[h->n++], ASN1_STRING_get0_data(serial),
		    SERIAL_SIZE);
	pthread_cond_signal(&h->more);
	pthread_mutex_unlock(&h->lock);
}

/* Enrol until there is no answer. */
static void *
enrol(void *arg)
{
	struct enroller *r = arg;
	struct client_certrep rep = { 0 };
	struct client_enrolment e = {
		.url = r->url,
		.ca = r->ca,
		.csr = { .key = r->w->key,
		    .subject = "/CN=killed",
		    .challenge = SERVED_SECRET },
	};
	while (!client_enrol(&r->c, &e, &rep) && rep.status == 0) {
		reap(r->harvest, rep.certificate);
		client_certrep_clear(&rep);
	}
	client_certrep_clear(&rep);
	pthread_mutex_lock(&r->harvest->lock);
	r->harvest->lost++;
	pthread_cond_signal(&r->harvest->more);
	pthread_mutex_unlock(&r->harvest->lock);
	return NULL;
}

/* Until there are so many; how many clients gave up before that. */
static size_t
wait_for(struct harvest *h, size_t n)
{
	pthread_mutex_lock(&h->lock);
	while (h->n < n && h->lost < CLIENTS)
		pthread_cond_wait(&h->more, &h->lock);
	size_t lost = h->lost;
	pthread_mutex_unlock(&h->lock);
	return lost;
}

static void
load_and_kill(struct world *w, struct process *p, const struct client_ca *ca,
    struct harvest *h, unsigned *seed)
{
	static struct enroller all[CLIENTS];
	size_t wanted = h->n + 1 + (size_t)rand_r(seed) % ROUND_MAX;
	h->lost = 0;
	for (size_t i = 0; i < CLIENTS; i++) {
		struct enroller *r = &all[i];
		*r = (struct enroller){
			.w = w, .url = p->url, .ca = ca, .harvest = h
		};
		assert_int_equal(client_open(&r->c, &w->c), 0);
		assert_int_equal(pthread_create(&r->thread, NULL, enrol, r), 0);
	}
	size_t lost = wait_for(h, wanted);
	/* somewhere in the middle of the next ones */
	struct timespec moment = { 0, (long)(rand_r(seed) % 4000) * 1000 };
	nanosleep(&moment, NULL);
	int status = process_end(p, SIGKILL);
	for (size_t i = 0; i < CLIENTS; i++) {
		pthread_join(all[i].thread, NULL);
		client_close(&all[i].c);
	}
	assert_int_equal(lost, 0);
	assert_true(WIFSIGNALED(status));
}

static sqlite3_int64
ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	sqlite3_int64 value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

/* It opens, and SQLite finds nothing wrong with it. */
static sqlite3 *
open_whole(const char *dir, const char *name)
{
	char path[300];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	return db;
}

static void
look_into_databases(const char *dir, const struct harvest *h)
{
	sqlite3_stmt *st = NULL;
	sqlite3_close(open_whole(dir, "journal.db"));
	sqlite3 *db = open_whole(dir, "store.db");
	assert_int_equal(
	    sqlite3_prepare_v2(db, "SELECT count(*) FROM cert WHERE serial = ?",
		-1, &st, NULL),
	    SQLITE_OK);
	for (size_t i = 0; i < h->n; i++) {
		sqlite3_bind_blob(
		    st, 1, h->serial[i], SERIAL_SIZE, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(st), SQLITE_ROW);
		if (sqlite3_column_int(st, 0) != 1)
			fail_msg("certificate %zu of %zu is not in %s", i + 1,
			    h->n, dir);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	/* the number is in the last six octets; none is there twice, or above the counter */
	assert_int_equal(
	    ask(db,
		"SELECT count(*) - count(DISTINCT substr(serial, 14))"
		" FROM cert"),
	    0);
	assert_int_equal(
	    ask(db,
		"SELECT printf('%012X', (SELECT value FROM counter"
		" WHERE name = 'serial')) >= max(hex(substr(serial, 14)))"
		" FROM cert"),
	    1);
	sqlite3_close(db);
}

static void
what_clients_got_outlives_twenty_kills(void **state)
{
	struct world *w = *state;
	static struct harvest h = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.more = PTHREAD_COND_INITIALIZER };
	char dir[256], first[300] = "";
	unsigned seed = (unsigned)getpid();
	struct client_ca ca = { 0 };
	folder_new(dir);
	const char *options[] = { "--state", dir, "--challenge", SERVED_SECRET,
		NULL };
	for (int i = 0; i < KILLS; i++) {
		struct process p;
		size_t before = h.n;
		process_begin(&p, options);
		if (!process_ready(&p))
			fail_msg("start %d after a kill: no ready line", i);
		const char *print = strstr(p.line, "\"ca_fingerprint_sha256\"");
		assert_non_null(print);
		if (i == 0) {
			snprintf(first, sizeof first, "%s", print);
			assert_int_equal(client_ca_fetch(&w->c, p.url, &ca), 0);
		}
		assert_string_equal(print, first);
		load_and_kill(w, &p, &ca, &h, &seed);
		assert_true(h.n > before);
		look_into_databases(dir, &h);
	}
	print_message("%zu certificates\n", h.n);
	client_ca_clear(&ca);
	folder_remove(dir);
}

/* However far it came, the next start finds nothing that stops it. */
static void
a_first_start_may_be_killed_at_any_moment(void **state)
{
	unsigned seed = (unsigned)getpid();
	(void)state;
	for (int i = 0; i < KILLS; i++) {
		char dir[256];
		struct process p;
		folder_new(dir);
		const char *options[] = { "--state", dir, NULL };
		process_begin(&p, options);
		struct timespec moment = { 0,
			(long)(rand_r(&seed) % 60000) * 1000 };
		nanosleep(&moment, NULL);
		process_end(&p, SIGKILL);
		process_begin(&p, options);
		if (!process_ready(&p))
			fail_msg("no ready line after %ld us",
			    moment.tv_nsec / 1000);
		assert_int_equal(process_end(&p, SIGTERM), 0);
		folder_remove(dir);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_clients_got_outlives_twenty_kills),
		cmocka_unit_test(a_first_start_may_be_killed_at_any_moment),
	};
	return cmocka_run_group_tests_name(
	    "wire_state_kill", tests, world_setup, world_teardown);
}
