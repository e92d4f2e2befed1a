/* SPDX-License-Identifier: MIT */
/*
 * Aims at scenario_load(): guard_passes(), tree_read() with libfyaml behind
 * it, the reading of every key, and scenario_apply(). A file is sound or has
 * complaints, never both, never neither.
 */
#include <stdlib.h>

#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct scenario_report r;
	struct err e = { 0 };
	struct scenario *s;
	struct host host;

	scenario_report_init(&r);
	s = scenario_load("fuzz.yaml", bytes_of(p, n), &r, &e);
	if (e.code != ERR_NONE || (s == NULL) != (r.errors > 0) ||
	    (s == NULL) != (r.lines.n > 0))
		abort();
	if (s != NULL) {
		host_init(&host);
		scenario_apply(s, &host);
		for (size_t i = 0; i < scenario_step_count(s); i++) {
			if (scenario_step_action(s, i) == SCENARIO_SET)
				scenario_step_apply(s, i, &host);
		}
	}
	scenario_free(s);
	scenario_report_clear(&r);
	return 0;
}
