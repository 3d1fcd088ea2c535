/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP (RFC 792) as RFC 1812 4.3 wants it of a router: echo replies, and errors. */
#include <rte_ip.h>
#include <rte_random.h>

#include "common/cursor.h"
#include "control/hub_priv.h"
#include "dataplane/drops.h"

#define ICMP_HDR_LEN 8
#define ICMP_TTL     64
/* RFC 1812 4.3.2.3: as much of the original as fits an ICMP datagram of 576 octets. */
#define QUOTE_MAX (HUB_ICMP_MAX - 20 - ICMP_HDR_LEN)
/* RFC 1812 4.3.2.5: errors have precedence 6. */
#define TOS_ERROR 0xc0

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
};

#define ICMP_PROHIBITED 13 /* by a filter (RFC 1812 5.2.7.1) */
#define ICMP_TOO_BIG    4  /* code of ICMP_UNREACHABLE: fragmentation needed and DF set */

/* What ICMP must know of an IPv4 packet. */
struct ip4 {
	uint8_t tos;
	bool later_fragment;
	bool fragment;
	uint8_t protocol;
	uint32_t src_be;
	uint32_t dst_be;
	unsigned header_len;
	unsigned total_len;
};

/* @return false if header and packet do not fit each other */
static bool parse(const uint8_t *packet, unsigned len, struct ip4 *ip)
{
	struct cursor c = cursor_open(packet, len);
	uint16_t fragment;

	ip->header_len = (cursor_u8(&c) & 0xfu) * 4;
	ip->tos = cursor_u8(&c);
	ip->total_len = cursor_u16(&c);
	cursor_u16(&c);
	fragment = cursor_u16(&c);
	cursor_u8(&c);
	ip->protocol = cursor_u8(&c);
	cursor_u16(&c);
	ip->src_be = cursor_be32(&c);
	ip->dst_be = cursor_be32(&c);
	ip->fragment = (fragment & 0x3fff) != 0;
	ip->later_fragment = (fragment & 0x1fff) != 0;
	return !c.error && ip->header_len >= 20 && ip->header_len <= ip->total_len &&
	       ip->header_len <= len;
}

static bool is_broadcast_of(const struct ip_prefix *p, uint32_t addr_be)
{
	uint32_t mask = ip4_mask_be(p->len), host = addr_be & ~mask;

	return p->len < 31 && ((addr_be ^ p->addr.v4_be) & mask) == 0 &&
	       (host == 0 || host == (uint32_t)~mask);
}

/* Broadcast or network address of a tunnel or a port. */
static bool is_broadcast(const struct hub *h, uint32_t addr_be)
{
	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (h->tunnels[i].config != NULL &&
			is_broadcast_of(&h->tunnels[i].config->address, addr_be))
			return true;
	for (unsigned i = 0; i < h->n_ports; i++)
		for (unsigned k = 0; k < h->ports[i].config->n_addresses; k++)
			if (is_broadcast_of(&h->ports[i].config->addresses[k], addr_be))
				return true;
	return false;
}

/* RFC 1812 4.3.2.7: a source that is one station, and not the hub. */
static bool may_answer(const struct hub *h, enum dp_table table, uint32_t src_be)
{
	uint32_t src = rte_be_to_cpu_32(src_be);

	return src >> 24 != 0 && src >> 24 != 127 && src >> 28 < 14 && !is_broadcast(h, src_be) &&
	       dp_route_lookup(h->dp, table, src_be) != DP_ADJ_LOCAL;
}

/* An ICMP message of type and code with room for its data; NULL when buffers are short. */
static struct rte_mbuf *message(struct hub *h, uint8_t tos, uint32_t src_be, uint32_t dst_be,
	uint8_t type, uint8_t code, unsigned data_len)
{
	unsigned total = sizeof(struct rte_ipv4_hdr) + ICMP_HDR_LEN + data_len;
	struct rte_mbuf *m = dp_inject_alloc(h->dp);
	struct rte_ipv4_hdr *ip;
	uint8_t *icmp;

	if (m == NULL || rte_pktmbuf_tailroom(m) < total) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, (uint16_t)total);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = tos,
		.total_length = rte_cpu_to_be_16((uint16_t)total),
		/* What fits every MTU is never fragmented: its identification may be 0 (RFC 6864
		 * 4.1). */
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = ICMP_TTL,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = src_be,
		.dst_addr = dst_be,
	};
	if (total > HUB_ICMP_MAX) {
		ip->fragment_offset = 0;
		ip->packet_id = (rte_be16_t)rte_rand();
	}
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	icmp = (uint8_t *)(ip + 1);
	memset(icmp, 0, ICMP_HDR_LEN);
	icmp[0] = type;
	icmp[1] = code;
	return m;
}

unsigned hub_icmp_too_big(uint8_t to[HUB_ICMP_MAX], uint32_t src_be, uint32_t dst_be, uint16_t mtu,
	const uint8_t *packet, unsigned len)
{
	unsigned quote = RTE_MIN(len, (unsigned)QUOTE_MAX);
	unsigned total = sizeof(struct rte_ipv4_hdr) + ICMP_HDR_LEN + quote;
	uint8_t *icmp = to + sizeof(struct rte_ipv4_hdr);
	uint16_t mtu_be = rte_cpu_to_be_16(mtu), sum;
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = TOS_ERROR,
		.total_length = rte_cpu_to_be_16((uint16_t)total),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = ICMP_TTL,
		.next_proto_id = IPPROTO_ICMP,
		.src_addr = src_be,
		.dst_addr = dst_be,
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(to, &ip, sizeof(ip));
	memset(icmp, 0, ICMP_HDR_LEN);
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = ICMP_TOO_BIG;
	memcpy(icmp + 6, &mtu_be, sizeof(mtu_be));
	memcpy(icmp + ICMP_HDR_LEN, packet, quote);
	sum = (uint16_t)~rte_raw_cksum(icmp, ICMP_HDR_LEN + quote);
	memcpy(icmp + 2, &sum, sizeof(sum));
	return total;
}

/* Checksum over the message (RFC 792), and off it goes. */
static void transmit(
	struct hub *h, enum dp_table table, enum dp_punt_class class, struct rte_mbuf *m)
{
	uint8_t *icmp = rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ipv4_hdr));
	uint16_t sum = (uint16_t)~rte_raw_cksum(icmp, m->pkt_len - sizeof(struct rte_ipv4_hdr));

	memcpy(icmp + 2, &sum, sizeof(sum));
	if (dp_inject_ip4(h->dp, table, m) == 0)
		h->punts[class].sent++;
}

/*
 * RFC 1812 4.3.3.6: echo requests to any of the hub's addresses are answered, from that address,
 * with the same data. Options of the request are not carried over.
 */
static void echo(
	struct hub *h, enum dp_table table, const struct ip4 *ip, const uint8_t *icmp, unsigned len)
{
	struct rte_mbuf *m;

	if (!may_answer(h, table, ip->src_be))
		return;
	/* RFC 1812 4.3.2.5: a reply has the TOS of its request. */
	m = message(h, ip->tos, ip->dst_be, ip->src_be, ICMP_ECHO_REPLY, 0, len - ICMP_HDR_LEN);
	if (m == NULL)
		return;
	/* Identifier, sequence number and data. */
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ipv4_hdr) + 4), icmp + 4,
		len - 4);
	transmit(h, table, DP_PUNT_ICMP, m);
}

void hub_icmp_ping(struct hub *h, const struct hub_peer *p)
{
	uint32_t own_be = h->tunnels[p->tunnel].config->address.addr.v4_be;
	struct rte_mbuf *m;
	uint8_t *icmp;
	uint16_t sum;

	if (p->address_be == 0)
		return;
	m = message(h, 0, own_be, p->address_be, ICMP_ECHO, 0, 0);
	if (m == NULL)
		return;
	icmp = rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ipv4_hdr));
	sum = (uint16_t)~rte_raw_cksum(icmp, ICMP_HDR_LEN);
	memcpy(icmp + 2, &sum, sizeof(sum));
	if (dp_inject_peer(h->dp, p->dp, RTE_ETHER_TYPE_IPV4, m) == 0)
		h->punts[DP_PUNT_ICMP].sent++;
}

void hub_icmp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	const uint8_t *icmp;
	struct ip4 ip;
	unsigned icmp_len;

	if (!parse(packet, len, &ip) || ip.total_len > len)
		return;
	/* Only the kernel, if it has the address too, puts fragments together. */
	if (ip.fragment) {
		hub_tap_deliver(h, info, packet, len);
		return;
	}
	icmp = packet + ip.header_len;
	icmp_len = ip.total_len - ip.header_len;
	if (icmp_len < ICMP_HDR_LEN || rte_raw_cksum(icmp, icmp_len) != 0xffff)
		return;
	if (icmp[0] == ICMP_ECHO && icmp[1] == 0) {
		echo(h, info->table, &ip, icmp, icmp_len);
		return;
	}
	if (icmp[0] == ICMP_UNREACHABLE && icmp[1] == ICMP_TOO_BIG &&
		info->table == DP_TABLE_UNDERLAY)
		hub_path_mtu_receive(h, ip.dst_be, icmp, icmp_len);
	/* Replies, and errors about what the kernel sent, are the kernel's to judge. */
	hub_tap_deliver(h, info, packet, len);
}

/* Is this ICMP message itself an error, or of a type that might be? */
static bool is_icmp_error(const uint8_t *packet, unsigned len, const struct ip4 *ip)
{
	static const uint32_t queries = 1u << 0 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 13 |
					1u << 14 | 1u << 15 | 1u << 16 | 1u << 17 | 1u << 18;
	uint8_t type;

	if (ip->protocol != IPPROTO_ICMP)
		return false;
	type = ip->header_len < len ? packet[ip->header_len] : 0xff;
	return type > 31 || (queries >> type & 1) == 0;
}

/* Our address where the packet came in, and its sender's neighbor. @return false if none is */
static bool own_address(
	const struct hub *h, const struct dp_punt_info *info, uint32_t src_be, uint32_t *be)
{
	const struct hub_peer *peer = hub_peer_of(h, info->peer);
	const struct ip_prefix *prefix = NULL;

	if (peer != NULL)
		*be = h->tunnels[peer->tunnel].config->address.addr.v4_be;
	else if (info->port < h->n_ports)
		prefix = hub_port_prefix_of(h, info->port, src_be);
	else
		return false;
	if (prefix != NULL)
		*be = prefix->addr.v4_be;
	else if (peer == NULL)
		*be = h->ports[info->port].config->addresses[0].addr.v4_be;
	return true;
}

/* Type and code for a drop; 0 if nobody is told. */
static uint16_t type_and_code(uint32_t drop)
{
	switch (drop) {
	case DP_DROP_fwd_ttl:
		return ICMP_TIME_EXCEEDED << 8 | 0;
	case DP_DROP_fwd_no_route:
		return ICMP_UNREACHABLE << 8 | 0;
	case DP_DROP_fwd_no_peer:
		return ICMP_UNREACHABLE << 8 | 1;
	case DP_DROP_fwd_too_big:
		return ICMP_UNREACHABLE << 8 | ICMP_TOO_BIG;
	case DP_DROP_filter_reject:
		return ICMP_UNREACHABLE << 8 | ICMP_PROHIBITED;
	default:
		return 0;
	}
}

/* RFC 1812 4.3.2.7: when an error must not be sent. */
void hub_icmp_error(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	uint16_t kind = type_and_code(info->drop), mtu_be;
	unsigned quote;
	struct rte_mbuf *m;
	uint32_t own_be;
	struct ip4 ip;
	uint8_t *icmp;

	if (kind == 0 || !parse(packet, len, &ip) || ip.later_fragment ||
		is_icmp_error(packet, len, &ip) || rte_be_to_cpu_32(ip.dst_be) >> 28 >= 14 ||
		is_broadcast(h, ip.dst_be) || !may_answer(h, info->table, ip.src_be) ||
		!own_address(h, info, ip.src_be, &own_be))
		return;
	quote = RTE_MIN(RTE_MIN(len, ip.total_len), (unsigned)QUOTE_MAX);
	m = message(h, TOS_ERROR, own_be, ip.src_be, (uint8_t)(kind >> 8), (uint8_t)kind, quote);
	if (m == NULL)
		return;
	icmp = rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct rte_ipv4_hdr));
	if (info->drop == DP_DROP_fwd_too_big) {
		/* RFC 1191 4: next hop's MTU. */
		mtu_be = rte_cpu_to_be_16((uint16_t)info->value);
		memcpy(icmp + 6, &mtu_be, sizeof(mtu_be));
	}
	memcpy(icmp + ICMP_HDR_LEN, packet, quote);
	transmit(h, info->table, DP_PUNT_ERROR, m);
}
