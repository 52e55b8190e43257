"""FActScore against the graph: how much of what rationales claim is supported.

Min et al. 2023, arXiv 2305.14251: the share of a text's atomic claims that a source supports, averaged over texts.
What the graph does not know counts as not supported, as there, and is shown apart. Rationales with no claim have no
score; they are counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Protocol

from failwise.generation.records import Question, Rationale, Style
from failwise.generation.verifying.claims import Finding
from failwise.generation.verifying.rules import Verifier
from failwise.generation.words import words
from failwise.statistics import wilson

GAMMA = 10  # claims below which the original's length penalty sets in
PUBLISHED = 0.708  # of the data that Fine-Tuned Thoughts generated, by its authors' own source and judge


class Source(Protocol):
    """Anything that can judge a claim: a judge model, a corpus. The graph is asked first, and needs none of these."""

    def judges(self, claim: str) -> Finding:
        """Say whether the source supports a claim, contradicts it, or knows nothing of it."""
        ...


class GraphSource:
    """The graph as a source of claims about one question."""

    def __init__(self, verifier: Verifier, question: Question) -> None:
        self._verifier, self._question = verifier, question

    def judges(self, claim: str) -> Finding:
        """Say what the graph says to a sentence; the worst counts where it holds several claims."""
        found = {c.finding for c in self._verifier.read(self._question, claim).claims}
        worst_first = (Finding.CONTRADICTED, Finding.UNVERIFIABLE)
        return next((f for f in worst_first if f in found), Finding.SUPPORTED if found else Finding.UNVERIFIABLE)


class PassageSource:
    """Texts that support a claim where one of them holds nearly all of its words. They never contradict one.

    Args:
        share: of the claim's words, so many must stand in the passage.
    """

    def __init__(self, passages: Iterable[str], share: float = 0.8) -> None:
        self._passages = [words(p) for p in passages]
        self._share = share

    def judges(self, claim: str) -> Finding:
        """Say whether a passage holds the claim's words."""
        asked = words(claim)
        near = any(len(asked & passage) >= self._share * len(asked) for passage in self._passages)
        return Finding.SUPPORTED if asked and near else Finding.UNVERIFIABLE


@dataclass(frozen=True, slots=True)
class FactScore:
    """The score of a group of rationales.

    `score` is the mean supported share, with a 95 % Wilson interval over rationales (wider than need be, since shares
    vary less than yes and no); `penalised` is the mean with the original's length penalty. `claimless` rationales
    claim nothing and are in neither mean.
    """

    teacher: str
    style: Style
    rationales: int
    claimless: int
    supported: int
    contradicted: int
    unverifiable: int
    score: float
    low: float
    high: float
    penalised: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Claims of one rationale by finding."""

    supported: int
    contradicted: int
    unverifiable: int

    @property
    def claims(self) -> int:
        """Number of claims."""
        return self.supported + self.contradicted + self.unverifiable

    @property
    def share(self) -> float:
        """Supported share.

        Raises:
            ZeroDivisionError: there is no claim.
        """
        return self.supported / self.claims


def length_penalty(claims: int, gamma: int = GAMMA) -> float:
    """Return exp(1 - gamma / n) where there are fewer claims than gamma, else 1 (FActScore, section 3)."""
    return 1.0 if claims >= gamma else exp(1 - gamma / claims) if claims else 0.0


def count_claims(verifier: Verifier, question: Question, text: str, sources: Sequence[Source] = ()) -> Counts:
    """Count a rationale's claims; what the graph knows nothing of is asked of further sources, the first that knows."""
    found = dict.fromkeys(Finding, 0)
    for claim in verifier.read(question, text).claims:
        finding = claim.finding
        for source in sources if finding is Finding.UNVERIFIABLE else ():
            finding = source.judges(claim.sentence)
            if finding is not Finding.UNVERIFIABLE:
                break
        found[finding] += 1
    return Counts(found[Finding.SUPPORTED], found[Finding.CONTRADICTED], found[Finding.UNVERIFIABLE])


def fact_scores(
    rationales: Iterable[Rationale],
    questions: Mapping[str, Question],
    verifier: Verifier,
    sources: Sequence[Source] = (),
) -> list[FactScore]:
    """Return the score of each teacher and style; rationales of unknown questions are left out."""
    groups: dict[tuple[str, Style], list[Counts]] = {}
    for rationale in rationales:
        if question := questions.get(rationale.question_id):
            counts = count_claims(verifier, question, rationale.text, sources)
            groups.setdefault((rationale.teacher, Style(rationale.style)), []).append(counts)
    return [fact_score(teacher, style, group) for (teacher, style), group in sorted(groups.items())]


def fact_score(teacher: str, style: Style, group: Sequence[Counts]) -> FactScore:
    """Return the score of a group of rationales from their counts."""
    speaking = [c for c in group if c.claims]
    total = sum(c.share for c in speaking)
    low, high = wilson(total, len(speaking))
    return FactScore(
        teacher=teacher,
        style=style,
        rationales=len(group),
        claimless=len(group) - len(speaking),
        supported=sum(c.supported for c in group),
        contradicted=sum(c.contradicted for c in group),
        unverifiable=sum(c.unverifiable for c in group),
        score=total / len(speaking) if speaking else 0.0,
        low=low,
        high=high,
        penalised=sum(c.share * length_penalty(c.claims) for c in speaking) / len(speaking) if speaking else 0.0,
    )
