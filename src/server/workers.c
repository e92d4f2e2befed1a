/* SPDX-License-Identifier: MIT */
/* One queue, one lock, and threads that never hold it while they compute. */
#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct worker {
	struct workers *all;
	struct pki_ctx *ctx;
	pthread_t thread;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last;
	bool stopping;
	unsigned started;
	struct worker worker[];
};

/* The next job, or NULL when the workers are stopping and none is left. */
static struct job *
take(struct workers *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (w->first == NULL && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	job = w->first;
	if (job != NULL) {
		w->first = job->next;
		if (w->first == NULL)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *
work(void *arg)
{
	struct worker *self = arg;
	struct job *job;

	while ((job = take(self->all)) != NULL)
		job->run(job, self->ctx);
	return NULL;
}

static int
start_one(struct workers *w, const struct pki_lib *lib, struct err *e)
{
	struct worker *one = &w->worker[w->started];
	int rc;

	one->all = w;
	one->ctx = pki_ctx_new(lib, e);
	if (one->ctx == NULL)
		return -1;
	rc = pthread_create(&one->thread, NULL, work, one);
	if (rc != 0) {
		pki_ctx_free(one->ctx);
		return err_set(
		    e, ERR_SYSTEM, "cannot start a worker: %s", strerror(rc));
	}
	w->started++;
	return 0;
}

struct workers *
workers_start(const struct pki_lib *lib, unsigned threads, struct err *e)
{
	struct workers *w =
	    calloc(1, sizeof(*w) + threads * sizeof(w->worker[0]));

	if (w == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for the workers");
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->last = &w->first;
	for (unsigned i = 0; i < threads; i++) {
		if (start_one(w, lib, e) == -1) {
			workers_stop(w);
			return NULL;
		}
	}
	return w;
}

void
workers_submit(struct workers *w, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&w->lock);
	*w->last = job;
	w->last = &job->next;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void
workers_stop(struct workers *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->started; i++) {
		pthread_join(w->worker[i].thread, NULL);
		pki_ctx_free(w->worker[i].ctx);
	}
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
