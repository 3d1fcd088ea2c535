/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU from ICMP on the outer side: one message that is right in all, and each way in which it
 * can be forged.
 */
#include "tests/control/world.h"

#define OUTER (PACKET_ETH_LEN + PACKET_IP4_LEN)

/* Inner packet that fits an outer one: header 20, ESP 8, IV 8, ICV 16, whole words, trailer 2, GRE
 * with key 8. */
#define INNER(outer) (((outer)-52) / 4 * 4 - 2 - 8)

static unsigned far_mtu(void)
{
	return dp_peer_mtu(world.dp, world.hub->peers[FAR].dp);
}

static struct sa *far_sa(void)
{
	return sa_at(
		dp_sa_table(world.dp, false), dp_peer_sa_out(world.dp, world.hub->peers[FAR].dp));
}

/* The outer IPv4 packet that the far spoke is sent. */
static struct packet sent_to_far(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.2.9"), packet_addr("10.1.1.9"), 4000, 5000, 600);
	const struct packet frame = world_seal(NEAR, &inner);
	struct packet out;

	world_receive(0, &frame);
	world_run();
	out = world_sent(0);
	CU_ASSERT(out.len > OUTER);
	return packet_cut(&out, PACKET_ETH_LEN);
}

static void open_resolved(void)
{
	world_open(NULL);
	world_resolve();
	CU_ASSERT_EQUAL(far_mtu(), 1400);
}

/* A router says that this packet, of which it quotes so much, does not fit. */
static void complain(const struct packet *about, unsigned quoted, uint16_t mtu)
{
	struct packet rest = {.len = (uint16_t)(4 + quoted)}, p;

	packet_put16(rest.b + 2, mtu);
	memcpy(rest.b + 4, about->b, quoted);
	p = world_icmp("203.0.113.1", "192.0.2.1", 3, 4, &rest);
	p = packet_eth(&mac_hub[0], &mac_gateway, 0x0800, &p);
	world_receive(0, &p);
	world_run();
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(1);
}

static void test_believed(void)
{
	struct packet sent;

	open_resolved();
	sent = sent_to_far();
	complain(&sent, 28, 1300);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1300));
	/* The others' paths are theirs. */
	CU_ASSERT_EQUAL(dp_peer_mtu(world.dp, world.hub->peers[NEAR].dp), 1400);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "MTU 1238, for the path has 1300 for another "
						   "600 s\n");
	/* Smaller still, quoted in full; 576 is the least. */
	sent = sent_to_far();
	complain(&sent, sent.len, 576);
	CU_ASSERT_EQUAL(far_mtu(), INNER(576));
	EXPECT_TEXT("show punt stats", "Path MTU: 2 believed; refused: 0 malformed, 0 of no SA, 0 "
				       "not sent lately, 0 of no use\n");
	world_close();
}

static void expect_refused(
	const struct packet *about, unsigned quoted, uint16_t mtu, const uint64_t *count)
{
	const uint64_t before = *count;

	complain(about, quoted, mtu);
	CU_ASSERT_EQUAL(*count, before + 1);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
}

static void test_malformed(void)
{
	const uint64_t *count;
	struct packet sent, p;

	open_resolved();
	count = &world.hub->path_mtu.malformed;
	sent = sent_to_far();
	for (unsigned quoted = 0; quoted < 28; quoted++)
		expect_refused(&sent, quoted, 1300, count);
	p = sent;
	p.b[0] = 0x46; /* with options */
	expect_refused(&p, 60, 1300, count);
	p = sent;
	p.b[0] = 0x65;
	expect_refused(&p, 60, 1300, count);
	p = sent;
	packet_put16(p.b + PACKET_IP4_FRAG, 0); /* may be fragmented */
	expect_refused(&p, 60, 1300, count);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x6000);
	expect_refused(&p, 60, 1300, count);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x4001);
	expect_refused(&p, 60, 1300, count);
	p = sent;
	p.b[PACKET_IP4_PROTOCOL] = IPPROTO_TCP;
	expect_refused(&p, 60, 1300, count);
	p.b[PACKET_IP4_PROTOCOL] = IPPROTO_UDP; /* from port 0x2000 */
	expect_refused(&p, 60, 1300, count);
	p = sent;
	p.b[PACKET_IP4_SRC + 3] = 2; /* not from here */
	expect_refused(&p, 60, 1300, count);
	world_close();
}

static void test_unknown(void)
{
	const uint64_t *count;
	struct packet sent, p, udp;

	open_resolved();
	count = &world.hub->path_mtu.unknown;
	sent = sent_to_far();
	p = sent;
	p.b[PACKET_IP4_DST + 3] ^= 1; /* nobody's address */
	expect_refused(&p, 28, 1300, count);
	p = sent;
	p.b[PACKET_IP4_LEN + 3] ^= 1; /* the near spoke's SPI */
	expect_refused(&p, 28, 1300, count);
	p = sent;
	packet_put32(p.b + PACKET_IP4_LEN, 0x10000000); /* the inbound SPI */
	expect_refused(&p, 28, 1300, count);
	/* In UDP, but the spoke is not behind a NAT. */
	udp = packet_fill(0, 8);
	packet_put16(udp.b, 4500);
	packet_put16(udp.b + 2, 4500);
	p = packet_cut(&sent, PACKET_IP4_LEN);
	p = packet_join(&udp, &p);
	p = packet_ip4(packet_addr("192.0.2.1"), packet_addr("203.0.113.11"), IPPROTO_UDP, &p);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(p.b);
	expect_refused(&p, 60, 1300, count);
	world_close();
}

static void test_sequence(void)
{
	const uint64_t *count;
	struct packet sent, p;

	open_resolved();
	count = &world.hub->path_mtu.sequence;
	sent = sent_to_far();
	CU_ASSERT_EQUAL(packet_get32(sent.b + PACKET_IP4_LEN + 4), 1);
	p = sent;
	packet_put32(p.b + PACKET_IP4_LEN + 4, 2); /* not sent yet */
	expect_refused(&p, 28, 1300, count);
	packet_put32(p.b + PACKET_IP4_LEN + 4, 0); /* never sent */
	expect_refused(&p, 28, 1300, count);
	packet_put32(p.b + PACKET_IP4_LEN + 4, 0xffffffff);
	expect_refused(&p, 28, 1300, count);
	/* Long ago; then the last that counts. */
	far_sa()->hot.seq = 70000;
	packet_put32(p.b + PACKET_IP4_LEN + 4, 70000 - 65536);
	expect_refused(&p, 28, 1300, count);
	packet_put32(p.b + PACKET_IP4_LEN + 4, 70000 - 65535);
	complain(&p, 28, 1300);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1300));
	/* Numbers of 64 bits: the wire has the lower half. */
	far_sa()->hot.seq = UINT64_C(0x100000005);
	packet_put32(p.b + PACKET_IP4_LEN + 4, 0xfffffff0);
	complain(&p, 28, 1200);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1200));
	world_close();
}

static void test_value(void)
{
	const uint64_t *count;
	struct packet sent;

	open_resolved();
	count = &world.hub->path_mtu.value;
	sent = sent_to_far();
	expect_refused(&sent, 28, 0, count);
	expect_refused(&sent, 28, 575, count);
	expect_refused(&sent, 28, 1500, count); /* the port's own */
	expect_refused(&sent, 28, 9000, count);
	complain(&sent, 28, 1300);
	complain(&sent, 28, 1300);
	complain(&sent, 28, 1301);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1300));
	CU_ASSERT_EQUAL(world.hub->path_mtu.believed, 1);
	CU_ASSERT_EQUAL(*count, 6);
	world_close();
}

/* Messages that are something else, or come by the tunnel, are none of it. */
static void test_elsewhere(void)
{
	struct packet sent, rest = {.len = 4 + 28}, p;

	open_resolved();
	sent = sent_to_far();
	packet_put16(rest.b + 2, 1300);
	memcpy(rest.b + 4, sent.b, 28);
	/* Checksum. */
	p = world_icmp("203.0.113.1", "192.0.2.1", 3, 4, &rest);
	p.b[p.len - 1] ^= 1;
	p = packet_eth(&mac_hub[0], &mac_gateway, 0x0800, &p);
	world_receive(0, &p);
	/* Host unreachable. */
	p = world_icmp("203.0.113.1", "192.0.2.1", 3, 1, &rest);
	p = packet_eth(&mac_hub[0], &mac_gateway, 0x0800, &p);
	world_receive(0, &p);
	/* From a spoke's network, to the tunnel address. */
	p = world_icmp("10.1.1.9", "10.255.0.1", 3, 4, &rest);
	p = world_seal(FAR, &p);
	world_receive(0, &p);
	world_run();
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	CU_ASSERT_EQUAL(world.hub->path_mtu.believed, 0);
	CU_ASSERT_EQUAL(world.hub->path_mtu.malformed, 0);
	world_close();
}

/* RFC 1191 6.3: after ten minutes a larger one is tried; the gateway is refreshed meanwhile. */
static void test_aging(void)
{
	struct packet sent, a;

	open_resolved();
	sent = sent_to_far();
	complain(&sent, 28, 1300);
	for (unsigned s = 0; s < 600; s += 100) {
		CU_ASSERT_EQUAL(far_mtu(), INNER(1300));
		a = world_arp(2, &mac_gateway, "192.0.2.254", &mac_hub[0], "192.0.2.1");
		world_receive(0, &a);
		world_wait(99 * SECONDS);
		CU_ASSERT_EQUAL(far_mtu(), INNER(1300));
		world_wait(1 * SECONDS);
	}
	/* Each peer is looked at once in five seconds. */
	world_wait(5 * SECONDS);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	world_discard(0);
	world_discard(1);
	world_close();
}

/* Behind a NAT: what is quoted must have SPI and number, and a move makes it void. */
static void test_nat(void)
{
	struct packet sent, frame, udp;
	struct dp_punt_info info = {0};

	world_open("ports = ("
		   "  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		   "    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
		   "    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; }"
		   " ); } );"
		   "tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\";"
		   "  nbma = \"192.0.2.1\"; key = 42; peers = ("
		   "  { address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; nat_port = "
		   "61001;" WORLD_SAS(0) " },"
					 "  { address = \"10.255.0.12\"; nbma = "
					 "\"192.0.2.12\"; " WORLD_SAS(
						 1) " } ); } );"
						    "routes = ( { prefix = \"10.1.1.0/24\"; via = "
						    "\"10.255.0.11\"; },"
						    "  { prefix = \"10.1.2.0/24\"; via = "
						    "\"10.255.0.12\"; } );");
	world_run();
	world_discard(0);
	sent = sent_to_far();
	CU_ASSERT_EQUAL(sent.b[PACKET_IP4_PROTOCOL], IPPROTO_UDP);
	/* The UDP header alone proves nothing. */
	complain(&sent, 28, 1300);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	frame = sent;
	packet_put16(frame.b + PACKET_IP4_LEN + 2, 61002);
	complain(&frame, 36, 1300);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	complain(&sent, 36, 1300);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1300 - 8));
	/* It moves: another path. */
	info.peer = world.hub->peers[FAR].dp;
	udp = packet_udp(packet_addr("203.0.113.99"), packet_addr("192.0.2.1"), 7000, 4500, 28);
	hub_peer_moved(world.hub, &info, udp.b, udp.len);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	complain(&sent, 36, 1300);
	CU_ASSERT_EQUAL(far_mtu(), 1400);
	CU_ASSERT_EQUAL(world.hub->path_mtu.unknown, 2);
	sent = sent_to_far();
	complain(&sent, 36, 1300);
	CU_ASSERT_EQUAL(far_mtu(), INNER(1300 - 8));
	world_close();
}

static const struct unit_test tests[] = {
	{"a message that is right is believed", test_believed},
	{"quotes of what the hub does not send", test_malformed},
	{"quotes of no peer's SA", test_unknown},
	{"quotes of numbers not sent lately", test_sequence},
	{"MTUs that are of no use", test_value},
	{"messages of another kind, or by the tunnel", test_elsewhere},
	{"after ten minutes a larger one is tried", test_aging},
	{"behind a NAT", test_nat},
};

const struct control_suite suite_path_mtu = {"path_mtu", tests, RTE_DIM(tests)};
