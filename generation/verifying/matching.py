"""Match what a rationale says with the facts of its question."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from failwise.generation.records import Question
from failwise.generation.teachers.teacher import CITATION
from failwise.generation.verifying.claims import Claim, Finding, NameBook, TextReading
from failwise.generation.verifying.lexicon import Lexicon
from failwise.generation.verifying.naming import Known, Sentence, Sign, index_names, known, name_key, sentences
from failwise.generation.verifying.reading import CITED, JUDGED, LETTER, NAME, OPTION, OTHERS, Stance, read_shape
from failwise.kg.records import Direction, Entity, Fact, Polarity, Truth

_TRUTHS = {Truth.YES: True, Truth.NO: False}
_ARTICLES = frozenset({"the", "all", "of", "die", "den", "alle", "allen", "any"})


@lru_cache(maxsize=1 << 14)
def _with_others(shape: tuple[str, ...], lexicon: Lexicon) -> tuple[tuple[str, ...], int]:
    """Put a sign for "the others", "the remaining options", "none of them"; return its place, or -1."""
    for place, word in enumerate(shape):
        before = shape[place - 1] if place else ""
        after = shape[place + 1] if place + 1 < len(shape) else "."
        whole = word in lexicon.others and before in _ARTICLES and after not in ("hand", OPTION, NAME)
        each = (
            (word in lexicon.groups or word in lexicon.others)
            and before in ("of", "von", "der")
            and place > 1
            and shape[place - 2] in lexicon.deny
        )
        if whole or each:
            return (*shape[:place], OTHERS, *shape[place + 1 :]), place
    return shape, -1


class QuestionMatcher:
    """Reads rationales of one question."""

    def __init__(self, book: NameBook, question: Question, text: str) -> None:
        self.book, self.question, self.text = book, question, text
        self.facts: Sequence[str] = question.fact_ids or ("",) * len(question.options)
        self.place = {fact: i for i, fact in enumerate(self.facts) if fact}
        self.wanted = question.polarity is not Polarity.ELIMINATION
        known_facts = [book.graph.facts[f] for f in self.facts if f in book.graph.facts]
        own = [f for f in known_facts if f.relation == question.relation] or known_facts
        self.asset: Entity | None = own[0].asset_class if own else None
        self.anchor: Entity | None = self._ends(own[0])[1] if own else None
        self.option_kind = book.kind(self._ends(own[0])[0]) if own else ""
        self.anchor_kind = book.kind(self.anchor) if self.anchor else ""
        self.lexicon = book.lexicon(question.language)
        self.claims: list[Claim] = []
        self.picks: list[tuple[int, bool]] = []
        self.last: list[tuple[int, bool]] = []
        self.named: set[int] = set()
        self.misplaced: list[tuple[str, str]] = []

    def _ends(self, fact: Fact) -> tuple[Entity, Entity]:
        """Return the end of a fact that the option names, and the other one."""
        forward = self.question.direction is not Direction.INVERSE or fact.relation != self.question.relation
        return (fact.object, fact.subject) if forward else (fact.subject, fact.object)

    def read(self) -> TextReading:
        """Read the text."""
        letters = {letter: i for i, letter in enumerate(self.question.option_ids)}
        kinds = {self.book.kind(e) for e in (self.asset, self.anchor) if e} | (
            {self.option_kind} if self.option_kind else set()
        )
        found = sentences(self.text, index_names(self._names()), self.book.names(frozenset(kinds)), letters)
        header: Stance | None = None
        for sentence in found:
            header = header if sentence.in_list else None
            before = len(self.picks)
            if self.lexicon is not None and not sentence.asks:
                header = self._sentence(sentence, self.lexicon, header)
            self.last = self.picks[before:] or self.last
        return TextReading(
            claims=tuple(self.claims),
            picks=tuple(self.picks),
            last_picks=tuple(self.last),
            named=frozenset(s.option for f in found for s in f.signs if s.kind in (OPTION, LETTER)),
            misplaced=tuple(self.misplaced),
            letters=tuple((n, s.option) for n, f in enumerate(found) for s in f.signs if s.kind == LETTER),
            sentences=tuple(self.text[f.start : f.end].strip() for f in found),
            words=tuple(w for f in found for w in f.shape if w[0] != "§" and w.isalpha()),
        )

    def _names(self) -> Iterator[Known]:
        """Yield the names that a rationale of this question is likely to use."""
        facts = self.book.graph.facts
        for option, (label, fact_id) in enumerate(zip(self.question.options, self.facts, strict=True)):
            kinds = frozenset({self.option_kind})
            yield known(label, option, kinds)
            if fact_id in facts and (entity := self._ends(facts[fact_id])[0]).label != label:
                yield known(entity.label, option, kinds)
        for end in filter(None, (self.anchor, self.asset)):
            yield known(end.label, -1, frozenset({self.book.kind(end)}))
        for cited in set(CITATION.findall(self.text)) - self.place.keys():
            if cited in facts:
                for entity in (facts[cited].subject, facts[cited].object, facts[cited].asset_class):
                    yield known(entity.label, -1, frozenset({self.book.kind(entity)}))

    def _sentence(self, sentence: Sentence, lexicon: Lexicon, header: Stance | None) -> Stance | None:
        """Judge a sentence; return what it says of the list that follows it."""
        shape, others = _with_others(tuple(sentence.shape), lexicon)
        words = self.text[sentence.start : sentence.end].strip()
        signs = sentence.signs
        if others >= 0:
            at = sum(w.startswith("§") for w in shape[:others])
            signs = [*signs[:at], Sign(OTHERS), *signs[at:]]
        read = iter(read_shape(shape, lexicon))
        stances = [next(read) if s.kind in JUDGED or s.kind == CITED else None for s in signs]
        if header is not None:
            stances = [header if s is not None and s.truth is None else s for s in stances]
        cited = self._citations(signs, words, stances)
        before = len(self.claims)
        self._mentions(signs, stances, cited, words)
        if len(self.claims) == before and signs and not any(s.kind in (LETTER, CITED, OTHERS) for s in signs):
            self._unjudged(shape, lexicon, words)
        if shape[-1] == ":":
            return read_shape((*shape, OPTION), lexicon)[-1]
        return header

    def _unjudged(self, shape: tuple[str, ...], lexicon: Lexicon, words: str) -> None:
        """Count a sentence that speaks of things of the graph, and of no fact of it that the question is about."""
        if OPTION in shape or set(shape) & lexicon.skip or shape[-1] == ":" or set(shape) & lexicon.chosen:
            return
        if set(shape) & lexicon.verbs:
            self.claims.append(Claim(words, "", None, Finding.UNVERIFIABLE))

    # --- citations ---

    def _citations(self, signs: list[Sign], words: str, stances: list[Stance | None]) -> set[int]:
        """Compare each citation with the names before it; return the numbers of mentions that have one of their own.

        Citations that stand together belong to all names since the last ones.
        """
        clusters = _clusters(signs)
        backed: set[int] = set()
        for number, (first, last, start) in enumerate(clusters):
            scope = [i for i in range(start, first) if signs[i].kind in (OPTION, NAME)]
            options = {signs[i].option for i in scope if signs[i].kind == OPTION}
            if signs[first].name == "forward":
                scope = []
                options = set()
            if signs[first].name == "forward" or (not options and number == len(clusters) - 1):
                ends = clusters[number + 1][0] if number + 1 < len(clusters) else len(signs)
                scope += [i for i in range(last, ends) if signs[i].kind in (OPTION, NAME)]
                options = {signs[i].option for i in scope if signs[i].kind == OPTION}
            for i in range(first, last):
                fact = self.book.graph.facts.get(signs[i].cited)
                if fact is None:
                    continue
                if self._misplaced(fact, [signs[s] for s in scope], signs, options):
                    self.misplaced.append((signs[i].cited, words))
                elif self.place.get(fact.id, -1) in options:
                    backed |= {s for s in scope if signs[s].option == self.place[fact.id]}
                else:
                    self._judge_cited(fact, stances[i], words)
        return backed

    def _misplaced(self, fact: Fact, scope: list[Sign], signs: list[Sign], options: set[int]) -> bool:
        """Say whether the names around a citation are not those of its fact."""
        option = self.place.get(fact.id, -1)
        end, anchor = self._ends(fact)
        if option >= 0:
            if options:
                if option not in options:
                    return True
            elif self._stranger(end, scope):
                return True
            return (
                self.book.kind(anchor) != self.book.kind(end) and self._stranger(anchor, signs)
            ) or self._other_asset(fact, signs)
        names = {s.name for s in signs}
        if not names & {name_key(fact.subject.label), name_key(fact.object.label)}:
            return bool(options) or self._stranger(fact.subject, scope) or self._stranger(fact.object, scope)
        return self._other_asset(fact, signs)

    def _other_asset(self, fact: Fact, signs: list[Sign]) -> bool:
        """Say whether a sentence speaks of an asset class that the fact is not about, and not of the fact's own."""
        asset = fact.asset_class
        if asset.iri in (fact.subject.iri, fact.object.iri) or not self._stranger(asset, signs):
            return False
        kin = {name_key(self.book.graph.asset_classes[k].label) for k in self.book.graph.kin(asset.slug)}
        strange = [s for s in signs if s.kind == NAME and self.book.kind(asset) in s.kinds]
        return not any(s.name in kin for s in strange)

    def _stranger(self, entity: Entity, signs: list[Sign]) -> bool:
        """Say whether a sentence names another thing of an entity's class and not the entity.

        A shorter form of the entity's own name is no stranger.
        """
        key, kind = name_key(entity.label), self.book.kind(entity)
        if any(s.name == key for s in signs):
            return False
        own = set(key.split())
        return any(s.kind == NAME and kind in s.kinds and not set(s.name.split()) <= own for s in signs)

    def _judge_cited(self, fact: Fact, stance: Stance | None, words: str) -> None:
        """Judge a clause that cites a fact without naming its option."""
        if stance is not None:
            truth = None if stance.chosen or stance.vague else stance.truth
            self.claims.append(Claim(words, fact.id, truth, self._finding(fact.id, truth)))
            option = self.place.get(fact.id, -1)
            if option >= 0 and truth is not None:
                self.picks.append((option, truth is self.wanted))

    # --- mentions ---

    def _mentions(self, signs: list[Sign], stances: list[Stance | None], cited: set[int], words: str) -> None:
        strange = None
        if self.anchor is not None and self.anchor_kind != self.option_kind and self._stranger(self.anchor, signs):
            strange = next(s for s in signs if s.kind == NAME and self.anchor_kind in s.kinds)
        about = self.anchor is not None and any(s.name == name_key(self.anchor.label) for s in signs)
        done: set[tuple[int, int]] = set()
        for i, (sign, stance) in enumerate(zip(signs, stances, strict=True)):
            if sign.kind not in JUDGED or stance is None:
                continue
            if sign.kind == OTHERS:
                self._others(signs, stance, words)
                continue
            key = (sign.option, stance.clause)
            twin = self.anchor is not None and sign.name == name_key(self.anchor.label)
            if i not in cited and (key in done or (twin and not stance.chosen and bool(cited))):
                continue  # said already, or the anchor that goes by an option's name
            done.add(key)
            relates = i in cited or stance.relates or about
            self._mention(sign, stance, words, relates, strange if i not in cited else None)
            if i in cited and self._truth(stance) is None:
                self.claims.append(Claim(words, self.facts[sign.option], None, Finding.UNVERIFIABLE, sign.option))

    def _mention(self, sign: Sign, stance: Stance, words: str, relates: bool, strange: Sign | None) -> None:
        option, fact_id = sign.option, self.facts[sign.option]
        if strange is not None and not stance.chosen:
            fact_id = self._fact_of(strange, option)
        truth = self._truth(stance)
        if not fact_id and strange is None:
            if stance.truth is not None:
                self._none_of_these(option, stance, words)
            return
        if sign.kind == OPTION and truth is not None:
            finding = self._finding(fact_id, truth) if relates else Finding.UNVERIFIABLE
            implied = self._implied(option, truth, words) if stance.only and relates else []
            if any(self._finding(self.facts[o], t) is Finding.CONTRADICTED for o, t in implied):
                finding = Finding.CONTRADICTED
            self.claims.append(Claim(words, fact_id, truth, finding, option))
        if truth is not None and strange is None and (relates or sign.kind == LETTER):
            self.picks.append((option, truth is self.wanted))

    def _truth(self, stance: Stance) -> bool | None:
        """Return the truth that a stance gives to the fact of its option."""
        if stance.truth is None or (stance.vague and not self.wanted):
            return None
        return (stance.truth is self.wanted) if stance.chosen else stance.truth

    def _implied(self, option: int, truth: bool, words: str) -> list[tuple[int, bool]]:
        """Return what "only A" says of the options that its sentence does not name."""
        low = words.lower()
        return [
            (o, not truth)
            for o, label in enumerate(self.question.options)
            if o != option and self.facts[o] and label.lower() not in low
        ]

    def _none_of_these(self, option: int, stance: Stance, words: str) -> None:
        """Judge what is said of "none of these": chosen, or as the subject of a clause about all options."""
        if self.facts[option]:
            return
        if not (stance.chosen or stance.vague or self.wanted):
            return  # "none of these shows it", where the one that does not is asked for
        right = not any(self._right(o) for o in range(len(self.facts)) if o != option)
        says = stance.truth
        self.claims.append(Claim(words, "", says, Finding.SUPPORTED if says is right else Finding.CONTRADICTED, option))
        self.picks.append((option, bool(says)))

    def _right(self, option: int) -> bool:
        fact = self.book.graph.facts.get(self.facts[option])
        return fact is not None and _TRUTHS.get(fact.truth) is self.wanted

    def _others(self, signs: list[Sign], stance: Stance, words: str) -> None:
        """Judge "the others": the options that were not spoken of before, and are not named in the sentence."""
        spoken = {s.option for s in signs if s.kind == OPTION} | {o for o, _ in self.picks}
        rest = [o for o in range(len(self.facts)) if o not in spoken and self.facts[o]]
        if not rest:
            return
        truth = self._truth(stance)
        if truth is None or not stance.relates:
            return
        found = {self._finding(self.facts[o], truth) for o in rest}
        worst = next((f for f in (Finding.CONTRADICTED, Finding.UNVERIFIABLE) if f in found), Finding.SUPPORTED)
        self.claims.append(Claim(words, "", truth, worst))
        self.picks += [(o, truth is self.wanted) for o in rest]

    def _fact_of(self, anchor: Sign, option: int) -> str:
        """Return the id of the fact that joins another anchor with an option, or "" if the graph has none."""
        own = self.book.graph.facts.get(self.facts[option])
        if own is None or self.anchor is None:
            return ""
        end, _ = self._ends(own)
        for slug in self.book.slugs(self.anchor_kind, anchor.name):
            ends = (slug, end.slug) if end is own.object else (end.slug, slug)
            found = f"{own.asset_class.slug}/{own.relation}/{ends[0]}/{ends[1]}"
            if found in self.book.graph.facts:
                return found
        return ""

    def _finding(self, fact_id: str, truth: bool | None) -> Finding:
        fact = self.book.graph.facts.get(fact_id)
        stated = _TRUTHS.get(fact.truth) if fact is not None else None
        if truth is None or stated is None:
            return Finding.UNVERIFIABLE
        return Finding.SUPPORTED if stated is truth else Finding.CONTRADICTED


def _clusters(signs: list[Sign]) -> list[tuple[int, int, int]]:
    """Return where citations stand together: first, after the last, and after the last of the cluster before."""
    found: list[tuple[int, int, int]] = []
    for i, sign in enumerate(signs):
        if sign.kind != CITED:
            continue
        if found and found[-1][1] == i:
            found[-1] = (found[-1][0], i + 1, found[-1][2])
        else:
            found.append((i, i + 1, found[-1][1] if found else 0))
    return found
