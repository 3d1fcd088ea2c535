/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP tunnel mode from host to host, with GRE inside: what a spoke does that was not told
 * `mode transport`. Between ESP and GRE stands one more IPv4 header, whose addresses can only be
 * those of the SA (RFC 4301 5.1.2, 5.2). It costs a branch where it is not in use.
 */
#include <rte_ip.h>

#include "common/cursor.h"
#include "dataplane/dp_priv.h"

#define FRAGMENT_MASK (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)

bool esp_tunnel_open(struct worker *w, struct pkt *p)
{
	const uint32_t *tag = p->esp.sa->hot.tag;
	struct cursor c = cursor_open(p->esp.payload, p->esp.payload_len);
	uint8_t version_ihl = cursor_u8(&c);
	unsigned header_len = (version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	uint16_t total, fragment;
	uint32_t src_be, dst_be;
	uint8_t protocol;

	cursor_u8(&c); /* type of service */
	total = cursor_u16(&c);
	cursor_u16(&c); /* identification */
	fragment = cursor_u16(&c);
	cursor_u8(&c); /* TTL */
	protocol = cursor_u8(&c);
	cursor_u16(&c); /* checksum: the ICV has vouched for it */
	src_be = cursor_be32(&c);
	dst_be = cursor_be32(&c);
	/* RFC 4303 2.7: octets behind the inner packet are traffic flow confidentiality's. */
	if (c.error || version_ihl >> 4 != IPVERSION || header_len < sizeof(struct rte_ipv4_hdr) ||
		total < header_len || total > p->esp.payload_len ||
		(fragment & FRAGMENT_MASK) != 0 || protocol != IPPROTO_GRE) {
		pkt_drop(w, p, DP_DROP_esp_tunnel_header);
		return false;
	}
	if (src_be != tag[SA_TAG_REMOTE] || dst_be != tag[SA_TAG_LOCAL]) {
		pkt_drop(w, p, DP_DROP_esp_tunnel_address);
		return false;
	}
	p->esp.payload += header_len;
	p->esp.payload_len = (uint16_t)(total - header_len);
	return true;
}

/* Don't fragment, and so identification 0 (RFC 6864 4.1): what must be cut is cut before. */
void esp_tunnel_write(uint8_t *gre, unsigned gre_len, const struct peer *peer, uint32_t dst_be,
	uint8_t tos, uint8_t ttl)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = tos,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + gre_len)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = ttl,
		.next_proto_id = IPPROTO_GRE,
		.src_addr = peer->ip.src_be,
		.dst_addr = dst_be,
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(gre - sizeof(ip), &ip, sizeof(ip));
}
