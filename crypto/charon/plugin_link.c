/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two sockets to the hub. A thread of the link's own connects, reads the SA socket and sends
 * what did not go at once; the IKE socket is read by charon's receiver, and written by its sender.
 * Nobody but who waits for an answer blocks, and that for ASK_MS at most.
 */
#include "crypto/charon/plugin_priv.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <collections/linked_list.h>
#include <threading/condvar.h>
#include <threading/mutex.h>
#include <threading/thread.h>

#define ASK_MS      3000
#define RETRY_MS    250
#define HELLO_MS    3000
#define TICK_MS     1000
#define RECEIVE_MS  1000
#define SOCKET_ROOM (4 << 20)
/* Messages that wait for a hub that does not read. Above, the connection is ended, and all is said
 * anew by the next one: then it is the table that holds it. */
#define WAITING_MAX 65536
/* Log lines are not worth that much. */
#define WAITING_LOG_MAX 1024

struct waiting {
	size_t len;
	uint8_t data[];
};

/* Somebody waits for an answer. On the asker's stack. */
struct question {
	uint32_t id;
	struct ike_msg *answer;
	bool answered;
};

static struct {
	mutex_t *lock;
	condvar_t *answered;  /* a question was, or the connection has ended */
	condvar_t *connected; /* up has become TRUE */
	thread_t *thread;
	bool stop;
	bool up; /* hello was said and heard, all was listed */
	int sa_fd;
	int wake_fd;
	linked_list_t *waiting;
	linked_list_t *questions;
	uint32_t last_id;
	int ike_fd;      /* closed by its reader only, under the lock */
	bool ike_broken; /* its reader is to close it; so until there is another one */
	uint64_t instance;
	struct ike_stats stats;
} link_ = {.sa_fd = -1, .wake_fd = -1, .ike_fd = -1};

static char *setting(char *key)
{
	return lib->settings->get_str(lib->settings, key, NULL, lib->ns);
}

static int socket_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd, room = SOCKET_ROOM;

	if (path == NULL || strlen(path) >= sizeof(to.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool send_hello(int fd)
{
	struct ike_msg m = {
		.type = IKE_MSG_HELLO,
		.hello =
			{
				.magic = IKE_WIRE_MAGIC,
				.version = IKE_WIRE_VERSION,
				.instance = link_.instance,
				.software = "charon, strongSwan " PLUGIN_CHARON,
			},
	};
	uint8_t data[IKE_WIRE_MAX];
	int len = ike_wire_encode(&m, data, sizeof(data));

	return len > 0 && send(fd, data, len, MSG_NOSIGNAL) == len;
}

static bool good_hello(const struct ike_msg *m)
{
	static bool said;

	if (m->type != IKE_MSG_HELLO || m->hello.magic != IKE_WIRE_MAGIC) {
		DBG1(DBG_KNL, PLUGIN_NAME ": this is not the hub's socket");
		return FALSE;
	}
	if (m->hello.version == IKE_WIRE_VERSION) {
		said = FALSE;
		return TRUE;
	}
	if (!said) {
		DBG1(DBG_KNL,
			PLUGIN_NAME
			": the hub speaks version %u of the socket protocol, this plugin "
			"version %u: install plugin and hub of the same release",
			m->hello.version, IKE_WIRE_VERSION);
	}
	said = TRUE;
	return FALSE;
}

/* Wait for the hub's hello. */
static bool await_hello(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m;
	ssize_t n;

	if (poll(&p, 1, HELLO_MS) != 1) {
		return FALSE;
	}
	n = recv(fd, data, sizeof(data), 0);
	return n > 0 && ike_wire_decode(&m, data, n) == 0 && good_hello(&m);
}

static void wake(void)
{
	uint64_t one = 1;

	ignore_result(write(link_.wake_fd, &one, sizeof(one)));
}

/* Send, or keep if the socket takes no more now. Under the lock. */
static void say(const struct ike_msg *m)
{
	uint8_t data[IKE_WIRE_MAX];
	int len = ike_wire_encode(m, data, sizeof(data));
	struct waiting *w;
	int n = link_.waiting->get_count(link_.waiting);

	if (len < 0) {
		DBG1(DBG_KNL, PLUGIN_NAME ": cannot write a %s: %s", ike_msg_name(m->type),
			strerror(-len));
		return;
	}
	/* What makes send() fail else shows in the thread's poll(). */
	if (n == 0 && (send(link_.sa_fd, data, len, MSG_NOSIGNAL) == len ||
			      (errno != EAGAIN && errno != ENOBUFS))) {
		memwipe(data, len);
		return;
	}
	if (m->type == IKE_MSG_LOG && n >= WAITING_LOG_MAX) {
		link_.stats.log_dropped++;
		return;
	}
	if (n >= WAITING_MAX) {
		shutdown(link_.sa_fd, SHUT_RDWR);
		return;
	}
	w = malloc(sizeof(*w) + len);
	w->len = len;
	memcpy(w->data, data, len);
	memwipe(data, len);
	link_.waiting->insert_last(link_.waiting, w);
	wake();
}

void link_say(const struct ike_msg *m)
{
	link_.lock->lock(link_.lock);
	if (link_.up) {
		say(m);
	}
	link_.lock->unlock(link_.lock);
}

static void waiting_free(struct waiting *w)
{
	memwipe(w->data, w->len);
	free(w);
}

/* Under the lock. */
static void flush(void)
{
	struct waiting *w;

	while (link_.waiting->get_first(link_.waiting, (void **)&w) == SUCCESS) {
		if (send(link_.sa_fd, w->data, w->len, MSG_NOSIGNAL) < 0) {
			return;
		}
		link_.waiting->remove_first(link_.waiting, (void **)&w);
		waiting_free(w);
	}
}

bool link_ask(struct ike_msg *question, struct ike_msg *answer)
{
	struct question q = {.answer = answer};

	link_.lock->lock(link_.lock);
	if (link_.up) {
		q.id = question->id = ++link_.last_id ?: ++link_.last_id;
		link_.questions->insert_last(link_.questions, &q);
		say(question);
		while (link_.up && !q.answered) {
			if (link_.answered->timed_wait(link_.answered, link_.lock, ASK_MS)) {
				break;
			}
		}
		link_.questions->remove(link_.questions, &q, NULL);
	}
	link_.lock->unlock(link_.lock);
	return q.answered;
}

static void take_answer(const struct ike_msg *m)
{
	enumerator_t *all;
	struct question *q;

	link_.lock->lock(link_.lock);
	all = link_.questions->create_enumerator(link_.questions);
	while (all->enumerate(all, &q)) {
		if (q->id == m->id && !q->answered) {
			*q->answer = *m;
			q->answered = TRUE;
			break;
		}
	}
	all->destroy(all);
	link_.answered->broadcast(link_.answered);
	link_.lock->unlock(link_.lock);
}

/* @return FALSE: nothing that a hub says */
static bool take(const struct ike_msg *m)
{
	switch (m->type) {
	case IKE_MSG_RESULT:
	case IKE_MSG_SPI:
	case IKE_MSG_SA_USE:
		take_answer(m);
		return TRUE;
	case IKE_MSG_SA_SEQ:
		table_sa_seq(&m->sa_seq);
		return TRUE;
	case IKE_MSG_SECRET:
		secrets_add(&m->secret);
		return TRUE;
	case IKE_MSG_SECRETS:
		secrets_complete();
		return TRUE;
	case IKE_MSG_LOG_LEVEL:
		listener_set_log_level(m->log_level.level);
		return TRUE;
	default:
		if (action_take(m)) {
			return TRUE;
		}
		DBG1(DBG_KNL, PLUGIN_NAME ": the hub sent a %s, which is none of its messages",
			ike_msg_name(m->type));
		return FALSE;
	}
}

/* Read what there is. @return FALSE: the connection is over */
static bool read_messages(void)
{
	uint8_t data[IKE_WIRE_MAX + 1];
	struct ike_msg m;
	bool good;
	ssize_t n;

	while ((n = recv(link_.sa_fd, data, sizeof(data), 0)) > 0) {
		if (ike_wire_decode(&m, data, n) < 0) {
			DBG1(DBG_KNL, PLUGIN_NAME ": the hub sent %zd octets that are no message",
				n);
			return FALSE;
		}
		good = take(&m);
		memwipe(&m, sizeof(m));
		memwipe(data, n);
		if (!good) {
			return FALSE;
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Has the IKE socket's reader not closed the last one yet? */
static bool ike_lingers(void)
{
	bool lingers;

	link_.lock->lock(link_.lock);
	lingers = link_.ike_fd >= 0;
	link_.lock->unlock(link_.lock);
	return lingers;
}

/* The other socket. Without the setting IKE datagrams go by another plugin. */
static bool connect_ike(void)
{
	const char *path = setting(PLUGIN_SETTING("ike_socket"));
	int fd;

	if (path == NULL) {
		return TRUE;
	}
	fd = socket_to(path);
	if (fd < 0) {
		return FALSE;
	}
	if (!send_hello(fd)) {
		close(fd);
		return FALSE;
	}
	link_.lock->lock(link_.lock);
	link_.ike_fd = fd;
	link_.ike_broken = FALSE;
	link_.lock->unlock(link_.lock);
	return TRUE;
}

/* Its reader notices, and closes it. */
static void disconnect_ike(void)
{
	link_.lock->lock(link_.lock);
	if (link_.ike_fd >= 0) {
		link_.ike_broken = TRUE;
		shutdown(link_.ike_fd, SHUT_RDWR);
	}
	link_.connected->broadcast(link_.connected);
	link_.lock->unlock(link_.lock);
}

static bool connect_sa(void)
{
	const char *path = setting(PLUGIN_SETTING("sa_socket"));
	static int failed;
	int fd = socket_to(path);

	if (fd < 0) {
		if (errno != failed) {
			DBG1(DBG_KNL, PLUGIN_NAME ": no hub on %s: %s", path, strerror(errno));
		}
		failed = errno;
		return FALSE;
	}
	failed = 0;
	if (!send_hello(fd) || !await_hello(fd)) {
		close(fd);
		return FALSE;
	}
	link_.sa_fd = fd;
	return TRUE;
}

/* What was established before is said before anything new. */
static void list(void)
{
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};

	link_.lock->lock(link_.lock);
	table_list(say);
	say(&listed);
	link_.up = TRUE;
	link_.connected->broadcast(link_.connected);
	link_.lock->unlock(link_.lock);
	DBG1(DBG_KNL, PLUGIN_NAME ": connected to the hub");
}

static void disconnect_sa(void)
{
	struct waiting *w;

	link_.lock->lock(link_.lock);
	if (link_.sa_fd >= 0) {
		close(link_.sa_fd);
	}
	link_.sa_fd = -1;
	link_.up = FALSE;
	while (link_.waiting->remove_first(link_.waiting, (void **)&w) == SUCCESS) {
		waiting_free(w);
	}
	link_.answered->broadcast(link_.answered);
	link_.lock->unlock(link_.lock);
}

/* One connection, from its first message to its last. */
static void serve(void)
{
	struct pollfd p[2] = {
		{.fd = link_.sa_fd, .events = POLLIN},
		{.fd = link_.wake_fd, .events = POLLIN},
	};
	uint64_t stats_at = table_now(), n;
	bool broken = FALSE;

	list();
	while (!link_.stop && !broken) {
		link_.lock->lock(link_.lock);
		flush();
		p[0].events = POLLIN;
		if (link_.waiting->get_count(link_.waiting) > 0) {
			p[0].events |= POLLOUT;
		}
		broken = link_.ike_broken;
		link_.lock->unlock(link_.lock);
		if (broken || poll(p, 2, TICK_MS) < 0) {
			continue;
		}
		if (p[1].revents & POLLIN) {
			ignore_result(read(link_.wake_fd, &n, sizeof(n)));
		}
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			broken = !read_messages();
		}
		if (table_now() != stats_at) {
			stats_at = table_now();
			listener_say_stats();
		}
	}
	DBG1(DBG_KNL, PLUGIN_NAME ": the connection to the hub is over");
}

static void *run(void *unused)
{
	struct pollfd p = {.fd = link_.wake_fd, .events = POLLIN};
	uint64_t n;

	while (!link_.stop) {
		if (!ike_lingers() && connect_sa()) {
			if (connect_ike()) {
				serve();
			}
			disconnect_ike();
			disconnect_sa();
		}
		if (!link_.stop && poll(&p, 1, RETRY_MS) > 0) {
			ignore_result(read(link_.wake_fd, &n, sizeof(n)));
		}
	}
	return NULL;
}

packet_t *link_receive(void)
{
	static uint8_t data[IKE_WIRE_DATAGRAM_HEADER_LEN + IKE_WIRE_DATAGRAM_MAX];
	struct pollfd p = {.events = POLLIN};
	struct ike_datagram d;
	packet_t *packet;
	bool old;
	ssize_t n;

	link_.lock->lock(link_.lock);
	if (link_.ike_broken && link_.ike_fd >= 0) {
		close(link_.ike_fd);
		link_.ike_fd = -1;
	}
	if (link_.ike_fd < 0) {
		link_.connected->timed_wait(link_.connected, link_.lock, RECEIVE_MS / 10);
	}
	p.fd = link_.ike_fd;
	link_.lock->unlock(link_.lock);
	if (p.fd < 0) {
		return NULL;
	}
	old = thread_cancelability(TRUE);
	n = poll(&p, 1, RECEIVE_MS);
	thread_cancelability(old);
	if (n <= 0) {
		return NULL;
	}
	n = recv(p.fd, data, sizeof(data), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		link_.lock->lock(link_.lock);
		link_.ike_broken = TRUE;
		link_.lock->unlock(link_.lock);
		wake();
		return NULL;
	}
	/* The hub's hello comes here too; the one on the SA socket decides. */
	if (n < 0 || ike_wire_datagram_decode(&d, data, n) < 0) {
		return NULL;
	}
	packet = packet_create();
	packet->set_source(packet, plugin_host(&d.src));
	packet->set_destination(packet, plugin_host(&d.dst));
	packet->set_data(packet, chunk_clone(chunk_create((u_char *)d.data, d.len)));
	__atomic_add_fetch(&link_.stats.datagrams_in, 1, __ATOMIC_RELAXED);
	return packet;
}

void link_send(packet_t *packet)
{
	chunk_t data = packet->get_data(packet);
	uint8_t header[IKE_WIRE_DATAGRAM_HEADER_LEN];
	struct iovec parts[] = {{header, sizeof(header)}, {data.ptr, data.len}};
	const struct msghdr m = {.msg_iov = parts, .msg_iovlen = countof(parts)};
	struct ike_datagram d = {.len = data.len};
	bool sent = FALSE;

	if (!plugin_endpoint(packet->get_source(packet), &d.src) ||
		!plugin_endpoint(packet->get_destination(packet), &d.dst) || data.len == 0 ||
		data.len > IKE_WIRE_DATAGRAM_MAX) {
		return;
	}
	ike_wire_datagram_header(&d, header);
	link_.lock->lock(link_.lock);
	if (link_.ike_fd >= 0 && !link_.ike_broken) {
		sent = sendmsg(link_.ike_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
	}
	link_.stats.datagrams_out += sent;
	link_.stats.dropped_out += !sent;
	link_.lock->unlock(link_.lock);
}

void link_counters(struct ike_stats *s)
{
	link_.lock->lock(link_.lock);
	s->datagrams_in = __atomic_load_n(&link_.stats.datagrams_in, __ATOMIC_RELAXED);
	s->datagrams_out = link_.stats.datagrams_out;
	s->dropped_out = link_.stats.dropped_out;
	s->log_dropped = link_.stats.log_dropped;
	link_.lock->unlock(link_.lock);
}

bool link_start(void)
{
	if (getrandom(&link_.instance, sizeof(link_.instance), 0) != sizeof(link_.instance)) {
		DBG1(DBG_KNL, PLUGIN_NAME ": the kernel gives no random numbers");
		return FALSE;
	}
	link_.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Who logs under the lock comes back to link_say(). */
	link_.lock = mutex_create(MUTEX_TYPE_RECURSIVE);
	link_.answered = condvar_create(CONDVAR_TYPE_DEFAULT);
	link_.connected = condvar_create(CONDVAR_TYPE_DEFAULT);
	link_.waiting = linked_list_create();
	link_.questions = linked_list_create();
	link_.thread = thread_create(run, NULL);
	return link_.thread != NULL && link_.wake_fd >= 0;
}

void link_stop(void)
{
	link_.stop = TRUE;
	wake();
	if (link_.thread != NULL) {
		link_.thread->join(link_.thread);
	}
	if (link_.ike_fd >= 0) {
		close(link_.ike_fd);
	}
	close(link_.wake_fd);
	link_.waiting->destroy(link_.waiting);
	link_.questions->destroy(link_.questions);
	link_.answered->destroy(link_.answered);
	link_.connected->destroy(link_.connected);
	link_.lock->destroy(link_.lock);
}
