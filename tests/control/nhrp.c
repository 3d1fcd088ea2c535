/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes register, are found, are routed, and go: NHRP through the whole hub, with its clock. */
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/control/spoke.h"

/* Spokes that are known by their keys alone, and one whose address is written down. */
#define TUNNEL(nhrp)                                                                               \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"                      \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"        \
	" key = 42; redirect = true; nhrp = { " nhrp " };"                                         \
	" peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(                                        \
		0) " },"                                                                           \
		   " { nbma = \"192.0.2.12\"; " WORLD_SAS(                                         \
			   1) " },"                                                                \
			      " { address = \"10.255.0.13\"; nbma = "                              \
			      "\"198.51.100.13\"; " WORLD_SAS(                                     \
				      2) " } ); } );"                                              \
					 "routes = ( { prefix = \"10.1.1.0/24\"; via = "           \
					 "\"10.255.0.11\"; } );"

static void open_hub(const char *text)
{
	world_open(text);
	world_run();
	world_discard(0);
}

static void test_life(void)
{
	struct packet ping = {.b = {0, 1, 0, 1}, .len = 4}, frame;

	open_hub(TUNNEL("holding_time = 600;"));
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(world_overlay("10.1.1.1"), DP_ADJ_NO_ROUTE);
	EXPECT_TEXT("show dmvpn", "3 peers: 1 up, 2 pending");
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 0, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(SIDE, "10.255.0.13", 3600, 0), 0);
	EXPECT_TEXT("show dmvpn", "10.255.0.11      203.0.113.11            dynamic  up      2    "
				  "01:00:00 ");
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "00:10:00 ");
	EXPECT_TEXT(
		"show dmvpn detail peer 10.255.0.11", "identity - (manual), claims 203.0.113.11,");
	EXPECT_TEXT("show nhrp cache", "10.255.0.12/32      tun0       dynamic     192.0.2.12");
	EXPECT_TEXT("show nhrp stats", "registered ");
	/* The hub speaks to it, and it to others; networks behind it are there with it. */
	ping = world_icmp("10.255.0.11", WORLD_HUB, 8, 0, &ping);
	frame = world_seal(FAR, &ping);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT_NOT_EQUAL(world_unseal(FAR, &frame).len, 0);
	CU_ASSERT(spoke_delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	CU_ASSERT(spoke_delivers(NEAR, "10.255.0.12", FAR, "10.1.1.77"));
	CU_ASSERT(spoke_delivers(SIDE, "10.255.0.13", FAR, "10.255.0.11"));
	/* Renewed in time it stays; SIDE, whose address is written down, stays anyhow. */
	world_wait(400 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 0, 0), 0);
	world_wait(400 * SECONDS);
	world_discard(0);
	CU_ASSERT(spoke_delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	world_wait(3000 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(world_overlay("10.1.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.12"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.13")), DP_ADJ_PEER);
	EXPECT_TEXT("show dmvpn", "3 peers: 1 up, 2 pending");
	world_close();
}

/* A lease ends by itself, by its spoke, by command: who had asked is told. */
static void test_ends(void)
{
	uint32_t far_be = packet_addr("10.255.0.11");
	const struct nhrp_cie own = {.prefix_len = 32, .proto = nhrp_addr_v4(&far_be)};

	for (unsigned way = 0; way < 4; way++) {
		open_hub(TUNNEL(""));
		CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 60, 0), 0);
		CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
		spoke_resolve();
		EXPECT_NO_FRAME(0);
		if (way == 0)
			world_wait(61 * SECONDS);
		else if (way == 1)
			spoke_nhrp_say(FAR, NHRP_PURGE_REQUEST, "10.255.0.11", WORLD_HUB, 0, &own);
		else if (way == 2) {
			EXPECT_TEXT("clear nhrp cache 10.255.0.11", "1 cleared");
		} else
			hub_peer_del(world.hub, &world.hub->peers[FAR]);
		world_run();
		CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
		CU_ASSERT(spoke_purged(NEAR, "10.255.0.11"));
		if (way == 1)
			CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_PURGE_REPLY), 0);
		world_discard(0);
		CU_ASSERT(!spoke_delivers(NEAR, "10.255.0.12", FAR, "10.255.0.11"));
		CU_ASSERT(world_drops(DP_DROP_fwd_no_peer) >= 1);
		world_close();
	}
}

/* What an address that another one holds is worth. */
static void test_unique(void)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{TUNNEL("unique = \"replace\";"), 0}, /* keys of the configuration: believed */
		{TUNNEL("unique = \"always-replace\";"), 0},
		{TUNNEL("unique = \"strict\";"), NHRP_CODE_UNIQUE_EXISTS},
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		bool moved = cases[i].code == 0;

		open_hub(cases[i].text);
		CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
		CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE),
			cases[i].code);
		CU_ASSERT_EQUAL(spoke_delivers(SIDE, "10.255.0.13", NEAR, "10.255.0.11"), moved);
		CU_ASSERT_EQUAL(spoke_delivers(SIDE, "10.255.0.13", FAR, "10.255.0.11"), !moved);
		CU_ASSERT_EQUAL(world.hub->peers[FAR].address_be != 0, !moved);
		world_close();
	}
}

static struct hub_peer *come(enum spoke_name spoke, enum hub_identity is, const char *identity)
{
	const struct hub_peer_params params = {
		.nbma_be = world_nbma(spoke), .identity_is = is, .identity = identity};
	struct hub_peer *p = hub_peer_add(world.hub, 0, &params, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	world_add_sa(p, spoke, true);
	world_add_sa(p, spoke, false);
	return p;
}

/* An identity that proves nothing: whoever holds the address is asked whether it lives. */
static void test_probe(void)
{
	for (unsigned alive = 0; alive < 2; alive++) {
		unsigned asked = 0;
		struct packet frame, got, inner;
		struct nhrp_stats s;

		open_hub(TUNNEL(""));
		come(NEW, HUB_IDENTITY_SHARED, "branch");
		come(NEWER, HUB_IDENTITY_SHARED, "branch");
		CU_ASSERT_EQUAL(spoke_register(NEW, "10.255.0.15", 3600, 0), 0);
		CU_ASSERT_EQUAL(spoke_register(NEWER, "10.255.0.15", 3600, 0), -1);
		world_wait(1500);
		if (alive) {
			inner = packet_udp(
				packet_addr("10.255.0.15"), packet_addr("10.255.0.99"), 1, 2, 30);
			frame = world_seal(NEW, &inner);
			world_receive(0, &frame);
			/* No need to wait any longer. */
			world_wait(100);
			nhrp_stats(world.hub->nhrp.engine, &s);
			CU_ASSERT_EQUAL(s.conflicts, 1);
		}
		world_wait(1600);
		for (frame = world_sent(0); frame.len != 0; frame = world_sent(0)) {
			got = world_unseal(NEW, &frame);
			if (got.len != 0 && got.b[PACKET_IP4_PROTOCOL] == IPPROTO_ICMP &&
				got.b[20] == 8)
				asked++;
		}
		CU_ASSERT(asked >= 1 + !alive);
		CU_ASSERT_EQUAL(world.hub->peers[3].address_be != 0, alive == 1);
		CU_ASSERT_EQUAL(world.hub->peers[4].address_be != 0, alive == 0);
		EXPECT_TEXT("show nhrp stats", alive ? "conflicts " : "moved ");
		world_close();
	}
	/* The same proven identity replaces at once. */
	open_hub(TUNNEL(""));
	come(NEW, HUB_IDENTITY_PROVEN, "CN=branch");
	come(NEWER, HUB_IDENTITY_PROVEN, "CN=branch");
	CU_ASSERT_EQUAL(spoke_register(NEW, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEWER, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT(spoke_delivers(SIDE, "10.255.0.13", NEWER, "10.255.0.15"));
	world_close();
}

static void test_refused(void)
{
	struct hub_peer *p;

	open_hub(TUNNEL(""));
	p = come(NEW, HUB_IDENTITY_SHARED, "new");
	/* The hub's, everybody's, another network's; an address that is written down for SIDE. */
	CU_ASSERT_EQUAL(spoke_register(NEW, WORLD_HUB, 3600, 0), -1);
	CU_ASSERT_EQUAL(spoke_register(NEW, "10.255.0.255", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(spoke_register(NEW, "10.1.1.1", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(spoke_register(NEW, "10.255.0.13", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(p->address_be, 0);
	CU_ASSERT(!spoke_delivers(NEW, "10.255.0.13", FAR, "10.255.0.11"));
	/* SIDE under another name than the one that is written down; and a purge in another's. */
	CU_ASSERT_EQUAL(spoke_register(SIDE, "10.255.0.14", 3600, 0), NHRP_CODE_PROHIBITED);
	spoke_nhrp_say(SIDE, NHRP_PURGE_REQUEST, "10.255.0.14", WORLD_HUB, 0,
		&(struct nhrp_cie){.prefix_len = 32});
	CU_ASSERT_EQUAL(world_drops(DP_DROP_gre_nhrp_source), 1);
	CU_ASSERT_EQUAL(spoke_register(SIDE, "10.255.0.13", 3600, 0), 0);
	/* Beside the first address another one, by the same SA. */
	CU_ASSERT_EQUAL(spoke_register(NEW, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT(spoke_delivers(SIDE, "10.255.0.13", NEW, "10.255.0.15"));
	world_close();
}

/* Nobody knows: the hub says so. */
static void test_negative(void)
{
	const struct nhrp_cie question = {.mtu = 1400, .holding = 600};

	open_hub(TUNNEL(""));
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", "10.255.0.77",
		NHRP_FLAG_ROUTER, &question);
	CU_ASSERT_EQUAL(spoke_nhrp_code(NEAR, NHRP_RESOLUTION_REPLY), NHRP_CODE_NO_BINDING);
	spoke_nhrp_say(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", WORLD_HUB, NHRP_FLAG_ROUTER,
		&question);
	CU_ASSERT_EQUAL(spoke_nhrp_code(NEAR, NHRP_RESOLUTION_REPLY), 0);
	world_close();
}

/* What goes out by the tunnel it came in by could go there without the hub. */
static void test_redirect(void)
{
	const struct packet inner =
		packet_udp(packet_addr("10.255.0.12"), packet_addr("10.1.1.7"), 4000, 5000, 100);
	struct packet frame;
	struct nhrp_packet p;
	uint16_t protocol;

	open_hub(TUNNEL("authentication = \"secret\";"));
	/* Without the password nobody registers. */
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), -1);
	world_discard(0);
	world_close();
	open_hub(TUNNEL(""));
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	frame = world_seal(NEAR, &inner);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT_EQUAL(world_unseal_gre(FAR, &frame, &protocol).len, inner.len);
	CU_ASSERT_FATAL(spoke_nhrp_take(NEAR, NHRP_TRAFFIC_INDICATION, &p));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.dst_proto), packet_addr("10.255.0.12"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), packet_addr(WORLD_HUB));
	CU_ASSERT(p.payload.len >= 28);
	CU_ASSERT(memcmp(p.payload.at + PACKET_IP4_SRC, inner.b + PACKET_IP4_SRC, 8) == 0);
	EXPECT_NO_FRAME(0);
	EXPECT_TEXT("show nhrp redirect", "10.255.0.12      10.1.1.7         1 ");
	world_close();
}

/* One spoke registers as often as it can: others are served, nothing grows. */
static void test_flood(void)
{
	const struct nhrp_cie cie = {.prefix_len = 32, .holding = 3600};
	struct nhrp_stats s;

	open_hub(TUNNEL(""));
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	for (unsigned i = 0; i < 5000; i++) {
		spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, "10.255.0.11", WORLD_HUB, 0, &cie);
		world_discard(0);
	}
	CU_ASSERT(world_drops(DP_DROP_punt_peer) > 0);
	nhrp_stats(world.hub->nhrp.engine, &s);
	CU_ASSERT_EQUAL(s.n_leases, 1);
	CU_ASSERT_EQUAL(s.n_pending, 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	CU_ASSERT(spoke_delivers(NEAR, "10.255.0.12", FAR, "10.255.0.11"));
	world_close();
}

static char hook_out[64];

/* Scripts are processes of their own: until a frame is sent, or they have said this. */
static void wait_for_script(const char *said)
{
	for (unsigned i = 0; i < 20000; i++) {
		const struct world_queue *sent = &world.port[0].tx;

		world.now++;
		world_run();
		if (said != NULL ? strstr(world_file(hook_out), said) != NULL
				 : sent->head != sent->n)
			return;
		usleep(1000);
	}
	CU_FAIL("nothing came of it");
}

/* A script is asked for permission, and told what became of it. */
static void test_hooks(void)
{
	static char folder[] = "/tmp/nhrp-hook-XXXXXX";
	const struct nhrp_cie cie = {.prefix_len = 32, .mtu = 1400, .holding = 10};
	char script[64], go[64], text[2048];
	FILE *f;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(script, sizeof(script), "%s/script", folder);
	snprintf(hook_out, sizeof(hook_out), "%s/out", folder);
	f = fopen(script, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f,
		"#!/bin/sh\n[ $1 = peer-register ] && until [ -e %s/go ]; do sleep 0.01; done\n"
		"[ $1 = peer-register ] && [ $NHRP_DESTADDR = 10.255.0.12 ] && exit 1\n"
		"echo $1 $NHRP_DESTADDR $NHRP_DESTNBMA $NHRP_INTERFACE $NHRP_GRE_KEY "
		"$NHRP_PEER_DOWN_REASON >> %s\n",
		folder, hook_out);
	fclose(f);
	CU_ASSERT_EQUAL(chmod(script, 0700), 0);
	snprintf(text, sizeof(text),
		TUNNEL("") "hooks = ( { script = \"%s\"; events = ( \"peer-register\", \"peer-up\","
			   " \"peer-down\", \"interface-up\" ); timeout = 20; } );",
		script);
	open_hub(text);
	wait_for_script("interface-up tun0 42\n");
	spoke_nhrp_say(FAR, NHRP_REGISTRATION_REQUEST, "10.255.0.11", WORLD_HUB, 0, &cie);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	/* It has thought for long enough. */
	snprintf(go, sizeof(go), "%s/go", folder);
	f = fopen(go, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fclose(f);
	wait_for_script(NULL);
	CU_ASSERT_EQUAL(spoke_nhrp_code(FAR, NHRP_REGISTRATION_REPLY), 0);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.11")), DP_ADJ_PEER);
	spoke_nhrp_say(NEAR, NHRP_REGISTRATION_REQUEST, "10.255.0.12", WORLD_HUB, 0, &cie);
	wait_for_script(NULL);
	CU_ASSERT_EQUAL(spoke_nhrp_code(NEAR, NHRP_REGISTRATION_REPLY), 4);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.12"), DP_ADJ_NO_PEER);
	wait_for_script("peer-up 10.255.0.11 203.0.113.11 tun0 42\n");
	world_wait(11 * SECONDS);
	wait_for_script("peer-down 10.255.0.11 203.0.113.11 tun0 42 expired\n");
	CU_ASSERT_PTR_NOT_NULL(
		strstr(world_file(hook_out), "peer-register 10.255.0.11 203.0.113.11"));
	CU_ASSERT_PTR_NULL(strstr(world_file(hook_out), "10.255.0.12"));
	unlink(script);
	unlink(go);
	unlink(hook_out);
	rmdir(folder);
	world_discard(0);
	world_close();
}

static const struct unit_test tests[] = {
	{"registered, routed, renewed, expired", test_life},
	{"who asked is told when it ends", test_ends},
	{"an address that somebody holds", test_unique},
	{"does the holder live?", test_probe},
	{"addresses a spoke cannot register", test_refused},
	{"nobody knows", test_negative},
	{"a shorter way", test_redirect},
	{"a flood of registrations", test_flood},
	{"scripts that are asked and told", test_hooks},
};

const struct control_suite suite_nhrp = {"nhrp", tests, RTE_DIM(tests)};
