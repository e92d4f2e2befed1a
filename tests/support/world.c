/* SPDX-License-Identifier: MIT */
/* A client and keys for a whole program. */
#include "support/world.h"

#include <curl/curl.h>
#include <stdlib.h>

int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	if (!w || curl_global_init(CURL_GLOBAL_DEFAULT) ||
	    client_open(&w->c, NULL))
		return -1;
	w->key = client_key(&w->c, 2048);
	w->other = client_key(&w->c, 2048);
	*state = w;
	return w->key && w->other ? 0 : -1;
}

int
world_teardown(void **state)
{
	struct world *w = *state;
	EVP_PKEY_free(w->key);
	EVP_PKEY_free(w->other);
	client_close(&w->c);
	free(w);
	curl_global_cleanup();
	return 0;
}
