/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routing information base: what each source says about a prefix. The best one's word stands in
 * the data plane's forwarding table.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_hash.h>

#include "control/hub_priv.h"

struct key {
	uint32_t addr_be;
	uint8_t len;
	uint8_t table;
	uint16_t zero;
};

int hub_rib_create(struct hub *h, unsigned room, struct error *err)
{
	struct rte_hash_parameters p = {
		.name = "rib",
		.entries = room,
		.key_len = sizeof(struct key),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	h->rib.index = rte_hash_create(&p);
	h->rib.routes = calloc(room, sizeof(*h->rib.routes));
	if (h->rib.index == NULL || h->rib.routes == NULL)
		return error_set(err, ENOMEM,
			"no memory for %u routes: give the EAL more (-m, or hugepages)", room);
	return 0;
}

void hub_rib_destroy(struct hub *h)
{
	rte_hash_free(h->rib.index);
	free(h->rib.routes);
}

static struct hub_route *find(
	const struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len)
{
	struct key key = {.addr_be = addr_be, .len = len, .table = (uint8_t)table};
	int at = rte_hash_lookup(h->rib.index, &key);

	return at < 0 ? NULL : &h->rib.routes[at];
}

enum hub_route_source hub_route_best(const struct hub_route *r)
{
	return (enum hub_route_source)__builtin_ctz(r->have);
}

static int no_room(const struct hub_route *r, int rc, struct error *err)
{
	struct ip_prefix prefix = {.addr = ip_addr_v4(r->addr_be), .len = r->len};
	char text[IP_PREFIX_STRLEN];

	return error_set(err, -rc, "route %s: the forwarding table has no room for it",
		ip_prefix_str(&prefix, text));
}

int hub_rib_add(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source, dp_adj_t adj, struct error *err)
{
	struct key key = {.addr_be = addr_be, .len = len, .table = (uint8_t)table};
	struct hub_route *r = find(h, table, addr_be, len);
	struct hub_route fresh = {addr_be, len, table, 0, {0}, HUB_NONE};
	int at, rc = 0;

	if (r == NULL) {
		at = rte_hash_add_key(h->rib.index, &key);
		if (at < 0)
			return no_room(&fresh, at, err);
		r = &h->rib.routes[at];
		*r = fresh;
	}
	r->have |= (uint8_t)(1u << source);
	r->adj[source] = adj;
	if (hub_route_best(r) == source)
		rc = dp_route_add(h->dp, table, addr_be, len, adj);
	if (rc < 0) {
		no_room(r, rc, err);
		hub_rib_del(h, table, addr_be, len, source);
	}
	return rc;
}

void hub_rib_del(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source)
{
	struct key key = {.addr_be = addr_be, .len = len, .table = (uint8_t)table};
	struct hub_route *r = find(h, table, addr_be, len);

	if (r == NULL || (r->have & 1u << source) == 0)
		return;
	r->have &= (uint8_t) ~(1u << source);
	if (r->have == 0) {
		dp_route_del(h->dp, table, addr_be, len);
		rte_hash_del_key(h->rib.index, &key);
	} else if (hub_route_best(r) > source) {
		dp_route_add(h->dp, table, addr_be, len, r->adj[hub_route_best(r)]);
	}
}

void hub_rib_set_next_hop(
	struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len, uint32_t neighbor)
{
	struct hub_route *r = find(h, table, addr_be, len);

	if (r != NULL)
		r->next_hop = neighbor;
}

const struct hub_route *hub_rib_find(
	const struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len)
{
	return find(h, table, addr_be, len);
}

const struct hub_route *hub_rib_lookup(const struct hub *h, enum dp_table table, uint32_t addr_be)
{
	const struct hub_route *r = NULL;

	for (int len = 32; len >= 0 && r == NULL; len--)
		r = find(h, table, addr_be & ip4_mask_be((uint8_t)len), (uint8_t)len);
	return r;
}

static int by_prefix(const void *a, const void *b)
{
	const struct hub_route *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->addr_be != y->addr_be)
		return ntohl(x->addr_be) < ntohl(y->addr_be) ? -1 : 1;
	return (int)x->len - (int)y->len;
}

struct hub_route *hub_rib_snapshot(const struct hub *h, unsigned *n)
{
	int32_t count = rte_hash_count(h->rib.index);
	struct hub_route *out = count > 0 ? calloc((size_t)count, sizeof(*out)) : NULL;
	uint32_t next = 0;
	const void *key;
	void *data;
	int at;

	*n = 0;
	while (out != NULL && (at = rte_hash_iterate(h->rib.index, &key, &data, &next)) >= 0)
		out[(*n)++] = h->rib.routes[at];
	if (out != NULL)
		qsort(out, *n, sizeof(*out), by_prefix);
	return out;
}

int hub_rib_static(struct hub *h, struct error *err)
{
	const struct config *c = h->config;
	int rc = 0;

	h->route_sibling = calloc(c->n_routes + 1, sizeof(*h->route_sibling));
	if (h->route_sibling == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < c->n_routes && rc == 0; i++) {
		const struct config_route *r = &c->routes[i];
		const struct hub_peer *via = r->blackhole ? NULL : hub_peer_find(h, &r->via);
		dp_adj_t adj = DP_ADJ_BLACKHOLE;

		if (via == NULL && !r->blackhole) {
			rc = hub_neighbor_route(h, i, err);
			continue;
		}
		if (via != NULL)
			adj = DP_ADJ(DP_ADJ_PEER, via->dp);
		rc = hub_rib_add(h, DP_TABLE_OVERLAY, r->prefix.addr.v4_be, r->prefix.len,
			HUB_ROUTE_STATIC, adj, err);
	}
	return rc;
}
