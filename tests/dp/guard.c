/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AddressSanitizer builds only: reads beside a packet are caught, in whatever stage they happen.
 * Each read is done in a child that is expected to die of it with a report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "tests/dp/expect.h"

#ifndef BUF_GUARD
#error "this test is of an AddressSanitizer build"
#endif

/* Read one octet in a child. @return true if it died, with a report about poisoned memory */
static bool read_is_caught(const uint8_t *octet)
{
	char report[8192] = "";
	size_t n = 0;
	ssize_t got;
	int fds[2], status;
	pid_t child;

	CU_ASSERT_FATAL(pipe(fds) == 0);
	child = fork();
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		_exit(*(volatile const uint8_t *)octet == 0 ? 0 : 1);
	}
	close(fds[1]);
	while (n < sizeof(report) - 1 &&
		(got = read(fds[0], report + n, sizeof(report) - 1 - n)) > 0)
		n += (size_t)got;
	close(fds[0]);
	waitpid(child, &status, 0);
	return strstr(report, "use-after-poison") != NULL &&
	       strstr(report, "READ of size 1") != NULL;
}

static void expect_guarded(const struct rte_mbuf *m)
{
	const uint8_t *start = rte_pktmbuf_mtod(m, const uint8_t *);

	EXPECT(!read_is_caught(start));
	EXPECT(!read_is_caught(start + m->data_len - 1));
	EXPECT(read_is_caught(start + m->data_len));
	EXPECT(read_is_caught(start + m->data_len + 100));
	EXPECT(read_is_caught((const uint8_t *)m->buf_addr));
}

/* Through the real first stages: what they leave guarded is the packet, no octet more. */
static void stages(void)
{
	struct packet inner, frame;
	struct pkt p = {.peer_in = DP_PEER_NONE};
	struct pkt *line[] = {&p};
	struct worker *w;

	net_open(NULL);
	w = net.dp->workers[0];
	inner = spoke_packet(&net.a, &net.b, 104); /* 8-octet aligned ends: what ASan can tell */
	frame = spoke_seal(&net.a, &inner);
	p.m = rte_pktmbuf_alloc(dp_packet_pool(net.dp));
	memcpy(rte_pktmbuf_append(p.m, frame.len), frame.b, frame.len);
	CU_ASSERT_FATAL(rx_stage(w, line, 1) == 1);
	expect_guarded(p.m);
	CU_ASSERT_FATAL(ip4_in_stage(w, line, 1) == 1);
	CU_ASSERT_FATAL(esp_in_stage(w, line, 1) == 1);
	CU_ASSERT_FATAL(gre_in_stage(w, line, 1) == 1);
	EXPECT(p.m->data_len == inner.len);
	expect_guarded(p.m);
	EXPECT(read_is_caught(rte_pktmbuf_mtod(p.m, uint8_t *) - 9));
	CU_ASSERT_FATAL(ip4_fwd_stage(w, line, 1) == 1);
	CU_ASSERT_FATAL(gre_out_stage(w, line, 1) == 1);
	CU_ASSERT_FATAL(esp_out_stage(w, line, 1) == 1);
	expect_guarded(p.m);
	buf_free(p.m);
	net_close();
}

/* A freed buffer may be written whole by whoever gets it next. */
static void freed(void)
{
	struct rte_mbuf *m;

	net_open(NULL);
	m = rte_pktmbuf_alloc(dp_packet_pool(net.dp));
	buf_set(m, (uint8_t *)m->buf_addr + 64, 64);
	expect_guarded(m);
	buf_free(m);
	EXPECT(!read_is_caught((const uint8_t *)m->buf_addr));
	net_close();
}

static const struct unit_test tests[] = {
	{"an octet beside the packet is caught after each stage", stages},
	{"a freed buffer is free", freed},
};

int main(int argc, char **argv)
{
	if (net_eal_start("dp-guard", 1) < 0)
		return EXIT_FAILURE;
	return unit_main("guard", tests, RTE_DIM(tests), argc, argv);
}
