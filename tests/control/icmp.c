/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP: echo to every address of the hub, errors, and when there must be none. */
#include "tests/control/world.h"

#define ECHO 8

/* Identifier, sequence number and n octets of data. */
static struct packet echo_rest(unsigned n)
{
	return packet_fill(0x40, 4 + n);
}

static struct packet from_near_host(const struct packet *ip)
{
	return packet_eth(&mac_hub[0], &mac_near, 0x0800, ip);
}

static void receive_ip(const struct packet *ip)
{
	const struct packet frame = from_near_host(ip);

	world_receive(0, &frame);
	world_run();
}

/* An inner packet from a spoke. */
static void receive_inner(enum spoke_name spoke, const struct packet *ip)
{
	const struct packet frame = world_seal(spoke, ip);

	world_receive(0, &frame);
	world_run();
}

/* What the far spoke gets, opened. */
static struct packet far_gets(void)
{
	struct packet frame = world_sent(0);

	CU_ASSERT(frame.len == 0 || memcmp(frame.b, &mac_gateway, 6) == 0);
	return world_unseal(FAR, &frame);
}

/* The reply that an echo request must have, as it leaves the hub. */
static struct packet reply_to(
	const char *hub, const char *to, const struct packet *rest, uint8_t tos)
{
	struct packet p = world_icmp(hub, to, 0, 0, rest);

	p.b[PACKET_IP4_TOS] = tos;
	packet_put16(p.b + PACKET_IP4_ID, 0);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(p.b);
	return p;
}

static void test_outer_echo(void)
{
	static const unsigned lengths[] = {0, 1, 56, 1472};
	struct packet got;

	world_open(NULL);
	world_resolve();
	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		const struct packet rest = echo_rest(lengths[i]);
		struct packet ask = world_icmp("192.0.2.12", "192.0.2.1", ECHO, 0, &rest), want;

		ask.b[PACKET_IP4_TOS] = 0xb8;
		ask.b[PACKET_IP4_TTL] = 1;
		packet_ip4_seal(ask.b);
		receive_ip(&ask);
		want = reply_to("192.0.2.1", "192.0.2.12", &rest, 0xb8);
		want = packet_eth(&mac_near, &mac_hub[0], 0x0800, &want);
		got = world_sent(0);
		/* What some MTU may be too small for can be cut: it has an identification. */
		if (lengths[i] + 28 > 576) {
			CU_ASSERT_EQUAL(packet_get16(got.b + 14 + PACKET_IP4_FRAG), 0);
			packet_put16(got.b + 14 + PACKET_IP4_FRAG, 0x4000);
			packet_put16(got.b + 14 + PACKET_IP4_ID, 0);
			packet_ip4_seal(got.b + 14);
		}
		CU_ASSERT(packet_equal(&got, &want));
		EXPECT_NO_FRAME(1);
	}
	EXPECT_TEXT("show punt stats",
		"icmp     4          0          0          0         0         4          4 ");
	world_close();
}

static void test_echo_by_gateway(void)
{
	const struct packet rest = echo_rest(8);
	struct packet want;

	world_open(NULL);
	world_resolve();
	receive_ip(&(struct packet[]){world_icmp("203.0.113.99", "192.0.2.1", ECHO, 0, &rest)}[0]);
	want = reply_to("192.0.2.1", "203.0.113.99", &rest, 0);
	EXPECT_FRAME(0, packet_eth(&mac_gateway, &mac_hub[0], 0x0800, &want));
	world_close();
}

static void test_echo_resolves(void)
{
	const struct packet rest = echo_rest(8);
	const struct packet ask = world_icmp("192.0.2.50", "192.0.2.1", ECHO, 0, &rest);
	struct packet want, a;

	world_open(NULL);
	world_resolve();
	receive_ip(&ask);
	EXPECT_FRAME(0, world_arp_question(0, "192.0.2.50"));
	EXPECT_NO_FRAME(0);
	a = world_arp(2, &mac_other, "192.0.2.50", &mac_hub[0], "192.0.2.1");
	world_receive(0, &a);
	world_run();
	/* The reply waited for it (RFC 1122 2.3.2.2). */
	want = reply_to("192.0.2.1", "192.0.2.50", &rest, 0);
	want = packet_eth(&mac_other, &mac_hub[0], 0x0800, &want);
	EXPECT_FRAME(0, want);
	receive_ip(&ask);
	EXPECT_FRAME(0, want);
	EXPECT_NO_FRAME(0);
	/* Nobody answers for this one: three questions, no more. */
	receive_ip(&(struct packet[]){world_icmp("192.0.2.51", "192.0.2.1", ECHO, 0, &rest)}[0]);
	world_wait(60 * SECONDS);
	CU_ASSERT_EQUAL(world_discard(0), 3);
	CU_ASSERT_PTR_NULL(strstr(world_ask("show arp"), "192.0.2.51"));
	world_close();
}

static void test_tunnel_echo(void)
{
	const struct packet rest = echo_rest(100);
	const struct packet ask = world_icmp("10.1.1.9", "10.255.0.1", ECHO, 0, &rest);
	struct packet got, want = reply_to("10.255.0.1", "10.1.1.9", &rest, 0);

	world_open(NULL);
	world_resolve();
	receive_inner(FAR, &ask);
	got = far_gets();
	CU_ASSERT(packet_equal(&got, &want));
	EXPECT_NO_FRAME(0);
	/* The outer address is none of the tunnel's: overlay packets never reach it. */
	receive_inner(
		FAR, &(struct packet[]){world_icmp("10.1.1.9", "192.0.2.1", ECHO, 0, &rest)}[0]);
	got = far_gets();
	CU_ASSERT_EQUAL(got.b[PACKET_IP4_LEN], 3);
	world_close();
}

/* The answer is as large as the question, which need not fit the tunnel in one piece. */
static void test_large_echo(void)
{
	const struct packet rest = echo_rest(1450);
	const struct packet ask = world_icmp("10.1.1.9", "10.255.0.1", ECHO, 0, &rest);
	struct packet first, second;

	world_open(NULL);
	world_resolve();
	receive_inner(FAR, &ask);
	first = far_gets();
	second = far_gets();
	CU_ASSERT_EQUAL(packet_get16(first.b + PACKET_IP4_FRAG), 0x2000);
	CU_ASSERT_EQUAL(first.len - 20 + second.len, ask.len);
	CU_ASSERT_EQUAL(packet_get16(second.b + PACKET_IP4_FRAG), (first.len - 20) / 8);
	CU_ASSERT_EQUAL(
		packet_get16(first.b + PACKET_IP4_ID), packet_get16(second.b + PACKET_IP4_ID));
	world_close();
}

static void test_echo_refused(void)
{
	const struct packet rest = echo_rest(16), none = {0};
	struct packet p;

	world_open(NULL);
	world_resolve();
	/* Wrong checksum. */
	p = world_icmp("192.0.2.12", "192.0.2.1", ECHO, 0, &rest);
	p.b[p.len - 1] ^= 1;
	receive_ip(&p);
	/* Other types and codes. */
	for (unsigned type = 0; type < 256; type++)
		if (type != ECHO)
			receive_ip(&(struct packet[]){
				world_icmp("192.0.2.12", "192.0.2.1", (uint8_t)type, 0, &rest)}[0]);
	receive_ip(&(struct packet[]){world_icmp("192.0.2.12", "192.0.2.1", ECHO, 1, &rest)}[0]);
	/* Shorter than its header: 4 octets. */
	receive_ip(&(struct packet[]){world_icmp("192.0.2.12", "192.0.2.1", ECHO, 0, &none)}[0]);
	EXPECT_NO_FRAME(0);
	/* Inner: fragments, and sources that are broadcast, network or the hub itself. */
	p = world_icmp("10.1.1.9", "10.255.0.1", ECHO, 0, &rest);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x2000);
	packet_ip4_seal(p.b);
	receive_inner(FAR, &p);
	packet_put16(p.b + PACKET_IP4_FRAG, 1);
	packet_ip4_seal(p.b);
	receive_inner(FAR, &p);
	receive_inner(FAR,
		&(struct packet[]){world_icmp("10.255.0.255", "10.255.0.1", ECHO, 0, &rest)}[0]);
	receive_inner(
		FAR, &(struct packet[]){world_icmp("10.255.0.0", "10.255.0.1", ECHO, 0, &rest)}[0]);
	receive_inner(
		FAR, &(struct packet[]){world_icmp("10.255.0.1", "10.255.0.1", ECHO, 0, &rest)}[0]);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world.hub->punts[DP_PUNT_ICMP].sent, 0);
	/* The same request without a fault. */
	receive_ip(&(struct packet[]){world_icmp("192.0.2.12", "192.0.2.1", ECHO, 0, &rest)}[0]);
	CU_ASSERT_EQUAL(world_discard(0), 1);
	world_close();
}

/* Options of a request do not come back. */
static void test_echo_options(void)
{
	const struct packet rest = echo_rest(16);
	const struct packet plain = world_icmp("192.0.2.12", "192.0.2.1", ECHO, 0, &rest);
	struct packet p = plain, want;

	memmove(p.b + 24, plain.b + 20, plain.len - 20u);
	memcpy(p.b + 20, "\x07\x03\x04\x00", 4); /* record route, full */
	p.len = (uint16_t)(plain.len + 4);
	p.b[0] = 0x46;
	packet_put16(p.b + PACKET_IP4_TOTAL, p.len);
	packet_ip4_seal(p.b);
	world_open(NULL);
	world_resolve();
	receive_ip(&p);
	want = reply_to("192.0.2.1", "192.0.2.12", &rest, 0);
	EXPECT_FRAME(0, packet_eth(&mac_near, &mac_hub[0], 0x0800, &want));
	world_close();
}

/* The ICMP error about a packet, as the far spoke must get it. */
static struct packet error_about(
	const struct packet *about, const char *to, uint8_t type, uint8_t code, uint16_t mtu)
{
	struct packet rest = {.len = 4}, p;
	unsigned quote = RTE_MIN((unsigned)about->len, 548u);

	packet_put16(rest.b + 2, mtu);
	memcpy(rest.b + 4, about->b, quote);
	rest.len = (uint16_t)(4 + quote);
	p = world_icmp("10.255.0.1", to, type, code, &rest);
	p.b[PACKET_IP4_TOS] = 0xc0;
	packet_put16(p.b + PACKET_IP4_ID, 0);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(p.b);
	return p;
}

static void expect_error(const struct packet *sent, const struct packet *about, uint8_t type,
	uint8_t code, uint16_t mtu)
{
	struct packet got, want = error_about(about, "10.1.1.9", type, code, mtu);

	receive_inner(FAR, sent);
	got = far_gets();
	CU_ASSERT(packet_equal(&got, &want));
	EXPECT_NO_FRAME(0);
}

static struct packet udp_to(const char *dst, unsigned len)
{
	return packet_udp(packet_addr("10.1.1.9"), packet_addr(dst), 4000, 5000, len);
}

static void test_errors(void)
{
	struct packet p;

	world_open(NULL);
	world_resolve();
	p = udp_to("10.1.2.9", 100);
	p.b[PACKET_IP4_TTL] = 1;
	packet_ip4_seal(p.b);
	expect_error(&p, &p, 11, 0, 0);
	p = udp_to("172.16.0.1", 100);
	expect_error(&p, &p, 3, 0, 0);
	p = udp_to("10.255.0.99", 28);
	expect_error(&p, &p, 3, 1, 0);
	/* RFC 1812 4.3.2.3: 576 octets in all. */
	p = udp_to("172.16.0.1", 548);
	expect_error(&p, &p, 3, 0, 0);
	p = udp_to("172.16.0.1", 1400);
	expect_error(&p, &p, 3, 0, 0);
	EXPECT_TEXT("show punt stats",
		"error    5          0          0          0         0         5          5 ");
	/* A blackhole says nothing. */
	receive_inner(FAR, &(struct packet[]){udp_to("10.9.0.1", 100)}[0]);
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_blackhole), 1);
	world_close();
}

static void test_too_big(void)
{
	struct packet p, hop;

	world_open(NULL);
	world_resolve();
	p = udp_to("10.1.2.9", 1401);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(p.b);
	hop = packet_hop(&p);
	expect_error(&p, &hop, 3, 4, 1400);
	world_close();
}

/* RFC 1812 4.3.2.7. Each packet would be answered but for one thing. */
static void test_no_errors(void)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12, 6, 30, 40, 255};
	static const uint8_t queries[] = {0, 8, 13, 14, 17};
	const struct packet rest = echo_rest(28);
	struct packet p;

	world_open(NULL);
	world_resolve();
	for (unsigned i = 0; i < RTE_DIM(errors); i++)
		receive_inner(FAR, &(struct packet[]){world_icmp(
					   "10.1.1.9", "172.16.0.1", errors[i], 0, &rest)}[0]);
	/* ICMP cut off before its type. */
	p = packet_ip4(packet_addr("10.1.1.9"), packet_addr("172.16.0.1"), 1, &(struct packet){0});
	receive_inner(FAR, &p);
	/* A later fragment. */
	p = udp_to("172.16.0.1", 100);
	packet_put16(p.b + PACKET_IP4_FRAG, 1);
	packet_ip4_seal(p.b);
	receive_inner(FAR, &p);
	/* To the tunnel's broadcast address; to groups. */
	receive_inner(FAR, &(struct packet[]){udp_to("10.255.0.255", 100)}[0]);
	receive_inner(FAR, &(struct packet[]){udp_to("224.0.0.5", 100)}[0]);
	/* From no one station, and from the hub. */
	for (unsigned i = 0; i < 3; i++) {
		static const char *const from[] = {"10.255.0.255", "10.255.0.0", "10.255.0.1"};

		p = packet_udp(packet_addr(from[i]), packet_addr("172.16.0.1"), 1, 2, 100);
		receive_inner(FAR, &p);
	}
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world.hub->punts[DP_PUNT_ERROR].sent, 0);
	CU_ASSERT(world_drops(DP_DROP_fwd_no_route) >= 13);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_fwd_source_peer), 1);
	/* Queries, and the first fragment, are answered. */
	for (unsigned i = 0; i < RTE_DIM(queries); i++)
		receive_inner(FAR, &(struct packet[]){world_icmp(
					   "10.1.1.9", "172.16.0.1", queries[i], 0, &rest)}[0]);
	CU_ASSERT_EQUAL(world_discard(0), RTE_DIM(queries));
	p = udp_to("172.16.0.1", 100);
	packet_put16(p.b + PACKET_IP4_FRAG, 0x2000);
	packet_ip4_seal(p.b);
	receive_inner(FAR, &p);
	CU_ASSERT_EQUAL(world_discard(0), 1);
	world_close();
}

/* Errors go back by the overlay table: to a source that no spoke has, nothing leaves at all. */
static void test_error_to_nowhere(void)
{
	struct packet p =
		packet_udp(packet_addr("198.18.0.1"), packet_addr("172.16.0.1"), 1, 2, 100);

	world_open(NULL);
	world_resolve();
	receive_inner(FAR, &p);
	EXPECT_NO_FRAME(0);
	EXPECT_NO_FRAME(1);
	world_close();
}

static const struct unit_test tests[] = {
	{"echo to the outer address", test_outer_echo},
	{"echo from behind the gateway", test_echo_by_gateway},
	{"echo from a station not known yet", test_echo_resolves},
	{"echo to the tunnel address, encrypted", test_tunnel_echo},
	{"echo that must be cut", test_large_echo},
	{"what is no echo request is not answered", test_echo_refused},
	{"echo with IP options", test_echo_options},
	{"TTL, no route, no peer: what the sender is told", test_errors},
	{"too big: the MTU is told", test_too_big},
	{"no errors about errors, fragments, groups, and strange sources", test_no_errors},
	{"errors never leave in clear", test_error_to_nowhere},
};

const struct control_suite suite_icmp = {"icmp", tests, RTE_DIM(tests)};
