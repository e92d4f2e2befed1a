/* SPDX-License-Identifier: MIT */
/*
 * Issuing: a request and a template become a certificate in the store. What of
 * the request is granted is decided in grant.c. This is the busy path: no
 * libcrypto object is made, the parts that never change were encoded at start.
 */
#include <stdlib.h>

#include "ca/grant.h"
#include "ca/impl.h"
#include "ca/parts.h"
#include "ca/serial.h"
#include "ca/template.h"
#include "pki/oid.h"

/* AD CS's codes, from winerror.h */
#define UNSUPPORTED_CERT_TYPE 0x80094800U /* CERTSRV_E_UNSUPPORTED_CERT_TYPE */
#define TEMPLATE_DENIED 0x80094012U /* CERTSRV_E_TEMPLATE_DENIED */
#define KEY_LENGTH 0x80094811U /* CERTSRV_E_KEY_LENGTH */
#define CERT_EXPIRED 0x800b0101U /* CERT_E_EXPIRED */

#define SUBJECT_TEXT_MAX ((size_t)1024 * 1024)
#define CERT_SIZE_MAX ((size_t)1024 * 1024)

/* Everything that one issuing carries along. */
struct issue {
	struct ca *ca;
	struct pki_ctx *ctx;
	const struct ca_material *m;
	const struct ca_request *rq;
	const struct ca_template *template;
	struct ca_grant grant;
	int64_t now;
	struct ca_validity validity;
	uint64_t number; /* of the request, and in the serial */
	uint8_t serial[CA_SERIAL_SIZE];
	uint8_t key_id[20];
	struct buf extensions; /* room that the writer fills from the end */
	struct bytes written; /* lent from extensions */
	struct buf der;
};

/* ---- extensions ---- */

/* A subject that is empty makes the SAN critical (RFC 5280 4.2.1.6). */
static bool
is_critical(const struct issue *is, const struct pki_ext *ext)
{
	if (bytes_eq(ext->oid, pki_oid_key_usage))
		return true;
	if (bytes_eq(ext->oid, pki_oid_subject_alt_name) &&
	    is->grant.subject_empty)
		return true;
	return ext->critical;
}

static void
put_granted(struct asn1_writer *w, const struct issue *is)
{
	for (size_t i = is->grant.n; i > 0; i--) {
		const struct pki_ext *ext = &is->grant.granted[i - 1];

		pki_put_extension(
		    w, ext->oid, is_critical(is, ext), ext->value);
	}
}

static void
put_extensions(struct asn1_writer *w, const struct issue *is)
{
	const struct ca_template *t = is->template;

	asn1_put_raw(w, buf_bytes(&is->m->issued_extensions));
	ca_put_subject_key_id(w, bytes_of(is->key_id, sizeof(is->key_id)));
	ca_put_template_name(w, t->name);
	put_granted(w, is);
	if (!is->grant.has_eku)
		ca_put_eku(w, t->eku, ca_template_eku_count(t));
	if (!is->grant.has_key_usage)
		ca_put_key_usage(w, t->key_usage);
}

static int
encode_extensions(struct issue *is, struct err *e)
{
	/* The granted ones are part of the request; each may grow by a few octets of headers. */
	size_t cap =
	    is->rq->csr->der.n + (size_t)CA_EXTENSIONS_MAX * 16 + CA_EXT_ROOM;
	struct asn1_writer w;
	uint8_t *room;

	buf_init(&is->extensions, cap);
	room = buf_grow(&is->extensions, cap);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a certificate");
	asn1_write_into(&w, room, cap);
	put_extensions(&w, is);
	if (w.overflow)
		return err_set(e, ERR_LIMIT,
		    "the extensions of a certificate are too large");
	is->written = asn1_written(&w);
	return 0;
}

/* ---- the certificate ---- */

/* From a little before now to the period's end, but never past the CA's own dates. */
static bool
set_validity(struct issue *is)
{
	const struct pki_cert *issuing = ca_material_cert(is->m, CA_ISSUING);
	struct ca_validity v = { is->now - is->rq->backdate_s,
		is->now + is->rq->valid_s };

	if (v.not_before < issuing->not_before)
		v.not_before = issuing->not_before;
	if (v.not_after > issuing->not_after)
		v.not_after = issuing->not_after;
	is->validity = v;
	return is->now <= issuing->not_after && v.not_before <= v.not_after;
}

static int
make_certificate(struct issue *is, struct err *e)
{
	struct pki_cert_spec spec = {
		.serial = bytes_of(is->serial, sizeof(is->serial)),
		.issuer = ca_material_cert(is->m, CA_ISSUING)->subject,
		.subject = is->rq->csr->subject,
		.spki = is->rq->csr->spki,
		.not_before = is->validity.not_before,
		.not_after = is->validity.not_after,
		.digest = PKI_SHA256,
	};

	if (pki_key_id(is->ctx, spec.spki, is->key_id, e) == -1 ||
	    encode_extensions(is, e) == -1 ||
	    store_next_serial(is->ca->store, &is->number, e) == -1 ||
	    ca_serial_make(
		is->ca->env, CA_SERIAL_ISSUED, is->number, is->serial, e) == -1)
		return -1;
	spec.extensions = is->written;
	return pki_cert_make(
	    is->ctx, &spec, ca_material_key(is->m, CA_ISSUING), &is->der, e);
}

static int
keep_certificate(struct issue *is, struct err *e)
{
	uint8_t hash[PKI_DIGEST_MAX];
	size_t hash_size = 0;
	struct buf subject;
	int result = -1;

	buf_init(&subject, SUBJECT_TEXT_MAX);
	pki_name_text(&subject, is->rq->csr->subject);
	if (!buf_ok(&subject)) {
		err_set(e, ERR_LIMIT, "the subject of a request is too long");
		goto out;
	}
	if (pki_digest(is->ctx, PKI_SHA256, is->rq->csr->spki, hash, &hash_size,
		e) == -1)
		goto out;
	struct store_cert cert = {
		.serial = bytes_of(is->serial, sizeof(is->serial)),
		.subject = buf_bytes(&subject),
		.transaction_id = is->rq->transaction_id,
		.template_name = bytes_str(is->template->name),
		.key_hash = bytes_of(hash, hash_size),
		.not_before = is->validity.not_before,
		.not_after = is->validity.not_after,
		.issued_at = is->now,
		.der = buf_bytes(&is->der),
	};
	result = store_cert_add(is->ca->store, &cert, e);
out:
	buf_clear(&subject);
	return result;
}

/* ---- lies ---- */

/* The certificate that the client has already: the one that signed the request, else the last one of its key. */
static int
give_previous(struct issue *is, struct buf *out, struct err *e)
{
	uint8_t hash[PKI_DIGEST_MAX];
	size_t n = 0;
	bool found = false;

	if (is->rq->previous.p != NULL) {
		buf_add(out, is->rq->previous);
		return 0;
	}
	if (pki_digest(is->ctx, PKI_SHA256, is->rq->csr->spki, hash, &n, e) ==
	    -1)
		return -1;
	return store_cert_last_of_key(
	    is->ca->store, bytes_of(hash, n), out, &found, e);
}

/* What leaves the CA instead of the sound certificate, which is never kept then. */
static int
twist(struct issue *is, struct err *e)
{
	const struct ca_twist *t = is->rq->twist;
	struct asn1_fault fault = { 0 };
	struct pki_cert honest;
	struct ca_twisting from = { .honest = &honest,
		.signer = ca_material_key(is->m, CA_ISSUING) };
	struct buf out, last;
	int rc = 0;

	buf_init(&out, 4 * CERT_SIZE_MAX);
	buf_init(&last, 256);
	if (t->previous) {
		rc = give_previous(is, &out, e);
	} else if (!pki_cert_parse(&honest, buf_bytes(&is->der), &fault)) {
		rc = err_set(e, ERR_INPUT, "our own certificate is unreadable");
	} else {
		if (t->serial == CA_SERIAL_REPEATED)
			rc = store_cert_last_serial(is->ca->store, &last, e);
		from.last = buf_bytes(&last);
		if (rc == 0)
			rc = ca_twist_cert(
			    is->ctx, is->m, &from, t, is->now, &out, e);
	}
	buf_clear(&last);
	if (rc == 0 && !buf_ok(&out))
		rc = err_set(e, ERR_LIMIT, "a twisted certificate too large");
	if (rc == 0 && out.n > 0) {
		buf_clear(&is->der);
		is->der = out;
		return 0;
	}
	buf_clear(&out);
	return rc;
}

/* A lie is kept as it was told, where the store can hold it: a serial number is there once. */
static int
keep(struct issue *is, struct err *e)
{
	const struct ca_twist *t = is->rq->twist;

	if (is->rq->dry ||
	    (t != NULL && (t->previous || t->serial != CA_SERIAL_AS_IS)))
		return 0;
	return keep_certificate(is, e);
}

static int
issue(struct issue *is, struct ca_answer *answer, struct err *e)
{
	buf_init(&is->der, CERT_SIZE_MAX);
	if (make_certificate(is, e) == -1 ||
	    (is->rq->twist != NULL && twist(is, e) == -1) ||
	    keep(is, e) == -1) {
		buf_clear(&is->der);
		buf_clear(&is->extensions);
		return -1;
	}
	buf_clear(&is->extensions);
	*answer = (struct ca_answer){
		.issued = true, .der = is->der, .request_id = is->number
	};
	return 0;
}

/* ---- refusing ---- */

/* Requests that are refused have a number too. */
static int
refuse(const struct issue *is, struct ca_answer *answer, uint32_t hresult,
    const char *reason, struct err *e)
{
	uint64_t number = 0;

	if (store_next_serial(is->ca->store, &number, e) == -1)
		return -1;
	*answer = (struct ca_answer){
		.hresult = hresult, .reason = reason, .request_id = number
	};
	return 0;
}

/* The minimum of a template is one for RSA keys. */
static bool
is_key_short(const struct ca_request *rq)
{
	return rq->key != NULL && pki_key_is_rsa(rq->key) &&
	    pki_key_bits(rq->key) < rq->minimum_key_size;
}

int
ca_issue(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    const struct ca_request *rq, struct ca_answer *answer, struct err *e)
{
	struct issue is = {
		.ca = ca,
		.ctx = ctx,
		.m = m,
		.rq = rq,
		.template = ca_template_find(rq->template_name),
		.now = env_now(ca->env),
	};

	if (is.template == NULL || rq->withdrawn)
		return refuse(&is, answer, UNSUPPORTED_CERT_TYPE,
		    "the requested certificate template is not supported by "
		    "this CA",
		    e);
	if (!rq->may_enroll)
		return refuse(&is, answer, TEMPLATE_DENIED,
		    "the permissions on the certificate template do not allow "
		    "the current user to enroll for this type of certificate",
		    e);
	if (!set_validity(&is))
		return refuse(&is, answer, CERT_EXPIRED,
		    "the CA certificate is not within its validity period", e);
	if (!ca_grant_weigh(&is.grant, rq->csr))
		return refuse(
		    &is, answer, is.grant.hresult, is.grant.reason, e);
	if (is_key_short(rq))
		return refuse(&is, answer, KEY_LENGTH,
		    "the public key does not meet the minimum size required "
		    "by the specified certificate template",
		    e);
	return issue(&is, answer, e);
}
