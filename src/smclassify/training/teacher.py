"""What a larger model says of the examples; asked once by `tools/make_soft_labels.py`.

Learning part of its judgement as well as the label carries over some of what it knows of wording (Hinton et al.,
"Distilling the Knowledge in a Neural Network", 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from smclassify.training.arrays import open_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from smclassify.training.fit import Targets


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """How likely texts are each activity, in the eyes of a model that was not trained on them.

    Attributes:
        keys: What `text_keys` gives for the texts, ascending, uint64, shape (n,).
        activities: Slugs of the activities.
        shares: uint8, shape (n, n_activities); 255 is certain.
    """

    keys: NDArray[np.uint64]
    activities: tuple[str, ...]
    shares: NDArray[np.uint8]


def load_soft_labels(path: Path) -> SoftLabels:
    """Read soft labels from their file.

    Raises:
        DatasetError: The file is missing or not one of soft labels.
    """
    with open_arrays(path, "soft labels") as arrays:
        return SoftLabels(arrays["keys"], tuple(arrays["activities"].tolist()), arrays["shares"])


def text_keys(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Return a number for each text that stands for its very characters."""
    digests = [blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def mixed_goals(targets: Targets, texts: Sequence[str], teacher: SoftLabels, share: float) -> NDArray[np.float32]:
    """Return what to learn of each text: its activity, and by a share what the teacher says, if it was asked.

    Args:
        targets: The true activities.
        texts: The texts.
        teacher: The teacher's judgement; activities that the targets do not have count nothing.
        share: How much of it, 0..1.
    """
    keys = text_keys(texts)
    rows = np.minimum(np.searchsorted(teacher.keys, keys), len(teacher.keys) - 1)
    asked = np.flatnonzero(teacher.keys[rows] == keys)
    columns = [place for place, slug in enumerate(teacher.activities) if slug in targets.activities]
    said = np.zeros((len(asked), len(targets.activities)), dtype=np.float32)
    said[:, [targets.activities.index(teacher.activities[place]) for place in columns]] = teacher.shares[rows[asked]][
        :, columns
    ]
    total = said.sum(axis=1, keepdims=True)
    asked, said, total = asked[total[:, 0] > 0], said[total[:, 0] > 0], total[total[:, 0] > 0]
    goals = targets.goals.copy()
    goals[asked] = (1 - share) * goals[asked] + share * said / total
    return goals
