/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of packets for control: of frames at the ports, of inner packets, of what is dropped. */
#include "dataplane/capture.h"

#include <netinet/in.h>

#include "common/cursor.h"
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

static const unsigned watch_of_side[] = {
	[DP_CAPTURE_OUTER] = WATCH_FRAMES,
	[DP_CAPTURE_INNER] = WATCH_INNER,
	[DP_CAPTURE_DROPS] = WATCH_DROPS,
};

/* The copy takes all of its buffer, headroom too. NULL, and counted, when there is none left. */
static struct rte_mbuf *copy_new(struct worker *w, const struct dp_capture_info *info)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(w->dp->control_pool);

	if (copy == NULL) {
		w->stats.capture_lost++;
		return NULL;
	}
	*(struct dp_capture_info *)rte_mbuf_to_priv(copy) = *info;
	copy->data_off = 0;
	return copy;
}

static struct rte_mbuf *copy_octets(
	struct worker *w, const uint8_t *start, unsigned len, const struct dp_capture_info *info)
{
	struct rte_mbuf *copy = copy_new(w, info);

	if (copy == NULL)
		return NULL;
	len = RTE_MIN(len, (unsigned)w->dp->capture.params.snaplen);
	memcpy(rte_pktmbuf_append(copy, (uint16_t)len), start, len);
	return copy;
}

/* A frame may still be in several buffers. */
static struct rte_mbuf *copy_frame(
	struct worker *w, const struct rte_mbuf *m, const struct dp_capture_info *info)
{
	struct rte_mbuf *copy = copy_new(w, info);
	unsigned left = w->dp->capture.params.snaplen, len;

	for (; copy != NULL && m != NULL && left > 0; m = m->next, left -= len) {
		len = RTE_MIN((unsigned)m->data_len, left);
		memcpy(rte_pktmbuf_append(copy, (uint16_t)len), rte_pktmbuf_mtod(m, void *), len);
	}
	return copy;
}

static void give(struct worker *w, struct rte_mbuf *copy)
{
	if (copy == NULL)
		return;
	if (rte_ring_enqueue(w->dp->capture.ring, copy) == 0) {
		w->stats.captured++;
	} else {
		w->stats.capture_lost++;
		rte_pktmbuf_free(copy);
	}
}

/* IPv4 header of a frame, behind a VLAN tag too; *vlan is then its number. */
static const uint8_t *frame_ip4(const struct rte_mbuf *m, uint16_t *vlan, unsigned *len)
{
	struct cursor c = cursor_open(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	uint16_t type;

	cursor_take(&c, 2 * RTE_ETHER_ADDR_LEN);
	type = cursor_u16(&c);
	*vlan = 0;
	if (type == RTE_ETHER_TYPE_VLAN) {
		*vlan = cursor_u16(&c) & 0x0fff;
		type = cursor_u16(&c);
	}
	*len = c.error ? 0 : (unsigned)cursor_left(&c);
	return type == RTE_ETHER_TYPE_IPV4 && *len >= sizeof(struct rte_ipv4_hdr) ? c.at : NULL;
}

bool capture_frame_is_peers(const struct dp *dp, uint32_t peer, const struct rte_mbuf *m, bool out)
{
	union peer_outer outer = {
		.word = __atomic_load_n(&dp->peers[peer].outer.word, __ATOMIC_RELAXED)};
	uint16_t vlan, port_be;
	unsigned len, header;
	const uint8_t *l3 = frame_ip4(m, &vlan, &len);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;

	if (l3 == NULL || (out ? ip->dst_addr : ip->src_addr) != outer.addr_be)
		return false;
	/* Several spokes may be behind this address (RFC 3948). */
	if (outer.port_be == 0 || ip->next_proto_id != IPPROTO_UDP)
		return true;
	header = (l3[0] & 0x0f) * 4u;
	if (header + 4 > len)
		return false;
	memcpy(&port_be, l3 + header + (out ? 2 : 0), sizeof(port_be));
	return port_be == outer.port_be;
}

static bool frame_wanted(const struct dp *dp, uint16_t port, const struct rte_mbuf *m, bool out)
{
	const struct dp_capture_params *c = &dp->capture.params;
	uint16_t vlan;
	unsigned len;

	if (c->port != DP_PORT_NONE) {
		if (dp->ports[c->port].phys != port)
			return false;
		frame_ip4(m, &vlan, &len);
		if (dp->ports[c->port].vlan != 0 && dp->ports[c->port].vlan != vlan)
			return false;
	}
	return c->peer == DP_PEER_NONE || capture_frame_is_peers(dp, c->peer, m, out);
}

static struct rte_mbuf *take_frame(
	struct worker *w, uint16_t port, const struct rte_mbuf *m, bool out, enum dp_drop reason)
{
	const struct dp_capture_info info = {.tsc = w->now,
		.len = m->pkt_len,
		.port = port,
		.drop = (uint16_t)reason,
		.link = DP_CAPTURE_FRAME,
		.out = out};

	return copy_frame(w, m, &info);
}

void capture_received(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	if (frame_wanted(w->dp, port, m, false))
		give(w, take_frame(w, port, m, false, DP_DROP_COUNT));
}

void capture_sending(struct worker *w, uint16_t port, struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		w->copies[i] = frame_wanted(w->dp, port, m[i], true)
				       ? take_frame(w, port, m[i], true, DP_DROP_COUNT)
				       : NULL;
}

void capture_sent(struct worker *w, unsigned sent, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i < sent)
			give(w, w->copies[i]);
		else
			rte_pktmbuf_free(w->copies[i]);
	}
}

void capture_drop_frame(
	struct worker *w, uint16_t port, const struct rte_mbuf *m, bool out, enum dp_drop reason)
{
	if (frame_wanted(w->dp, port, m, out))
		give(w, take_frame(w, port, m, out, reason));
}

static void take_ip(struct worker *w, const struct pkt *p, bool out, enum dp_drop reason)
{
	const struct dp_capture_info info = {.tsc = w->now,
		.len = p->l3_len,
		.port = p->port,
		.drop = (uint16_t)reason,
		.link = DP_CAPTURE_IP,
		.out = out};

	give(w, copy_octets(w, p->l3, p->l3_len, &info));
}

void capture_inner(struct worker *w, struct pkt **line, unsigned n, bool out)
{
	const struct dp_capture_params *c = &w->dp->capture.params;

	for (unsigned i = 0; i < n; i++) {
		const struct pkt *p = line[i];
		uint32_t peer = out ? DP_ADJ_INDEX(p->adj) : p->peer_in;

		/* NHRP is not IP. */
		if (out && p->protocol != 0x0800)
			continue;
		if ((c->port == DP_PORT_NONE || c->port == p->port) &&
			(c->peer == DP_PEER_NONE || c->peer == peer))
			take_ip(w, p, out, DP_DROP_COUNT);
	}
}

/*
 * Before gre_in and rx's LAN ports made it an inner packet, a packet is a frame. Afterwards what
 * stands in front of the inner one is half made, and no use to anybody.
 */
void capture_drop(struct worker *w, const struct pkt *p, enum dp_drop reason)
{
	const struct dp_capture_params *c = &w->dp->capture.params;
	bool local = p->flags & PKT_LOCAL;
	bool frame = p->table != DP_TABLE_OVERLAY && !local;

	if (c->port != DP_PORT_NONE && c->port != p->port)
		return;
	if (c->peer != DP_PEER_NONE && c->peer != p->peer_in &&
		p->adj != DP_ADJ(DP_ADJ_PEER, c->peer) &&
		!(frame && capture_frame_is_peers(w->dp, c->peer, p->m, false)))
		return;
	if (frame)
		give(w, take_frame(w, w->dp->ports[p->port].phys, p->m, false, reason));
	else
		take_ip(w, p, local, reason);
}

void dp_capture_start(struct dp *dp, const struct dp_capture_params *p)
{
	dp->capture.params = *p;
	watch_change(dp, 0, watch_of_side[p->side]);
}

void dp_capture_stop(struct dp *dp)
{
	watch_change(dp, WATCH_FRAMES | WATCH_INNER | WATCH_DROPS, 0);
}

unsigned dp_capture_receive(struct dp *dp, struct rte_mbuf **m, unsigned n)
{
	return rte_ring_dequeue_burst(dp->capture.ring, (void **)m, n, NULL);
}

const struct dp_capture_info *dp_capture_info(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}
