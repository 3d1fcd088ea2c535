/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel-ipsec: charon's SAs are the hub's. Policies are not kept: the hub sends nothing to a spoke
 * but GRE in ESP, and takes nothing else.
 */
#include "crypto/charon/plugin_priv.h"

#include <errno.h>

/* A lifetime that charon never set comes underflowed. */
#define LIFETIME_MAX (UINT64_MAX / 2)

bool plugin_endpoint(host_t *host, struct ike_endpoint *out)
{
	chunk_t address = host->get_address(host);

	if (host->get_family(host) != AF_INET || address.len != sizeof(out->addr_be)) {
		return FALSE;
	}
	memcpy(&out->addr_be, address.ptr, sizeof(out->addr_be));
	out->port = host->get_port(host);
	return TRUE;
}

host_t *plugin_host(const struct ike_endpoint *e)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(e->port),
		.sin_addr.s_addr = e->addr_be,
	};

	return host_create_from_sockaddr((sockaddr_t *)&a);
}

static bool reference(kernel_ipsec_sa_id_t *id, struct ike_sa_ref *ref)
{
	struct ike_endpoint dst;

	if (id->proto != IPPROTO_ESP || !plugin_endpoint(id->dst, &dst)) {
		return FALSE;
	}
	*ref = (struct ike_sa_ref){.spi = ntohl(id->spi), .dst_be = dst.addr_be};
	return TRUE;
}

METHOD(kernel_ipsec_t, get_features, kernel_feature_t, kernel_ipsec_t *this)
{
	return KERNEL_NO_POLICY_UPDATES;
}

METHOD(kernel_ipsec_t, get_spi, status_t, kernel_ipsec_t *this, host_t *src, host_t *dst,
	uint8_t protocol, uint32_t *spi)
{
	struct ike_msg m = {.type = IKE_MSG_GET_SPI}, answer;
	struct ike_endpoint local;

	if (protocol != IPPROTO_ESP || !plugin_endpoint(dst, &local)) {
		return NOT_SUPPORTED;
	}
	m.get_spi.local_be = local.addr_be;
	if (!link_ask(&m, &answer) || answer.type != IKE_MSG_SPI || answer.spi.code != 0) {
		DBG1(DBG_KNL, PLUGIN_NAME ": the hub gives no SPI");
		return FAILED;
	}
	*spi = htonl(answer.spi.spi);
	return SUCCESS;
}

METHOD(kernel_ipsec_t, get_cpi, status_t, kernel_ipsec_t *this, host_t *src, host_t *dst,
	uint16_t *cpi)
{
	return NOT_SUPPORTED;
}

static void lifetime(struct ike_lifetime *out, uint64_t soft, uint64_t hard)
{
	out->hard = hard > LIFETIME_MAX ? 0 : hard;
	out->soft = soft > LIFETIME_MAX || (out->hard != 0 && soft > out->hard) ? 0 : soft;
}

static bool bytes(struct ike_bytes *out, chunk_t in)
{
	if (in.len > sizeof(out->at)) {
		return FALSE;
	}
	out->len = (uint16_t)in.len;
	if (in.len > 0) {
		memcpy(out->at, in.ptr, in.len);
	}
	return TRUE;
}

static bool describe(kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data, struct ike_sa_add *sa)
{
	lifetime_cfg_t *l = data->lifetime;

	*sa = (struct ike_sa_add){
		.spi = ntohl(id->spi),
		.in = data->inbound,
		.mode = data->mode == MODE_TRANSPORT ? IKE_MODE_TRANSPORT : IKE_MODE_TUNNEL,
		.encap = data->encap,
		.esn = data->esn,
		.window = (uint16_t)min(data->replay_window, UINT16_MAX),
		.cipher = data->enc_alg,
		.integrity = data->int_alg == AUTH_UNDEFINED ? 0 : data->int_alg,
	};
	lifetime(&sa->seconds, l->time.rekey, l->time.life);
	lifetime(&sa->bytes, l->bytes.rekey, l->bytes.life);
	lifetime(&sa->packets, l->packets.rekey, l->packets.life);
	return id->proto == IPPROTO_ESP && data->ipcomp == IPCOMP_NONE &&
	       (data->mode == MODE_TRANSPORT || data->mode == MODE_TUNNEL) &&
	       plugin_endpoint(id->src, &sa->src) && plugin_endpoint(id->dst, &sa->dst) &&
	       bytes(&sa->key, data->enc_key) && bytes(&sa->auth_key, data->int_key);
}

METHOD(kernel_ipsec_t, add_sa, status_t, kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_add_sa_t *data)
{
	struct ike_msg m = {.type = IKE_MSG_SA_ADD}, answer;
	ike_sa_t *ike = charon->bus->get_sa(charon->bus);
	status_t status = SUCCESS;

	if (!describe(id, data, &m.sa_add)) {
		DBG1(DBG_KNL, PLUGIN_NAME ": not an SA that the hub can have");
		status = NOT_SUPPORTED;
	} else if (ike == NULL) {
		DBG1(DBG_KNL, PLUGIN_NAME ": an SA without an IKE SA");
		status = FAILED;
	} else {
		m.sa_add.ike_sa = ike->get_unique_id(ike);
		listener_say_ike_sa(ike);
		table_sa_add(&m.sa_add);
		/* Without a connection it is there when the hub has come back. */
		if (link_ask(&m, &answer) &&
			(answer.type != IKE_MSG_RESULT || answer.result.code != 0)) {
			DBG1(DBG_KNL, PLUGIN_NAME ": the hub does not take SA 0x%08x: %s",
				m.sa_add.spi,
				strerror(answer.type == IKE_MSG_RESULT ? answer.result.code
								       : EPROTO));
			table_sa_del(&(struct ike_sa_ref){m.sa_add.spi, m.sa_add.dst.addr_be});
			status = FAILED;
		}
	}
	memwipe(&m, sizeof(m));
	return status;
}

METHOD(kernel_ipsec_t, update_sa, status_t, kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	struct ike_msg m = {.type = IKE_MSG_SA_UPDATE}, answer;
	struct ike_sa_update *u = &m.sa_update;
	struct ike_sa_ref ref;

	if (!reference(id, &ref) || !plugin_endpoint(data->new_src, &u->src) ||
		!plugin_endpoint(data->new_dst, &u->dst)) {
		return NOT_SUPPORTED;
	}
	u->spi = ref.spi;
	u->dst_be = ref.dst_be;
	u->encap = data->new_encap;
	table_sa_update(u);
	if (link_ask(&m, &answer) && (answer.type != IKE_MSG_RESULT || answer.result.code != 0)) {
		/* charon makes a new SA then. */
		return NOT_SUPPORTED;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, query_sa, status_t, kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets, time_t *time)
{
	struct ike_msg m = {.type = IKE_MSG_SA_QUERY}, answer;

	if (!reference(id, &m.sa_ref)) {
		return NOT_SUPPORTED;
	}
	if (!link_ask(&m, &answer) || answer.type != IKE_MSG_SA_USE || answer.sa_use.code != 0) {
		return FAILED;
	}
	if (bytes != NULL) {
		*bytes = answer.sa_use.bytes;
	}
	if (packets != NULL) {
		*packets = answer.sa_use.packets;
	}
	if (time != NULL) {
		*time = answer.sa_use.used ? time_monotonic(NULL) - answer.sa_use.idle : 0;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_sa, status_t, kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_del_sa_t *data)
{
	struct ike_msg m = {.type = IKE_MSG_SA_DEL};

	if (!reference(id, &m.sa_ref)) {
		return NOT_SUPPORTED;
	}
	table_sa_del(&m.sa_ref);
	link_say(&m);
	return SUCCESS;
}

METHOD(kernel_ipsec_t, flush_sas, status_t, kernel_ipsec_t *this)
{
	/* charon asks for it before its first SA, and deletes each one before its end. */
	return SUCCESS;
}

METHOD(kernel_ipsec_t, add_policy, status_t, kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, query_policy, status_t, kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_query_policy_t *data, time_t *use_time)
{
	return NOT_SUPPORTED;
}

METHOD(kernel_ipsec_t, del_policy, status_t, kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, flush_policies, status_t, kernel_ipsec_t *this)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, bypass_socket, bool, kernel_ipsec_t *this, int fd, int family)
{
	return TRUE;
}

METHOD(kernel_ipsec_t, enable_udp_decap, bool, kernel_ipsec_t *this, int fd, int family,
	uint16_t port)
{
	return TRUE;
}

METHOD(kernel_ipsec_t, destroy, void, kernel_ipsec_t *this)
{
	free(this);
}

kernel_ipsec_t *plugin_ipsec_create(void)
{
	kernel_ipsec_t *this;

	INIT(this, .get_features = _get_features, .get_spi = _get_spi, .get_cpi = _get_cpi,
		.add_sa = _add_sa, .update_sa = _update_sa, .query_sa = _query_sa,
		.del_sa = _del_sa, .flush_sas = _flush_sas, .add_policy = _add_policy,
		.query_policy = _query_policy, .del_policy = _del_policy,
		.flush_policies = _flush_policies, .bypass_socket = _bypass_socket,
		.enable_udp_decap = _enable_udp_decap, .destroy = _destroy, );
	return this;
}
