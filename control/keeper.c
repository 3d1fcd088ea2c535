/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/user.h"

#define FD_NAME    "dmvpn-hub-state"
#define PATIENCE_S 2 /* for a keeper's answer */

enum { KEEP = 'k', DROP = 'd', TAKEN = 't', IN_USE = 'u' };

struct message {
	char what;
	pid_t pid; /* IN_USE: whose it is */
	struct sockaddr_un path;
};

/* --- messages with a descriptor
 * ------------------------------------------------------------------- */

static int send_fd(int s, const struct message *m, size_t len, int fd)
{
	union {
		char octets[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)m, .iov_len = len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		h.msg_control = control.octets;
		h.msg_controllen = sizeof(control.octets);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(s, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* @return octets, 0 at the end, or -errno; *fd is -1 if none came */
static ssize_t receive_fd(int s, struct message *m, int *fd)
{
	union {
		char octets[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets)};
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	memset(m, 0, sizeof(*m));
	n = recvmsg(s, &h, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}

/* --- the process
 * ---------------------------------------------------------------------------------- */

struct keeper {
	int hub; /* -1: it is gone */
	pid_t hub_pid;
	int fd; /* the state; -1: none yet */
	int listener, client;
	struct sockaddr_un path;
	uint64_t until; /* once the hub is gone */
};

static void end(struct keeper *k)
{
	if (k->listener >= 0 && k->client < 0)
		unlink(k->path.sun_path);
	_exit(0);
}

static bool listen_at(struct keeper *k, const struct sockaddr_un *path)
{
	mode_t before = umask(0177);

	k->path = *path;
	k->path.sun_path[sizeof(k->path.sun_path) - 1] = '\0';
	k->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unlink(k->path.sun_path);
	if (k->listener < 0 ||
		bind(k->listener, (struct sockaddr *)&k->path, sizeof(k->path)) < 0 ||
		listen(k->listener, 4) < 0)
		return false;
	umask(before);
	return true;
}

static void hear_hub(struct keeper *k)
{
	struct message m;
	int fd;
	ssize_t n = receive_fd(k->hub, &m, &fd);

	if (n == -EINTR)
		return;
	if (n > 0 && m.what == KEEP && fd >= 0 && k->fd < 0) {
		k->fd = fd;
		if (!listen_at(k, &m.path))
			_exit(1);
		m.what = TAKEN;
		send_fd(k->hub, &m, sizeof(m), -1);
		return;
	}
	if (n > 0 && m.what == DROP)
		end(k);
	if (n > 0)
		return;
	/* Ended, or killed. */
	close(k->hub);
	k->hub = -1;
	if (k->fd < 0)
		_exit(0);
	k->until = clock_ms(CLOCK_BOOTTIME) + KEEPER_SECONDS * 1000;
}

/* Somebody wants the state. Only root and the hub's own user get it, and only when the hub is gone.
 */
static void take_client(struct keeper *k)
{
	struct message m = {.what = IN_USE, .pid = k->hub_pid};
	struct ucred who;
	socklen_t len = sizeof(who);
	int s = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);

	if (s < 0)
		return;
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ||
		(who.uid != 0 && who.uid != geteuid()) || k->client >= 0) {
		close(s);
		return;
	}
	if (k->hub >= 0) {
		send_fd(s, &m, sizeof(m), -1);
		close(s);
		return;
	}
	m.what = KEEP;
	if (send_fd(s, &m, sizeof(m), k->fd) == 0)
		k->client = s;
	else
		close(s);
}

static void hear_client(struct keeper *k)
{
	struct message m;
	int fd;
	ssize_t n = receive_fd(k->client, &m, &fd);

	/* The socket's name is the next keeper's by now. */
	if (n > 0 && m.what == TAKEN)
		end(k);
	close(k->client);
	k->client = -1;
	k->until = clock_ms(CLOCK_BOOTTIME) + KEEPER_SECONDS * 1000;
}

static void keep(struct keeper *k)
{
	for (;;) {
		struct pollfd fds[3] = {
			{k->hub, POLLIN, 0}, {k->listener, POLLIN, 0}, {k->client, POLLIN, 0}};
		uint64_t now = clock_ms(CLOCK_BOOTTIME);

		if (k->hub < 0 && now >= k->until && k->client < 0)
			end(k);
		if (poll(fds, 3, k->hub < 0 ? 1000 : -1) < 0)
			continue;
		/* First of all: does the hub live? */
		if (fds[0].revents != 0)
			hear_hub(k);
		else if (fds[2].revents != 0)
			hear_client(k);
		else if (fds[1].revents != 0)
			take_client(k);
	}
}

static void become(int s, pid_t hub)
{
	struct keeper k = {.hub = s, .hub_pid = hub, .fd = -1, .listener = -1, .client = -1};
	int null = open("/dev/null", O_RDWR);

	/* Whoever waits for the end of the hub's output waits for the hub alone. */
	for (int i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	if (dup2(s, 3) < 0)
		_exit(1);
	k.hub = 3;
	close_range(4, ~0u, 0);
	setsid();
	prctl(PR_SET_NAME, "dmvpn-hub-keep");
	if (user_become() < 0)
		_exit(1);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	keep(&k);
}

/* --- systemd (sd_pid_notify_with_fds(3), sd_listen_fds(3))
 * ----------------------------------------------------- */

static bool has_store(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path != NULL && (path[0] == '/' || path[0] == '@');
}

static int notify(const char *text, int fd)
{
	int rc = sd_pid_notify_with_fds(0, false, text, &fd, fd >= 0 ? 1 : 0);

	return rc == 0 ? -EINVAL : rc < 0 ? rc : 0;
}

/* The last one of our name among what systemd hands over; others of it are closed. */
static int from_store(void)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(false, &names), found = 0;

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], FD_NAME) == 0) {
			if (found > 0)
				close(found);
			found = SD_LISTEN_FDS_START + i;
		}
		free(names[i]);
	}
	free(names);
	return found;
}

/* --- the hub's side
 * ------------------------------------------------------------------------------- */

int keeper_start(struct error *err)
{
	pid_t parent = getpid(), pid;
	int s[2];

	if (has_store())
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) < 0)
		return error_set(err, errno, "keeper of the state: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		become(s[1], parent);
	close(s[1]);
	if (pid > 0)
		return s[0];
	close(s[0]);
	return error_set(err, errno, "keeper of the state: %s", strerror(errno));
}

int keeper_take(const char *path, int *from, struct error *err)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct message m;
	int fd = from_store();

	*from = -1;
	if (fd > 0 || strlen(path) >= sizeof(a.sun_path))
		return fd;
	memcpy(a.sun_path, path, strlen(path));
	*from = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*from < 0 || connect(*from, (struct sockaddr *)&a, sizeof(a)) < 0)
		goto none;
	setsockopt(*from, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (receive_fd(*from, &m, &fd) <= 0)
		goto none;
	if (m.what == KEEP && fd > 0)
		return fd;
	if (fd > 0)
		close(fd);
	if (m.what == IN_USE) {
		close(*from);
		*from = -1;
		return error_set(err, EBUSY,
			"the state at %s is in use by another dmvpn-hub, process %d; stop it, or "
			"set another control_socket",
			path, (int)m.pid);
	}
none:
	if (*from >= 0)
		close(*from);
	*from = -1;
	return 0;
}

void keeper_taken(int from)
{
	const struct message m = {.what = TAKEN};

	if (from < 0)
		return;
	send_fd(from, &m, sizeof(m), -1);
	close(from);
}

int keeper_keep(int keeper, const char *path, int fd, struct error *err)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct message m = {.what = KEEP, .path = {.sun_family = AF_UNIX}};
	int other, rc;

	if (keeper == 0) {
		notify("FDSTOREREMOVE=1\nFDNAME=" FD_NAME, -1);
		rc = notify("FDSTORE=1\nFDNAME=" FD_NAME, fd);
		return rc < 0 ? error_set(err, -rc, "systemd does not keep the state: %s",
					strerror(-rc))
			      : 0;
	}
	if (strlen(path) >= sizeof(m.path.sun_path))
		return error_set(err, ENAMETOOLONG, "%s is too long a name", path);
	memcpy(m.path.sun_path, path, strlen(path));
	setsockopt(keeper, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rc = send_fd(keeper, &m, sizeof(m), fd);
	if (rc == 0 && receive_fd(keeper, &m, &other) <= 0)
		rc = -EPIPE;
	return rc < 0 ? error_set(err, -rc, "nobody keeps the state at %s: %s", path, strerror(-rc))
		      : 0;
}

void keeper_drop(int keeper)
{
	const struct message m = {.what = DROP};

	if (keeper == 0)
		notify("FDSTOREREMOVE=1\nFDNAME=" FD_NAME, -1);
	else if (keeper > 0)
		send_fd(keeper, &m, sizeof(m), -1);
}
