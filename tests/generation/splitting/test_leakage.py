"""The certificate sees every way of crossing, and calls things by their name."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from failwise.cli_leakage import freeze, leakage
from failwise.errors import InputError
from failwise.files import content_id, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.question_files import read_questions
from failwise.generation.perturbing.base import Context
from failwise.generation.perturbing.options import blank
from failwise.generation.records import Arity, Question
from failwise.generation.splitting.askable import askable
from failwise.generation.splitting.crossings import Reader
from failwise.generation.splitting.external_coverage import external_coverage
from failwise.generation.splitting.leakage import LeakageCertificate, certify
from failwise.generation.splitting.near_duplicates import near_duplicates
from failwise.generation.splitting.splits import REGIMES, partition
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Polarity, Truth
from failwise.kg.suggest import has_meaning

INDICATED = "pump/indicatedBy"


def ask(graph: KnowledgeGraph, *fact_ids: str, direction: Direction = Direction.FORWARD, **fields: object) -> Question:
    """Return a question whose options rest on these facts; right is what is yes."""
    facts = [graph.facts[i] for i in fact_ids]
    forward = direction is Direction.FORWARD
    anchor = facts[0].subject if forward else facts[0].object
    options = tuple((f.object if forward else f.subject).label for f in facts)
    text = f"What goes with {anchor.label} on {facts[0].asset_class.label}?"
    made = Question(
        subject="failure_mode_sensor_analysis",
        id=content_id(text, fact_ids, str(direction), sorted(fields)),
        question=text,
        options=options,
        option_ids=tuple("ABCDEFGHIJ"[: len(facts)]),
        question_first=True,
        correct=tuple(f.truth is Truth.YES for f in facts),
        text_type="choice",
        asset_name=facts[0].asset_class.label,
        relevancy="relevant_sensors_for_failure_mode",
        question_type="mcp1_positive",
        asset_class=facts[0].asset_class.slug,
        relation=facts[0].relation,
        direction=direction,
        polarity=Polarity.SELECTION,
        arity=Arity.SINGLE,
        anchor=anchor.slug,
        fact_ids=fact_ids,
        tested_fact=fact_ids[0],
        template="hand-made",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def certified(graph: KnowledgeGraph, train: Sequence[Question], test: Sequence[Question]) -> LeakageCertificate:
    return certify(train, test, graph, semantic=False)


def whole_rows(graph: KnowledgeGraph, facts: Sequence[Fact]) -> list[Question]:
    """Return questions in both directions that use all of these facts that can be asked."""
    made = []
    for direction in Direction:
        rows: dict[tuple[str, str, str], list[Fact]] = {}
        for fact in facts:
            anchor = fact.subject if direction is Direction.FORWARD else fact.object
            rows.setdefault((fact.asset_class.slug, fact.relation, anchor.concept), []).append(fact)
        for row in rows.values():
            made += [ask(graph, *(f.id for f in row), direction=direction)]
    return made


@pytest.mark.parametrize("regime", REGIMES[1:])
def test_what_a_regime_parts_is_certified_to_be_apart(shipped: KnowledgeGraph, regime: str) -> None:
    found = partition(shipped, regime)
    sides = {
        split: whole_rows(shipped, [f for f in askable(shipped, shipped.facts.values()).values() if split in s(f.id)])
        for split in ("train", "test")
        for s in (found.side,)
    }
    both = [[replace(q, regime=regime, split=split) for q in questions] for split, questions in sides.items()]
    certificate = certified(shipped, *both)
    assert certificate.holds, certificate.broken
    assert {regime, "held-out-fact"} <= set(certificate.satisfied)
    backwards = certified(shipped, *reversed(both))
    assert backwards.crossing("facts").crossing == 0


@pytest.mark.parametrize("regime", ["held-out-fact", "held-out-asset"])
def test_generated_sets_keep_what_they_claim(shipped: KnowledgeGraph, regime: str) -> None:
    config = QuestionsConfig.model_validate(
        {
            "asset_classes": ["pump", "fan", "electric motor"],
            "relations": ["indicatedBy", "hasSeverity"],
            "regime": regime,
            "held_out": ["fan"] if regime == "held-out-asset" else [],
            "train_per_fact": 1,
            "test_per_fact": 1,
        }
    )
    questions = list(Synthesis(shipped, config))
    train, test = ([q for q in questions if q.split == split] for split in ("train", "test"))
    certificate = certified(shipped, train, test)
    assert certificate.regime == regime
    assert certificate.holds, certificate.broken


def table(graph: KnowledgeGraph, prefix: str, truth: Truth) -> list[str]:
    return [f.id for f in graph.facts.values() if f.id.startswith(f"{prefix}/") and f.truth is truth]


def test_a_fact_crosses_in_any_role_and_direction(shipped: KnowledgeGraph) -> None:
    row = f"{INDICATED}/bearing-damage"
    yes, no = table(shipped, row, Truth.YES), table(shipped, row, Truth.NO)
    column = shipped.facts[no[0]].object.slug
    right = next(
        i for i in table(shipped, INDICATED, Truth.YES) if i.endswith(f"/{column}") and "bearing-damage" not in i
    )
    train = ask(shipped, yes[0], no[0])
    test = ask(shipped, right, no[0], direction=Direction.INVERSE, regime="held-out-fact")
    certificate = certified(shipped, [train], [test])
    assert not certificate.holds
    crossing = certificate.crossing("facts")
    assert (crossing.crossing, crossing.questions, crossing.share) == (1, 1, 1.0)
    offence = crossing.examples[0]
    assert (offence.what, offence.train_question, offence.test_question) == (no[0], train.id, test.id)
    assert (offence.train_role, offence.test_role) == (
        "wrong option, forward selection",
        "wrong option, inverse selection",
    )
    assert certificate.strongest == "new-question"
    assert "recall, not generalisation" in certificate.markdown()


def test_inherited_facts_are_those_of_the_broader_class(shipped: KnowledgeGraph) -> None:
    narrow = [f for f in shipped.facts.values() if f.id.startswith("centrifugal-pump/causedBy/bearing-damage/")]
    inherited = [f for f in narrow if f.basis == "inherited"]
    train = ask(shipped, *(f.derivation[0] for f in inherited[:3]))
    test = ask(shipped, *(f.id for f in inherited[:3]))
    crossing = certified(shipped, [train], [test]).crossing("facts")
    assert crossing.crossing == 3
    assert crossing.examples[0].train_role


def test_a_rating_excludes_the_other_ratings(shipped: KnowledgeGraph) -> None:
    row = "fan/hasSeverity/bearing-damage"
    yes, no = table(shipped, row, Truth.YES), table(shipped, row, Truth.NO)
    certificate = certified(shipped, [ask(shipped, yes[0])], [ask(shipped, *no[:2])])
    assert certificate.crossing("facts").crossing == 2
    assert "held-out-fact" not in certificate.satisfied


def test_a_product_is_known_to_whom_its_factors_are(shipped: KnowledgeGraph) -> None:
    product = next(f for f in shipped.facts.values() if f.relation == "hasRiskPriorityNumber")
    certificate = certified(shipped, [ask(shipped, product.derivation[0])], [ask(shipped, product.id)])
    assert certificate.crossing("facts").crossing == 1


def test_pairs_of_names_cross_between_asset_classes(shipped: KnowledgeGraph) -> None:
    train = ask(shipped, "pump/indicatedBy/unbalance/vibration")
    test = ask(shipped, "fan/indicatedBy/unbalance/vibration", regime="held-out-pair")
    certificate = certified(shipped, [train], [test])
    assert certificate.crossing("facts").crossing == 0
    assert certificate.crossing("name pairs").examples[0].what == "unbalance / vibration"
    assert certificate.crossing("asset classes").crossing == 0
    assert certificate.satisfied == ("new-question", "held-out-fact", "held-out-asset")
    assert certificate.broken == ("held-out-pair: 1 name pairs cross, in 1 test questions (100.0 %)",)


def test_an_entity_is_held_out_only_if_training_never_names_it(shipped: KnowledgeGraph) -> None:
    test = ask(shipped, "fan/indicatedBy/unbalance/vibration", regime="held-out-entity")
    alone = ask(shipped, "pump/indicatedBy/bearing-damage/vibration")
    named = ask(shipped, "pump/indicatedBy/unbalance/power")
    assert certified(shipped, [alone], [test]).holds
    broken = certified(shipped, [alone, named], [test])
    assert broken.crossing("facts without a new entity").crossing == 1
    assert "held-out-entity: 1 facts about known things only cross" in broken.broken[0]
    assert "held-out-pair" in broken.satisfied
    assert broken.crossing("entities").crossing == 2


def test_asset_classes_cross_with_their_kin(shipped: KnowledgeGraph) -> None:
    train = ask(shipped, "pump/indicatedBy/unbalance/vibration")
    own = next(f for f in shipped.facts.values() if f.asset_class.slug == "centrifugal-pump" and f.basis == "stated")
    certificate = certified(shipped, [train], [ask(shipped, own.id, regime="held-out-asset")])
    assert certificate.crossing("facts").crossing == 0
    assert certificate.crossing("asset classes").crossing == 1
    assert not certificate.holds


def test_the_same_options_in_another_order_are_no_new_question(shipped: KnowledgeGraph) -> None:
    first = ask(shipped, *table(shipped, f"{INDICATED}/bearing-damage", Truth.YES)[:3], regime="new-question")
    turned = ask(shipped, *reversed(first.fact_ids), regime="new-question", question="Which one, then?")
    certificate = certified(shipped, [first], [turned])
    assert certificate.crossing("option sets").crossing == 1
    assert certificate.crossing("stems").crossing == 0
    assert certificate.strongest == ""
    assert not certificate.holds


def test_a_variant_of_a_training_question_is_no_new_question(shipped: KnowledgeGraph) -> None:
    facts = table(shipped, f"{INDICATED}/bearing-damage", Truth.YES)
    first = ask(shipped, *facts[:3])
    variant = ask(shipped, *facts[:2], perturbation="options", perturbation_of=first.id)
    certificate = certified(shipped, [first], [variant])
    assert certificate.crossing("option sets").crossing == 0
    assert certificate.crossing("originals").crossing == 1
    assert certificate.satisfied == ()


def test_without_facts_only_wordings_are_compared(shipped: KnowledgeGraph) -> None:
    plain = replace(ask(shipped, "pump/indicatedBy/unbalance/vibration"), fact_ids=(), tested_fact="", anchor="")
    other = replace(plain, id="2", options=("a sensor",), regime="held-out-fact")
    certificate = certified(shipped, [plain], [other])
    assert certificate.unlinked == (1, 1)
    assert certificate.satisfied == ("new-question",)
    assert "2 questions have no facts" in certificate.broken[0]
    assert certified(shipped, [plain], [replace(plain, id="3")]).crossing("questions").crossing == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"fact_ids": ("fan/indicatedBy/unbalance/vibration", "fan/indicatedBy/unbalance/power")},
        {"correct": (True, False)},
    ],
)
def test_a_question_that_says_otherwise_than_its_facts_proves_nothing(
    shipped: KnowledgeGraph, forged: dict[str, tuple[object, ...]]
) -> None:
    train = ask(shipped, "pump/indicatedBy/unbalance/vibration", "pump/indicatedBy/unbalance/power")
    own = ask(shipped, f"{INDICATED}/bearing-damage/temperature", f"{INDICATED}/bearing-damage/vibration")
    certificate = certified(shipped, [train], [replace(own, **forged)])  # type: ignore[arg-type]
    assert certificate.contrary == (0, 1)
    assert certificate.satisfied == ("new-question",)
    assert "0 training and 1 test questions name or mark their options otherwise" in certificate.markdown()
    translated = replace(own, options=("Temperatur", "Schwingung"), question="Was zeigt den Lagerschaden an?")
    assert certified(shipped, [train], [translated]).contrary == (0, 0)


def test_blank_options_ask_nothing_and_only_their_originals_are_compared(shipped: KnowledgeGraph) -> None:
    facts = table(shipped, f"{INDICATED}/bearing-damage", Truth.YES)
    sides = [ask(shipped, *facts[:2]), ask(shipped, *facts[2:4])]
    blanks = [blank(q, Context()) for q in sides]
    assert blanks[0].question == blanks[1].question
    certificate = certified(shipped, *([q, made] for q, made in zip(sides, blanks, strict=True)))
    assert (certificate.blank, certificate.unlinked) == ((1, 1), (0, 0))
    assert certificate.satisfied == certified(shipped, sides[:1], sides[1:]).satisfied != ()
    assert certified(shipped, [blanks[0]], [sides[1]]).unlinked == (1, 0)  # nothing tells what it is about
    assert certified(shipped, [sides[0]], [blanks[0]]).crossing("originals").crossing == 1


def test_the_certificate_reads_as_json_and_as_text(shipped: KnowledgeGraph) -> None:
    train = ask(shipped, "pump/indicatedBy/unbalance/vibration", regime="new-question")
    test = ask(shipped, "pump/indicatedBy/unbalance/power", regime="new-question")
    certificate = certified(shipped, [train], [test])
    assert certificate.holds
    assert json.loads(json.dumps(certificate.to_json()))["crossings"][0]["name"] == "facts"
    text = certificate.markdown()
    assert "claimed regime new-question: holds" in text
    assert "| facts | 1 | 1 | 0 | 0 | 0.0 | no fact of the test stands in training" in text
    assert "| facts about known things only |  | 1 | 0 | 0 | 0.0 | every fact of the test is about something" in text
    assert "new-question forbids these in both: questions, originals, option sets." in text
    assert "character trigrams" in text


def test_an_empty_side_and_a_foreign_fact_are_refused(shipped: KnowledgeGraph, toy: KnowledgeGraph) -> None:
    question = ask(shipped, "pump/indicatedBy/unbalance/vibration")
    with pytest.raises(InputError, match="there is no test question"):
        certified(shipped, [question], [])
    with pytest.raises(InputError, match="the ontology does not have"):
        certified(toy, [question], [question])


# --- near-duplicates ---


def near_set(graph: KnowledgeGraph) -> tuple[list[Question], list[Question]]:
    fact = "pump/indicatedBy/unbalance/vibration"
    train = ask(graph, fact, question="Which sensor shows unbalance of a pump best?", template="one")
    test = [
        ask(graph, fact, question="Which of the sensors shows unbalance of a pump best?", template="two", id="same"),
        ask(graph, "pump/indicatedBy/unbalance/power", question=train.question, template="one", id="other fact"),
        ask(graph, fact, question="Which sensor shows no unbalance of a pump best?", polarity=Polarity.ELIMINATION),
        ask(graph, fact, question="What would you measure to detect that a rotor is off balance?", id="far"),
    ]
    return [train], test


MEANING = pytest.mark.skipif(not has_meaning(), reason="the extra `semantic` is not installed")


@pytest.mark.parametrize("semantic", [False, pytest.param(True, marks=MEANING)])
def test_a_duplicate_asks_for_the_same_in_nearly_the_same_words(shipped: KnowledgeGraph, semantic: bool) -> None:
    found = near_duplicates(*near_set(shipped), Reader(shipped).claims, semantic=semantic)
    assert (found.same_facts, found.reworded, found.alike) == (1, 1, 2)
    assert found.examples[0].test == "Which of the sensors shows unbalance of a pump best?"
    assert ("embeddings" in found.method) == semantic


def test_large_sets_are_sampled_and_say_so(shipped: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = near_set(shipped)
    monkeypatch.setattr("failwise.generation.splitting.near_duplicates.MOST_TEST", 2)
    found = near_duplicates(train, test, Reader(shipped).claims, semantic=False)
    assert (found.compared_test, found.test_stems, found.sampled) == (2, 4, True)
    assert near_duplicates(train, test, Reader(shipped).claims, semantic=False) == found


# --- other sets ---


def test_failuresensoriq_is_recall_for_who_was_taught_the_tables(shipped: KnowledgeGraph, data: Path) -> None:
    external = read_questions(data / "failuresensoriq" / "single_answer.jsonl", shipped)
    taught = [f for f in shipped.facts.values() if f.relation == "indicatedBy" and f.asset_class.slug != "fan"]
    fan = list(shipped.query(asset_class="fan", relation="indicatedBy"))
    whole = external_coverage(whole_rows(shipped, [*taught, *fan]), external, shipped, "FailureSensorIQ")
    rows = {r.what: r for r in whole.rows}
    assert whole.unlinked == 0
    assert all(rows[what].share == 1 for what in ("facts", "name pairs", "entities", "asset classes", "questions"))
    assert rows["facts"].of == 1342
    assert rows["asset classes"].of == 10
    assert "this training set holds of FailureSensorIQ 100.0 % of its facts (1,342 of 1,342)" in whole.sentence()
    part = {r.what: r for r in external_coverage(whole_rows(shipped, taught), external, shipped).rows}
    assert part["facts"].held == 1342 - 100
    assert part["asset classes"].held == 9
    assert 0.9 < part["name pairs"].share < 1


# --- the command line ---


@pytest.fixture
def command() -> typer.Typer:
    app = typer.Typer()
    app.command("leakage")(leakage)
    app.command("freeze")(freeze)
    return app


def call(command: typer.Typer, *arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_broken_claim_is_a_finding(shipped: KnowledgeGraph, command: typer.Typer, tmp_path: Path) -> None:
    first = ask(shipped, *table(shipped, f"{INDICATED}/bearing-damage", Truth.YES)[:2], regime="held-out-fact")
    leaky = replace(
        first, tested_fact=first.fact_ids[1], correct=(False, True), id="0" * 16, split="test", question="Again?"
    )
    write_records(tmp_path / "both.jsonl", [replace(first, correct=(True, False), split="train"), leaky])
    code, text = call(command, "leakage", tmp_path / "both.jsonl", "--by-letters", "--out", tmp_path / "out")
    assert code == 1
    assert "claimed regime held-out-fact: BROKEN" in text
    written = json.loads((tmp_path / "out" / "leakage.json").read_text())
    assert written["certificate"]["holds"] is False
    assert (tmp_path / "out" / "leakage.md").read_text() == text


def test_two_files_and_another_set(shipped: KnowledgeGraph, command: typer.Typer, tmp_path: Path) -> None:
    train = ask(shipped, "pump/indicatedBy/unbalance/vibration", "pump/indicatedBy/unbalance/power")
    test = ask(shipped, "fan/indicatedBy/unbalance/vibration", "fan/indicatedBy/unbalance/power")
    train, test = (replace(q, correct=(True, False)) for q in (train, test))
    write_records(tmp_path / "train.jsonl", [train])
    write_records(tmp_path / "test.jsonl", [test])
    paths = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    code, text = call(command, "leakage", *paths, "--against", paths[0], "--json", "--by-letters")
    found = json.loads(text)
    assert code == 0
    assert found["certificate"]["strongest"] == "held-out-asset"
    assert found["external"][0]["rows"][0] == {"what": "facts", "held": 2, "of": 2, "share": 1.0}
    with pytest.raises(InputError, match=r"train\.jsonl has no test question"):
        call(command, "leakage", paths[0])


def test_freezing_says_where_the_certificate_is(shipped: KnowledgeGraph, command: typer.Typer, tmp_path: Path) -> None:
    question = ask(shipped, "pump/indicatedBy/unbalance/vibration", "pump/indicatedBy/unbalance/power")
    write_records(tmp_path / "audit.jsonl", [replace(question, correct=(True, False))])
    assert call(command, "freeze", tmp_path / "audit.jsonl")[0] == 0
    told = json.loads(call(command, "freeze", tmp_path / "audit.jsonl", "--json")[1])
    assert Path(told["certificate"]).is_file()
    assert told["role"] == "audit"
