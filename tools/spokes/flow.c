/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic that is checked: UDP from the host in a spoke's first LAN to that of another's. Each
 * packet carries who sent it to whom, its number and its time, so that the receiver knows of each
 * one that is lost, late, comes twice, comes to another spoke, or is not what was sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "tools/spokes/sim_priv.h"

#define MAGIC     UINT32_C(0x44535031) /* "DSP1" */
#define PROTO_IP4 0x0800
#define UDP_FROM  50000
#define UDP_TO    7 /* echo (RFC 862): Wireshark knows it, and does not guess */
#define TTL       64
#define AT_ONCE   64 /* packets of a flow in one turn */

#define STAMP_AT (sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

_Static_assert(
	STAMP_AT + sizeof(struct sim_stamp) <= SIM_SIZE_MIN, "smallest packet holds its stamp");

static struct sim_flow *flow_find(struct sim *s, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < s->n_flows; i++)
		if (s->flows[i].from == from && s->flows[i].to == to)
			return &s->flows[i];
	return NULL;
}

static struct sim_flow *flow_add(struct sim *s, unsigned from, unsigned to)
{
	unsigned room = s->n_flows_room == 0 ? 64 : s->n_flows_room * 2;
	struct sim_flow *more;

	if (s->n_flows == s->n_flows_room) {
		more = realloc(s->flows, room * sizeof(more[0]));
		if (more == NULL)
			return NULL;
		s->flows = more;
		s->n_flows_room = room;
	}
	s->flows[s->n_flows] = (struct sim_flow){.from = from, .to = to, .heard_ns = s->now_ns};
	return &s->flows[s->n_flows++];
}

int sim_flow_start(struct sim *s, unsigned from, unsigned to, unsigned rate, unsigned size)
{
	struct sim_flow *f = flow_find(s, from, to);

	if (f == NULL)
		f = flow_add(s, from, to);
	if (f == NULL)
		return -ENOMEM;
	f->rate = rate;
	f->size = (uint16_t)size;
	f->since_ns = s->now_ns;
	f->base = f->sent;
	f->on = true;
	return 0;
}

void sim_flow_stop(struct sim *s, unsigned from)
{
	for (unsigned i = 0; i < s->n_flows; i++)
		if (s->flows[i].from == from)
			s->flows[i].on = false;
}

void sim_flow_watch(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		s->flows[i].heard_ns = s->now_ns;
		s->flows[i].gap_ns = 0;
	}
}

uint64_t sim_flow_gap_ns(const struct sim *s, const struct sim_flow *f)
{
	uint64_t silent = f->on ? s->now_ns - f->heard_ns : 0;

	return silent > f->gap_ns ? silent : f->gap_ns;
}

uint64_t sim_flow_holes(const struct sim_flow *f)
{
	return f->highest - f->received;
}

static void send_packet(struct sim *s, unsigned index)
{
	struct sim_flow *f = &s->flows[index];
	unsigned udp_len = f->size - (unsigned)sizeof(struct rte_ipv4_hdr);
	uint8_t *ip = sim_tunnel_put(sim_spoke(s, f->from), PROTO_IP4, f->size);
	const struct sim_stamp stamp = {.magic = MAGIC,
		.flow = index,
		.number = ++f->sent,
		.from = f->from,
		.to = f->to,
		.sent_ns = s->now_ns};
	struct rte_udp_hdr *udp;

	if (ip == NULL)
		return;
	s->counts.data_tx++;
	sim_ip_write(ip, sim_lan_host_be(s, sim_lan_of(s, f->from, 0)),
		sim_lan_host_be(s, sim_lan_of(s, f->to, 0)), IPPROTO_UDP, TTL, udp_len);
	udp = (struct rte_udp_hdr *)(ip + sizeof(struct rte_ipv4_hdr));
	*udp = (struct rte_udp_hdr){.src_port = RTE_BE16(UDP_FROM),
		.dst_port = RTE_BE16(UDP_TO),
		.dgram_len = htons((uint16_t)udp_len)};
	memcpy(ip + STAMP_AT, &stamp, sizeof(stamp));
	memset(ip + STAMP_AT + sizeof(stamp), (int)(f->sent & 0xff),
		f->size - STAMP_AT - sizeof(stamp));
	udp->dgram_cksum = rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)ip, udp);
}

void sim_flow_turn(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		struct sim_flow *f = &s->flows[i];
		uint64_t due;

		if (!f->on)
			continue;
		due = f->base + 1 + (s->now_ns - f->since_ns) * f->rate / 1000000000;
		for (unsigned k = 0; k < AT_ONCE && f->sent < due; k++)
			send_packet(s, i);
	}
}

/* Whether a number is new; it then counts as seen. Older than the window: it came too late to tell.
 */
static bool take_number(struct sim_flow *f, uint64_t number)
{
	uint64_t ahead;

	if (number > f->highest) {
		ahead = number - f->highest;
		f->window = (ahead < 64 ? f->window << ahead : 0) | 1;
		f->highest = number;
		return true;
	}
	ahead = f->highest - number;
	if (ahead >= 64 || (f->window >> ahead & 1) != 0)
		return false;
	f->window |= UINT64_C(1) << ahead;
	return true;
}

void sim_flow_receive(struct sim_spoke *k, const uint8_t *ip, unsigned len)
{
	struct sim *s = k->sim;
	struct sim_flow *f;
	struct sim_stamp stamp;
	uint64_t delay;

	if (ip[9] != IPPROTO_UDP) { /* ICMP for the host, as when the way is lost */
		s->counts.icmp_rx++;
		return;
	}
	s->counts.data_rx++;
	if (len < STAMP_AT + sizeof(stamp) || !sim_udp_good(ip)) {
		sim_fault(s, SIM_FAULT_corrupt, ip, len);
		return;
	}
	memcpy(&stamp, ip + STAMP_AT, sizeof(stamp));
	if (stamp.magic != MAGIC || stamp.flow >= s->n_flows ||
		s->flows[stamp.flow].from != stamp.from || s->flows[stamp.flow].size != len ||
		ip[8] != TTL - 1) {
		sim_fault(s, SIM_FAULT_corrupt, ip, len);
		return;
	}
	f = &s->flows[stamp.flow];
	if (stamp.to != k->number || stamp.number > f->sent) {
		sim_fault(s, SIM_FAULT_misdelivered, ip, len);
		return;
	}
	if (!take_number(f, stamp.number)) {
		sim_fault(s, SIM_FAULT_duplicate, ip, len);
		return;
	}
	f->received++;
	f->gap_ns = sim_flow_gap_ns(s, f);
	f->heard_ns = s->now_ns;
	delay = s->now_ns - stamp.sent_ns;
	f->delay_ns += delay;
	f->delay_max_ns = delay > f->delay_max_ns ? delay : f->delay_max_ns;
}
