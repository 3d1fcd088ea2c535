/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a spoke through the whole hub, with its clock: what happens to it, to who asked for
 * it, and to others, whose packets go on all the while. Nothing ever leaves in clear.
 */
#include "tests/control/spoke.h"

#define A "10.255.0.11" /* FAR */
#define B "10.255.0.12" /* NEAR */
#define C "10.255.0.13" /* SIDE */

static const char hub[] =
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42; peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " },"
								" { nbma = "
								"\"198.51.100.13\"; " WORLD_SAS(
									2) " } ); } );"
									   "rip = { network = [ "
									   "\"tun0\" ]; };";

/* All three are registered. */
static void open_hub(void)
{
	world_open(hub);
	world_run();
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(FAR, A, 60, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(SIDE, C, 3600, 0), 0);
	world_wait(2 * SECONDS); /* RIP's greetings */
	world_discard(0);
}

static void close_hub(void)
{
	world_discard(0);
	world_close();
}

/* Throw away what was sent: all of it was ESP for one of the spokes, or ARP. @return frames */
static unsigned discard_sealed(void)
{
	struct packet frame;
	unsigned n = 0;

	for (; (frame = world_sent(0)).len != 0; n++) {
		uint16_t type = (uint16_t)(frame.b[12] << 8 | frame.b[13]);

		CU_ASSERT(type == 0x0806 || (type == 0x0800 && frame.b[14 + 9] == IPPROTO_ESP));
	}
	return n;
}

/* Others' packets go on. */
static void others_go_on(void)
{
	CU_ASSERT(spoke_delivers(NEAR, B, SIDE, C));
	CU_ASSERT(spoke_delivers(SIDE, C, NEAR, B));
}

static void resolve(const char *net)
{
	const struct nhrp_cie question = {.mtu = 1400, .holding = 600};
	uint32_t nbma_be = world_nbma(FAR), far_be = packet_addr(A);
	const struct nhrp_cie answer = {.prefix_len = 24,
		.mtu = 1400,
		.holding = 600,
		.nbma = nhrp_addr_v4(&nbma_be),
		.proto = nhrp_addr_v4(&far_be)};
	struct nhrp_packet p;
	struct nhrp_builder b;
	struct packet out = {0};

	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, B, net, NHRP_FLAG_ROUTER, &question);
	CU_ASSERT_FATAL(spoke_nhrp_take(FAR, NHRP_RESOLUTION_REQUEST, &p));
	p.type = NHRP_RESOLUTION_REPLY;
	nhrp_build_start(&b, out.b, sizeof(out.b), &p);
	nhrp_build_cie(&b, &answer);
	spoke_nhrp_send(FAR, &b, &out);
	CU_ASSERT_EQUAL(spoke_nhrp_code(NEAR, NHRP_RESOLUTION_REPLY), 0);
}

/* Of all that was sent: was the spoke told to forget the address? */
static bool told_to_forget(enum spoke_name spoke, const char *address)
{
	struct packet frame, inner;
	struct nhrp_packet p;
	struct nhrp_cie cie;
	uint16_t protocol;
	bool told = false;

	while ((frame = world_sent(0)).len != 0) {
		struct cursor c;

		inner = world_unseal_gre(spoke, &frame, &protocol);
		if (inner.len == 0 || protocol != 0x2001 ||
			nhrp_packet_parse(&p, inner.b, inner.len) != NHRP_FAULT_NONE ||
			p.type != NHRP_PURGE_REQUEST)
			continue;
		c = cursor_open(p.payload.at, p.payload.len);
		told |= nhrp_cie_next(&c, &cie) && nhrp_addr_be(&cie.proto) == packet_addr(address);
	}
	return told;
}

/* A network that A told by RIP and B resolved is A's no more, and A's lease goes on. */
static void test_route(void)
{
	for (unsigned way = 0; way < 3; way++) {
		open_hub();
		spoke_rip_tell(FAR, A, "10.11.0.0", 24, 1);
		world_discard(0);
		resolve("10.11.0.9");
		world_run();
		EXPECT_NO_FRAME(0);
		if (way == 0) {
			spoke_rip_tell(FAR, A, "10.11.0.0", 24, 16);
		} else if (way == 1) {
			/* Nearer by C. */
			spoke_rip_tell(FAR, A, "10.11.0.0", 24, 5);
			CU_ASSERT(!told_to_forget(NEAR, "10.11.0.0"));
			spoke_rip_tell(SIDE, C, "10.11.0.0", 24, 1);
		} else {
			/* It says nothing for longer than `timeout`; its lease is renewed. */
			for (unsigned i = 0; i < 4; i++) {
				world_wait(50 * SECONDS);
				if (i < 3)
					world_discard(0);
				spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0,
					&(struct nhrp_cie){.prefix_len = 32, .holding = 60});
			}
		}
		world_wait(10);
		CU_ASSERT(told_to_forget(NEAR, "10.11.0.0"));
		CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay(A)), DP_ADJ_PEER);
		others_go_on();
		close_hub();
	}
}

/* Another tunnel address by the same SA: it is reached there at once, and not where it was. */
static void test_renumbered(void)
{
	open_hub();
	spoke_rip_tell(FAR, A, "10.11.0.0", 24, 1);
	world_discard(0);
	spoke_resolve();
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.21", 60, NHRP_FLAG_REG_UNIQUE), -1);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.21")), DP_ADJ_PEER);
	CU_ASSERT_EQUAL(world_overlay(A), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(world_overlay("10.11.0.9"), DP_ADJ_NO_ROUTE);
	CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.255.0.21"));
	CU_ASSERT(spoke_delivers(FAR, "10.255.0.21", NEAR, B));
	CU_ASSERT(!spoke_delivers(FAR, A, NEAR, B));
	EXPECT_TEXT("show dmvpn", "10.255.0.21 ");
	others_go_on();
	close_hub();
	/* Whose address another one holds, and lives: the policy says no, and nothing changes. */
	open_hub();
	world.hub->peers[FAR].identity_is = HUB_IDENTITY_SHARED;
	CU_ASSERT_EQUAL(spoke_register(FAR, B, 60, 0), -1);
	world_wait(1500);
	others_go_on();
	world_wait(2000);
	world_discard(0);
	EXPECT_TEXT("show nhrp stats", "refused_conflict");
	CU_ASSERT(spoke_delivers(SIDE, C, NEAR, B));
	CU_ASSERT(spoke_delivers(SIDE, C, FAR, A));
	close_hub();
}

/* Pending until it registers: no route, no multicast; then all of it before the reply. */
static void test_pending(void)
{
	struct nhrp_packet p;

	world_open(hub);
	world_run();
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(SIDE, C, 3600, 0), 0);
	EXPECT_TEXT("show dmvpn", "3 peers: 2 up, 1 pending");
	CU_ASSERT(!spoke_delivers(NEAR, B, FAR, A));
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_no_peer), 1);
	others_go_on();
	world_wait(40 * SECONDS);
	while (world.port[0].tx.n != 0) {
		const struct packet frame = world_sent(0);

		CU_ASSERT_EQUAL(world_unseal(FAR, &frame).len, 0);
	}
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0,
		&(struct nhrp_cie){.prefix_len = 32, .holding = 60});
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay(A)), DP_ADJ_PEER);
	CU_ASSERT(spoke_nhrp_take(FAR, NHRP_REGISTRATION_REPLY, &p));
	CU_ASSERT(spoke_delivers(NEAR, B, FAR, A));
	EXPECT_TEXT("show dmvpn", "3 peers: 3 up");
	others_go_on();
	close_hub();
}

/* Ways a spoke goes: its lease ends, its SAs go (lower-down), it is dead. */
static void test_down(void)
{
	static const char *const ends[] = {"expired", "gone", "dead"};

	for (unsigned way = 0; way < RTE_DIM(ends); way++) {
		struct hub_peer *far;

		open_hub();
		far = &world.hub->peers[FAR];
		spoke_rip_tell(FAR, A, "10.11.0.0", 24, 1);
		world_discard(0);
		spoke_resolve();
		CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.11.0.9"));
		if (way == 0) {
			world_wait(57 * SECONDS);
			world_discard(0);
			CU_ASSERT(spoke_delivers(NEAR, B, FAR, A));
			others_go_on();
			world_wait(2 * SECONDS);
		} else {
			far->dead = way == 2;
			hub_peer_del(world.hub, far);
			world_run();
		}
		CU_ASSERT(told_to_forget(NEAR, A));
		CU_ASSERT_EQUAL(world_overlay(A), DP_ADJ_NO_PEER);
		CU_ASSERT_EQUAL(world_overlay("10.11.0.9"), DP_ADJ_NO_ROUTE);
		CU_ASSERT(!spoke_delivers(NEAR, B, FAR, "10.11.0.9"));
		CU_ASSERT(!spoke_delivers(NEAR, B, FAR, A));
		others_go_on();
		world_wait(60 * SECONDS);
		CU_ASSERT(discard_sealed() > 0);
		world_close();
	}
}

/* The NAT gives it another address: not a packet is lost, and who asked is told to ask again. */
static void test_nbma_moves(void)
{
	struct hub_peer *far;
	struct packet frame;

	open_hub();
	far = &world.hub->peers[FAR];
	spoke_resolve();
	hub_peer_move(world.hub, far, packet_addr("203.0.113.77"), 0);
	world_run();
	CU_ASSERT(told_to_forget(NEAR, A));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay(A)), DP_ADJ_PEER);
	/* It goes to the new address, and only there. */
	frame = packet_udp(packet_addr(B), packet_addr(A), 1, 2, 50);
	frame = world_seal(NEAR, &frame);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT_EQUAL(packet_get32(frame.b + 14 + PACKET_IP4_SRC + 4), 0xcb00714d);
	CU_ASSERT_NOT_EQUAL(world_unseal(FAR, &frame).len, 0);
	EXPECT_TEXT("show nhrp cache", "10.255.0.11/32      tun0       dynamic     203.0.113.77");
	others_go_on();
	close_hub();
}

/* Not one packet of the others' is lost while a spoke comes and goes. */
static void test_others(void)
{
	static const char *const names[] = {A, "10.255.0.21", "10.255.0.22"};

	open_hub();
	for (unsigned i = 0; i < 30; i++) {
		if (i % 3 == 2)
			world_ask("clear nhrp cache 10.255.0.11");
		else
			spoke_register(FAR, names[i % 3], 60, 0);
		world_discard(0);
		others_go_on();
	}
	close_hub();
}

static const struct unit_test tests[] = {
	{"pending, then current", test_pending},
	{"lease end, lower-down, dead: routes, requesters, others", test_down},
	{"another NBMA address", test_nbma_moves},
	{"others lose nothing", test_others},

	{"RFC 2332 5.2.5: a route ends or moves without its lease", test_route},
	{"RFC 2332 5.2.3: another tunnel address by the same SA", test_renumbered},
};

const struct control_suite suite_life = {"life", tests, RTE_DIM(tests)};
