/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom the tunnel's multicast goes to: frames that leave, under each setting of `multicast`. */
#include "tests/control/spoke.h"

/* FAR and NEAR register; SIDE is a server of the hub's. Whatever is there, RIP tells. */
#define HUB(nhrp)                                                                                  \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"                      \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = " \
	"42; nhrp = { " nhrp " }; peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(                \
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " }, { address = \"10.255.0.13\";" \
								" nbma = \"198.51.100."            \
								"13\"; " WORLD_SAS(                \
									2) " } ); } );"            \
									   "rip = { "              \
									   "network = [ "          \
									   "\"tun0\" ]; "          \
									   "};"

#define SERVER "nhs = ( { address = \"10.255.0.13\"; nbma = \"198.51.100.13\"; } ); "
#define MAP                                                                                        \
	"maps = ( { prefix = \"10.255.0.13/32\"; nbma = \"198.51.100.13\"; register = true; } ); "

#define TO(spoke) (1u << (spoke))

/* Which of the spokes were sent a packet to the group by now. */
static unsigned sent_to(void)
{
	unsigned to = 0;
	struct packet frame, inner;

	while ((frame = world_sent(0)).len != 0)
		for (enum spoke_name s = FAR; s <= SIDE; s++) {
			inner = world_unseal(s, &frame);
			if (inner.len >= 20 &&
				packet_get32(inner.b + PACKET_IP4_SRC + 4) == 0xe0000009)
				to |= TO(s);
		}
	return to;
}

static void test_settings(void)
{
	static const struct {
		const char *text;
		unsigned to;
	} cases[] = {
		{HUB(SERVER), TO(FAR) | TO(NEAR) | TO(SIDE)}, /* as by default */
		{HUB(SERVER "multicast = [ \"dynamic\" ];"), TO(FAR) | TO(NEAR) | TO(SIDE)},
		{HUB(SERVER "multicast = [ \"nhs\" ];"), TO(SIDE)},
		{HUB(MAP "multicast = [ \"nhs\" ];"), TO(SIDE)},
		{HUB("multicast = [ \"10.255.0.12\" ];"), TO(NEAR)},
		{HUB("multicast = [ \"10.255.0.12\", \"10.255.0.11\" ];"), TO(NEAR) | TO(FAR)},
		{HUB(SERVER "multicast = [ \"nhs\", \"10.255.0.11\" ];"), TO(SIDE) | TO(FAR)},
		{HUB("multicast = [ \"10.255.0.99\" ];"), 0},
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		world_open(cases[i].text);
		world_run();
		world_discard(0);
		spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, "10.255.0.11", WORLD_HUB, 0,
			&(struct nhrp_cie){.prefix_len = 32, .holding = 600});
		spoke_nhrp_say(NEAR, NHRP_REGISTRATION_REQUEST, "10.255.0.12", WORLD_HUB, 0,
			&(struct nhrp_cie){.prefix_len = 32, .holding = 600});
		world_wait(5 * SECONDS);
		world_discard(0);
		world_wait(40 * SECONDS);
		CU_ASSERT_EQUAL(sent_to(), cases[i].to);
		world_close();
	}
}

/* An address is a name, not a spoke: it is sent multicast under whatever spoke has it. */
static void test_follows(void)
{
	world_open(HUB("multicast = [ \"10.255.0.21\" ];"));
	world_run();
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.21", 600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 600, 0), 0);
	world_wait(5 * SECONDS);
	world_discard(0);
	world_wait(40 * SECONDS);
	CU_ASSERT_EQUAL(sent_to(), TO(FAR));
	spoke_register(FAR, "10.255.0.11", 600, 0);
	spoke_register(NEAR, "10.255.0.21", 600, 0);
	world_wait(5 * SECONDS);
	world_discard(0);
	world_wait(40 * SECONDS);
	CU_ASSERT_EQUAL(sent_to(), TO(NEAR));
	world_close();
}

static const struct unit_test tests[] = {
	{"dynamic, nhs, addresses: by the frames that leave", test_settings},
	{"an address that changes hands", test_follows},
};

const struct control_suite suite_multicast = {"multicast", tests, RTE_DIM(tests)};
