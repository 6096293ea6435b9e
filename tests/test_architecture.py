"""The rules of the house: who imports whom, and what an answer may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SOURCE = ROOT / "src" / "smclassify"
LAYERS = [
    {"errors", "paths", "text", "atomic", "streams", "journal"},
    {"definitions", "weights", "lines", "examples", "tokens", "substrings", "glossary", "columns", "report_groups"},
    {"word_rows"},
    {"batch_scoring", "tables", "neighbours", "settings"},
    {"predictions", "explanation"},
    {"model"},
    {"artifact", "batch", "comparison", "corrections", "digest", "review_order", "report"},
    {"helper", "resume", "corrections_file", "review"},
    {"parallel"},
    {"runs", "frames", "report_gather"},
    {"plain", "many", "review_export", "render_parts"},
    {
        "render",
        "cluster",
        "plain_explanation",
        "plain_evaluation",
        "plain_review",
        "plain_settings",
        "plain_comparison",
        "plain_report",
        "plain_training",
        "html_report",
    },
    {"render_explanation", "render_evaluation", "render_review", "render_comparison"},
    {"commands"},
    {"completion"},
    {"cli"},
    {"__main__"},
]
TABLES = [
    {"values", "excel_texts"},
    {"source", "cells", "records", "excel_read", "written_json"},
    {"dialect", "target"},
    {"delimited"},
    {"jsonl", "plain_lines"},
    {"convert"},
    {"arrow_values"},
    {"excel", "excel_cells", "excel_convert", "parquet"},
    {"excel_write"},
    {"formats"},
    {"beginning"},
]
TRAINING = [
    {"arrays"},
    {"evaluate", "vectorize", "vectors", "dataset", "labelled"},
    {"calibrate", "export", "fit", "answers", "revision", "audit", "install"},
    {"report", "teacher", "assessment"},
    {"train", "measure", "gates", "plots"},
    {"plan", "verdict"},
    {"renew"},
]


def imports(path: Path, *, at_start: bool = False) -> set[str]:
    """Return the modules that a file imports when it runs; with `at_start`, only those at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = set()
    for node in tree.body if at_start else ast.walk(tree):
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(modules: set[str], package: str) -> set[str]:
    prefix = f"{package}."
    return {name.removeprefix(prefix).split(".")[0] for name in modules if name.startswith(prefix)}


def modules_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]


def test_every_module_has_a_layer() -> None:
    assert {path.stem for path in modules_of(SOURCE)} | {"commands", "tables"} == set().union(*LAYERS)
    assert {path.stem for path in modules_of(SOURCE / "tables")} == set().union(*TABLES)
    assert {path.stem for path in modules_of(SOURCE / "training")} == set().union(*TRAINING)


@pytest.mark.parametrize("path", modules_of(SOURCE), ids=lambda path: path.stem)
def test_imports_point_one_way(path: Path) -> None:
    level = next(place for place, layer in enumerate(LAYERS) if path.stem in layer)
    below = set().union(*LAYERS[:level])
    assert own(imports(path), "smclassify") & set().union(*LAYERS) <= below


@pytest.mark.parametrize("path", modules_of(SOURCE / "commands"), ids=lambda path: path.stem)
def test_commands_know_nothing_of_each_other(path: Path) -> None:
    assert own(imports(path), "smclassify.commands") <= {"options", "opening"}
    assert "cli" not in own(imports(path), "smclassify")


ROOMS = [
    pytest.param(room, layers, path, id=f"{room}.{path.stem}")
    for room, layers in (("training", TRAINING), ("tables", TABLES))
    for path in modules_of(SOURCE / room)
]


@pytest.mark.parametrize(("room", "layers", "path"), ROOMS)
def test_imports_inside_a_room_point_one_way(room: str, layers: list[set[str]], path: Path) -> None:
    level = next(place for place, layer in enumerate(layers) if path.stem in layer)
    below = set().union(*layers[:level])
    names = {path.stem for path in modules_of(SOURCE / room)}
    assert own(imports(path), f"smclassify.{room}") & names <= below
    assert not own(imports(path), "smclassify") & {"plain", "render", "cli"}
    if room == "tables":
        assert own(imports(path), "smclassify") <= {"errors", "atomic", "streams", "tables"}


@pytest.mark.parametrize("path", modules_of(SOURCE) + modules_of(SOURCE / "commands"), ids=lambda path: path.stem)
def test_training_is_imported_only_inside_commands(path: Path) -> None:
    assert "training" not in own(imports(path, at_start=True), "smclassify")
    if path.parent.name != "commands":
        assert "training" not in own(imports(path), "smclassify")


def test_only_drawing_modules_import_rich_and_nothing_imports_click() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        roots = {name.split(".")[0] for name in imports(path)}
        assert "click" not in roots, path
        assert ("rich" in roots) == path.stem.startswith("render"), path


def test_modules_are_short() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


HEAVY = ["sklearn", "scipy", "pandas", "joblib", "torch", "pydantic", "numpy", "rich"]


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        pytest.param(
            ["classify", "cold call"],
            [*HEAVY, "csv", "smclassify.glossary", "smclassify.commands.batch"],
            id="classify",
        ),
        pytest.param(["explain", "cold call"], HEAVY, id="explain"),
        pytest.param(["define", "sales"], HEAVY, id="define"),
        pytest.param(["info"], HEAVY, id="info"),
        pytest.param(
            ["--help"],
            [*HEAVY, "smclassify.artifact", "smclassify.settings", "smclassify.tables", "tomllib"],
            id="help",
        ),
        pytest.param(
            ["batch", str(ROOT / "tests/samples/asana_export.csv")], [h for h in HEAVY if h != "numpy"], id="batch"
        ),
        pytest.param(
            ["diff", "shipped", "default", str(ROOT / "tests/samples/asana_export.csv")],
            [h for h in HEAVY if h != "numpy"],
            id="diff",
        ),
    ],
)
def test_an_answer_loads_nothing_heavy(arguments: list[str], forbidden: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["smclassify", *{arguments!r}]
from smclassify.cli import main
try:
    main()
except SystemExit as done:
    assert done.code in (0, None), done.code
sys.stdout.flush()
loaded = sorted(set({forbidden!r}) & set(sys.modules))
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
