/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose address is it? Unique bit, identities, probes, the gate. */
#include "tests/nhrp/world.h"

#define UNIQUE NHRP_FLAG_REG_UNIQUE

static uint32_t holder(void)
{
	struct nhrp_binding b;

	return bound("10.255.0.9", 32, &b) ? b.peer : NHRP_PEER_NONE;
}

static void open_with_holder(enum nhrp_unique unique)
{
	world_open(NULL, &(struct nhrp_iface_params){.unique = unique});
	CU_ASSERT_EQUAL(say_register_as(9, NULL, UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 9);
}

static void test_same_identity(void)
{
	open_with_holder(NHRP_REPLACE_PROVEN);
	world.peers[9].id = (struct nhrp_identity){.name = "CN=a", .proof = NHRP_PROVEN};
	world.peers[20].id = world.peers[9].id;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 20);
	CU_ASSERT_EQUAL(world.peers[9].n_probes, 0);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_MOVED).old_peer, 9);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_MOVED).peer, 20);
	/* Nothing was taken away in between. */
	CU_ASSERT_EQUAL(world.n_unbound, 0);
	CU_ASSERT_EQUAL(world.n_bound, 2);
	nhrp_peer_gone(world.n, 9, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(holder(), 20);
	world_close();
}

static void test_silent(void)
{
	static const enum nhrp_proof proofs[] = {NHRP_UNPROVEN, NHRP_PROVEN};

	for (size_t i = 0; i < 2; i++) {
		open_with_holder(NHRP_REPLACE_PROVEN);
		/* The same name proves nothing if it is only an address. */
		world.peers[9].id = (struct nhrp_identity){.name = "a", .proof = proofs[i]};
		world.peers[20].id = (struct nhrp_identity){.name = "a"};
		CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
		CU_ASSERT_EQUAL(world.peers[9].n_probes, 1);
		CU_ASSERT_EQUAL(holder(), 9);
		world_pass(2999);
		CU_ASSERT_EQUAL(holder(), 9);
		world_pass(1);
		CU_ASSERT_EQUAL(holder(), 20);
		CU_ASSERT(last(0)->peer == 20 && code_of(0) == 0);
		CU_ASSERT_EQUAL(world.n_unbound, 0);
		world_close();
	}
}

static void refused_14(void)
{
	CU_ASSERT_EQUAL(holder(), 9);
	CU_ASSERT(last(0)->peer == 20);
	CU_ASSERT_EQUAL(code_of(0), NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT_EQUAL(world.cie.holding, 0);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_CONFLICT).peer, 20);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_CONFLICT).old_peer, 9);
	CU_ASSERT_EQUAL(stats().conflicts, 1);
	world_close();
}

static void test_alive(void)
{
	/* It answers the probe. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	nhrp_peer_alive(world.n, 9, world.now + 100);
	refused_14();

	/* It sent something that verified. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world.peers[9].id.authentic_ms = world.now + 2000;
	world_pass(3000);
	refused_14();

	/* It says something to us. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world_pass(1000);
	say(9, &(struct say){.type = NHRP_PURGE_REPLY, .src = HUB});
	refused_14();
}

static void test_last_sign(void)
{
	/* Before the question is no sign of life. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	world.peers[9].id.authentic_ms = world.now;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world_pass(3000);
	CU_ASSERT_EQUAL(holder(), 20);
	world_close();
}

static void test_gone(void)
{
	open_with_holder(NHRP_REPLACE_PROVEN);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world_pass(500);
	nhrp_peer_gone(world.n, 9, NHRP_END_PEER_DEAD, world.now);
	CU_ASSERT_EQUAL(holder(), 20);
	world_close();

	/* Who asked is gone: the holder stays. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world.peers[20].gone = true;
	nhrp_peer_gone(world.n, 20, NHRP_END_PEER_GONE, world.now);
	world_pass(10000);
	CU_ASSERT_EQUAL(holder(), 9);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_PEER_GONE], 1);
	world_close();
}

static void test_number_again(void)
{
	/* The holder's number is another's by the time that its silence is noticed. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	world.peers[20].no_sa = true;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), -1);
	world_pass(3000);
	nhrp_peer_gone(world.n, 9, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(say_register_as(9, NULL, UNIQUE), 0);
	world.peers[20].no_sa = false;
	nhrp_peer_up(world.n, TUNNEL, 20, be("198.51.100.20"), world.now);
	CU_ASSERT_EQUAL(holder(), 9);
	CU_ASSERT_EQUAL(world.peers[9].n_probes, 2);
	world_close();
}

static void test_manual(void)
{
	open_with_holder(NHRP_REPLACE_PROVEN);
	world.peers[20].id.proof = NHRP_MANUAL;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 20);
	world_close();
}

static void test_pinned(void)
{
	/* The configuration says that it is peer 20's. */
	open_with_holder(NHRP_REPLACE_PROVEN);
	world.peers[20].id.pinned_be = be("10.255.0.9");
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 20);
	/* And nothing else is. */
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.10", UNIQUE), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_PINNED], 1);
	world_close();
}

static void test_always(void)
{
	open_with_holder(NHRP_ALWAYS_REPLACE);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 20);
	world_close();
}

static void test_strict(void)
{
	open_with_holder(NHRP_STRICT);
	world.peers[9].id = (struct nhrp_identity){.name = "CN=a", .proof = NHRP_PROVEN};
	world.peers[20].id = world.peers[9].id;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT_EQUAL(holder(), 9);
	/* Only one of them is unique: no reason to refuse. */
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", 0), 0);
	CU_ASSERT_EQUAL(holder(), 20);
	CU_ASSERT_EQUAL(say_register_as(9, NULL, UNIQUE), 0);
	CU_ASSERT_EQUAL(holder(), 9);
	world_close();
}

static void test_gate(void)
{
	world_open(NULL, NULL);
	world.gate = NHRP_GATE_DENY;
	CU_ASSERT_EQUAL(say_register_as(9, NULL, 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_GATE], 1);
	world.gate = NHRP_GATE_LATER;
	CU_ASSERT_EQUAL(say_register_as(9, NULL, 0), -1);
	CU_ASSERT_EQUAL(holder(), NHRP_PEER_NONE);
	nhrp_gate_result(world.n, world.token + 1, true, world.now);
	CU_ASSERT_EQUAL(holder(), NHRP_PEER_NONE);
	nhrp_gate_result(world.n, world.token, true, world.now);
	CU_ASSERT_EQUAL(holder(), 9);
	CU_ASSERT(last(0)->peer == 9 && code_of(0) == 0);
	/* Who is in is not asked again; who moves there is. */
	CU_ASSERT_EQUAL(world.n_gated, 2);
	CU_ASSERT_EQUAL(say_register_as(9, NULL, 0), 0);
	CU_ASSERT_EQUAL(world.n_gated, 2);
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", 0), -1);
	CU_ASSERT_EQUAL(world.n_gated, 3);
	nhrp_gate_result(world.n, world.token, false, world.now);
	CU_ASSERT(last(0)->peer == 20 && code_of(0) == NHRP_CODE_PROHIBITED);
	world_close();
}

static void test_gate_many(void)
{
	uint64_t tokens[WORLD_MAX];

	/* More than OpenNHRP's 16 at once; decided in another order. */
	world_open(NULL, NULL);
	world.gate = NHRP_GATE_LATER;
	for (uint32_t i = 2; i < 52; i++) {
		CU_ASSERT_EQUAL(say_register_as(i, NULL, 0), -1);
		tokens[i] = world.token;
	}
	CU_ASSERT_EQUAL(stats().n_pending, 50);
	for (uint32_t i = 51; i > 1; i--)
		nhrp_gate_result(world.n, tokens[i], true, world.now);
	CU_ASSERT_EQUAL(stats().n_leases, 50);
	CU_ASSERT_EQUAL(stats().n_pending, 0);
	world_close();
}

static void test_gate_bounds(void)
{
	const struct say_cie cie = {.holding = 60};

	world_open(&(struct nhrp_params){.pending_max = 6, .pending_per_peer = 2}, NULL);
	world.gate = NHRP_GATE_LATER;
	for (uint32_t i = 0; i < 3; i++) {
		char src[] = "10.255.0.50";

		src[10] = (char)('0' + i);
		CU_ASSERT_EQUAL(say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
					       .src = src,
					       .cies = &cie}),
			i == 2);
	}
	CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_NO_RESOURCES);
	for (uint32_t i = 10; i < 14; i++)
		CU_ASSERT_EQUAL(say_register_as(i, NULL, 0), -1);
	CU_ASSERT_EQUAL(say_register_as(14, NULL, 0), NHRP_CODE_NO_RESOURCES);
	CU_ASSERT_EQUAL(stats().n_pending, 6);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_PENDING], 2);
	world_pass(30000);
	CU_ASSERT_EQUAL(stats().n_pending, 0);
	world_close();
}

static void test_two_at_once(void)
{
	uint64_t first;

	/* Both want a free address; who is allowed first has it, the other one asks for its
	 * silence. */
	world_open(NULL, NULL);
	world.gate = NHRP_GATE_LATER;
	say_register_as(9, NULL, 0);
	first = world.token;
	say_register_as(20, "10.255.0.9", 0);
	nhrp_gate_result(world.n, world.token, true, world.now);
	CU_ASSERT_EQUAL(holder(), 20);
	nhrp_gate_result(world.n, first, true, world.now);
	CU_ASSERT_EQUAL(holder(), 20);
	CU_ASSERT_EQUAL(world.peers[20].n_probes, 1);
	world_close();
}

static void test_move_fails(void)
{
	struct nhrp_binding b;

	open_with_holder(NHRP_ALWAYS_REPLACE);
	world.bind_rc = -EIO;
	CU_ASSERT_EQUAL(say_register_as(20, "10.255.0.9", UNIQUE), NHRP_CODE_PROHIBITED);
	CU_ASSERT(bound("10.255.0.9", 32, &b));
	CU_ASSERT_EQUAL(b.peer, 9);
	CU_ASSERT_EQUAL(b.nbma_be, be("198.51.100.9"));
	CU_ASSERT_EQUAL(world.n_unbound, 0);
	world_close();
}

/* The same SA, another tunnel address: the old one is given up, and who asked for it is told. */
static void test_renumbered(void)
{
	world_open(NULL, &(struct nhrp_iface_params){.networks_per_peer = 1});
	say_register(9, 600);
	say_resolve(10, "10.255.0.9");
	world.n_sent = 0;
	CU_ASSERT_EQUAL(say_register_as(9, "10.255.0.19", NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT(bound("10.255.0.19", 32, NULL));
	CU_ASSERT(world.bound.own && world.bound.address_be == be("10.255.0.19"));
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_MOVED);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_ENDED).end, NHRP_END_MOVED);
	CU_ASSERT_EQUAL(last(1)->peer, 10);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REQUEST);
	CU_ASSERT_EQUAL(stats().n_leases, 1);
	world_close();
	/* Refused, the old one stays. */
	world_open(NULL, NULL);
	say_register(9, 600);
	say_register(10, 600);
	world.peers[10].id.authentic_ms = UINT64_MAX;
	CU_ASSERT_EQUAL(say_register_as(9, "10.255.0.10", 0), -1);
	world_pass(3000);
	last(0);
	CU_ASSERT_EQUAL(code_of(0), NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(stats().n_leases, 2);
	/* Silent, it is replaced, and then the old one of who replaces it ends. */
	world.peers[10].id.authentic_ms = 0;
	CU_ASSERT_EQUAL(say_register_as(9, "10.255.0.10", 0), -1);
	world_pass(3000);
	last(0);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(stats().n_leases, 1);
	world_close();
}

/* Other addresses by the same SA are no moves: neither beside it nor one after the other. */
static void test_several(void)
{
	const struct say_cie cies[] = {{.proto = "10.255.0.9"}, {.proto = "10.255.0.19"}};
	struct nhrp_binding b;

	world_open(NULL, NULL);
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = cies, .n_cies = 2});
	CU_ASSERT_EQUAL(stats().n_leases, 2);
	CU_ASSERT(bound("10.255.0.9", 32, &b) && b.own);
	CU_ASSERT(bound("10.255.0.19", 32, &b) && !b.own);
	/* Until one of them is what it registers under. */
	say(9, &(struct say){
		       .type = NHRP_REGISTRATION_REQUEST, .src = "10.255.0.19", .cies = &cies[1]});
	CU_ASSERT(bound("10.255.0.19", 32, &b) && b.own);
	CU_ASSERT(world.bound.own && world.bound.address_be == be("10.255.0.19"));
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	world_close();
}

static const struct unit_test tests[] = {
	{"the same proven identity replaces at once, without a gap", test_same_identity},
	{"a holder that is silent for 3 s is replaced", test_silent},
	{"a holder that lives keeps its address: code 14", test_alive},
	{"what came before the question is no sign of life", test_last_sign},
	{"holder or claimant go while it is asked", test_gone},
	{"a peer's number is used again while somebody waits", test_number_again},
	{"manual SAs replace", test_manual},
	{"a pinned address is its peer's, and no other", test_pinned},
	{"policy always-replace", test_always},
	{"RFC 2332 5.2.3: policy strict, code 14 if both are unique", test_strict},
	{"the gate says yes, no, and later", test_gate},
	{"50 registrations wait for the gate", test_gate_many},
	{"what waits is bounded, by peer and in all", test_gate_bounds},
	{"two want the same address at once", test_two_at_once},
	{"if control cannot move it, the old one stays", test_move_fails},
	{"RFC 2332 5.2.3: another tunnel address by the same SA", test_renumbered},
	{"several addresses by the same SA", test_several},
};

UNIT_MAIN("nhrp: claim", tests)
