from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import make_model

from smclassify.artifact import load_model, save_model
from smclassify.errors import ArtifactError, SmclassifyError, UsageError
from smclassify.glossary import Entry, Glossary
from smclassify.model import Model, Temperatures, Thresholds
from smclassify.parallel import Helpers, n_helpers, predict_chunks
from smclassify.tables.values import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import Run

    from smclassify.predictions import PredictionTable


@pytest.fixture(scope="module")
def shipped() -> Model:
    return load_model()


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Return the processes that are started from now on; no chunk is too small for them."""
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    monkeypatch.setattr("smclassify.parallel._FEW", 1)
    return started


@pytest.fixture
def done_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of the chunks that this process predicts from now on."""
    sizes: list[int] = []
    predict_table = Model.predict_table

    def noted(model: Model, texts: Sequence[str]) -> PredictionTable:
        sizes.append(len(texts))
        return predict_table(model, texts)

    monkeypatch.setattr(Model, "predict_table", noted)
    return sizes


def chunks(count: int) -> list[Chunk]:
    return [Chunk([f"call number {n}", "SEO audit", ""][: 1 + n % 3], range(n, n + 1 + n % 3)) for n in range(count)]


def wait_for(helpers: Helpers, model: Model) -> None:
    """Have helpers load a model, and wait until all have."""
    helpers.load(model)
    deadline = time.monotonic() + 60
    while not all(helper.is_ready() for helper in helpers._helpers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("count", [1, 2])
def test_several_processes_say_what_one_says_in_the_same_order(
    shipped: Model, processes: list[subprocess.Popen[bytes]], done_here: list[int], count: int
) -> None:
    entries = (Entry("number", "marketing"),)
    model = replace(shipped, thresholds=Thresholds(2.0, 0.0, 0.0), glossary=Glossary(entries))
    alone = list(predict_chunks(chunks(60), model))
    assert len(done_here) == 60
    with Helpers(count) as helpers:
        wait_for(helpers, model)
        together = list(predict_chunks(chunks(60), model, helpers))
    assert len(processes) == count
    assert len(done_here) < 120
    assert [chunk for chunk, _ in together] == [chunk for chunk, _ in alone]
    for (_, one), (_, other) in zip(alone, together, strict=True):
        assert one.label.tolist() == other.label.tolist()
        assert one.status.tolist() == other.status.tolist()
        assert one.source.tolist() == other.source.tolist()
        assert one.confidence.tolist() == pytest.approx(other.confidence.tolist(), abs=1e-12)


def test_a_file_of_many_chunks(run: Run, tmp_path: Path) -> None:
    rows = [f"{n},cold call to client {n % 700} about spring-{n % 90}\n" for n in range(70_000)]
    (tmp_path / "tasks.csv").write_text("id,task\n" + "".join(rows))
    one, three = (run("batch", "tasks.csv", "--jobs", jobs) for jobs in (1, 3))
    assert (one.code, three.code) == (0, 0)
    assert one.out == three.out
    assert one.out.count("\n") == 70_001


@pytest.mark.parametrize(
    ("files", "jobs", "expected"),
    [
        pytest.param(["large.csv"], 1, 0, id="one job"),
        pytest.param(["large.csv"], 2, 1, id="two jobs"),
        pytest.param(["large.csv"], 9, 3, id="not more than the file is worth"),
        pytest.param(["small.csv"], 2, 0, id="a small file"),
        pytest.param(["small.csv", "large.csv"], 9, 4, id="what several files are worth together"),
        pytest.param(["small.csv", "-"], 9, 8, id="a pipe"),
        pytest.param(["small.csv.gz"], 9, 8, id="a packed file"),
        pytest.param(["small.xlsx"], 9, 8, id="no text"),
        pytest.param(["*.csv"], 9, 8, id="a pattern"),
        pytest.param(["none.csv"], 2, 1, id="no such file"),
    ],
)
def test_how_many_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], jobs: int, expected: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, size in ("large.csv", 7 << 20), ("small.csv", (2 << 20) - 1), ("small.csv.gz", 9), ("small.xlsx", 9):
        with Path(name).open("wb") as handle:
            handle.truncate(size)
    assert n_helpers(files, jobs) == expected


@pytest.mark.usefixtures("processes")
def test_helpers_that_are_not_ready_are_not_waited_for(shipped: Model, done_here: list[int]) -> None:
    with Helpers(1) as helpers:
        assert [chunk for chunk, _ in predict_chunks(chunks(9), shipped, helpers)] == chunks(9)
    assert len(done_here) == 9


@pytest.mark.usefixtures("processes")
def test_what_was_left_half_way_does_not_mix_with_the_next_file(shipped: Model) -> None:
    with Helpers(2) as helpers:
        wait_for(helpers, shipped)
        first = predict_chunks(chunks(40), shipped, helpers)
        next(first)
        first.close()  # type: ignore[attr-defined]
        later = chunks(50)[40:]
        for chunk, predictions in predict_chunks(later, shipped, helpers):
            assert predictions.confidence.tolist() == shipped.predict_table(chunk.texts).confidence.tolist()


def test_rows_that_trickle_in_are_not_held_back(shipped: Model) -> None:
    n_out, sizes = 0, (300, 300, 1, 1, 300, 1, 1)

    def trickle() -> Iterator[Chunk]:
        for n_in, n_rows in enumerate(sizes):
            assert n_out == n_in or sizes[n_in - 1] == 300
            yield Chunk(["cold call"] * n_rows, range(n_rows))

    with Helpers(1) as helpers:
        wait_for(helpers, shipped)
        for _ in predict_chunks(trickle(), shipped, helpers):
            n_out += 1
    assert n_out == len(sizes)


@pytest.mark.usefixtures("processes")
def test_a_slow_helper_bounds_what_is_read_ahead(shipped: Model, processes: list[subprocess.Popen[bytes]]) -> None:
    n_read, n_out = 0, 0

    def counted() -> Iterator[Chunk]:
        nonlocal n_read
        for chunk in chunks(60):
            n_read += 1
            assert n_read - n_out <= 9
            if n_read - n_out == 9:
                processes[0].send_signal(signal.SIGCONT)
            yield chunk

    with Helpers(1) as helpers:
        wait_for(helpers, shipped)
        processes[0].send_signal(signal.SIGSTOP)
        for _ in predict_chunks(counted(), shipped, helpers):
            n_out += 1
    assert n_out == 60


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\0", id="half a size"),
        pytest.param(b"\0" * 7 + b"\x09\x80\x04", id="half a value"),
    ],
)
def test_a_helper_whose_asker_is_gone_ends_quietly(sent: bytes) -> None:
    command = [sys.executable, "-c", "from smclassify.helper import help_out; help_out()"]
    done = subprocess.run(command, input=sent, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_helpers_end_when_the_work_is_left(shipped: Model, processes: list[subprocess.Popen[bytes]]) -> None:
    with Helpers(2) as helpers:
        wait_for(helpers, shipped)
        next(predict_chunks(chunks(40), shipped, helpers))
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


def test_control_c_does_not_reach_helpers(processes: list[subprocess.Popen[bytes]]) -> None:
    with Helpers(1):
        assert os.getpgid(processes[0].pid) != os.getpgrp()


def test_a_helper_that_is_killed(
    shipped: Model, processes: list[subprocess.Popen[bytes]], done_here: list[int]
) -> None:
    with Helpers(2) as helpers:
        wait_for(helpers, shipped)
        processes[0].kill()
        with pytest.raises(SmclassifyError, match="ended before its work") as caught:
            list(predict_chunks(chunks(400), shipped, helpers))
        assert caught.value.tip == "Was there too little memory? Use fewer with --jobs."
        assert len(helpers) == 0
        assert processes[1].returncode == -signal.SIGKILL
        done_here.clear()
        assert [chunk for chunk, _ in predict_chunks(chunks(9), shipped, helpers)] == chunks(9)
        assert len(done_here) == 9


def test_a_helper_that_cannot_load_the_model(shipped: Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    moved = replace(shipped, path=tmp_path / "moved.safetensors")
    with Helpers(1) as helpers, pytest.raises(ArtifactError, match=r"moved\.safetensors: cannot read the model file"):
        wait_for(helpers, moved)
    assert capfd.readouterr().err == ""


def test_a_helper_that_finds_another_model_in_the_file(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model(model, path)
    loaded = load_model(path)
    save_model(make_model(temperatures=Temperatures(2.0, 1.0)), path)
    with Helpers(1) as helpers, pytest.raises(ArtifactError) as caught:
        wait_for(helpers, loaded)
    assert caught.value.message == f"{path}: this model file was replaced just now."
    assert caught.value.tip == "Give the command again."


@pytest.mark.usefixtures("processes")
def test_what_is_done_is_given_before_a_chunk_that_has_not_arrived(shipped: Model) -> None:
    given: list[Chunk] = []

    def arriving() -> Iterator[Chunk]:
        for number, chunk in enumerate(chunks(30)):
            assert len(given) == number
            yield chunk

    with Helpers(1) as helpers:
        wait_for(helpers, shipped)
        given.extend(chunk for chunk, _ in predict_chunks(arriving(), shipped, helpers, lambda: True))
    assert given == chunks(30)


def test_a_folder_that_may_not_be_looked_into_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", refused)
    assert n_helpers(["locked/a.csv", "b.csv"], 3) == 2


def test_a_model_without_a_file(shipped: Model) -> None:
    made = replace(shipped, path=None)
    with Helpers(0) as helpers:
        helpers.load(made)
        assert [chunk for chunk, _ in predict_chunks(chunks(2), made, helpers)] == chunks(2)
    with Helpers(1) as helpers, pytest.raises(UsageError, match="a model that was read from a file") as caught:
        helpers.load(made)
    assert caught.value.tip == "Save it first, or use one."
