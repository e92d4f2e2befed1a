/* SPDX-License-Identifier: MIT */
/*
 * What every test of the codec starts from: a client and an RA made with
 * libcrypto, the RA as the codec's identity, and messages between them. For
 * test programs in this folder.
 */
#ifndef UNIT_SCEP_FIXTURE_H
#define UNIT_SCEP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "scep/message.h"
#include "support/cmsmake.h"

#define ARENA_MAX ((size_t)8 << 20)

#define TRANSACTION "1F2E3D4C5B6A79880123456789ABCDEF"
#define NONCE "0123456789abcdef"
#define CHALLENGE "4C7D1A90B2E3F456"

struct fixture {
	OSSL_PROVIDER *providers[2];
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct cm_party client, ra;
	struct pki_cert ra_cert;
	struct pki_key *ra_key;
	struct scep_identity open;
	struct cm_bytes csr; /* of the client's key */
};

struct decoded {
	struct arena arena;
	struct scep_message m;
};

static const struct cm_attr pkcsreq_attrs[] = {
	{ CM_TRANSACTION, ASN1_ID_PRINTABLE_STRING, TRANSACTION, 0, 1 },
	{ CM_TYPE, ASN1_ID_PRINTABLE_STRING, "19", 0, 1 },
	{ CM_SENDER_NONCE, ASN1_ID_OCTET_STRING, NONCE, 0, 1 },
	{ NULL, 0, NULL, 0, 0 },
};

static inline struct bytes
span(const struct cm_bytes *b)
{
	return bytes_of(b->p, b->n);
}

static inline struct pki_key *
key_of(struct fixture *f, EVP_PKEY *key)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct pki_key *k = NULL;
	struct err e = { 0 };
	char *p = NULL;

	CM_NEED(
	    PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
	long n = BIO_get_mem_data(out, &p);

	if (pki_key_from_pem(&k, f->lib, bytes_of(p, (size_t)n), &e) == -1)
		fail_msg("%s", e.text);
	BIO_free(out);
	return k;
}

static inline void
cert_of(struct pki_cert *cert, const struct cm_party *party)
{
	struct asn1_fault fault = { 0 };

	if (!pki_cert_parse(cert, span(&party->der), &fault))
		fail_msg("%s at %zu", fault.why, fault.at);
}

/* bits 0: the keys of certs/. */
static inline void
fixture_make(struct fixture *f, unsigned bits)
{
	const char *client_file = bits == 0 ? "certs/stranger.key" : NULL;
	const char *ra_file = bits == 0 ? "certs/ra-encrypt.key" : NULL;
	struct err e = { 0 };

	memset(f, 0, sizeof(*f));
	cm_providers(f->providers);
	f->lib = pki_lib_new(&e);
	f->ctx = f->lib == NULL ? NULL : pki_ctx_new(f->lib, &e);
	if (f->ctx == NULL)
		fail_msg("%s", e.text);
	cm_party_make(&f->client,
	    &(struct cm_party_spec){ .key_file = client_file,
		.bits = bits,
		.cn = "device",
		.ski = true });
	cm_party_make(&f->ra,
	    &(struct cm_party_spec){ .key_file = ra_file,
		.bits = bits,
		.cn = "RA",
		.o = "Probe",
		.serial_hex = "6800000009DAA7E5E310F95C4F000000000009",
		.ski = true });
	cert_of(&f->ra_cert, &f->ra);
	f->ra_key = key_of(f, f->ra.key);
	f->open = (struct scep_identity){ &f->ra_cert, f->ra_key };
	f->csr = cm_csr(&(struct cm_csr_spec){
	    .key = f->client.key, .cn = "device", .challenge = CHALLENGE });
}

static inline void
fixture_free(struct fixture *f)
{
	cm_free(&f->csr);
	cm_party_free(&f->client);
	cm_party_free(&f->ra);
	pki_key_free(f->ra_key);
	pki_ctx_free(f->ctx);
	pki_lib_free(f->lib);
	cm_providers_free(f->providers);
}

/* The enveloped PKCS#10 as libcrypto makes it, AES-128-CBC and PKCS#1 v1.5. */
static inline struct cm_bytes
plain_envelope(struct fixture *f)
{
	return cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			       .cipher = "AES-128-CBC" },
	    f->csr.p, f->csr.n);
}

/* A sound PKCSReq as libcrypto makes it. */
static inline struct cm_bytes
plain_message(struct fixture *f)
{
	struct cm_bytes env = plain_envelope(f);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .attrs = pkcsreq_attrs },
		env.p, env.n);

	cm_free(&env);
	return msg;
}

static inline void
decode_with(struct fixture *f, struct decoded *d, struct bytes body,
    const struct scep_identity *open, size_t open_count,
    const struct pki_cert *trusted, size_t trusted_count)
{
	struct err e = { 0 };

	arena_init(&d->arena, ARENA_MAX);
	if (scep_message_decode(&d->m, f->ctx, &d->arena, body, open,
		open_count, trusted, trusted_count, &e) == -1)
		fail_msg("%s", e.text);
}

static inline void
decode(struct fixture *f, struct decoded *d, const struct cm_bytes *body)
{
	decode_with(f, d, span(body), &f->open, 1, NULL, 0);
}

static inline void
decoded_clear(struct decoded *d)
{
	scep_message_clear(&d->m);
	arena_clear(&d->arena);
}

/* title: the sentence of the row. */
static inline void
expect_verdict(const char *title, const struct scep_message *m,
    enum scep_verdict v, enum scep_stage stage)
{
	if (m->verdict != v || m->stage != stage)
		fail_msg(
		    "%s: \"%s\" after %s (%s at %zu), wanted \"%s\" after %s",
		    title, scep_verdict_name(m->verdict),
		    scep_stage_name(m->stage), m->what, m->stopped_at,
		    scep_verdict_name(v), scep_stage_name(stage));
}

static inline void
expect_span(const char *title, struct bytes found, struct bytes wanted)
{
	if (!bytes_eq(found, wanted))
		fail_msg("%s: other bytes than wanted (%zu, %zu)", title,
		    found.n, wanted.n);
}

/* Everything of a sound PKCSReq is there. */
static inline void
expect_pkcsreq(
    const char *title, struct fixture *f, const struct scep_message *m)
{
	expect_verdict(title, m, SCEP_SOUND, SCEP_AT_POSSESSION);
	assert_string_equal(m->what, "");
	assert_int_equal(m->type, SCEP_PKCSREQ);
	expect_span(title, m->transaction_id, BYTES_LIT(TRANSACTION));
	expect_span(title, m->sender_nonce, BYTES_LIT(NONCE));
	expect_span(title, m->signer.der, span(&f->client.der));
	expect_span(title, m->content, span(&f->csr));
	expect_span(title, m->csr.der, span(&f->csr));
	expect_span(title, m->challenge, BYTES_LIT(CHALLENGE));
	assert_true(m->has_csr && m->has_signer && m->challenge_present);
	assert_ptr_equal(m->csr_key, m->signer_key);
}

#endif
