# SPDX-License-Identifier: BSD-3-Clause
"""The hub's charon as a unit of its own, beside the hub and not its child (ike.mode = "external")."""
import os
import shutil
import subprocess

CHARON = "/usr/sbin/charon-systemd"
PLUGIN = "libstrongswan-dmvpn-hub.so"


def start(directory, log, plugin=None, preload="", **environment):
    """With what the hub has written to its ike.directory, where its user can read the plugin, too
    (None: it is there)."""
    if plugin is not None:
        shutil.copy(plugin, os.path.join(directory, PLUGIN))
    return subprocess.Popen(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--pdeathsig", "KILL",
         "env", f"STRONGSWAN_CONF={directory}/strongswan.conf", f"SWANCTL_DIR={directory}",
         f"LD_PRELOAD={directory}/{PLUGIN}:{preload}",
         *(f"{name}={value}" for name, value in environment.items()), CHARON],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
