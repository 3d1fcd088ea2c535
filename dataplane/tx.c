/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmit: frames collect per port during a turn and leave at its end, or when a buffer is full.
 */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

static void tx_flush_port(struct worker *w, uint16_t port)
{
	const struct port *out = &w->dp->ports[port];
	struct dp_port_stats *stats = &w->stats.ports[port];
	struct tx_buffer *b = &w->tx[port];
	uint64_t bytes = 0;
	unsigned sent;

	for (unsigned i = 0; i < b->n; i++) {
		bytes += b->m[i]->pkt_len;
		buf_unguard(b->m[i]);
	}
	sent = out->tx(out->ctx, (uint16_t)w->id, b->m, (uint16_t)b->n);
	for (unsigned i = sent; i < b->n; i++) {
		bytes -= b->m[i]->pkt_len;
		rte_pktmbuf_free(b->m[i]);
	}
	stats->tx_packets += sent;
	stats->tx_bytes += bytes;
	stats->tx_dropped += b->n - sent;
	w->stats.drops[DP_DROP_tx_full] += b->n - sent;
	b->n = 0;
}

void tx_add(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct tx_buffer *b = &w->tx[port];

	b->m[b->n++] = m;
	if (b->n == BURST_MAX)
		tx_flush_port(w, port);
}

void tx_flush(struct worker *w)
{
	unsigned n = __atomic_load_n(&w->dp->n_ports, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++)
		if (w->tx[i].n != 0)
			tx_flush_port(w, (uint16_t)i);
}
