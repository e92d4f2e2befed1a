/* SPDX-License-Identifier: MIT */
/* Sweeps over the codec: every truncation and every flipped bit, flush against an unreadable page. */
#include "unit/scep_fixture.h"

#include "support/sweep.h"

/* Small keys: the sweeps decode tens of thousands of messages. */
#define BITS 1024

struct sweep {
	struct fixture *f;
	const struct scep_message *whole; /* what was sent */
	size_t sound; /* variants that were */
	size_t verdicts[SCEP_VERDICTS];
};

static void
truncated(void *ctx, const uint8_t *p, size_t n, size_t which)
{
	struct sweep *s = ctx;
	struct decoded d;

	(void)which;
	decode_with(s->f, &d, bytes_of(p, n), &s->f->open, 1, NULL, 0);
	if (d.m.verdict != SCEP_TRUNCATED)
		fail_msg("cut to %zu bytes: \"%s\" (%s)", n,
		    scep_verdict_name(d.m.verdict), d.m.what);
	assert_int_equal(d.m.stopped_at, n);
	assert_string_not_equal(d.m.what, "");
	decoded_clear(&d);
}

static void
calls_every_truncation_truncated(void **state)
{
	struct sweep s = { .f = *state };
	struct cm_bytes msg = plain_message(s.f);

	sweep_truncations(msg.p, msg.n, truncated, &s);
	cm_free(&msg);
}

static struct cm_bytes
ber_message(struct fixture *f)
{
	struct cm_bytes env =
	    cm_envelope_by_hand(&(struct cm_hand_envelope){ .to = &f->ra,
				    .cipher = "DES-EDE3-CBC",
				    .cipher_oid = "1.2.840.113549.3.7",
				    .piece = 200 },
		f->csr.p, f->csr.n);
	struct cm_bytes msg =
	    cm_signed_by_hand(&(struct cm_hand_signed){ .signer = &f->client,
				  .attrs = pkcsreq_attrs,
				  .certs = 1,
				  .piece = 300 },
		env.p, env.n);

	cm_free(&env);
	return msg;
}

static void
calls_every_truncation_of_ber_truncated(void **state)
{
	struct sweep s = { .f = *state };
	struct cm_bytes msg = ber_message(s.f);

	sweep_truncations(msg.p, msg.n, truncated, &s);
	cm_free(&msg);
}

/* What is signed or enveloped may not change under a sound verdict. */
static void
flipped(void *ctx, const uint8_t *p, size_t n, size_t which)
{
	struct sweep *s = ctx;
	const struct scep_message *w = s->whole;
	struct decoded d;

	decode_with(s->f, &d, bytes_of(p, n), &s->f->open, 1, NULL, 0);
	s->verdicts[d.m.verdict]++;
	if (d.m.verdict == SCEP_SOUND) {
		s->sound++;
		if (!bytes_eq(d.m.transaction_id, w->transaction_id) ||
		    !bytes_eq(d.m.sender_nonce, w->sender_nonce) ||
		    !bytes_eq(d.m.content, w->content) || d.m.type != w->type)
			fail_msg("bit %zu flipped and still sound", which);
	} else if (d.m.what[0] == '\0') {
		fail_msg("bit %zu: \"%s\" without a sentence", which,
		    scep_verdict_name(d.m.verdict));
	}
	decoded_clear(&d);
}

static void
sweep_flips(struct fixture *f, const struct cm_bytes *msg)
{
	struct sweep s = { .f = f };
	struct decoded whole;

	decode(f, &whole, msg);
	expect_verdict("whole", &whole.m, SCEP_SOUND, SCEP_AT_POSSESSION);
	s.whole = &whole.m;
	sweep_bit_flips(msg->p, msg->n, 1, flipped, &s);
	/* versions, parameters, dates and names of the signer are nobody's to check here */
	assert_in_range(s.sound, 1, msg->n * 8 / 4);
	assert_true(s.verdicts[SCEP_SIGNATURE_WRONG] > 0);
	assert_true(s.verdicts[SCEP_DIGEST_WRONG] > 0);
	assert_true(s.verdicts[SCEP_ATTRIBUTE_BAD] > 0);
	assert_true(s.verdicts[SCEP_ALGORITHM_UNKNOWN] > 0);
	assert_true(s.verdicts[SCEP_NO_SIGNER_CERTIFICATE] > 0);
	decoded_clear(&whole);
}

static void
never_takes_a_flipped_bit_for_what_was_signed(void **state)
{
	struct cm_bytes msg = plain_message(*state);

	sweep_flips(*state, &msg);
	cm_free(&msg);
}

static void
never_takes_a_flipped_bit_in_ber_for_what_was_signed(void **state)
{
	struct cm_bytes msg = ber_message(*state);

	sweep_flips(*state, &msg);
	cm_free(&msg);
}

static void
csr_variant(void *ctx, const uint8_t *p, size_t n, size_t which)
{
	struct sweep *s = ctx;
	struct decoded d;
	struct err e = { 0 };

	arena_init(&d.arena, ARENA_MAX);
	if (scep_csr_decode(&d.m, s->f->ctx, &d.arena, bytes_of(p, n), &e) ==
	    -1)
		fail_msg("%zu: %s", which, e.text);
	/* parameters of the signature algorithm are not signed */
	if (d.m.verdict == SCEP_SOUND &&
	    !bytes_eq(d.m.csr.info, s->whole->csr.info))
		fail_msg("%zu: sound", which);
	decoded_clear(&d);
}

static void
takes_no_truncated_request_and_no_other_than_was_signed(void **state)
{
	struct sweep s = { .f = *state };
	struct decoded whole;
	struct err e = { 0 };

	arena_init(&whole.arena, ARENA_MAX);
	assert_int_equal(scep_csr_decode(&whole.m, s.f->ctx, &whole.arena,
			     span(&s.f->csr), &e),
	    0);
	s.whole = &whole.m;
	sweep_truncations(s.f->csr.p, s.f->csr.n, csr_variant, &s);
	sweep_bit_flips(s.f->csr.p, s.f->csr.n, 1, csr_variant, &s);
	decoded_clear(&whole);
}

/* The messageData itself is cut, in a message that is otherwise whole. */
static void
takes_no_truncated_contents(void **state)
{
	struct fixture *f = *state;

	for (size_t keep = 0; keep < f->csr.n; keep += 7) {
		struct cm_bytes env =
		    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
				    .cipher = "AES-128-CBC" },
			f->csr.p, keep);
		struct cm_bytes msg =
		    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
				  .attrs = pkcsreq_attrs },
			env.p, env.n);
		struct decoded d;

		decode(f, &d, &msg);
		expect_verdict(
		    "cut PKCS#10", &d.m, SCEP_BAD_INNER, SCEP_AT_CONTENT);
		assert_true(d.m.stopped_at <= keep);
		decoded_clear(&d);
		cm_free(&env);
		cm_free(&msg);
	}
}

static int
setup(void **state)
{
	static struct fixture f;

	fixture_make(&f, BITS);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_every_truncation_truncated),
		cmocka_unit_test(calls_every_truncation_of_ber_truncated),
		cmocka_unit_test(never_takes_a_flipped_bit_for_what_was_signed),
		cmocka_unit_test(
		    never_takes_a_flipped_bit_in_ber_for_what_was_signed),
		cmocka_unit_test(
		    takes_no_truncated_request_and_no_other_than_was_signed),
		cmocka_unit_test(takes_no_truncated_contents),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
