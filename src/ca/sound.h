/* SPDX-License-Identifier: MIT */
/* Is it DER that a certificate may carry? Internal to this room. */
#ifndef CA_SOUND_H
#define CA_SOUND_H

#include "asn1/reader.h"

/*
 * Exactly one element, definite lengths, nothing cut, universal types in
 * their DER form and with contents that decoders take (object identifiers,
 * UTF-8, whole BMP characters), all the way down. What is under a context
 * tag is walked too where it is constructed.
 */
bool ca_der_sound(struct bytes der);

/* Contents octets of an OBJECT IDENTIFIER: not empty, no padding, not cut. */
bool ca_oid_sound(struct bytes oid);

/* Name ::= SEQUENCE OF SET OF SEQUENCE { OID, string }; *empty: no RDN in it. */
bool ca_name_sound(struct bytes name, bool *empty);

/* SubjectPublicKeyInfo of any kind of key. */
bool ca_spki_sound(struct bytes spki);

#endif
