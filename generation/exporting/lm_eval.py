"""For lm-evaluation-harness: a folder of tasks that `lm-eval run --include_path` finds.

Single answers are scored as a student of ours is: the likelihood of each option behind the answer's first words.
Several answers are generated, and the set of letters has to be right as a whole.
"""

from collections.abc import Sequence
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

HELPER = "failwise_task.py"

# A relative path in a task's YAML is taken from where the user stands. This file knows where it lies itself, so
# that the folder can be moved. A set of letters has no metric of its own there either.
_CODE = '''"""Loads the questions that lie beside this file, and scores answers that are sets of letters."""

import re
from pathlib import Path

ANSWER = re.compile({lead!r} + r"[ \\t]*(.*)", re.IGNORECASE)


def single(**_):
    """Load the questions with one right option."""
    return _load("single")


def multiple(**_):
    """Load the questions with any number of right options."""
    return _load("multiple")


def _load(kind):
    import datasets

    files = sorted((Path(__file__).parent / "data").glob(f"{{kind}}-*.jsonl"))
    return datasets.load_dataset("json", data_files={{path.stem.partition("-")[2]: str(path) for path in files}})


def read_letters(reply, labels):
    """Return the set of letters that a reply's last answer names, or None where it cannot be read."""
    found = ANSWER.findall(reply)
    words = re.findall(r"[0-9A-Za-z]+", found[-1]) if found else []
    if [word.lower() for word in words] == ["none"]:
        return set()
    named = {{word.upper() for word in words if word.lower() != "and"}}
    known = {{label.upper() for label in labels}}
    return named if named and named <= known else None


def score_set(doc, results):
    """Return 1 where the letters are exactly the right ones, and whether there was an answer at all."""
    named = read_letters(results[0], doc["labels"])
    right = {{label.upper() for label in doc["right"]}}
    return {{"exact_match": float(named == right), "answered": float(named is not None)}}
'''


def write(job: ExportJob, folder: Path) -> Exported:
    """Write <name>_single and <name>_multiple, each where there are such questions, under the tag <name>."""
    pick_layout(job, "lm-eval", ())
    refuse_rationales(job, "lm-eval")
    records: dict[str, int] = {}
    for kind in ("single", "multiple"):
        chosen = [q for q in job.questions if is_multiple(q) == (kind == "multiple")]
        splits = by_split(chosen)
        for split, questions in splits.items():
            name = f"data/{kind}-{split}.jsonl"
            records[name] = write_rows(folder / name, (_doc(job, q) for q in questions))
        if splits:
            task = _single(job) if kind == "single" else _multiple(job)
            _write_task(folder / f"{job.name}_{kind}.yaml", {**task, **_splits(list(splits))}, kind)
    write_text(folder / HELPER, _CODE.format(lead=job.renderer.lead))
    return Exported(records)


def _doc(job: ExportJob, question: Question) -> dict[str, Any]:
    render = job.renderer
    row = {"id": question.id, "prompt": render.ask(question, reasons=False), **provenance(question)}
    right = right_options(question)
    if is_multiple(question):
        labels = list(question.option_ids)
        return {**row, "labels": labels, "right": [labels[i] for i in right], "target": render.reply(question, right)}
    replies = [render.reply(question, (i,)) for i in range(len(question.options))]
    shown = [reply.removeprefix(render.lead).strip() for reply in replies]
    return {**row, "choices": render.scored(question), "answers": shown, "gold": right[0]}


def _common(job: ExportJob, kind: str) -> dict[str, Any]:
    return {
        "task": f"{job.name}_{kind}",
        "tag": [job.name],
        "description": job.renderer.system,
        "doc_to_text": "prompt",
        "num_fewshot": 0,
        "metadata": {"version": 1.0},
    }


def _single(job: ExportJob) -> dict[str, Any]:
    return {
        **_common(job, "single"),
        "output_type": "multiple_choice",
        "doc_to_choice": "choices",
        "doc_to_target": "gold",
        # With a chat template the reply begins with these words, as our own scoring has it.
        "gen_prefix": job.renderer.lead,
        "target_delimiter": " ",
        # Examples show the whole answer; what is scored stops before the letter.
        "fewshot_config": {"doc_to_choice": "answers"},
        "metric_list": [_mean("acc"), _mean("acc_norm")],
    }


def _multiple(job: ExportJob) -> dict[str, Any]:
    return {
        **_common(job, "multiple"),
        "output_type": "generate_until",
        "doc_to_target": "target",
        "target_delimiter": "\n",
        "generation_kwargs": {"until": ["\n\n"], "do_sample": False, "max_gen_toks": 256},
        "metric_list": [_mean("exact_match"), _mean("answered")],
    }


def _mean(metric: str) -> dict[str, Any]:
    return {"metric": metric, "aggregation": "mean", "higher_is_better": True}


def _splits(splits: Sequence[str]) -> dict[str, str]:
    """Ask the test split (or the only one there is); take examples from train, never from what is asked."""
    asked = "test" if "test" in splits else splits[0]
    examples = {"training_split": "train", "fewshot_split": "train"} if "train" in splits and asked != "train" else {}
    return {"test_split": asked, **examples}


def _write_task(path: Path, task: dict[str, Any], kind: str) -> None:
    """Write a task's YAML; `!function` names a function of the file beside it."""
    import yaml

    functions = {"custom_dataset": kind, **({"process_results": "score_set"} if kind == "multiple" else {})}
    lines = [f"{key}: !function {Path(HELPER).stem}.{name}" for key, name in functions.items()]
    write_text(path, yaml.safe_dump(task, sort_keys=False, allow_unicode=True) + "\n".join(lines) + "\n")
