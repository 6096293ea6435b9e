"""What a shell is told that completes a command line.

typer writes the scripts that ask, and knows which option or argument is meant. The answers are written here, because
the headers of a file may hold anything: each is quoted so that the shell takes it for one word and runs none of it.
"""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from typer import completion as typer_completion
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer import Typer

_BARE = frozenset("_-./,+%")

_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"

Found = tuple[str, str]
"""A value, and a few words on it, which may be blank."""


def answer(app: Typer, shell: str) -> tuple[str, int]:
    """Return what to print for a shell, and the exit code; what goes wrong is left out, for nobody could read it.

    The command line is in the environment, where the scripts of typer put it.
    """
    try:
        words, word, quote = _command_line(shell)
        found = _find(app, words, word)
    except Exception:  # noqa: BLE001 - whatever it is, a person is typing
        found, quote = [], ""
    option, is_joined, _ = word.partition("=") if found else ("", "", "")
    if option.startswith("--") and is_joined and shell != "bash":  # bash takes what follows the sign for a word
        found = [(f"{option}={value}", about) for value, about in found]
    return _told(shell, found, quote)


def _find(app: Typer, words: Sequence[str], word: str) -> list[Found]:
    """Return what could stand at the end of a command line; none where it is the name of a file."""
    cli = get_command(app)
    typer_completion.completion_init()  # type: ignore[attr-defined]
    finder = typer_completion.shell_completion.get_completion_class("bash")  # type: ignore[attr-defined]
    items = finder(cli, {}, "smclassify", "").get_completions(list(words), word)
    return [
        (item.value, " ".join((item.help or "").split()))
        for item in items
        if item.type == "plain" and item.value.isprintable()
    ]


def _command_line(shell: str) -> tuple[list[str], str, str]:
    """Return the whole words after the program, the one being typed, and the quote that is open in it."""
    if shell == "bash":
        typed = os.environ["COMP_WORDS"].split("\n")
        place = int(os.environ["COMP_CWORD"])
        words = [_split(word, shell)[1] for word in typed[1:place]]
        whole = [w for w, last in zip(words, ["", *words], strict=False) if (w, last[:2]) != ("=", "--")]
        return whole, *_split(typed[place], shell)[1:]
    line = os.environ["_TYPER_COMPLETE_ARGS"]
    if shell in {"powershell", "pwsh"} and not os.environ.get("_TYPER_COMPLETE_WORD_TO_COMPLETE"):
        line += " "
    words, word, quote = _split(line, shell)
    return words[1:], word, quote


def _split(line: str, shell: str) -> tuple[list[str], str, str]:
    """Return the words of a line but the last, the last one, and the quote that is open in it."""
    for quote in ("", '"', "'"):
        reader = shlex.shlex(f"{line}\0{quote}", posix=True, punctuation_chars=False)
        reader.whitespace_split = True
        reader.commenters = ""
        if shell in {"powershell", "pwsh"}:
            reader.escape = "`"
        with suppress(ValueError):
            *words, last = reader
            return words, last.partition("\0")[0], quote
    return [], "", ""


def _told(shell: str, found: Sequence[Found], quote: str) -> tuple[str, int]:
    match shell:
        case "bash":
            return "\n".join(_for_bash(value, quote) for value, _ in found), 0
        case "zsh":
            return _for_zsh(found), 0
        case "fish":
            # asked twice: first whether there is anything but the names of files
            lines = [f"{value}\t{about}" if about else value for value, about in found]
            is_question = os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args"
            return "" if is_question else "\n".join(lines), int(is_question and not found)
        case "powershell" | "pwsh":
            return "\n".join(
                f"{_for_powershell(value)}:::{about or ' '}" for value, about in found if ":::" not in value
            ), 0
    return "", 1


def _for_bash(value: str, quote: str) -> str:
    """Return a value as it is typed after an open quote, or after none: what means something is never inside one."""
    bare = _BARE | {" "} if quote else _BARE
    typed = "".join(sign if sign.isalnum() or sign in bare else f"{quote}\\{sign}{quote}" for sign in value)
    # bash closes the quote, but not after one
    return typed + quote if quote and typed.endswith(quote) else typed


def _for_zsh(found: Sequence[Found]) -> str:
    """Return the command that offers the values. The script evaluates it, cut at blanks, so that no word has any."""
    if not found:
        return "_files"
    values = " ".join(_zsh_word(value) for value, _ in found)
    shown = " ".join(_zsh_word(f"{value}  -- {about}" if about else value) for value, about in found)
    return f"local -a _values _shown; _values=({values}); _shown=({shown}); compadd -l -d _shown -a _values"


def _zsh_word(value: str) -> str:
    coded = "".join(sign if sign.isalnum() or not sign.isascii() else f"\\x{ord(sign):02x}" for sign in value)
    return f"$'{coded}'"


def _for_powershell(value: str) -> str:
    if all(sign.isalnum() or sign in "_-./" for sign in value):
        return value
    doubled = "".join(sign * 2 if sign in _POWERSHELL_QUOTES else sign for sign in value)
    return f"'{doubled}'"
