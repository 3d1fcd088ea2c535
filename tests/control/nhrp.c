/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes register, are found, are routed, and go: NHRP through the whole hub, with its clock. */
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nhrp/packet.h"
#include "tests/control/world.h"

#define NHRP   0x2001
#define HUB_IP "10.255.0.1"

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

static uint32_t next_id = 100;

static void start(struct nhrp_builder *b, struct packet *p, uint8_t type, enum spoke_name spoke,
	const char *src, const char *dst, uint16_t flags)
{
	static uint32_t nbma_be, src_be, dst_be;
	struct nhrp_packet head = {.afn = NHRP_AFN_IPV4,
		.protocol = NHRP_PROTOCOL_IPV4,
		.hop_count = 255,
		.version = 1,
		.type = type,
		.flags = flags,
		.request_id = next_id++};

	nbma_be = world_nbma(spoke);
	src_be = packet_addr(src);
	dst_be = packet_addr(dst);
	head.src_nbma = nhrp_addr_v4(&nbma_be);
	head.src_proto = nhrp_addr_v4(&src_be);
	head.dst_proto = nhrp_addr_v4(&dst_be);
	nhrp_build_start(b, p->b, sizeof(p->b), &head);
}

static void send_built(enum spoke_name spoke, struct nhrp_builder *b, struct packet *p)
{
	struct packet frame;

	nhrp_build_ext(b, NHRP_EXT_RESPONDER | NHRP_EXT_COMPULSORY, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_FORWARD | NHRP_EXT_COMPULSORY, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_REVERSE | NHRP_EXT_COMPULSORY, NULL, 0);
	p->len = (uint16_t)nhrp_build_end(b);
	CU_ASSERT_NOT_EQUAL_FATAL(p->len, 0);
	frame = world_seal_gre(spoke, NHRP, p);
	world_receive(0, &frame);
	world_run();
}

static void send_cie(enum spoke_name spoke, uint8_t type, const char *src, const char *dst,
	uint16_t flags, const struct nhrp_cie *cie)
{
	struct packet p = {0};
	struct nhrp_builder b;

	start(&b, &p, type, spoke, src, dst, flags);
	nhrp_build_cie(&b, cie);
	send_built(spoke, &b, &p);
}

/* The next frame is an NHRP packet of this type for the spoke. Valid until the next call. */
static bool take(enum spoke_name spoke, uint8_t type, struct nhrp_packet *p)
{
	static struct packet inner;
	struct packet frame = world_sent(0);
	uint16_t protocol = 0;

	inner = world_unseal_gre(spoke, &frame, &protocol);
	return inner.len != 0 && protocol == NHRP &&
	       nhrp_packet_parse(p, inner.b, inner.len) == NHRP_FAULT_NONE && p->type == type &&
	       p->hop_count > 0;
}

/* The code of the reply's first CIE, -1 for no reply. */
static int take_code(enum spoke_name spoke, uint8_t type)
{
	struct nhrp_packet p;
	struct nhrp_cie cie;
	struct cursor c;

	if (!take(spoke, type, &p))
		return -1;
	c = cursor_open(p.payload.at, p.payload.len);
	return nhrp_cie_next(&c, &cie) ? cie.code : -1;
}

static int register_as(enum spoke_name spoke, const char *address, uint16_t holding, uint16_t flags)
{
	const struct nhrp_cie cie = {.prefix_len = 32, .mtu = 17916, .holding = holding};

	send_cie(spoke, NHRP_REGISTRATION_REQUEST, address, HUB_IP, flags, &cie);
	return take_code(spoke, NHRP_REGISTRATION_REPLY);
}

static dp_adj_t overlay(const char *addr)
{
	return dp_route_lookup(world.dp, DP_TABLE_OVERLAY, packet_addr(addr));
}

/* One packet from spoke to spoke arrives, with or without an indication to its sender. */
static bool delivers(enum spoke_name from, const char *src, enum spoke_name to, const char *dst)
{
	const struct packet inner = packet_udp(packet_addr(src), packet_addr(dst), 4000, 5000, 100);
	struct packet frame = world_seal(from, &inner), got;
	bool arrived = false;

	world_receive(0, &frame);
	world_run();
	for (frame = world_sent(0); frame.len != 0; frame = world_sent(0)) {
		got = world_unseal(to, &frame);
		arrived |= got.len == inner.len;
	}
	return arrived;
}

static void test_life(void)
{
	struct packet ping = {.b = {0, 1, 0, 1}, .len = 4}, frame;

	open_hub(TUNNEL("holding_time = 600;"));
	CU_ASSERT_EQUAL(overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(overlay("10.1.1.1"), DP_ADJ_NO_ROUTE);
	EXPECT_TEXT("show dmvpn", "3 peers: 1 up, 2 pending");
	CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 0, 0), 0);
	CU_ASSERT_EQUAL(register_as(SIDE, "10.255.0.13", 3600, 0), 0);
	EXPECT_TEXT("show dmvpn", "10.255.0.11      203.0.113.11            dynamic  up      2    "
				  "01:00:00 ");
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "00:10:00 ");
	EXPECT_TEXT(
		"show dmvpn detail peer 10.255.0.11", "identity - (manual), claims 203.0.113.11,");
	EXPECT_TEXT("show nhrp cache", "10.255.0.12/32      tun0       dynamic     192.0.2.12");
	EXPECT_TEXT("show nhrp stats", "registered ");
	/* The hub speaks to it, and it to others; networks behind it are there with it. */
	ping = world_icmp("10.255.0.11", HUB_IP, 8, 0, &ping);
	frame = world_seal(FAR, &ping);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT_NOT_EQUAL(world_unseal(FAR, &frame).len, 0);
	CU_ASSERT(delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	CU_ASSERT(delivers(NEAR, "10.255.0.12", FAR, "10.1.1.77"));
	CU_ASSERT(delivers(SIDE, "10.255.0.13", FAR, "10.255.0.11"));
	/* Renewed in time it stays; SIDE, whose address is written down, stays anyhow. */
	world_wait(400 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 0, 0), 0);
	world_wait(400 * SECONDS);
	world_discard(0);
	CU_ASSERT(delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	world_wait(3000 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(overlay("10.1.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(overlay("10.255.0.12"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay("10.255.0.13")), DP_ADJ_PEER);
	EXPECT_TEXT("show dmvpn", "3 peers: 1 up, 2 pending");
	world_close();
}

/* NEAR asks for FAR; the hub sends that on, and the answer back. */
static void resolve(void)
{
	const struct nhrp_cie question = {.mtu = 1400, .holding = 600};
	uint32_t nbma_be = world_nbma(FAR), far_be = packet_addr("10.255.0.11");
	const struct nhrp_cie answer = {.prefix_len = 32,
		.mtu = 1400,
		.holding = 600,
		.nbma = nhrp_addr_v4(&nbma_be),
		.proto = nhrp_addr_v4(&far_be)};
	struct nhrp_packet p, reply;
	struct nhrp_builder b;
	struct packet out = {0};

	send_cie(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", "10.255.0.11",
		NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE, &question);
	CU_ASSERT_FATAL(take(FAR, NHRP_RESOLUTION_REQUEST, &p));
	CU_ASSERT_EQUAL(p.hop_count, 254);
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), packet_addr("10.255.0.12"));
	reply = p;
	reply.type = NHRP_RESOLUTION_REPLY;
	reply.hop_count = 255;
	nhrp_build_start(&b, out.b, sizeof(out.b), &reply);
	nhrp_build_cie(&b, &answer);
	send_built(FAR, &b, &out);
	CU_ASSERT_EQUAL(take_code(NEAR, NHRP_RESOLUTION_REPLY), 0);
}

static bool purged(enum spoke_name spoke, const char *address)
{
	struct nhrp_packet p;
	struct nhrp_cie cie;
	struct cursor c;

	if (!take(spoke, NHRP_PURGE_REQUEST, &p))
		return false;
	c = cursor_open(p.payload.at, p.payload.len);
	return nhrp_cie_next(&c, &cie) && nhrp_addr_be(&cie.proto) == packet_addr(address);
}

/* A lease ends by itself, by its spoke, by command: who had asked is told. */
static void test_ends(void)
{
	uint32_t far_be = packet_addr("10.255.0.11");
	const struct nhrp_cie own = {.prefix_len = 32, .proto = nhrp_addr_v4(&far_be)};

	for (unsigned way = 0; way < 4; way++) {
		open_hub(TUNNEL(""));
		CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 60, 0), 0);
		CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 3600, 0), 0);
		resolve();
		EXPECT_NO_FRAME(0);
		if (way == 0)
			world_wait(61 * SECONDS);
		else if (way == 1)
			send_cie(FAR, NHRP_PURGE_REQUEST, "10.255.0.11", HUB_IP, 0, &own);
		else if (way == 2) {
			EXPECT_TEXT("clear nhrp cache 10.255.0.11", "1 binding cleared");
		} else
			hub_peer_del(world.hub, &world.hub->peers[FAR]);
		world_run();
		CU_ASSERT_EQUAL(overlay("10.255.0.11"), DP_ADJ_NO_PEER);
		CU_ASSERT(purged(NEAR, "10.255.0.11"));
		if (way == 1)
			CU_ASSERT_EQUAL(take_code(FAR, NHRP_PURGE_REPLY), 0);
		world_discard(0);
		CU_ASSERT(!delivers(NEAR, "10.255.0.12", FAR, "10.255.0.11"));
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
		CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
		CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE),
			cases[i].code);
		CU_ASSERT_EQUAL(delivers(SIDE, "10.255.0.13", NEAR, "10.255.0.11"), moved);
		CU_ASSERT_EQUAL(delivers(SIDE, "10.255.0.13", FAR, "10.255.0.11"), !moved);
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

		open_hub(TUNNEL(""));
		come(NEW, HUB_IDENTITY_SHARED, "branch");
		come(NEWER, HUB_IDENTITY_SHARED, "branch");
		CU_ASSERT_EQUAL(register_as(NEW, "10.255.0.15", 3600, 0), 0);
		CU_ASSERT_EQUAL(register_as(NEWER, "10.255.0.15", 3600, 0), -1);
		world_wait(1500);
		if (alive) {
			inner = packet_udp(
				packet_addr("10.255.0.15"), packet_addr("10.255.0.99"), 1, 2, 30);
			frame = world_seal(NEW, &inner);
			world_receive(0, &frame);
		}
		world_wait(1600);
		for (frame = world_sent(0); frame.len != 0; frame = world_sent(0)) {
			got = world_unseal(NEW, &frame);
			if (got.len != 0 && got.b[PACKET_IP4_PROTOCOL] == IPPROTO_ICMP &&
				got.b[20] == 8)
				asked++;
		}
		CU_ASSERT(asked >= 2);
		CU_ASSERT_EQUAL(world.hub->peers[3].address_be != 0, alive == 1);
		CU_ASSERT_EQUAL(world.hub->peers[4].address_be != 0, alive == 0);
		EXPECT_TEXT("show nhrp stats", alive ? "conflicts " : "moved ");
		world_close();
	}
	/* The same proven identity replaces at once. */
	open_hub(TUNNEL(""));
	come(NEW, HUB_IDENTITY_PROVEN, "CN=branch");
	come(NEWER, HUB_IDENTITY_PROVEN, "CN=branch");
	CU_ASSERT_EQUAL(register_as(NEW, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT_EQUAL(register_as(NEWER, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT(delivers(SIDE, "10.255.0.13", NEWER, "10.255.0.15"));
	world_close();
}

static void test_refused(void)
{
	struct hub_peer *p;

	open_hub(TUNNEL(""));
	p = come(NEW, HUB_IDENTITY_SHARED, "new");
	/* The hub's, everybody's, another network's; an address that is written down for SIDE. */
	CU_ASSERT_EQUAL(register_as(NEW, HUB_IP, 3600, 0), -1);
	CU_ASSERT_EQUAL(register_as(NEW, "10.255.0.255", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(register_as(NEW, "10.1.1.1", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(register_as(NEW, "10.255.0.13", 3600, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(p->address_be, 0);
	CU_ASSERT(!delivers(NEW, "10.255.0.13", FAR, "10.255.0.11"));
	/* SIDE in another's name ends in the data plane. */
	CU_ASSERT_EQUAL(register_as(SIDE, "10.255.0.14", 3600, 0), -1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_gre_nhrp_source), 1);
	CU_ASSERT_EQUAL(register_as(SIDE, "10.255.0.13", 3600, 0), 0);
	/* Beside the first address another one, by the same SA. */
	CU_ASSERT_EQUAL(register_as(NEW, "10.255.0.15", 3600, 0), 0);
	CU_ASSERT(delivers(SIDE, "10.255.0.13", NEW, "10.255.0.15"));
	world_close();
}

/* Nobody knows: the hub says so. */
static void test_negative(void)
{
	const struct nhrp_cie question = {.mtu = 1400, .holding = 600};

	open_hub(TUNNEL(""));
	CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 3600, 0), 0);
	send_cie(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", "10.255.0.77", NHRP_FLAG_ROUTER,
		&question);
	CU_ASSERT_EQUAL(take_code(NEAR, NHRP_RESOLUTION_REPLY), NHRP_CODE_NO_BINDING);
	send_cie(NEAR, NHRP_RESOLUTION_REQUEST, "10.255.0.12", HUB_IP, NHRP_FLAG_ROUTER, &question);
	CU_ASSERT_EQUAL(take_code(NEAR, NHRP_RESOLUTION_REPLY), 0);
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
	CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 3600, 0), -1);
	world_discard(0);
	world_close();
	open_hub(TUNNEL(""));
	CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 3600, 0), 0);
	CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 3600, 0), 0);
	frame = world_seal(NEAR, &inner);
	world_receive(0, &frame);
	world_run();
	frame = world_sent(0);
	CU_ASSERT_EQUAL(world_unseal_gre(FAR, &frame, &protocol).len, inner.len);
	CU_ASSERT_FATAL(take(NEAR, NHRP_TRAFFIC_INDICATION, &p));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.dst_proto), packet_addr("10.255.0.12"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), packet_addr(HUB_IP));
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
	CU_ASSERT_EQUAL(register_as(FAR, "10.255.0.11", 3600, 0), 0);
	for (unsigned i = 0; i < 5000; i++) {
		send_cie(FAR, NHRP_REGISTRATION_REQUEST, "10.255.0.11", HUB_IP, 0, &cie);
		world_discard(0);
	}
	CU_ASSERT(world_drops(DP_DROP_punt_peer) > 0);
	nhrp_stats(world.hub->nhrp.engine, &s);
	CU_ASSERT_EQUAL(s.n_leases, 1);
	CU_ASSERT_EQUAL(s.n_pending, 0);
	CU_ASSERT_EQUAL(register_as(NEAR, "10.255.0.12", 3600, 0), 0);
	CU_ASSERT(delivers(NEAR, "10.255.0.12", FAR, "10.255.0.11"));
	world_close();
}

static char hook_out[64];

static const char *hook_said(void)
{
	static char text[4096];
	FILE *f = fopen(hook_out, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}

/* Scripts are processes of their own: until a frame is sent, or they have said this. */
static void wait_for_script(const char *said)
{
	for (unsigned i = 0; i < 20000; i++) {
		const struct world_queue *sent = &world.port[0].tx;

		world.now++;
		world_run();
		if (said != NULL ? strstr(hook_said(), said) != NULL : sent->head != sent->n)
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
	char script[64], text[2048];
	FILE *f;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(script, sizeof(script), "%s/script", folder);
	snprintf(hook_out, sizeof(hook_out), "%s/out", folder);
	f = fopen(script, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f,
		"#!/bin/sh\n[ $1 = peer-register ] && [ $NHRP_DESTADDR = 10.255.0.12 ] && exit 1\n"
		"echo $1 $NHRP_DESTADDR $NHRP_DESTNBMA $NHRP_INTERFACE $NHRP_GRE_KEY "
		"$NHRP_PEER_DOWN_REASON >> %s\n",
		hook_out);
	fclose(f);
	CU_ASSERT_EQUAL(chmod(script, 0700), 0);
	snprintf(text, sizeof(text),
		TUNNEL("") "hooks = ( { script = \"%s\"; events = ( \"peer-register\", \"peer-up\","
			   " \"peer-down\", \"interface-up\" ); timeout = 20; } );",
		script);
	open_hub(text);
	wait_for_script("interface-up tun0 42\n");
	send_cie(FAR, NHRP_REGISTRATION_REQUEST, "10.255.0.11", HUB_IP, 0, &cie);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	wait_for_script(NULL);
	CU_ASSERT_EQUAL(take_code(FAR, NHRP_REGISTRATION_REPLY), 0);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(overlay("10.255.0.11")), DP_ADJ_PEER);
	send_cie(NEAR, NHRP_REGISTRATION_REQUEST, "10.255.0.12", HUB_IP, 0, &cie);
	wait_for_script(NULL);
	CU_ASSERT_EQUAL(take_code(NEAR, NHRP_REGISTRATION_REPLY), 4);
	CU_ASSERT_EQUAL(overlay("10.255.0.12"), DP_ADJ_NO_PEER);
	wait_for_script("peer-up 10.255.0.11 203.0.113.11 tun0 42\n");
	world_wait(11 * SECONDS);
	wait_for_script("peer-down 10.255.0.11 203.0.113.11 tun0 42 expired\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(hook_said(), "peer-register 10.255.0.11 203.0.113.11"));
	CU_ASSERT_PTR_NULL(strstr(hook_said(), "10.255.0.12"));
	unlink(script);
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
