/* SPDX-License-Identifier: MIT */
/*
 * Aims at scep_message_decode() and all that it calls in asn1/ and pki/: every
 * stage up to decryption, with the RA of tests/vectors. Runs from the root of
 * the repository.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "scep/message.h"

#define ARENA_MAX ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct buf der, pem;
	struct pki_cert cert;
	struct pki_key *key;
};

static void
target_open(struct target *t)
{
	struct asn1_fault fault = { 0 };
	struct err e = { 0 };

	t->lib = pki_lib_new(&e);
	need(t->lib != NULL, "no library context");
	t->ctx = pki_ctx_new(t->lib, &e);
	need(t->ctx != NULL, "no context");
	read_file(&t->der, RA_DER);
	read_file(&t->pem, RA_KEY);
	need(pki_cert_parse(&t->cert, buf_bytes(&t->der), &fault), RA_DER);
	need(pki_key_from_pem(&t->key, t->lib, buf_bytes(&t->pem), &e) == 0,
	    RA_KEY);
}

/* What must hold whatever came. */
static void
check(const struct scep_message *m, size_t size)
{
	need((unsigned)m->verdict < SCEP_VERDICTS, "a verdict");
	need((unsigned)m->stage < SCEP_STAGES, "a stage");
	need((m->verdict == SCEP_SOUND) == (m->what[0] == '\0'), "a sentence");
	need(m->stage >= SCEP_AT_CONTENT || m->stopped_at <= size, "a place");
	need(m->cert_count <= SCEP_CERTS_MAX, "certificates");
	need(m->has_signer || m->signer_key == NULL, "a signer");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct target t;
	struct scep_identity open = { &t.cert, NULL };
	struct scep_message m;
	struct arena arena;
	struct err e = { 0 };

	if (t.lib == NULL)
		target_open(&t);
	open.key = t.key;
	arena_init(&arena, ARENA_MAX);
	need(scep_message_decode(&m, t.ctx, &arena, bytes_of(data, size), &open,
		 1, &t.cert, 1, &e) == 0,
	    e.text);
	check(&m, size);
	scep_message_clear(&m);
	arena_clear(&arena);
	return 0;
}
