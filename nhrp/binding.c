/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a binding: installed, expired, ended. */
#include "nhrp/nhrp_priv.h"

/* How long before the end of a shortcut it is asked for again if it is used. */
#define RENEW_MS 15000

bool nhrp_entry_is_lease(const struct nhrp_entry *e)
{
	return e->type == NHRP_DYNAMIC;
}

void nhrp_entry_attach(struct nhrp *n, struct nhrp_entry *e, struct nhrp_peer *peer)
{
	nhrp_entry_detach(n, e);
	e->peer = peer;
	LIST_INSERT_HEAD(&peer->entries, e, of_peer);
	if (nhrp_entry_is_lease(e)) {
		peer->n_leases++;
		n->stats.n_leases++;
	}
}

void nhrp_entry_detach(struct nhrp *n, struct nhrp_entry *e)
{
	if (e->peer == NULL)
		return;
	LIST_REMOVE(e, of_peer);
	if (nhrp_entry_is_lease(e)) {
		e->peer->n_leases--;
		n->stats.n_leases--;
	}
	e->peer = NULL;
}

/* Let control install it, or what has changed of it. @return 0 or -errno of ops->bind */
int nhrp_entry_install(struct nhrp *n, struct nhrp_entry *e)
{
	struct nhrp_binding b;
	int rc = 0;

	nhrp_entry_view(NULL, e, &b);
	b.up = true;
	if (n->ops.bind != NULL)
		rc = n->ops.bind(n->ctx, &b);
	if (rc == 0)
		e->up = true;
	return rc;
}

static void tell_end(struct nhrp *n, const struct nhrp_entry *e, enum nhrp_end why)
{
	bool shortcut = e->type == NHRP_CACHED;

	nhrp_tell(n, &(struct nhrp_event){.type = shortcut ? NHRP_EV_SHORTCUT_DOWN : NHRP_EV_ENDED,
			     .iface = e->key.iface,
			     .peer = e->peer == NULL ? NHRP_PEER_NONE : e->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = e->key.address_be,
			     .len = (uint8_t)e->key.len,
			     .nbma_be = e->nbma_be,
			     .claimed_nbma_be = e->claimed_nbma_be,
			     .next_hop_be = e->next_hop_be,
			     .end = why,
			     .binding = e->type});
}

void nhrp_entry_down(struct nhrp *n, struct nhrp_entry *e, enum nhrp_end why)
{
	struct nhrp_binding b;

	nhrp_requesters_purge(n, e, NULL);
	if (!e->up)
		return;
	nhrp_entry_view(NULL, e, &b);
	e->up = false;
	if (n->ops.unbind != NULL)
		n->ops.unbind(n->ctx, &b, why);
	if (nhrp_entry_is_lease(e))
		n->stats.ended++;
	tell_end(n, e, why);
}

/*
 * A static map outlives its peer: it waits for another one. Everything else is gone, and RFC 2332
 * 5.2.5 wants those who were told of it to be told that too.
 */
void nhrp_entry_end(struct nhrp *n, struct nhrp_entry *e, enum nhrp_end why)
{
	nhrp_entry_down(n, e, why);
	if (e->type == NHRP_STATIC && why != NHRP_END_CONFIG && why != NHRP_END_SHUTDOWN) {
		nhrp_entry_detach(n, e);
		e->nbma_be = e->claimed_nbma_be;
		return;
	}
	nhrp_entry_free(n, e);
}

static bool used(struct nhrp *n, const struct nhrp_entry *e)
{
	struct nhrp_binding b;

	nhrp_entry_view(n, e, &b);
	return b.used;
}

void nhrp_entry_expire(struct nhrp *n, struct nhrp_due *d)
{
	struct nhrp_entry *e = due_owner(d, struct nhrp_entry);

	if (n->now >= e->expires_ms) {
		nhrp_entry_end(n, e, NHRP_END_EXPIRED);
		return;
	}
	/* RFC 2332 5.2.2: what is used is resolved anew before its holding time ends. */
	nhrp_due_at(n, d, e->expires_ms);
	if (e->type == NHRP_CACHED && e->query == NULL && used(n, e))
		nhrp_query_start(n, e->iface, e->key.address_be, e);
}

/* Make bindings of the interface's maps that have none yet. @return 0, -ENOMEM */
int nhrp_maps_add(struct nhrp *n, struct nhrp_iface *i)
{
	const struct nhrp_map *m;
	struct nhrp_entry *e;
	struct nhrp_peer *peer;

	for (unsigned k = 0; k < i->p.n_maps; k++) {
		m = &i->p.maps[k];
		e = nhrp_entry_find(n, i->id, m->prefix.address_be, m->prefix.len);
		if (e != NULL && e->type == NHRP_STATIC)
			continue;
		if (e != NULL)
			nhrp_entry_end(n, e, NHRP_END_CONFIG);
		e = nhrp_entry_add(n, i, m->prefix.address_be, m->prefix.len, NHRP_STATIC);
		if (e == NULL)
			return -ENOMEM;
		e->nbma_be = e->claimed_nbma_be = m->nbma_be;
		/* With a prefix the address says who in it has the NBMA address. */
		e->next_hop_be = m->prefix.len < 32 ? m->prefix.address_be : 0;
		e->mtu = i->p.mtu;
		peer = nhrp_peer_behind(n, i, m->nbma_be);
		if (peer != NULL)
			nhrp_maps_peer_up(n, i, peer);
	}
	return 0;
}

/* A static binding leads to this peer from now on. */
void nhrp_static_up(struct nhrp *n, struct nhrp_entry *e, struct nhrp_peer *peer)
{
	nhrp_entry_attach(n, e, peer);
	if (nhrp_entry_install(n, e) != 0)
		return;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_REGISTERED,
			     .iface = e->key.iface,
			     .peer = peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = e->key.address_be,
			     .len = (uint8_t)e->key.len,
			     .nbma_be = e->nbma_be,
			     .claimed_nbma_be = e->claimed_nbma_be,
			     .mtu = e->mtu,
			     .binding = NHRP_STATIC});
}

/* Maps to this peer's NBMA address lead to it from now on. */
void nhrp_maps_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer)
{
	const struct nhrp_map *m;
	struct nhrp_entry *e;

	for (unsigned k = 0; k < i->p.n_maps; k++) {
		m = &i->p.maps[k];
		if (m->nbma_be != peer->nbma_be)
			continue;
		e = nhrp_entry_find(n, i->id, m->prefix.address_be, m->prefix.len);
		if (e == NULL || e->type != NHRP_STATIC || (e->peer == peer && e->up))
			continue;
		nhrp_static_up(n, e, peer);
	}
}

/* A shortcut's timer: some time before its end. */
void nhrp_renew_at(struct nhrp *n, struct nhrp_entry *e)
{
	uint64_t left = e->expires_ms - n->now;

	nhrp_due_at(n, &e->due, e->expires_ms - (left > 2 * RENEW_MS ? RENEW_MS : left / 3));
}
