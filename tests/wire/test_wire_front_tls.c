/* SPDX-License-Identifier: MIT */
/*
 * HTTPS: the same front with a certificate, spoken to by OpenSSL's client.
 */
#include "test_wire_front_tls.h"

#include <signal.h>

static int
up(void **state)
{
	struct https *h = calloc(1, sizeof(*h));
	struct err e = { 0 };

	assert_non_null(h);
	mint(h);
	rig_open(&h->rig, "127.0.0.1", echo_request);
	assert_int_equal(
	    front_use_tls(h->rig.front, h->rig.index, h->chain, h->key, &e), 0);
	rig_go(&h->rig);
	*state = h;
	return 0;
}

static int
down(void **state)
{
	struct https *h = *state;

	rig_close(&h->rig);
	SSL_CTX_free(h->ctx);
	free(h->chain);
	free(h->key);
	free(h);
	return 0;
}

/* One request on a connection that stays open, and its echo. */
static void
get_and_check(SSL *s, const char *path)
{
	struct buf out = { 0 }, text = { 0 };
	size_t length;
	char want[128];

	buf_init(&text, 4096);
	buf_addf(&text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
	say_tls(s, buf_bytes(&text));
	hear_tls(s, &out, 17);
	assert_string_equal(buf_str(&out), "HTTP/1.1 200 OK\r\n");
	/* Content-Length is last: read up to it, then the rest. */
	buf_clear(&text);
	buf_init(&text, 65536);
	while (strstr(buf_str(&text), "\r\n\r\n") == NULL) {
		hear_tls(s, &out, 1);
		assert_int_equal(out.n, 1);
		buf_add(&text, buf_bytes(&out));
	}
	length =
	    strtoul(strstr(buf_str(&text), "Content-Length: ") + 16, NULL, 10);
	hear_tls(s, &out, length);
	assert_int_equal(out.n, length);
	snprintf(want, sizeof(want), "\ntarget=%s\n", path);
	must_contain(&out, want);
	must_contain(&out, "\npeer=127.0.0.1\n");
	must_contain(&out, "\ntls=1\n");
	buf_clear(&text);
	buf_clear(&out);
}

static void
speaks_tls_1_2_and_1_3(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	size_t i;
	SSL *s;

	for (i = 0; i < nitems(versions); i++) {
		s = dial_tls(*state, versions[i]);
		get_and_check(s, "/first?a+b");
		get_and_check(s, "/second");
		hang_up(s);
	}
}

static void
closes_after_http_1_0_with_a_close_notify(void **state)
{
	SSL *s = dial_tls(*state, TLS1_3_VERSION);
	struct buf out = { 0 };

	say_tls(s, BYTES_LIT("GET / HTTP/1.0\r\n\r\n"));
	hear_tls(s, &out, SIZE_MAX);
	must_contain(&out, "\r\nConnection: close\r\n");
	must_contain(&out, "\ntls=1\n");
	assert_int_equal(
	    SSL_get_shutdown(s) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
	hang_up(s);
	buf_clear(&out);
}

static void
takes_large_bodies_and_sends_them(void **state)
{
	static uint8_t large[3u << 20];
	static const char *const versions[] = { "1.1", "1.0" };
	struct http_reply reply = { .status = 200,
		.body = bytes_of(large, sizeof(large)) };
	struct https *h = *state;
	struct buf text = { 0 }, out = { 0 };
	size_t i;
	SSL *s;

	h->rig.reply = &reply;
	for (i = 0; i < 2; i++) {
		s = dial_tls(h, TLS1_3_VERSION);
		buf_clear(&text);
		buf_init(&text, 2u << 20);
		buf_addf(&text,
		    "POST / HTTP/%s\r\nContent-Length: 1048576\r\nConnection: close\r\n\r\n",
		    versions[i]);
		buf_add(&text, bytes_of(large, 1u << 20));
		say_tls(s, buf_bytes(&text));
		hear_tls(s, &out, SIZE_MAX);
		assert_true(out.n > sizeof(large));
		assert_int_equal(out.p[out.n - 1], 0);
		hang_up(s);
	}
	h->rig.reply = NULL;
	buf_clear(&text);
	buf_clear(&out);
}

static void
survives_broken_handshakes_and_sudden_ends(void **state)
{
	struct https *h = *state;
	const struct linger now = { 1, 0 };
	SSL *s;
	int fd;

	signal(SIGPIPE, SIG_DFL);
	fd = dial(h->rig.port);
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	shutdown(fd, SHUT_WR);
	while (recv(fd, &(char[64]){ 0 }, 64, 0) > 0)
		continue;
	close(fd);
	fd = dial(h->rig.port);
	close(fd);
	s = dial_tls(h, TLS1_3_VERSION);
	say_tls(s, BYTES_LIT("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n"));
	setsockopt(SSL_get_fd(s), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(s);
	s = dial_tls(h, TLS1_2_VERSION);
	get_and_check(s, "/alive");
	hang_up(s);
}

static void
refuses_a_certificate_that_is_none(void **state)
{
	struct https *h = *state;
	struct rig r;
	struct err e = { 0 };

	rig_open(&r, "127.0.0.1", echo_request);
	assert_int_equal(
	    front_use_tls(r.front, r.index, "not PEM", h->key, &e), -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "HTTPS"));
	assert_int_equal(
	    front_use_tls(r.front, r.index + 1, h->chain, h->key, &e), -1);
	rig_go(&r);
	err_clear(&e);
	assert_int_equal(
	    front_use_tls(r.front, r.index, h->chain, h->key, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	rig_close(&r);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		T(speaks_tls_1_2_and_1_3),
		T(closes_after_http_1_0_with_a_close_notify),
		T(takes_large_bodies_and_sends_them),
		T(survives_broken_handshakes_and_sudden_ends),
		T(refuses_a_certificate_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
