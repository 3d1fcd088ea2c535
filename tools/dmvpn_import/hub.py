# SPDX-License-Identifier: BSD-3-Clause
"""The hub's configuration, of what the old files said."""
import ipaddress


def _text(value):
    value = value or ""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list(values):
    return "[ " + ", ".join(_text(v) for v in values) + " ]"


def _entries(lines, indent="\t"):
    return ",\n".join(indent + line for line in lines)


class Hub:
    """Old interfaces' names, and what became of them."""

    def __init__(self, old, devices, remarks):
        self.old, self.devices, self.remarks = old, devices, remarks
        self.tunnels = [i for i in old.interfaces if i.tunnel]
        self.ports = [i for i in old.interfaces if not i.tunnel and i.addresses]
        outer = [p for p in self.ports if p.gateway] or self.ports[:1]
        self.outer = outer[0] if outer else None

    def text(self):
        return "\n".join(part for part in (
            "/* Made by dmvpn-import. Its remarks stand at the end; read them, then check this with",
            " * `dmvpn-hub --check FILE`. */", self.port_list(), self.tunnel_list(), self.rip(),
            self.ike(), self.remark_list()) if part) + "\n"

    def port_list(self):
        lines = []
        for port in self.ports:
            device = self.devices.get(port.device, f"net_af_packet{len(lines)},iface={port.device}")
            if port.vlan and port.device.rsplit(".", 1)[0] in [p.device for p in self.ports]:
                how = f'parent = {_text(port.device.rsplit(".", 1)[0])}; vlan = {port.vlan};'
            else:
                how = f"device = {_text(device)};"
                if port.device not in self.devices:
                    self.remarks.note(port.path, port.device,
                                      "named as a kernel's interface; give the PCI address of the "
                                      f"NIC: --device {port.device}=0000:3b:00.0")
            lines.append(f"{{ name = {_text(port.device)}; {how} "
                         f"addresses = {_list(port.addresses)};"
                         + (f" gateway = {_text(port.gateway)};" if port.gateway else "")
                         + (f" mtu = {port.mtu};" if port.mtu else "")
                         + ("" if port is self.outer else ' role = "lan";') + " }")
        if not lines:
            self.remarks.lost("ports", "", "no interface with an address was among the files")
        return f"ports = (\n{_entries(lines)}\n);"

    def nbma(self, tunnel):
        if tunnel.nbma:
            return tunnel.nbma
        if self.outer:
            return self.outer.addresses[0].split("/")[0]
        self.remarks.lost(tunnel.path, "MY_OUTER_IPADDR", "the tunnel's outer address is not known")
        return "0.0.0.0"

    def tunnel_list(self):
        nhrp = {n.name: n for n in self.old.nhrp}
        lines = []
        for tunnel in self.tunnels:
            settings = nhrp.pop(tunnel.device, None)
            body = [f"name = {_text(tunnel.device)}; "
                    f"address = {_text(tunnel.addresses[0] if tunnel.addresses else '')}; "
                    f"nbma = {_text(self.nbma(tunnel))};"]
            if tunnel.key:
                key = _text(tunnel.key) if "." in tunnel.key else tunnel.key
                body.append(f"key = {key};")
            body += [f"ttl = {tunnel.ttl};"] * bool(tunnel.ttl)
            body += [f"mtu = {tunnel.mtu};"] * bool(tunnel.mtu)
            if settings is None:
                self.remarks.note(tunnel.path, tunnel.device, "opennhrp.conf does not name it")
            else:
                body += ["redirect = true;"] * settings.redirect
                body.append(self.nhrp(settings))
            peers = self.manual_peers() if tunnel is self.tunnels[0] else []
            if peers:
                body.append(f"peers = (\n{_entries(peers, chr(9) * 3)}\n\t\t);")
            lines.append("{\n\t\t" + "\n\t\t".join(body) + "\n\t}")
        for name, settings in nhrp.items():
            lans = [p.device for p in self.ports if p is not self.outer]
            if not settings.destination:
                self.remarks.lost("opennhrp.conf", f"interface {name}",
                                  "no ifcfg file of a GRE interface of this name")
            elif name not in lans:
                self.remarks.lost("opennhrp.conf", f"interface {name} shortcut-destination",
                                  "no ifcfg file of a LAN port of this name")
        return f"tunnels = (\n{_entries(lines)}\n);"

    def nhrp(self, n):
        out = []
        # OpenNHRP's own default differs from none given.
        out.append(f"holding_time = {n.holding_time or 7200};")
        if n.authentication:
            out.append(f"authentication = {_text(n.authentication)};")
        out += ["shortcut = true;"] * n.shortcut + ["non_caching = true;"] * n.non_caching
        out.append(f"multicast = {_list(n.multicast)};")
        for kind, first in (("maps", "prefix"), ("nhs", "address")):
            lines = [self.station(first, *entry) for entry in n.maps
                     if ("register" in entry[2]) == (kind == "nhs")]
            if lines:
                out.append(f"{kind} = (\n{_entries(lines, chr(9) * 4)}\n\t\t\t);")
        targets = [f"{{ prefix = {_text(p)};" + (f" holding_time = {h};" if h else "") + " }"
                   for p, h in n.targets]
        if targets:
            out.append(f"shortcut_targets = ( {', '.join(targets)} );")
        lans = [p.device for p in self.ports if p is not self.outer]
        ports = [o.name for o in self.old.nhrp if o.destination]
        if ports:
            out.append(f"shortcut_destinations = {_list(p for p in ports if p in lans)};")
        return "nhrp = {\n\t\t\t" + "\n\t\t\t".join(out) + "\n\t\t};"

    @staticmethod
    def station(first, prefix, nbma, flags):
        """OpenNHRP's map: an address, whose prefix length only says what it may be asked for."""
        address = prefix.split("/")[0] + ("/32" if first == "prefix" else "")
        return (f"{{ {first} = {_text(address)}; nbma = {_text(nbma)};"
                f"{' cisco = true;' if 'cisco' in flags else ''}"
                f"{' unique = false;' if 'no-unique' in flags else ''} }}")

    def manual_peers(self):
        own = {a.split("/")[0] for p in self.ports for a in p.addresses}
        peers = {}
        for sa in self.old.sas:
            if sa.dst in own:
                peers.setdefault(sa.src, ([], []))[0].append(sa)
            elif sa.src in own:
                peers.setdefault(sa.dst, ([], []))[1].append(sa)
            else:
                self.remarks.lost(sa.where, f"add {sa.src} {sa.dst} esp {sa.spi} (not shown)",
                                  "neither address is the hub's")

        def sas(which):
            return ", ".join(f'{{ spi = {s.spi}; suite = "{s.suite}"; key = "{s.key}"; '
                             f'auth_key = "{s.auth_key}"; }}' for s in which)
        return [f"{{ nbma = {_text(nbma)}; sa_in = ( {sas(into)} ); sa_out = ( {sas(out)} ); }}"
                for nbma, (into, out) in peers.items()]

    # --- RIP -------------------------------------------------------------------------------

    def rip(self):
        rip = self.old.rip
        if rip is None:
            return ""
        names = [i.device for i in self.tunnels + self.ports if i is not self.outer]
        out = [f"network = {_list(rip.networks)};"] if rip.networks else []
        if not rip.networks:
            self.remarks.lost("ripd.conf", "network", "none is named; the tunnels' are taken")
            out.append(f"network = {_list([t.device for t in self.tunnels])};")
        if rip.neighbors:
            out.append(f"neighbor = {_list(rip.neighbors)};")
        if rip.timers:
            out.append("timers = {{ update = {}; timeout = {}; garbage = {}; }};".format(*rip.timers))
        if rip.distance:
            out.append(f"distance = {rip.distance};")
        if rip.ecmp:
            out.append(f"ecmp = {rip.ecmp};")
        if rip.default_information:
            out.append("default_information = { originate = true; };")
        if rip.redistribute:
            out.append("redistribute = ( " + ", ".join(
                f'{{ source = "{s}";' + (f" metric = {m};" if m else "") + " }"
                for s, m in rip.redistribute) + " );")
        lines = []
        for name in dict.fromkeys(list(rip.interfaces) + (names if rip.passive_default else [])):
            line = self.rip_interface(name, rip, names)
            lines += [line] if line else []
        if lines:
            out.append(f"interfaces = (\n{_entries(lines, chr(9) * 2)}\n\t);")
        return "rip = {\n\t" + "\n\t".join(out) + "\n};"

    def rip_interface(self, name, rip, names):
        i = rip.interfaces.get(name)
        passive = i.passive if i else rip.passive_default
        if name not in names:
            self.remarks.lost("ripd.conf", f"interface {name}", "no tunnel or LAN port of this name")
            return None
        out = ""
        if i and i.split_horizon:
            out += f' split_horizon = "{i.split_horizon}";'
        out += " passive = true;" * passive + " receive_v1 = true;" * bool(i and i.receive_v1)
        if i and i.auth_key:
            out += f' authentication = {{ mode = "{i.auth_mode or "text"}"; ' \
                   f'key = {_text(i.auth_key)}; }};'
        return f"{{ name = {_text(name)};{out} }}" if out else None

    # --- IKE -------------------------------------------------------------------------------

    def ike(self):
        ike = self.old.ike
        if ike is None:
            return ""
        out = ["versions = [ 1 ];"]
        out += ["aggressive = true;"] * ike.aggressive
        out += ["nat_force = true;"] * ike.nat_force
        out += ["fragmentation = false;"] * (ike.fragmentation is False)
        out += [f"dpd = {ike.dpd};"] * (ike.dpd is not None)
        out += [f"id = {_text(ike.id)};"] * bool(ike.id)
        out += [f"proposals = {_list(ike.proposals)};"] * bool(ike.proposals)
        out += [f"esp = {_list(ike.esp)};"] * bool(ike.esp)
        lives = [f"{n} = {v};" for n, v in (("ike", ike.life_ike), ("esp", ike.life_esp)) if v]
        out += [f"lifetimes = {{ {' '.join(lives)} }};"] * bool(lives)
        keys = []
        for who, key in self.old.keys:
            kind = "address" if who.count(".") == 3 and who.replace(".", "").isdigit() else "id"
            keys.append(f"{{ {kind} = {_text(who)}; secret = {_text(key)}; }}")
        out += [f"psk = (\n{_entries(keys, chr(9) * 2)}\n\t);"] * bool(keys)
        return "ike = {\n\t" + "\n\t".join(out) + "\n};"

    def remark_list(self):
        lines = [line.replace("*/", "* /") for line in self.remarks.lines()]
        return "\n".join(["/* Remarks.", " *"] + [f" * {line}" for line in lines] + [" */"]) \
            if lines else ""
