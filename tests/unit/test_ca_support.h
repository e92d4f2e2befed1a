/* SPDX-License-Identifier: MIT */
/*
 * What the tests of ca/ share: a CA with fixed time and chance, requests made
 * by libcrypto, and certificates read and verified by libcrypto. Functions are
 * inline so that no program needs all of them.
 */
#ifndef TEST_CA_SUPPORT_H
#define TEST_CA_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/ca.h"

#define NOW INT64_C(1785000000) /* 2026-07-25 */
#define DAY INT64_C(86400)
#define YEAR (365 * DAY)

/* ---- time and chance ---- */

struct chance {
	pthread_mutex_t lock;
	int64_t now_s;
	uint64_t seed;
	bool dry; /* no randomness to be had */
};

static inline int64_t
chance_now_ms(void *ctx)
{
	return ((struct chance *)ctx)->now_s * 1000;
}

static inline int
chance_random(void *ctx, uint8_t *p, size_t n)
{
	struct chance *c = ctx;

	pthread_mutex_lock(&c->lock);
	bool dry = c->dry;
	for (size_t i = 0; i < n; i++) {
		c->seed = c->seed * UINT64_C(6364136223846793005) + 1442695;
		p[i] = (uint8_t)(c->seed >> 56);
	}
	pthread_mutex_unlock(&c->lock);
	return dry ? -1 : 0;
}

/* ---- a whole CA ---- */

struct world {
	struct chance chance;
	struct env env;
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct ca_keys *keys;
	struct ca_material *m;
	struct store *store;
	struct ca *ca;
	EVP_PKEY *key; /* of the clients */
	struct err e;
};

static inline struct ca_material_spec
world_spec(const struct world *w)
{
	return (struct ca_material_spec){
		.keys = w->keys,
		.hostname = "ndes01.corp.example",
		.url_base = "http://localhost:8080",
		.now = NOW,
	};
}

static inline struct ca_material *
mint(struct world *w, const struct ca_material_spec *spec)
{
	struct ca_material *m = NULL;

	w->chance.seed = 1;
	if (ca_material_mint(&m, w->ctx, spec, &w->env, &w->e) != 0)
		fail_msg("%s", w->e.text);
	assert_non_null(m);
	return m;
}

static inline EVP_PKEY *
key_file(const char *path)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(key);
	return key;
}

static inline int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	pthread_mutex_init(&w->chance.lock, NULL);
	w->chance.now_s = NOW;
	w->env = (struct env){ chance_now_ms, chance_random, &w->chance };
	w->lib = pki_lib_new(&w->e);
	assert_non_null(w->lib);
	w->ctx = pki_ctx_new(w->lib, &w->e);
	assert_non_null(w->ctx);
	w->keys = ca_keys_builtin(w->lib, &w->e);
	if (w->keys == NULL)
		fail_msg("%s", w->e.text);
	struct ca_material_spec spec = world_spec(w);
	w->m = mint(w, &spec);
	w->store = store_open(NULL, &w->e);
	assert_non_null(w->store);
	w->ca = ca_new(w->store, &w->env, &w->e);
	assert_non_null(w->ca);
	w->key = key_file("certs/stranger.key");
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	struct world *w = *state;

	EVP_PKEY_free(w->key);
	ca_free(w->ca);
	store_close(w->store);
	ca_material_free(w->m);
	ca_keys_free(w->keys);
	pki_ctx_free(w->ctx);
	pki_lib_free(w->lib);
	pthread_mutex_destroy(&w->chance.lock);
	free(w);
	return 0;
}

/* ---- certificates, by libcrypto ---- */

static inline X509 *
x509_of(struct bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	assert_non_null(x);
	assert_ptr_equal(p, der.p + der.n);
	return x;
}

static inline X509 *
material_x509(const struct ca_material *m, enum ca_role role)
{
	return x509_of(ca_material_cert(m, role)->der);
}

/* Chain by libcrypto with root trusted and the issuing CA at hand. X509_V_OK or the error. */
static inline int
chain_error(const struct ca_material *m, struct bytes leaf, int purpose,
    int64_t at, unsigned long flags)
{
	X509 *root = material_x509(m, CA_ROOT);
	X509 *issuing = material_x509(m, CA_ISSUING);
	X509 *cert = x509_of(leaf);
	X509_STORE *trust = X509_STORE_new();
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();

	X509_STORE_add_cert(trust, root);
	sk_X509_push(between, issuing);
	X509_STORE_CTX_init(check, trust, cert, between);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
	X509_VERIFY_PARAM_set_time(param, at);
	X509_VERIFY_PARAM_set_flags(param, flags);
	if (purpose != 0)
		X509_VERIFY_PARAM_set_purpose(param, purpose);
	int good = X509_verify_cert(check);
	int error = X509_STORE_CTX_get_error(check);
	assert_int_equal(good == 1, error == X509_V_OK);
	sk_X509_free(between);
	X509_STORE_CTX_free(check);
	X509_STORE_free(trust);
	X509_free(cert);
	X509_free(issuing);
	X509_free(root);
	ERR_clear_error();
	return error;
}

static inline void
assert_chains(const struct ca_material *m, struct bytes leaf, int purpose)
{
	int error = chain_error(m, leaf, purpose, NOW, X509_V_FLAG_X509_STRICT);

	if (error != X509_V_OK)
		fail_msg("%s", X509_verify_cert_error_string(error));
}

/* Dotted OIDs of the extensions in order, critical ones with "!", blanks between. */
static inline void
extension_list(const X509 *x, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *ext = X509_get_ext(x, i);
		char oid[80];

		OBJ_obj2txt(
		    oid, sizeof(oid), X509_EXTENSION_get_object(ext), 1);
		n += (size_t)snprintf(out + n, cap - n, "%s%s%s",
		    i == 0 ? "" : " ", oid,
		    X509_EXTENSION_get_critical(ext) ? "!" : "");
		assert_true(n < cap);
	}
}

/* Value of an extension as hex; "" when absent. */
static inline void
extension_hex(const X509 *x, const char *dotted, char *out, size_t cap)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);
	int at = X509_get_ext_by_OBJ(x, oid, -1);

	out[0] = '\0';
	ASN1_OBJECT_free(oid);
	if (at < 0)
		return;
	const ASN1_OCTET_STRING *value =
	    X509_EXTENSION_get_data(X509_get_ext(x, at));
	assert_true((size_t)ASN1_STRING_length(value) * 2 < cap);
	for (int i = 0; i < ASN1_STRING_length(value); i++)
		snprintf(
		    out + i * 2, 3, "%02x", ASN1_STRING_get0_data(value)[i]);
}

static inline void
assert_extension(const X509 *x, const char *dotted, const char *hex)
{
	char got[4096];

	extension_hex(x, dotted, got, sizeof(got));
	assert_string_equal(got, hex);
}

static inline int64_t
time_of(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;

	assert_int_equal(ASN1_TIME_diff(&days, &seconds, epoch, t), 1);
	ASN1_TIME_free(epoch);
	return (int64_t)days * DAY + seconds;
}

/* ---- requests, by libcrypto ---- */

struct csr {
	uint8_t *der;
	struct pki_csr csr;
};

static inline X509_EXTENSION *
raw_extension(const char *dotted, bool critical, const void *value, size_t n)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

	ASN1_OCTET_STRING_set(octets, value, (int)n);
	X509_EXTENSION *ext =
	    X509_EXTENSION_create_by_OBJ(NULL, oid, critical, octets);
	assert_non_null(ext);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(oid);
	return ext;
}

static inline X509_EXTENSION *
conf_extension(int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (ext == NULL)
		fail_msg("OpenSSL does not read %s", value);
	return ext;
}

static inline void
csr_parse(struct csr *c, size_t n)
{
	struct asn1_fault fault = { 0 };

	if (!pki_csr_parse(&c->csr, bytes_of(c->der, n), &fault))
		fail_msg("request: %s at %zu", fault.why, fault.at);
}

/* req is consumed; extensions too (may be NULL). */
static inline void
csr_finish(struct csr *c, X509_REQ *req, STACK_OF(X509_EXTENSION) * list,
    EVP_PKEY *key)
{
	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	if (list != NULL && sk_X509_EXTENSION_num(list) > 0)
		assert_int_equal(X509_REQ_add_extensions(req, list), 1);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	c->der = NULL;
	int n = i2d_X509_REQ(req, &c->der);
	assert_true(n > 0);
	X509_REQ_free(req);
	csr_parse(c, (size_t)n);
}

/* A request for CN=cn (NULL: no subject) with these extensions. */
static inline void
csr_make(struct csr *c, const struct world *w, const char *cn,
    STACK_OF(X509_EXTENSION) * list)
{
	X509_REQ *req = X509_REQ_new();

	if (cn != NULL)
		assert_int_equal(
		    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req),
			"CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1,
			0),
		    1);
	csr_finish(c, req, list, w->key);
}

static inline void
csr_free(struct csr *c)
{
	OPENSSL_free(c->der);
	c->der = NULL;
}

static inline struct ca_request
request_of(const struct csr *c)
{
	return (struct ca_request){
		.csr = &c->csr,
		.template_name = "IPSECIntermediateOffline",
		.transaction_id = BYTES_LIT("tx-1"),
		.valid_s = YEAR,
		.backdate_s = 600,
		.may_enroll = true,
	};
}

/* Issue, or fail the test. */
static inline void
issue(struct world *w, const struct csr *c, struct ca_answer *answer)
{
	struct ca_request rq = request_of(c);

	if (ca_issue(w->ca, w->ctx, w->m, &rq, answer, &w->e) != 0)
		fail_msg("%s", w->e.text);
	if (!answer->issued)
		fail_msg("refused: %s", answer->reason);
}

static inline STACK_OF(X509_EXTENSION) *
    list_of(X509_EXTENSION *a, X509_EXTENSION *b)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

	if (a != NULL)
		sk_X509_EXTENSION_push(list, a);
	if (b != NULL)
		sk_X509_EXTENSION_push(list, b);
	return list;
}

/* Issue for a request and read the certificate; der is the caller's to clear. */
static inline X509 *
issued(struct world *w, const struct csr *c, struct ca_answer *answer)
{
	issue(w, c, answer);
	assert_chains(w->m, buf_bytes(&answer->der), 0);
	return x509_of(buf_bytes(&answer->der));
}

static inline void
done(struct csr *c, struct ca_answer *answer, X509 *x)
{
	X509_free(x);
	buf_clear(&answer->der);
	csr_free(c);
}

/* Extensions of the usual certificate: key usage, EKU, template, SKI, AKI, CRLs, issuer. */
#define OWN \
	"1.3.6.1.4.1.311.20.2 2.5.29.14 2.5.29.35 2.5.29.31 1.3.6.1.5.5.7.1.1"

#endif
