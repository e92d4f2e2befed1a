/* SPDX-License-Identifier: MIT */
/*
 * From outcome to CertRep: every field of struct scep_reply, as reference
 * section 4 has it, and then its bytes. Content key, IV and nonce are drawn
 * here, so that the codec stays pure.
 */
#include <inttypes.h>

#include "ndes/pages.h"
#include "ndes/product.h"

#define NONCE_SIZE 16
#define E_DECRYPT 18 /* event: cannot decrypt the PKCS#7 */
#define INNER_MAX ((size_t)1 << 20)

static int
no_memory(struct err *e)
{
	return err_set(
	    e, ERR_LIMIT, "the reply is larger than one exchange may be");
}

/* n random bytes in the arena. */
static int
draw(struct ndes_exchange *x, size_t n, struct bytes *out, struct err *e)
{
	uint8_t *p = arena_alloc(&x->arena, n == 0 ? 1 : n);

	if (p == NULL)
		return no_memory(e);
	if (env_random(x->dep->env, p, n, e) == -1)
		return -1;
	*out = bytes_of(p, n);
	return 0;
}

/*
 * The request's digest; SHA-1 for what is unknown, and for MD5: a captured
 * NDES answered an MD5 request with SHA-1.
 */
static enum pki_digest
reply_digest(const struct ndes_exchange *x)
{
	enum pki_digest d = x->message.digest;

	if (x->host->mscep.reply_sha1 || d == PKI_DIGEST_UNKNOWN ||
	    d == PKI_MD5)
		return PKI_SHA1;
	return d;
}

static bool
is_aes(enum pki_cipher c)
{
	switch (c) {
	case PKI_AES128_CBC:
	case PKI_AES192_CBC:
	case PKI_AES256_CBC:
	case PKI_AES128_GCM:
	case PKI_AES192_GCM:
	case PKI_AES256_GCM:
		return true;
	case PKI_CIPHER_UNKNOWN:
	case PKI_DES_CBC:
	case PKI_DES3_CBC:
	case PKI_BLOWFISH_CBC:
	case PKI_RC2_CBC:
	case PKI_CIPHERS:
		break;
	}
	return false;
}

/* The issued certificate alone in a degenerate SignedData. */
static int
put_certificate(struct ndes_exchange *x, struct err *e)
{
	struct bytes der = buf_bytes(&x->outcome.ca.der);
	struct buf b;
	int rc;

	buf_init(&b, INNER_MAX);
	rc = scep_certs_only(&der, 1, bytes_of(NULL, 0), &b, e);
	if (rc == 0) {
		x->scep.inner = arena_copy(&x->arena, buf_bytes(&b));
		if (!buf_ok(&b) || x->scep.inner.p == NULL)
			rc = no_memory(e);
	}
	buf_clear(&b);
	return rc;
}

static int
compose_success(struct ndes_exchange *x, struct err *e)
{
	struct scep_reply *r = &x->scep;
	const struct ndes_product *product = ndes_product(x->host);
	const struct pki_cipher_row *row;

	r->status = SCEP_SUCCESS;
	if (product->microsoft)
		r->ms_server_message = BYTES_LIT("Issued");
	r->content = SCEP_CONTENT_ENVELOPE;
	r->recipient = &x->message.signer;
	r->recipient_key = x->message.signer_key;
	r->cipher = product->cipher == PKI_CIPHER_UNKNOWN
	    ? x->message.cipher.cipher
	    : product->cipher;
	r->keytrans =
	    (x->host->mscep.oaep_with_aes || product->oaep_with_aes) &&
		is_aes(r->cipher)
	    ? PKI_OAEP
	    : PKI_PKCS1;
	row = pki_cipher_row(r->cipher);
	if (draw(x, row->key_size, &r->content_key, e) == -1 ||
	    draw(x, row->iv_size, &r->content_iv, e) == -1)
		return -1;
	return put_certificate(x, e);
}

static int
compose_failure(struct ndes_exchange *x, struct err *e)
{
	struct scep_reply *r = &x->scep;
	const char *text;

	r->status = SCEP_FAILURE;
	r->has_fail_info = true;
	r->fail_info = x->outcome.fail_info;
	if (!ndes_product(x->host)->microsoft) {
		r->content = SCEP_CONTENT_EMPTY;
		r->fail_info_text = bytes_str(x->outcome.why);
		return 0;
	}
	r->content = SCEP_CONTENT_ZERO_BYTE;
	if (x->outcome.hresult == 0)
		return 0;
	/* an HRESULT is a signed number */
	text = arena_printf(&x->arena, "%" PRId64,
	    (int64_t)x->outcome.hresult -
		(x->outcome.hresult > INT32_MAX ? INT64_C(4294967296) : 0));
	if (text == NULL)
		return no_memory(e);
	r->ms_error = bytes_str(text);
	return 0;
}

/* mscep.dll answers, unless a layer behind it is why. */
static void
answered(struct ndes_exchange *x, enum ndes_layer said_no)
{
	x->answered_by =
	    said_no == NDES_LAYER_NONE ? NDES_LAYER_MSCEP : said_no;
}

/* The answer to a message that gets no CertRep. */
static void
compose_page(struct ndes_exchange *x)
{
	if (x->outcome.event_id == E_DECRYPT &&
	    x->host->mscep.undecryptable == HOST_UNDECRYPTABLE_PAGE) {
		ndes_general_page(x);
		x->why = x->outcome.why;
	} else {
		ndes_iis_page(x, 500, 0, 0, x->outcome.why);
	}
}

int
ndes_pki_compose(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	enum ndes_layer said_no = x->answered_by;

	(void)ctx;
	if (x->reply.status != 0)
		return 0;
	if (x->outcome.decision == NDES_NO_CERTREP) {
		compose_page(x);
		answered(x, said_no);
		return 0;
	}
	x->scep = (struct scep_reply){
		.type = SCEP_CERTREP,
		.has_status = true,
		.transaction_id = x->message.transaction_id,
		.recipient_nonce = x->message.sender_nonce,
		.signer = ca_material_cert(x->dep->material, CA_RA_SIGN),
		.signer_key = ca_material_key(x->dep->material, CA_RA_SIGN),
		.digest = reply_digest(x),
		.include_signer = !ndes_product(x->host)->microsoft,
	};
	if (draw(x, NONCE_SIZE, &x->scep.sender_nonce, e) == -1)
		return -1;
	if (x->outcome.decision == NDES_ISSUED)
		return compose_success(x, e);
	return compose_failure(x, e);
}

int
ndes_pki_encode(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	if (x->reply.status != 0)
		return 0;
	if (scep_reply_encode(&x->scep, ctx, &x->encoded, e) == -1)
		return -1;
	if (!buf_ok(&x->encoded))
		return no_memory(e);
	ndes_iis_reply(
	    x, 200, "application/x-pki-message", buf_bytes(&x->encoded));
	answered(x, x->answered_by);
	if (x->outcome.decision != NDES_ISSUED)
		x->why = x->outcome.why;
	return 0;
}
