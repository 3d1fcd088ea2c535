/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/dp.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "dataplane/dp_priv.h"

#define POOL_CACHE      256
#define UNDERLAY_ROUTES 8192 /* addresses of ports, what is on their links, gateways */
/*
 * What may stand in front of an inner packet in its buffer, and behind: Ethernet with a tag, the
 * longest IPv4 header, UDP, ESP with an IV, GRE with all fields; ESP's tail.
 */
#define AROUND (18 + 60 + 8 + ESP_HDR_LEN + 16 + 16 + ESP_TAIL_MAX)

static uint16_t data_room(uint16_t mtu)
{
	unsigned room = RTE_PKTMBUF_HEADROOM + AROUND + (mtu != 0 ? mtu : RTE_ETHER_MTU);

	room = RTE_ALIGN_CEIL(room, (unsigned)RTE_CACHE_LINE_SIZE);
	return (uint16_t)RTE_MAX(room, (unsigned)RTE_MBUF_DEFAULT_BUF_SIZE);
}

unsigned dp_buffer_size(uint16_t mtu)
{
	const unsigned mempool_header = RTE_CACHE_LINE_SIZE;

	return mempool_header + sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + data_room(mtu);
}

static void free_buffers(struct rte_mempool_memhdr *chunk, void *memory)
{
	(void)chunk;
	rte_free(memory);
}

/*
 * Without hugepages rte_pktmbuf_pool_create() lets no buffer cross the end of a page, for the next
 * page may be anywhere: each has 4 KB, and all their headers are in the same set of a cache. But
 * there a device knows memory by its virtual addresses, if at all, and those go on.
 */
static struct rte_mempool *create_pool(
	const struct dp *dp, const char *name, unsigned n, unsigned cache)
{
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = data_room(dp->params.mtu), .mbuf_priv_size = PKT_PRIV_SIZE};
	unsigned elt = sizeof(struct rte_mbuf) + PKT_PRIV_SIZE + private.mbuf_data_room_size;
	int socket = dp->params.socket;
	struct rte_mempool *mp;
	void *memory;
	size_t len;

	if (rte_eal_has_hugepages() || rte_eal_iova_mode() != RTE_IOVA_VA)
		return rte_pktmbuf_pool_create(
			name, n, cache, PKT_PRIV_SIZE, private.mbuf_data_room_size, socket);
	mp = rte_mempool_create_empty(
		name, n, elt, cache, sizeof(private), socket, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	if (mp == NULL)
		return NULL;
	len = (size_t)n * (mp->header_size + mp->elt_size + mp->trailer_size);
	memory = rte_malloc_socket(name, len, RTE_CACHE_LINE_SIZE, socket);
	rte_pktmbuf_pool_init(mp, &private);
	if (memory != NULL &&
		rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL) == 0 &&
		rte_mempool_populate_iova(
			mp, memory, (rte_iova_t)memory, len, free_buffers, memory) == (int)n) {
		rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
		return mp;
	}
	/* A chunk that the pool has taken is freed with it. */
	if (mp->nb_mem_chunks == 0)
		rte_free(memory);
	rte_mempool_free(mp);
	rte_errno = ENOMEM;
	return NULL;
}

static int create_pools(struct dp *dp, struct error *err)
{
	unsigned cache = dp->params.n_mbufs >= 4 * POOL_CACHE ? POOL_CACHE : 0;

	dp->packet_pool = create_pool(dp, "packets", dp->params.n_mbufs, cache);
	if (dp->packet_pool == NULL)
		return error_set(err, rte_errno,
			"no memory for %u packet buffers (%u MB): give the EAL more (-m, or "
			"hugepages)",
			dp->params.n_mbufs,
			(unsigned)((uint64_t)dp->params.n_mbufs * dp_buffer_size(dp->params.mtu) >>
				   20) +
				1);
	dp->control_pool = create_pool(dp, "control", DP_CONTROL_BUFFERS, 0);
	if (dp->control_pool == NULL)
		return error_set(err, rte_errno,
			"no memory for %u packet buffers of the control side: give the EAL more "
			"(-m, or hugepages)",
			DP_CONTROL_BUFFERS);
	return 0;
}

static int create_fib(struct dp *dp, struct error *err)
{
	const struct dp_params *p = &dp->params;
	struct rte_fib_conf conf = {
		.type = RTE_FIB_DIR24_8,
		.default_nh = DP_ADJ_NO_ROUTE,
		.max_routes = (int)(p->n_peers * 4 + 8192 + p->n_routes),
		.dir24_8 = {.nh_sz = RTE_FIB_DIR24_8_4B, .num_tbl8 = 16384},
	};

	dp->fib = rte_fib_create("overlay", p->socket, &conf);
	if (dp->fib == NULL)
		return error_set(err, rte_errno,
			"no memory for the forwarding table (about 90 MB): give the EAL more (-m, "
			"or hugepages)");
	/* Takes the widest lookup the EAL allows (--force-max-simd-bitwidth). */
	rte_fib_select_lookup(dp->fib, RTE_FIB_LOOKUP_DEFAULT);
	return 0;
}

static int create_underlay(struct dp *dp, struct error *err)
{
	const struct rte_rib_conf conf = {.max_nodes = 2 * UNDERLAY_ROUTES};

	dp->underlay = rte_rib_create("underlay", dp->params.socket, &conf);
	return dp->underlay != NULL ? 0
				    : error_set(err, rte_errno,
					      "no memory for the underlay's routes: give the EAL "
					      "more (-m, or hugepages)");
}

static int create_tables(struct dp *dp, struct error *err)
{
	const struct dp_params *p = &dp->params;

	dp->peers = rte_zmalloc_socket(
		"peers", (size_t)p->n_peers * sizeof(*dp->peers), RTE_CACHE_LINE_SIZE, p->socket);
	if (dp->peers == NULL)
		return error_set(err, ENOMEM,
			"no memory for %u peers: give the EAL more (-m, or hugepages)", p->n_peers);
	dp->n_peers = p->n_peers;
	peers_init(dp);
	dp->sa_in =
		sa_table_create_in("sa_in", dp_sa_room(p->n_peers), p->socket, &p->sa_memory[1]);
	dp->sa_out =
		sa_table_create_in("sa_out", dp_sa_room(p->n_peers), p->socket, &p->sa_memory[0]);
	if (dp->sa_in == NULL || dp->sa_out == NULL)
		return error_set(err, ENOMEM,
			"no memory for the security associations of %u peers (%u MB in one piece): "
			"give the "
			"EAL more (-m, or hugepages)",
			p->n_peers, p->n_peers * 4 / 1000 + 1);
	dp->sa_out_slots = sa_at(dp->sa_out, 0);
	return 0;
}

/* About half of all memory. */
struct half {
	struct dp *dp;
	struct error err;
	bool made;
};

static int create_half(void *arg)
{
	struct half *h = arg;
	int rc = create_fib(h->dp, &h->err);

	/* Who waits by the EAL sees all that was made; this says so where the EAL is not looked
	 * into. */
	__atomic_store_n(&h->made, true, __ATOMIC_RELEASE);
	return rc;
}

/*
 * Pools and tables are written from end to end, and without hugepages the kernel gives their pages
 * one by one: that is most of the time in which a hub starts. Nothing runs on the first worker's
 * core yet.
 */
static int create_memory(struct dp *dp, struct error *err)
{
	struct half half = {.dp = dp};
	bool beside =
		dp->on_lcores && rte_eal_remote_launch(create_half, &half, dp->lcores[0]) == 0;
	int rc = create_pools(dp, err), half_rc;

	if (rc == 0)
		rc = create_underlay(dp, err);
	if (rc == 0)
		rc = create_tables(dp, err);
	half_rc = beside ? rte_eal_wait_lcore(dp->lcores[0]) : create_half(&half);
	while (!__atomic_load_n(&half.made, __ATOMIC_ACQUIRE))
		rte_pause();
	if (rc == 0 && half_rc < 0) {
		*err = half.err;
		rc = half_rc;
	}
	return rc;
}

static int create_qsbr(struct dp *dp, struct error *err)
{
	dp->qsbr = rte_zmalloc_socket("qsbr", rte_rcu_qsbr_get_memsize(DP_WORKERS_MAX),
		RTE_CACHE_LINE_SIZE, dp->params.socket);
	if (dp->qsbr == NULL || rte_rcu_qsbr_init(dp->qsbr, DP_WORKERS_MAX) != 0)
		return error_set(err, ENOMEM, "no memory for the workers' grace periods");
	for (unsigned i = 0; i < dp->params.n_workers; i++)
		rte_rcu_qsbr_thread_register(dp->qsbr, i);
	return 0;
}

unsigned dp_sa_room(unsigned n_peers)
{
	return rte_align32pow2(n_peers * 2);
}

struct dp *dp_create(const struct dp_params *p, struct error *err)
{
	struct dp *dp;

	if (p->n_workers < 1 || p->n_workers > DP_WORKERS_MAX || p->burst < 1 ||
		p->burst > BURST_MAX || p->n_peers < 1) {
		error_set(err, EINVAL,
			"data plane wants 1..%u workers, a burst of 1..%u and 1 peer",
			DP_WORKERS_MAX, BURST_MAX);
		return NULL;
	}
	dp = rte_zmalloc_socket("dp", sizeof(*dp), RTE_CACHE_LINE_SIZE, p->socket);
	if (dp == NULL) {
		error_set(err, ENOMEM,
			"no memory for the data plane: give the EAL more (-m, or hugepages)");
		return NULL;
	}
	dp->params = *p;
	dp->params.lcores = NULL;
	dp->on_lcores = p->lcores != NULL;
	for (unsigned i = 0; i < p->n_workers; i++)
		dp->lcores[i] = p->lcores ? p->lcores[i] : LCORE_ID_ANY;
	if (create_memory(dp, err) < 0 || create_qsbr(dp, err) < 0 || retire_init(dp, err) < 0 ||
		owner_init(dp, err) < 0 || groups_init(dp, err) < 0 || punt_init(dp, err) < 0 ||
		watch_init(dp, err) < 0)
		goto err;
	for (unsigned i = 0; i < p->n_workers; i++) {
		dp->workers[i] = worker_create(dp, i, err);
		if (dp->workers[i] == NULL)
			goto err;
	}
	explicit_bzero(dp->params.seed, sizeof(dp->params.seed));
	dp->params.ident_seed = 0;
	return dp;
err:
	dp_destroy(dp);
	return NULL;
}

static void close_ports(struct dp *dp)
{
	for (unsigned i = 0; i < dp->n_ports; i++) {
		rte_free(dp->ports[i].vlans);
		if (dp->ports[i].ethdev == RTE_MAX_ETHPORTS)
			continue;
		rte_eth_dev_stop(dp->ports[i].ethdev);
		rte_eth_dev_close(dp->ports[i].ethdev);
	}
}

void dp_destroy(struct dp *dp)
{
	if (dp == NULL)
		return;
	__atomic_store_n(&dp->run, false, __ATOMIC_RELEASE);
	__atomic_store_n(&dp->quit, true, __ATOMIC_RELEASE);
	if (dp->launched)
		for (unsigned i = 0; i < dp->params.n_workers; i++)
			rte_eal_wait_lcore(dp->lcores[i]);
	close_ports(dp);
	for (unsigned i = 0; i < dp->params.n_workers; i++)
		worker_destroy(dp->workers[i]);
	punt_fini(dp);
	watch_fini(dp);
	retire_fini(dp);
	owner_fini(dp);
	sa_table_destroy(dp->sa_in);
	sa_table_destroy(dp->sa_out);
	groups_fini(dp);
	rte_free(dp->peers);
	rte_free(dp->qsbr);
	rte_fib_free(dp->fib);
	rte_rib_free(dp->underlay);
	rte_mempool_free(dp->control_pool);
	rte_mempool_free(dp->packet_pool);
	rte_free(dp);
}

int dp_start(struct dp *dp, struct error *err)
{
	__atomic_store_n(&dp->idle, idle_of_ports(dp), __ATOMIC_RELAXED);
	__atomic_store_n(&dp->run, true, __ATOMIC_RELEASE);
	if (!dp->on_lcores || dp->launched)
		return 0;
	for (unsigned i = 0; i < dp->params.n_workers; i++) {
		int rc = rte_eal_remote_launch(worker_main, dp->workers[i], dp->lcores[i]);

		if (rc != 0)
			return error_set(err, -rc,
				"worker %u cannot run on lcore %u: it is not an EAL worker lcore, "
				"or busy",
				i, dp->lcores[i]);
	}
	dp->launched = true;
	return 0;
}

void dp_stop(struct dp *dp)
{
	/* A worker that went offline holds nothing, so the grace period is the end of its last
	 * turn. */
	__atomic_store_n(&dp->run, false, __ATOMIC_RELEASE);
	dp_synchronize(dp);
}

bool dp_running(const struct dp *dp)
{
	return dp->run;
}

unsigned dp_workers(const struct dp *dp)
{
	return dp->params.n_workers;
}

enum dp_idle dp_idle(const struct dp *dp)
{
	return idle_of_ports(dp);
}

void dp_synchronize(struct dp *dp)
{
	if (dp->launched)
		rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
}

uint64_t dp_grace_start(struct dp *dp)
{
	return dp->launched ? rte_rcu_qsbr_start(dp->qsbr) : 0;
}

bool dp_grace_over(struct dp *dp, uint64_t token)
{
	return !dp->launched || rte_rcu_qsbr_check(dp->qsbr, token, false) == 1;
}

const struct sa_table *dp_sa_table(const struct dp *dp, bool in)
{
	return in ? dp->sa_in : dp->sa_out;
}

struct rte_mempool *dp_packet_pool(const struct dp *dp)
{
	return dp->packet_pool;
}
