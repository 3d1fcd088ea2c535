# SPDX-License-Identifier: BSD-3-Clause
"""The hub as Debian has it: the kernel's ESP and multipoint GRE, strongSwan, FRR's nhrpd and ripd,
in a guest."""
from node import Node


class KernelHub:
    kind = "kernel"

    def __init__(self, work, net, own, nodes):
        self.own = own
        self.node = Node(work, net, own, nodes)
        if not net.redirect:
            raise NotImplementedError("the kernel hub always redirects")

    @staticmethod
    def cannot(net):
        """None, or why this hub cannot serve such a network."""
        if net.nhrp_secret and net.nhrp != "newer-frr":
            return "FRR 8.4 has no NHRP authentication"
        return None

    def plug(self):
        self.node.plug()

    def start(self):
        self.node.start()

    def wait_ready(self):
        self.node.wait_ready()

    def restart(self):
        """As after a power cut."""
        self.kill()
        self.node.start()
        self.node.wait_ready()

    def kill(self):
        """As if its power were cut."""
        self.node.kill()

    def relaunch(self):
        """FRR dies and comes back; the kernel and IKE go on."""
        for daemon in ("nhrpd", "ripd"):
            self.node.say(f"pkill -KILL -x {daemon}; /usr/lib/frr/{daemon} -d -A 127.0.0.1 "
                          f"--log file:/var/log/frr/{daemon}.log")

    def restart_ike(self):
        """IKE alone dies and comes back."""
        self.node.say("pkill -KILL -x charon; . /io/conf/node.env; . $GUEST/ike")

    def stop(self):
        self.kill()

    def rekey(self, what, _tunnel):
        """Renew the SAs ("child") or the IKE SAs ("ike") with all spokes."""
        self.node.say(f"swanctl --rekey --{what} any")

    def registered(self):
        """Tunnel addresses of the spokes that are registered."""
        said = self.node.say("vtysh -c 'show ip nhrp cache'")
        rows = [line.split() for line in said.splitlines()]
        return {row[2] for row in rows if len(row) > 2 and row[1] == "dynamic"}

    def routes(self):
        """{prefix: tunnel address} of the routes that RIP has from spokes."""
        rows = [line.split() for line in self.node.say("ip route show proto rip").splitlines()]
        return {row[0]: row[row.index("via") + 1] for row in rows if "via" in row}

    def keys(self):
        """SAs, as `ip xfrm state` says them."""
        return self.node.say("ip xfrm state")

    def nhrp_refused(self):
        """Packets without the secret."""
        return int(self.node.say("grep -c 'Send Error-Indication' /var/log/frr/nhrpd.log"))

    def save(self, folder):
        self.node.save(folder)
