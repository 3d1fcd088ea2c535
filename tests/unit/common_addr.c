/* SPDX-License-Identifier: BSD-3-Clause */
/* common/addr.h: addresses, prefixes, Ethernet addresses and their texts. */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#include "tests/unit/unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_addr_text(void)
{
	/* text, and how it comes back; NULL = refused */
	static const char *const cases[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:DB8:0::1", "2001:db8::1"},
		{"::", "::"},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2.1.", NULL},
		{" 192.0.2.1", NULL},
		{"192.0.2.1/24", NULL},
		{"2001:db8::1::", NULL},
		{"host", NULL},
		{"", NULL},
	};
	char buf[IP_ADDR_STRLEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_addr a = {.family = 77};
		int rc = ip_addr_parse(cases[i][0], &a);

		CU_ASSERT_EQUAL(rc, cases[i][1] ? 0 : -EINVAL);
		if (rc == 0 && cases[i][1] != NULL) {
			CU_ASSERT_STRING_EQUAL(ip_addr_str(&a, buf), cases[i][1]);
		} else {
			CU_ASSERT_EQUAL(a.family, 77); /* left alone */
		}
	}
	CU_ASSERT_STRING_EQUAL(ip_addr_str(&(struct ip_addr){0}, buf), "-");
}

static void test_addr_value(void)
{
	struct ip_addr a = ip_addr_v4(htonl(0xc0000201)), b, six;

	CU_ASSERT_EQUAL(a.family, AF_INET);
	CU_ASSERT_EQUAL(ip_addr_parse("192.0.2.1", &b), 0);
	CU_ASSERT(ip_addr_equal(&a, &b));
	CU_ASSERT_EQUAL(ip_addr_parse("192.0.2.2", &b), 0);
	CU_ASSERT(!ip_addr_equal(&a, &b));
	/* The same first four octets, but another family. */
	CU_ASSERT_EQUAL(ip_addr_parse("c000:201::", &six), 0);
	CU_ASSERT_EQUAL(six.v4_be, a.v4_be);
	CU_ASSERT(!ip_addr_equal(&a, &six));
	/* Differs in the last octet only. */
	CU_ASSERT_EQUAL(ip_addr_parse("c000:201::1", &b), 0);
	CU_ASSERT(!ip_addr_equal(&six, &b));
}

static void test_prefix_text(void)
{
	static const char *const cases[][2] = {
		{"10.0.0.1/24", "10.0.0.1/24"},
		{"10.0.0.1", "10.0.0.1/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"2001:db8::/129", NULL},
		{"10.0.0.0/33", NULL},
		{"10.0.0.0/", NULL},
		{"10.0.0.0/-1", NULL},
		{"10.0.0.0/+1", NULL},
		{"10.0.0.0/ 1", NULL},
		{"10.0.0.0/8x", NULL},
		{"10.0.0.0/99999999999999999999", NULL},
		{"/24", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8", NULL},
	};
	char buf[IP_PREFIX_STRLEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_prefix p;
		int rc = ip_prefix_parse(cases[i][0], &p);

		CU_ASSERT_EQUAL(rc, cases[i][1] ? 0 : -EINVAL);
		if (rc == 0 && cases[i][1] != NULL)
			CU_ASSERT_STRING_EQUAL(ip_prefix_str(&p, buf), cases[i][1]);
	}
}

static void test_prefix_contains(void)
{
	static const struct {
		const char *prefix, *addr;
		bool inside;
		const char *network;
	} cases[] = {
		{"10.255.0.1/24", "10.255.0.255", true, "10.255.0.0/24"},
		{"10.255.0.1/24", "10.255.1.0", false, "10.255.0.0/24"},
		{"10.255.255.255/9", "10.128.0.0", true, "10.128.0.0/9"},
		{"10.255.255.255/9", "10.127.0.0", false, "10.128.0.0/9"},
		{"192.0.2.1/32", "192.0.2.1", true, "192.0.2.1/32"},
		{"192.0.2.1/32", "192.0.2.2", false, "192.0.2.1/32"},
		{"192.0.2.1/0", "255.1.2.3", true, "0.0.0.0/0"},
		{"0.0.0.0/0", "::", false, "0.0.0.0/0"},
		{"2001:db8:ffff::1/33", "2001:db8:8000::", true, "2001:db8:8000::/33"},
		{"2001:db8:ffff::1/33", "2001:db8:7fff::", false, "2001:db8:8000::/33"},
		{"2001:db8::1/128", "2001:db8::1", true, "2001:db8::1/128"},
		{"::1/0", "ffff::", true, "::/0"},
	};
	char buf[IP_PREFIX_STRLEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_prefix p, net;
		struct ip_addr a;

		CU_ASSERT_EQUAL_FATAL(ip_prefix_parse(cases[i].prefix, &p), 0);
		CU_ASSERT_EQUAL_FATAL(ip_addr_parse(cases[i].addr, &a), 0);
		CU_ASSERT_EQUAL(ip_prefix_contains(&p, &a), cases[i].inside);
		net = ip_prefix_network(&p);
		CU_ASSERT_STRING_EQUAL(ip_prefix_str(&net, buf), cases[i].network);
	}
}

static void test_mask(void)
{
	CU_ASSERT_EQUAL(ip4_mask_be(0), 0);
	CU_ASSERT_EQUAL(ip4_mask_be(1), htonl(0x80000000));
	CU_ASSERT_EQUAL(ip4_mask_be(24), htonl(0xffffff00));
	CU_ASSERT_EQUAL(ip4_mask_be(32), 0xffffffff);
}

static void test_mac(void)
{
	static const char *const cases[][2] = {
		{"02:00:5e:00:00:01", "02:00:5e:00:00:01"},
		{"FF:ff:Ff:0:1:a", "ff:ff:ff:00:01:0a"},
		{"02:00:5e:00:00", NULL},
		{"02:00:5e:00:00:01:02", NULL},
		{"02:00:5e:00:00:0g", NULL},
		{"02:00:5e:00:00:011", NULL},
		{"02-00-5e-00-00-01", NULL},
		{"-1:00:5e:00:00:01", NULL},
		{"02: 0:5e:00:00:01", NULL},
		{"0x:00:5e:00:00:01", NULL},
		{"", NULL},
	};
	char buf[MAC_ADDR_STRLEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mac_addr m;
		int rc = mac_addr_parse(cases[i][0], &m);

		CU_ASSERT_EQUAL(rc, cases[i][1] ? 0 : -EINVAL);
		if (rc == 0 && cases[i][1] != NULL)
			CU_ASSERT_STRING_EQUAL(mac_addr_str(&m, buf), cases[i][1]);
	}
}

static const struct unit_test tests[] = {
	{"address text both ways", test_addr_text},
	{"address values", test_addr_value},
	{"prefix text both ways", test_prefix_text},
	{"prefix contains, network", test_prefix_contains},
	{"IPv4 mask", test_mask},
	{"Ethernet address text both ways", test_mac},
};

UNIT_MAIN("common: addr", tests)
