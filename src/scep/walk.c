/* SPDX-License-Identifier: MIT */
/*
 * What every stage of decoding needs: saying what is wrong and where, room in
 * the arena, octets out of pieces. What the parts of a message mean is left
 * to the stages.
 */
#include "scep/walk.h"

#include <stdarg.h>
#include <stdio.h>

/* What arena_alloc rounds sizes up to, at most. */
#define ARENA_ROUNDING 32

static bool
lies_in(const uint8_t *p, struct bytes s)
{
	return s.p != NULL && (uintptr_t)p >= (uintptr_t)s.p &&
	    (uintptr_t)p <= (uintptr_t)s.p + s.n;
}

/* The place in the body where the octet at `at` of content put together came from. */
static size_t
place_in_pieces(const struct scep_walk *w, size_t at)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader level[ASN1_DEPTH_MAX];
	struct asn1_item piece;
	size_t depth = 0;
	const uint8_t *last = w->content_item.body.p;

	asn1_open(&level[0], w->content_item.body, &unheard);
	for (;;) {
		if (!asn1_next(&level[depth], &piece)) {
			if (depth-- == 0)
				break;
			continue;
		}
		if ((piece.id & ASN1_ID_CONSTRUCTED) != 0) {
			if (depth + 1 == ASN1_DEPTH_MAX)
				break;
			asn1_open(&level[++depth], piece.body, &unheard);
			continue;
		}
		if (at < piece.body.n)
			return (size_t)(piece.body.p + at - w->body.p);
		at -= piece.body.n;
		last = piece.body.p + piece.body.n;
	}
	return (size_t)(last - w->body.p);
}

static size_t
place_of(const struct scep_walk *w, const uint8_t *p)
{
	if (p == NULL)
		return 0;
	if (lies_in(p, w->body))
		return (size_t)(p - w->body.p);
	if (lies_in(p, w->content))
		return place_in_pieces(w, (size_t)(p - w->content.p));
	if (lies_in(p, w->m->content))
		return (size_t)(p - w->m->content.p);
	return 0;
}

void
scep_walk_refuse(struct scep_walk *w, enum scep_verdict v, const uint8_t *where,
    const char *fmt, ...)
{
	va_list ap;

	if (w->m->verdict != SCEP_SOUND)
		return;
	w->m->verdict = v;
	w->m->stopped_at = place_of(w, where);
	va_start(ap, fmt);
	(void)vsnprintf(w->m->what, sizeof(w->m->what), fmt, ap);
	va_end(ap);
}

void
scep_walk_broken(struct scep_walk *w, const struct asn1_reader *r,
    enum scep_verdict v, const char *part)
{
	const struct asn1_fault *f = r->fault;
	const char *why = f->why == NULL ? "unexpected contents" : f->why;
	const uint8_t *where =
	    f->why == NULL || r->origin == NULL ? r->rest.p : r->origin + f->at;

	if (strstr(why, "too deep") != NULL)
		v = SCEP_OVER_LIMIT;
	else if (w->cut != SCEP_SOUND)
		v = w->cut;
	else if (v == SCEP_NOT_SIGNED_DATA && strncmp(why, "expected", 8) != 0)
		v = SCEP_NOT_ASN1;
	scep_walk_refuse(w, v, where, "%s: %s", part, why);
}

static bool
is_string_in_pieces(uint8_t id)
{
	return id == (ASN1_ID_OCTET_STRING | ASN1_ID_CONSTRUCTED) ||
	    id == (ASN1_ID_UTF8_STRING | ASN1_ID_CONSTRUCTED) ||
	    id == (ASN1_ID_PRINTABLE_STRING | ASN1_ID_CONSTRUCTED) ||
	    id == (ASN1_ID_T61_STRING | ASN1_ID_CONSTRUCTED) ||
	    id == (ASN1_ID_IA5_STRING | ASN1_ID_CONSTRUCTED) ||
	    id == (ASN1_ID_BMP_STRING | ASN1_ID_CONSTRUCTED);
}

void
scep_walk_see(
    struct scep_walk *w, const struct asn1_item *item, const char *part)
{
	if (item->indefinite || is_string_in_pieces(item->id))
		w->m->notes |= SCEP_NOTE_BER;
	if (item->truncated)
		w->inside = part;
}

int
scep_walk_room(struct scep_walk *w, size_t n, uint8_t **out, struct err *e)
{
	struct arena *a = w->m->arena;
	uint8_t *p = arena_alloc(a, n);

	if (p != NULL) {
		*out = p;
		return SCEP_GO_ON;
	}
	if (n < a->max && a->max - a->used >= n + ARENA_ROUNDING)
		return err_set(e, ERR_MEMORY, "no memory for a message");
	scep_walk_refuse(w, SCEP_OVER_LIMIT, w->body.p,
	    "the message needs more than the %zu bytes of memory that one may have",
	    a->max);
	return SCEP_STOP;
}

int
scep_walk_octets(struct scep_walk *w, struct asn1_reader *r,
    const struct asn1_item *item, struct bytes *out, struct err *e)
{
	struct asn1_item string = *item;
	uint8_t *room = NULL;

	/* an implicit tag hides that the pieces are OCTET STRINGs */
	string.id =
	    (uint8_t)(ASN1_ID_OCTET_STRING | (item->id & ASN1_ID_CONSTRUCTED));
	scep_walk_see(w, &string, "an OCTET STRING");
	size_t need = asn1_octets_size(&string);

	if (need > 0) {
		int rc = scep_walk_room(w, need, &room, e);

		if (rc != SCEP_GO_ON)
			return rc;
	}
	return asn1_octets(r, &string, room, need, out) ? SCEP_GO_ON
							: SCEP_STOP;
}

const char *
scep_walk_oid(struct bytes oid, char out[SCEP_OID_TEXT_MAX])
{
	if (!asn1_oid_text(oid, out, SCEP_OID_TEXT_MAX))
		(void)snprintf(
		    out, SCEP_OID_TEXT_MAX, "an unreadable identifier");
	return out;
}

bool
scep_walk_alg_oid(struct asn1_reader *r, struct bytes *oid)
{
	struct asn1_reader in;
	struct asn1_item item;

	if (!asn1_take_enter(r, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take(&in, ASN1_ID_OID, &item))
		return false;
	*oid = item.body;
	return true;
}
