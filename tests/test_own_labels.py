"""A model for other labels: what docs/own-labels.md says, done from the first command to the last."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from conftest import ROOT

from smclassify import label_frame, load_model
from smclassify.training.dataset import read_examples, text_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smclassify import Model

PAGE = (ROOT / "docs" / "own-labels.md").read_text(encoding="utf-8")
TICKETS = ROOT / "tests" / "tickets"
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
LABELS = ["hardware", "software", "network"]
NEW_TICKETS = {
    "keys fell off my keyboard": "hardware",
    "the printer smells burnt": "hardware",
    "my notebook battery is empty after an hour": "hardware",
    "new monitor please, the old one flickers": "hardware",
    "laptop fell on the floor, display broken": "hardware",
    "password of my account has expired": "software",
    "Excel crashes when I open a file": "software",
    "please install the new version of Teams": "software",
    "Outlook shows the wrong calendar": "software",
    "licence for the PDF program": "software",
    "wireless is slow in the meeting room": "network",
    "cannot connect to the VPN from home": "network",
    "internet is down in the whole office": "network",
    "open a port in the firewall for the server": "network",
    "no Wi-Fi signal in the canteen": "network",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the page works on."""
    folder = tmp_path_factory.mktemp("own")
    for path in TICKETS.iterdir():
        shutil.copy(path, folder)
    with (folder / "inbox.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("id", "subject"), *enumerate(NEW_TICKETS)])
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, str]:
    """Return what each command of the page prints, run in their order; training takes a few seconds, once."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
    printed = {}
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        assert program == "smclassify"
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments], cwd=folder, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        printed[command] = done.stdout.decode()
    return printed


@pytest.fixture(scope="module")
def model(said: dict[str, str], folder: Path) -> Model:  # noqa: ARG001 - training makes the file
    return load_model(folder / "tickets.safetensors")


def lines_of(said: dict[str, str], start: str) -> list[str]:
    [printed] = [printed for command, printed in said.items() if command.startswith(f"smclassify {start}")]
    return printed.splitlines()


def test_the_page_shows_the_files() -> None:
    [shown] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert tomllib.loads(shown) == tomllib.loads((TICKETS / "tickets.toml").read_text(encoding="utf-8"))
    [rows] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    lines = (TICKETS / "tickets.csv").read_text(encoding="utf-8").splitlines()
    assert set(rows.splitlines()) <= set(lines)


def test_the_tickets_are_balanced_and_none_is_asked_about() -> None:
    examples = read_examples(TICKETS / "tickets.csv")
    assert [sum(example.label == label for example in examples) for label in LABELS] == [80] * 3
    assert not {text_key(example.text) for example in examples} & set(map(text_key, NEW_TICKETS))


def test_training_says_how_good_the_model_is(said: dict[str, str], model: Model) -> None:
    *figures, written = lines_of(said, "train")
    lines = dict(line.split(": ", 1) for line in figures)
    assert written == "model written to tickets.safetensors"
    assert lines["examples"] == "240 (80 hardware, 80 software, 80 network)"
    assert model.facts["heldout"]["accuracy"] > 0.7
    assert lines["held-out accuracy"].startswith(f"{model.facts['heldout']['accuracy']:.4f}")
    assert not [name for name in lines if "unlike" in name or "activity" in name]


def test_the_facts_about_it(said: dict[str, str]) -> None:
    lines = dict(line.split(": ", 1) for line in lines_of(said, "info"))
    assert (lines["labels"], lines["activities"]) == ("hardware, software, network", "3")
    assert lines["held-out"] == "5-fold cross-validation"
    assert not [name for name in lines if "unlike" in name or "ambiguous" in name]


def test_its_answers(said: dict[str, str]) -> None:
    answers = [line.split("\t") for line in lines_of(said, "classify")]
    assert [(cells[0], cells[1], cells[4]) for cells in answers] == [
        ("the screen is cracked", "hardware", "hardware"),
        ("VPN drops every hour", "network", "network"),
    ]
    assert answers[0][5].startswith("A device or a part of one is broken")


def test_new_tickets_in_a_file(said: dict[str, str], folder: Path) -> None:
    assert lines_of(said, "batch") == []
    with (folder / "sorted.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["subject"] for row in rows] == list(NEW_TICKETS)
    right = sum(row["label"] == label for row, label in zip(rows, NEW_TICKETS.values(), strict=True))
    assert right >= 12
    assert {row["definition"] for row in rows} == {label["text"] for label in _labels()}


def _labels() -> Iterator[dict[str, str]]:
    yield from tomllib.loads((TICKETS / "tickets.toml").read_text(encoding="utf-8"))["labels"]


def test_its_definitions(said: dict[str, str]) -> None:
    every, one = (printed.splitlines() for command, printed in said.items() if command.startswith("smclassify define"))
    assert [line.split("\t")[:3] for line in every] == [[slug, slug, slug.capitalize()] for slug in LABELS]
    assert one == [every[0]]


def test_a_frame(
    model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = label_frame(pd.DataFrame({"subject": list(NEW_TICKETS)}), "subject", model)
    assert frame["label"].tolist() == [prediction.label for prediction in model.predict(NEW_TICKETS)]
    [snippet] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(folder)
    exec(compile(snippet, "own-labels.md", "exec"), {})  # noqa: S102 - it is our own
    shown = capsys.readouterr().out
    assert sum(label in shown for label in LABELS) == 3


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "smclassify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.usefixtures("said")
def test_other_commands_take_the_model_too(folder: Path) -> None:
    code, out, _ = run(folder, "classify", "--json", "--model", "tickets.safetensors", "my mouse is broken")
    answer = json.loads(out)
    assert (code, list(answer["scores"])) == (0, LABELS)
    assert answer["definition"]["text"] == answer["label_definition"]["text"]
    code, out, _ = run(folder, "define", "--model", "tickets.safetensors", "sales")
    assert (code, out) == (2, "")
    code, out, _ = run(folder, "evaluate", "tickets.csv", "--model", "tickets.safetensors", "--json")
    assert (code, json.loads(out)["n"]) == (0, 240)
    code, out, _ = run(folder, "diff", "shipped", "tickets.safetensors", "inbox.csv", "-c", "subject")
    assert (code, len(out.splitlines())) == (0, len(NEW_TICKETS))
    code, out, _ = run(folder, "explain", "--model", "tickets.safetensors", "my mouse is broken")
    assert (code, out.split("\t")[:3]) == (0, ["answer", "my mouse is broken", answer["label"]])


WRONG = [
    pytest.param(
        "text,label\na,hardwear\n", "2: unknown label 'hardwear'. The labels are hardware, software", id="label"
    ),
    pytest.param("text,label,activity\na,software,excel\n", "2: unknown activity 'excel'", id="activity"),
    pytest.param(
        "text,label\na,software\nb,network\n", "The label 'software' needs at least 5 examples and has 1.", id="too few"
    ),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_examples_that_do_not_fit(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(content)
    definitions = str(TICKETS / "tickets.toml")
    code, out, err = run(tmp_path, "train", "bad.csv", "--definitions", definitions, "-o", "m")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert message in err
    assert not (tmp_path / "m").exists()
