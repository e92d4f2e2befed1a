/* SPDX-License-Identifier: MIT */
/*
 * The material of one deployment: what is derived from its certificates once
 * (URLs, chain, PEM, thumbprints) and handed out. The certificates themselves
 * are made in mint.c.
 */
#include "ca/material.h"

#include <stdlib.h>

#include "ca/parts.h"
#include "pki/oid.h"

#define URL_MAX 2048
#define CHAIN_MAX (5 * CA_CERT_MAX)
#define PEM_MAX (4 * CA_CERT_MAX)

#define CRL_PATH "/CertEnroll/mockndes-Issuing-CA.crl"
#define AIA_PATH "/CertEnroll/mockndes-Issuing-CA.crt"
#define ROOT_CRL_PATH "/CertEnroll/mockndes-Root-CA.crl"
#define ROOT_AIA_PATH "/CertEnroll/mockndes-Root-CA.crt"

/* GetCACert's order: the two RA certificates, their issuer, its issuer. */
static const enum ca_role chain_order[] = { CA_RA_SIGN, CA_RA_ENCRYPT,
	CA_ISSUING, CA_ROOT };
#define RA_CERTIFICATES 2 /* the first of them */

const struct pki_cert *
ca_material_cert(const struct ca_material *m, enum ca_role role)
{
	return &m->cert[role];
}

const struct pki_key *
ca_material_key(const struct ca_material *m, enum ca_role role)
{
	if (role == CA_ROOT && m->root_replaced)
		role = CA_STRANGER;
	return ca_keys_get(m->keys, role);
}

struct bytes
ca_material_authority_id(const struct ca_material *m, enum ca_role role)
{
	if (m->cert[role].ski.n > 0)
		return m->cert[role].ski;
	return bytes_of(m->key_id[role], sizeof(m->key_id[role]));
}

struct bytes
ca_material_chain_p7(const struct ca_material *m)
{
	return buf_bytes(&m->chain_p7);
}

const char *
ca_material_tls_chain_pem(const struct ca_material *m)
{
	return buf_str(&m->tls_chain_pem);
}

const char *
ca_material_tls_key_pem(const struct ca_material *m)
{
	return buf_str(&m->tls_key_pem);
}

const char *
ca_material_crl_path(const struct ca_material *m)
{
	(void)m;
	return CRL_PATH;
}

const char *
ca_material_aia_path(const struct ca_material *m)
{
	(void)m;
	return AIA_PATH;
}

const char *
ca_material_root_crl_path(const struct ca_material *m)
{
	(void)m;
	return ROOT_CRL_PATH;
}

const char *
ca_material_root_aia_path(const struct ca_material *m)
{
	(void)m;
	return ROOT_AIA_PATH;
}

const char *
ca_material_crl_url(const struct ca_material *m)
{
	return buf_str(&m->crl_url);
}

const char *
ca_material_aia_url(const struct ca_material *m)
{
	return buf_str(&m->aia_url);
}

const uint8_t *
ca_material_thumbprint_md5(const struct ca_material *m)
{
	return m->md5;
}

const uint8_t *
ca_material_fingerprint_sha256(const struct ca_material *m)
{
	return m->sha256;
}

void
ca_material_free(struct ca_material *m)
{
	if (m == NULL)
		return;
	buf_clear(&m->crl_url);
	buf_clear(&m->aia_url);
	buf_clear(&m->issued_extensions);
	if (m->view) {
		free(m);
		return;
	}
	for (size_t i = 0; i < CA_ROLES; i++)
		buf_clear(&m->der[i]);
	buf_clear(&m->root_crl_url);
	buf_clear(&m->root_aia_url);
	buf_clear(&m->chain_p7);
	buf_clear(&m->tls_chain_pem);
	buf_clear(&m->tls_key_pem);
	buf_clear(&m->root_issued_extensions);
	free(m);
}

static struct ca_material *
material_new(const struct ca_material_spec *spec, struct err *e)
{
	struct ca_material *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		err_set(e, ERR_MEMORY, "no memory for certificates");
		return NULL;
	}
	m->keys = spec->keys;
	m->root_replaced = spec->root_replaced;
	m->ra_unlisted = spec->ra_unlisted;
	m->tls_issuer = spec->tls_untrusted ? CA_STRANGER : CA_ISSUING;
	for (size_t i = 0; i < CA_ROLES; i++)
		buf_init(&m->der[i], CA_CERT_MAX);
	buf_init(&m->crl_url, URL_MAX);
	buf_init(&m->aia_url, URL_MAX);
	buf_init(&m->root_crl_url, URL_MAX);
	buf_init(&m->root_aia_url, URL_MAX);
	buf_init(&m->chain_p7, CHAIN_MAX);
	buf_init(&m->tls_chain_pem, PEM_MAX);
	buf_init(&m->tls_key_pem, PEM_MAX);
	buf_init(&m->issued_extensions, CA_EXT_ROOM);
	buf_init(&m->root_issued_extensions, CA_EXT_ROOM);
	return m;
}

/* base is the start of the URL; the path stands behind it. */
static int
make_url(struct buf *out, const char *base, const char *path, struct err *e)
{
	size_t n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		n--;
	buf_add(out, bytes_of(base, n));
	buf_add_str(out, path);
	if (!buf_ok(out))
		return err_set(e, ERR_LIMIT,
		    "URL of the CA's files: more than %d bytes", URL_MAX);
	return 0;
}

static int
make_urls(struct ca_material *m, const char *base, struct err *e)
{
	if (make_url(&m->crl_url, base, CRL_PATH, e) == -1 ||
	    make_url(&m->aia_url, base, AIA_PATH, e) == -1 ||
	    make_url(&m->root_crl_url, base, ROOT_CRL_PATH, e) == -1 ||
	    make_url(&m->root_aia_url, base, ROOT_AIA_PATH, e) == -1)
		return -1;
	return 0;
}

/* ContentInfo around a SignedData without content or signers (RFC 5652 5.1). */
static void
put_certs_only(struct asn1_writer *w, const struct ca_material *m)
{
	size_t first = m->ra_unlisted ? RA_CERTIFICATES : 0;
	size_t mark = asn1_mark(w);
	size_t set;

	asn1_put(w, ASN1_ID_SET, bytes_of(NULL, 0)); /* signerInfos */
	set = asn1_mark(w);
	for (size_t i = nitems(chain_order); i > first; i--)
		asn1_put_raw(w, buf_bytes(&m->der[chain_order[i - 1]]));
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 0, set);
	set = asn1_mark(w);
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, set);
	asn1_put(w, ASN1_ID_SET, bytes_of(NULL, 0)); /* digestAlgorithms */
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 0, mark);
	asn1_put_oid(w, pki_oid_cms_signed_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, mark);
}

static int
make_chain(struct ca_material *m, struct err *e)
{
	struct asn1_writer w;
	struct buf room;
	int result = -1;

	buf_init(&room, CHAIN_MAX);
	uint8_t *p = buf_grow(&room, CHAIN_MAX);
	if (p == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the CA chain");
		goto out;
	}
	asn1_write_into(&w, p, CHAIN_MAX);
	put_certs_only(&w, m);
	buf_add(&m->chain_p7, asn1_written(&w));
	if (w.overflow || !buf_ok(&m->chain_p7))
		err_set(e, ERR_LIMIT, "the CA chain is too large");
	else
		result = 0;
out:
	buf_clear(&room);
	return result;
}

static int
make_pems(struct ca_material *m, struct err *e)
{
	pki_pem(&m->tls_chain_pem, "CERTIFICATE", buf_bytes(&m->der[CA_TLS]));
	pki_pem(&m->tls_chain_pem, "CERTIFICATE",
	    buf_bytes(&m->der[m->tls_issuer]));
	if (!buf_ok(&m->tls_chain_pem))
		return err_set(e, ERR_MEMORY, "no memory for the TLS chain");
	return pki_key_to_pem(ca_material_key(m, CA_TLS), &m->tls_key_pem, e);
}

static int
make_thumbprints(struct ca_material *m, struct pki_ctx *ctx, struct err *e)
{
	struct bytes der = buf_bytes(&m->der[CA_ISSUING]);
	uint8_t digest[PKI_DIGEST_MAX];
	size_t n;

	if (pki_digest(ctx, PKI_MD5, der, digest, &n, e) == -1)
		return -1;
	memcpy(m->md5, digest, sizeof(m->md5));
	if (pki_digest(ctx, PKI_SHA256, der, digest, &n, e) == -1)
		return -1;
	memcpy(m->sha256, digest, sizeof(m->sha256));
	return 0;
}

int
ca_material_mint(struct ca_material **out, struct pki_ctx *ctx,
    const struct ca_material_spec *spec, const struct env *env, struct err *e)
{
	struct ca_material *m = material_new(spec, e);

	if (m == NULL)
		return -1;
	if (make_urls(m, spec->url_base, e) == -1 ||
	    ca_mint_all(m, ctx, spec, env, e) == -1 || make_chain(m, e) == -1 ||
	    make_pems(m, e) == -1 || make_thumbprints(m, ctx, e) == -1) {
		ca_material_free(m);
		return -1;
	}
	*out = m;
	return 0;
}

struct ca_material *
ca_material_view(
    const struct ca_material *of, const char *url_base, struct err *e)
{
	struct ca_material *m = malloc(sizeof(*m));

	if (m == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for certificates");
		return NULL;
	}
	*m = *of;
	m->view = true;
	buf_init(&m->crl_url, URL_MAX);
	buf_init(&m->aia_url, URL_MAX);
	buf_init(&m->issued_extensions, CA_EXT_ROOM);
	if (make_url(&m->crl_url, url_base, CRL_PATH, e) == 0 &&
	    make_url(&m->aia_url, url_base, AIA_PATH, e) == 0 &&
	    ca_mint_issued_extensions(m, e) == 0)
		return m;
	ca_material_free(m);
	return NULL;
}
