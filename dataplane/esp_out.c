/* SPDX-License-Identifier: BSD-3-Clause */
/* ESP out: seal the burst, then finish the outer IPv4 header with the length that came of it. */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

/* Length into the header; its checksum was made for length 0 and follows by RFC 1624. */
static void finish_ip4(uint8_t *frame, uint16_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	uint32_t sum = (uint16_t)~ip->hdr_checksum;

	ip->total_length = rte_cpu_to_be_16(len);
	sum += ip->total_length;
	sum = (sum & 0xffff) + (sum >> 16);
	ip->hdr_checksum = (rte_be16_t) ~(sum + (sum >> 16));
}

unsigned esp_out_stage(struct worker *w, struct pkt **line, unsigned n)
{
	struct esp_packet *esp[BURST_MAX];
	uint64_t bytes = 0, hairpin = 0;
	unsigned kept = 0;

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
		finish_ip4(frame, (uint16_t)(len - sizeof(struct rte_ether_hdr)));
		buf_set(p->m, frame, len);
		bytes += p->l3_len;
		hairpin += p->peer_in != DP_PEER_NONE;
		line[kept++] = p;
	}
	w->stats.forwarded += kept;
	w->stats.forwarded_bytes += bytes;
	w->stats.hairpin += hairpin;
	return kept;
}
