/* SPDX-License-Identifier: BSD-3-Clause */
/* The hub that a configuration makes: routes, next hops, and what it cannot be. */
#include "tests/control/world.h"

#define PORT                                                                                       \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" mac = \"02:00:00:00:00:01\"; } );"

static dp_adj_t overlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr(addr));
}

static dp_adj_t underlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_UNDERLAY, packet_addr(addr));
}

static void close_quietly(void)
{
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

static void test_overlay(void)
{
	world_open(NULL);
	CU_ASSERT_EQUAL(overlay("10.255.0.1"), DP_ADJ_LOCAL);
	CU_ASSERT_EQUAL(overlay("10.255.0.99"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay("10.255.0.11")), DP_ADJ_PEER);
	CU_ASSERT_EQUAL(overlay("10.1.1.77"), overlay("10.255.0.11"));
	CU_ASSERT_EQUAL(overlay("10.1.2.77"), overlay("10.255.0.12"));
	CU_ASSERT_NOT_EQUAL(overlay("10.255.0.11"), overlay("10.255.0.12"));
	CU_ASSERT_EQUAL(overlay("10.9.9.9"), DP_ADJ_BLACKHOLE);
	/* Nothing of the underlay, neither ports nor the default. */
	CU_ASSERT_EQUAL(overlay("192.0.2.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(overlay("192.0.2.254"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(overlay("8.8.8.8"), DP_ADJ_NO_ROUTE);
	close_quietly();
}

static void test_underlay(void)
{
	world_open(NULL);
	CU_ASSERT_EQUAL(underlay("192.0.2.1"), DP_ADJ_LOCAL);
	CU_ASSERT_EQUAL(underlay("198.51.100.1"), DP_ADJ_LOCAL);
	CU_ASSERT_EQUAL(underlay("192.0.2.50"), DP_ADJ(DP_ADJ_GLEAN, 0));
	CU_ASSERT_EQUAL(underlay("198.51.100.50"), DP_ADJ(DP_ADJ_GLEAN, 1));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(underlay("192.0.2.77")), DP_ADJ_ETHER);
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), DP_ADJ(DP_ADJ_GLEAN, 0));
	CU_ASSERT_EQUAL(underlay("10.255.0.1"), underlay("8.8.8.8"));
	world_resolve();
	CU_ASSERT_EQUAL(DP_ADJ_KIND(underlay("8.8.8.8")), DP_ADJ_ETHER);
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), underlay("192.0.2.254"));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(underlay("198.51.100.13")), DP_ADJ_ETHER);
	world_close();
}

/* A side spoke's frames leave by the port it is on, from the tunnel's address. */
static void test_other_port(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.255.0.13"), 4000, 5000, 100);
	struct packet frame;

	world_open(NULL);
	world_resolve();
	frame = world_seal(FAR, &inner);
	world_receive(0, &frame);
	world_run();
	EXPECT_NO_FRAME(0);
	frame = world_sent(1);
	CU_ASSERT(memcmp(frame.b, &mac_side, 6) == 0);
	CU_ASSERT(memcmp(frame.b + 6, &mac_hub[1], 6) == 0);
	CU_ASSERT(memcmp(frame.b + PACKET_ETH_LEN + PACKET_IP4_SRC, "\xc0\x00\x02\x01", 4) == 0);
	CU_ASSERT_NOT_EQUAL(world_unseal(SIDE, &frame).len, 0);
	world_close();
}

/* A peer without an outbound SA is sent nothing. */
static void test_mute(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.255.0.14"), 4000, 5000, 100);
	struct packet frame;

	world_open(NULL);
	world_resolve();
	frame = world_seal(FAR, &inner);
	world_receive(0, &frame);
	world_run();
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_out_no_sa), 1);
	EXPECT_TEXT("show dmvpn peer 10.255.0.14", "no-sa");
	world_close();
}

/* Sources of one prefix: the best counts, the others wait. */
static void test_preference(void)
{
	const uint32_t be = packet_addr("10.77.0.0");
	struct hub *h;
	struct error err;

	world_open(NULL);
	h = world.hub;
	hub_rib_add(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_STATIC, DP_ADJ_BLACKHOLE, &err);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_BLACKHOLE);
	hub_rib_add(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_CONNECTED, DP_ADJ_NO_PEER, &err);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_NO_PEER);
	/* A worse one changes: nothing happens. */
	hub_rib_add(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_STATIC, DP_ADJ_LOCAL, &err);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_NO_PEER);
	hub_rib_del(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_PEER);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_NO_PEER);
	hub_rib_del(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_CONNECTED);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_LOCAL);
	hub_rib_del(h, DP_TABLE_OVERLAY, be, 16, HUB_ROUTE_STATIC);
	CU_ASSERT_EQUAL(overlay("10.77.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_PTR_NULL(hub_rib_find(h, DP_TABLE_OVERLAY, be, 16));
	close_quietly();
}

/* The n-th packet of a flow to the network that two spokes have. */
static struct packet flow_packet(unsigned flow)
{
	char dst[16];

	snprintf(dst, sizeof(dst), "10.50.0.%u", 1 + flow);
	return packet_udp(packet_addr("10.255.0.13"), packet_addr(dst), 4000, 5000, 100);
}

/* Each of the flows once; how many came out at FAR and NEAR. */
static void send_flows(unsigned n, unsigned *far, unsigned *near)
{
	for (unsigned i = 0; i < n; i++) {
		const struct packet inner = flow_packet(i);
		struct packet frame = world_seal(SIDE, &inner);

		world_receive(0, &frame);
		world_run();
		frame = world_sent(0);
		if (world_unseal(FAR, &frame).len != 0)
			++*far;
		else if (world_unseal(NEAR, &frame).len != 0)
			++*near;
	}
}

/* A network behind two spokes: they share its flows, and when one goes the other has them all. */
static void test_shared(void)
{
	const uint32_t near_be = packet_addr("10.255.0.12");
	dp_adj_t near_adj;
	struct error err;

	world_open(NULL);
	world_resolve();
	near_adj = overlay("10.255.0.12");
	for (unsigned round = 0; round < 20; round++) {
		unsigned far = 0, near = 0;

		if (round == 0) {
			const struct hub_prefix net = {
				packet_addr("10.50.0.0"), 16, DP_TABLE_OVERLAY};
			const struct hub_route_entry e = {.source = HUB_ROUTE_RIP,
				.distance = 120,
				.n_next_hops = 2,
				.next_hops_be = {packet_addr("10.255.0.11"), near_be}};

			CU_ASSERT_EQUAL(hub_rib_update(world.hub, &net, &e, &err), 0);
		} else if (round % 2 == 1) {
			hub_rib_del(world.hub, DP_TABLE_OVERLAY, near_be, 32, HUB_ROUTE_PEER);
		} else {
			CU_ASSERT_EQUAL(hub_rib_add(world.hub, DP_TABLE_OVERLAY, near_be, 32,
						HUB_ROUTE_PEER, near_adj, &err),
				0);
		}
		send_flows(20, &far, &near);
		CU_ASSERT_EQUAL(far + near, 20);
		CU_ASSERT_EQUAL(near > 0, round % 2 == 0);
		CU_ASSERT(far > 0);
	}
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_no_route), 0);
	close_quietly();
}

/* Of 2,000 spokes with a network each, one goes: nothing else is looked at. */
static void test_touched(void)
{
	struct hub *h;
	struct error err;
	uint64_t before;

	world_open(NULL);
	h = world.hub;
	for (unsigned i = 0; i < 2000; i++) {
		const uint32_t spoke_be = rte_cpu_to_be_32(0x0a640000 + i);
		const struct hub_prefix net = {
			rte_cpu_to_be_32(0x14000000 + (i << 8)), 24, DP_TABLE_OVERLAY};
		const struct hub_route_entry e = {.source = HUB_ROUTE_RIP,
			.distance = 120,
			.n_next_hops = 1,
			.next_hops_be = {spoke_be}};

		CU_ASSERT_EQUAL(hub_rib_add(h, DP_TABLE_OVERLAY, spoke_be, 32, HUB_ROUTE_PEER,
					overlay("10.255.0.11"), &err),
			0);
		before = h->rib.decided;
		CU_ASSERT_EQUAL(hub_rib_update(h, &net, &e, &err), 0);
		CU_ASSERT_EQUAL(h->rib.decided - before, 1);
	}
	before = h->rib.decided;
	hub_rib_del(h, DP_TABLE_OVERLAY, rte_cpu_to_be_32(0x0a640000 + 777), 32, HUB_ROUTE_PEER);
	CU_ASSERT_EQUAL(h->rib.decided - before, 2);
	CU_ASSERT_EQUAL(overlay("20.3.9.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_NOT_EQUAL(overlay("20.3.8.1"), DP_ADJ_NO_ROUTE);
	close_quietly();
}

static void test_refusals(void)
{
	const char *said;

	said = world_refusal("ports = ( { name = \"wan0\"; device = \"none\";"
			     " addresses = [ \"192.0.2.1/24\" ]; } );");
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "test.cfg:1: port wan0 needs a `mac`"));
	said = world_refusal(PORT "tunnels = ( { name = \"tun0\"; address = \"10.0.0.1/24\";"
				  " nbma = \"192.0.2.1\"; } );");
	CU_ASSERT_STRING_EQUAL(said, "");
}

/* As many times as you like in one process. */
static void test_again(void)
{
	for (unsigned i = 0; i < 3; i++) {
		world_open(NULL);
		world_resolve();
		world_close();
	}
}

static const struct unit_test tests[] = {
	{"overlay: tunnels, peers, static routes, and nothing else", test_overlay},
	{"underlay: ports, neighbors, the gateway", test_underlay},
	{"a peer on another port's link", test_other_port},
	{"a peer without outbound SA is sent nothing", test_mute},
	{"the most believable source counts", test_preference},
	{"a network behind two spokes that come and go", test_shared},
	{"a change touches what depends on it", test_touched},
	{"configurations that cannot become a hub", test_refusals},
	{"a hub after a hub", test_again},
};

const struct control_suite suite_routes = {"routes", tests, RTE_DIM(tests)};
