/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet out: packets that leave in clear by right, to a neighbor their table names. */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

unsigned eth_out_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		const struct l2_header *l2 = &w->dp->neighbors[DP_ADJ_INDEX(p->adj)];
		uint8_t *frame = p->l3 - sizeof(l2->eth);

		if (l2->port == DP_PORT_NONE) {
			pkt_drop(w, p, DP_DROP_out_no_neighbor);
			continue;
		}
		if (buf_room_before(p->m, p->l3) < sizeof(l2->eth)) {
			pkt_drop(w, p, DP_DROP_out_no_room);
			continue;
		}
		buf_set(p->m, frame, sizeof(l2->eth) + p->l3_len);
		memcpy(frame, &l2->eth, sizeof(l2->eth));
		p->port = l2->port;
		line[kept++] = p;
	}
	return kept;
}
