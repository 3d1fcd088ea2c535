/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "control/hub_priv.h"

#define PAGE_MAX  64 /* an answer has 16 kB */
#define LOOKS_MAX 4096
#define PATIENCE  2 /* seconds */

typedef int (*answer_fn)(struct hub *h, const char *params, struct rte_tel_data *d);

/* The question that waits; one at a time. */
static struct {
	pthread_mutex_t asking; /* held by who asks, from the question to the answer */
	pthread_mutex_t lock;   /* guards what follows */
	pthread_cond_t answered;
	struct hub *hub;
	answer_fn answer; /* NULL: nobody waits */
	const char *params;
	struct rte_tel_data *data;
	int rc;
} waiting = {
	.asking = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.answered = PTHREAD_COND_INITIALIZER,
};

static int ask(answer_fn answer, const char *params, struct rte_tel_data *d)
{
	struct timespec until;
	int rc = -ENODEV;

	pthread_mutex_lock(&waiting.asking);
	pthread_mutex_lock(&waiting.lock);
	if (waiting.hub != NULL) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += PATIENCE;
		waiting.params = params;
		waiting.data = d;
		waiting.rc = -ETIMEDOUT;
		__atomic_store_n(&waiting.answer, answer, __ATOMIC_RELEASE);
		while (waiting.answer != NULL &&
			pthread_cond_clockwait(
				&waiting.answered, &waiting.lock, CLOCK_MONOTONIC, &until) == 0)
			;
		__atomic_store_n(&waiting.answer, NULL, __ATOMIC_RELEASE);
		rc = waiting.rc;
	}
	pthread_mutex_unlock(&waiting.lock);
	pthread_mutex_unlock(&waiting.asking);
	return rc;
}

void telemetry_turn(void)
{
	/* The lock is taken for a question only, which is there until it is answered or given up.
	 */
	if (__atomic_load_n(&waiting.answer, __ATOMIC_ACQUIRE) == NULL)
		return;
	pthread_mutex_lock(&waiting.lock);
	if (waiting.answer != NULL) {
		waiting.rc = waiting.hub == NULL
				     ? -ENODEV
				     : waiting.answer(waiting.hub, waiting.params, waiting.data);
		__atomic_store_n(&waiting.answer, NULL, __ATOMIC_RELEASE);
		pthread_cond_signal(&waiting.answered);
	}
	pthread_mutex_unlock(&waiting.lock);
}

static int answer_summary(struct hub *h, const char *params, struct rte_tel_data *d)
{
	struct nhrp_stats s;
	struct dp_stats dp;
	uint64_t drops = 0;

	(void)params;
	nhrp_stats(h->nhrp.engine, &s);
	dp_stats_read(h->dp, -1, &dp);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		drops += dp.drops[i];
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "version", HUB_VERSION);
	rte_tel_data_add_dict_u64(d, "ports", h->n_ports);
	rte_tel_data_add_dict_u64(d, "workers", dp_workers(h->dp));
	rte_tel_data_add_dict_u64(d, "peers", h->n_peers);
	rte_tel_data_add_dict_u64(d, "leases", s.n_leases);
	rte_tel_data_add_dict_u64(d, "forwarded", dp.forwarded);
	rte_tel_data_add_dict_u64(d, "drops", drops);
	return 0;
}

_Static_assert(DP_DROP_COUNT <= RTE_TEL_MAX_DICT_ENTRIES, "reasons of drops fit an answer");

static int answer_drops(struct hub *h, const char *params, struct rte_tel_data *d)
{
	struct dp_stats s;

	(void)params;
	dp_stats_read(h->dp, -1, &s);
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		rte_tel_data_add_dict_u64(d, dp_drop_names[i].name, s.drops[i]);
	return 0;
}

static int add_peer(struct hub *h, unsigned long at, struct rte_tel_data *list)
{
	const struct hub_peer *p = &h->peers[at];
	struct ip_addr address = ip_addr_v4(p->address_be), nbma = ip_addr_v4(p->nbma_be);
	struct rte_tel_data *d = rte_tel_data_alloc();
	char text[IP_ADDR_STRLEN], place[24];
	uint64_t rx, tx;

	if (d == NULL)
		return -ENOMEM;
	hub_peer_packets(h, p, &rx, &tx);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "tunnel", h->tunnels[p->tunnel].config->name);
	rte_tel_data_add_dict_string(
		d, "peer", p->address_be == 0 ? "" : ip_addr_str(&address, text));
	rte_tel_data_add_dict_string(d, "nbma", ip_addr_str(&nbma, text));
	rte_tel_data_add_dict_string(d, "state", hub_peer_state_name(hub_peer_state(h, p)));
	rte_tel_data_add_dict_u64(d, "rx_packets", rx);
	rte_tel_data_add_dict_u64(d, "tx_packets", tx);
	/* Not an array of them, for which DPDK 22.11 has no words. */
	snprintf(place, sizeof(place), "%lu", at);
	if (rte_tel_data_add_dict_container(list, place, d, 0) == 0)
		return 0;
	rte_tel_data_free(d);
	return -ENOSPC;
}

/* "FROM,COUNT", both may be left out. */
static int parse_page(const char *params, unsigned long *from, unsigned long *count)
{
	char *end = NULL;

	*from = 0;
	*count = PAGE_MAX;
	if (params == NULL || *params == '\0')
		return 0;
	if (*params < '0' || *params > '9')
		return -EINVAL;
	*from = strtoul(params, &end, 10);
	if (*end == ',' && end[1] >= '0' && end[1] <= '9')
		*count = strtoul(end + 1, &end, 10);
	return *end != '\0' || *count == 0 ? -EINVAL : 0;
}

static int answer_peers(struct hub *h, const char *params, struct rte_tel_data *d)
{
	struct rte_tel_data *list;
	unsigned long at, count, n = 0;

	if (parse_page(params, &at, &count) < 0)
		return -EINVAL;
	list = rte_tel_data_alloc();
	if (list == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(d);
	rte_tel_data_start_dict(list);
	for (unsigned looks = 0; at < h->peers_room &&
				 n < RTE_MIN(count, (unsigned long)PAGE_MAX) && looks < LOOKS_MAX;
		at++, looks++)
		if (h->peers[at].used && add_peer(h, at, list) == 0)
			n++;
	rte_tel_data_add_dict_u64(d, "total", h->n_peers);
	/* 0: there are no more. */
	rte_tel_data_add_dict_u64(d, "next", at < h->peers_room ? at : 0);
	return rte_tel_data_add_dict_container(d, "peers", list, 0);
}

static int on_summary(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return ask(answer_summary, params, d);
}

static int on_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return ask(answer_drops, params, d);
}

static int on_peers(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	return ask(answer_peers, params, d);
}

void telemetry_serve(struct hub *h)
{
	static bool registered;

	pthread_mutex_lock(&waiting.lock);
	waiting.hub = h;
	pthread_mutex_unlock(&waiting.lock);
	if (registered || h == NULL)
		return;
	registered = true;
	rte_telemetry_register_cmd("/dmvpn/summary", on_summary, "Counts of the DMVPN hub");
	rte_telemetry_register_cmd("/dmvpn/drops", on_drops, "Packets dropped, by reason");
	rte_telemetry_register_cmd("/dmvpn/peers", on_peers,
		"A page of spokes. Parameters: place to begin at, how many (at most 64)");
}
