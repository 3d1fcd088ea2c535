/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-replay: a capture through the hub's real worker loop, without a NIC, and what it costs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "config/esp/esp.h"
#include "tools/eal.h"
#include "tools/replay_priv.h"

#define EXIT_USAGE   2
#define EXIT_DROPPED 3

static const char usage[] =
	"usage: dmvpn-replay [EAL arguments --] -c hub.cfg [options] CAPTURE\n"
	"Plays a capture (pcap or pcapng; Ethernet, Linux cooked or raw IP) from memory to the hub "
	"that\n"
	"the configuration describes, and says what each packet costs. Ports' devices are not "
	"opened.\n"
	"  --loops N      measured times through the capture; default: as many as fit --seconds\n"
	"  --seconds S    default 2\n"
	"  --warmup N     loops before that; default 1\n"
	"  --rate PPS     packets per second, all workers together; default: as fast as they go\n"
	"  --workers N    default 1. More than one run on CPUs of their own and get the frames by\n"
	"                 outer source address\n"
	"  --buffers N    packet buffers in use at a time by a worker; default 256\n"
	"  --window off   no anti-replay. Else inbound windows are put back to their start "
	"between\n"
	"                 loops, because a capture that comes again is all replays\n"
	"  --churn N      so many peers come and go while the capture is played\n"
	"  --multicast N  instead of the capture's frames, which the floor still uses: a packet of "
	"N\n"
	"                 octets from control, each loop, copied to all peers (one worker)\n"
	"  --slow N       each packet costs N cycles more, to see that a comparison finds it\n"
	"  --port NAME    all frames come in on this port; default: by Ethernet destination\n"
	"  --write FILE   what the hub transmits in the first loop, as pcap (one worker)\n"
	"  --json FILE    results as JSON, \"-\" for standard output instead of tables\n"
	"  --no-floor     do not measure bare ipsec-mb beside the hub\n"
	"  --check        exit 3 if any packet was dropped\n"
	"  --huge         memory from hugepages (free ones are enough, no mount is needed)\n"
	"Ethernet addresses of neighbors are learnt from the capture's frames.\n"
	"Exit code: 0, 1 something failed, 2 wrong use or unreadable input, 3 see --check.\n";

static int bad_option(const char *option, const char *expected, const char *found)
{
	fprintf(stderr, "dmvpn-replay: %s takes %s; found \"%s\"\n", option, expected, found);
	return -EINVAL;
}

static int parse_unsigned(
	const char *option, const char *text, unsigned min, unsigned max, unsigned *out)
{
	char expected[48], *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 0);
	*out = (unsigned)v;
	if (errno == 0 && end != text && *end == '\0' && *text != '-' && v >= min && v <= max)
		return 0;
	snprintf(expected, sizeof(expected), "%u..%u", min, max);
	return bad_option(option, expected, text);
}

static int parse_double(const char *option, const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (end != text && *end == '\0' && *out > 0 && *out < 1e12)
		return 0;
	return bad_option(option, "a number above 0", text);
}

static int parse_option(struct replay_options *o, int option, const char *value)
{
	switch (option) {
	case 'c':
		o->config = value;
		return 0;
	case 'l':
		return parse_unsigned("--loops", value, 1, 1u << 30, &o->loops);
	case 's':
		return parse_double("--seconds", value, &o->seconds);
	case 'u':
		return parse_unsigned("--warmup", value, 0, 1u << 30, &o->warmup);
	case 'r':
		return parse_double("--rate", value, &o->rate);
	case 'w':
		return parse_unsigned("--workers", value, 1, CONFIG_WORKERS_MAX, &o->workers);
	case 'b':
		return parse_unsigned("--buffers", value, 1, REPLAY_HOLD_MAX, &o->buffers);
	case 'W':
		o->window_off = true;
		return strcmp(value, "off") == 0 ? 0 : bad_option("--window", "off", value);
	case 'x':
		return parse_unsigned("--churn", value, 1, 1u << 24, &o->churn);
	case 'm':
		return parse_unsigned("--multicast", value, 20, 1400, &o->multicast);
	case 'S':
		return parse_unsigned("--slow", value, 1, 1000000, &o->slow);
	case 'p':
		o->port = value;
		return 0;
	case 'o':
		o->write = value;
		return 0;
	case 'j':
		o->json = value;
		return 0;
	case 'F':
		o->floor = false;
		return 0;
	case 'C':
		o->check = true;
		return 0;
	case 'H':
		o->huge = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int check_options(struct replay_options *o, int argc, char **argv)
{
	const char *wrong = NULL;

	if (o->config == NULL)
		wrong = "-c hub.cfg is missing";
	else if (optind + 1 != argc)
		wrong = "one capture is expected";
	else if (o->write != NULL && o->workers > 1)
		wrong = "--write goes with one worker: several have no order to write in";
	else if (o->multicast > 0 && o->workers > 1)
		wrong = "--multicast goes with one worker";
	if (wrong != NULL) {
		fprintf(stderr, "dmvpn-replay: %s; see --help\n", wrong);
		return -EINVAL;
	}
	o->capture = argv[optind];
	/* The first loop is the one that is written; it is slower, so it is not measured. */
	if (o->write != NULL && o->warmup == 0)
		o->warmup = 1;
	return 0;
}

static int parse_options(struct replay_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"loops", required_argument, NULL, 'l'},
		{"seconds", required_argument, NULL, 's'},
		{"warmup", required_argument, NULL, 'u'},
		{"rate", required_argument, NULL, 'r'},
		{"workers", required_argument, NULL, 'w'},
		{"buffers", required_argument, NULL, 'b'},
		{"window", required_argument, NULL, 'W'},
		{"churn", required_argument, NULL, 'x'},
		{"multicast", required_argument, NULL, 'm'},
		{"slow", required_argument, NULL, 'S'},
		{"port", required_argument, NULL, 'p'},
		{"write", required_argument, NULL, 'o'},
		{"json", required_argument, NULL, 'j'},
		{"no-floor", no_argument, NULL, 'F'},
		{"check", no_argument, NULL, 'C'},
		{"huge", no_argument, NULL, 'H'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct replay_options){
		.seconds = 2,
		.warmup = 1,
		.workers = 1,
		.buffers = 256,
		.floor = true,
	};
	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (parse_option(o, c, optarg) != 0)
			return -EINVAL;
	}
	return check_options(o, argc, argv);
}

static void warn(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static int load_config(struct replay *r, struct error *err)
{
	struct config_env env = {.warn = warn};

	env.suites = config_esp_suites(&env.n_suites);
	r->config = config_load(r->opt.config, &env, err);
	if (r->config == NULL)
		return -EINVAL;
	r->config->workers = r->opt.workers;
	if (r->opt.churn > 0)
		r->config->peers_max += REPLAY_CHURN_ROOM;
	/* Several workers leave a CPU to control as soon as they are through with the capture. */
	r->config->idle = r->opt.workers > 1 ? CONFIG_IDLE_PAUSE : CONFIG_IDLE_POLL;
	for (unsigned t = 0; r->opt.window_off && t < r->config->n_tunnels; t++)
		for (unsigned i = 0; i < r->config->tunnels[t].n_peers; i++)
			for (unsigned k = 0; k < r->config->tunnels[t].peers[i].n_sa_in; k++)
				r->config->tunnels[t].peers[i].sa_in[k].window = 0;
	return 0;
}

/*
 * Two forwarding tables, packet buffers, and for each peer its share of SA tables (rounded up to
 * a power of two, both directions, here and for the floor) with large windows.
 */
static unsigned megabytes_needed(const struct config *c)
{
	unsigned peers = 0, slots = 64;

	for (unsigned t = 0; t < c->n_tunnels; t++)
		peers += c->tunnels[t].n_peers;
	while (slots < peers)
		slots *= 2;
	return 1024 + hub_buffer_megabytes(c) + slots / 64;
}

static int start_eal(struct replay *r, char **args, unsigned n_args, struct error *err)
{
	struct tools_eal_options eal = {
		.program = "dmvpn-replay",
		.megabytes = megabytes_needed(r->config),
		.lcores = r->opt.workers > 1 ? r->opt.workers : 0,
		.huge = r->opt.huge,
		.args = args,
		.n_args = n_args,
	};

	return tools_eal_start(&eal, err);
}

static int make_hub(struct replay *r, struct error *err)
{
	struct hub_port_source sources[CONFIG_PORTS_MAX];
	unsigned lcores[CONFIG_WORKERS_MAX], n = 0, lcore;
	struct hub_params params = {.sources = sources};
	int rc;

	RTE_LCORE_FOREACH_WORKER(lcore)
	if (n < r->opt.workers)
		lcores[n++] = lcore;
	if (r->opt.workers > 1 && n < r->opt.workers)
		return error_set(err, EINVAL,
			"%u workers, but the EAL has %u lcores beside the main one; give it more "
			"(-l)",
			r->opt.workers, n);
	if (r->opt.workers > 1)
		params.lcores = lcores;
	replay_frames_name_ports(r);
	rc = replay_frames_assign(r, err);
	if (rc == 0)
		rc = replay_port_create(r, err);
	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < r->config->n_ports; i++)
		sources[i] = replay_port_source(r, i);
	params.fixed_seed = r->opt.write != NULL;
	r->hub = hub_create(r->config, &params, err);
	if (r->hub == NULL)
		return -EINVAL;
	r->dp = hub_dp(r->hub);
	return r->opt.workers == 1 ? dp_start(r->dp, err) : 0;
}

static int play(struct replay *r, struct error *err)
{
	int rc;

	replay_frames_learn(r);
	if (r->opt.floor)
		r->floor = replay_floor_create(r);
	if (r->opt.write != NULL) {
		r->written = capture_file_create(r->opt.write, err);
		if (r->written == NULL)
			return -EIO;
	}
	rc = replay_run(r, err);
	if (rc == 0)
		rc = replay_churn_check(r, err);
	if (rc != 0)
		return rc;
	if (r->opt.json == NULL || strcmp(r->opt.json, "-") != 0)
		replay_report_table(r);
	return r->opt.json != NULL ? replay_report_json(r, err) : 0;
}

static void finish(struct replay *r)
{
	replay_floor_destroy(r->floor);
	if (r->dp != NULL)
		dp_stop(r->dp);
	replay_port_destroy(r);
	hub_destroy(r->hub);
	replay_frames_free(r);
	config_free(r->config);
	capture_free(&r->capture);
	free(r->initial);
}

/* Where the EAL's arguments end: at "--", or before the first. */
static unsigned count_eal_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return (unsigned)i - 1;
	return 0;
}

int main(int argc, char **argv)
{
	static struct replay r;
	unsigned n_eal = count_eal_arguments(argc, argv);
	int skip = n_eal > 0 ? (int)n_eal + 1 : 0;
	struct error err = {""};
	int code = EXIT_USAGE;

	argv[skip] = argv[0];
	if (parse_options(&r.opt, argc - skip, argv + skip) != 0)
		return EXIT_USAGE;
	if (capture_load(&r.capture, r.opt.capture, &err) == 0 && load_config(&r, &err) == 0) {
		code = EXIT_FAILURE;
		if (start_eal(&r, argv + 1, n_eal, &err) == 0 && make_hub(&r, &err) == 0 &&
			play(&r, &err) == 0)
			code = EXIT_SUCCESS;
	}
	if (code != EXIT_SUCCESS)
		fprintf(stderr, "dmvpn-replay: %s\n", err.text);
	else if (r.opt.check && replay_run_drops(&r) > 0)
		code = EXIT_DROPPED;
	finish(&r);
	return code;
}
