/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filters: what of a packet a rule can ask for is put into a key, and rte_acl looks up the keys of
 * a burst at once.
 */
#include "dataplane/filter.h"

#include <errno.h>

#include <rte_acl.h>
#include <rte_malloc.h>
#include <rte_tcp.h>

#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define BUILD_MAX (64u << 20) /* octets that the rules of one filter may become */

/* What is known of a packet beside its fields. */
enum {
	KEY_TRANSPORT = 1, /* ports, or ICMP type and code, are in the key */
	KEY_LATER = 2,     /* fragment, not the first */
	KEY_ESTABLISHED = 4,
};

/* As rte_acl wants it: an octet, then groups of four, in network order. */
struct key {
	uint8_t protocol;
	uint8_t none[3];
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be;
	uint8_t dscp;
	uint8_t flags;
	uint16_t zero;
};

enum { PROTOCOL, SRC, DST, SPORT, DPORT, DSCP, FLAGS, ZERO, N_FIELDS };

#define FIELD(name, kind, octets, input, member)                                                   \
	[name] = {.type = RTE_ACL_FIELD_TYPE_##kind,                                               \
		.size = (octets),                                                                  \
		.field_index = name,                                                               \
		.input_index = (input),                                                            \
		.offset = offsetof(struct key, member)}

static const struct rte_acl_field_def fields[N_FIELDS] = {
	FIELD(PROTOCOL, BITMASK, 1, 0, protocol),
	FIELD(SRC, MASK, 4, 1, src_be),
	FIELD(DST, MASK, 4, 2, dst_be),
	FIELD(SPORT, RANGE, 2, 3, sport_be),
	FIELD(DPORT, RANGE, 2, 3, dport_be),
	FIELD(DSCP, BITMASK, 1, 4, dscp),
	FIELD(FLAGS, BITMASK, 1, 4, flags),
	FIELD(ZERO, BITMASK, 2, 4, zero),
};

RTE_ACL_RULE_DEF(acl_rule, N_FIELDS);

struct dp_filter {
	struct rte_acl_ctx *acl; /* NULL: no rules */
	bool transport;          /* some rule asks for what only the first fragment has */
	unsigned n_rules;
	unsigned n_workers;
	uint64_t *hits[DP_WORKERS_MAX]; /* of each rule and the rest; each written by its worker */
	uint8_t actions[];              /* of each rule and the rest */
};

static bool is_any(struct dp_filter_range r)
{
	return r.first == 0 && r.last == UINT16_MAX;
}

static bool wants_transport(const struct dp_filter_rule *r)
{
	return !is_any(r->from_port) || !is_any(r->to_port) || r->established;
}

/* The first rule has the highest priority; userdata 0 is "none matched". */
static struct acl_rule acl_of(const struct dp_filter_rule *r, unsigned i)
{
	struct acl_rule a = {
		.data = {.category_mask = 1,
			.priority = (int32_t)(RTE_ACL_MAX_PRIORITY - i),
			.userdata = i + 1},
	};
	uint8_t flags =
		(uint8_t)((wants_transport(r) ? KEY_TRANSPORT : 0) |
			  (r->established ? KEY_ESTABLISHED : 0) | (r->fragments ? KEY_LATER : 0));

	a.field[PROTOCOL].value.u8 = r->protocol_set ? r->protocol : 0;
	a.field[PROTOCOL].mask_range.u8 = r->protocol_set ? 0xff : 0;
	a.field[SRC].value.u32 = rte_be_to_cpu_32(r->from_be);
	a.field[SRC].mask_range.u32 = r->from_len;
	a.field[DST].value.u32 = rte_be_to_cpu_32(r->to_be);
	a.field[DST].mask_range.u32 = r->to_len;
	a.field[SPORT].value.u16 = r->from_port.first;
	a.field[SPORT].mask_range.u16 = r->from_port.last;
	a.field[DPORT].value.u16 = r->to_port.first;
	a.field[DPORT].mask_range.u16 = r->to_port.last;
	a.field[DSCP].value.u8 = r->dscp_set ? r->dscp : 0;
	a.field[DSCP].mask_range.u8 = r->dscp_set ? 0xff : 0;
	a.field[FLAGS].value.u8 = flags;
	a.field[FLAGS].mask_range.u8 = flags;
	return a;
}

static int build(struct dp_filter *f, const struct dp *dp, const struct dp_filter_params *p)
{
	static unsigned serial;
	char name[RTE_ACL_NAMESIZE];
	const struct rte_acl_param param = {.name = name,
		.socket_id = dp->params.socket,
		.rule_size = RTE_ACL_RULE_SZ(N_FIELDS),
		.max_rule_num = p->n_rules};
	struct rte_acl_config conf = {
		.num_categories = 1, .num_fields = N_FIELDS, .max_size = BUILD_MAX};
	int rc = 0;

	if (p->n_rules == 0)
		return 0;
	/* Two of one name would be one. */
	snprintf(name, sizeof(name), "filter_%u", serial++);
	f->acl = rte_acl_create(&param);
	if (f->acl == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < p->n_rules && rc == 0; i++) {
		struct acl_rule a = acl_of(&p->rules[i], i);

		rc = rte_acl_add_rules(f->acl, (const struct rte_acl_rule *)&a, 1);
	}
	memcpy(conf.defs, fields, sizeof(fields));
	return rc == 0 ? rte_acl_build(f->acl, &conf) : rc;
}

struct dp_filter *dp_filter_create(
	const struct dp *dp, const struct dp_filter_params *p, struct error *err)
{
	struct dp_filter *f = NULL;
	int rc = -ENOMEM;

	if (p->n_rules > DP_FILTER_RULES_MAX) {
		error_set(err, E2BIG, "filter %s: %u rules; expected at most %u", p->name,
			p->n_rules, DP_FILTER_RULES_MAX);
		return NULL;
	}
	f = rte_zmalloc_socket(
		"filter", sizeof(*f) + p->n_rules + 1, RTE_CACHE_LINE_SIZE, dp->params.socket);
	if (f == NULL)
		goto err;
	f->n_rules = p->n_rules;
	f->n_workers = dp->params.n_workers;
	for (unsigned i = 0; i < p->n_rules; i++) {
		f->actions[i] = (uint8_t)p->rules[i].action;
		f->transport |= wants_transport(&p->rules[i]);
	}
	f->actions[p->n_rules] = (uint8_t)p->rest;
	for (unsigned i = 0; i < f->n_workers; i++) {
		f->hits[i] = rte_zmalloc_socket("filter_hits", (p->n_rules + 1) * sizeof(uint64_t),
			RTE_CACHE_LINE_SIZE, dp->params.socket);
		if (f->hits[i] == NULL)
			goto err;
	}
	rc = build(f, dp, p);
	if (rc == 0)
		return f;
err:
	error_set(err, -rc,
		rc == -ENOMEM || rc == -ERANGE
			? "filter %s: no memory for its %u rules: give the EAL more (-m, or "
			  "hugepages), or the filter fewer rules"
			: "filter %s: rte_acl refuses its %u rules",
		p->name, p->n_rules);
	dp_filter_free(f);
	return NULL;
}

void dp_filter_free(struct dp_filter *f)
{
	if (f == NULL)
		return;
	rte_acl_free(f->acl);
	for (unsigned i = 0; i < f->n_workers; i++)
		rte_free(f->hits[i]);
	rte_free(f);
}

void dp_filter_hits(const struct dp_filter *f, uint64_t *hits)
{
	for (unsigned r = 0; r <= f->n_rules; r++) {
		hits[r] = 0;
		for (unsigned i = 0; i < f->n_workers; i++)
			hits[r] += __atomic_load_n(&f->hits[i][r], __ATOMIC_RELAXED);
	}
}

/* Workers ask only when some filter stands somewhere. */
static void put(struct dp *dp, struct dp_filter **place, struct dp_filter *f)
{
	__atomic_store_n(place, f, __ATOMIC_RELEASE);
	dp->n_filters = 0;
	for (unsigned d = 0; d < DP_FILTER_DIRECTIONS; d++) {
		for (unsigned i = 0; i < dp->n_ports; i++)
			dp->n_filters += dp->ports[i].filter[d] != NULL;
		for (unsigned i = 0; i < DP_TUNNELS_MAX; i++)
			dp->n_filters += dp->tunnels[i].filter[d] != NULL;
	}
	__atomic_store_n(&dp->filtering, dp->n_filters != 0, __ATOMIC_RELEASE);
}

int dp_filter_at_port(struct dp *dp, uint16_t port, enum dp_filter_direction d, struct dp_filter *f)
{
	if (port >= dp->n_ports || !(dp->ports[port].lan || dp->ports[port].internet_exit))
		return -EINVAL;
	put(dp, &dp->ports[port].filter[d], f);
	return 0;
}

int dp_filter_at_tunnel(
	struct dp *dp, uint16_t tunnel, enum dp_filter_direction d, struct dp_filter *f)
{
	if (tunnel >= DP_TUNNELS_MAX || !dp->tunnels[tunnel].used)
		return -EINVAL;
	put(dp, &dp->tunnels[tunnel].filter[d], f);
	return 0;
}

#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS  0x2000

/* Octets behind the IPv4 header that rules look at. */
static unsigned transport_len(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 14; /* up to the flags */
	case IPPROTO_ICMP:
		return 2;
	default:
		return 4;
	}
}

/*
 * The key of a checked packet. Returns false for fragments that are made to get past filters
 * (RFC 1858, 3128): a first one that shows no ports or flags, and one that would write over them.
 */
static bool make_key(const struct pkt *p, struct key *k)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	struct cursor c = cursor_open(p->l3, p->l3_len);
	uint16_t fragment = rte_be_to_cpu_16(ip->fragment_offset);
	uint8_t tcp_flags;

	*k = (struct key){.protocol = ip->next_proto_id,
		.src_be = ip->src_addr,
		.dst_be = ip->dst_addr,
		.dscp = ip->type_of_service >> 2};
	if ((fragment & FRAGMENT_OFFSET) != 0) {
		k->flags = KEY_LATER;
		return ip->next_proto_id != IPPROTO_TCP || (fragment & FRAGMENT_OFFSET) > 1;
	}
	cursor_take(&c, rte_ipv4_hdr_len(ip));
	if (c.error || cursor_left(&c) < transport_len(ip->next_proto_id))
		return (fragment & MORE_FRAGMENTS) == 0;
	k->flags = KEY_TRANSPORT;
	k->sport_be = rte_cpu_to_be_16(cursor_u16(&c));
	if (ip->next_proto_id == IPPROTO_ICMP)
		return true;
	k->dport_be = rte_cpu_to_be_16(cursor_u16(&c));
	if (ip->next_proto_id == IPPROTO_TCP) {
		cursor_take(&c, 9);
		tcp_flags = cursor_u8(&c);
		if (tcp_flags & (RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG))
			k->flags |= KEY_ESTABLISHED;
	}
	return true;
}

static void refuse(
	struct worker *w, struct pkt *p, enum dp_filter_action action, enum dp_filter_direction d)
{
	if (action == DP_FILTER_REJECT)
		punt_error(w, p, DP_DROP_filter_reject, 0);
	else
		pkt_drop(w, p, d == DP_FILTER_IN ? DP_DROP_filter_in : DP_DROP_filter_out);
}

/* Packets that meet the same filter. Those that pass go to `out`, which may be `line`. */
static unsigned classify(struct worker *w, const struct dp_filter *f, enum dp_filter_direction d,
	struct pkt **line, unsigned n, struct pkt **out)
{
	struct key keys[BURST_MAX];
	const uint8_t *data[BURST_MAX];
	uint32_t results[BURST_MAX] = {0};
	uint64_t *hits = f->hits[w->id];
	unsigned whole = 0, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		data[whole] = (const uint8_t *)&keys[whole];
		if (likely(make_key(line[i], &keys[whole]) || !f->transport))
			line[whole++] = line[i];
		else
			pkt_drop(w, line[i], DP_DROP_filter_fragment);
	}
	if (f->acl != NULL && whole != 0)
		rte_acl_classify(f->acl, data, results, whole, 1);
	for (unsigned i = 0; i < whole; i++) {
		unsigned rule = results[i] != 0 ? results[i] - 1 : f->n_rules;

		__atomic_store_n(&hits[rule], hits[rule] + 1, __ATOMIC_RELAXED);
		if (likely(f->actions[rule] == DP_FILTER_PERMIT))
			out[kept++] = line[i];
		else
			refuse(w, line[i], f->actions[rule], d);
	}
	return kept;
}

/* The filter that a packet meets, or NULL. */
static struct dp_filter *filter_of(
	const struct dp *dp, const struct pkt *p, enum dp_filter_direction d)
{
	uint32_t index = DP_ADJ_INDEX(p->adj);
	struct dp_filter *const *place = NULL;

	if (p->flags & PKT_LOCAL)
		return NULL;
	if (d == DP_FILTER_IN)
		place = p->tunnel_in != TUNNEL_NONE ? &dp->tunnels[p->tunnel_in].filter[d]
						    : &dp->ports[p->port].filter[d];
	else if (DP_ADJ_KIND(p->adj) == DP_ADJ_PEER)
		place = &dp->tunnels[dp->peers[index].tunnel].filter[d];
	else if (DP_ADJ_KIND(p->adj) == DP_ADJ_GLEAN)
		place = &dp->ports[index].filter[d];
	else if (DP_ADJ_KIND(p->adj) == DP_ADJ_ETHER && dp->neighbors[index].port != DP_PORT_NONE)
		place = &dp->ports[dp->neighbors[index].port].filter[d];
	return place != NULL ? __atomic_load_n(place, __ATOMIC_ACQUIRE) : NULL;
}

unsigned filter_run(struct worker *w, enum dp_filter_direction d, struct pkt **line, unsigned n)
{
	unsigned kept = 0, same;

	for (unsigned i = 0; i < n; i += same) {
		const struct dp_filter *f = filter_of(w->dp, line[i], d);

		for (same = 1; i + same < n; same++)
			if (filter_of(w->dp, line[i + same], d) != f)
				break;
		if (f != NULL) {
			kept += classify(w, f, d, line + i, same, line + kept);
		} else {
			memmove(line + kept, line + i, same * sizeof(*line));
			kept += same;
		}
	}
	return kept;
}
