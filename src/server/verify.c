/* SPDX-License-Identifier: MIT */
/* From the scenarios in force on a site to a judgement of its journal. */
#include <stdlib.h>

#include "server/inside.h"

static size_t
count_expects(const struct scenario_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < scenario_set_count(set); i++)
		n += scenario_expect_count(scenario_set_get(set, i));
	return n;
}

/* All of them, in the order of the scenarios; lent by the set. NULL: no memory. */
static const struct expect **
list_expects(const struct scenario_set *set, size_t n)
{
	const struct expect **all = calloc(n + 1, sizeof(*all));
	size_t at = 0;

	for (size_t i = 0; all != NULL && i < scenario_set_count(set); i++) {
		const struct scenario *s = scenario_set_get(set, i);

		for (size_t k = 0; k < scenario_expect_count(s); k++)
			all[at++] = scenario_expect(s, k);
	}
	return all;
}

static int
write_reports(
    const struct verify_report *r, struct server_reports *out, struct err *e)
{
	out->result = verify_result(r);
	if (out->json != NULL && verify_write_json(r, out->json, e) == -1)
		return -1;
	if (out->junit != NULL && verify_write_junit(r, out->junit, e) == -1)
		return -1;
	if (out->text != NULL && verify_write_text(r, out->text, e) == -1)
		return -1;
	return 0;
}

static int
judge(struct journal *j, const struct scenario_set *set,
    const struct verify_options *o, struct server_reports *out, struct err *e)
{
	size_t n = count_expects(set);
	const struct expect **expects = list_expects(set, n);
	struct verify_report *r = NULL;
	int rc = -1;

	if (expects == NULL)
		(void)err_set(e, ERR_MEMORY, "no memory for a judgement");
	else
		r = verify_run(j, expects, n, o, e);
	if (r != NULL)
		rc = write_reports(r, out, e);
	verify_report_free(r);
	free(expects);
	return rc;
}

int
server_verify(struct server *s, struct site *site,
    const struct scenario_set *own, enum verify_client client,
    const char *repeat, struct server_reports *out, struct err *e)
{
	struct site_snapshot *now;
	struct verify_options o = { .site = site_name(site), .client = client };
	int rc;

	if (s->journal == NULL)
		return err_set(e, ERR_USAGE, "there is no journal to judge by");
	now = site_acquire(site);
	o.scenario = scenario_set_names(now->plan->scenarios);
	o.seed = now->plan->seed;
	o.repeat = repeat != NULL ? repeat : now->plan->repeat;
	rc = judge(
	    s->journal, own != NULL ? own : now->plan->scenarios, &o, out, e);
	site_release(now);
	return rc;
}
