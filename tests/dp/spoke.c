/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes of the world: what they send, and how the hub comes to know them. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dp/harness.h"

static void check(int rc, const struct spoke *s, const char *what, const struct error *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "spoke %s: %s: %s (%d)\n", s->name, what, err ? err->text : "", rc);
	abort();
}

/* Keys that differ by SPI, so that no packet opens under another SA by accident. */
static void spoke_keys(struct sa_params *p, uint8_t *key, uint8_t *auth)
{
	p->suite = esp_suite_by_name(net.params.suite);
	assert(p->suite != NULL);
	for (unsigned i = 0; i < ESP_KEY_MAX; i++)
		key[i] = (uint8_t)(p->spi * 7 + (p->spi >> 28) * 31 + i * 13);
	for (unsigned i = 0; i < ESP_AUTH_MAX; i++)
		auth[i] = (uint8_t)(p->spi * 11 + (p->spi >> 28) * 29 + i * 17);
	p->key = key;
	p->key_len = p->suite->key_len + p->suite->salt_len;
	p->auth_key = auth;
	p->auth_key_len = p->suite->auth_key_len;
}

void spoke_rekey(struct spoke *s, uint32_t spi_in, uint32_t spi_out)
{
	uint8_t key[ESP_KEY_MAX], auth[ESP_AUTH_MAX];
	struct sa_params p = {.esn = net.params.esn,
		.tunnel = net.params.tunnel_mode,
		.window = net.params.window};
	struct error err = {""};

	s->spi_in = p.spi = spi_in;
	spoke_keys(&p, key, auth);
	p.in = true;
	check(dp_peer_add_sa(net.dp, s->peer, &p, &s->hub_in, &err), s, "SA in", &err);
	p.in = false;
	check(sa_add(net.seal, &p, &s->seal, &err), s, "own SA out", &err);

	s->spi_out = p.spi = spi_out;
	spoke_keys(&p, key, auth);
	check(dp_peer_add_sa(net.dp, s->peer, &p, &s->hub_out, &err), s, "SA out", &err);
	p.in = true;
	check(sa_add(net.open, &p, &s->open, &err), s, "own SA in", &err);
}

static uint32_t lan_network(const struct spoke *s)
{
	return s->lan_be & ip4_mask_be(24);
}

void spoke_route_add(struct spoke *s)
{
	const dp_adj_t adj = DP_ADJ(DP_ADJ_PEER, s->peer);

	check(dp_route_add(net.dp, DP_TABLE_OVERLAY, s->tunnel_be, 32, adj), s, "route", NULL);
	check(dp_route_add(net.dp, DP_TABLE_OVERLAY, lan_network(s), 24, adj), s, "route", NULL);
}

void spoke_route_del(struct spoke *s)
{
	check(dp_route_del(net.dp, DP_TABLE_OVERLAY, s->tunnel_be, 32), s, "route", NULL);
	check(dp_route_del(net.dp, DP_TABLE_OVERLAY, lan_network(s), 24), s, "route", NULL);
}

void spoke_add(struct spoke *s)
{
	const struct dp_peer_params p = {.tunnel = s->tunnel,
		.address_be = s->tunnel_be,
		.nbma_be = s->nbma_be,
		.natt_port = s->natt_port};
	struct error err = {""};

	check(dp_peer_add(net.dp, &p, &s->peer, &err), s, "peer", &err);
	dp_peer_set_neighbor(net.dp, s->peer, net.port[s->port].index, &s->mac);
	spoke_rekey(s, s->spi_in, s->spi_out);
	spoke_route_add(s);
}

void spoke_del(struct spoke *s)
{
	spoke_route_del(s);
	dp_peer_del(net.dp, s->peer);
	s->peer = DP_PEER_NONE;
	sa_unlink(net.seal, s->seal);
	sa_free(net.seal, s->seal);
	sa_unlink(net.open, s->open);
	sa_free(net.open, s->open);
}

struct packet spoke_packet(const struct spoke *from, const struct spoke *to, unsigned total_len)
{
	return packet_udp(from->lan_be, to->lan_be, 4000, 5000, total_len);
}

struct packet spoke_gre(const struct spoke *s, const struct packet *inner)
{
	const struct packet_gre gre = {
		.flags = s->gre_flags, .protocol = 0x0800, .key = s->gre_key};

	return packet_gre(&gre, inner);
}

uint64_t *spoke_seq(struct spoke *s)
{
	return &sa_at(net.seal, s->seal)->hot.seq;
}

struct packet spoke_esp(struct spoke *s, uint8_t next_header, const struct packet *payload)
{
	const struct esp_suite *suite = esp_suite_by_name(net.params.suite);
	struct packet out = {0};
	struct esp_packet esp = {
		.sa = sa_at(net.seal, s->seal),
		.esp = out.b,
		.payload_len = payload->len,
		.next_header = next_header,
	};
	struct esp_packet *burst[] = {&esp};

	assert(payload->len + ESP_HDR_LEN + suite->iv_len + ESP_TAIL_MAX <= PACKET_MAX);
	memcpy(out.b + ESP_HDR_LEN + suite->iv_len, payload->b, payload->len);
	esp_seal_burst(net.esp, burst, 1);
	check(esp.status, s, "seal", NULL);
	out.len = esp.len;
	return out;
}

/* ipsec-mb itself, for plaintexts that crypto/ would never seal. */
static IMB_MGR *raw_manager(void)
{
	static IMB_MGR *imb;

	if (imb == NULL) {
		imb = alloc_mb_mgr(0);
		assert(imb != NULL);
		init_mb_mgr_auto(imb, NULL);
	}
	return imb;
}

struct packet spoke_esp_raw(struct spoke *s, const struct packet *plaintext)
{
	struct sa *sa = sa_at(net.seal, s->seal);
	struct gcm_context_data ctx;
	struct packet out = {.len = (uint16_t)(ESP_HDR_LEN + 8 + plaintext->len + 16)};
	IMB_MGR *imb = raw_manager();
	uint8_t nonce[12];

	assert(sa->cipher == ESP_CIPHER_AES_GCM && out.len <= PACKET_MAX);
	packet_put32(out.b, sa->spi);
	packet_put32(out.b + 4, (uint32_t)++sa->hot.seq);
	/* Any IV will do that the key has not seen; sealed packets of this SA count from elsewhere.
	 */
	packet_put32(out.b + 8, 0xfeedface);
	packet_put32(out.b + 12, (uint32_t)sa->hot.seq);
	memcpy(nonce, &sa->salt, 4);
	memcpy(nonce + 4, out.b + 8, 8);
	IMB_AES128_GCM_ENC(imb, &sa->key.gcm, &ctx, out.b + 16, plaintext->b, plaintext->len, nonce,
		out.b, ESP_HDR_LEN, out.b + 16 + plaintext->len, 16);
	return out;
}

struct packet spoke_frame(const struct spoke *s, uint8_t protocol, const struct packet *payload)
{
	const uint32_t hub_be = packet_addr(s->port ? HUB_NBMA_1 : HUB_NBMA);
	const bool udp = protocol == IPPROTO_ESP && s->natt_port != 0;
	struct packet ip = packet_ip4(s->nbma_be, hub_be, protocol, payload);

	if (udp) {
		ip = packet_udp(s->nbma_be, hub_be, s->natt_port, 4500,
			PACKET_IP4_LEN + PACKET_UDP_LEN + payload->len);
		memcpy(ip.b + PACKET_IP4_LEN + PACKET_UDP_LEN, payload->b, payload->len);
	}
	return packet_eth(&net.port[s->port].mac, &s->mac, 0x0800, &ip);
}

void spoke_send_gre(struct spoke *s, const struct packet *gre)
{
	const struct packet esp = spoke_esp(s, IPPROTO_GRE, gre);
	const struct packet frame = spoke_frame(s, IPPROTO_ESP, &esp);

	net_receive(s->port, s->queue, &frame);
}

struct packet spoke_seal(struct spoke *s, const struct packet *inner)
{
	const struct packet gre = spoke_gre(s, inner);
	const struct packet esp = spoke_esp(s, IPPROTO_GRE, &gre);

	return spoke_frame(s, IPPROTO_ESP, &esp);
}

void spoke_send(struct spoke *s, const struct packet *inner)
{
	const struct packet frame = spoke_seal(s, inner);

	net_receive(s->port, s->queue, &frame);
}

void spoke_send_run(struct spoke *s, const struct packet *inner)
{
	spoke_send(s, inner);
	net_run();
}
