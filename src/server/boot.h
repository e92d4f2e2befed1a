/* SPDX-License-Identifier: MIT */
/* What happens in a deployment when its application pool starts; private to the room. */
#ifndef SERVER_BOOT_H
#define SERVER_BOOT_H

#include "server/snapshot.h"

/*
 * Start the pool of a snapshot that is about to be published: passwords are
 * forgotten, crashes too, and the events of the start are written.
 */
MUST_USE int boot(
    const struct site_parts *p, const struct site_snapshot *s, struct err *e);

#endif
