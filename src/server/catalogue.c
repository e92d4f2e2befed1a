/* SPDX-License-Identifier: MIT */
/* One slot for each built-in scenario, filled on demand. */
#include "server/catalogue.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/journal.h"
#include "scenario/scenario.h"
#include "server/folder.h"

struct catalogue {
	struct site_options options;
	pthread_mutex_t lock; /* of sites */
	size_t count;
	struct site *sites[]; /* in the order of scenario_builtins() */
};

struct catalogue *
catalogue_new(const struct site_options *options, struct err *e)
{
	struct catalogue *c;
	size_t n;

	(void)scenario_builtins(&n);
	c = calloc(1, sizeof(*c) + n * sizeof(struct site *));
	if (c == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for the catalogue");
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	c->options = *options;
	c->count = n;
	return c;
}

int
catalogue_forget(struct catalogue *c, struct journal *journal, struct err *e)
{
	struct site *gone;
	int rc = 0;

	for (size_t i = 0; i < c->count; i++) {
		pthread_mutex_lock(&c->lock);
		gone = c->sites[i];
		c->sites[i] = NULL;
		pthread_mutex_unlock(&c->lock);
		if (gone == NULL)
			continue;
		site_close(gone);
		if (journal != NULL &&
		    journal_clear(journal, site_name(gone), e) == -1)
			rc = -1;
		site_unref(gone);
	}
	return rc;
}

void
catalogue_free(struct catalogue *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++) {
		if (c->sites[i] != NULL)
			site_close(c->sites[i]);
		site_unref(c->sites[i]);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* A name goes up to a slash, but the longest one that is there. */
size_t
catalogue_name(struct bytes path)
{
	size_t n, longest = 0, count;
	const struct scenario_builtin *all = scenario_builtins(&count);

	for (size_t i = 0; i < count; i++) {
		struct bytes name = bytes_str(all[i].name);

		if (name.n > longest && bytes_starts_nocase(path, name) &&
		    (path.n == name.n || path.p[name.n] == '/'))
			longest = name.n;
	}
	for (n = 0; longest == 0 && n < path.n && path.p[n] != '/';)
		n++;
	return longest > 0 ? longest : n;
}

/* The scenario alone. NULL on failure. */
static struct scenario_set *
scenarios_of(const struct scenario_builtin *b, struct err *e)
{
	struct scenario_set *set = scenario_set_new(e);
	struct scenario_report report;
	struct scenario *s;
	int rc = -1;

	scenario_report_init(&report);
	s = scenario_load(b->name, b->text, &report, e);
	if (s == NULL)
		(void)err_set(e, ERR_SCENARIO, "%s", buf_str(&report.lines));
	else if (set != NULL)
		rc = scenario_set_add(set, s, b->name, e);
	scenario_report_clear(&report);
	scenario_free(s);
	if (rc == 0)
		return set;
	scenario_set_unref(set);
	return NULL;
}

static struct site *
open_site(
    const struct catalogue *c, const struct scenario_builtin *b, struct err *e)
{
	struct site_options o = c->options;
	struct scenario_set *set = scenarios_of(b, e);
	struct site *site = NULL;
	struct host host;
	char *dir = NULL, *name = NULL;

	if (asprintf(&name, "x/%s", b->name) == -1) {
		name = NULL;
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
	} else if (set != NULL && scenario_set_model(set, &host, e) == 0 &&
	    folder_for(o.log_dir, name, &dir, e) == 0) {
		o.log_dir = dir;
		o.host = &host;
		o.scenarios = set;
		o.name = name;
		site = site_new(&o, e);
	}
	scenario_set_unref(set);
	free(dir);
	free(name);
	return site;
}

struct site *
catalogue_site(struct catalogue *c, struct bytes scenario, struct err *e)
{
	size_t n;
	const struct scenario_builtin *all = scenario_builtins(&n);
	struct site *site = NULL;

	for (size_t i = 0; i < c->count; i++) {
		if (!bytes_eq_nocase(scenario, bytes_str(all[i].name)))
			continue;
		pthread_mutex_lock(&c->lock);
		if (c->sites[i] == NULL)
			c->sites[i] = open_site(c, &all[i], e);
		if (c->sites[i] != NULL)
			site = site_ref(c->sites[i]);
		pthread_mutex_unlock(&c->lock);
		return site;
	}
	(void)err_set(e, ERR_USAGE,
	    "there is no built-in scenario of that "
	    "name");
	return NULL;
}
