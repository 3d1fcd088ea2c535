/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefix lists and key chains of rip = { ... }, and how interfaces use keys. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "config/config_priv.h"

#define RULES_MAX 1024
#define KEYS_MAX  64
#define N(fields) (sizeof(fields) / sizeof((fields)[0]))

static const char *const modes[CONFIG_RIP_MODES] = {
	[CONFIG_RIP_TEXT] = "text",
	[CONFIG_RIP_MD5] = "md5",
	[CONFIG_RIP_SHA1] = "hmac-sha-1",
	[CONFIG_RIP_SHA256] = "hmac-sha-256",
	[CONFIG_RIP_SHA384] = "hmac-sha-384",
	[CONFIG_RIP_SHA512] = "hmac-sha-512",
};

const char *config_rip_mode_name(enum config_rip_mode mode)
{
	return modes[mode];
}

/* Behind the network: "ge 16 le 24", or one of them. */
static int parse_lengths(const char *text, struct config_rip_rule *rule)
{
	unsigned ge = rule->prefix.len, le = 32;
	int end = 0;

	if (sscanf(text, "%*s %*s ge %2u le %2u%n", &ge, &le, &end) != 2 &&
		sscanf(text, "%*s %*s ge %2u%n", &ge, &end) != 1 &&
		sscanf(text, "%*s %*s le %2u%n", &le, &end) != 1)
		return -EINVAL;
	if (text[end] != '\0' || rule->prefix.len > ge || ge > le || le > 32)
		return -EINVAL;
	rule->ge = (uint8_t)ge;
	rule->le = (uint8_t)le;
	return 0;
}

/* "permit 10.0.0.0/8 ge 16 le 24", as ripd has it. */
static int parse_rule(const char *text, struct config_rip_rule *rule)
{
	char word[7], prefix[IP_PREFIX_STRLEN], rest[4];
	struct ip_prefix net;
	int n = sscanf(text, "%6s %49s %3s", word, prefix, rest);
	bool any;

	if (n < 2 || (strcmp(word, "permit") != 0 && strcmp(word, "deny") != 0))
		return -EINVAL;
	rule->permit = word[0] == 'p';
	any = strcmp(prefix, "any") == 0;
	if (any)
		strcpy(prefix, "0.0.0.0/0");
	if (ip_prefix_parse(prefix, &rule->prefix) < 0 || rule->prefix.addr.family != AF_INET)
		return -EINVAL;
	net = ip_prefix_network(&rule->prefix);
	if (!ip_addr_equal(&net.addr, &rule->prefix.addr))
		return -EINVAL;
	rule->ge = rule->le = rule->prefix.len;
	if (any)
		rule->le = 32;
	return n == 2 ? 0 : any ? -EINVAL : parse_lengths(text, rule);
}

static int read_rule(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const char expected[] = "\"permit|deny NETWORK [ge LENGTH] [le LENGTH]\"";
	const char *text = config_text_of(r, s, expected);
	struct config_rip_rule *rule = element;
	char shown[CONFIG_SHOWN_MAX];

	rule->place = config_place_of(r, s);
	if (text == NULL)
		return -EINVAL;
	if (parse_rule(text, rule) < 0)
		return config_fail_at(r, s,
			"rule is \"%s\"; expected %s, as \"permit 10.0.0.0/8 le 24\"",
			config_shown(text, shown), expected);
	return 0;
}

static int read_rules(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_prefix_list *l = member;

	(void)f;
	if (config_setting_is_aggregate(s) && config_setting_length(s) > RULES_MAX)
		return config_fail_at(r, s, "a prefix list has %d rules; expected at most %u",
			config_setting_length(s), RULES_MAX);
	return config_read_list(r, s, sizeof(l->rules[0]), &l->rules, &l->n_rules, read_rule);
}

static int read_prefix_list(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_prefix_list, name), 0, 0, true},
		{"rules", read_rules, 0, 0, 0, true},
	};
	struct config_prefix_list *l = element;

	l->place = config_place_of(r, s);
	return config_read_group(r, s, fields, N(fields), l);
}

CONFIG_FIELD_READER(prefix_lists)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(r, s, sizeof(rip->prefix_lists[0]), &rip->prefix_lists,
		&rip->n_prefix_lists, read_prefix_list);
}

const struct config_prefix_list *config_prefix_list_find(
	const struct config_rip *rip, const char *name)
{
	for (unsigned i = 0; i < rip->n_prefix_lists; i++)
		if (strcmp(rip->prefix_lists[i].name, name) == 0)
			return &rip->prefix_lists[i];
	return NULL;
}

static int read_mode(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, enum config_rip_mode *mode)
{
	unsigned at = 0;
	int rc = config_read_word(r, s, f, modes, CONFIG_RIP_MODES,
		"\"text\", \"md5\", \"hmac-sha-1\", \"hmac-sha-256\", \"hmac-sha-384\" or "
		"\"hmac-sha-512\"",
		&at);

	*mode = (enum config_rip_mode)at;
	return rc;
}

static int read_algorithm(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_key *k = member;

	k->algorithm_set = true;
	return read_mode(r, s, f, &k->algorithm);
}

static int read_key(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_key *k = member;

	(void)f;
	return config_read_text_key(r, s, k->key, &k->key_len);
}

/* One end of a lifetime. @return false if it is not a time */
static bool read_time(
	const config_setting_t *s, unsigned at, const char *always, uint64_t value, uint64_t *out)
{
	const char *text = config_setting_get_string_elem(s, (int)at), *end;
	struct tm tm = {0};

	*out = value;
	if (text == NULL)
		return false;
	if (strcmp(text, always) == 0)
		return true;
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0' || timegm(&tm) < 0)
		return false;
	*out = (uint64_t)timegm(&tm);
	return true;
}

static int read_lifetime(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_lifetime *l = member;

	if (!config_setting_is_aggregate(s) || config_setting_length(s) != 2 ||
		!read_time(s, 0, "always", 0, &l->from) ||
		!read_time(s, 1, "infinite", UINT64_MAX, &l->to) || l->from >= l->to)
		return config_fail_at(r, s,
			"%s is not a span of time; expected [ \"2026-01-01T00:00:00Z\", "
			"\"2026-07-01T00:00:00Z\" ], or \"always\" and \"infinite\" for its ends",
			f->name);
	return 0;
}

static int read_chain_key(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_rip_key, member)
	static const struct config_field fields[] = {
		{"id", config_read_u8, AT(id), 0, 255, true},
		{"key", read_key, 0, 0, 0, true},
		{"algorithm", read_algorithm, 0, 0, 0, false},
		{"send_lifetime", read_lifetime, AT(send), 0, 0, false},
		{"accept_lifetime", read_lifetime, AT(accept), 0, 0, false},
	};
#undef AT
	struct config_rip_key *k = element;

	k->place = config_place_of(r, s);
	k->send.to = k->accept.to = UINT64_MAX;
	return config_read_group(r, s, fields, N(fields), k);
}

static int read_chain_keys(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_key_chain *c = member;

	(void)f;
	if (config_setting_is_aggregate(s) &&
		(config_setting_length(s) > KEYS_MAX || config_setting_length(s) == 0))
		return config_fail_at(r, s, "key chain %s has %d keys; expected 1..%u", c->name,
			config_setting_length(s), KEYS_MAX);
	return config_read_list(r, s, sizeof(c->keys[0]), &c->keys, &c->n_keys, read_chain_key);
}

static int read_key_chain(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_key_chain, name), 0, 0, true},
		{"keys", read_chain_keys, 0, 0, 0, true},
	};
	struct config_key_chain *c = element;

	c->place = config_place_of(r, s);
	return config_read_group(r, s, fields, N(fields), c);
}

CONFIG_FIELD_READER(key_chains)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(r, s, sizeof(rip->key_chains[0]), &rip->key_chains,
		&rip->n_key_chains, read_key_chain);
}

const struct config_key_chain *config_key_chain_find(const struct config_rip *rip, const char *name)
{
	for (unsigned i = 0; i < rip->n_key_chains; i++)
		if (strcmp(rip->key_chains[i].name, name) == 0)
			return &rip->key_chains[i];
	return NULL;
}

static int read_auth_mode(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	return read_mode(r, s, f, member);
}

static int read_auth_key(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_auth *a = member;

	(void)f;
	return config_read_text_key(r, s, a->key, &a->key_len);
}

static int read_auth_length(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	static const char *const words[] = {"rfc", "old-ripd"};
	unsigned at = 0;
	int rc = config_read_word(r, s, f, words, 2, "\"rfc\" or \"old-ripd\"", &at);

	*(bool *)member = at == 1;
	return rc;
}

CONFIG_FIELD_READER(rip_auth)
{
#define AT(member) offsetof(struct config_rip_auth, member)
	static const struct config_field fields[] = {
		{"mode", read_auth_mode, AT(mode), 0, 0, true},
		{"key", read_auth_key, 0, 0, 0, false},
		{"key_chain", config_read_name, AT(key_chain), 0, 0, false},
		{"auth_length", read_auth_length, AT(old_ripd_length), 0, 0, false},
		{"replay_check", config_read_bool, AT(replay_check), 0, 0, false},
	};
#undef AT
	struct config_rip_auth *a = member;
	int rc;

	(void)f;
	a->set = true;
	a->replay_check = true;
	rc = config_read_group(r, s, fields, N(fields), a);
	if (rc == 0 && (a->key_len > 0) == (a->key_chain[0] != '\0'))
		return config_fail_at(r, s,
			"authentication has %s; expected one of key and key_chain",
			a->key_len > 0 ? "both a key and a key_chain" : "no key");
	return rc;
}
