/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets for others: where to, whether they go round in circles, and what changes on the way
 * (RFC 2332 5.1, 5.3). Requests and indications go to their destination, replies to their source.
 */
#include "nhrp/nhrp_priv.h"

static uint16_t record_of(uint8_t type)
{
	return nhrp_is_reply(type) ? NHRP_EXT_REVERSE : NHRP_EXT_FORWARD;
}

static bool leads_somewhere(const struct nhrp_entry *e)
{
	return e != NULL && e->peer != NULL && e->type < NHRP_CACHED;
}

/*
 * Where a packet that came from in->peer goes to reach dst. Never back, and never to a server that
 * has had it. Registered hosts are known best here; everything else is the overlay's routes.
 */
enum nhrp_route_kind nhrp_way(
	struct nhrp *n, const struct nhrp_in *in, uint32_t dst_be, struct nhrp_route *r)
{
	struct nhrp_entry *e = nhrp_entry_find(n, in->iface->id, dst_be, 32);

	*r = (struct nhrp_route){0};
	if (!leads_somewhere(e)) {
		if (n->ops.route != NULL)
			n->ops.route(n->ctx, in->iface->id, dst_be, r);
		e = r->kind == NHRP_ROUTE_NONE ? nhrp_entry_match(n, in->iface, dst_be) : NULL;
	}
	if (leads_somewhere(e))
		*r = (struct nhrp_route){.kind = NHRP_ROUTE_PEER,
			.len = (uint8_t)e->key.len,
			.iface = e->key.iface,
			.peer = e->peer->id,
			.next_hop_be = e->next_hop_be != 0 ? e->next_hop_be : dst_be};
	if (r->kind == NHRP_ROUTE_PEER &&
		(r->peer == in->peer->id ||
			nhrp_listed(in->p, record_of(in->p->type), r->next_hop_be)))
		r->kind = NHRP_ROUTE_NONE;
	return r->kind;
}

/* @return NHRP_FORWARDED if it may go on, else what became of it */
unsigned nhrp_forward_check(struct nhrp *n, const struct nhrp_in *in)
{
	const struct nhrp_packet *p = in->p;
	uint32_t own = in->iface->p.address_be;

	if (p->hop_count == 0)
		return nhrp_error(n, in, NHRP_ERROR_HOP_COUNT, 9, NHRP_DROP_HOP_COUNT);
	/* 5.3.1 to 5.3.3: our address is there, so it was here */
	if (nhrp_listed(p, record_of(p->type), own) ||
		(p->type == NHRP_RESOLUTION_REPLY && nhrp_listed(p, NHRP_EXT_RESPONDER, own)))
		return nhrp_error(n, in, NHRP_ERROR_LOOP, 0, NHRP_DROP_LOOP);
	return NHRP_FORWARDED;
}

/*
 * The public address of whoever is at this end, if a NAT hides it: the requester's when its request
 * passes, and that of a spoke that answers.
 */
static bool nat_entry(struct nhrp *n, const struct nhrp_in *in, struct nhrp_cie *nat,
	uint32_t *public_be, uint32_t *proto_be)
{
	const struct nhrp_packet *p = in->p;
	struct cursor c = cursor_open(p->payload.at, p->payload.len);
	struct nhrp_cie cie;
	struct nhrp_entry *e;

	if (!nhrp_first_hop(p, record_of(p->type)))
		return false;
	if (p->type == NHRP_RESOLUTION_REQUEST && in->src_nbma_be != in->outer_be) {
		*public_be = in->outer_be;
		*proto_be = in->src_be;
	} else if (p->type == NHRP_RESOLUTION_REPLY && nhrp_cie_next(&c, &cie)) {
		*proto_be = nhrp_addr_be(&cie.proto);
		e = nhrp_entry_find(n, in->iface->id, *proto_be, 32);
		if (e == NULL || e->peer != in->peer || e->nbma_be == nhrp_addr_be(&cie.nbma))
			return false;
		*public_be = e->nbma_be;
	} else {
		return false;
	}
	*nat = (struct nhrp_cie){
		.prefix_len = 32, .nbma = nhrp_addr_v4(public_be), .proto = nhrp_addr_v4(proto_be)};
	return !nhrp_listed(p, NHRP_EXT_NAT, *proto_be);
}

/*
 * Order is kept, what is not known is passed as it is, the secret is the next hop's. Whoever does
 * not understand a compulsory extension is only a wire: not even in the records (5.3).
 */
static void put_extensions(struct nhrp *n, const struct nhrp_in *in, const struct nhrp_iface *out,
	struct nhrp_builder *b)
{
	const struct nhrp_packet *p = in->p;
	struct cursor c = cursor_open(p->extensions.at, p->extensions.len);
	struct nhrp_cie own = nhrp_own_cie(in->iface), nat;
	uint32_t public_be, proto_be;
	bool has_nat = nat_entry(n, in, &nat, &public_be, &proto_be), secret = false;
	struct nhrp_ext e;
	uint16_t type;

	while (nhrp_ext_next(&c, &e)) {
		type = e.type & NHRP_EXT_TYPE;
		if (type == NHRP_EXT_AUTHENTICATION) {
			if (!secret)
				nhrp_put_secret(b, out);
			secret = true;
			continue;
		}
		nhrp_build_ext_open(b, e.type);
		nhrp_build_bytes(b, e.body.at, e.body.len);
		if (type == record_of(p->type) && !in->unknown_compulsory)
			nhrp_build_cie(b, &own);
		if (nhrp_is_nat(&e) && has_nat)
			nhrp_build_cie(b, &nat);
		nhrp_build_ext_close(b);
	}
	if (!secret && p->type != NHRP_ERROR_INDICATION)
		nhrp_put_secret(b, out);
}

unsigned nhrp_forward_to(
	struct nhrp *n, const struct nhrp_in *in, struct nhrp_iface *out, struct nhrp_peer *to)
{
	struct nhrp_packet p = *in->p;
	struct nhrp_builder b;

	p.hop_count--;
	nhrp_build_start(&b, n->out, sizeof(n->out), &p);
	nhrp_build_bytes(&b, p.payload.at, p.payload.len);
	put_extensions(n, in, out, &b);
	if (b.w.error)
		return nhrp_error(n, in, NHRP_ERROR_SIZE, 10, NHRP_DROP_GROWN);
	nhrp_send(n, out, to, &b);
	return NHRP_FORWARDED;
}

/* A packet that is not for us. */
unsigned nhrp_forward(struct nhrp *n, const struct nhrp_in *in)
{
	uint32_t dst_be = nhrp_is_reply(in->p->type) ? in->src_be : in->dst_be;
	unsigned verdict = nhrp_forward_check(n, in);
	struct nhrp_iface *out;
	struct nhrp_peer *to;
	struct nhrp_route r;

	if (verdict != NHRP_FORWARDED)
		return verdict;
	if (nhrp_way(n, in, dst_be, &r) != NHRP_ROUTE_PEER)
		return nhrp_error(n, in, NHRP_ERROR_UNREACHABLE, 0, NHRP_DROP_NO_ROUTE);
	out = nhrp_iface_get(n, r.iface);
	to = nhrp_peer_get(n, r.peer);
	if (out == NULL || to == NULL || !nhrp_sa_up(n, to))
		return nhrp_error(n, in, NHRP_ERROR_UNREACHABLE, 0, NHRP_DROP_NO_SA);
	if (in->p->type == NHRP_RESOLUTION_REPLY)
		nhrp_requester_learn(n, in, to);
	return nhrp_forward_to(n, in, out, to);
}
