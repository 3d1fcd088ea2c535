/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hooks: what happens is told to scripts and on the event stream.
 *
 * Scripts have OpenNHRP's events, names of variables, and argument (the event). They run one after
 * the other for one protocol address and side by side for different ones, at most HOOK_RUNNING_MAX
 * at once; at most HUB_HOOKS_QUEUED wait, those that are asked for permission in front of the
 * others. One that takes longer than its timeout is ended. What a script starts in the background
 * ends with it.
 */
#ifndef CONTROL_HOOK_PRIV_H
#define CONTROL_HOOK_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/config.h"

struct hub;

#define HUB_HOOKS_QUEUED 256

/* What is said of an event; members that are 0 or NULL are left out. */
struct hub_hook_vars {
	const char *type;      /* NHRP_TYPE: "dynamic", "static", ... */
	uint32_t src_be;       /* NHRP_SRCADDR: the hub's tunnel address */
	uint32_t src_nbma_be;  /* NHRP_SRCNBMA */
	uint32_t dest_be;      /* NHRP_DESTADDR */
	uint8_t dest_len;      /* NHRP_DESTPREFIX */
	uint32_t dest_nbma_be; /* NHRP_DESTNBMA */
	uint16_t dest_mtu;     /* NHRP_DESTMTU */
	uint32_t
		dest_nat_oa_be; /* NHRP_DESTNBMA_NAT_OA: what the peer says it has behind its NAT */
	uint32_t next_hop_be;   /* NHRP_NEXTHOP */
	const char *interface;  /* NHRP_INTERFACE: the tunnel's name */
	bool gre_key_set;       /* NHRP_GRE_KEY */
	uint32_t gre_key;       /* so */
	const char *reason;     /* NHRP_PEER_DOWN_REASON; of other events NHRP_REASON */
};

/* All scripts of the event have ended; ok: each of them with exit code 0. */
typedef void (*hub_hook_done)(struct hub *h, uint64_t token, bool ok);

/*
 * Something happened, or is about to: tell the event stream, run the scripts that want to know.
 * done (may be NULL) is called later, and exactly once, if the result is positive.
 * @return how many scripts will run; 0: none is configured; -EBUSY: too many wait already;
 * -EPIPE: there is nobody to run them. With an error none runs: who asked for permission has none.
 */
int hub_hook_run(struct hub *h, enum config_hook_event event, const struct hub_hook_vars *vars,
	hub_hook_done done, uint64_t token);

/* --- the rest is for hub.c and the command line --- */

struct hub_hook_batch;
struct hub_hook_job;
TAILQ_HEAD(hub_hook_jobs, hub_hook_job);

/* Counters of a configured script. */
struct hub_hook_stats {
	uint64_t runs, succeeded, failed, timeouts;
	uint64_t refused; /* not run for want of room */
};

struct hub_hooks {
	int helper; /* socket, or -1 */
	struct hub_hook_jobs questions, reports, running;
	unsigned n_queued, n_running;
	struct hub_hook_stats stats[CONFIG_HOOKS_MAX];
	struct hub_hook_stats removed; /* of scripts that the configuration names no more */
	unsigned budget;               /* lines of scripts that may be logged in this second */
	uint64_t refilled;             /* hub's clock */
	uint64_t lines, unlogged;
};

void hub_hooks_create(struct hub *h, int helper);
void hub_hooks_destroy(struct hub *h);
/* hub.config has other scripts than before. What waits or runs does so as it was. */
void hub_hooks_change(struct hub *h, const struct config *was);
/* Take what the helper says; start what waits. */
void hub_hooks_turn(struct hub *h);

#endif
