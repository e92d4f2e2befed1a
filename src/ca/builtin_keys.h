/* SPDX-License-Identifier: MIT */
/*
 * The keys of certs/ as text in the program. The file that implements this is
 * made at build time by src/ca/embed_keys.sh. Internal to this room.
 */
#ifndef CA_BUILTIN_KEYS_H
#define CA_BUILTIN_KEYS_H

#include <stddef.h>

struct ca_builtin_key {
	const char *role; /* file name without ".key" */
	const char *pem;
};

extern const struct ca_builtin_key ca_builtin_keys[];
extern const size_t ca_builtin_key_count;

#endif
