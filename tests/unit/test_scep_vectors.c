/* SPDX-License-Identifier: MIT */
/* The messages of tests/vectors: each gets the verdict that stands beside it. */
#include "unit/scep_fixture.h"

#include <dirent.h>

#include "pki/oid.h"

#define ROOT "tests/vectors"
#define FILE_MAX ((size_t)1 << 20)

struct vectors {
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct buf ra_der;
	struct pki_cert ra_cert;
	struct pki_key *ra_key;
	struct scep_identity open;
};

static void
read_file(struct buf *out, const char *path)
{
	char block[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		fail_msg("%s: cannot be read", path);
	buf_init(out, FILE_MAX);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, bytes_of(block, n));
	fclose(f);
	assert_true(buf_ok(out));
}

static void
decode_vector(struct vectors *v, struct decoded *d, struct bytes body)
{
	struct err e = { 0 };

	arena_init(&d->arena, ARENA_MAX);
	if (scep_message_decode(
		&d->m, v->ctx, &d->arena, body, &v->open, 1, NULL, 0, &e) == -1)
		fail_msg("%s", e.text);
}

/* Name what is there in the words of the file. */
static void
judge(struct vectors *v, const char *folder, const char *name)
{
	struct buf body, expected, found;
	struct decoded d;
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s/message.der", folder, name);
	read_file(&body, path);
	(void)snprintf(path, sizeof(path), "%s/%s/expected", folder, name);
	read_file(&expected, path);
	decode_vector(v, &d, buf_bytes(&body));
	buf_init(&found, FILE_MAX);
	buf_addf(&found, "verdict: %s\nstage: %s\n",
	    scep_verdict_name(d.m.verdict), scep_stage_name(d.m.stage));
	if (strcmp(buf_str(&found), buf_str(&expected)) != 0)
		fail_msg("%s/%s:\n%s(%s at %zu)\nwanted\n%s", folder, name,
		    buf_str(&found), d.m.what, d.m.stopped_at,
		    buf_str(&expected));
	if ((d.m.verdict == SCEP_SOUND) != (d.m.what[0] == '\0'))
		fail_msg("%s/%s: what is \"%s\"", folder, name, d.m.what);
	decoded_clear(&d);
	buf_clear(&body);
	buf_clear(&expected);
	buf_clear(&found);
}

static size_t
judge_all(struct vectors *v, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	if (dir == NULL)
		fail_msg("%s: no such folder", folder);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		judge(v, folder, entry->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

static void
says_of_every_vector_what_is_expected(void **state)
{
	assert_true(judge_all(*state, ROOT "/invalid") > 50);
	assert_true(judge_all(*state, ROOT "/valid") > 10);
}

/* ---- the message that a real device sent ---- */

static void
reads_a_cut_ios_message_as_far_as_it_goes(void **state)
{
	static const uint8_t serial[] = { 0x68, 0x00, 0x00, 0x00, 0x09, 0x9a,
		0x9d, 0xe5, 0x63, 0x10, 0xf9, 0x5c, 0x4f, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x09 };
	struct decoded d;
	struct buf body, name;
	char sentence[128];

	read_file(&body, ROOT "/invalid/truncated-ios/message.der");
	decode_vector(*state, &d, buf_bytes(&body));
	assert_int_equal(d.m.verdict, SCEP_TRUNCATED);
	assert_int_equal(d.m.stage, SCEP_AT_CONTENT_INFO);
	assert_int_equal(d.m.stopped_at, body.n);
	(void)snprintf(sentence, sizeof(sentence),
	    "the message ends after %zu bytes, inside the encrypted contents",
	    body.n);
	assert_string_equal(d.m.what, sentence);
	assert_int_equal(d.m.notes, SCEP_NOTE_BER);
	assert_int_equal(d.m.digest, PKI_SHA512);
	assert_int_equal(d.m.cipher.cipher, PKI_DES3_CBC);
	assert_int_equal(d.m.cipher.iv.n, 8);
	assert_int_equal(d.m.recipient_count, 1);
	assert_int_equal(d.m.keytrans.padding, PKI_PKCS1);
	expect_span(
	    "serial", d.m.recipient_serial, bytes_of(serial, sizeof(serial)));
	buf_init(&name, 1024);
	pki_name_text(&name, d.m.recipient_issuer);
	assert_string_equal(
	    buf_str(&name), "DC=local, DC=fourthcoffee, CN=FourthCoffee CA");
	assert_int_equal(d.m.type, -1);
	assert_null(d.m.transaction_id.p);
	assert_null(d.m.content.p);
	buf_clear(&name);
	buf_clear(&body);
	decoded_clear(&d);
}

/* ---- reading on behind the first broken rule ---- */

struct reading_row {
	const char *name;
	bool transaction, csr;
};

static const struct reading_row readings[] = {
	{ "signature-wrong", true, true },
	{ "digest-wrong", true, true },
	{ "no-transaction-id", false, true },
	{ "no-message-type", true, true },
	{ "no-signer-certificate", true, true },
	{ "no-signer-info", false, true },
	{ "no-signed-attributes", false, true },
	{ "signer-key-unknown", true, true },
	{ "digest-unknown", true, true },
	{ "content-type-other", true, true },
	{ "no-possession", true, true },
	{ "wrong-recipient", true, false },
	{ "contents-damaged", true, false },
};

static void
reads_on_behind_the_first_broken_rule(void **state)
{
	for (size_t i = 0; i < nitems(readings); i++) {
		const struct reading_row *row = &readings[i];
		struct decoded d;
		struct buf body;
		char path[256];

		(void)snprintf(path, sizeof(path),
		    ROOT "/invalid/%s/message.der", row->name);
		read_file(&body, path);
		decode_vector(*state, &d, buf_bytes(&body));
		if ((d.m.transaction_id.p != NULL) != row->transaction)
			fail_msg("%s: transactionID", row->name);
		if (d.m.has_csr != row->csr)
			fail_msg("%s: PKCS#10", row->name);
		if (strcmp(row->name, "no-possession") != 0 && row->csr)
			expect_span(
			    row->name, d.m.challenge, BYTES_LIT("secret"));
		decoded_clear(&d);
		buf_clear(&body);
	}
}

/* ---- sentences and places ---- */

struct sentence_row {
	const char *name, *what;
	size_t at;
};

static const struct sentence_row sentences[] = {
	{ "empty", "the message ends after 0 bytes, inside its first header",
	    0 },
	{ "truncated-in-header",
	    "the message ends after 3 bytes, inside its first header", 3 },
	{ "text", "the message starts with 0xff and is not ASN.1", 0 },
	{ "html-page", "the message starts with 0x3c, not with a SEQUENCE", 0 },
	{ "bare-envelope",
	    "contentType is 1.2.840.113549.1.7.3, not SignedData", 4 },
	{ "digested-data",
	    "contentType is 1.2.840.113549.1.7.5, not SignedData", 4 },
	{ "bare-pkcs10", "contentType: expected an OBJECT IDENTIFIER", 4 },
	{ "signed-data-of-octets", "SignedData: expected a SEQUENCE", 15 },
	{ "length-beyond-parent",
	    "the SignedData: an element runs past the end of the input", 20 },
};

static void
says_what_is_wrong_and_where(void **state)
{
	for (size_t i = 0; i < nitems(sentences); i++) {
		const struct sentence_row *row = &sentences[i];
		struct decoded d;
		struct buf body;
		char path[256];

		(void)snprintf(path, sizeof(path),
		    ROOT "/invalid/%s/message.der", row->name);
		read_file(&body, path);
		decode_vector(*state, &d, buf_bytes(&body));
		if (strcmp(d.m.what, row->what) != 0 ||
		    d.m.stopped_at != row->at)
			fail_msg("%s: \"%s\" at %zu, wanted \"%s\" at %zu",
			    row->name, d.m.what, d.m.stopped_at, row->what,
			    row->at);
		decoded_clear(&d);
		buf_clear(&body);
	}
}

static int
setup(void **state)
{
	static struct vectors v;
	struct asn1_fault fault = { 0 };
	struct err e = { 0 };
	struct buf pem;

	v.lib = pki_lib_new(&e);
	v.ctx = v.lib == NULL ? NULL : pki_ctx_new(v.lib, &e);
	if (v.ctx == NULL)
		fail_msg("%s", e.text);
	read_file(&v.ra_der, ROOT "/ra.der");
	read_file(&pem, ROOT "/ra.key");
	assert_true(pki_cert_parse(&v.ra_cert, buf_bytes(&v.ra_der), &fault));
	assert_int_equal(
	    pki_key_from_pem(&v.ra_key, v.lib, buf_bytes(&pem), &e), 0);
	buf_clear(&pem);
	v.open = (struct scep_identity){ &v.ra_cert, v.ra_key };
	*state = &v;
	return 0;
}

static int
teardown(void **state)
{
	struct vectors *v = *state;

	buf_clear(&v->ra_der);
	pki_key_free(v->ra_key);
	pki_ctx_free(v->ctx);
	pki_lib_free(v->lib);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_of_every_vector_what_is_expected),
		cmocka_unit_test(reads_a_cut_ios_message_as_far_as_it_goes),
		cmocka_unit_test(reads_on_behind_the_first_broken_rule),
		cmocka_unit_test(says_what_is_wrong_and_where),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
