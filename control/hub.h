/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub: a configuration turned into data-plane objects, and control's share of the traffic
 * (ARP, ICMP) on top. The daemon, the replay tool and the tests all make their hub here.
 *
 * One thread, the one that made the hub.
 */
#ifndef CONTROL_HUB_H
#define CONTROL_HUB_H

#include <sched.h>

#include "config/config.h"
#include "dataplane/dp.h"
#include "dataplane/port.h"

struct hub;

/** How a port of the configuration is to be polled, if not as the ethdev its `device` names. */
struct hub_port_source {
	dp_burst_fn rx;
	dp_burst_fn tx;
	void *ctx;
};

/**
 * Make an interface of the kernel with these addresses. @return a descriptor that does not block,
 * each read and write of it an IP packet; or -errno
 */
typedef int (*hub_tap_open_fn)(
	const char *name, uint16_t mtu, const struct ip_prefix *addrs, unsigned n_addrs);

struct hub_params {
	/** EAL lcore of each of config->workers; NULL: the caller polls with dp_worker_poll() */
	const unsigned *lcores;
	/** one for each of config->ports that is no VLAN, in order; NULL: all are ethdevs */
	const struct hub_port_source *sources;
	/** instead of the kernel's, for tests; NULL: the kernel's */
	hub_tap_open_fn tap_open;
	/** make IVs repeatable, for golden files; never in service */
	bool fixed_seed;
	/** agree on keys as the configuration says: start the IKE daemon, or wait for it */
	bool ike;
	/** CPUs of the process before the EAL took one for each thread; NULL: those it has now */
	const cpu_set_t *cpus;
	/** keep peers, SAs and leases in memory that can outlive this process: hub_state_fd() */
	bool keep_state;
	/** descriptor of what a former hub kept, taken over and left open; 0: none */
	int former_state;
	/** the configuration is the hub's, once it is made: to replace, and to free */
	struct config *own_config;
	int hook_helper;         /**< socket of hook_helper_start(); 0: no scripts are run */
	struct stopwatch *watch; /**< laps of making the hub; NULL: nobody wants to know */
};

/** Largest packet, octets of IP, that the configuration's ports and tunnels carry. */
uint16_t hub_mtu(const struct config *c);

/** Memory of the packet buffers, which follows from the above. */
unsigned hub_buffer_megabytes(const struct config *c);

/**
 * Build everything the configuration says. The EAL is up. The configuration must live as long as
 * the hub, or until a reload if it is the hub's own. @return NULL, err says what was missing and
 * what to do
 */
struct hub *hub_create(const struct config *c, const struct hub_params *p, struct error *err);

/** Stop and free all. NULL is allowed. */
void hub_destroy(struct hub *h);

/** Descriptor of what is kept for a later hub; -1: nothing is. */
int hub_state_fd(const struct hub *h);

struct dp *hub_dp(const struct hub *h);

/**
 * Handle what the data plane has for control, and timers that are due. The daemon calls it every
 * millisecond, tests and tools when they like.
 * @param now_ms  monotonic time, milliseconds; tests bring their own
 * @return packets handled
 */
unsigned hub_turn(struct hub *h, uint64_t now_ms);

/**
 * Control cannot follow any more, or again: while it is on, spokes that register for the first time
 * are asked to come later (NHRP's code 5), so that those who are known are served.
 */
void hub_overload(struct hub *h, bool on);

/**
 * Begin to end: earlier requesters are told that they know nothing any more (`purge`, which also
 * deregisters the hub from its own servers), and neighbors that all routes are lost (`poison`).
 * The keys' end comes last. Turns go on until hub_shutdown_over(), for three seconds at most. A
 * second call changes nothing.
 */
void hub_shutdown(struct hub *h, bool purge, bool poison);

/** Whether all has been said, or the time for it is over. */
bool hub_shutdown_over(const struct hub *h);

/** Readable when hub_turn() is wanted before its time; -1: never. */
int hub_fd(const struct hub *h);

/** Learn that an on-link address is at this Ethernet address, as from an ARP packet. */
void hub_neighbor_learn(
	struct hub *h, uint16_t port, const struct ip_addr *address, const struct mac_addr *mac);

#endif
