/* SPDX-License-Identifier: MIT */
/* Several scenarios as one. */
#include "scenario/set.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "fault/rule.h"

#define NAMES_MAX ((size_t)1 << 20)

struct scenario_set {
	atomic_uint refs;
	struct scenario **list; /* references */
	size_t count;
	struct rules *rules; /* one reference; NULL: none */
	char **given; /* as many as are in the list; NULL: a text of nobody's */
	struct buf names;
};

struct scenario_set *
scenario_set_new(struct err *e)
{
	struct scenario_set *set = calloc(1, sizeof(*set));

	if (set == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for scenarios");
		return NULL;
	}
	atomic_init(&set->refs, 1);
	buf_init(&set->names, NAMES_MAX);
	return set;
}

struct scenario_set *
scenario_set_ref(struct scenario_set *set)
{
	if (set != NULL)
		atomic_fetch_add(&set->refs, 1);
	return set;
}

void
scenario_set_unref(struct scenario_set *set)
{
	if (set == NULL || atomic_fetch_sub(&set->refs, 1) > 1)
		return;
	for (size_t i = 0; i < set->count; i++) {
		scenario_free(set->list[i]);
		free(set->given[i]);
	}
	free(set->list);
	free(set->given);
	rules_unref(set->rules);
	buf_clear(&set->names);
	free(set);
}

static int
grow(struct scenario_set *set, struct err *e)
{
	size_t n = set->count + 1;
	struct scenario **list =
	    realloc(set->list, n * sizeof(struct scenario *));
	char **given = realloc(set->given, n * sizeof(char *));

	if (list != NULL)
		set->list = list;
	if (given != NULL)
		set->given = given;
	if (list == NULL || given == NULL)
		return err_set(e, ERR_MEMORY, "no memory for scenarios");
	return 0;
}

/* "a+b"; where there is no room the text stays as it was. */
static int
add_text(struct buf *b, const char *text, struct err *e)
{
	if (b->n + strlen(text) + 1 > NAMES_MAX)
		return err_set(e, ERR_LIMIT, "too many scenarios at once");
	if (b->n > 0)
		buf_add_byte(b, '+');
	buf_add_str(b, text);
	return buf_ok(b) ? 0
			 : err_set(e, ERR_MEMORY, "no memory for scenarios");
}

int
scenario_set_add(struct scenario_set *set, struct scenario *s,
    const char *given, struct err *e)
{
	struct rules *const lists[] = { set->rules, scenario_rules(s) };
	char *copy = given == NULL ? NULL : strdup(given);
	struct rules *all;

	if (given != NULL && copy == NULL)
		return err_set(e, ERR_MEMORY, "no memory for scenarios");
	if (grow(set, e) == -1 ||
	    rules_join(lists, nitems(lists), &all, e) == -1) {
		free(copy);
		return -1;
	}
	if (add_text(&set->names, scenario_name(s), e) == -1) {
		rules_unref(all);
		free(copy);
		return -1;
	}
	rules_unref(set->rules);
	set->rules = all;
	set->given[set->count] = copy;
	set->list[set->count++] = scenario_ref(s);
	return 0;
}

size_t
scenario_set_count(const struct scenario_set *set)
{
	return set == NULL ? 0 : set->count;
}

struct scenario *
scenario_set_get(const struct scenario_set *set, size_t i)
{
	return set->list[i];
}

struct rules *
scenario_set_rules(const struct scenario_set *set)
{
	return set == NULL ? NULL : set->rules;
}

const char *
scenario_set_names(const struct scenario_set *set)
{
	return set == NULL || set->count == 0 ? "healthy"
					      : buf_str(&set->names);
}

const char *
scenario_set_given(const struct scenario_set *set, size_t i)
{
	return set->given[i];
}

int
scenario_set_model(
    const struct scenario_set *set, struct host *host, struct err *e)
{
	host_init(host);
	for (size_t i = 0; i < scenario_set_count(set); i++)
		scenario_apply(set->list[i], host);
	return host_check(host, e);
}
