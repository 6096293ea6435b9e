"""Commands timed in turns, and figures held against aims: what the benchmarks share."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_Name = TypeVar("_Name")

PYTHON = sys.executable


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure and what it should be.

    Attributes:
        what: What the figure is.
        measured: The figure.
        limit: What it should be at most, or at least.
        at_least: Whether more is better.
    """

    what: str
    measured: float
    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        """Return a line of a table."""
        met = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        sign = ">=" if self.at_least else "<="
        return f"{self.what:54s}{self.measured:9.2f}   aim {sign} {self.limit:<7g}{'met' if met else 'MISSED'}"


def print_aims(aims: Iterable[Aim]) -> None:
    """Print a line for each aim."""
    print()
    for aim in aims:
        print(aim)


def seconds(command: Sequence[str]) -> float:
    """Return how long a command runs, from its start to its end.

    Raises:
        SystemExit: The command failed; what it said is the message.
    """
    begun = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr.decode()}")
    return time.perf_counter() - begun


def in_turns(timers: Mapping[_Name, Callable[[], float]], rounds: int) -> dict[_Name, float]:
    """Return the median of what each timer returns; they take turns, so that all meet the machine's slow moments."""
    measured: dict[_Name, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            measured[name].append(timer())
    return {name: median(times) for name, times in measured.items()}
