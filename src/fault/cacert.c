/* SPDX-License-Identifier: MIT */
/* Bundles of certificates: the answer to GetCACert, and what a CertRep holds. */
#include "fault/certs.h"

#include "fault/draw.h"

#define BUNDLE_MAX ((size_t)32 << 20)
enum { DRAW_SHUFFLE = 6, DRAW_UNRELATED = 100 };

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for certificates");
}

static int
one(const struct fault_cert *c, const struct fault_site *s, size_t nth,
    struct bytes *out, struct err *e)
{
	const struct pki_key *key;
	struct pki_cert cert;

	switch (c->ref) {
	case FAULT_CERT_ISSUED:
		*out = s->issued;
		return 0;
	case FAULT_CERT_UNRELATED:
		return ca_unrelated(s->ctx, s->material,
		    draw_more(s->draw, DRAW_UNRELATED + nth), s->now_ms / 1000,
		    s->arena, out, e);
	case FAULT_CERT_ROLE:
		break;
	}
	if (ca_twisted_role(s->ctx, s->material, c->role, c->twist,
		s->now_ms / 1000, s->arena, &cert, &key, e) == -1)
		return -1;
	*out = cert.der;
	return 0;
}

int
fault_certs(const struct fault_cert *certs, size_t count,
    const struct fault_site *s, struct bytes **out, size_t *n, struct err *e)
{
	size_t room = 1;

	*n = 0;
	for (size_t i = 0; i < count; i++)
		room += certs[i].repeat == 0 ? 1 : certs[i].repeat;
	*out = arena_alloc(s->arena, room * sizeof(**out));
	if (*out == NULL)
		return no_memory(e);
	for (size_t i = 0; i < count; i++) {
		unsigned times = certs[i].repeat == 0 ? 1 : certs[i].repeat;
		bool each = certs[i].ref == FAULT_CERT_UNRELATED;

		for (unsigned k = 0; k < times; k++) {
			if (k > 0 && !each)
				(*out)[*n] = (*out)[*n - 1];
			else if (one(&certs[i], s, *n, &(*out)[*n], e) == -1)
				return -1;
			if ((*out)[*n].p == NULL)
				break; /* nothing was issued */
			++*n;
		}
	}
	return 0;
}

/* ---- GetCACert ---- */

/* The deployment's own, as it lists them. */
static const struct fault_cert honest[] = {
	{ FAULT_CERT_ROLE, CA_RA_SIGN, NULL, 0 },
	{ FAULT_CERT_ROLE, CA_RA_ENCRYPT, NULL, 0 },
	{ FAULT_CERT_ROLE, CA_ISSUING, NULL, 0 },
	{ FAULT_CERT_ROLE, CA_ROOT, NULL, 0 },
};

static void
shuffle(struct bytes *list, size_t n, uint64_t d)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)draw_below(draw_more(d, i), i);
		struct bytes t = list[k];

		list[k] = list[i - 1];
		list[i - 1] = t;
	}
}

static void
write_bundle(const struct fault_cacert *c, const struct bytes *list, size_t n,
    struct buf *out, struct err *e)
{
	switch (c->form) {
	case FAULT_CHAIN:
	case FAULT_EMPTY_CHAIN:
		if (scep_certs_only(list, c->form == FAULT_EMPTY_CHAIN ? 0 : n,
			bytes_of(NULL, 0), out, e) == -1)
			out->failed = true;
		return;
	case FAULT_SINGLE:
		if (n > 0)
			buf_add(out, list[0]);
		return;
	case FAULT_PEM:
		for (size_t i = 0; i < n; i++)
			pki_pem(out, "CERTIFICATE", list[i]);
		return;
	case FAULT_RAW_CONCAT:
		for (size_t i = 0; i < n; i++)
			buf_add(out, list[i]);
		return;
	case FAULT_EMPTY_BODY:
		return;
	}
}

static const char *
content_type(const struct fault_cacert *c)
{
	if (c->keep_content_type)
		return NULL;
	switch (c->form) {
	case FAULT_SINGLE:
		return "application/x-x509-ca-cert";
	case FAULT_PEM:
		return "application/x-pem-file";
	case FAULT_CHAIN:
	case FAULT_EMPTY_CHAIN:
	case FAULT_RAW_CONCAT:
	case FAULT_EMPTY_BODY:
		break;
	}
	return NULL;
}

int
fault_edit_cacert(const struct fault *f, const struct fault_site *s,
    struct bytes *body, const char **type, struct err *e)
{
	const struct fault_cacert *c = &f->cacert;
	struct bytes *list;
	struct buf b;
	size_t n;
	int rc = 0;

	if (fault_certs(c->has_certs ? c->certs : honest,
		c->has_certs ? c->cert_count : nitems(honest), s, &list, &n,
		e) == -1)
		return -1;
	if (c->shuffle)
		shuffle(list, n, draw_more(s->draw, DRAW_SHUFFLE));
	buf_init(&b, BUNDLE_MAX);
	write_bundle(c, list, n, &b, e);
	*body = buf_ok(&b) ? arena_copy(s->arena, buf_bytes(&b))
			   : bytes_of(NULL, 0);
	if (body->p == NULL)
		rc = no_memory(e);
	buf_clear(&b);
	*type = content_type(c);
	return rc;
}
