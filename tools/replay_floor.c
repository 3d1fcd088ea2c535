/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor: what intel-ipsec-mb alone costs, called packet by packet. The capture's packets, in
 * order, in as many buffers, copied in just before; then for each the library's bare call to open
 * it with the key it came under, and the bare call to seal it with the key it leaves under. No
 * lookup, no replay window, no GRE, no route, no comparison of ICVs. Once without prefetch of keys:
 * with more of them than the caches hold a hub that knows what comes next can go below it; and
 * once with.
 *
 * Keys are expanded from the configuration once more, into tables of its own that come from the
 * same kind of memory as the hub's: only work is left out, nothing is made slower.
 */
#include "tools/replay_priv.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <emmintrin.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_memcpy.h>
#include <rte_rib.h>

#include "common/cursor.h"
#include "config/esp/esp.h"
#include "crypto/esp.h"
#include "crypto/sa.h"

#define BURST     32
#define AHEAD     3u /* packets between asking for a key and using it */
#define ETHER_LEN 14
#define HEADROOM  128
#define TAILROOM  192
#define UDP_NATT  4500
#define NO_PEER   UINT64_MAX
#define NOT_GCM   UINT8_MAX
#define TAG_ROOM  64
#define PEER_NOSA SA_NONE

struct floor_packet {
	struct sa *in, *out;
	uint32_t frame;
	uint16_t text; /* offset of the ciphertext in the frame */
	uint16_t open_len;
	uint16_t seal_len;
	uint8_t open_gcm, seal_gcm; /* key length 0..2, or NOT_GCM */
};

struct replay_floor {
	const struct capture *capture;
	struct sa_table *in, *out;
	uint32_t *peer_out; /* by peer: its outbound SA in use */
	struct rte_rib *routes;
	IMB_MGR *mgr;
	aes_gcm_enc_dec_t gcm_open[3], gcm_seal[3];
	struct gcm_context_data ctx;
	struct floor_packet *packets;
	unsigned n_packets;
	uint8_t *buffers;
	size_t stride; /* an odd number of cache lines: buffers spread over all sets */
	unsigned n_buffers, buffer;
	bool prefetch; /* ask for keys ahead of their use */
	bool vaes;     /* and for those hash keys that this code takes */
	uint8_t tags[BURST][TAG_ROOM] __attribute__((aligned(64)));
	uint8_t nonces[BURST][16] __attribute__((aligned(16)));
	uint8_t aads[BURST][16] __attribute__((aligned(16)));
	const void *des_keys[BURST][3];
};

/* One direction of a packet. */
struct work {
	struct sa *sa;
	uint8_t *text;
	uint16_t len;
	uint8_t gcm;
};

struct burst {
	struct work open[BURST], seal[BURST];
	uint8_t *open_tags[BURST], *seal_tags[BURST];
};

static unsigned suite_iv_len(const struct sa *sa)
{
	return esp_suite_at(sa->suite)->iv_len;
}

/*
 * Nonce of RFC 4106 4 in one 16-octet store: the library reads it as one, and would wait for
 * smaller stores to drain.
 */
static inline void nonce_store(uint8_t *nonce, uint32_t salt, uint64_t iv)
{
	_mm_store_si128((__m128i *)(void *)nonce,
		_mm_set_epi64x((int64_t)(iv >> 32), (int64_t)(iv << 32 | salt)));
}

/* With ESN the high half of the number stands between SPI and low half (RFC 4106 5); here 0. */
static inline unsigned aad_store(uint8_t *aad, const struct sa *sa, const uint8_t *esp)
{
	uint32_t half;

	memcpy(aad, esp, 8);
	if (!sa->esn)
		return 8;
	memcpy(&half, esp + 4, 4);
	memset(aad + 4, 0, 4);
	memcpy(aad + 8, &half, 4);
	return 12;
}

static inline void gcm_run(struct replay_floor *f, const aes_gcm_enc_dec_t calls[3],
	const struct work *w, unsigned slot, uint8_t *tag)
{
	uint64_t iv;
	const uint8_t *aad = w->text - 16;
	unsigned aad_len = 8;

	memcpy(&iv, w->text - 8, sizeof(iv));
	nonce_store(f->nonces[slot], w->sa->salt, iv);
	if (unlikely(w->sa->esn)) {
		aad_len = aad_store(f->aads[slot], w->sa, w->text - 16);
		aad = f->aads[slot];
	}
	calls[w->gcm](&w->sa->key.gcm, &f->ctx, w->text, w->text, w->len, f->nonces[slot], aad,
		aad_len, tag, 16);
}

static void job_cipher(struct replay_floor *f, IMB_JOB *j, const struct work *w, unsigned slot)
{
	const struct sa *sa = w->sa;

	j->enc_keys = j->dec_keys = sa->key.hmac.aes;
	switch (sa->cipher) {
	case ESP_CIPHER_AES_CBC:
		j->cipher_mode = IMB_CIPHER_CBC;
		break;
	case ESP_CIPHER_3DES_CBC:
		for (unsigned i = 0; i < 3; i++)
			f->des_keys[slot][i] = sa->key.hmac.des[i];
		j->cipher_mode = IMB_CIPHER_DES3;
		j->enc_keys = j->dec_keys = f->des_keys[slot];
		break;
	default:
		j->cipher_mode = IMB_CIPHER_NULL;
		break;
	}
}

static void job_chacha(struct replay_floor *f, IMB_JOB *j, const struct work *w, unsigned slot)
{
	uint64_t iv;

	memcpy(&iv, w->text - 8, sizeof(iv));
	nonce_store(f->nonces[slot], w->sa->salt, iv);
	j->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	j->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	j->enc_keys = j->dec_keys = w->sa->key.chacha;
	j->iv = f->nonces[slot];
	j->iv_len_in_bytes = 12;
	j->hash_start_src_offset_in_bytes = j->cipher_start_src_offset_in_bytes;
	j->msg_len_to_hash_in_bytes = w->len;
	j->u.CHACHA20_POLY1305.aad = f->aads[slot];
	j->u.CHACHA20_POLY1305.aad_len_in_bytes = aad_store(f->aads[slot], w->sa, w->text - 16);
}

static void job_fill(struct replay_floor *f, IMB_JOB *j, const struct work *w, unsigned slot,
	IMB_CIPHER_DIRECTION dir, uint8_t *tag)
{
	static const IMB_HASH_ALG hashes[] = {
		[ESP_AUTH_MD5_96] = IMB_AUTH_MD5,
		[ESP_AUTH_SHA1_96] = IMB_AUTH_HMAC_SHA_1,
		[ESP_AUTH_SHA256_128] = IMB_AUTH_HMAC_SHA_256,
		[ESP_AUTH_SHA384_192] = IMB_AUTH_HMAC_SHA_384,
		[ESP_AUTH_SHA512_256] = IMB_AUTH_HMAC_SHA_512,
	};
	const struct esp_suite *suite = esp_suite_at(w->sa->suite);
	unsigned head = ESP_HDR_LEN + suite->iv_len;

	j->src = w->text - head;
	j->dst = w->text;
	j->cipher_start_src_offset_in_bytes = head;
	j->msg_len_to_cipher_in_bytes = w->len;
	j->key_len_in_bytes = suite->key_len;
	j->cipher_direction = dir;
	j->chain_order = dir == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	j->auth_tag_output = tag;
	j->auth_tag_output_len_in_bytes = suite->icv_len;
	if (suite->auth == ESP_AUTH_AEAD) {
		job_chacha(f, j, w, slot);
		return;
	}
	j->iv = w->text - suite->iv_len;
	j->iv_len_in_bytes = suite->iv_len;
	j->hash_alg = hashes[suite->auth];
	j->hash_start_src_offset_in_bytes = 0;
	j->msg_len_to_hash_in_bytes = head + w->len + (w->sa->esn ? 4u : 0u);
	if (w->sa->esn) /* RFC 4303 2.2.1: the high half follows the ciphertext */
		memset(w->text + w->len, 0, 4);
	j->u.HMAC._hashed_auth_key_xor_ipad = w->sa->key.hmac.ipad;
	j->u.HMAC._hashed_auth_key_xor_opad = w->sa->key.hmac.opad;
	job_cipher(f, j, w, slot);
}

static void jobs_run(struct replay_floor *f, const struct work *work, const unsigned *slots,
	unsigned n, IMB_CIPHER_DIRECTION dir, uint8_t *const tags[])
{
	IMB_JOB *jobs[BURST];

	IMB_GET_NEXT_BURST(f->mgr, n, jobs);
	for (unsigned i = 0; i < n; i++)
		job_fill(f, jobs[i], &work[slots[i]], slots[i], dir, tags[slots[i]]);
	IMB_SUBMIT_BURST_NOCHECK(f->mgr, n, jobs);
	while (IMB_FLUSH_BURST(f->mgr, BURST, jobs) > 0)
		;
}

static inline void prefetch_lines(const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at += 64)
		rte_prefetch0(at);
}

/* The lines of a key that the library reads: for GCM as many powers of H as there are blocks. */
static inline void prefetch_key(const struct replay_floor *f, const struct work *w)
{
	const uint8_t *sa = (const uint8_t *)w->sa, *hot = (const uint8_t *)&w->sa->hot;
	unsigned powers = RTE_MIN(w->len / 16u + 2, 48u);

	if (w->gcm == NOT_GCM) {
		prefetch_lines(sa, sa + offsetof(struct sa, key) + sizeof(w->sa->key.hmac));
		return;
	}
	prefetch_lines(sa, sa + (w->gcm > 0 ? 256 : 192));
	if (f->vaes)
		prefetch_lines(hot - RTE_ALIGN_CEIL(powers * 16, 64u), hot);
	else
		prefetch_lines(sa + 256, sa + 512);
}

/* All calls of one direction of a burst; the results stand in the tags. */
static void burst_run(struct replay_floor *f, const aes_gcm_enc_dec_t calls[3],
	const struct work *work, unsigned n, IMB_CIPHER_DIRECTION dir, uint8_t *const tags[])
{
	unsigned slots[BURST], n_jobs = 0;

	for (unsigned i = 0; f->prefetch && i < RTE_MIN(n, AHEAD); i++)
		prefetch_key(f, &work[i]);
	for (unsigned i = 0; i < n; i++) {
		if (f->prefetch && i + AHEAD < n)
			prefetch_key(f, &work[i + AHEAD]);
		if (work[i].gcm != NOT_GCM)
			gcm_run(f, calls, &work[i], i, tags[i]);
		else
			slots[n_jobs++] = i;
	}
	if (n_jobs > 0)
		jobs_run(f, work, slots, n_jobs, dir, tags);
}

static uint8_t *copy_in(struct replay_floor *f, uint32_t frame)
{
	uint8_t *at = f->buffers + (size_t)f->buffer * f->stride + HEADROOM;

	f->buffer = f->buffer + 1 < f->n_buffers ? f->buffer + 1 : 0;
	rte_memcpy(at, capture_octets(f->capture, frame), f->capture->frames[frame].len);
	return at;
}

static void burst_prepare(struct replay_floor *f, unsigned at, unsigned n, struct burst *b)
{
	for (unsigned i = 0; i < n; i++)
		capture_prefetch(f->capture, f->packets[at + i].frame);
	for (unsigned i = 0; i < n; i++) {
		const struct floor_packet *p = &f->packets[at + i];
		uint8_t *text = copy_in(f, p->frame) + p->text;

		b->open[i] = (struct work){p->in, text, p->open_len, p->open_gcm};
		b->seal[i] = (struct work){p->out, text, p->seal_len, p->seal_gcm};
		b->open_tags[i] = f->tags[i];
		b->seal_tags[i] = text + p->seal_len;
	}
}

void replay_floor_loop(struct replay_floor *f, bool prefetch, struct turns *turns)
{
	struct burst b;
	uint64_t start;
	unsigned n;

	f->prefetch = prefetch;
	for (unsigned at = 0; at < f->n_packets; at += n) {
		n = RTE_MIN(f->n_packets - at, (unsigned)BURST);
		burst_prepare(f, at, n, &b);
		start = rte_rdtsc();
		burst_run(f, f->gcm_open, b.open, n, IMB_DIR_DECRYPT, b.open_tags);
		burst_run(f, f->gcm_seal, b.seal, n, IMB_DIR_ENCRYPT, b.seal_tags);
		if (turns != NULL && n >= BURST / 4)
			turns_add(turns, rte_rdtsc() - start, n);
	}
}

const char *replay_floor_arch(const struct replay_floor *f)
{
	const uint64_t vaes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;

	switch (f->mgr->used_arch) {
	case IMB_ARCH_AVX512:
		return (f->mgr->features & vaes) == vaes ? "AVX512 VAES" : "AVX512";
	case IMB_ARCH_AVX2:
		return "AVX2";
	case IMB_ARCH_AVX:
		return "AVX";
	default:
		return "SSE";
	}
}

static uint8_t gcm_class(const struct sa *sa)
{
	return sa->cipher == ESP_CIPHER_AES_GCM
		       ? (uint8_t)(esp_suite_at(sa->suite)->key_len / 8 - 2)
		       : NOT_GCM;
}

/* Find the packet's ESP and its key. */
static bool packet_locate(struct replay_floor *f, uint32_t frame, struct floor_packet *p)
{
	struct cursor c =
		cursor_open(capture_octets(f->capture, frame), f->capture->frames[frame].len);
	const uint8_t *ip;
	unsigned ihl, total, head;
	uint32_t spi, natt = 0;

	cursor_take(&c, 12);
	if (cursor_u16(&c) != 0x0800 || cursor_left(&c) < 20)
		return false;
	ip = c.at;
	ihl = (ip[0] & 15u) * 4;
	total = (unsigned)ip[2] << 8 | ip[3];
	cursor_take(&c, ihl);
	if (ip[9] == IPPROTO_UDP) { /* RFC 3948 2.1: ESP in UDP */
		natt = cursor_u32(&c) & 0xffff;
		cursor_take(&c, 4);
		ihl += 8;
	}
	spi = cursor_u32(&c);
	if (c.error || (ip[9] != IPPROTO_ESP && natt != UDP_NATT) ||
		ETHER_LEN + total > f->capture->frames[frame].len ||
		HEADROOM + f->capture->frames[frame].len + TAILROOM > f->stride)
		return false;
	sa_lookup_burst(f->in, &spi, 1, &p->in);
	if (p->in == NULL)
		return false;
	head = ESP_HDR_LEN + suite_iv_len(p->in);
	if (total < ihl + head + 2u + p->in->icv_len)
		return false;
	p->frame = frame;
	p->text = (uint16_t)(ETHER_LEN + ihl + head);
	p->open_len = (uint16_t)(total - ihl - head - p->in->icv_len);
	p->open_gcm = gcm_class(p->in);
	return p->open_len % esp_suite_at(p->in->suite)->align == 0;
}

/* The peer that a decrypted payload goes to. */
static uint64_t payload_route(const struct replay_floor *f, const uint8_t *gre, unsigned len)
{
	struct cursor c = cursor_open(gre, len);
	uint16_t flags = cursor_u16(&c);
	struct rte_rib_node *node;
	uint64_t peer = NO_PEER;
	uint32_t dst;

	if (cursor_u16(&c) != 0x0800)
		return NO_PEER;
	cursor_take(&c,
		(flags & 0x8000 ? 4u : 0) + (flags & 0x2000 ? 4u : 0) + (flags & 0x1000 ? 4u : 0));
	cursor_take(&c, 16);
	dst = cursor_u32(&c);
	node = c.error ? NULL : rte_rib_lookup(f->routes, dst);
	if (node != NULL)
		rte_rib_get_nh(node, &peer);
	return peer;
}

/* Open the packet for real: it must be authentic, and have a way out. */
static bool packet_prepare(struct replay_floor *f, uint32_t frame, struct floor_packet *p)
{
	struct work w;
	uint8_t *tag = f->tags[0], *text;
	uint8_t received[ESP_ICV_MAX];
	unsigned align, payload_len;
	uint64_t peer;

	if (!packet_locate(f, frame, p))
		return false;
	text = copy_in(f, frame) + p->text;
	w = (struct work){p->in, text, p->open_len, p->open_gcm};
	memcpy(received, text + p->open_len, p->in->icv_len);
	burst_run(f, f->gcm_open, &w, 1, IMB_DIR_DECRYPT, &tag);
	if (memcmp(tag, received, p->in->icv_len) != 0 || text[p->open_len - 1] != ESP_NEXT_GRE ||
		text[p->open_len - 2] + 2u > p->open_len)
		return false;
	payload_len = p->open_len - 2u - text[p->open_len - 2];
	peer = payload_route(f, text, payload_len);
	if (peer == NO_PEER || f->peer_out[peer] == PEER_NOSA)
		return false;
	p->out = sa_at(f->out, f->peer_out[peer]);
	align = esp_suite_at(p->out->suite)->align;
	p->seal_len = (uint16_t)((payload_len + 2 + align - 1) / align * align);
	p->seal_gcm = gcm_class(p->out);
	return p->text >= ESP_HDR_LEN + suite_iv_len(p->out);
}

static void install(struct sa_table *t, const struct config_sa *c, bool in, uint32_t *index)
{
	struct sa_params p = config_esp_sa(c, in);

	p.window = 0; /* nothing here looks at numbers */
	if (sa_add(t, &p, index, NULL) != 0)
		*index = PEER_NOSA;
}

static void route_add(struct rte_rib *rib, const struct ip_prefix *prefix, uint64_t peer)
{
	uint32_t mask = ntohl(ip4_mask_be(prefix->len));
	struct rte_rib_node *node =
		rte_rib_insert(rib, ntohl(prefix->addr.v4_be) & mask, prefix->len);

	if (node != NULL)
		rte_rib_set_nh(node, peer);
}

static void install_peers(struct replay_floor *f, const struct config *c)
{
	uint32_t peer = 0, index;

	for (unsigned t = 0; t < c->n_tunnels; t++)
		for (unsigned i = 0; i < c->tunnels[t].n_peers; i++, peer++) {
			const struct config_peer *p = &c->tunnels[t].peers[i];
			struct ip_prefix host = {p->address, 32};

			for (unsigned k = 0; k < p->n_sa_in; k++)
				install(f->in, &p->sa_in[k], true, &index);
			f->peer_out[peer] = PEER_NOSA;
			if (p->n_sa_out > 0)
				install(f->out, &p->sa_out[p->n_sa_out - 1], false,
					&f->peer_out[peer]);
			route_add(f->routes, &host, peer);
		}
}

static void install_routes(struct replay_floor *f, const struct config *c)
{
	for (unsigned i = 0; i < c->n_routes; i++) {
		const struct config_route *route = &c->routes[i];
		struct rte_rib_node *node;
		uint64_t peer = NO_PEER;

		if (!route->blackhole) {
			node = rte_rib_lookup(f->routes, ntohl(route->via[0].v4_be));
			if (node != NULL)
				rte_rib_get_nh(node, &peer);
		}
		route_add(f->routes, &route->prefix, peer);
	}
}

static void count(const struct config *c, unsigned *peers, unsigned *sas_in)
{
	*peers = *sas_in = 0;
	for (unsigned t = 0; t < c->n_tunnels; t++)
		for (unsigned i = 0; i < c->tunnels[t].n_peers; i++) {
			*peers += 1;
			*sas_in += c->tunnels[t].peers[i].n_sa_in;
		}
}

static bool tables_create(struct replay_floor *f, const struct replay *r)
{
	unsigned peers, sas_in;
	struct rte_rib_conf rib = {0};

	count(r->config, &peers, &sas_in);
	if (peers == 0 || sas_in == 0)
		return false;
	rib.max_nodes = (int)(2 * (peers + r->config->n_routes) + 16);
	f->in = sa_table_create("floor_in", sas_in, SOCKET_ID_ANY);
	f->out = sa_table_create("floor_out", peers, SOCKET_ID_ANY);
	f->peer_out = malloc(peers * sizeof(f->peer_out[0]));
	f->routes = rte_rib_create("floor", SOCKET_ID_ANY, &rib);
	f->stride = HEADROOM + dp_buffer_size(hub_mtu(r->config));
	f->stride = (f->stride / 64 | 1) * 64;
	f->n_buffers = RTE_MAX(r->opt.buffers, (unsigned)BURST);
	f->buffers = rte_zmalloc(NULL, (size_t)f->n_buffers * f->stride, 64);
	f->packets = malloc(r->capture.n_frames * sizeof(f->packets[0]));
	f->mgr = alloc_mb_mgr(0);
	if (f->in == NULL || f->out == NULL || f->peer_out == NULL || f->routes == NULL ||
		f->buffers == NULL || f->packets == NULL || f->mgr == NULL)
		return false;
	init_mb_mgr_auto(f->mgr, NULL);
	f->vaes = strcmp(replay_floor_arch(f), "AVX512 VAES") == 0;
	return true;
}

struct replay_floor *replay_floor_create(const struct replay *r)
{
	struct replay_floor *f = rte_zmalloc(NULL, sizeof(*f), 64);

	if (f == NULL)
		return NULL;
	f->capture = &r->capture;
	if (!tables_create(f, r)) {
		replay_floor_destroy(f);
		return NULL;
	}
	memcpy(f->gcm_open,
		((aes_gcm_enc_dec_t[]){f->mgr->gcm128_dec, f->mgr->gcm192_dec, f->mgr->gcm256_dec}),
		sizeof(f->gcm_open));
	memcpy(f->gcm_seal,
		((aes_gcm_enc_dec_t[]){f->mgr->gcm128_enc, f->mgr->gcm192_enc, f->mgr->gcm256_enc}),
		sizeof(f->gcm_seal));
	install_peers(f, r->config);
	install_routes(f, r->config);
	for (uint32_t i = 0; i < r->capture.n_frames; i++)
		f->n_packets += packet_prepare(f, i, &f->packets[f->n_packets]);
	if (f->n_packets > 0)
		return f;
	replay_floor_destroy(f);
	return NULL;
}

void replay_floor_destroy(struct replay_floor *f)
{
	if (f == NULL)
		return;
	if (f->mgr != NULL)
		free_mb_mgr(f->mgr);
	rte_free(f->buffers);
	free(f->packets);
	rte_rib_free(f->routes);
	free(f->peer_out);
	sa_table_destroy(f->out);
	sa_table_destroy(f->in);
	rte_free(f);
}
