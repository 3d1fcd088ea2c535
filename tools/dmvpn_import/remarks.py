# SPDX-License-Identifier: BSD-3-Clause
"""What could not be carried over, and what became something else: nothing is dropped silently."""


class Remarks:
    """LOST: the hub has nothing for it. NOTE: it is not needed, or means something else."""

    def __init__(self):
        self.entries = []

    def lost(self, where, text, why):
        self.entries.append(("LOST", where, " ".join(text.split()), why))

    def note(self, where, text, why):
        self.entries.append(("NOTE", where, " ".join(text.split()), why))

    def lines(self):
        return [f"{kind} {where}: {text or '(nothing)'}: {why}"
                for kind, where, text, why in self.entries]

    def n_lost(self):
        return sum(kind == "LOST" for kind, *_ in self.entries)


def read_lines(path):
    """(file:line, text without its end) of a file."""
    with open(path, encoding="utf-8", errors="replace") as f:
        for number, line in enumerate(f, 1):
            yield f"{path}:{number}", line.rstrip("\r\n")
