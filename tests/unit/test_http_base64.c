/* SPDX-License-Identifier: MIT */
/*
 * Base64 as SCEP clients send it: each liberty taken and noted, each fault
 * placed. libcrypto's encoder is the other side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/env.h"
#include "http/base64.h"

#define PLUS HTTP_BASE64_BLANK_FOR_PLUS
#define URL HTTP_BASE64_URL_ALPHABET
#define BREAKS HTTP_BASE64_LINE_BREAKS
#define UNPADDED HTTP_BASE64_NO_PADDING
#define TWICE HTTP_BASE64_ESCAPED_TWICE

static void
takes_every_form_that_clients_send(void **state)
{
	static const struct {
		const char *sentence, *text, *data;
		unsigned liberties;
	} rows[] = {
		{ "nothing", "", "", 0 },
		{ "one byte", "Zg==", "f", 0 },
		{ "two bytes", "Zm8=", "fo", 0 },
		{ "three bytes", "Zm9v", "foo", 0 },
		{ "six bytes", "Zm9vYmFy", "foobar", 0 },
		{ "plus and slash", "+/+/", "\xfb\xff\xbf", 0 },
		{ "blank for plus", " / /", "\xfb\xff\xbf", PLUS },
		{ "base64url", "-_-_", "\xfb\xff\xbf", URL },
		{ "both at once", "-/ _", "\xfb\xff\xbf", URL | PLUS },
		{ "a line break", "Zm9v\r\nYmFy\n", "foobar", BREAKS },
		{ "a line break inside a group", "Zm\n9v", "foo", BREAKS },
		{ "a tab", "Zm9v\tYmFy", "foobar", BREAKS },
		{ "no padding, one byte", "Zg", "f", UNPADDED },
		{ "no padding, two bytes", "Zm8", "fo", UNPADDED },
		{ "half of the padding", "Zg=", "f", UNPADDED },
		{ "a line break behind the padding", "Zg==\r\n", "f", BREAKS },
		{ "a line break inside the padding", "Zg=\n=", "f", BREAKS },
		{ "a blank behind the padding", "Zm8= ", "fo", BREAKS },
		{ "escaped twice", "%2B%2F%2b%2f", "\xfb\xff\xbf", TWICE },
		{ "padding escaped twice", "Zg%3D%3D", "f", TWICE },
		{ "a line break escaped twice", "Zm9v%0AYmFy%0a", "foobar",
		    TWICE | BREAKS },
		{ "a blank escaped twice", "%20/%20/", "\xfb\xff\xbf",
		    TWICE | PLUS },
		{ "bits behind the last byte are ignored", "Zn==", "f", 0 },
	};
	struct http_base64_result r;
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a, 1u << 16);
	for (i = 0; i < nitems(rows); i++) {
		assert_int_equal(
		    http_base64_decode(&r, &a, bytes_str(rows[i].text)), 0);
		if (!r.sound || r.liberties != rows[i].liberties ||
		    !bytes_eq(r.data, bytes_str(rows[i].data)))
			fail_msg("%s: %s, liberties %#x, %zu bytes",
			    rows[i].sentence, r.sound ? "sound" : r.why,
			    r.liberties, r.data.n);
		assert_null(r.why);
		assert_non_null(r.data.p);
	}
	arena_clear(&a);
}

static void
keeps_what_it_could_read_and_says_where_it_stopped(void **state)
{
	static const struct {
		const char *text, *data;
		size_t at;
		const char *why;
	} rows[] = {
		{ "Zm9v*YmFy", "foo", 4, "a character that is not base64" },
		{ "Zm9vYm.y", "foob", 6, "a character that is not base64" },
		{ "Zm9v%", "foo", 4, "a character that is not base64" },
		{ "Zm9v%4", "foo", 4, "a character that is not base64" },
		{ "Zm9v%zz", "foo", 4, "a character that is not base64" },
		{ "Zm9v%00", "foo", 4, "a character that is not base64" },
		{ "Zm9v\x80", "foo", 4, "a character that is not base64" },
		{ "%5Am9v%2A", "foo", 6, "a character that is not base64" },
		{ "Zg==Zg==", "f", 4, "text goes on behind '='" },
		{ "Zg=g", "f", 3, "text goes on behind '='" },
		{ "Zg==%41", "f", 4, "text goes on behind '='" },
		{ "=Zg", "", 0, "'=' where a base64 digit belongs" },
		{ "Zm9v=", "foo", 4, "'=' where a base64 digit belongs" },
		{ "Zm9vY=", "foo", 5, "'=' where a base64 digit belongs" },
		{ "Zg===", "f", 4, "more '=' than the text needs" },
		{ "Zm8==", "fo", 4, "more '=' than the text needs" },
		{ "Zm9vY", "foo", 4,
		    "a single base64 digit is left over at the end" },
		{ "Zm9vY\r\n", "foo", 4,
		    "a single base64 digit is left over at the end" },
	};
	struct http_base64_result r;
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a, 1u << 16);
	for (i = 0; i < nitems(rows); i++) {
		assert_int_equal(
		    http_base64_decode(&r, &a, bytes_str(rows[i].text)), 0);
		if (r.sound || r.fault_at != rows[i].at ||
		    !bytes_eq(r.data, bytes_str(rows[i].data)))
			fail_msg("%s: at %zu, %zu bytes", rows[i].text,
			    r.fault_at, r.data.n);
		assert_string_equal(r.why, rows[i].why);
	}
	arena_clear(&a);
}

static void
agrees_with_libcrypto_on_every_length(void **state)
{
	uint8_t data[200];
	unsigned char theirs[400];
	struct http_base64_result r;
	struct arena a;
	struct buf ours = { 0 };
	size_t n, i;
	int len;

	(void)state;
	arena_init(&a, 1u << 20);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (n = 0; n < sizeof(data); n++) {
		len = EVP_EncodeBlock(theirs, data, (int)n);
		buf_clear(&ours);
		buf_init(&ours, 1024);
		http_base64_encode(&ours, bytes_of(data, n));
		assert_string_equal(buf_str(&ours), (const char *)theirs);
		assert_int_equal(
		    http_base64_decode(&r, &a, bytes_of(theirs, (size_t)len)),
		    0);
		assert_true(r.sound);
		assert_int_equal(r.liberties, 0);
		assert_true(bytes_eq(r.data, bytes_of(data, n)));
	}
	buf_clear(&ours);
	arena_clear(&a);
}

static void
marks_the_buffer_when_the_text_does_not_fit(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_init(&b, 7);
	http_base64_encode(&b, BYTES_LIT("foobar"));
	assert_false(buf_ok(&b));
	buf_clear(&b);
	buf_init(&b, 8);
	http_base64_encode(&b, BYTES_LIT("foobar"));
	assert_true(buf_ok(&b));
	buf_clear(&b);
}

static void
leaves_the_result_alone_when_there_is_no_room(void **state)
{
	struct http_base64_result r, before;
	struct arena a;

	(void)state;
	memset(&r, 0x5a, sizeof(r));
	memcpy(&before, &r, sizeof(r));
	arena_init(&a, 16);
	assert_int_equal(http_base64_decode(
			     &r, &a, bytes_of("AAAAAAAAAAAAAAAAAAAAAAAA", 24)),
	    -1);
	assert_memory_equal(&r, &before, sizeof(r));
	arena_clear(&a);
}

/* Microseconds for a text of n characters made of the pattern. */
static int64_t
time_of(const char *pattern, size_t n)
{
	struct http_base64_result r;
	struct arena a;
	char *text = malloc(n);
	int64_t t;
	size_t i;

	assert_non_null(text);
	for (i = 0; i < n; i++)
		text[i] = pattern[i % strlen(pattern)];
	arena_init(&a, 4 * n);
	t = env_monotonic_us();
	assert_int_equal(http_base64_decode(&r, &a, bytes_of(text, n)), 0);
	t = env_monotonic_us() - t;
	arena_clear(&a);
	free(text);
	return t;
}

static void
reads_a_long_text_in_linear_time(void **state)
{
	static const char *const patterns[] = { "AbC+", "A\r\n", "%2B", "A%" };
	size_t i;

	(void)state;
	/* A quadratic reader would need 4e10 steps: minutes, not a second. */
	for (i = 0; i < nitems(patterns); i++)
		assert_true(time_of(patterns[i], 200000) < 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_form_that_clients_send),
		cmocka_unit_test(
		    keeps_what_it_could_read_and_says_where_it_stopped),
		cmocka_unit_test(agrees_with_libcrypto_on_every_length),
		cmocka_unit_test(marks_the_buffer_when_the_text_does_not_fit),
		cmocka_unit_test(leaves_the_result_alone_when_there_is_no_room),
		cmocka_unit_test(reads_a_long_text_in_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
