/* SPDX-License-Identifier: MIT */
/* The description of the control API, which embed.sh makes out of openapi.json at build time. */
#ifndef CONTROL_OPENAPI_H
#define CONTROL_OPENAPI_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t control_openapi[]; /* JSON, no zero behind it */
extern const size_t control_openapi_size;

#endif
