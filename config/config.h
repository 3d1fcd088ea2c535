/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub's configuration: libconfig text read into plain structs and checked as a whole.
 *
 * Every setting that is unknown, of the wrong type, out of range or at odds with another is
 * refused with file:line, what was found and what is expected. Strings and arrays belong to the
 * struct config they hang off. Control thread (or a tool).
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/error.h"
#include "common/log.h"

#define CONFIG_NAME_MAX           31 /**< characters of a port's or tunnel's name */
#define CONFIG_TAP_MAX            15 /**< of the name of a kernel's interface */
#define CONFIG_WORKERS_MAX        64
#define CONFIG_PORTS_MAX          32
#define CONFIG_VIAS_MAX           8  /**< next hops of a route */
#define CONFIG_AUTHENTICATION_MAX 32 /**< octets of NHRP's password */
#define CONFIG_HOOKS_MAX          16
#define CONFIG_RIP_MAX_ROUTES     20000 /**< of all neighbors, by default */
#define CONFIG_PEERS_DEFAULT      1000
#define CONFIG_PEERS_MAX          1000000
#define CONFIG_KEY_MAX            64 /**< octets of a cipher or authentication key */

/** Where a setting stands, for messages about it: "hub.cfg:12". */
struct config_place {
	const char *file;
	unsigned line;
};

/** An address and its Ethernet address, as `ip neigh add ... nud permanent` has it. */
struct config_neighbor {
	struct config_place place;
	struct ip_addr address;
	struct mac_addr mac;
};

/** What becomes of a packet that a filter's rule matches. */
enum config_filter_action {
	CONFIG_FILTER_PERMIT,
	CONFIG_FILTER_DENY,
	CONFIG_FILTER_REJECT, /**< deny, and tell the sender */
	CONFIG_FILTER_ACTIONS
};

struct config_filter_ports {
	bool set; /**< else any */
	uint16_t first, last;
};

struct config_filter_number {
	bool set; /**< else any */
	uint8_t value;
};

struct config_filter_rule {
	struct config_place place;
	enum config_filter_action action;
	struct ip_prefix from, to; /**< 0.0.0.0/0: any */
	bool protocol_set;
	uint8_t protocol;
	struct config_filter_ports from_port, to_port; /**< of TCP and UDP */
	struct config_filter_number icmp_type, icmp_code, dscp;
	bool established; /**< TCP with ACK or RST */
	bool fragments;   /**< fragments but the first */
};

/** A list of rules for packets; the first that matches decides. */
struct config_filter {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	enum config_filter_action rest; /**< what no rule matches */
	struct config_filter_rule *rules;
	unsigned n_rules;
};

struct config_port {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	bool lan;     /**< a network behind the hub; else the outer side, where spokes are */
	char *device; /**< PCI address, name, or vdev arguments "net_pcap0,rx_pcap=..." */
	/** instead of a device: the port whose frames with tag `vlan` (1..4094) are this port's */
	char parent[CONFIG_NAME_MAX + 1];
	uint16_t vlan;               /**< 0 = a port with a device */
	struct ip_prefix *addresses; /**< at least one; host bits set */
	unsigned n_addresses;
	struct ip_addr gateway; /**< outer ports: underlay default route; family 0 = none */
	bool mac_set;
	struct mac_addr mac; /**< when mac_set; else the device's own */
	uint16_t mtu;        /**< octets of IP; default 1500 */
	bool promiscuous;
	/** outer ports with a gateway: inner packets without another route leave here, in clear */
	bool internet_exit;
	char tap[CONFIG_TAP_MAX + 1]; /**< interface of the kernel; empty: none */
	/** LAN ports and Internet exits: a filter's name, or empty */
	char filter_in[CONFIG_NAME_MAX + 1];
	char filter_out[CONFIG_NAME_MAX + 1];
	struct config_neighbor *neighbors;
	unsigned n_neighbors;
};

/** Manual keying of one direction, as setkey's `add ... esp SPI -m transport -E ... -A ...`. */
struct config_sa {
	struct config_place place;
	uint32_t spi; /**< host order, >= 256 */
	char *suite; /**< name as given; checked against the known names by the caller's callback */
	uint8_t key[CONFIG_KEY_MAX]; /**< AEAD: key followed by salt, as IKE's KEYMAT */
	unsigned key_len;
	uint8_t auth_key[CONFIG_KEY_MAX];
	unsigned auth_key_len;
	uint16_t window; /**< inbound: anti-replay, packets, 0..4096; default 64 */
	bool esn;
};

struct config_peer {
	struct config_place place;
	struct ip_addr address; /**< tunnel address; family 0 = what the spoke registers */
	struct ip_addr nbma;    /**< outer address */
	uint16_t nat_port;      /**< the spoke's UDP port, ESP in UDP (RFC 3948); 0 = plain ESP */
	struct config_sa *sa_in;
	unsigned n_sa_in;
	struct config_sa *sa_out; /**< the last one listed is the newest: it is the one used */
	unsigned n_sa_out;
};

/** What sources a spoke's packets may have, besides its tunnel address (RFC 3704). */
enum config_rpf {
	CONFIG_RPF_LOOSE,  /**< those that a route leads to some spoke for; the default */
	CONFIG_RPF_STRICT, /**< those that a route leads to that spoke for */
	CONFIG_RPF_OFF,    /**< all but the tunnel addresses of others */
	CONFIG_RPF_MODES
};

/** Don't-fragment bit of a tunnel's outer header. */
enum config_df { CONFIG_DF_SET, CONFIG_DF_COPY, CONFIG_DF_CLEAR, CONFIG_DF_COUNT };

/** What an address that another spoke holds is worth to a new registration. */
enum config_unique {
	CONFIG_UNIQUE_REPLACE,        /**< the same identity replaces; else the holder is probed */
	CONFIG_UNIQUE_ALWAYS_REPLACE, /**< the last one has it */
	CONFIG_UNIQUE_STRICT,         /**< RFC 2332 5.2.3 */
	CONFIG_UNIQUE_MODES
};

/** OpenNHRP's `map`, Cisco's `ip nhrp map`. */
struct config_nhrp_map {
	struct config_place place;
	struct ip_prefix prefix; /**< of tunnel addresses, or networks behind */
	struct ip_addr nbma;
	bool registers; /**< `register` */
	bool unique;    /**< register with the unique bit; default true */
	bool cisco;
};

/** Another hub to register with. */
struct config_nhrp_nhs {
	struct config_place place;
	struct ip_addr address; /**< tunnel address; family 0: learned from its reply */
	struct ip_addr nbma;
	bool unique; /**< default true */
	bool cisco;
};

/** OpenNHRP's `shortcut-target`. */
struct config_nhrp_target {
	struct config_place place;
	struct ip_prefix prefix;
	uint16_t holding_time; /**< seconds; 0: the tunnel's */
};

/** OpenNHRP's `shortcut-destination`. */
struct config_nhrp_destination {
	struct config_place place;
	char port[CONFIG_NAME_MAX + 1]; /**< a LAN port */
};

struct config_nhrp {
	uint16_t holding_time;     /**< seconds; default 7200 */
	uint16_t holding_time_max; /**< seconds; longer registrations are cut */
	char authentication[CONFIG_AUTHENTICATION_MAX + 1]; /**< "" = none */
	uint32_t network_id;                                /**< 0 = the tunnel is a domain alone */
	bool shortcut;
	bool non_caching;
	enum config_unique unique;
	bool answer_registered;
	bool error_padding;     /**< default true */
	bool multicast_dynamic; /**< default true, unless `multicast` says otherwise */
	bool multicast_nhs;
	struct ip_addr *multicast;
	unsigned n_multicast;
	struct config_nhrp_map *maps;
	unsigned n_maps;
	struct config_nhrp_nhs *nhs;
	unsigned n_nhs;
	struct config_nhrp_target *targets;
	unsigned n_targets;
	struct config_nhrp_destination *destinations;
	unsigned n_destinations;
	struct ip_prefix *allowed; /**< where registrations lie; none: in the tunnel's network */
	unsigned n_allowed;
	uint8_t prefix_min; /**< shortest prefix that may be registered; default 32 */
	uint16_t networks_per_peer;
	uint16_t cies_max; /**< of one registration */
};

/** Bounds of NHRP as a whole. */
struct config_nhrp_limits {
	unsigned redirects_per_second; /**< traffic indications; default 1000 */
	unsigned requesters_per_lease; /**< who is purged when it ends; default 128 */
	unsigned pending_per_peer;     /**< undecided registrations; default 4 */
	unsigned probe_time; /**< seconds of silence that give an address away; default 3 */
	char *leases;        /**< file for what outlives a reboot; NULL: none */
};

struct config_tunnel {
	struct config_place place;
	char name[CONFIG_NAME_MAX + 1];
	struct ip_prefix address; /**< the hub's tunnel address with the tunnel's prefix length */
	struct ip_addr nbma;      /**< the hub's outer address; one of an outer port's */
	bool key_set;
	uint32_t key;  /**< GRE key (RFC 2890), a number or dotted quad in the file; host order */
	uint16_t mtu;  /**< inner packet, octets; default 1400 */
	uint8_t ttl;   /**< outer TTL; default 64 */
	bool checksum; /**< send GRE checksums (RFC 2784) */
	bool redirect; /**< tell control about hairpin traffic (phase 3) */
	enum config_rpf rpf;
	uint16_t adjust_mss; /**< TCP MSS is lowered to this; 0 = left alone, the default */
	bool dscp_set;       /**< outer DSCP is `dscp`; else, the default, the inner one's copy */
	uint8_t dscp;        /**< 0..63 */
	enum config_df df;   /**< of the outer header; default set */
	char tap[CONFIG_TAP_MAX + 1];        /**< as of a port */
	char filter_in[CONFIG_NAME_MAX + 1]; /**< for what spokes send; empty: none */
	char filter_out[CONFIG_NAME_MAX + 1];
	struct config_nhrp nhrp;
	struct config_peer *peers;
	unsigned n_peers;
};

struct config_route {
	struct config_place place;
	struct ip_prefix prefix;
	bool blackhole;
	/** unless blackhole: addresses inside the overlay; several share the flows */
	struct ip_addr via[CONFIG_VIAS_MAX];
	unsigned n_via;
	uint8_t distance; /**< administrative, 1..255; default 1, and 255 is never used */
	uint16_t tag;     /**< for redistribution; default 0 */
};

/** What a worker does when no packet comes. */
enum config_idle {
	CONFIG_IDLE_AUTO,      /**< as the ports are: poll NICs, pause on software; the default */
	CONFIG_IDLE_POLL,      /**< look again at once */
	CONFIG_IDLE_PAUSE,     /**< short naps */
	CONFIG_IDLE_INTERRUPT, /**< until the device says so */
	CONFIG_IDLE_COUNT
};

struct config_rip;

/** Octets of an identity's text (RFC 7296 3.5 as text). */
#define CONFIG_IDENTITY_MAX 255
#define CONFIG_PSK_MAX      256 /**< octets of a shared key */

enum config_psk_kind { CONFIG_PSK_ANYBODY, CONFIG_PSK_IDENTITY, CONFIG_PSK_PREFIX };

/** A shared key and whose it is. The first one of the list that matches is a peer's key. */
struct config_psk {
	struct config_place place;
	enum config_psk_kind kind;
	unsigned n_given;        /**< of id, address, prefix */
	char *id;                /**< IDENTITY: as IKE has it; "*" of ANYBODY; else NULL */
	struct ip_prefix prefix; /**< PREFIX: outer addresses, host bits clear */
	uint8_t secret[CONFIG_PSK_MAX];
	unsigned secret_len;
	struct ip_addr tunnel_address;    /**< the spoke's, whatever it registers; family 0: none */
	char tunnel[CONFIG_NAME_MAX + 1]; /**< the spoke's; empty: the first one on its address */
};

/** How spokes' keys are agreed: settings of the IKE daemon, in a hub's terms. */
struct config_ike {
	struct config_place place;
	bool external;   /**< the daemon is started by others; else it is the hub's child */
	char *user;      /**< the daemon's; NULL: "nobody", or the hub's own if that is not root */
	char *directory; /**< sockets and settings; NULL: beside the control socket */
	char *plugin;    /**< the daemon's, a file; NULL: where it was installed or built */
	bool v1, v2;     /**< versions of IKE that are spoken; default both */
	bool aggressive; /**< take aggressive mode */
	bool fragmentation;
	bool nat_force;   /**< ESP in UDP also without a NAT */
	uint32_t dpd;     /**< seconds without a sign of life until a peer is asked; 0: never */
	char *id;         /**< the hub's identity; NULL: its address */
	char **proposals; /**< of IKE, or names of such; none: "cisco" and "modern" */
	unsigned n_proposals;
	char **esp; /**< of ESP, likewise */
	unsigned n_esp;
	uint32_t life_ike;       /**< seconds; default 86400 */
	uint32_t life_esp;       /**< seconds; default 3600 */
	uint32_t life_megabytes; /**< of an ESP SA; 0: without end */
	char *certificate, *key; /**< files; NULL: none */
	char **ca;
	unsigned n_ca;
	struct config_psk *psk; /**< in their order */
	unsigned n_psk;
	char *include; /**< a file of the daemon's own settings (swanctl.conf) */
};

/** What scripts may run for, by OpenNHRP's names; the last two are the hub's own. */
enum config_hook_event {
	CONFIG_HOOK_INTERFACE_UP,
	CONFIG_HOOK_PEER_REGISTER, /**< a question: another exit code than 0 refuses */
	CONFIG_HOOK_PEER_UP,
	CONFIG_HOOK_PEER_DOWN,
	CONFIG_HOOK_NHS_UP,
	CONFIG_HOOK_NHS_DOWN,
	CONFIG_HOOK_ROUTE_UP,
	CONFIG_HOOK_ROUTE_DOWN,
	CONFIG_HOOK_PEER_REFUSED,  /**< a registration */
	CONFIG_HOOK_PEER_CONFLICT, /**< of an address that another one holds, who lives */
	CONFIG_HOOK_EVENTS
};

struct config_hook {
	struct config_place place;
	char *script;     /**< full path; it is the hub's or root's and nobody else can write it */
	uint32_t events;  /**< bit for each enum config_hook_event */
	unsigned timeout; /**< seconds, 1..60; default 5 */
};

/** What those are told who depend on the hub, before it ends. */
struct config_shutdown {
	bool purge;  /**< NHRP requesters, and servers: what they know by the hub is void */
	bool poison; /**< RIP's neighbors: all routes are lost */
};

struct config {
	char **files; /**< every file that was read for it; files[0] is the main one */
	unsigned n_files;
	unsigned workers; /**< forwarding lcores; default 1 */
	unsigned burst;   /**< packets a worker takes at once; 1..64, default 32 */
	enum config_idle idle;
	unsigned mbufs; /**< packet buffers of the data plane; default 16384 */
	/** spokes there is room for, those of the tunnels included; default 1000 or their number */
	unsigned peers_max;
	struct config_place peers_max_place;
	struct config_nhrp_limits nhrp;
	char *control_socket; /**< CLI's Unix socket; default /run/dmvpn-hub/control.sock */
	char **eal;           /**< EAL arguments used when the command line has none */
	unsigned n_eal;
	struct config_filter *filters;
	unsigned n_filters;
	struct config_port *ports; /**< as in the file, but VLANs behind all that have a device */
	unsigned n_ports;
	struct config_tunnel *tunnels;
	unsigned n_tunnels;
	struct config_route *routes;
	unsigned n_routes;
	struct config_rip *rip; /**< config/rip.h; NULL: RIP does not run */

	struct config_ike *ike;    /**< NULL: no IKE, manual keys only */
	struct config_hook *hooks; /**< in the order they are run in */
	unsigned n_hooks;
	char *opennhrp_socket; /**< Unix socket of opennhrpctl's protocol; NULL: none */
	char *events_socket;   /**< Unix socket of the event stream; NULL: none */
	enum log_level log[LOG_SUBSYSTEMS]; /**< lines above are not written */
	struct config_shutdown shutdown;
	bool keys_inline; /**< some key stands in the configuration itself, not in a secrets file */
};

/** What the parser must know of a cipher suite; config/ itself knows no cryptography. */
struct config_suite {
	const char *name;
	unsigned key_len; /**< octets expected in `key`, salt included */
	unsigned auth_key_len;
	bool weak;
};

/** How the caller lends its knowledge and hears what is not an error. */
struct config_env {
	const struct config_suite *suites;
	unsigned n_suites;
	/** Called once for each warning, with the line to show; may be NULL. */
	void (*warn)(void *ctx, const char *line);
	void *ctx;
};

/**
 * Read and check a file.
 * @param[out] err  on failure "FILE:LINE: what was found; what is expected"
 * @return the configuration, or NULL (nothing leaks; keys read so far are wiped)
 */
struct config *config_load(const char *path, const struct config_env *env, struct error *err);

/** The same from memory; `name` stands for the file in messages. Secrets files are refused. */
struct config *config_parse(
	const char *name, const char *text, const struct config_env *env, struct error *err);

/** "loose", "strict", "off". */
const char *config_rpf_name(enum config_rpf mode);
const char *config_df_name(enum config_df df);
const char *config_idle_name(enum config_idle idle);

/** "replace", ... */
const char *config_unique_name(enum config_unique mode);

/** "permit", "deny", "reject". */
const char *config_filter_action_name(enum config_filter_action action);

/** Filter by its name, or NULL. */
const struct config_filter *config_filter_find(const struct config *c, const char *name);

/** "peer-up" */
const char *config_hook_event_name(enum config_hook_event event);

/** Port by its name, or NULL. */
const struct config_port *config_port_find(const struct config *c, const char *name);

/** A station on a port's link: inside a prefix of it, and neither the hub nor a broadcast. */
bool config_port_on_link(const struct config_port *p, const struct ip_addr *a);

/** Wipe keys and free. NULL is allowed. */
void config_free(struct config *c);

/**
 * The configuration as libconfig text, defaults written out, with "(hidden)" for every key. For
 * display: config_parse() reads it back to the same structs if it has no SAs, and refuses it if it
 * has, as "(hidden)" is no key.
 * @return malloc'd text, NULL on ENOMEM
 */
char *config_text(const struct config *c);

#endif
