/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RIP through the whole hub: two spokes tell their LANs over ESP and GRE, hear of each other's with
 * the other's tunnel address as next hop, and packets go that way; a router on a LAN port;
 * refusals.
 */
#include <rte_ip.h>

#include "control/rip_hub_priv.h"
#include "tests/control/spoke.h"

#define LAN     1             /* world port */
#define SPOKE_A "10.255.0.11" /* FAR */
#define SPOKE_B "10.255.0.12" /* NEAR */
#define GROUP   "224.0.0.9"
#define ROUTER  "10.8.0.9"

static const struct mac_addr mac_router = {{2, 0, 0, 0, 8, 9}};
static const struct mac_addr mac_group = {{1, 0, 0x5e, 0, 0, 9}};

static const char rip_hub[] =
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"
	"      { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); },"
	"  { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"
	"    addresses = [ \"10.8.0.1/24\" ];"
	"    neighbors = ( { address = \"" ROUTER "\"; mac = \"02:00:00:00:08:09\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42; rpf = \"loose\";"
	"  peers = ( { address = \"" SPOKE_A "\"; nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " },"
		   "    { address = \"" SPOKE_B "\"; nbma = \"192.0.2.12\"; " WORLD_SAS(
			   1) " } ); } );"
			      "routes = ( { prefix = \"10.50.0.0/16\"; blackhole = true; } );"
			      "rip = { network = [ \"tun0\", \"lan0\" ]; redistribute = ( { source "
			      "= \"static\"; "
			      "metric = 4; } ); };";

static void tell_lan(const char *net, uint8_t len, uint32_t metric)
{
	const struct rip_entry e = spoke_rip_network(net, len, metric);
	struct packet p = spoke_rip_message(ROUTER, GROUP, RIP_RESPONSE, &e, 1);
	struct packet frame = {.len = (uint16_t)(p.len + sizeof(struct rte_ether_hdr))};
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame.b;

	memcpy(&eth->dst_addr, &mac_group, sizeof(mac_group));
	memcpy(&eth->src_addr, &mac_router, sizeof(mac_router));
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	memcpy(eth + 1, p.b, p.len);
	world_receive(LAN, &frame);
	world_run();
}

static struct rip_entry told_lan(const char *net)
{
	struct rip_entry said = {.metric = 0};
	struct packet frame;

	while ((frame = world_sent(LAN)).len != 0) {
		const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame.b;
		struct packet inner = {.len = (uint16_t)(frame.len - sizeof(*eth))};

		if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
			continue;
		CU_ASSERT_EQUAL(memcmp(&eth->dst_addr, &mac_group, sizeof(mac_group)), 0);
		memcpy(inner.b, eth + 1, inner.len);
		spoke_rip_hear(&inner, net, &said);
	}
	return said;
}

static void open_rip(void)
{
	world_open(rip_hub);
	world_wait(7 * SECONDS);
	world_discard(0);
	world_discard(LAN);
}

static void close_rip(void)
{
	world_discard(0);
	world_discard(LAN);
	world_close();
}

static void test_spokes(void)
{
	struct rip_entry said;
	struct packet inner, frame, out;

	open_rip();
	spoke_rip_tell(FAR, SPOKE_A, "10.11.0.0", 24, 1);
	spoke_rip_tell(NEAR, SPOKE_B, "10.12.0.0", 24, 1);
	world_wait(7 * SECONDS);
	said = spoke_rip_told(NEAR, "10.11.0.0");
	CU_ASSERT_EQUAL(said.metric, 2);
	CU_ASSERT_EQUAL(said.next_hop_be, packet_addr(SPOKE_A));
	said = told_lan("10.12.0.0");
	CU_ASSERT_EQUAL(said.metric, 2);
	CU_ASSERT_EQUAL(said.next_hop_be, 0);
	EXPECT_TEXT("show rip", "10.11.0.0/24");
	EXPECT_TEXT("show rip neighbors", SPOKE_A);
	/* And packets go that way. */
	inner = packet_udp(packet_addr("10.12.0.9"), packet_addr("10.11.0.9"), 4000, 5000, 100);
	frame = world_seal(NEAR, &inner);
	world_receive(0, &frame);
	world_run();
	out = world_sent(0);
	out = world_unseal(FAR, &out);
	CU_ASSERT_EQUAL(out.len, inner.len);
	/* Withdrawn, it is gone at once, and all hear of it. */
	spoke_rip_tell(FAR, SPOKE_A, "10.11.0.0", 24, 16);
	CU_ASSERT_EQUAL(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("10.11.0.9")),
		DP_ADJ_NO_ROUTE);
	world_wait(6 * SECONDS);
	CU_ASSERT_EQUAL(spoke_rip_told(NEAR, "10.11.0.0").metric, 16);
	close_rip();
}

/* As many copies as spokes are up, however keys and addresses come and go. */
static void test_copies(void)
{
	struct error err;
	const struct hub_rip *rip;
	struct hub_peer *p;
	unsigned up;

	open_rip();
	rip = world.hub->rip;
	up = rip->ifaces[rip->of_tunnel[0]].n_up;
	CU_ASSERT(up > 0 && up <= world.hub->n_peers);
	p = (struct hub_peer *)(uintptr_t)hub_peer_find(
		world.hub, &(struct ip_addr){.family = AF_INET, .v4_be = packet_addr(SPOKE_A)});
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(hub_peer_set_address(world.hub, p, 0, &err), 0);
		CU_ASSERT_EQUAL(rip->ifaces[rip->of_tunnel[0]].n_up, up - 1);
		CU_ASSERT_EQUAL(hub_peer_set_address(world.hub, p, packet_addr(SPOKE_A), &err), 0);
		CU_ASSERT_EQUAL(rip->ifaces[rip->of_tunnel[0]].n_up, up);
	}
	close_rip();
}

static void test_lan(void)
{
	open_rip();
	tell_lan("10.70.0.0", 16, 3);
	CU_ASSERT_EQUAL(
		DP_ADJ_KIND(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("10.70.0.9"))),
		DP_ADJ_ETHER);
	world_wait(6 * SECONDS);
	CU_ASSERT_EQUAL(spoke_rip_told(FAR, "10.70.0.0").metric, 4);
	/* It hears nothing of its own. */
	CU_ASSERT_EQUAL(told_lan("10.70.0.0").metric, 0);
	EXPECT_TEXT("show rip status", "lan0");
	close_rip();
}

static void test_redistributed(void)
{
	world_open(rip_hub);
	world_wait(2 * SECONDS);
	CU_ASSERT_EQUAL(spoke_rip_told(FAR, "10.50.0.0").metric, 4);
	CU_ASSERT_EQUAL(told_lan("10.255.0.0").metric, 1);
	close_rip();
}

/* What a spoke must not tell; and in another's name it tells nothing at all. */
static void test_refused(void)
{
	open_rip();
	spoke_rip_tell(FAR, SPOKE_A, "0.0.0.0", 0, 1);
	spoke_rip_tell(FAR, SPOKE_A, "10.8.0.128", 25, 1);
	spoke_rip_tell(FAR, SPOKE_B, "10.13.0.0", 24, 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_source_peer), 1);
	EXPECT_TEXT("show rip status", "tun0: refused 1 default_route");
	EXPECT_TEXT("show rip status", "tun0: refused 1 own_network");
	CU_ASSERT_EQUAL(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("10.13.0.9")),
		DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("198.51.100.9")),
		DP_ADJ_NO_ROUTE);
	close_rip();
}

/* A spoke is gone: its routes at once, and all hear of it within the least hold-down and one more.
 */
static void test_dead(void)
{
	struct ip_addr a = ip_addr_v4(packet_addr(SPOKE_A));

	open_rip();
	spoke_rip_tell(FAR, SPOKE_A, "10.11.0.0", 24, 1);
	world_wait(6 * SECONDS);
	world_discard(0);
	hub_peer_del(world.hub, hub_peer_find(world.hub, &a));
	CU_ASSERT_EQUAL(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("10.11.0.9")),
		DP_ADJ_NO_ROUTE);
	world_wait(6 * SECONDS);
	CU_ASSERT_EQUAL(spoke_rip_told(NEAR, "10.11.0.0").metric, 16);
	CU_ASSERT_PTR_NULL(strstr(world_ask("show rip neighbors"), SPOKE_A));
	close_rip();
}

static void test_clear(void)
{
	open_rip();
	spoke_rip_tell(FAR, SPOKE_A, "10.11.0.0", 24, 1);
	world_ask("clear rip");
	world_run();
	CU_ASSERT_EQUAL(dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr("10.11.0.9")),
		DP_ADJ_NO_ROUTE);
	close_rip();
}

static const struct unit_test tests[] = {
	{"spokes hear of each other, next hops kept", test_spokes},
	{"as many copies as spokes are up", test_copies},
	{"a router on a LAN port", test_lan},
	{"redistributed and connected routes", test_redistributed},
	{"bad input of spokes is refused and counted", test_refused},
	{"a spoke dies: its routes are lost at once", test_dead},
	{"clear", test_clear},
};

const struct control_suite suite_rip = {"rip", tests, RTE_DIM(tests)};
