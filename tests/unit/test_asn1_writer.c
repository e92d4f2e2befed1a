/* SPDX-License-Identifier: MIT */
/* The backward writer: the octets it makes, compared with libcrypto's and with X.690's by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>

#include "asn1/writer.h"

static void
assert_written(const struct asn1_writer *w, const void *want, size_t n)
{
	struct bytes got = asn1_written(w);

	assert_false(w->overflow);
	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, want, n);
}

static void
writes_integers_as_libcrypto_does(void **state)
{
	static const int64_t rows[] = { 0, 1, 127, 128, 255, 256, 32767, 32768,
		65537, INT64_MAX, -1, -128, -129, -32768, -32769, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		uint8_t room[16];
		unsigned char *want = NULL;
		struct asn1_writer w;
		ASN1_INTEGER *oracle = ASN1_INTEGER_new();

		assert_int_equal(ASN1_INTEGER_set_int64(oracle, rows[i]), 1);
		int n = i2d_ASN1_INTEGER(oracle, &want);

		asn1_write_into(&w, room, sizeof(room));
		asn1_put_int(&w, rows[i]);
		assert_written(&w, want, (size_t)n);
		OPENSSL_free(want);
		ASN1_INTEGER_free(oracle);
	}
}

static void
writes_times_as_libcrypto_does(void **state)
{
	static const int64_t rows[] = { 0, 1732310557, -631152000, -631152001,
		2524607999, 2524608000, 253402300799 };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		uint8_t room[32];
		unsigned char *want = NULL;
		struct asn1_writer w;
		ASN1_TIME *oracle = ASN1_TIME_set(NULL, rows[i]);

		assert_non_null(oracle);
		int n = i2d_ASN1_TIME(oracle, &want);

		asn1_write_into(&w, room, sizeof(room));
		asn1_put_time(&w, rows[i]);
		assert_written(&w, want, (size_t)n);
		OPENSSL_free(want);
		ASN1_TIME_free(oracle);
	}
}

static void
writes_lengths_in_as_few_octets_as_can_be(void **state)
{
	static const struct {
		size_t n, header;
		const char *want;
	} rows[] = {
		{ 0, 2, "\x04\x00" },
		{ 127, 2, "\x04\x7f" },
		{ 128, 3, "\x04\x81\x80" },
		{ 255, 3, "\x04\x81\xff" },
		{ 256, 4, "\x04\x82\x01\x00" },
		{ 65535, 4, "\x04\x82\xff\xff" },
		{ 65536, 5, "\x04\x83\x01\x00\x00" },
	};
	static uint8_t room[65600], body[65536];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct asn1_writer w;

		asn1_write_into(&w, room, sizeof(room));
		asn1_put(&w, ASN1_ID_OCTET_STRING, bytes_of(body, rows[i].n));
		struct bytes got = asn1_written(&w);

		assert_int_equal(got.n, rows[i].header + rows[i].n);
		assert_memory_equal(got.p, rows[i].want, rows[i].header);
	}
}

static void
put_sample(struct asn1_writer *w)
{
	size_t m = asn1_mark(w);

	asn1_put_null(w);
	asn1_put_bool(w, false);
	asn1_put_bool(w, true);
	asn1_put_bits(w, BYTES_LIT("\xaa"));
	asn1_put_uint_bytes(w, BYTES_LIT("\0\0\x80"));
	asn1_put_uint_bytes(w, BYTES_LIT("\0\x7f"));
	asn1_put_uint_bytes(w, BYTES_LIT("\0"));
	asn1_put_oid(w, BYTES_LIT("\x55\x04\x03"));
	asn1_put_raw(w, BYTES_LIT("\x0c\x01x"));
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
}

static const char sample[] = "\x30\x1e\x0c\x01x\x06\x03\x55\x04\x03"
			     "\x02\x01\x00\x02\x01\x7f\x02\x02\x00\x80"
			     "\x03\x02\x00\xaa\x01\x01\xff\x01\x01\x00"
			     "\x05\x00";

static void
writes_first_what_was_put_last(void **state)
{
	uint8_t room[64];
	struct asn1_writer w;

	(void)state;
	asn1_write_into(&w, room, sizeof(room));
	put_sample(&w);
	assert_written(&w, sample, sizeof(sample) - 1);
}

static void
counts_on_when_the_room_is_too_small(void **state)
{
	uint8_t room[sizeof(sample) - 1];

	(void)state;
	for (size_t cap = 0; cap <= sizeof(room); cap++) {
		struct asn1_writer w;

		memset(room, 0x55, sizeof(room));
		asn1_write_into(&w, cap == 0 ? NULL : room, cap);
		put_sample(&w);
		assert_int_equal(w.need, sizeof(room));
		assert_int_equal(w.overflow, cap < sizeof(room));
		if (!w.overflow) {
			assert_written(&w, sample, sizeof(room));
			continue;
		}
		assert_int_equal(asn1_written(&w).n, 0);
		for (size_t i = cap; i < sizeof(room); i++)
			assert_int_equal(room[i], 0x55);
	}
}

static void
sorts_a_set_by_its_octets(void **state)
{
	struct bytes set[] = {
		BYTES_LIT("\x30\x02zz"),
		BYTES_LIT("\x30\x01z"),
		BYTES_LIT("\x02\x01\x05"),
		BYTES_LIT("\x30\x02za"),
		BYTES_LIT("\xa0\x00"),
	};
	uint8_t room[64];
	struct asn1_writer w;

	(void)state;
	asn1_write_into(&w, room, sizeof(room));
	asn1_put_sorted(&w, set, nitems(set));
	static const char want[] =
	    "\x02\x01\x05\x30\x01z\x30\x02za\x30\x02zz\xa0\x00";

	assert_written(&w, want, sizeof(want) - 1);
	asn1_write_into(&w, room, sizeof(room));
	asn1_put_sorted(&w, NULL, 0);
	assert_int_equal(w.need, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_integers_as_libcrypto_does),
		cmocka_unit_test(writes_times_as_libcrypto_does),
		cmocka_unit_test(writes_lengths_in_as_few_octets_as_can_be),
		cmocka_unit_test(writes_first_what_was_put_last),
		cmocka_unit_test(counts_on_when_the_room_is_too_small),
		cmocka_unit_test(sorts_a_set_by_its_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
