# SPDX-License-Identifier: BSD-3-Clause
"""opennhrp.conf: words in any number of lines, as its own parser reads them."""
from .remarks import read_lines


class Interface:
    def __init__(self, name):
        self.name = name
        self.holding_time = self.authentication = None
        self.multicast, self.maps, self.nhs, self.targets = [], [], [], []
        self.shortcut = self.redirect = self.non_caching = self.destination = False


def _words(path):
    for where, line in read_lines(path):
        for word in line.split("#", 1)[0].split():
            yield where, word


class _Parser:
    def __init__(self, path, remarks):
        self.words, self.remarks, self.path = list(_words(path)), remarks, path
        self.interfaces, self.current = [], None

    def next(self):
        return self.words.pop(0) if self.words else (self.path, "")

    def peek(self):
        return self.words[0][1] if self.words else ""

    def flags(self, *known):
        found = set()
        while self.peek() in known:
            found.add(self.next()[1])
        return found

    def run(self):
        while self.words:
            where, word = self.next()
            if word == "interface":
                self.current = Interface(self.next()[1])
                self.interfaces.append(self.current)
            elif self.current is None:
                self.rest(where, word, "before any interface")
            else:
                handler = getattr(self, "do_" + word.replace("-", "_"), None)
                if handler:
                    handler(where)
                else:
                    self.rest(where, word, "unknown word")
        return self.interfaces

    def rest(self, where, word, why):
        """A word that is not known takes the rest of its line with it."""
        text = [word]
        while self.words and self.words[0][0] == where:
            text.append(self.next()[1])
        self.remarks.lost(where, " ".join(text), why)

    def do_holding_time(self, where):
        value = self.next()[1]
        if value.isdigit() and 0 < int(value) < 65536:
            self.current.holding_time = int(value)
        else:
            self.remarks.lost(where, f"holding-time {value}", "expected 1..65535")

    def do_cisco_authentication(self, _):
        self.current.authentication = self.next()[1]

    def do_map(self, _):
        prefix, nbma = self.next()[1], self.next()[1]
        flags = self.flags("register", "cisco", "no-unique")
        self.current.maps.append((prefix, nbma, flags))

    def do_dynamic_map(self, where):
        prefix, domain = self.next()[1], self.next()[1]
        self.remarks.lost(where, f"dynamic-map {prefix} {domain}",
                          "the hub asks no name server; write an entry of nhs for each hub")

    def do_multicast(self, where):
        word = self.next()[1]
        if word in ("dynamic", "nhs") or word.replace(".", "").isdigit():
            self.current.multicast.append(word)
        else:
            self.remarks.lost(where, f"multicast {word}", "expected dynamic, nhs or an address")

    def do_shortcut(self, _):
        self.current.shortcut = True

    def do_redirect(self, _):
        self.current.redirect = True

    def do_non_caching(self, _):
        self.current.non_caching = True

    def do_shortcut_destination(self, _):
        self.current.destination = True

    def do_shortcut_target(self, _):
        prefix, holding = self.next()[1], None
        if self.peek() == "holding-time":
            self.next()
            holding = self.next()[1]
        self.current.targets.append((prefix, holding))

    def do_route_table(self, where):
        self.remarks.note(where, f"route-table {self.next()[1]}",
                          "the hub has its own tables")

    def do_simple_caching(self, where):
        self.remarks.lost(where, "simple-caching", "the hub has nothing for it")


def parse(path, remarks):
    return _Parser(path, remarks).run()
