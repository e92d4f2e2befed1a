/* SPDX-License-Identifier: MIT */
/* The rules of a site while it runs, for the files of the room; the site's change lock is held. */
#ifndef SERVER_RULES_H
#define SERVER_RULES_H

#include "server/site_inside.h"

/* The rule of this id as a list of its own, into *out; NULL when there is none. */
MUST_USE int rules_alone(
    struct rules *from, const char *id, struct rules **out, struct err *e);

/* The plan with this rule (NULL: none) for the id, which counts anew. A reference, or NULL. */
struct site_plan *rules_plan_back(
    struct site_plan *plan, const char *id, struct rules *rule, struct err *e);

/* The rule of this id is this one again (NULL: none), its counts begin anew. */
MUST_USE int rules_bring_back(
    struct site *site, const char *id, struct rules *rule, struct err *e);

#endif
