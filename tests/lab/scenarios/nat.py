# SPDX-License-Identifier: BSD-3-Clause
"""A spoke behind a NAT that translates ports, IKEv1."""
from node import Network

LETTER, CI = "d", False
NETWORK = Network(nat=((2, 1),))


def run(lab):
    lab.come_up()
    lab.carries()
