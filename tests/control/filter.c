/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters of the configuration: what passes, who is told, what `show filter` says. */
#include "tests/control/world.h"

#define LAN      1
#define HOST     "10.8.0.7"
#define FAR_HOST "10.1.1.9"

static const struct mac_addr mac_host = {{2, 0, 0, 0, 8, 7}};

static const char filtered[] =
	"filters = ("
	"  { name = \"spokes\"; default = \"reject\"; rules = ("
	"    { action = \"permit\"; protocol = \"icmp\"; icmp_type = 8; },"
	"    { action = \"deny\"; to = \"10.8.0.0/24\"; protocol = \"udp\"; to_port = \"53-53\"; },"
	"    { action = \"permit\"; protocol = \"udp\"; to_port = \"1-1023\"; } ); },"
	"  { name = \"lan\"; default = \"permit\"; rules = ( { action = \"deny\"; dscp = 46; } ); "
	"} );"
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; } ); },"
	"  { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"
	"    addresses = [ \"10.8.0.1/24\" ]; filter_in = \"lan\"; filter_out = \"lan\";"
	"    neighbors = ( { address = \"10.8.0.7\"; mac = \"02:00:00:00:08:07\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"
	"  key = 42; filter_in = \"spokes\";"
	"  peers = ( { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " } ); } );"
		   "routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; } );";

static void from_spoke(const struct packet *inner)
{
	const struct packet frame = world_seal(FAR, inner);

	world_receive(0, &frame);
	world_run();
}

static struct packet udp(uint16_t dport)
{
	return packet_udp(packet_addr(FAR_HOST), packet_addr(HOST), 4000, dport, 60);
}

static json_int_t packets(unsigned row)
{
	return json_integer_value(
		json_object_get(json_array_get(world_ask_json("show filter"), row), "packets"));
}

static void test_from_spokes(void)
{
	struct packet ip, echo, got, data = packet_fill(0, 4), want;

	world_open(filtered);
	world_run();
	ip = udp(1000);
	from_spoke(&ip);
	want = packet_hop(&ip);
	EXPECT_FRAME(LAN, packet_eth(&mac_host, &mac_hub[LAN], 0x0800, &want));
	ip = udp(53);
	from_spoke(&ip);
	EXPECT_NO_FRAME(LAN);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_filter_in), 1);

	/* The sender of what is rejected gets "administratively prohibited". */
	ip = udp(5000);
	from_spoke(&ip);
	EXPECT_NO_FRAME(LAN);
	got = world_sent(0);
	got = world_unseal(FAR, &got);
	CU_ASSERT_EQUAL(got.b[PACKET_IP4_PROTOCOL], IPPROTO_ICMP);
	CU_ASSERT(got.b[20] == 3 && got.b[21] == 13);
	CU_ASSERT_EQUAL(memcmp(got.b + 28, ip.b, ip.len), 0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_filter_reject), 1);

	/* The hub's own address is behind the filter too. */
	echo = world_icmp(FAR_HOST, "10.255.0.1", 8, 0, &data);
	from_spoke(&echo);
	got = world_sent(0);
	got = world_unseal(FAR, &got);
	CU_ASSERT_EQUAL(got.b[20], 0);

	CU_ASSERT(packets(0) == 1 && packets(1) == 1 && packets(2) == 1 && packets(3) == 1);
	EXPECT_TEXT(
		"show filter", "spokes           2     deny    any                 10.8.0.0/24");
	world_close();
}

static void test_lan(void)
{
	struct packet ip, frame, want;

	world_open(filtered);
	world_run();
	ip = packet_udp(packet_addr(HOST), packet_addr(FAR_HOST), 1, 2, 60);
	frame = packet_eth(&mac_hub[LAN], &mac_host, 0x0800, &ip);
	world_receive(LAN, &frame);
	world_run();
	frame = world_sent(0);
	frame = world_unseal(FAR, &frame);
	want = packet_hop(&ip);
	CU_ASSERT(packet_equal(&frame, &want));

	ip.b[PACKET_IP4_TOS] = 46 << 2;
	packet_ip4_seal(ip.b);
	frame = packet_eth(&mac_hub[LAN], &mac_host, 0x0800, &ip);
	world_receive(LAN, &frame);
	world_run();
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_filter_in), 1);

	ip = udp(1000);
	ip.b[PACKET_IP4_TOS] = 46 << 2;
	packet_ip4_seal(ip.b);
	from_spoke(&ip);
	EXPECT_NO_FRAME(LAN);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_filter_out), 1);
	CU_ASSERT(packets(4) == 2 && packets(5) == 1);
	world_close();
}

static const struct unit_test tests[] = {
	{"from spokes", test_from_spokes},
	{"LAN port", test_lan},
};

const struct control_suite suite_filter = {"filter", tests, RTE_DIM(tests)};
