/* SPDX-License-Identifier: MIT */
/*
 * What layers would write into the host's logs, kept on the exchange until it
 * is finished. Everything is copied and bounded: a client's text can neither
 * fill the memory nor break a line. Nothing here can fail; what does not fit
 * is dropped or cut.
 */
#include "ndes/exchange.h"

#define TEXT_MAX 2048 /* of one datum of an event, and of one log line */
#define LINES_MAX ((size_t)64 << 10) /* of each log, for one exchange */

/* A copy of at most TEXT_MAX bytes; NULL stays NULL. */
static const char *
keep(struct ndes_exchange *x, const char *text)
{
	const char *copy;

	if (text == NULL)
		return NULL;
	copy = arena_str(&x->arena, bytes_of(text, strnlen(text, TEXT_MAX)));
	return copy == NULL ? "" : copy;
}

void
ndes_note_event(struct ndes_exchange *x, enum event_kind kind, const char *d1,
    const char *d2, const char *d3)
{
	struct ndes_evidence *ev = &x->evidence;
	struct event *event;

	if (event_row(kind) == NULL || ev->event_count == EVIDENCE_EVENTS_MAX)
		return;
	event = &ev->events[ev->event_count++];
	*event = (struct event){ .kind = kind };
	event->data[0] = keep(x, d1);
	event->data[1] = keep(x, d2);
	event->data[2] = keep(x, d3);
}

/* One line: line ends and control characters inside become blanks. */
static void PRINTF_LIKE(2, 0)
    add_line(struct buf *lines, const char *fmt, va_list ap)
{
	struct buf line;
	size_t n;

	if (lines->max == 0)
		buf_init(lines, LINES_MAX);
	buf_init(&line, LINES_MAX);
	buf_vaddf(&line, fmt, ap);
	n = line.n < TEXT_MAX ? line.n : TEXT_MAX;
	for (size_t i = 0; i < n; i++)
		if (line.p[i] < ' ' || line.p[i] == 0x7f)
			line.p[i] = ' ';
	if (buf_ok(&line) && lines->max - lines->n > n) {
		buf_add(lines, bytes_of(line.p, n));
		buf_add_byte(lines, '\n');
	}
	buf_clear(&line);
}

void
ndes_note_plugin(struct ndes_exchange *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&x->evidence.plugin, fmt, ap);
	va_end(ap);
}

void
ndes_note_crp(struct ndes_exchange *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&x->evidence.crp, fmt, ap);
	va_end(ap);
}

void
ndes_note_crp_request(struct ndes_exchange *x, const char *path, int status,
    int substatus, uint32_t win32)
{
	struct ndes_evidence *ev = &x->evidence;

	if (ev->crp_request_count == NDES_CRP_REQUESTS_MAX)
		return;
	ev->crp_requests[ev->crp_request_count++] = (struct ndes_crp_request){
		.path = path,
		.status = status,
		.substatus = substatus,
		.win32 = win32,
	};
}
