/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: what a configuration can get wrong (ports: config_refuse_ports.c), and what is said. */
#include "config/config.h"

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

static void test_language(void)
{
	static const struct refusal cases[] = {
		{"workers = 1\nburst = ;\n",
			"hub.cfg:2: syntax error here or shortly before; expected 'name = value;' "
			"with strings in \"quotes\", groups in { }, lists in ( )"},
		{"burst = 1;\nburst = 2;\n", "hub.cfg:2: duplicate setting name"},
		{"eal = [ \"-m\", 1 ];\n", "hub.cfg:1: mismatched element type in array"},
		{"\nburst = 1; /* and\nso on\n", "hub.cfg:2: comment has no end; expected '*/'"},
		{"burst = 1;\neal = [ \"-m\n];\n", "hub.cfg:2: string has no end; expected '\"'"},
		{"a = ((((((((((((((((( 1 )))))))))))))))));",
			"hub.cfg:1: brackets are nested more than 16 levels deep"},
		{"workers = -1;",
			"hub.cfg:1: negative number; every number of a configuration is 0 or more"},
		{"workers = -.5;",
			"hub.cfg:1: negative number; every number of a configuration is 0 or more"},
		{"\"\n\" workers = 4294967297;",
			"hub.cfg:2: number 4294967297 is too big; none here is above 4294967295"},
		{"workers = 0x100000001;",
			"hub.cfg:1: number 0x100000001 is too big; none here is above 4294967295"},
		{"workers = 99999999999999999999L;",
			"hub.cfg:1: number 99999999999999999999 is too big; none here is above "
			"4294967295"},
		{"\n@include \"other.cfg\"\n", "hub.cfg:2: @include is not allowed in this text"},
		{"workers = 1; @include \"other.cfg\"\n",
			"hub.cfg:1: @ is not understood; expected @include \"FILE\" at the start "
			"of a line"},
		{"workers = 1;\n@", "hub.cfg:2: @ is not understood; expected @include \"FILE\" at "
				    "the start of a line"},
		{"@include other.cfg\n", "hub.cfg:1: @ is not understood; expected @include "
					 "\"FILE\" at the start of a line"},
		{"secrets = \"hub.secrets\";",
			"hub.cfg:1: a secrets file is not allowed in this text"},
	};

	REFUSE(cases);
}

static void test_unknown(void)
{
	static const struct refusal cases[] = {
		{"\nworker = 1;",
			"hub.cfg:2: unknown setting worker; did you mean workers? expected one of "
			"workers, burst, idle, mbufs, peers_max, nhrp, control_socket, eal, "
			"secrets, "
			"filters, "
			"ports, "
			"tunnels, "
			"routes, rip, ike, hooks, events, opennhrp, log, shutdown"},
		{"frobnicate = 1;",
			"hub.cfg:1: unknown setting frobnicate; expected one of workers, burst, "
			"idle, mbufs, peers_max, nhrp, control_socket, eal, secrets, filters, "
			"ports, "
			"tunnels, "
			"routes, rip, ike, hooks, events, opennhrp, log, shutdown"},
		{"ports = (\n{ adresses = 1; } );",
			"hub.cfg:2: unknown setting adresses; did you mean addresses? expected one "
			"of name, role, device, parent, vlan, addresses, gateway, mac, mtu, "
			"promiscuous, internet_exit, tap, filter_in, filter_out, neighbors"},
		{"ports = ( { name = \"a\"; device = \"b\"; addresses = [ \"192.0.2.1/24\" ];\n"
		 "neighbors = ( { adress = 1; } ); } );",
			"hub.cfg:2: unknown setting adress; did you mean address? expected one of "
			"address, mac"},
		{"tunnels = ( { tos = 1; } );",
			"hub.cfg:1: unknown setting tos; did you mean ttl? expected one of name, "
			"address, nbma, key, mtu, ttl, checksum, redirect, rpf, adjust_mss, "
			"dscp, df, tap, filter_in, filter_out, nhrp, peers"},
		{PORT PEER "sa = 1; } ); } );",
			"hub.cfg:7: unknown setting sa; expected one of address, nbma, nat_port, "
			"sa_in, sa_out"},
		{PORT PEER "sa_in = ( { spy = 1; } ); } ); } );",
			"hub.cfg:7: unknown setting spy; did you mean spi? expected one of spi, "
			"suite, key, auth_key, esn, window"},
		{PORT PEER "sa_out = ( { window = 64; } ); } ); } );",
			"hub.cfg:7: unknown setting window; expected one of spi, suite, key, "
			"auth_key, esn"},
		{"routes = ( { dest = 1; } );",
			"hub.cfg:1: unknown setting dest; expected one of prefix, via, "
			"blackhole, distance, tag"},
	};

	REFUSE(cases);
}

static void test_types(void)
{
	static const struct refusal cases[] = {
		{"workers = \"2\";",
			"hub.cfg:1: workers is a string; expected a whole number 1..64"},
		{"workers = 1.5;", "hub.cfg:1: workers is a number with a fraction; expected a "
				   "whole number 1..64"},
		{"workers = 1e-5;", "hub.cfg:1: workers is a number with a fraction; expected a "
				    "whole number 1..64"},
		{"workers = true;",
			"hub.cfg:1: workers is true or false; expected a whole number 1..64"},
		{"workers = { };",
			"hub.cfg:1: workers is a group { }; expected a whole number 1..64"},
		{"control_socket = 1;", "hub.cfg:1: control_socket is a number; expected a string"},
		{"eal = \"-m\";", "hub.cfg:1: eal is a string; expected a list ( )"},
		{"eal = [ 1 ];", "hub.cfg:1: eal is a number; expected a string"},
		{"ports = { };", "hub.cfg:1: ports is a group { }; expected a list ( )"},
		{"ports = ( 1 );", "hub.cfg:1: ports is a number; expected a group { }"},
		{"ports = ( ( ) );", "hub.cfg:1: ports is a list ( ); expected a group { }"},
		{"ports = ( { name = \"a\"; } );",
			"hub.cfg:1: an entry of ports has no addresses; it is "
			"required"},
		{"ports = ( { name = 1; device = \"a\"; addresses = [ ]; } );",
			"hub.cfg:1: name is a number; expected a string"},
		{"ports = ( { name = \"a\"; device = \"b\"; promiscuous = 1;\n"
		 "addresses = [ \"192.0.2.1/24\" ]; } );",
			"hub.cfg:1: promiscuous is a number; expected true or false"},
		{"ports = ( { name = \"a\"; device = \"b\"; addresses = [ 1 ]; } );",
			"hub.cfg:1: addresses is a number; expected an IPv4 address with its "
			"prefix "
			"length, as \"192.0.2.1/24\""},
		{"ports = ( { name = \"a\"; device = \"b\"; mac = 1;\n"
		 "addresses = [ \"192.0.2.1/24\" ]; } );",
			"hub.cfg:1: mac is a number; expected an Ethernet address, as "
			"\"02:00:5e:00:00:01\""},
		{PORT TUNNEL "ttl = [ 1 ]; } );",
			"hub.cfg:6: ttl is an array [ ]; expected a whole number 1..255"},
		{PORT TUNNEL "key = 1.0; } );",
			"hub.cfg:6: key is a number with a fraction; expected a whole number "
			"0..4294967295"},
		{PORT PEER "sa_in = ( { spi = 256; suite = 1; } ); } ); } );",
			"hub.cfg:7: suite is a number; expected a string"},
		{PORT PEER
			"sa_in = ( { spi = 256; suite = \"aes128gcm16\"; key = 0x1; } ); } ); } );",
			"hub.cfg:7: key is a number; expected \"0x\" and hex digits, or "
			"\"secret:NAME\""},
		{"routes = ( { prefix = 10; } );",
			"hub.cfg:1: prefix is a number; expected an IPv4 network, as "
			"\"10.1.0.0/16\""},
		{"routes = ( { prefix = \"10.0.0.0/8\"; via = 1; } );",
			"hub.cfg:1: via is a number; expected an IPv4 address, as \"192.0.2.1\""},
		{"secrets = 1;", "hub.cfg:1: secrets is a number; expected a file's name"},
	};

	REFUSE(cases);
}

static void test_ranges(void)
{
	static const struct refusal cases[] = {
		{"workers = 0;", "hub.cfg:1: workers is 0; expected a whole number 1..64"},
		{"workers = 65;", "hub.cfg:1: workers is 65; expected a whole number 1..64"},
		{"workers = 4294967295;",
			"hub.cfg:1: workers is 4294967295; expected a whole number 1..64"},
		{"workers = 65L;", "hub.cfg:1: workers is 65; expected a whole number 1..64"},
		{"burst = 0;", "hub.cfg:1: burst is 0; expected a whole number 1..64"},
		{"burst = 65;", "hub.cfg:1: burst is 65; expected a whole number 1..64"},
		{"mbufs = 1023;", "hub.cfg:1: mbufs is 1023; expected a whole number "
				  "1024..16777216"},
		{"peers_max = 0;", "hub.cfg:1: peers_max is 0; expected a whole number 1..1000000"},
		{PORT TUNNEL
			"peers = ( { nbma = \"192.0.2.11\"; }, { nbma = \"192.0.2.12\"; } ); } );"
			"\npeers_max = 1;",
			"hub.cfg:7: peers_max is 1, but the tunnels have 2 peers; expected at "
			"least that"},
		{"control_socket = \"\";", "hub.cfg:1: control_socket is empty; expected a string"},
		{"control_socket = \"/" NAME40 NAME40 NAME40 "\";",
			"hub.cfg:1: control_socket has 121 characters; expected at most 102"},
		{"eal = [ \"\" ];", "hub.cfg:1: eal is empty; expected a string"},
		{PORT TUNNEL "mtu = 575; } );", "hub.cfg:6: mtu is 575; expected a whole number "
						"576..9600"},
		{PORT TUNNEL "mtu = 9601; } );", "hub.cfg:6: mtu is 9601; expected a whole number "
						 "576..9600"},
		{PORT TUNNEL "ttl = 0; } );",
			"hub.cfg:6: ttl is 0; expected a whole number 1..255"},
		{PORT TUNNEL "ttl = 256; } );",
			"hub.cfg:6: ttl is 256; expected a whole number 1..255"},
		{"idle = \"sleep\";", "hub.cfg:1: idle is \"sleep\"; expected \"auto\", \"poll\", "
				      "\"pause\" or \"interrupt\""},
		{PORT TUNNEL "rpf = \"lose\"; } );",
			"hub.cfg:6: rpf is \"lose\"; expected \"strict\", \"loose\" or \"off\""},
		{PORT TUNNEL "rpf = false; } );",
			"hub.cfg:6: rpf is true or false; expected \"strict\", \"loose\" or "
			"\"off\""},
		{PORT TUNNEL "adjust_mss = 535; } );",
			"hub.cfg:6: adjust_mss is 535; expected 0 for off, or a whole number "
			"536..9560"},
		{PORT TUNNEL "adjust_mss = 9561; } );",
			"hub.cfg:6: adjust_mss is 9561; expected a whole number 0..9560"},
		{PORT TUNNEL "dscp = 64; } );",
			"hub.cfg:6: dscp is 64; expected a whole number 0..63"},
		{PORT TUNNEL "dscp = \"ef\"; } );",
			"hub.cfg:6: dscp is \"ef\"; expected \"copy\", or a whole number 0..63"},
		{PORT TUNNEL "df = \"on\"; } );",
			"hub.cfg:6: df is \"on\"; expected \"set\", \"copy\" or \"clear\""},
		{PORT TUNNEL "df = true; } );",
			"hub.cfg:6: df is true or false; expected \"set\", \"copy\" or \"clear\""},
		{PORT PEER "nat_port = 0; } ); } );",
			"hub.cfg:7: nat_port is 0; expected a whole number 1..65535"},
		{PORT PEER "nat_port = 65536; } ); } );",
			"hub.cfg:7: nat_port is 65536; expected a whole number 1..65535"},
		{PORT TUNNEL "key = \"10.0.0\"; } );",
			"hub.cfg:6: key is \"10.0.0\"; expected a whole number 0..4294967295, or "
			"octets as \"0.0.0.42\""},
	};

	REFUSE(cases);
}

#define PORT_ADDRESS(a)                                                                            \
	"ports = ( { name = \"wan0\"; device = \"d\";\naddresses = [ \"" a "\" ]; } );\n"

static void test_addresses(void)
{
	static const struct refusal cases[] = {
		{PORT_ADDRESS("192.0.2.1"),
			"hub.cfg:2: addresses is \"192.0.2.1\"; expected an IPv4 address with its "
			"prefix length, as \"192.0.2.1/24\""},
		{PORT_ADDRESS("192.0.2.1/33"),
			"hub.cfg:2: addresses is \"192.0.2.1/33\"; expected an IPv4 address with "
			"its prefix length, as \"192.0.2.1/24\""},
		{PORT_ADDRESS("192.0.2.1/0"),
			"hub.cfg:2: addresses is \"192.0.2.1/0\"; expected a prefix length 1..32"},
		{PORT_ADDRESS("2001:db8::1/64"),
			"hub.cfg:2: addresses is 2001:db8::1; IPv6 is not carried yet, expected "
			"IPv4"},
		{PORT_ADDRESS("192.0.2.0/24"),
			"hub.cfg:2: 192.0.2.0/24 is the network or broadcast address; expected a "
			"host's"},
		{PORT_ADDRESS("192.0.2.127/25"),
			"hub.cfg:2: 192.0.2.127/25 is the network or broadcast address; expected a "
			"host's"},
		{PORT_ADDRESS("224.0.0.1/24"),
			"hub.cfg:2: addresses is 224.0.0.1; expected the address of a host"},
		{PORT_ADDRESS("127.0.0.1/8"),
			"hub.cfg:2: addresses is 127.0.0.1; expected the address of a host"},
		{PORT_ADDRESS("0.0.0.1/8"),
			"hub.cfg:2: addresses is 0.0.0.1; expected the address of a host"},
		{PORT_ADDRESS("a\\x07\\xff"),
			"hub.cfg:2: addresses is \"a??\"; expected an IPv4 address with its prefix "
			"length, as \"192.0.2.1/24\""},
		{PORT_ADDRESS(KEY16),
			"hub.cfg:2: addresses is \"(hidden)\"; expected an IPv4 address with its "
			"prefix length, as \"192.0.2.1/24\""},
		{PORT_ADDRESS("this-is-a-name-" NAME40),
			"hub.cfg:2: addresses is \"this-is-a-name-nnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"...\"; expected an IPv4 address with its prefix length, as "
			"\"192.0.2.1/24\""},
		{PORT TUNNEL "peers = ( { address = \"10.255.0.11\"; nbma = \"fe80::1\"; } ); } );",
			"hub.cfg:6: nbma is fe80::1; IPv6 is not carried yet, expected IPv4"},
	};

	REFUSE(cases);
}

/* Two tunnels behind PORT; the second one starts in line 5. */
#define TUNNELS(first, second)                                                                     \
	PORT "tunnels = ( { name = \"tun0\"; nbma = \"192.0.2.1\"; " first " },\n"                 \
	     "{ nbma = \"192.0.2.1\"; " second " } );\n"

static void test_tunnels(void)
{
	static const struct refusal cases[] = {
		{"tunnels = ( { name = \"tun0\"; nbma = \"192.0.2.1\"; } );",
			"hub.cfg:1: an entry of tunnels has no address; it is required"},
		{PORT "tunnels = (\n{ name = \"tun0\"; address = \"10.255.0.1/24\";\n"
		      "nbma = \"192.0.2.2\"; } );",
			"hub.cfg:5: nbma 192.0.2.2 of tunnel tun0 is no port's address; expected "
			"one of them"},
		{TUNNELS("address = \"10.255.0.1/24\"; key = 1;",
			 "address = \"10.254.0.1/24\"; key = 2; name = \"tun0\";"),
			"hub.cfg:5: tunnel tun0 was given before, in hub.cfg:4"},
		{TUNNELS("address = \"10.255.0.1/24\"; key = 1;",
			 "address = \"10.255.1.1/16\"; key = 2; name = \"tun1\";"),
			"hub.cfg:5: prefix 10.255.0.0/16 of tunnel tun1 overlaps 10.255.0.0/24 of "
			"tunnel tun0, in hub.cfg:4"},
		{TUNNELS("address = \"10.255.0.1/16\"; key = 1;",
			 "address = \"10.255.1.1/24\"; key = 2; name = \"tun1\";"),
			"hub.cfg:5: prefix 10.255.1.0/24 of tunnel tun1 overlaps 10.255.0.0/16 of "
			"tunnel tun0, in hub.cfg:4"},
		{TUNNELS("address = \"10.255.0.1/24\"; key = 7;",
			 "address = \"10.254.0.1/24\"; key = \"0.0.0.7\"; name = \"tun1\";"),
			"hub.cfg:5: a tunnel on 192.0.2.1 with key 7 was given before, in "
			"hub.cfg:4"},
		{TUNNELS("address = \"10.255.0.1/24\";",
			 "address = \"10.254.0.1/24\"; name = \"tun1\";"),
			"hub.cfg:5: a tunnel on 192.0.2.1 without a key was given before, in "
			"hub.cfg:4"},
	};

	REFUSE(cases);
}

/* One peer in line 6, behind PORT and TUNNEL. */
#define ONE_PEER(address, nbma)                                                                    \
	PORT TUNNEL "peers = ( { address = \"" address "\"; nbma = \"" nbma "\"; } ); } );"

static void test_peers(void)
{
	static const struct refusal cases[] = {
		{PORT TUNNEL "peers = ( { address = \"10.255.0.2\"; } ); } );",
			"hub.cfg:6: an entry of peers has no nbma; it is required"},
		{ONE_PEER("10.254.0.2", "192.0.2.11"),
			"hub.cfg:6: peer 10.254.0.2 is outside tunnel tun0; expected an address of "
			"10.255.0.0/24"},
		{ONE_PEER("10.255.0.1", "192.0.2.11"),
			"hub.cfg:6: peer 10.255.0.1 has the hub's own address in tunnel tun0; "
			"expected another"},
		{ONE_PEER("10.255.0.255", "192.0.2.11"),
			"hub.cfg:6: peer 10.255.0.255 is the network or broadcast address of "
			"10.255.0.0/24; expected a host's"},
		{ONE_PEER("10.255.0.0", "192.0.2.11"),
			"hub.cfg:6: peer 10.255.0.0 is the network or broadcast address of "
			"10.255.0.0/24; expected a host's"},
		{ONE_PEER("10.255.0.2", "192.0.2.1"),
			"hub.cfg:6: nbma 192.0.2.1 of peer is the hub's own address; expected the "
			"spoke's"},
		{PORT PEER "}, { address = \"10.255.0.12\"; nbma = \"192.0.2.12\"; },\n"
			   "{ address = \"10.255.0.11\"; nbma = \"192.0.2.13\"; } ); } );",
			"hub.cfg:8: peer 10.255.0.11 was given before, in hub.cfg:6"},
	};

	REFUSE(cases);
}

/* A peer with one inbound SA, which stands in line 7. */
#define SA(settings) PORT PEER "sa_in = ( {" settings "} );\n" PEER_END

static void test_sas(void)
{
	static const struct refusal cases[] = {
		{SA("suite = \"aes128gcm16\";"),
			"hub.cfg:7: an entry of sa_in has no spi; it is required"},
		{SA("spi = 256;"), "hub.cfg:7: an entry of sa_in has no suite; it is required"},
		{SA("spi = 255; suite = \"aes128gcm16\";"),
			"hub.cfg:7: spi is 255; expected a whole number 256..4294967295"},
		{SA("spi = \"0x000000ff\"; suite = \"aes128gcm16\";"),
			"hub.cfg:7: spi is 255; expected a whole number 256..4294967295"},
		{SA("spi = \"0xc7a0b4d\"; suite = \"aes128gcm16\";"),
			"hub.cfg:7: spi is \"0xc7a0b4d\"; expected a whole number, or \"0x\" and 8 "
			"hex digits"},
		{SA("spi = \"c7a0b4d4c7\"; suite = \"aes128gcm16\";"),
			"hub.cfg:7: spi is \"c7a0b4d4c7\"; expected a whole number, or \"0x\" and "
			"8 "
			"hex digits"},
		{SA("spi = 256; suite = \"rot13\";"),
			"hub.cfg:7: unknown suite \"rot13\"; expected one of aes128gcm16, "
			"aes128-sha1, 3des-md5, null-sha1"},
		{SA("spi = 256; suite = \"aes128gcm16\";"),
			"hub.cfg:7: SA 0x00000100 has no key; suite aes128gcm16 expects 20 octets"},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"" KEY16 "\";"),
			"hub.cfg:7: key has 16 octets; suite aes128gcm16 expects 20"},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"" KEY16 KEY16 "\";"),
			"hub.cfg:7: key is not made of whole octets in hex (value not shown); "
			"expected \"0x\" and hex digits, or \"secret:NAME\""},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"000102030405060708\";"),
			"hub.cfg:7: key is not made of whole octets in hex (value not shown); "
			"expected \"0x\" and hex digits, or \"secret:NAME\""},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"" KEY16 "0\";"),
			"hub.cfg:7: key is not made of whole octets in hex (value not shown); "
			"expected \"0x\" and hex digits, or \"secret:NAME\""},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"" KEY24
		    "00000000000000000000000000000000000000000000000000000000000000000000000000"
		    "00000000\";"),
			"hub.cfg:7: key has more than 64 octets; no suite takes that"},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"secret:spoke1\";"),
			"hub.cfg:7: key names the secret spoke1; expected secrets = \"FILE\" to "
			"hold it"},
		{SA("spi = 256; suite = \"aes128gcm16\"; key = \"" KEY20 "\"; auth_key = \"" KEY20
		    "\";"),
			"hub.cfg:7: auth_key is given, but suite aes128gcm16 authenticates with "
			"its key; expected none"},
		{SA("spi = 256; suite = \"aes128-sha1\"; key = \"" KEY16 "\";"),
			"hub.cfg:7: SA 0x00000100 has no auth_key; suite aes128-sha1 expects 20 "
			"octets"},
		{SA("spi = 256; suite = \"aes128-sha1\"; key = \"" KEY16 "\"; auth_key = \"" KEY16
		    "\";"),
			"hub.cfg:7: auth_key has 16 octets; suite aes128-sha1 expects 20"},
		{SA("spi = 256; suite = \"null-sha1\"; key = \"" KEY16 "\"; auth_key = \"" KEY20
		    "\";"),
			"hub.cfg:7: key has 16 octets; suite null-sha1 expects 0"},
		{SA("spi = 256; window = 4097; suite = \"aes128gcm16\"; key = \"" KEY20 "\";"),
			"hub.cfg:7: window is 4097; expected a whole number 0..4096"},
		{SA("spi = 0xc7a0b4d4; suite = \"aes128gcm16\"; key = \"" KEY20 "\"; },\n"
		    "{ spi = 3; suite = \"aes128gcm16\"; key = \"" KEY20 "\";"),
			"hub.cfg:8: spi is 3; expected a whole number 256..4294967295"},
		{SA("spi = 0xc7a0b4d4; suite = \"aes128gcm16\"; key = \"" KEY20 "\"; },\n"
		    "{ spi = 1024; suite = \"aes128gcm16\"; key = \"" KEY20 "\"; },\n"
		    "{ spi = \"0xC7A0B4D4\"; suite = \"aes128gcm16\"; key = \"" KEY20 "\";"),
			"hub.cfg:9: inbound SPI 0xc7a0b4d4 was given before, in hub.cfg:7"},
	};

	REFUSE(cases);
}

#define ROUTES(routes) PORT PEER PEER_END "routes = ( " routes " );\n"

static void test_routes(void)
{
	static const struct refusal cases[] = {
		{ROUTES("{ via = \"10.255.0.11\"; }"),
			"hub.cfg:8: an entry of routes has no prefix; it is required"},
		{ROUTES("{ prefix = \"10.1.1.5/24\"; via = \"10.255.0.11\"; }"),
			"hub.cfg:8: prefix 10.1.1.5/24 has host bits set; expected 10.1.1.0/24"},
		{ROUTES("{ prefix = \"10.1.1.0/\"; via = \"10.255.0.11\"; }"),
			"hub.cfg:8: prefix is \"10.1.1.0/\"; expected an IPv4 network, as "
			"\"10.1.0.0/16\""},
		{ROUTES("{ prefix = \"2001:db8::/32\"; via = \"10.255.0.11\"; }"),
			"hub.cfg:8: prefix is 2001:db8::/32; IPv6 is not carried yet, expected an "
			"IPv4 network"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"10.255.0.1\"; }"),
			"hub.cfg:8: via 10.255.0.1 of route 10.1.1.0/24 is no spoke's address; "
			"expected a spoke, a station on a LAN port, or an address that another "
			"route leads to"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"192.0.2.1\"; }"),
			"hub.cfg:8: via 192.0.2.1 of route 10.1.1.0/24 is no station's address; "
			"expected a spoke, a station on a LAN port, or an address that another "
			"route leads to"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"192.0.2.254\"; }"),
			"hub.cfg:8: via 192.0.2.254 of route 10.1.1.0/24 is on outer port wan0, by "
			"which nothing leaves in clear; expected a spoke, or a station on a LAN "
			"port"},
		{WAN_AND(VLAN_PORT(
			 "lan0", "role = \"lan\"; device = \"e\";")) "\n"
								     "routes = ( { prefix = "
								     "\"10.1.1.0/24\"; via = "
								     "\"10.9.0.255\"; } );",
			"hub.cfg:3: via 10.9.0.255 of route 10.1.1.0/24 is no station's address; "
			"expected a spoke, a station on a LAN port, or an address that another "
			"route leads to"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; }"),
			"hub.cfg:8: route 10.1.1.0/24 has nowhere to go; expected either via or "
			"blackhole = true"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; blackhole = false; }"),
			"hub.cfg:8: route 10.1.1.0/24 has nowhere to go; expected either via or "
			"blackhole = true"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; blackhole = true; via = \"10.255.0.11\"; }"),
			"hub.cfg:8: route 10.1.1.0/24 has both via and blackhole; expected either "
			"via or blackhole = true"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; },\n"
			"{ prefix = \"10.1.0.0/16\"; via = \"10.255.0.11\"; },\n"
			"{ prefix = \"10.1.1.0/24\"; blackhole = true; }"),
			"hub.cfg:10: route 10.1.1.0/24 with distance 1 was given before, in "
			"hub.cfg:8"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; distance = 0; }"),
			"hub.cfg:8: distance is 0; expected a whole number 1..255"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; distance = 256; }"),
			"hub.cfg:8: distance is 256; expected a whole number 1..255"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; tag = 65536; }"),
			"hub.cfg:8: tag is 65536; expected a whole number 0..65535"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = ( ); }"),
			"hub.cfg:8: via has 0 addresses; expected 1..8"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = ( \"10.255.0.11\", 7 ); }"),
			"hub.cfg:8: via is a number; expected an IPv4 address, as \"192.0.2.1\""},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = ( \"10.255.0.11\", \"10.255.0.11\" ); "
			"}"),
			"hub.cfg:8: via has the same address twice"},
		{ROUTES("{ prefix = \"10.1.1.0/24\"; via = [ \"10.255.0.2\", \"10.255.0.3\",\n"
			" \"10.255.0.4\", \"10.255.0.5\", \"10.255.0.6\", \"10.255.0.7\",\n"
			" \"10.255.0.8\", \"10.255.0.9\", \"10.255.0.10\" ]; }"),
			"hub.cfg:8: via has 9 addresses; expected 1..8"},
	};

	REFUSE(cases);
}

static const struct unit_test tests[] = {
	{"language: what libconfig and the scan refuse", test_language},
	{"unknown settings name what is near and known", test_unknown},
	{"types", test_types},
	{"ranges and lengths", test_ranges},
	{"addresses", test_addresses},
	{"tunnels", test_tunnels},
	{"peers", test_peers},
	{"SAs", test_sas},
	{"routes", test_routes},
};

UNIT_MAIN("config: refusals", tests)
