/* SPDX-License-Identifier: MIT */
/*
 * HTTP of the test client: libcurl where any client's manners do, a bare
 * socket where the octets matter; and the scraping of the password page.
 */
#include "support/client.h"

#include <ctype.h>
#include <iconv.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

void
client_http_clear(struct client_http *h)
{
	client_bytes_clear(&h->head);
	client_bytes_clear(&h->body);
	memset(h, 0, sizeof *h);
}

bool
client_header(
    const struct client_http *h, const char *name, char value[CLIENT_TEXT_MAX])
{
	size_t n = strlen(name);
	const char *p = (const char *)h->head.p;
	while (p && *p) {
		if (!strncasecmp(p, name, n) && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " \t");
			snprintf(value, CLIENT_TEXT_MAX, "%.*s",
			    (int)strcspn(p, "\r\n"), p);
			return true;
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return false;
}

static size_t
take(char *p, size_t size, size_t n, void *into)
{
	return client_bytes_add(into, p, size * n) ? 0 : size * n;
}

static void
set_tls(struct client *c)
{
	if (!c->tls_root_pem)
		return;
	struct curl_blob blob = { c->tls_root_pem, strlen(c->tls_root_pem), 0 };
	curl_easy_setopt(c->curl, CURLOPT_CAINFO_BLOB, &blob);
}

/* A few redirects, on which POST stays POST; gzip; a cookie. */
static void
follow(struct client *c)
{
	if (c->cookie[0] != '\0')
		curl_easy_setopt(c->curl, CURLOPT_COOKIE, c->cookie);
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c->curl, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c->curl, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	curl_easy_setopt(c->curl, CURLOPT_ACCEPT_ENCODING, "");
	/* on a kept connection libcurl would try again by itself */
	curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L);
}

/* libcurl's own engine does not outlive curl_easy_reset(). */
static void
keep_cookie(struct client *c, const struct client_http *h)
{
	char value[CLIENT_TEXT_MAX];

	if (client_header(h, "Set-Cookie", value))
		snprintf(c->cookie, sizeof(c->cookie), "%.*s",
		    (int)strcspn(value, ";"), value);
}

/* What every exchange needs; the method and body are set already. */
static int
perform(struct client *c, const char *url, const char *const *headers,
    struct client_http *out)
{
	char problem[CURL_ERROR_SIZE] = "";
	struct curl_slist *list = NULL;
	memset(out, 0, sizeof *out);
	for (; headers && *headers; headers++)
		list = curl_slist_append(list, *headers);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, c->timeout_s);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &out->body);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, &out->head);
	set_tls(c);
	if (c->follows)
		follow(c);
	CURLcode code = curl_easy_perform(c->curl);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &out->status);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_reset(c->curl); /* keeps the connections */
	curl_slist_free_all(list);
	client_header(out, "Content-Type", out->content_type);
	keep_cookie(c, out);
	if (code == CURLE_OK)
		return 0;
	client_fail(c, "%.80s: %s", url,
	    problem[0] ? problem : curl_easy_strerror(code));
	return -1;
}

int
client_get(struct client *c, const char *url, const char *const *headers,
    struct client_http *out)
{
	curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	return perform(c, url, headers, out);
}

int
client_post(struct client *c, const char *url, const char *content_type,
    const struct client_bytes *body, struct client_http *out)
{
	char type[CLIENT_TEXT_MAX] =
	    "Content-Type:"; /* takes curl's own away */
	if (content_type)
		snprintf(type, sizeof type, "Content-Type: %s", content_type);
	const char *headers[] = { type,
		c->expects ? "Expect: 100-continue" : "Expect:", NULL };
	curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, (const char *)body->p);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)body->n);
	return perform(c, url, headers, out);
}

/* ---- a bare socket ---- */

/* "http://HOST:PORT/.." apart. */
static int
host_port(const char *url, char host[CLIENT_TEXT_MAX], char port[16])
{
	const char *p = strstr(url, "://");
	if (!p)
		return -1;
	p += 3;
	size_t n = strcspn(p, ":/");
	if (*p == '[') {
		p++;
		n = strcspn(p, "]");
	}
	snprintf(host, CLIENT_TEXT_MAX, "%.*s", (int)n, p);
	p += n + (p[n] == ']');
	if (*p != ':')
		return -1;
	snprintf(port, 16, "%.*s", (int)strspn(p + 1, "0123456789"), p + 1);
	return 0;
}

static int
dial(const char *url)
{
	char host[CLIENT_TEXT_MAX], port[16];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	if (host_port(url, host, port) ||
	    getaddrinfo(host, port, &hints, &found))
		return -1;
	int fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	struct timeval limit = { .tv_sec = 20 };
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return fd;
}

/* Status, headers and body from what came. */
static int
split(const struct client_bytes *all, struct client_http *out)
{
	const char *text = (const char *)all->p;
	const char *end = text ? strstr(text, "\r\n\r\n") : NULL;
	if (!end || sscanf(text, "HTTP/%*s %ld", &out->status) != 1)
		return -1;
	size_t head = (size_t)(end - text) + 4;
	if (client_bytes_add(&out->head, text, head) ||
	    client_bytes_add(&out->body, text + head, all->n - head))
		return -1;
	client_header(out, "Content-Type", out->content_type);
	return 0;
}

int
client_raw(struct client *c, const char *url, const void *p, size_t n,
    struct client_http *out)
{
	struct client_bytes all = { 0 };
	char buffer[8192];
	memset(out, 0, sizeof *out);
	int rc = -1, fd = dial(url);
	if (fd < 0)
		return client_fail(c, "cannot connect to %.80s", url);
	const char *at = p;
	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
		if (sent <= 0)
			break; /* the other side may have answered early */
		at += sent;
		n -= (size_t)sent;
	}
	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof buffer, 0);
		if (got <= 0)
			break;
		if (client_bytes_add(&all, buffer, (size_t)got))
			goto out;
	}
	rc = split(&all, out);
	if (rc)
		client_fail(c, "no HTTP answer, %zu octets", all.n);
out:
	client_bytes_clear(&all);
	close(fd);
	return rc;
}

int
client_raw_go(struct client *c, const char *url, const void *p, size_t n)
{
	int fd = dial(url);
	if (fd < 0)
		return client_fail(c, "cannot connect to %.80s", url);
	ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
	close(fd);
	return sent == (ssize_t)n ? 0 : client_fail(c, "cannot send");
}

/* ---- the password page ---- */

static int
from_utf16le(
    struct client *c, struct client_bytes *in, struct client_bytes *out)
{
	size_t room = in->n * 2 + 4, left = room, n = in->n;
	char *text = malloc(room), *to = text, *from = (char *)in->p;
	iconv_t cd = iconv_open("UTF-8", "UTF-16LE");
	int rc = -1;
	if (text && iconv(cd, &from, &n, &to, &left) != (size_t)-1 && n == 0)
		rc = client_bytes_add(out, text, room - left);
	iconv_close(cd);
	free(text);
	return rc ? client_fail(c, "the page is not UTF-16LE") : 0;
}

int
client_admin_body(struct client *c, const char *url, const char *userpwd,
    struct client_bytes *body)
{
	struct client_http h;
	curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(c->curl, CURLOPT_USERPWD, userpwd);
	int rc = perform(c, url, NULL, &h);
	if (!rc && h.status != 200)
		rc = client_fail(c, "the admin page answers %ld", h.status);
	if (!rc)
		rc = client_bytes_add(body, h.body.p, h.body.n);
	client_http_clear(&h);
	return rc;
}

int
client_admin_page(struct client *c, const char *url, const char *userpwd,
    struct client_bytes *utf8)
{
	struct client_bytes body = { 0 };
	int rc = client_admin_body(c, url, userpwd, &body);
	if (!rc)
		rc = from_utf16le(c, &body, utf8);
	client_bytes_clear(&body);
	return rc;
}

int
client_admin_password(struct client *c, const char *url, const char *userpwd,
    char out[CLIENT_TEXT_MAX])
{
	static const char before[] =
	    "The enrollment challenge password is: <B> ";
	struct client_bytes page = { 0 };
	int rc = client_admin_page(c, url, userpwd, &page);
	if (rc)
		goto out;
	rc = -1;
	const char *p = strstr((const char *)page.p, before);
	if (!p) {
		client_fail(c, "no password on the page: %.300s", page.p);
		goto out;
	}
	p += sizeof before - 1;
	size_t n = strspn(p, "0123456789ABCDEF");
	if (n != 16 || strncmp(p + n, " </B>", 5)) {
		client_fail(c, "not a password of 16 hex digits: %.40s", p);
		goto out;
	}
	snprintf(out, CLIENT_TEXT_MAX, "%.16s", p);
	rc = 0;
out:
	client_bytes_clear(&page);
	return rc;
}
