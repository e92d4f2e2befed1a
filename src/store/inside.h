/* SPDX-License-Identifier: MIT */
/* The store as its own files see it; private to the room. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/store.h"

enum store_statement {
	ST_RESERVE,
	ST_GIVE_BACK,
	ST_CERT_ADD,
	ST_CERT_STATE,
	ST_CERT_GET,
	ST_CERT_LAST_OF_KEY,
	ST_CERT_LAST_SERIAL,
	ST_CERT_REVOKE,
	ST_REVOKED,
	ST_COUNTS,
	ST_SETTING_GET,
	ST_SETTING_SET,
	STORE_STATEMENTS
};

struct store {
	pthread_mutex_t lock; /* around everything below */
	sqlite3 *db;
	char *path;
	bool in_file;
	int64_t
	    first_end; /* the last certificate that was there when it was opened */
	uint64_t taken,
	    reserved; /* serial numbers: the last one handed out, the last one that may be */
	sqlite3_stmt *statements[STORE_STATEMENTS];
};

/* Record what SQLite says of its last call; -1. */
int store_fail(struct store *s, const char *doing, struct err *e);

/* Run statements that give nothing; the lock is held, or nobody else has s. */
MUST_USE int store_run(
    struct store *s, const char *sql, const char *doing, struct err *e);

/* Open the database, bring it to the current schema, prepare. -1: store_close() is still right. */
MUST_USE int store_open_database(struct store *s, struct err *e);

/* rewind.c: from now on note what store_rewind() will have to know. */
MUST_USE int store_watch(struct store *s, struct err *e);

#endif
