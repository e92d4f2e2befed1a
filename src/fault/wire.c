/* SPDX-License-Identifier: MIT */
/*
 * From a reply to what goes onto the wire. Where the library that serves HTTP
 * could not say it, the whole answer is written out here.
 */
#include <stdio.h>

#include <zlib.h>

#include "base/text.h"
#include "fault/draw.h"
#include "fault/seams.h"

#define ANSWER_MAX ((size_t)64 << 20)
enum { DRAW_WAIT = 3, DRAW_RAW = 4 };

/* ---- writing ---- */

static char
cased(const struct fault_form *form, char c)
{
	if (form->upper_names && c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (form->lower_names && c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static void
put_header(const struct fault_form *form, struct bytes name, struct bytes value,
    struct buf *out)
{
	for (size_t i = 0; i < name.n; i++)
		buf_add_byte(out, (uint8_t)cased(form, (char)name.p[i]));
	buf_add_str(out, ": ");
	buf_add(out, value);
	buf_add_str(out, "\r\n");
}

/* So many lines, and so many bytes in all as far as a line's name leaves a choice. */
static void
put_flood(const struct fault_form *form, struct buf *out)
{
	uint64_t lines = form->flood_lines;

	for (uint64_t i = 0; i < lines; i++) {
		uint64_t each = form->flood_bytes * (i + 1) / lines -
		    form->flood_bytes * i / lines;
		size_t begun = out->n;

		buf_addf(out, "X-Flood-%04u: ", (unsigned)(i % 10000));
		do {
			buf_add_byte(out, 'x');
		} while (buf_ok(out) && out->n - begun + 2 < each);
		buf_add_str(out, "\r\n");
	}
}

static void
put_length(const struct fault_form *form, size_t n, struct buf *out)
{
	char text[32];
	size_t said = n;

	if (form->length == FAULT_LENGTH_ABSENT ||
	    (form->chunk_bytes > 0 && form->length != FAULT_LENGTH_BOTH))
		return;
	if (form->length == FAULT_LENGTH_SHORT)
		said = n / 2;
	else if (form->length == FAULT_LENGTH_LONG)
		said = n + n / 2 + 1;
	(void)snprintf(text, sizeof(text), "%zu", said);
	put_header(form, BYTES_LIT("Content-Length"), bytes_str(text), out);
	if (form->length == FAULT_LENGTH_TWICE) {
		(void)snprintf(text, sizeof(text), "%zu", n / 2);
		put_header(
		    form, BYTES_LIT("Content-Length"), bytes_str(text), out);
	}
}

/* Headers that the form itself decides on. */
static bool
is_ours(const struct fault_form *form, struct bytes name)
{
	return bytes_eq_nocase(name, BYTES_LIT("Content-Length")) ||
	    (form->chunk_bytes > 0 &&
		bytes_eq_nocase(name, BYTES_LIT("Transfer-Encoding")));
}

static bool
has_body(const struct http_reply *r)
{
	return r->body.n > 0 || http_status_has_body(r->status);
}

static void
put_head(
    const struct http_reply *r, const struct fault_form *form, struct buf *out)
{
	const struct http_header *length =
	    http_reply_header(r, "Content-Length");
	uint64_t n;

	buf_addf(out, "HTTP/1.%d %d %s\r\n",
	    form->version == FAULT_HTTP_1_0 ? 0 : 1, r->status,
	    r->reason != NULL ? r->reason : http_reason(r->status));
	for (size_t i = 0; i < r->header_count; i++) {
		if (!is_ours(form, r->headers[i].name))
			put_header(
			    form, r->headers[i].name, r->headers[i].value, out);
	}
	put_flood(form, out);
	if (form->gzip)
		put_header(form, BYTES_LIT("Content-Encoding"),
		    BYTES_LIT("gzip"), out);
	if (form->chunk_bytes > 0)
		put_header(form, BYTES_LIT("Transfer-Encoding"),
		    bytes_str(form->chunked_word == NULL ? "chunked"
							 : form->chunked_word),
		    out);
	/* a length that somebody asked for by name is left as it is */
	if (length != NULL && form->length == FAULT_LENGTH_RIGHT &&
	    form->chunk_bytes == 0 && !form->gzip &&
	    (text_u64(length->value, UINT64_MAX, &n) == -1 || n != r->body.n))
		put_header(form, length->name, length->value, out);
	else if (has_body(r))
		put_length(form, r->body.n, out);
	if (!form->keep_open && http_reply_header(r, "Connection") == NULL)
		put_header(
		    form, BYTES_LIT("Connection"), BYTES_LIT("close"), out);
	buf_add_str(out, "\r\n");
}

static void
put_chunks(
    const struct http_reply *r, const struct fault_form *form, struct buf *out)
{
	struct bytes rest = r->body;

	while (rest.n > 0) {
		size_t n = rest.n < form->chunk_bytes
		    ? rest.n
		    : (size_t)form->chunk_bytes;

		buf_addf(out, "%zx\r\n", n);
		buf_add(out, bytes_of(rest.p, n));
		buf_add_str(out, "\r\n");
		rest = bytes_from(rest, n);
	}
	buf_add_str(out, "0\r\n");
	for (size_t i = 0; i < form->trailer_count; i++) {
		for (size_t k = 0; k < form->trailers[i].value_count; k++)
			put_header(form, form->trailers[i].name,
			    form->trailers[i].values[k], out);
	}
	buf_add_str(out, "\r\n");
}

/* A frame of type SETTINGS, empty, as a server of HTTP/2 begins. */
static const uint8_t http_2_settings[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };

void
fault_write_reply(const struct http_reply *reply, const struct fault_form *form,
    bool head_only, struct buf *out, size_t *head)
{
	*head = 0;
	if (form->version == FAULT_HTTP_2) {
		buf_add(
		    out, bytes_of(http_2_settings, sizeof(http_2_settings)));
		return;
	}
	if (form->version != FAULT_HTTP_0_9) {
		if (form->first == FAULT_CONTINUE_FIRST)
			buf_add_str(out, "HTTP/1.1 100 Continue\r\n\r\n");
		else if (form->first == FAULT_CONTINUE_EARLY_HINTS)
			buf_add_str(out,
			    "HTTP/1.1 103 Early Hints\r\nLink: "
			    "</style.css>; rel=preload\r\n\r\n");
		put_head(reply, form, out);
	}
	*head = out->n;
	if (head_only || !has_body(reply))
		return;
	if (form->chunk_bytes > 0)
		put_chunks(reply, form, out);
	else
		buf_add(out, reply->body);
}

/* ---- gzip ---- */

static int
compress_body(const struct fault_site *s, struct http_reply *r, struct err *e)
{
	z_stream z = { 0 };
	union {
		const uint8_t *lent;
		uint8_t *own;
	} in = { .lent = r->body.p };
	uint8_t *out;
	uLong room;
	int rc;

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return err_set(e, ERR_MEMORY, "no memory to compress a body");
	room = deflateBound(&z, (uLong)r->body.n);
	out = arena_alloc(s->arena, room);
	if (out == NULL) {
		deflateEnd(&z);
		return err_set(
		    e, ERR_LIMIT, "the compressed body is too large");
	}
	z.next_in = in.own;
	z.avail_in = (uInt)r->body.n;
	z.next_out = out;
	z.avail_out = (uInt)room;
	rc = deflate(&z, Z_FINISH);
	r->body = bytes_of(out, z.total_out);
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return err_set(e, ERR_SYSTEM, "zlib did not compress a body");
	return fault_set_length(s, r, e);
}

/* ---- the wire ---- */

static bool
is_written_out(const struct fault *f)
{
	return f->form.on || f->cut_at == FAULT_AT_HEADERS ||
	    f->cut_at == FAULT_AT_AMOUNT || f->hang == FAULT_HANG_HEADERS ||
	    f->drip_bytes > 0;
}

static enum wire_cut
cut_of(enum fault_cut_how how)
{
	switch (how) {
	case FAULT_CUT_RESET:
		return WIRE_CUT_RESET;
	case FAULT_CUT_CLOSE:
		return WIRE_CUT_CLOSE;
	case FAULT_CUT_ALERT:
		return WIRE_CUT_ALERT;
	case FAULT_CUT_STALL:
		break;
	}
	return WIRE_CUT_STALL;
}

static enum wire_act
act_of(enum fault_cut_how how)
{
	switch (how) {
	case FAULT_CUT_RESET:
		return WIRE_RESET;
	case FAULT_CUT_CLOSE:
	case FAULT_CUT_ALERT:
		return WIRE_CLOSE;
	case FAULT_CUT_STALL:
		break;
	}
	return WIRE_SILENT;
}

static void
set_cut(const struct fault *f, struct http_reply *r, size_t head)
{
	struct wire *w = &r->wire;

	if (f->hang == FAULT_HANG_HEADERS) {
		w->cut = WIRE_CUT_STALL;
		w->cut_at = head;
	} else if (f->cut_at == FAULT_AT_HEADERS) {
		w->cut = cut_of(f->cut_how);
		w->cut_at = head;
	} else if (f->cut_at == FAULT_AT_AMOUNT) {
		w->cut = cut_of(f->cut_how);
		w->cut_at = head +
		    (size_t)fault_amount_of(&f->cut_amount, w->raw.n - head);
	}
}

/* The answer as bytes, in the arena. */
static int
write_out(const struct fault *f, const struct fault_site *s,
    struct http_reply *r, struct err *e)
{
	struct buf b;
	size_t head;
	int rc = 0;

	if (f->form.gzip && compress_body(s, r, e) == -1)
		return -1;
	buf_init(&b, ANSWER_MAX);
	fault_write_reply(r, &f->form, s->rq->method == HTTP_HEAD, &b, &head);
	r->wire.raw = buf_ok(&b) ? arena_copy(s->arena, buf_bytes(&b))
				 : bytes_of(NULL, 0);
	if (r->wire.raw.p == NULL)
		rc = err_set(e, ERR_LIMIT, "the answer is too large");
	buf_clear(&b);
	if (rc == 0)
		set_cut(f, r, head);
	return rc;
}

static int
set_raw(const struct fault *f, const struct fault_site *s, struct http_reply *r,
    struct err *e)
{
	uint8_t *p;

	r->wire.raw = f->raw;
	if (f->raw_junk == 0)
		return 0;
	p = arena_alloc(s->arena, f->raw_junk);
	if (p == NULL)
		return err_set(e, ERR_LIMIT, "the raw answer is too large");
	draw_bytes(draw_more(s->draw, DRAW_RAW), p, f->raw_junk);
	r->wire.raw = bytes_of(p, f->raw_junk);
	return 0;
}

int
fault_wire(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e)
{
	struct wire *w = &reply->wire;

	w->delay_ms += fault_wait_ms(&f->wait, draw_more(s->draw, DRAW_WAIT));
	if (f->has_raw || f->raw_junk > 0) {
		w->act = WIRE_PLAY;
		if (set_raw(f, s, reply, e) == -1)
			return -1;
		set_cut(f, reply, 0);
	} else if (f->hang == FAULT_HANG_SILENT) {
		w->act = WIRE_SILENT;
	} else if (f->cut_at == FAULT_AT_START) {
		w->act = act_of(f->cut_how);
	} else if (w->act == WIRE_PLAY && is_written_out(f) &&
	    write_out(f, s, reply, e) == -1) {
		return -1;
	}
	w->drip_bytes = f->drip_bytes;
	w->drip_every_ms = f->drip_every_ms;
	w->keep_open = f->form.keep_open;
	return 0;
}
