/* SPDX-License-Identifier: MIT */
/*
 * The public object: options and scenarios on one side, listeners and server
 * on the other. What failed and why is kept in the object.
 */
#include "mockndes.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/object.h"
#include "base/text.h"

#define STOP_GRACE_MS 5000 /* what is in flight has this long to end */

static enum mockndes_code
code_of(enum err_code code)
{
	static const enum mockndes_code codes[ERR_CODES] = {
		[ERR_NONE] = MOCKNDES_OK,
		[ERR_USAGE] = MOCKNDES_USAGE,
		[ERR_SCENARIO] = MOCKNDES_SCENARIO,
		[ERR_BIND] = MOCKNDES_BIND,
	};

	if (code == ERR_NONE || codes[code] != MOCKNDES_OK)
		return codes[code];
	return MOCKNDES_FAILED;
}

int
object_fail(struct mockndes *m, const struct err *e)
{
	buf_clear(&m->message);
	buf_add_str(&m->message, e->text);
	m->code = code_of(e->code);
	return -1;
}

struct mockndes *
mockndes_new(void)
{
	struct mockndes *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	buf_init(&m->ready, MESSAGE_MAX);
	buf_init(&m->message, MESSAGE_MAX);
	host_init(&m->host);
	m->scenarios = scenario_set_new(NULL);
	if (m->scenarios == NULL || options_init(&m->options, NULL) == -1) {
		mockndes_free(m);
		return NULL;
	}
	return m;
}

void
mockndes_free(struct mockndes *m)
{
	if (m == NULL)
		return;
	mockndes_stop(m);
	listeners_clear(&m->listeners);
	options_clear(&m->options);
	scenario_set_unref(m->scenarios);
	buf_clear(&m->ready);
	buf_clear(&m->message);
	free(m);
}

const char *
mockndes_error(const struct mockndes *m)
{
	return buf_str(&m->message);
}

enum mockndes_code
mockndes_error_code(const struct mockndes *m)
{
	return m->code;
}

static int
refuse_while_running(struct mockndes *m, struct err *e)
{
	if (!m->running)
		return 0;
	return err_set(e, ERR_USAGE,
	    "options and scenarios are set before mockndes_start");
}

int
mockndes_set(struct mockndes *m, const char *option, const char *value)
{
	struct err e = { 0 };

	if (strcmp(option, "scenario") == 0)
		return mockndes_scenario_file(m, value);
	if (refuse_while_running(m, &e) == -1 ||
	    options_set(&m->options, option, value, &e) == -1)
		return object_fail(m, &e);
	return 0;
}

/* ---- scenarios ---- */

/* Take over a loaded scenario, or report why there is none. */
static int
adopt(struct mockndes *m, const char *given, struct scenario *s,
    struct scenario_report *report, struct err *e)
{
	int rc = 0;

	if (s != NULL && scenario_set_add(m->scenarios, s, given, e) == 0) {
		scenario_apply(s, &m->host);
	} else if (s == NULL && report->errors > 0) {
		buf_clear(&m->message);
		buf_add(&m->message, buf_bytes(&report->lines));
		m->code = MOCKNDES_SCENARIO;
		rc = -1;
	} else {
		rc = object_fail(m, e);
	}
	scenario_free(s);
	scenario_report_clear(report);
	return rc;
}

int
mockndes_scenario_file(struct mockndes *m, const char *name_or_path)
{
	struct scenario_report report;
	struct scenario *s = NULL;
	struct err e = { 0 };

	scenario_report_init(&report);
	if (refuse_while_running(m, &e) == 0)
		s = scenario_open(name_or_path, &report, &e);
	return adopt(m, name_or_path, s, &report, &e);
}

int
mockndes_scenario_mem(
    struct mockndes *m, const char *name, const char *text, size_t length)
{
	struct scenario_report report;
	struct scenario *s = NULL;
	struct err e = { 0 };

	scenario_report_init(&report);
	if (refuse_while_running(m, &e) == 0)
		s = scenario_load(name, bytes_of(text, length), &report, &e);
	return adopt(m, name, s, &report, &e);
}

/* ---- life ---- */

void
mockndes_log(struct mockndes *m,
    void (*line)(void *ctx, int level, const char *text), void *ctx)
{
	m->log_line = line;
	m->log_ctx = ctx;
}

void
mockndes_on_shutdown(struct mockndes *m, void (*asked)(void *ctx), void *ctx)
{
	m->shutdown = asked;
	m->shutdown_ctx = ctx;
}

static void
log_line(void *ctx, enum log_level level, const char *text)
{
	struct mockndes *m = ctx;

	if (m->log_line != NULL)
		m->log_line(m->log_ctx, (int)level, text);
}

static int
make_server(struct mockndes *m, struct err *e)
{
	const struct options *o = &m->options;
	struct server_options so = {
		.env = env_system(),
		.log = { log_line, m },
		.threads = o->threads,
		.state_dir = o->state,
		.ca_dir = o->ca_dir,
		.fresh_keys = o->fresh_keys,
		.hostname = o->hostname,
		.challenge = o->challenge,
		.admin_user = o->admin_user,
		.admin_password = o->admin_password,
		.log_dir = o->log_dir,
		.host = &m->host,
		.scenarios = m->scenarios,
		.seed = o->seed,
		.journal_entries = o->journal,
		.no_journal = o->journal == 0,
		.listeners = listeners_follow,
		.listeners_ctx = &m->listeners,
	};

	m->server = server_new(&so, e);
	return m->server == NULL ? -1 : 0;
}

/* A number that can be typed again: 31 bits. */
static int
choose_seed(struct options *o, struct err *e)
{
	uint32_t n;

	if (o->has_seed)
		return 0;
	if (env_random(env_system(), (uint8_t *)&n, sizeof(n), e) == -1)
		return -1;
	o->seed = n & 0x7fffffff;
	o->has_seed = true;
	return 0;
}

static int
make_control(struct mockndes *m, struct err *e)
{
	struct control_facts facts = {
		.pid = getpid(),
		.version = MOCKNDES_VERSION,
		.scenario = scenario_set_names(m->scenarios),
		.seed = m->options.seed,
		.scep_url = m->listeners.scep_url,
		.scep_url_https = m->listeners.scep_url_https,
		.admin_page_url = m->listeners.admin_page_url,
		.control_url = m->listeners.control_url,
		.control_bind = m->options.control_bind,
		.hostname = m->options.hostname,
		.serve_keys = m->options.serve_keys,
	};
	struct buf hex;
	int rc = -1;

	buf_init(&hex, 128);
	text_hex(
	    &hex, bytes_of(server_ca_fingerprint_sha256(m->server), 32), false);
	facts.ca_fingerprint_sha256 = buf_str(&hex);
	if (object_challenge(m, &facts.challenge, e) == 0 &&
	    control_ready_line(&facts, &m->ready, e) == 0) {
		m->control =
		    control_new(m->server, &facts, m->options.control_token, e);
		rc = m->control == NULL ? -1 : 0;
	}
	if (rc == 0 && m->shutdown != NULL)
		control_on_shutdown(m->control, m->shutdown, m->shutdown_ctx);
	buf_clear(&hex);
	return rc;
}

static int
start(struct mockndes *m, struct err *e)
{
	struct log log = { log_line, m };

	buf_clear(&m->ready);
	if (options_check(&m->options, e) == -1 ||
	    choose_seed(&m->options, e) == -1 || make_server(m, e) == -1 ||
	    listeners_open(&m->listeners, &m->options, &log, e) == -1 ||
	    server_start(m->server, m->listeners.url_base, e) == -1 ||
	    make_control(m, e) == -1)
		return -1;
	return listeners_start(&m->listeners, m->server, m->control, e);
}

int
mockndes_start(struct mockndes *m)
{
	struct err e = { 0 };

	if (refuse_while_running(m, &e) == -1)
		return object_fail(m, &e);
	if (start(m, &e) == -1) {
		mockndes_stop(m);
		return object_fail(m, &e);
	}
	m->running = true;
	return 0;
}

void
mockndes_stop(struct mockndes *m)
{
	listeners_stop(&m->listeners, STOP_GRACE_MS);
	if (m->server != NULL)
		server_stop(m->server);
	listeners_close(&m->listeners);
	/* It may still be at work on what the server has. */
	control_free(m->control);
	m->control = NULL;
	server_free(m->server);
	m->server = NULL;
	m->running = false;
}
