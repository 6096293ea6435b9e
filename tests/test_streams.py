"""The standard streams as pipes, files and devices really behave, for every way in which Python buffers them."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from conftest import make_model

from smclassify.artifact import save_model
from smclassify.model import Thresholds

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

LINE = b"cold call\n"
FULL = 100_000
buffering = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])


def start(*arguments: str, unbuffered: str = "", **streams: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "smclassify", *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    return subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload,no-any-return]


def _no_larger_file() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))


@buffering
@pytest.mark.parametrize(
    "command", [["batch", "-", "--format", "lines", "-q"], ["classify"]], ids=["batch", "classify"]
)
def test_what_standard_output_has_no_room_for_is_an_error(tmp_path: Path, command: list[str], unbuffered: str) -> None:
    (tmp_path / "in").write_bytes(LINE * 5_000)
    with (tmp_path / "in").open("rb") as tasks, (tmp_path / "out").open("wb") as out:
        process = start(
            *command, unbuffered=unbuffered, stdin=tasks, stdout=out, stderr=subprocess.PIPE, preexec_fn=_no_larger_file
        )
        assert process.communicate(timeout=60)[1] == b"smclassify: error: [Errno 27] File too large.\n"
    assert process.returncode == 1


@buffering
def test_standard_output_that_does_not_wait_gets_all_the_same(tmp_path: Path, unbuffered: str) -> None:
    (tmp_path / "in").write_bytes(LINE * 5_000)
    read, write = os.pipe()
    os.set_blocking(write, False)
    with (tmp_path / "in").open("rb") as tasks:
        arguments = ["batch", "-", "--format", "lines", "-q"]
        process = start(*arguments, unbuffered=unbuffered, stdin=tasks, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    time.sleep(1)
    with os.fdopen(read, "rb") as output:
        assert output.read().count(b"\n") == 5_000
    assert process.communicate(timeout=60)[1] == b""


@pytest.mark.parametrize(
    "command", [["batch", "-", "--format", "lines", "-q"], ["classify"]], ids=["batch", "classify"]
)
def test_nothing_there_yet_is_not_the_end(command: list[str]) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    process = start(*command, stdin=read, stdout=subprocess.PIPE)
    os.close(read)
    for _ in range(2):
        time.sleep(1)
        os.write(write, LINE)
    os.close(write)
    assert process.communicate(timeout=60)[0].count(b"cold-outreach") == 2


@buffering
@pytest.mark.parametrize(
    "command",
    [["batch", "-", "--format", "lines", "-q"], ["batch", "-", "-q", "--no-header"], ["classify"]],
    ids=["lines", "csv", "classify"],
)
def test_a_row_is_handed_on_before_the_next_one_comes(command: list[str], unbuffered: str) -> None:
    process = start(*command, unbuffered=unbuffered, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    for _ in range(3):
        process.stdin.write(LINE)
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"cold call")
    assert process.communicate(timeout=60)[0] == b""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/stderr", "/dev/fd/1"])
def test_a_standard_stream_by_its_name(tmp_path: Path, run: Run, name: str) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\n")
    done = run("batch", "tasks.csv", "-q", "--columns", "label", "-o", name)
    assert (done.out + done.err, done.code) == ("task,label\ncold call,sales\n", 0)


APPENDED = [
    pytest.param("batch tasks.csv -q --prefix x_ >> tasks.csv", "standard output", id="appended"),
    pytest.param("batch ./tasks.csv -q --prefix x_ --jobs 2 >> tasks.csv", "standard output", id="by another name"),
    pytest.param("batch - -q --prefix x_ < tasks.csv >> tasks.csv", "standard output", id="from standard input"),
    pytest.param("batch - -q --prefix x_ -o tasks.csv --force < tasks.csv", "tasks.csv", id="replaced"),
    pytest.param("report tasks.csv -o - >> tasks.csv", "standard output", id="a page"),
]


APPENDED += [
    pytest.param(f"{command} < tasks.csv >> tasks.csv", "standard output", id=command)
    for command in ("classify", "classify --json -", "explain")
]


@pytest.mark.parametrize(("line", "name"), APPENDED)
def test_an_input_is_not_written_to_by_the_shell_either(tmp_path: Path, line: str, name: str) -> None:
    tasks = tmp_path / "tasks.csv"
    tasks.write_text("task,label,confidence,status,activity,definition\ncold call,sales,1,ok,cold-outreach,x\n")
    before = tasks.read_bytes()
    command = f"{sys.executable} -m smclassify {line}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    message = f"smclassify: error: {name}: the output would replace the input. Name another file "
    assert done.stderr.decode().startswith(message)
    assert (done.stderr.count(b"\n"), done.returncode, tasks.read_bytes()) == (1, 2, before)


def test_an_endless_line_is_refused() -> None:
    process = start("classify", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(b"a\n" + b"x" * 17_000_000, timeout=60)
    assert (out.count(b"\n"), process.returncode) == (1, 1)
    assert err == b"smclassify: error: <stdin>:2: the line has more than 16,777,216 bytes. Is it text?\n"


@buffering
@pytest.mark.parametrize("redirected", ["2> /dev/full", "2>&1 >/dev/null | true"], ids=["full disk", "closed pipe"])
def test_notes_that_cannot_be_written_stop_nothing(tmp_path: Path, redirected: str, unbuffered: str) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("task\ncold call\n")
    line = f"set -o pipefail; {sys.executable} -m smclassify batch a.csv none.csv b.csv -o out/ {redirected}"
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, timeout=60, check=False)
    assert (done.returncode, {path.name for path in (tmp_path / "out").iterdir()}) == (1, {"a.csv", "b.csv"})


def test_many_rows_are_handed_on_by_several_processes_before_the_next_ones_come() -> None:
    process = start("batch", "-", "-q", "--format", "lines", "-j", "2", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    for _ in range(3):
        process.stdin.write(LINE * 1_000)
        process.stdin.flush()
        for _ in range(1_000):
            assert process.stdout.readline().startswith(b"cold call")
        time.sleep(0.5)
    assert process.communicate(timeout=60)[0] == b""


@pytest.mark.parametrize(
    "command", ["diff old new in.csv --fail-on-change", "evaluate in.csv --model old --fail-under accuracy=1"]
)
def test_a_gate_is_judged_also_when_nobody_reads_the_report(tmp_path: Path, command: str) -> None:
    (tmp_path / "in.csv").write_text("task,label\n" + "call,marketing\nrank,sales\n" * 5)
    save_model(make_model(), tmp_path / "old")
    save_model(make_model(thresholds=Thresholds(2.0, 0.0, 0.0)), tmp_path / "new")
    read, write = os.pipe()
    os.close(read)
    process = start(*command.split(), cwd=tmp_path, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (b"Traceback" in err, process.returncode) == (False, 4)


def test_a_terminal_of_ascii_shows_every_table(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\nM\u00fcller anrufen\n", encoding="utf-8")
    main, side = os.openpty()
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    command = [sys.executable, "-m", "smclassify", "batch", "tasks.csv", "-q", "--columns", "label"]
    done = subprocess.run(command, stdout=side, cwd=tmp_path, env=environment, timeout=60, check=False)
    os.close(side)
    shown = os.read(main, 1 << 16)
    os.close(main)
    assert (done.returncode, shown.splitlines()[1][:20]) == (0, rb"M\u00fcller anrufen,")
