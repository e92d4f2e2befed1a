/* SPDX-License-Identifier: MIT */
/*
 * NTLM's server side: against the examples of MS-NLMP 4.2, against what two
 * real clients sent, and against every way to spoil their messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"
#include "http/base64.h"
#include "ndes/ntlm.h"
#include "ndes/spnego.h"
#include "ndes_auth_vectors.h"

#define ARENA_MAX ((size_t)1 << 20)

static struct bytes
un64(struct arena *a, const char *text)
{
	struct http_base64_result r;

	assert_int_equal(http_base64_decode(&r, a, bytes_str(text)), 0);
	assert_true(r.sound);
	return r.data;
}

static struct bytes
unhex(struct arena *a, const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = arena_alloc(a, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(text_hex_digit((uint8_t)hex[2 * i]) << 4 |
		    text_hex_digit((uint8_t)hex[2 * i + 1]));
	return bytes_of(p, n);
}

static void
assert_hex(const uint8_t *p, size_t n, const char *hex)
{
	struct arena a;
	struct bytes want;

	arena_init(&a, ARENA_MAX);
	want = unhex(&a, hex);
	assert_int_equal(n, want.n);
	assert_memory_equal(p, want.p, n);
	arena_clear(&a);
}

/* ---- the examples of MS-NLMP ---- */

#define HASH_V1 "a4f49c406510bdcab6824ee7c30fd852"
#define UNICODE_FLAG 1
#define EXTENDED_FLAG 0x00080000

static void
computes_the_examples_of_the_specification(void **state)
{
	uint8_t out[PKI_NTLM_RESPONSE], hash[PKI_NTLM_KEY];
	struct arena a;

	(void)state;
	arena_init(&a, ARENA_MAX);
	pki_ntlm_md4(BYTES_LIT("P\0a\0s\0s\0w\0o\0r\0d\0"), hash);
	assert_hex(hash, sizeof(hash), HASH_V1);
	pki_ntlm_md4(bytes_of(NULL, 0), out);
	assert_hex(out, PKI_NTLM_KEY, "31d6cfe0d16ae931b73c59d7e0c089c0");
	pki_ntlm_desl(hash, unhex(&a, "0123456789abcdef").p, out);
	assert_hex(out, sizeof(out),
	    "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
	pki_ntlm_hmac(bytes_of(hash, sizeof(hash)), BYTES_LIT("U\0S\0E\0R\0"),
	    BYTES_LIT("D\0o\0m\0a\0i\0n\0"), out);
	assert_hex(out, PKI_NTLM_KEY, "0c868a403bfd7a93a3001ef22ef02e3f");
	pki_ntlm_rc4(unhex(&a, "8de40ccadbc14a82f15cb0ad0de95ca3"),
	    unhex(&a, "55555555555555555555555555555555").p, PKI_NTLM_KEY, out);
	assert_hex(out, PKI_NTLM_KEY, "c5dad2544fc9799094ce1ce90bc9d03e");
	arena_clear(&a);
}

static void
hmac_takes_keys_of_any_length(void **state)
{
	uint8_t key[80], out[PKI_NTLM_KEY];

	(void)state;
	memset(key, 0xaa, sizeof(key));
	/* RFC 2202, cases 6 and 2 */
	pki_ntlm_hmac(bytes_of(key, sizeof(key)),
	    BYTES_LIT("Test Using Larger Than Block-Size Key"),
	    BYTES_LIT(" - Hash Key First"), out);
	assert_hex(out, sizeof(out), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
	pki_ntlm_hmac(BYTES_LIT("Jefe"), BYTES_LIT("what do ya want "),
	    BYTES_LIT("for nothing?"), out);
	assert_hex(out, sizeof(out), "750c783e6ab0b503eaa86e310a5db738");
}

static void
add_field(uint8_t head[64], size_t at, size_t n, size_t from)
{
	head[at] = head[at + 2] = (uint8_t)n;
	head[at + 4] = (uint8_t)from;
}

/* A third message of User in Domain; the parts in hex. */
static struct bytes
third(struct arena *a, const char *lm, const char *nt, uint32_t flags)
{
	struct bytes parts[4] = { BYTES_LIT("D\0o\0m\0a\0i\0n\0"),
		BYTES_LIT("U\0s\0e\0r\0"), unhex(a, lm), unhex(a, nt) };
	static const size_t places[4] = { 28, 36, 12, 20 };
	uint8_t head[64] = "NTLMSSP\0\3";
	struct bytes all;
	struct buf b;
	size_t at = sizeof(head);

	for (size_t i = 0; i < 4; at += parts[i++].n)
		add_field(head, places[i], parts[i].n, at);
	for (size_t i = 0; i < 4; i++)
		head[60 + i] = (uint8_t)(flags >> 8 * i);
	buf_init(&b, 4096);
	buf_add(&b, bytes_of(head, sizeof(head)));
	for (size_t i = 0; i < 4; i++)
		buf_add(&b, parts[i]);
	all = arena_copy(a, buf_bytes(&b));
	buf_clear(&b);
	return all;
}

#define NTLMV2_BLOB                                                      \
	"01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"       \
	"02000c0044006f006d00610069006e0001000c005300650072007600650072" \
	"000000000000000000"

static const struct {
	const char *sentence, *lm, *nt;
	uint32_t flags;
	enum ndes_ntlm_verdict verdict;
} responses[] = {
	{ "version 1", "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13",
	    "67c43011f30298a2ad35ece64f16331c44bdbed927841f94", 0x201,
	    NDES_NTLM_RIGHT },
	{ "version 1, one bit off", "",
	    "67c43011f30298a2ad35ece64f16331c44bdbed927841f95", 0x201,
	    NDES_NTLM_WRONG },
	{ "version 1 with extended session security",
	    "aaaaaaaaaaaaaaaa00000000000000000000000000000000",
	    "7537f803ae367128ca458204bde7caf81e97ed2683267232",
	    EXTENDED_FLAG | UNICODE_FLAG, NDES_NTLM_RIGHT },
	{ "the same with another half of the challenge",
	    "abaaaaaaaaaaaaaa00000000000000000000000000000000",
	    "7537f803ae367128ca458204bde7caf81e97ed2683267232",
	    EXTENDED_FLAG | UNICODE_FLAG, NDES_NTLM_WRONG },
	{ "the same with half of that half", "aaaaaaaaaaaaaa",
	    "7537f803ae367128ca458204bde7caf81e97ed2683267232",
	    EXTENDED_FLAG | UNICODE_FLAG, NDES_NTLM_WRONG },
	{ "NTLMv2", "", "68cd0ab851e51c96aabc927bebef6a1c" NTLMV2_BLOB,
	    UNICODE_FLAG, NDES_NTLM_RIGHT },
	{ "NTLMv2, one bit off", "",
	    "68cd0ab851e51c96aabc927bebef6a1d" NTLMV2_BLOB, UNICODE_FLAG,
	    NDES_NTLM_WRONG },
	{ "NTLMv2 with a longer blob", "",
	    "68cd0ab851e51c96aabc927bebef6a1c" NTLMV2_BLOB "00", UNICODE_FLAG,
	    NDES_NTLM_WRONG },
	{ "LMv2 alone", "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa", "",
	    UNICODE_FLAG, NDES_NTLM_RIGHT },
	{ "LM alone", "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13", "",
	    UNICODE_FLAG, NDES_NTLM_WRONG },
	{ "nothing, as who is anonymous sends", "00", "", UNICODE_FLAG,
	    NDES_NTLM_WRONG },
	{ "nothing at all", "", "", UNICODE_FLAG, NDES_NTLM_WRONG },
	{ "the proof without a blob", "", "68cd0ab851e51c96aabc927bebef6a1c",
	    UNICODE_FLAG, NDES_NTLM_WRONG },
};

static void
judges_responses_of_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(responses); i++) {
		struct ndes_ntlm s;
		struct ndes_ntlm_logon who;
		struct arena a;
		enum ndes_ntlm_verdict v;

		arena_init(&a, ARENA_MAX);
		ndes_ntlm_init(&s);
		s.challenged = true;
		memcpy(s.challenge, unhex(&a, "0123456789abcdef").p, 8);
		v = ndes_ntlm_accept(&s,
		    third(&a, responses[i].lm, responses[i].nt,
			responses[i].flags),
		    "Password", &a, &who);
		if (v != responses[i].verdict)
			fail_msg("%s: %d", responses[i].sentence, (int)v);
		assert_true(bytes_eq(who.user, BYTES_LIT("User")));
		assert_true(bytes_eq(who.domain, BYTES_LIT("Domain")));
		ndes_ntlm_clear(&s);
		arena_clear(&a);
	}
}

static void
signs_as_the_specification_does(void **state)
{
	uint8_t mac[PKI_NTLM_KEY];
	struct ndes_ntlm s;
	struct arena a;

	(void)state;
	arena_init(&a, ARENA_MAX);
	ndes_ntlm_init(&s);
	s.flags = 0x820a8233;
	memcpy(s.key, unhex(&a, "eb93429a8bd952f8b89c55b87f475edc").p, 16);
	assert_true(ndes_ntlm_mac(
	    &s, true, BYTES_LIT("P\0l\0a\0i\0n\0t\0e\0x\0t\0"), mac));
	assert_hex(mac, sizeof(mac), "01000000ff2aeb52f681793a00000000");
	s.flags = 0x201;
	assert_false(ndes_ntlm_mac(&s, true, BYTES_LIT("x"), mac));
	arena_clear(&a);
}

/* ---- real clients ---- */

/* The state that a server has after these two messages. */
static void
challenged(struct ndes_ntlm *s, struct bytes first, struct bytes second)
{
	ndes_ntlm_init(s);
	s->challenged = true;
	memcpy(s->challenge, second.p + 24, sizeof(s->challenge));
	buf_add(&s->exchanged, first);
	buf_add(&s->exchanged, second);
}

struct talk {
	struct arena a;
	struct bytes first, second, third, mechanisms, mic;
};

static void
talk_curl(struct talk *t)
{
	arena_init(&t->a, ARENA_MAX * 64);
	t->first = un64(&t->a, curl_negotiate);
	t->second = un64(&t->a, curl_challenge);
	t->third = un64(&t->a, curl_authenticate);
}

static void
talk_gss(struct talk *t)
{
	struct ndes_spnego s;

	arena_init(&t->a, ARENA_MAX * 64);
	assert_true(ndes_spnego_read(&s, un64(&t->a, spnego_negotiate)));
	assert_true(s.initial && s.offers_ntlm && s.ntlm_first);
	t->first = s.token;
	t->mechanisms = s.mechanisms;
	assert_true(ndes_spnego_read(&s, un64(&t->a, spnego_challenge)));
	assert_false(s.initial);
	t->second = s.token;
	assert_true(ndes_spnego_read(&s, un64(&t->a, spnego_authenticate)));
	t->third = s.token;
	t->mic = s.mic;
}

static enum ndes_ntlm_verdict
judge(struct talk *t, struct bytes message, const char *password,
    struct ndes_ntlm_logon *who)
{
	enum ndes_ntlm_verdict v;
	struct ndes_ntlm s;

	challenged(&s, t->first, t->second);
	v = ndes_ntlm_accept(&s, message, password, &t->a, who);
	assert_false(s.challenged);
	assert_int_equal(ndes_ntlm_accept(&s, message, password, &t->a, who),
	    NDES_NTLM_MALFORMED);
	ndes_ntlm_clear(&s);
	return v;
}

static void
knows_the_password_of_real_clients(void **state)
{
	void (*const talks[])(struct talk *) = { talk_curl, talk_gss };

	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		struct ndes_ntlm_logon who;
		struct talk t;

		talks[i](&t);
		assert_int_equal(
		    judge(&t, t.third, "ndes", &who), NDES_NTLM_RIGHT);
		assert_true(bytes_eq(who.user, BYTES_LIT("ndes")));
		assert_true(bytes_eq(who.domain, BYTES_LIT("CORP")));
		assert_int_equal(
		    judge(&t, t.third, "ndeS", &who), NDES_NTLM_WRONG);
		assert_int_equal(judge(&t, t.third, "", &who), NDES_NTLM_WRONG);
		arena_clear(&t.a);
	}
}

static void
takes_an_answer_to_its_own_challenge_only(void **state)
{
	struct ndes_ntlm_logon who;
	uint8_t other[512];
	struct talk t;

	(void)state;
	talk_curl(&t);
	assert_true(t.second.n <= sizeof(other));
	memcpy(other, t.second.p, t.second.n);
	other[24] ^= 1;
	t.second.p = other;
	assert_int_equal(judge(&t, t.third, "ndes", &who), NDES_NTLM_WRONG);
	arena_clear(&t.a);
}

static void
agrees_with_the_client_on_the_mic_of_the_mechanisms(void **state)
{
	struct ndes_ntlm_logon who;
	uint8_t mac[PKI_NTLM_KEY];
	struct ndes_ntlm s;
	struct talk t;

	(void)state;
	talk_gss(&t);
	challenged(&s, t.first, t.second);
	assert_int_equal(
	    ndes_ntlm_accept(&s, t.third, "ndes", &t.a, &who), NDES_NTLM_RIGHT);
	assert_true(ndes_ntlm_mac(&s, true, t.mechanisms, mac));
	assert_int_equal(t.mic.n, sizeof(mac));
	assert_memory_equal(mac, t.mic.p, sizeof(mac));
	ndes_ntlm_clear(&s);
	arena_clear(&t.a);
}

/* A copy of exactly n bytes, so that a sanitizer sees who reads beyond. */
static enum ndes_ntlm_verdict
judge_copy(struct talk *t, const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	enum ndes_ntlm_verdict v;
	struct ndes_ntlm_logon who;

	assert_non_null(copy);
	memcpy(copy, p, n);
	v = judge(t, bytes_of(copy, n), "ndes", &who);
	free(copy);
	return v;
}

static void
refuses_every_truncation(void **state)
{
	void (*const talks[])(struct talk *) = { talk_curl, talk_gss };

	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		struct talk t;
		size_t n;

		talks[i](&t);
		/* The last part of curl's is the name of its host, which nothing protects. */
		n = i == 0 ? t.third.n - strlen("WORKSTATION") : t.third.n;
		for (size_t k = 0; k < n; k++)
			assert_int_not_equal(
			    judge_copy(&t, t.third.p, k), NDES_NTLM_RIGHT);
		arena_clear(&t.a);
	}
}

static void
refuses_every_flipped_bit_under_a_mic(void **state)
{
	uint8_t bad[1024];
	struct talk t;

	(void)state;
	talk_gss(&t);
	assert_true(t.third.n <= sizeof(bad));
	for (size_t k = 0; k < 8 * t.third.n; k++) {
		memcpy(bad, t.third.p, t.third.n);
		bad[k / 8] ^= (uint8_t)(1 << k % 8);
		if (judge_copy(&t, bad, t.third.n) == NDES_NTLM_RIGHT)
			fail_msg("bit %zu may be flipped", k);
	}
	arena_clear(&t.a);
}

static void
survives_every_flipped_bit_without_one(void **state)
{
	size_t passed = 0;
	uint8_t bad[1024];
	struct talk t;

	(void)state;
	talk_curl(&t);
	assert_true(t.third.n <= sizeof(bad));
	for (size_t k = 0; k < 8 * t.third.n; k++) {
		memcpy(bad, t.third.p, t.third.n);
		bad[k / 8] ^= (uint8_t)(1 << k % 8);
		if (judge_copy(&t, bad, t.third.n) == NDES_NTLM_RIGHT)
			passed++;
		/* Proof and blob are what counts. */
		else if (k / 8 >= t.third.n - strlen("WORKSTATION"))
			fail_msg("bit %zu is not looked at", k);
	}
	assert_true(passed < 4 * t.third.n);
	arena_clear(&t.a);
}

/* ---- the second message ---- */

static int
no_random(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return -1;
}

static int64_t
no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
refuses_a_first_message_that_is_none(void **state)
{
	uint8_t message[NDES_NTLM_NEGOTIATE_MAX + 1] = "NTLMSSP\0\1";
	static const size_t bad[] = { 0, 7, 8, 11, 12, 15, sizeof(message) };
	static const size_t good[] = { 16, 32, NDES_NTLM_NEGOTIATE_MAX };
	const struct env broken = { no_time, no_random, NULL };
	struct ndes_ntlm s;
	struct buf b;

	(void)state;
	ndes_ntlm_init(&s);
	buf_init(&b, 4096);
	for (size_t i = 0; i < nitems(bad); i++)
		assert_int_equal(
		    ndes_ntlm_challenge(
			&s, bytes_of(message, bad[i]), "h", env_system(), &b),
		    -1);
	assert_int_equal(
	    ndes_ntlm_challenge(&s, bytes_of(message, 16), "h", &broken, &b),
	    -1);
	message[8] = 3;
	assert_int_equal(ndes_ntlm_challenge(
			     &s, bytes_of(message, 32), "h", env_system(), &b),
	    -1);
	assert_int_equal(b.n, 0);
	assert_false(s.challenged);
	message[8] = 1;
	for (size_t i = 0; i < nitems(good); i++)
		assert_int_equal(
		    ndes_ntlm_challenge(
			&s, bytes_of(message, good[i]), "h", env_system(), &b),
		    0);
	assert_true(s.challenged);
	buf_clear(&b);
	ndes_ntlm_clear(&s);
}

static int
fixed_random(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0x5a, n);
	return 0;
}

static int64_t
fixed_time(void *ctx)
{
	(void)ctx;
	return INT64_C(1772600767000);
}

static void
names_host_and_domain_in_its_challenge(void **state)
{
	const struct env env = { fixed_time, fixed_random, NULL };
	struct bytes first = BYTES_LIT("NTLMSSP\0\1\0\0\0\x07\x82\x08\xa2");
	struct ndes_ntlm s;
	struct buf b;

	(void)state;
	ndes_ntlm_init(&s);
	buf_init(&b, 4096);
	assert_int_equal(
	    ndes_ntlm_challenge(&s, first, "ndes01.corp.test", &env, &b), 0);
	assert_hex(b.p, b.n,
	    "4e544c4d53535000020000000800080038000000058289a25a5a5a5a5a5a"
	    "5a5a00000000000000007c007c00400000000a0063450000000f43004f00"
	    "520050000200080043004f005200500001000c004e004400450053003000"
	    "31000400120063006f00720070002e007400650073007400030020006e00"
	    "640065007300300031002e0063006f00720070002e007400650073007400"
	    "0500120063006f00720070002e007400650073007400070008008049b39b"
	    "94abdc0100000000");
	buf_clear(&b);
	ndes_ntlm_clear(&s);
}

/* ---- SPNEGO ---- */

static void
spnego_survives_every_cut_and_flip(void **state)
{
	static const char *const tokens[] = { spnego_negotiate,
		spnego_challenge, spnego_authenticate };

	(void)state;
	for (size_t i = 0; i < nitems(tokens); i++) {
		struct arena a;
		struct bytes whole;

		arena_init(&a, ARENA_MAX);
		whole = un64(&a, tokens[i]);
		for (size_t k = 0; k < 9 * whole.n; k++) {
			size_t n = k < whole.n ? k : whole.n;
			uint8_t *copy = malloc(n == 0 ? 1 : n);
			struct ndes_spnego s;
			bool good;

			assert_non_null(copy);
			memcpy(copy, whole.p, n);
			if (k >= whole.n)
				copy[(k - whole.n) / 8] ^=
				    (uint8_t)(1 << (k - whole.n) % 8);
			good = ndes_spnego_read(&s, bytes_of(copy, n));
			assert_false(good && k < whole.n);
			free(copy);
		}
		arena_clear(&a);
	}
}

static void
spnego_writes_what_it_reads(void **state)
{
	struct ndes_spnego s;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	ndes_spnego_write(&b, NDES_SPNEGO_REQUEST_MIC, true, bytes_of(NULL, 0),
	    bytes_of(NULL, 0));
	assert_hex(b.p, b.n, "a1153013a0030a0103a10c060a2b06010401823702020a");
	buf_clear(&b);
	buf_init(&b, 4096);
	ndes_spnego_write(&b, NDES_SPNEGO_COMPLETED, false, BYTES_LIT("tok"),
	    BYTES_LIT("mic"));
	assert_hex(b.p, b.n, "a1153013a0030a0100a2050403746f6ba30504036d6963");
	assert_true(ndes_spnego_read(&s, buf_bytes(&b)));
	assert_true(bytes_eq(s.token, BYTES_LIT("tok")));
	assert_true(bytes_eq(s.mic, BYTES_LIT("mic")));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computes_the_examples_of_the_specification),
		cmocka_unit_test(hmac_takes_keys_of_any_length),
		cmocka_unit_test(judges_responses_of_every_kind),
		cmocka_unit_test(signs_as_the_specification_does),
		cmocka_unit_test(knows_the_password_of_real_clients),
		cmocka_unit_test(takes_an_answer_to_its_own_challenge_only),
		cmocka_unit_test(
		    agrees_with_the_client_on_the_mic_of_the_mechanisms),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_every_flipped_bit_under_a_mic),
		cmocka_unit_test(survives_every_flipped_bit_without_one),
		cmocka_unit_test(refuses_a_first_message_that_is_none),
		cmocka_unit_test(names_host_and_domain_in_its_challenge),
		cmocka_unit_test(spnego_survives_every_cut_and_flip),
		cmocka_unit_test(spnego_writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
