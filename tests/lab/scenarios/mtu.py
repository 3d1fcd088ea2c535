# SPDX-License-Identifier: BSD-3-Clause
"""Sizes: all lengths of padding, around the tunnel's MTU, with and without don't-fragment; TCP."""
from node import Network

LETTER, CI = "j", True
NETWORK = Network()


def run(lab):
    lab.come_up()
    other = lab.spokes[2].own
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, other.lan))
    mtu = lab.net.tunnel_mtu
    sizes = sorted(set(range(60, mtu, 37)) | set(range(60, 77)) | set(range(mtu - 17, mtu + 1)))
    lost = lab.lost_sizes(1, other.lan, sizes, "-M do")
    lab.check(f"{len(sizes)} sizes with DF, 60..{mtu}", not lost, lost or "")
    lost = lab.lost_sizes(1, other.lan, (mtu + 1, 1500, 2000, 3000))
    lab.check("larger ones in fragments", not lost, lost or "")
    said = lab.at_host(f"ping -n -c 1 -W 2 -M do -s {1500 - 28} {other.lan}")
    lab.check("the hub tells its LAN what fits", f"mtu = {mtu}" in said or f"mtu={mtu}" in said,
              said.strip().splitlines()[-1] if said else "")
    lab.check("TCP from the hub's LAN", *lab.tcp_from_host(2))
