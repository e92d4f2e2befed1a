/* SPDX-License-Identifier: MIT */
/*
 * Odd envelopes: that what was asked for is different and nothing else, and
 * what opens them.
 */
#include "unit/scep_odd.h"

/* ---- envelopes ---- */

static void
see_envelope(struct world *w, const struct scep_reply *r, const char *title,
    struct view *v)
{
	const struct pki_cipher_row *row = pki_cipher_row(r->cipher);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, row->name, NULL);
	struct buf b;

	CM_NEED(cipher != NULL);
	encode(w, r, title, &b);
	struct cm_bytes env = view_content(buf_bytes(&b));

	view_envelope(v, span(&env), w->f.client.key, cipher);
	cm_free(&env);
	buf_clear(&b);
	EVP_CIPHER_free(cipher);
}

#define OPENS "recipient 0 opens 696e6e6572206d657373616765" /* inner message */

static const struct odd_row envelope_rows[] = {
	/* one block: its padding hangs on the IV */
	{ "bad padding", { .bad_padding = true }, { OPENS, "iv *" },
	    { "recipient 0 opens nothing", "iv *" } },
	{ "no ciphertext", { .empty_ciphertext = true },
	    { OPENS, "ciphertext 16" },
	    { "recipient 0 opens nothing", "ciphertext 0" } },
	{ "odd ciphertext", { .odd_ciphertext = true },
	    { OPENS, "ciphertext 16" },
	    { "recipient 0 opens nothing", "ciphertext 17" } },
	{ "a short IV", { .bad_iv = true },
	    { OPENS, "iv 66656463626139383736353433323130" },
	    { "recipient 0 opens nothing",
		"iv 666564636261393837363534333231" } },
	{ "by key identifier", { .recipient_by_ski = true },
	    { "version 00", "recipient 0 by issuer *" },
	    { "version 02", "recipient 0 by key *" } },
};

static void
spoils_of_an_envelope_what_was_asked_for(void **state)
{
	struct world *w = *state;
	struct scep_reply r = success(w);
	static struct view honest, odd;

	see_envelope(w, &r, "honest", &honest);
	view_needs("honest", &honest, OPENS);
	for (size_t i = 0; i < nitems(envelope_rows); i++) {
		const struct odd_row *row = &envelope_rows[i];

		r.odd = &row->odd;
		see_envelope(w, &r, row->title, &odd);
		view_differ(row->title, &honest, &odd, row->gone, row->new);
	}
}

static void
spoils_padding_of_longer_contents_in_the_ciphertext(void **state)
{
	static const struct scep_oddities bad = { .bad_padding = true };
	struct world *w = *state;
	struct scep_reply r = success(w);
	static struct view honest, odd;

	r.inner = bytes_of(content_key, sizeof(content_key));
	see_envelope(w, &r, "honest", &honest);
	r.odd = &bad;
	see_envelope(w, &r, "bad", &odd);
	view_differ("bad", &honest, &odd,
	    (const char *[]){ "recipient 0 opens 3031*", NULL },
	    (const char *[]){ "recipient 0 opens nothing", NULL });
}

static void
makes_recipients_that_open_nothing_before_the_right_one(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .more_recipient_count = 2,
		.more_recipients = { &w->f.ra_cert, &w->client_cert } };
	struct scep_reply r = success(w);
	static struct view v;

	r.odd = &odd;
	see_envelope(w, &r, "two more", &v);
	view_needs("last", &v, "recipient 2 opens 696e6e6572206d657373616765");
	assert_false(view_has(&v, OPENS));
	assert_false(
	    view_has(&v, "recipient 1 opens 696e6e6572206d657373616765"));
	assert_string_not_equal(view_line(&v, "recipient 0 by") + 11,
	    view_line(&v, "recipient 1 by") + 11);
	assert_string_equal(view_line(&v, "recipient 1 by") + 11,
	    view_line(&v, "recipient 2 by") + 11);
	odd.more_recipient_count = SCEP_RECIPIENTS_MAX;
	for (size_t i = 0; i < SCEP_RECIPIENTS_MAX; i++)
		odd.more_recipients[i] = &w->f.ra_cert;
	see_envelope(w, &r, "all", &v);
	view_needs("all", &v, "recipient 32 opens 696e6e6572206d657373616765");
}

/* A certificate that states no key identifier is named by what it would be. */
static void
makes_up_a_key_identifier_as_rfc_5280_does(void **state)
{
	static const struct scep_oddities by_ski = { .recipient_by_ski = true };
	struct world *w = *state;
	struct pki_cert without = w->client_cert;
	struct scep_reply r = success(w);
	static struct view stated, made;

	r.odd = &by_ski;
	see_envelope(w, &r, "stated", &stated);
	without.ski = bytes_of(NULL, 0);
	r.recipient = &without;
	see_envelope(w, &r, "made up", &made);
	view_differ("made up", &stated, &made, NULL, NULL);
}

static void
opens_by_every_cipher_there_is(void **state)
{
	struct world *w = *state;

	for (int c = PKI_CIPHER_UNKNOWN + 1; c < PKI_CIPHERS; c++) {
		const struct pki_cipher_row *row =
		    pki_cipher_row((enum pki_cipher)c);
		struct scep_reply r = success(w);
		static struct view v;

		r.cipher = (enum pki_cipher)c;
		r.keytrans = c % 2 == 0 ? PKI_OAEP : PKI_PKCS1;
		r.content_key = bytes_of(content_key, row->key_size);
		r.content_iv = bytes_of(content_iv, row->iv_size);
		see_envelope(w, &r, row->name, &v);
		view_needs(row->name, &v, OPENS);
	}
}

struct length_row {
	size_t key, iv;
	const char *key_line;
};

static void
sends_keys_and_ivs_of_any_length(void **state)
{
	static const struct length_row rows[] = {
		{ 1, 16, "recipient 0 key of 1" },
		{ 5, 0, "recipient 0 key of 5" },
		{ 16, 64, "recipient 0 key of 16" },
		{ 64, 1, "recipient 0 key of 64" },
		{ 0, 16, "recipient 0 key of 0" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < nitems(rows); i++) {
		struct scep_reply r = success(w);
		static struct view v;
		char iv[200];

		r.content_key = bytes_of(content_key, rows[i].key);
		r.content_iv = bytes_of(content_iv, rows[i].iv);
		see_envelope(w, &r, "lengths", &v);
		view_needs("lengths", &v, rows[i].key_line);
		memcpy(iv, "iv ", 4);
		view_hex(iv + 3, sizeof(iv) - 3, content_iv, (long)rows[i].iv);
		view_needs("lengths", &v, iv);
		view_needs("lengths", &v, "ciphertext 16");
	}
}

/* ---- the group ---- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoils_of_an_envelope_what_was_asked_for),
		cmocka_unit_test(
		    spoils_padding_of_longer_contents_in_the_ciphertext),
		cmocka_unit_test(
		    makes_recipients_that_open_nothing_before_the_right_one),
		cmocka_unit_test(makes_up_a_key_identifier_as_rfc_5280_does),
		cmocka_unit_test(opens_by_every_cipher_there_is),
		cmocka_unit_test(sends_keys_and_ivs_of_any_length),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
