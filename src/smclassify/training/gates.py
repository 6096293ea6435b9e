"""Limits that the figures of an assessment must keep."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from smclassify.errors import UsageError
from smclassify.training.assessment import COUNTS, scalar_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smclassify.training.assessment import Assessment

_LESS_IS_BETTER = {"log_loss", "brier", "ece", *COUNTS}
_NOT_SHARES = {"n", "n_activity", "log_loss", "brier", *COUNTS}


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure and the least that it may be: the greatest for log loss, Brier score, ECE and rows left out or seen."""

    name: str
    limit: float


def parse_gates(text: str, labels: Sequence[str]) -> tuple[Gate, ...]:
    """Return the gates in a text such as `macro_f1=0.9,accuracy=0.92`.

    Args:
        text: What the user asks for.
        labels: The labels of the model, whose scores may be asked for: `sales.f1`.

    Raises:
        UsageError: There is no such figure, or a limit is not a number that it can have.
    """
    return tuple(_parse_gate(part.strip(), scalar_names(labels)) for part in text.split(","))


def _parse_gate(part: str, names: Sequence[str]) -> Gate:
    name, _, number = (piece.strip() for piece in part.partition("="))
    tip = f"Give figure=number, with commas between them. The figures are: {', '.join(names)}."
    if name not in names:
        raise UsageError(f"--fail-under: there is no figure {name!r}.", tip)
    try:
        limit = float(number)
    except ValueError:
        raise UsageError(f"--fail-under: {number!r} is no number for {name}.", tip) from None
    is_share = name not in _NOT_SHARES and not name.endswith(".support")
    if not isfinite(limit) or limit < 0 or (is_share and limit > 1):
        bounds = "from 0 to 1" if is_share else "that is not negative"
        raise UsageError(f"--fail-under: {name} is compared with a number {bounds}, not {number}.", tip)
    return Gate(name, limit)


def missed_gates(gates: Iterable[Gate], assessment: Assessment) -> list[str]:
    """Return a line for each gate that an assessment misses; a figure that could not be measured misses its gate."""
    scalars = assessment.scalars()
    missed = []
    for gate in gates:
        value, less = scalars[gate.name], gate.name in _LESS_IS_BETTER
        if value is None:
            missed.append(f"{gate.name} could not be measured, and {gate.limit:g} was asked for")
        elif value > gate.limit if less else value < gate.limit:
            missed.append(f"{gate.name} is {value:.6g}, {'over' if less else 'under'} {gate.limit:g}")
    return missed
