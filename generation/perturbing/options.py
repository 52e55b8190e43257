"""Perturbations of the options: their order, their labels, fewer of them, blank ones. No graph is needed."""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from random import Random

from failwise.generation.perturbing.base import Context, NotMade, Perturbation, movable, rearranged, variant
from failwise.generation.records import Arity, Question

LETTERS = "ABCDEFGHIJ"
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")

# Ways to label options; each gives ten labels.
STYLES: Mapping[str, tuple[str, ...]] = {
    "letters": tuple(LETTERS),
    "P": tuple(f"{c})" for c in "PQRSTUVWXY"),
    "digits": tuple(f"{n}." for n in range(1, 11)),
    "brackets": tuple(f"({c})" for c in LETTERS.lower()),
    "roman": tuple(f"{r})" for r in _ROMAN),
}

# So many random orders are tried before all are gone through.
_SHUFFLES = 8


def labels_like(known: Sequence[str], count: int) -> tuple[str, ...]:
    """Return `count` labels in the style of known ones; letters where their style is none of ours."""
    styles = (s[:count] for s in STYLES.values() if s[: len(known)] == tuple(known))
    return next(styles, tuple(LETTERS[:count]))


# --- order ---


def random_order(question: Question, context: Context) -> Question:
    """Shuffle the options so that the right one stands elsewhere."""
    kind = "option-order"
    places = list(range(movable(question)))
    order = _shuffled(context.dice(kind, question), places, _moves(question))
    return _reordered(question, kind, context, order)


def reversed_order(question: Question, context: Context) -> Question:
    """Put the last option first; where that leaves the right one in the middle, the first goes last besides."""
    kind = "option-order-reversed"
    order = list(reversed(range(movable(question))))
    if not _moves(question)(order):
        order = order[1:] + order[:1]
    return _reordered(question, kind, context, order)


def rotated_order(question: Question, context: Context) -> Question:
    """Move every option down by one; the last comes first."""
    count = movable(question)
    return _reordered(question, "option-order-rotated", context, [count - 1, *range(count - 1)])


def rotations(question: Question, context: Context) -> tuple[Question, ...]:
    """Return all other rotations of the options: with the original, each option stands once at each place."""
    count = movable(question)
    orders = ([*range(start, count), *range(start)] for start in range(1, count))
    made = tuple(_reordered(question, "rotated-options", context, order) for order in orders)
    if not made:
        raise NotMade("too few options can move")
    return made


def _reordered(question: Question, kind: str, context: Context, order: Sequence[int]) -> Question:
    if len(order) < 2:
        raise NotMade("too few options can move")
    whole = [*order, *range(len(order), len(question.options))]
    return variant(question, kind, context, **rearranged(question, whole))


def _moves(question: Question) -> Callable[[Sequence[int]], bool]:
    """Return a test whether an order brings the right options to other places, or, where no order can, any change."""
    count = movable(question)
    right = question.correct[:count]
    if len(set(right)) == 1:
        return lambda order: list(order) != list(range(count))
    return lambda order: tuple(right[i] for i in order) != right


def _shuffled(dice: Random, places: list[int], good: Callable[[Sequence[int]], bool]) -> Sequence[int]:
    for _ in range(_SHUFFLES):
        dice.shuffle(places)
        if good(places):
            return places
    return next((order for order in permutations(sorted(places)) if good(order)), ())


# --- labels ---


def labelled(style: str) -> Perturbation:
    """Return the perturbation that gives the options labels of a style."""

    def relabel(question: Question, context: Context) -> Question:
        return _relabelled(question, f"labels-{style}", context, [style])

    return relabel


def any_labels(question: Question, context: Context) -> Question:
    """Give the options labels of a style drawn by chance."""
    styles = [name for name, style in STYLES.items() if style[: len(question.options)] != question.option_ids]
    return _relabelled(question, "labels", context, [context.dice("labels", question).choice(styles)])


def _relabelled(question: Question, kind: str, context: Context, styles: Sequence[str]) -> Question:
    count = len(question.options)
    if count > len(LETTERS):
        raise NotMade(f"more than {len(LETTERS)} options")
    movable(question)  # an option that names others by their letters would be wrong now
    labels = STYLES[styles[0]][:count]
    if labels == question.option_ids:
        raise NotMade("has these labels already")
    return variant(question, kind, context, option_ids=labels)


# --- number ---


def fewer(question: Question, context: Context) -> Question:
    """Drop wrong options by chance, so that at least two options stay."""
    kind = "fewer-options"
    dice, count = context.dice(kind, question), movable(question)
    wrong = [i for i in range(count) if not question.correct[i]]
    # Beside a right "none of these" something must stay that it denies.
    stay = max(2 - (len(question.options) - len(wrong)), 0 if any(question.correct[:count]) else 1)
    if len(wrong) <= stay:
        raise NotMade("no wrong option can go")
    kept = set(dice.sample(wrong, dice.randrange(stay, len(wrong))))
    order = [i for i in range(len(question.options)) if i in kept or i not in wrong]
    return variant(question, kind, context, **rearranged(question, order))


# --- blank ---


def blank(question: Question, context: Context) -> Question:
    """Leave labels alone, so that only their position can be liked.

    `correct` stays as bookkeeping: a student that reads can only guess. Nothing is asked about the facts any more.
    """
    if question.arity is Arity.MULTIPLE:
        raise NotMade("asks for several options")
    empty = ("",) * len(question.options)
    facts = empty if question.fact_ids else ()
    return variant(question, "blank-options", context, options=empty, fact_ids=facts, tested_fact="")
