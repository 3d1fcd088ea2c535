# SPDX-License-Identifier: BSD-3-Clause
"""The same with redirects, resolution and a direct way between the spokes."""
from node import Network
from scenarios import shortcut

LETTER, CI = "0", False
NETWORK = Network(keying="manual", shortcut=True)


def run(lab):
    shortcut.run(lab)
