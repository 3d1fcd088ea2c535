/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scripts, real ones: what they are given, how they are bounded, what their answers do. Time is the
 * machine's here, for it is other processes that are waited for; nothing is waited for longer than
 * it takes.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/hook_helper.h"
#include "tests/control/world.h"

#define PATIENCE_MS 20000

static char folder[] = "/tmp/hook-test-XXXXXX";
static char script_path[64], out_path[64];
static unsigned timeout_s = 1;

/* Answers that came, in order. */
static struct {
	uint64_t token;
	bool ok;
} answers[512];
static unsigned n_answers;

static void answered(struct hub *h, uint64_t token, bool ok)
{
	CU_ASSERT_PTR_EQUAL(h, world.hub);
	CU_ASSERT_FATAL(n_answers < RTE_DIM(answers));
	answers[n_answers].token = token;
	answers[n_answers++].ok = ok;
}

static void write_script(const char *name, const char *text)
{
	FILE *f;

	snprintf(script_path, sizeof(script_path), "%s/%s", folder, name);
	snprintf(out_path, sizeof(out_path), "%s/out", folder);
	f = fopen(script_path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "#!/bin/sh\nout=%s\n%s\n", out_path, text);
	fclose(f);
	CU_ASSERT_EQUAL(chmod(script_path, 0700), 0);
}

/* A hub with a script for these events, "\"peer-up\"", and perhaps another one. */
static void open_both(const char *events, const char *text, const char *second, const char *more)
{
	char config[600];
	int n;

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	n_answers = 0;
	if (second != NULL)
		write_script("second", more);
	n = snprintf(config, sizeof(config),
		"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		" mac = \"02:00:00:00:00:01\"; } ); hooks = ( ");
	if (second != NULL)
		n += snprintf(config + n, sizeof(config) - (size_t)n,
			"{ script = \"%s\"; events = ( %s ); }, ", script_path, second);
	write_script("script", text);
	snprintf(config + n, sizeof(config) - (size_t)n,
		"{ script = \"%s\"; events = [ %s ]; timeout = %u; } );", script_path, events,
		timeout_s);
	world_open(config);
}

static void open_with(const char *events, const char *text)
{
	open_both(events, text, NULL, NULL);
}

static void close_world(void)
{
	static const char *const names[] = {"script", "second", "out"};
	char path[64];

	for (unsigned i = 0; i < RTE_DIM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	world_run();
	world_discard(0);
	world_close();
}

/* The hub takes turns, a millisecond each, until so many answers have come. */
static void wait_for(unsigned n)
{
	for (unsigned i = 0; i < PATIENCE_MS && n_answers < n; i++) {
		world.now++;
		hub_turn(world.hub, world.now);
		CU_ASSERT(world.hub->hooks.n_running <= HOOK_RUNNING_MAX);
		usleep(1000);
	}
	CU_ASSERT_EQUAL(n_answers, n);
}

static int run(enum config_hook_event event, const char *address, uint64_t token)
{
	const struct hub_hook_vars vars = {.dest_be = address ? packet_addr(address) : 0};

	return hub_hook_run(world.hub, event, &vars, answered, token);
}

static const char *output(void)
{
	return world_file(out_path);
}

/* The argument, the variables, and nothing of the hub's: environment, descriptors, folder. */
static void test_given(void)
{
	const struct hub_hook_vars vars = {
		.type = "dynamic",
		.src_be = packet_addr("10.255.0.1"),
		.src_nbma_be = packet_addr("192.0.2.1"),
		.dest_be = packet_addr("10.255.0.11"),
		.dest_len = 32,
		.dest_nbma_be = packet_addr("203.0.113.11"),
		.dest_mtu = 1400,
		.dest_nat_oa_be = packet_addr("192.168.0.2"),
		.next_hop_be = packet_addr("10.255.0.12"),
		.interface = "tun0",
		.gre_key_set = true,
		.reason = "lower-down",
	};

	open_with("\"peer-down\"",
		"{ echo $#: $@; tr '\\0' '\\n' < /proc/$$/environ; pwd;"
		" for i in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$i ] && echo fd $i;"
		" done; readlink /proc/$$/fd/0; umask; } > $out");
	CU_ASSERT_EQUAL(hub_hook_run(world.hub, CONFIG_HOOK_PEER_UP, &vars, answered, 1), 0);
	CU_ASSERT_EQUAL(hub_hook_run(world.hub, CONFIG_HOOK_PEER_DOWN, &vars, answered, 7), 1);
	CU_ASSERT_EQUAL(n_answers, 0);
	wait_for(1);
	CU_ASSERT_EQUAL(answers[0].token, 7);
	CU_ASSERT_STRING_EQUAL(output(),
		"1: peer-down\n"
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"NHRP_TYPE=dynamic\nNHRP_SRCADDR=10.255.0.1\nNHRP_SRCNBMA=192.0.2.1\n"
		"NHRP_DESTADDR=10.255.0.11\nNHRP_DESTPREFIX=32\nNHRP_DESTNBMA=203.0.113.11\n"
		"NHRP_DESTMTU=1400\nNHRP_DESTNBMA_NAT_OA=192.168.0.2\nNHRP_NEXTHOP=10.255.0.12\n"
		"NHRP_INTERFACE=tun0\nNHRP_GRE_KEY=0\nNHRP_PEER_DOWN_REASON=lower-down\n"
		"/\n/dev/null\n0022\n");
	close_world();
}

/* Permission: by exit code 0 alone. */
static void test_gate(void)
{
	open_with("\"peer-register\"", "case $NHRP_DESTADDR in\n"
				       "10.255.0.11) exit 0;;\n"
				       "10.255.0.12) exit 1;;\n"
				       "10.255.0.13) kill -9 $$;;\n"
				       "10.255.0.14) exec sleep 60;;\n"
				       "esac");
	for (unsigned i = 1; i <= 4; i++) {
		char address[16];

		snprintf(address, sizeof(address), "10.255.0.%u", 10 + i);
		CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_REGISTER, address, i), 1);
	}
	wait_for(4);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(answers[i].ok, answers[i].token == 1);
	CU_ASSERT_EQUAL(answers[3].token, 4);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].runs, 4);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].succeeded, 1);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].failed, 2);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].timeouts, 1);
	EXPECT_TEXT("show hooks", " 4        1        2       1       0       peer-register\n");
	/* A script that is gone gives no permission. */
	unlink(script_path);
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_REGISTER, "10.255.0.11", 5), 1);
	wait_for(5);
	CU_ASSERT(!answers[4].ok);
	close_world();
}

/* Of two scripts both must agree; the answer comes once, when both have ended. */
static void test_two(void)
{
	open_both("\"peer-register\", \"peer-up\"", "exit 0", "\"peer-register\"",
		"[ $NHRP_DESTADDR = 10.255.0.11 ]");
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_REGISTER, "10.255.0.11", 1), 2);
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_REGISTER, "10.255.0.12", 2), 2);
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_UP, "10.255.0.13", 3), 1);
	wait_for(3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(answers[i].ok, answers[i].token != 2);
	close_world();
}

static bool is_alive(pid_t pid)
{
	char path[64], text[256] = "", *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	state = strrchr(text, ')');
	return state != NULL && state[2] != 'Z';
}

/* One that will not end is ended, with all it started; so is what a script leaves behind. */
static void test_endless(void)
{
	int pid[2] = {0};

	open_with("\"peer-up\", \"peer-down\"",
		"trap '' TERM\nsleep 300 &\necho $$ $! > $out\n"
		"[ $1 = peer-down ] || while :; do sleep 300; done");
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_UP, "10.255.0.11", 1), 1);
	wait_for(1);
	CU_ASSERT(!answers[0].ok);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].timeouts, 1);
	CU_ASSERT_EQUAL(sscanf(output(), "%d %d", &pid[0], &pid[1]), 2);
	CU_ASSERT(!is_alive(pid[0]));
	for (unsigned i = 0; i < PATIENCE_MS && is_alive(pid[1]); i++)
		usleep(1000);
	CU_ASSERT(!is_alive(pid[1]));
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_DOWN, "10.255.0.11", 2), 1);
	wait_for(2);
	CU_ASSERT(answers[1].ok);
	CU_ASSERT_EQUAL(sscanf(output(), "%d %d", &pid[0], &pid[1]), 2);
	for (unsigned i = 0; i < PATIENCE_MS && is_alive(pid[1]); i++)
		usleep(1000);
	CU_ASSERT(!is_alive(pid[1]));
	close_world();
}

/* More than can wait is refused, and none of the others lost. */
static void test_flood(void)
{
	unsigned refused = 0;

	open_with("\"peer-up\", \"peer-register\"", "exit 0");
	for (unsigned i = 0; i < HUB_HOOKS_QUEUED + 50; i++) {
		char address[16];
		int rc;

		snprintf(address, sizeof(address), "10.0.%u.%u", i >> 8, i & 255);
		rc = run(i % 4 == 0 ? CONFIG_HOOK_PEER_REGISTER : CONFIG_HOOK_PEER_UP, address, i);
		CU_ASSERT_EQUAL(rc, i < HUB_HOOKS_QUEUED ? 1 : -EBUSY);
		refused += rc < 0;
	}
	CU_ASSERT_EQUAL(refused, 50);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].refused, 50);
	wait_for(HUB_HOOKS_QUEUED);
	/* Who waits for permission went first. */
	for (unsigned i = 0; i < HUB_HOOKS_QUEUED / 4 - HOOK_RUNNING_MAX; i++)
		CU_ASSERT_EQUAL(answers[i].token % 4, 0);
	CU_ASSERT_EQUAL(world.hub->hooks.stats[0].succeeded, HUB_HOOKS_QUEUED);
	CU_ASSERT_EQUAL(world.hub->hooks.n_queued + world.hub->hooks.n_running, 0);
	close_world();
}

/* One address's events keep their order. */
static void test_order(void)
{
	char want[256] = "";

	open_with("\"peer-up\", \"peer-down\"", "echo $1 >> $out");
	for (unsigned i = 0; i < 10; i++) {
		run(i % 2 ? CONFIG_HOOK_PEER_DOWN : CONFIG_HOOK_PEER_UP, "10.255.0.11", i);
		strcat(want, i % 2 ? "peer-down\n" : "peer-up\n");
	}
	wait_for(10);
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(answers[i].token, i);
	CU_ASSERT_STRING_EQUAL(output(), want);
	close_world();
}

/* What scripts write is taken, bounded, and keeps nobody waiting. */
static void test_output(void)
{
	open_with("\"peer-up\"", "i=0; while [ $i -lt 2000 ]; do echo line $i of many; "
				 "i=$((i+1)); done; printf '\\033[31mno newline' >&2");
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_UP, "10.255.0.11", 1), 1);
	wait_for(1);
	CU_ASSERT(answers[0].ok);
	CU_ASSERT_EQUAL(world.hub->hooks.lines, 2001);
	CU_ASSERT(world.hub->hooks.unlogged >= 2001 - HOOK_LINES_MAX);
	close_world();
}

/* The helper goes: nobody is left waiting, nobody gets permission. */
static void test_no_helper(void)
{
	int ends[2];

	open_with("\"peer-register\", \"peer-up\"", "exit 0");
	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	world.hub->hooks.helper = ends[0];
	for (unsigned i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(run(i % 2 ? CONFIG_HOOK_PEER_REGISTER : CONFIG_HOOK_PEER_UP,
					"10.255.0.11", i),
			1);
	hub_turn(world.hub, world.now);
	CU_ASSERT_EQUAL(n_answers, 0);
	close(ends[1]);
	hub_turn(world.hub, world.now);
	CU_ASSERT_EQUAL(n_answers, 20);
	for (unsigned i = 0; i < n_answers; i++)
		CU_ASSERT(!answers[i].ok);
	CU_ASSERT_EQUAL(run(CONFIG_HOOK_PEER_REGISTER, "10.255.0.11", 1), -EPIPE);
	EXPECT_TEXT("show hooks", "is not there");
	close(ends[0]);
	close_world();
}

/* Hubs end while scripts run; the next one is not told of them. */
static void test_left_over(void)
{
	timeout_s = 60;
	open_with("\"peer-up\"", "echo started > $out; exec sleep 30");
	for (unsigned i = 0; i < 20; i++)
		run(CONFIG_HOOK_PEER_UP, "10.255.0.11", i);
	hub_turn(world.hub, world.now);
	CU_ASSERT_EQUAL(world.hub->hooks.n_running, 1);
	for (unsigned i = 0; i < PATIENCE_MS && output()[0] == '\0'; i++)
		usleep(1000);
	close_world();
	CU_ASSERT_EQUAL(n_answers, 0);
	open_with("\"peer-up\"", "exit 3");
	run(CONFIG_HOOK_PEER_UP, "10.255.0.11", 99);
	wait_for(1);
	CU_ASSERT_EQUAL(answers[0].token, 99);
	CU_ASSERT(!answers[0].ok);
	close_world();
	timeout_s = 1;
}

static const struct unit_test tests[] = {
	{"what a script is given, and what not", test_given},
	{"permission by exit code alone", test_gate},
	{"two scripts", test_two},
	{"a script that never ends", test_endless},
	{"more than can wait", test_flood},
	{"one address's events in order", test_order},
	{"output without end", test_output},
	{"nobody to run them", test_no_helper},
	{"a hub ends before its scripts", test_left_over},
};

const struct control_suite suite_hook = {"hook", tests, RTE_DIM(tests)};
