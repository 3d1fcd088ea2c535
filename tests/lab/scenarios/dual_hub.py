# SPDX-License-Identifier: BSD-3-Clause
"""Spokes of two hubs: one dies."""
from node import Network

LETTER, CI, ALONE = "m", False, True
NETWORK = Network(hubs=2)


def run(lab):
    lab.come_up()
    for n in lab.spokes:
        lab.wait(f"spoke {n} is registered with the second hub",
                 lambda n=n: lab.nhrp_peers(n).get("10.255.0.2") == "nhs")
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan), 20)
    lab.hubs[0].stop()
    took = lab.wait("again, after the first hub died", lambda: lab.reaches(1, other.lan), 180)
    lab.figure("death of the first hub to first packet by the second", took)
    lab.check("by way of the second hub", lab.route(1, other.lan_net) == "10.255.0.2" or
              lab.reaches(1, other.lan, ttl=63), lab.route(1, other.lan_net))
