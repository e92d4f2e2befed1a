/* SPDX-License-Identifier: MIT */
/* Serial numbers of the shape that AD CS gives. Internal to this room. */
#ifndef CA_SERIAL_H
#define CA_SERIAL_H

#include "base/env.h"

#define CA_SERIAL_SIZE 19

/*
 * The first octet: minted at start or issued to a client. Minted numbers
 * start anew with every start, the store's do not; so the two never meet.
 */
enum ca_serial_kind {
	CA_SERIAL_MINTED = 0x47,
	CA_SERIAL_ISSUED = 0x61,
};

/* Kind, the number in 4 octets, 8 random ones, the number in 6: unique as the number is. */
MUST_USE int ca_serial_make(const struct env *env, enum ca_serial_kind kind,
    uint64_t number, uint8_t out[CA_SERIAL_SIZE], struct err *e);

#endif
