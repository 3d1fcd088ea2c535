/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic indications (Cisco): a spoke whose packets leave through the tunnel they came in on is
 * told that there is a shorter way. Sent for hairpins of one NHRP domain only, at first at once and
 * then ever less often for the same (peer, destination), and never more than so many a second in
 * all.
 */
#include <arpa/inet.h>

#include "nhrp/nhrp_priv.h"

#define PAUSE_MS      5000   /* after the first one; doubles */
#define PAUSE_MAX_MS  160000 /* for as long as packets come */
#define FORGET_MS     360000 /* after the last one */
#define IP4_HEADER    20
#define IP4_AT_SOURCE 12
#define IP4_AT_DEST   16

void nhrp_limit_free(struct nhrp *n, struct nhrp_limit *l)
{
	LIST_REMOVE(l, of_peer);
	HASH_DEL(n->limits, l);
	free(l);
}

/* What a peer was told about destinations in a prefix; 0/0: all. */
void nhrp_limits_clear(struct nhrp *n, struct nhrp_peer *peer, uint32_t address_be, uint8_t len)
{
	struct nhrp_limit *l, *next;

	for (l = LIST_FIRST(&peer->limits); l != NULL; l = next) {
		next = LIST_NEXT(l, of_peer);
		if (nhrp_within(l->key.dst_be, address_be, len))
			nhrp_limit_free(n, l);
	}
}

unsigned nhrp_redirect_clear(struct nhrp *n, uint32_t address_be, uint8_t len)
{
	struct nhrp_limit *l, *next;
	unsigned count = 0;

	HASH_ITER(hh, n->limits, l, next)
	if (nhrp_within(l->key.dst_be, address_be, len)) {
		nhrp_limit_free(n, l);
		count++;
	}
	return count;
}

unsigned nhrp_redirect_list(
	const struct nhrp *n, unsigned skip, struct nhrp_redirect *out, unsigned n_max)
{
	unsigned count = 0;

	for (const struct nhrp_limit *l = n->limits; l != NULL && count < n_max; l = l->hh.next) {
		if (skip > 0) {
			skip--;
			continue;
		}
		out[count++] = (struct nhrp_redirect){.peer = l->key.peer,
			.dst_be = l->key.dst_be,
			.n_sent = l->n_sent,
			.last_ms = l->last_ms,
			.next_ms = l->next_ms};
	}
	return count;
}

/* The pair's limit, now the most recent; the least recent makes room. NULL without memory. */
static struct nhrp_limit *limit_get(struct nhrp *n, struct nhrp_peer *peer, uint32_t dst_be)
{
	struct nhrp_limit_key key = {peer->id, dst_be};
	struct nhrp_limit *l;

	HASH_FIND(hh, n->limits, &key, sizeof(key), l);
	if (l != NULL && n->now - l->last_ms < FORGET_MS)
		return l;
	if (l != NULL)
		nhrp_limit_free(n, l);
	else if (HASH_COUNT(n->limits) >= n->p.redirects_max)
		nhrp_limit_free(n, n->limits);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->key = key;
	HASH_ADD(hh, n->limits, key, sizeof(l->key), l);
	if (l->lost) {
		free(l);
		return NULL;
	}
	LIST_INSERT_HEAD(&peer->limits, l, of_peer);
	return l;
}

/* @return true if the pair's limit lets one through now */
static bool limit_take(struct nhrp *n, struct nhrp_limit *l)
{
	uint64_t pause;

	if (n->now < l->next_ms)
		return false;
	pause = l->n_sent < 5 ? (uint64_t)PAUSE_MS << l->n_sent : PAUSE_MAX_MS;
	l->n_sent++;
	l->last_ms = n->now;
	l->next_ms = n->now + pause;
	return true;
}

/* @return true if there is one left of this second's */
static bool cap_take(struct nhrp *n)
{
	double rate = n->p.redirects_per_s;

	n->redirect_tokens += (double)(n->now - n->redirect_ms) * rate / 1000.0;
	n->redirect_ms = n->now;
	if (n->redirect_tokens > rate)
		n->redirect_tokens = rate;
	if (n->redirect_tokens < 1.0)
		return false;
	n->redirect_tokens -= 1.0;
	return true;
}

/* Whether a spoke may reach dst without us: through another peer in the same domain. */
static bool shorter_way(
	struct nhrp *n, const struct nhrp_iface *i, const struct nhrp_peer *peer, uint32_t dst_be)
{
	struct nhrp_route r = {0};
	struct nhrp_iface *out;

	if (n->ops.route != NULL)
		n->ops.route(n->ctx, i->id, dst_be, &r);
	if (r.kind != NHRP_ROUTE_PEER || r.peer == peer->id)
		return false;
	out = nhrp_iface_get(n, r.iface);
	return out != NULL && (out == i || out->p.network_id == i->p.network_id);
}

/*
 * The destination is the packet's source, as FRR and OpenNHRP have it and Cisco takes it; the hop
 * count must not be 0 or Cisco throws it away.
 */
static void indicate(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer,
	const uint8_t *head, size_t len, uint32_t src_be)
{
	struct nhrp_builder b;
	struct nhrp_packet p = {
		.type = NHRP_TRAFFIC_INDICATION, .dst_proto = nhrp_addr_v4(&src_be)};

	nhrp_make(n, i, &b, &p);
	nhrp_build_bytes(&b, head, len < NHRP_TRAFFIC_HEAD ? len : NHRP_TRAFFIC_HEAD);
	nhrp_put_secret(&b, i);
	nhrp_send(n, i, peer, &b);
}

void nhrp_hint(
	struct nhrp *n, uint32_t iface, uint32_t id, const void *head, size_t len, uint64_t now_ms)
{
	struct nhrp_iface *i = nhrp_iface_get(n, iface);
	struct nhrp_peer *peer = nhrp_peer_get(n, id);
	const uint8_t *ip = head;
	uint32_t src_be, dst_be;
	struct nhrp_limit *l;

	n->now = now_ms;
	n->stats.hints++;
	if (n->closing || i == NULL || peer == NULL || !i->p.redirect || len < IP4_HEADER ||
		ip[0] >> 4 != 4)
		return;
	memcpy(&src_be, ip + IP4_AT_SOURCE, sizeof(src_be));
	memcpy(&dst_be, ip + IP4_AT_DEST, sizeof(dst_be));
	if (ntohl(dst_be) >> 28 >= 14 || !shorter_way(n, i, peer, dst_be))
		return;
	l = limit_get(n, peer, dst_be);
	if (l == NULL || !limit_take(n, l)) {
		n->stats.redirects_limited++;
		return;
	}
	if (!cap_take(n)) {
		/* It is the others' fault: soon again. */
		l->n_sent--;
		l->next_ms = n->now + 1000;
		n->stats.redirects_capped++;
		return;
	}
	n->stats.redirects_sent++;
	peer->redirects++;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_REDIRECTED,
			     .iface = i->id,
			     .peer = peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = dst_be,
			     .len = 32,
			     .source_be = src_be});
	indicate(n, i, peer, ip, len, src_be);
}

/* One for us, or for somebody behind us: the way to its destination is asked for. */
unsigned nhrp_traffic_indication(struct nhrp *n, const struct nhrp_in *in)
{
	const struct nhrp_span *head = &in->p->payload;
	struct nhrp_route r;
	uint32_t dst_be;

	if (in->dst_be != in->iface->p.address_be &&
		nhrp_way(n, in, in->dst_be, &r) == NHRP_ROUTE_PEER)
		return nhrp_forward(n, in);
	if (!in->iface->p.shortcut || head->len < IP4_HEADER || head->at[0] >> 4 != 4 ||
		!nhrp_is_server(in->iface, in->peer))
		return NHRP_DROP_IGNORED;
	memcpy(&dst_be, head->at + IP4_AT_DEST, sizeof(dst_be));
	nhrp_query_start(n, in->iface, dst_be, NULL);
	return NHRP_HANDLED;
}
