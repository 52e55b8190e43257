"""Which exemplars are worth their place in a prompt. The rule, in this order:

1. verified: the graph supports at least one claim of the rationale, contradicts none and knows all of them;
2. short: of each family (relation, direction, polarity) the half with the shorter rationales;
3. diverse: families take turns, and each gives the exemplar that is farthest by meaning from all that were taken
   (farthest-first traversal, Gonzalez 1985), the first one the nearest to the middle of all.

A question then takes the first exemplars that tell nothing about what it tests.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from failwise.errors import InputError, MissingExtraError
from failwise.evaluation.in_context.records import Exemplar
from failwise.files import content_id
from failwise.generation.records import Arity, Question, Rationale
from failwise.generation.splitting.bundles import Bundles
from failwise.generation.teachers.teacher import CITATION
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.suggest import MODEL_PACKAGE, embed, has_meaning

RULE = (
    "verified rationales only; of each family the shorter half; families in turn, each time the exemplar farthest by "
    "meaning from those taken; never one that tells a tested fact"
)
Embed = Callable[[Sequence[str]], Any]


@dataclass
class Tells:
    """Which facts a question, or a text about it, gives away: by bundle, so that a twin's fact counts as the same."""

    graph: KnowledgeGraph
    _bundles: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._bundles = Bundles(self.graph, "new-question").of

    def of(self, fact_ids: Iterable[str]) -> frozenset[str]:
        """Return the bundles of facts, and of all that they follow from."""
        found: set[str] = set()
        todo = [i for i in fact_ids if i in self.graph.facts]
        while todo:
            fact_id = todo.pop()
            bundle = self._bundles.get(fact_id, fact_id)
            if bundle not in found:
                found.add(bundle)
                todo += [i for i in self.graph.facts[fact_id].derivation if i in self.graph.facts]
        return frozenset(found)

    def of_question(self, question: Question) -> frozenset[str]:
        """Return the bundles that decide a question, those of its wrong options too."""
        return self.of([*filter(None, question.fact_ids), *question.tested_facts])


def gather(
    questions: Sequence[Question], rationales: Iterable[Rationale], tells: Tells, most: int, seed: int
) -> tuple[list[Exemplar], Counter[str]]:
    """Return the exemplars that questions and rationales make, at most so many, and why others are none."""
    reasons: Counter[str] = Counter()
    by_id = {r.question_id: r for r in rationales}
    found = []
    for question in questions:
        rationale = by_id.get(question.id)
        if question.arity is not Arity.SINGLE or sum(question.correct) != 1:
            reasons["not exactly one right option"] += 1
        elif not any(question.fact_ids):
            reasons["no facts, so nobody knows what it tells"] += 1
        elif rationale is None:
            reasons["no rationale"] += 1
        else:
            found.append(_exemplar(question, rationale, tells))
    if len(found) > most:
        reasons["beyond the size of the pool"] = len(found) - most
        found = sorted(found, key=lambda e: content_id(seed, "pool", e.question.id))[:most]
    return found, reasons


def _exemplar(question: Question, rationale: Rationale, tells: Tells) -> Exemplar:
    text = re.sub(r"\s+([.,;:])", r"\1", " ".join(CITATION.sub("", rationale.text).split()))
    verified = rationale.supported > 0 and not rationale.contradicted and not rationale.unverifiable
    told = tells.of([*filter(None, question.fact_ids), *rationale.cited, *rationale.evidence])
    family = "/".join((question.relation, str(question.direction), str(question.polarity)))
    return Exemplar(question, text, told, family, verified)


def curate(pool: Sequence[Exemplar], keep: int, embedder: Embed | None = None) -> tuple[list[Exemplar], Counter[str]]:
    """Return the best exemplars in order, and why the others are not among them.

    Args:
        embedder: from texts to rows of unit length; the embedded sentence model where none is given.

    Raises:
        InputError: no rationale is verified.
        MissingExtraError: the sentence model is not installed.
    """
    if embedder is None and not has_meaning():
        raise MissingExtraError("curating exemplars by meaning", MODEL_PACKAGE, "semantic")
    fit = _short([e for e in pool if e.verified])
    reasons = Counter({"not verified": sum(not e.verified for e in pool)})
    if not fit:
        raise InputError(
            f"none of the {len(pool):,} rationales is verified: each needs a supported claim, none contradicted and "
            "none unverifiable; write them with `failwise rationales generate`"
        )
    reasons["longer than half of their family"] = len(pool) - reasons["not verified"] - len(fit)
    order = _farthest_first(fit, (embedder or embed)([meaning_of(e) for e in fit]), keep)
    reasons["not needed"] = len(fit) - len(order)
    return order, +reasons


def meaning_of(exemplar: Exemplar) -> str:
    """Return the text that two exemplars are compared by."""
    return f"{exemplar.question.options[exemplar.question.answer]}: {exemplar.question.question}"


def _short(exemplars: Sequence[Exemplar]) -> list[Exemplar]:
    families: dict[str, list[Exemplar]] = defaultdict(list)
    for exemplar in exemplars:
        families[exemplar.family].append(exemplar)
    found = []
    for _, family in sorted(families.items()):
        family.sort(key=lambda e: (e.words, e.question.id))
        found += family[: (len(family) + 1) // 2]
    return found


def _farthest_first(exemplars: Sequence[Exemplar], vectors: Any, keep: int) -> list[Exemplar]:
    """Order exemplars: the family with the fewest taken has its turn, and gives the one farthest from all taken."""
    vectors = np.asarray(vectors, dtype=np.float64)
    # Before anything is taken, near means far from the middle, so that the first one is the most typical.
    nearest = -(vectors @ vectors.mean(axis=0))
    left, taken = set(range(len(exemplars))), Counter[str]()
    order: list[int] = []
    while left and len(order) < keep:
        fewest = min(taken[exemplars[i].family] for i in left)
        turn = [i for i in sorted(left) if taken[exemplars[i].family] == fewest]
        best = min(turn, key=lambda i: (round(float(nearest[i]), 9), exemplars[i].words, exemplars[i].question.id))
        similar = vectors @ vectors[best]
        nearest = similar if not order else np.maximum(nearest, similar)
        left.remove(best)
        taken[exemplars[best].family] += 1
        order.append(best)
    return [exemplars[i] for i in order]


def shuffled(pool: Sequence[Exemplar], question: Question, seed: int) -> list[Exemplar]:
    """Return the pool in an order that depends on the question and the seed alone."""
    return random.Random(content_id(seed, question.id)).sample(pool, len(pool))


def untelling(order: Iterable[Exemplar], tested: frozenset[str], question_id: str, most: int) -> list[Exemplar]:
    """Return the first exemplars that tell none of the tested facts."""
    found: list[Exemplar] = []
    for exemplar in order:
        if len(found) == most:
            break
        if exemplar.question.id != question_id and not exemplar.tells & tested:
            found.append(exemplar)
    return found


def measure(exemplars: Sequence[Exemplar], embedder: Embed | None = None) -> dict[str, float]:
    """Return how diverse and how long exemplars are: families, mean cosine to the nearest other one, mean words."""
    if not exemplars:
        return {}
    vectors = np.asarray((embedder or embed)([meaning_of(e) for e in exemplars]), dtype=np.float64)
    alike = vectors @ vectors.T - 2 * np.eye(len(exemplars))  # nobody is its own neighbour
    return {
        "exemplars": len(exemplars),
        "families": len({e.family for e in exemplars}),
        "cosine to the nearest": float(alike.max(axis=1).mean()) if len(exemplars) > 1 else 0.0,
        "words": sum(e.words for e in exemplars) / len(exemplars),
        "verified": sum(e.verified for e in exemplars) / len(exemplars),
    }
