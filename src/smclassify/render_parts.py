"""Parts of drawings: what rich has no class for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.measure import Measurement
    from rich.text import Text


class Beside:
    """Texts side by side; a line ends only between two of them, unless one has no room on a line of its own."""

    def __init__(self, parts: Sequence[Text], between: int) -> None:
        self._parts = parts
        self._between = " " * between

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the lines."""
        from rich.text import Text  # noqa: PLC0415

        line = Text()
        for part in self._parts:
            joined = line.cell_len + len(self._between) + part.cell_len
            if line and line.cell_len <= options.max_width < joined:
                yield line
                line = Text()
            line.append(self._between if line else "").append_text(part)
        yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the width of the widest text, and that of all of them on one line."""
        from rich.measure import Measurement  # noqa: PLC0415

        widths = [part.cell_len for part in self._parts]
        whole = sum(widths) + len(self._between) * (len(widths) - 1)
        return Measurement(max(widths), whole).clamp(max_width=options.max_width)
