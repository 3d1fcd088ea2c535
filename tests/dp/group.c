/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes of several adjacencies: which flow goes where, and what a change of the group does. */
#include <string.h>

#include "tests/dp/expect.h"

#define FLOWS   64
#define NETWORK "172.20.0.0"

static dp_adj_t peer_adj(const struct spoke *s)
{
	return DP_ADJ(DP_ADJ_PEER, s->peer);
}

/* The network is behind these spokes. Returns the group. */
static dp_adj_t behind(const struct spoke *x, const struct spoke *y)
{
	const dp_adj_t members[] = {peer_adj(x), peer_adj(y != NULL ? y : x)};
	dp_adj_t adj = DP_ADJ_NO_ROUTE;

	EXPECT(dp_group_get(net.dp, members, y != NULL ? 2 : 1, &adj) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr(NETWORK), 16, adj) == 0);
	return adj;
}

/* Where the hub sends the n-th flow to; NULL if to no spoke. */
static const struct spoke *way_of(unsigned n)
{
	const struct packet inner = packet_udp(
		net.a.lan_be, packet_addr(NETWORK) | rte_cpu_to_be_32(1 + n * 7), 4000, 5000, 100);
	struct packet frame;

	spoke_send_run(&net.a, &inner);
	for (unsigned port = 0; port < RTE_DIM(net.port); port++) {
		frame = net_transmitted(port);
		for (unsigned i = 0; i < RTE_DIM(net.spoke) && frame.len != 0; i++)
			if (memcmp(frame.b + PACKET_ETH_LEN + PACKET_IP4_DST, &net.spoke[i].nbma_be,
				    4) == 0)
				return &net.spoke[i];
	}
	return NULL;
}

/* Flows keep their way, and both ways have some. */
static void shares(void)
{
	const struct spoke *way[FLOWS];
	unsigned to_b = 0;

	net_open(NULL);
	behind(&net.b, &net.c);
	for (unsigned i = 0; i < FLOWS; i++) {
		way[i] = way_of(i);
		EXPECT(way[i] == &net.b || way[i] == &net.c);
		to_b += way[i] == &net.b;
	}
	EXPECT(to_b > FLOWS / 4 && to_b < FLOWS * 3 / 4);
	for (unsigned i = 0; i < FLOWS; i++)
		EXPECT(way_of(i) == way[i]);
	net_close();
}

/* A member goes: the other one takes all, and nothing is lost. */
static void member_goes(void)
{
	dp_adj_t old, adj;

	net_open(NULL);
	old = behind(&net.b, &net.c);
	adj = behind(&net.b, NULL);
	dp_group_put(net.dp, old);
	for (unsigned i = 0; i < FLOWS; i++)
		EXPECT(way_of(i) == &net.b);
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, packet_addr(NETWORK), 16) == 0);
	dp_group_put(net.dp, adj);
	EXPECT(way_of(0) == NULL);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	net_close();
}

/* Members of other kinds: each packet meets what it would meet without a group. */
static void other_members(void)
{
	dp_adj_t members[] = {DP_ADJ_BLACKHOLE, peer_adj(&net.b)}, adj;
	unsigned to_b = 0, ended = 0;

	net_open(NULL);
	members[1] = peer_adj(&net.b);
	EXPECT(dp_group_get(net.dp, members, 2, &adj) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr(NETWORK), 16, adj) == 0);
	for (unsigned i = 0; i < FLOWS; i++) {
		const struct spoke *way = way_of(i);

		to_b += way == &net.b;
		ended += way == NULL;
	}
	EXPECT(to_b > 0 && ended > 0 && to_b + ended == FLOWS);
	EXPECT_DROPS(fwd_blackhole, ended);
	net_close();
}

/* The same members are one group; all groups in use is said, and ends. */
static void full(void)
{
	dp_adj_t adj[4097], again, members[2] = {0}, got[DP_GROUP_MAX];
	unsigned n = 0;

	net_open(NULL);
	for (; n < RTE_DIM(adj); n++) {
		members[0] = DP_ADJ(DP_ADJ_PEER, n);
		members[1] = DP_ADJ(DP_ADJ_PEER, n + 1);
		if (dp_group_get(net.dp, members, 2, &adj[n]) < 0)
			break;
	}
	EXPECT(n == 4096);
	EXPECT(dp_group_get(net.dp, members, 2, &again) == -ENOSPC);
	members[0] = DP_ADJ(DP_ADJ_PEER, 0);
	members[1] = DP_ADJ(DP_ADJ_PEER, 1);
	EXPECT(dp_group_get(net.dp, members, 2, &again) == 0 && again == adj[0]);
	/* Held twice, so it is still there after one hold has ended. */
	dp_group_put(net.dp, again);
	EXPECT(dp_group_members(net.dp, adj[0], got) == 2 && got[1] == members[1]);
	dp_group_put(net.dp, adj[0]);
	members[0] = DP_ADJ(DP_ADJ_PEER, 9999);
	EXPECT(dp_group_get(net.dp, members, 2, &again) == 0 && again == adj[0]);
	EXPECT(dp_group_members(net.dp, DP_ADJ_BLACKHOLE, got) == 0);
	dp_group_put(net.dp, DP_ADJ_BLACKHOLE);
	net_close();
}

/* Reverse path: strict wants the spoke among the members, loose wants a spoke. */
static void reverse_path(void)
{
	static const enum dp_rpf modes[] = {DP_RPF_STRICT, DP_RPF_LOOSE, DP_RPF_OFF};

	for (unsigned i = 0; i < RTE_DIM(modes); i++) {
		const struct net_params params = {.rpf = modes[i]};
		struct packet inner;

		net_open(&params);
		behind(&net.a, &net.b);
		inner = packet_udp(packet_addr("172.20.0.9"), net.c.lan_be, 1, 2, 100);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.c, packet_hop(&inner));
		behind(&net.b, &net.c);
		spoke_send_run(&net.a, &inner);
		if (modes[i] == DP_RPF_STRICT)
			EXPECT_DROPS(fwd_rpf, 1);
		else
			EXPECT_DELIVERED(&net.c, packet_hop(&inner));
		net_close();
	}
}

/*
 * Long prefixes that lead where the prefix around them leads come and go as often as they like:
 * the table's room for others stays.
 */
static void like_the_prefix_around(void)
{
	const uint32_t network = packet_addr(NETWORK), host = packet_addr("172.20.5.1");
	dp_adj_t group;

	net_open(NULL);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, network, 16, peer_adj(&net.b)) == 0);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, host, 32, peer_adj(&net.b)) == 0);
		EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) == peer_adj(&net.b));
		EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, host, 32) == 0);
	}
	group = behind(&net.b, &net.c);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, host, 32, group) == 0);
	EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) == group);
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, host, 32) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, host, 32, DP_ADJ_BLACKHOLE) == 0);
	EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) == DP_ADJ_BLACKHOLE);
	net_close();
}

static const struct unit_test tests[] = {
	{"flows share the members, each keeps its own", shares},
	{"a member goes", member_goes},
	{"members of other kinds", other_members},
	{"one group for the same members, and no more than there are", full},
	{"reverse path through a group", reverse_path},
	{"hosts that are routed like their network", like_the_prefix_around},
};

DP_SUITE(group, tests);
