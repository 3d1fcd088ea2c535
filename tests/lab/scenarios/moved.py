# SPDX-License-Identifier: BSD-3-Clause
"""A spoke loses power and comes back with another address."""
import time

from node import Network

LETTER, CI = "e", True
NETWORK = Network()


def run(lab):
    lab.come_up()
    node = lab.spokes[2]
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, node.own.lan))
    node.kill()
    node.own.nbma = node.own.public = "192.0.2.77"  # and so it stays
    node.start()
    node.wait_ready()
    began = time.monotonic()
    lab.wait("spoke 2 registers again from another address", lambda: lab.registered(2))
    lab.wait("spoke 1 reaches spoke 2's host", lambda: lab.reaches(1, node.own.lan))
    lab.figure("start of a spoke with another address to first packet", time.monotonic() - began)
