/* SPDX-License-Identifier: MIT */
/* Replies to be made odd, and keys and certificates for them; for test programs in this folder. */
#ifndef UNIT_SCEP_ODD_H
#define UNIT_SCEP_ODD_H

#include "unit/scep_fixture.h"

#include "unit/scep_view.h"

#define OUT_MAX ((size_t)4 << 20)
#define VERIFIED "signature holds"
#define REFUSED "signature wrong"

#define TYPE "signed " CM_TYPE
#define STATUS "signed " CM_STATUS
#define FAIL_INFO "signed " CM_FAILINFO
#define SENDER "signed " CM_SENDER_NONCE
#define RECIPIENT "signed " CM_RECIPIENT_NONCE
#define TRANSACTION_ID "signed " CM_TRANSACTION
#define CONTENT_TYPE "signed " CM_CONTENT_TYPE
#define DIGEST "signed " CM_MESSAGE_DIGEST
#define TEXT "signed 1.3.6.1.5.5.7.24.1"
#define WRONG_TEXT "signed 1.3.6.1.5.5.7.24.2"
/* For rows, where a compound literal is no constant. */
#define LIT(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
#define S16 "73737373737373737373737373737373"

static const uint8_t content_key[64] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
static const uint8_t content_iv[64] =
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba987654321";

struct world {
	struct fixture f;
	struct pki_cert client_cert;
	struct pki_key *client_key;
	EVP_PKEY *small; /* RSA-512 */
	struct pki_key *small_key;
};

/* Every attribute is there; no envelope, so that its bytes are the same each time. */
static inline struct scep_reply
failure(struct world *w)
{
	return (struct scep_reply){ .type = SCEP_CERTREP,
		.has_status = true,
		.status = SCEP_FAILURE,
		.has_fail_info = true,
		.fail_info = SCEP_BAD_REQUEST,
		.transaction_id = BYTES_LIT("abcd"),
		.sender_nonce = BYTES_LIT("ssssssssssssssss"),
		.recipient_nonce = BYTES_LIT("rrrr"),
		.fail_info_text = BYTES_LIT("no"),
		.signer = &w->f.ra_cert,
		.signer_key = w->f.ra_key,
		.digest = PKI_SHA256,
		.content = SCEP_CONTENT_ZERO_BYTE };
}

static inline struct scep_reply
success(struct world *w)
{
	struct scep_reply r = failure(w);

	r.status = SCEP_SUCCESS;
	r.has_fail_info = false;
	r.fail_info_text = bytes_of(NULL, 0);
	r.content = SCEP_CONTENT_ENVELOPE;
	r.inner = BYTES_LIT("inner message");
	r.recipient = &w->client_cert;
	r.recipient_key = w->client_key;
	r.cipher = PKI_AES128_CBC;
	r.keytrans = PKI_PKCS1;
	r.content_key = bytes_of(content_key, 16);
	r.content_iv = bytes_of(content_iv, 16);
	return r;
}

static inline void
encode(struct world *w, const struct scep_reply *r, const char *title,
    struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, OUT_MAX);
	if (scep_reply_encode(r, w->f.ctx, out, &e) == -1)
		fail_msg("%s: %s", title, e.text);
}

static inline void
see(struct world *w, const struct scep_reply *r, const char *title,
    struct view *v)
{
	struct buf b;

	encode(w, r, title, &b);
	view_reply(v, buf_bytes(&b), w->f.ra.cert);
	buf_clear(&b);
}

/* An oddity, and the lines of a view that it takes away and brings. */
struct odd_row {
	const char *title;
	struct scep_oddities odd;
	const char *gone[10], *new[10];
};

static inline int
setup(void **state)
{
	static struct world w;

	fixture_make(&w.f, 0);
	cert_of(&w.client_cert, &w.f.client);
	w.client_key = key_of(&w.f, w.f.client.key);
	w.small = EVP_RSA_gen(512);
	CM_NEED(w.small != NULL);
	w.small_key = key_of(&w.f, w.small);
	*state = &w;
	return 0;
}

static inline int
teardown(void **state)
{
	struct world *w = *state;

	pki_key_free(w->small_key);
	EVP_PKEY_free(w->small);
	pki_key_free(w->client_key);
	fixture_free(&w->f);
	return 0;
}

#endif
