/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel-net: the hub's outer addresses, which no kernel knows. They are a setting. */
#include "crypto/charon/plugin_priv.h"

#define INTERFACE "dpdk"

struct net {
	kernel_net_t public;
	linked_list_t *addresses; /* host_t */
};

static bool is_ours(struct net *this, host_t *host)
{
	enumerator_t *all = this->addresses->create_enumerator(this->addresses);
	bool found = FALSE;
	host_t *own;

	while (!found && all->enumerate(all, &own)) {
		found = own->ip_equals(own, host);
	}
	all->destroy(all);
	return found;
}

METHOD(kernel_net_t, get_features, kernel_feature_t, struct net *this)
{
	return 0;
}

METHOD(kernel_net_t, get_source_addr, host_t *, struct net *this, host_t *dest, host_t *src)
{
	host_t *first;

	if (src != NULL && is_ours(this, src)) {
		return src->clone(src);
	}
	if (this->addresses->get_first(this->addresses, (void **)&first) != SUCCESS) {
		return NULL;
	}
	return first->clone(first);
}

METHOD(kernel_net_t, get_nexthop, host_t *, struct net *this, host_t *dest, int prefix, host_t *src,
	char **interface)
{
	if (interface != NULL) {
		*interface = strdup(INTERFACE);
	}
	return dest->clone(dest);
}

METHOD(kernel_net_t, get_interface, bool, struct net *this, host_t *host, char **name)
{
	if (!is_ours(this, host)) {
		return FALSE;
	}
	if (name != NULL) {
		*name = strdup(INTERFACE);
	}
	return TRUE;
}

METHOD(kernel_net_t, create_address_enumerator, enumerator_t *, struct net *this,
	kernel_address_type_t which)
{
	return this->addresses->create_enumerator(this->addresses);
}

METHOD(kernel_net_t, create_local_subnet_enumerator, enumerator_t *, struct net *this)
{
	return enumerator_create_empty();
}

METHOD(kernel_net_t, add_ip, status_t, struct net *this, host_t *ip, int prefix, char *interface)
{
	return NOT_SUPPORTED;
}

METHOD(kernel_net_t, del_ip, status_t, struct net *this, host_t *ip, int prefix, bool wait)
{
	return NOT_SUPPORTED;
}

METHOD(kernel_net_t, add_route, status_t, struct net *this, chunk_t dst, uint8_t prefix,
	host_t *gateway, host_t *src, char *interface, bool pass)
{
	return NOT_SUPPORTED;
}

METHOD(kernel_net_t, del_route, status_t, struct net *this, chunk_t dst, uint8_t prefix,
	host_t *gateway, host_t *src, char *interface, bool pass)
{
	return NOT_SUPPORTED;
}

METHOD(kernel_net_t, destroy, void, struct net *this)
{
	this->addresses->destroy_offset(this->addresses, offsetof(host_t, destroy));
	free(this);
}

kernel_net_t *plugin_net_create(void)
{
	char *text =
		lib->settings->get_str(lib->settings, PLUGIN_SETTING("addresses"), "", lib->ns);
	enumerator_t *words;
	struct net *this;
	host_t *host;
	char *word;

	INIT(this,
		.public =
			{
				.get_features = _get_features,
				.get_source_addr = _get_source_addr,
				.get_nexthop = _get_nexthop,
				.get_interface = _get_interface,
				.create_address_enumerator = _create_address_enumerator,
				.create_local_subnet_enumerator = _create_local_subnet_enumerator,
				.add_ip = _add_ip,
				.del_ip = _del_ip,
				.add_route = _add_route,
				.del_route = _del_route,
				.destroy = _destroy,
			},
		.addresses = linked_list_create(), );
	words = enumerator_create_token(text, ",", " ");
	while (words->enumerate(words, &word)) {
		host = host_create_from_string(word, 0);
		if (host == NULL) {
			DBG1(DBG_KNL, PLUGIN_NAME ": \"%s\" is no address", word);
			continue;
		}
		this->addresses->insert_last(this->addresses, host);
	}
	words->destroy(words);
	return &this->public;
}
