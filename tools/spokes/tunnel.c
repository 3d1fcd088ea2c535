/* SPDX-License-Identifier: BSD-3-Clause */
/* GRE (RFC 2784, 2890) in ESP, both ways, and who in a spoke gets what came. */
#include <arpa/inet.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "common/cursor.h"
#include "control/rip/packet.h"
#include "tools/spokes/sim_priv.h"

#define GRE_KEY    0x2000
#define GRE_CSUM   0x8000
#define GRE_SEQ    0x1000
#define GRE_IP4    0x0800
#define PROTO_ICMP 1
#define ICMP_ECHO  8
#define IP4_LEN    20
#define IP4_DF     0x4000

/* --- out ---------------------------------------------------------------------------------------
 */

void sim_ip_write(uint8_t *ip, uint32_t src_be, uint32_t dst_be, uint8_t protocol, uint8_t ttl,
	unsigned payload)
{
	struct rte_ipv4_hdr h = {.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = htons((uint16_t)(payload + sizeof(h))),
		.fragment_offset = RTE_BE16(IP4_DF),
		.time_to_live = ttl,
		.next_proto_id = protocol,
		.src_addr = src_be,
		.dst_addr = dst_be};

	h.hdr_checksum = rte_ipv4_cksum(&h);
	memcpy(ip, &h, sizeof(h));
}

bool sim_udp_good(const uint8_t *ip)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + IP4_LEN);

	/* With the right sum in it all comes to nothing, of which RFC 768 makes ones. */
	return udp->dgram_cksum == 0 ||
	       rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)ip, udp) == 0xffff;
}

static unsigned gre_len(const struct sim *s)
{
	return s->tunnel->key_set ? 8 : 4;
}

static const struct esp_suite *suite_of(const struct sim_spoke *k)
{
	return esp_suite_at(sa_at(k->sim->out, k->sa_out)->suite);
}

uint8_t *sim_tunnel_put(struct sim_spoke *k, uint16_t protocol, unsigned len)
{
	struct sim *s = k->sim;
	unsigned iv_len = suite_of(k)->iv_len, gre = gre_len(s);
	struct rte_mbuf *m;
	uint8_t *at;

	if (s->n_queue == SIM_BURST)
		sim_tunnel_flush(s);
	m = rte_pktmbuf_alloc(s->pool);
	if (m == NULL) {
		s->counts.no_buffer++;
		return NULL;
	}
	at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ESP_HDR_LEN + iv_len + gre + len));
	if (at == NULL || rte_pktmbuf_tailroom(m) < ESP_TAIL_MAX) {
		rte_pktmbuf_free(m);
		s->counts.no_buffer++;
		return NULL;
	}
	at += ESP_HDR_LEN + iv_len;
	s->queue[s->n_queue++] =
		(struct sim_out){.m = m, .spoke = k, .payload = at, .len = (uint16_t)(gre + len)};
	memcpy(at, &(uint16_t[]){htons(s->tunnel->key_set ? GRE_KEY : 0), htons(protocol)}, 4);
	if (s->tunnel->key_set)
		memcpy(at + 4, &(uint32_t){htonl(s->tunnel->key)}, 4);
	return at + gre;
}

void sim_tunnel_flush(struct sim *s)
{
	struct esp_packet packets[SIM_BURST], *burst[SIM_BURST];
	struct rte_mbuf *m[SIM_BURST];
	unsigned n = s->n_queue, good = 0;

	s->n_queue = 0;
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct sim_out *o = &s->queue[i];

		packets[i] = (struct esp_packet){.sa = sa_at(s->out, o->spoke->sa_out),
			.esp = rte_pktmbuf_mtod(o->m, uint8_t *),
			.payload_len = o->len,
			.next_header = ESP_NEXT_GRE};
		burst[i] = &packets[i];
	}
	esp_seal_burst(s->esp, burst, n);
	for (unsigned i = 0; i < n; i++) {
		struct sim_out *o = &s->queue[i];

		if (packets[i].status != ESP_OK) {
			s->counts.tx_lost++;
			rte_pktmbuf_free(o->m);
			continue;
		}
		rte_pktmbuf_append(o->m, (uint16_t)(packets[i].len - o->m->pkt_len));
		sim_cable_put(s, o->spoke, o->m);
		m[good++] = o->m;
	}
	sim_wire_send(s, m, good);
}

/* --- in ----------------------------------------------------------------------------------------
 */

/* An echo request to the spoke itself, as the hub asks whether it lives: it answers. */
static void receive_icmp(struct sim_spoke *k, const uint8_t *ip, unsigned len)
{
	uint8_t *out;
	uint16_t sum;

	k->sim->counts.icmp_rx++;
	if (len < IP4_LEN + 8 || ip[IP4_LEN] != ICMP_ECHO)
		return;
	out = sim_tunnel_put(k, GRE_IP4, len);
	if (out == NULL)
		return;
	sim_ip_write(out, k->address_be, k->sim->tunnel_be, PROTO_ICMP, 64, len - IP4_LEN);
	memcpy(out + IP4_LEN, ip + IP4_LEN, len - IP4_LEN);
	out[IP4_LEN] = 0;
	memset(out + IP4_LEN + 2, 0, 2);
	sum = (uint16_t)~rte_raw_cksum(out + IP4_LEN, len - IP4_LEN);
	memcpy(out + IP4_LEN + 2, &sum, 2);
}

/* @return false: it is not for this spoke, or wrong */
static bool receive_own(struct sim_spoke *k, const uint8_t *ip, unsigned len, uint32_t src_be)
{
	struct cursor c = cursor_open(ip + IP4_LEN, len - IP4_LEN);
	unsigned port, udp_len;

	if (ip[9] == PROTO_ICMP) {
		receive_icmp(k, ip, len);
		return true;
	}
	if (ip[9] != IPPROTO_UDP)
		return false;
	cursor_u16(&c);
	port = cursor_u16(&c);
	udp_len = cursor_u16(&c);
	cursor_u16(&c);
	if (c.error || udp_len < 8 || udp_len - 8 > cursor_left(&c) || port != RIP_PORT ||
		!sim_udp_good(ip))
		return false;
	sim_rip_receive(k, src_be, c.at, udp_len - 8);
	return true;
}

static void receive_ip4(struct sim_spoke *k, const uint8_t *ip, unsigned len)
{
	struct cursor c = cursor_open(ip, len);
	uint32_t src_be, dst_be;
	unsigned total;
	int lan;

	cursor_u16(&c);
	total = cursor_u16(&c);
	cursor_take(&c, 8);
	src_be = cursor_be32(&c);
	dst_be = cursor_be32(&c);
	if (c.error || ip[0] != 0x45 || total < IP4_LEN || total > len ||
		rte_raw_cksum(ip, IP4_LEN) != 0xffff) {
		sim_fault(k->sim, SIM_FAULT_malformed, ip, len);
		return;
	}
	lan = sim_lan_find(k->sim, dst_be, 32);
	if (lan >= 0 && sim_lan_spoke(k->sim, (unsigned)lan) == k->number)
		sim_flow_receive(k, ip, total);
	else if (dst_be != k->address_be && dst_be != htonl(RIP_GROUP))
		sim_fault(k->sim, SIM_FAULT_misdelivered, ip, len);
	else if (!receive_own(k, ip, total, src_be))
		sim_fault(k->sim, SIM_FAULT_malformed, ip, len);
}

static void receive_gre(struct sim_spoke *k, const uint8_t *gre, unsigned len)
{
	struct sim *s = k->sim;
	struct cursor c = cursor_open(gre, len);
	unsigned flags = cursor_u16(&c), protocol = cursor_u16(&c);
	uint32_t key = 0;

	if ((flags & GRE_CSUM) != 0)
		cursor_u32(&c);
	if ((flags & GRE_KEY) != 0)
		key = cursor_u32(&c);
	if ((flags & GRE_SEQ) != 0)
		cursor_u32(&c);
	if (c.error || (flags & ~(GRE_CSUM | GRE_KEY | GRE_SEQ)) != 0 ||
		((flags & GRE_KEY) != 0) != s->tunnel->key_set || key != s->tunnel->key ||
		((flags & GRE_CSUM) != 0 && rte_raw_cksum(gre, len) != 0xffff))
		sim_fault(s, SIM_FAULT_malformed, gre, len);
	else if (protocol == NHRP_GRE_PROTOCOL)
		sim_spoke_nhrp(k, c.at, (unsigned)cursor_left(&c));
	else if (protocol == GRE_IP4)
		receive_ip4(k, c.at, (unsigned)cursor_left(&c));
	else
		sim_fault(s, SIM_FAULT_malformed, gre, len);
}

static enum sim_fault fault_of(uint8_t status)
{
	return status == ESP_REPLAY        ? SIM_FAULT_replay
	       : status == ESP_AUTH_FAILED ? SIM_FAULT_auth
					   : SIM_FAULT_malformed;
}

void sim_tunnel_open(
	struct sim *s, struct rte_mbuf **m, struct sim_spoke **to, struct sa **sa, unsigned n)
{
	struct esp_packet packets[SIM_BURST], *burst[SIM_BURST];

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		packets[i] = (struct esp_packet){.sa = sa[i],
			.esp = rte_pktmbuf_mtod(m[i], uint8_t *),
			.len = m[i]->data_len};
		burst[i] = &packets[i];
	}
	esp_open_burst(s->esp, burst, n);
	for (unsigned i = 0; i < n; i++) {
		const struct esp_packet *p = &packets[i];

		if (p->status != ESP_OK)
			sim_fault(s, fault_of(p->status), p->esp, m[i]->data_len);
		else if (p->next_header != ESP_NEXT_GRE)
			sim_fault(s, SIM_FAULT_malformed, p->payload, p->payload_len);
		else
			receive_gre(to[i], p->payload, p->payload_len);
	}
	rte_pktmbuf_free_bulk(m, n);
}
