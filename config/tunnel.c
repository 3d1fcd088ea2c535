/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnels = ( { ... peers = ( { ... } ) } ) */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define MSS_MIN 536
#define MSS_MAX 9560 /* of the largest mtu, without headers */

static int read_peer(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"address", config_read_addr, offsetof(struct config_peer, address), 0, 0, false},
		{"nbma", config_read_addr, offsetof(struct config_peer, nbma), 0, 0, true},
		{"nat_port", config_read_u16, offsetof(struct config_peer, nat_port), 1, UINT16_MAX,
			false},
		{"sa_in", config_read_sas_in, 0, 0, 0, false},
		{"sa_out", config_read_sas_out, 0, 0, 0, false},
	};
	struct config_peer *p = element;

	p->place = config_place_of(r, s);
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), p);
}

static int read_peers(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_tunnel *t = member;

	(void)f;
	return config_read_list(r, s, sizeof(t->peers[0]), &t->peers, &t->n_peers, read_peer);
}

/* The GRE key as routers take it: a number, or its four octets written like an address. */
static int read_gre_key(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_tunnel *t = member;
	char shown[CONFIG_SHOWN_MAX];
	struct in_addr quad;
	const char *text;

	t->key_set = true;
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return config_read_u32(r, s, f, &t->key);
	text = config_text_of(r, s, "a string");
	if (inet_pton(AF_INET, text, &quad) != 1)
		return config_fail_at(r, s,
			"key is \"%s\"; expected a whole number 0..%u, or octets as \"0.0.0.42\"",
			config_shown(text, shown), UINT32_MAX);
	t->key = ntohl(quad.s_addr);
	return 0;
}

/* RFC 9293 3.7.1: 536 is what TCP may send to whom it knows nothing about; less is a mistake. */
static int read_adjust_mss(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_tunnel *t = member;
	int rc = config_read_u16(r, s, f, &t->adjust_mss);

	if (rc == 0 && t->adjust_mss != 0 && t->adjust_mss < MSS_MIN)
		return config_fail_at(r, s,
			"adjust_mss is %u; expected 0 for off, or a whole number %u..%u",
			t->adjust_mss, MSS_MIN, f->max);
	return rc;
}

static const char *const rpf_names[CONFIG_RPF_MODES] = {
	[CONFIG_RPF_LOOSE] = "loose",
	[CONFIG_RPF_STRICT] = "strict",
	[CONFIG_RPF_OFF] = "off",
};

const char *config_rpf_name(enum config_rpf mode)
{
	return rpf_names[mode];
}

static int read_rpf(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_tunnel *t = member;
	unsigned at = 0;
	int rc = config_read_word(
		r, s, f, rpf_names, CONFIG_RPF_MODES, "\"strict\", \"loose\" or \"off\"", &at);

	t->rpf = (enum config_rpf)at;
	return rc;
}

static int read_dscp(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_tunnel *t = member;
	char shown[CONFIG_SHOWN_MAX];
	const char *text;

	t->dscp_set = config_setting_type(s) != CONFIG_TYPE_STRING;
	if (t->dscp_set)
		return config_read_u8(r, s, f, &t->dscp);
	text = config_text_of(r, s, "a string");
	if (strcmp(text, "copy") != 0)
		return config_fail_at(r, s,
			"dscp is \"%s\"; expected \"copy\", or a whole number %u..%u",
			config_shown(text, shown), f->min, f->max);
	return 0;
}

static const char *const df_names[CONFIG_DF_COUNT] = {
	[CONFIG_DF_SET] = "set",
	[CONFIG_DF_COPY] = "copy",
	[CONFIG_DF_CLEAR] = "clear",
};

const char *config_df_name(enum config_df df)
{
	return df_names[df];
}

static int read_df(struct config_reader *r, const config_setting_t *s, const struct config_field *f,
	void *member)
{
	struct config_tunnel *t = member;
	unsigned at = 0;
	int rc = config_read_word(
		r, s, f, df_names, CONFIG_DF_COUNT, "\"set\", \"copy\" or \"clear\"", &at);

	t->df = (enum config_df)at;
	return rc;
}

static int read_tunnel(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_tunnel, name), 0, 0, true},
		{"address", config_read_host_prefix, offsetof(struct config_tunnel, address), 0, 0,
			true},
		{"nbma", config_read_addr, offsetof(struct config_tunnel, nbma), 0, 0, true},
		{"key", read_gre_key, 0, 0, UINT32_MAX, false},
		{"mtu", config_read_u16, offsetof(struct config_tunnel, mtu), 576, 9600, false},
		{"ttl", config_read_u8, offsetof(struct config_tunnel, ttl), 1, 255, false},
		{"checksum", config_read_bool, offsetof(struct config_tunnel, checksum), 0, 0,
			false},
		{"redirect", config_read_bool, offsetof(struct config_tunnel, redirect), 0, 0,
			false},
		{"rpf", read_rpf, 0, 0, 0, false},
		{"adjust_mss", read_adjust_mss, 0, 0, MSS_MAX, false},
		{"dscp", read_dscp, 0, 0, 63, false},
		{"df", read_df, 0, 0, 0, false},
		{"tap", config_read_tap, offsetof(struct config_tunnel, tap), 0, 0, false},
		{"filter_in", config_read_name, offsetof(struct config_tunnel, filter_in), 0, 0,
			false},
		{"filter_out", config_read_name, offsetof(struct config_tunnel, filter_out), 0, 0,
			false},
		{"nhrp", config_read_nhrp, offsetof(struct config_tunnel, nhrp), 0, 0, false},
		{"peers", read_peers, 0, 0, 0, false},
	};
	struct config_tunnel *t = element;

	t->place = config_place_of(r, s);
	t->mtu = 1400;
	t->ttl = 64;
	config_nhrp_defaults(&t->nhrp);
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), t);
}

CONFIG_FIELD_READER(tunnels)
{
	struct config *c = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(c->tunnels[0]), &c->tunnels, &c->n_tunnels, read_tunnel);
}

void config_tunnel_free(struct config_tunnel *t)
{
	for (unsigned i = 0; i < t->n_peers; i++) {
		config_sas_free(t->peers[i].sa_in, t->peers[i].n_sa_in);
		config_sas_free(t->peers[i].sa_out, t->peers[i].n_sa_out);
	}
	free(t->peers);
	config_nhrp_free(&t->nhrp);
}
