/* SPDX-License-Identifier: MIT */
/* The inside of struct ca, for the files of this room. */
#ifndef CA_IMPL_H
#define CA_IMPL_H

#include <pthread.h>

#include "ca/ca.h"

/* A CRL that is handed out again while it holds. */
struct ca_crl_copy {
	struct buf der; /* empty: none yet */
	uint8_t made_with[32]; /* SHA-256 of the issuing CA certificate */
	uint64_t revision; /* of the revoked set */
	int64_t made_at; /* unix seconds */
};

struct ca {
	struct store *store; /* borrowed */
	const struct env *env; /* borrowed */
	bool is_private;
	pthread_mutex_t
	    crl_lock; /* around the copies; not held while signing */
	struct ca_crl_copy crl, root_crl;
};

#endif
