/* SPDX-License-Identifier: MIT */
/*
 * From the request to a struct scep_message: the body of a POST as it is, or
 * message= of a GET through one percent decoding and base64. A message that
 * does not come out whole is decoded as far as it goes, so that decide.c can
 * say how far that was.
 */
#include "ndes/exchange.h"

#include "http/base64.h"
#include "http/query.h"
#include "ndes/product.h"

static int
no_memory(struct err *e)
{
	return err_set(
	    e, ERR_LIMIT, "the message is larger than one exchange may be");
}

static int
decode_text(struct ndes_exchange *x, struct err *e)
{
	struct http_base64_result r;
	struct bytes text = http_percent_decode(&x->arena, x->message_text);

	if (text.p == NULL || http_base64_decode(&r, &x->arena, text) == -1)
		return no_memory(e);
	x->message_der = r.data;
	x->base64_liberties = r.liberties;
	if (!r.sound) {
		x->base64_fault = r.why;
		x->base64_fault_at = r.fault_at;
	}
	return 0;
}

int
ndes_pki_read(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	/*
	 * Only the RA encryption key opens envelopes: a client that encrypts
	 * to the CA meets event 18 in the field, and so it does here.
	 */
	const struct scep_identity ra = {
		.cert = ca_material_cert(x->dep->material, CA_RA_ENCRYPT),
		.key = ca_material_key(x->dep->material, CA_RA_ENCRYPT),
	};

	if (x->rq.method == HTTP_POST && x->rq.body.n > 0 &&
	    ndes_product(x->host)->post == NDES_POST_READ)
		x->message_der = x->rq.body;
	else if (x->message_text.n > 0 && decode_text(x, e) == -1)
		return -1;
	if (x->message_der.n == 0)
		return 0; /* decide.c says so */
	return scep_message_decode(
	    &x->message, ctx, &x->arena, x->message_der, &ra, 1, NULL, 0, e);
}

int
ndes_pki_decode(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	return x->reply.status != 0 ? 0 : ndes_pki_read(x, ctx, e);
}
