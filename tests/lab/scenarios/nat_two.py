# SPDX-License-Identifier: BSD-3-Clause
"""Two spokes behind one NAT address, a third in front, IKEv2: all by way of the hub."""
from node import Network

LETTER, CI = "d", True
NETWORK = Network(spokes=3, nat=((2, 1), (3, 1)), ike_version=2,
                  ike_proposal="aes128gcm16-prfsha256-ecp256", esp_proposal="aes128gcm16")
DIFFERS = """dmvpn-hub knows a spoke by the SA that its packets come on. The kernel hub has one policy for the
    public address that both spokes have, and one SA by it: it sends to one what is the other's."""
KERNEL_WHY = """It shares its public address with spoke 2."""


def run(lab):
    lab.come_up()
    lab.carries()
