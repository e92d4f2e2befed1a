/* SPDX-License-Identifier: MIT */
/* Material that is not as it should be, and what the CA refuses for its own reasons; judged by libcrypto. */
#include "test_ca_support.h"

#include <openssl/pkcs7.h>

/* The verdict on a TLS certificate as a client with the deployed root gives it. */
static int
tls_error(const struct ca_material *deployed, const struct ca_material *m,
    const char *host, int64_t at)
{
	X509 *root = material_x509(deployed, CA_ROOT);
	X509 *leaf = material_x509(m, CA_TLS);
	BIO *pem = BIO_new_mem_buf(ca_material_tls_chain_pem(m), -1);
	X509_STORE *trust = X509_STORE_new();
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	STACK_OF(X509) *sent = sk_X509_new_null();
	X509 *x;

	while ((x = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL)
		sk_X509_push(sent, x);
	X509_STORE_add_cert(trust, root);
	X509_STORE_CTX_init(check, trust, leaf, sent);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
	X509_VERIFY_PARAM_set_time(param, at);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set1_host(param, host, 0);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_verify_cert(check);
	int error = X509_STORE_CTX_get_error(check);
	sk_X509_pop_free(sent, X509_free);
	X509_STORE_CTX_free(check);
	X509_STORE_free(trust);
	BIO_free(pem);
	X509_free(leaf);
	X509_free(root);
	ERR_clear_error();
	return error;
}

#define HOST "ndes01.corp.example"

static void
tls_clients_refuse_each_state_for_its_reason(void **state)
{
	static const struct {
		const char *sentence;
		bool wrong_name, untrusted, expired;
		int error;
	} rows[] = {
		{ "a healthy one", false, false, false, X509_V_OK },
		{ "wrong name", true, false, false,
		    X509_V_ERR_HOSTNAME_MISMATCH },
		{ "untrusted", false, true, false,
		    X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN },
		{ "expired", false, false, true, X509_V_ERR_CERT_HAS_EXPIRED },
	};
	struct world *w = *state;

	for (size_t i = 0; i < nitems(rows); i++) {
		struct ca_material_spec spec = world_spec(w);
		struct ca_material *m;

		spec.tls_wrong_name = rows[i].wrong_name;
		spec.tls_untrusted = rows[i].untrusted;
		if (rows[i].expired)
			spec.tls =
			    (struct ca_validity){ NOW - 366 * DAY, NOW - DAY };
		m = mint(w, &spec);
		int error = tls_error(w->m, m, HOST, NOW);
		if (error != rows[i].error)
			fail_msg("%s: %s", rows[i].sentence,
			    X509_verify_cert_error_string(error));
		ca_material_free(m);
	}
}

static void
the_wrong_name_is_good_for_nothing_else(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m;

	spec.tls_wrong_name = true;
	m = mint(w, &spec);
	assert_int_equal(tls_error(w->m, m, CA_WRONG_NAME, NOW), X509_V_OK);
	assert_int_equal(
	    tls_error(w->m, m, "localhost", NOW), X509_V_ERR_HOSTNAME_MISMATCH);
	ca_material_free(m);
}

static void
ra_certificates_by_the_old_ca_have_its_name_and_not_its_key(void **state)
{
	static const enum ca_role roles[] = { CA_RA_SIGN, CA_RA_ENCRYPT };
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	EVP_PKEY *old = key_file("certs/next.key");
	struct ca_material *m;

	spec.ra_by_old_ca = true;
	m = mint(w, &spec);
	X509 *issuing = material_x509(m, CA_ISSUING);
	for (size_t i = 0; i < nitems(roles); i++) {
		X509 *ra = material_x509(m, roles[i]);

		assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(ra),
				     X509_get_subject_name(issuing)),
		    0);
		assert_int_equal(X509_verify(ra, old), 1);
		assert_int_equal(X509_verify(ra, X509_get0_pubkey(issuing)), 0);
		assert_int_not_equal(
		    ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(ra),
			X509_get0_subject_key_id(issuing)),
		    0);
		assert_int_not_equal(
		    chain_error(
			m, ca_material_cert(m, roles[i])->der, 0, NOW, 0),
		    X509_V_OK);
		X509_free(ra);
	}
	assert_chains(m, ca_material_cert(m, CA_TLS)->der, 0);
	X509_free(issuing);
	EVP_PKEY_free(old);
	ca_material_free(m);
}

/* The certificates of GetCACert. */
static PKCS7 *
listed(const struct ca_material *m)
{
	struct bytes p7 = ca_material_chain_p7(m);
	const unsigned char *p = p7.p;
	PKCS7 *read = d2i_PKCS7(NULL, &p, (long)p7.n);

	assert_non_null(read);
	assert_ptr_equal(p, p7.p + p7.n);
	return read;
}

static void
unlisted_ra_certificates_leave_the_two_cas(void **state)
{
	static const enum ca_role roles[] = { CA_ISSUING, CA_ROOT };
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m;

	spec.ra_unlisted = true;
	m = mint(w, &spec);
	PKCS7 *p7 = listed(m);
	assert_int_equal(sk_X509_num(p7->d.sign->cert), 2);
	for (int i = 0; i < 2; i++) {
		X509 *want = material_x509(m, roles[i]);

		assert_int_equal(
		    X509_cmp(sk_X509_value(p7->d.sign->cert, i), want), 0);
		X509_free(want);
	}
	PKCS7_free(p7);
	ca_material_free(m);
}

static void
a_replaced_root_is_no_root_of_the_deployed_one(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m;
	char name[200];

	spec.root_replaced = true;
	m = mint(w, &spec);
	/* whole in itself, strictly */
	assert_chains(m, ca_material_cert(m, CA_RA_SIGN)->der, 0);
	assert_chains(
	    m, ca_material_cert(m, CA_TLS)->der, X509_PURPOSE_SSL_SERVER);
	/* and not under the root that devices have */
	X509 *deployed = material_x509(w->m, CA_ROOT);
	X509 *root = material_x509(m, CA_ROOT);
	X509 *issuing = material_x509(m, CA_ISSUING);
	X509 *issuing_before = material_x509(w->m, CA_ISSUING);
	assert_int_not_equal(
	    X509_verify(issuing, X509_get0_pubkey(deployed)), 1);
	ERR_clear_error();
	assert_int_not_equal(X509_NAME_cmp(X509_get_subject_name(root),
				 X509_get_subject_name(deployed)),
	    0);
	X509_NAME_oneline(X509_get_subject_name(root), name, sizeof(name));
	assert_non_null(strstr(name, "not to be trusted"));
	/* the issuing CA is who it was, so certificates that are there stay good */
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(issuing),
			     X509_get_subject_name(issuing_before)),
	    0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(issuing),
			     X509_get0_pubkey(issuing_before)),
	    1);
	PKCS7 *p7 = listed(m);
	assert_int_equal(sk_X509_num(p7->d.sign->cert), 4);
	assert_int_equal(X509_cmp(sk_X509_value(p7->d.sign->cert, 3), root), 0);
	PKCS7_free(p7);
	X509_free(deployed);
	X509_free(root);
	X509_free(issuing);
	X509_free(issuing_before);
	ca_material_free(m);
}

static void
the_crl_of_a_replaced_root_is_signed_by_it(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m;
	struct buf der;

	buf_init(&der, 100000);
	assert_int_equal(ca_root_crl(w->ca, w->ctx, w->m, &der, &w->e), 0);
	buf_clear(&der);
	spec.root_replaced = true;
	m = mint(w, &spec);
	buf_init(&der, 100000);
	assert_int_equal(ca_root_crl(w->ca, w->ctx, m, &der, &w->e), 0);
	const unsigned char *p = der.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);
	assert_non_null(crl);
	X509 *root = material_x509(m, CA_ROOT);
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(root)), 1);
	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl),
			     X509_get_subject_name(root)),
	    0);
	X509_free(root);
	X509_CRL_free(crl);
	buf_clear(&der);
	ca_material_free(m);
}

/* ---- what the folder brought ---- */

static void
copy_key(const char *dir, const char *role)
{
	char command[300];

	snprintf(command, sizeof(command), "cp certs/%s.key %s/", role, dir);
	assert_int_equal(system(command), 0);
}

static void
bring(const char *dir, const struct ca_material *m, enum ca_role role)
{
	char path[128];
	X509 *x = material_x509(m, role);

	snprintf(path, sizeof(path), "%s/%s.pem", dir, ca_role_name(role));
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x), 1);
	fclose(file);
	X509_free(x);
}

static bool
is_brought(
    const struct ca_material *m, const struct ca_material *from, enum ca_role r)
{
	return bytes_eq(
	    ca_material_cert(m, r)->der, ca_material_cert(from, r)->der);
}

/* Which of the brought certificates are used; bit n is role n. */
static void
a_state_replaces_the_certificate_that_was_brought(void **state)
{
	static const struct {
		const char *sentence;
		struct ca_material_spec states;
		unsigned used;
	} rows[] = {
		{ "healthy", { 0 }, 0x1f },
		{ "wrong name", { .tls_wrong_name = true }, 0x0f },
		{ "untrusted", { .tls_untrusted = true }, 0x0f },
		{ "old CA", { .ra_by_old_ca = true }, 0x13 },
		{ "dates of RA signing", { .ra_sign = { 1, NOW } }, 0x1b },
		{ "dates of RA encryption", { .ra_encrypt = { 1, NOW } },
		    0x17 },
		{ "dates of TLS", { .tls = { 1, NOW } }, 0x0f },
		{ "unlisted", { .ra_unlisted = true }, 0x1f },
		{ "another root", { .root_replaced = true }, 0x00 },
	};
	struct world *w = *state;
	char dir[] = "/tmp/mockndes-states-XXXXXX", command[64];

	assert_non_null(mkdtemp(dir));
	for (int role = CA_ROOT; role <= CA_TLS; role++) {
		copy_key(dir, ca_role_name((enum ca_role)role));
		bring(dir, w->m, (enum ca_role)role);
	}
	struct ca_keys *keys = ca_keys_from_dir(w->lib, dir, &w->e);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	assert_non_null(keys);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ca_material_spec spec = rows[i].states;
		struct ca_material *m;
		unsigned used = 0;

		spec.keys = keys;
		spec.hostname = HOST;
		spec.url_base = "http://localhost:8080";
		spec.now = NOW;
		w->chance.seed = 77;
		assert_int_equal(
		    ca_material_mint(&m, w->ctx, &spec, &w->env, &w->e), 0);
		for (int role = CA_ROOT; role <= CA_TLS; role++)
			if (is_brought(m, w->m, (enum ca_role)role))
				used |= 1U << role;
		if (used != rows[i].used)
			fail_msg("%s: used %#x", rows[i].sentence, used);
		ca_material_free(m);
	}
	ca_keys_free(keys);
}

/* ---- the CA's own refusals ---- */

static struct pki_key *
public_key(struct world *w, const struct csr *c)
{
	struct pki_key *key = NULL;
	const char *why = NULL;

	assert_int_equal(
	    pki_key_from_spki(&key, w->ctx, c->csr.spki, &why, &w->e), 1);
	return key;
}

static void
keys_below_the_minimum_are_refused(void **state)
{
	static const struct {
		unsigned minimum;
		uint32_t hresult; /* 0: issued */
	} rows[] = {
		{ 0, 0 },
		{ 2048, 0 },
		{ 2049, 0x80094811 },
		{ 8192, 0x80094811 },
	};
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	struct pki_key *key = public_key(w, &c);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		rq.key = key;
		rq.minimum_key_size = rows[i].minimum;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_int_equal(answer.issued, rows[i].hresult == 0);
		assert_int_equal(answer.hresult, rows[i].hresult);
		if (answer.issued)
			buf_clear(&answer.der);
		else
			assert_non_null(strstr(answer.reason, "minimum size"));
	}
	pki_key_free(key);
	csr_free(&c);
}

static void
an_elliptic_key_has_no_rsa_minimum(void **state)
{
	struct world *w = *state;
	X509_REQ *req = X509_REQ_new();
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	struct ca_answer answer;
	struct csr c;

	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
	    MBSTRING_UTF8, (const unsigned char *)"ec", -1, -1, 0);
	csr_finish(&c, req, NULL, ec);
	struct pki_key *key = public_key(w, &c);
	struct ca_request rq = request_of(&c);
	rq.key = key;
	rq.minimum_key_size = 8192;
	assert_int_equal(ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
	assert_true(answer.issued);
	buf_clear(&answer.der);
	pki_key_free(key);
	EVP_PKEY_free(ec);
	csr_free(&c);
}

static void
the_template_is_looked_up_before_its_permissions(void **state)
{
	static const struct {
		const char *template_name;
		bool may_enroll;
		uint32_t hresult;
	} rows[] = {
		{ "IPSECIntermediateOffline", false, 0x80094012 },
		{ "NDES Device Template", true, 0x80094800 },
		{ "NDES Device Template", false, 0x80094800 },
	};
	struct world *w = *state;
	uint64_t before = 0, certs = 0, revision = 0;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		rq.template_name = rows[i].template_name;
		rq.may_enroll = rows[i].may_enroll;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_false(answer.issued);
		assert_int_equal(answer.hresult, rows[i].hresult);
		/* each request has a number of its own */
		assert_true(answer.request_id > before);
		before = answer.request_id;
	}
	assert_int_equal(store_counts(w->store, &certs, &revision, &w->e), 0);
	assert_int_equal(certs, 0);
	csr_free(&c);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(tls_clients_refuse_each_state_for_its_reason),
		IN_WORLD(the_wrong_name_is_good_for_nothing_else),
		IN_WORLD(
		    ra_certificates_by_the_old_ca_have_its_name_and_not_its_key),
		IN_WORLD(unlisted_ra_certificates_leave_the_two_cas),
		IN_WORLD(a_replaced_root_is_no_root_of_the_deployed_one),
		IN_WORLD(the_crl_of_a_replaced_root_is_signed_by_it),
		IN_WORLD(a_state_replaces_the_certificate_that_was_brought),
		IN_WORLD(keys_below_the_minimum_are_refused),
		IN_WORLD(an_elliptic_key_has_no_rsa_minimum),
		IN_WORLD(the_template_is_looked_up_before_its_permissions),
	};

	return cmocka_run_group_tests_name("ca_states", tests, NULL, NULL);
}
