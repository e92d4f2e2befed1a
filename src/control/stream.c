/* SPDX-License-Identifier: MIT */
/*
 * GET /v1/stream: one server-sent event for each change of the journal. What
 * happened while a reader was away is told again from the journal when it
 * comes back with Last-Event-ID; until that is done new events wait, so that
 * the order is right. An event may be told twice, and none is left out that
 * the journal still has.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "control/call.h"
#include "control/filter.h"
#include "control/inside.h"
#include "journal/journal.h"

#define EVENT_MAX ((size_t)256 << 10)
#define WAITING_MAX ((size_t)4 << 20)
#define HEARTBEAT_MS 15000
#define INEXACT_US 2000

static const char farewell[] =
    "event: cut-off\ndata: {\"reason\":\"the reader does not keep up\"}\n\n";

struct stream {
	struct control_kept *kept; /* one reference, until it is over */
	struct journal *journal;
	uint64_t listener;
	struct filter filter;
	pthread_mutex_t lock;
	bool replaying; /* under lock */
	struct buf waiting; /* under lock; events that came while replaying */
};

/* ---- an event as text ---- */

/*
 * Events are written in the thread that answers clients, once for each
 * reader: straight into the buffer, and by the JSON library only where a text
 * is not plain.
 */
static bool
is_plain(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '"' ||
		    s.p[i] == '\\')
			return false;
	return true;
}

/* What is not UTF-8 byte by byte, as far as it is ASCII. */
static void
print_odd(struct buf *out, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x80)
			buf_add_str(out, "\\ufffd");
		else if (is_plain(bytes_of(&s.p[i], 1)))
			buf_add_byte(out, s.p[i]);
		else
			buf_addf(out, "\\u%04x", s.p[i]);
	}
}

static void
print_text(struct buf *out, struct bytes s)
{
	json_t *json;
	char *text;

	if (is_plain(s)) {
		buf_add_byte(out, '"');
		buf_add(out, s);
		buf_add_byte(out, '"');
		return;
	}
	json = json_stringn((const char *)s.p, s.n);
	text = json == NULL ? NULL : json_dumps(json, JSON_ENCODE_ANY);
	if (text != NULL) {
		buf_add_str(out, text);
	} else {
		buf_add_byte(out, '"');
		print_odd(out, s);
		buf_add_byte(out, '"');
	}
	free(text);
	json_decref(json);
}

static void
print_facts(struct buf *out, const struct facts *facts)
{
	for (int i = 0; i < FACTS; i++) {
		const struct fact_key *key = fact_key((enum fact)i);
		const struct fact_value *v = &facts->v[i];

		if (!v->present)
			continue;
		buf_add_str(out, ",\"");
		buf_add_str(out, key->path);
		buf_add_str(out, "\":");
		if (key->kind == FACT_NUMBER)
			buf_addf(out, "%lld", (long long)v->number);
		else
			print_text(out, v->text);
	}
}

static void
print_event(struct buf *out, uint64_t id, enum journal_change change,
    const struct facts *facts)
{
	const char *word = journal_change_name(change);

	buf_addf(out,
	    "id: %llu-%s\nevent: %s\ndata: {\"id\":%llu,\"change\":\"%s\"",
	    (unsigned long long)id, word, word, (unsigned long long)id, word);
	print_facts(out, facts);
	buf_add_str(out, "}\n\n");
}

/* ---- live ---- */

static void
push(struct stream *s, struct bytes event)
{
	pthread_mutex_lock(&s->lock);
	if (s->replaying)
		buf_add(&s->waiting, event);
	else
		(void)!kept_push(s->kept, event); /* it is over: over() comes */
	pthread_mutex_unlock(&s->lock);
}

/* In the thread that made the change. */
static void
on_change(void *ctx, const char *site, uint64_t id, enum journal_change change,
    const struct facts *facts)
{
	struct stream *s = ctx;
	struct buf event;

	(void)site;
	if (!filter_holds(&s->filter, facts))
		return;
	buf_init(&event, EVENT_MAX);
	print_event(&event, id, change, facts);
	if (buf_ok(&event) && event.n > 0)
		push(s, buf_bytes(&event));
	buf_clear(&event);
}

/* ---- what was missed ---- */

/* A change that the journal still knows of. */
struct old {
	int64_t at_us;
	uint64_t id;
	enum journal_change change;
	char *text; /* owned; NULL: the filter does not want it */
};

struct replay {
	struct stream *stream;
	uint64_t last_id; /* what the reader had last */
	enum journal_change last_change;
	int64_t last_us; /* when that was; INT64_MIN: forgotten */
	struct old *all;
	size_t n, size;
	bool failed;
};

/* What was known of an entry when it changed. */
static void
facts_as_of(
    enum journal_change change, const struct facts *now, struct facts *then)
{
	*then = *now;
	if (change == JOURNAL_OPENED)
		then->stage = FACT_AT_ARRIVAL;
	for (int i = 0; i < FACTS; i++)
		if (fact_key((enum fact)i)->stage > then->stage)
			then->v[i].present = false;
	if (change != JOURNAL_ENDED)
		then->v[FACT_END].present = false;
}

static struct old *
one_more(struct replay *r)
{
	size_t size = r->size == 0 ? 256 : 2 * r->size;
	struct old *all;

	if (r->n < r->size)
		return &r->all[r->n++];
	all = realloc(r->all, size * sizeof(*all));
	if (all == NULL) {
		r->failed = true;
		return NULL;
	}
	r->all = all;
	r->size = size;
	return &r->all[r->n++];
}

static void
add_old(struct replay *r, const struct journal_entry *entry,
    enum journal_change change, int64_t since_us)
{
	struct old *old = one_more(r);
	struct facts facts;
	struct buf text;

	if (old == NULL)
		return;
	*old = (struct old){ entry->received_ms * 1000 + since_us, entry->id,
		change, NULL };
	if (entry->id == r->last_id && change == r->last_change)
		r->last_us = old->at_us;
	facts_as_of(change, &entry->facts, &facts);
	if (!filter_holds(&r->stream->filter, &facts))
		return;
	buf_init(&text, EVENT_MAX);
	print_event(&text, entry->id, change, &facts);
	old->text = buf_ok(&text) ? strdup(buf_str(&text)) : NULL;
	buf_clear(&text);
}

static bool
each_entry(void *ctx, const struct journal_entry *entry)
{
	struct replay *r = ctx;

	add_old(r, entry, JOURNAL_OPENED, 0);
	if (entry->answered)
		add_old(r, entry, JOURNAL_ANSWERED, entry->answered_us);
	if (entry->ended)
		add_old(r, entry, JOURNAL_ENDED, entry->ended_us);
	return !r->failed;
}

static int
by_time(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (int)x->change - (int)y->change;
}

/* Times are exact to a millisecond and no more; so what may have been told is told again. */
static bool
is_missed(const struct replay *r, const struct old *old)
{
	if (old->id == r->last_id && old->change <= r->last_change)
		return false;
	return old->id > r->last_id || r->last_us == INT64_MIN ||
	    old->at_us >= r->last_us - INEXACT_US;
}

static void
tell_again(struct replay *r)
{
	qsort(r->all, r->n, sizeof(*r->all), by_time);
	for (size_t i = 0; i < r->n; i++) {
		const struct old *old = &r->all[i];

		if (old->text == NULL || !is_missed(r, old))
			continue;
		if (kept_push(r->stream->kept, bytes_str(old->text)) == -1)
			return;
	}
}

/* From here on events go out as they come. */
static void
catch_up(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	if (!buf_ok(&s->waiting))
		kept_end(s->kept); /* it comes back and asks for the rest */
	else if (s->waiting.n > 0)
		(void)!kept_push(s->kept, buf_bytes(&s->waiting));
	buf_clear(&s->waiting);
	s->replaying = false;
	pthread_mutex_unlock(&s->lock);
}

static void
replay(struct stream *s, const char *site, struct replay *r)
{
	const struct journal_query q = { .site = site, .no_json = true };
	struct err e = { 0 };

	if (journal_query(s->journal, &q, each_entry, r, &e) == 0 && !r->failed)
		tell_again(r);
	else
		kept_end(s->kept);
	for (size_t i = 0; i < r->n; i++)
		free(r->all[i].text);
	free(r->all);
	catch_up(s);
}

/* "12-answered"; false: there is none, or it is not ours. */
static bool
read_last_id(const struct http_request *rq, struct replay *r)
{
	const struct http_header *h = http_request_header(rq, "Last-Event-ID");
	const uint8_t *dash =
	    h == NULL ? NULL : memchr(h->value.p, '-', h->value.n);
	size_t n = dash == NULL ? 0 : (size_t)(dash - h->value.p);
	struct bytes word;

	/* a number alone: that entry is told */
	if (h != NULL && dash == NULL) {
		r->last_change = JOURNAL_ENDED;
		return text_u64(h->value, INT64_MAX, &r->last_id) == 0;
	}
	if (n == 0 ||
	    text_u64(bytes_of(h->value.p, n), INT64_MAX, &r->last_id) == -1)
		return false;
	word = bytes_from(h->value, n + 1);
	for (int i = JOURNAL_OPENED; i <= JOURNAL_ENDED; i++) {
		r->last_change = (enum journal_change)i;
		if (bytes_eq(
			word, bytes_str(journal_change_name(r->last_change))))
			return true;
	}
	return false;
}

/* ---- life ---- */

static void
over(void *ctx, struct control_kept *kept, enum call_over why)
{
	struct stream *s = ctx;

	(void)why;
	if (s->listener != 0)
		journal_unlisten(s->journal, s->listener);
	kept_unref(kept);
}

static void
stream_free(void *ctx)
{
	struct stream *s = ctx;

	filter_clear(&s->filter);
	buf_clear(&s->waiting);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct stream *
stream_new(struct control_call *c, struct journal *journal)
{
	static const char *const known[] = { "site", NULL };
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		call_problem(c, 500, "mockndes is out of memory");
		return NULL;
	}
	s->journal = journal;
	pthread_mutex_init(&s->lock, NULL);
	buf_init(&s->waiting, WAITING_MAX);
	if (filter_read(c, known, &s->filter) == 0)
		return s;
	stream_free(s);
	return NULL;
}

static void
go(struct control_call *c, struct stream *s, const char *site)
{
	struct replay r = { .stream = s, .last_us = INT64_MIN };

	s->replaying = read_last_id(c->rq, &r);
	kept_heartbeat(s->kept, HEARTBEAT_MS, BYTES_LIT(": still here\n\n"));
	(void)!kept_push(s->kept, BYTES_LIT("retry: 1000\n\n"));
	s->listener = journal_listen(s->journal, site, on_change, s);
	if (s->listener == 0)
		call_problem(c, 500, "mockndes is out of memory");
	else if (s->replaying)
		replay(s, site, &r);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);
	struct journal *journal = server_journal(c->control->server);
	struct call_owner owner = { over, stream_free, NULL };
	struct stream *s;

	if (site == NULL)
		return;
	if (journal == NULL) {
		call_problem(c, 409, "this server keeps no journal");
		return;
	}
	s = stream_new(c, journal);
	if (s == NULL)
		return;
	owner.ctx = s;
	s->kept =
	    call_stream(c, "text/event-stream", bytes_str(farewell), &owner);
	if (s->kept == NULL)
		stream_free(s);
	else
		go(c, s, site_name(site));
	/* However long somebody reads, the site need not be kept for it. */
	call_end(c);
}

const struct control_route control_stream_routes[] = {
	{ "GET", "/v1/stream", CALL_TOKEN | CALL_SERVER | CALL_SITE, get,
	    NULL },
	{ 0 },
};
