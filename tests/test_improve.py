"""A whole round of corrections: what docs/improve.md says, done from the first command to the last."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from terminal import PROGRAM, on_terminal

from smclassify.corrections import read_corrections
from smclassify.training.dataset import read_examples

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "improve.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
ACTIVITIES = ("offer-and-quote", "cold-outreach", "seo", "email-marketing", "finance", "legal")
N_EACH = 20
LEARNT = "nock for the Elm Street club"
TASKS = {
    LEARNT: "sales",
    "nock for the archers of Lindau": "sales",
    "nock for Mrs Abara": "sales",
    "send the nock to the school": "sales",
    "keyword list for the range pages": "marketing",
    "check the lease with the lawyer": "other",
}
CHECKED = {
    "nock for the Harbour club": "sales",
    "write the offer for twelve bows": "sales",
    "title tags for the shop pages": "marketing",
    "book the supplier invoices": "other",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the page works on."""
    folder = tmp_path_factory.mktemp("improve")
    words = [("phrase", "label"), ("nock", "sales")]
    few = [example for example in read_examples(ROOT / "data" / "labeled_activities.csv") if example.style != "cross"]
    chosen = [
        (example.text, example.label, example.activity)
        for activity in ACTIVITIES
        for example in [example for example in few if example.activity == activity][:N_EACH]
    ]
    for name, rows in (
        ("examples.csv", [("text", "label", "activity"), *chosen]),
        ("tasks.csv", [("id", "task"), *enumerate(TASKS)]),
        ("checked.csv", [("text", "label"), *CHECKED.items()]),
        ("words.csv", words),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, str]:
    """Return what each command of the page prints, run in their order with a small model in use, quickly trained."""
    home = {"XDG_DATA_HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "home")}

    def run(command: str) -> str:
        program, *arguments = shlex.split(command)
        assert program == "smclassify"
        environment = os.environ | home | {"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments], cwd=folder, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def review(command: str) -> str:
        with on_terminal(*shlex.split(command)[1:], folder=folder, program=PROGRAM, **home) as terminal:
            for place in range(1, len(TASKS) + 1):
                terminal.see(f"\n{place} of {len(TASKS)}, ")
                terminal.see("q quit\n")
                shown = terminal.text.rpartition(f"\n{place} of {len(TASKS)}, ")[2].splitlines()[1].strip()
                terminal.press(TASKS[shown][0])
                terminal.see("saved: ")
            terminal.see("Enter quit")
            terminal.press("\r")
            assert terminal.end() == 0
            return terminal.text

    run("smclassify train examples.csv --force")
    return {command: (review if " review " in command else run)(command) for command in COMMANDS}


def one(said: dict[str, str], part: str) -> str:
    [found] = [printed for command, printed in said.items() if part in command]
    return found


def test_every_row_was_answered(said: dict[str, str], folder: Path) -> None:  # noqa: ARG001 - the answers are in the file
    answers = {answer.text: answer.label for answer in read_corrections(folder / "labelled.corrections.csv")}
    assert answers == TASKS


def test_what_was_learnt_is_right_and_so_is_what_is_like_it(said: dict[str, str]) -> None:
    assert "in use from now on: your own model" in one(said, "train --with")
    figures = one(said, "evaluate")
    assert re.search(r"^accuracy +1\.0000", figures, re.MULTILINE), figures


def test_the_glossary_decides(said: dict[str, str], folder: Path) -> None:  # noqa: ARG001 - the rows are in the file
    with (folder / "with_words.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["label"], row["source"]) for row in rows[:4]] == [("sales", "glossary")] * 4


def test_info_says_whose_model_it_is(said: dict[str, str]) -> None:
    assert "your own" in one(said, "info")


def test_back_to_the_shipped_model(said: dict[str, str], folder: Path) -> None:
    assert "shipped" in one(said, "--reset")
    assert not list((folder / "home").rglob("*.safetensors"))
