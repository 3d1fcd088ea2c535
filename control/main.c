/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-hub: the process. Its command line is dpdk-testpmd's: EAL arguments, "--", its own. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_version.h>

#include "common/log.h"
#include "common/stopwatch.h"
#include "common/user.h"
#include "config/esp/esp.h"
#include "control/daemon.h"
#include "control/eal.h"
#include "control/hook_helper.h"
#include "control/keeper.h"
#include "control/listen.h"

#define EXIT_USAGE  2
#define SHOW_GROUP  "dmvpn-monitor" /* who may ask, and nothing else */
#define CONFIG_FILE "/etc/dmvpn-hub/dmvpn-hub.cfg"

static const char usage[] =
	"usage: dmvpn-hub [EAL arguments --] [options]\n"
	"  -c, --config FILE  configuration; default " CONFIG_FILE "\n"
	"  --check FILE       read and check a configuration, say what is wrong, and end\n"
	"  --auto-start       forward from the start (the default)\n"
	"  --no-auto-start    wait for the command `start`\n"
	"  --user NAME        become this user once devices and sockets are there; start as root\n"
	"  --print-stats      at the end, print the forward statistics (always done on a "
	"terminal)\n"
	"  -V, --version\n"
	"  -h, --help\n"
	"Without EAL arguments the configuration's `eal` list is used, or if it has none, memory\n"
	"without hugepages and software ports. Ask a running hub with dmvpn-hubctl.\n"
	"Exit code: 0, 1 something failed, 2 wrong use or configuration.\n";

struct options {
	const char *config;
	const char *check;
	const char *user;
	bool no_auto_start;
	bool print_stats;
	bool version;
	bool help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", required_argument, NULL, 'k'},
		{"auto-start", no_argument, NULL, 'a'},
		{"no-auto-start", no_argument, NULL, 'n'},
		{"user", required_argument, NULL, 'u'},
		{"print-stats", no_argument, NULL, 's'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:Vh", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			o->config = optarg;
			break;
		case 'k':
			o->check = optarg;
			break;
		case 'a':
			o->no_auto_start = false;
			break;
		case 'n':
			o->no_auto_start = true;
			break;
		case 'u':
			o->user = optarg;
			break;
		case 's':
			o->print_stats = true;
			break;
		case 'V':
			o->version = true;
			break;
		case 'h':
			o->help = true;
			break;
		case ':':
			log_error(
				"option %s wants a value; see dmvpn-hub --help", argv[optind - 1]);
			return -EINVAL;
		default:
			log_error("option %s is not known (EAL arguments stand before --); see "
				  "dmvpn-hub --help",
				argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	log_error("\"%s\" is not expected here; see dmvpn-hub --help", argv[optind]);
	return -EINVAL;
}

static void warn(void *ctx, const char *line)
{
	(void)ctx;
	log_at(LOG_LEVEL_WARNING, LOG_MANY, "%s", line);
}

static struct config *load(const char *path)
{
	struct config_env env = {.warn = warn};
	struct config *c;
	struct error err;

	env.suites = config_esp_suites(&env.n_suites);
	c = config_load(path, &env, &err);
	if (c == NULL)
		log_error("%s", err.text);
	return c;
}

/* Counts of a configuration, for people. */
static void describe(const struct config *c, char *line, size_t room)
{
	unsigned peers = 0, sas = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++) {
		peers += c->tunnels[i].n_peers;
		for (unsigned k = 0; k < c->tunnels[i].n_peers; k++)
			sas += c->tunnels[i].peers[k].n_sa_in + c->tunnels[i].peers[k].n_sa_out;
	}
	snprintf(line, room, "%u port%s, %u tunnel%s, %u peer%s, %u SA%s, %u route%s", c->n_ports,
		c->n_ports == 1 ? "" : "s", c->n_tunnels, c->n_tunnels == 1 ? "" : "s", peers,
		peers == 1 ? "" : "s", sas, sas == 1 ? "" : "s", c->n_routes,
		c->n_routes == 1 ? "" : "s");
}

static int check(const char *path)
{
	struct config *c = load(path);
	char line[160];

	if (c == NULL)
		return EXIT_USAGE;
	describe(c, line, sizeof(line));
	printf("%s: good: %s\n", path, line);
	config_free(c);
	return EXIT_SUCCESS;
}

/* Before the EAL takes memory and cores: is another hub there already? */
static int listen_all(
	const struct config *c, const char *show_path, struct daemon_params *p, struct error *err)
{
	p->listener = hub_listen(c->control_socket, "control_socket", err);
	if (p->listener < 0)
		return p->listener;
	p->show_listener = hub_listen(show_path, "control_socket", err);
	if (p->show_listener < 0 || hub_listen_group(show_path, SHOW_GROUP, err) < 0)
		return -1;
	if (c->events_socket != NULL) {
		p->events_listener = hub_listen(c->events_socket, "events.socket", err);
		if (p->events_listener < 0)
			return p->events_listener;
	}
	if (c->opennhrp_socket == NULL)
		return 0;
	p->opennhrp_listener = hub_listen(c->opennhrp_socket, "opennhrp.socket", err);
	return RTE_MIN(p->opennhrp_listener, 0);
}

static void close_socket(int fd, const char *path)
{
	if (fd < 0)
		return;
	close(fd);
	unlink(path);
}

static int run(const struct options *o, char **eal, unsigned n_eal)
{
	static const struct rlimit no_core = {0, 0};
	struct daemon_params p = {
		.start = !o->no_auto_start,
		.config_file = o->config,
		.print_stats = o->print_stats || isatty(STDOUT_FILENO),
		.listener = -1,
		.show_listener = -1,
		.events_listener = -1,
		.opennhrp_listener = -1,
		.former_keeper = -1,
	};
	unsigned lcores[CONFIG_WORKERS_MAX];
	struct error err = {""};
	char line[160], control_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char events_path[sizeof(control_path)], opennhrp_path[sizeof(control_path)];
	char state_path[sizeof(control_path) + 8], show_path[sizeof(control_path) + 8];
	struct stopwatch watch;
	struct config *c;
	cpu_set_t cpus;
	int rc;

	stopwatch_start(&watch);
	p.watch = &watch;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		p.cpus = &cpus;
	/* There will be keys in memory, and they are to be nowhere else. */
	setrlimit(RLIMIT_CORE, &no_core);
	if (o->user != NULL && user_set(o->user, &err) < 0) {
		log_error("--user: %s", err.text);
		return EXIT_USAGE;
	}
	/* Before there are keys in memory that it could inherit. */
	p.hook_helper = hook_helper_start(&err);
	if (p.hook_helper < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	p.keeper = keeper_start(&err);
	if (p.keeper < 0)
		log_warning("%s: a restart of this hub begins anew", err.text);
	c = load(p.config_file);
	if (c == NULL)
		return EXIT_USAGE;
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		log_set_level(i, c->log[i]);
	describe(c, line, sizeof(line));
	/* A reload may replace the configuration, but not these. */
	snprintf(control_path, sizeof(control_path), "%s", c->control_socket);
	snprintf(events_path, sizeof(events_path), "%s",
		c->events_socket == NULL ? "" : c->events_socket);
	snprintf(opennhrp_path, sizeof(opennhrp_path), "%s",
		c->opennhrp_socket == NULL ? "" : c->opennhrp_socket);
	snprintf(state_path, sizeof(state_path), "%s.state", control_path);
	snprintf(show_path, sizeof(show_path), "%s.show", control_path);
	p.state_path = state_path;
	rc = listen_all(c, show_path, &p, &err);
	if (rc >= 0)
		rc = p.former_state = keeper_take(state_path, &p.former_keeper, &err);
	if (rc >= 0) {
		log_info("dmvpn-hub %s, %s", HUB_VERSION, rte_version());
		stopwatch_lap(&watch, "configuration");
		rc = eal_start(eal, n_eal, c, lcores, &err);
		stopwatch_lap(&watch, "EAL");
	}
	if (rc >= 0) {
		log_info("%s from %s", line, p.config_file);
		p.config = c;
		p.lcores = lcores;
		rc = daemon_run(&p, &err);
		rte_eal_cleanup();
	}
	if (rc < 0)
		log_error("%s", err.text);
	if (p.config == NULL)
		config_free(c);
	close_socket(p.listener, control_path);
	close_socket(p.show_listener, show_path);
	close_socket(p.events_listener, events_path);
	close_socket(p.opennhrp_listener, opennhrp_path);
	return rc == 0 ? EXIT_SUCCESS : rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options o = {.config = CONFIG_FILE};
	int split = 1;

	/* What stands before "--" is the EAL's. */
	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (split == argc)
		split = 0;
	argv[split] = argv[0];
	if (parse_options(argc - split, argv + split, &o) < 0)
		return EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	if (o.help)
		fputs(usage, stdout);
	else if (o.version)
		printf("dmvpn-hub %s, %s\n", HUB_VERSION, rte_version());
	else if (o.check != NULL)
		return check(o.check);
	else
		return run(&o, argv + 1, split > 0 ? (unsigned)split - 1 : 0);
	return EXIT_SUCCESS;
}
