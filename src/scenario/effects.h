/* SPDX-License-Identifier: MIT */
/* The parts of `then:`, each in a file of its own; private to the room. */
#ifndef SCENARIO_EFFECTS_H
#define SCENARIO_EFFECTS_H

#include "scenario/field.h"
#include "scenario/language.h"

#define WORDS(name, ...) \
	static const struct field_word name[] = { __VA_ARGS__, { NULL, 0 } }
#define BODY_MAX ((uint64_t)16 << 20)

/* A `then:` (or one of the steps) as a fault, in the memory of the rules; NULL when memory ran out. when is the rule's condition. */
const struct fault *effects_read(
    struct loader *l, const struct tree_node *then, const struct when *when);

/* A mapping of what is different about a certificate. NULL: complained. */
const struct ca_twist *effects_twist(
    struct loader *l, const struct tree_node *value);

/* A list of certificates; issued: "issued" may be among them. */
void effects_certs(struct loader *l, const struct tree_node *value, bool issued,
    const struct fault_cert **out, size_t *count);

/* The keys of then, each into its part of a struct fault. */
field_fn effects_wait, effects_reply, effects_form, effects_caps,
    effects_cacert, effects_scep, effects_damage, effects_drip, effects_cut,
    effects_hang, effects_raw, effects_tls, effects_evidence;

/* Read the keys of a part; false, and complained, when it is no mapping. */
bool effects_part(struct loader *l, struct language_table t,
    const struct tree_node *value, void *part);

/* How something breaks off: enum fault_cut_how. */
extern const struct field_word effects_hows[];

/* Contents octets of a dotted OID; 0: it is none, or too long. */
size_t effects_oid(struct bytes text, uint8_t *out, size_t size);

#endif
