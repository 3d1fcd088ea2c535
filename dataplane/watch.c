/* SPDX-License-Identifier: BSD-3-Clause */
/* What captures and traces share: the word that says what is on, their memory. */
#include "dataplane/dp_priv.h"

#define CAPTURE_RING 1024

int watch_init(struct dp *dp, struct error *err)
{
	dp->capture.ring =
		rte_ring_create("capture", CAPTURE_RING, dp->params.socket, RING_F_SC_DEQ);
	dp->tracer.free = rte_ring_create("traces", TRACE_RECORDS + 1, dp->params.socket, 0);
	if (dp->capture.ring == NULL || dp->tracer.free == NULL)
		return error_set(err, ENOMEM, "no memory for the queues of captures and traces");
	for (uintptr_t i = 1; i <= TRACE_RECORDS; i++)
		rte_ring_enqueue(dp->tracer.free, (void *)i);
	return 0;
}

void watch_fini(struct dp *dp)
{
	struct rte_mbuf *m;

	while (dp->capture.ring != NULL && rte_ring_dequeue(dp->capture.ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(dp->capture.ring);
	rte_ring_free(dp->tracer.free);
}

void watch_change(struct dp *dp, unsigned clear, unsigned set)
{
	__atomic_store_n(&dp->watch, (dp->watch & ~clear) | set, __ATOMIC_RELEASE);
	dp_synchronize(dp);
}

void dp_express(struct dp *dp, bool on)
{
	watch_change(dp, on ? WATCH_STAGES : 0, on ? 0 : WATCH_STAGES);
}

void watch_received(struct worker *w, uint16_t port, struct pkt **line, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (w->watch & WATCH_FRAMES)
			capture_received(w, port, line[i]->m);
		if (w->watch & WATCH_TRACE)
			trace_begin(w, line[i]);
	}
}
