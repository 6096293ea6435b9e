from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, make_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smclassify.artifact import default_examples_path, default_model_path, load_catalogue, load_model
from smclassify.atomic import Draft
from smclassify.errors import ArtifactError
from smclassify.examples import examples_of
from smclassify.paths import own_examples, own_model, shipped, user_data
from smclassify.training.dataset import Example, data_digest, read_examples
from smclassify.training.install import check_folder, install, reset

EXAMPLES = [
    Example("call, then sign", "sales", "cold-outreach", "name", "x", 2),
    Example('the "rank"\nof us', "marketing", "", "correction", "correction", 9),
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def fields(examples: list[Example]) -> list[Example]:
    """Return the examples as if they stood nowhere."""
    return [replace(example, line=0) for example in examples]


def put(n: int) -> None:
    """Install a model that says it is number n, with n examples."""
    examples = [replace(EXAMPLES[0], text=f"{number} calls") for number in range(n)]
    model = make_model(facts={"data": {"sha256": data_digest(examples)}, "number": n})
    check_folder()
    install(model, examples)


def found() -> tuple[int, int | None]:
    """Return the number of the model in use, and how many examples lie beside it; None without the file."""
    return load_model().facts["number"], len(read_examples(own_examples())) if own_examples().exists() else None


def test_without_an_own_model_the_shipped_one_is_used() -> None:
    assert default_model_path() == shipped("models/smclassify.safetensors")
    assert default_examples_path() == shipped("data/labeled_activities.csv")
    assert load_model().path == default_model_path()


def test_the_own_model_is_used_with_its_own_examples() -> None:
    model = make_model(facts={"data": {"sha256": data_digest(EXAMPLES)}})
    check_folder()
    assert install(model, EXAMPLES) == own_model() == default_model_path()
    assert load_model().predict(["call"]) == model.predict(["call"])
    assert fields(read_examples(default_examples_path())) == fields(EXAMPLES)
    assert examples_of(load_model()).rows == [(of.text, of.label, of.activity) for of in EXAMPLES]
    assert sorted(path.name for path in user_data().iterdir()) == ["examples.csv", "model.safetensors"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_any_text_comes_back_from_the_examples(texts: list[str]) -> None:
    examples = [replace(EXAMPLES[0], text=text) for text in texts]
    check_folder()
    install(make_model(facts={"data": {"sha256": data_digest(examples)}}), examples)
    assert data_digest(read_examples(own_examples())) == data_digest(examples)
    assert len(examples_of(load_model()).rows) == len(texts)


def test_a_newer_model_takes_the_place_of_an_older_one() -> None:
    put(1)
    put(2)
    assert found() == (2, 2)


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    put(1)
    for path in (own_model(), own_examples()):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    put(2)
    assert own_model().is_symlink()
    assert own_examples().is_symlink()
    assert found() == (2, 2)


CRASHING = """
import os, sys
sys.path[:0] = {path!r}
import test_install
test_install.put(1)
for step in range(1, 40):
    child = os.fork()
    if not child:
        n = 0
        def hook(event, arguments):
            global n
            if event in ("open", "os.rename", "os.remove", "os.chmod") and "smclassify" in str(arguments[0]):
                n += 1
                if n == step:
                    os._exit(9)
        sys.addaudithook(hook)
        test_install.put(2)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(*test_install.found(), code)
    if code != 9:
        break
    test_install.put(1)
"""


def test_a_crash_never_leaves_a_model_with_the_examples_of_another() -> None:
    code = CRASHING.format(path=[str(Path(__file__).parent)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    states = [tuple(line.split()) for line in done.stdout.splitlines()]
    assert states[-1] == ("2", "2", "0"), done.stderr
    assert len(states) >= 8
    assert {state[:2] for state in states} == {("1", "1"), ("1", "None"), ("2", "None"), ("2", "2")}


def test_what_cannot_be_written_leaves_the_old_model() -> None:
    put(1)
    draft = Draft(own_examples())  # as another run has it
    try:
        with pytest.raises(ArtifactError, match="another run is writing your own model"):
            put(2)
    finally:
        draft.discard()
    assert found() == (1, 1)


def test_a_full_disk_leaves_the_old_model(monkeypatch: pytest.MonkeyPatch) -> None:
    put(1)

    def full(*_: object) -> None:
        raise ArtifactError("cannot write the model file: No space left on device.")

    monkeypatch.setattr("smclassify.training.install.save_model", full)
    with pytest.raises(ArtifactError, match="No space left"):
        put(2)
    assert found() == (1, 1)
    assert sorted(path.name for path in user_data().iterdir()) == ["examples.csv", "model.safetensors"]


def test_a_model_that_cannot_be_replaced_leaves_nothing_behind() -> None:
    own_model().mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"model\.safetensors: cannot write your own model: ") as caught:
        put(1)
    assert caught.value.tip == "Write the model somewhere else with -o FILE."
    assert [path.name for path in user_data().iterdir()] == ["model.safetensors"]


def test_a_folder_that_cannot_be_written_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ArtifactError, match=r"smclassify: cannot keep your own model there: ") as caught:
        check_folder()
    assert caught.value.tip == "Write the model somewhere else with -o FILE."
    assert default_model_path() == shipped("models/smclassify.safetensors")


def test_reset() -> None:
    assert not reset()
    put(1)
    assert reset()
    assert list(user_data().iterdir()) == []
    assert default_model_path() == shipped("models/smclassify.safetensors")


def test_reset_of_half_a_model() -> None:
    put(1)
    own_model().unlink()
    assert reset()
    put(1)
    own_examples().unlink()
    own_model().write_bytes(b"damaged")
    assert reset()
    assert not reset()


def test_what_cannot_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert not reset()
    (tmp_path / "data").unlink()
    own_model().mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"model\.safetensors: cannot delete the file: "):
        reset()


RESET = "It is your own model; `smclassify train --reset` deletes it and goes back to the shipped one."


def damage_bytes() -> None:
    content = bytearray(own_model().read_bytes())
    content[-1] ^= 1
    own_model().write_bytes(content)


def dangling_link() -> None:
    own_model().unlink()
    own_model().symlink_to("nowhere")


DAMAGES = [
    pytest.param(damage_bytes, "the model file is damaged", id="damaged"),
    pytest.param(lambda: own_model().write_bytes(b""), "not a model file", id="empty"),
    pytest.param(dangling_link, "cannot read the model file", id="link to nowhere"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_damaged_own_model_is_an_error_that_says_the_way_out(damage: object, message: str) -> None:
    put(1)
    assert callable(damage)
    damage()
    for load in (load_model, load_catalogue):
        with pytest.raises(ArtifactError, match=message) as caught:
            load()
        assert caught.value.tip == RESET
    reset()
    assert load_model().path == shipped("models/smclassify.safetensors")


def test_a_model_that_is_named_is_not_called_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"")
    with pytest.raises(ArtifactError) as caught:
        load_model(tmp_path / "m")
    assert "--reset" not in caught.value.tip


def test_commands_and_the_own_model(run: Run) -> None:
    assert "smclassify.safetensors (shipped, " in run("info").out
    model = replace(load_model(), facts=load_model().facts | {"terms": 123})
    check_folder()
    install(model, EXAMPLES)
    os.utime(own_model(), (1e9, 1e9))
    shown = run("info", TZ="UTC").out
    assert f"\nmodel: {own_model()} (your own, trained 2001-09-09 01:46, 7.6 MB)\n" in shown
    assert "\nterms: 123\n" in shown
    damage_bytes()
    for arguments in (("classify", "cold call"), ("train", "--with", "x.csv")):
        done = run(*arguments)
        assert (done.code, done.out) == (1, "")
        assert (
            done.err
            == f"smclassify: error: {own_model()}: the model file is damaged (its digest does not match). {RESET}\n"
        )
    done = run("train", "--reset")
    assert (done.code, done.out, done.err) == (0, "your own model is deleted; the shipped one is in use\n", "")
    done = run("train", "--reset")
    assert (done.code, done.out) == (0, "you have no model of your own; the shipped one is in use\n")
