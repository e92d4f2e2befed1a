/* SPDX-License-Identifier: MIT */
/* The parts of `then:`, each in a file of its own; private to the room. */
#ifndef SCENARIO_EFFECTS_H
#define SCENARIO_EFFECTS_H

#include "scenario/field.h"
#include "scenario/language.h"

/* A `then:` (or one of the steps) as a fault, in the memory of the rules; NULL when memory ran out. when is the rule's condition. */
const struct fault *effects_read(
    struct loader *l, const struct tree_node *then, const struct when *when);

/* A mapping of what is different about a certificate. NULL: complained. */
const struct ca_twist *effects_twist(
    struct loader *l, const struct tree_node *value);

/* A list of certificates; issued: "issued" may be among them. */
void effects_certs(struct loader *l, const struct tree_node *value, bool issued,
    const struct fault_cert **out, size_t *count);

field_fn effects_scep; /* struct fault: scep */

/* Contents octets of a dotted OID; 0: it is none, or too long. */
size_t effects_oid(struct bytes text, uint8_t *out, size_t size);

#endif
