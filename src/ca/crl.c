/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists: made when asked for, kept while they hold. The revoked
 * set is the store's.
 */
#include <stdlib.h>

#include "ca/impl.h"
#include "ca/parts.h"

#define WEEK_S INT64_C(604800)
#define BACKDATE_S INT64_C(600) /* AD CS dates its lists ten minutes back */
#define ENTRIES_MAX 1000000

/* The revoked certificates; serials lend from bytes. */
struct revoked {
	struct buf serials; /* one length octet and the serial, each */
	struct pki_crl_entry *entries;
	size_t n, cap;
	bool failed;
};

static bool
revoked_grow(struct revoked *r)
{
	size_t cap = r->cap == 0 ? 64 : r->cap * 2;
	struct pki_crl_entry *p;

	if (r->n < r->cap)
		return true;
	if (r->n >= ENTRIES_MAX)
		return false;
	p = realloc(r->entries, cap * sizeof(*p));
	if (p == NULL)
		return false;
	r->entries = p;
	r->cap = cap;
	return true;
}

/* The store's span lives for this call only, so the serial is copied. */
static bool
revoked_add(void *ctx, struct bytes serial, int64_t at, int reason)
{
	struct revoked *r = ctx;

	if (serial.n > UINT8_MAX || !revoked_grow(r)) {
		r->failed = true;
		return false;
	}
	buf_add_byte(&r->serials, (uint8_t)serial.n);
	buf_add(&r->serials, serial);
	r->entries[r->n++] =
	    (struct pki_crl_entry){ .revoked_at = at, .reason = reason };
	return true;
}

/* Once the buffer moves no more, the entries can point into it. */
static void
revoked_settle(struct revoked *r)
{
	const uint8_t *p = r->serials.p;

	for (size_t i = 0; i < r->n; i++) {
		r->entries[i].serial = bytes_of(p + 1, *p);
		p += 1 + *p;
	}
}

static int
revoked_read(struct revoked *r, struct store *store, struct err *e)
{
	if (store_revoked_each(store, revoked_add, r, e) == -1)
		return -1;
	if (r->failed || !buf_ok(&r->serials))
		return err_set(e, ERR_LIMIT, "no room for the CRL's entries");
	revoked_settle(r);
	return 0;
}

/* ---- the kept copy ---- */

static bool
copy_holds(const struct ca_crl_copy *copy, const struct ca_material *m,
    uint64_t revision, int64_t now)
{
	return copy->der.n > 0 && copy->revision == revision &&
	    memcmp(copy->made_with, m->sha256, sizeof(m->sha256)) == 0 &&
	    now >= copy->made_at && now < copy->made_at + WEEK_S / 2;
}

static bool
copy_lend(struct ca *ca, const struct ca_crl_copy *copy,
    const struct ca_material *m, uint64_t revision, int64_t now,
    struct buf *out)
{
	pthread_mutex_lock(&ca->crl_lock);
	bool holds = copy_holds(copy, m, revision, now);
	if (holds)
		buf_add(out, buf_bytes(&copy->der));
	pthread_mutex_unlock(&ca->crl_lock);
	return holds;
}

/* Memory that ran out here costs a signature next time, no more. */
static void
copy_keep(struct ca *ca, struct ca_crl_copy *copy, const struct ca_material *m,
    uint64_t revision, int64_t now, struct bytes der)
{
	pthread_mutex_lock(&ca->crl_lock);
	size_t max = copy->der.max;
	buf_clear(&copy->der);
	buf_init(&copy->der, max);
	buf_add(&copy->der, der);
	if (!buf_ok(&copy->der)) {
		buf_clear(&copy->der);
		buf_init(&copy->der, max);
	}
	memcpy(copy->made_with, m->sha256, sizeof(copy->made_with));
	copy->revision = revision;
	copy->made_at = now;
	pthread_mutex_unlock(&ca->crl_lock);
}

/*
 * Two lists made at different times need different, growing numbers (RFC 5280
 * 5.2.3), also after a restart and when nothing was revoked in between.
 * Time and revision only grow, so their sum does.
 */
static uint64_t
crl_number(uint64_t revision, int64_t now)
{
	return (now > 0 ? (uint64_t)now : 0) + revision;
}

struct listing {
	enum ca_role issuer;
	uint64_t revision;
	int64_t now;
	const struct revoked *revoked;
};

static int
sign_list(struct pki_ctx *ctx, const struct ca_material *m,
    const struct listing *l, struct buf *out, struct err *e)
{
	struct pki_crl_spec spec = {
		.issuer = ca_material_cert(m, l->issuer)->subject,
		.aki = ca_material_authority_id(m, l->issuer),
		.this_update = l->now - BACKDATE_S,
		.next_update = l->now + WEEK_S,
		.number = crl_number(l->revision, l->now),
		.entries = l->revoked->entries,
		.entry_count = l->revoked->n,
		.digest = PKI_SHA256,
	};

	return pki_crl_make(ctx, &spec, ca_material_key(m, l->issuer), out, e);
}

/* Sign a new list, keep it, hand it out. */
static int
renew(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    struct ca_crl_copy *copy, const struct listing *l, struct buf *out,
    struct err *e)
{
	struct buf der;
	int result = -1;

	buf_init(&der, copy->der.max);
	if (sign_list(ctx, m, l, &der, e) == -1)
		goto out;
	copy_keep(ca, copy, m, l->revision, l->now, buf_bytes(&der));
	buf_add(out, buf_bytes(&der));
	result = 0;
out:
	buf_clear(&der);
	return result;
}

int
ca_crl(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    struct buf *out, struct err *e)
{
	struct revoked revoked = { 0 };
	struct listing l = {
		.issuer = CA_ISSUING,
		.now = env_now(ca->env),
		.revoked = &revoked,
	};
	uint64_t certs;
	int result = -1;

	/*
	 * The revision is read before the set: should it change in between, the
	 * list is younger than it says and is only made anew too early.
	 */
	if (store_counts(ca->store, &certs, &l.revision, e) == -1)
		return -1;
	buf_init(&revoked.serials, (size_t)ENTRIES_MAX * 32);
	if (copy_lend(ca, &ca->crl, m, l.revision, l.now, out))
		result = 0;
	else if (revoked_read(&revoked, ca->store, e) == 0)
		result = renew(ca, ctx, m, &ca->crl, &l, out, e);
	if (result == 0 && !buf_ok(out))
		result = err_set(e, ERR_MEMORY, "no room for the CRL");
	free(revoked.entries);
	buf_clear(&revoked.serials);
	return result;
}

int
ca_root_crl(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    struct buf *out, struct err *e)
{
	struct revoked none = { 0 };
	struct listing l = {
		.issuer = CA_ROOT,
		.now = env_now(ca->env),
		.revoked = &none,
	};
	int result = 0;

	if (!copy_lend(ca, &ca->root_crl, m, 0, l.now, out))
		result = renew(ca, ctx, m, &ca->root_crl, &l, out, e);
	if (result == 0 && !buf_ok(out))
		result = err_set(e, ERR_MEMORY, "no room for the CRL");
	return result;
}

int
ca_aged_crl(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    enum ca_role issuer, int64_t age_s, struct buf *out, struct err *e)
{
	struct revoked revoked = { 0 };
	struct listing l = {
		.issuer = issuer,
		.now = env_now(ca->env) - age_s,
		.revoked = &revoked,
	};
	int result = 0;

	buf_init(&revoked.serials, (size_t)ENTRIES_MAX * 32);
	if (issuer == CA_ISSUING)
		result = revoked_read(&revoked, ca->store, e);
	if (result == 0)
		result = sign_list(ctx, m, &l, out, e);
	free(revoked.entries);
	buf_clear(&revoked.serials);
	return result;
}
