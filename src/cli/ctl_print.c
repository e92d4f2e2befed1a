/* SPDX-License-Identifier: MIT */
/* JSON for people: aligned lines and tables, no braces, no quotes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

#define COLUMNS_MAX 16
#define GAP 2

/* ---- values ---- */

static void
put_text(FILE *f, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_STRING:
		fputs(json_string_value(value), f);
		break;
	case JSON_INTEGER:
		fprintf(f, "%lld", json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(f, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
		fputs("yes", f);
		break;
	case JSON_FALSE:
		fputs("no", f);
		break;
	case JSON_NULL:
		break;
	case JSON_ARRAY:
		json_array_foreach((json_t *)(uintptr_t)value, i, member)
		{
			fputs(i > 0 ? ", " : "", f);
			put_text(f, member);
		}
		break;
	case JSON_OBJECT:
		i = 0;
		json_object_foreach((json_t *)(uintptr_t)value, key, member)
		{
			fprintf(f, "%s%s ", i++ > 0 ? ", " : "", key);
			put_text(f, member);
		}
		break;
	}
}

char *
ctl_text(const json_t *value)
{
	char *text = NULL;
	size_t n;
	FILE *f;

	if (value == NULL)
		return strdup("");
	f = open_memstream(&text, &n);
	if (f == NULL)
		return NULL;
	put_text(f, value);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* A line is a line, whatever is in a value. */
static void
print_line(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(
		    (unsigned char)*text < ' ' || *text == 127 ? ' ' : *text);
}

/* The characters of UTF-8 that take a column; near enough for names. */
static size_t
width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static const json_t *
member_at(const json_t *object, const char *key)
{
	char name[64];
	size_t n = strcspn(key, ".");

	if (key[n] == '\0')
		return json_object_get(object, key);
	if (n >= sizeof name)
		return NULL;
	memcpy(name, key, n);
	name[n] = '\0';
	return member_at(json_object_get(object, name), key + n + 1);
}

/* ---- tables ---- */

static size_t
column_width(const json_t *array, const struct ctl_column *column)
{
	size_t widest = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		char *text =
		    ctl_text(member_at(json_array_get(array, i), column->key));
		size_t n = text == NULL ? 0 : width_of(text);

		free(text);
		if (n > widest)
			widest = n;
	}
	if (widest > 0 && widest < strlen(column->title))
		widest = strlen(column->title);
	return widest;
}

static void
print_cell(const char *text, size_t width, bool last)
{
	print_line(text);
	if (last)
		putchar('\n');
	else
		printf("%*s", (int)(width - width_of(text) + GAP), "");
}

void
ctl_print_table(const json_t *array, const struct ctl_column *columns)
{
	size_t width[COLUMNS_MAX] = { 0 };
	size_t n = 0, last = 0;

	for (; n < COLUMNS_MAX && columns[n].title != NULL; n++) {
		width[n] = column_width(array, &columns[n]);
		if (width[n] > 0)
			last = n;
	}
	if (json_array_size(array) == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (width[i] > 0)
			print_cell(columns[i].title, width[i], i == last);
	for (size_t row = 0; row < json_array_size(array); row++) {
		for (size_t i = 0; i < n; i++) {
			char *text = width[i] == 0
			    ? NULL
			    : ctl_text(member_at(
				  json_array_get(array, row), columns[i].key));

			if (text != NULL)
				print_cell(text, width[i], i == last);
			free(text);
		}
	}
}

/* ---- documents ---- */

static bool
is_table(const json_t *value)
{
	return json_is_array(value) && json_array_size(value) > 0 &&
	    json_is_object(json_array_get(value, 0));
}

/* The members of the first row that fit a cell. */
static void
print_any_table(const json_t *array)
{
	struct ctl_column columns[COLUMNS_MAX + 1] = { 0 };
	const char *key;
	json_t *member;
	size_t n = 0;

	json_object_foreach(json_array_get(array, 0), key, member)
	{
		if (n < COLUMNS_MAX && !json_is_object(member) &&
		    !is_table(member))
			columns[n++] = (struct ctl_column){ key, key };
	}
	ctl_print_table(array, columns);
}

/* Keys may be long: those of the model have four parts. */
static size_t
longest_key(const json_t *object, size_t before)
{
	const char *key;
	json_t *member;
	size_t longest = 0;

	json_object_foreach((json_t *)(uintptr_t)object, key, member)
	{
		size_t n = before + strlen(key);

		if (json_is_object(member) && json_object_size(member) > 0)
			n = longest_key(member, n + 1);
		if (n > longest)
			longest = n;
	}
	return longest;
}

static void
print_members(const json_t *object, const char *before, size_t width)
{
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, key, member)
	{
		char path[256];
		char *text;

		snprintf(path, sizeof path, "%s%s%s", before,
		    before[0] == '\0' ? "" : ".", key);
		if (json_is_object(member) && json_object_size(member) > 0) {
			print_members(member, path, width);
			continue;
		}
		if (is_table(member)) {
			printf("%s:\n", path);
			print_any_table(member);
			continue;
		}
		text = ctl_text(member);
		printf("%-*s", (int)(width + GAP), path);
		print_line(text == NULL ? "" : text);
		putchar('\n');
		free(text);
	}
}

void
ctl_print(const json_t *json)
{
	char *text;

	if (json_is_object(json)) {
		print_members(json, "", longest_key(json, 0));
	} else if (is_table(json)) {
		print_any_table(json);
	} else {
		text = ctl_text(json);
		print_line(text == NULL ? "" : text);
		putchar('\n');
		free(text);
	}
}
