/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces: multipoint tunnels, their parameters, and what is the hub's own on them. */
#include <arpa/inet.h>

#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

#define HOLDING_DEFAULT  7200
#define CIES_DEFAULT     16
#define NETWORKS_DEFAULT 16

struct nhrp_iface *nhrp_iface_get(const struct nhrp *n, uint32_t id)
{
	struct nhrp_iface *i;

	HASH_FIND(hh, n->ifaces, &id, sizeof(id), i);
	return i;
}

bool nhrp_within(uint32_t address_be, uint32_t net_be, uint8_t len)
{
	return ((address_be ^ net_be) & ip4_mask_be(len)) == 0;
}

uint32_t nhrp_iface_network(const struct nhrp_iface *i)
{
	return i->p.address_be & ip4_mask_be(i->p.len);
}

/* 0 if its network is too small to have one. */
uint32_t nhrp_iface_broadcast(const struct nhrp_iface *i)
{
	return i->p.len > 30 ? 0 : i->p.address_be | ~ip4_mask_be(i->p.len);
}

bool nhrp_iface_allows(const struct nhrp_iface *i, uint32_t address_be, uint8_t len)
{
	const struct nhrp_prefix *a = i->p.allowed;

	/* FRR's tunnels have host addresses: their networks say nothing. */
	if (i->p.n_allowed == 0)
		return i->p.len == 32 ||
		       (len >= i->p.len && nhrp_within(address_be, i->p.address_be, i->p.len));
	for (unsigned k = 0; k < i->p.n_allowed; k++)
		if (len >= a[k].len && nhrp_within(address_be, a[k].address_be, a[k].len))
			return true;
	return false;
}

/* The longest one that an address lies in, or NULL. */
const struct nhrp_target *nhrp_iface_target(const struct nhrp_iface *i, uint32_t dst_be)
{
	const struct nhrp_target *t, *best = NULL;

	for (unsigned k = 0; k < i->p.n_targets; k++) {
		t = &i->p.targets[k];
		if (nhrp_within(dst_be, t->prefix.address_be, t->prefix.len) &&
			(best == NULL || t->prefix.len > best->prefix.len))
			best = t;
	}
	return best;
}

/* OpenNHRP's `multicast`: dynamic is everybody, nhs the servers, an address whoever has it. */
bool nhrp_iface_multicast(const struct nhrp_iface *i, const struct nhrp_entry *e)
{
	if (e->key.len != 32 || (e->type != NHRP_STATIC && e->type != NHRP_DYNAMIC))
		return false;
	if ((i->p.multicast & NHRP_MULTICAST_DYNAMIC) != 0)
		return true;
	if ((i->p.multicast & NHRP_MULTICAST_NHS) != 0 && e->peer != NULL &&
		nhrp_is_server(i, e->peer))
		return true;
	for (unsigned k = 0; k < i->p.n_multicast; k++)
		if (i->p.multicast_be[k] == e->key.address_be)
			return true;
	return false;
}

static int copy_array(const void **at, size_t n, size_t size)
{
	void *copy;

	if (n == 0) {
		*at = NULL;
		return 0;
	}
	copy = malloc(n * size);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, *at, n * size);
	*at = copy;
	return 0;
}

static void params_free(struct nhrp_iface_params *p)
{
	free((void *)(uintptr_t)p->secret);
	free((void *)(uintptr_t)p->allowed);
	free((void *)(uintptr_t)p->maps);
	free((void *)(uintptr_t)p->nhs);
	free((void *)(uintptr_t)p->targets);
	free((void *)(uintptr_t)p->multicast_be);
}

static bool params_valid(const struct nhrp_iface_params *p)
{
	if (p->address_be == 0 || p->len > 32 || p->mtu == 0 || p->prefix_min > 32)
		return false;
	for (unsigned k = 0; k < p->n_allowed; k++)
		if (p->allowed[k].len > 32)
			return false;
	for (unsigned k = 0; k < p->n_maps; k++)
		if (p->maps[k].prefix.len > 32 || p->maps[k].prefix.address_be == 0)
			return false;
	for (unsigned k = 0; k < p->n_targets; k++)
		if (p->targets[k].prefix.len > 32)
			return false;
	/* It has to fit into every packet with room to spare. */
	return p->secret == NULL || strlen(p->secret) <= 255;
}

static int params_copy(struct nhrp_iface_params *to, const struct nhrp_iface_params *from)
{
	struct nhrp_iface_params p = *from;

	if (!params_valid(from))
		return -EINVAL;
	p.holding = p.holding == 0 ? HOLDING_DEFAULT : p.holding;
	p.holding_max = p.holding_max == 0 ? UINT16_MAX : p.holding_max;
	p.cies_max = p.cies_max == 0 ? CIES_DEFAULT : p.cies_max;
	p.networks_per_peer = p.networks_per_peer == 0 ? NETWORKS_DEFAULT : p.networks_per_peer;
	p.prefix_min = p.prefix_min == 0 ? 32 : p.prefix_min;
	p.secret = NULL;
	p.allowed = NULL;
	p.maps = NULL;
	p.nhs = NULL;
	p.targets = NULL;
	p.multicast_be = NULL;
	if (from->secret != NULL && from->secret[0] != '\0') {
		p.secret = strdup(from->secret);
		if (p.secret == NULL)
			goto err;
	}
#define COPY(field, count)                                                                         \
	p.field = from->field;                                                                     \
	if (copy_array((const void **)&p.field, from->count, sizeof(*from->field)) != 0) {         \
		p.field = NULL;                                                                    \
		goto err;                                                                          \
	}
	COPY(allowed, n_allowed)
	COPY(maps, n_maps)
	COPY(nhs, n_nhs)
	COPY(targets, n_targets)
	COPY(multicast_be, n_multicast)
#undef COPY
	*to = p;
	return 0;
err:
	params_free(&p);
	return -ENOMEM;
}

int nhrp_interface_add(
	struct nhrp *n, uint32_t iface, const struct nhrp_iface_params *p, uint64_t now_ms)
{
	struct nhrp_iface *i;
	int rc;

	n->now = now_ms;
	if (nhrp_iface_get(n, iface) != NULL)
		return -EEXIST;
	i = calloc(1, sizeof(*i));
	if (i == NULL)
		return -ENOMEM;
	i->id = iface;
	TAILQ_INIT(&i->servers);
	rc = params_copy(&i->p, p);
	if (rc != 0)
		goto err;
	HASH_ADD(hh, n->ifaces, id, sizeof(i->id), i);
	if (i->lost) {
		params_free(&i->p);
		rc = -ENOMEM;
		goto err;
	}
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_INTERFACE_UP,
			     .iface = iface,
			     .peer = NHRP_PEER_NONE,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = i->p.address_be,
			     .len = i->p.len,
			     .nbma_be = i->p.nbma_be});
	rc = nhrp_maps_add(n, i);
	if (rc == 0)
		rc = nhrp_servers_set(n, i);
	if (rc != 0)
		nhrp_interface_del(n, iface, now_ms);
	return rc;
err:
	free(i);
	return rc;
}

/* Whether what is bound already may stay under the parameters of today. */
bool nhrp_iface_keeps(const struct nhrp_iface *i, const struct nhrp_entry *e)
{
	const struct nhrp_map *m;

	if (e->key.address_be == i->p.address_be && e->key.len == 32)
		return false;
	if (e->type == NHRP_STATIC) {
		for (unsigned k = 0; k < i->p.n_maps; k++) {
			m = &i->p.maps[k];
			if (m->prefix.len == e->key.len && m->nbma_be == e->claimed_nbma_be &&
				nhrp_within(m->prefix.address_be, e->key.address_be, e->key.len))
				return true;
		}
		return nhrp_server_owns(i, e);
	}
	if (e->type != NHRP_DYNAMIC)
		return true;
	return e->key.len >= i->p.prefix_min &&
	       nhrp_iface_allows(i, e->key.address_be, (uint8_t)e->key.len);
}

int nhrp_interface_change(
	struct nhrp *n, uint32_t iface, const struct nhrp_iface_params *p, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, iface);
	struct nhrp_iface_params copy;
	struct nhrp_entry *e, *next;
	int rc;

	n->now = now_ms;
	if (i == NULL)
		return -ENOENT;
	rc = params_copy(&copy, p);
	if (rc != 0)
		return rc;
	params_free(&i->p);
	i->p = copy;
	HASH_ITER(hh, n->entries, e, next)
	{
		if (e->iface != i)
			continue;
		if (!nhrp_iface_keeps(i, e))
			nhrp_entry_end(n, e, NHRP_END_CONFIG);
		else if (e->mtu > i->p.mtu) {
			e->mtu = i->p.mtu;
			if (e->up && nhrp_entry_install(n, e) != 0)
				nhrp_entry_end(n, e, NHRP_END_REFUSED);
		}
	}
	rc = nhrp_maps_add(n, i);
	return rc != 0 ? rc : nhrp_servers_set(n, i);
}

int nhrp_interface_del(struct nhrp *n, uint32_t iface, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, iface);
	struct nhrp_peer *peer;
	struct nhrp_registration *r, *next_r;
	struct nhrp_entry *e, *next;
	struct nhrp_requester *q, *next_q;
	struct nhrp_purge *g, *next_g;

	n->now = now_ms;
	if (i == NULL)
		return -ENOENT;
	for (peer = n->peers; peer != NULL; peer = peer->hh.next)
		for (r = LIST_FIRST(&peer->pending); r != NULL; r = next_r) {
			next_r = LIST_NEXT(r, of_peer);
			if (r->iface == i)
				nhrp_registration_drop(n, r, NHRP_DROP_NO_INTERFACE);
		}
	HASH_ITER(hh, n->entries, e, next)
	if (e->iface == i)
		nhrp_entry_end(n, e, NHRP_END_CONFIG);
	for (q = TAILQ_FIRST(&n->requesters); q != NULL; q = next_q) {
		next_q = TAILQ_NEXT(q, of_all);
		if (q->iface == i)
			nhrp_requester_free(n, q);
	}
	HASH_ITER(hh, n->purges, g, next_g)
	if (g->iface == i)
		nhrp_purge_free(n, g);
	while (!TAILQ_EMPTY(&i->servers)) {
		nhrp_server_deregister(n, TAILQ_FIRST(&i->servers));
		nhrp_server_free(n, TAILQ_FIRST(&i->servers));
	}
	HASH_DEL(n->ifaces, i);
	params_free(&i->p);
	free(i);
	return 0;
}
