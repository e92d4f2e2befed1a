/* SPDX-License-Identifier: MIT */
/* Folders of the evidence. */
#include "server/folder.h"

#include <stdio.h>
#include <sys/stat.h>

int
folder_for(const char *log_dir, const char *name, char **out, struct err *e)
{
	*out = NULL;
	if (log_dir == NULL)
		return 0;
	if (asprintf(out, "%s/%s", log_dir, name) == -1) {
		*out = NULL;
		return err_set(e, ERR_MEMORY, "no memory for a log folder");
	}
	(void)mkdir(log_dir, 0777);
	for (char *p = *out + strlen(log_dir) + 1; (p = strchr(p, '/')) != NULL;
	     p++) {
		*p = '\0';
		(void)mkdir(*out, 0777);
		*p = '/';
	}
	return 0;
}
