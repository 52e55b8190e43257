"""Speeds of everything before the student: each beside a peer or a limit, measured in the same run.

Run with `make bench`. The machine's mood changes single figures; trust the ratios.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rdflib import Graph

from failwise.files import dump_record, write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import write_rationales
from failwise.kg.check import check
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology

REPEATS = 5


def best(work: Callable[[], object]) -> float:
    """Return the shortest time of several tries, in seconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def start(*arguments: str) -> None:
    """Start a fresh interpreter."""
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def parse_only() -> None:
    """Read the shipped files with rdflib and do nothing with them."""
    for path in load_ontology().files.values():
        Graph().parse(path)


def row(what: str, value: str, peer: str, ratio: str) -> None:
    """Print one line of the table."""
    print(f"| {what} | {value} | {peer} | {ratio} |")


def main() -> None:
    """Measure and print a Markdown table."""
    print("| what | measured | against | ratio |\n|---|---|---|---|")
    shown, bare = best(lambda: start("-m", "failwise", "--help")), best(lambda: start("-c", "import typer, rich"))
    row("`failwise --help`", f"{shown:.2f} s", f"importing typer and rich {bare:.2f} s", f"{shown / bare:.1f}")
    row("`failwise --help`", f"{shown:.2f} s", "limit 0.5 s", f"{shown / 0.5:.2f}")

    loaded, parsed = best(lambda: check(load_ontology())), best(parse_only)
    row(
        "load and check the shipped ontology", f"{loaded:.2f} s", f"parsing it {parsed:.2f} s", f"{loaded / parsed:.1f}"
    )
    row("load and check the shipped ontology", f"{loaded:.2f} s", "limit 10 s", f"{loaded / 10:.2f}")

    graph = KnowledgeGraph.load()
    questions = list(Synthesis(graph, QuestionsConfig.model_validate({})))
    made = best(lambda: list(Synthesis(graph, QuestionsConfig.model_validate({}))))
    dumped = best(lambda: [dump_record(q) for q in questions])
    rate = len(questions) / made
    row(f"make {len(questions):,} questions", f"{rate:,.0f}/s", "limit 10,000/s", f"{rate / 10_000:.2f}")
    row("make questions", f"{made:.2f} s", f"serialising them {dumped:.2f} s", f"{made / dumped:.1f}")

    train = [q for q in questions if q.split == "train"]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        counts = write_rationales(train, graph, RationalesConfig.model_validate({}), Path(folder))
        reasoned = time.perf_counter() - began
        written = best(lambda: write_records(Path(folder) / "copy.jsonl", train))
    row(
        f"{counts.accepted:,} rationales written, verified and kept one by one",
        f"{counts.accepted / reasoned:,.0f}/s",
        f"writing their questions in one go {len(train) / written:,.0f}/s",
        f"{reasoned / written:.1f}",
    )


if __name__ == "__main__":
    main()
