from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from test_assessment import collected, make_answers

from smclassify.errors import TableError, UsageError
from smclassify.training import plots
from smclassify.training.measure import assess
from smclassify.training.plots import check_plots, plot_paths, write_plots

if TYPE_CHECKING:
    from smclassify.training.assessment import Assessment

NAMES = [f"{name}.{kind}" for name in ("reliability", "coverage", "confusion") for kind in ("png", "svg")]


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    random = np.random.default_rng(0)
    answers = make_answers(random.integers(2, size=60).tolist(), random.random(60).tolist())
    return assess(collected(answers, [0] * 60, ("",)), ("sa$les$", "marke_ting"))


def test_plots_are_png_and_svg(assessment: Assessment, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "plots"
    write_plots(assessment, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert [path.name for path in plot_paths(folder)] == NAMES
    for path in folder.glob("*.png"):
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert content.endswith(b"IEND\xaeB`\x82")
        assert struct.unpack(">II", content[16:24]) == (750, 675)
    for path in folder.glob("*.svg"):
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 10


def test_equal_figures_give_equal_files(
    assessment: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plots(assessment, tmp_path / "one")
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "red")
    write_plots(assessment, tmp_path / "other")
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name
    assert mpl.rcParams["axes.facecolor"] == "red"


def test_what_is_there_is_replaced_only_by_force(assessment: Assessment, tmp_path: Path) -> None:
    check_plots(tmp_path / "new", "rows.csv", force=False)
    check_plots(tmp_path, "rows.csv", force=False)
    (tmp_path / "confusion.svg").write_text("precious")
    with pytest.raises(TableError, match=r"confusion\.svg: the file exists already\."):
        check_plots(tmp_path, "rows.csv", force=False)
    check_plots(tmp_path, "rows.csv", force=True)
    write_plots(assessment, tmp_path)
    assert "<svg" in (tmp_path / "confusion.svg").read_text()


def test_the_folder_is_a_file(assessment: Assessment, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(TableError, match="file: this is a file, not a folder"):
        check_plots(tmp_path / "file", "rows.csv", force=True)
    with pytest.raises(TableError, match="cannot make the folder"):
        write_plots(assessment, tmp_path / "file" / "plots")


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="Plots need matplotlib, which is not installed") as caught:
        check_plots(tmp_path, "rows.csv", force=False)
    assert caught.value.tip == "Install it: pip install 'smclassify[plot]'"
