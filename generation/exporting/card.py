"""The card of a Hugging Face folder: what the set holds, how it is balanced, what it covers, what its scores mean."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from failwise import __version__
from failwise.generation.exporting.job import ExportJob, is_multiple, right_options
from failwise.generation.records import Question

# What a good score on the test split says, by what was kept from training.
REGIMES = {
    "new-question": "The test split asks the facts of the train split in other questions. A score on it says what a "
    "model remembers of them; it does not say that the model generalises.",
    "held-out-fact": "No fact of the test split occurs in the train split, neither as an answer nor as another option.",
    "held-out-pair": "No pair of names of the test split (a failure mode and a sensor, say) occurs together in the "
    "train split, on any asset class.",
    "held-out-entity": "The entities that the test split asks about do not occur in the train split.",
    "held-out-asset": "The asset classes of the test split, and their kin, do not occur in the train split.",
    "": "The questions name no regime: what a model trained on one split can know of the other is not stated.",
}

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"

_MOST_VALUES = 100  # rows of one table


def card(job: ExportJob, splits: Mapping[str, Sequence[Question]]) -> str:
    """Return README.md: the header that the hub and `load_dataset` read, then the tables."""
    import yaml

    header = yaml.safe_dump(_header(job, splits), sort_keys=False, allow_unicode=True)
    sections = [f"# {job.name}", _about(job), _regime(job), *_tables(splits), *_certificates(job), _use(job, splits)]
    return f"---\n{header}---\n\n" + "\n\n".join(sections) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def _header(job: ExportJob, splits: Mapping[str, Sequence[Question]]) -> dict[str, Any]:
    count = len(job.questions)
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    return {
        **({"license": job.license} if job.license else {}),
        "language": sorted({q.language for q in job.questions}),
        "pretty_name": job.name,
        "size_categories": [next((name for limit, name in _SIZES if count < limit), _LARGEST)],
        "task_categories": ["multiple-choice", "question-answering"],
        "tags": ["fmea", "reliability", "failwise"],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _about(job: ExportJob) -> str:
    digests = sorted({q.ontology for q in job.questions if q.ontology})
    made = ", ".join(f"`{d}`" for d in digests) or "not stated (the questions were read from elsewhere)"
    said = f"`{job.license}`." if job.license else "not stated; ask whoever gave you this folder before you pass it on."
    return (
        f"{len(job.questions):,} multiple-choice questions, exported by failwise {__version__}.\n\n"
        f"- Ontology (digest): {made}\n"
        f"- Licence: {said} The sources that the ontology names bind this set too.\n"
        "- Provenance of the files: `failwise.json`"
    )


def _regime(job: ExportJob) -> str:
    named = sorted({q.regime for q in job.questions})
    lines = [
        f"**{name or 'none'}**: {REGIMES.get(name, 'a regime that this version does not know.')}" for name in named
    ]
    return "## Split regime\n\n" + "\n\n".join(lines)


def _tables(splits: Mapping[str, Sequence[Question]]) -> list[str]:
    everything = [q for questions in splits.values() for q in questions]
    return [
        "## Balance",
        _counted("answers asked for", splits, lambda q: "several" if is_multiple(q) else "one"),
        _counted("family", splits, _family),
        _counted("options", splits, lambda q: str(len(q.options))),
        _counted("right", splits, lambda q: ", ".join(q.option_ids[i] for i in right_options(q)) or "none"),
        "## Coverage",
        _coverage(everything),
    ]


def _family(question: Question) -> str:
    parts = (question.relation or question.relevancy or "not stated", question.direction, question.polarity)
    return ", ".join(str(part) for part in parts if part)


def _counted(name: str, splits: Mapping[str, Sequence[Question]], value: Callable[[Question], str]) -> str:
    """Return how often each value occurs in each split; of very many the rare ones are put together."""
    counts = {split: Counter(map(value, questions)) for split, questions in splits.items()}
    overall: Counter[str] = sum(counts.values(), Counter())
    shown = sorted(v for v, _ in sorted(overall.items(), key=lambda item: (-item[1], item[0]))[:_MOST_VALUES])
    rows = [(v, *(_share(counts[split][v], len(splits[split])) for split in splits)) for v in shown]
    if rest := len(overall) - len(shown):
        left = {split: len(splits[split]) - sum(counts[split][v] for v in shown) for split in splits}
        rows.append((f"{rest} others", *(_share(left[split], len(splits[split])) for split in splits)))
    return table((name, *splits), rows)


def _share(count: int, whole: int) -> str:
    return f"{count:,} ({100 * count / whole:.1f} %)"


def _coverage(questions: Sequence[Question]) -> str:
    """Return for each relation how many facts are tested, and how often."""
    tested: dict[str, Counter[str]] = {}
    for question in questions:
        if question.tested_facts:
            tested.setdefault(question.relation, Counter()).update(question.tested_facts)
    if not tested:
        return "The questions are linked to no facts."
    rows = [
        (relation, len(counts), min(counts.values()), f"{median(counts.values()):g}", max(counts.values()))
        for relation, counts in sorted(tested.items())
    ]
    return table(("relation", "facts tested", "questions per fact: least", "median", "most"), rows)


def _certificates(job: ExportJob) -> list[str]:
    parts = []
    for name, content in sorted(job.certificates.items()):
        told = _lowered(content) if isinstance(content, str) else _told(content)
        parts.append(f"## Certificate: `certificates/{name}`\n\n{told}")
    return parts


def _lowered(text: str) -> str:
    """Return Markdown with its headings two levels down, so that they stand below ours; code stays as it is."""
    lines, fenced = [], False
    for line in text.strip().splitlines():
        fenced ^= line.startswith("```")
        lines.append(f"##{line}" if line.startswith("#") and not fenced else line)
    return "\n".join(lines)


def _told(certificate: Mapping[str, object]) -> str:
    """Return what a certificate says in single values, named by their path; its lists are in the file."""
    rows = list(_values(certificate, ""))
    return table(("what", "value"), rows) if rows else "See the file."


def _values(value: Mapping[str, object], path: str) -> Iterable[tuple[str, object]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _values(inner, f"{path}{key} / ")
        elif isinstance(inner, list | tuple):
            yield f"{path}{key}", f"{len(inner)} entries, see the file"
        else:
            yield f"{path}{key}", f"{inner:.4g}" if isinstance(inner, float) else inner


def _use(job: ExportJob, splits: Mapping[str, Sequence[Question]]) -> str:
    return (
        "## Use\n\n```python\nfrom datasets import load_dataset\n\n"
        f'questions = load_dataset("path/to/{job.name}", split="{next(iter(splits))}")\n```'
    )
