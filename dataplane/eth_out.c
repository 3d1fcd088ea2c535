/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet out: packets that leave in clear by right, to a neighbor their table names. What is too
 * large for the port is fragmented, or reported to its sender.
 */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

#define DF RTE_BE16(RTE_IPV4_HDR_DF_FLAG)

/* Returns true if the packet has its Ethernet header now. */
static bool write_header(struct worker *w, struct pkt *p, __m128i l2)
{
	const unsigned len = sizeof(struct rte_ether_hdr);
	uint8_t *frame = p->l3 - len;
	struct l2_header header;

	if (buf_room_before(p->m, p->l3) < len) {
		pkt_drop(w, p, DP_DROP_out_no_room);
		return false;
	}
	buf_set(p->m, frame, len + p->l3_len);
	_mm_store_si128((__m128i *)&header, l2);
	memcpy(frame, &header.eth, len);
	p->port = header.port;
	return true;
}

/* What is in line goes first, then the pieces: nothing of a flow overtakes. */
static void send_fragments(
	struct worker *w, struct pkt *p, __m128i l2, struct pkt **line, unsigned kept)
{
	unsigned n = fragment(w, p, w->dp->ports[l2_port(l2)].mtu, w->fragments), done = 0;
	struct pkt *pieces[FRAGMENTS_MAX];

	worker_transmit(w, line, kept);
	for (unsigned i = 0; i < n; i++) {
		pieces[done] = &w->fragments[i];
		done += write_header(w, pieces[done], l2);
	}
	worker_transmit(w, pieces, done);
}

unsigned eth_out_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		const __m128i l2 = l2_load(&w->dp->neighbors[DP_ADJ_INDEX(p->adj)]);
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
		const uint16_t port = l2_port(l2);

		if (unlikely(port == DP_PORT_NONE)) {
			pkt_drop(w, p, DP_DROP_out_no_neighbor);
		} else if (likely(p->l3_len <= w->dp->ports[port].mtu)) {
			if (likely(write_header(w, p, l2)))
				line[kept++] = p;
		} else if ((ip->fragment_offset & DF) != 0) {
			punt_error(w, p, DP_DROP_fwd_too_big, w->dp->ports[port].mtu);
		} else {
			send_fragments(w, p, l2, line, kept);
			kept = 0;
		}
	}
	return kept;
}
