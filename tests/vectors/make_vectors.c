/* SPDX-License-Identifier: MIT */
/*
 * Writes the vectors of this folder: one folder a message, with what the codec
 * has to say about it. Run once, from the root of the repository; what it
 * wrote is kept, because keys and paddings are drawn anew each time. The RA's
 * certificate and key lie beside the vectors. Links tests/support/cmsmake*.c
 * and libcrypto:
 *
 *	cc -D_GNU_SOURCE -Itests -o /tmp/make_vectors tests/vectors/make_vectors.c \
 *	    tests/support/cmsmake*.c -lcrypto && /tmp/make_vectors
 */
#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/cmsmake.h"

#define ROOT "tests/vectors"
#define AES128 "2.16.840.1.101.3.4.1.2"
#define RSA_OID "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define RSA_OID_N 9

#define PRINTABLE 0x13
#define OCTETS 0x04

/* Attributes as a client sends them; rows change one. */
#define TRANSACTION                                                 \
	{                                                           \
		CM_TRANSACTION, PRINTABLE, "1F2E3D4C5B6A7988", 0, 1 \
	}
#define TYPE(n)                             \
	{                                   \
		CM_TYPE, PRINTABLE, n, 0, 1 \
	}
#define NONCE                                                     \
	{                                                         \
		CM_SENDER_NONCE, OCTETS, "0123456789abcdef", 0, 1 \
	}
#define END                         \
	{                           \
		NULL, 0, NULL, 0, 0 \
	}

struct world {
	struct cm_party ra, client;
	struct cm_bytes csr, envelope;
};

/* ---- writing ---- */

static void
make_folder(const char *path)
{
	CM_NEED(mkdir(path, 0777) == 0 || errno == EEXIST);
}

static void
write_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	CM_NEED(f != NULL);
	CM_NEED(n == 0 || fwrite(p, 1, n, f) == n);
	CM_NEED(fclose(f) == 0);
}

/* name: "invalid/no-transaction-id". Consumes the message. */
static void
vector(const char *name, struct cm_bytes msg, const char *verdict,
    const char *stage)
{
	char path[512], text[256];
	int n;

	(void)snprintf(path, sizeof(path), ROOT "/%s", name);
	make_folder(path);
	(void)snprintf(path, sizeof(path), ROOT "/%s/message.der", name);
	write_file(path, msg.p, msg.n);
	(void)snprintf(path, sizeof(path), ROOT "/%s/expected", name);
	n = snprintf(
	    text, sizeof(text), "verdict: %s\nstage: %s\n", verdict, stage);
	write_file(path, text, (size_t)n);
	cm_free(&msg);
}

/* ---- attributes ---- */

struct attr_row {
	const char *name;
	struct cm_attr attrs[8];
	const char *verdict;
};

static const struct attr_row attr_rows[] = {
	{ "no-transaction-id", { TYPE("19"), NONCE, END },
	    "attribute missing" },
	{ "no-message-type", { TRANSACTION, NONCE, END }, "attribute missing" },
	{ "type-not-a-number", { TRANSACTION, TYPE("PKCSReq"), NONCE, END },
	    "attribute bad" },
	{ "type-negative", { TRANSACTION, TYPE("-19"), NONCE, END },
	    "attribute bad" },
	{ "type-with-blank", { TRANSACTION, TYPE("19 "), NONCE, END },
	    "attribute bad" },
	{ "type-too-large", { TRANSACTION, TYPE("19000000000"), NONCE, END },
	    "attribute bad" },
	{ "type-as-integer",
	    { TRANSACTION, { CM_TYPE, 0x02, "\x13", 1, 1 }, NONCE, END },
	    "attribute bad" },
	{ "type-empty",
	    { TRANSACTION, { CM_TYPE, PRINTABLE, "", 0, 1 }, NONCE, END },
	    "attribute bad" },
	{ "transaction-empty",
	    { { CM_TRANSACTION, PRINTABLE, "", 0, 1 }, TYPE("19"), NONCE, END },
	    "attribute bad" },
	{ "transaction-twice",
	    { TRANSACTION, { CM_TRANSACTION, PRINTABLE, "other", 0, 1 },
		TYPE("19"), NONCE, END },
	    "attribute bad" },
	{ "transaction-with-two-values",
	    { { CM_TRANSACTION, PRINTABLE, "1F2E", 0, 2 }, TYPE("19"), NONCE,
		END },
	    "attribute bad" },
	{ "transaction-without-value",
	    { { CM_TRANSACTION, PRINTABLE, NULL, 0, 1 }, TYPE("19"), NONCE,
		END },
	    "attribute bad" },
	{ "transaction-as-octets",
	    { { CM_TRANSACTION, OCTETS, "1F2E", 0, 1 }, TYPE("19"), NONCE,
		END },
	    "attribute bad" },
	{ "nonce-as-string",
	    { TRANSACTION, TYPE("19"),
		{ CM_SENDER_NONCE, PRINTABLE, "0123456789abcdef", 0, 1 }, END },
	    "attribute bad" },
	{ "certrep-without-status", { TRANSACTION, TYPE("3"), NONCE, END },
	    "attribute missing" },
	{ "failure-without-fail-info",
	    { TRANSACTION, TYPE("3"), { CM_STATUS, PRINTABLE, "2", 0, 1 },
		NONCE, END },
	    "attribute missing" },
};

static const struct cm_attr plain_attrs[] = { TRANSACTION, TYPE("19"), NONCE,
	END };

static struct cm_hand_signed
plain(const struct world *w)
{
	return (struct cm_hand_signed){
		.signer = &w->client, .attrs = plain_attrs, .certs = 1
	};
}

static struct cm_bytes
signed_by(const struct world *w, const struct cm_hand_signed *spec)
{
	return cm_signed_by_hand(spec, w->envelope.p, w->envelope.n);
}

static void
attribute_vectors(const struct world *w)
{
	char name[128];

	for (size_t i = 0; i < sizeof(attr_rows) / sizeof(attr_rows[0]); i++) {
		struct cm_hand_signed spec = plain(w);

		spec.attrs = attr_rows[i].attrs;
		(void)snprintf(
		    name, sizeof(name), "invalid/%s", attr_rows[i].name);
		vector(name, signed_by(w, &spec), attr_rows[i].verdict,
		    "the SignedData");
	}
}

static void
many_attributes(const struct world *w)
{
	struct cm_hand_signed spec = plain(w);
	struct cm_attr attrs[CM_ATTRS_MAX] = { TRANSACTION, TYPE("19"), NONCE };
	char oids[CM_ATTRS_MAX][32], longest[1026];

	/* contentType and messageDigest count too */
	for (size_t i = 3; i < 62; i++) {
		(void)snprintf(oids[i], sizeof(oids[i]), "1.2.3.%zu", i);
		attrs[i] = (struct cm_attr){ oids[i], PRINTABLE, "x", 0, 1 };
	}
	spec.attrs = attrs;
	vector("valid/attributes-64", signed_by(w, &spec), "sound",
	    "the proof of possession");
	(void)snprintf(oids[62], sizeof(oids[62]), "1.2.3.62");
	attrs[62] = (struct cm_attr){ oids[62], PRINTABLE, "x", 0, 1 };
	vector("invalid/attributes-65", signed_by(w, &spec), "over limit",
	    "the SignedData");
	memset(longest, 'T', sizeof(longest));
	memset(attrs, 0, sizeof(attrs));
	attrs[0] =
	    (struct cm_attr){ CM_TRANSACTION, PRINTABLE, longest, 1024, 1 };
	attrs[1] = (struct cm_attr)TYPE("19");
	vector("valid/transaction-1024", signed_by(w, &spec), "sound",
	    "the proof of possession");
	attrs[0].n = 1025;
	vector("invalid/transaction-1025", signed_by(w, &spec), "over limit",
	    "the SignedData");
}

/* ---- SignedData ---- */

/* The client as a signer whose certificate states a key of an unknown kind. */
static struct cm_bytes
unknown_key(const struct world *w)
{
	struct cm_hand_signed spec = plain(w);
	struct cm_party odd = w->client;
	unsigned char *at;
	struct cm_bytes msg;

	odd.der = cm_copy(w->client.der.p, w->client.der.n);
	at = memmem(odd.der.p, odd.der.n, RSA_OID, RSA_OID_N);
	CM_NEED(at != NULL);
	at[RSA_OID_N - 1] = 0x63;
	spec.signer = &odd;
	msg = signed_by(w, &spec);
	cm_free(&odd.der);
	return msg;
}

struct signed_row {
	const char *name;
	struct cm_hand_signed
	    change; /* members that are set replace the plain ones */
	const char *verdict, *stage;
};

static const struct signed_row signed_rows[] = {
	{ "invalid/no-signer-info", { .no_signer_info = true, .certs = 1 },
	    "no SignerInfo", "the SignedData" },
	{ "invalid/no-signed-attributes", { .no_attributes = true, .certs = 1 },
	    "no signed attributes", "the SignedData" },
	{ "invalid/no-content-type", { .no_content_type = true, .certs = 1 },
	    "attribute missing", "the SignedData" },
	{ "invalid/no-message-digest", { .no_digest = true, .certs = 1 },
	    "attribute missing", "the SignedData" },
	{ "invalid/no-signer-certificate", { .certs = 0 },
	    "no signer certificate", "the signed attributes" },
	{ "invalid/certificates-33", { .certs = 33 }, "over limit",
	    "the ContentInfo" },
	{ "valid/certificates-32", { .certs = 32 }, "sound",
	    "the proof of possession" },
	{ "invalid/digest-unknown", { .digest_oid = "1.2.3.4", .certs = 1 },
	    "algorithm unknown", "the signer's certificate" },
	{ "invalid/signature-algorithm-unknown",
	    { .sig_oid = "1.2.3.4", .certs = 1 }, "algorithm unknown",
	    "the signer's certificate" },
	{ "invalid/digest-wrong", { .damage_digest = true, .certs = 1 },
	    "digest wrong", "the signer's certificate" },
	{ "invalid/signature-wrong", { .damage_signature = true, .certs = 1 },
	    "signature wrong", "the signer's certificate" },
	{ "invalid/content-type-other",
	    { .content_oid = "1.2.3.4", .certs = 1 }, "not enveloped",
	    "the signature" },
	{ "invalid/digested-data",
	    { .outer_oid = "1.2.840.113549.1.7.5", .certs = 1 },
	    "not SignedData", "nothing" },
	{ "valid/ber-in-pieces", { .piece = 1000, .certs = 1 }, "sound",
	    "the proof of possession" },
	{ "valid/attributes-unsorted", { .order = CM_REVERSED, .certs = 1 },
	    "sound", "the proof of possession" },
	{ "valid/attributes-signed-as-sent",
	    { .order = CM_REVERSED_AS_SENT, .certs = 1 }, "sound",
	    "the proof of possession" },
};

static void
signed_vectors(const struct world *w)
{
	struct cm_hand_signed spec = plain(w);

	for (size_t i = 0; i < sizeof(signed_rows) / sizeof(signed_rows[0]);
	     i++) {
		struct cm_hand_signed change = signed_rows[i].change;

		change.signer = spec.signer;
		change.attrs = spec.attrs;
		vector(signed_rows[i].name, signed_by(w, &change),
		    signed_rows[i].verdict, signed_rows[i].stage);
	}
	vector("invalid/signer-key-unknown", unknown_key(w), "signer key bad",
	    "the signed attributes");
	spec.no_content = true;
	vector("invalid/content-absent", cm_signed_by_hand(&spec, "", 0),
	    "no content", "the signature");
	spec.no_content = false;
	vector("invalid/content-empty", cm_signed_by_hand(&spec, "", 0),
	    "no content", "the signature");
	vector("invalid/content-one-zero-byte",
	    cm_signed_by_hand(&spec, "\0", 1), "not enveloped",
	    "the signature");
	vector("invalid/content-bare-pkcs10",
	    cm_signed_by_hand(&spec, w->csr.p, w->csr.n), "not enveloped",
	    "the signature");
	vector("invalid/content-cut-envelope",
	    cm_signed_by_hand(&spec, w->envelope.p, w->envelope.n - 100),
	    "not enveloped", "the signature");
}

/* ---- envelopes ---- */

struct envelope_row {
	const char *name;
	struct cm_hand_envelope change;
	bool to_client;
	const char *verdict, *stage;
};

#define PLAIN_CIPHER .cipher = "AES-128-CBC", .cipher_oid = AES128

static const struct envelope_row envelope_rows[] = {
	{ "invalid/wrong-recipient", { PLAIN_CIPHER }, true, "wrong recipient",
	    "the EnvelopedData" },
	{ "valid/recipients-32", { PLAIN_CIPHER, .strangers = 31 }, false,
	    "sound", "the proof of possession" },
	{ "invalid/recipients-33", { PLAIN_CIPHER, .strangers = 32 }, false,
	    "over limit", "the signature" },
	{ "invalid/key-damaged", { PLAIN_CIPHER, .damage_key = true }, false,
	    "key not unwrapped", "the EnvelopedData" },
	{ "invalid/key-transport-unknown",
	    { PLAIN_CIPHER, .keytrans_oid = "1.2.3.4" }, false,
	    "algorithm unknown", "the EnvelopedData" },
	{ "invalid/cipher-unknown",
	    { .cipher = "AES-128-CBC", .cipher_oid = "1.2.3.4" }, false,
	    "algorithm unknown", "the RecipientInfo" },
	{ "invalid/cipher-other",
	    { .cipher = "AES-128-CBC", .cipher_oid = "1.2.840.113549.3.7" },
	    false, "not decrypted", "the RecipientInfo" },
	{ "invalid/contents-damaged", { PLAIN_CIPHER, .damage_padding = true },
	    false, "not decrypted", "the RecipientInfo" },
	{ "invalid/contents-absent", { PLAIN_CIPHER, .no_content = true },
	    false, "not decrypted", "the RecipientInfo" },
	{ "valid/envelope-in-pieces", { PLAIN_CIPHER, .piece = 100 }, false,
	    "sound", "the proof of possession" },
	{ "valid/recipient-by-key-identifier", { PLAIN_CIPHER, .ski = true },
	    false, "sound", "the proof of possession" },
	{ "valid/recipient-reordered", { PLAIN_CIPHER, .reversed = true },
	    false, "sound", "the proof of possession" },
	{ "valid/aes-gcm",
	    { .cipher = "AES-128-GCM", .cipher_oid = "2.16.840.1.101.3.4.1.6" },
	    false, "sound", "the proof of possession" },
	{ "valid/single-des",
	    { .cipher = "DES-CBC", .cipher_oid = "1.3.14.3.2.7" }, false,
	    "sound", "the proof of possession" },
};

static void
envelope_vectors(const struct world *w)
{
	struct cm_hand_signed spec = plain(w);

	for (size_t i = 0; i < sizeof(envelope_rows) / sizeof(envelope_rows[0]);
	     i++) {
		struct cm_hand_envelope change = envelope_rows[i].change;
		struct cm_bytes env;

		change.to = envelope_rows[i].to_client ? &w->client : &w->ra;
		env = cm_envelope_by_hand(&change, w->csr.p, w->csr.n);
		vector(envelope_rows[i].name,
		    cm_signed_by_hand(&spec, env.p, env.n),
		    envelope_rows[i].verdict, envelope_rows[i].stage);
		cm_free(&env);
	}
}

/* ---- messageData ---- */

/* Consumes inner. */
static struct cm_bytes
with_inner(const struct world *w, const char *type, struct cm_bytes inner)
{
	const struct cm_attr attrs[] = { TRANSACTION, TYPE(type), NONCE, END };
	struct cm_hand_envelope envelope = { .to = &w->ra, PLAIN_CIPHER };
	struct cm_hand_signed spec = plain(w);
	struct cm_bytes env, msg;

	spec.attrs = attrs;
	env = cm_envelope_by_hand(&envelope, inner.p, inner.n);
	msg = cm_signed_by_hand(&spec, env.p, env.n);
	cm_free(&env);
	cm_free(&inner);
	return msg;
}

static struct cm_bytes
csr_again(const struct world *w)
{
	return cm_copy(w->csr.p, w->csr.n);
}

static void
inner_vectors(const struct world *w)
{
	const char *inner = "the decrypted contents";
	X509 *certs[] = { w->client.cert };

	vector("invalid/inner-text", with_inner(w, "19", cm_copy("hello", 5)),
	    "bad inner message", inner);
	vector("invalid/inner-empty", with_inner(w, "19", cm_empty()),
	    "bad inner message", inner);
	vector("invalid/inner-certificates",
	    with_inner(w, "19", cm_certs_only(certs, 1)), "bad inner message",
	    inner);
	vector("invalid/poll-with-pkcs10", with_inner(w, "20", csr_again(w)),
	    "bad inner message", inner);
	vector("invalid/getcert-with-pkcs10", with_inner(w, "21", csr_again(w)),
	    "bad inner message", inner);
	vector("invalid/no-possession",
	    with_inner(w, "19",
		cm_csr(&(struct cm_csr_spec){ .key = w->client.key,
		    .signer = w->ra.key,
		    .cn = "device" })),
	    "no proof of possession", "the messageData");
	vector("valid/poll",
	    with_inner(w, "20",
		CM_TLV(
		    0x30, CM_TLV(0x30, cm_empty()), CM_TLV(0x30, cm_empty()))),
	    "sound", "the messageData");
	vector("valid/getcert",
	    with_inner(w, "21", cm_issuer_serial(w->ra.cert, false)), "sound",
	    "the messageData");
	vector("valid/unknown-type", with_inner(w, "99", csr_again(w)), "sound",
	    "the decrypted contents");
}

/* ---- not messages at all ---- */

/* A ContentInfo that says SignedData, around something. Consumes inside. */
static struct cm_bytes
content_info(struct cm_bytes inside)
{
	return CM_TLV(
	    0x30, cm_oid("1.2.840.113549.1.7.2"), CM_TLV(0xa0, inside));
}

static struct cm_bytes
nested(int id, unsigned depth)
{
	struct cm_bytes all = cm_empty();

	for (unsigned i = 0; i < depth; i++)
		all = CM_TLV(id, all);
	return all;
}

static void
foreign_vectors(const struct world *w)
{
	struct cm_hand_signed spec = plain(w);
	struct cm_bytes whole = signed_by(w, &spec);
	char page[400];

	vector("valid/plain", cm_copy(whole.p, whole.n), "sound",
	    "the proof of possession");
	vector("invalid/truncated-half", cm_copy(whole.p, whole.n / 2),
	    "truncated", "the ContentInfo");
	vector("invalid/truncated-by-one", cm_copy(whole.p, whole.n - 1),
	    "truncated", "the ContentInfo");
	vector("invalid/truncated-in-header", cm_copy(whole.p, 3), "truncated",
	    "nothing");
	vector("invalid/empty", cm_empty(), "truncated", "nothing");
	cm_free(&whole);
	vector("invalid/text", cm_copy("\xff\xff garbage", 10), "not ASN.1",
	    "nothing");
	memset(page, ' ', sizeof(page));
	memcpy(page, "<html><body>", 12);
	vector("invalid/html-page", cm_copy(page, sizeof(page)),
	    "not SignedData", "nothing");
	vector(
	    "invalid/bare-pkcs10", csr_again(w), "not SignedData", "nothing");
	vector("invalid/bare-envelope", cm_copy(w->envelope.p, w->envelope.n),
	    "not SignedData", "nothing");
	vector("invalid/signed-data-of-octets",
	    content_info(cm_string(OCTETS, "no")), "not SignedData",
	    "the ContentInfo");
	vector("invalid/primitive-of-indefinite-length",
	    content_info(
		CM_TLV(0x30, cm_int(1), cm_copy("\x31\x00\x04\x80\0\0", 6))),
	    "not SignedData", "the ContentInfo");
	vector("invalid/length-beyond-parent",
	    content_info(cm_copy("\x30\x7f\x02\x01\x01", 5)), "not ASN.1",
	    "the ContentInfo");
	vector("invalid/nested-absurdly",
	    content_info(nested(0x30 | CM_INDEFINITE, 200)), "over limit",
	    "the ContentInfo");
	vector("invalid/octets-nested-absurdly",
	    content_info(CM_TLV(0x30, cm_int(1), CM_TLV(0x31, cm_empty()),
		CM_TLV(0x30, cm_oid("1.2.840.113549.1.7.1"),
		    CM_TLV(0xa0, nested(0x24, 60))))),
	    "over limit", "the ContentInfo");
}

static void
write_ra(const struct cm_party *ra)
{
	BIO *out = BIO_new_file(ROOT "/ra.key", "w");

	CM_NEED(out != NULL);
	CM_NEED(PEM_write_bio_PKCS8PrivateKey(
	    out, ra->key, NULL, NULL, 0, NULL, NULL));
	BIO_free(out);
	write_file(ROOT "/ra.der", ra->der.p, ra->der.n);
}

int
main(void)
{
	OSSL_PROVIDER *providers[2];
	struct world w;

	cm_providers(providers);
	cm_party_make(&w.ra,
	    &(struct cm_party_spec){ .bits = 2048,
		.cn = "MOCK vectors RA, do not trust",
		.o = "MOCK",
		.serial_hex = "6800000009DAA7E5E310F95C4F000000000009",
		.ski = true });
	cm_party_make(&w.client,
	    &(struct cm_party_spec){
		.bits = 2048, .cn = "device", .ski = true });
	w.csr = cm_csr(&(struct cm_csr_spec){
	    .key = w.client.key, .cn = "device", .challenge = "secret" });
	w.envelope = cm_envelope_by_hand(
	    &(struct cm_hand_envelope){ .to = &w.ra, PLAIN_CIPHER }, w.csr.p,
	    w.csr.n);
	make_folder(ROOT "/valid");
	make_folder(ROOT "/invalid");
	write_ra(&w.ra);
	attribute_vectors(&w);
	many_attributes(&w);
	signed_vectors(&w);
	envelope_vectors(&w);
	inner_vectors(&w);
	foreign_vectors(&w);
	cm_free(&w.csr);
	cm_free(&w.envelope);
	cm_party_free(&w.ra);
	cm_party_free(&w.client);
	cm_providers_free(providers);
	return 0;
}
