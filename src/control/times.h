/* SPDX-License-Identifier: MIT */
/* Times in documents; private to the room. */
#ifndef CONTROL_TIMES_H
#define CONTROL_TIMES_H

#include <jansson.h>
#include <stdint.h>

/* "2026-11-28T18:51:32Z" */
json_t *time_of_unix(int64_t seconds);
/* "2026-11-28T18:51:32.123Z" */
json_t *time_of_ms(int64_t unix_ms);

#endif
