/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What outlives the hub's process: a memfd of a size that nobody can change, in which the data
 * plane's SAs stand as workers use them, and records of peers, SAs and leases beside them.
 *
 *	state_record  records as octets
 *	state         this hub's: made, and kept up to date
 *	state_restore a former hub's -> peers, SAs, leases of this one
 *	keeper        who has the descriptor while no hub runs (keeper.h)
 */
#ifndef CONTROL_STATE_PRIV_H
#define CONTROL_STATE_PRIV_H

#include <uthash.h>

#include "common/clock.h"
#include "control/hub_priv.h"
#include "control/state_record.h"

struct hub_esp_sa;

struct hub_state_key {
	uint32_t iface, address_be, len;
};

/* Which record a lease has. */
struct hub_state_lease {
	UT_hash_handle hh;
	struct hub_state_key key;
	uint32_t record;
};

struct hub_state {
	int fd;
	uint8_t *mem;
	size_t len; /* mapped */
	struct state_header header;
	struct state_layout at;
	bool forgotten;
	uint64_t order;
	struct hub_state_lease *leases; /* uthash */
	uint32_t *free_leases;
	uint32_t n_free_leases;
};

/* Of its times, milliseconds: no process starts it. */
#define STATE_CLOCK CLOCK_BOOTTIME

/* A record of this state. */
void *hub_state_peer_at(const struct hub_state *s, uint32_t peer);
void *hub_state_sa_at(const struct hub_state *s, bool in, uint32_t index);

/* What IKE knows of an SA, as its record has it; and back. ike_restore.c */
void hub_state_ike(struct hub *h, const struct hub_esp_sa *esp);
int hub_ike_restore(struct hub *h, const struct hub_peer *p, const struct state_sa *sa, bool in,
	uint32_t index);
void hub_ike_restore_instance(struct hub *h, uint64_t instance);

#endif
