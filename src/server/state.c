/* SPDX-License-Identifier: MIT */
/* The directory of --state: who may use it, what must be in it, and whether the options agree with that. */
#include "server/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/kept.h"

#define DIR_SIZE 4000
#define PATH_SIZE (DIR_SIZE + 16)
#define SETTING_MAX 4096

struct state {
	char dir[DIR_SIZE];
	char keys[PATH_SIZE], certs[PATH_SIZE];
	char lock_path[PATH_SIZE];
	char store_path[PATH_SIZE], journal_path[PATH_SIZE];
	int lock; /* -1: not ours */
	struct store *store;
};

/* ---- the directory and its lock ---- */

static int
make_paths(struct state *st, const char *dir, struct err *e)
{
	if (strlen(dir) >= DIR_SIZE)
		return err_set(e, ERR_USAGE,
		    "--state: the path is longer than %d bytes", DIR_SIZE - 1);
	snprintf(st->dir, sizeof(st->dir), "%s", dir);
	snprintf(st->keys, sizeof(st->keys), "%s/keys", dir);
	snprintf(st->certs, sizeof(st->certs), "%s/certs", dir);
	snprintf(st->lock_path, sizeof(st->lock_path), "%s/lock", dir);
	snprintf(st->store_path, sizeof(st->store_path), "%s/store.db", dir);
	snprintf(
	    st->journal_path, sizeof(st->journal_path), "%s/journal.db", dir);
	return 0;
}

static int
make_directory(const struct state *st, struct err *e)
{
	struct stat info;

	if (mkdir(st->dir, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, ERR_SYSTEM,
		    "the state directory %s cannot be made", st->dir);
	if (stat(st->dir, &info) == -1)
		return err_sys(
		    e, ERR_SYSTEM, "the state directory %s", st->dir);
	if (!S_ISDIR(info.st_mode))
		return err_set(
		    e, ERR_SYSTEM, "the state %s is not a directory", st->dir);
	return 0;
}

/* Somebody has it: say who, as far as he has written it down. */
static int
refuse_second(const struct state *st, int fd, struct err *e)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid;

	text[n > 0 ? n : 0] = '\0';
	pid = strtol(text, NULL, 10);
	if (pid <= 0)
		return err_set(e, ERR_SYSTEM,
		    "the state directory %s is in use by another process; one "
		    "server at a time may have it",
		    st->dir);
	return err_set(e, ERR_SYSTEM,
	    "the state directory %s is in use by process %ld; one server at a "
	    "time may have it",
	    st->dir, pid);
}

/* The process id is for people; a disk too full for it is no reason to stop. */
static void
note_pid(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	ssize_t written = -1;

	if (ftruncate(fd, 0) == 0)
		written = pwrite(fd, text, (size_t)n, 0);
	(void)written;
}

static int
lock(struct state *st, struct err *e)
{
	int fd = open(st->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd == -1)
		return err_sys(e, ERR_SYSTEM,
		    "the state directory %s cannot be written", st->dir);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		st->lock = fd;
		note_pid(fd);
		return 0;
	}
	if (errno == EWOULDBLOCK)
		rc = refuse_second(st, fd, e);
	else
		rc = err_sys(
		    e, ERR_SYSTEM, "%s cannot be locked", st->lock_path);
	close(fd);
	return rc;
}

/* ---- opening ---- */

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Databases have the permissions that their file is made with, and so have the files beside them. */
static int
make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(e, ERR_SYSTEM, "%s", path);
	close(fd);
	return 0;
}

/* An empty file would be taken for a new database. */
static int
require_store(const struct state *st, struct err *e)
{
	struct stat info;

	if (!exists(st->certs))
		return 0;
	if (stat(st->store_path, &info) == 0 && info.st_size > 0)
		return 0;
	return err_set(e, ERR_INPUT,
	    "%s is missing or empty, but the directory was in use before; put "
	    "it back, or start with another directory",
	    st->store_path);
}

static int
open_store(struct state *st, struct err *e)
{
	if (require_store(st, e) == -1 ||
	    make_private(st->store_path, e) == -1 ||
	    make_private(st->journal_path, e) == -1)
		return -1;
	st->store = store_open(st->store_path, e);
	return st->store == NULL ? -1 : 0;
}

struct state *
state_open(const char *dir, struct err *e)
{
	struct state *st = calloc(1, sizeof(*st));

	if (st == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a state");
		return NULL;
	}
	st->lock = -1;
	if (make_paths(st, dir, e) == -1 || make_directory(st, e) == -1 ||
	    lock(st, e) == -1 || open_store(st, e) == -1) {
		state_close(st);
		return NULL;
	}
	return st;
}

void
state_close(struct state *st)
{
	if (st == NULL)
		return;
	store_close(st->store);
	if (st->lock != -1)
		close(st->lock);
	free(st);
}

struct store *
state_store(struct state *st)
{
	return st->store;
}

const char *
state_journal_path(const struct state *st)
{
	return st->journal_path;
}

/* ---- keys ---- */

static const char from_certs[] = "certs/";
static const char from_dir[] = "ca-dir";
static const char from_fresh[] = "fresh";

/* A setting, appended; "" when there is none. */
static int
get_setting(struct state *st, const char *name, struct buf *out, struct err *e)
{
	bool found;

	buf_init(out, SETTING_MAX);
	return store_setting_get(st->store, name, out, &found, e);
}

static struct ca_keys *
load_keys(const struct pki_lib *lib, const struct server_options *o,
    const char **from, struct err *e)
{
	if (o->ca_dir != NULL) {
		*from = from_dir;
		return ca_keys_from_dir(lib, o->ca_dir, e);
	}
	*from = o->fresh_keys ? from_fresh : from_certs;
	return o->fresh_keys ? ca_keys_fresh(lib, e) : ca_keys_builtin(lib, e);
}

/* The directory is new: what the options say is noted, then the keys. */
static struct ca_keys *
adopt_keys(struct state *st, const struct pki_lib *lib,
    const struct server_options *o, struct err *e)
{
	const char *from;
	struct ca_keys *keys = load_keys(lib, o, &from, e);

	if (keys == NULL)
		return NULL;
	if (store_setting_set(st->store, "keys", from, e) == -1 ||
	    store_setting_set(st->store, "hostname", o->hostname, e) == -1 ||
	    ca_keys_save(keys, st->keys, e) == -1) {
		ca_keys_free(keys);
		return NULL;
	}
	return keys;
}

/* Keys that are gone cannot be replaced by others: what they signed would not hold. */
static int
require_keys(struct state *st, struct err *e)
{
	uint64_t certs = 0, revision;

	if (store_counts(st->store, &certs, &revision, e) == -1)
		return -1;
	if (certs == 0 && !exists(st->certs))
		return 0;
	return err_set(e, ERR_INPUT,
	    "%s is missing, but the directory was in use before; put it back, "
	    "or start with another directory",
	    st->keys);
}

static int
check_hostname(struct state *st, const struct server_options *o, struct err *e)
{
	struct buf kept;
	int rc = get_setting(st, "hostname", &kept, e);

	if (rc == 0 && kept.n > 0 &&
	    !bytes_eq_nocase(buf_bytes(&kept), bytes_str(o->hostname)))
		rc = err_set(e, ERR_USAGE,
		    "--hostname %s: the certificates in %s are for %s; give "
		    "that name, or start with another directory",
		    o->hostname, st->dir, buf_str(&kept));
	buf_clear(&kept);
	return rc;
}

static int
check_fresh(struct state *st, const struct server_options *o, struct err *e)
{
	struct buf kept;
	int rc;

	if (!o->fresh_keys)
		return 0;
	rc = get_setting(st, "keys", &kept, e);
	if (rc == 0 && strcmp(buf_str(&kept), from_fresh) != 0)
		rc = err_set(e, ERR_USAGE,
		    "--fresh-keys: %s has keys already, %s; leave the option "
		    "out, or start with another directory",
		    st->dir,
		    strcmp(buf_str(&kept), from_dir) == 0
			? "those of a --ca-dir"
			: "the public ones of certs/");
	buf_clear(&kept);
	return rc;
}

static int
check_ca_dir(const struct state *st, const struct pki_lib *lib,
    const struct ca_keys *kept, const struct server_options *o, struct err *e)
{
	struct ca_keys *given;
	enum ca_role role;

	if (o->ca_dir == NULL)
		return 0;
	given = ca_keys_from_dir(lib, o->ca_dir, e);
	if (given == NULL)
		return -1;
	role = ca_keys_difference(kept, given);
	ca_keys_free(given);
	if (role == CA_ROLES)
		return 0;
	return err_set(e, ERR_USAGE,
	    "--ca-dir %s: its %s is not the one in %s, which has keys of its "
	    "own; leave the option out, or start with another directory",
	    o->ca_dir, ca_role_name(role), st->dir);
}

struct ca_keys *
state_keys(struct state *st, const struct pki_lib *lib,
    const struct server_options *o, struct err *e)
{
	struct ca_keys *keys;

	if (!exists(st->keys)) {
		if (require_keys(st, e) == -1)
			return NULL;
		return adopt_keys(st, lib, o, e);
	}
	keys = ca_keys_saved(lib, st->keys, e);
	if (keys == NULL)
		return NULL;
	if (check_hostname(st, o, e) == -1 || check_fresh(st, o, e) == -1 ||
	    check_ca_dir(st, lib, keys, o, e) == -1) {
		ca_keys_free(keys);
		return NULL;
	}
	return keys;
}

/* ---- certificates ---- */

static void
log_renewed(const struct state *st, unsigned renewed, const struct log *log)
{
	for (size_t i = 0; i < CA_ROLES; i++) {
		if ((renewed & 1U << i) != 0)
			log_say(log, LOG_WARN,
			    "the certificate %s/%s.pem had run out; a new one "
			    "was minted",
			    st->certs, ca_role_name((enum ca_role)i));
	}
}

/* Certificates name the URL of their CRL for good. */
static int
check_url(
    struct state *st, const char *url, const struct log *log, struct err *e)
{
	struct buf kept;
	int rc = get_setting(st, "url", &kept, e);

	if (rc == 0 && kept.n == 0)
		rc = store_setting_set(st->store, "url", url, e);
	else if (rc == 0 && strcmp(buf_str(&kept), url) != 0)
		log_say(log, LOG_WARN,
		    "the certificates in %s name %s for their CRL, but this "
		    "server is at %s",
		    st->dir, buf_str(&kept), url);
	buf_clear(&kept);
	return rc;
}

int
state_certificates(struct state *st, struct ca_keys *keys,
    const struct materials_options *o, const struct log *log, struct err *e)
{
	const struct ca_material_spec healthy = {
		.keys = keys,
		.hostname = o->hostname,
		.url_base = o->url_base,
		.now = env_now(o->env),
	};
	struct pki_ctx *ctx = pki_ctx_new(o->lib, e);
	unsigned renewed = 0;
	int rc = -1;

	if (ctx != NULL && check_url(st, o->url_base, log, e) == 0)
		rc = ca_certificates_keep(
		    keys, st->certs, ctx, &healthy, o->env, &renewed, e);
	log_renewed(st, renewed, log);
	pki_ctx_free(ctx);
	return rc;
}
