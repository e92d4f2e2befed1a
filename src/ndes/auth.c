/* SPDX-License-Identifier: MIT */
/* Authentication of mscep_admin: who is let through, what a 401 offers, and Basic. */
#include "ndes/auth.h"

#include "http/base64.h"
#include "ndes/auth_windows.h"
#include "ndes/pages.h"
#include "ndes/secret.h"

#define ERROR_ACCESS_DENIED 5
#define ERROR_LOGON_FAILURE 1326
#define ERROR_ACCOUNT_LOCKED_OUT 1909

/* What stands before the first colon, or all, and what stands behind it. */
static struct bytes
cut_at_colon(struct bytes s, struct bytes *behind)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ':')
		n++;
	*behind = bytes_from(s, n + 1);
	return bytes_of(s.p, n);
}

/* "dom\user" without its domain. */
static struct bytes
account_name(struct bytes user)
{
	size_t at = user.n;

	while (at > 0 && user.p[at - 1] != '\\')
		at--;
	return bytes_from(user, at);
}

/* Account names have no letter case in Windows; any domain is taken for ours. */
bool
ndes_auth_is_admin(
    const struct ndes_exchange *x, struct bytes user, struct bytes password)
{
	struct bytes wanted = bytes_str(x->dep->admin_user);
	bool known = bytes_eq_nocase(user, wanted) ||
	    bytes_eq_nocase(account_name(user), wanted);
	bool right =
	    ndes_secret_equals(password, bytes_str(x->dep->admin_password));

	return known && right;
}

void
ndes_auth_demand(
    struct ndes_exchange *x, int substatus, uint32_t win32, const char *why)
{
	const char *offers[3] = { NULL };
	struct ndes_page page = {
		.status = 401,
		.substatus = substatus,
		.win32 = win32,
		.why = why,
	};
	size_t n = 0;

	if (x->host->iis.negotiate)
		offers[n++] = "Negotiate";
	if (x->host->iis.ntlm)
		offers[n++] = "NTLM";
	if (x->host->iis.basic)
		offers[n] = arena_printf(
		    &x->arena, "Basic realm=\"%s\"", x->dep->hostname);
	page.header = offers[0] == NULL ? NULL : "WWW-Authenticate";
	page.value = offers[0];
	page.more[0] = offers[1];
	page.more[1] = offers[2];
	ndes_iis_page_with(x, &page);
}

/* The credentials of a Basic header; false when there are none. */
static bool
basic_credentials(struct ndes_exchange *x, struct bytes *credentials)
{
	const struct http_header *h =
	    http_request_header(&x->rq, "Authorization");
	struct http_base64_result r;
	struct bytes scheme = BYTES_LIT("Basic ");

	if (h == NULL || !bytes_starts_nocase(h->value, scheme))
		return false;
	if (http_base64_decode(&r, &x->arena, bytes_from(h->value, scheme.n)) ==
	    -1)
		return false;
	*credentials = r.data;
	return true;
}

/* What is wrong with a log-on: NULL when nothing is. */
static const char *
judge(const struct ndes_exchange *x, struct bytes user, struct bytes password,
    uint32_t *win32)
{
	if (!ndes_auth_is_admin(x, user, password)) {
		*win32 = ERROR_LOGON_FAILURE;
		return "user name or password is not the one of --admin-user";
	}
	if (x->host->account.admin_locked) {
		*win32 = ERROR_ACCOUNT_LOCKED_OUT;
		return "the administrator's account may not log on "
		       "(account.admin_locked)";
	}
	return NULL;
}

static bool
authenticate_basic(struct ndes_exchange *x)
{
	struct bytes credentials, user, password;
	uint32_t win32 = 0;
	const char *fault;

	if (!basic_credentials(x, &credentials)) {
		ndes_auth_demand(x, 2, ERROR_ACCESS_DENIED,
		    "mscep_admin wants the credentials of --admin-user");
		return false;
	}
	user = cut_at_colon(credentials, &password);
	fault = judge(x, user, password, &win32);
	if (fault != NULL) {
		ndes_auth_demand(x, 1, win32, fault);
		return false;
	}
	x->evidence.username = arena_str(&x->arena, user);
	return true;
}

bool
ndes_authenticate(struct ndes_exchange *x)
{
	bool sent = http_request_header(&x->rq, "Authorization") != NULL;

	if (ndes_auth_windows_sent(x))
		return ndes_auth_windows(x);
	if (!sent && ndes_auth_windows_kept(x))
		return true;
	if (x->host->iis.basic)
		return authenticate_basic(x);
	ndes_auth_demand(x, 2, ERROR_ACCESS_DENIED,
	    "mscep_admin wants Windows credentials "
	    "(iis.authentication.basic is false)");
	return false;
}
