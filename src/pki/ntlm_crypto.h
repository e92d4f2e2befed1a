/* SPDX-License-Identifier: MIT */
/*
 * The old algorithms that NTLM is made of (MS-NLMP 3.3, 3.4). They work
 * without a pki_ctx, since the one who authenticates a connection has none,
 * and they cannot fail.
 */
#ifndef PKI_NTLM_CRYPTO_H
#define PKI_NTLM_CRYPTO_H

#include "base/span.h"

#define PKI_NTLM_KEY 16 /* bytes of a key, a hash, a MAC */
#define PKI_NTLM_RESPONSE 24 /* bytes of a response of version 1 */

void pki_ntlm_md4(struct bytes text, uint8_t out[PKI_NTLM_KEY]);
void pki_ntlm_md5(struct bytes text, uint8_t out[PKI_NTLM_KEY]);

/* HMAC-MD5 of two texts, one behind the other. key of any length. out may be where key is. */
void pki_ntlm_hmac(struct bytes key, struct bytes a, struct bytes b,
    uint8_t out[PKI_NTLM_KEY]);

/* RC4 of n bytes from its beginning. */
void pki_ntlm_rc4(struct bytes key, const uint8_t *in, size_t n, uint8_t *out);

/* DESL: eight bytes under three DES keys that lie in 16 bytes. */
void pki_ntlm_desl(const uint8_t key[PKI_NTLM_KEY], const uint8_t text[8],
    uint8_t out[PKI_NTLM_RESPONSE]);

#endif
