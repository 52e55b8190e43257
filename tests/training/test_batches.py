"""What stands in which step depends on the seed alone, so that a resumed training can find its place."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import pytest

from failwise.training.batches import divided, plan_steps
from failwise.training.config import TrainingConfig
from failwise.training.encoding import Encoder, Unit
from failwise.training.examples import Lesson, Row, Shown
from failwise.training.recipe import Loss, Task
from failwise.training.records import Branch, Example, Mode


class Letters:
    """A tokenizer with a token for each letter, as far as an encoder needs one."""

    chat_template = ""
    eos_token_id = 0

    def __call__(self, text: str, add_special_tokens: bool) -> Any:
        return type("Encoding", (), {"input_ids": list(text.encode())})


def encoder(most: int | None = None) -> Encoder:
    return Encoder(cast(Any, Letters()), most)


def lesson(number: int, said: str = "yes") -> Lesson:
    return Lesson(Example(f"q{number}", Mode.DIRECT, "x" * (40 + number % 7), (Branch((said,)),)))


DIRECT, OTHER = Task(mode=Mode.DIRECT), Task(mode=Mode.REASONS)
LESSONS: list[Shown] = [lesson(i) for i in range(40)]
REASONS: list[Shown] = [lesson(i, "because" * 5) for i in range(10)]


def config(**settings: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"batch_size": 4, "epochs": 1.0, **settings})


def plan(*lessons: Sequence[Shown], tasks: Sequence[Task] = (DIRECT,), **settings: object) -> list[list[Unit]]:
    return plan_steps(lessons, tasks, encoder(), config(**settings))


def test_the_same_seed_gives_the_same_steps() -> None:
    assert plan(LESSONS, seed=3) == plan(LESSONS, seed=3)
    assert plan(LESSONS, seed=3) != plan(LESSONS, seed=4)


def test_a_pass_shows_every_lesson_once() -> None:
    shown = Counter(len(unit.trees[0].prompt) for step in plan(LESSONS) for unit in step)
    assert shown == Counter(41 + i % 7 for i in range(40))


def test_every_step_holds_the_tasks_in_proportion() -> None:
    tasks = (DIRECT.model_copy(update={"share": 3.0}), OTHER)
    steps = plan(LESSONS[:30], REASONS, tasks=tasks)
    assert {tuple(sorted(Counter(unit.task for unit in step).items())) for step in steps} == {((0, 3), (1, 1))}
    assert len(steps) == 10


@pytest.mark.parametrize("shares", [(1.0, 1.0), (3.0, 1.0), (1.0, 3.0)])
def test_in_a_pass_every_task_shows_all_that_it_has(shares: tuple[float, float]) -> None:
    tasks = [task.model_copy(update={"share": share}) for task, share in zip((DIRECT, OTHER), shares, strict=True)]
    shown = Counter(unit.task for step in plan(LESSONS, REASONS, tasks=tasks) for unit in step)
    assert shown[0] >= 40 and shown[1] >= 10
    assert shown[0] <= 41 or shown[1] <= 11  # and no more than that takes


def test_a_pass_over_a_row_is_every_verdict_behind_every_wording() -> None:
    wanted = Branch((" w:", " yes"), given=1)
    verdicts = tuple(Branch((f" o{i}:", " no"), given=1) for i in range(9))
    row = Row("r", (("x", wanted), ("y", wanted)), verdicts, most=4)
    task = Task(mode=Mode.VERDICT)
    assert sum(map(len, plan([row], tasks=(task,)))) == 2 * 3


def test_lessons_come_again_when_all_have_come() -> None:
    steps = plan(LESSONS, REASONS, tasks=(DIRECT, OTHER), epochs=1.0)
    shown = Counter(unit.trees[0].prompt for step in steps for unit in step if unit.task == 1)
    assert sum(shown.values()) == 40 and set(shown.values()) <= {4, 8}


def test_steps_and_passes_measure_the_same_thing() -> None:
    assert len(plan(LESSONS, epochs=2.5)) == 25
    assert len(plan(LESSONS, epochs=None, max_steps=25)) == 25
    assert sum(map(len, plan(LESSONS, epochs=0.55))) == 22


def test_a_step_holds_units_of_like_length() -> None:
    assert max(max(u.width for u in step) - min(u.width for u in step) for step in plan(LESSONS)) <= 1


def test_parts_make_up_their_steps_and_know_the_whole() -> None:
    tasks = (DIRECT, OTHER)
    steps = plan(LESSONS, REASONS, tasks=tasks)
    parts = divided(steps, tasks, 2)
    assert len(parts) == 2 * len(steps)
    for step, first, second in zip(steps, parts[::2], parts[1::2], strict=True):
        assert Counter(step) == Counter((*first.units, *second.units))
        assert first.counts == second.counts
        for number in (0, 1):
            learned = sum(t.foretold for u in step if u.task == number for t in u.trees)
            assert first.counts[number] == (learned, 0)


def test_a_step_with_fewer_units_than_parts_fills_up_with_idle_ones() -> None:
    (step,) = plan(LESSONS[:3])
    parts = divided([step], (DIRECT,), 4)
    assert [len(part.units) for part in parts] == [1, 1, 1, 1]
    assert [part.idle for part in parts] == [frozenset(), frozenset(), frozenset(), {0}]
    assert parts[0].counts == ((sum(t.foretold for u in step for t in u.trees), 0),)


def test_questions_are_counted_where_options_compete() -> None:
    task = Task(mode=Mode.DIRECT, loss=Loss.LISTWISE, views=("labels",), consistency=1.0)
    branches = (Branch(("a",), True, "a"), Branch(("b",), False, "b"))
    example = Example("q", Mode.DIRECT, "what", branches, ends=False)
    lessons: list[Shown] = [Lesson(example, (example,)), Lesson(example)]
    (part,) = divided(plan(lessons, tasks=(task,)), (task,), 1)
    assert part.counts == ((3, 1),)


# --- in tokens ---


def test_what_is_learned_is_the_branch_and_its_end_alone() -> None:
    tree = encoder().tree(Example("q", Mode.DIRECT, "why", (Branch(("so", "!")),), lead=("A:",)))
    assert bytes(tree.prompt) == b"why\x00A:"
    assert [bytes(b) for b in tree.branches] == [b"so!\x00"]
    assert (tree.given, tree.foretold, tree.width) == ((0,), 4, 10)


def test_of_a_verdict_the_last_word_is_learned() -> None:
    tree = encoder().tree(Example("q", Mode.VERDICT, "why", (Branch((" oil:", " yes"), given=1),), ends=False))
    assert bytes(tree.branches[0]) == b" oil: yes"
    assert (tree.given, tree.foretold) == ((5,), 4)


def test_long_lessons_are_left_out_and_long_rows_have_fewer_answers() -> None:
    kept, too_long = encoder(46).fitting(LESSONS[:7])
    assert len(kept) == 2 and too_long == ["q2", "q3", "q4", "q5", "q6"]
    wanted = Branch((" w:", " yes"), given=1)
    verdicts = tuple(Branch((f" o{i}:", " no"), given=1) for i in range(9))
    row = Row("r", (("x" * 10, wanted), ("y" * 20, wanted)), verdicts, 9)
    ((fitted,), none) = encoder(50).fitting([row])
    assert isinstance(fitted, Row) and fitted.most == 3 and none == []
    assert encoder(30).fitting([row]) == ([], ["r"])


@pytest.mark.parametrize("long", [True, False])
def test_a_view_that_is_too_long_is_left_out_alone(long: bool) -> None:
    view = lesson(0, "yes" * (20 if long else 1)).example
    ((kept,), _) = encoder(60).fitting([Lesson(lesson(0).example, (view,))])
    assert isinstance(kept, Lesson) and len(kept.views) == (0 if long else 1)
