/* SPDX-License-Identifier: BSD-3-Clause */
/* Hexadecimal text to bytes and back. Pure; any thread. */
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Parse hex digits, with or without a leading "0x", into out.
 * @param max room in out, in bytes
 * @return number of bytes, or -EINVAL (odd count or not hex), or -ENOSPC (longer than max)
 */
ssize_t hex_parse(const char *text, uint8_t *out, size_t max);

/** Write n bytes as lower-case hex into buf of at least 2n+1 bytes. Returns buf. */
const char *hex_str(const uint8_t *bytes, size_t n, char *buf);

#endif
