"""Runs commands in forked processes of an interpreter that has loaded everything, so that many can be killed quickly.

Reads one request per line as JSON: `arguments` of the command; `every`, the number of rows between checkpoints;
`step`, the number of the step on files at which the process kills itself (0 for never); `limit`, the largest size of
a file. Answers with the id of the process, waits for a blank line, and answers with the exit code and the last step.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from smclassify import artifact, batch_scoring, cli, many, render, resume, runs
from smclassify.tables import convert, formats

LOADED = (batch_scoring, cli, convert, formats, many, render, runs)
STEPS = {"open", "os.rename", "os.remove", "os.chmod", "os.truncate", "fcntl.flock"}


def kill_at(wanted: int) -> None:
    """Kill this process just before a step on a file named after a target `out...`; note the last step reached."""
    n_steps, log, fsync = 0, os.open("steps", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), os.fsync

    def step(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal n_steps
        name = os.path.basename(os.fsdecode(arguments[0])) if isinstance(arguments[0], str | bytes | Path) else ""  # noqa: PTH119
        if event in STEPS and ("out" in name or event == "fcntl.flock"):
            n_steps += 1
            os.pwrite(log, f"{event} {name}".ljust(80).encode(), 0)
            if n_steps == wanted:
                os.kill(os.getpid(), signal.SIGKILL)

    def noted(descriptor: int) -> None:
        step("fcntl.flock", (descriptor,))
        fsync(descriptor)

    os.fsync = noted  # type: ignore[assignment]
    sys.addaudithook(step)


def run(arguments: list[str], every: int, step: int, limit: int) -> None:
    """Run a command in this process, which ends with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if step:
        kill_at(step)
    resume.CHECKPOINT_ROWS = every
    sys.argv = ["smclassify", *arguments]
    code: Any = 99
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stderr.flush()
        os._exit(code or 0)


def main() -> None:
    """Serve requests until there are no more."""
    model = artifact.load_model()
    model.predict_table(["cold call"])
    artifact.load_model = lambda *_: model
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            run(**request)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
