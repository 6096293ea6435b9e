from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import make_model
from hypothesis import given
from hypothesis import strategies as st

from smclassify.errors import GlossaryError
from smclassify.glossary import Entry, Glossary, load_glossary
from smclassify.model import STATUSES, Thresholds
from smclassify.predictions import GLOSSARY, MODEL, NONE
from smclassify.text import written_words

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

    from smclassify.model import Model


def glossary(*phrases: str) -> Glossary:
    return Glossary(tuple(Entry(phrase, "sales") for phrase in phrases))


MATCHES = [
    pytest.param(["QBR"], "qbr with Ann", "QBR", id="case"),
    pytest.param(["qbr"], "QBR", "qbr", id="case of the text"),
    pytest.param(["Acme Café"], "launch of ACME CAFE", "Acme Café", id="accents"),
    pytest.param(["Acme Cafe"], "launch of Acme Cafe\u0301", "Acme Cafe", id="accents of the text"),
    pytest.param(["QBR"], "ＱＢＲ prep", "QBR", id="full width"),
    pytest.param(["follow-up"], "Follow up!", "follow-up", id="punctuation"),
    pytest.param(["follow up"], "(follow/up)", "follow up", id="punctuation of the text"),
    pytest.param(["QBR"], "the QBRs", None, id="only whole words"),
    pytest.param(["R&D"], "R & D day", None, id="joined words are one"),
    pytest.param(["R&D"], "r&d day", "R&D", id="joined words"),
    pytest.param(["D"], "r&d day", None, id="a part of joined words"),
    pytest.param(["McDonald’s"], "call McDonald's", "McDonald’s", id="apostrophe"),
    pytest.param(["acme pro"], "acme the pro", None, id="only neighbours"),
    pytest.param(["acme pro"], "pro acme", None, id="only in order"),
    pytest.param(["acme pro"], "acme\npro", "acme pro", id="over a line end"),
    pytest.param(["X200"], "demo of the X-200.", "X200", id="letters and digits"),
    pytest.param(["X200"], "demo of the X300", None, id="other digits"),
    pytest.param(["360"], "360: kick-off", "360", id="only digits"),
    pytest.param(["Web 2.0"], "web 2.0, again", "Web 2.0", id="a number"),
    pytest.param(["Web 2"], "web 2.0", None, id="part of a number"),
    pytest.param(["acme.com"], "see www.acme.com", None, id="inside a link"),
    pytest.param(["www.acme.com"], "see www.acme.com/.", "www.acme.com", id="link"),
    pytest.param(["ann@acme.com"], "write to Ann@acme.com.", "ann@acme.com", id="mail"),
    pytest.param(["a" * 41], "a" * 40, None, id="beyond the length that the model sees"),
    pytest.param(["品牌"], "品牌 推广", "品牌", id="Chinese"),
    pytest.param(["acme", "acme pro"], "acme pro", "acme pro", id="the longest wins"),
    pytest.param(["acme pro", "acme"], "acme, acme pro", "acme pro", id="the longest wins, wherever"),
    pytest.param(["acme pro", "acme pro max"], "acme pro max", "acme pro max", id="the longest of one word"),
    pytest.param(["acme pro max", "acme pro"], "acme pro min", "acme pro", id="the longest that fits"),
    pytest.param(["alpha", "qbr"], "QBR about Alpha", "qbr", id="the first of two as long"),
    pytest.param(["acme pro", "pro shop"], "acme pro shop", "acme pro", id="the first of two that overlap"),
    pytest.param(["alpha", "extraordinarily"], "alpha extraordinarily", "alpha", id="length is counted in words"),
    pytest.param(["acme"], "", None, id="empty text"),
    pytest.param(["acme"], "!!!", None, id="text without words"),
    pytest.param([], "acme", None, id="no phrases"),
]


@pytest.mark.parametrize(("phrases", "text", "found"), MATCHES)
def test_find(phrases: list[str], text: str, found: str | None) -> None:
    entry = glossary(*phrases).find(text)
    assert (entry and entry.phrase) == found


WORDS = st.sampled_from(["qbr", "QBR", "r&d", "x200", "2.0", "7,", "é", "www.qbr.com", "a@b.co", "don't", "_qbr", "#1"])
TEXTS = st.text() | st.lists(WORDS, max_size=6).map(" ".join) | st.lists(WORDS, max_size=6).map("".join)


@given(st.lists(TEXTS.filter(lambda text: any(char.isalnum() for char in "".join(written_words(text))))), TEXTS)
def test_find_is_what_a_search_of_all_places_finds(phrases: list[str], text: str) -> None:
    words = written_words(text)
    by_words = {tuple(written_words(phrase)): phrase for phrase in phrases}
    places = [(-length, start) for length in range(1, len(words) + 1) for start in range(len(words) - length + 1)]
    found = [by_words.get(tuple(words[start : start - length])) for length, start in sorted(places)]
    expected = next(filter(None, found), None)
    entry = glossary(*by_words.values()).find(text)
    assert (entry and entry.phrase) == expected


OWN = Glossary((Entry("QBR", "sales"), Entry("rank sign", "marketing", "seo"), Entry("signing", "sales", "closing")))


def own_model() -> Model:
    return make_model(glossary=OWN, thresholds=Thresholds(0.9, 0.9, 0.9))


@given(st.lists(TEXTS | st.sampled_from(["rank sign", "signing", "call QBR", "sign rank sign", "web", "sign"])))
def test_predict_and_predict_table_agree(texts: list[str]) -> None:
    model = own_model()
    table = model.predict_table(texts)
    for place, prediction in enumerate(model.predict(text)[0] for text in ([text] for text in texts)):
        label, activity, source = table.label[place], table.activity[place], table.source[place]
        assert prediction.label == (None if label == NONE else model.labels[label])
        assert prediction.activity == (None if activity == NONE else model.activities[activity])
        assert prediction.status == STATUSES[table.status[place]]
        assert prediction.source == (None if source == NONE else ("model", "glossary")[source])
        assert prediction.confidence == pytest.approx(table.confidence[place])
        assert prediction.activity_confidence == pytest.approx(table.activity_confidence[place])
        if prediction.scores:
            assert list(prediction.scores.values()) == pytest.approx(table.probabilities[place].tolist())


def test_an_answer_by_the_glossary() -> None:
    model = own_model()
    [whole] = model.predict(["Rank Sign!"])
    assert (whole.label, whole.confidence, whole.status) == ("marketing", 1.0, "ok")
    assert whole.scores == {"sales": 0.0, "marketing": 1.0}
    assert (whole.activity, whole.activity_confidence) == ("seo", 1.0)
    assert whole.definition == model.catalogue.activities["seo"]
    assert whole.label_definition == model.catalogue.labels["marketing"]
    assert (whole.source, whole.phrase) == ("glossary", "rank sign")


def test_the_model_chooses_the_activity_where_the_glossary_does_not() -> None:
    [answer] = own_model().predict(["rank QBR"])
    assert (answer.label, answer.activity) == ("sales", "cold-outreach")
    [without] = make_model().predict(["rank QBR"])
    assert without.label == "marketing"
    [by_sign] = own_model().predict(["sign QBR"])
    [alone] = make_model().predict(["sign QBR"])
    assert (by_sign.activity, by_sign.activity_confidence) == (alone.activity, alone.activity_confidence)
    assert by_sign.activity == "closing"


def test_many_texts_get_the_same_answers_as_few() -> None:
    model, texts = own_model(), ["QBR", "rank sign", "call", "", "signing the call"]
    assert model.predict(texts * 20)[:5] == model.predict(texts)
    assert [answer.phrase for answer in model.predict(texts * 20)[:5]] == ["QBR", "rank sign", None, None, "signing"]


def test_the_model_decides_the_rest() -> None:
    [answer] = own_model().predict(["sign"])
    assert answer == make_model(thresholds=Thresholds(0.9, 0.9, 0.9)).predict(["sign"])[0]
    assert (answer.source, answer.phrase, answer.status) == ("model", None, "unsure")
    [empty] = own_model().predict([" "])
    assert (empty.source, empty.phrase) == (None, None)


def test_the_source_of_a_table() -> None:
    table = own_model().predict_table(["QBR", "sign", ""])
    assert table.source.tolist() == [GLOSSARY, MODEL, NONE]
    assert table.source.dtype == np.int8
    assert own_model().predict_proba(["QBR"]).tolist() == [[1.0, 0.0]]


def test_a_glossary_is_as_good_pickled() -> None:
    assert OWN.find("QBR")
    assert pickle.loads(pickle.dumps(OWN)) == OWN  # noqa: S301 - it is our own
    assert hash(pickle.loads(pickle.dumps(OWN))) == hash(OWN)  # noqa: S301 - likewise
    assert replace(OWN, entries=OWN.entries[1:]).digest != OWN.digest


FILES = [
    pytest.param("phrase,label\nQBR,sales\n", [Entry("QBR", "sales")], id="two columns"),
    pytest.param("\ufeffphrase,label\nQBR,sales\n", [Entry("QBR", "sales")], id="byte order mark"),
    pytest.param("phrase;label\r\nQBR;sales\r\n", [Entry("QBR", "sales")], id="semicolons, CRLF"),
    pytest.param("phrase\tlabel\nQBR\tsales", [Entry("QBR", "sales")], id="tabs, no final newline"),
    pytest.param(
        'Label, Phrase ,owner,ACTIVITY\nSales,"a, b",Ann,Closing\n', [Entry("a, b", "sales", "closing")], id="any order"
    ),
    pytest.param("phrase,label,activity\nQBR,SALES,\n", [Entry("QBR", "sales")], id="no activity"),
    pytest.param("phrase,label,activity\nQBR,sales\n", [Entry("QBR", "sales")], id="short row"),
    pytest.param("phrase,label,activity\na,sales,cold outreach\n", [Entry("a", "sales", "cold-outreach")], id="name"),
    pytest.param("phrase,label\n\nQBR,sales\n,\n", [Entry("QBR", "sales")], id="blank rows"),
    pytest.param("\n , \nphrase,label\nQBR,sales\n", [Entry("QBR", "sales")], id="blank rows first"),
    pytest.param('"Phrase";"label";owner, date, why\nQBR;sales;x\n', [Entry("QBR", "sales")], id="commas in a name"),
    pytest.param("phrase,label\nQBR,sales\nqbr!,sales\n", [Entry("QBR", "sales")], id="twice the same"),
    pytest.param('phrase,label\n"a\nb",sales\n', [Entry("a\nb", "sales")], id="a line end in a phrase"),
    pytest.param("phrase,label\na\u2028b,sales\n", [Entry("a\u2028b", "sales")], id="a line separator in a phrase"),
    pytest.param("phrase,label\n", [], id="no rows"),
]


@pytest.mark.parametrize(("content", "entries"), FILES)
def test_load_glossary(tmp_path: Path, model: Model, content: str, entries: list[Entry]) -> None:
    path = tmp_path / "team.csv"
    path.write_bytes(content.encode())
    loaded = load_glossary(path, model)
    assert loaded == Glossary(tuple(entries))
    assert loaded.path == path


HELP = "A glossary is a CSV file with the columns phrase and label, and activity if you like."
WRONG = [
    pytest.param(
        b"phrase,label\na,sale\n", ":2: there is no label 'sale'.", "Choose from sales, marketing.", id="label"
    ),
    pytest.param(b"phrase,label\na,\n", ":2: the label is blank.", "Choose from sales, marketing.", id="no label"),
    pytest.param(b"phrase,label\na\n", ":2: the label is blank.", "Choose from sales, marketing.", id="short row"),
    pytest.param(
        b"phrase,label,activity\na,sales,x\n",
        ":2: there is no sales activity 'x'.",
        "Choose from cold-outreach, closing.",
        id="activity",
    ),
    pytest.param(
        b"phrase,label,activity\na,sales,seo\n",
        ":2: there is no sales activity 'seo'.",
        "Choose from cold-outreach, closing.",
        id="activity of another label",
    ),
    pytest.param(
        b"phrase,label\n ,sales\n", ":2: the phrase is blank.", "Write one, or delete the row.", id="blank phrase"
    ),
    pytest.param(
        b"phrase,label\n$!,sales\n", ":2: '$!' has no word.", "A phrase needs letters or digits.", id="no word"
    ),
    pytest.param(
        b'phrase,label\n"a\nb",sales\nB,sales\nA-B,marketing\n',
        ":5: 'A-B' contradicts line 2.",
        "Keep one of the two.",
        id="two labels",
    ),
    pytest.param(
        b"phrase,label,activity\na,sales,\na,sales,closing\n",
        ":3: 'a' contradicts line 2.",
        "Keep one of the two.",
        id="two activities",
    ),
    pytest.param(b"term,label\na,sales\n", ":1: no column 'phrase'.", HELP, id="no phrases"),
    pytest.param(b"phrase,activity\na,seo\n", ":1: no column 'label'.", HELP, id="no labels"),
    pytest.param(b"", ":1: no column 'phrase'.", HELP, id="empty file"),
    pytest.param(b"\n\nlabel\nx\n", ":3: no column 'phrase'.", HELP, id="no phrases, below blank rows"),
    pytest.param(b"phrase,label,Label\na,b,c\n", ":1: two columns are called 'label'.", HELP, id="two labels"),
    pytest.param(
        b"label,phrase\nsales\n",
        ":2: the phrase is blank.",
        "Write one, or delete the row.",
        id="a short row",
    ),
    pytest.param(
        b"phrase,label\nAcme, Inc,sales\n",
        ":2: more cells than columns.",
        "Put a phrase that holds the separator between double quotes.",
        id="separator in a phrase",
    ),
    pytest.param(
        b'phrase,label\na,sales\n"b,sales\n', ":3: not well formed CSV: unexpected end of data.", HELP, id="open quote"
    ),
    pytest.param(
        b"phrase,label\na,sales\nbr\xfche,sales\n",
        ":3: the line is not UTF-8.",
        "Save the file as CSV in UTF-8.",
        id="not UTF-8",
    ),
]


@pytest.mark.parametrize(("content", "message", "tip"), WRONG)
def test_a_wrong_glossary(tmp_path: Path, model: Model, content: bytes, message: str, tip: str) -> None:
    path = tmp_path / "team.csv"
    path.write_bytes(content)
    with pytest.raises(GlossaryError) as caught:
        load_glossary(path, model)
    assert (caught.value.message, caught.value.tip) == (f"{path}{message}", tip)


def test_a_missing_glossary(tmp_path: Path, model: Model) -> None:
    with pytest.raises(GlossaryError) as caught:
        load_glossary(tmp_path / "none.csv", model)
    assert caught.value.message == f"{tmp_path}/none.csv: cannot read the glossary: No such file or directory."


# --- the commands --------------------------------------------------------------------------------------------------

TEAM = "phrase,label,activity\nQBR,sales,\ncold call,marketing,SEO\n"
TASKS = "id,task\n1,QBR w/ Ann\n2,Cold Call!\n3,payroll run\n4,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "team.csv").write_text(TEAM)
    (tmp_path / "tasks.csv").write_text(TASKS)
    return tmp_path


def test_classify(run: Run, folder: Path) -> None:
    done = run("classify", "--glossary", folder / "team.csv", "cold call", "cold calls")
    assert (done.code, done.err) == (0, "")
    first, second = (line.split("\t") for line in done.out.splitlines())
    assert first[:5] == ["cold call", "marketing", "1.0000", "ok", "seo"]
    assert (len(first), second[1]) == (6, "sales")


def test_classify_json(run: Run, folder: Path) -> None:
    done = run("classify", "--json", "--glossary", folder / "team.csv", "qbr", "payroll run")
    by_glossary, by_model = map(json.loads, done.out.splitlines())
    assert (by_glossary["source"], by_glossary["phrase"], by_glossary["confidence"]) == ("glossary", "QBR", 1.0)
    assert (by_model["source"], by_model["phrase"]) == ("model", None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_batch(run: Run, folder: Path, jobs: int) -> None:
    done = run("batch", "tasks.csv", "-o", "out.csv", "--glossary", "team.csv", "--jobs", jobs)
    assert (done.code, done.out) == (0, "")
    assert "4 rows: 1 sales, 1 marketing, 1 other; 3 ok, 1 empty; 2 by the glossary\n" in done.err
    header, *rows = (line.split(",") for line in (folder / "out.csv").read_text().splitlines())
    assert header == ["id", "task", "label", "confidence", "status", "activity", "definition", "source"]
    assert [(row[2], row[3], row[-1]) for row in rows[:2]] == [
        ("sales", "1.0000", "glossary"),
        ("marketing", "1.0000", "glossary"),
    ]
    assert (rows[2][2], rows[2][-1], rows[3][2:]) == ("other", "model", ["", "", "empty", "", "", ""])


def test_several_files(run: Run, folder: Path) -> None:
    (folder / "more.csv").write_text(TASKS)
    done = run("batch", "tasks.csv", "more.csv", "-o", "out/", "--glossary", "team.csv", "--columns", "source")
    assert "8 rows in 2 files: 2 sales, 2 marketing, 2 other; 6 ok, 2 empty; 4 by the glossary\n" in done.err
    expected = "id,task,source\n1,QBR w/ Ann,glossary\n2,Cold Call!,glossary\n3,payroll run,model\n4,,\n"
    assert (folder / "out" / "more.csv").read_text() == expected


def test_the_source_may_be_asked_for_without_a_glossary(run: Run, folder: Path) -> None:
    done = run("batch", "tasks.csv", "--columns", "label,source")
    assert done.out.splitlines()[:2] == ["id,task,label,source", "1,QBR w/ Ann,sales,model"]
    assert "by the glossary" not in done.err
    assert run("batch", "tasks.csv", "-q").out.splitlines()[0] == (
        "id,task,label,confidence,status,activity,definition"
    ), folder


@pytest.mark.parametrize("command", [("classify", "x"), ("batch", "tasks.csv")])
def test_a_wrong_glossary_is_one_line(run: Run, folder: Path, command: tuple[str, ...]) -> None:
    (folder / "team.csv").write_text("phrase,label\nQBR,sale\n")
    done = run(*command, "--glossary", "team.csv")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "smclassify: error: team.csv:2: there is no label 'sale'. Choose from sales, marketing, other.\n"
    )
