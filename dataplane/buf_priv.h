/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extent of a packet in its buffer. Every change of it goes through here, so that in an
 * AddressSanitizer build whatever lies outside the packet, head- and tailroom, is poisoned: a
 * read one octet past a packet is then an error and not luck.
 */
#ifndef DATAPLANE_BUF_PRIV_H
#define DATAPLANE_BUF_PRIV_H

#include <rte_mbuf.h>

#if defined(__SANITIZE_ADDRESS__)
#define BUF_GUARD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUF_GUARD 1
#endif
#endif

#ifdef BUF_GUARD
#include <sanitizer/asan_interface.h>
#endif

/* Poison what is not packet. */
static inline void buf_guard(struct rte_mbuf *m)
{
#ifdef BUF_GUARD
	uint8_t *base = m->buf_addr;

	ASAN_POISON_MEMORY_REGION(base, m->buf_len);
	ASAN_UNPOISON_MEMORY_REGION(base + m->data_off, m->data_len);
#else
	(void)m;
#endif
}

/* Before the buffer leaves the stages: drivers and pools may write all of it. */
static inline void buf_unguard(struct rte_mbuf *m)
{
#ifdef BUF_GUARD
	for (; m != NULL; m = m->next)
		ASAN_UNPOISON_MEMORY_REGION(m->buf_addr, m->buf_len);
#else
	(void)m;
#endif
}

/* The packet is from now on the len octets at start, which lie in m's only segment. */
static inline void buf_set(struct rte_mbuf *m, const uint8_t *start, uint32_t len)
{
	m->data_off = (uint16_t)(start - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	buf_guard(m);
}

/* Octets between the buffer's start and p, and between p and its end. */
static inline uint32_t buf_room_before(const struct rte_mbuf *m, const uint8_t *p)
{
	return (uint32_t)(p - (const uint8_t *)m->buf_addr);
}

static inline uint32_t buf_room_after(const struct rte_mbuf *m, const uint8_t *p)
{
	return m->buf_len - buf_room_before(m, p);
}

static inline void buf_free(struct rte_mbuf *m)
{
	buf_unguard(m);
	rte_pktmbuf_free(m);
}

#endif
