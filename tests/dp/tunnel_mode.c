/* SPDX-License-Identifier: BSD-3-Clause */
/* ESP tunnel mode from host to host with GRE inside, for spokes that forgot transport mode. */
#include <netinet/in.h>
#include <string.h>

#include "tests/dp/expect.h"

static const struct net_params tunnel_mode = {.tunnel_mode = true};

/* The packet with the header of tunnel mode around its GRE. */
static struct packet wrap(const struct spoke *s, const struct packet *inner)
{
	const struct packet gre = spoke_gre(s, inner);

	return packet_ip4(
		s->nbma_be, packet_addr(s->port ? HUB_NBMA_1 : HUB_NBMA), IPPROTO_GRE, &gre);
}

static void send_payload(struct spoke *s, uint8_t next, const struct packet *payload)
{
	const struct packet esp = spoke_esp(s, next, payload),
			    frame = spoke_frame(s, IPPROTO_ESP, &esp);

	net_receive(s->port, s->queue, &frame);
	net_run();
}

static void both_ways(void)
{
	static const char *const suites[] = {
		"aes128gcm16", "aes256-sha256", "3des-sha1", "null-md5"};

	for (unsigned k = 0; k < RTE_DIM(suites); k++) {
		net_open(&(struct net_params){.tunnel_mode = true, .suite = suites[k]});
		for (unsigned len = 28; len < 1300; len += 7) {
			struct packet inner = spoke_packet(&net.a, &net.b, len);
			struct packet outer = wrap(&net.a, &inner);

			send_payload(&net.a, IPPROTO_IPIP, &outer);
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
			/* By the other tunnel: without key, with checksums. */
			inner = spoke_packet(&net.d, &net.a, len);
			outer = wrap(&net.d, &inner);
			send_payload(&net.d, IPPROTO_IPIP, &outer);
			EXPECT_DELIVERED(&net.a, packet_hop(&inner));
		}
		net_close();
	}
}

/* Options are passed over, flow confidentiality's padding goes; GRE without the header is GRE. */
static void variants(void)
{
	const struct packet tfc = packet_fill(0x77, 100);
	struct packet inner, outer, more;

	net_open(&tunnel_mode);
	inner = spoke_packet(&net.a, &net.b, 100);
	outer = wrap(&net.a, &inner);
	more = packet_join(&outer, &tfc);
	send_payload(&net.a, IPPROTO_IPIP, &more);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	memmove(outer.b + PACKET_IP4_LEN + 8, outer.b + PACKET_IP4_LEN, outer.len - PACKET_IP4_LEN);
	memset(outer.b + PACKET_IP4_LEN, 1, 8);
	outer.len += 8;
	outer.b[0] = 0x47;
	packet_put16(outer.b + PACKET_IP4_TOTAL, (uint16_t)outer.len);
	send_payload(&net.a, IPPROTO_IPIP, &outer);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void bad_headers(void)
{
	struct packet inner, good, bad;
	unsigned n = 0;

	net_open(&tunnel_mode);
	inner = spoke_packet(&net.a, &net.b, 100);
	good = wrap(&net.a, &inner);
	for (unsigned len = 0; len < PACKET_IP4_LEN; len++, n++) {
		bad = good;
		bad.len = len;
		send_payload(&net.a, IPPROTO_IPIP, &bad);
	}
	for (unsigned first = 0; first < 256; first++) {
		if (first >= 0x45 && first <= 0x4f)
			continue;
		bad = good;
		bad.b[0] = (uint8_t)first;
		send_payload(&net.a, IPPROTO_IPIP, &bad);
		n++;
	}
	bad = good; /* longer than it is */
	packet_put16(bad.b + PACKET_IP4_TOTAL, (uint16_t)(good.len + 1));
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	bad = good; /* shorter than its header */
	packet_put16(bad.b + PACKET_IP4_TOTAL, PACKET_IP4_LEN - 1);
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	bad = good; /* the first fragment, and a later one */
	packet_put16(bad.b + 6, 0x2000);
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	packet_put16(bad.b + 6, 5);
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	bad = good; /* no GRE */
	bad.b[PACKET_IP4_PROTOCOL] = IPPROTO_UDP;
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	EXPECT_DROPS(esp_tunnel_header, n + 5);
	/* Another spoke's address, and another of the hub's. */
	bad = good;
	memcpy(bad.b + PACKET_IP4_SRC, &net.b.nbma_be, 4);
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	bad = good;
	memcpy(bad.b + PACKET_IP4_DST, (uint32_t[]){packet_addr(HUB_NBMA_1)}, 4);
	send_payload(&net.a, IPPROTO_IPIP, &bad);
	EXPECT_DROPS(esp_tunnel_address, 2);
	net_close();
}

/* What was agreed on as transport mode carries no IPv4 header: that would be a tunnel of its own.
 */
static void not_agreed(void)
{
	struct packet inner, outer;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	outer = wrap(&net.a, &inner);
	send_payload(&net.a, IPPROTO_IPIP, &outer);
	EXPECT_DROPS(esp_next_header, 1);
	net_close();
}

/* What fits is 20 octets less, or what one block of the cipher makes of it. */
static void mtu(void)
{
	uint16_t transport;

	net_open(NULL);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 1400);
	transport = dp_peer_mtu(net.dp, net.b.peer);
	net_close();
	net_open(&tunnel_mode);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 1400);
	CU_ASSERT_EQUAL(dp_peer_mtu(net.dp, net.b.peer), transport - 20);
	net_close();
}

static const struct unit_test tests[] = {
	{"both ways, every suite's shape, lengths", both_ways},
	{"options, padding, plain GRE", variants},
	{"inner headers that cannot be", bad_headers},
	{"not on SAs of transport mode", not_agreed},
	{"what fits", mtu},
};

DP_SUITE(tunnel_mode, tests);
