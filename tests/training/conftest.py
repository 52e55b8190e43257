"""A base model of a few thousand weights with a byte tokenizer, and questions to teach it: no download."""

from collections.abc import Callable

import pytest

from failwise.generation.records import Question, Rationale
from failwise.kg.records import Direction, Polarity


def question(number: int, options: tuple[str, ...] = ("vibration", "speed"), right: int = 0) -> Question:
    """Return a question about made-up machine `number`."""
    facts = tuple(f"m{number}/indicatedBy/wear/{option.replace(' ', '-')}" for option in options)
    return Question(
        subject="failure_mode_sensor_analysis",
        id=f"q{number}",
        question=f"On machine {number}, what shows wear?",
        options=options,
        option_ids=tuple("ABCDEFGHIJ"[: len(options)]),
        question_first=True,
        correct=tuple(i == right for i in range(len(options))),
        text_type="choice",
        asset_name=f"machine {number}",
        relevancy="relevant_sensors_for_failure_mode",
        question_type="mcp1_positive",
        asset_class=f"m{number}",
        relation="indicatedBy",
        direction=Direction.FORWARD,
        polarity=Polarity.SELECTION,
        anchor="wear",
        fact_ids=facts,
        tested_fact=facts[right],
        template="t1",
        distractor_kinds=tuple("answer" if i == right else "same-anchor" for i in range(len(options))),
        difficulty="medium",
        seed=0,
        regime="new-question",
        split="train",
        ontology="toy",
    )


def rationale(of: Question, text: str | None = None, answer: str | None = None) -> Rationale:
    """Return a rationale that leads to the right option of a question."""
    right = of.answer
    return Rationale(
        question_id=of.id,
        teacher="scripted",
        fingerprint="f",
        evidence=of.fact_ids,
        text=text or f"It shows in {of.options[right]} [{of.fact_ids[right]}].",
        cited=(of.fact_ids[right],),
        answer=answer or of.option_ids[right],
        verdict="accepted",
        attempts=1,
        prompt_tokens=0,
        completion_tokens=0,
    )


@pytest.fixture(scope="session")
def make_question() -> Callable[..., Question]:
    """Return the maker of questions."""
    return question


@pytest.fixture(scope="session")
def make_rationale() -> Callable[..., Rationale]:
    """Return the maker of rationales."""
    return rationale


@pytest.fixture(scope="session")
def questions() -> list[Question]:
    """Return a dozen questions whose right option changes."""
    return [question(i, ("vibration", "speed", "oil debris"), right=i % 3) for i in range(12)]


@pytest.fixture(scope="session")
def rationales(questions: list[Question]) -> dict[str, Rationale]:
    """Return a rationale for each question."""
    return {q.id: rationale(q) for q in questions}
