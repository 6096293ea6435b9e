"""Every command and every snippet of the README runs, and what it says of itself is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from smclassify.training.assessment import COUNTS, SCALARS, SCORES


def shell_lines(page: str) -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]


README = (ROOT / "README.md").read_text(encoding="utf-8")
EVALUATE = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
EXPLAIN = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
SHELL = shell_lines(README)
COMMANDS = [line for line in SHELL if not line.startswith("pip install")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files that the pages work on, and `smclassify` on the path."""
    (tmp_path / "tasks.csv").write_text("id,Task title\n1,cold call\n2,SEO audit\n")
    (tmp_path / "checked.csv").write_text("text,label,team\ncold call,sales,a\nSEO audit,marketing,b\n")
    program = tmp_path / "bin" / "smclassify"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m smclassify "$@"\n')
    program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", [*COMMANDS, *shell_lines(EVALUATE), *shell_lines(EXPLAIN)])
def test_a_command_of_the_pages(command: str, folder: Path) -> None:
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    env = {"PATH": path, "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout or any(path.stat().st_size for path in folder.glob("labelled*"))


def test_every_figure_of_an_evaluation_is_explained() -> None:
    for name in (*SCALARS, *COUNTS):
        assert f"`{name}`" in EVALUATE
    assert set(re.findall(r"`(\.\w+)`", EVALUATE)) == {f".{score}" for score in SCORES[1:]}


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 9
    for command in ("classify", "batch", "define", "info"):
        assert any(f"smclassify {command}" in line for line in COMMANDS)


def test_the_set_up_commands_are_each_one_line() -> None:
    assert 'pip install . && smclassify classify "cold call" "SEO audit"' in SHELL
    assert 'pip install -e ".[test]" && pytest' in SHELL


def test_the_shown_answer_is_the_answer() -> None:
    [console] = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    command, *shown = console.strip().splitlines()
    arguments = shlex.split(command.removeprefix("$ smclassify"))
    done = subprocess.run([sys.executable, "-m", "smclassify", *arguments], capture_output=True, text=True, check=True)
    for line, answer in zip(shown, done.stdout.splitlines(), strict=True):
        text, label, confidence, *rest = line.split("\t")
        assert answer.split("\t")[:2] == [text, label]
        assert float(answer.split("\t")[2]) == pytest.approx(float(confidence), abs=0.005)
        assert answer.split("\t")[3:5] == rest[:2]
        assert answer.split("\t")[5].startswith(rest[2].removesuffix(" ..."))


def test_the_python_snippet_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(snippet, "README.md", "exec"), {})  # noqa: S102 - it is our own
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["sales", "marketing"]


def test_the_python_snippet_of_explanations_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = re.findall(r"```python\n(.*?)```", EXPLAIN, re.DOTALL)
    exec(compile(snippet, "explain.md", "exec"), {})  # noqa: S102 - it is our own
    assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == {"word", "pair", "first", "last"}


def test_links_lead_somewhere() -> None:
    for path in (ROOT / page for page in ("README.md", "data/README.md", "models/README.md", "docs/explain.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path}: {target}"


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 120
