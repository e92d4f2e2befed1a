/* SPDX-License-Identifier: MIT */
/* Chooses the subcommand; a command line that begins with an option is serve's. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct command commands[] = {
	{ "serve", "run the mock until it is told to stop (may be left out)",
	    NULL, serve_run },
	{ "run", "start the mock, run a command, judge, stop",
	    "usage: mockndes run [OPTION...] -- CMD ARG...\n"
	    "\n"
	    "Starts the mock, runs CMD with its addresses in the environment, judges what\n"
	    "the scenario expects of a client, and stops. Options of serve, and these:\n"
	    "\n"
	    "  --timeout D   end CMD after 500ms, 90s, 5m, 2h; so does --exit-after\n"
	    "  --junit FILE  the report as JUnit XML too, written whole\n"
	    "  --verdict     go by the expectations alone, however CMD ends\n"
	    "  --verbose     the operator's log of serve, too\n"
	    "\n"
	    "Ports are free ones unless they are given. CMD has MOCKNDES_SCEP_URL,\n"
	    "MOCKNDES_SCEP_URL_HTTPS, MOCKNDES_ADMIN_PAGE_URL, MOCKNDES_CONTROL_URL,\n"
	    "MOCKNDES_CHALLENGE, MOCKNDES_CA_FILE, MOCKNDES_SCENARIO, MOCKNDES_SEED.\n"
	    "\n"
	    "Exit status: that of CMD, 128 and the number of a signal; 5 CMD succeeded\n"
	    "and an expectation did not hold; 124 its time was up; 126, 127 it cannot\n"
	    "be run; before it starts as serve: 1, 2, 3, 4.\n"
	    "\n"
	    "Example: mockndes run --scenario uri-too-long -- ./test-my-client\n",
	    run_run },
	{ "check", "validate scenario files",
	    "usage: mockndes check [--draws [--seed N]] FILE...\n"
	    "\n"
	    "Validates scenario files. Every complaint of every file is a line,\n"
	    "FILE:LINE:COL: error: ...; a file without any is called sound. The name of\n"
	    "a built-in scenario may stand for a file. Warnings are lines too, of rules\n"
	    "put out of force that could never apply.\n"
	    "\n"
	    "With --draws, the first fifty draws of each rule under --seed N (1 when none\n"
	    "is given): the same as a server draws with that seed.\n"
	    "\n"
	    "Exit status: 0 all are sound, 2 usage, 3 there are complaints.\n"
	    "\n"
	    "Example: mockndes check lab/*.yaml\n",
	    check_run },
	{ "scenarios", "list the built-in scenarios, or print one",
	    "usage: mockndes scenarios [NAME | --yaml NAME | --markdown]\n"
	    "\n"
	    "Without NAME: a table of the built-in scenarios and what an administrator\n"
	    "sees of each. With NAME: symptom, where to look, cause, how to mend it by hand\n"
	    "and by the control API, and what a correct client does. --yaml: the file itself,\n"
	    "which can be kept, changed and given to --scenario. --markdown: the table of\n"
	    "the README.\n"
	    "\n"
	    "Exit status: 0 fine, 2 usage, 3 there is no such scenario.\n"
	    "\n"
	    "Example: mockndes scenarios --yaml ra-expired >mine.yaml\n",
	    scenarios_run },
	{ "schema", "print the JSON Schema of scenario files",
	    "usage: mockndes schema\n"
	    "\n"
	    "Prints the JSON Schema (2020-12) of scenario files, for editors and other\n"
	    "validators. `mockndes check` says more, and says where.\n"
	    "\n"
	    "Exit status: 0 fine, 2 usage.\n"
	    "\n"
	    "Example: mockndes schema >scenario-1.json\n",
	    schema_run },
	{ "health", "ask whether a server is ready",
	    "usage: mockndes health [URL]\n"
	    "\n"
	    "Asks the server at URL whether it is ready; a control URL without a path is\n"
	    "asked for /v1/ready, a SCEP URL for GetCACaps. The default is that of\n"
	    "MOCKNDES_CONTROL_URL, else http://127.0.0.1:8081 or the port in\n"
	    "MOCKNDES_CONTROL_PORT. TLS certificates are not verified; the answer must come\n"
	    "within 5 seconds.\n"
	    "\n"
	    "Exit status: 0 ready, 1 not ready, 2 usage.\n"
	    "\n"
	    "Example: mockndes health http://127.0.0.1:8080/certsrv/mscep/mscep.dll\n",
	    health_run },
	{ "ctl", "the control API from a shell",
	    "usage: mockndes ctl [--url URL] [--token TEXT] [--site SITE] [--json] VERB ...\n"
	    "\n"
	    "Asks a running server. `mockndes ctl help [NOUN]` has each verb with what it\n"
	    "takes; the nouns are:\n"
	    "\n"
	    "  info live ready metrics             the server, and its figures\n"
	    "  reset shutdown                      back to its start, or its end\n"
	    "  openapi schema                      what the API has, and scenario files\n"
	    "  host restart                        what is true of the deployment\n"
	    "  scenario scenarios check            what is wrong with it\n"
	    "  rules                               faults put in by hand\n"
	    "  requests verify stream evidence     what clients did, and what came of it\n"
	    "  ca certificates revoke challenges   keys to the door\n"
	    "  sessions clock                      private sites, another time\n"
	    "\n"
	    "The URL is that of MOCKNDES_CONTROL_URL, else http://127.0.0.1:8081; the token\n"
	    "that of MOCKNDES_CONTROL_TOKEN. --json prints answers as they came.\n"
	    "\n"
	    "Exit status: 0 fine, 1 the server refuses or is not there, 2 usage,\n"
	    "5 `ctl verify`: it did not hold.\n"
	    "\n"
	    "Example: mockndes ctl host set rights.impersonate=true\n",
	    ctl_run },
	{ "help", "say what the command, or one of these, does",
	    "usage: mockndes help [COMMAND]\n"
	    "\n"
	    "Lists the commands, or says what one of them does.\n"
	    "\n"
	    "Example: mockndes help scenarios\n",
	    help_run },
};

const struct command *
command_at(size_t i)
{
	return i < nitems(commands) ? &commands[i] : NULL;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < nitems(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const char *
command_name_at(size_t i)
{
	return i < nitems(commands) ? commands[i].name : NULL;
}

static int
run(int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);
	const char *meant;

	if (c == NULL) {
		meant = nearest(argv[0], command_name_at);
		if (meant != NULL)
			complain("there is no command \"%s\"; did you mean %s?",
			    argv[0], meant);
		else
			complain("there is no command \"%s\"; `mockndes help` "
				 "lists them",
			    argv[0]);
		return EXIT_USAGE;
	}
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			command_help(c);
			return say_done(EXIT_FINE);
		}
	}
	return c->run(argc, argv);
}

int
main(int argc, char **argv)
{
	char serve[] = "serve";

	for (int i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--version") == 0) {
			printf("mockndes %s\n", MOCKNDES_VERSION);
			return say_done(EXIT_FINE);
		}
	}
	if (argc > 1 && argv[1][0] != '-')
		return run(argc - 1, argv + 1);
	/* Options only: serve's, with its name where the program's was. */
	if (argc < 1)
		return EXIT_USAGE;
	argv[0] = serve;
	return run(argc, argv);
}
