/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ip_addr ip_addr_v4(uint32_t be)
{
	return (struct ip_addr){.family = AF_INET, .v4_be = be};
}

int ip_addr_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr a = {0};

	if (inet_pton(AF_INET, text, &a.v4_be) == 1)
		a.family = AF_INET;
	else if (inet_pton(AF_INET6, text, a.v6) == 1)
		a.family = AF_INET6;
	else
		return -EINVAL;
	*out = a;
	return 0;
}

int ip_prefix_parse(const char *text, struct ip_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[IP_ADDR_STRLEN];
	struct ip_prefix p;
	unsigned long len, max;
	char *end;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (ip_addr_parse(host, &p.addr) < 0)
		return -EINVAL;
	max = p.addr.family == AF_INET ? 32 : 128;
	len = max;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		len = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || len > max)
			return -EINVAL;
	}
	p.len = (uint8_t)len;
	*out = p;
	return 0;
}

int mac_addr_parse(const char *text, struct mac_addr *out)
{
	unsigned b[6];
	int used = 0;

	/* scanf would also take signs, blanks and "0x". */
	if (text[strspn(text, "0123456789abcdefABCDEF:")] != '\0')
		return -EINVAL;
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		    &used) != 6 ||
		text[used] != '\0')
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		out->bytes[i] = (uint8_t)b[i];
	return 0;
}

const char *ip_addr_str(const struct ip_addr *a, char *buf)
{
	const void *raw = a->family == AF_INET6 ? (const void *)a->v6 : (const void *)&a->v4_be;

	if (a->family == 0 || inet_ntop(a->family, raw, buf, IP_ADDR_STRLEN) == NULL)
		strcpy(buf, "-");
	return buf;
}

const char *ip_prefix_str(const struct ip_prefix *p, char *buf)
{
	char host[IP_ADDR_STRLEN];

	snprintf(buf, IP_PREFIX_STRLEN, "%s/%u", ip_addr_str(&p->addr, host), p->len);
	return buf;
}

const char *mac_addr_str(const struct mac_addr *m, char *buf)
{
	const uint8_t *b = m->bytes;

	snprintf(buf, MAC_ADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		b[4], b[5]);
	return buf;
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return false;
	return a->family == AF_INET6 ? memcmp(a->v6, b->v6, 16) == 0 : a->v4_be == b->v4_be;
}

uint32_t ip4_mask_be(uint8_t len)
{
	return len == 0 ? 0 : htonl(~UINT32_C(0) << (32 - len));
}

static void mask_v6(uint8_t *addr, uint8_t len)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = len > i * 8 ? len - i * 8 : 0;

		if (keep < 8)
			addr[i] &= (uint8_t)(0xff00 >> keep);
	}
}

struct ip_prefix ip_prefix_network(const struct ip_prefix *p)
{
	struct ip_prefix net = *p;

	if (p->addr.family == AF_INET6)
		mask_v6(net.addr.v6, p->len);
	else
		net.addr.v4_be &= ip4_mask_be(p->len);
	return net;
}

bool ip_prefix_contains(const struct ip_prefix *p, const struct ip_addr *a)
{
	struct ip_prefix host = {.addr = *a, .len = p->len};
	struct ip_prefix net = ip_prefix_network(p);

	if (p->addr.family != a->family)
		return false;
	host = ip_prefix_network(&host);
	return ip_addr_equal(&host.addr, &net.addr);
}
