/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 fragmentation of inner packets, before encryption: the receiver then reassembles clear
 * packets, and no ESP packet is ever fragmented by the hub (RFC 4301 8.2, RFC 791 3.2).
 */
#include "common/cursor.h"
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

#define OPTION_END    0
#define OPTION_NOP    1
#define OPTION_COPIED 0x80
#define IP4_HDR_MAX   60

/* Where fragments begin in their buffers: all outer headers fit in front, aligned. */
#define HEADROOM RTE_PKTMBUF_HEADROOM

/*
 * Header of all fragments but the first: RFC 791 3.1 lets only options with the copied bit go into
 * them. Returns its length.
 */
static unsigned later_header(const uint8_t *l3, unsigned header_len, uint8_t *out)
{
	struct cursor c = cursor_open(
		l3 + sizeof(struct rte_ipv4_hdr), header_len - sizeof(struct rte_ipv4_hdr));
	unsigned n = sizeof(struct rte_ipv4_hdr);

	memset(out, 0, IP4_HDR_MAX);
	memcpy(out, l3, n);
	while (cursor_left(&c) > 0) {
		const uint8_t *option = c.at;
		uint8_t type = cursor_u8(&c), len;

		if (type == OPTION_END)
			break;
		if (type == OPTION_NOP)
			continue;
		len = cursor_u8(&c);
		if (len < 2 || cursor_take(&c, len - 2u) == NULL)
			break;
		if (type & OPTION_COPIED) {
			memcpy(out + n, option, len);
			n += len;
		}
	}
	n = RTE_ALIGN_CEIL(n, 4u);
	out[0] = (uint8_t)(0x40 | n / 4);
	return n;
}

/* One fragment: header, then len octets of the payload from `from` on. */
static bool make_one(struct worker *w, struct pkt *f, const struct pkt *p, const uint8_t *header,
	unsigned header_len, const uint8_t *from, unsigned len, uint16_t offset)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->dp->packet_pool);
	struct rte_ipv4_hdr *ip;

	if (m == NULL)
		return false;
	*f = *p;
	f->m = m;
	f->l3 = (uint8_t *)m->buf_addr + HEADROOM;
	f->l3_len = (uint16_t)(header_len + len);
	buf_set(m, f->l3, f->l3_len);
	memcpy(f->l3, header, header_len);
	memcpy(f->l3 + header_len, from, len);
	ip = (struct rte_ipv4_hdr *)f->l3;
	ip->total_length = rte_cpu_to_be_16(f->l3_len);
	ip->fragment_offset = rte_cpu_to_be_16(offset);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return true;
}

unsigned fragment(struct worker *w, struct pkt *p, uint16_t mtu, struct pkt *out)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	unsigned header_len = rte_ipv4_hdr_len(ip), later_len;
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);
	const uint8_t *from = p->l3 + header_len, *end = p->l3 + p->l3_len;
	uint8_t later[IP4_HDR_MAX];
	unsigned n = 0;

	later_len = later_header(p->l3, header_len, later);
	while (from < end) {
		const uint8_t *header = n == 0 ? p->l3 : later;
		unsigned h = n == 0 ? header_len : later_len;
		/* All but the last carry a multiple of eight octets. */
		unsigned room = (mtu - h) & ~7u, left = (unsigned)(end - from);
		unsigned len = RTE_MIN(left, room);
		/* A fragment of a fragment that had more behind it has more behind it too. */
		uint16_t more =
			len < left || (field & RTE_IPV4_HDR_MF_FLAG) ? RTE_IPV4_HDR_MF_FLAG : 0;
		uint16_t offset = (uint16_t)((field & RTE_IPV4_HDR_OFFSET_MASK) +
					     (from - (p->l3 + header_len)) / 8);

		if (n == FRAGMENTS_MAX ||
			!make_one(w, &out[n], p, header, h, from, len, offset | more)) {
			for (unsigned i = 0; i < n; i++)
				buf_free(out[i].m);
			pkt_drop(w, p, DP_DROP_fwd_fragment);
			return 0;
		}
		from += len;
		n++;
	}
	trace_cut(w, p, out, n);
	buf_free(p->m);
	w->stats.fragmented++;
	w->stats.fragments += n;
	return n;
}
