/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters on tunnels and LAN ports. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/filter.h"
#include "tests/dp/expect.h"

#define ANY      .from_port = {0, UINT16_MAX}, .to_port = {0, UINT16_MAX}
#define LAN_HOST "10.9.0.7"
#define MF       0x2000

static const struct mac_addr station = {{2, 0, 0, 0, 9, 9}};

static struct dp_filter *filter(
	const struct dp_filter_rule *rules, unsigned n, enum dp_filter_action rest)
{
	const struct dp_filter_params p = {.name = "f", .rules = rules, .n_rules = n, .rest = rest};
	struct error err = {""};
	struct dp_filter *f = dp_filter_create(net.dp, &p, &err);

	expect_true(HERE, f != NULL, "%s", err.text);
	return f;
}

static void hits(const struct dp_filter *f, unsigned n, const uint64_t *want)
{
	uint64_t got[DP_FILTER_RULES_MAX + 1];

	dp_filter_hits(f, got);
	for (unsigned i = 0; i <= n; i++)
		expect_true(HERE, got[i] == want[i], "rule %u has %lu hits, expected %lu", i,
			got[i], want[i]);
}

static void close_with(struct dp_filter *f)
{
	net_close();
	dp_filter_free(f);
}

/* The first rule that matches decides; what none matches is denied here. */
static void tunnel_in(void)
{
	const struct dp_filter_rule rules[] = {
		{.action = DP_FILTER_DENY,
			.protocol_set = true,
			.protocol = IPPROTO_UDP,
			.from_port = {0, UINT16_MAX},
			.to_port = {53, 53}},
		{.action = DP_FILTER_PERMIT, .protocol_set = true, .protocol = IPPROTO_UDP, ANY},
	};
	struct packet ip, tcp = packet_fill(0, 20);
	struct dp_filter *f;

	net_open(NULL);
	f = filter(rules, 2, DP_FILTER_DENY);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 1000, 53, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 1);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 53, 54, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = packet_ip4(net.a.lan_be, net.b.lan_be, IPPROTO_TCP, &tcp);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 2);
	hits(f, 2, (const uint64_t[]){1, 1, 1});

	/* Another tunnel has none. */
	spoke_route_add(&net.d);
	ip = packet_udp(net.d.lan_be, net.b.lan_be, 1000, 53, 100);
	spoke_send_run(&net.d, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	hits(f, 2, (const uint64_t[]){1, 1, 1});
	close_with(f);
}

/* On the way out only what leaves by that tunnel is asked; what control sends is not. */
static void tunnel_out(void)
{
	const struct dp_filter_rule rules[] = {{.action = DP_FILTER_DENY, ANY}};
	struct packet ip;
	struct rte_mbuf *m;
	struct dp_filter *f;

	net_open(NULL);
	f = filter(rules, 1, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[1], DP_FILTER_OUT, f) == 0);
	spoke_route_add(&net.d);
	ip = packet_udp(net.a.lan_be, net.d.lan_be, 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_out, 1);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));

	ip = packet_udp(packet_addr(HUB_TUNNEL_1), net.d.lan_be, 1, 2, 100);
	m = dp_inject_alloc(net.dp);
	memcpy(rte_pktmbuf_append(m, ip.len), ip.b, ip.len);
	EXPECT(dp_inject_ip4(net.dp, DP_TABLE_OVERLAY, m) == 0);
	net_run();
	EXPECT_DELIVERED(&net.d, ip);
	hits(f, 1, (const uint64_t[]){1, 0});
	close_with(f);
}

static uint16_t add_lan(void)
{
	const struct dp_port_params p = {.name = "lan",
		.parent = net.port[1].index,
		.vlan = 100,
		.lan = true,
		.mtu = 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr("10.9.0.1")}};
	uint16_t index = DP_PORT_NONE;

	EXPECT(dp_port_add(net.dp, &p, &index, NULL) == 0);
	return index;
}

static void lan_send(const struct packet *ip)
{
	struct packet tag = {.len = 4}, frame;

	packet_put16(tag.b, 100);
	packet_put16(tag.b + 2, 0x0800);
	tag = packet_join(&tag, ip);
	frame = packet_eth(&net.port[1].mac, &station, 0x8100, &tag);
	net_receive(1, 0, &frame);
	net_run();
}

/* In and out of a LAN port; also while the station's Ethernet address is not known yet. */
static void lan_port(void)
{
	const struct dp_filter_rule rules[] = {{.action = DP_FILTER_DENY,
		.from_be = packet_addr("10.9.0.0"),
		.from_len = 24,
		.dscp_set = true,
		.dscp = 46,
		ANY}};
	const struct dp_filter_rule all[] = {{.action = DP_FILTER_DENY, ANY}};
	struct dp_filter *f, *out;
	struct packet ip;
	uint16_t lan;
	uint32_t neighbor;

	net_open(NULL);
	lan = add_lan();
	f = filter(rules, 1, DP_FILTER_PERMIT);
	out = filter(all, 1, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_port(net.dp, net.port[0].index, DP_FILTER_IN, f) == -EINVAL);
	EXPECT(dp_filter_at_port(net.dp, lan, DP_FILTER_IN, f) == 0);
	EXPECT(dp_filter_at_port(net.dp, lan, DP_FILTER_OUT, out) == 0);
	ip = packet_udp(packet_addr(LAN_HOST), net.a.lan_be, 2, 1, 100);
	lan_send(&ip);
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));
	ip.b[PACKET_IP4_TOS] = 46 << 2 | 2;
	packet_ip4_seal(ip.b);
	lan_send(&ip);
	EXPECT_DROPS(filter_in, 1);

	ip = packet_udp(net.a.lan_be, packet_addr(LAN_HOST), 1, 2, 100);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.0"), 24,
		       DP_ADJ(DP_ADJ_GLEAN, lan)) == 0);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_out, 1);
	EXPECT(dp_neighbor_add(net.dp, lan, &station, &neighbor) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.0"), 24,
		       DP_ADJ(DP_ADJ_ETHER, neighbor)) == 0);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_out, 2);

	/* Taken away, it lets pass. */
	EXPECT(dp_filter_at_port(net.dp, lan, DP_FILTER_OUT, NULL) == 0);
	spoke_send_run(&net.a, &ip);
	EXPECT(net_transmitted(1).len == ip.len + 18);
	dp_filter_free(out);
	close_with(f);
}

static void reject(void)
{
	struct dp_punt_info info;
	struct packet ip, got;
	struct dp_filter *f;

	net_open(NULL);
	f = filter(NULL, 0, DP_FILTER_REJECT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	got = EXPECT_PUNT(ERROR, &info);
	EXPECT(packet_equal(&got, &ip));
	EXPECT(info.drop == DP_DROP_filter_reject && info.peer == net.a.peer);
	EXPECT_DROPS(filter_reject, 1);
	close_with(f);
}

static struct packet fragment_of(struct packet ip, uint16_t bits)
{
	packet_put16(ip.b + PACKET_IP4_FRAG, bits);
	packet_ip4_seal(ip.b);
	return ip;
}

static struct packet tcp(unsigned payload, uint8_t flags)
{
	struct packet t = packet_fill(0, payload);

	packet_put16(t.b, 1000);
	packet_put16(t.b + 2, 443);
	t.b[12] = 5 << 4;
	t.b[13] = flags;
	t.len = (uint16_t)payload;
	return packet_ip4(net.a.lan_be, net.b.lan_be, IPPROTO_TCP, &t);
}

/* Rules with ports match no later fragment; `fragments` matches nothing else. */
static void fragments(void)
{
	const struct dp_filter_rule rules[] = {
		{.action = DP_FILTER_PERMIT,
			.protocol_set = true,
			.protocol = IPPROTO_TCP,
			.from_port = {0, UINT16_MAX},
			.to_port = {443, 443}},
		{.action = DP_FILTER_PERMIT,
			.protocol_set = true,
			.protocol = IPPROTO_UDP,
			.fragments = true,
			ANY},
	};
	struct packet ip;
	struct dp_filter *f;

	net_open(NULL);
	f = filter(rules, 2, DP_FILTER_DENY);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	ip = tcp(80, 0);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = fragment_of(ip, MF);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = fragment_of(ip, MF | 10); /* the very same octets, further on */
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 1);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 1, 443, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 2);
	ip = fragment_of(ip, 10);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	hits(f, 2, (const uint64_t[]){2, 1, 2});
	close_with(f);
}

/* RFC 1858: a first fragment without the flags, a second one over them. */
static void tiny_fragments(void)
{
	const struct dp_filter_rule rules[] = {{.action = DP_FILTER_DENY,
		.protocol_set = true,
		.protocol = IPPROTO_TCP,
		.from_port = {0, UINT16_MAX},
		.to_port = {443, 443}}};
	const struct dp_filter_rule no_ports[] = {
		{.action = DP_FILTER_DENY, .protocol_set = true, .protocol = IPPROTO_UDP, ANY}};
	struct packet ip, second;
	struct dp_filter *f, *plain;

	net_open(NULL);
	f = filter(rules, 1, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	ip = fragment_of(tcp(8, 0), MF);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_fragment, 1);
	second = fragment_of(tcp(16, 0), MF | 1);
	spoke_send_run(&net.a, &second);
	EXPECT_DROPS(filter_fragment, 2);
	/* Not a fragment: no trick, but no port either. */
	second = tcp(3, 0);
	spoke_send_run(&net.a, &second);
	EXPECT_DELIVERED(&net.b, packet_hop(&second));
	/* Who asks for no ports takes no harm. */
	plain = filter(no_ports, 1, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, plain) == 0);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	dp_filter_free(f);
	close_with(plain);
}

static void established(void)
{
	const struct dp_filter_rule rules[] = {{.action = DP_FILTER_PERMIT,
		.protocol_set = true,
		.protocol = IPPROTO_TCP,
		.established = true,
		ANY}};
	static const uint8_t syn = 0x02, ack = 0x10, rst = 0x04;
	struct packet ip;
	struct dp_filter *f;

	net_open(NULL);
	f = filter(rules, 1, DP_FILTER_DENY);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	ip = tcp(20, syn);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 1);
	ip = tcp(20, syn | ack);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	ip = tcp(20, rst);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	close_with(f);
}

/* --- against a matcher of another make --- */

#define RULES   24
#define PACKETS 4096
#define BATCH   32

static unsigned pick(unsigned n)
{
	return (unsigned)(random() % n);
}

static struct dp_filter_range random_ports(void)
{
	uint16_t a = (uint16_t)pick(6), b = (uint16_t)pick(6);

	if (pick(2))
		return DP_FILTER_ANY_PORT;
	return (struct dp_filter_range){a < b ? a : b, a < b ? b : a};
}

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP};

static struct dp_filter_rule random_rule(void)
{
	struct dp_filter_rule r = {.action = pick(2) ? DP_FILTER_DENY : DP_FILTER_PERMIT,
		.from_len = (uint8_t)(pick(3) ? pick(33) : 0),
		.to_len = (uint8_t)(pick(3) ? pick(33) : 0),
		.protocol_set = pick(4) != 0,
		.protocol = protocols[pick(4)],
		.from_port = random_ports(),
		.to_port = random_ports(),
		.dscp_set = pick(6) == 0,
		.dscp = (uint8_t)pick(2),
		.fragments = pick(8) == 0};

	r.from_be = (net.a.lan_be ^ htonl(pick(4))) & ip4_mask_be(r.from_len);
	r.to_be = (net.b.lan_be ^ htonl(pick(4))) & ip4_mask_be(r.to_len);
	if (r.protocol_set && r.protocol == IPPROTO_TCP)
		r.established = pick(3) == 0;
	if (r.protocol_set && r.protocol == IPPROTO_ICMP) {
		r.from_port.first = (uint16_t)(pick(3) << 8);
		r.from_port.last = r.from_port.first | 0xff;
		r.to_port = DP_FILTER_ANY_PORT;
	}
	return r;
}

static struct packet random_packet(void)
{
	struct packet t = packet_fill(0, pick(3) ? 20 : pick(20)), ip;
	uint8_t protocol = protocols[pick(4)];

	packet_put16(
		t.b, (uint16_t)(protocol == IPPROTO_ICMP ? pick(3) << 8 | pick(256) : pick(6)));
	packet_put16(t.b + 2, (uint16_t)pick(6));
	t.b[13] = (uint8_t)pick(256);
	ip = packet_ip4(net.a.lan_be ^ htonl(pick(8)), net.b.lan_be ^ htonl(pick(8)), protocol, &t);
	ip.b[PACKET_IP4_TOS] = (uint8_t)(pick(3) << 2 | pick(4));
	if (pick(4) == 0)
		packet_put16(ip.b + PACKET_IP4_FRAG, (uint16_t)(pick(2) * MF | pick(3)));
	packet_ip4_seal(ip.b);
	return ip;
}

static bool within(uint16_t v, struct dp_filter_range r)
{
	return r.first <= v && v <= r.last;
}

static bool naive_match(const struct dp_filter_rule *r, const struct packet *p)
{
	uint32_t src = packet_get32(p->b + PACKET_IP4_SRC), dst = packet_get32(p->b + 16);
	unsigned offset = packet_get16(p->b + PACKET_IP4_FRAG) & 0x1fff, len = p->len - 20u;
	const uint8_t *t = p->b + 20;
	uint8_t protocol = p->b[PACKET_IP4_PROTOCOL];
	unsigned need = protocol == IPPROTO_TCP ? 14 : protocol == IPPROTO_ICMP ? 2 : 4;
	bool ports = r->from_port.first != 0 || r->from_port.last != 65535 ||
		     r->to_port.first != 0 || r->to_port.last != 65535;
	bool seen = offset == 0 && len >= need;

	if (r->protocol_set && r->protocol != protocol)
		return false;
	for (unsigned i = 0; i < r->from_len; i++)
		if ((src ^ ntohl(r->from_be)) >> (31 - i) & 1)
			return false;
	for (unsigned i = 0; i < r->to_len; i++)
		if ((dst ^ ntohl(r->to_be)) >> (31 - i) & 1)
			return false;
	if (r->dscp_set && p->b[PACKET_IP4_TOS] >> 2 != r->dscp)
		return false;
	if (r->fragments && offset == 0)
		return false;
	if ((ports || r->established) && !seen)
		return false;
	if (r->established && (protocol != IPPROTO_TCP || (t[13] & 0x14) == 0))
		return false;
	if (!ports)
		return true;
	return within(packet_get16(t), r->from_port) &&
	       within(protocol == IPPROTO_ICMP ? 0 : packet_get16(t + 2), r->to_port);
}

static bool naive_trick(const struct packet *p)
{
	uint16_t f = packet_get16(p->b + PACKET_IP4_FRAG);
	uint8_t protocol = p->b[PACKET_IP4_PROTOCOL];
	unsigned need = protocol == IPPROTO_TCP ? 14 : protocol == IPPROTO_ICMP ? 2 : 4;

	if ((f & 0x1fff) == 0)
		return (f & MF) != 0 && p->len - 20u < need;
	return protocol == IPPROTO_TCP && (f & 0x1fff) == 1;
}

static void random_packets(void)
{
	struct dp_filter_rule rules[RULES];
	uint64_t want[RULES + 1] = {0};
	unsigned denied = 0, tricks = 0, passed = 0;
	struct dp_filter *f;
	struct packet ip;

	srandom(1);
	net_open(&(struct net_params){.rpf = DP_RPF_OFF});
	for (unsigned i = 0; i < RULES; i++)
		rules[i] = random_rule();
	f = filter(rules, RULES, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, f) == 0);
	for (unsigned n = 0; n < PACKETS; n++) {
		unsigned hit = 0;

		ip = random_packet();
		spoke_send(&net.a, &ip);
		if (naive_trick(&ip)) {
			tricks++;
		} else {
			while (hit < RULES && !naive_match(&rules[hit], &ip))
				hit++;
			want[hit]++;
			denied += hit < RULES && rules[hit].action == DP_FILTER_DENY;
		}
		if ((n + 1) % BATCH == 0) {
			net_run();
			while (net_transmitted(0).len != 0)
				passed++;
		}
	}
	hits(f, RULES, want);
	EXPECT_DROPS(filter_in, denied);
	EXPECT_DROPS(filter_fragment, tricks);
	EXPECT(passed == PACKETS - denied - tricks);
	EXPECT(denied > PACKETS / 10 && passed > PACKETS / 10 && tricks > 10);
	close_with(f);
}

/* Rules change while packets come: each one meets the old list or the new one. */
static void replaced(void)
{
	struct dp_filter *old, *young;
	struct packet ip;

	net_open(NULL);
	old = filter(NULL, 0, DP_FILTER_DENY);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, old) == 0);
	ip = packet_udp(net.a.lan_be, net.b.lan_be, 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(filter_in, 1);
	young = filter(NULL, 0, DP_FILTER_PERMIT);
	EXPECT(dp_filter_at_tunnel(net.dp, net.tunnel[0], DP_FILTER_IN, young) == 0);
	dp_synchronize(net.dp);
	dp_filter_free(old);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	close_with(young);
}

static void too_many(void)
{
	static struct dp_filter_rule rules[DP_FILTER_RULES_MAX + 1];
	const struct dp_filter_params p = {
		.name = "big", .rules = rules, .n_rules = DP_FILTER_RULES_MAX + 1};
	struct error err = {""};

	net_open(NULL);
	EXPECT(dp_filter_create(net.dp, &p, &err) == NULL);
	EXPECT(strcmp(err.text, "filter big: 1025 rules; expected at most 1024") == 0);
	net_close();
}

static const struct unit_test tests[] = {
	{"into a tunnel", tunnel_in},
	{"out by a tunnel", tunnel_out},
	{"LAN port", lan_port},
	{"reject tells the sender", reject},
	{"fragments", fragments},
	{"fragments made to hide ports", tiny_fragments},
	{"established", established},
	{"random packets, another matcher", random_packets},
	{"replaced under traffic", replaced},
	{"too many rules", too_many},
};

DP_SUITE(filter, tests);
