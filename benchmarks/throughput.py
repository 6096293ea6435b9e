"""How many rows of a CSV file are labelled in a second, beside other ways to do the same.

    pip install pandas fasttext-numpy2-wheel
    python benchmarks/throughput.py [ROWS] [--rounds 3] [--folder FOLDER]
    python benchmarks/throughput.py --scaling [--ten-million]

Every figure is the time of a process of its own, from its start to the finished file; "predicting only" leaves out
start, loading, reading and writing, and begins without any word met before. What is compared takes turns; medians are
printed. The peers are trained on the same examples beforehand. With --folder, made files and trained peers are kept
there for the next run. --scaling shows whether the cost grows with the number of rows and nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from made import COLUMN, read_texts, write_file
from timing import PYTHON, Aim, in_turns, print_aims, seconds
from tutorial import flat, load_fasttext

if TYPE_CHECKING:
    from collections.abc import Callable

TUTORIAL = str(Path(__file__).resolve().parent / "tutorial.py")
FASTTEXT = {"fastText": [], "fastText, words only": ["--words-only"]}
CSV_FLOOR = """
import csv, sys
with open(sys.argv[1], encoding="utf-8", newline="") as source:
    with open(sys.argv[2], "w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows(csv.reader(source))
"""
ONE, TWO, FLOOR = "smclassify batch", "smclassify batch --jobs 2", "csv module, read and write"
PANDAS = "pandas + scikit-learn"
ONLY = ", predicting only"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the files of a run are.

    Attributes:
        folder: Where made files and trained peers go.
        source: The file to label.
    """

    folder: Path
    source: Path

    def ours(self, *options: str) -> list[str]:
        """Return the command that labels the file with smclassify; the names of its columns are taken, so a prefix."""
        target = str(self.folder / f"ours{len(options)}.csv")
        command = [PYTHON, "-m", "smclassify", "batch", str(self.source), "-c", COLUMN, "-o", target]
        return [*command, "--force", "--quiet", "--prefix", "sm_", *options]

    def peer(self, command: str, model: Path) -> list[str]:
        """Return the command that labels the file with a trained peer."""
        return [PYTHON, TUTORIAL, command, str(model), str(self.source), str(self.folder / "peer.csv")]

    def trained(self, command: str, name: str, *options: str) -> Path:
        """Return the file of a trained peer; it is trained unless it is there."""
        path = self.folder / name
        if not path.exists():
            seconds([PYTHON, TUTORIAL, command, str(path), *options])
        return path


def made_file(folder: Path, rows: int) -> Path:
    """Return a file with so many rows; it is made unless it is there."""
    path = folder / f"tasks-{rows}.csv"
    if not path.exists():
        write_file(path, rows)
    return path


def predict_ours(source: Path) -> float:
    """Return the seconds that predicting takes."""
    from smclassify import load_model  # noqa: PLC0415 - in the process that measures

    model, texts = load_model(), read_texts(source)
    begun = time.perf_counter()
    model.predict_table(texts)
    return time.perf_counter() - begun


def predict_fasttext(model: Path, source: Path) -> float:
    """Return the seconds that predicting takes, lower case and single lines included, as smclassify does both."""
    classifier, texts = load_fasttext(model), read_texts(source)
    begun = time.perf_counter()
    classifier.predict([flat(text) for text in texts])
    return time.perf_counter() - begun


def in_new_process(measure: Callable[[], float]) -> float:
    """Return what a function measures in a fresh interpreter."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure).result()


def compare(folder: Path, rows: int, rounds: int) -> None:
    """Time smclassify and its peers, and print tables of figures and aims."""
    bench = Bench(folder, made_file(folder, rows))
    tutorial = bench.trained("train", "pipeline.joblib")
    timers: dict[str, Callable[[], float]] = {
        ONE: partial(seconds, bench.ours()),
        TWO: partial(seconds, bench.ours("--jobs", "2")),
        ONE + ONLY: partial(in_new_process, partial(predict_ours, bench.source)),
        PANDAS: partial(seconds, bench.peer("batch", tutorial)),
        FLOOR: partial(seconds, [PYTHON, "-c", CSV_FLOOR, str(bench.source), str(folder / "floor.csv")]),
    }
    if find_spec("fasttext"):
        for name, options in FASTTEXT.items():
            model = bench.trained("train-fasttext", f"{name}.bin", *options)
            timers[name] = partial(seconds, bench.peer("batch-fasttext", model))
            timers[name + ONLY] = partial(in_new_process, partial(predict_fasttext, model, bench.source))
    else:
        print("fastText is not installed and left out: pip install fasttext-numpy2-wheel")
    times = in_turns(timers, rounds)
    same = (folder / "ours0.csv").read_bytes() == (folder / "ours2.csv").read_bytes()
    print(f"{rows:,} rows, medians of {rounds} rounds, Python {sys.version.split()[0]}\n")
    print(f"{'':40s}{'seconds':>9s}{'rows/s':>12s}")
    for name, measured in times.items():
        print(f"{name:40s}{measured:9.2f}{rows / measured:12,.0f}")
    print_aims(_aims(times))
    print(f"\nOne process and two write the same bytes: {'yes' if same else 'NO'}")


def _aims(times: dict[str, float]) -> list[Aim]:
    aims = [
        Aim(f"rows/s against {PANDAS}", times[PANDAS] / times[ONE], 5, at_least=True),
        Aim("seconds against the csv module", times[ONE] / times[FLOOR], 4),
        Aim("rows/s of --jobs 2 against one process", times[ONE] / times[TWO], 1.7, at_least=True),
    ]
    for name in FASTTEXT:
        if name in times:
            aims.append(Aim(f"rows/s against {name}", times[name] / times[ONE], 0.5, at_least=True))
            alone = times[name + ONLY] / times[ONE + ONLY]
            aims.append(Aim(f"rows/s against {name}{ONLY}", alone, 0.5, at_least=True))
    return aims


def scale(folder: Path, sizes: list[int], rounds: int) -> None:
    """Time smclassify on files of growing size, and print what a row costs beyond the start."""
    benches = {rows: Bench(folder, made_file(folder, rows)) for rows in (1, *sizes)}
    timers = {(rows, 1): partial(seconds, bench.ours()) for rows, bench in benches.items()}
    timers |= {(rows, 2): partial(seconds, bench.ours("--jobs", "2")) for rows, bench in benches.items()}
    times = in_turns(timers, rounds)
    print(f"{ONE}, medians of {rounds} rounds, Python {sys.version.split()[0]}\n")
    print(f"{'rows':>12s}{'seconds':>10s}{'microseconds per row, without start':>37s}{'--jobs 2':>10s}{'ratio':>8s}")
    each = {rows: (times[rows, 1] - times[1, 1]) / rows for rows in sizes}
    for rows in (1, *sizes):
        cost = f"{1e6 * each[rows]:.1f}" if rows in each else ""
        one, two = times[rows, 1], times[rows, 2]
        print(f"{rows:>12,d}{one:10.2f}{cost:>37s}{two:10.2f}{one / two:8.2f}")
    largest = sizes[-1]
    print_aims(
        [
            Aim(f"a row of {largest:,} against one of {sizes[1]:,}", each[largest] / each[sizes[1]], 1.1),
            Aim(f"--jobs 2 at {largest:,} rows", times[largest, 1] / times[largest, 2], 1.7, at_least=True),
        ]
    )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scaling", action="store_true", help="time 10^4, 10^5 and 10^6 rows instead")
    parser.add_argument("--ten-million", action="store_true", help="with --scaling, 10^7 rows too (about 1.1 GB)")
    parser.add_argument("--folder", type=Path, help="keep made files and trained peers here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if args.scaling:
            scale(folder, [10**power for power in range(4, 8 if args.ten_million else 7)], args.rounds)
        else:
            compare(folder, args.rows, args.rounds)


if __name__ == "__main__":
    main()
