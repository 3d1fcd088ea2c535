/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-rte-ipsec SUITE SIZE SPOKES [EAL ARGUMENT]...
 *
 * DPDK's own librte_ipsec with its ipsec-mb crypto device, opening and sealing what the hub opens
 * and seals: inner packets of SIZE octets in GRE with a key, ESP in transport mode, a random pair
 * of SPOKES for each packet, bursts of 32, 256 buffers that packets are copied into just before. No
 * GRE, no route, no counters, and no anti-replay window: all that is left out is to its advantage.
 * SUITE is aes128gcm16 or aes128-sha1. Prints cycles a packet: lower quartile, lowest tenth,
 * median of the bursts.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* rte_cryptodev_sym_session_pool_create() is still marked so in DPDK 22.11. */
#define ALLOW_EXPERIMENTAL_API
#include <rte_cryptodev.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ipsec.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "tools/turns.h"

#define BURST     32u
#define BUFFERS   256u
#define PACKETS   8192u
#define LOOPS     60u
#define GRE_LEN   8u
#define ROOM      1536u
#define SKIPPED   77
#define IV_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))

struct frame {
	uint32_t from, to;
	uint16_t len;
	uint8_t octets[ROOM];
};

static struct {
	bool gcm;
	unsigned size, n_spokes;
	uint8_t dev;
	struct rte_mempool *mbufs, *ops, *sessions;
	struct rte_ipsec_session *in, *out; /* by spoke; both ends have the same keys */
	struct frame *frames;
	struct rte_mbuf *held[BUFFERS];
	unsigned held_at;
	struct turns turns;
} bench;

static void fail(const char *what)
{
	fprintf(stderr, "bench-rte-ipsec: %s\n", what);
	exit(EXIT_FAILURE);
}

static void start_device(void)
{
	const char *name = bench.gcm ? "crypto_aesni_gcm" : "crypto_aesni_mb";
	struct rte_cryptodev_config config = {.nb_queue_pairs = 1, .socket_id = SOCKET_ID_ANY};
	struct rte_cryptodev_qp_conf queue = {.nb_descriptors = 2 * BURST};
	int dev = rte_eal_hotplug_add("vdev", name, "") == 0 ? rte_cryptodev_get_dev_id(name) : -1;

	if (dev < 0) {
		printf("skipped: DPDK's crypto device is not installed "
		       "(librte-crypto-ipsec-mb23)\n");
		exit(SKIPPED);
	}
	bench.dev = (uint8_t)dev;
	bench.mbufs = rte_pktmbuf_pool_create(
		"mbufs", 1023, 0, 0, ROOM + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	bench.ops = rte_crypto_op_pool_create(
		"ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, 255, 0, 64, SOCKET_ID_ANY);
	bench.sessions = rte_cryptodev_sym_session_pool_create("sessions", 2 * bench.n_spokes + 1,
		rte_cryptodev_sym_get_private_session_size(bench.dev), 0, 0, SOCKET_ID_ANY);
	config.socket_id = rte_cryptodev_socket_id(bench.dev);
	queue.mp_session = bench.sessions;
	if (bench.mbufs == NULL || bench.ops == NULL || bench.sessions == NULL ||
		rte_cryptodev_configure(bench.dev, &config) != 0 ||
		rte_cryptodev_queue_pair_setup(bench.dev, 0, &queue, config.socket_id) != 0 ||
		rte_cryptodev_start(bench.dev) != 0)
		fail("no memory for buffers and sessions, or no device");
}

static void transforms(struct rte_crypto_sym_xform x[2], const uint8_t *key, bool in)
{
	struct rte_crypto_sym_xform *cipher = &x[in], *auth = &x[!in];

	memset(x, 0, 2 * sizeof(*x));
	if (bench.gcm) {
		x[0].type = RTE_CRYPTO_SYM_XFORM_AEAD;
		x[0].aead.op = in ? RTE_CRYPTO_AEAD_OP_DECRYPT : RTE_CRYPTO_AEAD_OP_ENCRYPT;
		x[0].aead.algo = RTE_CRYPTO_AEAD_AES_GCM;
		x[0].aead.key.data = key;
		x[0].aead.key.length = 16;
		x[0].aead.iv.offset = IV_OFFSET;
		x[0].aead.iv.length = 12;
		x[0].aead.digest_length = 16;
		x[0].aead.aad_length = 8;
		return;
	}
	x[0].next = &x[1];
	cipher->type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	cipher->cipher.op = in ? RTE_CRYPTO_CIPHER_OP_DECRYPT : RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	cipher->cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
	cipher->cipher.key.data = key;
	cipher->cipher.key.length = 16;
	cipher->cipher.iv.offset = IV_OFFSET;
	cipher->cipher.iv.length = 16;
	auth->type = RTE_CRYPTO_SYM_XFORM_AUTH;
	auth->auth.op = in ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE;
	auth->auth.algo = RTE_CRYPTO_AUTH_SHA1_HMAC;
	auth->auth.key.data = key;
	auth->auth.key.length = 20;
	auth->auth.digest_length = 12;
}

static void session_open(struct rte_ipsec_session *s, uint32_t spoke, bool in)
{
	uint8_t key[20] = {1};
	struct rte_crypto_sym_xform x[2];
	/* In transport mode proto says what the outer header is: IPv4. */
	struct rte_ipsec_sa_prm prm = {.crypto_xform = x, .trs.proto = IPPROTO_IPIP};
	int size;

	memcpy(key + 8, &spoke, sizeof(spoke));
	transforms(x, key, in);
	prm.ipsec_xform = (struct rte_security_ipsec_xform){
		.spi = 0x1000 + spoke,
		.salt = spoke,
		.direction =
			in ? RTE_SECURITY_IPSEC_SA_DIR_INGRESS : RTE_SECURITY_IPSEC_SA_DIR_EGRESS,
		.proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP,
		.mode = RTE_SECURITY_IPSEC_SA_MODE_TRANSPORT,
		.esn.value = in ? 0 : 1,
	};
	size = rte_ipsec_sa_size(&prm);
	s->sa = size > 0 ? rte_zmalloc(NULL, (size_t)size, 64) : NULL;
	if (s->sa == NULL || rte_ipsec_sa_init(s->sa, &prm, (uint32_t)size) <= 0)
		fail("no SA");
	s->type = RTE_SECURITY_ACTION_TYPE_NONE;
	s->crypto.dev_id = bench.dev;
	s->crypto.ses = rte_cryptodev_sym_session_create(bench.dev, x, bench.sessions);
	if (s->crypto.ses == NULL || rte_ipsec_session_prepare(s) != 0)
		fail("no session");
}

/* One direction of a burst: packet i under sessions[i]. */
static void run(struct rte_ipsec_session *const sessions[], struct rte_mbuf **m, unsigned n)
{
	struct rte_crypto_op *ops[BURST], *done[BURST];
	unsigned same, got = 0;

	if (rte_crypto_op_bulk_alloc(bench.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC, ops, (uint16_t)n) ==
		0)
		fail("no operations");
	for (unsigned i = 0; i < n; i += same) {
		for (same = 1; i + same < n && sessions[i + same] == sessions[i]; same++)
			;
		if (rte_ipsec_pkt_crypto_prepare(sessions[i], &m[i], &ops[i], (uint16_t)same) !=
			same)
			fail("a packet was refused before its cryptography");
	}
	if (rte_cryptodev_enqueue_burst(bench.dev, 0, ops, (uint16_t)n) != n)
		fail("the device took less than a burst");
	/* The device holds jobs back until it is asked again. */
	while (got < n)
		got += rte_cryptodev_dequeue_burst(bench.dev, 0, done + got, (uint16_t)(n - got));
	/* Each op carries its packet; multi-buffer jobs may be done in another order. */
	for (unsigned i = 0; i < n; i++)
		if (ops[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
			fail("a packet was not authentic");
	rte_mempool_put_bulk(bench.ops, (void **)ops, n);
	for (unsigned i = 0; i < n; i += same) {
		for (same = 1; i + same < n && sessions[i + same] == sessions[i]; same++)
			;
		if (rte_ipsec_pkt_process(sessions[i], &m[i], (uint16_t)same) != same)
			fail("a packet was refused after its cryptography");
	}
}

static struct rte_mbuf *packet_make(const void *octets, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bench.mbufs);

	if (m == NULL)
		fail("no buffer");
	rte_memcpy(rte_pktmbuf_append(m, (uint16_t)len), octets, len);
	m->l3_len = sizeof(struct iphdr);
	return m;
}

/* What a spoke would have sent: its outbound SA is the hub's to it. */
static void make_frames(void)
{
	uint8_t plain[ROOM] = {0};
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_GRE};
	unsigned len = (unsigned)sizeof(ip) + GRE_LEN + bench.size;

	ip.tot_len = htons((uint16_t)len);
	memcpy(plain, &ip, sizeof(ip));
	for (unsigned i = 0; i < PACKETS; i++) {
		struct frame *f = &bench.frames[i];
		struct rte_ipsec_session *s;
		struct rte_mbuf *m = packet_make(plain, len);

		f->from = (uint32_t)rand() % bench.n_spokes;
		f->to = (f->from + 1 + (uint32_t)rand() % (bench.n_spokes - 1)) % bench.n_spokes;
		s = &bench.out[f->from];
		run(&s, &m, 1);
		f->len = m->data_len;
		memcpy(f->octets, rte_pktmbuf_mtod(m, void *), f->len);
		rte_pktmbuf_free(m);
	}
}

static void burst(const struct frame *frames)
{
	struct rte_ipsec_session *in[BURST], *out[BURST];
	struct rte_mbuf *m[BURST];
	uint64_t start;

	for (unsigned i = 0; i < BURST; i++) {
		struct rte_mbuf **held = &bench.held[bench.held_at++ % BUFFERS];

		rte_pktmbuf_free(*held);
		*held = m[i] = packet_make(frames[i].octets, frames[i].len);
		in[i] = &bench.in[frames[i].from];
		out[i] = &bench.out[frames[i].to];
	}
	start = rte_rdtsc();
	run(in, m, BURST);
	for (unsigned i = 0; i < BURST; i++)
		m[i]->l3_len = sizeof(struct iphdr);
	run(out, m, BURST);
	turns_add(&bench.turns, rte_rdtsc() - start, BURST);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		fail("expected SUITE SIZE SPOKES");
	bench.gcm = strcmp(argv[1], "aes128gcm16") == 0;
	if (!bench.gcm && strcmp(argv[1], "aes128-sha1") != 0)
		fail("SUITE is aes128gcm16 or aes128-sha1");
	bench.size = (unsigned)strtoul(argv[2], NULL, 10);
	bench.n_spokes = (unsigned)strtoul(argv[3], NULL, 10);
	if (bench.size < 1 || bench.size > 1400 || bench.n_spokes < 2 || bench.n_spokes > 20000)
		fail("SIZE is 1..1400, SPOKES 2..20000");
	argv[3] = argv[0];
	if (rte_eal_init(argc - 3, argv + 3) < 0)
		fail("the EAL does not start; see above");
	start_device();
	bench.in = calloc(bench.n_spokes, sizeof(bench.in[0]));
	bench.out = calloc(bench.n_spokes, sizeof(bench.out[0]));
	bench.frames = rte_malloc(NULL, PACKETS * sizeof(bench.frames[0]), 64);
	if (bench.in == NULL || bench.out == NULL || bench.frames == NULL)
		fail("no memory");
	for (uint32_t i = 0; i < bench.n_spokes; i++) {
		session_open(&bench.in[i], i, true);
		session_open(&bench.out[i], i, false);
	}
	make_frames();
	for (unsigned loop = 0; loop < LOOPS; loop++) {
		if (loop == 2) /* to warm up */
			memset(&bench.turns, 0, sizeof(bench.turns));
		for (unsigned i = 0; i < PACKETS; i += BURST)
			burst(&bench.frames[i]);
	}
	printf("%.1f %.1f %.1f\n", turns_at(&bench.turns, TURNS_FIGURE),
		turns_at(&bench.turns, TURNS_LOW), turns_at(&bench.turns, TURNS_HIGH));
	return EXIT_SUCCESS;
}
