/* SPDX-License-Identifier: BSD-3-Clause */
/* What all packets of ours have: headers, entries about ourselves, extensions, the secret. */
#include "nhrp/nhrp_priv.h"

/* Cisco's secret in RFC 2332's extension (5.3.4.1): reserved and SPI, then the octets themselves.
 */
static const uint8_t spi[4] = {0, 0, 0, 1};

/* Open a packet. Of p the caller has set type, flags, request id, source and destination. */
void nhrp_make(
	struct nhrp *n, const struct nhrp_iface *i, struct nhrp_builder *b, struct nhrp_packet *p)
{
	p->afn = NHRP_AFN_IPV4;
	p->protocol = NHRP_PROTOCOL_IPV4;
	p->version = 1;
	/* As far as it can be: some who get 0 or 1 pass nothing on (5.1). */
	p->hop_count = 255;
	if (p->src_nbma.at == NULL)
		p->src_nbma = nhrp_addr_v4(&i->p.nbma_be);
	if (p->src_proto.at == NULL)
		p->src_proto = nhrp_addr_v4(&i->p.address_be);
	nhrp_build_start(b, n->out, sizeof(n->out), p);
}

/* Us: in responder address and transit records (5.3.1 to 5.3.3), prefix length 0. */
struct nhrp_cie nhrp_own_cie(const struct nhrp_iface *i)
{
	return (struct nhrp_cie){.mtu = i->p.mtu,
		.holding = i->p.holding,
		.nbma = nhrp_addr_v4(&i->p.nbma_be),
		.proto = nhrp_addr_v4(&i->p.address_be)};
}

/* Takes as long for every secret of the same length. */
static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	volatile uint8_t differ = 0;

	for (size_t k = 0; k < len; k++)
		differ |= a[k] ^ b[k];
	return differ == 0;
}

bool nhrp_authentic(const struct nhrp_iface *i, const struct nhrp_packet *p)
{
	struct nhrp_ext e;
	size_t len;

	if (i->p.secret == NULL)
		return true;
	len = strlen(i->p.secret);
	return nhrp_ext_find(p, NHRP_EXT_AUTHENTICATION, &e) && e.body.len == sizeof(spi) + len &&
	       same(e.body.at, spi, sizeof(spi)) &&
	       same(e.body.at + sizeof(spi), (const uint8_t *)i->p.secret, len);
}

void nhrp_put_secret(struct nhrp_builder *b, const struct nhrp_iface *i)
{
	if (i->p.secret == NULL)
		return;
	nhrp_build_ext_open(b, NHRP_EXT_COMPULSORY | NHRP_EXT_AUTHENTICATION);
	nhrp_build_bytes(b, spi, sizeof(spi));
	nhrp_build_bytes(b, i->p.secret, strlen(i->p.secret));
	nhrp_build_ext_close(b);
}

/* What our requests ask for, in the order Cisco asks for it. */
void nhrp_put_request_extensions(struct nhrp_builder *b, const struct nhrp_iface *i, bool nat)
{
	nhrp_build_ext(b, NHRP_EXT_COMPULSORY | NHRP_EXT_RESPONDER, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_COMPULSORY | NHRP_EXT_FORWARD, NULL, 0);
	nhrp_build_ext(b, NHRP_EXT_COMPULSORY | NHRP_EXT_REVERSE, NULL, 0);
	nhrp_put_secret(b, i);
	if (nat)
		nhrp_build_ext(b, NHRP_EXT_NAT, NULL, 0);
}

/* Cisco's, and not RFC 2735's of the same number. */
bool nhrp_is_nat(const struct nhrp_ext *e)
{
	return (e->type & NHRP_EXT_TYPE) == NHRP_EXT_NAT && e->body.len != NHRP_CAPABILITIES_LEN &&
	       nhrp_cies_valid(&e->body);
}

/* Whether an extension of entries names a protocol address. */
bool nhrp_listed(const struct nhrp_packet *p, uint16_t type, uint32_t address_be)
{
	struct nhrp_ext e;
	struct nhrp_cie cie;
	struct cursor c;

	if (!nhrp_ext_find(p, type, &e))
		return false;
	c = cursor_open(e.body.at, e.body.len);
	while (nhrp_cie_next(&c, &cie))
		if (nhrp_addr_be(&cie.proto) == address_be)
			return true;
	return false;
}

/* Nobody was between the sender and us, as far as the record tells. */
bool nhrp_first_hop(const struct nhrp_packet *p, uint16_t record)
{
	struct nhrp_ext e;

	return !nhrp_ext_find(p, record, &e) || e.body.len == 0;
}

/*
 * All of the request's extensions in their order (5.2.2, 5.3): the responder address is filled in,
 * the secret is of this hop, public addresses are added to the NAT addresses, everything else is as
 * it came. The records stay: who answers adds nothing to them (5.3.2).
 */
void nhrp_put_reply_extensions(struct nhrp_builder *b, const struct nhrp_in *in,
	const struct nhrp_cie *nat, unsigned n_nat)
{
	struct cursor c = cursor_open(in->p->extensions.at, in->p->extensions.len);
	struct nhrp_cie own = nhrp_own_cie(in->iface);
	struct nhrp_ext e;

	while (nhrp_ext_next(&c, &e)) {
		switch (e.type & NHRP_EXT_TYPE) {
		case NHRP_EXT_RESPONDER:
			nhrp_build_ext_open(b, e.type);
			nhrp_build_cie(b, &own);
			nhrp_build_ext_close(b);
			break;
		case NHRP_EXT_AUTHENTICATION:
			nhrp_put_secret(b, in->iface);
			break;
		default:
			nhrp_build_ext_open(b, e.type);
			nhrp_build_bytes(b, e.body.at, e.body.len);
			for (unsigned k = 0; nhrp_is_nat(&e) && k < n_nat; k++)
				nhrp_build_cie(b, &nat[k]);
			nhrp_build_ext_close(b);
		}
	}
}

/* Close the packet and give it to the peer. What does not fit is not sent. */
void nhrp_send(
	struct nhrp *n, const struct nhrp_iface *i, struct nhrp_peer *peer, struct nhrp_builder *b)
{
	size_t len = nhrp_build_end(b);

	if (len == 0 || n->ops.send == NULL)
		return;
	n->stats.tx[n->out[17]]++;
	n->ops.send(n->ctx, i->id, peer->id, n->out, len);
}
