/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "tests/dp/packet.h"

uint16_t packet_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t packet_get32(const uint8_t *p)
{
	return (uint32_t)packet_get16(p) << 16 | packet_get16(p + 2);
}

void packet_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

void packet_put32(uint8_t *p, uint32_t v)
{
	packet_put16(p, v >> 16);
	packet_put16(p + 2, v & 0xffff);
}

uint32_t packet_addr(const char *text)
{
	return inet_addr(text);
}

struct packet packet_fill(uint8_t first, unsigned n)
{
	struct packet p = {.len = (uint16_t)n};

	assert(n <= PACKET_MAX);
	for (unsigned i = 0; i < n; i++)
		p.b[i] = (uint8_t)(first + i);
	return p;
}

struct packet packet_join(const struct packet *a, const struct packet *b)
{
	struct packet p = *a;

	assert(a->len + b->len <= PACKET_MAX);
	memcpy(p.b + p.len, b->b, b->len);
	p.len += b->len;
	return p;
}

struct packet packet_cut(const struct packet *p, unsigned n)
{
	struct packet out = {0};

	assert(n <= p->len);
	out.len = (uint16_t)(p->len - n);
	memcpy(out.b, p->b + n, out.len);
	return out;
}

uint16_t packet_sum(const uint8_t *p, unsigned n)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i + 1 < n; i += 2)
		sum += packet_get16(p + i);
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void packet_ip4_seal(uint8_t *ip)
{
	packet_put16(ip + PACKET_IP4_CHECKSUM, 0);
	packet_put16(ip + PACKET_IP4_CHECKSUM, packet_sum(ip, (ip[0] & 15) * 4u));
}

struct packet packet_ip4(
	uint32_t src_be, uint32_t dst_be, uint8_t protocol, const struct packet *payload)
{
	struct packet ip = {.len = PACKET_IP4_LEN};

	ip.b[0] = 0x45;
	packet_put16(ip.b + PACKET_IP4_TOTAL, (uint16_t)(PACKET_IP4_LEN + payload->len));
	packet_put16(ip.b + PACKET_IP4_ID, 0x1234);
	ip.b[PACKET_IP4_TTL] = 64;
	ip.b[PACKET_IP4_PROTOCOL] = protocol;
	memcpy(ip.b + PACKET_IP4_SRC, &src_be, 4);
	memcpy(ip.b + PACKET_IP4_DST, &dst_be, 4);
	packet_ip4_seal(ip.b);
	return packet_join(&ip, payload);
}

struct packet packet_udp(
	uint32_t src_be, uint32_t dst_be, uint16_t sport, uint16_t dport, unsigned total_len)
{
	struct packet udp = packet_fill((uint8_t)total_len, total_len - PACKET_IP4_LEN);

	packet_put16(udp.b, sport);
	packet_put16(udp.b + 2, dport);
	packet_put16(udp.b + 4, udp.len);
	packet_put16(udp.b + 6, 0);
	return packet_ip4(src_be, dst_be, IPPROTO_UDP, &udp);
}

struct packet packet_gre(const struct packet_gre *gre, const struct packet *payload)
{
	struct packet head = {.len = 4};
	struct packet p;

	packet_put16(head.b, gre->flags);
	packet_put16(head.b + 2, gre->protocol);
	if (gre->flags & (PACKET_GRE_CHECKSUM | PACKET_GRE_ROUTING))
		head.len += 4;
	if (gre->flags & PACKET_GRE_KEY) {
		packet_put32(head.b + head.len, gre->key);
		head.len += 4;
	}
	if (gre->flags & PACKET_GRE_SEQUENCE) {
		packet_put32(head.b + head.len, gre->sequence);
		head.len += 4;
	}
	p = packet_join(&head, payload);
	if (gre->flags & PACKET_GRE_CHECKSUM) {
		packet_put16(p.b + 4, packet_sum(p.b, p.len));
		p.b[4] ^= gre->bad_checksum;
	}
	return p;
}

struct packet packet_eth(const struct mac_addr *dst, const struct mac_addr *src, uint16_t type,
	const struct packet *payload)
{
	struct packet eth = {.len = PACKET_ETH_LEN};

	memcpy(eth.b, dst->bytes, 6);
	memcpy(eth.b + 6, src->bytes, 6);
	packet_put16(eth.b + 12, type);
	return packet_join(&eth, payload);
}

bool packet_equal(const struct packet *a, const struct packet *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

struct packet packet_hop(const struct packet *ip)
{
	struct packet p = *ip;

	p.b[PACKET_IP4_TTL]--;
	packet_ip4_seal(p.b);
	return p;
}
