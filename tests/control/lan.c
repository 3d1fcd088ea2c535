/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Networks behind the hub, on a port and on a VLAN of it: both ways, with ARP, routes by a router
 * there, packets that wait, hosts that go away. And the tables, which never mix.
 */
#include "tests/control/world.h"

#define LAN       1 /* world port */
#define VLAN      100
#define HOST      "10.8.0.7"
#define ROUTER    "10.8.0.9"
#define VLAN_HOST "10.7.0.7"
#define FAR_HOST  "10.1.1.9"
#define TAG_LEN   4

static const struct mac_addr mac_host = {{2, 0, 0, 0, 8, 7}}, mac_router = {{2, 0, 0, 0, 8, 9}};

/* The VLAN stands before its parent. */
static const char lan_hub[] =
	"ports = ("
	"  { name = \"dmz\"; role = \"lan\"; parent = \"lan0\"; vlan = 100; mtu = 1400;"
	"    addresses = [ \"10.7.0.1/24\" ]; },"
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; } ); },"
	"  { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"
	"    addresses = [ \"10.8.0.1/24\", \"10.6.0.1/24\" ]; } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42;"
	"  peers = ( { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " },"
		   "    { address = \"10.255.0.12\"; nbma = \"10.8.0.200\"; } ); } );"
		   "routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; },"
		   "  { prefix = \"10.20.0.0/16\"; via = \"" ROUTER "\"; },"
		   "  { prefix = \"10.21.0.0/16\"; via = \"" ROUTER "\"; } );";

static dp_adj_t overlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr(addr));
}

static dp_adj_t underlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_UNDERLAY, packet_addr(addr));
}

static bool lists(const char *addr)
{
	char row[32];

	snprintf(row, sizeof(row), "\n%s ", addr);
	return strstr(world_ask("show arp"), row) != NULL;
}

static struct packet question(const char *target)
{
	return world_arp(1, &mac_hub[LAN], "10.8.0.1", &mac_everybody, target);
}

static void open_lan(void)
{
	world_open(lan_hub);
	world_run();
	EXPECT_FRAME(LAN, question(ROUTER));
	EXPECT_NO_FRAME(LAN);
	EXPECT_NO_FRAME(0);
}

static void answer(const struct mac_addr *mac, const char *addr)
{
	const struct packet a = world_arp(2, mac, addr, &mac_hub[LAN], "10.8.0.1");

	world_receive(LAN, &a);
	world_run();
}

/* A packet of the spoke's network; returns it as the hub forwards it. */
static struct packet from_spoke(const char *dst, unsigned len)
{
	const struct packet inner =
		packet_udp(packet_addr(FAR_HOST), packet_addr(dst), 4000, 5000, len);
	const struct packet frame = world_seal(FAR, &inner);

	world_receive(0, &frame);
	world_run();
	return packet_hop(&inner);
}

static void from_lan(const struct packet *ip)
{
	const struct packet frame = packet_eth(&mac_hub[LAN], &mac_host, 0x0800, ip);

	world_receive(LAN, &frame);
	world_run();
}

static struct packet to_host(const struct mac_addr *mac, const struct packet *ip)
{
	return packet_eth(mac, &mac_hub[LAN], 0x0800, ip);
}

static struct packet spoke_gets(void)
{
	const struct packet frame = world_sent(0);

	return world_unseal(FAR, &frame);
}

static void test_both_ways(void)
{
	struct packet ip, got, want;

	open_lan();
	ip = from_spoke(HOST, 100);
	EXPECT_FRAME(LAN, question(HOST));
	EXPECT_NO_FRAME(LAN);
	answer(&mac_host, HOST);
	EXPECT_FRAME(LAN, to_host(&mac_host, &ip));
	EXPECT_NO_FRAME(LAN);
	ip = from_spoke(HOST, 101);
	EXPECT_FRAME(LAN, to_host(&mac_host, &ip));

	ip = packet_udp(packet_addr(HOST), packet_addr(FAR_HOST), 1, 2, 102);
	from_lan(&ip);
	got = spoke_gets();
	want = packet_hop(&ip);
	CU_ASSERT(packet_equal(&got, &want));
	/* The host asks as well. */
	answer(&mac_host, HOST);
	ip = world_arp(1, &mac_host, HOST, &mac_everybody, "10.8.0.1");
	world_receive(LAN, &ip);
	world_run();
	EXPECT_FRAME(LAN, world_arp(2, &mac_hub[LAN], "10.8.0.1", &mac_host, HOST));
	EXPECT_TEXT("show punt stats", "Held for next hops: 0 now; 1 sent, 0 given up");
	world_close();
}

/* The tag in front of what a frame carries. */
static struct packet tagged(const struct packet *frame)
{
	struct packet tag = {.len = TAG_LEN}, rest = packet_cut(frame, 12);

	packet_put16(tag.b, 0x8100);
	packet_put16(tag.b + 2, VLAN);
	rest = packet_join(&tag, &rest);
	tag = *frame;
	tag.len = 12;
	return packet_join(&tag, &rest);
}

static void test_vlan(void)
{
	struct packet ip, frame, got, want;

	open_lan();
	CU_ASSERT_EQUAL(overlay("10.7.0.1"), DP_ADJ_LOCAL);
	CU_ASSERT_EQUAL(overlay(VLAN_HOST), DP_ADJ(DP_ADJ_GLEAN, 2));
	ip = from_spoke(VLAN_HOST, 100);
	frame = world_arp(1, &mac_hub[LAN], "10.7.0.1", &mac_everybody, VLAN_HOST);
	EXPECT_FRAME(LAN, tagged(&frame));
	/* An answer without the tag is of another link. */
	frame = world_arp(2, &mac_host, VLAN_HOST, &mac_hub[LAN], "10.7.0.1");
	world_receive(LAN, &frame);
	world_run();
	EXPECT_NO_FRAME(LAN);
	frame = tagged(&frame);
	world_receive(LAN, &frame);
	world_run();
	frame = to_host(&mac_host, &ip);
	EXPECT_FRAME(LAN, tagged(&frame));

	ip = packet_udp(packet_addr(VLAN_HOST), packet_addr(FAR_HOST), 1, 2, 102);
	frame = packet_eth(&mac_hub[LAN], &mac_host, 0x0800, &ip);
	frame = tagged(&frame);
	world_receive(LAN, &frame);
	world_run();
	got = spoke_gets();
	want = packet_hop(&ip);
	CU_ASSERT(packet_equal(&got, &want));
	EXPECT_TEXT("show port info 2", "Port name: dmz\nRole: lan\nVLAN: 100\n");
	EXPECT_TEXT("show port info 1", "Port name: lan0\nRole: lan\nMAC");
	EXPECT_TEXT("show port info 0", "Port name: wan0\nRole: outer\n");
	world_close();
}

static void test_router(void)
{
	struct packet ip, other;

	open_lan();
	CU_ASSERT_EQUAL(overlay("10.20.1.1"), DP_ADJ(DP_ADJ_GLEAN, LAN));
	EXPECT_TEXT("show arp", "routes");
	/* The router is asked for, not the destination; that was done, so nothing is sent now. */
	ip = from_spoke("10.20.1.1", 100);
	other = from_spoke("10.21.1.1", 101);
	EXPECT_NO_FRAME(LAN);
	CU_ASSERT(!lists("10.20.1.1"));
	answer(&mac_router, ROUTER);
	EXPECT_FRAME(LAN, to_host(&mac_router, &ip));
	EXPECT_FRAME(LAN, to_host(&mac_router, &other));
	EXPECT_NO_FRAME(LAN);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay("10.20.1.1")), DP_ADJ_ETHER);
	CU_ASSERT_EQUAL(overlay("10.20.1.1"), overlay("10.21.1.1"));
	CU_ASSERT_EQUAL(overlay("10.20.1.1"), overlay(ROUTER));
	ip = from_spoke("10.20.1.1", 102);
	EXPECT_FRAME(LAN, to_host(&mac_router, &ip));
	/* It takes another Ethernet address. */
	answer(&mac_other, ROUTER);
	ip = from_spoke("10.21.1.1", 103);
	EXPECT_FRAME(LAN, to_host(&mac_other, &ip));
	/* It goes: three questions by unicast, then the routes wait for it again. */
	world_wait(304 * SECONDS);
	CU_ASSERT(world_discard(LAN) >= 4);
	CU_ASSERT_EQUAL(overlay("10.20.1.1"), DP_ADJ(DP_ADJ_GLEAN, LAN));
	CU_ASSERT_EQUAL(overlay(ROUTER), DP_ADJ(DP_ADJ_GLEAN, LAN));
	CU_ASSERT(lists(ROUTER));
	world_close();
}

static void test_tables_apart(void)
{
	struct packet p;

	open_lan();
	answer(&mac_host, HOST);
	CU_ASSERT(lists(HOST));
	/* What is on the LAN is the gateway's for the hub's outer packets. */
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay(HOST)), DP_ADJ_ETHER);
	CU_ASSERT_EQUAL(underlay(HOST), underlay("8.8.8.8"));
	CU_ASSERT_EQUAL(underlay("10.8.0.1"), underlay("8.8.8.8"));
	CU_ASSERT_EQUAL(overlay("10.6.0.1"), DP_ADJ_LOCAL);
	CU_ASSERT_EQUAL(overlay("192.0.2.254"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(overlay("192.0.2.1"), DP_ADJ_NO_ROUTE);
	/* A spoke that claims to be there is not: its frames go to the gateway. */
	CU_ASSERT_EQUAL(world.hub->neighbors.at[world.hub->peers[1].next_hop].port, 0);
	CU_ASSERT(!lists("10.8.0.200"));
	/* LAN addresses on the outer port, and the other way round. */
	p = world_arp(2, &mac_other, HOST, &mac_hub[0], "192.0.2.1");
	world_receive(0, &p);
	p = world_arp(1, &mac_other, "192.0.2.50", &mac_hub[LAN], "10.8.0.1");
	world_receive(LAN, &p);
	p = world_arp(1, &mac_other, "192.0.2.50", &mac_everybody, "10.8.0.1");
	world_receive(0, &p);
	world_run();
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(LAN);
	p = from_spoke(HOST, 100);
	EXPECT_FRAME(LAN, to_host(&mac_host, &p));
	CU_ASSERT(!lists("192.0.2.50") || DP_ADJ_KIND(overlay("192.0.2.50")) != DP_ADJ_ETHER);
	world_close();
}

/* The latest three wait; who sent them is told when nobody answers (RFC 1812 5.2.7.1). */
static void test_held(void)
{
	struct packet sent[6], got;

	open_lan();
	for (unsigned i = 0; i < 6; i++)
		sent[i] = from_spoke(HOST, 100 + i);
	EXPECT_FRAME(LAN, question(HOST));
	EXPECT_NO_FRAME(LAN);
	EXPECT_TEXT(
		"show punt stats", "Held for next hops: 3 now; 0 sent, 0 given up, 3 displaced");
	answer(&mac_host, HOST);
	for (unsigned i = 3; i < 6; i++)
		EXPECT_FRAME(LAN, to_host(&mac_host, &sent[i]));
	EXPECT_NO_FRAME(LAN);

	sent[0] = from_spoke("10.8.0.99", 100);
	world_wait(2900);
	EXPECT_NO_FRAME(0);
	world_wait(100);
	got = spoke_gets();
	CU_ASSERT_EQUAL(got.len, PACKET_IP4_LEN + 8 + 100);
	CU_ASSERT_EQUAL(packet_get32(got.b + PACKET_IP4_SRC), ntohl(packet_addr("10.255.0.1")));
	CU_ASSERT_EQUAL(packet_get32(got.b + PACKET_IP4_DST), ntohl(packet_addr(FAR_HOST)));
	CU_ASSERT_EQUAL(got.b[PACKET_IP4_LEN], 3);
	CU_ASSERT_EQUAL(got.b[PACKET_IP4_LEN + 1], 1);
	CU_ASSERT(memcmp(got.b + PACKET_IP4_LEN + 8, sent[0].b, 100) == 0);
	EXPECT_NO_FRAME(0);
	EXPECT_TEXT("show punt stats", "Held for next hops: 0 now; 3 sent, 1 given up");
	world_wait(10 * SECONDS);
	CU_ASSERT(!lists("10.8.0.99"));
	world_discard(LAN);
	world_close();
}

/* A packet for this address comes to control; the meter of the data plane is left out. */
static void resolve(uint32_t dst_be)
{
	const struct dp_punt_info info = {
		.table = DP_TABLE_OVERLAY, .port = LAN, .peer = world.hub->peers[FAR].dp};
	const struct packet p = packet_udp(packet_addr(FAR_HOST), dst_be, 1, 2, 28);

	hub_neighbor_resolve(world.hub, &info, p.b, p.len);
}

/* A scan: bounded, and those who are there are not pushed out. */
static void test_scan(void)
{
	const struct hub_neighbors *t;
	struct packet p;

	open_lan();
	t = &world.hub->neighbors;
	answer(&mac_host, HOST);
	for (unsigned net = 6; net < 9; net += 2)
		for (unsigned i = 10; i < 255; i++)
			for (unsigned n = 0; n < 2; n++)
				resolve(htonl(10u << 24 | net << 16 | i));
	CU_ASSERT_EQUAL(world.hub->hold.n, HUB_HOLD_MAX);
	CU_ASSERT(t->used <= t->room);
	p = from_spoke(HOST, 100);
	while (world.port[LAN].tx.n - world.port[LAN].tx.head > 1)
		world_sent(LAN);
	EXPECT_FRAME(LAN, to_host(&mac_host, &p));
	world_wait(5 * SECONDS);
	CU_ASSERT_EQUAL(world.hub->hold.n, 0);
	CU_ASSERT_EQUAL(world_discard(0), HUB_HOLD_MAX);
	/* Who was asked thrice is forgotten; 32 questions a step take their time. */
	world_wait(20 * SECONDS);
	world_discard(LAN);
	/* Left are the router, which a route needs, the host, and the gateway. */
	CU_ASSERT_EQUAL(t->used, 3);
	world_close();
}

/* More places for neighbors than the data plane has: 300 peers. */
static void open_crowd(void)
{
	static char text[64 * 1024];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text),
		"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		" mac = \"02:00:00:00:00:01\"; },"
		"{ name = \"lan0\"; role = \"lan\"; device = \"none\";"
		" addresses = [ \"10.0.0.1/9\" ]; mac = \"02:00:00:00:00:02\"; } );"
		"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/16\"; nbma = "
		"\"192.0.2.1\"; peers = ( ");
	for (unsigned i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"%s{ address = \"10.255.1%u.%u\"; nbma = \"203.0.113.1\"; }",
			i > 0 ? ", " : "", i / 100, 1 + i % 100);
	snprintf(text + n, sizeof(text) - n, " ); } );");
	world_open(text);
	world_run();
}

static void learn(uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct ip_addr a = ip_addr_v4(htonl(first + i));

		world.hub->now++;
		hub_neighbor_learn(world.hub, LAN, &a, &mac_other);
	}
}

/* The table is full of stations that answered, and of such that did not: these go first. */
static void test_silent_go_first(void)
{
	struct hub_neighbors *t;

	open_crowd();
	t = &world.hub->neighbors;
	learn(0x0a100000, 3000);
	for (unsigned i = 0; i < 3000; i++) {
		world.hub->now++;
		resolve(htonl(0x0a200000 + i));
	}
	CU_ASSERT_EQUAL(t->used, t->room);
	CU_ASSERT(lists("10.16.0.0"));
	CU_ASSERT(lists("10.16.11.183"));
	CU_ASSERT(lists("10.32.11.183"));
	CU_ASSERT(!lists("10.32.0.0"));
	/* All places of the data plane in use: the latest have taken the oldest's. */
	learn(0x0a400000, 6000);
	CU_ASSERT(t->used >= HUB_DP_NEIGHBORS_MAX);
	CU_ASSERT(t->room >= HUB_DP_NEIGHBORS_MAX + 300);
	for (unsigned i = 6000 - HUB_DP_NEIGHBORS_MAX; i < 6000; i++)
		CU_ASSERT_EQUAL(DP_ADJ_KIND(dp_route_lookup(
					world.dp, DP_TABLE_OVERLAY, htonl(0x0a400000 + i))),
			DP_ADJ_ETHER);
	CU_ASSERT_EQUAL(overlay("10.16.0.0"), DP_ADJ(DP_ADJ_GLEAN, LAN));
	world.now += 60 * SECONDS;
	world_run();
	world_discard(LAN);
	world_wait(10 * SECONDS);
	world_discard(LAN);
	world_close();
}

/* A host that answers is known for ever; one that does not is asked thrice, then forgotten. */
static void test_expiry(void)
{
	struct packet unicast = question(HOST), p;
	unsigned asked = 0;

	open_lan();
	answer(&mac_host, HOST);
	answer(&mac_router, ROUTER);
	memcpy(unicast.b, &mac_host, 6);
	world_wait(299 * SECONDS);
	EXPECT_NO_FRAME(LAN);
	world_wait(1 * SECONDS);
	while ((p = world_sent(LAN)).len != 0)
		asked += packet_equal(&p, &unicast);
	CU_ASSERT_EQUAL(asked, 1);
	answer(&mac_host, HOST);
	answer(&mac_router, ROUTER);
	world_wait(299 * SECONDS);
	EXPECT_NO_FRAME(LAN);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay(HOST)), DP_ADJ_ETHER);
	world_wait(3500);
	/* Between the questions it is served. */
	CU_ASSERT(world_discard(LAN) >= 3);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay(HOST)), DP_ADJ_ETHER);
	world_wait(1000);
	CU_ASSERT_EQUAL(overlay(HOST), DP_ADJ(DP_ADJ_GLEAN, LAN));
	world_wait(5 * SECONDS);
	CU_ASSERT(!lists(HOST));
	world_discard(LAN);
	world_close();
}

static void test_icmp(void)
{
	const struct packet rest = packet_fill(0x40, 20);
	struct packet ip, got, frame;

	open_lan();
	answer(&mac_host, HOST);
	ip = world_icmp(HOST, "10.8.0.1", 8, 0, &rest);
	from_lan(&ip);
	got = world_sent(LAN);
	CU_ASSERT(memcmp(got.b, &mac_host, 6) == 0);
	CU_ASSERT_EQUAL(got.b[PACKET_ETH_LEN + PACKET_IP4_LEN], 0);
	CU_ASSERT_EQUAL(got.len, PACKET_ETH_LEN + ip.len);
	/* A spoke's host reaches the LAN address too. */
	ip = world_icmp(FAR_HOST, "10.8.0.1", 8, 0, &rest);
	frame = world_seal(FAR, &ip);
	world_receive(0, &frame);
	world_run();
	got = spoke_gets();
	CU_ASSERT_EQUAL(got.len, ip.len);
	CU_ASSERT_EQUAL(got.b[PACKET_IP4_LEN], 0);
	/* Errors come from the address the sender is on the link of; 10.6.0.7 is on the second. */
	ip = packet_udp(packet_addr(HOST), packet_addr("172.16.0.1"), 1, 2, 60);
	from_lan(&ip);
	got = world_sent(LAN);
	CU_ASSERT_EQUAL(got.b[PACKET_ETH_LEN + PACKET_IP4_LEN], 3);
	CU_ASSERT_EQUAL(packet_get32(got.b + PACKET_ETH_LEN + PACKET_IP4_SRC), 0x0a080001);
	frame = world_arp(2, &mac_other, "10.6.0.7", &mac_hub[LAN], "10.6.0.1");
	world_receive(LAN, &frame);
	ip = packet_udp(packet_addr("10.6.0.7"), packet_addr("172.16.0.1"), 1, 2, 60);
	from_lan(&ip);
	got = world_sent(LAN);
	CU_ASSERT(memcmp(got.b, &mac_other, 6) == 0);
	CU_ASSERT_EQUAL(packet_get32(got.b + PACKET_ETH_LEN + PACKET_IP4_SRC), 0x0a060001);
	/* A LAN's broadcast address: nothing goes there, and nobody is told. */
	from_spoke("10.8.0.255", 100);
	ip = packet_udp(packet_addr("10.8.0.255"), packet_addr("172.16.0.1"), 1, 2, 60);
	from_lan(&ip);
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(LAN);
	world_close();
}

/* Each outer port has its gateway; the hub's own packets take the first that is there. */
static void test_gateways(void)
{
	struct packet a;
	const struct mac_addr mac_second = {{2, 0, 0, 0, 2, 0xfe}};

	world_open("ports = ("
		   "  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		   "    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; },"
		   "  { name = \"wan1\"; device = \"none\"; addresses = [ \"198.51.100.1/24\" ];"
		   "    gateway = \"198.51.100.254\"; mac = \"02:00:00:00:00:02\"; } );"
		   "tunnels = ("
		   "  { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"
		   "    peers = ( { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; } ); },"
		   "  { name = \"tun1\"; address = \"10.254.0.1/24\"; nbma = \"198.51.100.1\";"
		   "    peers = ( { address = \"10.254.0.11\"; nbma = \"203.0.113.11\"; } ); } );");
	world_run();
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), DP_ADJ(DP_ADJ_GLEAN, 0));
	a = world_arp(2, &mac_second, "198.51.100.254", &mac_hub[1], "198.51.100.1");
	world_receive(1, &a);
	world_run();
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), underlay("198.51.100.254"));
	CU_ASSERT_EQUAL(world.hub->neighbors.at[world.hub->peers[0].next_hop].port, 0);
	CU_ASSERT_EQUAL(world.hub->neighbors.at[world.hub->peers[1].next_hop].port, 1);
	CU_ASSERT(world.hub->neighbors.at[world.hub->peers[1].next_hop].known);
	a = world_arp(2, &mac_gateway, "192.0.2.254", &mac_hub[0], "192.0.2.1");
	world_receive(0, &a);
	world_run();
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), underlay("192.0.2.254"));
	world_wait(200 * SECONDS);
	a = world_arp(2, &mac_second, "198.51.100.254", &mac_hub[1], "198.51.100.1");
	world_receive(1, &a);
	/* The first falls silent: the second takes over. */
	world_wait(110 * SECONDS);
	CU_ASSERT_EQUAL(underlay("8.8.8.8"), underlay("198.51.100.254"));
	world_discard(0);
	world_discard(1);
	world_close();
}

/* Inner packets leave by an outer port if it is an exit, and while its gateway answers. */
static void test_internet_exit(void)
{
	static const char ports[] =
		"ports = ("
		"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; },"
		"  { name = \"wan1\"; device = \"none\"; addresses = [ \"198.51.100.1/24\" ];"
		"    gateway = \"198.51.100.254\"; mac = \"02:00:00:00:00:02\"; %s } );"
		"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; "
		"} );";
	const struct mac_addr mac_second = {{2, 0, 0, 0, 2, 0xfe}};
	char config[1024];

	for (unsigned exit = 0; exit < 2; exit++) {
		struct packet a;

		snprintf(config, sizeof(config), ports, exit ? "internet_exit = true;" : "");
		world_open(config);
		a = world_arp(2, &mac_gateway, "192.0.2.254", &mac_hub[0], "192.0.2.1");
		world_receive(0, &a);
		world_run();
		CU_ASSERT_EQUAL(underlay("8.8.8.8"), underlay("192.0.2.254"));
		CU_ASSERT_EQUAL(overlay("8.8.8.8"), DP_ADJ_NO_ROUTE);
		a = world_arp(2, &mac_second, "198.51.100.254", &mac_hub[1], "198.51.100.1");
		world_receive(1, &a);
		world_run();
		CU_ASSERT_EQUAL(
			overlay("8.8.8.8"), exit ? underlay("198.51.100.254") : DP_ADJ_NO_ROUTE);
		CU_ASSERT_EQUAL(overlay("198.51.100.254"), overlay("8.8.8.8"));
		CU_ASSERT_EQUAL(strstr(world_ask("show route"), "exit") != NULL, exit);
		CU_ASSERT_EQUAL(
			strstr(world_ask("show port info all"), "outer, Internet exit") != NULL,
			exit);
		/* The gateway falls silent. */
		world_wait(400 * SECONDS);
		CU_ASSERT_EQUAL(overlay("8.8.8.8"), DP_ADJ_NO_ROUTE);
		world_discard(0);
		world_discard(1);
		world_close();
	}
}

static const struct unit_test tests[] = {
	{"both ways, asking and asked", test_both_ways},
	{"a VLAN, written before its parent", test_vlan},
	{"routes by a router there", test_router},
	{"underlay and overlay never mix", test_tables_apart},
	{"packets wait for their next hop", test_held},
	{"a scan is bounded", test_scan},
	{"stations that do not answer make room first", test_silent_go_first},
	{"hosts are asked again, and forgotten", test_expiry},
	{"echo and errors", test_icmp},
	{"a gateway for each outer port", test_gateways},
	{"an Internet exit, and none", test_internet_exit},
};

const struct control_suite suite_lan = {"lan", tests, RTE_DIM(tests)};
