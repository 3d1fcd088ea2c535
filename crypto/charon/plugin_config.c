/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configurations of a single IKE SA, copied from those that are for many spokes.
 *
 * To start an IKE SA, charon wants to know with whom; the hub's configurations are for %any.
 *
 * IKEv1 renews phase 1 by a new one, and charon moves the children to it before it has come about:
 * if it fails, they are lost. As initiator of IKEv1 charon offers one algorithm of each kind, and
 * in aggressive mode one group, so a spoke that is content with a later entry of the list would
 * refuse. So an established IKE SA has a configuration of its own: what was agreed on is all it
 * offers.
 *
 * As responder of IKEv1 charon takes the first child that has the selectors asked for, and refuses
 * if its mode is another. So a child of the mode asked for comes first.
 */
#include "crypto/charon/plugin_priv.h"

static void copy_proposals(ike_cfg_t *from, ike_cfg_t *to)
{
	linked_list_t *all = from->get_proposals(from);
	proposal_t *proposal;

	/* They are clones, and the copy's now. */
	while (all->remove_first(all, (void **)&proposal) == SUCCESS) {
		to->add_proposal(to, proposal);
	}
	all->destroy(all);
}

static ike_cfg_t *copy_ike(ike_cfg_t *from, proposal_t *agreed, char *remote)
{
	ike_cfg_create_t data = {
		.version = from->get_version(from),
		.local = from->get_my_addr(from),
		.local_port = from->get_my_port(from),
		.remote = remote != NULL ? remote : from->get_other_addr(from),
		.remote_port = from->get_other_port(from),
		.no_certreq = !from->send_certreq(from),
		.force_encap = from->force_encap(from),
		.fragmentation = from->fragmentation(from),
		.childless = from->childless(from),
		.dscp = from->get_dscp(from),
	};
	ike_cfg_t *copy = ike_cfg_create(&data);

	if (agreed != NULL) {
		copy->add_proposal(copy, agreed->clone(agreed, 0));
	} else {
		copy_proposals(from, copy);
	}
	return copy;
}

static void copy_auth(peer_cfg_t *from, peer_cfg_t *to, bool local)
{
	enumerator_t *all = from->create_auth_cfg_enumerator(from, local);
	auth_cfg_t *auth;

	while (all->enumerate(all, &auth)) {
		to->add_auth_cfg(to, auth->clone(auth), local);
	}
	all->destroy(all);
}

static void copy_children(peer_cfg_t *from, peer_cfg_t *to, ipsec_mode_t mode, bool of_mode)
{
	enumerator_t *all = from->create_child_cfg_enumerator(from);
	child_cfg_t *child;

	while (all->enumerate(all, &child)) {
		if ((child->get_mode(child) == mode) == of_mode) {
			to->add_child_cfg(to, child->get_ref(child));
		}
	}
	all->destroy(all);
}

static peer_cfg_t *copy_peer(peer_cfg_t *from, proposal_t *agreed, char *remote, ipsec_mode_t first)
{
	peer_cfg_create_t data = {
		.cert_policy = from->get_cert_policy(from),
		.unique = from->get_unique_policy(from),
		.keyingtries = from->get_keyingtries(from),
		.rekey_time = from->get_rekey_time(from, FALSE),
		.reauth_time = from->get_reauth_time(from, FALSE),
		/* What it is unless a setting says otherwise. */
		.jitter_time = from->get_over_time(from),
		.over_time = from->get_over_time(from),
		.no_mobike = !from->use_mobike(from),
		.aggressive = from->use_aggressive(from),
		.push_mode = !from->use_pull_mode(from),
		.dpd = from->get_dpd(from),
		.dpd_timeout = from->get_dpd_timeout(from),
		.if_id_in = from->get_if_id(from, TRUE),
		.if_id_out = from->get_if_id(from, FALSE),
	};
	peer_cfg_t *copy = peer_cfg_create(
		from->get_name(from), copy_ike(from->get_ike_cfg(from), agreed, remote), &data);

	copy_auth(from, copy, TRUE);
	copy_auth(from, copy, FALSE);
	copy_children(from, copy, first, TRUE);
	copy_children(from, copy, first, FALSE);
	return copy;
}

void config_of_own(ike_sa_t *ike, ipsec_mode_t first)
{
	peer_cfg_t *cfg = ike->get_peer_cfg(ike), *copy;
	proposal_t *agreed = ike->get_proposal(ike);

	if (ike->get_version(ike) != IKEV1 || cfg == NULL || agreed == NULL) {
		return;
	}
	copy = copy_peer(cfg, agreed, NULL, first);
	ike->set_peer_cfg(ike, copy);
	copy->destroy(copy);
}

peer_cfg_t *config_for_peer(host_t *local, host_t *remote, ike_version_t version)
{
	enumerator_t *all = charon->backends->create_peer_cfg_enumerator(
		charon->backends, local, remote, NULL, NULL, version);
	peer_cfg_t *from, *best = NULL, *copy = NULL;
	char address[48];

	/* The best match first; aggressive mode only if there is nothing else. */
	while (all->enumerate(all, &from)) {
		if (best == NULL || (best->use_aggressive(best) && !from->use_aggressive(from))) {
			best = from;
		}
	}
	if (best != NULL) {
		snprintf(address, sizeof(address), "%H", remote);
		copy = copy_peer(best, NULL, address, MODE_TRANSPORT);
	}
	all->destroy(all);
	return copy;
}
