/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/hex.h"

#include <errno.h>
#include <stdio.h>

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

ssize_t hex_parse(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text != '\0'; text += 2) {
		int hi = nibble(text[0]);
		int lo = hi < 0 ? -1 : nibble(text[1]);

		if (lo < 0)
			return -EINVAL;
		if (n == max)
			return -ENOSPC;
		out[n++] = (uint8_t)(hi << 4 | lo);
	}
	return (ssize_t)n;
}

const char *hex_str(const uint8_t *bytes, size_t n, char *buf)
{
	for (size_t i = 0; i < n; i++)
		snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
	buf[2 * n] = '\0';
	return buf;
}
