/* SPDX-License-Identifier: MIT */
/* Which listener there is, what its URL is, and who answers on it. */
#include "api/listeners.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* A message of 200 kB in a GET must arrive; more costs, see struct front_limits. */
#define HEAD_MAX ((size_t)256 << 10)
#define BODY_MAX ((size_t)1 << 20)
#define CONNECTIONS_MAX 12000u
#define OWN_FILES 512u /* databases, logs, event queues of the HTTP library */
#define IDLE_TIMEOUT_S 120 /* IIS's connectionTimeout */
#define DESK_HEAD_MAX ((size_t)32 << 10)
#define DESK_CONNECTIONS_MAX 4000
#define ENTER_MEMORY_MAX ((size_t)256 << 10)
#define SCEP_PATH "/certsrv/mscep/mscep.dll"
#define ADMIN_PATH "/certsrv/mscep_admin/"

/* ---- SCEP ---- */

static void
scep_answer(void *ctx, const struct http_reply *reply)
{
	front_answer(ctx, reply);
}

/* A client waits to be told to send its body. */
static bool
scep_expected(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct listeners *l = ctx;
	struct server_exchange *sx =
	    server_open(l->server, rq, scep_answer, fx);

	front_set_user(fx, sx);
	return sx == NULL || !server_withholds_continue(sx);
}

static void
scep_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct listeners *l = ctx;
	struct server_exchange *sx = front_user(fx);

	if (sx != NULL) {
		server_go_on(sx, rq);
		return;
	}
	sx = server_receive(l->server, rq, scep_answer, fx);
	front_set_user(fx, sx);
	if (sx == NULL)
		front_answer(fx, server_no_memory_reply());
}

static void
scep_done(void *ctx, struct front_exchange *fx, void *user, enum front_end how)
{
	static const enum server_end ends[] = {
		[FRONT_SENT] = SERVER_SENT,
		[FRONT_CLIENT_GONE] = SERVER_CLIENT_GONE,
		[FRONT_STOPPED] = SERVER_STOPPED,
	};

	(void)ctx;
	(void)fx;
	server_exchange_end(user, ends[how]);
}

/* What the library is handed lends from here while it takes the connection. */
static void
scep_enter(void *ctx, const char *peer, uint16_t peer_port, bool tls,
    struct http_entry *entry)
{
	struct listeners *l = ctx;

	arena_clear(&l->entering);
	arena_init(&l->entering, ENTER_MEMORY_MAX);
	server_enter(l->server, &l->entering, peer, peer_port, tls, entry);
}

/* ---- control ---- */

static void
control_reply(void *ctx, const struct http_reply *reply)
{
	front_answer(ctx, reply);
}

static void
control_watch(void *ctx, int64_t due_ms)
{
	front_watch(ctx, due_ms);
}

static void
control_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	static const struct control_carrier carrier = { control_reply,
		control_watch };
	struct listeners *l = ctx;
	struct control_exchange *x =
	    control_receive(l->control, rq, &carrier, fx);

	front_set_user(fx, x);
	if (x == NULL)
		front_answer(fx, server_no_memory_reply());
}

static void
control_told(
    void *ctx, struct front_exchange *fx, void *user, enum front_told what)
{
	static const enum control_told words[] = {
		[FRONT_TOLD_LEFT] = CONTROL_TOLD_LEFT,
		[FRONT_TOLD_DUE] = CONTROL_TOLD_DUE,
		[FRONT_TOLD_STOPPING] = CONTROL_TOLD_STOPPING,
	};

	(void)ctx;
	(void)fx;
	control_tell(user, words[what]);
}

static void
control_done(
    void *ctx, struct front_exchange *fx, void *user, enum front_end how)
{
	(void)ctx;
	(void)fx;
	(void)how;
	control_exchange_end(user);
}

/* ---- opening ---- */

static char *
url(const char *scheme, const char *addr, uint16_t port, const char *path)
{
	const char *open = strchr(addr, ':') != NULL ? "[" : "";
	const char *close = open[0] != '\0' ? "]" : "";
	char *out = NULL;

	if (asprintf(&out, "%s://%s%s%s:%u%s", scheme, open, addr, close,
		(unsigned)port, path) == -1)
		return NULL;
	return out;
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for the listeners");
}

/* Where clients reach the SCEP listeners: the address itself, or our name when it means all of them. */
static const char *
reachable(const char *bind, const char *hostname)
{
	return options_is_wildcard(bind) ? hostname : bind;
}

static int
open_scep(struct listeners *l, const struct options *o, bool tls, struct err *e)
{
	struct front_handler handler = { .request = scep_request,
		.expected = scep_expected,
		.done = scep_done,
		.enter = scep_enter,
		.ctx = l };
	int port = tls ? o->https_port : o->http_port;
	const char *scheme = tls ? "https" : "http";
	const char *host = reachable(o->bind, o->hostname);
	char **slot = tls ? &l->scep_url_https : &l->scep_url;
	unsigned index;
	uint16_t real;

	if (port == OPTION_PORT_OFF)
		return 0;
	if (front_listen(l->front, o->bind, (uint16_t)port, &handler, &index,
		&real, e) == -1)
		return -1;
	*slot = url(scheme, host, real, SCEP_PATH);
	if (l->url_base == NULL) {
		l->url_base = url(scheme, host, real, "");
		l->admin_page_url = url(scheme, host, real, ADMIN_PATH);
	}
	l->scep[tls].open = true;
	l->scep[tls].index = index;
	if (*slot == NULL || l->url_base == NULL || l->admin_page_url == NULL)
		return no_memory(e);
	return 0;
}

static int
open_control(struct listeners *l, const struct options *o, struct err *e)
{
	struct front_handler handler = {
		.request = control_request,
		.told = control_told,
		.done = control_done,
		.ctx = l,
	};
	unsigned index;
	uint16_t real;

	if (o->control_port == OPTION_PORT_OFF)
		return 0;
	if (front_listen(l->desk, o->control_bind, (uint16_t)o->control_port,
		&handler, &index, &real, e) == -1)
		return -1;
	l->control_url =
	    url("http", reachable(o->control_bind, o->hostname), real, "");
	return l->control_url == NULL ? no_memory(e) : 0;
}

/*
 * How many connections there can be: each is a file, and some files are for
 * the server itself, which must be able to open a log or take a control call
 * however many clients there are.
 */
static unsigned
connections_max(const struct log *log)
{
	struct rlimit r;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur == RLIM_INFINITY ||
	    r.rlim_cur >= CONNECTIONS_MAX + OWN_FILES)
		return CONNECTIONS_MAX;
	room = r.rlim_cur > 2 * OWN_FILES ? r.rlim_cur - OWN_FILES
					  : r.rlim_cur / 2;
	log_say(log, LOG_WARN,
	    "at most %u connections at once, for the limit of open files is "
	    "%llu (ulimit -Hn); %u would be there with %u",
	    (unsigned)room, (unsigned long long)r.rlim_cur, CONNECTIONS_MAX,
	    CONNECTIONS_MAX + OWN_FILES);
	return (unsigned)room;
}

int
listeners_open(struct listeners *l, const struct options *o,
    const struct log *log, struct err *e)
{
	const struct front_limits limits = {
		.head_max = HEAD_MAX,
		.body_max = BODY_MAX,
		.connections_max = connections_max(log),
		.idle_timeout_s = IDLE_TIMEOUT_S,
	};

	const struct front_limits desk_limits = {
		.head_max = DESK_HEAD_MAX,
		.body_max = BODY_MAX,
		.connections_max = DESK_CONNECTIONS_MAX,
		.idle_timeout_s = IDLE_TIMEOUT_S,
	};

	listeners_clear(l);
	l->log = *log;
	l->front = front_new(env_system(), log, &limits, e);
	l->desk = front_new(env_system(), log, &desk_limits, e);
	if (l->front == NULL || l->desk == NULL ||
	    open_scep(l, o, false, e) == -1 || open_scep(l, o, true, e) == -1)
		return -1;
	return open_control(l, o, e);
}

static void
follow_failed(struct listeners *l, const struct err *e)
{
	if (l->started)
		log_say(&l->log, LOG_ERROR, "%s", e->text);
	else
		l->failed = *e;
}

/* The model's words for a handshake in the front's. */
static int
use_policy(
    struct listeners *l, const struct server_listening *wanted, struct err *e)
{
	static const enum front_tls_version versions[HOST_TLS_VERSIONS] = {
		[HOST_TLS_1_0] = FRONT_TLS_1_0,
		[HOST_TLS_1_1] = FRONT_TLS_1_1,
		[HOST_TLS_1_2] = FRONT_TLS_1_2,
		[HOST_TLS_1_3] = FRONT_TLS_1_3,
	};
	static const enum front_tls_client clients[HOST_TLS_CLIENTS] = {
		[HOST_TLS_CLIENT_NONE] = FRONT_TLS_CLIENT_NONE,
		[HOST_TLS_CLIENT_ASKED] = FRONT_TLS_CLIENT_ASKED,
		[HOST_TLS_CLIENT_REQUIRED] = FRONT_TLS_CLIENT_REQUIRED,
	};
	const struct front_tls_policy policy = {
		.minimum = versions[wanted->tls_minimum],
		.maximum = versions[wanted->tls_maximum],
		.client = clients[wanted->tls_client],
	};

	return front_tls_policy(l->front, l->scep[true].index, &policy, e);
}

void
listeners_follow(void *ctx, const struct server_listening *wanted)
{
	struct listeners *l = ctx;
	struct err e = { 0 };

	if (l->scep[true].open &&
	    front_use_tls(l->front, l->scep[true].index, wanted->tls_chain_pem,
		wanted->tls_key_pem, &e) == -1)
		follow_failed(l, &e);
	err_clear(&e);
	if (l->scep[true].open && use_policy(l, wanted, &e) == -1)
		follow_failed(l, &e);
	for (size_t i = 0; i < nitems(l->scep); i++) {
		err_clear(&e);
		if (l->scep[i].open &&
		    front_refuse(
			l->front, l->scep[i].index, wanted->refuse, &e) == -1)
			follow_failed(l, &e);
	}
}

int
listeners_start(struct listeners *l, struct server *server,
    struct control *control, struct err *e)
{
	l->server = server;
	l->control = control;
	if (l->failed.code != ERR_NONE)
		return err_set(e, l->failed.code, "%s", l->failed.text);
	/* Before it does: from then on requests come, and may change things. */
	l->started = true;
	/* What the control API does may wait for the other event thread, never the other way round. */
	if (front_start(l->front, e) == -1)
		return -1;
	return front_start(l->desk, e);
}

void
listeners_stop(struct listeners *l, int64_t grace_ms)
{
	if (l->started) {
		front_stop_begin(l->desk, grace_ms);
		front_stop_begin(l->front, grace_ms);
		front_stop(l->desk, grace_ms);
		front_stop(l->front, grace_ms);
	}
	l->started = false;
}

void
listeners_close(struct listeners *l)
{
	front_free(l->desk);
	l->desk = NULL;
	front_free(l->front);
	l->front = NULL;
}

void
listeners_clear(struct listeners *l)
{
	listeners_close(l);
	free(l->scep_url);
	free(l->scep_url_https);
	free(l->admin_page_url);
	free(l->control_url);
	free(l->url_base);
	arena_clear(&l->entering);
	*l = (struct listeners){ 0 };
}
