/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub as a client of another hub, whole: it registers there, is told of a shorter way, resolves
 * it, and its own packets take it for as long as it is there. NEAR is the other hub, FAR is what is
 * behind it, SIDE a spoke of ours.
 */
#include "tests/control/spoke.h"

#define OTHER   "10.255.0.12"
#define REMOTE  "10.255.0.11"
#define NETWORK "10.4.1.0"

static const char client[] =
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; "
	"key = "
	"42; nhrp = { shortcut = true; holding_time = 300; nhs = ( { address = \"" OTHER
	"\"; nbma = \"192.0.2.12\"; } ); }; peers = ( { nbma = "
	"\"203.0.113.11\"; " WORLD_SAS(0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(
		1) " },"
		   " { address = \"10.255.0.13\"; "
		   "nbma = \"198.51.100.13\"; " WORLD_SAS(
			   2) " } ); } );"
			      "routes = ( { prefix = \"10.4.0.0/16\"; via = \"" OTHER "\"; } );";

/* Answer the request that the hub sent last. */
static void reply(const struct nhrp_packet *request, uint8_t type, const struct nhrp_cie *cie)
{
	struct nhrp_packet p = *request;
	struct packet out = {0};
	struct nhrp_builder b;

	p.type = type;
	p.hop_count = 255;
	nhrp_build_start(&b, out.b, sizeof(out.b), &p);
	nhrp_build_cie(&b, cie);
	spoke_nhrp_send(NEAR, &b, &out);
}

static void open_hub(void)
{
	struct nhrp_packet p;

	world_open(client);
	world_wait(100);
	while (!spoke_nhrp_take(NEAR, NHRP_REGISTRATION_REQUEST, &p))
		CU_ASSERT_FATAL(world.port[0].tx.n > 0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), packet_addr(WORLD_HUB));
	reply(&p, NHRP_REGISTRATION_REPLY, &(struct nhrp_cie){.prefix_len = 255});
	EXPECT_TEXT("show nhrp nhs", "up");
	world_discard(0);
}

/* NEAR says that packets for the network take a detour; then it knows the way. */
static void shorten(uint16_t holding)
{
	const struct packet head =
		packet_udp(packet_addr("10.255.0.13"), packet_addr("10.4.1.7"), 1, 2, 30);
	uint32_t nbma_be = world_nbma(FAR), proto_be = packet_addr(REMOTE);
	struct nhrp_packet p;
	struct packet out = {0};
	struct nhrp_builder b;

	spoke_nhrp_start(&b, &out, NHRP_TRAFFIC_INDICATION, NEAR, OTHER, WORLD_HUB, 0);
	nhrp_build_bytes(&b, head.b, head.len);
	spoke_nhrp_send(NEAR, &b, &out);
	CU_ASSERT_FATAL(spoke_nhrp_take(NEAR, NHRP_RESOLUTION_REQUEST, &p));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.dst_proto), packet_addr("10.4.1.7"));
	reply(&p, NHRP_RESOLUTION_REPLY,
		&(struct nhrp_cie){.prefix_len = 24,
			.mtu = 1400,
			.holding = holding,
			.nbma = nhrp_addr_v4(&nbma_be),
			.proto = nhrp_addr_v4(&proto_be)});
}

static bool goes_to(enum spoke_name to)
{
	return spoke_delivers(SIDE, "10.255.0.13", to, "10.4.1.7");
}

static const char *flags(void)
{
	const json_t *rows = world_ask_json("show nhrp cache cached");

	return json_string_value(json_object_get(json_array_get(rows, 0), "flags"));
}

static void test_life(void)
{
	uint32_t net_be = packet_addr(NETWORK);
	const struct nhrp_cie net = {.prefix_len = 24, .proto = nhrp_addr_v4(&net_be)};

	open_hub();
	CU_ASSERT(goes_to(NEAR));
	shorten(600);
	CU_ASSERT(goes_to(FAR));
	EXPECT_TEXT("show route", "10.4.1.0/24");
	EXPECT_TEXT("show nhrp cache cached", "10.4.1.0/24         tun0       cached      "
					      "203.0.113.11");
	/* Its use is shown, as it is that of leases. */
	world_wait(31 * SECONDS);
	world_discard(0);
	CU_ASSERT_STRING_EQUAL(flags(), "");
	CU_ASSERT(goes_to(FAR));
	world_wait(3 * SECONDS);
	CU_ASSERT_STRING_EQUAL(flags(), "U");
	/* Nobody else is at that address because of it. */
	CU_ASSERT_EQUAL(world.hub->peers[FAR].address_be, 0);
	/* Purged by the other hub: the long way again. */
	spoke_nhrp_say(NEAR, NHRP_PURGE_REQUEST, OTHER, WORLD_HUB, 0, &net);
	world_discard(0);
	CU_ASSERT(goes_to(NEAR));
	CU_ASSERT_PTR_NULL(strstr(world_ask("show route"), "10.4.1.0/24"));
	world_close();
}

static void test_expires(void)
{
	open_hub();
	shorten(10);
	CU_ASSERT(goes_to(FAR));
	world_wait(11 * SECONDS);
	world_discard(0);
	CU_ASSERT(goes_to(NEAR));
	world_close();
}

/* Its SAs go: in that moment its packets go the long way, and those of others are not touched. */
static void test_unkeyed(void)
{
	open_hub();
	shorten(600);
	CU_ASSERT(goes_to(FAR));
	hub_peer_del(world.hub, &world.hub->peers[FAR]);
	CU_ASSERT(goes_to(NEAR));
	CU_ASSERT(spoke_delivers(NEAR, "10.4.9.9", SIDE, "10.255.0.13"));
	world_discard(0);
	world_close();
}

static const struct unit_test tests[] = {
	{"a shortcut of the hub's own: resolved, taken, shown, purged", test_life},
	{"it ends with its holding time", test_expires},
	{"it ends with its SAs", test_unkeyed},
};

const struct control_suite suite_shortcut = {"shortcut", tests, RTE_DIM(tests)};
