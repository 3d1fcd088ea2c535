/* SPDX-License-Identifier: BSD-3-Clause */
/* Bindings by prefix: found exactly or by longest match, and walked by whoever shows them. */
#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

struct nhrp_entry *nhrp_entry_find(
	const struct nhrp *n, uint32_t iface, uint32_t address_be, uint8_t len)
{
	struct nhrp_key key = {iface, address_be & ip4_mask_be(len), len};
	struct nhrp_entry *e;

	HASH_FIND(hh, n->entries, &key, sizeof(key), e);
	return e;
}

/* As many lookups as there are different prefix lengths: one, where only hosts register. */
struct nhrp_entry *nhrp_entry_match(
	const struct nhrp *n, const struct nhrp_iface *i, uint32_t address_be)
{
	struct nhrp_entry *e;

	for (int len = 32; len >= 0; len--) {
		if (i->n_len[len] == 0)
			continue;
		e = nhrp_entry_find(n, i->id, address_be, (uint8_t)len);
		if (e != NULL)
			return e;
	}
	return NULL;
}

/* A new entry without a peer. NULL without memory. */
struct nhrp_entry *nhrp_entry_add(struct nhrp *n, struct nhrp_iface *i, uint32_t address_be,
	uint8_t len, enum nhrp_binding_type type)
{
	struct nhrp_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->key = (struct nhrp_key){i->id, address_be & ip4_mask_be(len), len};
	e->iface = i;
	e->type = (uint8_t)type;
	e->due.fire = nhrp_entry_expire;
	e->expires_ms = UINT64_MAX;
	TAILQ_INIT(&e->requesters);
	HASH_ADD(hh, n->entries, key, sizeof(e->key), e);
	if (e->lost) {
		free(e);
		return NULL;
	}
	if (type >= NHRP_CACHED) {
		LIST_INSERT_HEAD(&i->shortcuts, e, of_shortcuts);
		n->stats.n_shortcuts++;
	}
	i->n_len[len]++;
	return e;
}

/* Cursors step over it. Its requesters are forgotten. */
void nhrp_entry_free(struct nhrp *n, struct nhrp_entry *e)
{
	for (struct nhrp_cursor *c = n->cursors; c != NULL; c = c->next)
		if (c->at == e)
			c->at = e->hh.next;
	while (!TAILQ_EMPTY(&e->requesters))
		nhrp_requester_free(n, TAILQ_FIRST(&e->requesters));
	if (e->query != NULL)
		nhrp_query_free(n, e->query);
	nhrp_due_never(n, &e->due);
	nhrp_entry_detach(n, e);
	if (e->type >= NHRP_CACHED) {
		LIST_REMOVE(e, of_shortcuts);
		n->stats.n_shortcuts--;
	}
	e->iface->n_len[e->key.len]--;
	HASH_DEL(n->entries, e);
	free(e);
}

void nhrp_entry_view(struct nhrp *n, const struct nhrp_entry *e, struct nhrp_binding *b)
{
	*b = (struct nhrp_binding){.iface = e->key.iface,
		.type = e->type,
		.address_be = e->key.address_be,
		.len = (uint8_t)e->key.len,
		.peer = e->peer == NULL ? NHRP_PEER_NONE : e->peer->id,
		.nbma_be = e->nbma_be,
		.claimed_nbma_be = e->claimed_nbma_be,
		.next_hop_be = e->next_hop_be,
		.mtu = e->mtu,
		.holding = e->holding,
		.expires_ms = e->expires_ms,
		.preference = e->preference,
		.unique = e->unique,
		.own = e->own,
		.up = e->up,
		.multicast = nhrp_iface_multicast(e->iface, e),
		.nhs = e->peer != NULL && nhrp_is_server(e->iface, e->peer),
		.n_requesters = e->n_requesters};
	if (n != NULL)
		b->used = e->up && (n->ops.used == NULL || n->ops.used(n->ctx, b));
}

bool nhrp_binding_find(const struct nhrp *n, uint32_t iface, uint32_t address_be, uint8_t len,
	struct nhrp_binding *b)
{
	const struct nhrp_entry *e = nhrp_entry_find(n, iface, address_be, len);

	if (e != NULL)
		nhrp_entry_view(NULL, e, b);
	return e != NULL;
}

bool nhrp_binding_match(
	const struct nhrp *n, uint32_t iface, uint32_t address_be, struct nhrp_binding *b)
{
	const struct nhrp_iface *i = nhrp_iface_get(n, iface);
	const struct nhrp_entry *e = i == NULL ? NULL : nhrp_entry_match(n, i, address_be);

	if (e != NULL)
		nhrp_entry_view(NULL, e, b);
	return e != NULL;
}

static bool selected(const struct nhrp_selector *s, const struct nhrp_entry *e)
{
	return (!s->by_iface || s->iface == e->key.iface) &&
	       (!s->by_peer || (e->peer == NULL ? NHRP_PEER_NONE : e->peer->id) == s->peer) &&
	       (!s->by_type || s->type == (enum nhrp_binding_type)e->type) &&
	       (s->len == 0 || (e->key.len >= s->len &&
				       nhrp_within(e->key.address_be, s->address_be, s->len))) &&
	       (s->nbma_be == 0 || s->nbma_be == e->nbma_be);
}

void nhrp_cache_open(struct nhrp *n, struct nhrp_cursor *c, const struct nhrp_selector *which)
{
	*c = (struct nhrp_cursor){.n = n, .at = n->entries, .next = n->cursors};
	if (which != NULL)
		c->which = *which;
	n->cursors = c;
}

bool nhrp_cache_next(struct nhrp_cursor *c, struct nhrp_binding *b)
{
	struct nhrp_entry *e;

	while ((e = c->at) != NULL) {
		c->at = e->hh.next;
		if (selected(&c->which, e)) {
			nhrp_entry_view(c->n, e, b);
			return true;
		}
	}
	return false;
}

void nhrp_cache_close(struct nhrp_cursor *c)
{
	struct nhrp_cursor **at = &c->n->cursors;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

/* What is left of `work`: each binding and each purge costs one. */
static unsigned work_left(
	const struct nhrp *n, uint64_t purges_before, unsigned done, unsigned work)
{
	uint64_t cost = n->stats.purges_sent - purges_before + done;

	return cost >= work ? 0 : (unsigned)(work - cost);
}

bool nhrp_cache_clear(struct nhrp_cursor *c, unsigned work, uint64_t now_ms, unsigned *n_ended)
{
	uint64_t before = c->n->stats.purges_sent;
	struct nhrp_entry *e;

	c->n->now = now_ms;
	for (unsigned k = 0; (e = c->at) != NULL && work_left(c->n, before, k, work) > 0; k++) {
		c->at = e->hh.next;
		if (e->type == NHRP_STATIC || !selected(&c->which, e))
			continue;
		nhrp_entry_end(c->n, e, NHRP_END_CLEARED);
		(*n_ended)++;
	}
	return c->at != NULL;
}

bool nhrp_cache_purge(struct nhrp_cursor *c, const struct nhrp_prefix *told, unsigned work,
	uint64_t now_ms, unsigned *n_purged)
{
	uint64_t before = c->n->stats.purges_sent;
	struct nhrp_entry *e;

	c->n->now = now_ms;
	for (unsigned k = 0; (e = c->at) != NULL && work_left(c->n, before, k, work) > 0; k++) {
		c->at = e->hh.next;
		if (selected(&c->which, e))
			*n_purged += nhrp_requesters_purge(c->n, e, told);
	}
	return c->at != NULL;
}
