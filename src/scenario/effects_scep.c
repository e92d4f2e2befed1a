/* SPDX-License-Identifier: MIT */
/* `scep:`, the lies about a CertRep. */
#include "scenario/effects.h"

#include "base/quantity.h"
#include "scenario/near.h"

#define SIGNING_OFFSET_MAX ((int64_t)100 * 365 * 24 * 3600 * 1000)
#define TEXT_MAX ((uint64_t)1 << 20)

/* ---- attributes ---- */

static const struct field_word texts[] = { { "missing", FAULT_MISSING },
	{ "empty", FAULT_EMPTY }, { NULL, 0 } };
static const struct field_word transactions[] = { { "missing", FAULT_MISSING },
	{ "empty", FAULT_EMPTY }, { "wrong", FAULT_WRONG },
	{ "prefix", FAULT_PREFIX }, { "other-case", FAULT_OTHER_CASE },
	{ NULL, 0 } };
static const struct field_word nonces[] = { { "missing", FAULT_MISSING },
	{ "empty", FAULT_EMPTY }, { "wrong", FAULT_WRONG },
	{ "replayed", FAULT_REPLAYED }, { "echoed", FAULT_ECHOED },
	{ NULL, 0 } };
static const struct field_word required[] = { { "missing", FAULT_MISSING },
	{ "wrong", FAULT_WRONG }, { NULL, 0 } };

/* Names that stand for the digits of pkiStatus and failInfo. */
struct spelling {
	const char *name, *digits;
};
static const struct spelling statuses[] = { { "SUCCESS", "0" },
	{ "FAILURE", "2" }, { "PENDING", "3" } };
static const struct spelling fail_infos[] = { { "badAlg", "0" },
	{ "badMessageCheck", "1" }, { "badRequest", "2" }, { "badTime", "3" },
	{ "badCertId", "4" } };

struct given {
	struct bytes text, hex;
	uint64_t bytes;
	bool has_text, has_hex, has_bytes;
};

static const struct field given_fields[] = {
	{ "text", field_text, offsetof(struct given, text), NULL, 0, TEXT_MAX,
	    NULL, 0, 1 + offsetof(struct given, has_text) },
	{ "hex", field_hex, offsetof(struct given, hex), NULL, 0, 0, NULL, 0,
	    1 + offsetof(struct given, has_hex) },
	{ "bytes", field_size, offsetof(struct given, bytes), NULL, 1, TEXT_MAX,
	    NULL, 0, 1 + offsetof(struct given, has_bytes) },
};

static void
read_given(
    struct loader *l, const struct tree_node *value, struct fault_attribute *a)
{
	struct given g = { 0 };

	fields_read(l, l->where, given_fields, nitems(given_fields), value, &g);
	if (g.has_text + g.has_hex + g.has_bytes != 1) {
		complain(l->c, value->at,
		    "%s: one of text, hex and bytes must be there", l->where);
		return;
	}
	a->what = g.has_bytes ? FAULT_SHORT : FAULT_GIVEN;
	a->given = g.has_hex ? g.hex : g.text;
	a->n = g.bytes;
}

static bool
is_word(const struct field_word *words, struct bytes s, int *out)
{
	for (; words->name != NULL; words++) {
		if (bytes_eq(s, bytes_str(words->name))) {
			*out = words->value;
			return true;
		}
	}
	return false;
}

/* An attribute whose words are in the row; anything else is refused. */
static void
read_attribute(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_attribute *a = (void *)((char *)base + f->offset);
	int word;

	if (value->kind == TREE_MAPPING)
		read_given(l, value, a);
	else if (field_read_word(l, f->words, value, &word))
		a->what = (enum fault_value)word;
}

/* A text that is nearly a name was meant to be it; the mapping is for who means the text. */
static bool
is_misspelt(struct loader *l, const struct tree_node *value,
    const struct spelling *names, size_t n)
{
	struct near near;

	near_start(&near, value->text);
	for (size_t i = 0; i < n; i++)
		near_offer(&near, bytes_str(names[i].name));
	if (near.best.n == 0)
		return false;
	complain(l->c, value->at,
	    "%s cannot be \"%s\"; did you mean \"%.*s\"? The text itself is "
	    "{text: ..}",
	    l->where, show(value->text).s, (int)near.best.n,
	    (const char *)near.best.p);
	return true;
}

/* One whose value may be any text, with names for the usual ones. */
static void
read_spelt(struct loader *l, const struct tree_node *value,
    const struct spelling *names, size_t n, struct fault_attribute *a)
{
	struct bytes text = value->text;
	const char *digits = NULL;
	int word;

	if (value->kind == TREE_MAPPING) {
		read_given(l, value, a);
		return;
	}
	if (!field_scalar(l, l->where, value, "text"))
		return;
	if (is_word(texts, text, &word)) {
		a->what = (enum fault_value)word;
		return;
	}
	for (size_t i = 0; i < n && digits == NULL; i++) {
		if (bytes_eq(text, bytes_str(names[i].name)))
			digits = names[i].digits;
	}
	if (digits != NULL)
		text = bytes_str(digits);
	else if (is_misspelt(l, value, names, n))
		return;
	a->what = FAULT_GIVEN;
	a->given = loader_keep(l, text);
}

static void
read_status(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	read_spelt(l, value, statuses, nitems(statuses),
	    &((struct fault_scep *)base)->status);
}

static void
read_fail_info(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	read_spelt(l, value, fail_infos, nitems(fail_infos),
	    &((struct fault_scep *)base)->fail_info);
}

static void
read_message_type(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	read_spelt(
	    l, value, NULL, 0, &((struct fault_scep *)base)->message_type);
}

static void
read_fail_text(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_attribute *a =
	    &((struct fault_scep *)base)->fail_info_text;

	(void)f;
	read_spelt(l, value, NULL, 0, a);
}

/* ---- which attributes ---- */

static int
attribute_of(struct loader *l, const struct tree_node *name)
{
	struct field_word words[SCEP_ATTRIBUTES + 1];
	int word;

	for (int i = 0; i < SCEP_ATTRIBUTES; i++)
		words[i] = (struct field_word){
			scep_attribute_name((enum scep_attribute)i), i
		};
	words[SCEP_ATTRIBUTES] = (struct field_word){ NULL, 0 };
	return field_read_word(l, words, name, &word) ? word : -1;
}

static void
read_attributes(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	unsigned *set = (void *)((char *)base + f->offset);
	int a;

	if (value->kind != TREE_SEQUENCE) {
		if (!value->cut)
			loader_wrong_kind(
			    l, l->where, value, "a list of attributes");
		return;
	}
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		a = attribute_of(l, i);
		if (a != -1)
			*set |= 1u << a;
	}
}

static const struct field_word types[] = { { "PrintableString",
					       ASN1_ID_PRINTABLE_STRING },
	{ "UTF8String", ASN1_ID_UTF8_STRING },
	{ "IA5String", ASN1_ID_IA5_STRING },
	{ "T61String", ASN1_ID_T61_STRING },
	{ "BMPString", ASN1_ID_BMP_STRING }, { "INTEGER", ASN1_ID_INTEGER },
	{ "OCTET STRING", ASN1_ID_OCTET_STRING },
	{ "BIT STRING", ASN1_ID_BIT_STRING }, { "NULL", ASN1_ID_NULL },
	{ "SEQUENCE", ASN1_ID_SEQUENCE }, { NULL, 0 } };

static void
read_types(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int a, type;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	for (const struct tree_node *k = value->first; k != NULL;
	     k = k->next->next) {
		a = k->cut ? -1 : attribute_of(l, k);
		if (a != -1 && field_read_word(l, types, k->next, &type))
			((struct fault_scep *)base)->types[a].id =
			    (uint8_t)type;
	}
}

/* ---- the rest ---- */

static void
read_digest_oid(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	uint8_t room[64];
	size_t n;

	(void)f;
	if (!field_scalar(l, l->where, value, "a dotted OID"))
		return;
	n = effects_oid(value->text, room, sizeof(room));
	if (n == 0)
		complain(l->c, value->at, "%s: \"%s\" is not a dotted OID",
		    l->where, show(value->text).s);
	else
		((struct fault_scep *)base)->digest_oid =
		    loader_keep(l, bytes_of(room, n));
}

static void
read_digest(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct field_word words[PKI_DIGESTS + 1];
	int n = 0, word;

	(void)f;
	for (int d = PKI_DIGEST_UNKNOWN + 1; d < PKI_DIGESTS; d++)
		words[n++] = (struct field_word){
			pki_digest_row((enum pki_digest)d)->name, d
		};
	words[n] = (struct field_word){ NULL, 0 };
	if (field_read_word(l, words, value, &word))
		((struct fault_scep *)base)->digest = (enum pki_digest)word;
}

static void
read_cipher(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct field_word words[PKI_CIPHERS + 1];
	int n = 0, word;

	(void)f;
	for (int c = PKI_CIPHER_UNKNOWN + 1; c < PKI_CIPHERS; c++)
		words[n++] = (struct field_word){
			pki_cipher_row((enum pki_cipher)c)->name, c
		};
	words[n] = (struct field_word){ NULL, 0 };
	if (field_read_word(l, words, value, &word))
		((struct fault_scep *)base)->cipher = (enum pki_cipher)word;
}

static void
read_signing_time(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_scep *s = base;

	(void)f;
	if (value->kind == TREE_SCALAR &&
	    bytes_eq(value->text, BYTES_LIT("missing"))) {
		s->signing_time = FAULT_NO;
		return;
	}
	s->signing_time = FAULT_YES;
	if (value->kind == TREE_SCALAR &&
	    bytes_eq(value->text, BYTES_LIT("present")))
		return;
	(void)field_read_duration(l, value, -SIGNING_OFFSET_MAX,
	    SIGNING_OFFSET_MAX, &s->signing_time_offset_ms);
}

static void
read_certs(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_scep *s = base;

	(void)f;
	s->has_certs = true;
	effects_certs(l, value, true, &s->certs, &s->cert_count);
}

/* A bool behind one word. */
static void
read_flag(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int word;

	if (field_read_word(l, f->words, value, &word))
		*((bool *)((char *)base + f->offset)) = word != 0;
}

#define WORDS(name, ...) \
	static const struct field_word name[] = { __VA_ARGS__, { NULL, 0 } }

WORDS(wrong, { "wrong", 1 });
WORDS(unsigned_or_not, { "signed", 0 }, { "unsigned", 1 });
WORDS(structures, { "signed", FAULT_SIGNED_DATA },
    { "enveloped", FAULT_ENVELOPED_DATA }, { "data", FAULT_DATA });
WORDS(encodings, { "der", SCEP_DER }, { "ber", SCEP_BER },
    { "deep", SCEP_DEEP }, { "overflow", SCEP_OVERFLOW },
    { "short-length", SCEP_SHORT_LENGTH });
WORDS(signers, { "ra-encrypt", FAULT_SIGNER_RA_ENCRYPT },
    { "ca", FAULT_SIGNER_CA }, { "stranger", FAULT_SIGNER_STRANGER },
    { "forged", FAULT_SIGNER_FORGED }, { "expired", FAULT_SIGNER_EXPIRED },
    { "requester", FAULT_SIGNER_REQUESTER });
WORDS(included, { "included", FAULT_YES }, { "missing", FAULT_NO });
WORDS(none, { "none", 1 });
WORDS(broken, { "broken", 1 });
WORDS(signature_algorithms, { "rsaEncryption", FAULT_NO },
    { "with-digest", FAULT_YES });
WORDS(contents, { "absent", FAULT_CONTENT_ABSENT },
    { "empty", FAULT_CONTENT_EMPTY }, { "zero-byte", FAULT_CONTENT_ZERO_BYTE },
    { "plain", FAULT_CONTENT_PLAIN }, { "envelope", FAULT_CONTENT_ENVELOPE },
    { "junk", FAULT_CONTENT_JUNK });
WORDS(recipients, { "ca", FAULT_TO_CA }, { "csr-key", FAULT_TO_CSR_KEY },
    { "stranger", FAULT_TO_STRANGER });
WORDS(recipient_ids, { "issuer-serial", FAULT_NO }, { "ski", FAULT_YES });
WORDS(transports, { "pkcs1", FAULT_NO }, { "oaep", FAULT_YES });
WORDS(ciphertexts, { "bad-padding", FAULT_BAD_PADDING },
    { "empty", FAULT_CIPHERTEXT_EMPTY }, { "odd", FAULT_CIPHERTEXT_ODD });
WORDS(bad, { "bad", 1 });
WORDS(inners, { "junk", FAULT_INNER_JUNK },
    { "raw-certificate", FAULT_INNER_RAW_CERT }, { "empty", FAULT_INNER_EMPTY },
    { "nothing", FAULT_INNER_NOTHING });
WORDS(crl_included, { "included", 1 });

#define S struct fault_scep
static const struct field scep_fields[] = {
	FIELD(S, "status", read_status, status),
	FIELD(S, "fail_info", read_fail_info, fail_info),
	FIELD(S, "message_type", read_message_type, message_type),
	FIELD_W(
	    S, "transaction_id", read_attribute, transaction_id, transactions),
	FIELD_W(S, "sender_nonce", read_attribute, sender_nonce, nonces),
	FIELD_W(S, "recipient_nonce", read_attribute, recipient_nonce, nonces),
	FIELD(S, "fail_info_text", read_fail_text, fail_info_text),
	FIELD_W(S, "fail_info_text_oid", read_flag, fail_info_text_wrong_oid,
	    wrong),
	FIELD_W(S, "content_type", read_attribute, content_type, required),
	FIELD_W(S, "message_digest", read_attribute, message_digest, required),
	FIELD(S, "duplicate", read_attributes, duplicate),
	FIELD(S, "two_values", read_attributes, two_values),
	FIELD(S, "types", read_types, types),
	FIELD_W(
	    S, "attributes", read_flag, attributes_unsigned, unsigned_or_not),
	FIELD(S, "signing_time", read_signing_time, signing_time),
	FIELD_W(S, "structure", field_word, structure, structures),
	FIELD_W(S, "encoding", field_word, encoding, encodings),
	FIELD_N(S, "nesting", field_unsigned, nesting, 1, 100000),
	FIELD_W(S, "signer", field_word, signer, signers),
	FIELD_W(S, "signer_certificate", field_word, include_signer, included),
	FIELD_W(S, "signer_infos", read_flag, no_signer_info, none),
	FIELD_W(S, "signature", read_flag, break_signature, broken),
	FIELD(S, "digest_oid", read_digest_oid, digest_oid),
	FIELD(S, "digest", read_digest, digest),
	FIELD_W(S, "signature_algorithm", field_word, signature_alg_with_digest,
	    signature_algorithms),
	FIELD_W(S, "content", field_word, content, contents),
	FIELD_W(S, "recipient", field_word, recipient, recipients),
	FIELD_W(S, "recipient_id", field_word, recipient_by_ski, recipient_ids),
	FIELD_N(S, "more_recipients", field_unsigned, more_recipients, 1, 16),
	FIELD(S, "cipher", read_cipher, cipher),
	FIELD_W(S, "key_transport", field_word, oaep, transports),
	FIELD_W(S, "ciphertext", field_word, ciphertext, ciphertexts),
	FIELD_W(S, "iv", read_flag, bad_iv, bad),
	FIELD_W(S, "inner", field_word, inner, inners),
	FIELD(S, "certificates", read_certs, certs),
	FIELD_W(S, "crl", read_flag, inner_crl, crl_included),
	FIELD(S, "replay", field_true, replay),
};
#undef S

struct language_table
scep_language(void)
{
	return (
	    struct language_table){ "scep", scep_fields, nitems(scep_fields) };
}

void
effects_scep(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_scep *s = &((struct fault *)base)->scep;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	s->on = true;
	fields_read(l, l->where, scep_fields, nitems(scep_fields), value, s);
	if (s->encoding == SCEP_DEEP && s->nesting == 0)
		s->nesting = 1000;
	else if (s->encoding != SCEP_DEEP && s->nesting != 0)
		complain(l->c, value->at, "%s: nesting is for encoding: deep",
		    l->where);
}
