# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The network of tests/e2e/run, in network namespaces of this run alone:
#
#	hub ----+                      192.0.2.1, the hub's; its kernel has no address there
#	a ------+ wan --- b            192.0.2.11; wan routes to b, 198.51.100.12, for whom the hub is
#	                               203.0.113.1: a static 1:1 NAT
#	nat ----+                      192.0.2.20, later .21, masquerades 172.16.9.0/24
#	 +- c                          172.16.9.13
#	 +- d                          172.16.9.14
#	lan                            10.2.0.10, behind the hub's 10.2.0.1
#	 +- vlan                       10.3.0.10, behind the hub's 10.3.0.1 in VLAN 5
#
# wan is a bridge with the gateway 192.0.2.254. A spoke's host is an address on its loopback,
# 10.1.NUMBER.1; its tunnel address is 10.255.0.NUMBER.

PREFIX=dmvpn-e2e-$$
NAMESPACES="hub wan a b nat c d lan vlan"
TUN_MTU=1400 # what fits outside, whatever the suite, with and without UDP

# at NAMESPACE COMMAND...
at() {
	local name=$1
	shift
	ip netns exec "$PREFIX-$name" "$@"
}

# start NAMESPACE LOG COMMAND...: in the background, pid in $started
start() {
	local name=$1 log=$2
	shift 2
	ip netns exec "$PREFIX-$name" "$@" > "$log" 2>&1 &
	started=$!
}

# veth NAMESPACE DEVICE NAMESPACE DEVICE: a cable. What a kernel sends must be whole on the
# wire, or the hub would see packets that some NIC had yet to cut and to sum.
veth() {
	local end
	ip -n "$PREFIX-$1" link add "$2" type veth peer name "$4" netns "$PREFIX-$3" || return 1
	for end in "$1 $2" "$3 $4"; do
		# shellcheck disable=SC2086
		set -- $end
		at "$1" ethtool -K "$2" tx off tso off gso off gro off > /dev/null &&
			ip -n "$PREFIX-$1" link set "$2" up || return 1
	done
}

# address NAMESPACE DEVICE PREFIX
address() {
	ip -n "$PREFIX-$1" address add "$3" dev "$2"
}

# gateway NAMESPACE ADDRESS
gateway() {
	ip -n "$PREFIX-$1" route add default via "$2"
}

bridge() {
	ip -n "$PREFIX-$1" link add "$2" type bridge stp_state 0 forward_delay 0 &&
		ip -n "$PREFIX-$1" link set "$2" up
}

join_bridge() {
	ip -n "$PREFIX-$1" link set "$2" master "$3"
}

# hears_nothing NAMESPACE DEVICE...: frames are for who has a packet socket there, as the hub has, not
# for the kernel, which would answer them a second time
hears_nothing() {
	local name=$1 device
	shift
	at "$name" nft add table netdev hub || return 1
	for device in "$@"; do
		at "$name" nft add chain netdev hub "$device" \
			"{ type filter hook ingress device $device priority 0; policy drop; }" || return 1
	done
}

routes_packets() {
	at "$1" sysctl -qw net.ipv4.ip_forward=1
}

# The tunnel device that a spoke's program serves, and its host.
tun() {
	local name=$1 number=$2
	ip -n "$PREFIX-$name" tuntap add tun0 mode tun &&
		ip -n "$PREFIX-$name" link set tun0 mtu $TUN_MTU up &&
		address "$name" lo "10.1.$number.1/32" &&
		address "$name" tun0 "10.255.0.$number/32" &&
		ip -n "$PREFIX-$name" route add 10.0.0.0/8 dev tun0 src "10.1.$number.1"
}

wan() {
	local port
	bridge wan br0 && address wan br0 192.0.2.254/24 && routes_packets wan || return 1
	veth wan to-hub hub wan0 && veth wan to-a a eth0 &&
		veth wan to-nat nat eth0 && veth wan to-b b eth0 || return 1
	for port in to-hub to-a to-nat; do
		join_bridge wan $port br0 || return 1
	done
	address wan to-b 198.51.100.1/24 && address b eth0 198.51.100.12/24 &&
		gateway b 198.51.100.1 &&
		address a eth0 192.0.2.11/24 && gateway a 192.0.2.254 && hub_nat
}

# hub_nat: what b sends to 203.0.113.1 comes to the hub at its own address, and the reverse
hub_nat() {
	at wan nft -f - <<- END
		table ip hub {
			chain pre {
				type nat hook prerouting priority dstnat;
				iifname to-b ip daddr 203.0.113.1 dnat to 192.0.2.1
			}
			chain post {
				type nat hook postrouting priority srcnat;
				oifname to-b ip saddr 192.0.2.1 ip protocol esp snat to 203.0.113.1
			}
		}
	END
}

nat() {
	bridge nat br0 && address nat br0 172.16.9.1/24 || return 1
	address nat eth0 192.0.2.20/24 && address nat eth0 192.0.2.21/24 &&
		gateway nat 192.0.2.254 && routes_packets nat || return 1
	veth nat to-c c eth0 && join_bridge nat to-c br0 && address c eth0 172.16.9.13/24 &&
		gateway c 172.16.9.1 || return 1
	veth nat to-d d eth0 && join_bridge nat to-d br0 && address d eth0 172.16.9.14/24 &&
		gateway d 172.16.9.1 || return 1
	nat_masquerade 192.0.2.20 5013 5014
}

# nat_masquerade ADDRESS PORT_C PORT_D: where the NAT box puts c and d from now on
nat_masquerade() {
	at nat nft -f - <<- END
		table ip nat
		delete table ip nat
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname eth0 ip saddr 172.16.9.13 udp sport 4500 snat to $1:$2
				oifname eth0 ip saddr 172.16.9.14 udp sport 4500 snat to $1:$3
				oifname eth0 masquerade
			}
			# What nobody asked for would else take up the place of a spoke.
			chain in {
				type filter hook input priority filter;
				iifname eth0 meta l4proto udp drop
			}
		}
	END
}

# nat_forget ADDRESS PORT: the NAT box forgets its connections, as after a restart. True once there is
# a new one at this place.
nat_forget() {
	at nat conntrack -L -p udp 2> /dev/null | grep -q "dst=$1 .*dport=$2 " && return
	at nat conntrack -F 2> /dev/null
	return 1
}

# lan's eth0 is the trunk of a switch too, to-vlan its access port; switch_start makes it one.
lan() {
	veth hub lan0 lan eth0 && address lan eth0 10.2.0.10/24 && gateway lan 10.2.0.1 &&
		veth lan to-vlan vlan eth0 && address vlan eth0 10.3.0.10/24 &&
		gateway vlan 10.3.0.1
}

network_create() {
	local name
	for name in $NAMESPACES; do
		ip netns add "$PREFIX-$name" &&
			at "$name" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 \
				net.ipv6.conf.all.disable_ipv6=1 &&
			ip -n "$PREFIX-$name" link set lo up || return 1
	done
	wan && nat && lan && hears_nothing hub wan0 lan0 && tun a 11 && tun b 12 && tun c 13 && tun d 14
}

switch_start() {
	start lan "$OUT/vlan.log" "$BUILD/tests/e2e/e2e-vlan" eth0 5 to-vlan
	wait_for "the switch" "$OUT/vlan.log" "$started" grep -qs ready "$OUT/vlan.log"
}

# Whatever still runs in the namespaces is ours, for they are. The shell would say behind the sum
# that it was killed.
network_destroy() {
	local name pid
	for name in $NAMESPACES; do
		[ -e "/run/netns/$PREFIX-$name" ] || continue
		for pid in $(ip netns pids "$PREFIX-$name"); do
			kill -KILL "$pid"
		done
		ip netns del "$PREFIX-$name"
	done 2> /dev/null
	wait 2> /dev/null
}
