"""`failwise evidence`: documents and facts made ready to be cited, and searched.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, OntologyPaths, console, print_json, print_table, to_plain

if TYPE_CHECKING:
    from failwise.kg.evidence.build import BuildCounts
    from failwise.kg.records import Finding

evidence = typer.Typer(no_args_is_help=True, help="Make documents and facts ready to be cited, and search them.")

_MOST_ROWS = 50
_SHOWN = 300


class SearchHow(StrEnum):
    """How to search: by meaning, by words, or by both."""

    DENSE = "dense"
    BM25 = "bm25"
    HYBRID = "hybrid"


class OnlyKind(StrEnum):
    """What to search."""

    PASSAGE = "passage"
    FACT = "fact"
    ALL = "all"


Model = Annotated[
    Path | None,
    typer.Option(help="Folder of a sentence-transformers model; without it the embedded one.", show_default=False),
]


def build_evidence(
    out: Annotated[Path, typer.Option("--out", help="Folder of the index, new or to be brought up to date.")],
    folder: Annotated[
        Path | None,
        typer.Argument(help="Documents: Markdown, text, HTML, PDF; without it the shipped ones.", show_default=False),
    ] = None,
    facts: Annotated[bool, typer.Option("--facts", help="Index the facts of the ontology in words, too.")] = False,
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Index documents, or bring an index up to date; exit with 1 where a document cannot be read."""
    from failwise.kg.evidence.build import build_index, shipped_evidence
    from failwise.kg.evidence.embedder import SentenceEmbedder
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.records import Finding

    findings: list[Finding] = []
    graph = KnowledgeGraph.load(ontology) if facts else None
    with console().status("reading and embedding; what is indexed already is not embedded again"):
        counts = build_index(out, SentenceEmbedder(model), folder or shipped_evidence(), graph, findings)
    _say(out, counts, findings, as_json)
    if any(f.level == "ERROR" for f in findings):
        raise typer.Exit(1)


def search_evidence(
    index: Annotated[Path, typer.Argument(help="Folder of an index, as `evidence build` makes it.")],
    text: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("-k", help="How many hits.", min=1, max=1000)] = 5,
    how: Annotated[SearchHow, typer.Option(help="By meaning, by words, or by both.")] = SearchHow.HYBRID,
    kind: Annotated[OnlyKind, typer.Option(help="Search passages, facts, or all.")] = OnlyKind.ALL,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show the evidence nearest to a text, best first."""
    from failwise.kg.evidence.embedder import SentenceEmbedder
    from failwise.kg.evidence.records import Kind
    from failwise.kg.evidence.search import EvidenceSearch, How
    from failwise.kg.evidence.store import open_index

    embedder = SentenceEmbedder(model) if how is not SearchHow.BM25 else None
    only = None if kind is OnlyKind.ALL else Kind(kind.value)
    hits = EvidenceSearch(open_index(index), embedder, only).search(text, k, How(how.value))
    if as_json:
        print_json([to_plain(hit.passage) | {"score": hit.score} for hit in hits])
        return
    rows = [[f"{h.score:.4f}", h.passage.id, _place(h.passage), _short(h.passage.text)] for h in hits]
    print_table(["score", "id", "where", "text"], rows, "" if hits else "nothing shares a word with it")


def _say(out: Path, counts: "BuildCounts", findings: list["Finding"], as_json: bool) -> None:
    from failwise.kg.findings import as_table
    from failwise.kg.findings import counts as levels

    if as_json:
        print_json({"index": str(out), "counts": asdict(counts), "findings": [asdict(f) for f in findings]})
        return
    if findings:
        columns, rows = as_table(findings)
        print_table(columns, rows[:_MOST_ROWS], f"{levels(findings)}; the first {min(len(rows), _MOST_ROWS)}")
    typer.echo(f"{out}: {', '.join(f'{name} {n:,}' for name, n in asdict(counts).items())}")


def _place(passage: Any) -> str:
    page = f"page {passage.page}" if passage.page else ""
    return ", ".join(filter(None, (passage.file, page, passage.heading)))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


evidence.command("build")(build_evidence)
evidence.command("search")(search_evidence)
