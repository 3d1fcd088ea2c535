/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that must not be forwarded: one kind for each reason in the hub's list of drops that a
 * packet alone can bring about. Each is a good packet, altered at one place, so that it gets just
 * as far as that place is looked at.
 */
#include "tools/capgen_priv.h"

#include <string.h>

#include "dataplane/drops.h"

#define ETHER_LEN 14
#define IP4_LEN   20
#define INNER_LEN 84

struct bad_kind {
	enum dp_drop drop; /* as which it ends */
	bool cbc;          /* sealed with CBC, else with GCM */
	bool checksum;     /* with a GRE checksum whatever the tunnel does */
	bool too_big;      /* an inner packet larger than the tunnel's MTU, else of INNER_LEN */
	/* Alterations: the inner packet before GRE; GRE before ESP; the whole frame. */
	void (*inner)(const struct capgen *g, uint8_t *ip);
	void (*gre)(struct capgen_packet *p, uint8_t *gre);
	void (*frame)(struct capgen *g, struct capgen_packet *p, const struct capgen_packet *seen);
};

#define FRAME(name)                                                                                \
	static void name(struct capgen *g __attribute__((unused)), struct capgen_packet *p,        \
		const struct capgen_packet *seen __attribute__((unused)))

/* The outer packet is to end after esp_len octets of ESP. */
static void set_esp_len(struct capgen_packet *p, unsigned esp_len)
{
	capgen_put16(p->octets + ETHER_LEN + 2, (uint16_t)(IP4_LEN + esp_len));
	capgen_ip4_checksum(p->octets + ETHER_LEN);
	p->len = (uint16_t)(ETHER_LEN + IP4_LEN + esp_len);
}

static void set_protocol(struct capgen_packet *p, uint8_t protocol)
{
	p->octets[ETHER_LEN + 9] = protocol;
	capgen_ip4_checksum(p->octets + ETHER_LEN);
}

static void set_outer_address(struct capgen_packet *p, unsigned offset, uint32_t address)
{
	capgen_put32(p->octets + ETHER_LEN + offset, address);
	capgen_ip4_checksum(p->octets + ETHER_LEN);
}

/* The ESP header becomes a UDP header. */
static void set_udp(struct capgen_packet *p, uint16_t port, unsigned len)
{
	uint8_t *udp = p->octets + ETHER_LEN + IP4_LEN;

	memset(udp, 0, 8);
	capgen_put16(udp, port);
	capgen_put16(udp + 2, port);
	capgen_put16(udp + 4, (uint16_t)len);
	set_protocol(p, 17);
}

FRAME(eth_truncated)
{
	p->len = 10;
}

FRAME(eth_type)
{
	capgen_put16(p->octets + 12, 0x88cc);
}

FRAME(eth_vlan)
{
	capgen_put16(p->octets + 12, 0x8100);
}

FRAME(eth_not_ours)
{
	p->octets[5] ^= 0x55;
}

FRAME(ip4_truncated)
{
	p->len = ETHER_LEN + IP4_LEN + 4;
}

FRAME(ip4_header)
{
	p->octets[ETHER_LEN] = 0x55;
	capgen_ip4_checksum(p->octets + ETHER_LEN);
}

FRAME(ip4_checksum)
{
	p->octets[ETHER_LEN + 10] ^= 0xff;
}

FRAME(ip4_source)
{
	set_outer_address(p, 12, UINT32_C(0xe0000001));
}

FRAME(ip4_not_ours)
{
	set_outer_address(p, 16, CAPGEN_HUB_NBMA + 76);
}

FRAME(ip4_fragment)
{
	capgen_put16(p->octets + ETHER_LEN + 6, 0x2000);
	set_protocol(p, 47);
}

FRAME(ip4_protocol)
{
	set_protocol(p, 6);
}

FRAME(ip4_clear_gre)
{
	set_protocol(p, 47);
}

FRAME(ip4_clear_inner)
{
	set_protocol(p, 4);
}

FRAME(ip6)
{
	capgen_put16(p->octets + 12, 0x86dd);
}

FRAME(udp_length)
{
	set_udp(p, 4500, 9999);
}

/* RFC 3948 2.3: one octet of ones. */
FRAME(udp_keepalive)
{
	set_esp_len(p, 9);
	set_udp(p, 4500, 9);
	p->octets[ETHER_LEN + IP4_LEN + 8] = 0xff;
}

FRAME(esp_short)
{
	set_esp_len(p, 12);
}

/* RFC 4303 2.1: values up to 255 are reserved, so no SA can have it. */
FRAME(esp_spi)
{
	capgen_put32(p->octets + ETHER_LEN + IP4_LEN, 255);
}

FRAME(esp_length)
{
	set_esp_len(p, p->len - ETHER_LEN - IP4_LEN - 4u);
}

FRAME(esp_replay)
{
	memcpy(p->octets, seen->octets, seen->len);
	p->len = seen->len;
}

FRAME(esp_auth)
{
	p->octets[p->len - 1] ^= 1;
}

/* Authentic, by one who knows the key: only the pad length is wrong. */
FRAME(esp_padding)
{
	const struct sa *sa = sa_at(g->table, p->sa->index);
	uint8_t *esp = p->octets + ETHER_LEN + IP4_LEN;
	uint8_t *text = esp + ESP_HDR_LEN + p->sa->suite->iv_len;
	uint64_t len = (uint64_t)(p->octets + p->len - p->sa->suite->icv_len - text);
	struct gcm_context_data ctx;
	uint8_t nonce[16] = {0};

	memcpy(nonce, &sa->salt, 4);
	memcpy(nonce + 4, esp + ESP_HDR_LEN, 8);
	/* In counter mode what changes in the ciphertext changes in the text. */
	text[len - 2] ^= 0xff;
	IMB_AES128_GCM_DEC(
		g->mgr, &sa->key.gcm, &ctx, text, text, len, nonce, esp, 8, text + len, 16);
	IMB_AES128_GCM_ENC(
		g->mgr, &sa->key.gcm, &ctx, text, text, len, nonce, esp, 8, text + len, 16);
}

FRAME(esp_peer_mismatch)
{
	set_outer_address(p, 12, capgen_nbma(1));
}

#define GRE(name)                                                                                  \
	static void name(struct capgen_packet *p __attribute__((unused)),                          \
		uint8_t *gre __attribute__((unused)))

GRE(esp_dummy)
{
	p->next_header = ESP_NEXT_NONE;
}

GRE(esp_next_header)
{
	p->next_header = 4;
}

GRE(gre_truncated)
{
	p->payload_len = 3;
}

GRE(gre_version)
{
	gre[1] |= 1;
}

GRE(gre_flags)
{
	gre[0] |= 0x40;
}

GRE(gre_checksum)
{
	gre[4] ^= 0xff;
}

/* The key, or the first octets of the inner packet in its place. */
GRE(gre_key)
{
	if ((gre[0] & 0x20) != 0)
		gre[(gre[0] & 0x80) != 0 ? 11 : 7] ^= 1;
	gre[0] |= 0x20;
}

GRE(gre_protocol)
{
	capgen_put16(gre + 2, 0x6558);
}

GRE(gre_ip6)
{
	capgen_put16(gre + 2, 0x86dd);
}

#define INNER(name) static void name(const struct capgen *g __attribute__((unused)), uint8_t *ip)

static void set_destination(uint8_t *ip, uint32_t address)
{
	capgen_put32(ip + 16, address);
	capgen_ip4_checksum(ip);
}

INNER(fwd_truncated)
{
	capgen_put16(ip + 2, INNER_LEN + 100);
	capgen_ip4_checksum(ip);
}

INNER(fwd_header)
{
	ip[0] = 0x55;
	capgen_ip4_checksum(ip);
}

INNER(fwd_checksum)
{
	ip[10] ^= 0xff;
}

INNER(fwd_source)
{
	capgen_put32(ip + 12, UINT32_C(0xe0000001));
	capgen_ip4_checksum(ip);
}

INNER(fwd_destination)
{
	set_destination(ip, UINT32_C(0x7f000001));
}

INNER(fwd_multicast)
{
	set_destination(ip, UINT32_C(0xef010101));
}

INNER(fwd_ttl)
{
	ip[8] = 1;
	capgen_ip4_checksum(ip);
}

INNER(fwd_no_route)
{
	set_destination(ip, UINT32_C(0xcb007109)); /* 203.0.113.9 */
}

INNER(fwd_blackhole)
{
	set_destination(ip, CAPGEN_BLACKHOLE + 1);
}

INNER(fwd_no_peer)
{
	set_destination(ip, CAPGEN_HUB_TUNNEL - 1);
}

INNER(fwd_too_big)
{
	capgen_ip4_checksum(ip); /* as it is: larger than the MTU, don't fragment set */
}

/* To the spoke that has no SA from the hub. */
INNER(out_no_sa)
{
	set_destination(ip, capgen_lan(g->opt.n_spokes + 1) + CAPGEN_LAN_HOST);
}

INNER(local_ignored)
{
	set_destination(ip, CAPGEN_HUB_TUNNEL);
}

static const struct bad_kind kinds[] = {
	{DP_DROP_eth_truncated, .frame = eth_truncated},
	{DP_DROP_eth_type, .frame = eth_type},
	{DP_DROP_eth_vlan, .frame = eth_vlan},
	{DP_DROP_eth_not_ours, .frame = eth_not_ours},
	{DP_DROP_ip4_truncated, .frame = ip4_truncated},
	{DP_DROP_ip4_header, .frame = ip4_header},
	{DP_DROP_ip4_checksum, .frame = ip4_checksum},
	{DP_DROP_ip4_source, .frame = ip4_source},
	{DP_DROP_ip4_not_ours, .frame = ip4_not_ours},
	{DP_DROP_ip4_fragment, .frame = ip4_fragment},
	{DP_DROP_ip4_protocol, .frame = ip4_protocol},
	{DP_DROP_ip4_clear_gre, .frame = ip4_clear_gre},
	{DP_DROP_ip4_clear_inner, .frame = ip4_clear_inner},
	{DP_DROP_ip6, .frame = ip6},
	{DP_DROP_udp_length, .frame = udp_length},
	{DP_DROP_udp_keepalive, .frame = udp_keepalive},
	{DP_DROP_esp_short, .frame = esp_short},
	{DP_DROP_esp_spi, .frame = esp_spi},
	{DP_DROP_esp_length, .frame = esp_length, .cbc = true},
	{DP_DROP_esp_replay, .frame = esp_replay},
	{DP_DROP_esp_auth, .frame = esp_auth},
	{DP_DROP_esp_padding, .frame = esp_padding},
	{DP_DROP_esp_dummy, .gre = esp_dummy},
	{DP_DROP_esp_next_header, .gre = esp_next_header},
	{DP_DROP_esp_peer_mismatch, .frame = esp_peer_mismatch},
	{DP_DROP_gre_truncated, .gre = gre_truncated},
	{DP_DROP_gre_version, .gre = gre_version},
	{DP_DROP_gre_flags, .gre = gre_flags},
	{DP_DROP_gre_checksum, .gre = gre_checksum, .checksum = true},
	{DP_DROP_gre_key, .gre = gre_key},
	{DP_DROP_gre_protocol, .gre = gre_protocol},
	{DP_DROP_gre_ip6, .gre = gre_ip6},
	{DP_DROP_fwd_truncated, .inner = fwd_truncated},
	{DP_DROP_fwd_header, .inner = fwd_header},
	{DP_DROP_fwd_checksum, .inner = fwd_checksum},
	{DP_DROP_fwd_source, .inner = fwd_source},
	{DP_DROP_fwd_destination, .inner = fwd_destination},
	{DP_DROP_fwd_multicast, .inner = fwd_multicast},
	{DP_DROP_fwd_ttl, .inner = fwd_ttl},
	{DP_DROP_fwd_no_route, .inner = fwd_no_route},
	{DP_DROP_fwd_blackhole, .inner = fwd_blackhole},
	{DP_DROP_fwd_no_peer, .inner = fwd_no_peer},
	{DP_DROP_fwd_too_big, .inner = fwd_too_big, .too_big = true},
	{DP_DROP_out_no_sa, .inner = out_no_sa},
	{DP_DROP_local_ignored, .inner = local_ignored},
};

unsigned capgen_bad_count(void)
{
	return sizeof(kinds) / sizeof(kinds[0]);
}

const char *capgen_bad_name(const struct capgen *g, unsigned kind)
{
	if (kinds[kind].frame == esp_replay && (g->opt.window == 0 || g->opt.n_packets == 0))
		return NULL;
	return dp_drop_names[kinds[kind].drop].name;
}

void capgen_bad_build(
	struct capgen *g, unsigned kind, const struct capgen_packet *seen, struct capgen_packet *p)
{
	const struct bad_kind *k = &kinds[kind];
	const struct capgen_sa *sa = &g->to_hub[g->opt.n_spokes + (k->cbc ? 1 : 0)];
	struct capgen_gre gre = {g->opt.checksum || k->checksum, g->opt.key_set, g->opt.key};
	unsigned size = k->too_big ? capgen_mtu(g) + 20 : INNER_LEN;
	unsigned gre_len = capgen_gre_len(&gre);
	uint8_t *ip;

	capgen_packet_begin(p, sa, g->opt.n_spokes + 1);
	ip = p->payload + gre_len;
	/* From spoke 1's host: what the hub has to say about it (ICMP) has a way there. */
	capgen_inner_write(ip, capgen_lan(1) + CAPGEN_LAN_HOST, capgen_lan(2) + CAPGEN_LAN_HOST,
		size, capgen_random(g));
	if (k->inner != NULL)
		k->inner(g, ip);
	capgen_gre_write(p->payload, &gre, size);
	p->payload_len = (uint16_t)(gre_len + size);
	if (k->gre != NULL)
		k->gre(p, p->payload);
	if (k->gre != gre_checksum && (p->payload[0] & 0x80) != 0)
		capgen_gre_checksum(p->payload, p->payload_len);
	capgen_packet_seal(g, &p, 1);
	if (k->frame != NULL)
		k->frame(g, p, seen);
}
