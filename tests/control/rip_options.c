/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each setting of `rip`, by the frames that leave and where packets go: FAR and NEAR are spokes
 * that both speak RIP, on lan0 a router listens where RIP runs there.
 */
#include "control/rip_hub_priv.h"
#include "tests/control/spoke.h"

#define A     "10.255.0.11" /* FAR */
#define B     "10.255.0.12" /* NEAR */
#define LAN_A "10.11.0.0"
#define LAN_B "10.12.0.0"

#define BASE                                                                                       \
	SPOKE_PORTS                                                                                \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = " \
	"42; nhrp = { prefix_min = 16; allowed = [ \"10.0.0.0/8\" ]; };"                           \
	" peers = ( { address = \"" A "\"; nbma = \"203.0.113.11\"; " WORLD_SAS(                   \
		0) " }, { address = \"" B                                                          \
		   "\"; nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } ); } );"                         \
							      "routes = ( { prefix = "             \
							      "\"10.50.0.0/16\"; blackhole = "     \
							      "true; tag = 7; },"                  \
							      " { prefix = \"10.51.0.0/16\"; via " \
							      "= \"" A "\"; } );"

#define LISTS                                                                                      \
	" prefix_lists = ( { name = \"not-a\"; rules = ( \"deny 10.11.0.0/16 le 32\","             \
	" \"permit any\" ); }, { name = \"only-a\"; rules = ( \"permit 10.11.0.0/16 le 32\" ); }," \
	" { name = \"only-50\"; rules = ( \"permit 10.50.0.0/16\" ); } );"
#define RIP(text)  BASE "rip = { network = [ \"tun0\" ];" LISTS text "};"
#define TUN0(text) RIP(" interfaces = ( { name = \"tun0\"; " text " } );")

static void open_hub(const char *text)
{
	world_open(text);
	world_wait(7 * SECONDS);
	world_discard(0);
	world_discard(1);
}

static void close_hub(void)
{
	world_discard(0);
	world_discard(1);
	world_close();
}

/* Both spokes were told something; what? */
static struct rip_entry heard[2];

static void told_both(const char *net)
{
	struct packet frame, inner;

	memset(heard, 0, sizeof(heard));
	while ((frame = world_sent(0)).len != 0)
		for (enum spoke_name s = FAR; s <= NEAR; s++) {
			inner = world_unseal(s, &frame);
			spoke_rip_hear(&inner, net, &heard[s]);
		}
}

/* Under these settings FAR tells of its LAN, and both are told this of it. */
static const struct {
	const char *text;
	unsigned far, near; /* metric; 0: nothing */
	const char *next_hop;
} cases[] = {
	/* As ripd for the seed: split horizon off on tunnels, next hops kept. */
	{RIP(""), 2, 2, A},
	{TUN0("split_horizon = \"off\";"), 2, 2, A},
	{TUN0("split_horizon = \"simple\";"), 0, 0, NULL},
	{TUN0("split_horizon = \"poisoned\";"), 16, 16, A},
	{TUN0("next_hop_self = true;"), 2, 2, NULL},
	{TUN0("suppress_own = true;"), 0, 2, A},
	{TUN0("passive = true;"), 0, 0, NULL},
	{RIP(" neighbor = [ \"" B "\" ]; interfaces = ( { name = \"tun0\"; passive = true; } );"),
		0, 2, A},
	{RIP(" distribute_list_in = \"not-a\";"), 0, 0, NULL},
	{RIP(" distribute_list_in = \"only-a\";"), 2, 2, A},
	{RIP(" distribute_list_out = \"not-a\";"), 0, 0, NULL},
	{TUN0("distribute_list_in = \"not-a\";"), 0, 0, NULL},
	{TUN0("distribute_list_out = \"not-a\";"), 0, 0, NULL},
	{RIP(" offset_list_in = { metric = 3; };"), 5, 5, A},
	{RIP(" offset_list_out = { metric = 4; prefix_list = \"only-a\"; };"), 6, 6, A},
	{RIP(" offset_list_out = { metric = 4; prefix_list = \"not-a\"; };"), 2, 2, A},
	{TUN0("offset_list_in = { metric = 2; };"), 4, 4, A},
	{TUN0("offset_list_out = { metric = 15; };"), 16, 16, A},
	{TUN0("maximum_prefix = 1;"), 2, 2, A},
};

static void test_told(void)
{
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		open_hub(cases[i].text);
		spoke_rip_tell(FAR, A, LAN_A, 24, 1);
		world_wait(40 * SECONDS);
		told_both(LAN_A);
		CU_ASSERT_EQUAL(heard[FAR].metric, cases[i].far);
		CU_ASSERT_EQUAL(heard[NEAR].metric, cases[i].near);
		CU_ASSERT_EQUAL(heard[NEAR].next_hop_be,
			cases[i].next_hop == NULL ? 0 : packet_addr(cases[i].next_hop));
		close_hub();
	}
}

/* What is told of routes that are not RIP's: metric, tag. */
static const struct {
	const char *text, *net;
	unsigned metric;
	uint16_t tag;
} others[] = {
	{RIP(""), "10.255.0.0", 1, 0}, /* where RIP runs, always */
	{RIP(""), "10.8.0.0", 0, 0},
	{RIP(" redistribute = ( { source = \"connected\"; metric = 5; } );"), "10.8.0.0", 5, 0},
	{BASE "rip = { network = [ \"tun0\", \"lan0\" ]; };", "10.8.0.0", 1, 0},
	{BASE "rip = { network = [ \"10.8.0.0/16\", \"10.255.0.0/24\" ]; };", "10.8.0.0", 1, 0},
	{RIP(" redistribute = ( { source = \"static\"; metric = 6; } );"), "10.50.0.0", 6, 7},
	{RIP(" redistribute = ( { source = \"static\"; metric = 6; prefix_list = \"only-50\"; } "
	     ");"),
		"10.50.0.0", 6, 7},
	{RIP(" redistribute = ( { source = \"static\"; metric = 6; prefix_list = \"only-50\"; } "
	     ");"),
		"10.51.0.0", 0, 0},
	{RIP(" redistribute = ( { source = \"nhrp\"; metric = 4; } );"), "10.60.0.0", 4, 0},
	{RIP(""), "10.60.0.0", 0, 0},
	{RIP(""), "0.0.0.0", 0, 0},
	{RIP(" default_information = { originate = true; metric = 3; };"), "0.0.0.0", 3, 0},
};

static void test_others(void)
{
	uint32_t net_be = packet_addr("10.60.0.0");
	const struct nhrp_cie net = {
		.prefix_len = 16, .holding = 3600, .proto = nhrp_addr_v4(&net_be)};

	for (unsigned i = 0; i < RTE_DIM(others); i++) {
		open_hub(others[i].text);
		spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, A, WORLD_HUB, 0, &net);
		CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_REGISTRATION_REPLY), 0);
		CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.60.1.1"));
		world_wait(40 * SECONDS);
		told_both(others[i].net);
		CU_ASSERT_EQUAL(heard[NEAR].metric, others[i].metric);
		CU_ASSERT_EQUAL(heard[NEAR].tag, others[i].tag);
		/* A black hole swallows what nothing more specific leads on. */
		CU_ASSERT(!spoke_delivers(NEAR, B, FAR, "10.50.1.1"));
		CU_ASSERT(spoke_delivers(NEAR, B, FAR, "10.51.1.1"));
		close_hub();
	}
}

static void test_tag(void)
{
	struct rip_entry e = spoke_rip_network(LAN_A, 24, 1);
	struct packet inner, frame;

	e.tag = 4711;
	open_hub(RIP(""));
	inner = spoke_rip_message(A, "224.0.0.9", RIP_RESPONSE, &e, 1);
	frame = world_seal(FAR, &inner);
	world_receive(0, &frame);
	world_wait(7 * SECONDS);
	told_both(LAN_A);
	CU_ASSERT_EQUAL(heard[NEAR].tag, 4711);
	close_hub();
}

/* A network in version 1: no mask. */
static void say_version_1(void)
{
	struct rip_entry e = spoke_rip_network("10.0.0.0", 8, 1);
	struct packet inner, frame;

	e.addr_be = packet_addr("172.20.0.0");
	e.mask_be = 0;
	inner = spoke_rip_message(A, WORLD_HUB, RIP_RESPONSE, &e, 1);
	inner.b[PACKET_IP4_LEN + 8 + 1] = 1;
	packet_put16(inner.b + PACKET_IP4_LEN + 6, 0); /* no checksum (RFC 768) */
	frame = world_seal(FAR, &inner);
	world_receive(0, &frame);
	world_run();
}

static void test_version_1(void)
{
	open_hub(RIP(""));
	say_version_1();
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("172.20.9.9")), DP_ADJ_PEER);
	close_hub();
	open_hub(TUN0("receive_v1 = false;"));
	say_version_1();
	CU_ASSERT_EQUAL(world_overlay("172.20.9.9"), DP_ADJ_NO_ROUTE);
	EXPECT_TEXT("show rip status", "refused 1 version");
	close_hub();
}

static void test_ecmp(void)
{
	for (unsigned ways = 1; ways <= 2; ways++) {
		unsigned arrived[2] = {0, 0};

		open_hub(ways == 1 ? RIP("") : RIP(" ecmp = 2;"));
		spoke_rip_tell(FAR, A, "10.30.0.0", 24, 1);
		spoke_rip_tell(NEAR, B, "10.30.0.0", 24, 1);
		world_discard(0);
		for (unsigned i = 0; i < 64; i++) {
			struct packet inner = packet_udp(packet_addr("10.8.0.9"),
				htonl(0x0a1e0001 + i % 200), 1000, 2000, 40);
			struct packet frame = {.len = (uint16_t)(inner.len + 14)};

			memcpy(frame.b, &mac_hub[1], 6);
			memcpy(frame.b + 6, &mac_other, 6);
			packet_put16(frame.b + 12, 0x0800);
			memcpy(frame.b + 14, inner.b, inner.len);
			world_receive(1, &frame);
		}
		world_run();
		for (struct packet frame; (frame = world_sent(0)).len != 0;)
			for (enum spoke_name s = FAR; s <= NEAR; s++)
				arrived[s] += world_unseal(s, &frame).len != 0;
		CU_ASSERT_EQUAL(arrived[FAR] + arrived[NEAR], 64);
		CU_ASSERT_EQUAL(arrived[FAR] != 0 && arrived[NEAR] != 0, ways == 2);
		close_hub();
	}
}

/* `timers basic`: update, timeout, garbage collection. */
static void test_timers(void)
{
	open_hub(RIP(" timers = { update = 5; timeout = 15; garbage = 10; holddown = 0; };"));
	spoke_rip_tell(FAR, A, LAN_A, 24, 1);
	world_wait(12 * SECONDS);
	told_both(LAN_A);
	CU_ASSERT_EQUAL(heard[NEAR].metric, 2);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.11.0.9")), DP_ADJ_PEER);
	world_wait(4 * SECONDS);
	CU_ASSERT_EQUAL(world_overlay("10.11.0.9"), DP_ADJ_NO_ROUTE);
	world_wait(6 * SECONDS);
	told_both(LAN_A);
	CU_ASSERT_EQUAL(heard[NEAR].metric, 16);
	world_wait(5 * SECONDS);
	world_discard(0);
	world_wait(12 * SECONDS);
	told_both(LAN_A);
	CU_ASSERT_EQUAL(heard[NEAR].metric, 0);
	close_hub();
}

/* What is said is authentic, and what is not is not heard. */
static void test_authentication(void)
{
	static const struct {
		const char *mode;
		uint16_t digest; /* octets */
	} modes[] = {{"text", 0}, {"md5", 16}, {"hmac-sha-1", 20}, {"hmac-sha-256", 32},
		{"hmac-sha-384", 48}, {"hmac-sha-512", 64}};

	for (unsigned i = 0; i < RTE_DIM(modes); i++) {
		char text[4096];
		unsigned seen = 0;

		snprintf(text, sizeof(text),
			TUN0("authentication = { mode = \"%s\"; key = \"sixteen octets!!\"; };"),
			modes[i].mode);
		world_open(text);
		world_wait(40 * SECONDS);
		for (struct packet frame; (frame = world_sent(0)).len != 0;) {
			struct packet inner = world_unseal(NEAR, &frame);
			const uint8_t *rip = inner.b + PACKET_IP4_LEN + 8;

			if (inner.len < PACKET_IP4_LEN + 8 + 24 || inner.b[9] != IPPROTO_UDP)
				continue;
			seen++;
			CU_ASSERT_EQUAL(packet_get32(rip + 4),
				modes[i].digest == 0 ? 0xffff0002 : 0xffff0003);
			if (modes[i].digest != 0)
				CU_ASSERT_EQUAL(inner.len - PACKET_IP4_LEN - 8,
					(unsigned)(rip[8] << 8 | rip[9]) + 4 + modes[i].digest);
			CU_ASSERT_EQUAL(
				memcmp(rip + 8, "sixteen octets!!", 16) == 0, modes[i].digest == 0);
		}
		CU_ASSERT(seen > 0);
		spoke_rip_tell(FAR, A, LAN_A, 24, 1);
		CU_ASSERT_EQUAL(world_overlay("10.11.0.9"), DP_ADJ_NO_ROUTE);
		close_hub();
	}
}

static const struct unit_test tests[] = {
	{"split horizon, next hops, passive, lists, offsets: what spokes are told", test_told},
	{"network, redistribute, default-information, tags", test_others},
	{"RFC 2453 4.2: a spoke's tag", test_tag},
	{"RFC 2453 4.6: version 1 is heard, or not", test_version_1},
	{"ecmp", test_ecmp},
	{"RFC 2453 3.8: timers basic", test_timers},
	{"RFC 2453 4.1, RFC 4822: authentication", test_authentication},
};

const struct control_suite suite_rip_options = {"rip_options", tests, RTE_DIM(tests)};
