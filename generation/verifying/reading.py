"""Read a sentence: which of its names are affirmed, which denied, and which are called the answer.

A sentence comes as a shape: its words in lower case, and a sign in the place of every name and citation. Rationales
repeat few shapes, so each is read once.
"""

from dataclasses import dataclass
from functools import lru_cache

from failwise.generation.verifying.clauses import clauses
from failwise.generation.verifying.lexicon import Lexicon
from failwise.generation.verifying.scopes import Scope, citation_scopes
from failwise.generation.verifying.signs import CITED, JUDGED, NAME, OPTION, OTHERS, SIGNS
from failwise.generation.verifying.stances import Stance, clause_stances

_LONG = 100  # words and signs of a sentence
_ARTICLES = frozenset({"the", "all", "of", "die", "den", "alle", "allen", "any"})
_OF = frozenset({"of", "von", "der"})
_READ = JUDGED | {CITED}


@dataclass(frozen=True, slots=True)
class ShapeReading:
    """What a sentence says of its signs, whatever they stand for.

    `stances` has one for each sign; None stands for a plain name, and where a clause only asks or supposes. Before the
    sign with the number `others` (-1: nowhere) one is put in for "the others". A sentence that `opens` a list says
    `header` of its members. One that `states` something does so of things that the question does not offer. `judged`
    are the numbers of the signs of options, letters and the others that it says something of; `scopes` say what its
    citations belong to.
    """

    stances: tuple[Stance | None, ...]
    others: int
    opens: bool
    header: Stance | None
    states: bool
    judged: tuple[int, ...]
    scopes: tuple[Scope, ...]


def read_shape(shape: tuple[str, ...], lexicon: Lexicon) -> ShapeReading:
    """Read a sentence; short ones are remembered, long ones hardly come twice."""
    return _remembered(shape, lexicon) if len(shape) <= _LONG else _read(shape, lexicon)


def _read(shape: tuple[str, ...], lexicon: Lexicon) -> ShapeReading:
    place = _others(shape, lexicon)
    if place >= 0:
        shape = (*shape[:place], OTHERS, *shape[place + 1 :])
    signs = [word for word in shape if word in SIGNS]
    read = iter(read_stances(shape, lexicon))
    stances = tuple(None if sign == NAME else next(read) for sign in signs)
    opens = shape[-1] == ":"
    return ShapeReading(
        stances=stances,
        others=signs.index(OTHERS) if place >= 0 else -1,
        opens=opens,
        header=read_stances((*shape, OPTION), lexicon)[-1] if opens else None,
        states=not opens and _states(set(shape), lexicon),
        judged=tuple(i for i, sign in enumerate(signs) if sign in JUDGED and stances[i] is not None),
        scopes=citation_scopes(shape),
    )


_remembered = lru_cache(maxsize=1 << 15)(_read)


def read_stances(shape: tuple[str, ...], lexicon: Lexicon) -> tuple[Stance | None, ...]:
    """Return one stance per sign of an option, a letter, the others, or a citation, in order.

    A citation has the stance of its clause; None stands where the clause only asks or supposes.
    """
    if _READ.isdisjoint(shape):
        return ()
    found: dict[int, Stance | None] = {}
    for number, clause in enumerate(clauses(shape, lexicon)):
        found |= clause_stances(clause, lexicon, number)
    return tuple(found.get(place) for place, word in enumerate(shape) if word in _READ)


def _others(shape: tuple[str, ...], lexicon: Lexicon) -> int:
    """Return where "the others", "the remaining options", "none of them" stands, or -1."""
    if lexicon.others.isdisjoint(shape) and lexicon.groups.isdisjoint(shape):
        return -1
    for place, word in enumerate(shape):
        whole = word in lexicon.others
        if not whole and word not in lexicon.groups:
            continue
        before = shape[place - 1] if place else ""
        after = shape[place + 1] if place + 1 < len(shape) else "."
        if whole and before in _ARTICLES and after not in ("hand", OPTION, NAME):
            return place
        if before in _OF and place > 1 and shape[place - 2] in lexicon.deny:
            return place
    return -1


def _states(words: set[str], lexicon: Lexicon) -> bool:
    """Say whether a sentence names things that are no options, cites nothing, and has a verb."""
    if words & SIGNS != {NAME} or words & lexicon.skip or words & lexicon.chosen:
        return False
    return bool(words & lexicon.verbs)
