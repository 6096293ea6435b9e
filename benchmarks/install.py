"""What an installation from the wheel takes: time, size on disk by package, and the modules that one answer imports.

    python benchmarks/install.py [--wheel FILE]

The wheel is built if none is given. It is installed into a new environment with pip and all that it needs, with nothing
from pip's cache, so that the time has the downloads in it; then once more by itself, over the first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from timing import PYTHON, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
SIZES = """
import json
from importlib.metadata import distributions
print(json.dumps({
    d.name: sum(file.stat().st_size for file in map(d.locate_file, d.files or ()) if file.is_file())
    for d in distributions()
}))
"""
"""A program that prints the bytes on disk of each package of its environment."""
IMPORTS = """
import sys
before = set(sys.modules)
sys.argv = ["smclassify", "classify", "cold call"]
from smclassify.cli import main
try:
    main()
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
"""A program that prints the modules that an answer imports."""


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this tree in a folder and return it."""
    seconds([PYTHON, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    return next(folder.glob("smclassify-*.whl"))


def print_sizes(sizes: Mapping[str, int]) -> None:
    """Print how much each package holds, in MB (10^6 bytes), the largest first."""
    print(f"{'package':24s}{'MB':>8s}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:24s}{size / 1e6:8.1f}")
    print(f"{'all':24s}{sum(sizes.values()) / 1e6:8.1f}")


def print_imports(python: str) -> None:
    """Print which modules an answer imports: those of smclassify by name, the others' number by package."""
    done = subprocess.run([python, "-c", IMPORTS], check=True, capture_output=True, text=True)
    modules = done.stderr.split()
    packages = Counter(module.split(".")[0] for module in modules)
    standard = sum(number for name, number in packages.items() if name in sys.stdlib_module_names)
    print(f"\n`smclassify classify` imports {len(modules)} modules, {standard} of them of the standard library;")
    others = [f"{name} {number}" for name, number in packages.most_common() if name not in sys.stdlib_module_names]
    print(f"of others: {', '.join(others)}\n")
    print("\n".join(module for module in modules if module.startswith("smclassify")))


def main() -> None:
    """Read the options, install and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="a wheel that there is already")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = args.wheel or build_wheel(Path(folder))
        seconds([PYTHON, "-m", "venv", f"{folder}/venv"])
        python = f"{folder}/venv/bin/python"
        pip = [python, "-m", "pip", "install", "--no-cache-dir", str(wheel)]
        with_all, alone = seconds(pip), seconds([*pip, "--no-deps", "--force-reinstall"])
        print(f"Python {sys.version.split()[0]}, a wheel of {wheel.stat().st_size / 1e6:.1f} MB")
        print(f"installed in {with_all:.1f} s with all that it needs, in {alone:.1f} s alone\n")
        sizes = json.loads(subprocess.run([python, "-c", SIZES], check=True, capture_output=True, text=True).stdout)
        print_sizes({name: size for name, size in sizes.items() if name not in {"pip", "setuptools"}})
        print_imports(python)


if __name__ == "__main__":
    main()
