/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where workers let themselves be watched. `dp.watch` says what is on; a worker takes it over at
 * the start of each turn, so that a grace period after a change all workers follow it.
 */
#ifndef DATAPLANE_WATCH_PRIV_H
#define DATAPLANE_WATCH_PRIV_H

#include "dataplane/capture.h"
#include "dataplane/drops.h"
#include "dataplane/punt.h"
#include "dataplane/trace.h"

struct pkt;
struct worker;

enum watch {
	WATCH_FRAMES = 1,
	WATCH_INNER = 2,
	WATCH_DROPS = 4,
	WATCH_TRACE = 8,
	WATCH_STAGES = 16, /* nothing; but while anything is on, no packet passes by the stages */
};

struct capture {
	struct dp_capture_params params; /* control writes while nothing is watched */
	struct rte_ring *ring;
};

/* Marks are octets: place in the records, from 1; 0 = not traced. */
#define TRACE_RECORDS 255
#define TRACE_NONE    0

/*
 * A record is free (in the ring), held by the thread that holds its packet, or done. Control alone
 * frees what is done; the session tells a packet that was under way when traces were cleared.
 */
struct trace_record {
	struct dp_trace t;
	uint32_t session;
	bool from_peer; /* came from the outer address of the peer that is asked for */
	bool done;      /* atomic */
};

struct tracer {
	struct dp_trace_params params; /* control writes while nothing is watched */
	uint32_t session;              /* so */
	uint32_t taken;                /* atomic: numbers given */
	struct rte_ring *free;
	struct trace_record records[TRACE_RECORDS + 1];
};

int watch_init(struct dp *dp, struct error *err);
void watch_fini(struct dp *dp);
/* Control: change what is watched and wait until the workers follow. */
void watch_change(struct dp *dp, unsigned clear, unsigned set);

/* A burst just received: capture the frames, begin traces. */
void watch_received(struct worker *w, uint16_t port, struct pkt **line, unsigned n);

/* capture.c */
/* Frames that are given to a port. The copies wait in w->copies until it is known which it took. */
void capture_sending(struct worker *w, uint16_t port, struct rte_mbuf **m, unsigned n);
void capture_sent(struct worker *w, unsigned sent, unsigned n);
void capture_received(struct worker *w, uint16_t port, struct rte_mbuf *m);
/* Inner packets of peers, just decrypted or about to be encrypted. */
void capture_inner(struct worker *w, struct pkt **line, unsigned n, bool out);
void capture_drop(struct worker *w, const struct pkt *p, enum dp_drop reason);
void capture_drop_frame(
	struct worker *w, uint16_t port, const struct rte_mbuf *m, bool out, enum dp_drop reason);
/* Is the outer source (out: destination) of this Ethernet frame the peer's? */
bool capture_frame_is_peers(const struct dp *dp, uint32_t peer, const struct rte_mbuf *m, bool out);

/* trace.c */
void trace_begin(struct worker *w, struct pkt *p);
/* The marked ones of these packets enter a stage. */
void trace_stage(struct worker *w, enum dp_stage stage, struct pkt **line, unsigned n);
/* Cut into n pieces: the first goes on with the mark. */
void trace_cut(struct worker *w, const struct pkt *p, struct pkt *pieces, unsigned n);
/* The packet of this mark (not TRACE_NONE) has ended. */
void trace_end(struct worker *w, uint8_t mark, enum dp_trace_end end, unsigned reason);
void trace_end_pkt(struct worker *w, const struct pkt *p, enum dp_trace_end end, unsigned reason);

#endif
