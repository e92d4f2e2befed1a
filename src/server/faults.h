/* SPDX-License-Identifier: MIT */
/*
 * The seams of an exchange: where the rule that applies is chosen, and where
 * its fault touches the value in flight. The stages of the deployment know
 * nothing of it.
 */
#ifndef SERVER_FAULTS_H
#define SERVER_FAULTS_H

#include "fault/seams.h"
#include "server/facts.h"
#include "server/memory.h"
#include "server/plan.h"

/* Kept for the log, and to compare: what was honest, which rule, what was sent. */
struct exchange_fault {
	struct site_plan
	    *plan; /* lent from the snapshot; NULL: nothing to choose from */
	struct memory *memory; /* the site's */
	struct facts facts;
	struct rule_choice choice;
	bool commits; /* the deployment works on it */
	int honest_status; /* 0: there was no answer of the deployment's */
	bool has_honest; /* honest is a CertRep before it was edited */
	struct scep_reply honest;
	bool replayed;
};

/* When the headers are in and the client waits to be told to go on. True: it is not to be told. */
bool faults_expected(
    struct exchange_fault *f, struct ndes_exchange *x, const char *site);
/* At arrival, when the route is known. False: the deployment is not to be asked. */
bool faults_arrive(
    struct exchange_fault *f, struct ndes_exchange *x, const char *site);
/* When the message is decoded: what is known of it becomes facts. */
void faults_know_message(struct exchange_fault *f, struct ndes_exchange *x);
/* Then the rule is chosen that waited for it. False: decide nothing. */
bool faults_decoded(struct exchange_fault *f, struct ndes_exchange *x);
/* Before the reply is encoded. -1 when we failed. */
MUST_USE int faults_composed(struct exchange_fault *f, struct ndes_exchange *x,
    struct pki_ctx *ctx, struct err *e);
/* Is a worker needed although the deployment needs none? */
bool faults_need_worker(const struct exchange_fault *f);
/* Settle what is not chosen yet, and put into the evidence what the rule says of it. Before the evidence is written. */
void faults_settle(struct exchange_fault *f, struct ndes_exchange *x);
/* Everything about the answer. After the evidence; ctx NULL in the event thread. -1: the honest answer stands. */
MUST_USE int faults_answer(struct exchange_fault *f, struct ndes_exchange *x,
    struct pki_ctx *ctx, struct err *e);
/* "504 instead of 200, nothing was kept". Appended; of an exchange that has a rule. */
void faults_change(const struct exchange_fault *f,
    const struct ndes_exchange *x, struct buf *out);
/* " [rule x, ...: 504 instead of 200 (again: mockndes ...)]" for the operator's line. Appended; nothing without a rule. */
void faults_print(const struct exchange_fault *f, const struct ndes_exchange *x,
    struct buf *out);

#endif
