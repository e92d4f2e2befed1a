/* SPDX-License-Identifier: MIT */
/* A TLS client that tries, and tells. */
#include "support/handshake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 20

static const char request[] =
    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.0\r\n"
    "Host: localhost\r\n\r\n";

static int
dial(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { PATIENCE_S, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
show_certificate(SSL *s)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	assert_non_null(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 9);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"device", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_use_certificate(s, cert), 1);
	assert_int_equal(SSL_use_PrivateKey(s, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Called when the server asks, before the certificate is sent. */
static int
note_asked(SSL *s, void *into)
{
	(void)s;
	*(bool *)into = true;
	return 1;
}

static SSL_CTX *
context_of(const struct handshake_offer *o, bool *asked)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert_non_null(ctx);
	/* TLS 1.0 and 1.1 sign with MD5 and SHA-1. */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(
	    ctx, o->minimum != 0 ? o->minimum : TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, o->maximum);
	SSL_CTX_set_cert_cb(ctx, note_asked, asked);
	if (o->root == NULL)
		return ctx;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	assert_int_equal(
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), o->root), 1);
	return ctx;
}

static bool
is_served(SSL *s)
{
	char reply[16] = "";
	size_t n;

	return SSL_write(s, request, sizeof(request) - 1) > 0 &&
	    SSL_read_ex(s, reply, sizeof(reply) - 1, &n) == 1 &&
	    strncmp(reply, "HTTP/1.1 200 OK", 15) == 0;
}

struct handshake
handshake_try(const struct handshake_offer *o)
{
	struct handshake seen = { 0 };
	SSL_CTX *ctx = context_of(o, &seen.asked);
	SSL *s = SSL_new(ctx);
	int fd = dial(o->port);

	assert_non_null(s);
	/* The server may be gone before we have written. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (o->certificate)
		show_certificate(s);
	if (o->name != NULL)
		assert_int_equal(SSL_set1_host(s, o->name), 1);
	SSL_set_fd(s, fd);
	if (SSL_connect(s) == 1) {
		seen.version = SSL_version(s);
		seen.served = is_served(s);
	}
	seen.verdict = SSL_get_verify_result(s);
	SSL_free(s);
	close(fd);
	SSL_CTX_free(ctx);
	return seen;
}
