/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's tunnels, and the peers and SAs that it names. */
#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "config/esp/esp.h"
#include "control/hub_priv.h"
#include "crypto/suite.h"

unsigned hub_peers_room(const struct config *c)
{
	unsigned peers = 0, in = 0, out = 0, room = c->peers_max;

	for (unsigned i = 0; i < c->n_tunnels; i++) {
		peers += c->tunnels[i].n_peers;
		for (unsigned k = 0; k < c->tunnels[i].n_peers; k++) {
			in += c->tunnels[i].peers[k].n_sa_in;
			out += c->tunnels[i].peers[k].n_sa_out;
		}
	}
	/* The data plane has room for two SAs of each direction and four prefixes a peer. */
	room = RTE_MAX(room, (in + 1) / 2);
	room = RTE_MAX(room, (out + 1) / 2);
	return RTE_MAX(room, (peers + c->n_routes) / 4);
}

int hub_tunnel_add_sa(
	struct hub *h, struct hub_peer *peer, const struct config_sa *c, bool in, struct error *err)
{
	const struct sa_params p = config_esp_sa(c, in);
	struct error why = {""};
	uint32_t index;
	int rc;

	if (p.suite == NULL)
		return error_set(err, EINVAL, "%s:%u: cipher suite \"%s\" is not known",
			c->place.file, c->place.line, c->suite);
	rc = hub_peer_add_sa(h, peer, &p, &index, &why);
	if (rc < 0)
		error_set(err, -rc, "%s:%u: SA 0x%08x: %s", c->place.file, c->place.line, c->spi,
			why.text);
	return rc;
}

int hub_tunnel_add_peer(struct hub *h, uint16_t tunnel, const struct config_peer *c,
	struct hub_peer **peer, struct error *err)
{
	const struct hub_peer_params params = {
		.nbma_be = c->nbma.v4_be,
		.nat_port = c->nat_port,
		.address_be = c->address.family != 0 ? c->address.v4_be : 0,
		.config = c,
	};
	struct hub_peer *p = hub_peer_add(h, tunnel, &params, err);
	int rc = p == NULL ? -EINVAL : 0;

	for (unsigned i = 0; i < c->n_sa_in && rc == 0; i++)
		rc = hub_tunnel_add_sa(h, p, &c->sa_in[i], true, err);
	for (unsigned i = 0; i < c->n_sa_out && rc == 0; i++)
		rc = hub_tunnel_add_sa(h, p, &c->sa_out[i], false, err);
	*peer = p;
	return rc;
}

static const enum dp_rpf rpf_of[CONFIG_RPF_MODES] = {
	[CONFIG_RPF_LOOSE] = DP_RPF_LOOSE,
	[CONFIG_RPF_STRICT] = DP_RPF_STRICT,
	[CONFIG_RPF_OFF] = DP_RPF_OFF,
};

static const enum dp_df df_of[CONFIG_DF_COUNT] = {
	[CONFIG_DF_SET] = DP_DF_SET,
	[CONFIG_DF_COPY] = DP_DF_COPY,
	[CONFIG_DF_CLEAR] = DP_DF_CLEAR,
};

/* The port whose address a tunnel's packets come from; the configuration was checked for one. */
static uint16_t port_of(const struct hub *h, const struct config_tunnel *c)
{
	for (unsigned i = 0; i < h->n_ports; i++)
		if (hub_port_has_address(h, (uint16_t)i, c->nbma.v4_be))
			return (uint16_t)i;
	return 0;
}

static struct dp_tunnel_params params_of(const struct config_tunnel *c)
{
	return (struct dp_tunnel_params){
		.address_be = c->address.addr.v4_be,
		.prefix_len = c->address.len,
		.rpf = rpf_of[c->rpf],
		.nbma_be = c->nbma.v4_be,
		.key_set = c->key_set,
		.key = c->key,
		.mtu = c->mtu,
		.ttl = c->ttl,
		.checksum = c->checksum,
		.redirect = c->redirect,
		.adjust_mss = c->adjust_mss,
		.dscp_set = c->dscp_set,
		.dscp = c->dscp,
		.df = df_of[c->df],
		.host = c->tap[0] != '\0',
	};
}

int hub_tunnel_place(const struct hub *h, const struct config_tunnel *c)
{
	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (h->tunnels[i].config == c)
			return (int)i;
	return -ENOENT;
}

/* The first place that is free: those of others never change. */
static int take_place(struct hub *h, struct error *err)
{
	unsigned i = 0;

	while (i < h->n_tunnels && h->tunnels[i].config != NULL)
		i++;
	if (i == DP_TUNNELS_MAX)
		return error_set(err, ENOSPC, "more than %u tunnels", DP_TUNNELS_MAX);
	h->n_tunnels = RTE_MAX(h->n_tunnels, i + 1);
	return (int)i;
}

int hub_tunnel_add(struct hub *h, const struct config_tunnel *c, struct error *err)
{
	const struct dp_tunnel_params p = params_of(c);
	uint32_t address = c->address.addr.v4_be;
	int place = take_place(h, err), rc;
	struct hub_tunnel *t;

	if (place < 0)
		return place;
	t = &h->tunnels[place];
	rc = dp_tunnel_add(h->dp, &p, &t->dp, err);
	if (rc < 0)
		return rc;
	t->config = c;
	t->port = port_of(h, c);
	rc = hub_rib_add(h, DP_TABLE_OVERLAY, address, 32, HUB_ROUTE_LOCAL, DP_ADJ_LOCAL, err);
	if (rc == 0)
		rc = hub_rib_add(h, DP_TABLE_OVERLAY, address & ip4_mask_be(c->address.len),
			c->address.len, HUB_ROUTE_CONNECTED, DP_ADJ_NO_PEER, err);
	return rc < 0 ? rc : place;
}

void hub_tunnel_set(struct hub *h, uint16_t tunnel, const struct config_tunnel *c)
{
	const struct dp_tunnel_params p = params_of(c);

	dp_tunnel_set(h->dp, h->tunnels[tunnel].dp, &p);
}

void hub_tunnel_del(struct hub *h, uint16_t tunnel)
{
	struct hub_tunnel *t = &h->tunnels[tunnel];
	uint32_t address = t->config->address.addr.v4_be;
	uint8_t len = t->config->address.len;

	hub_rib_del(h, DP_TABLE_OVERLAY, address, 32, HUB_ROUTE_LOCAL);
	hub_rib_del(h, DP_TABLE_OVERLAY, address & ip4_mask_be(len), len, HUB_ROUTE_CONNECTED);
	for (unsigned d = 0; d < DP_FILTER_DIRECTIONS; d++)
		dp_filter_at_tunnel(h->dp, t->dp, (enum dp_filter_direction)d, NULL);
	dp_tunnel_del(h->dp, t->dp);
	*t = (struct hub_tunnel){.config = NULL};
}

static int create_peers(struct hub *h, uint16_t tunnel, struct error *err)
{
	const struct config_tunnel *c = h->tunnels[tunnel].config;
	struct hub_peer *p;
	unsigned lost = 0;
	int rc = 0;

	for (unsigned k = 0; k < c->n_peers && rc == 0; k++) {
		rc = hub_tunnel_add_peer(h, tunnel, &c->peers[k], &p, err);
		lost += rc == 0 && p->next_hop == HUB_NONE;
	}
	if (rc == 0 && lost != 0)
		log_warning("tunnel %s: %u of %u peers are on no port's link, and no port has a "
			    "gateway: nothing can be sent to them",
			c->name, lost, c->n_peers);
	return rc;
}

int hub_tunnels_create(struct hub *h, struct error *err)
{
	int rc = 0;

	h->tunnels = calloc(DP_TUNNELS_MAX, sizeof(*h->tunnels));
	if (h->tunnels == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < h->config->n_tunnels && rc >= 0; i++) {
		rc = hub_tunnel_add(h, &h->config->tunnels[i], err);
		if (rc >= 0)
			rc = create_peers(h, (uint16_t)rc, err);
	}
	return RTE_MIN(rc, 0);
}

void hub_tunnels_destroy(struct hub *h)
{
	free(h->tunnels);
}
