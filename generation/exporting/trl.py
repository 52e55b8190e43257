"""For TRL's trainers: JSON Lines of `messages`, or of `prompt` and `completion` as chat or as plain text."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from failwise.generation.exporting.job import Exported, ExportJob, by_split, pick_layout, write_rows
from failwise.generation.exporting.lessons import Lesson, lessons


def write(job: ExportJob, folder: Path) -> Exported:
    """Write one file per split. Layouts: messages, prompt-completion (chat), plain."""
    row = LAYOUTS[pick_layout(job, "trl", tuple(LAYOUTS))]
    tally: Counter[str] = Counter()
    records = {}
    for split, questions in by_split(job.questions).items():
        name = f"{split}.jsonl"
        records[name] = write_rows(folder / name, map(row, lessons(job, questions, tally)))
    return Exported(records, notes=tuple(f"{reason}: {count}" for reason, count in sorted(tally.items())))


def _asked(lesson: Lesson) -> list[dict[str, str]]:
    return [{"role": "system", "content": lesson.system}, {"role": "user", "content": lesson.prompt}]


def _replied(lesson: Lesson) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": lesson.reply}]


def _messages(lesson: Lesson) -> dict[str, Any]:
    return {"id": lesson.question.id, "messages": _asked(lesson) + _replied(lesson)}


def _chat(lesson: Lesson) -> dict[str, Any]:
    return {"id": lesson.question.id, "prompt": _asked(lesson), "completion": _replied(lesson)}


def _plain(lesson: Lesson) -> dict[str, Any]:
    """Return plain text; the line end closes the prompt, so that the completion begins with a word."""
    prompt = f"{lesson.system}\n\n{lesson.prompt}\n"
    return {"id": lesson.question.id, "prompt": prompt, "completion": lesson.reply}


LAYOUTS: dict[str, Callable[[Lesson], dict[str, Any]]] = {
    "messages": _messages,
    "prompt-completion": _chat,
    "plain": _plain,
}
