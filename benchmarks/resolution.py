"""How good are the suggested names? Precision and recall on a labelled list of name pairs.

The list, `data/name-pairs.csv`, pairs a name that a worksheet may hold with a known name. The names come from the two
ISO families of the shipped data (ISO 17359: failure modes and sensors; ISO 14224: failure modes and asset classes)
and from typing errors, abbreviations, other word orders, synonyms and look-alikes written for this list.

How a pair was judged: `same` is 1 where an engineer who reads both names in the same column of two worksheets would
put them into one row, so that joining them changes no fact. It is 0 where one name is narrower or wider than the
other (bearing wear, bearing wear/ damage), is its cause, its effect or its opposite, or is another quantity, part,
place, medium, phase or number. The note says which.

Thresholds are chosen on one half of the names and figures reported on the other; a hash of the name decides. What
makes the figures kinder than a stranger's list would: list and rules have one author, the word groups of `opposed` were
written with the names of the ISO families in view (the last column shows what they do), and many candidates stand in
both halves. The rules of `opposed` and the list of faint words were mended on the first half alone.

Run with `python benchmarks/resolution.py`.
"""

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from failwise.files import content_id
from failwise.kg.resolve import normalise
from failwise.kg.suggest import LETTERS_THRESHOLD, THRESHOLD, Suggester, compare, embed, opposed

PAIRS = Path(__file__).parent / "data" / "name-pairs.csv"
GRID = [step / 100 for step in range(30, 100)]
SHOWN = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]


@dataclass(frozen=True, slots=True)
class Pair:
    """A new name, a known one, and whether they mean the same."""

    kind: str
    name: str
    candidate: str
    same: bool

    @property
    def dev(self) -> bool:
        """Whether the pair belongs to the half that thresholds are chosen on."""
        return int(content_id(self.name), 16) % 2 == 0

    @property
    def joined(self) -> bool:
        """Whether the two join by themselves."""
        return normalise(self.name) == normalise(self.candidate)


@dataclass(frozen=True, slots=True)
class Measure:
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return f"{self.precision:.3f} | {self.recall:.3f} | {self.f1:.3f}"


Scores = dict[Pair, float]


def read_pairs() -> list[Pair]:
    """Read the labelled list."""
    with PAIRS.open(newline="", encoding="utf-8") as stream:
        return [Pair(r["kind"], r["name"], r["candidate"], r["same"] == "1") for r in csv.DictReader(stream)]


def measure(pairs: Sequence[Pair], shown: Callable[[Pair], bool]) -> Measure:
    """Return precision and recall of what is shown."""
    hits = sum(p.same for p in pairs if shown(p))
    return Measure(hits / (sum(map(shown, pairs)) or 1), hits / sum(p.same for p in pairs))


def at(pairs: Sequence[Pair], scores: Scores, threshold: float, *, guard: bool = True) -> Measure:
    """Return precision and recall at a threshold."""
    return measure(pairs, lambda p: scores[p] >= threshold and not (guard and opposed(p.name, p.candidate)))


def best_threshold(pairs: Sequence[Pair], scores: Scores) -> float:
    """Return the threshold of the best F1; of equals, the middle one."""
    best = max(at(pairs, scores, t).f1 for t in GRID)
    tied = [t for t in GRID if at(pairs, scores, t).f1 > best - 1e-9]
    return tied[len(tied) // 2]


def all_scores(pairs: Sequence[Pair]) -> dict[str, Scores]:
    """Score every pair by letters, by meaning and by both."""
    names, candidates = embed([p.name for p in pairs]), embed([p.candidate for p in pairs])
    meaning = {p: float(row @ other) for p, row, other in zip(pairs, names, candidates, strict=True)}
    return {
        "letters": {p: compare(p.name, p.candidate).score for p in pairs},
        "meaning": meaning,
        "letters and meaning": {p: compare(p.name, p.candidate, meaning[p]).score for p in pairs},
    }


def spread(pairs: Sequence[Pair], scores: Scores, threshold: float) -> str:
    """Return the range that holds 95 of 100 F1 values when the pairs are drawn again."""
    draw = random.Random(0)
    values = sorted(at(draw.choices(pairs, k=len(pairs)), scores, threshold).f1 for _ in range(400))
    return f"{values[10]:.3f} to {values[389]:.3f}"


def ranked(pairs: Sequence[Pair], everything: Sequence[Pair], *, semantic: bool) -> str:
    """Say how often the right name is among three suggestions out of all known names of its kind."""
    found = shown = 0
    for kind in sorted({p.kind for p in pairs}):
        same = [p for p in pairs if p.kind == kind and p.same]
        suggester = Suggester([p.candidate for p in everything if p.kind == kind], semantic=semantic)
        answers = suggester.suggest_all(p.name for p in same)
        found += sum(p.candidate in [s.label for s in answers[p.name]] for p in same)
        shown += sum(len(answers[p.name]) for p in same)
    count = sum(p.same for p in pairs)
    return f"{found / count:.3f} | {shown / count:.1f}"


def main() -> None:
    """Measure and print Markdown tables."""
    pairs = read_pairs()
    test = [p for p in pairs if not p.dev]
    left, dev = [p for p in test if not p.joined], [p for p in pairs if p.dev and not p.joined]
    print(f"{len(pairs)} pairs, {sum(p.same for p in pairs)} same; {len(test)} of them reported on.\n")
    print("| joining by itself | precision | recall | F1 |\n|---|---|---|---|")
    print(f"| normalised label | {measure(test, lambda p: p.joined)} |\n")

    scores = all_scores(pairs)
    print(f"Suggestions for the {len(left)} pairs left ({sum(p.same for p in left)} same):\n")
    print("| by | threshold | precision | recall | F1 | 95 % of F1 | F1 if opposites were suggested |")
    print("|---|---|---|---|---|---|---|")
    for by, values in scores.items():
        t = best_threshold(dev, values)
        unguarded = at(left, values, t, guard=False).f1
        print(f"| {by} | {t:.2f} | {at(left, values, t)} | {spread(left, values, t)} | {unguarded:.3f} |")
    both = scores["letters and meaning"]
    whole = measure(test, lambda p: p.joined or (both[p] >= THRESHOLD and not opposed(p.name, p.candidate)))
    print(f"\nJoined or suggested, of all {len(test)}, at the default {THRESHOLD}: {whole} (precision, recall, F1).\n")

    print("| threshold | " + " | ".join(f"{by}: precision | recall" for by in scores) + " |")
    print("|---|" + "---|---|" * len(scores))
    for t in SHOWN:
        cells = (f"{m.precision:.3f} | {m.recall:.3f}" for m in (at(left, v, t) for v in scores.values()))
        print(f"| {t:.2f} | " + " | ".join(cells) + " |")

    print("\n| out of all known names of the kind, at the default threshold | right one among three | shown per name |")
    print("|---|---|---|")
    print(f"| letters ({LETTERS_THRESHOLD}) | {ranked(left, pairs, semantic=False)} |")
    print(f"| letters and meaning ({THRESHOLD}) | {ranked(left, pairs, semantic=True)} |")


if __name__ == "__main__":
    main()
