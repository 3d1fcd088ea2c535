/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets from nowhere into a whole data plane. The first octet's low bits say how deep the rest
 * goes in, so that no layer's checks keep the fuzzer from the next: ESP and GRE are made here,
 * under a known SA; its two highest bits are the outer header's ECN. Whatever happens to an input,
 * all buffers are at home afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/filter.h"
#include "tests/dp/harness.h"

enum mode {
	MODE_FRAME,     /* an Ethernet frame */
	MODE_OUTER,     /* an outer IPv4 packet to the hub, its checksum and length set right */
	MODE_ESP,       /* what follows an SPI that is known */
	MODE_PLAINTEXT, /* authentic, with the padding and next header it brings */
	MODE_GRE,       /* a GRE packet in good ESP */
	MODE_INNER,     /* an inner packet in good GRE */
	MODE_INNER_IP4, /* the same, its header checksum set right */
	MODE_FRAGMENTS, /* good ESP in fragments: offset and length of each, in eights, and flags */
	MODE_COUNT
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_route(const char *addr, uint8_t len, dp_adj_t adj)
{
	if (dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr(addr), len, adj) != 0)
		abort();
}

/* Besides spokes' networks: every kind of way a packet can take. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct mac_addr mac = {{2, 0, 0, 0, 8, 1}};
	const struct dp_tunnel_params clamping = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = 576,
		.ttl = 64,
		.adjust_mss = 536};
	uint32_t neighbor;

	/* Asks for everything, takes nothing away. */
	const struct dp_filter_rule rules[] = {
		{.protocol_set = true,
			.protocol = IPPROTO_TCP,
			.from_port = DP_FILTER_ANY_PORT,
			.to_port = {80, 1024},
			.established = true},
		{.from_port = DP_FILTER_ANY_PORT, .to_port = DP_FILTER_ANY_PORT, .fragments = true},
		{.action = DP_FILTER_REJECT, .from_port = DP_FILTER_ANY_PORT, .to_port = {7, 9}},
	};
	const struct dp_filter_params filter = {.name = "fuzz", .rules = rules, .n_rules = 3};
	struct dp_filter *f;

	(void)argc;
	(void)argv;
	if (net_eal_start("fuzz-packet", 1) < 0)
		abort();
	net_open(&(struct net_params){.fragment_us = 1});
	spoke_del(&net.b);
	if (dp_tunnel_add(net.dp, &clamping, &net.b.tunnel, NULL) != 0)
		abort();
	spoke_add(&net.b);
	spoke_del(&net.d);
	net.d.natt_port = 4501;
	spoke_add(&net.d);
	if (dp_neighbor_add(net.dp, net.port[1].index, &mac, &neighbor) != 0)
		abort();
	add_route("10.1.0.0", 24, DP_ADJ(DP_ADJ_ETHER, neighbor));
	add_route("10.1.9.0", 24, DP_ADJ(DP_ADJ_GLEAN, net.port[1].index));
	add_route("10.1.8.0", 24, DP_ADJ_BLACKHOLE);
	dp_peer_del_sa(net.dp, false, net.c.hub_out);
	f = dp_filter_create(net.dp, &filter, NULL);
	if (f == NULL || dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) != 0 ||
		dp_filter_at_tunnel(net.dp, net.b.tunnel, DP_FILTER_OUT, f) != 0)
		abort();
	return 0;
}

static void fix_ip4(struct packet *ip, bool length)
{
	if (ip->len < PACKET_IP4_LEN)
		return;
	if (length)
		packet_put16(ip->b + PACKET_IP4_TOTAL, ip->len);
	if ((ip->b[0] & 15) * 4u <= ip->len)
		packet_ip4_seal(ip->b);
}

static struct packet in_esp(const struct packet *gre)
{
	const struct packet esp = spoke_esp(&net.a, IPPROTO_GRE, gre);

	return spoke_frame(&net.a, IPPROTO_ESP, &esp);
}

static void set_outer_ecn(struct packet *frame, uint8_t ecn)
{
	uint8_t *ip = frame->b + PACKET_ETH_LEN;

	ip[PACKET_IP4_TOS] = ecn;
	packet_ip4_seal(ip);
}

static struct packet make_frame(enum mode mode, struct packet *p)
{
	const uint32_t hub_be = packet_addr(HUB_NBMA);
	struct packet out;

	switch (mode) {
	case MODE_FRAME:
		return *p;
	case MODE_OUTER:
		if (p->len >= PACKET_IP4_LEN)
			memcpy(p->b + PACKET_IP4_DST, &hub_be, 4);
		fix_ip4(p, true);
		return packet_eth(&net.port[0].mac, &net.a.mac, 0x0800, p);
	case MODE_ESP:
		out.len = 4;
		packet_put32(out.b, net.a.spi_in);
		out = packet_join(&out, p);
		return spoke_frame(&net.a, IPPROTO_ESP, &out);
	case MODE_PLAINTEXT:
		out = spoke_esp_raw(&net.a, p);
		return spoke_frame(&net.a, IPPROTO_ESP, &out);
	case MODE_GRE:
		return in_esp(p);
	case MODE_INNER_IP4:
		fix_ip4(p, false);
		/* fall through */
	default:
		out = spoke_gre(&net.a, p);
		return in_esp(&out);
	}
}

/* A good frame in the fragments that three octets each ask for; what is beyond its end is zero. */
static void receive_fragments(const struct packet *wanted)
{
	const unsigned head = PACKET_ETH_LEN + PACKET_IP4_LEN;
	struct packet inner = spoke_packet(&net.a, &net.b, 600);
	const struct packet whole = spoke_seal(&net.a, &inner);

	for (unsigned i = 0; i + 3 <= wanted->len && i < 3 * 16; i += 3) {
		unsigned offset = wanted->b[i] * 8u, len = wanted->b[i + 1] * 8u;
		struct packet f = whole;
		uint8_t *ip = f.b + PACKET_ETH_LEN;

		len += wanted->b[i + 2] & 7;
		f.len = (uint16_t)(head + len);
		memset(f.b + head, 0, len);
		if (head + offset < whole.len)
			memcpy(f.b + head, whole.b + head + offset,
				RTE_MIN(len, whole.len - head - offset));
		packet_put16(ip + PACKET_IP4_FRAG,
			(uint16_t)((wanted->b[i + 2] & 0x80 ? 0x2000 : 0) | offset / 8));
		packet_put16(ip + PACKET_IP4_TOTAL, (uint16_t)(PACKET_IP4_LEN + len));
		packet_ip4_seal(ip);
		net_receive(0, 0, &f);
	}
}

/* Take what came out. Control's copies too, so that its queues never fill. */
static void drain(void)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < RTE_DIM(net.port); i++)
		while (net_transmitted(i).len > 0)
			;
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++)
		while (dp_punt_receive(net.dp, i, &m, 1) == 1)
			rte_pktmbuf_free(m);
}

/* Until fragments that wait for others have waited too long. */
static void run_out(void)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000;

	net_run();
	drain();
	while (net_buffers_in_use() != 0 && rte_rdtsc() < end)
		net_run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet in = {0}, frame;
	enum mode mode;

	if (size < 2 || size > 1500)
		return 0;
	in.len = (uint16_t)(size - 1);
	memcpy(in.b, data + 1, in.len);
	mode = (enum mode)(data[0] % 8 % MODE_COUNT);
	if (mode == MODE_FRAGMENTS) {
		receive_fragments(&in);
	} else {
		frame = make_frame(mode, &in);
		if (mode >= MODE_ESP)
			set_outer_ecn(&frame, data[0] >> 6);
		net_receive(0, 0, &frame);
	}
	run_out();
	if (net_buffers_in_use() != 0) {
		fprintf(stderr, "%u buffers did not come back\n", net_buffers_in_use());
		abort();
	}
	return 0;
}
