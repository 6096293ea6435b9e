from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dask
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from distributed import LocalCluster

from smclassify import cluster
from smclassify.artifact import default_model_path, load_model
from smclassify.cluster import ClusterError, Order, label_on_cluster, label_on_worker, model_fingerprint
from smclassify.errors import UsageError
from smclassify.glossary import Entry, Glossary
from smclassify.many import Part, PartReport, label_part
from smclassify.runs import RunOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Run

    from smclassify.model import Model

WORDS = ["cold", "call", "SEO", "audit", "email", "campaign", "negotiation", "payroll", "lead", "webinar"]


def write_parts(folder: Path, n_parts: int, n_rows: int) -> None:
    """Write Parquet files with texts of a few words."""
    rng = np.random.default_rng(5)
    folder.mkdir()
    for number in range(n_parts):
        texts = [" ".join(rng.choice(WORDS, rng.integers(0, 9))) for _ in range(n_rows)]
        table = pa.table({"id": list(range(n_rows)), "task": texts})
        pq.write_table(table, folder / f"part-{number:02}.parquet")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a folder, hidden ones too, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a cluster of two processes, as somebody else would, and return its address."""
    started = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=2, dashboard_address="127.0.0.1:0", memory_limit=None
    )
    with started:
        yield started.scheduler_address


def test_a_cluster_of_its_own_writes_the_same_bytes(run: Run, tmp_path: Path) -> None:
    write_parts(tmp_path / "in", 5, 300)
    (tmp_path / "in" / "tasks.csv").write_text("id;task\n1;cold call\n2;\n\n3;naïve\n")
    alone = run("batch", "in/*", "-o", "alone", "--prefix", "sm_")
    together = run("batch", "in/*", "-o", "together", "--prefix", "sm_", "--engine", "dask", "--jobs", "2")
    assert (together.code, together.out) == (0, "")
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")
    assert len(contents(tmp_path / "together")) == 6
    assert sorted(together.err.splitlines()) == sorted(alone.err.splitlines())
    assert together.err.splitlines()[-2:] == alone.err.splitlines()[-2:]


def test_one_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\n")
    done = run("batch", "tasks.csv", "-o", "out.csv", "--columns", "label", "--engine", "dask", "-q")
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "out.csv").read_text() == "task,label\ncold call,sales\n"


def test_a_killed_worker_changes_nothing(run: Run, tmp_path: Path) -> None:
    write_parts(tmp_path / "in", 8, 12_000)
    assert run("batch", "in/*", "-o", "alone", "-q").code == 0
    command = [sys.executable, "-m", "smclassify", "batch", "in/*", "-o", "out", "--engine", "dask", "--jobs", "2"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    victim = kill_a_worker_at_work(running, tmp_path / "out")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")
    assert err.splitlines()[-1].startswith("96000 rows in 8 files: ")
    assert "Traceback" not in err
    assert victim not in psutil.pids()


def kill_a_worker_at_work(running: subprocess.Popen[str], out: Path) -> int:
    """Kill a worker that is writing a part, once another part is there; return its process id."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        for worker in psutil.Process(running.pid).children() if list(out.glob("*.parquet")) else []:
            worker.suspend()
            drafts = [file.path for file in worker.open_files() if file.path.endswith(".part")]
            if drafts and (out / drafts[0]).exists():
                worker.send_signal(signal.SIGKILL)
                return int(worker.pid)
            worker.resume()
        time.sleep(0.002)
    running.kill()
    raise AssertionError("no worker was seen at work")


def test_a_cluster_by_its_address(run: Run, tmp_path: Path, address: str) -> None:
    write_parts(tmp_path / "in", 4, 200)
    assert run("batch", "in/*", "-o", "alone", "-q").code == 0
    done = run("batch", "in/*", "-o", "out", "--engine", "dask", "--scheduler", address, "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_a_part_that_fails_does_not_stop_the_others(tmp_path: Path, address: str) -> None:
    (tmp_path / "good.csv").write_text("task\ncold call\n")
    (tmp_path / "bad.csv").write_text("x,y\n1,2\n")
    parts = [Part(str(tmp_path / name), str(tmp_path / f"out-{name}")) for name in ("bad.csv", "good.csv")]
    seen: list[PartReport] = []
    reports = label_on_cluster(parts, RunOptions(), load_model(), address, 1, seen.append)
    assert reports == seen
    bad, good = sorted(reports, key=lambda report: report.part.source)
    assert isinstance(bad.error, UsageError)
    assert bad.error.message.startswith(f"{tmp_path}/bad.csv: which column holds the activities?")
    assert bad.error.tip == "The columns are: 1 'x', 2 'y'. Choose with -c."
    assert good.summary is not None
    assert (good.error, good.summary.labels) == (None, {"sales": 1})
    assert not (tmp_path / "out-bad.csv").exists()


def order(**changes: Any) -> Order:  # noqa: ANN401 - fields of Order
    """Return what a worker is told of the shipped model."""
    shipped = Order(RunOptions(), None, model_fingerprint(None), load_model().thresholds, None)
    return replace(shipped, **changes)


def test_another_model_on_a_worker_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\n")
    part = Part(str(tmp_path / "tasks.csv"), str(tmp_path / "out.csv"))
    report = label_on_worker(part, order(fingerprint="0.0.1 of another world"))
    assert report.error is not None
    assert report.error.message == "A worker of the cluster has another model, or another version of smclassify."
    assert not (tmp_path / "out.csv").exists()


def test_a_model_of_ones_own_reaches_the_workers(tmp_path: Path, address: str) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\nSEO audit\n")
    path = tmp_path / "mine.safetensors"
    path.write_bytes(default_model_path().read_bytes())
    model = load_model(path)
    glossary = Glossary((Entry("Cold Call", "marketing"),))
    model = replace(model, glossary=glossary, thresholds=replace(model.thresholds, confidence=1.0))
    part = Part(str(tmp_path / "tasks.csv"), str(tmp_path / "out.csv"))
    options = RunOptions(columns=("label", "status", "source"))
    [report] = label_on_cluster([part], options, model, address, 1, lambda _: None)
    assert report.error is None
    assert (tmp_path / "out.csv").read_text() == (
        "task,label,status,source\ncold call,marketing,ok,glossary\nSEO audit,marketing,unsure,model\n"
    )


def test_a_model_that_is_in_no_file_is_refused(tmp_path: Path) -> None:
    part = Part(str(tmp_path / "a.csv"), str(tmp_path / "out.csv"))
    with pytest.raises(UsageError, match=r"^Several processes need a model that was read from a file\.$"):
        label_on_cluster([part], RunOptions(), replace(load_model(), path=None), None, 1, print)


def test_the_model_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []

    def load(path: Path | None) -> Model:
        loaded.append(path)
        return load_model(path)

    monkeypatch.setattr(cluster, "load_model", load)
    cluster._model.cache_clear()
    (tmp_path / "tasks.csv").write_text("task\ncold call\n")
    for number in range(3):
        part = Part(str(tmp_path / "tasks.csv"), str(tmp_path / f"{number}.csv"))
        assert label_on_worker(part, order()).error is None
    assert loaded == [None]


def die(part: Part, *_: Any, **__: Any) -> PartReport:  # noqa: ANN401 - whatever a part is labelled with
    """Take the process down if the part says so."""
    if "deadly" in part.source:
        os.kill(os.getpid(), signal.SIGKILL)
    return PartReport(part)


def test_only_the_part_that_kills_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "label_on_worker", die)
    deadly, harmless = Part("deadly.csv", "x.csv"), Part("harmless.csv", "y.csv")
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        reports = label_on_cluster([deadly, harmless], RunOptions(), load_model(), None, 1, lambda _: None)
    by_part = {report.part: report for report in reports}
    assert by_part[harmless] == PartReport(harmless)
    error = by_part[deadly].error
    assert isinstance(error, ClusterError)
    assert (error.message, error.tip) == (
        "deadly.csv: the workers that labelled this file died one after the other.",
        "Do they have memory enough?",
    )


def test_a_cluster_that_goes_away(tmp_path: Path) -> None:
    write_parts(tmp_path / "in", 6, 8_000)
    parts = [Part(str(path), str(tmp_path / path.name)) for path in sorted((tmp_path / "in").iterdir())]
    meeting = tmp_path / "scheduler.json"
    scheduler = start_dask(
        tmp_path, "scheduler", "--port=0", "--dashboard-address=127.0.0.1:0", f"--scheduler-file={meeting}"
    )
    worker = start_dask(tmp_path, "worker", "--nthreads=1", f"--scheduler-file={meeting}")
    try:
        while not (meeting.exists() and meeting.read_text().endswith("}")):
            assert scheduler.poll() is None
            time.sleep(0.02)
        there = json.loads(meeting.read_text())["address"]
        reports = label_on_cluster(parts, RunOptions(), load_model(), there, 1, lambda _: scheduler.kill())
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
    assert {report.part for report in reports} == set(parts)
    assert {report.error and str(report.error) for report in reports[1:]} >= {
        f"{parts[-1].source}: the cluster went away before it told what became of this file."
    }
    assert reports[0].summary is not None


def start_dask(folder: Path, what: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


ADDRESSES = [
    pytest.param("here", r"here: cannot reach the scheduler: missing port number in address 'here'\.", id="no port"),
    pytest.param("foo://x:1", r"foo://x:1: cannot reach the scheduler: unknown address scheme 'foo'.*", id="scheme"),
    pytest.param(
        "tcp://127.0.0.1:1",
        r"tcp://127\.0\.0\.1:1: cannot reach the scheduler: Timed out trying to connect to tcp://127\.0\.0\.1:1 .*\.",
        id="nobody there",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), ADDRESSES)
def test_an_address_without_a_scheduler(wrong: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", "500ms")
    with pytest.raises(ClusterError, match=f"^{message}$"):
        label_on_cluster([Part("a.csv", "b.csv")], RunOptions(), load_model(), wrong, 1, print)


@pytest.fixture
def no_workers() -> Iterator[LocalCluster]:
    """Start a cluster that has no worker yet."""
    started = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=0, processes=False, threads_per_worker=1, dashboard_address="127.0.0.1:0", protocol="tcp"
    )
    with started:
        yield started


def test_a_cluster_that_gets_no_worker(no_workers: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_QUIET_WAIT", 0.1)
    monkeypatch.setattr(cluster, "_LONGEST_WAIT", 0.2)
    there, told = no_workers.scheduler_address, list[str]()
    with pytest.raises(ClusterError, match=rf"^{there}: the cluster got no worker in 0\.2 seconds\.$") as caught:
        label_on_cluster([Part("a.csv", "b.csv")], RunOptions(), load_model(), there, 1, print, told.append)
    assert caught.value.tip == f"Start one: dask worker {there}"
    assert told == [f"{there}: the cluster has no worker yet; waiting for one, at most 0.2 seconds"]


def test_a_cluster_that_gets_a_worker_late(no_workers: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\n")
    there = no_workers.scheduler_address
    arguments = ["batch", "tasks.csv", "-o", "out.csv", "--columns", "label", "--engine", "dask", "--scheduler", there]
    command = [sys.executable, "-m", "smclassify", *arguments]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        first = running.stderr.readline()
        no_workers.scale(1)  # type: ignore[no-untyped-call]
        _, rest = running.communicate(timeout=60)
    finally:
        running.kill()
    assert first == f"{there}: the cluster has no worker yet; waiting for one, at most 300 seconds\n"
    assert running.returncode == 0, rest
    assert (tmp_path / "out.csv").read_text() == "task,label\ncold call,sales\n"


@pytest.mark.parametrize(("source", "target"), [("-", "x.csv"), ("x.csv", "-")])
def test_pipes_are_refused(run: Run, tmp_path: Path, source: str, target: str) -> None:
    (tmp_path / "x.csv").write_text("task\ncold call\n")
    done = run("batch", source, "-o", target, "--engine", "dask", "--force", stdin="task\n")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "smclassify: error: A cluster reads and writes files, not pipes. Name a file, and the output with -o.\n"
    )


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"^The engine dask needs distributed, which is not installed\.$") as caught:
        cluster.check_cluster([])
    assert caught.value.tip == "Install it: pip install 'smclassify[dask]'"


def test_the_worker_does_what_is_done_alone(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("task\ncold call\n\n")
    part = Part(str(tmp_path / "tasks.csv"), str(tmp_path / "out.csv"))
    report = label_on_worker(part, order())
    alone = label_part(part, RunOptions(force=True), load_model(), lambda *_: nullcontext(lambda _: None))
    assert report.summary == alone.summary
    assert report.note == f"{tmp_path}/tasks.csv: comma-separated, UTF-8, LF line ends; activities in column 1 'task'"


SCALE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", SCALE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("smclassify batch")])
def test_a_command_of_the_page_on_scale(command: str, run: Run, tmp_path: Path, address: str) -> None:
    write_parts(tmp_path / "in", 3, 20)
    (tmp_path / "in" / "old.csv").write_text("task\ncold call\n")
    arguments = command.replace("tcp://scheduler:8786", address).replace("'", "").split()[1:]
    done = run(*arguments)
    assert done.code == 0, done.err
    assert len(contents(tmp_path / "labelled")) == 3


def test_the_page_on_scale_has_commands() -> None:
    assert len([line for line in COMMANDS if line.startswith("smclassify batch")]) >= 3


def test_control_c_while_processes_start_reaches_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def start(**_: object) -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        raise ClusterError("no.")

    monkeypatch.setattr("distributed.LocalCluster", start)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ClusterError):
        label_on_cluster([Part("a.csv", "b.csv")], RunOptions(), load_model(), None, 1, lambda _: None)
    assert (seen, signal.getsignal(signal.SIGINT)) == ([signal.SIG_IGN], before)
