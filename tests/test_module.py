"""`python -m smclassify` is the program, whatever it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        pytest.param(["--help"], 0, "Usage: smclassify [OPTIONS] COMMAND", "", id="help"),
        pytest.param(["batch", "-h"], 0, "Usage: smclassify batch [OPTIONS]", "", id="help of a command"),
        pytest.param([], 2, "", "Usage: smclassify [OPTIONS] COMMAND", id="nothing"),
        pytest.param(["define", "--nonsense"], 2, "", "See `smclassify define --help`", id="mistake"),
    ],
)
def test_the_program_goes_by_its_name(run: Run, arguments: list[str], code: int, out: str, err: str) -> None:
    done = run(*arguments)
    assert (done.code, out in done.out, err in done.err) == (code, True, True)
    assert "__main__" not in done.out + done.err


def test_no_short_help_is_cut(run: Run) -> None:
    listed = run("--help", COLUMNS="80").out.partition("Commands:")[2]
    assert "evaluate" in listed
    assert "..." not in listed
