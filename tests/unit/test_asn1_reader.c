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
		room[2 * i] = ASN1_SEQUENCE;
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
