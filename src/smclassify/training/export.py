"""From a fitted network to what is shipped: integer rows, and a scikit-learn pipeline with the same answers."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline

from smclassify.training.vectors import VectorAverager, WordVectors
from smclassify.weights import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.neural_network import MLPClassifier

    from smclassify.training.vectorize import TermVectorizer

    Floats = NDArray[np.float64]

_LARGEST = 127


def export_weights(network: MLPClassifier, vectorizer: TermVectorizer, vectors: WordVectors) -> Weights:
    """Return the arrays of a fitted network.

    The weights of terms are rounded to 8 bits, with one factor per hidden unit. Word vectors enter the hidden layer
    through a matrix, so what is kept of each is its product with that matrix, rounded likewise.
    """
    first, output = (layer.astype(np.float64) for layer in network.coefs_)
    n_terms = len(vectorizer.terms_)
    term_rows, term_factors = _rounded(first[:n_terms])
    vector_rows, vector_factors = _rounded(vectors.vectors @ first[n_terms:])
    output_bias = network.intercepts_[1].astype(np.float64)
    if len(network.classes_) == 2:  # scikit-learn keeps the second of two columns; the first is zero
        output, output_bias = np.hstack((np.zeros_like(output), output)), np.append(0.0, output_bias)
    return Weights(
        terms=_view(vectorizer.terms_),
        term_rows=_view(term_rows),
        vocabulary=_view(vectors.numbers),
        vector_rows=_view(vector_rows),
        term_factors=_view(term_factors),
        vector_factors=_view(vector_factors),
        hidden_bias=_view(network.intercepts_[0].astype(np.float64)),
        output=_view(output),
        output_bias=_view(output_bias),
    )


def as_pipeline(weights: Weights, network: MLPClassifier, vectorizer: TermVectorizer) -> Pipeline:
    """Return the scikit-learn pipeline from texts to activity columns that the rounded rows stand for.

    Its word vectors are those of the hidden layer, so they enter that layer unchanged.
    """
    n_hidden = len(weights.hidden_bias)
    term_rows = np.frombuffer(weights.term_rows, dtype=np.int8).reshape(-1, n_hidden)
    vector_rows = np.frombuffer(weights.vector_rows, dtype=np.int8).reshape(-1, n_hidden)
    vectors = WordVectors(
        np.frombuffer(weights.vocabulary, dtype=np.uint32), vector_rows * np.asarray(weights.vector_factors)
    )
    rounded = deepcopy(network)
    rounded.coefs_ = [
        np.vstack((term_rows * np.asarray(weights.term_factors), np.eye(n_hidden))),
        network.coefs_[1].astype(np.float64),
    ]
    rounded.intercepts_ = [bias.astype(np.float64) for bias in network.intercepts_]
    rounded.n_features_in_ = len(rounded.coefs_[0])
    features = FeatureUnion([("terms", vectorizer), ("vectors", VectorAverager(vectors))])
    return Pipeline([("features", features), ("network", rounded)])


def _rounded(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    highest = np.abs(rows).max(axis=0, initial=0.0)
    factors = np.where(highest > 0, highest, 1.0) / _LARGEST
    return np.rint(rows / factors).astype(np.int8), factors


def _view(values: NDArray[Any]) -> memoryview[Any]:
    return np.ascontiguousarray(values).reshape(-1).data.toreadonly()
