/* SPDX-License-Identifier: MIT */
/*
 * Aims at scep_reply_encode(): a reply and its oddities, sensible or not, are
 * made of the input, octet by octet. What is encoded must be a message that
 * scep_message_decode() has a verdict about. Runs from the root of the
 * repository.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "scep/message.h"

#define OTHER_KEY "certs/stranger.key"
#define ARENA_MAX ((size_t)8 << 20)
#define OUT_MAX ((size_t)4 << 20)
#define SPANS_MAX 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct buf der;
	struct pki_cert cert, without_ski;
	struct pki_key *key, *other;
};

/* The input, and copies of its parts: each on its own, so that reading past one shows. */
struct input {
	const struct target *t;
	const uint8_t *p;
	size_t n;
	void *spans[SPANS_MAX];
	size_t span_count;
};

static void
read_key(struct pki_key **key, const struct pki_lib *lib, const char *path)
{
	struct buf pem;
	struct err e = { 0 };

	read_file(&pem, path);
	need(pki_key_from_pem(key, lib, buf_bytes(&pem), &e) == 0, path);
	buf_clear(&pem);
}

static void
target_open(struct target *t)
{
	struct asn1_fault fault = { 0 };
	struct err e = { 0 };

	t->lib = pki_lib_new(&e);
	need(t->lib != NULL, "no library context");
	t->ctx = pki_ctx_new(t->lib, &e);
	need(t->ctx != NULL, "no context");
	read_file(&t->der, RA_DER);
	need(pki_cert_parse(&t->cert, buf_bytes(&t->der), &fault), RA_DER);
	t->without_ski = t->cert;
	t->without_ski.ski = bytes_of(NULL, 0);
	read_key(&t->key, t->lib, RA_KEY);
	read_key(&t->other, t->lib, OTHER_KEY);
}

/* ---- values out of the input ---- */

/* 0 when there is nothing left. */
static uint8_t
octet(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static bool
flag(struct input *in)
{
	return (octet(in) & 1) != 0;
}

static uint64_t
number(struct input *in, unsigned octets)
{
	uint64_t v = 0;

	while (octets-- > 0)
		v = v << 8 | octet(in);
	return v;
}

/* Mostly one of so many, at times none of them. */
static int
one_of(struct input *in, int n)
{
	uint8_t c = octet(in);

	return c == 0xff ? 1000 : c == 0xfe ? -1 : c % n;
}

/* So many octets of the input, a longer run of the same one, or NULL. */
static struct bytes
span(struct input *in)
{
	uint8_t kind = octet(in);
	size_t n = kind >> 2;
	uint8_t *p;

	if ((kind & 3) == 0 || in->span_count == SPANS_MAX)
		return bytes_of(NULL, 0);
	if ((kind & 3) == 1)
		n = (size_t)number(in, 2);
	else if (n > in->n)
		n = in->n;
	p = malloc(n == 0 ? 1 : n);
	need(p != NULL, "memory");
	in->spans[in->span_count++] = p;
	if ((kind & 3) == 1) {
		memset(p, octet(in), n);
		return bytes_of(p, n);
	}
	for (size_t i = 0; i < n; i++)
		p[i] = octet(in);
	return bytes_of(p, n);
}

static const struct pki_cert *
cert(struct input *in)
{
	switch (octet(in) & 3) {
	case 0:
		return NULL;
	case 1:
		return &in->t->without_ski;
	default:
		return &in->t->cert;
	}
}

static const struct pki_key *
key(struct input *in)
{
	switch (octet(in) & 3) {
	case 0:
		return NULL;
	case 1:
		return in->t->other;
	default:
		return in->t->key;
	}
}

static void
make_attributes(struct input *in, struct scep_oddities *odd)
{
	for (int a = 0; a < SCEP_ATTRIBUTES; a++) {
		uint8_t bits = octet(in);

		odd->leave_out[a] = (bits & 0x80) != 0;
		odd->wrong[a] = (bits & 1) != 0;
		if ((bits & 2) != 0)
			odd->types[a].id = octet(in);
		if ((bits & 4) != 0)
			odd->value[a] = span(in);
		if ((bits & 8) != 0)
			odd->second[a] = span(in);
		if ((bits & 16) != 0)
			odd->second_value[a] = span(in);
	}
	odd->fail_info_text_wrong_oid = flag(in);
	odd->attributes_unsigned = flag(in);
}

static void
make_odd(struct input *in, struct scep_oddities *odd)
{
	*odd = (struct scep_oddities){ 0 };
	make_attributes(in, odd);
	odd->structure = (enum scep_structure)one_of(in, SCEP_IS_DATA + 1);
	odd->encoding = (enum scep_encoding)one_of(in, SCEP_SHORT_LENGTH + 1);
	odd->nesting = (unsigned)number(in, flag(in) ? 4 : 1);
	odd->no_signer_info = flag(in);
	odd->break_signature = flag(in);
	odd->digest_oid = span(in);
	odd->cert_count = (size_t)(octet(in) % (SCEP_CERTS_MAX + 2));
	for (size_t i = 0; i < odd->cert_count && i < SCEP_CERTS_MAX; i++)
		odd->certs[i] = span(in);
	odd->recipient_by_ski = flag(in);
	odd->more_recipient_count =
	    (size_t)(octet(in) % (SCEP_RECIPIENTS_MAX + 2));
	for (size_t i = 0;
	     i < odd->more_recipient_count && i < SCEP_RECIPIENTS_MAX; i++)
		odd->more_recipients[i] = cert(in);
	odd->bad_padding = flag(in);
	odd->empty_ciphertext = flag(in);
	odd->odd_ciphertext = flag(in);
	odd->bad_iv = flag(in);
}

/* One that fits the cipher, or one of the input's. */
static struct bytes
secret(struct input *in, size_t size)
{
	static const uint8_t fits[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	return flag(in) ? bytes_of(fits, size) : span(in);
}

static void
make_reply(struct input *in, struct scep_reply *r)
{
	*r = (struct scep_reply){ .type = (int)number(in, flag(in) ? 4 : 1) };
	r->has_status = flag(in);
	r->status = (int)number(in, flag(in) ? 4 : 1);
	r->has_fail_info = flag(in);
	r->fail_info = (int)number(in, flag(in) ? 4 : 1);
	r->transaction_id = span(in);
	r->sender_nonce = span(in);
	r->recipient_nonce = span(in);
	r->ms_error = span(in);
	r->ms_server_message = span(in);
	r->fail_info_text = span(in);
	r->has_signing_time = flag(in);
	r->signing_time = (int64_t)number(in, flag(in) ? 8 : 4);
	r->signer = cert(in);
	r->signer_key = key(in);
	r->digest = (enum pki_digest)one_of(in, PKI_DIGESTS + 1);
	r->signature_alg_with_digest = flag(in);
	r->include_signer = flag(in);
	r->content = (enum scep_content)one_of(in, SCEP_CONTENT_RAW + 1);
	r->inner = span(in);
	r->recipient = cert(in);
	r->recipient_key = key(in);
	r->cipher = (enum pki_cipher)one_of(in, PKI_CIPHERS + 1);
	r->keytrans = (enum pki_padding)one_of(in, PKI_PADDINGS + 1);
	r->content_key = secret(in, pki_cipher_row(r->cipher)->key_size);
	r->content_iv = secret(in, pki_cipher_row(r->cipher)->iv_size);
}

/* ---- what must hold ---- */

static void
check(struct target *t, struct bytes message)
{
	struct scep_identity open = { &t->cert, t->key };
	struct scep_message m;
	struct arena arena;
	struct err e = { 0 };

	arena_init(&arena, ARENA_MAX);
	need(scep_message_decode(
		 &m, t->ctx, &arena, message, &open, 1, &t->cert, 1, &e) == 0,
	    e.text);
	need((unsigned)m.verdict < SCEP_VERDICTS, "a verdict");
	scep_message_clear(&m);
	arena_clear(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct target t;
	struct input in = { &t, data, size, { NULL }, 0 };
	struct scep_oddities odd;
	struct scep_reply r;
	struct err e = { 0 };
	struct buf out;

	if (t.lib == NULL)
		target_open(&t);
	make_reply(&in, &r);
	if (flag(&in)) {
		make_odd(&in, &odd);
		r.odd = &odd;
	}
	buf_init(&out, OUT_MAX);
	buf_add_byte(&out, 0x5a);
	if (scep_reply_encode(&r, t.ctx, &out, &e) == 0) {
		check(&t, bytes_from(buf_bytes(&out), 1));
	} else {
		need(e.code != ERR_NONE && e.text[0] != '\0', "a sentence");
		need(out.n == 1 && out.p[1] == '\0', "what was there before");
	}
	need(out.p[0] == 0x5a, "the octet before");
	buf_clear(&out);
	for (size_t i = 0; i < in.span_count; i++)
		free(in.spans[i]);
	return 0;
}
