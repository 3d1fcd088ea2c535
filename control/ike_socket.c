/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two sockets that charon's plugin connects to. Only charon's user may; one charon at a time.
 * Nothing here blocks: of the IKE socket what does not fit is dropped, of the SA socket it waits.
 */
#define LOG_SUBSYSTEM LOG_IKE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "control/ike_priv.h"

#define TURN_MAX    256 /* messages taken from one socket in a turn */
#define WAITING_MAX 65536
#define SOCKET_ROOM (4 << 20)

static const char *const names[IKE_CHANNELS] = {"sa.sock", "ike.sock"};

static int watch(struct hub_ike *ike, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};

	return epoll_ctl(ike->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_listener(
	struct hub_ike *ike, struct ike_socket *s, const char *name, struct error *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(s->path, sizeof(s->path), "%s/%s", ike->directory, name);

	s->fd = -1;
	TAILQ_INIT(&s->waiting);
	if (n < 0 || (size_t)n >= sizeof(s->path))
		return error_set(err, ENAMETOOLONG, "%s:%u: directory %s is too long a name",
			ike->config->place.file, ike->config->place.line, ike->directory);
	memcpy(a.sun_path, s->path, sizeof(a.sun_path));
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(s->path);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		chmod(s->path, 0600) < 0 || chown(s->path, ike->uid, ike->gid) < 0 ||
		listen(s->listener, 4) < 0 || watch(ike, s->listener) < 0)
		return error_set(err, errno, "cannot listen on %s: %s", s->path, strerror(errno));
	return 0;
}

int ike_sockets_open(struct hub_ike *ike, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < IKE_CHANNELS; i++)
		ike->socket[i].listener = ike->socket[i].fd = -1;
	ike->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ike->epoll < 0)
		return error_set(err, errno, "epoll: %s", strerror(errno));
	for (unsigned i = 0; i < IKE_CHANNELS && rc == 0; i++)
		rc = open_listener(ike, &ike->socket[i], names[i], err);
	return rc;
}

bool ike_connected(const struct hub_ike *ike)
{
	const struct ike_socket *s = &ike->socket[IKE_CHANNEL_SA];

	return s->fd >= 0 && s->greeted;
}

static void waiting_free(struct ike_socket *s, struct ike_waiting *w)
{
	TAILQ_REMOVE(&s->waiting, w, link);
	s->n_waiting--;
	explicit_bzero(w->data, w->len);
	free(w);
}

void ike_socket_disconnect(struct hub_ike *ike, enum ike_channel c, const char *why)
{
	struct ike_socket *s = &ike->socket[c];
	bool greeted = s->greeted;

	if (s->fd < 0)
		return;
	/* A child that was just forked has a copy. */
	shutdown(s->fd, SHUT_RDWR);
	close(s->fd);
	s->fd = -1;
	s->greeted = false;
	while (!TAILQ_EMPTY(&s->waiting))
		waiting_free(s, TAILQ_FIRST(&s->waiting));
	if (why != NULL)
		log_warning("%s: %s", names[c], why);
	if (c != IKE_CHANNEL_SA)
		return;
	if (greeted)
		ike_went(ike);
	/* The plugin begins again with both. */
	ike_socket_disconnect(ike, IKE_CHANNEL_IKE, NULL);
}

void ike_sockets_close(struct hub_ike *ike)
{
	for (unsigned i = 0; i < IKE_CHANNELS; i++) {
		struct ike_socket *s = &ike->socket[i];

		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
		while (!TAILQ_EMPTY(&s->waiting))
			waiting_free(s, TAILQ_FIRST(&s->waiting));
		if (s->listener < 0)
			continue;
		close(s->listener);
		unlink(s->path);
	}
	if (ike->epoll >= 0)
		close(ike->epoll);
}

/* --- saying ----------------------------------------------------------------------------------- */

static void keep(struct hub_ike *ike, struct ike_socket *s, const uint8_t *data, size_t len)
{
	struct ike_waiting *w = malloc(sizeof(*w) + len);

	if (w == NULL || s->n_waiting >= WAITING_MAX) {
		free(w);
		/* Once it is back it says all it has, and what was lost here comes right. */
		ike_socket_disconnect(ike, IKE_CHANNEL_SA, "charon does not read");
		return;
	}
	w->len = len;
	memcpy(w->data, data, len);
	TAILQ_INSERT_TAIL(&s->waiting, w, link);
	s->n_waiting++;
}

void ike_say(struct hub_ike *ike, const struct ike_msg *m)
{
	struct ike_socket *s = &ike->socket[IKE_CHANNEL_SA];
	uint8_t data[IKE_WIRE_MAX];
	int len;

	if (s->fd < 0)
		return;
	len = ike_wire_encode(m, data, sizeof(data));
	if (len < 0) {
		log_error("cannot write a %s: %s", ike_msg_name(m->type), strerror(-len));
		return;
	}
	/* What else makes send() fail ends the connection where it is read. */
	if (s->n_waiting > 0 || (send(s->fd, data, (size_t)len, MSG_NOSIGNAL) < 0 &&
					(errno == EAGAIN || errno == ENOBUFS)))
		keep(ike, s, data, (size_t)len);
	explicit_bzero(data, (size_t)len);
}

static void flush(struct ike_socket *s)
{
	while (s->fd >= 0 && !TAILQ_EMPTY(&s->waiting)) {
		struct ike_waiting *w = TAILQ_FIRST(&s->waiting);

		if (send(s->fd, w->data, w->len, MSG_NOSIGNAL) < 0 &&
			(errno == EAGAIN || errno == ENOBUFS))
			return;
		waiting_free(s, w);
	}
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void accept_one(struct hub_ike *ike, struct ike_socket *s, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	int room = SOCKET_ROOM;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid != ike->uid) {
		ike->stats.strangers++;
		log_stranger("user %u, process %d, is not charon's user %u: %s is not for it",
			(unsigned)who.uid, (int)who.pid, (unsigned)ike->uid, s->path);
		close(fd);
		return;
	}
	if (s->fd >= 0) {
		ike->stats.strangers++;
		log_stranger("process %d on %s: another one is connected", (int)who.pid, s->path);
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (watch(ike, fd) < 0) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->greeted = false;
}

/* @return true if somebody was there */
static bool accept_all(struct hub_ike *ike, struct ike_socket *s)
{
	bool any = false;
	int fd;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		accept_one(ike, s, fd);
		any = true;
	}
	return any;
}

static void greet(struct hub_ike *ike)
{
	struct ike_msg m = {
		.type = IKE_MSG_HELLO,
		.hello = {IKE_WIRE_MAGIC, IKE_WIRE_VERSION, 0, "dmvpn-hub " HUB_VERSION},
	};

	ike_say(ike, &m);
}

/* The first message of either socket. The plugin is told our version even if it has another. */
static bool take_hello(struct hub_ike *ike, enum ike_channel c, const struct ike_msg *m)
{
	char why[128];

	if (m->type != IKE_MSG_HELLO || m->hello.magic != IKE_WIRE_MAGIC) {
		ike_socket_disconnect(ike, c, "somebody is no plugin of charon's");
		return false;
	}
	if (c == IKE_CHANNEL_SA)
		greet(ike);
	if (m->hello.version != IKE_WIRE_VERSION) {
		snprintf(why, sizeof(why),
			"charon's plugin speaks version %u of the socket protocol, this hub "
			"version "
			"%u: install plugin and hub of the same release",
			m->hello.version, IKE_WIRE_VERSION);
		ike_socket_disconnect(ike, c, why);
		return false;
	}
	ike->socket[c].greeted = true;
	if (c == IKE_CHANNEL_SA)
		ike_came(ike, &m->hello);
	return true;
}

/* @return false when the connection is over */
static bool take(struct hub_ike *ike, enum ike_channel c, const uint8_t *data, size_t len)
{
	struct ike_socket *s = &ike->socket[c];
	struct ike_msg m;
	char why[64];
	bool good;

	if (s->greeted && c == IKE_CHANNEL_IKE) {
		if (ike_datagram_send(ike, data, len))
			return true;
		ike_socket_disconnect(ike, IKE_CHANNEL_SA, "not a datagram on ike.sock");
		return false;
	}
	if (ike_wire_decode(&m, data, len) < 0) {
		snprintf(why, sizeof(why), "%zu octets that are no message", len);
		ike_socket_disconnect(ike, c, why);
		return false;
	}
	if (!s->greeted)
		return take_hello(ike, c, &m);
	good = ike_receive(ike, &m);
	if (!good) {
		snprintf(why, sizeof(why), "charon's plugin never sends %s", ike_msg_name(m.type));
		ike_socket_disconnect(ike, c, why);
	}
	explicit_bzero(&m, sizeof(m));
	return good && s->fd >= 0;
}

static void read_socket(struct hub_ike *ike, enum ike_channel c)
{
	static uint8_t data[IKE_WIRE_DATAGRAM_HEADER_LEN + IKE_WIRE_DATAGRAM_MAX + 1];
	struct ike_socket *s = &ike->socket[c];
	ssize_t n;

	for (unsigned i = 0; i < TURN_MAX && s->fd >= 0; i++) {
		n = recv(s->fd, data, sizeof(data), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* It went without reading all that we said; what it said stands behind this. */
		if (n < 0 && errno == ECONNRESET)
			continue;
		if (n <= 0) {
			/* What it said to its peers before it went is not lost with it. */
			if (c == IKE_CHANNEL_SA)
				read_socket(ike, IKE_CHANNEL_IKE);
			ike_socket_disconnect(ike, c, NULL);
			return;
		}
		take(ike, c, data, (size_t)n);
		explicit_bzero(data, (size_t)n);
	}
}

void ike_sockets_turn(struct hub_ike *ike)
{
	for (unsigned i = 0; i < IKE_CHANNELS; i++) {
		/* Who left must be noticed before who comes in its place. */
		read_socket(ike, (enum ike_channel)i);
		if (accept_all(ike, &ike->socket[i]))
			read_socket(ike, (enum ike_channel)i);
		flush(&ike->socket[i]);
	}
}
