/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet: its form, its secret, then who handles it. */
#include "nhrp/nhrp_priv.h"

typedef unsigned (*handler)(struct nhrp *n, const struct nhrp_in *in);

static const handler handlers[NHRP_TYPES] = {
	[NHRP_RESOLUTION_REQUEST] = nhrp_resolve_request,
	[NHRP_RESOLUTION_REPLY] = nhrp_resolve_reply,
	[NHRP_REGISTRATION_REQUEST] = nhrp_register_request,
	[NHRP_REGISTRATION_REPLY] = nhrp_register_reply,
	[NHRP_PURGE_REQUEST] = nhrp_purge_request,
	[NHRP_PURGE_REPLY] = nhrp_purge_reply,
	[NHRP_ERROR_INDICATION] = nhrp_error_indication,
	[NHRP_TRAFFIC_INDICATION] = nhrp_traffic_indication,
};

static const enum nhrp_drop fault_drops[NHRP_FAULTS] = {
	[NHRP_FAULT_LENGTH] = NHRP_DROP_LENGTH,
	[NHRP_FAULT_VERSION] = NHRP_DROP_VERSION,
	[NHRP_FAULT_CHECKSUM] = NHRP_DROP_CHECKSUM,
	[NHRP_FAULT_MANDATORY] = NHRP_DROP_MANDATORY,
	[NHRP_FAULT_CIE] = NHRP_DROP_CIE,
	[NHRP_FAULT_EXTENSIONS] = NHRP_DROP_EXTENSIONS,
};

static bool known_extension(uint16_t type)
{
	switch (type & NHRP_EXT_TYPE) {
	case NHRP_EXT_RESPONDER:
	case NHRP_EXT_FORWARD:
	case NHRP_EXT_REVERSE:
	case NHRP_EXT_AUTHENTICATION:
	case NHRP_EXT_VENDOR:
	case NHRP_EXT_NAT:
		return true;
	default:
		return false;
	}
}

/* Extensions that cannot be understood by anybody: entries that are cut. @return where, 0: none */
static size_t invalid_extension(struct nhrp_in *in)
{
	const struct nhrp_packet *p = in->p;
	struct cursor c = cursor_open(p->extensions.at, p->extensions.len);
	const uint8_t *at = c.at;
	struct nhrp_ext e;
	uint16_t type;

	for (; nhrp_ext_next(&c, &e); at = c.at) {
		type = e.type & NHRP_EXT_TYPE;
		if ((e.type & NHRP_EXT_COMPULSORY) != 0 && !known_extension(type))
			in->unknown_compulsory = true;
		if ((type == NHRP_EXT_RESPONDER || type == NHRP_EXT_FORWARD ||
			    type == NHRP_EXT_REVERSE) &&
			!nhrp_cies_valid(&e.body))
			return (size_t)(at - p->whole.at);
	}
	return 0;
}

/*
 * Nothing but the packet's form is looked at before its secret is. An error indication carries none
 * (RFC 2332 5.3.4: requests and replies only), and is believed accordingly little.
 */
static unsigned receive(struct nhrp *n, struct nhrp_in *in, enum nhrp_fault fault)
{
	const struct nhrp_packet *p = in->p;
	size_t at;

	if (n->closing)
		return NHRP_DROP_CLOSING;
	if (fault != NHRP_FAULT_NONE)
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, p->fault_at, fault_drops[fault]);
	if (p->type != NHRP_ERROR_INDICATION && !nhrp_authentic(in->iface, p))
		return nhrp_error(n, in, NHRP_ERROR_AUTHENTICATION, 0, NHRP_DROP_AUTHENTICATION);
	if (p->afn != NHRP_AFN_IPV4 || p->protocol != NHRP_PROTOCOL_IPV4 || p->src_nbma.len != 4 ||
		p->src_proto.len != 4 || p->dst_proto.len != 4)
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, 0, NHRP_DROP_FAMILY);
	if (p->type >= NHRP_TYPES || handlers[p->type] == NULL)
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, 17, NHRP_DROP_TYPE);
	at = invalid_extension(in);
	if (at != 0)
		return nhrp_error(
			n, in, NHRP_ERROR_EXTENSION_INVALID, at, NHRP_DROP_EXTENSION_INVALID);
	/* Some peer of ours in our own name: not even an error would find its way. */
	if (p->type != NHRP_ERROR_INDICATION && !nhrp_is_reply(p->type) &&
		in->src_be == in->iface->p.address_be)
		return NHRP_DROP_ADDRESS;
	return handlers[p->type](n, in);
}

static void count(struct nhrp *n, struct nhrp_peer *peer, unsigned verdict)
{
	if (verdict == NHRP_HANDLED)
		n->stats.handled++;
	else if (verdict == NHRP_FORWARDED)
		n->stats.forwarded++;
	else if (verdict < NHRP_DROPS) {
		n->stats.dropped[verdict]++;
		if (peer != NULL)
			peer->dropped++;
	}
}

void nhrp_receive(struct nhrp *n, uint32_t iface, uint32_t id, uint32_t outer_be, const void *bytes,
	size_t len, uint64_t now_ms)
{
	struct nhrp_packet p;
	struct nhrp_in in = {.iface = nhrp_iface_get(n, iface), .outer_be = outer_be, .p = &p};
	enum nhrp_fault fault;
	unsigned verdict;

	n->now = now_ms;
	n->stats.received++;
	if (in.iface == NULL) {
		n->stats.rx[0]++;
		count(n, NULL, NHRP_DROP_NO_INTERFACE);
		return;
	}
	in.peer = nhrp_peer_get(n, id);
	if (in.peer == NULL) {
		n->stats.rx[0]++;
		count(n, NULL, id == NHRP_PEER_NONE ? NHRP_DROP_NO_PEER : NHRP_DROP_NO_MEMORY);
		return;
	}
	in.peer->received++;
	in.peer->nbma_be = outer_be;
	fault = nhrp_packet_parse(&p, bytes, len);
	n->stats.rx[p.type < NHRP_TYPES ? p.type : 0]++;
	in.src_be = nhrp_addr_be(&p.src_proto);
	in.dst_be = nhrp_addr_be(&p.dst_proto);
	in.src_nbma_be = nhrp_addr_be(&p.src_nbma);
	/* It came over an SA, whatever it says: its sender lives. */
	nhrp_claims_alive(n, in.peer);
	if (len > NHRP_PACKET_MAX)
		verdict = nhrp_error(n, &in, NHRP_ERROR_SIZE, 10, NHRP_DROP_TOO_LONG);
	else
		verdict = receive(n, &in, fault);
	count(n, in.peer, verdict);
}
