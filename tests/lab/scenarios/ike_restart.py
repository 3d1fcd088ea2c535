# SPDX-License-Identifier: BSD-3-Clause
"""The hub's IKE daemon is killed and starts again; new keys are negotiated with it."""
from node import Network

LETTER, CI = "f", True
NETWORK = Network()


def run(lab):
    lab.come_up()
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    before = {n: lab.child_spis(n) for n in lab.spokes}
    lab.hub.restart_ike()
    for node in lab.spokes.values():
        node.say("swanctl --terminate --ike hub --force --timeout 5")
    took = lab.wait("spoke 1 has new SAs and reaches spoke 2's host",
                    lambda: lab.reaches(1, other.lan) and not lab.child_spis(1) & before[1])
    lab.figure("IKE daemon's restart to first packet by new SAs", took)
    for n in lab.spokes:
        lab.wait(f"spoke {n} has no old SA", lambda n=n: not lab.child_spis(n) & before[n])
