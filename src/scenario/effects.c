/* SPDX-License-Identifier: MIT */
/* `then:`, from its keys to a fault, and what does not go together in it. */
#include "scenario/effects.h"

size_t
effects_oid(struct bytes text, uint8_t *out, size_t size)
{
	uint64_t arcs[32] = { 0 }, n = 0;
	size_t count = 0, at = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i == text.n || text.p[i] == '.') {
			if (i == 0 || text.p[i - 1] == '.' ||
			    count == nitems(arcs))
				return 0;
			arcs[count++] = n;
			n = 0;
		} else if (text.p[i] < '0' || text.p[i] > '9' ||
		    n > UINT64_MAX / 16) {
			return 0;
		} else {
			n = 10 * n + (uint64_t)(text.p[i] - '0');
		}
	}
	if (count < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39))
		return 0;
	arcs[1] += 40 * arcs[0];
	for (size_t i = 1; i < count; i++) {
		unsigned groups = 1;

		while (groups < 9 && arcs[i] >> (7 * groups) != 0)
			groups++;
		if (at + groups > size)
			return 0;
		while (groups-- > 0)
			out[at++] = (uint8_t)((arcs[i] >> (7 * groups) & 0x7f) |
			    (groups > 0 ? 0x80 : 0));
	}
	return at;
}

bool
effects_part(struct loader *l, struct language_table t,
    const struct tree_node *value, void *part)
{
	if (value->kind == TREE_MAPPING) {
		fields_read(l, l->where, t.fields, t.count, value, part);
		return true;
	}
	if (!value->cut)
		loader_wrong_kind(l, l->where, value, "a mapping");
	return false;
}

static void
read_cert(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	((struct fault *)base)->cert = effects_twist(l, value);
}

static void
read_commit(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault *)base)->has_commit = true;
	field_bool(l, f, value, base);
}

#define X struct fault
static const struct field then_fields[] = {
	FIELD(X, "commit", read_commit, commit),
	FIELD(X, "wait", effects_wait, wait),
	FIELD(X, "reply", effects_reply, reply),
	FIELD(X, "headers", field_headers, headers),
	FIELD(X, "form", effects_form, form),
	FIELD(X, "caps", effects_caps, caps),
	FIELD(X, "cacert", effects_cacert, cacert),
	FIELD(X, "cert", read_cert, cert),
	FIELD(X, "scep", effects_scep, scep),
	FIELD(X, "damage", effects_damage, damage),
	FIELD(X, "drip", effects_drip, drip_bytes),
	FIELD(X, "cut", effects_cut, cut_at),
	FIELD(X, "hang", effects_hang, hang),
	FIELD(X, "raw", effects_raw, raw),
	FIELD(X, "tls", effects_tls, tls),
	FIELD(X, "evidence", effects_evidence, evidence),
};
#undef X

struct language_table
then_language(void)
{
	return (
	    struct language_table){ "then", then_fields, nitems(then_fields) };
}

/* ---- what does not go together ---- */

static const char *const clashes[][2] = {
	{ "reply", "raw" },
	{ "reply", "hang" },
	{ "reply", "scep" },
	{ "reply", "caps" },
	{ "reply", "cacert" },
	{ "raw", "hang" },
	{ "raw", "form" },
	{ "raw", "headers" },
	{ "raw", "damage" },
	{ "raw", "scep" },
	{ "raw", "caps" },
	{ "raw", "cacert" },
	{ "hang", "cut" },
	{ "hang", "drip" },
	{ "hang", "damage" },
};

/* What nobody sees of an answer that is never begun. */
static const char *const unseen[] = { "reply", "raw", "headers", "form", "caps",
	"cacert", "scep", "damage", "drip" };

static void
find_clashes(
    struct loader *l, const struct tree_node *then, const struct fault *f)
{
	bool cut = f->cut_at == FAULT_AT_START;
	bool silent = f->hang == FAULT_HANG_SILENT;

	for (size_t i = 0; i < nitems(clashes); i++) {
		if (field_find(then, clashes[i][0]) != NULL &&
		    field_find(then, clashes[i][1]) != NULL)
			complain(l->c, then->at,
			    "%s: %s and %s do not go together", l->where,
			    clashes[i][0], clashes[i][1]);
	}
	for (size_t i = 0; (cut || silent) && i < nitems(unseen); i++) {
		const struct tree_node *v = field_find(then, unseen[i]);

		if (v != NULL &&
		    (cut || strcmp(unseen[i], "headers") == 0 ||
			strcmp(unseen[i], "form") == 0))
			complain(l->c, v->at,
			    "%s.%s can never act: %s sends no byte", l->where,
			    unseen[i], cut ? "cut at start" : "hang: true");
	}
	if (field_find(then, "raw") != NULL && f->cut_at == FAULT_AT_HEADERS)
		complain(l->c, then->at,
		    "%s: raw has no headers to cut behind; write at: and a "
		    "size or a share",
		    l->where);
}

static bool
is_connections(enum fact f)
{
	return f != FACT_CLIENT && f != FACT_SCHEME && f != FACT_SESSION;
}

static void
check_connection(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	for (const struct tree_node *k = then->first; k != NULL;
	     k = k->next->next) {
		if (!bytes_eq(k->text, BYTES_LIT("wait")) &&
		    !bytes_eq(k->text, BYTES_LIT("tls")) &&
		    !bytes_eq(k->text, BYTES_LIT("cut")))
			complain(l->c, k->at,
			    "%s: %s cannot act on a connection that is being "
			    "accepted; only wait, tls and cut at accept can",
			    l->where, show(k->text).s);
	}
	if (when_asks(when, is_connections))
		complain(l->c, then->at,
		    "%s: a connection is judged when it is accepted: only "
		    "client, scheme and session are known then",
		    l->where);
}

/* Which operation an effect is for, and whether the condition excludes it. */
static void
check_op(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	static const struct {
		const char *effect, *op;
	} rows[] = { { "caps", "GetCACaps" }, { "cacert", "GetCACert" },
		{ "scep", "PKIOperation" }, { "cert", "PKIOperation" } };
	struct facts f = { .stage = FACT_AT_ARRIVAL };

	for (size_t i = 0; i < nitems(rows); i++) {
		const struct tree_node *v = field_find(then, rows[i].effect);
		const struct when *op = when_find(when, FACT_OP);

		facts_text(&f, FACT_OP, bytes_str(rows[i].op));
		if (v != NULL && op != NULL && when_holds(op, &f) == WHEN_FALSE)
			complain(l->c, v->at,
			    "%s.%s can never act: it is for %s, which the "
			    "condition excludes",
			    l->where, rows[i].effect, rows[i].op);
	}
}

static bool
is_messages(enum fact f)
{
	return f < FACTS && fact_key(f)->stage > FACT_AT_ARRIVAL;
}

/* Whether a client waits in vain is settled before it sends the message. */
static void
check_continue(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	if (when_asks(when, is_messages))
		complain(l->c, then->at,
		    "%s: \"first: never\" is judged when the headers are in: "
		    "nothing is known of the message then",
		    l->where);
}

const struct fault *
effects_read(
    struct loader *l, const struct tree_node *then, const struct when *when)
{
	struct fault *f = loader_room(l, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (then->kind != TREE_MAPPING) {
		if (!then->cut)
			loader_wrong_kind(l, l->where, then, "a mapping");
		return f;
	}
	fields_read(l, l->where, then_fields, nitems(then_fields), then, f);
	find_clashes(l, then, f);
	if (f->form.first == FAULT_CONTINUE_NEVER)
		check_continue(l, then, when);
	if (fault_is_connection(f))
		check_connection(l, then, when);
	else
		check_op(l, then, when);
	return f;
}
