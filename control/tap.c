/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TAPs: interfaces of the hub's kernel that have an address of a port or tunnel, for all that the
 * hub does not speak itself: SSH, SNMP, a routing daemon.
 *
 * They carry IP packets without Ethernet headers (the kernel calls that tun), so that ARP, next
 * hops and NHRP stay the hub's alone. They are control's, as all that is not forwarding: what the
 * kernel gets has passed the meters of its punt class, what it sends enters where control's own
 * packets do, at most BURST a turn. DPDK's net_tap would be one more port in the workers' loop, a
 * system call each time round; virtio-user would need vhost-net, Ethernet and a second ARP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_ip.h>

#include "common/cursor.h"
#include "control/hub_priv.h"

#define BURST         64
#define PORT_IKE      500
#define PORT_IKE_NATT 4500

/* --- the kernel's side --- */

static struct sockaddr address_of(uint32_t be)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = be};
	struct sockaddr out;

	_Static_assert(sizeof(in) == sizeof(out), "an IPv4 address is what ifreq holds");
	memcpy(&out, &in, sizeof(out));
	return out;
}

/* The n-th address of an interface stands under a label of its own. */
static int set_address(int s, const char *name, unsigned n, const struct ip_prefix *p)
{
	struct ifreq r = {0};
	int len = snprintf(r.ifr_name, sizeof(r.ifr_name), n ? "%s:%u" : "%s", name, n);

	if (len >= (int)sizeof(r.ifr_name))
		return -ENAMETOOLONG;
	r.ifr_addr = address_of(p->addr.v4_be);
	if (ioctl(s, SIOCSIFADDR, &r) < 0)
		return -errno;
	r.ifr_netmask = address_of(ip4_mask_be(p->len));
	return ioctl(s, SIOCSIFNETMASK, &r) < 0 ? -errno : 0;
}

static int configure(const char *name, uint16_t mtu, const struct ip_prefix *addrs, unsigned n)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = s < 0 ? -errno : 0;
	struct ifreq r = {.ifr_mtu = mtu};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (rc == 0 && ioctl(s, SIOCSIFMTU, &r) < 0)
		rc = -errno;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = set_address(s, name, i, &addrs[i]);
	if (rc == 0 && ioctl(s, SIOCGIFFLAGS, &r) < 0)
		rc = -errno;
	r.ifr_flags |= IFF_UP | IFF_RUNNING | IFF_MULTICAST;
	if (rc == 0 && ioctl(s, SIOCSIFFLAGS, &r) < 0)
		rc = -errno;
	if (s >= 0)
		close(s);
	return rc;
}

/* @return a descriptor that does not block, or -errno */
static int open_tun(const char *name, uint16_t mtu, const struct ip_prefix *addrs, unsigned n_addrs)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), rc;
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	if (fd < 0)
		return -errno;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	rc = ioctl(fd, TUNSETIFF, &r) < 0 ? -errno : configure(name, mtu, addrs, n_addrs);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* --- to the kernel --- */

static bool has_address(const struct hub_tap *t, uint32_t be)
{
	for (unsigned i = 0; i < t->n_addrs; i++)
		if (t->addrs[i].addr.v4_be == be)
			return true;
	return false;
}

static void to_kernel(struct hub_tap *t, const uint8_t *packet, unsigned len)
{
	if (write(t->fd, packet, len) == (ssize_t)len)
		t->stats.to_kernel++;
	else
		t->stats.kernel_full++;
}

/* The interface that a packet of a group came in on. */
static struct hub_tap *of_group(struct hub *h, const struct dp_punt_info *info)
{
	const struct hub_peer *peer = hub_peer_of(h, info->peer);

	for (unsigned i = 0; i < h->n_taps; i++) {
		struct hub_tap *t = &h->taps[i];

		if (peer != NULL ? t->tunnel && t->index == peer->tunnel
				 : !t->tunnel && t->index == info->port)
			return t;
	}
	return NULL;
}

void hub_tap_deliver(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	uint32_t dst_be;

	cursor_take(&c, offsetof(struct rte_ipv4_hdr, dst_addr));
	dst_be = cursor_be32(&c);
	if (c.error)
		return;
	if (ntohl(dst_be) >> 28 == 14) {
		struct hub_tap *t = of_group(h, info);

		if (t != NULL)
			to_kernel(t, packet, len);
		return;
	}
	for (unsigned i = 0; i < h->n_taps; i++) {
		struct hub_tap *t = &h->taps[i];

		/* An outer address is reached from outside, the others from inside. */
		if (t->table == info->table && has_address(t, dst_be)) {
			to_kernel(t, packet, len);
			return;
		}
	}
}

/* --- from the kernel --- */

/* What must be known of a packet that the kernel sends. */
struct outgoing {
	uint8_t protocol;
	uint16_t fragment; /* flags and offset */
	uint32_t src_be, dst_be;
	uint16_t ports[2]; /* of UDP, 0 if they do not show */
	unsigned header_len;
};

static bool parse(const uint8_t *packet, unsigned len, struct outgoing *out)
{
	struct cursor c = cursor_open(packet, len);
	uint8_t version = cursor_u8(&c);

	*out = (struct outgoing){.header_len = (version & 15u) * 4};
	cursor_u8(&c);
	if (cursor_u16(&c) != len || version >> 4 != 4 || out->header_len < 20)
		return false;
	cursor_u16(&c);
	out->fragment = cursor_u16(&c);
	cursor_u8(&c);
	out->protocol = cursor_u8(&c);
	cursor_u16(&c);
	out->src_be = cursor_be32(&c);
	out->dst_be = cursor_be32(&c);
	cursor_take(&c, out->header_len - 20);
	if (c.error)
		return false;
	if (out->protocol == IPPROTO_UDP && (out->fragment & 0x1fff) == 0) {
		out->ports[0] = cursor_u16(&c);
		out->ports[1] = cursor_u16(&c);
	}
	return true;
}

/* What is the hub's alone to speak: nobody may go past its SAs, or answer its peers' IKE. */
static bool is_hubs(const struct outgoing *out)
{
	if (out->protocol == IPPROTO_GRE || out->protocol == IPPROTO_ESP ||
		out->protocol == IPPROTO_AH || out->protocol == IPPROTO_IPIP)
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (out->ports[i] == PORT_IKE || out->ports[i] == PORT_IKE_NATT)
			return true;
	return false;
}

static bool is_group(const struct hub_tap *t, uint32_t dst_be)
{
	bool all = false;

	for (unsigned i = 0; i < t->n_addrs; i++)
		all |= t->addrs[i].len < 31 &&
		       dst_be == (t->addrs[i].addr.v4_be | ~ip4_mask_be(t->addrs[i].len));
	return all || ntohl(dst_be) >> 28 >= 14;
}

/* To all on a LAN's link (RFC 1112 6.4). */
static int send_group_lan(
	struct hub *h, const struct hub_tap *t, struct rte_mbuf *m, uint32_t dst_be)
{
	uint32_t group = ntohl(dst_be);
	struct rte_ether_hdr eth = {.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)};
	const struct mac_addr own = dp_port_mac(h->dp, (uint16_t)t->index);
	char *front = rte_pktmbuf_prepend(m, sizeof(eth));

	if (front == NULL) {
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	memset(&eth.dst_addr, 0xff, sizeof(eth.dst_addr));
	if (group >> 28 == 14)
		eth.dst_addr = (struct rte_ether_addr){
			{0x01, 0x00, 0x5e, group >> 16 & 0x7f, group >> 8 & 0xff, group & 0xff}};
	memcpy(&eth.src_addr, &own, sizeof(eth.src_addr));
	memcpy(front, &eth, sizeof(eth));
	return dp_inject_frame(h->dp, (uint16_t)t->index, m);
}

/* RFC 1191: what does not fit a peer's path is told to the kernel as a router would. */
static bool too_big(struct hub *h, struct hub_tap *t, const struct outgoing *out,
	const uint8_t *packet, unsigned len)
{
	dp_adj_t adj = dp_route_lookup(h->dp, DP_TABLE_OVERLAY, out->dst_be);
	uint8_t error[HUB_ICMP_MAX];
	uint16_t mtu;
	unsigned n;

	if (!t->tunnel || (out->fragment & 0x4000) == 0 || DP_ADJ_KIND(adj) != DP_ADJ_PEER)
		return false;
	mtu = dp_peer_mtu(h->dp, DP_ADJ_INDEX(adj));
	if (len <= mtu)
		return false;
	n = hub_icmp_too_big(error, out->dst_be, out->src_be, mtu, packet, len);
	to_kernel(t, error, n);
	t->stats.too_big++;
	return true;
}

static int transmit(
	struct hub *h, const struct hub_tap *t, const struct outgoing *out, struct rte_mbuf *m)
{
	if (!is_group(t, out->dst_be))
		return dp_inject_ip4(h->dp, t->table, m);
	if (t->tunnel)
		return dp_inject_multicast(h->dp, h->tunnels[t->index].dp, 0x0800, m);
	return send_group_lan(h, t, m, out->dst_be);
}

static void from_kernel(struct hub *h, struct hub_tap *t, struct rte_mbuf *m)
{
	const uint8_t *packet = rte_pktmbuf_mtod(m, uint8_t *);
	struct hub_tap_stats *s = &t->stats;
	uint64_t *refused = NULL;
	struct outgoing out;

	if (!parse(packet, m->data_len, &out))
		refused = &s->malformed; /* IPv6, too */
	else if (is_hubs(&out))
		refused = &s->protocol;
	else if (!has_address(t, out.src_be))
		refused = &s->source;
	else if (t->table == DP_TABLE_UNDERLAY && is_group(t, out.dst_be))
		refused = &s->destination;
	if (refused != NULL || too_big(h, t, &out, packet, m->data_len)) {
		if (refused != NULL)
			++*refused;
		rte_pktmbuf_free(m);
		return;
	}
	if (transmit(h, t, &out, m) < 0)
		s->hub_full++;
	else
		s->from_kernel++;
}

void hub_taps_turn(struct hub *h)
{
	for (unsigned i = 0; i < h->n_taps; i++)
		for (unsigned n = 0; n < BURST; n++) {
			struct rte_mbuf *m = dp_inject_alloc(h->dp);
			ssize_t len = -1;

			/* The kernel keeps what there is no buffer for. */
			if (m != NULL)
				len = read(h->taps[i].fd, rte_pktmbuf_mtod(m, void *),
					rte_pktmbuf_tailroom(m));
			if (len <= 0) {
				rte_pktmbuf_free(m);
				break;
			}
			rte_pktmbuf_append(m, (uint16_t)len);
			from_kernel(h, &h->taps[i], m);
		}
}

/* --- their making --- */

static int add(struct hub *h, const struct hub_tap *like, const struct config_place *at,
	uint16_t mtu, struct error *err)
{
	hub_tap_open_fn open_fn = h->params.tap_open != NULL ? h->params.tap_open : open_tun;
	struct hub_tap *t = &h->taps[h->n_taps];

	*t = *like;
	t->fd = open_fn(t->name, mtu, t->addrs, t->n_addrs);
	if (t->fd < 0)
		return error_set(err, -t->fd,
			"%s:%u: tap %s cannot be made: %s; it needs /dev/net/tun and "
			"CAP_NET_ADMIN, and a name that is free",
			at->file, at->line, t->name, strerror(-t->fd));
	h->n_taps++;
	return 0;
}

int hub_taps_create(struct hub *h, struct error *err)
{
	int rc = 0;

	h->taps = calloc(h->n_ports + h->n_tunnels + 1, sizeof(*h->taps));
	if (h->taps == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < h->n_ports && rc == 0; i++) {
		const struct config_port *c = h->ports[i].config;
		const struct hub_tap t = {.name = c->tap,
			.index = i,
			.table = (uint8_t)hub_port_table(h, (uint16_t)i),
			.addrs = c->addresses,
			.n_addrs = c->n_addresses};

		if (c->tap[0] != '\0')
			rc = add(h, &t, &c->place, c->mtu, err);
	}
	for (unsigned i = 0; i < h->n_tunnels && rc == 0; i++) {
		const struct config_tunnel *c = h->tunnels[i].config;
		const struct hub_tap t = {.name = c->tap,
			.index = i,
			.tunnel = true,
			.table = DP_TABLE_OVERLAY,
			.addrs = &c->address,
			.n_addrs = 1};

		if (c->tap[0] != '\0')
			rc = add(h, &t, &c->place, c->mtu, err);
	}
	return rc;
}

void hub_taps_destroy(struct hub *h)
{
	for (unsigned i = 0; i < h->n_taps; i++)
		close(h->taps[i].fd);
	free(h->taps);
}
