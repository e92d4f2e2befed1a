/* SPDX-License-Identifier: MIT */
/* JSON by hand, and an entry as it. */
#include "journal/json.h"

#include <inttypes.h>

#include "base/civil.h"
#include "base/text.h"

/* ---- strings ---- */

/* How many bytes the UTF-8 sequence at p has; 0: it is none. */
static size_t
utf8_length(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} kinds[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 } };

	for (size_t k = 0; k < nitems(kinds); k++) {
		uint32_t c = p[0] & (uint32_t)(uint8_t)~kinds[k].mask;

		if ((p[0] & kinds[k].mask) != kinds[k].lead)
			continue;
		if (n < k + 2)
			return 0;
		for (size_t i = 1; i < k + 2; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[i] & 0x3f);
		}
		if (c < kinds[k].least || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return 0;
		return k + 2;
	}
	return 0;
}

static void
escape(struct buf *b, uint8_t c)
{
	if (c == '"' || c == '\\') {
		buf_add_byte(b, '\\');
		buf_add_byte(b, c);
	} else if (c == '\n') {
		buf_add_str(b, "\\n");
	} else {
		buf_addf(b, "\\u%04x", c);
	}
}

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void
put_string(struct buf *b, struct bytes s)
{
	size_t at = 0, n;

	buf_add_byte(b, '"');
	while (at < s.n) {
		size_t from = at;

		while (at < s.n && is_plain(s.p[at]))
			at++;
		buf_add(b, bytes_of(s.p + from, at - from));
		if (at == s.n)
			break;
		if (s.p[at] < 0x80) {
			escape(b, s.p[at++]);
			continue;
		}
		n = utf8_length(s.p + at, s.n - at);
		if (n == 0)
			buf_add_str(b, "\xef\xbf\xbd");
		else
			buf_add(b, bytes_of(s.p + at, n));
		at += n == 0 ? 1 : n;
	}
	buf_add_byte(b, '"');
}

/* ---- members ---- */

static void
put_name(struct buf *b, const char *name)
{
	buf_add_byte(b, '"');
	buf_add_str(b, name);
	buf_add_str(b, "\":");
}

void
put_bytes(struct buf *b, const char *name, struct bytes s)
{
	if (s.p == NULL)
		return;
	put_name(b, name);
	put_string(b, s);
	buf_add_byte(b, ',');
}

void
put_text(struct buf *b, const char *name, const char *s)
{
	if (s != NULL)
		put_bytes(b, name, bytes_str(s));
}

void
put_number(struct buf *b, const char *name, int64_t n)
{
	put_name(b, name);
	buf_addf(b, "%" PRId64 ",", n);
}

void
put_bool(struct buf *b, const char *name, bool on)
{
	put_name(b, name);
	buf_add_str(b, on ? "true," : "false,");
}

void
put_open(struct buf *b, const char *name, char bracket)
{
	if (name != NULL)
		put_name(b, name);
	buf_add_byte(b, (uint8_t)bracket);
}

void
put_close(struct buf *b, char bracket)
{
	if (buf_ok(b) && b->n > 0 && b->p[b->n - 1] == ',')
		b->n--;
	buf_add_byte(b, (uint8_t)bracket);
	buf_add_byte(b, ',');
}

void
put_time(struct buf *b, const char *name, int64_t unix_ms)
{
	struct civil c = civil_from_unix(unix_ms / 1000);

	put_name(b, name);
	buf_addf(b, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",", c.year, c.month,
	    c.day, c.hour, c.minute, c.second, (int)(unix_ms % 1000));
}

static void
put_hex(struct buf *b, const char *name, struct bytes s)
{
	if (s.p == NULL)
		return;
	put_name(b, name);
	buf_add_byte(b, '"');
	text_hex(b, s, false);
	buf_add_str(b, "\",");
}

/* ---- facts ---- */

static void
put_fact(struct buf *b, const struct kept_fact *k, const char *name)
{
	if (fact_key(k->fact)->kind == FACT_NUMBER)
		put_number(b, name, k->value.number);
	else
		put_bytes(b, name, k->value.text);
}

/* Those that have no part in their path. */
static void
put_plain_facts(struct buf *b, const struct kept_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const char *path = fact_key(facts->all[i].fact)->path;

		if (strchr(path, '.') == NULL)
			put_fact(b, &facts->all[i], path);
	}
}

/* "csr.subject" stands as subject in the object csr, which is open. */
static void
put_part_facts(struct buf *b, const struct kept_facts *facts, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i < facts->count; i++) {
		const char *path = fact_key(facts->all[i].fact)->path;

		if (strncmp(path, part, n) == 0 && path[n] == '.')
			put_fact(b, &facts->all[i], path + n + 1);
	}
}

/* ---- an entry ---- */

static void
put_receipt(struct buf *b, const struct kept_receipt *r)
{
	put_text(b, "site", r->r.site);
	put_time(b, "received", r->r.received_ms);
	put_number(b, "received_ms", r->r.received_ms);
	put_bytes(b, "target", r->r.target);
	put_text(b, "prefix", r->r.prefix);
	put_number(b, "client_port", r->r.peer_port);
	put_plain_facts(b, &r->facts);
	put_open(b, "headers", '[');
	for (size_t i = 0; i < r->header_count; i++) {
		put_open(b, NULL, '{');
		put_bytes(b, "name", r->headers[i].name);
		put_bytes(b, "value", r->headers[i].value);
		put_close(b, '}');
	}
	put_close(b, ']');
}

static void
put_message(
    struct buf *b, const struct journal_answer *a, const struct kept_facts *f)
{
	put_text(b, "challenge_state", a->challenge_state);
	if (a->csr.p != NULL) {
		put_open(b, "csr", '{');
		put_part_facts(b, f, "csr");
		put_close(b, '}');
	}
	if (a->read_up_to == NULL)
		return;
	put_open(b, "cms", '{');
	put_part_facts(b, f, "cms");
	put_text(b, "read_up_to", a->read_up_to);
	if (a->verdict_why != NULL && a->verdict_why[0] != '\0') {
		put_text(b, "why", a->verdict_why);
		put_number(b, "stopped_at", (int64_t)a->stopped_at);
	}
	put_hex(b, "sender_nonce", a->sender_nonce);
	put_number(b, "bytes", (int64_t)a->message.n);
	put_close(b, '}');
}

static void
put_deployment(struct buf *b, const struct journal_answer *a)
{
	put_open(b, "layers", '[');
	for (size_t i = 0; i < a->layer_count; i++) {
		put_string(b, bytes_str(a->layers[i]));
		buf_add_byte(b, ',');
	}
	put_close(b, ']');
	put_text(b, "why", a->why);
	if (a->host_key != NULL) {
		put_open(b, "host", '{');
		put_text(b, "key", a->host_key);
		put_text(b, "value", a->host_value);
		put_text(b, "doc", a->host_doc);
		put_close(b, '}');
	}
	if (a->event_id != 0)
		put_number(b, "event", a->event_id);
	if (a->hresult != 0)
		buf_addf(b, "\"hresult\":\"0x%08" PRIx32 "\",", a->hresult);
	if (a->draw != NULL)
		put_bool(b, "commit", a->commit);
	if (a->certificate_subject != NULL) {
		put_open(b, "certificate", '{');
		put_text(b, "subject", a->certificate_subject);
		put_close(b, '}');
	}
}

static void
put_try(struct buf *b, const struct journal_try *t)
{
	put_open(b, NULL, '{');
	put_text(b, "id", t->rule);
	put_text(b, "verdict", t->verdict);
	put_text(b, "why", t->why);
	if (t->n != 0)
		put_number(b, "n", (int64_t)t->n);
	if (t->drawn) {
		put_number(b, "draw_ppm", t->draw_ppm);
		put_number(b, "chance_ppm", t->chance_ppm);
	}
	put_close(b, '}');
}

static void
put_rules(struct buf *b, const struct journal_answer *a)
{
	put_open(b, "rules", '[');
	for (size_t i = 0; i < a->try_count; i++)
		put_try(b, &a->tries[i]);
	put_close(b, ']');
	if (a->tries_more > 0)
		put_number(b, "rules_more", (int64_t)a->tries_more);
	if (a->step > 0)
		put_number(b, "step", (int64_t)a->step);
	put_text(b, "draw", a->draw);
	put_text(b, "did", a->did);
	put_text(b, "repeat", a->repeat);
}

/* Status line and headers, a line each. */
static void
put_head(struct buf *b, const struct journal_answer *a, struct bytes head)
{
	struct buf text;

	if (a->reply_status == 0)
		return;
	buf_init(&text, JOURNAL_BLOB_MAX);
	buf_addf(&text, "HTTP/1.1 %d %s\n", a->reply_status,
	    a->reply_reason == NULL ? "" : a->reply_reason);
	buf_add(&text, head);
	put_bytes(b, "head", buf_bytes(&text));
	buf_clear(&text);
}

static void
put_reply(struct buf *b, const struct journal_answer *a, struct bytes head)
{
	put_open(b, "honest", '{');
	if (a->honest_status != 0)
		put_number(b, "status", a->honest_status);
	put_text(b, "pki_status", a->honest_pki_status);
	put_text(b, "fail_info", a->honest_fail_info);
	put_close(b, '}');
	put_open(b, "reply", '{');
	put_head(b, a, head);
	put_number(b, "bytes", (int64_t)a->reply_bytes);
	put_close(b, '}');
}

static void
put_findings(struct buf *b, const struct journal_answer *a)
{
	put_text(b, "nearest", a->nearest);
	put_open(b, "findings", '[');
	for (size_t i = 0; i < a->finding_count; i++) {
		const struct journal_finding *f = &a->findings[i];

		put_open(b, NULL, '{');
		put_bool(b, "wrong", f->wrong);
		put_text(b, "rfc", f->rfc);
		put_text(b, "what", f->what);
		put_text(b, "advice", f->advice);
		put_close(b, '}');
	}
	put_close(b, ']');
}

void
put_entry(
    const struct kept_receipt *r, const struct kept_answer *a, struct buf *out)
{
	put_receipt(out, r);
	if (a != NULL)
		put_plain_facts(out, &a->facts);
	if (a != NULL && a->rest != NULL) {
		put_message(out, &a->rest->a, &a->facts);
		put_deployment(out, &a->rest->a);
		put_rules(out, &a->rest->a);
		put_reply(out, &a->rest->a, a->rest->head);
		put_findings(out, &a->rest->a);
	}
	if (buf_ok(out) && out->n > 0 && out->p[out->n - 1] == ',')
		out->n--;
}
