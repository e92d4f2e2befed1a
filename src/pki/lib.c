/* SPDX-License-Identifier: MIT */
/*
 * The library context with its providers and fetched algorithms, the kept
 * contexts of one thread, and libcrypto's errors.
 */
#include "pki/handle.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

int
pki_fail(struct err *e, enum err_code code, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = last == 0 ? NULL : ERR_reason_error_string(last);

	if (ERR_GET_REASON(last) == ERR_R_MALLOC_FAILURE)
		code = ERR_MEMORY;
	ERR_clear_error();
	if (reason == NULL)
		return err_set(e, code, "%s", what);
	return err_set(e, code, "%s: %s", what, reason);
}

int
pki_refused(void)
{
	ERR_clear_error();
	return 0;
}

const EVP_MD *
pki_lib_digest(const struct pki_lib *lib, enum pki_digest d)
{
	return d < PKI_DIGESTS ? lib->digests[d] : NULL;
}

static int
fetch_digests(struct pki_lib *lib, struct err *e)
{
	char what[80];

	for (unsigned d = PKI_MD5; d < PKI_DIGESTS; d++) {
		const char *name = pki_digest_row((enum pki_digest)d)->name;

		lib->digests[d] = EVP_MD_fetch(lib->libctx, name, NULL);
		if (lib->digests[d] != NULL)
			continue;
		snprintf(what, sizeof(what),
		    "libcrypto does not have the digest %s", name);
		return pki_fail(e, ERR_CRYPTO, what);
	}
	return 0;
}

static int
fetch_ciphers(struct pki_lib *lib, struct err *e)
{
	char what[80];

	for (unsigned c = PKI_DES_CBC; c < PKI_CIPHERS; c++) {
		const char *name = pki_cipher_row((enum pki_cipher)c)->name;

		lib->ciphers[c] = EVP_CIPHER_fetch(lib->libctx, name, NULL);
		if (lib->ciphers[c] != NULL)
			continue;
		snprintf(what, sizeof(what),
		    "libcrypto does not have the cipher %s", name);
		return pki_fail(e, ERR_CRYPTO, what);
	}
	return 0;
}

static int
load_providers(struct pki_lib *lib, struct err *e)
{
	lib->libctx = OSSL_LIB_CTX_new();
	if (lib->libctx == NULL)
		return pki_fail(e, ERR_MEMORY, "no libcrypto library context");
	lib->base = OSSL_PROVIDER_load(lib->libctx, "default");
	if (lib->base == NULL)
		return pki_fail(e, ERR_CRYPTO,
		    "libcrypto's default provider cannot be loaded");
	lib->legacy = OSSL_PROVIDER_load(lib->libctx, "legacy");
	if (lib->legacy == NULL)
		return pki_fail(e, ERR_CRYPTO,
		    "libcrypto's legacy provider (legacy.so, for DES and "
		    "Blowfish) cannot be loaded");
	return 0;
}

struct pki_lib *
pki_lib_new(struct err *e)
{
	struct pki_lib *lib = calloc(1, sizeof(*lib));

	if (lib == NULL) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	if (load_providers(lib, e) < 0 || fetch_digests(lib, e) < 0 ||
	    fetch_ciphers(lib, e) < 0) {
		pki_lib_free(lib);
		return NULL;
	}
	ERR_clear_error();
	return lib;
}

void
pki_lib_free(struct pki_lib *lib)
{
	if (lib == NULL)
		return;
	for (size_t i = 0; i < nitems(lib->digests); i++)
		EVP_MD_free(lib->digests[i]);
	for (size_t i = 0; i < nitems(lib->ciphers); i++)
		EVP_CIPHER_free(lib->ciphers[i]);
	if (lib->legacy != NULL)
		OSSL_PROVIDER_unload(lib->legacy);
	if (lib->base != NULL)
		OSSL_PROVIDER_unload(lib->base);
	OSSL_LIB_CTX_free(lib->libctx);
	ERR_clear_error();
	free(lib);
}

struct pki_ctx *
pki_ctx_new(const struct pki_lib *lib, struct err *e)
{
	struct pki_ctx *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	ctx->lib = lib;
	ctx->digest = EVP_MD_CTX_new();
	ctx->cipher = EVP_CIPHER_CTX_new();
	ctx->rsa_import = EVP_PKEY_CTX_new_from_name(lib->libctx, "RSA", NULL);
	if (ctx->digest == NULL || ctx->cipher == NULL ||
	    ctx->rsa_import == NULL ||
	    EVP_PKEY_fromdata_init(ctx->rsa_import) <= 0) {
		pki_fail(e, ERR_CRYPTO, "no libcrypto contexts");
		pki_ctx_free(ctx);
		return NULL;
	}
	return ctx;
}

void
pki_ctx_free(struct pki_ctx *ctx)
{
	if (ctx == NULL)
		return;
	EVP_MD_CTX_free(ctx->digest);
	EVP_CIPHER_CTX_free(ctx->cipher);
	EVP_PKEY_CTX_free(ctx->rsa_import);
	free(ctx);
}
