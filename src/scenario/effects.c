/* SPDX-License-Identifier: MIT */
/* `then:`, from its keys to a fault, and what does not go together in it. */
#include "scenario/effects.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quantity.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define YEAR_MS (365 * DAY_MS)
#define BODY_FILE_MAX ((size_t)4 << 20)
#define BODY_MAX ((uint64_t)16 << 20)

#define WORDS(name, ...) \
	static const struct field_word name[] = { __VA_ARGS__, { NULL, 0 } }

size_t
effects_oid(struct bytes text, uint8_t *out, size_t size)
{
	uint64_t arcs[32] = { 0 }, n = 0;
	size_t count = 0, at = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i == text.n || text.p[i] == '.') {
			if (i == 0 || text.p[i - 1] == '.' ||
			    count == nitems(arcs))
				return 0;
			arcs[count++] = n;
			n = 0;
		} else if (text.p[i] < '0' || text.p[i] > '9' ||
		    n > UINT64_MAX / 16) {
			return 0;
		} else {
			n = 10 * n + (uint64_t)(text.p[i] - '0');
		}
	}
	if (count < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39))
		return 0;
	arcs[1] += 40 * arcs[0];
	for (size_t i = 1; i < count; i++) {
		unsigned groups = 1;

		while (groups < 9 && arcs[i] >> (7 * groups) != 0)
			groups++;
		if (at + groups > size)
			return 0;
		while (groups-- > 0)
			out[at++] = (uint8_t)((arcs[i] >> (7 * groups) & 0x7f) |
			    (groups > 0 ? 0x80 : 0));
	}
	return at;
}

/* ---- wait ---- */

static const struct field lognormal_fields[] = {
	FIELD_N(struct fault_wait, "median", field_duration, a_ms, 0, DAY_MS),
	FIELD_N(struct fault_wait, "max", field_duration, b_ms, 0, DAY_MS),
	{ "sigma", NULL, 0, NULL, 0, 0, NULL, 0, 0 }, /* read by hand */
};

/* A plain decimal number up to 10, in millionths. */
static bool
read_sigma(struct loader *l, const struct tree_node *value, uint32_t *ppm)
{
	char *end;
	double d;

	if (!field_scalar(l, l->where, value, "a number"))
		return false;
	d = strtod((const char *)value->text.p, &end);
	if (*end != '\0' || value->text.n == 0 || !(d > 0) || d > 10) {
		complain(l->c, value->at,
		    "%s: sigma is a number above 0, at most 10", l->where);
		return false;
	}
	*ppm = (uint32_t)(d * 1e6);
	return true;
}

static void
read_lognormal(
    struct loader *l, const struct tree_node *value, struct fault_wait *w)
{
	const struct tree_node *sigma;

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	w->kind = FAULT_LOGNORMAL;
	for (const struct tree_node *k = value->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		if (bytes_eq(k->text, BYTES_LIT("median")))
			field_duration(l, &lognormal_fields[0], k->next, w);
		else if (bytes_eq(k->text, BYTES_LIT("max")))
			field_duration(l, &lognormal_fields[1], k->next, w);
		else if (!bytes_eq(k->text, BYTES_LIT("sigma")))
			field_unknown(l, l->where, k, lognormal_fields,
			    nitems(lognormal_fields));
	}
	sigma = field_find(value, "sigma");
	if (w->a_ms == 0 || sigma == NULL)
		complain(l->c, value->at,
		    "%s: lognormal wants a median and a sigma", l->where);
	else
		(void)read_sigma(l, sigma, &w->sigma_ppm);
}

static void
read_uniform(
    struct loader *l, const struct tree_node *value, struct fault_wait *w)
{
	const struct tree_node *a = value->first;

	if (value->kind != TREE_SEQUENCE || value->count != 2) {
		if (!value->cut)
			complain(l->c, value->at,
			    "%s: uniform wants two durations, [from, to]",
			    l->where);
		return;
	}
	if (!field_read_duration(l, a, 0, DAY_MS, &w->a_ms) ||
	    !field_read_duration(l, a->next, 0, DAY_MS, &w->b_ms))
		return;
	w->kind = FAULT_UNIFORM;
	if (w->a_ms > w->b_ms) {
		w->b_ms = w->a_ms;
		complain(l->c, value->at,
		    "%s: the first duration is above the second", l->where);
	}
}

static void
read_wait(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_wait *w = &((struct fault *)base)->wait;
	static const struct field kinds[] = {
		{ "uniform", NULL, 0, NULL, 0, 0, NULL, 0, 0 },
		{ "lognormal", NULL, 0, NULL, 0, 0, NULL, 0, 0 },
	};

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (field_read_duration(l, value, 0, DAY_MS, &w->a_ms))
			w->kind = FAULT_FIXED;
		return;
	}
	if (value->count != 2) {
		complain(l->c, value->at,
		    "%s is a duration, uniform or lognormal", l->where);
		return;
	}
	if (bytes_eq(value->first->text, BYTES_LIT("uniform")))
		read_uniform(l, value->first->next, w);
	else if (bytes_eq(value->first->text, BYTES_LIT("lognormal")))
		read_lognormal(l, value->first->next, w);
	else
		field_unknown(l, l->where, value->first, kinds, nitems(kinds));
}

/* ---- reply ---- */

WORDS(pages, { "iis", FAULT_PAGE_IIS }, { "http-sys", FAULT_PAGE_HTTP_SYS },
    { "login", FAULT_PAGE_LOGIN }, { "waf", FAULT_PAGE_WAF },
    { "proxy", FAULT_PAGE_PROXY }, { "ndes", FAULT_PAGE_NDES });

static void
read_location(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "same", FAULT_SAME_HOST },
		{ "other", FAULT_OTHER_HOST }, { "loop", FAULT_LOOP },
		{ "https", FAULT_TO_HTTPS }, { "http", FAULT_TO_HTTP },
		{ NULL, 0 } };
	struct fault_reply *r = base;
	int word;

	(void)f;
	if (!field_scalar(l, l->where, value, "a URL, or one word"))
		return;
	if (memchr(value->text.p, '/', value->text.n) == NULL) {
		if (field_read_word(l, words, value, &word))
			r->location = (enum fault_location)word;
		return;
	}
	r->location = FAULT_TO_URL;
	r->url = arena_str(l->memory, value->text);
	l->failed |= r->url == NULL;
}

static void
read_retry_after(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_reply *r = base;

	(void)f;
	if (value->kind == TREE_MAPPING) {
		if (value->count != 2 ||
		    !bytes_eq(value->first->text, BYTES_LIT("date"))) {
			complain(l->c, value->at,
			    "%s is a duration, or {date: a duration}",
			    l->where);
			return;
		}
		r->retry_after_date = true;
		value = value->first->next;
	}
	r->has_retry_after =
	    field_read_duration(l, value, 0, YEAR_MS, &r->retry_after_ms);
}

static void
read_body(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault_reply *)base)->has_body = true;
	field_text(l, f, value, base);
}

static void
read_body_hex(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault_reply *)base)->has_body = true;
	field_hex(l, f, value, base);
}

static int
slurp(struct loader *l, const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p = NULL;
	ssize_t n = -1;

	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= (off_t)BODY_FILE_MAX) {
		p = loader_room(l, (size_t)st.st_size);
		if (p != NULL)
			n = read(fd, p, (size_t)st.st_size);
	}
	if (fd != -1)
		close(fd);
	if (n < 0 || n != st.st_size)
		return -1;
	*out = bytes_of(p, (size_t)n);
	return 0;
}

static void
read_body_file(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_reply *r = base;
	const char *slash, *name;
	char *path = NULL;

	(void)f;
	if (!field_scalar(l, l->where, value, "a path"))
		return;
	if (!l->from_disk) {
		complain(l->c, value->at,
		    "%s: only a scenario that is itself a file can name "
		    "another",
		    l->where);
		return;
	}
	name = (const char *)value->text.p;
	slash = strrchr(l->file, '/');
	if (name[0] == '/' || slash == NULL)
		path = strdup(name);
	else if (asprintf(&path, "%.*s/%s", (int)(slash - l->file), l->file,
		     name) == -1)
		path = NULL;
	if (path == NULL)
		l->failed = true;
	else if (slurp(l, path, &r->body) == -1)
		complain(l->c, value->at,
		    "%s: cannot read \"%s\", or it has over 4 MiB", l->where,
		    show(bytes_str(path)).s);
	r->has_body = true;
	free(path);
}

#define R struct fault_reply
static const struct field reply_fields[] = {
	FIELD_N(R, "status", field_int, status, 100, 999),
	FIELD_N(R, "reason", field_string, reason, 0, 200),
	FIELD(R, "headers", field_headers, headers),
	FIELD_N(R, "body", read_body, body, 0, 1 << 20),
	FIELD(R, "body_hex", read_body_hex, body),
	FIELD(R, "body_file", read_body_file, body),
	FIELD_N(R, "body_bytes", field_size, filler, 1, BODY_MAX),
	FIELD_W(R, "page", field_word, page, pages),
	FIELD(R, "location", read_location, location),
	FIELD(R, "retry_after", read_retry_after, retry_after_ms),
};
#undef R

static void
read_reply(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const char *const bodies[] = { "body", "body_hex", "body_file",
		"body_bytes", "page" };
	struct fault_reply *r = &((struct fault *)base)->reply;
	unsigned n = 0;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	r->on = true;
	r->status = 200;
	fields_read(l, l->where, reply_fields, nitems(reply_fields), value, r);
	for (size_t i = 0; i < nitems(bodies); i++)
		n += field_find(value, bodies[i]) != NULL;
	if (n > 1)
		complain(l->c, value->at,
		    "%s: only one of body, body_hex, body_file, body_bytes "
		    "and page can be there",
		    l->where);
	if (n == 0 && r->status >= 400)
		r->page = FAULT_PAGE_IIS;
}

/* ---- form ---- */

WORDS(versions, { "1.1", FAULT_HTTP_1_1 }, { "1.0", FAULT_HTTP_1_0 },
    { "0.9", FAULT_HTTP_0_9 }, { "2", FAULT_HTTP_2 });
WORDS(lengths, { "short", FAULT_LENGTH_SHORT }, { "long", FAULT_LENGTH_LONG },
    { "twice", FAULT_LENGTH_TWICE }, { "both", FAULT_LENGTH_BOTH },
    { "absent", FAULT_LENGTH_ABSENT });
WORDS(codings, { "gzip", 1 });
WORDS(firsts, { "continue", FAULT_CONTINUE_FIRST },
    { "early-hints", FAULT_CONTINUE_EARLY_HINTS });

static void
read_one_word(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int word;

	if (field_read_word(l, f->words, value, &word))
		*((bool *)((char *)base + f->offset)) = word != 0;
}

static void
read_names(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "upper", 1 },
		{ "lower", 0 }, { NULL, 0 } };
	struct fault_form *form = base;
	int word;

	(void)f;
	if (!field_read_word(l, words, value, &word))
		return;
	form->upper_names = word == 1;
	form->lower_names = word == 0;
}

#define F struct fault_form
static const struct field flood_fields[] = {
	FIELD_N(F, "lines", field_unsigned, flood_lines, 1, 10000),
	FIELD_N(F, "bytes", field_size, flood_bytes, 1, 16 << 20),
};

static void
read_flood(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_form *form = base;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fields_read(
	    l, l->where, flood_fields, nitems(flood_fields), value, form);
	if (form->flood_lines == 0)
		form->flood_lines = 1 + (unsigned)(form->flood_bytes / 512);
}

static const struct field form_fields[] = {
	FIELD_W(F, "version", field_word, version, versions),
	FIELD_W(F, "length", field_word, length, lengths),
	FIELD_N(F, "chunks", field_size, chunk_bytes, 1, 1 << 20),
	FIELD_N(F, "chunked_word", field_string, chunked_word, 1, 100),
	FIELD(F, "trailers", field_headers, trailers),
	FIELD_W(F, "coding", read_one_word, gzip, codings),
	FIELD_W(F, "first", field_word, first, firsts),
	FIELD(F, "keep_open", field_true, keep_open),
	FIELD(F, "flood", read_flood, flood_lines),
	FIELD(F, "names", read_names, upper_names),
};
#undef F

/* ---- caps, cacert, cert ---- */

WORDS(separators, { "crlf", FAULT_CRLF }, { "lf", FAULT_LF },
    { "cr", FAULT_CR }, { "mixed", FAULT_MIXED });
WORDS(letters, { "lower", FAULT_LOWER }, { "upper", FAULT_UPPER },
    { "odd", FAULT_ODD });
WORDS(blanks, { "first", FAULT_BLANK_FIRST }, { "middle", FAULT_BLANK_MIDDLE },
    { "last", FAULT_BLANK_LAST });
WORDS(text_codings, { "utf-8-bom", FAULT_UTF8_BOM }, { "utf-16", FAULT_UTF16 },
    { "utf-16-bom", FAULT_UTF16_BOM }, { "nul", FAULT_NUL });

#define C struct fault_caps
static const struct field caps_fields[] = {
	{ "tokens", field_texts, offsetof(C, tokens), NULL, 0, 0, NULL, 0,
	    1 + offsetof(C, has_tokens) },
	FIELD(C, "add", field_texts, add),
	FIELD(C, "drop", field_texts, drop),
	FIELD(C, "shuffle", field_true, shuffle),
	FIELD_W(C, "separator", field_word, separator, separators),
	FIELD_W(C, "letters", field_word, letters, letters),
	FIELD_N(C, "before", field_text, before, 0, 100),
	FIELD_N(C, "after", field_text, after, 0, 100),
	FIELD_W(C, "blank_line", field_word, blank_line, blanks),
	FIELD_W(C, "coding", field_word, coding, text_codings),
	FIELD_N(C, "size", field_size, size, 1, BODY_MAX),
	FIELD(C, "one_line", field_true, one_line),
	{ "text", field_text, offsetof(C, text), NULL, 0, 1 << 20, NULL, 0,
	    1 + offsetof(C, has_text) },
};
#undef C

WORDS(bundles, { "chain", FAULT_CHAIN }, { "single", FAULT_SINGLE },
    { "pem", FAULT_PEM }, { "raw", FAULT_RAW_CONCAT },
    { "empty-chain", FAULT_EMPTY_CHAIN }, { "empty", FAULT_EMPTY_BODY });

static void
read_bundle(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_cacert *c = base;

	(void)f;
	c->has_certs = true;
	effects_certs(l, value, false, &c->certs, &c->cert_count);
}

static const struct field cacert_fields[] = {
	FIELD_W(struct fault_cacert, "form", field_word, form, bundles),
	FIELD(struct fault_cacert, "certificates", read_bundle, certs),
	FIELD(struct fault_cacert, "shuffle", field_true, shuffle),
	FIELD(struct fault_cacert, "keep_content_type", field_true,
	    keep_content_type),
};

static void
read_cert(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	((struct fault *)base)->cert = effects_twist(l, value);
}

/* ---- damage, wire ---- */

static void
read_append(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field hex[] = { { "hex", field_hex,
	    offsetof(struct fault_damage, append), NULL, 0, 0, NULL, 0, 0 } };

	if (value->kind == TREE_MAPPING)
		fields_read(l, l->where, hex, nitems(hex), value, base);
	else
		field_text(l, f, value, base);
}

#define D struct fault_damage
static const struct field damage_fields[] = {
	{ "junk", field_size, offsetof(D, junk), NULL, 1, BODY_MAX, NULL, 0,
	    1 + offsetof(D, has_junk) },
	FIELD_N(D, "flip", field_unsigned, flip, 1, 10000),
	FIELD(D, "truncate", field_amount, truncate),
	FIELD_N(D, "append", read_append, append, 1, 1 << 16),
	FIELD_N(D, "append_junk", field_size, append_junk, 1, BODY_MAX),
};
#undef D

static const struct field drip_fields[] = {
	FIELD_N(struct fault, "bytes", field_size, drip_bytes, 1, 1 << 20),
	FIELD_N(
	    struct fault, "every", field_duration, drip_every_ms, 0, DAY_MS),
};

static void
read_drip(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault *fault = base;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fault->drip_bytes = 1;
	fault->drip_every_ms = 1000;
	fields_read(
	    l, l->where, drip_fields, nitems(drip_fields), value, fault);
}

WORDS(hows, { "reset", FAULT_CUT_RESET }, { "close", FAULT_CUT_CLOSE },
    { "stall", FAULT_CUT_STALL });

static void
read_cut_at(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "start", FAULT_AT_START },
		{ "headers", FAULT_AT_HEADERS }, { "accept", FAULT_AT_ACCEPT },
		{ NULL, 0 } };
	struct fault *fault = base;
	int word;

	(void)f;
	if (!field_scalar(l, l->where, value, "a share, a size or a word"))
		return;
	if (value->text.n > 0 && value->text.p[0] >= '0' &&
	    value->text.p[0] <= '9') {
		fault->cut_at = FAULT_AT_AMOUNT;
		field_amount(l,
		    &(const struct field)FIELD(
			struct fault, "at", field_amount, cut_amount),
		    value, fault);
	} else if (field_read_word(l, words, value, &word)) {
		fault->cut_at = (enum fault_cut_at)word;
	}
}

static const struct field cut_fields[] = {
	FIELD(struct fault, "at", read_cut_at, cut_at),
	FIELD_W(struct fault, "how", field_word, cut_how, hows),
};

static void
read_cut(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fields_read(l, l->where, cut_fields, nitems(cut_fields), value, base);
	if (((struct fault *)base)->cut_at == FAULT_NO_CUT)
		complain(l->c, value->at,
		    "%s: \"at\" is missing; write at: 50%%", l->where);
}

static void
read_hang(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "true",
						       FAULT_HANG_SILENT },
		{ "headers", FAULT_HANG_HEADERS }, { NULL, 0 } };
	int word;

	(void)f;
	if (field_read_word(l, words, value, &word))
		((struct fault *)base)->hang = (enum fault_hang)word;
}

static const struct field raw_fields[] = {
	{ "text", field_text, offsetof(struct fault, raw), NULL, 0, 1 << 20,
	    NULL, 0, 1 + offsetof(struct fault, has_raw) },
	{ "hex", field_hex, offsetof(struct fault, raw), NULL, 0, 0, NULL, 0,
	    1 + offsetof(struct fault, has_raw) },
	FIELD_N(struct fault, "junk", field_size, raw_junk, 1, BODY_MAX),
};

static void
read_raw(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	(void)f;
	if (value->kind != TREE_MAPPING || value->count != 2) {
		if (!value->cut)
			complain(l->c, value->at,
			    "%s is one of {text: ..}, {hex: ..}, {junk: ..}",
			    l->where);
		return;
	}
	fields_read(l, l->where, raw_fields, nitems(raw_fields), value, base);
}

/* ---- tls ---- */

WORDS(tls_certs, { "expired", FAULT_TLS_EXPIRED },
    { "not-yet-valid", FAULT_TLS_NOT_YET },
    { "self-signed", FAULT_TLS_SELF_SIGNED },
    { "wrong-name", FAULT_TLS_WRONG_NAME },
    { "untrusted", FAULT_TLS_UNTRUSTED }, { "revoked", FAULT_TLS_REVOKED },
    { "leaf-only", FAULT_TLS_LEAF_ONLY });
WORDS(tls_versions, { "1.0", 0 }, { "1.1", 1 }, { "1.2", 2 }, { "1.3", 3 });
WORDS(tls_clients, { "none", 0 }, { "asked", 1 }, { "required", 2 });
WORDS(tls_cuts, { "hello", FAULT_TLS_CUT_HELLO },
    { "middle", FAULT_TLS_CUT_MIDDLE });
WORDS(tls_alerts, { "close_notify", 0 }, { "unexpected_message", 10 },
    { "bad_record_mac", 20 }, { "record_overflow", 22 },
    { "handshake_failure", 40 }, { "bad_certificate", 42 },
    { "unsupported_certificate", 43 }, { "certificate_revoked", 44 },
    { "certificate_expired", 45 }, { "certificate_unknown", 46 },
    { "illegal_parameter", 47 }, { "unknown_ca", 48 }, { "access_denied", 49 },
    { "decode_error", 50 }, { "decrypt_error", 51 }, { "protocol_version", 70 },
    { "insufficient_security", 71 }, { "internal_error", 80 },
    { "user_canceled", 90 }, { "missing_extension", 109 },
    { "unsupported_extension", 110 }, { "unrecognized_name", 112 },
    { "certificate_required", 116 }, { "no_application_protocol", 120 });

static void
read_alert(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_tls *t = base;

	if (value->kind == TREE_SCALAR && value->text.n > 0 &&
	    value->text.p[0] >= '0' && value->text.p[0] <= '9')
		field_int(l, f, value, base);
	else
		(void)field_read_word(l, tls_alerts, value, &t->alert);
}

static void
read_close_notify(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_tls *t = base;

	t->no_close_notify = true;
	field_bool(l, f, value, base);
	t->no_close_notify = !t->no_close_notify;
}

#define T struct fault_tls
static const struct field tls_fields[] = {
	FIELD_W(T, "certificate", field_word, certificate, tls_certs),
	FIELD_W(T, "minimum", field_word, minimum, tls_versions),
	FIELD_W(T, "maximum", field_word, maximum, tls_versions),
	FIELD_W(T, "client_certificate", field_word, client_certificate,
	    tls_clients),
	FIELD_N(T, "alert", read_alert, alert, 0, 255),
	FIELD_W(T, "cut", field_word, cut, tls_cuts),
	FIELD_W(T, "how", field_word, cut_how, hows),
	FIELD(T, "plain", field_true, plain),
	FIELD(T, "close_notify", read_close_notify, no_close_notify),
};
#undef T

static void
read_tls(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct fault_tls *t = &((struct fault *)base)->tls;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	*t = (struct fault_tls){ .on = true,
		.minimum = -1,
		.maximum = -1,
		.client_certificate = -1,
		.alert = -1 };
	fields_read(l, l->where, tls_fields, nitems(tls_fields), value, t);
	if (t->minimum != -1 && t->maximum != -1 && t->minimum > t->maximum)
		complain(
		    l->c, value->at, "%s: minimum is above maximum", l->where);
}

/* ---- evidence ---- */

#define E struct fault_evidence
static const struct field iis_fields[] = {
	FIELD_N(E, "status", field_int, status, 100, 999),
	FIELD_N(E, "substatus", field_int, substatus, 0, 999),
	FIELD(E, "win32", field_u32, win32),
};
static const struct field httperr_fields[] = {
	FIELD_N(E, "reason", field_string, httperr_reason, 1, 40),
};
static const struct field event_fields[] = {
	FIELD_N(E, "id", field_unsigned, event_id, 1, 65535),
	FIELD(E, "code", field_u32, event_code),
};

/* Mappings whose keys go into the same struct. */
static void
read_flat(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	if (value->kind == TREE_MAPPING)
		fields_read(l, l->where, f->fields, f->count, value, base);
	else if (!value->cut)
		loader_wrong_kind(l, l->where, value, "a mapping");
}

static void
read_iis(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct fault_evidence *v = base;

	if (value->kind == TREE_SCALAR &&
	    bytes_eq(value->text, BYTES_LIT("none"))) {
		v->no_iis = true;
		return;
	}
	v->iis = true;
	read_flat(l, f, value, base);
}

static const struct field evidence_fields[] = {
	{ "iis", read_iis, 0, NULL, 0, 0, iis_fields, nitems(iis_fields), 0 },
	{ "httperr", read_flat, 0, NULL, 0, 0, httperr_fields,
	    nitems(httperr_fields), 0 },
	{ "event", read_flat, 0, NULL, 0, 0, event_fields, nitems(event_fields),
	    0 },
};
#undef E

/* ---- then ---- */

static void
read_commit(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault *)base)->has_commit = true;
	field_bool(l, f, value, base);
}

#define X struct fault
static const struct field then_fields[] = {
	FIELD(X, "commit", read_commit, commit),
	FIELD(X, "wait", read_wait, wait),
	{ "reply", read_reply, 0, NULL, 0, 0, reply_fields,
	    nitems(reply_fields), 0 },
	FIELD(X, "headers", field_headers, headers),
	FIELD_M(X, "form", form, form_fields, form.on),
	FIELD_M(X, "caps", caps, caps_fields, caps.on),
	FIELD_M(X, "cacert", cacert, cacert_fields, cacert.on),
	FIELD(X, "cert", read_cert, cert),
	FIELD(X, "scep", effects_scep, scep),
	FIELD_M(X, "damage", damage, damage_fields, damage.on),
	{ "drip", read_drip, 0, NULL, 0, 0, drip_fields, nitems(drip_fields),
	    0 },
	{ "cut", read_cut, 0, NULL, 0, 0, cut_fields, nitems(cut_fields), 0 },
	FIELD(X, "hang", read_hang, hang),
	{ "raw", read_raw, 0, NULL, 0, 0, raw_fields, nitems(raw_fields), 0 },
	{ "tls", read_tls, 0, NULL, 0, 0, tls_fields, nitems(tls_fields), 0 },
	FIELD_M(X, "evidence", evidence, evidence_fields, evidence.on),
};
#undef X

struct language_table
then_language(void)
{
	return (
	    struct language_table){ "then", then_fields, nitems(then_fields) };
}

/* ---- what does not go together ---- */

static const char *const clashes[][2] = {
	{ "reply", "raw" },
	{ "reply", "hang" },
	{ "reply", "scep" },
	{ "reply", "caps" },
	{ "reply", "cacert" },
	{ "raw", "hang" },
	{ "raw", "form" },
	{ "raw", "headers" },
	{ "raw", "damage" },
	{ "raw", "scep" },
	{ "raw", "caps" },
	{ "raw", "cacert" },
	{ "hang", "cut" },
	{ "hang", "drip" },
	{ "hang", "damage" },
};

static void
find_clashes(struct loader *l, const struct tree_node *then)
{
	for (size_t i = 0; i < nitems(clashes); i++) {
		if (field_find(then, clashes[i][0]) != NULL &&
		    field_find(then, clashes[i][1]) != NULL)
			complain(l->c, then->at,
			    "%s: %s and %s do not go together", l->where,
			    clashes[i][0], clashes[i][1]);
	}
}

static bool
is_connections(enum fact f)
{
	return f != FACT_CLIENT && f != FACT_SCHEME && f != FACT_SESSION;
}

static void
check_connection(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	for (const struct tree_node *k = then->first; k != NULL;
	     k = k->next->next) {
		if (!bytes_eq(k->text, BYTES_LIT("wait")) &&
		    !bytes_eq(k->text, BYTES_LIT("tls")) &&
		    !bytes_eq(k->text, BYTES_LIT("cut")))
			complain(l->c, k->at,
			    "%s: %s cannot act on a connection that is being "
			    "accepted; only wait, tls and cut at accept can",
			    l->where, show(k->text).s);
	}
	if (when_asks(when, is_connections))
		complain(l->c, then->at,
		    "%s: a connection is judged when it is accepted: only "
		    "client, scheme and session are known then",
		    l->where);
}

/* Which operation an effect is for, and whether the condition excludes it. */
static void
check_op(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	static const struct {
		const char *effect, *op;
	} rows[] = { { "caps", "GetCACaps" }, { "cacert", "GetCACert" },
		{ "scep", "PKIOperation" }, { "cert", "PKIOperation" } };
	struct facts f = { .stage = FACT_AT_ARRIVAL };

	for (size_t i = 0; i < nitems(rows); i++) {
		const struct tree_node *v = field_find(then, rows[i].effect);
		const struct when *op = when_find(when, FACT_OP);

		facts_text(&f, FACT_OP, bytes_str(rows[i].op));
		if (v != NULL && op != NULL && when_holds(op, &f) == WHEN_FALSE)
			complain(l->c, v->at,
			    "%s.%s can never act: it is for %s, which the "
			    "condition excludes",
			    l->where, rows[i].effect, rows[i].op);
	}
}

const struct fault *
effects_read(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	struct fault *f = loader_room(l, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (then->kind != TREE_MAPPING) {
		if (!then->cut)
			loader_wrong_kind(l, l->where, then, "a mapping");
		return f;
	}
	fields_read(l, l->where, then_fields, nitems(then_fields), then, f);
	find_clashes(l, then);
	if (fault_is_connection(f))
		check_connection(l, then, when);
	else
		check_op(l, then, when);
	return f;
}
