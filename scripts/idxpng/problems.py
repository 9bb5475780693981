"""What is wrong with a tree of PNG files: counted, some of it named, and how to repair it."""

import os
from bisect import insort
from collections import Counter
from collections.abc import Sequence

from idxpng.shell import shell_word
from idxpng.text import printable

KINDS = ("missing", "misplaced", "extra", "altered", "unreadable")
SHOWN = 20  # of each kind


class Problems:
    """What is wrong with a tree, in memory that does not grow with it.

    Attributes:
        counts: how many files of each kind.
        shown: of each kind the first by path, with a few words about it where there are any.
        labels: directories in which something is wrong that making them again would repair.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.shown: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
        self.labels: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, kind: str, path: str, detail: str = "", labels: Sequence[str] = ()) -> None:
        """Count a path below the tree as of one kind. ``labels``: see `Problems`."""
        self.counts[kind] += 1
        shown = self.shown[kind]
        insort(shown, (path, detail))
        del shown[SHOWN:]
        self.labels.update(labels)

    def lines(self) -> list[str]:
        """All of it for people to read, harmless whatever the files are called."""
        lines = []
        for kind in KINDS:
            if self.counts[kind]:
                lines.append(f"{kind}: {self.counts[kind]:,}")
                lines += [
                    f"  {printable(path)}{f' ({printable(detail)})' if detail else ''}"
                    for path, detail in self.shown[kind]
                ]
                if self.counts[kind] > SHOWN:
                    lines.append(f"  and {self.counts[kind] - SHOWN:,} more")
        return lines

    def removal(self, tree: str) -> list[str]:
        """The command that removes what is extra below ``tree``, as far as it is shown."""
        if not self.counts["extra"]:
            return []
        words = [shell_word(os.path.join(tree, path)) for path, _ in self.shown["extra"]]
        more = ["and verify again, since there is more"] if self.counts["extra"] > SHOWN else []
        return [f"rm -r -- {' '.join(words)}", *more]
