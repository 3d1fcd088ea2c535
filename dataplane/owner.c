/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker owns a peer. Replay windows and sequence numbers have one writer, the owner; else
 *two transmit queues would reorder past a receiver's window.
 *
 * A worker that meets an unowned peer takes it by compare-and-swap for the time of a burst, and
 *keeps it only if a packet proves authentic; else a flood of forged packets on another queue could
 *pull a peer over to a worker where its traffic does not arrive.
 *
 * Only control moves a peer to another worker, one at a time, and loses and reorders nothing:
 *
 *	1  The owner becomes OWNER_MOVING. Who receives a packet for the peer from now on parks it.
 *	2  A grace period later all workers do so. What stands in the old owner's inbox by then is
 *	   still the old owner's to finish.
 *	3  When that was taken and another grace period ran, the old owner's last packets are with
 *	   their ports.
 *	4  Those that it opened for peers of the new owner wait in that one's inbox. When they were
 *	   taken too, and a grace period ran, the peer is granted to the new owner.
 *	5  The new owner takes the peer, and what is parked before anything else. A grace period
 *later nobody parks any more; when the rest was taken the move is over.
 */
#include <rte_errno.h>

#include "dataplane/dp_priv.h"

#define PARKED_MAX 4096
#define LOOKS_MAX  256 /* peers looked at in one turn of control */
#define FOLLOWED_MAX                                                                               \
	4 /* moves of a peer; then its packets arrive by several queues, and it stays */

int owner_init(struct dp *dp, struct error *err)
{
	dp->move.parked = rte_ring_create("parked", PARKED_MAX, dp->params.socket, RING_F_SC_DEQ);
	if (dp->move.parked == NULL)
		return error_set(err, rte_errno, "no memory for packets of peers that move");
	return 0;
}

void owner_fini(struct dp *dp)
{
	struct rte_mbuf *m;

	while (dp->move.parked != NULL && rte_ring_dequeue(dp->move.parked, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(dp->move.parked);
}

bool owner_claim(struct worker *w, struct peer *peer, uint16_t *owner)
{
	*owner = SA_OWNER_NONE;
	return __atomic_compare_exchange_n(
		&peer->owner, owner, (uint16_t)w->id, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
}

void owner_give_back(struct worker *w, struct peer *peer)
{
	uint16_t self = (uint16_t)w->id;

	/* Control may have given it to another meanwhile. */
	__atomic_compare_exchange_n(
		&peer->owner, &self, SA_OWNER_NONE, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void owner_take_granted(struct worker *w)
{
	struct peer *peer = &w->dp->peers[w->dp->move.peer];
	uint16_t moving = OWNER_MOVING;

	__atomic_compare_exchange_n(
		&peer->owner, &moving, (uint16_t)w->id, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint16_t dp_peer_owner(const struct dp *dp, uint32_t peer)
{
	uint16_t owner = __atomic_load_n(&dp->peers[peer].owner, __ATOMIC_ACQUIRE);

	return owner == OWNER_MOVING ? dp->move.to : owner;
}

/* Each SA's packets ask for the peer's owner again. */
static void disown_sas(struct dp *dp, const struct peer *peer)
{
	for (unsigned i = 0; i < DP_PEER_SAS_MAX; i++)
		if (peer->sa_in[i] != SA_NONE)
			__atomic_store_n(&sa_at(dp->sa_in, peer->sa_in[i])->hot.owner,
				SA_OWNER_NONE, __ATOMIC_RELEASE);
}

int dp_peer_set_owner(struct dp *dp, uint32_t index, unsigned worker)
{
	struct peer *peer = &dp->peers[index];
	struct move *v = &dp->move;
	uint16_t owner = SA_OWNER_NONE;

	if (worker >= dp->params.n_workers)
		return -EINVAL;
	if (v->active)
		return -EBUSY;
	if (__atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE) == worker)
		return 0;
	if (!__atomic_load_n(&peer->verified, __ATOMIC_RELAXED)) {
		/* Nobody used it yet, though somebody may be trying whether a packet is authentic.
		 */
		if (!__atomic_compare_exchange_n(&peer->owner, &owner, (uint16_t)worker, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return -EBUSY;
		__atomic_store_n(&peer->verified, 1, __ATOMIC_RELAXED);
		return 0;
	}
	v->from = __atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE);
	v->to = (uint16_t)worker;
	v->peer = index;
	v->step = MOVE_PARKING;
	v->active = true;
	__atomic_store_n(&peer->owner, OWNER_MOVING, __ATOMIC_RELEASE);
	disown_sas(dp, peer);
	v->token = dp_grace_start(dp);
	return 0;
}

static bool step_over(struct dp *dp)
{
	const struct move *v = &dp->move;

	switch (v->step) {
	case MOVE_PARKING:
	case MOVE_ENDING:
	case MOVE_READY:
	case MOVE_TOLD:
	case MOVE_TAKEN:
		return dp_grace_over(dp, v->token);
	case MOVE_DRAINING:
		return ring_passed(dp->workers[v->from]->inbox, v->mark);
	case MOVE_CATCHING_UP:
		return ring_passed(dp->workers[v->to]->inbox, v->mark);
	case MOVE_GRANTED:
		return __atomic_load_n(&dp->peers[v->peer].owner, __ATOMIC_ACQUIRE) != OWNER_MOVING;
	case MOVE_TAKING:
		return ring_passed(v->parked, v->mark);
	}
	return false;
}

static void step_next(struct dp *dp)
{
	struct move *v = &dp->move;

	switch (v->step++) {
	case MOVE_PARKING:
		/* Once more: the old owner may have just made one its own. */
		disown_sas(dp, &dp->peers[v->peer]);
		v->mark = ring_mark(dp->workers[v->from]->inbox);
		break;
	case MOVE_DRAINING:
	case MOVE_CATCHING_UP:
	case MOVE_GRANTED:
		v->token = dp_grace_start(dp);
		break;
	case MOVE_ENDING:
		v->mark = ring_mark(dp->workers[v->to]->inbox);
		break;
	case MOVE_READY:
		__atomic_store_n(&dp->granted, v->to + 1u, __ATOMIC_RELEASE);
		break;
	case MOVE_TOLD:
		v->mark = ring_mark(v->parked);
		break;
	case MOVE_TAKING:
		/* Who still is in the turn in which it took would take what the next move parks. */
		__atomic_store_n(&dp->granted, 0, __ATOMIC_RELEASE);
		v->token = dp_grace_start(dp);
		break;
	case MOVE_TAKEN:
		v->active = false;
		break;
	}
}

bool dp_peer_moving(struct dp *dp)
{
	while (dp->move.active && step_over(dp))
		step_next(dp);
	return dp->move.active;
}

void dp_peers_follow(struct dp *dp)
{
	struct move *v = &dp->move;

	for (unsigned i = 0; i < LOOKS_MAX && dp->params.n_workers > 1; i++) {
		uint32_t index = v->next;
		struct peer *peer = &dp->peers[index];
		uint16_t arrives = __atomic_load_n(&peer->arrives, __ATOMIC_RELAXED);

		if (peer->used && arrives != 0 && peer->followed < FOLLOWED_MAX &&
			arrives - 1 != dp_peer_owner(dp, index)) {
			if (dp_peer_set_owner(dp, index, arrives - 1u) < 0)
				return;
			peer->arrives = 0;
			peer->followed++;
		}
		v->next = index + 1 < dp->n_peers ? index + 1 : 0;
	}
}
