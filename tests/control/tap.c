/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's packets to the hub and back. The kernel is the test, at the other end of sockets. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/control/world.h"

enum { WAN, LAN, TUN }; /* places in world.tap */

#define FAR_HOST "10.1.1.9"
#define FAR_NBMA "203.0.113.11"
#define STRANGER "198.18.0.1"

static const struct mac_addr mac_host = {{2, 0, 0, 0, 8, 7}};

static const char tapped[] =
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; tap = \"wan-host\";"
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; } ); },"
	"  { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"
	"    addresses = [ \"10.8.0.1/24\", \"10.6.0.1/24\" ]; tap = \"lan-host\";"
	"    neighbors = ( { address = \"10.8.0.7\"; mac = \"02:00:00:00:08:07\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"
	"  key = 42; tap = \"dmvpn0\"; mtu = 1300;"
	"  peers = ( { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " } ); } );"
		   "routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; } );";

static void open_taps(void)
{
	world_open(tapped);
	world_run();
	CU_ASSERT_EQUAL_FATAL(world.n_taps, 3);
}

/* The kernel sends; the hub takes it in its next turn. */
static void kernel_sends(unsigned tap, const struct packet *ip)
{
	CU_ASSERT_EQUAL(send(world.tap[tap], ip->b, ip->len, 0), ip->len);
	hub_turn(world.hub, world.now);
	world_run();
}

/* What the kernel got; length 0 if nothing. */
static struct packet kernel_got(unsigned tap)
{
	struct packet p = {.len = 0};
	ssize_t n = recv(world.tap[tap], p.b, sizeof(p.b), MSG_DONTWAIT);

	p.len = (uint16_t)(n > 0 ? n : 0);
	return p;
}

static void expect_kernel(unsigned tap, const struct packet *ip)
{
	struct packet got = kernel_got(tap);

	CU_ASSERT(packet_equal(&got, ip));
}

static json_int_t counter(unsigned tap, const char *name)
{
	return json_integer_value(
		json_object_get(json_array_get(world_ask_json("show tap"), tap), name));
}

static struct packet tcp(const char *src, const char *dst, unsigned len)
{
	const struct packet data = packet_fill(7, len);

	return packet_ip4(packet_addr(src), packet_addr(dst), IPPROTO_TCP, &data);
}

static void from_spoke(const struct packet *inner)
{
	const struct packet frame = world_seal(FAR, inner);

	world_receive(0, &frame);
	world_run();
}

static void expect_spoke(const struct packet *ip)
{
	struct packet frame = world_sent(0), got = world_unseal(FAR, &frame);

	CU_ASSERT(packet_equal(&got, ip));
}

static void from_wan(const struct packet *ip)
{
	const struct packet frame = packet_eth(&mac_hub[0], &mac_gateway, 0x0800, ip);

	world_receive(0, &frame);
	world_run();
}

static void test_outer(void)
{
	struct packet ip, data = packet_fill(0, 8);

	open_taps();
	ip = tcp(STRANGER, "192.0.2.1", 40);
	from_wan(&ip);
	expect_kernel(WAN, &ip);
	ip = tcp("192.0.2.1", STRANGER, 40);
	kernel_sends(WAN, &ip);
	EXPECT_FRAME(0, packet_eth(&mac_gateway, &mac_hub[0], 0x0800, &ip));

	/* A request is the hub's to answer, a reply the kernel's to see. */
	ip = world_icmp(STRANGER, "192.0.2.1", 8, 0, &data);
	from_wan(&ip);
	CU_ASSERT(world_sent(0).len > 0);
	CU_ASSERT_EQUAL(kernel_got(WAN).len, 0);
	ip = world_icmp(STRANGER, "192.0.2.1", 0, 0, &data);
	from_wan(&ip);
	expect_kernel(WAN, &ip);
	CU_ASSERT_EQUAL(counter(WAN, "to_kernel"), 2);
	CU_ASSERT_EQUAL(counter(WAN, "from_kernel"), 1);
	world_close();
}

static void test_tunnel(void)
{
	struct packet ip, frame;

	open_taps();
	ip = tcp(FAR_HOST, "10.255.0.1", 40);
	from_spoke(&ip);
	expect_kernel(TUN, &ip);
	ip = tcp("10.255.0.1", FAR_HOST, 40);
	kernel_sends(TUN, &ip);
	expect_spoke(&ip);
	/* The tunnel's address is not the outside's to reach. */
	ip = tcp(STRANGER, "10.255.0.1", 40);
	from_wan(&ip);
	CU_ASSERT_EQUAL(kernel_got(TUN).len, 0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_ip4_not_ours), 1);
	/* LAN and the second address there. */
	ip = tcp("10.8.0.7", "10.6.0.1", 40);
	frame = packet_eth(&mac_hub[1], &mac_host, 0x0800, &ip);
	world_receive(1, &frame);
	world_run();
	expect_kernel(LAN, &ip);
	ip = tcp("10.6.0.1", "10.8.0.7", 40);
	kernel_sends(LAN, &ip);
	EXPECT_FRAME(1, packet_eth(&mac_host, &mac_hub[1], 0x0800, &ip));
	world_close();
}

/* OSPF and broadcast, both ways. */
static void test_groups(void)
{
	static const struct mac_addr group = {{1, 0, 0x5e, 0, 0, 5}};
	struct packet ip, data = packet_fill(0, 44), frame;

	open_taps();
	ip = packet_ip4(packet_addr("10.255.0.11"), packet_addr("224.0.0.5"), 89, &data);
	from_spoke(&ip);
	expect_kernel(TUN, &ip);
	ip = packet_ip4(packet_addr("10.255.0.1"), packet_addr("224.0.0.5"), 89, &data);
	kernel_sends(TUN, &ip);
	expect_spoke(&ip);
	ip = packet_udp(packet_addr("10.255.0.1"), packet_addr("10.255.0.255"), 1, 2, 60);
	kernel_sends(TUN, &ip);
	expect_spoke(&ip);

	ip = packet_ip4(packet_addr("10.8.0.7"), packet_addr("224.0.0.5"), 89, &data);
	frame = packet_eth(&group, &mac_host, 0x0800, &ip);
	world_receive(1, &frame);
	world_run();
	expect_kernel(LAN, &ip);
	ip = packet_ip4(packet_addr("10.8.0.1"), packet_addr("224.0.0.5"), 89, &data);
	kernel_sends(LAN, &ip);
	EXPECT_FRAME(1, packet_eth(&group, &mac_hub[1], 0x0800, &ip));
	ip = packet_udp(packet_addr("10.8.0.1"), packet_addr("10.8.0.255"), 1, 2, 60);
	kernel_sends(LAN, &ip);
	EXPECT_FRAME(1, packet_eth(&mac_everybody, &mac_hub[1], 0x0800, &ip));
	world_close();
}

static void test_refused(void)
{
	static const uint8_t protocols[] = {IPPROTO_GRE, IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPIP};
	static const uint16_t ports[] = {500, 4500};
	struct packet ip, data = packet_fill(0, 40);

	open_taps();
	for (unsigned i = 0; i < RTE_DIM(protocols); i++) {
		ip = packet_ip4(
			packet_addr("192.0.2.1"), packet_addr(FAR_NBMA), protocols[i], &data);
		kernel_sends(WAN, &ip);
		CU_ASSERT_EQUAL(counter(WAN, "protocol"), i + 1);
	}
	for (unsigned i = 0; i < RTE_DIM(ports); i++) {
		ip = packet_udp(packet_addr("192.0.2.1"), packet_addr(FAR_NBMA), ports[i], 9, 60);
		kernel_sends(WAN, &ip);
		ip = packet_udp(packet_addr("192.0.2.1"), packet_addr(FAR_NBMA), 9, ports[i], 60);
		kernel_sends(WAN, &ip);
		CU_ASSERT_EQUAL(counter(WAN, "protocol"), 4 + 2 * (i + 1));
	}
	ip = tcp("10.255.0.1", FAR_HOST, 40);
	kernel_sends(WAN, &ip);
	ip = tcp("192.0.2.2", STRANGER, 40);
	kernel_sends(WAN, &ip);
	CU_ASSERT_EQUAL(counter(WAN, "source"), 2);
	ip = tcp("192.0.2.1", "224.0.0.5", 40);
	kernel_sends(WAN, &ip);
	CU_ASSERT_EQUAL(counter(WAN, "destination"), 1);
	ip = tcp("192.0.2.1", STRANGER, 40);
	ip.len--;
	kernel_sends(WAN, &ip);
	ip.b[0] = 0x60; /* IPv6 */
	kernel_sends(WAN, &ip);
	ip.b[0] = 0x4f; /* options beyond the end */
	ip.len = 20;
	packet_put16(ip.b + 2, 20);
	kernel_sends(WAN, &ip);
	ip.len = 1;
	kernel_sends(WAN, &ip);
	CU_ASSERT_EQUAL(counter(WAN, "malformed"), 4);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(counter(WAN, "from_kernel"), 0);
	world_close();
}

/* What does not fit a spoke's path: the kernel is told what does. */
static void test_too_big(void)
{
	struct packet ip, got;

	open_taps();
	ip = tcp("10.255.0.1", FAR_HOST, 1281);
	packet_put16(ip.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(ip.b);
	kernel_sends(TUN, &ip);
	EXPECT_NO_FRAME(0);
	got = kernel_got(TUN);
	CU_ASSERT(got.len == 576 && packet_sum(got.b, 20) == 0 &&
		  packet_sum(got.b + 20, got.len - 20u) == 0);
	CU_ASSERT(got.b[20] == 3 && got.b[21] == 4 && packet_get16(got.b + 26) == 1300);
	CU_ASSERT_EQUAL(memcmp(got.b + 28, ip.b, 548), 0);
	CU_ASSERT_EQUAL(packet_get32(got.b + PACKET_IP4_DST), ntohl(packet_addr("10.255.0.1")));
	CU_ASSERT_EQUAL(counter(TUN, "too_big"), 1);
	/* Without DF it is cut. */
	packet_put16(ip.b + PACKET_IP4_FRAG, 0);
	packet_ip4_seal(ip.b);
	kernel_sends(TUN, &ip);
	CU_ASSERT_EQUAL(world_discard(0), 2);
	world_close();
}

/* A kernel that sends without end is served a burst a turn; one that does not read loses. */
static void test_flood(void)
{
	struct packet ip = tcp("192.0.2.1", STRANGER, 40);
	unsigned sent = 0;

	open_taps();
	while (sent < 200 && send(world.tap[WAN], ip.b, ip.len, MSG_DONTWAIT) == ip.len)
		sent++;
	CU_ASSERT(sent > 64);
	hub_turn(world.hub, world.now);
	CU_ASSERT_EQUAL(counter(WAN, "from_kernel"), 64);
	world_run();
	while (counter(WAN, "from_kernel") < sent) {
		hub_turn(world.hub, world.now);
		world_run();
	}
	CU_ASSERT_EQUAL(world_discard(0), sent);

	ip = tcp(STRANGER, "192.0.2.1", 1400);
	for (unsigned i = 0; i < 250; i++)
		from_wan(&ip);
	while (counter(WAN, "kernel_full") == 0 && sent++ < 10000) {
		world_wait(100);
		from_wan(&ip);
	}
	CU_ASSERT(counter(WAN, "kernel_full") > 0);
	world_discard(0);
	world_discard(1);
	world_close();
}

static const struct unit_test tests[] = {
	{"outer address", test_outer},
	{"tunnel and LAN addresses", test_tunnel},
	{"groups and broadcast", test_groups},
	{"what the kernel may not send", test_refused},
	{"larger than the path", test_too_big},
	{"floods", test_flood},
};

const struct control_suite suite_tap = {"tap", tests, RTE_DIM(tests)};
