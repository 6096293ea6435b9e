"""A command on a real terminal, to press keys and to see what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from select import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = ("-m", "smclassify")
_PATIENCE = 30.0
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|.)")


class Terminal:
    """The other end of the terminal that a command runs on.

    Attributes:
        process: The command.
        shown: All that it has shown, as characters.
    """

    def __init__(self, process: subprocess.Popen[bytes], main: int) -> None:
        self.process = process
        self.shown = ""
        self._main = main
        self._seen = 0

    @property
    def text(self) -> str:
        """What was shown, without colours."""
        return _SEQUENCE.sub("", self.shown).replace("\r\n", "\n")

    def see(self, what: str) -> None:
        """Wait until something is shown that was not there when `see` returned before."""
        assert self._sees(what, _PATIENCE), f"{what!r} is not in {self.text[self._seen :]!r}"

    def _sees(self, what: str, patience: float) -> bool:
        end = time.monotonic() + patience
        while (place := self.text.find(what, self._seen)) < 0:
            if not self._read(end):
                return False
        self._seen = place + len(what)
        return True

    def press_until(self, keys: str, what: str) -> None:
        """Press keys until something is shown; needed after keys that show nothing, which may still be waited for."""
        for _ in range(5):
            self.press(keys)
            if self._sees(what, _PATIENCE / 5):
                return
        raise AssertionError(f"{what!r} is not in {self.text[self._seen :]!r}")

    def press(self, keys: str | bytes) -> None:
        """Press keys together once the command waits for one."""
        end = time.monotonic() + _PATIENCE
        while termios.tcgetattr(self._main)[3] & termios.ICANON:
            assert time.monotonic() < end, "nobody waits for a key"
            assert self.process.poll() is None, self.text
            time.sleep(0.001)
        os.write(self._main, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int) -> None:
        """Give the terminal another width."""
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self._main)
        self._main = -1

    def end(self) -> int:
        """Wait until the command ends, and return its exit code."""
        while self._main >= 0 and self._read(time.monotonic() + _PATIENCE):
            pass
        return self.process.wait(timeout=_PATIENCE)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._main >= 0:
            self.hang_up()

    def _read(self, end: float) -> bool:
        """Read what is shown; return whether there was anything."""
        if not select([self._main], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            block = os.read(self._main, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.shown += block.decode("utf-8", "replace")
        return bool(block)


@contextmanager
def on_terminal(*arguments: object, folder: Path, program: tuple[str, ...] = PROGRAM, **env: str) -> Iterator[Terminal]:
    """Run `smclassify`, or another program of Python, on a terminal of 100 columns, or of as many as COLUMNS says."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(env.pop("COLUMNS", "100")), 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    command = [sys.executable, *program, *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=folder,
        env=environment | {"TERM": "xterm-256color", "PYTHONWARNINGS": "error"} | env,
        start_new_session=True,
    )
    os.close(side)
    terminal = Terminal(process, main)
    try:
        yield terminal
    finally:
        terminal.close()
