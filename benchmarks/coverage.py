"""What an audit is worth and what it costs: students whose knowledge is known, and a million answers.

Simulated students answer as their masteries say, luck included. Of each the table says how many of the facts that an
audit calls known (wrong, inconsistent) are so, how many facts it decides, and how often its 95 % intervals hold what is
true: of the facts known in each group, and of what is right in all. The limits of a million answers are 60 s and 2 GB;
the whole command is measured, reading the ontology included.

Run with `python benchmarks/coverage.py [--simulations N] [--sequential N] [--answers N] [--sparse] [--replay ANSWERS
QUESTIONS] [--likings QUESTIONS]`; 0 leaves a part out.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from synthetic import write_ontology  # type: ignore[import-not-found]  # a script finds what stands beside it

from failwise.evaluation.clustered import clustered_wilson
from failwise.evaluation.coverage.judging import Count, judge
from failwise.evaluation.coverage.mastery import KNOWN, WRONG, Floats, Ints, Tally, fit
from failwise.evaluation.coverage.sequential import FIRST, STAYS, decided
from failwise.evaluation.coverage.states import STATES, codes

FACTS, GROUPS = 320, 16
CHANCES = np.array([0.2, 0.25, 0.5])
PROBES = (4, 8)
MOST = 12  # questions of a fact where it is asked until it is decided
SECONDS, GIGABYTES = 60, 2.0
FACTS_OF_AN_ASSET = 80  # about; of synthetic.py

Masteries = Callable[[np.random.Generator], Floats]


def _bimodal(rng: np.random.Generator) -> Floats:
    """Half mastered, three tenths not at all, the rest anything."""
    kind = rng.random(FACTS)
    return np.where(kind < 0.5, 1.0, np.where(kind < 0.8, 0.0, rng.random(FACTS)))


# What a guesser, the letter A and the degree alone have right is luck: their mastery is 0.
STUDENTS: dict[str, Masteries] = {
    "knows everything": lambda rng: np.ones(FACTS),
    "guesses": lambda rng: np.zeros(FACTS),
    "one group of sixteen": lambda rng: np.repeat(np.arange(GROUPS) == 0, FACTS // GROUPS).astype(float),
    "70 % at random": lambda rng: (rng.random(FACTS) < 0.7).astype(float),
    "one direction": lambda rng: np.full(FACTS, 0.5),
    "most, some, none": _bimodal,
    "anything": lambda rng: rng.random(FACTS),
    "near the bar": lambda rng: rng.beta(8, 2, FACTS),
}


@dataclass(slots=True)
class Found:
    """What audits said of one kind of student, counted."""

    called: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    truly: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    groups: int = 0
    held: int = 0
    missed_by: float = 0.0
    audits: int = 0
    right_held: int = 0


def simulate(times: int) -> dict[tuple[str, int], Found]:
    """Audit each student so often."""
    found = {(name, probes): Found() for name in STUDENTS for probes in PROBES}
    for seed in range(times):
        for number, (name, masteries) in enumerate(STUDENTS.items()):
            for probes in PROBES:
                rng = np.random.default_rng([seed, number, probes])
                _audit(found[name, probes], masteries(rng), probes, rng)
    return found


def _audit(found: Found, mastery: Floats, probes: int, rng: np.random.Generator) -> None:
    times = rng.multinomial(probes, np.full(len(CHANCES), 1 / len(CHANCES)), FACTS)
    expected = CHANCES + (1 - CHANCES) * mastery[:, None]
    right = rng.binomial(times, expected)
    group = np.arange(FACTS) * GROUPS // FACTS
    posterior = fit(Tally(group, CHANCES, right, times - right))
    state = codes(times.sum(1), posterior.is_known(), posterior.is_wrong())
    truth = {"known": mastery >= KNOWN, "wrong": mastery <= WRONG}
    truth["inconsistent"] = ~truth["known"] & ~truth["wrong"]
    for place, name in enumerate(STATES):
        found.called[name] += int((state == place).sum())
        found.truly[name] += int(((state == place) & truth[name]).sum()) if name in truth else 0
    worlds = posterior.draw_known()
    for number in range(GROUPS):
        members = group == number
        low, high = np.quantile(worlds[:, members].mean(1), (0.025, 0.975), method="inverted_cdf")
        share = truth["known"][members].mean()
        found.groups += 1
        found.held += low <= share <= high
        found.missed_by += max(0.0, low - share, share - high)
    asked, answered = times.sum(1), right.sum(1)
    low, high = clustered_wilson(asked, answered)
    found.right_held += low <= (times * expected).sum() / times.sum() <= high
    found.audits += 1


def table(found: dict[tuple[str, int], Found]) -> str:
    """Return the simulations as a Markdown table."""
    columns = ("student", "probes", "called known: are", "called wrong: are", "called inconsistent: are", "decided, %",
               "groups: share known held, %", "missed by, points", "share right held, %")  # fmt: skip
    lines = [columns, ("---", *["--:"] * (len(columns) - 1))]
    for (name, probes), one in found.items():
        decided = sum(one.called[state] for state in STATES[:3]) / (one.audits * FACTS)
        lines.append((
            name,
            str(probes),
            *(_share(one.truly[state], one.called[state]) for state in STATES[:3]),
            f"{100 * decided:.0f}",
            f"{100 * one.held / one.groups:.1f}",
            f"{100 * one.missed_by / one.groups:.2f}",
            f"{100 * one.right_held / one.audits:.1f}",
        ))  # fmt: skip
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % of {whole:,}" if whole else "—"


# --- until decided ---


def until_decided(times: int) -> str:
    """Let each student be asked until its verdicts stay; return a Markdown table."""
    columns = ("student", "same verdict as with all questions, %", "questions asked, %")
    lines = [columns, ("---", "--:", "--:")]
    for number, (name, masteries) in enumerate(STUDENTS.items()):
        found = [
            _sequence(masteries(rng), rng) for rng in map(np.random.default_rng, [[s, number] for s in range(times)])
        ]
        same, asked = np.mean(found, axis=0)
        lines.append((name, f"{100 * same:.1f}", f"{100 * asked:.1f}"))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _sequence(mastery: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Return the share of facts with the verdict that all questions would give, and the share of questions asked."""
    options = rng.choice(np.round(1 / CHANCES).astype(int), (FACTS, MOST))
    right = rng.random((FACTS, MOST)) < 1 / options + (1 - 1 / options) * mastery[:, None]
    groups = (np.arange(FACTS) * GROUPS // FACTS).tolist()

    def counts(first: Ints, last: Ints) -> list[Count]:
        spans = enumerate(zip(first.tolist(), last.tolist(), strict=True))
        return [Count(i, 1 / int(options[i, k]), 1, int(right[i, k])) for i, span in spans for k in range(*span)]

    none, all_ = np.zeros(FACTS, int), np.full(FACTS, MOST)
    asked = np.full(FACTS, FIRST)
    while (going := ~decided(groups, counts(none, asked), counts(asked, all_), STAYS) & (asked < MOST)).any():
        asked[going] += 1
    short, full = (judge(groups, counts(none, last)).state for last in (asked, all_))
    return float((short == full).mean()), float(asked.mean() / MOST)


# --- asked too little ---

MANY = 12_000  # facts, in groups of fifty: as many as the shipped ontology has
SPARSE = (1, 2, 3, 4, 6, 8)
SHARES = (0.05, 0.3, 0.7)
GUESSERS = 4


def sparse() -> str:
    """Ask very many facts very few questions; return a Markdown table: is the share known in its interval?"""
    columns = ("questions of a fact", *(f"{100 * share:g} % known: estimate (95 %)" for share in SHARES))
    lines = [columns, ("--:",) * len(columns)]
    for probes in SPARSE:
        cells = []
        for share in SHARES:
            rng = np.random.default_rng([probes, int(100 * share)])
            known = rng.random(MANY) < share
            times = rng.multinomial(probes, np.full(len(CHANCES), 1 / len(CHANCES)), MANY)
            right = rng.binomial(times, np.where(known[:, None], 1, CHANCES))
            posterior = fit(Tally(np.arange(MANY) // 50, CHANCES, right, times - right))
            shares = posterior.draw_known().mean(1)
            low, high = np.quantile(shares, (0.025, 0.975))
            held = "" if low <= known.mean() <= high else ", missed"
            cells.append(f"{100 * shares.mean():.1f} ({100 * low:.1f} to {100 * high:.1f}{held})")
        lines.append((str(probes), *cells))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def replay(answers: Path, questions: Path) -> str:
    """Ask a student, whose answers to all questions of a set are there, only until its verdicts stay."""
    from failwise.evaluation.coverage.audit import audit
    from failwise.evaluation.coverage.probes import probes_of
    from failwise.evaluation.coverage.sequential import ask_until_decided
    from failwise.evaluation.records import Answer
    from failwise.files import read_records
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph

    graph = KnowledgeGraph.load()
    said = {a.question_id: a for a in read_records(answers, Answer)}
    asked = [q for q in read_records(questions, Question) if q.tested_fact and q.id in said]
    few = [a for some in ask_until_decided(graph, asked, lambda due: [said[q.id] for q in due]) for a in some]
    full, short = (
        {f.fact_id: f.state for f in audit(graph, probes_of(asked, some)).facts if f.n}
        for some in ([said[q.id] for q in asked], few)
    )
    same = sum(full[fact] == short.get(fact) for fact in full) / len(full)
    return (
        f"{len(full)} facts, {len(asked):,} questions: same verdict on {100 * same:.1f} % for "
        f"{100 * len(few) / len(asked):.1f} % of them"
    )


def likings(questions: Path) -> str:
    """Audit guessers that never read a question and take the option whose words they like best; return a table."""
    from failwise.evaluation.audit import audit_answers
    from failwise.evaluation.coverage.findings import Pattern
    from failwise.evaluation.records import Answer
    from failwise.evaluation.sources import LoadedQuestions
    from failwise.files import read_records
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph

    graph = KnowledgeGraph.load()
    asked = [q for q in read_records(questions, Question) if q.split == "test" and q.tested_fact]
    lines = [("guesser", "right, %", "95 %", "chance, %", "share known, %", "95 %", "said to guess"), ("--:",) * 7]
    for seed in range(GUESSERS):
        dice, liking, answers = random.Random(seed), dict[str, float](), list[Answer]()
        for question in asked:
            likes = [liking.setdefault(option, dice.random()) for option in question.options]
            choice = likes.index(max(likes))
            answers.append(Answer(question.id, "likes", (), choice, question.correct[choice], 0.0))
        found = audit_answers(graph, LoadedQuestions(asked), answers)
        student, whole = found.scores[0], found.roll_ups[0]
        said = any(finding.pattern is Pattern.GUESSING for finding in found.findings)
        shares = (student.accuracy, student.low, student.high, whole.chance, whole.share, whole.share_low)
        right, low, high, chance, share, share_low = (f"{100 * value:.1f}" for value in shares)
        known = f"{share_low} to {100 * whole.share_high:.1f}"
        lines.append((str(seed + 1), right, f"{low} to {high}", chance, share, known, "yes" if said else "no"))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


# --- a million answers ---


def measure(answers: int, folder: Path) -> dict[str, float]:
    """Write an ontology, questions and answers, and let the command audit them."""
    from failwise.evaluation.records import Answer
    from failwise.files import dump_record, read_records
    from failwise.generation.records import Question

    assets = max(2, round(answers / 10 / FACTS_OF_AN_ASSET))
    write_ontology(folder / "ontology", assets)
    asked = folder / "set" / "questions.jsonl"
    make = ("questions", "generate", "--out", asked.parent, "-o", folder / "ontology",
            "--set", "questions.relations=[indicatedBy]", "--set", "questions.train_per_fact=0", "--set",
            "questions.test_per_fact=20", "--set", "questions.ungrouped_per_fact=20", "--set",
            "questions.ungrouped_share=1", "--set", "questions.margin=0.99")  # fmt: skip
    figures = {"making the questions, s": _run(*make)[0]}
    dice, known, count = random.Random(0), dict[str, bool](), 0
    part = folder / "questions.jsonl"
    with (folder / "answers.jsonl").open("wb") as stream, part.open("wb") as questions:
        for question in read_records(asked, Question):
            questions.write(dump_record(question) + b"\n")
            knows = known.setdefault(question.tested_fact, dice.random() < 0.7)
            choice = question.answer if knows else dice.randrange(len(question.options))
            scores = tuple(-1.0 if i == choice else -2.5 for i in range(len(question.options)))
            answer = Answer(question.id, "simulated", scores, choice, question.correct[choice], 1.0)
            stream.write(dump_record(answer) + b"\n")
            count += 1
            if count == answers:
                break
    seconds, gigabytes, said = _run("audit", folder / "answers.jsonl", part, "--out", folder / "audit", "-o",
                                    folder / "ontology", "--json")  # fmt: skip
    whole = next(row for row in json.loads(said)["roll_ups"] if row["dimension"] == "all")
    return {
        **figures,
        "answers": count,
        "facts": whole["facts"],
        "known, %": 100 * whole["share"],
        "audit, s": seconds,
        "of the limit, s": seconds / SECONDS,
        "audit, GB": gigabytes,
        "of the limit, GB": gigabytes / GIGABYTES,
    }


def _run(*arguments: object) -> tuple[float, float, str]:
    """Run the program; return its seconds, its peak memory in GB and what it said."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        command = [sys.executable, "-m", "failwise", *map(str, arguments)]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, said.fileno(), 1)])
        _, status, used = os.wait4(pid, 0)
        if status:
            sys.exit(f"{' '.join(command)} failed")
        said.seek(0)
        return time.perf_counter() - began, used.ru_maxrss / 1e6, said.read().decode()


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000, help="audits of each student")
    parser.add_argument("--sequential", type=int, default=10, help="audits of each student that stop when decided")
    parser.add_argument("--sparse", action="store_true", help="very many facts, asked very little")
    parser.add_argument(
        "--replay", type=Path, nargs=2, metavar=("ANSWERS", "QUESTIONS"), help="those of a real student"
    )
    parser.add_argument("--likings", type=Path, metavar="QUESTIONS", help="guessers that like some options better")
    parser.add_argument("--answers", type=int, default=1_000_000)
    options = parser.parse_args()
    if options.simulations:
        began = time.perf_counter()
        print(table(simulate(options.simulations)))
        print(f"\n{options.simulations:,} audits of each, {time.perf_counter() - began:.0f} s")
    if options.sequential:
        print(until_decided(options.sequential))
    if options.sparse:
        print(sparse())
    if options.replay:
        print(replay(*options.replay))
    if options.likings:
        print(likings(options.likings))
    if options.answers:
        with tempfile.TemporaryDirectory() as folder:
            for name, figure in measure(options.answers, Path(folder)).items():
                print(f"{name}: {figure:,.2f}")


if __name__ == "__main__":
    main()
