/* SPDX-License-Identifier: BSD-3-Clause */
#define LOG_SUBSYSTEM LOG_HOOK

#include "control/hook_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "control/event_stream.h"
#include "control/hook_helper.h"
#include "control/hub_priv.h"

#define LINES_PER_S   20
#define REPLIES_MAX   64 /* taken in one turn */
#define VARS_TEXT_MAX 768

/* One event's scripts. */
struct hub_hook_batch {
	unsigned left;
	bool ok;
	hub_hook_done done;
	uint64_t token;
};

/* One script's run. */
struct hub_hook_job {
	TAILQ_ENTRY(hub_hook_job) link;
	struct hub_hook_batch *batch;
	char *script; /* as the configuration had it when this happened */
	unsigned timeout;
	struct hub_hook_stats *stats;
	enum config_hook_event event;
	uint32_t address_be; /* those of one address keep their order */
	uint64_t id;         /* once it runs */
	unsigned len;
	char vars[VARS_TEXT_MAX]; /* NAME=VALUE, each with its NUL */
};

void hub_hooks_create(struct hub *h, int helper)
{
	struct hub_hooks *hooks = &h->hooks;

	hooks->helper = helper > 0 ? helper : -1;
	TAILQ_INIT(&hooks->questions);
	TAILQ_INIT(&hooks->reports);
	TAILQ_INIT(&hooks->running);
}

static void job_free(struct hub_hook_job *job)
{
	free(job->script);
	free(job);
}

static void free_all(struct hub_hook_jobs *jobs)
{
	struct hub_hook_job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, link);
		if (--job->batch->left == 0)
			free(job->batch);
		job_free(job);
	}
}

void hub_hooks_destroy(struct hub *h)
{
	free_all(&h->hooks.questions);
	free_all(&h->hooks.reports);
	free_all(&h->hooks.running);
}

static void recount(struct hub_hook_jobs *jobs, struct hub_hooks *hooks, const unsigned *is)
{
	struct hub_hook_job *job;

	TAILQ_FOREACH (job, jobs, link)
		if (job->stats != &hooks->removed) {
			unsigned i = is[job->stats - hooks->stats];

			job->stats = i == CONFIG_HOOKS_MAX ? &hooks->removed : &hooks->stats[i];
		}
}

void hub_hooks_change(struct hub *h, const struct config *was)
{
	struct hub_hooks *hooks = &h->hooks;
	struct hub_hook_stats stats[CONFIG_HOOKS_MAX] = {{0}};
	bool taken[CONFIG_HOOKS_MAX] = {false};
	unsigned is[CONFIG_HOOKS_MAX];
	const struct config *c = h->config;

	for (unsigned i = 0; i < was->n_hooks; i++) {
		unsigned k = 0;

		while (k < c->n_hooks &&
			(taken[k] || strcmp(was->hooks[i].script, c->hooks[k].script) != 0))
			k++;
		is[i] = k < c->n_hooks ? k : CONFIG_HOOKS_MAX;
		if (k == c->n_hooks)
			continue;
		taken[k] = true;
		stats[k] = hooks->stats[i];
	}
	recount(&hooks->questions, hooks, is);
	recount(&hooks->reports, hooks, is);
	recount(&hooks->running, hooks, is);
	memcpy(hooks->stats, stats, sizeof(stats));
}

static void put(struct hub_hook_job *job, const char *name, const char *value)
{
	int n = snprintf(job->vars + job->len, sizeof(job->vars) - job->len, "%s=%s", name, value);

	if (n > 0 && (unsigned)n < sizeof(job->vars) - job->len)
		job->len += (unsigned)n + 1;
}

static void put_address(struct hub_hook_job *job, const char *name, uint32_t be)
{
	struct ip_addr a = ip_addr_v4(be);
	char text[IP_ADDR_STRLEN];

	if (be != 0)
		put(job, name, ip_addr_str(&a, text));
}

static void put_number(struct hub_hook_job *job, const char *name, bool set, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, value);
	if (set)
		put(job, name, text);
}

static void put_text(struct hub_hook_job *job, const char *name, const char *value)
{
	if (value != NULL)
		put(job, name, value);
}

static void put_vars(
	struct hub_hook_job *job, enum config_hook_event event, const struct hub_hook_vars *v)
{
	put_text(job, "NHRP_TYPE", v->type);
	put_address(job, "NHRP_SRCADDR", v->src_be);
	put_address(job, "NHRP_SRCNBMA", v->src_nbma_be);
	put_address(job, "NHRP_DESTADDR", v->dest_be);
	put_number(job, "NHRP_DESTPREFIX", v->dest_len != 0, v->dest_len);
	put_address(job, "NHRP_DESTNBMA", v->dest_nbma_be);
	put_number(job, "NHRP_DESTMTU", v->dest_mtu != 0, v->dest_mtu);
	put_address(job, "NHRP_DESTNBMA_NAT_OA", v->dest_nat_oa_be);
	put_address(job, "NHRP_NEXTHOP", v->next_hop_be);
	put_text(job, "NHRP_INTERFACE", v->interface);
	put_number(job, "NHRP_GRE_KEY", v->gre_key_set, v->gre_key);
	put_text(job, event == CONFIG_HOOK_PEER_DOWN ? "NHRP_PEER_DOWN_REASON" : "NHRP_REASON",
		v->reason);
}

/* Scripts that want the event; count in their statistics that they are not run. */
static unsigned wanted(struct hub *h, enum config_hook_event event, bool refused)
{
	const struct config *c = h->config;
	unsigned n = 0;

	for (unsigned i = 0; i < c->n_hooks; i++) {
		if ((c->hooks[i].events & UINT32_C(1) << event) == 0)
			continue;
		h->hooks.stats[i].refused += refused;
		n++;
	}
	return n;
}

static int refuse(struct hub *h, enum config_hook_event event, int rc)
{
	wanted(h, event, true);
	log_stranger("%s is not run: %s", config_hook_event_name(event),
		rc == -EPIPE ? "the process that runs scripts is not there" : "too many wait");
	return rc;
}

static struct hub_hook_job *job_create(struct hub *h, struct hub_hook_batch *batch, unsigned hook,
	enum config_hook_event event, const struct hub_hook_vars *vars)
{
	const struct config_hook *c = &h->config->hooks[hook];
	struct hub_hook_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->script = strdup(c->script);
	if (job->script == NULL) {
		free(job);
		return NULL;
	}
	job->timeout = c->timeout;
	job->stats = &h->hooks.stats[hook];
	job->batch = batch;
	job->event = event;
	job->address_be = vars->dest_be;
	put_vars(job, event, vars);
	batch->left++;
	return job;
}

int hub_hook_run(struct hub *h, enum config_hook_event event, const struct hub_hook_vars *vars,
	hub_hook_done done, uint64_t token)
{
	struct hub_hooks *hooks = &h->hooks;
	unsigned n = wanted(h, event, false);
	struct hub_hook_jobs jobs = TAILQ_HEAD_INITIALIZER(jobs);
	struct hub_hook_batch *batch;
	struct hub_hook_job *job;

	event_stream_hook(h->events, event, vars);
	if (n == 0)
		return 0;
	if (hooks->helper < 0)
		return refuse(h, event, -EPIPE);
	batch = hooks->n_queued + n > HUB_HOOKS_QUEUED ? NULL : calloc(1, sizeof(*batch));
	if (batch == NULL)
		return refuse(h, event, -EBUSY);
	*batch = (struct hub_hook_batch){.ok = true, .done = done, .token = token};
	for (unsigned i = 0; i < h->config->n_hooks; i++) {
		if ((h->config->hooks[i].events & UINT32_C(1) << event) == 0)
			continue;
		job = job_create(h, batch, i, event, vars);
		if (job == NULL) {
			if (batch->left == 0)
				free(batch);
			free_all(&jobs);
			return refuse(h, event, -EBUSY);
		}
		TAILQ_INSERT_TAIL(&jobs, job, link);
	}
	hooks->n_queued += n;
	if (event == CONFIG_HOOK_PEER_REGISTER)
		TAILQ_CONCAT(&hooks->questions, &jobs, link);
	else
		TAILQ_CONCAT(&hooks->reports, &jobs, link);
	return (int)n;
}

/* The callback may ask for more. */
static void job_end(struct hub *h, struct hub_hook_job *job, bool ok)
{
	struct hub_hook_batch *batch = job->batch;

	job_free(job);
	batch->ok &= ok;
	if (--batch->left != 0)
		return;
	if (batch->done != NULL)
		batch->done(h, batch->token, batch->ok);
	free(batch);
}

/* The helper is gone, and so is what it ran: nobody gets permission by that. */
static void lose_helper(struct hub *h)
{
	struct hub_hooks *hooks = &h->hooks;
	struct hub_hook_jobs all = TAILQ_HEAD_INITIALIZER(all);
	struct hub_hook_job *job;

	log_error("the process that runs scripts is gone; no more are run");
	hooks->helper = -1;
	TAILQ_CONCAT(&all, &hooks->running, link);
	TAILQ_CONCAT(&all, &hooks->questions, link);
	TAILQ_CONCAT(&all, &hooks->reports, link);
	hooks->n_queued = hooks->n_running = 0;
	while ((job = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, job, link);
		job->stats->failed++;
		job_end(h, job, false);
	}
}

/* @return 0, -EAGAIN if the helper takes no more now, -EPIPE if it is gone */
static int send_request(struct hub *h, struct hub_hook_job *job)
{
	static uint64_t last_id; /* of all hubs of this process: they share the helper */
	const char *event = config_hook_event_name(job->event);
	union {
		struct hook_request r;
		char octets[HOOK_MESSAGE_MAX];
	} m;
	size_t n = sizeof(m.r);

	m.r = (struct hook_request){.id = last_id + 1, .timeout_ms = job->timeout * 1000};
	memcpy(m.octets + n, job->script, strlen(job->script) + 1);
	n += strlen(job->script) + 1;
	memcpy(m.octets + n, event, strlen(event) + 1);
	n += strlen(event) + 1;
	memcpy(m.octets + n, job->vars, job->len);
	n += job->len;
	if (send(h->hooks.helper, &m, n, MSG_NOSIGNAL) < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? -EAGAIN : -EPIPE;
	job->id = ++last_id;
	return 0;
}

static bool address_runs(const struct hub_hooks *hooks, uint32_t address_be)
{
	const struct hub_hook_job *job;

	TAILQ_FOREACH (job, &hooks->running, link)
		if (job->address_be == address_be)
			return true;
	return false;
}

/* The next one whose turn it is: nothing of its address runs, or waits in front of it. */
static struct hub_hook_job *next_job(struct hub_hooks *hooks, struct hub_hook_jobs *queue)
{
	struct hub_hook_job *job, *before;

	TAILQ_FOREACH (job, queue, link) {
		bool waits = address_runs(hooks, job->address_be);

		TAILQ_FOREACH (before, queue, link) {
			if (before == job || waits)
				break;
			waits = before->address_be == job->address_be;
		}
		if (!waits)
			return job;
	}
	return NULL;
}

static void start_jobs(struct hub *h)
{
	struct hub_hooks *hooks = &h->hooks;

	while (hooks->n_running < HOOK_RUNNING_MAX && hooks->n_queued > 0) {
		struct hub_hook_jobs *queue = &hooks->questions;
		struct hub_hook_job *job = next_job(hooks, queue);
		int rc;

		if (job == NULL) {
			queue = &hooks->reports;
			job = next_job(hooks, queue);
		}
		if (job == NULL)
			return;
		rc = send_request(h, job);
		if (rc == -EPIPE)
			lose_helper(h);
		if (rc < 0)
			return;
		TAILQ_REMOVE(queue, job, link);
		TAILQ_INSERT_TAIL(&hooks->running, job, link);
		hooks->n_queued--;
		hooks->n_running++;
		job->stats->runs++;
	}
}

/* Lines that scripts write: some in a second, the rest is counted. */
static bool may_log(struct hub *h)
{
	struct hub_hooks *hooks = &h->hooks;

	if (h->now - hooks->refilled >= 1000 || hooks->refilled == 0) {
		hooks->budget = LINES_PER_S;
		hooks->refilled = RTE_MAX(h->now, UINT64_C(1));
	}
	if (hooks->budget == 0) {
		hooks->unlogged++;
		return false;
	}
	hooks->budget--;
	return true;
}

static void log_end(struct hub *h, const struct hub_hook_job *job, const struct hook_reply *r)
{
	const char *event = config_hook_event_name(job->event);

	if (r->kind == HOOK_EXITED && (r->value == 0 || job->event == CONFIG_HOOK_PEER_REGISTER))
		return;
	if (!may_log(h))
		return;
	if (r->kind == HOOK_TIMEOUT)
		log_warning("%s %s: ended after %u s: it took too long", job->script, event,
			job->timeout);
	else
		log_warning("%s %s: ended by %s %u", job->script, event,
			r->kind == HOOK_KILLED ? "signal" : "exit code", r->value);
}

static void take_reply(struct hub *h, struct hook_reply *r)
{
	struct hub_hooks *hooks = &h->hooks;
	struct hub_hook_job *job;
	struct hub_hook_stats *stats;
	bool ok = r->kind == HOOK_EXITED && r->value == 0;

	TAILQ_FOREACH (job, &hooks->running, link)
		if (job->id == r->id)
			break;
	if (job == NULL)
		return;
	if (r->kind == HOOK_OUTPUT) {
		r->text[HOOK_TEXT_MAX] = '\0';
		hooks->lines++;
		if (may_log(h))
			log_info("%s %s: %s", job->script, config_hook_event_name(job->event),
				r->text);
		return;
	}
	stats = job->stats;
	stats->succeeded += ok;
	stats->timeouts += r->kind == HOOK_TIMEOUT;
	stats->failed += !ok && r->kind != HOOK_TIMEOUT;
	hooks->lines += r->lines;
	hooks->unlogged += r->lines;
	log_end(h, job, r);
	TAILQ_REMOVE(&hooks->running, job, link);
	hooks->n_running--;
	job_end(h, job, ok);
}

void hub_hooks_turn(struct hub *h)
{
	struct hub_hooks *hooks = &h->hooks;
	struct hook_reply r;
	ssize_t n;

	/* While nothing runs the helper has nothing to say. */
	for (unsigned i = 0; i < REPLIES_MAX && hooks->n_running > 0; i++) {
		n = recv(hooks->helper, &r, sizeof(r), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			lose_helper(h);
			return;
		}
		if (n != sizeof(r))
			break;
		take_reply(h, &r);
	}
	start_jobs(h);
}
