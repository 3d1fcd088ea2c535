/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May this peer have this address? Asked in this order: can it be registered at all, does the
 * configuration say otherwise, what does the hook say, does somebody else hold it, is there an SA.
 * Whoever has to wait is asked everything anew afterwards: meanwhile the world went on.
 */
#include <arpa/inet.h>

#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

static const uint8_t refusal_codes[NHRP_REFUSES] = {
#define NHRP_REFUSE(upper, name, code, text) code,
#include "nhrp/refuse.def"
#undef NHRP_REFUSE
};

static void done(struct nhrp_claim *c, uint8_t code)
{
	c->state = NHRP_CLAIM_DONE;
	c->code = code;
	c->of->n_open--;
}

void nhrp_claim_refuse(struct nhrp *n, struct nhrp_claim *c, enum nhrp_refuse why)
{
	struct nhrp_registration *r = c->of;

	nhrp_claim_unwait(n, c);
	n->stats.refused[why]++;
	r->peer->refused++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_REFUSED,
			     .iface = r->iface->id,
			     .peer = r->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = c->address_be,
			     .len = c->len,
			     .source_be = c->address_be,
			     .nbma_be = r->outer_be,
			     .claimed_nbma_be = c->claimed_nbma_be,
			     .code = refusal_codes[why],
			     .why = nhrp_refuse_text(why)});
	done(c, refusal_codes[why]);
}

/* Forget what it waits for. */
void nhrp_claim_unwait(struct nhrp *n, struct nhrp_claim *c)
{
	if (c->state == NHRP_CLAIM_PROBE)
		LIST_REMOVE(c, of_probed);
	if (c->state == NHRP_CLAIM_GATE)
		HASH_DEL(n->gated, c);
	if (c->state != NHRP_CLAIM_DONE)
		c->state = NHRP_CLAIM_OPEN;
	c->probed = NULL;
}

/* --- what can never be -------------------------------------------------------------------- */

static bool unicast(uint32_t be)
{
	uint32_t a = ntohl(be);

	return a >> 24 != 0 && a >> 24 != 127 && a >> 28 < 14;
}

/* @return NHRP_REFUSES if nothing speaks against it */
static enum nhrp_refuse policy(struct nhrp *n, const struct nhrp_claim *c)
{
	const struct nhrp_iface *i = c->of->iface;
	struct nhrp_identity id;

	if (!unicast(c->address_be) || c->len == 0)
		return NHRP_REFUSE_ADDRESS;
	if (nhrp_within(i->p.address_be, c->address_be, c->len))
		return NHRP_REFUSE_OWN;
	if (i->p.len < 31 && c->len == 32 &&
		(c->address_be == nhrp_iface_network(i) ||
			c->address_be == nhrp_iface_broadcast(i)))
		return NHRP_REFUSE_ADDRESS;
	if (c->len < i->p.prefix_min)
		return NHRP_REFUSE_PREFIX;
	if (!nhrp_iface_allows(i, c->address_be, c->len))
		return NHRP_REFUSE_NOT_ALLOWED;
	nhrp_identity_of(n, c->of->peer, &id);
	/* Of hosts on the tunnel it may be this one only; its networks are another matter. */
	if (id.pinned_be != 0 && c->len == 32 && c->address_be != id.pinned_be &&
		nhrp_within(c->address_be, i->p.address_be, i->p.len))
		return NHRP_REFUSE_PINNED;
	return NHRP_REFUSES;
}

/* --- who holds it now ------------------------------------------------------------------------ */

enum holder { HOLDER_NONE, HOLDER_YIELDS, HOLDER_UNIQUE, HOLDER_ASK };

static enum holder holder(struct nhrp *n, const struct nhrp_claim *c, const struct nhrp_entry *e)
{
	struct nhrp_registration *r = c->of;
	struct nhrp_identity mine, theirs;

	if (e == NULL || e->type != NHRP_DYNAMIC || e->peer == r->peer)
		return HOLDER_NONE;
	if (r->iface->p.unique == NHRP_ALWAYS_REPLACE)
		return HOLDER_YIELDS;
	/* 5.2.3: rejected if the new and the old one are both unique */
	if (r->iface->p.unique == NHRP_STRICT)
		return e->unique && (r->flags & NHRP_FLAG_REG_UNIQUE) != 0 ? HOLDER_UNIQUE
									   : HOLDER_YIELDS;
	if (c->silent == e->peer->serial)
		return HOLDER_YIELDS;
	nhrp_identity_of(n, r->peer, &mine);
	if (mine.proof == NHRP_MANUAL || (mine.pinned_be == c->address_be && c->len == 32))
		return HOLDER_YIELDS;
	nhrp_identity_of(n, e->peer, &theirs);
	if (mine.proof == NHRP_PROVEN && theirs.proof == NHRP_PROVEN && mine.name != NULL &&
		theirs.name != NULL && mine.name[0] != '\0' && strcmp(mine.name, theirs.name) == 0)
		return HOLDER_YIELDS;
	return HOLDER_ASK;
}

static void conflict(struct nhrp *n, struct nhrp_claim *c, const struct nhrp_peer *with)
{
	struct nhrp_registration *r = c->of;

	n->stats.conflicts++;
	r->peer->conflicts++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_CONFLICT,
			     .iface = r->iface->id,
			     .peer = r->peer->id,
			     .old_peer = with->id,
			     .address_be = c->address_be,
			     .len = c->len,
			     .nbma_be = r->outer_be,
			     .old_nbma_be = with->nbma_be,
			     .claimed_nbma_be = c->claimed_nbma_be,
			     .code = NHRP_CODE_UNIQUE_EXISTS});
}

/* Begin, or look how it went. @return true: decided, c->silent or refused */
static bool probe(struct nhrp *n, struct nhrp_claim *c, struct nhrp_peer *whom)
{
	struct nhrp_identity id;

	if (c->state == NHRP_CLAIM_PROBE && c->probed != whom)
		nhrp_claim_unwait(n, c);
	if (c->state != NHRP_CLAIM_PROBE) {
		c->state = NHRP_CLAIM_PROBE;
		c->probed = whom;
		c->probe_ms = n->now;
		LIST_INSERT_HEAD(&whom->probed_by, c, of_probed);
		if (n->ops.probe != NULL)
			n->ops.probe(n->ctx, whom->id);
		return false;
	}
	if (n->now < c->probe_ms + n->p.probe_ms)
		return false;
	nhrp_identity_of(n, whom, &id);
	nhrp_claim_unwait(n, c);
	if (id.authentic_ms > c->probe_ms) {
		conflict(n, c, whom);
		nhrp_claim_refuse(n, c, NHRP_REFUSE_CONFLICT);
	} else {
		c->silent = whom->serial;
	}
	return true;
}

/* A sign of life of whoever holds an address: those who wait for its silence wait in vain. */
void nhrp_claims_alive(struct nhrp *n, struct nhrp_peer *peer)
{
	struct nhrp_claim *c;

	while ((c = LIST_FIRST(&peer->probed_by)) != NULL) {
		conflict(n, c, peer);
		nhrp_claim_refuse(n, c, NHRP_REFUSE_CONFLICT);
		nhrp_registration_step(n, c->of);
	}
}

/* The holder is gone; its leases are already. */
void nhrp_claims_silent(struct nhrp *n, struct nhrp_peer *peer)
{
	struct nhrp_claim *c;

	while ((c = LIST_FIRST(&peer->probed_by)) != NULL) {
		nhrp_claim_unwait(n, c);
		nhrp_registration_step(n, c->of);
	}
}

/* --- the hook --------------------------------------------------------------------------------- */

static void propose(const struct nhrp_claim *c, struct nhrp_binding *b)
{
	const struct nhrp_registration *r = c->of;

	*b = (struct nhrp_binding){.iface = r->iface->id,
		.type = NHRP_DYNAMIC,
		.address_be = c->address_be,
		.len = c->len,
		.peer = r->peer->id,
		.nbma_be = r->outer_be,
		.claimed_nbma_be = c->claimed_nbma_be,
		.mtu = c->mtu,
		.holding = c->holding,
		.preference = c->preference,
		.unique = (r->flags & NHRP_FLAG_REG_UNIQUE) != 0};
}

/* @return true: decided, c->allowed or refused */
static bool gate(struct nhrp *n, struct nhrp_claim *c)
{
	struct nhrp_binding b;
	enum nhrp_gate answer = NHRP_GATE_ALLOW;

	if (c->state == NHRP_CLAIM_GATE)
		return false;
	c->token = ++n->token;
	propose(c, &b);
	if (n->ops.gate != NULL)
		answer = n->ops.gate(n->ctx, c->token, &b);
	if (answer == NHRP_GATE_LATER) {
		c->lost = false;
		HASH_ADD(hh, n->gated, token, sizeof(c->token), c);
		if (!c->lost) {
			c->state = NHRP_CLAIM_GATE;
			return false;
		}
		nhrp_claim_refuse(n, c, NHRP_REFUSE_MEMORY);
		return true;
	}
	if (answer == NHRP_GATE_ALLOW)
		c->allowed = true;
	else
		nhrp_claim_refuse(n, c, NHRP_REFUSE_GATE);
	return true;
}

void nhrp_gate_result(struct nhrp *n, uint64_t token, bool allow, uint64_t now_ms)
{
	struct nhrp_claim *c;

	n->now = now_ms;
	HASH_FIND(hh, n->gated, &token, sizeof(token), c);
	if (c == NULL)
		return;
	nhrp_claim_unwait(n, c);
	c->allowed = allow;
	if (!allow)
		nhrp_claim_refuse(n, c, NHRP_REFUSE_GATE);
	nhrp_registration_step(n, c->of);
}

/* --- all of it -------------------------------------------------------------------------------- */

void nhrp_claim_step(struct nhrp *n, struct nhrp_claim *c)
{
	struct nhrp_registration *r = c->of;
	enum nhrp_refuse why = policy(n, c);
	struct nhrp_entry *e;
	enum holder h;

	if (why != NHRP_REFUSES) {
		nhrp_claim_refuse(n, c, why);
		return;
	}
	e = nhrp_entry_find(n, r->iface->id, c->address_be, c->len);
	if (e != NULL && e->type == NHRP_STATIC && e->claimed_nbma_be != r->outer_be) {
		nhrp_claim_refuse(n, c, NHRP_REFUSE_MAPPED);
		return;
	}
	h = holder(n, c, e);
	if (h == HOLDER_UNIQUE) {
		conflict(n, c, e->peer);
		nhrp_claim_refuse(n, c, NHRP_REFUSE_UNIQUE);
		return;
	}
	/* Who has it already is not asked again. */
	if (!c->allowed && (e == NULL || e->type >= NHRP_CACHED || e->peer != r->peer) &&
		(!gate(n, c) || c->state == NHRP_CLAIM_DONE))
		return;
	if (h == HOLDER_ASK && (!probe(n, c, e->peer) || c->state == NHRP_CLAIM_DONE))
		return;
	if (!nhrp_sa_up(n, r->peer)) {
		nhrp_claim_unwait(n, c);
		c->state = NHRP_CLAIM_SA;
		return;
	}
	nhrp_claim_unwait(n, c);
	nhrp_claim_commit(n, c);
}

/* --- it may ------------------------------------------------------------------------------------
 */

static enum nhrp_refuse refusal_of(int rc)
{
	switch (rc) {
	case -ENOSPC:
	case -ENOMEM:
		return NHRP_REFUSE_MEMORY;
	case -EEXIST:
		return NHRP_REFUSE_UNIQUE;
	default:
		return NHRP_REFUSE_BIND;
	}
}

static void tell(struct nhrp *n, const struct nhrp_entry *e, enum nhrp_event_type type,
	uint32_t old_peer, uint32_t old_nbma_be)
{
	nhrp_tell(n, &(struct nhrp_event){.type = type,
			     .iface = e->key.iface,
			     .peer = e->peer->id,
			     .old_peer = old_peer,
			     .address_be = e->key.address_be,
			     .len = (uint8_t)e->key.len,
			     .nbma_be = e->nbma_be,
			     .old_nbma_be = old_nbma_be,
			     .claimed_nbma_be = e->claimed_nbma_be,
			     .mtu = e->mtu,
			     .holding = e->holding,
			     .binding = e->type});
}

static void take_over(const struct nhrp_claim *c, struct nhrp_entry *e)
{
	e->nbma_be = c->of->outer_be;
	e->claimed_nbma_be = c->claimed_nbma_be;
	e->mtu = c->mtu;
	e->holding = c->holding;
	e->preference = c->preference;
	e->unique = (c->of->flags & NHRP_FLAG_REG_UNIQUE) != 0;
	e->own = c->own;
}

/* The address that the peer was registered under until now, or NULL. */
static struct nhrp_entry *former(const struct nhrp_claim *c)
{
	struct nhrp_entry *e;

	LIST_FOREACH(e, &c->of->peer->entries, of_peer)
	if (nhrp_entry_is_lease(e) && e->own && e->iface == c->of->iface &&
		e->key.address_be != c->address_be)
		return e;
	return NULL;
}

/* A spoke has one tunnel address. By its own SA nobody else can have said that it is another. */
static void end_former(struct nhrp *n, const struct nhrp_claim *c)
{
	struct nhrp_entry *e = c->own ? former(c) : NULL;

	if (e != NULL)
		nhrp_entry_end(n, e, NHRP_END_MOVED);
}

/* How many leases the peer has then, but for this one. */
static uint32_t others(const struct nhrp_claim *c)
{
	return c->of->peer->n_leases - (c->own && former(c) != NULL);
}

static void lease(struct nhrp *n, struct nhrp_entry *e)
{
	e->expires_ms = n->now + e->holding * 1000ull;
	nhrp_due_at(n, &e->due, e->expires_ms);
}

static enum nhrp_refuse room(struct nhrp *n, const struct nhrp_claim *c)
{
	if (n->overload)
		return NHRP_REFUSE_OVERLOAD;
	if (others(c) >= c->of->iface->p.networks_per_peer)
		return NHRP_REFUSE_NETWORKS;
	if (n->stats.n_leases >= n->p.leases_max)
		return NHRP_REFUSE_LEASES;
	return NHRP_REFUSES;
}

static void commit_new(struct nhrp *n, struct nhrp_claim *c)
{
	struct nhrp_registration *r = c->of;
	enum nhrp_refuse why = room(n, c);
	struct nhrp_entry *e;
	int rc;

	if (why != NHRP_REFUSES) {
		nhrp_claim_refuse(n, c, why);
		return;
	}
	e = nhrp_entry_add(n, r->iface, c->address_be, c->len, NHRP_DYNAMIC);
	if (e == NULL) {
		nhrp_claim_refuse(n, c, NHRP_REFUSE_MEMORY);
		return;
	}
	take_over(c, e);
	nhrp_entry_attach(n, e, r->peer);
	rc = nhrp_entry_install(n, e);
	if (rc != 0) {
		nhrp_entry_free(n, e);
		nhrp_claim_refuse(n, c, refusal_of(rc));
		return;
	}
	lease(n, e);
	n->stats.registered++;
	r->peer->registered++;
	end_former(n, c);
	tell(n, e, NHRP_EV_REGISTERED, NHRP_PEER_NONE, 0);
	done(c, NHRP_CODE_SUCCESS);
}

/*
 * Another peer, or another address of the same: control replaces in one step, so that nobody's
 * packets fall in between. If it cannot, the old lease stays.
 */
static void commit_move(struct nhrp *n, struct nhrp_claim *c, struct nhrp_entry *e)
{
	struct nhrp_registration *r = c->of;
	struct nhrp_peer *old = e->peer;
	struct nhrp_entry before = *e;
	int rc;

	if (old != r->peer && others(c) >= r->iface->p.networks_per_peer) {
		nhrp_claim_refuse(n, c, NHRP_REFUSE_NETWORKS);
		return;
	}
	take_over(c, e);
	nhrp_entry_attach(n, e, r->peer);
	rc = nhrp_entry_install(n, e);
	if (rc != 0) {
		nhrp_entry_attach(n, e, old);
		e->nbma_be = before.nbma_be;
		e->claimed_nbma_be = before.claimed_nbma_be;
		e->mtu = before.mtu;
		e->holding = before.holding;
		e->preference = before.preference;
		e->unique = before.unique;
		e->own = before.own;
		nhrp_claim_refuse(n, c, refusal_of(rc));
		return;
	}
	lease(n, e);
	nhrp_requesters_purge(n, e, NULL);
	end_former(n, c);
	n->stats.moved++;
	r->peer->registered++;
	tell(n, e, NHRP_EV_MOVED, old->id, before.nbma_be);
	done(c, NHRP_CODE_SUCCESS);
}

static void commit_refresh(struct nhrp *n, struct nhrp_claim *c, struct nhrp_entry *e)
{
	bool changed = e->mtu != c->mtu || (c->own && !e->own);

	take_over(c, e);
	if (changed && nhrp_entry_install(n, e) != 0) {
		nhrp_entry_end(n, e, NHRP_END_REFUSED);
		nhrp_claim_refuse(n, c, NHRP_REFUSE_BIND);
		return;
	}
	lease(n, e);
	end_former(n, c);
	n->stats.refreshed++;
	tell(n, e, NHRP_EV_REFRESHED, NHRP_PEER_NONE, 0);
	done(c, NHRP_CODE_SUCCESS);
}

void nhrp_claim_commit(struct nhrp *n, struct nhrp_claim *c)
{
	struct nhrp_registration *r = c->of;
	struct nhrp_entry *e = nhrp_entry_find(n, r->iface->id, c->address_be, c->len);

	/* What we had asked others about, we are told here. */
	if (e != NULL && e->type >= NHRP_CACHED) {
		nhrp_entry_end(n, e, NHRP_END_MOVED);
		e = NULL;
	}
	if (e == NULL)
		commit_new(n, c);
	else if (e->type == NHRP_STATIC) {
		nhrp_maps_peer_up(n, r->iface, r->peer);
		done(c, NHRP_CODE_SUCCESS);
	} else if (e->peer != r->peer || e->nbma_be != r->outer_be)
		commit_move(n, c, e);
	else
		commit_refresh(n, c, e);
}
