/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's `rip` -> the engine; spokes that come and go; learned routes -> the RIB. */
#define LOG_SUBSYSTEM LOG_RIP

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <rte_ethdev.h>

#include "common/log.h"
#include "control/rip_hub_priv.h"

/* Messages handed out for a millisecond, and milliseconds that a turn which comes late makes up. */
#define SLICE    32
#define LATE_MAX 8u
/* Routers on a LAN; spokes are as many as the tunnel has room for. */
#define LAN_PEERS_MAX 256

static uint32_t take_random(void *ctx)
{
	uint32_t v = 0;

	(void)ctx;
	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		v = (uint32_t)time(NULL);
	return v;
}

static uint64_t unix_time(void *ctx)
{
	(void)ctx;
	return (uint64_t)time(NULL);
}

/* What spokes and routers told, as the RIB has it. */
static void take_route(void *ctx, const struct rip_route_view *v)
{
	struct hub_rip *rip = ctx;
	struct hub *h = rip->hub;
	const struct hub_prefix prefix = {v->prefix.addr_be, v->prefix.len, DP_TABLE_OVERLAY};
	struct hub_route_entry entry = {
		.source = HUB_ROUTE_RIP,
		.distance = h->config->rip->distance,
		.n_next_hops = (uint8_t)v->n_hops,
		.tag = v->tag,
		.metric = v->metric,
	};
	struct error err;

	if (v->n_hops == 0) {
		hub_rib_withdraw(h, &prefix, HUB_ROUTE_RIP, 0);
		return;
	}
	for (unsigned i = 0; i < v->n_hops; i++)
		entry.next_hops_be[i] = v->hops[i].via_be;
	if (hub_rib_update(h, &prefix, &entry, &err) < 0)
		log_stranger("%s", err.text);
}

_Static_assert(RIP_PATHS_MAX <= HUB_NEXT_HOPS_MAX, "the RIB takes all ways of a route");

static int make_lists(struct hub_rip *rip)
{
	const struct config_rip *c = rip->hub->config->rip;

	rip->lists = calloc(c->n_prefix_lists + 1, sizeof(*rip->lists));
	if (rip->lists == NULL)
		return -ENOMEM;
	rip->n_lists = c->n_prefix_lists;
	for (unsigned i = 0; i < c->n_prefix_lists; i++) {
		const struct config_prefix_list *from = &c->prefix_lists[i];
		struct hub_rip_list *to = &rip->lists[i];

		to->rules = calloc(from->n_rules + 1, sizeof(*to->rules));
		if (to->rules == NULL)
			return -ENOMEM;
		to->list = (struct rip_prefix_list){to->rules, from->n_rules};
		for (unsigned k = 0; k < from->n_rules; k++) {
			const struct config_rip_rule *r = &from->rules[k];

			to->rules[k] = (struct rip_rule){
				r->permit, {r->prefix.addr.v4_be, r->prefix.len}, r->ge, r->le};
		}
	}
	return 0;
}

const struct rip_prefix_list *hub_rip_list_of(const struct hub_rip *rip, const char *name)
{
	const struct config_rip *c = rip->hub->config->rip;
	const struct config_prefix_list *l = config_prefix_list_find(c, name);

	return name[0] == '\0' || l == NULL ? NULL : &rip->lists[l - c->prefix_lists].list;
}

static struct rip_policy make_policy(const struct hub_rip *rip, const struct config_rip_policy *p)
{
	return (struct rip_policy){
		.in = hub_rip_list_of(rip, p->list_in),
		.out = hub_rip_list_of(rip, p->list_out),
		.offset_in = {hub_rip_list_of(rip, p->offset_in.list), p->offset_in.metric},
		.offset_out = {hub_rip_list_of(rip, p->offset_out.list), p->offset_out.metric},
	};
}

static const enum rip_algorithm algorithm_of[CONFIG_RIP_MODES] = {
	[CONFIG_RIP_TEXT] = RIP_ALGORITHM_TEXT,
	[CONFIG_RIP_MD5] = RIP_ALGORITHM_MD5,
	[CONFIG_RIP_SHA1] = RIP_ALGORITHM_SHA1,
	[CONFIG_RIP_SHA256] = RIP_ALGORITHM_SHA256,
	[CONFIG_RIP_SHA384] = RIP_ALGORITHM_SHA384,
	[CONFIG_RIP_SHA512] = RIP_ALGORITHM_SHA512,
};

_Static_assert(RIP_KEY_MAX == CONFIG_KEY_MAX, "keys of the configuration fit");

static void make_key(
	struct rip_key *to, const struct config_rip_key *from, enum config_rip_mode mode)
{
	*to = (struct rip_key){
		.id = from->id,
		.algorithm = algorithm_of[from->algorithm_set ? from->algorithm : mode],
		.len = from->key_len,
		.send = {from->send.from, from->send.to},
		.accept = {from->accept.from, from->accept.to},
	};
	memcpy(to->secret, from->key, from->key_len);
}

static int make_keys(
	const struct config_rip *c, const struct config_rip_auth *a, struct hub_rip_iface *i)
{
	const struct config_key_chain *chain = config_key_chain_find(c, a->key_chain);
	struct config_rip_key only = {
		.id = 1,
		.key_len = a->key_len,
		.send = {0, UINT64_MAX},
		.accept = {0, UINT64_MAX},
	};
	const struct config_rip_key *keys = chain == NULL ? &only : chain->keys;
	unsigned n = chain == NULL ? 1 : chain->n_keys;

	if (!a->set)
		return 0;
	i->keys = calloc(n, sizeof(*i->keys));
	if (i->keys == NULL)
		return -ENOMEM;
	memcpy(only.key, a->key, a->key_len);
	for (; i->n_keys < n; i->n_keys++)
		make_key(&i->keys[i->n_keys], &keys[i->n_keys], a->mode);
	explicit_bzero(&only, sizeof(only));
	return 0;
}

static enum rip_split_horizon split_of(const struct config_rip_interface *c, bool tunnel)
{
	if (!c->split_horizon_set)
		return tunnel ? RIP_SPLIT_OFF : RIP_SPLIT_SIMPLE;
	switch (c->split_horizon) {
	case CONFIG_SPLIT_OFF:
		return RIP_SPLIT_OFF;
	case CONFIG_SPLIT_POISONED:
		return RIP_SPLIT_POISONED;
	default:
		return RIP_SPLIT_SIMPLE;
	}
}

/* A NIC must let 01:00:5e:00:00:09 (RFC 1112 6.4) through; software ports do so anyhow. */
static void join_group(const struct hub *h, uint16_t port)
{
	struct rte_ether_addr group = {{1, 0, 0x5e, 0, 0, 9}};
	uint16_t ethdev = h->ports[h->ports[port].parent].ethdev;

	if (ethdev != RTE_MAX_ETHPORTS && rte_eth_dev_set_mc_addr_list(ethdev, &group, 1) < 0)
		rte_eth_allmulticast_enable(ethdev);
}

static int add_iface(struct hub_rip *rip, bool tunnel, uint16_t index, const char *name,
	const struct ip_prefix *addrs, unsigned n_addrs, struct error *err)
{
	const struct config_rip *c = rip->hub->config->rip;
	const struct config_rip_interface own = config_rip_interface_of(c, name);
	struct hub_rip_iface *i = &rip->ifaces[rip->n_ifaces];
	struct rip_iface_params p = {
		.n_addrs = RTE_MIN(n_addrs, (unsigned)RIP_ADDRS_MAX),
		.split_horizon = split_of(&own, tunnel),
		.passive = own.passive,
		.next_hop_self = own.next_hop_self,
		.suppress_own = own.suppress_own && tunnel,
		.receive_v1 = own.receive_v1,
		.accept_default = own.accept_default_set ? own.accept_default : !tunnel,
		.accept_own = own.accept_own_set ? own.accept_own : !tunnel,
		.replay_check = own.auth.replay_check,
		.max_prefixes = own.max_prefixes,
		.max_peers = tunnel ? hub_peers_room(rip->hub->config) : LAN_PEERS_MAX,
		.policy = make_policy(rip, &own.policy),
	};
	uint32_t iface;
	int rc = make_keys(c, &own.auth, i);

	if (rc < 0)
		return error_set(err, ENOMEM, "out of memory");
	snprintf(p.name, sizeof(p.name), "%s", name);
	for (unsigned k = 0; k < p.n_addrs; k++)
		p.addrs[k] = (struct rip_prefix){addrs[k].addr.v4_be, addrs[k].len};
	p.auth = (struct rip_auth){i->keys, i->n_keys, own.auth.old_ripd_length};
	i->tunnel = tunnel;
	i->index = index;
	/* The engine sends at once, by this place. */
	rip->n_ifaces++;
	rc = rip_iface_add(rip->engine, &p, &iface, err);
	if (rc == 0)
		*(tunnel ? &rip->of_tunnel[index] : &rip->of_port[index]) = iface;
	if (rc == 0 && !tunnel)
		join_group(rip->hub, index);
	return rc;
}

/* Networks of the hub on which RIP does not run are its own nevertheless. */
static int add_or_protect(struct hub_rip *rip, bool tunnel, uint16_t index, const char *name,
	const struct ip_prefix *addrs, unsigned n_addrs, struct error *err)
{
	if (config_rip_runs_on(rip->hub->config->rip, name, addrs, n_addrs))
		return add_iface(rip, tunnel, index, name, addrs, n_addrs, err);
	for (unsigned k = 0; k < n_addrs; k++) {
		const struct rip_prefix p = {
			addrs[k].addr.v4_be & ip4_mask_be(addrs[k].len), addrs[k].len};

		if (rip_protect(rip->engine, &p) < 0)
			return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int add_ifaces(struct hub_rip *rip, struct error *err)
{
	const struct hub *h = rip->hub;
	int rc = 0;

	for (unsigned i = 0; i < DP_TUNNELS_MAX; i++)
		rip->of_tunnel[i] = RIP_IFACE_NONE;
	for (unsigned i = 0; i < h->n_ports; i++)
		rip->of_port[i] = RIP_IFACE_NONE;
	for (uint16_t i = 0; rc == 0 && i < h->n_tunnels; i++) {
		const struct config_tunnel *c = h->tunnels[i].config;

		if (c == NULL)
			continue;
		rc = add_or_protect(rip, true, i, c->name, &c->address, 1, err);
	}
	for (uint16_t i = 0; rc == 0 && i < h->n_ports; i++) {
		const struct config_port *c = h->ports[i].config;

		if (c->lan)
			rc = add_or_protect(
				rip, false, i, c->name, c->addresses, c->n_addresses, err);
	}
	return rc;
}

/* The engine's interface that this address is on the link of, or RIP_IFACE_NONE. */
static uint32_t iface_around(const struct hub_rip *rip, uint32_t addr_be)
{
	const struct rip_prefix host = {addr_be, 32};

	for (uint32_t i = 0; i < rip->n_ifaces; i++) {
		const struct rip_iface_params *p = rip_iface_params(rip->engine, i);

		for (unsigned k = 0; k < p->n_addrs; k++)
			if (rip_prefix_within(&p->addrs[k], &host))
				return i;
	}
	return RIP_IFACE_NONE;
}

static int add_neighbors(struct hub_rip *rip, struct error *err)
{
	const struct config_rip *c = rip->hub->config->rip;

	for (unsigned i = 0; i < c->n_neighbors; i++) {
		uint32_t addr_be = c->neighbors[i].address.v4_be;

		if (rip_neighbor_add(rip->engine, iface_around(rip, addr_be), addr_be) < 0)
			return error_set(err, ENOSPC, "%s:%u: no room for this neighbor",
				c->neighbors[i].place.file, c->neighbors[i].place.line);
	}
	return 0;
}

/*
 * Spokes are told and asked soon, and what they told is lost at once. Whoever is not sent the
 * tunnel's multicast is not spoken to by RIP at all.
 */
static void watch_peer(void *ctx, struct hub_peer *p, enum hub_peer_event event)
{
	struct hub_rip *rip = ctx;
	uint32_t iface = rip->of_tunnel[p->tunnel];
	bool told = p->up && hub_peer_hears_multicast(rip->hub, p, p->address_be);

	if (iface == RIP_IFACE_NONE || event == HUB_PEER_EVENT_KEYED)
		return;
	if (event == HUB_PEER_EVENT_UP)
		p->rip_told = false;
	if (told && !p->rip_told) {
		rip->ifaces[iface].n_up++;
		rip_peer_up(rip->engine, iface, p->address_be);
	} else if (event == HUB_PEER_EVENT_DOWN || (!told && p->rip_told)) {
		rip->ifaces[iface].n_up -= p->rip_told;
		rip_peer_gone(rip->engine, iface, p->address_be);
	}
	p->rip_told = told;
	rip_iface_set_copies(rip->engine, iface, rip->ifaces[iface].n_up);
}

void hub_rip_multicast(struct hub *h, struct hub_peer *p)
{
	if (h->rip != NULL)
		watch_peer(h->rip, p, HUB_PEER_EVENT_MOVED);
}

static int create_engine(struct hub_rip *rip, struct error *err)
{
	const struct config_rip *c = rip->hub->config->rip;
	const struct rip_params p = {
		.update_ms = c->update * 1000,
		.timeout_ms = c->timeout * 1000,
		.garbage_ms = c->garbage * 1000,
		.holddown_ms = c->holddown * 1000,
		.greet_ms = 1000,
		.max_routes = c->max_routes,
		.max_paths = c->ecmp,
		.distance = c->distance,
		.policy = make_policy(rip, &c->policy),
		.calls = {hub_rip_send, take_route, take_random, unix_time, rip},
	};

	rip->engine = rip_create(&p, rip->hub->now, err);
	return rip->engine == NULL ? -EINVAL : 0;
}

int hub_rip_create(struct hub *h, struct error *err)
{
	struct hub_rip *rip;
	int rc;

	if (h->config->rip == NULL)
		return 0;
	rip = calloc(1, sizeof(*rip));
	if (rip == NULL)
		return error_set(err, ENOMEM, "out of memory");
	h->rip = rip;
	rip->hub = h;
	rip->ifaces = calloc(h->n_tunnels + h->n_ports + 1, sizeof(*rip->ifaces));
	rip->of_tunnel = calloc(DP_TUNNELS_MAX, sizeof(*rip->of_tunnel));
	rip->of_port = calloc(h->n_ports + 1, sizeof(*rip->of_port));
	if (rip->ifaces == NULL || rip->of_tunnel == NULL || rip->of_port == NULL ||
		make_lists(rip) < 0)
		return error_set(err, ENOMEM, "out of memory");
	rc = create_engine(rip, err);
	if (rc == 0)
		rc = add_ifaces(rip, err);
	if (rc == 0)
		rc = add_neighbors(rip, err);
	if (rc == 0)
		rc = hub_rip_announce_create(rip, err);
	if (rc == 0 && hub_peer_watch(h, watch_peer, rip) < 0)
		rc = error_set(err, ENOSPC, "rip: too many watch spokes");
	return rc;
}

void hub_rip_turn(struct hub *h)
{
	struct hub_rip *rip = h->rip;
	uint64_t passed;

	if (rip == NULL)
		return;
	passed = h->now - rip->turned;
	rip->turned = h->now;
	hub_rip_announce_turn(rip);
	rip_turn(rip->engine, h->now, SLICE * (unsigned)RTE_MAX(1u, RTE_MIN(passed, LATE_MAX)));
}

void hub_rip_destroy(struct hub *h)
{
	struct hub_rip *rip = h->rip;

	if (rip == NULL)
		return;
	hub_peer_unwatch(h, rip);
	hub_rib_unobserve(h, rip);
	rip_destroy(rip->engine);
	for (unsigned i = 0; i < rip->n_lists; i++)
		free(rip->lists[i].rules);
	for (unsigned i = 0; i < rip->n_ifaces; i++) {
		if (rip->ifaces[i].keys != NULL)
			explicit_bzero(rip->ifaces[i].keys,
				rip->ifaces[i].n_keys * sizeof(struct rip_key));
		free(rip->ifaces[i].keys);
	}
	free(rip->lists);
	free(rip->ifaces);
	free(rip->of_tunnel);
	free(rip->of_port);
	free(rip->dirty);
	free(rip);
	h->rip = NULL;
}
