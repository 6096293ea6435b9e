"""The same job as tutorials do it: a scikit-learn pipeline saved with joblib and loaded at every start."""

from __future__ import annotations

import csv
from pathlib import Path

import joblib
import typer

app = typer.Typer()
EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "labeled_activities.csv"


@app.command()
def train(target: Path) -> None:
    """Fit TF-IDF and logistic regression on the same examples, and save the pipeline."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    with EXAMPLES.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    pipeline.fit([row["text"] for row in rows], [row["label"] for row in rows])
    joblib.dump(pipeline, target)


@app.command()
def classify(model: Path, text: str) -> None:
    """Print the label of a text and its probability."""
    pipeline = joblib.load(model)
    probabilities = pipeline.predict_proba([text])[0]
    best = probabilities.argmax()
    print(pipeline.classes_[best], round(probabilities[best], 3))


if __name__ == "__main__":
    app()
