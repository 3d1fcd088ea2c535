# SPDX-License-Identifier: BSD-3-Clause
"""The same with redirects, resolution and a direct way between the spokes."""
from node import Network
from scenarios import shortcut

LETTER, CI = "0", True
NETWORK = Network(keying="manual", shortcut=True)
DMVPN_WHY = """nhrpd 8.4 answers its kernel with an empty address if the spoke's ripd must send by unicast in
    the moment of registration, and the hub's RIP request comes in that moment."""


def run(lab):
    shortcut.run(lab)
