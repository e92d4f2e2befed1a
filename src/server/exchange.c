/* SPDX-License-Identifier: MIT */
/* The two halves of the walk, each a table of stages in walking order. */
#include "server/exchange.h"

static ndes_stage_fn *const arrival[] = {
	ndes_network,
	ndes_app_proxy,
	ndes_http_sys,
	ndes_worker_identity,
	ndes_iis,
	ndes_worker_process,
	ndes_mscep_enter,
};

typedef int work_stage_fn(
    struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e);

static work_stage_fn *const before_decision[] = {
	ndes_cert_enroll,
	ndes_pki_decode,
};

static work_stage_fn *const decision[] = {
	ndes_pki_decide,
	ndes_pki_compose,
};

static work_stage_fn *const encoding[] = {
	ndes_pki_encode,
};

bool
exchange_is_answered(const struct ndes_exchange *x)
{
	return x->reply.status != 0 || x->reply.wire.act != WIRE_PLAY;
}

void
exchange_arrive(struct ndes_exchange *x)
{
	for (size_t i = 0; i < nitems(arrival) && !exchange_is_answered(x); i++)
		arrival[i](x);
}

/*
 * Our own failure must not look like one of the deployment's: it is plain
 * text, signed with our name.
 */
static void
abort_exchange(struct ndes_exchange *x, const struct err *e)
{
	const char *text = arena_printf(&x->arena,
	    "mockndes itself failed (this is no simulated failure): %s\r\n",
	    e->text);

	x->reply = (struct http_reply){ .status = 500, .close = true };
	http_reply_add(&x->reply, "Content-Type", "text/plain; charset=utf-8");
	http_reply_add(&x->reply, "Server", "mockndes");
	x->reply.body = bytes_str(
	    text != NULL ? text : "mockndes itself failed: out of memory\r\n");
	x->evidence.in_iis_log = false;
	x->answered_by = NDES_LAYER_NONE;
	x->why = "mockndes itself failed";
}

static int
walk(struct ndes_exchange *x, struct pki_ctx *ctx, work_stage_fn *const *stages,
    size_t n, struct err *e)
{
	for (size_t i = 0; i < n && !exchange_is_answered(x); i++) {
		if (stages[i](x, ctx, e) == -1)
			return -1;
	}
	return 0;
}

void
exchange_work(struct ndes_exchange *x, struct pki_ctx *ctx,
    const struct exchange_seams *seams, struct err *e)
{
	if (walk(x, ctx, before_decision, nitems(before_decision), e) == -1) {
		abort_exchange(x, e);
		return;
	}
	if (!seams->decoded(seams->ctx))
		return;
	if (walk(x, ctx, decision, nitems(decision), e) == -1 ||
	    seams->composed(seams->ctx, ctx, e) == -1 ||
	    walk(x, ctx, encoding, nitems(encoding), e) == -1) {
		abort_exchange(x, e);
		return;
	}
	if (!exchange_is_answered(x)) {
		(void)err_set(e, ERR_LIMIT, "no stage answered the request");
		abort_exchange(x, e);
	}
}
