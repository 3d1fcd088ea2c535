/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading packets: RFC 2332 sections 5.1, 5.2.0.1, 5.2.7 and 5.3. */
#include "nhrp/packet.h"

#include "nhrp/nhrp_priv.h"

/* The address family's type of a subnetwork layer address, and its length (5.1). */
#define TL_LEN 0x3f

/* The Internet checksum over everything, an odd last octet padded with zero (5.1). */
uint16_t nhrp_checksum(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;

	for (; len > 1; at += 2, len -= 2)
		sum += (uint64_t)at[0] << 8 | at[1];
	if (len != 0)
		sum += (uint64_t)at[0] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static struct nhrp_addr take_addr(struct cursor *c, uint8_t len, uint8_t kind)
{
	return (struct nhrp_addr){.at = cursor_take(c, len), .len = len, .kind = kind};
}

static struct nhrp_addr take_tl(struct cursor *c, uint8_t tl)
{
	return take_addr(c, tl & TL_LEN, tl & (uint8_t)~TL_LEN);
}

bool nhrp_cie_next(struct cursor *c, struct nhrp_cie *cie)
{
	uint8_t nbma, subaddr, proto;

	if (cursor_left(c) == 0)
		return false;
	cie->code = cursor_u8(c);
	cie->prefix_len = cursor_u8(c);
	cie->unused = cursor_u16(c);
	cie->mtu = cursor_u16(c);
	cie->holding = cursor_u16(c);
	nbma = cursor_u8(c);
	subaddr = cursor_u8(c);
	proto = cursor_u8(c);
	cie->preference = cursor_u8(c);
	cie->nbma = take_tl(c, nbma);
	cie->subaddr = take_tl(c, subaddr);
	cie->proto = take_addr(c, proto, 0);
	return !c->error;
}

bool nhrp_cies_valid(const struct nhrp_span *body)
{
	struct cursor c = cursor_open(body->at, body->len);
	struct nhrp_cie cie;

	while (nhrp_cie_next(&c, &cie))
		;
	return !c.error;
}

bool nhrp_ext_next(struct cursor *c, struct nhrp_ext *ext)
{
	uint16_t type, len;

	if (cursor_left(c) == 0)
		return false;
	type = cursor_u16(c);
	len = cursor_u16(c);
	ext->type = type;
	ext->body = (struct nhrp_span){.at = cursor_take(c, len), .len = len};
	return !c->error && (type & NHRP_EXT_TYPE) != NHRP_EXT_END;
}

bool nhrp_ext_find(const struct nhrp_packet *p, uint16_t type, struct nhrp_ext *ext)
{
	struct cursor c = cursor_open(p->extensions.at, p->extensions.len);

	while (nhrp_ext_next(&c, ext))
		if ((ext->type & NHRP_EXT_TYPE) == type)
			return true;
	return false;
}

uint32_t nhrp_addr_be(const struct nhrp_addr *a)
{
	uint32_t be = 0;

	if (a->len == sizeof(be))
		memcpy(&be, a->at, sizeof(be));
	return be;
}

struct nhrp_addr nhrp_addr_v4(const uint32_t *be)
{
	return (struct nhrp_addr){.at = (const uint8_t *)be, .len = sizeof(*be)};
}

uint8_t nhrp_cie_prefix(const struct nhrp_cie *cie)
{
	return cie->prefix_len == 0 || cie->prefix_len > 32 ? 32 : cie->prefix_len;
}

/* The addresses of the mandatory part. Everything after them is the payload. */
static enum nhrp_fault parse_mandatory(
	struct nhrp_packet *p, struct cursor *c, uint8_t shtl, uint8_t sstl)
{
	uint8_t src_len = cursor_u8(c), dst_len = cursor_u8(c);

	p->flags = cursor_u16(c);
	p->request_id = cursor_u32(c);
	if (nhrp_is_indication(p->type)) {
		p->code = (uint16_t)(p->request_id >> 16);
		p->offset = (uint16_t)p->request_id;
	}
	p->src_nbma = take_tl(c, shtl);
	p->src_subaddr = take_tl(c, sstl);
	p->src_proto = take_addr(c, src_len, 0);
	p->dst_proto = take_addr(c, dst_len, 0);
	if (c->error)
		return NHRP_FAULT_MANDATORY;
	p->addressed = true;
	p->payload = (struct nhrp_span){.at = c->at, .len = cursor_left(c)};
	return NHRP_FAULT_NONE;
}

static enum nhrp_fault parse_cies(struct nhrp_packet *p)
{
	struct cursor c = cursor_open(p->payload.at, p->payload.len);
	struct nhrp_cie cie;

	while (nhrp_cie_next(&c, &cie))
		p->n_cies++;
	return c.error ? NHRP_FAULT_CIE : NHRP_FAULT_NONE;
}

/*
 * A list ought to have an end (5.3.0). One that reaches the end of the packet without is taken;
 * what stands after the end is not part of it.
 */
static enum nhrp_fault parse_extensions(struct nhrp_packet *p, size_t at)
{
	struct cursor c = cursor_open(p->whole.at + at, p->whole.len - at);
	struct nhrp_ext ext;

	p->has_extensions = true;
	while (nhrp_ext_next(&c, &ext))
		if (++p->n_extensions > NHRP_EXTENSIONS_MAX)
			return NHRP_FAULT_EXTENSIONS;
	if (c.error)
		return NHRP_FAULT_EXTENSIONS;
	p->extensions.at = p->whole.at + at;
	p->extensions.len = (size_t)(c.at - p->extensions.at);
	return NHRP_FAULT_NONE;
}

static enum nhrp_fault parse(struct nhrp_packet *p, const void *bytes, size_t len)
{
	struct cursor c = cursor_open(bytes, len), mandatory;
	uint16_t size, ext;
	uint8_t shtl, sstl;
	enum nhrp_fault fault;

	p->afn = cursor_u16(&c);
	p->protocol = cursor_u16(&c);
	cursor_copy(&c, p->snap, sizeof(p->snap));
	p->hop_count = cursor_u8(&c);
	size = cursor_u16(&c);
	cursor_u16(&c);
	ext = cursor_u16(&c);
	p->version = cursor_u8(&c);
	p->type = cursor_u8(&c);
	shtl = cursor_u8(&c);
	sstl = cursor_u8(&c);
	p->fault_at = 10;
	if (c.error || size > len || size < NHRP_FIXED_LEN)
		return NHRP_FAULT_LENGTH;
	p->whole = (struct nhrp_span){.at = bytes, .len = size};
	/* What is not there is empty, and somewhere. */
	p->payload.at = p->extensions.at = p->whole.at + size;
	p->fault_at = 16;
	if (p->version != 1)
		return NHRP_FAULT_VERSION;
	p->fault_at = 12;
	if (nhrp_checksum(bytes, size) != 0)
		return NHRP_FAULT_CHECKSUM;
	p->fault_at = 14;
	if (ext != 0 && (ext < NHRP_FIXED_LEN || ext > size))
		return NHRP_FAULT_EXTENSIONS;
	p->fault_at = NHRP_FIXED_LEN;
	mandatory = cursor_open(c.at, (ext != 0 ? ext : size) - NHRP_FIXED_LEN);
	fault = parse_mandatory(p, &mandatory, shtl, sstl);
	if (fault == NHRP_FAULT_NONE && !nhrp_is_indication(p->type)) {
		p->fault_at = (uint16_t)(p->payload.at - p->whole.at);
		fault = parse_cies(p);
	}
	if (fault != NHRP_FAULT_NONE || ext == 0)
		return fault;
	p->fault_at = ext;
	return parse_extensions(p, ext);
}

enum nhrp_fault nhrp_packet_parse(struct nhrp_packet *p, const void *bytes, size_t len)
{
	enum nhrp_fault fault;

	*p = (struct nhrp_packet){0};
	fault = parse(p, bytes, len);
	if (fault == NHRP_FAULT_NONE)
		p->fault_at = 0;
	return fault;
}
