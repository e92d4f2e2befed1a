/* SPDX-License-Identifier: MIT */
/*
 * Enrolments whose HTTP no ordinary library would write: HTTP/1.0 without
 * Host, chunks, Expect, pipelining, queries cut into small segments. The
 * octets are written to a bare socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/served.h"

struct shape {
	const char *what;
	bool by_get;
	enum client_spelling spelling;
	const char *version;
	const char *
	    head; /* lines behind the request line; %L the length of the body */
	bool chunked;
	long status; /* the final one */
};

#define CISCO "User-Agent: Mozilla/4.0 (compatible; MSIE 5.0; Cisco PKI)\r\n"

static const struct shape shapes[] = {
	{ "Cisco: HTTP/1.0, no Host, lines of 64", true, CLIENT_LINES,
	    "HTTP/1.0", CISCO, false, 200 },
	{ "HTTP/1.0, no header at all", true, CLIENT_ESCAPED, "HTTP/1.0", "",
	    false, 200 },
	{ "strongSwan by GET: HTTP/1.1 without Host", true, CLIENT_LINES,
	    "HTTP/1.1", "Connection: close\r\n", false, 200 },
	{ "sscep: Connection: close, no User-Agent", true, CLIENT_LINES,
	    "HTTP/1.1", "Host: x\r\nConnection: close\r\n", false, 200 },
	{ "jscep: raw + / =", true, CLIENT_RAW, "HTTP/1.1",
	    "Host: x\r\nConnection: close\r\n", false, 200 },
	{ "POST without Content-Type", false, CLIENT_ESCAPED, "HTTP/1.1",
	    "Host: x\r\nConnection: close\r\nContent-Length: %L\r\n", false,
	    200 },
	{ "POST by HTTP/1.0", false, CLIENT_ESCAPED, "HTTP/1.0",
	    "Content-Length: %L\r\n", false, 200 },
	{ "POST as form data", false, CLIENT_ESCAPED, "HTTP/1.1",
	    "Host: x\r\nConnection: close\r\nContent-Length: %L\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n",
	    false, 200 },
	{ "POST in chunks", false, CLIENT_ESCAPED, "HTTP/1.1",
	    "Host: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n",
	    true, 200 },
	{ "POST with Expect that does not wait", false, CLIENT_ESCAPED,
	    "HTTP/1.1",
	    "Host: x\r\nConnection: close\r\nContent-Length: %L\r\n"
	    "Expect: 100-continue\r\n",
	    false, 200 },
};

static int
add_text(struct client_bytes *out, const char *text)
{
	return client_bytes_add(out, text, strlen(text));
}

static void
add_head(struct client_bytes *out, const char *head, size_t length)
{
	const char *at = strstr(head, "%L");
	char number[32];
	if (!at) {
		add_text(out, head);
		return;
	}
	client_bytes_add(out, head, (size_t)(at - head));
	snprintf(number, sizeof number, "%zu", length);
	add_text(out, number);
	add_text(out, at + 2);
}

static void
add_chunks(struct client_bytes *out, const struct client_bytes *body)
{
	char size[32];
	for (size_t at = 0; at < body->n; at += 700) {
		size_t n = body->n - at < 700 ? body->n - at : 700;
		snprintf(size, sizeof size, "%zx\r\n", n);
		add_text(out, size);
		client_bytes_add(out, body->p + at, n);
		add_text(out, "\r\n");
	}
	add_text(out, "0\r\n\r\n");
}

static void
write_request(struct client *c, const struct shape *shape,
    const struct client_bytes *message, struct client_bytes *out)
{
	static const char path[] = "/certsrv/mscep/mscep.dll/pkiclient.exe";
	add_text(out, shape->by_get ? "GET " : "POST ");
	add_text(out, path);
	if (shape->by_get)
		client_query(c, message, shape->spelling, out);
	else
		add_text(out, "?operation=PKIOperation");
	add_text(out, " ");
	add_text(out, shape->version);
	add_text(out, "\r\n");
	add_head(out, shape->head, message->n);
	add_text(out, "\r\n");
	if (shape->by_get)
		return;
	if (shape->chunked)
		add_chunks(out, message);
	else
		client_bytes_add(out, message->p, message->n);
}

/* Behind "100 Continue" stands the real answer. */
static void
skip_continue(struct client_http *h)
{
	const char *text = (const char *)h->body.p;
	const char *end;
	if (h->status != 100 || !text || !(end = strstr(text, "\r\n\r\n")))
		return;
	size_t head = (size_t)(end - text) + 4;
	sscanf(text, "HTTP/%*s %ld", &h->status);
	memmove(h->body.p, text + head, h->body.n - head);
	h->body.n -= head;
}

static void
enrols_with_every_manner_of_http(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const struct shape *shape = &shapes[i];
		struct client_enrolment e =
		    served_enrolment(&s, w, "/CN=octets");
		struct client_prepared p;
		struct client_bytes octets = { 0 };
		struct client_http h;
		struct client_certrep r = { 0 };
		if (client_prepare(&w->c, &e, &p))
			fail_msg("%s", w->c.why);
		write_request(&w->c, shape, &p.der, &octets);
		if (client_raw(&w->c, s.url, octets.p, octets.n, &h))
			fail_msg("%s: %s", shape->what, w->c.why);
		skip_continue(&h);
		struct client_expect x = {
			.message = &p.message, .ca = &s.ca, .csr_key = w->key
		};
		if (h.status != shape->status ||
		    client_certrep_read(&w->c, &x, &h.body, &r) ||
		    r.status != 0)
			fail_msg("%s: HTTP %ld, pkiStatus %d, %s", shape->what,
			    h.status, r.status, w->c.why);
		client_certrep_clear(&r);
		client_http_clear(&h);
		client_bytes_clear(&octets);
		client_prepared_clear(&p);
	}
	served_stop(&s);
}

static unsigned
count(const struct client_bytes *in, const char *what)
{
	unsigned n = 0;
	const char *p = (const char *)in->p;
	while (p && (p = strstr(p, what))) {
		n++;
		p++;
	}
	return n;
}

static void
answers_requests_that_come_in_one_piece(void **state)
{
	struct world *w = *state;
	struct served s;
	struct client_http h;
	struct client_bytes octets = { 0 };
	served_start(&s, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		add_text(&octets,
		    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps "
		    "HTTP/1.1\r\nHost: x\r\n");
		add_text(
		    &octets, i == 2 ? "Connection: close\r\n\r\n" : "\r\n");
	}
	if (client_raw(&w->c, s.url, octets.p, octets.n, &h))
		fail_msg("%s", w->c.why);
	assert_int_equal(h.status, 200);
	assert_int_equal(count(&h.body, "HTTP/1.1 200"), 2);
	client_http_clear(&h);
	client_bytes_clear(&octets);
	served_stop(&s);
}

static void
survives_a_client_that_goes_in_the_middle(void **state)
{
	struct world *w = *state;
	struct served s;
	struct client_http h;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	static const char half[] =
	    "POST /certsrv/mscep/mscep.dll?operation=PKIOperation HTTP/1.0\r\n"
	    "Content-Length: 100000\r\n\r\nhalf of it";
	for (int i = 0; i < 5; i++)
		if (client_raw_go(&w->c, s.url, half, sizeof half - 1))
			fail_msg("%s", w->c.why);
	static const char junk[] = "\x16\x03\x01\x02\x00\x01 not HTTP\r\n\r\n";
	(void)client_raw(&w->c, s.url, junk, sizeof junk - 1, &h);
	client_http_clear(&h);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=after");
	enrol_status(&w->c, &e, 0, "after five broken requests");
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enrols_with_every_manner_of_http),
		cmocka_unit_test(answers_requests_that_come_in_one_piece),
		cmocka_unit_test(survives_a_client_that_goes_in_the_middle),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
