/* SPDX-License-Identifier: MIT */
/*
 * Folders of keys and of certificates: written aside and renamed, file by
 * file or as a whole, with what was written on disk before its name is.
 */
#include "ca/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/keys.h"

#define FOLDER_SIZE 4128 /* PATH_MAX and what is put behind it */
#define PATH_SIZE (FOLDER_SIZE + 32) /* a file in there */
#define PEM_MAX 131072
#define ASIDE ".new" /* behind the name of what is not whole yet */

/* ---- files and folders ---- */

static int
write_all(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = write(fd, b.p, b.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		b = bytes_from(b, (size_t)n);
	}
	return fsync(fd);
}

static int
write_file(const char *path, const struct buf *text, struct err *e)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	int fd, rc;

	if (!buf_ok(text))
		return err_set(e, ERR_MEMORY, "no memory for %s", path);
	fd = open(path, flags, 0600);
	if (fd == -1)
		return err_sys(e, ERR_SYSTEM, "%s", path);
	rc = write_all(fd, buf_bytes(text));
	if (rc == -1)
		(void)err_sys(e, ERR_SYSTEM, "%s", path);
	close(fd);
	return rc;
}

/* A rename is lasting once its folder is. */
static int
sync_folder(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd == -1 ? -1 : fsync(fd);

	if (rc == -1 && errno != EINVAL) /* some file systems cannot */
		(void)err_sys(e, ERR_SYSTEM, "%s", dir);
	else
		rc = 0;
	if (fd != -1)
		close(fd);
	return rc;
}

static int
rename_file(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) == -1)
		return err_sys(e, ERR_SYSTEM, "%s", to);
	return 0;
}

static void
file_name(char *path, const char *dir, enum ca_role role, const char *suffix)
{
	snprintf(path, PATH_SIZE, "%s/%s%s", dir, ca_role_name(role), suffix);
}

/* A new folder to be filled; what a start that was cut short left in one is overwritten. */
static int
begin_folder(char *aside, const char *dir, struct err *e)
{
	snprintf(aside, FOLDER_SIZE, "%s%s", dir, ASIDE);
	if (mkdir(aside, 0700) == -1 && errno != EEXIST)
		return err_sys(e, ERR_SYSTEM, "%s", aside);
	return 0;
}

static int
end_folder(const char *aside, const char *dir, struct err *e)
{
	char parent[PATH_SIZE];

	snprintf(parent, sizeof(parent), "%s/..", dir);
	if (sync_folder(aside, e) == -1 || rename_file(aside, dir, e) == -1)
		return -1;
	return sync_folder(parent, e);
}

/* ---- keys ---- */

static int
save_certificate(
    const char *dir, enum ca_role role, struct bytes der, struct err *e)
{
	char path[PATH_SIZE];
	struct buf pem;
	int rc;

	buf_init(&pem, PEM_MAX);
	pki_pem(&pem, "CERTIFICATE", der);
	file_name(path, dir, role, ".pem");
	rc = write_file(path, &pem, e);
	buf_clear(&pem);
	return rc;
}

static int
save_key(const struct ca_keys *keys, enum ca_role role, const char *dir,
    struct err *e)
{
	char path[PATH_SIZE];
	struct buf pem;
	int rc = -1;

	buf_init(&pem, PEM_MAX);
	file_name(path, dir, role, ".key");
	if (pki_key_to_pem(ca_keys_get(keys, role), &pem, e) == 0)
		rc = write_file(path, &pem, e);
	buf_clear(&pem);
	return rc;
}

/* With the certificate that was brought; one of an earlier try goes. */
static int
save_role(const struct ca_keys *keys, enum ca_role role, const char *dir,
    struct err *e)
{
	struct bytes der = ca_keys_certificate(keys, role);
	char path[PATH_SIZE];

	if (save_key(keys, role, dir, e) == -1)
		return -1;
	if (der.n > 0)
		return save_certificate(dir, role, der, e);
	file_name(path, dir, role, ".pem");
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(e, ERR_SYSTEM, "%s", path);
	return 0;
}

int
ca_keys_save(const struct ca_keys *keys, const char *dir, struct err *e)
{
	char aside[FOLDER_SIZE];

	if (begin_folder(aside, dir, e) == -1)
		return -1;
	for (size_t i = 0; i < CA_ROLES; i++) {
		if (save_role(keys, (enum ca_role)i, aside, e) == -1)
			return -1;
	}
	return end_folder(aside, dir, e);
}

struct ca_keys *
ca_keys_saved(const struct pki_lib *lib, const char *dir, struct err *e)
{
	return ca_keys_from_whole_dir(lib, dir, e);
}

enum ca_role
ca_keys_difference(const struct ca_keys *a, const struct ca_keys *b)
{
	for (size_t i = 0; i < CA_ROLES; i++) {
		enum ca_role role = (enum ca_role)i;

		if (!bytes_eq(pki_key_spki(ca_keys_get(a, role)),
			pki_key_spki(ca_keys_get(b, role))) ||
		    !bytes_eq(ca_keys_certificate(a, role),
			ca_keys_certificate(b, role)))
			return role;
	}
	return CA_ROLES;
}

/* ---- certificates ---- */

/* The roles whose certificates have to be minted, as bits. */
static int
read_certificates(struct ca_keys *keys, const char *dir, int64_t now,
    unsigned *wanted, struct err *e)
{
	for (size_t i = 0; i < CA_ROLES; i++) {
		enum ca_role role = (enum ca_role)i;
		struct asn1_fault fault = { 0 };
		struct pki_cert cert;
		bool there;

		if (ca_keys_certificate(keys, role).n > 0)
			continue;
		if (ca_keys_read_certificate(keys, role, dir, &there, e) == -1)
			return -1;
		if (!there)
			return err_set(e, ERR_INPUT, "%s/%s.pem: no such file",
			    dir, ca_role_name(role));
		if (pki_cert_parse(
			&cert, ca_keys_certificate(keys, role), &fault) &&
		    cert.not_after > now)
			continue;
		*wanted |= 1U << role;
		if (ca_keys_set_certificate(keys, role, bytes_of(NULL, 0), e) ==
		    -1)
			return -1;
	}
	return 0;
}

/* One of the folder's files in place of the old one. */
static int
replace_certificate(
    const char *dir, enum ca_role role, struct bytes der, struct err *e)
{
	char path[PATH_SIZE], aside[PATH_SIZE];
	struct buf pem;
	int rc;

	file_name(path, dir, role, ".pem");
	file_name(aside, dir, role, ".pem" ASIDE);
	buf_init(&pem, PEM_MAX);
	pki_pem(&pem, "CERTIFICATE", der);
	rc = write_file(aside, &pem, e);
	buf_clear(&pem);
	return rc == -1 ? -1 : rename_file(aside, path, e);
}

static int
save_certificates(const struct ca_material *m, const char *dir, struct err *e)
{
	char aside[FOLDER_SIZE];

	if (begin_folder(aside, dir, e) == -1)
		return -1;
	for (size_t i = 0; i < CA_ROLES; i++) {
		enum ca_role role = (enum ca_role)i;

		if (save_certificate(
			aside, role, ca_material_cert(m, role)->der, e) == -1)
			return -1;
	}
	return end_folder(aside, dir, e);
}

/* Take over from m what is wanted; replace: and put it in the folder. */
static int
take_certificates(struct ca_keys *keys, const struct ca_material *m,
    const char *dir, unsigned wanted, bool replace, struct err *e)
{
	for (size_t i = 0; i < CA_ROLES; i++) {
		enum ca_role role = (enum ca_role)i;
		struct bytes der = ca_material_cert(m, role)->der;

		if ((wanted & 1U << role) == 0)
			continue;
		if (replace && replace_certificate(dir, role, der, e) == -1)
			return -1;
		if (ca_keys_set_certificate(keys, role, der, e) == -1)
			return -1;
	}
	return replace ? sync_folder(dir, e) : 0;
}

int
ca_certificates_keep(struct ca_keys *keys, const char *dir, struct pki_ctx *ctx,
    const struct ca_material_spec *spec, const struct env *env,
    unsigned *renewed, struct err *e)
{
	struct ca_material *m = NULL;
	bool there = access(dir, F_OK) == 0;
	unsigned wanted = there ? 0 : (1U << CA_ROLES) - 1;
	int rc = -1;

	*renewed = 0;
	if (there && read_certificates(keys, dir, spec->now, &wanted, e) == -1)
		return -1;
	if (wanted == 0)
		return 0;
	if (ca_material_mint(&m, ctx, spec, env, e) == 0 &&
	    (there || save_certificates(m, dir, e) == 0))
		rc = take_certificates(keys, m, dir, wanted, there, e);
	if (rc == 0 && there)
		*renewed = wanted;
	ca_material_free(m);
	return rc;
}
