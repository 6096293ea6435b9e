"""From fitted coefficients to what is shipped: integer weights, and a scikit-learn pipeline with the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from smclassify.weights import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smclassify.training.vectorize import TermVectorizer

    Floats = NDArray[np.float64]

_LARGEST = {np.dtype(np.int16): 32767, np.dtype(np.int8): 127}


def export_weights(terms: NDArray[np.uint32], coefficients: Floats, intercepts: Floats, n_labels: int) -> Weights:
    """Round coefficients to integers, 16 bits for labels and 8 for activities, with one factor per column.

    Args:
        terms: Numbers of the terms, shape (n_terms,).
        coefficients: Labels first, shape (n_terms, n_labels + n_activities).
        intercepts: Shape (n_labels + n_activities,).
        n_labels: Number of label columns.
    """
    labels, label_factors = _rounded(coefficients[:, :n_labels], np.dtype(np.int16))
    activities, activity_factors = _rounded(coefficients[:, n_labels:], np.dtype(np.int8))
    return Weights(
        terms=_view(terms),
        labels=_view(labels),
        activities=_view(activities),
        factors=_view(np.concatenate((label_factors, activity_factors))),
        intercepts=_view(intercepts),
    )


def as_pipeline(weights: Weights, vectorizer: TermVectorizer) -> Pipeline:
    """Return the scikit-learn pipeline from texts to label columns that the rounded weights stand for."""
    n_labels = weights.n_labels
    rounded = np.frombuffer(weights.labels, dtype=np.int16).reshape(-1, n_labels)
    coefficients = (rounded * np.asarray(weights.factors)[:n_labels]).T
    intercepts = np.asarray(weights.intercepts)[:n_labels]
    estimator = LogisticRegression()
    estimator.classes_ = np.arange(n_labels)
    estimator.n_features_in_ = coefficients.shape[1]
    binary = n_labels == 2
    estimator.coef_ = coefficients[1:] - coefficients[:1] if binary else coefficients
    estimator.intercept_ = intercepts[1:] - intercepts[:1] if binary else intercepts
    return Pipeline([("terms", vectorizer), ("label", estimator)])


def _rounded(coefficients: Floats, dtype: np.dtype[np.signedinteger]) -> tuple[NDArray[np.signedinteger], Floats]:
    highest = np.abs(coefficients).max(axis=0, initial=0.0)
    factors = np.where(highest > 0, highest, 1.0) / _LARGEST[dtype]
    return np.rint(coefficients / factors).astype(dtype), factors


def _view(values: NDArray[Any]) -> memoryview[Any]:
    return np.ascontiguousarray(values).reshape(-1).data.toreadonly()
