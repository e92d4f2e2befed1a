/* SPDX-License-Identifier: MIT */
/* What the attributes of a CertRep say, and which kind of answer it is. */
#include "fault/scep_edit.h"

#include "fault/draw.h"

/* ---- what kind of answer ---- */

static bool
is_digits(const struct fault_attribute *a, const char *digits)
{
	return a->what == FAULT_GIVEN && bytes_eq(a->given, bytes_str(digits));
}

/* As the deployment answers without content: Microsoft's, which says more with SUCCESS, with one octet. */
static void
without_content(struct scep_edit *x)
{
	if (x->r->content == SCEP_CONTENT_ENVELOPE)
		x->r->content = x->r->ms_server_message.p != NULL
		    ? SCEP_CONTENT_ZERO_BYTE
		    : SCEP_CONTENT_EMPTY;
}

/* What only an answer of its kind says. */
static void
without_words(struct scep_reply *r)
{
	r->has_fail_info = false;
	r->ms_error = bytes_of(NULL, 0);
	r->ms_server_message = bytes_of(NULL, 0);
	r->fail_info_text = bytes_of(NULL, 0);
}

/* A status of another kind brings what belongs to it. */
static void
change_kind(struct scep_edit *x)
{
	const struct fault_attribute *status = &x->f->status;
	struct scep_reply *r = x->r;
	int kind;

	if (is_digits(status, "0"))
		kind = SCEP_SUCCESS;
	else if (is_digits(status, "2"))
		kind = SCEP_FAILURE;
	else if (is_digits(status, "3"))
		kind = SCEP_PENDING;
	else
		return;
	if (r->has_status && r->status == kind)
		return;
	without_content(x);
	without_words(r);
	r->has_status = true;
	r->status = kind;
	if (kind == SCEP_FAILURE) {
		r->has_fail_info = true;
		r->fail_info = SCEP_BAD_REQUEST;
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
map(const struct scep_edit *x, struct bytes honest, uint8_t (*change)(uint8_t),
    struct bytes *out, struct err *e)
{
	uint8_t *p;

	if (!scep_edit_room(x, honest.n, &p, e))
		return -1;
	for (size_t i = 0; i < honest.n; i++)
		p[i] = change(honest.p[i]);
	*out = bytes_of(p, honest.n);
	return 0;
}

/* Other octets than the reply's; 16 drawn ones where it has none. */
static int
wrong(const struct scep_edit *x, enum scep_attribute which, struct bytes honest,
    struct bytes *out, struct err *e)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t *p;

	if (honest.n > 0)
		return map(x, honest, another, out, e);
	if (which != SCEP_A_TRANSACTION_ID)
		return scep_edit_junk(x, 16, SCEP_DRAW_VALUE + which, out, e);
	if (!scep_edit_room(x, 16, &p, e))
		return -1;
	draw_bytes(draw_more(x->s->draw, SCEP_DRAW_VALUE + which), p, 16);
	for (size_t i = 0; i < 16; i++)
		p[i] = (uint8_t)digits[p[i] & 0x0f];
	*out = bytes_of(p, 16);
	return 0;
}

/* The attribute's octets as the fault wants them. honest p NULL: the reply has none. */
static int
edit_value(struct scep_edit *x, const struct fault_attribute *a,
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
		return wrong(x, which, honest, out, e);
	case FAULT_OTHER_CASE:
		return map(x, honest, other_case, out, e);
	case FAULT_PREFIX:
		*out = bytes_of(honest.p, honest.n > 4 ? honest.n - 4 : 0);
		return 0;
	case FAULT_SHORT:
		if (a->n > honest.n)
			return scep_edit_junk(
			    x, a->n, SCEP_DRAW_VALUE + which, out, e);
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
edit_fail_text(struct scep_edit *x, struct err *e)
{
	const struct fault_attribute *a = &x->f->fail_info_text;
	uint8_t *p;

	if (a->what != FAULT_SHORT)
		return edit_value(x, a, SCEP_A_FAIL_INFO_TEXT,
		    x->r->fail_info_text, bytes_of(NULL, 0), bytes_of(NULL, 0),
		    e);
	if (!scep_edit_room(x, a->n, &p, e))
		return -1;
	memset(p, 'F', a->n);
	x->odd->value[SCEP_A_FAIL_INFO_TEXT] = bytes_of(p, a->n);
	return 0;
}

/* The recipientNonce of the last reply; p NULL: none, or it can't be read. */
static int
last_recipient_nonce(
    const struct scep_edit *x, struct bytes *out, struct err *e)
{
	struct scep_message m;
	int rc;

	*out = bytes_of(NULL, 0);
	if (x->f->recipient_nonce.what != FAULT_REPLAYED ||
	    x->s->last_reply.p == NULL || x->s->ctx == NULL)
		return 0;
	rc = scep_message_decode(
	    &m, x->s->ctx, x->s->arena, x->s->last_reply, NULL, 0, NULL, 0, e);
	if (rc == 0)
		*out = m.recipient_nonce;
	scep_message_clear(&m);
	return rc;
}

static int
edit_nonces(struct scep_edit *x, struct err *e)
{
	struct scep_reply *r = x->r;
	struct bytes last;

	if (edit_value(x, &x->f->sender_nonce, SCEP_A_SENDER_NONCE,
		r->sender_nonce, x->s->last_sender_nonce, r->recipient_nonce,
		e) == -1 ||
	    last_recipient_nonce(x, &last, e) == -1)
		return -1;
	return edit_value(x, &x->f->recipient_nonce, SCEP_A_RECIPIENT_NONCE,
	    r->recipient_nonce, last, r->sender_nonce, e);
}

int
scep_edit_attributes(struct scep_edit *x, struct err *e)
{
	const struct fault_scep *f = x->f;
	const struct bytes none = { NULL, 0 };

	change_kind(x);
	if (edit_value(x, &f->status, SCEP_A_STATUS, none, none, none, e) ==
		-1 ||
	    edit_value(x, &f->fail_info, SCEP_A_FAIL_INFO, none, none, none,
		e) == -1 ||
	    edit_value(x, &f->message_type, SCEP_A_MESSAGE_TYPE, none, none,
		none, e) == -1 ||
	    edit_value(x, &f->transaction_id, SCEP_A_TRANSACTION_ID,
		x->r->transaction_id, none, none, e) == -1 ||
	    edit_nonces(x, e) == -1)
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
