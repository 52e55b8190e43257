"""How well is evidence found? Recall of the facts that questions rest on, by meaning, by words, by both, by the graph.

1,000 questions of the shipped ontology, always the same ones. Searched are all its known facts in words. Gold are the
facts of the options, or the tested fact alone. Recall@k is the share of a question's gold facts among the first k hits,
averaged over questions; so that of the options' facts cannot reach 1 while k is less than their number (the row
"at most").

Who searches knows the question, or the question with its options. The graph knows what the question states: the
anchor and the asset class, in one row the relation too, but not the options. In the last rows the facts within one hop
of the anchor are put in the order of the hybrid search.

Then the times and sizes of an index of these facts and the shipped documents: built whole, and after one document
changed. Run with `python benchmarks/evidence.py`; it takes about four minutes on two cores.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from heapq import nsmallest
from pathlib import Path
from zlib import crc32

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.evidence.build import build_index, shipped_evidence
from failwise.kg.evidence.embedder import SentenceEmbedder
from failwise.kg.evidence.hops import Anchor, Hops
from failwise.kg.evidence.records import Kind
from failwise.kg.evidence.search import EvidenceSearch, How
from failwise.kg.evidence.store import open_index
from failwise.kg.graph import KnowledgeGraph

ASKED = 1_000
DEPTHS = (1, 5, 10, 20)
REORDERED = 400  # hits of the hybrid search that put an anchor's facts in order

Found = Sequence[Sequence[str]]


def questions(graph: KnowledgeGraph) -> list[Question]:
    """Return 1,000 questions that one fact answers, chosen by their ids alone."""
    synthesis = Synthesis(graph, QuestionsConfig(train_per_fact=1, test_per_fact=0))
    every = (q for unit in synthesis.units() for q in synthesis.of_unit(unit) if q.tested_fact)
    return nsmallest(ASKED, every, key=lambda q: (crc32(q.id.encode()), q.id))


def recall(asked: Sequence[Question], found: Found, k: int, *, tested: bool) -> float:
    """Return the mean share of gold facts among the first k hits."""
    shares = []
    for question, ids in zip(asked, found, strict=True):
        gold = {question.tested_fact} if tested else set(filter(None, question.fact_ids))
        shares.append(len(gold & set(ids[:k])) / len(gold))
    return sum(shares) / len(shares)


def anchor_of(question: Question, graph: KnowledgeGraph, *, relation: bool) -> Anchor:
    """Return what a question states: its anchor, its asset class unless options name several, perhaps its relation."""
    facts = [graph.facts[i] for i in question.fact_ids if i]
    ends = (end for fact in facts for end in (fact.subject, fact.object))
    things = tuple({end.iri for end in ends if end.slug == question.anchor})
    asset_classes = {fact.asset_class.slug for fact in facts}
    asset_class = question.asset_class if len(asset_classes) == 1 else ""
    return Anchor(things, asset_class, question.relation if relation else "")


def timed(run: Callable[[], Found]) -> tuple[Found, float]:
    """Return what was found and the milliseconds for each question."""
    began = time.perf_counter()
    found = run()
    return found, 1000 * (time.perf_counter() - began) / len(found)


def row(name: str, asked: Sequence[Question], found: Found, spent: float | None) -> None:
    """Print one row of the table."""
    cells = [f"{100 * recall(asked, found, k, tested=t):.1f}" for t in (False, True) for k in DEPTHS]
    print(f"| {name} | {' | '.join(cells)} | {'' if spent is None else f'{spent:.1f}'} |", flush=True)


def compare(asked: Sequence[Question], graph: KnowledgeGraph, search: EvidenceSearch) -> None:
    """Print recall of every search, side by side."""
    heads = [f"{what} @{k}" for what in ("options", "tested") for k in DEPTHS]
    print(f"| search | {' | '.join(heads)} | ms |\n|{' --- |' * (len(heads) + 2)}")
    row("at most", asked, [(q.tested_fact, *set(filter(None, q.fact_ids)) - {q.tested_fact}) for q in asked], None)
    for told, texts in (
        ("question", [q.question for q in asked]),
        ("question and options", [f"{q.question} {'; '.join(q.options)}" for q in asked]),
    ):
        for how in How:
            found, spent = timed(lambda t=texts, h=how: ids(search, t, DEPTHS[-1], h))  # type: ignore[misc]
            row(f"{how}, {told}", asked, found, spent)
    hops = Hops(graph)
    hops.facts(Anchor(()))  # both indexes of the graph are made before the clock runs
    for name, relation in (("1 hop", False), ("1 hop, relation told", True)):
        found, spent = timed(
            lambda r=relation: [  # type: ignore[misc]
                [f.id for f in hops.facts(anchor_of(q, graph, relation=r), 1, DEPTHS[-1])] for q in asked
            ]
        )
        row(f"graph, {name}", asked, found, spent)
    for told, texts in (
        ("question", [q.question for q in asked]),
        ("question and options", [f"{q.question} {'; '.join(q.options)}" for q in asked]),
    ):
        found, spent = timed(lambda t=texts: within_a_hop(asked, t, graph, hops, search))  # type: ignore[misc]
        row(f"graph, 1 hop, in hybrid order, {told}", asked, found, spent)


def ids(search: EvidenceSearch, texts: Sequence[str], k: int, how: How) -> Found:
    """Return the ids of the hits for each text."""
    return [[hit.passage.id for hit in hits] for hits in search.search_all(texts, k, how)]


def within_a_hop(
    asked: Sequence[Question], texts: Sequence[str], graph: KnowledgeGraph, hops: Hops, search: EvidenceSearch
) -> Found:
    """Return the facts within one hop of each anchor: those that the hybrid search finds first, then the others."""
    result = []
    for question, found in zip(asked, ids(search, texts, REORDERED, How.HYBRID), strict=True):
        near = [f.id for f in hops.facts(anchor_of(question, graph, relation=False), 1, 10_000)]
        rank = {fact: number for number, fact in enumerate(found)}
        result.append(sorted(near, key=lambda i: rank.get(i, len(rank)))[: DEPTHS[-1]])
    return result


def sizes(folder: Path) -> str:
    """Say how large the files of an index are."""
    return ", ".join(f"{p.name.split('-')[0]} {p.stat().st_size / 1e6:.1f} MB" for p in sorted(folder.iterdir()))


def main() -> None:
    """Print the figures."""
    graph, embedder = KnowledgeGraph.load(), SentenceEmbedder()
    embedder.embed(["the model is loaded before the clock runs"])
    with tempfile.TemporaryDirectory() as name:
        documents, index = Path(name) / "documents", Path(name) / "index"
        shutil.copytree(shipped_evidence(), documents)
        began = time.perf_counter()
        counts = build_index(index, embedder, documents, graph)
        whole = time.perf_counter() - began
        print(f"built whole: {whole:.1f} s, {asdict(counts)}; {sizes(index)}", flush=True)
        changed = min(documents.rglob("*.md"))
        changed.write_text(changed.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
        began = time.perf_counter()
        counts = build_index(index, embedder, documents, graph)
        again = time.perf_counter() - began
        print(f"one document changed: {again:.2f} s ({again / whole:.1%} of that), {asdict(counts)}", flush=True)
        began = time.perf_counter()
        opened = open_index(index)
        print(f"opened in {time.perf_counter() - began:.2f} s\n")
        search = EvidenceSearch(opened, embedder, Kind.FACT)
        search.search("the words are indexed before the clock runs")
        compare(questions(graph), graph, search)


if __name__ == "__main__":
    main()
