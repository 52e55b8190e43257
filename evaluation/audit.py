"""An audit from end to end: answers in, what the student knows out."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from failwise.errors import InputError
from failwise.evaluation.answers import single_answer
from failwise.evaluation.conformal import conformal_rows
from failwise.evaluation.coverage.audit import audit
from failwise.evaluation.coverage.findings import Finding, findings
from failwise.evaluation.coverage.probes import Asked, probes_of
from failwise.evaluation.coverage.shortcuts import find_shortcuts
from failwise.evaluation.coverage.states import KNOWN, STATES, open_facts
from failwise.evaluation.measures import Measure, measures
from failwise.evaluation.perturbation import perturbed_rows
from failwise.evaluation.records import Accuracy, Answer, Conformal, FactAudit, Perturbed, RollUp, Shortcut
from failwise.evaluation.reliability import Bin, reliability_bins
from failwise.evaluation.scores import score_rows
from failwise.evaluation.sources import Answers, Questions
from failwise.generation.planning.cells import Hole
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth

# Questions that are read whole, for the rows that need no model and for shortcuts; of more, about as many, by a hash.
MOST_READ = 20_000

# Questions that a fact gets which the student does not know.
PER_HOLE = 12


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found.

    `answers` counts them all, `asked` holds the questions that were read whole, with their answers; scores and
    shortcuts are of those for one option. `untied` answers are to questions that test no single fact. `stamp` says
    what spoils the audit; it stands on every page.
    """

    student: str
    stamp: str
    facts: list[FactAudit]
    roll_ups: list[RollUp]
    scores: list[Accuracy]
    measures: list[Measure]
    shortcuts: list[Shortcut]
    perturbed: list[Perturbed]
    conformal: list[Conformal]
    reliability: list[Bin]
    findings: list[Finding]
    answers: int
    untied: int
    unanswered: int
    asked: list[tuple[Question, Answer]] = field(repr=False)

    @property
    def read(self) -> int:
        """Return how many questions were read whole."""
        return len(self.asked)

    def states(self) -> dict[str, int]:
        """Return how many facts have each state; unknown ones are none of them."""
        judged = [fact.state for fact in self.facts if fact.truth != Truth.UNKNOWN]
        return {state: judged.count(state) for state in STATES}

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from failwise.evaluation.reporting.notebook import as_html

        return as_html(self)

    def mistaken(self) -> float:
        """Return how many of the facts that are called known are expected not to be, by their own probabilities."""
        return sum(1 - fact.p_known for fact in self.facts if fact.state == KNOWN)

    def holes(self, questions: int = PER_HOLE) -> list[Hole]:
        """Return the facts that the student is not known to know, those first that it most surely does not."""
        return [Hole(fact.fact_id, questions) for fact in open_facts(self.facts)]


def audit_answers(
    graph: KnowledgeGraph,
    questions: Questions,
    answers: Answers,
    base: Answers = (),
    *,
    stamp: str = "",
    until_decided: bool = False,
    seed: int = 0,
) -> Audited:
    """Judge what a student knows by its answers.

    Args:
        base: answers of the untrained base to the same questions, which get a row of the score table.
        stamp: what spoils the audit, if anything does.
        until_decided: each fact was asked until it was decided.

    Raises:
        InputError: there is no answer, they are of several students, or do not fit the questions.
    """
    tap, kept = _Tap(answers), list[Question]()
    probes = probes_of(questions.read(tap.keeps, kept), tap)
    audited = audit(graph, probes, seed)
    read = [question for question in single_answer(kept) if question.id in tap.kept]
    asked = [(question, tap.kept[question.id]) for question in read]
    shortcuts = find_shortcuts(graph, asked)
    perturbed = perturbed_rows(asked)
    before = _of_base(questions, base, tap.kept) if base else []
    scores = score_rows(read, graph, [answer for _, answer in asked], before)
    whole = [(question, tap.kept[question.id]) for question in kept if question.id in tap.kept]
    return Audited(
        tap.student,
        stamp,
        audited.facts,
        audited.roll_ups,
        scores,
        measures(whole),
        shortcuts,
        perturbed,
        conformal_rows(asked),
        reliability_bins(asked),
        findings(audited.roll_ups, shortcuts, perturbed, audited.facts, until_decided, scores),
        len(answers),
        probes.untied,
        probes.unanswered,
        whole,
    )


def _of_base(questions: Questions, base: Answers, asked: Container[str]) -> list[Answer]:
    """Return the base's answers to what the student was asked, once they fit the questions.

    Raises:
        InputError: they do not, are of several models, or to none of these questions.
    """
    tap = _Tap(base)
    try:
        probes_of(questions.read(lambda question: False, []), tap)
    except InputError as error:
        raise InputError(f"the base: {error}") from error
    found = [answer for answer in base if answer.question_id in asked]
    if not found:
        raise InputError("the base answered none of the questions that the student did; ask both the same")
    return found


class _Tap:
    """Answers that pass by; some are kept, by a hash of their question, variants with their originals."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._step = -(-len(answers) // MOST_READ)
        self._ids: set[str] = set()
        self.kept: dict[str, Answer] = {}
        self.student = ""

    def keeps(self, question: Asked) -> bool:
        """Say whether a question is one of those that are read whole; the answer to it will be kept, too."""
        root = question.perturbation_of or question.id
        keeps = self._step < 2 or crc32(root.encode()) % self._step == 0
        if keeps:
            self._ids.add(question.id)
        return keeps

    def __iter__(self) -> Iterator[Answer]:
        for number, answer in enumerate(self._answers):
            if number == 0:
                self.student = answer.student
            elif answer.student != self.student:
                raise InputError(
                    f"the answers are of several students, {self.student} and {answer.student}; audit each by itself"
                )
            if answer.question_id in self._ids:
                self.kept[answer.question_id] = answer
            yield answer
        if not self.student and not self.kept:
            raise InputError("there is no answer to audit")
