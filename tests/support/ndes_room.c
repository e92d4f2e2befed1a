/* SPDX-License-Identifier: MIT */
/* A deployment in memory: see ndes_room.h. */
#include "support/ndes_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_S INT64_C(1772600767) /* 2026-03-04 05:06:07 */
#define ARENA_MAX ((size_t)16 << 20)

static int64_t
now_ms(void *ctx)
{
	return ((struct room *)ctx)->now_ms;
}

static int
random_bytes(void *ctx, uint8_t *p, size_t n)
{
	const struct env *sys = env_system();

	(void)ctx;
	return sys->random(sys->ctx, p, n);
}

static void
need(bool good, const struct err *e)
{
	if (!good)
		fail_msg("room: %s", e->text);
}

void
room_mint(struct room *r, struct ca_material_spec spec)
{
	struct ca_material *m = NULL;
	struct err e = { 0 };

	spec.keys = r->keys;
	spec.hostname = "ndes01.example.test";
	spec.url_base = "http://ndes01.example.test";
	spec.now = NOW_S;
	need(ca_material_mint(&m, r->ctx, &spec, &r->env, &e) == 0, &e);
	if (r->material != NULL)
		ca_material_free(r->material);
	r->material = m;
	r->dep.material = m;
}

static void
open_ca(struct room *r)
{
	struct err e = { 0 };

	r->lib = pki_lib_new(&e);
	need(r->lib != NULL, &e);
	r->ctx = pki_ctx_new(r->lib, &e);
	need(r->ctx != NULL, &e);
	r->keys = ca_keys_builtin(r->lib, &e);
	need(r->keys != NULL, &e);
	room_mint(r, (struct ca_material_spec){ 0 });
	r->store = store_open(NULL, &e);
	need(r->store != NULL, &e);
	r->dep.ca = ca_new(r->store, &r->env, &e);
	need(r->dep.ca != NULL, &e);
}

void
room_open(struct room *r, bool with_ca)
{
	struct err e = { 0 };

	memset(r, 0, sizeof(*r));
	host_init(&r->host);
	r->now_ms = NOW_S * 1000;
	r->env = (struct env){ now_ms, random_bytes, r };
	r->dep = (struct ndes_deployment){
		.env = &r->env,
		.hostname = "ndes01.example.test",
		.admin_user = "ndes",
		.admin_password = "secret: word",
		.mscep = { .loaded = true },
	};
	r->dep.challenges = challenge_cache_new("static-one", &e);
	need(r->dep.challenges != NULL, &e);
	r->dep.pool = pool_new(&e);
	need(r->dep.pool != NULL, &e);
	pool_start(r->dep.pool, &r->host);
	if (with_ca)
		open_ca(r);
}

void
room_close(struct room *r)
{
	pool_free(r->dep.pool);
	challenge_cache_free(r->dep.challenges);
	ca_free(r->dep.ca);
	if (r->store != NULL)
		store_close(r->store);
	if (r->material != NULL)
		ca_material_free(r->material);
	ca_keys_free(r->keys);
	if (r->ctx != NULL)
		pki_ctx_free(r->ctx);
	if (r->lib != NULL)
		pki_lib_free(r->lib);
}

void
room_start(struct room *r)
{
	struct err e = { 0 };

	r->dep.mscep =
	    ndes_mscep_start(&r->host, r->material, r->now_ms / 1000);
	challenge_clear(r->dep.challenges);
	need(challenge_prefill(r->dep.challenges, &r->host, &r->env,
		 (size_t)r->host.mscep.cached_passwords, &e) == 0,
	    &e);
	pool_start(r->dep.pool, &r->host);
}

const struct event *
room_event(const struct ndes_exchange *x, enum event_kind kind)
{
	for (size_t i = 0; i < x->evidence.event_count; i++) {
		if (x->evidence.events[i].kind == kind)
			return &x->evidence.events[i];
	}
	return NULL;
}

size_t
room_events(const struct ndes_exchange *x, enum event_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < x->evidence.event_count; i++)
		n += x->evidence.events[i].kind == kind ? 1 : 0;
	return n;
}

void
room_set(struct room *r, const char *path, const char *value)
{
	const struct host_key *key = host_key_find(bytes_str(path));
	struct err e = { 0 };

	if (key == NULL)
		fail_msg("no key %s", path);
	need(host_set(&r->host, key, bytes_str(value), &e) == 0, &e);
}

static size_t
add_headers(struct ndes_exchange *x, const char *const *lines)
{
	struct http_header *h =
	    arena_zalloc(&x->arena, ROOM_HEADERS_MAX * sizeof(*h));
	size_t n = 0, bytes = 0;

	assert_non_null(h);
	for (; n < ROOM_HEADERS_MAX && lines[n] != NULL; n++) {
		const char *colon = strstr(lines[n], ": ");

		assert_non_null(colon);
		h[n].name = bytes_of(lines[n], (size_t)(colon - lines[n]));
		h[n].value = bytes_str(colon + 2);
		bytes += strlen(lines[n]) + 2;
	}
	x->rq.headers = h;
	x->rq.header_count = n;
	return bytes;
}

void
room_receive(
    struct room *r, struct ndes_exchange *x, const struct room_request *rq)
{
	size_t head;

	ndes_exchange_init(x, ARENA_MAX);
	x->dep = &r->dep;
	x->host = &r->host;
	x->started_us = env_monotonic_us();
	head = add_headers(x, rq->headers);
	x->rq.method_text = bytes_str(rq->method == NULL ? "GET" : rq->method);
	x->rq.method = http_method_of(x->rq.method_text);
	x->rq.target = bytes_str(rq->target);
	http_request_split(&x->rq);
	x->rq.version = BYTES_LIT("HTTP/1.1");
	x->rq.body = rq->body;
	x->rq.body_too_long = rq->body_too_long;
	x->rq.tls = rq->tls;
	x->rq.head_bytes = rq->head_bytes != 0
	    ? rq->head_bytes
	    : x->rq.method_text.n + x->rq.target.n + 12 + head + 2;
	snprintf(x->rq.peer, sizeof(x->rq.peer), "192.0.2.7");
	snprintf(x->rq.local, sizeof(x->rq.local), "192.0.2.1");
	x->rq.local_port = 80;
}

static bool
is_answered(const struct ndes_exchange *x)
{
	return x->reply.status != 0 || x->reply.wire.act != WIRE_PLAY;
}

void
room_arrive(
    struct room *r, struct ndes_exchange *x, const struct room_request *rq)
{
	static ndes_stage_fn *const stages[] = { ndes_network, ndes_app_proxy,
		ndes_http_sys, ndes_worker_identity, ndes_iis,
		ndes_worker_process, ndes_mscep_enter };

	room_receive(r, x, rq);
	ndes_route(x);
	for (size_t i = 0; i < nitems(stages) && !is_answered(x); i++)
		stages[i](x);
}

int
room_walk(struct room *r, struct ndes_exchange *x,
    const struct room_request *rq, struct err *e)
{
	static int (*const stages[])(struct ndes_exchange *, struct pki_ctx *,
	    struct err *) = { ndes_cert_enroll, ndes_pki_decode,
		ndes_pki_decide, ndes_pki_compose, ndes_pki_encode };

	room_arrive(r, x, rq);
	for (size_t i = 0; i < nitems(stages) && !is_answered(x); i++) {
		if (stages[i](x, r->ctx, e) == -1)
			return -1;
	}
	return 0;
}

const char *
room_header(const struct ndes_exchange *x, const char *name)
{
	const struct http_header *h = http_reply_header(&x->reply, name);

	return h == NULL ? NULL : (const char *)h->value.p;
}

void
room_header_names(const struct ndes_exchange *x, char out[256])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < x->reply.header_count && n < 200; i++)
		n += (size_t)snprintf(out + n, 256 - n, "%s%.*s",
		    i == 0 ? "" : " ", (int)x->reply.headers[i].name.n,
		    (const char *)x->reply.headers[i].name.p);
}

char *
room_page_text(const struct ndes_exchange *x)
{
	struct bytes b = x->reply.body;
	char *text = malloc(b.n / 2 + 1);

	assert_non_null(text);
	assert_int_equal(b.n % 2, 0);
	for (size_t i = 0; i < b.n / 2; i++)
		text[i] = b.p[2 * i + 1] == 0 ? (char)b.p[2 * i] : '?';
	text[b.n / 2] = '\0';
	return text;
}

void
room_page_has(const struct ndes_exchange *x, const char *wanted)
{
	char *text = room_page_text(x);

	if (strstr(text, wanted) == NULL)
		fail_msg("not on the page: %s\n%s", wanted, text);
	free(text);
}

void
room_page_lacks(const struct ndes_exchange *x, const char *unwanted)
{
	char *text = room_page_text(x);

	if (strstr(text, unwanted) != NULL)
		fail_msg("on the page: %s\n%s", unwanted, text);
	free(text);
}

void
room_get(struct room *r, struct ndes_exchange *x, const char *target)
{
	/* ndes:secret: word */
	static const char login[] =
	    "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ=";
	struct room_request rq = { .target = target, .headers = { login } };

	room_arrive(r, x, &rq);
}
