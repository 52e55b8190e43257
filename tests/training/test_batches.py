"""The order of the examples depends on the seed alone, so that a resumed training can find its place."""

from collections import Counter

from failwise.training.batches import Encoded, EncodedLesson, plan_steps
from failwise.training.config import TrainingConfig

LESSONS = [
    EncodedLesson(
        direct=Encoded(tuple(range(100 + i % 7)), answer_from=90),
        rationale=Encoded(tuple(range(200 + i)), answer_from=90),
    )
    for i in range(40)
]


def recipe(**settings: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"batch_size": 4, "epochs": 1.0, **settings})


def test_the_same_seed_gives_the_same_steps() -> None:
    assert plan_steps(LESSONS, recipe(seed=3)) == plan_steps(LESSONS, recipe(seed=3))
    assert plan_steps(LESSONS, recipe(seed=3)) != plan_steps(LESSONS, recipe(seed=4))


def test_an_epoch_shows_every_lesson_once() -> None:
    shown = Counter(example for step in plan_steps(LESSONS, recipe(direct_share=0)) for example in step)
    assert shown == Counter(lesson.rationale for lesson in LESSONS)


def test_the_share_of_direct_examples_is_exact() -> None:
    shown = [example for step in plan_steps(LESSONS, recipe(direct_share=0.25)) for example in step]
    assert sum(len(example.tokens) < 200 for example in shown) == 10


def test_the_modes_of_a_lesson_change_between_epochs() -> None:
    shown = {e for step in plan_steps(LESSONS, recipe(epochs=8, direct_share=0.5)) for e in step}
    both = [x for x in LESSONS if x.direct in shown and x.rationale in shown]
    assert len(both) > len(LESSONS) / 2


def test_steps_and_epochs_measure_the_same_thing() -> None:
    assert len(plan_steps(LESSONS, recipe(epochs=2.5))) == 25
    assert len(plan_steps(LESSONS, recipe(epochs=None, max_steps=25))) == 25
    assert sum(map(len, plan_steps(LESSONS, recipe(epochs=0.55)))) == 22


def test_a_batch_holds_examples_of_like_length() -> None:
    steps = plan_steps(LESSONS, recipe(direct_share=0, epochs=1))
    assert max(max(map(len_of, step)) - min(map(len_of, step)) for step in steps) == 3


def len_of(example: Encoded) -> int:
    return len(example.tokens)
