# SPDX-License-Identifier: BSD-3-Clause
"""OpenNHRP as the spokes' daemon, where there is one."""
import shutil

from node import Network

LETTER, CI = "l", False
NETWORK = Network(nhrp="opennhrp")


def impossible():
    return None if shutil.which("opennhrp") else "no opennhrp on the PATH (Debian has none)"


def run(lab):
    lab.come_up()
    lab.carries(tcp=False)
