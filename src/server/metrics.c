/* SPDX-License-Identifier: MIT */
/* Counters of the exchanges: arrays of atomics, and a small table for rules. */
#include "server/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Those with a number of their own; all others are "other", and no status at all is "none". */
static const int statuses[] = { 200, 301, 302, 400, 401, 403, 404, 405, 408,
	411, 413, 414, 429, 431, 500, 501, 502, 503, 504 };
#define STATUS_OTHER nitems(statuses)
#define STATUS_NONE (nitems(statuses) + 1)
#define STATUSES (nitems(statuses) + 2)

/* Upper bounds of the buckets in microseconds. */
static const int64_t bounds[] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };

#define RULES_MAX 200 /* the hits of more are counted together */

static const char *const decisions[] = {
	[NDES_UNDECIDED] = NULL,
	[NDES_ISSUED] = "issued",
	[NDES_REFUSED] = "refused",
	[NDES_NO_CERTREP] = "no_certrep",
};

typedef atomic_uint_fast64_t counter;

struct metrics {
	counter requests[NDES_OPS][STATUSES][NDES_LAYERS];
	counter enrolments[nitems(decisions)];
	counter buckets[nitems(bounds) + 1];
	counter total_us;
	pthread_mutex_t lock; /* of the rest */
	struct {
		char *id;
		uint64_t hits;
	} rules[RULES_MAX];
	size_t rule_count;
	uint64_t other_hits;
};

struct metrics *
metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m != NULL)
		pthread_mutex_init(&m->lock, NULL);
	return m;
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->rule_count; i++)
		free(m->rules[i].id);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- counting ---- */

static void
add(counter *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static uint64_t
get(counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

static size_t
status_index(const struct http_reply *r)
{
	size_t i = 0;

	if (r->wire.act != WIRE_PLAY || r->status == 0)
		return STATUS_NONE;
	while (i < nitems(statuses) && statuses[i] != r->status)
		i++;
	return i;
}

static void
count_rule(struct metrics *m, const char *id)
{
	size_t i = 0;

	pthread_mutex_lock(&m->lock);
	while (i < m->rule_count && strcmp(m->rules[i].id, id) != 0)
		i++;
	if (i == m->rule_count && i < RULES_MAX) {
		m->rules[i].id = strdup(id);
		if (m->rules[i].id != NULL)
			m->rule_count++;
	}
	if (i < m->rule_count)
		m->rules[i].hits++;
	else
		m->other_hits++;
	pthread_mutex_unlock(&m->lock);
}

void
metrics_count(struct metrics *m, const struct ndes_exchange *x,
    const char *rule, int64_t taken_us)
{
	size_t i = 0;

	add(&m->requests[x->op][status_index(&x->reply)][x->answered_by], 1);
	if (x->op == NDES_OP_PKIOPERATION)
		add(&m->enrolments[x->outcome.decision], 1);
	while (i < nitems(bounds) && taken_us > bounds[i])
		i++;
	add(&m->buckets[i], 1);
	add(&m->total_us, (uint64_t)taken_us);
	if (rule != NULL)
		count_rule(m, rule);
}

/* ---- printing ---- */

static void
print_head(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The text of a label: '\', '"' and line ends escaped. */
static void
print_label(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_add_str(out, "\\n");
			continue;
		}
		if (*text == '\\' || *text == '"')
			buf_add_byte(out, '\\');
		buf_add_byte(out, (uint8_t)*text);
	}
}

static void
print_status(struct buf *out, size_t i)
{
	if (i == STATUS_NONE)
		buf_add_str(out, "none");
	else if (i == STATUS_OTHER)
		buf_add_str(out, "other");
	else
		buf_addf(out, "%d", statuses[i]);
}

static void
print_request(
    struct metrics *m, size_t op, size_t status, size_t layer, struct buf *out)
{
	uint64_t n = get(&m->requests[op][status][layer]);

	if (n == 0)
		return;
	buf_addf(out, "mockndes_requests_total{operation=\"%s\",status=\"",
	    ndes_op_name((enum ndes_op)op));
	print_status(out, status);
	buf_addf(out, "\",layer=\"%s\"} %llu\n",
	    ndes_layer_name((enum ndes_layer)layer), (unsigned long long)n);
}

static void
print_requests(struct metrics *m, struct buf *out)
{
	print_head(out, "mockndes_requests_total", "counter",
	    "Requests by operation, HTTP status sent, and the layer of the "
	    "deployment that answered.");
	for (size_t op = 0; op < NDES_OPS; op++)
		for (size_t status = 0; status < STATUSES; status++)
			for (size_t l = 0; l < NDES_LAYERS; l++)
				print_request(m, op, status, l, out);
}

static void
print_enrolments(struct metrics *m, struct buf *out)
{
	print_head(out, "mockndes_enrolments_total", "counter",
	    "PKIOperation messages by what NDES decided.");
	for (size_t i = 0; i < nitems(decisions); i++)
		if (decisions[i] != NULL)
			buf_addf(out,
			    "mockndes_enrolments_total{decision=\"%s\"} "
			    "%llu\n",
			    decisions[i],
			    (unsigned long long)get(&m->enrolments[i]));
}

static void
print_durations(struct metrics *m, struct buf *out)
{
	static const char name[] = "mockndes_request_duration_seconds";
	unsigned long long sum = 0;

	print_head(out, name, "histogram",
	    "Time from a request to its reply, without what a fault makes it "
	    "wait.");
	for (size_t i = 0; i < nitems(bounds); i++) {
		sum += get(&m->buckets[i]);
		buf_addf(out, "%s_bucket{le=\"%g\"} %llu\n", name,
		    (double)bounds[i] / 1e6, sum);
	}
	sum += get(&m->buckets[nitems(bounds)]);
	buf_addf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, sum);
	buf_addf(out, "%s_sum %.6f\n%s_count %llu\n", name,
	    (double)get(&m->total_us) / 1e6, name, sum);
}

static void
print_rules(struct metrics *m, struct buf *out)
{
	print_head(out, "mockndes_faults_total", "counter",
	    "Faults by the rule that they came from.");
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->rule_count; i++) {
		buf_add_str(out, "mockndes_faults_total{rule=\"");
		print_label(out, m->rules[i].id);
		buf_addf(
		    out, "\"} %llu\n", (unsigned long long)m->rules[i].hits);
	}
	if (m->other_hits > 0)
		buf_addf(out, "mockndes_faults_total{rule=\"(others)\"} %llu\n",
		    (unsigned long long)m->other_hits);
	pthread_mutex_unlock(&m->lock);
}

void
metrics_print(struct metrics *m, struct buf *out)
{
	print_requests(m, out);
	print_rules(m, out);
	print_enrolments(m, out);
	print_durations(m, out);
}
