from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from smclassify.atomic import Draft, draft_path, whole_file


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_file(target) as handle:
        handle.write(b"all")
        assert not target.exists()
    assert target.read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, problem: type[BaseException]) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")

    def fail() -> None:
        with whole_file(target) as handle:
            handle.write(b"half")
            raise problem

    with pytest.raises(problem):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions_of_a_replaced_file_stay(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    target.chmod(0o440)
    with whole_file(target) as handle:
        handle.write(b"new")
        assert stat.S_IMODE(draft_path(target).stat().st_mode) == 0o640
    assert stat.S_IMODE(target.stat().st_mode) == 0o440
    assert target.read_bytes() == b"new"


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "out", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with whole_file(link) as handle:
        handle.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_the_content_is_on_the_disk_before_the_name_and_the_name_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, seen = tmp_path / "out", list[tuple[str, bool]]()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        seen.append(("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file", target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with whole_file(target) as handle:
        handle.write(b"all")
    assert seen == [("file", False), ("folder", True)]


def test_a_folder_that_cannot_be_synchronised_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    with whole_file(tmp_path / "out") as handle:
        handle.write(b"all")
    assert (tmp_path / "out").read_bytes() == b"all"


# --- locks ---------------------------------------------------------------------------------------------------------


def test_two_cannot_write_one_target(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_file(target) as handle:
        handle.write(b"first")
        with pytest.raises(BlockingIOError, match="another process is writing it"), whole_file(target):
            pass
    assert target.read_bytes() == b"first"
    with whole_file(target) as handle:
        handle.write(b"second")
    assert target.read_bytes() == b"second"


KILLED = """
import os, sys, time
from pathlib import Path
from smclassify.atomic import whole_file
with whole_file(Path("out")) as handle:
    handle.write(b"half of a long content")
    handle.flush()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        handle.write(b"of no concern")
        handle.flush()
        os.write(write, b"!")
    else:
        os.read(read, 1)
        print(child, flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_a_draft_that_the_next_one_replaces(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, cwd=tmp_path)
    assert process.stdout
    child = int(process.stdout.readline())
    try:
        with pytest.raises(BlockingIOError), whole_file(target):
            pass
        process.kill()
        process.wait(timeout=10)
        assert target.read_bytes() == b"old"
        assert draft_path(target).read_bytes() == b"half of a long content"
        # the forked child lives on, and holds no lock
        os.kill(child, 0)
        with whole_file(target) as handle:
            handle.write(b"new")
    finally:
        process.kill()
        os.kill(child, signal.SIGKILL)
        process.stdout.close()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_draft_that_is_moved_away_before_it_is_locked_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    target, flock = tmp_path / "out", fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        draft_path(target).rename(tmp_path / "of another")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with whole_file(target) as handle:
        handle.write(b"mine")
    assert target.read_bytes() == b"mine"
    assert (tmp_path / "of another").read_bytes() == b""


@pytest.mark.parametrize(("problem", "written"), [(errno.ENOLCK, True), (errno.EIO, False)], ids=["no locks", "broken"])
def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: int, written: bool) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: int) -> None:
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(fcntl, "flock", flock)
    if written:
        with whole_file(tmp_path / "out") as handle:
            handle.write(b"all")
        assert (tmp_path / "out").read_bytes() == b"all"
    else:
        with pytest.raises(OSError, match="Input/output error"), whole_file(tmp_path / "out"):
            pass


def test_a_link_in_the_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"old")
    draft_path(tmp_path / "out").symlink_to("precious")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), whole_file(tmp_path / "out"):
        pass
    assert (tmp_path / "precious").read_bytes() == b"old"


def test_the_draft_of_another_is_not_removed(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "out")
    draft.move()
    other = Draft(tmp_path / "out")
    draft.discard()
    assert other.path.exists()
    other.discard()
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_full_disk(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    code = (
        "from pathlib import Path; from smclassify.atomic import whole_file\n"
        "with whole_file(Path('out')) as handle: handle.write(bytes(5000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.endswith(b"OSError: [Errno 27] File too large\n")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
