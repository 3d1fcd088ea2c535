/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SAs that the hub begins: with another hub that it registers at, or with whoever NHRP has a map
 * for. NHRP asks again and again; charon is asked once in a while.
 */
#define LOG_SUBSYSTEM LOG_IKE

#include <stdlib.h>

#include "common/log.h"
#include "control/ike_priv.h"

#define AGAIN_MS  10000
#define FORGET_MS 60000
#define MAX       1024 /* under way; maps and servers are the configuration's */

struct hub_ike_connect {
	UT_hash_handle hh;
	struct {
		uint32_t local_be, remote_be;
	} key;
	unsigned tries;
	uint64_t due;
};

static void forget_old(struct hub_ike *ike)
{
	struct hub_ike_connect *c, *next;

	HASH_ITER(hh, ike->connects, c, next)
	if (ike->hub->now >= c->due + FORGET_MS) {
		HASH_DEL(ike->connects, c);
		free(c);
	}
}

/* @return NULL: not now */
static struct hub_ike_connect *due(struct hub_ike *ike, uint32_t local_be, uint32_t remote_be)
{
	struct hub_ike_connect key = {.key = {local_be, remote_be}}, *c;

	HASH_FIND(hh, ike->connects, &key.key, sizeof(key.key), c);
	if (c == NULL) {
		forget_old(ike);
		c = HASH_COUNT(ike->connects) < MAX ? calloc(1, sizeof(*c)) : NULL;
		if (c == NULL)
			return NULL;
		c->key = key.key;
		HASH_ADD(hh, ike->connects, key, sizeof(c->key), c);
	}
	if (ike->hub->now < c->due)
		return NULL;
	c->due = ike->hub->now + AGAIN_MS;
	return c;
}

/* IKEv2, and IKEv1 in turn: what the other side speaks is not known. */
static uint8_t version_of(const struct hub_ike *ike, unsigned tries)
{
	const struct config_ike *c = ike->config;

	return c->v1 && (!c->v2 || tries % 2 == 1) ? 1 : 2;
}

uint32_t ike_connect(void *ctx, uint16_t tunnel, uint32_t nbma_be)
{
	struct hub_ike *ike = ctx;
	struct ike_msg m = {.type = IKE_MSG_INITIATE};
	struct ip_addr remote = ip_addr_v4(nbma_be);
	struct hub_ike_connect *c;
	char text[IP_ADDR_STRLEN];

	m.initiate.local_be = ike->hub->tunnels[tunnel].config->nbma.v4_be;
	m.initiate.remote_be = nbma_be;
	c = ike->loaded ? due(ike, m.initiate.local_be, nbma_be) : NULL;
	if (c == NULL)
		return NHRP_PEER_NONE;
	m.initiate.version = version_of(ike, c->tries++);
	log_info("beginning with %s by IKEv%u", ip_addr_str(&remote, text), m.initiate.version);
	ike_say(ike, &m);
	return NHRP_PEER_NONE;
}

void ike_connects_free(struct hub_ike *ike)
{
	struct hub_ike_connect *c, *next;

	HASH_ITER(hh, ike->connects, c, next)
	{
		HASH_DEL(ike->connects, c);
		free(c);
	}
}
