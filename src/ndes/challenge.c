/* SPDX-License-Identifier: MIT */
/*
 * The password cache. Passwords that are still good are in one list, spent
 * ones in a ring of bounded size, so that a client's author reads "used" or
 * "expired" and not just "wrong". A restart forgets the one-time ones; the
 * single password is kept, as NDES keeps it in the registry.
 */
#include "ndes/challenge.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "ndes/secret.h"

#define SPENT_MAX 512
#define SPARE_MAX 4096 /* beyond it the oldest spare one is forgotten */
#define MINUTE_MS 60000

struct password {
	struct password *next; /* older */
	int64_t made_ms;
	int64_t life_ms; /* 0: PasswordValidity */
	int64_t used_ms; /* when it was held last */
	bool lasting; /* may be used again */
	bool spare; /* takes no place of PasswordMax */
	bool held; /* by an exchange that has not ended */
	size_t n;
	char text[];
};

struct spent {
	enum challenge_state how;
	struct password *password; /* owned; NULL: free */
};

struct challenge_cache {
	pthread_mutex_t lock; /* of all below but fixed */
	char *fixed;
	char single[CHALLENGE_TEXT_MAX]; /* "": not made yet */
	struct password *newest;
	struct spent spent[SPENT_MAX];
	size_t spent_next; /* the slot to be overwritten */
};

static const char *const state_names[CHALLENGE_STATES] = {
	[CHALLENGE_NOT_LOOKED_AT] = "not looked at",
	[CHALLENGE_NOT_NEEDED] = "not needed",
	[CHALLENGE_GOOD] = "good",
	[CHALLENGE_STATIC] = "static",
	[CHALLENGE_MISSING] = "missing",
	[CHALLENGE_WRONG] = "wrong",
	[CHALLENGE_USED] = "used",
	[CHALLENGE_EXPIRED] = "expired",
};

const char *
challenge_state_name(enum challenge_state s)
{
	if ((unsigned)s >= CHALLENGE_STATES)
		return "unknown";
	return state_names[s];
}

struct challenge_cache *
challenge_cache_new(const char *fixed, struct err *e)
{
	struct challenge_cache *c = calloc(1, sizeof(*c));

	if (c != NULL && fixed != NULL)
		c->fixed = strdup(fixed);
	if (c == NULL || (fixed != NULL && c->fixed == NULL)) {
		free(c);
		err_set(e, ERR_MEMORY, "no memory for the password cache");
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void
forget_all(struct challenge_cache *c)
{
	struct password *p = c->newest, *next;

	for (; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	c->newest = NULL;
	for (size_t i = 0; i < SPENT_MAX; i++) {
		free(c->spent[i].password);
		c->spent[i].password = NULL;
	}
}

void
challenge_clear(struct challenge_cache *c)
{
	pthread_mutex_lock(&c->lock);
	forget_all(c);
	pthread_mutex_unlock(&c->lock);
}

void
challenge_cache_free(struct challenge_cache *c)
{
	if (c == NULL)
		return;
	forget_all(c);
	pthread_mutex_destroy(&c->lock);
	free(c->fixed);
	free(c);
}

/* ---- under the lock ---- */

/* Move the password at *link to the spent ones. */
static void
spend(
    struct challenge_cache *c, struct password **link, enum challenge_state how)
{
	struct spent *slot = &c->spent[c->spent_next];
	struct password *p = *link;

	*link = p->next;
	p->next = NULL;
	free(slot->password);
	slot->password = p;
	slot->how = how;
	c->spent_next = (c->spent_next + 1) % SPENT_MAX;
}

static int64_t
expiry_of(const struct password *p, const struct host *host)
{
	int64_t life = p->life_ms > 0
	    ? p->life_ms
	    : host->registry.password_validity_min * MINUTE_MS;

	return p->made_ms + life;
}

static void
expire(struct challenge_cache *c, const struct host *host, int64_t now_ms)
{
	struct password **link = &c->newest;

	while (*link != NULL) {
		if (!(*link)->held && now_ms >= expiry_of(*link, host))
			spend(c, link, CHALLENGE_EXPIRED);
		else
			link = &(*link)->next;
	}
}

static size_t
count(const struct challenge_cache *c, bool spare)
{
	size_t n = 0;

	for (const struct password *p = c->newest; p != NULL; p = p->next)
		n += p->spare == spare ? 1 : 0;
	return n;
}

/* Looks at every password, so that time does not tell which one it was. */
static struct password **
find(struct challenge_cache *c, struct bytes text)
{
	struct password **found = NULL;

	for (struct password **link = &c->newest; *link != NULL;
	     link = &(*link)->next) {
		if (ndes_secret_equals(
			text, bytes_of((*link)->text, (*link)->n)))
			found = link;
	}
	return found;
}

static enum challenge_state
find_spent(const struct challenge_cache *c, struct bytes text)
{
	enum challenge_state how = CHALLENGE_WRONG;

	for (size_t i = 0; i < SPENT_MAX; i++) {
		const struct password *p = c->spent[i].password;

		if (p != NULL &&
		    ndes_secret_equals(text, bytes_of(p->text, p->n)))
			how = c->spent[i].how;
	}
	return how;
}

static void
drop_oldest_spare(struct challenge_cache *c)
{
	struct password **oldest = NULL;

	for (struct password **link = &c->newest; *link != NULL;
	     link = &(*link)->next) {
		if ((*link)->spare && !(*link)->held)
			oldest = link;
	}
	if (oldest != NULL)
		spend(c, oldest, CHALLENGE_EXPIRED);
}

static int
make_single(struct challenge_cache *c, const char *text)
{
	if (c->single[0] == '\0')
		memcpy(c->single, text, strlen(text) + 1);
	return 1;
}

static int
make_one_time(struct challenge_cache *c, const struct host *host,
    int64_t now_ms, const struct challenge_wish *wish, const char *text)
{
	size_t n = strlen(text);
	bool spare = wish != NULL;
	struct password *p;

	expire(c, host, now_ms);
	if (!spare && count(c, false) >= (size_t)host->registry.password_max)
		return 0;
	if (spare && count(c, true) >= SPARE_MAX)
		drop_oldest_spare(c);
	p = calloc(1, sizeof(*p) + n + 1);
	if (p == NULL)
		return -1;
	memcpy(p->text, text, n + 1);
	p->n = n;
	p->made_ms = now_ms;
	p->spare = spare;
	p->life_ms = spare ? wish->life_ms : 0;
	p->lasting = spare && wish->lasting;
	p->next = c->newest;
	c->newest = p;
	return 1;
}

/* ---- with the lock ---- */

/* PasswordLength random bytes as upper-case hex. */
static int
random_text(const struct host *host, const struct env *env,
    char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t raw[CHALLENGE_TEXT_MAX / 2];
	size_t n = (size_t)host->registry.password_length;

	if (n > sizeof(raw) - 1)
		n = sizeof(raw) - 1;
	if (env_random(env, raw, n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[2 * n] = '\0';
	return 0;
}

static int
give(struct challenge_cache *c, const struct host *host, const struct env *env,
    const struct challenge_wish *wish, char out[CHALLENGE_TEXT_MAX],
    struct err *e)
{
	char text[CHALLENGE_TEXT_MAX];
	int rc;

	if (random_text(host, env, text, e) == -1)
		return -1;
	pthread_mutex_lock(&c->lock);
	if (host->registry.use_single_password != 0) {
		rc = make_single(c, text);
		memcpy(text, c->single, sizeof(text));
	} else {
		rc = make_one_time(c, host, env_now_ms(env), wish, text);
	}
	pthread_mutex_unlock(&c->lock);
	if (rc == 1)
		memcpy(out, text, strlen(text) + 1);
	if (rc == -1)
		err_set(e, ERR_MEMORY, "no memory for a password");
	return rc;
}

int
challenge_new(struct challenge_cache *c, const struct host *host,
    const struct env *env, char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	return give(c, host, env, NULL, out, e);
}

int
challenge_spare(struct challenge_cache *c, const struct host *host,
    const struct env *env, char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	const struct challenge_wish plain = { 0 };

	return challenge_make(c, host, env, &plain, out, e);
}

int
challenge_make(struct challenge_cache *c, const struct host *host,
    const struct env *env, const struct challenge_wish *wish,
    char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	return give(c, host, env, wish, out, e) == 1 ? 0 : -1;
}

int
challenge_restore(struct challenge_cache *c, const struct host *host,
    const struct env *env, const char *text, struct err *e)
{
	const struct challenge_wish wish = { .life_ms = 0 };
	int rc;

	pthread_mutex_lock(&c->lock);
	if (host->registry.use_single_password != 0)
		rc = make_single(c, text);
	else
		rc = make_one_time(c, host, env_now_ms(env), &wish, text);
	pthread_mutex_unlock(&c->lock);
	return rc == -1 ? err_set(e, ERR_MEMORY, "no memory for a password")
			: 0;
}

int
challenge_prefill(struct challenge_cache *c, const struct host *host,
    const struct env *env, size_t n, struct err *e)
{
	char text[CHALLENGE_TEXT_MAX];
	int rc = 1;

	if (host->registry.use_single_password != 0)
		return 0;
	for (size_t i = 0; i < n && rc == 1; i++)
		rc = challenge_new(c, host, env, text, e);
	return rc == -1 ? -1 : 0;
}

/* Is it the password of --challenge, or the single one? */
static bool
is_static(
    const struct challenge_cache *c, struct bytes text, const struct host *host)
{
	bool fixed =
	    c->fixed != NULL && ndes_secret_equals(text, bytes_str(c->fixed));
	bool single = host->registry.use_single_password != 0 &&
	    c->single[0] != '\0' &&
	    ndes_secret_equals(text, bytes_str(c->single));

	return fixed || single;
}

enum challenge_state
challenge_hold(struct challenge_cache *c, struct bytes text,
    const struct host *host, int64_t now_ms)
{
	enum challenge_state state;
	struct password **link;

	if (text.n == 0)
		return CHALLENGE_MISSING;
	pthread_mutex_lock(&c->lock);
	expire(c, host, now_ms);
	link = find(c, text);
	if (is_static(c, text, host) || (link != NULL && (*link)->lasting))
		state = CHALLENGE_STATIC;
	else if (link == NULL)
		state = find_spent(c, text);
	else if ((*link)->held)
		state = CHALLENGE_USED; /* by an exchange under way */
	else {
		(*link)->held = true;
		(*link)->used_ms = now_ms;
		state = CHALLENGE_GOOD;
	}
	pthread_mutex_unlock(&c->lock);
	return state;
}

void
challenge_settle(struct challenge_cache *c, struct bytes text, bool consume)
{
	struct password **link;

	pthread_mutex_lock(&c->lock);
	link = find(c, text);
	if (link != NULL) {
		(*link)->held = false;
		if (consume)
			spend(c, link, CHALLENGE_USED);
	}
	pthread_mutex_unlock(&c->lock);
}

size_t
challenge_unused(
    struct challenge_cache *c, const struct host *host, int64_t now_ms)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	expire(c, host, now_ms);
	n = count(c, false);
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* ---- looking at them ---- */

typedef void each_fn(void *ctx, const struct challenge_view *v);

static void
show(const struct password *p, enum challenge_state state,
    const struct host *host, each_fn *each, void *ctx)
{
	const struct challenge_view v = {
		.text = p->text,
		.state = state,
		.made_ms = p->made_ms,
		.expires_ms = expiry_of(p, host),
		.used_ms = p->used_ms,
	};

	each(ctx, &v);
}

static void
show_fixed(const char *text, each_fn *each, void *ctx)
{
	const struct challenge_view v = {
		.text = text, .state = CHALLENGE_STATIC, .fixed = true
	};

	each(ctx, &v);
}

void
challenge_each(struct challenge_cache *c, const struct host *host,
    int64_t now_ms, each_fn *each, void *ctx)
{
	pthread_mutex_lock(&c->lock);
	expire(c, host, now_ms);
	if (c->fixed != NULL)
		show_fixed(c->fixed, each, ctx);
	if (host->registry.use_single_password != 0 && c->single[0] != '\0')
		show_fixed(c->single, each, ctx);
	for (const struct password *p = c->newest; p != NULL; p = p->next)
		show(p,
		    p->lasting    ? CHALLENGE_STATIC
			: p->held ? CHALLENGE_USED
				  : CHALLENGE_GOOD,
		    host, each, ctx);
	for (size_t i = 0; i < SPENT_MAX; i++) {
		const struct spent *s =
		    &c->spent[(c->spent_next + SPENT_MAX - 1 - i) % SPENT_MAX];

		if (s->password != NULL)
			show(s->password, s->how, host, each, ctx);
	}
	pthread_mutex_unlock(&c->lock);
}
