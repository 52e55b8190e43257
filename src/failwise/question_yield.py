"""How many questions an imported asset class can give, and what its blanks cost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.importer import ImportOptions, Staged, stage
from failwise.kg.records import Truth

# A larger import is not read a second time to see what its blanks would give.
MOST_CLAIMS = 50_000
MOST_ASSET_CLASSES = 10  # more than these nobody reads one by one


@dataclass(frozen=True, slots=True)
class Yield:
    """Facts of one asset class by truth, and how many of them a question can ask: as read, and with blanks as no."""

    asset_class: str
    yes: int
    no: int
    unknown: int
    askable: int
    askable_with_no: int | None

    def __str__(self) -> str:
        said = (
            f"{self.asset_class}: {self.yes:,} yes, {self.no:,} no, {self.unknown:,} unknown; "
            f"questions can ask {self.askable:,} of these facts"
        )
        if self.askable_with_no is None or self.askable_with_no <= self.askable:
            return said
        return f"{said}, {self.askable_with_no:,} if blanks mean no (--blank no)"


def question_yields(
    staged: Staged, documents: Sequence[Path], ontology: Sequence[Path], options: ImportOptions, *, shipped: bool
) -> list[Yield]:
    """Count what the first imported asset classes can give."""
    slugs = sorted(name.removesuffix(".ttl") for name in staged.files)[:MOST_ASSET_CLASSES]
    closed: KnowledgeGraph | None = None
    if options.blank != "no" and len(staged.draft.claims) <= MOST_CLAIMS:
        other = replace(options, blank="no", look_alikes="off", replace=True)
        again = stage(documents, staged.folder, ontology, other, staged.decisions, shipped=shipped)
        closed = again.after if again.fit else None
    return [_yield(staged.after, closed, slug) for slug in slugs if slug in staged.after.asset_classes]


def _yield(graph: KnowledgeGraph, closed: KnowledgeGraph | None, slug: str) -> Yield:
    truths = Counter(f.truth for f in graph.query(slug))
    with_no = None if closed is None else _askable(closed, slug)
    label = graph.asset_classes[slug].label
    return Yield(label, truths[Truth.YES], truths[Truth.NO], truths[Truth.UNKNOWN], _askable(graph, slug), with_no)


def _askable(graph: KnowledgeGraph, slug: str) -> int:
    """Return how many facts can be the right option of some question."""
    config = QuestionsConfig(asset_classes=(slug,), train_per_fact=1, test_per_fact=0)
    return len({q.tested_fact for q in Synthesis(graph, config)})
