/* SPDX-License-Identifier: MIT */
/* The minted certificates of a deployment, read and verified by libcrypto. */
#include "test_ca_support.h"

#include <openssl/pkcs7.h>

/* ---- chains ---- */

struct chain_row {
	const char *sentence;
	enum ca_role role;
	int purpose;
};

static const struct chain_row chains[] = {
	{ "the issuing CA is a CA", CA_ISSUING, X509_PURPOSE_CRL_SIGN },
	{ "RA signing", CA_RA_SIGN, 0 },
	{ "RA encryption", CA_RA_ENCRYPT, 0 },
	{ "TLS is a server", CA_TLS, X509_PURPOSE_SSL_SERVER },
	{ "the root trusts itself", CA_ROOT, 0 },
};

static void
every_certificate_chains_to_the_root(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(chains); i++) {
		int error = chain_error(w->m,
		    ca_material_cert(w->m, chains[i].role)->der,
		    chains[i].purpose, NOW, X509_V_FLAG_X509_STRICT);

		if (error != X509_V_OK)
			fail_msg("%s: %s", chains[i].sentence,
			    X509_verify_cert_error_string(error));
	}
}

static void
nobody_trusts_the_stranger_or_the_next_generation(void **state)
{
	struct world *w = *state;
	static const enum ca_role strangers[] = { CA_STRANGER, CA_NEXT };

	for (size_t i = 0; i < nitems(strangers); i++) {
		struct bytes der = ca_material_cert(w->m, strangers[i])->der;
		X509 *x = x509_of(der);

		assert_int_equal(chain_error(w->m, der, 0, NOW, 0),
		    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
		assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
		assert_int_equal(X509_check_ca(x), 1);
		X509_free(x);
	}
}

static void
every_certificate_is_of_its_roles_key(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < CA_ROLES; i++) {
		char path[64];

		snprintf(path, sizeof(path), "certs/%s.key",
		    ca_role_name((enum ca_role)i));
		EVP_PKEY *key = key_file(path);
		X509 *x = material_x509(w->m, (enum ca_role)i);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), key), 1);
		X509_free(x);
		EVP_PKEY_free(key);
	}
}

/* ---- shapes ---- */

struct shape_row {
	enum ca_role role;
	const char *subject, *issuer;
	const char *extensions;
	int64_t not_before, not_after;
};

#define ROOT_NAME                     \
	"O=mockndes test deployment," \
	"CN=mockndes Root CA - not to be trusted"
#define ISSUING_NAME                  \
	"O=mockndes test deployment," \
	"CN=mockndes Issuing CA - not to be trusted"
#define RA_NAME                                     \
	"C=US,O=mockndes test - not to be trusted," \
	"CN=NDES01-MSCEP-RA"
#define RA_EXTENSIONS                                \
	"1.3.6.1.4.1.311.20.2 2.5.29.37 2.5.29.15! " \
	"2.5.29.14 2.5.29.35 2.5.29.31 1.3.6.1.5.5.7.1.1"

static const struct shape_row shapes[] = {
	{ CA_ROOT, ROOT_NAME, ROOT_NAME,
	    "2.5.29.15! 2.5.29.19! 2.5.29.14 1.3.6.1.4.1.311.21.1",
	    NOW - 5 * YEAR, NOW + 15 * YEAR },
	{ CA_ISSUING, ISSUING_NAME, ROOT_NAME,
	    "2.5.29.15! 2.5.29.19! 2.5.29.14 1.3.6.1.4.1.311.21.1 "
	    "2.5.29.35 2.5.29.31 1.3.6.1.5.5.7.1.1",
	    NOW - 3 * YEAR, NOW + 7 * YEAR },
	{ CA_RA_SIGN, RA_NAME, ISSUING_NAME, RA_EXTENSIONS, NOW - DAY,
	    NOW - DAY + 2 * YEAR },
	{ CA_RA_ENCRYPT, RA_NAME, ISSUING_NAME, RA_EXTENSIONS, NOW - DAY,
	    NOW - DAY + 2 * YEAR },
	{ CA_TLS, "O=mockndes test - not to be trusted,CN=ndes01.corp.example",
	    ISSUING_NAME,
	    "2.5.29.15! 2.5.29.37 2.5.29.17 "
	    "2.5.29.14 2.5.29.35 2.5.29.31 1.3.6.1.5.5.7.1.1",
	    NOW - DAY, NOW + YEAR },
};

static void
name_text(X509_NAME *name, char *out, size_t cap)
{
	BIO *bio = BIO_new(BIO_s_mem());

	X509_NAME_print_ex(bio, name, 0,
	    (XN_FLAG_RFC2253 | ASN1_STRFLGS_UTF8_CONVERT) & ~XN_FLAG_DN_REV);
	int n = BIO_read(bio, out, (int)cap - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	BIO_free(bio);
}

static void
certificates_have_the_shape_of_the_real_ones(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(shapes); i++) {
		const struct shape_row *row = &shapes[i];
		X509 *x = material_x509(w->m, row->role);
		char text[1024];

		assert_int_equal(X509_get_version(x), 2);
		assert_int_equal(
		    X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
		name_text(X509_get_subject_name(x), text, sizeof(text));
		assert_string_equal(text, row->subject);
		name_text(X509_get_issuer_name(x), text, sizeof(text));
		assert_string_equal(text, row->issuer);
		extension_list(x, text, sizeof(text));
		assert_string_equal(text, row->extensions);
		assert_int_equal(
		    time_of(X509_get0_notBefore(x)), row->not_before);
		assert_int_equal(
		    time_of(X509_get0_notAfter(x)), row->not_after);
		X509_free(x);
	}
}

static void
the_two_ra_certificates_differ_as_ndes_has_it(void **state)
{
	struct world *w = *state;
	X509 *sign = material_x509(w->m, CA_RA_SIGN);
	X509 *encrypt = material_x509(w->m, CA_RA_ENCRYPT);

	/* BMPString EnrollmentAgentOffline, BMPString CEPEncryption */
	assert_extension(sign, "1.3.6.1.4.1.311.20.2",
	    "1e2c0045006e0072006f006c006c006d0065006e0074004100670065006e0074"
	    "004f00660066006c0069006e0065");
	assert_extension(encrypt, "1.3.6.1.4.1.311.20.2",
	    "1e1a0043004500500045006e006300720079007000740069006f006e");
	assert_extension(sign, "2.5.29.15", "03020780");
	assert_extension(encrypt, "2.5.29.15", "03020520");
	assert_extension(sign, "2.5.29.37", "300c060a2b060104018237140201");
	assert_extension(encrypt, "2.5.29.37", "300c060a2b060104018237140201");
	X509_free(sign);
	X509_free(encrypt);
}

static void
ra_serials_are_nineteen_octets_with_the_number_twice(void **state)
{
	struct world *w = *state;
	struct bytes sign = ca_material_cert(w->m, CA_RA_SIGN)->serial;
	struct bytes encrypt = ca_material_cert(w->m, CA_RA_ENCRYPT)->serial;

	assert_int_equal(sign.n, 19);
	assert_memory_equal(sign.p, "\x47\0\0\0\2", 5);
	assert_memory_equal(sign.p + 13, "\0\0\0\0\0\2", 6);
	assert_int_equal(encrypt.n, 19);
	assert_memory_equal(encrypt.p, "\x47\0\0\0\3", 5);
	assert_memory_equal(encrypt.p + 13, "\0\0\0\0\0\3", 6);
	assert_memory_not_equal(sign.p + 5, encrypt.p + 5, 8);
}

static void
ca_serials_are_sixteen_octets_and_positive(void **state)
{
	struct world *w = *state;
	static const enum ca_role cas[] = { CA_ROOT, CA_ISSUING, CA_STRANGER,
		CA_NEXT };

	for (size_t i = 0; i < nitems(cas); i++) {
		struct bytes serial = ca_material_cert(w->m, cas[i])->serial;

		assert_int_equal(serial.n, 16);
		assert_in_range(serial.p[0], 0x40, 0x7f);
	}
}

static void
urls_point_to_where_the_files_are_served(void **state)
{
	struct world *w = *state;
	char want[256];
	X509 *ra = material_x509(w->m, CA_RA_SIGN);
	X509 *issuing = material_x509(w->m, CA_ISSUING);
	STACK_OF(DIST_POINT) *points =
	    X509_get_ext_d2i(ra, NID_crl_distribution_points, NULL, NULL);
	AUTHORITY_INFO_ACCESS *access =
	    X509_get_ext_d2i(issuing, NID_info_access, NULL, NULL);

	assert_int_equal(sk_DIST_POINT_num(points), 1);
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(
	    sk_DIST_POINT_value(points, 0)->distpoint->name.fullname, 0);
	assert_string_equal((const char *)ASN1_STRING_get0_data(
				name->d.uniformResourceIdentifier),
	    ca_material_crl_url(w->m));
	snprintf(want, sizeof(want), "http://localhost:8080%s",
	    ca_material_crl_path(w->m));
	assert_string_equal(ca_material_crl_url(w->m), want);

	assert_int_equal(sk_ACCESS_DESCRIPTION_num(access), 1);
	const ACCESS_DESCRIPTION *ad = sk_ACCESS_DESCRIPTION_value(access, 0);
	assert_int_equal(OBJ_obj2nid(ad->method), NID_ad_ca_issuers);
	snprintf(want, sizeof(want), "http://localhost:8080%s",
	    ca_material_root_aia_path(w->m));
	assert_string_equal((const char *)ASN1_STRING_get0_data(
				ad->location->d.uniformResourceIdentifier),
	    want);
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	AUTHORITY_INFO_ACCESS_free(access);
	X509_free(ra);
	X509_free(issuing);
}

/* ---- names ---- */

struct host_row {
	const char *hostname;
	const char *ra; /* common name of the RA certificates */
	const char *dns; /* SAN has this DNS name; NULL: none of its own */
	const char *ip; /* SAN has this address */
	const char * not ; /* not this DNS name */
	int names; /* in the SAN */
};

static const struct host_row hosts[] = {
	{ "ndes01.corp.example", "NDES01-MSCEP-RA", "ndes01.corp.example",
	    "127.0.0.1", "ndes01", 4 },
	{ "localhost", "LOCALHOST-MSCEP-RA", "localhost", "::1",
	    "ndes01.corp.example", 3 },
	{ "a-name-of-15-xx", "A-NAME-OF-15-XX-MSCEP-RA", "a-name-of-15-xx",
	    "127.0.0.1", "localhost2", 4 },
	{ "a-name-of-16-xxx", "A-NAME-OF-16-XX-MSCEP-RA", "a-name-of-16-xxx",
	    "127.0.0.1", "localhost2", 4 },
	{ "192.0.2.7", "MOCKNDES-MSCEP-RA", "localhost", "192.0.2.7",
	    "192.0.2.7", 4 },
	{ "2001:db8::1", "MOCKNDES-MSCEP-RA", "localhost", "2001:db8::1",
	    "2001:db8::1", 4 },
	{ "127.0.0.1", "MOCKNDES-MSCEP-RA", "localhost", "::1", "127.0.0.1",
	    3 },
	{ "", "MOCKNDES-MSCEP-RA", "localhost", "127.0.0.1", "mockndes", 3 },
};

static void
check_host(const struct ca_material *m, const struct host_row *row)
{
	X509 *ra = material_x509(m, CA_RA_ENCRYPT);
	X509 *tls = material_x509(m, CA_TLS);
	char cn[128];

	X509_NAME_get_text_by_NID(
	    X509_get_subject_name(ra), NID_commonName, cn, sizeof(cn));
	assert_string_equal(cn, row->ra);
	unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	assert_int_equal(X509_check_host(tls, row->dns, 0, flags, NULL), 1);
	assert_int_equal(X509_check_host(tls, row->not, 0, flags, NULL), 0);
	assert_int_equal(X509_check_ip_asc(tls, row->ip, 0), 1);
	assert_int_equal(X509_check_ip_asc(tls, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(tls, "::1", 0), 1);
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(tls, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), row->names);
	GENERAL_NAMES_free(names);
	X509_free(ra);
	X509_free(tls);
}

static void
names_follow_the_hostname(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(hosts); i++) {
		struct ca_material_spec spec = world_spec(w);

		print_message("hostname \"%s\"\n", hosts[i].hostname);
		spec.hostname = hosts[i].hostname;
		struct ca_material *m = mint(w, &spec);
		check_host(m, &hosts[i]);
		assert_chains(m, ca_material_cert(m, CA_TLS)->der,
		    X509_PURPOSE_SSL_SERVER);
		ca_material_free(m);
	}
}

static void
a_hostname_longer_than_a_common_name_stands_in_the_san_alone(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	char name[] = "a23456789.b23456789.c23456789.d23456789.e23456789."
		      "f23456789.g2345";

	for (size_t length = 64; length <= 65; length++) {
		spec.hostname = name + 65 - length;
		struct ca_material *m = mint(w, &spec);
		X509 *tls = material_x509(m, CA_TLS);
		assert_int_equal(
		    X509_NAME_entry_count(X509_get_subject_name(tls)),
		    length == 64 ? 2 : 1);
		assert_int_equal(
		    X509_check_host(tls, spec.hostname, 0, 0, NULL), 1);
		X509_free(tls);
		ca_material_free(m);
	}
}

static void
a_slash_behind_the_url_base_is_not_doubled(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);

	spec.url_base = "http://ndes.example/";
	struct ca_material *m = mint(w, &spec);
	assert_memory_equal(
	    ca_material_crl_url(m), "http://ndes.example/CertEnroll/", 31);
	assert_memory_equal(
	    ca_material_aia_url(m), "http://ndes.example/CertEnroll/", 31);
	ca_material_free(m);
}

static void
a_url_too_long_is_an_error_and_gives_no_material(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m = NULL;
	char *base = calloc(1, 3000);

	memset(base, 'x', 2999);
	spec.url_base = base;
	assert_int_equal(
	    ca_material_mint(&m, w->ctx, &spec, &w->env, &w->e), -1);
	assert_null(m);
	assert_int_equal(w->e.code, ERR_LIMIT);
	assert_string_equal(
	    w->e.text, "URL of the CA's files: more than 2048 bytes");
	free(base);
}

/* ---- dates ---- */

static void
an_expired_ra_certificate_is_expired_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);

	spec.ra_sign = (struct ca_validity){ NOW - 9 * YEAR, NOW - 1 };
	struct ca_material *m = mint(w, &spec);
	struct bytes der = ca_material_cert(m, CA_RA_SIGN)->der;
	assert_int_equal(chain_error(m, der, 0, NOW, X509_V_FLAG_X509_STRICT),
	    X509_V_ERR_CERT_HAS_EXPIRED);
	/* its CAs cover it, however old it is */
	assert_int_equal(
	    chain_error(m, der, 0, NOW - 9 * YEAR + 1, X509_V_FLAG_X509_STRICT),
	    X509_V_OK);
	assert_chains(m, ca_material_cert(m, CA_RA_ENCRYPT)->der, 0);
	ca_material_free(m);
}

static void
dates_past_2049_are_written_and_covered(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);

	spec.tls = (struct ca_validity){ NOW, NOW + 30 * YEAR };
	struct ca_material *m = mint(w, &spec);
	assert_int_equal(
	    ca_material_cert(m, CA_TLS)->not_after, NOW + 30 * YEAR);
	assert_int_equal(chain_error(m, ca_material_cert(m, CA_TLS)->der,
			     X509_PURPOSE_SSL_SERVER, NOW + 30 * YEAR - 1,
			     X509_V_FLAG_X509_STRICT),
	    X509_V_OK);
	ca_material_free(m);
}

static void
tls_lives_no_longer_than_apples_clients_take(void **state)
{
	struct world *w = *state;
	const struct pki_cert *tls = ca_material_cert(w->m, CA_TLS);

	assert_in_range(tls->not_after - tls->not_before, YEAR, 397 * DAY);
}

/* ---- what is derived ---- */

static void
the_chain_is_ra_signing_ra_encryption_issuing_root(void **state)
{
	struct world *w = *state;
	static const enum ca_role order[] = { CA_RA_SIGN, CA_RA_ENCRYPT,
		CA_ISSUING, CA_ROOT };
	struct bytes p7 = ca_material_chain_p7(w->m);
	const unsigned char *p = p7.p;
	PKCS7 *read = d2i_PKCS7(NULL, &p, (long)p7.n);

	assert_non_null(read);
	assert_ptr_equal(p, p7.p + p7.n);
	assert_true(PKCS7_type_is_signed(read));
	STACK_OF(X509) *certs = read->d.sign->cert;
	assert_int_equal(sk_X509_num(certs), 4);
	for (int i = 0; i < 4; i++) {
		X509 *want = material_x509(w->m, order[i]);

		assert_int_equal(X509_cmp(sk_X509_value(certs, i), want), 0);
		X509_free(want);
	}
	assert_int_equal(
	    sk_PKCS7_SIGNER_INFO_num(read->d.sign->signer_info), 0);
	PKCS7_free(read);
}

static void
thumbprints_are_of_the_issuing_ca(void **state)
{
	struct world *w = *state;
	X509 *x = material_x509(w->m, CA_ISSUING);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_int_equal(X509_digest(x, EVP_md5(), digest, &n), 1);
	assert_int_equal(n, 16);
	assert_memory_equal(ca_material_thumbprint_md5(w->m), digest, 16);
	assert_int_equal(X509_digest(x, EVP_sha256(), digest, &n), 1);
	assert_memory_equal(ca_material_fingerprint_sha256(w->m), digest, 32);
	X509_free(x);
}

static X509 *
next_pem(BIO *bio)
{
	return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static void
tls_comes_as_pem_with_its_issuer_and_key(void **state)
{
	struct world *w = *state;
	BIO *certs = BIO_new_mem_buf(ca_material_tls_chain_pem(w->m), -1);
	BIO *key = BIO_new_mem_buf(ca_material_tls_key_pem(w->m), -1);
	X509 *tls = next_pem(certs);
	X509 *issuing = next_pem(certs);
	EVP_PKEY *private = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

	assert_non_null(tls);
	assert_non_null(issuing);
	assert_non_null(private);
	assert_null(next_pem(certs));
	assert_int_equal(X509_check_private_key(tls, private), 1);
	assert_int_equal(X509_check_issued(issuing, tls), X509_V_OK);
	ERR_clear_error();
	EVP_PKEY_free(private);
	X509_free(tls);
	X509_free(issuing);
	BIO_free(certs);
	BIO_free(key);
}

static void
the_same_chance_gives_the_same_certificates(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *again = mint(w, &spec);

	for (int i = 0; i < CA_ROLES; i++)
		assert_true(
		    bytes_eq(ca_material_cert(w->m, (enum ca_role)i)->der,
			ca_material_cert(again, (enum ca_role)i)->der));
	w->chance.seed = 2;
	ca_material_free(again);
	again = NULL;
	assert_int_equal(
	    ca_material_mint(&again, w->ctx, &spec, &w->env, &w->e), 0);
	assert_false(bytes_eq(ca_material_cert(w->m, CA_RA_SIGN)->serial,
	    ca_material_cert(again, CA_RA_SIGN)->serial));
	ca_material_free(again);
}

static void
without_chance_nothing_is_minted(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct ca_material *m = NULL;

	w->chance.dry = true;
	assert_int_equal(
	    ca_material_mint(&m, w->ctx, &spec, &w->env, &w->e), -1);
	assert_null(m);
	assert_int_not_equal(w->e.code, ERR_NONE);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(every_certificate_chains_to_the_root),
		IN_WORLD(nobody_trusts_the_stranger_or_the_next_generation),
		IN_WORLD(every_certificate_is_of_its_roles_key),
		IN_WORLD(certificates_have_the_shape_of_the_real_ones),
		IN_WORLD(the_two_ra_certificates_differ_as_ndes_has_it),
		IN_WORLD(ra_serials_are_nineteen_octets_with_the_number_twice),
		IN_WORLD(ca_serials_are_sixteen_octets_and_positive),
		IN_WORLD(urls_point_to_where_the_files_are_served),
		IN_WORLD(names_follow_the_hostname),
		IN_WORLD(
		    a_hostname_longer_than_a_common_name_stands_in_the_san_alone),
		IN_WORLD(a_slash_behind_the_url_base_is_not_doubled),
		IN_WORLD(a_url_too_long_is_an_error_and_gives_no_material),
		IN_WORLD(an_expired_ra_certificate_is_expired_and_nothing_else),
		IN_WORLD(dates_past_2049_are_written_and_covered),
		IN_WORLD(tls_lives_no_longer_than_apples_clients_take),
		IN_WORLD(the_chain_is_ra_signing_ra_encryption_issuing_root),
		IN_WORLD(thumbprints_are_of_the_issuing_ca),
		IN_WORLD(tls_comes_as_pem_with_its_issuer_and_key),
		IN_WORLD(the_same_chance_gives_the_same_certificates),
		IN_WORLD(without_chance_nothing_is_minted),
	};

	return cmocka_run_group_tests_name("ca_material", tests, NULL, NULL);
}
