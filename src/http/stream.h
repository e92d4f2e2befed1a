/* SPDX-License-Identifier: MIT */
/*
 * A body that comes in pieces, from any thread, while the reply is already on
 * its way. The writer never waits: what a slow reader has not taken is kept
 * up to a limit, and beyond it the reader is cut off behind a farewell.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "base/span.h"

struct http_stream; /* counted; one lock inside; any thread */

/*
 * With one reference. max: bytes that may wait for the reader. farewell: the
 * last piece of one that is cut off; copied, may be empty. NULL when memory
 * ran out.
 */
struct http_stream *http_stream_new(size_t max, struct bytes farewell);
struct http_stream *http_stream_ref(struct http_stream *s);
void http_stream_unref(struct http_stream *s); /* accepts NULL */

/* ---- the writer's side ---- */

/* Append a whole piece. -1: nobody will read it, because the reader left, was cut off just now or before, or the stream was ended. */
MUST_USE int http_stream_push(struct http_stream *s, struct bytes piece);

/* There is nothing more to come; twice is fine. */
void http_stream_end(struct http_stream *s);

/* A piece to be sent whenever there was nothing for so long; lent for ever. Before the stream is read. */
void http_stream_heartbeat(
    struct http_stream *s, int64_t every_ms, struct bytes piece);

/* ---- the reader's side: one reader ---- */

/* wake() is called, by any thread and with the stream's lock held, whenever there is something to take; it may not call the stream. */
void http_stream_attach(
    struct http_stream *s, void (*wake)(void *ctx), void *ctx);

/* When it returns wake() is not called any more, and pushes fail. */
void http_stream_detach(struct http_stream *s);

/* How long to wait for something to take; 0: without limit. */
int64_t http_stream_patience(const struct http_stream *s);

/* It was so long: what is to be sent can be taken now. */
void http_stream_beat(struct http_stream *s);

/* Up to n bytes to p; 0 when there is none: then *over says whether none will come. */
size_t http_stream_take(struct http_stream *s, void *p, size_t n, bool *over);

#endif
