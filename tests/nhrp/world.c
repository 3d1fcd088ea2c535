/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/nhrp/world.h"

struct world world;

uint32_t be(const char *text)
{
	return inet_addr(text);
}

/* --- what the engine asks --------------------------------------------------------------------- */

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	struct world_sent *s = &world.sent[world.n_sent++ % WORLD_MAX];

	(void)ctx;
	if (peer < WORLD_MAX)
		CU_ASSERT_FALSE(world.peers[peer].gone);
	CU_ASSERT_FATAL(len <= sizeof(s->bytes));
	s->iface = iface;
	s->peer = peer;
	s->len = len;
	memcpy(s->bytes, bytes, len);
}

static void op_route(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r)
{
	const struct world_route *best = NULL;

	(void)ctx;
	(void)iface;
	for (unsigned i = 0; i < world.n_routes; i++) {
		const struct world_route *w = &world.routes[i];
		uint32_t mask = w->len == 0 ? 0 : htonl(UINT32_MAX << (32 - w->len));

		if (((dst_be ^ be(w->prefix)) & mask) == 0 && (best == NULL || w->len > best->len))
			best = w;
	}
	if (best == NULL)
		return;
	*r = best->to;
	r->len = best->len;
	if (r->next_hop_be == 0)
		r->next_hop_be = dst_be;
}

static void op_identity(void *ctx, uint32_t peer, struct nhrp_identity *id)
{
	(void)ctx;
	if (peer < WORLD_MAX)
		*id = world.peers[peer].id;
}

static bool op_sa_up(void *ctx, uint32_t peer)
{
	(void)ctx;
	return peer >= WORLD_MAX || !world.peers[peer].no_sa;
}

static uint32_t op_peer_of(void *ctx, uint32_t iface, uint32_t nbma_be)
{
	(void)ctx;
	(void)iface;
	for (uint32_t i = 0; i < WORLD_MAX; i++)
		if (world.peers[i].nbma_be == nbma_be && nbma_be != 0)
			return i;
	return NHRP_PEER_NONE;
}

static void op_probe(void *ctx, uint32_t peer)
{
	(void)ctx;
	world.peers[peer % WORLD_MAX].n_probes++;
}

static enum nhrp_gate op_gate(void *ctx, uint64_t token, const struct nhrp_binding *b)
{
	(void)ctx;
	(void)b;
	world.n_gated++;
	world.token = token;
	return world.gate;
}

static int op_bind(void *ctx, const struct nhrp_binding *b)
{
	(void)ctx;
	if (world.bind_rc != 0)
		return world.bind_rc;
	world.n_bound++;
	world.bound = *b;
	return 0;
}

static void op_unbind(void *ctx, const struct nhrp_binding *b, enum nhrp_end why)
{
	(void)ctx;
	(void)b;
	world.n_unbound++;
	world.unbound = why;
}

static bool op_used(void *ctx, const struct nhrp_binding *b)
{
	(void)ctx;
	(void)b;
	return !world.unused;
}

static void op_event(void *ctx, const struct nhrp_event *ev)
{
	(void)ctx;
	world.events[world.n_events++ % WORLD_MAX] = *ev;
}

/* --- the engine ------------------------------------------------------------------------------- */

void world_add(uint32_t iface, const struct nhrp_iface_params *p)
{
	struct nhrp_iface_params with = *p;

	if (with.address_be == 0)
		with.address_be = be(HUB);
	if (with.len == 0)
		with.len = 24;
	if (with.nbma_be == 0)
		with.nbma_be = be(HUB_NBMA);
	if (with.mtu == 0)
		with.mtu = 1400;
	CU_ASSERT_EQUAL_FATAL(nhrp_interface_add(world.n, iface, &with, world.now), 0);
}

void world_open(const struct nhrp_params *params, const struct nhrp_iface_params *iface)
{
	const struct nhrp_params none = {0};
	const struct nhrp_iface_params plain = {0};

	world = (struct world){.now = 1000000,
		.ops = {op_send, op_route, op_identity, op_sa_up, op_peer_of, op_probe, op_gate,
			op_bind, op_unbind, op_used, op_event}};
	world.n = nhrp_create(params == NULL ? &none : params, &world.ops, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.n);
	world_add(TUNNEL, iface == NULL ? &plain : iface);
}

struct nhrp_stats stats(void)
{
	struct nhrp_stats s;

	nhrp_stats(world.n, &s);
	return s;
}

void world_close(void)
{
	struct nhrp_stats s = stats();
	uint64_t sum = s.handled + s.forwarded + s.n_pending, rx = 0;

	for (int i = 0; i < NHRP_DROPS; i++)
		sum += s.dropped[i];
	for (int i = 0; i < NHRP_TYPES; i++)
		rx += s.rx[i];
	CU_ASSERT_EQUAL(s.received, sum);
	CU_ASSERT_EQUAL(s.received, rx);
	nhrp_destroy(world.n);
	world.n = NULL;
}

unsigned world_clear(const struct nhrp_selector *which)
{
	struct nhrp_cursor c;
	unsigned n = 0;

	nhrp_cache_open(world.n, &c, which);
	while (nhrp_cache_clear(&c, 2, world.now, &n))
		;
	nhrp_cache_close(&c);
	return n;
}

void world_pass(uint64_t ms)
{
	uint64_t until = world.now + ms;

	while (nhrp_next(world.n) <= until) {
		if (nhrp_next(world.n) > world.now)
			world.now = nhrp_next(world.n);
		nhrp_turn(world.n, world.now);
	}
	world.now = until;
}

void world_route(const char *prefix, uint8_t len, struct nhrp_route to)
{
	world.routes[world.n_routes++] = (struct world_route){prefix, len, to};
}

void world_route_peer(const char *prefix, uint8_t len, uint32_t peer, const char *next_hop)
{
	world_route(prefix, len,
		(struct nhrp_route){.kind = NHRP_ROUTE_PEER,
			.iface = TUNNEL,
			.peer = peer,
			.next_hop_be = next_hop == NULL ? 0 : be(next_hop)});
}

/* --- what peers say --------------------------------------------------------------------------- */

static uint32_t addr_or(const char *text, uint32_t net, uint32_t host)
{
	return text != NULL ? be(text) : htonl(net + host);
}

static void put_entry(struct nhrp_builder *b, const char *proto, const char *nbma)
{
	uint32_t p = be(proto), n = nbma == NULL ? 0 : be(nbma);

	nhrp_build_cie(b, &(struct nhrp_cie){.mtu = 1400,
				  .holding = 60,
				  .prefix_len = 32,
				  .proto = nhrp_addr_v4(&p),
				  .nbma = nbma == NULL ? (struct nhrp_addr){0} : nhrp_addr_v4(&n)});
}

static void put_ext(struct nhrp_builder *b, const struct say *s, char which)
{
	static const struct {
		char letter;
		uint16_t type;
		const char *body;
	} exts[] = {{'r', 0x8003, ""}, {'f', 0x8004, ""}, {'v', 0x8005, ""}, {'n', 0x0009, ""},
		{'p', 0x0008, "\x01\x02\x03group"}, {'o', 0x0123, "?"}, {'c', 0x8123, "!"},
		{'d', 0x8009, "12345678"}};
	bool reply = nhrp_is_reply(s->type);

	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++) {
		if (exts[i].letter != which)
			continue;
		nhrp_build_ext_open(b, exts[i].type);
		nhrp_build_bytes(b, exts[i].body, strlen(exts[i].body));
		if (which == (reply ? 'v' : 'f') && s->transit != NULL)
			put_entry(b, s->transit, NULL);
		if (which == 'r' && s->responder != NULL)
			put_entry(b, s->responder, NULL);
		if (which == 'n' && s->nat_proto != NULL)
			put_entry(b, s->nat_proto, s->nat_nbma);
		nhrp_build_ext_close(b);
	}
}

static void put_cies(struct nhrp_builder *b, const struct say *s)
{
	unsigned n = s->n_cies == 0 && s->cies != NULL ? 1 : s->n_cies;

	for (unsigned i = 0; i < n; i++) {
		const struct say_cie *c = &s->cies[i];
		uint32_t proto = c->proto == NULL ? 0 : be(c->proto);
		uint32_t nbma = c->nbma == NULL ? 0 : be(c->nbma);
		struct nhrp_cie cie = {.code = c->code,
			.prefix_len = c->prefix,
			.mtu = c->mtu,
			.holding = c->holding};

		if (c->proto != NULL)
			cie.proto = nhrp_addr_v4(&proto);
		if (c->nbma != NULL)
			cie.nbma = nhrp_addr_v4(&nbma);
		nhrp_build_cie(b, &cie);
	}
}

size_t say_build(uint32_t peer, const struct say *s, uint8_t *bytes, size_t room)
{
	uint32_t src = addr_or(s->src, 0x0aff0000, peer), dst = addr_or(s->dst, 0x0aff0000, 1);
	uint32_t nbma = addr_or(s->nbma, 0xc6336400, peer);
	struct nhrp_packet p = {.afn = NHRP_AFN_IPV4,
		.protocol = NHRP_PROTOCOL_IPV4,
		.hop_count = s->hop_zero   ? 0
			     : s->hop == 0 ? 255
					   : s->hop,
		.version = 1,
		.type = s->type,
		.flags = s->flags,
		.request_id = s->id,
		.code = s->code,
		.src_nbma = nhrp_addr_v4(&nbma),
		.src_proto = nhrp_addr_v4(&src),
		.dst_proto = nhrp_addr_v4(&dst)};
	const char *exts = s->exts == NULL ? "rfvn" : s->exts;
	struct nhrp_builder b;

	nhrp_build_start(&b, bytes, room, &p);
	if (nhrp_is_indication(s->type)) {
		nhrp_build_bytes(&b, s->payload, s->len);
		exts = s->exts == NULL ? "" : s->exts;
	} else {
		put_cies(&b, s);
	}
	for (; *exts != '\0'; exts++)
		put_ext(&b, s, *exts);
	if (s->secret != NULL) {
		nhrp_build_ext_open(&b, 0x8007);
		nhrp_build_bytes(&b, "\0\0\0\1", 4);
		nhrp_build_bytes(&b, s->secret, strlen(s->secret));
		nhrp_build_ext_close(&b);
	}
	return nhrp_build_end(&b);
}

unsigned say(uint32_t peer, const struct say *s)
{
	uint8_t bytes[65535];
	unsigned before = world.n_sent;
	size_t len = say_build(peer, s, bytes, sizeof(bytes));

	CU_ASSERT_FATAL(len != 0);
	nhrp_receive(world.n, s->iface == 0 ? TUNNEL : s->iface, peer,
		addr_or(s->outer == NULL ? s->nbma : s->outer, 0xc6336400, peer), bytes, len,
		world.now);
	return world.n_sent - before;
}

int say_register_as(uint32_t peer, const char *src, uint16_t flags)
{
	static uint32_t id;
	struct say s = {.type = NHRP_REGISTRATION_REQUEST,
		.flags = flags,
		.id = ++id,
		.src = src,
		.cies = &(struct say_cie){.prefix = 255, .holding = 600}};

	if (say(peer, &s) == 0)
		return -1;
	last(0);
	return world.p.type == NHRP_REGISTRATION_REPLY ? code_of(0) : -1;
}

int say_register(uint32_t peer, uint16_t holding)
{
	struct say s = {.type = NHRP_REGISTRATION_REQUEST,
		.id = 7,
		.cies = &(struct say_cie){.prefix = 32, .holding = holding}};

	if (say(peer, &s) == 0)
		return -1;
	last(0);
	return world.p.type == NHRP_REGISTRATION_REPLY ? code_of(0) : -1;
}

unsigned say_resolve(uint32_t peer, const char *dst)
{
	static uint32_t id;

	return say(peer, &(struct say){.type = NHRP_RESOLUTION_REQUEST,
				 .flags = NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE |
					  NHRP_FLAG_SRC_STABLE | NHRP_FLAG_NAT,
				 .id = ++id,
				 .dst = dst,
				 .cies = &(struct say_cie){.prefix = 32, .holding = 60}});
}

/* --- what was said ---------------------------------------------------------------------------- */

const struct world_sent *last(unsigned k)
{
	struct world_sent *s;

	CU_ASSERT_FATAL(world.n_sent > k);
	s = &world.sent[(world.n_sent - 1 - k) % WORLD_MAX];
	CU_ASSERT_EQUAL_FATAL(nhrp_packet_parse(&world.p, s->bytes, s->len), NHRP_FAULT_NONE);
	CU_ASSERT(world.p.hop_count > 0 || world.p.type != NHRP_TRAFFIC_INDICATION);
	code_of(0);
	return s;
}

int code_of(unsigned k)
{
	struct cursor c = cursor_open(world.p.payload.at, world.p.payload.len);

	world.cie = (struct nhrp_cie){0};
	if (nhrp_is_indication(world.p.type))
		return -1;
	for (unsigned i = 0; nhrp_cie_next(&c, &world.cie); i++)
		if (i == k)
			return world.cie.code;
	return -1;
}

bool ext_cie(uint16_t type, unsigned k)
{
	struct nhrp_ext e;
	struct cursor c;

	if (!nhrp_ext_find(&world.p, type, &e))
		return false;
	c = cursor_open(e.body.at, e.body.len);
	for (unsigned i = 0; nhrp_cie_next(&c, &world.cie); i++)
		if (i == k)
			return true;
	return false;
}

const char *ext_order(void)
{
	static char order[NHRP_EXTENSIONS_MAX + 1];
	struct cursor c = cursor_open(world.p.extensions.at, world.p.extensions.len);
	static const struct {
		uint16_t type;
		char letter;
	} letters[] = {{0x8003, 'r'}, {0x8004, 'f'}, {0x8005, 'v'}, {0x0009, 'n'}, {0x0008, 'p'},
		{0x0123, 'o'}, {0x8123, 'c'}, {0x8009, 'd'}, {0x8007, 'a'}};
	struct nhrp_ext e;
	size_t n = 0;

	while (nhrp_ext_next(&c, &e)) {
		order[n] = '?';
		for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
			if (letters[i].type == e.type)
				order[n] = letters[i].letter;
		n++;
	}
	order[n] = '\0';
	return order;
}

unsigned events_of(enum nhrp_event_type type)
{
	unsigned n = world.n_events < WORLD_MAX ? world.n_events : WORLD_MAX, count = 0;

	for (unsigned i = 0; i < n; i++)
		count += world.events[i].type == type;
	return count;
}

struct nhrp_event event_of(enum nhrp_event_type type)
{
	for (unsigned i = world.n_events; i > 0 && i + WORLD_MAX > world.n_events; i--)
		if (world.events[(i - 1) % WORLD_MAX].type == type)
			return world.events[(i - 1) % WORLD_MAX];
	return (struct nhrp_event){0};
}

bool bound(const char *address, uint8_t len, struct nhrp_binding *b)
{
	struct nhrp_binding unwanted;

	return nhrp_binding_find(world.n, TUNNEL, be(address), len, b == NULL ? &unwanted : b);
}
