/* SPDX-License-Identifier: MIT */
/* What happens in a deployment when its application pool starts; private to the room. */
#ifndef SERVER_BOOT_H
#define SERVER_BOOT_H

#include "server/snapshot.h"

/* What becomes of the passwords. */
enum boot_passwords {
	BOOT_KEEP_PASSWORDS,
	BOOT_FORGET_PASSWORDS, /* as a worker process that starts */
};

/*
 * Start the pool of a snapshot that is about to be published: crashes are
 * forgotten, the unused passwords are there that the model wants at a start,
 * and the events of the start are written.
 */
MUST_USE int boot(const struct site_parts *p, const struct site_snapshot *s,
    enum boot_passwords passwords, struct err *e);

#endif
