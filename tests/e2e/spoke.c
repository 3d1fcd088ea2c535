/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A spoke for kernels without ESP and GRE: what the kernel routes into a tun device leaves as GRE
 * in ESP through a raw IP socket, or in UDP 4500 (RFC 3948); and the reverse. It knows one hub.
 *
 * Packets between kernel and wire are real; only the ESP is the project's own, and Wireshark
 * judges that.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include "common/hex.h"
#include "crypto/esp.h"
#include "crypto/sa.h"
#include "tools/eal.h"

#define NATT_PORT     4500
#define PACKET_MAX    2048
#define INNER_MAX     1600
#define BURST         32
#define GRE_KEY_BIT   0x2000
#define GRE_CSUM_BIT  0x8000
#define GRE_SEQ_BIT   0x1000
#define GRE_IP4       0x0800
#define SOCKET_BUFFER (4 << 20)

static const char usage[] =
	"usage: e2e-spoke -n NAME -t TUN -a HUB -k KEY -i SA -o SA [-u] [-K SECONDS]\n"
	"  -n  file prefix of its memory, different for each that runs\n"
	"  -t  tun device, which is there already\n"
	"  -a  the hub's outer address\n"
	"  -k  GRE key\n"
	"  -i  SA from the hub, -o to the hub: SPI:SUITE:KEY[:AUTHKEY]\n"
	"  -u  ESP in UDP; -K  NAT keepalive after so many idle seconds, default 20\n";

/** Counters, printed at the end: "refused" must be 0 if the hub sends what it should. */
struct counts {
	unsigned long sent, received, keepalives;
	unsigned long refused; /**< ESP of the hub that is not ours, not authentic, or no GRE */
	unsigned long errors;  /**< system calls that did not take a packet */
};

struct spoke {
	const char *name, *tun_name, *sa_text[2];
	struct sockaddr_in hub;
	uint32_t gre_key;
	bool natt;
	int keepalive_s;
	int tun, net;
	struct sa_table *tables[2]; /* [1] for what comes in */
	struct sa *sa[2];
	struct esp_context *esp;
	struct counts counts;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("e2e-spoke: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* --- start ---------------------------------------------------------------------------------- */

static void install_sa(struct spoke *s, bool in)
{
	char text[512], *rest = text;
	uint8_t key[ESP_KEY_MAX], auth[ESP_AUTH_MAX];
	struct error err = {""};
	uint32_t index;

	if (s->sa_text[in] == NULL || strlen(s->sa_text[in]) >= sizeof(text))
		die("%s", usage);
	strcpy(text, s->sa_text[in]);
	const char *spi = strsep(&rest, ":"), *suite = strsep(&rest, ":"),
		   *key_hex = strsep(&rest, ":"), *auth_hex = rest;
	struct sa_params p = {
		.spi = (uint32_t)strtoul(spi, NULL, 0),
		.suite = esp_suite_by_name(suite ? suite : ""),
		.key = key,
		.auth_key = auth,
		.in = in,
		.window = 64,
	};
	const ssize_t key_len = hex_parse(key_hex ? key_hex : "", key, sizeof(key));
	const ssize_t auth_len = hex_parse(auth_hex ? auth_hex : "", auth, sizeof(auth));

	if (p.suite == NULL || key_len < 0 || auth_len < 0)
		die("not an SA: suite %s", suite ? suite : "is missing");
	p.key_len = (size_t)key_len;
	p.auth_key_len = (size_t)auth_len;
	s->tables[in] = sa_table_create(in ? "in" : "out", 4, SOCKET_ID_ANY);
	if (s->tables[in] == NULL)
		die("no table of SAs: %s", strerror(errno));
	if (sa_add(s->tables[in], &p, &index, &err) != 0)
		die("%s", err.text);
	s->sa[in] = sa_at(s->tables[in], index);
}

static void open_tun(struct spoke *s)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", s->tun_name);
	s->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (s->tun < 0 || ioctl(s->tun, TUNSETIFF, &request) != 0)
		die("tun device %s: %s", s->tun_name, strerror(errno));
}

/* The kernel makes the outer header. DF is clear: the outer path of these spokes is 1500 wide. */
static void open_net(struct spoke *s)
{
	const int no_pmtu = IP_PMTUDISC_DONT, one = 1, size = SOCKET_BUFFER;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(NATT_PORT)};

	s->net = s->natt ? socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
			 : socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ESP);
	if (s->net < 0 ||
		setsockopt(s->net, IPPROTO_IP, IP_MTU_DISCOVER, &no_pmtu, sizeof(no_pmtu)) != 0 ||
		setsockopt(s->net, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		die("socket: %s", strerror(errno));
	/* RFC 3948 2.1: the UDP checksum should be zero */
	if (s->natt && (setsockopt(s->net, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)) != 0 ||
			       bind(s->net, (struct sockaddr *)&own, sizeof(own)) != 0))
		die("UDP port %d: %s", NATT_PORT, strerror(errno));
	s->hub.sin_family = AF_INET;
	s->hub.sin_port = s->natt ? htons(NATT_PORT) : 0;
	if (connect(s->net, (struct sockaddr *)&s->hub, sizeof(s->hub)) != 0)
		die("no way to the hub: %s", strerror(errno));
}

static void parse(struct spoke *s, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:t:a:k:i:o:uK:")) != -1)
		switch (option) {
		case 'n':
			s->name = optarg;
			break;
		case 't':
			s->tun_name = optarg;
			break;
		case 'a':
			if (inet_pton(AF_INET, optarg, &s->hub.sin_addr) != 1)
				die("not an address: %s", optarg);
			break;
		case 'k':
			s->gre_key = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'i':
			s->sa_text[1] = optarg;
			break;
		case 'o':
			s->sa_text[0] = optarg;
			break;
		case 'u':
			s->natt = true;
			break;
		case 'K':
			s->keepalive_s = atoi(optarg);
			break;
		default:
			die("%s", usage);
		}
	if (s->name == NULL || s->tun_name == NULL || s->hub.sin_addr.s_addr == 0 ||
		s->keepalive_s < 1)
		die("%s", usage);
}

/* --- packets -------------------------------------------------------------------------------- */

static void send_one(struct spoke *s, const void *octets, size_t len)
{
	ssize_t sent = send(s->net, octets, len, 0);

	/* An ICMP error about an earlier packet, sent while a NAT moved. */
	if (sent < 0 && errno == ECONNREFUSED)
		sent = send(s->net, octets, len, 0);
	if (sent < 0)
		s->counts.errors++;
	else
		s->counts.sent++;
}

/* tun -> GRE -> ESP -> hub. @return packets taken */
static unsigned go_out(struct spoke *s)
{
	static uint8_t room[BURST][PACKET_MAX];
	const struct esp_suite *suite = esp_suite_at(s->sa[0]->suite);
	const uint16_t gre[2] = {htons(GRE_KEY_BIT), htons(GRE_IP4)};
	const uint32_t key = htonl(s->gre_key);
	struct esp_packet packets[BURST], *burst[BURST];
	unsigned n = 0;

	for (; n < BURST; n++) {
		uint8_t *payload = room[n] + ESP_HDR_LEN + suite->iv_len;
		const ssize_t len = read(s->tun, payload + 8, INNER_MAX);

		if (len <= 0)
			break;
		memcpy(payload, gre, sizeof(gre));
		memcpy(payload + 4, &key, sizeof(key));
		packets[n] = (struct esp_packet){.sa = s->sa[0],
			.esp = room[n],
			.payload_len = (uint16_t)(len + 8),
			.next_header = ESP_NEXT_GRE};
		burst[n] = &packets[n];
	}
	if (n > 0)
		esp_seal_burst(s->esp, burst, n);
	for (unsigned i = 0; i < n; i++)
		if (packets[i].status == ESP_OK)
			send_one(s, packets[i].esp, packets[i].len);
		else
			s->counts.errors++;
	return n;
}

/* Where the inner packet of a GRE packet begins, or 0 if it is not for this tunnel. */
static unsigned gre_strip(const struct spoke *s, const uint8_t *gre, unsigned len)
{
	uint16_t flags, protocol;
	uint32_t key;
	unsigned at = 4;

	if (len < 16)
		return 0;
	memcpy(&flags, gre, sizeof(flags));
	memcpy(&protocol, gre + 2, sizeof(protocol));
	flags = ntohs(flags);
	if (ntohs(protocol) != GRE_IP4 || (flags & GRE_KEY_BIT) == 0 ||
		(flags & ~(GRE_KEY_BIT | GRE_CSUM_BIT | GRE_SEQ_BIT)) != 0)
		return 0;
	at += flags & GRE_CSUM_BIT ? 4 : 0;
	memcpy(&key, gre + at, sizeof(key));
	at += 4 + (flags & GRE_SEQ_BIT ? 4 : 0);
	return ntohl(key) == s->gre_key && at < len ? at : 0;
}

/* What the socket gave: the ESP packet in it, or NULL. */
static uint8_t *esp_of(const struct spoke *s, uint8_t *octets, ssize_t *len)
{
	const unsigned header = s->natt ? 0 : (octets[0] & 15u) * 4;
	uint32_t spi;

	if (*len < (ssize_t)(header + ESP_HDR_LEN))
		return NULL;
	*len -= header;
	memcpy(&spi, octets + header, sizeof(spi));
	return ntohl(spi) == s->sa[1]->spi ? octets + header : NULL;
}

static void deliver(struct spoke *s, const struct esp_packet *p)
{
	const unsigned at = p->status == ESP_OK && p->next_header == ESP_NEXT_GRE
				    ? gre_strip(s, p->payload, p->payload_len)
				    : 0;

	if (at == 0)
		s->counts.refused++;
	else if (write(s->tun, p->payload + at, p->payload_len - at) < 0)
		s->counts.errors++;
	else
		s->counts.received++;
}

/* hub -> ESP -> GRE -> tun. @return packets taken */
static unsigned go_in(struct spoke *s)
{
	static uint8_t room[BURST][PACKET_MAX];
	struct esp_packet packets[BURST], *burst[BURST];
	unsigned n = 0, taken = 0;

	for (; taken < BURST; taken++) {
		ssize_t len = recv(s->net, room[taken], PACKET_MAX, 0);
		uint8_t *esp;

		/* ICMP errors that a NAT sent while it moved come as errors of the next call. */
		if (len < 0 && errno == ECONNREFUSED)
			continue;
		if (len < 0)
			break;
		esp = esp_of(s, room[taken], &len);
		if (esp == NULL) {
			s->counts.refused++;
			continue;
		}
		packets[n] = (struct esp_packet){.sa = s->sa[1], .esp = esp, .len = (uint16_t)len};
		burst[n] = &packets[n];
		n++;
	}
	if (n > 0)
		esp_open_burst(s->esp, burst, n);
	for (unsigned i = 0; i < n; i++)
		deliver(s, &packets[i]);
	return taken;
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void run(struct spoke *s)
{
	struct pollfd fds[] = {{.fd = s->tun, .events = POLLIN}, {.fd = s->net, .events = POLLIN}};
	time_t last = now_s() - s->keepalive_s; /* one at once: the NAT then knows us */

	while (!ended) {
		if (go_out(s) > 0) {
			last = now_s();
		} else if (s->natt && now_s() - last >= s->keepalive_s) {
			last = now_s();
			s->counts.keepalives++;
			send_one(s, "\xff", 1);
		}
		if (go_in(s) == 0)
			poll(fds, 2, 100);
	}
}

int main(int argc, char **argv)
{
	struct spoke s = {.keepalive_s = 20};
	struct tools_eal_options eal = {.megabytes = 64};
	struct sigaction action = {.sa_handler = on_signal};
	struct error err = {""};
	uint8_t seed[16];

	parse(&s, argc, argv);
	eal.program = s.name;
	if (tools_eal_start(&eal, &err) != 0)
		die("%s", err.text);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	install_sa(&s, false);
	install_sa(&s, true);
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		die("getrandom: %s", strerror(errno));
	s.esp = esp_context_create(s.tables[1], seed);
	if (s.esp == NULL)
		die("no ESP on this CPU: %s", strerror(errno));
	open_tun(&s);
	open_net(&s);
	puts("ready");
	fflush(stdout);
	run(&s);
	printf("sent %lu received %lu keepalives %lu refused %lu errors %lu\n", s.counts.sent,
		s.counts.received, s.counts.keepalives, s.counts.refused, s.counts.errors);
	esp_context_destroy(s.esp);
	sa_table_destroy(s.tables[0]);
	sa_table_destroy(s.tables[1]);
	rte_eal_cleanup();
	return 0;
}
