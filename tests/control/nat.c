/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes behind NAT: ESP in UDP, and control that follows when address and port change. */
#include "tests/control/world.h"

#define OUTER (PACKET_ETH_LEN + PACKET_IP4_LEN)
#define NAT   "203.0.113.11"
#define HUB   "192.0.2.1"

/* Two spokes behind one NAT, and one of which nothing of the kind is said. */
static const char nat_hub[] =
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; } ); },"
	"  { name = \"wan1\"; device = \"none\"; addresses = [ \"198.51.100.1/24\" ];"
	"    mac = \"02:00:00:00:00:02\"; } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42;"
	"  dscp = 46; adjust_mss = 1200;"
	"  peers = ("
	"    { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; nat_port = 4500; " WORLD_SAS(
		0) " },"
		   "    { address = \"10.255.0.12\"; nbma = \"203.0.113.11\"; nat_port = "
		   "61001; " WORLD_SAS(
			   1) " },"
			      "    { address = \"10.255.0.13\"; nbma = \"192.0.2.13\"; " WORLD_SAS(
				      2) " } ); } );"
					 "routes = ( { prefix = \"10.1.1.0/24\"; via = "
					 "\"10.255.0.11\"; },"
					 "  { prefix = \"10.1.2.0/24\"; via = \"10.255.0.12\"; } "
					 ");";

static void open_nat(void)
{
	world_open(nat_hub);
	world_run();
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.13"));
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(1);
}

/* What a spoke sends, as its NAT lets it out: a UDP header in front of ESP. */
static struct packet natted(enum spoke_name spoke, const struct packet *inner, const char *from,
	uint16_t port, unsigned flip)
{
	struct packet frame = world_seal(spoke, inner), esp = packet_cut(&frame, OUTER), udp = {0};

	packet_put16(udp.b, port);
	packet_put16(udp.b + 2, 4500);
	packet_put16(udp.b + 4, (uint16_t)(8 + esp.len));
	udp.len = 8;
	esp.b[esp.len - 1] ^= (uint8_t)flip;
	udp = packet_join(&udp, &esp);
	udp = packet_ip4(packet_addr(from), packet_addr(HUB), IPPROTO_UDP, &udp);
	return packet_eth(&mac_hub[0], &mac_gateway, 0x0800, &udp);
}

/* From the first spoke to the second. */
static void send_over(const char *from, uint16_t port, unsigned flip)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);
	const struct packet frame = natted(FAR, &inner, from, port, flip);

	world_receive(0, &frame);
	world_run();
}

/* From the second spoke to the first. */
static struct packet send_back(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.2.9"), packet_addr("10.1.1.9"), 4000, 5000, 100);
	const struct packet frame = natted(NEAR, &inner, NAT, 61001, 0);

	world_receive(0, &frame);
	world_run();
	return packet_hop(&inner);
}

/* The next frame of wan0 is ESP in UDP for a spoke at this address, port and next hop. */
static void expect_sent(enum spoke_name spoke, const char *to, uint16_t port,
	const struct mac_addr *mac, const struct packet *inner)
{
	struct packet frame = world_sent(0), esp, got;

	CU_ASSERT(frame.len > OUTER + 8);
	CU_ASSERT(memcmp(frame.b, mac, 6) == 0);
	CU_ASSERT_EQUAL(
		packet_get32(frame.b + PACKET_ETH_LEN + PACKET_IP4_DST), ntohl(packet_addr(to)));
	CU_ASSERT_EQUAL(frame.b[PACKET_ETH_LEN + PACKET_IP4_PROTOCOL], IPPROTO_UDP);
	CU_ASSERT_EQUAL(frame.b[PACKET_ETH_LEN + PACKET_IP4_TOS], 46 << 2);
	CU_ASSERT_EQUAL(packet_get16(frame.b + OUTER), 4500);
	CU_ASSERT_EQUAL(packet_get16(frame.b + OUTER + 2), port);
	esp = packet_cut(&frame, OUTER + 8);
	frame.len = OUTER;
	frame = packet_join(&frame, &esp);
	got = world_unseal(spoke, &frame);
	CU_ASSERT(packet_equal(&got, inner));
}

static void test_behind_one(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);
	const struct packet hop = packet_hop(&inner);
	struct packet back;

	open_nat();
	send_over(NAT, 4500, 0);
	expect_sent(NEAR, NAT, 61001, &mac_gateway, &hop);
	back = send_back();
	expect_sent(FAR, NAT, 4500, &mac_gateway, &back);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "203.0.113.11:4500 ");
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "203.0.113.11:61001 ");
	EXPECT_TEXT("show dmvpn peer 10.255.0.13", "192.0.2.13 ");
	world_wait(6 * SECONDS);
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "UN\n");
	world_discard(0);
	world_close();
}

/* Another address on another link: the old next hop is left, the new one asked for. */
static void test_move(void)
{
	struct packet inner, a;

	open_nat();
	send_over("192.0.2.50", 7000, 0);
	CU_ASSERT_NOT_EQUAL(world_sent(0).len, 0); /* to the second spoke, without a pause */
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.50"));
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "192.0.2.50:7000 ");
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "no-arp");
	a = world_arp(2, &mac_near, "192.0.2.50", &mac_hub[0], "192.0.2.1");
	world_receive(0, &a);
	world_run();
	inner = send_back();
	expect_sent(FAR, "192.0.2.50", 7000, &mac_near, &inner);
	/* The gateway's other peer stays with it: it moves there, the first does not follow. */
	world_discard(0);
	send_over(NAT, 4501, 0);
	CU_ASSERT_NOT_EQUAL(world_sent(0).len, 0);
	inner = send_back();
	expect_sent(FAR, NAT, 4501, &mac_gateway, &inner);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world.hub->punts[DP_PUNT_MOVED].taken, 2);
	world_close();
}

/* Peers change places behind two next hops; the lists hold together. */
static void test_moves(void)
{
	static const char *const at[] = {NAT, "192.0.2.50", "192.0.2.51"};
	const struct hub *h;

	open_nat();
	h = world.hub;
	for (unsigned i = 0; i < 60; i++) {
		const uint32_t be = packet_addr(at[i * 7 / 3 % 3]);
		struct packet udp =
			packet_udp(be, packet_addr(HUB), (uint16_t)(1000 + i), 4500, 28);
		struct dp_punt_info info = {.peer = h->peers[i % 2].dp};
		unsigned attached = 0;

		hub_peer_moved(world.hub, &info, udp.b, udp.len);
		CU_ASSERT_EQUAL(h->peers[i % 2].nbma_be, be);
		for (unsigned k = 0; k < h->neighbors.room; k++)
			for (uint32_t p = h->neighbors.at[k].used ? h->neighbors.at[k].peers
								  : HUB_NONE;
				p != HUB_NONE; p = h->peers[p].sibling) {
				CU_ASSERT_EQUAL(h->peers[p].next_hop, k);
				attached++;
			}
		CU_ASSERT_EQUAL(attached, 3);
	}
	world_run();
	world_discard(0);
	world_close();
}

static void test_refused(void)
{
	struct packet udp, inner, frame;
	struct dp_punt_info info;

	open_nat();
	/* Not authentic. */
	send_over("198.18.0.1", 7000, 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_auth), 1);
	/* From the hub's own other address; from port 0, which would mean plain ESP. */
	send_over("198.51.100.1", 7000, 0);
	send_over("198.18.0.1", 0, 0);
	world_discard(0);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "203.0.113.11:4500 ");
	/* A peer that is not behind a NAT does not move. */
	inner = packet_udp(packet_addr("10.255.0.13"), packet_addr("10.1.1.9"), 4000, 5000, 100);
	frame = natted(SIDE, &inner, "198.18.0.1", 7000, 0);
	world_receive(0, &frame);
	world_run();
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_peer_mismatch), 1);
	EXPECT_TEXT("show dmvpn peer 10.255.0.13", "192.0.2.13 ");
	/* Cut off, and of nobody. */
	info = (struct dp_punt_info){.peer = world.hub->peers[0].dp};
	udp = packet_udp(packet_addr("198.18.0.1"), packet_addr(HUB), 7000, 4500, 28);
	for (unsigned len = 0; len < 22; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, udp.b, len);
		hub_peer_moved(world.hub, &info, exact, len);
		free(exact);
	}
	info.peer = DP_PEER_NONE;
	hub_peer_moved(world.hub, &info, udp.b, udp.len);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "203.0.113.11:4500 ");
	inner = send_back();
	expect_sent(FAR, NAT, 4500, &mac_gateway, &inner);
	world_close();
}

static const struct unit_test tests[] = {
	{"two behind one address", test_behind_one},
	{"a spoke moves, and control follows", test_move},
	{"many moves between next hops", test_moves},
	{"who must not move a peer", test_refused},
};

const struct control_suite suite_nat = {"nat", tests, RTE_DIM(tests)};
