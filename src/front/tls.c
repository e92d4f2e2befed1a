/* SPDX-License-Identifier: MIT */
/*
 * The certificates of a listener. The library takes one when a daemon starts
 * and has no way to change it, but what it gives to GnuTLS can be replaced in
 * each session before its handshake: so each connection is given those
 * credentials that hold when it is accepted, and older ones are kept until
 * the last of their connections has ended.
 */
#include "front/inside.h"

#include <stdlib.h>

/* One certificate with its key; the newest of a listener is the one in force. */
struct front_tls {
	char *chain_pem, *key_pem;
	gnutls_certificate_credentials_t credentials;
	unsigned connections; /* under the front's lock, as the list */
	struct front_tls *older;
};

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
	return 0;
}

struct front_tls *
front_tls_give(struct front_listener *l, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	struct front_tls *t;

	if (info == NULL || info->tls_session == NULL)
		return NULL;
	pthread_mutex_lock(&l->front->lock);
	t = l->tls;
	t->connections++;
	pthread_mutex_unlock(&l->front->lock);
	/* Without them the handshake fails, as the daemon itself has none. */
	(void)gnutls_credentials_set((gnutls_session_t)info->tls_session,
	    GNUTLS_CRD_CERTIFICATE, t->credentials);
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

void
front_tls_sweep(struct front_listener *l)
{
	struct front_tls **at, *t, *unused = NULL;

	if (!l->secure)
		return;
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
	front_tls_free(unused);
}

void
front_tls_free(struct front_tls *newest)
{
	struct front_tls *t;

	while ((t = newest) != NULL) {
		newest = t->older;
		tls_free(t);
	}
}
