"""What the student reads and writes, and how strictly its replies are read."""

from dataclasses import replace

import pytest

from failwise.training import prompts
from failwise.training.prompts import Reply, completion, parse_reply, user_message
from failwise.training.records import Mode
from tests.training.conftest import question

QUESTION = question(1)
OPTIONS, LABELS = ("vibration", "oil", "oil debris"), ("A", "B", "C")


def test_the_modes_differ_in_the_closing_words_alone() -> None:
    direct = user_message("What shows wear?", OPTIONS, LABELS, Mode.DIRECT)
    reasoned = user_message("What shows wear?", OPTIONS, LABELS, Mode.RATIONALE)
    assert direct.splitlines()[:-1] == reasoned.splitlines()[:-1]
    assert direct.splitlines()[-1] != reasoned.splitlines()[-1]
    assert direct.splitlines()[:-1] == ["What shows wear?", "A) vibration", "B) oil", "C) oil debris"]


def test_the_question_may_stand_behind_its_options() -> None:
    turned = user_message("What shows wear?", OPTIONS, LABELS, Mode.DIRECT, question_first=False)
    assert turned.index("A) ") < turned.index("What shows wear?") < turned.index("Answer.")


def test_labels_are_written_in_one_style() -> None:
    bracketed = user_message("Q?", OPTIONS, ("(A)", "B)", "C"), Mode.DIRECT)
    assert bracketed == user_message("Q?", OPTIONS, LABELS, Mode.DIRECT)


@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.RATIONALE, Mode.JUSTIFIED, Mode.INFERRED])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_what_is_taught_is_what_is_parsed(index: int, mode: Mode) -> None:
    reasons = "Oil shows it.\nVibration does not." if mode in (Mode.RATIONALE, Mode.JUSTIFIED) else ""
    written = "".join(completion(mode, OPTIONS[index], LABELS[index], reasons))
    assert parse_reply(written, OPTIONS, LABELS, mode) == Reply(index, reasons)


def test_a_proposed_answer_is_judged_without_the_others_in_sight() -> None:
    asked = prompts.ask(QUESTION, Mode.VERDICT)
    assert asked == f"{QUESTION.question}\nJudge each."
    assert prompts.verdict_segments("oil", True) == (" oil:", " yes")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Which of these shows wear on the electric motor?", "Which of these shows wear on the machine?"),
        ("For an Electric Motor, which one?", "For a machine, which one?"),
        ("An electric motor wears. Which of these shows it?", "A machine wears. Which of these shows it?"),
        ("Electric motors wear.", "Electric motors wear."),
        ("Which of these shows wear?", "Which of these shows wear?"),
    ],
)
def test_a_question_can_leave_its_asset_class_unnamed(asked: str, said: str) -> None:
    assert prompts.unnamed(replace(QUESTION, asset_name="electric motor", question=asked)).question == said


def test_without_a_name_there_is_nothing_to_leave_out() -> None:
    assert prompts.unnamed(replace(QUESTION, asset_name="")) == replace(QUESTION, asset_name="")


def test_the_second_stage_reads_the_reasons() -> None:
    asked = user_message("Q?", OPTIONS, LABELS, Mode.INFERRED, reasons="Oil shows it.")
    assert asked.splitlines()[-2:] == ["Reasons: Oil shows it.", "Answer."]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Answer: oil (B)", 1),
        ("Answer: oil (b)", 1),
        ("Answer: oil B)", 1),
        ("Answer: oil B", 1),
        ("Answer: Oil.", 1),
        ("Answer: oil debris", 2),
        ("Answer: C", 2),
        ("Answer: (C)", 2),
        ("Answer: C).", 2),
        ("Answer: oil (C)", None),
        ("Answer: grease (B)", None),
        ("Answer: grease", None),
        ("Answer: D", None),
        ("Answer:", None),
        ("answer: oil", None),
        ("The answer is B", None),
        ("B", None),
        ("Answer: oil (B)\nI hope this helps.", None),
        ("", None),
    ],
)
def test_a_reply_is_read_strictly_but_for_its_label(text: str, choice: int | None) -> None:
    reply = parse_reply(text, OPTIONS, LABELS)
    assert (reply.choice if reply else None) == choice


def test_perturbed_labels_are_labels() -> None:
    assert parse_reply("Answer: oil (Q)", OPTIONS, ("P)", "Q)", "R)")) == Reply(1, "")
    assert parse_reply("Answer: R", OPTIONS, ("P)", "Q)", "R)")) == Reply(2, "")


def test_another_wording_is_another_template(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompts.template_hash()
    monkeypatch.setitem(prompts.CLOSING, Mode.DIRECT, "Answer now.")
    assert prompts.template_hash() != before


@pytest.mark.parametrize("label", ["B)", "(B)", "B.", "$B$"])
def test_a_label_in_any_dress_is_shown_bare(label: str) -> None:
    assert "B) oil\n" in user_message("Q?", OPTIONS, ("A", label, "C"), Mode.DIRECT)


@pytest.mark.parametrize(
    ("labels", "text", "choice"),
    [
        (("1", "2", "3"), "Answer: oil (2)", 1),
        (("1", "2", "3"), "Answer: 3", 2),
        (("1", "2", "3"), "Answer: oil (3)", None),
        (("i)", "ii)", "iii)"), "Answer: oil debris (iii)", 2),
        (("i)", "ii)", "iii)"), "Answer: oil debris", 2),
    ],
)
def test_digits_and_numerals_are_labels(labels: tuple[str, ...], text: str, choice: int | None) -> None:
    reply = parse_reply(text, OPTIONS, labels)
    assert (reply.choice if reply else None) == choice


def test_an_option_may_end_like_a_label() -> None:
    options = ("vitamin A", "vitamin C", "vitamin")
    assert parse_reply("Answer: vitamin C", options, LABELS) == Reply(1, "")
    assert parse_reply("Answer: vitamin C (B)", options, LABELS) == Reply(1, "")
    assert parse_reply("Answer: vitamin (C)", options, LABELS) == Reply(2, "")
