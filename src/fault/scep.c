/* SPDX-License-Identifier: MIT */
/*
 * Lies about a CertRep: edits of the reply before it is encoded. The order
 * is: what kind of answer it is, then its attributes, its shape, who signs it,
 * then what is in it and the envelope.
 */
#include "fault/scep_edit.h"

#include "fault/draw.h"

#define DAY_S ((int64_t)24 * 3600)

int
scep_edit_no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for a false reply");
}

bool
scep_edit_room(const struct scep_edit *x, size_t n, uint8_t **p, struct err *e)
{
	*p = arena_alloc(x->s->arena, n == 0 ? 1 : n);
	if (*p == NULL)
		(void)scep_edit_no_memory(e);
	return *p != NULL;
}

int
scep_edit_junk(const struct scep_edit *x, size_t n, uint64_t which,
    struct bytes *out, struct err *e)
{
	uint8_t *p;

	if (!scep_edit_room(x, n, &p, e))
		return -1;
	draw_bytes(draw_more(x->s->draw, which), p, n);
	*out = bytes_of(p, n);
	return 0;
}

/* ---- its shape ---- */

/* Does the attribute say this number already? */
static bool
says(const struct scep_edit *x, enum scep_attribute a, const char *digits)
{
	struct bytes given = x->odd->value[a];
	const struct scep_reply *r = x->r;

	if (given.p != NULL)
		return bytes_eq(given, bytes_str(digits));
	if (a == SCEP_A_STATUS)
		return r->has_status && r->status == digits[0] - '0';
	if (a == SCEP_A_FAIL_INFO)
		return r->has_fail_info && r->fail_info == digits[0] - '0';
	return false;
}

/* The other value of an attribute that stands twice. */
static struct bytes
second_value(const struct scep_edit *x, enum scep_attribute a)
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

	return says(x, a, seconds[a]) ? BYTES_LIT("0") : bytes_str(seconds[a]);
}

static void
edit_shape(struct scep_edit *x)
{
	const struct fault_scep *f = x->f;
	struct scep_oddities *odd = x->odd;

	for (int a = 0; a < SCEP_ATTRIBUTES; a++) {
		if ((f->duplicate >> a & 1) != 0)
			odd->second[a] =
			    second_value(x, (enum scep_attribute)a);
		if ((f->two_values >> a & 1) != 0)
			odd->second_value[a] =
			    second_value(x, (enum scep_attribute)a);
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
sign_twisted(struct scep_edit *x, const struct ca_twist *t, struct err *e)
{
	struct pki_cert *cert =
	    arena_zalloc(x->s->arena, sizeof(struct pki_cert));

	if (cert == NULL)
		return scep_edit_no_memory(e);
	if (ca_twisted_role(x->s->ctx, x->s->material, CA_RA_SIGN, t,
		x->s->now_ms / 1000, x->s->arena, cert, &x->r->signer_key,
		e) == -1)
		return -1;
	x->r->signer = cert;
	return 0;
}

static void
sign_as(struct scep_edit *x, enum ca_role role)
{
	x->r->signer = ca_material_cert(x->s->material, role);
	x->r->signer_key = ca_material_key(x->s->material, role);
}

static int
edit_signer(struct scep_edit *x, struct err *e)
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

int
fault_edit_scep(const struct fault *f, const struct fault_site *s,
    struct scep_reply *reply, struct err *e)
{
	struct scep_edit x = { &f->scep, s, reply, NULL };

	if (!f->scep.on)
		return 0;
	x.odd = arena_zalloc(s->arena, sizeof(*x.odd));
	if (x.odd == NULL)
		return scep_edit_no_memory(e);
	reply->odd = x.odd;
	if (scep_edit_attributes(&x, e) == -1)
		return -1;
	edit_shape(&x);
	if (edit_signer(&x, e) == -1)
		return -1;
	return scep_edit_content(&x, e);
}
