# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What went over the hub's cable, judged by Wireshark, which shares no code with the hub.

capture_pid=

capture_start() {
	start wan "$OUT/tcpdump.log" tcpdump -i to-hub -Z root -B 65536 -s 0 -w "$OUT/wan.pcap"
	capture_pid=$started
	wait_for "tcpdump" "$OUT/tcpdump.log" $capture_pid grep -qs 'listening on' "$OUT/tcpdump.log"
}

capture_stop() {
	kill $capture_pid && wait_for "tcpdump's end" "" "" ended $capture_pid
}

wireshark_keys() {
	local sa
	mkdir -p "$OUT/wireshark"
	for sa in "${!SA[@]}"; do
		sa_wireshark "$sa"
	done > "$OUT/wireshark/esp_sa"
}

# esp_rows FIELD...: of every ESP packet, decrypted. TCP inside is not looked at: where Wireshark
# cannot reassemble it, it does not say either what it found of the ICV around it.
esp_rows() {
	local field fields=()
	for field in "$@"; do
		fields+=(-e "$field")
	done
	WIRESHARK_CONFIG_DIR=$OUT/wireshark tshark -n -r "$OUT/wan.pcap" -Y esp -T fields \
		-o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE \
		-o ip.defragment:FALSE --disable-protocol tcp "${fields[@]}" \
		2> "$OUT/tshark.log"
}

# Each SA's packets in both directions, all with a good ICV and our GRE inside. What a NAT box quotes
# in an ICMP error is cut off, so it has none.
witness_esp() {
	wireshark_keys
	esp_rows esp.spi esp.icv_good gre.key frame.protocols > "$OUT/esp.rows"
	awk -F '\t' -v sas="${#SA[@]}" -v key="$(printf '0x%08x' $GRE_KEY)" '
		$4 ~ /^eth:ethertype:ip:icmp/ { next }
		{ all++ }
		($2 == "1" || $2 == "True") && $3 == key { good++; seen[$1] = 1 }
		END {
			for (spi in seen)
				n++
			printf "%d of %d, by %d SAs of %d\n", good, all, n, sas
			exit !(all > 0 && good == all && n == sas)
		}' "$OUT/esp.rows"
}

# clear_packets CAPTURE: those that Wireshark, without keys, finds to be more than ESP. TCP to the
# hub's outer address itself is its kernel's.
clear_packets() {
	WIRESHARK_CONFIG_DIR=$OUT/none tshark -n -r "$1" \
		-Y 'gre || ip.addr == 10.0.0.0/8 || (tcp && !(ip.addr == 192.0.2.1))' -T fields -e frame.number 2> /dev/null
}

# clear_pairs CAPTURE: how often source and destination of an inner packet stand in clear, whatever
# is around them. Lines end at NUL for grep here, as an address begins with what else ends a line.
clear_pairs() {
	local a b pattern=""
	for a in "${NUMBER[@]}"; do
		for b in "${NUMBER[@]}"; do
			[ "$a" = "$b" ] && continue
			pattern+=$(printf '%s\\x0a\\x01\\x%02x\\x01\\x0a\\x01\\x%02x\\x01' \
				"${pattern:+|}" "$a" "$b")
		done
	done
	LC_ALL=C grep -czUaP "$pattern" "$1"
}

# witness_clear CAPTURE: nothing in clear
witness_clear() {
	local frames places
	frames=$(clear_packets "$1" | wc -l) places=$(clear_pairs "$1")
	echo "$frames frames, $places places"
	[ "$frames" -eq 0 ] && [ "$places" -eq 0 ]
}
