"""What one round of corrections is worth, on a team's task list that the model has never seen.

    python benchmarks/corrections.py

The first half of `benchmarks/team_tasks.csv` is gone through as `smclassify review --limit 100` does, the answers taken
from the column `label`; `smclassify train --with` learns them; both models label the two halves. The second half stands
for next month's tasks: nobody is asked about it.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from smclassify.artifact import load_model
from smclassify.corrections_file import open_corrections
from smclassify.digest import model_digest
from smclassify.parallel import predict_chunks
from smclassify.paths import shipped
from smclassify.review import correction_of
from smclassify.review_order import ask_order, least_sure
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions

TASKS = Path(__file__).with_name("team_tasks.csv")
SHIPPED = shipped("models/smclassify.safetensors")
N_ASKED = 100
COMMAND = (sys.executable, "-m", "smclassify")


def main() -> None:
    """Review, train, compare and print."""
    with TASKS.open(encoding="utf-8", newline="") as handle:
        rows = [(row["task"], row["label"]) for row in csv.DictReader(handle)]
    halves = {"reviewed half": rows[: len(rows) // 2], "next month's": rows[len(rows) // 2 :]}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: write_rows(Path(folder) / f"{name}.csv", half) for name, half in halves.items()}
        answers, new = Path(folder) / "answers.csv", Path(folder) / "new.safetensors"
        n_wrong = review(paths["reviewed half"], dict(rows), answers)
        print(f"{N_ASKED} rows reviewed, {n_wrong} of them corrected")
        print(run("train", "--with", str(answers), "-o", str(new)))
        print(
            f"{'rows':15s}{'model':9s}{'accuracy':>10s}{'interval':>14s}{'macro F1':>10s}{'ok':>10s}{'ok, right':>10s}"
        )
        for name, path in paths.items():
            for of, model in (("shipped", SHIPPED), ("new", new)):
                of_model = json.loads(run("evaluate", str(path), "--json", "--model", str(model)))
                interval = f"{of_model['accuracy_low']:.3f}-{of_model['accuracy_high']:.3f}"
                figures = "".join(f"{of_model[key]:10.3f}" for key in ("macro_f1", "coverage", "accuracy_ok"))
                print(f"{name:15s}{of:9s}{of_model['accuracy']:10.3f}{interval:>14s}{figures}")


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    """Write texts and labels as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([("task", "label"), *rows])
    return path


def review(path: Path, truth: dict[str, str], answers: Path) -> int:
    """Answer the first questions of a review with the true labels; return how often the model was wrong."""
    model = load_model(SHIPPED)
    with open_table(str(path), ReadOptions()) as table:
        asked = ask_order(least_sure(predict_chunks(table.chunks(0), model), ()))[:N_ASKED]
    digest, n_wrong = model_digest(model), 0
    with open_corrections(answers) as file:
        for prediction in model.predict([candidate.text for candidate in asked]):
            file.append(correction_of(model, prediction, truth[prediction.text], digest))
            n_wrong += prediction.label != truth[prediction.text]
    return n_wrong


def run(*arguments: str) -> str:
    """Return what a command prints."""
    return subprocess.run([*COMMAND, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
