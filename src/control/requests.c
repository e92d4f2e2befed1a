/* SPDX-License-Identifier: MIT */
/* The journal of a site: its entries, what each held, why it went as it did. */
#include "control/requests.h"

#include "journal/explain.h"
#include "pki/cert.h"

#define BODY_MAX ((size_t)48 << 20)
#define LIMIT 100 /* entries of an answer, unless it is said */
#define LIMIT_MAX 10000
#define ID_MAX (UINT64_MAX >> 2)

struct journal *
requests_journal(struct control_call *c)
{
	struct journal *j = server_journal(c->control->server);

	if (j == NULL)
		call_problem(c, 503, "this server keeps no journal");
	return j;
}

/* ---- several ---- */

void
requests_begin(struct requests_list *l, size_t want)
{
	*l = (struct requests_list){ .want = want };
	buf_init(&l->json, BODY_MAX);
	buf_add_str(&l->json, "{\"requests\":[");
}

bool
requests_add(void *ctx, const struct journal_entry *entry)
{
	struct requests_list *l = ctx;

	if (l->n == l->want) {
		l->more = true;
		return false;
	}
	if (l->n > 0)
		buf_add_byte(&l->json, ',');
	buf_add(&l->json, entry->json);
	l->n++;
	return buf_ok(&l->json);
}

void
requests_end(struct requests_list *l, struct journal *j, const char *site)
{
	struct journal_counts n = journal_counts(j, site);

	buf_addf(&l->json,
	    "],\"dropped\":%llu,\"entries\":%llu,\"open\":%llu,\"more\":%s}",
	    (unsigned long long)n.dropped, (unsigned long long)n.entries,
	    (unsigned long long)n.open, l->more ? "true" : "false");
}

/* The text as the answer; it is copied. */
static void
answer_json(struct control_call *c, const struct buf *b)
{
	const char *text = buf_ok(b) ? arena_str(c->arena, buf_bytes(b)) : NULL;

	if (text == NULL)
		call_problem(c, 500,
		    "the entries are larger than an answer may be; ask for "
		    "fewer, with limit=");
	else
		call_text(c, text);
}

static int
read_order(struct control_call *c, bool *newest_first)
{
	const char *order = call_query(c, "order");

	*newest_first = order == NULL || strcmp(order, "newest") == 0;
	if (*newest_first || strcmp(order, "oldest") == 0)
		return 0;
	call_problem(c, 400, "order is newest (first) or oldest");
	return -1;
}

static int
read_page(struct control_call *c, struct journal_query *q, uint64_t *limit)
{
	if (call_query_number(c, "limit", LIMIT_MAX, limit) == -1 ||
	    call_query_number(c, "after", ID_MAX, &q->after_id) == -1 ||
	    call_query_number(c, "before", ID_MAX, &q->before_id) == -1)
		return -1;
	return read_order(c, &q->newest_first);
}

static void
list(struct control_call *c)
{
	static const char *const known[] = { "site", "limit", "after", "before",
		"order", NULL };
	struct site *site = call_site(c);
	struct journal *j = site == NULL ? NULL : requests_journal(c);
	struct journal_query q = { 0 };
	struct filter filter = { 0 };
	struct requests_list l;
	struct err e = { 0 };
	uint64_t limit = LIMIT;

	if (j == NULL || read_page(c, &q, &limit) == -1)
		return;
	if (filter_read(c, known, &filter) == 0) {
		q.site = site_name(site);
		q.when = filter.when;
		requests_begin(&l, (size_t)limit);
		if (journal_query(j, &q, requests_add, &l, &e) == -1) {
			call_failed(c, &e);
		} else {
			requests_end(&l, j, q.site);
			answer_json(c, &l.json);
		}
		buf_clear(&l.json);
	}
	filter_clear(&filter);
}

static void
clear(struct control_call *c)
{
	struct site *site = call_site(c);
	struct journal *j = site == NULL ? NULL : requests_journal(c);
	struct err e = { 0 };

	if (j == NULL)
		return;
	if (journal_clear(j, site_name(site), &e) == -1)
		call_failed(c, &e);
	else
		call_nothing(c);
}

/* ---- one ---- */

/* What is wanted of an entry, and the answer that it becomes. */
struct wanted {
	struct control_call *c;
	void (*give)(struct control_call *c, const struct journal_entry *entry);
};

static void
got(void *ctx, const struct journal_entry *entry)
{
	struct wanted *w = ctx;

	w->give(w->c, entry);
}

static int
read_id(struct control_call *c, uint64_t *id)
{
	const char *text = call_param(c, 0);
	int64_t n;

	if (quantity_int(bytes_str(text), 1, (int64_t)ID_MAX, &n, NULL) == -1) {
		call_problem(
		    c, 404, "\"%.40s\" is not the number of an entry", text);
		return -1;
	}
	*id = (uint64_t)n;
	return 0;
}

static void
give_one(struct control_call *c,
    void (*give)(struct control_call *c, const struct journal_entry *entry))
{
	struct site *site = call_site(c);
	struct journal *j = site == NULL ? NULL : requests_journal(c);
	struct wanted w = { c, give };
	struct err e = { 0 };
	uint64_t id;
	bool found;

	if (j == NULL || read_id(c, &id) == -1)
		return;
	if (journal_get(j, site_name(site), id, got, &w, &found, &e) == -1)
		call_failed(c, &e);
	else if (!found)
		call_problem(c, 404,
		    "the journal of this site has no entry %llu: it never "
		    "had, or it was dropped or cleared",
		    (unsigned long long)id);
}

/* A copy of the body as the answer. */
static void
give_copy(struct control_call *c, const char *type, struct bytes body)
{
	struct bytes copy = arena_copy(c->arena, body);

	if (copy.p == NULL)
		call_problem(c, 500, "mockndes is out of memory");
	else
		call_bytes(c, 200, type, copy);
}

static void
give_entry(struct control_call *c, const struct journal_entry *entry)
{
	give_copy(c, "application/json", entry->json);
}

static void
show(struct control_call *c)
{
	give_one(c, give_entry);
}

static void
give_explanation(struct control_call *c, const struct journal_entry *entry)
{
	const char *format = call_query(c, "format");
	bool text = format != NULL && strcmp(format, "text") == 0;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, BODY_MAX);
	if (journal_explain(entry, text, &b, &e) == -1)
		call_failed(c, &e);
	else
		give_copy(c,
		    text ? "text/plain; charset=utf-8" : "application/json",
		    buf_bytes(&b));
	buf_clear(&b);
}

static void
explain(struct control_call *c)
{
	const char *format = call_query(c, "format");

	if (format != NULL && strcmp(format, "text") != 0 &&
	    strcmp(format, "json") != 0)
		call_problem(c, 400, "format is json or text");
	else
		give_one(c, give_explanation);
}

/* ---- octets ---- */

static void
give_octets(struct control_call *c, struct bytes octets, const char *type,
    const char *what)
{
	if (octets.p == NULL)
		call_problem(c, 404, "this entry has no %s", what);
	else
		give_copy(c, type, octets);
}

static void
give_message(struct control_call *c, const struct journal_entry *entry)
{
	give_octets(c, entry->message, "application/x-pki-message", "message");
}

static void
give_reply(struct control_call *c, const struct journal_entry *entry)
{
	give_octets(c, entry->reply, "application/octet-stream", "reply");
}

static void
give_csr(struct control_call *c, const struct journal_entry *entry)
{
	give_octets(c, entry->csr, "application/pkcs10",
	    "request for a certificate that could be read");
}

static void
give_csr_pem(struct control_call *c, const struct journal_entry *entry)
{
	struct buf b;

	buf_init(&b, BODY_MAX);
	if (entry->csr.p != NULL)
		pki_pem(&b, "CERTIFICATE REQUEST", entry->csr);
	give_octets(c, buf_bytes(&b), "application/x-pem-file",
	    "request for a certificate that could be read");
	buf_clear(&b);
}

static void
message(struct control_call *c)
{
	give_one(c, give_message);
}

static void
reply(struct control_call *c)
{
	give_one(c, give_reply);
}

static void
csr(struct control_call *c)
{
	give_one(c, give_csr);
}

static void
csr_pem(struct control_call *c)
{
	give_one(c, give_csr_pem);
}

#define NEEDS (CALL_TOKEN | CALL_SERVER | CALL_SITE)

const struct control_route control_requests_routes[] = {
	{ "GET", "/v1/requests", NEEDS, list, NULL },
	{ "DELETE", "/v1/requests", NEEDS, clear, "" },
	{ "GET", "/v1/requests/wait", NEEDS, requests_wait, NULL },
	{ "GET", "/v1/requests/{id}", NEEDS, show, NULL },
	{ "GET", "/v1/requests/{id}/explain", NEEDS, explain, NULL },
	{ "GET", "/v1/requests/{id}/message", NEEDS, message, NULL },
	{ "GET", "/v1/requests/{id}/reply", NEEDS, reply, NULL },
	{ "GET", "/v1/requests/{id}/csr", NEEDS, csr, NULL },
	{ "GET", "/v1/requests/{id}/csr.pem", NEEDS, csr_pem, NULL },
	{ 0 },
};
