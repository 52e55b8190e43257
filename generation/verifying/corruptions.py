"""Spoil right rationales on purpose, each in one known way, to measure what the verifier catches."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from failwise.files import content_id
from failwise.generation.records import Question
from failwise.generation.teachers.teacher import CITATION, TeacherReply, TeacherRequest
from failwise.generation.verifying.rules import Verifier, answered
from failwise.generation.verifying.tokens import cited_ids
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Truth

# What a negation adds to a sentence, and what takes it away, tried in order.
_NEGATIONS = {
    "en": (
        (r"\bcannot show any\b", "can show a"),
        (r"\bdoes not show any\b", "shows at least one"),
        (r"\bdo not include\b", "include"),
        (r"\bcannot\b", "can"),
        (r"\bis not\b", "is"),
        (r"\bneither\b(.*?)\bnor\b", r"both\1and"),
        (r"\bnone of\b", "each of"),
        (r"\bis\b", "is not"),
        (r"\bcan\b", "cannot"),
        (r"\binclude\b", "do not include"),
        (r"\bshows at least one\b", "does not show any"),
        (r"\beach of\b", "none of"),
    ),
    "de": (
        (r"\bnicht ", ""),
        (r"\bkeine einzige\b", "mindestens eine"),
        (r"\bkeine\b", "eine"),
        (r"\bmindestens eine\b", "keine einzige"),
        (r"“ (durch|mit|zu|in|am|die|als|gegen)\b", r"“ nicht \1"),
        (r"\b(mit|die|zu|wird|ist)\b", r"\1 nicht"),
    ),
}


@dataclass(frozen=True, slots=True)
class Spoiler:
    """What a corruption works on: a right reply, its sentences that cite facts, and the dice."""

    verifier: Verifier
    other: KnowledgeGraph | None
    request: TeacherRequest
    reply: TeacherReply
    dice: random.Random

    @property
    def question(self) -> Question:
        """Return the question."""
        return self.request.question

    @property
    def graph(self) -> KnowledgeGraph:
        """Return the graph that the reply is right by."""
        return self.verifier.book.graph

    def sentences(self) -> list[str]:
        """Return the sentences that cite a fact of an option, in random order."""
        found = [s for s in self.verifier.read(self.question, self.reply.text).sentences if self.facts(s)]
        self.dice.shuffle(found)
        return found

    def facts(self, sentence: str) -> list[str]:
        """Return the options' facts that a sentence cites."""
        return [i for i in cited_ids(sentence) if i in self.question.fact_ids and i in self.graph.facts]

    def option(self, fact_id: str) -> str:
        """Return the option that rests on a fact."""
        return self.question.options[self.question.fact_ids.index(fact_id)]

    def named(self, fact_id: str) -> str:
        """Return how an option and its citation stand in a text, or "" where they are apart."""
        pattern = rf"{re.escape(self.option(fact_id))}[“”\"]? ?\[{re.escape(fact_id)}\]"
        found = re.search(pattern, self.reply.text, re.IGNORECASE)
        return found[0] if found else ""

    def ends(self, fact: Fact) -> tuple[Entity, Entity]:
        """Return the end of a fact that its option names, and the other one."""
        forward = self.question.direction is not Direction.INVERSE or fact.relation != self.question.relation
        return (fact.object, fact.subject) if forward else (fact.subject, fact.object)

    def changed(self, old: str, new: str) -> TeacherReply | None:
        """Return the reply with the first `old` replaced; nothing where that changes nothing."""
        if not old or old == new or old not in self.reply.text:
            return None
        return replace(self.reply, text=self.reply.text.replace(old, new, 1))


# How a letter at the beginning reads.
_OPENINGS = {
    "en": ("The answer is {}.", "Option {} is right.", "({}) is correct.", "{}."),
    "de": ("Die Antwort ist {}.", "Antwort {} ist richtig.", "({}) ist richtig."),
}


def corrupt(
    kind: str, verifier: Verifier, request: TeacherRequest, reply: TeacherReply, other: KnowledgeGraph | None = None
) -> TeacherReply | None:
    """Return a right reply spoiled in one way, the same each time; None where it gives no occasion for that way.

    Args:
        kind: a key of `CORRUPTIONS`.
        other: the graph in another language, for the kind "other-language".
    """
    dice = random.Random(content_id(kind, request.question.id, request.style))
    spoiled = CORRUPTIONS[kind](Spoiler(verifier, other, request, reply, dice))
    if spoiled is None or (spoiled.text, spoiled.answer) == (reply.text, reply.answer):
        return None
    return spoiled


def _swapped_option(on: Spoiler) -> TeacherReply | None:
    """Put another option's name in the place of one, its citation left as it is."""
    for sentence in on.sentences():
        fact_id = on.dice.choice(on.facts(sentence))
        others = [o for o in on.question.options if o != on.option(fact_id)]
        if (old := on.named(fact_id)) and others:
            return on.changed(old, old.replace(old.split("[")[0].rstrip(' “”"'), on.dice.choice(others), 1))
    return None


def _swapped_name(on: Spoiler) -> TeacherReply | None:
    """Put a name from elsewhere, of the same class, in the place of an option's."""
    known = {o.lower() for o in on.question.options}
    for sentence in on.sentences():
        fact_id = on.dice.choice(on.facts(sentence))
        fact = on.graph.facts[fact_id]
        end, anchor = on.ends(fact)
        table = on.graph.query(relation=fact.relation)
        names = sorted({on.ends(f)[0].label for f in table if on.ends(f)[0].kind == end.kind})
        names = [n for n in names if n.lower() not in known and n != anchor.label]
        if (old := on.named(fact_id)) and names:
            return on.changed(old, old.replace(old.split("[")[0].rstrip(' “”"'), on.dice.choice(names), 1))
    return None


def _swapped_anchor(on: Spoiler) -> TeacherReply | None:
    """Speak of another thing than the question's, in a sentence that cites a fact about the question's."""
    for sentence in on.sentences():
        fact = on.graph.facts[on.facts(sentence)[0]]
        end, anchor = on.ends(fact)
        table = on.graph.query(asset_class=fact.asset_class.slug, relation=fact.relation)
        names = sorted({on.ends(f)[1].label for f in table} - {anchor.label, end.label})
        names = [n for n in names if not _within(n, anchor.label)]
        found = re.search(rf"(?<!\w){re.escape(anchor.label)}(?!\w)", CITATION.sub(_blank, sentence), re.IGNORECASE)
        if found and names and anchor.kind != end.kind and anchor.iri != fact.asset_class.iri:
            spoiled = sentence[: found.start()] + on.dice.choice(names) + sentence[found.end() :]
            return on.changed(sentence, spoiled)
    return None


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _within(name: str, other: str) -> bool:
    """Say whether one name is a shorter form of the other, so that either may stand for it."""
    first, second = set(re.findall(r"\w+", name.lower())), set(re.findall(r"\w+", other.lower()))
    return first <= second or second <= first


def _swapped_polarity(on: Spoiler) -> TeacherReply | None:
    """State a fact the other way round, in the relation's own words."""
    for sentence in on.sentences():
        if len(on.facts(sentence)) != 1:
            continue
        fact = on.graph.facts[on.facts(sentence)[0]]
        relation = on.graph.relations[fact.relation]
        words = relation.denial if fact.truth is Truth.YES else relation.statement
        slots = {"asset": fact.asset_class.label, "subject": fact.subject.label, "object": fact.object.label}
        end, _ = on.ends(fact)
        slots["subject" if end is fact.subject else "object"] = on.option(fact.id)
        said = words.format(**slots)
        return on.changed(sentence, f"{said[0].upper()}{said[1:]} [{fact.id}].")
    return None


def _negated(on: Spoiler) -> TeacherReply | None:
    """Put a "not" into a sentence or take it out, the names left as they are."""
    for sentence in on.sentences():
        names = [*on.question.options, *(on.graph.facts[i].asset_class.label for i in on.facts(sentence))]
        names += [on.ends(on.graph.facts[i])[1].label for i in on.facts(sentence)]
        hidden = CITATION.sub(_blank, sentence)
        for name in sorted(names, key=len, reverse=True):
            hidden = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda m: "#" * len(m[0]), hidden, flags=re.IGNORECASE)
        for pattern, put in _NEGATIONS.get(on.question.language, ()):
            if found := re.search(pattern, hidden):
                middle = sentence[found.start() : found.end()]
                return on.changed(
                    sentence, sentence[: found.start()] + re.sub(pattern, put, middle) + sentence[found.end() :]
                )
    return None


def _invented_citation(on: Spoiler) -> TeacherReply | None:
    cited = list(cited_ids(on.reply.text))
    if not cited:
        return None
    old = on.dice.choice(cited)
    return on.changed(f"[{old}]", f"[{old}-{on.dice.choice(('2', 'x', 'of-note'))}]")


def _wrong_citation(on: Spoiler) -> TeacherReply | None:
    cited = [i for i in cited_ids(on.reply.text) if i in on.question.fact_ids]
    if len(cited) < 2:
        return None
    old, new = on.dice.sample(cited, 2)
    return on.changed(f"[{old}]", f"[{new}]")


def _wrong_letter(on: Spoiler) -> TeacherReply | None:
    """End in another letter than the answer's."""
    wrong = [i for i in on.question.option_ids if i not in (on.reply.answer or "").split(",")]
    found = list(re.finditer(r"\b[A-Z]\b", CITATION.sub(_blank, on.reply.text)))
    found = [f for f in found if f[0] in on.question.option_ids]
    if not wrong or not found or len(on.reply.text) - found[-1].end() > 3:
        return None
    last = found[-1]
    return replace(on.reply, text=on.reply.text[: last.start()] + on.dice.choice(wrong) + on.reply.text[last.end() :])


def _wrong_answer(on: Spoiler) -> TeacherReply | None:
    """Give another answer than the text comes to."""
    right = answered(on.question, on.reply.answer)
    wrong = [i for n, i in enumerate(on.question.option_ids) if frozenset({n}) != right]
    return replace(on.reply, answer=on.dice.choice(wrong))


def _missing_option(on: Spoiler) -> TeacherReply | None:
    """Leave an option out: its sentence, or its place in a list."""
    for sentence in on.sentences():
        facts = on.facts(sentence)
        if len(facts) == 1 and on.reply.text.startswith(sentence):
            return on.changed(f"{sentence} ", "")
        if len(facts) == 1:
            return on.changed(f" {sentence}", "")
        if old := on.named(on.dice.choice(facts)):
            return on.changed(old, "that one")
    return None


def _early_letter(on: Spoiler) -> TeacherReply | None:
    """Name the answer's letter at the beginning."""
    if not answered(on.question, on.reply.answer):
        return None
    letter = str(on.reply.answer).split(",")[0]
    opening = on.dice.choice(_OPENINGS.get(on.question.language, _OPENINGS["en"])).format(letter)
    return replace(on.reply, text=f"{opening} {on.reply.text}")


def _other_language(on: Spoiler) -> TeacherReply | None:
    """Reason in another language, the options' names left as they are."""
    from failwise.generation.config import RationalesConfig
    from failwise.generation.teachers.graph_teacher import GraphTeacher

    if on.other is None or not set(on.question.fact_ids) - {""} <= on.other.facts.keys():
        return None
    return GraphTeacher(RationalesConfig(), on.other).reason(on.request)


def _truncated(on: Spoiler) -> TeacherReply | None:
    text = on.reply.text
    places = [m.end() - 1 for m in re.finditer(r"\w\w+", text) if 0.3 < m.end() / len(text) < 0.95]
    return replace(on.reply, text=text[: on.dice.choice(places)]) if places else None


CORRUPTIONS: Mapping[str, Callable[[Spoiler], TeacherReply | None]] = {
    "swapped-option": _swapped_option,
    "swapped-name": _swapped_name,
    "swapped-anchor": _swapped_anchor,
    "swapped-polarity": _swapped_polarity,
    "negated": _negated,
    "invented-citation": _invented_citation,
    "wrong-citation": _wrong_citation,
    "wrong-letter": _wrong_letter,
    "wrong-answer": _wrong_answer,
    "missing-option": _missing_option,
    "early-letter": _early_letter,
    "other-language": _other_language,
    "truncated": _truncated,
}
