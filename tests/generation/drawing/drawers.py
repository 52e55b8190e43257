"""Small yes/no matrices, drawers over them, and ways to answer that never read the anchor."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from hypothesis import strategies as st

from failwise.generation.drawing.distractors import Distractors
from failwise.generation.drawing.draw import Drawer
from failwise.generation.drawing.draw_many import ManyDrawer
from failwise.generation.drawing.drawn import Drawn, Letters, Used
from failwise.generation.matrices.contrast import Matchings, bits, matchings


@dataclass(frozen=True)
class Matrix:
    """Masks of right and of wrong options by anchor; what is neither is unknown."""

    right: tuple[int, ...]
    wrong: tuple[int, ...]
    options: int

    @property
    def index(self) -> list[list[int]]:
        """Place of every fact."""
        return [[a * self.options + o for o in range(self.options)] for a in range(len(self.right))]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The pairs that are right."""
        return [(a, o) for a, mask in enumerate(self.right) for o in bits(mask)]

    def transposed(self) -> "Matrix":
        """Return options by anchors."""

        def turned(masks: Sequence[int]) -> tuple[int, ...]:
            return tuple(sum((mask >> o & 1) << a for a, mask in enumerate(masks)) for o in range(self.options))

        return Matrix(turned(self.right), turned(self.wrong), len(self.right))

    def groups(self, most: int = 10, seed: int = 0) -> Matchings:
        """Return its contrast groups."""
        return matchings(self.right, self.wrong, most, random.Random(seed))


def parse(*rows: str) -> Matrix:
    """Read rows of + (right), - (wrong) and ? (unknown)."""
    right = tuple(sum(1 << o for o, sign in enumerate(row) if sign == "+") for row in rows)
    wrong = tuple(sum(1 << o for o, sign in enumerate(row) if sign == "-") for row in rows)
    return Matrix(right, wrong, len(rows[0]))


def diagonal(size: int) -> Matrix:
    """Return a matrix in which every anchor has one right option, its own: one contrast group of all."""
    return parse(*("-" * a + "+" + "-" * (size - a - 1) for a in range(size)))


@st.composite
def matrices(draw: st.DrawFn, anchors: int = 6, options: int = 7, signs: str = "+-?") -> Matrix:
    """Draw a matrix of at most so many anchors and options."""
    width = draw(st.integers(1, options))
    row = st.text(signs, min_size=width, max_size=width)
    return parse(*draw(st.lists(row, min_size=1, max_size=anchors)))


def drawer(matrix: Matrix, *, used: Used | None = None, seed: int = 0, most: int = 10) -> Drawer:
    """Return a drawer over a matrix, with contrast groups of at most `most`."""
    tested = [0] * (len(matrix.right) * matrix.options)
    degrees = [sum(mask >> o & 1 for mask in matrix.right) for o in range(matrix.options)]
    groups, rng = matrix.groups(most, seed), random.Random(seed)
    beside = Distractors(rng, degrees)
    elsewhere = [0] * len(tested)
    used = used or Used(set())
    asked = matrix.index, matrix.right, matrix.wrong, groups, tested
    return Drawer(*asked, Letters(), rng, used, beside, 1000, elsewhere=elsewhere)


def many_drawer(matrix: Matrix, *, used: Used | None = None, seed: int = 0) -> ManyDrawer:
    """Return a drawer for several right options over a matrix."""
    tested = [0] * (len(matrix.right) * matrix.options)
    return ManyDrawer(matrix.index, matrix.right, matrix.wrong, tested, random.Random(seed), used or Used(set()))


def right_by(matrix: Matrix, drawn: Drawn) -> bool:
    """Say whether all options are stated, and marked as they are."""
    right, wrong = matrix.right[drawn.anchor], matrix.wrong[drawn.anchor]
    return len(set(drawn.options)) == len(drawn.options) and all(
        (right if flag else wrong) >> o & 1 for o, flag in zip(drawn.options, drawn.right, strict=True)
    )


def blind_scores(guesser: int, options: Sequence[object]) -> list[float]:
    """Score options by anything but the anchor: which options there are, and in which order."""
    around = f"{guesser} {sorted(map(str, options))} {options}"
    return [float(crc32(f"{around} {place} {option}".encode())) for place, option in enumerate(options)]
