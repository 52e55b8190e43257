"""Perturbations of the stem: another wording, another language, after the options, with typing errors or synonyms."""

import re
from collections.abc import Mapping, Sequence
from random import Random

from failwise.generation.perturbing.base import (
    Context,
    NotMade,
    Perturbation,
    any_fact,
    ends,
    facts_of,
    fixed_last,
    is_across,
    variant,
    with_name,
)
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Family, Polarity, Template
from failwise.kg.resolve import normalise

# --- where the stem stands ---


def after_options(question: Question, context: Context) -> Question:
    """Put the question behind its options."""
    if not question.question_first:
        raise NotMade("stands after the options already")
    return variant(question, "question-after-options", context, question_first=False)


# --- wordings ---


def family_of(question: Question, context: Context, polarity: Polarity | None = None) -> Family:
    """Return the family of a question, or its counterpart of another polarity.

    Raises:
        NotMade: the graph has none.
    """
    return _family(context.knowledge(), question, polarity or question.polarity)


def _family(graph: KnowledgeGraph, question: Question, polarity: Polarity | None) -> Family:
    relation = graph.relations.get(question.relation)
    families = relation.families if relation else ()
    for family in families:
        if (family.direction, family.polarity) == (question.direction, polarity):
            return family
    raise NotMade("the graph has no such family")


def wordings(family: Family, arity: Arity) -> tuple[Template, ...]:
    """Return the templates of a family for one right option, or for all.

    Raises:
        NotMade: there is none.
    """
    found = family.multiple if arity is Arity.MULTIPLE else family.templates
    if not found:
        raise NotMade("its family has no template for it")
    return found


def slots(fact: Fact, direction: Direction | None) -> Mapping[str, str]:
    """Return what fills the slots of a template. Where asset classes are the options, none may stand in the stem."""
    anchor = ends(fact, direction)[0].label
    asset = "" if is_across(fact) and direction is Direction.INVERSE else fact.asset_class.label
    return {"asset": asset, "anchor": anchor}


def other_template(question: Question, context: Context) -> Question:
    """Ask the same in another wording of the family."""
    kind = "other-template"
    fact = any_fact(facts_of(question, context))
    templates = wordings(family_of(question, context), question.arity)
    filled = {t.id: t.text.format(**slots(fact, question.direction)) for t in templates}
    others = sorted(i for i, text in filled.items() if text != question.question)
    if not others:
        raise NotMade("its family has one wording only")
    chosen = context.dice(kind, question).choice(others)
    return variant(question, kind, context, question=filled[chosen], template=chosen)


def other_language(question: Question, context: Context) -> Question:
    """Ask the same in another language: labels and wording of the translated graph."""
    graph = context.aids.translated
    if graph is None:
        raise NotMade("needs a graph in another language")
    if graph.language == question.language:
        raise NotMade("is in that language already")
    facts = facts_of(question, context)
    translated = [_translated(graph, f) for f in facts]
    about = any_fact(translated)
    kind = "language"
    templates = wordings(_family(graph, question, question.polarity), question.arity)
    template = context.dice(kind, question).choice(templates)
    return variant(
        question,
        kind,
        context,
        options=tuple(_option_in(graph, question, i, f) for i, f in enumerate(translated)),
        question=template.text.format(**slots(about, question.direction)),
        template=template.id,
        asset_name=about.asset_class.label if question.asset_name else "",
        language=graph.language,
    )


def _translated(graph: KnowledgeGraph, fact: Fact | None) -> Fact | None:
    if fact is None:
        return None
    found = graph.facts.get(fact.id)
    if found is None or found.truth is not fact.truth:
        raise NotMade("the other graph does not share its facts")
    pairs = ((fact.asset_class, found.asset_class), (fact.subject, found.subject), (fact.object, found.object))
    # Where a label is missing, the graph falls back to English; half a translation is none.
    if any(ours.label == theirs.label and re.search(r"[^\W\d]", ours.label) for ours, theirs in pairs):
        raise NotMade("a name has no label in that language")
    return found


def _option_in(graph: KnowledgeGraph, question: Question, place: int, fact: Fact | None) -> str:
    if fact is not None:
        return ends(fact, question.direction)[1].label
    if fixed_last(question) and place == len(question.options) - 1 and graph.none_of_these:
        return graph.none_of_these
    raise NotMade("an option has no fact")


# --- synonyms ---


def synonyms(*, stem: bool, options: bool) -> Perturbation:
    """Return the perturbation that calls entities by other names, in the stem, in the options or in both."""
    kind = "synonyms" if stem and options else "synonyms-stem" if stem else "synonyms-options"

    def renamed(question: Question, context: Context) -> Question:
        facts = facts_of(question, context)
        dice = context.dice(kind, question)
        text, shown = question.question, question.options
        if stem:
            text = _stem_renamed(question, any_fact(facts), context, dice)
        if options:
            shown = _options_renamed(question, facts, context, dice)
        if text == question.question and shown == question.options:
            raise NotMade("no name has a synonym")
        return variant(question, kind, context, question=text, options=shown)

    return renamed


def _other_name(entity: Entity, context: Context, dice: Random) -> str:
    names = context.aids.synonyms.find(entity) if context.aids.synonyms else ()
    return dice.choice(names) if names else entity.label


def _stem_renamed(question: Question, fact: Fact, context: Context, dice: Random) -> str:
    """Rename asset class and anchor in one pass, the longer name first, so that no new name is renamed again."""
    across = is_across(fact) and question.direction is Direction.INVERSE
    entities = {ends(fact, question.direction)[0], *([] if across else [fact.asset_class])}
    names = {e.label: _other_name(e, context, dice) for e in sorted(entities, key=lambda e: (-len(e.label), e.iri))}
    names = {old: new for old, new in names.items() if with_name(old).search(question.question)}
    if not names:
        return question.question
    pattern = re.compile("(?:(?<!\\w)(an?) )?(?:" + "|".join(f"({with_name(n).pattern})" for n in names) + ")", re.I)

    def put(match: re.Match[str]) -> str:
        new = next(new for new, old in zip(names.values(), match.groups()[1:], strict=True) if old)
        article = match[1]
        if article and question.language == "en":
            article = article[0] + ("n" if new[0].lower() in "aeiou" else "")
        return f"{article} {new}" if article else new

    return pattern.sub(put, question.question)


def _options_renamed(
    question: Question, facts: Sequence[Fact | None], context: Context, dice: Random
) -> tuple[str, ...]:
    """Rename options; one that would then read like another, or stand in the stem, keeps its name."""
    taken = {normalise(o) for o in question.options}
    renamed = []
    for option, fact in zip(question.options, facts, strict=True):
        entity = ends(fact, question.direction)[1] if fact else None
        new = _other_name(entity, context, dice) if entity and entity.label == option else option
        if new != option and (normalise(new) in taken or with_name(new).search(question.question)):
            new = option
        taken.add(normalise(new))
        renamed.append(new)
    return tuple(renamed)
