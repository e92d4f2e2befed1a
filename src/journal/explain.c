/* SPDX-License-Identifier: MIT */
/* Sentences about an entry, each from a few of its members. */
#include "journal/explain.h"

#include <stdlib.h>

#include <jansson.h>

#include "journal/advice.h"

#define SENTENCE_MAX ((size_t)64 << 10)
#define SHOWN_MAX 120

struct telling {
	const json_t *entry;
	json_t *sentences; /* owned by the result */
	struct buf b; /* the sentence that is being written */
	bool failed;
};

/* ---- members ---- */

static const char *
text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s == NULL ? "" : s;
}

static const json_t *
part_of(const json_t *o, const char *name)
{
	return json_object_get(o, name);
}

static bool
has(const json_t *o, const char *name)
{
	return json_object_get(o, name) != NULL;
}

static json_int_t
number_of(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

/* ---- sentences ---- */

static void
say(struct telling *t, const char *s)
{
	buf_add_str(&t->b, s);
}

static void
say_short(struct telling *t, const char *s)
{
	size_t n = strlen(s), shown = n > SHOWN_MAX ? SHOWN_MAX : n;

	/* Not within a character: s is UTF-8. */
	while (shown < n && shown > 0 && ((uint8_t)s[shown] & 0xc0) == 0x80)
		shown--;
	buf_add(&t->b, bytes_of(s, shown));
	if (shown < n)
		say(t, "...");
}

/* With a full stop, unless one is there. */
static void
end_sentence(struct telling *t)
{
	struct buf *b = &t->b;

	if (b->n > 0 && b->p[b->n - 1] != '.')
		buf_add_byte(b, '.');
	if (!buf_ok(b) ||
	    json_array_append_new(t->sentences, json_string(buf_str(b))) == -1)
		t->failed = true;
	buf_clear(b);
}

static void
tell_arrival(struct telling *t)
{
	const json_t *e = t->entry;

	if (strcmp(text_of(e, "op"), "connection") == 0) {
		buf_addf(&t->b, "A connection came from %s by %s at %s",
		    text_of(e, "client"), text_of(e, "scheme"),
		    text_of(e, "received"));
		end_sentence(t);
		return;
	}
	buf_addf(&t->b, "%s sent a %s of %s", text_of(e, "client"),
	    text_of(e, "method"), text_of(e, "prefix"));
	say_short(t, text_of(e, "target"));
	buf_addf(&t->b, " by %s at %s: operation %s", text_of(e, "scheme"),
	    text_of(e, "received"), text_of(e, "op"));
	end_sentence(t);
}

/* "for CN=x, with an RSA key of 2048 bits" */
static void
say_csr(struct telling *t, const json_t *csr)
{
	const char *subject = text_of(csr, "subject");

	if (csr == NULL)
		return;
	say(t, " for ");
	say_short(t, subject[0] == '\0' ? "an empty subject" : subject);
	if (has(csr, "san")) {
		say(t, " and ");
		say_short(t, text_of(csr, "san"));
	}
	if (has(csr, "key"))
		buf_addf(&t->b, ", %s key of %d bits", text_of(csr, "key"),
		    (int)number_of(csr, "key_bits"));
}

static void
say_cms(struct telling *t, const json_t *cms)
{
	if (has(cms, "digest"))
		buf_addf(&t->b, "; signed with %s", text_of(cms, "digest"));
	if (has(cms, "signer"))
		buf_addf(&t->b, " by %s certificate",
		    strcmp(text_of(cms, "signer"), "issued") == 0
			? "an issued"
			: "a self-signed");
	if (has(cms, "cipher"))
		buf_addf(&t->b, ", encrypted with %s", text_of(cms, "cipher"));
}

static void
tell_message(struct telling *t)
{
	const json_t *e = t->entry, *cms = part_of(e, "cms");

	if (cms == NULL)
		return;
	if (has(e, "message_type") || has(e, "transaction")) {
		buf_addf(&t->b, "It brought a %s of transaction ",
		    has(e, "message_type") ? text_of(e, "message_type")
					   : "message");
		say_short(
		    t, has(e, "transaction") ? text_of(e, "transaction") : "-");
		say_csr(t, part_of(e, "csr"));
		say_cms(t, cms);
		end_sentence(t);
	}
	if (has(cms, "why")) {
		buf_addf(&t->b,
		    "The message was read up to %s; there: %s (octet %d)",
		    text_of(cms, "read_up_to"), text_of(cms, "why"),
		    (int)number_of(cms, "stopped_at"));
		end_sentence(t);
	}
	if (has(e, "challenge_state")) {
		buf_addf(&t->b, "The state of its challenge password: %s",
		    text_of(e, "challenge_state"));
		end_sentence(t);
	}
}

static void
say_list(struct telling *t, const json_t *list)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			say(t, i + 1 == n ? " and " : ", ");
		say(t, json_string_value(json_array_get(list, i)));
	}
}

static void
tell_layers(struct telling *t)
{
	const json_t *e = t->entry, *layers = part_of(e, "layers");
	const json_t *host = part_of(e, "host");

	if (json_array_size(layers) == 0) {
		if (has(e, "rule") && has(e, "method")) {
			say(t,
			    "The deployment was not asked: a rule answered in "
			    "its place");
			end_sentence(t);
		}
		return;
	}
	say(t, "It walked through ");
	say_list(t, layers);
	buf_addf(&t->b, "; %s answered", text_of(e, "layer"));
	if (has(e, "why"))
		buf_addf(&t->b, ": %s", text_of(e, "why"));
	end_sentence(t);
	if (host == NULL)
		return;
	buf_addf(&t->b, "What made it is the key %s of the model, which is %s",
	    text_of(host, "key"), text_of(host, "value"));
	if (has(host, "doc"))
		buf_addf(&t->b, ". Of that key: %s", text_of(host, "doc"));
	end_sentence(t);
}

static void
tell_certificate(struct telling *t)
{
	const json_t *e = t->entry, *c = part_of(e, "certificate");

	if (c == NULL)
		return;
	buf_addf(&t->b, "The CA issued the certificate %s to %s",
	    text_of(e, "serial"), text_of(c, "subject"));
	end_sentence(t);
}

/* ---- rules ---- */

static void
tell_try(struct telling *t, const json_t *rule)
{
	buf_addf(&t->b, "Rule %s did not apply: %s", text_of(rule, "id"),
	    text_of(rule, "verdict"));
	if (has(rule, "why"))
		buf_addf(&t->b, ": %s", text_of(rule, "why"));
	if (has(rule, "draw_ppm"))
		buf_addf(&t->b, " (draw %.4f%% against %.4f%%)",
		    (double)number_of(rule, "draw_ppm") / 10000,
		    (double)number_of(rule, "chance_ppm") / 10000);
	end_sentence(t);
}

static void
tell_rules(struct telling *t)
{
	const json_t *e = t->entry, *rules = part_of(e, "rules");
	const char *applied = text_of(e, "rule");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);

		if (strcmp(text_of(rule, "id"), applied) != 0)
			tell_try(t, rule);
	}
	if (has(e, "rules_more")) {
		buf_addf(&t->b, "%d more rules were looked at",
		    (int)number_of(e, "rules_more"));
		end_sentence(t);
	}
	if (applied[0] == '\0')
		return;
	buf_addf(&t->b, "Rule %s applied (%s): %s", applied, text_of(e, "draw"),
	    text_of(e, "did"));
	if (json_is_true(part_of(e, "commit")) && has(e, "method"))
		say(t, "; the deployment worked on the request before");
	end_sentence(t);
	buf_addf(&t->b, "To have the same again: `%s`", text_of(e, "repeat"));
	end_sentence(t);
}

/* ---- the reply ---- */

static void
say_certrep(struct telling *t, const json_t *o)
{
	if (has(o, "pki_status"))
		buf_addf(&t->b, ", CertRep %s", text_of(o, "pki_status"));
	if (has(o, "fail_info"))
		buf_addf(&t->b, " %s", text_of(o, "fail_info"));
}

static void
tell_reply(struct telling *t)
{
	const json_t *e = t->entry, *honest = part_of(e, "honest");

	if (has(e, "status")) {
		buf_addf(&t->b, "HTTP %d", (int)number_of(e, "status"));
		say_certrep(t, e);
		buf_addf(&t->b, " was sent, %d octets",
		    (int)number_of(part_of(e, "reply"), "bytes"));
		if (has(e, "substatus"))
			buf_addf(&t->b, "; the IIS log has %d %d %d",
			    (int)number_of(e, "status"),
			    (int)number_of(e, "substatus"),
			    (int)number_of(e, "win32"));
		end_sentence(t);
	}
	if (has(e, "rule") && has(honest, "status")) {
		buf_addf(&t->b, "Without the rule it would have been HTTP %d",
		    (int)number_of(honest, "status"));
		say_certrep(t, honest);
		end_sentence(t);
	}
}

static void
tell_end(struct telling *t)
{
	static const struct {
		const char *end, *words;
	} rows[] = {
		{ "sent", "The reply went out whole" },
		{ "client gone", "The client left before all was sent" },
		{ "cut", "The connection was closed before all was sent" },
		{ "reset", "The connection was reset" },
		{ "closed", "The connection was closed without an answer" },
		{ "stalled",
		    "The reply stopped midway, until the client left" },
		{ "hung", "No answer was sent, until the client left" },
		{ "taken", "The connection was taken" },
		{ "stopped", "The server stopped before all was sent" },
		{ "lost", "The server died before it ended" },
	};
	const char *end = text_of(t->entry, "end");

	for (size_t i = 0; i < nitems(rows); i++) {
		if (strcmp(rows[i].end, end) == 0)
			say(t, rows[i].words);
	}
	if (end[0] == '\0')
		say(t,
		    has(t->entry, "answered_us") ? "The reply is on its way"
						 : "There is no answer yet");
	else if (number_of(t->entry, "ended_us") > 0)
		buf_addf(&t->b, ", %.1f ms after the request came",
		    (double)number_of(t->entry, "ended_us") / 1000);
	end_sentence(t);
}

/* ---- the client ---- */

static void
tell_finding(struct telling *t, const json_t *f)
{
	const char *rfc = text_of(f, "rfc");

	if (json_is_true(part_of(f, "wrong"))) {
		say(t, "The client did wrong");
		if (rfc[0] != '\0')
			buf_addf(&t->b, " (%s)", rfc);
	} else {
		say(t, "Worth knowing");
		if (rfc[0] != '\0')
			buf_addf(&t->b, " (%s)", rfc);
	}
	buf_addf(&t->b, ": %s", text_of(f, "what"));
	if (has(f, "advice"))
		buf_addf(&t->b, " %s", text_of(f, "advice"));
	end_sentence(t);
}

static void
tell_client(struct telling *t)
{
	const json_t *e = t->entry, *findings = part_of(e, "findings");
	const char *should;

	if (has(e, "nearest")) {
		buf_addf(&t->b, "The nearest thing that there is: %s",
		    text_of(e, "nearest"));
		end_sentence(t);
	}
	for (size_t i = 0; i < json_array_size(findings); i++)
		tell_finding(t, json_array_get(findings, i));
	should = advice_for(e);
	if (should != NULL) {
		buf_addf(&t->b, "What the client should do: %s", should);
		end_sentence(t);
	}
}

/* ---- all of it ---- */

/* "PKIOperation for CN=x: http.sys answered 503: the pool is stopped" */
static void
summarise(struct telling *t)
{
	const json_t *e = t->entry;

	say(t, text_of(e, "op"));
	if (has(e, "csr"))
		say_csr(t, part_of(e, "csr"));
	say(t, ": ");
	if (has(e, "rule"))
		buf_addf(&t->b, "rule %s, %s", text_of(e, "rule"),
		    text_of(e, "did"));
	else if (!has(e, "answered_us"))
		say(t, "no answer yet");
	else
		buf_addf(&t->b, "%s answered",
		    has(e, "layer") ? text_of(e, "layer") : "mockndes");
	if (has(e, "status") && !has(e, "rule"))
		buf_addf(&t->b, " %d", (int)number_of(e, "status"));
	if (!has(e, "rule"))
		say_certrep(t, e);
	if (has(e, "why") && !has(e, "rule"))
		buf_addf(&t->b, ": %s", text_of(e, "why"));
}

static void
tell_all(struct telling *t)
{
	tell_arrival(t);
	tell_message(t);
	tell_layers(t);
	tell_certificate(t);
	tell_rules(t);
	tell_reply(t);
	tell_end(t);
	tell_client(t);
}

static void
write_text(const json_t *result, struct buf *out)
{
	const json_t *sentences = part_of(result, "sentences");

	buf_addf(out, "%s\n", text_of(result, "summary"));
	for (size_t i = 0; i < json_array_size(sentences); i++)
		buf_addf(out, "  %s\n",
		    json_string_value(json_array_get(sentences, i)));
}

static int
write_json(const json_t *result, struct buf *out)
{
	char *text = json_dumps(result, JSON_COMPACT);

	if (text == NULL)
		return -1;
	buf_add_str(out, text);
	free(text);
	return 0;
}

/* The members that are shown as they are. */
static int
copy_members(json_t *result, const json_t *entry)
{
	static const char *const names[] = { "id", "layers", "layer", "host",
		"rules", "rule", "findings", "nearest" };

	for (size_t i = 0; i < nitems(names); i++) {
		json_t *member = json_object_get(entry, names[i]);

		if (member != NULL &&
		    json_object_set(result, names[i], member) == -1)
			return -1;
	}
	return 0;
}

static int
fill(json_t *result, const json_t *entry)
{
	struct telling t = { .entry = entry, .sentences = json_array() };
	int rc = 0;

	buf_init(&t.b, SENTENCE_MAX);
	summarise(&t);
	if (json_object_set_new(
		result, "summary", json_string(buf_str(&t.b))) == -1 ||
	    json_object_set_new(result, "sentences", t.sentences) == -1)
		rc = -1;
	buf_clear(&t.b);
	if (rc == 0)
		tell_all(&t);
	buf_clear(&t.b);
	return rc == -1 || t.failed ? -1 : copy_members(result, entry);
}

int
journal_explain(const struct journal_entry *entry, bool as_text,
    struct buf *out, struct err *e)
{
	json_t *o = json_loadb(
	    (const char *)entry->json.p, entry->json.n, JSON_ALLOW_NUL, NULL);
	json_t *result = json_object();
	int rc = -1;

	if (o != NULL && result != NULL && fill(result, o) == 0) {
		rc = 0;
		if (as_text)
			write_text(result, out);
		else
			rc = write_json(result, out);
	}
	json_decref(result);
	json_decref(o);
	if (rc == -1 || !buf_ok(out))
		return err_set(e, ERR_MEMORY, "no memory for an explanation");
	return 0;
}
