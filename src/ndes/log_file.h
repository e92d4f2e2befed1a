/* SPDX-License-Identifier: MIT */
/*
 * One file of the evidence: opened when the first line comes, appended to
 * across restarts, one write for each addition, so that a reader never sees
 * half of one. A write that the disk refuses is taken back. What stands in
 * the file is its owner's business.
 *
 * All but init and clear are called between log_file_lock() and
 * log_file_unlock(), so that an owner can look, turn over and add in one step.
 */
#ifndef NDES_LOG_FILE_H
#define NDES_LOG_FILE_H

#include <pthread.h>

#include "base/buf.h"
#include "base/err.h"

#define LOG_FILE_ENTRY_MAX ((size_t)4 << 20) /* of one addition */

struct log_file {
	pthread_mutex_t lock;
	int fd; /* -1: not open */
	char *path; /* of the open file */
	int64_t size;
};

/* Makes a folder that must be writable afterwards; one that exists is fine. */
MUST_USE int log_folder_make(const char *path, struct err *e);

void log_file_init(struct log_file *f);
void log_file_clear(struct log_file *f); /* after init; twice is fine */
void log_file_lock(struct log_file *f);
void log_file_unlock(struct log_file *f);

/* Open, and as we left it: nobody removed, cut or wrote to it. Otherwise the owner opens anew. */
bool log_file_is_current(const struct log_file *f);

/* Make the file at this path the open one; created when missing. On failure none is open. */
MUST_USE int log_file_open(
    struct log_file *f, struct err *e, const char *fmt, ...) PRINTF_LIKE(3, 4);
void log_file_shut(struct log_file *f);

/* Add behind the end. */
MUST_USE int log_file_append(
    struct log_file *f, const struct buf *b, struct err *e);

/* Write from `tail` bytes before the end on: for a document whose end tag stays last. tail is at most f->size. */
MUST_USE int log_file_replace(
    struct log_file *f, size_t tail, const struct buf *b, struct err *e);

/* The last bytes of the file, at most max. Appended to out. */
MUST_USE int log_file_tail(
    const struct log_file *f, size_t max, struct buf *out, struct err *e);

/* Cut the file to its first `size` bytes. */
MUST_USE int log_file_cut(struct log_file *f, int64_t size, struct err *e);

/* ---- words that several logs share ---- */

/* "2026-03-04 05:06:07", UTC. Appended. */
void log_add_time(struct buf *out, int64_t now_ms);

/*
 * A blank and a field of a W3C log; empty is "-". A blank inside would end
 * the field: '+' as IIS writes it, or, without plus, an escape as for all
 * control characters.
 */
void log_add_field(struct buf *out, struct bytes s, bool plus);

#endif
