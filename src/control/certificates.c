/* SPDX-License-Identifier: MIT */
/* The certificates that a site's CA has issued: listed, fetched, revoked. */
#include "base/text.h"
#include "control/call.h"
#include "control/times.h"
#include "store/store.h"

#define SERIAL_MAX 64 /* octets; a serial number has 20 at most */
#define LIMIT_MAX 10000
#define LIMIT_DEFAULT 1000
#define AT_ONCE \
	64 /* rows under one lock of the store, which enrolments need too */
#define CERT_MAX ((size_t)256 << 10)

/* RFC 5280 5.3.1; 7 is not used, 8 takes a hold back. */
static const char *const reasons[] = { "unspecified", "keyCompromise",
	"cACompromise", "affiliationChanged", "superseded",
	"cessationOfOperation", "certificateHold", NULL, NULL,
	"privilegeWithdrawn", "aACompromise" };

static const char *
reason_name(int reason)
{
	if (reason < 0 || reason >= (int)nitems(reasons) ||
	    reasons[reason] == NULL)
		return reasons[0];
	return reasons[reason];
}

/* ---- one as a document ---- */

static const char *
state_of(const struct store_row *row, int64_t now)
{
	if (row->revoked)
		return "revoked";
	return row->cert.not_after < now ? "expired" : "good";
}

static json_t *
text_of(struct bytes s)
{
	json_t *text = json_stringn((const char *)s.p, s.n);

	return text == NULL ? json_string("") : text;
}

static json_t *
hex_of(struct bytes s)
{
	struct buf hex;
	json_t *text;

	buf_init(&hex, 2 * SERIAL_MAX);
	text_hex(&hex, s, false);
	text = json_string(buf_str(&hex));
	buf_clear(&hex);
	return text;
}

static json_t *
fingerprint_of(struct pki_ctx *pki, struct bytes der)
{
	uint8_t digest[PKI_DIGEST_MAX];
	size_t n = 0;

	if (pki_digest(pki, PKI_SHA256, der, digest, &n, NULL) == -1)
		return json_null();
	return hex_of(bytes_of(digest, n));
}

static json_t *
document(const struct store_row *row, struct pki_ctx *pki, int64_t now)
{
	const struct store_cert *cert = &row->cert;
	json_t *json = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
				 "s:s, s:o}",
	    "id", (json_int_t)row->id, "serial", hex_of(cert->serial),
	    "subject", text_of(cert->subject), "not_before",
	    time_of_unix(cert->not_before), "not_after",
	    time_of_unix(cert->not_after), "issued_at",
	    time_of_unix(cert->issued_at), "transaction",
	    text_of(cert->transaction_id), "template",
	    text_of(cert->template_name), "state", state_of(row, now),
	    "fingerprint_sha256", fingerprint_of(pki, cert->der));

	if (json != NULL && row->revoked) {
		json_object_set_new(
		    json, "revoked_at", time_of_unix(row->revoked_at));
		json_object_set_new(
		    json, "reason", json_string(reason_name(row->reason)));
	}
	return json;
}

/* ---- the list ---- */

struct list {
	const char *state, *transaction, *template_name, *subject; /* NULL */
	uint64_t limit;
	int64_t now;
	struct pki_ctx *pki;
	json_t *array;
	uint64_t last; /* id of the last one in it */
	uint64_t at; /* id of the last one that was looked at */
	unsigned looked; /* how many of this step */
	bool more;
};

static bool
is_text(const char *wanted, struct bytes have)
{
	return wanted == NULL || bytes_eq(bytes_str(wanted), have);
}

/* A row for the deployment's own certificate stands there only to be on the CRL. */
static bool
is_wanted(const struct list *l, const struct store_row *row)
{
	const struct store_cert *c = &row->cert;

	if (bytes_eq(c->key_hash, bytes_str("-")))
		return false;
	if (l->state != NULL && strcmp(l->state, state_of(row, l->now)) != 0)
		return false;
	if (l->subject != NULL &&
	    memmem(c->subject.p, c->subject.n, l->subject,
		strlen(l->subject)) == NULL)
		return false;
	return is_text(l->transaction, c->transaction_id) &&
	    is_text(l->template_name, c->template_name);
}

static bool
add_row(void *ctx, const struct store_row *row)
{
	struct list *l = ctx;

	if (is_wanted(l, row)) {
		if (json_array_size(l->array) == l->limit) {
			l->more = true;
			return false;
		}
		json_array_append_new(l->array, document(row, l->pki, l->now));
		l->last = row->id;
	}
	l->at = row->id;
	return ++l->looked < AT_ONCE;
}

static bool
is_state(const char *s)
{
	return s == NULL || strcmp(s, "good") == 0 ||
	    strcmp(s, "revoked") == 0 || strcmp(s, "expired") == 0;
}

/* All rows behind l->at, some at a time. */
static int
fill(struct list *l, struct store *store, struct err *e)
{
	do {
		l->looked = 0;
		if (store_certs_each(
			store, l->at, bytes_of(NULL, 0), add_row, l, e) == -1)
			return -1;
	} while (l->looked == AT_ONCE && !l->more);
	return 0;
}

static void
answer_list(struct control_call *c, struct list *l, struct store *store)
{
	struct err e = { 0 };
	json_t *json;

	l->pki = pki_ctx_new(server_pki(c->control->server), &e);
	l->array = json_array();
	if (l->pki == NULL || fill(l, store, &e) == -1) {
		json_decref(l->array);
		call_failed(c, &e);
	} else {
		json = json_pack("{s:o}", "certificates", l->array);
		if (json != NULL && l->more)
			json_object_set_new(
			    json, "next", json_integer((json_int_t)l->last));
		call_json(c, 200, json);
	}
	pki_ctx_free(l->pki);
}

static void
list(struct control_call *c)
{
	struct site *site = call_site(c);
	struct list l = {
		.state = call_query(c, "state"),
		.transaction = call_query(c, "transaction"),
		.template_name = call_query(c, "template"),
		.subject = call_query(c, "subject"),
		.limit = LIMIT_DEFAULT,
	};
	struct site_snapshot *now;

	if (site == NULL ||
	    call_query_number(c, "limit", LIMIT_MAX, &l.limit) == -1 ||
	    call_query_number(c, "after", INT64_MAX, &l.at) == -1)
		return;
	if (!is_state(l.state)) {
		call_problem(c, 400, "state is good, revoked or expired");
		return;
	}
	now = site_acquire(site);
	l.now = env_now(now->dep.env);
	answer_list(c, &l, now->holdings->store);
	site_release(now);
}

/* ---- one ---- */

/* Hex digits, with colons or without, as people copy them. */
static size_t
read_serial(const char *text, uint8_t out[SERIAL_MAX])
{
	size_t n = 0;

	while (*text != '\0') {
		int hi, lo;

		if (*text == ':') {
			text++;
			continue;
		}
		hi = text_hex_digit((uint8_t)text[0]);
		lo = hi < 0 ? -1 : text_hex_digit((uint8_t)text[1]);
		if (lo < 0 || n == SERIAL_MAX)
			return 0;
		out[n++] = (uint8_t)(hi << 4 | lo);
		text += 2;
	}
	return n;
}

static void
no_such_certificate(struct control_call *c)
{
	call_problem(c, 404,
	    "no certificate with the serial number %.130s was issued",
	    call_param(c, 0));
}

static void
answer_one(struct control_call *c, const char *form, struct bytes der)
{
	bool pem = strcmp(form, "pem") == 0;
	struct bytes body;
	struct buf b;

	buf_init(&b, CERT_MAX);
	if (pem)
		pki_pem(&b, "CERTIFICATE", der);
	else
		buf_add(&b, der);
	body = arena_copy(c->arena, buf_bytes(&b));
	if (buf_ok(&b) && body.p != NULL)
		call_bytes(c, 200,
		    pem ? "application/x-pem-file" : "application/pkix-cert",
		    body);
	else
		call_problem(c, 500, "mockndes is out of memory");
	buf_clear(&b);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *form = call_param(c, 1);
	uint8_t serial[SERIAL_MAX];
	size_t n = read_serial(call_param(c, 0), serial);
	struct site_snapshot *now;
	struct err e = { 0 };
	struct buf der;
	bool found = false;

	if (site == NULL)
		return;
	if (strcmp(form, "pem") != 0 && strcmp(form, "der") != 0) {
		call_problem(c, 404, "a certificate is there as .pem and .der");
		return;
	}
	buf_init(&der, CERT_MAX);
	now = site_acquire(site);
	if (n > 0 &&
	    store_cert_get(now->holdings->store, bytes_of(serial, n), &der,
		&found, &e) == -1)
		call_failed(c, &e);
	else if (!found)
		no_such_certificate(c);
	else
		answer_one(c, form, buf_bytes(&der));
	site_release(now);
	buf_clear(&der);
}

/* ---- revoking ---- */

/* The number of a reason; -1: a problem is the answer. */
static int
reason_of(struct control_call *c, const char *name)
{
	for (int i = 0; i < (int)nitems(reasons); i++)
		if (reasons[i] != NULL && strcmp(reasons[i], name) == 0)
			return i;
	call_problem(c, 400,
	    "there is no reason \"%.40s\"; RFC 5280 has unspecified, "
	    "keyCompromise, cACompromise, affiliationChanged, superseded, "
	    "cessationOfOperation, certificateHold, privilegeWithdrawn and "
	    "aACompromise",
	    name);
	return -1;
}

/* Of ?reason= or {"reason": ...}. */
static int
read_reason(struct control_call *c)
{
	const char *name = call_query(c, "reason");
	json_t *body;
	int reason = -1;

	if (name != NULL)
		return reason_of(c, name);
	if (c->rq->body.n == 0)
		return 0;
	body = call_body(c);
	if (body == NULL)
		return -1;
	name = json_string_value(json_object_get(body, "reason"));
	if (name == NULL)
		call_problem(
		    c, 400, "the body is an object with a reason, a text");
	else
		reason = reason_of(c, name);
	json_decref(body);
	return reason;
}

static bool
keep_row(void *ctx, const struct store_row *row)
{
	struct list *l = ctx;

	l->array = document(row, l->pki, l->now);
	return false;
}

/* Revoke, and show what it is then. */
static int
revoke_in(struct store *store, struct list *l, struct bytes serial, int reason,
    struct err *e)
{
	bool found = false;

	if (store_cert_revoke(store, serial, l->now, reason, &found, e) == -1)
		return -1;
	if (!found)
		return 0;
	return store_certs_each(store, 0, serial, keep_row, l, e);
}

static void
revoke(struct control_call *c)
{
	struct site *site = call_site(c);
	uint8_t serial[SERIAL_MAX];
	size_t n = read_serial(call_param(c, 0), serial);
	int reason = site == NULL ? -1 : read_reason(c);
	struct list l = { 0 };
	struct site_snapshot *now;
	struct err e = { 0 };
	int rc = 0;

	if (reason == -1)
		return;
	l.pki = pki_ctx_new(server_pki(c->control->server), &e);
	now = site_acquire(site);
	l.now = env_now(now->dep.env);
	if (l.pki == NULL)
		rc = -1;
	else if (n > 0)
		rc = revoke_in(
		    now->holdings->store, &l, bytes_of(serial, n), reason, &e);
	if (rc == -1)
		call_failed(c, &e);
	else if (l.array == NULL)
		no_such_certificate(c);
	else
		call_json(c, 200, l.array);
	site_release(now);
	pki_ctx_free(l.pki);
}

#define NEEDS (CALL_TOKEN | CALL_SERVER | CALL_SITE)

const struct control_route control_certificates_routes[] = {
	{ "GET", "/v1/certificates", NEEDS, list,
	    "state transaction template subject limit after" },
	{ "GET", "/v1/certificates/{serial}.{form}", NEEDS, get, NULL },
	{ "POST", "/v1/certificates/{serial}/revoke", NEEDS, revoke, "reason" },
	{ 0 },
};
