/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "common/log.h"
#include "common/stopwatch.h"
#include "control/hub_priv.h"
#include "control/leases.h"
#include "crypto/suite.h"

uint16_t hub_mtu(const struct config *c)
{
	uint16_t mtu = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		mtu = c->ports[i].mtu > mtu ? c->ports[i].mtu : mtu;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		mtu = c->tunnels[i].mtu > mtu ? c->tunnels[i].mtu : mtu;
	return mtu;
}

unsigned hub_buffer_megabytes(const struct config *c)
{
	uint64_t n = (uint64_t)c->mbufs + DP_CONTROL_BUFFERS;

	return (unsigned)(n * dp_buffer_size(hub_mtu(c)) >> 20) + 1;
}

static const enum dp_idle idle_of[CONFIG_IDLE_COUNT] = {
	[CONFIG_IDLE_AUTO] = DP_IDLE_AUTO,
	[CONFIG_IDLE_POLL] = DP_IDLE_POLL,
	[CONFIG_IDLE_PAUSE] = DP_IDLE_PAUSE,
	[CONFIG_IDLE_INTERRUPT] = DP_IDLE_INTERRUPT,
};

/* Routes that neighbors may tell, or might after a reload. */
static unsigned learned_routes(const struct config *c)
{
	return c->rip == NULL ? CONFIG_RIP_MAX_ROUTES : c->rip->max_routes;
}

static int create_dp(struct hub *h, unsigned room, struct error *err)
{
	const unsigned *lcores = h->params.lcores;
	struct dp_params p = {
		.n_workers = h->config->workers,
		.lcores = lcores,
		.burst = h->config->burst,
		.idle = idle_of[h->config->idle],
		.n_mbufs = h->config->mbufs,
		.mtu = hub_mtu(h->config),
		.n_peers = room,
		.n_routes = learned_routes(h->config),
		.socket = SOCKET_ID_ANY,
	};

	/* Without hugepages all memory is of one node, whatever that is. */
	if (lcores != NULL && rte_eal_has_hugepages())
		p.socket = (int)rte_lcore_to_socket_id(lcores[0]);
	if (h->params.fixed_seed)
		memset(p.seed, 1, sizeof(p.seed));
	else if (getrandom(p.seed, sizeof(p.seed), 0) != sizeof(p.seed) ||
		 getrandom(&p.ident_seed, sizeof(p.ident_seed), 0) != sizeof(p.ident_seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	hub_state_create(h, room);
	hub_state_memory(h, p.sa_memory);
	stopwatch_lap(h->params.watch, "memory of the state");
	h->dp = dp_create(&p, err);
	stopwatch_lap(h->params.watch, "buffers and tables");
	explicit_bzero(p.seed, sizeof(p.seed));
	return h->dp == NULL ? -ENOMEM : 0;
}

static int create_objects(struct hub *h, struct error *err)
{
	unsigned room = hub_peers_room(h->config);
	int rc;

	h->mtu = hub_mtu(h->config);
	h->learned_routes = learned_routes(h->config);
	rc = create_dp(h, room, err);

	/* As many prefixes as the data plane's tables take, in both of them. */
	if (rc == 0)
		rc = hub_rib_create(h, 2 * (4 * room + 8192 + learned_routes(h->config)), err);
	if (rc == 0)
		rc = hub_neighbors_create(h, room, err);
	if (rc == 0)
		rc = hub_peers_create(h, room, err);
	if (rc == 0)
		rc = hub_ports_create(h, err);
	stopwatch_lap(h->params.watch, "ports");
	if (rc == 0)
		rc = hub_tunnels_create(h, err);
	if (rc == 0)
		rc = hub_static_create(h, err);
	if (rc == 0)
		rc = hub_nhrp_hooks_create(h, err);
	if (rc == 0)
		rc = hub_state_watch(h, err);
	if (rc == 0)
		rc = hub_leases_watch(h, err);
	if (rc == 0)
		rc = hub_nhrp_create(h, err);
	if (rc == 0)
		rc = hub_filters_create(h, err);
	if (rc == 0)
		rc = hub_taps_create(h, err);
	if (rc == 0)
		rc = hub_ike_create(h, err);
	stopwatch_lap(h->params.watch, "peers and routes");
	if (rc == 0 && h->params.former_state > 0)
		hub_state_restore(h, h->params.former_state);
	if (rc == 0)
		rc = hub_leases_create(h, h->params.former_state <= 0, err);
	stopwatch_lap(h->params.watch, "state of the last hub");
	if (rc == 0)
		rc = hub_rip_create(h, err);
	return rc;
}

struct hub *hub_create(const struct config *c, const struct hub_params *p, struct error *err)
{
	struct hub *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	h->config = c;
	h->params = *p;
	hub_hooks_create(h, p->hook_helper);
	if (create_objects(h, err) == 0) {
		h->config_owned = p->own_config;
		return h;
	}
	hub_destroy(h);
	return NULL;
}

void hub_destroy(struct hub *h)
{
	if (h == NULL)
		return;
	hub_reload_destroy(h);
	hub_shutdown_end(h);
	hub_ike_destroy(h);
	hub_nhrp_destroy(h);
	hub_leases_destroy(h);
	hub_rip_destroy(h);
	hub_hold_free(&h->hold);
	hub_hooks_destroy(h);
	if (h->dp != NULL)
		hub_capture_destroy(h);
	dp_destroy(h->dp);
	hub_taps_destroy(h);
	hub_filters_destroy(h);
	hub_ports_destroy(h);
	hub_tunnels_destroy(h);
	hub_peers_destroy(h);
	hub_rib_destroy(h);
	hub_neighbors_destroy(h);
	hub_state_destroy(h);
	config_free(h->config_owned);
	free(h);
}

struct dp *hub_dp(const struct hub *h)
{
	return h->dp;
}

unsigned hub_turn(struct hub *h, uint64_t now_ms)
{
	unsigned n;

	/* The hub's clock starts with its first turn, so that what was learned before is fresh. */
	if (!h->turned)
		h->base = now_ms;
	h->turned = true;
	h->now = now_ms - h->base;
	log_turn(now_ms);
	n = hub_punt_turn(h);
	hub_reload_poll(h);
	hub_links_turn(h);
	hub_taps_turn(h);
	hub_ike_turn(h);
	hub_rip_turn(h);
	hub_neighbors_turn(h);
	hub_nhrp_turn(h);
	hub_peers_sample(h);
	if (!dp_peer_moving(h->dp))
		dp_peers_follow(h->dp);
	dp_reclaim(h->dp);
	hub_capture_turn(h);
	hub_leases_turn(h);
	hub_hooks_turn(h);
	hub_shutdown_turn(h);
	return n;
}
