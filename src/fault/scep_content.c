/* SPDX-License-Identifier: MIT */
/* What is in a CertRep, and the envelope around it. */
#include "fault/scep_edit.h"

#define INNER_MAX ((size_t)32 << 20)

/* Can an envelope be made for it? What has no RSA key can't get one. */
static bool
can_unwrap(const struct pki_key *key)
{
	return key != NULL && pki_key_is_rsa(key);
}

/* An envelope where the honest reply has none: its recipient, cipher and key. */
static void
begin_envelope(struct scep_edit *x)
{
	const struct scep_message *m = x->s->message;
	struct scep_reply *r = x->r;

	if (r->content == SCEP_CONTENT_ENVELOPE)
		return;
	if (!can_unwrap(r->recipient_key) || r->recipient == NULL) {
		if (m == NULL || !can_unwrap(m->signer_key))
			return;
		r->recipient = &m->signer;
		r->recipient_key = m->signer_key;
		r->keytrans = PKI_PKCS1;
		r->cipher = m->cipher.cipher;
	}
	if (r->cipher == PKI_CIPHER_UNKNOWN)
		r->cipher = PKI_DES3_CBC;
	r->content = SCEP_CONTENT_ENVELOPE;
}

static int
edit_cipher(struct scep_edit *x, struct err *e)
{
	const struct pki_cipher_row *row;
	struct scep_reply *r = x->r;

	if (x->f->cipher != PKI_CIPHER_UNKNOWN)
		r->cipher = x->f->cipher;
	if (x->f->oaep != FAULT_AS_IS)
		r->keytrans = x->f->oaep == FAULT_YES ? PKI_OAEP : PKI_PKCS1;
	row = pki_cipher_row(r->cipher);
	if (r->content_key.n == row->key_size &&
	    r->content_iv.n == row->iv_size)
		return 0;
	if (scep_edit_junk(x, row->key_size, SCEP_DRAW_CONTENT_KEY,
		&r->content_key, e) == -1)
		return -1;
	return scep_edit_junk(x, row->iv_size, SCEP_DRAW_IV, &r->content_iv, e);
}

static void
edit_recipient(struct scep_edit *x)
{
	const struct ca_material *m = x->s->material;
	struct scep_reply *r = x->r;
	enum ca_role role = CA_STRANGER;

	switch (x->f->recipient) {
	case FAULT_TO_HONEST:
		return;
	case FAULT_TO_CSR_KEY:
		if (x->s->message != NULL && can_unwrap(x->s->message->csr_key))
			r->recipient_key = x->s->message->csr_key;
		return;
	case FAULT_TO_CA:
		role = CA_ISSUING;
		break;
	case FAULT_TO_STRANGER:
		break;
	}
	r->recipient = ca_material_cert(m, role);
	r->recipient_key = ca_material_key(m, role);
}

static void
edit_recipients(struct scep_edit *x)
{
	struct scep_oddities *odd = x->odd;

	odd->recipient_by_ski = x->f->recipient_by_ski == FAULT_YES;
	for (unsigned i = 0;
	     i < x->f->more_recipients && i < SCEP_RECIPIENTS_MAX; i++)
		odd->more_recipients[odd->more_recipient_count++] =
		    ca_material_cert(
			x->s->material, i % 2 == 0 ? CA_STRANGER : CA_NEXT);
	odd->bad_padding = x->f->ciphertext == FAULT_BAD_PADDING;
	odd->empty_ciphertext = x->f->ciphertext == FAULT_CIPHERTEXT_EMPTY;
	odd->odd_ciphertext = x->f->ciphertext == FAULT_CIPHERTEXT_ODD;
	odd->bad_iv = x->f->bad_iv;
}

/* Certificates, and perhaps a CRL, in a SignedData without a signer. */
static int
wrap(struct scep_edit *x, const struct bytes *certs, size_t n, struct err *e)
{
	struct bytes crl = x->f->inner_crl ? x->s->crl : bytes_of(NULL, 0);
	struct buf b;
	int rc;

	buf_init(&b, INNER_MAX);
	rc = scep_certs_only(certs, n, crl, &b, e);
	if (rc == 0) {
		x->r->inner = arena_copy(x->s->arena, buf_bytes(&b));
		if (!buf_ok(&b) || x->r->inner.p == NULL)
			rc = scep_edit_no_memory(e);
	}
	buf_clear(&b);
	return rc;
}

/* Is content asked for where the honest reply has nothing to put in? */
static bool
wants_inner(const struct scep_edit *x)
{
	return x->r->inner.p == NULL &&
	    (x->f->content == FAULT_CONTENT_ENVELOPE ||
		x->f->content == FAULT_CONTENT_PLAIN);
}

static int
edit_inner(struct scep_edit *x, struct err *e)
{
	struct bytes *certs;
	size_t n;

	switch (x->f->inner) {
	case FAULT_INNER_HONEST:
		break;
	case FAULT_INNER_JUNK:
		return scep_edit_junk(x, 400, SCEP_DRAW_JUNK, &x->r->inner, e);
	case FAULT_INNER_RAW_CERT:
		if (x->s->issued.p != NULL)
			x->r->inner = x->s->issued;
		return 0;
	case FAULT_INNER_EMPTY:
		return wrap(x, NULL, 0, e);
	case FAULT_INNER_NOTHING:
		x->r->inner = BYTES_LIT("");
		return 0;
	}
	if (x->f->has_certs) {
		if (fault_certs(x->f->certs, x->f->cert_count, x->s, &certs, &n,
			e) == -1)
			return -1;
		return wrap(x, certs, n, e);
	}
	if (x->f->inner_crl || wants_inner(x))
		return wrap(
		    x, &x->s->issued, x->s->issued.p != NULL ? 1 : 0, e);
	return 0;
}

static int
choose_content(struct scep_edit *x, struct err *e)
{
	struct scep_reply *r = x->r;

	switch (x->f->content) {
	case FAULT_CONTENT_HONEST:
		break;
	case FAULT_CONTENT_ABSENT:
		r->content = SCEP_CONTENT_ABSENT;
		return 0;
	case FAULT_CONTENT_EMPTY:
		r->content = SCEP_CONTENT_EMPTY;
		return 0;
	case FAULT_CONTENT_ZERO_BYTE:
		r->content = SCEP_CONTENT_ZERO_BYTE;
		return 0;
	case FAULT_CONTENT_PLAIN:
		r->content = SCEP_CONTENT_RAW;
		return 0;
	case FAULT_CONTENT_JUNK:
		r->content = SCEP_CONTENT_RAW;
		return scep_edit_junk(x, 300, SCEP_DRAW_JUNK, &r->inner, e);
	case FAULT_CONTENT_ENVELOPE:
		begin_envelope(x);
		return 0;
	}
	return 0;
}

int
scep_edit_content(struct scep_edit *x, struct err *e)
{
	if (edit_inner(x, e) == -1 || choose_content(x, e) == -1)
		return -1;
	if (x->r->content != SCEP_CONTENT_ENVELOPE)
		return 0;
	edit_recipient(x);
	edit_recipients(x);
	return edit_cipher(x, e);
}
