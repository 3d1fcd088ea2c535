# SPDX-License-Identifier: BSD-3-Clause
"""The hub's IKE daemon is killed and starts again; a new key is negotiated with it."""
from node import Network

LETTER, CI, ALONE = "f", False, True
NETWORK = Network()


def run(lab):
    lab.come_up()
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan), 20)
    before = lab.child_spis(1)
    lab.hub.restart_ike()
    lab.spokes[1].say("swanctl --terminate --ike hub --force --timeout 5")
    took = lab.wait("spoke 1 has new SAs and reaches spoke 2's host",
                    lambda: lab.reaches(1, other.lan) and not lab.child_spis(1) & before, 120)
    lab.figure("IKE daemon's restart to first packet by new SAs", took)
