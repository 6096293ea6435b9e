"""Predictions of the chunks of a table, in their order, made by one process or by several."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, Self

from smclassify.artifact import load_model
from smclassify.errors import SmclassifyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smclassify.model import Model
    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk

_FEW = 256
"""Fewer texts are not worth sending away; rows that trickle in come in such chunks."""
_HANDED_OUT = 3
"""Chunks for each helper at a time: one that it works on, and the next ones."""
_WRITTEN_AT_ONCE = 2
"""Chunks to write, at most, before the next one is read; else helpers would run out of work meanwhile."""
_BYTES_OF_SIZE = 8
_PIPE = 1 << 20
"""Bytes that a pipe between two processes holds: what Linux lets anybody have."""
_KEPT_BACK = 8
"""Chunks for each process that may be done, or in work, while an earlier one is not."""


def predict_chunks(chunks: Iterable[Chunk], model: Model, jobs: int = 1) -> Iterator[tuple[Chunk, PredictionTable]]:
    """Yield chunks with the predictions of their texts.

    Args:
        chunks: The chunks; a few more than are being worked on are read ahead.
        model: What predicts; with more than one process, each reads its file anew.
        jobs: Number of processes that predict, this one among them.

    Raises:
        UsageError: There is more than one process, and the model does not come from a file.
        SmclassifyError: One of the processes ended before its work.
    """
    if jobs == 1:
        yield from ((chunk, model.predict_table(chunk.texts)) for chunk in chunks)
        return
    if model.path is None:
        raise UsageError("Several processes need a model that was read from a file.", "Save it first, or use one.")
    waiting: deque[tuple[Chunk, Future[PredictionTable]]] = deque()
    with _Helpers(model, jobs - 1) as helpers:
        for place, chunk in enumerate(chunks):
            few = len(chunk.texts) < _FEW
            helper = None if place == 0 or few else helpers.idlest()
            waiting.append((chunk, helper.predict(chunk.texts) if helper else _done(model.predict_table(chunk.texts))))
            left = _WRITTEN_AT_ONCE
            while waiting and (few or (left > 0 and waiting[0][1].done()) or len(waiting) > _KEPT_BACK * jobs):
                yield _result(waiting.popleft())
                left -= 1
        while waiting:
            yield _result(waiting.popleft())


def _done(predictions: PredictionTable) -> Future[PredictionTable]:
    future: Future[PredictionTable] = Future()
    future.set_result(predictions)
    return future


def _result(waiting: tuple[Chunk, Future[PredictionTable]]) -> tuple[Chunk, PredictionTable]:
    chunk, future = waiting
    return chunk, future.result()


class _Helpers:
    """Processes that predict; they start when first needed, and end with this one, however it ends."""

    def __init__(self, model: Model, count: int) -> None:
        self._model = model
        self._count = count
        self._helpers: list[_Helper] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.kill()
        for helper in self._helpers:
            helper.close()

    def idlest(self) -> _Helper | None:
        """Return the helper with the least to do; None if all have enough."""
        while len(self._helpers) < self._count:
            self._helpers.append(_Helper(self._model))
        helper = min(self._helpers, key=_Helper.n_asked)
        return helper if helper.n_asked() < _HANDED_OUT else None


class _Helper:
    """One process that predicts.

    It is a new interpreter that takes pickled facts about a model and then texts from its standard input, and answers
    with pickled predictions. A fork would be quicker to start, and unsafe beside the threads of a progress bar. One
    thread writes what it is asked and one reads its answers, so that its next texts lie ready when it is done.
    """

    def __init__(self, model: Model) -> None:
        # with the path of this process, so that it imports the same modules, and nothing else from the folder
        code = f"import sys; sys.path[:] = {sys.path!r}; from smclassify.parallel import help_out; help_out()"
        command = [sys.executable, "-c", code]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
        assert self._process.stdin  # noqa: S101 - tells the type
        assert self._process.stdout  # noqa: S101
        self._questions, self._answers = self._process.stdin, self._process.stdout
        _widen(self._questions)
        _widen(self._answers)
        self._writer, self._reader = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._asked: deque[Future[PredictionTable]] = deque()
        # of the rest, it reads the file
        self._send((model.path, {"thresholds": model.thresholds, "glossary": model.glossary}))

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
        self._writer.submit(_write, pickle.dumps(value), self._questions)

    def _read(self) -> PredictionTable:
        try:
            answer: PredictionTable = _received(self._answers)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            tip = "Was there too little memory? Use fewer with --jobs."
            raise SmclassifyError("One of the processes that label ended before its work.", tip) from error
        return answer


def help_out() -> None:
    """Predict for another process until it closes the pipe or is gone; it alone handles Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        path, changes = _received(questions)
        model = replace(load_model(path), **changes)
        while True:
            _write(pickle.dumps(model.predict_table(_received(questions))), answers)


def _write(content: bytes, pipe: IO[bytes]) -> None:
    """Write a pickled value to another process all at once: a thread that writes little by little waits its turn."""
    pipe.write(len(content).to_bytes(_BYTES_OF_SIZE) + content)
    pipe.flush()


def _received(pipe: IO[bytes]) -> Any:  # noqa: ANN401 - whatever was sent
    """Return the next value that another process sent."""
    size = int.from_bytes(pipe.read(_BYTES_OF_SIZE))
    if not size:
        raise EOFError
    return pickle.loads(pipe.read(size))  # noqa: S301 - of a process of our own


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole answer, where the system can, so that a helper need not wait until it is read."""
    with suppress(ImportError, AttributeError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl  # noqa: PLC0415 - Linux only

        fcntl(pipe, F_SETPIPE_SZ, _PIPE)
