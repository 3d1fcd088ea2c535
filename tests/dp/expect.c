/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/dp/expect.h"

bool expect_drop_seen[DP_DROP_COUNT];

/* What EXPECT_DROPS() asked for in this test. */
static uint64_t drop_expected[DP_DROP_COUNT];

void expect_true(struct place at, bool ok, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	CU_assertImplementation(ok, at.line, text, at.file, "", CU_FALSE);
}

/* Where two packets differ first, for the message. */
static void expect_equal(
	struct place at, const char *what, const struct packet *got, const struct packet *want)
{
	unsigned i = 0;

	while (i < got->len && i < want->len && got->b[i] == want->b[i])
		i++;
	expect_true(at, packet_equal(got, want),
		"%s: %u octets, expected %u; first difference at %u: %02x, expected %02x", what,
		got->len, want->len, i, i < got->len ? got->b[i] : 0,
		i < want->len ? want->b[i] : 0);
}

void expect_frame(struct place at, unsigned port, const struct packet *frame)
{
	const struct packet got = net_transmitted(port);

	expect_equal(at, "frame", &got, frame);
}

/* Ethernet and outer IPv4 are what the hub must write for this spoke. Returns octets of ESP. */
static unsigned expect_outer(struct place at, const struct spoke *s, const struct packet *f)
{
	const uint8_t *ip = f->b + PACKET_ETH_LEN;
	const uint32_t hub_be = packet_addr(s->port ? HUB_NBMA_1 : HUB_NBMA);
	unsigned total = packet_get16(ip + PACKET_IP4_TOTAL);

	expect_true(
		at, memcmp(f->b, s->mac.bytes, 6) == 0, "frame is not for %s's next hop", s->name);
	expect_true(at, memcmp(f->b + 6, net.port[s->port].mac.bytes, 6) == 0,
		"frame is not from the port");
	expect_true(
		at, packet_get16(f->b + 12) == 0x0800 && ip[0] == 0x45, "frame is not plain IPv4");
	expect_true(at, total + PACKET_ETH_LEN == f->len, "outer total length %u in a frame of %u",
		total, f->len);
	expect_true(at, packet_sum(ip, PACKET_IP4_LEN) == 0, "outer checksum is wrong");
	expect_true(at, ip[PACKET_IP4_TTL] == TUNNEL_TTL || s->port == 1, "outer TTL is %u",
		ip[PACKET_IP4_TTL]);
	expect_true(at, ip[PACKET_IP4_PROTOCOL] == (s->natt_port ? IPPROTO_UDP : IPPROTO_ESP),
		"outer protocol is %u", ip[PACKET_IP4_PROTOCOL]);
	expect_true(
		at, memcmp(ip + PACKET_IP4_SRC, &hub_be, 4) == 0, "outer source is not the hub");
	expect_true(at, memcmp(ip + PACKET_IP4_DST, &s->nbma_be, 4) == 0,
		"outer destination is not %s", s->name);
	return total - PACKET_IP4_LEN;
}

/* RFC 3948 2.1: port 4500 to the port the NAT gave the spoke, length right, checksum zero. */
static void expect_udp(struct place at, const struct spoke *s, const uint8_t *udp, unsigned len)
{
	expect_true(at, packet_get16(udp) == 4500 && packet_get16(udp + 2) == s->natt_port,
		"UDP ports %u to %u", packet_get16(udp), packet_get16(udp + 2));
	expect_true(at, packet_get16(udp + 4) == len, "UDP length %u of %u", packet_get16(udp + 4),
		len);
	expect_true(at, packet_get16(udp + 6) == 0, "UDP checksum is not zero");
}

/* The header of ESP's tunnel mode, which is taken off. */
static void expect_tunnel_header(struct place at, const struct spoke *s, struct esp_packet *e)
{
	const uint32_t hub_be = packet_addr(s->port ? HUB_NBMA_1 : HUB_NBMA);
	const uint8_t *ip = e->payload;

	expect_true(at, e->next_header == IPPROTO_IPIP && ip[0] == 0x45,
		"ESP carries protocol %u, not IPv4", e->next_header);
	expect_true(at, packet_get16(ip + PACKET_IP4_TOTAL) == e->payload_len,
		"inner total length %u of %u", packet_get16(ip + PACKET_IP4_TOTAL), e->payload_len);
	expect_true(at, packet_sum(ip, PACKET_IP4_LEN) == 0, "inner checksum is wrong");
	expect_true(at,
		memcmp(ip + PACKET_IP4_SRC, &hub_be, 4) == 0 &&
			memcmp(ip + PACKET_IP4_DST, &s->nbma_be, 4) == 0,
		"inner addresses");
	e->next_header = ip[PACKET_IP4_PROTOCOL];
	e->payload += PACKET_IP4_LEN;
	e->payload_len -= PACKET_IP4_LEN;
}

static struct packet expect_opened(
	struct place at, struct spoke *s, const uint8_t *esp, unsigned len)
{
	struct packet out = {0};
	struct esp_packet e = {.sa = sa_at(net.open, s->open), .esp = out.b, .len = (uint16_t)len};
	struct esp_packet *burst[] = {&e};

	memcpy(out.b, esp, len);
	expect_true(at, packet_get32(esp) == s->spi_out, "SPI 0x%x, expected 0x%x of %s",
		packet_get32(esp), s->spi_out, s->name);
	esp_open_burst(net.esp, burst, 1);
	expect_true(at, e.status == ESP_OK, "%s cannot open it: status %u", s->name, e.status);
	if (e.status != ESP_OK)
		return (struct packet){0};
	if (net.params.tunnel_mode)
		expect_tunnel_header(at, s, &e);
	expect_true(at, e.next_header == IPPROTO_GRE, "ESP carries protocol %u", e.next_header);
	memmove(out.b, e.payload, e.payload_len);
	out.len = e.payload_len;
	return out;
}

struct packet expect_gre(struct place at, struct spoke *s)
{
	const struct packet frame = net_transmitted(s->port);
	const uint8_t *esp = frame.b + PACKET_ETH_LEN + PACKET_IP4_LEN;
	unsigned len;

	expect_true(at, frame.len > 0, "nothing was sent on %s's port", s->name);
	if (frame.len < PACKET_ETH_LEN + PACKET_IP4_LEN + ESP_HDR_LEN)
		return (struct packet){0};
	len = expect_outer(at, s, &frame);
	if (len + PACKET_ETH_LEN + PACKET_IP4_LEN > frame.len)
		return (struct packet){0};
	if (s->natt_port != 0) {
		expect_udp(at, s, esp, len);
		esp += PACKET_UDP_LEN;
		len -= PACKET_UDP_LEN;
	}
	return expect_opened(at, s, esp, len);
}

void expect_delivered(struct place at, struct spoke *s, const struct packet *inner)
{
	const struct packet_gre gre = {.protocol = 0x0800,
		.key = s->gre_key,
		.flags = PACKET_GRE_KEY | (s->port ? PACKET_GRE_CHECKSUM : 0)};
	const struct packet want = packet_gre(&gre, inner);
	const struct packet got = expect_gre(at, s);

	expect_equal(at, "GRE packet", &got, &want);
}

static uint64_t drops(enum dp_drop reason)
{
	struct dp_stats stats;

	dp_stats_read(net.dp, -1, &stats);
	return stats.drops[reason];
}

void expect_drops(struct place at, enum dp_drop reason, unsigned n)
{
	uint64_t got = drops(reason);

	expect_true(at, got == n, "%s: %lu drops, expected %u", dp_drop_names[reason].name,
		(unsigned long)got, n);
	drop_expected[reason] = n;
	if (n > 0 && got == n)
		expect_drop_seen[reason] = true;
}

struct packet expect_punt(struct place at, enum dp_punt_class class, struct dp_punt_info *info)
{
	struct packet p = {0};
	struct rte_mbuf *m;

	if (dp_punt_receive(net.dp, class, &m, 1) != 1) {
		expect_true(at, false, "nothing was punted as %s", dp_punt_name(class));
		return p;
	}
	expect_true(at, dp_punt_info(m)->class == class, "class in the information differs");
	if (info != NULL)
		*info = *dp_punt_info(m);
	p.len = rte_pktmbuf_data_len(m);
	memcpy(p.b, rte_pktmbuf_mtod(m, void *), p.len);
	rte_pktmbuf_free(m);
	return p;
}

static void expect_nothing_left(void)
{
	for (unsigned i = 0; i < RTE_DIM(net.port); i++) {
		const struct fake_queue *q = &net.port[i].tx;

		expect_true(HERE, q->head == q->n, "%u frames on port %u were not expected",
			q->n - q->head, i);
		while (net_transmitted(i).len > 0)
			;
	}
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++) {
		struct rte_mbuf *m;
		unsigned n;

		for (n = 0; dp_punt_receive(net.dp, i, &m, 1) == 1; n++)
			rte_pktmbuf_free(m);
		expect_true(HERE, n == 0, "%u punts as %s were not expected", n, dp_punt_name(i));
	}
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		expect_true(HERE, drops(i) == drop_expected[i],
			"%s: %lu drops at the end, expected %lu", dp_drop_names[i].name,
			(unsigned long)drops(i), (unsigned long)drop_expected[i]);
}

void net_close(void)
{
	net_run();
	expect_nothing_left();
	expect_true(
		HERE, net_buffers_in_use() == 0, "%u buffers are missing", net_buffers_in_use());
	memset(drop_expected, 0, sizeof(drop_expected));
	net_free();
}
