/* SPDX-License-Identifier: BSD-3-Clause */
/* From an inner packet to the frame that the hub's port receives. */
#include "tools/capgen_priv.h"

#include <string.h>

#include <arpa/inet.h>

#define ETHER_LEN 14
#define IP4_LEN   20
#define UDP_LEN   8
#define OUTER_TTL 57 /* a spoke some hops away */
/* To the echo service (RFC 862): a port that Wireshark knows, so that it does not guess. */
#define UDP_SRC  50000
#define UDP_ECHO 7

void capgen_put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void capgen_put32(uint8_t *at, uint32_t v)
{
	capgen_put16(at, (uint16_t)(v >> 16));
	capgen_put16(at + 2, (uint16_t)v);
}

uint16_t capgen_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Sum of 16 bit words (RFC 1071), eight octets a step; the result folds to the wire's byte order.
 */
static uint64_t sum_octets(const uint8_t *at, unsigned len, uint64_t sum)
{
	uint64_t word;

	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		sum += word;
		sum += sum < word;
	}
	word = 0;
	memcpy(&word, at, len);
	sum += word;
	return sum + (sum < word);
}

static uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void capgen_ip4_checksum(uint8_t *ip)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = sum_fold(sum_octets(ip, IP4_LEN, 0));
	memcpy(ip + 10, &sum, 2);
}

static void udp_checksum(const uint8_t *ip, uint8_t *udp, unsigned len)
{
	uint8_t pseudo[12] = {[9] = IPPROTO_UDP};
	uint16_t sum;

	memcpy(pseudo, ip + 12, 8);
	capgen_put16(pseudo + 10, (uint16_t)len);
	sum = sum_fold(sum_octets(udp, len, sum_octets(pseudo, sizeof(pseudo), 0)));
	if (sum == 0)
		sum = 0xffff; /* RFC 768: 0 says there is none */
	memcpy(udp + 6, &sum, 2);
}

static void ip4_write(uint8_t *ip, uint8_t protocol, uint8_t ttl, uint16_t id, uint32_t src,
	uint32_t dst, unsigned len)
{
	memset(ip, 0, IP4_LEN);
	ip[0] = 0x45;
	capgen_put16(ip + 2, (uint16_t)len);
	capgen_put16(ip + 4, id);
	capgen_put16(ip + 6, 0x4000); /* don't fragment */
	ip[8] = ttl;
	ip[9] = protocol;
	capgen_put32(ip + 12, src);
	capgen_put32(ip + 16, dst);
	capgen_ip4_checksum(ip);
}

/*
 * The UDP payload lets a receiver check what arrived: "DMVP", the flow (source and destination
 * address), the packet's number in the capture, then octets that count on from it.
 */
void capgen_inner_write(uint8_t *ip, uint32_t src, uint32_t dst, unsigned size, uint64_t number)
{
	uint8_t *udp = ip + IP4_LEN;
	uint8_t *data = udp + UDP_LEN;

	ip4_write(ip, IPPROTO_UDP, 64, (uint16_t)number, src, dst, size);
	memset(udp, 0, UDP_LEN);
	capgen_put16(udp, UDP_SRC);
	capgen_put16(udp + 2, UDP_ECHO);
	capgen_put16(udp + 4, (uint16_t)(size - IP4_LEN));
	memcpy(data, "DMVP", 4);
	capgen_put32(data + 4, src);
	capgen_put32(data + 8, dst);
	capgen_put32(data + 12, (uint32_t)(number >> 32));
	capgen_put32(data + 16, (uint32_t)number);
	for (unsigned i = 20; i < size - IP4_LEN - UDP_LEN; i++)
		data[i] = (uint8_t)(number + i);
	udp_checksum(ip, udp, size - IP4_LEN);
}

unsigned capgen_gre_len(const struct capgen_gre *gre)
{
	return 4u + (gre->checksum ? 4 : 0) + (gre->key_set ? 4 : 0);
}

void capgen_gre_checksum(uint8_t *at, unsigned len)
{
	uint16_t sum;

	memset(at + 4, 0, 2);
	sum = sum_fold(sum_octets(at, len, 0));
	memcpy(at + 4, &sum, 2);
}

void capgen_gre_write(uint8_t *at, const struct capgen_gre *gre, unsigned inner_len)
{
	unsigned len = capgen_gre_len(gre);

	memset(at, 0, len);
	at[0] = (uint8_t)((gre->checksum ? 0x80 : 0) | (gre->key_set ? 0x20 : 0));
	capgen_put16(at + 2, 0x0800);
	if (gre->key_set)
		capgen_put32(at + len - 4, gre->key);
	if (gre->checksum)
		capgen_gre_checksum(at, len + inner_len);
}

void capgen_packet_begin(struct capgen_packet *p, const struct capgen_sa *sa, unsigned spoke)
{
	p->sa = sa;
	p->spoke = spoke;
	p->payload = p->octets + ETHER_LEN + IP4_LEN + ESP_HDR_LEN + sa->suite->iv_len;
	p->next_header = ESP_NEXT_GRE;
}

void capgen_packet_fill(const struct capgen *g, struct capgen_packet *p, unsigned to, unsigned size,
	uint64_t number)
{
	struct capgen_gre gre = {g->opt.checksum, g->opt.key_set, g->opt.key};
	unsigned gre_len = capgen_gre_len(&gre);

	capgen_inner_write(p->payload + gre_len, capgen_lan(p->spoke) + CAPGEN_LAN_HOST,
		capgen_lan(to) + CAPGEN_LAN_HOST, size, number);
	capgen_gre_write(p->payload, &gre, size);
	p->payload_len = (uint16_t)(gre_len + size);
}

void capgen_packet_seal(struct capgen *g, struct capgen_packet *p[], unsigned n)
{
	struct esp_packet esp[ESP_BURST_MAX], *burst[ESP_BURST_MAX] = {NULL};

	for (unsigned i = 0; i < n; i++) {
		esp[i] = (struct esp_packet){
			.sa = sa_at(g->table, p[i]->sa->index),
			.esp = p[i]->octets + ETHER_LEN + IP4_LEN,
			.payload = p[i]->payload,
			.payload_len = p[i]->payload_len,
			.next_header = p[i]->next_header,
		};
		burst[i] = &esp[i];
	}
	esp_seal_burst(g->esp, burst, n);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *frame = p[i]->octets;

		memcpy(frame, capgen_hub_mac, 6);
		memcpy(frame + 6, capgen_gateway_mac, 6);
		capgen_put16(frame + 12, 0x0800);
		ip4_write(frame + ETHER_LEN, IPPROTO_ESP, OUTER_TTL, (uint16_t)esp[i].seq,
			capgen_nbma(p[i]->spoke), CAPGEN_HUB_NBMA, IP4_LEN + esp[i].len);
		p[i]->len = (uint16_t)(ETHER_LEN + IP4_LEN + esp[i].len);
	}
}
