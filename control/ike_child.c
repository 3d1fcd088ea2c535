/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes. charon, unless others start it, is a child without privileges, with settings, sockets
 * and a plugin of its own: nothing of the system's strongSwan is read or touched. swanctl hands it
 * its connections each time it comes. What ends too early is started again, each time later.
 */
#define LOG_SUBSYSTEM LOG_IKE

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "common/log.h"
#include "control/ike_priv.h"

#define CHARON  "/usr/sbin/charon-systemd"
#define SWANCTL "/usr/sbin/swanctl"

#define BACKOFF_MS     500
#define BACKOFF_MAX_MS 30000
#define STEADY_MS      60000 /* who ran for so long has not failed */

struct command {
	const char *path;
	const char *const *args;
	const char *environment[5];
	bool drop_user;
};

/* The EAL has put this thread on one CPU. charon's may have all but those that workers take. */
static void find_cpus(const struct hub *h, cpu_set_t *cpus)
{
	rte_cpuset_t workers;

	*cpus = *h->params.cpus;
	for (unsigned i = 0; i < dp_workers(h->dp) && h->params.lcores != NULL; i++) {
		workers = rte_lcore_cpuset(h->params.lcores[i]);
		CPU_AND(&workers, &workers, cpus);
		CPU_XOR(cpus, cpus, &workers);
	}
	if (CPU_COUNT(cpus) == 0)
		*cpus = *h->params.cpus;
}

/* Between fork and exec: only what is safe there. */
static void become(const struct hub_ike *ike, const struct command *c, int output, pid_t parent)
{
	sigset_t none;
	cpu_set_t cpus;

	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (ike->hub->params.cpus != NULL) {
		find_cpus(ike->hub, &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	if (c->drop_user && geteuid() == 0 && ike->uid != 0 &&
		(setgroups(0, NULL) < 0 || setgid(ike->gid) < 0 || setuid(ike->uid) < 0))
		_exit(126);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* After the change of user, which takes it back. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	execve(c->path, (char *const *)(uintptr_t)c->args,
		(char *const *)(uintptr_t)c->environment);
	_exit(127);
}

static int start(struct hub_ike *ike, struct ike_process *p, const struct command *c)
{
	pid_t parent = getpid();
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	p->pid = fork();
	if (p->pid == 0)
		become(ike, c, output[1], parent);
	close(output[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(output[0]);
		return -errno;
	}
	p->output = output[0];
	p->started = ike->hub->now;
	p->line_len = 0;
	return 0;
}

typedef void (*line_fn)(struct hub_ike *ike, const char *line);

static void take_line(struct hub_ike *ike, struct ike_process *p, line_fn take)
{
	for (size_t i = 0; i < p->line_len; i++)
		if ((unsigned char)p->line[i] < ' ' || p->line[i] == 0x7f)
			p->line[i] = '.';
	p->line[p->line_len] = '\0';
	if (p->line_len > 0)
		take(ike, p->line);
	p->line_len = 0;
}

static void read_output(struct hub_ike *ike, struct ike_process *p, line_fn take)
{
	char buf[1024];
	ssize_t n;

	while (p->output >= 0 && (n = read(p->output, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] == '\n' || p->line_len == sizeof(p->line) - 1)
				take_line(ike, p, take);
			if (buf[i] != '\n')
				p->line[p->line_len++] = buf[i];
		}
}

/* @return true if it has ended; its status then */
static bool ended(struct hub_ike *ike, struct ike_process *p, line_fn take, int *status)
{
	if (p->pid == 0 || waitpid(p->pid, status, WNOHANG) != p->pid)
		return false;
	read_output(ike, p, take);
	take_line(ike, p, take);
	close(p->output);
	p->output = -1;
	p->pid = 0;
	return true;
}

static uint64_t backoff(struct ike_process *p)
{
	uint64_t ms = (uint64_t)BACKOFF_MS << RTE_MIN(p->failures, 8u);

	p->failures++;
	return RTE_MIN(ms, (uint64_t)BACKOFF_MAX_MS);
}

static const char *ending(int status, char *buf, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(buf, room, "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		snprintf(buf, room, "could not be started: is it installed?");
	else
		snprintf(buf, room, "ended with code %d", WEXITSTATUS(status));
	return buf;
}

/* --- charon ----------------------------------------------------------------------------------- */

static void start_charon(struct hub_ike *ike)
{
	char conf[2 * IKE_PATH_MAX], dir[2 * IKE_PATH_MAX], preload[2 * IKE_PATH_MAX];
	const char *const args[] = {CHARON, NULL};
	const struct command c = {
		.path = CHARON,
		.args = args,
		.environment = {conf, dir, preload, NULL},
		.drop_user = true,
	};
	int rc;

	snprintf(conf, sizeof(conf), "STRONGSWAN_CONF=%s/strongswan.conf", ike->directory);
	snprintf(dir, sizeof(dir), "SWANCTL_DIR=%s", ike->directory);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/" IKE_PLUGIN_FILE, ike->directory);
	rc = start(ike, &ike->charon, &c);
	if (rc < 0) {
		log_error("cannot start charon: %s", strerror(-rc));
		ike->charon.due = ike->hub->now + backoff(&ike->charon);
		return;
	}
	ike->stats.starts++;
}

/* What the plugin hands over is not said twice. */
static void charon_said(struct hub_ike *ike, const char *line)
{
	if (!ike_connected(ike))
		log_warning("charon: %s", line);
}

static void tend_charon(struct hub_ike *ike)
{
	struct ike_process *p = &ike->charon;
	char how[64];
	int status;

	if (ike->config->external)
		return;
	if (p->pid == 0) {
		if (!ike->leaving && ike->hub->now >= p->due)
			start_charon(ike);
		return;
	}
	read_output(ike, p, charon_said);
	if (!ended(ike, p, charon_said, &status))
		return;
	if (ike->hub->now - p->started >= STEADY_MS)
		p->failures = 0;
	if (ike->leaving)
		return;
	p->due = ike->hub->now + backoff(p);
	log_error("charon %s; the next start is in %llu ms", ending(status, how, sizeof(how)),
		(unsigned long long)(p->due - ike->hub->now));
}

/* --- its settings ----------------------------------------------------------------------------- */

static void start_loader(struct hub_ike *ike)
{
	char uri[2 * IKE_PATH_MAX], conf[2 * IKE_PATH_MAX], dir[2 * IKE_PATH_MAX];
	const char *const args[] = {SWANCTL, "--load-all", "--noprompt", "--uri", uri, NULL};
	const struct command c = {
		.path = SWANCTL,
		.args = args,
		.environment = {conf, dir, NULL},
		.drop_user = true,
	};
	int rc;

	ike->loader_said = false;
	snprintf(uri, sizeof(uri), "unix://%s/vici.sock", ike->directory);
	snprintf(conf, sizeof(conf), "STRONGSWAN_CONF=%s/strongswan.conf", ike->directory);
	snprintf(dir, sizeof(dir), "SWANCTL_DIR=%s", ike->directory);
	rc = start(ike, &ike->loader, &c);
	if (rc < 0) {
		log_error("cannot start swanctl: %s", strerror(-rc));
		ike->loader.due = ike->hub->now + backoff(&ike->loader);
	}
}

void ike_child_load(struct hub_ike *ike)
{
	ike->loaded = false;
	ike->load_again = ike->loader.pid != 0;
	ike->loader.failures = 0;
	ike->loader.due = ike->hub->now;
}

/* Its exit code is 0 also when it could not read its file; and charon's socket may come later than
 * the plugin, which is no news. */
static void loader_said(struct hub_ike *ike, const char *line)
{
	bool loaded = strncmp(line, "successfully loaded", 19) == 0;

	ike->loader_said |= loaded && strstr(line, "connections") != NULL;
	if (!loaded && ike->loader.failures >= 3)
		log_warning("swanctl: %s", line);
}

static void tend_loader(struct hub_ike *ike)
{
	struct ike_process *p = &ike->loader;
	char how[64];
	int status;

	if (p->pid == 0) {
		if (!ike->loaded && !ike->leaving && ike_connected(ike) && ike->hub->now >= p->due)
			start_loader(ike);
		return;
	}
	read_output(ike, p, loader_said);
	if (!ended(ike, p, loader_said, &status))
		return;
	if (ike->load_again) {
		/* It may have read what is old by now. */
		ike->load_again = false;
		return;
	}
	if (status == 0 && ike->loader_said) {
		ike->loaded = ike->answers = true;
		log_info("charon has its settings");
		return;
	}
	if (p->failures >= 3)
		log_error("swanctl %s: charon does not have its settings",
			ending(status, how, sizeof(how)));
	p->due = ike->hub->now + backoff(p);
}

void ike_child_turn(struct hub_ike *ike)
{
	tend_charon(ike);
	tend_loader(ike);
}

bool ike_child_leave(struct hub_ike *ike)
{
	if (!ike->leaving && ike->charon.pid != 0)
		kill(ike->charon.pid, SIGTERM);
	ike->leaving = true;
	return ike->charon.pid == 0;
}

static void stop(struct ike_process *p)
{
	if (p->pid == 0)
		return;
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	close(p->output);
	p->output = -1;
	p->pid = 0;
}

void ike_child_stop(struct hub_ike *ike)
{
	stop(&ike->loader);
	stop(&ike->charon);
}
