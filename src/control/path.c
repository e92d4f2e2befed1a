/* SPDX-License-Identifier: MIT */
/* Dotted paths of host keys in JSON. */
#include "control/path.h"

#include <stdlib.h>
#include <string.h>

void
control_put_path(json_t *root, const char *path, json_t *value)
{
	const char *dot;
	json_t *part;

	while ((dot = strchr(path, '.')) != NULL) {
		char *name = strndup(path, (size_t)(dot - path));

		if (name == NULL) {
			json_decref(value);
			return;
		}
		part = json_object_get(root, name);
		if (part == NULL) {
			part = json_object();
			json_object_set_new(root, name, part);
		}
		free(name);
		root = part;
		path = dot + 1;
	}
	json_object_set_new(root, path, value);
}
