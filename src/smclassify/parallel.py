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
from queue import SimpleQueue
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
_HANDED_OUT = 2
"""Chunks for each helper at a time: one that it works on, and the next one."""
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
            handed_out = sum(not future.done() for _, future in waiting)
            if place == 0 or few or handed_out >= _HANDED_OUT * (jobs - 1):
                waiting.append((chunk, _done(model.predict_table(chunk.texts))))
            else:
                waiting.append((chunk, helpers.predict(chunk.texts)))
            while waiting and (few or waiting[0][1].done() or len(waiting) > _KEPT_BACK * jobs):
                yield _result(waiting.popleft(), model)
        while waiting:
            yield _result(waiting.popleft(), model)


def _done(predictions: PredictionTable) -> Future[PredictionTable]:
    future: Future[PredictionTable] = Future()
    future.set_result(predictions)
    return future


def _result(waiting: tuple[Chunk, Future[PredictionTable]], model: Model) -> tuple[Chunk, PredictionTable]:
    """Return a chunk with its predictions; what no helper has begun is done here."""
    chunk, future = waiting
    return chunk, model.predict_table(chunk.texts) if future.cancel() else future.result()


class _Helpers:
    """Processes that predict; they start when first needed, and end with this one, however it ends.

    Each is a new interpreter that takes pickled facts about a model and then texts from its standard input, and answers
    with pickled predictions; a thread waits for each answer. A fork would be quicker to start, and unsafe beside the
    threads of a progress bar.
    """

    def __init__(self, model: Model, count: int) -> None:
        # of the rest, each helper reads the file
        self._model = model.path, {"thresholds": model.thresholds, "glossary": model.glossary}
        self._count = count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[tuple[subprocess.Popen[bytes], tuple[object, ...]]] = SimpleQueue()
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            with suppress(OSError), process:  # closes the pipes; what was not sent is lost
                pass

    def predict(self, texts: Sequence[str]) -> Future[PredictionTable]:
        """Have texts predicted."""
        while len(self._processes) < self._count:
            # with the path of this process, so that it imports the same modules, and nothing else from the folder
            code = f"import sys; sys.path[:] = {sys.path!r}; from smclassify.parallel import help_out; help_out()"
            command = [sys.executable, "-c", code]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
            assert process.stdin  # noqa: S101 - tells the type
            assert process.stdout  # noqa: S101
            _widen(process.stdin)
            _widen(process.stdout)
            self._processes.append(process)
            self._idle.put((process, (self._model,)))
        return self._threads.submit(self._ask, texts)

    def _ask(self, texts: Sequence[str]) -> PredictionTable:
        process, first = self._idle.get()
        assert process.stdin  # noqa: S101 - tells the type
        assert process.stdout  # noqa: S101
        try:
            for value in (*first, texts):
                _send(value, process.stdin)
            answer: PredictionTable = _received(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            tip = "Was there too little memory? Use fewer with --jobs."
            raise SmclassifyError("One of the processes that label ended before its work.", tip) from error
        finally:
            self._idle.put((process, ()))
        return answer


def help_out() -> None:
    """Predict for another process until it closes the pipe or is gone; it alone handles Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        path, changes = _received(questions)
        model = replace(load_model(path), **changes)
        while True:
            _send(model.predict_table(_received(questions)), answers)


def _send(value: object, pipe: IO[bytes]) -> None:
    """Write a value to another process all at once: a thread that writes or reads little by little waits its turn."""
    content = pickle.dumps(value)
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
