"""For inspect_ai: data files with `input`, `choices` and `target`, and a task file that reads them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from failwise.files import write_text
from failwise.generation.exporting.job import (
    Exported,
    ExportJob,
    by_split,
    is_multiple,
    pick_layout,
    provenance,
    refuse_rationales,
    right_options,
    write_rows,
)
from failwise.generation.records import Question

# inspect_ai letters the choices itself, A to Z and on with digits; our questions stay within the letters.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BLANK = "an option is blank, and inspect_ai drops blank choices"
TOO_MANY = f"more than {len(LETTERS) - 1} options"

# inspect_ai's scorer cannot tell a reply that chooses nothing from one that it cannot read. As a choice of
# its own, "nothing" can be chosen, and an unreadable reply is wrong.
NOTHING = {"en": "none of these options", "de": "keine dieser Optionen"}

_HEAD = '''"""{name} for inspect_ai, written by failwise.

    inspect eval task.py@{first} --model MODEL -T split={split}
"""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

HERE = Path(__file__).parent
'''

_TASK = '''

@task
def {function}(split: str = "{split}", explain: bool = False) -> Task:
    """{what}; with `explain` the model reasons before it answers."""
    return Task(
        dataset=json_dataset(str(HERE / f"{stem}-{{split}}.jsonl"), name="{name}-{stem}"),
        solver=multiple_choice(cot=explain, multiple_correct={several}),
        scorer=choice(),
    )
'''

_TASKS = {
    "single": ("single_answer", "Questions with one right option"),
    "multiple": ("multiple_answers", "Questions where any number of options may be right, none included"),
}


def write(job: ExportJob, folder: Path) -> Exported:
    """Write single-<split>.jsonl, multiple-<split>.jsonl and task.py, each where there are such questions."""
    pick_layout(job, "inspect", ())
    refuse_rationales(job, "inspect")
    left_out: Counter[str] = Counter()
    records: dict[str, int] = {}
    for split, questions in by_split(job.questions).items():
        for stem in _TASKS:
            rows = list(_rows([q for q in questions if is_multiple(q) == (stem == "multiple")], left_out))
            if rows:
                records[f"{stem}-{split}.jsonl"] = write_rows(folder / f"{stem}-{split}.jsonl", rows)
    write_text(folder / "task.py", _task_file(job.name, records))
    several = sum(count for name, count in records.items() if name.startswith("multiple"))
    notes = (f"questions with several answers end with the choice {NOTHING['en']!r}: {several}",) if several else ()
    return Exported(records, left_out, notes)


def _rows(questions: Iterable[Question], left_out: Counter[str]) -> Iterable[dict[str, Any]]:
    for question in questions:
        if not all(option.strip() for option in question.options):
            left_out[BLANK] += 1
        elif len(question.options) >= len(LETTERS):
            left_out[TOO_MANY] += 1
        else:
            yield _row(question)


def _row(question: Question) -> dict[str, Any]:
    choices, target = list(question.options), [LETTERS[i] for i in right_options(question)]
    if is_multiple(question):
        target = target or [LETTERS[len(choices)]]
        choices.append(NOTHING.get(question.language, NOTHING["en"]))
    return {
        "id": question.id,
        "input": question.question,
        "choices": choices,
        "target": target if is_multiple(question) else target[0],
        "metadata": provenance(question),
    }


def _task_file(name: str, records: dict[str, int]) -> str:
    """Return the task file: a task for each kind of question that was written, asking the test split by default."""
    splits: dict[str, list[str]] = {}
    for path in records:
        stem, _, split = path.removesuffix(".jsonl").partition("-")
        splits.setdefault(stem, []).append(split)
    default = {stem: "test" if "test" in found else found[0] for stem, found in splits.items()}
    tasks = [
        _TASK.format(
            function=function, what=what, stem=stem, name=name, split=default[stem], several=stem == "multiple"
        )
        for stem, (function, what) in _TASKS.items()
        if stem in default
    ]
    first = next((stem for stem in _TASKS if stem in default), "single")
    head = _HEAD.format(name=name, first=_TASKS[first][0], split=default.get(first, "test"))
    return head + "".join(tasks)
