/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reload: a thread reads and checks the file and finds what it changes, for that may take long; the
 * control thread, and workers, go on meanwhile. What is left for the control thread is the
 * difference. Old configurations are freed by the thread, too: large ones take their time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "common/clock.h"
#include "common/log.h"
#include "config/esp/esp.h"
#include "control/reload_priv.h"

static void warn(void *ctx, const char *line)
{
	(void)ctx;
	log_at(LOG_LEVEL_WARNING, LOG_MANY, "%s", line);
}

/*
 * What is there of a file that somebody writes may look like all of it. A read lease is given only
 * while nobody has a file open for writing, and whoever opens it waits until it is given back.
 * @return a descriptor, or -errno
 */
static int lease(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "%s cannot be read: %s", path, strerror(errno));
	/* The default signal to one whose lease is wanted would end the process. */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) < 0 &&
		errno == EAGAIN) {
		close(fd);
		return error_set(err, EBUSY, "%s is being written: reload when that is done", path);
	}
	return fd;
}

static struct config *load(const struct hub_reload *r, struct error *err)
{
	struct config_env env = {.warn = r->apply ? warn : NULL};
	struct config *c = NULL;
	int fd = lease(r->path, err), included;

	if (fd < 0)
		return NULL;
	env.suites = config_esp_suites(&env.n_suites);
	c = config_load(r->path, &env, err);
	for (unsigned i = 1; c != NULL && i < c->n_files; i++) {
		included = lease(c->files[i], err);
		if (included < 0) {
			config_free(c);
			c = NULL;
		} else {
			close(included);
		}
	}
	close(fd);
	return c;
}

static void *read_file(void *ctx)
{
	struct hub_reload *r = ctx;
	uint64_t began = clock_ns(CLOCK_MONOTONIC);

	r->is = load(r, &r->err);
	r->rc = r->is == NULL ? -EINVAL : 0;
	if (r->rc == 0)
		r->rc = config_diff(&r->diff, r->hub->config, r->is, &r->err);
	if (r->rc == 0)
		r->text = config_diff_text(&r->diff);
	r->read_us = (clock_ns(CLOCK_MONOTONIC) - began) / 1000;
	__atomic_store_n(&r->read, true, __ATOMIC_RELEASE);
	while (sem_wait(&r->applied) < 0)
		;
	if (r->diff.was != NULL)
		config_diff_free(&r->diff);
	config_free(r->garbage);
	return NULL;
}

static void release(struct hub *h)
{
	struct hub_reload *r = h->reload;

	if (r == NULL)
		return;
	pthread_join(r->thread, NULL);
	sem_destroy(&r->applied);
	free(r->path);
	free(r->text);
	free(r);
	h->reload = NULL;
}

int hub_reload_start(struct hub *h, bool apply, unsigned *id, struct error *err)
{
	struct hub_reload *r = h->reload;
	int rc;

	if (r != NULL && !h->reloads.done)
		return error_set(err, EBUSY, "a reload is under way; try again when it is done");
	release(h);
	r = calloc(1, sizeof(*r));
	if (r != NULL)
		r->path = strdup(h->config->files[0]);
	if (r == NULL || r->path == NULL) {
		free(r);
		return error_set(err, ENOMEM, "out of memory");
	}
	r->hub = h;
	r->apply = apply;
	sem_init(&r->applied, 0, 0);
	rc = rte_ctrl_thread_create(&r->thread, "reload", NULL, read_file, r);
	if (rc < 0) {
		sem_destroy(&r->applied);
		free(r->path);
		free(r);
		return error_set(err, -rc, "no thread to read the file with: %s", strerror(-rc));
	}
	h->reload = r;
	h->reloads.done = false;
	free(h->reloads.text);
	h->reloads.text = NULL;
	*id = ++h->reloads.id;
	return 0;
}

static void refuse(struct hub *h, int rc, const char *why)
{
	struct hub_reloads *s = &h->reloads;

	s->rc = rc;
	snprintf(s->line, sizeof(s->line), "%s", why);
	if (!h->reload->apply)
		return;
	s->refused++;
	log_error("reload refused, nothing has changed: %s", why);
}

static void take(struct hub *h, struct hub_reload *r)
{
	struct config *was = h->config_owned;
	unsigned n = r->diff.n_changes;
	uint64_t began = clock_ns(CLOCK_MONOTONIC);
	struct error err = {""};
	int rc = hub_reload_apply(h, &r->diff, &err);

	/* Also after a failure whose way back was not complete. */
	if (h->config == r->is) {
		h->config_owned = r->is;
		r->garbage = was;
	}
	if (rc < 0) {
		refuse(h, rc, err.text);
		return;
	}
	h->reloads.applied++;
	h->reloads.apply_us = (clock_ns(CLOCK_MONOTONIC) - began) / 1000;
	h->reloads.read_us = r->read_us;
	snprintf(h->reloads.line, sizeof(h->reloads.line),
		"%u change%s; read in %u ms, applied in %u us", n, n == 1 ? "" : "s",
		(unsigned)(r->read_us / 1000), (unsigned)h->reloads.apply_us);
	log_info("reload of %s: %s", r->path, h->reloads.line);
}

bool hub_reload_poll(struct hub *h)
{
	struct hub_reload *r = h->reload;
	char line[RELOAD_LINE_MAX];

	if (r == NULL || h->reloads.done)
		return true;
	if (!__atomic_load_n(&r->read, __ATOMIC_ACQUIRE))
		return false;
	h->reloads.rc = r->rc;
	h->reloads.line[0] = '\0';
	r->garbage = r->is;
	h->reloads.text = r->text;
	r->text = NULL;
	if (r->rc < 0) {
		refuse(h, r->rc, r->err.text);
	} else if (r->diff.restart != NULL) {
		snprintf(
			line, sizeof(line), "these need a restart of the hub: %s", r->diff.restart);
		refuse(h, -ENOTSUP, line);
	} else if (r->apply) {
		take(h, r);
	}
	h->reloads.done = true;
	sem_post(&r->applied);
	return true;
}

void hub_reload_destroy(struct hub *h)
{
	struct hub_reload *r = h->reload;

	if (r != NULL && !h->reloads.done) {
		/* It reads still: what it finds is of no use any more. */
		while (!__atomic_load_n(&r->read, __ATOMIC_ACQUIRE))
			rte_delay_us_sleep(1000);
		r->garbage = r->is;
		sem_post(&r->applied);
	}
	release(h);
	free(h->reloads.text);
}
