/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IKE datagrams (RFC 7296 2.23, RFC 3948 2.2: on port 4500 with a marker, which is charon's to make
 * and to take off). What charon is to judge reaches it as it came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "common/cursor.h"
#include "control/ike_priv.h"

#define TTL                64
#define IKE_PORT           500
#define NON_ESP_MARKER_LEN 4 /* RFC 3948 2.2 */
#define IKE_SPI_LEN        8

/*
 * Who begins does not know the responder's SPI yet (RFC 7296 3.1, RFC 2408 3.1: its cookie). A
 * charon without settings has no proposal for it, and a spoke may take that for an answer. One that
 * takes its leave would still begin, and its peer then ask one that is gone for the rest of the
 * exchange. Without an answer a spoke asks again, and soon finds one that can talk to it.
 */
static bool begins(const struct ike_datagram *d)
{
	struct cursor c = cursor_open(d->data, d->len);

	if (d->dst.port != IKE_PORT)
		cursor_take(&c, NON_ESP_MARKER_LEN);
	cursor_take(&c, IKE_SPI_LEN);
	return cursor_be32(&c) == 0 && cursor_be32(&c) == 0 && !c.error;
}

void hub_ike_datagram(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	unsigned header_len = (cursor_u8(&c) & 0xfu) * 4, udp_len;
	uint8_t header[IKE_WIRE_DATAGRAM_HEADER_LEN];
	struct ike_datagram d;
	struct ike_socket *s;
	struct iovec parts[2];
	const struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	(void)info;
	if (h->ike == NULL)
		return;
	cursor_take(&c, 11);
	d.src.addr_be = cursor_be32(&c);
	d.dst.addr_be = cursor_be32(&c);
	c = cursor_open(packet, len);
	cursor_take(&c, header_len);
	d.src.port = cursor_u16(&c);
	d.dst.port = cursor_u16(&c);
	udp_len = cursor_u16(&c);
	cursor_take(&c, 2);
	d.len = udp_len > sizeof(struct rte_udp_hdr) ? udp_len - sizeof(struct rte_udp_hdr) : 0;
	d.data = cursor_take(&c, d.len);
	if (c.error || d.len == 0 || header_len < sizeof(struct rte_ipv4_hdr))
		return;
	ike_wire_datagram_header(&d, header);
	parts[0] = (struct iovec){header, sizeof(header)};
	parts[1] = (struct iovec){(void *)(uintptr_t)d.data, d.len};
	s = &h->ike->socket[IKE_CHANNEL_IKE];
	if ((h->ike->leaving || !h->ike->answers) && begins(&d))
		h->ike->stats.dropped_in++;
	else if (s->fd >= 0 && s->greeted && sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		h->ike->stats.datagrams_in++;
	else
		h->ike->stats.dropped_in++;
}

/* An outer port's address and how large packets may be that leave by it; 0: it is none of ours. */
static uint16_t mtu_of(const struct hub *h, uint32_t addr_be)
{
	for (unsigned i = 0; i < h->n_ports; i++)
		if (!h->ports[i].config->lan && hub_port_has_address(h, (uint16_t)i, addr_be))
			return h->ports[i].config->mtu;
	return 0;
}

/* One fragment (RFC 791 3.2), or the whole of it. */
static int send_piece(struct hub *h, const struct ike_datagram *d, uint16_t id, const uint8_t *udp,
	size_t offset, size_t n, size_t total)
{
	struct rte_mbuf *m = dp_inject_alloc(h->dp);
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + n)),
		.packet_id = id,
		.fragment_offset = rte_cpu_to_be_16(
			(uint16_t)(offset / 8 | (offset + n < total ? RTE_IPV4_HDR_MF_FLAG : 0))),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = d->src.addr_be,
		.dst_addr = d->dst.addr_be,
	};

	if (m == NULL || rte_pktmbuf_tailroom(m) < sizeof(ip) + n) {
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(rte_pktmbuf_append(m, sizeof(ip)), &ip, sizeof(ip));
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), udp + offset, n);
	return dp_inject_ip4(h->dp, DP_TABLE_UNDERLAY, m);
}

static int send_datagram(struct hub *h, const struct ike_datagram *d, uint16_t mtu)
{
	static uint8_t udp[sizeof(struct rte_udp_hdr) + IKE_WIRE_DATAGRAM_MAX];
	size_t total = sizeof(struct rte_udp_hdr) + d->len, piece, n;
	struct rte_udp_hdr header = {
		.src_port = rte_cpu_to_be_16(d->src.port),
		.dst_port = rte_cpu_to_be_16(d->dst.port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)total),
	};
	struct rte_ipv4_hdr pseudo = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(pseudo) + total)),
		.next_proto_id = IPPROTO_UDP,
		.src_addr = d->src.addr_be,
		.dst_addr = d->dst.addr_be,
	};
	uint16_t id = 0;
	int rc = 0;

	memcpy(udp, &header, sizeof(header));
	memcpy(udp + sizeof(header), d->data, d->len);
	header.dgram_cksum = rte_ipv4_udptcp_cksum(&pseudo, udp);
	memcpy(udp, &header, sizeof(header));
	piece = (mtu - sizeof(pseudo)) & ~(size_t)7;
	if (total > piece && getrandom(&id, sizeof(id), 0) != sizeof(id))
		return -EIO;
	for (size_t offset = 0; offset < total && rc == 0; offset += n) {
		n = RTE_MIN(piece, total - offset);
		rc = send_piece(h, d, id, udp, offset, n, total);
	}
	return rc;
}

bool ike_datagram_send(struct hub_ike *ike, const uint8_t *data, size_t len)
{
	struct ike_datagram d;
	uint16_t mtu;

	if (ike_wire_datagram_decode(&d, data, len) < 0 ||
		d.len > IKE_WIRE_DATAGRAM_MAX - sizeof(struct rte_ipv4_hdr))
		return false;
	mtu = mtu_of(ike->hub, d.src.addr_be);
	if (mtu == 0 || d.src.port == 0 || d.dst.port == 0 || send_datagram(ike->hub, &d, mtu) < 0)
		ike->stats.refused_out++;
	else
		ike->stats.datagrams_out++;
	return true;
}
