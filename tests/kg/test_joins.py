"""Relations that join two others: what follows on each asset class, what does not, and how they are asked."""

import re
import string
from collections import Counter
from pathlib import Path

import pytest

from failwise.kg.export import export
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.importer import ImportOptions, stage
from failwise.kg.load import Ontology, load_ontology, ontology_files, shipped_folder
from failwise.kg.recheck import recheck
from failwise.kg.records import Direction, Fact, Polarity, Relation, Truth
from failwise.kg.vocabulary import FW, PREFIXES, REL

HEAD = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
VOCABULARY = [shipped_folder() / name for name in ("schema.ttl", "relations.ttl", "joins.ttl")]
JOINS = {
    "assetShownBy": ("hasFailureMode", "indicatedBy"),
    "causeLeadsTo": ("^causedBy", "hasEndEffect"),
    "causeShownBy": ("^causedBy", "indicatedBy"),
    "componentShownBy": ("^occursIn", "indicatedBy"),
    "mechanismShownBy": ("^hasMechanism", "indicatedBy"),
    "sensorCallsFor": ("^indicatedBy", "mitigatedBy"),
}

# Dirt causes wear, haste causes leaks; wear ends in a stop, leaks in a mess. All pairs are judged.
PUMP = """
source:book a fw:Source ; rdfs:label "a book"@en .
source:page a fw:Source ; rdfs:label "a page"@en .
asset:pump a fw:AssetClass ; rdfs:label "pump"@en ; dcterms:source source:book ;
    rel:hasFailureMode mode:pump.wear , mode:pump.leak .
mode:pump.wear a fw:FailureMode ; rdfs:label "wear"@en ; fw:ofAssetClass asset:pump ; fw:concept concept:wear ;
    rel:causedBy cause:dirt ; rel:hasEndEffect effect:stop .
mode:pump.leak a fw:FailureMode ; rdfs:label "leak"@en ; fw:ofAssetClass asset:pump ; fw:concept concept:leak ;
    rel:causedBy cause:haste ; rel:hasEndEffect effect:mess .
concept:wear a fw:FailureModeConcept ; rdfs:label "wear"@en .
concept:leak a fw:FailureModeConcept ; rdfs:label "leak"@en .
cause:dirt a fw:Cause ; rdfs:label "dirt"@en .
cause:haste a fw:Cause ; rdfs:label "haste"@en .
effect:stop a fw:Effect ; rdfs:label "a stop"@en .
effect:mess a fw:Effect ; rdfs:label "a mess"@en .
sensor:vibration a fw:Sensor ; rdfs:label "vibration"@en .
sensor:colour a fw:Sensor ; rdfs:label "colour"@en .
"""
CAUSES = """
table:pump.causedBy a fw:FactTable ; fw:assetClass asset:pump ; fw:relation rel:causedBy ; fw:closed true ;
    dcterms:source source:book ; fw:reading "judged"@en ;
    fw:row mode:pump.wear , mode:pump.leak ; fw:candidate cause:dirt , cause:haste .
"""
EFFECTS = """
table:pump.hasEndEffect a fw:FactTable ; fw:assetClass asset:pump ; fw:relation rel:hasEndEffect ; fw:closed true ;
    dcterms:source source:page ; fw:reading "judged"@en ;
    fw:row mode:pump.wear , mode:pump.leak ; fw:candidate effect:stop , effect:mess .
"""
WHOLE = PUMP + CAUSES + EFFECTS


def read(tmp_path: Path, text: str) -> Ontology:
    path = tmp_path / "mine.ttl"
    path.write_text(HEAD + text)
    return load_ontology([*VOCABULARY, path], shipped=False)


def graph(tmp_path: Path, text: str) -> KnowledgeGraph:
    return KnowledgeGraph(read(tmp_path, text))


def leads(found: KnowledgeGraph, asset: str = "pump") -> dict[str, str]:
    return {f"{f.subject.slug}/{f.object.slug}": f.truth.value for f in found.query(asset, "causeLeadsTo")}


# --- what follows ---


def test_a_yes_goes_through_a_shared_failure_mode_and_a_no_through_none(tmp_path: Path) -> None:
    found = graph(tmp_path, WHOLE)
    assert found.findings == ()
    assert leads(found) == {"dirt/stop": "yes", "dirt/mess": "no", "haste/stop": "no", "haste/mess": "yes"}
    assert found.relations["causeLeadsTo"].chain == ("^causedBy", "hasEndEffect")


def test_the_derivation_holds_all_that_it_can_be_read_from(tmp_path: Path) -> None:
    both = "mode:pump.leak rel:causedBy cause:dirt ; rel:hasEndEffect effect:stop ."
    yes = graph(tmp_path, WHOLE + both).facts["pump/causeLeadsTo/dirt/stop"]
    assert (yes.truth, yes.basis, yes.source) == (Truth.YES, "derived", "book, page")
    assert yes.derivation == (
        "pump/causedBy/leak/dirt",
        "pump/causedBy/wear/dirt",
        "pump/hasEndEffect/leak/stop",
        "pump/hasEndEffect/wear/stop",
    )
    no = graph(tmp_path, WHOLE).facts["pump/causeLeadsTo/dirt/mess"]
    assert no.derivation == ("pump/causedBy/leak/dirt", "pump/hasEndEffect/wear/mess")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # Of effects only what is stated is known: dirt causes wear, and whether wear makes a mess nobody says.
        (PUMP + CAUSES, {"dirt/stop": "yes", "haste/mess": "yes"}),
        (PUMP + CAUSES.replace("closed true", "closed false") + EFFECTS, {"dirt/stop": "yes", "haste/mess": "yes"}),
        (PUMP.replace("rel:hasEndEffect effect:stop", "rdfs:comment 'x'") + CAUSES, {"haste/mess": "yes"}),
        # One leg alone joins nothing.
        (PUMP.replace("rel:hasEndEffect", "rel:hasLocalEffect") + CAUSES, {}),
    ],
    ids=["open effects", "open causes", "an effect nobody stated", "no effects"],
)
def test_what_is_not_decided_stays_unsaid(tmp_path: Path, text: str, left: dict[str, str]) -> None:
    assert leads(graph(tmp_path, text)) == left


def test_a_failure_mode_that_nobody_judged_leaves_no_no(tmp_path: Path) -> None:
    crack = """
    asset:pump rel:hasFailureMode mode:pump.crack .
    mode:pump.crack a fw:FailureMode ; rdfs:label "crack"@en ; fw:ofAssetClass asset:pump ; fw:concept concept:crack .
    """
    assert leads(graph(tmp_path, WHOLE + crack)) == {"dirt/stop": "yes", "haste/mess": "yes"}


NARROWER = 'asset:small a fw:AssetClass ; rdfs:label "small pump"@en ; fw:kindOf asset:pump .\n'
DENIED = """
<https://w3id.org/failwise/no/1> a owl:NegativePropertyAssertion ; owl:sourceIndividual asset:pump ;
    owl:assertionProperty rel:hasFailureMode ; owl:targetIndividual mode:pump.leak ; fw:assetClass asset:small .
"""


def test_inherited_facts_are_joined(tmp_path: Path) -> None:
    found = graph(tmp_path, WHOLE + NARROWER)
    assert leads(found, "small") == leads(found)
    fact = found.facts["small/causeLeadsTo/dirt/stop"]
    assert fact.basis == "derived" and fact.derivation == ("small/causedBy/wear/dirt", "small/hasEndEffect/wear/stop")


def test_a_failure_mode_that_the_asset_class_lacks_links_nothing(tmp_path: Path) -> None:
    found = graph(tmp_path, WHOLE + NARROWER + DENIED)
    assert leads(found, "small") == {"dirt/stop": "yes", "dirt/mess": "no", "haste/stop": "no", "haste/mess": "no"}
    assert "small/hasFailureMode/leak" in found.facts["small/causeLeadsTo/haste/mess"].derivation


def test_two_names_of_one_failure_mode_are_one(tmp_path: Path) -> None:
    other = PUMP.replace("rel:hasEndEffect effect:stop", "rdfs:comment 'x'")
    spelt = """
    mode:pump.abrasion a fw:FailureMode ; rdfs:label "abrasion"@en ; fw:ofAssetClass asset:pump ;
        fw:concept concept:wear ; rel:hasEndEffect effect:stop .
    """
    assert leads(graph(tmp_path, other + spelt))["dirt/stop"] == "yes"


def test_a_stated_no_wins_over_a_joined_yes(tmp_path: Path) -> None:
    said = """
    <https://w3id.org/failwise/no/2> a owl:NegativePropertyAssertion ; owl:sourceIndividual cause:dirt ;
        owl:assertionProperty rel:causeLeadsTo ; owl:targetIndividual effect:stop ; fw:assetClass asset:pump .
    """
    fact = graph(tmp_path, WHOLE + said).facts["pump/causeLeadsTo/dirt/stop"]
    assert (fact.truth, fact.basis) == (Truth.NO, "stated")


# --- a broader relation whose no counts ---

MONITORED = """
asset:pump rel:monitoredBy sensor:vibration .
table:pump.monitoredBy a fw:FactTable ; fw:assetClass asset:pump ; fw:relation rel:monitoredBy ; fw:closed true ;
    dcterms:source source:page ; fw:reading "judged"@en ;
    fw:row asset:pump ; fw:candidate sensor:vibration , sensor:colour .
"""


def test_what_is_not_monitored_shows_no_failure(tmp_path: Path) -> None:
    found = graph(tmp_path, PUMP + MONITORED + "mode:pump.wear rel:indicatedBy sensor:vibration .")
    shown = {f.id: (f.truth.value, f.derivation) for f in found.query("pump", "assetShownBy")}
    assert shown == {
        "pump/assetShownBy/colour": ("no", ("pump/monitoredBy/colour",)),
        "pump/assetShownBy/vibration": ("yes", ("pump/hasFailureMode/wear", "pump/indicatedBy/wear/vibration")),
    }
    assert found.statement(found.facts["pump/assetShownBy/colour"]).endswith("any failure mode of the pump")


def test_where_the_broader_relation_disagrees_it_is_unknown_and_said(tmp_path: Path) -> None:
    found = graph(tmp_path, PUMP + MONITORED + "mode:pump.wear rel:indicatedBy sensor:colour .")
    assert not list(found.query("pump", "assetShownBy"))
    (finding,) = found.findings
    assert finding.level == "WARN" and "'pump/monitoredBy/colour' is a no" in finding.message


# --- declarations that cannot be used ---

OWN = """
rel:mine a fw:Relation ; rdfs:label "mine"@en ; rdfs:domain fw:Cause ; rdfs:range fw:Effect ; fw:closedWorld false ;
    fw:forwardName "a"@en ; fw:inverseName "b"@en ; fw:statement "{subject} {object}"@en ;
    fw:denial "{subject} not {object}"@en .
rel:mine owl:propertyChainAxiom """
CAUSED = "[ owl:inverseOf rel:causedBy ]"


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (f"( {CAUSED} )", "exactly two relations, but 1 were found"),
        ("()", "exactly two relations, but 0 were found"),
        ('"causedBy hasEndEffect"', "exactly two relations, but 0 were found"),
        ("rel:causedBy", "exactly two relations, but 0 were found"),
        (f"( {CAUSED} rel:hasEndEffect rel:hasEndEffect )", "exactly two relations, but more were found"),
        ("_:loop . _:loop rdf:first rel:causedBy ; rdf:rest _:loop", "but more were found"),
        (f"( {CAUSED} rel:hasEndEfect )", f"names '{REL['hasEndEfect']}', which is no declared relation"),
        ('( "causedBy" rel:hasEndEffect )', "names 'causedBy', which is no declared relation"),
        ("( [ rdfs:label 'x' ] rel:hasEndEffect )", "names an unnamed node, which is no declared relation"),
        (f"( {CAUSED} rel:causeLeadsTo )", "causeLeadsTo, which is a chain itself"),
        (f"( rel:mine {CAUSED} )", "mine, which is a chain itself"),
        ("( rel:causedBy rel:hasEndEffect )", "causedBy ends in Cause, but hasEndEffect starts from FailureMode"),
        ("( [ owl:inverseOf rel:occursIn ] rel:hasEndEffect )", "starts from Component, but rdfs:domain is Cause"),
        (f"( {CAUSED} rel:indicatedBy )", "it ends in Sensor, but rdfs:range is Effect"),
        (f"( {CAUSED} rel:hasEndEffect ) , ( {CAUSED} rel:hasLocalEffect )", "has 2 chains"),
    ],
)
def test_a_chain_that_is_none_is_one_clear_error(tmp_path: Path, chain: str, said: str) -> None:
    found = graph(tmp_path, WHOLE + OWN + chain + " .")
    errors = [f for f in found.findings if f.level == "ERROR"]
    assert [f.node for f in errors] == [REL["mine"]] and said in errors[0].message
    assert not list(found.query(relation="mine"))
    assert leads(found)["dirt/stop"] == "yes", "the other relations go on"


def test_a_chain_of_ones_own_is_joined(tmp_path: Path) -> None:
    found = graph(tmp_path, WHOLE + OWN + f"( {CAUSED} rel:hasEndEffect ) .")
    assert {f.object.slug for f in found.query("pump", "mine", "dirt", truth=Truth.YES)} == {"stop"}


def test_a_chain_is_read_whole_when_a_few_files_changed(tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    folder.mkdir()
    for number in range(12):
        text = f'asset:p{number} a fw:AssetClass ; rdfs:label "p{number}"@en ; dcterms:source source:s .'
        (folder / f"{number:02}.ttl").write_text(HEAD + text)
    (folder / "source.ttl").write_text(HEAD + 'source:s a fw:Source ; rdfs:label "s"@en .')
    for path in VOCABULARY:
        (folder / path.name).write_bytes(path.read_bytes())

    def again() -> tuple[list[str], int]:
        found = recheck(ontology_files([folder], shipped=False), tmp_path / "cache")
        return [f.message for f in found.findings if f.level == "ERROR"], found.checked

    errors = again()[0]
    (folder / "00.ttl").write_text(HEAD + 'asset:p0 a fw:AssetClass ; rdfs:label "p 0"@en ; dcterms:source source:s .')
    assert again() == (errors, 5)
    (folder / "joins.ttl").write_text(VOCABULARY[2].read_text().replace("rel:hasEndEffect )", "rel:causedBy )"))
    now, checked = again()
    assert checked == 16 and any("causedBy starts from FailureMode" in e or "ends in Cause" in e for e in now)


# --- out and in again ---


@pytest.mark.parametrize("ending", [".csv", ".graphml", ".ttl"])
def test_joined_facts_are_worked_out_again_not_stated(tmp_path: Path, ending: str) -> None:
    before = read(tmp_path, WHOLE)
    path = tmp_path / f"out{ending}"
    export(before, path)
    if ending == ".ttl":
        after = KnowledgeGraph(load_ontology([path], shipped=False))
        assert dict(after.facts) == dict(KnowledgeGraph(before).facts)
        return
    staged = stage([path], tmp_path / "in", VOCABULARY, ImportOptions(look_alikes="off"), shipped=False)
    assert {c.relation for c in staged.draft.claims} == {"hasFailureMode", "causedBy", "hasEndEffect"}
    assert not [f for f in staged.draft.findings if "causeLeadsTo" in f.message]


# --- the shipped ontology ---


def joined(shipped: KnowledgeGraph) -> list[Fact]:
    return [f for f in shipped.facts.values() if f.relation in JOINS]


def test_the_shipped_joins_give_yes_and_no(shipped: KnowledgeGraph) -> None:
    assert {n: r.chain for n, r in shipped.relations.items() if r.chain} == JOINS
    counts = Counter((f.relation, f.truth.value) for f in joined(shipped))
    assert counts == {
        **{("assetShownBy", "yes"): 133, ("assetShownBy", "no"): 186},
        **{("causeLeadsTo", "yes"): 303, ("causeLeadsTo", "no"): 59},
        **{("causeShownBy", "yes"): 634, ("causeShownBy", "no"): 103},
        **{("componentShownBy", "yes"): 185, ("componentShownBy", "no"): 131},
        **{("mechanismShownBy", "yes"): 397, ("mechanismShownBy", "no"): 69},
        **{("sensorCallsFor", "yes"): 457, ("sensorCallsFor", "no"): 137},
    }


def test_the_shipped_joins_hold_against_the_tables_one_pair_at_a_time(shipped: KnowledgeGraph) -> None:
    """Judge every pair anew by going through the failure modes; asset classes have no table of what they lack."""
    for fact in joined(shipped):
        if fact.relation == "assetShownBy":
            continue
        first, second = (leg.removeprefix("^") for leg in JOINS[fact.relation])
        asset = fact.asset_class.slug
        modes = {f.object.slug for f in shipped.query(asset, "hasFailureMode", truth=Truth.YES)}
        pairs = [
            tuple(
                found.truth if (found := shipped.facts.get(f"{asset}/{relation}/{mode}/{end.slug}")) else Truth.UNKNOWN
                for relation, end in ((first, fact.subject), (second, fact.object))
            )
            for mode in modes
        ]
        if fact.truth is Truth.YES:
            assert (Truth.YES, Truth.YES) in pairs, fact.id
        else:
            assert all(Truth.NO in pair for pair in pairs), fact.id


def test_every_joined_fact_rests_on_facts_and_has_their_sources(shipped: KnowledgeGraph) -> None:
    for fact in joined(shipped):
        told = [shipped.facts[i] for i in fact.derivation]
        assert told and fact.source and {f.relation for f in told}.isdisjoint(JOINS)
        if fact.truth is Truth.YES:
            assert {f.truth for f in told} == {Truth.YES} and len({f.relation for f in told}) == 2
        else:
            assert {f.truth for f in told} == {Truth.NO}


@pytest.mark.parametrize(
    ("fact_id", "words"),
    [
        ("pump/assetShownBy/torque", "torque does not show any failure mode of the pump"),
        ("pump/componentShownBy/bearing/vibration", "on the pump, vibration can show a failure mode of bearing"),
        (
            "centrifugal-pump/causeLeadsTo/abrasive-solids-in-the-liquid/insufficient-system-pressure",
            "on the centrifugal pump, abrasive solids in the liquid can lead to insufficient system pressure",
        ),
    ],
)
def test_a_joined_fact_reads_well(shipped: KnowledgeGraph, fact_id: str, words: str) -> None:
    assert shipped.statement(shipped.facts[fact_id]) == words


# --- wordings ---

LANGUAGES = ("en", "de")


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module", params=LANGUAGES)
def worded(request: pytest.FixtureRequest) -> tuple[str, list[Relation]]:
    found = KnowledgeGraph(load_ontology(VOCABULARY, shipped=False), request.param)
    return request.param, [found.relations[name] for name in JOINS]


def test_a_join_is_asked_all_four_ways_in_both_languages(worded: tuple[str, list[Relation]]) -> None:
    for relation in worded[1]:
        assert Counter((f.direction, f.polarity) for f in relation.families) == {
            (d, p): 1 for d in Direction for p in Polarity
        }
        for family in relation.families:
            assert len(family.templates) >= 5 and len(family.multiple) >= 3
            assert family.relevancy.startswith("irrelevant_") == (family.polarity is Polarity.ELIMINATION)


def test_a_wording_has_the_slots_it_needs(worded: tuple[str, list[Relation]]) -> None:
    for relation in worded[1]:
        of_class = relation.domain == FW.AssetClass
        assert (
            slots(relation.statement)
            == slots(relation.denial)
            == {"asset", "object"} | (set() if of_class else {"subject"})
        )
        for family in relation.families:
            across = {"asset"} if family.direction is Direction.FORWARD else {"anchor"}
            for template in (*family.templates, *family.multiple):
                assert slots(template.text) == (across if of_class else {"asset", "anchor"}), template.text


def test_elimination_denies_and_selection_does_not(worded: tuple[str, list[Relation]]) -> None:
    language, relations = worded
    denies = r"\b(no|not|nothing|cannot|ruled out|left out)\b" if language == "en" else r"\b(nicht|nichts|keine?)\b"
    perhaps = r"there may be none|if any|one or none|es kann auch keine[rs]? sein|oder keine[rs]?\.|falls überhaupt"
    for family in (f for relation in relations for f in relation.families):
        for template in (*family.templates, *family.multiple):
            own = re.sub(perhaps, "", template.text)
            assert bool(re.search(denies, own)) is (family.polarity is Polarity.ELIMINATION), template.text
        assert all(re.search(perhaps, t.text) for t in family.multiple)
        assert not any(re.search(perhaps, t.text) for t in family.templates)


def test_no_wording_occurs_twice(shipped: KnowledgeGraph) -> None:
    texts = Counter(t.text for r in shipped.relations.values() for f in r.families for t in (*f.templates, *f.multiple))
    assert not [text for text, count in texts.items() if count > 1]


def test_german_puts_names_in_quotes() -> None:
    text = VOCABULARY[2].read_text(encoding="utf-8")
    wordings = re.findall(r'"([^"]*)"@de', text)
    assert len(wordings) > 200
    for wording in wordings:
        assert not slots(re.sub(r"„\{\w+\}“", "", wording)), wording
