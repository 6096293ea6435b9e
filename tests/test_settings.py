from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Run

from smclassify.columns import find_column
from smclassify.errors import SettingsError, UsageError
from smclassify.paths import SETTINGS_NAME, own_settings
from smclassify.settings import Setting, Settings, read_file, read_settings
from smclassify.tables.formats import open_table
from smclassify.tables.values import ReadOptions


def written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


HERE = Path("/team")
FILES = [
    pytest.param("", Settings(), id="empty"),
    pytest.param("\ufeff", Settings(), id="byte order mark"),
    pytest.param('column = "Task title"', Settings(column=Setting("Task title", "f")), id="column"),
    pytest.param('columns = ["label"]', Settings(columns=Setting(("label",), "f")), id="columns"),
    pytest.param('glossary = "a/b.csv"', Settings(glossary=Setting(HERE / "a" / "b.csv", "f")), id="glossary"),
    pytest.param('model = "/m"', Settings(model=Setting(Path("/m"), "f")), id="model"),
    pytest.param('model = "~/m"', Settings(model=Setting(Path("/home/ann/m"), "f")), id="home"),
    pytest.param('model = "~nobody-here/m"', Settings(model=Setting(HERE / "~nobody-here/m", "f")), id="no such home"),
    pytest.param(
        "[thresholds]\nconfidence = 0.9\nmargin = 0\nknown = 1",
        Settings(confidence=Setting(0.9, "f"), margin=Setting(0.0, "f"), known=Setting(1.0, "f")),
        id="thresholds",
    ),
]


@pytest.mark.parametrize(("content", "expected"), FILES)
def test_read_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, expected: Settings) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    settings = read_file(written(tmp_path / SETTINGS_NAME, content), "f")
    moved = {
        name: Setting(HERE / setting.value.relative_to(tmp_path), "f")
        for name in ("glossary", "model")
        if (setting := getattr(settings, name)) and setting.value.is_relative_to(tmp_path)
    }
    assert Settings(**moved).over(settings) == expected


KEYS = "The settings are column, columns, glossary, model, thresholds."
LIMITS = "The settings are thresholds.confidence, thresholds.margin, thresholds.known."
WRONG = [
    pytest.param('colum = "x"', "there is no setting 'colum'.", f"Did you mean column? {KEYS}", id="near miss"),
    pytest.param("[tool]", "there is no setting 'tool'.", KEYS, id="unknown"),
    pytest.param(
        "[thresholds]\nmargins = 0.1",
        "there is no setting 'thresholds.margins'.",
        f"Did you mean thresholds.margin? {LIMITS}",
        id="threshold",
    ),
    pytest.param("column = 3", "column has a wrong value.", 'column = "Task title"', id="number"),
    pytest.param('column = " "', "column has a wrong value.", 'column = "Task title"', id="blank"),
    pytest.param('columns = "label"', "columns has a wrong value.", 'columns = ["label", "confidence"]', id="text"),
    pytest.param("columns = []", "columns has a wrong value.", 'columns = ["label", "confidence"]', id="empty list"),
    pytest.param("columns = [1]", "columns has a wrong value.", 'columns = ["label", "confidence"]', id="numbers"),
    pytest.param(
        'columns = ["score"]',
        "there is no new column 'score'.",
        "Choose from label, confidence, status, activity, definition, source.",
        id="new column",
    ),
    pytest.param("glossary = true", "glossary has a wrong value.", 'glossary = "glossary.csv"', id="truth value"),
    pytest.param('model = "a\\u0000b"', "model has a wrong value.", 'model = "team.safetensors"', id="NUL"),
    pytest.param("thresholds = 0.5", "thresholds has a wrong value.", "[thresholds]", id="no table"),
    *(
        pytest.param(
            f"[thresholds]\nknown = {value}",
            "thresholds.known has a wrong value.",
            "It is a number from 0 to 1, as in: known = 0.8",
            id=f"known {value}",
        )
        for value in ("1.01", "-0.1", "nan", "inf", "true", '"0.5"')
    ),
    pytest.param(
        "column = x", "the settings are not well formed TOML: Invalid value (at line 1, column 10).", "", id="x"
    ),
]


@pytest.mark.parametrize(("content", "message", "tip"), WRONG)
def test_wrong_settings(tmp_path: Path, content: str, message: str, tip: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_file(written(tmp_path / SETTINGS_NAME, content), "f")
    assert caught.value.message == f"f: {message}"
    assert caught.value.tip.endswith(tip)
    assert caught.value.exit_code == 2


def test_settings_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_bytes(b'column = "\xff"')
    with pytest.raises(SettingsError, match=r"^f: the settings are not UTF-8\.$"):
        read_file(tmp_path / SETTINGS_NAME, "f")
    with pytest.raises(SettingsError, match=r"^f: cannot read the settings: Is a directory\.$"):
        read_file(tmp_path, "f")


PLACES = [
    pytest.param(["work/smclassify.toml"], "work", "smclassify.toml", id="here"),
    pytest.param(["smclassify.toml"], "work/a", "../../smclassify.toml", id="above"),
    pytest.param(["smclassify.toml", "work/smclassify.toml"], "work/a", "../smclassify.toml", id="the nearest"),
    pytest.param(["smclassify.toml", "work/.git/HEAD"], "work/a", None, id="not above a repository"),
    pytest.param(["smclassify.toml", "work/.git"], "work/a", None, id="not above a worktree"),
    pytest.param(["work/smclassify.toml", "work/.git/HEAD"], "work/a", "../smclassify.toml", id="in a repository"),
    pytest.param(["work/smclassify.toml/x"], "work", None, id="a folder of that name"),
]


@pytest.mark.parametrize(("files", "folder", "origin"), PLACES)
def test_where_settings_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], folder: str, origin: str | None
) -> None:
    for file in files:
        written(tmp_path / file, 'column = "x"')
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / folder)
    assert read_settings() == Settings(column=Setting("x", origin) if origin else None)


def test_settings_are_merged_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / SETTINGS_NAME, 'column = "Task"\n[thresholds]\nconfidence = 0.9')
    own = written(
        own_settings(), 'column = "Title"\nglossary = "mine.csv"\n[thresholds]\nconfidence = 0.5\nmargin = 0.1'
    )
    monkeypatch.chdir(tmp_path)
    try:
        assert read_settings() == Settings(
            column=Setting("Task", SETTINGS_NAME),
            glossary=Setting(own.parent / "mine.csv", str(own)),
            confidence=Setting(0.9, SETTINGS_NAME),
            margin=Setting(0.1, str(own)),
        )
    finally:
        own.unlink()


def test_a_working_folder_that_was_deleted(tmp_path: Path) -> None:
    code = "import os; os.rmdir(os.getcwd()); from smclassify.settings import *; assert read_settings() == Settings()"
    (tmp_path / "gone").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "gone", check=True)


def test_without_a_file_no_toml_is_read(tmp_path: Path) -> None:
    code = "import sys; from smclassify.settings import *; read_settings(); assert 'tomllib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


COLUMNS = [
    pytest.param("id,Task title,task\n", None, "Task title", 1, id="as it is called"),
    pytest.param("id,Task title,task\n", None, "task TITLE", 1, id="in another case"),
    pytest.param("id,task\n", None, "Task title", 1, id="not there: a usual header"),
    pytest.param("id,Task title\n", "id", "Task title", 0, id="the option wins"),
    pytest.param("what\n", None, "Task title", 0, id="not there: the only column"),
    pytest.param("id,task,x\n", None, "3", 1, id="a number is no header"),
]


@pytest.mark.parametrize(("header", "wanted", "preferred", "place"), COLUMNS)
def test_the_preferred_column(tmp_path: Path, header: str, wanted: str | None, preferred: str, place: int) -> None:
    path = written(tmp_path / "tasks.csv", f"{header}1,2,3\n")
    with open_table(str(path), ReadOptions()) as table:
        assert find_column(table, wanted, Setting(preferred, SETTINGS_NAME)) == place


NO_COLUMN = [
    pytest.param(
        "id,what\n",
        "which column holds the activities? Here no column has one of the usual names, "
        "and none is called 'Task title' (smclassify.toml).",
        id="neither",
    ),
    pytest.param("Task title,x,Task title\n", "2 columns are called 'Task title' (smclassify.toml).", id="two"),
]


@pytest.mark.parametrize(("header", "message"), NO_COLUMN)
def test_no_preferred_column(tmp_path: Path, header: str, message: str) -> None:
    path = written(tmp_path / "tasks.csv", f"{header}1,2,3\n")
    with open_table(str(path), ReadOptions()) as table, pytest.raises(UsageError) as caught:
        find_column(table, None, Setting("Task title", SETTINGS_NAME))
    assert caught.value.message == f"{path}: {message}"


# --- the commands --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that commands run in, with a team's settings and a table."""
    written(tmp_path / "team.csv", "phrase,label\nQBR,sales\n")
    written(tmp_path / "tasks.csv", "id,Task title,task\n1,QBR with Ann,cold call\n2,cold call,payroll\n")
    written(
        tmp_path / SETTINGS_NAME,
        'column = "Task title"\ncolumns = ["label", "status"]\nglossary = "team.csv"\n[thresholds]\nconfidence = 1\n',
    )
    return tmp_path


def test_classify(run: Run, folder: Path) -> None:
    done = run("classify", "qbr", "cold call", "SEO audit")
    assert [line.split("\t")[1:4:2] for line in done.out.splitlines()] == [
        ["sales", "ok"],
        ["sales", "unsure"],
        ["marketing", "unsure"],
    ], folder


def test_batch(run: Run, folder: Path) -> None:
    done = run("batch", "tasks.csv")
    assert done.out == (
        "id,Task title,task,label,status\n1,QBR with Ann,cold call,sales,ok\n2,cold call,payroll,sales,unsure\n"
    ), folder
    assert "activities in column 2 'Task title'" in done.err
    assert "1 by the glossary" in done.err


def test_options_win(run: Run, folder: Path) -> None:
    written(folder / "other.csv", "phrase,label\ncold call,other\n")
    done = run("batch", "tasks.csv", "-c", "task", "--columns", "label", "--glossary", "other.csv", "-q")
    assert done.out == "id,Task title,task,label\n1,QBR with Ann,cold call,other\n2,cold call,payroll,other\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_without_the_column(run: Run, folder: Path, jobs: int) -> None:
    written(folder / "others.csv", "subject,id\npayroll run,1\nQBR,2\n")
    done = run("batch", "others.csv", "--jobs", jobs)
    assert done.out == "subject,id,label,status\npayroll run,1,other,unsure\nQBR,2,sales,ok\n"
    assert "activities in column 1 'subject'" in done.err


def test_a_changed_glossary_is_another_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smclassify.commands.opening import open_model, settings_in_use
    from smclassify.resume import identity

    monkeypatch.chdir(folder)

    def now() -> dict[str, object]:
        found = identity("tasks.csv", open_model(settings_in_use()), {})
        assert found is not None
        return found

    before = now()
    assert now() == before
    written(folder / "team.csv", "phrase,label\nQBR,marketing\n")
    assert {key for key, value in now().items() if before[key] != value} == {"the glossary"}
    written(folder / SETTINGS_NAME, "[thresholds]\nconfidence = 0.5\n")
    assert {key for key, value in now().items() if before[key] != value} == {"the glossary", "the thresholds"}
    assert now()["the glossary"] is None


def test_info(run: Run, folder: Path) -> None:
    lines = dict(line.split(": ", 1) for line in run("info").out.splitlines())
    assert lines["column"] == "Task title (smclassify.toml)"
    assert lines["columns"] == "label, status (smclassify.toml)"
    assert lines["glossary"] == f"{folder}/team.csv, phrases: 1 (smclassify.toml)"
    assert lines["confidence"] == "1.0000 (smclassify.toml)"
    assert lines["margin"].endswith(" (model)")
    assert lines["ok from"].startswith("confidence 1.0000, ")
    assert lines["model"].startswith(f"{ROOT}/models/smclassify.safetensors (shipped, ")


def test_info_json(run: Run, folder: Path) -> None:
    facts = json.loads(run("info", "--json").out)
    settings = facts["settings"]
    assert settings["column"] == {"value": "Task title", "origin": "smclassify.toml"}
    assert settings["glossary"] == {"value": f"{folder}/team.csv", "origin": "smclassify.toml", "phrases": 1}
    assert settings["confidence"] == {"value": 1.0, "origin": "smclassify.toml"}
    assert settings["known"] == {"value": facts["thresholds"]["known"], "origin": "model"}
    assert facts["model_origin"] == "shipped"


def test_info_without_settings(run: Run) -> None:
    lines = run("info").out.splitlines()
    assert lines[-6:-3] == [
        "column: the one with a usual header (default)",
        "columns: label, confidence, status, activity, definition (default)",
        "glossary: none (default)",
    ]
    assert all(line.endswith(" (model)") for line in lines[-3:])


def test_where_the_model_comes_from(run: Run, folder: Path) -> None:
    shipped = (ROOT / "models" / "smclassify.safetensors").read_bytes()
    for name in ("team.safetensors", "other.safetensors"):
        (folder / name).write_bytes(shipped)
    written(folder / SETTINGS_NAME, 'model = "team.safetensors"\n')
    assert f"model: {folder}/team.safetensors (smclassify.toml, " in run("info").out
    assert "model: other.safetensors (--model, " in run("info", "--model", "other.safetensors").out
    own = written(folder / "config" / "smclassify" / SETTINGS_NAME, 'model = "mine"\n')
    written(folder / SETTINGS_NAME, "")
    done = run("info", XDG_CONFIG_HOME=str(folder / "config"))
    assert done.err.startswith(f"smclassify: error: {own.parent}/mine: cannot read the model file: ")
    assert done.err.endswith(f" The file is named in {own}.\n")
    assert run("info", "--model", "none").err.count("The file is named") == 0


@pytest.mark.parametrize(
    "command", [("classify", "x"), ("batch", "tasks.csv"), ("info",)], ids=lambda command: command[0]
)
def test_a_mistake_in_the_settings_is_one_line(run: Run, folder: Path, command: tuple[str, ...]) -> None:
    written(folder / SETTINGS_NAME, 'glosary = "team.csv"\n')
    done = run(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "smclassify: error: smclassify.toml: there is no setting 'glosary'. Did you mean glossary? "
        "The settings are column, columns, glossary, model, thresholds.\n"
    )


def test_a_glossary_that_the_settings_name(run: Run, folder: Path) -> None:
    (folder / "team.csv").unlink()
    done = run("classify", "x")
    assert done.code == 1
    assert done.err.startswith(f"smclassify: error: {folder}/team.csv: cannot read the glossary: ")
    assert done.err.endswith("The file is named in smclassify.toml.\n")


def test_a_library_reads_no_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smclassify import load_model

    monkeypatch.chdir(folder)
    assert load_model().glossary is None
    assert load_model().thresholds.confidence < 1


# --- the other commands --------------------------------------------------------------------------------------------


def test_explain(run: Run, folder: Path) -> None:
    written(folder / SETTINGS_NAME, 'glossary = "team.csv"\n[thresholds]\nconfidence = 1\nknown = 1\n')
    by_glossary, by_model = (json.loads(run("explain", "--json", text).out) for text in ("QBR xqzvk", "SEO audit"))
    assert (by_glossary["label"], by_glossary["source"], by_glossary["phrase"]) == ("sales", "glossary", "QBR")
    assert by_glossary["unsure_because"] == []
    assert by_glossary["notes"][0] == "The glossary decided, by 'QBR'; all other figures are the model's."
    assert by_model["source"] == "model"
    assert [missed["measure"] for missed in by_model["unsure_because"]] == ["confidence"]
    assert not any("glossary" in note for note in by_model["notes"])


def test_evaluate(run: Run, folder: Path) -> None:
    written(folder / SETTINGS_NAME, 'column = "what"\nglossary = "team.csv"\n')
    rows = "1,QBR of the payroll,x,sales,seo\n2,payroll run,y,other,seo\n"
    written(folder / "checked.csv", f"id,What,task,label,activity\n{rows}")
    done = run("evaluate", "checked.csv", "--json")
    assert done.err.startswith(f"glossary: {folder}/team.csv (smclassify.toml)\n")
    assert "column 2 'What'" in done.err
    assert json.loads(done.out)["accuracy"] == 1.0
    written(folder / "other.csv", "phrase,label,activity\npayroll,marketing,seo\nx,sales,\n")
    figures = json.loads(run("evaluate", "checked.csv", "--json", "--glossary", "other.csv").out)
    assert (figures["accuracy"], figures["activity_top1"], figures["activity_top3"]) == (0.0, 1.0, 1.0)
    done = run("evaluate", "checked.csv", "--json", "--glossary", "other.csv", "-c", "task")
    assert "column 3 'task'" in done.err


def test_review(run: Run, folder: Path) -> None:
    written(folder / "tasks.corrections.csv", "text,label,activity,was,confidence,model\n")
    done = run("review", "tasks.csv", "--export", "-", "-o", "tasks.corrections.csv")
    assert "activities in column 2 'Task title'" in done.err
    assert [line.split(",")[3:] for line in done.out.splitlines()[1:]] == [
        ["sales", "ok", "account-management", "glossary"],
        ["sales", "unsure", "cold-outreach", "model"],
    ]


def test_define(run: Run, folder: Path) -> None:
    shipped = run("define").out
    written(folder / SETTINGS_NAME, 'model = "none"\n')
    done = run("define")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("The file is named in smclassify.toml.\n")
    (folder / "none").write_bytes((ROOT / "models" / "smclassify.safetensors").read_bytes())
    assert run("define").out == shipped != ""


# --- the page ------------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
[GLOSSARY] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
[TOML] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
[SHOWN] = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def run_line(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    written(folder / "team.csv", GLOSSARY)
    written(folder / "tasks.csv", "id,Task title\n1,QBR with Ann\n2,Brandt Pro launch\n3,payroll run\n")
    program = written(folder / "bin" / "smclassify", f'#!/bin/sh\nexec {sys.executable} -m smclassify "$@"\n')
    program.chmod(0o755)
    env = os.environ | {"PATH": f"{program.parent}:/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("with_settings", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page(tmp_path: Path, command: str, with_settings: bool) -> None:
    if with_settings:
        written(tmp_path / SETTINGS_NAME, TOML)
    done = run_line(command, tmp_path)
    assert done.returncode == 0, done.stderr
    if "batch" in command:
        assert done.stderr.endswith("; 2 by the glossary\n") == (with_settings or "--glossary" in command)


def test_the_answer_of_the_page(tmp_path: Path) -> None:
    command, shown = SHOWN
    assert run_line(command, tmp_path).stdout == shown


def test_the_page_has_commands_and_all_keys() -> None:
    assert len(COMMANDS) == 4
    for key in Settings._fields:
        assert f"| `{key}` |" in PAGE or f"| `thresholds.{key}` |" in PAGE
