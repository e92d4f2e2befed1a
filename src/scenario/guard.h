/* SPDX-License-Identifier: MIT */
/*
 * A look at a file's bytes before the YAML library sees them: what that
 * library would choke on, or take time or memory out of proportion for, is
 * refused here, with its place. One pass, no memory.
 */
#ifndef SCENARIO_GUARD_H
#define SCENARIO_GUARD_H

#include "scenario/complaint.h"

/* Complains of the first thing found; false when there was one. */
MUST_USE bool guard_passes(struct bytes text, struct complaints *c);

/*
 * Length of the UTF-8 character at s.p[at], with its code point; 0 when there
 * is none (cut short, overlong, surrogate, beyond U+10FFFF).
 */
size_t guard_utf8(struct bytes s, size_t at, uint32_t *code);

/* Is decoded text UTF-8 without control characters but tab, line feed and carriage return? */
bool guard_text_clean(struct bytes text);

#endif
