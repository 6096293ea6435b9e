"""Long runs: what is done is made sure of now and then, so that a run that was cut short can go on from there.

Beside the target `out.csv` there are then the draft `.out.csv.part`, and the journal `.out.csv.part.json` that says
how much of the draft counts, what was counted so far, and which run it was.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from smclassify import __version__
from smclassify.atomic import Draft, draft_path, whole_file
from smclassify.digest import model_digest
from smclassify.errors import HelperLostError, SmclassifyError, TableError, UsageError
from smclassify.journal import noted, sealed
from smclassify.tables.target import is_packed, packer, reported
from smclassify.tables.values import STANDARD_STREAM, WHOLE_FORMATS, format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smclassify.batch import Tally
    from smclassify.model import Model
    from smclassify.tables.values import Chunk, ReadOptions, Table, Writer

    Identity = dict[str, Any]

CHECKPOINT_ROWS = 200_000
"""Number of rows, blank lines counted, after which a run can go on."""
_START = 1 << 20


def is_resumable(target: str, kind: str) -> bool:
    """Return whether a run to a target can go on later: to a file, or the name of one to be, in a format of text."""
    path = Path(target)
    return target != STANDARD_STREAM and kind not in WHOLE_FORMATS and (path.is_file() or not path.exists())


def check_resume(source: str, target: str, read: ReadOptions) -> None:
    """Raise unless a run can be resumed; done before any work.

    Raises:
        UsageError: It cannot: it reads a pipe, or writes a stream, a device, Excel or Parquet.
    """
    if source == STANDARD_STREAM or (Path(source).exists() and not Path(source).is_file()):
        raise UsageError(f"{source}: a run that reads a pipe cannot be resumed.", "Save the input as a file first.")
    kind = format_of(target) or read.format or format_of(source) or ""
    if not is_resumable(target, kind):
        what = f"the format {kind}" if kind in WHOLE_FORMATS else "a stream or a device"
        tip = "Name a file with -o; CSV, TSV, JSON Lines and lines can be resumed."
        raise UsageError(f"{target}: a run that writes {what} cannot be resumed.", tip)


def identity(source: str, model: Model, settings: dict[str, Any]) -> Identity | None:
    """Return what must be the same for a run to go on, by what to call it; None if it reads a pipe and never can.

    Args:
        source: Path of the input, or `-`.
        model: What labels the texts.
        settings: What else the output depends on, as JSON has it.
    """
    path = Path(source)
    if source == STANDARD_STREAM or not path.is_file():
        return None
    with path.open("rb") as handle:
        start = hashlib.sha256(handle.read(_START)).hexdigest()
    facts = path.stat()
    return {
        "the input's path": str(path.resolve()),
        "the input's size": facts.st_size,
        "the input's time of change": facts.st_mtime_ns,
        "the input's first bytes": start,
        **settings,
        "the model": model_digest(model),
        "the thresholds": asdict(model.thresholds),
        "the glossary": model.glossary.digest if model.glossary else None,
        "the version of smclassify": __version__,
    }


class ResumableOutput:
    """A target under way: takes the bytes of a run, and after every `CHECKPOINT_ROWS` rows makes sure of them.

    Attributes:
        n_rows: Number of rows done, blank lines counted.
        handle: Where a writer writes to; packed output is one gzip member from each time to the next.
    """

    def __init__(self, target: str, tally: Tally, run: Identity | None) -> None:
        """Open and lock the draft; OSError is raised where that is not possible."""
        self._target = target
        self._tally = tally
        self._run = run
        self._draft = Draft(Path(target).resolve())
        self._journal = self._draft.path.with_name(self._draft.path.name + ".json")
        self._member: IO[bytes] | None = None
        self._is_mute = False
        self.n_rows = 0
        self._where = ""
        self.handle = cast("IO[bytes]", self)

    def begin(self) -> None:
        """Start over, and forget what a run before left."""
        self._forget()
        self._draft.cut(0)

    def go_on(self, *, force: bool) -> bool:
        """Go on from what a run before made sure of; return whether there is anything.

        Args:
            force: Whether to start over if it is of another run.

        Raises:
            TableError: It is of another run, and must not be lost.
        """
        self._where = "from the start: nothing to go on from"
        journal = noted(self._journal)
        if journal is None or self._draft.path.stat().st_size < journal["size"]:
            return False
        now, run = self._run or {}, journal["run"]
        if changed := [name for name in {**now, **run} if now.get(name) != run.get(name)]:
            reason = f"the unfinished run was another one; changed since: {', '.join(changed)}"
            if force:
                self._where = f"from the start: {reason}"
                return False
            tip = "Undo the change to go on with it; to start over, leave out --resume or say --force too."
            raise TableError(f"{self._target}: {reason}.", tip)
        self._draft.cut(journal["size"])
        self._tally.restore(journal["tally"])
        self.n_rows = journal["n_rows"]
        self._where = f"from row {self.n_rows + 1:,} on"
        return True

    def start(self, writer: Writer, new_headers: Sequence[str]) -> None:
        """Write what comes before the rows; in a run that goes on, only the writer gets to know the headers."""
        self._is_mute = self.n_rows > 0
        writer.start(new_headers)
        self._is_mute = False

    def rest(self, table: Table) -> Table:
        """Return a table without the rows that are done."""
        return cast("Table", _Rest(table, self.n_rows, self._where))

    def write(self, content: bytes) -> int:
        """Write some bytes."""
        if self._is_mute:
            return len(content)
        if not is_packed(self._target):
            return self._draft.handle.write(content)
        if self._member is None:
            self._member = packer(self._draft.handle)
        return self._member.write(content)

    def counted(self, on_chunk: Callable[[int], None]) -> Callable[[int], None]:
        """Return what is to be called with the number of rows of each chunk, which calls another such function too."""

        def count(n_rows: int) -> None:
            self.n_rows += n_rows
            if self.n_rows % CHECKPOINT_ROWS == 0:
                self._make_sure()
            on_chunk(n_rows)

        if self.n_rows:
            on_chunk(self.n_rows)
        return count

    def _make_sure(self) -> None:
        """Bring what is written to the disk, and only then say so in the journal."""
        self._end_member()
        if self._run is None:
            return
        size = self._draft.sync()
        journal = {"n_rows": self.n_rows, "size": size, "tally": self._tally.state(), "run": self._run}
        with whole_file(self._journal) as handle:
            # it quotes rows: nobody may read it who may not read the target
            draft_path(self._journal).chmod(self._draft.path.stat().st_mode & 0o7777)
            handle.write(sealed(journal))

    def _end_member(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None

    def finish(self) -> None:
        """Put the target in its place."""
        self._end_member()
        self._draft.move()
        self._forget()

    def leave(self, error: BaseException) -> None:
        """Keep what is on the disk and say how to go on, or leave nothing behind."""
        with suppress(OSError):
            self._end_member()
        journal = noted(self._journal)
        if journal is None:
            with suppress(OSError):
                self._forget()
            self._draft.discard()
            return
        kept = f"The first {journal['n_rows']:,} rows are kept:"
        if isinstance(error, HelperLostError):
            error.tip = f"{error.tip} {kept} --resume goes on, with any number of --jobs."
        elif isinstance(error, SmclassifyError):  # the input or the options are at fault
            goes_on = "--resume goes on only if nothing changes; after a change, leave it out."
            error.tip = f"{error.tip} {kept} {goes_on}".lstrip()
        else:
            error.add_note(f"{kept} give the same command with --resume to go on.")

    def close(self) -> None:
        """Close the draft, and let another run have it."""
        self._draft.close()

    def _forget(self) -> None:
        self._journal.unlink(missing_ok=True)
        draft_path(self._journal).unlink(missing_ok=True)


@contextmanager
def open_resumable(
    target: str, tally: Tally, run: Identity | None, *, resume: bool, force: bool
) -> Iterator[ResumableOutput]:
    """Open a target that is made sure of now and then, and put it in its place once the block is done.

    When the block fails or is interrupted, or the process is killed, the target stays as it was. What was made sure of
    is kept for a run that resumes; if there is nothing yet, nothing is left behind.

    Args:
        target: Path of the output.
        tally: What counts the rows; a run that goes on restores it.
        run: What must be the same for the run to go on; None if it never can.
        resume: Whether to go on from where a run before was cut short.
        force: Whether to start over if that was another run.

    Raises:
        TableError: The target cannot be written, or the run that was cut short is another one.
    """
    with reported(target):
        output = ResumableOutput(target, tally, run)
        try:
            goes_on = resume and output.go_on(force=force)
            try:
                if not goes_on:
                    output.begin()
                yield output
                output.finish()
            except BaseException as error:
                output.leave(error)
                raise
        finally:
            output.close()


class _Rest:
    """An open table without the rows that are done; its chunks end where a run is made sure of."""

    def __init__(self, table: Table, n_done: int, where: str) -> None:
        self._table = table
        self._n_done = n_done
        self._where = where

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a table has
        return getattr(self._table, name)

    def describe(self) -> str:
        """Return how the file is written, and where reading begins."""
        return ", ".join(filter(None, (self._table.describe(), self._where)))

    def chunks(self, column: int) -> Iterator[Chunk]:
        """Yield the rows that are left."""
        place = 0
        for chunk in self._table.chunks(column):
            end = place + len(chunk.texts)
            start = max(place, self._n_done)
            while start < end:
                stop = min(end, (start // CHECKPOINT_ROWS + 1) * CHECKPOINT_ROWS)
                yield chunk if (start, stop) == (place, end) else chunk.cut(start - place, stop - place)
                start = stop
            place = end
