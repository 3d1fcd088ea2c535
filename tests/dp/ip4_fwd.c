/* SPDX-License-Identifier: BSD-3-Clause */
/* Inner IPv4: checks (RFC 1812 5.2), TTL, where it goes. */
#include <string.h>

#include "tests/dp/expect.h"

static void send_changed(unsigned offset, uint8_t value)
{
	struct packet inner = spoke_packet(&net.a, &net.b, 100);

	inner.b[offset] = value;
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
}

static void send_to(const char *dst)
{
	const struct packet inner = packet_udp(net.a.lan_be, packet_addr(dst), 4000, 5000, 100);

	spoke_send_run(&net.a, &inner);
}

static void send_from(const char *src)
{
	const struct packet inner = packet_udp(packet_addr(src), net.b.lan_be, 4000, 5000, 100);

	spoke_send_run(&net.a, &inner);
}

static void ttl(void)
{
	struct packet inner, got;
	struct dp_punt_info info;

	net_open(NULL);
	for (unsigned value = 0; value < 256; value++) {
		inner = spoke_packet(&net.a, &net.b, 64);
		inner.b[PACKET_IP4_TTL] = (uint8_t)value;
		packet_ip4_seal(inner.b);
		spoke_send_run(&net.a, &inner);
		if (value > 1) {
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
			continue;
		}
		got = EXPECT_PUNT(ERROR, &info);
		EXPECT(packet_equal(&got, &inner));
		EXPECT(info.drop == DP_DROP_fwd_ttl && info.peer == net.a.peer);
		EXPECT(info.table == DP_TABLE_OVERLAY);
	}
	EXPECT_DROPS(fwd_ttl, 2);
	net_close();
}

/* RFC 1624: every checksum there is must come out right, 0xffff and 0x0000 among them. */
static void ttl_checksum(void)
{
	struct packet inner;

	net_open(NULL);
	for (unsigned id = 0; id < 0x10000; id += 0x11) {
		inner = spoke_packet(&net.a, &net.b, 28);
		packet_put16(inner.b + PACKET_IP4_ID, (uint16_t)id);
		packet_ip4_seal(inner.b);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	/* A checksum of 0 may also be written 0xffff; then the sum carries. */
	inner = spoke_packet(&net.a, &net.b, 28);
	packet_put16(inner.b + PACKET_IP4_ID, 0);
	packet_ip4_seal(inner.b);
	packet_put16(inner.b + PACKET_IP4_ID, packet_get16(inner.b + PACKET_IP4_CHECKSUM));
	packet_put16(inner.b + PACKET_IP4_CHECKSUM, 0xffff);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void header_checks(void)
{
	struct packet inner;

	net_open(NULL);
	send_changed(0, 0x55);
	send_changed(0, 0x65);
	send_changed(0, 0x44);
	send_changed(PACKET_IP4_TOTAL + 1, 19);
	EXPECT_DROPS(fwd_header, 4);
	send_changed(PACKET_IP4_TOTAL + 1, 101);
	send_changed(PACKET_IP4_TOTAL, 0xff);
	EXPECT_DROPS(fwd_truncated, 2);
	inner = spoke_packet(&net.a, &net.b, 100);
	inner.b[PACKET_IP4_CHECKSUM] ^= 1;
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_checksum, 1);
	net_close();
}

/* Options are carried as they are, TTL and checksum apart. */
static void options(void)
{
	struct packet inner, head;

	net_open(NULL);
	for (unsigned words = 1; words <= 10; words++) {
		const struct packet nops = packet_fill(1, 4 * words);
		const struct packet data = packet_fill(9, 33);

		head = packet_join(&nops, &data);
		memset(head.b, 1, 4 * words);
		inner = packet_ip4(net.a.lan_be, net.b.lan_be, IPPROTO_UDP, &head);
		inner.b[0] = (uint8_t)(0x45 + words);
		packet_ip4_seal(inner.b);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		inner.b[PACKET_IP4_LEN] ^= 0x80; /* the checksum covers them */
		spoke_send_run(&net.a, &inner);
		EXPECT_DROPS(fwd_checksum, words);
	}
	net_close();
}

/* A header that says it is longer than what is there. */
static void header_too_long(void)
{
	struct packet inner;
	unsigned n = 0;

	net_open(NULL);
	for (unsigned len = PACKET_IP4_LEN; len < 60; len++, n++) {
		inner = spoke_packet(&net.a, &net.b, 100);
		inner.b[0] = 0x4f;
		packet_put16(inner.b + PACKET_IP4_TOTAL, (uint16_t)len);
		packet_ip4_seal(inner.b);
		inner.len = (uint16_t)len;
		spoke_send_run(&net.a, &inner);
	}
	EXPECT_DROPS(fwd_truncated, n);
	net_close();
}

static void sources(void)
{
	net_open(NULL);
	send_from("0.0.0.0");
	send_from("0.1.2.3");
	send_from("127.0.0.1");
	send_from("224.0.0.1");
	send_from("239.255.255.255");
	send_from("240.0.0.1");
	send_from("255.255.255.255");
	EXPECT_DROPS(fwd_source, 7);
	net_close();
}

static void destinations(void)
{
	net_open(NULL);
	send_to("0.0.0.0");
	send_to("0.255.0.1");
	send_to("127.0.0.1");
	send_to("240.0.0.1");
	EXPECT_DROPS(fwd_destination, 4);
	send_to("224.0.0.1");
	send_to("239.1.1.1");
	send_to("255.255.255.255");
	EXPECT_DROPS(fwd_multicast, 3);
	net_close();
}

static void expect_error(enum dp_drop reason)
{
	struct dp_punt_info info;

	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.drop == reason && info.peer == net.a.peer);
}

static void routes(void)
{
	net_open(NULL);
	send_to("172.16.0.1");
	expect_error(DP_DROP_fwd_no_route);
	EXPECT_DROPS(fwd_no_route, 1);
	send_to("10.255.0.99"); /* on the tunnel's subnet, but nobody is there */
	expect_error(DP_DROP_fwd_no_peer);
	EXPECT_DROPS(fwd_no_peer, 1);
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("172.16.0.0"), 12,
			  DP_ADJ_BLACKHOLE) == 0);
	send_to("172.16.0.1");
	EXPECT_DROPS(fwd_blackhole, 1);
	net_close();
}

/* RIP (RFC 2453) to its group, to all, to us; nothing else of a spoke's goes to control. */
static void rip(void)
{
	static const char *const destinations[] = {"224.0.0.9", "255.255.255.255", HUB_TUNNEL};
	struct packet inner, got;
	struct dp_punt_info info;

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(destinations); i++) {
		inner = packet_udp(net.a.tunnel_be, packet_addr(destinations[i]), 520, 520, 52);
		inner.b[PACKET_IP4_TTL] = 1;
		packet_ip4_seal(inner.b);
		spoke_send_run(&net.a, &inner);
		got = EXPECT_PUNT(RIP, &info);
		EXPECT(packet_equal(&got, &inner) && info.peer == net.a.peer);
	}
	inner = packet_udp(net.a.tunnel_be, packet_addr(HUB_TUNNEL), 520, 521, 52);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(local_ignored, 1);
	inner = packet_udp(net.a.tunnel_be, packet_addr("224.0.0.9"), 520, 521, 52);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_multicast, 1);
	/* A later fragment has no ports: what looks like one is payload. */
	inner = packet_udp(net.a.tunnel_be, packet_addr("224.0.0.9"), 520, 520, 52);
	packet_put16(inner.b + PACKET_IP4_FRAG, 1);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_multicast, 2);
	/* UDP cut off in front of its port. */
	inner = packet_udp(net.a.tunnel_be, packet_addr("224.0.0.9"), 520, 520, 52);
	inner.len = 23;
	packet_put16(inner.b + PACKET_IP4_TOTAL, 23);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_multicast, 3);
	net_close();
}

static void local(void)
{
	const struct packet echo = packet_fill(8, 64);
	struct packet inner, got;
	struct dp_punt_info info;

	net_open(NULL);
	inner = packet_ip4(net.a.tunnel_be, packet_addr(HUB_TUNNEL), IPPROTO_ICMP, &echo);
	inner.b[PACKET_IP4_TTL] = 1; /* enough for the last hop */
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	got = EXPECT_PUNT(ICMP, &info);
	EXPECT(packet_equal(&got, &inner));
	EXPECT(info.peer == net.a.peer && info.table == DP_TABLE_OVERLAY);
	send_to(HUB_TUNNEL_1);
	EXPECT_DROPS(local_ignored, 1);
	/* The hub's outer address is none of the overlay's. */
	send_to(HUB_NBMA);
	expect_error(DP_DROP_fwd_no_route);
	EXPECT_DROPS(fwd_no_route, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"TTL falls by one, 1 and 0 end with a word to control", ttl},
	{"the checksum follows the TTL for every value", ttl_checksum},
	{"each header check has its reason", header_checks},
	{"options are carried", options},
	{"headers longer than the packet end", header_too_long},
	{"sources that cannot be end", sources},
	{"destinations that must not be forwarded end", destinations},
	{"no route, nobody there, blackhole", routes},
	{"RIP goes to control, other multicast ends", rip},
	{"ICMP to the tunnel address goes to control", local},
};

DP_SUITE(ip4_fwd, tests);
