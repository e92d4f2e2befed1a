/* SPDX-License-Identifier: MIT */
/* For fuzz targets with keys: what must hold, and files of the repository. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define RA_DER "tests/vectors/ra.der"
#define RA_KEY "tests/vectors/ra.key"

static inline void
need(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static inline void
read_file(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t block[4096];
	size_t n;

	need(f != NULL, path);
	buf_init(out, 1 << 16);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, bytes_of(block, n));
	fclose(f);
}

#endif
