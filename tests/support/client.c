/* SPDX-License-Identifier: MIT */
/*
 * The client itself: its library context with the legacy provider, its curl
 * handle, its last sentence; and owned octets.
 */
#include "support/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

int
client_fail(struct client *c, const char *fmt, ...)
{
	char text[CLIENT_WHY_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	unsigned long code = ERR_peek_last_error();
	if (code) {
		char reason[160];
		ERR_error_string_n(code, reason, sizeof reason);
		ERR_clear_error();
		snprintf(c->why, sizeof c->why, "%.400s (%s)", text, reason);
	} else {
		memcpy(c->why, text, sizeof text);
	}
	return -1;
}

int
client_open(struct client *c, const struct client *share)
{
	memset(c, 0, sizeof *c);
	c->timeout_s = 30;
	c->curl = curl_easy_init();
	if (!c->curl)
		return client_fail(c, "curl gives no handle");
	if (share) {
		c->lib = share->lib;
		c->lib_is_shared = true;
		return 0;
	}
	c->lib = OSSL_LIB_CTX_new();
	if (!c->lib)
		return client_fail(c, "no library context");
	c->standard = OSSL_PROVIDER_load(c->lib, "default");
	c->legacy = OSSL_PROVIDER_load(c->lib, "legacy");
	if (!c->standard || !c->legacy)
		return client_fail(c, "OpenSSL's providers do not load");
	return 0;
}

void
client_close(struct client *c)
{
	curl_easy_cleanup(c->curl);
	free(c->tls_root_pem);
	if (!c->lib_is_shared) {
		if (c->legacy)
			OSSL_PROVIDER_unload(c->legacy);
		if (c->standard)
			OSSL_PROVIDER_unload(c->standard);
		OSSL_LIB_CTX_free(c->lib);
	}
	memset(c, 0, sizeof *c);
}

void
client_bytes_clear(struct client_bytes *b)
{
	free(b->p);
	memset(b, 0, sizeof *b);
}

int
client_bytes_add(struct client_bytes *b, const void *p, size_t n)
{
	unsigned char *grown = realloc(b->p, b->n + n + 1);
	if (!grown)
		return -1;
	if (n)
		memcpy(grown + b->n, p, n);
	b->p = grown;
	b->n += n;
	grown[b->n] = 0;
	return 0;
}
