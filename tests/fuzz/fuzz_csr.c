/* SPDX-License-Identifier: MIT */
/*
 * Aims at scep_csr_decode(), pki_csr_parse(), pki_ext_next(),
 * pki_csr_extension(), pki_string_utf8() and pki_name_text(): everything that
 * is read out of a PKCS#10 once the envelope is open.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pki/oid.h"
#include "scep/message.h"

#define ARENA_MAX ((size_t)8 << 20)
#define TEXT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_csr: %s\n", what);
	abort();
}

static void
read_extensions(const struct pki_csr *csr)
{
	struct pki_ext ext;

	for (size_t i = 0; i < csr->extension_lists; i++) {
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;

		asn1_open(&r, csr->extensions[i], &fault);
		while (pki_ext_next(&r, &ext))
			(void)pki_key_usage_read(ext.value);
	}
	(void)pki_csr_extension(csr, pki_oid_subject_alt_name, &ext);
}

static void
print_names(const struct pki_csr *csr)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	pki_name_text(&text, csr->subject);
	need(buf_ok(&text), "text without end");
	buf_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pki_lib *lib;
	static struct pki_ctx *ctx;
	struct scep_message m;
	struct arena arena;
	struct err e = { 0 };

	if (lib == NULL) {
		lib = pki_lib_new(&e);
		need(lib != NULL, e.text);
		ctx = pki_ctx_new(lib, &e);
		need(ctx != NULL, e.text);
	}
	arena_init(&arena, ARENA_MAX);
	need(scep_csr_decode(&m, ctx, &arena, bytes_of(data, size), &e) == 0,
	    e.text);
	need((m.verdict == SCEP_SOUND) == (m.what[0] == '\0'), "a sentence");
	need(m.stopped_at <= size, "a place");
	if (m.has_csr) {
		read_extensions(&m.csr);
		print_names(&m.csr);
	}
	scep_message_clear(&m);
	arena_clear(&arena);
	return 0;
}
