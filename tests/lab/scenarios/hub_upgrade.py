# SPDX-License-Identifier: BSD-3-Clause
"""The hub's own processes are killed under traffic and start again, as for an upgrade; its IKE daemon,
a unit of its own, goes on. No spoke notices but by the gap."""
import re

import capture
from node import Network

LETTER, CI = "f", True
NETWORK = Network(ike_version=2, ike_proposal="aes256-sha256-ecp256", esp_proposal="aes128gcm16",
                  ike_external=True)
EVERY = 0.02  # seconds between pings
DIFFERS = """dmvpn-hub finds its SAs, leases and routes again in memory that it left behind, and forwards when its
    ports are open. The kernel goes on forwarding meanwhile, and forgets what FRR had put into it when FRR comes
    back: spokes have to register, and tell their routes, again."""


def run(lab):
    lab.come_up()
    one, other = lab.spokes[1], lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    before = {n: lab.child_spis(n) for n in lab.spokes}
    everybody = {n.own.tunnel for n in lab.spokes.values()}
    flow = one.begin(f"ping -n -i {EVERY} -c 1000 -W 2 -p {capture.MARK.hex()} -I {one.own.lan} "
                     f"{other.lan}", limit=60)
    one.say("sleep 2")
    lab.hub.relaunch()
    lab.wait("all spokes are registered", lambda: everybody <= lab.hub.registered())
    _, said = one.end(flow)
    seen = [0] + sorted({int(n) for n in re.findall(r"icmp_seq=(\d+)", said)})
    gap = max((b - a for a, b in zip(seen, seen[1:])), default=0) * EVERY
    lab.figure("hub killed: longest gap in traffic", gap)
    lab.check("traffic goes on", len(seen) > 100 and seen[-1] > 990 and gap < 10,
              f"{len(seen) - 1} of 1000 answered, the longest gap is {gap:.2f} s")
    renewed = [n for n in lab.spokes if lab.child_spis(n) != before[n]]
    lab.check("no spoke has other SAs", not renewed, f"{renewed or 'none'}")
