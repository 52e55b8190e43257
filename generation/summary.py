"""What a question set holds, in numbers: counts by every dimension, letters, and the facts it reaches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth

_DIMENSIONS = ("split", "relation", "direction", "polarity", "difficulty", "asset_class")


def summarise(questions: Sequence[Question], graph: KnowledgeGraph, unasked: Mapping[str, int]) -> dict[str, Any]:
    """Return counts per dimension, right letters per number of options, and facts reached."""
    letters = Counter(f"{len(q.options)} options: {q.option_ids[q.answer]}" for q in questions)
    tables = {(q.asset_class, q.relation) for q in questions}
    facts = [f for asset, relation in tables for f in graph.query(asset, relation)]
    asked = {q.tested_fact for q in questions}
    return {
        "questions": len(questions),
        **{d: dict(sorted(Counter(str(getattr(q, d)) for q in questions).items())) for d in _DIMENSIONS},
        "options": dict(sorted(Counter(len(q.options) for q in questions).items())),
        "right letter": dict(sorted(letters.items())),
        "facts": {
            "in the tables asked about": len(facts),
            "unknown, never asked": sum(f.truth is Truth.UNKNOWN for f in facts),
            "tested as the right option": len(asked),
            "tested in the test split": len({q.tested_fact for q in questions if q.split == "test"}),
        },
        "unasked": {reason: n for reason, n in sorted(unasked.items()) if n},
        "ontology": graph.digest,
    }
