/* SPDX-License-Identifier: MIT */
/*
 * The log of http.sys: requests that it answered itself, and those that a
 * worker process died of. Header lines begin a file, and stand again where the
 * product changed.
 */
#include "ndes/httperr_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "ndes/log_file.h"
#include "ndes/product.h"

struct httperr_log {
	struct log_file file;
	char *dir; /* ".../HTTPERR" */
	/* of the open file, under its lock */
	unsigned number;
	int product; /* enum host_product of the last line; -1: none yet */
};

struct httperr_log *
httperr_log_open(const char *dir, struct err *e)
{
	struct httperr_log *log = calloc(1, sizeof(*log));

	if (log == NULL || asprintf(&log->dir, "%s/HTTPERR", dir) == -1) {
		free(log);
		err_set(e, ERR_MEMORY, "no memory for the log of http.sys");
		return NULL;
	}
	log->number = 1;
	log->product = -1;
	log_file_init(&log->file);
	if (log_folder_make(dir, e) == -1 ||
	    log_folder_make(log->dir, e) == -1) {
		httperr_log_close(log);
		return NULL;
	}
	return log;
}

void
httperr_log_close(struct httperr_log *log)
{
	if (log == NULL)
		return;
	log_file_clear(&log->file);
	free(log->dir);
	free(log);
}

/* ---- the line ---- */

/* Without "http://host" and cut, as http.sys logs it. path begins inside of target. */
static void
add_uri(struct buf *out, const struct http_request *rq)
{
	size_t end = out->n + 1 + HTTPERR_URI_MAX;
	struct bytes uri = rq->path;

	if (uri.n > 0)
		uri.n = (size_t)(rq->target.p + rq->target.n - uri.p);
	if (uri.n > HTTPERR_URI_MAX)
		uri.n = HTTPERR_URI_MAX;
	log_add_field(out, uri, false);
	if (out->n > end) { /* escapes made it longer */
		out->n = end;
		out->p[end] = 0;
	}
}

/* A request that was refused before http.sys looked for its queue belongs to no site. */
static bool
was_queued(const struct ndes_evidence *ev)
{
	return ev->httperr_no_status || ev->status == 503;
}

void
httperr_log_line(struct buf *out, const struct ndes_exchange *x, int64_t now_ms)
{
	const struct http_request *rq = &x->rq;
	const struct ndes_evidence *ev = &x->evidence;

	log_add_time(out, now_ms);
	log_add_field(out, bytes_str(rq->peer), true);
	buf_addf(out, " %u", rq->peer_port);
	log_add_field(out, bytes_str(rq->local), true);
	buf_addf(out, " %u", rq->local_port);
	log_add_field(out, rq->version, true);
	log_add_field(out, rq->method_text, true);
	add_uri(out, rq);
	if (ndes_product(x->host)->log_streamid)
		buf_add_str(out, " -"); /* of HTTP/2 */
	if (ev->httperr_no_status)
		buf_add_str(out, " -");
	else
		buf_addf(out, " %d", ev->status);
	buf_addf(out, " %s", was_queued(ev) ? "1" : "-");
	log_add_field(out, bytes_str(ev->httperr_reason), true);
	buf_addf(out, " %s", was_queued(ev) ? "SCEP" : "-");
}

/* ---- the file ---- */

void
httperr_log_head(struct buf *out, const struct host *host, int64_t now_ms)
{
	const struct ndes_product *product = ndes_product(host);

	buf_addf(out,
	    "#Software: %s\r\n"
	    "#Version: 1.0\r\n"
	    "#Date: ",
	    product->httperr_software);
	log_add_time(out, now_ms);
	buf_addf(out,
	    "\r\n"
	    "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method "
	    "cs-uri%s sc-status s-siteid s-reason s-queuename\r\n",
	    product->log_streamid ? " streamid" : "");
}

/* The first file, from the one in use on, that has room for n more bytes. */
static int
turn_to(struct httperr_log *log, size_t n, struct err *e)
{
	struct log_file *f = &log->file;

	for (;;) {
		bool full =
		    f->size > 0 && f->size + (int64_t)n > HTTPERR_FILE_MAX;

		if (!full && log_file_is_current(f))
			return 0;
		if (full)
			log->number++;
		if (log_file_open(
			f, e, "%s/httperr%u.log", log->dir, log->number) == -1)
			return -1;
	}
}

static int
write_line(struct httperr_log *log, const struct buf *line,
    const struct host *host, int64_t now_ms, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, LOG_FILE_ENTRY_MAX);
	rc = turn_to(log, line->n, e);
	if (rc == 0) {
		if (log->file.size == 0 ||
		    (log->product != -1 && log->product != host->product))
			httperr_log_head(&b, host, now_ms);
		log->product = host->product;
		buf_add(&b, buf_bytes(line));
		b.failed = b.failed || line->failed;
		rc = log_file_append(&log->file, &b, e);
	}
	buf_clear(&b);
	return rc;
}

int
httperr_log_write(struct httperr_log *log, const struct ndes_exchange *x,
    int64_t now_ms, struct err *e)
{
	struct buf line;
	int rc;

	if (x->evidence.httperr_reason == NULL)
		return 0;
	buf_init(&line, LOG_FILE_ENTRY_MAX);
	httperr_log_line(&line, x, now_ms);
	buf_add_str(&line, "\r\n");
	log_file_lock(&log->file);
	rc = write_line(log, &line, x->host, now_ms, e);
	log_file_unlock(&log->file);
	buf_clear(&line);
	return rc;
}
