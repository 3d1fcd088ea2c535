/* SPDX-License-Identifier: BSD-3-Clause */
/* The capture that runs: from the data plane's copies to a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_time.h>

#include "common/clock.h"
#include "common/log.h"
#include "control/hub_priv.h"
#include "control/pcapng.h"

/* Copies written in one turn, so that a slow disk does not hold up all else that control does. */
#define TURN_MAX 256

/* The file is new, and nobody else's: what is in it may have been secret on the wire. */
static FILE *create_file(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *f;

	if (fd < 0 && errno == EEXIST)
		error_set(err, EEXIST, "%s is there already: a capture overwrites nothing", path);
	else if (fd < 0)
		error_set(err, errno, "%s cannot be made: %s", path, strerror(errno));
	if (fd < 0)
		return NULL;
	f = fdopen(fd, "w");
	if (f == NULL) {
		error_set(err, errno, "%s: %s", path, strerror(errno));
		close(fd);
	}
	return f;
}

/* Two interfaces for each port and for control: its frames and its IP packets. */
static int write_interfaces(const struct hub *h, FILE *f, unsigned snaplen)
{
	char name[64];
	int rc = pcapng_section(f, "dmvpn-hub");

	for (unsigned i = 0; i <= h->n_ports && rc == 0; i++) {
		const char *port = i < h->n_ports ? h->ports[i].config->name : "control";

		rc = pcapng_interface(f, PCAPNG_ETHERNET, snaplen, port);
		snprintf(name, sizeof(name), "%s inner", port);
		if (rc == 0)
			rc = pcapng_interface(f, PCAPNG_RAW_IP, snaplen, name);
	}
	if (rc == 0 && fflush(f) != 0)
		rc = -errno;
	return rc;
}

static void finish(struct hub_capture *c, const char *why)
{
	/* fclose() tells of errors too, but fflush() of each turn has told before. */
	fclose(c->file);
	c->file = NULL;
	snprintf(c->ended, sizeof(c->ended), "%s", why);
	log_info("capture to %s ended after %lu packets: %s", c->path, (unsigned long)c->written,
		why);
}

static void discard(struct dp *dp)
{
	struct rte_mbuf *m[64];
	unsigned n;

	while ((n = dp_capture_receive(dp, m, RTE_DIM(m))) != 0)
		rte_pktmbuf_free_bulk(m, n);
}

int hub_capture_start(struct hub *h, const char *path, const struct dp_capture_params *p,
	uint64_t count, struct error *err)
{
	struct hub_capture *c = &h->capture;
	FILE *f;
	int rc;

	if (c->file != NULL)
		return error_set(
			err, EBUSY, "a capture to %s runs; `capture stop` ends it", c->path);
	if (path[0] != '/' || strlen(path) >= sizeof(c->path))
		return error_set(err, EINVAL,
			"%s: the file's whole path is needed, from / on, in fewer than %zu "
			"characters",
			path, sizeof(c->path));
	f = create_file(path, err);
	if (f == NULL)
		return -EIO;
	rc = write_interfaces(h, f, p->snaplen);
	if (rc < 0) {
		fclose(f);
		unlink(path);
		return error_set(err, -rc, "%s cannot be written: %s", path, strerror(-rc));
	}
	*c = (struct hub_capture){.file = f, .params = *p, .count = count};
	memcpy(c->path, path, strlen(path) + 1);
	dp_stats_read(h->dp, -1, &c->before);
	discard(h->dp);
	dp_capture_start(h->dp, p);
	log_info("capture to %s begins", path);
	return 0;
}

/* The data plane's clock to the wall's; a copy is a few milliseconds old. */
static uint64_t wall_ns(uint64_t tsc)
{
	uint64_t hz = rte_get_tsc_hz(), age = rte_rdtsc() - tsc;

	return clock_ns(CLOCK_REALTIME) - age / hz * NS_PER_S - age % hz * NS_PER_S / hz;
}

static int write_one(struct hub *h, const struct rte_mbuf *m)
{
	const struct dp_capture_info *info = dp_capture_info(m);
	unsigned port = info->port < h->n_ports ? info->port : h->n_ports;
	char reason[160];
	struct pcapng_packet p = {
		.interface = port * DP_CAPTURE_LINKS + (info->link == DP_CAPTURE_IP),
		.ns = wall_ns(info->tsc),
		.data = rte_pktmbuf_mtod(m, const uint8_t *),
		.captured = m->data_len,
		.len = info->len,
		.out = info->out,
	};

	if (info->drop < DP_DROP_COUNT) {
		snprintf(reason, sizeof(reason), "%s: %s", dp_drop_names[info->drop].name,
			dp_drop_names[info->drop].text);
		p.comment = reason;
	}
	h->capture.written++;
	h->capture.bytes += pcapng_packet_size(&p);
	return pcapng_packet(h->capture.file, &p);
}

/* What waits, as far as the bounds allow. @return what ends the capture, or NULL */
static const char *write_some(struct hub *h, struct rte_mbuf **m, unsigned n)
{
	struct hub_capture *c = &h->capture;
	int rc = 0;

	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (c->written == c->count || c->bytes >= HUB_CAPTURE_BYTES_MAX)
			break;
		rc = write_one(h, m[i]);
	}
	if (rc == 0 && fflush(c->file) != 0)
		rc = -errno;
	if (rc < 0)
		return strerror(-rc);
	if (c->written == c->count)
		return "its count was reached";
	return c->bytes >= HUB_CAPTURE_BYTES_MAX ? "its file is as large as may be" : NULL;
}

void hub_capture_turn(struct hub *h)
{
	struct hub_capture *c = &h->capture;
	struct rte_mbuf *m[TURN_MAX];
	const char *ends;
	unsigned n;

	if (c->file == NULL)
		return;
	n = dp_capture_receive(h->dp, m, TURN_MAX);
	if (n == 0)
		return;
	ends = write_some(h, m, n);
	rte_pktmbuf_free_bulk(m, n);
	if (ends == NULL)
		return;
	dp_capture_stop(h->dp);
	discard(h->dp);
	finish(c, ends);
}

/* What was copied is written. */
static void end(struct hub *h, const char *why)
{
	struct hub_capture *c = &h->capture;
	uint64_t before;

	dp_capture_stop(h->dp);
	do {
		before = c->written;
		hub_capture_turn(h);
	} while (c->file != NULL && c->written != before);
	if (c->file != NULL)
		finish(c, why);
}

int hub_capture_stop(struct hub *h, struct error *err)
{
	if (h->capture.file == NULL)
		return error_set(err, ENOENT, "no capture runs");
	end(h, "stopped");
	return 0;
}

/* Its place will be another's. */
void hub_capture_peer_gone(struct hub *h, uint32_t dp_peer)
{
	if (h->capture.file != NULL && h->capture.params.peer == dp_peer)
		end(h, "its peer is gone");
	if (dp_trace_params(h->dp).count != 0 && dp_trace_params(h->dp).peer == dp_peer) {
		dp_trace_clear(h->dp);
		log_info("trace ended: its peer is gone");
	}
}

void hub_capture_destroy(struct hub *h)
{
	if (h->capture.file != NULL)
		hub_capture_stop(h, NULL);
}
