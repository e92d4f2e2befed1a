/* SPDX-License-Identifier: MIT */
/*
 * Certificates that are not as they should be: a sound one is taken apart,
 * changed where the twist says so, and signed anew. Nothing of the busy path
 * is here.
 */
#include "ca/twist.h"

#include <stdio.h>
#include <stdlib.h>

#include "ca/ext.h"
#include "ca/odd_keys.h"
#include "ca/parts.h"
#include "pki/oid.h"

#define NAME_MAX_BYTES 2048
#define MLDSA_SPKI_SIZE 1334
#define DAY_S ((int64_t)24 * 3600)

static const int64_t year_1950 = INT64_C(-631152000); /* 1950-01-01 */
static const int64_t year_9999 = INT64_C(253402300799); /* 9999-12-31 */

struct twisting {
	struct pki_ctx *ctx;
	const struct ca_material *m;
	const struct pki_cert *honest;
	const struct ca_twist *t;
	int64_t now;
	struct pki_cert_spec spec;
	const struct pki_key *signer;
	uint8_t serial[64];
	uint8_t subject[NAME_MAX_BYTES];
	uint8_t key_id[20];
	uint8_t mldsa[MLDSA_SPKI_SIZE];
	struct buf extensions;
};

/* ---- key, issuer, serial, dates ---- */

/* RFC 9881: id-ml-dsa-44 and 1312 octets. No library of today's distributions has it. */
static struct bytes
mldsa_spki(uint8_t out[MLDSA_SPKI_SIZE])
{
	static const uint8_t head[] = { 0x30, 0x82, 0x05, 0x32, 0x30, 0x0b,
		0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03,
		0x11, 0x03, 0x82, 0x05, 0x21, 0x00 };
	uint32_t x = 1;

	memcpy(out, head, sizeof(head));
	for (size_t i = sizeof(head); i < MLDSA_SPKI_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		out[i] = (uint8_t)(x >> 24);
	}
	return bytes_of(out, MLDSA_SPKI_SIZE);
}

static void
set_key(struct twisting *tw)
{
	switch (tw->t->key) {
	case CA_KEY_AS_IS:
		return;
	case CA_KEY_OTHER_RSA:
		tw->spec.spki =
		    pki_key_spki(ca_material_key(tw->m, CA_STRANGER));
		return;
	case CA_KEY_RSA_1024:
		tw->spec.spki = bytes_of(rsa1024_spki, sizeof(rsa1024_spki));
		return;
	case CA_KEY_EC:
		tw->spec.spki = bytes_of(ec_spki, sizeof(ec_spki));
		return;
	case CA_KEY_DSA:
		tw->spec.spki = bytes_of(dsa_spki, sizeof(dsa_spki));
		return;
	case CA_KEY_ED25519:
		tw->spec.spki = bytes_of(ed25519_spki, sizeof(ed25519_spki));
		return;
	case CA_KEY_MLDSA:
		tw->spec.spki = mldsa_spki(tw->mldsa);
		return;
	}
}

static void
issue_by(struct twisting *tw, enum ca_role role)
{
	tw->spec.issuer = ca_material_cert(tw->m, role)->subject;
	tw->signer = ca_material_key(tw->m, role);
}

static void
set_issuer(struct twisting *tw, const struct pki_key *own)
{
	const struct pki_key *stranger = ca_material_key(tw->m, CA_STRANGER);

	switch (tw->t->issuer) {
	case CA_ISSUER_AS_IS:
		return;
	case CA_ISSUER_STRANGER:
		issue_by(tw, CA_STRANGER);
		return;
	case CA_ISSUER_FORGED:
		tw->signer = stranger;
		return;
	case CA_ISSUER_SELF:
		tw->spec.issuer = tw->spec.subject;
		tw->signer =
		    own != NULL && tw->t->key == CA_KEY_AS_IS ? own : stranger;
		return;
	case CA_ISSUER_NEXT:
		issue_by(tw, CA_NEXT);
		return;
	case CA_ISSUER_ROOT:
		issue_by(tw, CA_ROOT);
		return;
	}
}

static void
set_serial(struct twisting *tw, struct bytes last)
{
	struct bytes s = tw->spec.serial;

	switch (tw->t->serial) {
	case CA_SERIAL_AS_IS:
		return;
	case CA_SERIAL_ZERO:
		tw->spec.serial = BYTES_LIT("\0");
		return;
	case CA_SERIAL_NEGATIVE:
		if (s.n > sizeof(tw->serial))
			s.n = sizeof(tw->serial);
		memcpy(tw->serial, s.p, s.n);
		tw->serial[0] |= 0x80;
		tw->spec.serial = bytes_of(tw->serial, s.n);
		return;
	case CA_SERIAL_LONG:
		for (size_t i = 0; i < 33; i++)
			tw->serial[i] = s.p[i % s.n];
		tw->spec.serial = bytes_of(tw->serial, 33);
		return;
	case CA_SERIAL_REPEATED:
		if (last.n > 0)
			tw->spec.serial = last;
		return;
	}
}

static int64_t
date(enum ca_twist_when when, int64_t offset_s, int64_t now, int64_t as_is)
{
	switch (when) {
	case CA_WHEN_AS_IS:
		break;
	case CA_WHEN_OFFSET:
		return now + offset_s;
	case CA_WHEN_YEAR_9999:
		return year_9999;
	case CA_WHEN_YEAR_1950:
		return year_1950;
	}
	return as_is;
}

/* ---- the subject, from text ---- */

static const struct {
	const char *name;
	const struct bytes *oid;
} name_types[] = {
	{ "CN", &pki_oid_common_name },
	{ "C", &pki_oid_country },
	{ "O", &pki_oid_organization },
	{ "OU", &pki_oid_organizational_unit },
	{ "DC", &pki_oid_domain_component },
	{ "serialNumber", &pki_oid_serial_number },
};

/* One "CN=x" of a text that is taken apart in place; what has no known type is a common name. */
static struct pki_rdn
read_rdn(char *part)
{
	char *equals;

	while (*part == ' ')
		part++;
	equals = strchr(part, '=');
	for (size_t i = 0; equals != NULL && i < nitems(name_types); i++) {
		if (bytes_eq_nocase(bytes_of(part, (size_t)(equals - part)),
			bytes_str(name_types[i].name)))
			return (
			    struct pki_rdn){ *name_types[i].oid, equals + 1 };
	}
	return (struct pki_rdn){ pki_oid_common_name, part };
}

static int
set_subject(struct twisting *tw, struct err *e)
{
	char text[1024];
	struct pki_rdn rdns[16];
	struct asn1_writer w;
	size_t n = 0, length = strlen(tw->t->subject);
	char *at = text, *comma;

	if (length >= sizeof(text))
		return err_set(e, ERR_LIMIT, "a subject that is too long");
	memcpy(text, tw->t->subject, length + 1);
	while (length > 0 && at != NULL && n < nitems(rdns)) {
		comma = strchr(at, ',');
		if (comma != NULL)
			*comma++ = '\0';
		rdns[n++] = read_rdn(at);
		at = comma;
	}
	asn1_write_into(&w, tw->subject, sizeof(tw->subject));
	pki_put_name(&w, rdns, n);
	if (w.overflow)
		return err_set(e, ERR_LIMIT, "a subject that is too long");
	tw->spec.subject = asn1_written(&w);
	return 0;
}

/* ---- extensions ---- */

/* Does the twist have its own idea of this extension? */
static bool
is_replaced(const struct twisting *tw, struct bytes oid)
{
	const struct ca_twist *t = tw->t;

	if (bytes_eq(oid, pki_oid_subject_alt_name))
		return t->san != CA_LIST_AS_IS;
	if (bytes_eq(oid, pki_oid_basic_constraints))
		return t->basic_constraints != CA_BASIC_AS_IS;
	if (bytes_eq(oid, pki_oid_key_usage))
		return t->key_usage != CA_LIST_AS_IS;
	if (bytes_eq(oid, pki_oid_ext_key_usage) ||
	    bytes_eq(oid, pki_oid_ms_application_policies))
		return t->ext_key_usage != CA_LIST_AS_IS;
	if (bytes_eq(oid, pki_oid_subject_key_id))
		return t->key != CA_KEY_AS_IS;
	if (bytes_eq(oid, pki_oid_authority_key_id))
		return t->issuer != CA_ISSUER_AS_IS &&
		    t->issuer != CA_ISSUER_FORGED;
	return false;
}

static void
put_kept(struct asn1_writer *w, const struct twisting *tw)
{
	struct bytes kept[CA_CERT_MAX / 1024];
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct pki_ext ext;
	size_t n = 0;

	asn1_open(&r, tw->honest->extensions, &fault);
	while (n < nitems(kept) && pki_ext_next(&r, &ext)) {
		if (!is_replaced(tw, ext.oid))
			kept[n++] = ext.whole;
	}
	while (n > 0)
		asn1_put_raw(w, kept[--n]);
}

/* One arc in groups of seven bits; false: no room. */
static bool
put_arc(uint64_t arc, uint8_t out[64], size_t *n)
{
	unsigned groups = 1;

	while (groups < 9 && arc >> (7 * groups) != 0)
		groups++;
	if (*n + groups > 64)
		return false;
	while (groups-- > 0)
		out[(*n)++] = (uint8_t)((arc >> (7 * groups) & 0x7f) |
		    (groups > 0 ? 0x80 : 0));
	return true;
}

/* Contents octets of a dotted OID; 0: it is none. The loader has looked at it. */
static size_t
oid_octets(const char *text, uint8_t out[64])
{
	uint64_t first, arc;
	size_t n = 0;
	char *end;

	first = strtoull(text, &end, 10);
	if (*end != '.')
		return 0;
	arc = 40 * first;
	while (*end == '.') {
		arc += strtoull(end + 1, &end, 10);
		if (!put_arc(arc, out, &n))
			return 0;
		arc = 0;
	}
	return *end == '\0' ? n : 0;
}

static void
put_eku(struct asn1_writer *w, const struct ca_twist *t)
{
	uint8_t room[16][64];
	struct bytes oids[16];
	const struct bytes *list[16];
	size_t n = 0;

	for (size_t i = 0; i < t->ext_key_usage_count && n < 16; i++) {
		size_t size = oid_octets(t->ext_key_usages[i], room[n]);

		if (size == 0)
			continue;
		oids[n] = bytes_of(room[n], size);
		list[n] = &oids[n];
		n++;
	}
	ca_put_eku(w, list, n);
}

static void
put_basic(struct asn1_writer *w, const struct ca_twist *t)
{
	if (t->basic_constraints == CA_BASIC_CA)
		ca_put_is_ca(w);
	else if (t->basic_constraints == CA_BASIC_LEAF)
		pki_put_extension(
		    w, pki_oid_basic_constraints, true, BYTES_LIT("\x30\x00"));
}

static int
put_padding(struct asn1_writer *w, uint64_t n, struct err *e)
{
	/* 2.25.1: of a UUID, and nobody's */
	const struct bytes oid = BYTES_LIT("\x69\x01");
	struct buf b;
	uint8_t *p;

	if (n == 0)
		return 0;
	buf_init(&b, n + 1);
	p = buf_grow(&b, n);
	if (p == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a certificate");
	memset(p, 'x', n);
	pki_put_extension(w, oid, false, buf_bytes(&b));
	buf_clear(&b);
	return 0;
}

static int
put_extensions(struct asn1_writer *w, const struct twisting *tw, struct err *e)
{
	const struct ca_twist *t = tw->t;

	if (put_padding(w, t->padding, e) == -1)
		return -1;
	if (t->unknown_critical)
		pki_put_extension(w,
		    (struct bytes){ (const uint8_t *)"\x69\x02", 2 }, true,
		    BYTES_LIT("\x05\x00"));
	if (t->key != CA_KEY_AS_IS)
		ca_put_subject_key_id(
		    w, bytes_of(tw->key_id, sizeof(tw->key_id)));
	if (t->ext_key_usage == CA_LIST_GIVEN)
		put_eku(w, t);
	if (t->key_usage == CA_LIST_GIVEN && t->key_usage_bits != 0)
		ca_put_key_usage(w, t->key_usage_bits);
	if (t->san == CA_LIST_GIVEN)
		ca_put_host_names(w, t->san_dns, t->san_count);
	put_basic(w, t);
	put_kept(w, tw);
	return 0;
}

static int
set_extensions(struct twisting *tw, struct err *e)
{
	size_t cap = tw->honest->extensions.n + tw->t->padding + CA_EXT_ROOM +
	    64 * tw->t->ext_key_usage_count + 256 * tw->t->san_count;
	struct asn1_writer w;
	uint8_t *room;

	if (tw->t->version_1) {
		tw->spec.extensions = bytes_of(NULL, 0);
		return 0;
	}
	buf_init(&tw->extensions, cap);
	room = buf_grow(&tw->extensions, cap);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a certificate");
	asn1_write_into(&w, room, cap);
	if (put_extensions(&w, tw, e) == -1)
		return -1;
	if (w.overflow)
		return err_set(
		    e, ERR_LIMIT, "the extensions of a twist are too large");
	tw->spec.extensions = asn1_written(&w);
	return 0;
}

/* ---- the whole ---- */

static void
set_signature(struct twisting *tw)
{
	switch (tw->t->signature) {
	case CA_SIGNATURE_AS_IS:
		return;
	case CA_SIGNATURE_SHA1:
		tw->spec.digest = PKI_SHA1;
		return;
	case CA_SIGNATURE_MD5:
		tw->spec.digest = PKI_MD5;
		return;
	case CA_SIGNATURE_PSS:
		tw->spec.pss = true;
		return;
	case CA_SIGNATURE_BROKEN:
		tw->spec.break_signature = true;
		return;
	}
}

static int
twist_all(struct twisting *tw, const struct pki_key *own, struct bytes last,
    struct err *e)
{
	const struct ca_twist *t = tw->t;
	const struct pki_cert *c = tw->honest;

	tw->spec = (struct pki_cert_spec){
		.serial = c->serial,
		.issuer = c->issuer,
		.subject = c->subject,
		.spki = c->spki,
		.not_before = date(
		    t->not_before, t->not_before_s, tw->now, c->not_before),
		.not_after =
		    date(t->not_after, t->not_after_s, tw->now, c->not_after),
		.digest = PKI_SHA256,
	};
	if (t->has_subject && set_subject(tw, e) == -1)
		return -1;
	set_key(tw);
	set_issuer(tw, own);
	set_serial(tw, last);
	set_signature(tw);
	if (t->key != CA_KEY_AS_IS &&
	    pki_key_id(tw->ctx, tw->spec.spki, tw->key_id, e) == -1)
		return -1;
	return set_extensions(tw, e);
}

int
ca_twist_cert(struct pki_ctx *ctx, const struct ca_material *m,
    const struct ca_twisting *from, const struct ca_twist *twist, int64_t now,
    struct buf *out, struct err *e)
{
	struct twisting tw = { .ctx = ctx,
		.m = m,
		.honest = from->honest,
		.t = twist,
		.now = now,
		.signer = from->signer };
	int rc = twist_all(&tw, from->own, from->last, e);

	if (rc == 0)
		rc = pki_cert_make(ctx, &tw.spec, tw.signer, out, e);
	buf_clear(&tw.extensions);
	return rc;
}

/* ---- a deployment's own ---- */

static enum ca_role
issuer_of(const struct ca_material *m, enum ca_role role)
{
	switch (role) {
	case CA_ROOT:
	case CA_STRANGER:
	case CA_NEXT:
		return role;
	case CA_ISSUING:
		return CA_ROOT;
	case CA_TLS:
		return m->tls_issuer;
	case CA_RA_SIGN:
	case CA_RA_ENCRYPT:
	case CA_ROLES:
		break;
	}
	return CA_ISSUING;
}

static int
keep_cert(
    struct buf *der, struct arena *arena, struct pki_cert *out, struct err *e)
{
	struct asn1_fault fault = { 0 };
	struct bytes copy =
	    buf_ok(der) ? arena_copy(arena, buf_bytes(der)) : bytes_of(NULL, 0);

	if (copy.p == NULL)
		return err_set(e, ERR_LIMIT, "a twisted certificate too large");
	/* what cannot be read stays as far as it was */
	(void)pki_cert_parse(out, copy, &fault);
	out->der = copy;
	return 0;
}

int
ca_twisted_role(struct pki_ctx *ctx, const struct ca_material *m,
    enum ca_role role, const struct ca_twist *twist, int64_t now,
    struct arena *arena, struct pki_cert *out, const struct pki_key **key,
    struct err *e)
{
	const struct ca_twisting from = {
		.honest = ca_material_cert(m, role),
		.signer = ca_material_key(m, issuer_of(m, role)),
		.own = ca_material_key(m, role),
		.last = ca_material_cert(m, CA_RA_SIGN)->serial,
	};
	struct buf der;
	int rc;

	if (twist == NULL) {
		*out = *ca_material_cert(m, role);
		*key = from.own;
		return 0;
	}
	buf_init(&der, (size_t)4 << 20);
	rc = ca_twist_cert(ctx, m, &from, twist, now, &der, e);
	if (rc == 0)
		rc = keep_cert(&der, arena, out, e);
	buf_clear(&der);
	*key = twist->key == CA_KEY_AS_IS    ? from.own
	    : twist->key == CA_KEY_OTHER_RSA ? ca_material_key(m, CA_STRANGER)
					     : NULL;
	return rc;
}

int
ca_unrelated(struct pki_ctx *ctx, const struct ca_material *m, uint64_t seed,
    int64_t now, struct arena *arena, struct bytes *out, struct err *e)
{
	char subject[64];
	struct ca_twist t = { .has_subject = true,
		.subject = subject,
		.key = CA_KEY_OTHER_RSA,
		.issuer = CA_ISSUER_STRANGER,
		.serial = CA_SERIAL_LONG };
	struct pki_cert cert;
	const struct pki_key *key;

	(void)snprintf(subject, sizeof(subject), "CN=unrelated-%llu",
	    (unsigned long long)seed);
	if (ca_twisted_role(ctx, m, CA_TLS, &t, now, arena, &cert, &key, e) ==
	    -1)
		return -1;
	*out = cert.der;
	return 0;
}
