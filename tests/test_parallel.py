from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smclassify.artifact import load_model
from smclassify.errors import SmclassifyError, UsageError
from smclassify.glossary import Entry, Glossary
from smclassify.model import Thresholds
from smclassify.parallel import predict_chunks
from smclassify.tables.values import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smclassify.model import Model


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


def chunks(count: int) -> list[Chunk]:
    return [Chunk([f"call number {n}", "SEO audit", ""][: 1 + n % 3], range(n, n + 1 + n % 3)) for n in range(count)]


@pytest.mark.parametrize("jobs", [2, 3])
def test_several_processes_say_what_one_says_in_the_same_order(
    shipped: Model, processes: list[subprocess.Popen[bytes]], jobs: int
) -> None:
    entries = (Entry("number", "marketing"),)
    model = replace(shipped, thresholds=Thresholds(2.0, 0.0, 0.0), glossary=Glossary(entries))
    alone = list(predict_chunks(chunks(60), model))
    together = list(predict_chunks(chunks(60), model, jobs))
    assert len(processes) == jobs - 1
    assert [chunk for chunk, _ in together] == [chunk for chunk, _ in alone]
    for (_, one), (_, other) in zip(alone, together, strict=True):
        assert one.label.tolist() == other.label.tolist()
        assert one.status.tolist() == other.status.tolist()
        assert one.source.tolist() == other.source.tolist()
        assert one.confidence.tolist() == pytest.approx(other.confidence.tolist(), abs=1e-12)


@pytest.mark.parametrize("count", [0, 1])
def test_one_chunk_needs_no_other_process(shipped: Model, processes: list[subprocess.Popen[bytes]], count: int) -> None:
    assert [chunk for chunk, _ in predict_chunks(chunks(count), shipped, 2)] == chunks(count)
    assert not processes


def test_rows_that_trickle_in_are_not_held_back(shipped: Model) -> None:
    n_out, sizes = 0, (300, 300, 1, 1, 300, 1, 1)

    def trickle() -> Iterator[Chunk]:
        for n_in, n_rows in enumerate(sizes):
            assert n_out == n_in or sizes[n_in - 1] == 300
            yield Chunk(["cold call"] * n_rows, range(n_rows))

    for _ in predict_chunks(trickle(), shipped, 2):
        n_out += 1
    assert n_out == len(sizes)


def test_other_processes_end_when_the_work_is_left(shipped: Model, processes: list[subprocess.Popen[bytes]]) -> None:
    predicted = predict_chunks(chunks(40), shipped, 3)
    while not processes:
        next(predicted)
    predicted.close()  # type: ignore[attr-defined]
    assert len(processes) == 2
    assert all(process.returncode is not None for process in processes)


@pytest.mark.usefixtures("processes")
def test_a_process_that_ends_early(shipped: Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    moved = replace(shipped, path=tmp_path / "moved.safetensors")
    with pytest.raises(SmclassifyError, match="ended before its work"):
        list(predict_chunks(chunks(40), moved, 2))
    assert "moved.safetensors" in capfd.readouterr().err


def test_a_model_without_a_file(shipped: Model) -> None:
    with pytest.raises(UsageError, match="a model that was read from a file"):
        next(predict_chunks(chunks(1), replace(shipped, path=None), 2))
