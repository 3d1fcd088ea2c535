/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hub wants of charon: ends and renewals of SAs, moves, new IKE SAs. */
#include "crypto/charon/plugin_priv.h"

#include <processing/jobs/callback_job.h>

static void take_expire(const struct ike_expire *e)
{
	host_t *dst = plugin_host(&(struct ike_endpoint){.addr_be = e->dst_be});

	charon->kernel->expire(charon->kernel, IPPROTO_ESP, htonl(e->spi), dst, e->hard);
	dst->destroy(dst);
}

static void take_mapping(const struct ike_mapping *m)
{
	host_t *dst = plugin_host(&(struct ike_endpoint){.addr_be = m->dst_be});
	host_t *remote = plugin_host(&m->remote);

	charon->kernel->mapping(charon->kernel, IPPROTO_ESP, htonl(m->spi), dst, remote);
	dst->destroy(dst);
	remote->destroy(remote);
}

/* --- of an IKE SA: by a thread of charon's, for the link's must not wait for one */
static job_requeue_t act(struct ike_action *a)
{
	ike_sa_t *ike = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, a->ike_sa);
	status_t status = SUCCESS;

	if (ike == NULL) {
		return JOB_REQUEUE_NONE;
	}
	switch (a->what) {
	case IKE_DO_DELETE:
		status = ike->delete (ike, FALSE);
		break;
	case IKE_DO_REKEY:
		status = ike->rekey(ike);
		break;
	case IKE_DO_PROBE:
		status = ike->send_dpd(ike);
		break;
	}
	if (status == DESTROY_ME) {
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, ike);
	} else {
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike);
	}
	return JOB_REQUEUE_NONE;
}

static void take_ike(const struct ike_action *a)
{
	struct ike_action *copy = malloc_thing(struct ike_action);

	*copy = *a;
	lib->processor->queue_job(lib->processor,
		(job_t *)callback_job_create((callback_job_cb_t)act, copy, free, NULL));
}

/* --- a new one */

static child_cfg_t *first_child(peer_cfg_t *peer)
{
	enumerator_t *all = peer->create_child_cfg_enumerator(peer);
	child_cfg_t *child = NULL;

	if (all->enumerate(all, &child)) {
		child->get_ref(child);
	}
	all->destroy(all);
	return child;
}

static job_requeue_t initiate(struct ike_initiate *i)
{
	host_t *local = plugin_host(&(struct ike_endpoint){.addr_be = i->local_be});
	host_t *remote = plugin_host(&(struct ike_endpoint){.addr_be = i->remote_be});
	peer_cfg_t *peer = config_for_peer(local, remote, i->version == 1 ? IKEV1 : IKEV2);
	child_cfg_t *child = peer == NULL ? NULL : first_child(peer);

	if (child == NULL) {
		DBG1(DBG_KNL, PLUGIN_NAME ": no configuration to begin with %H", remote);
		DESTROY_IF(peer);
	} else {
		/* Without a callback it only begins; both configurations are its own now. */
		charon->controller->initiate(charon->controller, peer, child, NULL, NULL, 0, FALSE);
	}
	local->destroy(local);
	remote->destroy(remote);
	return JOB_REQUEUE_NONE;
}

static void take_initiate(const struct ike_initiate *i)
{
	struct ike_initiate *copy = malloc_thing(struct ike_initiate);

	*copy = *i;
	lib->processor->queue_job(lib->processor,
		(job_t *)callback_job_create((callback_job_cb_t)initiate, copy, free, NULL));
}

bool action_take(const struct ike_msg *m)
{
	switch (m->type) {
	case IKE_MSG_EXPIRE:
		take_expire(&m->expire);
		return TRUE;
	case IKE_MSG_MAPPING:
		take_mapping(&m->mapping);
		return TRUE;
	case IKE_MSG_IKE_ACTION:
		take_ike(&m->action);
		return TRUE;
	case IKE_MSG_INITIATE:
		take_initiate(&m->initiate);
		return TRUE;
	default:
		return FALSE;
	}
}
