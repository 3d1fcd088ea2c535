/* SPDX-License-Identifier: BSD-3-Clause */
/* What the NHRP engine asks of the hub. Called from inside the engine: none of it calls back. */
#define LOG_SUBSYSTEM LOG_NHRP

#include <errno.h>

#include "common/log.h"
#include "control/hub_priv.h"

#define GRE_NHRP     0x2001
#define PROBES       3 /* echo requests, a second apart: as long as the engine waits by default */
#define PROBE_GAP_MS 1000

static void send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	struct hub *h = ctx;
	struct rte_mbuf *m = dp_inject_alloc(h->dp);

	(void)iface;
	if (m == NULL || len > rte_pktmbuf_tailroom(m) || hub_peer_of(h, peer) == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	if (dp_inject_peer(h->dp, peer, GRE_NHRP, m) == 0)
		h->punts[DP_PUNT_NHRP].sent++;
}

/* A LAN port whose networks the tunnel's `shortcut_destinations` announce? */
static bool announced(const struct hub *h, uint32_t iface, uint16_t port)
{
	const struct config_nhrp *c = &h->tunnels[iface].config->nhrp;

	for (unsigned i = 0; i < c->n_destinations; i++)
		if (strcmp(c->destinations[i].port, h->ports[port].config->name) == 0)
			return true;
	return false;
}

static void route_to_peer(
	const struct hub *h, uint32_t index, uint32_t dst_be, uint8_t len, struct nhrp_route *r)
{
	const struct hub_peer *p = hub_peer_of(h, index);

	if (p == NULL)
		return;
	r->kind = NHRP_ROUTE_PEER;
	r->len = len;
	r->iface = p->tunnel;
	r->peer = p->dp;
	r->next_hop_be = p->address_be != 0 ? p->address_be : dst_be;
}

/* Of several next hops any one will do: the spoke asks for one address only. */
static dp_adj_t one_of(const struct hub *h, dp_adj_t adj)
{
	dp_adj_t at[DP_GROUP_MAX];

	return dp_group_members(h->dp, adj, at) > 0 ? at[0] : adj;
}

static void route(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r)
{
	const struct hub *h = ctx;
	const struct hub_route *found = hub_rib_lookup(h, DP_TABLE_OVERLAY, dst_be);
	dp_adj_t adj = found != NULL ? one_of(h, found->adj) : DP_ADJ_NO_ROUTE;
	uint16_t port = DP_PORT_NONE;

	if (found == NULL)
		return;
	r->len = found->prefix.len;
	switch (DP_ADJ_KIND(adj)) {
	case DP_ADJ_PEER:
		route_to_peer(h, DP_ADJ_INDEX(adj), dst_be, r->len, r);
		return;
	case DP_ADJ_ETHER:
		port = hub_neighbor_of(h, DP_ADJ_INDEX(adj))->port;
		break;
	case DP_ADJ_GLEAN:
		port = (uint16_t)DP_ADJ_INDEX(adj);
		break;
	default:
		r->kind = adj == DP_ADJ_LOCAL ? NHRP_ROUTE_LOCAL : NHRP_ROUTE_NONE;
		return;
	}
	r->kind = announced(h, iface, port) ? NHRP_ROUTE_ANNOUNCED : NHRP_ROUTE_OTHER;
}

/* When the peer last sent something authentic: known to the moment it is asked for. */
static uint64_t heard_at(const struct hub *h, struct hub_peer *p)
{
	uint64_t rx, tx;

	hub_peer_packets(h, p, &rx, &tx);
	if (rx != p->heard_packets)
		p->heard_at = h->now;
	p->heard_packets = rx;
	return p->heard_at;
}

static void identity(void *ctx, uint32_t peer, struct nhrp_identity *id)
{
	static const enum nhrp_proof proofs[] = {
		[HUB_IDENTITY_MANUAL] = NHRP_MANUAL,
		[HUB_IDENTITY_PROVEN] = NHRP_PROVEN,
		[HUB_IDENTITY_SHARED] = NHRP_UNPROVEN,
		[HUB_IDENTITY_ADDRESS] = NHRP_UNPROVEN,
	};
	const struct hub *h = ctx;
	struct hub_peer *p = hub_peer_of(h, peer);

	if (p == NULL)
		return;
	id->name = p->identity;
	id->proof = proofs[p->identity_is];
	id->pinned_be = hub_peer_bound(p);
	id->authentic_ms = heard_at(h, p);
}

static bool peer_sa_up(void *ctx, uint32_t peer)
{
	const struct hub *h = ctx;

	return hub_peer_of(h, peer) != NULL && dp_peer_sa_out(h->dp, peer) != SA_NONE;
}

static uint32_t peer_of(void *ctx, uint32_t iface, uint32_t nbma_be)
{
	struct hub *h = ctx;
	struct hub_peer *p = hub_peer_find_nbma(h, (uint16_t)iface, nbma_be, 0);

	if (p != NULL)
		return p->dp;
	return h->nhrp.connect == NULL
		       ? NHRP_PEER_NONE
		       : h->nhrp.connect(h->nhrp.connect_ctx, (uint16_t)iface, nbma_be);
}

/* --- does it live? --------------------------------------------------------------------------- */

/* A spoke that lives answers an echo request: what it sends then is authentic. */
static void probe(void *ctx, uint32_t peer)
{
	struct hub *h = ctx;
	struct hub_nhrp *n = &h->nhrp;
	struct hub_peer *p = hub_peer_of(h, peer);

	if (p == NULL || n->n_probes == HUB_NHRP_PROBES_MAX)
		return;
	heard_at(h, p);
	n->probes[n->n_probes++] = (struct hub_nhrp_probe){
		.peer = peer, .left = PROBES, .begun = h->now, .due = h->now};
}

void hub_nhrp_probes_turn(struct hub *h)
{
	struct hub_nhrp *n = &h->nhrp;

	for (unsigned i = 0; i < n->n_probes;) {
		struct hub_nhrp_probe *q = &n->probes[i];
		struct hub_peer *p = hub_peer_of(h, q->peer);
		bool alive = p != NULL && heard_at(h, p) > q->begun;

		if (p == NULL || q->left == 0 || alive) {
			*q = n->probes[--n->n_probes];
			if (alive)
				nhrp_peer_alive(n->engine, p->dp, h->now);
			continue;
		}
		if (h->now >= q->due) {
			hub_icmp_ping(h, p);
			q->left--;
			q->due = h->now + PROBE_GAP_MS;
		}
		i++;
	}
}

/* --- bindings --------------------------------------------------------------------------------- */

/*
 * The peer's tunnel address, or one more address or network by it: then a route to the peer is all
 * there is of it.
 */
static bool is_own(const struct hub *h, const struct hub_peer *p, const struct nhrp_binding *b)
{
	const struct config_tunnel *t = h->tunnels[p->tunnel].config;
	struct ip_addr a = ip_addr_v4(b->address_be);

	/* Who somebody else is, nobody but itself says. */
	if (b->type == NHRP_CACHED)
		return false;
	if (b->len != 32 || (t->address.len < 32 && !ip_prefix_contains(&t->address, &a)))
		return false;
	return p->address_be == 0 || p->address_be == b->address_be || b->own;
}

static int add_route(struct hub *h, const struct hub_peer *p, uint32_t address_be, uint8_t len,
	struct error *err)
{
	int rc = hub_rib_add(h, DP_TABLE_OVERLAY, address_be, len, HUB_ROUTE_NHRP,
		DP_ADJ(DP_ADJ_PEER, p->dp), err);

	if (rc != -ENOBUFS)
		return rc;
	/* In the RIB alone it leads nobody anywhere. */
	hub_rib_del(h, DP_TABLE_OVERLAY, address_be, len, HUB_ROUTE_NHRP);
	return -ENOSPC;
}

/* The address that it had until now stays its as well, until the engine says otherwise. */
static int bind_own(
	struct hub *h, struct hub_peer *p, const struct nhrp_binding *b, struct error *err)
{
	uint32_t former_be = p->address_be;
	int rc = hub_peer_set_address(h, p, b->address_be, err);
	struct error ignored;

	if (rc < 0)
		return rc;
	hub_rib_del(h, DP_TABLE_OVERLAY, b->address_be, 32, HUB_ROUTE_NHRP);
	dp_peer_set_mtu(h->dp, p->dp, b->mtu);
	if (former_be != 0 && former_be != b->address_be)
		add_route(h, p, former_be, 32, &ignored);
	return 0;
}

static int bind_route(
	struct hub *h, const struct hub_peer *p, const struct nhrp_binding *b, struct error *err)
{
	struct ip_addr a = ip_addr_v4(b->address_be);
	struct hub_peer *holder = hub_peer_find(h, &a);
	struct error ignored;
	int rc;

	if (b->len != 32 || b->type == NHRP_CACHED)
		holder = NULL;
	if (holder != NULL && holder != p && hub_peer_bound(holder) != 0)
		return error_set(err, EPERM, "an address that is another peer's alone");
	rc = add_route(h, p, b->address_be, b->len, err);
	/* Who had it as its own gives way to the route, which is there by now. */
	if (rc == 0 && holder != NULL && hub_peer_bound(holder) == 0)
		hub_peer_set_address(h, holder, 0, &ignored);
	return rc;
}

static int bind(void *ctx, const struct nhrp_binding *b)
{
	struct hub *h = ctx;
	struct hub_peer *p = hub_peer_of(h, b->peer);
	struct error err = {""};
	int rc;

	if (p == NULL)
		return -ENOENT;
	rc = is_own(h, p, b) ? bind_own(h, p, b, &err) : bind_route(h, p, b, &err);
	if (rc < 0)
		log_stranger("%s", err.text);
	return rc;
}

static void unbind(void *ctx, const struct nhrp_binding *b, enum nhrp_end why)
{
	struct hub *h = ctx;
	struct hub_peer *p = hub_peer_of(h, b->peer);
	struct error err;

	(void)why;
	if (p == NULL || b->type == NHRP_CACHED || p->address_be != b->address_be || b->len != 32) {
		hub_rib_del(h, DP_TABLE_OVERLAY, b->address_be, b->len, HUB_ROUTE_NHRP);
		return;
	}
	dp_peer_set_mtu(h->dp, p->dp, 0);
	/* What the configuration gives, or its key, is not taken away. */
	if (hub_peer_bound(p) == 0)
		hub_peer_set_address(h, p, 0, &err);
}

static bool used(void *ctx, const struct nhrp_binding *b)
{
	const struct hub *h = ctx;
	const struct hub_peer *p = hub_peer_of(h, b->peer);

	return p != NULL && hub_peer_used_lately(h, p);
}

/* --- who else wants to know ---------------------------------------------------------------------
 */

static enum nhrp_gate gate(void *ctx, uint64_t token, const struct nhrp_binding *b)
{
	const struct hub_nhrp *n = &((struct hub *)ctx)->nhrp;

	for (unsigned i = 0; i < n->n_watches; i++) {
		enum nhrp_gate answer = n->watches[i].gate == NULL
						? NHRP_GATE_ALLOW
						: n->watches[i].gate(n->watches[i].ctx, token, b);

		if (answer != NHRP_GATE_ALLOW)
			return answer;
	}
	return NHRP_GATE_ALLOW;
}

static void log_server(const struct nhrp_event *ev)
{
	struct ip_addr nbma = ip_addr_v4(ev->nbma_be);
	char text[IP_ADDR_STRLEN];

	if (ev->type == NHRP_EV_NHS_UP)
		log_notice("server %s is up", ip_addr_str(&nbma, text));
	else
		log_warning("server %s is down%s%s", ip_addr_str(&nbma, text),
			ev->why != NULL ? ": " : "", ev->why != NULL ? ev->why : "");
}

static void log_event(const struct nhrp_event *ev)
{
	struct ip_addr a = ip_addr_v4(ev->address_be), nbma = ip_addr_v4(ev->nbma_be);
	struct ip_prefix what = {.addr = a, .len = ev->len};
	char prefix[IP_PREFIX_STRLEN], by[IP_ADDR_STRLEN];

	ip_prefix_str(&what, prefix);
	ip_addr_str(&nbma, by);
	switch (ev->type) {
	case NHRP_EV_REFUSED:
		log_stranger("registration refused of %s by %s: %s", prefix, by,
			ev->why != NULL ? ev->why : "by policy");
		break;
	case NHRP_EV_CONFLICT:
		log_stranger("%s by %s: another spoke holds it, and lives", prefix, by);
		break;
	case NHRP_EV_NHS_UP:
	case NHRP_EV_NHS_DOWN:
		log_server(ev);
		break;
	case NHRP_EV_REGISTERED:
		log_debug("%s is registered from %s", prefix, by);
		break;
	case NHRP_EV_ENDED:
		log_debug("%s from %s has ended", prefix, by);
		break;
	default:
		break;
	}
}

static void event(void *ctx, const struct nhrp_event *ev)
{
	struct hub *h = ctx;
	const struct hub_nhrp *n = &h->nhrp;

	log_event(ev);
	for (unsigned i = 0; i < n->n_watches; i++)
		if (n->watches[i].event != NULL)
			n->watches[i].event(n->watches[i].ctx, ev);
}

const struct nhrp_ops hub_nhrp_ops = {
	.send = send,
	.route = route,
	.identity = identity,
	.peer_sa_up = peer_sa_up,
	.peer_of = peer_of,
	.probe = probe,
	.gate = gate,
	.bind = bind,
	.unbind = unbind,
	.used = used,
	.event = event,
};
