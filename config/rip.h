/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration of RIP: rip = { ... }, in ripd's words. Part of config/config.h. */
#ifndef CONFIG_RIP_H
#define CONFIG_RIP_H

#include "config/config.h"

/** "permit|deny PREFIX [ge N] [le N]" */
struct config_rip_rule {
	struct config_place place;
	bool permit;
	struct ip_prefix prefix;
	uint8_t ge, le; /**< lengths that match */
};

struct config_prefix_list {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	struct config_rip_rule *rules;
	unsigned n_rules;
};

/** What keys are used for. */
enum config_rip_mode {
	CONFIG_RIP_TEXT,
	CONFIG_RIP_MD5,
	CONFIG_RIP_SHA1,
	CONFIG_RIP_SHA256,
	CONFIG_RIP_SHA384,
	CONFIG_RIP_SHA512,
	CONFIG_RIP_MODES
};

/** Seconds since 1970; from 0 to UINT64_MAX: always. */
struct config_lifetime {
	uint64_t from, to;
};

struct config_rip_key {
	struct config_place place;
	uint8_t id;
	bool algorithm_set; /**< else the interface's mode */
	enum config_rip_mode algorithm;
	uint8_t key[CONFIG_KEY_MAX];
	unsigned key_len;
	struct config_lifetime send, accept;
};

struct config_key_chain {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	struct config_rip_key *keys;
	unsigned n_keys;
};

/** `offset-list LIST in|out METRIC` */
struct config_rip_offset {
	uint8_t metric;                 /**< 0: none */
	char list[CONFIG_NAME_MAX + 1]; /**< empty: all networks */
};

/** What is done with routes, on one interface or on all; empty: nothing. */
struct config_rip_policy {
	char list_in[CONFIG_NAME_MAX + 1];
	char list_out[CONFIG_NAME_MAX + 1];
	struct config_rip_offset offset_in, offset_out;
};

enum config_split_horizon {
	CONFIG_SPLIT_SIMPLE,
	CONFIG_SPLIT_POISONED,
	CONFIG_SPLIT_OFF,
	CONFIG_SPLITS
};

/** authentication = { mode; key or key_chain; auth_length; replay_check } */
struct config_rip_auth {
	bool set;
	enum config_rip_mode mode;
	char key_chain[CONFIG_NAME_MAX + 1]; /**< empty: `key` is the only one, with id 1 */
	uint8_t key[CONFIG_KEY_MAX];
	unsigned key_len;
	bool old_ripd_length;
	bool replay_check;
};

/** A tunnel or LAN port that RIP runs on. */
struct config_rip_interface {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	bool split_horizon_set; /**< else off on tunnels, simple on LAN ports */
	enum config_split_horizon split_horizon;
	bool passive;
	bool next_hop_self;
	bool suppress_own;
	bool receive_v1;
	bool accept_default_set, accept_default; /**< default: on LAN ports only */
	bool accept_own_set, accept_own;         /**< the same */
	uint32_t max_prefixes;
	struct config_rip_auth auth;
	struct config_rip_policy policy;
};

/** An interface by its name, or all whose address is inside. */
struct config_rip_network {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1]; /**< empty: prefix */
	struct ip_prefix prefix;
};

struct config_rip_neighbor {
	struct config_place place;
	struct ip_addr address;
};

enum config_rip_source {
	CONFIG_RIP_CONNECTED,
	CONFIG_RIP_STATIC,
	CONFIG_RIP_NHRP,
	CONFIG_RIP_SOURCES
};

struct config_rip_redistribute {
	struct config_place place;
	enum config_rip_source source;
	uint8_t metric;                 /**< default 1 */
	char list[CONFIG_NAME_MAX + 1]; /**< of networks, empty: all */
};

struct config_rip {
	struct config_place place;
	struct config_rip_network *networks;
	unsigned n_networks;
	struct config_rip_neighbor *neighbors;
	unsigned n_neighbors;
	uint32_t update, timeout, garbage; /**< s; `timers basic`: 30, 180, 120 */
	uint32_t holddown;                 /**< s; default 210 */
	uint8_t distance;                  /**< default 120 */
	uint8_t ecmp;                      /**< ways to a network; default 1 */
	uint32_t max_routes;               /**< default 20000 */
	uint8_t default_information;       /**< metric of 0.0.0.0/0; 0: not told, the default */
	struct config_rip_redistribute *redistribute;
	unsigned n_redistribute;
	struct config_prefix_list *prefix_lists;
	unsigned n_prefix_lists;
	struct config_key_chain *key_chains;
	unsigned n_key_chains;
	struct config_rip_interface *interfaces; /**< whose settings are not all defaults */
	unsigned n_interfaces;
	struct config_rip_policy policy; /**< of all interfaces */
};

/** Does `network` name this interface, or have an address of it inside? */
bool config_rip_runs_on(const struct config_rip *rip, const char *name,
	const struct ip_prefix *addrs, unsigned n_addrs);

/** An interface's settings, the defaults if the file has none for it. */
struct config_rip_interface config_rip_interface_of(const struct config_rip *rip, const char *name);

/** By name, or NULL. */
const struct config_prefix_list *config_prefix_list_find(
	const struct config_rip *rip, const char *name);
const struct config_key_chain *config_key_chain_find(
	const struct config_rip *rip, const char *name);

/** "text", "md5", "hmac-sha-1", ... */
const char *config_rip_mode_name(enum config_rip_mode mode);

#endif
