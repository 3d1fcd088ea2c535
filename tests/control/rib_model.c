/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RIB at random, against a model that knows nothing but the rules. RIB_STEPS and RIB_SEED say
 * how much and which.
 */
#include "tests/control/world.h"

#define TABLE DP_TABLE_OVERLAY

#define MODEL_MAX 400

struct said {
	struct hub_prefix prefix;
	struct hub_route_entry e;
	bool busy;
};

static struct said model[MODEL_MAX];
static unsigned n_model;

static bool inside(const struct hub_prefix *p, uint32_t addr_be)
{
	return ((addr_be ^ p->addr_be) & ip4_mask_be(p->len)) == 0;
}

static bool same_prefix(const struct hub_prefix *a, const struct hub_prefix *b)
{
	return a->addr_be == b->addr_be && a->len == b->len;
}

/* Is a before b, as the rules have it? */
static bool before(const struct hub_route_entry *a, const struct hub_route_entry *b)
{
	const uint32_t x[] = {a->distance, a->source, a->metric, a->instance};
	const uint32_t y[] = {b->distance, b->source, b->metric, b->instance};

	for (unsigned i = 0; i < RTE_DIM(x); i++)
		if (x[i] != y[i])
			return x[i] < y[i];
	return false;
}

static const struct hub_prefix *most_specific(uint32_t addr_be)
{
	const struct hub_prefix *best = NULL;

	for (unsigned i = 0; i < n_model; i++)
		if (model[i].prefix.len > 0 && inside(&model[i].prefix, addr_be) &&
			(best == NULL || model[i].prefix.len > best->len))
			best = &model[i].prefix;
	return best;
}

static void model_add(dp_adj_t *set, unsigned *n, dp_adj_t adj)
{
	dp_adj_t all[HUB_NEXT_HOPS_MAX + 1];
	unsigned k = 0, i = 0;

	for (; i < *n && set[i] < adj; i++)
		all[k++] = set[i];
	if (i < *n && set[i] == adj)
		return;
	all[k++] = adj;
	for (; i < *n; i++)
		all[k++] = set[i];
	*n = RTE_MIN(k, (unsigned)HUB_NEXT_HOPS_MAX);
	memcpy(set, all, *n * sizeof(*set));
}

static unsigned model_resolve(const struct hub_prefix *p, unsigned depth, dp_adj_t *set);

static unsigned model_try(struct said *s, unsigned depth, dp_adj_t *set)
{
	dp_adj_t found[HUB_NEXT_HOPS_MAX];
	unsigned n = 0, k;

	if (s->e.distance == HUB_DISTANCE_NEVER)
		return 0;
	if (s->e.n_next_hops == 0)
		model_add(set, &n, s->e.adj);
	for (unsigned i = 0; i < s->e.n_next_hops; i++) {
		const struct hub_prefix *by = most_specific(s->e.next_hops_be[i]);

		k = by == NULL ? 0 : model_resolve(by, depth + 1, found);
		while (k-- > 0)
			if (DP_ADJ_KIND(found[k]) != DP_ADJ_SPECIAL)
				model_add(set, &n, found[k]);
	}
	return n;
}

static unsigned model_resolve(const struct hub_prefix *p, unsigned depth, dp_adj_t *set)
{
	struct said *order[MODEL_MAX];
	unsigned k = 0, n = 0;

	for (unsigned i = 0; i < n_model; i++) {
		unsigned j = k;

		if (!same_prefix(&model[i].prefix, p))
			continue;
		if (model[i].busy)
			return 0;
		for (; j > 0 && before(&model[i].e, &order[j - 1]->e); j--)
			order[j] = order[j - 1];
		order[j] = &model[i];
		k++;
	}
	if (depth == HUB_RIB_DEPTH)
		return 0;
	for (unsigned i = 0; i < k; i++)
		order[i]->busy = true;
	for (unsigned i = 0; i < k && n == 0; i++)
		n = model_try(order[i], depth, set);
	for (unsigned i = 0; i < k; i++)
		order[i]->busy = false;
	return n;
}

/* Does the forwarding table say of a prefix what the model says? */
static bool agree(const struct hub_prefix *p)
{
	const struct hub_route *r = hub_rib_find(world.hub, TABLE, p->addr_be, p->len);
	dp_adj_t want[HUB_NEXT_HOPS_MAX], have[DP_GROUP_MAX];
	unsigned n_want = model_resolve(p, 0, want), n_have;

	if (n_want == 0)
		return r == NULL || !r->installed;
	if (r == NULL || !r->installed)
		return false;
	n_have = dp_group_members(world.dp, r->adj, have);
	if (n_have == 0)
		have[n_have++] = r->adj;
	return n_have == n_want && memcmp(have, want, n_have * sizeof(have[0])) == 0;
}

/* The longest match of those that work. */
static bool agree_lookup(uint32_t addr_be)
{
	const struct hub_prefix *best = NULL;
	const struct hub_route *r;
	dp_adj_t set[HUB_NEXT_HOPS_MAX], want = DP_ADJ_NO_ROUTE;

	for (unsigned i = 0; i < n_model; i++)
		if (inside(&model[i].prefix, addr_be) &&
			(best == NULL || model[i].prefix.len > best->len) &&
			model_resolve(&model[i].prefix, 0, set) != 0)
			best = &model[i].prefix;
	if (best != NULL) {
		r = hub_rib_find(world.hub, TABLE, best->addr_be, best->len);
		want = r == NULL ? DP_ADJ_NO_ROUTE : r->adj;
	}
	r = hub_rib_lookup(world.hub, TABLE, addr_be);
	return dp_route_lookup(world.dp, TABLE, addr_be) == want && (r == NULL) == (best == NULL) &&
	       (r == NULL || same_prefix(&r->prefix, best));
}

static void model_start(void)
{
	n_model = 0;
	for (const struct hub_route *r = hub_rib_next(world.hub, NULL); r != NULL;
		r = hub_rib_next(world.hub, &r->prefix)) {
		const struct hub_rib_entry *e;

		if (r->prefix.table != TABLE)
			continue;
		STAILQ_FOREACH (e, &r->entries, link)
			model[n_model++] = (struct said){.prefix = r->prefix, .e = e->said};
	}
}

static void model_del(unsigned i)
{
	model[i] = model[--n_model];
}

static void model_set(const struct hub_prefix *p, const struct hub_route_entry *e)
{
	for (unsigned i = 0; i < n_model; i++)
		if (same_prefix(&model[i].prefix, p) && model[i].e.source == e->source &&
			model[i].e.instance == e->instance)
			model_del(i--);
	model[n_model++] = (struct said){.prefix = *p, .e = *e};
}

static uint64_t dice;

static unsigned roll(unsigned sides)
{
	dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(dice >> 33) % sides;
}

/* Few addresses, so that routes meet: 10.0 to 10.3, in which /10 to /32 nest. */
static uint32_t some_address(void)
{
	return rte_cpu_to_be_32(0x0a000000 | roll(4) << 16 | roll(2) << 9 | roll(3));
}

static struct hub_prefix some_prefix(void)
{
	static const uint8_t lens[] = {0, 8, 15, 16, 16, 22, 23, 24, 31, 32, 32};
	uint8_t len = lens[roll(RTE_DIM(lens))];

	return (struct hub_prefix){some_address() & ip4_mask_be(len), len, TABLE};
}

static struct hub_route_entry some_entry(const dp_adj_t *peers)
{
	static const enum hub_route_source sources[] = {
		HUB_ROUTE_PEER, HUB_ROUTE_STATIC, HUB_ROUTE_NHRP, HUB_ROUTE_RIP, HUB_ROUTE_RIP};
	static const dp_adj_t specials[] = {DP_ADJ_BLACKHOLE, DP_ADJ_NO_PEER, DP_ADJ_LOCAL};
	struct hub_route_entry e = {.source = (uint8_t)sources[roll(RTE_DIM(sources))]};

	e.instance = (uint8_t)roll(2);
	e.distance = roll(10) == 0 ? HUB_DISTANCE_NEVER : (uint8_t)(1 + roll(3));
	e.metric = roll(3);
	if (e.source != HUB_ROUTE_PEER)
		e.n_next_hops = (uint8_t)roll(roll(4) == 0 ? HUB_NEXT_HOPS_MAX + 1 : 3);
	for (unsigned i = 0; i < e.n_next_hops; i++)
		e.next_hops_be[i] = some_address();
	e.adj = roll(4) == 0 ? specials[roll(RTE_DIM(specials))] : peers[roll(4)];
	return e;
}

static void change(const dp_adj_t *peers)
{
	struct error err = {""};

	/* About a hundred at a time. */
	if (roll(100) < n_model && roll(2) == 0) {
		struct said s = model[roll(n_model)];

		for (unsigned i = 0; i < n_model; i++)
			if (same_prefix(&model[i].prefix, &s.prefix) &&
				model[i].e.source == s.e.source &&
				model[i].e.instance == s.e.instance)
				model_del(i--);
		hub_rib_withdraw(world.hub, &s.prefix, s.e.source, s.e.instance);
	} else {
		struct hub_prefix p = some_prefix();
		struct hub_route_entry e = some_entry(peers);

		model_set(&p, &e);
		CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, &e, &err), 0);
	}
}

static bool agree_all(void)
{
	for (unsigned i = 0; i < n_model; i++)
		if (!agree(&model[i].prefix))
			return false;
	for (unsigned i = 0; i < 4; i++)
		if (!agree_lookup(some_address()))
			return false;
	return true;
}

static void test_model(void)
{
	unsigned steps = getenv("RIB_STEPS") ? (unsigned)atoi(getenv("RIB_STEPS")) : 5000;
	dp_adj_t peers[4];
	unsigned active = 0, loops = 0, groups = 0;

	world_open(NULL);
	dice = getenv("RIB_SEED") ? strtoull(getenv("RIB_SEED"), NULL, 0) : 1;
	for (unsigned i = 0; i < RTE_DIM(peers); i++) {
		char addr[16];

		snprintf(addr, sizeof(addr), "10.255.0.%u", 11 + i);
		peers[i] = dp_route_lookup(world.dp, TABLE, packet_addr(addr));
	}
	model_start();
	for (unsigned i = 0; i < steps; i++) {
		const struct hub_prefix p = some_prefix();
		const struct hub_route *r = hub_rib_find(world.hub, TABLE, p.addr_be, p.len);
		const struct hub_rib_entry *e = r ? STAILQ_FIRST(&r->entries) : NULL;

		active += r != NULL && r->installed;
		groups += r != NULL && r->installed && DP_ADJ_KIND(r->adj) == DP_ADJ_GROUP;
		loops += e != NULL && hub_rib_state(e) == HUB_ROUTE_LOOP;
		change(peers);
		if (agree_all())
			continue;
		fprintf(stderr, "\n    seed %s, step %u\n",
			getenv("RIB_SEED") ? getenv("RIB_SEED") : "1", i);
		CU_FAIL("RIB and model disagree");
		break;
	}
	/* The dice did meet what the rules are about. */
	CU_ASSERT(active > steps / 20);
	CU_ASSERT(groups > steps / 200);
	CU_ASSERT(loops > steps / 200);
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

static const struct unit_test tests[] = {
	{"at random, as a model has it", test_model},
};

const struct control_suite suite_rib_model = {"rib_model", tests, RTE_DIM(tests)};
