"""Completion inside real shells: what is typed, Tab, Enter, and which arguments the program then gets."""

from __future__ import annotations

import os
import pty
import shlex
import shutil
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = [
    "Task title",
    "$(touch run)",
    "`touch run`",
    "\\$(touch run)",
    "Größe in m",
    "a:b c",
    'old "one"',
    "it's",
    "x* y?",
]
TYPED = {
    "-c Gr": "<-c><Größe in m>",
    "-c it": "<-c><it's>",
    "-c 'Ta": "<-c><Task title>",
    '-c "x': "<-c><x* y?>",
    "-c \\$": "<-c><$(touch run)>",
    "-c \\\\": "<-c><\\$(touch run)>",
    "-c old": '<-c><old "one">',
    "--column=a": "<--column=a:b c>",
}
COMMANDS = {
    "bash": ["bash", "--noprofile"],
    "zsh": ["zsh", "-o", "no_global_rcs"],
    "fish": ["fish", "--private"],
}
_PATIENCE = 12.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home of a user who has a file, and `smclassify` on the path; it shows arguments as <one><two>."""
    cells = ",".join('"' + header.replace('"', '""') + '"' for header in HEADERS)
    (tmp_path / "my tasks.csv").write_text(f"id,{cells}\n", encoding="utf-8")
    program = tmp_path / "bin" / "smclassify"
    program.parent.mkdir()
    module = f'exec {shlex.quote(sys.executable)} -m smclassify "$@"'
    program.write_text(
        f'#!/bin/sh\n[ -n "$_SMCLASSIFY_COMPLETE" ] && {module}\ncase $1 in --*) {module};; esac\n'
        "printf '<%s>' \"$@\"; echo .\n"
    )
    program.chmod(0o755)
    return tmp_path


class Shell:
    """A shell on a terminal that nobody sees."""

    def __init__(self, main: int) -> None:
        self._main = main
        self._shown = ""

    def type(self, keys: str, shows: str) -> None:
        """Type, and wait until something is shown."""
        os.write(self._main, keys.encode())
        end = time.monotonic() + _PATIENCE
        while shows not in self._shown:
            ready = select([self._main], [], [], max(0.0, end - time.monotonic()))[0]
            assert ready, f"{shows!r} is not in {self._shown!r}"
            block = os.read(self._main, 65536)
            assert block, self._shown
            if b"\x1b[c" in block:  # fish asks what terminal this is
                os.write(self._main, b"\x1b[?1;2c")
            self._shown += block.decode("utf-8", "replace")
        self._shown = self._shown.partition(shows)[2]


@contextmanager
def on_shell(name: str, home: Path) -> Iterator[Shell]:
    kept = {key: os.environ[key] for key in ("PYTHONPATH",) if key in os.environ}
    env = kept | {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin", "TERM": "dumb", "LANG": "C.UTF-8"}
    process, main = pty.fork()
    if not process:
        os.chdir(home)
        os.execvpe(COMMANDS[name][0], COMMANDS[name], env)  # noqa: S606 - it is what a user types into
    try:
        yield Shell(main)
    finally:
        os.kill(process, signal.SIGKILL)
        os.close(main)
        os.waitpid(process, 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_header_is_one_word_in_a_real_shell(name: str, home: Path) -> None:
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    with on_shell(name, home) as shell:
        shell.type("smclassify --install-completion\n", "Completion will take effect")
    with on_shell(name, home) as shell:
        shell.type("echo set''up\n", "setup")
        if name == "zsh":  # the script of typer only loads itself at the first Tab, and rings the bell
            shell.type("smclassify \t", "\a")
            shell.type("\n", ">.")
        for typed, given in TYPED.items():
            shell.type(f"smclassify batch my\\ tasks.csv {typed}\t\n", f"<batch><my tasks.csv>{given}.")
    assert not (home / "run").exists()
