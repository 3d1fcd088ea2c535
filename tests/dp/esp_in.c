/* SPDX-License-Identifier: BSD-3-Clause */
/* ESP in: what of it is believed. */
#include <string.h>

#include "tests/dp/expect.h"

#define ESP_AT (PACKET_ETH_LEN + PACKET_IP4_LEN)

static void receive(const struct packet *frame)
{
	net_receive(0, 0, frame);
	net_run();
}

/* A packet through the hub and back out, for each suite there is. */
static void all_suites(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++) {
		const struct net_params params = {.suite = esp_suite_at(i)->name};
		struct packet inner;

		net_open(&params);
		for (unsigned len = 28; len <= TUNNEL_MTU; len += 49) {
			inner = spoke_packet(&net.a, &net.b, len);
			spoke_send(&net.a, &inner);
			net_run();
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
		net_close();
	}
}

static void unknown_spi(void)
{
	static const uint32_t spis[] = {0, 1, 255, 256, 0x10000100 + 64, 0xffffffff};
	struct packet inner, frame;

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(spis); i++) {
		inner = spoke_packet(&net.a, &net.b, 100);
		frame = spoke_seal(&net.a, &inner);
		packet_put32(frame.b + ESP_AT, spis[i]);
		receive(&frame);
	}
	EXPECT_DROPS(esp_spi, RTE_DIM(spis));
	net_close();
}

static void take_away(struct spoke *s)
{
	dp_peer_del_sa(net.dp, true, s->hub_in);
}

/* ESP before its SA: control keeps it, and gives it back. */
static void early(uint16_t natt_port)
{
	struct packet inner, frame, outer, got;
	struct dp_punt_info info;
	struct rte_mbuf *m;

	net_open(&(struct net_params){.no_peers = true});
	net.a.natt_port = natt_port;
	spoke_add(&net.a);
	spoke_add(&net.b);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	outer = packet_cut(&frame, PACKET_ETH_LEN);
	take_away(&net.a);
	receive(&frame);
	EXPECT_DROPS(esp_spi, 1);

	dp_spi_expect(net.dp, net.a.spi_in);
	receive(&frame);
	got = EXPECT_PUNT(EARLY, &info);
	EXPECT(packet_equal(&got, &outer));
	EXPECT(info.port == net.port[0].index);
	spoke_rekey(&net.a, net.a.spi_in, net.a.spi_out + 0x100);
	m = dp_inject_alloc(net.dp);
	memcpy(rte_pktmbuf_append(m, got.len), got.b, got.len);
	EXPECT(dp_inject_esp(net.dp, info.port, m) == 0);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	/* With the SA the waiting was over. */
	take_away(&net.a);
	receive(&frame);
	EXPECT_DROPS(esp_spi, 2);
	net_close();
}

static void early_plain(void)
{
	early(0);
}

static void early_natted(void)
{
	early(4500);
}

/* One is forgotten, or another one with the same last bits is given out. */
static void early_forgotten(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	take_away(&net.a);
	dp_spi_expect(net.dp, net.a.spi_in);
	dp_spi_forget(net.dp, net.a.spi_in + 4096);
	receive(&frame);
	EXPECT_PUNT(EARLY, NULL);
	dp_spi_expect(net.dp, net.a.spi_in + 4096);
	receive(&frame);
	EXPECT_DROPS(esp_spi, 1);
	dp_spi_expect(net.dp, net.a.spi_in);
	dp_spi_forget(net.dp, net.a.spi_in);
	receive(&frame);
	EXPECT_DROPS(esp_spi, 2);
	net_close();
}

/* Any octet of header, IV, ciphertext or ICV that changes on the way, changes the verdict. */
static void tampered(const char *suite)
{
	const struct net_params params = {.suite = suite, .window = 4096};
	struct packet inner, good, bad;
	unsigned n;

	net_open(&params);
	inner = spoke_packet(&net.a, &net.b, 60);
	good = spoke_seal(&net.a, &inner);
	n = 0;
	for (unsigned at = ESP_AT + 4; at < good.len; at++, n++) {
		bad = good;
		bad.b[at] ^= 0x10;
		receive(&bad);
	}
	EXPECT_DROPS(esp_auth, n);
	/* None of it moved the window: the good one is still new. */
	receive(&good);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void tampered_all(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		tampered(esp_suite_at(i)->name);
}

/* b's key under a's SPI. */
static void wrong_key(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.c, 100);
	frame = spoke_seal(&net.b, &inner);
	packet_put32(frame.b + ESP_AT, net.a.spi_in);
	memcpy(frame.b + PACKET_ETH_LEN + PACKET_IP4_SRC, &net.a.nbma_be, 4);
	packet_ip4_seal(frame.b + PACKET_ETH_LEN);
	receive(&frame);
	EXPECT_DROPS(esp_auth, 1);
	net_close();
}

/* RFC 4301 5.2: a's SA serves a's outer address only, and only the hub address it was made for. */
static void selectors(void)
{
	struct packet inner, frame;
	uint8_t *ip;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	ip = frame.b + PACKET_ETH_LEN;
	memcpy(ip + PACKET_IP4_SRC, &net.c.nbma_be, 4);
	packet_ip4_seal(ip);
	receive(&frame);
	EXPECT_DROPS(esp_peer_mismatch, 1);

	frame = spoke_seal(&net.d, &inner);
	ip = frame.b + PACKET_ETH_LEN;
	memcpy(ip + PACKET_IP4_DST, (uint32_t[]){packet_addr(HUB_NBMA)}, 4);
	packet_ip4_seal(ip);
	memcpy(frame.b, &net.port[0].mac, 6);
	receive(&frame);
	EXPECT_DROPS(esp_peer_mismatch, 2);
	net_close();
}

static void next_headers(void)
{
	struct packet payload = packet_fill(1, 60), esp, frame;
	unsigned n = 0;

	net_open(NULL);
	for (unsigned next = 0; next < 256; next++) {
		if (next == IPPROTO_GRE || next == ESP_NEXT_NONE)
			continue;
		esp = spoke_esp(&net.a, (uint8_t)next, &payload);
		frame = spoke_frame(&net.a, IPPROTO_ESP, &esp);
		receive(&frame);
		n++;
	}
	EXPECT_DROPS(esp_next_header, n);
	/* RFC 4303 2.6: dummy packets are silently discarded; here they have their own count. */
	esp = spoke_esp(&net.a, ESP_NEXT_NONE, &payload);
	frame = spoke_frame(&net.a, IPPROTO_ESP, &esp);
	receive(&frame);
	EXPECT_DROPS(esp_dummy, 1);
	net_close();
}

/* RFC 4303 2.7: octets behind the inner packet are traffic flow confidentiality's and go. */
static void flow_padding(void)
{
	const struct packet tfc = packet_fill(0x77, 200);
	struct packet inner, padded;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	padded = packet_join(&inner, &tfc);
	spoke_send(&net.a, &padded);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* Authentic packets with any pad length, also those that cannot be. */
static void pad_lengths(void)
{
	struct packet inner, gre, plain, esp, frame;
	unsigned too_long = 0, good = 0;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 46);
	gre = spoke_gre(&net.a, &inner); /* 54 octets, so that 54 + 2 is a multiple of 4 */
	for (unsigned pad = 0; pad < 256; pad++) {
		const struct packet trailer = {.len = 2, .b = {(uint8_t)pad, IPPROTO_GRE}};

		plain = packet_join(&gre, &trailer);
		esp = spoke_esp_raw(&net.a, &plain);
		frame = spoke_frame(&net.a, IPPROTO_ESP, &esp);
		receive(&frame);
		too_long += pad > gre.len;
		good += pad == 0;
	}
	EXPECT_DROPS(esp_padding, too_long);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	/* In between the padding eats the inner packet, then the GRE header. */
	EXPECT_DROPS(gre_truncated, 8);
	EXPECT_DROPS(fwd_truncated, gre.len - 8);
	EXPECT(good == 1);
	net_close();
}

/* Room for less than header, IV and ICV, or no whole blocks. */
static void esp_lengths(const char *suite)
{
	const struct net_params params = {.suite = suite};
	const struct esp_suite *s = esp_suite_by_name(suite);
	const unsigned least = ESP_HDR_LEN + s->iv_len + s->icv_len + 2;
	struct packet inner, frame;
	uint8_t *ip;
	unsigned n_short = 0, n_length = 0, n_auth = 0;

	net_open(&params);
	for (unsigned len = 0; len < least + 64; len++) {
		unsigned cipher = len - ESP_HDR_LEN - s->iv_len - s->icv_len;

		inner = spoke_packet(&net.a, &net.b, 200);
		frame = spoke_seal(&net.a, &inner);
		ip = frame.b + PACKET_ETH_LEN;
		frame.len = (uint16_t)(ESP_AT + len);
		packet_put16(ip + PACKET_IP4_TOTAL, (uint16_t)(PACKET_IP4_LEN + len));
		packet_ip4_seal(ip);
		receive(&frame);
		if (len < least)
			n_short++;
		else if (cipher % s->align != 0)
			n_length++;
		else
			n_auth++;
	}
	EXPECT_DROPS(esp_short, n_short);
	EXPECT_DROPS(esp_length, n_length);
	EXPECT_DROPS(esp_auth, n_auth);
	net_close();
}

static void esp_lengths_all(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		esp_lengths(esp_suite_at(i)->name);
}

/* A burst with good and bad ones of several spokes: each gets its own verdict, in order. */
static void mixed_burst(void)
{
	const struct net_params params = {.suite = "aes128-sha1"};
	struct packet inner[30], frame;
	unsigned bad = 0;

	net_open(&params);
	for (unsigned i = 0; i < RTE_DIM(inner); i++) {
		inner[i] = spoke_packet(&net.spoke[i % 3], &net.spoke[(i + 1) % 3], 64 + 31 * i);
		frame = spoke_seal(&net.spoke[i % 3], &inner[i]);
		if (i % 4 == 1)
			frame.b[frame.len - 1] ^= 1;
		net_receive(0, 0, &frame);
	}
	net_run();
	for (unsigned i = 0; i < RTE_DIM(inner); i++) {
		if (i % 4 == 1)
			bad++;
		else
			EXPECT_DELIVERED(&net.spoke[(i + 1) % 3], packet_hop(&inner[i]));
	}
	EXPECT_DROPS(esp_auth, bad);
	net_close();
}

static const struct unit_test tests[] = {
	{"every suite carries every length both ways", all_suites},
	{"SPIs that no association has end", unknown_spi},
	{"ESP before its association is kept for it", early_plain},
	{"the same in UDP", early_natted},
	{"SPIs that nobody waits for any more", early_forgotten},
	{"one changed octet anywhere fails, and moves no window", tampered_all},
	{"another spoke's key fails", wrong_key},
	{"outer addresses must be the peer's", selectors},
	{"payloads other than GRE end, dummies apart", next_headers},
	{"flow confidentiality padding is cut off", flow_padding},
	{"authentic packets with wrong pad lengths end", pad_lengths},
	{"lengths that cannot be ESP end", esp_lengths_all},
	{"a mixed burst keeps verdicts apart and order", mixed_burst},
};

DP_SUITE(esp_in, tests);
