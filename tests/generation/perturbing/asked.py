"""Questions made by hand from facts of a graph, and the toy ontology with German labels and other names."""

from collections.abc import Sequence
from pathlib import Path

from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, load_ontology
from failwise.kg.records import Direction, Polarity, Truth
from tests.conftest import toy_paths

SPOKEN = """
@prefix asset: <https://w3id.org/failwise/asset-class/> .
@prefix concept: <https://w3id.org/failwise/concept/> .
@prefix family: <https://w3id.org/failwise/family/> .
@prefix fw: <https://w3id.org/failwise/ontology#> .
@prefix mode: <https://w3id.org/failwise/failure-mode/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sensor: <https://w3id.org/failwise/sensor/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

asset:toy-pump rdfs:label "Spielpumpe"@de ; skos:altLabel "model pump"@en .
mode:toy-pump.bearing-damage rdfs:label "Lagerschaden"@de .
concept:bearing-damage rdfs:label "Lagerschaden"@de ; skos:altLabel "damaged bearing"@en , "Lagerdefekt"@de .
mode:toy-pump.seal-leakage rdfs:label "Dichtungsleckage"@de .
sensor:vibration rdfs:label "Schwingung"@de ; skos:altLabel "mechanical vibration"@en .
sensor:temperature rdfs:label "Temperatur"@de .
sensor:pressure rdfs:label "Druck"@de ; skos:altLabel "oil mist"@en .
sensor:noise rdfs:label "Geräusch"@de ; skos:altLabel "oil mist"@en , "sound level"@en .
fw:NoneOfThese rdfs:label "nichts davon"@de .

family:indicatedBy.forward.selection fw:template "Was zeigt {anchor} an ({asset})?"@de ;
    fw:multipleTemplate "Which of these signals show {anchor} on the {asset}?"@en .
family:indicatedBy.forward.elimination fw:template "Was zeigt {anchor} nicht an ({asset})?"@de ;
    fw:multipleTemplate "Which of these signals do not show {anchor} on the {asset}?"@en .
"""


def spoken(folder: Path) -> Ontology:
    """Return the toy ontology with what `SPOKEN` adds."""
    path = folder / "spoken.ttl"
    path.write_text(SPOKEN, encoding="utf-8")
    return load_ontology([*toy_paths(), path], shipped=False)


def ask(
    graph: KnowledgeGraph,
    anchor: str,
    options: Sequence[str],
    *,
    asset: str = "toy-pump",
    relation: str = "indicatedBy",
    polarity: Polarity = Polarity.SELECTION,
    direction: Direction = Direction.FORWARD,
    arity: Arity = Arity.SINGLE,
    none: bool = False,
) -> Question:
    """Return a question about one anchor with these options (slugs), and "none of these" behind them if wanted."""
    forward = direction is Direction.FORWARD
    pairs = [(anchor, o) if forward else (o, anchor) for o in options]
    facts = [next(graph.query(asset, relation, s, o)) for s, o in pairs]
    right = Truth.YES if polarity is Polarity.SELECTION else Truth.NO
    correct = [f.truth is right for f in facts]
    labels = [(f.object if forward else f.subject).label for f in facts]
    ids = [f.id for f in facts]
    kinds = [Kind.ANSWER if c else Kind.CONTRAST for c in correct]
    if none:
        correct, labels, ids = [*correct, not any(correct)], [*labels, graph.none_of_these], [*ids, ""]
        kinds.append(Kind.NONE_OF_THESE)
    family = next(f for f in graph.relations[relation].families if (f.direction, f.polarity) == (direction, polarity))
    template = (family.multiple if arity is Arity.MULTIPLE else family.templates)[0]
    label = (facts[0].subject if forward else facts[0].object).label
    single = arity is Arity.SINGLE
    return Question(
        subject=family.subject,
        id=f"{anchor}-{polarity}-{arity}-{'-'.join(options)}-{none}",
        question=template.text.format(asset=facts[0].asset_class.label, anchor=label),
        options=tuple(labels),
        option_ids=tuple("ABCDEFGHIJ"[: len(labels)]),
        question_first=True,
        correct=tuple(correct),
        text_type="choice",
        asset_name=facts[0].asset_class.label,
        relevancy=family.relevancy,
        question_type="mcp1_positive" if polarity is Polarity.SELECTION else "mcp1_negative",
        asset_class=asset,
        relation=relation,
        direction=direction,
        polarity=polarity,
        arity=arity,
        anchor=anchor,
        fact_ids=tuple(ids),
        tested_fact=ids[correct.index(True)] if single and sum(correct) == 1 else "",
        template=template.id,
        distractor_kinds=tuple(kinds),
        group="g1",
        difficulty="hard",
        split="test",
    )


def foreign(question: str, options: Sequence[str], right: int) -> Question:
    """Return a question of another set, which knows no facts."""
    return Question(
        subject="",
        id="foreign",
        question=question,
        options=tuple(options),
        option_ids=tuple("ABCDEFGHIJ"[: len(options)]),
        question_first=True,
        correct=tuple(i == right for i in range(len(options))),
        text_type="choice",
        asset_name="",
        relevancy="",
        question_type="",
    )
