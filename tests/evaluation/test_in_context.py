"""Exemplars in the prompt: which conditions are asked, what fits, what is kept, and what the table says of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.in_context.check import Material, check_in_context
from failwise.evaluation.in_context.config import InContextConfig
from failwise.evaluation.in_context.curation import Tells
from failwise.evaluation.in_context.job import ANSWERS, conditions
from failwise.evaluation.in_context.records import Shot, ShotAnswer
from failwise.evaluation.in_context.table import Result
from failwise.files import read_records
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.exemplars import Scripted, letters, questions_of, rationale_of

CONFIG = InContextConfig(shots=(0, 1, 2))


@pytest.fixture(scope="module")
def material(shipped: KnowledgeGraph) -> Material:
    """Return twelve questions to ask, and sixty with rationales to make exemplars of."""
    questions = questions_of(shipped)
    return questions[:12], questions[12:72], [rationale_of(q, shipped) for q in questions[12:72]]


def _check(material: Material, graph: KnowledgeGraph, model: Scripted, folder: Path, **changed: object) -> Result:
    config = CONFIG.model_copy(update=changed)
    return check_in_context(material, graph, model, config, folder, embedder=letters)[0]


def test_every_question_is_asked_under_every_condition(
    material: Material, shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    result = _check(material, shipped, Scripted(), tmp_path)
    names = [c.name for c in conditions(CONFIG)]
    assert names[0] == "zero-shot" and len(names) == 9 and "curated, k = 2, with rationale" in names
    assert [r.condition for r in result.rows] == names
    assert {(r.n, r.right, r.used) for r in result.rows} == {(12, 12, 0), (12, 12, 1), (12, 12, 2)}
    assert len(list(read_records(tmp_path / ANSWERS, ShotAnswer))) == 12 * 9


def test_no_exemplar_tells_a_tested_fact(material: Material, shipped: KnowledgeGraph, tmp_path: Path) -> None:
    model, tells = Scripted(), Tells(shipped)
    _check((material[1][:12], *material[1:]), shipped, model, tmp_path, shots=(0, 8))
    shown = [(q, s.question) for shots, q in model.asked for s in shots]
    assert len(shown) == 12 * 4 * 8
    assert not any(tells.of_question(q) & tells.of_question(e) for q, e in shown)


def test_exemplars_are_the_same_with_rationale_and_without_and_grow_by_one(
    material: Material, shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    _check(material, shipped, Scripted(), tmp_path)
    by_question: dict[tuple[str, str], dict[tuple[bool, int], tuple[str, ...]]] = {}
    for a in read_records(tmp_path / ANSWERS, ShotAnswer):
        by_question.setdefault((a.question_id, a.source), {})[a.rationale, a.shots] = a.exemplars
    for (_, source), found in by_question.items():
        if source != "none":
            assert found[True, 2] == found[False, 2] and found[True, 1] == found[True, 2][:1]
    first = {found[True, 1] for (_, source), found in by_question.items() if source == "random"}
    assert len(first) > 6  # chance draws anew for every question


def test_rationales_stand_in_the_prompt_without_citations(
    material: Material, shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    model = Scripted()
    _check(material, shipped, model, tmp_path)
    texts = {s.text for shots, _ in model.asked for s in shots}
    assert "" in texts and len(texts) > 5
    assert not any("[" in text or " ." in text or "  " in text for text in texts)


def test_what_does_not_fit_is_left_out_and_counted(material: Material, shipped: KnowledgeGraph, tmp_path: Path) -> None:
    longest = max(len(q.question.split()) for q in material[0])
    rows = {r.condition: r for r in _check(material, shipped, Scripted(context=longest), tmp_path / "a").rows}
    # Questions with a few words less than the longest one do not leave room for another question.
    assert rows["curated, k = 2, with rationale"].used == 0 and rows["curated, k = 2, with rationale"].fewer == 12
    assert rows["zero-shot"].unanswered == 0
    rows = {r.condition: r for r in _check(material, shipped, Scripted(context=1), tmp_path / "b").rows}
    assert (rows["zero-shot"].unanswered, rows["zero-shot"].right) == (12, 0)


def test_an_interrupted_check_goes_on(material: Material, shipped: KnowledgeGraph, tmp_path: Path) -> None:
    calls = 0

    def breaks(shots: Sequence[Shot], question: Question) -> bool:
        nonlocal calls
        calls += 1
        if calls > 3 * 30:  # three options each
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        _check(material, shipped, Scripted(breaks), tmp_path, batch_size=4)
    kept = len(list(read_records(tmp_path / ANSWERS, ShotAnswer)))
    assert kept == 28
    model = Scripted()
    whole = _check(material, shipped, model, tmp_path)
    assert len(model.asked) == 12 * 9 - kept
    assert whole == _check(material, shipped, Scripted(), tmp_path / "at once")
    other = Scripted(fingerprint="another model")
    _check(material, shipped, other, tmp_path)
    assert len(other.asked) == 12 * 9


def test_the_table_shows_what_rationales_are_worth(material: Material, shipped: KnowledgeGraph, tmp_path: Path) -> None:
    def reads(shots: Sequence[Shot], question: Question) -> bool:
        return any(s.text for s in shots)

    result = _check(material, shipped, Scripted(reads), tmp_path)
    found = {(c.first, c.second): c for c in result.comparisons}
    gain = found["curated, k = 1, with rationale", "zero-shot"]
    assert (gain.better, gain.worse, gain.difference) == (12, 0, 1) and 0 < gain.low < gain.high == 1
    assert gain.p == pytest.approx(2 / 2**12) and gain.adjusted == pytest.approx(8 * gain.p)
    assert found["random, k = 2, with rationale", "random, k = 2"].better == 12
    assert found["curated, k = 2", "random, k = 2"].p == 1
    text = result.markdown()
    assert "| curated, k = 1, with rationale | 1 | 12 | 1.0 | 0 | 100.0% |" in text
    assert f"+100.0 ({100 * gain.low:+.1f} to +100.0)" in text
    assert result.to_json()["curation"]["curated"]["verified"] == 1


def test_without_questions_or_exemplars_it_says_so(material: Material, shipped: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exemplar can be made: 12 questions, 0 rationales"):
        _check((material[0], material[1], []), shipped, Scripted(), tmp_path)
    with pytest.raises(InputError, match="no question with one right option"):
        _check(([], *material[1:]), shipped, Scripted(), tmp_path)


def test_no_exemplar_is_always_among_the_conditions() -> None:
    assert InContextConfig(shots=(4, 2, 2)).shots == (0, 2, 4)
    with pytest.raises(ValueError, match="0 to 32"):
        InContextConfig(shots=(-1,))
