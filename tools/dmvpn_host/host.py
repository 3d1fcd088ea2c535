# SPDX-License-Identifier: BSD-3-Clause
"""What a machine's /sys and /proc say; its NICs."""
import argparse
import glob
import os
import re

# Their own kernel driver stays, DPDK works through it.
BIFURCATED = ("mlx4_core", "mlx5_core")
FOR_DPDK = ("vfio-pci", "uio_pci_generic", "igb_uio")
PCI = r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"
DEVICES = "/sys/bus/pci/devices"


class Host:
    """Files below a root; of those that are not there nothing is known."""

    def __init__(self, root):
        self.root = root

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def text(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                return f.read().strip()
        except OSError:
            return ""

    def number(self, name, default=0):
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?\d+", text) else default

    def glob(self, pattern):
        n = len(self.root.rstrip("/"))
        return sorted(p[n:] for p in glob.glob(self.path(pattern)))

    def link(self, name):
        """The last name of what a link points to; empty if it is none."""
        path = self.path(name)
        return os.path.basename(os.readlink(path)) if os.path.islink(path) else ""

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def cpus(self, name):
        """A list such as 0-3,8 as numbers."""
        found = []
        for part in filter(None, self.text(name).split(",")):
            low, _, high = part.partition("-")
            if low.isdigit():
                found += range(int(low), int(high or low) + 1)
        return found

    def nics(self):
        """PCI addresses of Ethernet devices."""
        return [os.path.basename(p) for p in self.glob(f"{DEVICES}/*")
                if self.text(f"{p}/class").startswith("0x0200")]

    def interfaces(self, nic):
        """Names that the kernel has for a NIC."""
        return [os.path.basename(p) for where in ("net", "virtio*/net")
                for p in self.glob(f"{DEVICES}/{nic}/{where}/*")]

    def above(self, interface):
        """It, and what stands on it: VLANs, and the bridge or bond that it is part of."""
        found = [interface] + [os.path.basename(p)[len("upper_"):] for p in
                               self.glob(f"/sys/class/net/{interface}/upper_*")]
        return [name for i, name in enumerate(found) if name not in found[:i]]

    def in_use(self, nic):
        """Interfaces of a NIC, or above it, that the kernel routes by (each address makes a route)."""
        routes = {line.split()[0] for line in self.text("/proc/net/route").splitlines()[1:]
                  if line.split()}
        # Scope 20 is the link's own, which every interface has that is up.
        routes |= {line.split()[5] for line in self.text("/proc/net/if_inet6").splitlines()
                   if len(line.split()) == 6 and line.split()[3] != "20"}
        return [name for interface in self.interfaces(nic) for name in self.above(interface)
                if name in routes]


def pci_address(text):
    text = text.lower()
    if re.fullmatch(PCI[len("[0-9a-f]{4}:"):], text):
        text = "0000:" + text
    if not re.fullmatch(PCI, text):
        raise argparse.ArgumentTypeError(f"{text}: expected a PCI address, as 0000:3b:00.0")
    return text
