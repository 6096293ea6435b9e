"""What a process does that predicts for another one, and how the two speak: values pickled, each after its size."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from dataclasses import replace
from typing import IO, Any

from smclassify.artifact import load_model
from smclassify.digest import model_digest
from smclassify.errors import SmclassifyError

_BYTES_OF_SIZE = 8


def help_out() -> None:
    """Predict for another process until it closes the pipe or is gone; Ctrl-C does not reach this one."""
    import smclassify.batch_scoring  # noqa: PLC0415 - now, while the other process does not need this one yet
    import smclassify.predictions  # noqa: F401, PLC0415

    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, pickle.UnpicklingError, BrokenPipeError):
        path, changes = received(questions)
        try:
            model = replace(load_model(path), **changes)
        except SmclassifyError as error:
            send(pickle.dumps(error), answers)
            return
        send(pickle.dumps(model_digest(model)), answers)
        while True:
            send(pickle.dumps(model.predict_table(received(questions))), answers)
    os._exit(0)  # whoever would read the rest of an answer is gone


def send(content: bytes, pipe: IO[bytes]) -> None:
    """Write a pickled value to another process all at once: a thread that writes little by little waits its turn."""
    pipe.write(len(content).to_bytes(_BYTES_OF_SIZE) + content)
    pipe.flush()


def received(pipe: IO[bytes]) -> Any:  # noqa: ANN401 - whatever was sent
    """Return the next value that another process sent.

    Raises:
        EOFError, UnpicklingError: The other process is gone, perhaps in the middle of a value.
    """
    size = int.from_bytes(pipe.read(_BYTES_OF_SIZE))
    return pickle.loads(pipe.read(size))  # noqa: S301 - of a process of our own
