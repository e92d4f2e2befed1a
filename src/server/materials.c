/* SPDX-License-Identifier: MIT */
/* Minted material, kept by what of the model it depends on. */
#include "server/materials.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY INT64_C(86400)
#define KEPT_MAX 32 /* ways to ask; beyond it the oldest but the first goes */

struct material {
	atomic_uint refs;
	struct material *shared; /* a view's: what it is a view of; else NULL */
	struct ca_material *minted; /* owned */
};

/* What of a model material depends on. */
struct asked {
	int signing, encryption, issuer, root, tls;
	bool listed;
};

struct materials {
	struct materials_options options;
	pthread_mutex_t lock; /* of all below */
	struct {
		struct asked asked;
		struct material *material;
	} kept[KEPT_MAX];
	size_t count;
};

struct materials *
materials_new(const struct materials_options *options, struct err *e)
{
	struct materials *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for certificates");
		return NULL;
	}
	m->options = *options;
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

void
materials_free(struct materials *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		material_unref(m->kept[i].material);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

struct material *
material_ref(struct material *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

void
material_unref(struct material *m)
{
	if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
		return;
	ca_material_free(m->minted);
	material_unref(m->shared);
	free(m);
}

const struct ca_material *
material_get(const struct material *m)
{
	return m->minted;
}

/* ---- what is asked for ---- */

static struct asked
asked_by(const struct host *host)
{
	return (struct asked){
		.signing = host->ra.signing,
		.encryption = host->ra.encryption,
		.issuer = host->ra.issuer,
		.listed = host->ra.listed,
		.root = host->ca.root,
		.tls = host->tls.certificate,
	};
}

static bool
same(const struct asked *a, const struct asked *b)
{
	return a->signing == b->signing && a->encryption == b->encryption &&
	    a->issuer == b->issuer && a->listed == b->listed &&
	    a->root == b->root && a->tls == b->tls;
}

bool
material_same(const struct host *a, const struct host *b)
{
	struct asked one = asked_by(a), other = asked_by(b);

	return same(&one, &other);
}

/* ---- minting ---- */

/* The dates of an RA certificate that the model calls expired: two years that ended yesterday. */
static struct ca_validity
ra_validity(int state, int64_t now)
{
	if (state == HOST_CERT_EXPIRED)
		return (struct ca_validity){ now - 731 * DAY, now - DAY };
	return (struct ca_validity){ 0, 0 };
}

static struct ca_validity
tls_validity(int state, int64_t now)
{
	if (state == HOST_TLS_EXPIRED)
		return (struct ca_validity){ now - 366 * DAY, now - DAY };
	return (struct ca_validity){ 0, 0 };
}

static int
mint(struct ca_material **out, const struct materials_options *o,
    const struct asked *a, struct err *e)
{
	int64_t now = env_now(o->env);
	struct ca_material_spec spec = {
		.keys = o->keys,
		.hostname = o->hostname,
		.url_base = o->url_base,
		.now = now,
		.ra_sign = ra_validity(a->signing, now),
		.ra_encrypt = ra_validity(a->encryption, now),
		.tls = tls_validity(a->tls, now),
		.ra_by_old_ca = a->issuer == HOST_RA_OLD_CA,
		.ra_unlisted = !a->listed,
		.root_replaced = a->root == HOST_ROOT_REPLACED,
		.tls_wrong_name = a->tls == HOST_TLS_WRONG_NAME,
		.tls_untrusted = a->tls == HOST_TLS_UNTRUSTED,
	};
	struct pki_ctx *ctx = pki_ctx_new(o->lib, e);
	int rc = -1;

	if (ctx != NULL)
		rc = ca_material_mint(out, ctx, &spec, o->env, e);
	pki_ctx_free(ctx);
	return rc;
}

static struct material *
material_new(struct err *e)
{
	struct material *m = calloc(1, sizeof(*m));

	if (m == NULL)
		(void)err_set(e, ERR_MEMORY, "no memory for certificates");
	else
		atomic_init(&m->refs, 1);
	return m;
}

/* ---- keeping ---- */

/* The first stays: it is what the server began with. */
static void
make_room(struct materials *m)
{
	if (m->count < KEPT_MAX)
		return;
	material_unref(m->kept[1].material);
	memmove(&m->kept[1], &m->kept[2], (KEPT_MAX - 2) * sizeof(m->kept[0]));
	m->count--;
}

/* The lock is held. A reference, or NULL. */
static struct material *
find_or_mint(struct materials *m, const struct asked *a, struct err *e)
{
	struct material *made;

	for (size_t i = 0; i < m->count; i++) {
		if (same(&m->kept[i].asked, a))
			return material_ref(m->kept[i].material);
	}
	made = material_new(e);
	if (made == NULL)
		return NULL;
	if (mint(&made->minted, &m->options, a, e) == -1) {
		material_unref(made);
		return NULL;
	}
	make_room(m);
	m->kept[m->count].asked = *a;
	m->kept[m->count++].material = material_ref(made);
	return made;
}

/* Takes over shared. */
static struct material *
view_of(const struct materials *m, struct material *shared, const char *prefix,
    struct err *e)
{
	struct material *view = material_new(e);
	char *base = NULL;

	if (view == NULL) {
		material_unref(shared);
		return NULL;
	}
	view->shared = shared;
	if (asprintf(&base, "%s%s", m->options.url_base, prefix) == -1) {
		base = NULL;
		(void)err_set(e, ERR_MEMORY, "no memory for certificates");
	} else {
		view->minted = ca_material_view(shared->minted, base, e);
	}
	free(base);
	if (view->minted != NULL)
		return view;
	material_unref(view);
	return NULL;
}

struct material *
materials_get(struct materials *m, const struct host *host, const char *prefix,
    struct err *e)
{
	struct asked a = asked_by(host);
	struct material *found;

	pthread_mutex_lock(&m->lock);
	found = find_or_mint(m, &a, e);
	pthread_mutex_unlock(&m->lock);
	if (found == NULL || prefix[0] == '\0')
		return found;
	return view_of(m, found, prefix, e);
}
