/* SPDX-License-Identifier: MIT */
/* Rules about connections, judged when one is accepted; there is no request yet. */
#include <stdlib.h>

#include "server/faults.h"
#include "server/inside.h"
#include "server/record.h"

#define MEMORY_MAX ((size_t)1 << 16)
#define PEM_MAX ((size_t)1 << 20)

/* What rules do with the TLS certificate of one material, done when first wanted. */
struct tls_variants {
	pthread_mutex_t lock;
	struct material *material; /* one reference; NULL: none yet */
	struct buf chain[CA_TLS_KINDS];
	struct holdings *
	    revoked_in; /* one reference: its store has the revocation; NULL: none */
};

struct tls_variants *
enter_variants_new(void)
{
	struct tls_variants *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	pthread_mutex_init(&v->lock, NULL);
	for (int i = 0; i < CA_TLS_KINDS; i++)
		buf_init(&v->chain[i], PEM_MAX);
	return v;
}

static void
forget(struct tls_variants *v)
{
	for (int i = 0; i < CA_TLS_KINDS; i++)
		buf_clear(&v->chain[i]);
	material_unref(v->material);
	holdings_unref(v->revoked_in);
	v->material = NULL;
	v->revoked_in = NULL;
}

void
enter_variants_free(struct tls_variants *v)
{
	if (v == NULL)
		return;
	forget(v);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static int
make(struct server *s, struct site_snapshot *now, enum ca_tls_kind kind,
    struct buf *out, struct err *e)
{
	struct pki_ctx *ctx = pki_ctx_new(s->lib, e);
	int rc;

	if (ctx == NULL)
		return -1;
	rc = ca_tls_variant(
	    ctx, now->dep.material, kind, env_now(now->dep.env), out, e);
	if (rc == 0 && !buf_ok(out))
		rc = err_set(e, ERR_MEMORY, "no memory for a certificate");
	pki_ctx_free(ctx);
	return rc;
}

/* What was of another material is gone. The lock is held. */
static void
follow(struct tls_variants *v, const struct site_snapshot *now)
{
	if (v->material == now->material)
		return;
	forget(v);
	v->material = material_ref(now->material);
}

/* The chain, in memory of the caller's arena. */
static const char *
variant(struct server *s, struct site_snapshot *now, enum ca_tls_kind kind,
    struct arena *arena, struct err *e)
{
	struct tls_variants *v = s->variants;
	const char *text = NULL;

	pthread_mutex_lock(&v->lock);
	follow(v, now);
	if (v->chain[kind].n > 0 || make(s, now, kind, &v->chain[kind], e) == 0)
		text = arena_str(arena, buf_bytes(&v->chain[kind]));
	else
		buf_clear(&v->chain[kind]);
	pthread_mutex_unlock(&v->lock);
	return text;
}

static bool
kind_of(enum fault_tls_cert cert, enum ca_tls_kind *kind)
{
	static const struct {
		enum fault_tls_cert cert;
		enum ca_tls_kind kind;
	} rows[] = {
		{ FAULT_TLS_EXPIRED, CA_TLS_EXPIRED },
		{ FAULT_TLS_NOT_YET, CA_TLS_NOT_YET },
		{ FAULT_TLS_SELF_SIGNED, CA_TLS_SELF_SIGNED },
		{ FAULT_TLS_WRONG_NAME, CA_TLS_WRONG_NAME },
		{ FAULT_TLS_UNTRUSTED, CA_TLS_UNTRUSTED },
		{ FAULT_TLS_LEAF_ONLY, CA_TLS_LEAF_ONLY },
		{ FAULT_TLS_NEXT, CA_TLS_NEXT },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		if (rows[i].cert == cert) {
			*kind = rows[i].kind;
			return true;
		}
	}
	return false;
}

/* The certificate that clients are shown goes on the CRL; once is enough, for the database is slow. */
static void
revoke(struct server *s, struct site_snapshot *now)
{
	const struct pki_cert *tls =
	    ca_material_cert(now->dep.material, CA_TLS);
	struct tls_variants *v = s->variants;
	struct err e = { 0 };

	pthread_mutex_lock(&v->lock);
	follow(v, now);
	if (v->revoked_in != now->holdings) {
		holdings_unref(v->revoked_in);
		v->revoked_in = NULL;
		if (site_revoke(now, tls, env_now(now->dep.env), &e) == 0)
			v->revoked_in = holdings_ref(now->holdings);
		else
			log_say(&s->log, LOG_ERROR, "%s", e.text);
	}
	pthread_mutex_unlock(&v->lock);
}

static void
set_tls(struct server *s, struct site_snapshot *now, const struct fault_tls *t,
    struct arena *arena, struct http_entry *entry)
{
	enum ca_tls_kind kind;
	struct err e = { 0 };

	if (t->certificate == FAULT_TLS_REVOKED)
		revoke(s, now);
	else if (kind_of(t->certificate, &kind)) {
		entry->chain_pem = variant(s, now, kind, arena, &e);
		entry->key_pem = ca_material_tls_key_pem(now->dep.material);
		if (entry->chain_pem == NULL)
			log_say(&s->log, LOG_ERROR, "%s", e.text);
	}
	if (t->minimum != -1 || t->maximum != -1) {
		entry->has_versions = true;
		entry->minimum = t->minimum == -1
		    ? HTTP_TLS_1_0
		    : (enum http_tls_version)t->minimum;
		entry->maximum = t->maximum == -1
		    ? HTTP_TLS_1_3
		    : (enum http_tls_version)t->maximum;
	}
	entry->has_client = t->client_certificate != -1;
	entry->client = entry->has_client
	    ? (enum http_tls_client)t->client_certificate
	    : HTTP_TLS_CLIENT_NONE;
	entry->has_alert = t->alert != -1;
	entry->alert = entry->has_alert ? (uint8_t)t->alert : 0;
	entry->cut = (enum http_tls_cut)t->cut;
	entry->cut_how = t->cut_how == FAULT_CUT_RESET ? WIRE_CUT_RESET
	    : t->cut_how == FAULT_CUT_CLOSE            ? WIRE_CUT_CLOSE
						       : WIRE_CUT_STALL;
	entry->plain = t->plain;
	entry->no_close_notify = t->no_close_notify;
}

static void
set_entry(struct server *s, struct site_snapshot *now,
    const struct rule_choice *choice, bool tls, struct arena *arena,
    struct http_entry *entry)
{
	const struct fault *f = choice->fault;

	entry->delay_ms = fault_wait_ms(&f->wait, choice->draw);
	if (f->cut_at == FAULT_AT_ACCEPT)
		entry->act = f->cut_how == FAULT_CUT_RESET ? WIRE_RESET
		    : f->cut_how == FAULT_CUT_STALL        ? WIRE_SILENT
							   : WIRE_CLOSE;
	if (f->tls.on && tls)
		set_tls(s, now, &f->tls, arena, entry);
}

static void
tell(struct server *s, struct site_snapshot *now, const char *peer, bool tls,
    const struct rule_choice *choice)
{
	struct buf line;

	buf_init(&line, 2048);
	buf_addf(&line, "connection from %s to the %s port [", peer,
	    tls ? "HTTPS" : "HTTP");
	rule_choice_print(choice, &line);
	log_say(&s->log, LOG_INFO, "%s; again: %s]", buf_str(&line),
	    now->plan->repeat);
	buf_clear(&line);
}

/* What becomes of the connection, as the journal says it. */
static const char *
end_words(const struct http_entry *entry)
{
	const char *name = record_act_name(entry->act);

	if (name != NULL)
		return name;
	if (entry->has_alert || entry->cut != HTTP_TLS_WHOLE)
		return "cut";
	return "taken";
}

void
server_enter(struct server *s, struct arena *arena, const char *peer,
    uint16_t peer_port, bool tls, struct http_entry *entry)
{
	struct site_snapshot *now = site_acquire(s->site);
	struct rule_choice choice = { 0 };
	struct facts f = { .stage = FACT_AT_ARRIVAL };

	if (now->plan != NULL && now->plan->counters != NULL) {
		facts_text(&f, FACT_CLIENT, bytes_str(peer));
		facts_text(&f, FACT_SCHEME, bytes_str(tls ? "https" : "http"));
		facts_text(&f, FACT_SESSION, bytes_str(""));
		rule_choose(
		    now->plan->counters, &f, true, true, arena, &choice);
	}
	if (choice.rule != NULL) {
		set_entry(s, now, &choice, tls, arena, entry);
		tell(s, now, peer, tls, &choice);
		if (s->journal != NULL)
			record_connection(s->journal, &f, peer_port, &choice,
			    end_words(entry), now->plan->repeat);
	}
	site_release(now);
}
