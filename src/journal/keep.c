/* SPDX-License-Identifier: MIT */
/* Copies in one piece: the same walk is made twice, first to measure and then to copy. */
#include "journal/keep.h"

#include <stdlib.h>

#define ALIGNMENT 16

struct pack {
	uint8_t *p; /* NULL: only measure; else aligned for any type */
	size_t n;
};

static void *
room(struct pack *k, size_t size)
{
	void *at = k->p == NULL ? NULL : k->p + k->n;

	k->n += (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	return at;
}

/* With a zero behind it, so that texts made of constants stay C strings. */
static struct bytes
pack_bytes(struct pack *k, struct bytes s)
{
	uint8_t *at;

	if (s.p == NULL)
		return s;
	at = k->p == NULL ? NULL : k->p + k->n;
	k->n += s.n + 1;
	if (at == NULL)
		return s;
	memcpy(at, s.p, s.n);
	at[s.n] = 0;
	return bytes_of(at, s.n);
}

static struct bytes
pack_blob(struct pack *k, struct bytes s)
{
	if (s.n > JOURNAL_BLOB_MAX)
		s.n = JOURNAL_BLOB_MAX;
	return pack_bytes(k, s);
}

static const char *
pack_text(struct pack *k, const char *s)
{
	if (s == NULL)
		return NULL;
	return (const char *)pack_bytes(k, bytes_str(s)).p;
}

/* Aligned things come behind texts. */
static void *
aligned_room(struct pack *k, size_t size)
{
	k->n = (k->n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	return room(k, size);
}

/* from is where the facts of this stage begin; FACT_SESSION and FACT_END are kept elsewhere. */
static void
pack_facts(
    struct pack *k, const struct facts *f, int from, struct kept_facts *out)
{
	size_t n = 0;

	for (int i = from; i < FACT_END; i++)
		n += f->v[i].present && i != FACT_SESSION;
	*out = (struct kept_facts){ aligned_room(k, n * sizeof(*out->all)), n };
	n = 0;
	for (int i = from; i < FACT_END; i++) {
		struct fact_value v = f->v[i];

		if (!v.present || i == FACT_SESSION)
			continue;
		v.text = pack_bytes(k, v.text);
		if (out->all != NULL)
			out->all[n++] = (struct kept_fact){ (enum fact)i, v };
	}
}

static void
add(struct pack *k, struct bytes s, struct bytes *part)
{
	if (k->p != NULL && s.n > 0)
		memcpy(k->p + k->n, s.p, s.n);
	if (part != NULL)
		*part = bytes_of(k->p == NULL ? NULL : k->p + k->n, s.n);
	k->n += s.n;
}

/* "Name: value\n" each, and where the parts are; the text is all that is returned. */
static struct bytes
pack_headers(struct pack *k, const struct http_header *headers, size_t n,
    struct http_header **parts)
{
	struct http_header *out = aligned_room(k, n * sizeof(*out));
	size_t from = k->n;

	for (size_t i = 0; i < n; i++) {
		struct http_header *h = out == NULL ? NULL : &out[i];

		add(k, headers[i].name, h == NULL ? NULL : &h->name);
		add(k, BYTES_LIT(": "), NULL);
		add(k, headers[i].value, h == NULL ? NULL : &h->value);
		add(k, BYTES_LIT("\n"), NULL);
	}
	*parts = out;
	return bytes_of(k->p == NULL ? NULL : k->p + from, k->n - from);
}

static void
pack_receipt(struct pack *k, const struct journal_receipt *r)
{
	struct kept_receipt scratch, *out = room(k, sizeof(*out));

	if (out == NULL)
		out = &scratch;
	out->r = *r;
	out->r.facts = NULL;
	out->r.site = pack_text(k, r->site);
	out->r.target = pack_bytes(k, r->target);
	out->r.prefix = pack_text(k, r->prefix);
	pack_facts(k, r->facts, 0, &out->facts);
	out->header_count = r->facts->header_count;
	out->head = pack_headers(
	    k, r->facts->headers, out->header_count, &out->headers);
}

struct kept_receipt *
keep_receipt(const struct journal_receipt *r, size_t *bytes)
{
	struct pack k = { 0 };

	pack_receipt(&k, r);
	k.p = malloc(k.n);
	if (k.p == NULL)
		return NULL;
	*bytes = k.n;
	k.n = 0;
	pack_receipt(&k, r);
	return (struct kept_receipt *)k.p;
}

/* ---- the answer ---- */

static void
pack_tries(
    struct pack *k, const struct journal_answer *a, struct journal_answer *out)
{
	struct journal_try *tries =
	    aligned_room(k, a->try_count * sizeof(*tries));

	for (size_t i = 0; i < a->try_count; i++) {
		struct journal_try t = a->tries[i];

		t.rule = pack_text(k, t.rule);
		t.why = pack_text(k, t.why);
		if (tries != NULL)
			tries[i] = t;
	}
	out->tries = tries;
}

static void
pack_findings(
    struct pack *k, const struct journal_answer *a, struct journal_answer *out)
{
	struct journal_finding *all =
	    aligned_room(k, a->finding_count * sizeof(*all));

	for (size_t i = 0; i < a->finding_count; i++) {
		struct journal_finding f = a->findings[i];

		f.rfc = pack_text(k, f.rfc);
		f.what = pack_text(k, f.what);
		f.advice = pack_text(k, f.advice);
		if (all != NULL)
			all[i] = f;
	}
	out->findings = all;
}

static void
pack_texts(
    struct pack *k, const struct journal_answer *a, struct journal_answer *out)
{
	out->read_up_to = pack_text(k, a->read_up_to);
	out->verdict_why = pack_text(k, a->verdict_why);
	out->challenge_state = pack_text(k, a->challenge_state);
	out->why = pack_text(k, a->why);
	out->host_key = pack_text(k, a->host_key);
	out->host_value = pack_text(k, a->host_value);
	out->host_doc = pack_text(k, a->host_doc);
	out->draw = pack_text(k, a->draw);
	out->did = pack_text(k, a->did);
	out->honest_pki_status = pack_text(k, a->honest_pki_status);
	out->honest_fail_info = pack_text(k, a->honest_fail_info);
	out->certificate_subject = pack_text(k, a->certificate_subject);
	out->nearest = pack_text(k, a->nearest);
	out->repeat = pack_text(k, a->repeat);
}

static void
pack_rest(struct pack *k, const struct journal_answer *a, struct kept_rest *out)
{
	struct http_header *parts;

	out->a = *a;
	out->a.facts = NULL;
	pack_texts(k, a, &out->a);
	out->a.message = pack_blob(k, a->message);
	out->a.csr = pack_blob(k, a->csr);
	out->a.sender_nonce = pack_bytes(k, a->sender_nonce);
	out->a.reply_reason = pack_text(k, a->reply_reason);
	out->head =
	    pack_headers(k, a->reply_headers, a->reply_header_count, &parts);
	out->a.reply = pack_blob(k, a->reply);
	pack_tries(k, a, &out->a);
	pack_findings(k, a, &out->a);
}

static void
pack_answer(struct pack *k, const struct journal_answer *a, bool facts_alone)
{
	struct kept_answer scratch, *out = room(k, sizeof(*out));
	struct kept_rest rest, *other = NULL;

	if (out == NULL)
		out = &scratch;
	out->rest = NULL;
	if (!facts_alone) {
		other = room(k, sizeof(*other));
		out->rest = other;
		pack_rest(k, a, other == NULL ? &rest : other);
	}
	pack_facts(k, a->facts, FACT_MESSAGE_TYPE, &out->facts);
}

static struct kept_answer *
copy_answer(const struct journal_answer *a, bool facts_alone, size_t *bytes)
{
	struct pack k = { 0 };

	pack_answer(&k, a, facts_alone);
	k.p = malloc(k.n);
	if (k.p == NULL)
		return NULL;
	*bytes = k.n;
	k.n = 0;
	pack_answer(&k, a, facts_alone);
	return (struct kept_answer *)k.p;
}

struct kept_answer *
keep_answer(const struct journal_answer *a, size_t *bytes)
{
	return copy_answer(a, false, bytes);
}

/* ---- and back ---- */

static void
add_facts(const struct kept_facts *k, struct facts *out)
{
	for (size_t i = 0; i < k->count; i++)
		out->v[k->all[i].fact] = k->all[i].value;
}

void
keep_facts(const struct kept_receipt *r, const struct kept_answer *a,
    const struct journal_end *end, struct facts *out)
{
	*out = (struct facts){ .stage =
				   a == NULL ? FACT_AT_ARRIVAL : FACT_AT_ANSWER,
		.headers = r->headers,
		.header_count = r->header_count };
	add_facts(&r->facts, out);
	facts_text(out, FACT_SESSION, bytes_str(r->r.site));
	if (a != NULL)
		add_facts(&a->facts, out);
	if (end != NULL) {
		out->stage = FACT_AT_ANSWER;
		facts_text(out, FACT_END, bytes_str(end->how));
	}
}

struct kept_answer *
keep_slim(const struct kept_answer *a, size_t *bytes)
{
	struct facts f = { .stage = FACT_AT_ANSWER };
	const struct journal_answer slim = { .facts = &f };

	add_facts(&a->facts, &f);
	return copy_answer(&slim, true, bytes);
}
