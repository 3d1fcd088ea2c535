/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-spokes: many spokes against one hub, by a scenario. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "common/clock.h"
#include "tools/eal.h"
#include "tools/spokes/sim_priv.h"

#define EXIT_USAGE 2
#define LINE_MAX_  4096
#define NAP_NS     50000
#define IDLE_TURNS 64    /* before the first nap */
#define LOOK_MS    10    /* between looks whether an expectation holds */
#define HUB_MS     30000 /* until the hub must answer ARP */

static const char usage[] =
	"usage: dmvpn-spokes -c HUB.CFG -d DEVICE [-s SCENARIO] [options]\n"
	"Plays the spokes of a hub's configuration: they register, speak RIP, send checked "
	"traffic,\n"
	"resolve each other, move, die and come back, as the scenario (JSON) says.\n"
	"  -c, --config FILE    the hub's configuration: statically keyed peers of its first "
	"tunnel\n"
	"  -d, --device NAME    a port of DPDK: net_memif0,role=server,socket=/tmp/cable,\n"
	"                       net_af_packet0,iface=veth0, a PCI address\n"
	"  -s, --scenario FILE  settings and steps\n"
	"  -i, --interactive    further steps from standard input, one JSON object a line\n"
	"  -j, --json           a JSON object a line: one a step, at the end the counters\n"
	"  -m, --memory MB      plain memory, default 512\n"
	"Exit code: 0, 1 if a step failed or a packet was what it must not be, 2 for bad "
	"options.\n";

struct options {
	const char *config, *device, *scenario;
	bool interactive, json;
	unsigned megabytes;
};

/* Standard input, a line at a time. */
struct input {
	char line[LINE_MAX_];
	size_t len;
	bool open;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"device", required_argument, NULL, 'd'},
		{"scenario", required_argument, NULL, 's'},
		{"interactive", no_argument, NULL, 'i'},
		{"json", no_argument, NULL, 'j'},
		{"memory", required_argument, NULL, 'm'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct options){.megabytes = 512};
	while ((c = getopt_long(argc, argv, "c:d:s:ijm:h", options, NULL)) != -1)
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'd':
			o->device = optarg;
			break;
		case 's':
			o->scenario = optarg;
			break;
		case 'i':
			o->interactive = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'm':
			o->megabytes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			return -EINVAL;
		}
	if (optind < argc || o->config == NULL || o->device == NULL || o->megabytes < 64 ||
		(o->scenario == NULL && !o->interactive)) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void set_time(struct sim *s)
{
	s->now_ns = clock_ns(CLOCK_MONOTONIC) - s->start_ns;
	s->now_ms = s->now_ns / 1000000 + 1; /* 0 is "never" */
}

/* One turn. @return whether there was something to do */
static bool turn(struct sim *s)
{
	static unsigned idle;
	unsigned n;

	set_time(s);
	n = sim_cable_rx(s);
	sim_cable_turn(s);
	if (s->hub_known) {
		sim_timers_turn(s);
		sim_flow_turn(s);
	}
	n += s->n_queue;
	sim_tunnel_flush(s);
	idle = n != 0 ? 0 : idle + 1;
	if (idle > IDLE_TURNS)
		nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	return n != 0;
}

/* Until the step is over. @return false: it failed, or a signal came */
static bool run_step(
	struct sim *s, struct sim_step *step, const struct options *o, unsigned i, unsigned n)
{
	uint64_t look_ms = 0, took_ms;
	bool over = false;

	while (!over && !ended) {
		turn(s);
		if (!s->hub_known && s->now_ms < HUB_MS)
			continue;
		if (!sim_verb_is_expect(step->verb) || s->now_ms >= look_ms) {
			over = sim_step_run(s, step);
			/* However long it took, most of the time is the packets'. */
			took_ms = s->now_ms;
			set_time(s);
			took_ms = s->now_ms - took_ms;
			look_ms = s->now_ms + (took_ms * 10 > LOOK_MS ? took_ms * 10 : LOOK_MS);
		}
		sim_report_progress(s, step, i, n);
	}
	step->ok = step->ok && over;
	sim_report_step(s, step, i, o->json);
	return step->ok;
}

static bool run_file(struct sim *s, json_t *steps, const struct options *o, struct error *err)
{
	unsigned n = (unsigned)json_array_size(steps);
	struct sim_step step;
	bool good = true;

	/* All of it is read before anything is done. */
	for (unsigned i = 0; i < n; i++)
		if (sim_step_parse(s, json_array_get(steps, i), &step, err) < 0) {
			fprintf(stderr, "dmvpn-spokes: %s: step %u: %s\n", o->scenario, i + 1,
				err->text);
			exit(EXIT_USAGE);
		}
	for (unsigned i = 0; i < n && !ended; i++) {
		sim_step_parse(s, json_array_get(steps, i), &step, err);
		good &= run_step(s, &step, o, i + 1, n);
	}
	return good;
}

/* @return whether a whole line is there */
static bool read_line(struct input *in)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	while (poll(&fd, 1, 0) > 0 && (fd.revents & (POLLIN | POLLHUP)) != 0) {
		if (in->len == sizeof(in->line) - 1)
			in->len = 0; /* no step is as long */
		if (read(STDIN_FILENO, in->line + in->len, 1) != 1) {
			in->open = false;
			return false;
		}
		if (in->line[in->len] == '\n') {
			in->line[in->len] = '\0';
			in->len = 0;
			return true;
		}
		in->len++;
	}
	return false;
}

static bool run_line(struct sim *s, const char *line, const struct options *o, unsigned i)
{
	struct error err;
	struct sim_step step;
	json_error_t where;
	json_t *json;
	bool good;

	if (strcmp(line, "report") == 0) {
		json = sim_report_json(s);
		json_dumpf(json, stdout, JSON_COMPACT);
		puts("");
		fflush(stdout);
		json_decref(json);
		return true;
	}
	json = json_loads(line, JSON_REJECT_DUPLICATES, &where);
	if (json == NULL)
		error_set(&err, EINVAL, "%s", where.text);
	if (json == NULL || sim_step_parse(s, json, &step, &err) < 0) {
		step = (struct sim_step){.verb = SIM_VERB_wait};
		snprintf(step.text, sizeof(step.text), "%.200s", line);
		snprintf(step.detail, sizeof(step.detail), "%.250s", err.text);
		sim_report_step(s, &step, i, o->json);
		json_decref(json);
		return false;
	}
	good = run_step(s, &step, o, i, i);
	json_decref(json);
	return good;
}

static bool run_input(struct sim *s, const struct options *o)
{
	struct input in = {.open = true};
	unsigned n = 0;
	bool good = true;

	while (in.open && !ended) {
		turn(s);
		if (read_line(&in))
			good &= run_line(s, in.line, o, ++n);
		sim_report_progress(s, NULL, n, n);
	}
	return good;
}

static int run(struct sim *s, json_t *steps, const struct options *o, struct error *err)
{
	bool good = true;

	s->start_ns = clock_ns(CLOCK_MONOTONIC);
	if (steps != NULL)
		good &= run_file(s, steps, o, err);
	if (o->interactive)
		good &= run_input(s, o);
	if (o->json) {
		json_t *report = sim_report_json(s);

		json_dumpf(report, stdout, JSON_COMPACT);
		puts("");
		json_decref(report);
	} else {
		sim_report_table(s);
	}
	if (!s->hub_known)
		fprintf(stderr,
			"dmvpn-spokes: the hub did not answer ARP; does it run, and is %s "
			"its cable?\n",
			o->device);
	return good && s->hub_known && sim_faults(s) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static struct sim sim;
	struct tools_eal_options eal = {.program = "dmvpn-spokes"};
	struct sigaction action = {.sa_handler = on_signal};
	struct error err = {""};
	struct options o;
	json_t *steps = NULL;
	char prefix[64];
	int rc;

	if (parse_options(&o, argc, argv) != 0)
		return EXIT_USAGE;
	sim.set = (struct sim_settings){
		.lans = 1, .holding = 600, .rip = 30, .window = 64, .network = 10};
	if ((o.scenario != NULL && sim_scenario_load(o.scenario, &sim.set, &steps, &err) < 0) ||
		sim_net_load(&sim, o.config, &err) < 0) {
		fprintf(stderr, "dmvpn-spokes: %s\n", err.text);
		return EXIT_USAGE;
	}
	/* Several may run beside each other. */
	snprintf(prefix, sizeof(prefix), "dmvpn-spokes-%d", (int)getpid());
	eal.program = prefix;
	eal.megabytes = o.megabytes;
	rc = tools_eal_start(&eal, &err);
	if (rc == 0)
		rc = sim_net_create(&sim, &err);
	if (rc == 0)
		rc = sim_cable_open(&sim, o.device, &err);
	if (rc < 0) {
		fprintf(stderr, "dmvpn-spokes: %s\n", err.text);
		return EXIT_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	rc = run(&sim, steps, &o, &err);
	sim_cable_close(&sim);
	sim_net_destroy(&sim);
	json_decref(steps);
	rte_eal_cleanup();
	return rc;
}
