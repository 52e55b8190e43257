"""How well and how fast rationales are verified: spoiled ones caught, right ones kept, time per rationale.

Right rationales come from the graph teacher in every style, in English and German, for every relation, direction and
polarity. Each is spoiled in every way that `failwise.generation.verifying.corruptions` knows. The limits are 99 % of
spoiled ones caught, fewer than 1 % of right ones refused, and 100,000 rationales written and verified in 60 s on two
cores (so 1.2 ms of one core each).

Run with `python benchmarks/verifying.py [--each N] [--timed N]`.
"""

import argparse
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question, Style
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.verifying.corruptions import CORRUPTIONS, corrupt
from failwise.generation.verifying.factscore import PUBLISHED, Counts, fact_score
from failwise.generation.verifying.rules import ACCEPTED, Verifier
from failwise.kg.graph import KnowledgeGraph

Pair = tuple[TeacherRequest, TeacherReply]


def questions(graph: KnowledgeGraph) -> list[Question]:
    """Return questions of all families: one answer or several, with and without "none of these"."""
    config = QuestionsConfig(
        train_per_fact=1, test_per_fact=0, language=graph.language, multiple_share=0.3, none_share=0.2
    )
    made = list(Synthesis(graph, config))
    random.Random(0).shuffle(made)
    return made


def rationales(graph: KnowledgeGraph, asked: list[Question]) -> Iterator[Pair]:
    """Yield what the graph teacher writes, one style after the other."""
    teacher = GraphTeacher(RationalesConfig(), graph)
    for question, style in zip(asked, itertools.cycle(Style), strict=False):
        evidence = {i: graph.statement(graph.facts[i]) for i in question.fact_ids if i}
        request = TeacherRequest(question, evidence, 0.0, 1, style=style)
        yield request, teacher.reason(request)


def right(verifier: Verifier, pairs: list[Pair]) -> None:
    """Print how many right rationales are refused, by family, and the FActScore of each style."""
    families, refused = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    scores: dict[Style, list[Counts]] = {}
    for request, reply in pairs:
        question = request.question
        family: tuple[str, ...] = (
            question.relation,
            str(question.direction),
            str(question.polarity),
            str(question.arity),
        )
        verdict = verifier.check(request, reply)
        families[family] += 1
        refused[family] += verdict.reason != ACCEPTED
        counts = Counts(verdict.supported, verdict.contradicted, verdict.unverifiable)
        scores.setdefault(request.style, []).append(counts)
    bad, n = refused.total(), families.total()
    print(f"  right ones refused: {bad} of {n:,} ({100 * bad / n:.3f} %), {len(families)} families")
    for family, count in refused.most_common(5):
        if count:
            print(f"    {' '.join(family)}: {count} of {families[family]}")
    for style, group in sorted(scores.items()):
        s = fact_score("graph", style, group)
        print(
            f"  FActScore {style:9} {100 * s.score:6.2f} % ({100 * s.low:.2f} to {100 * s.high:.2f}), with length "
            f"penalty {100 * s.penalised:.2f} %; supported {s.supported:,}, contradicted {s.contradicted}, "
            f"unverifiable {s.unverifiable} (the paper: {100 * PUBLISHED:.1f} %)"
        )


def spoiled(verifier: Verifier, pairs: list[Pair], other: KnowledgeGraph, each: int) -> None:
    """Print the share caught of each kind of corruption."""
    all_caught = all_made = 0
    for kind in CORRUPTIONS:
        reasons, made = Counter[str](), 0
        for request, reply in pairs:
            if made == each:
                break
            if (bad := corrupt(kind, verifier, request, reply, other)) is not None:
                made += 1
                reasons[verifier.check(request, bad).reason] += 1
        caught = made - reasons[ACCEPTED]
        all_caught, all_made = all_caught + caught, all_made + made
        said = ", ".join(f"{r} {n}" for r, n in reasons.most_common(3))
        print(f"  {kind:18} {caught:5} of {made:5} caught ({100 * caught / max(1, made):6.2f} %): {said}")
    print(f"  {'all':18} {all_caught:5} of {all_made:5} caught ({100 * all_caught / all_made:6.2f} %)")


def timed(graph: KnowledgeGraph, asked: list[Question], count: int) -> None:
    """Print how long it takes to write and verify so many rationales on one core."""
    verifier = Verifier(graph, RationalesConfig())
    many = list(itertools.islice(itertools.cycle(asked), count))
    start, busy = time.perf_counter(), time.process_time()
    pairs = list(rationales(graph, many))
    written, written_busy = time.perf_counter(), time.process_time()
    kept = sum(verifier.check(*pair).reason == ACCEPTED for pair in pairs)
    end, end_busy = time.perf_counter(), time.process_time()
    print(f"  {count:,} written in {written - start:.1f} s ({written_busy - busy:.1f} s of processor time)")
    print(
        f"  {count:,} verified in {end - written:.1f} s ({end_busy - written_busy:.1f} s of processor time, "
        f"{1000 * (end_busy - written_busy) / count:.3f} ms each), {kept:,} accepted"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=1000, help="spoiled rationales per kind and language")
    parser.add_argument("--timed", type=int, default=100_000, help="rationales to time; 0: none")
    arguments = parser.parse_args()
    graphs: Mapping[str, KnowledgeGraph] = {x: KnowledgeGraph.load(language=x) for x in ("en", "de")}
    for language, graph in graphs.items():
        asked = questions(graph)
        pairs = list(rationales(graph, asked))
        verifier = Verifier(graph, RationalesConfig())
        print(f"{language}: {len(pairs):,} rationales")
        right(verifier, pairs)
        spoiled(verifier, pairs, graphs["de" if language == "en" else "en"], arguments.each)
        if arguments.timed and language == "en":
            timed(graph, asked, arguments.timed)


if __name__ == "__main__":
    main()
