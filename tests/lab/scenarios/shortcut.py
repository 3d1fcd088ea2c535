# SPDX-License-Identifier: BSD-3-Clause
"""Redirect, resolution, a direct tunnel; traffic leaves the hub, and comes back without it."""
import capture
from node import Network

LETTER, CI = "c", True
NETWORK = Network(shortcut=True)
DIFFERS = """dmvpn-hub sends a traffic indication for the first packet that has a shorter way. FRR hears of
    packets by a rule of netfilter, which is given a limit, or every packet would make one."""


def to_hub(lab):
    return capture.count_esp(lab.capture.path, {n.own.public for n in lab.spokes.values()},
                             {lab.hub.own.nbma})


def run(lab):
    lab.come_up()
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host by way of the hub",
             lambda: lab.reaches(1, other.lan))
    took = lab.wait("then directly", lambda: lab.reaches(1, other.lan, ttl=64))
    lab.figure("first packet to direct way", took)
    before = to_hub(lab)
    ttls = lab.ping(1, other.lan, count=20)
    spent = to_hub(lab) - before
    lab.check("20 packets go directly", ttls == [64] * 20, ttls)
    lab.check("and leave the hub alone", spent < 20, f"{spent} ESP packets came to it meanwhile")
    for n in lab.spokes:
        lab.spokes[n].say("vtysh -c 'clear ip nhrp shortcut' -c 'clear ip nhrp cache'")
    lab.wait("without shortcuts spoke 1 reaches spoke 2's host by way of the hub",
             lambda: lab.reaches(1, other.lan, ttl=63))
    lab.wait("and again directly", lambda: lab.reaches(1, other.lan, ttl=64))
