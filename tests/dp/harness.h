/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole data plane between fake ports, and spokes around it, for tests.
 *
 * No test sleeps or waits: the test's thread is the workers. What a test may expect is in
 * expect.h.
 */
#ifndef TESTS_DP_HARNESS_H
#define TESTS_DP_HARNESS_H

#include <rte_mbuf.h>

#include "crypto/esp.h"
#include "dataplane/dp.h"
#include "dataplane/peer.h"
#include "dataplane/port.h"
#include "dataplane/punt.h"
#include "dataplane/route.h"
#include "dataplane/stats.h"
#include "dataplane/tunnel.h"
#include "tests/dp/packet.h"

#define NET_WORKERS_MAX 4
#define NET_QUEUE_MAX   1024

/** Inner and outer addresses of the default world. */
#define HUB_NBMA     "192.0.2.1"
#define HUB_NBMA_1   "192.0.2.2"
#define HUB_TUNNEL   "10.255.0.1"
#define HUB_TUNNEL_1 "10.254.0.1"
#define GATEWAY      "192.0.2.254"
#define TUNNEL_KEY   42u
#define TUNNEL_KEY_1 43u
#define TUNNEL_MTU   1400
#define TUNNEL_TTL   61

/** Frames on one side of a port, in order. */
struct fake_queue {
	unsigned head, n;
	struct rte_mbuf *m[NET_QUEUE_MAX];
};

struct fake_port {
	uint16_t index;
	struct mac_addr mac;
	struct fake_queue rx[NET_WORKERS_MAX];
	struct fake_queue tx; /**< of all workers, in order of sending */
	unsigned tx_room;     /**< frames the port still takes */
};

/** A spoke's end of its two security associations, and where it is. */
struct spoke {
	const char *name;
	uint32_t nbma_be, tunnel_be, lan_be; /**< lan_be: a host behind it */
	struct mac_addr mac;
	uint16_t tunnel; /**< the data plane's index */
	unsigned port;   /**< net.port[] it is behind */
	uint32_t peer;
	uint32_t spi_in, spi_out; /**< as the hub sees them */
	uint32_t hub_in, hub_out; /**< the hub's SAs */
	uint32_t seal, open;      /**< the spoke's own, in net.seal and net.open */
	uint32_t gre_key;
	uint16_t gre_flags; /**< as sent */
	uint16_t natt_port; /**< UDP port its NAT gave it; 0: plain ESP */
	unsigned queue;     /**< receive queue its frames arrive on */
};

struct net_params {
	unsigned n_workers;   /**< default 1 */
	unsigned burst;       /**< default 32 */
	unsigned n_mbufs;     /**< default 2047 */
	unsigned n_peers;     /**< room for peers; default 64 */
	const char *suite;    /**< default "aes128gcm16" */
	uint16_t window;      /**< anti-replay; default 64 */
	uint16_t mtu;         /**< of the ports; default 1500 */
	uint32_t fragment_us; /**< as in struct dp_params */
	bool esn;
	bool tunnel_mode; /**< of ESP, from host to host */
	enum dp_rpf rpf;
	bool stages;   /**< no packet takes the short way; so for all if DP_STAGES is in the
			  environment */
	bool no_peers; /**< spokes exist but the hub was not told of them */
	/** Workers run on these threads of the EAL; else in net_run(). The ports then are: */
	const unsigned *lcores;
	dp_burst_fn rx, tx;
};

/** The world. Spokes a, b, c are on tunnel 0, d on tunnel 1 (other key, with checksum). */
struct net {
	struct net_params params;
	struct dp *dp;
	struct fake_port port[2];
	uint16_t tunnel[2];
	union {
		struct spoke spoke[4];
		struct {
			struct spoke a, b, c, d;
		};
	};
	struct sa_table *seal, *open;
	struct esp_context *esp;
	unsigned queue_out; /**< transmit queue of the frame that net_transmitted() gave last */
};

extern struct net net;

/**
 * Bring the EAL up without hugepages, devices or files; several programs may run side by side. It
 * has n_threads, the caller among them, on whatever CPUs the program may use.
 */
int net_eal_start(const char *program, unsigned n_threads);

/** Build the world; NULL for the default one. Aborts if that fails. */
void net_open(const struct net_params *p);

/** Tear down without a question; tests call net_close() of expect.h. */
void net_free(void);

/** Buffers in use, control's copies among them; 0 when all packets have ended. */
unsigned net_buffers_in_use(void);

/** Put a frame into a port's receive queue. */
void net_receive(unsigned port, unsigned queue, const struct packet *frame);

/** The same, in a chain of buffers of at most `segment` octets. */
void net_receive_chain(unsigned port, unsigned queue, const struct packet *frame, unsigned segment);

/** Poll the workers in turn until nothing moves any more. */
void net_run(void);

/** Make a spoke known to the hub: peer, SAs, next hop, routes. net_open() does it for all. */
void spoke_add(struct spoke *s);

/** The reverse, in the order control must do it. */
void spoke_del(struct spoke *s);

/** Add or remove the spoke's routes alone. */
void spoke_route_add(struct spoke *s);
void spoke_route_del(struct spoke *s);

/** Give the hub (and the spoke) a fresh pair of SAs, older inbound ones stay. */
void spoke_rekey(struct spoke *s, uint32_t spi_in, uint32_t spi_out);

/** UDP from the host behind one spoke to the host behind another, total_len octets. */
struct packet spoke_packet(const struct spoke *from, const struct spoke *to, unsigned total_len);

/** An inner packet in GRE as this spoke sends it. */
struct packet spoke_gre(const struct spoke *s, const struct packet *inner);

/** A payload in ESP, with the next free sequence number. */
struct packet spoke_esp(struct spoke *s, uint8_t next_header, const struct packet *payload);

/**
 * A GCM plaintext taken as it is, padding, pad length and next header included, authentic.
 * The suite must be aes128gcm16.
 */
struct packet spoke_esp_raw(struct spoke *s, const struct packet *plaintext);

/** Outer IPv4 and Ethernet around an ESP packet. */
struct packet spoke_frame(const struct spoke *s, uint8_t protocol, const struct packet *payload);

/** All of it: inner packet to Ethernet frame. */
struct packet spoke_seal(struct spoke *s, const struct packet *inner);

/** spoke_seal() and net_receive(). */
void spoke_send(struct spoke *s, const struct packet *inner);

/** spoke_send() and net_run(). */
void spoke_send_run(struct spoke *s, const struct packet *inner);

/** spoke_frame() and net_receive() of an ESP payload made of this GRE packet. */
void spoke_send_gre(struct spoke *s, const struct packet *gre);

/** Sequence number the spoke uses next; may be set. */
uint64_t *spoke_seq(struct spoke *s);

/** The next frame a port sent; length 0 if there is none. */
struct packet net_transmitted(unsigned port);

#endif
