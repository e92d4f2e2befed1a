/* SPDX-License-Identifier: MIT */
/* One edit of a CertRep, as the files about it share it; private to the room. */
#ifndef FAULT_SCEP_EDIT_H
#define FAULT_SCEP_EDIT_H

#include "fault/certs.h"

struct scep_edit {
	const struct fault_scep *f;
	const struct fault_site *s;
	struct scep_reply *r;
	struct scep_oddities *odd;
};

/* scep.c: -1, with the sentence. */
int scep_edit_no_memory(struct err *e);
/* n octets in the arena; false: no memory, and said so. */
MUST_USE bool scep_edit_room(
    const struct scep_edit *x, size_t n, uint8_t **p, struct err *e);
/* n octets of the draw; which tells one use from another. */
MUST_USE int scep_edit_junk(const struct scep_edit *x, size_t n, uint64_t which,
    struct bytes *out, struct err *e);
enum {
	SCEP_DRAW_VALUE = 20, /* + enum scep_attribute */
	SCEP_DRAW_JUNK = 40,
	SCEP_DRAW_CONTENT_KEY = 41,
	SCEP_DRAW_IV = 42
};

/* scep_attributes.c: the kind of answer, and what its attributes say. */
MUST_USE int scep_edit_attributes(struct scep_edit *x, struct err *e);

/* scep_content.c: what is in it, its envelope, and for whom. */
MUST_USE int scep_edit_content(struct scep_edit *x, struct err *e);

#endif
