# SPDX-License-Identifier: BSD-3-Clause
"""IKEv2: new keys of both phases, from both sides, while traffic flows, and nothing is lost."""
from scenarios import ikev2, rekey

LETTER, CI = "g", True
NETWORK = ikev2.NETWORK


def run(lab):
    rekey.run(lab)
