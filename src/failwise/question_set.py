"""A question set with its proof: written only where no guesser beats chance on it and its splits are apart."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from failwise.errors import InputError, RefusedSetError
from failwise.files import content_id, file_digest, read_records, storage_errors, write_json, write_text
from failwise.generation.config import QuestionsConfig
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph

if TYPE_CHECKING:
    from failwise.generation.balance.certificate import BalanceCertificate
    from failwise.generation.planning.cells import Plan
    from failwise.generation.splitting.leakage import LeakageCertificate

BALANCE_JSON, BALANCE_TEXT, BALANCE_PICTURE = "balance.json", "balance.md", "balance.png"
LEAKAGE_JSON, LEAKAGE_TEXT = "leakage.json", "leakage.md"
MOST_COMPARED = 200_000  # questions; of larger sets the leakage certificate is made by its own command


@dataclass(frozen=True, slots=True)
class _File:
    """The questions of a file, read anew each time they are gone through."""

    path: Path

    def __iter__(self) -> Iterator[Question]:
        return read_records(self.path, Question)


def make_questions(graph: KnowledgeGraph, config: QuestionsConfig, folder: Path) -> tuple[dict[str, Any], list[Path]]:
    """Write questions.jsonl with its certificates; return counts and the files written.

    Raises:
        InputError: the configuration asks for nothing the ontology can give, or a file cannot be used.
        RefusedSetError: a guesser beats chance, or the regime is broken; nothing is written.
    """
    if config.file:
        return _take(config.file, graph, config, folder)
    plan, noticed = _plan(graph, config)
    with _part(folder / QUESTIONS) as part:
        splits, unasked = _draw(graph, config, plan, part)
        certified = _Certified.of(part, sum(splits.values()), graph, config, plan)
        certified.refuse()
        part.rename(folder / QUESTIONS)
    written = certified.write(folder, {**unasked, **dict.fromkeys(noticed, 1)})
    return {split: splits[split] for split in ("train", "test")}, [folder / QUESTIONS, *written]


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """Give a name to write to until all is known to be well; what stands there afterwards is removed."""
    part = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _plan(graph: KnowledgeGraph, config: QuestionsConfig) -> "tuple[Plan | None, list[str]]":
    if config.plan is None:
        return None, []
    from failwise.generation.drawing.supply import supplies
    from failwise.generation.planning.files import check_plan, read_plan

    plan = read_plan(config.plan)
    return plan, list(check_plan(plan, supplies(graph, config, plan.holes), graph.digest))


def _draw(
    graph: KnowledgeGraph, config: QuestionsConfig, plan: "Plan | None", part: Path
) -> tuple[Counter[str], dict[str, int]]:
    """Stream the questions into a file; return how many each split has, and what could not be asked."""
    from failwise.generation.drawing.parallel import question_lines
    from failwise.generation.drawing.synthesize import Synthesis

    synthesis = Synthesis(graph, config, plan)
    splits: Counter[str] = Counter()
    with part.open("wb") as stream:
        for lines in question_lines(synthesis):
            stream.write(lines.text)
            splits.update(lines.splits)
    unasked = {reason: n for reason, n in sorted(synthesis.unasked.items()) if n}
    if not splits:
        why = ", ".join(f"{reason}: {n}" for reason, n in unasked.items())
        raise InputError(
            f"no question can be made from these asset classes and relations ({why or 'they have no fact'}); "
            "a question needs at least one yes and one no for the same failure mode, sensor or asset class"
        )
    return splits, unasked


@dataclass(frozen=True, slots=True)
class _Certified:
    """The certificates of a set; leakage only where there are both splits."""

    balance: "BalanceCertificate"
    leakage: "LeakageCertificate | None"
    digest: str

    @classmethod
    def of(
        cls, path: Path, count: int, graph: KnowledgeGraph, config: QuestionsConfig, plan: "Plan | None"
    ) -> "_Certified":
        from failwise.generation.balance import certificate
        from failwise.generation.splitting import leakage

        questions: Iterable[Question] = list(_File(path)) if count <= MOST_COMPARED else _File(path)
        balance = certificate.certify(questions, graph, plan, margin=config.margin)
        apart = None
        if isinstance(questions, list):
            train, test = ([q for q in questions if q.split == split] for split in ("train", "test"))
            if train and test:
                apart = leakage.certify(train, test, graph, semantic=False)
        return cls(balance, apart, file_digest(path))

    def refuse(self) -> None:
        """Refuse a set that does not hold what it must."""
        if self.balance.verdict == "refused":
            raise RefusedSetError(
                f"{self.balance.sentence[:-1]}; nothing was written. Ask about more asset classes or relations, "
                "ask facts in no contrast group less often (questions.ungrouped_per_fact), or allow more "
                "(questions.margin)"
            )
        if self.leakage is not None and not self.leakage.holds:
            raise RefusedSetError(
                f"the set's splits are not apart: {'; '.join(self.leakage.broken)}; nothing was written"
            )

    def write(self, folder: Path, unasked: dict[str, int]) -> list[Path]:
        """Write the certificates beside the questions, whose digest they name."""
        head = {"file": QUESTIONS, "sha256": self.digest}
        write_json(folder / BALANCE_JSON, {**head, **self.balance.to_json(), "unasked": unasked})
        write_text(folder / BALANCE_TEXT, self.balance.markdown())
        written = [folder / BALANCE_JSON, folder / BALANCE_TEXT]
        if self.leakage is not None:
            write_json(folder / LEAKAGE_JSON, {**head, **self.leakage.to_json()})
            write_text(folder / LEAKAGE_TEXT, self.leakage.markdown())
            written += [folder / LEAKAGE_JSON, folder / LEAKAGE_TEXT]
        return written


# --- a set from elsewhere ---


def _take(
    path: Path, graph: KnowledgeGraph, config: QuestionsConfig, folder: Path
) -> tuple[dict[str, Any], list[Path]]:
    """Take questions from a file as they are. Sets made elsewhere are certified, and not refused for what they are."""
    from failwise.files import write_records
    from failwise.generation.balance import certificate
    from failwise.generation.formats.field_map import FieldMap
    from failwise.generation.formats.question_files import read_questions

    field_map = FieldMap.parse(config.file_map) if config.file_map else None
    questions = _with_splits(read_questions(path, graph, field_map=field_map), config)
    write_records(folder / QUESTIONS, questions)
    balance = certificate.certify(questions, graph, margin=config.margin)
    written = _Certified(balance, None, file_digest(folder / QUESTIONS)).write(folder, {})
    splits = Counter(q.split for q in questions)
    counts = {**{split: splits[split] for split in ("train", "test")}, "linked to facts": sum(map(_linked, questions))}
    return counts, [folder / QUESTIONS, *written]


def _linked(question: Question) -> bool:
    return any(question.fact_ids)


def _with_splits(questions: Sequence[Question], config: QuestionsConfig) -> list[Question]:
    """Give questions without a split one by their id, so that the same question always falls on the same side."""
    edge = round(config.test_share * 16**4)

    def side(question: Question) -> str:
        return "test" if int(content_id(config.seed, question.id)[:4], 16) < edge else "train"

    return [q if q.split else replace(q, split=side(q)) for q in questions]
