/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libconfig tree and the files it came from.
 *
 * Keys pass through here. What is ours is wiped before it is freed: the text, the stream's buffer
 * and the strings of the tree. Copies that libconfig's scanner frees while it reads are beyond
 * reach.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/user.h"
#include "config/config_priv.h"

#define STREAM_BUFFER 65536

/* Text read from a file. A final newline is added: libconfig 1.5 ends no comment without one. */
struct text {
	char *bytes;
	size_t len;
};

static void text_free(struct text *t)
{
	if (t->bytes != NULL)
		explicit_bzero(t->bytes, t->len);
	free(t->bytes);
}

static int text_alloc(struct text *t, size_t len, struct error *err)
{
	t->len = len + 1;
	t->bytes = malloc(t->len + 1);
	return t->bytes == NULL ? config_no_memory(err) : 0;
}

static void text_end(struct text *t, size_t len)
{
	t->len = len + 1;
	t->bytes[len] = '\n';
	t->bytes[len + 1] = '\0';
}

/* Only plain files: reading a directory makes libconfig's scanner end the process. */
static int check_kind(const struct stat *st, size_t used, const struct config_place *at,
	const char *subject, struct error *err)
{
	if (S_ISDIR(st->st_mode))
		return config_fail(err, at, "%sis a directory; expected a file", subject);
	if (!S_ISREG(st->st_mode))
		return config_fail(
			err, at, "%sis a device, pipe or socket; expected a file", subject);
	if (st->st_size == 0)
		return config_fail(err, at, "%sis empty; expected settings", subject);
	if ((size_t)st->st_size > CONFIG_FILE_MAX - used)
		return config_fail(err, at, "%sis too big; a configuration has at most %u MB",
			subject, CONFIG_FILE_MAX >> 20);
	return 0;
}

static int read_all(int fd, struct text *t, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, t->bytes + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	text_end(t, have);
	return 0;
}

static int check_private(
	const struct stat *st, const char *path, const struct config_place *at, struct error *err)
{
	if (st->st_uid != 0 && st->st_uid != user_uid())
		return config_fail(err, at,
			"secrets file %s belongs to user %u; expected root or the hub's own user: "
			"chown %u %s",
			path, (unsigned)st->st_uid, (unsigned)user_uid(), path);
	if ((st->st_mode & 077) != 0)
		return config_fail(err, at,
			"secrets file %s has mode %04o, so others can get at the keys: "
			"chmod 600 %s",
			path, (unsigned)st->st_mode & 07777, path);
	return 0;
}

static int text_from(struct text *t, int fd, const struct stat *st, const struct config_place *at,
	const char *subject, struct error *err)
{
	int rc = text_alloc(t, (size_t)st->st_size, err);

	if (rc < 0)
		return rc;
	rc = read_all(fd, t, (size_t)st->st_size);
	if (rc < 0)
		rc = config_fail(err, at, "%scannot be read: %s", subject, strerror(-rc));
	else if (memchr(t->bytes, '\0', t->len) != NULL)
		rc = config_fail(err, at, "%sis binary; expected text", subject);
	if (rc < 0)
		text_free(t);
	return rc;
}

/* Read a file whole. Pipes must not block the open. */
static int text_load(struct text *t, const char *path, size_t used, const struct config_place *at,
	const char *what, bool secret, struct stat *st, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char subject[sizeof(err->text)] = "";
	int rc = 0;

	/* Messages name the file when their place is not the file itself. */
	if (what != NULL)
		snprintf(subject, sizeof(subject), "%s %s ", what, path);
	if (fd < 0)
		return config_fail(err, at, "%scannot be read: %s", subject, strerror(errno));
	if (fstat(fd, st) < 0)
		rc = config_fail(err, at, "%scannot be read: %s", subject, strerror(errno));
	if (rc == 0)
		rc = check_kind(st, used, at, subject, err);
	if (rc == 0 && secret)
		rc = check_private(st, path, at, err);
	if (rc == 0)
		rc = text_from(t, fd, st, at, subject, err);
	close(fd);
	return rc;
}

static int add_source(
	struct config_document *d, const char *include, const char *path, struct error *err)
{
	unsigned n = d->n_sources;

	/* Room grows in powers of two. */
	if ((n & (n + 1)) == 0) {
		void *p = reallocarray(d->sources, 2 * n + 2, sizeof(d->sources[0]));

		if (p == NULL)
			return config_no_memory(err);
		d->sources = p;
	}
	d->sources[n] = (struct config_source){
		.path = strdup(path), .include = include ? strdup(include) : NULL};
	d->n_sources++;
	if (d->sources[n].path == NULL || (include != NULL && d->sources[n].include == NULL))
		return config_no_memory(err);
	return 0;
}

int config_document_include(struct config_document *d, const char *name,
	const struct config_place *at, unsigned depth, struct error *err)
{
	char *path;
	struct text t;
	struct stat st;
	int rc;

	if (asprintf(&path, "%s/%s", d->dir, name) < 0)
		return config_no_memory(err);
	rc = text_load(&t, path, d->octets, at, "included file", false, &st, err);
	if (rc < 0) {
		free(path);
		return rc;
	}
	rc = add_source(d, name, path, err);
	if (rc == 0) {
		d->sources[d->n_sources - 1].mode = st.st_mode;
		d->octets += t.len;
		/* Not by sources[].path: that array may move while deeper files are added. */
		rc = config_scan(d, path, t.bytes, depth, err);
	}
	text_free(&t);
	free(path);
	return rc;
}

/* libconfig says where its parser stopped, which may be a line after the mistake. */
static int parse_error(struct config_document *d, struct error *err)
{
	struct config_place at = {.line = (unsigned)config_error_line(&d->tree)};
	config_setting_t probe = {.file = config_error_file(&d->tree)};

	at.file = config_document_source(d, &probe)->path;
	if (strcmp(config_error_text(&d->tree), "syntax error") == 0)
		return config_fail(err, &at,
			"syntax error here or shortly before; expected 'name = value;' with "
			"strings in \"quotes\", groups in { }, lists in ( )");
	return config_fail(err, &at, "%s", config_error_text(&d->tree));
}

/*
 * libconfig reads from a stream whose buffer is ours to wipe; from a string it would keep a copy
 * of the whole text.
 */
static int parse_text(struct config_document *d, struct text *t, struct error *err)
{
	char *buffer = malloc(STREAM_BUFFER);
	FILE *stream = fmemopen(t->bytes, t->len, "r");
	int rc = 0;

	if (buffer == NULL || stream == NULL) {
		rc = config_no_memory(err);
		goto out;
	}
	setvbuf(stream, buffer, _IOFBF, STREAM_BUFFER);
	if (d->dir != NULL)
		config_set_include_dir(&d->tree, d->dir);
	if (config_read(&d->tree, stream) != CONFIG_TRUE)
		rc = parse_error(d, err);
out:
	if (stream != NULL)
		fclose(stream);
	if (buffer != NULL)
		explicit_bzero(buffer, STREAM_BUFFER);
	free(buffer);
	return rc;
}

static int load(struct config_document *d, const char *path, const struct config_place *at,
	bool secret, struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct config_place self = {.file = path};
	struct text t;
	struct stat st;
	int rc;

	memset(d, 0, sizeof(*d));
	config_init(&d->tree);
	rc = text_load(
		&t, path, 0, secret ? at : &self, secret ? "secrets file" : NULL, secret, &st, err);
	if (rc < 0)
		return rc;
	d->octets = t.len;
	rc = add_source(d, NULL, path, err);
	if (rc == 0 && !secret) {
		d->dir = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path));
		if (d->dir == NULL)
			rc = config_no_memory(err);
	}
	if (rc == 0) {
		d->sources[0].mode = st.st_mode;
		rc = config_scan(d, path, t.bytes, 0, err);
	}
	if (rc == 0)
		rc = parse_text(d, &t, err);
	text_free(&t);
	return rc;
}

int config_document_load(struct config_document *d, const char *path, struct error *err)
{
	return load(d, path, NULL, false, err);
}

int config_document_load_private(struct config_document *d, const char *path,
	const struct config_place *at, struct error *err)
{
	return load(d, path, at, true, err);
}

int config_document_parse(
	struct config_document *d, const char *name, const char *text, struct error *err)
{
	struct text t;
	int rc;

	memset(d, 0, sizeof(*d));
	config_init(&d->tree);
	rc = text_alloc(&t, strlen(text), err);
	if (rc < 0)
		return rc;
	memcpy(t.bytes, text, strlen(text));
	text_end(&t, strlen(text));
	rc = add_source(d, NULL, name, err);
	if (rc == 0)
		rc = config_scan(d, name, t.bytes, 0, err);
	if (rc == 0)
		rc = parse_text(d, &t, err);
	text_free(&t);
	return rc;
}

/* Settings come in the order of the text, so the next file asked for is near the last one. */
struct config_source *config_document_source(struct config_document *d, const config_setting_t *s)
{
	const char *include = config_setting_source_file(s);
	unsigned i = d->last;

	for (unsigned n = 0; include != NULL && n < d->n_sources; n++, i = (i + 1) % d->n_sources)
		if (i > 0 && strcmp(d->sources[i].include, include) == 0) {
			d->last = i;
			return &d->sources[i];
		}
	return &d->sources[0];
}

/* Depth is bounded: the scan refuses deep nesting. */
static void wipe(config_setting_t *s)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING && s->value.sval != NULL)
		explicit_bzero(s->value.sval, strlen(s->value.sval));
	for (int i = 0; config_setting_is_aggregate(s) && i < config_setting_length(s); i++)
		wipe(config_setting_get_elem(s, (unsigned)i));
}

void config_document_close(struct config_document *d)
{
	if (config_root_setting(&d->tree) != NULL)
		wipe(config_root_setting(&d->tree));
	config_destroy(&d->tree);
	for (unsigned i = 0; i < d->n_sources; i++) {
		free(d->sources[i].include);
		free(d->sources[i].path);
	}
	free(d->sources);
	free(d->dir);
	memset(d, 0, sizeof(*d));
}
