/* SPDX-License-Identifier: BSD-3-Clause */
#define LOG_SUBSYSTEM LOG_IKE

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/user.h"
#include "control/ike_priv.h"
#include "control/state_priv.h"

#define DEFAULT_USER "nobody"

/* --- coming into being ------------------------------------------------------------------------ */

static int find_user(struct hub_ike *ike, struct error *err)
{
	const struct config_ike *c = ike->config;
	const char *name = c->user != NULL ? c->user : DEFAULT_USER;
	const struct passwd *pw;

	ike->uid = user_uid();
	ike->gid = user_gid();
	/* Who is not root can give its child no other user. */
	if (ike->uid != 0 && c->user == NULL)
		return 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return error_set(err, EINVAL, "%s:%u: user %s is not known here", c->place.file,
			c->place.line, name);
	/* Nor files, once it has become another user. */
	if (ike->uid != 0 && pw->pw_uid != ike->uid && (!c->external || user_changes()))
		return error_set(err, EPERM,
			"%s:%u: only root can have the IKE daemon as user %s; expected no user, or "
			"the hub's own",
			c->place.file, c->place.line, name);
	ike->uid = pw->pw_uid;
	ike->gid = pw->pw_gid;
	return 0;
}

/* Sockets and settings are charon's, and nobody else's but root's. */
static int make_directory(struct hub_ike *ike, struct error *err)
{
	const char *control = ike->hub->config->control_socket, *slash = strrchr(control, '/');
	struct stat st;
	int n;

	if (ike->config->directory != NULL)
		n = snprintf(ike->directory, sizeof(ike->directory), "%s", ike->config->directory);
	else
		n = snprintf(ike->directory, sizeof(ike->directory), "%.*sike",
			slash == NULL ? 0 : (int)(slash - control) + 1, control);
	if (n < 0 || (size_t)n >= sizeof(ike->directory))
		return error_set(err, ENAMETOOLONG, "the IKE directory's name is too long");
	if (mkdir(ike->directory, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "cannot make the directory %s: %s", ike->directory,
			strerror(errno));
	if (lstat(ike->directory, &st) < 0 || !S_ISDIR(st.st_mode) ||
		(st.st_uid != geteuid() && st.st_uid != ike->uid))
		return error_set(err, EPERM,
			"%s is not a directory of the hub's or the IKE daemon's user",
			ike->directory);
	if (chmod(ike->directory, 0700) < 0 || chown(ike->directory, ike->uid, ike->gid) < 0)
		return error_set(err, errno, "%s: %s", ike->directory, strerror(errno));
	return 0;
}

/* Where it was installed, or where the README builds it: in plugin/ beside the hub's own folder. */
static int find_plugin(struct hub_ike *ike, struct error *err)
{
	char exe[IKE_PATH_MAX - sizeof("/../plugin/" IKE_PLUGIN_FILE)] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = n > 0 ? strrchr(exe, '/') : NULL;

	if (ike->config->external)
		return 0;
	if (ike->config->plugin != NULL) {
		snprintf(ike->plugin, sizeof(ike->plugin), "%s", ike->config->plugin);
		if (access(ike->plugin, R_OK) == 0)
			return 0;
		return error_set(err, errno, "%s:%u: plugin %s cannot be read: %s",
			ike->config->place.file, ike->config->place.line, ike->plugin,
			strerror(errno));
	}
	snprintf(ike->plugin, sizeof(ike->plugin), HUB_LIBDIR "/" IKE_PLUGIN_FILE);
	if (access(ike->plugin, R_OK) == 0)
		return 0;
	if (slash != NULL) {
		*slash = '\0';
		snprintf(ike->plugin, sizeof(ike->plugin), "%s/../plugin/" IKE_PLUGIN_FILE, exe);
		if (access(ike->plugin, R_OK) == 0)
			return 0;
	}
	return error_set(err, ENOENT,
		"the IKE daemon's plugin is neither installed nor built: tools/build-plugin DIR "
		"builds it, ike.plugin = \"DIR/" IKE_PLUGIN_FILE "\" names it");
}

int hub_ike_create(struct hub *h, struct error *err)
{
	struct hub_ike *ike;
	int rc;

	if (h->config->ike == NULL || !h->params.ike)
		return 0;
	ike = calloc(1, sizeof(*ike));
	if (ike == NULL)
		return error_set(err, ENOMEM, "out of memory");
	h->ike = ike;
	ike->hub = h;
	ike->config = h->config->ike;
	ike->charon.output = ike->loader.output = -1;
	ike->epoll = -1;
	for (unsigned i = 0; i < IKE_CHANNELS; i++)
		ike->socket[i].fd = ike->socket[i].listener = -1;
	TAILQ_INIT(&ike->slice);
	ike_early_init(ike);
	rc = find_user(ike, err);
	if (rc == 0)
		rc = make_directory(ike, err);
	if (rc == 0)
		rc = find_plugin(ike, err);
	if (rc == 0)
		rc = ike_settings_write(ike, err);
	if (rc == 0)
		rc = ike_sockets_open(ike, err);
	h->nhrp.connect = ike_connect;
	h->nhrp.connect_ctx = ike;
	return rc;
}

void hub_ike_destroy(struct hub *h)
{
	struct hub_ike *ike = h->ike;

	if (ike == NULL)
		return;
	ike_child_stop(ike);
	if (ike->socket[0].listener >= 0 || ike->epoll >= 0)
		ike_sockets_close(ike);
	ike_sas_free(ike);
	ike_connects_free(ike);
	hub_hold_free(&ike->early);
	h->nhrp.connect = NULL;
	h->ike = NULL;
	free(ike);
}

bool hub_ike_leave(struct hub *h)
{
	/* A charon that others start stays, with its SAs, for the next hub. */
	return h->ike == NULL || h->ike->config->external || ike_child_leave(h->ike);
}

int hub_fd(const struct hub *h)
{
	return h->ike == NULL ? -1 : h->ike->epoll;
}

void hub_ike_turn(struct hub *h)
{
	struct hub_ike *ike = h->ike;

	if (ike == NULL)
		return;
	ike_sockets_turn(ike);
	ike_sas_turn(ike);
	ike_early_turn(ike);
	ike_child_turn(ike);
}

/* --- the connection --------------------------------------------------------------------------- */

static void say_secrets(struct hub_ike *ike)
{
	const struct config_ike *c = ike->config;
	struct ike_msg m;

	for (unsigned i = 0; i < c->n_psk; i++) {
		const struct config_psk *p = &c->psk[i];

		m = (struct ike_msg){.type = IKE_MSG_SECRET};
		m.secret.place = (uint16_t)i;
		m.secret.kind = p->kind == CONFIG_PSK_ANYBODY    ? IKE_SECRET_ANYBODY
				: p->kind == CONFIG_PSK_IDENTITY ? IKE_SECRET_IDENTITY
								 : IKE_SECRET_PREFIX;
		m.secret.addr_be = p->prefix.addr.v4_be;
		m.secret.prefix_len = p->prefix.len;
		if (p->kind == CONFIG_PSK_IDENTITY)
			snprintf(m.secret.identity, sizeof(m.secret.identity), "%s", p->id);
		m.secret.secret.len = (uint16_t)p->secret_len;
		memcpy(m.secret.secret.at, p->secret, p->secret_len);
		ike_say(ike, &m);
		explicit_bzero(&m, sizeof(m));
	}
	m = (struct ike_msg){.type = IKE_MSG_SECRETS};
	ike_say(ike, &m);
}

/* The same entry in another list, or IKE_NO_SECRET. */
static uint16_t secret_in(const struct config_ike *was, uint16_t place, const struct config_ike *is)
{
	const struct config_psk *a = place < was->n_psk ? &was->psk[place] : NULL;

	for (unsigned i = 0; a != NULL && i < is->n_psk; i++) {
		const struct config_psk *b = &is->psk[i];

		if (a->kind == b->kind &&
			(a->kind == CONFIG_PSK_PREFIX
					? a->prefix.len == b->prefix.len &&
						  ip_addr_equal(&a->prefix.addr, &b->prefix.addr)
					: strcmp(a->id, b->id) == 0))
			return (uint16_t)i;
	}
	return IKE_NO_SECRET;
}

void hub_ike_repoint(struct hub *h, const struct config_ike *was)
{
	struct hub_ike *ike = h->ike;
	struct hub_ike_sa *s;

	ike->config = h->config->ike;
	for (s = ike->ikes; s != NULL; s = s->hh.next) {
		if (s->info.secret == IKE_NO_SECRET)
			continue;
		s->info.secret = secret_in(was, s->info.secret, ike->config);
		s->revoked = s->info.secret == IKE_NO_SECRET;
	}
}

int hub_ike_change(struct hub *h, struct error *err)
{
	struct ike_msg m = {.type = IKE_MSG_IKE_ACTION, .action = {.what = IKE_DO_DELETE}};
	struct hub_ike *ike = h->ike;
	struct hub_ike_sa *s;
	int rc = ike_settings_write(ike, err);

	if (rc < 0)
		return rc;
	say_secrets(ike);
	for (s = ike->ikes; s != NULL; s = s->hh.next) {
		if (!s->revoked)
			continue;
		log_notice("the key of %s is gone: its SAs end", s->info.identity);
		m.action.ike_sa = s->id;
		ike_say(ike, &m);
		s->revoked = false;
	}
	ike_child_load(ike);
	return 0;
}

/* charon's levels: 0 what must be known, 1 events, 2 what led to them. */
static enum log_level level_of(unsigned charons)
{
	return LOG_LEVEL_NOTICE + RTE_MIN(charons, 2u);
}

void hub_ike_log(struct hub *h)
{
	struct ike_msg m = {.type = IKE_MSG_LOG_LEVEL};

	if (h->ike == NULL)
		return;
	while (m.log_level.level < 2 && log_level(LOG_IKE) > level_of((unsigned)m.log_level.level))
		m.log_level.level++;
	ike_say(h->ike, &m);
}

/*
 * Another charon than before knows nothing of the SAs there are. They go on until their lifetimes
 * end, for spokes use them until they notice; its IKE SAs are gone.
 */
static void abandon(struct hub_ike *ike)
{
	struct hub_ike_sa *s, *next;
	struct hub_esp_sa *esp;
	unsigned n = 0;

	HASH_ITER(hh, ike->ikes, s, next)
	ike_free(ike, s);
	TAILQ_FOREACH (esp, &ike->slice, slice) {
		esp->orphan = true;
		hub_state_ike(ike->hub, esp);
		n++;
	}
	if (n > 0)
		log_notice("another charon: %u SAs of the last one go on", n);
}

void ike_came(struct hub_ike *ike, const struct ike_hello *hello)
{
	struct hub_ike_sa *s;
	struct hub_esp_sa *esp;

	ike->stats.connections++;
	ike->restored = !ike->instance_known;
	if (ike->instance_known && hello->instance != ike->instance)
		abandon(ike);
	ike->instance = hello->instance;
	ike->instance_known = true;
	hub_state_charon(ike->hub, ike->instance);
	memcpy(ike->software, hello->software, sizeof(ike->software));
	for (s = ike->ikes; s != NULL; s = s->hh.next)
		s->listed = false;
	TAILQ_FOREACH (esp, &ike->slice, slice)
		esp->listed = false;
	log_info("%s is there", ike->software);
	hub_ike_log(ike->hub);
	say_secrets(ike);
	ike_child_load(ike);
}

void ike_went(struct hub_ike *ike)
{
	log_warning("%s is gone; traffic of the SAs there are goes on", ike->software);
	ike->loaded = ike->answers = false;
}

/* What it did not list, it does not have. */
static void listed(struct hub_ike *ike)
{
	struct hub_ike_sa *s, *next_s;
	struct hub_esp_sa *esp, *next;
	unsigned n = 0, kept = 0;

	for (esp = TAILQ_FIRST(&ike->slice); esp != NULL; esp = next) {
		next = TAILQ_NEXT(esp, slice);
		if (esp->orphan || esp->listed) {
			kept += !esp->orphan;
			continue;
		}
		ike_esp_del(ike, esp);
		n++;
	}
	HASH_ITER(hh, ike->ikes, s, next_s)
	if (!s->listed)
		ike_free(ike, s);
	ike->restored = false;
	if (n > 0 || kept > 0)
		log_info("agreed with charon on %u SAs, %u are gone", kept, n);
}

static void take_log(const struct ike_log *l)
{
	switch (level_of(l->level)) {
	case LOG_LEVEL_NOTICE:
		log_notice("[%s] %s", l->group, l->text);
		break;
	case LOG_LEVEL_INFO:
		log_info("[%s] %s", l->group, l->text);
		break;
	default:
		log_debug("[%s] %s", l->group, l->text);
	}
}

bool ike_receive(struct hub_ike *ike, const struct ike_msg *m)
{
	switch (m->type) {
	case IKE_MSG_GET_SPI:
		ike_get_spi(ike, m);
		return true;
	case IKE_MSG_SA_ADD:
		ike_sa_add(ike, m);
		return true;
	case IKE_MSG_SA_UPDATE:
		ike_sa_update(ike, m);
		return true;
	case IKE_MSG_SA_DEL:
		ike_sa_del(ike, m);
		return true;
	case IKE_MSG_SA_QUERY:
		ike_sa_query(ike, m);
		return true;
	case IKE_MSG_PAIR:
		ike_sa_pair(ike, &m->pair);
		return true;
	case IKE_MSG_IKE_SA:
		ike_described(ike, &m->ike_sa);
		return true;
	case IKE_MSG_IKE_GONE:
		ike_gone(ike, &m->ike_gone);
		return true;
	case IKE_MSG_LISTED:
		listed(ike);
		return true;
	case IKE_MSG_LOG:
		take_log(&m->log);
		return true;
	case IKE_MSG_STATS:
		ike->theirs = m->stats;
		return true;
	default:
		return false;
	}
}
