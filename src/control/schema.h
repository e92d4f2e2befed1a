/* SPDX-License-Identifier: MIT */
/* The JSON Schema of scenario files, made from the table of host keys. */
#ifndef CONTROL_SCHEMA_H
#define CONTROL_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"

/* JSON Schema (2020-12) of scenario format version 1, indented, with a final line end. Appended. */
MUST_USE int control_schema(struct buf *out, struct err *e);

#endif
