"""How large an ontology may be: a million facts over ten thousand asset classes, each figure beside its limit.

Made-up asset classes are written to a folder that is removed in the end, and each step runs in a fresh interpreter, so
that one does not pay for another's memory. The peer is what one would write without failwise: rdflib parses the same
files, pySHACL validates them against the same shapes. It takes minutes for all of them, so it gets a part, and the two
take turns; `--whole` gives it everything.

Run with `python benchmarks/ontology.py [--assets N] [--rows N] [--whole]`.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from synthetic import write_ontology  # type: ignore[import-not-found]  # a script finds what stands beside it

PART = 500
TURNS = 3
QUERIES = 10_000
PATIENCE = 1800  # seconds for one step

Figures = dict[str, float]


def clock(work: Callable[[], object]) -> float:
    """Return how long something takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- one step each, in an interpreter of its own ---


def measure_load(folder: Path) -> Figures:
    """Read the files."""
    from failwise.kg.load import load_ontology

    return {"load": clock(lambda: load_ontology([folder]))}


def measure_facts(folder: Path) -> Figures:
    """Read the files, work out all facts, and ask for some."""
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import load_ontology
    from failwise.kg.records import Fact

    began = time.perf_counter()
    ontology = load_ontology([folder])
    loaded = time.perf_counter()
    graph = KnowledgeGraph(ontology)
    compiled = time.perf_counter()
    asked = random.Random(0).choices(list(graph.facts.values()), k=QUERIES)

    def told_of(fact: Fact) -> list[Fact]:
        return list(graph.query(fact.asset_class.slug, fact.relation, fact.subject.slug))

    first = clock(partial(told_of, asked[0]))
    told = [clock(partial(told_of, fact)) for fact in asked]
    by_id = [clock(partial(graph.facts.get, fact.id)) for fact in asked]
    return {
        "facts": len(graph.facts),
        "statements": len(ontology.graph),
        "load": loaded - began,
        "compile": compiled - loaded,
        "first query": first,
        "query": median(told),
        "query p99": quantiles(told, n=100)[98],
        "by id": median(by_id),
        "by id p99": quantiles(by_id, n=100)[98],
    }


def measure_check(folder: Path) -> Figures:
    """Read the files and validate them: shapes, and contradictions among the facts."""
    from failwise.kg.check import check
    from failwise.kg.load import load_ontology

    began = time.perf_counter()
    ontology = load_ontology([folder])
    loaded = time.perf_counter()
    findings = check(ontology)
    checked = time.perf_counter()
    return {"load": loaded - began, "check": checked - loaded, "all": checked - began, "findings": len(findings)}


def measure_recheck(folder: Path) -> Figures:
    """Validate again with the cache beside the folder."""
    from failwise.kg.load import ontology_files
    from failwise.kg.recheck import recheck

    began = time.perf_counter()
    found = recheck(ontology_files([folder]), folder.with_name("cache"))
    took = time.perf_counter() - began
    return {"recheck": took, "findings": len(found.findings), "read": found.checked}


def measure_peer(folder: Path) -> Figures:
    """Let rdflib and pySHACL read and validate the same files."""
    from pyshacl import validate
    from rdflib import Graph

    from failwise.kg.load import ontology_files, shipped_folder

    files = ontology_files([folder])
    shapes = Graph().parse(shipped_folder() / "shapes.ttl")
    began = time.perf_counter()
    graph = Graph()
    for path in files.values():
        graph.parse(path)
    loaded = time.perf_counter()
    validate(graph, shacl_graph=shapes)
    checked = time.perf_counter()
    return {"load": loaded - began, "check": checked - loaded, "all": checked - began}


def measure_import(folder: Path) -> Figures:
    """Import the worksheet in a folder as its asset classes."""
    from failwise.kg.importer import stage

    began = time.perf_counter()
    staged = stage([folder / "worksheet.csv"], folder / "imported")
    if not staged.fit:
        raise SystemExit(f"{len(staged.findings)} findings, the first: {staged.findings[:1]}")
    return {"import": time.perf_counter() - began, "asset classes": len(staged.write())}


STEPS = {
    "load": measure_load,
    "facts": measure_facts,
    "check": measure_check,
    "recheck": measure_recheck,
    "peer": measure_peer,
    "import": measure_import,
}


def measured(step: str, folder: Path) -> Figures:
    """Run a step in a fresh interpreter and return its figures; `peak` is in GB, `wall` includes the start."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "--step", step, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    figures: Figures = json.loads(done.stdout)
    return {**figures, "wall": time.perf_counter() - began}


def run_step(step: str, folder: Path) -> None:
    """Run a step here and print its figures as JSON."""
    figures = STEPS[step](folder)
    # Linux counts in KiB, macOS in bytes.
    unit = 1e9 if sys.platform == "darwin" else 1e9 / 1024
    print(json.dumps({**figures, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}))


# --- the table ---


def row(what: str, found: str, against: str, holds: bool | None = None) -> None:
    """Print one line of the table."""
    print(f"| {what} | {found} | {against} | {'' if holds is None else 'yes' if holds else '**no**'} |", flush=True)


def limited(what: str, seconds: float, limit: float) -> None:
    """Print a time beside its limit."""
    scale, unit = (1, "s") if limit >= 1 else (1000, "ms")
    row(what, f"{seconds * scale:.3g} {unit}", f"under {limit * scale:g} {unit}", seconds < limit)


def main() -> None:
    """Measure everything and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=10_000, help="asset classes to write")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the worksheet to import; 0: none")
    parser.add_argument("--whole", action="store_true", help="let the peer read everything too; takes minutes")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help="run one step, print its figures")
    options = parser.parse_args()
    if options.step:
        return run_step(options.step[0], Path(options.step[1]))
    print("| what | measured | against | holds |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder) / "everything"
        wrote = clock(lambda: write_ontology(everything, options.assets))
        row(f"write {options.assets:,} asset classes", f"{wrote:.1f} s", "")
        size(everything)
        change_one(everything, options.assets)
        ratio(Path(folder) / "part", min(PART, options.assets), TURNS)
        if options.whole:
            ratio(everything, options.assets, 1)
        if options.rows:
            worksheet(Path(folder), options.rows)


def size(folder: Path) -> None:
    """Load, compile, query and validate."""
    load, facts, check = (measured(step, folder) for step in ("load", "facts", "check"))
    row("facts", f"{facts['facts']:,.0f}", f"of {facts['statements']:,.0f} statements")
    limited("load the files", load["load"], 15)
    limited("load the files and work out the facts", facts["load"] + facts["compile"], 15)
    limited("validate", check["check"], 60)
    limited("load and validate", check["all"], 60)
    for what, figures in (("load", load), ("facts and queries", facts), ("validation", check)):
        row(f"peak memory, {what}", f"{figures['peak']:.2f} GB", "under 3 GB", figures["peak"] < 3)
    row("first query, which makes an index", f"{facts['first query']:.2f} s", "")
    for what, key in (("by asset class, relation and subject", "query"), ("by id", "by id")):
        limited(f"query {what}, median of {QUERIES:,}", facts[key], 0.001)
        limited(f"query {what}, 99th percentile", facts[f"{key} p99"], 0.001)


def change_one(folder: Path, assets: int) -> None:
    """Validate with a cache: everything, nothing changed, then one asset class after another changed."""
    first = measured("recheck", folder)
    limited("validate and make the cache", first["recheck"], 60)
    row("peak memory, validate and make the cache", f"{first['peak']:.2f} GB", "under 3 GB", first["peak"] < 3)
    measured("recheck", folder)  # files that were written in the last seconds are read once more
    limited("validate again, nothing changed", measured("recheck", folder)["recheck"], 1)
    times = []
    for number in (assets // 2, assets // 3, assets - 1):
        path = folder / f"machine-{number:05}.ttl"
        path.write_text(path.read_text(encoding="utf-8").replace('"machine', '" machine'), encoding="utf-8")
        times.append(measured("recheck", folder))
    read = max(f["read"] for f in times)
    limited(f"validate again, one asset class changed ({read:.0f} files read)", median(f["recheck"] for f in times), 1)
    limited("the same with the interpreter's start", median(f["wall"] for f in times), 1)
    row("findings by then", f"{times[-1]['findings']:.0f}", "3", times[-1]["findings"] == 3)


def ratio(folder: Path, assets: int, turns: int) -> None:
    """Load and validate beside the peer, in turns."""
    write_ontology(folder, assets)
    pairs = [(measured("check", folder), measured("peer", folder)) for _ in range(turns)]
    for key, what in (("load", "load"), ("check", "validate"), ("all", "load and validate")):
        ours, peer = (median(pair[side][key] for pair in pairs) for side in (0, 1))
        row(
            f"{what} {assets:,} asset classes, {turns} turns",
            f"{ours:.2f} s; {peer / ours:.1f} times faster",
            f"rdflib and pySHACL {peer:.2f} s" + (", 10 times" if key == "all" else ""),
            peer > 10 * ours if key == "all" else None,
        )


def worksheet(folder: Path, rows: int) -> None:
    """Import a worksheet with a row for each failure mode."""
    rng = random.Random(0)
    with (folder / "worksheet.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Asset class", "Failure mode", "Cause", "Detection method", "Severity"])
        for number in range(rows):
            writer.writerow(
                [
                    f"rotor type {number // 20}",
                    f"fault {number % 20}",
                    f"cause {rng.randrange(40)}",
                    f"method {rng.randrange(30)}",
                    rng.randint(1, 10),
                ]
            )
    what = f"import a worksheet of {rows:,} rows"
    try:
        found = measured("import", folder)
    except subprocess.TimeoutExpired:
        return row(what, f"not done after {PATIENCE} s", "", False)
    except subprocess.CalledProcessError as error:
        return row(what, "skipped", error.stderr.strip().rpartition("\n")[2])
    row(what, f"{found['import']:.0f} s", f"{found['asset classes']:,.0f} asset classes")
    row(f"peak memory, {what}", f"{found['peak']:.2f} GB", "under 3 GB", found["peak"] < 3)


if __name__ == "__main__":
    main()
