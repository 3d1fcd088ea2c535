/* SPDX-License-Identifier: BSD-3-Clause */
/* ike = { ... }: the IKE daemon's settings in a hub's terms. Proposals are in proposal.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/hex.h"
#include "config/config_priv.h"

#define PATH_MAX_LEN 255
/* Socket names are made of the directory's: "/ike.sock". */
#define DIRECTORY_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 16)
#define SECRET_PREFIX "secret:"
#define SECRET_SHORT  12 /* octets; shorter ones are worth a warning */
#define HIDDEN        "(hidden)"

static struct config_ike *ike_of(void *member)
{
	return member;
}

/* --- shared keys ------------------------------------------------------------------------------ */

/* What is not hex is the key itself. Nothing of it may stand in a message. */
static int take_secret(struct config_reader *r, const config_setting_t *s, const char *text,
	struct config_psk *psk)
{
	ssize_t n = (ssize_t)strlen(text);

	if (strncmp(text, "0x", 2) == 0) {
		n = hex_parse(text, psk->secret, sizeof(psk->secret));
		if (n == -EINVAL)
			return config_fail_at(r, s,
				"secret begins with 0x but is not made of whole octets in hex "
				"(value not shown)");
	} else if ((size_t)n <= sizeof(psk->secret)) {
		memcpy(psk->secret, text, (size_t)n);
	}
	if (n < 0 || (size_t)n > sizeof(psk->secret))
		return config_fail_at(r, s, "secret is too long; expected at most %zu octets",
			sizeof(psk->secret));
	if (n == 0)
		return config_fail_at(r, s, "secret is empty; expected a shared key");
	psk->secret_len = (unsigned)n;
	return 0;
}

static int take_named_secret(struct config_reader *r, const config_setting_t *s, const char *name,
	struct config_psk *psk)
{
	const struct config_secret *secret = config_secret_find(r, name);
	char shown[CONFIG_SHOWN_MAX];

	if (secret == NULL)
		return config_fail_at(r, s, "secret names %s; %s", config_shown(name, shown),
			r->n_secrets == 0 ? "expected secrets = \"FILE\" to hold it"
					  : "there is none of that name in the secrets file");
	memcpy(psk->secret, secret->value, secret->len);
	psk->secret_len = secret->len;
	return 0;
}

static int read_secret(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	const char *text = config_text_of(r, s, "a shared key, or \"secret:NAME\"");
	struct config_psk *psk = member;
	struct config_source *source;

	(void)f;
	if (text == NULL)
		return -EINVAL;
	if (strcmp(text, HIDDEN) == 0)
		return config_fail_at(r, s,
			"secret is \"" HIDDEN "\", which stands for one that "
			"is not shown; expected a shared key");
	if (strncmp(text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0)
		return take_named_secret(r, s, text + strlen(SECRET_PREFIX), psk);
	r->config->keys_inline = true;
	source = config_document_source(&r->doc, s);
	if (source->keys == 0)
		source->keys = config_setting_source_line(s);
	return take_secret(r, s, text, psk);
}

static int read_psk_id(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_psk *psk = member;
	int rc = config_read_str(r, s, f, &psk->id);

	if (rc == 0)
		psk->kind = strcmp(psk->id, "*") == 0 ? CONFIG_PSK_ANYBODY : CONFIG_PSK_IDENTITY;
	psk->n_given++;
	return rc;
}

static int read_psk_address(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_psk *psk = member;

	psk->kind = CONFIG_PSK_PREFIX;
	psk->prefix.len = 32;
	psk->n_given++;
	return config_read_addr(r, s, f, &psk->prefix.addr);
}

static int read_psk_prefix(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	const char *text = config_text_of(r, s, "a prefix");
	struct config_psk *psk = member;
	char shown[CONFIG_SHOWN_MAX];
	struct ip_prefix network;

	(void)f;
	if (text == NULL)
		return -EINVAL;
	psk->kind = CONFIG_PSK_PREFIX;
	psk->n_given++;
	if (ip_prefix_parse(text, &psk->prefix) == 0 && psk->prefix.addr.family == AF_INET) {
		network = ip_prefix_network(&psk->prefix);
		if (ip_addr_equal(&network.addr, &psk->prefix.addr))
			return 0;
	}
	return config_fail_at(r, s, "prefix is \"%s\"; expected an IPv4 network as \"10.0.0.0/8\"",
		config_shown(text, shown));
}

static int read_psk(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"id", read_psk_id, 0, 0, CONFIG_IDENTITY_MAX, false},
		{"address", read_psk_address, 0, 0, 0, false},
		{"prefix", read_psk_prefix, 0, 0, 0, false},
		{"secret", read_secret, 0, 0, 0, true},
		{"tunnel_address", config_read_addr, offsetof(struct config_psk, tunnel_address), 0,
			0, false},
		{"tunnel", config_read_name, offsetof(struct config_psk, tunnel), 0, 0, false},
	};
	struct config_psk *psk = element;
	int rc;

	psk->place = config_place_of(r, s);
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), psk);
	if (rc < 0)
		return rc;
	if (psk->n_given != 1)
		return config_fail_at(r, s,
			"an entry of psk is for %s; expected one of id, address and prefix (id = "
			"\"*\" for everybody)",
			psk->n_given == 0 ? "nobody" : "several");
	if (psk->secret_len < SECRET_SHORT)
		config_warn(r->env, &psk->place,
			"a shared key of %u octets can be guessed by who has seen one handshake; "
			"take 20 or more: openssl rand -hex 20",
			psk->secret_len);
	return 0;
}

static int read_psks(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_ike *ike = ike_of(member);

	(void)f;
	return config_read_list(r, s, sizeof(ike->psk[0]), &ike->psk, &ike->n_psk, read_psk);
}

/* --- the rest --------------------------------------------------------------------------------- */

static int read_mode(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	const char *text = config_text_of(r, s, "\"child\" or \"external\"");
	struct config_ike *ike = ike_of(member);
	char shown[CONFIG_SHOWN_MAX];

	(void)f;
	if (text == NULL)
		return -EINVAL;
	ike->external = strcmp(text, "external") == 0;
	if (ike->external || strcmp(text, "child") == 0)
		return 0;
	return config_fail_at(r, s, "mode is \"%s\"; expected \"child\" or \"external\"",
		config_shown(text, shown));
}

static int read_version(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field field = {"versions", NULL, 0, 1, 2, true};

	return config_read_unsigned(r, s, &field, element);
}

static int read_versions(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_ike *ike = ike_of(member);
	unsigned *list = NULL, n = 0;
	int rc = config_read_list(r, s, sizeof(*list), &list, &n, read_version);

	(void)f;
	ike->v1 = ike->v2 = false;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		ike->v1 |= list[i] == 1;
		ike->v2 |= list[i] == 2;
	}
	free(list);
	if (rc == 0 && n == 0)
		return config_fail_at(r, s, "versions is empty; expected [ 1, 2 ], [ 1 ] or [ 2 ]");
	return rc;
}

static int read_file_name(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field field = {.name = "ca", .max = PATH_MAX_LEN};

	return config_read_str(r, s, &field, element);
}

static int read_cas(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_ike *ike = ike_of(member);

	(void)f;
	return config_read_list(r, s, sizeof(ike->ca[0]), &ike->ca, &ike->n_ca, read_file_name);
}

static int read_certificates(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	static const struct config_field fields[] = {
		{"certificate", config_read_str, offsetof(struct config_ike, certificate), 0,
			PATH_MAX_LEN, true},
		{"key", config_read_str, offsetof(struct config_ike, key), 0, PATH_MAX_LEN, true},
		{"ca", read_cas, 0, 0, 0, true},
	};
	struct config_ike *ike = ike_of(member);
	int rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), ike);

	(void)f;
	if (rc == 0 && ike->n_ca == 0)
		return config_fail_at(r, s,
			"certificates has an empty ca; expected the files of "
			"who signs the spokes' certificates");
	return rc;
}

static int read_lifetimes(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	static const struct config_field fields[] = {
		{"ike", config_read_u32, offsetof(struct config_ike, life_ike), 120, 604800, false},
		{"esp", config_read_u32, offsetof(struct config_ike, life_esp), 120, 604800, false},
		{"megabytes", config_read_u32, offsetof(struct config_ike, life_megabytes), 0,
			UINT32_MAX, false},
	};

	(void)f;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), member);
}

/* A text that stands in charon's settings between quotes. */
static int check_plain(
	struct config_reader *r, const config_setting_t *s, const char *name, const char *text)
{
	if (text == NULL || strpbrk(text, "\"\\\n\r{}#") == NULL)
		return 0;
	return config_fail_at(r, s,
		"ike: %s has a character that it cannot have: \" \\ # { } or a "
		"line's end",
		name);
}

static int check_texts(struct config_reader *r, const config_setting_t *s)
{
	const struct config_ike *ike = r->config->ike;
	int rc = check_plain(r, s, "id", ike->id);

	if (rc == 0)
		rc = check_plain(r, s, "directory", ike->directory);
	if (rc == 0)
		rc = check_plain(r, s, "include", ike->include);
	if (rc == 0)
		rc = check_plain(r, s, "certificate", ike->certificate);
	for (unsigned i = 0; i < ike->n_ca && rc == 0; i++)
		rc = check_plain(r, s, "ca", ike->ca[i]);
	return rc;
}

static void warn(struct config_reader *r)
{
	const struct config_ike *ike = r->config->ike;

	if (ike->aggressive)
		config_warn(r->env, &ike->place,
			"aggressive mode shows who listens enough to guess shared keys offline; "
			"use "
			"it only for spokes that know nothing better");
	for (unsigned i = 0; i + 1 < ike->n_psk; i++)
		if (ike->psk[i].kind == CONFIG_PSK_ANYBODY) {
			config_warn(r->env, &ike->psk[i + 1].place,
				"the first entry of psk that matches is taken, so none behind id = "
				"\"*\", in line %u, ever is",
				ike->psk[i].place.line);
			break;
		}
}

CONFIG_FIELD_READER(ike)
{
	static const struct config_field fields[] = {
		{"mode", read_mode, 0, 0, 0, false},
		{"user", config_read_str, offsetof(struct config_ike, user), 0, 31, false},
		{"directory", config_read_str, offsetof(struct config_ike, directory), 0,
			DIRECTORY_MAX, false},
		{"plugin", config_read_str, offsetof(struct config_ike, plugin), 0, PATH_MAX_LEN,
			false},
		{"versions", read_versions, 0, 0, 0, false},
		{"aggressive", config_read_bool, offsetof(struct config_ike, aggressive), 0, 0,
			false},
		{"fragmentation", config_read_bool, offsetof(struct config_ike, fragmentation), 0,
			0, false},
		{"nat_force", config_read_bool, offsetof(struct config_ike, nat_force), 0, 0,
			false},
		{"dpd", config_read_u32, offsetof(struct config_ike, dpd), 0, 3600, false},
		{"id", config_read_str, offsetof(struct config_ike, id), 0, CONFIG_IDENTITY_MAX,
			false},
		{"proposals", config_read_proposals, 0, 0, 0, false},
		{"esp", config_read_esp_proposals, 0, 0, 0, false},
		{"lifetimes", read_lifetimes, 0, 0, 0, false},
		{"certificates", read_certificates, 0, 0, 0, false},
		{"psk", read_psks, 0, 0, 0, false},
		{"include", config_read_str, offsetof(struct config_ike, include), 0, PATH_MAX_LEN,
			false},
	};
	struct config *c = member;
	struct config_ike *ike = calloc(1, sizeof(*ike));
	int rc;

	(void)f;
	if (ike == NULL)
		return config_no_memory(r->err);
	c->ike = ike;
	ike->place = config_place_of(r, s);
	ike->v1 = ike->v2 = ike->fragmentation = true;
	ike->dpd = 30;
	ike->life_ike = 86400;
	ike->life_esp = 3600;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), ike);
	if (rc == 0)
		rc = check_texts(r, s);
	if (rc == 0 && ike->n_psk == 0 && ike->certificate == NULL && ike->include == NULL)
		rc = config_fail_at(r, s,
			"ike has neither psk nor certificates; expected how "
			"spokes prove who they are");
	if (rc == 0)
		warn(r);
	return rc;
}

void config_ike_free(struct config_ike *ike)
{
	if (ike == NULL)
		return;
	for (unsigned i = 0; i < ike->n_psk; i++) {
		free(ike->psk[i].id);
		explicit_bzero(&ike->psk[i], sizeof(ike->psk[i]));
	}
	for (unsigned i = 0; i < ike->n_proposals; i++)
		free(ike->proposals[i]);
	for (unsigned i = 0; i < ike->n_esp; i++)
		free(ike->esp[i]);
	for (unsigned i = 0; i < ike->n_ca; i++)
		free(ike->ca[i]);
	free(ike->psk);
	free(ike->proposals);
	free(ike->esp);
	free(ike->ca);
	free(ike->user);
	free(ike->directory);
	free(ike->plugin);
	free(ike->id);
	free(ike->certificate);
	free(ike->key);
	free(ike->include);
	free(ike);
}

/* --- what only shows when everything is read -------------------------------------------------- */

static const struct config_tunnel *tunnel_of(const struct config *c, const struct config_psk *psk)
{
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (psk->tunnel[0] == '\0' || strcmp(psk->tunnel, c->tunnels[i].name) == 0)
			return &c->tunnels[i];
	return NULL;
}

static int check_psk(const struct config *c, const struct config_psk *psk, struct error *err)
{
	const struct config_tunnel *t = tunnel_of(c, psk);
	char text[IP_ADDR_STRLEN], prefix[IP_PREFIX_STRLEN];
	struct ip_prefix net;

	if (t == NULL)
		return config_fail(err, &psk->place,
			"psk: there is no tunnel %s; expected the name of one", psk->tunnel);
	if (psk->tunnel_address.family == 0)
		return 0;
	if (psk->kind == CONFIG_PSK_ANYBODY ||
		(psk->kind == CONFIG_PSK_PREFIX && psk->prefix.len < 32))
		return config_fail(err, &psk->place,
			"psk: tunnel_address %s is given to all who have this key; expected it "
			"only "
			"with id = \"NAME\" or address",
			ip_addr_str(&psk->tunnel_address, text));
	net = ip_prefix_network(&t->address);
	if (!ip_prefix_contains(&t->address, &psk->tunnel_address) ||
		ip_addr_equal(&t->address.addr, &psk->tunnel_address))
		return config_fail(err, &psk->place,
			"psk: tunnel_address %s is no spoke's in tunnel %s; expected an address of "
			"%s",
			ip_addr_str(&psk->tunnel_address, text), t->name,
			ip_prefix_str(&net, prefix));
	return 0;
}

static bool same_peer(const struct config_psk *a, const struct config_psk *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == CONFIG_PSK_IDENTITY)
		return strcmp(a->id, b->id) == 0;
	return a->kind == CONFIG_PSK_ANYBODY ||
	       (a->prefix.len == b->prefix.len && ip_addr_equal(&a->prefix.addr, &b->prefix.addr));
}

/* A hash would be quicker; a list of shared keys is short, or its hub has certificates. */
static int check_twins(const struct config_ike *ike, struct error *err)
{
	for (unsigned i = 0; i < ike->n_psk; i++)
		for (unsigned j = 0; j < i; j++)
			if (same_peer(&ike->psk[i], &ike->psk[j]))
				return config_fail(err, &ike->psk[i].place,
					"psk: this peer was given before, in %s:%u",
					ike->psk[j].place.file, ike->psk[j].place.line);
	return 0;
}

int config_ike_check(const struct config *c, struct error *err)
{
	const struct config_ike *ike = c->ike;
	int rc = 0;

	if (ike == NULL)
		return 0;
	if (c->n_tunnels == 0)
		return config_fail(err, &ike->place, "ike is given, but there is no tunnel");
	for (unsigned i = 0; i < ike->n_psk && rc == 0; i++)
		rc = check_psk(c, &ike->psk[i], err);
	return rc == 0 ? check_twins(ike, err) : rc;
}
