"""How fast a report of 100,000 answers opens, and whether it stays smooth: made up, in a real Chromium.

20,000 facts with five questions each, every question with a rationale. The limit is 3 s from opening the file to the
first map drawn; what a reader does then is held against 0.2 s.

Run with `python benchmarks/report.py [--asset-classes N] [--keep FILE]`; the environment variable CHROMIUM names the
browser where it is not on the path.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from math import isqrt
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from failwise.evaluation.coverage.states import STATES
from failwise.evaluation.records import Accuracy, Answer, FactAudit, RollUp
from failwise.evaluation.reporting.data import ReportData
from failwise.evaluation.reporting.page import write_report
from failwise.generation.records import Question, Rationale
from failwise.kg.records import Direction, Polarity

FACTS, PER_FACT, TURNS = 20_000, 5, 5
OPENS, REACTS = 3.0, 0.2  # seconds
RELATION = "indicatedBy"


def facts(asset_classes: int) -> Iterator[FactAudit]:
    """Yield facts: each asset class has a table of failure modes and sensors, as square as it can be."""
    rng, each = random.Random(0), FACTS // asset_classes
    side = max(number for number in range(1, isqrt(each) + 1) if each % number == 0)
    for number in range(asset_classes):
        asset = f"machine-{number}"
        for mode in range(side):
            for sensor in range(each // side):
                state, right = rng.choice((("known", 5), ("known", 5), ("wrong", 0), ("inconsistent", 3)))
                share = right / PER_FACT
                yield FactAudit(
                    f"{asset}/{RELATION}/fault-{mode}/signal-{sensor}", asset, RELATION, f"fault number {mode}",
                    f"signal number {sensor}", rng.choice(("yes", "no")), PER_FACT, right, 0.25, share,
                    max(0.0, share - 0.3), min(1.0, share + 0.3), share, 1 - share, state,
                )  # fmt: skip


def question(fact: FactAudit, number: int) -> Question:
    """Return one of a fact's questions."""
    right, options = number % 4, [f"signal number {i}" for i in range(4)]
    options[right] = fact.object
    head = fact.fact_id.rpartition("/")[0]
    asked = "Which of these measurements helps to diagnose" if number % 2 else "What tells an engineer of"
    return Question(
        "fmea", f"{fact.fact_id}#{number}", f"{asked} {fact.subject} on the {fact.asset_class}?", tuple(options),
        tuple("ABCD"), True, tuple(i == right for i in range(4)), "short", fact.asset_class, "relevant", "sensors",
        fact.asset_class, fact.relation, Direction.FORWARD, Polarity.SELECTION, anchor=fact.subject,
        fact_ids=tuple(fact.fact_id if i == right else f"{head}/signal-{i}" for i in range(4)),
        tested_fact=fact.fact_id, difficulty="easy",
    )  # fmt: skip


def answer(asked: Question, right: bool) -> Answer:
    """Return an answer that is right or not."""
    choice = asked.answer if right else (asked.answer + 1) % 4
    rng = random.Random(asked.id)
    scores = tuple((0.0 if i == choice else -1.0) - rng.random() for i in range(4))
    return Answer(asked.id, "made up", scores, choice, right, 1.0)


def reason(asked: Question) -> Rationale:
    """Return a rationale of a usual length."""
    claims = " ".join(f"The option {o} is what the table says of {asked.anchor}: [{f}]."
                      for o, f in zip(asked.options, asked.fact_ids, strict=True))  # fmt: skip
    cited = tuple(dict.fromkeys(asked.fact_ids))
    return Rationale(asked.id, "graph", "", cited, claims, cited, "A", "supported", 1, 0, 0)


def roll_up(dimension: str, value: str, some: Sequence[FactAudit]) -> RollUp:
    """Sum facts up."""
    count = {state: sum(f.state == state for f in some) for state in STATES}
    n, right = sum(f.n for f in some), sum(f.right for f in some)
    share = sum(f.p_known for f in some) / len(some)
    return RollUp(dimension, value, len(some), **count, n=n, right=right, accuracy=right / n, chance=0.25,
                  share=share, share_low=share - 0.1, share_high=share + 0.1)  # fmt: skip


def roll_ups(audits: Sequence[FactAudit]) -> Iterator[RollUp]:
    """Yield as many groups as an audit has."""
    groups: dict[tuple[str, str], list[FactAudit]] = {}
    for fact in audits:
        keys = (
            ("relation", fact.relation), ("asset_class", fact.asset_class), ("sensor", fact.object),
            ("table", f"{fact.asset_class}: {fact.relation}"), ("failure_mode", f"{fact.asset_class}: {fact.subject}"),
        )  # fmt: skip
        for key in keys:
            groups.setdefault(key, []).append(fact)
    return (roll_up(*key, some) for key, some in groups.items())


def report(asset_classes: int) -> ReportData:
    """Return what a report of that many answers shows."""
    audits = tuple(facts(asset_classes))
    asked = [(question(fact, i), i < fact.right) for fact in audits for i in range(PER_FACT)]
    labels = {f.fact_id: f"On a {f.asset_class}, {f.subject} is indicated by {f.object}." for f in audits}
    labels |= {f.asset_class: f.asset_class.replace("-", " ") for f in audits}
    right = sum(ok for _, ok in asked)
    return ReportData(
        title="Made up, to measure with", created="2026-01-01T00:00:00", student="made up", base=None,
        regime="new-question", regime_text="Nothing was trained.", kinds={RELATION: ("failure mode", "sensor")},
        rows=(Accuracy("student", "student", len(asked), right, right / len(asked), 0.6, 0.7),),
        audits=audits, rollups=tuple(roll_ups(audits)), questions=tuple(q for q, _ in asked),
        answers=tuple(answer(q, ok) for q, ok in asked), base_answers=(),
        rationales=tuple(reason(q) for q, _ in asked), labels=labels, limits=(), manifest={},
    )  # fmt: skip


# What a reader does, as the page sees it.
ACTS = {
    "another asset class": "pick('asset', 2)",
    "a letter in the finder": "type('find', 'f')",
    "a whole name": "type('find', 'fault number 1')",
    "the finder emptied": "type('find', '')",
    "only wrong ones": "document.querySelectorAll('.legend button')[1].click()",
    "all again": "document.querySelectorAll('.legend button')[1].click()",
    "a fact's panel": "document.querySelector('#maps .cell').click()",
    "other columns of the overview": "pick('columns', 2)",
}
TIMED = """async () => {
  const act = (id, kind, set) => {
    const node = document.getElementById(id);
    set(node);
    node.dispatchEvent(new Event(kind));
  };
  const pick = (id, place) => act(id, "change", (node) => { node.selectedIndex = place; });
  const type = (id, text) => act(id, "input", (node) => { node.value = text; });
  const began = performance.now();
  %s;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return (performance.now() - began) / 1000;
}"""
# The longest time in which the page could not react, since it was opened.
LONGEST = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(Math.max(...list.getEntries().map((entry) => entry.duration)) / 1000))
    .observe({ type: "longtask", buffered: true });
  setTimeout(() => done(0), 500);
})"""


def opened(browser: Browser, path: Path) -> tuple[Page, float]:
    """Open the report; return the seconds until its first map is drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.perf_counter()
    page.goto(path.as_uri())
    page.locator("#maps .cell").first.wait_for()
    return page, time.perf_counter() - began


def find_questions(page: Page) -> float:
    """Search all questions for a word, the first time; return the seconds until the hits are there."""
    page.locator("#outcome").select_option("in any way")
    page.locator("#hits").filter(has_text="100,000 of 100,000").wait_for()
    began = time.perf_counter()
    page.locator("#text").fill("fault number 12")
    page.locator("#hits").filter(has_not_text="100,000 of 100,000").wait_for()
    return time.perf_counter() - began


def row(what: str, seconds: Sequence[float], limit: float) -> None:
    """Print one line of the table."""
    print(f"| {what} | {min(seconds):.2f} s | limit {limit:g} s | {min(seconds) / limit:.2f} |")


def measure(browser: Browser, path: Path) -> None:
    """Print a Markdown table: the best of some turns."""
    opens, longest, searches = [], [], []
    acts: dict[str, list[float]] = {name: [] for name in ACTS}
    for _ in range(TURNS):
        page, seconds = opened(browser, path)
        opens.append(seconds)
        page.wait_for_timeout(1000)
        for name, act in ACTS.items():
            acts[name].append(page.evaluate(TIMED % act))
            page.wait_for_timeout(500)
        longest.append(page.evaluate(LONGEST))
        searches.append(find_questions(page))
        page.close()
    print("| what | best of 5 | against | ratio |\n|---|---|---|---|")
    row("from opening the file to the first map", opens, OPENS)
    for name, times in acts.items():
        row(name, times, REACTS)
    row("the longest time without a reaction, opening included", longest, OPENS)
    row("all questions searched for a word, the first time", searches, OPENS)


def main() -> None:
    """Write the report, open it, use it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asset-classes", type=int, default=100, help="that the facts are spread over")
    parser.add_argument("--keep", type=Path, help="where to leave the report")
    given = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("no Chromium found; name one in the environment variable CHROMIUM")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data, began = report(given.asset_classes), time.perf_counter()
        path = write_report(data, given.keep or Path(folder) / "report.html")
        print(f"{len(data.questions):,} answers, {len(data.audits):,} facts, {given.asset_classes} asset classes: "
              f"{path.stat().st_size / 1e6:.1f} MB, written in {time.perf_counter() - began:.1f} s\n")  # fmt: skip
        measure(playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]), path)


if __name__ == "__main__":
    main()
