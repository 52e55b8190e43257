"""The balance certificate of a question set: how it is spread, what guessing is worth on it, and a verdict."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass
from typing import Any

from failwise.errors import InputError
from failwise.generation.balance.contrast_reach import contrast_reach
from failwise.generation.balance.dimensions import Balance, Dimension
from failwise.generation.balance.exposure import Exposed, Exposure
from failwise.generation.balance.guessers import Tables
from failwise.generation.balance.retrieval_rows import RetrievalRow, retrieval_rows
from failwise.generation.balance.shortcuts import Shortcuts, find_shortcuts
from failwise.generation.balance.verdict import doubts, sentence, verdict
from failwise.generation.planning.cells import Plan
from failwise.generation.records import Question
from failwise.generation.splitting.crossings import Reader
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity

MARGIN = 0.05
MOST_ASSET_CLASSES = 500  # of more, nobody works out what contrast groups they would allow


@dataclass(frozen=True, slots=True)
class BalanceCertificate:
    """What was measured on a set, and a verdict: refused where some guesser beats chance by more than the margin.

    `targeted` says that a plan gave targets; without one only letters, wordings, difficulty and "none of these" have
    some. `reach` says for each polarity how many facts of the set's tables fit a contrast group of each size.
    `contrary` counts questions whose options name or are marked otherwise than their facts say.
    """

    questions: int
    ontology: str
    margin: float
    targeted: bool
    dimensions: tuple[Dimension, ...]
    exposure: Exposure
    shortcuts: Shortcuts
    retrieval: tuple[RetrievalRow, ...]
    reach: Mapping[str, Mapping[int, int]]
    contrary: int = 0

    @property
    def verdict(self) -> str:
        """Return "passed", "refused" or "too-small"."""
        return verdict(self.shortcuts, self.margin)

    @property
    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        return sentence(self.shortcuts, self.margin)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is no reason to refuse, and worth knowing, in sentences."""
        return tuple(_warnings(self))

    def to_json(self) -> dict[str, Any]:
        """Return all that was measured as plain values."""
        said = {"verdict": self.verdict, "sentence": self.sentence, "warnings": list(self.warnings)}
        plain = asdict(self)
        plain["exposure"]["groups"] = {str(k): n for k, n in self.exposure.groups.items()}
        return {**said, **plain}

    def markdown(self) -> str:
        """Return short tables, verdict first."""
        from failwise.generation.balance.text import markdown

        return markdown(self)


def certify(
    questions: Iterable[Question],
    graph: KnowledgeGraph,
    plan: Plan | None = None,
    *,
    margin: float = MARGIN,
    training: Iterable[Question] | None = None,
) -> BalanceCertificate:
    """Measure a question set.

    Args:
        questions: gone through several times, never copied: a list, or what reads its file anew each time.
        plan: what the set was made to; its targets are compared with what came.
        margin: allowed excess of a guesser over chance, as a share.
        training: questions that retrieval may look up; without them those of the set's train split.

    Raises:
        InputError: there is no question, or the margin is not between 0 and 1.
    """
    if not 0 <= margin < 1:
        raise InputError(f"the margin is {margin}; it is a share of the questions, from 0 to below 1, such as {MARGIN}")
    if isinstance(questions, Iterator):
        questions = list(questions)
    tables = Tables(graph)
    balance, exposed, reader = Balance(tables), Exposed(tables), Reader(graph)
    count, contrary, asked = 0, 0, set[tuple[str, str]]()
    for question in questions:
        balance.add(question)
        exposed.add(question)
        count += 1
        contrary += reader.contrary(question)
        if question.fact_ids:
            asked.add((question.relation, question.asset_class))
    if not count:
        raise InputError("there is no question to certify; make some with: failwise questions generate")
    return BalanceCertificate(
        questions=count,
        ontology=graph.digest,
        margin=margin,
        targeted=plan is not None,
        dimensions=balance.dimensions(plan, graph),
        exposure=exposed.exposure(),
        shortcuts=find_shortcuts(questions, tables, margin),
        retrieval=retrieval_rows(questions, graph, training),
        reach=_reach(asked, graph),
        contrary=contrary,
    )


def _reach(tables: Set[tuple[str, str]], graph: KnowledgeGraph) -> dict[str, dict[int, int]]:
    """Add up over the set's relations how many facts fit contrast groups; nothing where there are too many tables."""
    if not tables or len({asset for _, asset in tables}) > MOST_ASSET_CLASSES:
        return {}
    found: dict[str, dict[int, int]] = {}
    for relation in sorted({relation for relation, _ in tables}):
        for polarity in Polarity:
            slugs = sorted(asset for name, asset in tables if name == relation)
            for size, n in contrast_reach(graph, relation, slugs, polarity=polarity).items():
                sizes = found.setdefault(polarity, {})
                sizes[size] = sizes.get(size, 0) + n
    return found


def _warnings(certificate: BalanceCertificate) -> Iterator[str]:
    shortcuts, exposure = certificate.shortcuts, certificate.exposure
    if parts := shortcuts.warnings:
        worst = max(parts, key=lambda r: r.excess)
        yield (
            f"parts of the set are over the margin ({len(parts):,} pairs of guesser and part), most of all "
            f"{worst.name!r} on {worst.relation} {worst.polarity}: {worst.excess:+.1f} points"
        )
    yield from doubts(shortcuts, certificate.margin)
    if shortcuts.single_anchor:
        yield (
            f"'option prior' is left to chance in {shortcuts.single_anchor:,} questions, where the set asks about one "
            f"anchor only of the table ({shortcuts.single_anchor_tables:,} tables by polarity and arity): what it "
            "would learn are the facts themselves"
        )
    if shortcuts.one_anchor:
        yield (
            f"'degree' is left to chance in {shortcuts.one_anchor:,} questions, where the ontology knows one anchor "
            "only of the table: the degree would be the fact itself"
        )
    if exposure.unlinked:
        yield f"{exposure.unlinked:,} questions have no facts in this ontology: 'degree' and exposure leave them out"
    if certificate.contrary:
        yield (
            f"{certificate.contrary:,} questions name or mark their options otherwise than their facts say: their "
            "answers are not those of the ontology"
        )
    if exposure.broken:
        yield (
            f"{exposure.broken:,} contrast groups are not whole: they ask for one of their options oftener than for "
            "another"
        )


def beside(certificates: Mapping[str, BalanceCertificate]) -> str:
    """Return one Markdown table with a column for each set, by name."""
    from failwise.generation.balance.text import side_by_side

    return side_by_side(certificates)
