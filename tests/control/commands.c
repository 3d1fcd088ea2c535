/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands: how they are found, what they say to people and to programs. */
#include <unistd.h>

#include "tests/control/world.h"

static void quiet(void)
{
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

/* A line of one form for each command of the grammar. */
static const char *const lines[] = {
	"help",
	"help ipsec",
	"start",
	"stop",
	"quit",
	"shutdown",
	"shutdown graceful",
	"shutdown now",
	"show version",
	"show config",
	"show config running",
	"show config file",
	"show tech-support",
	"show loop",
	"show drops",
	"show drops all",
	"clear drops",
	"show filter",
	"show nodes",
	"clear nodes",
	"show punt stats",
	"show mempool",
	"show fwd stats all",
	"clear fwd stats all",
	"port stop all",
	"port start all",
	"show port stats all",
	"show port stats 1",
	"show port stats wan0",
	"show port info all",
	"show port summary all",
	"clear port stats 0",
	"show tap",
	"show dmvpn",
	"show dmvpn peer 10.255.0.11",
	"show dmvpn detail tunnel tun0 peer 10.255.0.11",
	"show dmvpn tunnel tun0",
	"show dmvpn graph",
	"show nhrp cache",
	"show nhrp cache dynamic peer 10.255.0.11",
	"show nhrp stats",
	"show nhrp redirect",
	"show nhrp nhs",
	"clear nhrp cache all",
	"purge nhrp all",
	"clear nhrp redirect all",
	"clear nhrp redirect 10.1.0.0/16",
	"purge nhrp 10.1.0.0/16",
	"show dmvpn summary",
	"show dmvpn page 0 1",
	"show dmvpn page 1000000 5",
	"show ipsec sa",
	"show ipsec sa peer 10.255.0.11",
	"show route",
	"show route lookup 10.1.1.5",
	"show route prefix 10.1.1.0/24",
	"show route summary",
	"show arp",
	"show hooks",
	"show events",
	"set log rip debug",
	"set log global error",
	"show reload",
	"show rip",
	"show rip neighbors",
	"show rip status",
	"clear rip",
	"show capture",
	"trace start 1",
	"trace start 1 peer 10.255.0.11 drops",
	"show trace",
	"clear trace",
};

/* These change too much to be run twice, or want a device; see capture.c, link.c. */
static const char *const elsewhere[] = {"capture start /x", "capture stop", "set link-up port",
	"set link-down port", "set promisc", "show ike sa", "show ike stats", "clear ipsec sa peer",
	"clear ipsec sa all", "rekey ipsec sa peer", "clear ike sa peer", "clear ike sa all",
	"rekey ike sa peer", "reload"};

static void test_all_run(void)
{
	char line[128];
	json_error_t error;

	world_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(lines); i++) {
		struct evbuffer *out = evbuffer_new();
		json_t *root;

		CU_ASSERT(cli_execute(world.cli, lines[i], out));
		evbuffer_free(out);
		snprintf(line, sizeof(line), "%s json", lines[i]);
		root = json_loads(world_ask(line), 0, &error);
		CU_ASSERT_PTR_NOT_NULL_FATAL(root);
		CU_ASSERT_STRING_EQUAL(
			json_string_value(json_object_get(root, "command")), lines[i]);
		CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "status")), "ok");
		CU_ASSERT_PTR_NOT_NULL(json_object_get(root, "data"));
		json_decref(root);
	}
	quiet();
}

/* Every command of the table is among the lines above, and in `help`. */
static void test_all_known(void)
{
	world_open(NULL);
	for (unsigned i = 0; i < cli_n_commands; i++) {
		size_t words = strcspn(cli_commands[i].usage, "[<|");
		bool tried = false;

		/* Words that are always the same. */
		while (cli_commands[i].usage[words] != '\0' && cli_commands[i].usage[words] != ' ')
			words--;
		for (unsigned k = 0; k < RTE_DIM(lines); k++)
			tried |= strncmp(lines[k], cli_commands[i].usage, words) == 0;
		for (unsigned k = 0; k < RTE_DIM(elsewhere); k++)
			tried |= strncmp(elsewhere[k], cli_commands[i].usage, words) == 0;
		CU_ASSERT(tried);
		EXPECT_TEXT("help", cli_commands[i].usage);
		EXPECT_TEXT("help", cli_commands[i].help);
	}
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("help")), cli_n_commands);
	CU_ASSERT_PTR_NULL(strstr(world_ask("help ports"), "show dmvpn"));
	quiet();
}

/* A line, and what is said to people and to programs. */
static const struct {
	const char *line, *text, *reason, *near;
} errors[] = {
	{"bogus",
		"Bad argument at 'bogus': expected "
		"help|start|stop|quit|reload|shutdown|show|clear|port|set|purge|rekey|"
		"capture|trace\n"
		"  usage: help [control|display|ports|dmvpn|nhrp|ipsec|routing|debug|all]\n",
		"bad-argument", "bogus"},
	{"show port bogus",
		"Bad argument at 'bogus': expected stats|info|summary\n"
		"  usage: show port stats <port|all>\n",
		"bad-argument", "bogus"},
	{"show port stats 2",
		"Bad argument at '2': expected <port|all>\n  usage: show port stats <port|all>\n",
		"bad-argument", "2"},
	{"show port stats 0x1",
		"Bad argument at '0x1': expected <port|all>\n"
		"  usage: show port stats <port|all>\n",
		"bad-argument", "0x1"},
	{"show dmvpn peer 10.0.0.256",
		"Bad argument at '10.0.0.256': expected <ip>\n  usage: show dmvpn [detail] [tunnel "
		"<tunnel>] [peer <ip>]\n",
		"bad-argument", "10.0.0.256"},
	{"show dmvpn peer 2001:db8::1",
		"Bad argument at '2001:db8::1': expected <ip>\n  usage: show dmvpn [detail] "
		"[tunnel <tunnel>] [peer <ip>]\n",
		"bad-argument", "2001:db8::1"},
	{"show dmvpn peer",
		"Argument missing after 'show dmvpn peer': expected <ip>\n"
		"  usage: show dmvpn [detail] [tunnel <tunnel>] [peer <ip>]\n",
		"missing-argument", "show dmvpn peer"},
	{"clear",
		"Argument missing after 'clear': expected "
		"drops|nodes|fwd|port|nhrp|ipsec|ike|rip|trace\n"
		"  usage: clear drops\n",
		"missing-argument", "clear"},
	{"show version now",
		"Bad argument at 'now': expected json, or nothing\n  usage: show version\n",
		"bad-argument", "now"},
	{"sh ver",
		"Ambiguous word 'sh': expected shutdown|show\n"
		"  usage: help [control|display|ports|dmvpn|nhrp|ipsec|routing|debug|all]\n",
		"ambiguous", "sh"},
	{"show dmvpn peer 10.255.0.99", "No peer has the tunnel address 10.255.0.99\n", "not-found",
		"10.255.0.99"},
	{"show ike sa", "IKE is not configured: there is no ike = { } in the configuration\n",
		"not-found", "ike"},
	{"clear ipsec sa all",
		"IKE is not configured: there is no ike = { } in the configuration\n", "not-found",
		"ike"},
	{"show ipsec sa peer 10.255.0.99", "No peer has the tunnel address 10.255.0.99\n",
		"not-found", "10.255.0.99"},
};

static void test_errors(void)
{
	world_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(errors); i++) {
		const json_t *o;

		CU_ASSERT_STRING_EQUAL(world_ask(errors[i].line), errors[i].text);
		o = world_ask_json(errors[i].line);
		CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "status")), "error");
		CU_ASSERT_STRING_EQUAL(
			json_string_value(json_object_get(o, "reason")), errors[i].reason);
		CU_ASSERT_STRING_EQUAL(
			json_string_value(json_object_get(o, "near")), errors[i].near);
	}
	quiet();
}

static void test_short_words(void)
{
	char full[4096];

	world_open(NULL);
	snprintf(full, sizeof(full), "%s", world_ask("show route lookup 10.1.1.5"));
	CU_ASSERT_STRING_EQUAL(world_ask("sho ro l 10.1.1.5"), full);
	CU_ASSERT_STRING_EQUAL(world_ask("  show\troute lookup   10.1.1.5 \r"), full);
	CU_ASSERT_STRING_EQUAL(world_ask(""), "");
	CU_ASSERT_STRING_EQUAL(world_ask(" # show route"), "");
	/* A word that is all of another's beginning is itself. */
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show drops a json"), "\"show drops all\""));
	quiet();
}

static void forward(unsigned n)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);

	for (unsigned i = 0; i < n; i++) {
		const struct packet frame = world_seal(FAR, &inner);

		world_receive(0, &frame);
	}
	world_run();
	CU_ASSERT_EQUAL(world_discard(0), n);
}

static json_int_t number(const json_t *o, const char *key)
{
	CU_ASSERT(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static void test_port_stats(void)
{
	const json_t *o;
	const unsigned frame = 14 + 20 + 8 + 8 + 8 + 100 + 2 + 2 + 16; /* padded to four */
	char want[1024];

	world_open(NULL);
	world_resolve();
	world_ask("clear port stats all");
	forward(7);
	o = json_array_get(world_ask_json("show port stats 0"), 0);
	CU_ASSERT_EQUAL(number(o, "rx_packets"), 7);
	CU_ASSERT_EQUAL(number(o, "tx_packets"), 7);
	CU_ASSERT_EQUAL(number(o, "rx_bytes"), 7 * frame);
	/* dpdk-testpmd's block to the letter, but for the rates, which are of this moment. */
	snprintf(want, sizeof(want),
		"\n"
		"  ######################## NIC statistics for port 0  ########################\n"
		"  RX-packets: 7          RX-missed: 0          RX-bytes:  %u\n"
		"  RX-errors: 0\n"
		"  RX-nombuf:  0         \n"
		"  TX-packets: 7          TX-errors: 0          TX-bytes:  %u\n"
		"\n"
		"  Throughput (since last show)\n"
		"  Rx-pps:            0          Rx-bps:            0\n"
		"  Tx-pps:            0          Tx-bps:            0\n"
		"  "
		"############################################################################\n",
		7 * frame, 7 * frame);
	CU_ASSERT_STRING_EQUAL(world_ask("show port stats 0"), want);
	o = world_ask_json("show port stats all");
	CU_ASSERT_EQUAL(json_array_size(o), 2);
	CU_ASSERT_EQUAL(number(json_array_get(o, 1), "rx_packets"), 0);
	world_ask("clear port stats 0");
	o = json_array_get(world_ask_json("show port stats 0"), 0);
	CU_ASSERT_EQUAL(number(o, "rx_packets"), 0);
	world_close();
}

static void test_fwd_stats(void)
{
	const char *text;
	const json_t *o;

	world_open(NULL);
	world_resolve();
	world_ask("clear fwd stats all");
	forward(5);
	text = world_ask("show fwd stats all");
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
		"\n"
		"  ---------------------- Forward statistics for port 0  ----------------------\n"
		"  RX-packets: 5              RX-dropped: 0             RX-total: 5\n"
		"  TX-packets: 5              TX-dropped: 0             TX-total: 5\n"
		"  ----------------------------------------------------------------------------\n"
		"\n"
		"  ---------------------- Forward statistics for port 1  "
		"----------------------\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
		"\n"
		"  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++\n"
		"  RX-packets: 5              RX-dropped: 0             RX-total: 5\n"
		"  TX-packets: 5              TX-dropped: 0             TX-total: 5\n"
		"  ++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++\n"
		"\n"
		"  CPU cycles/packet="));
	o = world_ask_json("show fwd stats all");
	CU_ASSERT_EQUAL(number(o, "forwarded"), 5);
	CU_ASSERT_EQUAL(number(o, "forwarded_bytes"), 500);
	CU_ASSERT_EQUAL(number(o, "hairpin"), 5);
	/* stop shows the block and stops; start counts anew. */
	text = world_ask("stop");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Telling cores to stop...\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "RX-packets: 5 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nDone.\n"));
	CU_ASSERT(!dp_running(world.dp));
	CU_ASSERT_STRING_EQUAL(world_ask("stop"), "Packet forwarding not started\n");
	CU_ASSERT_STRING_EQUAL(world_ask("start"), "Forwarding on 1 worker\n");
	CU_ASSERT(dp_running(world.dp));
	CU_ASSERT_STRING_EQUAL(world_ask("start"), "Packet forwarding already started\n");
	CU_ASSERT_EQUAL(number(world_ask_json("show fwd stats all"), "forwarded"), 0);
	world_close();
}

static void test_drops(void)
{
	const json_t *o;
	struct packet frame;

	world_open(NULL);
	world_resolve();
	CU_ASSERT_STRING_EQUAL(world_ask("show drops"), "Nothing was dropped\n");
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("show drops")), 0);
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("show drops all")), DP_DROP_COUNT);
	for (unsigned i = 0; i < 4; i++) {
		const struct packet inner = packet_udp(
			packet_addr("10.1.1.9"), packet_addr("10.9.0.1"), 4000, 5000, 100);

		frame = world_seal(FAR, &inner);
		world_receive(0, &frame);
		if (i == 0)
			world_receive(0, &frame);
	}
	world_run();
	CU_ASSERT_STRING_EQUAL(world_ask("show drops"),
		"Reason                 Packets   Share  What it means\n"
		"esp_replay             1         20%    "
		"ESP sequence number already seen or left of the window\n"
		"fwd_blackhole          4         80%    route says to discard\n");
	o = json_array_get(world_ask_json("show drops"), 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "reason")), "fwd_blackhole");
	CU_ASSERT_EQUAL(number(o, "packets"), 4);
	CU_ASSERT_EQUAL(json_real_value(json_object_get(o, "share")), 80.0);
	world_ask("clear drops");
	CU_ASSERT_STRING_EQUAL(world_ask("show drops"), "Nothing was dropped\n");
	world_close();
}

static void test_nodes(void)
{
	const json_t *o, *esp_in = NULL, *stage;
	size_t i;

	world_open(NULL);
	world_resolve();
	world_ask("clear nodes");
	forward(6);
	o = world_ask_json("show nodes");
	json_array_foreach(json_object_get(o, "stages"), i,
		stage) if (strcmp(json_string_value(json_object_get(stage, "stage")), "esp_in") ==
			   0) esp_in = stage;
	CU_ASSERT_PTR_NOT_NULL_FATAL(esp_in);
	CU_ASSERT_EQUAL(number(esp_in, "packets"), 6);
	CU_ASSERT_EQUAL(number(esp_in, "calls"), 1);
	CU_ASSERT_EQUAL(json_real_value(json_object_get(esp_in, "packets_per_call")), 6.0);
	CU_ASSERT(json_real_value(json_object_get(esp_in, "cycles_per_packet")) > 0);
	CU_ASSERT(number(o, "turns") > number(o, "idle_turns"));
	EXPECT_TEXT("show nodes", "Stage    Packets      Calls        Pkts/call Cycles/pkt Share");
	world_ask("clear nodes");
	EXPECT_TEXT("show nodes", "esp_in   0            0            -         -          0%");
	world_close();
}

static void test_dmvpn(void)
{
	const json_t *o;

	world_open(NULL);
	world_resolve();
	EXPECT_TEXT("show dmvpn",
		"tun0: NBMA 192.0.2.1, 10.255.0.1/24, key 42, redirect off, 4 "
		"peers: 3 up, 1 no-sa\n"
		"Peer             NBMA                    Type     State   SAs  "
		"Expires   RX-pkts     "
		"TX-pkts     Flags\n"
		"10.255.0.11      203.0.113.11            static   up      2    - "
		"        0           "
		"0           \n"
		"10.255.0.12 ");
	forward(3);
	/* Peers are looked at within five seconds. */
	world_wait(6 * SECONDS);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "10.255.0.11      203.0.113.11            "
						   "static   up      2    -         3           "
						   "0           U\n");
	EXPECT_TEXT("show dmvpn peer 10.255.0.12", "10.255.0.12      192.0.2.12              "
						   "static   up      2    -         0           "
						   "3           U\n");
	world_wait(31 * SECONDS);
	EXPECT_TEXT("show dmvpn peer 10.255.0.11", "0           \n");
	o = world_ask_json("show dmvpn");
	CU_ASSERT_EQUAL(json_array_size(o), 4);
	o = json_array_get(o, 0);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "tunnel")), "tun0");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "state")), "up");
	CU_ASSERT_EQUAL(number(o, "rx_packets"), 3);
	CU_ASSERT(json_is_null(json_object_get(o, "expires")));
	world_close();
}

static void test_ipsec(void)
{
	struct packet frame;
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr("10.1.2.9"), 4000, 5000, 100);
	const json_t *o;

	world_open(NULL);
	world_resolve();
	forward(2);
	frame = world_seal(FAR, &inner);
	frame.b[frame.len - 1] ^= 1;
	world_receive(0, &frame);
	world_run();
	CU_ASSERT_STRING_EQUAL(world_ask("show ipsec sa peer 10.255.0.11"),
		"Dir  SPI         Suite             Mode       Seq           Packets   Bytes     "
		"Errors  Soft-left  State    Peer\n"
		"in   0x10000000  aes128gcm16       transp     2             2         216       1 "
		"  "
		"    -          current  10.255.0.11\n"
		"out  0x20000000  aes128gcm16       transp     0             0         0         0 "
		"  "
		"    -          current  10.255.0.11\n");
	o = world_ask_json("show ipsec sa");
	CU_ASSERT_EQUAL(json_array_size(o), 6);
	o = json_array_get(o, 0);
	CU_ASSERT_EQUAL(number(o, "packets"), 2);
	CU_ASSERT_EQUAL(number(o, "auth_errors"), 1);
	CU_ASSERT_EQUAL(number(o, "window"), 64);
	world_close();
}

#define HEAD                                                                                       \
	"Table     Prefix              Source     Dist Metric Action     Via              "        \
	"Device       State      Age\n"

static void test_routes(void)
{
	world_open(NULL);
	world_resolve();
	EXPECT_TEXT("show route",
		"overlay   10.1.1.0/24         static     1    0      peer       10.255.0.11      "
		"tun0         active     0\n"
		"overlay   10.1.2.0/24         static     1    0      peer       10.255.0.12      "
		"tun0         active     0\n"
		"overlay   10.9.0.0/16         static     1    0      blackhole  -                "
		"-            active     0\n"
		"overlay   10.255.0.0/24       connected  0    0      no-peer    -                "
		"-            active     0\n"
		"overlay   10.255.0.1/32       local      0    0      local      -                "
		"-            active     0\n"
		"overlay   10.255.0.11/32      peer       0    0      peer       10.255.0.11      "
		"tun0         active     0\n");
	CU_ASSERT_STRING_EQUAL(world_ask("show route lookup 10.1.2.200"), HEAD
		"overlay   10.1.2.0/24         static     1    0      peer       10.255.0.12   "
		"   tun0         active     0\n"
		"underlay  0.0.0.0/0           static     1    0      neighbor   192.0.2.254   "
		"   wan0         active     0\n");
	CU_ASSERT_STRING_EQUAL(world_ask("show route lookup 192.0.2.12"), HEAD
		"overlay   -                   none       -    -      no-route   -             "
		"   -            unresolved -\n"
		"underlay  192.0.2.12/32       neighbor   0    0      neighbor   192.0.2.12    "
		"   wan0         active     0\n");
	CU_ASSERT_STRING_EQUAL(world_ask("show route prefix 10.9.0.0/16"), HEAD
		"overlay   10.9.0.0/16         static     1    0      blackhole  -             "
		"   -            active     0\n");
	EXPECT_TEXT("show route prefix 10.9.0.1/16", "expected <prefix>");
	EXPECT_TEXT("show route summary", "static     4        4\n");
	world_close();
}

/* No key is in any answer, in no form of the line. */
static void test_no_keys(void)
{
	static const char *const parts[] = {"11112222", "33334444", "\x11\x11\x22\x22"};
	char line[128];

	world_open(NULL);
	world_resolve();
	forward(1);
	for (unsigned i = 0; i < RTE_DIM(lines); i++)
		for (unsigned k = 0; k < RTE_DIM(parts); k++) {
			CU_ASSERT_PTR_NULL(strstr(world_ask(lines[i]), parts[k]));
			snprintf(line, sizeof(line), "%s json", lines[i]);
			CU_ASSERT_PTR_NULL(strstr(world_ask(line), parts[k]));
		}
	EXPECT_TEXT("show config", "(hidden)");
	world_close();
}

/* More rows than one step makes: all are there, once, and JSON is one document. */
static void test_many_rows(void)
{
	static char text[600000];
	size_t used;
	const json_t *o;

	used = (size_t)snprintf(text, sizeof(text),
		"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		" mac = \"02:00:00:00:00:01\"; } ); tunnels = ( { name = \"t\"; address ="
		" \"10.0.0.1/16\"; nbma = \"192.0.2.1\"; peers = (");
	for (unsigned i = 0; i < 1000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"%s{ address = \"10.0.%u.%u\"; nbma = \"192.0.2.%u\"; sa_in = ( { spi = %u;"
			" suite = \"aes128gcm16\"; key = \"0x%040u\"; } ); }",
			i ? "," : "", 1 + i / 200, 1 + i % 200, 2 + i % 200, 1000 + i, i);
	snprintf(text + used, sizeof(text) - used, "); } );");
	world_open(text);
	o = world_ask_json("show ipsec sa");
	CU_ASSERT_EQUAL(json_array_size(o), 1000);
	for (size_t i = 0; i < json_array_size(o); i++) {
		char spi[16];

		snprintf(spi, sizeof(spi), "0x%08x", (unsigned)(1000 + i));
		CU_ASSERT_STRING_EQUAL(
			json_string_value(json_object_get(json_array_get(o, i), "spi")), spi);
	}
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("show dmvpn")), 1000);
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("show route")), 1000 + 2 + 2);
	CU_ASSERT_EQUAL(json_array_size(world_ask_json("show arp")), 200);
	EXPECT_TEXT("show dmvpn", "1000 peers: 1000 no-sa\n");
	world_wait(1000);
	world_discard(0);
	quiet();
}

static const struct unit_test tests[] = {
	{"every command runs, as text and JSON", test_all_run},
	{"every command is tried here and in help", test_all_known},
	{"errors name the word, what was expected, the usage", test_errors},
	{"words may be shortened", test_short_words},
	{"port stats are testpmd's block", test_port_stats},
	{"fwd stats, stop and start are testpmd's", test_fwd_stats},
	{"drops: reasons, shares, clearing", test_drops},
	{"nodes: packets, calls, cycles by stage", test_nodes},
	{"dmvpn: states, counters, flags", test_dmvpn},
	{"ipsec sa: counters and errors", test_ipsec},
	{"routes: both tables, and lookups", test_routes},
	{"keys are never shown", test_no_keys},
	{"long lists come whole", test_many_rows},
};

const struct control_suite suite_commands = {"commands", tests, RTE_DIM(tests)};
