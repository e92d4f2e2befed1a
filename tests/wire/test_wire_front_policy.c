/* SPDX-License-Identifier: MIT */
/*
 * What a listener's handshakes may be: versions of TLS and client
 * certificates, before the front starts and while it runs, with OpenSSL's
 * client as the judge.
 */
#include "test_wire_front_tls.h"

#include "support/handshake.h"

static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
	TLS1_3_VERSION };

static int
up(void **state)
{
	struct https *h = calloc(1, sizeof(*h));
	struct err e = { 0 };

	assert_non_null(h);
	mint(h);
	rig_open(&h->rig, "127.0.0.1", echo_request);
	assert_int_equal(
	    front_use_tls(h->rig.front, h->rig.index, h->chain, h->key, &e), 0);
	*state = h;
	return 0;
}

static int
down(void **state)
{
	struct https *h = *state;

	rig_close(&h->rig);
	SSL_CTX_free(h->ctx);
	free(h->chain);
	free(h->key);
	free(h);
	return 0;
}

static void
use(struct https *h, enum front_tls_version minimum,
    enum front_tls_version maximum, enum front_tls_client client)
{
	const struct front_tls_policy policy = { minimum, maximum, client };
	struct err e = { 0 };

	if (front_tls_policy(h->rig.front, h->rig.index, &policy, &e) == -1)
		fail_msg("%s", e.text);
}

/* A client that speaks this one version alone. */
static struct handshake
speak(const struct https *h, int version, bool certificate)
{
	const struct handshake_offer offer = { .port = h->rig.port,
		.minimum = version,
		.maximum = version,
		.certificate = certificate };

	return handshake_try(&offer);
}

/* Of the four versions exactly those from minimum to maximum are spoken, and a client of all gets the highest. */
static void
must_speak(const struct https *h, int minimum, int maximum)
{
	const struct handshake_offer all = { .port = h->rig.port };
	int i;

	for (i = 0; i < (int)nitems(versions); i++) {
		struct handshake seen = speak(h, versions[i], false);
		bool within = i >= minimum && i <= maximum;

		if (seen.served != within ||
		    seen.version != (within ? versions[i] : 0))
			fail_msg("1.%d to 1.%d, client of 1.%d: version %x, %s",
			    minimum, maximum, i, (unsigned)seen.version,
			    seen.served ? "served" : "not served");
		assert_false(seen.asked);
	}
	assert_int_equal(handshake_try(&all).version, versions[maximum]);
}

static void
speaks_tls_1_2_and_1_3_when_nothing_is_said(void **state)
{
	struct https *h = *state;

	rig_go(&h->rig);
	must_speak(h, FRONT_TLS_1_2, FRONT_TLS_1_3);
}

static void
speaks_the_versions_that_were_set_before_the_start(void **state)
{
	struct https *h = *state;

	use(h, FRONT_TLS_1_0, FRONT_TLS_1_1, FRONT_TLS_CLIENT_NONE);
	rig_go(&h->rig);
	must_speak(h, FRONT_TLS_1_0, FRONT_TLS_1_1);
}

static void
speaks_every_range_while_it_runs(void **state)
{
	struct https *h = *state;
	int lo, hi;

	rig_go(&h->rig);
	for (lo = 0; lo < FRONT_TLS_VERSIONS; lo++)
		for (hi = lo; hi < FRONT_TLS_VERSIONS; hi++) {
			use(h, (enum front_tls_version)lo,
			    (enum front_tls_version)hi, FRONT_TLS_CLIENT_NONE);
			must_speak(h, lo, hi);
		}
}

struct client_row {
	enum front_tls_client client;
	bool certificate; /* the client has one */
	bool asked, served;
};

static const struct client_row client_rows[] = {
	{ FRONT_TLS_CLIENT_NONE, false, false, true },
	{ FRONT_TLS_CLIENT_NONE, true, false, true },
	{ FRONT_TLS_CLIENT_ASKED, false, true, true },
	{ FRONT_TLS_CLIENT_ASKED, true, true, true },
	{ FRONT_TLS_CLIENT_REQUIRED, false, true, false },
	{ FRONT_TLS_CLIENT_REQUIRED, true, true, true },
};

static void
asks_for_a_certificate_and_insists_as_told(void **state)
{
	struct https *h = *state;
	size_t i, v;

	rig_go(&h->rig);
	for (i = 0; i < nitems(client_rows); i++) {
		const struct client_row *row = &client_rows[i];

		use(h, FRONT_TLS_1_0, FRONT_TLS_1_3, row->client);
		for (v = 0; v < nitems(versions); v++) {
			struct handshake seen =
			    speak(h, versions[v], row->certificate);

			if (seen.asked != row->asked ||
			    seen.served != row->served)
				fail_msg("row %zu, TLS 1.%zu: %s, %s", i, v,
				    seen.asked ? "asked" : "not asked",
				    seen.served ? "served" : "not served");
		}
	}
}

/* What is refused in the handshake must not have reached a handler. */
static void
no_request_passes_a_refused_handshake(void **state)
{
	struct https *h = *state;
	size_t v;

	use(h, FRONT_TLS_1_0, FRONT_TLS_1_3, FRONT_TLS_CLIENT_REQUIRED);
	rig_go(&h->rig);
	for (v = 0; v < nitems(versions); v++)
		assert_false(speak(h, versions[v], false).served);
	use(h, FRONT_TLS_1_2, FRONT_TLS_1_3, FRONT_TLS_CLIENT_NONE);
	assert_false(speak(h, TLS1_VERSION, false).served);
	assert_int_equal(h->rig.requests, 0);
}

static void
a_connection_keeps_what_it_began_with(void **state)
{
	struct https *h = *state;
	struct buf out = { 0 };
	SSL *s;

	rig_go(&h->rig);
	s = dial_tls(h, TLS1_2_VERSION);
	use(h, FRONT_TLS_1_3, FRONT_TLS_1_3, FRONT_TLS_CLIENT_REQUIRED);
	assert_int_equal(speak(h, TLS1_2_VERSION, true).version, 0);
	say_tls(s, BYTES_LIT("GET / HTTP/1.0\r\n\r\n"));
	hear_tls(s, &out, SIZE_MAX);
	must_contain(&out, "\ntls=1\n");
	hang_up(s);
	buf_clear(&out);
}

static void
refuses_a_policy_that_leaves_no_version(void **state)
{
	struct https *h = *state;
	const struct front_tls_policy none = { FRONT_TLS_1_3, FRONT_TLS_1_2,
		FRONT_TLS_CLIENT_NONE };
	const struct front_tls_policy sound = { FRONT_TLS_1_3, FRONT_TLS_1_3,
		FRONT_TLS_CLIENT_NONE };
	struct err e = { 0 };

	assert_int_equal(
	    front_tls_policy(h->rig.front, h->rig.index, &none, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_string_equal(
	    e.text, "the lowest TLS version is above the highest");
	err_clear(&e);
	assert_int_equal(
	    front_tls_policy(h->rig.front, h->rig.index + 1, &sound, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	rig_go(&h->rig);
	must_speak(h, FRONT_TLS_1_2, FRONT_TLS_1_3);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		T(speaks_tls_1_2_and_1_3_when_nothing_is_said),
		T(speaks_the_versions_that_were_set_before_the_start),
		T(speaks_every_range_while_it_runs),
		T(asks_for_a_certificate_and_insists_as_told),
		T(no_request_passes_a_refused_handshake),
		T(a_connection_keeps_what_it_began_with),
		T(refuses_a_policy_that_leaves_no_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
