/* SPDX-License-Identifier: MIT */
/*
 * Where the seven keys come from: the program itself, a folder, or new ones.
 * What is made out of them is mint.c's.
 */
#include "ca/keys.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/builtin_keys.h"

#define KEY_BITS 2048
#define KEY_FILE_MAX 65536

struct role_row {
	const char *name;
	bool required; /* in a folder; otherwise the built-in one will do */
};

static const struct role_row roles[CA_ROLES] = {
	[CA_ROOT] = { "root", true },
	[CA_ISSUING] = { "issuing", true },
	[CA_RA_SIGN] = { "ra-sign", true },
	[CA_RA_ENCRYPT] = { "ra-encrypt", true },
	[CA_TLS] = { "tls", false },
	[CA_STRANGER] = { "stranger", false },
	[CA_NEXT] = { "next", false },
};

struct ca_keys {
	struct pki_key *key[CA_ROLES];
	struct buf cert[CA_ROLES]; /* DER; empty: none was brought */
};

const char *
ca_role_name(enum ca_role role)
{
	return (unsigned)role < CA_ROLES ? roles[role].name : "unknown";
}

const struct pki_key *
ca_keys_get(const struct ca_keys *keys, enum ca_role role)
{
	return keys->key[role];
}

struct bytes
ca_keys_certificate(const struct ca_keys *keys, enum ca_role role)
{
	return buf_bytes(&keys->cert[role]);
}

void
ca_keys_free(struct ca_keys *keys)
{
	if (keys == NULL)
		return;
	for (size_t i = 0; i < CA_ROLES; i++) {
		pki_key_free(keys->key[i]);
		buf_clear(&keys->cert[i]);
	}
	free(keys);
}

static struct ca_keys *
keys_new(struct err *e)
{
	struct ca_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the keys");
		return NULL;
	}
	for (size_t i = 0; i < CA_ROLES; i++)
		buf_init(&keys->cert[i], KEY_FILE_MAX);
	return keys;
}

/* ---- built in ---- */

static int
builtin_key(struct pki_key **out, const struct pki_lib *lib, enum ca_role role,
    struct err *e)
{
	for (size_t i = 0; i < ca_builtin_key_count; i++) {
		const struct ca_builtin_key *row = &ca_builtin_keys[i];

		if (strcmp(row->role, roles[role].name) == 0)
			return pki_key_from_pem(
			    out, lib, bytes_str(row->pem), e);
	}
	return err_set(e, ERR_INPUT, "this program was built without a %s key",
	    roles[role].name);
}

struct ca_keys *
ca_keys_builtin(const struct pki_lib *lib, struct err *e)
{
	struct ca_keys *keys = keys_new(e);

	for (size_t i = 0; keys != NULL && i < CA_ROLES; i++) {
		if (builtin_key(&keys->key[i], lib, (enum ca_role)i, e) == -1) {
			ca_keys_free(keys);
			keys = NULL;
		}
	}
	return keys;
}

/* ---- a folder ---- */

struct folder {
	const struct pki_lib *lib;
	const char *dir;
	bool whole; /* every key must be there */
	struct ca_keys *keys;
};

/* Append the file to out. *there false: no such file, out as it was. */
static int
read_file(const char *path, struct buf *out, bool *there, struct err *e)
{
	FILE *file = fopen(path, "rbe");
	uint8_t piece[4096];
	size_t n;
	int result = 0;

	*there = file != NULL || errno != ENOENT;
	if (file == NULL)
		return *there ? err_sys(e, ERR_INPUT, "%s", path) : 0;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(out, bytes_of(piece, n));
	if (ferror(file))
		result = err_sys(e, ERR_INPUT, "%s", path);
	else if (!buf_ok(out))
		result = err_set(
		    e, ERR_LIMIT, "%s: more than %d bytes", path, KEY_FILE_MAX);
	fclose(file);
	return result;
}

/* A key that clients' messages can be opened and certificates signed with. */
static int
parse_key(const struct folder *f, enum ca_role role, const char *path,
    struct bytes pem, struct err *e)
{
	struct err why = { 0 };
	struct pki_key *key = NULL;

	if (pki_key_from_pem(&key, f->lib, pem, &why) == -1)
		return err_set(e, why.code, "%s: %s", path, why.text);
	if (!pki_key_is_rsa(key)) {
		pki_key_free(key);
		return err_set(
		    e, ERR_INPUT, "%s: not an RSA key, which NDES needs", path);
	}
	f->keys->key[role] = key;
	return 0;
}

static int
load_key(const struct folder *f, enum ca_role role, struct err *e)
{
	char path[4096];
	struct buf pem;
	bool there = false;
	int result = -1;

	buf_init(&pem, KEY_FILE_MAX);
	snprintf(path, sizeof(path), "%s/%s.key", f->dir, roles[role].name);
	if (read_file(path, &pem, &there, e) == -1)
		goto out;
	if (there)
		result = parse_key(f, role, path, buf_bytes(&pem), e);
	else if (f->whole || roles[role].required)
		result = err_set(e, ERR_INPUT, "%s: no such file", path);
	else
		result = builtin_key(&f->keys->key[role], f->lib, role, e);
out:
	buf_clear(&pem);
	return result;
}

/* Is it a certificate, and is it this key's? */
static int
check_cert(const struct ca_keys *keys, enum ca_role role, const char *path,
    struct bytes der, struct err *e)
{
	struct asn1_fault fault = { 0 };
	struct pki_cert cert;

	if (!pki_cert_parse(&cert, der, &fault))
		return err_set(e, ERR_INPUT, "%s: not a certificate: %s", path,
		    fault.why == NULL ? "it cannot be read" : fault.why);
	if (!bytes_eq(cert.spki, pki_key_spki(keys->key[role])))
		return err_set(e, ERR_INPUT,
		    "%s: the certificate does not belong to %s.key", path,
		    roles[role].name);
	return 0;
}

int
ca_keys_set_certificate(
    struct ca_keys *keys, enum ca_role role, struct bytes der, struct err *e)
{
	buf_clear(&keys->cert[role]);
	buf_init(&keys->cert[role], KEY_FILE_MAX);
	buf_add(&keys->cert[role], der);
	if (!buf_ok(&keys->cert[role]))
		return err_set(e, ERR_MEMORY, "no memory for certificates");
	return 0;
}

int
ca_keys_read_certificate(struct ca_keys *keys, enum ca_role role,
    const char *dir, bool *there, struct err *e)
{
	char path[4096];
	struct buf pem, der;
	struct err why = { 0 };
	int result = -1;

	buf_init(&pem, KEY_FILE_MAX);
	buf_init(&der, KEY_FILE_MAX);
	snprintf(path, sizeof(path), "%s/%s.pem", dir, roles[role].name);
	*there = false;
	if (read_file(path, &pem, there, e) == -1)
		goto out;
	if (!*there)
		result = 0;
	else if (pki_pem_der(&der, "CERTIFICATE", buf_bytes(&pem), &why) == -1)
		result = err_set(e, why.code, "%s: %s", path, why.text);
	else if (check_cert(keys, role, path, buf_bytes(&der), e) == 0)
		result =
		    ca_keys_set_certificate(keys, role, buf_bytes(&der), e);
out:
	buf_clear(&pem);
	buf_clear(&der);
	return result;
}

static struct ca_keys *
load_folder(struct folder *f, struct err *e)
{
	f->keys = keys_new(e);
	for (size_t i = 0; f->keys != NULL && i < CA_ROLES; i++) {
		enum ca_role role = (enum ca_role)i;
		bool there;

		if (load_key(f, role, e) == -1 ||
		    ca_keys_read_certificate(
			f->keys, role, f->dir, &there, e) == -1) {
			ca_keys_free(f->keys);
			f->keys = NULL;
		}
	}
	return f->keys;
}

struct ca_keys *
ca_keys_from_dir(const struct pki_lib *lib, const char *dir, struct err *e)
{
	struct folder f = { .lib = lib, .dir = dir };

	return load_folder(&f, e);
}

struct ca_keys *
ca_keys_from_whole_dir(
    const struct pki_lib *lib, const char *dir, struct err *e)
{
	struct folder f = { .lib = lib, .dir = dir, .whole = true };

	return load_folder(&f, e);
}

/* ---- new ones ---- */

struct maker {
	const struct pki_lib *lib;
	struct pki_key *key;
	struct err err;
	int result;
	pthread_t thread;
	bool started;
};

static void *
make_key(void *arg)
{
	struct maker *m = arg;

	m->result = pki_key_generate(&m->key, m->lib, KEY_BITS, &m->err);
	return NULL;
}

struct ca_keys *
ca_keys_fresh(const struct pki_lib *lib, struct err *e)
{
	struct maker makers[CA_ROLES] = { 0 };
	struct ca_keys *keys = keys_new(e);
	int result = 0;

	if (keys == NULL)
		return NULL;
	for (size_t i = 0; i < CA_ROLES; i++) {
		makers[i].lib = lib;
		makers[i].started = pthread_create(&makers[i].thread, NULL,
					make_key, &makers[i]) == 0;
		if (!makers[i].started) /* no thread to be had: here, then */
			make_key(&makers[i]);
	}
	for (size_t i = 0; i < CA_ROLES; i++) {
		if (makers[i].started)
			pthread_join(makers[i].thread, NULL);
		keys->key[i] = makers[i].key;
		if (makers[i].result == -1)
			result = err_set(e, makers[i].err.code,
			    "cannot make a %s key: %s", roles[i].name,
			    makers[i].err.text);
	}
	if (result == -1) {
		ca_keys_free(keys);
		return NULL;
	}
	return keys;
}
