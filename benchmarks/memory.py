"""How much memory smclassify takes at most: the peak of the resident set of its process.

    python benchmarks/memory.py [--ten-million] [--jobs 2] [--folder FOLDER]

Files of 10^5 and 10^6 rows, and on request 10^7, show whether the peak depends on the number of rows. With more than
one process, the sum over all of them is watched, shared pages counted in each: an upper bound.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from made import COLUMN
from timing import PYTHON, Aim, print_aims

MADE = str(Path(__file__).resolve().parent / "made.py")
_MB = 1e6
_WATCH_SECONDS = 0.02


def peak_of_one(command: list[str]) -> float:
    """Return the peak of a command's process, in MB of 10^6 bytes."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    child.returncode = 0
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / _MB


def peak_of_all(command: list[str]) -> float:
    """Return the peak of a command's process and its children together, in MB; Linux only."""
    highest, child = 0, subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        highest = max(highest, sum(map(_resident, _family(child.pid))))
        time.sleep(_WATCH_SECONDS)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return highest / _MB


def _family(pid: int) -> list[int]:
    """Return a process and those it has started, directly or not."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:  # it has ended
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    """Return the bytes of a process that are in memory."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):  # it has ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ten-million", action="store_true", help="10^7 rows too (about 1.1 GB)")
    parser.add_argument("--jobs", type=int, default=1, help="measure batch with so many processes too")
    parser.add_argument("--folder", type=Path, help="keep made files here")
    args = parser.parse_args()
    ours = [PYTHON, "-m", "smclassify"]
    classify = peak_of_one([*ours, "classify", "cold call"])
    print(f"{'classify':34s}{classify:8.1f} MB")
    peaks = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for rows in (10**5, 10**6, 10**7)[: 3 if args.ten_million else 2]:
            source = folder / f"tasks-{rows}.csv"
            if not source.exists():
                # in a process of its own: the peak of this one would count as that of its children
                subprocess.run([PYTHON, MADE, str(rows), str(source)], check=True)
            batch = [*ours, "batch", str(source), "-c", COLUMN, "-o", str(folder / "labelled.csv")]
            batch += ["--force", "--quiet", "--prefix", "sm_"]
            peaks.append(peak_of_one(batch))
            print(f"{f'batch, {rows:,} rows':34s}{peaks[-1]:8.1f} MB", flush=True)
            if args.jobs > 1:
                together = peak_of_all([*batch, "--jobs", str(args.jobs)])
                print(f"{f'batch, {rows:,} rows, --jobs {args.jobs}':34s}{together:8.1f} MB", flush=True)
    print_aims(
        [
            Aim("classify, MB", classify, 80),
            Aim("batch, MB", max(peaks), 200),
            Aim("the largest file against the smallest", peaks[-1] / peaks[0], 1.1),
        ]
    )


if __name__ == "__main__":
    main()
