/* SPDX-License-Identifier: MIT */
/*
 * The command line: one file per subcommand, and the few things that they
 * share. It knows the server by <mockndes.h> alone, so that whatever the
 * command can do, a program that embeds the library can do too.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <mockndes.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes; 1 to 4 are those of enum mockndes_code. */
enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_SCENARIO = 3,
	EXIT_EXPECTATION = 5,
	EXIT_TIMED_OUT = 124,
	EXIT_NOT_RUNNABLE = 126, /* as a shell says it of a command */
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128 /* and the signal's number */
};

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

/* ---- subcommands ---- */

struct command {
	const char *name;
	const char *doc; /* one line for `mockndes help` */
	const char *help; /* for --help; NULL: the command prints its own */
	int (*run)(int argc,
	    char *
		*argv); /* argv[0] is the command's name; gives the exit code */
};

/* The i-th, or NULL behind the last. */
const struct command *command_at(size_t i);

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/* What a command says about itself, on standard output. */
void command_help(const struct command *c);

int check_run(int argc, char **argv);
int ctl_run(int argc, char **argv);
int health_run(int argc, char **argv);
int help_run(int argc, char **argv);
int run_run(int argc, char **argv);
int scenarios_run(int argc, char **argv);
int schema_run(int argc, char **argv);
int serve_run(int argc, char **argv);

/* ---- saying ---- */

/* "mockndes: ..." on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same with a pointer to --help of that command; gives EXIT_USAGE. */
int complain_usage(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Make standard output reach its reader; EXIT_FAILED with a sentence when it did not. */
int say_done(int code);

/* Of the names that at() lists, the one that was most likely meant; NULL when none is near. */
const char *nearest(const char *word, const char *(*at)(size_t i));

/* ---- open files ---- */

struct files_limit {
	bool known;
	unsigned long long soft;
};

/* Let this process have as many files as it may; what it had goes into *before. */
void files_raise(struct files_limit *before);

/* As it was before, for programs that are run from here. Async-signal-safe. */
void files_restore(const struct files_limit *before);

/* ---- the operator's log ---- */

struct oplog {
	bool human; /* short times, severity by colour */
	bool colour;
	int least; /* the lowest level that is shown */
};

/* How standard error wants it; when: "auto", "always" or "never". False: none of these. */
bool oplog_init(struct oplog *log, const char *when);

/* The callback of mockndes_log(); ctx is a struct oplog. Any thread. */
void oplog_line(void *ctx, int level, const char *text);

/* ---- the ready line ---- */

/* Write line and a line end to F.tmp and rename it. -1 with a complaint. */
int ready_file_write(const char *path, const char *line);

/* Write line and a line end to fd, then close it. -1 with a complaint. */
int ready_fd_write(int fd, const char *line);

#endif
