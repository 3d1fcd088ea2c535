/* SPDX-License-Identifier: BSD-3-Clause */
/* What was measured: tables to read, JSON to compare. */
#include "tools/replay_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <intel-ipsec-mb.h>
#include <jansson.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_version.h>

/* Half of the turns cost so much more than the cheapest tenth: not the hub's doing. */
#define NOISY 1.15

/* A figure, and between what the same is in other windows or turns. */
struct series {
	double value, min, max;
};

typedef double (*value_fn)(const struct replay_window *w);

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median and range over the windows. */
static struct series series_of_windows(const struct replay *r, value_fn value)
{
	double v[REPLAY_WINDOWS] = {0};
	unsigned n = r->n_windows;

	for (unsigned i = 0; i < n; i++)
		v[i] = value(&r->windows[i]);
	if (n == 0)
		return (struct series){0, 0, 0};
	qsort(v, n, sizeof(v[0]), compare);
	return (struct series){n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2, v[0], v[n - 1]};
}

/* Lower quartile over the turns, from lowest tenth to median. */
static struct series series_of_turns(const struct replay *r, unsigned cost)
{
	const struct turns *t = &r->turns[cost];

	return (struct series){
		turns_at(t, TURNS_FIGURE), turns_at(t, TURNS_LOW), turns_at(t, TURNS_HIGH)};
}

static bool series_is_noisy(struct series s)
{
	return s.max > NOISY * s.min;
}

/* Both were measured in turn, so quartile goes with quartile. */
static struct series series_of_ratio(const struct replay *r, unsigned floor)
{
	struct series p = series_of_turns(r, REPLAY_PATH), f = series_of_turns(r, floor);

	if (f.min == 0)
		return (struct series){0, 0, 0};
	return (struct series){p.value / f.value, RTE_MIN(p.min / f.min, p.max / f.max),
		RTE_MAX(p.min / f.min, p.max / f.max)};
}

static double seconds(const struct replay_window *w)
{
	return (double)w->elapsed / (double)rte_get_tsc_hz();
}

static double value_mpps(const struct replay_window *w)
{
	return w->elapsed == 0 ? 0 : (double)w->stats.forwarded / seconds(w) / 1e6;
}

static double value_gbps(const struct replay_window *w)
{
	return w->elapsed == 0 ? 0 : (double)w->stats.forwarded_bytes * 8 / seconds(w) / 1e9;
}

struct rate {
	const char *name; /* in JSON */
	const char *text;
	const char *unit;
	value_fn value;
};

static const struct rate rates[] = {
	{"throughput", "forwarded, with the tool's I/O", "Mpps", value_mpps},
	{"throughput.inner", "inner traffic, with the tool's I/O", "Gbit/s", value_gbps},
};

struct cost {
	const char *name;
	const char *text;
	enum replay_cost cost;
};

static const struct cost costs[] = {
	{"path", "path: the hub's whole work", REPLAY_PATH},
	{"floor", "floor: bare ipsec-mb, open + seal", REPLAY_FLOOR},
	{"floor_prefetched", "the same, keys prefetched", REPLAY_FLOOR_PREFETCHED},
};

static const struct cost ratios[] = {
	{"ratio", "ratio path/floor", REPLAY_FLOOR},
	{"ratio_prefetched", "ratio path/floor prefetched", REPLAY_FLOOR_PREFETCHED},
};

static const struct cost rest[] = {
	{"stage.loop", "around the stages", REPLAY_LOOP},
	{"io.rx", "I/O: copy frames in", REPLAY_IO_RX},
	{"io.tx", "I/O: take frames away", REPLAY_IO_TX},
};

#define ROWS(t) (sizeof(t) / sizeof((t)[0]))

static void show_row(const char *text, const char *unit, struct series s)
{
	int digits = s.max < 100 ? 2 : 0;

	if (s.max != 0)
		printf("  %-42s %9.*f %9.*f %9.*f  %s\n", text, digits, s.value, digits, s.min,
			digits, s.max, unit);
}

static void show_costs(const struct replay *r, const struct cost *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		show_row(c[i].text, "cycles/packet", series_of_turns(r, c[i].cost));
}

static void show_stages(const struct replay *r)
{
	char text[64];

	for (unsigned i = 0; i < DP_STAGE_COUNT; i++) {
		snprintf(text, sizeof(text), "  %s", dp_stage_names[i].name);
		show_row(text, "cycles/packet", series_of_turns(r, REPLAY_STAGE + i));
	}
}

static void show_figures(const struct replay *r)
{
	printf("\n  %-42s %9s %9s %9s\n", "over windows of time", "median", "min", "max");
	for (size_t i = 0; i < ROWS(rates); i++)
		show_row(rates[i].text, rates[i].unit, series_of_windows(r, rates[i].value));
	printf("\n  %-42s %9s %9s %9s\n", "over turns of a burst", "quartile", "tenth", "median");
	show_costs(r, costs, ROWS(costs));
	for (size_t i = 0; i < ROWS(ratios); i++)
		show_row(ratios[i].text, "", series_of_ratio(r, ratios[i].cost));
	show_stages(r);
	show_costs(r, rest, ROWS(rest));
	if (series_is_noisy(series_of_turns(r, REPLAY_PATH)))
		printf("  noisy: half of the turns cost more than 1.15 times the cheapest tenth; "
		       "something else\n"
		       "  took from this CPU, or packets are of many sizes. This is no result\n");
}

static void sum_windows(const struct replay *r, struct dp_stats *sum, uint64_t *loops)
{
	memset(sum, 0, sizeof(*sum));
	*loops = 0;
	for (unsigned i = 0; i < r->n_windows; i++) {
		const struct dp_stats *s = &r->windows[i].stats;

		*loops += r->windows[i].loops;
		sum->forwarded += s->forwarded;
		sum->forwarded_bytes += s->forwarded_bytes;
		for (unsigned d = 0; d < DP_DROP_COUNT; d++)
			sum->drops[d] += s->drops[d];
		for (unsigned p = 0; p < DP_PUNT_COUNT; p++)
			sum->punts[p].passed += s->punts[p].passed;
	}
}

static uint64_t frames_played(const struct replay *r, uint64_t loops)
{
	return loops * (r->opt.multicast > 0 ? 1 : r->capture.n_frames);
}

static void show_counts(const struct dp_stats *sum, uint64_t received)
{
	uint64_t drops = 0;

	printf("\n  %-20s %12" PRIu64 "\n  %-20s %12" PRIu64 "\n", "frames in", received,
		"forwarded", sum->forwarded);
	for (unsigned p = 0; p < DP_PUNT_COUNT; p++)
		if (sum->punts[p].passed != 0)
			printf("  to control: %-8s %12" PRIu64 "\n", dp_punt_name(p),
				sum->punts[p].passed);
	for (unsigned d = 0; d < DP_DROP_COUNT; d++) {
		drops += sum->drops[d];
		if (sum->drops[d] != 0)
			printf("  drop %-18s %9" PRIu64 "  %s\n", dp_drop_names[d].name,
				sum->drops[d], dp_drop_names[d].text);
	}
	if (drops == 0)
		printf("  %-20s %12d\n", "dropped", 0);
}

/* First line of /proc/cpuinfo that tells the model. */
static const char *cpu_model(char *buf, size_t room)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256], *colon;

	snprintf(buf, room, "unknown CPU");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "model name", 10) == 0 && (colon = strchr(line, ':')) != NULL) {
			colon[strcspn(colon, "\n")] = '\0';
			snprintf(buf, room, "%s", colon + 2);
			break;
		}
	if (f != NULL)
		fclose(f);
	return buf;
}

static void show_head(const struct replay *r, uint64_t loops)
{
	char cpu[256];

	printf("%s: %u frames, played to %s\n", r->opt.capture, r->capture.n_frames, r->opt.config);
	printf("  %s, TSC %.3f GHz, memory in %s pages\n", cpu_model(cpu, sizeof(cpu)),
		(double)rte_get_tsc_hz() / 1e9, rte_eal_has_hugepages() ? "huge" : "4 KB");
	printf("  %u worker%s, bursts of %u, at most %u buffers in use at a time each\n",
		r->opt.workers, r->opt.workers == 1 ? "" : "s", r->config->burst, r->opt.buffers);
	if (r->n_neighbors > 0)
		printf("  %u neighbors' Ethernet addresses were learnt from the capture\n",
			r->n_neighbors);
	if (r->capture.n_cut > 0)
		printf("  %u frames are cut short in the capture (snap length): the hub drops "
		       "them\n",
			r->capture.n_cut);
	if (r->opt.window_off)
		printf("  anti-replay is off (--window off)\n");
	else if (loops + r->opt.warmup > 1)
		printf("  anti-replay: every loop repeats the same sequence numbers, so inbound "
		       "windows are\n"
		       "  put back to their start between loops; the check runs and is measured\n");
	printf("  %" PRIu64 " loop%s measured after %u to warm up, in %u window%s\n", loops,
		loops == 1 ? "" : "s", r->opt.warmup, r->n_windows, r->n_windows == 1 ? "" : "s");
}

void replay_report_table(const struct replay *r)
{
	struct dp_stats sum;
	uint64_t loops;

	sum_windows(r, &sum, &loops);
	show_head(r, loops);
	show_figures(r);
	if (r->opt.churn > 0)
		printf("\n  %u peers came and went meanwhile\n", r->churn.gone);
	show_counts(&sum, frames_played(r, loops));
	if (r->opt.write != NULL)
		printf("  what the hub transmitted in its first loop: %s (%" PRIu64 " frames)\n",
			r->opt.write, r->n_written);
}

static void json_add(json_t *results, const char *name, const char *unit, struct series s)
{
	if (s.max != 0)
		json_array_append_new(
			results, json_pack("{s:s, s:f, s:s, s:f, s:f, s:f}", "name", name, "value",
					 s.value, "unit", unit, "spread", s.max - s.min, "low",
					 s.min, "high", s.max));
}

static void json_add_costs(json_t *results, const struct replay *r, const struct cost *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_add(results, c[i].name, "cycles/packet", series_of_turns(r, c[i].cost));
}

static json_t *json_results(const struct replay *r)
{
	json_t *results = json_array();
	char name[64];

	json_add_costs(results, r, costs, ROWS(costs));
	for (size_t i = 0; i < ROWS(ratios); i++)
		json_add(results, ratios[i].name, "", series_of_ratio(r, ratios[i].cost));
	for (unsigned i = 0; i < DP_STAGE_COUNT; i++) {
		snprintf(name, sizeof(name), "stage.%s", dp_stage_names[i].name);
		json_add(results, name, "cycles/packet", series_of_turns(r, REPLAY_STAGE + i));
	}
	json_add_costs(results, r, rest, ROWS(rest));
	for (size_t i = 0; i < ROWS(rates); i++)
		json_add(results, rates[i].name, rates[i].unit,
			series_of_windows(r, rates[i].value));
	return results;
}

static json_t *json_counts(const struct replay *r)
{
	json_t *drops = json_object(), *punts = json_object();
	struct dp_stats sum;
	uint64_t loops;

	sum_windows(r, &sum, &loops);
	for (unsigned d = 0; d < DP_DROP_COUNT; d++)
		if (sum.drops[d] != 0)
			json_object_set_new(drops, dp_drop_names[d].name,
				json_integer((json_int_t)sum.drops[d]));
	for (unsigned p = 0; p < DP_PUNT_COUNT; p++)
		if (sum.punts[p].passed != 0)
			json_object_set_new(punts, dp_punt_name(p),
				json_integer((json_int_t)sum.punts[p].passed));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "churned",
		(json_int_t)r->churn.gone, "loops", (json_int_t)loops, "frames",
		(json_int_t)frames_played(r, loops), "forwarded", (json_int_t)sum.forwarded,
		"forwarded_bytes", (json_int_t)sum.forwarded_bytes, "drops", drops, "punts", punts);
}

static json_t *json_machine(const struct replay *r)
{
	struct utsname host;
	char cpu[256];

	uname(&host);
	return json_pack("{s:s, s:f, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:b}", "cpu",
		cpu_model(cpu, sizeof(cpu)), "tsc_hz", (double)rte_get_tsc_hz(), "pages",
		rte_eal_has_hugepages() ? "huge" : "4k", "kernel", host.release, "dpdk",
		rte_version(), "ipsec_mb", imb_get_version_str(), "ipsec_mb_arch",
		r->floor != NULL ? replay_floor_arch(r->floor) : "unknown", "workers",
		(int)r->opt.workers, "buffers", (int)r->opt.buffers, "windows", (int)r->n_windows,
		"turns", (json_int_t)r->turns[REPLAY_PATH].n, "noisy",
		(int)series_is_noisy(series_of_turns(r, REPLAY_PATH)));
}

int replay_report_json(const struct replay *r, struct error *err)
{
	json_t *all = json_pack("{s:o, s:o, s:o}", "results", json_results(r), "counts",
		json_counts(r), "machine", json_machine(r));
	size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(6);
	int rc = 0;

	if (strcmp(r->opt.json, "-") == 0) {
		if (json_dumpf(all, stdout, flags) != 0 || puts("") == EOF)
			rc = error_set(err, EIO, "results could not be written");
	} else if (json_dump_file(all, r->opt.json, flags) != 0) {
		rc = error_set(err, EIO, "%s: cannot be written: %s", r->opt.json, strerror(errno));
	}
	json_decref(all);
	return rc;
}
