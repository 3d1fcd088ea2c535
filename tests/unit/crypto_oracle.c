/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An independent ESP as oracle: DPDK's librte_ipsec over the OpenSSL crypto device (what that
 * device lacks, ChaCha20-Poly1305 and NULL, over the ipsec-mb one). What one side seals the other
 * opens, transport mode under IPv4.
 */
/* rte_cryptodev_sym_session_pool_create() is still marked so in DPDK 22.11. */
#define ALLOW_EXPERIMENTAL_API

#include <netinet/in.h>
#include <netinet/ip.h>

#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <rte_ipsec.h>
#include <rte_mbuf.h>

#include "tests/unit/crypto_fixture.h"

#define SPI       0xc0ffee
#define IV_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define SKIPPED   77 /* meson's exit code for it */

static const char openssl_name[] = "crypto_openssl", mb_name[] = "crypto_aesni_mb";

static struct rte_mempool *mbuf_pool, *op_pool, *session_pool;
static int dev_openssl, dev_mb;

/* The other implementation's end of an SA. */
struct peer {
	struct rte_crypto_sym_xform first, second;
	struct rte_ipsec_session session;
};

static int device_start(const char *name)
{
	struct rte_cryptodev_config config = {.nb_queue_pairs = 1, .socket_id = SOCKET_ID_ANY};
	struct rte_cryptodev_qp_conf queue = {.nb_descriptors = 64};
	int dev;

	if (rte_eal_hotplug_add("vdev", name, "") != 0)
		return -1;
	dev = rte_cryptodev_get_dev_id(name);
	queue.mp_session = session_pool;
	config.socket_id = rte_cryptodev_socket_id((uint8_t)dev);
	if (rte_cryptodev_configure((uint8_t)dev, &config) != 0 ||
		rte_cryptodev_queue_pair_setup((uint8_t)dev, 0, &queue, config.socket_id) != 0 ||
		rte_cryptodev_start((uint8_t)dev) != 0)
		return -1;
	return dev;
}

/* OpenSSL cleans up at exit too: its device has to be gone before that. */
static void devices_stop(void)
{
	rte_cryptodev_stop((uint8_t)dev_openssl);
	rte_cryptodev_stop((uint8_t)dev_mb);
	rte_eal_hotplug_remove("vdev", openssl_name);
	rte_eal_hotplug_remove("vdev", mb_name);
}

/* Once a process. Without the devices there is no oracle to ask. */
static void oracle_start(void)
{
	if (mbuf_pool != NULL)
		return;
	fixture_eal();
	mbuf_pool = rte_pktmbuf_pool_create(
		"mbufs", 63, 0, 0, PACKET_ROOM + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	op_pool = rte_crypto_op_pool_create(
		"ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, 63, 0, 64, SOCKET_ID_ANY);
	session_pool = rte_cryptodev_sym_session_pool_create("ses", 16, 16384, 0, 0, SOCKET_ID_ANY);
	if (mbuf_pool == NULL || op_pool == NULL || session_pool == NULL) {
		fprintf(stderr, "no memory for the oracle\n");
		exit(EXIT_FAILURE);
	}
	dev_openssl = device_start(openssl_name);
	dev_mb = device_start(mb_name);
	if (dev_openssl < 0 || dev_mb < 0) {
		printf("skipped: DPDK's crypto devices are not installed "
		       "(librte-crypto-openssl23, librte-crypto-ipsec-mb23)\n");
		exit(SKIPPED);
	}
	atexit(devices_stop);
}

static void xform_aead(struct rte_crypto_sym_xform *x, const struct sa_params *p)
{
	bool gcm = p->suite->cipher == ESP_CIPHER_AES_GCM;

	*x = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_AEAD};
	x->aead.op = p->in ? RTE_CRYPTO_AEAD_OP_DECRYPT : RTE_CRYPTO_AEAD_OP_ENCRYPT;
	x->aead.algo = gcm ? RTE_CRYPTO_AEAD_AES_GCM : RTE_CRYPTO_AEAD_CHACHA20_POLY1305;
	x->aead.key.data = p->key;
	x->aead.key.length = p->suite->key_len;
	x->aead.iv.offset = IV_OFFSET;
	x->aead.iv.length = 12;
	x->aead.digest_length = p->suite->icv_len;
	x->aead.aad_length = p->esn ? 12 : 8;
}

static void xform_cipher(struct rte_crypto_sym_xform *x, const struct sa_params *p)
{
	static const enum rte_crypto_cipher_algorithm algos[] = {
		[ESP_CIPHER_NULL] = RTE_CRYPTO_CIPHER_NULL,
		[ESP_CIPHER_3DES_CBC] = RTE_CRYPTO_CIPHER_3DES_CBC,
		[ESP_CIPHER_AES_CBC] = RTE_CRYPTO_CIPHER_AES_CBC,
	};

	*x = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_CIPHER};
	x->cipher.op = p->in ? RTE_CRYPTO_CIPHER_OP_DECRYPT : RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	x->cipher.algo = algos[p->suite->cipher];
	x->cipher.key.data = p->key;
	x->cipher.key.length = p->suite->key_len;
	x->cipher.iv.offset = IV_OFFSET;
	x->cipher.iv.length = p->suite->iv_len;
}

static void xform_auth(struct rte_crypto_sym_xform *x, const struct sa_params *p)
{
	static const enum rte_crypto_auth_algorithm algos[] = {
		[ESP_AUTH_MD5_96] = RTE_CRYPTO_AUTH_MD5_HMAC,
		[ESP_AUTH_SHA1_96] = RTE_CRYPTO_AUTH_SHA1_HMAC,
		[ESP_AUTH_SHA256_128] = RTE_CRYPTO_AUTH_SHA256_HMAC,
		[ESP_AUTH_SHA384_192] = RTE_CRYPTO_AUTH_SHA384_HMAC,
		[ESP_AUTH_SHA512_256] = RTE_CRYPTO_AUTH_SHA512_HMAC,
	};

	*x = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_AUTH};
	x->auth.op = p->in ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE;
	x->auth.algo = algos[p->suite->auth];
	x->auth.key.data = p->auth_key;
	x->auth.key.length = (uint16_t)p->auth_key_len;
	x->auth.digest_length = p->suite->icv_len;
}

static void peer_xforms(struct peer *peer, const struct sa_params *p)
{
	if (p->suite->auth == ESP_AUTH_AEAD) {
		xform_aead(&peer->first, p);
	} else if (p->in) {
		xform_auth(&peer->first, p);
		xform_cipher(&peer->second, p);
		peer->first.next = &peer->second;
	} else {
		xform_cipher(&peer->first, p);
		xform_auth(&peer->second, p);
		peer->first.next = &peer->second;
	}
}

static void peer_open(struct peer *peer, const struct sa_params *p)
{
	bool openssl =
		p->suite->cipher != ESP_CIPHER_CHACHA20 && p->suite->cipher != ESP_CIPHER_NULL;
	/* In transport mode proto says what the outer header is: IPv4. */
	struct rte_ipsec_sa_prm prm = {.crypto_xform = &peer->first, .trs.proto = IPPROTO_IPIP};
	struct rte_security_ipsec_xform *x = &prm.ipsec_xform;
	int size;

	memset(peer, 0, sizeof(*peer));
	peer_xforms(peer, p);
	x->spi = p->spi;
	if (p->suite->salt_len > 0)
		memcpy(&x->salt, p->key + p->suite->key_len, sizeof(x->salt));
	x->options.esn = p->esn;
	x->direction = p->in ? RTE_SECURITY_IPSEC_SA_DIR_INGRESS : RTE_SECURITY_IPSEC_SA_DIR_EGRESS;
	x->proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP;
	x->mode = RTE_SECURITY_IPSEC_SA_MODE_TRANSPORT;
	x->replay_win_sz = p->in ? p->window : 0;
	x->esn.value = p->seq;
	size = rte_ipsec_sa_size(&prm);
	CU_ASSERT_FATAL(size > 0);
	peer->session.sa = aligned_alloc(64, ((size_t)size + 63) & ~(size_t)63);
	CU_ASSERT_PTR_NOT_NULL_FATAL(peer->session.sa);
	CU_ASSERT_FATAL(rte_ipsec_sa_init(peer->session.sa, &prm, (uint32_t)size) > 0);
	peer->session.type = RTE_SECURITY_ACTION_TYPE_NONE;
	peer->session.crypto.dev_id = (uint8_t)(openssl ? dev_openssl : dev_mb);
	peer->session.crypto.ses = rte_cryptodev_sym_session_create(
		peer->session.crypto.dev_id, &peer->first, session_pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(peer->session.crypto.ses);
	CU_ASSERT_EQUAL_FATAL(rte_ipsec_session_prepare(&peer->session), 0);
}

static void peer_close(struct peer *peer)
{
	rte_ipsec_sa_fini(peer->session.sa);
	free(peer->session.sa);
	rte_cryptodev_sym_session_free(peer->session.crypto.dev_id, peer->session.crypto.ses);
}

/* The packet through librte_ipsec and the device; false if either refused it. */
static bool peer_run(struct peer *peer, struct rte_mbuf *m)
{
	uint8_t dev = peer->session.crypto.dev_id;
	struct rte_crypto_op *op = rte_crypto_op_alloc(op_pool, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	bool ok;

	CU_ASSERT_PTR_NOT_NULL_FATAL(op);
	ok = rte_ipsec_pkt_crypto_prepare(&peer->session, &m, &op, 1) == 1 &&
	     rte_cryptodev_enqueue_burst(dev, 0, &op, 1) == 1;
	/* The ipsec-mb device holds jobs back until it is asked again. */
	for (unsigned tries = 0; ok && rte_cryptodev_dequeue_burst(dev, 0, &op, 1) == 0; tries++)
		ok = tries < 1000;
	if (ok && op->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		m->ol_flags |= RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
	ok = ok && rte_ipsec_pkt_process(&peer->session, &m, 1) == 1;
	rte_crypto_op_free(op);
	return ok;
}

/* An IPv4 packet with room for this much behind its header. */
static struct rte_mbuf *packet_make(uint8_t proto, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mbuf_pool);
	struct iphdr *ip;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	ip = (struct iphdr *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*ip) + len));
	CU_ASSERT_PTR_NOT_NULL_FATAL(ip);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(sizeof(*ip) + len)),
		.ttl = 64,
		.protocol = proto,
		.saddr = htonl(0x0a000001),
		.daddr = htonl(0x0a000002),
	};
	m->l3_len = sizeof(*ip);
	return m;
}

static uint8_t *after_ip(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct iphdr));
}

static uint16_t len_after_ip(struct rte_mbuf *m)
{
	return (uint16_t)(rte_pktmbuf_pkt_len(m) - sizeof(struct iphdr));
}

static void ours_to_theirs(struct fixture *f, struct sa *out, struct peer *peer, uint16_t len)
{
	static struct packet k;
	struct rte_mbuf *m;

	packet_fill(&k, out, len, (uint8_t)len);
	CU_ASSERT_EQUAL_FATAL(packet_seal(f, &k), ESP_OK);
	m = packet_make(IPPROTO_ESP, k.p.len);
	memcpy(after_ip(m), k.bytes, k.p.len);
	CU_ASSERT(peer_run(peer, m));
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, struct iphdr *)->protocol, IPPROTO_GRE);
	k.p.payload_len = len_after_ip(m);
	k.p.next_header = IPPROTO_GRE;
	k.p.payload = after_ip(m);
	CU_ASSERT(packet_holds(&k, len, (uint8_t)len));
	rte_pktmbuf_free(m);
}

static void theirs_to_ours(
	struct fixture *f, struct sa *in, struct peer *peer, uint16_t len, uint64_t seq)
{
	static struct packet k;
	struct rte_mbuf *m = packet_make(IPPROTO_GRE, len);

	for (unsigned i = 0; i < len; i++)
		after_ip(m)[i] = (uint8_t)(len + i * 7);
	CU_ASSERT_FATAL(peer_run(peer, m));
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, struct iphdr *)->protocol, IPPROTO_ESP);
	k.p.len = len_after_ip(m);
	CU_ASSERT_EQUAL(k.p.len, len + esp_overhead(esp_suite_at(in->suite), len));
	memcpy(k.bytes, after_ip(m), k.p.len);
	CU_ASSERT_EQUAL(packet_open(f, &k, in), ESP_OK);
	CU_ASSERT(packet_holds(&k, len, (uint8_t)len));
	CU_ASSERT_EQUAL(k.p.seq, seq);
	rte_pktmbuf_free(m);
}

/* What ours changed by one bit the oracle must refuse too, or it looks at nothing. */
static void theirs_refuse(struct fixture *f, struct sa *out, struct peer *peer)
{
	static struct packet k;
	struct rte_mbuf *m;

	packet_fill(&k, out, 100, 1);
	CU_ASSERT_EQUAL_FATAL(packet_seal(f, &k), ESP_OK);
	m = packet_make(IPPROTO_ESP, k.p.len);
	memcpy(after_ip(m), k.bytes, k.p.len);
	after_ip(m)[k.p.len - 1] ^= 1;
	CU_ASSERT_FALSE(peer_run(peer, m));
	rte_pktmbuf_free(m);
}

static uint16_t next_len(uint16_t len)
{
	return (uint16_t)(len < 70 ? len + 1 : len + 41);
}

static void suite_both_ways(const struct esp_suite *suite, bool esn, uint64_t seq)
{
	struct sa_params p;
	struct fixture f;
	struct peer peer;
	struct sa *sa;

	fixture_open(&f, 8);
	p = fixture_params(suite, SPI, false, 64);
	p.esn = esn;
	p.seq = seq;
	sa = fixture_add(f.out, &p);
	p.in = true;
	peer_open(&peer, &p);
	for (uint16_t len = 1; len <= 1400; len = next_len(len))
		ours_to_theirs(&f, sa, &peer, len);
	theirs_refuse(&f, sa, &peer);
	peer_close(&peer);

	sa = fixture_add(f.in, &p);
	p.in = false;
	p.seq = seq + 1; /* librte_ipsec is told the next one */
	peer_open(&peer, &p);
	for (uint16_t len = 1; len <= 1400; len = next_len(len))
		theirs_to_ours(&f, sa, &peer, len, ++seq);
	peer_close(&peer);
	fixture_close(&f);
}

static void test_without_esn(void)
{
	oracle_start();
	for (unsigned i = 0; i < esp_suite_count(); i++)
		suite_both_ways(esp_suite_at(i), false, 0);
}

/* From below 2^32 to above. */
static void test_with_esn(void)
{
	oracle_start();
	for (unsigned i = 0; i < esp_suite_count(); i++)
		suite_both_ways(esp_suite_at(i), true, UINT64_C(0x4ffffffe0));
}

static const struct unit_test tests[] = {
	{"every suite both ways", test_without_esn},
	{"every suite both ways, ESN, over 2^32", test_with_esn},
};

UNIT_MAIN("crypto: librte_ipsec as oracle", tests)
