from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclassify.definitions import (
    Definition,
    LabelDefinition,
    definitions_content,
    load_definitions,
    parse_definitions,
)
from smclassify.errors import DefinitionError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from smclassify.definitions import Catalogue

ACTIVITIES = {
    "sales": "prospecting cold-outreach lead-qualification one-to-one-meeting product-demonstration sales-presentation "
    "offer-and-quote objection-handling negotiation closing order-processing follow-up account-management upselling "
    "after-sales-service renewal-and-retention sales-planning",
    "marketing": "market-research audience-analysis branding content-creation video seo paid-search advertising "
    "social-media public-relations email-marketing campaign-planning lead-generation lead-nurturing "
    "events-and-webinars promotions-and-offers pricing-strategy product-development website-and-conversion "
    "marketing-analytics sales-enablement",
    "other": "finance people engineering-and-it science-and-research operations-and-logistics trades-and-production "
    "legal public-service administration care-and-teaching arts-and-culture private not-an-activity",
}


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_definitions()


@pytest.mark.parametrize("label", ACTIVITIES)
def test_every_activity_is_defined(shipped: Catalogue, label: str) -> None:
    assert shipped.activities_of(label) == tuple(ACTIVITIES[label].split())


def test_labels_say_what_tells_them_apart(shipped: Catalogue) -> None:
    assert list(shipped.labels) == ["sales", "marketing", "other"]
    for label in shipped.labels.values():
        traits = (label.text, label.aim, label.relationship, label.horizon, label.journey_stage, label.success)
        assert all(traits), label.slug
    assert shipped.labels["sales"].relationship.startswith("one-to-one")
    assert shipped.labels["marketing"].relationship.startswith("one-to-many")


def test_every_definition_is_a_sentence_that_fits_any_encoding_and_is_no_formula(shipped: Catalogue) -> None:
    for definition in (*shipped.labels.values(), *shipped.activities.values()):
        assert definition.text.endswith("."), definition.slug
        assert definition.text.isascii(), definition.slug
        assert definition.text[0] not in "=+-@", definition.slug
        assert definition.synonyms, definition.slug


def test_sales_and_marketing_name_their_articles(shipped: Catalogue) -> None:
    assert len(shipped.articles) == 5
    named = set()
    for definition in (*shipped.labels.values(), *shipped.activities.values()):
        assert set(definition.sources) <= set(shipped.articles), definition.slug
        assert bool(definition.sources) == (definition.label != "other"), definition.slug
        named |= set(definition.sources)
    assert named == set(shipped.articles)


FOUND = [
    pytest.param("sales", "sales", id="label"),
    pytest.param("cold-outreach", "cold-outreach", id="slug"),
    pytest.param("Cold Outreach", "cold-outreach", id="name"),
    pytest.param("COLD CALL", "cold-outreach", id="synonym"),
    pytest.param("q.b.r", None, id="not a synonym"),
    pytest.param("e-mail campaign", None, id="another spelling"),
    pytest.param("follow up", "follow-up", id="without hyphen"),
    pytest.param("SEM", "paid-search", id="acronym"),
]


@pytest.mark.parametrize(("name", "slug"), FOUND)
def test_find(shipped: Catalogue, name: str, slug: str | None) -> None:
    if slug is None:
        with pytest.raises(UsageError, match="No definition is called"):
            shipped.find(name)
    else:
        assert shipped.find(name).slug == slug


def test_a_slug_goes_before_a_name_and_a_name_before_a_synonym() -> None:
    labels = [
        {"slug": "a", "name": "B", "text": "T.", "synonyms": ["c", "d"]},
        {"slug": "b", "name": "C", "text": "T."},
    ]
    catalogue = parse_definitions({"labels": labels}, "")
    assert [catalogue.find(name).slug for name in "abcd"] == ["a", "b", "b", "a"]


def test_a_near_miss_suggests(shipped: Catalogue) -> None:
    with pytest.raises(UsageError) as caught:
        shipped.find("negotiatoin")
    assert caught.value.tip == "Did you mean negotiation?"


def test_a_far_miss_says_where_to_look(shipped: Catalogue) -> None:
    with pytest.raises(UsageError) as caught:
        shipped.find("xyzzy")
    assert "smclassify define" in caught.value.tip


def test_no_synonym_stands_for_two_things(shipped: Catalogue) -> None:
    for definition in (*shipped.labels.values(), *shipped.activities.values()):
        for alias in (definition.slug, definition.name, *definition.synonyms):
            assert shipped.find(alias) is definition, alias


LABEL = '[[labels]]\nslug = "x"\nname = "X"\ntext = "T."\n'
ACTIVITY = '[[activities]]\nslug = "a"\nname = "A"\nlabel = "x"\ntext = "T."\n'
BROKEN = [
    pytest.param("not toml", "cannot read the definitions", id="not TOML"),
    pytest.param("", "there are no labels", id="blank file"),
    pytest.param("labels = []", "there are no labels", id="no labels"),
    pytest.param("labels = 3", "labels must be entries with the heading [[labels]]", id="labels are a number"),
    pytest.param("labels = [3]", "labels must be entries", id="a label is a number"),
    pytest.param("[labels]\nslug = 'x'", "labels must be entries", id="single brackets"),
    pytest.param(f"{LABEL}activities = 1", "[[labels]] number 1 ('x') has an unknown field", id="below a heading"),
    pytest.param(f"activities = 1\n{LABEL}", "activities must be entries", id="activities are a number"),
    pytest.param(f"{LABEL}[[activity]]\n", "unknown part 'activity'", id="unknown part"),
    pytest.param(LABEL.replace("slug", "id"), "[[labels]] number 1 has no slug", id="no slug"),
    pytest.param(LABEL.replace("name", "title"), "[[labels]] number 1 ('x') has no name", id="no name"),
    pytest.param(LABEL.replace("text", "aim"), "[[labels]] number 1 ('x') has no text", id="no text"),
    pytest.param(f'{LABEL}label = "x"\n', "('x') has an unknown field 'label'", id="label of a label"),
    pytest.param(f"{LABEL}{ACTIVITY}colour = 1\n", "number 1 ('a') has an unknown field 'colour'", id="unknown field"),
    pytest.param(LABEL.replace('"T."', '" "'), "number 1 ('x'): text is blank", id="blank text"),
    pytest.param(LABEL.replace('"T."', "3"), "number 1 ('x'): text must be a text", id="number for a text"),
    pytest.param(LABEL.replace('"x"', "3"), "number 1 (3): slug must be a text", id="number for a slug"),
    pytest.param(LABEL.replace('"T."', '"=SUM(A1)"'), "text starts like a formula", id="formula"),
    pytest.param(LABEL.replace('"T."', '"\\u001b[31m"'), "text has an invisible character", id="terminal escape"),
    pytest.param(f'{LABEL}synonyms = "y"\n', "synonyms must be a list of texts", id="text for a list"),
    pytest.param(f'{LABEL}synonyms = ["y", 3]\n', "synonyms must be a text", id="number in a list"),
    pytest.param(f'{LABEL}aim = ["y"]\n', "aim must be a text", id="list for a text"),
    pytest.param(f"{LABEL}{LABEL}", "the slug 'x' is there twice", id="label twice"),
    pytest.param(f"{LABEL}{ACTIVITY}{ACTIVITY}", "the slug 'a' is there twice", id="activity twice"),
    pytest.param(LABEL + ACTIVITY.replace('"a"', '"x"'), "the slug 'x' is there twice", id="activity and label"),
    pytest.param(LABEL + ACTIVITY.replace('"x"', '"y"'), "a names the unknown label 'y'", id="unknown label"),
    pytest.param(f'{LABEL}sources = ["b"]\n', "x names the unknown article 'b'", id="unknown article"),
    pytest.param(f"articles = 1\n{LABEL}", "articles must be entries", id="articles are a number"),
    pytest.param(f"{LABEL}[articles.b]\n", "the article 'b' has no title", id="no title"),
    pytest.param(f"{LABEL}[articles.b]\ntitle = 1\n", "b: title must be a text", id="number for a title"),
    *(
        pytest.param(LABEL.replace('"x"', f'"{slug}"'), "slug is made of lowercase letters", id=f"slug {slug}")
        for slug in ("Hardware", "-a", "a,b", "a b", "a_b", "büro")
    ),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_broken_definitions(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "definitions.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DefinitionError, match=re.escape(message)) as caught:
        load_definitions(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_definitions(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot read the definitions"):
        load_definitions(tmp_path / "none.toml")


def test_a_label_without_activities_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "definitions.toml"
    more = 'synonyms = ["ex", "why"]\naim = "to be"\n[[labels]]\nslug = "y"\nname = "Ypsilon"\ntext = """U\n  V."""\n'
    path.write_text(LABEL + more + ACTIVITY.replace('"x"', '"y"'), encoding="utf-8-sig")
    catalogue = load_definitions(path)
    x = LabelDefinition("x", "X", "x", "T.", ("ex", "why"), (), "to be")
    y = LabelDefinition("y", "Ypsilon", "y", "U V.")
    assert catalogue.labels == {"x": x, "y": y}
    assert catalogue.activities == {
        "a": Definition("a", "A", "y", "T."),
        "x": Definition("x", "X", "x", "T.", ("ex", "why")),
    }
    assert catalogue.activities_of("x") == ("x",)
    assert catalogue.find("EX") is catalogue.find("x") is catalogue.labels["x"]
    assert [definition.slug for definition in catalogue.definitions] == ["x", "y", "a"]


def test_the_shipped_definitions_survive_being_written_down(shipped: Catalogue) -> None:
    assert parse_definitions(json.loads(json.dumps(definitions_content(shipped))), "") == shipped


LINES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1).map("\u00e9{}".format)
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,5}", fullmatch=True)
FIELDS = st.fixed_dictionaries(
    {"name": LINES, "text": LINES}, optional={"synonyms": st.lists(LINES), "aim": LINES, "success": LINES}
)


@given(st.dictionaries(SLUGS, st.tuples(FIELDS, st.booleans()), min_size=1))
def test_any_definitions_survive_being_written_down(entries: dict[str, tuple[dict[str, Any], bool]]) -> None:
    labels = [{"slug": slug, **fields} for slug, (fields, _) in entries.items()]
    activities = [
        {"slug": f"of-{slug}", "name": fields["name"], "label": slug, "text": fields["text"]}
        for slug, (fields, has_activity) in entries.items()
        if has_activity and f"of-{slug}" not in entries
    ]
    catalogue = parse_definitions({"labels": labels, "activities": activities}, "")
    assert list(catalogue.labels) == list(entries)
    assert all(len(catalogue.activities_of(label)) == 1 for label in entries)
    assert parse_definitions(json.loads(json.dumps(definitions_content(catalogue))), "") == catalogue


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["labels", "activities", "articles", "slug", "name", "text", "label"]), inner
            )
        ),
    )
)
def test_whatever_the_content_it_is_refused_in_words(content: object) -> None:
    with contextlib.suppress(DefinitionError):
        parse_definitions(content, "model")
