/* SPDX-License-Identifier: MIT */
/* Each option is a row: what help says of it, and the function that takes its value. */
#include "api/options.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/quantity.h"
#include "base/text.h"

#define THREADS_MAX 256
#define JOURNAL_MAX 10000000
#define SEED_MAX ((uint64_t)1 << 53) /* what every JSON reader keeps exact */
#define HOSTNAME_MAX 253 /* RFC 1035 */

struct row {
	struct mockndes_option option;
	int (*set)(struct options *o, const char *name, const char *value,
	    struct err *e);
};

/* Replace an owned text. */
static int
keep(char **slot, const char *value, struct err *e)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an option");
	free(*slot);
	*slot = copy;
	return 0;
}

static int
keep_not_empty(char **slot, const char *name, const char *value, struct err *e)
{
	if (value[0] == '\0')
		return err_set(e, ERR_USAGE, "--%s wants a value", name);
	return keep(slot, value, e);
}

static int
set_port(int *port, const char *name, const char *value, struct err *e)
{
	uint64_t n;

	if (strcmp(value, "off") == 0) {
		*port = OPTION_PORT_OFF;
		return 0;
	}
	if (text_u64(bytes_str(value), 65535, &n) == -1)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.40s\" is not a port; write 0 to 65535, or off",
		    name, value);
	*port = (int)n;
	return 0;
}

static bool
is_address(const char *value)
{
	struct in6_addr room;

	return inet_pton(AF_INET, value, &room) == 1 ||
	    inet_pton(AF_INET6, value, &room) == 1;
}

static int
set_address(char **slot, const char *name, const char *value, struct err *e)
{
	if (!is_address(value))
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.60s\" is not an IPv4 or IPv6 address", name,
		    value);
	return keep(slot, value, e);
}

static int
set_bind(struct options *o, const char *name, const char *value, struct err *e)
{
	return set_address(&o->bind, name, value, e);
}

static int
set_http_port(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return set_port(&o->http_port, name, value, e);
}

static int
set_https_port(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return set_port(&o->https_port, name, value, e);
}

static int
set_control_bind(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return set_address(&o->control_bind, name, value, e);
}

static int
set_control_port(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return set_port(&o->control_port, name, value, e);
}

static int
set_control_token(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return keep_not_empty(&o->control_token, name, value, e);
}

static int
set_challenge(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return keep_not_empty(&o->challenge, name, value, e);
}

static int
set_admin_user(
    struct options *o, const char *name, const char *value, struct err *e)
{
	const char *colon = strchr(value, ':');
	char *user;

	if (colon == NULL || colon == value)
		return err_set(e, ERR_USAGE,
		    "--%s wants USER:PASSWORD, as in ndes:ndes", name);
	user = strndup(value, (size_t)(colon - value));
	if (user == NULL || keep(&o->admin_password, colon + 1, e) == -1) {
		free(user);
		return err_set(e, ERR_MEMORY, "no memory for an option");
	}
	free(o->admin_user);
	o->admin_user = user;
	return 0;
}

static int
set_hostname(
    struct options *o, const char *name, const char *value, struct err *e)
{
	size_t n = strlen(value);
	bool ok =
	    n > 0 && n <= HOSTNAME_MAX && value[0] != '-' && value[0] != '.';

	for (size_t i = 0; i < n; i++) {
		uint8_t c = ascii_lower((uint8_t)value[i]);

		ok = ok &&
		    ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.');
	}
	if (!ok && !is_address(value))
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.60s\" is not a host name", name, value);
	return keep(&o->hostname, value, e);
}

static int
set_state(struct options *o, const char *name, const char *value, struct err *e)
{
	return keep_not_empty(&o->state, name, value, e);
}

static int
set_ca_dir(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return keep_not_empty(&o->ca_dir, name, value, e);
}

static int
set_fresh_keys(
    struct options *o, const char *name, const char *value, struct err *e)
{
	bool on;

	if (quantity_bool(bytes_str(value), &on, NULL) == -1)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.20s\" is not true or false", name, value);
	o->fresh_keys = on;
	return 0;
}

static int
set_serve_keys(
    struct options *o, const char *name, const char *value, struct err *e)
{
	bool on;

	if (quantity_bool(bytes_str(value), &on, NULL) == -1)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.20s\" is not true or false", name, value);
	o->serve_keys = on;
	return 0;
}

static int
set_log_dir(
    struct options *o, const char *name, const char *value, struct err *e)
{
	return keep_not_empty(&o->log_dir, name, value, e);
}

static int
set_seed(struct options *o, const char *name, const char *value, struct err *e)
{
	uint64_t n;

	if (text_u64(bytes_str(value), SEED_MAX, &n) == -1)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.40s\" is not a number from 0 to 2^53", name,
		    value);
	o->seed = n;
	o->has_seed = true;
	return 0;
}

static int
set_threads(
    struct options *o, const char *name, const char *value, struct err *e)
{
	uint64_t n;

	if (text_u64(bytes_str(value), THREADS_MAX, &n) == -1 || n == 0)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.40s\" is not a number from 1 to %d", name, value,
		    THREADS_MAX);
	o->threads = (unsigned)n;
	return 0;
}

static int
set_journal(
    struct options *o, const char *name, const char *value, struct err *e)
{
	uint64_t n;

	if (text_u64(bytes_str(value), JOURNAL_MAX, &n) == -1)
		return err_set(e, ERR_USAGE,
		    "--%s: \"%.40s\" is not a number from 0 to %d", name, value,
		    JOURNAL_MAX);
	o->journal = n;
	return 0;
}

static const struct row rows[] = {
	{ { "scenario", "NAME|FILE", "healthy",
	      "what is wrong; later ones add to earlier ones" },
	    NULL },
	{ { "bind", "ADDR", "127.0.0.1",
	      "address of the SCEP listeners, IPv4 or IPv6" },
	    set_bind },
	{ { "http-port", "N", "8080", "0: any free port; off: none" },
	    set_http_port },
	{ { "https-port", "N", "8443", "0: any free port; off: none" },
	    set_https_port },
	{ { "control-bind", "ADDR", "127.0.0.1", "address of the control API" },
	    set_control_bind },
	{ { "control-port", "N", "8081", "0: any free port; off: none" },
	    set_control_port },
	{ { "control-token", "TEXT", NULL,
	      "what control clients must show; needed off loopback" },
	    set_control_token },
	{ { "challenge", "TEXT", NULL,
	      "one more challenge password, always accepted" },
	    set_challenge },
	{ { "admin-user", "U:P", "ndes:ndes", "who may open mscep_admin" },
	    set_admin_user },
	{ { "hostname", "NAME", "localhost",
	      "name in pages, RA subjects, TLS certificate" },
	    set_hostname },
	{ { "state", "DIR", NULL,
	      "keep keys, certificates, journal in DIR across restarts" },
	    set_state },
	{ { "ca-dir", "DIR", NULL, "CA and RA keys from DIR" }, set_ca_dir },
	{ { "fresh-keys", NULL, NULL, "new keys instead of the public ones" },
	    set_fresh_keys },
	{ { "serve-keys", NULL, NULL,
	      "let the control API give away private keys" },
	    set_serve_keys },
	{ { "log-dir", "DIR", NULL, "write the simulated host's logs there" },
	    set_log_dir },
	{ { "seed", "N", NULL, "seed of every random choice; else random" },
	    set_seed },
	{ { "threads", "N", NULL, "crypto workers; else one a processor" },
	    set_threads },
	{ { "journal", "N", "10000",
	      "requests the journal keeps of each site; 0: none" },
	    set_journal },
};

const struct mockndes_option *
mockndes_option(size_t i)
{
	return i < nitems(rows) ? &rows[i].option : NULL;
}

int
options_init(struct options *o, struct err *e)
{
	*o = (struct options){ 0 };
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct mockndes_option *op = &rows[i].option;

		if (rows[i].set != NULL && op->fallback != NULL &&
		    rows[i].set(o, op->name, op->fallback, e) == -1)
			return -1;
	}
	return 0;
}

void
options_clear(struct options *o)
{
	free(o->bind);
	free(o->control_bind);
	free(o->control_token);
	free(o->challenge);
	free(o->admin_user);
	free(o->admin_password);
	free(o->hostname);
	free(o->state);
	free(o->ca_dir);
	free(o->log_dir);
	*o = (struct options){ 0 };
}

int
options_set(
    struct options *o, const char *name, const char *value, struct err *e)
{
	for (size_t i = 0; i < nitems(rows); i++) {
		if (rows[i].set != NULL &&
		    strcmp(rows[i].option.name, name) == 0)
			return rows[i].set(o, name, value, e);
	}
	return err_set(e, ERR_USAGE, "there is no option --%.60s", name);
}

bool
options_is_loopback(const char *addr)
{
	return strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0;
}

bool
options_is_wildcard(const char *addr)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, addr, &four) == 1)
		return four.s_addr == INADDR_ANY;
	return inet_pton(AF_INET6, addr, &six) == 1 &&
	    IN6_IS_ADDR_UNSPECIFIED(&six);
}

int
options_check(const struct options *o, struct err *e)
{
	if (o->http_port == OPTION_PORT_OFF && o->https_port == OPTION_PORT_OFF)
		return err_set(e, ERR_USAGE,
		    "--http-port and --https-port are both off: nothing would "
		    "answer SCEP");
	if (o->control_port != OPTION_PORT_OFF && o->control_token == NULL &&
	    !options_is_loopback(o->control_bind))
		return err_set(e, ERR_USAGE,
		    "--control-bind %s is not loopback: it needs "
		    "--control-token",
		    o->control_bind);
	if (o->ca_dir != NULL && o->fresh_keys)
		return err_set(e, ERR_USAGE,
		    "--ca-dir and --fresh-keys exclude each other");
	return 0;
}
