/* SPDX-License-Identifier: MIT */
/* Certificates that are not as they should be, and lists of certificates. */
#include "scenario/effects.h"

#define CERTS_MAX 64
#define REPEAT_MAX 100
#define OFFSET_MAX_MS ((int64_t)100 * 365 * 24 * 3600 * 1000)

static const struct field_word keys[] = { { "other", CA_KEY_OTHER_RSA },
	{ "rsa-1024", CA_KEY_RSA_1024 }, { "ec", CA_KEY_EC },
	{ "dsa", CA_KEY_DSA }, { "ed25519", CA_KEY_ED25519 },
	{ "ml-dsa", CA_KEY_MLDSA }, { NULL, 0 } };
static const struct field_word issuers[] = { { "stranger", CA_ISSUER_STRANGER },
	{ "forged", CA_ISSUER_FORGED }, { "self", CA_ISSUER_SELF },
	{ "next", CA_ISSUER_NEXT }, { "root", CA_ISSUER_ROOT }, { NULL, 0 } };
static const struct field_word signatures[] = { { "sha1", CA_SIGNATURE_SHA1 },
	{ "md5", CA_SIGNATURE_MD5 }, { "pss", CA_SIGNATURE_PSS },
	{ "broken", CA_SIGNATURE_BROKEN }, { NULL, 0 } };
static const struct field_word serials[] = { { "zero", CA_SERIAL_ZERO },
	{ "negative", CA_SERIAL_NEGATIVE }, { "long", CA_SERIAL_LONG },
	{ "repeated", CA_SERIAL_REPEATED }, { NULL, 0 } };
static const struct field_word basics[] = { { "ca", CA_BASIC_CA },
	{ "leaf", CA_BASIC_LEAF }, { "none", CA_BASIC_ABSENT }, { NULL, 0 } };
static const struct field_word usages[] = { { "digitalSignature",
						PKI_KU_DIGITAL_SIGNATURE },
	{ "nonRepudiation", PKI_KU_NON_REPUDIATION },
	{ "keyEncipherment", PKI_KU_KEY_ENCIPHERMENT },
	{ "dataEncipherment", PKI_KU_DATA_ENCIPHERMENT },
	{ "keyAgreement", PKI_KU_KEY_AGREEMENT },
	{ "keyCertSign", PKI_KU_KEY_CERT_SIGN }, { "cRLSign", PKI_KU_CRL_SIGN },
	{ NULL, 0 } };
static const struct field_word whens[] = { { "year-9999", CA_WHEN_YEAR_9999 },
	{ "year-1950", CA_WHEN_YEAR_1950 }, { NULL, 0 } };

/* ---- dates ---- */

static void
read_date(struct loader *l, const struct tree_node *value,
    enum ca_twist_when *when, int64_t *offset_s)
{
	int64_t ms;

	for (const struct field_word *w = whens; w->name != NULL; w++) {
		if (value->kind == TREE_SCALAR &&
		    bytes_eq(value->text, bytes_str(w->name))) {
			*when = (enum ca_twist_when)w->value;
			return;
		}
	}
	if (field_read_duration(l, value, -OFFSET_MAX_MS, OFFSET_MAX_MS, &ms)) {
		*when = CA_WHEN_OFFSET;
		*offset_s = ms / 1000;
	}
}

static void
read_not_before(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct ca_twist *t = base;

	(void)f;
	read_date(l, value, &t->not_before, &t->not_before_s);
}

static void
read_not_after(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct ca_twist *t = base;

	(void)f;
	read_date(l, value, &t->not_after, &t->not_after_s);
}

/* ---- extensions ---- */

static bool
is_none(const struct tree_node *value)
{
	return value->kind == TREE_SCALAR &&
	    bytes_eq(value->text, BYTES_LIT("none"));
}

static bool
is_list(struct loader *l, const struct tree_node *value)
{
	if (value->kind == TREE_SEQUENCE && value->count <= CERTS_MAX)
		return true;
	if (!value->cut)
		complain(l->c, value->at, "%s is none, or a list of up to %d",
		    l->where, CERTS_MAX);
	return false;
}

static void
read_key_usage(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct ca_twist *t = base;
	int bit;

	(void)f;
	if (is_none(value)) {
		t->key_usage = CA_LIST_ABSENT;
		return;
	}
	if (!is_list(l, value))
		return;
	t->key_usage = CA_LIST_GIVEN;
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		if (field_read_word(l, usages, i, &bit))
			t->key_usage_bits |= (unsigned)bit;
	}
	if (t->key_usage_bits == 0)
		complain(
		    l->c, value->at, "%s: an empty list; write none", l->where);
}

/* A list of C strings, or none. */
static enum ca_twist_list
read_strings(struct loader *l, const struct tree_node *value,
    const char *const **out, size_t *count)
{
	const char **list;

	if (is_none(value))
		return CA_LIST_ABSENT;
	if (!is_list(l, value))
		return CA_LIST_AS_IS;
	list = loader_room(l, (value->count + 1) * sizeof(*list));
	if (list == NULL)
		return CA_LIST_AS_IS;
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		if (!field_scalar(l, l->where, i, "text") || i->text.n > 253)
			continue;
		list[*count] = arena_str(l->memory, i->text);
		if (list[*count] == NULL)
			l->failed = true;
		else
			++*count;
	}
	*out = list;
	return CA_LIST_GIVEN;
}

static void
read_san(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct ca_twist *t = base;

	(void)f;
	t->san = read_strings(l, value, &t->san_dns, &t->san_count);
}

static void
read_eku(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct ca_twist *t = base;

	(void)f;
	t->ext_key_usage =
	    read_strings(l, value, &t->ext_key_usages, &t->ext_key_usage_count);
	for (size_t i = 0; i < t->ext_key_usage_count; i++) {
		uint8_t room[64];

		if (effects_oid(bytes_str(t->ext_key_usages[i]), room,
			sizeof(room)) == 0)
			complain(l->c, value->at,
			    "%s: \"%.60s\" is not a dotted OID", l->where,
			    t->ext_key_usages[i]);
	}
}

static void
read_version(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	if (!field_scalar(l, l->where, value, "1"))
		return;
	if (!bytes_eq(value->text, BYTES_LIT("1")))
		complain(l->c, value->at,
		    "%s is 1, or is left out; certificates are X.509 v3",
		    l->where);
	else
		((struct ca_twist *)base)->version_1 = true;
}

static void
read_subject(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct ca_twist *)base)->has_subject = true;
	field_string(l, f, value, base);
}

#define T struct ca_twist
static const struct field twist_fields[] = {
	FIELD_W(T, "key", field_word, key, keys),
	FIELD_W(T, "issuer", field_word, issuer, issuers),
	FIELD_W(T, "signature", field_word, signature, signatures),
	FIELD_W(T, "serial", field_word, serial, serials),
	FIELD(T, "not_before", read_not_before, not_before),
	FIELD(T, "not_after", read_not_after, not_after),
	FIELD(T, "version", read_version, version_1),
	FIELD_N(T, "subject", read_subject, subject, 0, 512),
	FIELD(T, "san", read_san, san),
	FIELD_W(T, "basic_constraints", field_word, basic_constraints, basics),
	FIELD(T, "key_usage", read_key_usage, key_usage),
	FIELD(T, "ext_key_usage", read_eku, ext_key_usage),
	FIELD(T, "unknown_critical", field_true, unknown_critical),
	FIELD_N(T, "padding", field_size, padding, 1, 1 << 20),
	FIELD(T, "previous", field_true, previous),
};
#undef T

struct language_table
twist_language(void)
{
	return (struct language_table){ "certificate", twist_fields,
		nitems(twist_fields) };
}

const struct ca_twist *
effects_twist(struct loader *l, const struct tree_node *value)
{
	struct ca_twist *t;

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return NULL;
	}
	t = loader_room(l, sizeof(*t));
	if (t != NULL)
		fields_read(
		    l, l->where, twist_fields, nitems(twist_fields), value, t);
	return t;
}

/* ---- lists of certificates ---- */

static const struct field_word names[] = { { "root", CA_ROOT },
	{ "issuing", CA_ISSUING }, { "ra-sign", CA_RA_SIGN },
	{ "ra-encrypt", CA_RA_ENCRYPT }, { "tls", CA_TLS },
	{ "stranger", CA_STRANGER }, { "next", CA_NEXT },
	{ "unrelated", CA_ROLES }, { "issued", CA_ROLES + 1 }, { NULL, 0 } };

static void
read_name(struct loader *l, const struct tree_node *value, bool issued,
    struct fault_cert *c)
{
	int n;

	if (!field_read_word(l, names, value, &n))
		return;
	if (n == CA_ROLES)
		c->ref = FAULT_CERT_UNRELATED;
	else if (n > CA_ROLES)
		c->ref = FAULT_CERT_ISSUED;
	else
		c->role = (enum ca_role)n;
	if (c->ref == FAULT_CERT_ISSUED && !issued)
		complain(l->c, value->at,
		    "%s: nothing is issued here; \"issued\" is for scep",
		    l->where);
}

/* A mapping: which one, how often, and what is different about it. */
static void
read_cert(struct loader *l, const struct tree_node *item, bool issued,
    struct fault_cert *c)
{
	const struct tree_node *name = field_find(item, "certificate");
	const struct tree_node *repeat = field_find(item, "repeat");
	const struct field f = FIELD_N(
	    struct fault_cert, "repeat", field_unsigned, repeat, 1, REPEAT_MAX);
	struct tree_node rest = *item, *k, **end = &rest.first;
	struct tree_node copies[2 * nitems(twist_fields)];
	size_t n = 0;

	if (name == NULL)
		complain(l->c, item->at, "%s: a key \"certificate\" is missing",
		    l->where);
	else
		read_name(l, name, issued, c);
	if (repeat != NULL)
		field_unsigned(l, &f, repeat, c);
	/* what is left is about the certificate itself */
	rest.first = NULL;
	for (k = item->first; k != NULL && k->next != NULL; k = k->next->next) {
		if (k->next == name || k->next == repeat)
			continue;
		if (n + 2 > nitems(copies))
			break;
		copies[n] = *k;
		copies[n + 1] = *k->next;
		*end = &copies[n];
		copies[n].next = &copies[n + 1];
		copies[n + 1].next = NULL;
		end = &copies[n + 1].next;
		n += 2;
	}
	if (n > 0)
		c->twist = effects_twist(l, &rest);
}

void
effects_certs(struct loader *l, const struct tree_node *value, bool issued,
    const struct fault_cert **out, size_t *count)
{
	struct fault_cert *list;

	if (!is_list(l, value))
		return;
	list = loader_room(l, (value->count + 1) * sizeof(*list));
	if (list == NULL)
		return;
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		if (i->kind == TREE_MAPPING)
			read_cert(l, i, issued, &list[*count]);
		else
			read_name(l, i, issued, &list[*count]);
		++*count;
	}
	*out = list;
}
