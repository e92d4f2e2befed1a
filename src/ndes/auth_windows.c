/* SPDX-License-Identifier: MIT */
/*
 * The legs of NTLM and Negotiate over a connection, each with the reply and
 * the log line that IIS has for it. The messages are ntlm.c's and spnego.c's.
 *
 * Of Kerberos there is none: a Negotiate client that offers it first is told
 * to go on with NTLM. As Windows does, a bare NTLM message is taken in
 * Negotiate, too.
 */
#include "ndes/auth_windows.h"

#include <stdlib.h>

#include "http/base64.h"
#include "ndes/auth.h"
#include "ndes/ntlm.h"
#include "ndes/pages.h"
#include "ndes/secret.h"
#include "ndes/spnego.h"

/* What AcceptSecurityContext leaves in sc-win32-status. */
#define SEC_E_INVALID_TOKEN 0x80090308
#define SEC_E_LOGON_DENIED 0x8009030c
#define SEC_E_NO_CREDENTIALS 0x8009030e

#define MECHANISMS_MAX 256
#define TOKEN_MAX 4096
#define PREFIX_MAX 128

struct scheme {
	const char *name; /* with its blank */
	bool is_negotiate;
};

static const struct scheme schemes[] = {
	{ "NTLM ", false },
	{ "Negotiate ", true },
};

/* What is kept on a connection. */
struct session {
	char prefix[PREFIX_MAX]; /* of the simulated host */
	const struct scheme *scheme;
	bool wrapped; /* in SPNEGO */
	bool must_mic; /* NTLM was not the client's first choice */
	struct buf mechanisms;
	struct ndes_ntlm ntlm;
	char *username; /* "DOMAIN\user" once authenticated */
};

/* One token on its way through. */
struct leg {
	struct session *s;
	struct bytes token; /* NTLM's, unwrapped */
	struct ndes_spnego spnego;
};

static void
session_free(void *state)
{
	struct session *s = state;

	if (s == NULL)
		return;
	buf_clear(&s->mechanisms);
	ndes_ntlm_clear(&s->ntlm);
	free(s->username);
	free(s);
}

/* The session of this connection, if it has one and it is this host's. */
static struct session *
session_of(const struct ndes_exchange *x)
{
	const struct http_connection *c = x->rq.connection;
	const char *prefix = x->url_prefix == NULL ? "" : x->url_prefix;
	struct session *s;

	if (c == NULL || c->state == NULL || c->state_free != session_free)
		return NULL;
	s = c->state;
	return strcmp(s->prefix, prefix) == 0 ? s : NULL;
}

static void
session_drop(struct ndes_exchange *x)
{
	struct http_connection *c = x->rq.connection;

	if (c == NULL || c->state_free != session_free)
		return;
	session_free(c->state);
	c->state = NULL;
	c->state_free = NULL;
}

/* A new one instead of whatever the connection had; NULL when that cannot be. */
static struct session *
session_begin(struct ndes_exchange *x, const struct scheme *scheme)
{
	struct http_connection *c = x->rq.connection;
	const char *prefix = x->url_prefix == NULL ? "" : x->url_prefix;
	struct session *s;

	session_drop(x);
	if (c == NULL || c->state != NULL || strlen(prefix) >= PREFIX_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	memcpy(s->prefix, prefix, strlen(prefix) + 1);
	s->scheme = scheme;
	buf_init(&s->mechanisms, MECHANISMS_MAX);
	ndes_ntlm_init(&s->ntlm);
	c->state = s;
	c->state_free = session_free;
	return s;
}

/* ---- the header ---- */

static bool
is_on(const struct ndes_exchange *x, const struct scheme *scheme)
{
	return scheme->is_negotiate ? x->host->iis.negotiate
				    : x->host->iis.ntlm;
}

static const struct scheme *
scheme_of(const struct ndes_exchange *x, struct bytes *text)
{
	const struct http_header *h =
	    http_request_header(&x->rq, "Authorization");

	for (size_t i = 0; h != NULL && i < nitems(schemes); i++) {
		struct bytes name = bytes_str(schemes[i].name);

		if (!bytes_starts_nocase(h->value, name) ||
		    !is_on(x, &schemes[i]))
			continue;
		*text = bytes_from(h->value, name.n);
		return &schemes[i];
	}
	return NULL;
}

bool
ndes_auth_windows_sent(const struct ndes_exchange *x)
{
	struct bytes text;

	return scheme_of(x, &text) != NULL;
}

/* "NTLM TlRM..." in the arena; NULL when memory ran out. */
static const char *
header_value(
    struct ndes_exchange *x, const struct scheme *scheme, struct bytes token)
{
	const char *value = NULL;
	struct buf b;

	buf_init(&b, 2 * TOKEN_MAX);
	buf_add_str(&b, scheme->name);
	http_base64_encode(&b, token);
	if (buf_ok(&b))
		value = arena_str(&x->arena, buf_bytes(&b));
	buf_clear(&b);
	return value;
}

/* ---- answers ---- */

static bool
refuse(struct ndes_exchange *x, uint32_t win32, const char *why)
{
	session_drop(x);
	ndes_auth_demand(x, 1, win32, why);
	return false;
}

static bool
malformed(struct ndes_exchange *x)
{
	return refuse(x, SEC_E_INVALID_TOKEN,
	    "the token in Authorization is malformed, out of turn, or was "
	    "altered");
}

/* 401 with a token: the client is to go on. */
static bool
answer_leg(struct ndes_exchange *x, const struct leg *leg,
    enum ndes_spnego_state state, struct bytes token)
{
	struct bytes none = bytes_of(NULL, 0);
	struct ndes_page page = {
		.status = 401,
		.substatus = 1,
		.win32 = SEC_E_NO_CREDENTIALS,
		.why = "a leg of NTLM: the client is asked to go on",
		.header = "WWW-Authenticate",
	};
	struct buf b;

	buf_init(&b, TOKEN_MAX);
	if (leg->s->wrapped)
		ndes_spnego_write(&b, state, leg->spnego.initial, token, none);
	else
		buf_add(&b, token);
	if (buf_ok(&b))
		page.value = header_value(x, leg->s->scheme, buf_bytes(&b));
	buf_clear(&b);
	if (page.value == NULL)
		return malformed(x);
	ndes_iis_page_with(x, &page);
	return false;
}

static bool
let_through(struct ndes_exchange *x, const struct session *s)
{
	x->evidence.username = arena_str(&x->arena, bytes_str(s->username));
	x->auth_persists = true;
	return true;
}

/* ---- the legs ---- */

/* A first message, NTLM's or only SPNEGO's: answered with a challenge. */
static bool
challenge(struct ndes_exchange *x, struct leg *leg)
{
	enum ndes_spnego_state state = leg->s->must_mic && leg->spnego.initial
	    ? NDES_SPNEGO_REQUEST_MIC
	    : NDES_SPNEGO_INCOMPLETE;
	bool done = false;
	struct buf b;

	buf_init(&b, TOKEN_MAX);
	if (ndes_ntlm_challenge(&leg->s->ntlm, leg->token, x->dep->hostname,
		x->dep->env, &b) == 0)
		done = true;
	if (done)
		answer_leg(x, leg, state, buf_bytes(&b));
	buf_clear(&b);
	return done ? false : malformed(x);
}

/* The MIC over the client's list of mechanisms: checked where there is one. */
static bool
mechanisms_hold(const struct leg *leg)
{
	uint8_t mac[PKI_NTLM_KEY];

	if (!leg->s->wrapped)
		return true;
	if (leg->spnego.mic.p == NULL)
		return !leg->s->must_mic;
	return ndes_ntlm_mac(
		   &leg->s->ntlm, true, buf_bytes(&leg->s->mechanisms), mac) &&
	    ndes_secret_equals(leg->spnego.mic, bytes_of(mac, sizeof(mac)));
}

/* The last word of SPNEGO, in the reply that the request gets at last. */
static void
complete(struct ndes_exchange *x, const struct leg *leg)
{
	uint8_t mac[PKI_NTLM_KEY];
	struct bytes none = bytes_of(NULL, 0), mic = none;
	struct buf b;

	if (!leg->s->wrapped)
		return;
	if (leg->spnego.mic.p != NULL &&
	    ndes_ntlm_mac(
		&leg->s->ntlm, false, buf_bytes(&leg->s->mechanisms), mac))
		mic = bytes_of(mac, sizeof(mac));
	buf_init(&b, TOKEN_MAX);
	ndes_spnego_write(&b, NDES_SPNEGO_COMPLETED, false, none, mic);
	if (buf_ok(&b))
		x->auth_token = header_value(x, leg->s->scheme, buf_bytes(&b));
	buf_clear(&b);
}

static char *
username(struct arena *a, const struct ndes_ntlm_logon *logon)
{
	const char *name = arena_printf(a, "%.*s%s%.*s", (int)logon->domain.n,
	    (const char *)logon->domain.p, logon->domain.n == 0 ? "" : "\\",
	    (int)logon->user.n, (const char *)logon->user.p);

	return name == NULL ? NULL : strdup(name);
}

static bool
log_on(struct ndes_exchange *x, struct leg *leg)
{
	struct bytes password = bytes_str(x->dep->admin_password);
	struct ndes_ntlm_logon logon;
	enum ndes_ntlm_verdict v = ndes_ntlm_accept(&leg->s->ntlm, leg->token,
	    x->dep->admin_password, &x->arena, &logon);

	if (v == NDES_NTLM_MALFORMED ||
	    (v == NDES_NTLM_RIGHT && !mechanisms_hold(leg)))
		return malformed(x);
	if (v == NDES_NTLM_WRONG ||
	    !ndes_auth_is_admin(x, logon.user, password))
		return refuse(x, SEC_E_LOGON_DENIED,
		    "user name or password is not the one of --admin-user");
	if (x->host->account.admin_locked)
		return refuse(x, SEC_E_LOGON_DENIED,
		    "the administrator's account may not log on "
		    "(account.admin_locked)");
	leg->s->username = username(&x->arena, &logon);
	if (leg->s->username == NULL)
		return malformed(x);
	complete(x, leg);
	return let_through(x, leg->s);
}

/* A NegTokenInit begins anew; its optimistic token counts only when it is NTLM's. */
static bool
unwrap_initial(struct ndes_exchange *x, struct leg *leg)
{
	struct session *s = leg->s;

	if (!leg->spnego.offers_ntlm)
		return refuse(x, SEC_E_LOGON_DENIED,
		    "the client offers only Kerberos or others, no NTLM");
	s->wrapped = true;
	s->must_mic = !leg->spnego.ntlm_first;
	buf_add(&s->mechanisms, leg->spnego.mechanisms);
	if (!buf_ok(&s->mechanisms))
		return malformed(x);
	if (s->must_mic || leg->token.n == 0)
		return answer_leg(x, leg,
		    s->must_mic ? NDES_SPNEGO_REQUEST_MIC
				: NDES_SPNEGO_INCOMPLETE,
		    bytes_of(NULL, 0));
	return challenge(x, leg);
}

static bool
take_token(
    struct ndes_exchange *x, const struct scheme *scheme, struct bytes token)
{
	struct leg leg = { .s = session_of(x), .token = token };
	bool wrapped = scheme->is_negotiate &&
	    ndes_ntlm_type(token) == NDES_NTLM_NONE &&
	    ndes_spnego_read(&leg.spnego, token);

	if (wrapped)
		leg.token = leg.spnego.token;
	if (leg.spnego.initial ||
	    (!wrapped && ndes_ntlm_type(token) == NDES_NTLM_TYPE_NEGOTIATE)) {
		leg.s = session_begin(x, scheme);
		if (leg.s == NULL)
			return malformed(x);
		return wrapped ? unwrap_initial(x, &leg) : challenge(x, &leg);
	}
	if (leg.s == NULL || leg.s->scheme != scheme ||
	    leg.s->username != NULL || leg.s->wrapped != wrapped)
		return malformed(x);
	if (wrapped && ndes_ntlm_type(leg.token) == NDES_NTLM_TYPE_NEGOTIATE)
		return challenge(x, &leg);
	return log_on(x, &leg);
}

bool
ndes_auth_windows(struct ndes_exchange *x)
{
	struct http_base64_result r;
	const struct scheme *scheme;
	struct bytes text;

	scheme = scheme_of(x, &text);
	if (scheme == NULL || http_base64_decode(&r, &x->arena, text) == -1 ||
	    !r.sound)
		return malformed(x);
	return take_token(x, scheme, r.data);
}

bool
ndes_auth_windows_kept(struct ndes_exchange *x)
{
	const struct session *s = session_of(x);

	if (s == NULL || s->username == NULL || !is_on(x, s->scheme) ||
	    x->host->account.admin_locked)
		return false;
	return let_through(x, s);
}
