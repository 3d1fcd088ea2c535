/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/user.h"

#define BACKLOG 16

/* A socket is there already: is somebody behind it? */
static int check_other(const struct sockaddr_un *addr, const char *setting, struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (rc == 0 || why == EAGAIN)
		return error_set(err, EADDRINUSE,
			"another dmvpn-hub answers on %s; stop it (dmvpn-hubctl shutdown) or set "
			"another %s",
			addr->sun_path, setting);
	if (why != ECONNREFUSED)
		return error_set(err, why, "socket %s: %s", addr->sun_path, strerror(why));
	if (unlink(addr->sun_path) < 0)
		return error_set(err, errno, "socket %s is stale and cannot be removed: %s",
			addr->sun_path, strerror(errno));
	return 0;
}

/* What root made is the user's. */
static int give_away(const char *path)
{
	return user_changes() ? chown(path, user_uid(), user_gid()) : 0;
}

static int make_way(const struct sockaddr_un *addr, const char *setting, struct error *err)
{
	char folder[sizeof(addr->sun_path)];
	struct stat st;
	int rc;

	if (lstat(addr->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return error_set(err, EEXIST,
				"socket %s is something else already; remove it or set another %s",
				addr->sun_path, setting);
		return check_other(addr, setting, err);
	}
	memcpy(folder, addr->sun_path, sizeof(folder));
	rc = mkdir(dirname(folder), 0755);
	if (rc < 0 && errno == EEXIST)
		return 0;
	if (rc < 0 || give_away(folder) < 0)
		return error_set(err, errno, "socket %s: its folder cannot be made: %s",
			addr->sun_path, strerror(errno));
	return 0;
}

int hub_listen_group(const char *path, const char *name, struct error *err)
{
	const struct group *g = getgrnam(name);

	if (g == NULL || geteuid() != 0 || chown(path, (uid_t)-1, g->gr_gid) == 0)
		return 0;
	return error_set(err, errno, "socket %s cannot be given to group %s: %s", path, name,
		strerror(errno));
}

int hub_listen(const char *path, const char *setting, struct error *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t before;
	int fd, rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(err, ENAMETOOLONG,
			"the path of %s has %zu octets; expected at most %zu", setting,
			strlen(path), sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path));
	rc = make_way(&addr, setting, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	before = umask(0117);
	rc = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&addr, sizeof(addr));
	if (rc == 0)
		rc = give_away(path);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	rc = rc < 0 ? error_set(err, errno, "socket %s: %s", path, strerror(errno)) : fd;
	umask(before);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc;
}
