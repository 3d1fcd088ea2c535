/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers: what is known of each, and what ends with it. */
#include "nhrp/nhrp_priv.h"

struct nhrp_peer *nhrp_peer_find(const struct nhrp *n, uint32_t id)
{
	struct nhrp_peer *peer;

	HASH_FIND(hh, n->peers, &id, sizeof(id), peer);
	return peer;
}

/* NULL without memory, and for no peer. */
struct nhrp_peer *nhrp_peer_get(struct nhrp *n, uint32_t id)
{
	struct nhrp_peer *peer = nhrp_peer_find(n, id);

	if (peer != NULL || id == NHRP_PEER_NONE)
		return peer;
	peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return NULL;
	peer->id = id;
	peer->serial = ++n->serial;
	HASH_ADD(hh, n->peers, id, sizeof(peer->id), peer);
	if (peer->lost) {
		free(peer);
		return NULL;
	}
	return peer;
}

/* The peer with an SA behind an NBMA address, or NULL: control may be setting it up. */
struct nhrp_peer *nhrp_peer_behind(struct nhrp *n, struct nhrp_iface *i, uint32_t nbma_be)
{
	struct nhrp_peer *peer;
	uint32_t id;

	if (n->ops.peer_of == NULL)
		return NULL;
	id = n->ops.peer_of(n->ctx, i->id, nbma_be);
	peer = nhrp_peer_get(n, id);
	if (peer == NULL || !nhrp_sa_up(n, peer))
		return NULL;
	peer->nbma_be = nbma_be;
	return peer;
}

void nhrp_peer_up(struct nhrp *n, uint32_t iface, uint32_t id, uint32_t nbma_be, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, iface);
	struct nhrp_peer *peer = nhrp_peer_get(n, id);
	struct nhrp_registration *r, *next;

	n->now = now_ms;
	if (i == NULL || peer == NULL)
		return;
	peer->nbma_be = nbma_be;
	nhrp_maps_peer_up(n, i, peer);
	nhrp_servers_peer_up(n, i, peer);
	nhrp_shortcuts_peer_up(n, i, peer);
	for (r = LIST_FIRST(&peer->pending); r != NULL; r = next) {
		next = LIST_NEXT(r, of_peer);
		nhrp_registration_step(n, r);
	}
}

void nhrp_peer_alive(struct nhrp *n, uint32_t id, uint64_t now_ms)
{
	struct nhrp_peer *peer = nhrp_peer_find(n, id);

	n->now = now_ms;
	if (peer != NULL)
		nhrp_claims_alive(n, peer);
}

/*
 * Nothing may be sent to the peer from here on. Its own requests go first, then what it was told,
 * then its leases; those who wanted its addresses get them last.
 */
void nhrp_peer_gone(struct nhrp *n, uint32_t id, enum nhrp_end why, uint64_t now_ms)
{
	struct nhrp_peer *peer = nhrp_peer_find(n, id);

	n->now = now_ms;
	if (peer == NULL)
		return;
	while (!LIST_EMPTY(&peer->pending))
		nhrp_registration_drop(n, LIST_FIRST(&peer->pending), NHRP_DROP_PEER_GONE);
	while (!LIST_EMPTY(&peer->asked))
		nhrp_requester_free(n, LIST_FIRST(&peer->asked));
	while (!LIST_EMPTY(&peer->purges))
		nhrp_purge_free(n, LIST_FIRST(&peer->purges));
	nhrp_servers_peer_gone(n, peer);
	while (!LIST_EMPTY(&peer->entries))
		nhrp_entry_end(n, LIST_FIRST(&peer->entries), why);
	nhrp_limits_clear(n, peer, 0, 0);
	nhrp_claims_silent(n, peer);
	HASH_DEL(n->peers, peer);
	free(peer);
}

/* Who was told the former address must ask again. */
void nhrp_peer_moved(struct nhrp *n, uint32_t id, uint32_t nbma_be, uint64_t now_ms)
{
	struct nhrp_peer *peer = nhrp_peer_find(n, id);
	struct nhrp_entry *e, *next;
	uint32_t old_be;

	n->now = now_ms;
	if (peer == NULL)
		return;
	peer->nbma_be = nbma_be;
	for (e = LIST_FIRST(&peer->entries); e != NULL; e = next) {
		next = LIST_NEXT(e, of_peer);
		if (!nhrp_entry_is_lease(e) || e->nbma_be == nbma_be)
			continue;
		old_be = e->nbma_be;
		e->nbma_be = nbma_be;
		nhrp_requesters_purge(n, e, NULL);
		if (nhrp_entry_install(n, e) != 0) {
			nhrp_entry_end(n, e, NHRP_END_REFUSED);
			continue;
		}
		n->stats.moved++;
		nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_MOVED,
				     .iface = e->key.iface,
				     .peer = peer->id,
				     .old_peer = peer->id,
				     .address_be = e->key.address_be,
				     .len = (uint8_t)e->key.len,
				     .nbma_be = nbma_be,
				     .old_nbma_be = old_be,
				     .claimed_nbma_be = e->claimed_nbma_be,
				     .mtu = e->mtu,
				     .holding = e->holding,
				     .binding = e->type});
	}
}

bool nhrp_peer_stats(const struct nhrp *n, uint32_t id, struct nhrp_peer_stats *out)
{
	const struct nhrp_peer *peer = nhrp_peer_find(n, id);

	if (peer == NULL)
		return false;
	*out = (struct nhrp_peer_stats){.nbma_be = peer->nbma_be,
		.received = peer->received,
		.dropped = peer->dropped,
		.registered = peer->registered,
		.refused = peer->refused,
		.conflicts = peer->conflicts,
		.errors = peer->errors,
		.redirects = peer->redirects,
		.n_leases = peer->n_leases,
		.n_pending = peer->n_pending,
		.n_requesters = peer->n_requesters};
	return true;
}
