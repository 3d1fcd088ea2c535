/* SPDX-License-Identifier: BSD-3-Clause */
/* What people and programs are told. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hex.h"
#include "tools/spokes/sim_priv.h"

#define PROGRESS_MS  250
#define FAULTS_SHOWN 16
#define OCTETS_SHOWN 96 /* headers, and a little more */

static const struct {
	const char *name, *text;
} faults[SIM_FAULTS] = {
#define SIM_FAULT(name, text) [SIM_FAULT_##name] = {#name, text},
#include "tools/spokes/faults.def"
#undef SIM_FAULT
};

const char *sim_fault_name(enum sim_fault fault)
{
	return faults[fault].name;
}

void sim_fault(struct sim *s, enum sim_fault fault, const uint8_t *bytes, unsigned len)
{
	unsigned shown = len < OCTETS_SHOWN ? len : OCTETS_SHOWN;
	char hex[2 * OCTETS_SHOWN + 1];

	s->counts.fault[fault]++;
	if (sim_faults(s) <= FAULTS_SHOWN)
		fprintf(stderr, "%.3f s: %s (%s): %u octets: %s\n", (double)s->now_ms / 1e3,
			faults[fault].name, faults[fault].text, len, hex_str(bytes, shown, hex));
}

uint64_t sim_faults(const struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SIM_FAULTS; i++)
		n += s->counts.fault[i];
	return n;
}

/* On a terminal, one line that is written again and again. */
void sim_report_progress(const struct sim *s, const struct sim_step *step, unsigned i, unsigned n)
{
	static uint64_t shown_ms, rx, tx;
	uint64_t passed = s->now_ms - shown_ms;

	if (passed < PROGRESS_MS || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr,
		"\r%6.1f s  step %u/%u  registered %u/%u  %llu pps in  %llu pps out  %.50s\033[K",
		(double)s->now_ms / 1e3, i, n, s->n_state[SIM_REGISTERED], s->n_spokes,
		(unsigned long long)((s->counts.rx - rx) * 1000 / passed),
		(unsigned long long)((s->counts.tx - tx) * 1000 / passed),
		step != NULL ? step->text : "");
	shown_ms = s->now_ms;
	rx = s->counts.rx;
	tx = s->counts.tx;
}

void sim_report_step(const struct sim *s, const struct sim_step *step, unsigned i, bool json)
{
	double took = (double)(step->end_ms - step->start_ms) / 1e3;
	json_t *line;

	(void)s;
	if (!json) {
		if (isatty(STDERR_FILENO))
			fputs("\r\033[K", stderr);
		printf("%-6s %8.3f s  %s%s%s\n", step->ok ? "ok" : "FAILED", took, step->text,
			step->detail[0] != '\0' ? ": " : "", step->detail);
		fflush(stdout);
		return;
	}
	line = json_pack("{s:i, s:s, s:b, s:f, s:s}", "step", i, "verb", sim_verb_name(step->verb),
		"ok", step->ok, "seconds", took, "detail", step->detail);
	json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', stdout);
	fflush(stdout);
	json_decref(line);
}

struct sums {
	uint64_t sent, received, lost, delay_ns, delay_max_ns, gap_ns;
};

static struct sums sum_flows(const struct sim *s)
{
	struct sums t = {0};

	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct sim_flow *f = &s->flows[i];

		t.sent += f->sent;
		t.received += f->received;
		t.lost += sim_flow_holes(f);
		t.delay_ns += f->delay_ns;
		if (sim_flow_gap_ns(s, f) > t.gap_ns)
			t.gap_ns = sim_flow_gap_ns(s, f);
		t.delay_max_ns =
			f->delay_max_ns > t.delay_max_ns ? f->delay_max_ns : t.delay_max_ns;
	}
	return t;
}

void sim_report_table(const struct sim *s)
{
	const struct sim_counts *c = &s->counts;
	struct sums t = sum_flows(s);

	printf("spokes   %u: %u registered, %u registering, %u refused, %u down\n", s->n_spokes,
		s->n_state[SIM_REGISTERED], s->n_state[SIM_REGISTERING], s->n_state[SIM_REFUSED],
		s->n_state[SIM_DOWN]);
#define U(x) ((unsigned long long)(x))
	printf("frames   %llu in, %llu out, %llu not taken by the port, %llu for spokes that are "
	       "down\n",
		U(c->rx), U(c->tx), U(c->tx_lost), U(c->dark));
	printf("NHRP     %llu in, %llu out\n", U(c->nhrp_rx), U(c->nhrp_tx));
	printf("RIP      %llu in with %llu entries, %llu out\n", U(c->rip_rx), U(c->rip_entries),
		U(c->rip_tx));
	printf("traffic  %u flows, %llu sent, %llu received, %llu lost, delay %.1f us, at most "
	       "%.1f\n",
		s->n_flows, U(t.sent), U(t.received), U(t.lost),
		t.received != 0 ? (double)t.delay_ns / (double)t.received / 1e3 : 0.0,
		(double)t.delay_max_ns / 1e3);
	for (unsigned i = 0; i < SIM_FAULTS; i++)
		if (c->fault[i] != 0)
			printf("FAULT    %llu %s: %s\n", U(c->fault[i]), faults[i].name,
				faults[i].text);
#undef U
}

static void put(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer((json_int_t)v));
}

json_t *sim_report_json(const struct sim *s)
{
	const struct sim_counts *c = &s->counts;
	json_t *o = json_object(), *states = json_object(), *bad = json_object(),
	       *flows = json_object(), *wire = json_object();
	struct sums t = sum_flows(s);

	put(o, "spokes", s->n_spokes);
	for (unsigned i = 0; i < SIM_STATES; i++)
		put(states, sim_state_name(i), s->n_state[i]);
	json_object_set_new(o, "states", states);
	put(o, "rx", c->rx);
	put(o, "tx", c->tx);
	put(o, "tx_lost", c->tx_lost);
	put(o, "no_buffer", c->no_buffer);
	put(o, "dark", c->dark);
	put(o, "other", c->other);
	put(o, "nhrp_rx", c->nhrp_rx);
	put(o, "nhrp_tx", c->nhrp_tx);
	put(o, "rip_rx", c->rip_rx);
	put(o, "rip_tx", c->rip_tx);
	put(o, "rip_entries", c->rip_entries);
	put(o, "icmp_rx", c->icmp_rx);
	put(flows, "flows", s->n_flows);
	put(flows, "sent", t.sent);
	put(flows, "received", t.received);
	put(flows, "lost", t.lost);
	put(flows, "delay_ns", t.received != 0 ? t.delay_ns / t.received : 0);
	put(flows, "delay_max_ns", t.delay_max_ns);
	put(flows, "gap_ns", t.gap_ns);
	json_object_set_new(o, "traffic", flows);
	for (unsigned i = 0; i < SIM_WIRES; i++)
		put(wire, sim_wire_name(i), c->wire[i]);
	json_object_set_new(o, "wire", wire);
	for (unsigned i = 0; i < SIM_FAULTS; i++)
		put(bad, faults[i].name, c->fault[i]);
	json_object_set_new(o, "faults", bad);
	return o;
}
