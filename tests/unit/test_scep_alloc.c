/* SPDX-License-Identifier: MIT */
/*
 * The codec without memory: every allocation of ours fails once, and arenas of
 * every size are too small. It says so, leaks nothing and stays usable.
 */
#include "unit/scep_fixture.h"

#include "support/failing_malloc.h"

#define BITS 1024

static struct cm_bytes
ber_message(struct fixture *f)
{
	struct cm_bytes env =
	    cm_envelope_by_hand(&(struct cm_hand_envelope){ .to = &f->ra,
				    .cipher = "AES-128-CBC",
				    .cipher_oid = "2.16.840.1.101.3.4.1.2",
				    .piece = 200 },
		f->csr.p, f->csr.n);
	struct cm_bytes msg =
	    cm_signed_by_hand(&(struct cm_hand_signed){ .signer = &f->client,
				  .attrs = pkcsreq_attrs,
				  .certs = 1,
				  .order = CM_REVERSED,
				  .attributes_ber = true,
				  .piece = 300 },
		env.p, env.n);

	cm_free(&env);
	return msg;
}

static void
says_that_memory_ran_out_whichever_allocation_fails(void **state)
{
	struct fixture *f = *state;
	struct cm_bytes msg = ber_message(f);
	size_t calls = SIZE_MAX, failed = 0;

	for (size_t k = 1; k <= calls; k++) {
		struct scep_message m;
		struct arena arena;
		struct err e = { 0 };

		arena_init(&arena, ARENA_MAX);
		failing_malloc_arm(k);
		int rc = scep_message_decode(
		    &m, f->ctx, &arena, span(&msg), &f->open, 1, NULL, 0, &e);
		size_t made = failing_malloc_disarm();

		if (made < k) {
			assert_int_equal(rc, 0);
			expect_verdict("enough memory", &m, SCEP_SOUND,
			    SCEP_AT_POSSESSION);
			calls = made;
		} else {
			if (rc != -1 || e.code != ERR_MEMORY)
				fail_msg(
				    "allocation %zu: %d, %s", k, rc, e.text);
			failed++;
		}
		scep_message_clear(&m);
		arena_clear(&arena);
	}
	assert_true(failed >= 3);
	cm_free(&msg);
}

static void
says_over_limit_for_every_arena_that_is_too_small(void **state)
{
	struct fixture *f = *state;
	struct cm_bytes msg = ber_message(f);
	size_t size = 0, small = 0;

	for (bool enough = false; !enough; size += 16) {
		struct scep_message m;
		struct arena arena;
		struct err e = { 0 };

		arena_init(&arena, size);
		assert_int_equal(scep_message_decode(&m, f->ctx, &arena,
				     span(&msg), &f->open, 1, NULL, 0, &e),
		    0);
		enough = m.verdict == SCEP_SOUND;
		if (!enough) {
			assert_int_equal(m.verdict, SCEP_OVER_LIMIT);
			assert_non_null(strstr(m.what, "bytes of memory"));
			small++;
		}
		scep_message_clear(&m);
		arena_clear(&arena);
	}
	assert_true(small > 10);
	cm_free(&msg);
}

static void
leaves_the_buffer_alone_whichever_allocation_fails(void **state)
{
	struct fixture *f = *state;
	uint8_t key[16] = { 1 }, iv[16] = { 2 };
	struct scep_reply r = { .type = SCEP_CERTREP,
		.has_status = true,
		.transaction_id = BYTES_LIT(TRANSACTION),
		.sender_nonce = BYTES_LIT(NONCE),
		.signer = &f->ra_cert,
		.signer_key = f->ra_key,
		.digest = PKI_SHA256,
		.content = SCEP_CONTENT_ENVELOPE,
		.inner = BYTES_LIT("inner"),
		.recipient = &f->ra_cert,
		.recipient_key = f->ra_key,
		.cipher = PKI_AES128_CBC,
		.keytrans = PKI_PKCS1,
		.content_key = bytes_of(key, sizeof(key)),
		.content_iv = bytes_of(iv, sizeof(iv)) };
	size_t calls = SIZE_MAX, failed = 0;

	for (size_t k = 1; k <= calls; k++) {
		struct err e = { 0 };
		struct buf out;

		buf_init(&out, 1 << 16);
		failing_malloc_arm(k);
		int rc = scep_reply_encode(&r, f->ctx, &out, &e);
		size_t made = failing_malloc_disarm();

		if (made < k) {
			assert_int_equal(rc, 0);
			calls = made;
		} else {
			if (rc != -1 || e.code == ERR_NONE)
				fail_msg(
				    "allocation %zu: %d, %s", k, rc, e.text);
			assert_int_equal(out.n, 0);
			failed++;
		}
		buf_clear(&out);
	}
	assert_true(failed >= 3);
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
		cmocka_unit_test(
		    says_that_memory_ran_out_whichever_allocation_fails),
		cmocka_unit_test(
		    says_over_limit_for_every_arena_that_is_too_small),
		cmocka_unit_test(
		    leaves_the_buffer_alone_whichever_allocation_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
