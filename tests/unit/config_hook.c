/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: scripts and the event stream: what is read, what is refused, and what comes back. */
#include "config/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

static void test_read(void)
{
	static const char text[] =
		"hooks = ( { script = \"/bin/true\"; events = ( \"peer-up\", \"route-down\" ); },\n"
		"{ script = \"/bin/sh\"; events = [ \"peer-register\" ]; timeout = 60; } );\n"
		"events = { socket = \"/run/events.sock\"; };\n"
		"opennhrp = { socket = \"/run/opennhrp.sock\"; };\n";
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", text, &env, &err), *again;
	char *written;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_hooks, 2);
	CU_ASSERT_STRING_EQUAL(c->hooks[0].script, "/bin/true");
	CU_ASSERT_EQUAL(
		c->hooks[0].events, 1u << CONFIG_HOOK_PEER_UP | 1u << CONFIG_HOOK_ROUTE_DOWN);
	CU_ASSERT_EQUAL(c->hooks[0].timeout, 5);
	CU_ASSERT_EQUAL(c->hooks[1].events, 1u << CONFIG_HOOK_PEER_REGISTER);
	CU_ASSERT_EQUAL(c->hooks[1].timeout, 60);
	CU_ASSERT_EQUAL(c->hooks[1].place.line, 2);
	CU_ASSERT_STRING_EQUAL(c->events_socket, "/run/events.sock");
	written = config_text(c);
	again = config_parse("again.cfg", written, &env, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT_EQUAL(again->n_hooks, 2);
	CU_ASSERT_EQUAL(again->hooks[0].events, c->hooks[0].events);
	CU_ASSERT_EQUAL(again->hooks[1].timeout, 60);
	CU_ASSERT_STRING_EQUAL(again->events_socket, "/run/events.sock");
	CU_ASSERT_STRING_EQUAL(again->opennhrp_socket, "/run/opennhrp.sock");
	free(written);
	config_free(again);
	config_free(c);
	c = config_parse("hub.cfg", "", &env, &err);
	CU_ASSERT_EQUAL(c->n_hooks, 0);
	CU_ASSERT_PTR_NULL(c->events_socket);
	CU_ASSERT_PTR_NULL(c->opennhrp_socket);
	config_free(c);
}

static void test_log(void)
{
	struct config_env env = {0};
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", "", &env, &err);
	char *written;

	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		CU_ASSERT_EQUAL(c->log[i], LOG_LEVEL_INFO);
	config_free(c);
	/* Whichever comes first. */
	c = config_parse("hub.cfg", "log = { ike = \"debug\"; global = \"error\"; };", &env, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
			CU_ASSERT_EQUAL(
				c->log[i], i == LOG_IKE ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
		written = config_text(c);
		config_free(c);
		c = config_parse("again.cfg", written, &env, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		free(written);
	}
	config_free(c);
}

static void test_shutdown(void)
{
	struct config_env env = {0};
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", "", &env, &err);
	char *written;

	CU_ASSERT(!c->shutdown.purge && !c->shutdown.poison);
	config_free(c);
	for (unsigned wish = 0; wish < 4; wish++) {
		char text[64];

		snprintf(text, sizeof(text), "shutdown = { purge = %s; poison = %s; };",
			wish & 1 ? "true" : "false", wish & 2 ? "true" : "false");
		c = config_parse("hub.cfg", text, &env, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_EQUAL(c->shutdown.purge, (wish & 1) != 0);
		CU_ASSERT_EQUAL(c->shutdown.poison, (wish & 2) != 0);
		written = config_text(c);
		CU_ASSERT_PTR_NOT_NULL(strstr(written, text));
		free(written);
		config_free(c);
	}
}

#define HOOK(settings) "hooks = ( { script = \"/bin/true\"; " settings " } );"

static void test_refused(void)
{
	static const struct refusal cases[] = {
		{"hooks = ( { script = \"/bin/true\"; } );",
			"hub.cfg:1: an entry of hooks has no events; it is required"},
		{"hooks = ( { events = ( \"peer-up\" ); } );",
			"hub.cfg:1: an entry of hooks has no script; it is required"},
		{"log = { ike = \"loud\"; };",
			"hub.cfg:1: ike is \"loud\"; expected \"error\", \"warning\", \"notice\", "
			"\"info\" or \"debug\""},
		{"log = { ikes = \"info\"; };",
			"hub.cfg:1: unknown setting ikes; did you mean ike? expected one of "
			"global, hub, dpdk, port, nhrp, ike, rip, hook, cli"},
		{"shutdown = { purge = 1; };",
			"hub.cfg:1: purge is a number; expected true or false"},
		{HOOK("events = ( );"), "hub.cfg:1: events is empty; expected names of events"},
		{HOOK("events = \"peer-up\";"),
			"hub.cfg:1: events is a string; expected a list ( )"},
		{HOOK("events = ( 1 );"),
			"hub.cfg:1: events is a number; expected an event's name, "
			"as \"peer-up\""},
		{HOOK("events = (\n\"peer-up\",\n\"peer-away\" );"),
			"hub.cfg:3: event \"peer-away\" is not known; expected one of "
			"interface-up, "
			"peer-register, peer-up, peer-down, nhs-up, nhs-down, route-up, "
			"route-down, peer-refused, peer-conflict"},
		{HOOK("events = ( \"peer-up\" ); timeout = 0;"),
			"hub.cfg:1: timeout is 0; expected a whole number 1..60"},
		{HOOK("events = ( \"peer-up\" ); timeout = 61;"),
			"hub.cfg:1: timeout is 61; expected a whole number 1..60"},
		{"hooks = ( { script = \"true\"; events = ( \"peer-up\" ); } );",
			"hub.cfg:1: script true has no full path; expected one that begins with /"},
		{"hooks = (\n{ script = \"/bin/not-there\"; events = ( \"peer-up\" ); } );",
			"hub.cfg:2: script /bin/not-there: No such file or directory"},
		{"hooks = ( { script = \"/bin\"; events = ( \"peer-up\" ); } );",
			"hub.cfg:1: script /bin is no file"},
		{"hooks = ( { script = \"/etc/passwd\"; events = ( \"peer-up\" ); } );",
			"hub.cfg:1: script /etc/passwd cannot be executed: chmod +x /etc/passwd"},
		{"control_socket = \"/x\";\nopennhrp = { socket = \"/x\"; };",
			"hub.cfg:2: opennhrp.socket is the control_socket too; expected one of its "
			"own"},
		{"events = { socket = \"/x\"; };\nopennhrp = { socket = \"/x\"; };",
			"hub.cfg:2: opennhrp.socket is the socket of events too; expected one of "
			"its own"},
		{"events = { };", "hub.cfg:1: an entry of events has no socket; it is required"},
		{"control_socket = \"/x\";\nevents = { socket = \"/x\"; };",
			"hub.cfg:2: events.socket is the control_socket too; expected one of its "
			"own"},
	};

	REFUSE(cases);
}

/* A file that others can change, or that is another's, is nothing to run as the hub. */
static void test_owner(void)
{
	char path[] = "/tmp/config-hook-XXXXXX", text[128], message[192];
	struct refusal one = {text, message};
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	snprintf(text, sizeof(text), "hooks = ( { script = \"%s\"; events = ( \"peer-up\" ); } );",
		path);
	CU_ASSERT_EQUAL(fchmod(fd, 0722), 0);
	snprintf(message, sizeof(message),
		"hub.cfg:1: script %s has mode 0722, so others can change it: chmod go-w %s", path,
		path);
	refuse_all(&one, 1);
	CU_ASSERT_EQUAL(fchmod(fd, 0700), 0);
	if (geteuid() == 0 && fchown(fd, 65534, 65534) == 0) {
		snprintf(message, sizeof(message),
			"hub.cfg:1: script %s belongs to user 65534; expected root, or who runs "
			"the "
			"hub",
			path);
		refuse_all(&one, 1);
	}
	close(fd);
	unlink(path);
}

static void test_too_many(void)
{
	char text[4096] = "hooks = (";
	struct refusal one = {text, "hub.cfg:1: hooks has 17 entries; expected at most 16"};

	for (unsigned i = 0; i < CONFIG_HOOKS_MAX + 1; i++)
		sprintf(text + strlen(text),
			"%s{ script = \"/bin/true\"; events = ( \"peer-up\" ); }", i ? "," : "");
	strcat(text, ");");
	refuse_all(&one, 1);
}

static const struct unit_test tests[] = {
	{"hooks and events are read, and written back", test_read},
	{"what the log has", test_log},
	{"what is told before the end", test_shutdown},
	{"what is refused", test_refused},
	{"scripts of others", test_owner},
	{"more scripts than there may be", test_too_many},
};

UNIT_MAIN("config: hooks and events", tests)
