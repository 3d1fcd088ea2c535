/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/hook_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/user.h"

#define GRACE_MS    1000 /* between SIGTERM and SIGKILL */
#define STRINGS_MAX 32

/* A script that runs; pid 0: a free place. */
struct job {
	pid_t pid; /* and its process group */
	uint64_t id;
	uint64_t deadline;
	bool late; /* was told to end */
	int output;
	unsigned lines;
	unsigned len;
	char line[HOOK_TEXT_MAX + 1];
};

struct helper {
	int hub;
	int children; /* signalfd */
	struct job jobs[HOOK_RUNNING_MAX];
};

static void end_all(struct helper *p)
{
	for (unsigned i = 0; i < HOOK_RUNNING_MAX; i++)
		if (p->jobs[i].pid != 0)
			kill(-p->jobs[i].pid, SIGKILL);
	_exit(0);
}

/* The hub reads every millisecond; while it does not, waiting here keeps scripts' output back. */
static void reply(struct helper *p, const struct hook_reply *r)
{
	struct pollfd fd = {.fd = p->hub, .events = POLLOUT};

	while (send(p->hub, r, sizeof(*r), MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end_all(p);
		poll(&fd, 1, -1);
	}
}

static void end_line(struct helper *p, struct job *j)
{
	struct hook_reply r = {.id = j->id, .kind = HOOK_OUTPUT};

	if (j->len == 0)
		return;
	memcpy(r.text, j->line, j->len);
	j->len = 0;
	if (j->lines++ < HOOK_LINES_MAX)
		reply(p, &r);
}

/* Take what the script wrote, at most a pipe's content. */
static void take_output(struct helper *p, struct job *j)
{
	char octets[4096];
	ssize_t n = read(j->output, octets, sizeof(octets));

	for (ssize_t i = 0; i < n; i++) {
		char c = octets[i];

		if (c == '\n')
			end_line(p, j);
		else if (j->len < HOOK_TEXT_MAX)
			j->line[j->len++] = c >= ' ' && c <= '~' ? c : '?';
	}
	if (n == 0) {
		close(j->output);
		j->output = -1;
	}
}

/* The script's own process: nothing of the hub's or the helper's but the request. */
static void become(const char *const *strings, int output)
{
	static const struct rlimit no_core = {0, 0}, files = {256, 256};
	sigset_t none;
	char *argv[3], *env[STRINGS_MAX];
	unsigned n = 0;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	closefrom(3);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_NOFILE, &files);
	umask(022);
	argv[0] = (char *)(uintptr_t)strings[0];
	argv[1] = (char *)(uintptr_t)strings[1];
	argv[2] = NULL;
	env[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (unsigned i = 2; strings[i] != NULL && n + 1 < STRINGS_MAX; i++)
		env[n++] = (char *)(uintptr_t)strings[i];
	env[n] = NULL;
	if (chdir("/") == 0)
		execve(argv[0], argv, env);
	dprintf(2, "cannot be run: %s\n", strerror(errno));
	_exit(127);
}

static int spawn(struct job *j, const char *const *strings)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid == 0)
		become(strings, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	/* Here as well as there: whoever is first, the group exists before it is killed. */
	setpgid(pid, pid);
	j->pid = pid;
	j->output = ends[0];
	return 0;
}

static void start(struct helper *p, const struct hook_request *r, size_t len)
{
	const char *strings[STRINGS_MAX + 1], *at = r->strings, *end = (const char *)r + len;
	struct hook_reply failed = {.id = r->id, .kind = HOOK_EXITED, .value = 127};
	unsigned n = 0, i = 0;
	int rc = -EBUSY;

	while (at < end && n < STRINGS_MAX) {
		strings[n++] = at;
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	strings[n] = NULL;
	while (i < HOOK_RUNNING_MAX && p->jobs[i].pid != 0)
		i++;
	if (i < HOOK_RUNNING_MAX && n >= 2 && end[-1] == '\0') {
		p->jobs[i] = (struct job){
			.id = r->id, .deadline = clock_ms(CLOCK_MONOTONIC) + r->timeout_ms};
		rc = spawn(&p->jobs[i], strings);
	}
	if (rc == 0)
		return;
	failed.kind = HOOK_OUTPUT;
	snprintf(failed.text, sizeof(failed.text), "cannot be started: %s", strerror(-rc));
	reply(p, &failed);
	failed.kind = HOOK_EXITED;
	reply(p, &failed);
}

static void take_request(struct helper *p)
{
	union {
		struct hook_request r;
		char octets[HOOK_MESSAGE_MAX];
	} m;
	ssize_t n = recv(p->hub, &m, sizeof(m), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		end_all(p);
	if (n > (ssize_t)sizeof(m.r))
		start(p, &m.r, (size_t)n);
}

static void finish(struct helper *p, struct job *j, const siginfo_t *info)
{
	struct hook_reply r = {.id = j->id};

	/* What it left behind in its group goes with it. The number is not free before the wait. */
	kill(-j->pid, SIGKILL);
	waitpid(j->pid, NULL, 0);
	/* As much as a pipe holds: one that left the group may go on writing. */
	for (unsigned i = 0; i < 16 && j->output >= 0; i++)
		take_output(p, j);
	end_line(p, j);
	if (j->output >= 0)
		close(j->output);
	r.kind = j->late ? HOOK_TIMEOUT : info->si_code == CLD_EXITED ? HOOK_EXITED : HOOK_KILLED;
	r.value = (uint32_t)info->si_status;
	r.lines = j->lines > HOOK_LINES_MAX ? j->lines - HOOK_LINES_MAX : 0;
	j->pid = 0;
	reply(p, &r);
}

static void take_children(struct helper *p)
{
	struct signalfd_siginfo ignored;
	siginfo_t info;

	while (read(p->children, &ignored, sizeof(ignored)) > 0)
		;
	for (;;) {
		unsigned i = 0;

		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		while (i < HOOK_RUNNING_MAX && p->jobs[i].pid != info.si_pid)
			i++;
		if (i < HOOK_RUNNING_MAX)
			finish(p, &p->jobs[i], &info);
		else
			waitpid(info.si_pid, NULL, 0);
	}
}

/* End what is late. Returns milliseconds until the next one is, or -1. */
static int take_late(struct helper *p)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC), next = UINT64_MAX;

	for (unsigned i = 0; i < HOOK_RUNNING_MAX; i++) {
		struct job *j = &p->jobs[i];

		if (j->pid == 0)
			continue;
		if (j->deadline <= now) {
			kill(-j->pid, j->late ? SIGKILL : SIGTERM);
			j->late = true;
			j->deadline = now + GRACE_MS;
		}
		if (j->deadline < next)
			next = j->deadline;
	}
	return next == UINT64_MAX ? -1 : (int)(next - now);
}

static void serve(int hub)
{
	static struct helper p;
	sigset_t all, child;

	p.hub = hub;
	/* Only the end of the hub ends the helper, not what its terminal or supervisor sends. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	p.children = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	for (;;) {
		struct pollfd fds[2 + HOOK_RUNNING_MAX] = {
			{.fd = p.hub, .events = POLLIN}, {.fd = p.children, .events = POLLIN}};

		for (unsigned i = 0; i < HOOK_RUNNING_MAX; i++)
			fds[2 + i] = (struct pollfd){
				.fd = p.jobs[i].pid != 0 ? p.jobs[i].output : -1, .events = POLLIN};
		poll(fds, 2 + HOOK_RUNNING_MAX, take_late(&p));
		for (unsigned i = 0; i < HOOK_RUNNING_MAX; i++)
			if (fds[2 + i].fd >= 0 && fds[2 + i].revents != 0)
				take_output(&p, &p.jobs[i]);
		take_children(&p);
		if (fds[0].revents != 0)
			take_request(&p);
	}
}

int hook_helper_start(struct error *err)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return error_set(err, errno, "no socket to the process that runs scripts: %s",
			strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setsid();
		prctl(PR_SET_NAME, "dmvpn-hub-hooks");
		dup2(ends[1], 3);
		fcntl(3, F_SETFD, FD_CLOEXEC);
		closefrom(4);
		if (user_become() < 0)
			_exit(1);
		serve(3);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_set(err, EAGAIN, "no process to run scripts: %s", strerror(errno));
	}
	return ends[0];
}
