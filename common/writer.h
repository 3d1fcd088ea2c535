/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounded writer of bytes for the wire, the counterpart of common/cursor.h: what does not fit makes
 * the error stick, and nothing is written any more. Pure; any thread.
 */
#ifndef COMMON_WRITER_H
#define COMMON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool error; /**< sticky: something did not fit */
};

/** A writer into room bytes at data. */
static inline struct writer writer_open(void *data, size_t room)
{
	uint8_t *p = data;

	return (struct writer){.start = p, .at = p, .end = p + room};
}

/** Bytes written so far. */
static inline size_t writer_len(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

/** Room for n bytes, and step over it; NULL (error sticks) if they do not fit. */
static inline uint8_t *writer_take(struct writer *w, size_t n)
{
	uint8_t *p = w->at;

	if (w->error || (size_t)(w->end - w->at) < n) {
		w->error = true;
		return NULL;
	}
	w->at += n;
	return p;
}

/** One byte. */
static inline void writer_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = writer_take(w, 1);

	if (p)
		p[0] = v;
}

/** 16 bits of host order, big endian on the wire. */
static inline void writer_u16(struct writer *w, uint16_t v)
{
	uint8_t *p = writer_take(w, 2);

	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

/** 32 bits of host order, big endian on the wire. */
static inline void writer_u32(struct writer *w, uint32_t v)
{
	writer_u16(w, (uint16_t)(v >> 16));
	writer_u16(w, (uint16_t)v);
}

/** n bytes as they stand; for addresses kept in network order, and whatever was read as bytes. */
static inline void writer_copy(struct writer *w, const void *from, size_t n)
{
	uint8_t *p = writer_take(w, n);

	if (p && n != 0)
		memcpy(p, from, n);
}

/** Write 16 bits over what stands `at` bytes from the start, which was written before. */
static inline void writer_patch_u16(struct writer *w, size_t at, uint16_t v)
{
	if (w->error || at + 2 > writer_len(w))
		return;
	w->start[at] = (uint8_t)(v >> 8);
	w->start[at + 1] = (uint8_t)v;
}

#endif
