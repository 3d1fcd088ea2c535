# SPDX-License-Identifier: BSD-3-Clause
"""IKEv1 main mode, wildcard key, AES-CBC/SHA1, NHRP, RIP without split horizon: all by the hub."""
from node import Network

LETTER, CI = "a", True
NETWORK = Network()
KERNEL_WHY = """ripd keeps a foreign next hop only where the gateway is on a connected prefix, and FRR's nhrpd
    wants host prefixes."""


def run(lab):
    lab.come_up()
    lab.carries()
    for a, b in ((1, 2), (2, 1)):
        other = lab.spokes[b].own
        lab.check(f"RIP tells spoke {a} of spoke {b}'s LAN by spoke {b}'s tunnel address",
                  *(lambda got: (got == {other.tunnel}, ", ".join(got)))(
                      lab.rip_next_hops(a, other.lan_net)))
