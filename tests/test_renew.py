from __future__ import annotations

import csv
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from teaching import PHRASES, QUICK, make_examples, noise, write_examples, write_table

from smclassify.artifact import load_model
from smclassify.commands.train import train as command
from smclassify.errors import DatasetError, GateError, SmclassifyError, UsageError
from smclassify.paths import own_examples, own_model, shipped, user_data
from smclassify.training.dataset import Example, read_examples
from smclassify.training.fit import cross_validate
from smclassify.training.plan import Request, prepare
from smclassify.training.renew import Renewal, renew
from smclassify.training.revision import CORRECTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from smclassify.training.verdict import Comparison


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("smclassify.training.fit.FitConfig", lambda: QUICK)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_examples(tmp_path / "data.csv", make_examples())


def corrections(path: Path, *rows: tuple[str, str]) -> Path:
    return write_table(path, ("text", "label"), rows)


# --- what corrections do -------------------------------------------------------------------------------------------

TAUGHT = {
    "customer welcome webinar": ("sales", ["run the customer welcome webinar", "customer welcome webinars"]),
    "newsletter for the nine pilot accounts": (
        "sales",
        ["newsletter to the nine pilot accounts", "the nine pilot accounts' newsletter"],
    ),
    "CRM pipeline cleanup": ("other", ["cleanup of the CRM pipeline", "CRM pipeline cleanup on Friday"]),
    "trade fair booth shift": ("sales", ["booth shift at the trade fair", "Tuesday trade fair booth shift"]),
    "fill in the win wire": ("marketing", ["win wire: fill in", "fill in win wire for May"]),
    "check forum mentions of us": ("other", ["check forum mentions", "forum mentions check"]),
    "discount approval for Brandt": ("other", ["approval of the Brandt discount", "Brandt discount approval"]),
    "phone the Leeds branch about leads": ("other", ["phone Leeds branch re leads", "leads: phone the Leeds branch"]),
    "partner portal tidy-up": ("sales", ["tidy up the partner portal", "partner portal tidy-up, part two"]),
    "testimonial visit to Okoro": ("marketing", ["visit Okoro for a testimonial", "Okoro testimonial visit"]),
}


def test_ten_corrections_are_seen_and_cost_nothing(tmp_path: Path) -> None:
    with shipped("data/labeled_activities.csv").open(encoding="utf-8", newline="") as handle:
        rows = [(row["text"], row["label"]) for row in islice(csv.DictReader(handle), 0, None, 60)]
    data = write_table(tmp_path / "data.csv", ("text", "label"), rows)
    path = corrections(tmp_path / "c.csv", *((text, label) for text, (label, _) in TAUGHT.items()))
    config = replace(QUICK, min_steps=120, batch=128, epochs=6, term_dropout=0.7)
    renewal = renew(prepare(Request(data, (path,))), config)
    assert renewal.corrections is not None
    assert (renewal.corrections.n, renewal.corrections.after, renewal.corrections.wrong) == (10, 10, ())
    assert renewal.corrections.before <= 3
    variants = [(variant, label) for label, variants in TAUGHT.values() for variant in variants]
    said = [of.label for of in renewal.result.model.predict([variant for variant, _ in variants])]
    assert sum(label == right for label, (_, right) in zip(said, variants, strict=True)) >= 18
    assert renewal.verdict is not None
    assert renewal.verdict.comparison is not None
    accuracy = renewal.verdict.comparison.accuracy
    assert accuracy.high >= 0


WRONG = [
    (f"{phrase} {noise(phrase[0] + phrase[-1], number)}", "marketing")
    for phrase in PHRASES["sales", "closing"]
    for number in range(10, 18)
]
"""Two dozen corrections that contradict as many examples."""


def compared(renewal: Renewal) -> Comparison:
    assert renewal.verdict is not None
    assert renewal.verdict.comparison is not None, renewal.verdict.about
    return renewal.verdict.comparison


def test_old_is_without_the_corrections_and_new_is_with_them(data: Path, tmp_path: Path) -> None:
    plan = prepare(Request(data, (corrections(tmp_path / "c.csv", *WRONG),)))
    assert [of.style for of in plan.material.examples] == ["name"] * 72 + [CORRECTION] * 24
    comparison = compared(renewal := renew(plan, replace(QUICK, term_dropout=0.7)))
    assert comparison.n == 72
    assert comparison.accuracy.old > 0.95
    assert comparison.accuracy.new < 0.95
    assert not renewal.passed
    assert renewal.corrections is not None
    assert (renewal.corrections.n, renewal.corrections.before, renewal.corrections.after) == (24, 0, 24)
    assert renewal.result.report.n_examples == {"sales": 24, "marketing": 48, "other": 24}


def test_how_often_corrections_are_learnt_in_cross_validation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: dict[str, set[int]] = {"train": set(), "renew": set()}

    def noted(module: str, features: Any, targets: Any, folds: Any, config: Any) -> Any:  # noqa: ANN401 - passed on
        for seen, _ in folds:
            times[module] |= set(np.bincount(seen, minlength=96)[72:].tolist())
        return cross_validate(features, targets, folds, config)

    for module in times:
        monkeypatch.setattr(f"smclassify.training.{module}.cross_validate", partial(noted, module))
    renew(prepare(Request(data, (corrections(tmp_path / "c.csv", *WRONG),))), QUICK)
    assert times == {"train": {0, 5}, "renew": {0}}


def test_an_example_in_whose_place_a_correction_stands_is_learnt_as_it_was_and_not_scored(
    data: Path, tmp_path: Path
) -> None:
    examples = make_examples()
    replaced = [of for of in examples if of.text.startswith("sign")]
    path = corrections(tmp_path / "c.csv", *((of.text.upper(), "marketing") for of in replaced[:-2]))
    plan = prepare(Request(data, (path,)))
    assert [of.text for of in plan.material.examples if of.style == CORRECTION] == [
        of.text.upper() for of in replaced[:-2]
    ]
    assert [old.label for old in plan.before if old is not None] == [of.label for of in examples]
    comparison = compared(renewal := renew(plan, QUICK))
    # the two that are left are sales in the eyes of the old one, and one or both marketing in those of the new one
    assert (comparison.n, comparison.accuracy.old) == (66, 1.0)
    assert comparison.accuracy.new < 0.99
    assert not renewal.passed


def test_a_near_copy_of_a_correction_is_never_held_out_while_that_is_learnt(data: Path, tmp_path: Path) -> None:
    [copied] = [of.text for of in make_examples() if of.text == f"sign contract {noise('st', 3)}"]
    path = corrections(tmp_path / "c.csv", (f"{copied} today", "other"))
    renewal = renew(prepare(Request(data, (path,))), QUICK)
    place = [of.text for of in make_examples()].index(copied)
    [fold] = [(seen, unseen) for seen, unseen in renewal.result.held_out.folds if place in unseen]
    assert 72 in fold[1]
    assert 72 not in fold[0]
    assert renewal.suspects == []  # a correction contradicts the examples, as it should


def test_where_corrections_leave_a_label_without_examples_nothing_is_compared(tmp_path: Path) -> None:
    few = [of for of in make_examples() if of.label != "other"]
    data = write_examples(
        tmp_path / "data.csv", [*few, *(Example(t, "other", "finance", "", "", 1) for t in ("pay", "owe", "tax"))]
    )
    path = corrections(tmp_path / "c.csv", ("pay", "sales"), ("owe", "sales"), ("tax", "sales"))
    renewal = renew(prepare(Request(data, (path,))), QUICK)
    assert renewal.result.model.labels == ("sales", "marketing")
    assert renewal.verdict is not None
    assert renewal.verdict.comparison is None
    assert renewal.verdict.about == "Without the corrections there are other labels, so there is nothing to compare."
    assert renewal.passed


# --- what is trained on --------------------------------------------------------------------------------------------


def test_what_a_plain_training_starts_from() -> None:
    plan = prepare(Request())
    assert (plan.in_use, plan.notes, len(plan.corrections)) == (None, [], 0)
    assert len(plan.material.examples) > 50_000
    assert len(plan.material.ambiguous) > 300
    assert plan.material.teacher is not None


def test_corrections_alone_go_with_the_examples_of_the_model_in_use(data: Path, tmp_path: Path) -> None:
    [undecided, *_] = prepare(Request()).material.ambiguous
    path = corrections(tmp_path / "c.csv", (undecided, "sales"), ("cold call", "marketing"))
    plan = prepare(Request(corrections=(path,)))
    base = f"{len(plan.material.examples) - 1} examples of {shipped('data/labeled_activities.csv')}"
    assert plan.notes == [f"{base} and 2 corrections: 1 of new texts, 1 in the place of an example"]
    assert undecided not in plan.material.ambiguous
    assert plan.material.teacher is not None
    assert {of.activity for of in plan.corrections} <= set(load_model().activities)
    command(data)
    plan = prepare(Request(corrections=(path,)))
    assert plan.notes == [
        f"72 examples of {own_examples()} and 2 corrections: 2 of new texts, 0 in the place of an example"
    ]
    assert (plan.material.teacher, plan.material.ambiguous) == (None, [])


def test_corrections_add_up(data: Path, tmp_path: Path) -> None:
    command(data)
    command(corrections=[corrections(tmp_path / "one.csv", ("feed cat", "other"))])
    command(corrections=[corrections(tmp_path / "two.csv", ("walk dog", "other"), ("Feed cat", "sales"))])
    assert [(of.text, of.label) for of in read_examples(own_examples()) if of.style == CORRECTION] == [
        ("Feed cat", "sales"),
        ("walk dog", "other"),
    ]
    assert [of.label for of in load_model().predict(["feed the cat", "walk the dog"])] == ["sales", "other"]


def change(path: Path) -> None:
    path.write_text(path.read_text().replace("other", "sales"))


LOST = [
    pytest.param(lambda path: path.unlink(), "the examples of your own model are missing", id="missing"),
    pytest.param(change, "these are not the examples that your own model was trained on", id="changed"),
]


@pytest.mark.parametrize(("damage", "message"), LOST)
def test_corrections_need_the_examples_of_the_own_model(
    data: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    command(data)
    damage(own_examples())
    with pytest.raises(DatasetError, match=rf"examples\.csv: {message}\.") as caught:
        prepare(Request(corrections=(corrections(tmp_path / "c.csv", ("feed cat", "other")),)))
    assert caught.value.tip.endswith("go back to the shipped ones with `smclassify train --reset`.")


def test_corrections_of_a_model_with_other_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definitions = tmp_path / "pets.toml"
    definitions.write_text(
        "".join(f'[[labels]]\nslug = "{slug}"\nname = "{slug}"\ntext = "A {slug}."\n' for slug in ("cat", "dog"))
    )
    rows = [
        (f"{word} {noise(word, number)}", pet)
        for pet, words in (("cat", "purr meow"), ("dog", "bark woof"))
        for word in words.split()
        for number in range(8)
    ]
    command(write_table(tmp_path / "pets.csv", ("text", "label"), rows), definitions=definitions)
    assert "not compared: The model in use has other labels (sales, marketing, other)" in capsys.readouterr().out
    command(corrections=[corrections(tmp_path / "c.csv", ("hiss", "cat"))])
    assert "corrected texts: 1; in use 0 right, new 1, " in capsys.readouterr().out
    [prediction] = load_model().predict(["hiss"])
    assert (prediction.label, prediction.definition and prediction.definition.text) == ("cat", "A cat.")
    with pytest.raises(DatasetError, match="unknown label 'sales'"):
        command(corrections=[corrections(tmp_path / "d.csv", ("hiss", "sales"))])


# --- the command ---------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_worse_is_put_to_use(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(data)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "examples: 72 (24 sales, 24 marketing, 24 other)"
    assert (
        "compared on 72 texts; old: the model in use; new: held out in cross-validation; both on these examples" in out
    )
    assert out[-2].startswith("not worse: ")
    assert out[-1] == f"in use from now on: your own model, {own_model()}"
    assert load_model().facts["data"]["rows"] == 72
    command(data)
    seen = "The model in use was trained on 72 of these 72 texts, so its figures on them would be flattered"
    assert f"not compared: {seen}, and the rest are too few to compare.\n" in capsys.readouterr().out


def test_settings_that_name_another_model_are_told_of(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smclassify.toml").write_text('model = "team.safetensors"\n')
    monkeypatch.chdir(tmp_path)
    command(data)
    told = f"smclassify.toml names another model, which stays in use here: {tmp_path / 'team.safetensors'}\n"
    assert told in capsys.readouterr().err
    command(data, output=tmp_path / "m")
    assert told not in capsys.readouterr().err


def test_few_texts_that_the_model_in_use_has_not_seen_are_compared(tmp_path: Path) -> None:
    data = write_examples(tmp_path / "few.csv", make_examples(2))
    assert compared(renew(prepare(Request(data)), QUICK)).n == 18


def test_labels_may_stand_in_another_order(data: Path, tmp_path: Path) -> None:
    order = ("other", "sales", "marketing")
    definitions = tmp_path / "d.toml"
    definitions.write_text("".join(f'[[labels]]\nslug = "{slug}"\nname = "X"\ntext = "X."\n' for slug in order))
    rows = [(of.text.upper() + " now", of.label) for of in make_examples()]
    command(write_table(tmp_path / "other.csv", ("text", "label"), rows), definitions=definitions, force=True)
    assert load_model().labels == order
    comparison = compared(renewal := renew(prepare(Request(data)), QUICK))
    assert renewal.result.model.labels == ("sales", "marketing", "other")
    assert comparison.accuracy.old > 0.95


def vocabulary(label: str) -> list[str]:
    """Return thirty words that only texts with this label have."""
    return [f"{label[0]}{one}{two}w" for one in "bcdfgh" for two in "jklmn"]


def test_a_worse_model_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = [label for label, _ in PHRASES]
    often = [
        (f"{word} {noise(word, number)}", label)
        for label in labels
        for word in vocabulary(label)
        for number in range(4)
    ]
    command(write_table(tmp_path / "often.csv", ("text", "label"), often), force=True)
    before = own_model().read_bytes(), own_examples().read_bytes()
    once = write_table(
        tmp_path / "once.csv",
        ("text", "label"),
        [(word, label) for label in labels for word in vocabulary(label)] + often[:5],
    )
    capsys.readouterr()
    with pytest.raises(GateError) as caught:
        command(once)
    assert (caught.value.exit_code, caught.value.message) == (4, "The new model is worse, so the one in use stays.")
    out = capsys.readouterr().out
    assert "compared on 90 texts; " in out
    assert "; 5 that the model in use was trained on are left out\n" in out
    assert "worse: the rule is to lose less than 0.5 points of accuracy, with 0 or a gain in the interval\n" in out
    assert (own_model().read_bytes(), own_examples().read_bytes()) == before
    command(once, output=tmp_path / "m")
    assert (own_model().read_bytes(), own_examples().read_bytes()) == before
    command(once, force=True)
    assert len(read_examples(own_examples())) == 95
    assert load_model().facts == load_model(tmp_path / "m").facts


def test_what_is_odd_about_the_data_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = make_examples()
    examples[4] = replace(examples[4], label="marketing", activity="seo")
    data = write_examples(tmp_path / "data.csv", [*examples, examples[7]])
    command(data, output=tmp_path / "m", save_pipeline=tmp_path / "p")
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == f"{data}:74: {examples[7].text!r} repeats line 9; left out"
    assert captured.err.splitlines()[1] == "labels to look at, since the other examples say otherwise:"
    assert captured.err.splitlines()[2].startswith(f"  {data}:6: {examples[4].text!r} is marketing, looks like sales (")
    assert captured.out.splitlines()[-2:] == [
        f"model written to {tmp_path / 'm'}",
        f"pipeline written to {tmp_path / 'p'}",
    ]
    assert not own_model().exists()


USAGE = [
    pytest.param({}, "There is nothing to train on.", id="nothing"),
    pytest.param({"force": True}, "There is nothing to train on.", id="force alone"),
    pytest.param({"save_pipeline": Path("p")}, "There is nothing to train on.", id="pipeline alone"),
    pytest.param({"reset": True, "data": Path("data.csv")}, "--reset goes alone.", id="reset and data"),
    pytest.param({"reset": True, "output": Path("m")}, "--reset goes alone.", id="reset and output"),
    pytest.param(
        {"data": Path("data.csv"), "output": Path("data.csv")},
        "data.csv: the output would replace the input.",
        id="input",
    ),
    pytest.param(
        {"corrections": [Path("data.csv")], "save_pipeline": Path("data.csv")},
        "data.csv: the output would replace the input.",
        id="pipeline over corrections",
    ),
]


@pytest.mark.parametrize(("options", "message"), USAGE)
def test_usage(data: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str) -> None:
    monkeypatch.chdir(data.parent)
    with pytest.raises(UsageError) as caught:
        command(**options)
    assert caught.value.message == message


def test_that_the_model_cannot_be_kept_is_said_before_training(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_data().parent.mkdir()
    user_data().write_text("a file")
    monkeypatch.setattr("smclassify.training.renew.renew", None)
    with pytest.raises(SmclassifyError, match="cannot keep your own model there"):
        command(data)
