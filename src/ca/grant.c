/* SPDX-License-Identifier: MIT */
/*
 * Weighing a request. Whatever it asks for is granted, unless the CA alone
 * decides it (a table says what), or unless it is malformed: then the request
 * is refused with the code and a sentence, as AD CS answers.
 */
#include "ca/grant.h"

#include "ca/sound.h"
#include "pki/oid.h"

/* AD CS's codes, from winerror.h */
#define BAD_REQUEST_SUBJECT 0x80094001U /* CERTSRV_E_BAD_REQUESTSUBJECT */
#define INVALID_ARGUMENT 0x80070057U /* E_INVALIDARG */

#define GENERAL_NAME_TYPES 9

enum judgement {
	GRANT,
	WITHHOLD, /* the certificate goes without it, or with the CA's own */
	REFUSE /* the whole request */
};

/* ---- the extensions that are read ---- */

/* The usages of a CA are not for the asking; the template's apply then. */
static enum judgement
judge_key_usage(struct bytes value)
{
	int bits = pki_key_usage_read(value);

	if (bits == -1)
		return REFUSE;
	return (bits & (PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN)) != 0 ? WITHHOLD
								      : GRANT;
}

static enum judgement
judge_eku(struct bytes value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader top;
	struct asn1_reader list;
	struct asn1_item oid;
	size_t n = 0;

	asn1_open(&top, value, &fault);
	if (!ca_der_sound(value) ||
	    !asn1_take_enter(&top, ASN1_ID_SEQUENCE, &list))
		return REFUSE;
	while (asn1_take_optional(&list, ASN1_ID_OID, &oid))
		n++;
	asn1_end(&list);
	asn1_end(&top);
	return fault.why == NULL && n > 0 ? GRANT : REFUSE;
}

/* otherName: a type and a value in [0]. */
static bool
other_name_sound(struct asn1_reader *r, const struct asn1_item *name)
{
	struct asn1_reader inside;
	struct asn1_item item;

	asn1_enter(&inside, r, name);
	return asn1_take(&inside, ASN1_ID_OID, &item) &&
	    asn1_take(
		&inside, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 0, &item) &&
	    asn1_end(&inside);
}

/* One GeneralName (RFC 5280 4.2.1.6): its tag, its form, and what we know of its contents. */
static bool
general_name_sound(struct asn1_reader *r, const struct asn1_item *name)
{
	static const bool constructed[GENERAL_NAME_TYPES] = {
		[0] = true, [3] = true, [4] = true, [5] = true
	};
	unsigned type = name->id & 0x1fU;

	if (name->truncated || name->indefinite ||
	    (name->id & 0xc0U) != ASN1_ID_CONTEXT || type >= GENERAL_NAME_TYPES)
		return false;
	if (((name->id & ASN1_ID_CONSTRUCTED) != 0) != constructed[type])
		return false;
	if (type == 0)
		return other_name_sound(r, name);
	if (type == 7)
		return name->body.n == 4 || name->body.n == 16;
	return true;
}

static enum judgement
judge_san(struct bytes value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader top;
	struct asn1_reader list;
	struct asn1_item name;
	size_t n = 0;

	asn1_open(&top, value, &fault);
	if (!ca_der_sound(value) ||
	    !asn1_take_enter(&top, ASN1_ID_SEQUENCE, &list))
		return REFUSE;
	for (; asn1_next(&list, &name); n++) {
		if (!general_name_sound(&list, &name))
			return REFUSE;
	}
	asn1_end(&top);
	return fault.why == NULL && n > 0 ? GRANT : REFUSE;
}

/* Granted only where it says "not a CA" and nothing else. */
static enum judgement
judge_basic_constraints(struct bytes value)
{
	return bytes_eq(value, BYTES_LIT("\x30\x00")) ? GRANT : WITHHOLD;
}

/* The CA writes its own. */
static enum judgement
judge_reserved(struct bytes value)
{
	(void)value;
	return WITHHOLD;
}

struct rule {
	const struct bytes *oid;
	enum judgement (*judge)(struct bytes value);
	uint32_t hresult;
	const char *reason;
};

static const struct rule rules[] = {
	{ &pki_oid_key_usage, judge_key_usage, INVALID_ARGUMENT,
	    "the requested key usage is malformed" },
	{ &pki_oid_ext_key_usage, judge_eku, INVALID_ARGUMENT,
	    "the requested extended key usage is malformed" },
	{ &pki_oid_subject_alt_name, judge_san, BAD_REQUEST_SUBJECT,
	    "the requested subject alternative name is malformed" },
	{ &pki_oid_basic_constraints, judge_basic_constraints, 0, NULL },
	{ &pki_oid_subject_key_id, judge_reserved, 0, NULL },
	{ &pki_oid_authority_key_id, judge_reserved, 0, NULL },
	{ &pki_oid_crl_distribution_points, judge_reserved, 0, NULL },
	{ &pki_oid_authority_info_access, judge_reserved, 0, NULL },
	{ &pki_oid_ms_template_name, judge_reserved, 0, NULL },
	{ &pki_oid_ms_certificate_template, judge_reserved, 0, NULL },
	{ &pki_oid_ms_ca_version, judge_reserved, 0, NULL },
};

static const struct rule *
rule_for(struct bytes oid)
{
	for (size_t i = 0; i < nitems(rules); i++) {
		if (bytes_eq(*rules[i].oid, oid))
			return &rules[i];
	}
	return NULL;
}

/* ---- the request ---- */

static bool
refuse(struct ca_grant *g, uint32_t hresult, const char *reason)
{
	g->hresult = hresult;
	g->reason = reason;
	return false;
}

/* A certificate says each thing once: of several the first holds. */
static bool
is_first(const struct pki_csr *csr, const struct pki_ext *ext)
{
	struct pki_ext first;

	return pki_csr_extension(csr, ext->oid, &first) &&
	    first.whole.p == ext->whole.p;
}

static bool
weigh_extension(struct ca_grant *g, const struct pki_ext *ext)
{
	const struct rule *rule = rule_for(ext->oid);
	enum judgement judgement =
	    rule == NULL ? GRANT : rule->judge(ext->value);

	if (judgement == REFUSE)
		return refuse(g, rule->hresult, rule->reason);
	if (judgement == WITHHOLD)
		return true;
	if (g->n == CA_EXTENSIONS_MAX)
		return refuse(g, INVALID_ARGUMENT,
		    "the request asks for more than 64 extensions");
	g->granted[g->n++] = *ext;
	g->has_key_usage |= bytes_eq(ext->oid, pki_oid_key_usage);
	g->has_eku |= bytes_eq(ext->oid, pki_oid_ext_key_usage);
	return true;
}

static bool
weigh_list(struct ca_grant *g, const struct pki_csr *csr, struct bytes list)
{
	static const char malformed[] =
	    "the requested extensions are malformed";
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct pki_ext ext;

	asn1_open(&r, list, &fault);
	while (pki_ext_next(&r, &ext)) {
		if (!ca_oid_sound(ext.oid))
			return refuse(g, INVALID_ARGUMENT, malformed);
		if (is_first(csr, &ext) && !weigh_extension(g, &ext))
			return false;
	}
	if (fault.why != NULL)
		return refuse(g, INVALID_ARGUMENT, malformed);
	return true;
}

bool
ca_grant_weigh(struct ca_grant *g, const struct pki_csr *csr)
{
	struct pki_ext san;

	*g = (struct ca_grant){ 0 };
	if (!ca_name_sound(csr->subject, &g->subject_empty))
		return refuse(g, BAD_REQUEST_SUBJECT,
		    "the subject of the request is malformed");
	if (!ca_spki_sound(csr->spki))
		return refuse(g, INVALID_ARGUMENT,
		    "the public key of the request is malformed");
	if (g->subject_empty &&
	    !pki_csr_extension(csr, pki_oid_subject_alt_name, &san))
		return refuse(g, BAD_REQUEST_SUBJECT,
		    "the request has neither a subject nor a subject "
		    "alternative name");
	for (size_t i = 0; i < csr->extension_lists; i++) {
		if (!weigh_list(g, csr, csr->extensions[i]))
			return false;
	}
	return true;
}
