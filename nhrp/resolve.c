/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolution requests as a server (RFC 2332 5.2.1, 5.2.2): answered for what is the hub's own, sent
 * on to the spoke that serves the rest, which knows its networks better and sets up its SA by it;
 * or answered from a lease, if so configured. What leads nowhere gets code 12 at once: silence
 * would only be asked again.
 */
#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

/* An answer in the making. */
struct answer {
	struct nhrp_cie cie;
	uint16_t flags;         /* besides those that are copied */
	struct nhrp_cie nat[2]; /* public addresses: the requester's, the answer's */
	unsigned n_nat;
};

static void answer_send(struct nhrp *n, const struct nhrp_in *in, struct answer *a)
{
	struct nhrp_packet p = *in->p;
	struct nhrp_builder b;

	p.type = NHRP_RESOLUTION_REPLY;
	/* 5.2.2: Q and S are copied */
	p.flags = (in->p->flags & (NHRP_FLAG_ROUTER | NHRP_FLAG_SRC_STABLE | NHRP_FLAG_NAT)) |
		  a->flags;
	nhrp_make(n, in->iface, &b, &p);
	nhrp_build_cie(&b, &a->cie);
	nhrp_put_reply_extensions(&b, in, a->nat, a->n_nat);
	nhrp_send(n, in->iface, in->peer, &b);
}

/* The requester learns its own public address as it does from a registration. */
static void add_requesters_nat(const struct nhrp_in *in, struct answer *a)
{
	if (in->src_nbma_be == in->outer_be || !nhrp_first_hop(in->p, NHRP_EXT_FORWARD) ||
		nhrp_listed(in->p, NHRP_EXT_NAT, in->src_be))
		return;
	a->nat[a->n_nat++] = (struct nhrp_cie){
		.prefix_len = 32, .nbma = nhrp_addr_v4(&in->outer_be), .proto = in->p->src_proto};
}

/* 5.2.2: a single CIE with the code, everything else 0. @return NHRP_HANDLED */
unsigned nhrp_resolve_refuse(struct nhrp *n, const struct nhrp_in *in, uint8_t code)
{
	struct answer a = {.cie.code = code};

	n->stats.not_resolved++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_NOT_RESOLVED,
			     .iface = in->iface->id,
			     .peer = in->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = in->dst_be,
			     .len = 32,
			     .source_be = in->src_be,
			     .nbma_be = in->outer_be,
			     .code = code});
	answer_send(n, in, &a);
	return NHRP_HANDLED;
}

/* 5.2.1: the requester may want no wider prefix. 32 is what FRR puts there without meaning it. */
static uint8_t widest(const struct nhrp_in *in, uint8_t len)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_cie cie;

	if (nhrp_cie_next(&c, &cie) && nhrp_cie_prefix(&cie) < 32 && nhrp_cie_prefix(&cie) > len)
		return nhrp_cie_prefix(&cie);
	return len;
}

static void tell_answered(struct nhrp *n, const struct nhrp_in *in, const struct nhrp_cie *cie)
{
	n->stats.answered++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_ANSWERED,
			     .iface = in->iface->id,
			     .peer = in->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = in->dst_be,
			     .len = cie->prefix_len,
			     .source_be = in->src_be,
			     .nbma_be = nhrp_addr_be(&cie->nbma),
			     .mtu = cie->mtu,
			     .holding = cie->holding});
}

/* We are the way out to it: the address itself, or a network behind us. */
static unsigned answer_own(struct nhrp *n, const struct nhrp_in *in, uint8_t len, uint16_t holding)
{
	struct answer a = {.cie = nhrp_own_cie(in->iface),
		.flags = NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_DST_STABLE |
			 (in->p->flags & NHRP_FLAG_RES_UNIQUE)};

	if (in->unknown_compulsory)
		return nhrp_error(
			n, in, NHRP_ERROR_EXTENSION_UNKNOWN, 0, NHRP_DROP_EXTENSION_UNKNOWN);
	a.cie.prefix_len = widest(in, len);
	a.cie.holding = holding;
	add_requesters_nat(in, &a);
	tell_answered(n, in, &a.cie);
	answer_send(n, in, &a);
	return NHRP_HANDLED;
}

/* From a lease: with what is left of its time (5.2.2), and to be purged with it. */
static unsigned answer_lease(struct nhrp *n, const struct nhrp_in *in, struct nhrp_entry *e)
{
	struct answer a = {.flags = NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_DST_STABLE};
	struct nhrp_ext ext;
	bool nat;

	if (in->unknown_compulsory)
		return nhrp_error(
			n, in, NHRP_ERROR_EXTENSION_UNKNOWN, 0, NHRP_DROP_EXTENSION_UNKNOWN);
	/* 5.2.1: who wants a unique binding gets no other */
	if ((in->p->flags & NHRP_FLAG_RES_UNIQUE) != 0 && !e->unique)
		return nhrp_resolve_refuse(n, in, NHRP_CODE_NOT_UNIQUE);
	if (!nhrp_requester_add(n, e, in, e->key.address_be, 32, e->expires_ms))
		return nhrp_resolve_refuse(n, in, NHRP_CODE_NO_RESOURCES);
	a.flags |= in->p->flags & NHRP_FLAG_RES_UNIQUE;
	/* Who does not know of NATs gets the address that is reached. */
	nat = nhrp_ext_find(in->p, NHRP_EXT_NAT, &ext) && nhrp_is_nat(&ext);
	a.cie = (struct nhrp_cie){.prefix_len = 32,
		.mtu = e->mtu,
		.holding = (uint16_t)((e->expires_ms - n->now) / 1000),
		.preference = e->preference,
		.nbma = nhrp_addr_v4(nat ? &e->claimed_nbma_be : &e->nbma_be),
		.proto = nhrp_addr_v4(&e->key.address_be)};
	add_requesters_nat(in, &a);
	if (e->claimed_nbma_be != e->nbma_be)
		a.nat[a.n_nat++] = (struct nhrp_cie){.prefix_len = 32,
			.nbma = nhrp_addr_v4(&e->nbma_be),
			.proto = nhrp_addr_v4(&e->key.address_be)};
	tell_answered(n, in, &a.cie);
	answer_send(n, in, &a);
	return NHRP_HANDLED;
}

/* Send it on, and remember who will have to be purged. */
static unsigned pass_on(struct nhrp *n, const struct nhrp_in *in, const struct nhrp_route *r)
{
	struct nhrp_iface *out = nhrp_iface_get(n, r->iface);
	struct nhrp_peer *to = nhrp_peer_get(n, r->peer);
	unsigned verdict = nhrp_forward_check(n, in);
	struct nhrp_entry *e;
	uint8_t len = r->len;

	if (verdict != NHRP_FORWARDED)
		return verdict;
	if (out == NULL || to == NULL || !nhrp_sa_up(n, to))
		return nhrp_resolve_refuse(n, in, NHRP_CODE_NO_BINDING);
	e = nhrp_entry_find(n, r->iface, r->next_hop_be, 32);
	if (e != NULL && e->peer == to) {
		if (in->dst_be == r->next_hop_be)
			len = 32;
		if (!nhrp_requester_add(n, e, in, in->dst_be & ip4_mask_be(len), len,
			    n->now + (e->holding == 0 ? in->iface->p.holding : e->holding) *
					     1000ull))
			return nhrp_resolve_refuse(n, in, NHRP_CODE_NO_RESOURCES);
	}
	verdict = nhrp_forward_to(n, in, out, to);
	if (verdict == NHRP_FORWARDED)
		nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_FORWARDED,
				     .iface = in->iface->id,
				     .peer = in->peer->id,
				     .old_peer = to->id,
				     .address_be = in->dst_be,
				     .len = 32,
				     .source_be = in->src_be,
				     .nbma_be = in->outer_be});
	return verdict;
}

unsigned nhrp_resolve_request(struct nhrp *n, const struct nhrp_in *in)
{
	const struct nhrp_iface *i = in->iface;
	const struct nhrp_target *t = nhrp_iface_target(i, in->dst_be);
	struct nhrp_entry *e;
	struct nhrp_route r;
	enum nhrp_route_kind kind;

	if (in->dst_be == i->p.address_be || (in->dst_be == i->p.nbma_be && in->dst_be != 0))
		return answer_own(n, in, 32, i->p.holding);
	e = nhrp_entry_find(n, i->id, in->dst_be, 32);
	if (i->p.answer_registered && e != NULL && nhrp_entry_is_lease(e) && e->up &&
		e->peer != in->peer)
		return answer_lease(n, in, e);
	kind = nhrp_way(n, in, in->dst_be, &r);
	if (t != NULL && (kind != NHRP_ROUTE_PEER || r.len < t->prefix.len))
		return answer_own(
			n, in, t->prefix.len, t->holding != 0 ? t->holding : i->p.holding);
	switch (kind) {
	case NHRP_ROUTE_LOCAL:
		return answer_own(n, in, 32, i->p.holding);
	case NHRP_ROUTE_ANNOUNCED:
		return answer_own(n, in, r.len, i->p.holding);
	case NHRP_ROUTE_PEER:
		return pass_on(n, in, &r);
	default:
		return nhrp_resolve_refuse(n, in, NHRP_CODE_NO_BINDING);
	}
}
