/* SPDX-License-Identifier: MIT */
/*
 * The test client under test: what it takes from our server it takes for the
 * right reasons. Each row changes one thing in what it expects, or one octet
 * of the reply, and it must refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/desk.h"

struct world {
	struct client c;
	EVP_PKEY *key, *other;
	struct desk d;
	struct client_prepared asked;
	struct client_http reply; /* SUCCESS for it */
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || client_open(&w->c, NULL))
		return -1;
	*state = w;
	w->key = client_key(&w->c, 2048);
	w->other = client_key(&w->c, 2048);
	desk_open(&w->d, NULL);
	desk_ca(&w->d, &w->c);
	struct client_enrolment e = {
		.ca = &w->d.ca,
		.csr = { .key = w->key,
		    .subject = "/CN=client",
		    .challenge = DESK_SECRET },
	};
	if (client_prepare(&w->c, &e, &w->asked))
		return -1;
	struct desk_request rq = { .target =
				       DESK_PATH "?operation=PKIOperation",
		.body = w->asked.der };
	desk_ask(&w->d, &rq, &w->reply);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	client_http_clear(&w->reply);
	client_prepared_clear(&w->asked);
	desk_close(&w->d);
	EVP_PKEY_free(w->key);
	EVP_PKEY_free(w->other);
	client_close(&w->c);
	free(w);
	return 0;
}

static int
look(struct world *w, const struct client_message *m,
    const struct client_ca *ca, EVP_PKEY *key, const struct client_bytes *body)
{
	struct client_certrep r = { 0 };
	struct client_expect x = { .message = m, .ca = ca, .csr_key = key };
	int rc = client_certrep_read(&w->c, &x, body, &r);

	client_certrep_clear(&r);
	return rc;
}

static void
must_say(struct world *w, int rc, const char *sentence)
{
	if (rc != -1 || !strstr(w->c.why, sentence))
		fail_msg("%d, \"%s\" where \"%s\" belongs", rc,
		    rc ? w->c.why : "", sentence);
}

static void
takes_the_reply_as_it_came(void **state)
{
	struct world *w = *state;

	if (look(w, &w->asked.message, &w->d.ca, w->key, &w->reply.body))
		fail_msg("%s", w->c.why);
}

static void
refuses_what_it_did_not_ask_for(void **state)
{
	struct world *w = *state;
	struct client_bytes *body = &w->reply.body;
	struct client_message m = w->asked.message;

	m.nonce[3] ^= 1;
	must_say(w, look(w, &m, &w->d.ca, w->key, body),
	    "recipientNonce is not what we sent");
	m = w->asked.message;
	m.transaction = "ANOTHER";
	must_say(w, look(w, &m, &w->d.ca, w->key, body), "transactionID is");
	m = w->asked.message;
	must_say(w, look(w, &m, &w->d.ca, w->other, body),
	    "no certificate for our key among the 1 inside");
	m.signer = w->d.ca.issuing;
	must_say(w, look(w, &m, &w->d.ca, w->key, body),
	    "the recipient is not the request's signer");
	m = w->asked.message;
	struct client_ca ca = w->d.ca;
	ca.ra_sign = ca.ra_encrypt;
	must_say(w, look(w, &m, &ca, w->key, body),
	    "not signed by a certificate of GetCACert");
}

static void
refuses_octets_behind_the_reply(void **state)
{
	struct world *w = *state;
	struct client_bytes longer = { 0 };

	client_bytes_add(&longer, w->reply.body.p, w->reply.body.n);
	client_bytes_add(&longer, "", 1);
	must_say(w, look(w, &w->asked.message, &w->d.ca, w->key, &longer),
	    "1 octets behind");
	client_bytes_clear(&longer);
}

static void
refuses_a_reply_with_any_octet_changed(void **state)
{
	struct world *w = *state;
	struct client_bytes copy = { 0 };

	client_bytes_add(&copy, w->reply.body.p, w->reply.body.n);
	for (size_t i = 0; i < copy.n; i += 7) {
		copy.p[i] ^= 0x10;
		if (!look(w, &w->asked.message, &w->d.ca, w->key, &copy))
			fail_msg("octet %zu of %zu changed, and it is taken", i,
			    copy.n);
		copy.p[i] ^= 0x10;
	}
	client_bytes_clear(&copy);
}

static void
refuses_a_getcacert_without_its_order(void **state)
{
	struct world *w = *state;
	struct client_ca ca;
	struct client_http h = { .status = 200 };

	must_say(w, client_ca_read(&w->c, &h, &ca), "GetCACert answers 200");
	snprintf(h.content_type, sizeof(h.content_type),
	    "application/x-x509-ca-ra-cert");
	client_bytes_add(&h.body, w->reply.body.p, w->reply.body.n);
	must_say(w, client_ca_read(&w->c, &h, &ca), "GetCACert brings");
	client_http_clear(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_reply_as_it_came),
		cmocka_unit_test(refuses_what_it_did_not_ask_for),
		cmocka_unit_test(refuses_octets_behind_the_reply),
		cmocka_unit_test(refuses_a_reply_with_any_octet_changed),
		cmocka_unit_test(refuses_a_getcacert_without_its_order),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
