"""Which rows a person should look at first: those the model is least sure of, and no two that are alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from smclassify.predictions import EMPTY, UNSURE
from smclassify.text import analyze

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from numpy.typing import NDArray

    from smclassify.predictions import PredictionTable
    from smclassify.tables.values import Chunk

MOST = 2000
"""How many texts a review takes in."""
_UNCERTAINTY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a person may be asked about.

    Attributes:
        text: The text.
        uncertainty: 1 less the distance between the probabilities of the two likeliest labels, 0..1.
        is_unsure: Whether the model's status is `unsure`; such texts come before the others.
    """

    text: str
    uncertainty: float
    is_unsure: bool

    @property
    def rank(self) -> float:
        """What the least sure texts are found by, 0..3."""
        return self.uncertainty + 2 * self.is_unsure


def least_sure(
    predicted: Iterable[tuple[Chunk, PredictionTable]], answered: Container[str], most: int = MOST
) -> list[Candidate]:
    """Return the texts that the model is least sure of, the least sure first; memory is bounded by their number.

    Each text is taken once. Empty ones are left out, and those that cannot be written as UTF-8. Of equally sure ones
    the earlier comes first.

    Args:
        predicted: The chunks of a table with the predictions of their texts.
        answered: Texts that are left out.
        most: How many to return at most.
    """
    pool: dict[str, Candidate] = {}
    lowest = -1.0
    for chunk, predictions in predicted:
        uncertainty, is_unsure = _uncertainty(predictions), predictions.status == UNSURE
        chosen = (predictions.status != EMPTY) & (uncertainty + 2 * is_unsure > lowest)
        for place in np.flatnonzero(chosen).tolist():
            text = chunk.texts[place]
            if text not in pool and text not in answered and _is_writable(text):
                pool[text] = Candidate(text, float(uncertainty[place]), bool(is_unsure[place]))
        if len(pool) > 2 * most:
            kept = _first(pool, most)
            pool, lowest = {candidate.text: candidate for candidate in kept}, kept[-1].rank
    return _first(pool, most)


def _first(pool: dict[str, Candidate], most: int) -> list[Candidate]:
    return sorted(pool.values(), key=attrgetter("rank"), reverse=True)[:most]


def _uncertainty(predictions: PredictionTable) -> NDArray[np.float64]:
    """Return 1 less the margin, rounded so that it does not depend on which texts were scored together."""
    second, first = np.partition(predictions.probabilities, (-2, -1), axis=1)[:, -2:].T
    uncertainty: NDArray[np.float64] = np.round(1.0 - (first - second), 6)
    return uncertainty


def _is_writable(text: str) -> bool:
    """Return whether a file of text can hold a text: not one with a NUL or half a surrogate pair, as JSON can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def ask_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates in the order in which to ask: unsure ones first, and each unlike those asked before it.

    This is maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for
    Reordering Documents and Producing Summaries", SIGIR 1998): next comes the text for which uncertainty, less its
    similarity to the most similar one before it, is highest. Similarity is the Jaccard index of the sets of words. Of
    equals the earlier comes first.
    """
    words = [sorted(set(analyze(candidate.text))) for candidate in candidates]
    sizes = np.array([len(of_text) for of_text in words], dtype=np.float64)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, of_text in enumerate(words):
        for word in of_text:
            holders[word].append(place)
    places_of = {word: np.array(places) for word, places in holders.items()}
    uncertainty = np.array([candidate.uncertainty for candidate in candidates])
    similarity = np.zeros(len(candidates))
    group = np.array([candidate.is_unsure for candidate in candidates], dtype=np.bool_)
    order: list[Candidate] = []
    for is_left in (group, ~group):
        for _ in range(int(is_left.sum())):
            gain = _UNCERTAINTY_SHARE * uncertainty - (1 - _UNCERTAINTY_SHARE) * similarity
            chosen = int(np.where(is_left, gain, -np.inf).argmax())
            is_left[chosen] = False
            order.append(candidates[chosen])
            shared = np.zeros(len(candidates))
            for word in words[chosen]:
                shared[places_of[word]] += 1.0
            similarity = np.maximum(similarity, shared / np.maximum(sizes + sizes[chosen] - shared, 1.0))
    return order
