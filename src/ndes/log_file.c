/* SPDX-License-Identifier: MIT */
/* Files of the evidence: open, add in one write, take back what the disk refuses. */
#include "ndes/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"

int
log_folder_make(const char *path, struct err *e)
{
	int fd;

	if (mkdir(path, 0777) == -1 && errno != EEXIST)
		return err_sys(
		    e, ERR_SYSTEM, "cannot make the folder %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(e, ERR_SYSTEM, "cannot use the folder %s", path);
	close(fd);
	if (access(path, W_OK | X_OK) == -1)
		return err_sys(
		    e, ERR_SYSTEM, "cannot write into the folder %s", path);
	return 0;
}

void
log_file_init(struct log_file *f)
{
	*f = (struct log_file){ .fd = -1 };
	pthread_mutex_init(&f->lock, NULL);
}

void
log_file_shut(struct log_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	free(f->path);
	f->fd = -1;
	f->path = NULL;
	f->size = 0;
}

void
log_file_clear(struct log_file *f)
{
	log_file_shut(f);
	pthread_mutex_destroy(&f->lock);
	pthread_mutex_init(&f->lock, NULL);
}

void
log_file_lock(struct log_file *f)
{
	pthread_mutex_lock(&f->lock);
}

void
log_file_unlock(struct log_file *f)
{
	pthread_mutex_unlock(&f->lock);
}

bool
log_file_is_current(const struct log_file *f)
{
	struct stat st;

	return f->fd != -1 && fstat(f->fd, &st) == 0 && st.st_nlink > 0 &&
	    st.st_size == f->size;
}

int
log_file_open(struct log_file *f, struct err *e, const char *fmt, ...)
{
	struct stat st;
	va_list ap;
	int n;

	log_file_shut(f);
	va_start(ap, fmt);
	n = vasprintf(&f->path, fmt, ap);
	va_end(ap);
	if (n == -1) {
		f->path = NULL;
		return err_set(e, ERR_MEMORY, "no memory for a file name");
	}
	f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (f->fd == -1 || fstat(f->fd, &st) == -1) {
		err_sys(e, ERR_SYSTEM, "cannot open %s", f->path);
		log_file_shut(f);
		return -1;
	}
	f->size = st.st_size;
	return 0;
}

static int
write_at(struct log_file *f, int64_t at, struct bytes s, struct err *e)
{
	size_t done = 0;

	while (done < s.n) {
		ssize_t n = pwrite(
		    f->fd, s.p + done, s.n - done, (off_t)(at + (int64_t)done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(
			    e, ERR_SYSTEM, "cannot write %s", f->path);
		done += (size_t)n;
	}
	return 0;
}

int
log_file_append(struct log_file *f, const struct buf *b, struct err *e)
{
	return log_file_replace(f, 0, b, e);
}

int
log_file_replace(
    struct log_file *f, size_t tail, const struct buf *b, struct err *e)
{
	int64_t at = f->size - (int64_t)tail;
	struct buf old;

	if (!buf_ok(b))
		return err_set(e, ERR_MEMORY, "no memory for a line of %s",
		    f->path == NULL ? "a log" : f->path);
	buf_init(&old, tail);
	if (tail > 0 && log_file_tail(f, tail, &old, e) == -1) {
		buf_clear(&old);
		return -1;
	}
	if (write_at(f, at, buf_bytes(b), e) == -1) {
		/* The first error is the one to tell of. */
		if (ftruncate(f->fd, (off_t)f->size) == 0)
			(void)write_at(f, at, buf_bytes(&old), NULL);
		buf_clear(&old);
		return -1;
	}
	buf_clear(&old);
	f->size = at + (int64_t)b->n;
	return 0;
}

int
log_file_tail(
    const struct log_file *f, size_t max, struct buf *out, struct err *e)
{
	size_t want = (uint64_t)f->size < max ? (size_t)f->size : max;
	int64_t at = f->size - (int64_t)want;
	uint8_t *p = buf_grow(out, want);
	size_t done = 0;

	if (p == NULL)
		return err_set(e, ERR_MEMORY, "no memory to read %s", f->path);
	while (done < want) {
		ssize_t n = pread(
		    f->fd, p + done, want - done, (off_t)(at + (int64_t)done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(
			    e, ERR_SYSTEM, "cannot read %s", f->path);
		if (n == 0)
			return err_set(e, ERR_SYSTEM,
			    "cannot read %s: it became shorter", f->path);
		done += (size_t)n;
	}
	return 0;
}

int
log_file_cut(struct log_file *f, int64_t size, struct err *e)
{
	if (ftruncate(f->fd, (off_t)size) == -1)
		return err_sys(e, ERR_SYSTEM, "cannot cut %s", f->path);
	f->size = size;
	return 0;
}

void
log_add_time(struct buf *out, int64_t now_ms)
{
	struct civil c = civil_from_unix(now_ms / 1000);

	buf_addf(out, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day,
	    c.hour, c.minute, c.second);
}

void
log_add_field(struct buf *out, struct bytes s, bool plus)
{
	buf_add_byte(out, ' ');
	if (s.n == 0)
		buf_add_byte(out, '-');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' && plus)
			buf_add_byte(out, '+');
		else if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			buf_addf(out, "%%%02X", s.p[i]);
		else
			buf_add_byte(out, s.p[i]);
	}
}
