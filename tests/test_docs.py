"""Every command and every snippet of the documentation runs, every link leads somewhere, and what is shown is so."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
from conftest import ROOT
from pages import PAGES, Block, blocks_of, links_of, name_of
from typer.main import get_command

from smclassify import errors, load_model
from smclassify.cli import make_app
from smclassify.definitions import load_definitions
from smclassify.errors import SmclassifyError
from smclassify.training.assessment import COUNTS, SCALARS, SCORES

README = (ROOT / "README.md").read_text(encoding="utf-8")
EVALUATE = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = get_command(make_app()).commands  # type: ignore[attr-defined]
LANGUAGES = {"sh", "console", "python", "pycon", "crontab", "yaml", "csv", "toml", "json", "jsonl", "text", "gitignore"}
SET_UP = ("pip install", "python3 -m venv", "git clone")


def own_test(page: Path) -> Path | None:
    """Return the module whose tests run a page, if it is another than this."""
    if page.parent != ROOT / "docs":
        return None
    modules = (path for path in (ROOT / "tests").glob("test_*.py") if path.name != "test_docs.py")
    return next((path for path in modules if f'"docs" / "{page.name}"' in path.read_text(encoding="utf-8")), None)


def has_something_to_run(page: Path) -> bool:
    return own_test(page) is None and any(
        block.language in {"sh", "console", "python", "crontab", "yaml"} and not block.by_hand
        for block in blocks_of(page)
    )


class Shell:
    """A folder with the files of a page, where its commands run one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines_run: set[str] = set()
        programs = folder.parent / f"{folder.name}-bin"
        programs.mkdir()
        for name, module in (("smclassify", "-m smclassify "), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module}"$@"\n')
            program.chmod(0o755)
        self.env = {
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PYTHONWARNINGS": "error",
        }

    def run_once(self, line: str) -> None:
        """Run a line, unless it is set-up, or was run already."""
        if line not in self.lines_run and not line.startswith(SET_UP):
            self.run(line)

    def run(self, line: str) -> str:
        """Run a line, expect the exit status that its comment names or 0, and return what it printed."""
        expected = re.search(r"# exit status (\d+)$", line)
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        self.lines_run.add(line)
        printed = done.stdout.decode()
        assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{printed}"
        return printed


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "tasks.csv").write_text("id,Task title\n1,cold call\n2,SEO audit\n")
    (folder / "checked.csv").write_text("text,label,team\ncold call,sales,a\nSEO audit,marketing,b\n")
    return Shell(folder)


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in PAGES if has_something_to_run(page)])
def test_the_commands_of_a_page(page: Path, shell: Shell) -> None:
    blocks = blocks_of(page)
    if any("jq " in block.text for block in blocks) and not shutil.which("jq"):
        pytest.skip("the page needs jq")
    for target in links_of(page):
        path = page.parent / target
        if path.suffix != ".md" and ROOT / "docs" in path.resolve().parents:
            shutil.copy(path, shell.folder)
    for block in blocks:
        if block.title:
            path = shell.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    for block in blocks:
        if not block.by_hand:
            run_block(block, shell)


def run_block(block: Block, shell: Shell) -> None:
    if block.language == "console":
        run_shown(block, shell)
    for line in lines_to_run(block):
        shell.run_once(line)


def lines_to_run(block: Block) -> list[str]:
    match block.language:
        case "sh":
            return block.lines()
        case "python":
            return [f"python -c {shlex.quote(block.text)}"]
        case "crontab":
            return [command_of_cron(line) for line in block.lines()]
        case "yaml":
            return re.findall(r"^[ -]*(?:entry|run): (.*)$", block.text, re.MULTILINE)
    return []


def command_of_cron(line: str) -> str:
    """Return the command of a line of a crontab, as cron would hand it to the shell."""
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5, line
    for field, highest in zip(when, (59, 23, 31, 12, 7), strict=True):
        assert re.fullmatch(r"\*|\d+(-\d+)?(,\d+)*", field), line
        assert all(int(number) <= highest for number in re.findall(r"\d+", field)), line
    assert not re.search(r"(?<!\\)%", command), "cron takes % for a line end"
    return command.replace(r"\%", "%")


def run_shown(block: Block, shell: Shell) -> None:
    """Run the commands of a session, and compare what they print with what is shown."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        printed = shell.run(command).splitlines()
        if shown[-1:] == ["..."]:
            shown, printed = shown[:-1], printed[: len(shown) - 1]
        assert len(printed) == len(shown), "\n".join([command, *printed])
        for there, here in zip(shown, printed, strict=True):
            assert is_alike(there, here), f"{command}\n{there}\n{here}"


def is_alike(shown: str, printed: str) -> bool:
    """Whether a line is the one shown, give or take 0.05 in a fraction, white space, and what ` ...` leaves out."""
    fraction = re.compile(r"\b[01]\.\d+")
    there, here = (" ".join(fraction.sub("#", line).split()) for line in (shown, printed))
    numbers = zip(*(map(float, fraction.findall(line)) for line in (shown, printed)), strict=False)
    same = here.startswith(there.removesuffix("...")) if there.endswith(" ...") else there == here
    return same and all(abs(a - b) <= 0.05 for a, b in numbers)


@pytest.mark.parametrize(
    ("shown", "printed", "alike"),
    [
        ("cold call\tsales\t0.99", "cold call\tsales\t0.9712", True),
        ("cold call\tsales\t0.99", "cold call\tsales\t0.9312", False),
        ("cold call\tsales\t0.99", "cold call\tother\t0.99", False),
        ("sales 0.9 First ...", "sales 0.9 First contact", True),
        ("sales 0.9 First ...", "sales 0.9 Second contact", False),
        ("16 tasks", "17 tasks", False),
    ],
)
def test_what_is_like_what_is_shown(shown: str, printed: str, *, alike: bool) -> None:
    assert is_alike(shown, printed) is alike


def unrun_lines() -> list[Any]:
    """Return the lines that no test runs: set-up, and what a mark says is done by hand."""
    return [
        pytest.param(line, id=f"{name_of(page)}:{block.line}")
        for page in PAGES
        for block in blocks_of(page)
        if block.language == "sh"
        for line in block.lines()
        if line.startswith(SET_UP) or block.by_hand
    ]


@pytest.mark.parametrize("line", unrun_lines())
def test_a_line_that_is_not_run_is_one_that_could_be(line: str) -> None:
    for command in re.split(r" (?:\||&&|\|\|) ", line):
        check_command(shlex.split(command, comments=True))


def check_command(words: list[str]) -> None:
    words = words[: words.index(">")] if ">" in words else words
    match words:
        case ["smclassify", name, *arguments]:
            COMMANDS[name].make_context(f"smclassify {name}", arguments)
        case ["python", script, *arguments]:
            code = (ROOT / script).read_text(encoding="utf-8")
            for option in arguments:
                assert not option.startswith("--") or f'"{option}"' in code, option
        case ["pip", "install", *packages]:
            for extra in re.findall(r"\[(\w+)\]", " ".join(packages)):
                assert re.search(rf"^{extra} = \[", PYPROJECT, re.MULTILINE), extra
        case [tool, *_] if tool.startswith(("tools/", ".ci/")):
            assert os.access(ROOT / tool, os.X_OK), tool
        case [program, *_]:
            assert program in {
                "cat",
                "tail",
                "git",
                "cd",
                "ls",
                ".",
                "python3",
                "pytest",
                "ruff",
                "mypy",
                "mkdocs",
                "dask",
            }


INLINE = [
    pytest.param(command, id=f"{name_of(page)}: {command}")
    for page in PAGES
    if page.name != "CHANGELOG.md"
    for command in re.findall(r"`(smclassify \w+ [^`|]+)`", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("command", INLINE)
def test_a_command_inside_a_sentence_has_the_options_that_there_are(command: str) -> None:
    try:
        check_command(shlex.split(command))
    except typer.Exit:
        assert command.endswith("--help")
    except typer.TyperException as error:
        assert type(error).__name__ == "MissingParameter", error  # noqa: PT017 - a sentence may leave the file out


def test_an_unknown_option_is_seen() -> None:
    with pytest.raises(typer.TyperException, match="No such option"):
        check_command(["smclassify", "batch", "tasks.csv", "--colum", "x"])


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in PAGES])
class TestPage:
    def test_its_links_lead_somewhere(self, page: Path) -> None:
        for target in links_of(page):
            assert (page.parent / target).exists(), target

    def test_its_blocks_have_a_language(self, page: Path) -> None:
        for block in blocks_of(page):
            if page.parent == ROOT / "docs" or block.language:
                assert block.language in LANGUAGES | {""}, block.line

    def test_it_is_in_the_navigation(self, page: Path) -> None:
        place = name_of(page).removeprefix("docs/")
        assert place == "README.md" or f": {place}\n" in NAVIGATION, f"add {place} to mkdocs.yml"


def test_what_the_code_says_of_itself_is_up_to_date() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import make_reference  # type: ignore[import-not-found, unused-ignore]

    tip = "run: python tools/make_reference.py"
    assert make_reference.COMMANDS.read_text(encoding="utf-8") == make_reference.commands_page(), tip
    assert make_reference.ARCHITECTURE.read_text(encoding="utf-8") == make_reference.architecture_page(), tip


def exit_codes(text: str) -> list[int]:
    return [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]


def test_the_exit_codes_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert exit_codes(page) == exit_codes(README) == [0, 1, 2, 3, 4, 130]
    leaves = [
        error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, SmclassifyError)
    ]
    assert len(leaves) >= 8
    for leaf in leaves:
        assert f"| `{leaf.__name__}` | {leaf.exit_code} |" in page


def test_the_page_on_sales_and_marketing_says_what_the_definitions_say() -> None:
    page = (ROOT / "docs" / "sales-and-marketing.md").read_text(encoding="utf-8")
    catalogue = load_definitions()
    sales, marketing = catalogue.labels["sales"], catalogue.labels["marketing"]
    for trait in ("aim", "relationship", "horizon", "journey_stage", "success"):
        assert f"| {trait.replace('_', ' ')} | {getattr(sales, trait)} | {getattr(marketing, trait)} |" in page
    for title in catalogue.articles.values():
        assert f"*{title}*" in page
    labels = Counter(activity.label for activity in catalogue.activities.values())
    assert f"{labels.total()} activities, " in page
    assert ", ".join(f"{labels[name]} of {name}" for name in ("sales", "marketing")) in page


def test_the_model_card_has_the_figures_of_the_model() -> None:
    card = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    facts = load_model().facts
    for kind in ("held-out", "unlike"):
        [shown] = re.findall(rf"\(\*{kind}\*\) \| (.*) \|$", card, re.MULTILINE)
        figures = facts[kind.replace("-", "")]
        names = ("accuracy", "macro_f1", "coverage", "accuracy_ok")
        assert [float(cell) for cell in shown.split(" | ")] == [
            pytest.approx(figures[name], abs=0.01) for name in names
        ]


def test_the_known_errors_are_answers_of_the_model() -> None:
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (\w+), (0\.\d+) \|", page, re.MULTILINE)
    assert len(rows) >= 5
    for prediction, (_, label, confidence) in zip(load_model().predict(text for text, *_ in rows), rows, strict=True):
        assert prediction.label == label
        assert prediction.confidence == pytest.approx(float(confidence), abs=0.05)


def test_every_figure_of_an_evaluation_is_explained() -> None:
    for name in (*SCALARS, *COUNTS):
        assert f"`{name}`" in EVALUATE
    assert set(re.findall(r"`(\.\w+)`", EVALUATE)) == {f".{score}" for score in SCORES[1:]}


def test_the_readme_fits_a_screen_or_two_and_names_the_set_up() -> None:
    assert len(README.splitlines()) < 120
    lines = [line for block in blocks_of(ROOT / "README.md") if block.language == "sh" for line in block.lines()]
    assert 'pip install . && smclassify classify "cold call" "SEO audit"' in lines
    assert 'pip install -e ".[test]" && pytest' in lines
    for command in COMMANDS:
        assert f"smclassify {command}" in README
