/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owners of peers change: nothing is lost, nothing overtakes, whatever the order in which workers
 * and control come to run. Spokes' own SAs have a window of 64.
 */
#include "dataplane/dp_priv.h"
#include "tests/dp/expect.h"

#define SEEDS   40
#define FLOWS   3 /* to b: from a, c and d, on a receive queue each */
#define ROUNDS  400
#define NUMBER  (PACKET_IP4_LEN + PACKET_UDP_LEN) /* of an inner packet stands here */
#define GRE_LEN 8

static const struct net_params three = {.n_workers = 3, .n_mbufs = 8191};

/* A claim that control has given to another worker meanwhile is not undone. */
static void give_back(void)
{
	struct worker *w;
	struct peer *peer;
	uint16_t owner;

	net_open(&three);
	w = net.dp->workers[0];
	peer = &net.dp->peers[net.a.peer];
	EXPECT(owner_claim(w, peer, &owner));
	owner_give_back(w, peer);
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == SA_OWNER_NONE);
	EXPECT(owner_claim(w, peer, &owner));
	peer->owner = 2;
	owner_give_back(w, peer);
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 2);
	EXPECT(!owner_claim(w, peer, &owner) && owner == 2);
	net_close();
}

/* Nobody uses the peer: it is given away at once, and only who owns it seals for it. */
static void given(void)
{
	struct packet inner;

	net_open(&three);
	EXPECT(dp_peer_set_owner(net.dp, net.b.peer, 3) == -EINVAL);
	EXPECT(dp_peer_set_owner(net.dp, net.b.peer, 2) == 0);
	EXPECT(!dp_peer_moving(net.dp));
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(net.queue_out == 2);
	net_close();
}

static unsigned dice(unsigned *state, unsigned sides)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % sides;
}

static void flow_send(struct spoke *from, unsigned number)
{
	struct packet inner = spoke_packet(from, &net.b, 80);

	packet_put32(inner.b + NUMBER, number);
	spoke_send(from, &inner);
}

/* The next frames are b's, each flow's in order. */
static void flow_receive(const struct spoke *const *flow, uint32_t *next)
{
	while (net.port[net.b.port].tx.n != net.port[net.b.port].tx.head) {
		struct packet gre = EXPECT_GRE(&net.b);
		const uint8_t *ip = gre.b + GRE_LEN;
		unsigned f = 0;

		while (f < FLOWS && memcmp(ip + PACKET_IP4_SRC, &flow[f]->lan_be, 4) != 0)
			f++;
		EXPECT(gre.len > 0 && f < FLOWS);
		if (gre.len == 0 || f == FLOWS)
			return;
		expect_true(HERE, packet_get32(ip + NUMBER) == next[f], "flow %u: %u, expected %u",
			f, packet_get32(ip + NUMBER), next[f]);
		next[f] = packet_get32(ip + NUMBER) + 1;
	}
}

static void open_flows(struct spoke **flow)
{
	net_open(&three);
	for (unsigned f = 0; f < FLOWS; f++) {
		struct packet inner = spoke_packet(flow[f], flow[f], 80);

		flow[f]->queue = f;
		spoke_send_run(flow[f], &inner);
		EXPECT_DELIVERED(flow[f], packet_hop(&inner));
	}
}

/* Three workers feed one SA, whose owner changes all the time. */
static void feed(unsigned seed)
{
	struct spoke *flow[FLOWS] = {&net.a, &net.c, &net.d};
	uint32_t sent[FLOWS] = {0}, next[FLOWS] = {0};
	unsigned moves = 0;

	open_flows(flow);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned f = dice(&seed, FLOWS);

		for (unsigned n = dice(&seed, 4); n > 0; n--)
			flow_send(flow[f], sent[f]++);
		if (dice(&seed, 3) != 0)
			dp_worker_poll(net.dp, dice(&seed, 3));
		if (dice(&seed, 3) == 0)
			dp_peer_moving(net.dp);
		if (dice(&seed, 8) == 0)
			moves += dp_peer_set_owner(net.dp, net.b.peer, dice(&seed, 3)) == 0;
		flow_receive((const struct spoke *const *)flow, next);
	}
	do
		net_run();
	while (dp_peer_moving(net.dp));
	net_run();
	flow_receive((const struct spoke *const *)flow, next);
	EXPECT(moves > ROUNDS / 40);
	for (unsigned f = 0; f < FLOWS; f++)
		EXPECT(next[f] == sent[f]);
	net_close();
}

static void fed_by_three(void)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		feed(seed);
}

/* One spoke sends, its owner changes: each packet is opened once, by one worker. */
static void sender_moves(void)
{
	struct packet inner;
	unsigned moves = 0;

	net_open(&three);
	for (unsigned seed = 1, round = 0; round < ROUNDS; round++) {
		inner = spoke_packet(&net.a, &net.b, 60 + round);
		spoke_send(&net.a, &inner);
		if (dice(&seed, 4) == 0)
			moves += dp_peer_set_owner(net.dp, net.a.peer, dice(&seed, 3)) == 0;
		for (unsigned n = dice(&seed, 6); n > 0; n--)
			dp_worker_poll(net.dp, dice(&seed, 3));
		if (dice(&seed, 2) == 0)
			dp_peer_moving(net.dp);
	}
	do
		net_run();
	while (dp_peer_moving(net.dp));
	net_run();
	for (unsigned round = 0; round < ROUNDS; round++) {
		inner = spoke_packet(&net.a, &net.b, 60 + round);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	EXPECT(moves > 10);
	net_close();
}

/* The owner rests while others feed it: they wait in its inbox and go out in order. */
static void stalled(void)
{
	struct spoke *flow[FLOWS] = {&net.a, &net.c, &net.d};
	uint32_t sent[FLOWS] = {0}, next[FLOWS] = {0};

	open_flows(flow);
	EXPECT(dp_peer_set_owner(net.dp, net.b.peer, 1) == 0);
	for (unsigned round = 0; round < 500; round++) {
		flow_send(flow[0], sent[0]++);
		flow_send(flow[2], sent[2]++);
		dp_worker_poll(net.dp, 0);
		dp_worker_poll(net.dp, 2);
	}
	EXPECT(net.port[0].tx.n == 0);
	flow_send(flow[1], sent[1]++);
	net_run();
	flow_receive((const struct spoke *const *)flow, next);
	for (unsigned f = 0; f < FLOWS; f++)
		EXPECT(next[f] == sent[f]);
	net_close();
}

/* a was claimed by who sent to it; its own packets arrive elsewhere, and it follows them. */
static void follows(void)
{
	struct packet inner;

	net_open(&three);
	inner = spoke_packet(&net.b, &net.a, 100);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	net.a.queue = 2;
	for (unsigned i = 0; i < 20; i++) {
		/* From the fourth move on it stays. */
		unsigned owner = i < 4 ? net.a.queue : 1;

		inner = spoke_packet(&net.a, &net.b, 100);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		dp_peers_follow(net.dp);
		do
			net_run();
		while (dp_peer_moving(net.dp));
		EXPECT(dp_peer_owner(net.dp, net.a.peer) == owner);
		net.a.queue = 3 - net.a.queue;
	}
	net_close();
}

/* A peer goes while it moves and packets are parked for it. */
static void removed(void)
{
	struct packet inner;

	net_open(&three);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_set_owner(net.dp, net.b.peer, 1) == 0);
	EXPECT(dp_peer_set_owner(net.dp, net.a.peer, 2) == -EBUSY);
	spoke_send_run(&net.a, &inner); /* parked */
	spoke_del(&net.b);
	EXPECT(dp_reclaim(net.dp) > 0);
	do
		net_run();
	while (dp_peer_moving(net.dp));
	EXPECT_DROPS(out_no_sa, 1);
	EXPECT(dp_reclaim(net.dp) == 0);
	EXPECT(dp_peer_set_owner(net.dp, net.a.peer, 2) == 0);
	net_close();
}

static const struct unit_test tests[] = {
	{"a claim that is given back", give_back},
	{"a peer that has no owner", given},
	{"three workers feed one SA that moves", fed_by_three},
	{"a spoke that sends moves", sender_moves},
	{"the owner is stalled", stalled},
	{"a peer follows its packets", follows},
	{"a peer goes while it moves", removed},
};

DP_SUITE(owner, tests);
