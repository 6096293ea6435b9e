from __future__ import annotations

import gzip
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Run, make_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smclassify import resume
from smclassify.atomic import Draft, whole_file
from smclassify.columns import NEW_COLUMNS
from smclassify.errors import HelperLostError, TableError
from smclassify.glossary import Entry, Glossary
from smclassify.model import Model, Thresholds
from smclassify.runs import RunOptions, label_file
from smclassify.tables.values import ReadOptions

if TYPE_CHECKING:
    from smclassify.batch import BatchSummary
    from smclassify.tables.values import Table

ROOM = Path(__file__).parent
TEXTS = ["call", "sign", "rank", "call it now", "", "unheard", "web rank", "sign call off"]


class StopError(Exception):
    """What cuts a run short in a test."""


def content(n_rows: int) -> str:
    """Return a CSV file with all that rows can be: several lines, too long, too short, blank lines between them."""
    rows = ["id,task\n"]
    for n in range(n_rows):
        text = TEXTS[n * n % len(TEXTS)]
        rows.append(f'{n},"{text}\nsecond line"\n' if n % 11 == 3 else f"{n},{text}{',more' * (n % 7 == 2)}\n")
        rows.append("\n" * (n % 9 == 4) + "short\n" * (n % 13 == 5))
    return "".join(rows)


def label(
    target: str,
    *,
    source: str = "in.csv",
    stop: int | None = None,
    problem: BaseException | None = None,
    model: Model | None = None,
    **options: Any,  # noqa: ANN401 - fields of RunOptions
) -> tuple[BatchSummary, str, int]:
    """Label a file and return the summary, how it was understood, and the number of rows scored.

    The run is cut short by an error at the end of the chunk that has row `stop`, from 1.
    """
    seen, n_rows = [""], 0

    class Counting(Model):
        n_scored = 0

        def predict_table(self, texts: Any) -> Any:  # noqa: ANN401 - as in Model
            Counting.n_scored += len(texts)
            return super().predict_table(texts)

    @contextmanager
    def watch(table: Table, _: int) -> Iterator[Callable[[int], None]]:
        seen[0] = table.describe()
        yield count

    def count(n_more: int) -> None:
        nonlocal n_rows
        n_rows += n_more
        if stop is not None and n_rows >= stop:
            raise problem or StopError

    known = model or make_model()
    counting = Counting(**{name: getattr(known, name) for name in Model.__dataclass_fields__ if name != "path"})
    summary = label_file(source, target, RunOptions(**options), counting, watch)
    return summary, seen[0], Counting.n_scored


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of about a hundred records, cut into small chunks, with a checkpoint every ten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(resume, "CHECKPOINT_ROWS", 10)
    for module in ("records", "jsonl", "plain_lines"):
        monkeypatch.setattr(f"smclassify.tables.{module}.CHUNK_ROWS", 7)
    (tmp_path / "in.csv").write_text(content(90))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"in.csv"}


def journal(folder: Path, name: str = ".out.csv.part.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


# --- runs that are cut short and go on -----------------------------------------------------------------------------

TARGETS = ["out.csv", "out.tsv", "out.csv.gz", "out.jsonl", "out.jsonl.gz", "out"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_goes_on_to_the_same_bytes_and_summary(folder: Path, target: str) -> None:
    whole, _, n_scored = label(f"whole-{target}")
    with pytest.raises(StopError):
        label(target, stop=41)
    assert names(folder) == {f"whole-{target}", f".{target}.part", f".{target}.part.json"}
    done = journal(folder, f".{target}.part.json")["n_rows"]
    assert done == 40
    resumed, where, n_again = label(target, resume=True)
    assert where.endswith(", from row 41 on")
    assert resumed == whole
    assert n_again == n_scored - done
    assert (folder / target).read_bytes() == (folder / f"whole-{target}").read_bytes()
    assert names(folder) == {target, f"whole-{target}"}


SOURCES = [
    pytest.param("in.jsonl", '{"task": "call"}\n\n{"task": "rank"}\n' * 30, "out.jsonl", id="JSON Lines"),
    pytest.param("in.jsonl", '{"task": "call"}\n\n{"task": "rank"}\n' * 30, "out.csv", id="JSON Lines to CSV"),
    pytest.param("in.txt", "call\n\nrank it\r\n" * 30, "out.txt.gz", id="lines"),
    pytest.param("bom.csv", "\ufeffsep=;\n\n\ntask;b\n" + "call;1\n" * 40, "out.csv.gz", id="a mark and a lead"),
    pytest.param("in.csv", "task\n" + "call\n" * 40 + '"rank\nit\n', "out.csv", id="an open quote"),
]


@pytest.mark.parametrize(("source", "text", "target"), SOURCES)
def test_every_format_can_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, text: str, target: str
) -> None:
    (folder / source).write_text(text, newline="")
    whole = label(f"whole-{target}", source=source)[0]
    for stop in (15, 31):
        with pytest.raises(StopError):
            label(target, source=source, stop=stop, resume=True)
    assert label(target, source=source, resume=True)[0] == whole
    assert (folder / target).read_bytes() == (folder / f"whole-{target}").read_bytes()
    monkeypatch.setattr(resume, "CHECKPOINT_ROWS", 1000)
    assert label(f"uncut-{target}", source=source)[0] == whole
    assert unpacked(folder / f"uncut-{target}") == unpacked(folder / target)


def unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("source", ["in.xlsx", "in.parquet"])
def test_a_workbook_or_parquet_file_to_text_can_go_on(folder: Path, source: str) -> None:
    pytest.importorskip("openpyxl")
    pytest.importorskip("pyarrow")
    (folder / "plain.csv").write_text("id,task\n" + "".join(f"{n},{TEXTS[n % 8]}\n" for n in range(55)))
    label(source, source="plain.csv", columns=("status",), prefix="x")
    whole = label("whole.csv", source=source)[0]
    with pytest.raises(StopError):
        label("out.csv", source=source, stop=31)
    resumed, where, _ = label("out.csv", source=source, resume=True)
    assert where.endswith(", from row 41 on")
    assert resumed == whole
    assert (folder / "out.csv").read_bytes() == (folder / "whole.csv").read_bytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.sampled_from(["a,call\n", "b,\n", "\n", "c\n", 'd,"x\ny"\n', "e,rank,f\n"]), max_size=60),
    sizes=st.lists(st.integers(1, 13), min_size=1, max_size=5),
    every=st.integers(1, 17),
    stops=st.lists(st.integers(1, 60), max_size=4),
    target=st.sampled_from(["out.csv", "out.csv.gz", "out.jsonl"]),
)
def test_whatever_the_chunks_the_bytes_are_the_same(
    folder: Path,
    rows: list[str],
    sizes: list[int],
    every: int,
    stops: list[int],
    target: str,
) -> None:
    (folder / "in.csv").write_text("id,task\n" + "".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resume, "CHECKPOINT_ROWS", every)
        whole = label(f"whole-{target}", force=True)[0]
        resumed = None
        for place, stop in enumerate([*stops, None]):
            patch.setattr("smclassify.tables.records.CHUNK_ROWS", sizes[place % len(sizes)])
            try:
                resumed = label(target, stop=stop, resume=place > 0, force=True)[0]
                break
            except StopError:
                continue
    assert resumed == whole
    assert (folder / target).read_bytes() == (folder / f"whole-{target}").read_bytes()


def test_checkpoints_are_members_of_packed_output_and_nothing_in_plain_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label("in-parts.csv")
    label("in-parts.csv.gz")
    monkeypatch.setattr(resume, "CHECKPOINT_ROWS", 1000)
    label("at-once.csv")
    label("at-once.csv.gz")
    plain = (folder / "at-once.csv").read_bytes()
    assert (folder / "in-parts.csv").read_bytes() == plain
    for name, n_members in (("in-parts", 11), ("at-once", 1)):
        packed = (folder / f"{name}.csv.gz").read_bytes()
        assert gzip.decompress(packed) == plain
        assert packed.count(b"\x1f\x8b\x08\0\0\0\0\0") == n_members


def test_a_run_that_resumes_nothing_begins_at_the_start_and_says_so(folder: Path) -> None:
    assert label("out.csv", resume=True)[1].endswith(", from the start: nothing to go on from")
    assert names(folder) == {"out.csv"}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda draft, _: draft.unlink(), id="no draft"),
        pytest.param(lambda draft, _: os.truncate(draft, 100), id="half a draft"),
        pytest.param(lambda _, note: note.write_text("{"), id="damaged journal"),
        pytest.param(lambda _, note: note.write_text("[]"), id="foreign journal"),
        pytest.param(lambda _, note: note.write_text("[" * 100_000), id="bottomless journal"),
        pytest.param(lambda _, note: note.unlink(), id="no journal"),
    ],
)
def test_what_cannot_be_used_is_started_over(folder: Path, damage: Callable[[Path, Path], object]) -> None:
    whole = label("whole.csv")[0]
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    damage(folder / ".out.csv.part", folder / ".out.csv.part.json")
    summary, where, _ = label("out.csv", resume=True)
    assert where.endswith(", from the start: nothing to go on from")
    assert summary == whole
    assert (folder / "out.csv").read_bytes() == (folder / "whole.csv").read_bytes()
    assert names(folder) == {"out.csv", "whole.csv"}


ODD: st.SearchStrategy[Any] = st.one_of(
    st.integers(),
    st.sampled_from([10**400, -(10**30), True, None, 0.5, float("nan"), "7", "", [], {}, [[]], {"a": 1}]),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    change=st.binary(max_size=60)
    | st.tuples(st.sampled_from(["n_rows", "size", "tally", "run", "sha256", "more"]), ODD)
    | st.tuples(st.integers(0, 3000), st.integers(1, 255))
)
def test_a_journal_of_anything_is_started_over(folder: Path, change: bytes | tuple[Any, Any]) -> None:
    whole = folder / "whole.csv"
    if not whole.exists():
        label("whole.csv")
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    path = folder / ".out.csv.part.json"
    told = path.read_bytes()
    if isinstance(change, bytes):
        path.write_bytes(change)
    elif isinstance(change[0], str):
        path.write_text(json.dumps(json.loads(told) | {change[0]: change[1]}))
    else:
        place = change[0] % len(told)
        path.write_bytes(told[:place] + bytes([told[place] ^ change[1]]) + told[place + 1 :])
    label("out.csv", resume=True)
    assert (folder / "out.csv").read_bytes() == whole.read_bytes()
    assert names(folder) == {"out.csv", "whole.csv"}
    (folder / "out.csv").unlink()


def test_without_resume_a_run_starts_over(folder: Path) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    with pytest.raises(StopError):
        label("out.csv", stop=1)
    assert names(folder) == set()
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    (folder / "in.csv").write_text("task\ncall\n")
    (folder / "..out.csv.part.json.part").write_text("of a process that was killed while it wrote the journal")
    assert not label("out.csv", columns=("label",))[1].endswith("go on from")
    assert (folder / "out.csv").read_text() == "task,label\ncall,sales\n"
    assert names(folder) == {"out.csv"}


# --- runs that are not the same ------------------------------------------------------------------------------------


def touched(folder: Path) -> None:
    os.utime(folder / "in.csv", ns=(0, 0))


def changed_within(folder: Path) -> None:
    before = (folder / "in.csv").stat()
    (folder / "in.csv").write_text(content(90).replace("call", "rank"))
    os.utime(folder / "in.csv", ns=(before.st_atime_ns, before.st_mtime_ns))


def longer(folder: Path) -> None:
    before = (folder / "in.csv").stat()
    with (folder / "in.csv").open("a") as handle:
        handle.write("91,call\n")
    os.utime(folder / "in.csv", ns=(before.st_atime_ns, before.st_mtime_ns))


def moved(folder: Path) -> None:
    (folder / "in.csv").rename(folder / "other.csv")


def nothing(_: Path) -> None:
    pass


OTHER_WEIGHTS = replace(make_model().weights, hidden_bias=memoryview(array("d", [0.5] * 3)))
LOOSER = Thresholds(confidence=0.5, margin=0.0, known=0.0)
WITH_GLOSSARY = make_model(glossary=Glossary((Entry("call", "marketing"),)))
OTHER_RUNS = [
    pytest.param(touched, {}, "the input's time of change", id="touched input"),
    pytest.param(changed_within, {}, "the input's first bytes", id="changed input"),
    pytest.param(longer, {}, "the input's size, the input's first bytes", id="longer input"),
    pytest.param(moved, {"source": "other.csv"}, "the input's path", id="moved input"),
    pytest.param(nothing, {"column": "id"}, "the column of the texts", id="column"),
    pytest.param(nothing, {"columns": ("label",)}, "the new columns", id="columns"),
    pytest.param(nothing, {"prefix": "sm_"}, "the new columns", id="prefix"),
    pytest.param(nothing, {"read": ReadOptions(encoding="cp1252")}, "how the input is read", id="encoding"),
    pytest.param(nothing, {"model": make_model(thresholds=LOOSER)}, "the thresholds", id="thresholds"),
    pytest.param(nothing, {"model": WITH_GLOSSARY, "columns": NEW_COLUMNS}, "the glossary", id="glossary"),
    pytest.param(nothing, {"model": WITH_GLOSSARY}, "the new columns, the glossary", id="glossary, usual columns"),
    pytest.param(nothing, {"model": make_model(weights=OTHER_WEIGHTS)}, "the model", id="weights"),
    pytest.param(
        touched, {"prefix": "x", "column": "1"}, "the input's time of change, the column of the texts, the new columns",
        id="several",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "options", "changed"), OTHER_RUNS)
def test_another_run_does_not_go_on(
    folder: Path, change: Callable[[Path], None], options: dict[str, Any], changed: str
) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    draft = (folder / ".out.csv.part").read_bytes()
    change(folder)
    with pytest.raises(TableError) as caught:
        label("out.csv", resume=True, **options)
    assert caught.value.message == f"out.csv: the unfinished run was another one; changed since: {changed}."
    assert caught.value.tip == (
        "Undo the change to go on with it; to start over, leave out --resume or say --force too."
    )
    assert (folder / ".out.csv.part").read_bytes() == draft
    assert journal(folder)["n_rows"] == 40


@pytest.mark.parametrize(("change", "options", "changed"), OTHER_RUNS)
def test_another_run_starts_over_by_force(
    folder: Path, change: Callable[[Path], None], options: dict[str, Any], changed: str
) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    change(folder)
    _, where, _ = label("out.csv", resume=True, force=True, **options)
    assert where.endswith(f", from the start: the unfinished run was another one; changed since: {changed}")
    label("alone.csv", **options)
    assert (folder / "out.csv").read_bytes() == (folder / "alone.csv").read_bytes()
    assert names(folder) >= {"out.csv", "alone.csv"}
    assert not list(folder.glob(".out*"))


def test_another_version_does_not_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    monkeypatch.setattr(resume, "__version__", "0")
    with pytest.raises(TableError, match="changed since: the version of smclassify"):
        label("out.csv", resume=True)
    assert journal(folder)["n_rows"] == 40


def test_a_link_to_the_target_is_the_same_target_but_may_stand_for_another_format(folder: Path) -> None:
    (folder / "link.jsonl").symlink_to("out.csv")
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    with pytest.raises(TableError, match="changed since: the format of the output"):
        label("link.jsonl", resume=True)
    (folder / "link.csv").symlink_to("out.csv")
    assert label("link.csv", resume=True)[1].endswith(", from row 41 on")
    assert (folder / "link.csv").is_symlink()
    assert not (folder / "out.csv").is_symlink()


def test_the_same_column_by_another_name_and_whether_to_replace_do_not_matter(folder: Path) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41, column="task")
    assert label("out.csv", resume=True, column="2", force=True)[1].endswith(", from row 41 on")
    assert names(folder) == {"out.csv"}


# --- what is kept and what is said ---------------------------------------------------------------------------------

TIP = "The first 40 rows are kept: give the same command with --resume to go on."
LOST = "Was there too little memory? The first 40 rows are kept: --resume goes on, with any number of --jobs."
CHANGE = "The first 40 rows are kept: --resume goes on only if nothing changes; after a change, leave it out."


def test_an_error_before_the_first_checkpoint_leaves_nothing(folder: Path) -> None:
    problem = TableError("no.", "Nope.")
    with pytest.raises(TableError) as caught:
        label("out.csv", stop=1, problem=problem)
    assert caught.value.tip == "Nope."
    assert names(folder) == set()


def test_an_error_says_how_to_go_on(folder: Path) -> None:
    with pytest.raises(TableError) as caught:
        label("out.csv", stop=41, problem=TableError("no.", "Nope."))
    assert caught.value.tip == f"Nope. {CHANGE}"
    with pytest.raises(HelperLostError) as lost:
        label("out.csv", stop=1, resume=True, problem=HelperLostError("no.", "Was there too little memory?"))
    assert lost.value.tip == LOST
    with pytest.raises(TableError) as caught:
        label("out.csv", stop=1, resume=True, problem=OSError(28, "No space left on device"))
    assert caught.value.message == "out.csv: cannot write the file: No space left on device."
    assert caught.value.tip == TIP
    assert names(folder) == {".out.csv.part", ".out.csv.part.json"}


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), StopError()], ids=["Ctrl-C", "any other"])
def test_what_is_no_error_of_ours_carries_a_note(folder: Path, problem: BaseException) -> None:
    problem.__notes__ = []
    with pytest.raises(type(problem)) as caught:
        label("out.csv", stop=41, problem=problem)
    assert caught.value.__notes__ == [TIP]
    assert names(folder) == {".out.csv.part", ".out.csv.part.json"}


def test_a_second_run_at_the_same_time_is_refused(folder: Path) -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    draft = Draft(folder / "out.csv")
    try:
        for again in (False, True):
            with pytest.raises(TableError, match=r"out\.csv: another run is writing this file\."):
                label("out.csv", resume=again)
    finally:
        draft.close()
    assert journal(folder)["n_rows"] == 40
    assert label("out.csv", resume=True)[1].endswith(", from row 41 on")


def test_what_is_kept_is_as_private_as_the_target(folder: Path) -> None:
    (folder / "out.csv").touch(mode=0o600)
    with pytest.raises(StopError):
        label("out.csv", stop=41, force=True)
    for name in (".out.csv.part", ".out.csv.part.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    label("out.csv", resume=True, force=True)
    assert stat.S_IMODE((folder / "out.csv").stat().st_mode) == 0o600


def test_a_journal_that_cannot_be_written_leaves_the_one_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_written = 0

    def full(path: Path) -> Any:  # noqa: ANN401 - as whole_file
        nonlocal n_written
        n_written += 1
        if n_written == 3:
            raise OSError(28, "No space left on device")
        return whole_file(path)

    monkeypatch.setattr(resume, "whole_file", full)
    with pytest.raises(TableError) as caught:
        label("out.csv")
    assert caught.value.tip == TIP.replace("40", "20")
    assert journal(folder)["n_rows"] == 20


def test_a_journal_never_speaks_of_what_is_not_on_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, fsync = list[tuple[str, bool]](), os.fsync

    def noted(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name  # noqa: PTH115 - of an open file
        seen.append((name, (folder / ".out.csv.part.json").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with pytest.raises(StopError):
        label("out.csv", stop=10)
    assert seen == [(".out.csv.part", False), ("..out.csv.part.json.part", False), (folder.name, True)]


def test_a_name_too_long_for_the_journal_fails_at_once(folder: Path) -> None:
    name = f"{'x' * 238}.csv"
    with pytest.raises(TableError) as caught:
        label(name)
    assert caught.value.message == f"{name}: cannot write the file: File name too long."
    assert names(folder) == set()


@pytest.mark.usefixtures("folder")
def test_progress_counts_the_rows_that_were_done_before() -> None:
    with pytest.raises(StopError):
        label("out.csv", stop=41)
    counts: list[int] = []

    @contextmanager
    def watch(*_: object) -> Iterator[Callable[[int], None]]:
        yield counts.append

    label_file("in.csv", "whole.csv", RunOptions(), make_model(), watch)
    n_records = sum(counts)
    counts.clear()
    label_file("in.csv", "out.csv", RunOptions(resume=True), make_model(), watch)
    assert (counts[0], sum(counts)) == (40, n_records)


# --- the command ---------------------------------------------------------------------------------------------------

TASKS = "task\ncold call\n"
NOT_RESUMED = [
    pytest.param(("-", "-o", "out.csv"), "-: a run that reads a pipe", id="from a pipe"),
    pytest.param(("in.csv",), "-: a run that writes a stream or a device", id="to a pipe"),
    pytest.param(("in.csv", "-o", "/dev/null"), "/dev/null: a run that writes a stream or a device", id="device"),
    pytest.param(("in.csv", "-o", "out.xlsx"), "out.xlsx: a run that writes the format excel", id="Excel"),
    pytest.param(("in.csv", "-o", "out.parquet"), "out.parquet: a run that writes the format parquet", id="Parquet"),
    pytest.param(("in.xlsx", "-o", "out"), "out: a run that writes the format excel", id="Excel by the input"),
]


@pytest.mark.parametrize(("arguments", "message"), NOT_RESUMED)
def test_what_cannot_be_resumed_is_a_wrong_use(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "in.csv").write_text(TASKS)
    (tmp_path / "in.xlsx").write_bytes(b"")
    done = run("batch", *arguments, "--resume", stdin=TASKS)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"smclassify: error: {message} cannot be resumed. ")
    assert done.err.count("\n") == 1
    assert names(tmp_path) == {"in.xlsx"}


def test_a_pipe_gives_the_same_bytes_as_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(TASKS)
    assert run("batch", "in.csv", "-o", "a.csv.gz", "--resume").code == 0
    assert run("batch", "-", "-o", "b.csv.gz", stdin=TASKS).code == 0
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


class Killable:
    """Commands in processes that can be killed at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-W", "ignore", str(ROOM / "killable.py")]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(
        self,
        *arguments: str,
        every: int = 100,
        step: int = 0,
        limit: int = 0,
        signals: Callable[[], int] | None = None,
    ) -> int:
        """Run a command and return its exit code; `signals` waits and returns the signal it then gets."""
        assert self._server.stdin
        assert self._server.stdout
        request = {"arguments": arguments, "every": every, "step": step, "limit": limit}
        self._server.stdin.write(json.dumps(request) + "\n")
        child = int(self._server.stdout.readline())
        if signals is not None:
            os.kill(child, signals())  # it is waited for only below, so that the number is still its own
        self._server.stdin.write("\n")
        return int(self._server.stdout.readline())

    def close(self) -> None:
        self._server.communicate(timeout=30)

    @property
    def errors(self) -> str:
        return (self.folder / "stderr").read_text()


@pytest.fixture(scope="module")
def killable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    server = Killable(tmp_path_factory.mktemp("killable"))
    yield server
    server.close()


@pytest.fixture
def tasks(killable: Killable) -> Path:
    """A folder with nothing but a file of 20,000 tasks and one of 600."""
    for path in killable.folder.iterdir():
        path.unlink()
    texts = ["cold call", "SEO audit", "pay invoice", "newsletter", "demo for Acme", "", "zxqv"]
    for name, n_rows in (("in.csv", 20_000), ("small.csv", 600)):
        rows = (
            f'{n},"{texts[n % 7]}\nand {n % 50}"\n'
            if n % 101 == 0
            else f"{n},{texts[n % 7]} {n % 50}\n{chr(10) * (n % 211 == 1)}"
            for n in range(n_rows)
        )
        (killable.folder / name).write_text("id,task\n" + "".join(rows))
    return killable.folder


CHAINS = [
    pytest.param("out.csv", None, id="CSV"),
    pytest.param("out.csv.gz", None, id="packed"),
    pytest.param("out.csv", b"old", id="CSV over an old file"),
    pytest.param("out.jsonl.gz", b"old", id="packed JSON Lines over an old file"),
]


@pytest.mark.parametrize(("target", "old"), CHAINS)
def test_killed_at_random_moments(killable: Killable, tasks: Path, target: str, old: bytes | None) -> None:
    durations = []
    for _ in range(2):
        begun = time.monotonic()
        assert killable("batch", "in.csv", "-o", f"whole-{target}", "--force", every=1000) == 0
        durations.append(time.monotonic() - begun)
    whole, summary = (tasks / f"whole-{target}").read_bytes(), killable.errors.splitlines()[1:]
    chance, kills, path = random.Random(target + str(old)), [0], tasks / target  # noqa: S311 - no secret

    def moment() -> int:  # later after each kill, so that a chain ends however slow the machine has become
        time.sleep(chance.uniform(0, min(durations) / 3 * (1 + kills[-1] / 4)))
        return signal.SIGKILL

    while sum(kills) < 13:
        kills.append(0)
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        again: tuple[str, ...] = ()
        while killable("batch", "in.csv", "-o", target, "--force", *again, every=1000, signals=moment) != 0:
            kills[-1] += 1
            left = path.read_bytes() if path.exists() else None
            assert left in {old, whole}
            if left == whole:
                break
            again = ("--resume",)
        else:
            assert killable.errors.splitlines()[1:] == summary
        assert path.read_bytes() == whole
    assert max(kills) > 1, "no run was killed twice"


@pytest.mark.parametrize("target", ["out.csv", "out.csv.gz"])
def test_killed_at_every_step_on_a_file(killable: Killable, tasks: Path, target: str) -> None:
    assert killable("batch", "small.csv", "-o", f"whole-{target}", every=200) == 0
    whole, path, steps = (tasks / f"whole-{target}").read_bytes(), tasks / target, []
    for step in range(1, 200):
        path.write_bytes(b"old")
        if killable("batch", "small.csv", "-o", target, "--force", step=step, every=200) == 0:
            break
        steps.append((tasks / "steps").read_text().strip())
        moved = f"os.rename .{target}.part" in steps[:-1]
        assert path.read_bytes() == (whole if moved else b"old"), steps[-1]
        assert killable("batch", "small.csv", "-o", target, "--force", "--resume", every=200) == 0
        assert path.read_bytes() == whole
        assert {path.name for path in tasks.glob(".*")} == set()
    assert steps.count(f"os.rename ..{target}.part.json.part") == 3
    assert steps.count(f"os.rename .{target}.part") == 1


def test_killed_at_every_step_of_a_resumed_run(killable: Killable, tasks: Path) -> None:
    assert killable("batch", "small.csv", "-o", "whole-out.csv", every=200) == 0
    whole, path = (tasks / "whole-out.csv").read_bytes(), tasks / "out.csv"
    assert killable("batch", "small.csv", "-o", "out.csv", step=20, every=200) == -signal.SIGKILL
    n_kills = 0
    for step in range(1, 200):
        if killable("batch", "small.csv", "-o", "out.csv", "--resume", step=step, every=200) == 0:
            break
        n_kills += 1
        if path.exists():
            break
    assert n_kills > 5
    assert path.read_bytes() == whole


@pytest.mark.parametrize(("limit", "n_kept"), [(20_000, 100), (50_000, 300), (4_000, 0)])
def test_a_full_disk(killable: Killable, tasks: Path, limit: int, n_kept: int) -> None:
    (tasks / "out.csv").write_bytes(b"old")
    assert killable("batch", "small.csv", "-o", "out.csv", "--force", "-q", limit=limit) == 1
    kept = f" The first {n_kept} rows are kept: give the same command with --resume to go on." if n_kept else ""
    assert killable.errors == f"smclassify: error: out.csv: cannot write the file: File too large.{kept}\n"
    assert (tasks / "out.csv").read_bytes() == b"old"
    assert bool(list(tasks.glob(".*"))) == bool(n_kept)
    assert killable("batch", "small.csv", "-o", "out.csv", "--force", "--resume") == 0
    assert f"from row {n_kept + 1} on" in killable.errors or not n_kept
    assert killable("batch", "small.csv", "-o", "whole.csv") == 0
    assert (tasks / "out.csv").read_bytes() == (tasks / "whole.csv").read_bytes()


def test_control_c_keeps_what_is_done_and_says_so(killable: Killable, tasks: Path) -> None:
    def once_there_is_a_journal() -> int:
        deadline = time.monotonic() + 30
        while not (tasks / ".out.csv.part.json").exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        return signal.SIGINT

    assert killable("batch", "in.csv", "-o", "out.csv", "-q", every=1000, signals=once_there_is_a_journal) == 130
    n_rows = journal(tasks)["n_rows"]
    assert (
        killable.errors.strip() == f"The first {n_rows:,} rows are kept: give the same command with --resume to go on."
    )
    assert not (tasks / "out.csv").exists()
    assert killable("batch", "in.csv", "-o", "out.csv", "--resume", every=1000) == 0
    assert killable("batch", "in.csv", "-o", "whole.csv", every=1000) == 0
    assert (tasks / "out.csv").read_bytes() == (tasks / "whole.csv").read_bytes()
