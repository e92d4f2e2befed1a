/* SPDX-License-Identifier: MIT */
/*
 * An allocator whose k-th call fails, for the sweep over allocations. Include
 * it in one test program: it defines malloc, calloc and realloc there. Only
 * calls from the program's own code count and fail, those of shared libraries
 * pass through. Frees are not touched.
 */
#ifndef SUPPORT_FAILING_MALLOC_H
#define SUPPORT_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next one below: glibc's, or the sanitizers' when they are linked in. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t k, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__interceptor_malloc(size_t n) __attribute__((weak));
extern void *__interceptor_calloc(size_t k, size_t n) __attribute__((weak));
extern void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));

/* The program's own code, as the linker lays it out. */
extern const char __executable_start[], etext[];

void *malloc(size_t n);
void *calloc(size_t k, size_t n);
void *realloc(void *p, size_t n);

static struct {
	bool armed;
	size_t calls; /* since it was armed */
	size_t fail_at; /* the call that fails, from 1; 0: none */
} failing;

/* From now on count; let the k-th call fail (0: none). */
static inline void
failing_malloc_arm(size_t k)
{
	failing.calls = 0;
	failing.fail_at = k;
	failing.armed = true;
}

/* Stop; how many calls there were. */
static inline size_t
failing_malloc_disarm(void)
{
	failing.armed = false;
	return failing.calls;
}

static inline bool
fails_now(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	if (!failing.armed || at < (uintptr_t)__executable_start ||
	    at >= (uintptr_t)etext)
		return false;
	return ++failing.calls == failing.fail_at;
}

void *
malloc(size_t n)
{
	if (fails_now(__builtin_return_address(0)))
		return NULL;
	return __interceptor_malloc != NULL ? __interceptor_malloc(n)
					    : __libc_malloc(n);
}

void *
calloc(size_t k, size_t n)
{
	if (fails_now(__builtin_return_address(0)))
		return NULL;
	return __interceptor_calloc != NULL ? __interceptor_calloc(k, n)
					    : __libc_calloc(k, n);
}

void *
realloc(void *p, size_t n)
{
	if (fails_now(__builtin_return_address(0)))
		return NULL;
	return __interceptor_realloc != NULL ? __interceptor_realloc(p, n)
					     : __libc_realloc(p, n);
}

#endif
