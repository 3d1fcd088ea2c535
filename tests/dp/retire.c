/* SPDX-License-Identifier: BSD-3-Clause */
/* A place is not given to another as long as a packet somewhere names it. */
#include "tests/dp/expect.h"

static const struct net_params two = {.n_workers = 2};

/* Take all places that are free. Returns whether `place` was among them. */
static bool take_all(uint32_t place, uint16_t tunnel)
{
	const struct dp_peer_params p = {
		.tunnel = tunnel, .nbma_be = packet_addr("198.51.100.200")};
	bool got = false;
	uint32_t index;

	while (dp_peer_add(net.dp, &p, &index, NULL) == 0)
		got |= index == place;
	return got;
}

static void own(struct spoke *s)
{
	struct packet inner = spoke_packet(s, s, 100);

	spoke_send_run(s, &inner);
	EXPECT_DELIVERED(s, packet_hop(&inner));
}

/* a's packet waits at b's owner while b goes: it must not reach whoever is there then. */
static void inbox(void)
{
	struct packet inner;
	uint32_t place;

	net_open(&two);
	own(&net.a);
	net.b.queue = 1;
	own(&net.b);
	place = net.b.peer;
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &inner);
	dp_worker_poll(net.dp, 0);
	spoke_del(&net.b);
	EXPECT(!take_all(place, net.tunnel[0]));
	net_run();
	EXPECT_DROPS(out_no_sa, 1);
	EXPECT(take_all(place, net.tunnel[0]));
	net_close();
}

/* What control has not read yet names the peer it came from. */
static void punt(void)
{
	struct dp_punt_info info;
	struct packet inner;
	uint32_t place;

	net_open(NULL);
	place = net.a.peer;
	inner = packet_udp(net.a.lan_be, packet_addr("203.0.113.77"), 1, 2, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_no_route, 1);
	spoke_del(&net.a);
	EXPECT(!take_all(place, net.tunnel[0]));
	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.peer == place);
	EXPECT(take_all(place, net.tunnel[0]));
	net_close();
}

static void multicast(uint16_t tunnel)
{
	struct packet ip =
		packet_udp(packet_addr(HUB_TUNNEL), packet_addr("224.0.0.9"), 520, 520, 80);
	struct rte_mbuf *m = dp_inject_alloc(net.dp);

	memcpy(rte_pktmbuf_append(m, ip.len), ip.b, ip.len);
	EXPECT(dp_inject_multicast(net.dp, tunnel, 0x0800, m) == 0);
}

/* Multicast that waits for its turn names a tunnel: the next one of that number is not meant. */
static void replication(void)
{
	struct dp_tunnel_params p = {.prefix_len = 24, .mtu = TUNNEL_MTU};
	unsigned more = 0;
	uint16_t index;

	net_open(&(struct net_params){.n_peers = 8192});
	multicast(net.tunnel[1]);
	multicast(net.tunnel[1]);
	dp_worker_poll(net.dp, 0); /* looks at a part of the table */
	spoke_del(&net.d);
	dp_tunnel_del(net.dp, net.tunnel[1]);
	EXPECT(dp_reclaim(net.dp) > 0);
	while (dp_tunnel_add(net.dp, &p, &index, NULL) == 0) {
		EXPECT(index != net.tunnel[1]);
		more++;
	}
	EXPECT(more == DP_TUNNELS_MAX - 2);
	net_run();
	EXPECT(dp_reclaim(net.dp) == 0);
	EXPECT(dp_tunnel_add(net.dp, &p, &index, NULL) == 0 && index == net.tunnel[1]);
	while (net_transmitted(1).len != 0)
		;
	net_close();
}

/* Forwarding is stopped: nobody takes what waits, so it ends, and the place is free. */
static void stopped(void)
{
	struct packet inner;
	uint32_t place;

	net_open(&two);
	own(&net.a);
	net.b.queue = 1;
	own(&net.b);
	place = net.b.peer;
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &inner);
	dp_worker_poll(net.dp, 0);
	multicast(net.tunnel[0]);
	dp_stop(net.dp);
	spoke_del(&net.b);
	EXPECT(take_all(place, net.tunnel[0]));
	EXPECT_DROPS(handoff_stopped, 3);
	EXPECT(dp_start(net.dp, NULL) == 0);
	net_run();
	net_close();
}

/* SAs of a peer that comes back at once: same SPIs, other places. */
static void same_spis(void)
{
	struct packet inner, waiting;
	uint32_t in;

	net_open(&two);
	own(&net.a);
	in = net.a.hub_in;
	inner = spoke_packet(&net.a, &net.a, 100);
	waiting = spoke_seal(&net.a, &inner);
	net_receive(0, 1, &waiting);
	dp_worker_poll(net.dp, 1);
	spoke_del(&net.a);
	spoke_add(&net.a);
	EXPECT(net.a.hub_in != in);
	net_run();
	/* The key is the same one, so it is authentic still. */
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	EXPECT(dp_reclaim(net.dp) == 0);
	net_close();
}

static const struct unit_test tests[] = {
	{"a peer that a packet in an inbox names", inbox},
	{"a peer that a packet for control names", punt},
	{"a tunnel that multicast on its way names", replication},
	{"while forwarding is stopped", stopped},
	{"the same SPIs at once", same_spis},
};

DP_SUITE(retire, tests);
