/* SPDX-License-Identifier: MIT */
/*
 * Aims at http_query_find(), http_percent_decode(), http_base64_decode() and
 * http_request_split(): the input is a request target.
 */
#include <stdlib.h>

#include "http/base64.h"
#include "http/query.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What was read from any text encodes to a text that reads the same, without liberties. */
static void
check_base64(struct arena *a, struct bytes text)
{
	struct http_base64_result r, again;
	struct buf encoded = { 0 };

	if (http_base64_decode(&r, a, text) == -1)
		return;
	must(r.sound == (r.why == NULL));
	must(r.data.n <= text.n);
	must(r.sound || r.fault_at < text.n);
	buf_init(&encoded, 2 * text.n + 4);
	http_base64_encode(&encoded, r.data);
	must(buf_ok(&encoded));
	if (http_base64_decode(&again, a, buf_bytes(&encoded)) == 0) {
		must(again.sound && again.liberties == 0);
		must(bytes_eq(again.data, r.data));
	}
	buf_clear(&encoded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request rq = { .target = bytes_of(data, size) };
	struct bytes value, decoded;
	struct arena a;

	arena_init(&a, 1u << 20);
	http_request_split(&rq);
	must(rq.path.n <= size && rq.query.n <= size);
	if (http_query_find(rq.query, "message", &value)) {
		must(value.n <= rq.query.n);
		decoded = http_percent_decode(&a, value);
		must(decoded.n <= value.n);
		check_base64(&a, decoded);
	}
	check_base64(&a, bytes_of(data, size));
	arena_clear(&a);
	return 0;
}
