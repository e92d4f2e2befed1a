/* SPDX-License-Identifier: MIT */
/*
 * The way of a correct client from the password page to its certificate, with
 * every way around that a row of the interop reference knows.
 */
#include "support/wary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MAX 4 /* times that it waits as asked, a request */
#define POLLS_MAX 4
#define REFUSALS_MAX 4 /* times that it takes badRequest for "later" */
#define LAPS_MAX 24 /* messages, in all */

/* What a lap is like; laps differ by what did not work before. */
struct trip {
	struct wary_page page;
	struct wary_caps caps;
	struct wary_bundle bundle;
	X509 *ca; /* owned: the issuing CA that it began with */
	char transaction[CLIENT_TEXT_MAX]; /* "": a fresh one */
	bool by_get, weak, as_first, no_expect, fetched_again, lost, anew;
	unsigned refusals, polls;
};

enum turn { DONE, AGAIN, REFUSED };

/* ---- one request ---- */

static void
url_with(const struct wary *w, const char *tail, char out[1024])
{
	snprintf(out, 1024, "%s%s", w->url, tail);
}

/* Busy: it would wait as long as it was told. */
static bool
is_busy(struct wary *w, const struct client_http *h)
{
	char value[CLIENT_TEXT_MAX];

	if ((h->status != 429 && h->status != 503) ||
	    !client_header(h, "Retry-After", value))
		return false;
	w->wait_s += atol(value) > 0 ? atol(value) : 1;
	w->retried++;
	return true;
}

static int
get(struct wary *w, const char *tail, struct client_http *h)
{
	char url[1024];
	int rc = -1;

	url_with(w, tail, url);
	for (int i = 0; i <= BUSY_MAX; i++) {
		rc = client_get(w->c, url, NULL, h);
		if (rc == -1 || !is_busy(w, h))
			break;
		if (i < BUSY_MAX)
			client_http_clear(h);
	}
	return rc;
}

/* ---- before the message ---- */

static int
read_page(struct wary *w, struct trip *t)
{
	const char *end = strstr(w->url, "/mscep/mscep.dll");
	char url[1024];
	struct client_bytes raw = { 0 };
	int rc;

	snprintf(
	    url, sizeof(url), "%.*s/mscep_admin/", (int)(end - w->url), w->url);
	rc = client_admin_body(w->c, url, w->userpwd, &raw);
	if (rc == 0)
		rc = wary_page_read(w->c, &raw, &t->page);
	client_bytes_clear(&raw);
	return rc;
}

/* Without an answer there are no capabilities, which is legal. */
static void
read_caps(struct wary *w, struct trip *t)
{
	struct client_http h = { 0 };

	memset(&t->caps, 0, sizeof(t->caps));
	if (get(w, "?operation=GetCACaps", &h) == 0 && h.status == 200)
		wary_caps_read(&h.body, &t->caps);
	client_http_clear(&h);
}

/* With an identifier first, and without where that is not answered. */
static int
fetch_bundle(struct wary *w, struct trip *t)
{
	struct client_http h = { 0 };
	int rc = get(w, "?operation=GetCACert&message=mockndes", &h);

	if (rc == 0 && h.status == 404) {
		client_http_clear(&h);
		rc = get(w, "?operation=GetCACert", &h);
		w->fell_back += rc == 0 && h.status == 200;
	}
	if (rc == 0 && h.status != 200)
		rc = client_fail(w->c, "GetCACert answers %ld", h.status);
	wary_bundle_clear(&t->bundle);
	if (rc == 0)
		rc = wary_bundle_read(w->c, &h.body,
		    w->no_page_thumbprint ? NULL : t->page.thumbprint,
		    &t->bundle);
	client_http_clear(&h);
	if (rc == 0 && t->ca != NULL && X509_cmp(t->ca, t->bundle.issuing) != 0)
		rc = client_fail(w->c, "the CA is another one than before");
	if (rc == 0 && t->ca == NULL) {
		t->ca = t->bundle.issuing;
		X509_up_ref(t->ca);
	}
	return rc;
}

/* A CA in the middle of its rollover may be right the next time. */
static int
read_bundle(struct wary *w, struct trip *t)
{
	if (fetch_bundle(w, t) == 0)
		return 0;
	w->retried++;
	return fetch_bundle(w, t);
}

/* ---- the message ---- */

static int
prepare(struct wary *w, struct trip *t, struct client_prepared *p)
{
	char san[CLIENT_TEXT_MAX];
	struct client_ca ca = { .ra_encrypt = t->bundle.encrypt };
	bool renews = w->old != NULL;
	struct client_enrolment e = {
		.ca = &ca,
		.csr = { .key = w->key,
		    .subject = w->subject,
		    .challenge = renews ? NULL : t->page.password },
		.signer = w->old,
		.signer_key = w->old_key,
		.type = renews && t->caps.renewal && !t->as_first ? 17 : 19,
		.transaction =
		    t->transaction[0] != '\0' ? t->transaction : w->transaction,
		.digest = t->weak    ? "SHA1"
		    : t->caps.sha512 ? "SHA512"
		    : t->caps.sha256 ? "SHA256"
				     : "SHA1",
		.cipher =
		    t->caps.aes && !t->weak ? "AES-128-CBC" : "DES-EDE3-CBC",
	};

	if (w->dns != NULL) {
		snprintf(san, sizeof(san), "subjectAltName=DNS:%.200s", w->dns);
		e.csr.extensions[0] = san;
	}
	return client_prepare(w->c, &e, p);
}

static int
send_message(struct wary *w, const struct trip *t,
    const struct client_prepared *p, struct client_http *h)
{
	struct client_bytes query = { 0 };
	char url[1024];
	int rc = -1;

	if (t->caps.post && !t->by_get) {
		url_with(w, "?operation=PKIOperation", url);
		w->c->expects = w->expects_continue && !t->no_expect;
		rc = client_post(
		    w->c, url, "application/x-pki-message", &p->der, h);
		w->c->expects = false;
		return rc;
	}
	if (client_bytes_add(&query, w->url, strlen(w->url)) == 0 &&
	    client_query(w->c, &p->der, CLIENT_ESCAPED, &query) == 0)
		rc = client_get(w->c, (const char *)query.p, NULL, h);
	client_bytes_clear(&query);
	return rc;
}

/* ---- what to make of the answer ---- */

static enum turn
refused(struct wary *w, const char *why)
{
	client_fail(w->c, "%s", why);
	return REFUSED;
}

static enum turn
answered(struct wary *w, long status)
{
	client_fail(w->c, "PKIOperation answers %ld", status);
	return REFUSED;
}

/* Once: fetch everything again, since keys may have changed. */
static enum turn
fetch_again(struct wary *w, struct trip *t, long status)
{
	if (t->fetched_again)
		return answered(w, status);
	t->fetched_again = true;
	w->retried++;
	return read_bundle(w, t) == 0 ? AGAIN : REFUSED;
}

static enum turn
by_status(struct wary *w, struct trip *t, const struct client_http *h)
{
	bool posted = t->caps.post && !t->by_get;

	if (is_busy(w, h))
		return AGAIN;
	if (posted &&
	    (h->status == 405 || (h->status == 200 && h->body.n == 0))) {
		t->by_get = true;
		w->fell_back++;
		return AGAIN;
	}
	if (!posted && h->status == 414 && !t->caps.post) {
		t->caps.post = true;
		w->fell_back++;
		return AGAIN;
	}
	if (h->status == 417 && w->expects_continue && !t->no_expect) {
		t->no_expect = true;
		w->fell_back++;
		return AGAIN;
	}
	if (h->status >= 500)
		return fetch_again(w, t, h->status);
	return answered(w, h->status);
}

static enum turn
by_failure(struct wary *w, struct trip *t, const struct client_certrep *r,
    const struct client_prepared *p)
{
	client_fail(w->c, "FAILURE, failInfo %d", r->fail_info);
	t->transaction[0] = '\0';
	if (p->message.type == 17 && !t->as_first) {
		t->as_first = true;
		w->fell_back++;
		return AGAIN;
	}
	if (t->polls > 0 && r->fail_info == 4 && !t->anew) {
		t->anew = true;
		w->retried++;
		return AGAIN;
	}
	if (t->polls == 0 && r->fail_info == 2 &&
	    ++t->refusals < REFUSALS_MAX) {
		w->retried++;
		/* whoever lost an answer may have used up the password */
		return !t->lost || read_page(w, t) == 0 ? AGAIN : REFUSED;
	}
	return REFUSED;
}

static enum turn
by_certrep(struct wary *w, struct trip *t, struct client_certrep *r,
    const struct client_prepared *p)
{
	if (r->status == 3) {
		if (++t->polls > POLLS_MAX)
			return refused(w, "still PENDING");
		w->polled++;
		snprintf(t->transaction, sizeof(t->transaction), "%s",
		    p->message.transaction);
		return AGAIN;
	}
	if (r->status == 2)
		return by_failure(w, t, r, p);
	if (strncmp(r->cipher, "DES-CBC", 7) == 0 ||
	    strncmp(r->cipher, "RC2", 3) == 0)
		return refused(w, "the envelope is in a weak cipher");
	if (wary_certificate_check(w, &t->bundle, r->certificate) == -1)
		return REFUSED;
	w->certificate = r->certificate;
	r->certificate = NULL;
	return DONE;
}

/* What cannot be opened may be when it is in the plainest cipher. */
static enum turn
by_lie(struct wary *w, struct trip *t)
{
	if (strstr(w->c->why, "does not decrypt") == NULL || !t->caps.aes ||
	    t->weak)
		return REFUSED;
	t->weak = true;
	w->fell_back++;
	return read_page(w, t) == 0 ? AGAIN : REFUSED;
}

static enum turn
lap(struct wary *w, struct trip *t)
{
	struct client_prepared p = { 0 };
	struct client_certrep r = { 0 };
	struct client_http h = { 0 };
	enum turn turn = REFUSED;

	if (prepare(w, t, &p) == -1)
		return REFUSED;
	if (send_message(w, t, &p, &h) == -1) {
		/* lost: once more, with the same message's transaction */
		if (!t->lost) {
			t->lost = true;
			w->retried++;
			snprintf(t->transaction, sizeof(t->transaction), "%s",
			    p.message.transaction);
			turn = AGAIN;
		}
	} else if (h.status != 200 || h.body.n == 0) {
		turn = by_status(w, t, &h);
	} else {
		struct client_expect x = { .message = &p.message,
			.csr_key = w->key,
			.signers = t->bundle.signers };

		turn = client_certrep_read(w->c, &x, &h.body, &r) == 0
		    ? by_certrep(w, t, &r, &p)
		    : by_lie(w, t);
	}
	client_certrep_clear(&r);
	client_http_clear(&h);
	client_prepared_clear(&p);
	return turn;
}

int
wary_enrol(struct wary *w)
{
	struct trip t = { 0 };
	enum turn turn = AGAIN;

	w->c->follows = true;
	w->c->cookie[0] = '\0';
	if (w->known_ca != NULL) {
		t.ca = w->known_ca;
		X509_up_ref(t.ca);
	}
	if (read_page(w, &t) == -1)
		goto bad;
	read_caps(w, &t);
	if (read_bundle(w, &t) == -1)
		goto bad;
	for (int i = 0; i < LAPS_MAX && turn == AGAIN; i++)
		turn = lap(w, &t);
	if (turn == DONE) {
		w->ca = t.ca;
		t.ca = NULL;
	}
bad:
	w->c->follows = false;
	X509_free(t.ca);
	wary_bundle_clear(&t.bundle);
	return turn == DONE ? 0 : -1;
}

void
wary_clear(struct wary *w)
{
	X509_free(w->certificate);
	X509_free(w->ca);
	w->certificate = w->ca = NULL;
	w->retried = w->polled = w->fell_back = 0;
	w->wait_s = 0;
}
