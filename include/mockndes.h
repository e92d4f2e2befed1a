/* SPDX-License-Identifier: MIT */
/*
 * mockndes: a mock Microsoft NDES / SCEP server in a library.
 *
 * Order of life: mockndes_new, set, mockndes_start, use, mockndes_stop,
 * mockndes_free. Several servers live in one process and know nothing of each
 * other. Unless a function says otherwise, an object is used by one thread at
 * a time. Functions that return int return 0, or -1 with a sentence in
 * mockndes_error() and a code in mockndes_error_code(). Texts are UTF-8.
 * All functions are there since version 0.1.
 */
#ifndef MOCKNDES_H
#define MOCKNDES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOCKNDES_VERSION "0.1.0"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct mockndes;

/* What a failed call was about; the numbers of 1 to 4 are the exit codes of the command. */
enum mockndes_code {
	MOCKNDES_OK = 0,
	MOCKNDES_FAILED = 1, /* run-time failure */
	MOCKNDES_USAGE = 2, /* an option's value is not sound */
	MOCKNDES_SCENARIO = 3, /* a scenario is not sound */
	MOCKNDES_BIND = 4 /* a listener could not be opened */
};

/* A new server with every option at its default; NULL only when memory ran out. */
struct mockndes *mockndes_new(void);

/* Stops if need be, and frees. Accepts NULL. */
void mockndes_free(struct mockndes *m);

/* Why the last failing call failed; "" when none did. Lent until the next call. */
const char *mockndes_error(const struct mockndes *m);
enum mockndes_code mockndes_error_code(const struct mockndes *m);

/*
 * Set an option by the name of its command-line flag without the dashes
 * ("http-port", "challenge"), with its value as text; flags that take none
 * take "true" or "false". Only before mockndes_start. Unknown names and
 * bad values: MOCKNDES_USAGE.
 *
 * "state" is a directory that keeps keys, certificates and the journal across
 * restarts, for one server at a time (mockndes(1), State on disk). A program
 * under a limit of file sizes ignores SIGXFSZ, or a full state ends it.
 * Beside the command's options there is "journal": how many requests the
 * journal keeps of each site, 10000 by default; with 0 there is no journal.
 */
int mockndes_set(struct mockndes *m, const char *option, const char *value);

/*
 * The table of options, for help texts and environments: the i-th, or NULL
 * behind the last. The struct is lent for ever.
 */
struct mockndes_option {
	const char *name; /* "http-port" */
	const char *value; /* placeholder in help, "N"; NULL: takes no value */
	const char *fallback; /* default as text; NULL: none */
	const char *doc; /* one line */
};
const struct mockndes_option *mockndes_option(size_t i);

/*
 * Add a scenario: by built-in name or path, or as text (name: what complaints
 * call it). Later ones add to earlier ones. Without any, "healthy". On
 * MOCKNDES_SCENARIO, mockndes_error() holds all complaints, one a line.
 */
int mockndes_scenario_file(struct mockndes *m, const char *name_or_path);
int mockndes_scenario_mem(
    struct mockndes *m, const char *name, const char *text, size_t length);

/* Where the operator's log goes: level 0 debug to 3 error, one line without line end. NULL: nowhere. Called from any thread. */
void mockndes_log(struct mockndes *m,
    void (*line)(void *ctx, int level, const char *text), void *ctx);

/*
 * What POST /v1/shutdown of the control API does, once its answer is out:
 * asked() is called from a thread of the server and only notes it; whoever
 * runs the server then calls mockndes_stop. Before mockndes_start. Without it
 * that call is refused.
 */
void mockndes_on_shutdown(
    struct mockndes *m, void (*asked)(void *ctx), void *ctx);

/*
 * Bind, mint, accept. When it returns 0 every listener answers: the deployment
 * that the scenarios describe, each built-in one below /x/NAME/, and the
 * control API, by which they are mended and broken while they run
 * (mockndes-control(7)).
 */
int mockndes_start(struct mockndes *m);

/* Finish what is in flight (bounded), close everything. Twice is fine. Not from a signal handler. */
void mockndes_stop(struct mockndes *m);

/* The ready line, one JSON object without line end; lent until mockndes_free. "" before start. */
const char *mockndes_ready_line(const struct mockndes *m);

/*
 * After start: "http" or "https" SCEP URL, "admin" page URL, "control" URL;
 * NULL when there is no such listener. Lent until mockndes_free.
 */
const char *mockndes_url(const struct mockndes *m, const char *which);

/* After start: the names of the scenarios, joined with '+', "healthy" without any. Lent until mockndes_free. */
const char *mockndes_scenario(const struct mockndes *m);

/* After start: the seed of every random choice, given or drawn. */
unsigned long long mockndes_seed(const struct mockndes *m);

/*
 * After start: the certificates of the root and of the issuing CA of the
 * deployment as they are now, PEM, in this order: what a client verifies
 * certificates and TLS with. The caller frees it with free(). NULL with a
 * sentence in mockndes_error(). Any thread may call it, one at a time.
 */
char *mockndes_ca_pem(struct mockndes *m);

/* A challenge password that the server accepts now: the fixed one, else a fresh one-time one. NULL when the cache is full. Lent until the next call. Any thread may call it, one at a time. */
const char *mockndes_challenge(struct mockndes *m);

/* ---- what clients did ---- */

/*
 * Wait until the journal of a site has count requests for which all conditions
 * hold, for timeout_ms at most; they may have come before the call. site: ""
 * is the default one, "x/NAME" that of a built-in scenario, "s/ID" a private
 * one. conditions: as in a query of the control API,
 * "op=PKIOperation&status=over:399", values escaped by percent signs; NULL or
 * "" for any request. A request whose answer the conditions ask about counts
 * when that is known. 1 when they are there, 0 when the time is over, -1 with
 * a sentence in mockndes_error().
 */
int mockndes_wait(struct mockndes *m, const char *site, const char *conditions,
    unsigned long count, unsigned long timeout_ms);

/* How a client ended, by its own account. */
enum mockndes_client {
	MOCKNDES_CLIENT_UNKNOWN = 0,
	MOCKNDES_CLIENT_SUCCEEDED = 1,
	MOCKNDES_CLIENT_FAILED = 2
};

enum mockndes_verdict {
	MOCKNDES_HELD = 0,
	MOCKNDES_NOT_HELD = 1,
	MOCKNDES_INCOMPLETE = 2 /* what is known does not suffice to tell */
};

struct mockndes_report;

/*
 * Judge what the scenarios in force on a site (as in mockndes_wait) expect of
 * a client by what the journal has of it; exchanges that are under way have
 * two seconds to end. repeat: the command line that has the same again, for
 * the report; NULL: that of the server. The caller frees the report by
 * mockndes_report_free(); NULL with a sentence in mockndes_error().
 */
struct mockndes_report *mockndes_verify(struct mockndes *m, const char *site,
    enum mockndes_client client, const char *repeat);

/* Of all expectations but those that only warn; held when there is none. */
enum mockndes_verdict mockndes_report_verdict(const struct mockndes_report *r);

/* How many expectations were judged. */
unsigned mockndes_report_expectations(const struct mockndes_report *r);

/*
 * The report in a form: "text" for people, lines; "json", one object; "junit",
 * an XML document for CI servers. Lent until mockndes_report_free(). NULL: no
 * such form.
 */
const char *mockndes_report_text(
    const struct mockndes_report *r, const char *form);

void mockndes_report_free(struct mockndes_report *r); /* accepts NULL */

/* ---- scenario files, without a server ---- */

/*
 * Validate a file or built-in. Returns a malloc'ed text: "" when sound, else
 * complaints as FILE:LINE:COL: error: sentence, a line each. *errors counts
 * them; warnings are lines too, and with them alone a file is sound. NULL when memory ran out. The caller frees it with free().
 */
char *mockndes_check(const char *name_or_path, unsigned *errors);

/*
 * What chance gives to the rules of a file or built-in under a seed: the first
 * fifty draws of each rule, for people. The caller frees it with free(). NULL
 * when there is no such scenario, it is not sound, or memory ran out.
 */
char *mockndes_draws(const char *name_or_path, unsigned long long seed);

/* The name of the i-th built-in scenario, sorted by name; NULL behind the last; lent for ever. */
const char *mockndes_builtin(size_t i);

/*
 * A part of a scenario file (built-in name or path) as text: "name", "title",
 * "source", "symptom", "cause", "resolution" (its steps, numbered, a line
 * each), "mend" (the same, a step that the control API can perform followed by
 * a line with a tab and the call), "fidelity" ("seen", "documented" or
 * "inferred"), "evidence" (log lines to look for, a line each), "expect" (what
 * a correct client does, a line each) or "yaml" (the file itself). "" when the
 * file leaves the part out;
 * NULL when there is no such scenario, it is not sound, or memory ran out. The
 * caller frees it with free().
 */
char *mockndes_scenario_part(const char *name_or_path, const char *part);

/* The JSON Schema (2020-12) of scenario files, as text; the caller frees it with free(). NULL when memory ran out. */
char *mockndes_schema(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
