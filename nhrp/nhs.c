/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registering with servers, as a client (RFC 2332 5.2.3, 5.2.4): the hub is a spoke of another hub.
 * Every third of the holding time, repeated with growing pauses until it is answered.
 */
#include "nhrp/nhrp_priv.h"

#define BACKOFF_MAX    6 /* 2^6 s */
#define UNANSWERED_MAX 3 /* then it is down */
#define REPURGE_MS     2000

const char *nhrp_nhs_state_name(enum nhrp_nhs_state state)
{
	static const char *const names[] = {
		[NHRP_NHS_DOWN] = "down",
		[NHRP_NHS_REGISTERING] = "registering",
		[NHRP_NHS_UP] = "up",
		[NHRP_NHS_REFUSED] = "refused",
	};

	return (unsigned)state <= NHRP_NHS_REFUSED ? names[state] : "unknown";
}

static void set_state(struct nhrp *n, struct nhrp_server *s, enum nhrp_nhs_state state)
{
	if (s->state == state)
		return;
	s->state = state;
	s->since_ms = n->now;
}

static void tell(struct nhrp *n, const struct nhrp_server *s, enum nhrp_event_type type,
	uint16_t code, const char *why)
{
	nhrp_tell(n, &(struct nhrp_event){.type = type,
			     .iface = s->iface->id,
			     .peer = s->peer == NULL ? NHRP_PEER_NONE : s->peer->id,
			     .old_peer = NHRP_PEER_NONE,
			     .address_be = s->nhs.address_be,
			     .len = 32,
			     .nbma_be = s->nhs.nbma_be,
			     .claimed_nbma_be = s->public_be,
			     .code = code,
			     .why = why});
}

static void tell_down(struct nhrp *n, struct nhrp_server *s, uint16_t code, const char *why)
{
	if (!s->was_up)
		return;
	s->was_up = false;
	tell(n, s, NHRP_EV_NHS_DOWN, code, why);
}

/* After a number of seconds that doubles, less some jitter. */
static void retry(struct nhrp *n, struct nhrp_server *s)
{
	nhrp_due_at(n, &s->due, n->now + nhrp_jitter(n, 1000ull << s->backoff));
	if (s->backoff < BACKOFF_MAX)
		s->backoff++;
}

/*
 * Our address, as a host; with the unique bit the prefix length must be 0xff (5.2.3). A server
 * whose address is not known is asked under ours.
 */
static void send_request(struct nhrp *n, struct nhrp_server *s)
{
	struct nhrp_iface *i = s->iface;
	bool unique = !s->nhs.no_unique;
	struct nhrp_builder b;
	struct nhrp_packet p = {.type = NHRP_REGISTRATION_REQUEST,
		.flags = NHRP_FLAG_NAT | (unique ? NHRP_FLAG_REG_UNIQUE : 0),
		.dst_proto = nhrp_addr_v4(
			s->nhs.address_be != 0 ? &s->nhs.address_be : &i->p.address_be)};

	/* 5.2.0.1: a new one each time, but the same when it is repeated; Cisco: always the same */
	if (s->request_id == 0 || (!s->nhs.cisco && s->n_unanswered == 0))
		s->request_id = ++n->request_id;
	p.request_id = s->request_id;
	nhrp_make(n, i, &b, &p);
	nhrp_build_cie(&b,
		&(struct nhrp_cie){
			.prefix_len = unique ? 255 : 32, .mtu = i->p.mtu, .holding = i->p.holding});
	nhrp_put_request_extensions(&b, i, true);
	nhrp_send(n, i, s->peer, &b);
}

/* Its tunnel address leads to it, once that is known; as a map would, if there is none. */
static void bind_address(struct nhrp *n, struct nhrp_server *s)
{
	struct nhrp_entry *e = nhrp_entry_find(n, s->iface->id, s->nhs.address_be, 32);

	if (s->nhs.address_be == 0 || s->peer == NULL || (e != NULL && e->up))
		return;
	if (e == NULL)
		e = nhrp_entry_add(n, s->iface, s->nhs.address_be, 32, NHRP_STATIC);
	if (e == NULL || e->type != NHRP_STATIC)
		return;
	e->nbma_be = e->claimed_nbma_be = s->nhs.nbma_be;
	e->mtu = s->iface->p.mtu;
	nhrp_static_up(n, e, s->peer);
}

/* Whether a binding is a server's address. */
bool nhrp_server_owns(const struct nhrp_iface *i, const struct nhrp_entry *e)
{
	const struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface)
		if (e->key.len == 32 && s->nhs.address_be == e->key.address_be &&
			s->nhs.nbma_be == e->claimed_nbma_be)
			return true;
	return false;
}

static void fire(struct nhrp *n, struct nhrp_due *d)
{
	struct nhrp_server *s = due_owner(d, struct nhrp_server);

	if (n->closing)
		return;
	if (s->peer == NULL)
		s->peer = nhrp_peer_behind(n, s->iface, s->nhs.nbma_be);
	if (s->peer == NULL) {
		retry(n, s);
		return;
	}
	bind_address(n, s);
	if (s->n_unanswered >= UNANSWERED_MAX)
		tell_down(n, s, 0, "does not answer");
	if (s->state == NHRP_NHS_DOWN || s->n_unanswered >= UNANSWERED_MAX)
		set_state(n, s, NHRP_NHS_REGISTERING);
	send_request(n, s);
	s->n_unanswered++;
	retry(n, s);
}

static struct nhrp_server *server_find(struct nhrp_iface *i, const struct nhrp_nhs *nhs)
{
	struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface)
		if (s->nhs.nbma_be == nhs->nbma_be && (s->nhs.address_be == nhs->address_be ||
							      (s->learned && nhs->address_be == 0)))
			return s;
	return NULL;
}

static int server_add(struct nhrp *n, struct nhrp_iface *i, const struct nhrp_nhs *nhs)
{
	struct nhrp_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->iface = i;
	s->nhs = *nhs;
	s->due.fire = fire;
	s->since_ms = n->now;
	TAILQ_INSERT_TAIL(&i->servers, s, of_iface);
	nhrp_due_at(n, &s->due, n->now);
	return 0;
}

/* The parameter's servers, and the maps that register. */
static bool server_wanted(const struct nhrp_iface *i, unsigned k, struct nhrp_nhs *nhs)
{
	const struct nhrp_map *m;

	if (k < i->p.n_nhs) {
		*nhs = i->p.nhs[k];
		return true;
	}
	m = &i->p.maps[k - i->p.n_nhs];
	*nhs = (struct nhrp_nhs){.address_be = m->prefix.address_be,
		.nbma_be = m->nbma_be,
		.no_unique = m->no_unique,
		.cisco = m->cisco};
	return m->registers;
}

/* Add those that are new, take away those that are no more. @return 0, -ENOMEM */
int nhrp_servers_set(struct nhrp *n, struct nhrp_iface *i)
{
	unsigned n_all = i->p.n_nhs + i->p.n_maps;
	struct nhrp_server *s, *next;
	struct nhrp_entry *e;
	struct nhrp_nhs nhs;
	bool wanted;

	for (s = TAILQ_FIRST(&i->servers); s != NULL; s = next) {
		next = TAILQ_NEXT(s, of_iface);
		wanted = false;
		for (unsigned k = 0; k < n_all && !wanted; k++)
			wanted = server_wanted(i, k, &nhs) && server_find(i, &nhs) == s;
		if (wanted)
			continue;
		nhrp_server_deregister(n, s);
		e = nhrp_entry_find(n, i->id, s->nhs.address_be, 32);
		nhrp_server_free(n, s);
		if (e != NULL && !nhrp_iface_keeps(i, e))
			nhrp_entry_end(n, e, NHRP_END_CONFIG);
	}
	for (unsigned k = 0; k < n_all; k++) {
		if (!server_wanted(i, k, &nhs))
			continue;
		s = server_find(i, &nhs);
		if (s != NULL) {
			s->nhs.no_unique = nhs.no_unique;
			s->nhs.cisco = nhs.cisco;
		} else if (server_add(n, i, &nhs) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

void nhrp_server_free(struct nhrp *n, struct nhrp_server *s)
{
	nhrp_due_never(n, &s->due);
	TAILQ_REMOVE(&s->iface->servers, s, of_iface);
	free(s);
}

/* Take our registration back; Cisco wants that under the registration's request id. */
static void take_back(struct nhrp *n, struct nhrp_server *s)
{
	struct nhrp_iface *i = s->iface;
	uint32_t dst_be = s->nhs.address_be != 0 ? s->nhs.address_be : i->p.address_be;

	nhrp_purge_write(n, i, s->peer, s->nhs.cisco ? s->request_id : ++n->request_id, true,
		dst_be, i->p.address_be, 32);
}

void nhrp_server_deregister(struct nhrp *n, struct nhrp_server *s)
{
	if (s->peer != NULL && s->state == NHRP_NHS_UP)
		take_back(n, s);
	tell_down(n, s, 0, "no longer a server of ours");
	set_state(n, s, NHRP_NHS_DOWN);
}

void nhrp_servers_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer)
{
	struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface) {
		if (s->nhs.nbma_be != peer->nbma_be || s->peer == peer)
			continue;
		s->peer = peer;
		s->backoff = 0;
		s->n_unanswered = 0;
		nhrp_due_at(n, &s->due, n->now);
	}
}

void nhrp_servers_peer_gone(struct nhrp *n, struct nhrp_peer *peer)
{
	struct nhrp_iface *i;
	struct nhrp_server *s;

	for (i = n->ifaces; i != NULL; i = i->hh.next)
		TAILQ_FOREACH (s, &i->servers, of_iface) {
			if (s->peer != peer)
				continue;
			tell_down(n, s, 0, "its SAs are gone");
			s->peer = NULL;
			s->backoff = 0;
			s->n_unanswered = 0;
			set_state(n, s, NHRP_NHS_DOWN);
			retry(n, s);
		}
}

bool nhrp_is_server(const struct nhrp_iface *i, const struct nhrp_peer *peer)
{
	const struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface)
		if (s->peer == peer)
			return true;
	return false;
}

/* The first one that we are registered with, or NULL. */
struct nhrp_server *nhrp_server_up(struct nhrp_iface *i)
{
	struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface)
		if (s->state == NHRP_NHS_UP && s->peer != NULL)
			return s;
	return NULL;
}

static struct nhrp_server *server_asked(
	struct nhrp_iface *i, const struct nhrp_peer *peer, uint32_t id)
{
	struct nhrp_server *s;

	TAILQ_FOREACH (s, &i->servers, of_iface)
		if (s->peer == peer && s->request_id == id && s->n_unanswered != 0)
			return s;
	return NULL;
}

static void refused(struct nhrp *n, struct nhrp_server *s, uint16_t code, const char *why)
{
	s->n_unanswered = 0;
	s->code = (uint8_t)code;
	if (s->was_up)
		tell_down(n, s, code, why);
	else if (s->state != NHRP_NHS_REFUSED)
		tell(n, s, NHRP_EV_NHS_DOWN, code, why);
	set_state(n, s, NHRP_NHS_REFUSED);
	retry(n, s);
}

/* Our public address, if the server says that there is another than what we said. */
static uint32_t public_address(const struct nhrp_in *in)
{
	struct nhrp_ext e;
	struct nhrp_cie cie;
	struct cursor c;

	if (!nhrp_ext_find(in->p, NHRP_EXT_NAT, &e) || !nhrp_is_nat(&e))
		return 0;
	c = cursor_open(e.body.at, e.body.len);
	while (nhrp_cie_next(&c, &cie))
		if (nhrp_addr_be(&cie.proto) == in->iface->p.address_be)
			return nhrp_addr_be(&cie.nbma);
	return 0;
}

static void accepted(struct nhrp *n, struct nhrp_server *s, const struct nhrp_in *in)
{
	s->n_unanswered = 0;
	s->backoff = 0;
	s->code = NHRP_CODE_SUCCESS;
	s->public_be = public_address(in);
	if (s->nhs.address_be == 0 && in->dst_be != in->iface->p.address_be) {
		s->nhs.address_be = in->dst_be;
		s->learned = true;
	}
	bind_address(n, s);
	set_state(n, s, NHRP_NHS_UP);
	/* 5.2.3: a third of the holding time; no less than a second */
	nhrp_due_at(n, &s->due, n->now + nhrp_jitter(n, in->iface->p.holding * 1000ull / 3 + 1000));
	if (s->was_up)
		return;
	s->was_up = true;
	tell(n, s, NHRP_EV_NHS_UP, 0, NULL);
}

unsigned nhrp_register_reply(struct nhrp *n, const struct nhrp_in *in)
{
	struct cursor c = cursor_open(in->p->payload.at, in->p->payload.len);
	struct nhrp_server *s;
	struct nhrp_cie cie;

	if (in->src_be != in->iface->p.address_be)
		return nhrp_forward(n, in);
	s = server_asked(in->iface, in->peer, in->p->request_id);
	if (s == NULL)
		return NHRP_DROP_UNSOLICITED;
	if (!nhrp_cie_next(&c, &cie))
		return NHRP_DROP_NO_CIE;
	if (cie.code == NHRP_CODE_SUCCESS) {
		accepted(n, s, in);
		return NHRP_HANDLED;
	}
	refused(n, s, cie.code, nhrp_code_name(cie.code));
	/* As Cisco's clients do: what we left there from another address is taken back first. */
	if (cie.code == NHRP_CODE_UNIQUE_EXISTS) {
		take_back(n, s);
		if (s->due.timer.due < n->now + REPURGE_MS)
			nhrp_due_at(n, &s->due, n->now + REPURGE_MS);
	}
	return NHRP_HANDLED;
}

/* An error indication about a registration of ours. */
void nhrp_servers_error(struct nhrp *n, const struct nhrp_in *in, uint16_t code, uint32_t id)
{
	struct nhrp_server *s = server_asked(in->iface, in->peer, id);

	if (s != NULL)
		refused(n, s, code, nhrp_error_name(code));
}

unsigned nhrp_nhs_list(
	const struct nhrp *n, unsigned skip, struct nhrp_nhs_status *out, unsigned n_max)
{
	const struct nhrp_iface *i;
	const struct nhrp_server *s;
	unsigned count = 0;

	for (i = n->ifaces; i != NULL; i = i->hh.next)
		TAILQ_FOREACH (s, &i->servers, of_iface) {
			if (count == n_max)
				return count;
			if (skip > 0) {
				skip--;
				continue;
			}
			out[count++] = (struct nhrp_nhs_status){.iface = i->id,
				.address_be = s->nhs.address_be,
				.nbma_be = s->nhs.nbma_be,
				.peer = s->peer == NULL ? NHRP_PEER_NONE : s->peer->id,
				.state = s->state,
				.code = s->code,
				.public_be = s->public_be,
				.since_ms = s->since_ms,
				.next_ms = s->due.timer.due,
				.n_unanswered = s->n_unanswered};
		}
	return count;
}
