/* SPDX-License-Identifier: MIT */
/*
 * Enrolling over real sockets with a client that shares no code with the
 * server: every algorithm, every spelling, BER, the shapes of known clients,
 * many at once. What is issued is the business of test_wire_certificate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/served.h"

struct cipher_row {
	const char *name; /* of the request */
	const char *reply; /* of the answer */
};

static const struct cipher_row ciphers[] = {
	{ "DES-CBC", "DES-CBC" },
	{ "DES-EDE3-CBC", "DES-EDE3-CBC" },
	{ "AES-128-CBC", "AES-128-CBC" },
	{ "AES-192-CBC", "AES-192-CBC" },
	{ "AES-256-CBC", "AES-256-CBC" },
	{ "BF-CBC", "BF-CBC" },
	{ "RC2-CBC", "RC2-CBC" },
};

static const char *const digests[] = { "MD5", "SHA1", "SHA224", "SHA256",
	"SHA384", "SHA512" };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
takes_every_cipher_digest_and_key_transport(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (size_t i = 0; i < COUNT(ciphers) * COUNT(digests) * 2; i++) {
		const struct cipher_row *cipher =
		    &ciphers[i / 2 % COUNT(ciphers)];
		const char *digest = digests[i / 2 / COUNT(ciphers)];
		char row[80];
		struct client_certrep r;
		struct client_enrolment e =
		    served_enrolment(&s, w, "/C=US/O=Probe/CN=algorithms");
		e.cipher = cipher->name;
		e.digest = digest;
		e.oaep = i % 2;
		snprintf(row, sizeof row, "%s, %s, %s", cipher->name, digest,
		    e.oaep ? "OAEP" : "PKCS#1 v1.5");
		enrol_expect(&w->c, &e, 0, row, &r);
		/* NDES was seen to answer MD5 with SHA-1. */
		const char *back = strcmp(digest, "MD5") ? digest : "SHA1";
		if (strcmp(r.cipher, cipher->reply) != 0 ||
		    strcmp(r.digest, back) != 0 || r.oaep)
			fail_msg("%s: the answer came in %s, %s%s", row,
			    r.cipher, r.digest, r.oaep ? ", OAEP" : "");
		assert_string_equal(r.server_message, "Issued");
		client_certrep_clear(&r);
	}
	served_stop(&s);
}

static void
takes_gcm_inside_an_enveloped_message(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	static const char *const names[] = { "AES-128-GCM", "AES-256-GCM" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct client_enrolment e = served_enrolment(&s, w, "/CN=gcm");
		e.cipher = names[i];
		enrol_status(&w->c, &e, 0, names[i]);
	}
	served_stop(&s);
}

static void
takes_pss_and_named_signature_algorithms(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (size_t i = 1; i < COUNT(digests); i++) {
		struct client_enrolment e = served_enrolment(&s, w, "/CN=pss");
		e.digest = digests[i];
		e.pss = true;
		enrol_status(&w->c, &e, 0, "PSS");
		e.pss = false;
		e.sigalg_with_digest = true;
		enrol_status(&w->c, &e, 0, "shaNNNWithRSAEncryption");
	}
	served_stop(&s);
}

/* Shapes of messages that are neither an algorithm nor a spelling. */
static void
takes_the_shapes_of_known_clients(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e;

	e = served_enrolment(&s, w, "/CN=micromdm");
	e.all_recipients = true;
	e.cipher = "DES-CBC";
	e.digest = "SHA1";
	e.sigalg_with_digest = true;
	e.signer_subject = "/O=scep-client/CN=SCEP SIGNER";
	e.transaction = "Zm9v+YmFy/cXV4cXV1eGZvb2Jhcg=";
	e.csr.challenge_type = V_ASN1_PRINTABLESTRING;
	e.content_type = "application/octet-stream";
	enrol_status(&w->c, &e, 0, "three recipients and single DES");

	e = served_enrolment(&s, w, "/CN=certmonger");
	e.signer_version1 = true;
	e.cipher = "AES-256-CBC";
	e.transaction = "74830912874309812743098127430981273409812734098127340"
			"982173409812734098";
	e.by_get = true;
	enrol_status(&w->c, &e, 0, "version 1 signer with a serial of 33");

	e = served_enrolment(&s, w, "/CN=jscep");
	e.encoding = CLIENT_BER_PIECES;
	e.by_get = true;
	e.spelling = CLIENT_RAW;
	enrol_status(&w->c, &e, 0, "BER in pieces of 1000, raw query");
	e.by_get = false;
	enrol_status(&w->c, &e, 0, "BER in pieces of 1000, POST");

	e = served_enrolment(&s, w, "/CN=ski");
	e.recipient_by_ski = true;
	enrol_status(&w->c, &e, 0, "recipient by SubjectKeyIdentifier");

	e = served_enrolment(&s, w, "/CN=bmp");
	e.csr.challenge_type = V_ASN1_BMPSTRING;
	enrol_status(&w->c, &e, 0, "challenge as BMPString");
	e.csr.challenge_type = V_ASN1_T61STRING;
	enrol_status(&w->c, &e, 0, "challenge as T61String");
	e.csr.challenge_type = V_ASN1_IA5STRING;
	enrol_status(&w->c, &e, 0, "challenge as IA5String");
	served_stop(&s);
}

static void
reads_every_spelling_of_a_query(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (int i = 0; i < CLIENT_SPELLINGS * 2; i++) {
		/* DER of several lengths, so that the padding varies too. */
		static const char *const subjects[] = { "/CN=a", "/CN=ab" };
		struct client_enrolment e =
		    served_enrolment(&s, w, subjects[i % 2]);
		e.by_get = true;
		e.spelling = (enum client_spelling)(i / 2);
		enrol_status(&w->c, &e, 0, client_spelling_name(e.spelling));
	}
	served_stop(&s);
}

/* As long as the challenges that Intune gives to devices. */
static char *
long_challenge(size_t n)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/";
	char *text = malloc(n + 1);
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = digit[i * 7 % (sizeof digit - 1)];
	text[n] = 0;
	return text;
}

static void
enrols_an_ios_device_with_an_intune_challenge(void **state)
{
	struct world *w = *state;
	struct served s;
	char *secret = long_challenge(4600);
	const char *options[] = { "challenge", secret, NULL };
	served_start(&s, NULL, options);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=iPhone");
	e.csr.challenge = secret;
	e.csr.challenge_type = V_ASN1_PRINTABLESTRING;
	e.csr.digest = "SHA512";
	e.signer_subject = "/CN=com.apple.security.scep.6E0B";
	e.digest = "SHA512";
	e.cipher = "DES-EDE3-CBC";
	e.encoding = CLIENT_BER_IOS;
	e.by_get = true;
	e.spelling = CLIENT_RAW_ESCAPED_PAD;
	e.user_agent = "profiled/1.0 CFNetwork/811.5.4 Darwin/16.6.0";
	struct client_certrep r;
	enrol_expect(&w->c, &e, 0, "iOS", &r);
	assert_string_equal(r.cipher, "DES-EDE3-CBC");
	assert_string_equal(r.digest, "SHA512");
	if (e.url_bytes < 9000 || e.url_bytes > 12000)
		fail_msg("the URL had %zu bytes, not 9 to 12 kB", e.url_bytes);
	client_certrep_clear(&r);
	e.csr.challenge = SERVED_SECRET;
	enrol_status(&w->c, &e, 2, "iOS with another challenge");
	served_stop(&s);
	free(secret);
}

static void
takes_a_get_of_sixty_kilobytes(void **state)
{
	struct world *w = *state;
	struct served s;
	char *secret = long_challenge(30000);
	const char *options[] = { "challenge", secret, NULL };
	served_start(&s, NULL, options);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=long");
	e.csr.challenge = secret;
	e.by_get = true;
	e.spelling = CLIENT_RAW;
	enrol_status(&w->c, &e, 0, "a long GET");
	assert_in_range(e.url_bytes, 40000, 65000);
	served_stop(&s);
	free(secret);
}

static void
answers_under_any_case_and_suffix_of_the_path(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	static const char *const paths[] = {
		"/certsrv/mscep/mscep.dll/pkiclient.exe",
		"/CertSrv/MSCEP/mscep.dll",
		"/certsrv/mscep/",
		"/certsrv/mscep/mscep.dll/any/thing",
		"/certsrv/mscep_admin/mscep.dll",
	};
	size_t base = (size_t)(strstr(s.url, "/certsrv") - s.url);
	for (size_t i = 0; i < COUNT(paths); i++) {
		char url[CLIENT_TEXT_MAX];
		snprintf(url, sizeof url, "%.*s%s", (int)base, s.url, paths[i]);
		struct client_enrolment e = served_enrolment(&s, w, "/CN=path");
		e.url = url;
		e.by_get = i % 2;
		if (strstr(paths[i], "admin")) /* needs a login there */
			enrol_http_status(&w->c, &e, 401, paths[i]);
		else
			enrol_status(&w->c, &e, 0, paths[i]);
	}
	served_stop(&s);
}

static void
enrols_by_https_on_a_name_and_on_an_address(void **state)
{
	struct world *w = *state;
	struct served s;
	const char *options[] = { "https-port", "0", NULL };
	served_start(&s, NULL, options);
	served_ca(&s, &w->c);
	assert_non_null(s.url_https);
	struct client c;
	assert_int_equal(client_open(&c, &w->c), 0);
	assert_int_equal(client_trust(&c, &s.ca), 0);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=tls");
	e.url = s.url_https;
	enrol_status(&c, &e, 0, "HTTPS, POST");
	e.by_get = true;
	enrol_status(&c, &e, 0, "HTTPS, GET");
	const char *colon = strrchr(s.url_https, ':');
	char url[CLIENT_TEXT_MAX];
	snprintf(url, sizeof url, "https://localhost%s", colon);
	e.url = url;
	enrol_status(&c, &e, 0, "HTTPS, by name");
	struct client stranger;
	assert_int_equal(client_open(&stranger, &w->c), 0);
	enrol_http_status(&stranger, &e, 0, "a client without the root");
	client_close(&stranger);
	client_close(&c);
	served_stop(&s);
}

/* ---- many at once ---- */

#define THREADS 8
#define EACH 10

struct crowd {
	const struct served *s;
	const struct world *w;
	unsigned n;
	char failed[CLIENT_WHY_MAX];
	char serial[EACH][64];
};

static void *
enrol_ten(void *arg)
{
	struct crowd *me = arg;
	struct client c;
	if (client_open(&c, &me->w->c)) {
		memcpy(me->failed, c.why, sizeof me->failed);
		return NULL;
	}
	for (unsigned i = 0; i < EACH && !me->failed[0]; i++) {
		char subject[64];
		struct client_certrep r = { 0 };
		snprintf(subject, sizeof subject, "/CN=t%u-%u", me->n, i);
		struct client_enrolment e =
		    served_enrolment(me->s, me->w, subject);
		e.by_get = i % 2;
		if (client_enrol(&c, &e, &r) || r.status != 0) {
			snprintf(me->failed, sizeof me->failed, "%.500s (%d)",
			    c.why, r.status);
			client_certrep_clear(&r);
			break;
		}
		BIGNUM *bn = ASN1_INTEGER_to_BN(
		    X509_get0_serialNumber(r.certificate), NULL);
		char *hex = BN_bn2hex(bn);
		snprintf(me->serial[i], sizeof me->serial[i], "%s", hex);
		OPENSSL_free(hex);
		BN_free(bn);
		client_certrep_clear(&r);
	}
	client_close(&c);
	return NULL;
}

static void
eight_clients_at_once_get_distinct_serial_numbers(void **state)
{
	struct world *w = *state;
	struct served s;
	struct crowd *crowd = calloc(THREADS, sizeof *crowd);
	pthread_t thread[THREADS];
	assert_non_null(crowd);
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i].s = &s;
		crowd[i].w = w;
		crowd[i].n = i;
		assert_int_equal(
		    pthread_create(&thread[i], NULL, enrol_ten, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < THREADS; i++)
		if (crowd[i].failed[0])
			fail_msg("client %u: %s", i, crowd[i].failed);
	for (unsigned a = 0; a < THREADS * EACH; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(
			    crowd[a / EACH].serial[a % EACH],
			    crowd[b / EACH].serial[b % EACH]);
	served_stop(&s);
	free(crowd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_cipher_digest_and_key_transport),
		cmocka_unit_test(takes_gcm_inside_an_enveloped_message),
		cmocka_unit_test(takes_pss_and_named_signature_algorithms),
		cmocka_unit_test(takes_the_shapes_of_known_clients),
		cmocka_unit_test(reads_every_spelling_of_a_query),
		cmocka_unit_test(enrols_an_ios_device_with_an_intune_challenge),
		cmocka_unit_test(takes_a_get_of_sixty_kilobytes),
		cmocka_unit_test(answers_under_any_case_and_suffix_of_the_path),
		cmocka_unit_test(enrols_by_https_on_a_name_and_on_an_address),
		cmocka_unit_test(
		    eight_clients_at_once_get_distinct_serial_numbers),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
