/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that carry their family, and their text forms.
 *
 * All functions are pure and may be called from any thread.
 */
#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An IPv4 or IPv6 address. A zeroed struct is "no address". */
struct ip_addr {
	uint8_t family; /**< AF_INET, AF_INET6, or 0 for none */
	uint8_t zero[3];
	union {
		uint32_t v4_be; /**< network byte order */
		uint8_t v6[16];
	};
};

/** An address and the length of its network mask. Host bits may be set: "10.0.0.1/24". */
struct ip_prefix {
	struct ip_addr addr;
	uint8_t len;
};

/** Ethernet address as it stands on the wire. */
struct mac_addr {
	uint8_t bytes[6];
};

#define IP_ADDR_STRLEN   46
#define IP_PREFIX_STRLEN (IP_ADDR_STRLEN + 4)
#define MAC_ADDR_STRLEN  18

/** Build an IPv4 address from network byte order. */
struct ip_addr ip_addr_v4(uint32_t be);

/** Parse "192.0.2.1" or "2001:db8::1". Returns 0, or -EINVAL. */
int ip_addr_parse(const char *text, struct ip_addr *out);

/** Parse "10.0.0.1/24"; without a slash it is a host. Returns 0, or -EINVAL. */
int ip_prefix_parse(const char *text, struct ip_prefix *out);

/** Parse "02:00:5e:00:00:01". Returns 0, or -EINVAL. */
int mac_addr_parse(const char *text, struct mac_addr *out);

/** Write the text form into buf of at least IP_ADDR_STRLEN bytes ("-" for none). Returns buf. */
const char *ip_addr_str(const struct ip_addr *a, char *buf);

/** Write the text form into buf of at least IP_PREFIX_STRLEN bytes. Returns buf. */
const char *ip_prefix_str(const struct ip_prefix *p, char *buf);

/** Write the text form into buf of at least MAC_ADDR_STRLEN bytes. Returns buf. */
const char *mac_addr_str(const struct mac_addr *m, char *buf);

/** Same family and same address. */
bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);

/** True if the address lies in the prefix (same family, leading bits equal). */
bool ip_prefix_contains(const struct ip_prefix *p, const struct ip_addr *a);

/** The prefix with its host bits cleared. */
struct ip_prefix ip_prefix_network(const struct ip_prefix *p);

/** Mask of an IPv4 prefix length (0..32), network byte order. */
uint32_t ip4_mask_be(uint8_t len);

#endif
