/* SPDX-License-Identifier: MIT */
/* Birth and end of an exchange, names, and its line in the operator's log. */
#include "ndes/exchange.h"

#include <string.h>

#include "base/text.h"

#define ENCODED_MAX ((size_t)4 << 20)
#define CERT_MAX ((size_t)1 << 20)
#define SHOWN_MAX 88 /* longest transaction ID, or method, that a line shows */

static const char *const layer_names[NDES_LAYERS] = {
	[NDES_LAYER_NONE] = "nobody",
	[NDES_LAYER_NETWORK] = "the network",
	[NDES_LAYER_APP_PROXY] = "the Application Proxy",
	[NDES_LAYER_HTTP_SYS] = "http.sys",
	[NDES_LAYER_IIS] = "IIS",
	[NDES_LAYER_WORKER_PROCESS] = "w3wp.exe",
	[NDES_LAYER_MSCEP] = "mscep.dll",
	[NDES_LAYER_POLICY_MODULE] = "the policy module",
	[NDES_LAYER_CA] = "the CA",
};

static const char *const op_names[NDES_OPS] = {
	[NDES_OP_NONE] = "unknown path",
	[NDES_OP_BROWSE] = "browse",
	[NDES_OP_GETCACAPS] = "GetCACaps",
	[NDES_OP_GETCACERT] = "GetCACert",
	[NDES_OP_PKIOPERATION] = "PKIOperation",
	[NDES_OP_OTHER] = "unknown operation",
	[NDES_OP_ADMIN] = "admin page",
	[NDES_OP_SLASH] = "redirect",
	[NDES_OP_CERT_ENROLL] = "CertEnroll",
};

const char *
ndes_layer_name(enum ndes_layer layer)
{
	return (unsigned)layer < NDES_LAYERS ? layer_names[layer] : "unknown";
}

const char *
ndes_op_name(enum ndes_op op)
{
	return (unsigned)op < NDES_OPS ? op_names[op] : "unknown";
}

void
ndes_exchange_init(struct ndes_exchange *x, size_t arena_max)
{
	memset(x, 0, sizeof(*x));
	arena_init(&x->arena, arena_max);
	buf_init(&x->encoded, ENCODED_MAX);
	buf_init(&x->outcome.ca.der, CERT_MAX);
	x->url_prefix = "";
}

void
ndes_exchange_clear(struct ndes_exchange *x)
{
	scep_message_clear(&x->message);
	buf_clear(&x->encoded);
	buf_clear(&x->outcome.ca.der);
	buf_clear(&x->evidence.plugin);
	buf_clear(&x->evidence.crp);
	arena_clear(&x->arena);
}

/* ---- the line ---- */

static void
add_shown(struct buf *out, struct bytes s)
{
	struct bytes head = s;

	if (head.n > SHOWN_MAX)
		head.n = SHOWN_MAX;
	text_printable(out, head);
	if (head.n < s.n)
		buf_add_str(out, "...");
}

/* " PKCSReq", or the number where SCEP has no such type. */
static void
add_type(struct buf *out, int type)
{
	const char *name = scep_type_name(type);

	if (type >= 0 && strcmp(name, "unknown") == 0)
		buf_addf(out, " messageType %d", type);
	else
		buf_addf(out, " %s", name);
}

/* " PKCSReq 5A3F..." */
static void
add_message(struct buf *out, const struct scep_message *m)
{
	if (m->stage < SCEP_AT_ATTRIBUTES && m->transaction_id.p == NULL)
		return;
	add_type(out, m->type);
	buf_add_byte(out, ' ');
	if (m->transaction_id.n > 0)
		add_shown(out, m->transaction_id);
	else
		buf_add_byte(out, '-');
}

/* " SUCCESS renewal serial 4700...", or " FAILURE badRequest" */
static void
add_outcome(struct buf *out, const struct ndes_outcome *o)
{
	struct pki_cert cert;
	struct asn1_fault fault = { 0 };

	if (o->decision == NDES_REFUSED)
		buf_addf(out, " FAILURE %s", scep_fail_name(o->fail_info));
	if (o->decision != NDES_ISSUED)
		return;
	buf_addf(out, " SUCCESS %s", o->renewal ? "renewed" : "issued");
	if (pki_cert_parse(&cert, buf_bytes(&o->ca.der), &fault)) {
		buf_add_str(out, " serial ");
		text_hex(out, cert.serial, false);
	}
}

/* " -> 503", or what became of the connection */
static void
add_answer(struct buf *out, const struct http_reply *r)
{
	switch (r->wire.act) {
	case WIRE_PLAY:
		buf_addf(out, " -> %d", r->status);
		break;
	case WIRE_CLOSE:
		buf_add_str(out, " -> connection closed");
		break;
	case WIRE_RESET:
		buf_add_str(out, " -> connection reset");
		break;
	case WIRE_SILENT:
		buf_add_str(out, " -> no answer");
		break;
	}
}

void
ndes_exchange_line(const struct ndes_exchange *x, struct buf *out)
{
	buf_addf(out, "%s ", x->rq.peer[0] == '\0' ? "-" : x->rq.peer);
	add_shown(out, x->rq.method_text);
	buf_addf(out, " %s", ndes_op_name(x->op));
	if (x->op == NDES_OP_NONE || x->op == NDES_OP_OTHER) {
		buf_add_byte(out, ' ');
		add_shown(
		    out, x->op == NDES_OP_NONE ? x->rq.path : x->rq.query);
	}
	if (x->op == NDES_OP_PKIOPERATION)
		add_message(out, &x->message);
	add_answer(out, &x->reply);
	if (x->op == NDES_OP_PKIOPERATION)
		add_outcome(out, &x->outcome);
	if (x->why != NULL && x->why[0] != '\0')
		buf_addf(
		    out, " by %s: %s", ndes_layer_name(x->answered_by), x->why);
}
