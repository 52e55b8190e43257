"""Evidence goes by numbers in a prompt, [1], [2], …: small models mangle long ids, and ids cost tokens.

Replies are read back to ids, so that nothing behind the parser knows of numbers.

A square bracket is a citation where it holds whole numbers and nothing else but commas and the like, and what a number
may be called. So "[5 mm/s]", "[0.5, 1]" and "[a/b/c]" are none. "[0, 1]" is one, interval or not, and so is "[2]" where
an option has the label 2: a prompt shows such a bracket before evidence only, since those in the words of others are
made round, and options stand under "2.". What is read so and was not meant so costs a sample; a citation that was
passed over would escape the check.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

_BRACKET = re.compile(r"\[([^\[\]]+)\]")
_LIKELY = re.compile(r"\[([^\[\]/]{0,20000}[0-9]\s?)\]")  # all citations of numbers, and little else
_CALLED = r"(?:(?:evidence|facts?|lines?|sources?|ids?|no|belege?|zeilen?|quellen?|nr|kennung)[ :#.=]{0,3}){0,3}#?"
_FIRST_TO_LAST = rf"{_CALLED}([0-9]+)(?: ?[-\u2013] ?{_CALLED}([0-9]+))?"
_BETWEEN = r"(?: ?[,;&+] ?(?:(?:and|und) )?| (?:(?:and|und) )?)"
_CITED = re.compile(rf"{_FIRST_TO_LAST}(?:{_BETWEEN}{_FIRST_TO_LAST})*", re.IGNORECASE)
_NUMBERS = re.compile(_FIRST_TO_LAST, re.IGNORECASE)


def numbered(text: str, evidence: Iterable[str]) -> str:
    """Return a text with the number of each id that it cites; `evidence` are the ids in order."""
    numbers = {evidence_id: f"[{number}]" for number, evidence_id in enumerate(evidence, 1)}
    return _BRACKET.sub(lambda bracket: numbers.get(bracket[1]) or _round(bracket), text)


def uncited(text: str) -> str:
    """Return a text with round brackets where a citation would be read."""
    return _LIKELY.sub(_round, text)


def spelled_out(text: str, evidence: Sequence[str]) -> str:
    """Return a text with the ids of the numbers that it cites; a bracket with a number that has none stays."""
    places = {str(place): place for place in range(1, len(evidence) + 1)}

    def ids(bracket: re.Match[str]) -> str:
        if bracket[1] in places:
            return f"[{evidence[places[bracket[1]] - 1]}]"
        cited = _cited(bracket[1], evidence, places) if _is_citation(bracket[1]) else {None}
        return bracket[0] if None in cited else "".join(f"[{evidence_id}]" for evidence_id in cited)

    return _LIKELY.sub(ids, text)


def citations(text: str) -> tuple[str, ...]:
    """Return the citations of numbers in a text, as they are written, each once."""
    return tuple(dict.fromkeys(bracket[0] for bracket in _LIKELY.finditer(text) if _is_citation(bracket[1])))


def _round(bracket: re.Match[str]) -> str:
    return f"({bracket[1]})" if _is_citation(bracket[1]) else bracket[0]


def _is_citation(inside: str) -> bool:
    return _CITED.fullmatch(" ".join(inside.split())) is not None


def _cited(inside: str, evidence: Sequence[str], places: Mapping[str, int]) -> dict[str | None, None]:
    """Return the ids that a citation is of, in order; None stands for a number that has none."""
    found: dict[str | None, None] = {}
    for match in _NUMBERS.finditer(" ".join(inside.split())):
        # Numbers are compared as text: one of ten thousand digits is none that was offered.
        first, last = (places.get(number.lstrip("0"), 0) for number in (match[1], match[2] or match[1]))
        found |= dict.fromkeys(evidence[first - 1 : last] if 0 < first <= last else [None])
    return found
