/* SPDX-License-Identifier: MIT */
/* Comparing what a client sent with what it should have known. */
#ifndef NDES_SECRET_H
#define NDES_SECRET_H

#include "base/span.h"

/* Equal? The time taken depends on the length of sent alone. */
bool ndes_secret_equals(struct bytes sent, struct bytes secret);

#endif
