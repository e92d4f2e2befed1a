/* SPDX-License-Identifier: MIT */
/* From an exchange to facts. */
#include "server/facts.h"

#include "pki/oid.h"

#define TEXT_MAX ((size_t)64 << 10)

static const char *const ops[NDES_OPS] = {
	[NDES_OP_NONE] = "none",
	[NDES_OP_BROWSE] = "browse",
	[NDES_OP_GETCACAPS] = "GetCACaps",
	[NDES_OP_GETCACERT] = "GetCACert",
	[NDES_OP_PKIOPERATION] = "PKIOperation",
	[NDES_OP_OTHER] = "other",
	[NDES_OP_ADMIN] = "admin",
	[NDES_OP_SLASH] = "slash",
	[NDES_OP_CERT_ENROLL] = "CertEnroll",
};

void
facts_arrival(struct facts *f, const struct ndes_exchange *x, const char *site)
{
	const struct http_header *agent =
	    http_request_header(&x->rq, "User-Agent");

	f->stage = FACT_AT_ARRIVAL;
	f->headers = x->rq.headers;
	f->header_count = x->rq.header_count;
	facts_text(f, FACT_OP, bytes_str(ops[x->op]));
	facts_text(f, FACT_METHOD, x->rq.method_text);
	facts_text(f, FACT_PATH, x->rq.path);
	facts_text(f, FACT_SCHEME, bytes_str(x->rq.tls ? "https" : "http"));
	facts_number(f, FACT_QUERY_BYTES, (int64_t)x->rq.query.n);
	facts_number(f, FACT_BODY_BYTES, (int64_t)x->rq.body.n);
	if (agent != NULL)
		facts_text(f, FACT_USER_AGENT, agent->value);
	facts_text(f, FACT_CLIENT, bytes_str(x->rq.peer));
	facts_text(f, FACT_SESSION, bytes_str(site));
}

/* ---- the request inside ---- */

/* GeneralNames as "DNS:a, DNS:b"; others by their number. */
static void
add_names(struct buf *out, struct bytes value)
{
	static const char *const kinds[] = { "other", "email", "DNS", "x400",
		"dir", "edi", "URI", "IP", "RID" };
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, names;
	struct asn1_item item;
	unsigned kind;

	asn1_open(&r, value, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &names))
		return;
	while (asn1_next(&names, &item)) {
		kind = item.id & 0x1f;
		if (out->n > 0)
			buf_add_str(out, ", ");
		buf_addf(out, "%s:", kind < nitems(kinds) ? kinds[kind] : "?");
		if (kind == 1 || kind == 2 || kind == 6)
			buf_add(out, item.body);
	}
}

/* A text made in b into a fact, copied into the exchange. */
static void
keep_text(
    struct facts *f, struct ndes_exchange *x, enum fact which, struct buf *b)
{
	struct bytes copy =
	    buf_ok(b) ? arena_copy(&x->arena, buf_bytes(b)) : bytes_of(NULL, 0);

	if (copy.p != NULL)
		facts_text(f, which, copy);
	buf_clear(b);
	buf_init(b, TEXT_MAX);
}

static void
facts_csr(struct facts *f, struct ndes_exchange *x)
{
	const struct scep_message *m = &x->message;
	struct pki_ext ext;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	pki_name_text(&b, m->csr.subject);
	keep_text(f, x, FACT_CSR_SUBJECT, &b);
	if (pki_csr_extension(&m->csr, pki_oid_subject_alt_name, &ext)) {
		add_names(&b, ext.value);
		keep_text(f, x, FACT_CSR_SAN, &b);
	}
	buf_clear(&b);
	if (m->csr_key != NULL) {
		facts_text(f, FACT_CSR_KEY,
		    bytes_str(pki_key_is_rsa(m->csr_key) ? "RSA" : "EC"));
		facts_number(
		    f, FACT_CSR_KEY_BITS, (int64_t)pki_key_bits(m->csr_key));
	}
	if (m->csr.sigalg.digest != PKI_DIGEST_UNKNOWN)
		facts_text(f, FACT_CSR_DIGEST,
		    bytes_str(pki_digest_row(m->csr.sigalg.digest)->name));
}

static void
facts_cms(struct facts *f, const struct scep_message *m)
{
	if (m->digest != PKI_DIGEST_UNKNOWN)
		facts_text(f, FACT_CMS_DIGEST,
		    bytes_str(pki_digest_row(m->digest)->name));
	if (m->cipher.cipher != PKI_CIPHER_UNKNOWN)
		facts_text(f, FACT_CMS_CIPHER,
		    bytes_str(pki_cipher_row(m->cipher.cipher)->name));
	if (m->keytrans.padding == PKI_PKCS1 || m->keytrans.padding == PKI_OAEP)
		facts_text(f, FACT_CMS_KEY_TRANSPORT,
		    bytes_str(
			m->keytrans.padding == PKI_OAEP ? "OAEP" : "PKCS1"));
	if (m->has_signer)
		facts_text(f, FACT_CMS_SIGNER,
		    bytes_str(
			m->signer_self_signed ? "self-signed" : "issued"));
	if (m->recipient_count > 0)
		facts_number(
		    f, FACT_CMS_RECIPIENTS, (int64_t)m->recipient_count);
	facts_text(f, FACT_CMS_ENCODING,
	    bytes_str((m->notes & SCEP_NOTE_BER) != 0 ? "BER" : "DER"));
	facts_text(
	    f, FACT_CMS_VERDICT, bytes_str(scep_verdict_name(m->verdict)));
}

void
facts_message(struct facts *f, struct ndes_exchange *x, uint64_t poll)
{
	const struct scep_message *m = &x->message;
	const char *type = scep_type_name(m->type);

	f->stage = FACT_AT_MESSAGE;
	if (x->message_der.n == 0)
		return;
	if (m->type >= 0) {
		if (strcmp(type, "unknown") == 0)
			type = arena_printf(&x->arena, "%d", m->type);
		if (type != NULL)
			facts_text(f, FACT_MESSAGE_TYPE, bytes_str(type));
	}
	if (m->transaction_id.p != NULL) {
		facts_text(f, FACT_TRANSACTION, m->transaction_id);
		facts_number(f, FACT_POLL, (int64_t)poll);
	}
	if (m->challenge_present)
		facts_text(f, FACT_CHALLENGE, m->challenge);
	if (m->has_csr)
		facts_csr(f, x);
	facts_cms(f, m);
}

/* An attribute's text as it went out, by its name where it has one. */
static void
put_sent(struct facts *f, enum fact which, const struct scep_reply *r,
    enum scep_attribute a, const char *word)
{
	struct bytes text = { NULL, 0 };

	if (word != NULL)
		text = bytes_str(word);
	if (r->odd != NULL && r->odd->value[a].p != NULL)
		text = fact_canonical(which, r->odd->value[a]);
	if (text.p != NULL && (r->odd == NULL || !r->odd->leave_out[a]))
		facts_text(f, which, text);
}

void
facts_reply(struct facts *f, const struct scep_reply *r)
{
	put_sent(f, FACT_PKI_STATUS, r, SCEP_A_STATUS,
	    r->has_status ? scep_status_name(r->status) : NULL);
	put_sent(f, FACT_FAIL_INFO, r, SCEP_A_FAIL_INFO,
	    r->has_fail_info ? scep_fail_name(r->fail_info) : NULL);
}
