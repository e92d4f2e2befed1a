/* SPDX-License-Identifier: MIT */
/*
 * A few lines of DER for the test client: walking definite-length elements,
 * writing elements, and writing the indefinite-length forms that libcrypto
 * does not write. For files of the client only.
 */
#ifndef SUPPORT_CLIENT_DER_H
#define SUPPORT_CLIENT_DER_H

#include "support/client.h"

struct client_tlv {
	unsigned char tag;
	const unsigned char *whole; /* with its header */
	size_t whole_n;
	const unsigned char *p; /* contents */
	size_t n;
};

struct client_walk {
	const unsigned char *p;
	size_t n;
};

/* The next element; false at the end and on anything that is not definite-length. */
bool client_tlv_next(struct client_walk *w, struct client_tlv *out);

/* The k-th element (from 0) among the contents of parent. */
bool client_tlv_child(
    const struct client_tlv *parent, unsigned k, struct client_tlv *out);

/* An element around these contents, appended. */
int client_tlv_write(
    struct client_bytes *out, unsigned char tag, const void *p, size_t n);

/*
 * The DER of a ContentInfo with EnvelopedData, or with SignedData, again in
 * BER: indefinite lengths down to the contents, whose octets come as a
 * constructed string in pieces of at most this many octets.
 */
int client_ber_enveloped(
    const struct client_bytes *der, size_t piece, struct client_bytes *out);
int client_ber_signed(
    const struct client_bytes *der, size_t piece, struct client_bytes *out);

/* EnvelopedData with AES-GCM around m->content, and what is inside of one. */
int client_gcm_envelope(struct client *c, const struct client_message *m,
    const EVP_CIPHER *cipher, struct client_bytes *out);
int client_gcm_open(struct client *c, const unsigned char *p, size_t n,
    EVP_PKEY *key, struct client_bytes *out);

#endif
