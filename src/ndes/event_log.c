/* SPDX-License-Identifier: MIT */
/*
 * Event logs on disk. The XML document is kept closed: an event is written
 * over its end tag, with the end tag behind it, in one write. A document that
 * a crash left open is closed behind its last whole event.
 */
#include "ndes/event_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "ndes/log_file.h"

#define HEAD                                        \
	"<?xml version=\"1.0\" encoding=\"utf-8\" " \
	"standalone=\"yes\"?>\r\n<Events>\r\n"
#define EVENT_END "</Event>\r\n"
#define FOOT "</Events>\r\n"
#define FOOT_BYTES (sizeof(FOOT) - 1)
#define RECORD_START "<EventRecordID>"

#define ENTRY_MAX ((size_t)128 << 10) /* an event with all its data escaped */
#define TAIL_MAX (2 * ENTRY_MAX)
#define LOGS_MAX 8
#define NAME_SIZE 80

struct one_log {
	const char *name; /* as in the rows */
	struct log_file xml, text; /* both under the lock of xml */
	uint64_t record; /* of the last event in xml */
};

struct event_log {
	char *dir; /* ".../events" */
	char *computer;
	struct one_log logs[LOGS_MAX];
	size_t count;
};

static struct one_log *
find_log(struct event_log *log, const char *name)
{
	for (size_t i = 0; i < log->count; i++)
		if (strcmp(log->logs[i].name, name) == 0)
			return &log->logs[i];
	return NULL;
}

/* Every log that a row names. */
static void
add_logs(struct event_log *log)
{
	for (int k = 0; k < EVENTS; k++) {
		const struct event_row *row = event_row((enum event_kind)k);
		struct one_log *one = &log->logs[log->count];

		if (row == NULL || find_log(log, row->log) != NULL ||
		    log->count == LOGS_MAX)
			continue;
		one->name = row->log;
		log_file_init(&one->xml);
		log_file_init(&one->text);
		log->count++;
	}
}

struct event_log *
event_log_open(const char *dir, const char *computer, struct err *e)
{
	struct event_log *log = calloc(1, sizeof(*log));

	if (log != NULL && asprintf(&log->dir, "%s/events", dir) == -1)
		log->dir = NULL;
	if (log != NULL)
		log->computer = strdup(computer);
	if (log == NULL || log->dir == NULL || log->computer == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the event logs");
		event_log_close(log);
		return NULL;
	}
	if (log_folder_make(dir, e) == -1 ||
	    log_folder_make(log->dir, e) == -1) {
		event_log_close(log);
		return NULL;
	}
	add_logs(log);
	return log;
}

void
event_log_close(struct event_log *log)
{
	if (log == NULL)
		return;
	for (size_t i = 0; i < log->count; i++) {
		log_file_clear(&log->logs[i].xml);
		log_file_clear(&log->logs[i].text);
	}
	free(log->dir);
	free(log->computer);
	free(log);
}

/* ---- opening ---- */

/* Where the last `mark` in s begins, or -1. */
static int64_t
find_last(struct bytes s, const char *mark)
{
	size_t n = strlen(mark);

	for (size_t i = s.n < n ? 0 : s.n - n + 1; i > 0; i--)
		if (memcmp(s.p + i - 1, mark, n) == 0)
			return (int64_t)(i - 1);
	return -1;
}

/* The number of the last whole event in a document's tail; 0 when there is none. */
static uint64_t
last_record(struct bytes tail)
{
	int64_t end = find_last(tail, EVENT_END);
	int64_t at;
	struct bytes digits;
	uint64_t value;

	tail.n = end == -1 ? 0 : (size_t)end;
	at = find_last(tail, RECORD_START);
	if (at == -1)
		return 0;
	digits = bytes_from(tail, (size_t)at + sizeof(RECORD_START) - 1);
	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] == '<')
			digits.n = i;
	return text_u64(digits, UINT64_MAX - 1, &value) == 0 ? value : 0;
}

/* Begins as a document of ours does, as far as it goes. */
static bool
begins_as_ours(struct bytes s)
{
	size_t n = s.n < sizeof(HEAD) - 1 ? s.n : sizeof(HEAD) - 1;

	return n == 0 || memcmp(s.p, HEAD, n) == 0;
}

/* What stands behind the last whole event becomes the end tag. */
static int
close_document(struct log_file *f, struct bytes tail, struct err *e)
{
	int64_t before = f->size - (int64_t)tail.n;
	int64_t event = find_last(tail, EVENT_END);
	int64_t keep = 0;
	struct buf b;
	int rc;

	if (event != -1)
		keep = before + event + (int64_t)sizeof(EVENT_END) - 1;
	else if (before > 0 || !begins_as_ours(tail))
		return err_set(e, ERR_INPUT,
		    "%s is no document of events; move it away", f->path);
	if (log_file_cut(f, keep, e) == -1)
		return -1;
	buf_init(&b, sizeof(HEAD FOOT));
	buf_add_str(&b, keep == 0 ? HEAD FOOT : FOOT);
	rc = log_file_append(f, &b, e);
	buf_clear(&b);
	return rc;
}

static bool
ends_with(struct bytes s, const char *mark)
{
	size_t n = strlen(mark);

	return s.n >= n && memcmp(s.p + s.n - n, mark, n) == 0;
}

static int
open_document(
    struct one_log *one, const char *dir, const char *name, struct err *e)
{
	struct log_file *f = &one->xml;
	struct buf tail;
	int rc;

	if (log_file_open(f, e, "%s/%s.xml", dir, name) == -1)
		return -1;
	buf_init(&tail, TAIL_MAX);
	rc = log_file_tail(f, TAIL_MAX, &tail, e);
	if (rc == 0 && !ends_with(buf_bytes(&tail), FOOT))
		rc = close_document(f, buf_bytes(&tail), e);
	if (rc == 0)
		one->record = last_record(buf_bytes(&tail));
	else
		log_file_shut(f);
	buf_clear(&tail);
	return rc;
}

static int
open_files(struct event_log *log, struct one_log *one, struct err *e)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s", one->name);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '-';
	if (!log_file_is_current(&one->xml) &&
	    open_document(one, log->dir, name, e) == -1)
		return -1;
	if (log_file_is_current(&one->text))
		return 0;
	return log_file_open(&one->text, e, "%s/%s.txt", log->dir, name);
}

/* ---- writing ---- */

static int
add_event(struct event_log *log, struct one_log *one, const struct event *event,
    int64_t now_ms, struct err *e)
{
	struct buf xml, line;
	int rc;

	if (open_files(log, one, e) == -1)
		return -1;
	buf_init(&xml, ENTRY_MAX);
	event_xml(&xml, event, log->computer, one->record + 1, now_ms);
	buf_add_str(&xml, "\r\n" FOOT);
	buf_init(&line, ENTRY_MAX);
	event_line(&line, event, now_ms);
	buf_add_str(&line, "\r\n");
	rc = log_file_replace(&one->xml, FOOT_BYTES, &xml, e);
	if (rc == 0) {
		one->record++;
		rc = log_file_append(&one->text, &line, e);
	}
	buf_clear(&xml);
	buf_clear(&line);
	return rc;
}

int
event_log_write(struct event_log *log, const struct event *event,
    int64_t now_ms, struct err *e)
{
	const struct event_row *row = event_row(event->kind);
	struct one_log *one;
	int rc;

	if (row == NULL)
		return 0;
	one = find_log(log, row->log);
	if (one == NULL)
		return err_set(
		    e, ERR_LIMIT, "no room for the log %s", row->log);
	log_file_lock(&one->xml);
	rc = add_event(log, one, event, now_ms, e);
	log_file_unlock(&one->xml);
	return rc;
}
