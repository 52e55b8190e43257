"""Wordings in every language that ships: enough of them, with the right slots, and silent about the answer."""

import re
import string
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from failwise.kg.check import check
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.records import Direction, Family, Finding, Polarity, Relation
from failwise.kg.triples import Literal
from failwise.kg.vocabulary import FW, RDFS

LANGUAGES = ("en", "de")
FILES = [shipped_folder() / name for name in ("schema.ttl", "relations.ttl", "words-de.ttl")]
ONTOLOGY = load_ontology(FILES, shipped=False)
# What 10 means on the scale of each rating.
WORST = {
    "en": {"hasSeverity": "worst", "hasOccurrence": "almost certain", "hasDetection": "cannot be detected"},
    "de": {"hasSeverity": "am schwersten", "hasOccurrence": "fast sicher", "hasDetection": "nicht zu entdecken"},
}
NUMBERS = (*WORST["en"], "hasRiskPriorityNumber")

# That no option may be right is said in these words alone, so that a negation elsewhere is the question's own.
PERHAPS_NONE = {
    "en": r"there may be none|if any|There may be several, one or none|from none to all of them",
    "de": r"es kann auch keine[rs]? sein|falls überhaupt (\w+ )?eine?[rms]?\b|"
    r"Möglich sind mehrere, eine[rs]? oder keine[rs]?|Von keine[mr] bis zu allen",
}
ALL = {"en": r"\b(all|every|each)\b", "de": r"\b([Aa]lle|jede[nrs]?)\b"}
# How many are right is not for the wording to tell, and "none of these" must not be named by it.
COUNTS = {
    "en": r"\b(only one|all but|exactly|exception|at least|one or more|none of)\b",
    "de": r"\b(nur eine[rs]?|bis auf|genau|Ausnahme|mindestens|eine oder mehrere|genannt\w*)\b",
}
NOT = {
    "en": r"\b(not|no|cannot|nothing|other than|outside|in vain|leave (out|off|aside)|left out|ruled out|set aside|"
    r"dismiss|wrong|false|invisible|hidden|drops out|spared|beside the point|in spite of|still leave|"
    r"least|last|bottom|low|unlikely|unrelated|irrelevant|unimportant|insignificant|useless|ignored|disregard\w*|dropped|exclude)\b",
    "de": r"\b(nicht|nichts|keine?)\b",
}
# Words of a trouble or a scale, which negate nothing, and a negation that negates another.
HARMLESS = {"en": r"no longer|cannot be detected|very unlikely|must not be ignored", "de": r"nicht zu entdecken"}
ENGLISH = r"\b(the|of|which|these|is|not|and|or|none|failure|asset|select|mark|tick)\b"


@cache
def relations(language: str) -> dict[str, Relation]:
    return dict(KnowledgeGraph(ONTOLOGY, language).relations)


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def own_words(text: str, language: str) -> str:
    """Return a wording without what it says of none being right, and of scales."""
    return re.sub(f"{PERHAPS_NONE[language]}|{HARMLESS[language]}", "", text)


def english(text: str) -> str:
    """Return the English words of a German text; the names of slots are none."""
    return " ".join(re.findall(ENGLISH, re.sub(r"\{\w+\}", "", text), re.IGNORECASE))


def singles(family: Family) -> list[str]:
    return [t.text for t in family.templates]


def multiples(family: Family) -> list[str]:
    return [t.text for t in family.multiple]


def both(family: Family) -> list[str]:
    return singles(family) + multiples(family)


def said(node: str, predicate: str, language: str) -> list[str]:
    texts = ONTOLOGY.graph.objects(node, predicate)
    return [t.value for t in texts if isinstance(t, Literal) and t.language == language]


CASES = {
    f"{language}-{family.relation}.{family.direction}.{family.polarity}": (language, family)
    for language in LANGUAGES
    for relation in relations(language).values()
    for family in relation.families
}
RATED = {name: case for name, case in CASES.items() if case[1].relation in WORST["en"]}
each_family = pytest.mark.parametrize(("language", "family"), CASES.values(), ids=CASES)
each_relation = pytest.mark.parametrize("relation", relations("de").values(), ids=lambda r: r.name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_relation_is_asked_all_four_ways(language: str) -> None:
    for relation in relations(language).values():
        asked = Counter((f.direction, f.polarity) for f in relation.families)
        assert asked == {(d, p): 1 for d in Direction for p in Polarity}, relation.name


@each_family
def test_a_family_has_enough_wordings(language: str, family: Family) -> None:
    assert len(family.templates) >= (8 if family.relation == "indicatedBy" else 5)
    assert 3 <= len(family.multiple) <= 4


@each_family
def test_a_wording_names_what_it_asks_about(language: str, family: Family) -> None:
    needed = {"asset", "anchor"}
    if relations(language)[family.relation].domain == FW.AssetClass:
        needed = {"asset"} if family.direction is Direction.FORWARD else {"anchor"}
    for text in both(family):
        assert slots(text) == needed, text


@each_family
def test_a_wording_is_a_clean_sentence(language: str, family: Family) -> None:
    for text in both(family):
        assert text[0].isupper() and not re.search(r"\s\s|\s[.,;:?]|^\s|\s$", text), text
        assert text[-1] in "?.", text
    assert all(text.endswith("?") for text in singles(family))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wording_occurs_twice(language: str) -> None:
    families = [f for relation in relations(language).values() for f in relation.families]
    texts = Counter(re.sub(r"\W+", " ", text.casefold()) for f in families for text in both(f))
    assert not [text for text, count in texts.items() if count > 1]


@each_family
def test_a_wording_does_not_tell_how_many_are_right(language: str, family: Family) -> None:
    for text in both(family):
        assert not re.search(COUNTS[language], own_words(text, language), re.IGNORECASE), text


@each_family
def test_only_multiple_wordings_ask_for_all_and_allow_none(language: str, family: Family) -> None:
    for text in multiples(family):
        assert re.search(PERHAPS_NONE[language], text), text
        assert re.search(ALL[language], own_words(text, language), re.IGNORECASE), text
    for text in singles(family):
        assert not re.search(PERHAPS_NONE[language], text), text


@each_family
def test_a_negation_is_said_in_elimination_alone(language: str, family: Family) -> None:
    eliminates = family.polarity is Polarity.ELIMINATION
    for text in both(family):
        assert bool(re.search(NOT[language], own_words(text, language))) is eliminates, text


@pytest.mark.parametrize(("language", "family"), RATED.values(), ids=RATED)
def test_a_rating_is_asked_for_with_its_scale(language: str, family: Family) -> None:
    worst = WORST[language][family.relation]
    explained = [sum(worst in t and "10" in t for t in texts) for texts in (singles(family), multiples(family))]
    assert explained[0] >= 2 and explained[1] >= 1, explained


# --- German ---


@each_relation
def test_a_relation_has_german_words(relation: Relation) -> None:
    for predicate in (RDFS.label, FW.forwardName, FW.inverseName, FW.statement, FW.denial):
        (text,) = said(relation.iri, predicate, "de")
        assert text not in said(relation.iri, predicate, "en")
        assert not english(text), text
    needed = slots(relations("en")[relation.name].statement)
    assert slots(relation.statement) == slots(relation.denial) == needed
    assert not re.search(NOT["de"], relation.statement) and re.search(NOT["de"], relation.denial)
    assert relation.statement[0].islower() and not relation.statement.endswith("."), "it must fit into a sentence"


@each_relation
def test_german_holds_no_english(relation: Relation) -> None:
    for text in (text for family in relation.families for text in both(family)):
        assert not english(text), text


@each_relation
def test_german_quotes_names_so_that_any_gender_fits(relation: Relation) -> None:
    for family in relation.families:
        is_number = relation.name in NUMBERS and family.direction is Direction.INVERSE
        for text in both(family):
            bare = slots(re.sub(r"„\{\w+\}“", "", text))
            assert bare == ({"anchor"} if is_number else set()), text
            assert text.count("„") == text.count("“"), text


@pytest.mark.parametrize(("language", "words"), [("en", "None of these"), ("de", "Keine der genannten")])
def test_the_shipped_ontology_asks_in_every_language(language: str, words: str) -> None:
    graph = KnowledgeGraph.load(language=language)
    assert graph.none_of_these == words
    assert [name for name, relation in graph.relations.items() if not relation.families] == []
    assert {t.id.split(".")[-2] for r in graph.relations.values() for f in r.families for t in f.templates} == {
        language
    }


# --- wordings that are refused ---

FAMILY = """
@prefix fw: <https://w3id.org/failwise/ontology#> .
@prefix rel: <https://w3id.org/failwise/relation/> .
fw:f a fw:QuestionFamily ; fw:relation rel:indicatedBy ; fw:direction fw:Forward ; fw:polarity fw:Selection ;
    fw:analysis "a" ; fw:relevancy "relevant_things" ; fw:template "A {asset}?"@en , "B?"@en , "C?"@en , "D?"@en .
"""


def findings(tmp_path: Path, text: str) -> list[Finding]:
    path = tmp_path / "mine.ttl"
    path.write_text(FAMILY + text)
    return check(load_ontology([*FILES, path], shipped=False))


def test_a_family_may_go_without_wordings_for_several_answers(tmp_path: Path) -> None:
    assert findings(tmp_path, "") == []


@pytest.mark.parametrize("predicate", ["template", "multipleTemplate"])
@pytest.mark.parametrize("wording", ['"Which {thing}?"@en', '"Which {asset?"@en', '"Which {}?"@en', '"Which {asset}?"'])
def test_an_unknown_slot_is_one_clear_error(tmp_path: Path, predicate: str, wording: str) -> None:
    (found,) = findings(tmp_path, f"fw:f fw:{predicate} {wording} .")
    assert found.level == "ERROR" and found.node == FW.AssetClass.replace("AssetClass", "f")
    assert "language-tagged" in found.message and "no slots but {asset} and {anchor}" in found.message
    assert ("fw:multipleTemplate" in found.message) == (predicate == "multipleTemplate")
