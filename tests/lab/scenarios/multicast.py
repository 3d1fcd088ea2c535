# SPDX-License-Identifier: BSD-3-Clause
"""Multicast reaches spokes from the hub alone, and only where the hub maps it."""
import time

from node import Network

LETTER, CI = "k", False
NETWORK = Network(multicast=False)
DMVPN_WHY = """The spoke asked, and is answered by unicast (RFC 2453 3.9.1). With the kernel hub its question is
    lost."""


def run(lab):
    for n in lab.spokes:
        lab.wait(f"spoke {n} is registered", lambda n=n: lab.registered(n))
    for node in lab.spokes.values():
        lab.wait(f"the hub has {node.own.name}'s route",
                 lambda node=node: node.own.lan_net in lab.hub.routes())
    time.sleep(15)  # one and a half of the hub's updates, had it any to send
    for n, node in lab.spokes.items():
        heard = node.say("grep -c 'RECV packet' /var/log/frr/ripd.log").strip()
        lab.check(f"spoke {n} hears no RIP: neither the hub's nor another spoke's", heard == "0",
                  f"{heard} packets")
