from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smclassify.definitions import load_definitions
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


ACTIVITY = '[[activities]]\nslug = "a"\nname = "A"\nlabel = "x"\ntext = "T."\n'
BROKEN = [
    pytest.param("not toml", "cannot read the definitions", id="not TOML"),
    pytest.param("labels = []", "missing or unknown field: 'activities'", id="no activities"),
    pytest.param(f"labels = []\n{ACTIVITY}", "a names the unknown label 'x'", id="unknown label"),
    pytest.param(f"labels = []\n{ACTIVITY}colour = 1\n", "unexpected keyword argument 'colour'", id="unknown field"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_broken_definitions(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "definitions.toml"
    path.write_text(content)
    with pytest.raises(DefinitionError, match=message):
        load_definitions(path)


def test_missing_definitions(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot read the definitions"):
        load_definitions(tmp_path / "none.toml")
