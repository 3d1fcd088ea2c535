/* SPDX-License-Identifier: BSD-3-Clause */
/* charon's SAs in the hub: how they come, get old, are renewed, and go. */
#include <errno.h>

#include "common/log.h"
#include "tests/control/charon.h"

static unsigned n_sas(void)
{
	return (unsigned)json_array_size(world_ask_json("show ipsec sa"));
}

/* Of the next message, which is an EXPIRE. */
static void expect_expire(uint32_t spi, bool hard)
{
	struct ike_msg m = charon_heard(charon.sa);

	CU_ASSERT_EQUAL(m.type, IKE_MSG_EXPIRE);
	CU_ASSERT_EQUAL(m.expire.spi, spi);
	CU_ASSERT_EQUAL(m.expire.hard, hard);
}

static void test_life(void)
{
	struct ike_msg first;
	uint32_t spi;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	spi = charon_establish();
	CU_ASSERT_EQUAL(world.hub->n_peers, 1);
	CU_ASSERT_EQUAL(n_sas(), 2);
	EXPECT_TEXT("show dmvpn", "10.255.0.11");
	EXPECT_TEXT("show ike sa", "a.example");
	EXPECT_TEXT("show ike sa", "own key");
	CU_ASSERT_PTR_NULL(strstr(world_ask("show ipsec sa"), "0123456789"));
	world_wait(59 * SECONDS);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
	world_wait(2 * SECONDS);
	expect_expire(spi, false);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
	world_wait(30 * SECONDS);
	/* Both at once, in whatever order. */
	first = charon_heard(charon.sa);
	CU_ASSERT_TRUE(first.type == IKE_MSG_EXPIRE && first.expire.hard);
	CU_ASSERT(first.expire.spi == spi || first.expire.spi == SPI_OUT);
	expect_expire(first.expire.spi == spi ? SPI_OUT : spi, true);
	CU_ASSERT_EQUAL(n_sas(), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	charon_goes();
	charon_close();
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
	uint32_t spi = charon_ask_spi();
	const struct ike_msg pair = {.type = IKE_MSG_PAIR, .pair = {1, 2, spi, spi_out}};

	CU_ASSERT_EQUAL(charon_add(charon_sa(spi, true)), 0);
	CU_ASSERT_EQUAL(charon_add(charon_sa(spi_out, false)), 0);
	charon_say(charon.sa, &pair);
	return spi;
}

/* The spoke may not have the new pair yet: the old SA is used until there is a sign that it has. */
static void test_renewed(void)
{
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};
	struct ike_msg del = {.type = IKE_MSG_SA_DEL};
	struct hub_esp_sa *in;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_say(charon.sa, &listed);
	charon_establish();
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
	charon_say(charon.sa, &del);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 3), "current");
	/* One that was overtaken stays behind. */
	renew(SPI_OUT + 4);
	in = ike_esp_find(world.hub->ike, renew(SPI_OUT + 5), packet_addr(HUB));
	sa_at(dp_sa_table(world.hub->dp, true), in->index)->hot.packets = 1;
	world_wait(4 * SECONDS);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 4), "old");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 5), "current");
	charon_goes();
	charon_close();
}

/* By IKEv1 charon has the old outbound SA no more when it asks the spoke to have the new ones. */
static void test_renewed_v1(void)
{
	struct ike_msg del = {.type = IKE_MSG_SA_DEL}, described;
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};
	struct hub_esp_sa *in;
	uint32_t first, second;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_say(charon.sa, &listed);
	first = charon_establish();
	described = charon_ike_sa("a.example", IKE_AUTH_KEY_OWN, 0);
	described.ike_sa.version = 1;
	charon_say(charon.sa, &described);
	second = renew(SPI_OUT + 1);
	del.sa_ref = (struct ike_sa_ref){SPI_OUT, packet_addr(SPOKE)};
	charon_say(charon.sa, &del);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT), "current");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "next");
	/* The spoke is heard on the new ones. */
	in = ike_esp_find(world.hub->ike, second, packet_addr(HUB));
	sa_at(dp_sa_table(world.hub->dp, true), in->index)->hot.packets = 1;
	world_wait(100);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "current");
	world_wait(3 * SECONDS);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT), "none");
	/* It deletes both of a pair: then there is nothing to wait for. */
	renew(SPI_OUT + 2);
	del.sa_ref = (struct ike_sa_ref){SPI_OUT + 1, packet_addr(SPOKE)};
	charon_say(charon.sa, &del);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "current");
	del.sa_ref = (struct ike_sa_ref){second, packet_addr(HUB)};
	charon_say(charon.sa, &del);
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 1), "none");
	CU_ASSERT_STRING_EQUAL(state_of(SPI_OUT + 2), "current");
	CU_ASSERT_PTR_NOT_NULL(ike_esp_find(world.hub->ike, first, packet_addr(HUB)));
	charon_goes();
	charon_close();
}

/* What the spoke sends by an SA that the hub does not have yet: a question to the hub. */
static void send_early(uint32_t spi, unsigned n)
{
	const struct ike_msg m = charon_sa(spi, true);
	const struct packet none = {.len = 8};
	struct sa_params params = {.spi = spi,
		.suite = esp_suite_by_name("aes128gcm16"),
		.key = m.sa_add.key.at,
		.key_len = m.sa_add.key.len};
	struct packet frame = world_icmp("10.255.0.11", "10.255.0.1", 8, 0, &none);
	struct error err = {""};

	sa_unlink(world.seal, world.seal_sa[NEW]);
	sa_free(world.seal, world.seal_sa[NEW]);
	CU_ASSERT_EQUAL_FATAL(sa_add(world.seal, &params, &world.seal_sa[NEW], &err), 0);
	while (n-- > 0) {
		const struct packet sealed = world_seal(NEW, &frame);
		uint32_t src_be = packet_addr(SPOKE);
		struct packet early = sealed;

		memcpy(early.b + PACKET_ETH_LEN + PACKET_IP4_SRC, &src_be, sizeof(src_be));
		packet_ip4_seal(early.b + PACKET_ETH_LEN);
		world_receive(0, &early);
	}
	world_run();
}

/* By IKEv1 a spoke may send before charon has read the message that makes the SA: nothing is lost.
 */
static void test_early(void)
{
	struct hub_hold *held;
	uint32_t spi;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_establish();
	held = &world.hub->ike->early;
	spi = charon_ask_spi();
	send_early(spi, 3);
	CU_ASSERT_EQUAL(held->n, 3);
	CU_ASSERT_EQUAL(charon_add(charon_sa(spi, true)), 0);
	world_run();
	CU_ASSERT_EQUAL(held->n, 0);
	CU_ASSERT_EQUAL(held->sent, 3);
	CU_ASSERT_EQUAL(world_discard(0), 3); /* the hub's answers */
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_spi), 0);
	charon_goes();
	charon_close();
}

/* A spoke that is new: what it says first is answered, so there must be an SA for the answer. */
static void test_early_first(void)
{
	struct hub_hold *held;
	uint32_t spi;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	held = &world.hub->ike->early;
	spi = charon_ask_spi();
	send_early(spi, 1);
	CU_ASSERT_EQUAL(charon_add(charon_sa(spi, true)), 0);
	world_run();
	CU_ASSERT_EQUAL(held->n, 1);
	CU_ASSERT_EQUAL(charon_add(charon_sa(SPI_OUT, false)), 0);
	world_run();
	CU_ASSERT_EQUAL(held->sent, 1);
	CU_ASSERT_EQUAL(world_discard(0), 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_out_no_sa), 0);
	charon_goes();
	charon_close();
}

/* An SA that does not come; one that charon gives up; more than is held; of no SPI of the hub's. */
static void test_early_bounds(void)
{
	struct ike_msg del = {.type = IKE_MSG_SA_DEL};
	struct hub_hold *held;
	uint32_t spi;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_establish();
	held = &world.hub->ike->early;
	spi = charon_ask_spi();
	send_early(spi, held->each + 2);
	CU_ASSERT_EQUAL(held->n, held->each);
	CU_ASSERT_EQUAL(held->displaced, 2);
	world_wait(900);
	CU_ASSERT_EQUAL(held->n, held->each);
	world_wait(200);
	CU_ASSERT_EQUAL(held->n, 0);
	CU_ASSERT_EQUAL(held->given_up, held->each);
	send_early(spi, 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_spi), 1);
	spi = charon_ask_spi();
	del.sa_ref = (struct ike_sa_ref){spi, packet_addr(HUB)};
	charon_say(charon.sa, &del);
	send_early(spi, 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_spi), 2);
	send_early(spi + 1, 1);
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_spi), 3);
	/* Many at once. */
	for (unsigned i = 0; i < held->room + 5; i++)
		send_early(charon_ask_spi(), 1);
	CU_ASSERT_EQUAL(held->n, held->room);
	world_wait(1100);
	CU_ASSERT_EQUAL(held->n, 0);
	charon_goes();
	charon_close();
}

/* Octets and packets are looked at once a second; the soft limit once, the hard one is the end. */
static void test_counted_lives(void)
{
	for (unsigned packets = 0; packets < 2; packets++) {
		struct hub_esp_sa *esp;
		struct ike_msg m;
		struct sa *in;

		charon_open(charon_user());
		charon_comes(INSTANCE);
		charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
		m = charon_sa(charon_ask_spi(), true);
		m.sa_add.seconds = (struct ike_lifetime){0, 0};
		*(packets ? &m.sa_add.packets : &m.sa_add.bytes) =
			(struct ike_lifetime){1000, 1100};
		CU_ASSERT_EQUAL(charon_add(m), 0);
		esp = ike_esp_find(world.hub->ike, m.sa_add.spi, packet_addr(HUB));
		in = sa_at(dp_sa_table(world.hub->dp, true), esp->index);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 999;
		world_wait(2 * SECONDS);
		CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 1000;
		world_wait(2 * SECONDS);
		expect_expire(m.sa_add.spi, false);
		CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
		*(packets ? &in->hot.packets : &in->hot.bytes) = 1100;
		world_wait(2 * SECONDS);
		expect_expire(m.sa_add.spi, true);
		CU_ASSERT_EQUAL(n_sas(), 0);
		charon_goes();
		charon_close();
	}
}

/* NHRP wants SAs with somebody: charon is asked, not too often, by one version after the other. */
static void test_begins(void)
{
	struct ike_msg m;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	world.hub->ike->loaded = true;
	for (uint8_t version = 2; version > 0; version--) {
		CU_ASSERT_EQUAL(ike_connect(world.hub->ike, 0, packet_addr(SPOKE)), NHRP_PEER_NONE);
		m = charon_heard(charon.sa);
		CU_ASSERT_EQUAL(m.type, IKE_MSG_INITIATE);
		CU_ASSERT_EQUAL(m.initiate.local_be, packet_addr(HUB));
		CU_ASSERT_EQUAL(m.initiate.remote_be, packet_addr(SPOKE));
		CU_ASSERT_EQUAL(m.initiate.version, version);
		ike_connect(world.hub->ike, 0, packet_addr(SPOKE));
		CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
		world_wait(11 * SECONDS);
	}
	/* Without its settings charon would not know how. */
	world.hub->ike->loaded = false;
	ike_connect(world.hub->ike, 0, packet_addr(SPOKE));
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
	charon_goes();
	charon_close();
}

/* Of a certificate's addresses the first that can be a spoke's in the tunnel is its own there. */
static void test_certificate(void)
{
	struct ike_msg m = charon_ike_sa("c.example", IKE_AUTH_CERTIFICATE, IKE_NO_SECRET);

	m.ike_sa.cert_be[0] = packet_addr("198.51.100.9");
	m.ike_sa.cert_be[1] = packet_addr("10.255.0.1");
	for (unsigned n = 2; n <= 3; n++) {
		charon_open(charon_user());
		charon_comes(INSTANCE);
		m.ike_sa.cert_be[2] = n == 2 ? 0 : packet_addr("10.255.0.77");
		charon_say(charon.sa, &m);
		CU_ASSERT_EQUAL(charon_add(charon_sa(charon_ask_spi(), true)), 0);
		CU_ASSERT_EQUAL(world.hub->peers[world.hub->ike->esps->peer].address_be,
			n == 2 ? 0 : packet_addr("10.255.0.77"));
		charon_goes();
		charon_close();
	}
}

static void test_refused(void)
{
	struct ike_msg m;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	m = charon_sa(charon_ask_spi(), true);
	CU_ASSERT_EQUAL(charon_add(m), ENOENT); /* no IKE SA */
	charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m.sa_add.key.len = 19;
	CU_ASSERT_EQUAL(charon_add(m), ENOTSUP);
	m.sa_add.key.len = 20;
	m.sa_add.dst.addr_be = packet_addr("198.51.100.1"); /* no tunnel there */
	CU_ASSERT_NOT_EQUAL(charon_add(m), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	/* What others know as well gives no tunnel address. */
	charon_say_ike_sa(IKE_AUTH_KEY_ANYBODY, 0);
	m.sa_add.dst.addr_be = packet_addr(HUB);
	CU_ASSERT_EQUAL(charon_add(m), 0);
	CU_ASSERT_EQUAL(world.hub->n_peers, 1);
	CU_ASSERT_EQUAL(world.hub->peers[world.hub->ike->esps->peer].address_be, 0);
	charon_goes();
	charon_close();
}

static void test_query_delete(void)
{
	struct ike_msg m = {.type = IKE_MSG_SA_QUERY, .id = 9}, got;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	m.sa_ref = (struct ike_sa_ref){charon_establish(), packet_addr(HUB)};
	charon_say(charon.sa, &m);
	got = charon_heard(charon.sa);
	CU_ASSERT_EQUAL(got.type, IKE_MSG_SA_USE);
	CU_ASSERT_EQUAL(got.sa_use.code, 0);
	CU_ASSERT_FALSE(got.sa_use.used);
	m.type = IKE_MSG_SA_DEL;
	m.id = 0;
	charon_say(charon.sa, &m);
	charon_say(charon.sa, &m); /* twice is no matter */
	CU_ASSERT_EQUAL(n_sas(), 1);
	m.type = IKE_MSG_SA_QUERY;
	m.id = 10;
	charon_say(charon.sa, &m);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).sa_use.code, ENOENT);
	m.type = IKE_MSG_SA_DEL;
	m.sa_ref = (struct ike_sa_ref){SPI_OUT, packet_addr(SPOKE)};
	charon_say(charon.sa, &m);
	CU_ASSERT_EQUAL(world.hub->n_peers, 0);
	charon_goes();
	charon_close();
}

/* The same charon again: what it lists goes on, what it does not is gone. */
static void test_again(void)
{
	const struct ike_msg listed = {.type = IKE_MSG_LISTED};
	struct ike_msg m;
	uint32_t spi;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	spi = charon_establish();
	charon_goes();
	CU_ASSERT_EQUAL(n_sas(), 2);
	charon_comes(INSTANCE);
	charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m = charon_sa(spi, true);
	m.id = 0;
	charon_say(charon.sa, &m);
	charon_say(charon.sa, &listed);
	CU_ASSERT_EQUAL(n_sas(), 1);
	EXPECT_TEXT("show ipsec sa", "in ");
	charon_goes();
	/* Another charon: nobody knows of the SA, but the spoke still uses it. */
	charon_comes(INSTANCE + 1);
	charon_say(charon.sa, &listed);
	CU_ASSERT_EQUAL(n_sas(), 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(
				       json_array_get(world_ask_json("show ipsec sa"), 0), "keys")),
		"orphan");
	/* Its lifetime ends as said. */
	world_wait(91 * SECONDS);
	CU_ASSERT_EQUAL(n_sas(), 0);
	CU_ASSERT_EQUAL(charon_heard(charon.sa).type, 0);
	charon_goes();
	charon_close();
}

/* The hub is new, charon is not: numbers that were used are not used again. */
static void test_restored(void)
{
	struct ike_msg m = charon_sa(SPI_OUT, false);
	const struct sa_table *out;

	charon_open(charon_user());
	charon_comes(INSTANCE);
	charon_say_ike_sa(IKE_AUTH_KEY_OWN, 0);
	m.id = 0;
	m.sa_add.seq = 1000;
	charon_say(charon.sa, &m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.hub->ike->esps);
	out = dp_sa_table(world.dp, false);
	CU_ASSERT(sa_at(out, world.hub->ike->esps->index)->hot.seq > 1000000);
	/* And new keys are asked for, before long. */
	world_wait(32 * SECONDS);
	/* Besides, the number is said, for the hub after this one. */
	m = charon_heard(charon.sa);
	CU_ASSERT_EQUAL(m.type, IKE_MSG_SA_SEQ);
	CU_ASSERT(m.sa_seq.seq > 1000000);
	expect_expire(SPI_OUT, false);
	charon_goes();
	charon_close();
}

/* charon logs as much as its subsystem of the log does, and learns at once when that changes. */
static void test_log(void)
{
	static const struct {
		const char *level;
		int charons;
	} levels[] = {{"debug", 2}, {"info", 1}, {"notice", 0}, {"warning", 0}, {"error", 0}};
	char command[32];

	charon_open(charon_user());
	charon_comes(INSTANCE);
	for (unsigned i = 0; i < RTE_DIM(levels); i++) {
		struct ike_msg m;

		snprintf(command, sizeof(command), "set log ike %s", levels[i].level);
		EXPECT_TEXT(command, "Log of ike: ");
		CU_ASSERT_STRING_EQUAL(log_level_names[log_level(LOG_IKE)], levels[i].level);
		m = charon_heard(charon.sa);
		CU_ASSERT_EQUAL(m.type, IKE_MSG_LOG_LEVEL);
		CU_ASSERT_EQUAL(m.log_level.level, levels[i].charons);
	}
	CU_ASSERT_EQUAL(log_level(LOG_RIP), LOG_LEVEL_ERROR);
	world_ask("set log global error");
	charon_goes();
	charon_close();
}

static const struct unit_test tests[] = {
	{"SAs come, get old and go", test_life},
	{"a renewed SA takes over when the spoke has it", test_renewed},
	{"a renewed SA of IKEv1, whose old one charon has no more", test_renewed_v1},
	{"ESP before its SA waits for it", test_early},
	{"and for the one to answer by", test_early_first},
	{"not for long, and not for much", test_early_bounds},
	{"lifetimes of octets and packets", test_counted_lives},
	{"the hub begins", test_begins},
	{"a tunnel address in a certificate", test_certificate},
	{"SAs that the hub cannot have", test_refused},
	{"use and deletion", test_query_delete},
	{"charon comes again, and another one", test_again},
	{"the hub comes again", test_restored},
	{"what charon logs", test_log},
};

const struct control_suite suite_ike = {"ike", tests, RTE_DIM(tests)};
