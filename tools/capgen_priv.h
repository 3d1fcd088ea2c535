/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside dmvpn-capgen: a made network and the packets that cross it.
 *
 *	capgen_net     spokes, their addresses and keys; the files that describe them
 *	capgen_packet  inner packets, GRE, ESP, Ethernet
 *	capgen_bad     packets that must end as a drop, one kind for each reason
 *
 * Everything is a function of the options and the seed: the same run gives the same files.
 */
#ifndef TOOLS_CAPGEN_PRIV_H
#define TOOLS_CAPGEN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "crypto/esp.h"
#include "crypto/sa.h"
#include "crypto/suite.h"

#define CAPGEN_SPOKES_MAX 200000
#define CAPGEN_SUITES_MAX 32
#define CAPGEN_SIZES_MAX  16
#define CAPGEN_SIZE_MIN   48   /* octets: IPv4, UDP and the numbers a receiver checks */
#define CAPGEN_SIZE_MAX   9400 /* with ESP around it, a jumbo frame */
#define CAPGEN_MTU_MIN    1400 /* the tunnel's, unless larger packets are asked for */
#define CAPGEN_NAT_PORT   4500 /* of spokes behind a NAT */
#define CAPGEN_LAN_HOST   10   /* each LAN's one host is x.y.z.10 */

enum capgen_pattern {
	CAPGEN_PAIR,   /* 1 and 2, 3 and 4, ... talk in turn */
	CAPGEN_RANDOM, /* a random pair for each packet */
	CAPGEN_ZIPF,   /* random, spoke k as often as 1/k */
};

struct capgen_options {
	const char *dir;
	unsigned n_spokes;
	unsigned n_packets;
	const struct esp_suite *suites[CAPGEN_SUITES_MAX];
	unsigned n_suites;
	uint16_t sizes[CAPGEN_SIZES_MAX];
	unsigned n_sizes;
	enum capgen_pattern pattern;
	bool key_set;
	uint32_t key;
	bool checksum;
	bool esn;
	bool random_spi;
	bool dynamic;       /* spokes register and announce: no addresses, no routes */
	bool nat;           /* ESP in UDP */
	const char *device; /* the port's, NULL: the capture */
	unsigned window;
	unsigned bad; /* packets of each bad kind */
	uint64_t seed;
};

/* One direction between a spoke and the hub. */
struct capgen_sa {
	const struct esp_suite *suite;
	uint32_t spi;
	uint32_t index; /* spoke to hub: in the table that seals */
	uint8_t key[ESP_KEY_MAX];
	uint8_t auth_key[ESP_AUTH_MAX];
};

struct capgen {
	struct capgen_options opt;
	uint64_t random;
	double *popularity; /* zipf: cumulative */
	/*
	 * By spoke number minus 1. Bad packets come from one spoke more, which has two SAs to the
	 * hub (GCM and CBC) and none from it.
	 */
	struct capgen_sa *to_hub;
	struct capgen_sa *from_hub;
	unsigned n_to_hub;
	struct sa_table *table;
	struct esp_context *esp;
	IMB_MGR *mgr;
};

/* A packet on its way to the capture. payload stands where the suite wants it in octets. */
struct capgen_packet {
	uint8_t octets[CAPGEN_SIZE_MAX + 256];
	const struct capgen_sa *sa;
	unsigned spoke; /* that sends it, from 1 */
	uint8_t *payload;
	uint16_t payload_len;
	uint8_t next_header;
	uint16_t len; /* of the frame */
};

/* How a GRE header is to look (RFC 2784, 2890). */
struct capgen_gre {
	bool checksum;
	bool key_set;
	uint32_t key;
};

/* What the hub must say about the capture. */
struct capgen_expected {
	uint64_t forwarded;
	uint64_t forwarded_bytes;
};

/* capgen_net.c */
int capgen_net_create(struct capgen *g, struct error *err);
void capgen_net_destroy(struct capgen *g);
/* hub.cfg, esp_sa. @return 0 or -errno with err */
int capgen_net_write(const struct capgen *g, struct error *err);
/* Host order. */
uint32_t capgen_nbma(unsigned spoke);
uint32_t capgen_tunnel_address(unsigned spoke);
uint32_t capgen_lan(unsigned spoke);
#define CAPGEN_HUB_NBMA   UINT32_C(0xc0000201) /* 192.0.2.1 */
#define CAPGEN_GATEWAY    UINT32_C(0xc00002fe) /* 192.0.2.254 */
#define CAPGEN_HUB_TUNNEL UINT32_C(0xac1ffffe) /* 172.31.255.254 of 172.16.0.0/12 */
#define CAPGEN_BLACKHOLE  UINT32_C(0xc6120000) /* 198.18.0.0/15 */
extern const uint8_t capgen_hub_mac[6];
extern const uint8_t capgen_gateway_mac[6];
/* Next 64 bits, a number below n. */
uint64_t capgen_random(struct capgen *g);
uint32_t capgen_random_below(struct capgen *g, uint32_t n);
/* The tunnel's MTU: what the largest packet wants. */
unsigned capgen_mtu(const struct capgen *g);
/* For a file in the directory: path in buf of 4096 octets. Returns buf. */
const char *capgen_path(const struct capgen *g, const char *name, char *buf);

/* capgen_packet.c */
/* Begin a packet of this SA: sets payload. */
void capgen_packet_begin(struct capgen_packet *p, const struct capgen_sa *sa, unsigned spoke);
/* Write the GRE header of g's tunnel and an inner packet of `size` octets behind it. */
void capgen_packet_fill(const struct capgen *g, struct capgen_packet *p, unsigned to, unsigned size,
	uint64_t number);
/* Octets of a GRE header. */
unsigned capgen_gre_len(const struct capgen_gre *gre);
/* Write an inner UDP packet between the LANs of two spokes. */
void capgen_inner_write(uint8_t *ip, uint32_t src, uint32_t dst, unsigned size, uint64_t number);
/* Write the GRE header in front of inner_len octets that already stand behind it. */
void capgen_gre_write(uint8_t *at, const struct capgen_gre *gre, unsigned inner_len);
/* (Re)compute its checksum over the GRE packet of len octets. */
void capgen_gre_checksum(uint8_t *at, unsigned len);
/* Encrypt and put the outer headers before n packets (up to ESP_BURST_MAX). */
void capgen_packet_seal(struct capgen *g, struct capgen_packet *p[], unsigned n);
/* (Re)compute the IPv4 header checksum. */
void capgen_ip4_checksum(uint8_t *ip);
/* Big-endian stores. */
void capgen_put16(uint8_t *at, uint16_t v);
void capgen_put32(uint8_t *at, uint32_t v);
uint16_t capgen_get16(const uint8_t *at);

/* capgen_bad.c */
unsigned capgen_bad_count(void);
/* Name of the drop that a packet of this kind must end as, NULL if these options cannot show it. */
const char *capgen_bad_name(const struct capgen *g, unsigned kind);
/* Build one. @param seen  a good frame that the capture already holds */
void capgen_bad_build(
	struct capgen *g, unsigned kind, const struct capgen_packet *seen, struct capgen_packet *p);

#endif
