/* SPDX-License-Identifier: MIT */
/* Filling the journal from exchanges. Texts that are made for it live in the exchange's arena. */
#include "server/record.h"

#include <stdlib.h>

#include "base/text.h"
#include "server/findings.h"

#define TEXT_MAX ((size_t)64 << 10)

/* A text made in b, kept in the arena; NULL when it is empty or could not be. */
static const char *
kept(struct arena *a, struct buf *b)
{
	const char *text =
	    buf_ok(b) && b->n > 0 ? arena_str(a, buf_bytes(b)) : NULL;

	buf_clear(b);
	return text;
}

void
record_open(struct record *r, struct journal *journal,
    const struct ndes_exchange *x, const struct exchange_fault *f,
    const char *site)
{
	const struct journal_receipt receipt = {
		.site = site,
		.received_ms = x->rq.received_ms,
		.peer_port = x->rq.peer_port,
		.target = x->rq.target,
		.prefix = x->url_prefix,
		.facts = &f->facts,
	};

	*r = (struct record){ 0 };
	if (journal == NULL)
		return;
	r->journal = journal;
	r->started_us = x->started_us;
	r->slot = journal_open(journal, &receipt);
}

/* ---- the message ---- */

bool
record_wants_message(const struct record *r, const struct ndes_exchange *x)
{
	return r->slot != NULL && x->op == NDES_OP_PKIOPERATION &&
	    x->message_der.p == NULL &&
	    (x->rq.body.n > 0 || x->message_text.n > 0);
}

void
record_read_message(
    struct ndes_exchange *x, struct exchange_fault *f, struct pki_ctx *ctx)
{
	struct err e = { 0 };

	if (ndes_pki_read(x, ctx, &e) == 0)
		faults_know_message(f, x);
}

static void
set_message(struct journal_answer *a, const struct ndes_exchange *x)
{
	const struct scep_message *m = &x->message;

	a->message = x->message_der;
	if (x->message_der.n == 0)
		return;
	a->read_up_to = scep_stage_name(m->stage);
	a->stopped_at = m->stopped_at;
	a->verdict_why = m->what;
	a->sender_nonce = m->sender_nonce;
	if (m->has_csr)
		a->csr = m->csr.der;
	if (x->outcome.challenge != CHALLENGE_NOT_LOOKED_AT)
		a->challenge_state = challenge_state_name(x->outcome.challenge);
}

/* ---- the deployment ---- */

static bool
went_through(const struct ndes_exchange *x, enum ndes_layer layer)
{
	bool enrols = x->op == NDES_OP_PKIOPERATION &&
	    (x->outcome.decision == NDES_ISSUED ||
		x->answered_by >= NDES_LAYER_POLICY_MODULE);

	switch (layer) {
	case NDES_LAYER_APP_PROXY:
		return x->host->app_proxy.in_use;
	case NDES_LAYER_WORKER_PROCESS:
		return x->scep_app;
	case NDES_LAYER_POLICY_MODULE:
		return enrols && host_policy_active(x->host) &&
		    !x->outcome.renewal;
	case NDES_LAYER_CA:
		return enrols;
	case NDES_LAYER_NONE:
	case NDES_LAYER_NETWORK:
	case NDES_LAYER_HTTP_SYS:
	case NDES_LAYER_IIS:
	case NDES_LAYER_MSCEP:
	case NDES_LAYERS:
		break;
	}
	return true;
}

static void
set_layers(struct journal_answer *a, const struct ndes_exchange *x)
{
	int last = (int)x->answered_by;

	if (x->outcome.decision == NDES_ISSUED)
		last = NDES_LAYER_CA;
	for (int i = NDES_LAYER_NETWORK; i <= last; i++) {
		if (i == last || went_through(x, (enum ndes_layer)i))
			a->layers[a->layer_count++] =
			    ndes_layer_name((enum ndes_layer)i);
	}
}

static void
set_deployment(struct journal_answer *a, struct ndes_exchange *x)
{
	const struct host_key *key =
	    x->key == NULL ? NULL : host_key_find(bytes_str(x->key));
	struct buf b;

	set_layers(a, x);
	a->why = x->why != NULL && x->why[0] != '\0' ? x->why : NULL;
	a->event_id = x->outcome.event_id;
	a->hresult = x->outcome.hresult;
	if (key == NULL)
		return;
	buf_init(&b, TEXT_MAX);
	host_get(x->host, key, &b);
	a->host_key = x->key;
	a->host_value = kept(&x->arena, &b);
	a->host_doc = key->doc;
}

/* The serial number and subject of what the CA issued and kept. */
static void
set_certificate(
    struct journal_answer *a, struct ndes_exchange *x, struct facts *facts)
{
	struct asn1_fault fault = { 0 };
	struct pki_cert cert;
	const char *serial;
	struct buf b;

	if (x->outcome.decision != NDES_ISSUED || x->dry ||
	    !pki_cert_parse(&cert, buf_bytes(&x->outcome.ca.der), &fault))
		return;
	buf_init(&b, TEXT_MAX);
	text_hex(&b, cert.serial, false);
	serial = kept(&x->arena, &b);
	if (serial != NULL)
		facts_text(facts, FACT_SERIAL, bytes_str(serial));
	buf_init(&b, TEXT_MAX);
	pki_name_text(&b, cert.subject);
	a->certificate_subject = kept(&x->arena, &b);
	if (a->certificate_subject == NULL)
		a->certificate_subject = "";
}

/* ---- rules ---- */

/* The first condition that failed. */
static const char *
why_not(const struct rule_try *t, const struct facts *f, struct arena *arena)
{
	struct buf b;

	if (t->verdict != RULE_OTHER)
		return NULL;
	buf_init(&b, TEXT_MAX);
	when_explain(t->rule->when, f, &b);
	return kept(arena, &b);
}

static void
add_try(struct journal_answer *a, struct journal_try *tries,
    const struct rule_try *t, const struct facts *f, struct arena *arena)
{
	tries[a->try_count++] = (struct journal_try){
		.rule = t->rule->id,
		.verdict = rule_verdict_name(t->verdict),
		.why = why_not(t, f, arena),
		.n = t->n,
		.drawn = t->drawn,
		.draw_ppm = t->draw_ppm,
		.chance_ppm = t->rule->chance_ppm,
	};
}

/*
 * All rules of a short list up to the one that applied, also those that the
 * choice passed over because of their op; of a long one those that it looked
 * at.
 */
static void
set_all_tries(struct journal_answer *a, struct journal_try *tries,
    const struct rule_choice *choice, const struct rules *rules,
    const struct facts *f, struct arena *arena)
{
	size_t looked = 0;

	for (size_t i = 0; i < rules_count(rules); i++) {
		struct rule_try t = { .rule = rules_get(rules, i),
			.verdict = RULE_OTHER };

		if (looked < choice->try_count &&
		    choice->tries[looked].rule == t.rule)
			t = choice->tries[looked++];
		else if (t.rule->at_connection)
			continue;
		else if (t.rule->disabled)
			t.verdict = RULE_DISABLED;
		add_try(a, tries, &t, f, arena);
		if (t.rule == choice->rule)
			return;
	}
}

static void
set_tries(struct journal_answer *a, const struct rule_choice *choice,
    const struct rules *rules, const struct facts *f, struct arena *arena)
{
	bool all = rules_count(rules) <= RULE_TRIES_MAX;
	struct journal_try *tries;

	if (rules_count(rules) == 0)
		return;
	tries = arena_alloc(arena, RULE_TRIES_MAX * sizeof(*tries));
	if (tries == NULL)
		return;
	a->tries = tries;
	if (all) {
		set_all_tries(a, tries, choice, rules, f, arena);
		return;
	}
	for (size_t i = 0; i < choice->try_count; i++)
		add_try(a, tries, &choice->tries[i], f, arena);
	a->tries_more = choice->tries_more;
}

static void
set_choice(struct journal_answer *a, const struct rule_choice *choice,
    const char *repeat, struct arena *arena, struct facts *facts)
{
	struct buf b;

	if (choice->rule == NULL)
		return;
	facts_text(facts, FACT_RULE, bytes_str(choice->rule->id));
	a->step = choice->rule->step_count > 1 ? choice->step + 1 : 0;
	a->repeat = repeat;
	buf_init(&b, TEXT_MAX);
	rule_choice_print(choice, &b);
	a->draw = kept(arena, &b);
}

static void
set_rules(
    struct journal_answer *a, struct ndes_exchange *x, struct exchange_fault *f)
{
	struct buf b;

	a->commit = f->commits;
	/* What is absent now stays so. */
	f->facts.stage = FACT_AT_ANSWER;
	set_tries(a, &f->choice, f->plan == NULL ? NULL : f->plan->rules,
	    &f->facts, &x->arena);
	set_choice(a, &f->choice, f->plan == NULL ? NULL : f->plan->repeat,
	    &x->arena, &f->facts);
	if (f->choice.rule == NULL)
		return;
	buf_init(&b, TEXT_MAX);
	faults_change(f, x, &b);
	a->did = kept(&x->arena, &b);
}

/* ---- the reply ---- */

static bool
is_sent(const struct http_reply *r)
{
	return r->wire.act == WIRE_PLAY && r->status != 0;
}

static void
set_head(struct journal_answer *a, const struct http_reply *r)
{
	if (!is_sent(r) || r->wire.raw.p != NULL)
		return;
	a->reply_status = r->status;
	a->reply_reason =
	    r->reason == NULL ? http_reason(r->status) : r->reason;
	a->reply_headers = r->headers;
	a->reply_header_count = r->header_count;
}

/* Is the CertRep that was encoded what goes out? */
static bool
sends_certrep(const struct ndes_exchange *x, const struct exchange_fault *f)
{
	const struct fault *fault = f->choice.fault;
	/* A reply that is dripped or cut is written out as raw bytes, and is itself all the same. */
	bool replaced = fault != NULL &&
	    (fault->reply.on || fault->has_raw || fault->raw_junk > 0);

	return x->encoded.n > 0 && is_sent(&x->reply) && !replaced;
}

static void
set_sent_facts(struct facts *facts, const struct ndes_exchange *x,
    const struct exchange_fault *f)
{
	if (is_sent(&x->reply))
		facts_number(facts, FACT_STATUS, x->reply.status);
	if (x->evidence.in_iis_log) {
		facts_number(facts, FACT_SUBSTATUS, x->evidence.substatus);
		facts_number(facts, FACT_WIN32, x->evidence.win32);
	}
	if (x->answered_by != NDES_LAYER_NONE)
		facts_text(facts, FACT_LAYER,
		    bytes_str(ndes_layer_name(x->answered_by)));
	if (sends_certrep(x, f))
		facts_reply(facts, &x->scep);
}

static void
set_reply(struct journal_answer *a, struct ndes_exchange *x,
    const struct exchange_fault *f)
{
	a->honest_status = f->honest_status;
	if (f->has_honest && f->honest.has_status)
		a->honest_pki_status = scep_status_name(f->honest.status);
	if (f->has_honest && f->honest.has_fail_info)
		a->honest_fail_info = scep_fail_name(f->honest.fail_info);
	set_head(a, &x->reply);
	if (!is_sent(&x->reply))
		return;
	a->reply =
	    x->reply.wire.raw.p != NULL ? x->reply.wire.raw : x->reply.body;
	a->reply_bytes = a->reply.n;
}

/* ---- the end ---- */

static const char *
cut_words(enum wire_cut cut)
{
	switch (cut) {
	case WIRE_CUT_CLOSE:
		return "cut";
	case WIRE_CUT_RESET:
		return "reset";
	case WIRE_CUT_ALERT:
		return "alert";
	case WIRE_CUT_STALL:
		return "stalled";
	case WIRE_WHOLE:
		break;
	}
	return NULL;
}

const char *
record_act_name(enum wire_act act)
{
	switch (act) {
	case WIRE_CLOSE:
		return "closed";
	case WIRE_RESET:
		return "reset";
	case WIRE_SILENT:
		return "hung";
	case WIRE_PLAY:
		break;
	}
	return NULL;
}

/* What the reply does to the connection; NULL: nothing beside being sent. */
static const char *
act_words(const struct wire *w)
{
	const char *name = record_act_name(w->act);

	return name == NULL ? cut_words(w->cut) : name;
}

void
record_answer(
    struct record *r, struct ndes_exchange *x, struct exchange_fault *f)
{
	struct findings found = { 0 };
	struct journal_answer a = {
		.facts = &f->facts,
		.answered_us = env_monotonic_us() - x->started_us,
	};

	if (r->slot == NULL)
		return;
	r->act = act_words(&x->reply.wire);
	r->leaves = x->reply.wire.act == WIRE_SILENT ||
	    x->reply.wire.cut == WIRE_CUT_STALL;
	findings_collect(&found, x, f);
	a.findings = found.all;
	a.finding_count = found.n;
	a.nearest = found.nearest;
	set_message(&a, x);
	set_deployment(&a, x);
	set_certificate(&a, x, &f->facts);
	set_rules(&a, x, f);
	set_sent_facts(&f->facts, x, f);
	set_reply(&a, x, f);
	journal_answer(r->journal, r->slot, &a);
}

void
record_no_answer(
    struct record *r, struct ndes_exchange *x, struct exchange_fault *f)
{
	x->reply = (struct http_reply){ .wire = { .act = WIRE_SILENT } };
	record_answer(r, x, f);
}

/* A client is expected to leave what hangs or stalls; that is its end all the same. */
static const char *
end_words(const struct record *r, enum server_end how)
{
	if (how == SERVER_STOPPED)
		return "stopped";
	if (how == SERVER_CLIENT_GONE && !r->leaves)
		return "client gone";
	return r->act == NULL ? "sent" : r->act;
}

void
record_end(struct record *r, enum server_end how)
{
	const struct journal_end end = {
		.how = end_words(r, how),
		.ended_us = env_monotonic_us() - r->started_us,
	};

	if (r->slot != NULL)
		journal_end(r->journal, r->slot, &end);
	r->slot = NULL;
}

/* ---- connections ---- */

void
record_connection(struct journal *j, const struct facts *arrival,
    uint16_t peer_port, const struct rule_choice *choice, const char *did,
    const char *repeat)
{
	struct facts facts = *arrival;
	const struct journal_receipt r = {
		.site = "",
		.received_ms = env_now_ms(env_system()),
		.peer_port = peer_port,
		.prefix = "",
		.facts = &facts,
	};
	const struct journal_end end = { .how = did };
	struct journal_answer a = { .facts = &facts, .did = did };
	struct journal_slot *slot;
	struct arena arena;

	arena_init(&arena, TEXT_MAX);
	facts_text(&facts, FACT_OP, BYTES_LIT("connection"));
	slot = journal_open(j, &r);
	facts.stage = FACT_AT_ANSWER;
	set_tries(&a, choice, NULL, &facts, &arena);
	set_choice(&a, choice, repeat, &arena, &facts);
	journal_answer(j, slot, &a);
	journal_end(j, slot, &end);
	arena_clear(&arena);
}
