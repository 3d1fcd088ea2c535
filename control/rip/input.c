/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes: checks of messages and entries (RFC 2453 3.9, 4; RFC 4822 3.2.2). */
#include <arpa/inet.h>

#include "common/addr.h"
#include "control/rip/rip_priv.h"

static const enum rip_refusal of_parse[] = {
	[RIP_PARSE_LENGTH] = RIP_REFUSED_length,
	[RIP_PARSE_COMMAND] = RIP_REFUSED_command,
	[RIP_PARSE_VERSION] = RIP_REFUSED_version,
	[RIP_PARSE_NOT_ZERO] = RIP_REFUSED_not_zero,
	[RIP_PARSE_AUTH] = RIP_REFUSED_auth_broken,
};

static const enum rip_refusal of_verify[] = {
	[RIP_VERIFY_MISSING] = RIP_REFUSED_auth_missing,
	[RIP_VERIFY_UNWANTED] = RIP_REFUSED_auth_unwanted,
	[RIP_VERIFY_NO_KEY] = RIP_REFUSED_auth_key,
	[RIP_VERIFY_DIGEST] = RIP_REFUSED_auth_digest,
};

/*
 * Length of an entry's network, without a mask in it: the natural one, or the link's where the
 * address is of the link's natural network; or that of a host (RFC 1058 3.2).
 */
static int implied_len(const struct rip_iface *i, uint32_t addr_be)
{
	int natural = rip_natural_len(addr_be);
	uint32_t mask_be;

	if (natural <= 0)
		return natural;
	mask_be = ip4_mask_be((uint8_t)natural);
	for (unsigned k = 0; k < i->params.n_addrs; k++) {
		const struct rip_prefix *link = &i->params.addrs[k];

		if (((link->addr_be ^ addr_be) & mask_be) == 0 && link->len > natural &&
			(addr_be & ~mask_be) != 0)
			return (addr_be & ~ip4_mask_be(link->len)) == 0 ? link->len : 32;
	}
	return (addr_be & ~mask_be) == 0 ? natural : 32;
}

/* RFC 2453 4.3: a mask of zero says that there is none in the entry. */
static int entry_len(
	const struct rip_iface *i, const struct rip_packet *p, const struct rip_entry *e)
{
	if (p->version == 1 || (e->mask_be == 0 && e->addr_be != 0))
		return implied_len(i, e->addr_be);
	return rip_mask_len(e->mask_be);
}

/* RFC 2453 3.9.2: neither "this network", loopback, groups nor broadcast; but 0.0.0.0/0. */
static bool can_be_destination(const struct rip_prefix *p)
{
	uint32_t first = ntohl(p->addr_be) >> 24;

	if (p->len == 0)
		return true;
	return first != 0 && first != 127 && first < 224;
}

static bool is_own_network(const struct rip *r, const struct rip_prefix *p)
{
	for (unsigned i = 0; i < r->n_ifaces; i++) {
		const struct rip_iface_params *params = &r->ifaces[i]->params;

		for (unsigned k = 0; k < params->n_addrs; k++)
			if (rip_prefix_within(&params->addrs[k], p))
				return true;
	}
	for (unsigned i = 0; i < r->n_protected; i++)
		if (rip_prefix_within(&r->protected[i], p))
			return true;
	return false;
}

/* @return RIP_REFUSED_COUNT, or why an interface does not take this network from its neighbors */
static enum rip_refusal check_policy(const struct rip_iface *i, const struct rip_prefix *p)
{
	const struct rip *r = i->rip;

	if (p->len == 0 && !i->params.accept_default)
		return RIP_REFUSED_default_route;
	if (!i->params.accept_own && is_own_network(r, p))
		return RIP_REFUSED_own_network;
	if (!rip_prefix_list_permits(i->params.policy.in, p) ||
		!rip_prefix_list_permits(r->params.policy.in, p))
		return RIP_REFUSED_filtered;
	return RIP_REFUSED_COUNT;
}

/* Whether an entry of a response is one, and about which network. */
static enum rip_refusal check_entry(const struct rip_peer *from, const struct rip_packet *msg,
	const struct rip_entry *e, struct rip_prefix *p)
{
	int len = entry_len(from->iface, msg, e);

	if (e->family != RIP_FAMILY_IP)
		return RIP_REFUSED_family;
	if (e->metric < 1 || e->metric > RIP_INFINITY)
		return RIP_REFUSED_metric;
	*p = (struct rip_prefix){e->addr_be, (uint8_t)len};
	if (len < 0)
		return rip_natural_len(e->addr_be) < 0 ? RIP_REFUSED_destination : RIP_REFUSED_mask;
	if ((e->addr_be & ~ip4_mask_be((uint8_t)len)) != 0)
		return RIP_REFUSED_mask;
	if (!can_be_destination(p))
		return RIP_REFUSED_destination;
	if (e->next_hop_be != 0 && rip_iface_is_own(from->iface, e->next_hop_be))
		return RIP_REFUSED_own_next_hop;
	return check_policy(from->iface, p);
}

static enum rip_refusal take_entry(
	struct rip_peer *from, const struct rip_packet *msg, const struct rip_entry *e)
{
	struct rip_iface *i = from->iface;
	struct rip *r = i->rip;
	struct rip_prefix p;
	enum rip_refusal why = check_entry(from, msg, e, &p);
	uint32_t via_be = e->next_hop_be;
	unsigned metric;

	/* It has no other way there than by the hub: what it told before is void. */
	if (why == RIP_REFUSED_own_next_hop)
		rip_table_learn(r, from, &p, from->key.addr_be, RIP_INFINITY, e->tag);
	if (why != RIP_REFUSED_COUNT)
		return why;
	/* RFC 2453 4.4: what is not directly reachable is as good as none. */
	if (via_be == 0 || rip_iface_link(i, via_be) == NULL)
		via_be = from->key.addr_be;
	metric = e->metric + 1 + rip_offset_of(&i->params.policy.offset_in, &p) +
		 rip_offset_of(&r->params.policy.offset_in, &p);
	if (metric > RIP_INFINITY)
		metric = RIP_INFINITY;
	return rip_table_learn(r, from, &p, via_be, (uint8_t)metric, e->tag);
}

static void take_response(struct rip_peer *from, const struct rip_packet *msg)
{
	enum rip_refusal why;

	from->stats.responses++;
	from->iface->stats.responses++;
	for (unsigned k = 0; k < msg->n; k++) {
		why = take_entry(from, msg, &msg->entries[k]);
		if (why != RIP_REFUSED_COUNT)
			rip_refuse(from->iface, from, why);
	}
	from->stats.entries += msg->n;
	from->iface->stats.entries += msg->n;
}

/* RFC 2453 3.9.1: single routes are answered as the table has them, whatever the horizon. */
static void answer_entries(struct rip_peer *from, const struct rip_packet *msg, uint16_t port)
{
	struct rip_iface *i = from->iface;
	struct rip_message m;

	if (!rip_message_begin(&m, i, RIP_RESPONSE, msg->version == 1 ? 1 : 2))
		return;
	for (unsigned k = 0; k < msg->n && m.n < m.room; k++) {
		struct rip_entry e = msg->entries[k];
		int len = entry_len(i, msg, &e);
		struct rip_prefix p = {e.addr_be, (uint8_t)len};
		const struct rip_route *route = len < 0 ? NULL : rip_table_find(i->rip, &p);

		e.metric = route == NULL ? RIP_INFINITY : route->metric;
		rip_message_add(&m, &e);
	}
	rip_message_send(&m, i, from, port);
}

/* RFC 2453 3.9.1 */
static void take_request(struct rip_peer *from, const struct rip_packet *msg, uint16_t port)
{
	struct rip_iface *i = from->iface;

	if (i->params.passive && port == RIP_PORT && !from->configured) {
		rip_refuse(i, from, RIP_REFUSED_passive);
		return;
	}
	from->stats.requests++;
	i->stats.requests++;
	if (msg->n == 0)
		return;
	if (msg->n > 1 || msg->entries[0].family != RIP_FAMILY_ALL ||
		msg->entries[0].metric != RIP_INFINITY)
		answer_entries(from, msg, port);
	else if (!rip_dest_answer(&from->dest, port, msg->version == 1 ? 1 : 2))
		rip_refuse(i, from, RIP_REFUSED_request_busy);
}

/* Before the neighbor is known: @return RIP_REFUSED_COUNT, or why the message is not taken */
static enum rip_refusal check_message(
	const struct rip_iface *i, const struct rip_in *in, struct rip_packet *msg)
{
	enum rip_parse parse;
	enum rip_verify verify = RIP_VERIFY_OK;

	if (rip_iface_is_own(i, in->src_be))
		return RIP_REFUSED_own;
	if (rip_iface_link(i, in->src_be) == NULL)
		return RIP_REFUSED_off_link;
	parse = rip_packet_parse(in->data, in->len, msg);
	if (parse != RIP_PARSE_OK)
		return of_parse[parse];
	if (msg->command == RIP_RESPONSE && in->src_port != RIP_PORT)
		return RIP_REFUSED_port;
	if (msg->version == 1 && !i->params.receive_v1)
		return RIP_REFUSED_version;
	/* RFC 2453 5.2: version 1 cannot be authentic. */
	verify = rip_auth_verify(&i->params.auth, in->data, msg,
		i->rip->params.calls.unix_time(i->rip->params.calls.ctx));
	return verify == RIP_VERIFY_OK ? RIP_REFUSED_COUNT : of_verify[verify];
}

/*
 * RFC 4822 3.2.2: sequence numbers of a neighbor do not fall. The same one may come again, for
 * there are senders that give it to all messages of an update.
 */
static bool take_sequence(struct rip_peer *from, const struct rip_packet *msg)
{
	if (msg->auth.kind != RIP_AUTH_CRYPT)
		return true;
	if (from->sequence_known && from->iface->params.replay_check &&
		msg->auth.sequence < from->sequence)
		return false;
	from->sequence = msg->auth.sequence;
	from->sequence_known = true;
	return true;
}

void rip_receive(struct rip *r, uint64_t now, const struct rip_in *in)
{
	struct rip_iface *i = rip_iface_of(r, in->iface);
	struct rip_packet msg;
	enum rip_refusal why;
	struct rip_peer *from;

	if (now > r->now)
		r->now = now;
	if (i == NULL)
		return;
	why = check_message(i, in, &msg);
	if (why != RIP_REFUSED_COUNT) {
		rip_refuse(i, rip_peer_find(r, in->iface, in->src_be), why);
		return;
	}
	from = rip_peer_get(i, in->src_be);
	if (from == NULL) {
		rip_refuse(i, NULL, RIP_REFUSED_peers_full);
		return;
	}
	if (!take_sequence(from, &msg)) {
		rip_refuse(i, from, RIP_REFUSED_replay);
		return;
	}
	rip_peer_heard(from, msg.version);
	if (msg.command == RIP_REQUEST)
		take_request(from, &msg, in->src_port);
	else
		take_response(from, &msg);
}
