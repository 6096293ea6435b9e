"""How long one answer takes from a cold start, beside the least a typer program takes and beside the tutorial way.

    python benchmarks/latency.py [--rounds 20]
    python benchmarks/latency.py --import-times

The commands take turns, so that a change in the machine's speed meets them all; medians and ratios are printed.
--import-times shows instead which packages the time of `smclassify classify` goes to.
"""

from __future__ import annotations

import argparse
import os
import pty
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timing import PYTHON, Aim, in_turns, print_aims, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
TEXT = "cold call"
OURS = [PYTHON, "-m", "smclassify"]
FLOOR, PIPED, DRAWN, TUTORIAL = "bare typer and rich", "classify, into a pipe", "classify, on a terminal", "tutorial"
HELP, VERSION = "--help", "--version"
HEADERS, NAMES = "Tab after batch FILE -c", "Tab after define"
_SHOWN, _TRIES = 12, 5


def seconds_on_terminal(command: list[str]) -> float:
    """Return how long a command runs whose output a person reads."""
    above, below = pty.openpty()
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=below, stdout=below, stderr=below) as child:
        os.close(below)
        while _read(above):
            pass
    spent = time.perf_counter() - begun
    os.close(above)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return spent


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # how Linux says that the other side has closed
        return b""


def compare(rounds: int) -> None:
    """Time the commands in turns and print tables of figures and aims."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = str(Path(folder, "pipeline.joblib"))
        table = Path(folder, "tasks.csv")
        table.write_text("id,Task title,Owner\n" + "1,cold call,me\n" * 100_000)
        asked = ["env", "_SMCLASSIFY_COMPLETE=complete_bash"]
        seconds([PYTHON, str(HERE / "tutorial.py"), "train", pipeline])
        timers: dict[str, Callable[[], float]] = {
            FLOOR: partial(seconds, [PYTHON, str(HERE / "bare.py"), "hello", TEXT]),
            PIPED: partial(seconds, [*OURS, "classify", TEXT]),
            DRAWN: partial(seconds_on_terminal, [*OURS, "classify", TEXT]),
            HELP: partial(seconds, [*OURS, "--help"]),
            VERSION: partial(seconds, [*OURS, "--version"]),
            HEADERS: partial(seconds, [*asked, f"COMP_WORDS=smclassify\nbatch\n{table}\n-c\n", "COMP_CWORD=4", *OURS]),
            NAMES: partial(seconds, [*asked, "COMP_WORDS=smclassify\ndefine\n", "COMP_CWORD=2", *OURS]),
            TUTORIAL: partial(seconds, [PYTHON, str(HERE / "tutorial.py"), "classify", pipeline, TEXT]),
        }
        in_turns(timers, 1)
        times = in_turns(timers, rounds)
    print(f"medians of {rounds} rounds, Python {sys.version.split()[0]}\n")
    for name, measured in times.items():
        print(f"{name:28s}{1000 * measured:7.0f} ms")
    limits = {PIPED: 1.6, DRAWN: 1.6, HELP: 1.3, VERSION: 1.3}
    aims = [Aim(f"{name}, against {FLOOR}", times[name] / times[FLOOR], limit) for name, limit in limits.items()]
    aims += [Aim(f"{name}, against {HELP}", times[name] / times[HELP], 1.5) for name in (HEADERS, NAMES)]
    faster = [
        Aim(f"tutorial, against {name}", times[TUTORIAL] / times[name], 8, at_least=True) for name in (PIPED, DRAWN)
    ]
    print_aims(aims + faster)


def print_import_times() -> None:
    """Print which packages the start of `smclassify classify` spends its time in."""
    command = [PYTHON, "-X", "importtime", *OURS[1:], "classify", TEXT]
    # the quickest of a few is the one that the rest of the machine has disturbed least
    own = min((_own_times(command) for _ in range(_TRIES)), key=lambda times: sum(map(sum, times.values())))
    most = sorted(own.items(), key=lambda item: -sum(item[1]))
    total, n_modules = sum(map(sum, own.values())), sum(map(len, own.values()))
    print(f"imports of `smclassify classify`: {total / 1000:.0f} ms for {n_modules} modules; the most:\n")
    print(f"{'package':24s}{'modules':>8s}{'own ms':>9s}")
    for package, times in most[:_SHOWN]:
        print(f"{package:24s}{len(times):8d}{sum(times) / 1000:9.1f}")


def _own_times(command: list[str]) -> dict[str, list[int]]:
    """Return the microseconds that each package spends in its modules, those they import left out."""
    own: dict[str, list[int]] = {}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines():
        times, _, name = line.removeprefix("import time:").rpartition("|")
        microseconds = times.split("|")[0].strip()
        if microseconds.isdecimal():
            own.setdefault(name.strip().split(".")[0], []).append(int(microseconds))
    return own


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--import-times", action="store_true", help="show where the time of the imports goes")
    args = parser.parse_args()
    if args.import_times:
        print_import_times()
    else:
        compare(args.rounds)


if __name__ == "__main__":
    main()
