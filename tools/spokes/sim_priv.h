/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside dmvpn-spokes: many spokes in one process, behind one port, against one hub.
 *
 *	net      the hub's configuration, read from the other end: spokes, addresses, keys
 *	cable    the port: frames, ARP, outer headers
 *	wire     what is lost, damaged and sent again on the way
 *	tunnel   GRE and ESP, and who gets what came out of them
 *	spoke    a spoke's life and its NHRP
 *	rip      what it announces and what it learns
 *	flow     traffic that is checked packet by packet
 *	abuse    what a bad spoke sends
 *	step     a line of a scenario -> what to do or to expect
 *	act      doing it
 *	expect   seeing it
 *	report   progress, table, JSON
 *
 * One thread. Spokes are numbered from 1. Addresses (_be) are in network byte order.
 */
#ifndef TOOLS_SPOKES_SIM_PRIV_H
#define TOOLS_SPOKES_SIM_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "common/error.h"
#include "common/timer.h"
#include "config/config.h"
#include "crypto/esp.h"
#include "crypto/sa.h"
#include "nhrp/nhrp.h"

#define SIM_SPOKES_MAX  100000
#define SIM_LANS_MAX    65000 /* of all spokes together: the /24s of a /8 */
#define SIM_EXTRAS_MAX  8     /* networks that a spoke announces besides */
#define SIM_BURST       32
#define SIM_SIZE_MIN    68   /* octets of a checked packet: headers and what is checked */
#define SIM_SIZE_MAX    1400 /* and the largest one */
#define SIM_RIP_TIMEOUT 180  /* seconds */
#define SIM_LAN_HOST    10   /* each LAN's one host is x.y.z.10 */

/* What must never happen. Each is a counter, and any of them fails the run. */
enum sim_fault {
#define SIM_FAULT(name, text) SIM_FAULT_##name,
#include "tools/spokes/faults.def"
#undef SIM_FAULT
	SIM_FAULTS
};

/* A network that a spoke learned, by the number of the LAN that it is. */
struct sim_route {
	uint32_t via_be; /* 0: never heard of */
	uint32_t metric : 8;
	uint32_t heard_s : 24; /* in seconds of the simulation */
};

/* A network that a spoke announces and has not. */
struct sim_extra {
	uint32_t net_be;
	uint8_t len, metric;
};

enum sim_spoke_state { SIM_DOWN, SIM_REGISTERING, SIM_REGISTERED, SIM_REFUSED, SIM_STATES };

struct sim_spoke {
	struct sim *sim;
	unsigned number;
	uint32_t address_be; /* in the tunnel */
	uint32_t nbma_be;    /* outside, now */
	uint16_t nat_port;   /* ESP in UDP from this port; 0: plain ESP */
	uint32_t sa_out;     /* index of the SA to the hub */
	enum sim_spoke_state state;
	uint8_t code; /* of the registration's reply */
	struct nhrp *nhrp;
	struct timer nhrp_timer, rip_timer;
	struct sim_route *routes; /* of all LANs; NULL: none learned yet */
	struct sim_extra extras[SIM_EXTRAS_MAX];
	unsigned n_extras;
	uint32_t n_registered; /* times it became registered */
	uint32_t n_purged;     /* shortcuts that the hub took back */
	uint32_t random;
};

/* What one spoke's LAN sends to another's. */
struct sim_flow {
	unsigned from, to;
	unsigned rate; /* packets a second */
	uint16_t size;
	bool on;
	uint64_t since_ns; /* when it was started, */
	uint64_t base;     /* and how many were sent then */
	uint64_t sent, received, highest;
	uint64_t window; /* bit i: number highest - i came */
	uint64_t delay_ns, delay_max_ns;
	uint64_t heard_ns,
		gap_ns; /* the last packet; the longest time without one, since "watch" */
};

/* What a bad wire does to packets, of a thousand each. */
enum sim_wire {
	SIM_WIRE_DROP,
	SIM_WIRE_CORRUPT,
	SIM_WIRE_DUPLICATE,
	SIM_WIRE_REORDER,
	SIM_WIRE_REPLAY,
	SIM_WIRES
};

#define SIM_WIRE_KEPT 64

struct sim_bad_wire {
	bool on;
	unsigned permille[SIM_WIRES];
	uint32_t random;
	struct rte_mbuf *late; /* goes after `behind` more */
	unsigned behind;
	struct rte_mbuf *kept[SIM_WIRE_KEPT]; /* to be sent again */
};

struct sim_counts {
	uint64_t rx, tx, tx_lost; /* frames; lost: the port did not take them */
	uint64_t no_buffer;
	uint64_t dark; /* for a spoke that is down */
	uint64_t nhrp_rx, nhrp_tx, rip_rx, rip_tx, rip_entries, data_rx, data_tx, icmp_rx, arp;
	uint64_t other;           /* frames that are nobody's business: IPv6, ICMP of routers */
	uint64_t wire[SIM_WIRES]; /* what the bad wire did */
	uint64_t fault[SIM_FAULTS];
};

/* How the network is made, besides the hub's configuration. */
struct sim_settings {
	unsigned n_spokes; /* 0: all peers of the configuration */
	unsigned lans;     /* of each spoke */
	unsigned holding;  /* seconds */
	unsigned rip;      /* seconds between updates; 0: no RIP */
	unsigned window;   /* anti-replay of what the hub sends */
	unsigned network;  /* first octet of all LANs */
};

/* A packet on its way to the hub, from the inside out. */
struct sim_out {
	struct rte_mbuf *m;
	struct sim_spoke *spoke;
	uint8_t *payload; /* GRE */
	uint16_t len;
};

struct sim {
	struct sim_settings set;
	struct config *config;
	const struct config_tunnel *tunnel;
	uint32_t hub_be, gateway_be; /* outside */
	uint32_t tunnel_be;          /* the hub in the tunnel */
	struct sim_spoke *spokes;    /* [0] is number 1 */
	unsigned n_spokes, n_lans;   /* LANs of all */

	uint16_t port;
	struct rte_mempool *pool;
	struct rte_ether_addr mac, hub_mac;
	struct rte_ether_addr gateway_mac; /* as the hub's configuration has it, or 0 */
	bool hub_known;                    /* its Ethernet address */
	uint64_t asked_ms;
	struct sim_bad_wire wire;

	struct sa_table *in, *out;
	struct esp_context *esp;
	struct sim_out queue[SIM_BURST];
	unsigned n_queue;

	struct timers timers;
	uint64_t now_ns, start_ns;
	uint64_t now_ms; /* since start */

	struct sim_flow *flows;
	unsigned n_flows, n_flows_room;
	struct sim_counts counts;
	unsigned n_state[SIM_STATES];
};

/* --- net ---------------------------------------------------------------------------------------
 */

/* Read the hub's configuration. @return 0 or -errno with err */
int sim_net_load(struct sim *s, const char *path, struct error *err);
/* Make the spokes and install their keys; the EAL runs. */
int sim_net_create(struct sim *s, struct error *err);
void sim_net_destroy(struct sim *s);
/* The spoke of a number, which is in range. */
struct sim_spoke *sim_spoke(struct sim *s, unsigned number);
/* A LAN's number, or -1: none of ours. @param len  32: an address inside it */
int sim_lan_find(const struct sim *s, uint32_t net_be, uint8_t len);
/* The j-th LAN of a spoke: its network, its host. */
unsigned sim_lan_of(const struct sim *s, unsigned spoke, unsigned j);
uint32_t sim_lan_net_be(const struct sim *s, unsigned lan);
uint32_t sim_lan_host_be(const struct sim *s, unsigned lan);
/* The spoke that a LAN belongs to. */
unsigned sim_lan_spoke(const struct sim *s, unsigned lan);

/* --- cable -------------------------------------------------------------------------------------
 */

int sim_cable_open(struct sim *s, const char *device, struct error *err);
void sim_cable_close(struct sim *s);
/* Take a burst. @return frames */
unsigned sim_cable_rx(struct sim *s);
/* Ask for the hub's Ethernet address, if it is not known. */
void sim_cable_turn(struct sim *s);
/* Outer headers before len octets of ESP at m's start, and away with it. */
void sim_cable_put(struct sim *s, struct sim_spoke *from, struct rte_mbuf *m);
void sim_cable_send(struct sim *s, struct rte_mbuf **m, unsigned n);
/* Octets that a spoke's outer headers take. */
unsigned sim_cable_headers(const struct sim_spoke *k);

/* --- wire --------------------------------------------------------------------------------------
 */

/* Packets for the hub, over the wire as it is. */
void sim_wire_send(struct sim *s, struct rte_mbuf **m, unsigned n);
/* Packets of the hub. @return those that are left */
unsigned sim_wire_receive(struct sim *s, struct rte_mbuf **m, unsigned n);
/* All 0: a good one, from now on. */
void sim_wire_set(struct sim *s, const unsigned permille[SIM_WIRES], unsigned seed);
const char *sim_wire_name(enum sim_wire kind);

/* --- tunnel ------------------------------------------------------------------------------------
 */

/* Room for `len` octets of GRE payload of this protocol, which go at the end of the turn; NULL:
 * there is no buffer, counted. */
uint8_t *sim_tunnel_put(struct sim_spoke *k, uint16_t protocol, unsigned len);
/* Encrypt and send what waits. */
void sim_tunnel_flush(struct sim *s);
/* What came in ESP: m's data is the ESP packet. Takes the buffers. */
void sim_tunnel_open(
	struct sim *s, struct rte_mbuf **m, struct sim_spoke **to, struct sa **sa, unsigned n);
/* An IPv4 header over len octets of payload, at `ip`. */
void sim_ip_write(uint8_t *ip, uint32_t src_be, uint32_t dst_be, uint8_t protocol, uint8_t ttl,
	unsigned payload);

/* Whether the checksum of a whole UDP packet is right, or none (RFC 768). */
bool sim_udp_good(const uint8_t *ip);

/* --- spoke -------------------------------------------------------------------------------------
 */

int sim_spoke_up(struct sim_spoke *k);
/* Dead: says nothing, hears nothing. */
void sim_spoke_die(struct sim_spoke *k);
/* Goes in order: takes its registration back. */
void sim_spoke_leave(struct sim_spoke *k);
/* Its NAT gave it another address and port. @return -EINVAL if it is behind none */
int sim_spoke_move(struct sim_spoke *k);
void sim_spoke_resolve(struct sim_spoke *k, uint32_t dst_be);
/* Whether it knows where the address is, outside. @param[out] nbma_be */
bool sim_spoke_shortcut(const struct sim_spoke *k, uint32_t dst_be, uint32_t *nbma_be);
void sim_spoke_nhrp(struct sim_spoke *k, const uint8_t *bytes, unsigned len);
void sim_timers_turn(struct sim *s);
const char *sim_state_name(enum sim_spoke_state state);

/* --- rip ---------------------------------------------------------------------------------------
 */

void sim_rip_start(struct sim_spoke *k);
void sim_rip_stop(struct sim_spoke *k);
void sim_rip_fire(struct sim_spoke *k);
/* A UDP payload from this address. */
void sim_rip_receive(struct sim_spoke *k, uint32_t src_be, const uint8_t *data, unsigned len);
/* Tell the table now, as after a change. */
void sim_rip_tell(struct sim_spoke *k);
/* Whether it has the way to a LAN, by this next hop (0: any). */
bool sim_rip_knows(const struct sim_spoke *k, unsigned lan, uint32_t via_be);

/* --- flow --------------------------------------------------------------------------------------
 */

/* In front of a checked packet's padding; host order, for it comes back to this process. */
struct sim_stamp {
	uint32_t magic, flow;
	uint64_t number;
	uint32_t from, to;
	uint64_t sent_ns;
} __attribute__((packed));

/* @return 0 or -ENOMEM */
int sim_flow_start(struct sim *s, unsigned from, unsigned to, unsigned rate, unsigned size);
void sim_flow_stop(struct sim *s, unsigned from);
void sim_flow_turn(struct sim *s);
/* An IPv4 packet that came for a LAN of this spoke. */
void sim_flow_receive(struct sim_spoke *k, const uint8_t *ip, unsigned len);
/* Measure from now on how long flows get nothing. */
void sim_flow_watch(struct sim *s);
/* The longest time so far, of this flow. */
uint64_t sim_flow_gap_ns(const struct sim *s, const struct sim_flow *f);
/* Numbers that did not come while later ones did. */
uint64_t sim_flow_holes(const struct sim_flow *f);

/* --- abuse -------------------------------------------------------------------------------------
 */

enum sim_abuse {
	SIM_ABUSE_CLAIM,
	SIM_ABUSE_IMPERSONATE,
	SIM_ABUSE_FLOOD,
	SIM_ABUSE_CIES,
	SIM_ABUSE_EXTENSIONS,
	SIM_ABUSE_LOOP,
	SIM_ABUSE_GARBAGE,
	SIM_ABUSES
};

const char *sim_abuse_name(enum sim_abuse kind);
/* Send `count` bad NHRP packets. @param address_be  of the spoke it is about */
void sim_abuse(struct sim_spoke *k, enum sim_abuse kind, uint32_t address_be, unsigned count);

/* --- scenarios ---------------------------------------------------------------------------------
 */

struct sim_range {
	unsigned first, last;
};

enum sim_verb {
#define SIM_VERB(name, is_expect, keys) SIM_VERB_##name,
#include "tools/spokes/verbs.def"
#undef SIM_VERB
	SIM_VERBS
};

struct sim_step {
	enum sim_verb verb;
	struct sim_range spokes, to;
	double within; /* seconds: until it must hold */
	double seconds;
	unsigned rate, size, count, code, metric;
	uint32_t net_be;
	uint8_t len;
	enum sim_abuse kind;
	unsigned wire[SIM_WIRES], seed;
	char text[256]; /* as it is shown */

	/* while and after it runs: */
	uint64_t start_ms, end_ms;
	unsigned done;      /* spokes that were dealt with, or held it at the last look */
	uint64_t *snapshot; /* of flows: sent when it began */
	unsigned n_snapshot;
	bool ok;
	char detail[256];
};

/* A whole file: settings, steps. @return 0 or -errno with err; *steps is the caller's */
int sim_scenario_load(
	const char *path, struct sim_settings *set, json_t **steps, struct error *err);
int sim_step_parse(
	const struct sim *s, const json_t *json, struct sim_step *step, struct error *err);
const char *sim_verb_name(enum sim_verb verb);
bool sim_verb_is_expect(enum sim_verb verb);
/* What has to be done now. @return true: it is done, step->ok says how */
bool sim_act(struct sim *s, struct sim_step *step);
/* Look whether it holds. @return true: it does */
bool sim_expect(struct sim *s, struct sim_step *step);
/* Work on the step. @return true when it is over */
bool sim_step_run(struct sim *s, struct sim_step *step);

/* --- report ------------------------------------------------------------------------------------
 */

void sim_report_progress(const struct sim *s, const struct sim_step *step, unsigned i, unsigned n);
void sim_report_step(const struct sim *s, const struct sim_step *step, unsigned i, bool json);
void sim_report_table(const struct sim *s);
json_t *sim_report_json(const struct sim *s);
/* Count it, and say of the first ones what they look like, by the layer that is wrong. */
void sim_fault(struct sim *s, enum sim_fault fault, const uint8_t *bytes, unsigned len);
uint64_t sim_faults(const struct sim *s);
const char *sim_fault_name(enum sim_fault fault);

#endif
