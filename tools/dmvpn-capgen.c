/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-capgen: a capture of spokes' traffic as a hub receives it, with all that belongs to it. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/capgen_priv.h"
#include "tools/capture.h"
#include "tools/eal.h"

#define BURST      32
#define EXIT_USAGE 2
#define PACKET_NS  1000                                /* one packet a microsecond */
#define START_NS   (UINT64_C(1735689600) * 1000000000) /* 2025-01-01 00:00 UTC */

static const char usage[] =
	"usage: dmvpn-capgen -o DIR [options]\n"
	"Writes, into DIR (made if missing):\n"
	"  in.pcap    what the spokes send to the hub: ESP, GRE, UDP between their LANs\n"
	"  hub.cfg    the hub's configuration for it, with the keys (mode 0600)\n"
	"  esp_sa     the keys as Wireshark wants them\n"
	"  expected   what the hub must count: forwarded packets and octets, drops by reason\n"
	"Options:\n"
	"  --spokes N        2..200000, default 3\n"
	"  --packets N       default 1000\n"
	"  --sizes S         octets of the inner IPv4 packet, 48..9400: 64, a list 64,512,1400 "
	"(each\n"
	"                    as often), or imix (7 of 64, 4 of 576, 1 of 1400); default imix\n"
	"  --suite S[,S...]  cipher suites, spokes take them in turn; \"all\"; default "
	"aes128gcm16\n"
	"  --pattern P       who talks to whom: pair (1 and 2, 3 and 4, ...), random (a random "
	"pair\n"
	"                    for each packet), zipf (spoke k as often as 1/k); default random\n"
	"  --key K|none      GRE key, default 42\n"
	"  --checksum        GRE checksums\n"
	"  --window W        anti-replay window of the hub, 0..4096; default 64\n"
	"  --esn             extended sequence numbers (Wireshark 4.0 cannot check their ICV)\n"
	"  --random-spi      SPIs of any value; default: consecutive\n"
	"  --device D        the hub's port, as dmvpn-hub's `device`; default: the capture\n"
	"  --dynamic         spokes register by NHRP and announce their LANs by RIP, as those of\n"
	"                    dmvpn-spokes: the configuration has keys, no addresses and no routes\n"
	"  --nat             spokes send ESP in UDP; with --dynamic only\n"
	"  --bad K           append K packets of each kind that the hub must drop\n"
	"  --seed S          default 1; the same options and seed give the same files\n";

static int fail(const char *fmt, const char *value)
{
	fputs("dmvpn-capgen: ", stderr);
	fprintf(stderr, fmt, value);
	fputs("\n", stderr);
	return -EINVAL;
}

/* A number in [min, max]; what it is stands in `expected`. */
static int parse_number(
	const char *text, uint64_t min, uint64_t max, uint64_t *out, const char *expected)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || *out < min || *out > max) {
		fprintf(stderr, "dmvpn-capgen: %s; found \"%s\"\n", expected, text);
		return -EINVAL;
	}
	return 0;
}

static int parse_unsigned(
	const char *text, uint64_t min, uint64_t max, unsigned *out, const char *expected)
{
	uint64_t v;
	int rc = parse_number(text, min, max, &v, expected);

	*out = (unsigned)v;
	return rc;
}

static int parse_sizes(struct capgen_options *o, char *text)
{
	static const uint16_t imix[] = {64, 64, 64, 64, 64, 64, 64, 576, 576, 576, 576, 1400};

	if (strcmp(text, "imix") == 0) {
		memcpy(o->sizes, imix, sizeof(imix));
		o->n_sizes = sizeof(imix) / sizeof(imix[0]);
		return 0;
	}
	o->n_sizes = 0;
	for (char *s = strtok(text, ","); s != NULL; s = strtok(NULL, ",")) {
		unsigned v;

		if (o->n_sizes == CAPGEN_SIZES_MAX)
			return fail("--sizes takes at most 16 sizes; \"%s\" is one too many", s);
		if (parse_unsigned(s, CAPGEN_SIZE_MIN, CAPGEN_SIZE_MAX, &v,
			    "--sizes takes 48..9400 octets, or imix") != 0)
			return -EINVAL;
		o->sizes[o->n_sizes++] = (uint16_t)v;
	}
	return o->n_sizes > 0 ? 0 : fail("--sizes takes 64,512,1400 or imix%s", "");
}

static int parse_suites(struct capgen_options *o, char *text)
{
	o->n_suites = 0;
	if (strcmp(text, "all") == 0) {
		while (o->n_suites < esp_suite_count() && o->n_suites < CAPGEN_SUITES_MAX) {
			o->suites[o->n_suites] = esp_suite_at(o->n_suites);
			o->n_suites++;
		}
		return 0;
	}
	for (char *s = strtok(text, ","); s != NULL; s = strtok(NULL, ",")) {
		const struct esp_suite *suite = esp_suite_by_name(s);

		if (suite == NULL || o->n_suites == CAPGEN_SUITES_MAX) {
			fprintf(stderr, "dmvpn-capgen: no suite \"%s\"; there are all", s);
			for (unsigned i = 0; i < esp_suite_count(); i++)
				fprintf(stderr, ", %s", esp_suite_at(i)->name);
			fputs("\n", stderr);
			return -EINVAL;
		}
		o->suites[o->n_suites++] = suite;
	}
	return o->n_suites > 0 ? 0 : fail("--suite takes names%s", "");
}

static int parse_pattern(struct capgen_options *o, const char *text)
{
	static const char *const names[] = {
		[CAPGEN_PAIR] = "pair",
		[CAPGEN_RANDOM] = "random",
		[CAPGEN_ZIPF] = "zipf",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			o->pattern = i;
			return 0;
		}
	return fail("--pattern takes pair, random or zipf; found \"%s\"", text);
}

static int parse_key(struct capgen_options *o, const char *text)
{
	o->key_set = strcmp(text, "none") != 0;
	return !o->key_set ? 0
			   : parse_unsigned(
				     text, 0, UINT32_MAX, &o->key, "--key takes a number or none");
}

static int parse_option(struct capgen_options *o, int option, char *value)
{
	uint64_t seed;
	int rc;

	switch (option) {
	case 'o':
		o->dir = value;
		return 0;
	case 'n':
		return parse_unsigned(
			value, 2, CAPGEN_SPOKES_MAX, &o->n_spokes, "--spokes takes 2..200000");
	case 'p':
		return parse_unsigned(
			value, 0, 1u << 30, &o->n_packets, "--packets takes 0..1073741824");
	case 's':
		return parse_sizes(o, value);
	case 'u':
		return parse_suites(o, value);
	case 't':
		return parse_pattern(o, value);
	case 'k':
		return parse_key(o, value);
	case 'c':
		o->checksum = true;
		return 0;
	case 'w':
		return parse_unsigned(
			value, 0, SA_WINDOW_MAX, &o->window, "--window takes 0..4096");
	case 'e':
		o->esn = true;
		return 0;
	case 'r':
		o->random_spi = true;
		return 0;
	case 'd':
		o->device = value;
		return 0;
	case 'D':
		o->dynamic = true;
		return 0;
	case 'N':
		o->nat = true;
		return 0;
	case 'b':
		return parse_unsigned(value, 0, 1000000, &o->bad, "--bad takes 0..1000000");
	case 'S':
		rc = parse_number(value, 0, UINT64_MAX, &seed, "--seed takes a number");
		o->seed = seed;
		return rc;
	default:
		return -EINVAL;
	}
}

static int parse_options(struct capgen_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"spokes", required_argument, NULL, 'n'},
		{"packets", required_argument, NULL, 'p'},
		{"sizes", required_argument, NULL, 's'},
		{"suite", required_argument, NULL, 'u'},
		{"pattern", required_argument, NULL, 't'},
		{"key", required_argument, NULL, 'k'},
		{"checksum", no_argument, NULL, 'c'},
		{"window", required_argument, NULL, 'w'},
		{"esn", no_argument, NULL, 'e'},
		{"random-spi", no_argument, NULL, 'r'},
		{"device", required_argument, NULL, 'd'},
		{"dynamic", no_argument, NULL, 'D'},
		{"nat", no_argument, NULL, 'N'},
		{"bad", required_argument, NULL, 'b'},
		{"seed", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static char imix[] = "imix";
	int c;

	*o = (struct capgen_options){
		.n_spokes = 3,
		.n_packets = 1000,
		.suites = {esp_suite_by_name("aes128gcm16")},
		.n_suites = 1,
		.pattern = CAPGEN_RANDOM,
		.key_set = true,
		.key = 42,
		.window = 64,
		.seed = 1,
	};
	parse_sizes(o, imix);
	while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (parse_option(o, c, optarg) != 0)
			return -EINVAL;
	}
	if (optind < argc)
		return fail("unexpected argument \"%s\"; see --help", argv[optind]);
	if (o->dynamic ? o->bad > 0 : o->nat)
		return fail("--bad wants spokes without --dynamic, --nat spokes with it%s", "");
	return o->dir != NULL ? 0 : fail("-o DIR is missing%s; see --help", "");
}

/* The directory with its full name: the configuration names files in it. */
static int open_directory(struct capgen_options *o, char *full)
{
	struct stat st;

	if (mkdir(o->dir, 0777) != 0 && errno != EEXIST)
		return -errno;
	if (realpath(o->dir, full) == NULL)
		return -errno;
	o->dir = full;
	if (stat(full, &st) != 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(full, W_OK | X_OK) != 0 ? -errno : 0;
}

static void show_progress(uint64_t done, uint64_t total)
{
	static struct timespec start;
	static uint64_t shown;
	struct timespec now;
	double seconds;
	bool tty = isatty(STDERR_FILENO);
	unsigned step = (unsigned)(done * (tty ? 50 : 10) / total);

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start.tv_sec == 0)
		start = now;
	seconds = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
	if (seconds < 1 || step == shown)
		return;
	shown = step;
	if (tty)
		fprintf(stderr, "\r[%-50.*s] %3u%% %.0f s%s", (int)step,
			"##################################################", step * 2, seconds,
			done == total ? "\n" : "");
	else
		fprintf(stderr, "%u%% of %llu packets\n", step * 10, (unsigned long long)total);
}

/* A spoke, from 1, by popularity. */
static unsigned pick_popular(struct capgen *g)
{
	double x = (double)(capgen_random(g) >> 11) / 9007199254740992.0 *
		   g->popularity[g->opt.n_spokes - 1];
	unsigned low = 0, high = g->opt.n_spokes - 1;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (g->popularity[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low + 1;
}

static void pick_pair(struct capgen *g, uint64_t number, unsigned *from, unsigned *to)
{
	unsigned n = g->opt.n_spokes;

	switch (g->opt.pattern) {
	case CAPGEN_PAIR:
		n -= n % 2;
		*from = (unsigned)(number % n) + 1;
		*to = ((*from - 1) ^ 1) + 1;
		return;
	case CAPGEN_RANDOM:
		*from = capgen_random_below(g, n) + 1;
		*to = capgen_random_below(g, n - 1) + 1;
		*to += *to >= *from;
		return;
	default:
		*from = pick_popular(g);
		do
			*to = pick_popular(g);
		while (*to == *from);
		return;
	}
}

static void write_good(struct capgen *g, struct capture_file *file, struct capgen_packet *packets,
	struct capgen_expected *e)
{
	uint64_t total = g->opt.n_packets;
	struct capgen_packet *burst[BURST];
	unsigned from, to, size, n;

	for (uint64_t done = 0; done < total; done += n) {
		n = total - done < BURST ? (unsigned)(total - done) : BURST;
		for (unsigned i = 0; i < n; i++) {
			burst[i] = &packets[i];
			pick_pair(g, done + i, &from, &to);
			size = g->opt.sizes[capgen_random_below(g, g->opt.n_sizes)];
			capgen_packet_begin(burst[i], &g->to_hub[from - 1], from);
			capgen_packet_fill(g, burst[i], to, size, done + i);
			e->forwarded++;
			e->forwarded_bytes += size;
		}
		capgen_packet_seal(g, burst, n);
		for (unsigned i = 0; i < n; i++)
			capture_file_write(file, burst[i]->octets, burst[i]->len,
				START_NS + (done + i) * PACKET_NS);
		show_progress(done + n, total);
	}
}

static void write_bad(struct capgen *g, struct capture_file *file, struct capgen_packet *seen,
	struct capgen_packet *p)
{
	uint64_t number = g->opt.n_packets;

	for (unsigned kind = 0; kind < capgen_bad_count(); kind++) {
		if (capgen_bad_name(g, kind) == NULL)
			continue;
		for (unsigned i = 0; i < g->opt.bad; i++) {
			capgen_bad_build(g, kind, seen, p);
			capture_file_write(
				file, p->octets, p->len, START_NS + number++ * PACKET_NS);
		}
	}
}

static int write_expected(
	const struct capgen *g, const struct capgen_expected *e, struct error *err)
{
	char path[4096];
	FILE *f = fopen(capgen_path(g, "expected", path), "w");
	bool failed;

	if (f == NULL)
		return error_set(err, errno, "%s: cannot be written: %s", path, strerror(errno));
	fprintf(f, "forwarded %llu\nforwarded_bytes %llu\n", (unsigned long long)e->forwarded,
		(unsigned long long)e->forwarded_bytes);
	for (unsigned kind = 0; kind < capgen_bad_count() && g->opt.bad > 0; kind++)
		if (capgen_bad_name(g, kind) != NULL)
			fprintf(f, "drop %s %u\n", capgen_bad_name(g, kind), g->opt.bad);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed)
		return error_set(err, EIO, "%s: not written to its end", path);
	return 0;
}

static int generate(struct capgen *g, struct error *err)
{
	struct capgen_packet *packets = calloc(BURST + 1, sizeof(packets[0]));
	struct capgen_expected e = {0};
	struct capture_file *file;
	char path[4096];
	int rc;

	if (packets == NULL)
		return error_set(err, ENOMEM, "not enough memory");
	file = capture_file_create(capgen_path(g, "in.pcap", path), err);
	if (file == NULL) {
		free(packets);
		return -EIO;
	}
	write_good(g, file, packets, &e);
	if (g->opt.bad > 0)
		write_bad(g, file, &packets[0], &packets[BURST]);
	rc = capture_file_close(file, err);
	if (rc == 0)
		rc = write_expected(g, &e, err);
	free(packets);
	return rc;
}

/* The SA table lives in the EAL's memory: a power of two of SAs, and the hash over them. */
static int start_eal(const struct capgen_options *o, struct error *err)
{
	struct tools_eal_options eal = {
		.program = "dmvpn-capgen",
		.megabytes = 64 + o->n_spokes / 256,
	};

	return tools_eal_start(&eal, err);
}

int main(int argc, char **argv)
{
	struct capgen g = {0};
	struct error err = {""};
	char dir[PATH_MAX];
	int rc;

	if (parse_options(&g.opt, argc, argv) != 0)
		return EXIT_USAGE;
	rc = open_directory(&g.opt, dir);
	if (rc != 0) {
		fprintf(stderr, "dmvpn-capgen: %s: cannot be used: %s\n", g.opt.dir, strerror(-rc));
		return EXIT_USAGE;
	}
	rc = start_eal(&g.opt, &err);
	if (rc == 0)
		rc = capgen_net_create(&g, &err);
	if (rc == 0)
		rc = capgen_net_write(&g, &err);
	if (rc == 0)
		rc = generate(&g, &err);
	capgen_net_destroy(&g);
	if (rc != 0)
		fprintf(stderr, "dmvpn-capgen: %s\n", err.text);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
