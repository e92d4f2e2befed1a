/* SPDX-License-Identifier: MIT */
/*
 * What the ready-made faults of GetCACaps make of its answer, byte for byte:
 * each file is met below /x/ of one server, whose own list is that of NDES.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/served.h"

#define NL "\r\n"
#define NDES_LIST                                                    \
	"POSTPKIOperation" NL "Renewal" NL "SHA-512" NL "SHA-256" NL \
	"SHA-1" NL "DES3" NL
#define CAPS(name, text)                               \
	{                                              \
		"robust/" name, text, sizeof(text) - 1 \
	}

static const struct {
	const char *name;
	const char *body;
	size_t n;
} lists[] = {
	CAPS("caps-empty", ""),
	CAPS("caps-lower",
	    "postpkioperation" NL "renewal" NL "sha-512" NL "sha-256" NL
	    "sha-1" NL "des3" NL),
	CAPS("caps-space",
	    " POSTPKIOperation\t" NL " Renewal\t" NL " SHA-512\t" NL
	    " SHA-256\t" NL " SHA-1\t" NL " DES3\t" NL),
	CAPS("caps-space-leading",
	    " POSTPKIOperation" NL " Renewal" NL " SHA-512" NL " SHA-256" NL
	    " SHA-1" NL " DES3" NL),
	CAPS("caps-space-trailing",
	    "POSTPKIOperation " NL "Renewal " NL "SHA-512 " NL "SHA-256 " NL
	    "SHA-1 " NL "DES3 " NL),
	CAPS("caps-crlf", NDES_LIST),
	CAPS("caps-lf",
	    "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n"),
	CAPS("caps-cr",
	    "POSTPKIOperation\rRenewal\rSHA-512\rSHA-256\rSHA-1\rDES3\r"),
	CAPS("caps-mixed",
	    "POSTPKIOperation\r\nRenewal\nSHA-512\r\nSHA-256\nSHA-1\r\nDES3\n"),
	CAPS("caps-blankline",
	    "POSTPKIOperation" NL "Renewal" NL "SHA-512" NL NL "SHA-256" NL
	    "SHA-1" NL "DES3" NL),
	CAPS("caps-blankline-first", NL NDES_LIST),
	CAPS("caps-blankline-last", NDES_LIST NL),
	CAPS("caps-prefix", "S" NL "SHA" NL "SHA-2" NL),
	CAPS("caps-samelen",
	    "POSTPKIOperation" NL "SHA-256" NL "SHA-1" NL "DES3" NL),
	CAPS("caps-substring",
	    "NoPOSTPKIOperation" NL "SHA-256" NL "SHA-1" NL "DES3" NL),
	CAPS("caps-bom", "\xef\xbb\xbf" NDES_LIST),
	CAPS("caps-nul",
	    "POSTPKIOperation" NL "\0Renewal" NL "\0SHA-512" NL "\0SHA-256" NL
	    "\0SHA-1" NL "\0DES3" NL "\0"),
	CAPS("caps-html",
	    "<html><body><p>POSTPKIOperation is not supported "
	    "here.</p></body></html>"),
	CAPS("caps-json", "{\"capabilities\":[\"AES\",\"SHA-256\"]}"),
	CAPS("caps-unknown",
	    NDES_LIST "SHA-384" NL "SHA-3-256" NL "Update" NL
		      "Example.com-x" NL),
	CAPS("caps-downgrade", "POSTPKIOperation" NL "SHA-1" NL "DES3" NL),
	CAPS("caps-downgrade-nothing", "POSTPKIOperation" NL "Renewal" NL),
	CAPS("caps-ndes", NDES_LIST),
	CAPS("caps-lie-aes", NDES_LIST "AES" NL),
	CAPS("caps-nextca-missing", NDES_LIST "GetNextCACert" NL),
	CAPS("caps-lie-post", NDES_LIST),
	CAPS("caps-lie-renewal", NDES_LIST),
};

/* The answer to an operation of the site /x/NAME. */
static void
ask(struct client *c, const struct served *s, const char *name,
    const char *query, struct client_http *h)
{
	const char *host = strstr(s->url, "://") + 3;
	const char *path = strchr(host, '/');
	char url[512];

	snprintf(url, sizeof(url), "%.*s/x/%s%s?operation=%s",
	    (int)(path - s->url), s->url, name, path, query);
	if (client_get(c, url, NULL, h) == -1)
		fail_msg("%s: %s", name, c->why);
}

static void
lists_are_what_their_files_say(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, NULL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct client_http h = { 0 };

		ask(&w->c, &s, lists[i].name, "GetCACaps", &h);
		assert_int_equal(h.status, 200);
		if (h.body.n != lists[i].n ||
		    (h.body.n > 0 &&
			memcmp(h.body.p, lists[i].body, h.body.n) != 0))
			fail_msg("%s: %.*s", lists[i].name, (int)h.body.n,
			    h.body.p == NULL ? "" : (const char *)h.body.p);
		client_http_clear(&h);
	}
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_what_their_files_say),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
