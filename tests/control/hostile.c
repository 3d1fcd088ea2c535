/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A spoke with good keys and bad intentions, FAR, against the whole hub: what it tries is refused
 * by policy and counted as its own, what is kept of it is bounded, and the others go on.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "control/rip_hub_priv.h"
#include "tests/control/spoke.h"

#define A "10.255.0.11" /* FAR */
#define B "10.255.0.12" /* NEAR */
#define C "10.255.0.13" /* SIDE */

static const char hub[] =
	"nhrp = { requesters_per_lease = 16; };"
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); },"
	" { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"
	" addresses = [ \"10.8.0.1/24\" ]; } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42; nhrp = { prefix_min = 8; allowed = [ \"10.255.0.0/24\", \"10.0.0.0/8\" ]; };"
	" peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " }, { nbma = "
								"\"198.51.100.13\"; " WORLD_SAS(
									2) " } ); } );"
									   "rip = { network = [ "
									   "\"tun0\" ]; interfaces "
									   "= "
									   "( { name = \"tun0\"; "
									   "maximum_prefix = 100; "
									   "} "
									   "); };";

static void open_hub(void)
{
	world_open(hub);
	world_run();
	world_discard(0);
	/* Its identity is a key that it shares with others. */
	world.hub->peers[FAR].identity_is = HUB_IDENTITY_SHARED;
	CU_ASSERT_EQUAL(spoke_register(FAR, A, 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(SIDE, C, 3600, 0), 0);
	world_wait(2 * SECONDS);
	world_discard(0);
}

static struct nhrp_stats stats(void)
{
	struct nhrp_stats s;

	nhrp_stats(world.hub->nhrp.engine, &s);
	return s;
}

static struct nhrp_peer_stats of_far(void)
{
	struct nhrp_peer_stats s;

	CU_ASSERT(nhrp_peer_stats(world.hub->nhrp.engine, world.hub->peers[FAR].dp, &s));
	return s;
}

/* The others are served as before, and only they are who they are. */
static void others_unaffected(void)
{
	world_discard(0);
	world_discard(1);
	CU_ASSERT(spoke_delivers(NEAR, B, SIDE, C));
	CU_ASSERT(spoke_delivers(SIDE, C, NEAR, B));
	CU_ASSERT_EQUAL(spoke_register(NEAR, B, 3600, 0), 0);
	CU_ASSERT_EQUAL(world.hub->peers[NEAR].address_be, packet_addr(B));
	CU_ASSERT_EQUAL(world.hub->peers[SIDE].address_be, packet_addr(C));
	world_discard(0);
	world_discard(1);
	world_close();
}

static void try_to_register(const char *src, const char *address, uint8_t len)
{
	uint32_t address_be = packet_addr(address);

	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, src, WORLD_HUB, 0,
		&(struct nhrp_cie){
			.prefix_len = len, .holding = 3600, .proto = nhrp_addr_v4(&address_be)});
}

static void test_another_address(void)
{
	open_hub();
	try_to_register(B, B, 32);
	try_to_register(A, C, 32);
	for (unsigned i = 0; i < 7; i++) {
		world_wait(500);
		CU_ASSERT(spoke_delivers(NEAR, B, SIDE, C));
		CU_ASSERT(spoke_delivers(SIDE, C, NEAR, B));
	}
	CU_ASSERT_EQUAL(of_far().conflicts, 2);
	CU_ASSERT_EQUAL(of_far().refused, 2);
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	CU_ASSERT_EQUAL(stats().n_pending, 0);
	EXPECT_TEXT("show dmvpn detail peer " A, "2 refused, 2 conflicts");
	others_unaffected();
}

/* Its key gives it one address: it has no other besides, and nobody else has that one. */
static void test_bound(void)
{
	const uint32_t far_be = packet_addr(A);
	struct hub_peer *far;

	open_hub();
	far = &world.hub->peers[FAR];
	CU_ASSERT_EQUAL(hub_peer_set_identity(far, HUB_IDENTITY_PROVEN, "far.example"), 0);
	far->pinned_be = far_be;
	try_to_register(A, "10.255.0.14", 32);
	CU_ASSERT_EQUAL(of_far().refused, 1);
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(FAR, A, 3600, 0), 0);
	/* Without a lease it is its address all the same. */
	spoke_nhrp_say(FAR, NHRP_PURGE_REQUEST, A, WORLD_HUB, 0,
		&(struct nhrp_cie){.prefix_len = 32, .proto = nhrp_addr_v4(&far_be)});
	CU_ASSERT_EQUAL(stats().n_leases, 2);
	world_discard(0);
	spoke_nhrp_say(NEAR, NHRP_REGISTRATION_REQUEST, B, WORLD_HUB, 0,
		&(struct nhrp_cie){
			.prefix_len = 32, .holding = 60, .proto = nhrp_addr_v4(&far_be)});
	CU_ASSERT(spoke_nhrp_code(NEAR, NHRP_REGISTRATION_REPLY) > 0);
	CU_ASSERT_EQUAL(far->address_be, far_be);
	CU_ASSERT_EQUAL(world_overlay(A), DP_ADJ(DP_ADJ_PEER, far->dp));
	others_unaffected();
}

/* 0.0.0.0/0 is no prefix that NHRP could register; what the hub is in, is its own. */
static void test_networks(void)
{
	open_hub();
	try_to_register(A, "0.0.0.0", 1);
	try_to_register(A, "10.0.0.0", 8);
	try_to_register(A, "10.255.0.0", 24);
	try_to_register(A, "10.255.0.1", 32);
	CU_ASSERT_EQUAL(of_far().refused, 4);
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	spoke_rip_tell(FAR, A, "0.0.0.0", 0, 1);
	spoke_rip_tell(FAR, A, "10.255.0.0", 24, 1);
	spoke_rip_tell(FAR, A, "10.255.0.12", 32, 1);
	spoke_rip_tell(FAR, A, "10.8.0.0", 24, 1);
	spoke_rip_tell(FAR, A, "10.8.0.128", 25, 1);
	EXPECT_TEXT("show rip neighbors json", "\"default_route\":1");
	EXPECT_TEXT("show rip neighbors json", "\"own_network\":4");
	CU_ASSERT_EQUAL(world_overlay("198.51.100.200"), DP_ADJ_NO_ROUTE);
	others_unaffected();
}

static void test_many_routes(void)
{
	open_hub();
	for (unsigned i = 0; i < 1000; i++) {
		char net[16];

		snprintf(net, sizeof(net), "10.%u.%u.0", 100 + i / 250, i % 250);
		spoke_rip_tell(FAR, A, net, 24, 1);
		if (i % 20 == 0) {
			world_wait(1000);
			world_discard(0);
		}
	}
	CU_ASSERT(rip_totals(world.hub->rip->engine).routes <= 101);
	EXPECT_TEXT("show rip neighbors json", "\"prefix_limit\":");
	others_unaffected();
}

static void test_flood(void)
{
	open_hub();
	for (unsigned i = 0; i < 10000; i++) {
		char src[16];

		snprintf(src, sizeof(src), "10.255.0.%u", 20 + i % 200);
		try_to_register(src, src, 32);
		if (i % 50 == 0) {
			world.now += 10;
			world_discard(0);
			CU_ASSERT(spoke_delivers(NEAR, B, SIDE, C));
		}
		world_discard(0);
	}
	CU_ASSERT(world_drops(DP_DROP_punt_peer) > 0);
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	CU_ASSERT(stats().n_bindings <= 4 && stats().n_pending <= 4);
	others_unaffected();
}

/* 10,000 of them, in as few packets as fit in frames. */
static void test_cies(void)
{
	open_hub();
	for (unsigned i = 0; i < 100; i++) {
		struct packet p = {0};
		struct nhrp_builder b;

		spoke_nhrp_start(&b, &p, NHRP_REGISTRATION_REQUEST, FAR, A, WORLD_HUB, 0);
		for (unsigned k = 0; k < 100; k++) {
			uint32_t address_be = htonl(0x0a640000 + i * 100 + k);

			nhrp_build_cie(&b, &(struct nhrp_cie){.prefix_len = 32,
						   .holding = 3600,
						   .proto = nhrp_addr_v4(&address_be)});
		}
		spoke_nhrp_send(FAR, &b, &p);
		world_wait(100);
		world_discard(0);
	}
	CU_ASSERT_EQUAL(of_far().n_leases, 16);
	CU_ASSERT(of_far().refused > 5000);
	CU_ASSERT_EQUAL(stats().n_leases, 18);
	CU_ASSERT_EQUAL(stats().n_pending, 0);
	others_unaffected();
}

static void test_extensions(void)
{
	open_hub();
	for (unsigned i = 0; i < 50; i++) {
		struct packet p = {0};
		struct nhrp_builder b;

		spoke_nhrp_start(&b, &p, NHRP_REGISTRATION_REQUEST, FAR, A, WORLD_HUB, 0);
		nhrp_build_cie(&b, &(struct nhrp_cie){.prefix_len = 32, .holding = 3600});
		for (unsigned k = 0; k < 200; k++)
			nhrp_build_ext(&b, 0x0123, NULL, 0);
		spoke_nhrp_send(FAR, &b, &p);
		world_wait(200);
		world_discard(0);
	}
	CU_ASSERT(stats().dropped[NHRP_DROP_EXTENSIONS] > 0);
	CU_ASSERT_EQUAL(of_far().dropped, stats().dropped[NHRP_DROP_EXTENSIONS]);
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	others_unaffected();
}

/* A request that says that it was here already. */
static void test_loop(void)
{
	uint32_t hub_be = packet_addr(WORLD_HUB), nbma_be = packet_addr("192.0.2.1");
	const struct nhrp_cie own = {.prefix_len = 32,
		.holding = 60,
		.nbma = nhrp_addr_v4(&nbma_be),
		.proto = nhrp_addr_v4(&hub_be)};
	struct nhrp_packet reply;
	struct packet p = {0}, frame;
	struct nhrp_builder b;

	open_hub();
	spoke_nhrp_start(&b, &p, NHRP_RESOLUTION_REQUEST, FAR, A, B, NHRP_FLAG_ROUTER);
	nhrp_build_cie(&b, &(struct nhrp_cie){.mtu = 1400, .holding = 60});
	nhrp_build_ext_open(&b, NHRP_EXT_FORWARD | NHRP_EXT_COMPULSORY);
	nhrp_build_cie(&b, &own);
	nhrp_build_ext_close(&b);
	p.len = (uint16_t)nhrp_build_end(&b);
	for (unsigned i = 0; i < 10; i++) {
		frame = world_seal_gre(FAR, 0x2001, &p);
		world_receive(0, &frame);
		world_run();
		CU_ASSERT(spoke_nhrp_take(FAR, NHRP_ERROR_INDICATION, &reply));
		CU_ASSERT_EQUAL(reply.code, NHRP_ERROR_LOOP);
		EXPECT_NO_FRAME(0);
	}
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_LOOP], 10);
	CU_ASSERT_EQUAL(of_far().dropped, 10);
	CU_ASSERT_EQUAL(stats().n_requesters, 0);
	others_unaffected();
}

/* It asks for all there is: what must be remembered of it is bounded. */
static void test_asks(void)
{
	open_hub();
	spoke_rip_tell(NEAR, B, "10.12.0.0", 16, 1);
	for (unsigned i = 0; i < 5000; i++) {
		char dst[16];

		snprintf(dst, sizeof(dst), "10.12.%u.%u", i / 250, 1 + i % 250);
		spoke_nhrp_say(FAR, NHRP_RESOLUTION_REQUEST, A, dst, NHRP_FLAG_ROUTER,
			&(struct nhrp_cie){.mtu = 1400, .holding = 60});
		if (i % 20 == 0)
			world_wait(100);
		world_discard(0);
	}
	CU_ASSERT(stats().n_requesters <= 16);
	others_unaffected();
}

/* What it does wrong is not all in the log: a few lines in 10 s, and how many more there were. */
static void test_log(void)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	unsigned lines = 0, more = 0;
	char line[LOG_LINE_MAX];

	open_hub();
	CU_ASSERT_FATAL(file != NULL && saved >= 0);
	log_set_level(LOG_NHRP, LOG_LEVEL_WARNING);
	dup2(fileno(file), STDERR_FILENO);
	for (unsigned i = 0; i < 100; i++) {
		spoke_register(FAR, "192.168.7.7", 3600, 0);
		world_wait(50);
		world_discard(0);
	}
	world_wait(LOG_WINDOW_MS);
	dup2(saved, STDERR_FILENO);
	close(saved);
	log_set_level(LOG_NHRP, LOG_LEVEL_ERROR);
	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		CU_ASSERT_PTR_NOT_NULL(
			strstr(line, "<4>nhrp: registration refused of 192.168.7.7/32"));
		lines++;
		if (strstr(line, " more of these in 10 s)") != NULL)
			more += 1 + (unsigned)atoi(strstr(line, "(and ") + 5);
	}
	fclose(file);
	CU_ASSERT_EQUAL(lines, LOG_FEW + 1);
	CU_ASSERT_EQUAL(LOG_FEW + more, of_far().refused);
	others_unaffected();
}

static const struct unit_test tests[] = {
	{"registers others' addresses", test_another_address},
	{"registers more than its key's address", test_bound},
	{"announces 0.0.0.0/0 and the hub's own networks", test_networks},
	{"tells more routes than it may", test_many_routes},
	{"10,000 registrations under many names", test_flood},
	{"10,000 CIEs", test_cies},
	{"10,000 extensions", test_extensions},
	{"loops", test_loop},
	{"asks for everything", test_asks},
	{"fills the log", test_log},
};

const struct control_suite suite_hostile = {"hostile", tests, RTE_DIM(tests)};
