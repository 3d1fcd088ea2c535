/* SPDX-License-Identifier: BSD-3-Clause */
/* What the capture says about ports and neighbors, and who gets which frame. */
#include "tools/replay_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>

#define ETHER_LEN 14
#define IP4_LEN   20

/* IPv4 source and destination of a frame; false if it carries none. */
static bool ip4_of(const struct capture *c, unsigned frame, uint32_t *src_be, uint32_t *dst_be)
{
	const uint8_t *at = capture_octets(c, frame);

	if (c->frames[frame].len < ETHER_LEN + IP4_LEN || at[12] != 0x08 || at[13] != 0)
		return false;
	memcpy(src_be, at + ETHER_LEN + 12, 4);
	memcpy(dst_be, at + ETHER_LEN + 16, 4);
	return true;
}

static bool port_has_address(const struct config_port *p, uint32_t be)
{
	struct ip_addr a = ip_addr_v4(be);

	for (unsigned i = 0; i < p->n_addresses; i++)
		if (ip_addr_equal(&p->addresses[i].addr, &a))
			return true;
	return false;
}

static bool port_on_link(const struct config_port *p, const struct ip_addr *a)
{
	for (unsigned i = 0; i < p->n_addresses; i++)
		if (ip_prefix_contains(&p->addresses[i], a))
			return true;
	return false;
}

static bool mac_is_zero(const uint8_t *mac)
{
	static const uint8_t zero[6];

	return memcmp(mac, zero, 6) == 0;
}

/* A port without one gets the address that frames to its IP addresses were sent to. */
static void name_port(const struct capture *c, struct config_port *p, unsigned number)
{
	uint32_t src, dst;

	p->mac_set = true;
	p->mac = (struct mac_addr){{0x02, 0, 0, 0, 1, (uint8_t)number}};
	for (unsigned i = 0; i < c->n_frames; i++) {
		const uint8_t *frame = capture_octets(c, i);

		if (!c->frames[i].no_ether && (frame[0] & 1) == 0 && ip4_of(c, i, &src, &dst) &&
			port_has_address(p, dst)) {
			memcpy(p->mac.bytes, frame, 6);
			return;
		}
	}
}

void replay_frames_name_ports(struct replay *r)
{
	for (unsigned i = 0; i < r->config->n_ports; i++)
		if (!r->config->ports[i].mac_set && r->config->ports[i].vlan == 0)
			name_port(&r->capture, &r->config->ports[i], i);
}

/* The port a frame was sent to; the first one takes what names none. */
static unsigned port_of(const struct replay *r, unsigned frame)
{
	const uint8_t *at = capture_octets(&r->capture, frame);
	uint32_t src, dst;

	for (unsigned i = 0; i < r->config->n_ports; i++)
		if (r->opt.port != NULL ? strcmp(r->opt.port, r->config->ports[i].name) == 0
					: r->capture.frames[frame].len >= 6 &&
						  memcmp(at, r->config->ports[i].mac.bytes, 6) == 0)
			return i;
	if (r->capture.frames[frame].no_ether && ip4_of(&r->capture, frame, &src, &dst))
		for (unsigned i = 0; i < r->config->n_ports; i++)
			if (port_has_address(&r->config->ports[i], dst))
				return i;
	return 0;
}

/* As a NIC spreads packets: by the outer source, so that a spoke stays on its worker. */
static unsigned worker_of(const struct replay *r, unsigned frame)
{
	uint32_t src, dst;

	if (r->opt.workers == 1 || !ip4_of(&r->capture, frame, &src, &dst))
		return 0;
	return rte_hash_crc_4byte(src, 0) % r->opt.workers;
}

static int queue_push(struct replay_queue *q, uint32_t frame)
{
	/* Powers of two are the full ones. */
	if ((q->n_frames & (q->n_frames - 1)) == 0) {
		size_t room = q->n_frames == 0 ? 1 : 2 * (size_t)q->n_frames;
		uint32_t *p = realloc(q->frames, room * sizeof(*p));

		if (p == NULL)
			return -ENOMEM;
		q->frames = p;
	}
	q->frames[q->n_frames++] = frame;
	return 0;
}

int replay_frames_assign(struct replay *r, struct error *err)
{
	bool found = r->opt.port == NULL;

	for (unsigned i = 0; i < r->config->n_ports; i++)
		found |= r->opt.port != NULL && strcmp(r->opt.port, r->config->ports[i].name) == 0;
	if (!found)
		return error_set(err, ENOENT, "%s has no port \"%s\"", r->opt.config, r->opt.port);
	for (unsigned i = 0; i < r->capture.n_frames; i++) {
		unsigned port = port_of(r, i);

		if (r->capture.frames[i].no_ether)
			memcpy(capture_octets(&r->capture, i), r->config->ports[port].mac.bytes, 6);
		if (queue_push(&r->ports[port].queues[worker_of(r, i)], i) != 0)
			return error_set(err, ENOMEM, "not enough memory for the capture");
	}
	return 0;
}

void replay_frames_free(struct replay *r)
{
	for (unsigned i = 0; i < CONFIG_PORTS_MAX; i++)
		for (unsigned w = 0; w < DP_WORKERS_MAX; w++)
			free(r->ports[i].queues[w].frames);
}

/* Addresses already told, so that a long capture costs one call for each. */
struct told {
	uint32_t *set; /* 0 = free */
	uint32_t mask;
	uint32_t used;
};

static bool told_add(struct told *t, uint32_t be)
{
	uint32_t at = rte_hash_crc_4byte(be, 0) & t->mask;

	while (t->set[at] != 0 && t->set[at] != be)
		at = (at + 1) & t->mask;
	if (t->set[at] == be || t->used == t->mask)
		return false;
	t->set[at] = be;
	t->used++;
	return true;
}

/* The address in the port's network that a frame's sender stands for, if the frame shows one. */
static bool neighbor_of(const struct replay *r, unsigned frame, unsigned port, struct ip_addr *out)
{
	const struct config_port *p = &r->config->ports[port];
	const uint8_t *at = capture_octets(&r->capture, frame);
	uint32_t src, dst;

	if (!ip4_of(&r->capture, frame, &src, &dst) || src == 0 ||
		memcmp(at + 6, p->mac.bytes, 6) == 0 || mac_is_zero(at + 6) ||
		port_has_address(p, src))
		return false;
	*out = ip_addr_v4(src);
	if (!port_on_link(p, out))
		*out = p->gateway;
	for (unsigned i = 0; i < p->n_neighbors; i++)
		if (ip_addr_equal(&p->neighbors[i].address, out))
			return false;
	return out->family == AF_INET;
}

void replay_frames_learn(struct replay *r)
{
	struct told told = {.mask = (1u << 18) - 1};
	struct ip_addr a;
	struct mac_addr mac;

	told.set = calloc(told.mask + 1u, sizeof(told.set[0]));
	if (told.set == NULL)
		return;
	for (unsigned i = 0; i < r->capture.n_frames; i++) {
		unsigned port = port_of(r, i);

		if (!neighbor_of(r, i, port, &a) || !told_add(&told, a.v4_be))
			continue;
		memcpy(mac.bytes, capture_octets(&r->capture, i) + 6, 6);
		hub_neighbor_learn(r->hub, (uint16_t)port, &a, &mac);
		r->n_neighbors++;
	}
	free(told.set);
}
