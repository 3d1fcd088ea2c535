/* SPDX-License-Identifier: BSD-3-Clause */
/* Purge requests and replies (RFC 2332 5.2.5, 5.2.6), both ways. */
#include "nhrp/nhrp_priv.h"

#define TRIES_MAX 4

/* --- sent ------------------------------------------------------------------------------------ */

void nhrp_purge_write(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer, uint32_t id,
	bool no_reply, uint32_t dst_be, uint32_t address_be, uint8_t len)
{
	struct nhrp_builder b;
	struct nhrp_packet p = {.type = NHRP_PURGE_REQUEST,
		.flags = no_reply ? NHRP_FLAG_NO_REPLY : 0,
		.request_id = id,
		.dst_proto = nhrp_addr_v4(&dst_be)};

	nhrp_make(n, i, &b, &p);
	nhrp_build_cie(
		&b, &(struct nhrp_cie){.prefix_len = len, .proto = nhrp_addr_v4(&address_be)});
	nhrp_put_request_extensions(&b, i, false);
	n->stats.purges_sent++;
	nhrp_send(n, i, peer, &b);
}

void nhrp_purge_free(struct nhrp *n, struct nhrp_purge *g)
{
	nhrp_due_never(n, &g->due);
	LIST_REMOVE(g, of_peer);
	HASH_DEL(n->purges, g);
	free(g);
}

/* 5.2.5: repeated until it is answered, or often enough. */
static void again(struct nhrp *n, struct nhrp_due *d)
{
	struct nhrp_purge *g = due_owner(d, struct nhrp_purge);

	if (++g->tries >= TRIES_MAX) {
		n->stats.purges_unanswered++;
		nhrp_purge_free(n, g);
		return;
	}
	n->stats.purges_repeated++;
	nhrp_due_at(n, d, n->now + (1000ull << g->tries));
	nhrp_purge_write(n, g->iface, g->peer, g->id, false, g->dst_be, g->address_be, g->len);
}

static struct nhrp_purge *remember(struct nhrp *n, const struct nhrp_requester *r, uint32_t id)
{
	struct nhrp_purge *g;

	if (HASH_COUNT(n->purges) >= n->p.purges_max)
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	*g = (struct nhrp_purge){.id = id,
		.iface = r->iface,
		.peer = r->peer,
		.dst_be = r->source_be,
		.address_be = r->address_be,
		.len = r->len,
		.due.fire = again};
	HASH_ADD(hh, n->purges, id, sizeof(g->id), g);
	if (g->lost) {
		free(g);
		return NULL;
	}
	LIST_INSERT_HEAD(&r->peer->purges, g, of_peer);
	nhrp_due_at(n, &g->due, n->now + 1000);
	return g;
}

/* Without a place to remember it in, and as last words, no reply is asked for. */
void nhrp_purge_send(struct nhrp *n, struct nhrp_requester *r)
{
	uint32_t id = ++n->request_id;
	bool no_reply = n->closing || remember(n, r, id) == NULL;

	nhrp_purge_write(n, r->iface, r->peer, id, no_reply, r->source_be, r->address_be, r->len);
}

unsigned nhrp_purge_reply(struct nhrp *n, const struct nhrp_in *in)
{
	struct nhrp_purge *g;
	uint32_t id = in->p->request_id;

	if (in->src_be != in->iface->p.address_be)
		return nhrp_forward(n, in);
	HASH_FIND(hh, n->purges, &id, sizeof(id), g);
	/* 5.2.5: what nobody waits for is ignored */
	if (g == NULL || g->peer != in->peer)
		return NHRP_DROP_UNSOLICITED;
	nhrp_purge_free(n, g);
	return NHRP_HANDLED;
}

/* --- received --------------------------------------------------------------------------------- */

/* 5.2.5: the NBMA address, if there is one, says which of several bindings is meant. */
static bool meant(const struct nhrp_entry *e, const struct nhrp_cie *cie)
{
	uint32_t nbma_be = nhrp_addr_be(&cie->nbma);

	return nbma_be == 0 || nbma_be == e->nbma_be || nbma_be == e->claimed_nbma_be;
}

/* A spoke takes back what it has registered itself, and nothing else. */
static void purge_leases(struct nhrp *n, const struct nhrp_in *in, const struct nhrp_cie *cie,
	uint32_t address_be, uint8_t len)
{
	struct nhrp_entry *e, *next;

	for (e = LIST_FIRST(&in->peer->entries); e != NULL; e = next) {
		next = LIST_NEXT(e, of_peer);
		if (nhrp_entry_is_lease(e) && e->iface == in->iface && e->key.len >= len &&
			nhrp_within(e->key.address_be, address_be, len) && meant(e, cie))
			nhrp_entry_end(n, e, NHRP_END_PURGED);
	}
}

/* What we resolved is taken back by a server, or by the router that it leads to. */
static void purge_shortcuts(
	struct nhrp *n, const struct nhrp_in *in, uint32_t address_be, uint8_t len)
{
	bool server = nhrp_is_server(in->iface, in->peer);
	struct nhrp_entry *e, *next;

	if (!server && !in->iface->p.shortcut)
		return;
	for (e = LIST_FIRST(&in->iface->shortcuts); e != NULL; e = next) {
		next = LIST_NEXT(e, of_shortcuts);
		if ((server || e->nbma_be == in->outer_be) &&
			nhrp_within(e->key.address_be, address_be,
				e->key.len < len ? (uint8_t)e->key.len : len))
			nhrp_entry_end(n, e, NHRP_END_PURGED);
	}
}

/* 5.2.6: the reply is the request with another type. */
static void reply(struct nhrp *n, const struct nhrp_in *in)
{
	struct nhrp_packet p = *in->p;
	struct nhrp_builder b;

	p.type = NHRP_PURGE_REPLY;
	nhrp_make(n, in->iface, &b, &p);
	nhrp_build_bytes(&b, p.payload.at, p.payload.len);
	nhrp_put_reply_extensions(&b, in, NULL, 0);
	nhrp_send(n, in->iface, in->peer, &b);
}

unsigned nhrp_purge_request(struct nhrp *n, const struct nhrp_in *in)
{
	const struct nhrp_iface *i = in->iface;
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_cie cie;
	uint32_t address_be;
	uint8_t len;

	if (in->dst_be != i->p.address_be && in->dst_be != in->src_be &&
		in->dst_be != nhrp_iface_broadcast(i) && in->dst_be != i->p.nbma_be)
		return nhrp_forward(n, in);
	if (in->unknown_compulsory)
		return nhrp_error(
			n, in, NHRP_ERROR_EXTENSION_UNKNOWN, 0, NHRP_DROP_EXTENSION_UNKNOWN);
	if (in->p->n_cies == 0)
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, 20, NHRP_DROP_NO_CIE);
	while (nhrp_cie_next(&c, &cie)) {
		address_be = cie.proto.len == 0 ? in->src_be : nhrp_addr_be(&cie.proto);
		len = nhrp_cie_prefix(&cie);
		purge_leases(n, in, &cie, address_be, len);
		purge_shortcuts(n, in, address_be, len);
		/* Who forgot it has to be told again where it is. */
		nhrp_limits_clear(n, in->peer, address_be, len);
	}
	/* 5.2.5: a reply MUST be returned, matching entry or not */
	if ((in->p->flags & NHRP_FLAG_NO_REPLY) == 0)
		reply(n, in);
	return NHRP_HANDLED;
}
