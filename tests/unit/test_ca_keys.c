/* SPDX-License-Identifier: MIT */
/* Where keys come from: built in, a folder, or new; and what a folder may not hold. */
#include "test_ca_support.h"

static const char *const names[CA_ROLES] = { "root", "issuing", "ra-sign",
	"ra-encrypt", "tls", "stranger", "next" };

/* ---- folders ---- */

struct folder {
	char dir[40];
};

static void
path_in(const struct folder *f, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", f->dir, name);
}

static void
put_file(const struct folder *f, const char *name, const void *p, size_t n)
{
	char path[128];

	path_in(f, name, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	fclose(file);
}

static void
drop_file(const struct folder *f, const char *name)
{
	char path[128];

	path_in(f, name, path);
	unlink(path);
}

/* Copy certs/<from>.key to <to>.key */
static void
put_key(const struct folder *f, const char *from, const char *to)
{
	char path[128];
	char text[8192];

	snprintf(path, sizeof(path), "certs/%s.key", from);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof(text), file);
	fclose(file);
	snprintf(path, sizeof(path), "%s.key", to);
	put_file(f, path, text, n);
}

static void
put_cert(const struct folder *f, const char *name, struct bytes der)
{
	struct buf pem;

	buf_init(&pem, 100000);
	pki_pem(&pem, "CERTIFICATE", der);
	put_file(f, name, pem.p, pem.n);
	buf_clear(&pem);
}

/* The four keys that must be there. */
static void
folder_make(struct folder *f)
{
	strcpy(f->dir, "/tmp/mockndes-keys-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	for (size_t i = 0; i < 4; i++)
		put_key(f, names[i], names[i]);
}

static void
folder_remove(const struct folder *f)
{
	char name[32];

	for (size_t i = 0; i < CA_ROLES; i++) {
		snprintf(name, sizeof(name), "%s.key", names[i]);
		drop_file(f, name);
		snprintf(name, sizeof(name), "%s.pem", names[i]);
		drop_file(f, name);
	}
	assert_int_equal(rmdir(f->dir), 0);
}

static bool
same_key(const struct ca_keys *a, const struct ca_keys *b, enum ca_role role)
{
	return bytes_eq(pki_key_spki(ca_keys_get(a, role)),
	    pki_key_spki(ca_keys_get(b, role)));
}

/* ---- tests ---- */

static void
roles_have_the_names_of_their_files(void **state)
{
	(void)state;
	for (int i = 0; i < CA_ROLES; i++)
		assert_string_equal(ca_role_name((enum ca_role)i), names[i]);
	assert_string_equal(ca_role_name(CA_ROLES), "unknown");
}

static void
built_in_keys_are_those_of_certs(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < CA_ROLES; i++) {
		char path[64];
		unsigned char *want = NULL;

		snprintf(path, sizeof(path), "certs/%s.key", names[i]);
		EVP_PKEY *key = key_file(path);
		int n = i2d_PUBKEY(key, &want);
		struct bytes got =
		    pki_key_spki(ca_keys_get(w->keys, (enum ca_role)i));
		assert_int_equal(got.n, n);
		assert_memory_equal(got.p, want, got.n);
		OPENSSL_free(want);
		EVP_PKEY_free(key);
	}
}

static void
a_folder_brings_its_keys_and_lacks_three(void **state)
{
	struct world *w = *state;
	struct folder f;

	folder_make(&f);
	put_key(&f, "next", "root");
	struct ca_keys *keys = ca_keys_from_dir(w->lib, f.dir, &w->e);
	if (keys == NULL)
		fail_msg("%s", w->e.text);
	assert_true(bytes_eq(pki_key_spki(ca_keys_get(keys, CA_ROOT)),
	    pki_key_spki(ca_keys_get(w->keys, CA_NEXT))));
	assert_true(same_key(keys, w->keys, CA_ISSUING));
	assert_true(same_key(keys, w->keys, CA_TLS));
	assert_true(same_key(keys, w->keys, CA_STRANGER));
	assert_true(same_key(keys, w->keys, CA_NEXT));
	ca_keys_free(keys);
	folder_remove(&f);
}

static void
a_certificate_in_the_folder_is_used_as_it_is(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct folder f;

	/* one minted an hour earlier, so that it differs from a new one */
	spec.now -= 3600;
	struct ca_material *earlier = mint(w, &spec);
	struct bytes root = ca_material_cert(earlier, CA_ROOT)->der;
	struct bytes issuing = ca_material_cert(earlier, CA_ISSUING)->der;
	struct bytes sign = ca_material_cert(earlier, CA_RA_SIGN)->der;
	folder_make(&f);
	put_cert(&f, "root.pem", root);
	put_cert(&f, "issuing.pem", issuing);
	put_cert(&f, "ra-sign.pem", sign);
	struct ca_keys *keys = ca_keys_from_dir(w->lib, f.dir, &w->e);
	if (keys == NULL)
		fail_msg("%s", w->e.text);
	spec = world_spec(w);
	spec.keys = keys;
	struct ca_material *m = mint(w, &spec);
	assert_true(bytes_eq(ca_material_cert(m, CA_ROOT)->der, root));
	assert_true(bytes_eq(ca_material_cert(m, CA_ISSUING)->der, issuing));
	assert_true(bytes_eq(ca_material_cert(m, CA_RA_SIGN)->der, sign));
	assert_int_equal(
	    ca_material_cert(m, CA_RA_ENCRYPT)->not_before, NOW - DAY);
	assert_chains(m, ca_material_cert(m, CA_RA_ENCRYPT)->der, 0);
	ca_material_free(m);
	ca_material_free(earlier);
	ca_keys_free(keys);
	folder_remove(&f);
}

/* A CA made elsewhere, without key identifiers: what it issues names what we'd give it. */
static void
a_foreign_ca_without_key_identifier_will_do(void **state)
{
	struct world *w = *state;
	struct ca_material_spec spec = world_spec(w);
	struct folder f;
	EVP_PKEY *root_key = key_file("certs/root.key");
	EVP_PKEY *key = key_file("certs/issuing.key");
	X509 *x = X509_new();
	unsigned char *der = NULL;
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 5);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"Corp CA", -1, -1, 0);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set(X509_getm_notBefore(x), NOW - YEAR);
	ASN1_TIME_set(X509_getm_notAfter(x), NOW + YEAR);
	X509_set_pubkey(x, key);
	X509_sign(x, root_key, EVP_sha256());
	int n = i2d_X509(x, &der);
	folder_make(&f);
	put_cert(&f, "issuing.pem", bytes_of(der, (size_t)n));
	struct ca_keys *keys = ca_keys_from_dir(w->lib, f.dir, &w->e);
	if (keys == NULL)
		fail_msg("%s", w->e.text);
	spec.keys = keys;
	struct ca_material *m = mint(w, &spec);
	const struct pki_cert *ra = ca_material_cert(m, CA_RA_SIGN);
	unsigned char want[20];
	unsigned want_n = 0;
	assert_int_equal(X509_pubkey_digest(x, EVP_sha1(), want, &want_n), 1);
	assert_int_equal(ra->aki.n, 20);
	assert_memory_equal(ra->aki.p, want, 20);
	X509 *ra_x509 = x509_of(ra->der);
	assert_int_equal(X509_verify(ra_x509, key), 1);
	X509_free(ra_x509);
	ca_material_free(m);
	ca_keys_free(keys);
	folder_remove(&f);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(root_key);
}

static void
refused(struct world *w, const struct folder *f, const char *end)
{
	char want[256];
	struct err e = { 0 };

	snprintf(want, sizeof(want), "%s/%s", f->dir, end);
	assert_null(ca_keys_from_dir(w->lib, f->dir, &e));
	assert_string_equal(e.text, want);
	assert_true(e.code == ERR_INPUT || e.code == ERR_LIMIT);
}

static void
says_which_file_is_missing(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 4; i++) {
		struct folder f;
		char name[32];
		char want[64];

		folder_make(&f);
		snprintf(name, sizeof(name), "%s.key", names[i]);
		snprintf(want, sizeof(want), "%s: no such file", name);
		drop_file(&f, name);
		refused(w, &f, want);
		folder_remove(&f);
	}
}

static void
says_that_a_folder_does_not_exist(void **state)
{
	struct world *w = *state;
	struct err e = { 0 };

	assert_null(ca_keys_from_dir(w->lib, "/nonexistent/keys", &e));
	assert_string_equal(e.text, "/nonexistent/keys/root.key: no such file");
}

static void
says_that_a_certificate_belongs_to_another_key(void **state)
{
	struct world *w = *state;
	struct folder f;

	folder_make(&f);
	put_cert(&f, "issuing.pem", ca_material_cert(w->m, CA_ROOT)->der);
	refused(w, &f,
	    "issuing.pem: the certificate does not belong to issuing.key");
	folder_remove(&f);
}

static void
says_which_file_is_not_what_it_should_be(void **state)
{
	static const char *const files[] = { "ra-sign.key", "tls.pem" };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(files); i++) {
		struct folder f;
		char want[128];
		struct err e = { 0 };

		folder_make(&f);
		put_file(&f, files[i], "hello\n", 6);
		assert_null(ca_keys_from_dir(w->lib, f.dir, &e));
		snprintf(want, sizeof(want), "%s/%s: ", f.dir, files[i]);
		assert_memory_equal(e.text, want, strlen(want));
		assert_true(strlen(e.text) > strlen(want));
		folder_remove(&f);
	}
}

static void
refuses_an_elliptic_key(void **state)
{
	struct world *w = *state;
	struct folder f;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;

	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	long n = BIO_get_mem_data(bio, &pem);
	folder_make(&f);
	put_file(&f, "issuing.key", pem, (size_t)n);
	refused(w, &f, "issuing.key: not an RSA key, which NDES needs");
	folder_remove(&f);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void
takes_files_of_64_kib_and_no_more(void **state)
{
	struct world *w = *state;
	struct folder f;
	char *text = malloc(65537);

	/* what stands before and after a PEM block is comment */
	memset(text, '\n', 65537);
	folder_make(&f);
	FILE *file = fopen("certs/root.key", "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 8192, file) > 1000);
	fclose(file);
	put_file(&f, "root.key", text, 65536);
	struct ca_keys *keys = ca_keys_from_dir(w->lib, f.dir, &w->e);
	if (keys == NULL)
		fail_msg("%s", w->e.text);
	ca_keys_free(keys);
	put_file(&f, "root.key", text, 65537);
	refused(w, &f, "root.key: more than 65536 bytes");
	folder_remove(&f);
	free(text);
}

static void
fresh_keys_are_seven_new_ones_of_2048_bits(void **state)
{
	struct world *w = *state;
	struct ca_keys *keys = ca_keys_fresh(w->lib, &w->e);

	assert_non_null(keys);
	for (int i = 0; i < CA_ROLES; i++) {
		const struct pki_key *key = ca_keys_get(keys, (enum ca_role)i);

		assert_true(pki_key_is_rsa(key));
		assert_int_equal(pki_key_bits(key), 2048);
		assert_false(same_key(keys, w->keys, (enum ca_role)i));
		for (int k = 0; k < i; k++)
			assert_false(bytes_eq(pki_key_spki(key),
			    pki_key_spki(ca_keys_get(keys, (enum ca_role)k))));
	}
	struct ca_material_spec spec = world_spec(w);
	spec.keys = keys;
	struct ca_material *m = mint(w, &spec);
	assert_chains(
	    m, ca_material_cert(m, CA_TLS)->der, X509_PURPOSE_SSL_SERVER);
	ca_material_free(m);
	ca_keys_free(keys);
}

static void
freeing_nothing_is_fine(void **state)
{
	(void)state;
	ca_keys_free(NULL);
	ca_material_free(NULL);
	ca_free(NULL);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_have_the_names_of_their_files),
		IN_WORLD(built_in_keys_are_those_of_certs),
		IN_WORLD(a_folder_brings_its_keys_and_lacks_three),
		IN_WORLD(a_certificate_in_the_folder_is_used_as_it_is),
		IN_WORLD(a_foreign_ca_without_key_identifier_will_do),
		IN_WORLD(says_which_file_is_missing),
		IN_WORLD(says_that_a_folder_does_not_exist),
		IN_WORLD(says_that_a_certificate_belongs_to_another_key),
		IN_WORLD(says_which_file_is_not_what_it_should_be),
		IN_WORLD(refuses_an_elliptic_key),
		IN_WORLD(takes_files_of_64_kib_and_no_more),
		IN_WORLD(fresh_keys_are_seven_new_ones_of_2048_bits),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests_name("ca_keys", tests, NULL, NULL);
}
