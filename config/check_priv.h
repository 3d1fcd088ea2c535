/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the checks of what is there only when everything is read.
 *
 *	check          all of them
 *	check_ports    ports
 *	check_tunnels  tunnels, networks of the overlay
 *	check_peers    peers, SPIs
 *	check_routes   routes
 *	twins          what must be there once
 */
#ifndef CONFIG_CHECK_PRIV_H
#define CONFIG_CHECK_PRIV_H

#include "config/config_priv.h"

/* A thing that must be there once: its number, the tie breaker and where it stands. */
struct config_entry {
	uint64_t key;
	unsigned order; /* in the text */
	const struct config_place *place;
	const void *what;
};

/* Entries of one kind, sorted once all are in. */
struct config_entries {
	struct config_entry *at;
	unsigned n;
};

struct config_check {
	const struct config *c;
	const struct config_env *env;
	struct error *err;
	struct config_entries ports; /* port addresses; what = struct config_port */
	struct config_entries peers; /* tunnel addresses of peers; what = struct config_peer */
};

/* twins.c */
int config_entries_alloc(struct config_entries *e, size_t n, struct error *err);
void config_entries_add(
	struct config_entries *e, uint64_t key, const struct config_place *place, const void *what);
/* Sort. Returns the first twin in sorted order (its elder stands before it), or NULL. */
const struct config_entry *config_entries_twin(struct config_entries *e);
/* Among sorted ones. */
const struct config_entry *config_entries_find(const struct config_entries *e, uint64_t key);
bool config_entries_any(const struct config_entries *e, uint64_t first, uint64_t last);
uint32_t config_host_order(const struct ip_addr *a);
/* Say where the elder twin stands, in the younger one's message. @return -EINVAL */
int config_twice(struct config_check *k, const struct config_entry *younger, const char *what,
	const char *value);

/* @return 0, or negative with k->err */
int config_check_ports(struct config_check *k);
int config_check_tunnels(struct config_check *k);
int config_check_peers(struct config_check *k);
int config_check_spis(struct config_check *k);
int config_check_routes(struct config_check *k);

#endif
