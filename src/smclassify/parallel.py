"""Predictions of the chunks of a table, in their order, made by one process or by several."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from smclassify.artifact import file_of
from smclassify.digest import model_digest
from smclassify.errors import ArtifactError, HelperLostError, SmclassifyError
from smclassify.helper import received, send
from smclassify.tables.target import is_packed
from smclassify.tables.values import WHOLE_FORMATS, format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from smclassify.model import Model
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk

_FEW = 256
"""Fewer texts are not worth sending away; rows that trickle in come in such chunks."""
_HANDED_OUT = 3
"""Chunks for each helper at a time: one that it works on, and the next ones."""
_WRITTEN_AT_ONCE = 2
"""Chunks to write, at most, before the next one is read; else helpers would run out of work meanwhile."""
_BYTES_EACH = 1 << 21
"""Bytes of input that a helper is worth starting for."""
_PIPE = 1 << 20
"""Bytes that a pipe between two processes holds: what Linux lets anybody have."""
_KEPT_BACK = 8
"""Chunks for each helper that may be done, or in work, while an earlier one is not."""


def predict_chunks(
    chunks: Iterable[Chunk],
    model: Model,
    helpers: Helpers | None = None,
    waits: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Chunk, PredictionTable]]:
    """Yield chunks with the predictions of their texts.

    Args:
        chunks: The chunks; a few more than are being worked on are read ahead.
        model: What predicts.
        helpers: Processes that have been told to load the same model, and predict beside this one.
        waits: Returns whether the next chunk has not arrived yet, so that all before it had better be given now.

    Raises:
        HelperLostError: One of the helpers ended before its work; the others have been ended too.
        ArtifactError: A helper cannot read the model, or has read another one.
    """
    if not helpers:
        yield from ((chunk, model.predict_table(chunk.texts)) for chunk in chunks)
        return
    waiting: deque[tuple[Chunk, Future[PredictionTable]]] = deque()
    try:
        for chunk in chunks:
            few = len(chunk.texts) < _FEW
            helper = None if few else helpers.idlest()
            waiting.append((chunk, helper.predict(chunk.texts) if helper else _done(model.predict_table(chunk.texts))))
            left, all_now = _WRITTEN_AT_ONCE, few or waits()
            while waiting and (
                all_now or (left > 0 and waiting[0][1].done()) or len(waiting) > _KEPT_BACK * len(helpers)
            ):
                yield _result(waiting.popleft())
                left -= 1
        while waiting:
            yield _result(waiting.popleft())
    except (HelperLostError, ArtifactError):
        helpers.end()
        raise


def _done(predictions: PredictionTable) -> Future[PredictionTable]:
    future: Future[PredictionTable] = Future()
    future.set_result(predictions)
    return future


def _result(waiting: tuple[Chunk, Future[PredictionTable]]) -> tuple[Chunk, PredictionTable]:
    chunk, future = waiting
    return chunk, future.result()


def n_helpers(files: Iterable[str], jobs: int) -> int:
    """Return how many helpers are worth starting for so many jobs: fewer if the files are known to be small.

    Nobody knows how much there is in a pipe, in a packed file, in one that is no text, or behind a pattern.
    """
    if jobs == 1:
        return 0
    sizes = [_size(file) for file in files]
    return jobs - 1 if None in sizes else min(jobs - 1, sum(filter(None, sizes)) // _BYTES_EACH)


def _size(file: str) -> int | None:
    with suppress(OSError):  # which will be told of when it is opened
        path = Path(file)
        if path.is_file() and not is_packed(file) and format_of(file) not in WHOLE_FORMATS:
            return path.stat().st_size
    return None


class Helpers:
    """Processes that predict beside this one; they start at once, and end with this one, however it ends.

    Started first of all, they import what they need while this process does other things.
    """

    def __init__(self, count: int) -> None:
        self._helpers = [_Helper() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def __len__(self) -> int:
        return len(self._helpers)

    def end(self) -> None:
        """End the processes now."""
        helpers, self._helpers = self._helpers, []
        for helper in helpers:
            helper.kill()
        for helper in helpers:
            helper.close()

    def load(self, model: Model) -> None:
        """Have them read the file of a model anew, and take over its thresholds and its glossary.

        Raises:
            UsageError: There are helpers, and the model does not come from a file.
        """
        for helper in self._helpers:
            helper.load(model)

    def idlest(self) -> _Helper | None:
        """Return the helper with the least to do; None if all have enough, or have not loaded the model yet."""
        ready = [helper for helper in self._helpers if helper.is_ready()]
        helper = min(ready, key=_Helper.n_asked, default=None)
        return helper if helper and helper.n_asked() < _HANDED_OUT else None


class _Helper:
    """One process that predicts.

    It is a new interpreter that takes pickled facts about a model and then texts from its standard input, and answers
    with pickled predictions. A fork would be quicker to start, and unsafe beside the threads of a progress bar. One
    thread writes what it is asked and one reads its answers, so that its next texts lie ready when it is done.
    """

    def __init__(self) -> None:
        # with the path of this process, so that it imports the same modules, and nothing else from the folder
        code = f"import sys; sys.path[:] = {sys.path!r}; from smclassify.helper import help_out; help_out()"
        command = [sys.executable, "-c", code]
        pipe = subprocess.PIPE
        # a process group of its own: Ctrl-C is for this process alone
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)  # noqa: S603 - ourselves
        assert self._process.stdin  # noqa: S101 - tells the type
        assert self._process.stdout  # noqa: S101
        self._questions, self._answers = self._process.stdin, self._process.stdout
        _widen(self._questions)
        _widen(self._answers)
        self._writer, self._reader = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._loaded: Future[Any] = Future()
        self._asked: deque[Future[PredictionTable]] = deque()

    def load(self, model: Model) -> None:
        """Have a model loaded."""
        self._send((file_of(model), {"thresholds": model.thresholds, "glossary": model.glossary}))
        self._loaded = self._reader.submit(self._check, model)

    def is_ready(self) -> bool:
        """Return whether the model has been loaded.

        Raises:
            HelperLostError: The process ended before it was.
            ArtifactError: It could not be, or the file is another one by now.
        """
        return self._loaded.done() and self._loaded.result() is None

    def predict(self, texts: Sequence[str]) -> Future[PredictionTable]:
        """Have texts predicted; they wait until those before them are."""
        self._send(texts)
        self._asked.append(self._reader.submit(self._read))
        return self._asked[-1]

    def n_asked(self) -> int:
        """Return how many answers have not come yet."""
        while self._asked and self._asked[0].done():
            self._asked.popleft()
        return len(self._asked)

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()

    def close(self) -> None:
        """Wait for the end of the process, and close the pipes; what was not sent is lost."""
        self._writer.shutdown(cancel_futures=True)
        self._reader.shutdown(cancel_futures=True)
        with suppress(OSError), self._process:
            pass

    def _send(self, value: object) -> None:
        # pickled here: a thread would first have to wait its turn
        self._writer.submit(send, pickle.dumps(value), self._questions)

    def _check(self, model: Model) -> None:
        answer = self._read()
        if isinstance(answer, SmclassifyError):
            raise answer
        if answer != model_digest(model):
            raise ArtifactError(f"{model.path}: this model file was replaced just now.", "Give the command again.")

    def _read(self) -> Any:  # noqa: ANN401 - whatever comes
        try:
            return received(self._answers)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            tip = "Was there too little memory? Use fewer with --jobs."
            raise HelperLostError("One of the processes that label ended before its work.", tip) from error


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole answer, where the system can, so that a helper need not wait until it is read."""
    with suppress(ImportError, AttributeError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - Linux only

        fcntl(pipe, F_SETPIPE_SZ, _PIPE)
