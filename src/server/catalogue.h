/* SPDX-License-Identifier: MIT */
/*
 * The sites below /x/: one for each built-in scenario, made when it is first
 * asked for. One lock inside; any thread.
 */
#ifndef SERVER_CATALOGUE_H
#define SERVER_CATALOGUE_H

#include "server/site.h"

struct catalogue;

/* options are copied, what they borrow must outlive the catalogue; log_dir and host are each site's own business. NULL on failure. */
struct catalogue *catalogue_new(
    const struct site_options *options, struct err *e);
void catalogue_free(struct catalogue *c); /* accepts NULL */

/* The sites that were made are not to be found any more, they are made anew; their entries go from the journal (NULL: none). -1: the journal failed. */
struct journal;
MUST_USE int catalogue_forget(
    struct catalogue *c, struct journal *journal, struct err *e);

/* The site of a built-in scenario; NULL: no such scenario (ERR_USAGE), or we failed. A reference of the caller's. */
struct site *catalogue_site(
    struct catalogue *c, struct bytes scenario, struct err *e);

/* How long the name of a built-in scenario at the head of a path is ("hostile/x/certsrv/..."); where there is none, up to the first slash. */
size_t catalogue_name(struct bytes path);

#endif
