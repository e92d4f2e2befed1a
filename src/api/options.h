/* SPDX-License-Identifier: MIT */
/* The options of a server: one table for names, defaults, help and parsing. Private to the room. */
#ifndef API_OPTIONS_H
#define API_OPTIONS_H

#include "base/err.h"
#include "mockndes.h"

#define OPTION_PORT_OFF (-1)

/* Owned texts are malloc'ed or NULL. */
struct options {
	char *bind, *control_bind, *control_token;
	int http_port, https_port, control_port; /* 0: any; OPTION_PORT_OFF */
	char *challenge;
	char *admin_user, *admin_password;
	char *hostname;
	char *state, *ca_dir, *log_dir;
	bool fresh_keys;
	bool serve_keys;
	bool has_seed;
	uint64_t seed;
	unsigned threads; /* 0: one for each processor */
	uint64_t journal; /* entries of each site; 0: none is written */
};

/* Every default. -1 when memory ran out; options_clear() is right after that too. */
MUST_USE int options_init(struct options *o, struct err *e);
void options_clear(struct options *o);

/* Set one by name; -1 with a sentence, o unchanged. "scenario" is not among them. */
MUST_USE int options_set(
    struct options *o, const char *name, const char *value, struct err *e);

/* What can be judged only when all are known. */
MUST_USE int options_check(const struct options *o, struct err *e);

/* Is this the text of an address of this machine only? */
bool options_is_loopback(const char *addr);

/* Is this the address that means all interfaces? */
bool options_is_wildcard(const char *addr);

#endif
