# SPDX-License-Identifier: BSD-3-Clause
"""IKEv2 with AES-GCM."""
from node import Network

LETTER, CI = "b", True
NETWORK = Network(ike_version=2, ike_proposal="aes128gcm16-prfsha256-ecp256",
                  esp_proposal="aes128gcm16")


def run(lab):
    lab.first_packet()
    lab.come_up()
    lab.carries()
