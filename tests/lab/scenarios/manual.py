# SPDX-License-Identifier: BSD-3-Clause
"""No IKE: SAs written down at both ends. Registration, RIP, traffic by the hub."""
from node import Network

LETTER, CI = "0", False
NETWORK = Network(keying="manual")


def run(lab):
    lab.come_up()
    lab.carries()
