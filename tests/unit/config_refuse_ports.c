/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: everything a port can get wrong, and the line that says so. */
#include "config/config.h"

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

/* A port with one more setting, which stands in line 2. */
#define PORT_WITH(setting)                                                                         \
	"ports = ( { name = \"wan0\"; device = \"d\"; addresses = [ \"192.0.2.1/24\" ];\n" setting \
	"} );\n"

static void test_ports(void)
{
	static const struct refusal cases[] = {
		{"ports = ( { name = \"a\"; device = \"b\"; } );",
			"hub.cfg:1: an entry of ports has no addresses; it is required"},
		{"ports = (\n { name = \"wan0\"; device = \"b\"; addresses = [ ]; } );",
			"hub.cfg:2: port wan0 has no address; expected addresses = [ "
			"\"192.0.2.1/24\" ]"},
		{"ports = ( { name = \"a b\"; device = \"b\"; addresses = [ ]; } );",
			"hub.cfg:1: name is \"a b\"; expected 1..31 letters, digits, dots, dashes "
			"and underscores"},
		{"ports = ( { name = \"\"; device = \"b\"; addresses = [ ]; } );",
			"hub.cfg:1: name is \"\"; expected 1..31 letters, digits, dots, dashes and "
			"underscores"},
		{"ports = ( { name = \"" NAME40 "\"; device = \"b\"; addresses = [ ]; } );",
			"hub.cfg:1: name is \"" NAME40 "\"; expected 1..31 letters, digits, dots, "
			"dashes and underscores"},
		{PORT_WITH("mtu = 575;"), "hub.cfg:2: mtu is 575; expected a whole number "
					  "576..9600"},
		{PORT_WITH("mtu = 9601;"), "hub.cfg:2: mtu is 9601; expected a whole number "
					   "576..9600"},
		{PORT_WITH("gateway = \"192.0.3.1\";"),
			"hub.cfg:1: gateway 192.0.3.1 of port wan0 is not a neighbor's address; "
			"expected one inside the prefix of one of its addresses"},
		{PORT_WITH("gateway = \"192.0.2.1\";"),
			"hub.cfg:1: gateway 192.0.2.1 of port wan0 is not a neighbor's address; "
			"expected one inside the prefix of one of its addresses"},
		{PORT_WITH("gateway = \"192.0.2\";"),
			"hub.cfg:2: gateway is \"192.0.2\"; expected an IPv4 address, as "
			"\"192.0.2.1\""},
		{PORT_WITH("mac = \"02:00:5e:00:00\";"),
			"hub.cfg:2: mac is \"02:00:5e:00:00\"; expected an Ethernet address, as "
			"\"02:00:5e:00:00:01\""},
		{PORT_WITH("mac = \"03:00:5e:00:00:00\";"),
			"hub.cfg:2: mac is \"03:00:5e:00:00:00\"; expected one station's address "
			"(first octet even, not all zero)"},
		{PORT_WITH("mac = \"00:00:00:00:00:00\";"),
			"hub.cfg:2: mac is \"00:00:00:00:00:00\"; expected one station's address "
			"(first octet even, not all zero)"},
		{PORT_WITH("neighbors = ( { address = \"192.0.3.1\"; mac = "
			   "\"02:00:00:00:00:01\"; } );"),
			"hub.cfg:2: neighbor 192.0.3.1 is not on port wan0; expected an address "
			"inside the prefix of one of the port's addresses"},
		{PORT_WITH("neighbors = (\n"
			   "{ address = \"192.0.2.9\"; mac = \"02:00:00:00:00:01\"; },\n"
			   "{ address = \"192.0.2.8\"; mac = \"02:00:00:00:00:01\"; },\n"
			   "{ address = \"192.0.2.9\"; mac = \"02:00:00:00:00:02\"; } );"),
			"hub.cfg:5: neighbor 192.0.2.9 was given before, in hub.cfg:3"},
		{"ports = ( { name = \"a\"; device = \"b\"; addresses = [ \"192.0.2.1/24\" ]; },\n"
		 "{ name = \"c\"; device = \"b\"; addresses = [ \"192.0.3.1/24\" ]; },\n"
		 "{ name = \"a\"; device = \"b\"; addresses = [ \"192.0.4.1/24\" ]; } );",
			"hub.cfg:3: port a was given before, in hub.cfg:1"},
		{"ports = ( { name = \"a\"; device = \"b\"; addresses = [ \"192.0.2.1/24\" ]; },\n"
		 "{ name = \"c\"; device = \"b\"; addresses = [ \"192.0.2.1/25\" ]; } );",
			"hub.cfg:2: port address 192.0.2.1 was given before, in hub.cfg:1"},
		{PORT_WITH("gateway = \"192.0.2.255\";"),
			"hub.cfg:1: gateway 192.0.2.255 of port wan0 is not a neighbor's address; "
			"expected one inside the prefix of one of its addresses"},
	};

	REFUSE(cases);
}

static void test_lan_ports(void)
{
	static const struct refusal cases[] = {
		{PORT_WITH("role = \"wan\";"),
			"hub.cfg:2: role is \"wan\"; expected \"outer\" or \"lan\""},
		{PORT_WITH("role = 1;"),
			"hub.cfg:2: role is a number; expected \"outer\" or \"lan\""},
		{PORT_WITH("vlan = 0;"), "hub.cfg:2: vlan is 0; expected a whole number 1..4094"},
		{PORT_WITH("vlan = 4095;"),
			"hub.cfg:2: vlan is 4095; expected a whole number 1..4094"},
		{PORT_WITH("vlan = 1;"), "hub.cfg:1: port wan0 has device and vlan; expected "
					 "either device, or parent and vlan"},
		{PORT_WITH("parent = \"x\";"), "hub.cfg:1: port wan0 has device and parent; "
					       "expected either device, or parent and vlan"},
		{WAN_AND(VLAN_PORT("lan0", "vlan = 1;")),
			"hub.cfg:2: port lan0 has no parent; expected either device, or parent and "
			"vlan"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"wan0\";")),
			"hub.cfg:2: port lan0 has no vlan; expected either device, or parent and "
			"vlan"},
		{WAN_AND(VLAN_PORT("lan0", "")), "hub.cfg:2: port lan0 has no device; expected "
						 "either device, or parent and vlan"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"wan1\"; vlan = 1;")),
			"hub.cfg:2: parent wan1 of port lan0 is no port; expected the name of one"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"lan0\"; vlan = 1;")),
			"hub.cfg:2: parent lan0 of port lan0 is a VLAN itself, in hub.cfg:2; "
			"expected a port with a device"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"wan0\"; vlan = 1; mtu = 1501;")),
			"hub.cfg:2: mtu 1501 of port lan0 is more than its parent wan0 has; "
			"expected at most 1500"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"wan0\"; vlan = 1; promiscuous = true;")),
			"hub.cfg:2: port lan0 is promiscuous, but has no device; expected the "
			"setting in port wan0"},
		{WAN_AND(VLAN_PORT("lan0", "parent = \"wan0\"; vlan = 7;") ",\n" VLAN_PORT(
			 "lan1", "parent = \"wan0\"; vlan = 7;")),
			"hub.cfg:3: VLAN 7 of port wan0 was given before, in hub.cfg:2"},
		{WAN_AND(VLAN_PORT(
			 "lan0", "role = \"lan\"; device = \"e\"; gateway = \"10.9.0.2\";")),
			"hub.cfg:2: gateway is given for LAN port lan0; it is for outer ports, "
			"expected a route via 10.9.0.2"},
		{PORT_WITH("internet_exit = true;"),
			"hub.cfg:1: internet_exit is given for outer port wan0; expected it on an "
			"outer port with a gateway"},
		{WAN_AND(VLAN_PORT(
			 "lan0", "role = \"lan\"; device = \"e\"; internet_exit = true;")),
			"hub.cfg:2: internet_exit is given for LAN port lan0; expected it on an "
			"outer port with a gateway"},
		/* What the overlay reaches by an interface is apart. */
		{WAN_AND(VLAN_PORT(
			 "lan0", "role = \"lan\"; device = \"e\";") ",\n"
								    "{ name = \"lan1\"; role = "
								    "\"lan\"; device = \"f\";"
								    " addresses = [ "
								    "\"10.9.0.130/25\" ]; }"),
			"hub.cfg:3: prefix 10.9.0.128/25 of LAN port lan1 overlaps 10.9.0.0/24 of "
			"LAN port lan0, in hub.cfg:2"},
		{WAN_AND("{ name = \"lan0\"; role = \"lan\"; device = \"e\";"
			 " addresses = [ \"10.0.0.1/8\", \"10.1.0.1/16\" ]; }") "\n"
										"tunnels = ( { "
										"name = \"tun0\"; "
										"nbma = "
										"\"192.0.2.1\";"
										" address = "
										"\"10.255.0.1/"
										"24\"; } );",
			"hub.cfg:3: prefix 10.255.0.0/24 of tunnel tun0 overlaps 10.0.0.0/8 of LAN "
			"port lan0, in hub.cfg:2"},
		{WAN_AND(VLAN_PORT("lan0",
			 "role = \"lan\"; device = \"e\";")) "\n"
							     "tunnels = ( { name = \"tun0\"; nbma "
							     "= \"10.9.0.1\";"
							     " address = \"10.255.0.1/24\"; } );",
			"hub.cfg:3: nbma 10.9.0.1 of tunnel tun0 is an address of LAN port lan0; "
			"expected an outer port's"},
	};

	REFUSE(cases);
}

static void test_too_many_ports(void)
{
	static const struct refusal cases[] = {
		{"ports = ( 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
		 "27,28,29,30,31,32,33 );",
			"hub.cfg:1: 33 ports are configured; expected at most 32"},
	};

	REFUSE(cases);
}

static const struct unit_test tests[] = {
	{"ports", test_ports},
	{"LAN ports and VLANs", test_lan_ports},
	{"too many ports", test_too_many_ports},
};

UNIT_MAIN("config: refusals of ports", tests)
