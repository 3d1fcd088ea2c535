/* SPDX-License-Identifier: BSD-3-Clause */
/* ESP out: seal the burst, then finish the outer IPv4 header with the length that came of it. */
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

/*
 * Length into the outer header, and its checksum: sum is what all else adds up to (RFC 1071). What
 * stands between IPv4 and ESP, if anything, is UDP.
 */
static inline void finish_ip4(uint8_t *frame, const uint8_t *esp, uint16_t len, uint32_t sum)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	ip->total_length = rte_cpu_to_be_16(len);
	sum += ip->total_length;
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	ip->hdr_checksum = (rte_be16_t)~sum;
	if (unlikely(esp != (uint8_t *)udp))
		udp->dgram_len = rte_cpu_to_be_16((uint16_t)(len - sizeof(*ip)));
}

unsigned esp_out_stage(struct worker *w, struct pkt **line, unsigned n)
{
	struct esp_packet *esp[BURST_MAX];
	uint64_t bytes = 0, forwarded = 0;
	unsigned kept = 0;

	if (n == 0)
		return 0;
	if (unlikely(w->watch & WATCH_INNER))
		capture_inner(w, line, n, true);
	for (unsigned i = 0; i < n; i++)
		esp[i] = &line[i]->esp;
	esp_seal_burst(w->esp, esp, n);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		uint8_t *frame = rte_pktmbuf_mtod(p->m, uint8_t *);
		unsigned len;

		if (unlikely(p->esp.status != ESP_OK)) {
			pkt_drop(w, p, DP_DROP_esp_overflow);
			continue;
		}
		len = (unsigned)(p->esp.esp - frame) + p->esp.len;
		finish_ip4(
			frame, p->esp.esp, (uint16_t)(len - sizeof(struct rte_ether_hdr)), p->sum);
		buf_set(p->m, frame, len);
		if (likely(!(p->flags & PKT_LOCAL))) {
			bytes += p->l3_len;
			forwarded++;
		}
		line[kept++] = p;
	}
	w->stats.forwarded += forwarded;
	w->stats.forwarded_bytes += bytes;
	return kept;
}
