"""Students that are simulated: one ignores its reasons, one copies the option that they end in."""

from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.faithfulness.alterations import CUTS
from failwise.evaluation.faithfulness.asking import OWN, Shown, Weigh
from failwise.evaluation.faithfulness.donors import Asked
from failwise.evaluation.faithfulness.effects import early_answering, effects
from failwise.evaluation.faithfulness.page import markdown
from failwise.evaluation.faithfulness.records import Altered, Behind, Effect
from failwise.evaluation.faithfulness.study import Study, study
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.coverage.answering import chosen
from tests.evaluation.exemplars import questions_of, rationale_of
from tests.training.conftest import question


@pytest.fixture(scope="module")
def asked(shipped: KnowledgeGraph) -> list[Asked]:
    return [
        (q, replace(chosen(q, q.answer), reasons=rationale_of(q, shipped).text)) for q in questions_of(shipped)[:60]
    ]


def scores(of: Question, choice: int) -> tuple[float, ...]:
    return tuple(0.0 if i == choice else -9.0 for i in range(len(of.options)))


def ignores(shown: Shown) -> list[tuple[float, ...]]:
    """Know the answer, whatever stands before it."""
    return [scores(of, of.answer) for of, _ in shown]


def named_last(of: Question, text: str) -> int:
    """Return the option that a text names last; the first where it names none."""
    return max(range(len(of.options)), key=lambda i: (text.lower().rfind(of.options[i].lower()), -i))


def copies(shown: Shown) -> list[tuple[float, ...]]:
    """Take the option that the reasons name last; conclude as the last sentence of the evidence does."""
    return [scores(of, named_last(of, altered.text)) for of, altered in shown]


def run(weigh: Weigh, asked: list[Asked], graph: KnowledgeGraph, folder: Path) -> tuple[Study, dict[str, Effect]]:
    found = study(weigh, asked, graph, folder / "behind.jsonl", batch_size=50)
    return found, {effect.kind: effect for effect in found.effects}


def test_who_ignores_its_reasons_never_moves(asked: list[Asked], shipped: KnowledgeGraph, tmp_path: Path) -> None:
    found, by_kind = run(ignores, asked, shipped, tmp_path)
    assert {(e.moved, e.followed, e.shift, e.variation, e.p) for e in found.effects} == {(0, 0, 0, 0, 1)}
    assert {e.before for e in found.effects} == {1}
    assert found.early is not None and found.early.area == 0 and set(found.early.same) == {1}
    assert by_kind["options exchanged"].targeted == len(asked)
    assert by_kind["options exchanged"].high < 0.1  # of sixty that never moved


def test_who_copies_its_reasons_follows_what_is_planted(
    asked: list[Asked], shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    names = [(q, replace(a, reasons=f"{a.reasons} So {q.options[q.answer]} it is.")) for q, a in asked]
    found, by_kind = run(copies, names, shipped, tmp_path)
    for kind in ("options exchanged", "exchanged in the conclusion"):
        assert (by_kind[kind].moved, by_kind[kind].followed, by_kind[kind].after) == (1, 1, 0)
        assert by_kind[kind].shift < -0.99 < 0.99 < by_kind[kind].variation
    for kind in ("exchanged in the evidence", "evidence removed", "a sentence negated"):
        assert by_kind[kind].moved == 0
    assert by_kind["removed"].moved == sum(q.answer != 0 for q, _ in asked) / len(asked)
    assert found.early is not None and 0 < found.early.low <= found.early.area <= 0.875
    assert "| options exchanged | 60 | 100.0 |" in markdown(found)


def test_an_interrupted_study_goes_on_where_it_stopped(
    asked: list[Asked], shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    calls: list[int] = []

    def interrupted(shown: Shown) -> list[tuple[float, ...]]:
        calls.append(len(shown))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return copies(shown)

    with pytest.raises(KeyboardInterrupt):
        run(interrupted, asked, shipped, tmp_path)
    path = tmp_path / "behind.jsonl"
    kept = path.read_bytes()
    path.write_bytes(kept + kept[: len(kept) // 3].rpartition(b"\n")[2])
    whole, _ = run(interrupted, asked, shipped, tmp_path)
    again, _ = run(copies, asked, shipped, tmp_path / "other")
    assert whole == again and path.read_bytes().startswith(kept)
    lines = len(path.read_bytes().splitlines())
    run(interrupted, asked, shipped, tmp_path)
    assert len(path.read_bytes().splitlines()) == lines


def test_answers_without_reasons_are_left_out_and_counted(
    asked: list[Asked], shipped: KnowledgeGraph, tmp_path: Path
) -> None:
    bare = [(q, replace(a, reasons=" ")) for q, a in asked[:5]]
    silent = [(q, replace(a, choice=None, scores=(), right=False)) for q, a in asked[5:7]]
    found, _ = run(ignores, [*bare, *silent, *asked[7:]], shipped, tmp_path)
    assert (found.questions, found.left_out) == (53, 7)
    with pytest.raises(InputError, match="no answer has reasons"):
        run(ignores, bare, shipped, tmp_path / "none")


def behind(of: Question, kind: str, choice: int | None, target: int | None = None) -> Behind:
    given = () if choice is None else tuple(float(i == choice) for i in range(len(of.options)))
    return Behind(of.id, "s", kind, "", target, given, choice, choice == of.answer)


def test_effects_are_what_they_are_by_hand() -> None:
    ones = [question(i) for i in range(4)]  # two options, the first is right
    own = [behind(q, OWN, i == 3) for i, q in enumerate(ones)]
    changed = [
        behind(ones[0], "k", 0, target=1),
        behind(ones[1], "k", 1, target=1),
        behind(ones[2], "k", None),
        behind(ones[3], "k", 0, target=1),  # argues for what was chosen anyway
    ]
    [effect] = effects(ones, [*own, *changed])
    assert (effect.n, effect.moved, effect.before, effect.after) == (4, 0.75, 0.75, 0.5)
    assert (effect.targeted, effect.followed) == (2, 0.5)
    assert effect.p == 1  # two lost, one gained
    # Two options, one nat apart: 0.731 and 0.269; no answer gives the right option nothing.
    assert effect.shift == pytest.approx((0 - 0.4621 - 0.7311 + 0.4621) / 4, abs=1e-4)
    assert effect.variation == pytest.approx((0 + 0.4621 + 0.5 + 0.4621) / 4, abs=1e-4)


def test_the_area_over_the_curve_is_what_it_is_by_hand() -> None:
    one, other = question(1), question(2)
    said = [behind(q, OWN, 0) for q in (one, other)]
    said += [behind(one, kind, kept < 0.5) for kind, kept in CUTS.items()]  # its answer stands from one half on
    said += [behind(other, kind, 0) for kind in CUTS]
    early = early_answering([one, other], said)
    assert early is not None
    assert (early.n, early.kept, early.same) == (2, (0, 0.25, 0.5, 0.75, 1), (0.5, 0.5, 1, 1, 1))
    assert early.area == pytest.approx(((0.25 + 0.125) + 0) / 2)


def test_all_cuts_moved_is_the_largest_area() -> None:
    one = question(1)
    early = early_answering([one], [behind(one, OWN, 0), *(behind(one, kind, 1) for kind in CUTS)])
    assert early is not None and 0 < early.low < early.area == early.high == 0.875


def test_no_own_choice_no_row() -> None:
    one = question(1)
    said = [behind(one, OWN, None), behind(one, "k", 0)]
    assert effects([one], said) == [] and early_answering([one], said) is None


def test_equal_reasons_are_scored_once(asked: list[Asked], shipped: KnowledgeGraph, tmp_path: Path) -> None:
    seen: list[tuple[str, Altered]] = []

    def once(shown: Shown) -> list[tuple[float, ...]]:
        seen.extend((q.id, replace(a, kind="", target=None)) for q, a in shown)
        return ignores(shown)

    run(once, asked, shipped, tmp_path)
    assert len(seen) == len(set(seen))
