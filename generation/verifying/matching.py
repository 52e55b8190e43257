"""Match what a rationale says with the facts of its question."""

from collections.abc import Sequence
from itertools import chain

from failwise.generation.records import Question
from failwise.generation.verifying.asked import Asked
from failwise.generation.verifying.citing import compare_citations
from failwise.generation.verifying.claims import NameBook, TextReading
from failwise.generation.verifying.lexicon import Lexicon
from failwise.generation.verifying.mentions import Mentions, Spoken
from failwise.generation.verifying.naming import index_names
from failwise.generation.verifying.reading import ShapeReading, read_shape
from failwise.generation.verifying.sentences import Sentence, sentences
from failwise.generation.verifying.signs import LETTER, OTHERS, Sign
from failwise.generation.verifying.stances import Stance
from failwise.generation.verifying.tokens import cited_ids


def read_text(book: NameBook, question: Question, text: str) -> TextReading:
    """Return what a rationale of a question says, with what the graph says to it."""
    asked = Asked(book, question)
    cited = cited_ids(text)
    letters = {letter: place for place, letter in enumerate(question.option_ids)}
    found = sentences(text, index_names(asked.names(cited)), book.names(asked.kinds()), letters)
    words = [text[sentence.start : sentence.end].strip() for sentence in found]
    matcher = _Matcher(asked, book.lexicon(question.language))
    matcher.match(found, words)
    named = [(number, sign) for number, sentence in enumerate(found) for sign in sentence.signs if sign.option >= 0]
    return TextReading(
        claims=tuple(matcher.mentions.claims),
        picks=tuple(matcher.mentions.picks),
        last_picks=tuple(matcher.last_picks),
        named=frozenset(sign.option for _, sign in named),
        misplaced=tuple(matcher.misplaced),
        letters=tuple((number, sign.option) for number, sign in named if sign.kind == LETTER),
        sentences=tuple(words),
        words=tuple(filter(str.isalpha, chain.from_iterable(sentence.shape for sentence in found))),
        cited=cited,
    )


class _Matcher:
    """Goes through the sentences of a text; without the words of its language there are no claims."""

    def __init__(self, asked: Asked, lexicon: Lexicon | None) -> None:
        self.asked, self.lexicon = asked, lexicon
        self.mentions = Mentions(asked)
        self.last_picks: list[tuple[int, bool]] = []
        self.misplaced: list[tuple[str, str]] = []

    def match(self, found: Sequence[Sentence], words: Sequence[str]) -> None:
        """Judge every sentence that is no question.

        Args:
            words: the sentences as they stand in the text.
        """
        header: Stance | None = None  # what is said of the members of a list
        for sentence, said in zip(found, words, strict=True):
            header = header if sentence.in_list else None
            before = len(self.mentions.picks)
            if self.lexicon is not None and not sentence.asks:
                reading = read_shape(tuple(sentence.shape), self.lexicon)
                self._judge(sentence, said, reading, header)
                header = reading.header if reading.opens else header
            self.last_picks = self.mentions.picks[before:] or self.last_picks

    def _judge(self, sentence: Sentence, words: str, reading: ShapeReading, header: Stance | None) -> None:
        signs, stances = sentence.signs, reading.stances
        if not signs and reading.others < 0:
            return
        if reading.others >= 0:
            signs = [*signs[: reading.others], Sign(OTHERS), *signs[reading.others :]]
        if header is not None:
            stances = tuple(header if s is not None and s.truth is None else s for s in stances)
        spoken = Spoken(words, signs, stances)
        citing = compare_citations(self.asked, signs, reading.scopes)
        self.misplaced += [(cited, words) for cited in citing.misplaced]
        for number, fact in citing.bare:
            self.mentions.add_bare(spoken, number, fact)
        before = len(self.mentions.claims)
        if reading.judged:
            self.mentions.add(spoken, reading.judged, citing.backed)
        if reading.states and len(self.mentions.claims) == before:
            self.mentions.add_unjudged(spoken)
