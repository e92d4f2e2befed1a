/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files, without a fuzzer: so `make check` replays
 * every corpus with any compiler, and under the sanitizers with V=san. An
 * empty input goes first. It leaves finding new inputs to fuzz-<entry>.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;
	size_t size, got;
	int rc = -1;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		goto out;
	size = (size_t)st.st_size;
	/* Exactly as long as the file, so that a byte too far is seen. */
	data = malloc(size > 0 ? size : 1);
	if (data == NULL)
		goto out;
	got = fread(data, 1, size, f);
	if (got != size)
		goto out;
	(void)LLVMFuzzerTestOneInput(data, size);
	rc = 0;
out:
	if (rc != 0)
		fprintf(stderr, "%s: cannot be read\n", path);
	free(data);
	if (f != NULL)
		fclose(f);
	return rc;
}

static int
replay_folder(const char *folder, unsigned *count)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	char path[4096];
	int rc = 0;

	if (d == NULL) {
		fprintf(stderr, "%s: no such folder\n", folder);
		return -1;
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (replay_file(path) != 0)
			rc = -1;
		else
			++*count;
	}
	closedir(d);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned count = 0;
	int i, rc = 0;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++)
		if (replay_folder(argv[i], &count) != 0)
			rc = 1;
	if (count == 0)
		rc = 1;
	printf("replayed %u inputs\n%d passed, %d failed\n", count, 1 - rc, rc);
	return rc;
}
