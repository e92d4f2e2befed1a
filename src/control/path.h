/* SPDX-License-Identifier: MIT */
/* Dotted paths of host keys in JSON; private to the room. */
#ifndef CONTROL_PATH_H
#define CONTROL_PATH_H

#include <jansson.h>

/* Put a value under its dotted path, making the objects on the way; takes over value. */
void control_put_path(json_t *root, const char *path, json_t *value);

#endif
