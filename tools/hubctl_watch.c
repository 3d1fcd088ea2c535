/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/hubctl_watch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "common/clock.h"

#define ROWS      20 /* without a terminal */
#define OVERHEAD  6  /* lines that are no spokes */
#define RESET     "\033[H\033[J"
#define PORT_ROWS 8

struct row {
	const json_t *peer;
	double rx, tx; /* packets a second */
};

struct watch {
	hubctl_ask_fn ask;
	void *ctx;
	json_t *before; /* spoke -> [received, sent] */
	uint64_t before_ns;
};

/* The data of an answer; NULL: there is none. */
static json_t *ask(const struct watch *w, const char *line)
{
	char *text = w->ask(w->ctx, line);
	json_t *o = text == NULL ? NULL : json_loads(text, 0, NULL);
	json_t *data = json_incref(json_object_get(o, "data"));

	free(text);
	json_decref(o);
	return data;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "-" : text;
}

static json_int_t count_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* Counters may begin anew: a spoke that went and came. */
static double rate(json_int_t now, json_int_t then, double seconds)
{
	return now < then || seconds <= 0 ? 0 : (double)(now - then) / seconds;
}

static int by_rate(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double m = x->rx + x->tx, n = y->rx + y->tx;

	return m < n ? 1 : m > n ? -1 : strcmp(text_of(x->peer, "peer"), text_of(y->peer, "peer"));
}

static size_t room(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < OVERHEAD + 2)
		return ROWS;
	return (size_t)size.ws_row - OVERHEAD;
}

static void draw_ports(const json_t *ports)
{
	printf("%-16s %12s %16s %12s %16s\n", "Port", "RX-pps", "RX-bps", "TX-pps", "TX-bps");
	for (size_t i = 0; i < json_array_size(ports) && i < PORT_ROWS; i++) {
		const json_t *p = json_array_get(ports, i);

		printf("%-16s %12lld %16lld %12lld %16lld\n", text_of(p, "name"),
			count_of(p, "rx_pps"), count_of(p, "rx_bps"), count_of(p, "tx_pps"),
			count_of(p, "tx_bps"));
	}
}

static void draw_peers(struct row *rows, size_t n, size_t lines)
{
	qsort(rows, n, sizeof(*rows), by_rate);
	printf("\n%-16s %-23s %-8s %12s %12s %14s %14s\n", "Peer", "NBMA", "State", "RX-pps",
		"TX-pps", "RX-pkts", "TX-pkts");
	for (size_t i = 0; i < n && i < lines; i++)
		printf("%-16s %-23s %-8s %12.0f %12.0f %14lld %14lld\n",
			text_of(rows[i].peer, "peer"), text_of(rows[i].peer, "nbma"),
			text_of(rows[i].peer, "state"), rows[i].rx, rows[i].tx,
			count_of(rows[i].peer, "rx_packets"), count_of(rows[i].peer, "tx_packets"));
	if (n > lines)
		printf("and %zu more\n", n - lines);
}

/* Rates since the last time; what is there now is kept for the next. */
static struct row *measure(struct watch *w, const json_t *peers, double seconds)
{
	struct row *rows = calloc(json_array_size(peers) + 1, sizeof(*rows));
	json_t *now = json_object();
	char key[256];

	for (size_t i = 0; rows != NULL && i < json_array_size(peers); i++) {
		const json_t *p = json_array_get(peers, i), *then;
		json_int_t rx = count_of(p, "rx_packets"), tx = count_of(p, "tx_packets");

		snprintf(key, sizeof(key), "%s %s %s", text_of(p, "tunnel"), text_of(p, "peer"),
			text_of(p, "nbma"));
		then = json_object_get(w->before, key);
		rows[i].peer = p;
		if (then != NULL) {
			rows[i].rx = rate(rx, json_integer_value(json_array_get(then, 0)), seconds);
			rows[i].tx = rate(tx, json_integer_value(json_array_get(then, 1)), seconds);
		}
		json_object_set_new(now, key, json_pack("[I, I]", rx, tx));
	}
	json_decref(w->before);
	w->before = now;
	return rows;
}

static void draw(struct watch *w, const json_t *ports, const json_t *peers)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct row *rows = measure(w, peers, (double)(now - w->before_ns) / 1e9);
	bool screen = isatty(STDOUT_FILENO);
	time_t t = time(NULL);
	char when[32] = "";
	struct tm tm;

	w->before_ns = now;
	strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&t, &tm));
	printf("%s%s, %zu spokes\n", screen ? RESET : "", when, json_array_size(peers));
	draw_ports(ports);
	if (rows != NULL)
		draw_peers(rows, json_array_size(peers), room());
	if (!screen)
		putchar('\n');
	free(rows);
}

static bool look(struct watch *w)
{
	json_t *ports = ask(w, "show port stats all json"), *peers = ask(w, "show dmvpn json");
	bool there = ports != NULL && peers != NULL;

	if (there)
		draw(w, ports, peers);
	json_decref(ports);
	json_decref(peers);
	return there && fflush(stdout) == 0;
}

int hubctl_watch(unsigned seconds, hubctl_ask_fn ask_hub, void *ctx)
{
	struct watch w = {.ask = ask_hub, .ctx = ctx};

	while (look(&w))
		sleep(seconds);
	json_decref(w.before);
	return 1;
}
