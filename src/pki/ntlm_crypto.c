/* SPDX-License-Identifier: MIT */
/*
 * By libcrypto's one-shot functions of old, which OpenSSL 3 keeps for such
 * uses: its new interface has MD4, RC4 and DES only in the legacy provider of
 * a library context, and a configured default context may lack even MD5.
 */
#include "pki/ntlm_crypto.h"

#define OPENSSL_API_COMPAT 10100 /* they are marked as deprecated since 3.0 */
#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/md4.h>
#include <openssl/md5.h>
#include <openssl/rc4.h>

#define HMAC_BLOCK 64
#define DES_BLOCK 8
#define DES_KEY_BITS_BYTES 7

void
pki_ntlm_md4(struct bytes text, uint8_t out[PKI_NTLM_KEY])
{
	static const uint8_t nothing[1];

	MD4(text.n == 0 ? nothing : text.p, text.n, out);
}

void
pki_ntlm_md5(struct bytes text, uint8_t out[PKI_NTLM_KEY])
{
	static const uint8_t nothing[1];

	MD5(text.n == 0 ? nothing : text.p, text.n, out);
}

/* One of the two passes: the key with this pad, then the texts. */
static void
hmac_pass(const uint8_t key[HMAC_BLOCK], uint8_t pad, struct bytes a,
    struct bytes b, uint8_t out[PKI_NTLM_KEY])
{
	uint8_t block[HMAC_BLOCK];
	MD5_CTX ctx;

	for (size_t i = 0; i < HMAC_BLOCK; i++)
		block[i] = key[i] ^ pad;
	MD5_Init(&ctx);
	MD5_Update(&ctx, block, HMAC_BLOCK);
	if (a.n > 0)
		MD5_Update(&ctx, a.p, a.n);
	if (b.n > 0)
		MD5_Update(&ctx, b.p, b.n);
	MD5_Final(out, &ctx);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&ctx, sizeof(ctx));
}

void
pki_ntlm_hmac(
    struct bytes key, struct bytes a, struct bytes b, uint8_t out[PKI_NTLM_KEY])
{
	uint8_t block[HMAC_BLOCK] = { 0 }, inner[PKI_NTLM_KEY];

	if (key.n > HMAC_BLOCK)
		pki_ntlm_md5(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	hmac_pass(block, 0x36, a, b, inner);
	hmac_pass(block, 0x5c, bytes_of(inner, sizeof(inner)),
	    bytes_of(NULL, 0), out);
	OPENSSL_cleanse(block, sizeof(block));
}

void
pki_ntlm_rc4(struct bytes key, const uint8_t *in, size_t n, uint8_t *out)
{
	RC4_KEY schedule;

	RC4_set_key(&schedule, (int)key.n, key.p);
	RC4(&schedule, n, in, out);
	OPENSSL_cleanse(&schedule, sizeof(schedule));
}

/* 56 bits to eight bytes of seven each; DES does not look at the lowest bit. */
static void
des_key(const uint8_t bits[DES_KEY_BITS_BYTES], DES_cblock key)
{
	unsigned carry = 0;

	for (unsigned i = 0; i < DES_KEY_BITS_BYTES; i++) {
		key[i] = (uint8_t)((carry | (unsigned)bits[i] >> i) & 0xfe);
		carry = (unsigned)bits[i] << (7 - i);
	}
	key[7] = (uint8_t)(carry & 0xfe);
}

void
pki_ntlm_desl(const uint8_t key[PKI_NTLM_KEY], const uint8_t text[8],
    uint8_t out[PKI_NTLM_RESPONSE])
{
	uint8_t three[3 * DES_KEY_BITS_BYTES] = { 0 };
	DES_key_schedule schedule;
	DES_cblock one = { 0 }, in = { 0 }, got;

	memcpy(three, key, PKI_NTLM_KEY);
	memcpy(in, text, DES_BLOCK);
	for (size_t i = 0; i < 3; i++) {
		des_key(three + i * DES_KEY_BITS_BYTES, one);
		DES_set_key_unchecked(&one, &schedule);
		DES_ecb_encrypt(&in, &got, &schedule, DES_ENCRYPT);
		memcpy(out + i * DES_BLOCK, got, DES_BLOCK);
	}
	OPENSSL_cleanse(three, sizeof(three));
	OPENSSL_cleanse(&schedule, sizeof(schedule));
}
