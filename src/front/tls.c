/* SPDX-License-Identifier: MIT */
/*
 * The certificates of a listener, and how its handshakes go. The library takes
 * both when a daemon starts and has no way to change them, but what it gives
 * to GnuTLS can be replaced in each session before its handshake: so each
 * connection is given what holds when it is accepted, and older certificates
 * are kept until the last of their connections has ended.
 */
#include "front/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* One certificate with its key; the newest of a listener is the one in force. */
struct front_tls {
	char *chain_pem, *key_pem;
	gnutls_certificate_credentials_t credentials;
	unsigned connections; /* under the front's lock, as the list */
	struct front_tls *older;
};

/* ---- certificates ---- */

static void
tls_free(struct front_tls *t)
{
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	free(t->chain_pem);
	free(t->key_pem);
	free(t);
}

static int
load(struct front_tls *t, struct err *e)
{
	const gnutls_datum_t chain = { (unsigned char *)t->chain_pem,
		(unsigned)strlen(t->chain_pem) };
	const gnutls_datum_t key = { (unsigned char *)t->key_pem,
		(unsigned)strlen(t->key_pem) };
	int r = gnutls_certificate_allocate_credentials(&t->credentials);

	if (r >= 0)
		r = gnutls_certificate_set_x509_key_mem(
		    t->credentials, &chain, &key, GNUTLS_X509_FMT_PEM);
	if (r >= 0)
		return 0;
	return err_set(e, ERR_SYSTEM,
	    "the HTTPS listener cannot use its certificate or key: %s",
	    gnutls_strerror(r));
}

static struct front_tls *
tls_new(const char *chain_pem, const char *key_pem, struct err *e)
{
	struct front_tls *t = calloc(1, sizeof(*t));
	int rc = -1;

	if (t != NULL) {
		t->chain_pem = strdup(chain_pem);
		t->key_pem = strdup(key_pem);
	}
	if (t == NULL || t->chain_pem == NULL || t->key_pem == NULL)
		(void)err_set(e, ERR_MEMORY, "out of memory");
	else
		rc = load(t, e);
	if (rc == 0 || t == NULL)
		return t;
	tls_free(t);
	return NULL;
}

/* Is this what the listener shows already? And may it have a certificate at all? */
static int
may_change(const struct front_listener *l, const char *chain_pem,
    const char *key_pem, bool *same, struct err *e)
{
	const struct front_tls *t = l->tls;

	if (t == NULL && l->front->state != FRONT_NEW)
		return err_set(e, ERR_USAGE,
		    "a listener that runs without TLS cannot begin it");
	*same = t != NULL && strcmp(t->chain_pem, chain_pem) == 0 &&
	    strcmp(t->key_pem, key_pem) == 0;
	return 0;
}

int
front_use_tls(struct front *f, unsigned index, const char *chain_pem,
    const char *key_pem, struct err *e)
{
	struct front_listener *l;
	struct front_tls *t;
	bool same = false;
	int rc;

	if (index >= f->listener_count)
		return err_set(e, ERR_USAGE, "there is no listener %u", index);
	l = f->listeners[index];
	pthread_mutex_lock(&f->lock);
	rc = may_change(l, chain_pem, key_pem, &same, e);
	pthread_mutex_unlock(&f->lock);
	if (rc == -1 || same)
		return rc;
	t = tls_new(chain_pem, key_pem, e);
	if (t == NULL)
		return -1;
	pthread_mutex_lock(&f->lock);
	t->older = l->tls;
	l->tls = t;
	pthread_mutex_unlock(&f->lock);
	atomic_store(&l->tls_stale, true);
	return 0;
}

/* ---- policy ---- */

static gnutls_priority_t *
priority_of(struct front_listener *l, const struct front_tls_policy *policy)
{
	return &l->priorities[policy->minimum][policy->maximum];
}

/* GnuTLS's words for a range of versions; all else is as it has it. */
static gnutls_priority_t
priority_new(const struct front_tls_policy *policy)
{
	char words[96] = "NORMAL:-VERS-ALL";
	gnutls_priority_t p = NULL;
	unsigned v;

	for (v = policy->minimum; v <= (unsigned)policy->maximum; v++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words),
		    ":+VERS-TLS1.%u", v - FRONT_TLS_1_0);
	return gnutls_priority_init(&p, words, NULL) >= 0 ? p : NULL;
}

void
front_tls_init(struct front_listener *l)
{
	l->policy = (struct front_tls_policy){ FRONT_TLS_1_2, FRONT_TLS_1_3,
		FRONT_TLS_CLIENT_NONE };
}

int
front_tls_policy(struct front *f, unsigned index,
    const struct front_tls_policy *policy, struct err *e)
{
	gnutls_priority_t *p;
	int rc = 0;

	if (index >= f->listener_count)
		return err_set(e, ERR_USAGE, "there is no listener %u", index);
	if (policy->minimum > policy->maximum)
		return err_set(e, ERR_USAGE,
		    "the lowest TLS version is above the highest");
	pthread_mutex_lock(&f->lock);
	p = priority_of(f->listeners[index], policy);
	if (*p == NULL)
		*p = priority_new(policy);
	if (*p != NULL)
		f->listeners[index]->policy = *policy;
	else
		rc = err_set(e, ERR_MEMORY, "no memory for a TLS version");
	pthread_mutex_unlock(&f->lock);
	return rc;
}

/* The priority of a policy, made when first wanted; with the lock held. */
static gnutls_priority_t
priority_kept(struct front_listener *l, const struct front_tls_policy *policy)
{
	gnutls_priority_t *p = priority_of(l, policy);

	if (*p == NULL)
		*p = priority_new(policy);
	return *p;
}

static gnutls_certificate_request_t
request_for(enum front_tls_client client)
{
	static const gnutls_certificate_request_t requests[] = {
		[FRONT_TLS_CLIENT_NONE] = GNUTLS_CERT_IGNORE,
		[FRONT_TLS_CLIENT_ASKED] = GNUTLS_CERT_REQUEST,
		[FRONT_TLS_CLIENT_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};

	return requests[client];
}

/* ---- connections ---- */

/*
 * Breaks a handshake off: half of what GnuTLS writes first goes out, and then
 * the end comes.
 */
struct front_cutter {
	int fd;
	enum wire_cut how;
	bool done;
};

static ssize_t
cut_push(gnutls_transport_ptr_t ptr, const void *p, size_t n)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct front_cutter *c = ptr;

	if (!c->done) {
		c->done = true;
		(void)send(c->fd, p, n / 2, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (c->how == WIRE_CUT_RESET)
			(void)connect(c->fd, &nobody, sizeof(nobody));
		else if (c->how != WIRE_CUT_STALL)
			(void)shutdown(c->fd, SHUT_RDWR);
	}
	if (c->how == WIRE_CUT_STALL)
		return (ssize_t)n;
	errno = ECONNRESET;
	return -1;
}

static void
set_cutter(gnutls_session_t session, const struct http_entry *entry, int fd,
    struct front_connection *c)
{
	gnutls_transport_ptr_t in, out;

	c->cutter = calloc(1, sizeof(*c->cutter));
	if (c->cutter == NULL)
		return;
	c->cutter->fd = fd;
	c->cutter->how = entry->cut_how;
	gnutls_transport_get_ptr2(session, &in, &out);
	gnutls_transport_set_ptr2(session, in, c->cutter);
	gnutls_transport_set_push_function(session, cut_push);
}

/* The certificate with that text, kept with the listener's while connections have it; the listener's own when it cannot be used. */
static struct front_tls *
tls_for(struct front_listener *l, const struct http_entry *entry)
{
	struct front_tls *t, *made;
	struct err e = { 0 };

	if (l->tls == NULL || entry == NULL || entry->chain_pem == NULL)
		return l->tls;
	for (t = l->tls; t != NULL; t = t->older)
		if (strcmp(t->chain_pem, entry->chain_pem) == 0 &&
		    strcmp(t->key_pem, entry->key_pem) == 0)
			return t;
	made = tls_new(entry->chain_pem, entry->key_pem, &e);
	if (made == NULL) {
		log_say(&l->front->log, LOG_ERROR, "%s", e.text);
		return l->tls;
	}
	made->older = l->tls->older;
	l->tls->older = made;
	return made;
}

static struct front_tls_policy
policy_for(const struct front_listener *l, const struct http_entry *entry)
{
	struct front_tls_policy p = l->policy;

	if (entry != NULL && entry->has_versions) {
		p.minimum = (enum front_tls_version)entry->minimum;
		p.maximum = (enum front_tls_version)entry->maximum;
	}
	if (entry != NULL && entry->has_client)
		p.client = (enum front_tls_client)entry->client;
	return p;
}

struct front_tls *
front_tls_give(struct front_listener *l, struct MHD_Connection *connection,
    struct front_connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const struct http_entry *entry = l->entering;
	gnutls_session_t session;
	gnutls_priority_t priority;
	struct front_tls_policy policy;
	struct front_tls *t;

	if (info == NULL || info->tls_session == NULL)
		return NULL;
	session = (gnutls_session_t)info->tls_session;
	pthread_mutex_lock(&l->front->lock);
	t = tls_for(l, entry);
	t->connections++;
	policy = policy_for(l, entry);
	priority = priority_kept(l, &policy);
	pthread_mutex_unlock(&l->front->lock);
	gnutls_certificate_server_set_request(
	    session, request_for(policy.client));
	/* Without credentials the handshake fails, as the daemon itself has none. */
	if (priority != NULL && gnutls_priority_set(session, priority) >= 0)
		(void)gnutls_credentials_set(
		    session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	if (entry != NULL && entry->cut == HTTP_TLS_CUT_MIDDLE)
		set_cutter(session, entry,
		    MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd,
		    c);
	c->no_close_notify = entry != NULL && entry->no_close_notify;
	return t;
}

void
front_tls_return(struct front_listener *l, struct front_tls *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&l->front->lock);
	t->connections--;
	pthread_mutex_unlock(&l->front->lock);
}

static void
free_all(struct front_tls *newest)
{
	struct front_tls *t;

	while ((t = newest) != NULL) {
		newest = t->older;
		tls_free(t);
	}
}

void
front_tls_sweep(struct front_listener *l)
{
	struct front_tls **at, *t, *unused = NULL;

	if (!l->secure)
		return;
	atomic_store(&l->tls_stale, false);
	pthread_mutex_lock(&l->front->lock);
	for (at = &l->tls->older; *at != NULL;) {
		t = *at;
		if (t->connections > 0) {
			at = &t->older;
			continue;
		}
		*at = t->older;
		t->older = unused;
		unused = t;
	}
	pthread_mutex_unlock(&l->front->lock);
	free_all(unused);
}

void
front_tls_clear(struct front_listener *l)
{
	size_t i, k;

	free_all(l->tls);
	l->tls = NULL;
	for (i = 0; i < FRONT_TLS_VERSIONS; i++)
		for (k = 0; k < FRONT_TLS_VERSIONS; k++)
			if (l->priorities[i][k] != NULL)
				gnutls_priority_deinit(l->priorities[i][k]);
}
