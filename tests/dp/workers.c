/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers: a peer has one owner, packets are handed to it, order and numbers hold. */
#include "tests/dp/expect.h"

static const struct net_params two = {.n_workers = 2, .n_mbufs = 8191};

static struct packet numbered(const struct spoke *from, const struct spoke *to, unsigned i)
{
	return spoke_packet(from, to, 64 + i % 1000);
}

/* a's packets come in on either queue: all leave, in order of arrival on each queue. */
static void handoff(void)
{
	struct packet inner;

	net_open(&two);
	inner = numbered(&net.a, &net.b, 0);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	net.a.queue = 1;
	for (unsigned i = 1; i < 200; i++) {
		inner = numbered(&net.a, &net.b, i);
		spoke_send(&net.a, &inner);
	}
	net_run();
	for (unsigned i = 1; i < 200; i++) {
		inner = numbered(&net.a, &net.b, i);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	net_close();
}

/* a on worker 0, b on worker 1, traffic both ways: each sealed and sent by its receiver's owner. */
static void two_owners(void)
{
	struct packet inner;

	net_open(&two);
	net.b.queue = 1;
	/* Each speaks to itself first, so that each owner is who received it. */
	inner = numbered(&net.a, &net.a, 0);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	inner = numbered(&net.b, &net.b, 0);
	spoke_send(&net.b, &inner);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	EXPECT(dp_peer_owner(net.dp, net.b.peer) == 1);
	for (unsigned i = 0; i < 300; i++) {
		inner = numbered(&net.a, &net.b, i);
		spoke_send(&net.a, &inner);
		net_run();
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		EXPECT(net.queue_out == 1);
		inner = numbered(&net.b, &net.a, i);
		spoke_send(&net.b, &inner);
		net_run();
		EXPECT_DELIVERED(&net.a, packet_hop(&inner));
		EXPECT(net.queue_out == 0);
	}
	net_close();
}

/* In over one worker's queue, owned by a second, to a peer of a third. */
static void twice(void)
{
	const struct net_params three = {.n_workers = 3};
	struct packet inner;

	net_open(&three);
	net.a.queue = 1;
	net.b.queue = 2;
	for (unsigned i = 0; i < 2; i++) {
		inner = numbered(&net.spoke[i], &net.spoke[i], 0);
		spoke_send(&net.spoke[i], &inner);
		net_run();
		EXPECT_DELIVERED(&net.spoke[i], packet_hop(&inner));
	}
	net.a.queue = 0;
	for (unsigned i = 0; i < 100; i++) {
		inner = numbered(&net.a, &net.b, i);
		spoke_send(&net.a, &inner);
	}
	net_run();
	for (unsigned i = 0; i < 100; i++) {
		inner = numbered(&net.a, &net.b, i);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 1);
	EXPECT(dp_peer_owner(net.dp, net.b.peer) == 2);
	net_close();
}

/* A forged flood on the wrong queue does not pull a new peer over. */
static void forged_claim(void)
{
	struct packet inner, frame;

	net_open(&two);
	inner = numbered(&net.a, &net.b, 0);
	for (unsigned i = 0; i < 100; i++) {
		frame = spoke_seal(&net.a, &inner);
		frame.b[frame.len - 1] ^= 1;
		net_receive(0, 1, &frame);
		if (i % 8 == 0) { /* alone, and in bursts */
			net_run();
			EXPECT(dp_peer_owner(net.dp, net.a.peer) == SA_OWNER_NONE);
		}
	}
	net_run();
	EXPECT_DROPS(esp_auth, 100);
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == SA_OWNER_NONE);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	net_close();
}

/* A replay over the other worker's queue is one all the same. */
static void replay(void)
{
	struct packet inner, frame;

	net_open(&two);
	inner = numbered(&net.a, &net.b, 0);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < 6; i++)
		net_receive(0, i % 2, &frame);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT_DROPS(esp_replay, 5);
	net_close();
}

/* The owner does not poll: its queue fills, what is too much is dropped. */
static void full(void)
{
	struct packet inner;
	struct dp_stats stats;
	unsigned sent = 0, got = 0;

	net_open(&two);
	inner = numbered(&net.a, &net.a, 0);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	net.a.queue = 1;
	do {
		for (unsigned i = 0; i < 32; i++, sent++)
			spoke_send(&net.a, &inner);
		dp_worker_poll(net.dp, 1);
		dp_stats_read(net.dp, -1, &stats);
	} while (sent < 8000 && stats.drops[DP_DROP_handoff_full] == 0);
	EXPECT_DROPS(handoff_full, (unsigned)stats.drops[DP_DROP_handoff_full]);
	EXPECT(stats.drops[DP_DROP_handoff_full] > 0);
	for (unsigned polled = 1; polled > 0;) {
		polled = dp_worker_poll(net.dp, 0);
		while (net_transmitted(0).len > 0)
			got++;
	}
	EXPECT(got == sent - stats.drops[DP_DROP_handoff_full]);
	net_close();
}

/* A packet waits for its owner while the peer goes, and comes back to another worker. */
static void stale(void)
{
	struct packet inner, waiting;

	net_open(&two);
	inner = numbered(&net.a, &net.b, 0);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	waiting = spoke_seal(&net.a, &inner);
	net_receive(0, 1, &waiting);
	dp_worker_poll(net.dp, 1);
	spoke_del(&net.a);
	spoke_add(&net.a);
	net.a.queue = 1;
	inner = numbered(&net.a, &net.a, 1);
	spoke_send(&net.a, &inner);
	dp_worker_poll(net.dp, 1);
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 1);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	EXPECT_DROPS(esp_owner, 1);
	net_close();
}

/* Control speaks to a peer that another worker owns. */
static void injected(void)
{
	const struct packet payload = packet_fill(1, 70);
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	struct packet inner, got, want = packet_gre(&gre, &payload);
	struct rte_mbuf *m;

	net_open(&two);
	net.a.queue = 1;
	inner = numbered(&net.a, &net.a, 0);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	m = dp_inject_alloc(net.dp);
	memcpy(rte_pktmbuf_append(m, payload.len), payload.b, payload.len);
	EXPECT(dp_inject_peer(net.dp, net.a.peer, 0x2001, m) == 0);
	net_run();
	got = EXPECT_GRE(&net.a);
	EXPECT(packet_equal(&got, &want));
	inner = packet_udp(packet_addr(HUB_TUNNEL), net.a.lan_be, 520, 520, 52);
	m = dp_inject_alloc(net.dp);
	memcpy(rte_pktmbuf_append(m, inner.len), inner.b, inner.len);
	EXPECT(dp_inject_ip4(net.dp, DP_TABLE_OVERLAY, m) == 0);
	net_run();
	EXPECT_DELIVERED(&net.a, inner);
	net_close();
}

static const struct unit_test tests[] = {
	{"packets on the wrong queue reach the owner", handoff},
	{"two owners, traffic both ways", two_owners},
	{"handed on twice: to the sender's owner, to the receiver's", twice},
	{"forged packets claim no peer", forged_claim},
	{"a replay over another queue", replay},
	{"an owner that does not poll", full},
	{"a peer that changes owner under a waiting packet", stale},
	{"control speaks to another worker's peer", injected},
};

DP_SUITE(workers, tests);
