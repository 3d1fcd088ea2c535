/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside control/: what a hub is made of.
 *
 *	port      the configuration's ports -> devices or functions
 *	filter    the configuration's filters, and where they stand
 *	tunnel    the configuration's tunnels and the peers it names
 *	peer      spokes that come and go: address, place, SAs, which next hop they are behind
 *	peer_use  whether they work, what they send
 *	nhrp      who is registered from where: the engine of nhrp/ and what it asks of the hub
 *	          (nhrp_priv.h)
 *	rib       routes of all sources; the best of each prefix is in the forwarding table
 *	next_hop  addresses that routes lead to, and what they resolve to (rib_priv.h)
 *	static    configured routes
 *	link      whether ports' links are up
 *	bond      which member of a bond carries the port
 *	ike       keys by IKE: charon, and SAs of its making (see ike_priv.h)
 *	neighbor  Ethernet addresses of next hops, and when to ask for them
 *	hold      packets that wait, for an Ethernet address or an SA (hold_priv.h)
 *	arp       RFC 826 packets
 *	icmp      echo replies and errors
 *	tap       interfaces of the kernel that share the hub's addresses
 *	path_mtu  what outer paths carry, and whom to believe about it
 *	hook      scripts that are told what happens (hook_priv.h)
 *	capture   copies of packets -> a pcapng file
 *	shutdown  the end, told to whom it concerns
 *	punt      what the data plane hands over -> the one who handles it
 *	reload    another configuration, object by object (reload_priv.h)
 */
#ifndef CONTROL_HUB_PRIV_H
#define CONTROL_HUB_PRIV_H

#include <stdio.h>

#include <rte_ether.h>

#include "config/rip.h"
#include "control/hold_priv.h"
#include "control/hook_priv.h"
#include "control/hub.h"
#include "control/loop.h"
#include "control/nhrp_priv.h"
#include "control/rib_priv.h"
#include "dataplane/capture.h"
#include "dataplane/filter.h"
#include "dataplane/peer.h"
#include "dataplane/punt.h"
#include "dataplane/route.h"
#include "dataplane/stats.h"
#include "dataplane/trace.h"
#include "dataplane/tunnel.h"

#define HUB_NONE UINT32_MAX

/* As many neighbors as dp_neighbor_add() gives; more are served as next hops of peers only. */
#define HUB_DP_NEIGHBORS_MAX 4096

/* Station on a port's link. Lives as long as it is known, asked for, or needed. */
struct hub_neighbor {
	uint32_t addr_be;
	uint16_t port;
	bool used;
	bool fixed;    /* configured */
	bool known;    /* mac is valid */
	bool gateway;  /* of its port: the underlay's default route leads there */
	bool next_hop; /* routes lead to it */
	uint8_t tries; /* requests without an answer */
	struct mac_addr mac;
	uint32_t dp;    /* the data plane's neighbor, or HUB_NONE; kept when the place is reused */
	uint32_t peers; /* first peer behind it, or HUB_NONE */
	uint64_t due;   /* when to ask next */
	uint64_t heard; /* last ARP packet that said so */
};

struct hub_neighbors {
	struct rte_hash *index; /* (port, address) -> place in at */
	struct hub_neighbor *at;
	uint32_t of_dp[HUB_DP_NEIGHBORS_MAX]; /* data plane's index -> place in at */
	unsigned room;
	unsigned used;
	uint64_t due;  /* no neighbor is due before */
	unsigned next; /* where the next look starts */
};

struct hub_port {
	const struct config_port *config;
	uint16_t parent;           /* of a VLAN; else the port itself */
	uint16_t ethdev;           /* RTE_MAX_ETHPORTS: functions, or a VLAN */
	struct rte_device *probed; /* the device, if it came into the EAL by us */
	bool link_down;            /* when it was last looked at */
	int member;                /* of a bond: the ethdev that carried it then; -1: none */
};

struct hub_tunnel {
	const struct config_tunnel *config; /* NULL: a free place */
	uint16_t dp;
	uint16_t port; /* whose address its packets come from */
	uint32_t n_peers;
};

/* How well is it known who a spoke is? */
enum hub_identity {
	HUB_IDENTITY_MANUAL,  /* by keys of the configuration */
	HUB_IDENTITY_PROVEN,  /* by a certificate, or a key that is its own */
	HUB_IDENTITY_SHARED,  /* by a key that others have as well: that proves nothing */
	HUB_IDENTITY_ADDRESS, /* by its outer address: so does that */
};

/* A spoke. Its place in hub.peers is its index in the data plane. */
struct hub_peer {
	bool used;
	bool keyed, up; /* see enum hub_peer_event */
	bool rip_told;  /* RIP speaks to it */
	uint16_t tunnel;
	uint32_t dp;
	const struct config_peer *config; /* NULL: the configuration does not name it */
	uint32_t address_be;              /* in the tunnel; 0: not registered */
	uint32_t nbma_be;                 /* where it is now: a NAT may have moved it */
	uint16_t nat_port;                /* 0: plain ESP */
	uint8_t identity_is;              /* enum hub_identity */
	char *identity;                   /* as IKE has it, or NULL */
	uint32_t pinned_be;               /* tunnel address of its key or certificate; 0: none */
	uint32_t nbma_next, nbma_prev;    /* others of this tunnel, outer address and port */
	uint64_t gone_rx, gone_tx;        /* packets of SAs that were removed */
	uint64_t heard_packets,
		heard_at; /* received when NHRP asked last; and when that had grown */
	bool dead;        /* whoever removes its SAs has found that it does not answer */
	uint64_t added_at;
	uint16_t path_mtu; /* 0: as the port */
	uint64_t path_mtu_until;
	uint32_t next_hop; /* neighbor, or HUB_NONE: no route to it */
	uint32_t sibling;  /* next peer behind the same next hop */
	uint32_t elder;    /* the one before */
	uint64_t packets;  /* at the last sample */
	uint64_t used_at;  /* when a sample had grown */
	bool was_used;
};

struct hub_peer_params {
	uint32_t nbma_be;
	uint16_t nat_port;   /* 0: plain ESP */
	uint32_t address_be; /* 0: not known yet */
	const struct config_peer *config;
	enum hub_identity identity_is;
	const char *identity; /* copied; may be NULL */
};

enum hub_peer_state {
	HUB_PEER_UP,
	HUB_PEER_PENDING,     /* has SAs, but has not registered */
	HUB_PEER_NO_SA,       /* an SA is missing in one direction */
	HUB_PEER_NO_NEIGHBOR, /* next hop not resolved */
	HUB_PEER_STATES
};

/*
 * A peer is keyed while it has SAs of both directions, and up while it has a tunnel address
 * besides. Both go in pairs: KEYED, UP, DOWN, UNKEYED. At DOWN the address is still there.
 */
enum hub_peer_event {
	HUB_PEER_EVENT_KEYED,
	HUB_PEER_EVENT_UP,
	HUB_PEER_EVENT_MOVED, /* another outer address or port, while keyed */
	HUB_PEER_EVENT_DOWN,
	HUB_PEER_EVENT_UNKEYED,
};

typedef void (*hub_peer_watch_fn)(void *ctx, struct hub_peer *p, enum hub_peer_event event);

#define HUB_PEER_WATCHES_MAX 8

struct hub_peer_watches {
	unsigned n;
	struct {
		hub_peer_watch_fn fn;
		void *ctx;
	} at[HUB_PEER_WATCHES_MAX];
};

struct hub_path_mtu {
	struct rte_hash *index; /* outer address, port and SPI -> peer */
	uint64_t believed;
	uint64_t malformed; /* quotes nothing that the hub could have sent */
	uint64_t unknown;   /* no peer has this address and SPI */
	uint64_t sequence;  /* quotes a number that was not sent lately */
	uint64_t value;     /* too small, or not smaller than what is known */
};

struct hub_arp_stats {
	uint64_t requests_in;
	uint64_t replies_in;
	uint64_t requests_out;
	uint64_t replies_out;
	uint64_t refused; /* malformed, or a sender that cannot be */
};

struct hub_punt_stats {
	uint64_t taken; /* from the data plane */
	uint64_t sent;  /* packets sent because of them */
};

#define HUB_CAPTURE_BYTES_MAX (256u << 20)
#define HUB_CAPTURE_PATH_MAX  1024

/* The capture that runs, or what is known of the last one. */
struct hub_capture {
	FILE *file; /* NULL: none runs */
	char path[HUB_CAPTURE_PATH_MAX];
	struct dp_capture_params params;
	uint64_t count;   /* of packets, that ends it */
	uint64_t written; /* packets */
	uint64_t bytes;
	struct dp_stats before; /* the data plane's counters when it began */
	char ended[128];        /* why, once it has */
};

/* What became of a TAP's packets. */
struct hub_tap_stats {
	uint64_t to_kernel, from_kernel;
	uint64_t kernel_full; /* the kernel's queue took no more */
	uint64_t hub_full;    /* nor the data plane's */
	uint64_t malformed;   /* not IPv4 */
	uint64_t protocol;    /* GRE, ESP, AH, IP in IP or IKE: the hub's alone */
	uint64_t source;      /* not the TAP's address */
	uint64_t destination; /* multicast out of an outer port */
	uint64_t too_big;     /* for the peer's path; the kernel was told */
};

/* An interface of the kernel with the addresses of a port or tunnel. */
struct hub_tap {
	const char *name;
	bool tunnel;
	unsigned index; /* of the port, or in hub.tunnels */
	uint8_t table;  /* enum dp_table */
	const struct ip_prefix *addrs;
	unsigned n_addrs;
	int fd;
	struct hub_tap_stats stats;
};

/* The hub's graceful end. */
struct hub_shutdown {
	bool begun;
	bool said;    /* all that was to be said */
	bool purging; /* the walk goes on */
	bool poisoning;
	bool left;      /* charon has */
	uint64_t until; /* the hub's clock: said or not, then charon is ended; or, once left, all */
	bool over;
	struct nhrp_cursor walk;
};

struct hub_reload; /* a file on its way: reload_priv.h */

/* What became of the reloads. */
struct hub_reloads {
	unsigned id; /* of the last one */
	bool done;   /* it is; then: */
	int rc;
	char line[1024]; /* why not; or how much */
	char *text;      /* the difference, or NULL */
	uint64_t applied, refused;
	uint64_t read_us, apply_us; /* of the last one applied */
};

struct hub {
	const struct config *config;
	struct config *config_owned; /* the same, if it is the hub's to free; else NULL */
	struct hub_reload *reload;
	struct hub_state *state; /* NULL: none is kept */
	struct hub_reloads reloads;
	struct hub_params params;
	struct dp *dp;
	uint16_t mtu;            /* that packet buffers hold */
	unsigned learned_routes; /* of RIP, that there is room for */
	uint64_t base;           /* the caller's clock when this hub's started; valid once turned */
	uint64_t now;            /* milliseconds since then */
	bool turned;
	struct hub_port *ports; /* same places as in config and in the data plane */
	unsigned n_ports;
	struct hub_tunnel *tunnels; /* DP_TUNNELS_MAX places, of which the first may be used */
	unsigned n_tunnels;
	struct hub_tap *taps;
	unsigned n_taps;
	struct dp_filter **filters; /* same places as in config */
	struct hub_peer *peers;
	unsigned peers_room;
	unsigned n_peers;              /* in use */
	struct rte_hash *peer_by_nbma; /* tunnel, outer address, port -> the latest such peer */
	struct hub_peer_watches watches;
	unsigned sampled; /* peer to look at next */
	uint64_t sampled_at;
	uint64_t links_due; /* when to look at links next */
	struct hub_rib rib;
	struct hub_rip *rip; /* NULL: it does not run */
	struct hub_neighbors neighbors;
	struct hub_hold hold; /* packets whose next hop is asked for */
	struct hub_path_mtu path_mtu;
	struct hub_arp_stats arp;
	struct hub_punt_stats punts[DP_PUNT_COUNT];
	struct hub_loop loop; /* the daemon's */
	struct hub_nhrp nhrp;
	struct hub_capture capture;
	struct hub_ike *ike; /* NULL: no IKE */
	struct hub_hooks hooks;
	struct event_stream *events; /* NULL: none; the daemon's */
	struct hub_shutdown shutdown;
	struct hub_leases *leases; /* NULL: in no file */
};

/* port.c */
int hub_ports_create(struct hub *h, struct error *err);
/* After dp_destroy(): give devices that we brought into the EAL back. */
void hub_ports_destroy(struct hub *h);
/* The table that a port's addresses and neighbors are in: never both. */
enum dp_table hub_port_table(const struct hub *h, uint16_t port);
/* A LAN port's addresses that are not in the other list go, or come; and their routes. */
void hub_port_readdress(struct hub *h, uint16_t port, const struct config_port *was,
	const struct config_port *is, bool add);
bool hub_port_has_address(const struct hub *h, uint16_t port, uint32_t addr_be);
/* The prefix of a port that this address is a host of, or NULL. */
const struct ip_prefix *hub_port_prefix_of(const struct hub *h, uint16_t port, uint32_t addr_be);

/* filter.c */
int hub_filters_create(struct hub *h, struct error *err);
/* One that stands nowhere yet, or NULL with err. */
struct dp_filter *hub_filter_create(
	const struct hub *h, const struct config_filter *c, struct error *err);
/* Put each where the configuration has it, and take away all others. */
void hub_filters_place(struct hub *h);
/* After dp_destroy(). */
void hub_filters_destroy(struct hub *h);

/* tunnel.c */
int hub_tunnels_create(struct hub *h, struct error *err);
void hub_tunnels_destroy(struct hub *h);
/* A tunnel without peers. @return its place in hub.tunnels, or -errno */
int hub_tunnel_add(struct hub *h, const struct config_tunnel *c, struct error *err);
/* The place of a tunnel of hub.config, or -ENOENT. */
int hub_tunnel_place(const struct hub *h, const struct config_tunnel *c);
/* Other settings of the same tunnel, as far as the data plane is told of them. */
void hub_tunnel_set(struct hub *h, uint16_t tunnel, const struct config_tunnel *c);
/* It has no peers any more. */
void hub_tunnel_del(struct hub *h, uint16_t tunnel);
/* A peer that the configuration names, with its SAs. On failure *peer is NULL or has some. */
int hub_tunnel_add_peer(struct hub *h, uint16_t tunnel, const struct config_peer *c,
	struct hub_peer **peer, struct error *err);
int hub_tunnel_add_sa(struct hub *h, struct hub_peer *peer, const struct config_sa *c, bool in,
	struct error *err);
/* Room that the data plane must have for peers, their SAs and routes. */
unsigned hub_peers_room(const struct config *c);

/* peer.c */
int hub_peers_create(struct hub *h, unsigned room, struct error *err);
void hub_peers_destroy(struct hub *h);
/* A spoke of a tunnel, without SAs. @return NULL, err says why not */
struct hub_peer *hub_peer_add(
	struct hub *h, uint16_t tunnel, const struct hub_peer_params *params, struct error *err);
/* Take a peer, its SAs and its routes away. Others do not notice. */
void hub_peer_del(struct hub *h, struct hub_peer *p);
/*
 * Add an SA; iv_seed, peer and tag are filled in here. Of outbound ones the latest is used, unless
 * it stands by.
 * @param[out] index  for hub_peer_del_sa(). @return 0 or -errno
 */
int hub_peer_add_sa(struct hub *h, struct hub_peer *p, const struct sa_params *params,
	uint32_t *index, struct error *err);
/* Use this outbound SA from now on. */
void hub_peer_use_sa(struct hub *h, struct hub_peer *p, uint32_t index);
void hub_peer_del_sa(struct hub *h, struct hub_peer *p, bool in, uint32_t index);
/*
 * The peer has this tunnel address from now on, and its /32 route; 0: it has none. A peer that had
 * the address until now loses it, without a moment in which nobody has it.
 * @return 0; -EINVAL no spoke's address in this tunnel; -EPERM the configuration gives the peer, or
 * another one this address; -ENOSPC
 */
int hub_peer_set_address(struct hub *h, struct hub_peer *p, uint32_t address_be, struct error *err);
/* Who the peer is, from now on; identity is copied, and may be NULL. @return 0 or -ENOMEM */
int hub_peer_set_identity(struct hub_peer *p, enum hub_identity is, const char *identity);
/* Whether the tunnel's multicast goes to the peer, when this is its tunnel address. */
bool hub_peer_hears_multicast(const struct hub *h, const struct hub_peer *p, uint32_t address_be);
/* The tunnel address that the configuration gives it, or 0. */
uint32_t hub_peer_pinned(const struct hub_peer *p);
/* The one address of the tunnel that it may have: that, or what its key or certificate says. */
uint32_t hub_peer_bound(const struct hub_peer *p);
/* The peer is at another outer address, or port of its NAT. */
void hub_peer_move(struct hub *h, struct hub_peer *p, uint32_t nbma_be, uint16_t nat_port);
/* Peer by its outer address and port (0: plain ESP), the latest of several, or NULL. */
struct hub_peer *hub_peer_find_nbma(
	const struct hub *h, uint16_t tunnel, uint32_t nbma_be, uint16_t nat_port);
/* The one before it with the same tunnel, address and port, or NULL. */
struct hub_peer *hub_peer_next_nbma(const struct hub *h, const struct hub_peer *p);
/* Peer by its tunnel address, or NULL. */
struct hub_peer *hub_peer_find(const struct hub *h, const struct ip_addr *address);
/* Peer by the data plane's index, NULL for DP_PEER_NONE and for one that is gone. */
struct hub_peer *hub_peer_of(const struct hub *h, uint32_t dp_peer);
/* A peer's NAT gave it another address or port (DP_PUNT_MOVED). */
void hub_peer_moved(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/*
 * Hear of peers that come, go and move, until the hub ends; of those that are up already at once.
 * @return 0 or -ENOSPC
 */
int hub_peer_watch(struct hub *h, hub_peer_watch_fn fn, void *ctx);
/* No more: whatever was watched with this ctx. */
void hub_peer_unwatch(struct hub *h, const void *ctx);

/* peer_use.c */
/* "up", "pending", ... */
const char *hub_peer_state_name(enum hub_peer_state state);
enum hub_peer_state hub_peer_state(const struct hub *h, const struct hub_peer *p);
/* The sum of its SAs' packets, of those that are gone too. */
void hub_peer_packets(const struct hub *h, const struct hub_peer *p, uint64_t *rx, uint64_t *tx);
/* Packets of one SA. */
uint64_t hub_sa_packets(const struct hub *h, bool in, uint32_t index);
/* Look at a few peers: have they been used? */
void hub_peers_sample(struct hub *h);
bool hub_peer_used_lately(const struct hub *h, const struct hub_peer *p);

/* rip_hub.c */
struct hub_rip;
/* Run RIP, if the configuration says so. */
int hub_rip_create(struct hub *h, struct error *err);
void hub_rip_destroy(struct hub *h);
/* Whether the tunnel's multicast goes to the peer may have changed. */
void hub_rip_multicast(struct hub *h, struct hub_peer *p);
/* Follow the RIB, send what is due. */
void hub_rip_turn(struct hub *h);
/* rip_io.c: a packet of DP_PUNT_RIP. */
void hub_rip_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);

/* neighbor.c */
int hub_neighbors_create(struct hub *h, unsigned room, struct error *err);
void hub_neighbors_destroy(struct hub *h);
/* Neighbor has this Ethernet address. If it is new: `create` it or leave it. */
void hub_neighbor_heard(
	struct hub *h, uint16_t port, uint32_t addr_be, const struct mac_addr *mac, bool create);
/* A neighbor whose Ethernet address is configured: never asked for, never changed by ARP. */
int hub_neighbor_fix(
	struct hub *h, uint16_t port, const struct config_neighbor *n, struct error *err);
/* The underlay's default route leads to this neighbor. */
int hub_neighbor_gateway(struct hub *h, uint16_t port, uint32_t addr_be, struct error *err);
/* A next hop of routes is on this port's link: it is asked for, and kept; and no more. */
void hub_neighbor_need(struct hub *h, uint16_t port, uint32_t addr_be);
void hub_neighbor_release(struct hub *h, uint16_t port, uint32_t addr_be);
/* The neighbor that outer frames to this address go to, made if it is new; HUB_NONE if none leads
 * there. Of several links the preferred port's is taken. */
uint32_t hub_neighbor_toward(struct hub *h, uint16_t preferred, uint32_t addr_be);
/* A peer follows its next_hop from now on; and no more. */
void hub_neighbor_attach(struct hub *h, uint32_t peer);
void hub_neighbor_detach(struct hub *h, uint32_t peer);
/* Neighbor by the data plane's index. */
const struct hub_neighbor *hub_neighbor_of(const struct hub *h, uint32_t dp_neighbor);
/* Ask for who is due. */
void hub_neighbors_turn(struct hub *h);
/* Packet whose next hop is not known (DP_PUNT_RESOLVE). */
void hub_neighbor_resolve(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *data, unsigned len);

/* A port's link went or came. */
void hub_neighbors_link(struct hub *h, uint16_t port);

/* link.c: have links changed? */
void hub_links_turn(struct hub *h);
bool hub_link_up(uint16_t ethdev);
bool hub_port_link_up(const struct hub *h, uint16_t port);

/* path_mtu.c */
int hub_path_mtu_create(struct hub *h, struct error *err);
void hub_path_mtu_destroy(struct hub *h);
/* Believe about this peer from now on, as it is sent to now. */
void hub_path_mtu_track(struct hub *h, struct hub_peer *p);
/* Before a peer changes its place or outbound SA: what was learned is void. */
void hub_path_mtu_forget(struct hub *h, struct hub_peer *p);
/* An ICMP message "fragmentation needed", its checksum checked, came to this outer address. */
void hub_path_mtu_receive(struct hub *h, uint32_t to_be, const uint8_t *icmp, unsigned len);
/* Try a larger one when the time has come. */
void hub_path_mtu_age(struct hub *h, struct hub_peer *p);

/* arp.c */
void hub_arp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *frame, unsigned len);
/* Who has addr? To everybody, or to one station (to != NULL). @return 0 or -ENOBUFS */
int hub_arp_request(struct hub *h, uint16_t port, uint32_t addr_be, const struct mac_addr *to);
/* Say to all on the link where the port's addresses are (RFC 5227 2.3). */
void hub_arp_announce(struct hub *h, uint16_t port);

/* bond.c: which member carries the port. With the links. */
void hub_bond_turn(struct hub *h, uint16_t port);

/* icmp.c */
void hub_icmp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
void hub_icmp_error(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/* An echo request to a spoke, by its own SA whoever has its address meanwhile. */
void hub_icmp_ping(struct hub *h, const struct hub_peer *p);

#define HUB_ICMP_MAX 576 /* RFC 1812 4.3.2.3 */
/* Write "fragmentation needed" about a packet. @return octets */
unsigned hub_icmp_too_big(uint8_t to[HUB_ICMP_MAX], uint32_t src_be, uint32_t dst_be, uint16_t mtu,
	const uint8_t *packet, unsigned len);

/* tap.c */
int hub_taps_create(struct hub *h, struct error *err);
void hub_taps_destroy(struct hub *h);
/* Take what the kernel sent, a burst of each TAP. */
void hub_taps_turn(struct hub *h);
/* Give a packet to the kernel, if a TAP has its address or group (DP_PUNT_HOST). */
void hub_tap_deliver(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);

/* ike.c */
int hub_ike_create(struct hub *h, struct error *err);
void hub_ike_destroy(struct hub *h);
/* Listen to charon, look after it and after lifetimes. */
void hub_ike_turn(struct hub *h);
/* Tell charon how much to log: as LOG_IKE does. */
void hub_ike_log(struct hub *h);
/* charon, if it is a child, ends and deletes its SAs, which tells their peers. @return true: it has
 */
bool hub_ike_leave(struct hub *h);
/* ike_datagram.c: an IKE packet (DP_PUNT_IKE). */
void hub_ike_datagram(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/* Settings belong to the new configuration; places of shared keys are those of its list. */
void hub_ike_repoint(struct hub *h, const struct config_ike *was);
/* Then: charon and its plugin are told of them, and spokes end whose keys are no more. */
int hub_ike_change(struct hub *h, struct error *err);
/* ike_early.c: ESP whose SA is yet to come (DP_PUNT_EARLY). */
void hub_ike_early(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/* ike_peer.c: end a peer's SAs by IKE, and the peer with the last one if only they made it. */
void hub_ike_peer_end(struct hub *h, struct hub_peer *p);
/* ike_peer.c: a peer's packets come from another place than before. */
void hub_ike_peer_moved(struct hub *h, const struct hub_peer *p);

/* shutdown.c */
/* Say what is left to say. */
void hub_shutdown_turn(struct hub *h);
/* Whatever was not said by now is not. Before hub_nhrp_destroy(). */
void hub_shutdown_end(struct hub *h);

/* capture.c */
/* Begin to write a new file. @return 0 or -errno with err */
int hub_capture_start(struct hub *h, const char *path, const struct dp_capture_params *p,
	uint64_t count, struct error *err);
/* Write what waits; end the capture when a bound is reached or the file takes no more. */
void hub_capture_turn(struct hub *h);
/* @return 0, or -ENOENT with err: none runs */
int hub_capture_stop(struct hub *h, struct error *err);
/* End a capture and a trace of this peer alone. Before the data plane forgets it. */
void hub_capture_peer_gone(struct hub *h, uint32_t dp_peer);
void hub_capture_destroy(struct hub *h);

/* state.c: what outlives this process, if it is to be kept; see state_priv.h. */
void hub_state_create(struct hub *h, unsigned peers);
void hub_state_destroy(struct hub *h);
/* Memory for the data plane's tables of SAs. */
void hub_state_memory(const struct hub *h, struct sa_memory memory[2]);
/* Hear of leases. */
int hub_state_watch(struct hub *h, struct error *err);
/* A peer is new, or something of it is. */
void hub_state_peer(struct hub *h, const struct hub_peer *p);
void hub_state_peer_gone(struct hub *h, const struct hub_peer *p);
/* An SA came, with its keys; and went. */
void hub_state_sa(
	struct hub *h, const struct hub_peer *p, const struct sa_params *params, uint32_t index);
void hub_state_sa_gone(struct hub *h, bool in, uint32_t index);
/* A lease is there, or new. */
void hub_state_lease(struct hub *h, const struct nhrp_binding *b);
/* This is the charon that SAs are of. */
void hub_state_charon(struct hub *h, uint64_t instance);
/* Nobody is to go on with it. */
void hub_state_forget(struct hub *h);
/* state_restore.c: go on with what a former hub left, as far as it fits. */
void hub_state_restore(struct hub *h, int fd);

/* reload.c */
/*
 * Read the configuration's file again, check it, compare, and if it is to be applied do so.
 * @param[out] id  what hub.reloads.id is until the next one. @return 0; -EBUSY: one is under way
 */
int hub_reload_start(struct hub *h, bool apply, unsigned *id, struct error *err);
/* Go on, and apply what was read. @return nothing is under way (any more) */
bool hub_reload_poll(struct hub *h);
void hub_reload_destroy(struct hub *h);

/* punt.c: handle what waits. @return packets */
unsigned hub_punt_turn(struct hub *h);

#endif
