/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane's own structures. Beside each field stands who writes it; workers read shared
 * state only between two quiescent states.
 */
#ifndef DATAPLANE_DP_PRIV_H
#define DATAPLANE_DP_PRIV_H

#include <emmintrin.h>
#include <sys/queue.h>

#include <rte_ether.h>
#include <rte_fib.h>
#include <rte_rib.h>
#include <rte_ip.h>
#include <rte_ip_frag.h>
#include <rte_mbuf.h>
#include <rte_meter.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "crypto/esp.h"
#include "dataplane/dp.h"
#include "dataplane/filter.h"
#include "dataplane/peer.h"
#include "dataplane/port.h"
#include "dataplane/punt.h"
#include "dataplane/route.h"
#include "dataplane/stats.h"
#include "dataplane/tunnel.h"
#include "dataplane/watch_priv.h"

#define BURST_MAX     64
#define NEIGHBORS_MAX 4096
#define DP_HOSTS_MAX  512
#define TUNNEL_NONE   UINT16_MAX
#define FRAGMENTS_MAX 32
#define NO_VLAN       UINT8_MAX
#define EARLY_SPIS    4096

/* Classes that spokes cause, and for which each spoke has a meter: from here on. */
#define PUNT_PEER_FIRST   DP_PUNT_ICMP
#define PUNT_PEER_CLASSES (DP_PUNT_COUNT - PUNT_PEER_FIRST)

_Static_assert(BURST_MAX <= ESP_BURST_MAX, "a burst is sealed in one call");

/*
 * Ethernet header of a next hop and the port it is on. One 16-byte aligned store replaces it, so
 * that a worker sees the old or the new one, never a mixture (x86 makes such stores atomic on
 * every CPU with AVX; ipsec-mb's fast paths need AVX anyway).
 */
struct l2_header {
	struct rte_ether_hdr eth;
	uint16_t port; /* DP_PORT_NONE: next hop not known */
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct l2_header) == 16, "replaced by one store");

/* All of it as of one moment: control may replace it between two looks. */
static inline __m128i l2_load(const struct l2_header *l2)
{
	return _mm_load_si128((const __m128i *)l2);
}

static inline uint16_t l2_port(__m128i l2)
{
	return (uint16_t)_mm_extract_epi16(l2, offsetof(struct l2_header, port) / 2);
}

/* Outbound SA of a peer and what of it shapes the packet; replaced by one 8-byte store. */
union peer_out {
	struct {
		uint32_t sa; /* SA_NONE: the peer transmits nothing */
		uint8_t iv_len : 6;
		uint8_t plain : 1; /* IV of 8 octets, and nothing of what gre_out.c calls special */
		uint8_t tunnel : 1; /* mode */
		uint8_t tos;        /* OUT_TOS_COPY, or the DSCP to write, in the upper six bits */
		uint16_t mtu;       /* largest inner packet */
	};
	uint64_t word;
};

#define OUT_TOS_COPY 1 /* no DSCP ends in this bit */

/* Where a spoke is, as the world sees it; replaced by one 8-byte store when its NAT rebinds. */
union peer_outer {
	struct {
		uint32_t addr_be;
		uint16_t port_be; /* UDP port of NAT traversal (RFC 3948), 0 = plain ESP */
	};
	uint64_t word;
};

/* Outer IPv4 header up to the source address; length 0, checksum of that and of no destination. */
struct ip4_head {
	uint8_t bytes[10];
	uint16_t sum;
	uint32_t src_be;
};

/* A spoke on a tunnel. Line 0 is all that forwarding to it reads. */
struct peer {
	struct l2_header l2;    /* control writes */
	union peer_out out;     /* control writes */
	union peer_outer outer; /* control writes */
	struct ip4_head ip;
	uint8_t gre[8];    /* GRE header without checksum, ending at the last octet */
	uint16_t path_mtu; /* of the outer path, 0 = as the port; control only */
	uint16_t owner;    /* worker, atomic: claimed by CAS, see esp_in.c */
	uint8_t gre_len;
	uint8_t gre_checksum : 1;
	uint8_t df : 2;       /* enum dp_df */
	uint8_t redirect : 1; /* hairpin packets to it are worth a hint */
	uint8_t used : 1;
	uint8_t multicast : 1;
	uint8_t verified; /* atomic; owner writes: some packet of this peer was authentic */
	uint8_t tunnel;
	/* line 1: control only */
	uint32_t sa_in[DP_PEER_SAS_MAX];
	uint32_t sa_out[DP_PEER_SAS_MAX];
	/* line 2: what becomes of packets that are not simply forwarded */
	uint32_t punt_due[PUNT_PEER_CLASSES]; /* atomic; see punt.c */
	uint32_t address_be;                  /* in the tunnel, 0: not known yet; control writes */
	union {                               /* control only */
		uint32_t next_free;           /* of a place that is free */
		uint16_t mtu;                 /* what the spoke wants itself, 0: any */
	};
	uint16_t arrives; /* 1 + worker that authentic packets were handed from; owner writes */
	uint8_t followed; /* how often it was moved there; control only */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct peer, sa_in) == 64, "forwarding reads one line of a peer");
_Static_assert(offsetof(struct peer, ip) % 16 == 0, "the outer header is one store");
_Static_assert(offsetof(struct peer, punt_due) == 128, "what is seldom read is apart");
_Static_assert(sizeof(struct peer) == 192, "peers are three lines");

/* sa_hot.tag of an inbound SA: what gre_in checks, without touching the peer. */
enum sa_tag {
	SA_TAG_REMOTE, /* the spoke's outer address, network order */
	SA_TAG_LOCAL,  /* ours */
	SA_TAG_KEY,    /* GRE key, network order */
	SA_TAG_FLAGS,  /* SA_FLAG_*, tunnel, the spoke's UDP port in network order or 0 */
};
#define SA_FLAG_KEY        1 /* the tunnel has a key */
#define SA_TAG_TUNNEL(tag) ((uint8_t)((tag)[SA_TAG_FLAGS] >> 8))
#define SA_TAG_PORT(tag)   ((uint16_t)((tag)[SA_TAG_FLAGS] >> 16))

struct tunnel {
	bool used;
	struct dp_filter *filter[DP_FILTER_DIRECTIONS]; /* atomic */
	struct dp_tunnel_params p;
};

/* Why a port sends nothing. */
enum port_closed { PORT_LINK_DOWN = 1, PORT_STOPPED = 2 };

struct port {
	char name[32];
	bool used;
	dp_burst_fn rx;
	dp_burst_fn tx;
	void *ctx;
	uint16_t ethdev;
	uint16_t mtu;
	uint16_t n_rxq;    /* 0: a VLAN of another port */
	uint16_t n_polled; /* of them; 0 while it is stopped. Atomic */
	uint8_t closed;    /* enum port_closed; atomic */
	uint16_t phys;     /* the port that is polled: itself or the parent */
	uint16_t vlan;     /* 0: none */
	struct dp_filter *filter[DP_FILTER_DIRECTIONS]; /* atomic */
	uint8_t *vlans; /* port index by VLAN, NO_VLAN; NULL until one is added. Atomic */
	bool lan;
	bool internet_exit;
	bool host;
	uint8_t offloads; /* enum dp_offload, of the device */
	bool promiscuous;
	struct mac_addr mac;
	unsigned n_addrs;
	uint32_t addrs_be[DP_PORT_ADDRS_MAX];
};

enum pkt_flags {
	PKT_LOCAL = 1,     /* from control: TTL stays, no ICMP error about it */
	PKT_CLAIMING = 2,  /* made this worker the peer's owner, if it proves authentic */
	PKT_HANDED_IN = 4, /* came from another worker as ciphertext: not handed on as such again */
	PKT_UDP = 16,      /* ESP came in UDP (RFC 3948) */
	PKT_HANDED_OUT = 8, /* came from another worker to go out here: not handed on again */
	PKT_OUTSIDE = 32,   /* came in clear on an Internet exit */
};

/* A packet on its way through the stages of one worker. */
struct pkt {
	struct rte_mbuf *m;
	uint8_t *l3;        /* the IPv4 header that is being looked at, outer then inner */
	uint32_t adj;       /* where it goes */
	uint32_t peer_in;   /* whose SA it came on, or DP_PEER_NONE */
	uint16_t port;      /* it came in on, or DP_PORT_NONE */
	uint16_t l3_len;    /* octets from l3; after the checks the IPv4 total length */
	uint8_t table;      /* enum dp_table */
	uint8_t flags;      /* enum pkt_flags */
	uint16_t protocol;  /* GRE protocol type on the way out, host order */
	uint16_t tunnel_in; /* it came in through, or TUNNEL_NONE */
	uint8_t ecn;        /* of the outer header it came in, RFC 6040 */
	uint8_t trace;      /* mark of its record, or TRACE_NONE */
	uint32_t sum;       /* of the outer IPv4 header without its length, on the way out */
	struct esp_packet esp;
};

/* The part of a pkt that travels with an mbuf between threads, in the mbuf's private area. */
struct pkt_resume {
	uint8_t stage; /* enum dp_stage to go on with */
	uint8_t table;
	uint8_t flags;
	uint8_t trace;
	uint16_t tunnel_in;
	uint16_t port;
	uint16_t protocol;
	uint16_t l3_off; /* from the start of the data */
	uint16_t l3_len;
	uint32_t adj;
	uint32_t peer_in;
};

#define PKT_PRIV_SIZE 32
_Static_assert(sizeof(struct pkt_resume) <= PKT_PRIV_SIZE, "fits the private area");
_Static_assert(sizeof(struct dp_punt_info) <= PKT_PRIV_SIZE, "fits the private area");

struct tx_buffer {
	unsigned n;
	struct rte_mbuf *m[BURST_MAX];
	uint8_t traced; /* not 0: some of them is */
	uint8_t trace[BURST_MAX];
};

/* What one spoke may have of a class. */
struct punt_peer_meter {
	uint32_t step;  /* ticks of punt.c from packet to packet at its rate */
	uint32_t slack; /* so far ahead of its time it may be: the burst */
};

/* Packets on their way to another worker's inbox. */
struct handoff {
	unsigned n;
	struct rte_mbuf *m[BURST_MAX];
};

#define REDIRECT_ENTRIES 4096

/* What redirect hints were given lately. */
struct redirect_entry {
	uint32_t peer;
	uint32_t dst_be;
	uint64_t quiet_until; /* TSC */
};

struct redirect {
	unsigned budget;   /* hints that may be given now */
	uint64_t refilled; /* TSC */
	uint64_t step;     /* TSC, until there is one more */
	struct redirect_entry entries[REDIRECT_ENTRIES];
};

#define REPLICATIONS_MAX 256

/* Multicast packets on their way to a tunnel's peers, the first one at peer `next`. */
struct replication {
	unsigned first;
	unsigned n;
	uint32_t next;
	uint32_t started, finished; /* packets so far; wrap */
	struct rte_mbuf *m[REPLICATIONS_MAX];
};

#define IDENT_COUNTERS 1024

/* Identifications of outer packets without don't fragment. */
struct ident {
	uint64_t secret;
	uint16_t step;
	uint16_t next[IDENT_COUNTERS];
};

/* Outer fragments that wait for the rest of their packet. */
struct reassembly {
	struct rte_ip_frag_tbl *table[2]; /* of ESP, of UDP */
	struct rte_ip_frag_death_row dead;
	uint64_t wait; /* TSC cycles */
	unsigned held; /* fragments in both tables */
	unsigned room; /* for so many */
};

/* Everything a worker writes hangs off here. */
struct worker {
	struct dp *dp;
	unsigned id;
	unsigned lcore;
	uint64_t now;                           /* TSC at the start of the turn */
	unsigned watch;                         /* dp.watch as of then */
	bool taking;                            /* a peer was granted: what is parked comes first */
	unsigned idle_turns, nap_us, n_watched; /* see idle.c */
	bool woken;                             /* by the last interrupt */
	struct esp_context *esp;
	struct rte_ring *inbox; /* from other workers and from control */
	struct dp_stats stats;
	struct rte_meter_srtcm meters[DP_PUNT_COUNT];
	unsigned n_ether;
	struct pkt *ether[BURST_MAX]; /* leave by eth_out instead of the tunnel stages */
	unsigned n_lan;
	struct pkt *lan[BURST_MAX]; /* came in on a LAN port: go straight to ip4_fwd */
	struct tx_buffer tx[DP_PORTS_MAX];
	bool handing; /* something is in handoff */
	struct handoff handoff[DP_WORKERS_MAX];
	struct pkt pkts[BURST_MAX];
	struct pkt fragments[FRAGMENTS_MAX];
	struct replication replication;
	struct redirect redirect;
	struct rte_mbuf *copies[BURST_MAX]; /* see capture_sending() */
	struct reassembly reassembly;
	struct ident ident;
} __rte_cache_aligned;

enum retire_kind { RETIRED_PEER, RETIRED_SA_IN, RETIRED_SA_OUT, RETIRED_TUNNEL };

struct retired {
	enum retire_kind kind;
	uint32_t index;
};

/* What a batch waits for; see retire.c. */
enum retire_step {
	RETIRE_IDLE,
	RETIRE_HIDDEN,
	RETIRE_QUEUED,
	RETIRE_TAKEN,
	RETIRE_REPLICATED,
	RETIRE_ENDING,
	RETIRE_PUNTED,
};

/* Control only. */
struct retire {
	struct retired *open, *closing; /* the batch that collects, the one on its way */
	uint32_t n_open, n_closing;
	enum retire_step step;
	uint64_t token;                 /* of the grace period */
	uint32_t inbox[DP_WORKERS_MAX]; /* positions to be passed */
	uint32_t parked, replication[DP_WORKERS_MAX];
	uint32_t punt[DP_PUNT_COUNT];
};

/* Owner of a peer that control moves from one worker to another; see owner.c. */
#define OWNER_MOVING ((uint16_t)(SA_OWNER_NONE - 1))

/* What the move waits for. */
enum move_step {
	MOVE_PARKING,
	MOVE_DRAINING,
	MOVE_ENDING,
	MOVE_CATCHING_UP,
	MOVE_READY,
	MOVE_GRANTED,
	MOVE_TOLD,
	MOVE_TAKING,
	MOVE_TAKEN,
};

/* Control writes. */
struct move {
	bool active;
	uint32_t peer; /* stays when the move is over */
	uint16_t from, to;
	uint32_t next; /* peer to look at, whether its packets arrive elsewhere */
	enum move_step step;
	uint64_t token;          /* of the grace period */
	uint32_t mark;           /* position to be passed */
	struct rte_ring *parked; /* packets of the peer, while it has no owner */
};

#define GROUPS_MAX 4096

struct group_members {
	uint32_t n;
	dp_adj_t at[DP_GROUP_MAX];
};

/* Adjacencies that share the flows of a route. Workers read the members, control has the rest. */
struct group {
	struct group_members members;
	uint32_t holds;
	uint64_t token; /* grace period since the last hold ended */
	STAILQ_ENTRY(group) link;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct group) == 64, "a choice reads one line");

struct groups {
	struct group *at;
	uint64_t seed;
	struct rte_hash *index;    /* members -> group */
	STAILQ_HEAD(, group) free; /* longest ago first */
};

struct dp {
	struct dp_params params;
	unsigned lcores[DP_WORKERS_MAX];
	bool on_lcores;
	bool launched;
	enum dp_idle idle; /* as of the last dp_start(); atomic */
	bool run;          /* atomic; workers poll while set */
	bool quit;         /* atomic */
	struct rte_mempool *packet_pool;
	struct rte_mempool *control_pool;
	struct sa_table *sa_in;
	struct sa_table *sa_out;
	uint32_t early[EARLY_SPIS]; /* SPIs whose SAs are yet to come, by their last bits; atomic */
	struct sa *sa_out_slots;    /* of sa_out, by index */
	struct peer *peers;
	unsigned n_peers;               /* room */
	uint32_t peer_first, peer_last; /* free ones, chained; DP_PEER_NONE: none */
	struct tunnel tunnels[DP_TUNNELS_MAX];
	uint32_t tunnel_first, tunnel_last; /* all tunnels' addresses are between, host order */
	struct port ports[DP_PORTS_MAX];
	unsigned n_ports; /* atomic; grows */
	uint64_t inject_refused;
	unsigned n_hosts;                /* atomic */
	uint32_t hosts_be[DP_HOSTS_MAX]; /* the hub's addresses that its kernel has, too */
	struct l2_header neighbors[NEIGHBORS_MAX];
	unsigned n_neighbors;
	struct rte_fib *fib;      /* the overlay's */
	struct rte_rib *underlay; /* control's alone */
	bool filtering;           /* some filter stands somewhere; atomic */
	unsigned n_filters;
	bool fib_dirty; /* a tbl8 group may have been freed: grace period before the next add */
	struct groups groups;
	struct rte_rcu_qsbr *qsbr;
	struct retire retire;
	struct rte_ring *punt_ring[DP_PUNT_COUNT];
	struct rte_meter_srtcm_profile punt_profile[DP_PUNT_COUNT];
	struct punt_peer_meter punt_peer[PUNT_PEER_CLASSES];
	struct worker *workers[DP_WORKERS_MAX];
	unsigned watch;   /* enum watch; atomic */
	unsigned granted; /* 1 + the worker that is to take the peer that moves, or 0; atomic */
	struct move move;
	struct capture capture;
	struct tracer tracer;
};

/*
 * A stage: takes n packets (1..BURST_MAX) in line, returns how many stay in line, packed to the
 * front in their order. What it takes out it drops, punts or diverts.
 */
typedef unsigned (*stage_fn)(struct worker *w, struct pkt **line, unsigned n);

unsigned rx_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned ip4_in_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned esp_in_stage(struct worker *w, struct pkt **line, unsigned n);
/* Its second half: packets were opened, or not. */
unsigned esp_in_accept(struct worker *w, struct pkt **line, unsigned n);
/* esp_tunnel.c: take the inner header off. @return false: dropped */
bool esp_tunnel_open(struct worker *w, struct pkt *p);
/* Write it in front of gre_len octets of GRE. */
void esp_tunnel_write(uint8_t *gre, unsigned gre_len, const struct peer *peer, uint32_t dst_be,
	uint8_t tos, uint8_t ttl);
/*
 * express.c: the short way of what nearly all packets are, in three steps. The first takes them
 * out of a burst that came on a port.
 * @param[out] n_rest  how many others are left in m
 * @param[out] line    room for n
 * @return how many are in line
 */
unsigned express_in(struct worker *w, uint16_t port, struct rte_mbuf **m, unsigned n,
	unsigned *n_rest, struct pkt **line);
/* The second opens them. */
void express_open(struct worker *w, struct pkt **line, unsigned n);
/*
 * The third finds their peers. Returns how many stay in line, to go on at the handoff stage.
 * @param[out] late  room for n; opened, but not common inside: go on in esp_in_accept()
 */
unsigned express_fwd(struct worker *w, uint16_t port, struct pkt **line, unsigned n,
	struct pkt **late, unsigned *n_late);
unsigned gre_in_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned ip4_fwd_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned handoff_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned gre_out_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned esp_out_stage(struct worker *w, struct pkt **line, unsigned n);
unsigned eth_out_stage(struct worker *w, struct pkt **line, unsigned n);

/*
 * tx.c: put finished frames, and their packets' marks, into their ports' buffers; give the buffers
 * to the ports.
 */
void tx_add_line(struct worker *w, struct pkt **line, unsigned n);
void tx_flush(struct worker *w);

/*
 * punt.c: copy a packet (from start, len octets of p->m) for control. The packet stays p's. Returns
 * why that was not possible, or DP_DROP_COUNT.
 */
enum dp_drop punt_copy(struct worker *w, enum dp_punt_class class, const struct pkt *p,
	const uint8_t *start, unsigned len, uint32_t drop, uint32_t value);
/* The same for the packet from its IPv4 header on, then free it. */
void punt_l3(struct worker *w, enum dp_punt_class class, struct pkt *p);
/* Count the drop, tell control so that it may send an ICMP error, free. */
void punt_error(struct worker *w, struct pkt *p, enum dp_drop reason, uint32_t value);
int punt_init(struct dp *dp, struct error *err);
void punt_fini(struct dp *dp);
void punt_meters_init(struct worker *w);

/*
 * fragment.c: cut an inner packet into pieces of at most mtu octets, in order, and free it. Returns
 * how many (at most FRAGMENTS_MAX), 0 if it was dropped for want of buffers.
 */
unsigned fragment(struct worker *w, struct pkt *p, uint16_t mtu, struct pkt *out);

/*
 * rpf.c: drop what a spoke gives a source it may not have. Takes checked IPv4 packets, returns how
 * many stay in line.
 */
unsigned rpf_check(struct worker *w, struct pkt **line, unsigned n);
/* Is it a station on an Internet exit? */
bool leads_outside(const struct dp *dp, dp_adj_t adj);

/*
 * filter.c: drop what the filters refuse of checked IPv4 packets that came in, or whose way out is
 * known. Returns how many stay in line.
 */
unsigned filter_run(struct worker *w, enum dp_filter_direction d, struct pkt **line, unsigned n);

/* host.c */
/* The kernel has this address of the hub, too. */
void host_add(struct dp *dp, uint32_t addr_be);
/*
 * A packet for the hub that nothing of its own takes: is it the kernel's? Then it is gone, to
 * control.
 */
bool host_take(struct worker *w, enum dp_punt_class class, struct pkt *p);
bool host_take_multicast(struct worker *w, struct pkt *p);

/* ident.c: the next identification of outer packets to this address. */
void ident_init(struct worker *w);
uint16_t ident_next(struct worker *w, uint32_t dst_be);

/* reassemble.c */
int reassembly_init(struct worker *w, struct error *err);
void reassembly_fini(struct worker *w);
/* Once a turn, while fragments are held: give up those that waited too long. */
void reassembly_turn(struct worker *w);
/*
 * Take an outer fragment of ESP or UDP. Returns true when it was the last one missing: p is the
 * whole packet then.
 */
bool reassemble(struct worker *w, struct pkt *p);

/* group.c */
int groups_init(struct dp *dp, struct error *err);
void groups_fini(struct dp *dp);
/* The member that a packet takes. */
dp_adj_t group_choose(const struct dp *dp, dp_adj_t adj, const struct rte_ipv4_hdr *ip);

/* redirect.c: tell control of a hairpin packet, if a hint is due at all. */
void redirect_init(struct worker *w);
void redirect_hint(struct worker *w, const struct pkt *p);
static inline bool redirect_due(const struct worker *w)
{
	return w->redirect.budget != 0 || w->now - w->redirect.refilled >= w->redirect.step;
}

/*
 * replicate.c: take a multicast packet in (its tunnel in pkt_resume.adj), and make the copies of
 * one turn, ready to go on at the handoff stage.
 */
void replicate_start(struct worker *w, struct rte_mbuf *m);
unsigned replicate_turn(struct worker *w, struct rte_mbuf **out);

/*
 * handoff.c: give a packet to the worker that owns its peer, to go on there at this stage; park it
 * if the owner is OWNER_MOVING.
 */
void handoff_send(struct worker *w, uint16_t owner, struct pkt *p, enum dp_stage stage);
/* At the end of a burst: put what was sent into the inboxes. */
void handoff_flush(struct worker *w);

/* idle.c */
enum dp_idle idle_of_ports(const struct dp *dp);
void idle_start(struct worker *w);
/* After each turn, in which n packets came. */
void idle_turn(struct worker *w, unsigned n);

/* owner.c */
int owner_init(struct dp *dp, struct error *err);
void owner_fini(struct dp *dp);
/* Take an unowned peer. If it has an owner, that is told. */
bool owner_claim(struct worker *w, struct peer *peer, uint16_t *owner);
/* Undo it. */
void owner_give_back(struct worker *w, struct peer *peer);
/* The peer that moves is granted to this worker. */
void owner_take_granted(struct worker *w);
/* Was this worker the owner of the peer that moves? It finishes what was handed to it before. */
static inline bool owner_finishes(const struct worker *w, uint16_t owner)
{
	return owner == OWNER_MOVING && w->dp->move.from == w->id;
}

/*
 * retire.c: a place that was unlinked. It is given back by dp_reclaim(), when neither a worker nor
 * a packet in a queue can name it any more.
 */
void retire(struct dp *dp, enum retire_kind kind, uint32_t index);
int retire_init(struct dp *dp, struct error *err);
void retire_fini(struct dp *dp);

/* peer.c */
void peers_init(struct dp *dp);
/* Peers of a tunnel take over its parameters (dp_tunnel_set()). */
void peers_retune(struct dp *dp, uint16_t tunnel);
void peer_free(struct dp *dp, uint32_t index);

/* worker.c */
/* A packet goes on that was sent by handoff_send(), or by control. */
void pkt_resume(struct pkt *p, struct rte_mbuf *m);
/* Drop what waits for a worker that rests. Control thread. */
void worker_purge(struct worker *w);
/* Packets with all headers written: seal them and give them to their ports. */
void worker_send(struct worker *w, struct pkt **line, unsigned n);
/* Finished frames to their ports. */
void worker_transmit(struct worker *w, struct pkt **line, unsigned n);
struct worker *worker_create(struct dp *dp, unsigned id, struct error *err);
void worker_destroy(struct worker *w);
int worker_main(void *arg);

/* Count a drop and free the packet. */
void pkt_drop(struct worker *w, struct pkt *p, enum dp_drop reason);
/* Free a packet after it was copied for control, or after that was refused (punt_copy()). */
void pkt_punted(struct worker *w, struct pkt *p, enum dp_punt_class class, enum dp_drop refused);

/* dp.c: grace periods without waiting. */
uint64_t dp_grace_start(struct dp *dp);
bool dp_grace_over(struct dp *dp, uint64_t token);

/* All that is in a ring now; and is it gone? Positions count up and wrap. Any thread. */
static inline uint32_t ring_mark(const struct rte_ring *r)
{
	return __atomic_load_n(&r->prod.tail, __ATOMIC_ACQUIRE);
}

static inline bool ring_passed(const struct rte_ring *r, uint32_t mark)
{
	return (int32_t)(__atomic_load_n(&r->cons.tail, __ATOMIC_ACQUIRE) - mark) >= 0;
}

static inline void drop_count(struct worker *w, enum dp_drop reason)
{
	w->stats.drops[reason]++;
}

static inline struct pkt_resume *pkt_resume_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

#endif
