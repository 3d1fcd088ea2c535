/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmit: frames collect per port during a turn and leave at its end, or when a buffer is full.
 */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

static void end_traces(struct worker *w, struct tx_buffer *b, unsigned sent)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->trace[i] != TRACE_NONE)
			trace_end(w, b->trace[i], i < sent ? DP_TRACE_FORWARDED : DP_TRACE_DROPPED,
				DP_DROP_tx_full);
	b->traced = 0;
}

/* Nothing can leave by this port now. */
static void drop_all(struct worker *w, uint16_t port, enum dp_drop reason)
{
	struct tx_buffer *b = &w->tx[port];

	for (unsigned i = 0; i < b->n; i++) {
		if (unlikely(w->watch & WATCH_DROPS))
			capture_drop_frame(w, port, b->m[i], true, reason);
		if (b->trace[i] != TRACE_NONE)
			trace_end(w, b->trace[i], DP_TRACE_DROPPED, reason);
		buf_free(b->m[i]);
	}
	w->stats.ports[port].tx_dropped += b->n;
	w->stats.drops[reason] += b->n;
	b->traced = 0;
	b->n = 0;
}

static void tx_flush_port(struct worker *w, uint16_t port)
{
	const struct port *out = &w->dp->ports[port];
	struct dp_port_stats *stats = &w->stats.ports[port];
	struct tx_buffer *b = &w->tx[port];
	uint64_t bytes = 0;
	uint8_t closed = __atomic_load_n(&out->closed, __ATOMIC_ACQUIRE);
	unsigned sent;

	if (unlikely(closed != 0)) {
		drop_all(
			w, port, closed & PORT_STOPPED ? DP_DROP_tx_stopped : DP_DROP_tx_link_down);
		return;
	}
	for (unsigned i = 0; i < b->n; i++) {
		bytes += b->m[i]->pkt_len;
		buf_unguard(b->m[i]);
	}
	if (unlikely(w->watch & WATCH_FRAMES))
		capture_sending(w, port, b->m, b->n);
	sent = out->tx(out->ctx, (uint16_t)w->id, b->m, (uint16_t)b->n);
	if (unlikely(w->watch & WATCH_FRAMES))
		capture_sent(w, sent, b->n);
	if (unlikely(b->traced != 0))
		end_traces(w, b, sent);
	for (unsigned i = sent; i < b->n; i++) {
		bytes -= b->m[i]->pkt_len;
		if (unlikely(w->watch & WATCH_DROPS))
			capture_drop_frame(w, port, b->m[i], true, DP_DROP_tx_full);
		rte_pktmbuf_free(b->m[i]);
	}
	stats->tx_packets += sent;
	stats->tx_bytes += bytes;
	stats->tx_dropped += b->n - sent;
	w->stats.drops[DP_DROP_tx_full] += b->n - sent;
	b->n = 0;
}

static inline void tx_put(struct worker *w, uint16_t port, struct tx_buffer *b, const struct pkt *p)
{
	b->trace[b->n] = p->trace;
	b->traced |= p->trace;
	b->m[b->n++] = p->m;
	if (unlikely(b->n == BURST_MAX))
		tx_flush_port(w, port);
}

/* The tag of the VLAN that the port stands for (IEEE 802.1Q). Returns false for want of room. */
static bool put_tag(struct rte_mbuf *m, uint16_t vlan, uint8_t offloads)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *tagged = frame - 4;
	const uint8_t tag[4] = {0x81, 0x00, (uint8_t)(vlan >> 8), (uint8_t)vlan};

	if (offloads & DP_OFFLOAD_TX_VLAN) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		m->vlan_tci = vlan;
		return true;
	}
	if (buf_room_before(m, frame) < sizeof(tag))
		return false;
	buf_set(m, tagged, m->data_len + (uint32_t)sizeof(tag));
	memmove(tagged, frame, 2 * RTE_ETHER_ADDR_LEN);
	memcpy(tagged + 2 * RTE_ETHER_ADDR_LEN, tag, sizeof(tag));
	return true;
}

/* A packet for a port that stands for a VLAN of another. */
static void tx_add_tagged(struct worker *w, const struct pkt *p)
{
	const struct port *out = &w->dp->ports[p->port];
	struct tx_buffer *b = &w->tx[out->phys];

	w->stats.ports[p->port].tx_packets++;
	w->stats.ports[p->port].tx_bytes += p->m->pkt_len;
	if (!put_tag(p->m, out->vlan, w->dp->ports[out->phys].offloads)) {
		drop_count(w, DP_DROP_out_no_room);
		if (unlikely(w->watch & WATCH_DROPS))
			capture_drop_frame(w, out->phys, p->m, true, DP_DROP_out_no_room);
		if (unlikely(p->trace != TRACE_NONE))
			trace_end(w, p->trace, DP_TRACE_DROPPED, DP_DROP_out_no_room);
		buf_free(p->m);
		return;
	}
	tx_put(w, out->phys, b, p);
}

/* For a port that stands for itself. Returns how many in a row there are. */
static unsigned tx_add_run(struct worker *w, struct pkt **line, unsigned n)
{
	uint16_t port = line[0]->port;
	struct tx_buffer *b = &w->tx[port];
	unsigned i, at = b->n, room = BURST_MAX - at;
	uint8_t traced = 0;

	for (i = 0; i < RTE_MIN(n, room) && line[i]->port == port; i++) {
		b->m[at + i] = line[i]->m;
		b->trace[at + i] = line[i]->trace;
		traced |= line[i]->trace;
	}
	b->traced |= traced;
	b->n = at + i;
	if (unlikely(b->n == BURST_MAX))
		tx_flush_port(w, port);
	return i;
}

void tx_add_line(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned same;

	for (unsigned i = 0; i < n; i += same) {
		if (likely(w->dp->ports[line[i]->port].vlan == 0)) {
			same = tx_add_run(w, line + i, n - i);
		} else {
			tx_add_tagged(w, line[i]);
			same = 1;
		}
	}
}

void tx_flush(struct worker *w)
{
	unsigned n = __atomic_load_n(&w->dp->n_ports, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++)
		if (w->tx[i].n != 0)
			tx_flush_port(w, (uint16_t)i);
}
