/* SPDX-License-Identifier: BSD-3-Clause */
/* What a spoke may give as its own: sources of inner packets, RIP, NHRP. */
#include <string.h>

#include "tests/dp/expect.h"

#define LAN_HOST "10.9.0.7"
#define NOBODY   "10.255.0.99" /* on the tunnel's prefix, not a spoke */
#define NOWHERE  "172.16.0.1"

#define NHRP_REGISTRATION_REQUEST 3
#define NHRP_PURGE_REQUEST        5

static void open_mode(enum dp_rpf mode)
{
	const struct net_params params = {.rpf = mode, .n_mbufs = 4095};
	const struct mac_addr router = {{2, 0, 0, 0, 9, 9}};
	uint32_t neighbor;

	net_open(&params);
	CU_ASSERT(dp_neighbor_add(net.dp, net.port[1].index, &router, &neighbor) == 0);
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.0"), 24,
			  DP_ADJ(DP_ADJ_ETHER, neighbor)) == 0);
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.1"), 32,
			  DP_ADJ_LOCAL) == 0);
}

static struct packet from(uint32_t src_be)
{
	return packet_udp(src_be, net.b.lan_be, 1, 2, 100);
}

/* Spoke a sends this source; it reaches b. */
static void expect_taken(struct place at, const char *src)
{
	struct packet inner = from(packet_addr(src));

	spoke_send_run(&net.a, &inner);
	inner = packet_hop(&inner);
	expect_delivered(at, &net.b, &inner);
}

static void send_from(const char *src)
{
	const struct packet inner = from(packet_addr(src));

	spoke_send_run(&net.a, &inner);
}

/* In every mode, of its own tunnel and of the other. */
static void tunnel_addresses(void)
{
	for (enum dp_rpf mode = DP_RPF_LOOSE; mode <= DP_RPF_OFF; mode++) {
		open_mode(mode);
		expect_taken(HERE, "10.255.0.11");
		expect_taken(HERE, "10.1.1.10");
		send_from("10.255.0.12");
		send_from("10.254.0.14");
		send_from(HUB_TUNNEL);
		send_from(HUB_TUNNEL_1);
		EXPECT_DROPS(fwd_source_peer, 4);
		net_close();
	}
}

static void loose(void)
{
	open_mode(DP_RPF_LOOSE);
	expect_taken(HERE, "10.1.2.99");
	expect_taken(HERE, "10.1.4.10");
	send_from(NOWHERE);
	send_from(NOBODY);
	send_from(LAN_HOST);
	send_from("10.9.0.1");
	EXPECT_DROPS(fwd_rpf, 4);
	/* A default route makes every source one that leads to a spoke. */
	CU_ASSERT(
		dp_route_add(net.dp, DP_TABLE_OVERLAY, 0, 0, DP_ADJ(DP_ADJ_PEER, net.c.peer)) == 0);
	expect_taken(HERE, NOWHERE);
	net_close();
}

static void strict(void)
{
	open_mode(DP_RPF_STRICT);
	expect_taken(HERE, "10.1.1.99");
	send_from("10.1.2.99");
	send_from("10.1.4.10");
	send_from(NOWHERE);
	send_from(NOBODY);
	send_from(LAN_HOST);
	EXPECT_DROPS(fwd_rpf, 5);
	/* The network moves behind another spoke: so does the right to use it. */
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.1.2.0"), 24,
			  DP_ADJ(DP_ADJ_PEER, net.a.peer)) == 0);
	send_from("10.1.3.10");
	EXPECT_DROPS(fwd_rpf, 6);
	net_close();
}

static void off(void)
{
	open_mode(DP_RPF_OFF);
	expect_taken(HERE, "10.1.2.99");
	expect_taken(HERE, NOWHERE);
	expect_taken(HERE, NOBODY);
	expect_taken(HERE, LAN_HOST);
	net_close();
}

/* In one burst with others': these go on, in their order. */
static void in_a_burst(void)
{
	struct packet inner;

	open_mode(DP_RPF_STRICT);
	for (unsigned i = 0; i < 30; i++) {
		inner = from(i % 3 == 1   ? net.b.tunnel_be
			     : i % 3 == 2 ? net.b.lan_be
					  : net.a.lan_be);
		packet_put16(inner.b + PACKET_IP4_ID, (uint16_t)i);
		packet_ip4_seal(inner.b);
		spoke_send(&net.a, &inner);
	}
	net_run();
	EXPECT_DROPS(fwd_source_peer, 10);
	EXPECT_DROPS(fwd_rpf, 10);
	for (unsigned i = 0; i < 30; i += 3) {
		inner = from(net.a.lan_be);
		packet_put16(inner.b + PACKET_IP4_ID, (uint16_t)i);
		packet_ip4_seal(inner.b);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	net_close();
}

/* Whatever a spoke addresses to control passes the same check first. */
static void to_control(void)
{
	static const char *const destinations[] = {"224.0.0.9", "255.255.255.255", HUB_TUNNEL};
	struct packet payload = packet_fill(8, 64), inner;
	unsigned n = 0;

	open_mode(DP_RPF_OFF);
	for (unsigned i = 0; i < RTE_DIM(destinations); i++, n++) {
		inner = packet_udp(net.b.tunnel_be, packet_addr(destinations[i]), 520, 520, 52);
		spoke_send_run(&net.a, &inner);
		EXPECT_DROPS(fwd_source_peer, n + 1);
		inner = packet_udp(net.a.lan_be, packet_addr(destinations[i]), 520, 520, 52);
		spoke_send_run(&net.a, &inner);
		EXPECT_DROPS(fwd_rip_source, n + 1);
		inner = packet_udp(net.a.tunnel_be, packet_addr(destinations[i]), 520, 520, 52);
		spoke_send_run(&net.a, &inner);
		EXPECT_PUNT(RIP, NULL);
	}
	inner = packet_ip4(net.b.tunnel_be, packet_addr(HUB_TUNNEL), IPPROTO_ICMP, &payload);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_source_peer, n + 1);
	inner.b[PACKET_IP4_TTL] = 1;
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner); /* nor does a third one get an ICMP error for it */
	EXPECT_DROPS(fwd_source_peer, n + 2);
	net_close();
}

/* RFC 2332 5.2.0, 5.2.3: fixed header, then the mandatory part's beginning. */
static struct packet nhrp(uint8_t type, unsigned nbma_len, uint32_t source_be)
{
	struct packet p = {.len = (uint16_t)(20 + 8 + nbma_len + 8)};

	packet_put16(p.b, 1);         /* address family: IPv4 */
	packet_put16(p.b + 2, 0x800); /* protocol type */
	p.b[9] = 64;                  /* hop count */
	packet_put16(p.b + 10, p.len);
	p.b[16] = 1; /* version */
	p.b[17] = type;
	p.b[18] = (uint8_t)nbma_len;
	p.b[20] = 4; /* length of protocol addresses */
	p.b[21] = 4;
	memcpy(p.b + 28, &net.a.nbma_be, RTE_MIN(nbma_len, 4u));
	memcpy(p.b + 28 + nbma_len, &source_be, 4);
	return p;
}

static void send_nhrp(const struct packet *p)
{
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	const struct packet packet = packet_gre(&gre, p);

	spoke_send_gre(&net.a, &packet);
	net_run();
}

static void nhrp_sources(void)
{
	struct packet p, got;
	unsigned n = 0;

	open_mode(DP_RPF_OFF);
	for (unsigned nbma_len = 0; nbma_len <= 4; nbma_len += 4) {
		p = nhrp(NHRP_PURGE_REQUEST, nbma_len, net.a.tunnel_be);
		send_nhrp(&p);
		got = EXPECT_PUNT(NHRP, NULL);
		EXPECT(packet_equal(&got, &p));
		p = nhrp(NHRP_PURGE_REQUEST, nbma_len, net.b.tunnel_be);
		send_nhrp(&p);
		EXPECT_DROPS(gre_nhrp_source, ++n);
	}
	/* A source that is no IPv4 address, or not all there. */
	p = nhrp(NHRP_PURGE_REQUEST, 4, net.a.tunnel_be);
	p.b[20] = 16;
	send_nhrp(&p);
	EXPECT_DROPS(gre_nhrp_source, ++n);
	p = nhrp(NHRP_PURGE_REQUEST, 4, net.a.tunnel_be);
	for (p.len = 35; p.len >= 18; p.len--) {
		send_nhrp(&p);
		EXPECT_DROPS(gre_nhrp_source, ++n);
	}
	/* Requests that travel are others' words, and who registers may have another address now.
	 */
	p = nhrp(1, 4, net.b.tunnel_be);
	send_nhrp(&p);
	EXPECT_PUNT(NHRP, NULL);
	p = nhrp(NHRP_REGISTRATION_REQUEST, 4, net.b.tunnel_be);
	send_nhrp(&p);
	EXPECT_PUNT(NHRP, NULL);
	net_close();
}

/* Who has not told its tunnel address yet may do so. */
static void nhrp_first(void)
{
	const struct net_params params = {.no_peers = true};
	uint32_t address_be;
	struct packet p;

	net_open(&params);
	address_be = net.a.tunnel_be;
	net.a.tunnel_be = 0;
	spoke_add(&net.a);
	net.a.tunnel_be = address_be;
	p = nhrp(NHRP_REGISTRATION_REQUEST, 4, address_be);
	send_nhrp(&p);
	EXPECT_PUNT(NHRP, NULL);
	net_close();
}

static const struct unit_test tests[] = {
	{"tunnel addresses are their spokes' own, in every mode", tunnel_addresses},
	{"loose: the route leads to a spoke", loose},
	{"strict: the route leads to the sender", strict},
	{"off: any other source", off},
	{"spoofed packets among others", in_a_burst},
	{"RIP and ICMP for control", to_control},
	{"NHRP purges in its own name", nhrp_sources},
	{"NHRP registers a spoke that is not known yet", nhrp_first},
};

DP_SUITE(rpf, tests);
