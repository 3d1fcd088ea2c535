/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GRE in (RFC 2784, 2890): flags, checksum, key. The tunnel is known from the SA; a packet whose
 * key is not that tunnel's is refused. NHRP goes to control, IPv4 on to forwarding.
 */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define GRE_CHECKSUM 0x8000
#define GRE_KEY      0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION  0x0007
/* RFC 2784 2.2: bits 1-5 set by an RFC 1701 sender (routing, strict source route) mean discard. */
#define GRE_REFUSED 0x4ff8

#define GRE_PROTO_IP4  0x0800
#define GRE_PROTO_IP6  0x86dd
#define GRE_PROTO_NHRP 0x2001

/* RFC 2784 2.5: the checksum covers GRE header and payload; a correct one sums to all ones. */
static bool checksum_good(const uint8_t *gre, uint16_t len)
{
	return rte_raw_cksum(gre, len) == 0xffff;
}

static bool key_good(const struct pkt *p, bool present, uint32_t key_be)
{
	const uint32_t *tag = p->esp.sa->hot.tag;

	if (!(tag[SA_TAG_FLAGS] & SA_FLAG_KEY))
		return !present;
	return present && key_be == tag[SA_TAG_KEY];
}

#define NHRP_OP_TYPE 17
#define NHRP_PURGE   5

/*
 * RFC 2332 5.2.5: who purges does so in its own name, which is the tunnel address of the spoke
 * whose SA the packet came on. Other kinds are passed on for others; a registration may be in a new
 * name, and control decides whether it is worth it.
 */
static bool nhrp_source_good(const struct worker *w, const struct pkt *p)
{
	uint32_t address_be = w->dp->peers[p->peer_in].address_be;
	struct cursor c = cursor_open(p->l3, p->l3_len);
	uint8_t type, nbma_len, nbma_sub_len, len;

	cursor_take(&c, NHRP_OP_TYPE);
	type = cursor_u8(&c);
	nbma_len = cursor_u8(&c) & 0x3f; /* the upper two bits are its kind */
	nbma_sub_len = cursor_u8(&c) & 0x3f;
	len = cursor_u8(&c);
	if (type != NHRP_PURGE || address_be == 0)
		return true;
	cursor_take(&c, 7u + nbma_len + nbma_sub_len); /* length, flags, id, outer address */
	return len == sizeof(address_be) && cursor_be32(&c) == address_be && !c.error;
}

/* What follows the header, by its protocol type. Returns true for IPv4. */
static bool take_payload(struct worker *w, struct pkt *p, uint16_t protocol)
{
	switch (protocol) {
	case GRE_PROTO_IP4:
		return true;
	case GRE_PROTO_NHRP:
		if (nhrp_source_good(w, p))
			punt_l3(w, DP_PUNT_NHRP, p);
		else
			pkt_drop(w, p, DP_DROP_gre_nhrp_source);
		return false;
	case GRE_PROTO_IP6:
		pkt_drop(w, p, DP_DROP_gre_ip6);
		return false;
	default:
		pkt_drop(w, p, DP_DROP_gre_protocol);
		return false;
	}
}

/* What follows the header is the packet from now on. */
static inline void enter(struct pkt *p, const struct cursor *c)
{
	p->ecn = p->l3[1] & RTE_IPV4_HDR_ECN_MASK;
	p->l3_len = (uint16_t)cursor_left(c);
	p->l3 = p->esp.payload + (p->esp.payload_len - p->l3_len);
	p->table = DP_TABLE_OVERLAY;
	buf_set(p->m, p->l3, p->l3_len);
}

/*
 * The header that nearly all packets have, looked at as one word (60 instructions less): IPv4, the
 * tunnel's key, no other field.
 */
static inline bool is_plain(const struct pkt *p, struct cursor *c)
{
	const uint32_t *tag = p->esp.sa->hot.tag;
	const uint8_t *at = cursor_take(c, 8);
	uint64_t header;

	if (at == NULL)
		return false;
	memcpy(&header, at, sizeof(header));
	return (tag[SA_TAG_FLAGS] & SA_FLAG_KEY) != 0 &&
	       header == (rte_cpu_to_be_32(GRE_KEY << 16 | GRE_PROTO_IP4) |
				 (uint64_t)tag[SA_TAG_KEY] << 32);
}

/* Any header. Returns true if an inner IPv4 packet stays in line. */
static bool take_header(struct worker *w, struct pkt *p)
{
	struct cursor c = cursor_open(p->esp.payload, p->esp.payload_len);
	uint16_t flags = cursor_u16(&c);
	uint16_t protocol = cursor_u16(&c);
	uint32_t key = 0;

	if (unlikely(flags & GRE_CHECKSUM))
		cursor_u32(&c); /* checksum and reserved */
	if (likely(flags & GRE_KEY))
		key = cursor_be32(&c);
	/* RFC 2890 2.2: a receiver may ignore the order; ESP has refused repeats already. */
	if (unlikely(flags & GRE_SEQUENCE))
		cursor_u32(&c);

	if (unlikely(flags & GRE_VERSION)) {
		pkt_drop(w, p, DP_DROP_gre_version);
		return false;
	}
	if (unlikely(flags & GRE_REFUSED)) {
		pkt_drop(w, p, DP_DROP_gre_flags);
		return false;
	}
	if (unlikely(c.error)) {
		pkt_drop(w, p, DP_DROP_gre_truncated);
		return false;
	}
	if (unlikely(!key_good(p, flags & GRE_KEY, key))) {
		pkt_drop(w, p, DP_DROP_gre_key);
		return false;
	}
	if (unlikely(flags & GRE_CHECKSUM) && !checksum_good(p->esp.payload, p->esp.payload_len)) {
		pkt_drop(w, p, DP_DROP_gre_checksum);
		return false;
	}
	enter(p, &c);
	return take_payload(w, p, protocol);
}

static inline bool gre_in_one(struct worker *w, struct pkt *p)
{
	struct cursor c = cursor_open(p->esp.payload, p->esp.payload_len);

	if (unlikely(!is_plain(p, &c)))
		return take_header(w, p);
	enter(p, &c);
	return true;
}

unsigned gre_in_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (likely(gre_in_one(w, line[i])))
			line[kept++] = line[i];
	if (unlikely(w->watch & WATCH_INNER))
		capture_inner(w, line, kept, false);
	return kept;
}
