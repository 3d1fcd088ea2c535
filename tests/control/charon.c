/* SPDX-License-Identifier: BSD-3-Clause */
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/control/charon.h"

static const char hub_text[] =
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.77\"; mac = \"02:00:00:00:01:4d\"; } ); },"
	"  { name = \"wan1\"; device = \"none\"; addresses = [ \"198.51.100.1/24\" ];"
	"    mac = \"02:00:00:00:00:02\"; } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42;"
	"  } );"
	"ike = { mode = \"external\"; user = \"%s\"; directory = \"%s\"; psk = ("
	"  { id = \"a.example\"; secret = \"twenty octets at least\"; tunnel_address = "
	"\"10.255.0.11\"; },"
	"  { id = \"*\"; secret = \"another twenty octets\"; } ); };";

static char directory[64];
struct charon charon;

int charon_connect(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", directory, name);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void charon_say(int fd, const struct ike_msg *m)
{
	uint8_t data[IKE_WIRE_MAX];
	int len = ike_wire_encode(m, data, sizeof(data));

	CU_ASSERT_FATAL(len > 0);
	CU_ASSERT_EQUAL(send(fd, data, (size_t)len, MSG_NOSIGNAL), len);
	world_run();
}

/* The hub's next message; type 0 if there is none, or the connection is over. */
struct ike_msg charon_heard(int fd)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m = {.type = 0};
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		CU_ASSERT_EQUAL(ike_wire_decode(&m, data, (size_t)n), 0);
	return m;
}

bool charon_is_over(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

void charon_say_hello(int fd, uint16_t version, uint64_t instance)
{
	const struct ike_msg m = {
		.type = IKE_MSG_HELLO,
		.hello = {IKE_WIRE_MAGIC, version, instance, "a test"},
	};

	charon_say(fd, &m);
}

void charon_open(const char *user)
{
	char text[sizeof(hub_text) + 128];

	strcpy(directory, "/tmp/unit-ike-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	snprintf(text, sizeof(text), hub_text, user, directory);
	world_open(text);
}

void charon_close(void)
{
	char command[96];

	world_discard(0);
	world_discard(1);
	world_close();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	CU_ASSERT_EQUAL(system(command), 0);
}

const char *charon_user(void)
{
	return getpwuid(geteuid())->pw_name;
}

/* charon is there, and has heard what it is told first. */
void charon_comes(uint64_t instance)
{
	charon.sa = charon_connect("sa.sock");
	charon_say_hello(charon.sa, IKE_WIRE_VERSION, instance);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, IKE_MSG_HELLO);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, IKE_MSG_LOG_LEVEL);
	CU_ASSERT_STRING_EQUAL(charon_heard(charon.sa).secret.identity, "a.example");
	CU_ASSERT_EQUAL(charon_heard(charon.sa).secret.kind, IKE_SECRET_ANYBODY);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, IKE_MSG_SECRETS);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
	charon.ike = charon_connect("ike.sock");
	charon_say_hello(charon.ike, IKE_WIRE_VERSION, instance);
}

void charon_goes(void)
{
	/* A child that the hub has just forked holds copies until it execs. */
	shutdown(charon.sa, SHUT_RDWR);
	shutdown(charon.ike, SHUT_RDWR);
	close(charon.sa);
	close(charon.ike);
	world_run();
}

struct ike_msg charon_ike_sa(const char *identity, enum ike_auth auth, uint16_t secret)
{
	struct ike_msg m = {
		.type = IKE_MSG_IKE_SA,
		.ike_sa =
			{
				.ike_sa = 1,
				.version = 2,
				.local = {packet_addr(HUB), 500},
				.remote = {packet_addr(SPOKE), 500},
				.auth = (uint8_t)auth,
				.secret = secret,
			},
	};

	snprintf(m.ike_sa.identity, sizeof(m.ike_sa.identity), "%s", identity);
	return m;
}

void charon_say_ike_sa(enum ike_auth auth, uint16_t secret)
{
	const struct ike_msg m = charon_ike_sa("a.example", auth, secret);

	charon_say(charon.sa, &m);
}

uint32_t charon_ask_spi(void)
{
	const struct ike_msg m = {.type = IKE_MSG_GET_SPI, .id = 5, .get_spi = {packet_addr(HUB)}};
	struct ike_msg got;

	charon_say(charon.sa, &m);
	got = charon_heard(charon.sa);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_SPI);
	CU_ASSERT_EQUAL(got.id, 5);
	CU_ASSERT_EQUAL(got.spi.code, 0);
	CU_ASSERT(got.spi.spi >= 256);
	return got.spi.spi;
}

struct ike_msg charon_sa(uint32_t spi, bool in)
{
	struct ike_msg m = {
		.type = IKE_MSG_SA_ADD,
		.id = 6,
		.sa_add =
			{
				.spi = spi,
				.in = in,
				.src = {packet_addr(in ? SPOKE : HUB), 500},
				.dst = {packet_addr(in ? HUB : SPOKE), 500},
				.ike_sa = 1,
				.window = 64,
				.cipher = 20,
				.key = {20, "0123456789abcdef0123"},
				.seconds = {in ? 60 : 0, 90},
			},
	};

	return m;
}

/* @return what the hub says to it */
uint32_t charon_add(struct ike_msg m)
{
	struct ike_msg got;

	charon_say(charon.sa, &m);
	got = charon_heard(charon.sa);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_RESULT);
	CU_ASSERT_EQUAL(got.id, 6);
	return got.result.code;
}

uint32_t charon_establish(void)
{
	uint32_t spi = charon_ask_spi();
	const struct ike_msg pair = {.type = IKE_MSG_PAIR, .pair = {1, 1, spi, SPI_OUT}};

	charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	CU_ASSERT_EQUAL(charon_add(charon_sa(spi, true)), 0);
	CU_ASSERT_EQUAL(charon_add(charon_sa(SPI_OUT, false)), 0);
	charon_say(charon.sa, &pair);
	return spi;
}
