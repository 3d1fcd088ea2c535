/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/rip/packet.h"

#include <arpa/inet.h>
#include <errno.h>

#include "common/addr.h"
#include "common/cursor.h"

#define TRAILER_LEN 4 /* family and type in front of the digest */

static void read_entry(struct cursor *c, struct rip_entry *e)
{
	e->family = cursor_u16(c);
	e->tag = cursor_u16(c);
	e->addr_be = cursor_be32(c);
	e->mask_be = cursor_be32(c);
	e->next_hop_be = cursor_be32(c);
	e->metric = cursor_u32(c);
}

/*
 * RFC 4822 2.1: the first entry says where the digest begins; behind the entries that it covers
 * stands a trailer of family 0xffff and type 1, and the digest to the end of the message.
 */
static bool read_crypt(struct rip_packet_auth *a, struct cursor *entry, const uint8_t *data,
	size_t len, size_t *entries_end)
{
	struct cursor tail;
	uint16_t offset = cursor_u16(entry);

	a->key_id = cursor_u8(entry);
	a->auth_len = cursor_u8(entry);
	a->sequence = cursor_u32(entry);
	if (offset < RIP_HEADER_LEN + RIP_ENTRY_LEN || offset > len)
		return false;
	tail = cursor_open(data + offset, len - offset);
	if (cursor_u16(&tail) != RIP_FAMILY_AUTH || cursor_u16(&tail) != 1)
		return false;
	a->signed_len = (uint16_t)(offset + TRAILER_LEN);
	a->digest_len = (unsigned)cursor_left(&tail);
	a->digest = cursor_take(&tail, a->digest_len);
	*entries_end = offset;
	/* Before RFC 2082 was out the length counted the trailer's head too. */
	return !tail.error && a->digest_len > 0 && a->digest_len <= RIP_DIGEST_MAX &&
	       (a->auth_len == a->digest_len || a->auth_len == a->digest_len + TRAILER_LEN);
}

/* The first entry, if it is about authentication. @return false if it is wrong */
static bool read_auth(struct rip_packet *p, struct cursor *c, const uint8_t *data, size_t len,
	size_t *entries_end)
{
	struct cursor entry = *c;

	*entries_end = len;
	p->auth = (struct rip_packet_auth){.kind = RIP_AUTH_NONE};
	if (p->version < 2 || cursor_left(c) < RIP_ENTRY_LEN ||
		cursor_u16(&entry) != RIP_FAMILY_AUTH)
		return true;
	cursor_take(c, RIP_ENTRY_LEN);
	p->auth.kind = cursor_u16(&entry);
	switch (p->auth.kind) {
	case RIP_AUTH_TEXT:
		p->auth.text = cursor_take(&entry, RIP_SECRET_LEN);
		return true;
	case RIP_AUTH_CRYPT:
		return read_crypt(&p->auth, &entry, data, len, entries_end);
	default:
		return false;
	}
}

/* RFC 1058 3.4, RFC 2453 4: what version 1 has no use for must be zero; version 2 does not care. */
static bool zero_where_must(const struct rip_entry *e)
{
	return e->tag == 0 && e->mask_be == 0 && e->next_hop_be == 0;
}

enum rip_parse rip_packet_parse(const uint8_t *data, size_t len, struct rip_packet *p)
{
	struct cursor c = cursor_open(data, len);
	size_t end;
	uint16_t zero;

	p->command = cursor_u8(&c);
	p->version = cursor_u8(&c);
	zero = cursor_u16(&c);
	p->n = 0;
	if (c.error || len > RIP_PACKET_MAX)
		return RIP_PARSE_LENGTH;
	if (p->version == 0)
		return RIP_PARSE_VERSION;
	if (p->command != RIP_REQUEST && p->command != RIP_RESPONSE)
		return RIP_PARSE_COMMAND;
	if (p->version == 1 && zero != 0)
		return RIP_PARSE_NOT_ZERO;
	if (!read_auth(p, &c, data, len, &end))
		return RIP_PARSE_AUTH;
	c.end = data + end;
	if (cursor_left(&c) % RIP_ENTRY_LEN != 0 ||
		end > RIP_HEADER_LEN + RIP_ENTRIES_MAX * RIP_ENTRY_LEN)
		return RIP_PARSE_LENGTH;
	while (cursor_left(&c) > 0) {
		struct rip_entry *e = &p->entries[p->n++];

		read_entry(&c, e);
		if (p->version == 1 && !zero_where_must(e))
			return RIP_PARSE_NOT_ZERO;
		/* RFC 2453 4.1: authentication is the first entry, and no other. */
		if (p->version >= 2 && e->family == RIP_FAMILY_AUTH)
			return RIP_PARSE_AUTH;
	}
	return RIP_PARSE_OK;
}

void rip_packet_write_header(struct writer *w, enum rip_command command, uint8_t version)
{
	writer_u8(w, (uint8_t)command);
	writer_u8(w, version);
	writer_u16(w, 0);
}

void rip_packet_write_entry(struct writer *w, const struct rip_entry *e)
{
	writer_u16(w, e->family);
	writer_u16(w, e->tag);
	writer_copy(w, &e->addr_be, 4);
	writer_copy(w, &e->mask_be, 4);
	writer_copy(w, &e->next_hop_be, 4);
	writer_u32(w, e->metric);
}

int rip_mask_len(uint32_t mask_be)
{
	int len = __builtin_popcount(mask_be);

	return ip4_mask_be((uint8_t)len) == mask_be ? len : -EINVAL;
}

int rip_natural_len(uint32_t addr_be)
{
	uint32_t addr = ntohl(addr_be);

	if (addr == 0)
		return 0;
	if (addr < 0x80000000)
		return 8;
	if (addr < 0xc0000000)
		return 16;
	return addr < 0xe0000000 ? 24 : -EINVAL;
}
