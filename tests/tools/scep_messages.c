/* SPDX-License-Identifier: MIT */
/*
 * Messages for clients that take theirs ready-made, as certmonger's
 * scep-submit does: PKCSReqs of one key, each with a transaction and a nonce
 * of its own, made by the test client.
 * Usage: scep_messages RA-ENC.pem KEY.pem CHALLENGE COUNT DIR
 * DIR/1.pem.. are the messages, DIR/signer.pem is who signed them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "support/client.h"

static X509 *
read_certificate(const char *path)
{
	FILE *f = fopen(path, "r");
	X509 *x = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);

	if (f != NULL)
		fclose(f);
	return x;
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *k =
	    f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);

	if (f != NULL)
		fclose(f);
	return k;
}

static int
write_message(const struct client_bytes *der, const char *dir, int i)
{
	char path[512];
	FILE *f;
	int rc = -1;

	(void)snprintf(path, sizeof(path), "%.400s/%d.pem", dir, i);
	f = fopen(path, "w");
	if (f != NULL) {
		rc =
		    PEM_write(f, PEM_STRING_PKCS7, "", der->p, (long)der->n) > 0
		    ? 0
		    : -1;
		if (fclose(f) != 0)
			rc = -1;
	}
	return rc;
}

static int
write_signer(X509 *x, const char *dir)
{
	char path[512];
	FILE *f;
	int rc = -1;

	(void)snprintf(path, sizeof(path), "%.400s/signer.pem", dir);
	f = fopen(path, "w");
	if (f != NULL) {
		rc = PEM_write_X509(f, x) == 1 ? 0 : -1;
		if (fclose(f) != 0)
			rc = -1;
	}
	return rc;
}

static int
write_all(
    struct client *c, struct client_enrolment *e, int count, const char *dir)
{
	struct client_cert self = { .key = e->csr.key,
		.subject = e->csr.subject };
	int rc = -1;

	e->signer = client_cert_make(c, &self);
	e->signer_key = e->csr.key;
	if (e->signer == NULL || write_signer(e->signer, dir) == -1)
		goto out;
	for (int i = 1; i <= count; i++) {
		struct client_prepared p;

		if (client_prepare(c, e, &p) == -1)
			goto out;
		rc = write_message(&p.der, dir, i);
		client_prepared_clear(&p);
		if (rc == -1)
			goto out;
	}
	rc = 0;
out:
	X509_free(e->signer);
	return rc;
}

int
main(int argc, char **argv)
{
	struct client c;
	struct client_ca ca = { 0 };
	struct client_enrolment e = {
		.ca = &ca,
		.csr = { .subject = "/CN=prepared" },
	};
	int rc = 1;

	if (argc != 6)
		return 2;
	if (client_open(&c, NULL) == -1)
		return 1;
	ca.ra_encrypt = read_certificate(argv[1]);
	e.csr.key = read_key(argv[2]);
	e.csr.challenge = argv[3];
	if (ca.ra_encrypt != NULL && e.csr.key != NULL &&
	    write_all(&c, &e, atoi(argv[4]), argv[5]) == 0)
		rc = 0;
	else
		(void)fprintf(stderr, "no messages: %s\n", c.why);
	X509_free(ca.ra_encrypt);
	EVP_PKEY_free(e.csr.key);
	client_close(&c);
	return rc;
}
