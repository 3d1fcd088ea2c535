/* SPDX-License-Identifier: BSD-3-Clause */
/* hooks = ( { ... } ), events = { ... }, opennhrp = { ... } */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/user.h"
#include "config/config_priv.h"

#define PATH_LEN_MAX 1023

static const char *const names[CONFIG_HOOK_EVENTS] = {
	[CONFIG_HOOK_INTERFACE_UP] = "interface-up",
	[CONFIG_HOOK_PEER_REGISTER] = "peer-register",
	[CONFIG_HOOK_PEER_UP] = "peer-up",
	[CONFIG_HOOK_PEER_DOWN] = "peer-down",
	[CONFIG_HOOK_NHS_UP] = "nhs-up",
	[CONFIG_HOOK_NHS_DOWN] = "nhs-down",
	[CONFIG_HOOK_ROUTE_UP] = "route-up",
	[CONFIG_HOOK_ROUTE_DOWN] = "route-down",
	[CONFIG_HOOK_PEER_REFUSED] = "peer-refused",
	[CONFIG_HOOK_PEER_CONFLICT] = "peer-conflict",
};

const char *config_hook_event_name(enum config_hook_event event)
{
	return names[event];
}

static int read_event(struct config_reader *r, const config_setting_t *s, uint32_t *events)
{
	static const char expected[] = "an event's name, as \"peer-up\"";
	const char *text = config_text_of(r, s, expected);
	char shown[CONFIG_SHOWN_MAX], all[256] = "";
	size_t used = 0;

	if (text == NULL)
		return -EINVAL;
	for (unsigned i = 0; i < CONFIG_HOOK_EVENTS; i++) {
		if (strcmp(text, names[i]) == 0) {
			*events |= UINT32_C(1) << i;
			return 0;
		}
		used += (size_t)snprintf(
			all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	return config_fail_at(r, s, "event \"%s\" is not known; expected one of %s",
		config_shown(text, shown), all);
}

static int read_events(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	int rc = 0;

	(void)f;
	if (!config_setting_is_list(s) && !config_setting_is_array(s))
		return config_fail_at(
			r, s, "events is %s; expected a list ( )", config_type_name(s));
	if (config_setting_length(s) == 0)
		return config_fail_at(r, s, "events is empty; expected names of events");
	for (int i = 0; i < config_setting_length(s) && rc == 0; i++)
		rc = read_event(r, config_setting_get_elem(s, (unsigned)i), member);
	return rc;
}

/* What runs as the hub runs what it finds there: nobody else may have put it there. */
static int check_script(struct config_reader *r, const struct config_hook *hook)
{
	struct stat st;

	if (hook->script[0] != '/')
		return config_fail(r->err, &hook->place,
			"script %s has no full path; expected one that begins with /",
			hook->script);
	if (stat(hook->script, &st) < 0)
		return config_fail(
			r->err, &hook->place, "script %s: %s", hook->script, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return config_fail(r->err, &hook->place, "script %s is no file", hook->script);
	if (st.st_uid != 0 && st.st_uid != user_uid())
		return config_fail(r->err, &hook->place,
			"script %s belongs to user %u; expected root, or who runs the hub",
			hook->script, (unsigned)st.st_uid);
	if ((st.st_mode & 022) != 0)
		return config_fail(r->err, &hook->place,
			"script %s has mode %04o, so others can change it: chmod go-w %s",
			hook->script, (unsigned)st.st_mode & 07777, hook->script);
	if (access(hook->script, X_OK) < 0)
		return config_fail(r->err, &hook->place,
			"script %s cannot be executed: chmod +x %s", hook->script, hook->script);
	return 0;
}

static int read_hook(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"script", config_read_str, offsetof(struct config_hook, script), 0, PATH_LEN_MAX,
			true},
		{"events", read_events, offsetof(struct config_hook, events), 0, 0, true},
		{"timeout", config_read_unsigned, offsetof(struct config_hook, timeout), 1, 60,
			false},
	};
	struct config_hook *hook = element;
	int rc;

	hook->place = config_place_of(r, s);
	hook->timeout = 5;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), hook);
	return rc < 0 ? rc : check_script(r, hook);
}

CONFIG_FIELD_READER(hooks)
{
	struct config *c = member;
	int rc;

	rc = config_read_list(r, s, sizeof(c->hooks[0]), &c->hooks, &c->n_hooks, read_hook);
	(void)f;
	if (rc == 0 && c->n_hooks > CONFIG_HOOKS_MAX)
		return config_fail_at(r, s, "hooks has %u entries; expected at most %u", c->n_hooks,
			CONFIG_HOOKS_MAX);
	return rc;
}

/* Each socket is one of its own. */
static int check_socket(struct config_reader *r, const config_setting_t *s, const char *group,
	const char *path, const char *other, const char *others)
{
	if (other == NULL || strcmp(path, other) != 0)
		return 0;
	return config_fail_at(
		r, s, "%s.socket is the %s too; expected one of its own", group, others);
}

CONFIG_FIELD_READER(event_stream)
{
	static const struct config_field fields[] = {
		{"socket", config_read_str, offsetof(struct config, events_socket), 0,
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1, true},
	};

	struct config *c = member;
	int rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), c);

	(void)f;
	if (rc == 0)
		rc = check_socket(
			r, s, "events", c->events_socket, c->control_socket, "control_socket");
	return rc;
}

CONFIG_FIELD_READER(opennhrp)
{
	static const struct config_field fields[] = {
		{"socket", config_read_str, offsetof(struct config, opennhrp_socket), 0,
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1, true},
	};

	struct config *c = member;
	int rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), c);

	(void)f;
	if (rc == 0)
		rc = check_socket(
			r, s, "opennhrp", c->opennhrp_socket, c->control_socket, "control_socket");
	if (rc == 0)
		rc = check_socket(
			r, s, "opennhrp", c->opennhrp_socket, c->events_socket, "socket of events");
	return rc;
}

void config_hook_free(struct config_hook *hook)
{
	free(hook->script);
}

void config_hook_put(FILE *f, const struct config_hook *hook)
{
	const char *between = "";

	fputs("events = (", f);
	for (unsigned i = 0; i < CONFIG_HOOK_EVENTS; i++) {
		if ((hook->events & UINT32_C(1) << i) == 0)
			continue;
		fprintf(f, "%s \"%s\"", between, names[i]);
		between = ",";
	}
	fprintf(f, " ); timeout = %u; }", hook->timeout);
}
