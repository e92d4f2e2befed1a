/* SPDX-License-Identifier: MIT */
/*
 * Listeners that change while they run: refusing connections and taking them
 * again, another certificate; and what lasts as long as a connection.
 */
#include "test_wire_front_tls.h"

#include <errno.h>

#define CYCLES 20
#define THREADS 4

/* What connect() says; a connection that is there is closed again. */
static int
knock(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int why = 0;

	assert_int_not_equal(fd, -1);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == -1)
		why = errno;
	close(fd);
	return why;
}

static void
get(int fd)
{
	struct buf out = { 0 };

	say(fd, "GET /here HTTP/1.1\r\n\r\n");
	hear_reply(fd, &out, false);
	must_contain(&out, "\ntarget=/here\n");
	buf_clear(&out);
}

static void
must_refuse(struct rig *r, bool refuse)
{
	struct err e = { 0 };

	if (front_refuse(r->front, r->index, refuse, &e) != 0)
		fail_msg("%s", e.text);
}

static void
get_once(const struct rig *r)
{
	int fd = dial(r->port);

	get(fd);
	close(fd);
}

static void
refuses_and_takes_connections_twenty_times(void **state)
{
	struct rig r;
	int i, stays;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	rig_go(&r);
	stays = dial(r.port);
	get(stays);
	for (i = 0; i < CYCLES; i++) {
		must_refuse(&r, true);
		assert_int_equal(knock(r.port), ECONNREFUSED);
		must_refuse(&r, true);
		assert_int_equal(knock(r.port), ECONNREFUSED);
		get(stays);
		must_refuse(&r, false);
		get_once(&r);
		must_refuse(&r, false);
		get_once(&r);
	}
	get(stays);
	close(stays);
	rig_close(&r);
}

static void
refuses_from_the_start_and_takes_connections_later(void **state)
{
	struct rig r;
	struct err e = { 0 };

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	must_refuse(&r, true);
	assert_int_equal(knock(r.port), ECONNREFUSED);
	rig_go(&r);
	assert_int_equal(knock(r.port), ECONNREFUSED);
	must_refuse(&r, false);
	get_once(&r);
	assert_int_equal(front_refuse(r.front, r.index + 1, true, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	rig_close(&r);
}

static void
refuses_one_listener_and_not_the_other(void **state)
{
	struct rig r;
	unsigned other;
	uint16_t port;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	assert_int_equal(front_listen(r.front, "127.0.0.1", 0, &r.handler,
			     &other, &port, NULL),
	    0);
	rig_go(&r);
	must_refuse(&r, true);
	assert_int_equal(knock(r.port), ECONNREFUSED);
	assert_int_equal(knock(port), 0);
	rig_close(&r);
}

static void
stops_while_it_refuses(void **state)
{
	struct rig r;
	struct err e = { 0 };

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	rig_go(&r);
	must_refuse(&r, true);
	front_stop(r.front, 1000);
	assert_int_equal(front_refuse(r.front, r.index, false, &e), -1);
	assert_string_equal(e.text, "the listeners are stopping");
	assert_int_equal(knock(r.port), ECONNREFUSED);
	rig_close(&r);
}

static void
says_that_the_port_is_taken_and_tries_again(void **state)
{
	const int on = 1;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rig r;
	struct err e = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char want[64];

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	rig_go(&r);
	must_refuse(&r, true);
	at.sin_port = htons(r.port);
	/* Nobody gets the port by chance, only who insists. */
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), -1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(front_refuse(r.front, r.index, false, &e), -1);
	assert_int_equal(e.code, ERR_BIND);
	snprintf(want, sizeof(want),
	    "cannot listen on port %u again: ", (unsigned)r.port);
	assert_memory_equal(e.text, want, strlen(want));
	close(fd);
	assert_int_equal(knock(r.port), ECONNREFUSED);
	must_refuse(&r, false);
	get_once(&r);
	rig_close(&r);
}

/* Turns its own listener off and answers. */
static void
refuse_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct rig *r = ctx;

	if (front_refuse(r->front, r->index, rq->method == HTTP_GET, NULL) == 0)
		echo_request(ctx, fx, rq);
}

static void
lets_a_handler_refuse(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", refuse_request);
	rig_go(&r);
	fd = dial(r.port);
	get(fd);
	assert_int_equal(knock(r.port), ECONNREFUSED);
	say(fd, "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
	hear_reply(fd, &out, false);
	assert_int_equal(knock(r.port), 0);
	close(fd);
	buf_clear(&out);
	rig_close(&r);
}

static void *
refuse_often(void *ctx)
{
	struct rig *r = ctx;
	int i, rc = 0;

	for (i = 0; i < CYCLES && rc == 0; i++) {
		rc = front_refuse(r->front, r->index, i % 2 == 0, NULL);
		(void)knock(r->port);
	}
	return NULL; /* at the stop it is refused, sooner or later */
}

static void
takes_orders_from_many_threads(void **state)
{
	pthread_t threads[THREADS];
	struct rig r;
	int i;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	rig_go(&r);
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, refuse_often, &r);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	get_once(&r); /* each ended with taking connections */
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, refuse_often, &r);
	front_stop(r.front, 1000);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rig_close(&r);
}

/* ---- certificates ---- */

static void
pair_free(struct https *h)
{
	SSL_CTX_free(h->ctx);
	free(h->chain);
	free(h->key);
}

/* Two certificates; each one's context trusts only itself. The rig is the first's. */
static void
pairs_up(struct https pair[2])
{
	struct err e = { 0 };

	memset(pair, 0, 2 * sizeof(*pair));
	mint(&pair[0]);
	mint(&pair[1]);
	rig_open(&pair[0].rig, "127.0.0.1", echo_request);
	assert_int_equal(front_use_tls(pair[0].rig.front, pair[0].rig.index,
			     pair[0].chain, pair[0].key, &e),
	    0);
	rig_go(&pair[0].rig);
	pair[1].rig.port = pair[0].rig.port;
}

static void
pairs_down(struct https pair[2])
{
	rig_close(&pair[0].rig);
	pair_free(&pair[0]);
	pair_free(&pair[1]);
}

static void
must_use(struct https pair[2], int which)
{
	struct rig *r = &pair[0].rig;
	struct err e = { 0 };
	char *chain = strdup(pair[which].chain);
	char *key = strdup(pair[which].key);

	if (front_use_tls(r->front, r->index, chain, key, &e) != 0)
		fail_msg("%s", e.text);
	memset(chain, 'x', strlen(chain));
	memset(key, 'x', strlen(key));
	free(chain);
	free(key);
}

static void
get_tls(SSL *s)
{
	struct buf out = { 0 };

	say_tls(s, BYTES_LIT("HEAD / HTTP/1.1\r\n\r\n"));
	hear_tls(s, &out, 17);
	assert_string_equal(buf_str(&out), "HTTP/1.1 200 OK\r\n");
	while (strstr(buf_str(&out), "\r\n\r\n") == NULL) {
		char c;

		assert_int_equal(SSL_read(s, &c, 1), 1);
		buf_add_byte(&out, (uint8_t)c);
	}
	buf_clear(&out);
}

static void
shows_a_new_certificate_to_later_connections_only(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct https pair[2];
	SSL *old, *now;
	int i;

	(void)state;
	pairs_up(pair);
	for (i = 0; i < 2; i++) {
		must_use(pair, 0);
		old = dial_tls(&pair[0], versions[i]);
		get_tls(old);
		must_use(pair, 1);
		now = dial_tls(&pair[1], versions[i]);
		get_tls(now);
		get_tls(old);
		hang_up(old);
		must_use(pair, 1);
		get_tls(now);
		hang_up(now);
	}
	pairs_down(pair);
}

static void
keeps_the_certificate_when_a_new_one_is_not_usable(void **state)
{
	struct https pair[2];
	const char *bad[][2] = {
		{ "not PEM", NULL }, { NULL, "not PEM" },
		{ NULL, NULL }, /* the other's key */
	};
	struct err e = { 0 };
	size_t i;
	SSL *s;

	(void)state;
	pairs_up(pair);
	for (i = 0; i < nitems(bad); i++) {
		err_clear(&e);
		assert_int_equal(
		    front_use_tls(pair[0].rig.front, pair[0].rig.index,
			bad[i][0] != NULL ? bad[i][0] : pair[0].chain,
			bad[i][1] != NULL ? bad[i][1] : pair[1].key, &e),
		    -1);
		assert_int_equal(e.code, ERR_SYSTEM);
		s = dial_tls(&pair[0], TLS1_3_VERSION);
		get_tls(s);
		hang_up(s);
	}
	pairs_down(pair);
}

static void *
change_often(void *ctx)
{
	struct https *pair = ctx;
	int i;

	for (i = 0; i < 5 * CYCLES; i++)
		must_use(pair, i % 2);
	return NULL;
}

static void
changes_certificates_while_clients_come_and_go(void **state)
{
	struct https pair[2];
	pthread_t changer;
	SSL_CTX *any = SSL_CTX_new(TLS_client_method());
	SSL_CTX *own;
	SSL *s[4];
	size_t i, k;

	(void)state;
	pairs_up(pair);
	own = pair[0].ctx;
	pair[0].ctx = any; /* verifies nothing */
	pthread_create(&changer, NULL, change_often, pair);
	for (i = 0; i < CYCLES / nitems(s); i++) {
		for (k = 0; k < nitems(s); k++)
			s[k] = dial_tls(&pair[0], TLS1_3_VERSION);
		for (k = 0; k < nitems(s); k++) {
			get_tls(s[k]);
			hang_up(s[k]);
		}
	}
	pthread_join(changer, NULL);
	pair[0].ctx = own;
	s[0] = dial_tls(&pair[1], TLS1_3_VERSION);
	get_tls(s[0]);
	hang_up(s[0]);
	SSL_CTX_free(any);
	pairs_down(pair);
}

/* ---- what lasts as long as a connection ---- */

struct counted {
	struct rig rig; /* first: the handler's ctx is both */
	unsigned made, freed; /* under the rig's lock */
	unsigned
	    done_then; /* exchanges that had ended when the last was freed */
};

struct thing {
	struct counted *counted;
	unsigned uses;
};

static void
thing_free(void *state)
{
	struct thing *t = state;
	struct counted *c = t->counted;

	pthread_mutex_lock(&c->rig.lock);
	c->freed++;
	c->done_then = c->rig.ends[0] + c->rig.ends[1] + c->rig.ends[2];
	pthread_cond_broadcast(&c->rig.changed);
	pthread_mutex_unlock(&c->rig.lock);
	free(t);
}

/* Tells in its reply how many requests the connection had. */
static void
counting_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct counted *c = ctx;
	struct echo *x = echo_new(rq);
	struct thing *t = rq->connection->state;

	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		assert_non_null(t);
		t->counted = c;
		rq->connection->state = t;
		rq->connection->state_free = thing_free;
		c->made++;
	}
	x->reply.status = 200 + (int)++t->uses;
	note_request(ctx, rq);
	front_set_user(fx, x);
	front_answer(fx, &x->reply);
}

static void
keeps_a_state_for_each_connection_and_frees_it(void **state)
{
	struct counted c = { 0 };
	struct buf out = { 0 };
	char want[32];
	int fds[3], i, k;

	(void)state;
	rig_open(&c.rig, "127.0.0.1", counting_request);
	rig_go(&c.rig);
	for (i = 0; i < 3; i++)
		fds[i] = dial(c.rig.port);
	for (k = 1; k <= 3; k++)
		for (i = 0; i < 3; i++) {
			say(fds[i], "GET / HTTP/1.1\r\n\r\n");
			hear_reply(fds[i], &out, false);
			snprintf(want, sizeof(want), "HTTP/1.1 %d ", 200 + k);
			must_contain(&out, want);
		}
	assert_int_equal(c.made, 3);
	assert_int_equal(c.freed, 0);
	close(fds[0]);
	rig_await(&c.rig, &c.freed, 1);
	say(fds[1], "GET / HTTP/1.0\r\n\r\n");
	hear_all(fds[1], &out);
	must_contain(&out, "HTTP/1.1 204 ");
	rig_await(&c.rig, &c.freed, 2);
	assert_int_equal(c.done_then, 10);
	front_stop(c.rig.front, 1000);
	assert_int_equal(c.freed, 3);
	for (i = 1; i < 3; i++)
		close(fds[i]);
	buf_clear(&out);
	rig_close(&c.rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_and_takes_connections_twenty_times),
		cmocka_unit_test(
		    refuses_from_the_start_and_takes_connections_later),
		cmocka_unit_test(refuses_one_listener_and_not_the_other),
		cmocka_unit_test(stops_while_it_refuses),
		cmocka_unit_test(says_that_the_port_is_taken_and_tries_again),
		cmocka_unit_test(lets_a_handler_refuse),
		cmocka_unit_test(takes_orders_from_many_threads),
		cmocka_unit_test(
		    shows_a_new_certificate_to_later_connections_only),
		cmocka_unit_test(
		    keeps_the_certificate_when_a_new_one_is_not_usable),
		cmocka_unit_test(
		    changes_certificates_while_clients_come_and_go),
		cmocka_unit_test(
		    keeps_a_state_for_each_connection_and_frees_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
