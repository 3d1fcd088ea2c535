/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registration requests as a server (RFC 2332 5.2.3, 5.2.4). Each CIE is a claim that is decided by
 * itself; the reply goes when all are, and what was accepted is installed.
 */
#include "common/addr.h"
#include "nhrp/nhrp_priv.h"

static void registration_free(struct nhrp *n, struct nhrp_registration *r)
{
	for (unsigned k = 0; k < r->n_claims; k++)
		nhrp_claim_unwait(n, &r->claims[k]);
	nhrp_due_never(n, &r->due);
	LIST_REMOVE(r, of_peer);
	r->peer->n_pending--;
	if (r->waiting)
		n->stats.n_pending--;
	free(r->claims);
	free(r->bytes);
	free(r);
}

/* Without a reply; its sender asks again if it lives. */
void nhrp_registration_drop(struct nhrp *n, struct nhrp_registration *r, enum nhrp_drop why)
{
	if (r->waiting) {
		n->stats.dropped[why]++;
		r->peer->dropped++;
	}
	registration_free(n, r);
}

/* The public address of who registers, if a NAT stands between (Cisco's extension 9). */
static unsigned nat_cie(const struct nhrp_in *in, struct nhrp_cie *cie)
{
	if (in->src_nbma_be == in->outer_be || !nhrp_first_hop(in->p, NHRP_EXT_FORWARD))
		return 0;
	*cie = (struct nhrp_cie){
		.prefix_len = 32, .nbma = nhrp_addr_v4(&in->outer_be), .proto = in->p->src_proto};
	return 1;
}

/*
 * The reply is the request with another type, codes, and extensions filled in (5.2.4). Its
 * destination is always us, also if the request went to whoever serves the network: the client
 * learns our address by it.
 */
static void reply(struct nhrp *n, const struct nhrp_in *in, const struct nhrp_claim *claims,
	unsigned n_claims, uint8_t code)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_packet p = *in->p;
	struct nhrp_cie cie, nat;
	struct nhrp_builder b;

	p.type = NHRP_REGISTRATION_REPLY;
	p.dst_proto = nhrp_addr_v4(&in->iface->p.address_be);
	nhrp_make(n, in->iface, &b, &p);
	for (unsigned k = 0; nhrp_cie_next(&c, &cie); k++) {
		cie.code = k < n_claims ? claims[k].code : code;
		/* 5.2.0.1: none on a NAK */
		if (cie.code != NHRP_CODE_SUCCESS)
			cie.holding = 0;
		nhrp_build_cie(&b, &cie);
	}
	nhrp_put_reply_extensions(&b, in, &nat, nat_cie(in, &nat));
	nhrp_send(n, in->iface, in->peer, &b);
}

static void reply_to_kept(struct nhrp *n, const struct nhrp_registration *r)
{
	struct nhrp_packet p;
	struct nhrp_in in = {.iface = r->iface, .peer = r->peer, .outer_be = r->outer_be, .p = &p};

	nhrp_packet_parse(&p, r->bytes, r->len);
	in.src_be = nhrp_addr_be(&p.src_proto);
	in.dst_be = nhrp_addr_be(&p.dst_proto);
	in.src_nbma_be = nhrp_addr_be(&p.src_nbma);
	/* What stands beyond the claims is what there were too many of. */
	reply(n, &in, r->claims, r->n_claims, NHRP_CODE_NO_RESOURCES);
}

/* When the next of its claims gets tired of waiting. */
static uint64_t next_due(const struct nhrp *n, const struct nhrp_registration *r)
{
	uint64_t due = r->deadline_ms;
	const struct nhrp_claim *c;

	for (unsigned k = 0; k < r->n_claims; k++) {
		c = &r->claims[k];
		if (c->state == NHRP_CLAIM_PROBE && c->probe_ms + n->p.probe_ms < due)
			due = c->probe_ms + n->p.probe_ms;
	}
	return due;
}

/* Decide what can be decided; reply and forget when nothing is open. */
void nhrp_registration_step(struct nhrp *n, struct nhrp_registration *r)
{
	for (unsigned k = 0; k < r->n_claims; k++)
		if (r->claims[k].state != NHRP_CLAIM_DONE)
			nhrp_claim_step(n, &r->claims[k]);
	if (r->n_open != 0) {
		nhrp_due_at(n, &r->due, next_due(n, r));
		return;
	}
	reply_to_kept(n, r);
	if (r->waiting)
		n->stats.handled++;
	registration_free(n, r);
}

static void fire(struct nhrp *n, struct nhrp_due *d)
{
	struct nhrp_registration *r = due_owner(d, struct nhrp_registration);

	if (n->now < r->deadline_ms) {
		nhrp_registration_step(n, r);
		return;
	}
	n->stats.gate_timeouts++;
	nhrp_registration_drop(n, r, NHRP_DROP_TIMEOUT);
}

static void read_claims(struct nhrp_registration *r, const struct nhrp_in *in)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	const struct nhrp_iface *i = in->iface;
	struct nhrp_claim *claim;
	struct nhrp_cie cie;

	for (unsigned k = 0; k < r->n_claims && nhrp_cie_next(&c, &cie); k++) {
		claim = &r->claims[k];
		claim->of = r;
		/* 5.2.3: what has no address is the sender itself */
		claim->address_be = cie.proto.len == 0 ? in->src_be : nhrp_addr_be(&cie.proto);
		claim->claimed_nbma_be =
			cie.nbma.len == 0 ? in->src_nbma_be : nhrp_addr_be(&cie.nbma);
		claim->len = nhrp_cie_prefix(&cie);
		claim->address_be &= ip4_mask_be(claim->len);
		claim->own = claim->len == 32 && claim->address_be == in->src_be &&
			     nhrp_within(in->src_be, i->p.address_be, i->p.len);
		claim->preference = cie.preference;
		/* IOS says 17916. 0: whatever the interface has. */
		claim->mtu = cie.mtu == 0 || cie.mtu > i->p.mtu ? i->p.mtu : cie.mtu;
		claim->holding = cie.holding == 0 ? i->p.holding : cie.holding;
		if (claim->holding > i->p.holding_max)
			claim->holding = i->p.holding_max;
	}
}

static struct nhrp_registration *registration_new(struct nhrp *n, const struct nhrp_in *in)
{
	struct nhrp_registration *r = calloc(1, sizeof(*r));
	unsigned n_claims = in->p->n_cies;

	if (r == NULL)
		return NULL;
	if (n_claims > in->iface->p.cies_max)
		n_claims = in->iface->p.cies_max;
	r->claims = calloc(n_claims, sizeof(*r->claims));
	r->bytes = malloc(in->p->whole.len);
	if (r->claims == NULL || r->bytes == NULL) {
		free(r->claims);
		free(r->bytes);
		free(r);
		return NULL;
	}
	memcpy(r->bytes, in->p->whole.at, in->p->whole.len);
	r->len = in->p->whole.len;
	r->iface = in->iface;
	r->peer = in->peer;
	r->outer_be = in->outer_be;
	r->request_id = in->p->request_id;
	r->flags = in->p->flags;
	r->n_claims = r->n_open = n_claims;
	r->deadline_ms = n->now + n->p.gate_ms;
	r->due.fire = fire;
	read_claims(r, in);
	LIST_INSERT_HEAD(&in->peer->pending, r, of_peer);
	in->peer->n_pending++;
	return r;
}

/*
 * The same request while the first one is being decided: its reply shall have the latest id.
 * @return true if it was one
 */
static bool repeated(struct nhrp_registration *r, const struct nhrp_in *in)
{
	struct nhrp_packet p;
	uint8_t *bytes;

	nhrp_packet_parse(&p, r->bytes, r->len);
	if (r->iface != in->iface || p.payload.len != in->p->payload.len ||
		nhrp_addr_be(&p.src_proto) != in->src_be ||
		memcmp(p.payload.at, in->p->payload.at, p.payload.len) != 0)
		return false;
	bytes = malloc(in->p->whole.len);
	if (bytes == NULL)
		return true;
	memcpy(bytes, in->p->whole.at, in->p->whole.len);
	free(r->bytes);
	r->bytes = bytes;
	r->len = in->p->whole.len;
	r->request_id = in->p->request_id;
	r->flags = in->p->flags;
	r->outer_be = in->outer_be;
	return true;
}

/* Ours: to our address, to the sender's own (5.2.3), to the network's broadcast (OpenNHRP's
 * dynamic-map), or to what somebody took for our protocol address. */
static bool for_us(const struct nhrp_in *in)
{
	const struct nhrp_iface *i = in->iface;

	return in->dst_be == i->p.address_be || in->dst_be == in->src_be ||
	       (in->dst_be != 0 &&
		       (in->dst_be == nhrp_iface_broadcast(i) || in->dst_be == i->p.nbma_be));
}

/* All of it is refused for the same reason. */
static unsigned refuse(struct nhrp *n, const struct nhrp_in *in, enum nhrp_refuse why)
{
	n->stats.refused[why] += in->p->n_cies;
	in->peer->refused += in->p->n_cies;
	nhrp_tell(n, &(struct nhrp_event){.type = NHRP_EV_REFUSED,
			     .iface = in->iface->id,
			     .peer = in->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = in->src_be,
			     .len = 32,
			     .source_be = in->src_be,
			     .nbma_be = in->outer_be,
			     .claimed_nbma_be = in->src_nbma_be,
			     .code = NHRP_CODE_NO_RESOURCES,
			     .why = nhrp_refuse_text(why)});
	reply(n, in, NULL, 0, NHRP_CODE_NO_RESOURCES);
	return NHRP_HANDLED;
}

unsigned nhrp_register_request(struct nhrp *n, const struct nhrp_in *in)
{
	struct nhrp_registration *r;
	unsigned beyond;

	if (!for_us(in))
		return nhrp_forward(n, in);
	if (in->unknown_compulsory)
		return nhrp_error(
			n, in, NHRP_ERROR_EXTENSION_UNKNOWN, 0, NHRP_DROP_EXTENSION_UNKNOWN);
	if (in->p->n_cies == 0)
		return nhrp_error(n, in, NHRP_ERROR_PROTOCOL, 20, NHRP_DROP_NO_CIE);
	LIST_FOREACH(r, &in->peer->pending, of_peer)
	if (repeated(r, in))
		return NHRP_DROP_REPEATED;
	if (in->peer->n_pending >= n->p.pending_per_peer || n->stats.n_pending >= n->p.pending_max)
		return refuse(n, in, NHRP_REFUSE_PENDING);
	r = registration_new(n, in);
	if (r == NULL)
		return refuse(n, in, NHRP_REFUSE_MEMORY);
	beyond = in->p->n_cies - r->n_claims;
	n->stats.refused[NHRP_REFUSE_CIES] += beyond;
	in->peer->refused += beyond;
	/* It may be over within the call: whoever is not known to wait is counted by our caller. */
	nhrp_registration_step(n, r);
	LIST_FOREACH(r, &in->peer->pending, of_peer)
	if (!r->waiting) {
		r->waiting = true;
		n->stats.n_pending++;
		return NHRP_PENDING;
	}
	return NHRP_HANDLED;
}
