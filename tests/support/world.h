/* SPDX-License-Identifier: MIT */
/* What the tests of a program share: a client, and keys, which are made once because that takes a while. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "support/client.h"

struct world {
	struct client c; /* for tests on the main thread */
	EVP_PKEY *key, *other;
};

/* cmocka's group setup and teardown: *state is a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

#endif
