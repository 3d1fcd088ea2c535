/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of single packets. A traced packet carries the mark of its record, and whoever holds the
 * packet writes the record; it goes from worker to worker with the packet, through the same queue.
 */
#include "dataplane/trace.h"

#include "common/cursor.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define GRE_CHECKSUM 0x8000
#define GRE_KEY      0x2000

/* Which packets will be worth it is known at their end only. */
static bool is_choosy(const struct tracer *t)
{
	return t->params.drops || t->params.peer != DP_PEER_NONE;
}

/* The next number, or 0 when as many were given as were asked for. */
static uint32_t take_number(struct tracer *t)
{
	uint32_t n = __atomic_load_n(&t->taken, __ATOMIC_RELAXED);

	do {
		if (n >= t->params.count)
			return 0;
	} while (!__atomic_compare_exchange_n(
		&t->taken, &n, n + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return n + 1;
}

void trace_begin(struct worker *w, struct pkt *p)
{
	struct tracer *t = &w->dp->tracer;
	uint32_t number = 0;
	struct trace_record *r;
	void *place;

	if (__atomic_load_n(&t->taken, __ATOMIC_RELAXED) >= t->params.count ||
		rte_ring_dequeue(t->free, &place) != 0)
		return;
	if (!is_choosy(t)) {
		number = take_number(t);
		if (number == 0) {
			rte_ring_enqueue(t->free, place);
			return;
		}
	}
	p->trace = (uint8_t)(uintptr_t)place;
	r = &t->records[p->trace];
	memset(&r->t, 0, sizeof(r->t));
	r->t.number = number;
	r->t.tsc = w->now;
	r->t.port_in = p->port;
	r->t.frame_len = p->m->pkt_len;
	r->t.peer_in = DP_PEER_NONE;
	r->t.tunnel_in = TUNNEL_NONE;
	r->session = __atomic_load_n(&t->session, __ATOMIC_RELAXED);
	r->from_peer = t->params.peer != DP_PEER_NONE &&
		       capture_frame_is_peers(w->dp, t->params.peer, p->m, false);
}

static void see_outer(struct dp_trace *t, const struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	t->port_in = p->port;
	if (p->l3_len < sizeof(*ip))
		return;
	t->outer_src_be = ip->src_addr;
	t->outer_dst_be = ip->dst_addr;
	t->outer_protocol = ip->next_proto_id;
	t->outer_len = rte_be_to_cpu_16(ip->total_length);
	t->parts |= DP_TRACE_OUTER;
}

static void see_esp(struct dp_trace *t, const struct pkt *p)
{
	struct cursor c = cursor_open(p->esp.esp, p->esp.len);
	uint32_t spi = cursor_u32(&c), seq = cursor_u32(&c);
	uint16_t port_be;

	if (c.error)
		return;
	t->spi_in = spi;
	t->seq_in = seq;
	if (p->flags & PKT_UDP) {
		memcpy(&port_be, p->esp.esp - 8, sizeof(port_be));
		t->udp_src = rte_be_to_cpu_16(port_be);
	}
	t->parts |= DP_TRACE_ESP_IN;
}

static void see_gre(struct dp_trace *t, const struct pkt *p)
{
	struct cursor c = cursor_open(p->esp.payload, p->esp.payload_len);

	t->seq_in = p->esp.seq;
	t->peer_in = p->peer_in;
	t->tunnel_in = p->tunnel_in;
	t->parts |= DP_TRACE_PEER_IN;
	t->gre_flags = cursor_u16(&c);
	t->gre_protocol = cursor_u16(&c);
	if (t->gre_flags & GRE_CHECKSUM)
		cursor_u32(&c);
	if (t->gre_flags & GRE_KEY)
		t->gre_key = cursor_u32(&c);
}

static void see_inner(struct dp_trace *t, const struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	t->port_in = p->port;
	if (p->l3_len < sizeof(*ip))
		return;
	t->inner_src_be = ip->src_addr;
	t->inner_dst_be = ip->dst_addr;
	t->inner_protocol = ip->next_proto_id;
	t->inner_ttl = ip->time_to_live;
	t->inner_len = rte_be_to_cpu_16(ip->total_length);
	t->parts |= DP_TRACE_INNER;
}

static void see_adj(struct dp_trace *t, const struct pkt *p)
{
	t->adj = p->adj;
	t->parts |= DP_TRACE_ADJ;
}

static void see_out(struct dp_trace *t, const struct worker *w, const struct pkt *p)
{
	const struct peer *peer = &w->dp->peers[DP_ADJ_INDEX(p->adj)];
	union peer_outer outer = {.word = __atomic_load_n(&peer->outer.word, __ATOMIC_RELAXED)};

	t->spi_out = p->esp.sa->spi;
	t->outer_to_be = outer.addr_be;
	t->parts |= DP_TRACE_ESP_OUT;
}

static void see_tx(struct dp_trace *t, const struct pkt *p)
{
	t->port_out = p->port;
	t->frame_len_out = p->m->pkt_len;
	t->parts |= DP_TRACE_PORT_OUT;
	if (t->parts & DP_TRACE_ESP_OUT)
		t->seq_out = p->esp.seq;
}

static void see(struct worker *w, struct dp_trace *t, enum dp_stage stage, const struct pkt *p)
{
	if (t->n_steps < DP_TRACE_STEPS_MAX)
		t->steps[t->n_steps++] =
			(struct dp_trace_step){.stage = (uint8_t)stage, .worker = (uint8_t)w->id};
	switch (stage) {
	case DP_STAGE_ip4_in:
		see_outer(t, p);
		break;
	case DP_STAGE_esp_in:
		see_esp(t, p);
		break;
	case DP_STAGE_gre_in:
		see_gre(t, p);
		break;
	case DP_STAGE_ip4_fwd:
		see_inner(t, p);
		break;
	case DP_STAGE_handoff:
	case DP_STAGE_eth_out:
		see_adj(t, p);
		break;
	case DP_STAGE_esp_out:
		see_out(t, w, p);
		break;
	case DP_STAGE_tx:
		see_tx(t, p);
		break;
	default:
		break;
	}
}

void trace_stage(struct worker *w, enum dp_stage stage, struct pkt **line, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (line[i]->trace != TRACE_NONE)
			see(w, &w->dp->tracer.records[line[i]->trace].t, stage, line[i]);
}

void trace_cut(struct worker *w, const struct pkt *p, struct pkt *pieces, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		pieces[i].trace = TRACE_NONE;
	if (p->trace != TRACE_NONE)
		w->dp->tracer.records[p->trace].t.pieces = (uint16_t)n;
}

/* Is a packet with this end one of those that were asked for? */
static bool is_wanted(const struct tracer *t, const struct trace_record *r)
{
	uint32_t peer = t->params.peer;

	if (r->session != __atomic_load_n(&t->session, __ATOMIC_RELAXED) ||
		(t->params.drops && r->t.end != DP_TRACE_DROPPED))
		return false;
	return peer == DP_PEER_NONE || r->from_peer || r->t.peer_in == peer ||
	       (r->t.parts & DP_TRACE_ADJ && r->t.adj == DP_ADJ(DP_ADJ_PEER, peer));
}

void trace_end(struct worker *w, uint8_t mark, enum dp_trace_end end, unsigned reason)
{
	struct tracer *t = &w->dp->tracer;
	struct trace_record *r = &t->records[mark];

	r->t.end = (uint8_t)end;
	r->t.reason = (uint16_t)reason;
	if (is_wanted(t, r)) {
		if (r->t.number == 0)
			r->t.number = take_number(t);
		if (r->t.number != 0) {
			__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
			return;
		}
	}
	rte_ring_enqueue(t->free, (void *)(uintptr_t)mark);
}

void trace_end_pkt(struct worker *w, const struct pkt *p, enum dp_trace_end end, unsigned reason)
{
	/* Where it was to go, if its route was found by then. */
	if (p->adj != DP_ADJ_NO_ROUTE)
		see_adj(&w->dp->tracer.records[p->trace].t, p);
	trace_end(w, p->trace, end, reason);
}

void dp_trace_clear(struct dp *dp)
{
	struct tracer *t = &dp->tracer;

	watch_change(dp, WATCH_TRACE, 0);
	/*
	 * Packets in a worker's inbox still have marks, but those of a session that is over; nobody
	 * looks at the parameters for them.
	 */
	__atomic_fetch_add(&t->session, 1, __ATOMIC_RELAXED);
	dp_synchronize(dp);
	t->params = (struct dp_trace_params){.peer = DP_PEER_NONE};
	for (uintptr_t i = 1; i <= TRACE_RECORDS; i++) {
		if (!__atomic_load_n(&t->records[i].done, __ATOMIC_ACQUIRE))
			continue;
		t->records[i].done = false;
		rte_ring_enqueue(t->free, (void *)i);
	}
	t->taken = 0;
}

int dp_trace_start(struct dp *dp, const struct dp_trace_params *p)
{
	if (p->count < 1 || p->count > DP_TRACE_COUNT_MAX)
		return -EINVAL;
	dp_trace_clear(dp);
	dp->tracer.params = *p;
	watch_change(dp, 0, WATCH_TRACE);
	return 0;
}

struct dp_trace_params dp_trace_params(const struct dp *dp)
{
	return dp->tracer.params;
}

bool dp_trace_read(const struct dp *dp, unsigned number, struct dp_trace *out)
{
	for (unsigned i = 1; i <= TRACE_RECORDS; i++) {
		const struct trace_record *r = &dp->tracer.records[i];

		if (!__atomic_load_n(&r->done, __ATOMIC_ACQUIRE) || r->t.number != number)
			continue;
		*out = r->t;
		return true;
	}
	return false;
}
