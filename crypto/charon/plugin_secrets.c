/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared keys in the hub's order: the first entry that matches is the peer's, and no other. charon
 * would take the best match of all, which is another order. In main mode the identity comes too
 * late: only its address is known of a peer then (RFC 2409 5.4).
 */
#include "crypto/charon/plugin_priv.h"

#include <collections/array.h>
#include <threading/rwlock.h>

struct keys {
	credential_set_t set;
	rwlock_t *lock;
	array_t *list; /* pointers to struct ike_secret */
	array_t *next; /* the list that is coming; the link's thread only */
};

static struct keys keys;

static void wipe(struct ike_secret *s, int index, void *unused)
{
	memwipe(s, sizeof(*s));
	free(s);
}

static void list_free(array_t *list)
{
	array_destroy_function(list, (void *)wipe, NULL);
}

void secrets_add(const struct ike_secret *s)
{
	struct ike_secret *copy = malloc_thing(struct ike_secret);

	*copy = *s;
	array_insert(keys.next, ARRAY_TAIL, copy);
}

void secrets_complete(void)
{
	array_t *old;

	keys.lock->write_lock(keys.lock);
	old = keys.list;
	keys.list = keys.next;
	keys.lock->unlock(keys.lock);
	keys.next = array_create(0, 0);
	list_free(old);
}

static bool in_prefix(const struct ike_secret *s, chunk_t address)
{
	uint32_t mask = s->prefix_len == 0 ? 0 : htonl(UINT32_MAX << (32 - s->prefix_len)), a;

	if (address.len != sizeof(a)) {
		return FALSE;
	}
	memcpy(&a, address.ptr, sizeof(a));
	return ((a ^ s->addr_be) & mask) == 0;
}

static bool matches_identity(const struct ike_secret *s, identification_t *id)
{
	identification_t *wanted;
	bool same;

	if (id == NULL || id->get_type(id) == ID_ANY) {
		return FALSE;
	}
	wanted = identification_create_from_string((char *)s->identity);
	same = wanted->equals(wanted, id);
	wanted->destroy(wanted);
	return same;
}

static bool matches(const struct ike_secret *s, identification_t *id, host_t *remote)
{
	switch (s->kind) {
	case IKE_SECRET_ANYBODY:
		return TRUE;
	case IKE_SECRET_IDENTITY:
		return matches_identity(s, id);
	case IKE_SECRET_PREFIX:
		if (remote != NULL && remote->get_family(remote) == AF_INET &&
			in_prefix(s, remote->get_address(remote))) {
			return TRUE;
		}
		return id != NULL && id->get_type(id) == ID_IPV4_ADDR &&
		       in_prefix(s, id->get_encoding(id));
	}
	return FALSE;
}

/* Under the lock. */
static struct ike_secret *find(identification_t *id, host_t *remote)
{
	struct ike_secret *s;

	for (int i = 0; i < array_count(keys.list); i++) {
		array_get(keys.list, i, &s);
		if (matches(s, id, remote)) {
			return s;
		}
	}
	return NULL;
}

enum ike_auth secrets_auth(identification_t *id, host_t *remote, uint16_t *place)
{
	enum ike_auth auth = IKE_AUTH_NONE;
	struct ike_secret *s;

	keys.lock->read_lock(keys.lock);
	s = find(id, remote);
	if (s != NULL) {
		*place = s->place;
		auth = s->kind == IKE_SECRET_ANYBODY                        ? IKE_AUTH_KEY_ANYBODY
		       : s->kind == IKE_SECRET_PREFIX && s->prefix_len < 32 ? IKE_AUTH_KEY_PREFIX
									    : IKE_AUTH_KEY_OWN;
	}
	keys.lock->unlock(keys.lock);
	return auth;
}

/* One key at most. */
struct one_key {
	enumerator_t public;
	shared_key_t *key;
	bool given;
};

METHOD(enumerator_t, give, bool, struct one_key *this, va_list args)
{
	shared_key_t **key;
	id_match_t *me, *other;

	VA_ARGS_VGET(args, key, me, other);
	if (this->given || this->key == NULL) {
		return FALSE;
	}
	this->given = TRUE;
	*key = this->key;
	if (me != NULL) {
		*me = ID_MATCH_PERFECT;
	}
	if (other != NULL) {
		*other = ID_MATCH_PERFECT;
	}
	return TRUE;
}

METHOD(enumerator_t, end, void, struct one_key *this)
{
	DESTROY_IF(this->key);
	free(this);
}

METHOD(credential_set_t, create_shared_enumerator, enumerator_t *, credential_set_t *this,
	shared_key_type_t type, identification_t *me, identification_t *other)
{
	ike_sa_t *ike = charon->bus->get_sa(charon->bus);
	struct one_key *e;
	struct ike_secret *s;

	if ((type != SHARED_IKE && type != SHARED_ANY) || ike == NULL) {
		return NULL;
	}
	INIT(e,
		.public = {
			.enumerate = enumerator_enumerate_default,
			.venumerate = _give,
			.destroy = _end,
		}, );
	keys.lock->read_lock(keys.lock);
	s = find(other, ike->get_other_host(ike));
	if (s != NULL) {
		e->key = shared_key_create(
			SHARED_IKE, chunk_clone(chunk_create(s->secret.at, s->secret.len)));
	}
	keys.lock->unlock(keys.lock);
	return &e->public;
}

bool plugin_secrets(plugin_t *plugin, plugin_feature_t *feature, bool reg, void *data)
{
	if (!reg) {
		lib->credmgr->remove_set(lib->credmgr, &keys.set);
		return TRUE;
	}
	keys.set = (credential_set_t){
		.create_private_enumerator = (void *)return_null,
		.create_cert_enumerator = (void *)return_null,
		.create_shared_enumerator = _create_shared_enumerator,
		.create_cdp_enumerator = (void *)return_null,
		.cache_cert = (void *)nop,
	};
	lib->credmgr->add_set(lib->credmgr, &keys.set);
	return TRUE;
}

void secrets_init(void)
{
	keys.lock = rwlock_create(RWLOCK_TYPE_DEFAULT);
	keys.list = array_create(0, 0);
	keys.next = array_create(0, 0);
}

void secrets_fini(void)
{
	list_free(keys.list);
	list_free(keys.next);
	keys.lock->destroy(keys.lock);
}
