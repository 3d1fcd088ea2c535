/* SPDX-License-Identifier: BSD-3-Clause */
/* Type of service: DSCP on the way out (RFC 2983), ECN both ways (RFC 6040). */
#include <string.h>

#include "tests/dp/expect.h"

#define DSCP_EF  0xb8
#define DSCP_CS6 0xc0

#define OUTER_TOS (PACKET_ETH_LEN + PACKET_IP4_TOS)

static struct packet with_tos(struct packet ip, uint8_t tos)
{
	ip.b[PACKET_IP4_TOS] = tos;
	packet_ip4_seal(ip.b);
	return ip;
}

/* The outer header of the next frame of port 0: its checksum is right. Returns its TOS. */
static uint8_t outer_tos(void)
{
	struct packet frame = net_transmitted(0);

	EXPECT(frame.len > 0 && packet_sum(frame.b + PACKET_ETH_LEN, PACKET_IP4_LEN) == 0);
	return frame.b[OUTER_TOS];
}

static void copied(void)
{
	struct packet inner;

	net_open(NULL);
	for (unsigned tos = 0; tos < 256; tos++) {
		inner = with_tos(spoke_packet(&net.a, &net.b, 100), (uint8_t)tos);
		spoke_send_run(&net.a, &inner);
		EXPECT(outer_tos() == tos);
	}
	net_close();
}

/* A tunnel that sets its own DSCP still copies ECN. */
static void set(void)
{
	const struct dp_tunnel_params marked = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.dscp_set = true,
		.dscp = DSCP_EF >> 2};
	struct packet inner;

	net_open(&(struct net_params){.no_peers = true});
	CU_ASSERT(dp_tunnel_add(net.dp, &marked, &net.b.tunnel, NULL) == 0);
	spoke_add(&net.a);
	spoke_add(&net.b);
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		inner = with_tos(spoke_packet(&net.a, &net.b, 100), 0x28 | ecn);
		spoke_send_run(&net.a, &inner);
		EXPECT(outer_tos() == (DSCP_EF | ecn));
	}
	net_close();
}

/* NHRP has no IP header of its own to copy from. */
static void nhrp(void)
{
	struct rte_mbuf *m;

	net_open(NULL);
	m = dp_inject_alloc(net.dp);
	memset(rte_pktmbuf_append(m, 40), 0, 40);
	CU_ASSERT(dp_inject_peer(net.dp, net.a.peer, 0x2001, m) == 0);
	net_run();
	EXPECT(outer_tos() == DSCP_CS6);
	net_close();
}

/* RFC 6040 figure 4: arriving inner and outer ECN to departing ECN; 4 = drop. */
static void decapsulation(void)
{
	static const uint8_t want[4][4] = {
		/* outer Not-ECT, ECT(1), ECT(0), CE */
		[0] = {0, 0, 0, 4}, /* inner Not-ECT */
		[1] = {1, 1, 1, 3}, /* ECT(1) */
		[2] = {2, 1, 2, 3}, /* ECT(0) */
		[3] = {3, 3, 3, 3}, /* CE */
	};
	struct packet inner, frame;
	unsigned dropped = 0;

	net_open(NULL);
	for (uint8_t in = 0; in < 4; in++)
		for (uint8_t out = 0; out < 4; out++) {
			inner = with_tos(spoke_packet(&net.a, &net.b, 100), DSCP_EF | in);
			frame = spoke_seal(&net.a, &inner);
			frame.b[OUTER_TOS] = out;
			packet_ip4_seal(frame.b + PACKET_ETH_LEN);
			net_receive(0, 0, &frame);
			net_run();
			if (want[in][out] == 4) {
				EXPECT_DROPS(fwd_ecn, ++dropped);
				continue;
			}
			inner = with_tos(inner, DSCP_EF | want[in][out]);
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
	net_close();
}

static const struct unit_test tests[] = {
	{"DSCP and ECN are copied", copied},
	{"DSCP is set, ECN copied", set},
	{"NHRP is internetwork control", nhrp},
	{"ECN of the outer header", decapsulation},
};

DP_SUITE(qos, tests);
