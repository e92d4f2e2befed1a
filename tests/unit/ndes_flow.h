/* SPDX-License-Identifier: MIT */
/*
 * One client and one deployment in memory, from bytes to bytes: requests are
 * made and replies read by the test client, which is libcrypto's CMS alone.
 * For test programs in this folder.
 */
#ifndef UNIT_NDES_FLOW_H
#define UNIT_NDES_FLOW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define POST_TARGET DLL "?operation=PKIOperation"
#define STATIC "static-one"
#define DAY_MS INT64_C(86400000)

/* Made once: keys are slow. */
struct world {
	struct client c;
	EVP_PKEY *key, *key2;
};

static inline int
world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL || client_open(&w->c, NULL) == -1)
		return -1;
	w->key = client_key(&w->c, 2048);
	w->key2 = client_key(&w->c, 2048);
	*state = w;
	return w->key == NULL || w->key2 == NULL ? -1 : 0;
}

static inline int
world_close(void **state)
{
	struct world *w = *state;

	EVP_PKEY_free(w->key);
	EVP_PKEY_free(w->key2);
	client_close(&w->c);
	free(w);
	return 0;
}

/* One deployment, and one exchange with it at a time. */
struct flow {
	struct world *w;
	struct room room;
	struct client_ca ca;
	struct client_enrolment e;
	struct client_prepared sent;
	struct ndes_exchange x;
	struct client_certrep rep;
	bool has_exchange;
};

static inline void
need(struct flow *f, int rc)
{
	if (rc != 0)
		fail_msg("client: %s", f->w->c.why);
}

static inline X509 *
to_x509(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	assert_non_null(x);
	return x;
}

static inline void
flow_open(struct flow *f, void **state)
{
	static const enum ca_role roles[] = { CA_RA_SIGN, CA_RA_ENCRYPT,
		CA_ISSUING, CA_ROOT };

	memset(f, 0, sizeof(*f));
	f->w = *state;
	room_open(&f->room, true);
	f->ca.all = sk_X509_new_null();
	for (size_t i = 0; i < nitems(roles); i++)
		sk_X509_push(f->ca.all,
		    to_x509(ca_material_cert(f->room.material, roles[i])->der));
	f->ca.ra_sign = sk_X509_value(f->ca.all, 0);
	f->ca.ra_encrypt = sk_X509_value(f->ca.all, 1);
	f->ca.issuing = sk_X509_value(f->ca.all, 2);
	f->ca.root = sk_X509_value(f->ca.all, 3);
	f->e = (struct client_enrolment){
		.ca = &f->ca,
		.csr = { .key = f->w->key,
		    .subject = "/C=US/O=Probe/CN=device",
		    .challenge = STATIC },
	};
}

static inline void
flow_next(struct flow *f)
{
	client_prepared_clear(&f->sent);
	client_certrep_clear(&f->rep);
	memset(&f->rep, 0, sizeof(f->rep));
	if (f->has_exchange)
		ndes_exchange_clear(&f->x);
	f->has_exchange = false;
}

static inline void
flow_close(struct flow *f)
{
	flow_next(f);
	client_ca_clear(&f->ca);
	room_close(&f->room);
}

/* Send these octets as the body of a POST, whoever may take them. */
static inline void
deliver(struct flow *f, const void *p, size_t n)
{
	struct room_request rq = {
		.method = "POST", .target = POST_TARGET, .body = bytes_of(p, n)
	};
	struct err e = { 0 };

	if (f->has_exchange)
		ndes_exchange_clear(&f->x);
	f->has_exchange = true;
	if (room_walk(&f->room, &f->x, &rq, &e) == -1)
		fail_msg("walk: %s", e.text);
}

/* The same, and they get as far as IIS. */
static inline void
post(struct flow *f, const void *p, size_t n)
{
	deliver(f, p, n);
	assert_true(f->x.evidence.in_iis_log);
	assert_int_equal(f->x.evidence.status, f->x.reply.status);
}

static inline void
prepare(struct flow *f)
{
	flow_next(f);
	need(f, client_prepare(&f->w->c, &f->e, &f->sent));
}

/* Read the reply as a strict client. */
static inline void
read_reply(struct flow *f)
{
	struct client_expect expect = { .message = &f->sent.message,
		.ca = &f->ca,
		.csr_key = f->e.csr.key };
	struct client_bytes body = { NULL, 0 };

	assert_int_equal(f->x.reply.status, 200);
	assert_string_equal(
	    room_header(&f->x, "Content-Type"), "application/x-pki-message");
	need(f, client_bytes_add(&body, f->x.reply.body.p, f->x.reply.body.n));
	need(f, client_certrep_read(&f->w->c, &expect, &body, &f->rep));
	client_bytes_clear(&body);
}

/* Make the enrolment that f->e describes, post it, read the CertRep. */
static inline void
enrol(struct flow *f)
{
	prepare(f);
	post(f, f->sent.der.p, f->sent.der.n);
	read_reply(f);
}

static inline void
assert_issued(const struct flow *f)
{
	if (f->rep.status != 0)
		fail_msg("refused: %s", f->x.outcome.why);
	assert_int_equal(f->x.outcome.decision, NDES_ISSUED);
	assert_int_equal(f->x.answered_by, NDES_LAYER_MSCEP);
	assert_null(f->x.why);
	assert_string_equal(f->rep.server_message, "Issued");
	assert_string_equal(f->rep.scep_error, "");
	assert_int_equal(f->x.outcome.event_id, 0);
}

/* error: SCEP_ERROR as text. */
static inline void
assert_refused(
    const struct flow *f, int fail_info, const char *error, unsigned event)
{
	assert_int_equal(f->rep.status, 2);
	assert_int_equal(f->rep.fail_info, fail_info);
	assert_string_equal(f->rep.scep_error, error);
	assert_int_equal(f->x.outcome.event_id, event);
	assert_int_equal(f->x.outcome.decision, NDES_REFUSED);
	assert_true(strlen(f->x.outcome.why) > 20);
	assert_ptr_equal(f->x.why, f->x.outcome.why);
}

static inline void
new_password(struct flow *f, char out[CHALLENGE_TEXT_MAX])
{
	struct err e = { 0 };

	assert_int_equal(challenge_new(f->room.dep.challenges, &f->room.host,
			     &f->room.env, out, &e),
	    1);
}

#endif
