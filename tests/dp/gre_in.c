/* SPDX-License-Identifier: BSD-3-Clause */
/* GRE in (RFC 2784, 2890): flags, checksum, key, protocol. */
#include <string.h>

#include "tests/dp/expect.h"

static void send_gre(struct spoke *s, const struct packet_gre *gre, const struct packet *payload)
{
	const struct packet p = packet_gre(gre, payload);

	spoke_send_gre(s, &p);
	net_run();
}

/* RFC 2890 2: checksum and sequence number may or may not be there, the key must. */
static void optional_fields(void)
{
	static const uint16_t flags[] = {
		PACKET_GRE_KEY,
		PACKET_GRE_KEY | PACKET_GRE_CHECKSUM,
		PACKET_GRE_KEY | PACKET_GRE_SEQUENCE,
		PACKET_GRE_KEY | PACKET_GRE_CHECKSUM | PACKET_GRE_SEQUENCE,
	};
	struct packet inner;

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(flags); i++) {
		/* odd lengths too: the checksum pads them in thought */
		for (unsigned len = 60; len < 64; len++) {
			const struct packet_gre gre = {.flags = flags[i],
				.protocol = 0x0800,
				.key = TUNNEL_KEY,
				.sequence = 7};

			inner = spoke_packet(&net.a, &net.b, len);
			send_gre(&net.a, &gre, &inner);
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
	}
	net_close();
}

static void keys(void)
{
	static const uint32_t wrong[] = {0, 1, TUNNEL_KEY_1, TUNNEL_KEY << 24, 0xffffffff};
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .protocol = 0x0800};
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	for (unsigned i = 0; i < RTE_DIM(wrong); i++) {
		gre.key = wrong[i];
		send_gre(&net.a, &gre, &inner);
	}
	gre.flags = 0;
	send_gre(&net.a, &gre, &inner);
	gre.flags = PACKET_GRE_SEQUENCE;
	gre.sequence = TUNNEL_KEY;
	send_gre(&net.a, &gre, &inner);
	EXPECT_DROPS(gre_key, RTE_DIM(wrong) + 2);
	net_close();
}

/* Key 0 is a key: a packet without one has not got it. */
static void key_zero(void)
{
	const struct dp_tunnel_params params = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL};
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .protocol = 0x0800};
	const struct net_params no_peers = {.no_peers = true};
	struct packet inner;

	net_open(&no_peers);
	CU_ASSERT(dp_tunnel_add(net.dp, &params, &net.a.tunnel, NULL) == 0);
	net.a.gre_key = 0;
	spoke_add(&net.a);
	inner = spoke_packet(&net.a, &net.a, 100);
	send_gre(&net.a, &gre, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	gre.flags = 0;
	send_gre(&net.a, &gre, &inner);
	EXPECT_DROPS(gre_key, 1);
	net_close();
}

/* A tunnel without a key takes packets without one, and only these. */
static void no_key(void)
{
	const struct dp_tunnel_params params = {
		.nbma_be = packet_addr(HUB_NBMA), .mtu = TUNNEL_MTU, .ttl = TUNNEL_TTL};
	struct packet_gre gre = {.protocol = 0x0800};
	const struct net_params no_peers = {.no_peers = true};
	struct packet inner, got, want;

	net_open(&no_peers);
	CU_ASSERT(dp_tunnel_add(net.dp, &params, &net.a.tunnel, NULL) == 0);
	net.b.tunnel = net.a.tunnel;
	spoke_add(&net.a);
	spoke_add(&net.b);
	inner = spoke_packet(&net.a, &net.b, 100);
	send_gre(&net.a, &gre, &inner);
	got = EXPECT_GRE(&net.b);
	want = packet_hop(&inner);
	want = packet_gre(&gre, &want);
	EXPECT(packet_equal(&got, &want));
	gre.flags = PACKET_GRE_KEY;
	send_gre(&net.a, &gre, &inner);
	EXPECT_DROPS(gre_key, 1);
	net_close();
}

static void checksums(void)
{
	struct packet_gre gre = {.flags = PACKET_GRE_KEY | PACKET_GRE_CHECKSUM,
		.protocol = 0x0800,
		.key = TUNNEL_KEY,
		.bad_checksum = true};
	struct packet inner, p;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 101);
	send_gre(&net.a, &gre, &inner);
	gre.bad_checksum = false;
	p = packet_gre(&gre, &inner);
	p.b[p.len - 1] ^= 1; /* the odd last octet counts too */
	spoke_send_gre(&net.a, &p);
	net_run();
	EXPECT_DROPS(gre_checksum, 2);
	net_close();
}

/* RFC 2784 2.2, 2.3.1: bits 1-5 of RFC 1701, reserved bits, version. */
static void flag_bits(void)
{
	struct packet_gre gre = {.protocol = 0x0800, .key = TUNNEL_KEY};
	struct packet inner;
	unsigned n_version = 0, n_flags = 0;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	for (unsigned bit = 0; bit < 16; bit++) {
		const uint16_t flag = (uint16_t)(1 << bit);

		if (flag & (PACKET_GRE_KEY | PACKET_GRE_CHECKSUM | PACKET_GRE_SEQUENCE))
			continue;
		gre.flags = PACKET_GRE_KEY | flag;
		send_gre(&net.a, &gre, &inner);
		if (bit < 3)
			n_version++;
		else
			n_flags++;
	}
	EXPECT_DROPS(gre_version, n_version);
	EXPECT_DROPS(gre_flags, n_flags);
	net_close();
}

static void short_headers(void)
{
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY | PACKET_GRE_CHECKSUM | PACKET_GRE_SEQUENCE,
		.protocol = 0x0800,
		.key = TUNNEL_KEY};
	const struct packet nothing = {0};
	struct packet p;

	net_open(NULL);
	for (unsigned len = 0; len < 16; len++) {
		p = packet_gre(&gre, &nothing);
		p.len = (uint16_t)len;
		spoke_send_gre(&net.a, &p);
		net_run();
	}
	EXPECT_DROPS(gre_truncated, 16);
	/* A header and nothing behind it. */
	p = packet_gre(&gre, &nothing);
	spoke_send_gre(&net.a, &p);
	net_run();
	EXPECT_DROPS(fwd_truncated, 1);
	net_close();
}

static void protocols(void)
{
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY};
	struct packet payload = packet_fill(3, 80), got;
	struct dp_punt_info info;

	net_open(NULL);
	gre.protocol = 0x86dd;
	send_gre(&net.a, &gre, &payload);
	EXPECT_DROPS(gre_ip6, 1);
	gre.protocol = 0x6558; /* Ethernet */
	send_gre(&net.a, &gre, &payload);
	gre.protocol = 0x0000; /* keepalive */
	send_gre(&net.a, &gre, &payload);
	EXPECT_DROPS(gre_protocol, 2);
	gre.protocol = 0x2001;
	send_gre(&net.b, &gre, &payload);
	got = EXPECT_PUNT(NHRP, &info);
	EXPECT(packet_equal(&got, &payload));
	EXPECT(info.peer == net.b.peer && info.table == DP_TABLE_OVERLAY);
	net_close();
}

static const struct unit_test tests[] = {
	{"checksum and sequence number may be there", optional_fields},
	{"the key must be there and the tunnel's", keys},
	{"key 0 is a key", key_zero},
	{"a tunnel without a key refuses keys", no_key},
	{"a wrong checksum ends", checksums},
	{"reserved and routing bits and versions end", flag_bits},
	{"every short header ends", short_headers},
	{"NHRP goes to control with its peer, others end", protocols},
};

DP_SUITE(gre_in, tests);
