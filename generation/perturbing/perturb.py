"""Variants of questions that ask for the same knowledge in another way, each linked to its original."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from failwise.errors import InputError
from failwise.generation.perturbing.base import Aids, Context, NotMade, Perturbation, variant
from failwise.generation.perturbing.facts import (
    condition_inversion,
    more_in_asset,
    more_out_of_asset,
    more_unstated,
    polarity_flip,
)
from failwise.generation.perturbing.noise import typing_noise
from failwise.generation.perturbing.options import (
    STYLES,
    any_labels,
    blank,
    fewer,
    labelled,
    random_order,
    reversed_order,
    rotated_order,
    rotations,
)
from failwise.generation.perturbing.paraphrase import paraphrase
from failwise.generation.perturbing.stem import after_options, other_language, other_template, synonyms
from failwise.generation.records import Question, Reject
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean

Maker: TypeAlias = Callable[[Question, Context], Question | tuple[Question, ...]]


def composed(kind: str, *steps: Perturbation) -> Perturbation:
    """Return the perturbation that takes several steps, one after the other."""

    def make(question: Question, context: Context) -> Question:
        made = question
        for step in steps:
            made = step(made, context)
        return variant(
            question,
            kind,
            context,
            question=made.question,
            template=made.template,
            question_first=made.question_first,
            options=made.options,
            option_ids=made.option_ids,
            correct=made.correct,
            fact_ids=made.fact_ids,
            distractor_kinds=made.distractor_kinds,
        )

    return make


_LABELS = {f"labels-{style}": labelled(style) for style in STYLES}

PERTURBATIONS: Mapping[str, Maker] = {
    "option-order": random_order,
    "option-order-reversed": reversed_order,
    "option-order-rotated": rotated_order,
    "rotated-options": rotations,
    "labels": any_labels,
    **_LABELS,
    "fewer-options": fewer,
    "more-options-in-asset": more_in_asset,
    "more-options-out-of-asset": more_out_of_asset,
    "more-options-unstated": more_unstated,
    "blank-options": blank,
    "question-after-options": after_options,
    "other-template": other_template,
    "language": other_language,
    "synonyms": synonyms(stem=True, options=True),
    "synonyms-stem": synonyms(stem=True, options=False),
    "synonyms-options": synonyms(stem=False, options=True),
    "typing-noise": typing_noise,
    "paraphrase": paraphrase,
    "polarity-flip": polarity_flip,
    "condition-inversion": condition_inversion,
    # FailureSensorIQ's own two, and the second without a teacher.
    "simple-perturbed": composed("simple-perturbed", reversed_order, _LABELS["labels-P"]),
    "complex-perturbed": composed("complex-perturbed", paraphrase, reversed_order, _LABELS["labels-P"], after_options),
    "complex-perturbed-template": composed(
        "complex-perturbed-template", other_template, reversed_order, _LABELS["labels-P"], after_options
    ),
}

# What these make may meet a question of the other split: they change the facts that a question rests on.
_OTHER_FACTS = frozenset(
    (
        "fewer-options",
        "more-options-in-asset",
        "more-options-out-of-asset",
        "more-options-unstated",
        "condition-inversion",
    )
)


@dataclass(slots=True)
class Tally:
    """How many variants were made of each kind, what could not be made and why, and what a teacher wrote in vain."""

    made: Counter[str] = field(default_factory=Counter)
    unmade: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)


def perturb(
    questions: Iterable[Question],
    kinds: Sequence[str],
    *,
    graph: KnowledgeGraph | None = None,
    seed: int = 0,
    aids: Aids | None = None,
    tally: Tally | None = None,
) -> Iterator[Question]:
    """Yield the variants of each question, kind by kind.

    A variant depends on its question, its kind and the seed alone. The other questions only forbid: no variant rests
    on a fact that the splits keep on the other side, and none asks what a question of the other split asks.

    Args:
        kinds: names in `PERTURBATIONS`.
        graph: needed by all kinds that read facts; the others work on any question.
        aids: what some kinds need besides.
        tally: counts what is made and what is not.

    Raises:
        InputError: a kind is unknown.
    """
    makers = {kind: find_perturbation(kind) for kind in kinds}
    questions = list(questions)
    tally = Tally() if tally is None else tally
    context = Context(graph, seed, aids or Aids(), allowed_facts(questions))
    taken = _taken(questions, makers, context)
    return _perturbed(questions, makers, context, taken, tally)


def find_perturbation(kind: str) -> Maker:
    """Return a perturbation by name.

    Raises:
        InputError: there is none of that name.
    """
    if kind not in PERTURBATIONS:
        raise InputError(
            f"unknown perturbation {kind!r}{did_you_mean(kind, PERTURBATIONS)}; known are {', '.join(PERTURBATIONS)}"
        )
    return PERTURBATIONS[kind]


def _perturbed(
    questions: Sequence[Question], makers: Mapping[str, Maker], context: Context, taken: "_Taken", tally: Tally
) -> Iterator[Question]:
    for question in questions:
        for kind, maker in makers.items():
            try:
                made = _tuple(maker(question, context))
                if any(taken.elsewhere(question, m) for m in made):
                    raise NotMade("stands in the other split already")
            except NotMade as no:
                tally.unmade[kind, no.reason] += 1
                tally.rejects += [no.reject] if no.reject else []
                continue
            tally.made[kind] += len(made)
            yield from made


def _tuple(made: Question | tuple[Question, ...]) -> tuple[Question, ...]:
    return made if isinstance(made, tuple) else (made,)


# --- splits ---


def allowed_facts(questions: Iterable[Question]) -> dict[str, frozenset[str]]:
    """Return by split the facts its variants may rest on, where the regime divides the facts among the splits.

    A fact that no question uses belongs to neither side for sure, so it is left alone.
    """
    used: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        if question.regime not in ("", "new-question"):
            used[question.split].update(filter(None, question.fact_ids))
    return {split: frozenset(facts) for split, facts in used.items()}


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the questions of each split ask: their sets of facts, which hold anchor and options alike."""

    by_split: Mapping[str, set[int]]

    def elsewhere(self, original: Question, made: Question) -> bool:
        """Say whether a variant asks what another split asks; what has its original's facts, or none, does not."""
        key = _asked(made)
        if not any(made.fact_ids) or key == _asked(original):
            return False
        return any(split != made.split and key in keys for split, keys in self.by_split.items())


def _asked(question: Question) -> int:
    return hash(frozenset(filter(None, question.fact_ids)))


def _taken(questions: Sequence[Question], makers: Mapping[str, Maker], context: Context) -> _Taken:
    """Note what is asked where. Variants of test questions come first, so that none of training repeats one."""
    by_split: dict[str, set[int]] = defaultdict(set)
    for question in questions:
        by_split[question.split].add(_asked(question))
    if len(by_split) < 2:
        return _Taken({})
    risky = [maker for kind, maker in makers.items() if kind in _OTHER_FACTS]
    made: set[int] = set()
    for question in (q for q in questions if q.split == "test"):
        for maker in risky:
            try:
                made.update(map(_asked, _tuple(maker(question, context))))
            except NotMade:
                continue
    by_split["test"] |= made
    return _Taken(by_split)


# --- links ---


def consistency_pairs(questions: Iterable[Question]) -> list[tuple[Question, Question]]:
    """Return each variant with its original, original first.

    Raises:
        InputError: an original is not in the set, or stands in another split than its variant.
    """
    by_id = {q.id: q for q in questions}
    pairs = []
    for made in by_id.values():
        if made.perturbation_of is None:
            continue
        original = by_id.get(made.perturbation_of)
        if original is None:
            raise InputError(
                f"the question {made.id!r} ({made.perturbation}) is a variant of {made.perturbation_of!r}, which is "
                "not in the set; put the originals beside their variants"
            )
        if original.split != made.split:
            raise InputError(
                f"the question {made.id!r} ({made.perturbation}) is in split {made.split!r}, its original in "
                f"{original.split!r}; a variant belongs to its original's split"
            )
        pairs.append((original, made))
    return pairs
