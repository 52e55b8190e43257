"""What an ontology change does to a run: which questions, rationales, lessons and audit rows went stale."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from failwise.config import RunConfig
from failwise.errors import FailwiseError, InputError
from failwise.evaluation.records import AUDITS, Answer, FactAudit
from failwise.files import content_id, read_json, read_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales.job import RATIONALES, request_fingerprint
from failwise.generation.records import Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Fact, Relation, Truth
from failwise.manifest import MANIFEST, set_aside_folders
from failwise.question_set import planned_questions
from failwise.question_stages import for_the_teacher
from failwise.run_folder import FACTS, RELATIONS, STUDENT_ANSWERS, Run, read_config
from failwise.stage import asked_digest

R = TypeVar("R")

# Why a fact, and what rests on it, went stale.
GONE, TRUTH, LABEL, WORDING = "gone", "other truth", "other label", "other wording"


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many are stale."""

    stale: int
    of: int

    def __str__(self) -> str:
        return f"{self.stale:,} of {self.of:,}"


@dataclass(frozen=True, slots=True)
class Remake:
    """What `failwise run --redo` makes again. Fresh questions can differ where old ones still hold: they are drawn
    by table (asset class and relation), and one changed fact gives its table other draws."""

    rationales: Share
    student: bool


@dataclass(frozen=True, slots=True)
class Impact:
    """What went stale in a run; false where nothing did and no new fact waits for a question.

    `questions` gives the reason by question id; `student` counts lessons, None where none was trained. `remake` is
    None where the run's questions cannot be made from this ontology, and `refusal` says why.
    """

    before: str
    after: str
    facts: Mapping[str, int]
    questions: Mapping[str, str]
    splits: Mapping[str, Share]
    asset_classes: Mapping[str, Share]
    rationales: Share
    student: Share | None
    answers: Share
    audit: Share
    new_facts: Mapping[str, int]
    remake: Remake | None
    refusal: str = ""

    def __bool__(self) -> bool:
        stale = (self.rationales, self.answers, self.audit)
        return bool(self.questions or self.new_facts or self.refusal or any(share.stale for share in stale))

    def lines(self) -> list[str]:
        """Return the impact as lines of text."""
        said = [f"ontology: {self.before} → {self.after}" if self.before != self.after else "ontology: unchanged"]
        said += [f"facts of the run: {_listed(self.facts)}"] if self.facts else []
        for name, share in self.splits.items():
            said.append(f"{name} questions stale: {share}")
        said += [f"    {name}: {share}" for name, share in self.asset_classes.items() if share.stale]
        said.append(f"rationales stale: {self.rationales}")
        said += [f"student: {self.student} lessons stale"] if self.student else []
        said += [f"answers stale: {self.answers}", f"audit rows stale: {self.audit}"]
        new = sum(self.new_facts.values())
        said.append(f"new facts that no question asks yet: {new:,}{f' ({_listed(self.new_facts)})' if new else ''}")
        return [*said, *self._remake_lines()]

    def _remake_lines(self) -> Iterator[str]:
        if self.remake is None:
            yield f"the run's questions cannot be made from this ontology: {self.refusal}"
            return
        yield f"`failwise run --redo` asks the teacher for {self.remake.rationales} rationales and keeps the others"
        if self.student:
            yield "it trains the student again" if self.remake.student else "it keeps the student as it is"

    def to_json(self) -> dict[str, Any]:
        """Return the impact as plain values."""
        return asdict(self)


def impact(folder: Path, graph: KnowledgeGraph) -> Impact:
    """Compare a run with an ontology as it is now. Nothing is written.

    Raises:
        InputError: the folder holds no run, or none with facts and questions.
    """
    config = read_config(folder)
    questions = _records(folder / "questions" / QUESTIONS, Question)
    if not questions:
        raise InputError(
            f"{folder} holds no questions yet, so nothing in it can be stale; finish it with: failwise run"
        )
    before = str(read_json(folder / "questions" / MANIFEST)["inputs"]["ontology"])
    ontology = _ontology_of(folder, before)
    reasons, known = _changed_facts(ontology / FACTS, graph)
    stale = dict(_stale_questions(questions, reasons, graph, taken=config.questions.file is not None))
    reworded = _reworded(ontology / RELATIONS, graph)
    rationales = _records(folder / "rationales" / RATIONALES, Rationale)
    # A rationale cites facts of its question alone (generation/verify.py), so it needs no look at what it cites.
    unfit = set(stale) | {q.id for q in questions if q.relation in reworded}
    remake, refusal = _remake(folder, config, graph, rationales)
    return Impact(
        before=before,
        after=graph.digest,
        facts=dict(sorted(Counter(reasons.values()).items())),
        questions=stale,
        splits=_shares(questions, stale, "split"),
        asset_classes=_shares(questions, stale, "asset_class"),
        rationales=_share(r.question_id in unfit for r in rationales),
        student=_lessons(folder, questions, unfit),
        answers=_share(a.question_id in stale for a in _records(folder / "answers" / STUDENT_ANSWERS, Answer)),
        audit=_audit(folder, questions, stale, reasons),
        new_facts=_new_facts(graph, known, config.questions),
        remake=remake,
        refusal=refusal,
    )


def _records(path: Path, record: type[R]) -> list[R]:
    return list(read_records(path, record, torn_tail=True)) if path.is_file() else []


def _ontology_of(folder: Path, digest: str) -> Path:
    """Return the ontology stage that the questions were made from: it may have been set aside since."""
    stages = [folder / "ontology", *set_aside_folders(folder / "ontology")]
    for stage in stages:
        if (stage / MANIFEST).is_file() and read_json(stage / MANIFEST)["inputs"].get("ontology") == digest:
            return stage
    raise InputError(
        f"{folder} holds questions made from the ontology {digest}, but not the facts of that ontology; "
        "make the questions again with: failwise run --redo"
    )


def _changed_facts(path: Path, graph: KnowledgeGraph) -> tuple[dict[str, str], set[str]]:
    """Return why facts of the run went stale, by id, and the ids of all that were yes or no."""
    reasons, known = {}, set()
    for fact in read_records(path, Fact):
        if fact.truth is not Truth.UNKNOWN:
            known.add(fact.id)
        if reason := _why(fact, graph.facts.get(fact.id)):
            reasons[fact.id] = reason
    return reasons, known


def _why(old: Fact, new: Fact | None) -> str:
    if new is None:
        return GONE
    if new.truth is not old.truth:
        return TRUTH
    ends = ((f.asset_class.label, f.subject.label, f.object.label) for f in (old, new))
    return LABEL if len(set(ends)) > 1 else ""


def _stale_questions(
    questions: Iterable[Question], reasons: Mapping[str, str], graph: KnowledgeGraph, *, taken: bool
) -> Iterator[tuple[str, str]]:
    """Yield (question id, reason): a fact of an option changed, or the wording is no more among the templates.

    Args:
        taken: the questions were taken from a file, which has words of its own.
    """
    templates = {t.id for r in graph.relations.values() for f in r.families for t in f.templates}
    for question in questions:
        changed = (reasons.get(i, "" if i in graph.facts else GONE) for i in question.fact_ids if i)
        reason = next(filter(None, changed), "" if taken or question.template in templates else WORDING)
        if reason:
            yield question.id, reason


def _reworded(path: Path, graph: KnowledgeGraph) -> set[str]:
    """Return the relations whose facts are put into other words now: their rationales say it the old way."""
    words = {r.name: (r.statement, r.denial) for r in graph.relations.values()}
    return {r.name for r in _records(path, Relation) if words.get(r.name) != (r.statement, r.denial)}


def _remake(
    folder: Path, config: RunConfig, graph: KnowledgeGraph, rationales: Sequence[Rationale]
) -> tuple[Remake | None, str]:
    """Make the questions anew in memory, and see what of the run's work fits them."""
    run = Run(config)
    run.graph = graph
    try:
        run.questions = list(planned_questions(graph, config.questions))
        offers = run.offers()
    except FailwiseError as error:
        return None, str(error)
    train = run.split("train")
    requests = {q.id: request_fingerprint(q, graph, config.rationales, offers) for q in train}
    same_requests = content_id(list(requests.values())) == _input(folder, "rationales", QUESTIONS)
    wanted = {q.id: requests[q.id] for q in for_the_teacher(train)[0]}
    old = [r for path in set_aside_folders(folder / "rationales") for r in _records(path / RATIONALES, Rationale)]
    have = {r.question_id for r in (*rationales, *old) if wanted.get(r.question_id) == r.fingerprint}
    missing = 0 if same_requests else len(wanted) - len(have)
    same_lessons = asked_digest(train) == _input(folder, "student", QUESTIONS)
    return Remake(Share(missing, len(wanted)), bool(missing) or not same_lessons), ""


def _input(folder: Path, stage: str, name: str) -> str:
    """Return the digest of what a finished stage made of the questions; nothing where it is not finished."""
    path = folder / stage / MANIFEST
    return str(read_json(path)["inputs"].get(f"questions/{name}", "")) if path.is_file() else ""


def _new_facts(graph: KnowledgeGraph, known: set[str], config: QuestionsConfig) -> dict[str, int]:
    """Count the yes and no facts that the run did not have, in the asset classes and relations it asks about."""
    asked = {r.name for r in graph.relations.values() if r.families}
    asked &= set(config.relations) or asked
    classes = {slugify(name) for name in config.asset_classes}
    counts = Counter(
        fact.asset_class.slug
        for fact in graph.facts.values()
        if fact.truth is not Truth.UNKNOWN
        and fact.id not in known
        and fact.relation in asked
        and (not classes or not classes.isdisjoint((fact.asset_class.slug, slugify(fact.asset_class.label))))
    )
    return dict(sorted(counts.items()))


def _lessons(folder: Path, questions: Iterable[Question], unfit: set[str]) -> Share | None:
    if not (folder / "student" / MANIFEST).is_file():
        return None
    return _share(q.id in unfit for q in questions if q.split == "train")


def _audit(folder: Path, questions: Iterable[Question], stale: Mapping[str, str], reasons: Mapping[str, str]) -> Share:
    """Count the audit rows whose fact changed, or that rest on a test question which went stale."""
    shaken = {q.tested_fact for q in questions if q.split == "test" and q.id in stale} | set(reasons)
    return _share(row.fact_id in shaken for row in _records(folder / "audit" / AUDITS, FactAudit))


def _shares(questions: Sequence[Question], stale: Mapping[str, str], dimension: str) -> dict[str, Share]:
    all_of = Counter(getattr(q, dimension) for q in questions)
    stale_of = Counter(getattr(q, dimension) for q in questions if q.id in stale)
    return {name: Share(stale_of[name], n) for name, n in sorted(all_of.items())}


def _share(flags: Iterable[bool]) -> Share:
    found = list(flags)
    return Share(sum(found), len(found))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items())
