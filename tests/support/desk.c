/* SPDX-License-Identifier: MIT */
/*
 * The passage of a request value through the server and back, whichever
 * thread answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario/set.h"
#include "support/desk.h"

static int64_t
desk_now(void *ctx)
{
	struct desk *d = ctx;
	return atomic_load(&d->now_ms);
}

static int
desk_random(void *ctx, uint8_t *p, size_t n)
{
	const struct env *real = env_system();
	(void)ctx;
	return real->random(real->ctx, p, n);
}

static void
desk_log(void *ctx, enum log_level level, const char *text)
{
	struct desk *d = ctx;
	(void)level;
	pthread_mutex_lock(&d->lock);
	snprintf(d->log, sizeof(d->log), "%.2000s", text);
	pthread_mutex_unlock(&d->lock);
}

static void
open_with(
    struct desk *d, const struct host *host, struct scenario_set *scenarios)
{
	struct err e = { 0 };

	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	d->now_ms = env_now_ms(env_system());
	d->env = (struct env){ desk_now, desk_random, d };
	d->host = *host;
	struct server_options o = {
		.env = &d->env,
		.log = { desk_log, d },
		.threads = 1,
		.hostname = "localhost",
		.challenge = DESK_SECRET,
		.admin_user = "ndes",
		.admin_password = "ndes",
		.host = &d->host,
		.scenarios = scenarios,
		.seed = DESK_SEED,
	};
	d->server = server_new(&o, &e);
	if (!d->server ||
	    server_start(d->server, "http://desk.example.test", &e))
		fail_msg("the server does not start: %s", e.text);
}

void
desk_open_host(struct desk *d, const struct host *host)
{
	open_with(d, host, NULL);
}

void
desk_open_text(struct desk *d, const char *yaml)
{
	struct err e = { 0 };
	struct scenario_report report;
	struct scenario_set *set = scenario_set_new(&e);
	struct host host;

	scenario_report_init(&report);
	struct scenario *s =
	    scenario_load("desk", bytes_str(yaml), &report, &e);
	if (!s || !set || scenario_set_add(set, s, NULL, &e) ||
	    scenario_set_model(set, &host, &e))
		fail_msg("%s%s", buf_str(&report.lines), e.text);
	open_with(d, &host, set);
	scenario_free(s);
	scenario_set_unref(set);
	scenario_report_clear(&report);
}

void
desk_open(struct desk *d, const char *name)
{
	struct host host;
	struct err e = { 0 };
	struct scenario_report report;

	host_init(&host);
	if (name) {
		scenario_report_init(&report);
		struct scenario *s = scenario_open(name, &report, &e);
		if (!s)
			fail_msg("scenario %s: %s", name, e.text);
		scenario_apply(s, &host);
		scenario_free(s);
		scenario_report_clear(&report);
	}
	desk_open_host(d, &host);
}

void
desk_close(struct desk *d)
{
	client_ca_clear(&d->ca);
	server_free(d->server);
	pthread_mutex_destroy(&d->lock);
}

/* ---- one exchange ---- */

struct slip {
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct client_http *out;
	bool answered;
};

static void
take_reply(const struct http_reply *reply, struct client_http *out)
{
	char line[1024];

	memset(out, 0, sizeof(*out));
	out->status = reply->status;
	int n =
	    snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", reply->status,
		reply->reason ? reply->reason : http_reason(reply->status));
	client_bytes_add(&out->head, line, (size_t)n);
	for (size_t i = 0; i < reply->header_count; i++) {
		const struct http_header *h = &reply->headers[i];
		n = snprintf(line, sizeof(line), "%.*s: %.*s\r\n",
		    (int)h->name.n, (const char *)h->name.p, (int)h->value.n,
		    (const char *)h->value.p);
		client_bytes_add(&out->head, line, (size_t)n);
	}
	client_bytes_add(&out->head, "\r\n", 2);
	client_bytes_add(&out->body, reply->body.p, reply->body.n);
	client_header(out, "Content-Type", out->content_type);
}

/* The reply lends for the call only. */
static void
answered(void *ctx, const struct http_reply *reply)
{
	struct slip *slip = ctx;

	pthread_mutex_lock(&slip->lock);
	take_reply(reply, slip->out);
	slip->answered = true;
	pthread_cond_signal(&slip->done);
	pthread_mutex_unlock(&slip->lock);
}

void
desk_ask(struct desk *d, const struct desk_request *rq, struct client_http *out)
{
	struct slip slip = { .out = out };
	char target[1 << 16];
	struct http_header headers[2] = {
		{ BYTES_LIT("Host"), BYTES_LIT("desk.example.test") },
		{ BYTES_LIT("Authorization"), bytes_str(rq->authorization) },
	};
	const char *method = rq->method ? rq->method
	    : rq->body.p                ? "POST"
					: "GET";
	struct http_request value = {
		.method_text = bytes_str(method),
		.version = BYTES_LIT("HTTP/1.1"),
		.headers = headers,
		.header_count = rq->authorization ? 2 : 1,
		.body = bytes_of(rq->body.p, rq->body.n),
		.peer = "127.0.0.1",
		.local = "127.0.0.1",
		.peer_port = 40000,
		.local_port = 80,
		.received_ms = env_now_ms(&d->env),
	};

	if (snprintf(target, sizeof(target), "%s%s", d->below ? d->below : "",
		rq->target) >= (int)sizeof(target))
		fail_msg("a target is too long for the desk");
	value.target = bytes_str(target);
	value.head_bytes = value.target.n + 80;
	value.method = http_method_of(value.method_text);
	http_request_split(&value);
	pthread_mutex_init(&slip.lock, NULL);
	pthread_cond_init(&slip.done, NULL);
	struct server_exchange *x =
	    server_receive(d->server, &value, answered, &slip);
	assert_non_null(x);
	pthread_mutex_lock(&slip.lock);
	while (!slip.answered)
		pthread_cond_wait(&slip.done, &slip.lock);
	pthread_mutex_unlock(&slip.lock);
	server_exchange_end(x, SERVER_SENT);
	pthread_cond_destroy(&slip.done);
	pthread_mutex_destroy(&slip.lock);
}

void
desk_ca(struct desk *d, struct client *c)
{
	struct client_http h;
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACert" };

	desk_ask(d, &rq, &h);
	if (client_ca_read(c, &h, &d->ca))
		fail_msg("%s", c->why);
	client_http_clear(&h);
}

void
desk_enrol(struct desk *d, struct client *c, const struct client_enrolment *e,
    struct client_certrep *out)
{
	struct client_prepared p;
	struct client_http h;
	struct client_bytes target = { 0 };

	if (client_prepare(c, e, &p))
		fail_msg("%s", c->why);
	struct desk_request rq = { .target =
				       DESK_PATH "?operation=PKIOperation" };
	if (e->by_get) {
		client_bytes_add(&target, DESK_PATH, strlen(DESK_PATH));
		client_query(c, &p.der, e->spelling, &target);
		rq.target = (const char *)target.p;
	} else {
		rq.body = p.der;
	}
	desk_ask(d, &rq, &h);
	struct client_expect x = {
		.message = &p.message, .ca = e->ca, .csr_key = e->csr.key
	};
	if (h.status != 200 ||
	    strcmp(h.content_type, "application/x-pki-message") != 0)
		fail_msg(
		    "HTTP %ld as \"%s\": %s", h.status, h.content_type, d->log);
	if (client_certrep_read(c, &x, &h.body, out))
		fail_msg("%s", c->why);
	client_http_clear(&h);
	client_bytes_clear(&target);
	client_prepared_clear(&p);
}

void
desk_page(struct desk *d, char *out, size_t size)
{
	struct client_http h;
	struct desk_request rq = { .target = "/certsrv/mscep_admin/",
		.authorization = DESK_ADMIN };
	size_t n = 0;

	desk_ask(d, &rq, &h);
	assert_int_equal(h.status, 200);
	/* UTF-16LE, and the page is ASCII but for that. */
	for (size_t i = 0; i + 1 < h.body.n && n + 1 < size; i += 2)
		out[n++] = (char)h.body.p[i];
	out[n] = 0;
	client_http_clear(&h);
}

void
desk_password(struct desk *d, char out[CLIENT_TEXT_MAX])
{
	static const char before[] = "challenge password is: <B> ";
	char text[8192];

	desk_page(d, text, sizeof(text));
	const char *p = strstr(text, before);
	if (!p)
		fail_msg("no password on the page: %s", text);
	snprintf(out, CLIENT_TEXT_MAX, "%.16s", p + sizeof(before) - 1);
}
