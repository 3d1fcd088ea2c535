# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The hub and its spokes: keys, configuration, processes.

declare -A NUMBER=([a]=11 [b]=12 [c]=13 [d]=14)
declare -A NBMA=([a]=192.0.2.11 [b]=198.51.100.12 [c]=192.0.2.20 [d]=192.0.2.20)
declare -A HUB=([b]=203.0.113.1) # where the hub is for a spoke, if not at its own address
declare -A NAT_PORT=([c]=5013 [d]=5014)
declare -A SUITE=([a]=aes128gcm16 [b]=aes256-sha256 [c]=aes256gcm16 [d]=3des-sha1)
# octets of key (salt included) and authentication key, and Wireshark's names
declare -A KEYS=([aes128gcm16]="20 0" [aes256gcm16]="36 0" [aes256-sha256]="32 32"
	[3des-sha1]="24 20")
declare -A WIRESHARK=(
	[aes128gcm16]='AES-GCM with 16 octet ICV [RFC4106]|NULL'
	[aes256gcm16]='AES-GCM with 16 octet ICV [RFC4106]|NULL'
	[aes256-sha256]='AES-CBC [RFC3602]|HMAC-SHA-256-128 [RFC4868]'
	[3des-sha1]='TripleDES-CBC [RFC2451]|HMAC-SHA-1-96 [RFC2404]'
)
declare -A SA # "NAME in", "NAME out" as the hub sees it -> SPI:SUITE:KEY[:AUTHKEY]
TUNNEL_MTU=1300 # below the spokes' own, so that it is the hub that finds packets too big
GRE_KEY=42
hub_pid=
spoke_pids=()

random_hex() {
	[ "$1" -eq 0 ] || od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

make_keys() {
	local name direction key auth spi
	for name in "${!NUMBER[@]}"; do
		for direction in in out; do
			# shellcheck disable=SC2086
			set -- ${KEYS[${SUITE[$name]}]}
			key=$(random_hex "$1") auth=$(random_hex "$2")
			[ $direction = in ] && spi=0xc00000${NUMBER[$name]} ||
				spi=0xd00000${NUMBER[$name]}
			SA["$name $direction"]="$spi:${SUITE[$name]}:$key${auth:+:$auth}"
		done
	done
}

# One SA in the hub's language.
sa_config() {
	local spi suite key auth
	IFS=: read -r spi suite key auth <<< "${SA[$1]}"
	echo "{ spi = $spi; suite = \"$suite\"; key = \"0x$key\";${auth:+ auth_key = \"0x$auth\";} }"
}

# One SA in Wireshark's.
sa_wireshark() {
	local spi suite key auth names
	IFS=: read -r spi suite key auth <<< "${SA[$1]}"
	names=${WIRESHARK[$suite]}
	echo "\"IPv4\",\"*\",\"*\",\"$spi\",\"${names%|*}\",\"0x$key\",\"${names#*|}\",\"${auth:+0x$auth}\""
}

peer_config() {
	cat << END
{ address = "10.255.0.${NUMBER[$1]}"; nbma = "${NBMA[$1]}"; ${NAT_PORT[$1]:+nat_port = ${NAT_PORT[$1]};}
  sa_in = ( $(sa_config "$1 in") ); sa_out = ( $(sa_config "$1 out") ); }
END
}

hub_config() {
	local name peers="" routes=""
	for name in "${!NUMBER[@]}"; do
		peers+="${peers:+,}$(peer_config "$name")"
		routes+="${routes:+,}{ prefix = \"10.1.${NUMBER[$name]}.0/24\";"
		routes+=" via = \"10.255.0.${NUMBER[$name]}\"; }"
	done
	cat << END
eal = [ "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf" ];
mbufs = 8192;
control_socket = "$OUT/control.sock";
filters = ( {
  name = "guard"; default = "permit";
  rules = ( { action = "reject"; protocol = "tcp"; to_port = 5999; } );
} );
ports = ( {
  name = "wan0"; device = "net_af_packet0,iface=wan0"; addresses = [ "192.0.2.1/24" ];
  gateway = "192.0.2.254"; tap = "wan-host";
}, {
  name = "lan0"; role = "lan"; device = "net_af_packet1,iface=lan0";
  addresses = [ "10.2.0.1/24" ];
}, {
  name = "vlan5"; role = "lan"; parent = "lan0"; vlan = 5; addresses = [ "10.3.0.1/24" ];
} );
tunnels = ( {
  name = "tun0"; address = "10.255.0.1/24"; nbma = "192.0.2.1"; key = $GRE_KEY;
  mtu = $TUNNEL_MTU; tap = "dmvpn0"; filter_in = "guard";
  peers = ( $peers );
} );
routes = ( $routes );
END
}

ctl() {
	"$BUILD/tools/dmvpn-hubctl" -s "$OUT/control.sock" "$@"
}

hub_answers() {
	ctl show version > /dev/null 2>&1
}

hub_start() {
	(umask 077 && hub_config > "$OUT/hub.cfg")
	start hub "$OUT/hub.log" "$BUILD/control/dmvpn-hub" -c "$OUT/hub.cfg"
	hub_pid=$started
	wait_for "the hub's answer" "$OUT/hub.log" $hub_pid hub_answers
	ip -n "$PREFIX-hub" route add default dev wan-host &&
		ip -n "$PREFIX-hub" route add 10.1.0.0/16 dev dmvpn0 src 10.255.0.1 ||
		give_up "the hub's kernel has no TAPs"
}

# hub_stop: ends the hub as an operator does; its exit code in $hub_rc
hub_stop() {
	ctl shutdown > "$OUT/shutdown.log" 2>&1
	wait_for "the hub's end" "" "" ended "$hub_pid"
	wait "$hub_pid"
	hub_rc=$?
}

# spoke_start NAME [OPTION]...
spoke_start() {
	local name=$1
	shift
	start "$name" "$OUT/spoke-$name.log" "$BUILD/tests/e2e/e2e-spoke" -n "$PREFIX-$name" -t tun0 \
		-a "${HUB[$name]:-192.0.2.1}" -k $GRE_KEY -o "${SA["$name in"]}" -i "${SA["$name out"]}" "$@"
	spoke_pids+=("$started")
	wait_for "spoke $name" "$OUT/spoke-$name.log" "$started" grep -qs ready "$OUT/spoke-$name.log"
}

# spokes_stop: each then says what it counted
spokes_stop() {
	local pid
	for pid in "${spoke_pids[@]}"; do
		kill "$pid"
		wait_for "a spoke's end" "" "" ended "$pid"
	done
}

# What the hub sent, each spoke could open, and was GRE of the tunnel.
spokes_content() {
	local name
	for name in "${!NUMBER[@]}"; do
		grep -H ' refused 0 errors 0$' "$OUT/spoke-$name.log" || {
			cat "$OUT/spoke-$name.log"
			return 1
		}
	done | sed 's/.*spoke-\(.*\).log:/\1: /' | paste -s -d ';'
	return "${PIPESTATUS[0]}"
}
