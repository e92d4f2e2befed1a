/* SPDX-License-Identifier: MIT */
/*
 * Odd encodings and structures: that BER is legal, how deep contents nest,
 * lengths that are lies, and what is no SignedData.
 */
#include "unit/scep_odd.h"

/* ---- BER ---- */

/* What libcrypto reads out of an envelope, by its own functions alone. */
static struct cm_bytes
decrypted(struct world *w, const struct cm_bytes *envelope)
{
	CMS_ContentInfo *cms = view_parse(span(envelope));
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	CM_NEED(cms != NULL);
	CM_NEED(CMS_decrypt(cms, w->f.client.key, w->f.client.cert, NULL, out,
		    CMS_BINARY) == 1);
	long n = BIO_get_mem_data(out, &p);
	struct cm_bytes inner = cm_copy(p, (size_t)n);

	BIO_free(out);
	CMS_ContentInfo_free(cms);
	return inner;
}

static bool
verified(struct world *w, struct bytes der)
{
	CMS_ContentInfo *cms = view_parse(der);

	CM_NEED(cms != NULL);
	bool holds = view_verifies(cms, w->f.ra.cert);

	CMS_ContentInfo_free(cms);
	return holds;
}

/*
 * How many elements of indefinite length and this kind are in it, by a walk
 * over the elements: contents are never looked into, for they may hold any
 * octets. Leaves *n bytes behind *p.
 */
static size_t
count_elements(const uint8_t **p, size_t *n, uint8_t id)
{
	size_t found = 0;

	while (*n > 0 && **p != 0) {
		const unsigned char *body = *p;
		uint8_t begins = **p;
		long size;
		int tag, class;
		int rc = ASN1_get_object(&body, &size, &tag, &class, (long)*n);
		bool endless = (rc & 1) != 0;

		CM_NEED((rc & 0x80) == 0);
		*n -= (size_t)(body - *p);
		*p = body;
		found += endless && begins == id;
		size_t inside = endless ? *n : (size_t)size;

		if ((rc & V_ASN1_CONSTRUCTED) != 0) {
			size_t left = inside;

			found += count_elements(p, &left, id);
			CM_NEED(endless || left == 0);
			*n -= inside - left;
		} else {
			*p += inside;
			*n -= inside;
		}
		if (endless) {
			CM_NEED(*n >= 2 && (*p)[0] == 0 && (*p)[1] == 0);
			*p += 2;
			*n -= 2;
		}
	}
	return found;
}

static size_t
count_begins(struct bytes b, uint8_t id)
{
	size_t found = count_elements(&b.p, &b.n, id);

	CM_NEED(b.n == 0);
	return found;
}

static void
expect_ber_envelope(
    struct world *w, const struct scep_reply *r, const struct cm_bytes *env)
{
	struct cm_bytes inner = decrypted(w, env);

	assert_int_equal(env->p[0], 0x30);
	assert_int_equal(env->p[1], 0x80);
	expect_span("inner", span(&inner), r->inner);
	cm_free(&inner);
}

static void
writes_ber_that_libcrypto_verifies_and_opens(void **state)
{
	static const struct scep_oddities ber = { .encoding = SCEP_BER };
	struct world *w = *state;
	struct scep_reply r = success(w);
	uint8_t inner[3000];
	struct buf b, der;

	memset(inner, 0x55, sizeof(inner));
	r.inner = bytes_of(inner, sizeof(inner));
	encode(w, &r, "DER", &der);
	r.odd = &ber;
	encode(w, &r, "BER", &b);
	assert_memory_equal(b.p, "\x30\x80\x06\x09", 4);
	/* eContent's string, and nothing of the signed attributes */
	assert_int_equal(count_begins(buf_bytes(&b), 0x24), 1);
	assert_true(b.n > der.n);
	assert_true(verified(w, buf_bytes(&b)));
	struct cm_bytes env = view_content(buf_bytes(&b));

	expect_ber_envelope(w, &r, &env);
	cm_free(&env);
	buf_clear(&b);
	buf_clear(&der);
}

static void
writes_ber_of_every_content(void **state)
{
	static const struct scep_oddities ber = { .encoding = SCEP_BER };
	struct world *w = *state;

	for (int k = SCEP_CONTENT_ABSENT; k <= SCEP_CONTENT_RAW; k++) {
		struct scep_reply r = success(w);
		static struct view honest, v;

		if (k == SCEP_CONTENT_ENVELOPE)
			continue;
		r.content = (enum scep_content)k;
		see(w, &r, "DER", &honest);
		r.odd = &ber;
		see(w, &r, "BER", &v);
		view_differ("BER", &honest, &v, NULL, NULL);
		view_needs("BER", &v, VERIFIED);
	}
}

/* ---- depth ---- */

/* The octets at the bottom, and how many strings are around them. */
static size_t
depth_of(struct bytes b, struct bytes *octets)
{
	size_t depth = 0;

	for (size_t i = 0; i + 3 < b.n; i++) {
		if (b.p[i] != 0xa0 || b.p[i + 1] != 0x80)
			continue;
		i += 2;
		size_t from = i;

		for (; i + 1 < b.n && b.p[i] == 0x24 && b.p[i + 1] == 0x80;
		     i += 2)
			depth++;
		if (i == from && b.p[i] != 0x04)
			continue;
		assert_int_equal(b.p[i], 0x04);
		*octets = bytes_of(b.p + i + 2, b.p[i + 1]);
		return depth;
	}
	return 0;
}

static void
nests_the_content_as_deep_as_asked_for_and_no_deeper(void **state)
{
	static const struct {
		unsigned asked, made;
	} rows[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3000, 3000 },
		{ 100000, 100000 }, { 100001, 100000 }, { ~0u, 100000 } };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(rows); i++) {
		struct scep_oddities deep = { .encoding = SCEP_DEEP,
			.nesting = rows[i].asked };
		struct scep_reply r = failure(w);
		struct bytes octets = { NULL, 0 };
		struct buf b;

		r.odd = &deep;
		encode(w, &r, "deep", &b);
		assert_int_equal(
		    depth_of(buf_bytes(&b), &octets), rows[i].made);
		expect_span("content", octets, BYTES_LIT("\0"));
		/* its parser has a limit of its own */
		if (rows[i].made <= 2)
			assert_true(verified(w, buf_bytes(&b)));
		else
			assert_null(view_parse(buf_bytes(&b)));
		buf_clear(&b);
	}
}

/* ---- lengths and structures ---- */

static void
lies_about_the_outermost_length_alone(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .encoding = SCEP_OVERFLOW };
	struct scep_reply r = failure(w);
	struct view_el el;
	struct buf der, b;

	encode(w, &r, "DER", &der);
	CM_NEED(view_element(der.p, (long)der.n, &el));
	r.odd = &odd;
	encode(w, &r, "overflow", &b);
	assert_int_equal(b.n, 10 + el.n);
	assert_memory_equal(
	    b.p, "\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
	assert_memory_equal(b.p + 10, el.p, (size_t)el.n);
	assert_null(view_parse(buf_bytes(&b)));
	buf_clear(&b);
	odd.encoding = SCEP_SHORT_LENGTH;
	encode(w, &r, "short", &b);
	assert_int_equal(b.n, der.n);
	assert_memory_equal(b.p + 4, el.p, (size_t)el.n);
	assert_int_equal(b.p[2] << 8 | b.p[3], el.n - 1);
	assert_null(view_parse(buf_bytes(&b)));
	buf_clear(&b);
	buf_clear(&der);
}

static void
sends_the_envelope_alone(void **state)
{
	static const enum scep_encoding encodings[] = { SCEP_DER, SCEP_BER,
		SCEP_DEEP };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(encodings); i++) {
		struct scep_oddities odd = { .structure =
						 SCEP_IS_ENVELOPED_DATA,
			.encoding = encodings[i],
			.nesting = 2 };
		struct scep_reply r = success(w);
		struct buf b;

		/* nobody signs it */
		r.signer = NULL;
		r.signer_key = NULL;
		r.digest = PKI_DIGEST_UNKNOWN;
		r.odd = &odd;
		encode(w, &r, "envelope", &b);
		struct cm_bytes env = cm_copy(b.p, b.n);
		struct cm_bytes inner = decrypted(w, &env);

		expect_span("inner", span(&inner), r.inner);
		assert_int_equal(env.p[1] == 0x80, i > 0);
		assert_int_equal(count_begins(span(&env), 0x24), i == 2);
		cm_free(&inner);
		cm_free(&env);
		buf_clear(&b);
	}
}

static void
puts_the_message_into_data(void **state)
{
	static const enum scep_encoding encodings[] = { SCEP_DER, SCEP_BER,
		SCEP_DEEP };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(encodings); i++) {
		struct scep_oddities odd = { .structure = SCEP_IS_DATA,
			.encoding = encodings[i],
			.nesting = 2 };
		struct scep_reply r = failure(w);
		struct buf b;

		r.odd = &odd;
		encode(w, &r, "data", &b);
		CMS_ContentInfo *cms = view_parse(buf_bytes(&b));

		CM_NEED(cms != NULL);
		assert_int_equal(
		    OBJ_obj2nid(CMS_get0_type(cms)), NID_pkcs7_data);
		CMS_ContentInfo_free(cms);
		struct cm_bytes inside = view_content(buf_bytes(&b));

		assert_true(verified(w, span(&inside)));
		assert_int_equal(inside.p[1] == 0x80, encodings[i] == SCEP_BER);
		assert_int_equal(b.p[1] == 0x80, encodings[i] != SCEP_DER);
		cm_free(&inside);
		buf_clear(&b);
	}
}

/* What is no element has no length to lie about. */
static void
leaves_bytes_alone_that_are_no_element(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .structure = SCEP_IS_ENVELOPED_DATA };
	struct scep_reply r = failure(w);

	r.odd = &odd;
	for (int k = SCEP_DER; k <= SCEP_SHORT_LENGTH; k++) {
		struct buf b;

		odd.encoding = (enum scep_encoding)k;
		r.content = SCEP_CONTENT_RAW;
		r.inner = BYTES_LIT("\x30");
		encode(w, &r, "one octet", &b);
		expect_span("one octet", buf_bytes(&b), r.inner);
		buf_clear(&b);
		r.content = SCEP_CONTENT_ABSENT;
		encode(w, &r, "nothing", &b);
		assert_int_equal(b.n, 0);
		buf_clear(&b);
	}
}

/* ---- the group ---- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_ber_that_libcrypto_verifies_and_opens),
		cmocka_unit_test(writes_ber_of_every_content),
		cmocka_unit_test(
		    nests_the_content_as_deep_as_asked_for_and_no_deeper),
		cmocka_unit_test(lies_about_the_outermost_length_alone),
		cmocka_unit_test(sends_the_envelope_alone),
		cmocka_unit_test(puts_the_message_into_data),
		cmocka_unit_test(leaves_bytes_alone_that_are_no_element),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
