/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who was given a binding, or sent on to its peer: they are purged when it ends or moves (RFC 2332
 * 5.2.5, 6.2.1). Bounded by lease and in all; one entry for each prefix that a peer asked about.
 */
#include <arpa/inet.h>

#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

static int compare(const struct nhrp_requester *a, const struct nhrp_requester *b)
{
	uint32_t x = ntohl(a->address_be), y = ntohl(b->address_be);

	if (x != y)
		return x < y ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

/* clang-format off */
RB_GENERATE_INTERNAL(nhrp_told_tree, nhrp_requester, by_prefix, compare, __attribute__((unused)) static)
/* clang-format on */

static void tell_of(struct nhrp *n, struct nhrp_requester *r, uint32_t address_be, uint8_t len)
{
	r->address_be = address_be;
	r->len = len;
	r->serial = ++n->serial;
	n->n_told[len]++;
	RB_INSERT(nhrp_told_tree, &n->told, r);
}

static void untell(struct nhrp *n, struct nhrp_requester *r)
{
	n->n_told[r->len]--;
	RB_REMOVE(nhrp_told_tree, &n->told, r);
}

void nhrp_requester_free(struct nhrp *n, struct nhrp_requester *r)
{
	TAILQ_REMOVE(&r->entry->requesters, r, of_entry);
	TAILQ_REMOVE(&n->requesters, r, of_all);
	untell(n, r);
	LIST_REMOVE(r, of_peer);
	r->entry->n_requesters--;
	r->peer->n_requesters--;
	n->stats.n_requesters--;
	free(r);
}

/* Tell it so, if it may still believe what it was told, and forget it. @return whether it was told
 */
static bool take_back(struct nhrp *n, struct nhrp_requester *r)
{
	bool told = r->until_ms > n->now;

	if (told)
		nhrp_purge_send(n, r);
	nhrp_requester_free(n, r);
	return told;
}

/* Make room: what is over needs no purge, else the oldest of the lease is told now. */
static bool make_room(struct nhrp *n, struct nhrp_entry *e)
{
	struct nhrp_requester *oldest = TAILQ_FIRST(&n->requesters);

	if (n->stats.n_requesters >= n->p.requesters_max) {
		if (oldest == NULL || oldest->until_ms > n->now)
			return false;
		nhrp_requester_free(n, oldest);
	}
	if (e->n_requesters >= n->p.requesters_per_lease) {
		take_back(n, TAILQ_FIRST(&e->requesters));
		n->stats.requesters_forgotten++;
	}
	return true;
}

/* @return false if it cannot be remembered: then it must not be answered (5.2.2, code 5) */
bool nhrp_requester_add(struct nhrp *n, struct nhrp_entry *e, const struct nhrp_in *in,
	uint32_t address_be, uint8_t len, uint64_t until_ms)
{
	struct nhrp_requester *r;

	TAILQ_FOREACH (r, &e->requesters, of_entry)
		if (r->peer == in->peer && r->address_be == address_be && r->len == len)
			break;
	if (r == NULL) {
		if (!make_room(n, e))
			return false;
		r = calloc(1, sizeof(*r));
		if (r == NULL)
			return false;
		r->entry = e;
		r->peer = in->peer;
		tell_of(n, r, address_be, len);
		LIST_INSERT_HEAD(&in->peer->asked, r, of_peer);
		e->n_requesters++;
		in->peer->n_requesters++;
		n->stats.n_requesters++;
	} else {
		TAILQ_REMOVE(&e->requesters, r, of_entry);
		TAILQ_REMOVE(&n->requesters, r, of_all);
	}
	r->iface = in->iface;
	r->source_be = in->src_be;
	r->until_ms = until_ms;
	TAILQ_INSERT_TAIL(&e->requesters, r, of_entry);
	TAILQ_INSERT_TAIL(&n->requesters, r, of_all);
	return true;
}

/*
 * A reply passes on its way to `to`: it tells which prefix the requester will have, and for how
 * long. Only what the answering peer itself is asked about is looked at.
 */
void nhrp_requester_learn(struct nhrp *n, const struct nhrp_in *in, struct nhrp_peer *to)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_entry *e;
	struct nhrp_requester *r;
	struct nhrp_cie cie;
	uint8_t len;

	if (!nhrp_cie_next(&c, &cie) || cie.code != NHRP_CODE_SUCCESS)
		return;
	len = nhrp_cie_prefix(&cie);
	LIST_FOREACH(e, &in->peer->entries, of_peer)
	TAILQ_FOREACH (r, &e->requesters, of_entry) {
		if (r->peer != to || !nhrp_within(in->dst_be, r->address_be, r->len))
			continue;
		untell(n, r);
		tell_of(n, r, in->dst_be & ip4_mask_be(len), len);
		r->until_ms = n->now + cie.holding * 1000ull;
		return;
	}
}

static bool overlap(const struct nhrp_requester *r, const struct nhrp_prefix *p)
{
	return nhrp_within(r->address_be, p->address_be, r->len < p->len ? r->len : p->len);
}

/*
 * Tell those who may still believe in what they were told (of what overlaps the prefix, NULL: all),
 * and forget them. @return how many were told
 */
unsigned nhrp_requesters_purge(struct nhrp *n, struct nhrp_entry *e, const struct nhrp_prefix *told)
{
	struct nhrp_requester *r, *next;
	unsigned count = 0;

	for (r = TAILQ_FIRST(&e->requesters); r != NULL; r = next) {
		next = TAILQ_NEXT(r, of_entry);
		if (told == NULL || overlap(r, told))
			count += take_back(n, r);
	}
	return count;
}

/* --- routes change --------------------------------------------------------------------------- */

/* What leads to `dst` now is not who it was told. A lease's own address is not a matter of routes.
 */
static bool stale(struct nhrp *n, const struct nhrp_requester *r, uint32_t dst_be)
{
	const struct nhrp_entry *e = r->entry;
	struct nhrp_route route = {0};

	if (e->peer == NULL || (r->len == e->key.len && r->address_be == e->key.address_be))
		return false;
	if (n->ops.route != NULL)
		n->ops.route(n->ctx, r->iface->id, dst_be, &route);
	return route.kind != NHRP_ROUTE_PEER || route.peer != e->peer->id;
}

static void purge_if_stale(struct nhrp *n, struct nhrp_requester *r, uint32_t dst_be)
{
	if (stale(n, r, dst_be))
		take_back(n, r);
}

/* First that was told of this prefix or one behind it. */
static struct nhrp_requester *told_from(
	struct nhrp *n, uint32_t address_be, uint8_t len, uint64_t serial)
{
	struct nhrp_requester key = {.address_be = address_be, .len = len, .serial = serial};

	return RB_NFIND(nhrp_told_tree, &n->told, &key);
}

/* Those who were told of a wider prefix: what is in it, may not all go one way any more. */
static void check_around(struct nhrp *n, const struct nhrp_change *c)
{
	struct nhrp_requester *r, *next;
	uint32_t around_be;

	for (uint8_t len = 0; len < c->prefix.len; len++) {
		if (n->n_told[len] == 0)
			continue;
		around_be = c->prefix.address_be & ip4_mask_be(len);
		for (r = told_from(n, around_be, len, 0);
			r != NULL && r->address_be == around_be && r->len == len; r = next) {
			next = RB_NEXT(nhrp_told_tree, &n->told, r);
			purge_if_stale(n, r, c->prefix.address_be);
		}
	}
}

bool nhrp_route_changed(struct nhrp *n, struct nhrp_change *c, unsigned work, uint64_t now_ms)
{
	struct nhrp_requester *r, *next;

	n->now = now_ms;
	if (!c->begun) {
		check_around(n, c);
		c->begun = true;
		r = told_from(n, c->prefix.address_be, 0, 0);
	} else {
		r = told_from(n, c->at_be, c->at_len, c->at_serial);
	}
	for (; r != NULL && nhrp_within(r->address_be, c->prefix.address_be, c->prefix.len);
		r = next) {
		if (work-- == 0) {
			c->at_be = r->address_be;
			c->at_len = r->len;
			c->at_serial = r->serial;
			return true;
		}
		next = RB_NEXT(nhrp_told_tree, &n->told, r);
		purge_if_stale(n, r, r->address_be);
	}
	return false;
}

bool nhrp_has_requesters(const struct nhrp *n)
{
	return n->stats.n_requesters != 0;
}
