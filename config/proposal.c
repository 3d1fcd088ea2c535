/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proposals of IKE and ESP: names of algorithms joined by "-", as the IKE daemon takes them, or one
 * of the words "modern", "cisco" and "cisco-legacy". Several algorithms of a kind in one proposal
 * are alternatives.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define PROPOSAL_MAX 255
#define WORDS_MAX    24

enum kind { CIPHER, AEAD, INTEGRITY, PRF, GROUP, ESN };

struct algorithm {
	const char *name;
	enum kind kind;
	bool weak;
};

static const struct algorithm algorithms[] = {
	{"3des", CIPHER, true},
	{"aes128", CIPHER, false},
	{"aes192", CIPHER, false},
	{"aes256", CIPHER, false},
	{"null", CIPHER, true},
	{"aes128gcm16", AEAD, false},
	{"aes192gcm16", AEAD, false},
	{"aes256gcm16", AEAD, false},
	{"chacha20poly1305", AEAD, false},
	{"md5", INTEGRITY, true},
	{"sha1", INTEGRITY, false},
	{"sha256", INTEGRITY, false},
	{"sha384", INTEGRITY, false},
	{"sha512", INTEGRITY, false},
	{"prfmd5", PRF, true},
	{"prfsha1", PRF, false},
	{"prfsha256", PRF, false},
	{"prfsha384", PRF, false},
	{"prfsha512", PRF, false},
	{"modp768", GROUP, true},
	{"modp1024", GROUP, true},
	{"modp1536", GROUP, true},
	{"modp2048", GROUP, false},
	{"modp3072", GROUP, false},
	{"modp4096", GROUP, false},
	{"modp6144", GROUP, false},
	{"modp8192", GROUP, false},
	{"ecp256", GROUP, false},
	{"ecp384", GROUP, false},
	{"ecp521", GROUP, false},
	{"curve25519", GROUP, false},
	{"modpnone", GROUP, false},
	{"esn", ESN, false},
	{"noesn", ESN, false},
};

static const char *const presets[] = {"modern", "cisco", "cisco-legacy"};

static const struct algorithm *find(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

struct proposal {
	const struct algorithm *words[WORDS_MAX];
	unsigned n;
	unsigned kinds; /* a bit each */
};

/* Returns -EINVAL with the name of what is not known in `unknown`. */
static int split(char *text, struct proposal *p, const char **unknown)
{
	char *rest = NULL;

	for (char *w = strtok_r(text, "-", &rest); w != NULL; w = strtok_r(NULL, "-", &rest)) {
		const struct algorithm *a = find(w);

		*unknown = w;
		if (a == NULL || p->n == WORDS_MAX)
			return -EINVAL;
		p->words[p->n++] = a;
		p->kinds |= 1u << a->kind;
	}
	return 0;
}

static bool has(const struct proposal *p, enum kind kind)
{
	return (p->kinds & 1u << kind) != 0;
}

static int check_kinds(struct config_reader *r, const config_setting_t *s, const char *text,
	const struct proposal *p, bool esp)
{
	const char *why = NULL;

	if (!has(p, CIPHER) && !has(p, AEAD))
		why = "no cipher, as aes256 or aes128gcm16";
	else if (has(p, CIPHER) && has(p, AEAD))
		why = "ciphers with and without authentication of their own; expected two "
		      "proposals";
	else if (has(p, CIPHER) && !has(p, INTEGRITY))
		why = "no integrity algorithm, as sha256";
	else if (esp && has(p, AEAD) && has(p, INTEGRITY))
		why = "an integrity algorithm beside a cipher that needs none";
	else if (!esp && !has(p, GROUP))
		why = "no Diffie-Hellman group, as modp2048 or ecp256";
	else if (!esp && has(p, AEAD) && !has(p, PRF))
		why = "no pseudo-random function, as prfsha256";
	else if (!esp && has(p, ESN))
		why = "esn, which is for ESP";
	else if (esp && has(p, PRF))
		why = "a pseudo-random function, which is for IKE";
	return why == NULL ? 0 : config_fail_at(r, s, "proposal \"%s\" has %s", text, why);
}

static void warn_weak(struct config_reader *r, const config_setting_t *s, const char *text,
	const struct proposal *p)
{
	struct config_place at = config_place_of(r, s);

	for (unsigned i = 0; i < p->n; i++)
		if (p->words[i]->weak) {
			config_warn(r->env, &at,
				"proposal %s: %s is weak; use it only for routers that know "
				"nothing "
				"better",
				text, p->words[i]->name);
			return;
		}
}

static bool is_preset(const char *text)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i], text) == 0)
			return true;
	return false;
}

static int read_one(struct config_reader *r, const config_setting_t *s, char **element, bool esp)
{
	const struct config_field field = {.name = "proposal", .max = PROPOSAL_MAX};
	int rc = config_read_str(r, s, &field, element);
	struct config_place at = config_place_of(r, s);
	char copy[PROPOSAL_MAX + 1], shown[CONFIG_SHOWN_MAX];
	struct proposal p = {.n = 0};
	const char *unknown = "";

	if (rc < 0)
		return rc;
	if (is_preset(*element)) {
		if (strcmp(*element, "cisco-legacy") == 0)
			config_warn(r->env, &at,
				"cisco-legacy takes 3des, md5 and modp1024, which are weak; use it "
				"only for routers that know nothing better");
		return 0;
	}
	strcpy(copy, *element);
	if (split(copy, &p, &unknown) < 0)
		return config_fail_at(r, s,
			"proposal has \"%s\"; expected algorithms as \"aes256-sha256-modp2048\", "
			"or "
			"\"modern\", \"cisco\" or \"cisco-legacy\"",
			config_shown(unknown, shown));
	rc = check_kinds(r, s, *element, &p, esp);
	if (rc == 0)
		warn_weak(r, s, *element, &p);
	return rc;
}

static int read_ike(struct config_reader *r, const config_setting_t *s, void *element)
{
	return read_one(r, s, element, false);
}

static int read_esp(struct config_reader *r, const config_setting_t *s, void *element)
{
	return read_one(r, s, element, true);
}

/* A list, or its only member. */
static int read_list(
	struct config_reader *r, const config_setting_t *s, char ***list, unsigned *n, bool esp)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return config_read_list(
			r, s, sizeof((*list)[0]), list, n, esp ? read_esp : read_ike);
	*list = calloc(1, sizeof((*list)[0]));
	if (*list == NULL)
		return config_no_memory(r->err);
	*n = 1;
	return read_one(r, s, &(*list)[0], esp);
}

CONFIG_FIELD_READER(proposals)
{
	struct config_ike *ike = member;

	(void)f;
	return read_list(r, s, &ike->proposals, &ike->n_proposals, false);
}

CONFIG_FIELD_READER(esp_proposals)
{
	struct config_ike *ike = member;

	(void)f;
	return read_list(r, s, &ike->esp, &ike->n_esp, true);
}
