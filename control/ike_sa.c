/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * charon's SAs. Each direction stands in the data plane's table, under a peer; here is what IKE
 * knows besides. Lifetimes are counted here: by time with timers, by octets and packets by looking
 * at each SA's counters about once a second, a few in each turn.
 */
#define LOG_SUBSYSTEM LOG_IKE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"
#include "control/ike_priv.h"
#include "control/state_priv.h"

#define SLICE_MS  1000 /* each SA is looked at once in this time */
#define SLICE_MAX 256
#define SPI_MIN   256 /* RFC 4303 2.1 */
#define SPI_TRIES 64
/* The old charon's SAs of a spoke that has agreed on new ones. */
#define ORPHAN_MS 60000
/* Numbers that the last hub may have used after it said one for the last time. */
#define SEQ_MARGIN (1u << 22)
#define SEQ_STEP   1024 /* the plugin hears of the number when it has grown by so much */
/* SAs that came back are rekeyed, but not all at once. */
#define RESTORED_MS 30000

static const struct {
	uint16_t cipher, integrity;
	uint8_t key_len; /* with salt */
	const char *suite;
} suites[] = {
	/* IANA, IKEv2 transforms of type 1 and 3 */
	{20, 0, 20, "aes128gcm16"},
	{20, 0, 28, "aes192gcm16"},
	{20, 0, 36, "aes256gcm16"},
	{28, 0, 36, "chacha20poly1305"},
#define HMACS(cipher, len, name)                                                                   \
	{cipher, 1, len, name "-md5"}, {cipher, 2, len, name "-sha1"},                             \
		{cipher, 12, len, name "-sha256"}, {cipher, 13, len, name "-sha384"},              \
	{                                                                                          \
		cipher, 14, len, name "-sha512"                                                    \
	}
	HMACS(12, 16, "aes128"),
	HMACS(12, 24, "aes192"),
	HMACS(12, 32, "aes256"),
	HMACS(3, 24, "3des"),
	HMACS(11, 0, "null"),
};

static const struct esp_suite *suite_of(const struct ike_sa_add *a)
{
	for (unsigned i = 0; i < RTE_DIM(suites); i++)
		if (suites[i].cipher == a->cipher && suites[i].integrity == a->integrity &&
			suites[i].key_len == a->key.len)
			return esp_suite_by_name(suites[i].suite);
	return NULL;
}

static void answer(struct hub_ike *ike, uint32_t id, int code)
{
	struct ike_msg m = {.type = IKE_MSG_RESULT, .id = id, .result = {.code = (uint32_t)-code}};

	/* What is listed asks for no answer. */
	if (id != 0)
		ike_say(ike, &m);
}

struct hub_esp_sa *ike_esp_find(const struct hub_ike *ike, uint32_t spi, uint32_t dst_be)
{
	const struct hub_esp_key key = {spi, dst_be};
	struct hub_esp_sa *esp;

	HASH_FIND(hh, ike->esps, &key, sizeof(key), esp);
	return esp;
}

struct hub_esp_sa *ike_esp_of(
	const struct hub_ike *ike, const struct hub_peer *p, bool in, uint32_t index)
{
	const struct sa *sa = sa_at(dp_sa_table(ike->hub->dp, in), index);
	uint32_t local = ike->hub->tunnels[p->tunnel].config->nbma.v4_be;
	struct hub_esp_sa *esp = ike_esp_find(ike, sa->spi, in ? local : p->nbma_be);

	return esp != NULL && esp->in == in && esp->index == index && esp->peer == p->dp ? esp
											 : NULL;
}

static struct hub_peer *peer_of(const struct hub_ike *ike, const struct hub_esp_sa *esp)
{
	return &ike->hub->peers[esp->peer];
}

static struct sa *sa_of(const struct hub_ike *ike, const struct hub_esp_sa *esp)
{
	return sa_at(dp_sa_table(ike->hub->dp, esp->in), esp->index);
}

static uint64_t load(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

uint64_t ike_esp_packets(const struct hub_ike *ike, const struct hub_esp_sa *esp)
{
	return load(&sa_of(ike, esp)->hot.packets);
}

/*
 * An SPI whose low bits name a free slot of the table of inbound SAs, so that it is found without a
 * hash; the others are random. Each time another slot, for SAs come later than their SPIs.
 */
void ike_get_spi(struct hub_ike *ike, const struct ike_msg *m)
{
	const struct sa_table *t = dp_sa_table(ike->hub->dp, true);
	uint32_t n = sa_table_capacity(t), spi = 0;
	struct ike_msg out = {.type = IKE_MSG_SPI, .id = m->id};

	if (sa_table_used(t) >= n || getrandom(&spi, sizeof(spi), 0) != sizeof(spi)) {
		out.spi.code = ENOSPC;
		ike_say(ike, &out);
		return;
	}
	for (unsigned i = 0; i < SPI_TRIES; i++) {
		uint32_t slot = ike->next_slot++ & (n - 1);

		spi = (spi & ~(n - 1)) | slot;
		if (!sa_at(t, slot)->used)
			break;
	}
	while (spi < SPI_MIN || ike_esp_find(ike, spi, m->get_spi.local_be) != NULL)
		spi += n > SPI_MIN ? n : SPI_MIN;
	dp_spi_expect(ike->hub->dp, spi);
	out.spi.spi = spi;
	ike_say(ike, &out);
}

void ike_esp_del(struct hub_ike *ike, struct hub_esp_sa *esp)
{
	struct hub_peer *p = peer_of(ike, esp);

	timer_stop(&ike->soft, &esp->soft);
	timer_stop(&ike->hard, &esp->hard);
	timer_stop(&ike->standby, &esp->standby);
	HASH_DEL(ike->esps, esp);
	TAILQ_REMOVE(&ike->slice, esp, slice);
	hub_peer_del_sa(ike->hub, p, esp->in, esp->index);
	free(esp);
	ike_peer_release(ike, p);
}

void ike_sas_free(struct hub_ike *ike)
{
	struct hub_esp_sa *esp;
	struct hub_ike_sa *s, *next;

	while ((esp = TAILQ_FIRST(&ike->slice)) != NULL) {
		HASH_DEL(ike->esps, esp);
		TAILQ_REMOVE(&ike->slice, esp, slice);
		free(esp);
	}
	HASH_ITER(hh, ike->ikes, s, next)
	ike_free(ike, s);
}

static void start_timers(struct hub_ike *ike, struct hub_esp_sa *esp, const struct ike_lifetime *l)
{
	if (l->soft != 0)
		timer_start(&ike->soft, &esp->soft, ike->hub->now + l->soft * 1000);
	if (l->hard != 0)
		timer_start(&ike->hard, &esp->hard, ike->hub->now + l->hard * 1000);
}

void ike_say_expire(struct hub_ike *ike, const struct hub_esp_sa *esp, bool hard)
{
	const struct ike_msg m = {
		.type = IKE_MSG_EXPIRE,
		.expire = {.spi = esp->key.spi, .dst_be = esp->key.dst_be, .hard = hard},
	};

	ike_say(ike, &m);
}

static void expire(struct hub_ike *ike, struct hub_esp_sa *esp, bool hard)
{
	if (!esp->orphan && (hard || !esp->soft_said))
		ike_say_expire(ike, esp, hard);
	if (!hard) {
		/* Without a connection it is said when there is one. */
		esp->soft_said = ike_connected(ike);
		return;
	}
	ike->stats.sas_expired++;
	log_info("SA 0x%08x %s has expired", esp->key.spi, esp->in ? "in" : "out");
	ike_esp_del(ike, esp);
}

/*
 * A peer has room for few SAs. One of a charon that is gone makes place, or else the oldest: a
 * spoke that crashes again and again leaves them behind.
 */
static bool make_room(struct hub_ike *ike, const struct hub_peer *p, bool in)
{
	uint32_t list[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(ike->hub->dp, p->dp, in, list);
	struct hub_esp_sa *victim = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct hub_esp_sa *esp = ike_esp_of(ike, p, in, list[i]);

		if (esp != NULL && (victim == NULL || (esp->orphan && !victim->orphan)))
			victim = esp;
	}
	/* With others left, the peer stays. */
	if (victim == NULL || n < DP_PEER_SAS_MAX)
		return false;
	expire(ike, victim, true);
	return true;
}

/* The hub has been restarted: numbers that are used up must not be used again, or taken again. */
static int restored_seq(const struct ike_sa_add *a, uint64_t *seq)
{
	*seq = a->seq == 0 || a->in ? a->seq : a->seq + SEQ_MARGIN;
	return a->esn || *seq < UINT32_MAX ? 0 : -EOVERFLOW;
}

static int install(struct hub_ike *ike, const struct ike_sa_add *a, struct hub_peer *p,
	uint32_t *index, struct error *err)
{
	struct sa_params params = {
		.spi = a->spi,
		.suite = suite_of(a),
		.key = a->key.at,
		.key_len = a->key.len,
		.auth_key = a->auth_key.at,
		.auth_key_len = a->auth_key.len,
		.in = a->in,
		.esn = a->esn,
		.tunnel = a->mode == IKE_MODE_TUNNEL,
		.standby = ike_standby_wanted(ike, p, a),
		.window = RTE_MIN(a->window, (uint16_t)SA_WINDOW_MAX),
	};
	int rc = restored_seq(a, &params.seq);

	if (rc < 0)
		return error_set(err, EOVERFLOW, "its sequence numbers are used up");
	if (params.suite == NULL)
		return error_set(err, ENOTSUP,
			"no suite of cipher %u with %u octets of key and integrity %u", a->cipher,
			a->key.len, a->integrity);
	do {
		rc = hub_peer_add_sa(ike->hub, p, &params, index, err);
	} while (rc == -ENOSPC && make_room(ike, p, a->in));
	return rc;
}

static struct hub_esp_sa *remember(
	struct hub_ike *ike, const struct ike_sa_add *a, const struct hub_peer *p, uint32_t index)
{
	struct hub_esp_sa *esp = calloc(1, sizeof(*esp));

	if (esp == NULL)
		return NULL;
	esp->key = (struct hub_esp_key){a->spi, a->dst.addr_be};
	esp->in = a->in;
	esp->listed = true;
	esp->index = index;
	esp->peer = p->dp;
	esp->ike_sa = a->ike_sa;
	esp->bytes = a->bytes;
	esp->packets = a->packets;
	esp->seq_said = a->seq;
	start_timers(ike, esp, &a->seconds);
	if (a->seq != 0)
		timer_start(&ike->soft, &esp->soft,
			ike->hub->now + 1000 + (a->spi & 0xffff) * RESTORED_MS / 0x10000);
	HASH_ADD(hh, ike->esps, key, sizeof(esp->key), esp);
	TAILQ_INSERT_TAIL(&ike->slice, esp, slice);
	hub_state_ike(ike->hub, esp);
	return esp;
}

static int add(struct hub_ike *ike, const struct ike_sa_add *a, struct error *err)
{
	const struct ike_endpoint *local = a->in ? &a->dst : &a->src;
	const struct ike_endpoint *remote = a->in ? &a->src : &a->dst;
	struct hub_esp_sa *esp = ike_esp_find(ike, a->spi, a->dst.addr_be);
	struct hub_ike_sa *s = ike_find(ike, a->ike_sa);
	struct hub_peer *p;
	uint32_t index;
	int rc;

	if (esp != NULL && !esp->orphan) {
		/* Listed again, or a request that was sent twice: it is there. */
		esp->listed = true;
		esp->soft_said = false;
		start_timers(ike, esp, &a->seconds);
		hub_state_ike(ike->hub, esp);
		if (s != NULL)
			ike_peer_pin(ike, s, peer_of(ike, esp));
		return 0;
	}
	if (esp != NULL)
		ike_esp_del(ike, esp);
	if (s == NULL)
		return error_set(err, ENOENT, "its IKE SA is not known");
	p = ike_peer_for(ike, s, local, remote, a->encap, err);
	if (p == NULL)
		return -ENOSPC;
	rc = install(ike, a, p, &index, err);
	if (rc == 0) {
		esp = remember(ike, a, p, index);
		if (esp == NULL) {
			hub_peer_del_sa(ike->hub, p, a->in, index);
			rc = error_set(err, ENOMEM, "out of memory");
		}
	}
	if (rc == 0 && !a->in && dp_peer_sa_out(ike->hub->dp, p->dp) != index)
		ike_standby_begin(ike, esp);
	if (rc == 0) {
		ike_peer_pin(ike, s, p);
		ike_early_release(ike, p->dp);
	}
	ike_peer_release(ike, p);
	return rc;
}

void ike_sa_add(struct hub_ike *ike, const struct ike_msg *m)
{
	const struct ike_sa_add *a = &m->sa_add;
	struct error err = {""};
	int rc = add(ike, a, &err);

	if (rc < 0) {
		ike->stats.sas_refused++;
		log_warning("SA 0x%08x %s refused: %s", a->spi, a->in ? "in" : "out", err.text);
	} else {
		ike->stats.sas_added++;
	}
	answer(ike, m->id, rc);
}

static int update(struct hub_ike *ike, const struct ike_sa_update *u)
{
	struct hub_esp_sa *esp = ike_esp_find(ike, u->spi, u->dst_be), *other;
	const struct ike_endpoint *remote;
	struct hub_peer *p;

	if (esp == NULL || esp->orphan)
		return -ENOENT;
	p = peer_of(ike, esp);
	remote = esp->in ? &u->src : &u->dst;
	if ((p->nat_port != 0) != u->encap)
		return -ENOTSUP;
	other = ike_esp_find(ike, u->spi, u->dst.addr_be);
	if (other != NULL && other != esp)
		ike_esp_del(ike, other);
	HASH_DEL(ike->esps, esp);
	esp->key.dst_be = u->dst.addr_be;
	HASH_ADD(hh, ike->esps, key, sizeof(esp->key), esp);
	hub_state_ike(ike->hub, esp);
	hub_peer_move(ike->hub, p, remote->addr_be, u->encap ? remote->port : 0);
	return 0;
}

void ike_sa_update(struct hub_ike *ike, const struct ike_msg *m)
{
	answer(ike, m->id, update(ike, &m->sa_update));
}

/* charon also deletes what it never installed, or what expired here. */
void ike_sa_del(struct hub_ike *ike, const struct ike_msg *m)
{
	struct hub_esp_sa *esp = ike_esp_find(ike, m->sa_ref.spi, m->sa_ref.dst_be);

	if (esp == NULL)
		dp_spi_forget(ike->hub->dp, m->sa_ref.spi);
	else if (!esp->orphan && !ike_standby_keep(ike, esp))
		ike_esp_del(ike, esp);
}

/* Has it been used since the last look? */
static void look(struct hub_ike *ike, struct hub_esp_sa *esp)
{
	uint64_t bytes = load(&sa_of(ike, esp)->hot.bytes);

	if (bytes == esp->seen)
		return;
	esp->seen = bytes;
	esp->used = true;
	esp->used_at = ike->hub->now;
}

/* Use times grow with octets only: charon asks a peer that is silent whether it lives. */
void ike_sa_query(struct hub_ike *ike, const struct ike_msg *m)
{
	struct hub_esp_sa *esp = ike_esp_find(ike, m->sa_ref.spi, m->sa_ref.dst_be);
	struct ike_msg out = {.type = IKE_MSG_SA_USE, .id = m->id};

	if (esp == NULL) {
		out.sa_use.code = ENOENT;
	} else {
		look(ike, esp);
		out.sa_use.bytes = esp->seen;
		out.sa_use.packets = ike_esp_packets(ike, esp);
		out.sa_use.used = esp->used;
		out.sa_use.idle = (uint32_t)((ike->hub->now - esp->used_at) / 1000);
	}
	ike_say(ike, &out);
}

/* The spoke has new SAs: it needs the old charon's no longer than packets are on their way. */
static void retire_orphans(struct hub_ike *ike, const struct hub_peer *p)
{
	for (unsigned in = 0; in < 2; in++) {
		uint32_t list[DP_PEER_SAS_MAX];
		unsigned n = dp_peer_sas(ike->hub->dp, p->dp, in != 0, list);

		for (unsigned i = 0; i < n; i++) {
			struct hub_esp_sa *esp = ike_esp_of(ike, p, in != 0, list[i]);
			uint64_t due = ike->hub->now + ORPHAN_MS;

			if (esp != NULL && esp->orphan &&
				(!esp->hard.running || esp->hard.due > due)) {
				timer_start(&ike->hard, &esp->hard, due);
				hub_state_ike(ike->hub, esp);
			}
		}
	}
}

void ike_sa_pair(struct hub_ike *ike, const struct ike_pair *pair)
{
	struct hub_ike_sa *s = ike_find(ike, pair->ike_sa);
	struct hub_esp_sa *in, *out;

	if (s == NULL)
		return;
	in = ike_esp_find(ike, pair->spi_in, s->info.local.addr_be);
	out = ike_esp_find(ike, pair->spi_out, s->info.remote.addr_be);
	if (in == NULL)
		return;
	in->child = pair->child;
	in->mate = pair->spi_out;
	if (out != NULL && out->peer == in->peer) {
		out->child = pair->child;
		out->mate = pair->spi_in;
		hub_state_ike(ike->hub, out);
	}
	hub_state_ike(ike->hub, in);
	retire_orphans(ike, peer_of(ike, in));
}

/* --- lifetimes -------------------------------------------------------------------------------- */

static bool above(uint64_t value, uint64_t limit)
{
	return limit != 0 && value >= limit;
}

static void tell_seq(struct hub_ike *ike, struct hub_esp_sa *esp, uint64_t seq)
{
	struct ike_msg m = {
		.type = IKE_MSG_SA_SEQ,
		.sa_seq = {.spi = esp->key.spi, .dst_be = esp->key.dst_be, .seq = seq},
	};

	/* The first one soon, for without it the SA is new after a restart. */
	if (esp->orphan || seq == esp->seq_said ||
		(esp->seq_said != 0 && seq - esp->seq_said < SEQ_STEP))
		return;
	esp->seq_said = seq;
	ike_say(ike, &m);
}

static void examine(struct hub_ike *ike, struct hub_esp_sa *esp)
{
	const struct sa_hot *hot = &sa_of(ike, esp)->hot;
	uint64_t packets = load(&hot->packets), seq = load(&hot->seq);
	bool spent;

	look(ike, esp);
	tell_seq(ike, esp, seq);
	/* RFC 4303 3.3.3: without ESN the counter must not cycle. */
	spent = !sa_of(ike, esp)->esn && seq > UINT32_MAX - UINT32_MAX / 8;
	if (above(esp->seen, esp->bytes.hard) || above(packets, esp->packets.hard))
		expire(ike, esp, true);
	else if (!esp->soft_said &&
		 (spent || above(esp->seen, esp->bytes.soft) || above(packets, esp->packets.soft)))
		expire(ike, esp, false);
}

void ike_sas_turn(struct hub_ike *ike)
{
	unsigned all = HASH_COUNT(ike->esps), n = RTE_MIN(all / SLICE_MS + 1, SLICE_MAX);
	struct hub_esp_sa *esp;
	struct timer *t;

	while ((t = timers_take_due(&ike->soft, ike->hub->now)) != NULL)
		expire(ike, timer_owner(t, struct hub_esp_sa, soft), false);
	while ((t = timers_take_due(&ike->hard, ike->hub->now)) != NULL)
		expire(ike, timer_owner(t, struct hub_esp_sa, hard), true);
	ike_standby_turn(ike);
	for (unsigned i = 0; i < n && i < all; i++) {
		esp = TAILQ_FIRST(&ike->slice);
		if (esp == NULL)
			return;
		TAILQ_REMOVE(&ike->slice, esp, slice);
		TAILQ_INSERT_TAIL(&ike->slice, esp, slice);
		examine(ike, esp);
	}
}
