/* SPDX-License-Identifier: MIT */
/* The extensions of minted and issued certificates as bytes. Which certificate has which is decided in mint.c and issue.c. */
#include "ca/ext.h"

#include <arpa/inet.h>

#include "pki/cert.h"
#include "pki/oid.h"

/* Wrap what was written since mark as the value of an extension. */
static void
close_extension(
    struct asn1_writer *w, size_t mark, struct bytes oid, bool critical)
{
	asn1_put_header(w, ASN1_ID_OCTET_STRING, mark);
	if (critical)
		asn1_put_bool(w, true);
	asn1_put_oid(w, oid);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
}

void
ca_put_key_usage(struct asn1_writer *w, unsigned bits)
{
	size_t mark = asn1_mark(w);
	uint8_t body[2] = { 0, (uint8_t)bits };

	/* DER: trailing zero bits of a named bit list are unused ones. */
	while (body[0] < 7 && (bits >> body[0] & 1U) == 0)
		body[0]++;
	asn1_put(w, ASN1_ID_BIT_STRING, bytes_of(body, sizeof(body)));
	close_extension(w, mark, pki_oid_key_usage, true);
}

void
ca_put_eku(struct asn1_writer *w, const struct bytes *const *oids, size_t n)
{
	size_t mark = asn1_mark(w);

	for (size_t i = n; i > 0; i--)
		asn1_put_oid(w, *oids[i - 1]);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_ext_key_usage, false);
}

void
ca_put_template_name(struct asn1_writer *w, const char *name)
{
	size_t mark = asn1_mark(w);

	for (size_t i = strlen(name); i > 0; i--) {
		uint8_t unit[2] = { 0, (uint8_t)name[i - 1] };

		asn1_put_raw(w, bytes_of(unit, sizeof(unit)));
	}
	asn1_put_header(w, ASN1_ID_BMP_STRING, mark);
	close_extension(w, mark, pki_oid_ms_template_name, false);
}

void
ca_put_subject_key_id(struct asn1_writer *w, struct bytes id)
{
	size_t mark = asn1_mark(w);

	asn1_put(w, ASN1_ID_OCTET_STRING, id);
	close_extension(w, mark, pki_oid_subject_key_id, false);
}

void
ca_put_authority_key_id(struct asn1_writer *w, struct bytes id)
{
	size_t mark = asn1_mark(w);

	asn1_put(w, ASN1_ID_CONTEXT | 0, id);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_authority_key_id, false);
}

/* A GeneralName of type uniformResourceIdentifier. */
static void
put_url(struct asn1_writer *w, const char *url)
{
	asn1_put(w, ASN1_ID_CONTEXT | 6, bytes_str(url));
}

void
ca_put_crl_url(struct asn1_writer *w, const char *url)
{
	size_t mark = asn1_mark(w);

	put_url(w, url);
	/* fullName inside distributionPoint inside DistributionPoint */
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 0, mark);
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 0, mark);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_crl_distribution_points, false);
}

void
ca_put_issuer_url(struct asn1_writer *w, const char *url)
{
	size_t mark = asn1_mark(w);

	put_url(w, url);
	asn1_put_oid(w, pki_oid_ad_ca_issuers);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_authority_info_access, false);
}

void
ca_put_is_ca(struct asn1_writer *w)
{
	size_t mark = asn1_mark(w);

	asn1_put_bool(w, true);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_basic_constraints, true);
}

void
ca_put_ca_version(struct asn1_writer *w)
{
	size_t mark = asn1_mark(w);

	asn1_put_int(w, 0);
	close_extension(w, mark, pki_oid_ms_ca_version, false);
}

size_t
ca_ip_octets(const char *name, uint8_t out[16])
{
	char bare[INET6_ADDRSTRLEN + 1];
	size_t n = strlen(name);

	if (n > 2 && name[0] == '[' && name[n - 1] == ']') {
		name++;
		n -= 2;
	}
	if (n >= sizeof(bare))
		return 0;
	memcpy(bare, name, n);
	bare[n] = '\0';
	if (inet_pton(AF_INET, bare, out) == 1)
		return 4;
	return inet_pton(AF_INET6, bare, out) == 1 ? 16 : 0;
}

void
ca_put_host_names(struct asn1_writer *w, const char *const *names, size_t n)
{
	size_t mark = asn1_mark(w);

	for (size_t i = n; i > 0; i--) {
		uint8_t ip[16];
		size_t octets = ca_ip_octets(names[i - 1], ip);

		if (octets > 0)
			asn1_put(w, ASN1_ID_CONTEXT | 7, bytes_of(ip, octets));
		else
			asn1_put(
			    w, ASN1_ID_CONTEXT | 2, bytes_str(names[i - 1]));
	}
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	close_extension(w, mark, pki_oid_subject_alt_name, false);
}
