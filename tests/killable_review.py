"""Runs `smclassify` with the arguments given, anew each time it is killed, in forks that have loaded everything."""

from __future__ import annotations

import os
import sys
import termios

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from smclassify import cli, corrections_file, parallel, resume, review, review_order, runs

LOADED = (corrections_file, parallel, resume, review, review_order, runs)


def main() -> None:
    """Say the id of each process before it starts; end with the first that ends by itself."""
    settings = termios.tcgetattr(0)
    sys.argv[0] = "smclassify"
    while True:
        child = os.fork()
        if child == 0:
            print(f"process {os.getpid()}", flush=True)  # noqa: T201 - it is what the test waits for
            try:
                cli.main()
            except SystemExit as end:
                os._exit(int(end.code or 0))
        _, status = os.waitpid(child, 0)
        termios.tcsetattr(0, termios.TCSANOW, settings)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
