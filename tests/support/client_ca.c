/* SPDX-License-Identifier: MIT */
/*
 * What the test client knows of a CA (GetCACert, chains, CRLs), and a whole
 * enrolment from one struct of choices.
 */
#include "support/client.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <stdlib.h>

void
client_ca_clear(struct client_ca *ca)
{
	sk_X509_pop_free(ca->all, X509_free);
	memset(ca, 0, sizeof *ca);
}

static bool
issued(X509 *issuer, X509 *subject)
{
	return X509_check_issued(issuer, subject) == X509_V_OK &&
	    X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

/* RA signing, RA encryption, issuing CA, root, told apart by what they may do. */
static int
check_shape(struct client *c, const struct client_ca *ca)
{
	if (X509_get_key_usage(ca->ra_sign) != KU_DIGITAL_SIGNATURE)
		return client_fail(
		    c, "certificate 1 is not for signatures alone");
	if (X509_get_key_usage(ca->ra_encrypt) != KU_KEY_ENCIPHERMENT)
		return client_fail(
		    c, "certificate 2 is not for encryption alone");
	if (X509_check_ca(ca->issuing) != 1 || X509_check_ca(ca->root) != 1)
		return client_fail(c, "certificates 3 and 4 are not CAs");
	if (!issued(ca->issuing, ca->ra_sign) ||
	    !issued(ca->issuing, ca->ra_encrypt) ||
	    !issued(ca->root, ca->issuing) || !issued(ca->root, ca->root))
		return client_fail(c, "the certificates do not chain");
	return 0;
}

static int
read_ca(struct client *c, const struct client_http *h, struct client_ca *ca)
{
	const unsigned char *p = h->body.p;
	if (h->status != 200 ||
	    strcmp(h->content_type, "application/x-x509-ca-ra-cert") != 0)
		return client_fail(c, "GetCACert answers %ld as \"%s\"",
		    h->status, h->content_type);
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)h->body.n);
	if (!cms || p != h->body.p + h->body.n) {
		CMS_ContentInfo_free(cms);
		return client_fail(c, "GetCACert does not bring SignedData");
	}
	ca->all = CMS_get1_certs(cms);
	CMS_ContentInfo_free(cms);
	if (sk_X509_num(ca->all) != 4)
		return client_fail(c, "GetCACert brings %d certificates",
		    sk_X509_num(ca->all));
	ca->ra_sign = sk_X509_value(ca->all, 0);
	ca->ra_encrypt = sk_X509_value(ca->all, 1);
	ca->issuing = sk_X509_value(ca->all, 2);
	ca->root = sk_X509_value(ca->all, 3);
	return check_shape(c, ca);
}

int
client_ca_read(
    struct client *c, const struct client_http *h, struct client_ca *ca)
{
	memset(ca, 0, sizeof *ca);
	int rc = read_ca(c, h, ca);
	if (rc)
		client_ca_clear(ca);
	return rc;
}

int
client_ca_fetch(struct client *c, const char *url, struct client_ca *ca)
{
	char full[CLIENT_TEXT_MAX];
	struct client_http h;
	memset(ca, 0, sizeof *ca);
	snprintf(full, sizeof full, "%s?operation=GetCACert", url);
	int rc = client_get(c, full, NULL, &h);
	if (!rc)
		rc = client_ca_read(c, &h, ca);
	client_http_clear(&h);
	return rc;
}

int
client_trust(struct client *c, const struct client_ca *ca)
{
	char *text;
	BIO *bio = BIO_new(BIO_s_mem());
	free(c->tls_root_pem);
	c->tls_root_pem = NULL;
	if (bio && PEM_write_bio_X509(bio, ca->root)) {
		long n = BIO_get_mem_data(bio, &text);
		c->tls_root_pem = strndup(text, (size_t)n);
	}
	BIO_free(bio);
	return c->tls_root_pem ? 0 : client_fail(c, "cannot write the root");
}

/* ---- chains and CRLs ---- */

static int
uri_of(const GENERAL_NAME *name, char out[CLIENT_TEXT_MAX])
{
	if (name->type != GEN_URI)
		return -1;
	const ASN1_STRING *s = name->d.uniformResourceIdentifier;
	snprintf(out, CLIENT_TEXT_MAX, "%.*s", ASN1_STRING_length(s),
	    (const char *)ASN1_STRING_get0_data(s));
	return strncmp(out, "http://", 7) ? -1 : 0;
}

int
client_crl_url(struct client *c, X509 *x, char out[CLIENT_TEXT_MAX])
{
	int rc = -1;
	STACK_OF(DIST_POINT) *points =
	    X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; rc && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *dp = sk_DIST_POINT_value(points, i);
		if (!dp->distpoint || dp->distpoint->type != 0)
			continue;
		GENERAL_NAMES *names = dp->distpoint->name.fullname;
		for (int k = 0; rc && k < sk_GENERAL_NAME_num(names); k++)
			rc = uri_of(sk_GENERAL_NAME_value(names, k), out);
	}
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	return rc ? client_fail(c, "no CRL URL by HTTP") : 0;
}

int
client_aia_url(struct client *c, X509 *x, char out[CLIENT_TEXT_MAX])
{
	int rc = -1;
	AUTHORITY_INFO_ACCESS *aia =
	    X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
	for (int i = 0; rc && i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
		const ACCESS_DESCRIPTION *ad =
		    sk_ACCESS_DESCRIPTION_value(aia, i);
		if (OBJ_obj2nid(ad->method) == NID_ad_ca_issuers)
			rc = uri_of(ad->location, out);
	}
	AUTHORITY_INFO_ACCESS_free(aia);
	return rc ? client_fail(c, "no issuer URL by HTTP") : 0;
}

/* Fetch the CRL that x names into the store. */
static int
fetch_crl(struct client *c, X509 *x, X509_STORE *store)
{
	char url[CLIENT_TEXT_MAX];
	struct client_http h;
	if (client_crl_url(c, x, url))
		return -1;
	int rc = client_get(c, url, NULL, &h);
	if (!rc) {
		const unsigned char *p = h.body.p;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)h.body.n);
		if (h.status != 200 || !crl)
			rc =
			    client_fail(c, "no CRL at %s (%ld)", url, h.status);
		else
			X509_STORE_add_crl(store, crl);
		X509_CRL_free(crl);
	}
	client_http_clear(&h);
	return rc;
}

int
client_chain_verify(struct client *c, const struct client_ca *ca,
    X509 *certificate, bool with_crl)
{
	int rc = -1;
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	sk_X509_push(between, ca->issuing);
	X509_STORE_add_cert(store, ca->root);
	if (with_crl) {
		X509_STORE_set_flags(
		    store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
		if (fetch_crl(c, certificate, store) ||
		    fetch_crl(c, ca->issuing, store))
			goto out;
	}
	X509_STORE_CTX_init(ctx, store, certificate, between);
	if (X509_verify_cert(ctx) != 1)
		client_fail(c, "the chain does not verify: %s",
		    X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(ctx)));
	else
		rc = 0;
out:
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc;
}

/* ---- an enrolment ---- */

void
client_prepared_clear(struct client_prepared *p)
{
	client_bytes_clear(&p->csr);
	client_bytes_clear(&p->der);
	X509_free(p->own_signer);
	memset(p, 0, sizeof *p);
}

static X509 *
own_signer(struct client *c, const struct client_enrolment *e)
{
	struct client_cert spec = {
		.key = e->csr.key,
		.subject =
		    e->signer_subject ? e->signer_subject : e->csr.subject,
		.version1 = e->signer_version1,
	};
	return client_cert_make(c, &spec);
}

int
client_prepare(struct client *c, const struct client_enrolment *e,
    struct client_prepared *out)
{
	struct client_message *m = &out->message;
	memset(out, 0, sizeof *out);
	if (client_csr_make(c, &e->csr, &out->csr))
		goto bad;
	if (!e->signer && !(out->own_signer = own_signer(c, e)))
		goto bad;
	*m = (struct client_message){
		.type = e->type ? e->type : 19,
		.signer = e->signer ? e->signer : out->own_signer,
		.signer_key = e->signer ? e->signer_key : e->csr.key,
		.digest = e->digest ? e->digest : "SHA256",
		.pss = e->pss,
		.sigalg_with_digest = e->sigalg_with_digest,
		.recipients = { e->ca->ra_encrypt },
		.cipher = e->cipher ? e->cipher : "AES-128-CBC",
		.oaep = e->oaep,
		.recipient_by_ski = e->recipient_by_ski,
		.encoding = e->encoding,
		.content = out->csr,
	};
	for (int i = 0; e->all_recipients && i < CLIENT_RECIPIENTS_MAX; i++)
		m->recipients[i] = sk_X509_value(e->ca->all, i);
	client_message_freshen(m, out->transaction);
	if (e->transaction)
		m->transaction = e->transaction;
	if (client_message_make(c, m, &out->der))
		goto bad;
	return 0;
bad:
	client_prepared_clear(out);
	return -1;
}

static int
send_get(struct client *c, struct client_enrolment *e,
    const struct client_bytes *message, struct client_http *h)
{
	char agent[CLIENT_TEXT_MAX];
	const char *headers[] = { NULL, NULL };
	struct client_bytes url = { 0 };
	if (e->user_agent) {
		snprintf(agent, sizeof agent, "User-Agent: %s", e->user_agent);
		headers[0] = agent;
	}
	int rc = -1;
	if (!client_bytes_add(&url, e->url, strlen(e->url)) &&
	    !client_query(c, message, e->spelling, &url))
		rc = client_get(c, (const char *)url.p, headers, h);
	e->url_bytes = url.n;
	client_bytes_clear(&url);
	return rc;
}

static int
send_post(struct client *c, struct client_enrolment *e,
    const struct client_bytes *message, struct client_http *h)
{
	char url[CLIENT_TEXT_MAX];
	snprintf(url, sizeof url, "%s?operation=PKIOperation", e->url);
	return client_post(c, url, e->content_type, message, h);
}

int
client_enrol(
    struct client *c, struct client_enrolment *e, struct client_certrep *out)
{
	struct client_prepared p;
	struct client_http h = { 0 };
	e->http_status = 0;
	if (client_prepare(c, e, &p))
		return -1;
	int rc = e->by_get ? send_get(c, e, &p.der, &h)
			   : send_post(c, e, &p.der, &h);
	e->http_status = h.status;
	if (!rc &&
	    (h.status != 200 ||
		strcmp(h.content_type, "application/x-pki-message") != 0))
		rc = client_fail(c, "PKIOperation answers %ld as \"%s\"",
		    h.status, h.content_type);
	struct client_expect expect = {
		.message = &p.message, .ca = e->ca, .csr_key = e->csr.key
	};
	if (!rc)
		rc = client_certrep_read(c, &expect, &h.body, out);
	client_http_clear(&h);
	client_prepared_clear(&p);
	return rc;
}
