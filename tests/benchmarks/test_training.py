"""The comparison of training speeds: that both sides learn the same, and what is counted."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from benchmarks.training import (
    OURS,
    PLAIN,
    QUESTIONS,
    TUNED,
    WARM_UP,
    Log,
    Turn,
    conversations,
    like_together,
    main,
    read_material,
    report,
    train_ours,
)
from failwise.files import write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import RATIONALES, write_rationales
from failwise.kg.graph import KnowledgeGraph
from failwise.training.config import TrainingConfig

TURN = Turn(examples=4.0, worked=2.0, padded=500.0, padding=0.1, length=68.0, loss=0.5, peak=1000)


@pytest.fixture(scope="module")
def folder(toy: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with eight questions and their rationales."""
    found = tmp_path_factory.mktemp("material")
    questions = list(Synthesis(toy, QuestionsConfig(train_per_fact=1)))[:8]
    write_rationales(questions, toy, RationalesConfig(teacher="graph"), found)
    write_records(found / QUESTIONS, questions)
    return found


@pytest.mark.parametrize("recipe", ["answer", "rationale-answer"])
def test_trl_is_given_the_very_tokens_that_failwise_learns(folder: Path, tiny_base: Path, recipe: str) -> None:
    from transformers import AutoTokenizer, PreTrainedTokenizerBase

    from failwise.training.encoding import Encoder
    from failwise.training.examples import Lesson, lessons
    from failwise.training.recipe import load_recipe

    tokenizer = cast(PreTrainedTokenizerBase, AutoTokenizer.from_pretrained(tiny_base))
    shown, _ = lessons(*read_material(folder), load_recipe(recipe).tasks[0])
    trees = [Encoder(tokenizer).tree(lesson.example) for lesson in shown if isinstance(lesson, Lesson)]
    rows = conversations(folder, recipe)
    assert len(rows) == len(trees) == 8
    for row, tree in zip(rows, trees, strict=True):
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=False)
        assert tokenizer(cast(str, whole), add_special_tokens=False).input_ids == [*tree.prompt, *tree.branches[0]]


def test_every_batch_of_failwise_is_counted(folder: Path, tiny_base: Path, tmp_path: Path) -> None:
    for name in (QUESTIONS, RATIONALES):
        (tmp_path / name).symlink_to(folder / name)
    config = TrainingConfig(base=str(tiny_base), quantisation="none", recipe="answer", batch_size=4, max_steps=2)
    log = train_ours(tmp_path, config.model_copy(update={"max_length": 4096}))
    assert len(log.tokens) == len(log.ended) == len(log.losses) == 2
    assert all(0 < tokens <= padded for tokens, padded in zip(log.tokens, log.padded, strict=True))


def test_examples_that_cannot_be_learned_end_the_comparison(folder: Path, tiny_base: Path, tmp_path: Path) -> None:
    (tmp_path / QUESTIONS).symlink_to(folder / QUESTIONS)
    (tmp_path / RATIONALES).write_bytes((folder / RATIONALES).read_bytes().split(b"\n")[0] + b"\n")
    config = TrainingConfig(base=str(tiny_base), quantisation="none", recipe="rationale-answer", max_steps=1)
    with pytest.raises(SystemExit, match="no rationale"):
        train_ours(tmp_path, config.model_copy(update={"max_length": 4096}))
    with pytest.raises(SystemExit, match="no rationale"):
        conversations(tmp_path, "rationale-answer")


def test_tuned_batches_hold_like_lengths_and_every_row_once() -> None:
    rows = [{"prompt": "x" * length} for length in (9, 1, 8, 2, 7, 3)]
    lengths = [len(row["prompt"]) for row in like_together(rows, 2, seed=0)]
    assert {frozenset(lengths[at : at + 2]) for at in (0, 2, 4)} == {frozenset(p) for p in ((1, 2), (3, 7), (8, 9))}


def test_warm_up_is_left_out_whatever_examples_were_in_it() -> None:
    log = Log(losses=[3.0, 2.0, 1.0, 0.5], ended=[50.0, 100.0, 102.0, 104.0], worked=[25.0, 50.0, 51.0, 52.0])
    for tokens in (900, 500, 300, 300):
        log.batch(tokens, 1000)
    assert WARM_UP == 2
    turn = Turn.of(log, batch=10)
    # 50 tokens a mean example; after the warm-up 600 tokens in 4 seconds, and in 2 of processor time.
    assert (turn.length, turn.examples, turn.worked) == (50, 3, 6)
    assert (turn.padded, turn.padding, turn.loss) == (500, 0.5, 0.5)


def test_a_ratio_is_that_of_the_medians(capsys: pytest.CaptureFixture[str]) -> None:
    ours = [replace(TURN, examples=speed) for speed in (4.0, 6.0, 100.0)]
    report({OURS: ours, PLAIN: [replace(TURN, examples=2.0, worked=0.5, peak=2000)] * 3, TUNED: [TURN] * 3})
    said = capsys.readouterr().out
    assert f"| {PLAIN} | 3.00 | 4.00 | 2.0 | 0.50 |" in said
    assert f"| {TUNED} | 1.50 | 1.00 |  | 1.00 |" in said


def test_without_trl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["training.py"])
    monkeypatch.setattr("benchmarks.training.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"install it with: .*interop"):
        main()
