"""Whole reviews, key by key, on a real terminal."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import ROOT, make_model
from terminal import PROGRAM, Terminal, on_terminal

from smclassify.artifact import save_model
from smclassify.corrections import read_corrections

Start = Callable[..., AbstractContextManager[Terminal]]

TEXTS = ["call", "sign", "rank", "call sign", "sign rank", "rank call", "call sign rank"]
ORDER = ["rank", "call", "sign", "call sign rank", "sign rank", "rank call", "call sign"]
KEYS = "s sales   m marketing   Enter keep   Space skip   u undo   q quit\n"


@pytest.fixture
def review(tmp_path: Path) -> Start:
    """Review a small table with a model of two labels that is quickly read."""
    save_model(make_model(), tmp_path / "tiny.model")
    (tmp_path / "tasks.csv").write_text("id,task\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)))

    def start(*arguments: object, program: tuple[str, ...] = PROGRAM, **env: str) -> AbstractContextManager[Terminal]:
        command = ("review", "tasks.csv", "--model", "tiny.model", *arguments)
        return on_terminal(*command, folder=tmp_path, program=program, **env)

    return start


def said(folder: Path) -> list[str]:
    """Return the answers in the file: `text label`, with an exclamation mark if the model was wrong."""
    path = folder / "tasks.corrections.csv"
    answers = read_corrections(path) if path.exists() else []
    return [f"{answer.text} {answer.label}{'!' * (answer.label != answer.was)}" for answer in answers]


def test_a_whole_review(review: Start, tmp_path: Path) -> None:
    with review() as terminal:
        terminal.see("activities in column 2 'task'")
        answers: list[str] = []
        for key, progress, text, saved in (
            ("s", "1 of 7, 0 corrected", ORDER[0], "sales!"),
            ("m", "2 of 7, 1 corrected", ORDER[1], "marketing!"),
            ("\r", "3 of 7, 2 corrected", ORDER[2], "sales"),
            ("k", "4 of 7, 2 corrected", ORDER[3], "sales"),
            (" ", "5 of 7, 2 corrected", ORDER[4], ""),
            ("M", "6 of 7, 2 corrected", ORDER[5], "marketing!"),
        ):
            terminal.see(f"\n{progress}\n{text}\n")
            terminal.see(KEYS)
            assert said(tmp_path) == answers
            terminal.press(key)
            if saved:
                answers.append(f"{text} {saved}")
                terminal.see(f"saved: {saved.rstrip('!')}, ")
                assert said(tmp_path) == answers
        terminal.see("7 of 7, 3 corrected")
        terminal.press("q")
        assert terminal.end() == 0
        terminal.see("5 answered, 3 corrected; saved in ")
    assert said(tmp_path) == answers
    assert (tmp_path / "tasks.csv").read_text().startswith("id,task\n0,call\n")


def test_undo_also_of_a_skip_and_of_an_earlier_review(review: Start, tmp_path: Path) -> None:
    with review("--limit", 2) as terminal:
        for key, shown in (("s", "saved"), (" ", "All 2 are done"), ("u", "2 of 2, 1 corrected"), ("s", "All 2 are")):
            terminal.press(key)
            terminal.see(shown)
        terminal.press("\r")
        assert terminal.end() == 0
    assert said(tmp_path) == ["rank sales!", "call sales"]
    with review() as terminal:
        terminal.see(f"1 of 5, 0 corrected\n{ORDER[2]} ")
        terminal.press("u")
        terminal.see("taken back: sales\n\n1 of 6, 0 corrected\ncall\n")
        assert said(tmp_path) == ["rank sales!"]
        terminal.press("u")
        terminal.see("1 of 7, 0 corrected\nrank\n")
        terminal.press("m")
        terminal.see("2 of 7, 0 corrected\ncall\n")
        terminal.press("q")
        assert terminal.end() == 0
        terminal.see("1 answered, 0 corrected")
    assert said(tmp_path) == ["rank marketing"]


def test_keys_that_mean_nothing_and_a_terminal_that_changes(review: Start, tmp_path: Path) -> None:
    with review() as terminal:
        terminal.see(KEYS)
        for keys in ("u", "sales call", "x", "\x1b", "\x1b[A", "\t", "é", b"\xff", "\x1bs"):
            terminal.press(keys)
            time.sleep(0.02)  # else they may be read together with the next ones
        terminal.resize(40)
        terminal.press_until("mmm", "saved: marketing, seo\n\n2 of 7")
        assert said(tmp_path) == ["rank marketing"]
        terminal.see("quit\n")
        for columns in (20, 40):
            terminal.resize(columns)
            terminal.press("m")
            terminal.see("saved")
        terminal.see("quit\n")
        lines = terminal.text.split("saved: ")[-1].splitlines()
        assert 20 < max(map(len, lines)) <= 40
        terminal.press("\x04")
        assert terminal.end() == 0
    assert said(tmp_path) == ["rank marketing", "call marketing!", "sign marketing!"]


@pytest.mark.parametrize("keys", ["\x03", "m\x03", ""], ids=["key", "with another key", "signal"])
def test_control_c_keeps_all(review: Start, tmp_path: Path, keys: str) -> None:
    with review() as terminal:
        terminal.press("s")
        terminal.see("2 of 7")
        terminal.see(KEYS)
        terminal.press(keys) if keys else terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
        assert terminal.text.endswith("1 answered, 1 corrected; saved in tasks.corrections.csv\n")
    assert said(tmp_path) == ["rank sales!"]


def test_a_terminal_that_is_gone(review: Start, tmp_path: Path) -> None:
    with review() as terminal:
        terminal.press("s")
        terminal.see("2 of 7")
        terminal.see(KEYS)
        terminal.hang_up()
        assert terminal.end() in {0, 1}
    assert said(tmp_path) == ["rank sales!"]


def test_two_at_once(review: Start, tmp_path: Path) -> None:
    with review() as first:
        first.see(KEYS)
        with review() as second:
            assert second.end() == 1
            second.see("tasks.corrections.csv: another run is writing this file. Wait until it ends, or\n  name")
        first.press("s")
        first.see("saved")
    assert said(tmp_path) == ["rank sales!"]


@pytest.mark.parametrize(
    ("env", "codes"),
    [
        pytest.param({"TERM": "dumb"}, set(), id="dumb"),
        pytest.param({"NO_COLOR": "1"}, {"1", "1;7", "2", "0"}, id="no colour"),
        pytest.param({"TERM": "screen"}, {"1", "1;7", "2", "0", "32", "1;32", "1;35", "35"}, id="screen"),
    ],
)
def test_terminals(review: Start, tmp_path: Path, env: dict[str, str], codes: set[str]) -> None:
    with review(**env) as terminal:
        terminal.press("s")
        terminal.see("2 of 7")
        terminal.press("q")
        assert terminal.end() == 0
    assert set(re.findall(r"\x1b\[([0-9;]*)m", terminal.shown)) == codes
    assert re.sub(r"\x1b\[[0-9;]*m", "", terminal.shown).count("\x1b") == 0
    assert said(tmp_path) == ["rank sales!"]


def test_nothing_to_review(review: Start, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\n\n  \n")
    with review() as terminal:
        assert terminal.end() == 0
        terminal.see("Nothing to review: every row is empty or answered.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.csv", "tiny.model"]


def test_killed_at_any_moment_twenty_times(review: Start, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\n" + "".join(f"{text} {n}\n" for n in range(20) for text in TEXTS))
    path, moments = tmp_path / "tasks.corrections.csv", random.Random(1)  # noqa: S311
    path.touch()
    with review(program=(str(ROOT / "tests" / "killable_review.py"),)) as terminal:
        terminal.see("process ")
        for _ in range(20):
            terminal.see("quit\n")
            process = int(terminal.text.rsplit("process ", 1)[1].split(maxsplit=1)[0])
            for _ in range(moments.randrange(3)):
                before = path.read_bytes()
                terminal.press(moments.choice("sm\r"))
                terminal.see("quit\n")
                assert path.read_bytes().startswith(before)
                assert len(path.read_bytes()) > len(before)
            before, key = path.read_bytes(), moments.choice("smkku")
            terminal.press(key)
            time.sleep(moments.random() * 0.004)
            os.kill(process, signal.SIGKILL)
            terminal.see("process ")
            less, more = sorted((before, path.read_bytes()), key=len)
            assert more.startswith(less)
            assert more.count(b"\n") - less.count(b"\n") <= (1 if less else 2)
            assert len(less) == len(more) or (less == before) == (key != "u")
        terminal.see("quit\n")
        terminal.press("q")
        assert terminal.end() == 0
    texts = [answer.text for answer in read_corrections(path)]
    assert len(set(texts)) == len(texts) > 10
