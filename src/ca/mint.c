/* SPDX-License-Identifier: MIT */
/*
 * The certificates of a deployment: root, issuing CA, the two RA
 * certificates, TLS, and the CAs for lies and rollover. Each is made here from
 * its key, or taken over where the folder of keys brought one. Shapes follow
 * the RA certificates that real servers were seen with, but for the URLs,
 * which are http and ours instead of ldap, and the subjects, which say that
 * all this is a mock.
 */
#include "ca/parts.h"
#include "ca/serial.h"
#include "pki/oid.h"

#define DAY_S INT64_C(86400)
#define YEAR_S (365 * DAY_S)
#define NETBIOS_MAX 15
#define COMMON_NAME_MAX 64 /* ub-common-name, RFC 5280 appendix A.1 */
#define SUBJECT_ROOM 1024

#define DEPLOYMENT "mockndes test deployment"
#define WARNING "mockndes test - not to be trusted"

/* A CA certificate: by whom, who, dates around now. */
struct ca_row {
	enum ca_role role;
	enum ca_role issuer;
	const char *name;
	int64_t before_s, after_s;
};

static const struct ca_row root_row = { CA_ROOT, CA_ROOT,
	"mockndes Root CA - not to be trusted", 5 * YEAR_S, 15 * YEAR_S };
static const struct ca_row other_root_row = { CA_ROOT, CA_ROOT,
	"mockndes Other Root CA - not to be trusted", 5 * YEAR_S, 15 * YEAR_S };
static const struct ca_row issuing_row = { CA_ISSUING, CA_ROOT,
	"mockndes Issuing CA - not to be trusted", 3 * YEAR_S, 7 * YEAR_S };
static const struct ca_row stranger_row = { CA_STRANGER, CA_STRANGER,
	"mockndes Stranger CA - not to be trusted", 3 * YEAR_S, 7 * YEAR_S };
static const struct ca_row next_row = { CA_NEXT, CA_NEXT,
	"mockndes Next CA - not to be trusted", DAY_S, 10 * YEAR_S };

struct ra_row {
	enum ca_role role;
	const char *template_name;
	unsigned key_usage;
	uint64_t number; /* in the serial */
};

static const struct ra_row ra_sign_row = { CA_RA_SIGN, "EnrollmentAgentOffline",
	PKI_KU_DIGITAL_SIGNATURE, 2 };
static const struct ra_row ra_encrypt_row = { CA_RA_ENCRYPT, "CEPEncryption",
	PKI_KU_KEY_ENCIPHERMENT, 3 };
#define TLS_NUMBER 4

struct mint {
	struct ca_material *m;
	struct pki_ctx *ctx;
	const struct ca_material_spec *spec;
	const struct env *env;
	struct err *e;
};

/* What is different between certificates; extensions are written by the caller. */
struct plan {
	enum ca_role role, issuer;
	enum ca_role key; /* that signs; the issuer's but for an old CA */
	struct bytes serial;
	struct ca_validity validity;
	struct asn1_writer subject, extensions;
	uint8_t subject_room[SUBJECT_ROOM], extensions_room[CA_EXT_ROOM];
};

static void
plan_init(struct plan *p, enum ca_role role, enum ca_role issuer)
{
	memset(p, 0, sizeof(*p));
	p->role = role;
	p->issuer = issuer;
	p->key = issuer;
	asn1_write_into(&p->subject, p->subject_room, SUBJECT_ROOM);
	asn1_write_into(&p->extensions, p->extensions_room, CA_EXT_ROOM);
}

/* ---- dates ---- */

static struct ca_validity
around(int64_t now, int64_t before_s, int64_t after_s)
{
	return (struct ca_validity){ now - before_s, now + after_s };
}

static bool
has_dates(const struct ca_validity *v)
{
	return v->not_before != 0 || v->not_after != 0;
}

/* The dates asked for, or the default when there are none. */
static struct ca_validity
dates(const struct ca_validity *asked, struct ca_validity fallback)
{
	return has_dates(asked) ? *asked : fallback;
}

/* So wide that an issuer covers what it issues. */
static void
widen(struct ca_validity *v, const struct ca_validity *inner)
{
	if (inner->not_before < v->not_before)
		v->not_before = inner->not_before;
	if (inner->not_after > v->not_after)
		v->not_after = inner->not_after;
}

static struct ca_validity
ca_dates(const struct mint *mi, const struct ca_row *row)
{
	const struct ca_material_spec *spec = mi->spec;
	struct ca_validity v = around(spec->now, row->before_s, row->after_s);
	const struct ca_validity *asked[] = { &spec->ra_sign, &spec->ra_encrypt,
		&spec->tls };

	for (size_t i = 0; i < nitems(asked); i++) {
		struct ca_validity inner = dates(asked[i], v);

		widen(&v, &inner);
	}
	return v;
}

/* ---- one certificate ---- */

/* Parse what stands in der[role]; it lends from there from now on. */
static int
adopt(const struct mint *mi, enum ca_role role)
{
	struct asn1_fault fault = { 0 };
	struct ca_material *m = mi->m;

	if (!buf_ok(&m->der[role]))
		return err_set(mi->e, ERR_MEMORY, "no memory for certificates");
	if (!pki_cert_parse(&m->cert[role], buf_bytes(&m->der[role]), &fault))
		return err_set(mi->e, ERR_INPUT, "%s certificate: %s",
		    ca_role_name(role),
		    fault.why == NULL ? "it cannot be read" : fault.why);
	return 0;
}

/* Is a certificate wanted that is not as it should be? All that hangs from a replaced root is new. */
static bool
is_peculiar(const struct ca_material_spec *spec, enum ca_role role)
{
	switch (role) {
	case CA_ROOT:
	case CA_ISSUING:
		return spec->root_replaced;
	case CA_RA_SIGN:
		return spec->root_replaced || spec->ra_by_old_ca ||
		    has_dates(&spec->ra_sign);
	case CA_RA_ENCRYPT:
		return spec->root_replaced || spec->ra_by_old_ca ||
		    has_dates(&spec->ra_encrypt);
	case CA_TLS:
		return spec->root_replaced || spec->tls_wrong_name ||
		    spec->tls_untrusted || has_dates(&spec->tls);
	case CA_STRANGER:
	case CA_NEXT:
	case CA_ROLES:
		break;
	}
	return false;
}

/* Was one brought? Then it is used as it is. */
static bool
brought(const struct mint *mi, enum ca_role role)
{
	struct bytes der = ca_keys_certificate(mi->spec->keys, role);

	if (is_peculiar(mi->spec, role))
		return false;
	if (der.n > 0)
		buf_add(&mi->m->der[role], der);
	return der.n > 0;
}

static int
make(const struct mint *mi, const struct plan *p)
{
	struct ca_material *m = mi->m;
	struct bytes subject = asn1_written(&p->subject);
	struct pki_cert_spec spec = {
		.serial = p->serial,
		.issuer =
		    p->role == p->issuer ? subject : m->cert[p->issuer].subject,
		.subject = subject,
		.spki = pki_key_spki(ca_material_key(m, p->role)),
		.not_before = p->validity.not_before,
		.not_after = p->validity.not_after,
		.extensions = asn1_written(&p->extensions),
		.digest = PKI_SHA256,
	};

	if (p->subject.overflow || p->extensions.overflow)
		return err_set(mi->e, ERR_LIMIT,
		    "%s certificate: the host name or URL is too long",
		    ca_role_name(p->role));
	if (pki_cert_make(mi->ctx, &spec, ca_material_key(m, p->key),
		&m->der[p->role], mi->e) == -1)
		return -1;
	return adopt(mi, p->role);
}

static void
put_issued_extensions(struct asn1_writer *w, const char *crl, const char *aia,
    struct bytes authority_id)
{
	ca_put_issuer_url(w, aia);
	ca_put_crl_url(w, crl);
	ca_put_authority_key_id(w, authority_id);
}

/* AKI, CRL and issuer URLs that all certificates by one CA share. */
static int
encode_issued_extensions(const struct mint *mi, enum ca_role ca,
    const struct buf *crl, const struct buf *aia, struct buf *out)
{
	uint8_t room[CA_EXT_ROOM];
	struct asn1_writer w;

	asn1_write_into(&w, room, sizeof(room));
	put_issued_extensions(&w, buf_str(crl), buf_str(aia),
	    ca_material_authority_id(mi->m, ca));
	buf_add(out, asn1_written(&w));
	if (w.overflow || !buf_ok(out))
		return err_set(mi->e, ERR_LIMIT,
		    "the URL of the CA's files is too long for certificates");
	return 0;
}

static struct bytes
key_id(const struct mint *mi, enum ca_role role)
{
	return bytes_of(mi->m->key_id[role], sizeof(mi->m->key_id[role]));
}

/* ---- the CAs ---- */

static int
mint_ca(const struct mint *mi, const struct ca_row *row)
{
	struct pki_rdn rdns[] = {
		{ pki_oid_organization, DEPLOYMENT },
		{ pki_oid_common_name, row->name },
	};
	uint8_t serial[16];
	struct plan p;

	if (brought(mi, row->role))
		return adopt(mi, row->role);
	if (env_random(mi->env, serial, sizeof(serial), mi->e) == -1)
		return -1;
	/* positive, and never with a first octet of zero */
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	plan_init(&p, row->role, row->issuer);
	p.serial = bytes_of(serial, sizeof(serial));
	p.validity = ca_dates(mi, row);
	pki_put_name(&p.subject, rdns, nitems(rdns));
	if (row->role != row->issuer)
		asn1_put_raw(
		    &p.extensions, buf_bytes(&mi->m->root_issued_extensions));
	ca_put_ca_version(&p.extensions);
	ca_put_subject_key_id(&p.extensions, key_id(mi, row->role));
	ca_put_is_ca(&p.extensions);
	ca_put_key_usage(&p.extensions,
	    PKI_KU_DIGITAL_SIGNATURE | PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN);
	return make(mi, &p);
}

/* ---- what the issuing CA issues ---- */

/* The first label in capitals, as Windows names a computer. */
static void
netbios_name(const char *hostname, char out[NETBIOS_MAX + 1])
{
	uint8_t ip[16];
	size_t n = 0;

	if (ca_ip_octets(hostname, ip) > 0 || hostname[0] == '\0')
		hostname = "mockndes";
	while (n < NETBIOS_MAX && hostname[n] != '\0' && hostname[n] != '.') {
		char c = hostname[n];

		out[n++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
	}
	out[n] = '\0';
}

/* By the CA of today, or by one of the same name that had another key. */
static void
put_ra_issuer(const struct mint *mi, struct plan *p)
{
	const struct ca_material *m = mi->m;

	if (!mi->spec->ra_by_old_ca) {
		asn1_put_raw(&p->extensions, buf_bytes(&m->issued_extensions));
		return;
	}
	p->key = CA_NEXT;
	put_issued_extensions(&p->extensions, buf_str(&m->crl_url),
	    buf_str(&m->aia_url), key_id(mi, CA_NEXT));
}

static int
mint_ra(const struct mint *mi, const struct ra_row *row,
    const struct ca_validity *asked)
{
	static const char suffix[] = "-MSCEP-RA";
	char name[NETBIOS_MAX + sizeof(suffix)];
	struct pki_rdn rdns[] = {
		{ pki_oid_country, "US" },
		{ pki_oid_organization, WARNING },
		{ pki_oid_common_name, name },
	};
	const struct bytes *eku[] = { &pki_oid_ms_certificate_request_agent };
	uint8_t serial[CA_SERIAL_SIZE];
	struct plan p;

	if (brought(mi, row->role))
		return adopt(mi, row->role);
	if (ca_serial_make(
		mi->env, CA_SERIAL_MINTED, row->number, serial, mi->e) == -1)
		return -1;
	netbios_name(mi->spec->hostname, name);
	memcpy(name + strlen(name), suffix, sizeof(suffix));
	plan_init(&p, row->role, CA_ISSUING);
	p.serial = bytes_of(serial, sizeof(serial));
	p.validity =
	    dates(asked, around(mi->spec->now, DAY_S, 2 * YEAR_S - DAY_S));
	pki_put_name(&p.subject, rdns, nitems(rdns));
	put_ra_issuer(mi, &p);
	ca_put_subject_key_id(&p.extensions, key_id(mi, row->role));
	ca_put_key_usage(&p.extensions, row->key_usage);
	ca_put_eku(&p.extensions, eku, nitems(eku));
	ca_put_template_name(&p.extensions, row->template_name);
	return make(mi, &p);
}

/* The host's own name first, then the ways to loopback, none twice. */
static size_t
tls_names(const char *hostname, const char *names[4])
{
	static const char *const loopback[] = { "localhost", "127.0.0.1",
		"::1" };
	size_t n = 0;

	if (hostname[0] != '\0')
		names[n++] = hostname;
	for (size_t i = 0; i < nitems(loopback); i++) {
		if (!bytes_eq_nocase(
			bytes_str(hostname), bytes_str(loopback[i])))
			names[n++] = loopback[i];
	}
	return n;
}

static void
put_tls_names(const struct ca_material_spec *spec, struct asn1_writer *w)
{
	static const char *const wrong[] = { CA_WRONG_NAME };
	const char *names[4];

	if (spec->tls_wrong_name)
		ca_put_host_names(w, wrong, nitems(wrong));
	else
		ca_put_host_names(w, names, tls_names(spec->hostname, names));
}

/* The stranger says nothing of where its files are. */
static void
put_tls_issuer(const struct mint *mi, struct plan *p)
{
	if (p->issuer == CA_ISSUING)
		asn1_put_raw(
		    &p->extensions, buf_bytes(&mi->m->issued_extensions));
	else
		ca_put_authority_key_id(
		    &p->extensions, ca_material_authority_id(mi->m, p->issuer));
}

static int
mint_tls(const struct mint *mi)
{
	const char *hostname =
	    mi->spec->tls_wrong_name ? CA_WRONG_NAME : mi->spec->hostname;
	struct pki_rdn rdns[] = {
		{ pki_oid_organization, WARNING },
		{ pki_oid_common_name, hostname },
	};
	const struct bytes *eku[] = { &pki_oid_server_auth };
	uint8_t serial[CA_SERIAL_SIZE];
	size_t length = strlen(hostname);
	struct plan p;

	if (brought(mi, CA_TLS))
		return adopt(mi, CA_TLS);
	if (ca_serial_make(
		mi->env, CA_SERIAL_MINTED, TLS_NUMBER, serial, mi->e) == -1)
		return -1;
	plan_init(&p, CA_TLS, mi->m->tls_issuer);
	p.serial = bytes_of(serial, sizeof(serial));
	/* Apple's clients take no TLS certificate over 397 days. */
	p.validity =
	    dates(&mi->spec->tls, around(mi->spec->now, DAY_S, YEAR_S));
	/* A name too long for a common name stands in the SAN alone. */
	pki_put_name(
	    &p.subject, rdns, length > 0 && length <= COMMON_NAME_MAX ? 2 : 1);
	put_tls_issuer(mi, &p);
	ca_put_subject_key_id(&p.extensions, key_id(mi, CA_TLS));
	put_tls_names(mi->spec, &p.extensions);
	ca_put_eku(&p.extensions, eku, nitems(eku));
	ca_put_key_usage(
	    &p.extensions, PKI_KU_DIGITAL_SIGNATURE | PKI_KU_KEY_ENCIPHERMENT);
	return make(mi, &p);
}

static int
compute_key_ids(const struct mint *mi)
{
	for (size_t i = 0; i < CA_ROLES; i++) {
		const struct pki_key *key =
		    ca_material_key(mi->m, (enum ca_role)i);

		if (pki_key_id(mi->ctx, pki_key_spki(key), mi->m->key_id[i],
			mi->e) == -1)
			return -1;
	}
	return 0;
}

int
ca_mint_issued_extensions(struct ca_material *m, struct err *e)
{
	const struct mint mi = { .m = m, .e = e };

	return encode_issued_extensions(
	    &mi, CA_ISSUING, &m->crl_url, &m->aia_url, &m->issued_extensions);
}

int
ca_mint_all(struct ca_material *m, struct pki_ctx *ctx,
    const struct ca_material_spec *spec, const struct env *env, struct err *e)
{
	const struct ca_row *root =
	    spec->root_replaced ? &other_root_row : &root_row;
	struct mint mi = {
		.m = m, .ctx = ctx, .spec = spec, .env = env, .e = e
	};

	if (compute_key_ids(&mi) == -1 || mint_ca(&mi, root) == -1 ||
	    encode_issued_extensions(&mi, CA_ROOT, &m->root_crl_url,
		&m->root_aia_url, &m->root_issued_extensions) == -1 ||
	    mint_ca(&mi, &issuing_row) == -1 ||
	    encode_issued_extensions(&mi, CA_ISSUING, &m->crl_url, &m->aia_url,
		&m->issued_extensions) == -1 ||
	    mint_ra(&mi, &ra_sign_row, &spec->ra_sign) == -1 ||
	    mint_ra(&mi, &ra_encrypt_row, &spec->ra_encrypt) == -1 ||
	    mint_ca(&mi, &stranger_row) == -1 ||
	    mint_ca(&mi, &next_row) == -1 || mint_tls(&mi) == -1)
		return -1;
	return 0;
}
