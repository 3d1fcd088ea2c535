/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases of an engine that is gone: what was registered there goes on here. */
#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

static bool fits(const struct nhrp_iface *i, const struct nhrp_binding *b)
{
	const struct nhrp_entry probe = {
		.key = {i->id, b->address_be & ip4_mask_be(b->len), b->len},
		.type = NHRP_DYNAMIC,
	};

	return nhrp_iface_keeps(i, &probe);
}

int nhrp_lease_restore(struct nhrp *n, const struct nhrp_binding *b, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, b->iface);
	struct nhrp_peer *peer = nhrp_peer_find(n, b->peer);
	struct nhrp_entry *e;
	int rc;

	n->now = now_ms;
	if (i == NULL || peer == NULL || !nhrp_sa_up(n, peer))
		return -ENOENT;
	if (b->len > 32 || b->holding == 0 || b->expires_ms <= now_ms ||
		b->expires_ms - now_ms > b->holding * 1000ull || !fits(i, b))
		return -EINVAL;
	if (nhrp_entry_find(n, i->id, b->address_be, b->len) != NULL)
		return -EEXIST;
	if (n->stats.n_leases >= n->p.leases_max || peer->n_leases >= i->p.networks_per_peer)
		return -ENOSPC;
	e = nhrp_entry_add(n, i, b->address_be, b->len, NHRP_DYNAMIC);
	if (e == NULL)
		return -ENOMEM;
	e->nbma_be = b->nbma_be;
	e->claimed_nbma_be = b->claimed_nbma_be;
	e->mtu = b->mtu < i->p.mtu ? b->mtu : i->p.mtu;
	e->holding = b->holding;
	e->preference = b->preference;
	e->unique = b->unique;
	e->own = b->own;
	e->expires_ms = b->expires_ms;
	nhrp_entry_attach(n, e, peer);
	rc = nhrp_entry_install(n, e);
	if (rc != 0) {
		nhrp_entry_free(n, e);
		return rc;
	}
	nhrp_due_at(n, &e->due, e->expires_ms);
	return 0;
}
