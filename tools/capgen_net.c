/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes, their addresses and keys, and the two files that describe them. */
#include "tools/capgen_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/hex.h"

#include <arpa/inet.h>

#define SPI_IN_BASE  UINT32_C(0xc0000000)
#define PORT_MORE    100 /* octets of outer headers and ESP at most */
#define SPI_OUT_BASE UINT32_C(0xd0000000)

const uint8_t capgen_hub_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t capgen_gateway_mac[6] = {0x02, 0, 0, 0, 0, 0xfe};

/* Spoke k: 100.64.0.0 + k outside, 172.16.0.0 + k on the tunnel, the k-th /24 from 10.0.0.0 on. */
uint32_t capgen_nbma(unsigned spoke)
{
	return UINT32_C(0x64400000) + spoke;
}

uint32_t capgen_tunnel_address(unsigned spoke)
{
	return UINT32_C(0xac100000) + spoke;
}

uint32_t capgen_lan(unsigned spoke)
{
	return UINT32_C(0x0a000000) + (spoke << 8);
}

const char *capgen_path(const struct capgen *g, const char *name, char *buf)
{
	snprintf(buf, 4096, "%s/%s", g->opt.dir, name);
	return buf;
}

/* splitmix64: a counter and a mixing that is one to one. */
static uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t capgen_random(struct capgen *g)
{
	g->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix64(g->random);
}

uint32_t capgen_random_below(struct capgen *g, uint32_t n)
{
	return (uint32_t)(((capgen_random(g) >> 32) * n) >> 32);
}

/* One to one on 32 bits, so different numbers get different SPIs; 0..255 are reserved. */
static uint32_t scatter_spi(const struct capgen *g, uint32_t x)
{
	x ^= (uint32_t)mix64(g->opt.seed);
	do {
		x = (x ^ (x >> 16)) * UINT32_C(0x7feb352d);
		x = (x ^ (x >> 15)) * UINT32_C(0x846ca68b);
		x ^= x >> 16;
	} while (x < 256);
	return x;
}

static void random_octets(struct capgen *g, uint8_t *out, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t)capgen_random(g);
}

/* DES takes seven bits of an octet for the key and one for odd parity (FIPS 46-3). */
static void des_parity(uint8_t *key, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		key[i] ^= (uint8_t)(__builtin_parity(key[i]) ^ 1);
}

static void make_sa(
	struct capgen *g, struct capgen_sa *sa, const struct esp_suite *suite, bool in, unsigned n)
{
	sa->suite = suite;
	sa->index = SA_NONE;
	if (g->opt.random_spi)
		sa->spi = scatter_spi(g, 2 * n + in);
	else
		sa->spi = (in ? SPI_IN_BASE : SPI_OUT_BASE) + n;
	random_octets(g, sa->key, suite->key_len + suite->salt_len);
	random_octets(g, sa->auth_key, suite->auth_key_len);
	if (suite->cipher == ESP_CIPHER_3DES_CBC)
		des_parity(sa->key, suite->key_len);
}

/* The spoke's end of an SA to the hub: what seals its packets here. */
static int install_sa(struct capgen *g, struct capgen_sa *sa, struct error *err)
{
	struct sa_params p = {
		.spi = sa->spi,
		.suite = sa->suite,
		.key = sa->key,
		.key_len = sa->suite->key_len + sa->suite->salt_len,
		.auth_key = sa->auth_key,
		.auth_key_len = sa->suite->auth_key_len,
		.esn = g->opt.esn,
		.iv_seed = mix64(sa->spi),
	};

	return sa_add(g->table, &p, &sa->index, err);
}

static int make_popularity(struct capgen *g)
{
	double sum = 0;

	g->popularity = calloc(g->opt.n_spokes, sizeof(g->popularity[0]));
	if (g->popularity == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < g->opt.n_spokes; i++)
		g->popularity[i] = sum += 1.0 / (i + 1);
	return 0;
}

int capgen_net_create(struct capgen *g, struct error *err)
{
	static const uint8_t seed[16] = "capture generat";
	unsigned n = g->opt.n_spokes;
	int rc = 0;

	g->random = mix64(g->opt.seed);
	g->n_to_hub = n + (g->opt.bad > 0 ? 2 : 0);
	g->to_hub = calloc(g->n_to_hub, sizeof(g->to_hub[0]));
	g->from_hub = calloc(n, sizeof(g->from_hub[0]));
	g->table = sa_table_create("capgen", g->n_to_hub, -1);
	if (g->to_hub == NULL || g->from_hub == NULL || g->table == NULL ||
		(g->opt.pattern == CAPGEN_ZIPF && make_popularity(g) != 0))
		return error_set(err, ENOMEM, "not enough memory for %u spokes", n);
	g->mgr = alloc_mb_mgr(0);
	if (g->mgr != NULL)
		init_mb_mgr_auto(g->mgr, NULL);
	g->esp = esp_context_create(NULL, seed);
	if (g->mgr == NULL || g->esp == NULL)
		return error_set(err, ENOTSUP,
			"intel-ipsec-mb does not run on this CPU (AES-NI and "
			"SSE4.2 are the least it needs)");
	for (unsigned i = 0; i < n; i++) {
		const struct esp_suite *suite = g->opt.suites[i % g->opt.n_suites];

		make_sa(g, &g->to_hub[i], suite, true, i + 1);
		make_sa(g, &g->from_hub[i], suite, false, i + 1);
	}
	if (g->n_to_hub > n) {
		make_sa(g, &g->to_hub[n], esp_suite_by_name("aes128gcm16"), true, n + 1);
		make_sa(g, &g->to_hub[n + 1], esp_suite_by_name("aes128-sha1"), true, n + 2);
	}
	for (unsigned i = 0; i < g->n_to_hub && rc == 0; i++)
		rc = install_sa(g, &g->to_hub[i], err);
	return rc;
}

void capgen_net_destroy(struct capgen *g)
{
	esp_context_destroy(g->esp);
	if (g->mgr != NULL)
		free_mb_mgr(g->mgr);
	sa_table_destroy(g->table);
	free(g->popularity);
	free(g->to_hub);
	free(g->from_hub);
}

static const char *address(uint32_t host_order, char *buf)
{
	struct ip_addr a = ip_addr_v4(htonl(host_order));

	return ip_addr_str(&a, buf);
}

static void write_sa(FILE *f, const struct capgen *g, const struct capgen_sa *sa, bool in)
{
	char hex[2 * ESP_AUTH_MAX + 1];
	unsigned key_len = sa->suite->key_len + sa->suite->salt_len;

	fprintf(f, "{ spi = 0x%08x; suite = \"%s\";", sa->spi, sa->suite->name);
	if (key_len > 0)
		fprintf(f, " key = \"0x%s\";", hex_str(sa->key, key_len, hex));
	if (sa->suite->auth_key_len > 0)
		fprintf(f, " auth_key = \"0x%s\";",
			hex_str(sa->auth_key, sa->suite->auth_key_len, hex));
	if (in && g->opt.window != 64)
		fprintf(f, " window = %u;", g->opt.window);
	fprintf(f, "%s }", g->opt.esn ? " esn = true;" : "");
}

static void write_peer(FILE *f, const struct capgen *g, unsigned spoke)
{
	char tunnel[IP_ADDR_STRLEN], nbma[IP_ADDR_STRLEN];

	fprintf(f, "\t\t{");
	if (!g->opt.dynamic)
		fprintf(f, " address = \"%s\";", address(capgen_tunnel_address(spoke), tunnel));
	fprintf(f, " nbma = \"%s\";", address(capgen_nbma(spoke), nbma));
	if (g->opt.nat)
		fprintf(f, " nat_port = %u;", CAPGEN_NAT_PORT);
	fprintf(f, "\n\t\t  sa_in = ( ");
	write_sa(f, g, &g->to_hub[spoke - 1], true);
	if (spoke > g->opt.n_spokes) {
		fprintf(f, ",\n\t\t\t    ");
		write_sa(f, g, &g->to_hub[spoke], true);
	} else {
		fprintf(f, " );\n\t\t  sa_out = ( ");
		write_sa(f, g, &g->from_hub[spoke - 1], false);
	}
	fprintf(f, " ); }");
}

unsigned capgen_mtu(const struct capgen *g)
{
	unsigned mtu = CAPGEN_MTU_MIN;

	for (unsigned i = 0; i < g->opt.n_sizes; i++)
		mtu = g->opt.sizes[i] > mtu ? g->opt.sizes[i] : mtu;
	return mtu;
}

/*
 * Memory without hugepages is taken when it is touched, so being generous costs nothing: what a
 * peer needs in SA tables, and the rest.
 */
static void write_process(FILE *f, const struct capgen *g)
{
	/* About 24,000 packet buffers, of 1,024 octets more for each 24 MB. */
	unsigned larger = (capgen_mtu(g) - CAPGEN_MTU_MIN) * 24 / 1024;
	unsigned megabytes = 1024 + larger + g->opt.n_spokes / 64;

	fprintf(f,
		"# Made by dmvpn-capgen: %u spokes, seed %llu. The keys protect nothing.\n"
		"eal = [ \"--no-huge\", \"-m\", \"%u\", \"--no-pci\", \"--no-telemetry\",\n"
		"\t\"--no-shconf\" ];\n"
		"control_socket = \"%s/control.sock\";\n\n",
		g->opt.n_spokes, (unsigned long long)g->opt.seed, megabytes, g->opt.dir);
}

static void write_port(FILE *f, const struct capgen *g)
{
	char hub[IP_ADDR_STRLEN], gateway[IP_ADDR_STRLEN];
	char hub_mac[MAC_ADDR_STRLEN], gateway_mac[MAC_ADDR_STRLEN];
	char capture[2 * PATH_MAX + 64];
	const char *device = g->opt.device != NULL ? g->opt.device : capture;
	struct mac_addr mac;

	snprintf(capture, sizeof(capture), "net_pcap0,rx_pcap=%s/in.pcap,tx_pcap=%s/out.pcap",
		g->opt.dir, g->opt.dir);
	memcpy(mac.bytes, capgen_hub_mac, 6);
	mac_addr_str(&mac, hub_mac);
	memcpy(mac.bytes, capgen_gateway_mac, 6);
	mac_addr_str(&mac, gateway_mac);
	address(CAPGEN_GATEWAY, gateway);
	fprintf(f,
		"ports = ( {\n"
		"\tname = \"wan\";\n"
		"\tdevice = \"%s\";\n"
		"\taddresses = [ \"%s/24\" ];\n"
		"\tgateway = \"%s\";\n"
		"\tmtu = %u;\n"
		"\tmac = \"%s\";\n"
		"\tneighbors = ( { address = \"%s\"; mac = \"%s\"; } );\n"
		"} );\n\n",
		device, address(CAPGEN_HUB_NBMA, hub), gateway, capgen_mtu(g) + PORT_MORE, hub_mac,
		gateway, gateway_mac);
}

static void write_tunnel(FILE *f, const struct capgen *g)
{
	char hub[IP_ADDR_STRLEN], tunnel[IP_ADDR_STRLEN];
	unsigned peers = g->opt.n_spokes + (g->opt.bad > 0 ? 1 : 0);

	fprintf(f, "tunnels = ( {\n\tname = \"tun0\";\n\taddress = \"%s/12\";\n\tnbma = \"%s\";\n",
		address(CAPGEN_HUB_TUNNEL, tunnel), address(CAPGEN_HUB_NBMA, hub));
	if (g->opt.key_set)
		fprintf(f, "\tkey = %u;\n", g->opt.key);
	fprintf(f, "\tmtu = %u;\n", capgen_mtu(g));
	if (g->opt.checksum)
		fprintf(f, "\tchecksum = true;\n");
	if (g->opt.dynamic)
		fprintf(f, "\tredirect = true;\n");
	fprintf(f, "\tpeers = (\n");
	for (unsigned i = 1; i <= peers; i++) {
		write_peer(f, g, i);
		fprintf(f, "%s\n", i < peers ? "," : "");
	}
	fprintf(f, "\t);\n} );\n\n");
}

static void write_routes(FILE *f, const struct capgen *g)
{
	char lan[IP_ADDR_STRLEN], via[IP_ADDR_STRLEN];
	unsigned peers = g->opt.n_spokes + (g->opt.bad > 0 ? 1 : 0);

	fprintf(f, "routes = (\n");
	if (g->opt.bad > 0)
		fprintf(f, "\t{ prefix = \"%s/15\"; blackhole = true; },\n",
			address(CAPGEN_BLACKHOLE, lan));
	for (unsigned i = 1; i <= peers; i++)
		fprintf(f, "\t{ prefix = \"%s/24\"; via = \"%s\"; }%s\n",
			address(capgen_lan(i), lan), address(capgen_tunnel_address(i), via),
			i < peers ? "," : "");
	fprintf(f, ");\n");
}

/* Names as Wireshark's esp_sa table has them. */
static const char *const wireshark_cipher[] = {
	[ESP_CIPHER_NULL] = "NULL",
	[ESP_CIPHER_3DES_CBC] = "TripleDES-CBC [RFC2451]",
	[ESP_CIPHER_AES_CBC] = "AES-CBC [RFC3602]",
	[ESP_CIPHER_AES_GCM] = "AES-GCM with 16 octet ICV [RFC4106]",
	[ESP_CIPHER_CHACHA20] = NULL, /* Wireshark 4.0 has none */
};

static const char *const wireshark_auth[] = {
	[ESP_AUTH_AEAD] = "NULL",
	[ESP_AUTH_MD5_96] = "HMAC-MD5-96 [RFC2403]",
	[ESP_AUTH_SHA1_96] = "HMAC-SHA-1-96 [RFC2404]",
	[ESP_AUTH_SHA256_128] = "HMAC-SHA-256-128 [RFC4868]",
	[ESP_AUTH_SHA384_192] = "HMAC-SHA-384-192 [RFC4868]",
	[ESP_AUTH_SHA512_256] = "HMAC-SHA-512-256 [RFC4868]",
};

static void write_wireshark_key(FILE *f, const uint8_t *key, unsigned len)
{
	char hex[2 * ESP_AUTH_MAX + 1];

	fprintf(f, ",\"%s%s\"", len > 0 ? "0x" : "", hex_str(key, len, hex));
}

static void write_wireshark_sa(FILE *f, const struct capgen_sa *sa)
{
	const struct esp_suite *s = sa->suite;

	if (wireshark_cipher[s->cipher] == NULL)
		return;
	fprintf(f, "\"IPv4\",\"*\",\"*\",\"0x%08x\",\"%s\"", sa->spi, wireshark_cipher[s->cipher]);
	write_wireshark_key(f, sa->key, s->key_len + s->salt_len);
	fprintf(f, ",\"%s\"", wireshark_auth[s->auth]);
	write_wireshark_key(f, sa->auth_key, s->auth_key_len);
	fputc('\n', f);
}

static void write_wireshark(FILE *f, const struct capgen *g)
{
	for (unsigned i = 0; i < g->n_to_hub; i++)
		write_wireshark_sa(f, &g->to_hub[i]);
	for (unsigned i = 0; i < g->opt.n_spokes; i++)
		write_wireshark_sa(f, &g->from_hub[i]);
}

static void write_config(FILE *f, const struct capgen *g)
{
	write_process(f, g);
	write_port(f, g);
	write_tunnel(f, g);
	if (g->opt.dynamic)
		fprintf(f, "rip = { network = [ \"tun0\" ]; max_routes = 100000; };\n");
	else
		write_routes(f, g);
}

/* Both files hold keys, so only their owner may read them. */
static int write_file(const struct capgen *g, const char *name,
	void (*write_to)(FILE *f, const struct capgen *g), struct error *err)
{
	char path[4096];
	FILE *f = NULL;
	int fd, rc = 0;

	unlink(capgen_path(g, name, path));
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f == NULL)
		return error_set(err, errno, "%s: cannot be written: %s", path, strerror(errno));
	write_to(f, g);
	if (ferror(f))
		rc = -EIO;
	if (fclose(f) != 0)
		rc = -errno;
	return rc == 0 ? 0 : error_set(err, -rc, "%s: not written: %s", path, strerror(-rc));
}

int capgen_net_write(const struct capgen *g, struct error *err)
{
	int rc = write_file(g, "hub.cfg", write_config, err);

	return rc == 0 ? write_file(g, "esp_sa", write_wireshark, err) : rc;
}
