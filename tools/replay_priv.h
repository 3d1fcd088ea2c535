/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside dmvpn-replay: a capture played to the hub's real worker loop, over and over.
 *
 *	replay_frames  which port and worker each frame belongs to; neighbors seen in the capture
 *	replay_port    the port that frames come from and go to, and what that costs
 *	replay_run     loops, windows of measurement, anti-replay between loops
 *	replay_churn   peers that come and go meanwhile
 *	replay_floor   the same packets through bare intel-ipsec-mb calls
 *	replay_report  tables and JSON
 */
#ifndef TOOLS_REPLAY_PRIV_H
#define TOOLS_REPLAY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "config/config.h"
#include "control/hub.h"
#include "dataplane/dp.h"
#include "dataplane/stats.h"
#include "tools/capture.h"
#include "tools/turns.h"

#define REPLAY_WINDOWS    20 /* a measurement is cut into at most so many, to show its spread */
#define REPLAY_HOLD_MAX   65536
#define REPLAY_CHURN_ROOM 1024 /* places for peers that come and go, many times */

struct replay_options {
	const char *config;
	const char *capture;
	const char *port;  /* that all frames come in on; NULL: by their addresses */
	const char *write; /* what the hub transmits in its first loop */
	const char *json;  /* "-": standard output, instead of tables */
	unsigned loops;    /* measured; 0: as many as fit into `seconds` */
	double seconds;
	unsigned warmup; /* loops before */
	unsigned workers;
	unsigned buffers;
	unsigned churn;     /* peers that come and go meanwhile */
	unsigned multicast; /* octets of a packet for all peers, played instead of the capture */
	unsigned slow;      /* cycles that each packet is made to cost more */
	double rate;        /* packets per second; 0: as fast as they are taken */
	bool window_off;
	bool check;
	bool floor;
	bool huge;
};

enum replay_cost {
	REPLAY_PATH,
	REPLAY_FLOOR,            /* keys come from wherever they are */
	REPLAY_FLOOR_PREFETCHED, /* keys are asked for some packets ahead */
	REPLAY_IO_RX,
	REPLAY_IO_TX,
	REPLAY_LOOP,  /* what no stage counts */
	REPLAY_STAGE, /* the first stage, in the order of enum dp_stage */
	REPLAY_COSTS = REPLAY_STAGE + DP_STAGE_COUNT
};

/* A worker's share of a port: indices of frames, in the order of the capture. */
struct replay_queue {
	uint32_t *frames;
	unsigned n_frames;
	unsigned next;
};

/* Written by one worker. All times in TSC cycles. */
struct replay_worker {
	uint64_t io_rx;  /* spent making frames appear */
	uint64_t io_tx;  /* spent taking frames away */
	uint64_t busy;   /* from one receive that gave packets to the next receive */
	uint64_t first;  /* when this loop's first packet was asked for */
	uint64_t last;   /* the latest receive */
	uint64_t end;    /* when the latest packets were done */
	unsigned left;   /* packets this worker has still to get in this loop */
	bool gave;       /* the latest receive did */
	bool sent;       /* packets since then */
	unsigned n_held; /* transmitted, not yet freed: a NIC's transmit ring */
	unsigned held_at;
	struct rte_mbuf **held;
	double cycles_per_packet; /* rate; 0: as fast as they are taken */
	/* At the end of the turn before: what was counted by then. */
	uint64_t seen_rx, seen_tx, seen_taken;
	uint64_t seen_stages[DP_STAGE_COUNT];
	struct turns *turns; /* by enum replay_cost */
	/* What other workers read, too, has a line of its own. */
	uint64_t given __attribute__((aligned(64))); /* packets in this loop; atomic */
	uint64_t taken;                              /* that it transmitted; atomic */
} __attribute__((aligned(64)));

#define REPLAY_GUESTS 64 /* there at a time */

struct replay_guest {
	uint32_t peer;
	uint32_t lan_be;
};

struct replay_churn {
	struct replay_guest guests[REPLAY_GUESTS];
	unsigned came, gone; /* so far */
};

struct replay_port {
	struct replay *replay;
	struct replay_queue queues[DP_WORKERS_MAX];
};

/* What one window measured. */
struct replay_window {
	unsigned workers;
	uint64_t loops;
	uint64_t cycles; /* of the workers, without I/O */
	uint64_t io_rx, io_tx;
	uint64_t elapsed; /* cycles from first packet in to last one out */
	struct dp_stats stats;
};

struct replay {
	struct replay_options opt;
	struct config *config;
	struct capture capture;
	struct hub *hub;
	struct dp *dp;
	struct replay_port ports[CONFIG_PORTS_MAX];
	struct replay_worker *workers;
	struct capture_file *written; /* open in the first loop */
	uint64_t n_written;
	unsigned hold;      /* packets of n_held at most */
	unsigned in_flight; /* packets at most between several workers */
	unsigned n_neighbors;
	struct replay_churn churn;
	struct sa_hot *initial; /* inbound SAs before the first loop */
	struct replay_floor *floor;
	struct turns turns[REPLAY_COSTS];
	struct replay_window windows[REPLAY_WINDOWS];
	unsigned n_windows;
};

/* replay_frames.c */
/* Before the hub is made: Ethernet addresses that ports of the configuration do not have. */
void replay_frames_name_ports(struct replay *r);
/* Fill the queues. @return 0 or -errno with err */
int replay_frames_assign(struct replay *r, struct error *err);
/* Tell the hub the neighbors that the capture shows. */
void replay_frames_learn(struct replay *r);
void replay_frames_free(struct replay *r);

/* replay_churn.c */
/* Some peers come, some go. Control thread, now and then while the capture is played. */
void replay_churn_turn(struct replay *r);
/* Were all there, and are gone? @return 0 or -EAGAIN with err */
int replay_churn_check(const struct replay *r, struct error *err);

/* replay_port.c */
int replay_port_create(struct replay *r, struct error *err);
void replay_port_destroy(struct replay *r);
struct hub_port_source replay_port_source(struct replay *r, unsigned port);
/* All frames anew. No worker runs. */
void replay_port_rewind(struct replay *r);
/* True when all frames of the loop were taken. */
bool replay_port_done(const struct replay *r);
/* True when no packet is under way. */
bool replay_port_settled(const struct replay *r);
/* Time between receives that was not the data plane's. The worker's own thread. */
void replay_port_skip(struct replay *r, unsigned worker, uint64_t cycles);

/* Forget what turns cost so far, or add all workers' to r->turns. No worker runs. */
void replay_port_forget(struct replay *r);
void replay_port_gather(struct replay *r);

/* replay_run.c */
int replay_run(struct replay *r, struct error *err);
/* All drops since the hub was made, tx_full and the like included. */
uint64_t replay_run_drops(const struct replay *r);

/* replay_floor.c */
/* @return NULL if no packet of the capture can be opened and sealed with the configured keys */
struct replay_floor *replay_floor_create(const struct replay *r);
void replay_floor_destroy(struct replay_floor *f);
/* One loop over the packets; what the calls alone cost goes to `turns`, NULL: nowhere. */
void replay_floor_loop(struct replay_floor *f, bool prefetch, struct turns *turns);
/* The code that intel-ipsec-mb chose for this CPU. */
const char *replay_floor_arch(const struct replay_floor *f);

/* replay_report.c */
void replay_report_table(const struct replay *r);
int replay_report_json(const struct replay *r, struct error *err);

#endif
