/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers, their SAs and addresses come, go and move while traffic flows. */
#include <arpa/inet.h>

#include "tests/control/world.h"

static struct {
	int n_keyed;
	unsigned n;
	struct {
		uint32_t peer;
		uint32_t address_be;
		enum hub_peer_event event;
	} at[16];
} heard;

static void hear(void *ctx, struct hub_peer *p, enum hub_peer_event event)
{
	(void)ctx;
	if (event == HUB_PEER_EVENT_KEYED || event == HUB_PEER_EVENT_UNKEYED) {
		heard.n_keyed += event == HUB_PEER_EVENT_KEYED ? 1 : -1;
		return;
	}
	if (heard.n < RTE_DIM(heard.at)) {
		heard.at[heard.n].peer = p->dp;
		heard.at[heard.n].address_be = p->address_be;
		heard.at[heard.n].event = event;
	}
	heard.n++;
}

static bool heard_is(
	unsigned i, const struct hub_peer *p, const char *address, enum hub_peer_event event)
{
	return i < heard.n && heard.at[i].peer == p->dp && heard.at[i].event == event &&
	       heard.at[i].address_be == packet_addr(address);
}

/* The default world, with somebody who listens. */
static void open_world(void)
{
	world_open(NULL);
	world_resolve();
	memset(&heard, 0, sizeof(heard));
	CU_ASSERT_EQUAL(hub_peer_watch(world.hub, hear, NULL), 0);
}

static struct hub_peer *come(enum spoke_name spoke)
{
	const struct hub_peer_params params = {.nbma_be = world_nbma(spoke),
		.identity_is = HUB_IDENTITY_PROVEN,
		.identity = "new"};
	struct error err = {""};
	struct hub_peer *p = hub_peer_add(world.hub, 0, &params, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static struct hub_peer *come_with_sas(enum spoke_name spoke)
{
	struct hub_peer *p = come(spoke);

	world_add_sa(p, spoke, true);
	world_add_sa(p, spoke, false);
	return p;
}

static int set_address(struct hub_peer *p, const char *address)
{
	struct error err = {""};

	return hub_peer_set_address(world.hub, p, packet_addr(address), &err);
}

static dp_adj_t overlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr(addr));
}

/* One packet from spoke to spoke. @return it arrived */
static bool delivers(enum spoke_name from, const char *src, enum spoke_name to, const char *dst)
{
	const struct packet inner = packet_udp(packet_addr(src), packet_addr(dst), 4000, 5000, 100);
	struct packet frame = world_seal(from, &inner), got;

	world_receive(0, &frame);
	world_run();
	frame = world_sent(to == SIDE ? 1 : 0);
	if (frame.len == 0)
		return false;
	got = world_unseal(to, &frame);
	return got.len == inner.len &&
	       memcmp(got.b + PACKET_IP4_LEN, inner.b + PACKET_IP4_LEN, 100) == 0;
}

static unsigned n_multicast(void)
{
	const struct packet p =
		packet_udp(packet_addr("10.255.0.1"), htonl(0xe0000009), 520, 520, 24);
	struct rte_mbuf *m = dp_inject_alloc(world.dp);

	memcpy(rte_pktmbuf_append(m, p.len), p.b, p.len);
	CU_ASSERT_EQUAL(dp_inject_multicast(world.dp, 0, 0x0800, m), 0);
	world_run();
	return world_discard(0) + world_discard(1);
}

/* SAs first, then the address, then it works; and back. */
static void test_life(void)
{
	struct hub_peer *p;
	uint32_t out;

	open_world();
	CU_ASSERT_EQUAL(heard.n_keyed, 3);
	CU_ASSERT_EQUAL(heard.n, 3); /* far, near and side were there */
	heard.n = 0;
	p = come(NEW);
	CU_ASSERT_EQUAL(hub_peer_state(world.hub, p), HUB_PEER_NO_SA);
	world_add_sa(p, NEW, true);
	CU_ASSERT_EQUAL(hub_peer_state(world.hub, p), HUB_PEER_NO_SA);
	out = world_add_sa(p, NEW, false);
	CU_ASSERT_EQUAL(hub_peer_state(world.hub, p), HUB_PEER_PENDING);
	EXPECT_TEXT("show dmvpn", "5 peers: 3 up, 1 pending, 1 no-sa\n");
	EXPECT_TEXT("show dmvpn", "-                203.0.113.15            dynamic  pending 2 ");
	CU_ASSERT_EQUAL(overlay("10.255.0.15"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(n_multicast(), 3);
	CU_ASSERT_EQUAL(heard.n_keyed, 4);
	CU_ASSERT_EQUAL(heard.n, 0);

	CU_ASSERT_EQUAL(set_address(p, "10.255.0.15"), 0);
	CU_ASSERT(heard_is(0, p, "10.255.0.15", HUB_PEER_EVENT_UP));
	CU_ASSERT_EQUAL(overlay("10.255.0.15"), DP_ADJ(DP_ADJ_PEER, p->dp));
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEW, "10.255.0.15"));
	CU_ASSERT(delivers(NEW, "10.255.0.15", NEAR, "10.255.0.12"));
	CU_ASSERT_EQUAL(n_multicast(), 4);
	EXPECT_TEXT("show dmvpn peer 10.255.0.15", "dynamic  up      2    -         1           2");
	EXPECT_TEXT("show ipsec sa peer 10.255.0.15", "0x20000004");

	/* Without its outbound SA it is down, and nothing leaves in another way. */
	hub_peer_del_sa(world.hub, p, false, out);
	CU_ASSERT(heard_is(1, p, "10.255.0.15", HUB_PEER_EVENT_DOWN));
	CU_ASSERT(!delivers(FAR, "10.1.1.9", NEW, "10.255.0.15"));
	CU_ASSERT_EQUAL(world_drops(DP_DROP_out_no_sa), 1);
	world_add_sa(p, NEW, false);
	CU_ASSERT(heard_is(2, p, "10.255.0.15", HUB_PEER_EVENT_UP));
	hub_peer_del(world.hub, p);
	CU_ASSERT_EQUAL(heard.at[3].event, HUB_PEER_EVENT_DOWN);
	CU_ASSERT_EQUAL(heard.at[3].address_be, packet_addr("10.255.0.15"));
	CU_ASSERT_EQUAL(heard.n_keyed, 3);
	CU_ASSERT_EQUAL(heard.n, 4);
	CU_ASSERT_EQUAL(overlay("10.255.0.15"), DP_ADJ_NO_PEER);
	CU_ASSERT_PTR_NULL(hub_peer_find_nbma(world.hub, 0, world_nbma(NEW), 0));
	EXPECT_TEXT("show dmvpn", "4 peers: 3 up, 1 no-sa\n");
	world_close();
}

/* Many come and go; the others' packets arrive, all of them. */
static void test_churn(void)
{
	unsigned used_in, used_out;

	open_world();
	used_in = sa_table_used(dp_sa_table(world.dp, true));
	used_out = sa_table_used(dp_sa_table(world.dp, false));
	for (unsigned i = 0; i < 3000; i++) { /* more often than there is room for peers */
		struct hub_peer *p = come_with_sas(NEW);
		struct hub_peer *q = i % 3 == 0 ? come(NEWER) : NULL;

		CU_ASSERT(delivers(FAR, "10.1.1.9", NEAR, "10.255.0.12"));
		CU_ASSERT_EQUAL(set_address(p, "10.255.0.15"), 0);
		hub_peer_del(world.hub, p);
		CU_ASSERT(delivers(NEAR, "10.255.0.12", FAR, "10.1.1.9"));
		if (q != NULL)
			hub_peer_del(world.hub, q);
		world.now++;
	}
	world_wait(10);
	world_discard(0);
	world_discard(1);
	CU_ASSERT_EQUAL(sa_table_used(dp_sa_table(world.dp, true)), used_in);
	CU_ASSERT_EQUAL(sa_table_used(dp_sa_table(world.dp, false)), used_out);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		CU_ASSERT_EQUAL(world_drops(i), 0);
	world_close();
}

/* An address changes hands: one route change, no moment without. */
static void test_takeover(void)
{
	struct hub_peer *old, *new;

	open_world();
	old = come_with_sas(NEW);
	new = come_with_sas(NEWER);
	heard.n = 0;
	CU_ASSERT_EQUAL(set_address(old, "10.255.0.15"), 0);
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEW, "10.255.0.15"));
	CU_ASSERT_EQUAL(set_address(new, "10.255.0.15"), 0);
	CU_ASSERT(heard_is(1, old, "10.255.0.15", HUB_PEER_EVENT_DOWN));
	CU_ASSERT(heard_is(2, new, "10.255.0.15", HUB_PEER_EVENT_UP));
	CU_ASSERT_EQUAL(heard.n, 3);
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEWER, "10.255.0.15"));
	CU_ASSERT_EQUAL(old->address_be, 0);
	/* The old one may use the address no more. */
	CU_ASSERT(!delivers(NEW, "10.255.0.15", NEAR, "10.255.0.12"));
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_source_peer), 1);
	CU_ASSERT(delivers(NEWER, "10.255.0.15", NEAR, "10.255.0.12"));
	/* Another address for the same peer, and none at all. */
	CU_ASSERT_EQUAL(set_address(new, "10.255.0.16"), 0);
	CU_ASSERT_EQUAL(overlay("10.255.0.15"), DP_ADJ_NO_PEER);
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEWER, "10.255.0.16"));
	CU_ASSERT_EQUAL(set_address(new, "0.0.0.0"), 0);
	CU_ASSERT_EQUAL(overlay("10.255.0.16"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(hub_peer_state(world.hub, new), HUB_PEER_PENDING);
	CU_ASSERT_EQUAL(heard.n, 6);
	world_close();
}

static void test_refused(void)
{
	static const struct {
		const char *address;
		int rc;
	} cases[] = {
		{"10.255.0.1", -EINVAL},   /* the hub's */
		{"10.255.0.0", -EINVAL},   /* nobody's */
		{"10.255.0.255", -EINVAL}, /* everybody's */
		{"10.254.0.5", -EINVAL},   /* not in the tunnel */
		{"10.255.0.11", -EPERM},   /* far's, says the configuration */
		{"10.255.0.14", -EPERM},   /* mute's */
	};
	struct error err = {""};
	struct hub_peer *p;

	open_world();
	p = come_with_sas(NEW);
	CU_ASSERT_EQUAL(set_address(p, "10.255.0.15"), 0);
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		CU_ASSERT_EQUAL(
			hub_peer_set_address(world.hub, p, packet_addr(cases[i].address), &err),
			cases[i].rc);
		CU_ASSERT_PTR_NOT_NULL(
			strstr(err.text, cases[i].rc == -EPERM ? "test.cfg:1" : "tun0"));
		CU_ASSERT_EQUAL(p->address_be, packet_addr("10.255.0.15"));
	}
	/* Far has its address from the configuration. */
	CU_ASSERT_EQUAL(set_address(&world.hub->peers[FAR], "10.255.0.16"), -EPERM);
	CU_ASSERT(delivers(NEW, "10.255.0.15", FAR, "10.255.0.11"));
	world_close();
}

/* Rekeying: counters go on, the newest outbound SA is used, after it the one before. */
static void test_rekey(void)
{
	uint32_t old_in, old_out, in, out;
	struct hub_peer *p;
	uint64_t rx, tx;

	open_world();
	p = come(NEW);
	old_in = world_add_sa(p, NEW, true);
	old_out = world_add_sa(p, NEW, false);
	CU_ASSERT_EQUAL(set_address(p, "10.255.0.15"), 0);
	heard.n = 0;
	CU_ASSERT(delivers(NEW, "10.255.0.15", NEAR, "10.255.0.12"));
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEW, "10.255.0.15"));
	in = world_add_sa(p, NEWER, true);
	out = world_add_sa(p, NEWER, false);
	CU_ASSERT(delivers(NEW, "10.255.0.15", NEAR, "10.255.0.12"));
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEWER, "10.255.0.15"));
	hub_peer_packets(world.hub, p, &rx, &tx);
	CU_ASSERT_EQUAL(rx, 2);
	CU_ASSERT_EQUAL(tx, 2);
	hub_peer_del_sa(world.hub, p, false, out);
	CU_ASSERT(delivers(FAR, "10.1.1.9", NEW, "10.255.0.15"));
	hub_peer_del_sa(world.hub, p, true, in);
	out = world_add_sa(p, NEWER, false);
	in = world_add_sa(p, NEWER, true);
	hub_peer_del_sa(world.hub, p, true, old_in);
	hub_peer_del_sa(world.hub, p, false, old_out);
	hub_peer_packets(world.hub, p, &rx, &tx);
	CU_ASSERT_EQUAL(rx, 2);
	CU_ASSERT_EQUAL(tx, 3);
	CU_ASSERT(!delivers(NEW, "10.255.0.15", NEAR, "10.255.0.12"));
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_spi), 1);
	CU_ASSERT_EQUAL(heard.n, 0); /* it was up all the time */
	hub_peer_del_sa(world.hub, p, true, in);
	CU_ASSERT(heard_is(0, p, "10.255.0.15", HUB_PEER_EVENT_DOWN));
	world_close();
}

/* Several peers at one outer address, and moves between such. */
static void test_nbma(void)
{
	struct hub_peer *a, *b, *c;
	struct hub *h;

	open_world();
	h = world.hub;
	a = come(NEW);
	b = come(NEW);
	c = come(NEW);
	CU_ASSERT_PTR_EQUAL(hub_peer_find_nbma(h, 0, world_nbma(NEW), 0), c);
	CU_ASSERT_PTR_EQUAL(hub_peer_next_nbma(h, c), b);
	hub_peer_del(h, b);
	CU_ASSERT_PTR_EQUAL(hub_peer_next_nbma(h, c), a);
	CU_ASSERT_PTR_NULL(hub_peer_next_nbma(h, a));
	hub_peer_del(h, c);
	CU_ASSERT_PTR_EQUAL(hub_peer_find_nbma(h, 0, world_nbma(NEW), 0), a);
	hub_peer_move(h, a, world_nbma(NEWER), 4500);
	CU_ASSERT_PTR_NULL(hub_peer_find_nbma(h, 0, world_nbma(NEW), 0));
	CU_ASSERT_PTR_NULL(hub_peer_find_nbma(h, 0, world_nbma(NEWER), 0));
	CU_ASSERT_PTR_EQUAL(hub_peer_find_nbma(h, 0, world_nbma(NEWER), 4500), a);
	CU_ASSERT_PTR_EQUAL(hub_peer_find_nbma(h, 0, world_nbma(FAR), 0), &world.hub->peers[FAR]);
	world_close();
}

/* A peer of the configuration goes, and the routes by it. */
static void test_static_goes(void)
{
	open_world();
	hub_peer_del(world.hub, &world.hub->peers[FAR]);
	CU_ASSERT_EQUAL(overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(overlay("10.1.1.7"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_NOT_EQUAL(overlay("10.1.2.7"), DP_ADJ_NO_ROUTE);
	CU_ASSERT(delivers(NEAR, "10.255.0.12", SIDE, "10.255.0.13"));
	world_close();
}

#define PEERS_MAX_2                                                                                \
	"peers_max = 2; ports = ( { name = \"wan0\"; device = \"none\"; gateway = "                \
	"\"192.0.2.254\";"                                                                         \
	" addresses = [ \"192.0.2.1/24\" ]; mac = \"02:00:00:00:00:01\"; } ); tunnels = ("         \
	" { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = 42;"         \
	" peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(0) " } ); } );"

/* A peer of the configuration that has no address there, and a full house. */
static void test_room(void)
{
	const struct hub_peer_params params = {.nbma_be = world_nbma(NEWER)};
	struct error err = {""};
	struct hub_peer *p;

	world_open(PEERS_MAX_2);
	EXPECT_TEXT("show dmvpn", "-                203.0.113.11            dynamic  pending 2 ");
	p = come(NEW);
	CU_ASSERT_PTR_NULL(hub_peer_add(world.hub, 0, &params, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no room for more than 2 peers"));
	hub_peer_del(world.hub, p);
	world_run();
	CU_ASSERT_PTR_NOT_NULL(hub_peer_add(world.hub, 0, &params, &err));
	CU_ASSERT_EQUAL(set_address(&world.hub->peers[FAR], "10.255.0.77"), 0);
	EXPECT_TEXT("show dmvpn", "10.255.0.77      203.0.113.11            dynamic  no-arp  2 ");
	CU_ASSERT_EQUAL(hub_peer_watch(world.hub, hear, NULL), 0);
	for (unsigned i = 1; i < HUB_PEER_WATCHES_MAX; i++)
		hub_peer_watch(world.hub, hear, NULL);
	CU_ASSERT_EQUAL(hub_peer_watch(world.hub, hear, NULL), -ENOSPC);
	world_run();
	world_discard(0);
	world_close();
}

static const struct unit_test tests[] = {
	{"a spoke's life", test_life},
	{"many come and go, others do not notice", test_churn},
	{"an address changes hands", test_takeover},
	{"addresses a peer cannot have", test_refused},
	{"rekeying", test_rekey},
	{"by outer address", test_nbma},
	{"a configured peer goes", test_static_goes},
	{"no address yet, no room", test_room},
};

const struct control_suite suite_peers = {"peers", tests, RTE_DIM(tests)};
