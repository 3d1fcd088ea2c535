/* SPDX-License-Identifier: BSD-3-Clause */
/* sa_in = ( { ... } ), sa_out = ( { ... } ): keys, from the text itself or from the secrets. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "config/config_priv.h"

#define SUITE_MAX     64
#define SPI_MIN       256 /* RFC 4303 2.1: 0..255 are reserved */
#define WINDOW_MAX    4096
#define SECRET_PREFIX "secret:"

static int secret_key(struct config_reader *r, const config_setting_t *s, const char *name,
	uint8_t *key, unsigned *len)
{
	const struct config_secret *secret = config_secret_find(r, name);
	char shown[CONFIG_SHOWN_MAX];

	if (secret == NULL)
		return config_fail_at(r, s, "%s names the secret %s; %s", config_setting_name(s),
			config_shown(name, shown),
			r->n_secrets == 0 ? "expected secrets = \"FILE\" to hold it"
					  : "there is none of that name in the secrets file");
	memcpy(key, secret->value, secret->len);
	*len = secret->len;
	return 0;
}

static void note_inline(struct config_reader *r, const config_setting_t *s)
{
	struct config_source *source = config_document_source(&r->doc, s);

	r->config->keys_inline = true;
	if (source->keys == 0)
		source->keys = config_setting_source_line(s);
}

/* No part of a value may stand in a message: it could be a mistyped key. */
static int read_hex(struct config_reader *r, const config_setting_t *s, const char *text,
	const char *expected, uint8_t *key, unsigned *len)
{
	ssize_t n = strncmp(text, "0x", 2) == 0 ? hex_parse(text, key, CONFIG_KEY_MAX) : -EINVAL;

	if (n == -ENOSPC)
		return config_fail_at(r, s, "%s has more than %u octets; no suite takes that",
			config_setting_name(s), CONFIG_KEY_MAX);
	if (n < 0)
		return config_fail_at(r, s,
			"%s is not made of whole octets in hex (value not shown); expected %s",
			config_setting_name(s), expected);
	*len = (unsigned)n;
	note_inline(r, s);
	return 0;
}

static bool is_secret(const char *text)
{
	return strncmp(text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0;
}

static int read_key(struct config_reader *r, const config_setting_t *s, uint8_t *key, unsigned *len)
{
	static const char expected[] = "\"0x\" and hex digits, or \"secret:NAME\"";
	const char *text = config_text_of(r, s, expected);

	if (text == NULL)
		return -EINVAL;
	if (is_secret(text))
		return secret_key(r, s, text + strlen(SECRET_PREFIX), key, len);
	return read_hex(r, s, text, expected, key, len);
}

int config_read_text_key(
	struct config_reader *r, const config_setting_t *s, uint8_t *key, unsigned *len)
{
	static const char expected[] = "a text, \"0x\" and hex digits, or \"secret:NAME\"";
	const char *text = config_text_of(r, s, expected);

	if (text == NULL)
		return -EINVAL;
	if (is_secret(text))
		return secret_key(r, s, text + strlen(SECRET_PREFIX), key, len);
	if (strncmp(text, "0x", 2) == 0)
		return read_hex(r, s, text, expected, key, len);
	if (text[0] == '\0' || strcmp(text, "0x") == 0)
		return config_fail_at(
			r, s, "%s is empty; expected %s", config_setting_name(s), expected);
	if (strcmp(text, "(hidden)") == 0)
		return config_fail_at(r, s,
			"%s is \"(hidden)\", as a key is shown; expected the key",
			config_setting_name(s));
	if (strlen(text) > CONFIG_KEY_MAX)
		return config_fail_at(r, s, "%s has more than %u octets; no algorithm takes that",
			config_setting_name(s), CONFIG_KEY_MAX);
	*len = (unsigned)strlen(text);
	memcpy(key, text, *len);
	note_inline(r, s);
	return 0;
}

static int read_cipher_key(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_sa *sa = member;

	(void)f;
	return read_key(r, s, sa->key, &sa->key_len);
}

static int read_auth_key(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_sa *sa = member;

	(void)f;
	return read_key(r, s, sa->auth_key, &sa->auth_key_len);
}

int config_read_secret(
	struct config_reader *r, const config_setting_t *s, uint8_t *octets, unsigned *len)
{
	const char *text = config_text_of(r, s, "a string");
	struct config_source *source;

	if (text == NULL)
		return -EINVAL;
	if (strncmp(text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0)
		return secret_key(r, s, text + strlen(SECRET_PREFIX), octets, len);
	if (strcmp(text, "(hidden)") == 0)
		return config_fail_at(
			r, s, "%s is hidden in this text; expected itself", config_setting_name(s));
	if (strlen(text) > CONFIG_KEY_MAX)
		return config_fail_at(r, s, "%s has more than %u characters",
			config_setting_name(s), CONFIG_KEY_MAX);
	*len = (unsigned)strlen(text);
	memcpy(octets, text, *len);
	r->config->keys_inline = true;
	source = config_document_source(&r->doc, s);
	if (source->keys == 0)
		source->keys = config_setting_source_line(s);
	return 0;
}

static const struct config_suite *suite_find(struct config_reader *r, const char *name)
{
	for (unsigned i = 0; i < r->env->n_suites; i++)
		if (strcmp(r->env->suites[i].name, name) == 0)
			return &r->env->suites[i];
	return NULL;
}

static int read_suite(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_sa *sa = member;
	const struct config_suite *suite;
	char shown[CONFIG_SHOWN_MAX];
	char names[400] = "";
	int rc = config_read_str(r, s, f, &sa->suite);

	if (rc < 0)
		return rc;
	suite = suite_find(r, sa->suite);
	if (suite == NULL) {
		for (unsigned i = 0; i < r->env->n_suites; i++) {
			size_t used = strlen(names);

			snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
				r->env->suites[i].name);
		}
		return config_fail_at(r, s, "unknown suite \"%s\"; expected one of %s",
			config_shown(sa->suite, shown), names);
	}
	if (suite->weak && !r->suite_used[suite - r->env->suites]) {
		struct config_place at = config_place_of(r, s);

		r->suite_used[suite - r->env->suites] = true;
		config_warn(r->env, &at,
			"suite %s is weak; use it only for routers that know "
			"nothing better",
			suite->name);
	}
	return 0;
}

/* Keys can only be measured once the suite is known. */
static int check_keys(
	struct config_reader *r, const config_setting_t *s, const struct config_sa *sa)
{
	const struct config_suite *suite = suite_find(r, sa->suite);
	const config_setting_t *key = config_setting_get_member(s, "key");
	const config_setting_t *auth = config_setting_get_member(s, "auth_key");

	if (key == NULL && suite->key_len > 0)
		return config_fail_at(r, s, "SA 0x%08x has no key; suite %s expects %u octets",
			sa->spi, suite->name, suite->key_len);
	if (sa->key_len != suite->key_len)
		return config_fail_at(r, key, "key has %u octets; suite %s expects %u", sa->key_len,
			suite->name, suite->key_len);
	if (auth != NULL && suite->auth_key_len == 0)
		return config_fail_at(r, auth,
			"auth_key is given, but suite %s authenticates with its key; expected none",
			suite->name);
	if (auth == NULL && suite->auth_key_len > 0)
		return config_fail_at(r, s, "SA 0x%08x has no auth_key; suite %s expects %u octets",
			sa->spi, suite->name, suite->auth_key_len);
	if (sa->auth_key_len != suite->auth_key_len)
		return config_fail_at(r, auth, "auth_key has %u octets; suite %s expects %u",
			sa->auth_key_len, suite->name, suite->auth_key_len);
	return 0;
}

#define SA_FIELDS                                                                                  \
	{"spi", config_read_u32, offsetof(struct config_sa, spi), SPI_MIN, UINT32_MAX, true},      \
		{"suite", read_suite, 0, 0, SUITE_MAX, true},                                      \
		{"key", read_cipher_key, 0, 0, 0, false},                                          \
		{"auth_key", read_auth_key, 0, 0, 0, false},                                       \
	{                                                                                          \
		"esn", config_read_bool, offsetof(struct config_sa, esn), 0, 0, false              \
	}

static int read_sa_in(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		SA_FIELDS,
		{"window", config_read_u16, offsetof(struct config_sa, window), 0, WINDOW_MAX,
			false},
	};
	struct config_sa *sa = element;
	int rc;

	sa->place = config_place_of(r, s);
	sa->window = 64;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), sa);
	return rc == 0 ? check_keys(r, s, sa) : rc;
}

/* Replay is the receiver's business (RFC 4303 3.4.3): no window here. */
static int read_sa_out(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {SA_FIELDS};
	struct config_sa *sa = element;
	int rc;

	sa->place = config_place_of(r, s);
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), sa);
	return rc == 0 ? check_keys(r, s, sa) : rc;
}

CONFIG_FIELD_READER(sas_in)
{
	struct config_peer *p = member;

	(void)f;
	return config_read_list(r, s, sizeof(p->sa_in[0]), &p->sa_in, &p->n_sa_in, read_sa_in);
}

CONFIG_FIELD_READER(sas_out)
{
	struct config_peer *p = member;

	(void)f;
	return config_read_list(r, s, sizeof(p->sa_out[0]), &p->sa_out, &p->n_sa_out, read_sa_out);
}

void config_sas_free(struct config_sa *sas, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		free(sas[i].suite);
		explicit_bzero(&sas[i], sizeof(sas[i]));
	}
	free(sas);
}
