"""Training speed beside a plain supervised run of trl: the same model, examples, precision and adapter, in one run.

Three take turns, each in a process of its own, so that noise hits all of them and each has a peak of memory of its own:

    failwise             as `failwise train` does it
    trl, as documented   trl.SFTTrainer as its page on QLoRA shows it, with its own defaults
    trl, tuned           as a careful user would set it: no checkpointing, eager attention, like lengths together

All hold the base as nf4 with double quantisation and compute in bf16; all have the same adapter (rank, alpha, every
linear layer of every layer, no dropout, bf16), batch size, peak learning rate that falls to zero, threads, and the same
questions of the shipped ontology, each shown once; trl gets them as conversations of a prompt and a completion, so that
it too learns the completion alone. All use transformers' default optimizer, AdamW (fused). What they do differently:

    rows             failwise plans its steps so that like lengths meet; trl draws at random, unless tuned
    vocabulary head  failwise: only where something is learned. trl: on a CPU every position, and again when it goes
                     back, with the entropy and the accuracy that it logs
    attention        failwise: eager on a CPU, fused on CUDA. trl: fused, unless tuned
    activations      failwise keeps them; trl computes them twice (gradient checkpointing), unless tuned
    precision        failwise computes in the weights' own bf16; trl puts autocast around it

Neither calls peft's `prepare_model_for_kbit_training`; trl did, before its version 1.

The first two steps are left out, as are imports, loading and writing. Examples per second are tokens read per second
through the tokens of a mean example: so it does not matter which examples were in the steps that are left out.
On a machine with other work on it, `--threads 1` and the ratio by processor time are the steadier ones.

trl is no part of `make bench`: run `make .venv-interop/.installed` and then
`PYTHONPATH=src .venv-interop/bin/python benchmarks/training.py [--recipe R] [--steps N] [--batch N] [--turns N]`.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median
from typing import Any
from unittest.mock import patch

from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import RATIONALES, write_rationales
from failwise.generation.records import Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.training.config import TrainingConfig
from failwise.training.recipe import load_recipe

LIMIT = 2.0  # times as fast as trl as documented
WARM_UP = 2  # steps that are left out
QUESTIONS = "questions.jsonl"
OURS, PLAIN, TUNED = SIDES = ("failwise", "trl, as documented", "trl, tuned")
MISSING = (
    "the comparison needs the package 'trl', which is not installed; install it with: "
    "make .venv-interop/.installed, or pip install 'failwise[train,interop]'"
)


@dataclass(slots=True)
class Log:
    """What one training did: when each step ended, its loss, and the tokens of each batch, without and with padding.

    `ended` is in seconds of the clock, `worked` in seconds of processor time, of all threads together.
    """

    ended: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    padded: list[int] = field(default_factory=list)

    def step(self) -> None:
        """Note that a step has ended."""
        self.ended.append(time.perf_counter())
        self.worked.append(time.process_time())

    def batch(self, tokens: int, padded: int) -> None:
        """Note what is in a batch."""
        self.tokens.append(tokens)
        self.padded.append(padded)


@dataclass(frozen=True, slots=True)
class Turn:
    """One training in numbers; speeds are per second of the steps that count."""

    examples: float
    worked: float  # examples per second of processor time: what others do on the machine matters less to it
    padded: float  # tokens, padding included
    padding: float  # share of what is computed
    length: float  # tokens of a mean example
    loss: float  # of the last quarter of the steps
    peak: int  # MB: on CUDA what the tensors took there, elsewhere the whole process

    @classmethod
    def of(cls, log: Log, batch: int) -> "Turn":
        """Sum a training up."""
        seconds, worked = (ends[-1] - ends[WARM_UP - 1] for ends in (log.ended, log.worked))
        length = sum(log.tokens) / (batch * len(log.tokens))
        examples, padded = sum(log.tokens[WARM_UP:]) / length, sum(log.padded[WARM_UP:])
        padding = 1 - sum(log.tokens) / sum(log.padded)
        last = mean(log.losses[-max(1, len(log.losses) // 4) :])
        from failwise.training.memory import peak_gpu_mb, peak_rss_mb

        peak = peak_gpu_mb() or peak_rss_mb()
        return cls(examples / seconds, examples / worked, padded / seconds, padding, length, last, peak)


def make_material(folder: Path, count: int, seed: int) -> None:
    """Write so many training questions of the shipped ontology and the graph's rationales for them."""
    graph = KnowledgeGraph.load()
    made = [q for q in Synthesis(graph, QuestionsConfig()) if q.split == "train" and sum(q.correct) == 1]
    questions = random.Random(seed).sample(made, count)
    write_rationales(questions, graph, RationalesConfig(teacher="graph"), folder)
    write_records(folder / QUESTIONS, questions)


def read_material(folder: Path) -> tuple[list[Question], dict[str, Rationale]]:
    """Return the questions, and the rationales by question id."""
    rationales = {r.question_id: r for r in read_records(folder / RATIONALES, Rationale)}
    return list(read_records(folder / QUESTIONS, Question)), rationales


def train_ours(folder: Path, config: TrainingConfig) -> Log:
    """Train with failwise."""
    from failwise.training import losses
    from failwise.training.student import Material, train_student
    from failwise.training.tree import Grove, Tree, plant

    log = Log()

    def planted(trees: Sequence[Tree], padding: int = 0) -> Grove:
        grove = plant(trees, padding)
        log.batch(int((grove.branch >= 0).sum()), grove.tokens.numel())
        return grove

    def step(done: int, total: int, loss: float) -> None:
        log.step()
        log.losses.append(loss)

    with patch.object(losses, "plant", planted):
        result = train_student(Material(*read_material(folder)), config, folder / "student", step)
    if result.left_out:
        raise SystemExit(f"not every example was learned; left out: {result.left_out}")
    return log


def conversations(folder: Path, recipe: str) -> list[dict[str, Any]]:
    """Return the very texts that failwise learns as prompts and completions for trl."""
    from failwise.training.examples import Lesson, lessons
    from failwise.training.prompts import messages

    shown, left_out = lessons(*read_material(folder), load_recipe(recipe).tasks[0])
    if left_out:
        raise SystemExit(f"not every example can be learned; left out: {left_out}")
    return [
        {
            "prompt": messages(lesson.example.prompt),
            "completion": [{"role": "assistant", "content": "".join(lesson.example.branches[0].segments)}],
        }
        for lesson in shown
        if isinstance(lesson, Lesson)
    ]


def like_together(rows: Sequence[dict[str, Any]], batch: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows so that each batch holds like lengths, the batches in no order.

    transformers' own grouping mixes fifty batches, and so none in as short a training as this one.
    """
    ordered = sorted(rows, key=lambda row: len(str(row)))
    batches = [ordered[at : at + batch] for at in range(0, len(ordered), batch)]
    return [row for found in random.Random(seed).sample(batches, len(batches)) for row in found]


def train_theirs(folder: Path, config: TrainingConfig, tuned: bool) -> Log:
    """Train with trl."""
    import torch
    from datasets import Dataset  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, TrainerCallback
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found,import-untyped,unused-ignore]

    from failwise.embedded import embedded_folder

    log = Log()

    class Watch(TrainerCallback):
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            log.step()

        def on_log(self, *args: Any, **kwargs: Any) -> None:
            log.losses += [float(kwargs["logs"]["loss"])] if "loss" in kwargs["logs"] else []

    def counted(collate: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def collated(rows: Any) -> Any:
            found = collate(rows)
            log.batch(int(found["attention_mask"].sum()), found["input_ids"].numel())
            return found

        return collated

    if config.threads is not None:
        torch.set_num_threads(config.threads)
    nf4 = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    attention: dict[str, Any] = {"attn_implementation": "eager"} if tuned else {}
    model = AutoModelForCausalLM.from_pretrained(
        embedded_folder(), quantization_config=nf4, device_map="auto", **attention
    )
    rows = conversations(folder, config.recipe)
    rows = like_together(rows, config.batch_size, config.seed) if tuned else rows
    careful = {"gradient_checkpointing": False, "train_sampling_strategy": "sequential"} if tuned else {}
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(folder / "trl"),
            per_device_train_batch_size=config.batch_size,
            max_steps=config.max_steps,
            learning_rate=config.learning_rate,
            seed=config.seed,
            use_cpu=not torch.cuda.is_available(),  # without it, trl's default bf16 is refused on a CPU
            logging_steps=1,  # as failwise does; every tenth step would be the default
            disable_tqdm=True,
            report_to="none",
            **careful,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(embedded_folder()),
        peft_config=LoraConfig(
            r=config.rank,
            lora_alpha=int(config.alpha),
            target_modules=str(config.target_modules),
            task_type="CAUSAL_LM",
        ),
        callbacks=[Watch()],
    )
    trainer.data_collator = counted(trainer.data_collator)
    trainer.train()
    return log


def measure(side: str, folder: Path, options: argparse.Namespace) -> Turn:
    """Have one side train in a fresh process."""
    result = folder / "result.json"
    again = [f"--{name}={getattr(options, name)}" for name in ("recipe", "steps", "batch", "seed", "threads")]
    command = [sys.executable, __file__, *again, f"--side={side}", f"--folder={folder}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-2000:]}")
    turn = Turn(**json.loads(result.read_text(encoding="utf-8")))
    result.unlink()
    return turn


def work(side: str, folder: Path, options: argparse.Namespace) -> None:
    """Train as one side and leave the numbers in the folder."""
    config = TrainingConfig(
        recipe=options.recipe,
        batch_size=options.batch,
        max_steps=options.steps + WARM_UP,
        warmup=0,  # as trl
        max_length=1024,  # as trl
        checkpoint_every=options.steps + WARM_UP,
        seed=options.seed,
        threads=options.threads or None,
    )
    with tempfile.TemporaryDirectory() as room:
        for name in (QUESTIONS, RATIONALES):
            (Path(room) / name).symlink_to(folder / name)
        log = train_ours(Path(room), config) if side == OURS else train_theirs(Path(room), config, side == TUNED)
    if len(log.tokens) != config.max_steps or len(log.ended) != config.max_steps:
        raise SystemExit(f"{side} made {len(log.ended)} steps of {len(log.tokens)} batches, not {config.max_steps}")
    (folder / "result.json").write_text(json.dumps(asdict(Turn.of(log, options.batch))), encoding="utf-8")


def report(turns: dict[str, list[Turn]]) -> None:
    """Print a Markdown table of medians over the turns, and how many times as fast failwise is."""
    print(
        "| | examples/s (turns) | examples per processor second | tokens/s with padding | padding | tokens an example "
        "| last loss | peak memory |\n|---|---|---|---|---|---|---|---|"
    )
    for side, found in turns.items():
        each = ", ".join(f"{turn.examples:.2f}" for turn in found)
        print(
            f"| {side} | {middle(found, 'examples'):.2f} ({each}) | {middle(found, 'worked'):.2f} | "
            f"{middle(found, 'padded'):,.0f} | {found[0].padding:.0%} | {found[0].length:.0f} | "
            f"{middle(found, 'loss'):.3f} | {middle(found, 'peak'):,.0f} MB |"
        )
    print(
        "\n| failwise against | times as fast | by processor time | limit | times the memory |\n|---|---|---|---|---|"
    )
    for side in (PLAIN, TUNED):
        speed, worked, memory = (
            middle(turns[OURS], name) / middle(turns[side], name) for name in ("examples", "worked", "peak")
        )
        print(f"| {side} | {speed:.2f} | {worked:.2f} | {LIMIT if side == PLAIN else ''} | {memory:.2f} |")


def middle(turns: Sequence[Turn], name: str) -> float:
    """Return the median of one number over the turns."""
    return float(median(getattr(turn, name) for turn in turns))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=["answer", "rationale-answer"], default="answer")
    parser.add_argument("--steps", type=int, default=12, help="steps that count")
    parser.add_argument("--batch", type=int, default=TrainingConfig().batch_size)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as many as torch takes")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if find_spec("trl") is None:
        raise SystemExit(MISSING)
    if options.side:
        work(options.side, options.folder, options)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_material(Path(folder), (options.steps + WARM_UP) * options.batch, options.seed)
        turns: dict[str, list[Turn]] = {side: [] for side in SIDES}
        for number in range(options.turns):
            for side in SIDES:
                turns[side].append(turn := measure(side, Path(folder), options))
                print(f"turn {number + 1}, {side}: {turn}", file=sys.stderr, flush=True)
    report(turns)


if __name__ == "__main__":
    main()
