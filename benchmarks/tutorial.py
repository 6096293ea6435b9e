"""The same job as others do it: a scikit-learn pipeline saved with joblib, as in tutorials, and fastText.

    python benchmarks/tutorial.py train pipeline.joblib
    python benchmarks/tutorial.py classify pipeline.joblib "cold call"
    python benchmarks/tutorial.py batch pipeline.joblib tasks.csv labelled.csv

`train-fasttext` and `batch-fasttext` do likewise with fastText (`pip install fasttext-numpy2-wheel`).
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import typer

app = typer.Typer()
EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "labeled_activities.csv"
COLUMN = "task"


@app.command()
def train(target: Path) -> None:
    """Fit TF-IDF and logistic regression on the same examples, and save the pipeline."""
    import joblib  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    texts, labels = _examples()
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    joblib.dump(pipeline.fit(texts, labels), target)


@app.command()
def classify(model: Path, text: str) -> None:
    """Print the label of a text and its probability."""
    import joblib  # noqa: PLC0415

    pipeline = joblib.load(model)
    probabilities = pipeline.predict_proba([text])[0]
    best = probabilities.argmax()
    print(pipeline.classes_[best], round(probabilities[best], 3))


@app.command()
def batch(model: Path, source: Path, target: Path) -> None:
    """Write a CSV file with the label of every row and its probability."""
    import joblib  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    pipeline = joblib.load(model)
    frame = pd.read_csv(source)
    texts = frame[COLUMN].fillna("")
    frame["label"] = pipeline.predict(texts)
    frame["confidence"] = pipeline.predict_proba(texts).max(axis=1).round(4)
    frame.to_csv(target, index=False)


@app.command()
def train_fasttext(target: Path, *, words_only: bool = False) -> None:
    """Fit a supervised fastText model on the same examples.

    Its settings are those of `accuracy.py`; with `--words-only` fastText's own, which are faster and less accurate.
    """
    import fasttext  # noqa: PLC0415

    settings = {} if words_only else {"wordNgrams": 2, "minn": 2, "maxn": 5, "epoch": 15, "lr": 0.3}
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as handle:
        handle.writelines(f"__label__{label} {flat(text)}\n" for text, label in zip(*_examples(), strict=True))
        handle.flush()
        fasttext.train_supervised(handle.name, dim=100, verbose=0, thread=2, **settings).save_model(str(target))


@app.command()
def batch_fasttext(model: Path, source: Path, target: Path) -> None:
    """Write a CSV file with fastText's label of every row and its probability."""
    classifier = load_fasttext(model)
    with source.open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    place = header.index(COLUMN)
    labels, odds = classifier.predict([flat(row[place]) for row in rows])
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow((*header, "label", "confidence"))
        writer.writerows(
            (*row, label.removeprefix("__label__"), f"{sure:.4f}")
            for row, [label], [sure] in zip(rows, labels, odds, strict=True)
        )


def load_fasttext(model: Path) -> Any:  # noqa: ANN401 - fastText has no types
    """Return a saved fastText model."""
    import fasttext  # noqa: PLC0415

    return fasttext.load_model(str(model))


def flat(text: str) -> str:
    """Return a text as fastText wants it: lower case, on one line."""
    return " ".join(text.lower().split())


def _examples() -> tuple[list[str], list[str]]:
    with EXAMPLES.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return [row["text"] for row in rows], [row["label"] for row in rows]


if __name__ == "__main__":
    app()
