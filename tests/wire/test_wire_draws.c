/* SPDX-License-Identifier: MIT */
/*
 * The same faults again: eight clients whose messages are judged in the
 * workers, one after the other and all at once, on any number of threads and
 * with other rules beside, get the same under the same seed, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/raw.h"
#include "support/served.h"

#define CLIENTS 8
#define ASKS 20
#define JUNK 24

#define RULES                                                                \
	"  - id: drawn\n    when: { op: PKIOperation, csr: { key: RSA } }\n" \
	"    per: subject\n    chance: 40%\n    in_a_row: 3\n"               \
	"    then: { reply: { status: 500 }, damage: { junk: 24 } }\n"

static const char alone_yaml[] = "mockndes: 1\nrules:\n" RULES;
/* Rules of which some draw for the same requests and none applies to them. */
static const char beside_yaml[] =
    "mockndes: 1\nrules:\n"
    "  - id: first\n    when: { csr: { subject: CN=nobody } }\n"
    "    chance: 50%\n    then: { hang: true }\n"
    "  - id: seldom\n    chance: 0.0001%\n    then: { hang: true }\n" RULES
    "  - id: last\n    chance: 50%\n    then: { headers: { X-Last: a } }\n";

struct asker {
	const char *url;
	struct client_prepared message;
	char got[ASKS][JUNK]; /* zeros: the CA's answer */
};

static void
post(struct raw *r, struct asker *a)
{
	char head[300];
	int n = snprintf(head, sizeof(head),
	    "POST /certsrv/mscep/mscep.dll?operation=PKIOperation HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    a->message.der.n);

	raw_open(r, a->url);
	raw_send(r, head, (size_t)n);
	raw_send(r, a->message.der.p, a->message.der.n);
	raw_read(r, SIZE_MAX);
	raw_close(r);
}

static void *
ask_often(void *arg)
{
	struct asker *a = arg;
	struct raw *r = malloc(sizeof(*r));

	for (int i = 0; i < ASKS; i++) {
		post(r, a);
		memset(a->got[i], 0, JUNK);
		if (strncmp(r->bytes, "HTTP/1.1 500 ", 13) == 0)
			memcpy(a->got[i], raw_body(r), JUNK);
		else
			assert_memory_equal(r->bytes, "HTTP/1.1 200 ", 13);
	}
	free(r);
	return NULL;
}

static void
run(struct world *w, const char *yaml, const char *seed, const char *threads,
    bool together, struct asker askers[CLIENTS])
{
	const char *const options[] = { "seed", seed, "threads", threads,
		NULL };
	pthread_t t[CLIENTS];
	char subject[20];
	struct served sv;

	served_start_text(&sv, yaml, options);
	served_ca(&sv, &w->c);
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(subject, sizeof(subject), "/CN=c%d", i);
		struct client_enrolment e = served_enrolment(&sv, w, subject);

		askers[i].url = sv.url;
		assert_int_equal(
		    client_prepare(&w->c, &e, &askers[i].message), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		if (!together)
			ask_often(&askers[i]);
		else
			assert_int_equal(
			    pthread_create(&t[i], NULL, ask_often, &askers[i]),
			    0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		if (together)
			pthread_join(t[i], NULL);
		client_prepared_clear(&askers[i].message);
	}
	served_stop(&sv);
}

static int
hits(const struct asker *a)
{
	static const char none[JUNK];
	int n = 0;

	for (int i = 0; i < ASKS; i++)
		n += memcmp(a->got[i], none, JUNK) != 0;
	return n;
}

static void
draws_the_same_whatever_runs_beside_it(void **state)
{
	static const char *const threads[] = { "1", "2", "5", "16" };
	static struct asker alone[CLIENTS], beside[CLIENTS];

	run(*state, alone_yaml, "7", "1", false, alone);
	for (int i = 0; i < CLIENTS; i++)
		assert_in_range(hits(&alone[i]), 1, ASKS - 1);
	for (size_t k = 0; k < sizeof(threads) / sizeof(threads[0]); k++) {
		run(*state, k % 2 == 0 ? beside_yaml : alone_yaml, "7",
		    threads[k], true, beside);
		for (int i = 0; i < CLIENTS; i++)
			assert_memory_equal(
			    beside[i].got, alone[i].got, sizeof(alone[i].got));
	}
	run(*state, alone_yaml, "8", "2", true, beside);
	for (int i = 0; i < CLIENTS; i++)
		assert_memory_not_equal(
		    beside[i].got, alone[i].got, sizeof(alone[i].got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_the_same_whatever_runs_beside_it),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
