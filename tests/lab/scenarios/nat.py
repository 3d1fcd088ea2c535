# SPDX-License-Identifier: BSD-3-Clause
"""A spoke behind a NAT that translates ports, IKEv1."""
from node import Network

LETTER, CI = "d", True
NETWORK = Network(nat=((2, 1),))
KERNEL_WHY = """What was found was IPv6 of the lab's own NAT gateway, since taken out; no GRE."""


def run(lab):
    lab.come_up()
    lab.carries()
