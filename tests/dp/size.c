/* SPDX-License-Identifier: BSD-3-Clause */
/* What fits: the inner MTU that follows from the outer path, the suite, padding and UDP. */
#include <string.h>

#include "crypto/suite.h"
#include "tests/dp/expect.h"

#define DF 0x4000

/* Outer IPv4 length of the next frame; the frame is taken. */
static unsigned outer_len(void)
{
	struct packet frame = net_transmitted(0);

	return frame.len > PACKET_ETH_LEN ? frame.len - PACKET_ETH_LEN : 0;
}

static struct packet df_packet(unsigned len)
{
	struct packet inner = spoke_packet(&net.a, &net.b, len);

	packet_put16(inner.b + PACKET_IP4_FRAG, DF);
	packet_ip4_seal(inner.b);
	return inner;
}

/* The largest packet fits the path, the next larger one would not, and the sender hears how much.
 */
static void one(const char *suite, uint16_t natt_port, uint16_t path)
{
	const unsigned align = esp_suite_by_name(suite)->align;
	struct packet inner;
	struct dp_punt_info info;
	unsigned mtu, len;

	net_open(&(struct net_params){.suite = suite, .no_peers = true});
	net.b.natt_port = natt_port;
	spoke_add(&net.a);
	spoke_add(&net.b);
	dp_peer_set_path_mtu(net.dp, net.b.peer, path);
	mtu = dp_peer_mtu(net.dp, net.b.peer);
	EXPECT(mtu > path - 150u && mtu < path);

	inner = df_packet(mtu);
	spoke_send_run(&net.a, &inner);
	len = outer_len();
	EXPECT(len <= path && len + align > path);

	inner = df_packet(mtu + 1);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_too_big, 1);
	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.value == mtu);

	inner = spoke_packet(&net.a, &net.b, mtu + 1);
	spoke_send_run(&net.a, &inner);
	len = outer_len();
	EXPECT(len > 0 && len <= path);
	len = outer_len();
	EXPECT(len > 0 && len <= path);
	net_close();
}

static void every_suite(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		for (uint16_t path = 1000; path < 1017; path += 3) {
			one(esp_suite_at(i)->name, 0, path);
			one(esp_suite_at(i)->name, 61001, path);
		}
}

/* A wide path does not widen the tunnel; without one the port's MTU counts (1500 fits 1400). */
static void tunnel_is_the_limit(void)
{
	net_open(NULL);
	EXPECT(dp_peer_mtu(net.dp, net.b.peer) == TUNNEL_MTU);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 9000);
	EXPECT(dp_peer_mtu(net.dp, net.b.peer) == TUNNEL_MTU);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 1300);
	EXPECT(dp_peer_mtu(net.dp, net.b.peer) < 1300);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 0);
	EXPECT(dp_peer_mtu(net.dp, net.b.peer) == TUNNEL_MTU);
	net_close();
}

#define JUMBO 9000

/* Spokes on tunnels that carry whole jumbo frames, the ports' MTU being larger still. */
static void open_jumbo(uint16_t mtu_to_b)
{
	struct dp_tunnel_params p = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = JUMBO,
		.ttl = TUNNEL_TTL};

	net_open(&(struct net_params){.no_peers = true, .mtu = JUMBO + 100});
	CU_ASSERT(dp_tunnel_add(net.dp, &p, &net.a.tunnel, NULL) == 0);
	p.mtu = mtu_to_b;
	CU_ASSERT(dp_tunnel_add(net.dp, &p, &net.b.tunnel, NULL) == 0);
	spoke_add(&net.a);
	spoke_add(&net.b);
}

static void jumbo(void)
{
	struct packet inner;

	open_jumbo(JUMBO);
	for (unsigned len = 28; len <= JUMBO; len += len < JUMBO - 40 ? 37 : 1) {
		inner = spoke_packet(&net.a, &net.b, len);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	inner = df_packet(JUMBO + 1);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_too_big, 1);
	EXPECT_PUNT(ERROR, NULL);
	net_close();
}

/* From a jumbo tunnel into one that is not, down to the smallest MTU. */
static void jumbo_in_pieces(void)
{
	static const uint16_t mtus[] = {8999, 1400, 576};
	struct packet inner, gre;
	unsigned got, n;

	for (unsigned i = 0; i < RTE_DIM(mtus); i++) {
		unsigned each = (mtus[i] - PACKET_IP4_LEN) & ~7u;

		open_jumbo(mtus[i]);
		inner = spoke_packet(&net.a, &net.b, JUMBO);
		spoke_send_run(&net.a, &inner);
		n = (JUMBO - PACKET_IP4_LEN + each - 1) / each;
		got = 0;
		for (unsigned k = 0; k < n; k++) {
			gre = EXPECT_GRE(&net.b);
			EXPECT(gre.len > 8 + PACKET_IP4_LEN && gre.len <= 8 + mtus[i]);
			gre = packet_cut(&gre, 8 + PACKET_IP4_LEN);
			EXPECT(memcmp(gre.b, inner.b + PACKET_IP4_LEN + got, gre.len) == 0);
			got += gre.len;
		}
		EXPECT(got == JUMBO - PACKET_IP4_LEN);
		net_close();
	}
}

static const struct unit_test tests[] = {
	{"jumbo frames", jumbo},
	{"jumbo frames in pieces", jumbo_in_pieces},
	{"every suite, with and without UDP", every_suite},
	{"the tunnel's MTU is the limit", tunnel_is_the_limit},
};

DP_SUITE(size, tests);
