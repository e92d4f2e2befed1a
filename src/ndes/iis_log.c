/* SPDX-License-Identifier: MIT */
/*
 * IIS's W3C log. A block of header lines stands wherever the log begins anew:
 * at the first line of a UTC day, after a restart, and where the set of fields
 * changed. The lines of one exchange are one write.
 */
#include "ndes/iis_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "ndes/log_file.h"
#include "ndes/product.h"

#define DAY_MS INT64_C(86400000)

struct iis_log {
	struct log_file file;
	char *dir; /* ".../W3SVC1" */
	/* of the open file, under its lock */
	int64_t day; /* days since 1970-01-01 */
	int fields; /* enum host_log_fields */
	int product; /* enum host_product */
};

struct iis_log *
iis_log_open(const char *dir, struct err *e)
{
	struct iis_log *log = calloc(1, sizeof(*log));

	if (log == NULL || asprintf(&log->dir, "%s/W3SVC1", dir) == -1) {
		free(log);
		err_set(e, ERR_MEMORY, "no memory for the IIS log");
		return NULL;
	}
	log_file_init(&log->file);
	if (log_folder_make(dir, e) == -1 ||
	    log_folder_make(log->dir, e) == -1) {
		iis_log_close(log);
		return NULL;
	}
	return log;
}

void
iis_log_close(struct iis_log *log)
{
	if (log == NULL)
		return;
	log_file_clear(&log->file);
	free(log->dir);
	free(log);
}

/* ---- lines ---- */

/* Only the tail differs between the sets of fields. */
static void
add_tail(
    struct buf *out, const struct ndes_exchange *x, size_t bytes, int64_t ms)
{
	if (x->host->iis.log_fields == HOST_LOG_SC_BYTES)
		buf_addf(out, " %zu", bytes);
	buf_addf(out, " %lld", (long long)ms);
}

static void
add_header(struct buf *out, const struct ndes_exchange *x, const char *name)
{
	const struct http_header *h = http_request_header(&x->rq, name);

	log_add_field(out, h == NULL ? bytes_of(NULL, 0) : h->value, true);
}

/* The Connection header that a reply gets because of how the client wants it. */
static size_t
connection_bytes(const struct ndes_exchange *x)
{
	const struct http_header *h = http_request_header(&x->rq, "Connection");
	bool old = bytes_eq_nocase(x->rq.version, BYTES_LIT("HTTP/1.0"));

	if (x->reply.close ||
	    (h != NULL && bytes_eq_nocase(h->value, BYTES_LIT("close"))))
		return sizeof("Connection: close\r\n") - 1;
	if (!old)
		return 0;
	return h == NULL ? sizeof("Connection: close\r\n") - 1
			 : sizeof("Connection: Keep-Alive\r\n") - 1;
}

/* What the reply takes on the wire: status line, headers, body. */
static size_t
bytes_sent(const struct ndes_exchange *x)
{
	const struct http_reply *r = &x->reply;
	const char *phrase = r->reason;
	size_t n = sizeof("HTTP/1.1 200 \r\n\r\n") - 1;

	if (r->wire.act != WIRE_PLAY)
		return 0;
	n += strlen(phrase == NULL ? http_reason(r->status) : phrase);
	for (size_t i = 0; i < r->header_count; i++)
		n += r->headers[i].name.n + r->headers[i].value.n + 4;
	n += connection_bytes(x);
	return x->rq.method == HTTP_HEAD ? n : n + r->body.n;
}

void
iis_log_line(struct buf *out, const struct ndes_exchange *x, int64_t now_ms,
    int64_t taken_ms)
{
	const struct http_request *rq = &x->rq;
	const struct ndes_evidence *ev = &x->evidence;

	log_add_time(out, now_ms);
	log_add_field(out, bytes_str(rq->local), true);
	log_add_field(out, rq->method_text, true);
	log_add_field(out, x->stem, true);
	log_add_field(out, rq->query, false);
	buf_addf(out, " %u", rq->local_port);
	log_add_field(out, bytes_str(ev->username), true);
	log_add_field(out, bytes_str(rq->peer), true);
	add_header(out, x, "User-Agent");
	if (ndes_product(x->host)->log_referer)
		add_header(out, x, "Referer");
	buf_addf(out, " %d %d %lu", ev->status, ev->substatus,
	    (unsigned long)ev->win32);
	add_tail(out, x, bytes_sent(x), taken_ms);
}

/* sc-bytes of the registration point's answers: 201 and 204 as seen in the field, the rest the stock pages with their headers. */
static size_t
crp_bytes(int status)
{
	static const struct {
		int status;
		size_t bytes;
	} rows[] = { { 201, 341 }, { 204, 277 }, { 403, 1394 }, { 500, 1381 } };

	for (size_t i = 0; i < nitems(rows); i++)
		if (rows[i].status == status)
			return rows[i].bytes;
	return 0;
}

/* The policy module reaches the registration point by HTTPS on this host. */
static void
crp_line(struct buf *out, const struct ndes_exchange *x,
    const struct ndes_crp_request *rq, int64_t now_ms, int64_t taken_ms)
{
	log_add_time(out, now_ms);
	log_add_field(out, bytes_str(x->rq.local), true);
	buf_addf(out, " POST %s - 443 -", rq->path);
	log_add_field(out, bytes_str(x->rq.local), true);
	buf_addf(out, " NDES_Plugin%s %d %d %lu",
	    ndes_product(x->host)->log_referer ? " -" : "", rq->status,
	    rq->substatus, (unsigned long)rq->win32);
	add_tail(out, x, crp_bytes(rq->status), taken_ms);
}

void
iis_log_lines(struct buf *out, const struct ndes_exchange *x, int64_t now_ms,
    int64_t taken_ms)
{
	const struct ndes_evidence *ev = &x->evidence;

	for (size_t i = 0; i < ev->crp_request_count; i++) {
		crp_line(out, x, &ev->crp_requests[i], now_ms, taken_ms);
		buf_add_str(out, "\r\n");
	}
	if (!ev->in_iis_log)
		return;
	iis_log_line(out, x, now_ms, taken_ms);
	buf_add_str(out, "\r\n");
}

/* ---- the file ---- */

void
iis_log_head(struct buf *out, const struct host *host, int64_t now_ms)
{
	const struct ndes_product *product = ndes_product(host);

	buf_addf(out,
	    "#Software: %s\r\n"
	    "#Version: 1.0\r\n"
	    "#Date: ",
	    product->iis_software);
	log_add_time(out, now_ms);
	buf_addf(out,
	    "\r\n"
	    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query "
	    "s-port cs-username c-ip cs(User-Agent)%s sc-status "
	    "sc-substatus sc-win32-status%s time-taken\r\n",
	    product->log_referer ? " cs(Referer)" : "",
	    host->iis.log_fields == HOST_LOG_SC_BYTES ? " sc-bytes" : "");
}

/* The file of this day, with header lines where the log begins anew. */
static int
turn_to(struct iis_log *log, const struct host *host, int64_t now_ms,
    struct buf *b, struct err *e)
{
	struct civil c = civil_from_unix(now_ms / 1000);
	int64_t day = now_ms / DAY_MS;
	bool current = log->day == day && log_file_is_current(&log->file);

	if (current && log->fields == host->iis.log_fields &&
	    log->product == host->product)
		return 0;
	if (!current &&
	    log_file_open(&log->file, e, "%s/u_ex%02d%02d%02d.log", log->dir,
		c.year % 100, c.month, c.day) == -1)
		return -1;
	log->day = day;
	log->fields = host->iis.log_fields;
	log->product = host->product;
	iis_log_head(b, host, now_ms);
	return 0;
}

int
iis_log_write(struct iis_log *log, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms, struct err *e)
{
	const struct ndes_evidence *ev = &x->evidence;
	struct buf b;
	int rc;

	if (!ev->in_iis_log && ev->crp_request_count == 0)
		return 0;
	buf_init(&b, LOG_FILE_ENTRY_MAX);
	log_file_lock(&log->file);
	rc = turn_to(log, x->host, now_ms, &b, e);
	if (rc == 0) {
		iis_log_lines(&b, x, now_ms, taken_ms);
		rc = log_file_append(&log->file, &b, e);
	}
	if (rc == -1)
		log_file_shut(&log->file);
	log_file_unlock(&log->file);
	buf_clear(&b);
	return rc;
}
