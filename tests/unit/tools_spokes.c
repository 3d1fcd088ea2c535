/* SPDX-License-Identifier: BSD-3-Clause */
/* The spoke simulator: does it read scenarios, learn routes, and see what is wrong with traffic? */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "common/writer.h"
#include "control/rip/packet.h"
#include "tests/unit/unit.h"
#include "tools/spokes/sim_priv.h"

#define HUB  "10.255.0.1"
#define SIZE 200

static struct sim sim;
static struct sim_spoke spokes[4];
static struct config_tunnel tunnel;

/* Four spokes with two LANs each; no port, no SAs. */
static void start(void)
{
	memset(spokes, 0, sizeof(spokes));
	sim = (struct sim){.set = {.lans = 2, .rip = 30, .network = 10},
		.tunnel = &tunnel,
		.tunnel_be = inet_addr(HUB),
		.spokes = spokes,
		.n_spokes = 4,
		.n_lans = 8,
		.now_ms = 1000};
	for (unsigned i = 1; i <= 4; i++) {
		sim_spoke(&sim, i)->sim = &sim;
		sim_spoke(&sim, i)->number = i;
		sim_spoke(&sim, i)->address_be = htonl(0x0aff0001 + i);
		sim_spoke(&sim, i)->state = SIM_REGISTERED;
	}
}

static void end(void)
{
	for (unsigned i = 0; i < 4; i++)
		free(spokes[i].routes);
	free(sim.flows);
}

/* --- scenarios ---------------------------------------------------------------------------------
 */

static int parse(const char *text, struct sim_step *step, struct error *err)
{
	json_t *json = json_loads(text, 0, NULL);
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(json);
	rc = sim_step_parse(&sim, json, step, err);
	json_decref(json);
	return rc;
}

static void test_steps(void)
{
	struct sim_step s;
	struct error err;

	start();
	CU_ASSERT_EQUAL(parse("{\"do\": \"up\"}", &s, &err), 0);
	CU_ASSERT_EQUAL(s.verb, SIM_VERB_up);
	CU_ASSERT_EQUAL(s.spokes.first, 1);
	CU_ASSERT_EQUAL(s.spokes.last, 4);
	CU_ASSERT_EQUAL(parse("{\"do\": \"send\", \"spokes\": \"1-2\", \"to\": \"3-4\", "
			      "\"rate\": 50, \"size\": 1400}",
				&s, &err),
		0);
	CU_ASSERT_EQUAL(s.verb, SIM_VERB_send);
	CU_ASSERT_EQUAL(s.spokes.last, 2);
	CU_ASSERT_EQUAL(s.to.first, 3);
	CU_ASSERT_EQUAL(s.rate, 50);
	CU_ASSERT_EQUAL(s.size, 1400);
	CU_ASSERT_EQUAL(
		parse("{\"expect\": \"route\", \"spokes\": 2, \"to\": \"all\", \"within\": 0.5}",
			&s, &err),
		0);
	CU_ASSERT_EQUAL(s.verb, SIM_VERB_route);
	CU_ASSERT_EQUAL(s.spokes.first, 2);
	CU_ASSERT_EQUAL(s.spokes.last, 2);
	CU_ASSERT_EQUAL(s.to.last, 4);
	CU_ASSERT_DOUBLE_EQUAL(s.within, 0.5, 1e-9);
	CU_ASSERT_EQUAL(parse("{\"do\": \"announce\", \"spokes\": 1, \"prefix\": "
			      "\"192.168.7.9/16\", \"metric\": 3}",
				&s, &err),
		0);
	CU_ASSERT_EQUAL(s.net_be, inet_addr("192.168.0.0"));
	CU_ASSERT_EQUAL(s.len, 16);
	end();
}

/* Each is refused with words that say what is wrong. */
static void test_refused(void)
{
	static const struct {
		const char *step, *word;
	} cases[] = {
		{"[1]", "is an object"},
		{"{\"spokes\": 1}", "either \"do\" or \"expect\""},
		{"{\"do\": \"up\", \"expect\": \"registered\"}", "either"},
		{"{\"do\": \"jump\"}", "there are up die leave"},
		{"{\"expect\": \"up\"}", "there are registered"},
		{"{\"do\": \"up\", \"rate\": 3}", "takes no \"rate\""},
		{"{\"do\": \"up\", \"color\": 3}", "takes no \"color\""},
		{"{\"do\": \"up\", \"spokes\": 0}", "expected a spoke 1..4"},
		{"{\"do\": \"up\", \"spokes\": 5}", "expected a spoke 1..4"},
		{"{\"do\": \"up\", \"spokes\": \"2-9\"}", "expected a spoke 1..4"},
		{"{\"do\": \"up\", \"spokes\": \"3-2\"}", "expected a spoke 1..4"},
		{"{\"do\": \"up\", \"spokes\": \"1-2x\"}", "expected a spoke 1..4"},
		{"{\"do\": \"up\", \"spokes\": -1}", "expected a spoke 1..4"},
		{"{\"do\": \"wait\", \"seconds\": -1}", "seconds 0..86400"},
		{"{\"do\": \"wait\", \"seconds\": \"long\"}", "seconds 0..86400"},
		{"{\"do\": \"send\", \"spokes\": 1}", "needs \"to\""},
		{"{\"do\": \"send\", \"spokes\": \"1-2\", \"to\": \"2-4\"}", "expected as many"},
		{"{\"do\": \"send\", \"to\": 1, \"size\": 40}", "68..1400"},
		{"{\"do\": \"send\", \"to\": 1, \"rate\": 0}", "1..1000000"},
		{"{\"do\": \"announce\"}", "needs \"prefix\""},
		{"{\"do\": \"announce\", \"prefix\": \"10.0.0.0/40\"}", "expected \"10.0.0.0/24\""},
		{"{\"do\": \"announce\", \"prefix\": \"fe80::/64\"}", "expected \"10.0.0.0/24\""},
		{"{\"do\": \"abuse\"}", "needs \"kind\""},
		{"{\"do\": \"abuse\", \"kind\": \"rude\"}", "expected claim"},
		{"{\"expect\": \"refused\", \"code\": 0}", "1..255"},
	};
	struct sim_step s;
	struct error err;

	start();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err.text[0] = '\0';
		CU_ASSERT_TRUE(parse(cases[i].step, &s, &err) < 0);
		if (strstr(err.text, cases[i].word) == NULL)
			printf("%s: %s\n", cases[i].step, err.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, cases[i].word));
	}
	end();
}

static int load(const char *text, struct sim_settings *set, json_t **steps, struct error *err)
{
	char path[] = "/tmp/unit-spokes-XXXXXX";
	int fd = mkstemp(path), rc;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	rc = sim_scenario_load(path, set, steps, err);
	unlink(path);
	return rc;
}

static void test_file(void)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{"{ \"spokes\": 1,\n }", ":2:"},
		{"[]", "expected an object"},
		{"{ \"spoke\": 1 }", "there are spokes, lans"},
		{"{ \"lans\": 65 }", "1..64"},
		{"{ \"window\": 5000 }", "0..4096"},
		{"{ \"steps\": 1 }", "is no list"},
		{"{ \"rip\": 1, \"rip\": 2 }", "duplicate"},
	};
	struct sim_settings set = {0};
	json_t *steps;
	struct error err;

	CU_ASSERT_EQUAL(load("{ \"spokes\": 3, \"lans\": 2, \"holding\": 7, \"rip\": 0, "
			     "\"window\": 0, \"network\": 20, \"steps\": [ 1, 2 ] }",
				&set, &steps, &err),
		0);
	CU_ASSERT_EQUAL(set.n_spokes, 3);
	CU_ASSERT_EQUAL(set.holding, 7);
	CU_ASSERT_EQUAL(set.network, 20);
	CU_ASSERT_EQUAL(json_array_size(steps), 2);
	json_decref(steps);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_TRUE(load(cases[i].text, &set, &steps, &err) < 0);
		CU_ASSERT_PTR_NULL(steps);
		if (strstr(err.text, cases[i].word) == NULL)
			printf("%s: %s\n", cases[i].text, err.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, cases[i].word));
	}
}

/* --- LANs and RIP -------------------------------------------------------------------------------
 */

static void test_lans(void)
{
	start();
	for (unsigned k = 1; k <= 4; k++)
		for (unsigned j = 0; j < 2; j++) {
			unsigned lan = sim_lan_of(&sim, k, j);

			CU_ASSERT_EQUAL(sim_lan_spoke(&sim, lan), k);
			CU_ASSERT_EQUAL(
				sim_lan_find(&sim, sim_lan_net_be(&sim, lan), 24), (int)lan);
			CU_ASSERT_EQUAL(
				sim_lan_find(&sim, sim_lan_host_be(&sim, lan), 32), (int)lan);
		}
	CU_ASSERT_EQUAL(sim_lan_net_be(&sim, 0), inet_addr("10.0.1.0"));
	CU_ASSERT_EQUAL(sim_lan_find(&sim, inet_addr("10.0.0.0"), 24), -1);
	CU_ASSERT_EQUAL(sim_lan_find(&sim, inet_addr("10.0.9.0"), 24), -1);
	CU_ASSERT_EQUAL(sim_lan_find(&sim, inet_addr("10.0.1.0"), 16), -1);
	CU_ASSERT_EQUAL(sim_lan_find(&sim, inet_addr("11.0.1.0"), 24), -1);
	end();
}

/* The hub tells spoke 1 of spoke 2's first LAN. */
static void tell(const char *from, uint32_t via_be, uint32_t metric)
{
	uint8_t bytes[RIP_PACKET_MAX];
	struct writer w = writer_open(bytes, sizeof(bytes));
	const struct rip_entry e = {.family = RIP_FAMILY_IP,
		.addr_be = sim_lan_net_be(&sim, 2),
		.mask_be = inet_addr("255.255.255.0"),
		.next_hop_be = via_be,
		.metric = metric};

	rip_packet_write_header(&w, RIP_RESPONSE, 2);
	rip_packet_write_entry(&w, &e);
	sim_rip_receive(sim_spoke(&sim, 1), inet_addr(from), bytes, (unsigned)writer_len(&w));
}

/* RFC 2453 3.9.2: next hop, infinity, timeout. */
static void test_rip(void)
{
	const struct sim_spoke *k = sim_spoke(&sim, 1);
	uint32_t via_be = htonl(0x0aff0003);

	start();
	CU_ASSERT_FALSE(sim_rip_knows(k, 2, 0));
	tell(HUB, via_be, 1);
	CU_ASSERT_TRUE(sim_rip_knows(k, 2, via_be));
	CU_ASSERT_FALSE(sim_rip_knows(k, 2, sim.tunnel_be));
	CU_ASSERT_FALSE(sim_rip_knows(k, 3, 0));
	tell(HUB, 0, 1);
	CU_ASSERT_TRUE(sim_rip_knows(k, 2, sim.tunnel_be));
	tell(HUB, via_be, 16);
	CU_ASSERT_FALSE(sim_rip_knows(k, 2, 0));
	tell(HUB, via_be, 1);
	sim.now_ms += (SIM_RIP_TIMEOUT - 1) * 1000;
	CU_ASSERT_TRUE(sim_rip_knows(k, 2, via_be));
	sim.now_ms += 1000;
	CU_ASSERT_FALSE(sim_rip_knows(k, 2, via_be));
	CU_ASSERT_EQUAL(sim_faults(&sim), 0);
	tell("10.255.0.9", via_be, 1);
	CU_ASSERT_EQUAL(sim.counts.fault[SIM_FAULT_malformed], 1);
	end();
}

/* --- traffic ------------------------------------------------------------------------------------
 */

static uint8_t packet[SIZE];

/* Packet `number` of flow 0, from spoke 1 to 2, as the hub forwards it. */
static void make(uint64_t number)
{
	const struct sim_stamp s = {0x44535031, 0, number, 1, 2, 0};
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(packet + sizeof(struct rte_ipv4_hdr));

	memset(packet, 0, sizeof(packet));
	sim_ip_write(packet, sim_lan_host_be(&sim, 0), sim_lan_host_be(&sim, 2), IPPROTO_UDP, 63,
		SIZE - sizeof(struct rte_ipv4_hdr));
	udp->dgram_len = htons(SIZE - sizeof(struct rte_ipv4_hdr));
	memcpy(udp + 1, &s, sizeof(s));
	udp->dgram_cksum = rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)packet, udp);
}

static void come(uint64_t number)
{
	make(number);
	sim_flow_receive(sim_spoke(&sim, 2), packet, SIZE);
}

static struct sim_flow *flow(void)
{
	start();
	CU_ASSERT_EQUAL_FATAL(sim_flow_start(&sim, 1, 2, 100, SIZE), 0);
	sim.flows[0].sent = 100;
	return &sim.flows[0];
}

static void test_flow_order(void)
{
	const struct sim_flow *f = flow();

	come(1);
	come(2);
	CU_ASSERT_EQUAL(sim_flow_holes(f), 0);
	come(5);
	CU_ASSERT_EQUAL(sim_flow_holes(f), 2);
	come(4);
	come(3);
	CU_ASSERT_EQUAL(sim_flow_holes(f), 0);
	CU_ASSERT_EQUAL(f->received, 5);
	CU_ASSERT_EQUAL(sim_faults(&sim), 0);
	come(4);
	CU_ASSERT_EQUAL(sim.counts.fault[SIM_FAULT_duplicate], 1);
	come(90);
	come(1); /* too late to tell from a duplicate */
	CU_ASSERT_EQUAL(sim.counts.fault[SIM_FAULT_duplicate], 2);
	CU_ASSERT_EQUAL(f->received, 6);
	end();
}

static void test_flow_wrong(void)
{
	const struct sim_flow *f = flow();
	uint64_t *fault = sim.counts.fault;

	make(1);
	packet[SIZE - 1] ^= 1;
	sim_flow_receive(sim_spoke(&sim, 2), packet, SIZE);
	CU_ASSERT_EQUAL(fault[SIM_FAULT_corrupt], 1);
	make(1);
	sim_flow_receive(sim_spoke(&sim, 2), packet, SIZE - 40); /* cut */
	CU_ASSERT_EQUAL(fault[SIM_FAULT_corrupt], 2);
	make(1);
	packet[8] = 64; /* nobody took a hop off */
	sim_flow_receive(sim_spoke(&sim, 2), packet, SIZE);
	CU_ASSERT_EQUAL(fault[SIM_FAULT_corrupt], 3);
	make(1);
	sim_flow_receive(sim_spoke(&sim, 3), packet, SIZE);
	CU_ASSERT_EQUAL(fault[SIM_FAULT_misdelivered], 1);
	come(101); /* never sent */
	CU_ASSERT_EQUAL(fault[SIM_FAULT_misdelivered], 2);
	CU_ASSERT_EQUAL(f->received, 0);
	end();
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		{"steps", test_steps},
		{"steps that are refused", test_refused},
		{"files", test_file},
		{"LANs", test_lans},
		{"RIP", test_rip},
		{"traffic: order, loss, twice", test_flow_order},
		{"traffic: what is wrong with it", test_flow_wrong},
	};

	return unit_main("tools: spokes", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
