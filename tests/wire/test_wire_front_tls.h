/* SPDX-License-Identifier: MIT */
/*
 * What the tests of HTTPS share: a certificate of their own, and a client of
 * OpenSSL's over test_wire_front.h.
 */
#ifndef TEST_WIRE_FRONT_TLS_H
#define TEST_WIRE_FRONT_TLS_H

#include "test_wire_front.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct https {
	struct rig rig;
	char *chain, *key; /* PEM */
	SSL_CTX *ctx;
};

static inline char *
pem_text(BIO *b)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);
	char *text = strndup(p, (size_t)n);

	assert_non_null(text);
	BIO_free(b);
	return text;
}

/* A self-signed pair for localhost. */
static inline void
mint(struct https *h)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	BIO *b = BIO_new(BIO_s_mem());

	assert_non_null(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(b, cert), 1);
	h->chain = pem_text(b);
	b = BIO_new(BIO_s_mem());
	assert_int_equal(
	    PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
	h->key = pem_text(b);
	h->ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(h->ctx);
	assert_int_equal(
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(h->ctx), cert), 1);
	SSL_CTX_set_verify(h->ctx, SSL_VERIFY_PEER, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static inline SSL *
dial_tls(struct https *h, int version)
{
	SSL *s = SSL_new(h->ctx);

	assert_non_null(s);
	SSL_set_min_proto_version(s, version);
	SSL_set_max_proto_version(s, version);
	SSL_set_fd(s, dial(h->rig.port));
	assert_int_equal(SSL_connect(s), 1);
	return s;
}

static inline void
hang_up(SSL *s)
{
	int fd = SSL_get_fd(s);

	SSL_free(s);
	close(fd);
}

static inline void
say_tls(SSL *s, struct bytes b)
{
	assert_int_equal(SSL_write(s, b.p, (int)b.n), b.n);
}

/* As much as want, or all until the end. */
static inline void
hear_tls(SSL *s, struct buf *out, size_t want)
{
	static char chunk[65536];
	size_t n = 1;

	buf_clear(out);
	buf_init(out, 16u << 20);
	while (out->n < want && n > 0) {
		n = want - out->n < sizeof(chunk) ? want - out->n
						  : sizeof(chunk);
		if (SSL_read_ex(s, chunk, n, &n) != 1)
			break;
		buf_add(out, bytes_of(chunk, n));
	}
}

#endif
