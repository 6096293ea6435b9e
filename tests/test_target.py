from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path

import pytest

from smclassify.atomic import whole_file
from smclassify.errors import SmclassifyError, TableError, UsageError
from smclassify.tables.target import check_target, open_target, packer


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with open_target("-") as handle:
        handle.write(b"data")
    assert capfdbinary.readouterr().out == b"data"


@pytest.mark.parametrize("name", ["out.csv.gz", "OUT.GZ"])
def test_a_name_that_ends_in_gz_is_packed_with_nothing_but_the_content(tmp_path: Path, name: str) -> None:
    contents = []
    for folder in ("a", "b"):
        target = tmp_path / folder / name
        target.parent.mkdir()
        with open_target(str(target)) as handle:
            handle.write(b"data" * 1000)
        contents.append(target.read_bytes())
    assert contents[0] == contents[1]
    assert gzip.decompress(contents[0]) == b"data" * 1000
    assert b"out" not in contents[0].lower()


def test_what_is_packed_has_no_name_and_no_time(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    with path.open("wb") as handle, packer(handle) as packed:
        packed.write(b"data")
    assert path.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_a_device_is_written_to_directly() -> None:
    with open_target("/dev/null") as handle:
        handle.write(b"data")
    assert not Path("/dev/null").is_file()


def test_a_named_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with open_target(str(pipe)) as handle:
        handle.write(b"data")
    reader.join(timeout=10)
    assert read == [b"data"]
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_two_runs_to_one_target(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with whole_file(target) as handle:
        handle.write(b"first")
        with pytest.raises(TableError) as caught, open_target(str(target)):
            pass
    assert caught.value.message == f"{target}: another run is writing this file."
    assert caught.value.tip == "Wait until it ends, or name another file with -o."
    assert target.read_bytes() == b"first"


@pytest.mark.parametrize("target", ["/proc/out.csv", "/dev/full", f"{'x' * 255}.csv"])
def test_what_cannot_be_written_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableError) as caught, open_target(target) as handle:
        handle.write(b"data" * 100_000)
    assert caught.value.message.startswith(f"{target}: cannot write the file: ")
    assert list(tmp_path.iterdir()) == []


SAME = ("the output would replace the input.", "Name another file with -o.")
THERE = ("the file exists already.", "Replace it with --force, or name another.")
TOO_LONG = ("cannot write the file: File name too long.", "Name another one.")
MAY_NOT = [
    pytest.param("in.csv", False, UsageError, *SAME, id="the input"),
    pytest.param("in.csv", True, UsageError, *SAME, id="the input by force"),
    pytest.param("link.csv", True, UsageError, *SAME, id="a link to the input"),
    pytest.param("old.csv", False, TableError, *THERE, id="there already"),
    pytest.param("folder", True, TableError, "this is a folder, not a file.", "Name a file inside it.", id="a folder"),
    pytest.param(
        "none/out.csv", True, TableError, "there is no folder none.", "Make it first: mkdir -p none", id="no folder"
    ),
    pytest.param("x" * 256, True, TableError, *TOO_LONG, id="a name too long"),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in.csv", "old.csv"):
        (tmp_path / name).write_text("task\n")
    (tmp_path / "link.csv").symlink_to("in.csv")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("target", "force", "kind", "message", "tip"), MAY_NOT)
def test_what_may_not_be_written(target: str, force: bool, kind: type[SmclassifyError], message: str, tip: str) -> None:
    with pytest.raises(SmclassifyError) as caught:
        check_target(target, "in.csv", force=force)
    assert type(caught.value) is kind
    assert caught.value.message == f"{target}: {message}"
    assert caught.value.tip == tip


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to("loop.csv")
    with pytest.raises(TableError) as caught:
        check_target(str(loop), "in.csv", force=True)
    assert caught.value.message == f"{loop}: cannot write the file: Too many levels of symbolic links."
    assert caught.value.tip == "Name another one."
    assert caught.value.tip == "Name another one."


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("target", "force"), [("-", False), ("new.csv", False), ("old.csv", True), ("/dev/null", False)]
)
def test_what_may_be_written(target: str, force: bool) -> None:
    check_target(target, "in.csv", force=force)
