/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What NHRP does, told to scripts and the event stream by OpenNHRP's names. Registrations are asked
 * for: while scripts think about one, the engine waits, and nobody else does.
 */
#include "control/hub_priv.h"

#define REFUSALS_PER_S 20

static void describe_tunnel(const struct hub *h, uint32_t iface, struct hub_hook_vars *v)
{
	const struct config_tunnel *t = h->tunnels[iface].config;

	v->interface = t->name;
	v->src_be = t->address.addr.v4_be;
	v->src_nbma_be = t->nbma.v4_be;
	v->gre_key_set = t->key_set;
	v->gre_key = t->key;
}

/* What a peer says of itself is worth a word only when it is another address. */
static void describe_peer(struct hub_hook_vars *v, uint32_t address_be, uint8_t len,
	uint32_t nbma_be, uint32_t claimed_nbma_be)
{
	v->dest_be = address_be;
	v->dest_len = len;
	v->dest_nbma_be = nbma_be;
	v->dest_nat_oa_be = claimed_nbma_be != nbma_be ? claimed_nbma_be : 0;
}

static void decided(struct hub *h, uint64_t token, bool ok)
{
	nhrp_gate_result(h->nhrp.engine, token, ok, h->now);
}

static enum nhrp_gate gate(void *ctx, uint64_t token, const struct nhrp_binding *b)
{
	struct hub_hook_vars v = {.type = nhrp_binding_type_name(b->type), .dest_mtu = b->mtu};
	struct hub *h = ctx;
	int rc;

	describe_tunnel(h, b->iface, &v);
	describe_peer(&v, b->address_be, b->len, b->nbma_be, b->claimed_nbma_be);
	rc = hub_hook_run(h, CONFIG_HOOK_PEER_REGISTER, &v, decided, token);
	return rc == 0 ? NHRP_GATE_ALLOW : rc > 0 ? NHRP_GATE_LATER : NHRP_GATE_DENY;
}

/* Spokes can cause as many as they like: no more than so many are told. */
static bool told_enough(struct hub *h)
{
	struct hub_nhrp *n = &h->nhrp;

	if (h->now >= n->refusals_since + 1000) {
		n->refusals_since = h->now;
		n->refusals_told = 0;
	}
	return ++n->refusals_told > REFUSALS_PER_S;
}

static const char *reason_of(const struct nhrp_event *ev)
{
	switch (ev->type) {
	case NHRP_EV_ENDED:
	case NHRP_EV_SHORTCUT_DOWN:
		return nhrp_end_name(ev->end);
	case NHRP_EV_CONFLICT:
		return "another spoke holds the address, and lives";
	default:
		return ev->why;
	}
}

static void event(void *ctx, const struct nhrp_event *ev)
{
	static const struct {
		bool told, bound; /* bound: it is about a binding */
		enum config_hook_event as;
		const char *type;
	} names[NHRP_EV_TYPES] = {
		[NHRP_EV_REGISTERED] = {true, true, CONFIG_HOOK_PEER_UP, NULL},
		[NHRP_EV_MOVED] = {true, true, CONFIG_HOOK_PEER_UP, NULL},
		[NHRP_EV_ENDED] = {true, true, CONFIG_HOOK_PEER_DOWN, NULL},
		[NHRP_EV_NHS_UP] = {true, false, CONFIG_HOOK_NHS_UP, "static"},
		[NHRP_EV_NHS_DOWN] = {true, false, CONFIG_HOOK_NHS_DOWN, "static"},
		[NHRP_EV_SHORTCUT_UP] = {true, true, CONFIG_HOOK_ROUTE_UP, NULL},
		[NHRP_EV_SHORTCUT_DOWN] = {true, true, CONFIG_HOOK_ROUTE_DOWN, NULL},
		[NHRP_EV_REFUSED] = {true, false, CONFIG_HOOK_PEER_REFUSED, "dynamic"},
		[NHRP_EV_CONFLICT] = {true, false, CONFIG_HOOK_PEER_CONFLICT, "dynamic"},
		[NHRP_EV_INTERFACE_UP] = {true, false, CONFIG_HOOK_INTERFACE_UP, "local"},
	};
	struct hub_hook_vars v = {.type = names[ev->type].type,
		.dest_mtu = ev->mtu,
		.next_hop_be = ev->next_hop_be,
		.reason = reason_of(ev)};
	struct hub *h = ctx;

	if (!names[ev->type].told ||
		((ev->type == NHRP_EV_REFUSED || ev->type == NHRP_EV_CONFLICT) && told_enough(h)))
		return;
	describe_tunnel(h, ev->iface, &v);
	describe_peer(&v, ev->address_be, ev->len, ev->nbma_be, ev->claimed_nbma_be);
	if (ev->type == NHRP_EV_INTERFACE_UP)
		describe_peer(&v, 0, 0, 0, 0);
	hub_hook_run(h, names[ev->type].as, &v, NULL, 0);
}

int hub_nhrp_hooks_create(struct hub *h, struct error *err)
{
	const struct hub_nhrp_watch watch = {.gate = gate, .event = event, .ctx = h};
	int rc = hub_nhrp_watch(h, &watch);

	return rc < 0 ? error_set(err, -rc, "NHRP has no room for another watch") : 0;
}
