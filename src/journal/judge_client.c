/* SPDX-License-Identifier: MIT */
/*
 * Expectations about the client as a whole. The journal shows what it asked
 * and what it was told; whether it took that is its own affair, which the end
 * of the command of `run` tells, or who asks for the judgement.
 */
#include <inttypes.h>

#include "journal/judge.h"

#define RETRIES_MAX 100 /* more of the same is without end */

static const char *const ops[JUDGE_OPS] = { "GetCACaps", "GetCACert",
	"PKIOperation", "admin" };

/* ---- entries ---- */

static bool
is_text(const struct journal_entry *entry, enum fact f, const char *text)
{
	return entry->facts.v[f].present &&
	    bytes_eq(entry->facts.v[f].text, bytes_str(text));
}

static bool
is_message(const struct journal_entry *entry)
{
	return is_text(entry, FACT_OP, "PKIOperation");
}

/* It got no answer that it could work with. */
static bool
is_bad(const struct journal_entry *entry)
{
	const struct fact_value *status = &entry->facts.v[FACT_STATUS];

	if (!entry->answered)
		return entry->ended;
	return !status->present || status->number >= 400 ||
	    (entry->ended && !is_text(entry, FACT_END, "sent")) ||
	    is_text(entry, FACT_PKI_STATUS, "FAILURE");
}

static bool
brings_certificate(const struct journal_entry *entry)
{
	return is_message(entry) && !is_bad(entry) &&
	    is_text(entry, FACT_PKI_STATUS, "SUCCESS") &&
	    entry->facts.v[FACT_SERIAL].present;
}

static int
op_of(const struct journal_entry *entry)
{
	for (int i = 0; i < JUDGE_OPS; i++) {
		if (is_text(entry, FACT_OP, ops[i]))
			return i;
	}
	return -1;
}

/* ---- ways ---- */

static void
keep_text(
    char *out, size_t size, const struct journal_entry *entry, enum fact f)
{
	struct bytes s = entry->facts.v[f].text;
	size_t n = 0;

	for (; n < s.n && n + 1 < size; n++)
		out[n] = s.p[n] > 0x20 && s.p[n] < 0x7f ? (char)s.p[n] : '?';
	out[n] = '\0';
}

static void
keep_way(struct judge_way *w, const struct journal_entry *entry)
{
	*w = (struct judge_way){ .id = entry->id };
	keep_text(w->method, sizeof(w->method), entry, FACT_METHOD);
	keep_text(w->cipher, sizeof(w->cipher), entry, FACT_CMS_CIPHER);
	keep_text(w->digest, sizeof(w->digest), entry, FACT_CMS_DIGEST);
	keep_text(
	    w->transport, sizeof(w->transport), entry, FACT_CMS_KEY_TRANSPORT);
	keep_text(w->scheme, sizeof(w->scheme), entry, FACT_SCHEME);
}

/* What is empty was not known. */
static bool
differ(const char *a, const char *b)
{
	return a[0] != '\0' && b[0] != '\0' && strcmp(a, b) != 0;
}

static bool
is_another(const struct judge_way *a, const struct judge_way *b)
{
	return differ(a->method, b->method) || differ(a->cipher, b->cipher) ||
	    differ(a->digest, b->digest) ||
	    differ(a->transport, b->transport) || differ(a->scheme, b->scheme);
}

/* ---- seeing ---- */

static void
see_try(struct judge *j, const struct journal_entry *entry)
{
	int op = op_of(entry);

	if (op == -1)
		return;
	if (j->tries[op].bad != 0)
		j->tries[op].again++;
	if (is_bad(entry) && j->tries[op].bad == 0)
		j->tries[op].bad = entry->id;
}

static void
see_lie(struct judge *j, const struct journal_entry *entry)
{
	const struct fact_value *status = &entry->facts.v[FACT_STATUS];

	if (j->lie != 0 && is_message(entry) && j->after_lie == 0)
		j->after_lie = entry->id;
	if (!entry->facts.v[FACT_RULE].present || !status->present ||
	    status->number != 200 || op_of(entry) == -1)
		return;
	j->lie_in_message = is_message(entry);
	j->lie = entry->id;
	j->after_lie = 0;
}

static void
see_way(struct judge *j, const struct journal_entry *entry)
{
	struct judge_way now;

	if (!is_message(entry))
		return;
	keep_way(&now, entry);
	if (is_bad(entry))
		j->failed_way = now;
	else if (brings_certificate(entry) && j->failed_way.id != 0 &&
	    is_another(&j->failed_way, &now))
		j->way = now;
}

void
judge_client_see(struct judge *j, const struct journal_entry *entry)
{
	const struct fact_value *poll = &entry->facts.v[FACT_POLL];

	if (is_text(entry, FACT_OP, "connection"))
		return;
	j->requests++;
	if (!entry->answered && !entry->ended)
		j->maybe++;
	j->messages += is_message(entry);
	if (brings_certificate(entry))
		j->issued = entry->id;
	if (poll->present && poll->number > 0)
		j->polled = entry->id;
	see_try(j, entry);
	see_lie(j, entry);
	see_way(j, entry);
}

/* ---- concluding ---- */

static void
conclude_succeeds(struct judge *j, const struct judge_world *w)
{
	j->settled = w->client == VERIFY_CLIENT_FAILED;
	if (j->issued == 0) {
		judge_say(j, VERIFY_FAILED,
		    "the client got no certificate (%" PRIu64
		    " requests, %" PRIu64 " messages)",
		    j->requests, j->messages);
		return;
	}
	judge_note(j, j->issued);
	j->settled = true;
	if (w->client == VERIFY_CLIENT_FAILED)
		judge_say(j, VERIFY_FAILED,
		    "request %" PRIu64 " brought a certificate, and the "
		    "client failed all the same",
		    j->issued);
	else
		judge_say(j, VERIFY_HELD,
		    "request %" PRIu64 " brought a certificate", j->issued);
}

/* By what it did afterwards, where how it ended is not known. */
static void
guess_refusal(struct judge *j)
{
	if (j->requests == 0)
		judge_say(j, VERIFY_INCOMPLETE,
		    "no request came, and how the client ended is not known");
	else if (j->lie == 0)
		judge_say(j, VERIFY_INCOMPLETE,
		    "no rule falsified a reply, and how the client ended is "
		    "not known");
	else if (j->lie_in_message)
		judge_say(j, VERIFY_INCOMPLETE,
		    "request %" PRIu64 " was answered falsely; whether the "
		    "client took it only its own end tells",
		    j->lie);
	else if (j->after_lie != 0)
		judge_say(j, VERIFY_FAILED,
		    "request %" PRIu64 " was answered falsely, and the client "
		    "went on with message %" PRIu64,
		    j->lie, j->after_lie);
	else
		judge_say(j, VERIFY_HELD,
		    "request %" PRIu64 " was answered falsely, and no message "
		    "came after it",
		    j->lie);
}

static void
conclude_refuses(struct judge *j, const struct judge_world *w)
{
	if (j->lie != 0)
		judge_note(j, j->lie);
	if (j->after_lie != 0)
		judge_note(j, j->after_lie);
	j->settled = w->client != VERIFY_CLIENT_UNKNOWN || j->after_lie != 0;
	if (w->client == VERIFY_CLIENT_FAILED)
		judge_say(j, VERIFY_HELD, "the client failed, as it should");
	else if (w->client == VERIFY_CLIENT_SUCCEEDED)
		judge_say(j, VERIFY_FAILED,
		    "the client ended with success, although it should have "
		    "refused%s",
		    j->lie != 0 ? ""
				: "; no rule falsified a reply, so see that it "
				  "met what it is to refuse");
	else
		guess_refusal(j);
}

/* Of what was asked again most. */
static const struct judge_try *
most_tried(const struct judge *j)
{
	const struct judge_try *most = NULL;

	for (size_t i = 0; i < JUDGE_OPS; i++) {
		const struct judge_try *t = &j->tries[i];

		if (t->bad != 0 && (most == NULL || t->again > most->again))
			most = t;
	}
	return most;
}

static void
conclude_retries(struct judge *j)
{
	const struct judge_try *t = most_tried(j);

	if (t == NULL) {
		judge_say(j, VERIFY_FAILED,
		    "no request failed, so none could be tried again "
		    "(%" PRIu64 " requests)",
		    j->requests);
		return;
	}
	judge_note(j, t->bad);
	j->settled = t->again > 0;
	if (t->again == 0)
		judge_say(j, VERIFY_FAILED,
		    "request %" PRIu64 " failed, and the client did not ask "
		    "again",
		    t->bad);
	else if (t->again > RETRIES_MAX)
		judge_say(j, VERIFY_FAILED,
		    "request %" PRIu64 " failed, and the client asked again "
		    "%" PRIu64 " times, more than %d",
		    t->bad, t->again, RETRIES_MAX);
	else
		judge_say(j, VERIFY_HELD,
		    "request %" PRIu64 " failed, and the client asked again "
		    "%" PRIu64 " time%s",
		    t->bad, t->again, t->again == 1 ? "" : "s");
}

static void
conclude_polls(struct judge *j)
{
	if (j->polled == 0) {
		judge_say(j, VERIFY_FAILED,
		    "no transaction came a second time (%" PRIu64 " messages)",
		    j->messages);
		return;
	}
	judge_note(j, j->polled);
	j->settled = true;
	judge_say(j, VERIFY_HELD,
	    "request %" PRIu64 " was of a transaction that had come before",
	    j->polled);
}

static void
conclude_falls_back(struct judge *j, const struct judge_world *w)
{
	if (j->failed_way.id == 0) {
		judge_say(j, VERIFY_FAILED,
		    "no message failed, so there was nothing to fall back "
		    "from (%" PRIu64 " messages)",
		    j->messages);
		return;
	}
	judge_note(j, j->way.id != 0 ? j->way.id : j->failed_way.id);
	j->settled = j->way.id != 0 || w->client == VERIFY_CLIENT_FAILED;
	if (j->way.id == 0)
		judge_say(j, VERIFY_FAILED,
		    "message %" PRIu64 " (%s) failed, and none that went "
		    "another way brought a certificate",
		    j->failed_way.id, j->failed_way.method);
	else if (w->client == VERIFY_CLIENT_FAILED)
		judge_say(j, VERIFY_FAILED,
		    "message %" PRIu64 " went another way and brought a "
		    "certificate, and the client failed all the same",
		    j->way.id);
	else
		judge_say(j, VERIFY_HELD,
		    "message %" PRIu64 " went another way (%s) and brought a "
		    "certificate",
		    j->way.id, j->way.method);
}

void
judge_client_conclude(struct judge *j, const struct judge_world *w)
{
	switch (j->x->client) {
	case EXPECT_SUCCEEDS:
		conclude_succeeds(j, w);
		break;
	case EXPECT_REFUSES:
		conclude_refuses(j, w);
		break;
	case EXPECT_RETRIES:
		conclude_retries(j);
		break;
	case EXPECT_POLLS:
		conclude_polls(j);
		break;
	case EXPECT_FALLS_BACK:
		conclude_falls_back(j, w);
		break;
	case EXPECT_CLIENTS:
		break;
	}
}
