# SPDX-License-Identifier: BSD-3-Clause
"""Multicast reaches spokes from the hub alone, and only where the hub maps it."""
import time

from node import Network

LETTER, CI = "k", True
NETWORK = Network(multicast=False)
KERNEL_WHY = """A GRE packet left in clear, in some runs only: nothing in the kernel requires an SA for it until charon
    has put its policy there."""


def run(lab):
    for n in lab.spokes:
        lab.wait(f"spoke {n} is registered", lambda n=n: lab.registered(n))
    for node in lab.spokes.values():
        lab.wait(f"the hub has {node.own.name}'s route",
                 lambda node=node: node.own.lan_net in lab.hub.routes())
    time.sleep(15)  # one and a half of the hub's updates, had it any to send
    for n, node in lab.spokes.items():
        # A unicast answer to its own question (RFC 2453 3.9.1) it may have.
        heard = lab.multicast_heard(n)
        lab.check(f"{node.own.name} hears no multicast: neither the hub's nor another spoke's",
                  heard == 0, f"{heard} packets")
