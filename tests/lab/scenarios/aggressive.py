# SPDX-License-Identifier: BSD-3-Clause
"""IKEv1 aggressive mode."""
from node import Network

LETTER, CI = "b", True
NETWORK = Network(aggressive=True)


def run(lab):
    lab.first_packet()
    lab.come_up()
    lab.carries(tcp=False)
