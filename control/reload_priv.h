/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another configuration while the hub runs.
 *
 *	reload        a file is read, checked and compared by a thread of its own; the outcome
 *	reload_apply  the difference -> objects, in the control thread
 *	reload_peer   the same for peers and their SAs
 */
#ifndef CONTROL_RELOAD_PRIV_H
#define CONTROL_RELOAD_PRIV_H

#include <semaphore.h>

#include "config/diff.h"
#include "control/hub_priv.h"

#define RELOAD_LINE_MAX 1024

/* A file on its way. */
struct hub_reload {
	struct hub *hub;
	unsigned id;
	bool apply; /* else only the difference is wanted */
	pthread_t thread;
	sem_t applied;
	bool read; /* atomic: the thread has done its part */
	char *path;
	/* the thread's, until `read` */
	struct config *is;
	struct config_diff diff;
	char *text; /* the difference in words */
	struct error err;
	int rc;
	uint64_t read_us;
	/* the thread frees it in the end */
	struct config *garbage;
};

/* reload_apply.c: make the running objects those of d->is. @return 0, or -errno and nothing has
 * changed */
int hub_reload_apply(struct hub *h, const struct config_diff *d, struct error *err);

/* A change that is being made. */
struct hub_change {
	struct hub *hub;
	const struct config_diff *diff;
	struct dp_filter **filters; /* of diff->is */
	bool back;                  /* after a failure: as much as can be done */
	uint32_t **places; /* hub.peers of the peers of each of diff->is's tunnels, or HUB_NONE */
};

/* reload_peer.c */
/* Peers, SAs and addresses that are no more. */
void reload_peers_remove(struct hub_change *c);
/* Peers belong to the new configuration. Before the tunnels do. */
void reload_peers_repoint(struct hub_change *c);
/* Addresses and SAs that are new, and peers. @return 0 or -errno */
int reload_peers_add(struct hub_change *c, struct error *err);
/* All peers of a tunnel that goes. */
void reload_tunnel_clear(struct hub *h, uint16_t tunnel);

#endif
