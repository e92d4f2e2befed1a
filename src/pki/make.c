/* SPDX-License-Identifier: MIT */
/*
 * Certificates and CRLs written backwards and signed, and the PEM around
 * them. What goes into one is the caller's business.
 */
#include "pki/handle.h"

#include <limits.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include "pki/cert.h"
#include "pki/oid.h"

#define SIGNATURE_MAX PKI_RSA_BYTES_MAX
#define DER_MAX (256U * 1024 * 1024) /* a CRL of some millions of entries */
#define PEM_LINE_BYTES 48 /* 64 characters */

typedef void put_fn(struct asn1_writer *w, const void *arg);

/* Run a writer twice: once to count, once into room of just that size; appended to out. */
static int
write_der(struct buf *out, put_fn *put, const void *arg, struct err *e)
{
	struct asn1_writer w;
	uint8_t *room = NULL;

	asn1_write_into(&w, NULL, 0);
	put(&w, arg);
	size_t need = w.need;

	room = buf_grow(out, need);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	asn1_write_into(&w, room, need);
	put(&w, arg);
	return 0;
}

/* Close an extension whose value was written since mark. */
static void
close_extension(
    struct asn1_writer *w, struct bytes oid, bool critical, size_t mark)
{
	asn1_put_header(w, ASN1_ID_OCTET_STRING, mark);
	if (critical)
		asn1_put_bool(w, true);
	asn1_put_oid(w, oid);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
}

void
pki_put_extension(
    struct asn1_writer *w, struct bytes oid, bool critical, struct bytes value)
{
	size_t m = asn1_mark(w);

	asn1_put_raw(w, value);
	close_extension(w, oid, critical, m);
}

/* ---- the signed frame that certificates and CRLs share ---- */

struct signed_frame {
	struct bytes tbs;
	struct bytes signature;
	enum pki_digest digest;
	bool pss;
};

/* RSASSA-PSS with SHA-256 in both places and a salt of 32 octets (RFC 4055). */
static const uint8_t pss_sha256[] = { 0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48,
	0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d,
	0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
	0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01,
	0x20 };

static void
put_sign_alg(struct asn1_writer *w, enum pki_digest digest, bool pss)
{
	if (pss)
		asn1_put_raw(w, bytes_of(pss_sha256, sizeof(pss_sha256)));
	else
		pki_put_rsa_sign_alg(w, digest);
}

static void
put_frame(struct asn1_writer *w, const void *arg)
{
	const struct signed_frame *f = arg;
	size_t m = asn1_mark(w);

	asn1_put_bits(w, f->signature);
	put_sign_alg(w, f->digest, f->pss);
	asn1_put_raw(w, f->tbs);
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
}

/* How it is signed. */
struct signing {
	enum pki_digest digest;
	bool pss, broken;
};

/* Write what is to be signed, sign it, append both to out. */
static int
make_signed(struct pki_ctx *ctx, put_fn *put, const void *spec,
    const struct signing *how, const struct pki_key *issuer, struct buf *out,
    struct err *e)
{
	struct buf tbs, signature;
	int rc = -1;

	buf_init(&tbs, DER_MAX);
	buf_init(&signature, SIGNATURE_MAX);
	if (write_der(&tbs, put, spec, e) < 0 ||
	    pki_sign(ctx, issuer, how->digest, how->pss ? PKI_PSS : PKI_PKCS1,
		buf_bytes(&tbs), &signature, e) < 0)
		goto out;
	if (how->broken && signature.n > 0)
		signature.p[signature.n - 1] ^= 0x01;
	struct signed_frame frame = { .tbs = buf_bytes(&tbs),
		.signature = buf_bytes(&signature),
		.digest = how->digest,
		.pss = how->pss };

	rc = write_der(out, put_frame, &frame, e);
out:
	buf_clear(&tbs);
	buf_clear(&signature);
	return rc;
}

/* ---- certificates ---- */

static void
put_tbs_cert(struct asn1_writer *w, const void *arg)
{
	const struct pki_cert_spec *spec = arg;
	size_t whole = asn1_mark(w);

	if (spec->extensions.n > 0) {
		asn1_put_raw(w, spec->extensions);
		asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
		asn1_put_header(
		    w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 3, whole);
	}
	asn1_put_raw(w, spec->spki);
	asn1_put_raw(w, spec->subject);
	size_t m = asn1_mark(w);

	asn1_put_time(w, spec->not_after);
	asn1_put_time(w, spec->not_before);
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
	asn1_put_raw(w, spec->issuer);
	put_sign_alg(w, spec->digest, spec->pss);
	asn1_put(w, ASN1_ID_INTEGER, spec->serial);
	if (spec->extensions.n > 0) {
		m = asn1_mark(w);
		asn1_put_int(w, 2);
		asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED, m);
	}
	asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
}

int
pki_cert_make(struct pki_ctx *ctx, const struct pki_cert_spec *spec,
    const struct pki_key *issuer, struct buf *out, struct err *e)
{
	const struct signing how = { spec->digest, spec->pss,
		spec->break_signature };

	return make_signed(ctx, put_tbs_cert, spec, &how, issuer, out, e);
}

/* ---- CRLs ---- */

static void
put_crl_extensions(struct asn1_writer *w, const struct pki_crl_spec *spec)
{
	uint8_t number[8];
	size_t whole = asn1_mark(w);

	for (size_t i = 0; i < sizeof(number); i++)
		number[i] = (uint8_t)(spec->number >> (56 - 8 * i));
	asn1_put_uint_bytes(w, bytes_of(number, sizeof(number)));
	close_extension(w, pki_oid_crl_number, false, whole);
	if (spec->aki.n > 0) {
		size_t m = asn1_mark(w);

		asn1_put(w, ASN1_ID_CONTEXT, spec->aki);
		asn1_put_header(w, ASN1_ID_SEQUENCE, m);
		close_extension(w, pki_oid_authority_key_id, false, m);
	}
	asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED, whole);
}

static void
put_crl_entry(struct asn1_writer *w, const struct pki_crl_entry *entry)
{
	uint8_t reason = (uint8_t)entry->reason;
	size_t m = asn1_mark(w);

	if (reason != 0) {
		asn1_put(w, ASN1_ID_ENUMERATED, bytes_of(&reason, 1));
		close_extension(w, pki_oid_crl_reason, false, m);
		asn1_put_header(w, ASN1_ID_SEQUENCE, m);
	}
	asn1_put_time(w, entry->revoked_at);
	asn1_put(w, ASN1_ID_INTEGER, entry->serial);
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
}

static void
put_tbs_crl(struct asn1_writer *w, const void *arg)
{
	const struct pki_crl_spec *spec = arg;
	size_t whole = asn1_mark(w);

	put_crl_extensions(w, spec);
	if (spec->entry_count > 0) {
		size_t m = asn1_mark(w);

		for (size_t i = spec->entry_count; i > 0; i--)
			put_crl_entry(w, &spec->entries[i - 1]);
		asn1_put_header(w, ASN1_ID_SEQUENCE, m);
	}
	asn1_put_time(w, spec->next_update);
	asn1_put_time(w, spec->this_update);
	asn1_put_raw(w, spec->issuer);
	pki_put_rsa_sign_alg(w, spec->digest);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
}

int
pki_crl_make(struct pki_ctx *ctx, const struct pki_crl_spec *spec,
    const struct pki_key *issuer, struct buf *out, struct err *e)
{
	const struct signing how = { .digest = spec->digest };

	return make_signed(ctx, put_tbs_crl, spec, &how, issuer, out, e);
}

/* ---- PEM and key identifiers ---- */

void
pki_pem(struct buf *out, const char *label, struct bytes der)
{
	uint8_t line[PEM_LINE_BYTES / 3 * 4 + 1];

	buf_addf(out, "-----BEGIN %s-----\n", label);
	for (; der.n > 0; der = bytes_from(der, PEM_LINE_BYTES)) {
		size_t n = der.n < PEM_LINE_BYTES ? der.n : PEM_LINE_BYTES;
		int chars = EVP_EncodeBlock(line, der.p, (int)n);

		buf_add(out, bytes_of(line, (size_t)chars));
		buf_add_byte(out, '\n');
	}
	buf_addf(out, "-----END %s-----\n", label);
}

/* The next block. 1: label matched and added; 0: another label; -1: none left. */
static int
next_block(BIO *in, const char *label, struct buf *out)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long n = 0;
	int rc = -1;

	if (PEM_read_bio(in, &name, &header, &data, &n) == 1) {
		rc = strcmp(name, label) == 0;
		if (rc == 1)
			buf_add(out, bytes_of(data, (size_t)n));
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return rc;
}

int
pki_pem_der(struct buf *out, const char *label, struct bytes pem, struct err *e)
{
	BIO *in = NULL;
	int rc;

	if (pem.n > INT_MAX)
		return err_set(e, ERR_LIMIT, "a PEM file of %zu bytes", pem.n);
	in = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (in == NULL)
		return pki_fail(e, ERR_MEMORY, "out of memory");
	do {
		rc = next_block(in, label, out);
	} while (rc == 0);
	BIO_free(in);
	pki_refused();
	if (rc < 0)
		return err_set(e, ERR_INPUT, "no PEM block %s", label);
	if (!buf_ok(out))
		return err_set(e, ERR_MEMORY, "out of memory");
	return 0;
}

int
pki_key_id(
    struct pki_ctx *ctx, struct bytes spki, uint8_t id[20], struct err *e)
{
	uint8_t digest[PKI_DIGEST_MAX];
	struct bytes oid, bits;
	size_t n = 0;
	const char *bad = pki_spki_split(spki, &oid, &bits);

	if (bad != NULL)
		return err_set(e, ERR_INPUT, "a public key: %s", bad);
	if (pki_digest(ctx, PKI_SHA1, bits, digest, &n, e) < 0)
		return -1;
	memcpy(id, digest, 20);
	return 0;
}
