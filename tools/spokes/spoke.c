/* SPDX-License-Identifier: BSD-3-Clause */
/* A spoke's life, and its NHRP: an engine of its own for each, with the hub as its server. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "common/addr.h"
#include "tools/spokes/sim_priv.h"

#define HUB_PEER    0 /* others are called by their outer address */
#define MOVE_NBMA   UINT32_C(0x00100000)
#define MOVE_PORT   1
#define TARGETS_MAX 64

const char *sim_state_name(enum sim_spoke_state state)
{
	static const char *const names[SIM_STATES] = {
		[SIM_DOWN] = "down",
		[SIM_REGISTERING] = "registering",
		[SIM_REGISTERED] = "registered",
		[SIM_REFUSED] = "refused",
	};

	return names[state];
}

static void set_state(struct sim_spoke *k, enum sim_spoke_state state)
{
	k->sim->n_state[k->state]--;
	k->state = state;
	k->sim->n_state[state]++;
}

/* --- what its engine asks -----------------------------------------------------------------------
 */

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	struct sim_spoke *k = ctx;
	uint8_t *at = sim_tunnel_put(k, NHRP_GRE_PROTOCOL, (unsigned)len);

	(void)iface;
	(void)peer; /* what spokes tell each other goes by the hub */
	k->sim->counts.nhrp_tx++;
	if (at != NULL)
		memcpy(at, bytes, len);
}

static void op_route(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r)
{
	const struct sim_spoke *k = ctx;
	const struct sim *s = k->sim;
	int lan = sim_lan_find(s, dst_be, 32);

	(void)iface;
	if (dst_be == k->address_be) {
		*r = (struct nhrp_route){.kind = NHRP_ROUTE_LOCAL, .len = 32};
		return;
	}
	if (lan >= 0 && sim_lan_spoke(s, (unsigned)lan) == k->number) {
		*r = (struct nhrp_route){.kind = NHRP_ROUTE_ANNOUNCED, .len = 24};
		return;
	}
	*r = (struct nhrp_route){.kind = NHRP_ROUTE_PEER,
		.len = lan >= 0 ? 24 : s->tunnel->address.len,
		.peer = HUB_PEER,
		.next_hop_be = s->tunnel_be};
	if (lan >= 0 && sim_rip_knows(k, (unsigned)lan, 0))
		r->next_hop_be = k->routes[lan].via_be;
}

/* As if it had SAs with every other spoke, once it knows where that is. */
static uint32_t op_peer_of(void *ctx, uint32_t iface, uint32_t nbma_be)
{
	const struct sim_spoke *k = ctx;

	(void)iface;
	return nbma_be == k->sim->hub_be ? HUB_PEER : nbma_be;
}

static void op_event(void *ctx, const struct nhrp_event *ev)
{
	struct sim_spoke *k = ctx;

	switch (ev->type) {
	case NHRP_EV_NHS_UP:
		set_state(k, SIM_REGISTERED);
		k->code = 0;
		k->n_registered++;
		sim_rip_start(k);
		break;
	case NHRP_EV_NHS_DOWN:
		set_state(k, ev->code != 0 ? SIM_REFUSED : SIM_REGISTERING);
		k->code = (uint8_t)ev->code;
		break;
	case NHRP_EV_SHORTCUT_DOWN:
		k->n_purged += ev->end == NHRP_END_PURGED;
		break;
	default:
		break;
	}
}

static const struct nhrp_ops ops = {
	.send = op_send, .route = op_route, .peer_of = op_peer_of, .event = op_event};

/* --- life --------------------------------------------------------------------------------------
 */

static int add_interface(struct sim_spoke *k)
{
	struct sim *s = k->sim;
	struct nhrp_target targets[TARGETS_MAX];
	const struct nhrp_nhs nhs = {.address_be = s->tunnel_be, .nbma_be = s->hub_be};
	struct nhrp_iface_params p = {.address_be = k->address_be,
		.len = s->tunnel->address.len,
		.nbma_be = k->nbma_be,
		.mtu = s->tunnel->mtu,
		.holding = (uint16_t)s->set.holding,
		.secret = s->tunnel->nhrp.authentication,
		.shortcut = true,
		.nhs = &nhs,
		.n_nhs = 1,
		.targets = targets,
		.n_targets = s->set.lans < TARGETS_MAX ? s->set.lans : TARGETS_MAX};

	for (unsigned j = 0; j < p.n_targets; j++)
		targets[j] = (struct nhrp_target){
			.prefix = {sim_lan_net_be(s, sim_lan_of(s, k->number, j)), 24}};
	return nhrp_interface_add(k->nhrp, 0, &p, s->now_ms);
}

/* The engine's next deed; it has just been called. */
static void again(struct sim_spoke *k)
{
	uint64_t next = nhrp_next(k->nhrp);

	if (next == UINT64_MAX)
		timer_stop(&k->sim->timers, &k->nhrp_timer);
	else
		timer_start(&k->sim->timers, &k->nhrp_timer, next);
}

int sim_spoke_up(struct sim_spoke *k)
{
	const struct nhrp_params params = {.shortcuts_max = 1000, .seed = k->number};

	if (k->state != SIM_DOWN)
		return 0;
	k->nhrp = nhrp_create(&params, &ops, k);
	if (k->nhrp == NULL || add_interface(k) < 0) {
		if (k->nhrp != NULL)
			nhrp_destroy(k->nhrp);
		k->nhrp = NULL;
		return -ENOMEM;
	}
	set_state(k, SIM_REGISTERING);
	again(k);
	return 0;
}

void sim_spoke_die(struct sim_spoke *k)
{
	if (k->state == SIM_DOWN)
		return;
	sim_flow_stop(k->sim, k->number);
	sim_rip_stop(k);
	timer_stop(&k->sim->timers, &k->nhrp_timer);
	nhrp_destroy(k->nhrp);
	k->nhrp = NULL;
	set_state(k, SIM_DOWN);
}

void sim_spoke_leave(struct sim_spoke *k)
{
	if (k->state == SIM_DOWN)
		return;
	nhrp_shutdown(k->nhrp, k->sim->now_ms);
	sim_tunnel_flush(k->sim);
	sim_spoke_die(k);
}

int sim_spoke_move(struct sim_spoke *k)
{
	if (k->nat_port == 0)
		return -EINVAL;
	k->nbma_be ^= htonl(MOVE_NBMA);
	k->nat_port ^= MOVE_PORT;
	return 0;
}

void sim_spoke_resolve(struct sim_spoke *k, uint32_t dst_be)
{
	if (k->state == SIM_DOWN)
		return;
	nhrp_resolve(k->nhrp, 0, dst_be, k->sim->now_ms);
	again(k);
}

bool sim_spoke_shortcut(const struct sim_spoke *k, uint32_t dst_be, uint32_t *nbma_be)
{
	struct nhrp_binding b;

	if (k->state == SIM_DOWN || !nhrp_binding_match(k->nhrp, 0, dst_be, &b) ||
		b.type != NHRP_CACHED)
		return false;
	*nbma_be = b.nbma_be;
	return true;
}

void sim_spoke_nhrp(struct sim_spoke *k, const uint8_t *bytes, unsigned len)
{
	k->sim->counts.nhrp_rx++;
	nhrp_receive(k->nhrp, 0, HUB_PEER, k->sim->hub_be, bytes, len, k->sim->now_ms);
	again(k);
}

void sim_timers_turn(struct sim *s)
{
	struct timer *t;

	while ((t = timers_take_due(&s->timers, s->now_ms)) != NULL) {
		/* All timers stand in spokes. */
		struct sim_spoke *k = s->spokes + ((size_t)((char *)t - (char *)s->spokes) /
							  sizeof(struct sim_spoke));

		if (t == &k->rip_timer) {
			sim_rip_fire(k);
			continue;
		}
		nhrp_turn(k->nhrp, s->now_ms);
		again(k);
	}
}
