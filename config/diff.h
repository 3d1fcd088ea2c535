/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration changes of the one that runs, object by object: a port, a filter, a
 * tunnel, a peer, a route, or one of the groups `rip`, `ike` and `hooks`. Objects have the same
 * name in both, or they are not the same object. Pure; any thread.
 */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include "config/config.h"
#include "config/rip.h"

/** No place in an array. */
#define CONFIG_NONE UINT32_MAX

enum config_kind {
	CONFIG_KIND_SETTINGS, /**< all that stands outside of groups */
	CONFIG_KIND_PORT,
	CONFIG_KIND_FILTER,
	CONFIG_KIND_TUNNEL, /**< without its peers */
	CONFIG_KIND_PEER,
	CONFIG_KIND_ROUTE,
	CONFIG_KIND_HOOKS,
	CONFIG_KIND_RIP,
	CONFIG_KIND_IKE,
	CONFIG_KINDS
};

/** One change; was and is are places in the arrays of both, CONFIG_NONE: not there. */
struct config_change {
	enum config_kind kind;
	uint32_t was, is;
	uint32_t tunnel_was, tunnel_is; /**< PEER: of its tunnel */
};

struct config_diff {
	const struct config *was, *is;
	struct config_change *changes; /**< in the order of enum config_kind */
	unsigned n_changes, room;
	/** place in is->tunnels of each of was->tunnels, CONFIG_NONE: it goes */
	uint32_t *tunnels;
	/** so for the peers of each of was->tunnels */
	uint32_t **peers;
	char *restart; /**< names of changes that need a restart, ", " between them; NULL: none */
};

/**
 * Compare. A tunnel whose address, outer address, key or checksum differs is another one: it goes,
 * and comes. Both configurations must live as long as the difference.
 * @return 0 or -ENOMEM; config_diff_free() in both cases
 */
int config_diff(struct config_diff *d, const struct config *was, const struct config *is,
	struct error *err);

void config_diff_free(struct config_diff *d);

/**
 * For people: a line for each change, and below it the lines that differ. Never a key.
 * @return malloc'd text, "" for no change, NULL on ENOMEM
 */
char *config_diff_text(const struct config_diff *d);

/** The same SA, key and all. */
bool config_sa_equal(const struct config_sa *a, const struct config_sa *b);

/** The change of a kind that there is one object of (RIP, IKE, HOOKS), or NULL. */
const struct config_change *config_diff_of(const struct config_diff *d, enum config_kind kind);

#endif
