/* SPDX-License-Identifier: BSD-3-Clause */
/* What a spoke sends that is broken into, or broken: NHRP that a hub must bear. */
#include <stdlib.h>
#include <string.h>

#include "tools/spokes/sim_priv.h"

#define ROOM 1400 /* a tunnel packet */

static const char *const names[SIM_ABUSES] = {
	[SIM_ABUSE_CLAIM] = "claim",
	[SIM_ABUSE_IMPERSONATE] = "impersonate",
	[SIM_ABUSE_FLOOD] = "flood",
	[SIM_ABUSE_CIES] = "cies",
	[SIM_ABUSE_EXTENSIONS] = "extensions",
	[SIM_ABUSE_LOOP] = "loop",
	[SIM_ABUSE_GARBAGE] = "garbage",
};

const char *sim_abuse_name(enum sim_abuse kind)
{
	return names[kind];
}

/* The headers of a request of this spoke's. */
static void start(const struct sim_spoke *k, struct nhrp_builder *b, uint8_t *bytes, uint8_t type,
	const uint32_t *src_be, const uint32_t *dst_be, uint32_t id)
{
	struct nhrp_packet p = {.afn = NHRP_AFN_IPV4,
		.protocol = NHRP_PROTOCOL_IPV4,
		.hop_count = 16,
		.version = 1,
		.type = type,
		.request_id = id,
		.src_nbma = nhrp_addr_v4(&k->nbma_be),
		.src_proto = nhrp_addr_v4(src_be),
		.dst_proto = nhrp_addr_v4(dst_be)};

	nhrp_build_start(b, bytes, ROOM, &p);
}

/* Cisco's authentication, without which nothing of it counts. */
static void secret(const struct sim_spoke *k, struct nhrp_builder *b)
{
	const char *text = k->sim->tunnel->nhrp.authentication;

	if (text[0] == '\0')
		return;
	nhrp_build_ext_open(b, NHRP_EXT_AUTHENTICATION | NHRP_EXT_COMPULSORY);
	nhrp_build_bytes(b, "\0\0\0\1", 4);
	nhrp_build_bytes(b, text, strlen(text));
	nhrp_build_ext_close(b);
}

static size_t build(
	struct sim_spoke *k, enum sim_abuse kind, uint32_t address_be, uint8_t *bytes, unsigned i)
{
	struct nhrp_cie cie = {.prefix_len = 32, .mtu = 1400, .holding = 600};
	struct nhrp_builder b;
	uint32_t own_be = k->address_be, cie_be = address_be;

	switch (kind) {
	case SIM_ABUSE_CLAIM: /* another's address, in our own name */
		cie.proto = nhrp_addr_v4(&address_be);
		break;
	case SIM_ABUSE_IMPERSONATE: /* in another's name */
		own_be = address_be;
		break;
	case SIM_ABUSE_CIES: /* as many as a packet holds, each another address */
		start(k, &b, bytes, NHRP_REGISTRATION_REQUEST, &own_be, &k->sim->tunnel_be, i + 1);
		while (!b.w.error && (size_t)(b.w.end - b.w.at) > 80) {
			cie_be = k->sim->tunnel_be ^ rte_cpu_to_be_32(++i * 7);
			cie.proto = nhrp_addr_v4(&cie_be);
			nhrp_build_cie(&b, &cie);
		}
		secret(k, &b);
		return nhrp_build_end(&b);
	case SIM_ABUSE_LOOP: { /* it has been here: the hub is in the forward record */
		start(k, &b, bytes, NHRP_RESOLUTION_REQUEST, &own_be, &address_be, i + 1);
		nhrp_build_cie(&b, &cie);
		cie.nbma = nhrp_addr_v4(&k->sim->hub_be);
		cie.proto = nhrp_addr_v4(&k->sim->tunnel_be);
		nhrp_build_ext_open(&b, NHRP_EXT_FORWARD | NHRP_EXT_COMPULSORY);
		nhrp_build_cie(&b, &cie);
		nhrp_build_ext_close(&b);
		secret(k, &b);
		return nhrp_build_end(&b);
	}
	case SIM_ABUSE_GARBAGE:
		for (unsigned j = 0; j < 200; j++)
			bytes[j] = (uint8_t)(k->random = k->random * 1664525u + 1013904223u);
		return 200;
	default:
		break;
	}
	start(k, &b, bytes, NHRP_REGISTRATION_REQUEST, &own_be, &k->sim->tunnel_be, i + 1);
	nhrp_build_cie(&b, &cie);
	while (kind == SIM_ABUSE_EXTENSIONS && !b.w.error && (size_t)(b.w.end - b.w.at) > 80)
		nhrp_build_ext(&b, NHRP_EXT_VENDOR, "\0\0\0\0", 4);
	secret(k, &b);
	return nhrp_build_end(&b);
}

void sim_abuse(struct sim_spoke *k, enum sim_abuse kind, uint32_t address_be, unsigned count)
{
	uint8_t bytes[ROOM], *at;
	size_t len;

	for (unsigned i = 0; i < count; i++) {
		len = build(k, kind, address_be, bytes, i);
		at = len > 0 ? sim_tunnel_put(k, NHRP_GRE_PROTOCOL, (unsigned)len) : NULL;
		if (at != NULL)
			memcpy(at, bytes, len);
	}
}
