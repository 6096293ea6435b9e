#!/usr/bin/env python3
"""Write what the documentation says of the code out of the code: the page of commands, and the drawing of the layers.

Run it after a change of a command, an option or a layer; a test asks for it. It needs the package alone.

    python tools/make_reference.py
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from smclassify.cli import make_app

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "docs" / "commands.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
LAYERS = ROOT / "tests" / "test_architecture.py"
_DRAWING = re.compile(r"(?<=```text title=\"layers\"\n).*?(?=```)", re.DOTALL)
_WIDTH = 78
_START = """# Commands

What `--help` says, on one page. It is written by `tools/make_reference.py` out of the program itself.

<!-- by hand from here: the examples of the commands, with files that only stand for yours -->
"""


def commands_page() -> str:
    """Return the page of commands, in Markdown."""
    group: Any = get_command(make_app())
    root = typer.Context(group, **group.context_settings)
    sections = [_section(group, "smclassify", root)]
    sections += [_section(command, f"smclassify {name}", root) for name, command in sorted(group.commands.items())]
    return "\n".join([_START, *sections])


def _section(command: Any, path: str, root: typer.Context) -> str:  # noqa: ANN401 - typer's own types are private
    context = typer.Context(command, info_name=path, parent=root)
    said, _, examples = command.help.partition("\b\nExamples:\n")
    records = filter(None, (param.get_help_record(context) for param in command.get_params(context)))
    lines = [f"## {path}", "", "```text", " ".join([path, *command.collect_usage_pieces(context)]), "```", ""]
    lines += [_cell(said.strip()), "", "```sh", textwrap.dedent(examples).rstrip(), "```", ""]
    lines += ["| argument or option | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in records]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*")


def drawing() -> str:
    """Return the layers, what is started first at the top, and those inside two of the rooms."""
    layers = _layers()
    lines = _boxes(layers["LAYERS"])
    for name, room in (("TABLES", "inside tables"), ("TRAINING", "inside training")):
        lines += ["", room, *_boxes(layers[name])]
    return "\n".join(lines) + "\n"


def _boxes(layers: list[set[str]]) -> list[str]:
    rule = f"+{'-' * _WIDTH}+"
    lines = [rule]
    for layer in reversed(layers):
        names = textwrap.wrap("  ".join(sorted(layer)), _WIDTH - 2)
        lines += [*(f"| {line:<{_WIDTH - 2}} |" for line in names), rule]
    return lines


def _layers() -> dict[str, list[set[str]]]:
    """Return the lists of layers that the tests hold the imports to."""
    found = {}
    for node in ast.parse(LAYERS.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in {"LAYERS", "TABLES", "TRAINING"}:
                found[name] = ast.literal_eval(node.value)
    return found


def architecture_page() -> str:
    """Return the page on the architecture with the drawing of today."""
    page = ARCHITECTURE.read_text(encoding="utf-8")
    return _DRAWING.sub(lambda _: drawing(), page)


if __name__ == "__main__":
    COMMANDS.write_text(commands_page(), encoding="utf-8")
    ARCHITECTURE.write_text(architecture_page(), encoding="utf-8")
