"""The manual page says what the commands say, and is well formed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT
from typer.main import get_command

from smclassify.cli import make_app

PAGE = ROOT / "docs" / "man" / "smclassify.1"


def test_the_page_is_up_to_date() -> None:
    code = "from make_man import make_page; import sys; sys.stdout.write(make_page())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", capture_output=True, text=True, check=True)
    assert done.stdout == PAGE.read_text(encoding="utf-8"), "run: python tools/make_man.py"


def test_every_option_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name, command in get_command(make_app()).commands.items():  # type: ignore[attr-defined]
        _, _, section = page.partition(f".SS {name} ")
        section = section.partition(".SS ")[0]
        for param in command.params:
            assert param.param_type_name == "argument" or param.opts[0] in section, f"{name} {param.opts}"


@pytest.mark.parametrize(
    "checker",
    [
        ["mandoc", "-T", "lint", "-W", "warning"],
        ["groff", "-man", "-ww", "-z"],
        ["groff", "-man", "-ww", "-Tutf8", "-z"],
    ],
    ids=" ".join,
)
def test_no_fault_is_found(checker: list[str]) -> None:
    if not shutil.which(checker[0]):
        pytest.skip(f"{checker[0]} is not installed")
    done = subprocess.run([*checker, str(PAGE)], capture_output=True, text=True, check=False)
    # a page made twice is the same, so that it has no date
    assert [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line] == []


def test_a_wheel_installs_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"docs/man/smclassify.1": "share/man/man1/smclassify.1"}
