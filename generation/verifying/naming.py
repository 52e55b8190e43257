"""Find the names of things in a text: a question's options, its anchor, and other things of the graph.

The longest name wins, words are compared without plural endings, and what stands between two words of a name (a
slash, a hyphen) does not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from failwise.generation.verifying.signs import NAME, OPTION, Sign
from failwise.generation.verifying.tokens import Token, tokens


@dataclass(frozen=True, slots=True)
class Known:
    """A name to look for: its words, their stems, and the sign that stands for it in a shape.

    Of the marks that part a text (commas, brackets) only its own `marks` may stand between its words. `second` is the
    stem that must follow its first; it is empty where the name ends there, or where a mark may come between.
    """

    words: tuple[str, ...]
    stems: tuple[str, ...]
    length: int
    marks: frozenset[str]
    second: str
    is_option: bool
    sign: Sign


# Names by their first stem, and then by the second that is found in the text ("" stands for any other).
Index = Mapping[str, Mapping[str, Sequence[Known]]]


@lru_cache(maxsize=1 << 16)
def _words(label: str) -> tuple[Token, ...]:
    return tuple(token for token in tokens(label)[0] if token.kind == "word")


def name_words(label: str) -> tuple[str, ...]:
    """Return the words of a label in lower case."""
    return tuple(word.low for word in _words(label))


@lru_cache(maxsize=1 << 16)
def name_key(label: str) -> str:
    """Return what two spellings of a name have in common."""
    return " ".join(word.stem for word in _words(label))


@lru_cache(maxsize=1 << 16)
def name_parts(label: str) -> frozenset[str]:
    """Return the stems of a label's words."""
    return frozenset(word.stem for word in _words(label))


@lru_cache(maxsize=1 << 16)
def known(label: str, option: int = -1, kinds: frozenset[str] = frozenset()) -> Known:
    """Return a label as a name to look for.

    Args:
        option: its place among the question's options, or -1.
        kinds: the classes of the things of that name.
    """
    stems = tuple(word.stem for word in _words(label))
    # A citation keeps its brackets here: in a text it stands without them, and never stands within a name.
    marks = frozenset(f"[{t.text}]" if t.kind == "cited" else t.text for t in tokens(label)[0] if t.kind != "word")
    sign = Sign(OPTION if option >= 0 else NAME, option, name_key(label), name_parts(label), kinds)
    second = stems[1] if len(stems) > 1 and not marks else ""
    return Known(name_words(label), stems, len(stems), marks, second, option >= 0, sign)


def index_names(names: Iterable[Known]) -> Index:
    """Return names by their first two words, the longest first."""
    groups: dict[str, list[Known]] = {}
    for name in names:
        if name.stems:
            groups.setdefault(name.stems[0], []).append(name)
    return {first: _by_second(group) for first, group in groups.items()}


def _by_second(group: list[Known]) -> Mapping[str, Sequence[Known]]:
    if len(group) == 1:
        return {group[0].second: group}
    group.sort(key=_length, reverse=True)
    seconds = {name.second for name in group} | {""}
    return {second: [n for n in group if n.second in ("", second)] for second in seconds}


def _length(name: Known) -> int:
    return name.length


def longest_name(
    found: Sequence[Token], stems: Sequence[str], place: int, own: Index, others: Index
) -> tuple[Known, int] | None:
    """Return the longest name that stands at a place, and the place after it.

    Args:
        stems: those of the tokens `found`.
        own: names that win over equally long ones in `others`.
    """
    after = stems[place + 1] if place + 1 < len(stems) else ""
    best: Known | None = None
    best_end = 0
    for index in (own, others):
        group = index.get(stems[place])
        if group is None:
            continue
        for name in group.get(after) or group.get("", ()):
            if best is not None and (name.length < best.length or (name.length == best.length and not name.is_option)):
                continue
            end = _end_of(name, found, stems, place)
            if end and (best is None or name.length > best.length or _exacter(name, best, found[place:end])):
                best, best_end = name, end
    return None if best is None else (best, best_end)


def _end_of(name: Known, found: Sequence[Token], stems: Sequence[str], place: int) -> int:
    """Return the place after a name's last word, or 0 if the name, whose first two words are right, is not here."""
    if not name.marks:
        end = place + name.length
        return end if name.length <= 2 or tuple(stems[place:end]) == name.stems else 0
    at = place
    for number, wanted in enumerate(name.stems):
        while number and at < len(stems) and found[at].text in name.marks:
            at += 1
        if at >= len(stems) or stems[at] != wanted:
            return 0
        at += 1
    return at


def _exacter(name: Known, best: Known, found: Sequence[Token]) -> bool:
    """Say whether of two names that read alike but for their endings the first is spelled as it stands here."""
    if not name.is_option or not best.is_option or name.words == best.words:
        return False
    return tuple(token.low for token in found if token.kind == "word") == name.words
