# SPDX-License-Identifier: BSD-3-Clause
"""Cisco's NHRP authentication, as a newer FRR has it: the right secret, a wrong one, none."""
import os
import subprocess

import node
from node import Network

LETTER, CI, ENDS = "h", True, True
SECRET = "lantern"
NETWORK = Network(spokes=3, nhrp="newer-frr", nhrp_secret=SECRET, shortcut=True,
                  secrets=((1, SECRET), (2, "lanterm")))


def impossible():
    run = subprocess.run([os.path.join(node.HERE, "newer-frr"), node.NEWER_FRR],
                         capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode else None


def run(lab):
    lab.wait("spoke 1 is registered: it has the secret", lambda: lab.registered(1))
    lab.wait("the hub refuses the others", lambda: lab.hub.nhrp_refused() >= 2)
    lab.check("and has spoke 1 alone", lab.hub.registered() == {lab.spokes[1].own.tunnel},
              lab.hub.registered())
    lab.check("spoke 2, with a wrong secret, is not registered", not lab.registered(2))
    lab.check("spoke 3, without one, is not registered", not lab.registered(3))
    lab.spokes[2].say("vtysh -c 'configure terminal' -c 'interface gre1' "
                      f"-c 'ip nhrp authentication {SECRET}'")
    lab.wait("spoke 2 is registered when it is told the secret", lambda: lab.registered(2))
    other = lab.spokes[2].own
    lab.wait("spoke 1 has RIP's route to its LAN", lambda: lab.route(1, other.lan_net))
    lab.wait("and reaches its host by way of the hub", lambda: lab.reaches(1, other.lan))
    lab.wait("then directly, by a resolution with the secret",
             lambda: lab.reaches(1, other.lan, ttl=64))
    lab.check("spoke 3 still is not registered", not lab.registered(3))
