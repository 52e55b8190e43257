"""Turn what a sentence says of the options into claims, and into options taken for right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from failwise.generation.verifying.asked import Asked
from failwise.generation.verifying.claims import Claim, Finding
from failwise.generation.verifying.signs import LETTER, NAME, OPTION, OTHERS, Sign
from failwise.generation.verifying.stances import Stance
from failwise.kg.records import Fact


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence: its words, its signs, and what it says of each."""

    words: str
    signs: Sequence[Sign]
    stances: Sequence[Stance | None]


class Mentions:
    """Collects the claims of a text, sentence by sentence.

    `picks` say of options (by place) whether the text takes them for right.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.claims: list[Claim] = []
        self.picks: list[tuple[int, bool]] = []

    def add_bare(self, spoken: Spoken, number: int, fact: Fact) -> None:
        """Judge a clause that cites a fact without naming its option.

        Args:
            number: that of the citation among the signs.
        """
        stance = spoken.stances[number]
        if stance is None:
            return
        truth = None if stance.chosen or stance.vague else stance.truth
        self._claim(spoken, fact.id, truth, self.asked.finding(fact.id, truth))
        option = self.asked.place.get(fact.id, -1)
        if option >= 0 and truth is not None:
            self._pick(option, truth)

    def add(self, spoken: Spoken, judged: Sequence[int], backed: set[int]) -> None:
        """Judge what is said of each option, of letters, and of "the others".

        Args:
            judged: the numbers of their signs.
            backed: those with a citation of their own.
        """
        key = self.asked.anchor_key
        anchored = self.asked.anchor is not None
        about = anchored and any(sign.name == key for sign in spoken.signs)
        strange = self._strange(spoken.signs)
        done: set[tuple[int, int]] = set()
        for number in judged:
            sign, stance = spoken.signs[number], spoken.stances[number]
            if stance is None:
                continue
            if sign.kind == OTHERS:
                self._others(spoken, stance)
                continue
            own = number in backed
            twin = anchored and sign.name == key and not stance.chosen and bool(backed)
            if not own and (twin or (sign.option, stance.clause) in done):
                continue  # said already, or the anchor that goes by an option's name
            done.add((sign.option, stance.clause))
            self._mention(spoken, sign, stance, own or stance.relates or about, None if own else strange)
            if own and self._truth(stance) is None:
                self._claim(spoken, self.asked.facts[sign.option], None, Finding.UNVERIFIABLE, sign.option)

    def add_unjudged(self, spoken: Spoken) -> None:
        """Count a sentence that speaks of things of the graph, and of no fact of it that the question is about."""
        self._claim(spoken, "", None, Finding.UNVERIFIABLE)

    def _claim(self, spoken: Spoken, fact_id: str, truth: bool | None, finding: Finding, option: int = -1) -> None:
        self.claims.append(Claim(spoken.words, fact_id, truth, finding, option))

    def _pick(self, option: int, truth: bool) -> None:
        """Take an option for right where its fact has the truth that is wanted."""
        self.picks.append((option, truth is self.asked.wanted))

    def _strange(self, signs: Sequence[Sign]) -> Sign | None:
        """Return another thing that a sentence speaks of in the anchor's place."""
        asked = self.asked
        if asked.anchor is None or asked.anchor_kind == asked.option_kind or not asked.stranger(asked.anchor, signs):
            return None
        return next(sign for sign in signs if sign.kind == NAME and asked.anchor_kind in sign.kinds)

    def _mention(self, spoken: Spoken, sign: Sign, stance: Stance, relates: bool, strange: Sign | None) -> None:
        option, fact_id = sign.option, self.asked.facts[sign.option]
        if strange is not None and not stance.chosen:
            fact_id = self.asked.fact_with(strange, option)
        truth = self._truth(stance)
        if not fact_id and strange is None:
            if stance.truth is not None:
                self._none_of_these(spoken, option, stance)
            return
        if truth is None:
            return
        if sign.kind == OPTION:
            finding = self.asked.finding(fact_id, truth) if relates else Finding.UNVERIFIABLE
            if relates and stance.only and self._excludes_wrongly(spoken, option, truth):
                finding = Finding.CONTRADICTED
            self._claim(spoken, fact_id, truth, finding, option)
        if strange is None and (relates or sign.kind == LETTER):
            self._pick(option, truth)

    def _excludes_wrongly(self, spoken: Spoken, named: int, truth: bool) -> bool:
        """Say whether "only A" is wrong of an option that its sentence does not name: it says the opposite of that."""
        words = spoken.words.lower()
        others = zip(self.asked.question.options, self.asked.facts, strict=True)
        return any(
            self.asked.finding(fact, not truth) is Finding.CONTRADICTED
            for option, (label, fact) in enumerate(others)
            if option != named and fact and label.lower() not in words
        )

    def _truth(self, stance: Stance) -> bool | None:
        """Return the truth that a stance gives to the fact of its option."""
        if stance.truth is None or (stance.vague and not self.asked.wanted):
            return None
        return (stance.truth is self.asked.wanted) if stance.chosen else stance.truth

    def _none_of_these(self, spoken: Spoken, option: int, stance: Stance) -> None:
        """Judge what is said of "none of these": chosen, or as the subject of a clause about all options."""
        asked = self.asked
        if asked.facts[option] or not (stance.chosen or stance.vague or asked.wanted):
            return  # "none of these shows it", where the one that does not is asked for
        right = not any(asked.right(other) for other in range(len(asked.facts)) if other != option)
        finding = Finding.SUPPORTED if stance.truth is right else Finding.CONTRADICTED
        self._claim(spoken, "", stance.truth, finding, option)
        self.picks.append((option, bool(stance.truth)))

    def _others(self, spoken: Spoken, stance: Stance) -> None:
        """Judge "the others": the options that were not spoken of before, and are not named in the sentence."""
        said = {sign.option for sign in spoken.signs if sign.kind == OPTION} | {option for option, _ in self.picks}
        rest = [option for option, fact in enumerate(self.asked.facts) if fact and option not in said]
        truth = self._truth(stance)
        if not rest or truth is None or not stance.relates:
            return
        found = {self.asked.finding(self.asked.facts[option], truth) for option in rest}
        worst_first = (Finding.CONTRADICTED, Finding.UNVERIFIABLE)
        self._claim(spoken, "", truth, next((f for f in worst_first if f in found), Finding.SUPPORTED))
        for option in rest:
            self._pick(option, truth)
