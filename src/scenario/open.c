/* SPDX-License-Identifier: MIT */
/* Finding a scenario: among the built-in ones, or in the file system. */
#include "scenario/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenario/builtins.h"
#include "scenario/complaint.h"
#include "scenario/near.h"

#define CHUNK ((size_t)64 << 10)

const struct scenario_builtin *
scenario_builtins(size_t *count)
{
	*count = scenario_builtin_row_count;
	return scenario_builtin_rows;
}

static int
compare_names(const void *name, const void *row)
{
	return strcmp(name, ((const struct scenario_builtin *)row)->name);
}

const struct scenario_builtin *
scenario_builtin_find(const char *name)
{
	return bsearch(name, scenario_builtin_rows, scenario_builtin_row_count,
	    sizeof(scenario_builtin_rows[0]), compare_names);
}

const char *
scenario_builtin_nearest(const char *name)
{
	struct near near;

	near_start(&near, bytes_str(name));
	for (size_t i = 0; i < scenario_builtin_row_count; i++)
		near_offer(&near, bytes_str(scenario_builtin_rows[i].name));
	/* the names are C strings, so what is lent ends with a zero byte */
	return near.best.n == 0 ? NULL : (const char *)near.best.p;
}

static bool
ends_in(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

static bool
is_path(const char *s)
{
	return strchr(s, '/') != NULL || ends_in(s, ".yaml") ||
	    ends_in(s, ".yml") || ends_in(s, ".json");
}

/* All of a file, or as much of it as shows that it is too large. */
static int
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	while (out->n <= SCENARIO_FILE_MAX) {
		uint8_t *p = buf_grow(out, CHUNK);
		ssize_t n;

		if (p == NULL)
			return err_set(
			    e, ERR_MEMORY, "no memory for \"%s\"", path);
		do
			n = read(fd, p, CHUNK);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			return err_sys(e, ERR_SCENARIO,
			    "cannot read the scenario \"%s\"", path);
		out->n -= CHUNK - (size_t)n;
		if (n == 0)
			return 0;
	}
	return 0;
}

static struct scenario *
open_file(
    int fd, const char *path, struct scenario_report *report, struct err *e)
{
	struct buf text;
	struct scenario *s = NULL;

	buf_init(&text, SCENARIO_FILE_MAX + 2 * CHUNK);
	if (read_all(fd, path, &text, e) == 0)
		s = scenario_load_disk(path, buf_bytes(&text), report, e);
	buf_clear(&text);
	return s;
}

static void
not_found(const char *name, struct err *e)
{
	const char *near = scenario_builtin_nearest(name);

	if (near == NULL)
		err_set(e, ERR_SCENARIO,
		    "there is no built-in scenario \"%s\", and no file of that "
		    "name; `mockndes scenarios` lists them",
		    show(bytes_str(name)).s);
	else
		err_set(e, ERR_SCENARIO,
		    "there is no built-in scenario \"%s\", and no file of that "
		    "name; did you mean \"%s\"?",
		    show(bytes_str(name)).s, near);
}

struct scenario *
scenario_open(
    const char *name_or_path, struct scenario_report *report, struct err *e)
{
	const struct scenario_builtin *builtin =
	    scenario_builtin_find(name_or_path);
	bool path = is_path(name_or_path);
	struct scenario *s;
	int fd;

	if (builtin != NULL && !path)
		return scenario_load(builtin->name, builtin->text, report, e);
	fd = open(name_or_path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		/* "hostile/x" may be either */
		if (builtin != NULL)
			return scenario_load(
			    builtin->name, builtin->text, report, e);
		if (!path && errno == ENOENT)
			not_found(name_or_path, e);
		else
			err_sys(e, ERR_SCENARIO,
			    "cannot open the scenario \"%s\"", name_or_path);
		return NULL;
	}
	s = open_file(fd, name_or_path, report, e);
	(void)close(fd);
	return s;
}
