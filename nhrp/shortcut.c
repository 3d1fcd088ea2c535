/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolving for ourselves (RFC 2332 5.2.1, 5.2.2 from the requester's side): an incomplete entry
 * while it is asked for, then a shortcut, or for some time nothing. A shortcut is installed once
 * there are SAs with who is behind its NBMA address, and for as long.
 */
#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

#define TRIES_MAX   6
#define NEGATIVE_MS 180000

void nhrp_query_free(struct nhrp *n, struct nhrp_query *q)
{
	nhrp_due_never(n, &q->due);
	HASH_DEL(n->queries, q);
	if (q->entry != NULL)
		q->entry->query = NULL;
	free(q);
}

/* Nobody knows: not asked again for some time. What was known before stays until its end. */
void nhrp_query_failed(struct nhrp *n, struct nhrp_query *q)
{
	struct nhrp_entry *e = q->entry;

	nhrp_query_free(n, q);
	if (e->type != NHRP_INCOMPLETE)
		return;
	e->type = NHRP_NEGATIVE;
	e->expires_ms = n->now + NEGATIVE_MS;
	nhrp_due_at(n, &e->due, e->expires_ms);
}

/* Whom to ask: who leads there, if it is one of our servers, else any. NULL: nobody. */
static struct nhrp_peer *whom(struct nhrp *n, struct nhrp_iface *i, uint32_t dst_be)
{
	struct nhrp_route r = {0};
	struct nhrp_server *s;
	struct nhrp_peer *peer;

	if (n->ops.route != NULL)
		n->ops.route(n->ctx, i->id, dst_be, &r);
	peer = r.kind == NHRP_ROUTE_PEER ? nhrp_peer_find(n, r.peer) : NULL;
	if (peer != NULL && nhrp_is_server(i, peer))
		return peer;
	s = nhrp_server_up(i);
	return s == NULL ? NULL : s->peer;
}

static void send_request(struct nhrp *n, struct nhrp_query *q, struct nhrp_peer *to)
{
	struct nhrp_iface *i = q->iface;
	struct nhrp_builder b;
	struct nhrp_packet p = {.type = NHRP_RESOLUTION_REQUEST,
		.flags = NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_SRC_STABLE |
			 NHRP_FLAG_NAT,
		.request_id = q->id,
		.dst_proto = nhrp_addr_v4(&q->dst_be)};

	q->peer = to->id;
	nhrp_make(n, i, &b, &p);
	nhrp_build_cie(&b, &(struct nhrp_cie){.mtu = i->p.mtu, .holding = i->p.holding});
	nhrp_put_request_extensions(&b, i, true);
	nhrp_send(n, i, to, &b);
}

static void fire(struct nhrp *n, struct nhrp_due *d)
{
	struct nhrp_query *q = due_owner(d, struct nhrp_query);
	struct nhrp_peer *to = whom(n, q->iface, q->dst_be);

	if (q->tries >= TRIES_MAX) {
		nhrp_query_failed(n, q);
		return;
	}
	if (to != NULL)
		send_request(n, q, to);
	nhrp_due_at(n, d, n->now + nhrp_jitter(n, 1000ull << q->tries));
	q->tries++;
}

/* Others see our other request ids: who answers without having been asked must not guess. */
static uint32_t fresh_id(struct nhrp *n)
{
	struct nhrp_query *q;
	uint32_t id;

	do {
		id = nhrp_random(n, UINT32_MAX);
		HASH_FIND(hh, n->queries, &id, sizeof(id), q);
	} while (q != NULL);
	return id;
}

/* Ask, unless it is known, asked for or in vain. @param e shortcut to renew, or NULL */
void nhrp_query_start(struct nhrp *n, struct nhrp_iface *i, uint32_t dst_be, struct nhrp_entry *e)
{
	struct nhrp_query *q;

	if (e == NULL) {
		if (dst_be == i->p.address_be || nhrp_entry_match(n, i, dst_be) != NULL ||
			n->stats.n_shortcuts >= n->p.shortcuts_max)
			return;
		e = nhrp_entry_add(n, i, dst_be, 32, NHRP_INCOMPLETE);
		if (e == NULL)
			return;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		goto err;
	q->id = fresh_id(n);
	q->iface = i;
	q->dst_be = dst_be;
	q->peer = NHRP_PEER_NONE;
	q->due.fire = fire;
	HASH_ADD(hh, n->queries, id, sizeof(q->id), q);
	if (q->lost) {
		free(q);
		goto err;
	}
	q->entry = e;
	e->query = q;
	fire(n, &q->due);
	return;
err:
	if (e->type == NHRP_INCOMPLETE)
		nhrp_entry_free(n, e);
}

void nhrp_resolve(struct nhrp *n, uint32_t iface, uint32_t dst_be, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, iface);

	n->now = now_ms;
	if (i != NULL)
		nhrp_query_start(n, i, dst_be, NULL);
}

/* Its public address, if it says one. */
static uint32_t nbma_of(const struct nhrp_in *in, const struct nhrp_cie *cie)
{
	struct nhrp_ext e;
	struct nhrp_cie nat;
	struct cursor c;

	if (nhrp_ext_find(in->p, NHRP_EXT_NAT, &e) && nhrp_is_nat(&e)) {
		c = cursor_open(e.body.at, e.body.len);
		while (nhrp_cie_next(&c, &nat))
			if (nhrp_addr_be(&nat.proto) == nhrp_addr_be(&cie->proto))
				return nhrp_addr_be(&nat.nbma);
	}
	return nhrp_addr_be(&cie->nbma);
}

static void tell_up(struct nhrp *n, const struct nhrp_entry *e)
{
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_SHORTCUT_UP,
			     .iface = e->key.iface,
			     .peer = e->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = e->key.address_be,
			     .len = (uint8_t)e->key.len,
			     .nbma_be = e->nbma_be,
			     .claimed_nbma_be = e->claimed_nbma_be,
			     .next_hop_be = e->next_hop_be,
			     .mtu = e->mtu,
			     .holding = e->holding,
			     .binding = NHRP_CACHED});
}

/* Whoever is behind its NBMA address now: a route there, and who waits for it is told. */
static void install(struct nhrp *n, struct nhrp_entry *e, struct nhrp_peer *peer)
{
	bool was_up = e->up;

	nhrp_entry_attach(n, e, peer);
	if (nhrp_entry_install(n, e) != 0)
		nhrp_entry_down(n, e, NHRP_END_REFUSED);
	else if (!was_up)
		tell_up(n, e);
}

/*
 * There may be no SA yet: until there is one, packets go the long way. What is installed already,
 * and the same as before, stays as it is.
 */
static void shorten(struct nhrp *n, struct nhrp_entry *e, bool same)
{
	struct nhrp_peer *peer = nhrp_peer_behind(n, e->iface, e->nbma_be);

	if (e->up && same && peer == e->peer)
		return;
	if (peer == NULL) {
		nhrp_entry_down(n, e, NHRP_END_MOVED);
		nhrp_entry_detach(n, e);
	} else
		install(n, e, peer);
}

void nhrp_shortcuts_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer)
{
	struct nhrp_entry *e;

	LIST_FOREACH(e, &i->shortcuts, of_shortcuts)
	if (e->type == NHRP_CACHED && !e->up && e->nbma_be == peer->nbma_be)
		install(n, e, peer);
}

/*
 * A prefix no shorter than the route that led us to ask: whoever answers must not draw more traffic
 * than it is known to be the way for.
 */
static uint8_t prefix_of(struct nhrp *n, const struct nhrp_query *q, const struct nhrp_cie *cie)
{
	struct nhrp_route r = {0};
	uint8_t len = nhrp_cie_prefix(cie);

	if (n->ops.route != NULL)
		n->ops.route(n->ctx, q->iface->id, q->dst_be, &r);
	return len > r.len ? len : r.len;
}

static void resolved(
	struct nhrp *n, const struct nhrp_in *in, struct nhrp_query *q, const struct nhrp_cie *cie)
{
	struct nhrp_iface *i = q->iface;
	struct nhrp_entry *old = q->entry, *e, before;
	uint8_t len = prefix_of(n, q, cie);
	uint32_t dst_be = q->dst_be;

	nhrp_query_free(n, q);
	e = nhrp_entry_find(n, i->id, dst_be, len);
	if (e != old && old->type == NHRP_INCOMPLETE)
		nhrp_entry_free(n, old);
	if (e != NULL && e->type < NHRP_CACHED)
		return;
	if (e == NULL)
		e = nhrp_entry_add(n, i, dst_be, len, NHRP_CACHED);
	if (e == NULL)
		return;
	before = *e;
	e->type = NHRP_CACHED;
	e->nbma_be = nbma_of(in, cie);
	e->claimed_nbma_be = nhrp_addr_be(&cie->nbma);
	e->next_hop_be = nhrp_addr_be(&cie->proto);
	e->mtu = cie->mtu == 0 || cie->mtu > i->p.mtu ? i->p.mtu : cie->mtu;
	e->holding = cie->holding;
	e->preference = cie->preference;
	e->expires_ms = n->now + cie->holding * 1000ull;
	nhrp_renew_at(n, e);
	shorten(n, e, e->nbma_be == before.nbma_be && e->mtu == before.mtu);
}

unsigned nhrp_resolve_reply(struct nhrp *n, const struct nhrp_in *in)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	uint32_t id = in->p->request_id;
	struct nhrp_query *q;
	struct nhrp_cie cie;

	if (in->src_be != in->iface->p.address_be)
		return nhrp_forward(n, in);
	HASH_FIND(hh, n->queries, &id, sizeof(id), q);
	if (q == NULL || q->iface != in->iface || q->dst_be != in->dst_be)
		return nhrp_error(n, in, NHRP_ERROR_REPLY_INVALID, 24, NHRP_DROP_UNSOLICITED);
	if (!nhrp_cie_next(&c, &cie))
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, 20, NHRP_DROP_NO_CIE);
	/* An answer that leads nowhere is none. */
	if (cie.code != NHRP_CODE_SUCCESS || cie.holding == 0 || nbma_of(in, &cie) == 0 ||
		nhrp_addr_be(&cie.proto) == in->iface->p.address_be)
		nhrp_query_failed(n, q);
	else
		resolved(n, in, q, &cie);
	return NHRP_HANDLED;
}
