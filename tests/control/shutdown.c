/* SPDX-License-Identifier: BSD-3-Clause */
/* The hub ends: who is told, how much of it at a time, and when it is over. */
#include <arpa/inet.h>

#include "control/rip_hub_priv.h"
#include "tests/control/spoke.h"

#define HUB                                                                                        \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"                      \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = " \
	"42; peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(                                     \
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } ); } );"                       \
								"rip = { network = [ \"tun0\" ]; " \
								"};"

/* NEAR was told by NHRP where FAR is, and by RIP of FAR's network. */
static void open_hub(void)
{
	world_open(HUB);
	world_run();
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	spoke_rip_tell(FAR, "10.255.0.11", "10.11.0.0", 24, 1);
	world_wait(7 * SECONDS);
	CU_ASSERT_EQUAL(spoke_rip_told(NEAR, "10.11.0.0").metric, 2);
	spoke_resolve();
	world_discard(0);
}

/* Turns until it is over. @return milliseconds */
static unsigned end(void)
{
	uint64_t begun = world.now;

	while (!hub_shutdown_over(world.hub) && world.now < begun + 5000) {
		world.now++;
		world_run();
	}
	return (unsigned)(world.now - begun);
}

static void test_wishes(void)
{
	for (unsigned wish = 0; wish < 4; wish++) {
		bool purge = wish & 1, poison = wish & 2, was_purged = false;
		struct rip_entry said = {.metric = 0};
		struct packet frame, inner;
		struct nhrp_packet p;
		uint16_t protocol;

		open_hub();
		hub_shutdown(world.hub, purge, poison);
		CU_ASSERT(end() < 1000);
		while ((frame = world_sent(0)).len != 0) {
			inner = world_unseal_gre(NEAR, &frame, &protocol);
			if (inner.len == 0)
				continue;
			if (protocol == 0x0800)
				spoke_rip_hear(&inner, "10.11.0.0", &said);
			else if (nhrp_packet_parse(&p, inner.b, inner.len) == NHRP_FAULT_NONE)
				was_purged |= p.type == NHRP_PURGE_REQUEST &&
					      (p.flags & NHRP_FLAG_NO_REPLY) != 0;
		}
		CU_ASSERT_EQUAL(was_purged, purge);
		CU_ASSERT_EQUAL(said.metric, poison ? 16 : 0);
		world_close();
	}
}

/* Traffic goes on until the very end. */
static void test_traffic(void)
{
	open_hub();
	hub_shutdown(world.hub, true, true);
	CU_ASSERT(spoke_delivers(NEAR, "10.255.0.12", FAR, "10.11.0.9"));
	end();
	CU_ASSERT(spoke_delivers(NEAR, "10.255.0.12", FAR, "10.11.0.9"));
	world_discard(0);
	world_close();
}

/* However much there is to say, it is over in a second, and no turn takes long. */
static void test_bounded(void)
{
	unsigned most = 0, all = 0, n;

	open_hub();
	for (uint32_t i = 0; i < 5000; i++) {
		const struct rip_announcement a = {.prefix = {htonl(0x0b000000 + (i << 8)), 24},
			.source = RIP_SOURCE_STATIC,
			.metric = 1,
			.iface = RIP_IFACE_NONE};

		CU_ASSERT_EQUAL(rip_announce(world.hub->rip->engine, &a), 0);
	}
	world_run();
	world_discard(0);
	hub_shutdown(world.hub, true, true);
	for (uint64_t begun = world.now; !hub_shutdown_over(world.hub);) {
		CU_ASSERT_FATAL(++world.now <= begun + 1000);
		world_run();
		n = world_discard(0);
		most = n > most ? n : most;
		all += n;
	}
	/* 25 routes a message, to two spokes. */
	CU_ASSERT(all >= 2 * 5000 / 25);
	CU_ASSERT(most > 0 && most <= 2 * 32);
	world_close();
}

static void test_command(void)
{
	open_hub();
	EXPECT_TEXT("purge nhrp 10.254.0.0/16", "0 purged");
	EXPECT_NO_FRAME(0);
	EXPECT_TEXT("purge nhrp 10.255.0.0/16", "1 purged");
	world_run();
	CU_ASSERT(spoke_purged(NEAR, "10.255.0.11"));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.11")), DP_ADJ_PEER);
	spoke_resolve();
	EXPECT_TEXT("pu n all", "1 purged");
	world_run();
	CU_ASSERT(spoke_purged(NEAR, "10.255.0.11"));
	world_discard(0);
	world_close();
}

static const struct unit_test tests[] = {
	{"requesters are purged and routes poisoned as wished", test_wishes},
	{"forwarding goes on meanwhile", test_traffic},
	{"a large table is told in a second, in slices", test_bounded},
	{"RFC 2332 5.2.5: purge nhrp", test_command},
};

const struct control_suite suite_shutdown = {"shutdown", tests, RTE_DIM(tests)};
