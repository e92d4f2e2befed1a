/* SPDX-License-Identifier: MIT */
/* For tests of the host's logs: a folder that goes away, files as text, and XML judged by libxml2, which the clients of the tests bring along. */
#ifndef UNIT_NDES_LOGS_H
#define UNIT_NDES_LOGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	char path[64];
};

static inline void
folder_make(struct folder *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/mockndes-log-XXXXXX");
	assert_non_null(mkdtemp(f->path));
}

static inline int
folder_entry_remove(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void
folder_remove(const struct folder *f)
{
	assert_int_equal(
	    nftw(f->path, folder_entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define FOLDER_PATH_MAX 512

static inline void
folder_path(const struct folder *f, const char *name, char out[FOLDER_PATH_MAX])
{
	snprintf(out, FOLDER_PATH_MAX, "%s/%s", f->path, name);
}

static inline bool
folder_has(const struct folder *f, const char *name)
{
	char path[FOLDER_PATH_MAX];

	folder_path(f, name, path);
	return access(path, F_OK) == 0;
}

/* The file's text, malloc'ed. */
static inline char *
folder_text(const struct folder *f, const char *name)
{
	char path[FOLDER_PATH_MAX], *text;
	struct stat st;
	FILE *fp;

	folder_path(f, name, path);
	fp = fopen(path, "rb");
	if (fp == NULL)
		fail_msg("no %s", path);
	assert_int_equal(fstat(fileno(fp), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(
	    fread(text, 1, (size_t)st.st_size, fp), (size_t)st.st_size);
	text[st.st_size] = '\0';
	fclose(fp);
	return text;
}

static inline void
folder_put(const struct folder *f, const char *name, const char *text)
{
	char path[FOLDER_PATH_MAX];
	FILE *fp;

	folder_path(f, name, path);
	fp = fopen(path, "wb");
	assert_non_null(fp);
	assert_int_equal(fwrite(text, 1, strlen(text), fp), strlen(text));
	assert_int_equal(fclose(fp), 0);
}

static inline void
assert_file(const struct folder *f, const char *name, const char *wanted)
{
	char *text = folder_text(f, name);

	assert_string_equal(text, wanted);
	free(text);
}

static inline void
assert_file_has(const struct folder *f, const char *name, const char *wanted)
{
	char *text = folder_text(f, name);

	if (strstr(text, wanted) == NULL)
		fail_msg("%s has no \"%s\":\n%s", name, wanted, text);
	free(text);
}

static inline int
count_of(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text += strlen(what);
	}
	return n;
}

/* ---- XML ---- */

/* What the test uses of libxml2, by its documented interface. */
struct xml_parser {
	void *library;
	void *(*read)(const char *text, int size, const char *url,
	    const char *encoding, int options);
	void (*release)(void *doc);
};

#define XML_QUIET_OFFLINE (32 | 64 | 2048) /* no output, no network */

static inline void
xml_symbol(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	assert_non_null(symbol);
	memcpy(function, &symbol, sizeof(symbol));
}

/* False when this machine has no libxml2. */
static inline bool
xml_open(struct xml_parser *xml)
{
	xml->library = dlopen("libxml2.so.2", RTLD_NOW);
	if (xml->library == NULL)
		return false;
	xml_symbol(xml->library, "xmlReadMemory", &xml->read);
	xml_symbol(xml->library, "xmlFreeDoc", &xml->release);
	return true;
}

static inline void
xml_close(struct xml_parser *xml)
{
	dlclose(xml->library);
}

static inline bool
xml_is_well_formed(const struct xml_parser *xml, const char *text)
{
	void *doc = xml->read(
	    text, (int)strlen(text), "x.xml", NULL, XML_QUIET_OFFLINE);

	if (doc != NULL)
		xml->release(doc);
	return doc != NULL;
}

#endif
