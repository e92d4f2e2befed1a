/* SPDX-License-Identifier: MIT */
/*
 * From path and query to what is asked for. Paths are compared as the file
 * system under IIS would: letter case does not matter, nor do backslashes,
 * doubled slashes, or "." and ".." segments.
 *
 * The value of operation= is compared without letter case. Whether a real
 * NDES does so is not established; no client is known to depend on a refusal.
 */
#include "ndes/exchange.h"

#include "base/text.h"
#include "http/query.h"

#define APP "/certsrv/mscep"
#define ADMIN_APP "/certsrv/mscep_admin"

static const struct {
	const char *name;
	enum ndes_op op;
} operations[] = {
	{ "GetCACaps", NDES_OP_GETCACAPS },
	{ "GetCACert", NDES_OP_GETCACERT },
	{ "PKIOperation", NDES_OP_PKIOPERATION },
};

/* Take the last segment off: "/a/b" becomes "/a". */
static size_t
parent(const uint8_t *out, size_t n)
{
	while (n > 0 && out[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* The decoded path in one spelling; empty when memory ran out. */
static struct bytes
canonical(struct arena *a, struct bytes stem)
{
	uint8_t *out = arena_alloc(a, stem.n + 1);
	size_t n = 0, at = 0;
	bool slash = false;

	if (out == NULL)
		return bytes_of(NULL, 0);
	while (at < stem.n) {
		size_t from = at;
		struct bytes segment;

		while (at < stem.n && stem.p[at] != '/' && stem.p[at] != '\\')
			at++;
		segment = bytes_of(stem.p + from, at - from);
		slash = at < stem.n;
		at++;
		if (segment.n == 0 || bytes_eq(segment, BYTES_LIT(".")))
			continue;
		if (bytes_eq(segment, BYTES_LIT(".."))) {
			n = parent(out, n);
			continue;
		}
		out[n++] = '/';
		memcpy(out + n, segment.p, segment.n);
		n += segment.n;
	}
	if (slash || n == 0)
		out[n++] = '/';
	return bytes_of(out, n);
}

/* Is path the application's slash, or its DLL with any suffix behind? */
static bool
reaches_dll(struct bytes path, const char *app)
{
	struct bytes root = bytes_str(app);
	struct bytes rest = bytes_from(path, root.n);
	struct bytes dll = BYTES_LIT("/mscep.dll");

	if (path.p == NULL || !bytes_starts_nocase(path, root))
		return false;
	if (bytes_eq(rest, BYTES_LIT("/")))
		return true;
	return bytes_starts_nocase(rest, dll) &&
	    (rest.n == dll.n ||
		bytes_starts_nocase(bytes_from(rest, dll.n), BYTES_LIT("/")));
}

static enum ndes_op
operation(struct ndes_exchange *x)
{
	struct bytes value;

	if (!http_query_find(x->rq.query, "operation", &value)) {
		/* a known client posts its message without saying so; the admin page takes any form */
		if (!x->admin_app && x->rq.method == HTTP_POST &&
		    (x->rq.body.n > 0 || x->rq.body_too_long))
			return NDES_OP_PKIOPERATION;
		return x->admin_app ? NDES_OP_ADMIN : NDES_OP_BROWSE;
	}
	value = http_percent_decode(&x->arena, value);
	if (value.n == 0)
		return x->admin_app ? NDES_OP_ADMIN : NDES_OP_BROWSE;
	for (size_t i = 0; i < nitems(operations); i++) {
		if (bytes_eq_nocase(value, bytes_str(operations[i].name)))
			return operations[i].op;
	}
	return NDES_OP_OTHER;
}

/* Is path the application, or below it? */
static bool
is_under(struct bytes path, const char *app)
{
	struct bytes root = bytes_str(app);

	return bytes_starts_nocase(path, root) &&
	    (path.n == root.n || (path.n > root.n && path.p[root.n] == '/'));
}

void
ndes_route(struct ndes_exchange *x)
{
	struct bytes path;

	x->stem = http_percent_decode(&x->arena, x->rq.path);
	path = canonical(&x->arena, x->stem);
	if (!http_query_find(x->rq.query, "message", &x->message_text))
		x->message_text = bytes_of(NULL, 0);
	x->place = path;
	x->admin_app = is_under(path, ADMIN_APP);
	x->scep_app = x->admin_app || is_under(path, APP);
	if (bytes_eq_nocase(path, BYTES_LIT(APP)) ||
	    bytes_eq_nocase(path, BYTES_LIT(ADMIN_APP)))
		x->op = NDES_OP_SLASH;
	else if (reaches_dll(path, APP) || reaches_dll(path, ADMIN_APP))
		x->op = operation(x);
	else if (bytes_starts_nocase(path, BYTES_LIT("/CertEnroll/")))
		x->op = NDES_OP_CERT_ENROLL;
	else
		x->op = NDES_OP_NONE;
}
