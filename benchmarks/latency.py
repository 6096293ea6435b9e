"""How long one answer takes from a cold start, beside the least a typer program takes and beside the tutorial way.

    python benchmarks/latency.py [RUNS]

The commands take turns, so that a change in the machine's speed meets them all; medians and ratios are printed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent


def seconds(command: list[str]) -> float:
    """Return how long a command runs."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Time the commands in turns and print a table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        pipeline = str(Path(folder, "pipeline.joblib"))
        subprocess.run([python, HERE / "tutorial.py", "train", pipeline], check=True)
        commands = {
            "bare typer": [python, str(HERE / "bare.py"), "hello", "cold call"],
            "smclassify classify": [python, "-m", "smclassify", "classify", "cold call"],
            "smclassify --help": [python, "-m", "smclassify", "--help"],
            "tutorial classify": [python, str(HERE / "tutorial.py"), "classify", pipeline, "cold call"],
        }
        for command in commands.values():
            seconds(command)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(seconds(command))
    floor = median(times["bare typer"])
    print(f"median of {runs}, Python {sys.version.split()[0]}")
    for name, measured in times.items():
        print(f"{name:22s} {1000 * median(measured):7.0f} ms  {median(measured) / floor:6.2f} x bare typer")


if __name__ == "__main__":
    main()
