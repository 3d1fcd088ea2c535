/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of a worker: its inbox, its queues, each burst through the stages, transmit. */
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

#define INBOX_SIZE 4096

static const stage_fn chain[DP_STAGE_COUNT] = {
	[DP_STAGE_rx] = rx_stage,
	[DP_STAGE_ip4_in] = ip4_in_stage,
	[DP_STAGE_esp_in] = esp_in_stage,
	[DP_STAGE_gre_in] = gre_in_stage,
	[DP_STAGE_ip4_fwd] = ip4_fwd_stage,
	[DP_STAGE_handoff] = handoff_stage,
	[DP_STAGE_gre_out] = gre_out_stage,
	[DP_STAGE_esp_out] = esp_out_stage,
};

void pkt_drop(struct worker *w, struct pkt *p, enum dp_drop reason)
{
	drop_count(w, reason);
	if (unlikely(w->watch & WATCH_DROPS))
		capture_drop(w, p, reason);
	if (unlikely(p->trace != TRACE_NONE))
		trace_end_pkt(w, p, DP_TRACE_DROPPED, reason);
	buf_free(p->m);
}

void pkt_punted(struct worker *w, struct pkt *p, enum dp_punt_class class, enum dp_drop refused)
{
	if (unlikely(p->trace != TRACE_NONE)) {
		if (refused == DP_DROP_COUNT)
			trace_end_pkt(w, p, DP_TRACE_PUNTED, class);
		else
			trace_end_pkt(w, p, DP_TRACE_DROPPED, refused);
	}
	buf_free(p->m);
}

static uint64_t stage_end(struct worker *w, enum dp_stage stage, unsigned n, uint64_t since)
{
	struct dp_stage_stats *s = &w->stats.stages[stage];
	uint64_t now = rte_rdtsc();

	s->packets += n;
	s->calls++;
	s->cycles += now - since;
	return now;
}

void worker_transmit(struct worker *w, struct pkt **line, unsigned n)
{
	if (unlikely(w->watch & WATCH_TRACE))
		trace_stage(w, DP_STAGE_tx, line, n);
	tx_add_line(w, line, n);
}

void worker_send(struct worker *w, struct pkt **line, unsigned n)
{
	if (unlikely(w->watch & WATCH_TRACE))
		trace_stage(w, DP_STAGE_esp_out, line, n);
	worker_transmit(w, line, esp_out_stage(w, line, n));
}

/* A burst through the stages from `first` on; what is left at their end goes to its ports. */
static void run(struct worker *w, enum dp_stage first, struct pkt **line, unsigned n)
{
	uint64_t t = rte_rdtsc();
	unsigned before;

	w->n_ether = 0;
	for (unsigned s = first; s <= DP_STAGE_esp_out && n > 0; s++) {
		before = n;
		if (unlikely(w->watch & WATCH_TRACE))
			trace_stage(w, s, line, n);
		n = chain[s](w, line, n);
		t = stage_end(w, s, before, t);
	}
	worker_transmit(w, line, n);
	if (w->n_ether != 0) {
		before = w->n_ether;
		if (unlikely(w->watch & WATCH_TRACE))
			trace_stage(w, DP_STAGE_eth_out, w->ether, before);
		n = eth_out_stage(w, w->ether, before);
		worker_transmit(w, w->ether, n);
		stage_end(w, DP_STAGE_eth_out, before, t);
	}
}

static void resume_all(struct worker *w, struct rte_mbuf **m, unsigned n, enum dp_stage by);

/*
 * Before a burst is looked at: what its packets may follow. Whoever parked one put it there before
 * the next one of that flow into the inbox.
 */
static unsigned take_parked(struct worker *w)
{
	struct rte_mbuf *m[BURST_MAX];
	unsigned n, total = 0;

	do {
		n = rte_ring_dequeue_burst(
			w->dp->move.parked, (void **)m, w->dp->params.burst, NULL);
		resume_all(w, m, n, DP_STAGE_handoff);
		total += n;
	} while (n != 0);
	return total;
}

/*
 * Those of a burst that can go the short way do so first. Returns how many are left. While somebody
 * watches, all packets pass by the places where that is done.
 */
static unsigned run_express(struct worker *w, uint16_t port, struct rte_mbuf **m, unsigned n)
{
	struct pkt *line[BURST_MAX], *late[BURST_MAX];
	unsigned n_rest, n_late, n_line, n_opened;
	uint64_t t = rte_rdtsc();

	n_line = express_in(w, port, m, n, &n_rest, line);
	t = stage_end(w, DP_STAGE_express_in, n_line, t);
	if (unlikely(n_line == 0))
		return n_rest;
	express_open(w, line, n_line);
	t = stage_end(w, DP_STAGE_express_open, n_line, t);
	n_opened = n_line;
	n_line = express_fwd(w, port, line, n_line, late, &n_late);
	stage_end(w, DP_STAGE_express_fwd, n_opened, t);
	if (likely(n_line != 0))
		run(w, DP_STAGE_handoff, line, n_line);
	if (n_late != 0)
		run(w, DP_STAGE_gre_in, late, esp_in_accept(w, late, n_late));
	return n_rest;
}

static unsigned poll_queue(struct worker *w, uint16_t port, uint16_t queue)
{
	const struct port *in = &w->dp->ports[port];
	struct rte_mbuf *m[BURST_MAX];
	struct pkt *line[BURST_MAX];
	unsigned n = in->rx(in->ctx, queue, m, (uint16_t)w->dp->params.burst), got = n;
	unsigned parked = unlikely(w->taking) ? take_parked(w) : 0;

	if (n != 0 && likely((w->watch | w->dp->filtering) == 0 && !in->lan))
		n = run_express(w, port, m, n);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &w->pkts[i];

		p->m = m[i];
		p->peer_in = DP_PEER_NONE;
		p->tunnel_in = TUNNEL_NONE;
		p->port = port;
		p->ecn = 0;
		p->table = DP_TABLE_UNDERLAY;
		p->flags = 0;
		p->trace = TRACE_NONE;
		p->adj = DP_ADJ_NO_ROUTE;
		line[i] = p;
	}
	if (n == 0)
		return got + parked;
	if (unlikely(w->watch != 0))
		watch_received(w, port, line, n);
	w->n_lan = 0;
	run(w, DP_STAGE_rx, line, n);
	if (w->n_lan != 0)
		run(w, DP_STAGE_ip4_fwd, w->lan, w->n_lan);
	return got + parked;
}

void pkt_resume(struct pkt *p, struct rte_mbuf *m)
{
	const struct pkt_resume *r = pkt_resume_of(m);

	buf_guard(m);
	p->m = m;
	p->l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, r->l3_off);
	p->l3_len = r->l3_len;
	p->adj = r->adj;
	p->peer_in = r->peer_in;
	p->ecn = 0;
	p->trace = r->trace;
	p->tunnel_in = r->tunnel_in;
	p->port = r->port;
	p->table = r->table;
	p->flags = r->flags;
	p->protocol = r->protocol;
	if (r->stage == DP_STAGE_esp_in) {
		p->esp.esp = p->l3 + rte_ipv4_hdr_len((struct rte_ipv4_hdr *)p->l3);
		if (p->flags & PKT_UDP)
			p->esp.esp += sizeof(struct rte_udp_hdr);
		p->esp.len = (uint16_t)(p->l3_len - (p->esp.esp - p->l3));
	}
}

/* Runs of packets that go on at the same stage are taken together. */
static void resume_all(struct worker *w, struct rte_mbuf **m, unsigned n, enum dp_stage by)
{
	struct pkt *line[BURST_MAX];
	uint64_t t = rte_rdtsc();
	unsigned same;

	for (unsigned i = 0; i < n; i += same) {
		uint8_t stage = pkt_resume_of(m[i])->stage;

		for (same = 0; i + same < n && pkt_resume_of(m[i + same])->stage == stage; same++) {
			line[same] = &w->pkts[same];
			pkt_resume(line[same], m[i + same]);
		}
		t = stage_end(w, by, same, t);
		run(w, stage, line, same);
		t = rte_rdtsc();
	}
}

/* For lines that will be written: they come from the other core's cache once, not twice. */
static inline void prefetch_write(const void *p)
{
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
}

/* Another core wrote all of it: buffer, what is to be known of it, and the packet. */
static void prefetch_resumed(struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rte_prefetch0(m[i]);
		rte_prefetch0(pkt_resume_of(m[i]));
	}
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(m[i], const uint8_t *);

		prefetch_write(data - 64);
		prefetch_write(data);
		prefetch_write(data + 64);
	}
}

/* Multicast of control goes aside, everything else on its way. */
static unsigned poll_inbox(struct worker *w)
{
	struct rte_mbuf *m[BURST_MAX];
	unsigned n = rte_ring_dequeue_burst(w->inbox, (void **)m, w->dp->params.burst, NULL);
	unsigned parked = unlikely(w->taking) ? take_parked(w) : 0;
	unsigned kept = 0;

	prefetch_resumed(m, n);
	for (unsigned i = 0; i < n; i++) {
		if (pkt_resume_of(m[i])->stage == DP_STAGE_replicate)
			replicate_start(w, m[i]);
		else
			m[kept++] = m[i];
	}
	if (kept != 0)
		resume_all(w, m, kept, DP_STAGE_inject);
	return n + parked;
}

static unsigned poll_replication(struct worker *w)
{
	struct rte_mbuf *m[BURST_MAX];
	unsigned n = replicate_turn(w, m);

	if (n != 0)
		resume_all(w, m, n, DP_STAGE_replicate);
	return w->replication.n != 0 ? n + 1 : n;
}

static unsigned n_polled(const struct port *port)
{
	return __atomic_load_n(&port->n_polled, __ATOMIC_ACQUIRE);
}

/* After each burst of n: its packets do not wait for those of other queues. */
static unsigned transmit(struct worker *w, unsigned n)
{
	uint64_t t;

	if (n == 0)
		return 0;
	t = rte_rdtsc();
	if (unlikely(w->handing))
		handoff_flush(w);
	tx_flush(w);
	stage_end(w, DP_STAGE_tx, n, t);
	return n;
}

unsigned dp_worker_poll(struct dp *dp, unsigned worker)
{
	struct worker *w = dp->workers[worker];
	unsigned n_ports = __atomic_load_n(&dp->n_ports, __ATOMIC_ACQUIRE);
	unsigned n;

	w->now = rte_rdtsc();
	w->watch = __atomic_load_n(&dp->watch, __ATOMIC_ACQUIRE);
	w->taking = __atomic_load_n(&dp->granted, __ATOMIC_ACQUIRE) == w->id + 1;
	if (unlikely(w->taking))
		owner_take_granted(w);
	if (unlikely(w->reassembly.held != 0))
		reassembly_turn(w);
	n = transmit(w, poll_inbox(w) + poll_replication(w));
	for (unsigned p = 0; p < n_ports; p++)
		for (unsigned q = w->id; q < n_polled(&dp->ports[p]); q += dp->params.n_workers)
			n += transmit(w, poll_queue(w, (uint16_t)p, (uint16_t)q));
	w->stats.turns++;
	w->stats.idle_turns += n == 0;
	return n;
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct dp *dp = w->dp;

	while (!__atomic_load_n(&dp->quit, __ATOMIC_ACQUIRE)) {
		if (!__atomic_load_n(&dp->run, __ATOMIC_ACQUIRE)) {
			rte_delay_us_sleep(100);
			continue;
		}
		rte_rcu_qsbr_thread_online(dp->qsbr, w->id);
		idle_start(w);
		while (__atomic_load_n(&dp->run, __ATOMIC_RELAXED)) {
			unsigned n = dp_worker_poll(dp, w->id);

			rte_rcu_qsbr_quiescent(dp->qsbr, w->id);
			idle_turn(w, n);
		}
		rte_rcu_qsbr_thread_offline(dp->qsbr, w->id);
	}
	return 0;
}

struct worker *worker_create(struct dp *dp, unsigned id, struct error *err)
{
	struct worker *w;
	char name[RTE_RING_NAMESIZE];
	uint8_t seed[16];

	w = rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, dp->params.socket);
	if (w == NULL) {
		error_set(err, ENOMEM, "no memory for worker %u", id);
		return NULL;
	}
	w->dp = dp;
	w->id = id;
	w->lcore = dp->lcores[id];
	snprintf(name, sizeof(name), "inbox_%u", id);
	w->inbox = rte_ring_create(name, INBOX_SIZE, dp->params.socket, RING_F_SC_DEQ);
	if (w->inbox == NULL) {
		error_set(err, rte_errno, "no memory for the queue of worker %u", id);
		goto err;
	}
	memcpy(seed, dp->params.seed, sizeof(seed));
	seed[0] ^= (uint8_t)id;
	w->esp = esp_context_create(dp->sa_in, seed);
	explicit_bzero(seed, sizeof(seed));
	if (w->esp == NULL) {
		error_set(err, errno,
			"intel-ipsec-mb does not run on this CPU (AES-NI and SSE4.2 are "
			"the least it needs)");
		goto err;
	}
	if (reassembly_init(w, err) < 0)
		goto err;
	ident_init(w);
	redirect_init(w);
	punt_meters_init(w);
	return w;
err:
	worker_destroy(w);
	return NULL;
}

static void purge_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt p;

	pkt_resume(&p, m);
	pkt_drop(w, &p, DP_DROP_handoff_stopped);
}

void worker_purge(struct worker *w)
{
	struct replication *r = &w->replication;
	struct rte_mbuf *m;

	while (rte_ring_dequeue(w->inbox, (void **)&m) == 0)
		purge_one(w, m);
	while (rte_ring_dequeue(w->dp->move.parked, (void **)&m) == 0)
		purge_one(w, m);
	for (; r->n != 0; r->n--, r->first = (r->first + 1) % REPLICATIONS_MAX)
		purge_one(w, r->m[r->first]);
	r->next = 0;
	r->finished = r->started;
}

void worker_destroy(struct worker *w)
{
	struct rte_mbuf *m;

	if (w == NULL)
		return;
	while (w->inbox != NULL && rte_ring_dequeue(w->inbox, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	for (unsigned i = 0; i < w->replication.n; i++)
		rte_pktmbuf_free(w->replication.m[(w->replication.first + i) % REPLICATIONS_MAX]);
	reassembly_fini(w);
	rte_ring_free(w->inbox);
	esp_context_destroy(w->esp);
	rte_free(w);
}
