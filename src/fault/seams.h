/* SPDX-License-Identifier: MIT */
/*
 * The seams: where a fault touches the value in flight. Each function edits
 * one value and leaves the rest; none waits, none does I/O. Random choices
 * come from the draw of the rule, so the same request under the same seed
 * gets the same bytes, but for what the deployment itself draws.
 *
 * Order, which the manual states: cert (before issuing), scep (before
 * encoding), caps and cacert, reply, headers, damage, form, then what the
 * wire does: raw, wait, drip, cut, hang.
 */
#ifndef FAULT_SEAMS_H
#define FAULT_SEAMS_H

#include "base/arena.h"
#include "base/err.h"
#include "ca/material.h"
#include "fault/fault.h"

/* What a seam needs to know beside the value. All borrowed; the arena is the exchange's. */
struct fault_site {
	struct arena *arena;
	uint64_t draw; /* of struct rule_choice */
	int64_t now_ms; /* the deployment's clock */
	const struct ca_material *material;
	struct pki_ctx *
	    ctx; /* of the worker; NULL in the event thread, where nothing is signed */
	const struct http_request *rq;
	const char
	    *url_prefix; /* what was taken off the target: "/x/NAME"; "" */
	const struct scep_message *message; /* NULL: no PKIOperation */
	struct bytes
	    issued; /* DER of the certificate issued for this exchange; p NULL: none */
	struct bytes crl; /* DER of the current CRL; p NULL: none at hand */
	struct bytes
	    last_reply; /* the last CertRep that the site sent; p NULL: none yet */
	struct bytes last_sender_nonce;
};

/* Edit the reply before it is encoded. -1 when memory ran out or libcrypto refused. */
MUST_USE int fault_edit_scep(const struct fault *f, const struct fault_site *s,
    struct scep_reply *reply, struct err *e);

/* The body of GetCACaps in place of an honest one, and whether its tokens were touched. */
MUST_USE int fault_edit_caps(const struct fault *f, const struct fault_site *s,
    struct bytes honest, struct bytes *body, struct err *e);

/* The body of GetCACert; *content_type is a constant or NULL when it stays as it is. */
MUST_USE int fault_edit_cacert(const struct fault *f,
    const struct fault_site *s, struct bytes *body, const char **content_type,
    struct err *e);

/* The answer in place of the deployment's: status, headers, body. Pages of IIS, http.sys, proxy and NDES are made by the caller: false when f names one of them and only headers and status are set. */
MUST_USE int fault_make_reply(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, bool *page_wanted, struct err *e);

/* What fault_make_reply() leaves to be done when a page was wanted: once the caller has put it into reply. */
MUST_USE int fault_finish_reply(const struct fault *f,
    const struct fault_site *s, struct http_reply *reply, struct err *e);

/* headers: set, replace, remove, repeat. */
MUST_USE int fault_edit_headers(const struct fault *f,
    const struct fault_site *s, struct http_reply *reply, struct err *e);

/* damage: to the body. A Content-Length header follows the new length. */
MUST_USE int fault_damage(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e);

/*
 * form, raw, wait, drip, cut, hang: from the reply to what goes onto the wire.
 * Where the library could not say it, the whole answer is written out into
 * reply->wire.raw.
 */
MUST_USE int fault_wire(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e);

/* Make a Content-Length that is there say how long the body is. */
MUST_USE int fault_set_length(
    const struct fault_site *s, struct http_reply *reply, struct err *e);

/* So many bytes of a whole. */
uint64_t fault_amount_of(const struct fault_amount *a, uint64_t whole);

/* The delay of a wait under a draw, in milliseconds; never negative. */
int64_t fault_wait_ms(const struct fault_wait *w, uint64_t draw);

/*
 * A reply as bytes, as the form wants it. Appended; *head says where the body
 * begins. content is what the body is after any coding.
 */
void fault_write_reply(const struct http_reply *reply,
    const struct fault_form *form, bool head_only, struct buf *out,
    size_t *head);

#endif
