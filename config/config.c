/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/config_priv.h"

#define EAL_ARGUMENT_MAX 1024

static int read_argument(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field field = {.max = EAL_ARGUMENT_MAX};

	return config_read_str(r, s, &field, element);
}

static int read_eal(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config *c = member;

	(void)f;
	return config_read_list(r, s, sizeof(c->eal[0]), &c->eal, &c->n_eal, read_argument);
}

static int read_peers_max(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config *c = member;

	c->peers_max_place = config_place_of(r, s);
	return config_read_unsigned(r, s, f, &c->peers_max);
}

static int read_socket(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	char **path = member;

	free(*path);
	*path = NULL;
	return config_read_str(r, s, f, path);
}

static const char *const idle_names[CONFIG_IDLE_COUNT] = {
	[CONFIG_IDLE_AUTO] = "auto",
	[CONFIG_IDLE_POLL] = "poll",
	[CONFIG_IDLE_PAUSE] = "pause",
	[CONFIG_IDLE_INTERRUPT] = "interrupt",
};

const char *config_idle_name(enum config_idle idle)
{
	return idle_names[idle];
}

static int read_idle(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config *c = member;
	unsigned at = 0;
	int rc = config_read_word(r, s, f, idle_names, CONFIG_IDLE_COUNT,
		"\"auto\", \"poll\", \"pause\" or \"interrupt\"", &at);

	c->idle = (enum config_idle)at;
	return rc;
}

static int read_shutdown(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	static const struct config_field fields[] = {
		{"purge", config_read_bool, offsetof(struct config_shutdown, purge), 0, 0, false},
		{"poison", config_read_bool, offsetof(struct config_shutdown, poison), 0, 0, false},
	};

	(void)f;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), member);
}

/* Fields are read in this order: secrets must be there before a tunnel asks for one. */
static int read_root(struct config_reader *r)
{
	static const struct config_field fields[] = {
		{"workers", config_read_unsigned, offsetof(struct config, workers), 1,
			CONFIG_WORKERS_MAX, false},
		{"burst", config_read_unsigned, offsetof(struct config, burst), 1, 64, false},
		{"idle", read_idle, 0, 0, 0, false},
		{"mbufs", config_read_unsigned, offsetof(struct config, mbufs), 1024, 1u << 24,
			false},
		{"peers_max", read_peers_max, 0, 1, CONFIG_PEERS_MAX, false},
		{"nhrp", config_read_nhrp_limits, offsetof(struct config, nhrp), 0, 0, false},
		/* Beside it is one with ".show" at its end. */
		{"control_socket", read_socket, offsetof(struct config, control_socket), 0,
			sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof(".show"), false},
		{"eal", read_eal, 0, 0, 0, false},
		{"secrets", config_read_secrets, 0, 0, 0, false},
		{"filters", config_read_filters, 0, 0, 0, false},
		{"ports", config_read_ports, 0, 0, 0, false},
		{"tunnels", config_read_tunnels, 0, 0, 0, false},
		{"routes", config_read_routes, 0, 0, 0, false},
		{"rip", config_read_rip, 0, 0, 0, false},
		{"ike", config_read_ike, 0, 0, 0, false},
		{"hooks", config_read_hooks, 0, 0, 0, false},
		{"events", config_read_event_stream, 0, 0, 0, false},
		{"opennhrp", config_read_opennhrp, 0, 0, 0, false},
		{"log", config_read_log, 0, 0, 0, false},
		{"shutdown", read_shutdown, offsetof(struct config, shutdown), 0, 0, false},
	};

	return config_read_group(r, config_root_setting(&r->doc.tree), fields,
		sizeof(fields) / sizeof(fields[0]), r->config);
}

static int set_defaults(struct config_reader *r)
{
	struct config *c = r->config;

	c->workers = 1;
	c->burst = 32;
	c->mbufs = 16384;
	config_nhrp_limits_defaults(&c->nhrp);
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		c->log[i] = LOG_LEVEL_INFO;
	c->control_socket = strdup("/run/dmvpn-hub/control.sock");
	r->suite_used = calloc(r->env->n_suites + 1, sizeof(r->suite_used[0]));
	return c->control_socket == NULL || r->suite_used == NULL ? config_no_memory(r->err) : 0;
}

/* Places name files as long as the configuration lives, so it takes the names over. */
static int take_files(struct config_reader *r)
{
	struct config *c = r->config;

	c->files = calloc(r->doc.n_sources, sizeof(c->files[0]));
	if (c->files == NULL)
		return config_no_memory(r->err);
	for (; c->n_files < r->doc.n_sources; c->n_files++) {
		c->files[c->n_files] = r->doc.sources[c->n_files].path;
		r->doc.sources[c->n_files].path = NULL;
	}
	return 0;
}

/* Room for the spokes that are named, and by default for some that come by themselves. */
static int set_peers_max(struct config *c, struct error *err)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++)
		n += c->tunnels[i].n_peers;
	if (c->peers_max == 0)
		c->peers_max = n > CONFIG_PEERS_DEFAULT ? n : CONFIG_PEERS_DEFAULT;
	if (c->peers_max < n)
		return config_fail(err, &c->peers_max_place,
			"peers_max is %u, but the tunnels have %u peers; expected at least that",
			c->peers_max, n);
	return 0;
}

static void warn_keys(struct config_reader *r)
{
	for (unsigned i = 0; i < r->doc.n_sources; i++) {
		const struct config_source *source = &r->doc.sources[i];
		struct config_place at = {.file = source->path, .line = source->keys};

		if (source->keys != 0 && (source->mode & 077) != 0)
			config_warn(r->env, &at,
				"keys stand in a file of mode %04o that others can get at: "
				"chmod 600 %s",
				(unsigned)source->mode & 07777, source->path);
	}
}

/* From an open document to a checked configuration; rc says how the opening went. */
static struct config *read_config(struct config_reader *r, int rc)
{
	struct config *c = calloc(1, sizeof(*c));

	r->config = c;
	if (rc == 0 && c == NULL)
		rc = config_no_memory(r->err);
	if (rc == 0)
		rc = set_defaults(r);
	if (rc == 0)
		rc = read_root(r);
	if (rc == 0)
		rc = config_check(c, r->env, r->err);
	if (rc == 0)
		rc = config_ports_order(c, r->err);
	if (rc == 0)
		rc = set_peers_max(c, r->err);
	if (rc == 0) {
		warn_keys(r);
		rc = take_files(r);
	}
	free(r->suite_used);
	config_secrets_free(r->secrets, r->n_secrets);
	config_document_close(&r->doc);
	if (rc == 0)
		return c;
	config_free(c);
	errno = -rc;
	return NULL;
}

struct config *config_load(const char *path, const struct config_env *env, struct error *err)
{
	struct config_reader r = {.env = env, .err = err};

	return read_config(&r, config_document_load(&r.doc, path, err));
}

struct config *config_parse(
	const char *name, const char *text, const struct config_env *env, struct error *err)
{
	struct config_reader r = {.env = env, .err = err};

	return read_config(&r, config_document_parse(&r.doc, name, text, err));
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n_filters; i++)
		config_filter_free(&c->filters[i]);
	for (unsigned i = 0; i < c->n_ports; i++)
		config_port_free(&c->ports[i]);
	for (unsigned i = 0; i < c->n_tunnels; i++)
		config_tunnel_free(&c->tunnels[i]);
	config_rip_free(c->rip);
	for (unsigned i = 0; i < c->n_eal; i++)
		free(c->eal[i]);
	for (unsigned i = 0; i < c->n_files; i++)
		free(c->files[i]);
	free(c->filters);
	config_ike_free(c->ike);
	free(c->ports);
	free(c->tunnels);
	free(c->routes);
	for (unsigned i = 0; i < c->n_hooks; i++)
		config_hook_free(&c->hooks[i]);
	free(c->hooks);
	free(c->events_socket);
	free(c->opennhrp_socket);
	free(c->nhrp.leases);
	free(c->eal);
	free(c->files);
	free(c->control_socket);
	free(c);
}
