/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP MSS clamp on the way to a spoke. */
#include <string.h>

#include "tests/dp/expect.h"

#define MSS     1300
#define TCP_LEN 20
#define SYN     0x02
#define ACK     0x10

/* The default world, but b's tunnel clamps. */
static void open_clamped(void)
{
	const struct dp_tunnel_params p = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.adjust_mss = MSS};

	net_open(&(struct net_params){.no_peers = true});
	CU_ASSERT(dp_tunnel_add(net.dp, &p, &net.b.tunnel, NULL) == 0);
	spoke_add(&net.a);
	spoke_add(&net.b);
}

/* Ones' complement sum over pseudo header and segment; 0 when the checksum in it is right. */
static uint16_t tcp_sum(const struct packet *ip)
{
	struct packet pseudo = {.len = 12};
	unsigned len = ip->len - PACKET_IP4_LEN;

	memcpy(pseudo.b, ip->b + PACKET_IP4_SRC, 8);
	packet_put16(pseudo.b + 8, IPPROTO_TCP);
	packet_put16(pseudo.b + 10, (uint16_t)len);
	memcpy(pseudo.b + 12, ip->b + PACKET_IP4_LEN, len);
	return packet_sum(pseudo.b, 12 + len);
}

/* A segment from a's host to b's with these options (padded) and some payload. */
static struct packet segment(uint8_t flags, const uint8_t *options, unsigned n)
{
	struct packet tcp = packet_fill(7, TCP_LEN + (n + 3) / 4 * 4 + 5), ip;

	memset(tcp.b + TCP_LEN, 0, (n + 3) / 4 * 4);
	memcpy(tcp.b + TCP_LEN, options, n);
	tcp.b[12] = (uint8_t)((TCP_LEN + (n + 3) / 4 * 4) / 4 << 4);
	tcp.b[13] = flags;
	packet_put16(tcp.b + 16, 0);
	ip = packet_ip4(net.a.lan_be, net.b.lan_be, IPPROTO_TCP, &tcp);
	packet_put16(ip.b + PACKET_IP4_LEN + 16, tcp_sum(&ip));
	return ip;
}

/* What the segment becomes when the MSS at this offset of its options is clamped. */
static struct packet clamped(struct packet ip, unsigned at)
{
	packet_put16(ip.b + PACKET_IP4_LEN + TCP_LEN + at, MSS);
	packet_put16(ip.b + PACKET_IP4_LEN + 16, 0);
	packet_put16(ip.b + PACKET_IP4_LEN + 16, tcp_sum(&ip));
	return ip;
}

static void lowered(void)
{
	static const uint8_t first[] = {2, 4, 0x05, 0xb4, 1, 3, 3, 7};
	static const uint8_t odd[] = {1, 2, 4, 0xff, 0xff, 1, 1, 1};
	static const uint8_t later[] = {4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 0x05, 0xb4};
	struct packet ip;

	open_clamped();
	ip = segment(SYN, first, sizeof(first));
	spoke_send_run(&net.a, &ip);
	ip = clamped(ip, 2);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = segment(SYN | ACK, odd, sizeof(odd));
	spoke_send_run(&net.a, &ip);
	ip = clamped(ip, 3);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = segment(SYN, later, sizeof(later));
	spoke_send_run(&net.a, &ip);
	ip = clamped(ip, 14);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	net_close();
}

static void as_it_is(const struct packet *ip)
{
	spoke_send_run(&net.a, ip);
	EXPECT_DELIVERED(&net.b, packet_hop(ip));
}

/* Small enough, no SYN, no TCP header here, or options that make no sense: not touched. */
static void left_alone(void)
{
	static const uint8_t small[] = {2, 4, MSS >> 8, MSS & 0xff};
	static const uint8_t large[] = {2, 4, 0x05, 0xb4};
	static const uint8_t bad[][8] = {{0, 2, 2, 4, 0xff, 0xff}, {2, 0, 0xff, 0xff},
		{2, 40, 0xff, 0xff}, {3, 1, 2, 4, 0xff, 0xff}, {1, 1, 1, 1, 1, 1, 1, 2}};
	struct packet ip;

	open_clamped();
	ip = segment(SYN, small, sizeof(small));
	as_it_is(&ip);
	ip = segment(ACK, large, sizeof(large));
	as_it_is(&ip);
	ip = segment(SYN, large, 0);
	as_it_is(&ip);
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		ip = segment(SYN, bad[i], sizeof(bad[i]));
		as_it_is(&ip);
	}
	ip = segment(SYN, large, sizeof(large));
	packet_put16(ip.b + PACKET_IP4_FRAG, 10);
	packet_ip4_seal(ip.b);
	as_it_is(&ip);
	net_close();
}

/* A TCP header or its options run past the packet. */
static void truncated(void)
{
	static const uint8_t large[] = {2, 4, 0x05, 0xb4};
	struct packet ip, whole;

	open_clamped();
	whole = segment(SYN, large, sizeof(large));
	for (unsigned len = PACKET_IP4_LEN; len < PACKET_IP4_LEN + TCP_LEN + sizeof(large); len++) {
		ip = whole;
		ip.len = (uint16_t)len;
		packet_put16(ip.b + PACKET_IP4_TOTAL, ip.len);
		packet_ip4_seal(ip.b);
		as_it_is(&ip);
	}
	net_close();
}

static const struct unit_test tests[] = {
	{"a larger offer is lowered, wherever it stands", lowered},
	{"anything else is left alone", left_alone},
	{"truncated headers", truncated},
};

DP_SUITE(mss, tests);
