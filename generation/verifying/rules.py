"""Is a rationale fit to learn from? Checked against the graph by rule; no judge model is asked."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question
from failwise.generation.teachers.teacher import CITATION, TeacherReply, TeacherRequest
from failwise.generation.verifying.claims import Finding, NameBook, TextReading
from failwise.generation.verifying.lexicon import LEXICONS
from failwise.generation.verifying.matching import read_text
from failwise.kg.graph import KnowledgeGraph

ACCEPTED = "accepted"
NONE = "none"  # the answer where no option is right
PASSAGE = "doc/"  # how the id of a passage begins
LONGEST_WORD = 100  # characters of a word with its citation; a reply with more on average is not even read
REPEATS = 3  # so many equal sentences are a loop

# Every reason for which a rationale is refused, and the rule behind it; where several are broken, the first counts.
RULES = {
    "no-reply": "the teacher gave no usable reply",
    "wrong-form": "the reply must be the JSON that was asked for",
    "empty": "the reply holds no reasoning",
    "no-answer": "the reply gives no answer that is one of the question's option ids",
    "wrong-answer": "the answer is not the right option",
    "cut-off": "the reply must come to its end",
    "wrong-language": "the rationale must be in the question's language",
    "repetition": "no sentence may stand there again and again",
    "too-short": "the rationale must have min_words words",
    "too-long": "the rationale must have at most max_words words",
    "invented-citation": "every cited id must be among the evidence that was offered",
    "wrong-citation": "a citation must stand beside the names that its fact is about",
    "contradicted": "no claim may contradict the graph",
    "answer-does-not-follow": "what is said of the options must lead to the answer given",
    "option-not-addressed": "every option must be named, and its fact cited",
    "early-letter": "the answer's letter may stand in the last sentence only",
    "unverifiable": "the graph must know what is claimed",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a rationale: `reason` is "accepted" or a key of `RULES`, `detail` says what broke the rule."""

    reason: str
    detail: str
    supported: int
    contradicted: int
    unverifiable: int
    cited: tuple[str, ...]


class Verifier:
    """Checks rationales against one graph; it may be asked from several threads."""

    def __init__(self, graph: KnowledgeGraph, config: RationalesConfig) -> None:
        self.book = NameBook(graph)
        self.config = config

    def check(self, request: TeacherRequest, reply: TeacherReply) -> Verdict:
        """Return whether a reply is fit, or the first rule that it breaks, with its claims counted."""
        if len(reply.text) > (longest := LONGEST_WORD * max(self.config.max_words, 1000)):
            return Verdict("too-long", f"{len(reply.text):,} characters, at most {longest:,}", 0, 0, 0, ())
        reading = self.read(request.question, reply.text)
        reason, detail = next(self.broken(request, reply, reading), (ACCEPTED, ""))
        supported, contradicted, unverifiable = (reading.count(finding) for finding in Finding)
        return Verdict(reason, detail, supported, contradicted, unverifiable, reading.cited)

    def read(self, question: Question, text: str) -> TextReading:
        """Return the claims of a rationale with what the graph says to them."""
        return read_text(self.book, question, text)

    def broken(self, request: TeacherRequest, reply: TeacherReply, reading: TextReading) -> Iterator[tuple[str, str]]:
        """Yield (reason, detail) for every rule that a reply breaks, in the order of `RULES`."""
        question = request.question
        yield from _form(question, reply)
        yield from _ending(reply.text, reading)
        yield from self._text(question, reply.text, reading)
        yield from _citations(request, reading)
        for claim in reading.claims:
            if claim.finding is Finding.CONTRADICTED:
                yield "contradicted", _short(claim.sentence)
                break
        if reply.answer is not None:
            yield from _consequence(question, reply.answer, reading)
        for option in _missing(question, reading):
            yield "option-not-addressed", option
        if not self.config.early_letter:
            yield from _early_letter(question, reading)
        if not self.config.allow_unverifiable:
            for claim in reading.claims:
                if claim.finding is Finding.UNVERIFIABLE:
                    yield "unverifiable", _short(claim.sentence)
                    break

    def _text(self, question: Question, text: str, reading: TextReading) -> Iterator[tuple[str, str]]:
        if foreign := foreign_language(reading.words, question.language):
            yield "wrong-language", foreign
        again, times = _most_repeated(reading.sentences)
        if times >= REPEATS:
            yield "repetition", f"{times} times: {_short(again)}"
        words = len(CITATION.sub(" ", text).split())
        if words < self.config.min_words:
            yield "too-short", f"{words} words, at least {self.config.min_words}"
        elif words > self.config.max_words:
            yield "too-long", f"{words} words, at most {self.config.max_words}"


def _most_repeated(sentences: tuple[str, ...]) -> tuple[str, int]:
    """Return the sentence that stands there most often, in lower case, and how often."""
    plain = [sentence.casefold() for sentence in sentences]
    if len(plain) == len(set(plain)):
        return "", 0
    return Counter(plain).most_common(1)[0]


def foreign_language(words: tuple[str, ...], language: str) -> str:
    """Return in a few words why a text is not in a language, or "" where it may well be.

    Counted are words that sentences cannot do without (the, of, und, nicht); names do not count.
    """
    own = LEXICONS.get(language)
    if own is None:
        return ""
    here = sum(map(own.common.__contains__, words))
    for name, other in LEXICONS.items():
        there = sum(map(other.common.__contains__, words)) if name != language else 0
        if there >= 3 and there > here:
            return f"{there} common words of {name}, {here} of {language}"
    if len(words) >= 20 and here < 0.08 * len(words):
        return f"{here} common words of {language} among {len(words)}"
    return ""


def _form(question: Question, reply: TeacherReply) -> Iterator[tuple[str, str]]:
    fault = reply.fault.lower()
    if fault and not any(word in fault for word in ("cut", "length", "trunc")):
        yield ("no-reply" if not reply.raw and not reply.text else "wrong-form"), reply.fault
    if not reply.text.strip():
        yield "empty", "no text"
    given = answered(question, reply.answer)
    if given is None:
        yield "no-answer", f"answer {reply.answer!r}, options {', '.join(question.option_ids)}"
    elif given != answered(question, question.answer_ids):
        yield "wrong-answer", f"answer {reply.answer}, right is {question.answer_ids}"
    if fault and any(word in fault for word in ("cut", "length", "trunc")):
        yield "cut-off", reply.fault


def answered(question: Question, answer: str | None) -> frozenset[int] | None:
    """Return the places of the options that an answer such as "B", "A,C" or "none" names; None: it is no answer."""
    if answer is None:
        return None
    return _places(question.option_ids, answer)


@lru_cache(maxsize=1 << 12)
def _places(option_ids: tuple[str, ...], answer: str) -> frozenset[int] | None:
    if answer.strip().lower() == NONE and NONE not in option_ids:
        return frozenset()
    letters = [letter.strip() for letter in answer.split(",")]
    if not set(letters) <= set(option_ids):
        return None
    return frozenset(option_ids.index(letter) for letter in letters)


def _ending(text: str, reading: TextReading) -> Iterator[tuple[str, str]]:
    """A text that is cut off stops within a sentence, unless that sentence gives the answer."""
    end = text.rstrip().rstrip("*_`")
    if end and end[-1] not in ".!?)]”\"“»'" and not _concludes(reading):
        yield "cut-off", f"ends in “{end[-30:]}”"


def _concludes(reading: TextReading) -> bool:
    return bool(reading.letters) and reading.letters[-1][0] == len(reading.sentences) - 1


def _citations(request: TeacherRequest, reading: TextReading) -> Iterator[tuple[str, str]]:
    for cited_id in reading.cited:
        if cited_id not in request.evidence:
            yield "invented-citation", cited_id
    for cited_id, sentence in reading.misplaced:
        yield "wrong-citation", f"{cited_id} in “{_short(sentence)}”"


def _consequence(question: Question, answer: str, reading: TextReading) -> Iterator[tuple[str, str]]:
    """The last word on each option must agree with the answer, and so must all options of the last sentence."""
    given = answered(question, answer)
    if given is None:
        return
    for option, right in {**dict(reading.picks), **dict(reading.last_picks)}.items():
        if right is not (option in given):
            said = "right" if right else "wrong"
            yield "answer-does-not-follow", f"{question.options[option]} is called {said}, the answer is {answer}"
            return
    for number, option in reading.letters:
        if number == len(reading.sentences) - 1 and option not in given and (option, False) not in reading.last_picks:
            yield "answer-does-not-follow", f"it ends in {question.option_ids[option]}, the answer is {answer}"
            return


def _missing(question: Question, reading: TextReading) -> Iterator[str]:
    facts = question.fact_ids or ("",) * len(question.options)
    for place, (option, fact_id) in enumerate(zip(question.options, facts, strict=True)):
        # "None of these" has no fact; what it says shows in what is said of the others.
        if fact_id and (fact_id not in reading.cited or place not in reading.named):
            yield option


def _early_letter(question: Question, reading: TextReading) -> Iterator[tuple[str, str]]:
    right = answered(question, question.answer_ids) or frozenset()
    for number, option in reading.letters:
        if number < len(reading.sentences) - 1 and option in right:
            yield "early-letter", f"{question.option_ids[option]} in “{_short(reading.sentences[number])}”"
            return


def _short(sentence: str) -> str:
    plain = " ".join(CITATION.sub("", sentence).split())
    return plain if len(plain) <= 120 else f"{plain[:119]}…"
