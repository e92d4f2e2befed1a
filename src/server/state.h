/* SPDX-License-Identifier: MIT */
/*
 * A deployment on disk (--state DIR): the directory, its lock, and what is
 * kept there; private to the room. Only the default site has a
 * store on disk.
 *
 *	lock         locked while a server runs, with its process id
 *	keys/        <role>.key, and <role>.pem where one was brought
 *	certs/       <role>.pem: the deployment's own certificates
 *	store.db     what was issued (store/store.h), with the settings
 *	             "hostname", "keys" (where they came from) and "url"
 *	journal.db   the journal of all sites (store/entries.h)
 *
 * certs/ is the last to appear when a directory is used first, so where it is
 * all the others must be.
 */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include "ca/material.h"
#include "server/materials.h"
#include "server/server.h"
#include "store/store.h"

struct state;

/* Make the directory where it is missing, lock it, open the store. NULL on failure, among them that another server has it. */
struct state *state_open(const char *dir, struct err *e);
void state_close(struct state *st); /* accepts NULL; the store is closed */

/*
 * The keys that the directory has; in a new one those that the options name,
 * kept from now on. Options that contradict what is there are refused
 * (ERR_USAGE). NULL on failure.
 */
struct ca_keys *state_keys(struct state *st, const struct pki_lib *lib,
    const struct server_options *o, struct err *e);

/* Let keys have the certificates that are kept, minting what is missing or has run out; the log tells. */
MUST_USE int state_certificates(struct state *st, struct ca_keys *keys,
    const struct materials_options *o, const struct log *log, struct err *e);

struct store *state_store(struct state *st); /* lent */
const char *state_journal_path(const struct state *st); /* lent */

#endif
