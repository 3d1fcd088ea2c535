/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An access port of a switch, for kernels without VLAN devices: frames of one VLAN of a device
 * (IEEE 802.1Q) come out of another without their tag, and the reverse.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 2048
#define ADDRS_LEN 12 /* both Ethernet addresses; the tag follows them */
#define TAG_LEN   4

struct side {
	const char *name;
	int fd;
};

static void die(const char *what, const char *name)
{
	fprintf(stderr, "e2e-vlan: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

/* All frames that come in at a device, whoever they are for, with the tag beside them. */
static void side_open(struct side *s)
{
	const int one = 1;
	struct sockaddr_ll own = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(s->name)};
	struct packet_mreq all = {.mr_ifindex = own.sll_ifindex, .mr_type = PACKET_MR_PROMISC};

	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || own.sll_ifindex == 0 ||
		setsockopt(s->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) != 0 ||
		setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) != 0 ||
		setsockopt(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
		bind(s->fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		die("device", s->name);
}

/* A frame without its tag. @return its length, or -1; *vlan is 0 if it had none */
static ssize_t side_receive(const struct side *s, unsigned char *frame, unsigned *vlan)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec room = {frame, FRAME_MAX};
	struct msghdr m = {.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const ssize_t len = recvmsg(s->fd, &m, 0);

	*vlan = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); len > 0 && c != NULL; c = CMSG_NXTHDR(&m, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			*vlan = aux.tp_vlan_tci & 0xfff;
	}
	return len;
}

/* Frames of VLAN `from`, until none is there, to the other side with tag `to`; 0 is untagged. */
static void relay(const struct side *in, unsigned from, const struct side *out, unsigned to)
{
	unsigned char room[TAG_LEN + FRAME_MAX], *frame = room + TAG_LEN;
	const unsigned short tag[2] = {htons(ETH_P_8021Q), htons((unsigned short)to)};
	unsigned vlan;
	ssize_t len;

	while ((len = side_receive(in, frame, &vlan)) > ADDRS_LEN) {
		unsigned char *first = frame;

		if (vlan != from)
			continue;
		if (to != 0) {
			first = room;
			memmove(first, frame, ADDRS_LEN);
			memcpy(first + ADDRS_LEN, tag, TAG_LEN);
			len += TAG_LEN;
		}
		if (send(out->fd, first, (size_t)len, 0) < 0 && errno != EAGAIN && errno != ENOBUFS)
			die("frame to", out->name);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: e2e-vlan TRUNK VLAN ACCESS\n", stderr);
		return 1;
	}
	struct side trunk = {.name = argv[1]}, access = {.name = argv[3]};
	const unsigned vlan = (unsigned)strtoul(argv[2], NULL, 0);

	side_open(&trunk);
	side_open(&access);
	struct pollfd fds[] = {
		{.fd = trunk.fd, .events = POLLIN}, {.fd = access.fd, .events = POLLIN}};

	puts("ready");
	fflush(stdout);
	for (;;) {
		relay(&trunk, vlan, &access, 0);
		relay(&access, 0, &trunk, vlan);
		poll(fds, 2, 1000);
	}
}
