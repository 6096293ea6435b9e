"""Nothing in a text, a file or its name commands the terminal, and no command opens a connection."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from conftest import Run, make_model
from terminal import on_terminal

from smclassify.artifact import save_model

HOSTILE = "call \x1b[2J\x1b]8;;http://x\x07 \u202esales\u2066 \x9b31m\x85 \u2028\x7f\u200f"
NAME = "a\x1b[2J\u202e\x9b.csv"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_PROGRESS = re.compile(r"\x1b\[(?:\?25[lh]|2K|1A)|\r")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with tables whose cells, headers and names are hostile."""
    save_model(make_model(), tmp_path / "tiny\x1b[2J")
    header = HOSTILE.replace("call", "task")
    (tmp_path / NAME).write_text(f'"{header}","{HOSTILE}"\n"{HOSTILE}",sales\nrank,marketing\n', encoding="utf-8")
    labelled = f'text,label,team\n"{HOSTILE}",sales,"{HOSTILE}"\nrank,sales,b\n"web {HOSTILE}",sales,b\n'
    (tmp_path / "labelled.csv").write_text(labelled, encoding="utf-8")
    (tmp_path / "wrong.csv").write_text(f'text,label\n"{HOSTILE}","{HOSTILE}"\n', encoding="utf-8")
    done = f'text,label,confidence,status,activity,definition\n"{HOSTILE}",sales,0.6,unsure,closing,x\n'
    (tmp_path / ("done" + NAME)).write_text(done, encoding="utf-8")
    book = openpyxl.Workbook()
    book.worksheets[0].title = "a\u202e\x9b\u2066"
    book.worksheets[0]["A1"] = "rank\u202e\x9b"
    book.save(tmp_path / "book.xlsx")
    return tmp_path


TINY = ["--model", "tiny\x1b[2J"]
SHOWN = [
    pytest.param(["classify", HOSTILE], id="classify"),
    pytest.param(["classify", "-q", HOSTILE], id="classify -q"),
    pytest.param(["classify", "--json", HOSTILE], id="classify --json"),
    pytest.param(["explain", *TINY, HOSTILE], id="explain"),
    pytest.param(["explain", "-q", *TINY, HOSTILE], id="explain -q"),
    pytest.param(["explain", "--json", *TINY, HOSTILE], id="explain --json"),
    pytest.param(["batch", NAME, "-c", "1", *TINY], id="batch"),
    pytest.param(["batch", NAME, "-c", "1", "-o", NAME + ".jsonl", *TINY], id="batch -o"),
    pytest.param(["batch", NAME], id="batch: which column"),
    pytest.param(["batch", NAME, "-c", HOSTILE], id="batch: no such column"),
    pytest.param(["batch", NAME, NAME + HOSTILE.replace("/", "")], id="batch: several"),
    pytest.param(["batch", "book.xlsx", *TINY], id="batch: sheet"),
    pytest.param(["batch", "book.xlsx", "--sheet", HOSTILE, *TINY], id="batch: no such sheet"),
    pytest.param(["define", HOSTILE], id="define"),
    pytest.param(["define", *TINY], id="define all"),
    pytest.param(["info", "--json", *TINY], id="info --json"),
    pytest.param(["info", *TINY], id="info"),
    pytest.param(["diff", "shipped", TINY[1], NAME, "-c", "1"], id="diff"),
    pytest.param(["diff", "shipped", TINY[1], NAME, "-c", "1", "--json"], id="diff --json"),
    pytest.param(["evaluate", "labelled.csv", "--by", "team", *TINY], id="evaluate"),
    pytest.param(["evaluate", "labelled.csv", "--by", "team", "--json", *TINY], id="evaluate --json"),
    pytest.param(["train", "wrong.csv", "-o", NAME + "m"], id="train: wrong label"),
    pytest.param(["review", NAME, "-c", "1", *TINY], id="review"),
    pytest.param(["review", NAME, "--export", "x.csv", *TINY], id="review --export"),
    pytest.param(["report", "done" + NAME, "-o", NAME + ".html", *TINY], id="report"),
    pytest.param(["report", "done" + NAME, "-o", NAME + ".html", "--by", HOSTILE, *TINY], id="report: no such column"),
    pytest.param(["--" + HOSTILE], id="no such option"),
    pytest.param([HOSTILE], id="no such command"),
]


@pytest.mark.parametrize("arguments", SHOWN)
def test_nothing_commands_the_terminal(folder: Path, arguments: list[str]) -> None:
    with on_terminal(*arguments, folder=folder) as terminal:
        if arguments[0] == "review" and "--export" not in arguments:
            terminal.see("1 of 2")
            terminal.press("q")
        terminal.end()
        shown = _PROGRESS.sub("", _COLOUR.sub("", terminal.shown))
    assert shown.strip()
    assert "Traceback" not in shown
    assert _FORBIDDEN.findall(shown) == []


def test_a_table_on_a_terminal_keeps_its_rows(folder: Path) -> None:
    (folder / "plain.csv").write_bytes("task;é\r\ncall;1\r\nb\x9bx;2\r\n".encode())
    with on_terminal("batch", "plain.csv", "-q", "--columns", "status", *TINY, folder=folder) as terminal:
        assert terminal.end() == 0
    assert terminal.text.replace("\r", "").split("\n")[:3] == ["task;é;status", "call;1;ok", "b\\x9bx;2;unsure"]


@pytest.mark.usefixtures("folder")
def test_in_a_pipe_data_stay_data_and_messages_are_made_visible(run: Run) -> None:
    done = run("batch", NAME, "-c", "1", "--columns", "label", *TINY)
    assert done.code == 0
    assert done.out.startswith(f'"{HOSTILE.replace("call", "task")}","{HOSTILE}",label\n"{HOSTILE}",sales,sales\n')
    assert _FORBIDDEN.findall(done.err) == []


NO_CONNECTION = """
import sys

def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"a connection: {event} {arguments}")

sys.addaudithook(refuse)
"""
OFFLINE = [
    pytest.param(["classify", "cold call"], id="classify"),
    pytest.param(["explain", "cold call"], id="explain"),
    pytest.param(["define", "seo"], id="define"),
    pytest.param(["info"], id="info"),
    pytest.param(["batch", "labelled.csv", "-c", "1", "--prefix", "x_"], id="batch"),
    pytest.param(["batch", "labelled.csv", "-c", "1", "--prefix", "x_", "-j", "2", "-o", "o.parquet"], id="batch -j"),
    pytest.param(["diff", "shipped", TINY[1], "labelled.csv"], id="diff"),
    pytest.param(["evaluate", "labelled.csv", "--plot", "plots", *TINY], id="evaluate"),
    pytest.param(["train", "wrong.csv"], id="train"),
    pytest.param(["report", "done" + NAME, "-o", "report.html", *TINY], id="report"),
    pytest.param(["review", "labelled.csv", "--export", "x.csv", "-o", "answers.csv"], id="review"),
]


@pytest.mark.parametrize("arguments", OFFLINE)
def test_no_command_opens_a_connection(run: Run, folder: Path, arguments: list[str]) -> None:
    (folder / "sitecustomize.py").write_text(NO_CONNECTION)
    (folder / "answers.csv").write_text("text,label,activity,was,confidence,model\n")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    done = run(*arguments, PYTHONPATH=path)
    assert "a connection" not in done.err
    assert "Traceback" not in done.err
    assert done.code == (1 if arguments[0] == "train" else 0), done.err


def test_a_connection_would_be_seen(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(NO_CONNECTION)
    code = "import socket; socket.socket()"
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("a connection: socket.__new__")
