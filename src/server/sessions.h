/* SPDX-License-Identifier: MIT */
/*
 * The private sites below /s/, by id. An id is twelve letters and digits that
 * cannot be guessed. Whoever asks for one has used it; one that nobody used
 * for its time to live is gone. One lock inside; any thread.
 */
#ifndef SERVER_SESSIONS_H
#define SERVER_SESSIONS_H

#include "server/server.h"
#include "server/timer.h"

struct sessions;

struct sessions_options { /* borrowed */
	const struct env *env;
	struct timer *timer;
	struct journal
	    *journal; /* entries of a session go with it; NULL: none */
	struct log log;
};

/* NULL on failure. */
struct sessions *sessions_new(
    const struct sessions_options *options, struct err *e);
void sessions_free(
    struct sessions *s); /* ends all; accepts NULL; the timer has stopped */

/* A new id that is not in use. */
MUST_USE int sessions_id(
    struct sessions *s, char id[SERVER_SESSION_ID_SIZE], struct err *e);

/* Add a site under the id in about; takes over the reference when it returns 0. */
MUST_USE int sessions_add(struct sessions *s, struct site *site,
    const struct server_session *about, struct err *e);

/* A reference to the site, or NULL. It counts as a use. Letter case does not matter. */
struct site *sessions_find(struct sessions *s, struct bytes id);

/* The same without being a use. */
struct site *sessions_peek(struct sessions *s, struct bytes id);

/* False: there was none. */
bool sessions_get(
    struct sessions *s, struct bytes id, struct server_session *out);
bool sessions_end(struct sessions *s, struct bytes id);
void sessions_end_all(struct sessions *s);
size_t sessions_count(struct sessions *s);

/* All of them as they are now, oldest first; *list is the caller's to free. */
MUST_USE int sessions_list(
    struct sessions *s, struct server_session **list, size_t *n, struct err *e);

#endif
