/* SPDX-License-Identifier: MIT */
/*
 * mockndes ctl: a verb is a row of a table, a noun a file. A verb makes one
 * call of the control API and prints the answer for people, or as it came.
 */
#ifndef CLI_CTL_H
#define CLI_CTL_H

#include <curl/curl.h>
#include <jansson.h>

#include "cli/cli.h"

struct ctl {
	const char *url; /* without a slash at its end */
	const char *token, *site; /* NULL: none */
	bool json; /* answers as they came */
	CURL *curl;
	const struct ctl_verb *verb; /* the one that runs, for complaints */
};

/* ---- verbs ---- */

struct ctl_verb {
	const char *name; /* "host set", or "host" alone */
	const char *args; /* "KEY=VALUE...", for help; "" none */
	int least, most; /* how many of them; most below 0: any number */
	const char *doc;
	int (*run)(struct ctl *c, int argc,
	    char **argv); /* its arguments alone; gives the exit code */
};

/* Each ends with a row of zeros; ctl.c has the list of them. */
extern const struct ctl_verb ctl_clock_verbs[];
extern const struct ctl_verb ctl_evidence_verbs[];
extern const struct ctl_verb ctl_host_verbs[];
extern const struct ctl_verb ctl_pki_verbs[];
extern const struct ctl_verb ctl_requests_verbs[];
extern const struct ctl_verb ctl_rules_verbs[];
extern const struct ctl_verb ctl_scenario_verbs[];
extern const struct ctl_verb ctl_server_verbs[];
extern const struct ctl_verb ctl_sessions_verbs[];
extern const struct ctl_verb ctl_verify_verbs[];

/* "mockndes ctl host set: ..." on standard error; gives EXIT_USAGE. */
int ctl_usage(const struct ctl *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The verb of two words that was meant where an argument was read; NULL: none is near. */
const char *ctl_meant(const struct ctl *c, const char *arg);

/* ---- calls ---- */

struct ctl_call {
	const char *method; /* NULL: GET */
	const char *path; /* "/v1/requests/%s", where %s is name, escaped */
	const char *name; /* NULL: there is none in the path */
	char *const *query; /* KEY=VALUE, NULL behind the last; NULL: none */
	const char *body; /* NULL: none */
	const char *
	    source; /* the file that it came from, for complaints; NULL: none */
	size_t body_size;
	long also; /* a status above 399 that is an answer too; 0: none */
	size_t (*piece)(char *p, size_t size, size_t n,
	    void *
		ctx); /* gets the body of a 200 as it comes; NULL: it is kept */
	void *ctx;
};

struct ctl_answer {
	long status;
	char *body; /* owned, with a zero behind its end */
	size_t size;
};

/* Ask. 0, or an exit code after a complaint; what the server refuses is one. ctl_answer_clear() is right in both cases. */
int ctl_ask(
    struct ctl *c, const struct ctl_call *call, struct ctl_answer *answer);
void ctl_answer_clear(struct ctl_answer *answer);

/* A list of {line, column, severity, message} on standard error, as a compiler would say it; source: the file, NULL for none. */
void ctl_complaints(const char *source, const json_t *list);

/* Ask, and print: with --json, or without print(), the body as it came. */
int ctl_show(struct ctl *c, const struct ctl_call *call,
    void (*print)(const json_t *json));

/* ---- arguments ---- */

/* Are they all KEY=VALUE? Else a complaint, and false. */
bool ctl_are_pairs(const struct ctl *c, int argc, char **argv);

/*
 * KEY=VALUE as members of an object, as text; true and false are booleans,
 * "seed" is a number, and "scenario" may be a file, whose text it is then. The
 * text of the object, which the caller frees; NULL after a complaint.
 */
char *ctl_object(const struct ctl *c, int argc, char **argv);

/* A file, or standard input for "-", as a whole; the caller frees it. NULL after a complaint. */
char *ctl_read(const char *path, size_t *size);

/* ---- printing for people ---- */

struct ctl_column {
	const char *title;
	const char *key; /* dotted for a member of a member */
};

/* A row for each object of the array; columns that are empty all the way are left out. columns ends with a row of zeros. */
void ctl_print_table(const json_t *array, const struct ctl_column *columns);

/* Any document: a line for each value with its dotted key, a table for each list of objects. */
void ctl_print(const json_t *json);

/* A value as text in a line: the caller frees it. "" for null and what is not there. */
char *ctl_text(const json_t *value);

#endif
