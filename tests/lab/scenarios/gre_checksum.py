# SPDX-License-Identifier: BSD-3-Clause
"""GRE with checksums from the spokes, and from the hub."""
from node import Network

LETTER, CI = "i", True
NETWORK = Network(gre_options="csum", gre_checksum=True)


def run(lab):
    lab.come_up()
    lab.carries()
