# SPDX-License-Identifier: BSD-3-Clause
"""The hub loses power and starts again: nothing is left of what it knew."""
import time

from node import Network

LETTER, CI = "f", True
NETWORK = Network()
DIFFERS = """They do not: a spoke believes in its SAs until its dead peer detection (ten seconds of silence, then
    thirty) gives the hub up; only then it asks for new ones."""


def run(lab):
    lab.come_up()
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    lab.hub.restart()
    began = time.monotonic()
    everybody = {n.own.tunnel for n in lab.spokes.values()}
    lab.wait("all spokes are registered again", lambda: everybody <= lab.hub.registered())
    lab.figure("hub restart to all spokes registered", time.monotonic() - began)
    for a, b in ((1, 2), (2, 1)):
        lab.wait(f"spoke {a} reaches spoke {b}'s host",
                 lambda a=a, b=b: lab.reaches(a, lab.spokes[b].own.lan))
    lab.figure("hub restart to all spokes forwarding", time.monotonic() - began)
