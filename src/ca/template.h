/* SPDX-License-Identifier: MIT */
/* The certificate templates that the CA knows, as rows. Internal to this room. */
#ifndef CA_TEMPLATE_H
#define CA_TEMPLATE_H

#include "base/span.h"

#define CA_TEMPLATE_EKUS_MAX 3

struct ca_template {
	const char *name; /* as requests and the V1 extension spell it */
	const char *display; /* as the consoles of a real CA show it */
	const struct bytes *eku[CA_TEMPLATE_EKUS_MAX]; /* NULL: no more */
	unsigned key_usage; /* PKI_KU_*, where the request asks for none */
};

/* By name, letter case aside (AD CS compares so); NULL when there is none. */
const struct ca_template *ca_template_find(const char *name);

size_t ca_template_eku_count(const struct ca_template *t);

#endif
