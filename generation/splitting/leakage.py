"""What crosses from a training set to a test set: facts, name pairs, entities, asset classes, and wordings.

The check reads questions and the graph alone, and trusts no regime or partition that made them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from failwise.generation.records import Question
from failwise.generation.splitting.crossings import Comparison, Crossing, Offence, Reader
from failwise.generation.splitting.near_duplicates import NearDuplicates, near_duplicates
from failwise.generation.splitting.splits import REGIMES
from failwise.kg.graph import KnowledgeGraph

_MEANS = {
    "": "the same questions on both sides: not even recall of other questions is measured",
    "new-question": "the same facts: recall, not generalisation",
    "held-out-fact": "other facts about names that training has seen together",
    "held-out-pair": "pairs of names that training never brings together",
    "held-out-entity": "things that training never names",
    "held-out-asset": "asset classes that training never asks about",
}
_QUESTIONS = ("questions", "originals", "option sets")
# What must not cross under each regime. Entities may be options on both sides, as long as each fact has a new one.
_FORBIDS = {
    "new-question": _QUESTIONS,
    "held-out-fact": (*_QUESTIONS, "facts"),
    "held-out-pair": (*_QUESTIONS, "facts", "name pairs"),
    "held-out-entity": (*_QUESTIONS, "facts", "name pairs", "facts without a new entity"),
    "held-out-asset": (*_QUESTIONS, "facts", "asset classes"),
}
# What a row is called where people read it, and what its 0 would mean.
ROWS = {
    "facts": ("facts", "no fact of the test stands in training, right or wrong, or follows from one that does"),
    "name pairs": ("name pairs", "training never brings the two names of a test fact together"),
    "entities": ("entities", "training names no failure mode, sensor or other thing of the test"),
    "facts without a new entity": (
        "facts about known things only",
        "every fact of the test is about something that training never names",
    ),
    "asset classes": ("asset classes", "training never asks about an asset class of the test"),
    "option sets": ("option sets", "no test question offers the same options about the same thing"),
    "stems": ("stems", "no test question is worded like one of training, options aside"),
    "questions": ("questions", "no test question stands in training word for word"),
    "originals": ("originals", "no test question is one of training or a variant of one"),
}
_ONE_SIDED = "facts without a new entity"  # of training facts, all are about things that training names


@dataclass(frozen=True, slots=True)
class LeakageCertificate:
    """What crosses between a training set and a test set, and which split regimes they satisfy.

    `regime` is what the questions claim ("" where they claim nothing), `holds` whether it is true; `broken` says in
    sentences why not. `strongest` is the last of `satisfied` in the order of `REGIMES`; the last three regimes do not
    imply one another. `unlinked` counts questions without facts on either side, of which wordings alone are checked,
    `contrary` those whose options name or are marked otherwise than their facts say, and `blank` those whose options
    have no words, of which their originals alone are compared.
    """

    regime: str
    holds: bool
    broken: tuple[str, ...]
    satisfied: tuple[str, ...]
    strongest: str
    train_questions: int
    test_questions: int
    unlinked: tuple[int, int]
    crossings: tuple[Crossing, ...]
    near: NearDuplicates
    ontology: str
    contrary: tuple[int, int] = (0, 0)
    blank: tuple[int, int] = (0, 0)

    def crossing(self, name: str) -> Crossing:
        """Return the row of one notion."""
        return next(c for c in self.crossings if c.name == name)

    def sentence(self) -> str:
        """Say in one sentence what the split measures."""
        claim = f"claimed regime {self.regime}: {'holds' if self.holds else 'BROKEN'}; " if self.regime else ""
        return f"{claim}strongest regime satisfied: {self.strongest or 'none'} ({_MEANS[self.strongest]})"

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {**asdict(self), "means": _MEANS[self.strongest], "sentence": self.sentence()}

    def markdown(self) -> str:
        """Return all of it for a person to read."""
        lines = [
            "# Leakage certificate",
            "",
            f"{self.train_questions:,} training and {self.test_questions:,} test questions; {self.sentence()}.",
            "",
            *(f"- {sentence}" for sentence in self.broken),
            *([""] if self.broken else []),
            "| what | training | test | in both | test questions with one | % | 0 in both would mean |",
            "|---|--:|--:|--:|--:|--:|---|",
            *map(_row, self.crossings),
            "",
            *_requirement(self),
            *_near_lines(self.near),
            *_aside(self),
        ]
        for crossing in (c for c in self.crossings if c.examples and c.name in _forbidden(self)):
            lines += [
                "",
                f"## Most frequent {ROWS[crossing.name][0]} that cross",
                "",
                *map(_offence_line, crossing.examples),
            ]
        return "\n".join(lines) + "\n"


def _forbidden(certificate: LeakageCertificate) -> tuple[str, ...]:
    return tuple(name for r in certificate.regime.split(" + ") for name in _FORBIDS.get(r, ()))


def _row(crossing: Crossing) -> str:
    name, means = ROWS[crossing.name]
    train = "" if crossing.name == _ONE_SIDED else f"{crossing.train:,}"
    return (
        f"| {name} | {train} | {crossing.test:,} | {crossing.crossing:,} | {crossing.questions:,} "
        f"| {100 * crossing.share:.1f} | {means} |"
    )


def _requirement(certificate: LeakageCertificate) -> list[str]:
    """Say which rows decide whether the regime holds."""
    names = [ROWS[name][0] for name in dict.fromkeys(_forbidden(certificate))]
    if not names:
        return []
    return [f"{certificate.regime} forbids these in both: {', '.join(names)}. The other rows may cross.", ""]


def _aside(certificate: LeakageCertificate) -> list[str]:
    """Count the questions that are not compared by their facts."""
    counts = {
        "have no facts of this graph": certificate.unlinked,
        "name or mark their options otherwise than their facts say": certificate.contrary,
        "have blank options, so that their originals alone are compared": certificate.blank,
    }
    return [f"{n:,} training and {m:,} test questions {what}." for what, (n, m) in counts.items() if n or m]


def _offence_line(offence: Offence) -> str:
    train, test = (f" ({role})" if role else "" for role in (offence.train_role, offence.test_role))
    return (
        f"- {offence.what}: {offence.questions:,} test questions; training {offence.train_question}{train}, "
        f"test {offence.test_question}{test}"
    )


def _near_lines(near: NearDuplicates) -> list[str]:
    part = "a sample of " if near.sampled else ""
    return [
        "## Nearly the same words",
        "",
        f"No regime forbids these. Stems (question texts without their options) compared by {near.method}, alike from "
        f"{near.threshold:g} on: {part}{near.compared_test:,} of {near.test_stems:,} test stems with "
        f"{near.compared_train:,} of {near.train_stems:,} training stems.",
        "",
        f"Of these {near.compared_test:,} test stems, {near.same_facts:,} ask for a fact that a training stem asks for "
        f"in nearly the same words, {near.reworded:,} of them in another template. {near.alike:,} more are alike in "
        "words alone and ask for other facts or for the opposite.",
        "",
        *(f"- {p.likeness:.2f}: {p.test} (training: {p.train})" for p in near.examples),
        *([""] if near.examples else []),
    ]


def certify(
    train: Sequence[Question],
    test: Sequence[Question],
    graph: KnowledgeGraph,
    *,
    semantic: bool | None = None,
    seed: int = 0,
) -> LeakageCertificate:
    """Check what crosses from a training set to a test set.

    Args:
        semantic: compare stems by meaning; None where the extra `semantic` is installed, without it by letters.
        seed: of the sample of stems, where there are too many to compare all.

    Raises:
        InputError: one of the sets is empty, or names a fact that the graph does not have.
    """
    reader = Reader(graph)
    comparison = Comparison(train, test, reader)
    crossed = {c.name: c for c in comparison.crossings()}
    sides = comparison.train, comparison.test
    unlinked, contrary = sum(s.unlinked for s in sides), sum(s.contrary for s in sides)
    satisfied = tuple(r for r in REGIMES if not _breaches(r, crossed, unlinked, contrary))
    claims = sorted({q.regime for q in (*train, *test) if q.regime})
    broken = tuple(f"{r}: {s}" for r in claims for s in _breaches(r, crossed, unlinked, contrary))
    return LeakageCertificate(
        regime=" + ".join(claims),
        holds=not broken,
        broken=broken,
        satisfied=satisfied,
        strongest=satisfied[-1] if satisfied else "",
        train_questions=len(train),
        test_questions=len(test),
        unlinked=(sides[0].unlinked, sides[1].unlinked),
        crossings=tuple(crossed.values()),
        near=near_duplicates(train, test, reader.claims, semantic=semantic, seed=seed),
        ontology=graph.digest,
        contrary=(sides[0].contrary, sides[1].contrary),
        blank=(sides[0].blank, sides[1].blank),
    )


def _breaches(regime: str, crossed: Mapping[str, Crossing], unlinked: int, contrary: int) -> list[str]:
    """Return in sentences what a regime forbids and the sets do."""
    if regime not in _FORBIDS:
        return [f"there is no such regime; it may be {', '.join(REGIMES)}"]
    rows = (crossed[name] for name in _FORBIDS[regime])
    found = [
        f"{c.crossing:,} {ROWS[c.name][0]} cross, in {c.questions:,} test questions ({100 * c.share:.1f} %)"
        for c in rows
        if c.crossing
    ]
    if unlinked and regime != "new-question":
        found.append(f"{unlinked:,} questions have no facts, so that nothing can be said of them")
    if contrary and regime != "new-question":
        found.append(f"{contrary:,} questions say otherwise than their facts, so that nothing can be said of them")
    return found
