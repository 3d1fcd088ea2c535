# SPDX-License-Identifier: BSD-3-Clause
"""IKEv1: new keys while traffic flows, and nothing is lost."""
import re

import capture
from node import Network

LETTER, CI = "g", True
NETWORK = Network()
REKEYINGS = 3


def run(lab):
    lab.come_up()
    one, other = lab.spokes[1], lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    before = lab.child_spis(1)
    flow = one.begin(f"ping -n -i 0.05 -c 200 -W 2 -p {capture.MARK.hex()} -I {one.own.lan} "
                     f"{other.lan} | tail -3", limit=40)
    for _ in range(REKEYINGS):
        one.say("sleep 2; swanctl --rekey --child hub")
    _, said = one.end(flow)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    lab.check("the SAs are new ones", not before & lab.child_spis(1) or lab.child_spis(1) - before,
              f"{sorted(before)} -> {sorted(lab.child_spis(1))}")
    sent, came = map(int, found.groups()) if found else (0, 0)
    lab.check(f"200 packets over {REKEYINGS} rekeyings, none of them lost",
              sent == came == 200, f"{sent - came} lost of {sent}")
