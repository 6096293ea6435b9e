"""Write the manual page from the commands themselves: docs/man/smclassify.1, which a wheel installs as share/man/man1.

python tools/make_man.py
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_command

from smclassify.cli import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "man" / "smclassify.1"
_EXIT = {
    "0": "Done.",
    "1": "It could not be done: a file, a model or an encoding.",
    "2": "The command line or the settings are wrong.",
    "3": "Finished, but some rows have an error.",
    "4": "A gate was missed.",
    "130": "Stopped with Ctrl-C.",
}
_FILES = {
    "smclassify.toml": "Settings of a team, in the working folder or the nearest folder above it, up to one with .git.",
    "~/.config/smclassify/smclassify.toml": "Settings of the user; those of a team win.",
    "~/.local/share/smclassify/": "Where a model of the user's own lives.",
}
_ENVIRONMENT = {
    "NO_COLOR": "If it is set, nothing is coloured.",
    "XDG_CONFIG_HOME": "Where the settings of the user are, instead of ~/.config.",
    "XDG_DATA_HOME": "Where the model of the user is, instead of ~/.local/share.",
}
_SIGNS = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "~": r"\(ti",
    "^": r"\(ha",
    '"': r"\(dq",
}


def make_page() -> str:
    """Return the page in roff."""
    cli = get_command(make_app())
    context = _context(cli, "smclassify")
    about, examples = _parts(cli.help or "")
    lines = ['.TH SMCLASSIFY 1 "" smclassify "User Commands"', ".SH NAME", _line(f"smclassify - {_name(about[0])}")]
    lines += [".SH SYNOPSIS", _bold("smclassify"), _line(" ".join(cli.collect_usage_pieces(context)))]
    lines += [".SH DESCRIPTION", *_paragraphs(about), ".SH OPTIONS", *_options(cli, context), ".SH COMMANDS"]
    for name, command in cli.commands.items():  # type: ignore[attr-defined]
        inner = _context(command, name, context)
        told, own_examples = _parts(command.help or "")
        usage = " ".join((name, *command.collect_usage_pieces(inner)))
        lines += [f".SS {_line(usage)}", *_paragraphs(told), *_options(command, inner)]
        examples += own_examples
    lines += [".SH EXIT STATUS", *_terms(_EXIT), ".SH ENVIRONMENT", *_terms(_ENVIRONMENT)]
    lines += [".SH FILES", *_terms(_FILES), ".SH EXAMPLES", ".nf", *map(_line, dict.fromkeys(examples)), ".fi"]
    return "\n".join(lines) + "\n"


def _context(command: Any, name: str, parent: typer.Context | None = None) -> typer.Context:  # noqa: ANN401 - of typer
    return typer.Context(command, info_name=name, parent=parent, **command.context_settings)


def _name(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _parts(help_text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a help text, and its examples, of which one may go on below a backslash."""
    *told, examples = [part.strip("\n") for part in re.split(r"\n\s*\n", help_text)]
    paragraphs = [" ".join(part.split()) for part in told]
    commands = re.split(r"(?<!\\)\n", textwrap.dedent(examples.partition("Examples:\n")[2]).strip())
    return paragraphs, commands


def _paragraphs(texts: list[str]) -> Iterator[str]:
    for place, text in enumerate(texts):
        yield from ([".PP"] if place else [])
        yield from _lines(text)


def _options(command: Any, context: typer.Context) -> Iterator[str]:  # noqa: ANN401 - of typer
    records = (param.get_help_record(context) for param in command.get_params(context))
    return _terms(dict(filter(None, records)))


def _terms(terms: dict[str, str]) -> Iterator[str]:
    for term, about in terms.items():
        yield from (".TP", _bold(term), *_lines(about))


def _lines(text: str) -> list[str]:
    return [_line(line) for line in textwrap.wrap(text, 60, break_long_words=False, break_on_hyphens=False)]


def _bold(text: str) -> str:
    return rf"\fB{_line(text)}\fR"


def _line(text: str) -> str:
    """Return a line in which nothing is taken for roff, and whose signs can be copied into a shell."""
    coded = "".join(_SIGNS.get(sign, sign) for sign in text)
    return rf"\&{coded}" if coded.startswith(".") else coded


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(make_page(), encoding="utf-8")
    print(f"written: {PAGE}")
