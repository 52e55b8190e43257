"""Signs that stand in a sentence's shape for names, letters and citations."""

from dataclasses import dataclass

OPTION, LETTER, OTHERS, NAME, CITED = "§option", "§letter", "§others", "§name", "§cited"
JUDGED = frozenset({OPTION, LETTER, OTHERS})  # a clause affirms or denies these
SIGNS = JUDGED | {NAME, CITED}


@dataclass(frozen=True, slots=True)
class Sign:
    """What a sign in a sentence's shape stands for.

    `option` is a place among the question's options, or -1. `name` is the key of the name that stands there, `parts`
    its words, `kinds` the classes of the things that go by it. `cited` is the id of a citation.
    """

    kind: str
    option: int = -1
    name: str = ""
    parts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    cited: str = ""
