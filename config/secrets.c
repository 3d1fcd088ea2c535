/* SPDX-License-Identifier: BSD-3-Clause */
/* secrets = "FILE": keys apart from the configuration, in a file only the hub may read. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "config/config_priv.h"

#define PATH_LEN_MAX    1024
#define SECRET_NAME_MAX 255

static int read_value(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	static const char expected[] = "\"0x\" and hex digits";
	const char *text = config_text_of(r, s, expected);
	struct config_secret *secret = member;
	ssize_t n;

	(void)f;
	if (text == NULL)
		return -EINVAL;
	n = strncmp(text, "0x", 2) == 0 ? hex_parse(text, secret->value, CONFIG_KEY_MAX) : -EINVAL;
	if (n == -ENOSPC)
		return config_fail_at(
			r, s, "value has more than %u octets; no suite takes that", CONFIG_KEY_MAX);
	if (n < 0)
		return config_fail_at(r, s,
			"value is not made of whole octets in hex (not shown); expected %s",
			expected);
	secret->len = (unsigned)n;
	return 0;
}

static int read_secret(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_str, offsetof(struct config_secret, name), 0, SECRET_NAME_MAX,
			true},
		{"value", read_value, 0, 0, 0, true},
	};
	struct config_secret *secret = element;

	secret->place = config_place_of(r, s);
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), secret);
}

static int read_all(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_reader *out = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(out->secrets[0]), &out->secrets, &out->n_secrets, read_secret);
}

static int by_name(const void *a, const void *b)
{
	const struct config_secret *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int sort(struct config_reader *r)
{
	char shown[CONFIG_SHOWN_MAX];

	if (r->n_secrets > 0)
		qsort(r->secrets, r->n_secrets, sizeof(r->secrets[0]), by_name);
	for (unsigned i = 1; i < r->n_secrets; i++) {
		const struct config_secret *a = &r->secrets[i - 1], *b = &r->secrets[i];

		if (by_name(a, b) != 0)
			continue;
		if (a->place.line > b->place.line) {
			b = a;
			a = &r->secrets[i];
		}
		return config_fail(r->err, &b->place, "secret %s was given before, in line %u",
			config_shown(b->name, shown), a->place.line);
	}
	return 0;
}

/* A reader of its own: messages name the secrets file, and what it includes is refused. */
static int load(struct config_reader *r, const config_setting_t *s, const char *path)
{
	static const struct config_field fields[] = {
		{"secrets", read_all, 0, 0, 0, true},
	};
	struct config_place at = config_place_of(r, s);
	struct config_reader inner = {.config = r->config, .env = r->env, .err = r->err};
	int rc = config_document_load_private(&inner.doc, path, &at, r->err);

	if (rc == 0)
		rc = config_read_group(
			&inner, config_root_setting(&inner.doc.tree), fields, 1, &inner);
	if (rc == 0)
		rc = sort(&inner);
	r->secrets = inner.secrets;
	r->n_secrets = inner.n_secrets;
	config_document_close(&inner.doc);
	return rc;
}

CONFIG_FIELD_READER(secrets)
{
	const char *name = config_text_of(r, s, "a file's name");
	char *path;
	int rc;

	(void)f;
	(void)member;
	if (name == NULL)
		return -EINVAL;
	if (r->doc.dir == NULL)
		return config_fail_at(r, s, "a secrets file is not allowed in this text");
	if (name[0] == '\0' || strlen(name) > PATH_LEN_MAX)
		return config_fail_at(r, s, "secrets is empty or too long; expected a file's name");
	if (asprintf(&path, "%s%s%s", name[0] == '/' ? "" : r->doc.dir, name[0] == '/' ? "" : "/",
		    name) < 0)
		return config_no_memory(r->err);
	rc = load(r, s, path);
	free(path);
	return rc;
}

const struct config_secret *config_secret_find(const struct config_reader *r, const char *name)
{
	const struct config_secret key = {.name = (char *)name};

	if (r->n_secrets == 0)
		return NULL;
	return bsearch(&key, r->secrets, r->n_secrets, sizeof(key), by_name);
}

void config_secrets_free(struct config_secret *secrets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(secrets[i].name);
	if (secrets != NULL)
		explicit_bzero(secrets, n * sizeof(secrets[0]));
	free(secrets);
}
