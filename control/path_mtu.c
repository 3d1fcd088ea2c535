/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU of the outer paths (RFC 1191), from ICMP "fragmentation needed". Such a message comes
 * from any router, and so from anybody: it is believed only if what it quotes is a packet that the
 * hub sent lately (RFC 5927 4.1, 7.2), with the SPI and a sequence number of the SA in use. A
 * stranger would have to see the traffic to know them. Spokes behind a NAT are believed about only
 * if the router quotes more than the eight octets of RFC 792, for ESP is behind UDP there.
 */
#include <arpa/inet.h>

#include <rte_hash.h>
#include <rte_ip.h>

#include "common/cursor.h"
#include "control/hub_priv.h"

#define UDP_PORT 4500
#define MTU_MIN  576           /* less is no path, but an attack */
#define RECENT   (1u << 16)    /* sequence numbers back from the last one sent */
#define AGE_MS   (600u * 1000) /* RFC 1191 6.3: then a larger one is tried */

struct key {
	uint32_t addr_be;
	uint32_t spi;
	uint16_t port; /* 0: plain ESP */
	uint16_t zero;
};

/* What of a quoted packet matters. */
struct quote {
	uint32_t src_be;
	struct key key;
	uint32_t seq;
};

int hub_path_mtu_create(struct hub *h, struct error *err)
{
	struct rte_hash_parameters p = {
		.name = "path_mtu",
		.entries = RTE_MAX(h->peers_room, 8u),
		.key_len = sizeof(struct key),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	h->path_mtu.index = rte_hash_create(&p);
	if (h->path_mtu.index == NULL)
		return error_set(err, ENOMEM,
			"no memory for the path MTUs of %u peers: give the EAL more (-m, or "
			"hugepages)",
			h->peers_room);
	return 0;
}

void hub_path_mtu_destroy(struct hub *h)
{
	rte_hash_free(h->path_mtu.index);
}

static const struct sa *sa_in_use(const struct hub *h, const struct hub_peer *p)
{
	uint32_t index = dp_peer_sa_out(h->dp, p->dp);

	return index == SA_NONE ? NULL : sa_at(dp_sa_table(h->dp, false), index);
}

static struct key key_of(const struct hub_peer *p, const struct sa *sa)
{
	return (struct key){.addr_be = p->nbma_be, .spi = sa->spi, .port = p->nat_port};
}

void hub_path_mtu_track(struct hub *h, struct hub_peer *p)
{
	const struct sa *sa = sa_in_use(h, p);
	struct key key;

	if (sa == NULL)
		return;
	key = key_of(p, sa);
	rte_hash_add_key_data(h->path_mtu.index, &key, p);
}

void hub_path_mtu_forget(struct hub *h, struct hub_peer *p)
{
	const struct sa *sa = sa_in_use(h, p);
	void *found;
	struct key key;

	if (p->path_mtu != 0)
		dp_peer_set_path_mtu(h->dp, p->dp, 0);
	p->path_mtu = 0;
	if (sa == NULL)
		return;
	key = key_of(p, sa);
	if (rte_hash_lookup_data(h->path_mtu.index, &key, &found) >= 0 && found == p)
		rte_hash_del_key(h->path_mtu.index, &key);
}

/* @return false if this is no packet that the hub could have sent */
static bool parse(const uint8_t *data, unsigned len, struct quote *q)
{
	struct cursor c = cursor_open(data, len);
	uint8_t version_ihl = cursor_u8(&c), protocol;
	uint16_t fragment, sport = UDP_PORT;

	cursor_take(&c, 5);
	fragment = cursor_u16(&c);
	cursor_u8(&c);
	protocol = cursor_u8(&c);
	cursor_u16(&c);
	q->src_be = cursor_be32(&c);
	q->key = (struct key){.addr_be = cursor_be32(&c)};
	if (protocol == IPPROTO_UDP) {
		sport = cursor_u16(&c);
		q->key.port = cursor_u16(&c);
		cursor_u32(&c);
	}
	q->key.spi = cursor_u32(&c);
	q->seq = cursor_u32(&c);
	/* What leaves has no options, is whole, and says don't fragment. */
	return !c.error && version_ihl == RTE_IPV4_VHL_DEF && fragment == RTE_IPV4_HDR_DF_FLAG &&
	       sport == UDP_PORT &&
	       (protocol == IPPROTO_ESP || (protocol == IPPROTO_UDP && q->key.port != 0));
}

/* Was this number sent, and lately? The upper half of a long number is not on the wire. */
static bool sent_lately(const struct sa *sa, uint32_t seq)
{
	uint64_t last = __atomic_load_n(&sa->hot.seq, __ATOMIC_RELAXED);
	uint32_t back = (uint32_t)last - seq;

	return back < RECENT && back < last;
}

/* The MTU in use: the path's, or the link's. */
static unsigned present_mtu(const struct hub *h, const struct hub_peer *p)
{
	if (p->path_mtu != 0)
		return p->path_mtu;
	if (p->next_hop == HUB_NONE)
		return 0;
	return h->ports[h->neighbors.at[p->next_hop].port].config->mtu;
}

void hub_path_mtu_receive(struct hub *h, uint32_t to_be, const uint8_t *icmp, unsigned len)
{
	struct hub_path_mtu *t = &h->path_mtu;
	struct cursor c = cursor_open(icmp, len);
	const struct sa *sa;
	struct hub_peer *p;
	struct quote q;
	uint16_t mtu;
	void *found;

	cursor_take(&c, 6);
	mtu = cursor_u16(&c);
	if (c.error || !parse(c.at, (unsigned)cursor_left(&c), &q) || q.src_be != to_be) {
		t->malformed++;
		return;
	}
	if (rte_hash_lookup_data(t->index, &q.key, &found) < 0) {
		t->unknown++;
		return;
	}
	p = found;
	sa = sa_in_use(h, p);
	if (sa == NULL || sa->spi != q.key.spi ||
		h->tunnels[p->tunnel].config->nbma.v4_be != q.src_be) {
		t->unknown++;
	} else if (!sent_lately(sa, q.seq)) {
		t->sequence++;
	} else if (mtu < MTU_MIN || mtu >= present_mtu(h, p)) {
		t->value++;
	} else {
		t->believed++;
		p->path_mtu = mtu;
		p->path_mtu_until = h->now + AGE_MS;
		dp_peer_set_path_mtu(h->dp, p->dp, mtu);
	}
}

void hub_path_mtu_age(struct hub *h, struct hub_peer *p)
{
	if (p->path_mtu == 0 || h->now < p->path_mtu_until)
		return;
	p->path_mtu = 0;
	dp_peer_set_path_mtu(h->dp, p->dp, 0);
}
