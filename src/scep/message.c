/* SPDX-License-Identifier: MIT */
/*
 * The walk over a pkiMessage, stage by stage, and the life of struct
 * scep_message. The stages themselves are in signed_data.c, attributes.c,
 * signer.c, envelope.c and inner.c.
 */
#include "scep/message.h"

#include <stdio.h>

#include "scep/walk.h"

struct stage {
	int (*run)(struct scep_walk *w, struct err *e);
	enum scep_stage reached;
};

static const struct stage stages[] = {
	{ scep_walk_content_info, SCEP_AT_CONTENT_INFO },
	{ scep_walk_signed_data, SCEP_AT_SIGNED_DATA },
	{ scep_walk_attributes, SCEP_AT_ATTRIBUTES },
	{ scep_walk_signer, SCEP_AT_SIGNER },
	{ scep_walk_signature, SCEP_AT_SIGNATURE },
	{ scep_walk_envelope, SCEP_AT_ENVELOPE },
	{ scep_walk_recipient, SCEP_AT_RECIPIENT },
	{ scep_walk_content, SCEP_AT_CONTENT },
	{ scep_walk_inner, SCEP_AT_INNER },
	{ scep_walk_possession, SCEP_AT_POSSESSION },
};

/* Stages that lie behind the decrypted contents. */
#define INNER_STAGES 2

static int
walk(struct scep_walk *w, const struct stage *first, size_t n, struct err *e)
{
	int rc = SCEP_GO_ON;

	for (size_t i = 0; i < n && rc == SCEP_GO_ON; i++) {
		rc = first[i].run(w, e);
		if (rc == SCEP_GO_ON && w->m->verdict == SCEP_SOUND)
			w->m->stage = first[i].reached;
	}
	return rc == SCEP_FAILED ? -1 : 0;
}

/* Later stages found out in which part the message was cut off. */
static void
explain_cut(struct scep_walk *w)
{
	if (w->m->verdict != SCEP_TRUNCATED || w->inside == NULL)
		return;
	w->m->stopped_at = w->body.n;
	(void)snprintf(w->m->what, sizeof(w->m->what),
	    "the message ends after %zu bytes, inside %s", w->body.n,
	    w->inside);
}

static void
message_init(struct scep_message *m, struct arena *arena)
{
	*m = (struct scep_message){
		.arena = arena, .type = -1, .status = -1, .fail_info = -1
	};
}

int
scep_message_decode(struct scep_message *m, struct pki_ctx *ctx,
    struct arena *arena, struct bytes body, const struct scep_identity *open,
    size_t open_count, const struct pki_cert *trusted, size_t trusted_count,
    struct err *e)
{
	struct scep_walk w = { .m = m,
		.ctx = ctx,
		.body = body,
		.open = open,
		.open_count = open_count,
		.trusted = trusted,
		.trusted_count = trusted_count };

	message_init(m, arena);
	if (walk(&w, stages, nitems(stages), e) == -1)
		return -1;
	if (w.cut == SCEP_TRUNCATED)
		explain_cut(&w);
	return 0;
}

int
scep_csr_decode(struct scep_message *m, struct pki_ctx *ctx,
    struct arena *arena, struct bytes der, struct err *e)
{
	struct scep_walk w = { .m = m, .ctx = ctx };

	message_init(m, arena);
	m->type = SCEP_PKCSREQ;
	m->stage = SCEP_AT_CONTENT;
	m->content = der;
	return walk(
	    &w, stages + nitems(stages) - INNER_STAGES, INNER_STAGES, e);
}

void
scep_message_clear(struct scep_message *m)
{
	if (m->csr_key != m->signer_key)
		pki_key_free(m->csr_key);
	pki_key_free(m->signer_key);
	m->csr_key = NULL;
	m->signer_key = NULL;
}
