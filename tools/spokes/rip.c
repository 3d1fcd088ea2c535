/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small RIP speaker (RFC 2453): announces the spoke's LANs, answers requests, learns what the hub
 * tells about the LANs of others, with its next hops. Horizons are split: what it learned it does
 * not tell.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "common/addr.h"
#include "common/writer.h"
#include "control/rip/packet.h"
#include "tools/spokes/sim_priv.h"

#define PROTO_IP4 0x0800
#define HEADERS   (sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

static void send_message(
	struct sim_spoke *k, uint32_t dst_be, uint16_t port, const struct writer *w)
{
	unsigned len = (unsigned)writer_len(w);
	uint8_t *ip = sim_tunnel_put(k, PROTO_IP4, (unsigned)HEADERS + len);
	struct rte_udp_hdr udp = {.src_port = RTE_BE16(RIP_PORT),
		.dst_port = htons(port),
		.dgram_len = htons((uint16_t)(sizeof(udp) + len))};

	if (ip == NULL)
		return;
	k->sim->counts.rip_tx++;
	sim_ip_write(ip, k->address_be, dst_be, IPPROTO_UDP, dst_be == htonl(RIP_GROUP) ? 1 : 64,
		(unsigned)sizeof(udp) + len);
	memcpy(ip + HEADERS, w->start, len);
	memcpy(ip + sizeof(struct rte_ipv4_hdr), &udp, sizeof(udp));
	udp.dgram_cksum = rte_ipv4_udptcp_cksum(
		(const struct rte_ipv4_hdr *)ip, ip + sizeof(struct rte_ipv4_hdr));
	memcpy(ip + sizeof(struct rte_ipv4_hdr), &udp, sizeof(udp));
}

/* The i-th network that it announces. */
static struct rip_entry entry_at(const struct sim_spoke *k, unsigned i)
{
	const struct sim_extra *x;

	if (i < k->sim->set.lans)
		return (struct rip_entry){.family = RIP_FAMILY_IP,
			.addr_be = sim_lan_net_be(k->sim, sim_lan_of(k->sim, k->number, i)),
			.mask_be = ip4_mask_be(24),
			.metric = 1};
	x = &k->extras[i - k->sim->set.lans];
	return (struct rip_entry){.family = RIP_FAMILY_IP,
		.addr_be = x->net_be,
		.mask_be = ip4_mask_be(x->len),
		.metric = x->metric};
}

static void tell_to(struct sim_spoke *k, uint32_t dst_be, uint16_t port)
{
	unsigned n = k->sim->set.lans + k->n_extras;
	uint8_t bytes[RIP_PACKET_MAX];

	for (unsigned i = 0; i < n;) {
		struct writer w = writer_open(bytes, sizeof(bytes));

		rip_packet_write_header(&w, RIP_RESPONSE, 2);
		for (unsigned j = 0; j < RIP_ENTRIES_MAX && i < n; j++, i++) {
			struct rip_entry e = entry_at(k, i);

			rip_packet_write_entry(&w, &e);
		}
		send_message(k, dst_be, port, &w);
	}
}

void sim_rip_tell(struct sim_spoke *k)
{
	if (k->sim->set.rip != 0 && k->state == SIM_REGISTERED)
		tell_to(k, htonl(RIP_GROUP), RIP_PORT);
}

/* 3.9.1: one entry of family 0 and metric 16 asks for everything. */
static void ask(struct sim_spoke *k)
{
	const struct rip_entry all = {.metric = RIP_INFINITY};
	uint8_t bytes[RIP_PACKET_MAX];
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, RIP_REQUEST, 2);
	rip_packet_write_entry(&w, &all);
	send_message(k, htonl(RIP_GROUP), RIP_PORT, &w);
}

static uint32_t next_random(struct sim_spoke *k)
{
	k->random = k->random * 1664525u + 1013904223u;
	return k->random >> 8;
}

/* The interval, a sixth more or less by chance, so that spokes do not speak at once (3.8). */
static void again(struct sim_spoke *k)
{
	uint32_t ms = k->sim->set.rip * 1000, spread = ms / 3;

	timer_start(&k->sim->timers, &k->rip_timer,
		k->sim->now_ms + ms - spread / 2 + next_random(k) % (spread + 1));
}

/* A registered spoke asks for everything once, and tells at once and for ever. */
void sim_rip_start(struct sim_spoke *k)
{
	if (k->sim->set.rip == 0)
		return;
	ask(k);
	sim_rip_tell(k);
	again(k);
}

void sim_rip_stop(struct sim_spoke *k)
{
	timer_stop(&k->sim->timers, &k->rip_timer);
	if (k->routes != NULL)
		memset(k->routes, 0, k->sim->n_lans * sizeof(k->routes[0]));
}

void sim_rip_fire(struct sim_spoke *k)
{
	sim_rip_tell(k);
	again(k);
}

static uint32_t seconds(const struct sim *s)
{
	return (uint32_t)(s->now_ms / 1000);
}

static void learn(struct sim_spoke *k, const struct rip_entry *e, uint32_t src_be)
{
	int len = rip_mask_len(e->mask_be), lan = -1;
	struct sim_route *r;

	k->sim->counts.rip_entries++;
	if (len >= 0)
		lan = sim_lan_find(k->sim, e->addr_be, (uint8_t)len);
	if (lan < 0 || sim_lan_spoke(k->sim, (unsigned)lan) == k->number)
		return;
	r = &k->routes[lan];
	/* 3.9.2: who is told infinity by its own next hop has lost the way */
	*r = (struct sim_route){.via_be = e->next_hop_be != 0 ? e->next_hop_be : src_be,
		.metric = e->metric < RIP_INFINITY ? e->metric + 1 : RIP_INFINITY,
		.heard_s = seconds(k->sim)};
}

void sim_rip_receive(struct sim_spoke *k, uint32_t src_be, const uint8_t *data, unsigned len)
{
	struct sim *s = k->sim;
	struct rip_packet p;

	s->counts.rip_rx++;
	if (src_be != s->tunnel_be || rip_packet_parse(data, len, &p) != RIP_PARSE_OK) {
		sim_fault(s, SIM_FAULT_malformed, data, len);
		return;
	}
	if (s->set.rip == 0)
		return;
	if (p.command == RIP_REQUEST) {
		tell_to(k, src_be, RIP_PORT);
		return;
	}
	if (k->routes == NULL)
		k->routes = calloc(s->n_lans, sizeof(k->routes[0]));
	for (unsigned i = 0; i < p.n && k->routes != NULL; i++)
		learn(k, &p.entries[i], src_be);
}

bool sim_rip_knows(const struct sim_spoke *k, unsigned lan, uint32_t via_be)
{
	const struct sim_route *r;

	if (k->routes == NULL)
		return false;
	r = &k->routes[lan];
	return r->via_be != 0 && r->metric < RIP_INFINITY &&
	       seconds(k->sim) - r->heard_s < SIM_RIP_TIMEOUT &&
	       (via_be == 0 || via_be == r->via_be);
}
