/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer reassembly: ESP, plain or in UDP, that was fragmented on its way to the hub (RFC 791 3.2,
 * RFC 4303 3.4.1). Anyone can send fragments, so what they may hold is bounded: a share of the
 * packet buffers, for a while, and the oldest go first when it is used up. One table a worker:
 * receive queues are chosen by addresses alone (port.c), which all fragments of a packet have.
 */
/* rte_ip_frag_table_del_expired_entries() */
#define ALLOW_EXPERIMENTAL_API
#include <rte_cycles.h>
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define WAIT_US   2000000 /* for the rest of a packet */
#define HELD_MAX  512     /* fragments of a worker */
#define HELD_PART 8       /* all workers hold this part of the packet buffers at most */
#define WAYS      16      /* of a table; there are two buckets for each packet */
/* RFC 1858 3: the first fragment shows what is looked at, UDP's header and ESP's. */
#define FIRST_MIN (sizeof(struct rte_udp_hdr) + ESP_HDR_LEN)
#define CE        3

int reassembly_init(struct worker *w, struct error *err)
{
	const struct dp_params *p = &w->dp->params;
	struct reassembly *r = &w->reassembly;
	uint64_t us = p->fragment_us != 0 ? p->fragment_us : WAIT_US;

	r->wait = us * rte_get_tsc_hz() / 1000000;
	r->room = RTE_MIN(p->n_mbufs / (HELD_PART * p->n_workers), (unsigned)HELD_MAX);
	for (unsigned i = 0; i < RTE_DIM(r->table); i++) {
		/* No packet has less than one buffer, so the table never fills before the room. */
		r->table[i] = rte_ip_frag_table_create(
			HELD_MAX / WAYS, WAYS, HELD_MAX, r->wait, p->socket);
		if (r->table[i] == NULL)
			return error_set(
				err, ENOMEM, "no memory for the fragments of worker %u", w->id);
	}
	return 0;
}

/* Free what the table gave up. */
static void bury(struct worker *w, enum dp_drop reason)
{
	struct reassembly *r = &w->reassembly;

	for (unsigned i = 0; i < r->dead.cnt; i++) {
		struct rte_mbuf *m = r->dead.row[i];

		r->held -= m->nb_segs;
		w->stats.drops[reason] += m->nb_segs;
		buf_unguard(m);
	}
	rte_ip_frag_free_death_row(&r->dead, 0);
}

/* Give up packets that began more than `wait` before `time`. */
static void expire(struct worker *w, uint64_t time, enum dp_drop reason)
{
	struct reassembly *r = &w->reassembly;
	unsigned n;

	for (unsigned i = 0; i < RTE_DIM(r->table); i++) {
		do { /* the death row takes some at a time */
			rte_ip_frag_table_del_expired_entries(r->table[i], &r->dead, time);
			n = r->dead.cnt;
			bury(w, reason);
		} while (n != 0);
	}
}

void reassembly_fini(struct worker *w)
{
	struct reassembly *r = &w->reassembly;

	if (r->held != 0)
		expire(w, UINT64_MAX, DP_DROP_ip4_fragment_timeout);
	for (unsigned i = 0; i < RTE_DIM(r->table); i++)
		if (r->table[i] != NULL)
			rte_ip_frag_table_destroy(r->table[i]);
}

void reassembly_turn(struct worker *w)
{
	expire(w, w->now, DP_DROP_ip4_fragment_timeout);
}

/* When there are many, they wait for less long, so that nobody keeps others out by being first. */
static bool make_room(struct worker *w)
{
	struct reassembly *r = &w->reassembly;

	for (uint64_t age = r->wait / 2; r->held >= r->room && age != 0; age /= 2)
		expire(w, w->now + r->wait - age, DP_DROP_ip4_fragment_crowded);
	return r->held < r->room;
}

/* A fragment by itself: DP_DROP_COUNT if nothing is wrong with it. */
static enum dp_drop check(const struct pkt *p, unsigned header, unsigned field)
{
	unsigned len = p->l3_len - header, offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * 8;
	bool more = (field & RTE_IPV4_HDR_MF_FLAG) != 0;

	if (len == 0 || (more && len % 8 != 0) || (offset != 0 && offset < FIRST_MIN) ||
		(offset == 0 && len < FIRST_MIN))
		return DP_DROP_ip4_fragment_tiny;
	if (header + offset + len > p->m->buf_len - (unsigned)RTE_PKTMBUF_HEADROOM)
		return DP_DROP_ip4_fragment_long;
	return DP_DROP_COUNT;
}

/* RFC 3168 5.3: congestion that any fragment met is the packet's. */
static void join_ecn(struct rte_mbuf *m, struct rte_ipv4_hdr *ip)
{
	for (const struct rte_mbuf *s = m->next; s != NULL; s = s->next) {
		/* The fragment's own header is still there, in front of its data. */
		const uint8_t *l3 = rte_pktmbuf_mtod(s, const uint8_t *) - s->l3_len;

		if ((l3[1] & RTE_IPV4_HDR_ECN_MASK) == CE)
			ip->type_of_service |= CE;
	}
}

/* A chain of fragments becomes a packet in one buffer, which all later stages expect. */
static bool join(struct worker *w, struct pkt *p, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	buf_unguard(m);
	join_ecn(m, ip);
	if (rte_pktmbuf_linearize(m) != 0) {
		w->stats.drops[DP_DROP_ip4_fragment_long] += m->nb_segs;
		rte_pktmbuf_free(m);
		return false;
	}
	buf_guard(m);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
	p->m = m;
	p->l3 = (uint8_t *)ip;
	p->l3_len = m->data_len;
	w->stats.reassembled++;
	return true;
}

bool reassemble(struct worker *w, struct pkt *p)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p->l3;
	struct reassembly *r = &w->reassembly;
	unsigned header = rte_ipv4_hdr_len(ip);
	enum dp_drop reason = check(p, header, rte_be_to_cpu_16(ip->fragment_offset));
	struct rte_mbuf *m;

	expire(w, w->now, DP_DROP_ip4_fragment_timeout);
	if (reason == DP_DROP_COUNT && !make_room(w))
		reason = DP_DROP_ip4_fragment_crowded;
	if (reason != DP_DROP_COUNT) {
		pkt_drop(w, p, reason);
		return false;
	}
	buf_set(p->m, p->l3, p->l3_len);
	p->m->l2_len = 0;
	p->m->l3_len = header;
	r->held++;
	/* rte_ip_frag knows no protocols, which RFC 791 3.2 tells packets apart by as well. */
	m = rte_ipv4_frag_reassemble_packet(
		r->table[ip->next_proto_id == IPPROTO_UDP], &r->dead, p->m, w->now, ip);
	if (m == NULL && unlikely(p->trace != TRACE_NONE))
		trace_end_pkt(w, p, DP_TRACE_HELD, 0);
	/* Nothing in the table is out of date, so what is given up now is this packet: all of it if
	 * the fragments do not fit together (RFC 5722 4), or only this one for want of a place. */
	if (r->dead.cnt == 1 && r->dead.row[0] == p->m && p->m->nb_segs == 1)
		bury(w, DP_DROP_ip4_fragment_crowded);
	else
		bury(w, DP_DROP_ip4_fragment_overlap);
	if (m == NULL)
		return false;
	r->held -= m->nb_segs;
	return join(w, p, m);
}
