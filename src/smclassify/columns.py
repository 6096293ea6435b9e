"""The columns of a table: which one holds the texts, and which ones are added."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from smclassify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from smclassify.model import Model
    from smclassify.settings import Setting
    from smclassify.tables.values import Table

NEW_COLUMNS = ("label", "confidence", "status", "activity", "definition")
ALL_COLUMNS = (*NEW_COLUMNS, "source")
LIKELY_HEADERS = (
    "activity",
    "description",
    "event",
    "name",
    "subject",
    "summary",
    "task",
    "task name",
    "task title",
    "text",
    "title",
    "to-do",
    "todo",
)


def default_columns(model: Model) -> tuple[str, ...]:
    """Return the new columns where none are asked for: with a glossary, also what decided."""
    return ALL_COLUMNS if model.glossary else NEW_COLUMNS


def find_column(table: Table, wanted: str | None, preferred: Setting[str] | None = None) -> int:
    """Return the place of the column with the texts, from 0.

    Args:
        table: The table.
        wanted: A header, or a number from 1; None to look for the preferred header, then for one of the usual ones.
        preferred: A header from the settings, which other files need not have.

    Raises:
        UsageError: There is no such column, or it is not clear which one is meant; the tip lists the headers.
    """
    headers = [_bare(header) for header in table.headers] if table.headers else []
    tip = f"The columns are: {', '.join(f'{n} {header!r}' for n, header in enumerate(headers, 1))}."
    if not headers:
        tip = f"The file has no header; name a column by its number, from 1 to {table.width}."
    set_by = ""
    if wanted is None and preferred is not None:
        set_by = f" ({preferred.origin})"
        wanted = preferred.value if has_header(table, preferred.value) else None
    if wanted is None:
        usual = [
            place
            for place, header in enumerate(headers)
            if header.casefold() in LIKELY_HEADERS and not _is_of_a_batch(headers, place)
        ]
        if len(usual) == 1:
            return usual[0]
        if table.width == 1:
            return 0
        which = "more than one column looks like the activities" if usual else "no column has one of the usual names"
        which += f", and none is called {preferred.value!r}{set_by}" if preferred else ""
        raise UsageError(f"{table.name}: which column holds the activities? Here {which}.", f"{tip} Choose with -c.")
    if found := _called(headers, wanted):
        if len(found) > 1:
            message = f"{table.name}: {len(found)} columns are called {wanted!r}{set_by}."
            raise UsageError(message, f"{tip} Choose a number with -c.")
        return found[0]
    if wanted.isdecimal() and len(wanted) < 10 and 1 <= int(wanted) <= table.width:
        return int(wanted) - 1
    raise UsageError(f"{table.name}: there is no column {wanted!r}.", tip)


def _is_of_a_batch(headers: Sequence[str], place: int) -> bool:
    """Return whether a column is one that a batch before added: it stands beside a label, or others between them."""
    sides = reversed(headers[:place]), headers[place + 1 :]
    is_new = ALL_COLUMNS.__contains__
    return is_new(headers[place]) and any("label" in takewhile(is_new, side) for side in sides)


def name_of(table: Table, place: int) -> str:
    """Return what a column is called that `find_column` found, also where there is no header."""
    return _bare((table.headers or table.names)[place])


def has_header(table: Table, wanted: str) -> bool:
    """Return whether a table has a column that is called so."""
    return bool(_called(table.headers or (), wanted))


def _bare(header: str) -> str:
    """Return a header without the blanks around it, and without the mark that a file had twice at its start."""
    return header.strip().lstrip("\ufeff").lstrip()


def _called(headers: Sequence[str], wanted: str) -> list[int]:
    """Return the places of the headers that are called so, or else of those that are but for the case."""
    headers, wanted = [_bare(header) for header in headers], _bare(wanted)
    exact = [place for place, header in enumerate(headers) if header == wanted]
    return exact or [place for place, header in enumerate(headers) if header.casefold() == wanted.casefold()]


def new_headers(table: Table, columns: Sequence[str], prefix: str) -> list[str]:
    """Return the headers of the new columns.

    Raises:
        UsageError: A column is unknown or asked for twice, or the table has one with the same name already.
    """
    taken = {_bare(header) for header in table.headers or ()}
    return new_names(columns, prefix, taken, f"{table.name}: the file", "--prefix sm_")


def new_names(columns: Sequence[str], prefix: str, taken: Container[object], owner: str, remedy: str) -> list[str]:
    """Return the names of the new columns.

    Args:
        columns: Which new columns.
        prefix: What to put before their names.
        taken: Names that are there already.
        owner: What has those, as the start of a sentence.
        remedy: How a prefix is given.

    Raises:
        UsageError: A column is unknown or asked for twice, or its name is taken, or the prefix is no text.
    """
    for place, column in enumerate(columns):
        if column not in ALL_COLUMNS:
            raise UsageError(f"There is no new column {column!r}.", f"Choose from {', '.join(ALL_COLUMNS)}.")
        if column in columns[:place]:
            raise UsageError(f"The new column {column!r} is asked for twice.", "Name it once.")
    try:
        prefix.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"The prefix {prefix!r} is not UTF-8.", "Give one in plain letters.") from error
    names = [prefix + column for column in columns]
    for name in names:
        if name in taken:
            tip = f"Put something before the new names, for instance {remedy}"
            raise UsageError(f"{owner} has a column {name!r} already.", tip)
    return names
