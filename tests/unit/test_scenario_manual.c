/* SPDX-License-Identifier: MIT */
/*
 * The manual page mockndes-scenario(5) against the table of host keys: each
 * key has an entry that says what the table says, and no other key has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "ndes/host.h"

#define PAGE "src/scenario/mockndes-scenario.5"
#define SECTION "\n.Sh HOST\n"

static struct buf
page_read(void)
{
	struct buf b;
	FILE *f = fopen(PAGE, "rb");
	int c;

	assert_non_null(f);
	buf_init(&b, 1u << 20);
	while ((c = fgetc(f)) != EOF)
		buf_add_byte(&b, (uint8_t)c);
	fclose(f);
	return b;
}

/* "5m": in the largest unit that leaves no rest. */
static void
add_duration(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" },
		{ 1000, "s" }, { 1, "ms" } };
	size_t i = 0;

	if (ms == 0) {
		buf_add_str(out, "0");
		return;
	}
	while (ms % units[i].ms != 0)
		i++;
	buf_addf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
}

/* "A number from 0 to 5" */
static void
add_values(struct buf *out, const struct host_key *key)
{
	switch (key->type) {
	case HOST_BOOL:
		buf_add_str(out, "True or false");
		break;
	case HOST_INT:
		buf_addf(out, "A number from %" PRId64 " to %" PRId64, key->lo,
		    key->hi);
		break;
	case HOST_ENUM:
		for (size_t i = 0; key->names[i] != NULL; i++)
			buf_addf(out, "%s%s", i == 0 ? "One of " : ", ",
			    key->names[i]);
		break;
	case HOST_DURATION:
		buf_add_str(out, "A duration from ");
		add_duration(out, key->lo);
		buf_add_str(out, " to ");
		add_duration(out, key->hi);
		break;
	case HOST_TEXT:
		buf_add_str(out, "A text");
		break;
	case HOST_LIST:
		buf_add_str(out, "A list of texts");
		break;
	}
}

static void
add_entry(struct buf *out, const struct host_key *key)
{
	static const char *const effects[HOST_EFFECTS] = {
		[HOST_NOW] = "at once",
		[HOST_POOL_START] = "when the application pool starts",
		[HOST_SERVICE_RESTART] = "at a service restart",
		[HOST_COMPUTER_RESTART] = "at a computer restart",
	};

	buf_addf(out, "%s %s ", key->path, key->doc);
	add_values(out, key);
	buf_addf(out, "; in force %s; default .Li %s . ", effects[key->effect],
	    key->fallback);
}

/* The entries of the page, line ends made blanks; keys in their order. */
static void
entries_of(struct buf *out, const char *page)
{
	const char *at = strstr(page, SECTION), *end;

	assert_non_null(at);
	end = strstr(at + strlen(SECTION), "\n.Sh ");
	assert_non_null(end);
	at = strstr(at, "\n.It Ic ");
	assert_non_null(at);
	while (at < end && strncmp(at, "\n.El", 4) != 0) {
		if (strncmp(at, "\n.It Ic ", 8) == 0) {
			if (out->n > 0)
				buf_add_byte(out, ' ');
			at += 8;
		} else if (*at == '\n') {
			buf_add_byte(out, ' ');
			at++;
		} else {
			buf_add_byte(out, (uint8_t)*at++);
		}
	}
	buf_add_byte(out, ' ');
}

static void
says_of_each_key_what_the_table_says(void **state)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	struct buf page = page_read(), said, at;
	const char *rest;

	(void)state;
	buf_init(&said, 1u << 20);
	entries_of(&said, buf_str(&page));
	rest = buf_str(&said);
	for (size_t i = 0; i < n; i++) {
		buf_init(&at, 4096);
		add_entry(&at, &keys[i]);
		if (strncmp(rest, buf_str(&at), at.n) != 0)
			fail_msg("the page says\n%.*s\nthe table says\n%s",
			    (int)at.n, rest, buf_str(&at));
		rest += at.n;
		buf_clear(&at);
	}
	assert_string_equal(rest, "");
	buf_clear(&said);
	buf_clear(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_of_each_key_what_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
