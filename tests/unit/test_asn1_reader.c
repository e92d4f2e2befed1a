/* SPDX-License-Identifier: MIT */
/*
 * The reader: where elements end, what is refused and at which offset, what
 * their contents mean. Expectations are written out by hand from X.690.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "asn1/reader.h"
#include "support/sweep.h"

/* ---- one element ---- */

struct element_row {
	const char *sentence;
	struct bytes in;
	bool read; /* does asn1_next give an element? */
	bool truncated, indefinite;
	size_t whole, body;
	const char *why; /* NULL: nothing wrong */
	size_t at;
};

#define LIT(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
#define CUT_HEADER "the input ends inside an element's header"
#define CUT_BODY "an element runs past the end of the input"
#define CUT_INDEFINITE "the input ends before the end-of-contents octets"

static const struct element_row elements[] = {
	{ "nothing is the end, not a fault", LIT(""), false, false, false, 0, 0,
	    NULL, 0 },
	{ "short form", LIT("\x04\x02xy"), true, false, false, 4, 2, NULL, 0 },
	{ "empty contents", LIT("\x05\x00"), true, false, false, 2, 0, NULL,
	    0 },
	{ "bytes behind the element stay", LIT("\x04\x01xyz"), true, false,
	    false, 3, 1, NULL, 0 },
	{ "long form of one octet", LIT("\x04\x81\x02xy"), true, false, false,
	    5, 2, NULL, 0 },
	{ "long form that is not minimal", LIT("\x04\x84\0\0\0\x02xy"), true,
	    false, false, 8, 2, NULL, 0 },
	{ "length of eight octets", LIT("\x04\x88\0\0\0\0\0\0\0\x02xy"), true,
	    false, false, 12, 2, NULL, 0 },
	{ "length of nine octets", LIT("\x04\x89\0\0\0\0\0\0\0\0\x02xy"), false,
	    false, false, 0, 0, "a length of more than 8 octets", 0 },
	{ "the reserved length octet", LIT("\x04\xff\x01"), false, false, false,
	    0, 0, "a length of more than 8 octets", 0 },
	{ "the largest length there is",
	    LIT("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffxy"), true, true,
	    false, 12, 2, CUT_BODY, 12 },
	{ "an identifier alone", LIT("\x04"), false, false, false, 0, 0,
	    CUT_HEADER, 1 },
	{ "a long length cut off", LIT("\x04\x82\x01"), false, false, false, 0,
	    0, CUT_HEADER, 3 },
	{ "one octet is missing", LIT("\x04\x03xy"), true, true, false, 4, 2,
	    CUT_BODY, 4 },
	{ "a high tag number", LIT("\x1f\x81\x01\x00"), false, false, false, 0,
	    0, "a tag number above 30", 0 },
	{ "tag number 30", LIT("\x9e\x00"), true, false, false, 2, 0, NULL, 0 },
	{ "end-of-contents octets by themselves", LIT("\0\0"), false, false,
	    false, 0, 0,
	    "end-of-contents octets where no indefinite length is open", 0 },
	{ "indefinite and empty", LIT("\x30\x80\0\0"), true, false, true, 4, 0,
	    NULL, 0 },
	{ "indefinite around a definite one", LIT("\x30\x80\x04\x02\0\0\0\0!"),
	    true, false, true, 8, 4, NULL, 0 },
	{ "indefinite in indefinite", LIT("\x30\x80\x30\x80\x05\0\0\0\0\0"),
	    true, false, true, 10, 6, NULL, 0 },
	{ "the outer end is missing", LIT("\x30\x80\x30\x80\0\0"), true, true,
	    true, 6, 4, CUT_INDEFINITE, 6 },
	{ "half an end", LIT("\x30\x80\0"), true, true, true, 3, 1, CUT_HEADER,
	    3 },
	{ "a definite one inside runs over", LIT("\x30\x80\x04\x05xy"), true,
	    true, true, 6, 4, CUT_BODY, 6 },
	{ "a broken header inside", LIT("\x30\x80\x05\0\x1f\0\0\0"), true, true,
	    true, 8, 6, "a tag number above 30", 4 },
	{ "primitive and indefinite", LIT("\x04\x80xy\0\0"), false, false,
	    false, 0, 0, "a primitive element of indefinite length", 0 },
};

static void
finds_where_an_element_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(elements); i++) {
		const struct element_row *row = &elements[i];
		struct sweep_page page;
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;
		struct asn1_item item = { .id = 0xee };

		sweep_page_make(&page, 64);
		struct bytes in = bytes_of(
		    sweep_page_put(&page, row->in.p, row->in.n), row->in.n);

		print_message("  %s\n", row->sentence);
		asn1_open(&r, in, &fault);
		assert_int_equal(asn1_next(&r, &item), row->read);
		if (row->why == NULL) {
			assert_null(fault.why);
		} else {
			assert_non_null(fault.why);
			assert_string_equal(fault.why, row->why);
			assert_int_equal(fault.at, row->at);
		}
		if (row->read) {
			assert_int_equal(item.id, row->in.p[0]);
			assert_int_equal(item.truncated, row->truncated);
			assert_int_equal(item.indefinite, row->indefinite);
			assert_int_equal(item.whole.n, row->whole);
			assert_int_equal(item.body.n, row->body);
			assert_ptr_equal(item.whole.p, in.p);
			assert_int_equal(r.rest.n, in.n - row->whole);
		} else {
			assert_int_equal(item.id, 0xee);
			assert_int_equal(r.rest.n, in.n);
		}
		sweep_page_free(&page);
	}
}

/* ---- depth ---- */

/* n elements, each around the next, indefinite or definite. */
static size_t
nest(uint8_t *room, size_t n, bool indefinite)
{
	for (size_t i = 0; i < n; i++) {
		room[2 * i] = ASN1_ID_SEQUENCE;
		room[2 * i + 1] =
		    indefinite ? 0x80 : (uint8_t)(2 * (n - i - 1));
	}
	if (!indefinite)
		return 2 * n;
	memset(room + 2 * n, 0, 2 * n);
	return 4 * n;
}

/* How many levels can be entered? */
static unsigned
descend(struct bytes in, struct asn1_fault *fault)
{
	struct asn1_reader r, child;
	struct asn1_item item;
	unsigned levels = 0;

	asn1_open(&r, in, fault);
	while (asn1_next(&r, &item)) {
		asn1_enter(&child, &r, &item);
		r = child;
		levels++;
	}
	return levels;
}

static void
takes_forty_levels_and_refuses_one_more(void **state)
{
	uint8_t room[4 * (ASN1_DEPTH_MAX + 2)];

	(void)state;
	for (int indefinite = 0; indefinite < 2; indefinite++) {
		struct asn1_fault fault = { 0 };
		size_t n = nest(room, ASN1_DEPTH_MAX, indefinite);

		assert_int_equal(
		    descend(bytes_of(room, n), &fault), ASN1_DEPTH_MAX);
		assert_null(fault.why);
		n = nest(room, ASN1_DEPTH_MAX + 1, indefinite);
		descend(bytes_of(room, n), &fault);
		assert_non_null(fault.why);
		assert_string_equal(fault.why, "elements are nested too deep");
		assert_int_equal(fault.at, 2 * ASN1_DEPTH_MAX);
	}
}

static void
survives_a_mebibyte_of_open_levels(void **state)
{
	size_t n = 1 << 20;
	uint8_t *p = malloc(n);
	struct asn1_fault fault = { 0 };

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < n; i += 2) {
		p[i] = ASN1_ID_SEQUENCE;
		p[i + 1] = 0x80;
	}
	assert_in_range(descend(bytes_of(p, n), &fault), 1, ASN1_DEPTH_MAX + 1);
	assert_string_equal(fault.why, "elements are nested too deep");
	assert_int_equal(fault.at, 2 * (ASN1_DEPTH_MAX + 1));
	free(p);
}

/* ---- taking ---- */

static void
takes_what_is_expected_and_says_what_is_not(void **state)
{
	static const struct bytes in = LIT("\x30\x03\x02\x01\x07\x05\0");
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, child;
	struct asn1_item item = { 0 };

	(void)state;
	asn1_open(&r, in, &fault);
	assert_false(asn1_take_optional(&r, ASN1_ID_SET, &item));
	assert_null(fault.why);
	assert_true(asn1_take_enter(&r, ASN1_ID_SEQUENCE, &child));
	assert_true(asn1_take(&child, ASN1_ID_INTEGER, &item));
	assert_true(asn1_end(&child));
	assert_false(asn1_take(&child, ASN1_ID_INTEGER, &item));
	assert_string_equal(fault.why, "expected an INTEGER");
	assert_int_equal(fault.at, 5);
	/* the first fault stays, reading goes on */
	assert_false(asn1_end(&r));
	assert_string_equal(fault.why, "expected an INTEGER");
	assert_true(asn1_take(&r, ASN1_ID_NULL, &item));
	assert_true(asn1_end(&r));
	fault = (struct asn1_fault){ 0 };
	asn1_open(&r, in, &fault);
	assert_false(asn1_end(&r));
	assert_string_equal(fault.why, "unexpected bytes");
	assert_int_equal(fault.at, 0);
}

static void
peeks_without_moving_or_complaining(void **state)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item item;

	(void)state;
	asn1_open(&r, BYTES_LIT("\x04\x09xy"), &fault);
	assert_true(asn1_peek(&r, &item));
	assert_true(item.truncated);
	assert_null(fault.why);
	assert_int_equal(r.rest.n, 4);
}

static void
takes_strings_in_either_form_but_bit_strings_in_one(void **state)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item item;

	(void)state;
	asn1_open(&r, BYTES_LIT("\x24\x03\x04\x01x\x23\0"), &fault);
	assert_true(asn1_take(&r, ASN1_ID_OCTET_STRING, &item));
	assert_false(asn1_take(&r, ASN1_ID_BIT_STRING, &item));
	assert_string_equal(fault.why, "expected a BIT STRING");
	assert_int_equal(fault.at, 5);
}

/* ---- strings ---- */

static const struct {
	const char *sentence;
	struct bytes in;
	const char *want; /* NULL: refused */
	const char *why;
	size_t at;
} strings[] = {
	{ "primitive", LIT("\x04\x02xy"), "xy", NULL, 0 },
	{ "one piece", LIT("\x24\x04\x04\x02xy"), "xy", NULL, 0 },
	{ "two pieces, indefinite", LIT("\x24\x80\x04\x01x\x04\x01y\0\0"), "xy",
	    NULL, 0 },
	{ "pieces in pieces", LIT("\x24\x80\x24\x80\x04\x01x\0\0\x04\x01y\0\0"),
	    "xy", NULL, 0 },
	{ "no pieces", LIT("\x24\x80\0\0"), "", NULL, 0 },
	{ "[0] of OCTET STRING in pieces",
	    LIT("\xa0\x80\x04\x01x\x04\x01y\0\0"), "xy", NULL, 0 },
	{ "UTF8String of OCTET STRINGs", LIT("\x2c\x03\x04\x01x"), "x", NULL,
	    0 },
	{ "UTF8String of UTF8Strings", LIT("\x2c\x03\x0c\x01x"), "x", NULL, 0 },
	{ "a piece that is an INTEGER", LIT("\x24\x80\x04\x01x\x02\x01y\0\0"),
	    NULL, "a piece of a string that is no string", 5 },
	{ "a UTF8String inside an OCTET STRING", LIT("\x24\x03\x0c\x01x"), NULL,
	    "a piece of a string that is no string", 2 },
	{ "cut off in the second piece", LIT("\x24\x80\x04\x01x\x04\x05y"),
	    "xy", CUT_BODY, 8 },
	{ "cut off in a header", LIT("\x24\x80\x04\x01x\x04"), "x", CUT_HEADER,
	    6 },
};

static void
puts_the_pieces_of_a_string_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(strings); i++) {
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;
		struct asn1_item item;
		uint8_t room[64];
		struct bytes out = { NULL, 77 };

		print_message("  %s\n", strings[i].sentence);
		asn1_open(&r, strings[i].in, &fault);
		assert_true(asn1_next(&r, &item));
		bool ok =
		    asn1_octets(&r, &item, room, asn1_octets_size(&item), &out);

		assert_int_equal(ok, strings[i].want != NULL);
		if (ok) {
			assert_int_equal(out.n, strlen(strings[i].want));
			assert_memory_equal(out.p, strings[i].want, out.n);
		} else {
			assert_int_equal(out.n, 77);
		}
		if (strings[i].why == NULL) {
			assert_null(fault.why);
			continue;
		}
		assert_string_equal(fault.why, strings[i].why);
		assert_int_equal(fault.at, strings[i].at);
	}
}

static void
refuses_a_string_longer_than_the_room(void **state)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item item;
	uint8_t room[2];
	struct bytes out;

	(void)state;
	asn1_open(&r, BYTES_LIT("\x24\x06\x04\x01x\x04\x01y"), &fault);
	assert_true(asn1_next(&r, &item));
	assert_true(asn1_octets(&r, &item, room, 2, &out));
	assert_false(asn1_octets(&r, &item, room, 1, &out));
	assert_string_equal(fault.why, "a string that is too long");
	assert_int_equal(fault.at, 7);
}

/* ---- values ---- */

static struct asn1_item
item_of(uint8_t id, struct bytes body)
{
	return (struct asn1_item){ .id = id, .body = body, .whole = body };
}

static void
reads_integers_that_are_not_negative_and_fit(void **state)
{
	static const struct {
		struct bytes body;
		bool ok;
		uint64_t want;
	} rows[] = {
		{ LIT("\0"), true, 0 },
		{ LIT("\x7f"), true, 127 },
		{ LIT("\0\x80"), true, 128 },
		{ LIT("\0\0\x01"), true, 1 },
		{ LIT("\0\xff\xff\xff\xff\xff\xff\xff\xff"), true, UINT64_MAX },
		{ LIT("\x01\0\0\0\0\0\0\0\0"), false, 0 },
		{ LIT("\xff"), false, 0 },
		{ LIT(""), false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct asn1_item item = item_of(ASN1_ID_INTEGER, rows[i].body);
		uint64_t v = 4711;

		assert_int_equal(asn1_uint(&item, &v), rows[i].ok);
		assert_true(v == (rows[i].ok ? rows[i].want : 4711));
	}
}

static void
reads_the_times_of_certificates(void **state)
{
	static const struct {
		const char *text;
		uint8_t id;
		bool ok;
		int64_t want;
	} rows[] = {
		{ "700101000000Z", ASN1_ID_UTC_TIME, true, 0 },
		{ "700101000001Z", ASN1_ID_UTC_TIME, true, 1 },
		{ "7001010001Z", ASN1_ID_UTC_TIME, true, 60 },
		{ "491231235959Z", ASN1_ID_UTC_TIME, true, 2524607999 },
		{ "500101000000Z", ASN1_ID_UTC_TIME, true, -631152000 },
		{ "000229000000Z", ASN1_ID_UTC_TIME, true, 951782400 },
		{ "010229000000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "20500101000000Z", ASN1_ID_GENERALIZED_TIME, true,
		    2524608000 },
		{ "99991231235959Z", ASN1_ID_GENERALIZED_TIME, true,
		    253402300799 },
		{ "19700101000000Z", ASN1_ID_GENERALIZED_TIME, true, 0 },
		{ "197001010000Z", ASN1_ID_GENERALIZED_TIME, true, 0 },
		{ "700101000000Z", ASN1_ID_GENERALIZED_TIME, false, 0 },
		{ "700101000000Z", ASN1_ID_INTEGER, false, 0 },
		{ "700101000000", ASN1_ID_UTC_TIME, false, 0 },
		{ "700101000000+0100", ASN1_ID_UTC_TIME, false, 0 },
		{ "700101000000.5Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "701301000000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "700001000000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "700132000000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "700101240000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "700101006000Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "700101000060Z", ASN1_ID_UTC_TIME, false, 0 },
		{ "70010100000aZ", ASN1_ID_UTC_TIME, false, 0 },
		{ "", ASN1_ID_UTC_TIME, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct asn1_item item =
		    item_of(rows[i].id, bytes_str(rows[i].text));
		int64_t t = 4711;

		print_message("  %s\n", rows[i].text);
		assert_int_equal(asn1_time(&item, &t), rows[i].ok);
		assert_true(t == (rows[i].ok ? rows[i].want : 4711));
	}
}

static void
prints_object_identifiers(void **state)
{
	static const struct {
		struct bytes oid;
		const char *want; /* NULL: malformed */
	} rows[] = {
		{ LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
		    "1.2.840.113549.1.1.1" },
		{ LIT("\x55\x04\x03"), "2.5.4.3" },
		{ LIT("\x00"), "0.0" },
		{ LIT("\x27"), "0.39" },
		{ LIT("\x28"), "1.0" },
		{ LIT("\x88\x37"), "2.999" },
		{ LIT("\x2a\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		    "1.2.18446744073709551615" },
		{ LIT("\x2a\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00"), NULL },
		{ LIT("\x2a\x80\x01"), NULL },
		{ LIT("\x2a\x86"), NULL },
		{ LIT(""), NULL },
	};
	char out[40];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		strcpy(out, "before");
		assert_int_equal(asn1_oid_text(rows[i].oid, out, sizeof(out)),
		    rows[i].want != NULL);
		assert_string_equal(
		    out, rows[i].want == NULL ? "" : rows[i].want);
	}
	assert_true(asn1_oid_text(rows[1].oid, out, 8));
	assert_string_equal(out, "2.5.4.3");
	assert_false(asn1_oid_text(rows[1].oid, out, 7));
	assert_string_equal(out, "");
	assert_false(asn1_oid_text(rows[1].oid, out, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_where_an_element_ends),
		cmocka_unit_test(takes_forty_levels_and_refuses_one_more),
		cmocka_unit_test(survives_a_mebibyte_of_open_levels),
		cmocka_unit_test(takes_what_is_expected_and_says_what_is_not),
		cmocka_unit_test(peeks_without_moving_or_complaining),
		cmocka_unit_test(
		    takes_strings_in_either_form_but_bit_strings_in_one),
		cmocka_unit_test(puts_the_pieces_of_a_string_together),
		cmocka_unit_test(refuses_a_string_longer_than_the_room),
		cmocka_unit_test(reads_integers_that_are_not_negative_and_fit),
		cmocka_unit_test(reads_the_times_of_certificates),
		cmocka_unit_test(prints_object_identifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
