/* SPDX-License-Identifier: MIT */
/*
 * Lies about a CertRep: edits of the reply before it is encoded. The order
 * is: what kind of answer it is, then its attributes, then who signs it, then
 * the envelope and what is in it.
 */
#include "fault/certs.h"

#include "fault/draw.h"

#define INNER_MAX ((size_t)32 << 20)
#define DAY_S ((int64_t)24 * 3600)
enum { DRAW_NONCE = 20, DRAW_JUNK = 40, DRAW_CONTENT_KEY = 41, DRAW_IV = 42 };

/* One edit of a reply. */
struct editing {
	const struct fault_scep *f;
	const struct fault_site *s;
	struct scep_reply *r;
	struct scep_oddities *odd;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for a false reply");
}

static bool
room(const struct editing *x, size_t n, uint8_t **p, struct err *e)
{
	*p = arena_alloc(x->s->arena, n == 0 ? 1 : n);
	if (*p == NULL)
		(void)no_memory(e);
	return *p != NULL;
}

static int
junk(const struct editing *x, size_t n, uint64_t which, struct bytes *out,
    struct err *e)
{
	uint8_t *p;

	if (!room(x, n, &p, e))
		return -1;
	draw_bytes(draw_more(x->s->draw, which), p, n);
	*out = bytes_of(p, n);
	return 0;
}

/* ---- what kind of answer ---- */

static bool
is_digits(const struct fault_attribute *a, const char *digits)
{
	return a->what == FAULT_GIVEN && bytes_eq(a->given, bytes_str(digits));
}

static void
without_content(struct editing *x)
{
	if (x->r->content == SCEP_CONTENT_ENVELOPE)
		x->r->content = SCEP_CONTENT_ZERO_BYTE;
}

/* A status of another kind brings what belongs to it. */
static void
change_kind(struct editing *x)
{
	const struct fault_attribute *status = &x->f->status;
	struct scep_reply *r = x->r;

	if (is_digits(status, "2") && r->status != SCEP_FAILURE) {
		r->status = SCEP_FAILURE;
		r->has_fail_info = true;
		r->fail_info = SCEP_BAD_REQUEST;
		r->ms_server_message = bytes_of(NULL, 0);
		without_content(x);
	} else if (is_digits(status, "3") && r->status != SCEP_PENDING) {
		r->status = SCEP_PENDING;
		r->has_fail_info = false;
		r->ms_error = bytes_of(NULL, 0);
		r->ms_server_message = bytes_of(NULL, 0);
		without_content(x);
	} else if (is_digits(status, "0") && r->status != SCEP_SUCCESS) {
		r->status = SCEP_SUCCESS;
		r->has_fail_info = false;
		r->ms_error = bytes_of(NULL, 0);
	}
}

/* ---- attributes ---- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Another character of the same kind, so that the type still fits. */
static uint8_t
another(uint8_t c)
{
	if (is_digit(c))
		return c == '9' ? '0' : (uint8_t)(c + 1);
	if ((c >= 'a' && c < 'z') || (c >= 'A' && c < 'Z'))
		return (uint8_t)(c + 1);
	if (c == 'z' || c == 'Z')
		return (uint8_t)(c - 25);
	/* what else is printable may be all that its type of string has */
	return c >= 0x20 && c < 0x7f ? c : (uint8_t)(c ^ 0x01);
}

static uint8_t
other_case(uint8_t c)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	return letter ? (uint8_t)(c ^ 0x20) : c;
}

static int
map(const struct editing *x, struct bytes honest, uint8_t (*change)(uint8_t),
    struct bytes *out, struct err *e)
{
	uint8_t *p;

	if (!room(x, honest.n, &p, e))
		return -1;
	for (size_t i = 0; i < honest.n; i++)
		p[i] = change(honest.p[i]);
	*out = bytes_of(p, honest.n);
	return 0;
}

/* The attribute's octets as the fault wants them. honest p NULL: the reply has none. */
static int
edit_value(struct editing *x, const struct fault_attribute *a,
    enum scep_attribute which, struct bytes honest, struct bytes replayed,
    struct bytes echoed, struct err *e)
{
	struct bytes *out = &x->odd->value[which];

	switch (a->what) {
	case FAULT_HONEST:
		return 0;
	case FAULT_MISSING:
		x->odd->leave_out[which] = true;
		return 0;
	case FAULT_EMPTY:
		*out = BYTES_LIT("");
		return 0;
	case FAULT_GIVEN:
		*out = a->given;
		return 0;
	case FAULT_WRONG:
		return map(x, honest, another, out, e);
	case FAULT_OTHER_CASE:
		return map(x, honest, other_case, out, e);
	case FAULT_PREFIX:
		*out = bytes_of(honest.p, honest.n > 4 ? honest.n - 4 : 0);
		return 0;
	case FAULT_SHORT:
		if (a->n > honest.n)
			return junk(x, a->n, DRAW_NONCE + which, out, e);
		*out = bytes_of(honest.p, a->n);
		return 0;
	case FAULT_REPLAYED:
		if (replayed.p != NULL)
			*out = replayed;
		return 0;
	case FAULT_ECHOED:
		if (echoed.p != NULL)
			*out = echoed;
		return 0;
	}
	return 0;
}

/* So many letters, where a text of a length was asked for. */
static int
edit_fail_text(struct editing *x, struct err *e)
{
	const struct fault_attribute *a = &x->f->fail_info_text;
	uint8_t *p;

	if (a->what != FAULT_SHORT)
		return edit_value(x, a, SCEP_A_FAIL_INFO_TEXT,
		    x->r->fail_info_text, bytes_of(NULL, 0), bytes_of(NULL, 0),
		    e);
	if (!room(x, a->n, &p, e))
		return -1;
	memset(p, 'F', a->n);
	x->odd->value[SCEP_A_FAIL_INFO_TEXT] = bytes_of(p, a->n);
	return 0;
}

static int
edit_attributes(struct editing *x, struct err *e)
{
	const struct fault_scep *f = x->f;
	const struct bytes none = { NULL, 0 };
	struct scep_reply *r = x->r;

	change_kind(x);
	if (edit_value(x, &f->status, SCEP_A_STATUS, none, none, none, e) ==
		-1 ||
	    edit_value(x, &f->fail_info, SCEP_A_FAIL_INFO, none, none, none,
		e) == -1 ||
	    edit_value(x, &f->message_type, SCEP_A_MESSAGE_TYPE, none, none,
		none, e) == -1 ||
	    edit_value(x, &f->transaction_id, SCEP_A_TRANSACTION_ID,
		r->transaction_id, none, none, e) == -1 ||
	    edit_value(x, &f->sender_nonce, SCEP_A_SENDER_NONCE,
		r->sender_nonce, x->s->last_sender_nonce, r->recipient_nonce,
		e) == -1 ||
	    edit_value(x, &f->recipient_nonce, SCEP_A_RECIPIENT_NONCE,
		r->recipient_nonce, none, r->sender_nonce, e) == -1)
		return -1;
	x->odd->leave_out[SCEP_A_CONTENT_TYPE] =
	    f->content_type.what == FAULT_MISSING;
	x->odd->wrong[SCEP_A_CONTENT_TYPE] =
	    f->content_type.what == FAULT_WRONG;
	x->odd->leave_out[SCEP_A_MESSAGE_DIGEST] =
	    f->message_digest.what == FAULT_MISSING;
	x->odd->wrong[SCEP_A_MESSAGE_DIGEST] =
	    f->message_digest.what == FAULT_WRONG;
	return edit_fail_text(x, e);
}

/* The other value of an attribute that stands twice. */
static struct bytes
second_value(enum scep_attribute a)
{
	static const char *const seconds[SCEP_ATTRIBUTES] = {
		[SCEP_A_MESSAGE_TYPE] = "19",
		[SCEP_A_STATUS] = "2",
		[SCEP_A_FAIL_INFO] = "4",
		[SCEP_A_SENDER_NONCE] = "0123456789abcdef",
		[SCEP_A_RECIPIENT_NONCE] = "0123456789abcdef",
		[SCEP_A_TRANSACTION_ID] = "another-transaction",
		[SCEP_A_FAIL_INFO_TEXT] = "another text",
		[SCEP_A_CONTENT_TYPE] = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
		[SCEP_A_MESSAGE_DIGEST] = "01234567890123456789",
	};

	return bytes_str(seconds[a]);
}

static void
edit_shape(struct editing *x)
{
	const struct fault_scep *f = x->f;
	struct scep_oddities *odd = x->odd;

	for (int a = 0; a < SCEP_ATTRIBUTES; a++) {
		if ((f->duplicate >> a & 1) != 0)
			odd->second[a] = second_value((enum scep_attribute)a);
		if ((f->two_values >> a & 1) != 0)
			odd->second_value[a] =
			    second_value((enum scep_attribute)a);
		odd->types[a] = f->types[a];
	}
	odd->fail_info_text_wrong_oid = f->fail_info_text_wrong_oid;
	odd->attributes_unsigned = f->attributes_unsigned;
	odd->structure = (enum scep_structure)f->structure;
	odd->encoding = f->encoding;
	odd->nesting = f->nesting;
	odd->no_signer_info = f->no_signer_info;
	odd->break_signature = f->break_signature;
	odd->digest_oid = f->digest_oid;
	if (f->signing_time != FAULT_AS_IS) {
		x->r->has_signing_time = f->signing_time == FAULT_YES;
		x->r->signing_time =
		    (x->s->now_ms + f->signing_time_offset_ms) / 1000;
	}
	if (f->digest != PKI_DIGEST_UNKNOWN)
		x->r->digest = f->digest;
	if (f->signature_alg_with_digest != FAULT_AS_IS)
		x->r->signature_alg_with_digest =
		    f->signature_alg_with_digest == FAULT_YES;
	if (f->include_signer != FAULT_AS_IS)
		x->r->include_signer = f->include_signer == FAULT_YES;
}

/* ---- who signs ---- */

static int
sign_twisted(struct editing *x, const struct ca_twist *t, struct err *e)
{
	struct pki_cert *cert =
	    arena_zalloc(x->s->arena, sizeof(struct pki_cert));

	if (cert == NULL)
		return no_memory(e);
	if (ca_twisted_role(x->s->ctx, x->s->material, CA_RA_SIGN, t,
		x->s->now_ms / 1000, x->s->arena, cert, &x->r->signer_key,
		e) == -1)
		return -1;
	x->r->signer = cert;
	return 0;
}

static void
sign_as(struct editing *x, enum ca_role role)
{
	x->r->signer = ca_material_cert(x->s->material, role);
	x->r->signer_key = ca_material_key(x->s->material, role);
}

static int
edit_signer(struct editing *x, struct err *e)
{
	static const struct ca_twist forged = { .key = CA_KEY_OTHER_RSA,
		.issuer = CA_ISSUER_FORGED };
	static const struct ca_twist expired = { .not_before = CA_WHEN_OFFSET,
		.not_before_s = -400 * DAY_S,
		.not_after = CA_WHEN_OFFSET,
		.not_after_s = -DAY_S };

	switch (x->f->signer) {
	case FAULT_SIGNER_HONEST:
		return 0;
	case FAULT_SIGNER_RA_ENCRYPT:
		sign_as(x, CA_RA_ENCRYPT);
		return 0;
	case FAULT_SIGNER_CA:
		sign_as(x, CA_ISSUING);
		return 0;
	case FAULT_SIGNER_STRANGER:
		sign_as(x, CA_STRANGER);
		return 0;
	case FAULT_SIGNER_FORGED:
		return sign_twisted(x, &forged, e);
	case FAULT_SIGNER_EXPIRED:
		return sign_twisted(x, &expired, e);
	case FAULT_SIGNER_REQUESTER:
		if (x->s->message != NULL && x->s->message->has_signer) {
			x->r->signer = &x->s->message->signer;
			x->r->signer_key =
			    ca_material_key(x->s->material, CA_STRANGER);
		}
		return 0;
	}
	return 0;
}

/* ---- the envelope, and what is in it ---- */

/* An envelope where the honest reply has none: its recipient, cipher and key. */
static int
begin_envelope(struct editing *x, struct err *e)
{
	const struct scep_message *m = x->s->message;
	struct scep_reply *r = x->r;

	if (r->content == SCEP_CONTENT_ENVELOPE || m == NULL ||
	    m->signer_key == NULL)
		return 0;
	r->content = SCEP_CONTENT_ENVELOPE;
	r->recipient = &m->signer;
	r->recipient_key = m->signer_key;
	r->keytrans = PKI_PKCS1;
	r->cipher = m->cipher.cipher == PKI_CIPHER_UNKNOWN ? PKI_DES3_CBC
							   : m->cipher.cipher;
	(void)e;
	return 0;
}

static int
edit_cipher(struct editing *x, struct err *e)
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
	if (junk(x, row->key_size, DRAW_CONTENT_KEY, &r->content_key, e) == -1)
		return -1;
	return junk(x, row->iv_size, DRAW_IV, &r->content_iv, e);
}

static void
edit_recipient(struct editing *x)
{
	const struct ca_material *m = x->s->material;
	struct scep_reply *r = x->r;
	enum ca_role role = CA_STRANGER;

	switch (x->f->recipient) {
	case FAULT_TO_HONEST:
		return;
	case FAULT_TO_CSR_KEY:
		if (x->s->message != NULL && x->s->message->csr_key != NULL)
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
edit_recipients(struct editing *x)
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
wrap(struct editing *x, const struct bytes *certs, size_t n, struct err *e)
{
	struct bytes crl = x->f->inner_crl ? x->s->crl : bytes_of(NULL, 0);
	struct buf b;
	int rc;

	buf_init(&b, INNER_MAX);
	rc = scep_certs_only(certs, n, crl, &b, e);
	if (rc == 0) {
		x->r->inner = arena_copy(x->s->arena, buf_bytes(&b));
		if (!buf_ok(&b) || x->r->inner.p == NULL)
			rc = no_memory(e);
	}
	buf_clear(&b);
	return rc;
}

static int
edit_inner(struct editing *x, struct err *e)
{
	struct bytes *certs;
	size_t n;

	switch (x->f->inner) {
	case FAULT_INNER_HONEST:
		break;
	case FAULT_INNER_JUNK:
		return junk(x, 400, DRAW_JUNK, &x->r->inner, e);
	case FAULT_INNER_RAW_CERT:
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
	if (x->f->inner_crl && x->s->issued.p != NULL)
		return wrap(x, &x->s->issued, 1, e);
	return 0;
}

static int
edit_content(struct editing *x, struct err *e)
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
		return junk(x, 300, DRAW_JUNK, &r->inner, e);
	case FAULT_CONTENT_ENVELOPE:
		return begin_envelope(x, e);
	}
	return 0;
}

int
fault_edit_scep(const struct fault *f, const struct fault_site *s,
    struct scep_reply *reply, struct err *e)
{
	struct editing x = { &f->scep, s, reply, NULL };

	if (!f->scep.on)
		return 0;
	x.odd = arena_zalloc(s->arena, sizeof(*x.odd));
	if (x.odd == NULL)
		return no_memory(e);
	reply->odd = x.odd;
	if (edit_attributes(&x, e) == -1)
		return -1;
	edit_shape(&x);
	if (edit_signer(&x, e) == -1 || edit_inner(&x, e) == -1 ||
	    edit_content(&x, e) == -1)
		return -1;
	if (reply->content != SCEP_CONTENT_ENVELOPE)
		return 0;
	edit_recipient(&x);
	edit_recipients(&x);
	return edit_cipher(&x, e);
}
