/* SPDX-License-Identifier: MIT */
/* What the CA issues: shape, serials, templates, dates, many at once. What it grants of a request is in test_ca_request.c. */
#include "test_ca_support.h"

#include <sys/wait.h>

/* ---- a plain request ---- */

static void
a_plain_request_becomes_a_certificate(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	char list[512];

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	extension_list(x, list, sizeof(list));
	assert_string_equal(list, "2.5.29.15! 2.5.29.37 " OWN);
	assert_extension(x, "2.5.29.15", "030205a0");
	/* IKE intermediate */
	assert_extension(x, "2.5.29.37", "300a06082b06010505080202");
	/* BMPString IPSECIntermediateOffline */
	assert_extension(x, "1.3.6.1.4.1.311.20.2",
	    "1e300049005000530045004300"
	    "49006e007400650072006d00650064006900610074006500"
	    "4f00660066006c0069006e0065");
	assert_int_equal(
	    X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), w->key), 1);
	assert_int_equal(time_of(X509_get0_notBefore(x)), NOW - 600);
	assert_int_equal(time_of(X509_get0_notAfter(x)), NOW + YEAR);
	X509 *issuing = material_x509(w->m, CA_ISSUING);
	assert_int_equal(X509_check_issued(issuing, x), X509_V_OK);
	X509_free(issuing);
	done(&c, &answer, x);
}

static void
the_key_identifier_is_the_sha1_of_the_key_bits(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	unsigned char want[20];
	unsigned n = 0;

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	assert_int_equal(X509_pubkey_digest(x, EVP_sha1(), want, &n), 1);
	const ASN1_OCTET_STRING *got = X509_get0_subject_key_id(x);
	assert_int_equal(ASN1_STRING_length(got), 20);
	assert_memory_equal(ASN1_STRING_get0_data(got), want, 20);
	done(&c, &answer, x);
}

static void
serials_carry_the_number_twice(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (uint8_t i = 1; i <= 3; i++) {
		struct ca_answer answer;
		X509 *x = issued(w, &c, &answer);
		const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
		const uint8_t *p = ASN1_STRING_get0_data(serial);
		const uint8_t head[] = { 0x61, 0, 0, 0, i };
		const uint8_t tail[] = { 0, 0, 0, 0, 0, i };

		assert_int_equal(ASN1_STRING_length(serial), 19);
		assert_memory_equal(p, head, sizeof(head));
		assert_memory_equal(p + 13, tail, sizeof(tail));
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

static void
the_certificate_is_in_the_store(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	struct buf kept;
	bool found = false;
	enum store_cert_state standing = STORE_CERT_UNKNOWN;
	uint64_t certs = 0;
	uint64_t revision = 0;

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	const ASN1_INTEGER *n = X509_get0_serialNumber(x);
	struct bytes serial =
	    bytes_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n));
	buf_init(&kept, 10000);
	assert_int_equal(
	    store_cert_get(w->store, serial, &kept, &found, &w->e), 0);
	assert_true(found);
	assert_true(bytes_eq(buf_bytes(&kept), buf_bytes(&answer.der)));
	assert_int_equal(
	    store_cert_state(w->store, serial, &standing, &w->e), 0);
	assert_int_equal(standing, STORE_CERT_GOOD);
	assert_int_equal(store_counts(w->store, &certs, &revision, &w->e), 0);
	assert_int_equal(certs, 1);
	buf_clear(&kept);
	done(&c, &answer, x);
}

/* Run the openssl command on files; its exit code. */
static int
openssl_verify(const char *dir)
{
	char command[512];

	snprintf(command, sizeof(command),
	    "cd %s && openssl verify -x509_strict -attime %lld "
	    "-CAfile root.pem -untrusted issuing.pem leaf.pem >/dev/null 2>&1",
	    dir, (long long)NOW);
	int status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
write_pem(const char *dir, const char *name, struct bytes der)
{
	char path[128];
	X509 *x = x509_of(der);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x), 1);
	fclose(file);
	X509_free(x);
}

static void
the_openssl_command_verifies_it(void **state)
{
	static const char *const names[] = { "root.pem", "issuing.pem",
		"leaf.pem" };
	struct world *w = *state;
	char dir[] = "/tmp/mockndes-ca-XXXXXX";
	char path[128];
	struct ca_answer answer;
	struct csr c;

	assert_non_null(mkdtemp(dir));
	csr_make(&c, w, "probe", NULL);
	issue(w, &c, &answer);
	write_pem(dir, names[0], ca_material_cert(w->m, CA_ROOT)->der);
	write_pem(dir, names[1], ca_material_cert(w->m, CA_ISSUING)->der);
	write_pem(dir, names[2], buf_bytes(&answer.der));
	int accepted = openssl_verify(dir);
	/* and it can fail */
	write_pem(dir, names[1], ca_material_cert(w->m, CA_STRANGER)->der);
	int refused = openssl_verify(dir);
	for (size_t i = 0; i < nitems(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	assert_int_equal(accepted, 0);
	assert_int_not_equal(refused, 0);
	buf_clear(&answer.der);
	csr_free(&c);
}

/* ---- templates ---- */

struct template_row {
	const char *name;
	const char *eku; /* NULL: refused */
};

static const struct template_row templates[] = {
	{ "IPSECIntermediateOffline", "300a06082b06010505080202" },
	{ "ipsecintermediateoffline", "300a06082b06010505080202" },
	{ "IPSECIntermediateOnline", "300a06082b06010505080202" },
	{ "SCEP", "300a06082b06010505070302" },
	{ "User",
	    "3020060a2b0601040182370a030406082b0601050507030406082b060105050703"
	    "02" },
	{ "Machine", "301406082b0601050507030206082b06010505070301" },
	{ "Workstation", "300a06082b06010505070302" },
	{ "", NULL },
	{ "NoSuchTemplate", NULL },
	{ "IPSECIntermediateOffline2", NULL },
	{ "EnrollmentAgentOffline", NULL },
};

static void
the_template_gives_the_eku_or_is_refused(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < nitems(templates); i++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		print_message("template \"%s\"\n", templates[i].name);
		rq.template_name = templates[i].name;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_int_equal(answer.issued, templates[i].eku != NULL);
		if (!answer.issued) {
			assert_int_equal(answer.hresult, 0x80094800);
			assert_string_equal(answer.reason,
			    "the requested certificate template is not "
			    "supported by this CA");
			continue;
		}
		X509 *x = x509_of(buf_bytes(&answer.der));
		assert_extension(x, "2.5.29.37", templates[i].eku);
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

/* ---- dates ---- */

static void
no_certificate_outlives_its_ca(void **state)
{
	struct world *w = *state;
	int64_t end = ca_material_cert(w->m, CA_ISSUING)->not_after;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (int64_t over = 0; over <= 1; over++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		rq.valid_s = end - NOW + over;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_true(answer.issued);
		X509 *x = x509_of(buf_bytes(&answer.der));
		assert_int_equal(time_of(X509_get0_notAfter(x)), end);
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

static void
a_ca_past_its_end_issues_nothing(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	struct ca_request rq = request_of(&c);
	w->chance.now_s = ca_material_cert(w->m, CA_ISSUING)->not_after + 1;
	assert_int_equal(ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
	assert_false(answer.issued);
	assert_int_equal(answer.hresult, 0x800b0101);
	assert_string_equal(answer.reason,
	    "the CA certificate is not within its validity period");
	csr_free(&c);
}

/* ---- failure ---- */

static void
without_chance_nothing_is_issued_or_kept(void **state)
{
	struct world *w = *state;
	struct ca_answer answer = { .hresult = 77 };
	struct csr c;
	uint64_t certs = 77;
	uint64_t revision = 77;

	csr_make(&c, w, "probe", NULL);
	struct ca_request rq = request_of(&c);
	w->chance.dry = true;
	assert_int_equal(
	    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), -1);
	assert_int_not_equal(w->e.code, ERR_NONE);
	assert_int_equal(answer.hresult, 77);
	struct err e = { 0 };
	assert_int_equal(store_counts(w->store, &certs, &revision, &e), 0);
	assert_int_equal(certs, 0);
	csr_free(&c);
}

/* ---- many at once ---- */

#define THREADS 4
#define EACH 250

struct client {
	struct world *w;
	const struct csr *csr;
	uint8_t serials[EACH][19];
	int failures;
};

static bool
enrol_once(struct client *cl, struct pki_ctx *ctx, uint8_t serial[19])
{
	struct ca_request rq = request_of(cl->csr);
	struct ca_answer answer;
	struct asn1_fault fault = { 0 };
	struct pki_cert cert;
	struct err e = { 0 };

	if (ca_issue(cl->w->ca, ctx, cl->w->m, &rq, &answer, &e) != 0 ||
	    !answer.issued)
		return false;
	bool sound = pki_cert_parse(&cert, buf_bytes(&answer.der), &fault) &&
	    cert.serial.n == 19;
	if (sound)
		memcpy(serial, cert.serial.p, 19);
	buf_clear(&answer.der);
	return sound;
}

static void *
enrol_many(void *arg)
{
	struct client *cl = arg;
	struct err e = { 0 };
	struct pki_ctx *ctx = pki_ctx_new(cl->w->lib, &e);

	for (size_t i = 0; i < EACH; i++)
		cl->failures +=
		    ctx == NULL || !enrol_once(cl, ctx, cl->serials[i]);
	pki_ctx_free(ctx);
	return NULL;
}

static int
compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, 19);
}

static void
a_thousand_on_four_threads_have_serials_of_their_own(void **state)
{
	struct world *w = *state;
	struct client *clients = calloc(THREADS, sizeof(*clients));
	uint8_t(*all)[19] = calloc((size_t)THREADS * EACH, 19);
	pthread_t threads[THREADS];
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < THREADS; i++) {
		clients[i].w = w;
		clients[i].csr = &c;
		assert_int_equal(
		    pthread_create(&threads[i], NULL, enrol_many, &clients[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(clients[i].failures, 0);
		memcpy(all[i * EACH], clients[i].serials,
		    sizeof(clients[i].serials));
	}
	qsort(all, (size_t)THREADS * EACH, 19, compare_serials);
	for (size_t i = 1; i < (size_t)THREADS * EACH; i++)
		assert_memory_not_equal(all[i - 1], all[i], 19);
	free(all);
	free(clients);
	csr_free(&c);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_plain_request_becomes_a_certificate),
		IN_WORLD(the_key_identifier_is_the_sha1_of_the_key_bits),
		IN_WORLD(serials_carry_the_number_twice),
		IN_WORLD(the_certificate_is_in_the_store),
		IN_WORLD(the_openssl_command_verifies_it),
		IN_WORLD(the_template_gives_the_eku_or_is_refused),
		IN_WORLD(no_certificate_outlives_its_ca),
		IN_WORLD(a_ca_past_its_end_issues_nothing),
		IN_WORLD(without_chance_nothing_is_issued_or_kept),
		IN_WORLD(a_thousand_on_four_threads_have_serials_of_their_own),
	};

	return cmocka_run_group_tests_name("ca_issue", tests, NULL, NULL);
}
