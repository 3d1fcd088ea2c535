# SPDX-License-Identifier: BSD-3-Clause
"""The seed's own files, imported: IKEv1 main mode, wildcard key, AES-CBC/SHA1, NHRP, RIP without
split horizon; all by the hub."""
from node import Network

LETTER, CI = "a", True
NETWORK = Network(imported=True)
KERNEL_WHY = """ripd keeps a foreign next hop only where the gateway is on a connected prefix, and FRR's nhrpd
    wants host prefixes."""
DIFFERS = """dmvpn-hub announces a spoke's LAN with the spoke's own tunnel address as next hop, as the seed's
    hub did, so that spokes can find each other. FRR's ripd puts the hub there."""


def run(lab):
    lab.first_packet()
    lab.come_up()
    lab.carries()
    for a, b in ((1, 2), (2, 1)):
        other = lab.spokes[b].own
        lab.check(f"RIP tells spoke {a} of spoke {b}'s LAN by spoke {b}'s tunnel address",
                  *(lambda got: (got == {other.tunnel}, ", ".join(got)))(
                      lab.rip_next_hops(a, other.lan_net)))
    for n in lab.spokes:
        lab.wait(f"spoke {n} hears the hub's RIP by multicast",
                 lambda n=n: lab.multicast_heard(n) > 0)
