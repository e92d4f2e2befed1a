/* SPDX-License-Identifier: MIT */
/*
 * What happened with an entry, in sentences: the layers it walked, the one
 * that answered and which key of the model made it, each rule with the first
 * condition that failed, what the client did against the RFC, what it should
 * do. For a request that is nothing of ours: what it may have meant.
 */
#ifndef JOURNAL_EXPLAIN_H
#define JOURNAL_EXPLAIN_H

#include "journal/journal.h"

/*
 * From entry->json. As JSON ({"id":..., "summary":..., "sentences":[...],
 * "layers":[...], "rules":[...], "findings":[...]}) or as text, a sentence a
 * line under the summary. Appended.
 */
MUST_USE int journal_explain(const struct journal_entry *entry, bool as_text,
    struct buf *out, struct err *e);

#endif
