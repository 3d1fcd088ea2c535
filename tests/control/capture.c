/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures and traces by command: the file, its bounds, what is said about it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/pcapng.h"
#include "tests/control/world.h"

static char folder[64], path[96], line[256];

static void open_world(void)
{
	snprintf(folder, sizeof(folder), "/tmp/dmvpn-hub-capture-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x.pcapng", folder);
	world_open(NULL);
	world_resolve();
	world_run();
	world_discard(0);
	world_discard(1);
}

static void close_world(void)
{
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

/* `capture start` with our file and these words. */
static const char *begin(const char *words)
{
	snprintf(line, sizeof(line), "capture start %s %s", path, words);
	return world_ask(line);
}

static void expect_says(const char *said, const char *part)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(said, part));
	if (strstr(said, part) == NULL)
		fprintf(stderr, "said: %s\nexpected: %s\n", said, part);
	/* One line. */
	CU_ASSERT_PTR_EQUAL(strchr(said, '\n'), said + strlen(said) - 1);
}

static void traffic(enum spoke_name from, const char *dst, unsigned n)
{
	const struct packet inner =
		packet_udp(packet_addr("10.1.1.9"), packet_addr(dst), 4000, 5000, 100);

	for (unsigned i = 0; i < n; i++) {
		const struct packet frame = world_seal(from, &inner);

		world_receive(0, &frame);
	}
	world_run();
	world_discard(0);
}

/* What tshark, which knows nothing of us, reads in the file: one line a packet. */
static const char *tshark(const char *fields)
{
	static char out[8192];
	char run[512];
	size_t n;
	FILE *p;

	snprintf(run, sizeof(run), "tshark -n -r %s -T fields %s 2>&1", path, fields);
	p = popen(run, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	CU_ASSERT_EQUAL(pclose(p), 0);
	/* Told to root, and no matter. */
	return strncmp(out, "Running as", 10) == 0 ? strchr(out, '\n') + 1 : out;
}

static void test_inner(void)
{
	struct stat s;
	double at;

	open_world();
	expect_says(begin("inner"), "Capturing up to 1000 packets to /tmp/");
	traffic(FAR, "10.1.2.9", 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show capture"), ": running\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("capture stop"), "inner, 4 of 1000 packets"));
	CU_ASSERT_EQUAL_FATAL(stat(path, &s), 0);
	CU_ASSERT_EQUAL(s.st_mode & 0777, 0600);
	CU_ASSERT_STRING_EQUAL(
		tshark("-e frame.interface_name -e frame.encap_type -e ip.dst -e ip.ttl "
		       "-e udp.dstport -e frame.packet_flags_direction"),
		"wan0 inner\t7\t10.1.2.9\t64\t5000\t0x00000001\n"
		"wan0 inner\t7\t10.1.2.9\t64\t5000\t0x00000001\n"
		"wan0 inner\t7\t10.1.2.9\t63\t5000\t0x00000002\n"
		"wan0 inner\t7\t10.1.2.9\t63\t5000\t0x00000002\n");
	at = strtod(tshark("-c 1 -e frame.time_epoch"), NULL);
	CU_ASSERT(at > (double)time(NULL) - 60 && at < (double)time(NULL) + 2);
	close_world();
}

static void test_outer(void)
{
	open_world();
	begin("outer port wan0 peer 10.255.0.12");
	traffic(FAR, "10.1.2.9", 1);
	world_ask("capture stop");
	CU_ASSERT_STRING_EQUAL(tshark("-e frame.interface_name -e ip.src -e ip.dst -e esp.spi"),
		"wan0\t192.0.2.1\t192.0.2.12\t0x20000001\n");
	close_world();
}

/* A peer's place is another's one day: what was to follow the peer alone ends with it. */
static void test_peer_gone(void)
{
	const struct ip_addr a = ip_addr_v4(packet_addr("10.255.0.12"));

	open_world();
	begin("inner peer 10.255.0.12");
	traffic(FAR, "10.1.2.9", 1);
	world_ask("trace start 2 peer 10.255.0.11");
	hub_peer_del(world.hub, hub_peer_find(world.hub, &a));
	CU_ASSERT(strstr(world_ask("show capture"), "its peer is gone") != NULL);
	expect_says(world_ask("capture stop"), "no capture runs");
	CU_ASSERT(strstr(tshark("-e ip.dst"), "10.1.2.9") != NULL);
	CU_ASSERT_EQUAL(dp_trace_params(world.dp).count, 2);
	world_ask("trace start 2 peer 10.255.0.11");
	hub_peer_del(world.hub, hub_peer_find(world.hub, &(struct ip_addr[]){ip_addr_v4(
								 packet_addr("10.255.0.11"))}[0]));
	CU_ASSERT_EQUAL(dp_trace_params(world.dp).count, 0);
	close_world();
}

static void test_drops(void)
{
	struct packet frame = packet_fill(1, 80);

	open_world();
	begin("drops");
	traffic(FAR, "10.9.0.1", 1);
	frame = packet_eth(&mac_hub[0], &mac_gateway, 0x88cc, &frame);
	world_receive(0, &frame);
	world_run();
	world_ask("capture stop");
	CU_ASSERT_STRING_EQUAL(tshark("-e frame.interface_name -e ip.dst -e frame.comment"),
		"wan0 inner\t10.9.0.1\tfwd_blackhole: route says to discard\n"
		"wan0\t\teth_type: Ethernet type is neither IPv4 nor ARP\n");
	close_world();
}

static void test_bounds(void)
{
	const json_t *o;

	open_world();
	begin("inner count 5 snaplen 40");
	traffic(FAR, "10.1.2.9", 20);
	o = world_ask_json("show capture");
	CU_ASSERT(json_is_false(json_object_get(o, "running")));
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(o, "packets")), 5);
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(o, "state")), "its count was reached");
	expect_says(world_ask("capture stop"), "no capture runs");
	CU_ASSERT_STRING_EQUAL(tshark("-c 1 -e frame.len -e frame.cap_len"), "100\t40\n");
	/* The bound of the file's size, with room for one more packet. */
	unlink(path);
	begin("inner");
	world.hub->capture.bytes = HUB_CAPTURE_BYTES_MAX - 10;
	traffic(FAR, "10.1.2.9", 20);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show capture"), "as large as may be"));
	CU_ASSERT_EQUAL(world.hub->capture.written, 1);
	close_world();
}

static void test_refusals(void)
{
	open_world();
	CU_ASSERT_STRING_EQUAL(world_ask("show capture"), "Nothing was captured\n");
	expect_says(world_ask("capture start x.pcapng"), "the file's whole path is needed");
	expect_says(world_ask("capture start /tmp/no-such-folder/x"), "No such file or directory");
	expect_says(begin("count 1000001"), "takes up to 1000000 packets");
	expect_says(begin("snaplen 2049"), "2048 octets");
	expect_says(begin("peer 10.255.0.99"), "No peer has");
	CU_ASSERT_PTR_NOT_NULL(strstr(begin("port all"), "Bad argument"));
	CU_ASSERT_PTR_NOT_NULL(strstr(begin("count 0"), "Bad argument"));
	begin("");
	expect_says(begin(""), "`capture stop` ends it");
	world_ask("capture stop");
	expect_says(begin(""), "is there already");
	unlink(path);
	/* A link is no new file either. */
	CU_ASSERT_EQUAL(symlink("/tmp/dmvpn-hub-nowhere", path), 0);
	expect_says(begin(""), "is there already");
	close_world();
}

/* The disk fills up: the capture ends with that reason, packets go on. */
static void test_full(void)
{
	FILE *full;

	open_world();
	begin("inner");
	CU_ASSERT_PTR_NOT_NULL_FATAL(freopen("/dev/full", "w", world.hub->capture.file));
	traffic(FAR, "10.1.2.9", 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show capture"), "No space left on device"));
	CU_ASSERT_PTR_NULL(world.hub->capture.file);
	close_world();
	/* And at once. */
	full = fopen("/dev/full", "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(full);
	setvbuf(full, NULL, _IONBF, 0);
	CU_ASSERT_EQUAL(pcapng_section(full, "x"), -ENOSPC);
	fclose(full);
}

/* A hub that ends leaves a whole file. */
static void test_end(void)
{
	struct stat s;

	open_world();
	begin("inner");
	traffic(FAR, "10.1.2.9", 3);
	world_close();
	CU_ASSERT_EQUAL(stat(path, &s), 0);
	CU_ASSERT_STRING_EQUAL(tshark("-c 1 -e ip.dst"), "10.1.2.9\n");
	unlink(path);
	rmdir(folder);
}

static void test_trace(void)
{
	const json_t *o, *in, *out;

	open_world();
	CU_ASSERT_STRING_EQUAL(world_ask("show trace"), "Nothing is traced\n");
	expect_says(world_ask("trace start 129"), "A trace follows up to 128 packets");
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("trace start"), "Argument missing"));
	expect_says(world_ask("trace start 2 peer 10.255.0.99"), "No peer has");
	expect_says(world_ask("trace start 2"), "Tracing 2 packets");
	traffic(FAR, "10.1.2.9", 1);
	traffic(FAR, "10.9.0.1", 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show trace"),
		"  gre_in   worker 0   peer 10.255.0.11, protocol 0x0800, key 42\n"
		"  ip4_fwd  worker 0   10.1.1.9 > 10.1.2.9, protocol 17, 100 octets, TTL 64\n"
		"  handoff  worker 0   to peer 10.255.0.12\n"
		"  gre_out  worker 0   \n"
		"  esp_out  worker 0   SPI 0x20000001, to 192.0.2.12, sequence 1\n"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(world_ask("show trace"), "  dropped: fwd_blackhole: route says to discard\n"
						"2 of 2 packets\n"));
	o = json_array_get(world_ask_json("show trace"), 0);
	in = json_object_get(o, "in");
	out = json_object_get(o, "out");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "end")), "forwarded");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(in, "peer")), "10.255.0.11");
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(json_object_get(in, "esp"), "spi")),
		"0x10000000");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(out, "port")), "wan0");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(o, "stages")), 9);
	world_ask("clear trace");
	CU_ASSERT_STRING_EQUAL(world_ask("show trace"), "Nothing is traced\n");
	expect_says(world_ask("trace start 1 peer 10.255.0.11 drops"), "Tracing 1 packet\n");
	traffic(FAR, "10.1.2.9", 3);
	CU_ASSERT_STRING_EQUAL(world_ask("show trace"), "0 of 1 packets\n");
	traffic(FAR, "10.9.0.1", 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_ask("show trace"), "1 of 1 packets\n"));
	close_world();
}

static const struct unit_test tests[] = {
	{"inner packets", test_inner},
	{"frames of one port and peer", test_outer},
	{"the peer goes", test_peer_gone},
	{"drops with their reasons", test_drops},
	{"a count, a length, a size", test_bounds},
	{"what cannot be is said in a line", test_refusals},
	{"the disk is full", test_full},
	{"the hub ends before the capture", test_end},
	{"traces in words and in JSON", test_trace},
};

const struct control_suite suite_capture = {"capture", tests, RTE_DIM(tests)};
