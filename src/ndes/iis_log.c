/* SPDX-License-Identifier: MIT */
/*
 * IIS's W3C log. A file is opened for the UTC day of the first line that
 * belongs to it, with a block of header lines each time, as IIS writes one
 * whenever it opens a file. Each line is one write, so that a reader never
 * sees half of one.
 */
#include "ndes/iis_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"

#define LINE_MAX_BYTES ((size_t)4 << 20)
#define DAY_MS INT64_C(86400000)
#define NO_DAY INT64_MIN

struct iis_log {
	pthread_mutex_t lock; /* of fd and day */
	char *dir; /* ".../W3SVC1" */
	int fd; /* -1: not open */
	int64_t day; /* days since 1970-01-01 of the open file */
};

static int
make_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0777) == -1 && errno != EEXIST)
		return err_sys(
		    e, ERR_SYSTEM, "cannot make the folder %s", path);
	return 0;
}

struct iis_log *
iis_log_open(const char *dir, struct err *e)
{
	struct iis_log *log = calloc(1, sizeof(*log));
	int fd;

	if (log == NULL || asprintf(&log->dir, "%s/W3SVC1", dir) == -1) {
		free(log);
		err_set(e, ERR_MEMORY, "no memory for the IIS log");
		return NULL;
	}
	log->fd = -1;
	log->day = NO_DAY;
	pthread_mutex_init(&log->lock, NULL);
	if (make_folder(dir, e) == -1 || make_folder(log->dir, e) == -1) {
		iis_log_close(log);
		return NULL;
	}
	fd = open(log->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		err_sys(e, ERR_SYSTEM, "cannot use the folder %s", log->dir);
		iis_log_close(log);
		return NULL;
	}
	close(fd);
	return log;
}

void
iis_log_close(struct iis_log *log)
{
	if (log == NULL)
		return;
	if (log->fd != -1)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	free(log->dir);
	free(log);
}

/* ---- the line ---- */

/*
 * One field: empty is "-". A blank would end the field: '+' in headers and
 * paths, as IIS writes it; in a query, which is logged as received, an
 * escape, as for all control characters.
 */
static void
add_field(struct buf *out, struct bytes s, bool plus)
{
	buf_add_byte(out, ' ');
	if (s.n == 0)
		buf_add_byte(out, '-');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' && plus)
			buf_add_byte(out, '+');
		else if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			buf_addf(out, "%%%02X", s.p[i]);
		else
			buf_add_byte(out, s.p[i]);
	}
}

static void
add_header(struct buf *out, const struct ndes_exchange *x, const char *name)
{
	const struct http_header *h = http_request_header(&x->rq, name);

	add_field(out, h == NULL ? bytes_of(NULL, 0) : h->value, true);
}

static void
add_time(struct buf *out, int64_t now_ms)
{
	struct civil c = civil_from_unix(now_ms / 1000);

	buf_addf(out, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day,
	    c.hour, c.minute, c.second);
}

void
iis_log_line(struct buf *out, const struct ndes_exchange *x, int64_t now_ms,
    int64_t taken_ms)
{
	const struct http_request *rq = &x->rq;
	const struct ndes_evidence *ev = &x->evidence;

	add_time(out, now_ms);
	add_field(out, bytes_str(rq->local), true);
	add_field(out, rq->method_text, true);
	add_field(out, x->stem, true);
	add_field(out, rq->query, false);
	buf_addf(out, " %u", rq->local_port);
	add_field(out, bytes_str(ev->username), true);
	add_field(out, bytes_str(rq->peer), true);
	add_header(out, x, "User-Agent");
	add_header(out, x, "Referer");
	buf_addf(out, " %d %d %lu %lld", ev->status, ev->substatus,
	    (unsigned long)ev->win32, (long long)taken_ms);
}

/* ---- the file ---- */

static int
write_all(const struct iis_log *log, const struct buf *b, struct err *e)
{
	size_t done = 0;

	if (!buf_ok(b))
		return err_set(e, ERR_MEMORY, "no memory for a log line");
	while (done < b->n) {
		ssize_t n = write(log->fd, b->p + done, b->n - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_SYSTEM,
			    "cannot write the IIS log in %s", log->dir);
		done += (size_t)n;
	}
	return 0;
}

static void
add_head(struct buf *b, int64_t now_ms)
{
	buf_add_str(b,
	    "#Software: Microsoft Internet Information Services 10.0\r\n"
	    "#Version: 1.0\r\n"
	    "#Date: ");
	add_time(b, now_ms);
	buf_add_str(b,
	    "\r\n"
	    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query "
	    "s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
	    "sc-substatus sc-win32-status time-taken\r\n");
}

/* Make the file of this day the open one. */
static int
turn_to(struct iis_log *log, int64_t now_ms, struct err *e)
{
	struct civil c = civil_from_unix(now_ms / 1000);
	struct buf b;
	char *path;
	int rc;

	if (log->fd != -1)
		close(log->fd);
	log->fd = -1;
	if (asprintf(&path, "%s/u_ex%02d%02d%02d.log", log->dir, c.year % 100,
		c.month, c.day) == -1)
		return err_set(e, ERR_MEMORY, "no memory for a file name");
	log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (log->fd == -1) {
		err_sys(e, ERR_SYSTEM, "cannot open %s", path);
		free(path);
		return -1;
	}
	free(path);
	log->day = now_ms / DAY_MS;
	buf_init(&b, 1024);
	add_head(&b, now_ms);
	rc = write_all(log, &b, e);
	buf_clear(&b);
	return rc;
}

int
iis_log_write(struct iis_log *log, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms, struct err *e)
{
	struct buf b;
	int rc = 0;

	if (!x->evidence.in_iis_log)
		return 0;
	buf_init(&b, LINE_MAX_BYTES);
	iis_log_line(&b, x, now_ms, taken_ms);
	buf_add_str(&b, "\r\n");
	pthread_mutex_lock(&log->lock);
	if (log->fd == -1 || log->day != now_ms / DAY_MS)
		rc = turn_to(log, now_ms, e);
	if (rc == 0)
		rc = write_all(log, &b, e);
	pthread_mutex_unlock(&log->lock);
	buf_clear(&b);
	return rc;
}
