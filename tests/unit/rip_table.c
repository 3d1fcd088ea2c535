/* SPDX-License-Identifier: BSD-3-Clause */
/* How routes live and die, and authentication as the engine uses it. */
#include "tests/unit/rip_fixture.h"

#define SPOKE_A "10.254.254.11"
#define SPOKE_B "10.254.254.12"
#define LAN_A   "10.11.0.0"

static void test_timeout(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(100 * SECOND);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(180 * SECOND - 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	fx.n_sent = 0;
	fx_run(1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx.event.n_hops, 0);
	fx_run(5 * SECOND);
	CU_ASSERT_EQUAL(fx_said(fx.tun, LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 16);
	/* Said in regular updates too, until it is forgotten. */
	fx_run(85 * SECOND);
	fx.n_sent = 0;
	fx_run(30 * SECOND - 1);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	fx_run(1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 0);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 0);
	fx_stop();
}

static void test_poisoned_and_back(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 16);
	fx_run(0);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 16);
	/* Losing it again does not make it last longer. */
	fx_run(60 * SECOND);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 16);
	fx_run(SECOND);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	/* And the garbage timer is off. */
	fx_run(60 * SECOND);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	fx_stop();
}

/* dmvpn-facts: nothing waits 180 s for a spoke whose SAs are gone. */
static void test_peer_gone(void)
{
	fx_defaults();
	fx_settled();
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_A)), 0);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.11.1.0", 24, NULL, 1);
	/* B leads to a network by A: that is lost too. */
	fx_tell(fx.tun, SPOKE_B, "10.12.0.0", 24, SPOKE_A, 1);
	fx_tell(fx.tun, SPOKE_B, "10.12.1.0", 24, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx.n_events = 0;
	rip_peer_gone(fx.r, fx.tun, be(SPOKE_A));
	fx_run(0);
	CU_ASSERT_EQUAL(fx.n_events, 3);
	CU_ASSERT_EQUAL(fx_said(fx.tun, LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.11.1.0", 24).metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.12.0.0", 24).metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.12.1.0", 24).metric, 0);
	CU_ASSERT_EQUAL(fx_see("10.12.1.0", 24).metric, 2);
	CU_ASSERT_EQUAL(rip_totals(fx.r).peers, 1);
	rip_peer_gone(fx.r, fx.tun, be(SPOKE_A));
	rip_peer_gone(fx.r, 77, be(SPOKE_A));
	fx_stop();
}

/* A's LAN is lost; B, which had it from the hub, says it again. */
static void test_echo(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 16);
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, SPOKE_A, 3);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_held_down), 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	/* A spoke that is itself next to the LAN has not heard of it by the hub. */
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	fx_stop();

	/* So may A itself, that lost it and was told that the hub leads there. */
	fx_defaults();
	fx.tun_params.next_hop_self = true;
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 4);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	fx_stop();

	/* As ripd does it. */
	fx_defaults();
	fx.params.holddown_ms = 0;
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 16);
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, SPOKE_A, 3);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 4);
	fx_stop();

	/* Where horizons are split there are no such echoes. */
	fx_defaults();
	fx_settled();
	fx_tell(fx.lan, "10.1.0.9", LAN_A, 24, NULL, 1);
	fx_tell(fx.lan, "10.1.0.9", LAN_A, 24, NULL, 16);
	fx_tell(fx.lan, "10.1.0.8", LAN_A, 24, NULL, 3);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 4);
	fx_stop();
}

static void test_announced(void)
{
	const struct rip_prefix lan_a = prefix(LAN_A, 24);
	struct rip_announcement a = {.prefix = lan_a,
		.source = RIP_SOURCE_STATIC,
		.metric = 5,
		.distance = 1,
		.iface = RIP_IFACE_NONE};

	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(rip_announce(fx.r, &a), 0);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 5);
	CU_ASSERT_EQUAL(fx.event.n_hops, 0);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 0);
	rip_withdraw(fx.r, &lan_a);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	rip_withdraw(fx.r, &lan_a);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	/* A floating static route gives way. */
	a.distance = 200;
	rip_announce(fx.r, &a);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 1);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx.event.n_hops, 1);
	rip_withdraw(fx.r, &lan_a);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	a.metric = 16;
	CU_ASSERT_EQUAL(rip_announce(fx.r, &a), -EINVAL);
	fx_stop();
}

static void test_clear(void)
{
	fx_defaults();
	fx_settled();
	fx_announce("10.1.0.0", 24, RIP_SOURCE_CONNECTED, 1, fx.lan, NULL);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx.n_sent = 0;
	rip_clear(fx.r);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_see("10.1.0.0", 24).metric, 1);
	CU_ASSERT_EQUAL(fx.n_sent, 2); /* requests */
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 5);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 6);
	fx_stop();
}

static const struct rip_key keys[] = {
	{1, RIP_ALGORITHM_MD5, "secret", 6, {0, UINT64_MAX}, {0, UINT64_MAX}},
	{2, RIP_ALGORITHM_SHA256, "later", 5, {1700100000, UINT64_MAX}, {0, UINT64_MAX}},
};

static void signed_message(uint32_t sequence, const struct rip_key *k, uint32_t metric)
{
	const struct rip_auth a = {.keys = k, .n_keys = 1};
	struct rip_entry e = entry(LAN_A, 24, NULL, metric);
	uint8_t bytes[RIP_PACKET_MAX];
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, RIP_RESPONSE, 2);
	rip_auth_begin(&w, &a, k, sequence);
	rip_packet_write_entry(&w, &e);
	CU_ASSERT_EQUAL(rip_auth_end(&w, k), 0);
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, writer_len(&w));
}

static void test_replay(void)
{
	fx_defaults();
	fx.tun_params.auth = (struct rip_auth){.keys = keys, .n_keys = 2};
	fx_settled();
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_A)), 0);
	signed_message(100, &keys[0], 1);
	signed_message(100, &keys[0], 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	signed_message(99, &keys[0], 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_replay), 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	/* What is not authentic changes no number. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_auth_missing), 1);
	signed_message(5, &keys[1], 7);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_replay), 2);
	/* A neighbor that was silent for 180 s, be it a spoke that is up, may begin anew: ripd
	 * counts from 0. */
	fx_run(181 * SECOND);
	signed_message(0, &keys[0], 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_replay), 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	fx_stop();

	fx_defaults();
	fx.tun_params.auth = (struct rip_auth){.keys = keys, .n_keys = 2};
	fx.tun_params.replay_check = false;
	fx_settled();
	signed_message(100, &keys[0], 1);
	signed_message(99, &keys[0], 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	fx_stop();
}

/* No version 1, no wrong key, no key where none is wanted; nothing of it makes a neighbor. */
static void test_not_authentic(void)
{
	const struct rip_key wrong = {
		1, RIP_ALGORITHM_MD5, "Secret", 6, {0, UINT64_MAX}, {0, UINT64_MAX}};
	const struct rip_key unknown = {
		9, RIP_ALGORITHM_MD5, "secret", 6, {0, UINT64_MAX}, {0, UINT64_MAX}};
	struct rip_entry e = entry("10.0.0.0", 0, NULL, 1);

	fx_defaults();
	fx.tun_params.auth = (struct rip_auth){.keys = keys, .n_keys = 2};
	fx_settled();
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 1, &e, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_auth_missing), 1);
	signed_message(1, &wrong, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_auth_digest), 1);
	signed_message(1, &unknown, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_auth_key), 1);
	CU_ASSERT_EQUAL(rip_totals(fx.r).peers, 0);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 0);
	fx_stop();

	fx_defaults();
	fx_settled();
	signed_message(1, &keys[0], 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_auth_unwanted), 1);
	fx_stop();
}

/* RFC 4822 3.2.1: over a restart the numbers go on, for they are the time's. */
static void test_sequence(void)
{
	uint32_t last = 0;

	for (unsigned run = 0; run < 3; run++) {
		uint64_t unix_base = 1700000000 + run * 100;

		fx_defaults();
		fx.unix_base = unix_base;
		fx.tun_params.auth = (struct rip_auth){.keys = keys, .n_keys = 2};
		fx_start();
		fx_announce("10.1.0.0", 24, RIP_SOURCE_CONNECTED, 1, fx.lan, NULL);
		fx_run(50 * SECOND);
		/* A clock that is set back does not set them back. */
		fx.unix_base -= 100;
		fx_run(50 * SECOND);
		for (unsigned i = 0; i < fx.n_sent; i++) {
			if (fx.sent[i].out.iface != fx.tun)
				continue;
			CU_ASSERT_EQUAL(fx.sent[i].packet.auth.kind, RIP_AUTH_CRYPT);
			CU_ASSERT(fx.sent[i].packet.auth.sequence >= last);
			last = fx.sent[i].packet.auth.sequence;
		}
		CU_ASSERT(last >= unix_base + 1000);
		fx_stop();
	}
}

/* RFC 4822 4.1: without a valid key the hub is silent; it does not speak in clear. */
static void test_no_valid_key(void)
{
	fx_defaults();
	fx.tun_params.auth = (struct rip_auth){.keys = &keys[1], .n_keys = 1};
	fx_start();
	fx_announce("10.1.0.0", 24, RIP_SOURCE_CONNECTED, 1, fx.lan, NULL);
	fx_run(100 * SECOND);
	for (unsigned i = 0; i < fx.n_sent; i++)
		CU_ASSERT_NOT_EQUAL(fx.sent[i].out.iface, fx.tun);
	fx.unix_base = 1700100000;
	fx_run(40 * SECOND);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.1.0.0", 24).metric, 1);
	fx_stop();
}

static void test_parameters(void)
{
	struct error err;

	fx_defaults();
	fx.params.max_paths = 9;
	CU_ASSERT_PTR_NULL(rip_create(&fx.params, 0, &err));
	CU_ASSERT_STRING_EQUAL(err.text, "rip: 9 paths to a network; expected 1..8");
	fx_defaults();
	fx.params.update_ms = 0;
	CU_ASSERT_PTR_NULL(rip_create(&fx.params, 0, &err));
	fx_defaults();
	fx.params.calls.send = NULL;
	CU_ASSERT_PTR_NULL(rip_create(&fx.params, 0, &err));
	fx_defaults();
	fx_start();
	fx.tun_params.n_addrs = 0;
	CU_ASSERT_EQUAL(rip_iface_add(fx.r, &fx.tun_params, &fx.tun, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(rip_refusal_name(RIP_REFUSED_held_down), "held_down");
	CU_ASSERT(strlen(rip_refusal_text(RIP_REFUSED_held_down)) > 0);
	fx_stop();
}

static const struct unit_test tests[] = {
	{"RFC 2453 3.8: timeout, then garbage collection", test_timeout},
	{"RFC 2453 3.8: lost and back", test_poisoned_and_back},
	{"the routes of a dead spoke are lost at once", test_peer_gone},
	{"an echo of what was lost is not believed", test_echo},
	{"announced and learned, by distance", test_announced},
	{"clear forgets and asks", test_clear},
	{"RFC 4822 3.2.2: sequence numbers do not fall", test_replay},
	{"RFC 2453 5.2: what is not authentic", test_not_authentic},
	{"RFC 4822 3.2.1: sequence numbers over a restart", test_sequence},
	{"RFC 4822 4.1: no valid key", test_no_valid_key},
	{"parameters", test_parameters},
};

UNIT_MAIN("rip: table", tests)
