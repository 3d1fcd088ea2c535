# SPDX-License-Identifier: BSD-3-Clause
"""IKEv1 with what old routers offer: 3DES, and quick mode with perfect forward secrecy."""
from node import Network

LETTER, CI = "b", False
NETWORK = Network(ike_proposal="3des-sha1-modp1024", esp_proposal="3des-sha1-modp1024")


def run(lab):
    lab.come_up()
    lab.carries(tcp=False)
