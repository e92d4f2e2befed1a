/* SPDX-License-Identifier: MIT */
/* What a running server tells: addresses, a password, its certificates. */
#include "api/object.h"

int
object_challenge(struct mockndes *m, const char **out, struct err *e)
{
	*out = m->options.challenge;
	if (*out != NULL)
		return 0;
	*out = m->challenge;
	return server_challenge(m->server, m->challenge, e);
}

const char *
mockndes_ready_line(const struct mockndes *m)
{
	return buf_str(&m->ready);
}

const char *
mockndes_url(const struct mockndes *m, const char *which)
{
	const struct {
		const char *which, *url;
	} urls[] = {
		{ "http", m->listeners.scep_url },
		{ "https", m->listeners.scep_url_https },
		{ "admin", m->listeners.admin_page_url },
		{ "control", m->listeners.control_url },
	};

	for (size_t i = 0; i < nitems(urls); i++) {
		if (strcmp(urls[i].which, which) == 0)
			return urls[i].url;
	}
	return NULL;
}

const char *
mockndes_scenario(const struct mockndes *m)
{
	return scenario_set_names(m->scenarios);
}

unsigned long long
mockndes_seed(const struct mockndes *m)
{
	return m->options.seed;
}

static int
ca_pem(struct mockndes *m, struct buf *out, struct err *e)
{
	struct site *site;
	struct site_snapshot *now;

	if (!m->running)
		return err_set(e, ERR_USAGE, "the server does not run");
	site = server_site(m->server, "", e);
	if (site == NULL)
		return -1;
	now = site_acquire(site);
	for (enum ca_role role = CA_ROOT; role <= CA_ISSUING; role++)
		pki_pem(out, "CERTIFICATE",
		    ca_material_cert(now->dep.material, role)->der);
	site_release(now);
	site_unref(site);
	return 0;
}

char *
mockndes_ca_pem(struct mockndes *m)
{
	struct buf b;
	struct err e = { 0 };
	uint8_t *text = NULL;
	size_t n;

	buf_init(&b, MESSAGE_MAX);
	if (ca_pem(m, &b, &e) == -1)
		(void)object_fail(m, &e);
	else if (buf_take(&b, &text, &n) == -1) {
		(void)err_set(&e, ERR_MEMORY, "no memory for certificates");
		(void)object_fail(m, &e);
	}
	buf_clear(&b);
	return (char *)text;
}

const char *
mockndes_challenge(struct mockndes *m)
{
	const char *text = NULL;
	struct err e = { 0 };

	if (!m->running || object_challenge(m, &text, &e) == -1)
		return NULL;
	return text;
}
