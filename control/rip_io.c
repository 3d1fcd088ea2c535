/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RIP's packets. From spokes and LANs they come as IPv4 packets; to the group they go into every
 * peer's GRE or in one Ethernet frame, to one neighbor by its peer or the overlay's route.
 */
#include <rte_ip.h>
#include <rte_udp.h>

#include "common/cursor.h"
#include "control/rip_hub_priv.h"

#define TOS_CONTROL 0xc0 /* precedence 6, internetwork control (RFC 1812 5.3.4) */
#define PROTO_IP4   0x0800

/* The sum of RFC 768's pseudo header, as it stands in a checksum that nobody has finished. */
static uint16_t pseudo_sum(uint32_t src_be, uint32_t dst_be, uint16_t udp_len)
{
	const struct rte_ipv4_hdr ip = {
		.total_length = rte_cpu_to_be_16((uint16_t)(udp_len + sizeof(ip))),
		.version_ihl = RTE_IPV4_VHL_DEF,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = src_be,
		.dst_addr = dst_be,
	};

	return rte_ipv4_phdr_cksum(&ip, 0);
}

/*
 * Is the datagram whole? A checksum of 0 is none (RFC 768). Linux routers that relay multicast into
 * their tunnels themselves leave the checksum to a NIC that never sees the packet; what came on an
 * SA is believed all the same.
 */
static bool checksum_good(
	const uint8_t *udp, uint16_t udp_len, uint32_t src_be, uint32_t dst_be, bool authentic)
{
	const struct rte_udp_hdr *h = (const struct rte_udp_hdr *)udp;
	uint16_t start = pseudo_sum(src_be, dst_be, udp_len);
	uint32_t sum;

	if (h->dgram_cksum == 0 || (authentic && h->dgram_cksum == start))
		return true;
	sum = start + (uint32_t)rte_raw_cksum(udp, udp_len);
	return (uint16_t)((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static uint32_t iface_of(const struct hub_rip *rip, const struct dp_punt_info *info)
{
	const struct hub_peer *p = hub_peer_of(rip->hub, info->peer);

	if (p != NULL)
		return rip->of_tunnel[p->tunnel];
	return info->peer == DP_PEER_NONE && info->port < rip->hub->n_ports
		       ? rip->of_port[info->port]
		       : RIP_IFACE_NONE;
}

void hub_rip_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	struct hub_rip *rip = h->rip;
	unsigned header = (cursor_u8(&c) & 15u) * 4;
	struct rip_in in = {0};
	const uint8_t *udp;
	uint16_t udp_len;
	uint32_t dst_be;

	if (rip == NULL)
		return;
	cursor_take(&c, 11);
	in.src_be = cursor_be32(&c);
	dst_be = cursor_be32(&c);
	cursor_take(&c, header >= 20 ? header - 20 : len);
	udp = c.at;
	in.src_port = cursor_u16(&c);
	cursor_u16(&c);
	udp_len = cursor_u16(&c);
	cursor_u16(&c);
	in.iface = iface_of(rip, info);
	if (c.error || udp_len < sizeof(struct rte_udp_hdr) ||
		udp_len - sizeof(struct rte_udp_hdr) > cursor_left(&c) ||
		in.iface == RIP_IFACE_NONE) {
		rip->malformed++;
		return;
	}
	if (!checksum_good(udp, udp_len, in.src_be, dst_be, info->peer != DP_PEER_NONE)) {
		rip->checksum++;
		return;
	}
	in.data = c.at;
	in.len = udp_len - sizeof(struct rte_udp_hdr);
	rip_receive(rip->engine, h->now, &in);
}

/* The message in its UDP and IPv4 headers; NULL when buffers are short. */
static struct rte_mbuf *packet_of(struct hub *h, const struct rip_out *out)
{
	uint16_t udp_len = (uint16_t)(sizeof(struct rte_udp_hdr) + out->len);
	uint16_t total = (uint16_t)(sizeof(struct rte_ipv4_hdr) + udp_len);
	struct rte_mbuf *m = dp_inject_alloc(h->dp);
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	if (m == NULL || rte_pktmbuf_tailroom(m) < total) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, total);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = TOS_CONTROL,
		.total_length = rte_cpu_to_be_16(total),
		/* Never fragmented, so that identification may be 0 (RFC 6864 4.1). */
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 1,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = out->src_be,
		.dst_addr = out->dst_be,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp = (struct rte_udp_hdr *)(ip + 1);
	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(RIP_PORT),
		.dst_port = rte_cpu_to_be_16(out->dst_port),
		.dgram_len = rte_cpu_to_be_16(udp_len),
	};
	memcpy(udp + 1, out->data, out->len);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return m;
}

static int to_lan_group(struct hub *h, uint16_t port, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_prepend(m, sizeof(*eth));
	struct mac_addr own = dp_port_mac(h->dp, port);

	*eth = (struct rte_ether_hdr){
		/* RFC 1112 6.4 */
		.dst_addr = {{1, 0, 0x5e, 0, 0, 9}},
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	};
	memcpy(&eth->src_addr, &own, sizeof(eth->src_addr));
	return dp_inject_frame(h->dp, port, m);
}

static int to_spoke(struct hub_rip *rip, uint32_t dst_be, struct rte_mbuf *m)
{
	struct ip_addr address = ip_addr_v4(dst_be);
	const struct hub_peer *p = hub_peer_find(rip->hub, &address);

	if (p != NULL)
		return dp_inject_peer(rip->hub->dp, p->dp, PROTO_IP4, m);
	/* Later will be no better. */
	rip->no_neighbor++;
	rte_pktmbuf_free(m);
	return 0;
}

int hub_rip_send(void *ctx, const struct rip_out *out)
{
	struct hub_rip *rip = ctx;
	struct hub *h = rip->hub;
	const struct hub_rip_iface *i = &rip->ifaces[out->iface];
	bool group = out->dst_be == rte_cpu_to_be_32(RIP_GROUP);
	struct rte_mbuf *m = packet_of(h, out);

	if (m == NULL)
		return -ENOBUFS;
	h->punts[DP_PUNT_RIP].sent++;
	if (!i->tunnel)
		return group ? to_lan_group(h, i->index, m)
			     : dp_inject_ip4(h->dp, DP_TABLE_OVERLAY, m);
	if (!group)
		return to_spoke(rip, out->dst_be, m);
	return dp_inject_multicast(h->dp, h->tunnels[i->index].dp, PROTO_IP4, m);
}
