/* SPDX-License-Identifier: BSD-3-Clause */
/* The hub's end of charon's sockets, with a plugin that the test plays. */
#include <errno.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/ike_priv.h"
#include "tests/control/world.h"

#define HUB      "192.0.2.1"
#define SPOKE    "192.0.2.77"
#define SPI_OUT  0xd0000001u
#define INSTANCE 4711

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
	"ike = { mode = \"external\"; user = \"%s\"; directory = \"%s\"; log = 2; psk = ("
	"  { id = \"a.example\"; secret = \"twenty octets at least\"; tunnel_address = "
	"\"10.255.0.11\"; },"
	"  { id = \"*\"; secret = \"another twenty octets\"; } ); };";

static char directory[64];
static int sa_fd, ike_fd;

static int connect_to(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", directory, name);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void say(int fd, const struct ike_msg *m)
{
	uint8_t data[IKE_WIRE_MAX];
	int len = ike_wire_encode(m, data, sizeof(data));

	CU_ASSERT_FATAL(len > 0);
	CU_ASSERT_EQUAL(send(fd, data, (size_t)len, MSG_NOSIGNAL), len);
	world_run();
}

/* The hub's next message; type 0 if there is none, or the connection is over. */
static struct ike_msg heard(int fd)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m = {.type = 0};
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		CU_ASSERT_EQUAL(ike_wire_decode(&m, data, (size_t)n), 0);
	return m;
}

static bool is_over(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void say_hello(int fd, uint16_t version, uint64_t instance)
{
	const struct ike_msg m = {
		.type = IKE_MSG_HELLO,
		.hello = {IKE_WIRE_MAGIC, version, instance, "a test"},
	};

	say(fd, &m);
}

static void open_hub(const char *user)
{
	char text[sizeof(hub_text) + 128];

	strcpy(directory, "/tmp/unit-ike-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	snprintf(text, sizeof(text), hub_text, user, directory);
	world_open(text);
}

static void close_hub(void)
{
	char command[96];

	world_discard(0);
	world_discard(1);
	world_close();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	CU_ASSERT_EQUAL(system(command), 0);
}

static const char *own_user(void)
{
	return getpwuid(geteuid())->pw_name;
}

/* charon is there, and has heard what it is told first. */
static void charon_comes(uint64_t instance)
{
	sa_fd = connect_to("sa.sock");
	say_hello(sa_fd, IKE_WIRE_VERSION, instance);
	CU_ASSERT_EQUAL(heard(sa_fd).type, IKE_MSG_HELLO);
	CU_ASSERT_EQUAL(heard(sa_fd).log_level.level, 2);
	CU_ASSERT_STRING_EQUAL(heard(sa_fd).secret.identity, "a.example");
	CU_ASSERT_EQUAL(heard(sa_fd).secret.kind, IKE_SECRET_ANYBODY);
	CU_ASSERT_EQUAL(heard(sa_fd).type, IKE_MSG_SECRETS);
	CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
	ike_fd = connect_to("ike.sock");
	say_hello(ike_fd, IKE_WIRE_VERSION, instance);
}

static void charon_goes(void)
{
	/* A child that the hub has just forked holds copies until it execs. */
	shutdown(sa_fd, SHUT_RDWR);
	shutdown(ike_fd, SHUT_RDWR);
	close(sa_fd);
	close(ike_fd);
	world_run();
}

static struct ike_msg ike_sa(const char *identity, enum ike_auth auth, uint16_t secret)
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

static void say_ike_sa(enum ike_auth auth, uint16_t secret)
{
	const struct ike_msg m = ike_sa("a.example", auth, secret);

	say(sa_fd, &m);
}

static uint32_t ask_spi(void)
{
	const struct ike_msg m = {.type = IKE_MSG_GET_SPI, .id = 5, .get_spi = {packet_addr(HUB)}};
	struct ike_msg got;

	say(sa_fd, &m);
	got = heard(sa_fd);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_SPI);
	CU_ASSERT_EQUAL(got.id, 5);
	CU_ASSERT_EQUAL(got.spi.code, 0);
	CU_ASSERT(got.spi.spi >= 256);
	return got.spi.spi;
}

static struct ike_msg sa(uint32_t spi, bool in)
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
static uint32_t add(struct ike_msg m)
{
	struct ike_msg got;

	say(sa_fd, &m);
	got = heard(sa_fd);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_RESULT);
	CU_ASSERT_EQUAL(got.id, 6);
	return got.result.code;
}

static uint32_t establish(void)
{
	uint32_t spi = ask_spi();
	const struct ike_msg pair = {.type = IKE_MSG_PAIR, .pair = {1, 1, spi, SPI_OUT}};

	say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	CU_ASSERT_EQUAL(add(sa(spi, true)), 0);
	CU_ASSERT_EQUAL(add(sa(SPI_OUT, false)), 0);
	say(sa_fd, &pair);
	return spi;
}

static unsigned n_sas(void)
{
	return (unsigned)json_array_size(world_ask_json("show ipsec sa"));
}

/* Of the next message, which is an EXPIRE. */
static void expect_expire(uint32_t spi, bool hard)
{
	struct ike_msg m = heard(sa_fd);

	CU_ASSERT_EQUAL(m.type, IKE_MSG_EXPIRE);
	CU_ASSERT_EQUAL(m.expire.spi, spi);
	CU_ASSERT_EQUAL(m.expire.hard, hard);
}

static void test_life(void)
{
	struct ike_msg first;
	uint32_t spi;

	open_hub(own_user());
	charon_comes(INSTANCE);
	spi = establish();
	CU_ASSERT_EQUAL(world.hub->n_peers, 1);
	CU_ASSERT_EQUAL(n_sas(), 2);
	EXPECT_TEXT("show dmvpn", "10.255.0.11");
	EXPECT_TEXT("show ike sa", "a.example");
	EXPECT_TEXT("show ike sa", "own key");
	CU_ASSERT_PTR_NULL(strstr(world_ask("show ipsec sa"), "0123456789"));
	world_wait(59 * SECONDS);
	CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
	world_wait(2 * SECONDS);
	expect_expire(spi, false);
	CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
	world_wait(30 * SECONDS);
	/* Both at once, in whatever order. */
	first = heard(sa_fd);
	CU_ASSERT_TRUE(first.type == IKE_MSG_EXPIRE && first.expire.hard);
	CU_ASSERT(first.expire.spi == spi || first.expire.spi == SPI_OUT);
	expect_expire(first.expire.spi == spi ? SPI_OUT : spi, true);
	CU_ASSERT_EQUAL(n_sas(), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	charon_goes();
	close_hub();
}

static const char *state_of(uint32_t spi)
{
	const json_t *rows = world_ask_json("show ipsec sa");
	const json_t *row;
	char text[16];
	size_t i;

	snprintf(text, sizeof(text), "0x%08x", spi);
	json_array_foreach(
		rows, i, row) if (strcmp(json_string_value(json_object_get(row, "spi")), text) ==
				  0) return json_string_value(json_object_get(row, "state"));
	return "none";
}

/* @return the new pair's inbound SPI */
static uint32_t renew(uint32_t spi_out)
{
	uint32_t spi = ask_spi();
	const struct ike_msg pair = {.type = IKE_MSG_PAIR, .pair = {1, 2, spi, spi_out}};

	CU_ASSERT_EQUAL(add(sa(spi, true)), 0);
	CU_ASSERT_EQUAL(add(sa(spi_out, false)), 0);
	say(sa_fd, &pair);
	return spi;
}

/* The spoke may not have the new pair yet: the old SA is used until there is a sign that it has. */
static void test_renewed(void)
{
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};
	struct ike_msg del = {.type = IKE_MSG_SA_DEL};
	struct hub_esp_sa *in;

	open_hub(own_user());
	charon_comes(INSTANCE);
	say(sa_fd, &listed);
	establish();
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT), "current");
	/* It sends on the new one. */
	in = ike_esp_find(world.hub->ike, renew(SPI_OUT + 1), packet_addr(HUB));
	world_wait(100);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT), "current");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "next");
	sa_at(dp_sa_table(world.hub->dp, true), in->index)->hot.packets = 1;
	world_wait(100);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT), "old");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "current");
	/* It says nothing for a while. */
	renew(SPI_OUT + 2);
	world_wait(2900);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "current");
	world_wait(200);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 2), "current");
	/* It deletes the old one. */
	renew(SPI_OUT + 3);
	del.sa_ref = (struct ike_sa_ref){SPI_OUT + 2, packet_addr(SPOKE)};
	say(sa_fd, &del);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 3), "current");
	/* One that was overtaken stays behind. */
	renew(SPI_OUT + 4);
	in = ike_esp_find(world.hub->ike, renew(SPI_OUT + 5), packet_addr(HUB));
	sa_at(dp_sa_table(world.hub->dp, true), in->index)->hot.packets = 1;
	world_wait(4 * SECONDS);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 4), "old");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 5), "current");
	charon_goes();
	close_hub();
}

/* Octets and packets are looked at once a second; the soft limit once, the hard one is the end. */
static void test_counted_lives(void)
{
	for (unsigned packets = 0; packets < 2; packets++) {
		struct hub_esp_sa *esp;
		struct ike_msg m;
		struct sa *in;

		open_hub(own_user());
		charon_comes(INSTANCE);
		say_ike_sa(IKE_AUTH_KEY_OWN, 0);
		m = sa(ask_spi(), true);
		m.sa_add.seconds = (struct ike_lifetime){0, 0};
		*(packets ? &m.sa_add.packets : &m.sa_add.bytes) =
			(struct ike_lifetime){1000, 1100};
		CU_ASSERT_EQUAL(add(m), 0);
		esp = ike_esp_find(world.hub->ike, m.sa_add.spi, packet_addr(HUB));
		in = sa_at(dp_sa_table(world.hub->dp, true), esp->index);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 999;
		world_wait(2 * SECONDS);
		CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 1000;
		world_wait(2 * SECONDS);
		expect_expire(m.sa_add.spi, false);
		CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 1100;
		world_wait(2 * SECONDS);
		expect_expire(m.sa_add.spi, true);
		CU_ASSERT_EQUAL(n_sas(), 0);
		charon_goes();
		close_hub();
	}
}

/* NHRP wants SAs with somebody: charon is asked, not too often, by one version after the other. */
static void test_begins(void)
{
	struct ike_msg m;

	open_hub(own_user());
	charon_comes(INSTANCE);
	world.hub->ike->loaded = true;
	for (uint8_t version = 2; version > 0; version--) {
		CU_ASSERT_EQUAL(ike_connect(world.hub->ike, 0, packet_addr(SPOKE)), NHRP_PEER_NONE);
		m = heard(sa_fd);
		CU_ASSERT_EQUAL(m.type, IKE_MSG_INITIATE);
		CU_ASSERT_EQUAL(m.initiate.local_be, packet_addr(HUB));
		CU_ASSERT_EQUAL(m.initiate.remote_be, packet_addr(SPOKE));
		CU_ASSERT_EQUAL(m.initiate.version, version);
		ike_connect(world.hub->ike, 0, packet_addr(SPOKE));
		CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
		world_wait(11 * SECONDS);
	}
	/* Without its settings charon would not know how. */
	world.hub->ike->loaded = false;
	ike_connect(world.hub->ike, 0, packet_addr(SPOKE));
	CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
	charon_goes();
	close_hub();
}

/* Of a certificate's addresses the first that can be a spoke's in the tunnel is its own there. */
static void test_certificate(void)
{
	struct ike_msg m = ike_sa("c.example", IKE_AUTH_CERTIFICATE, IKE_NO_SECRET);

	m.ike_sa.cert_be[0] = packet_addr("198.51.100.9");
	m.ike_sa.cert_be[1] = packet_addr("10.255.0.1");
	for (unsigned n = 2; n <= 3; n++) {
		open_hub(own_user());
		charon_comes(INSTANCE);
		m.ike_sa.cert_be[2] = n == 2 ? 0 : packet_addr("10.255.0.77");
		say(sa_fd, &m);
		CU_ASSERT_EQUAL(add(sa(ask_spi(), true)), 0);
		CU_ASSERT_EQUAL(world.hub->peers[world.hub->ike->esps->peer].address_be,
			n == 2 ? 0 : packet_addr("10.255.0.77"));
		charon_goes();
		close_hub();
	}
}

static void test_refused(void)
{
	struct ike_msg m;

	open_hub(own_user());
	charon_comes(INSTANCE);
	m = sa(ask_spi(), true);
	CU_ASSERT_EQUAL(add(m), ENOENT); /* no IKE SA */
	say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m.sa_add.key.len = 19;
	CU_ASSERT_EQUAL(add(m), ENOTSUP);
	m.sa_add.key.len = 20;
	m.sa_add.dst.addr_be = packet_addr("198.51.100.1"); /* no tunnel there */
	CU_ASSERT_NOT_EQUAL(add(m), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	/* What others know as well gives no tunnel address. */
	say_ike_sa(IKE_AUTH_KEY_ANYBODY, 0);
	m.sa_add.dst.addr_be = packet_addr(HUB);
	CU_ASSERT_EQUAL(add(m), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 1);
	CU_ASSERT_EQUAL(world.hub->peers[world.hub->ike->esps->peer].address_be, 0);
	charon_goes();
	close_hub();
}

static void test_query_delete(void)
{
	struct ike_msg m = {.type = IKE_MSG_SA_QUERY, .id = 9}, got;

	open_hub(own_user());
	charon_comes(INSTANCE);
	m.sa_ref = (struct ike_sa_ref){establish(), packet_addr(HUB)};
	say(sa_fd, &m);
	got = heard(sa_fd);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_SA_USE);
	CU_ASSERT_EQUAL(got.sa_use.code, 0);
	CU_ASSERT_FALSE(got.sa_use.used);
	m.type = IKE_MSG_SA_DEL;
	m.id = 0;
	say(sa_fd, &m);
	say(sa_fd, &m); /* twice is no matter */
	CU_ASSERT_EQUAL(n_sas(), 1);
	m.type = IKE_MSG_SA_QUERY;
	m.id = 10;
	say(sa_fd, &m);
	CU_ASSERT_EQUAL(heard(sa_fd).sa_use.code, ENOENT);
	m.type = IKE_MSG_SA_DEL;
	m.sa_ref = (struct ike_sa_ref){SPI_OUT, packet_addr(SPOKE)};
	say(sa_fd, &m);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	charon_goes();
	close_hub();
}

/* The same charon again: what it lists goes on, what it does not is gone. */
static void test_again(void)
{
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};
	struct ike_msg m;
	uint32_t spi;

	open_hub(own_user());
	charon_comes(INSTANCE);
	spi = establish();
	charon_goes();
	CU_ASSERT_EQUAL(n_sas(), 2);
	charon_comes(INSTANCE);
	say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m = sa(spi, true);
	m.id = 0;
	say(sa_fd, &m);
	say(sa_fd, &listed);
	CU_ASSERT_EQUAL(n_sas(), 1);
	EXPECT_TEXT("show ipsec sa", "in ");
	charon_goes();
	/* Another charon: nobody knows of the SA, but the spoke still uses it. */
	charon_comes(INSTANCE + 1);
	say(sa_fd, &listed);
	CU_ASSERT_EQUAL(n_sas(), 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(
				       json_array_get(world_ask_json("show ipsec sa"), 0), "keys")),
		"orphan");
	/* Its lifetime ends as said. */
	world_wait(91 * SECONDS);
	CU_ASSERT_EQUAL(n_sas(), 0);
	CU_ASSERT_EQUAL(heard(sa_fd).type, 0);
	charon_goes();
	close_hub();
}

/* The hub is new, charon is not: numbers that were used are not used again. */
static void test_restored(void)
{
	struct ike_msg m = sa(SPI_OUT, false);
	const struct sa_table *out;

	open_hub(own_user());
	charon_comes(INSTANCE);
	say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m.id = 0;
	m.sa_add.seq = 1000;
	say(sa_fd, &m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.hub->ike->esps);
	out = dp_sa_table(world.dp, false);
	CU_ASSERT(sa_at(out, world.hub->ike->esps->index)->hot.seq > 1000000);
	/* And new keys are asked for, before long. */
	world_wait(32 * SECONDS);
	/* Besides, the number is said, for the hub after this one. */
	m = heard(sa_fd);
	CU_ASSERT_EQUAL(m.type, IKE_MSG_SA_SEQ);
	CU_ASSERT(m.sa_seq.seq > 1000000);
	expect_expire(SPI_OUT, false);
	charon_goes();
	close_hub();
}

static void test_hello(void)
{
	uint8_t junk[16] = {0xff};
	int fd;

	open_hub(own_user());
	fd = connect_to("sa.sock");
	say_hello(fd, IKE_WIRE_VERSION + 1, 1);
	CU_ASSERT_EQUAL(heard(fd).hello.version, IKE_WIRE_VERSION);
	CU_ASSERT_TRUE(is_over(fd));
	close(fd);
	charon_comes(INSTANCE);
	/* One at a time. */
	fd = connect_to("sa.sock");
	world_run();
	CU_ASSERT_TRUE(is_over(fd));
	close(fd);
	/* No message: that is no plugin. */
	CU_ASSERT_EQUAL(send(sa_fd, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	world_run();
	CU_ASSERT_TRUE(is_over(sa_fd));
	charon_goes();
	close_hub();
}

static void test_stranger(void)
{
	int fd;

	if (geteuid() != 0)
		return; /* there is no other user to be */
	open_hub("nobody");
	fd = connect_to("sa.sock");
	world_run();
	CU_ASSERT_TRUE(is_over(fd));
	CU_ASSERT_EQUAL(world.hub->ike->stats.strangers, 1);
	close(fd);
	close_hub();
}

/* RFC 7296 1.4.1: a charon that ends tells its peers; it has gone when that is read. */
static void test_last_words(void)
{
	const struct ike_datagram d = {
		{packet_addr(HUB), 500}, {packet_addr(SPOKE), 500}, (const uint8_t *)"over", 4};
	const struct packet udp = packet_udp(packet_addr(SPOKE), packet_addr(HUB), 500, 500, 328);
	const struct packet unread = packet_eth(&mac_hub[0], &mac_near, 0x0800, &udp);
	uint8_t data[IKE_WIRE_DATAGRAM_HEADER_LEN + 4];
	struct packet sent;

	open_hub(own_user());
	charon_comes(INSTANCE);
	world_receive(0, &unread);
	world_run();
	ike_wire_datagram_header(&d, data);
	memcpy(data + IKE_WIRE_DATAGRAM_HEADER_LEN, d.data, d.len);
	CU_ASSERT_EQUAL(send(ike_fd, data, sizeof(data), 0), (ssize_t)sizeof(data));
	charon_goes();
	sent = world_sent(0);
	CU_ASSERT_EQUAL_FATAL(sent.len, PACKET_ETH_LEN + PACKET_IP4_LEN + 8 + d.len);
	CU_ASSERT_EQUAL(memcmp(sent.b + sent.len - d.len, d.data, d.len), 0);
	close_hub();
}

/* From the wire to charon unaltered, and back with right checksums. */
static void test_datagrams(void)
{
	const struct packet udp = packet_udp(packet_addr(SPOKE), packet_addr(HUB), 500, 500, 328);
	const struct packet body = packet_cut(&udp, PACKET_IP4_LEN + 8);
	const struct packet frame = packet_eth(&mac_hub[0], &mac_near, 0x0800, &udp);
	uint8_t data[2048];
	struct ike_datagram d;
	struct packet sent;
	ssize_t n;

	open_hub(own_user());
	charon_comes(INSTANCE);
	heard(ike_fd);
	world_receive(0, &frame);
	world_run();
	n = recv(ike_fd, data, sizeof(data), MSG_DONTWAIT);
	CU_ASSERT_FATAL(n > 0);
	CU_ASSERT_EQUAL_FATAL(ike_wire_datagram_decode(&d, data, (size_t)n), 0);
	CU_ASSERT_EQUAL(d.src.addr_be, packet_addr(SPOKE));
	CU_ASSERT_EQUAL(d.dst.port, 500);
	CU_ASSERT_EQUAL(d.len, body.len);
	CU_ASSERT_EQUAL(memcmp(d.data, body.b, body.len), 0);
	/* The answer goes the other way, from where charon says. */
	d.dst = d.src;
	d.src = (struct ike_endpoint){packet_addr(HUB), 500};
	ike_wire_datagram_header(&d, data);
	CU_ASSERT_EQUAL(send(ike_fd, data, (size_t)n, 0), n);
	world_run();
	sent = world_sent(0);
	CU_ASSERT_EQUAL_FATAL(sent.len, frame.len);
	CU_ASSERT_EQUAL(packet_sum(sent.b + PACKET_ETH_LEN, PACKET_IP4_LEN), 0);
	CU_ASSERT_EQUAL(memcmp(sent.b + PACKET_ETH_LEN + PACKET_IP4_LEN + 8, body.b, body.len), 0);
	/* Not from an address that is somebody else's. */
	d.src.addr_be = packet_addr("192.0.2.99");
	ike_wire_datagram_header(&d, data);
	CU_ASSERT_EQUAL(send(ike_fd, data, (size_t)n, 0), n);
	world_run();
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world.hub->ike->stats.refused_out, 1);
	charon_goes();
	close_hub();
}

static const struct unit_test tests[] = {
	{"SAs come, get old and go", test_life},
	{"a renewed SA takes over when the spoke has it", test_renewed},
	{"lifetimes of octets and packets", test_counted_lives},
	{"the hub begins", test_begins},
	{"a tunnel address in a certificate", test_certificate},
	{"SAs that the hub cannot have", test_refused},
	{"use and deletion", test_query_delete},
	{"charon comes again, and another one", test_again},
	{"the hub comes again", test_restored},
	{"hello, and what is none", test_hello},
	{"a stranger on the sockets", test_stranger},
	{"datagrams both ways", test_datagrams},
	{"charon's last words", test_last_words},
};

const struct control_suite suite_ike = {"ike", tests, RTE_DIM(tests)};
