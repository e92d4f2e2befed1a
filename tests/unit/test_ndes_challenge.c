/* SPDX-License-Identifier: MIT */
/* The life of passwords in the cache behind mscep_admin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "ndes/challenge.h"
#include "ndes/secret.h"

#define MINUTE 60000
#define THREADS 8

struct clock {
	int64_t now;
	bool no_randomness;
};

static int64_t
clock_now(void *ctx)
{
	return ((struct clock *)ctx)->now;
}

static int
clock_random(void *ctx, uint8_t *p, size_t n)
{
	const struct env *sys = env_system();

	if (((struct clock *)ctx)->no_randomness)
		return -1;
	return sys->random(sys->ctx, p, n);
}

struct fixture {
	struct clock clock;
	struct env env;
	struct host host;
	struct challenge_cache *cache;
};

static void
begin(struct fixture *f)
{
	*f = (struct fixture){ .clock = { .now = 1000000 } };
	f->env = (struct env){ clock_now, clock_random, &f->clock };
	host_init(&f->host);
	f->cache = challenge_cache_new("the static one", NULL);
	assert_non_null(f->cache);
}

static int
give(struct fixture *f, char out[CHALLENGE_TEXT_MAX])
{
	struct err e = { 0 };

	return challenge_new(f->cache, &f->host, &f->env, out, &e);
}

static enum challenge_state
hold(struct fixture *f, const char *text)
{
	return challenge_hold(
	    f->cache, bytes_str(text), &f->host, f->clock.now);
}

static void
settle(struct fixture *f, const char *text, bool consume)
{
	challenge_settle(f->cache, bytes_str(text), consume);
}

static size_t
unused(struct fixture *f)
{
	return challenge_unused(f->cache, &f->host, f->clock.now);
}

static void
gives_sixteen_upper_case_hex_digits(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], b[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(give(&f, b), 1);
	assert_int_equal(strlen(a), 16);
	assert_int_equal(strspn(a, "0123456789ABCDEF"), 16);
	assert_string_not_equal(a, b);
	challenge_cache_free(f.cache);
}

static void
password_length_counts_bytes(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	f.host.registry.password_length = 16;
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(strlen(a), 32);
	f.host.registry.password_length = 255;
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(strlen(a), 510);
	challenge_cache_free(f.cache);
}

static void
the_sixth_password_finds_the_cache_full(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], sixth[CHALLENGE_TEXT_MAX] = "untouched";

	(void)state;
	begin(&f);
	for (int i = 0; i < 5; i++)
		assert_int_equal(give(&f, a), 1);
	assert_int_equal(unused(&f), 5);
	assert_int_equal(give(&f, sixth), 0);
	assert_string_equal(sixth, "untouched");
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	assert_int_equal(give(&f, sixth), 0); /* held is not yet used */
	settle(&f, a, true);
	assert_int_equal(give(&f, sixth), 1);
	f.clock.now += 60 * MINUTE;
	assert_int_equal(unused(&f), 0);
	assert_int_equal(give(&f, a), 1);
	challenge_cache_free(f.cache);
}

static void
a_spare_password_takes_no_place(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], spare[CHALLENGE_TEXT_MAX];
	struct err e = { 0 };

	(void)state;
	begin(&f);
	assert_int_equal(
	    challenge_spare(f.cache, &f.host, &f.env, spare, &e), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(give(&f, a), 1);
	assert_int_equal(unused(&f), 5);
	assert_int_equal(challenge_spare(f.cache, &f.host, &f.env, a, &e), 0);
	assert_int_equal(hold(&f, spare), CHALLENGE_GOOD);
	settle(&f, spare, true);
	assert_int_equal(hold(&f, spare), CHALLENGE_USED);
	challenge_cache_free(f.cache);
}

static void
refuses_a_password_used_twice(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	assert_int_equal(hold(&f, a), CHALLENGE_USED);
	settle(&f, a, false);
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	settle(&f, a, true);
	assert_int_equal(hold(&f, a), CHALLENGE_USED);
	assert_int_equal(unused(&f), 0);
	challenge_cache_free(f.cache);
}

static void
a_password_dies_after_sixty_minutes(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, a), 1);
	f.clock.now += 60 * MINUTE - 1;
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	settle(&f, a, false);
	f.clock.now += 1;
	assert_int_equal(hold(&f, a), CHALLENGE_EXPIRED);
	challenge_cache_free(f.cache);
}

static void
tells_missing_from_wrong_and_static(void **state)
{
	static const struct {
		const char *text;
		enum challenge_state state;
	} rows[] = {
		{ "", CHALLENGE_MISSING },
		{ "0123456789ABCDEF", CHALLENGE_WRONG },
		{ "the static one", CHALLENGE_STATIC },
		{ "the static on", CHALLENGE_WRONG },
		{ "the static one ", CHALLENGE_WRONG },
		{ "The static one", CHALLENGE_WRONG },
	};
	struct fixture f;

	(void)state;
	begin(&f);
	for (size_t i = 0; i < nitems(rows); i++) {
		assert_int_equal(hold(&f, rows[i].text), rows[i].state);
		assert_int_equal(hold(&f, rows[i].text), rows[i].state);
	}
	challenge_cache_free(f.cache);
}

static void
the_single_password_is_one_and_for_ever(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], b[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	f.host.registry.use_single_password = 1;
	assert_int_equal(give(&f, a), 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(give(&f, b), 1);
	assert_string_equal(a, b);
	f.clock.now += INT64_C(100000) * MINUTE;
	challenge_clear(f.cache);
	assert_int_equal(hold(&f, a), CHALLENGE_STATIC);
	assert_int_equal(hold(&f, a), CHALLENGE_STATIC);
	f.host.registry.use_single_password = 0;
	assert_int_equal(hold(&f, a), CHALLENGE_WRONG);
	challenge_cache_free(f.cache);
}

static void
a_restart_forgets_all_passwords(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], b[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(give(&f, b), 1);
	assert_int_equal(hold(&f, b), CHALLENGE_GOOD);
	settle(&f, b, true);
	challenge_clear(f.cache);
	assert_int_equal(hold(&f, a), CHALLENGE_WRONG);
	assert_int_equal(hold(&f, b), CHALLENGE_WRONG);
	assert_int_equal(hold(&f, "the static one"), CHALLENGE_STATIC);
	challenge_cache_free(f.cache);
}

static void
remembers_only_so_many_spent_passwords(void **state)
{
	struct fixture f;
	char first[CHALLENGE_TEXT_MAX], a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, first), 1);
	assert_int_equal(hold(&f, first), CHALLENGE_GOOD);
	settle(&f, first, true);
	for (int i = 0; i < 511; i++) {
		assert_int_equal(give(&f, a), 1);
		assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
		settle(&f, a, true);
	}
	assert_int_equal(hold(&f, first), CHALLENGE_USED);
	assert_int_equal(give(&f, a), 1);
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	settle(&f, a, true);
	assert_int_equal(hold(&f, first), CHALLENGE_WRONG);
	assert_int_equal(hold(&f, a), CHALLENGE_USED);
	challenge_cache_free(f.cache);
}

static void
without_randomness_there_is_no_password(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX] = "untouched";
	struct err e = { 0 };

	(void)state;
	begin(&f);
	f.clock.no_randomness = true;
	assert_int_equal(challenge_new(f.cache, &f.host, &f.env, a, &e), -1);
	assert_string_equal(a, "untouched");
	assert_true(e.code != ERR_NONE);
	assert_int_equal(unused(&f), 0);
	challenge_cache_free(f.cache);
}

struct racer {
	struct fixture *f;
	const char *text;
	pthread_barrier_t *start;
	enum challenge_state got;
};

static void *
race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	r->got = hold(r->f, r->text);
	return NULL;
}

static void
of_many_threads_with_one_password_one_wins(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];
	pthread_barrier_t start;
	pthread_t threads[THREADS];
	struct racer racers[THREADS];

	(void)state;
	begin(&f);
	for (int round = 0; round < 50; round++) {
		int winners = 0;

		assert_int_equal(give(&f, a), 1);
		pthread_barrier_init(&start, NULL, THREADS);
		for (int i = 0; i < THREADS; i++) {
			racers[i] = (struct racer){ &f, a, &start,
				CHALLENGE_NOT_LOOKED_AT };
			assert_int_equal(
			    pthread_create(&threads[i], NULL, race, &racers[i]),
			    0);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			winners += racers[i].got == CHALLENGE_GOOD ? 1 : 0;
			assert_true(racers[i].got == CHALLENGE_GOOD ||
			    racers[i].got == CHALLENGE_USED);
		}
		assert_int_equal(winners, 1);
		settle(&f, a, true);
		pthread_barrier_destroy(&start);
	}
	challenge_cache_free(f.cache);
}

static void
secrets_are_equal_only_when_they_are(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "abc", "abc", true },
		{ "abc", "abd", false },
		{ "abcabc", "abc", false },
		{ "ab", "abc", false },
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		assert_int_equal(ndes_secret_equals(bytes_str(rows[i].a),
				     bytes_str(rows[i].b)),
		    rows[i].same);
	assert_false(ndes_secret_equals(BYTES_LIT("\0"), bytes_of(NULL, 0)));
}

static int
prefill(struct fixture *f, size_t n)
{
	struct err e = { 0 };

	return challenge_prefill(f->cache, &f->host, &f->env, n, &e);
}

static void
a_prefilled_cache_has_room_for_what_is_left_of_it(void **state)
{
	static const struct {
		size_t n, unused;
		int given; /* how many visitors still get one */
	} rows[] = { { 0, 0, 5 }, { 1, 1, 4 }, { 4, 4, 1 }, { 5, 5, 0 },
		{ 6, 5, 0 }, { 100000, 5, 0 } };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char text[CHALLENGE_TEXT_MAX];
		struct fixture f;
		int given = 0;

		begin(&f);
		assert_int_equal(prefill(&f, rows[i].n), 0);
		assert_int_equal(
		    challenge_unused(f.cache, &f.host, f.clock.now),
		    rows[i].unused);
		while (give(&f, text) == 1)
			given++;
		assert_int_equal(given, rows[i].given);
		challenge_cache_free(f.cache);
	}
}

static void
what_was_prefilled_dies_like_any_password(void **state)
{
	char text[CHALLENGE_TEXT_MAX];
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(prefill(&f, 5), 0);
	f.clock.now += 60 * MINUTE - 1;
	assert_int_equal(give(&f, text), 0);
	f.clock.now++;
	assert_int_equal(give(&f, text), 1);
	challenge_cache_free(f.cache);
}

static void
nothing_is_prefilled_for_a_single_password_or_without_randomness(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.host.registry.use_single_password = 1;
	assert_int_equal(prefill(&f, 5), 0);
	assert_int_equal(challenge_unused(f.cache, &f.host, f.clock.now), 0);
	f.host.registry.use_single_password = 0;
	f.clock.no_randomness = true;
	assert_int_equal(prefill(&f, 5), -1);
	assert_int_equal(prefill(&f, 0), 0);
	challenge_cache_free(f.cache);
}

static void
every_state_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < CHALLENGE_STATES; i++)
		assert_non_null(challenge_state_name((enum challenge_state)i));
	assert_string_equal(challenge_state_name(CHALLENGE_USED), "used");
	assert_string_equal(challenge_state_name(CHALLENGE_STATES), "unknown");
}

static void
take_state(void *ctx, const struct challenge_view *v)
{
	const struct challenge_view *want = ctx;

	if (strcmp(v->text, want->text) == 0)
		*(struct challenge_view *)ctx = *v;
}

/* What the list says of a password. */
static struct challenge_view
view(struct fixture *f, const char *text)
{
	struct challenge_view v = { .text = text };

	challenge_each(f->cache, &f->host, f->clock.now, take_state, &v);
	return v;
}

static void
a_password_with_a_life_of_its_own_expires_then(void **state)
{
	const struct challenge_wish wish = { .life_ms = 5000 };
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX], b[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(
	    challenge_make(f.cache, &f.host, &f.env, &wish, a, NULL), 0);
	assert_int_equal(give(&f, b), 1);
	assert_int_equal(view(&f, a).state, CHALLENGE_GOOD);
	assert_int_equal(view(&f, a).expires_ms, f.clock.now + 5000);
	f.clock.now += 4999;
	assert_int_equal(view(&f, a).state, CHALLENGE_GOOD);
	f.clock.now += 1;
	assert_int_equal(view(&f, a).state, CHALLENGE_EXPIRED);
	assert_int_equal(hold(&f, a), CHALLENGE_EXPIRED);
	assert_int_equal(view(&f, b).state, CHALLENGE_GOOD);
	challenge_cache_free(f.cache);
}

static void
a_lasting_password_is_never_used_up(void **state)
{
	const struct challenge_wish wish = { .lasting = true };
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(
	    challenge_make(f.cache, &f.host, &f.env, &wish, a, NULL), 0);
	assert_int_equal(hold(&f, a), CHALLENGE_STATIC);
	assert_int_equal(hold(&f, a), CHALLENGE_STATIC);
	assert_int_equal(view(&f, a).state, CHALLENGE_STATIC);
	assert_true(view(&f, "the static one").fixed);
	challenge_cache_free(f.cache);
}

static void
the_list_tells_when_a_password_was_used(void **state)
{
	struct fixture f;
	char a[CHALLENGE_TEXT_MAX];

	(void)state;
	begin(&f);
	assert_int_equal(give(&f, a), 1);
	f.clock.now += 70;
	assert_int_equal(hold(&f, a), CHALLENGE_GOOD);
	settle(&f, a, true);
	f.clock.now += 70;
	assert_int_equal(view(&f, a).state, CHALLENGE_USED);
	assert_int_equal(view(&f, a).used_ms, view(&f, a).made_ms + 70);
	challenge_cache_free(f.cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_sixteen_upper_case_hex_digits),
		cmocka_unit_test(password_length_counts_bytes),
		cmocka_unit_test(the_sixth_password_finds_the_cache_full),
		cmocka_unit_test(a_spare_password_takes_no_place),
		cmocka_unit_test(refuses_a_password_used_twice),
		cmocka_unit_test(a_password_dies_after_sixty_minutes),
		cmocka_unit_test(tells_missing_from_wrong_and_static),
		cmocka_unit_test(the_single_password_is_one_and_for_ever),
		cmocka_unit_test(a_restart_forgets_all_passwords),
		cmocka_unit_test(remembers_only_so_many_spent_passwords),
		cmocka_unit_test(without_randomness_there_is_no_password),
		cmocka_unit_test(of_many_threads_with_one_password_one_wins),
		cmocka_unit_test(secrets_are_equal_only_when_they_are),
		cmocka_unit_test(
		    a_prefilled_cache_has_room_for_what_is_left_of_it),
		cmocka_unit_test(what_was_prefilled_dies_like_any_password),
		cmocka_unit_test(
		    nothing_is_prefilled_for_a_single_password_or_without_randomness),
		cmocka_unit_test(every_state_has_a_name),
		cmocka_unit_test(
		    a_password_with_a_life_of_its_own_expires_then),
		cmocka_unit_test(a_lasting_password_is_never_used_up),
		cmocka_unit_test(the_list_tells_when_a_password_was_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
