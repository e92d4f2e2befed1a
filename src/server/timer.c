/* SPDX-License-Identifier: MIT */
/* A list by time, and a thread that waits for its first entry. */
#include "server/timer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/env.h"

#define US_PER_S INT64_C(1000000)
#define AFTER_MAX_MS (INT64_C(1000) * 365 * 86400000) /* a thousand years */

struct entry {
	struct entry *next; /* due later */
	uint64_t number;
	int64_t due_us; /* env_monotonic_us() */
	void (*run)(void *ctx);
	void (*drop)(void *ctx);
	void *ctx;
};

struct timer {
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct entry *first;
	uint64_t last_number;
	bool stopping;
	pthread_t thread;
};

static void
wait_until(struct timer *t, int64_t due_us)
{
	const struct timespec at = {
		.tv_sec = (time_t)(due_us / US_PER_S),
		.tv_nsec = (long)(due_us % US_PER_S) * 1000,
	};

	(void)pthread_cond_timedwait(&t->wake, &t->lock, &at);
}

/* The first entry once it is due; NULL when the timer stops. */
static struct entry *
take(struct timer *t)
{
	struct entry *due = NULL;

	pthread_mutex_lock(&t->lock);
	while (!t->stopping && due == NULL) {
		if (t->first == NULL)
			pthread_cond_wait(&t->wake, &t->lock);
		else if (t->first->due_us > env_monotonic_us())
			wait_until(t, t->first->due_us);
		else
			due = t->first;
	}
	if (due != NULL)
		t->first = due->next;
	pthread_mutex_unlock(&t->lock);
	return due;
}

static void *
tick(void *arg)
{
	struct entry *due;

	while ((due = take(arg)) != NULL) {
		due->run(due->ctx);
		due->drop(due->ctx);
		free(due);
	}
	return NULL;
}

struct timer *
timer_start(struct err *e)
{
	struct timer *t = calloc(1, sizeof(*t));
	pthread_condattr_t attr;
	int rc;

	if (t == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a timer");
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&t->thread, NULL, tick, t);
	if (rc == 0)
		return t;
	(void)err_set(
	    e, ERR_SYSTEM, "cannot start the timer: %s", strerror(rc));
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

void
timer_stop(struct timer *t)
{
	struct entry *left, *next;
	bool again;

	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	again = t->stopping;
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	if (again)
		return;
	pthread_join(t->thread, NULL);
	pthread_mutex_lock(&t->lock);
	left = t->first;
	t->first = NULL;
	pthread_mutex_unlock(&t->lock);
	for (; left != NULL; left = next) {
		next = left->next;
		left->drop(left->ctx);
		free(left);
	}
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	timer_stop(t);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void
insert(struct timer *t, struct entry *new)
{
	struct entry **at = &t->first;

	while (*at != NULL && (*at)->due_us <= new->due_us)
		at = &(*at)->next;
	new->next = *at;
	*at = new;
	new->number = ++t->last_number;
	if (t->first == new)
		pthread_cond_signal(&t->wake);
}

uint64_t
timer_add(struct timer *t, int64_t after_ms, void (*run)(void *ctx),
    void (*drop)(void *ctx), void *ctx)
{
	struct entry *new = calloc(1, sizeof(*new));
	uint64_t number = 0;

	if (new == NULL)
		return 0;
	if (after_ms > AFTER_MAX_MS)
		after_ms = AFTER_MAX_MS;
	*new = (struct entry){ .due_us = env_monotonic_us() + after_ms * 1000,
		.run = run,
		.drop = drop,
		.ctx = ctx };
	pthread_mutex_lock(&t->lock);
	if (!t->stopping) {
		insert(t, new);
		number = new->number;
	}
	pthread_mutex_unlock(&t->lock);
	if (number == 0)
		free(new);
	return number;
}

bool
timer_cancel(struct timer *t, uint64_t number)
{
	struct entry **at, *found = NULL;

	pthread_mutex_lock(&t->lock);
	for (at = &t->first; *at != NULL && (*at)->number != number;)
		at = &(*at)->next;
	if (number != 0 && *at != NULL) {
		found = *at;
		*at = found->next;
	}
	pthread_mutex_unlock(&t->lock);
	if (found == NULL)
		return false;
	found->drop(found->ctx);
	free(found);
	return true;
}
