/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What charon's bus tells: which SAs are a pair, whose they are, what ends and why, what is wrong,
 * and the log. Hooks run in charon's threads, with the bus locked; nothing here waits.
 */
#include "crypto/charon/plugin_priv.h"

#include <credentials/certificates/x509.h>
#include <encoding/payloads/sa_payload.h>

static struct {
	listener_t listener;
	logger_t logger;
	bool registered;
	int level;
	struct ike_stats stats; /* relaxed counters */
	struct ike_stats said;
} bus;

static void count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static enum ike_id_kind id_kind(identification_t *id)
{
	switch (id->get_type(id)) {
	case ID_IPV4_ADDR:
		return IKE_ID_ADDRESS;
	case ID_FQDN:
		return IKE_ID_FQDN;
	case ID_RFC822_ADDR:
		return IKE_ID_USER_FQDN;
	case ID_DER_ASN1_DN:
		return IKE_ID_DN;
	default:
		return IKE_ID_OTHER;
	}
}

/* The tunnel's address may be among them: the hub knows which could. */
static void describe_certificate(auth_cfg_t *auth, struct ike_ike_sa *m)
{
	certificate_t *cert = auth->get(auth, AUTH_RULE_SUBJECT_CERT);
	enumerator_t *names;
	identification_t *id;
	unsigned n = 0;

	if (cert == NULL || cert->get_type(cert) != CERT_X509) {
		return;
	}
	names = ((x509_t *)cert)->create_subjectAltName_enumerator((x509_t *)cert);
	while (n < IKE_CERT_ADDRS && names->enumerate(names, &id)) {
		chunk_t encoding = id->get_encoding(id);

		if (id->get_type(id) == ID_IPV4_ADDR && encoding.len == sizeof(m->cert_be[n])) {
			memcpy(&m->cert_be[n++], encoding.ptr, encoding.len);
		}
	}
	names->destroy(names);
}

/* Did the peer show a certificate, or else which of the shared keys was it? */
static void describe_auth(ike_sa_t *ike, struct ike_ike_sa *m)
{
	enumerator_t *rounds = ike->create_auth_cfg_enumerator(ike, FALSE);
	bool certificate = FALSE;
	auth_cfg_t *auth;

	while (rounds->enumerate(rounds, &auth)) {
		if ((uintptr_t)auth->get(auth, AUTH_RULE_AUTH_CLASS) == AUTH_CLASS_PUBKEY) {
			certificate = TRUE;
			describe_certificate(auth, m);
		}
	}
	rounds->destroy(rounds);
	if (certificate) {
		m->auth = IKE_AUTH_CERTIFICATE;
		return;
	}
	/* Main mode's key was chosen before the peer named itself. */
	m->auth = secrets_auth(m->version == 1 && !m->aggressive ? NULL : ike->get_other_id(ike),
		ike->get_other_host(ike), &m->secret);
}

static uint32_t seconds_until(ike_sa_t *ike, statistic_t what)
{
	uint32_t at = ike->get_statistic(ike, what);
	time_t now = time_monotonic(NULL);

	return at == 0 ? 0 : at > now ? (uint32_t)(at - now) : 1;
}

static bool describe(ike_sa_t *ike, host_t *local, host_t *remote, struct ike_ike_sa *m)
{
	peer_cfg_t *cfg = ike->get_peer_cfg(ike);
	uint32_t established = ike->get_statistic(ike, STAT_ESTABLISHED);
	uint32_t reauth = seconds_until(ike, STAT_REAUTH), rekey = seconds_until(ike, STAT_REKEY);
	proposal_t *proposal = ike->get_proposal(ike);
	int n;

	*m = (struct ike_ike_sa){
		.ike_sa = ike->get_unique_id(ike),
		.version = ike->get_version(ike) == IKEV1 ? 1 : 2,
		.initiator = ike->has_condition(ike, COND_ORIGINAL_INITIATOR),
		.aggressive =
			ike->get_version(ike) == IKEV1 && cfg != NULL && cfg->use_aggressive(cfg),
		.nat = ike->has_condition(ike, COND_NAT_THERE),
		.id_kind = id_kind(ike->get_other_id(ike)),
		.secret = IKE_NO_SECRET,
		.age = established == 0 ? 0 : (uint32_t)(time_monotonic(NULL) - established),
		.rekey = rekey == 0 || (reauth != 0 && reauth < rekey) ? reauth : rekey,
	};
	n = snprintf(m->identity, sizeof(m->identity), "%Y", ike->get_other_id(ike));
	if (n < 0 || n >= (int)sizeof(m->identity)) {
		DBG1(DBG_KNL, PLUGIN_NAME ": an identity of more than %d octets", IKE_IDENTITY_MAX);
		return FALSE;
	}
	if (proposal != NULL) {
		snprintf(m->proposal, sizeof(m->proposal), "%P", proposal);
	}
	describe_auth(ike, m);
	return plugin_endpoint(local, &m->local) && plugin_endpoint(remote, &m->remote);
}

static void say_ike_sa(ike_sa_t *ike, host_t *local, host_t *remote)
{
	struct ike_msg m = {.type = IKE_MSG_IKE_SA};

	if (describe(ike, local, remote, &m.ike_sa) && table_ike_sa(&m.ike_sa)) {
		link_say(&m);
	}
}

void listener_say_ike_sa(ike_sa_t *ike)
{
	say_ike_sa(ike, ike->get_my_host(ike), ike->get_other_host(ike));
}

static void say_gone(uint32_t ike_sa, enum ike_end end, uint32_t replaced_by)
{
	struct ike_msg m = {
		.type = IKE_MSG_IKE_GONE,
		.ike_gone = {.ike_sa = ike_sa, .end = end, .replaced_by = replaced_by},
	};

	link_say(&m);
}

METHOD(listener_t, alert, bool, listener_t *this, ike_sa_t *ike, alert_t what, va_list args)
{
	switch (what) {
	case ALERT_PEER_AUTH_FAILED:
	case ALERT_LOCAL_AUTH_FAILED:
		count(&bus.stats.auth_failed);
		break;
	case ALERT_PROPOSAL_MISMATCH_IKE:
	case ALERT_PROPOSAL_MISMATCH_CHILD:
		count(&bus.stats.no_proposal);
		break;
	case ALERT_PARSE_ERROR_HEADER:
	case ALERT_PARSE_ERROR_BODY:
		count(&bus.stats.malformed);
		break;
	case ALERT_INVALID_IKE_SPI:
		count(&bus.stats.refused_spis);
		break;
	case ALERT_RETRANSMIT_SEND:
	case ALERT_RETRANSMIT_RECEIVE:
		count(&bus.stats.retransmits);
		break;
	case ALERT_IKE_SA_EXPIRED:
		if (ike != NULL) {
			table_ike_sa_dying(ike->get_unique_id(ike), IKE_END_EXPIRED);
		}
		break;
	default:
		break;
	}
	return TRUE;
}

METHOD(listener_t, ike_updown, bool, listener_t *this, ike_sa_t *ike, bool up)
{
	if (up) {
		config_of_own(ike, MODE_TRANSPORT);
		listener_say_ike_sa(ike);
	} else if (ike->get_state(ike) != IKE_DELETING) {
		/* Nobody asked for its end: the peer did not answer. */
		count(&bus.stats.dead);
		table_ike_sa_dying(ike->get_unique_id(ike), IKE_END_DEAD);
	}
	return TRUE;
}

/* A peer asks for a child by IKEv1: charon is about to look for one (RFC 2409 5.5). */
METHOD(listener_t, message, bool, listener_t *this, ike_sa_t *ike, message_t *message,
	bool incoming, bool plain)
{
	sa_payload_t *sa;
	bool udp;

	if (incoming && plain && message->get_exchange_type(message) == QUICK_MODE) {
		sa = (sa_payload_t *)message->get_payload(message, PLV1_SECURITY_ASSOCIATION);
		if (sa != NULL) {
			config_of_own(ike, sa->get_encap_mode(sa, &udp));
		}
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool, listener_t *this, ike_sa_t *ike, ike_sa_state_t state)
{
	uint32_t id = ike->get_unique_id(ike);
	enum ike_end end;

	if (state == IKE_DESTROYING) {
		end = table_ike_sa_end(id);
		if (table_ike_sa_del(id)) {
			say_gone(id, end, 0);
		}
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool, listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	listener_say_ike_sa(new);
	if (table_ike_sa_replace(old->get_unique_id(old), new->get_unique_id(new))) {
		say_gone(old->get_unique_id(old), IKE_END_REPLACED, new->get_unique_id(new));
	}
	return TRUE;
}

METHOD(listener_t, children_migrate, bool, listener_t *this, ike_sa_t *ike, ike_sa_id_t *new,
	uint32_t unique)
{
	/* It comes twice; the second time the new one is at hand. */
	static uint32_t old;

	if (new != NULL) {
		old = ike->get_unique_id(ike);
		return TRUE;
	}
	listener_say_ike_sa(ike);
	if (old != 0 && table_ike_sa_replace(old, ike->get_unique_id(ike))) {
		say_gone(old, IKE_END_REPLACED, ike->get_unique_id(ike));
	}
	old = 0;
	return TRUE;
}

METHOD(listener_t, ike_update, bool, listener_t *this, ike_sa_t *ike, host_t *local, host_t *remote)
{
	say_ike_sa(ike, local, remote);
	return TRUE;
}

static void say_pair(ike_sa_t *ike, child_sa_t *child)
{
	struct ike_msg m = {
		.type = IKE_MSG_PAIR,
		.pair =
			{
				.ike_sa = ike->get_unique_id(ike),
				.child = child->get_unique_id(child),
				.spi_in = ntohl(child->get_spi(child, TRUE)),
				.spi_out = ntohl(child->get_spi(child, FALSE)),
			},
	};
	struct ike_endpoint local;

	if (!plugin_endpoint(ike->get_my_host(ike), &local)) {
		return;
	}
	listener_say_ike_sa(ike);
	table_pair(&m.pair, local.addr_be);
	link_say(&m);
}

METHOD(listener_t, child_updown, bool, listener_t *this, ike_sa_t *ike, child_sa_t *child, bool up)
{
	if (up) {
		say_pair(ike, child);
	}
	return TRUE;
}

METHOD(listener_t, child_rekey, bool, listener_t *this, ike_sa_t *ike, child_sa_t *old,
	child_sa_t *new)
{
	say_pair(ike, new);
	return TRUE;
}

METHOD(logger_t, log_, void, logger_t *this, debug_t group, level_t level, int thread,
	ike_sa_t *ike, const char *message)
{
	struct ike_msg m = {.type = IKE_MSG_LOG, .log = {.level = (uint8_t)max(level, 0)}};

	snprintf(m.log.group, sizeof(m.log.group), "%N", debug_names, group);
	/* A line may be longer. */
	snprintf(m.log.text, sizeof(m.log.text), "%s", message);
	link_say(&m);
}

METHOD(logger_t, get_level, level_t, logger_t *this, debug_t group)
{
	return bus.level;
}

void listener_set_log_level(int level)
{
	bus.level = level;
	if (bus.registered) {
		/* The bus asks for levels when a logger comes. */
		charon->bus->add_logger(charon->bus, &bus.logger);
	}
}

void listener_say_stats(void)
{
	struct ike_msg m = {.type = IKE_MSG_STATS, .stats = bus.stats};

	link_counters(&m.stats);
	m.stats.ike_sas = charon->ike_sa_manager->get_count(charon->ike_sa_manager);
	m.stats.half_open =
		charon->ike_sa_manager->get_half_open_count(charon->ike_sa_manager, NULL, FALSE);
	if (!memeq(&m.stats, &bus.said, sizeof(bus.said))) {
		bus.said = m.stats;
		link_say(&m);
	}
}

bool plugin_listener(plugin_t *plugin, plugin_feature_t *feature, bool reg, void *data)
{
	if (!reg) {
		charon->bus->remove_listener(charon->bus, &bus.listener);
		charon->bus->remove_logger(charon->bus, &bus.logger);
		bus.registered = FALSE;
		return TRUE;
	}
	bus.listener = (listener_t){
		.alert = _alert,
		.message = _message,
		.ike_state_change = _ike_state_change,
		.ike_updown = _ike_updown,
		.ike_rekey = _ike_rekey,
		.ike_update = _ike_update,
		.child_updown = _child_updown,
		.child_rekey = _child_rekey,
		.children_migrate = _children_migrate,
	};
	bus.logger = (logger_t){.log = _log_, .get_level = _get_level};
	bus.level = LEVEL_CTRL;
	bus.registered = TRUE;
	charon->bus->add_listener(charon->bus, &bus.listener);
	charon->bus->add_logger(charon->bus, &bus.logger);
	return TRUE;
}
