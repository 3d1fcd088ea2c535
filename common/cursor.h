/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounded cursor over bytes from the wire.
 *
 * A parser pulls what it needs and asks once, at the end, whether everything was there: the first
 * read past the end makes the error stick and every later read yields zero. Reads never touch a
 * byte outside [start, end). Pure; any thread.
 */
#ifndef COMMON_CURSOR_H
#define COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool error; /**< sticky: some read asked for more than was left */
};

/** A cursor over len bytes at data. */
static inline struct cursor cursor_open(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct cursor){.at = p, .end = p + len};
}

/** Bytes left; 0 once the error stuck. */
static inline size_t cursor_left(const struct cursor *c)
{
	return c->error ? 0 : (size_t)(c->end - c->at);
}

/** Pointer to the next n bytes and step over them, or NULL (error sticks) if fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->at;

	if (cursor_left(c) < n) {
		c->error = true;
		return NULL;
	}
	c->at += n;
	return p;
}

/** Next byte, 0 on error. */
static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);

	return p ? p[0] : 0;
}

/** Next 16 bits in host order (big endian on the wire), 0 on error. */
static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

/** Next 32 bits in host order (big endian on the wire), 0 on error. */
static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/** Next 32 bits as they stand (for addresses kept in network order), 0 on error. */
static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

/** Copy the next n bytes to out, or zeros on error. */
static inline void cursor_copy(struct cursor *c, void *out, size_t n)
{
	const uint8_t *p = cursor_take(c, n);

	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

#endif
