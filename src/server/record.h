/* SPDX-License-Identifier: MIT */
/*
 * From an exchange to its entry in the journal: at receipt, when its answer
 * is settled, when its connection is through with it. Private to the room.
 */
#ifndef SERVER_RECORD_H
#define SERVER_RECORD_H

#include "journal/journal.h"
#include "server/faults.h"
#include "server/server.h"

/* What is kept of an exchange while its answer is on its way. Zero: nothing is recorded. */
struct record {
	struct journal *journal; /* borrowed */
	struct journal_slot *slot;
	int64_t started_us;
	const char *
	    act; /* what the reply does to the connection, a word of FACT_END; NULL: it is sent */
	bool leaves; /* it is the client that ends it */
};

/* The route is known, and the facts of arrival. journal NULL: nothing is recorded. */
void record_open(struct record *r, struct journal *journal,
    const struct ndes_exchange *x, const struct exchange_fault *f,
    const char *site);

/*
 * Is the message to be decoded for the record, since nobody did? A client's
 * transaction is worth knowing whoever answered it.
 */
bool record_wants_message(
    const struct record *r, const struct ndes_exchange *x);
/* Do so, with a worker's context. */
void record_read_message(
    struct ndes_exchange *x, struct exchange_fault *f, struct pki_ctx *ctx);

/* The reply is what will be sent. */
void record_answer(
    struct record *r, struct ndes_exchange *x, struct exchange_fault *f);

/* There will be none: the body never came that the client was not told to send. */
void record_no_answer(
    struct record *r, struct ndes_exchange *x, struct exchange_fault *f);

void record_end(struct record *r, enum server_end how);

/* What an act that is no reply does to the connection, a word of FACT_END: "closed"; NULL for WIRE_PLAY. */
const char *record_act_name(enum wire_act act);

/* A connection on which a rule acted before there was a request. */
void record_connection(struct journal *j, const struct facts *arrival,
    uint16_t peer_port, const struct rule_choice *choice, const char *did,
    const char *repeat);

#endif
