/* SPDX-License-Identifier: MIT */
/* The journal's own thread: it writes for a small part of the time, at a low priority. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "journal/write.h"

#define NICE 10
#define PAUSE_MIN_US 50000
#define PAUSE_MAX_US 2000000
#define PAUSE_FOR_WORK 19 /* so many parts of rest to one of work */

/*
 * A batch of each site that has something. A site whose entries are pushed
 * out faster than they are written waits until that is over.
 */
static int
write_round(struct journal *j, struct batch *t, struct err *e)
{
	size_t left = works(j), n, budget = BATCH;
	struct book *b;
	bool items;
	int rc = 0;

	while (
	    rc == 0 && left-- > 0 && budget > 0 && (b = take_work(j)) != NULL) {
		pthread_mutex_lock(&j->lock);
		items = !b->pushed;
		b->pushed = false;
		pthread_mutex_unlock(&j->lock);
		rc = write_some(j, t, b, items, &n, e);
		budget -= n < budget ? n : budget;
		end_work(j, b);
	}
	return rc;
}

/* Say it once, and once that it is over. */
static void
complain(struct journal *j, int rc, const struct err *e)
{
	if (rc == -1 && !j->failing)
		log_say(&j->log, LOG_ERROR,
		    "%s; entries that cannot be written are dropped", e->text);
	if (rc == 0 && j->failing)
		log_say(&j->log, LOG_WARN, "the journal is written again");
	j->failing = rc == -1;
}

/* lock is held */
static void
rest(struct journal *j, int64_t us)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += us / 1000000;
	until.tv_nsec += us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!j->stopping &&
	    pthread_cond_timedwait(&j->wake, &j->lock, &until) == 0)
		;
}

static int64_t
work(struct journal *j, struct batch *t)
{
	struct err e = { 0 };
	int64_t from, pause;

	pthread_mutex_lock(&j->db);
	from = env_monotonic_us();
	complain(j, write_round(j, t, &e), &e);
	pause = (env_monotonic_us() - from) * PAUSE_FOR_WORK;
	pthread_mutex_unlock(&j->db);
	if (pause < PAUSE_MIN_US)
		return PAUSE_MIN_US;
	return pause > PAUSE_MAX_US ? PAUSE_MAX_US : pause;
}

/* It rests before it works, so that most entries are written once and whole. */
static void *
run_writer(void *arg)
{
	struct journal *j = arg;
	struct batch *t = malloc(sizeof(*t));
	int64_t pause = PAUSE_MIN_US;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	pthread_mutex_lock(&j->lock);
	while (!j->stopping && t != NULL) {
		while (j->work == NULL && !j->stopping) {
			j->idle = true;
			pthread_cond_wait(&j->wake, &j->lock);
			pause = PAUSE_MIN_US;
		}
		j->idle = false;
		rest(j, pause);
		if (j->stopping)
			break;
		pthread_mutex_unlock(&j->lock);
		pause = work(j, t);
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	free(t);
	return NULL;
}

int
writer_start(struct journal *j, struct err *e)
{
	if (pthread_create(&j->writer, NULL, run_writer, j) != 0)
		return err_set(
		    e, ERR_SYSTEM, "the journal's thread could not be started");
	j->started = true;
	return 0;
}

void
writer_stop(struct journal *j)
{
	struct err e = { 0 };

	if (!j->started)
		return;
	pthread_mutex_lock(&j->lock);
	j->stopping = true;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->writer, NULL);
	j->started = false;
	if (journal_flush(j, &e) == -1)
		log_say(&j->log, LOG_ERROR, "%s", e.text);
}
