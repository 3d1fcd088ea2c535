/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP: who is believed, who is asked, and where the peers' frames go in consequence. */
#include "tests/control/world.h"

static bool knows(unsigned port, const char *addr, const struct mac_addr *mac)
{
	char row[128], text[MAC_ADDR_STRLEN];

	snprintf(row, sizeof(row), "%-16s %-18s wan%u", addr, mac_addr_str(mac, text), port);
	return strstr(world_ask("show arp"), row) != NULL;
}

static bool lists(const char *addr)
{
	char row[32];

	snprintf(row, sizeof(row), "\n%s ", addr);
	return strstr(world_ask("show arp"), row) != NULL;
}

static void receive_arp(unsigned port, uint16_t op, const struct mac_addr *sender_mac,
	const char *sender, const struct mac_addr *to, const char *target)
{
	const struct packet p = world_arp(op, sender_mac, sender, to, target);

	world_receive(port, &p);
	world_run();
}

/* Where a packet from the far spoke to the near one goes. */
static void expect_near_at(const struct mac_addr *mac)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);
	const struct packet frame = world_seal(FAR, &inner);
	struct packet out;

	world_receive(0, &frame);
	world_run();
	out = world_sent(0);
	CU_ASSERT_NOT_EQUAL(out.len, 0);
	CU_ASSERT(memcmp(out.b, mac, 6) == 0);
	CU_ASSERT(memcmp(out.b + 6, &mac_hub[0], 6) == 0);
	out = world_unseal(NEAR, &out);
	CU_ASSERT(packet_equal(&out, &(struct packet[]){packet_hop(&inner)}[0]));
}

static void test_reply(void)
{
	struct packet want;

	world_open(NULL);
	world_resolve();
	receive_arp(0, 1, &mac_other, "192.0.2.50", &mac_everybody, "192.0.2.1");
	want = world_arp(2, &mac_hub[0], "192.0.2.1", &mac_other, "192.0.2.50");
	EXPECT_FRAME(0, want);
	EXPECT_NO_FRAME(1);
	CU_ASSERT(knows(0, "192.0.2.50", &mac_other));
	world_close();
}

static void test_other_target(void)
{
	world_open(NULL);
	world_resolve();
	receive_arp(0, 1, &mac_other, "192.0.2.50", &mac_everybody, "192.0.2.51");
	CU_ASSERT(!lists("192.0.2.50"));
	/* An address of the other port is not of this link. */
	receive_arp(0, 1, &mac_other, "192.0.2.50", &mac_everybody, "198.51.100.1");
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(1);
	/* RFC 826: who is known is updated, whoever is asked for. */
	receive_arp(0, 1, &mac_other, "192.0.2.12", &mac_everybody, "192.0.2.51");
	CU_ASSERT(knows(0, "192.0.2.12", &mac_other));
	world_close();
}

static void test_move(void)
{
	world_open(NULL);
	world_resolve();
	expect_near_at(&mac_near);
	/* Gratuitous ARP, as a reply and as a request (RFC 5944 4.6). */
	receive_arp(0, 2, &mac_other, "192.0.2.12", &mac_everybody, "192.0.2.12");
	expect_near_at(&mac_other);
	receive_arp(0, 1, &mac_near, "192.0.2.12", &mac_everybody, "192.0.2.12");
	expect_near_at(&mac_near);
	/* Gratuitous ARP of a stranger teaches nothing. */
	receive_arp(0, 2, &mac_other, "192.0.2.60", &mac_everybody, "192.0.2.60");
	CU_ASSERT(!lists("192.0.2.60"));
	world_close();
}

static void test_gateway_moves(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.2.9"), packet_addr("10.1.1.9"), 4000, 5000, 100);
	struct packet frame;

	world_open(NULL);
	world_resolve();
	receive_arp(0, 2, &mac_other, "192.0.2.254", &mac_everybody, "192.0.2.254");
	frame = world_seal(NEAR, &inner);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT(memcmp(frame.b, &mac_other, 6) == 0);
	CU_ASSERT_NOT_EQUAL(world_unseal(FAR, &frame).len, 0);
	world_close();
}

static void test_probe(void)
{
	world_open(NULL);
	world_resolve();
	/* RFC 5227 2.1.1: somebody wants our address; tell him, and believe nothing. */
	receive_arp(0, 1, &mac_other, "0.0.0.0", &mac_everybody, "192.0.2.1");
	EXPECT_FRAME(0, world_arp(2, &mac_hub[0], "192.0.2.1", &mac_other, "0.0.0.0"));
	CU_ASSERT(!lists("0.0.0.0"));
	receive_arp(0, 1, &mac_other, "0.0.0.0", &mac_everybody, "192.0.2.12");
	CU_ASSERT(knows(0, "192.0.2.12", &mac_near));
	world_close();
}

static void test_spoofs(void)
{
	static const struct mac_addr group = {{0x01, 0, 0x5e, 0, 0, 1}};

	world_open(NULL);
	world_resolve();
	/* Our own address. */
	receive_arp(0, 2, &mac_other, "192.0.2.1", &mac_everybody, "192.0.2.1");
	receive_arp(0, 1, &mac_other, "192.0.2.1", &mac_everybody, "192.0.2.1");
	/* Not on this link, its broadcast and network address. */
	receive_arp(0, 1, &mac_other, "203.0.113.11", &mac_hub[0], "192.0.2.1");
	receive_arp(0, 2, &mac_other, "198.51.100.13", &mac_hub[0], "192.0.2.1");
	receive_arp(0, 2, &mac_other, "192.0.2.255", &mac_hub[0], "192.0.2.1");
	receive_arp(0, 2, &mac_other, "192.0.2.0", &mac_hub[0], "192.0.2.1");
	/* RFC 1812 3.3.2: Ethernet addresses that are nobody's. */
	receive_arp(0, 2, &group, "192.0.2.12", &mac_hub[0], "192.0.2.1");
	receive_arp(0, 2, &mac_everybody, "192.0.2.12", &mac_hub[0], "192.0.2.1");
	receive_arp(0, 2, &mac_zero, "192.0.2.12", &mac_hub[0], "192.0.2.1");
	/* A reply without a sender. */
	receive_arp(0, 2, &mac_other, "0.0.0.0", &mac_hub[0], "192.0.2.1");
	CU_ASSERT(knows(0, "192.0.2.12", &mac_near));
	CU_ASSERT(knows(1, "198.51.100.13", &mac_side));
	CU_ASSERT(!lists("203.0.113.11"));
	CU_ASSERT(!lists("192.0.2.255"));
	CU_ASSERT(!lists("192.0.2.0"));
	CU_ASSERT(!lists("192.0.2.1"));
	EXPECT_TEXT("show punt stats", "; 10 refused");
	expect_near_at(&mac_near);
	world_close();
}

/* Change two octets of a packet that would move the near spoke, or cut it. */
static void receive_broken(unsigned at, uint16_t value, uint16_t len)
{
	struct packet p = world_arp(2, &mac_other, "192.0.2.12", &mac_hub[0], "192.0.2.1");

	packet_put16(p.b + PACKET_ETH_LEN + at, value);
	p.len = len ? len : p.len;
	world_receive(0, &p);
	world_run();
}

static void test_malformed(void)
{
	world_open(NULL);
	world_resolve();
	receive_broken(0, 6, 0);      /* hardware: IEEE 802 */
	receive_broken(2, 0x86dd, 0); /* protocol */
	receive_broken(4, 0x0804, 0); /* lengths */
	receive_broken(4, 0x0610, 0);
	receive_broken(6, 0, 0); /* operation */
	receive_broken(6, 3, 0); /* RARP */
	for (uint16_t len = PACKET_ETH_LEN; len < PACKET_ETH_LEN + 28; len++)
		receive_broken(6, 2, len);
	CU_ASSERT(knows(0, "192.0.2.12", &mac_near));
	EXPECT_TEXT("show punt stats", "; 34 refused");
	/* The shortest that is whole. */
	receive_broken(6, 2, PACKET_ETH_LEN + 28);
	CU_ASSERT(knows(0, "192.0.2.12", &mac_other));
	world_close();
}

static void test_fixed(void)
{
	static const struct mac_addr fixed = {{2, 0, 0, 0, 1, 0x4d}};

	world_open(NULL);
	world_resolve();
	CU_ASSERT(knows(0, "192.0.2.77", &fixed));
	receive_arp(0, 2, &mac_other, "192.0.2.77", &mac_hub[0], "192.0.2.1");
	CU_ASSERT(knows(0, "192.0.2.77", &fixed));
	EXPECT_TEXT("show arp", "permanent");
	world_close();
}

/* Questions for an address within ms, in steps of 100; sets *at to the time of the last one. */
static unsigned questions(const char *target, unsigned ms, uint64_t *at)
{
	const struct packet want = world_arp_question(0, target);
	struct packet p;
	unsigned n = 0;

	for (uint64_t end = world.now + ms; world.now < end;) {
		world_wait(100);
		world_discard(1);
		while ((p = world_sent(0)).len != 0)
			if (packet_equal(&p, &want)) {
				*at = world.now;
				n++;
			}
	}
	return n;
}

static void test_retry(void)
{
	static const unsigned pauses[] = {1, 1, 1, 2, 4, 8, 16, 30, 30, 30};
	uint64_t last, at = 0;

	world_open(NULL);
	world_run();
	/* Before any packet wants them: the gateway and the peers on the links, nobody else. */
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.254"));
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.12"));
	EXPECT_NO_FRAME(0);
	EXPECT_FRAME(1, world_arp_question(1, "198.51.100.13"));
	EXPECT_NO_FRAME(1);
	last = world.now;
	for (unsigned i = 0; i < RTE_DIM(pauses); i++) {
		CU_ASSERT_EQUAL(questions("192.0.2.12", pauses[i] * SECONDS, &at), 1);
		CU_ASSERT_EQUAL(at - last, pauses[i] * SECONDS);
		last = at;
	}
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "no-arp");
	/* It comes up at last, and is believed at once. */
	receive_arp(0, 1, &mac_near, "192.0.2.12", &mac_everybody, "192.0.2.1");
	EXPECT_FRAME(0, world_arp(2, &mac_hub[0], "192.0.2.1", &mac_near, "192.0.2.12"));
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", " up ");
	world_discard(0);
	expect_near_at(&mac_near);
	world_discard(0);
	world_discard(1);
	world_close();
}

static void test_refresh(void)
{
	struct packet unicast, p;
	unsigned asked = 0;

	world_open(NULL);
	world_resolve();
	world_wait(299 * SECONDS);
	EXPECT_NO_FRAME(0);
	/* RFC 1122 2.3.2.1 (2): the old address is asked first, by unicast. */
	unicast = world_arp(1, &mac_hub[0], "192.0.2.1", &mac_near, "192.0.2.12");
	memcpy(unicast.b, &mac_near, 6);
	for (unsigned i = 0; i < 3; i++) {
		world_wait(1 * SECONDS);
		while ((p = world_sent(0)).len != 0)
			asked += packet_equal(&p, &unicast);
		world_discard(1);
	}
	CU_ASSERT_EQUAL(asked, 3);
	expect_near_at(&mac_near);
	/* No answer: given up, and asked for again. */
	world_wait(1 * SECONDS);
	asked = 0;
	while ((p = world_sent(0)).len != 0)
		asked += packet_equal(
			&p, &(struct packet[]){world_arp_question(0, "192.0.2.12")}[0]);
	CU_ASSERT_EQUAL(asked, 1);
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "no-arp");
	world_discard(1);
	{
		const struct packet inner = packet_udp(
			packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);
		const struct packet frame = world_seal(FAR, &inner);

		world_receive(0, &frame);
		world_run();
		EXPECT_NO_FRAME(0);
		CU_ASSERT_EQUAL(world_drops(DP_DROP_out_no_neighbor), 1);
	}
	world_close();
}

static void test_answered_refresh(void)
{
	world_open(NULL);
	world_resolve();
	for (unsigned i = 0; i < 5; i++) {
		world_wait(200 * SECONDS);
		receive_arp(0, 2, &mac_near, "192.0.2.12", &mac_hub[0], "192.0.2.1");
		receive_arp(0, 2, &mac_gateway, "192.0.2.254", &mac_hub[0], "192.0.2.1");
		receive_arp(1, 2, &mac_side, "198.51.100.13", &mac_hub[1], "198.51.100.1");
	}
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(1);
	world_close();
}

static void test_learned_before_first_turn(void)
{
	struct ip_addr near = ip_addr_v4(packet_addr("192.0.2.12"));

	world_open(NULL);
	hub_neighbor_learn(world.hub, 0, &near, &mac_near);
	world_run();
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.254"));
	EXPECT_NO_FRAME(0);
	world_discard(1);
	expect_near_at(&mac_near);
	world_wait(200 * SECONDS);
	world_discard(0);
	world_discard(1);
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", " up ");
	world_close();
}

static void test_unneeded_expires(void)
{
	world_open(NULL);
	world_resolve();
	receive_arp(0, 1, &mac_other, "192.0.2.50", &mac_everybody, "192.0.2.1");
	CU_ASSERT_EQUAL(world_discard(0), 1);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(dp_route_lookup(
				world.dp, DP_TABLE_UNDERLAY, packet_addr("192.0.2.50"))),
		DP_ADJ_ETHER);
	world_wait(301 * SECONDS);
	world_discard(0);
	world_discard(1);
	CU_ASSERT(!lists("192.0.2.50"));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(dp_route_lookup(
				world.dp, DP_TABLE_UNDERLAY, packet_addr("192.0.2.50"))),
		DP_ADJ_GLEAN);
	world_close();
}

static void test_bounded(void)
{
	struct hub_neighbors *t;

	world_open("peers_max = 1; ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ "
		   "\"10.0.0.1/8\" ];"
		   " gateway = \"10.0.0.2\"; mac = \"02:00:00:00:00:01\"; } );");
	world_run();
	CU_ASSERT_EQUAL(world_discard(0), 1);
	t = &world.hub->neighbors;
	for (unsigned i = 0; i < 20000; i++) {
		struct ip_addr a = ip_addr_v4(htonl(0x0a100000 + i));

		hub_turn(world.hub, world.now += i % 64 == 0);
		hub_neighbor_learn(world.hub, 0, &a, &mac_other);
	}
	CU_ASSERT_EQUAL(t->used, t->room);
	CU_ASSERT(t->room <= 5000);
	/* The latest are there, the oldest went, the gateway stayed. */
	CU_ASSERT(lists("10.16.78.31"));
	CU_ASSERT(!lists("10.16.0.1"));
	CU_ASSERT(lists("10.0.0.2"));
	world_close();
}

static const struct unit_test tests[] = {
	{"a request for the hub is answered and its sender learned", test_reply},
	{"requests for others teach about known stations only", test_other_target},
	{"a gratuitous ARP packet moves a peer's next hop", test_move},
	{"peers behind the gateway follow it", test_gateway_moves},
	{"a probe is answered and teaches nothing", test_probe},
	{"senders that cannot be are refused", test_spoofs},
	{"malformed packets are refused", test_malformed},
	{"configured neighbors stay", test_fixed},
	{"next hops are asked for once a second, then ever more seldom", test_retry},
	{"a silent neighbor is asked by unicast, then given up", test_refresh},
	{"a neighbor that is heard is not asked", test_answered_refresh},
	{"what is learned before the first turn is fresh", test_learned_before_first_turn},
	{"a neighbor that nobody needs is forgotten", test_unneeded_expires},
	{"the table is bounded and keeps who is needed", test_bounded},
};

const struct control_suite suite_arp = {"arp", tests, RTE_DIM(tests)};
