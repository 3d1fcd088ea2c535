# SPDX-License-Identifier: BSD-3-Clause
"""IKEv1: new keys of both phases, from both sides, while traffic flows, and nothing is lost."""
import re

import capture
from node import Network

LETTER, CI = "g", True
NETWORK = Network()
SENT = 1200


def run(lab):
    lab.come_up()
    one, other = lab.spokes[1], lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    flow = one.begin(f"ping -n -i 0.01 -c {SENT} -W 2 -p {capture.MARK.hex()} -I {one.own.lan} "
                     f"{other.lan} | tail -3", limit=60)
    for what, ids, renew in (
            ("SAs, by the spoke", lab.child_spis, lambda: one.say("swanctl --rekey --child hub")),
            ("SAs, by the hub", lab.child_spis, lambda: lab.hub.rekey("child", one.own.tunnel)),
            ("IKE SA, by the spoke", lab.ike_sas, lambda: one.say("swanctl --rekey --ike hub")),
            ("IKE SA, by the hub", lab.ike_sas, lambda: lab.hub.rekey("ike", one.own.tunnel)),
            ("SAs, by the spoke, in the new IKE SA", lab.child_spis,
             lambda: one.say("swanctl --rekey --child hub"))):
        before = ids(1)
        renew()
        lab.wait(f"new {what}", lambda ids=ids, before=before: ids(1) - before)
        one.say("sleep 1")
    _, said = one.end(flow)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    sent, came = map(int, found.groups()) if found else (0, 0)
    lab.check(f"of {SENT} packets none was lost meanwhile", sent == came == SENT,
              f"{sent - came} lost of {sent}")
