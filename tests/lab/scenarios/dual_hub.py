# SPDX-License-Identifier: BSD-3-Clause
"""Spokes of two hubs, with a tunnel to each: one hub dies, the other carries on."""
from node import Network

LETTER, CI, ENDS = "m", False, True
NETWORK = Network(hubs=2)
DIFFERS = """They do not: a spoke's ripd waits for its own timeout, then takes what the second hub says."""


def run(lab):
    lab.come_up()
    first, second = lab.hubs
    for n in lab.spokes:
        lab.wait(f"spoke {n} is registered with the second hub",
                 lambda n=n: lab.nhrp_peers(n).get(second.own.tunnel) == "nhs")
    other = lab.spokes[2].own
    lab.wait("the second hub has spoke 2's route", lambda: other.lan_net in second.routes())
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    first.kill()
    took = lab.wait("again, after the first hub died",
                    lambda: lab.route(1, other.lan_net) == second.own.tunnel and
                    lab.reaches(1, other.lan, ttl=63), 180)
    lab.figure("death of the first hub to first packet by the second", took)
    lab.check("spoke 2's way back is the second hub, too",
              lab.route(2, lab.spokes[1].own.lan_net) == second.own.tunnel,
              lab.route(2, lab.spokes[1].own.lan_net))
