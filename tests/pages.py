"""The pages of the documentation, as what they are made of: blocks to run, files to run them on, marks and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(
            ROOT / name
            for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "models/README.md")
        ),
    ]
)
_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?")
_MARK = re.compile(r"<!-- by hand(?P<on> from here)?: (?P<reason>[^>]{10,}) -->")
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    Attributes:
        language: What the fence says; may be empty.
        title: Name of the file that it shows, if it is one.
        text: What stands in it, ending in a line end.
        line: Where its fence is, from 1.
        by_hand: A mark with a reason says that no test runs it.
    """

    language: str
    title: str | None
    text: str
    line: int
    by_hand: bool

    def lines(self) -> list[str]:
        """Return the commands, with those that go over several lines as one."""
        return self.text.replace("\\\n", "").splitlines()


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    rest_by_hand = next_by_hand = False
    place = 0
    while place < len(lines):
        if mark := _MARK.fullmatch(lines[place].strip()):
            next_by_hand, rest_by_hand = True, rest_by_hand or bool(mark["on"])
        elif fence := _FENCE.fullmatch(lines[place]):
            start, close = place + 1, f"{fence['indent']}```"
            place = lines.index(close, start)
            text = "".join(f"{line.removeprefix(fence['indent'])}\n" for line in lines[start:place])
            by_hand = next_by_hand or rest_by_hand
            found.append(Block(fence["language"], fence["title"], text, start, by_hand))
            next_by_hand = False
        place += 1
    return found


def links_of(page: Path) -> list[str]:
    """Return the links of a page that lead to files."""
    return _LINK.findall(page.read_text(encoding="utf-8"))
