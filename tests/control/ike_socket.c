/* SPDX-License-Identifier: BSD-3-Clause */
/* The two sockets of charon's plugin: who may speak there, and datagrams. */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/control/charon.h"

static void test_hello(void)
{
	uint8_t junk[16] = {0xff};
	int fd;

	charon_open(charon_user());
	fd = charon_connect("sa.sock");
	charon_say_hello(fd, IKE_WIRE_VERSION + 1, 1);
	CU_ASSERT_EQUAL(charon_heard(fd).hello.version, IKE_WIRE_VERSION);
	CU_ASSERT_TRUE(charon_is_over(fd));
	close(fd);
	charon_comes(INSTANCE);
	/* One at a time. */
	fd = charon_connect("sa.sock");
	world_run();
	CU_ASSERT_TRUE(charon_is_over(fd));
	close(fd);
	/* No message: that is no plugin. */
	CU_ASSERT_EQUAL(send(charon.sa, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	world_run();
	CU_ASSERT_TRUE(charon_is_over(charon.sa));
	charon_goes();
	charon_close();
}

static void test_stranger(void)
{
	int fd;

	if (geteuid() != 0)
		return; /* there is no other user to be */
	charon_open("nobody");
	fd = charon_connect("sa.sock");
	world_run();
	CU_ASSERT_TRUE(charon_is_over(fd));
	CU_ASSERT_EQUAL(world.hub->ike->stats.strangers, 1);
	close(fd);
	charon_close();
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

	charon_open(charon_user());
	charon_comes(INSTANCE);
	world_receive(0, &unread);
	world_run();
	ike_wire_datagram_header(&d, data);
	memcpy(data + IKE_WIRE_DATAGRAM_HEADER_LEN, d.data, d.len);
	CU_ASSERT_EQUAL(send(charon.ike, data, sizeof(data), 0), (ssize_t)sizeof(data));
	charon_goes();
	sent = world_sent(0);
	CU_ASSERT_EQUAL_FATAL(sent.len, PACKET_ETH_LEN + PACKET_IP4_LEN + 8 + d.len);
	CU_ASSERT_EQUAL(memcmp(sent.b + sent.len - d.len, d.data, d.len), 0);
	charon_close();
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

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_heard(charon.ike);
	world_receive(0, &frame);
	world_run();
	n = recv(charon.ike, data, sizeof(data), MSG_DONTWAIT);
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
	CU_ASSERT_EQUAL(send(charon.ike, data, (size_t)n, 0), n);
	world_run();
	sent = world_sent(0);
	CU_ASSERT_EQUAL_FATAL(sent.len, frame.len);
	CU_ASSERT_EQUAL(packet_sum(sent.b + PACKET_ETH_LEN, PACKET_IP4_LEN), 0);
	CU_ASSERT_EQUAL(memcmp(sent.b + PACKET_ETH_LEN + PACKET_IP4_LEN + 8, body.b, body.len), 0);
	/* Not from an address that is somebody else's. */
	d.src.addr_be = packet_addr("192.0.2.99");
	ike_wire_datagram_header(&d, data);
	CU_ASSERT_EQUAL(send(charon.ike, data, (size_t)n, 0), n);
	world_run();
	EXPECT_NO_FRAME(0);
	CU_ASSERT_EQUAL(world.hub->ike->stats.refused_out, 1);
	charon_goes();
	charon_close();
}

/* A charon that has no settings yet, or takes its leave, ends what there is, and begins nothing. */
static void test_beginners(void)
{
	struct packet udp = packet_udp(packet_addr(SPOKE), packet_addr(HUB), 500, 500, 328), frame;
	uint8_t *ike_header = udp.b + PACKET_IP4_LEN + 8, data[2048];

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_heard(charon.ike);
	world.hub->ike->answers = true;
	world.hub->ike->leaving = true;
	frame = packet_eth(&mac_hub[0], &mac_near, 0x0800, &udp);
	world_receive(0, &frame);
	world_run();
	CU_ASSERT(recv(charon.ike, data, sizeof(data), MSG_DONTWAIT) > 0);
	/* RFC 7296 3.1: no responder's SPI yet; and without a checksum, which would be another. */
	memset(ike_header + 8, 0, 8);
	memset(ike_header - 2, 0, 2);
	frame = packet_eth(&mac_hub[0], &mac_near, 0x0800, &udp);
	world_receive(0, &frame);
	world_run();
	CU_ASSERT_EQUAL(recv(charon.ike, data, sizeof(data), MSG_DONTWAIT), -1);
	CU_ASSERT_EQUAL(world.hub->ike->stats.dropped_in, 1);
	world.hub->ike->leaving = world.hub->ike->answers = false;
	world_receive(0, &frame);
	world_run();
	CU_ASSERT_EQUAL(recv(charon.ike, data, sizeof(data), MSG_DONTWAIT), -1);
	CU_ASSERT_EQUAL(world.hub->ike->stats.dropped_in, 2);
	world.hub->ike->answers = true;
	world_receive(0, &frame);
	world_run();
	CU_ASSERT(recv(charon.ike, data, sizeof(data), MSG_DONTWAIT) > 0);
	charon_goes();
	charon_close();
}

static const struct unit_test tests[] = {
	{"hello, and what is none", test_hello},
	{"a stranger on the sockets", test_stranger},
	{"datagrams both ways", test_datagrams},
	{"charon's last words", test_last_words},
	{"who begins with charon", test_beginners},
};

const struct control_suite suite_ike_socket = {"ike_socket", tests, RTE_DIM(tests)};
