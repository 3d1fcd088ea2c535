/* SPDX-License-Identifier: BSD-3-Clause */
/* Error indications (RFC 2332 5.2.7), sent and received. */
#include "nhrp/nhrp_priv.h"

/*
 * Tell the sender what is wrong with its packet, unless that is an error itself, or does not say
 * who sent it. @return drop
 */
unsigned nhrp_error(
	struct nhrp *n, const struct nhrp_in *in, uint16_t code, size_t offset, enum nhrp_drop drop)
{
	static const uint8_t padding[16];
	const struct nhrp_packet *p = in->p;
	size_t len = p->whole.len < NHRP_ERROR_HEAD ? p->whole.len : NHRP_ERROR_HEAD;
	struct nhrp_builder b;
	struct nhrp_packet e = {.type = NHRP_ERROR_INDICATION,
		.code = code,
		.offset = (uint16_t)(offset > UINT16_MAX ? 0 : offset),
		/* Who sent a reply is its destination: it is on its way back (5.2.0.1). */
		.dst_proto = nhrp_is_reply(p->type) ? p->dst_proto : p->src_proto};

	if (p->type == NHRP_ERROR_INDICATION || !p->addressed || in->peer == NULL)
		return drop;
	nhrp_make(n, in->iface, &b, &e);
	nhrp_build_bytes(&b, p->whole.at, len);
	if (in->iface->p.error_padding) {
		nhrp_build_bytes(&b, padding, sizeof(padding));
		nhrp_put_secret(&b, in->iface);
	}
	n->stats.error_tx[code < NHRP_ERRORS ? code : 0]++;
	in->peer->errors++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_ERROR_SENT,
			     .iface = in->iface->id,
			     .peer = in->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = in->dst_be,
			     .source_be = in->src_be,
			     .nbma_be = in->outer_be,
			     .code = code,
			     .why = nhrp_drop_text(drop)});
	nhrp_send(n, in->iface, in->peer, &b);
	return drop;
}

/* What it is about: a request of ours that will not be answered. Its head may be cut anywhere. */
static void ours_failed(struct nhrp *n, const struct nhrp_in *in, uint16_t code)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_query *q;
	uint8_t type;
	uint32_t id;

	cursor_take(&c, 17);
	type = cursor_u8(&c);
	cursor_take(&c, 6);
	id = cursor_u32(&c);
	if (c.error)
		return;
	if (type == NHRP_RESOLUTION_REQUEST) {
		HASH_FIND(hh, n->queries, &id, sizeof(id), q);
		if (q != NULL && q->peer == in->peer->id)
			nhrp_query_failed(n, q);
	} else if (type == NHRP_REGISTRATION_REQUEST) {
		nhrp_servers_error(n, in, code, id);
	}
}

unsigned nhrp_error_indication(struct nhrp *n, const struct nhrp_in *in)
{
	uint16_t code = in->p->code == NHRP_ERROR_LOOP_OLD ? NHRP_ERROR_LOOP : in->p->code;

	n->stats.error_rx[code < NHRP_ERRORS ? code : 0]++;
	/* Our own came back (5.2.7): quietly. */
	if (in->src_be == in->iface->p.address_be && in->src_nbma_be == in->iface->p.nbma_be)
		return NHRP_DROP_LOOP;
	if (in->dst_be != in->iface->p.address_be)
		return nhrp_forward(n, in);
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_ERROR_RECEIVED,
			     .iface = in->iface->id,
			     .peer = in->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .source_be = in->src_be,
			     .nbma_be = in->outer_be,
			     .code = code,
			     .why = nhrp_error_name(code)});
	ours_failed(n, in, code);
	return NHRP_HANDLED;
}
