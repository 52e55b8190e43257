"""How fast question sets are made: a million questions from the made-up ontology of a million facts.

Each step runs in a fresh interpreter. The limits are a million questions in 100 s on two cores within 1.5 GB, the same
bytes for any number of workers, and a time per question that does not grow with the set. The peer is the least that
any program must do: serialise the same records with orjson, in the same process, right after they were made.

Run with `python benchmarks/questions.py [--assets N] [--turns N]`.
"""

import argparse
import hashlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from synthetic import write_ontology  # type: ignore[import-not-found]  # a script finds what stands beside it

PATIENCE = 1800  # seconds for one step
WATCH = 0.25  # seconds between two looks at the memory
SERIALISED = 50_000  # records that the peer serialises

Figures = dict[str, float | str]


def memory() -> float:
    """Return the memory of this process and its workers in GB, what they share counted once (PSS; Linux only)."""
    pids = ["self", *(str(p.pid) for p in multiprocessing.active_children())]
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has just ended, or this is no Linux
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1e6


@contextmanager
def watched(figures: Figures) -> Iterator[None]:
    """Note the most memory used inside."""
    most, done = [memory()], threading.Event()

    def watch() -> None:
        while not done.wait(WATCH):
            most.append(memory())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        figures["GB"] = max(most)


def make(folder: Path, workers: int, relations: tuple[str, ...]) -> Figures:
    """Make one question for each fact and direction; the lines are hashed and dropped."""
    from failwise.generation.config import QuestionsConfig
    from failwise.generation.drawing.parallel import question_lines
    from failwise.generation.drawing.synthesize import Synthesis
    from failwise.kg.graph import KnowledgeGraph

    figures: Figures = {}
    with watched(figures):
        began = time.perf_counter()
        graph = KnowledgeGraph.load([folder])
        loaded = time.perf_counter()
        config = QuestionsConfig(train_per_fact=1, test_per_fact=0, workers=workers, relations=relations)
        digest, questions, size = hashlib.sha256(), 0, 0
        for lines in question_lines(Synthesis(graph, config)):
            digest.update(lines.text)
            questions += sum(lines.splits.values())
            size += len(lines.text)
        made = time.perf_counter()
    figures |= {"facts": len(graph.facts), "load": loaded - began, "make": made - loaded, "all": made - began}
    return figures | {"questions": questions, "bytes": size / questions, "digest": digest.hexdigest()}


def beside_orjson(folder: Path, relations: tuple[str, ...]) -> Figures:
    """Make questions in one process, then serialise the same records; return microseconds for each question."""
    import orjson

    from failwise.generation.config import QuestionsConfig
    from failwise.generation.drawing.parallel import unit_lines
    from failwise.generation.drawing.synthesize import Synthesis
    from failwise.kg.graph import KnowledgeGraph

    config = QuestionsConfig(train_per_fact=1, test_per_fact=0, relations=relations)
    synthesis = Synthesis(KnowledgeGraph.load([folder]), config)
    records = []
    for unit in synthesis.units():
        records += list(synthesis.of_unit(unit))
        if len(records) >= SERIALISED:
            break
    began = time.perf_counter()
    made = 0
    for unit in synthesis.units():
        made += sum(unit_lines(synthesis, unit).splits.values())
        if made >= SERIALISED:
            break
    middle = time.perf_counter()
    for record in records:
        orjson.dumps(record)
    end = time.perf_counter()
    return {"make": 1e6 * (middle - began) / made, "serialise": 1e6 * (end - middle) / len(records)}


def step(name: str, *arguments: object) -> Figures:
    """Run one step of this file in a fresh interpreter."""
    command = [sys.executable, __file__, "--step", name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print the figures, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, folder, *rest = options.step
        relations = tuple(filter(None, rest[-1].split(",")))
        done = (
            beside_orjson(Path(folder), relations) if name == "orjson" else make(Path(folder), int(rest[0]), relations)
        )
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name)
        write_ontology(whole / "all", options.assets)
        report(whole, options.assets, options.turns)


def report(whole: Path, assets: int, turns: int) -> None:
    """Measure sizes, workers and the peer, and print them."""
    relation = "indicatedBy"
    for share in (100, 10, 1):
        folder = whole / f"part-{share}"
        write_ontology(folder, assets // share)
        found = step("make", folder, 2, relation)
        print(f"{found['questions']:>9,} questions from {found['facts']:>9,} facts: {_each(found):5.1f} µs each, "
              f"load {found['load']:.1f} s, make {found['make']:.1f} s (limit 100 s in all), {found['GB']:.2f} GB "
              f"(limit 1.5), {found['bytes']:.0f} bytes each")  # fmt: skip
    alone = step("make", folder, 1, relation)
    same = "the same bytes" if alone["digest"] == found["digest"] else "OTHER BYTES"
    print(f"one worker: {_each(alone):5.1f} µs each, {alone['GB']:.2f} GB, {same}")
    times = [step("orjson", whole / "part-10", relation) for _ in range(turns)]
    ratios = [float(t["make"]) / float(t["serialise"]) for t in times]
    print(f"one process, beside orjson over the same records: {median(ratios):.1f} times as long "
          f"({', '.join(f'{r:.1f}' for r in ratios)}; {times[0]['make']:.1f} µs against {times[0]['serialise']:.1f}); "
          f"two workers: {median(ratios) * _each(found) / _each(alone):.1f} times (aim: 10)")  # fmt: skip


def _each(found: Figures) -> float:
    return 1e6 * float(found["make"]) / float(found["questions"])


if __name__ == "__main__":
    main()
