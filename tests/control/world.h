/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hub made of a configuration, between fake ports, and the spokes' end of its SAs. The test is
 * the workers, the clock and everybody on the links; nothing sleeps.
 *
 *	wan0 192.0.2.1/24    peers "near" (on the link) and "far" (behind the gateway), "mute"
 *	wan1 198.51.100.1/24 peer "side" (on the link)
 *	tun0 10.255.0.1/24   from wan0
 */
#ifndef TESTS_CONTROL_WORLD_H
#define TESTS_CONTROL_WORLD_H

#include <event2/buffer.h>
#include <jansson.h>

#include "control/cli.h"
#include "control/cli_priv.h"
#include "control/hub_priv.h"
#include "tests/dp/packet.h"
#include "tests/unit/unit.h"

#define WORLD_QUEUE 8192
#define SECONDS     1000u

/* Those after MUTE are in no configuration of the world's own: they come at run time. */
enum spoke_name { FAR, NEAR, SIDE, MUTE, NEW, NEWER, WORLD_SPOKES };

struct world_queue {
	unsigned head, n;
	struct rte_mbuf *m[WORLD_QUEUE];
};

struct world_port {
	struct world_queue rx, tx;
};

struct world {
	struct config *config;
	struct hub *hub;
	struct dp *dp;
	struct cli *cli;
	uint64_t now; /**< milliseconds, as hub_turn() gets them */
	struct world_port port[2];
	int tap[4]; /**< the kernel's ends of the TAPs, in order of ports and tunnels */
	unsigned n_taps;
	struct sa_table *seal, *open; /**< the spokes' SAs, at their enum spoke_name */
	struct esp_context *esp;
	uint32_t seal_sa[WORLD_SPOKES], open_sa[WORLD_SPOKES];
};

/** Of hook_helper_start(), for all hubs. */
extern int world_hook_helper;

extern struct world world;
extern const struct mac_addr mac_hub[2], mac_gateway, mac_near, mac_side, mac_other;
extern const struct mac_addr mac_everybody, mac_zero;

/** Suites that main.c runs. */
struct control_suite {
	const char *name;
	const struct unit_test *tests;
	unsigned n;
};

/** The hub of the default configuration (NULL) or another text. Aborts if that fails. */
void world_open(const char *text);

/** Hubs keep their state from now on, and go on with this one (0: none); -1: they do not. */
void world_keep(int former);

/** The same of a file, which the hub can read again. */
void world_open_file(const char *path);

/** Answer the hub's first requests for gateway, near and side. */
void world_resolve(void);

/** Tear down; fails the test if a buffer is missing or a frame was not looked at. */
void world_close(void);

/** Workers and hub take turns until nothing moves. The clock stands. */
void world_run(void);

/** The clock goes on in steps of a tenth of a second, the hub with it. */
void world_wait(unsigned ms);

void world_receive(unsigned port, const struct packet *frame);

/** The next frame the hub sent on a port; length 0 if there is none. */
struct packet world_sent(unsigned port);

/** Throw away what was sent. @return frames */
unsigned world_discard(unsigned port);

/** An ARP packet in its Ethernet frame. */
struct packet world_arp(uint16_t op, const struct mac_addr *sender_mac, const char *sender,
	const struct mac_addr *to, const char *target);

/** The frame that the hub's question for target is. */
struct packet world_arp_question(unsigned port, const char *target);

/** An inner packet as a spoke sends it: GRE, ESP, IPv4, Ethernet. */
struct packet world_seal(enum spoke_name spoke, const struct packet *inner);

/** The same with another payload of GRE: its protocol type. */
struct packet world_seal_gre(enum spoke_name spoke, uint16_t protocol, const struct packet *inner);

/** The inner packet of a frame for a spoke; length 0 if it is not authentic, or none. */
struct packet world_unseal(enum spoke_name spoke, const struct packet *frame);
struct packet world_unseal_gre(
	enum spoke_name spoke, const struct packet *frame, uint16_t *protocol);

/** The outer address of a spoke, network order. */
uint32_t world_nbma(enum spoke_name spoke);

/** Give a peer the hub's end of a spoke's SA of one direction. @return its index */
uint32_t world_add_sa(struct hub_peer *p, enum spoke_name spoke, bool in);

/** An ICMP message with a right checksum in an IPv4 packet. */
struct packet world_icmp(
	const char *src, const char *dst, uint8_t type, uint8_t code, const struct packet *rest);

uint64_t world_drops(enum dp_drop reason);

/** Run a command. @return its text, valid until the next call */
const char *world_ask(const char *command);

/** Run a command with "json". @return its data, or the whole answer if it is an error; borrowed */
const json_t *world_ask_json(const char *command);

/** What hub_create() says to a configuration it cannot take; "" if it can. */
const char *world_refusal(const char *text);

/* SAs of the peer that is the n-th spoke (FAR 0, NEAR 1, SIDE 2), for a configuration's text. */
#define WORLD_KEY_IN       "0x1111222211112222111122221111222211112222"
#define WORLD_KEY_OUT      "0x3333444433334444333344443333444433334444"
#define WORLD_SA(spi, key) "{ spi = " spi "; suite = \"aes128gcm16\"; key = \"" key "\"; }"
#define WORLD_SAS(n)                                                                               \
	" sa_in = ( " WORLD_SA("0x1000000" #n, WORLD_KEY_IN) " ); sa_out = ( " WORLD_SA(           \
		"0x2000000" #n, WORLD_KEY_OUT) " ); "

#define EXPECT_FRAME(port, frame)                                                                  \
	do {                                                                                       \
		struct packet got_ = world_sent(port), want_ = (frame);                            \
		CU_ASSERT(packet_equal(&got_, &want_));                                            \
	} while (0)

#define EXPECT_NO_FRAME(port) CU_ASSERT_EQUAL(world_sent(port).len, 0)

#define EXPECT_TEXT(command, part) CU_ASSERT_PTR_NOT_NULL(strstr(world_ask(command), part))

/* What stands in a file, "" if it is not there: until the next call. */
const char *world_file(const char *path);

#endif
