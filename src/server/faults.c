/* SPDX-License-Identifier: MIT */
/* The seams of an exchange. The order in which a fault acts is that of mockndes-scenario(5). */
#include "server/faults.h"

#include "base/text.h"
#include "ndes/evidence.h"
#include "ndes/pages.h"
#include "ndes/proxy_page.h"

#define WORDS_MAX 4096

static const struct fault *
fault_of(const struct exchange_fault *f)
{
	return f->choice.fault;
}

/* ---- choosing ---- */

static void
choose(struct exchange_fault *f, struct ndes_exchange *x, bool final)
{
	rule_choose(
	    f->plan->counters, &f->facts, final, false, &x->arena, &f->choice);
}

/* Once a rule is chosen: does the deployment go on, and does it keep what it does? */
static bool
go_on(struct exchange_fault *f, struct ndes_exchange *x)
{
	const struct fault *fault = fault_of(f);

	f->commits = fault == NULL || fault_commits(fault);
	x->dry = !f->commits;
	if (fault != NULL)
		x->twist = fault->cert;
	return f->commits || fault_needs_answer(fault);
}

/* How long the body will be, as far as the client has said. */
static int64_t
declared_bytes(const struct http_request *rq)
{
	const struct http_header *h = http_request_header(rq, "Content-Length");
	uint64_t n = 0;

	if (h == NULL || text_u64(h->value, INT64_MAX, &n) == -1)
		return 0;
	return (int64_t)n;
}

bool
faults_expected(
    struct exchange_fault *f, struct ndes_exchange *x, const char *site)
{
	if (f->plan == NULL || f->plan->counters == NULL ||
	    !rules_withhold_continue(f->plan->rules))
		return false;
	facts_arrival(&f->facts, x, site);
	facts_number(&f->facts, FACT_BODY_BYTES, declared_bytes(&x->rq));
	choose(f, x, x->op != NDES_OP_PKIOPERATION);
	return fault_of(f) != NULL &&
	    fault_of(f)->form.first == FAULT_CONTINUE_NEVER;
}

bool
faults_arrive(
    struct exchange_fault *f, struct ndes_exchange *x, const char *site)
{
	f->commits = true;
	facts_arrival(&f->facts, x, site);
	if (f->plan == NULL || f->plan->counters == NULL) {
		f->choice.settled = true;
		return true;
	}
	choose(f, x, x->op != NDES_OP_PKIOPERATION);
	return !f->choice.settled || go_on(f, x);
}

void
faults_know_message(struct exchange_fault *f, struct ndes_exchange *x)
{
	uint64_t poll = 0;

	if (x->op != NDES_OP_PKIOPERATION)
		return;
	if (x->message.transaction_id.n > 0)
		poll = memory_count(f->memory, x->message.transaction_id);
	facts_message(&f->facts, x, poll);
}

bool
faults_decoded(struct exchange_fault *f, struct ndes_exchange *x)
{
	faults_know_message(f, x);
	if (f->choice.settled || x->op != NDES_OP_PKIOPERATION)
		return true;
	choose(f, x, true);
	return go_on(f, x);
}

bool
faults_need_worker(const struct exchange_fault *f)
{
	return fault_of(f) != NULL && fault_needs_worker(fault_of(f));
}

/* ---- the CertRep ---- */

static struct fault_site
site_of(const struct exchange_fault *f, struct ndes_exchange *x,
    struct pki_ctx *ctx)
{
	struct fault_site s = {
		.arena = &x->arena,
		.draw = f->choice.draw,
		.now_ms = env_now_ms(x->dep->env),
		.material = x->dep->material,
		.ctx = ctx,
		.rq = &x->rq,
		.url_prefix = x->url_prefix,
		.message = x->op == NDES_OP_PKIOPERATION ? &x->message : NULL,
	};

	if (x->outcome.ca.der.n > 0)
		s.issued = buf_bytes(&x->outcome.ca.der);
	return s;
}

/* The CRL, when the reply is to have one. */
static int
add_crl(const struct fault *fault, struct ndes_exchange *x, struct pki_ctx *ctx,
    struct fault_site *s, struct err *e)
{
	struct buf b;
	int rc = 0;

	if (!fault->scep.inner_crl)
		return 0;
	buf_init(&b, (size_t)4 << 20);
	rc = ca_crl(x->dep->ca, ctx, x->dep->material, &b, e);
	if (rc == 0)
		s->crl = arena_copy(&x->arena, buf_bytes(&b));
	buf_clear(&b);
	return rc;
}

int
faults_composed(struct exchange_fault *f, struct ndes_exchange *x,
    struct pki_ctx *ctx, struct err *e)
{
	const struct fault *fault = fault_of(f);
	struct fault_site s;

	if (x->op != NDES_OP_PKIOPERATION || x->reply.status != 0)
		return 0;
	f->honest = x->scep;
	f->has_honest = true;
	if (fault == NULL || !fault->scep.on)
		return 0;
	s = site_of(f, x, ctx);
	memory_last(f->memory, &x->arena, &s.last_reply, &s.last_sender_nonce);
	if (fault->scep.replay && s.last_reply.p != NULL) {
		ndes_iis_reply(
		    x, 200, "application/x-pki-message", s.last_reply);
		f->replayed = true;
		return 0;
	}
	if (add_crl(fault, x, ctx, &s, e) == -1)
		return -1;
	return fault_edit_scep(fault, &s, &x->scep, e);
}

/* ---- evidence ---- */

static const struct {
	unsigned id;
	enum event_kind kind;
} events[] = {
	{ 1, EVENT_NDES_STARTED },
	{ 2, EVENT_NDES_FAILED_TO_LOAD },
	{ 3, EVENT_NDES_STOPPED },
	{ 6, EVENT_NDES_NO_PASSWORD },
	{ 10, EVENT_NDES_RA_CERT },
	{ 16, EVENT_NDES_DECODE },
	{ 17, EVENT_NDES_RETRIEVE },
	{ 18, EVENT_NDES_DECRYPT },
	{ 28, EVENT_NDES_RENEWAL },
	{ 29, EVENT_NDES_PASSWORD },
	{ 31, EVENT_NDES_SUBMIT },
};

static void
note_event(const struct fault_evidence *v, struct ndes_exchange *x)
{
	const char *code =
	    arena_printf(&x->arena, "0x%08lx", (unsigned long)v->event_code);

	for (size_t i = 0; i < nitems(events); i++) {
		if (events[i].id == v->event_id)
			ndes_note_event(x, events[i].kind, code, "", NULL);
	}
}

static void
edit_evidence(
    const struct fault *fault, struct ndes_exchange *x, int honest_status)
{
	const struct fault_evidence *v = &fault->evidence;
	struct ndes_evidence *ev = &x->evidence;
	int sent = fault->reply.on ? fault->reply.status : honest_status;

	if (!v->on)
		return;
	if (v->no_iis)
		ev->in_iis_log = false;
	if (v->iis) {
		ev->in_iis_log = true;
		ev->status = v->status != 0 ? v->status : sent;
		ev->substatus = v->substatus;
		ev->win32 = v->win32;
	}
	if (v->httperr_reason != NULL) {
		ev->in_iis_log = false;
		ev->httperr_reason = v->httperr_reason;
		ev->status = sent;
	}
	if (v->event_id != 0)
		note_event(v, x);
}

void
faults_settle(struct exchange_fault *f, struct ndes_exchange *x)
{
	f->honest_status = x->reply.status;
	if (!f->choice.settled) {
		choose(f, x, true);
		(void)go_on(f, x);
	}
	if (fault_of(f) != NULL)
		edit_evidence(fault_of(f), x, f->honest_status);
}

/* ---- the answer ---- */

/* Which of its pages http.sys shows hangs on its word for the reason. */
static const char *
http_sys_reason(const struct fault *fault)
{
	if (fault->evidence.httperr_reason != NULL)
		return fault->evidence.httperr_reason;
	return fault->reply.status == 414 ? "URL_Length" : "";
}

/* A page of the deployment's, without the evidence that belongs to it. */
static void
make_page(const struct fault *fault, struct ndes_exchange *x)
{
	static const struct ndes_proxy_page proxy = { 504, "GatewayTimeout",
		"This corporate app can't be accessed.",
		"The connector timed out while it waited for the app.", "" };
	struct ndes_evidence kept = x->evidence;
	enum ndes_layer layer = x->answered_by;
	const char *why = x->why;

	x->reply = (struct http_reply){ .status = 0 };
	switch (fault->reply.page) {
	case FAULT_PAGE_HTTP_SYS:
		ndes_http_sys_page(
		    x, fault->reply.status, http_sys_reason(fault), "");
		break;
	case FAULT_PAGE_PROXY:
		ndes_proxy_page(x, &proxy);
		break;
	case FAULT_PAGE_NDES:
		ndes_general_page(x);
		break;
	case FAULT_PAGE_IIS:
	case FAULT_NO_PAGE:
	case FAULT_PAGE_LOGIN:
	case FAULT_PAGE_WAF:
	case FAULT_PAGES:
		ndes_iis_page(x, fault->reply.status, 0, 0, "");
		break;
	}
	x->evidence = kept;
	x->answered_by = layer;
	x->why = why;
}

static int
replace(const struct fault *fault, const struct fault_site *s,
    struct ndes_exchange *x, struct err *e)
{
	bool page = false;

	if (!fault->reply.on)
		return 0;
	if (fault_make_reply(fault, s, &x->reply, &page, e) == -1)
		return -1;
	if (!page)
		return 0;
	make_page(fault, x);
	return fault_finish_reply(fault, s, &x->reply, e);
}

static int
set_type(struct http_reply *r, const char *type)
{
	for (size_t i = 0; type != NULL && i < r->header_count; i++) {
		if (bytes_eq_nocase(
			r->headers[i].name, BYTES_LIT("Content-Type")))
			r->headers[i].value = bytes_str(type);
	}
	return 0;
}

static int
edit_body(const struct fault *fault, const struct fault_site *s,
    struct ndes_exchange *x, struct err *e)
{
	const char *type = NULL;
	int rc = 0;

	if (x->reply.status != 200)
		return 0;
	if (fault->caps.on && x->op == NDES_OP_GETCACAPS)
		rc =
		    fault_edit_caps(fault, s, x->reply.body, &x->reply.body, e);
	else if (fault->cacert.on && x->op == NDES_OP_GETCACERT)
		rc = fault_edit_cacert(fault, s, &x->reply.body, &type, e);
	else
		return 0;
	if (rc == -1)
		return -1;
	(void)set_type(&x->reply, type);
	return fault_set_length(s, &x->reply, e);
}

/* The deployment was not asked, and the fault has no answer of its own: something for the wire to cut or hold back. */
static void
stand_in(struct ndes_exchange *x)
{
	if (x->reply.status == 0 && x->reply.wire.act == WIRE_PLAY)
		x->reply = (struct http_reply){ .status = 200, .close = true };
}

int
faults_answer(struct exchange_fault *f, struct ndes_exchange *x,
    struct pki_ctx *ctx, struct err *e)
{
	const struct fault *fault = fault_of(f);
	struct http_reply honest = x->reply;
	struct fault_site s;

	if (f->plan != NULL && f->plan->counters != NULL && x->encoded.n > 0 &&
	    !f->replayed && f->commits)
		memory_keep(
		    f->memory, buf_bytes(&x->encoded), x->scep.sender_nonce);
	if (fault == NULL)
		return 0;
	s = site_of(f, x, ctx);
	if (edit_body(fault, &s, x, e) == -1 || replace(fault, &s, x, e) == -1)
		goto fail;
	stand_in(x);
	if (fault_edit_headers(fault, &s, &x->reply, e) == -1 ||
	    fault_damage(fault, &s, &x->reply, e) == -1 ||
	    fault_wire(fault, &s, &x->reply, e) == -1)
		goto fail;
	return 0;
fail:
	x->reply = honest;
	stand_in(x);
	return -1;
}

/* ---- the log ---- */

static const char *
act_words(const struct http_reply *r)
{
	switch (r->wire.act) {
	case WIRE_CLOSE:
		return "connection closed";
	case WIRE_RESET:
		return "connection reset";
	case WIRE_SILENT:
		return "no answer";
	case WIRE_PLAY:
		break;
	}
	switch (r->wire.cut) {
	case WIRE_CUT_CLOSE:
		return "cut short";
	case WIRE_CUT_RESET:
		return "cut short by a reset";
	case WIRE_CUT_ALERT:
		return "cut short by an alert";
	case WIRE_CUT_STALL:
		return "stalled";
	case WIRE_WHOLE:
		break;
	}
	return NULL;
}

/* What a CertRep says instead, where that is what is false. */
static void
print_lie(const struct exchange_fault *f, const struct ndes_exchange *x,
    struct buf *out)
{
	static const enum fact said[] = { FACT_PKI_STATUS, FACT_FAIL_INFO };
	struct facts honest = { 0 }, sent = { 0 };
	bool same = true;

	if (f->has_honest) {
		facts_reply(&honest, &f->honest);
		facts_reply(&sent, &x->scep);
	}
	buf_add_str(out, "false");
	for (size_t i = 0; i < nitems(said); i++)
		same = same &&
		    bytes_eq(honest.v[said[i]].text, sent.v[said[i]].text);
	for (size_t i = 0; i < nitems(said) && !same; i++) {
		buf_add_str(out, " ");
		text_printable(out, sent.v[said[i]].text);
	}
}

void
faults_change(const struct exchange_fault *f, const struct ndes_exchange *x,
    struct buf *out)
{
	const char *act = act_words(&x->reply);

	if (act != NULL)
		buf_add_str(out, act);
	else if (x->reply.status != f->honest_status)
		buf_addf(out, "%d", x->reply.status);
	else
		print_lie(f, x, out);
	if (f->honest_status != 0)
		buf_addf(out, " instead of %s%d",
		    act == NULL && x->reply.status == f->honest_status
			? "an honest "
			: "",
		    f->honest_status);
	if (f->has_honest && f->honest.has_status)
		buf_addf(out, " %s", scep_status_name(f->honest.status));
	if (!f->commits)
		buf_add_str(out, ", nothing was kept");
}

void
faults_print(const struct exchange_fault *f, const struct ndes_exchange *x,
    struct buf *out)
{
	if (f->choice.rule == NULL)
		return;
	buf_add_str(out, " [");
	rule_choice_print(&f->choice, out);
	buf_add_str(out, ", ");
	faults_change(f, x, out);
	buf_addf(out, "; again: %s]", f->plan->repeat);
}
