# SPDX-License-Identifier: BSD-3-Clause
"""A spoke dies without a word: its routes go."""
from node import Network

LETTER, CI, ENDS = "e", True, True
NETWORK = Network()
DIFFERS = """dmvpn-hub withdraws what a spoke announced when IKE finds the spoke dead. The kernel hub's ripd
    knows nothing of IKE and waits for its own timeout."""
KERNEL_WHY = """With the SAs of a dead spoke strongSwan takes their policies, and the kernel sends GRE to it in
    clear. From dmvpn-hub GRE never leaves without ESP."""


def run(lab):
    lab.come_up()
    gone = lab.spokes[2]
    lab.wait("the hub has spoke 2's route", lambda: gone.own.lan_net in lab.hub.routes())
    gone.kill()
    took = lab.wait("the hub's route to its LAN goes",
                    lambda: gone.own.lan_net not in lab.hub.routes())
    lab.figure("spoke death to route withdrawn", took)
    lab.wait("and so does spoke 1's", lambda: not lab.route(1, gone.own.lan_net))
    lab.check("the hub keeps spoke 1", lab.spokes[1].own.lan_net in lab.hub.routes())
