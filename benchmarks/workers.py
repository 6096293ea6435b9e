"""How much a second worker brings: the same Parquet parts, labelled on a Dask cluster of one process and of two.

    pip install 'smclassify[dask]'
    python benchmarks/workers.py [--parts 8] [--rows 50000] [--rounds 3]

The time is that of the whole command, the start of the cluster included, and the commands take turns; medians are
printed. The outputs of all commands are compared, byte for byte.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from made import texts
from timing import PYTHON, in_turns, seconds

ALONE, ONE, TWO = "without Dask", "one worker", "two workers"


def write_parts(folder: Path, n_parts: int, n_rows: int) -> None:
    """Write Parquet files of invented tasks."""
    folder.mkdir()
    tasks = texts()
    for number in range(n_parts):
        table = pa.table({"id": range(n_rows), "task": list(islice(tasks, n_rows))})
        pq.write_table(table, folder / f"part-{number:03}.parquet")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of the files of a folder, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def main() -> None:
    """Time the commands and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of a part")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_parts(folder / "in", args.parts, args.rows)
        batch = [PYTHON, "-m", "smclassify", "batch", str(folder / "in" / "*.parquet"), "--force", "-q", "-o"]
        dask = ["--engine", "dask", "--jobs"]
        commands = {
            ALONE: [*batch, str(folder / ALONE)],
            ONE: [*batch, str(folder / ONE), *dask, "1"],
            TWO: [*batch, str(folder / TWO), *dask, "2"],
        }
        times = in_turns({name: partial(seconds, command) for name, command in commands.items()}, args.rounds)
        if not contents(folder / ALONE) == contents(folder / ONE) == contents(folder / TWO):
            sys.exit("The outputs differ.")
    n_rows = args.parts * args.rows
    print(f"{args.parts} parts of {args.rows:,} rows, {os.cpu_count()} cores, median of {args.rounds}")
    for name, measured in times.items():
        print(f"{name:14s}{measured:8.2f} s{n_rows / measured:12,.0f} rows/s")
    print(f"one worker / two workers: {times[ONE] / times[TWO]:.2f}")


if __name__ == "__main__":
    main()
