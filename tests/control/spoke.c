/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/control/spoke.h"

#include <rte_ip.h>
#include <rte_udp.h>

#define NHRP 0x2001

static uint32_t next_id = 100;

void spoke_nhrp_start(struct nhrp_builder *b, struct packet *p, uint8_t type, enum spoke_name spoke,
	const char *src, const char *dst, uint16_t flags)
{
	static uint32_t nbma_be, src_be, dst_be;
	struct nhrp_packet head = {.afn = NHRP_AFN_IPV4,
		.protocol = NHRP_PROTOCOL_IPV4,
		.hop_count = 255,
		.version = 1,
		.type = type,
		.flags = flags,
		.request_id = next_id++};

	nbma_be = world_nbma(spoke);
	src_be = packet_addr(src);
	dst_be = packet_addr(dst);
	head.src_nbma = nhrp_addr_v4(&nbma_be);
	head.src_proto = nhrp_addr_v4(&src_be);
	head.dst_proto = nhrp_addr_v4(&dst_be);
	nhrp_build_start(b, p->b, sizeof(p->b), &head);
}

void spoke_nhrp_send(enum spoke_name spoke, struct nhrp_builder *b, struct packet *p)
{
	struct packet frame;

	nhrp_build_ext(b, NHRP_EXT_RESPONDER | NHRP_EXT_COMPULSORY, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_FORWARD | NHRP_EXT_COMPULSORY, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_REVERSE | NHRP_EXT_COMPULSORY, NULL, 0);
	p->len = (uint16_t)nhrp_build_end(b);
	CU_ASSERT_NOT_EQUAL_FATAL(p->len, 0);
	frame = world_seal_gre(spoke, NHRP, p);
	world_receive(0, &frame);
	world_run();
}

void spoke_nhrp_say(enum spoke_name spoke, uint8_t type, const char *src, const char *dst,
	uint16_t flags, const struct nhrp_cie *cie)
{
	struct packet p = {0};
	struct nhrp_builder b;

	spoke_nhrp_start(&b, &p, type, spoke, src, dst, flags);
	nhrp_build_cie(&b, cie);
	spoke_nhrp_send(spoke, &b, &p);
}

/* The next frame is an NHRP packet of this type for the spoke. Valid until the next call. */
bool spoke_nhrp_take(enum spoke_name spoke, uint8_t type, struct nhrp_packet *p)
{
	static struct packet inner;
	struct packet frame = world_sent(0);
	uint16_t protocol = 0;

	inner = world_unseal_gre(spoke, &frame, &protocol);
	return inner.len != 0 && protocol == NHRP &&
	       nhrp_packet_parse(p, inner.b, inner.len) == NHRP_FAULT_NONE && p->type == type &&
	       p->hop_count > 0;
}

/* The code of the reply's first CIE, -1 for no reply. */
int spoke_nhrp_code(enum spoke_name spoke, uint8_t type)
{
	struct nhrp_packet p;
	struct nhrp_cie cie;
	struct cursor c;

	if (!spoke_nhrp_take(spoke, type, &p))
		return -1;
	c = cursor_open(p.payload.at, p.payload.len);
	return nhrp_cie_next(&c, &cie) ? cie.code : -1;
}

int spoke_register(enum spoke_name spoke, const char *address, uint16_t holding, uint16_t flags)
{
	const struct nhrp_cie cie = {.prefix_len = 32, .mtu = 17916, .holding = holding};

	spoke_nhrp_say(spoke, NHRP_REGISTRATION_REQUEST, address, WORLD_HUB, flags, &cie);
	return spoke_nhrp_code(spoke, NHRP_REGISTRATION_REPLY);
}

dp_adj_t world_overlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr(addr));
}

/* One packet from spoke to spoke arrives, with or without an indication to its sender. */
bool spoke_delivers(enum spoke_name from, const char *src, enum spoke_name to, const char *dst)
{
	const struct packet inner = packet_udp(packet_addr(src), packet_addr(dst), 4000, 5000, 100);
	struct packet frame = world_seal(from, &inner), got;
	bool arrived = false;

	world_receive(0, &frame);
	world_run();
	for (frame = world_sent(0); frame.len != 0; frame = world_sent(0)) {
		got = world_unseal(to, &frame);
		arrived |= got.len == inner.len;
	}
	return arrived;
}

/* NEAR asks for FAR; the hub sends that on, and the answer back. */
void spoke_resolve(void)
{
	const struct nhrp_cie question = {.mtu = 1400, .holding = 600};
	uint32_t nbma_be = world_nbma(FAR), far_be = packet_addr("10.255.0.11");
	const struct nhrp_cie answer = {.prefix_len = 32,
		.mtu = 1400,
		.holding = 600,
		.nbma = nhrp_addr_v4(&nbma_be),
		.proto = nhrp_addr_v4(&far_be)};
	struct nhrp_packet p, reply;
	struct nhrp_builder b;
	struct packet out = {0};

	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", "10.255.0.11",
		NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE, &question);
	CU_ASSERT_FATAL(spoke_nhrp_take(FAR, NHRP_RESOLUTION_REQUEST, &p));
	CU_ASSERT_EQUAL(p.hop_count, 254);
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), packet_addr("10.255.0.12"));
	reply = p;
	reply.type = NHRP_RESOLUTION_REPLY;
	reply.hop_count = 255;
	nhrp_build_start(&b, out.b, sizeof(out.b), &reply);
	nhrp_build_cie(&b, &answer);
	spoke_nhrp_send(FAR, &b, &out);
	CU_ASSERT_EQUAL(spoke_nhrp_code(NEAR, NHRP_RESOLUTION_REPLY), 0);
}

bool spoke_purged(enum spoke_name spoke, const char *address)
{
	struct nhrp_packet p;
	struct nhrp_cie cie;
	struct cursor c;

	if (!spoke_nhrp_take(spoke, NHRP_PURGE_REQUEST, &p))
		return false;
	c = cursor_open(p.payload.at, p.payload.len);
	return nhrp_cie_next(&c, &cie) && nhrp_addr_be(&cie.proto) == packet_addr(address);
}

/* A message of RIP in its packet, as a neighbor sends it. */
struct packet spoke_rip_message(const char *src, const char *dst, enum rip_command command,
	const struct rip_entry *e, unsigned n)
{
	uint8_t bytes[RIP_PACKET_MAX];
	struct writer w = writer_open(bytes, sizeof(bytes));
	struct packet p = {0};
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p.b;
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	rip_packet_write_header(&w, command, 2);
	for (unsigned i = 0; i < n; i++)
		rip_packet_write_entry(&w, &e[i]);
	p.len = (uint16_t)(sizeof(*ip) + sizeof(*udp) + writer_len(&w));
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = 0xc0,
		.total_length = rte_cpu_to_be_16((uint16_t)p.len),
		.time_to_live = 1,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = packet_addr(src),
		.dst_addr = packet_addr(dst),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = udp->dst_port = RTE_BE16(RIP_PORT);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + writer_len(&w)));
	udp->dgram_cksum = 0;
	memcpy(udp + 1, bytes, writer_len(&w));
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return p;
}

struct rip_entry spoke_rip_network(const char *net, uint8_t len, uint32_t metric)
{
	return (struct rip_entry){.family = RIP_FAMILY_IP,
		.addr_be = packet_addr(net),
		.mask_be = ip4_mask_be(len),
		.metric = metric};
}

void spoke_rip_tell(
	enum spoke_name spoke, const char *src, const char *net, uint8_t len, uint32_t metric)
{
	const struct rip_entry e = spoke_rip_network(net, len, metric);
	const struct packet inner = spoke_rip_message(src, "224.0.0.9", RIP_RESPONSE, &e, 1);
	const struct packet frame = world_seal(spoke, &inner);

	world_receive(0, &frame);
	world_run();
}

/* RFC 768: over pseudo header, header and data, 0xffff if it is right. */
static uint16_t udp_sum(const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp)
{
	uint32_t sum = rte_ipv4_phdr_cksum(ip, 0);

	sum += rte_raw_cksum(udp, rte_be_to_cpu_16(udp->dgram_len));
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* What was heard about a network in an IPv4 packet of the hub's; metric 0: nothing. */
void spoke_rip_hear(const struct packet *p, const char *net, struct rip_entry *said)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->b;
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	struct rip_packet m;

	if (p->len < sizeof(*ip) + sizeof(*udp) || ip->next_proto_id != IPPROTO_UDP)
		return;
	CU_ASSERT_EQUAL(ip->time_to_live, 1);
	CU_ASSERT_EQUAL(ip->type_of_service, 0xc0);
	CU_ASSERT_EQUAL(udp_sum(ip, udp), 0xffff);
	CU_ASSERT_EQUAL(rip_packet_parse((const uint8_t *)(udp + 1),
				p->len - sizeof(*ip) - sizeof(*udp), &m),
		RIP_PARSE_OK);
	for (unsigned i = 0; m.command == RIP_RESPONSE && i < m.n; i++)
		if (m.entries[i].addr_be == packet_addr(net))
			*said = m.entries[i];
}

/* The latest that a spoke was told about a network, of all that waits on the outer port. */
struct rip_entry spoke_rip_told(enum spoke_name spoke, const char *net)
{
	struct rip_entry said = {.metric = 0};
	struct packet frame;

	while ((frame = world_sent(0)).len != 0) {
		const struct packet inner = world_unseal(spoke, &frame);

		spoke_rip_hear(&inner, net, &said);
	}
	return said;
}
