/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port: all spokes are behind it, as if it were the hub's gateway. It answers ARP for that and
 * for the spokes, and writes and reads the outer headers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "common/cursor.h"
#include "tools/spokes/sim_priv.h"

#define RING       2048
#define BUFFERS    16384
#define NATT_PORT  4500
#define OUTER_TTL  57 /* a spoke some hops away */
#define ASK_MS     100
#define TX_TRIES   100000 /* a port that takes nothing for that long has lost its other end */
#define PROTO_ESP  50
#define PROTO_ICMP 1

int sim_cable_open(struct sim *s, const char *device, struct error *err)
{
	const struct rte_eth_conf conf = {0};
	char name[RTE_ETH_NAME_MAX_LEN];
	int rc;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, &s->port) != 0 &&
		(rte_dev_probe(device) < 0 || rte_eth_dev_get_port_by_name(name, &s->port) != 0))
		return error_set(err, ENODEV,
			"no driver of DPDK takes device \"%s\"; for example "
			"net_memif0,role=server,socket=/tmp/cable or net_af_packet0,iface=veth0",
			device);
	s->pool = rte_pktmbuf_pool_create(
		"spokes", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (s->pool == NULL)
		return error_set(err, ENOMEM, "no memory for %u packet buffers", BUFFERS);
	rc = rte_eth_dev_configure(s->port, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(s->port, 0, RING, SOCKET_ID_ANY, NULL, s->pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(s->port, 0, RING, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(s->port);
	if (rc < 0)
		return error_set(
			err, -rc, "device \"%s\" cannot be started: %s", device, strerror(-rc));
	rte_eth_promiscuous_enable(s->port);
	rte_eth_macaddr_get(s->port, &s->mac);
	return 0;
}

void sim_cable_close(struct sim *s)
{
	rte_eth_dev_stop(s->port);
	rte_eth_dev_close(s->port);
}

/* --- out ---------------------------------------------------------------------------------------
 */

void sim_cable_send(struct sim *s, struct rte_mbuf **m, unsigned n)
{
	unsigned sent = 0;

	for (unsigned i = 0; sent < n && i < TX_TRIES; i++)
		sent += rte_eth_tx_burst(s->port, 0, m + sent, (uint16_t)(n - sent));
	s->counts.tx += sent;
	s->counts.tx_lost += n - sent;
	rte_pktmbuf_free_bulk(m + sent, n - sent);
}

unsigned sim_cable_headers(const struct sim_spoke *k)
{
	return sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) +
	       (k->nat_port != 0 ? sizeof(struct rte_udp_hdr) : 0);
}

void sim_cable_put(struct sim *s, struct sim_spoke *from, struct rte_mbuf *m)
{
	uint16_t len = (uint16_t)m->pkt_len;
	uint8_t *at = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)sim_cable_headers(from));
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)at;
	uint8_t *ip = at + sizeof(*ether);

	*ether = (struct rte_ether_hdr){
		.dst_addr = s->hub_mac, .src_addr = s->mac, .ether_type = RTE_BE16(0x0800)};
	if (from->nat_port != 0) {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + sizeof(struct rte_ipv4_hdr));

		len = (uint16_t)(len + sizeof(*udp));
		/* RFC 3948 2.1: the checksum should be zero */
		*udp = (struct rte_udp_hdr){.src_port = htons(from->nat_port),
			.dst_port = htons(NATT_PORT),
			.dgram_len = htons(len)};
	}
	sim_ip_write(ip, from->nbma_be, s->hub_be, from->nat_port != 0 ? IPPROTO_UDP : PROTO_ESP,
		OUTER_TTL, len);
}

static void send_arp(struct sim *s, uint16_t op, uint32_t own_be, const struct rte_ether_addr *to,
	uint32_t to_be)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
	struct rte_ether_hdr *ether;
	struct rte_arp_hdr *arp;

	if (m == NULL)
		return;
	ether = (struct rte_ether_hdr *)rte_pktmbuf_append(m, sizeof(*ether) + sizeof(*arp));
	arp = (struct rte_arp_hdr *)(ether + 1);
	*ether = (struct rte_ether_hdr){
		.dst_addr = *to, .src_addr = s->mac, .ether_type = RTE_BE16(0x0806)};
	*arp = (struct rte_arp_hdr){.arp_hardware = RTE_BE16(1),
		.arp_protocol = RTE_BE16(0x0800),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = htons(op),
		.arp_data = {.arp_sha = s->mac, .arp_sip = own_be, .arp_tip = to_be}};
	if (op == RTE_ARP_OP_REPLY)
		arp->arp_data.arp_tha = *to;
	sim_cable_send(s, &m, 1);
}

void sim_cable_turn(struct sim *s)
{
	static const struct rte_ether_addr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct rte_eth_link link = {0};

	if (s->hub_known || (s->asked_ms != 0 && s->now_ms < s->asked_ms + ASK_MS))
		return;
	s->asked_ms = s->now_ms;
	if (rte_eth_link_get_nowait(s->port, &link) == 0 && link.link_status == RTE_ETH_LINK_DOWN)
		return;
	send_arp(s, RTE_ARP_OP_REQUEST, s->gateway_be != 0 ? s->gateway_be : s->spokes[0].nbma_be,
		&all, s->hub_be);
}

/* --- in ----------------------------------------------------------------------------------------
 */

/* The gateway, or a spoke that is where the hub asks for it itself. */
static bool is_here(const struct sim *s, uint32_t address_be)
{
	if (address_be == s->gateway_be)
		return true;
	for (unsigned i = 0; i < s->n_spokes; i++)
		if (s->spokes[i].nbma_be == address_be)
			return true;
	return false;
}

static void receive_arp(struct sim *s, const struct rte_mbuf *m)
{
	const struct rte_arp_hdr *arp;

	if (m->data_len < sizeof(struct rte_ether_hdr) + sizeof(*arp))
		return;
	arp = rte_pktmbuf_mtod_offset(m, const struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));
	s->counts.arp++;
	if (arp->arp_data.arp_sip == s->hub_be) {
		s->hub_mac = arp->arp_data.arp_sha;
		s->hub_known = true;
	}
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) && is_here(s, arp->arp_data.arp_tip))
		send_arp(s, RTE_ARP_OP_REPLY, arp->arp_data.arp_tip, &arp->arp_data.arp_sha,
			arp->arp_data.arp_sip);
}

/*
 * On a bridge others' frames come along now and then, even before the hub's Ethernet address is
 * known: what is judged is the hub's, and for us.
 */
static bool is_ours(const struct sim *s, const struct rte_ether_hdr *ether)
{
	const struct rte_ether_addr *to = &ether->dst_addr;

	if (!s->hub_known)
		return ether->ether_type == RTE_BE16(0x0806);
	return rte_is_same_ether_addr(&ether->src_addr, &s->hub_mac) &&
	       (rte_is_multicast_ether_addr(to) || rte_is_same_ether_addr(to, &s->mac) ||
		       rte_is_same_ether_addr(to, &s->gateway_mac));
}

/* A burst's ESP packets. */
struct found {
	struct rte_mbuf *m[SIM_BURST];
	uint32_t spi[SIM_BURST], dst_be[SIM_BURST];
	uint16_t dst_port[SIM_BURST];
	unsigned n;
};

/*
 * An IPv4 packet of the hub: ESP for a spoke is added to *f. ICMP is about the outer path; all else
 * is what must not be.
 */
static bool take_ip4(struct sim *s, struct rte_mbuf *m, struct found *f)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct cursor c = cursor_open(
		frame + sizeof(struct rte_ether_hdr), m->data_len - sizeof(struct rte_ether_hdr));
	const uint8_t *ip = c.at;
	unsigned header = (cursor_u8(&c) & 15u) * 4, total, sport;

	cursor_u8(&c);
	total = cursor_u16(&c);
	cursor_take(&c, 12);
	f->dst_be[f->n] = cursor_be32(&c);
	f->dst_port[f->n] = 0;
	if (c.error || header != 20 || total < 28 ||
		total > m->data_len - sizeof(struct rte_ether_hdr) || (ip[6] & 0x3f) != 0 ||
		ip[7] != 0) {
		sim_fault(s, SIM_FAULT_malformed, frame, m->data_len);
		return false;
	}
	if (ip[9] == PROTO_ICMP) {
		s->counts.other++;
		return false;
	}
	if (ip[9] == IPPROTO_UDP) {
		sport = cursor_u16(&c);
		f->dst_port[f->n] = cursor_u16(&c);
		cursor_take(&c, 4);
		header += 8;
		if (sport != NATT_PORT) {
			sim_fault(s, SIM_FAULT_clear, frame, m->data_len);
			return false;
		}
	} else if (ip[9] != PROTO_ESP) {
		sim_fault(s, SIM_FAULT_clear, frame, m->data_len);
		return false;
	}
	f->spi[f->n] = cursor_u32(&c);
	if (c.error || total < header + ESP_HDR_LEN) {
		sim_fault(s, SIM_FAULT_malformed, frame, m->data_len);
		return false;
	}
	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - sizeof(struct rte_ether_hdr) - total));
	rte_pktmbuf_adj(m, (uint16_t)(sizeof(struct rte_ether_hdr) + header));
	f->m[f->n++] = m;
	return true;
}

/* To whom does it go? Dead spokes hear nothing. @return spokes left in f->m, to */
static unsigned match(struct sim *s, struct found *f, struct sim_spoke **to, struct sa **sa)
{
	unsigned n = 0;

	if (f->n == 0)
		return 0;
	sa_lookup_burst(s->in, f->spi, f->n, sa);
	for (unsigned i = 0; i < f->n; i++) {
		struct sim_spoke *k = sa[i] != NULL ? sim_spoke(s, sa[i]->peer) : NULL;

		if (k != NULL && k->state != SIM_DOWN && k->nbma_be == f->dst_be[i] &&
			k->nat_port == f->dst_port[i]) {
			f->m[n] = f->m[i];
			sa[n] = sa[i];
			to[n++] = k;
			continue;
		}
		if (k == NULL)
			sim_fault(s, SIM_FAULT_no_sa, rte_pktmbuf_mtod(f->m[i], uint8_t *),
				f->m[i]->data_len);
		else if (k->state == SIM_DOWN || k->nat_port != 0)
			s->counts.dark++; /* or on its way when the spoke moved */
		else
			sim_fault(s, SIM_FAULT_wrong_spoke, rte_pktmbuf_mtod(f->m[i], uint8_t *),
				f->m[i]->data_len);
		rte_pktmbuf_free(f->m[i]);
	}
	return n;
}

unsigned sim_cable_rx(struct sim *s)
{
	struct rte_mbuf *m[SIM_BURST];
	struct sim_spoke *to[SIM_BURST];
	struct sa *sa[SIM_BURST];
	struct found f;
	unsigned n = rte_eth_rx_burst(s->port, 0, m, SIM_BURST), got = n;

	f.n = 0;
	s->counts.rx += n;
	n = sim_wire_receive(s, m, n);
	for (unsigned i = 0; i < n; i++) {
		const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);
		uint16_t type = m[i]->data_len > sizeof(*ether) ? ntohs(ether->ether_type) : 0;

		if (!is_ours(s, ether)) {
			s->counts.other++;
			rte_pktmbuf_free(m[i]);
			continue;
		}
		if (type == 0x0800 && take_ip4(s, m[i], &f))
			continue;
		if (type == 0x0806)
			receive_arp(s, m[i]);
		else if (type != 0x0800)
			s->counts.other++;
		rte_pktmbuf_free(m[i]);
	}
	sim_tunnel_open(s, f.m, to, sa, match(s, &f, to, sa));
	return got;
}
