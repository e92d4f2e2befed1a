/* SPDX-License-Identifier: MIT */
/*
 * A deployment on disk as clients see it: the same after a restart, with what
 * it issued and revoked; two of them in one process; a disk that is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/control.h"
#include "support/process.h"
#include "support/served.h"

#define SUBJECT "/C=US/O=Probe/CN=kept"

static void
state_start(struct served *s, struct world *w, const char *dir)
{
	const char *options[] = { "state", dir, NULL };
	served_start(s, NULL, options);
	served_ca(s, &w->c);
}

/* With the control API. */
static void
control_start(struct served *s, struct world *w, const char *dir)
{
	const char *options[] = { "state", dir, "control-port", "0", NULL };
	served_start(s, NULL, options);
	served_ca(s, &w->c);
}

static X509 *
enrol(struct world *w, const struct served *s, const char *row)
{
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(s, w, SUBJECT);
	enrol_expect(&w->c, &e, 0, row, &r);
	return r.certificate;
}

static void
renew(struct world *w, const struct served *s, X509 *old, int status,
    const char *row)
{
	struct client_enrolment e = served_enrolment(s, w, SUBJECT);
	e.type = 17;
	e.signer = old;
	e.signer_key = w->key;
	e.csr.challenge = NULL;
	enrol_status(&w->c, &e, status, row);
}

static sqlite3_int64
ask(const char *dir, const char *sql)
{
	char path[300];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 value = -1;
	snprintf(path, sizeof path, "%s/store.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

/* The number in a serial: its last six octets. */
static unsigned long long
number_of(X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	unsigned long long n = 0;
	for (int i = ASN1_STRING_length(serial) - 6;
	     i < ASN1_STRING_length(serial); i++)
		n = n << 8 | p[i];
	return n;
}

/* ---- restarts ---- */

static void
a_restart_changes_nothing_that_clients_know(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256];
	folder_new(dir);
	state_start(&s, w, dir);
	X509 *old = enrol(w, &s, "before the restart");
	struct client_ca before = s.ca;
	s.ca = (struct client_ca){ 0 };
	served_stop(&s);

	state_start(&s, w, dir);
	assert_int_equal(sk_X509_num(s.ca.all), sk_X509_num(before.all));
	for (int i = 0; i < sk_X509_num(before.all); i++)
		assert_int_equal(X509_cmp(sk_X509_value(s.ca.all, i),
				     sk_X509_value(before.all, i)),
		    0);
	X509 *next = enrol(w, &s, "after the restart");
	assert_true(number_of(next) == number_of(old) + 1);
	if (client_chain_verify(&w->c, &before, next, false))
		fail_msg("%s", w->c.why);
	renew(w, &s, old, 0, "a certificate issued before the restart");
	assert_int_equal(ask(dir, "SELECT count(*) FROM cert"), 3);
	served_stop(&s);
	assert_int_equal(ask(dir,
			     "SELECT value FROM counter"
			     " WHERE name = 'serial'"),
	    3);
	X509_free(old);
	X509_free(next);
	client_ca_clear(&before);
	folder_remove(dir);
}

/* As the control API names it. */
static void
revoke_cert(struct world *w, const struct served *s, X509 *x)
{
	char target[128] = "/v1/certificates/";
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	for (int i = 0; i < ASN1_STRING_length(serial); i++)
		sprintf(target + strlen(target), "%02x",
		    ASN1_STRING_get0_data(serial)[i]);
	strcat(target, "/revoke");
	json_decref(control_call_json(w, s, "POST", target, NULL, 200));
}

static void
what_was_revoked_stays_revoked(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256];
	folder_new(dir);
	control_start(&s, w, dir);
	X509 *good = enrol(w, &s, "one that stays good");
	X509 *bad = enrol(w, &s, "one to be revoked");
	revoke_cert(w, &s, bad);
	renew(w, &s, bad, 2, "revoked, before the restart");
	served_stop(&s);

	state_start(&s, w, dir);
	renew(w, &s, bad, 2, "revoked, after the restart");
	renew(w, &s, good, 0, "not revoked, after the restart");
	assert_int_equal(
	    ask(dir, "SELECT value FROM counter WHERE name = 'revision'"), 1);
	served_stop(&s);
	X509_free(good);
	X509_free(bad);
	folder_remove(dir);
}

static void
a_reset_goes_back_to_what_the_start_found(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256];
	folder_new(dir);
	control_start(&s, w, dir);
	X509 *old = enrol(w, &s, "before the restart");
	served_stop(&s);

	control_start(&s, w, dir);
	X509 *late = enrol(w, &s, "after the restart");
	revoke_cert(w, &s, old);
	renew(w, &s, old, 2, "revoked");
	struct client_ca ca = s.ca;
	json_decref(control_call_json(w, &s, "POST", "/v1/reset", NULL, 200));
	assert_int_equal(ask(dir, "SELECT count(*) FROM cert"), 1);
	renew(w, &s, old, 0, "not revoked any more");
	X509 *next = enrol(w, &s, "after the reset");
	assert_true(number_of(next) > number_of(late));
	s.ca = (struct client_ca){ 0 };
	served_ca(&s, &w->c);
	assert_int_equal(X509_cmp(s.ca.issuing, ca.issuing), 0);
	assert_int_equal(X509_cmp(s.ca.ra_sign, ca.ra_sign), 0);
	client_ca_clear(&ca);
	served_stop(&s);
	X509_free(old);
	X509_free(late);
	X509_free(next);
	folder_remove(dir);
}

static void
scenarios_take_their_certificates_from_the_same_keys(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256];
	folder_new(dir);
	const char *options[] = { "state", dir, NULL };
	served_start(&s, "robust/caps-lower", options);
	served_ca(&s, &w->c);
	X509 *ra = X509_dup(s.ca.ra_sign);
	served_stop(&s);
	/* healthy certificates are kept although this start never shows them */
	served_start(&s, "ra-expired", options);
	served_stop(&s);
	state_start(&s, w, dir);
	assert_int_equal(X509_cmp(s.ca.ra_sign, ra), 0);
	served_stop(&s);
	X509_free(ra);
	folder_remove(dir);
}

static void
the_journal_goes_on_after_a_restart(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256], target[64];
	folder_new(dir);
	control_start(&s, w, dir);
	X509_free(enrol(w, &s, "before the restart"));
	json_t *before =
	    control_call_json(w, &s, "GET", "/v1/requests", NULL, 200);
	json_t *entries = json_object_get(before, "requests");
	assert_int_equal(json_array_size(entries), 2);
	json_t *first = json_array_get(entries, 0);
	served_stop(&s);

	control_start(&s, w, dir);
	json_t *after =
	    control_call_json(w, &s, "GET", "/v1/requests", NULL, 200);
	assert_int_equal(
	    json_array_size(json_object_get(after, "requests")), 3);
	assert_int_equal(
	    json_integer_value(json_object_get(after, "dropped")), 0);
	snprintf(target, sizeof target, "/v1/requests/%lld",
	    (long long)json_integer_value(json_object_get(first, "id")));
	json_t *one = control_call_json(w, &s, "GET", target, NULL, 200);
	assert_string_equal(control_text(one, "op"), control_text(first, "op"));
	assert_true(json_equal(json_object_get(one, "received"),
	    json_object_get(first, "received")));
	json_decref(one);
	json_decref(after);
	json_decref(before);
	served_stop(&s);
	folder_remove(dir);
}

/* ---- certificates that ran out ---- */

static EVP_PKEY *
read_key(const char *dir, const char *name)
{
	char path[300];
	snprintf(path, sizeof path, "%s/keys/%s.key", dir, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(key);
	return key;
}

/* In place of what is kept: one for the same key, that ended yesterday. */
static void
let_run_out(struct world *w, const char *dir, const char *name)
{
	char path[300];
	EVP_PKEY *key = read_key(dir, name);
	struct client_cert spec = { .key = key,
		.subject = "/CN=run out",
		.from_s = -2 * 86400,
		.until_s = -86400 };
	X509 *x = client_cert_make(&w->c, &spec);
	assert_non_null(x);
	snprintf(path, sizeof path, "%s/certs/%s.pem", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

struct lines {
	char text[8192];
	size_t n;
};

static void
keep_line(void *ctx, int level, const char *text)
{
	struct lines *l = ctx;
	if (level >= 2 && l->n + strlen(text) + 2 < sizeof l->text)
		l->n += (size_t)sprintf(l->text + l->n, "%s\n", text);
}

static void
mints_anew_what_has_run_out_and_says_so(void **state)
{
	struct world *w = *state;
	struct served s;
	struct lines lines = { .n = 0 };
	char dir[256];
	folder_new(dir);
	state_start(&s, w, dir);
	X509 *old = enrol(w, &s, "before");
	struct client_ca before = s.ca;
	s.ca = (struct client_ca){ 0 };
	served_stop(&s);
	let_run_out(w, dir, "ra-sign");

	memset(&s, 0, sizeof s);
	s.m = mockndes_new();
	mockndes_log(s.m, keep_line, &lines);
	assert_int_equal(mockndes_set(s.m, "state", dir), 0);
	assert_int_equal(mockndes_set(s.m, "http-port", "0"), 0);
	assert_int_equal(mockndes_set(s.m, "https-port", "off"), 0);
	assert_int_equal(mockndes_set(s.m, "control-port", "off"), 0);
	if (mockndes_start(s.m))
		fail_msg("%s", mockndes_error(s.m));
	s.url = mockndes_url(s.m, "http");
	served_ca(&s, &w->c);
	assert_non_null(strstr(lines.text, "certs/ra-sign.pem had run out"));
	assert_null(strstr(lines.text, "tls.pem had run out"));
	assert_int_not_equal(X509_cmp(s.ca.ra_sign, before.ra_sign), 0);
	assert_int_equal(X509_cmp(s.ca.ra_encrypt, before.ra_encrypt), 0);
	assert_int_equal(X509_cmp(s.ca.issuing, before.issuing), 0);
	assert_int_equal(
	    X509_cmp_current_time(X509_get0_notAfter(s.ca.ra_sign)), 1);
	renew(w, &s, old, 0, "with the new RA certificate");
	X509 *ra = X509_dup(s.ca.ra_sign);
	served_stop(&s);

	state_start(&s, w, dir);
	assert_int_equal(X509_cmp(s.ca.ra_sign, ra), 0);
	served_stop(&s);
	X509_free(ra);
	X509_free(old);
	client_ca_clear(&before);
	folder_remove(dir);
}

/* ---- several ---- */

static void
two_servers_in_one_process_have_a_directory_each(void **state)
{
	struct world *w = *state;
	struct served a, b;
	char one[256], other[256], who[64];
	folder_new(one);
	folder_new(other);
	state_start(&a, w, one);
	state_start(&b, w, other);
	assert_int_not_equal(X509_cmp(a.ca.issuing, b.ca.issuing), 0);
	X509_free(enrol(w, &a, "in the one"));
	assert_int_equal(ask(one, "SELECT count(*) FROM cert"), 1);
	assert_int_equal(ask(other, "SELECT count(*) FROM cert"), 0);

	struct mockndes *third = mockndes_new();
	assert_int_equal(mockndes_set(third, "state", one), 0);
	assert_int_equal(mockndes_start(third), -1);
	assert_int_equal(mockndes_error_code(third), MOCKNDES_FAILED);
	snprintf(who, sizeof who, "in use by process %d", (int)getpid());
	assert_non_null(strstr(mockndes_error(third), who));
	mockndes_free(third);
	X509_free(enrol(w, &a, "while another was refused"));

	served_stop(&a);
	served_stop(&b);
	folder_remove(one);
	folder_remove(other);
}

static void
the_sites_of_the_catalogue_are_in_memory(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256], base[256], url[300];
	folder_new(dir);
	state_start(&s, w, dir);
	snprintf(base, sizeof base, "%s", s.url);
	*strstr(base, "/certsrv") = 0;
	snprintf(
	    url, sizeof url, "%s/x/caps-modern/certsrv/mscep/mscep.dll", base);
	struct client_enrolment e = served_enrolment(&s, w, SUBJECT);
	char password[CLIENT_TEXT_MAX];
	snprintf(base + strlen(base), sizeof base - strlen(base),
	    "/x/caps-modern/certsrv/mscep_admin/");
	if (client_admin_password(&w->c, base, SERVED_ADMIN, password))
		fail_msg("%s", w->c.why);
	e.url = url;
	e.csr.challenge = password;
	enrol_status(&w->c, &e, 0, "below /x/");
	assert_int_equal(ask(dir, "SELECT count(*) FROM cert"), 0);
	served_stop(&s);
	folder_remove(dir);
}

/* ---- no room ---- */

/* Enrol until it fails, which it must with 500 and our name; how many came before. */
static size_t
enrol_until_full(struct world *w, const struct served *s)
{
	struct client_enrolment e = served_enrolment(s, w, SUBJECT);
	struct client_certrep r = { 0 };
	size_t n = 0;
	while (n < 2000 && !client_enrol(&w->c, &e, &r)) {
		assert_int_equal(r.status, 0);
		client_certrep_clear(&r);
		n++;
	}
	assert_in_range(n, 1, 1999);
	assert_int_equal(e.http_status, 500);
	return n;
}

/* Full: refused honestly, still up; with room again as if nothing had been. */
static void
see_it_full(struct world *w, const struct served *s)
{
	struct client_enrolment e = served_enrolment(s, w, SUBJECT);
	struct client_prepared p;
	struct client_http h = { 0 };
	char url[CLIENT_TEXT_MAX + 32];
	assert_int_equal(client_prepare(&w->c, &e, &p), 0);
	snprintf(url, sizeof url, "%s?operation=PKIOperation", s->url);
	assert_int_equal(client_post(&w->c, url, NULL, &p.der, &h), 0);
	assert_int_equal(h.status, 500);
	assert_non_null(h.body.p);
	if (!strstr((const char *)h.body.p, "mockndes itself failed"))
		fail_msg("%s", h.body.p);
	assert_non_null(strstr((const char *)h.body.p, "cannot "));
	client_http_clear(&h);
	client_prepared_clear(&p);
	snprintf(url, sizeof url, "%s?operation=GetCACaps", s->url);
	assert_int_equal(client_get(&w->c, url, NULL, &h), 0);
	assert_int_equal(h.status, 200);
	client_http_clear(&h);
}

static void
recovers_when_a_file_may_grow_again(void **state)
{
	struct world *w = *state;
	struct served s;
	struct rlimit was, small;
	char dir[256];
	folder_new(dir);
	state_start(&s, w, dir);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	size_t n = enrol_until_full(w, &s);
	see_it_full(w, &s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(
	    ask(dir, "SELECT count(*) FROM cert"), (sqlite3_int64)n);
	X509 *x = enrol(w, &s, "with room again");
	served_stop(&s);
	state_start(&s, w, dir);
	renew(w, &s, x, 0, "after a restart");
	assert_int_equal(
	    ask(dir, "SELECT count(*) FROM cert"), (sqlite3_int64)n + 2);
	served_stop(&s);
	X509_free(x);
	folder_remove(dir);
}

/* A mount that only this process sees, gone with it. */
static bool
mount_small(const char *dir)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", dir, "tmpfs", 0, "size=3m") == 0;
}

static void
recovers_when_the_disk_has_room_again(void **state)
{
	struct world *w = *state;
	struct served s;
	char dir[256], sub[300], filler[300];
	folder_new(dir);
	if (!mount_small(dir)) {
		folder_remove(dir);
		skip();
	}
	/* what will make the room */
	snprintf(filler, sizeof filler, "%s/filler", dir);
	int fd = open(filler, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, 2000000), 0);
	close(fd);
	snprintf(sub, sizeof sub, "%s/state", dir);
	state_start(&s, w, sub);
	size_t n = enrol_until_full(w, &s);
	see_it_full(w, &s);
	assert_int_equal(unlink(filler), 0);
	X509 *x = enrol(w, &s, "with room again");
	assert_int_equal(
	    ask(sub, "SELECT count(*) FROM cert"), (sqlite3_int64)n + 1);
	served_stop(&s);
	state_start(&s, w, sub);
	renew(w, &s, x, 0, "after a restart");
	served_stop(&s);
	X509_free(x);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
	folder_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_changes_nothing_that_clients_know),
		cmocka_unit_test(what_was_revoked_stays_revoked),
		cmocka_unit_test(the_journal_goes_on_after_a_restart),
		cmocka_unit_test(a_reset_goes_back_to_what_the_start_found),
		cmocka_unit_test(
		    scenarios_take_their_certificates_from_the_same_keys),
		cmocka_unit_test(mints_anew_what_has_run_out_and_says_so),
		cmocka_unit_test(
		    two_servers_in_one_process_have_a_directory_each),
		cmocka_unit_test(the_sites_of_the_catalogue_are_in_memory),
		cmocka_unit_test(recovers_when_a_file_may_grow_again),
		cmocka_unit_test(recovers_when_the_disk_has_room_again),
	};
	return cmocka_run_group_tests_name(
	    "wire_state", tests, world_setup, world_teardown);
}
