/* SPDX-License-Identifier: BSD-3-Clause */
/* Each setting of a tunnel's `nhrp`, by what the whole hub says and does. */
#include "tests/control/spoke.h"

#define A "10.255.0.11" /* FAR */
#define B "10.255.0.12" /* NEAR */

#define HUB(tunnel, nhrp)                                                                          \
	SPOKE_PORTS                                                                                \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = " \
	"42; " tunnel " nhrp = { " nhrp " }; peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(     \
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } ); } );"

static void open_hub(const char *text)
{
	world_open(text);
	world_run();
	world_discard(0);
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, NHRP_FLAG_REG_UNIQUE,
		&(struct nhrp_cie){.prefix_len = 255, .mtu = 1300, .holding = 3600});
	spoke_nhrp_say(NEAR, NHRP_REGISTRATION_REQUEST, B, WORLD_HUB, 0,
		&(struct nhrp_cie){.prefix_len = 32, .holding = 0});
	world_discard(0);
}

/* NEAR asks. @return the answer's code, -1: none; *cie is its entry */
static int ask(const char *dst, uint16_t flags, struct nhrp_cie *cie)
{
	struct nhrp_packet p;
	struct cursor c;

	*cie = (struct nhrp_cie){0};
	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, B, dst, NHRP_FLAG_ROUTER | flags,
		&(struct nhrp_cie){.mtu = 1400, .holding = 600});
	if (!spoke_nhrp_take(NEAR, NHRP_RESOLUTION_REPLY, &p))
		return -1;
	CU_ASSERT(p.flags & NHRP_FLAG_ROUTER);
	c = cursor_open(p.payload.at, p.payload.len);
	return nhrp_cie_next(&c, cie) ? cie->code : -1;
}

static void test_own(void)
{
	struct nhrp_cie cie;

	/* Not announced, the LAN is nobody's business. */
	open_hub(HUB("", "holding_time = 500;"));
	CU_ASSERT_EQUAL(ask(WORLD_HUB, 0, &cie), 0);
	CU_ASSERT_EQUAL(cie.holding, 500);
	CU_ASSERT_EQUAL(nhrp_addr_be(&cie.nbma), packet_addr("192.0.2.1"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&cie.proto), packet_addr(WORLD_HUB));
	CU_ASSERT_EQUAL(ask("10.8.0.9", 0, &cie), NHRP_CODE_NO_BINDING);
	world_discard(0);
	world_discard(1);
	world_close();
	open_hub(HUB("", "shortcut_destinations = [ \"lan0\" ];"));
	CU_ASSERT_EQUAL(ask("10.8.0.9", 0, &cie), 0);
	CU_ASSERT_EQUAL(cie.prefix_len, 24);
	CU_ASSERT_EQUAL(cie.holding, 7200);
	world_discard(0);
	world_discard(1);
	world_close();
	open_hub(HUB(
		"", "shortcut_targets = ( { prefix = \"10.0.0.0/12\"; holding_time = 60; } );"));
	CU_ASSERT_EQUAL(ask("10.8.0.9", 0, &cie), 0);
	CU_ASSERT_EQUAL(cie.prefix_len, 12);
	CU_ASSERT_EQUAL(cie.holding, 60);
	CU_ASSERT_EQUAL(ask("10.99.0.9", 0, &cie), NHRP_CODE_NO_BINDING);
	world_discard(0);
	world_discard(1);
	world_close();
}

/* Sent on to the spoke, or answered for it with what is left of its time. */
static void test_answer_registered(void)
{
	struct nhrp_packet p;
	struct nhrp_cie cie;

	open_hub(HUB("", ""));
	CU_ASSERT_EQUAL(ask(A, 0, &cie), -1);
	world_discard(0);
	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, B, A, NHRP_FLAG_ROUTER,
		&(struct nhrp_cie){.mtu = 1400, .holding = 600});
	CU_ASSERT(spoke_nhrp_take(FAR, NHRP_RESOLUTION_REQUEST, &p));
	world_close();
	open_hub(HUB("", "answer_registered = true;"));
	world_wait(100 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(ask(A, 0, &cie), 0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&cie.nbma), world_nbma(FAR));
	CU_ASSERT_EQUAL(cie.holding, 3500);
	CU_ASSERT_EQUAL(cie.mtu, 1300);
	EXPECT_NO_FRAME(0);
	/* Who wants a unique binding has one, and only of who registered so. */
	CU_ASSERT_EQUAL(ask(A, NHRP_FLAG_RES_UNIQUE, &cie), 0);
	world_close();
}

static void test_redirect(void)
{
	for (unsigned on = 0; on < 2; on++) {
		struct nhrp_packet p;
		struct packet inner = packet_udp(packet_addr(B), packet_addr(A), 1, 2, 40), frame;

		open_hub(on ? HUB("redirect = true;", "") : HUB("", "non_caching = true;"));
		frame = world_seal(NEAR, &inner);
		world_receive(0, &frame);
		world_run();
		frame = world_sent(0);
		CU_ASSERT_EQUAL(world_unseal(FAR, &frame).len, inner.len);
		CU_ASSERT_EQUAL(spoke_nhrp_take(NEAR, NHRP_TRAFFIC_INDICATION, &p), on == 1);
		if (on)
			CU_ASSERT(p.hop_count >= 1);
		EXPECT_NO_FRAME(0);
		/* What goes to the LAN is no hairpin: it could not be shorter. */
		inner = packet_udp(packet_addr(B), packet_addr("10.8.0.9"), 1, 2, 40);
		frame = world_seal(NEAR, &inner);
		world_receive(0, &frame);
		world_run();
		EXPECT_NO_FRAME(0);
		world_wait(4 * SECONDS);
		world_discard(0);
		world_discard(1);
		world_close();
	}
}

static void test_registrations(void)
{
	uint32_t net_be = packet_addr("10.1.0.0");
	const struct nhrp_cie net = {
		.prefix_len = 24, .holding = 600, .proto = nhrp_addr_v4(&net_be)};

	/* Holding times: 0 is the hub's, too long ones are cut; the MTU never exceeds the tunnel's.
	 */
	open_hub(HUB("mtu = 1350;", "holding_time = 700; holding_time_max = 1800;"));
	EXPECT_TEXT("show nhrp cache peer " A, "00:30:00  1300 ");
	EXPECT_TEXT("show nhrp cache peer " B, "00:11:40  1350 ");
	/* Networks: only as the configuration says. */
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0, &net);
	CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_REGISTRATION_REPLY), NHRP_CODE_PROHIBITED);
	world_close();
	open_hub(HUB("", "prefix_min = 24; allowed = [ \"10.1.0.0/16\", \"10.255.0.0/24\" ];"
			 " networks_per_peer = 2; cies_max = 4;"));
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0, &net);
	CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_REGISTRATION_REPLY), 0);
	CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.1.0.77"));
	net_be = packet_addr("10.1.1.0");
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0, &net);
	CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_REGISTRATION_REPLY), NHRP_CODE_NO_RESOURCES);
	world_close();
}

/* Late, control serves those that it knows, and asks others to come again. */
static void test_overload(void)
{
	open_hub(HUB("", ""));
	hub_overload(world.hub, true);
	CU_ASSERT_EQUAL(spoke_register(FAR, A, 3600, 0), 0);
	world_close();
	world_open(HUB("", ""));
	world_run();
	world_discard(0);
	hub_overload(world.hub, true);
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), NHRP_CODE_NO_RESOURCES);
	EXPECT_TEXT("show nhrp stats", "refused_overload");
	hub_overload(world.hub, false);
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), 0);
	world_close();
}

/* Another tunnel address by a static map; nobody else may register it. */
static void test_maps(void)
{
	open_hub(HUB("", "maps = ( { prefix = \"10.255.0.40/32\"; nbma = \"203.0.113.11\"; },"
			 " { prefix = \"10.255.0.41/32\"; nbma = \"203.0.113.99\"; } );"));
	CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.255.0.40"));
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.41", 60, 0), NHRP_CODE_PROHIBITED);
	EXPECT_TEXT("show nhrp cache static", "10.255.0.41/32      tun0       static");
	world_discard(0);
	world_close();
}

/* Cisco reads error indications right only with 16 octets more. */
static void test_error_padding(void)
{
	struct packet frame, inner;
	unsigned len[2];

	for (unsigned off = 0; off < 2; off++) {
		struct packet p = {0};
		struct nhrp_builder b;
		uint16_t protocol;

		open_hub(off ? HUB("", "error_padding = false;") : HUB("", ""));
		spoke_nhrp_start(
			&b, &p, NHRP_REGISTRATION_REQUEST, NEAR, B, WORLD_HUB, 0); /* no CIE */
		spoke_nhrp_send(NEAR, &b, &p);
		frame = world_sent(0);
		inner = world_unseal_gre(NEAR, &frame, &protocol);
		CU_ASSERT_EQUAL(inner.b[17], NHRP_ERROR_INDICATION);
		len[off] = inner.len;
		world_close();
	}
	CU_ASSERT_EQUAL(len[0], len[1] + 16);
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.2: the hub's own: holding_time, shortcut_targets, shortcut_destinations",
		test_own},
	{"RFC 2332 5.2.2: answer_registered", test_answer_registered},
	{"redirect, non_caching", test_redirect},
	{"RFC 2332 5.2.3: holding times, MTU, prefix_min, allowed, networks_per_peer",
		test_registrations},
	{"RFC 2332 5.2.4: code 5 under overload", test_overload},
	{"maps", test_maps},
	{"error_padding", test_error_padding},
};

const struct control_suite suite_nhrp_options = {"nhrp_options", tests, RTE_DIM(tests)};
