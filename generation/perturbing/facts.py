"""Perturbations that the facts decide: more options, the opposite question, another anchor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from failwise.generation.perturbing.base import (
    Context,
    NotMade,
    any_fact,
    ends,
    facts_of,
    fixed_last,
    is_across,
    movable,
    right_truth,
    tested,
    variant,
    with_name,
)
from failwise.generation.perturbing.options import labels_like
from failwise.generation.perturbing.stem import family_of, slots, wordings
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.records import Entity, Fact, Polarity, Truth
from failwise.kg.resolve import normalise

# --- more options ---


@dataclass(frozen=True, slots=True)
class _Extra:
    """An option to add. Its fact is empty where nothing is stated."""

    label: str
    fact_id: str
    kind: str


def more_in_asset(question: Question, context: Context) -> Question:
    """Add options of the same table that are stated to be wrong for this anchor."""
    facts = facts_of(question, context)
    first = any_fact(facts)
    row = context.table(question, is_across(first)).get(ends(first, question.direction)[0].concept, {})
    wrong = Truth.YES if question.polarity is Polarity.ELIMINATION else Truth.NO
    found = [f for f in row.values() if f.truth is wrong and context.may_use(question, f)]
    extras = [(o, _Extra(o.label, f.id, Kind.SAME_ANCHOR)) for f in found for o in [ends(f, question.direction)[1]]]
    return _filled(question, "more-options-in-asset", context, facts, extras)


def more_out_of_asset(question: Question, context: Context) -> Question:
    """Add options from outside the asset class's table that are stated not to belong to the asset class at all."""
    facts, options = _outside(question, context)
    asset, graph = any_fact(facts).asset_class.slug, context.knowledge()
    kinds = {o.kind for o in options}
    relations = [r.name for r in graph.relations.values() if r.domain == any_fact(facts).asset_class.kind]
    stated = (f for r in relations for f in graph.query(asset, r, truth=Truth.NO) if f.basis != "derived")
    found = [f for f in stated if kinds & {f.object.kind, graph.relations[f.relation].range}]
    inside = _inside(question, context)
    extras = [
        (f.object, _Extra(f.object.label, f.id, Kind.OUT_OF_ASSET))
        for f in found
        if not inside & {normalise(f.object.label), f.object.concept} and context.may_use(question, f)
    ]
    return _filled(question, "more-options-out-of-asset", context, facts, extras)


def more_unstated(question: Question, context: Context) -> Question:
    """Add options that only other asset classes' tables name, as FailureSensorIQ's ten-option set does.

    Nobody states that they are wrong, so they have no fact, and no training question gets them.
    """
    if question.split == "train":
        raise NotMade("unstated options are never trained on")
    facts, _ = _outside(question, context)
    graph, asset = context.knowledge(), any_fact(facts).asset_class
    relation = graph.relations[question.relation]
    kind = relation.range if question.direction == "forward" else relation.domain
    own = (f for f in graph.query(asset.slug) if is_across(f) and graph.relations[f.relation].range == kind)
    inside = _inside(question, context) | {normalise(f.object.label) for f in own if f.truth is not Truth.NO}
    elsewhere = (ends(f, question.direction)[1] for f in graph.query(relation=question.relation))
    others = {o.concept: o for o in elsewhere if not inside & {normalise(o.label), o.concept}}
    extras = [(o, _Extra(o.label, "", "")) for o in others.values()]
    return _filled(question, "more-options-unstated", context, facts, extras)


def _outside(question: Question, context: Context) -> tuple[tuple[Fact | None, ...], list[Entity]]:
    facts = facts_of(question, context)
    if question.polarity is Polarity.ELIMINATION:
        raise NotMade("what is foreign to the asset class would be right")
    if is_across(any_fact(facts)):
        raise NotMade("its table is not that of one asset class")
    return facts, [ends(f, question.direction)[1] for f in facts if f is not None]


def _inside(question: Question, context: Context) -> set[str]:
    """Return the names and concepts of all options that the question's table has."""
    rows = context.table(question, False).values()
    options = [ends(f, question.direction)[1] for row in rows for f in row.values()]
    return {normalise(o.label) for o in options} | {o.concept for o in options}


def _filled(
    question: Question,
    kind: str,
    context: Context,
    facts: Sequence[Fact | None],
    extras: Iterable[tuple[Entity, _Extra]],
) -> Question:
    """Add as many options as fit; all but a last "none of these" are shuffled."""
    shown = {ends(f, question.direction)[1].concept for f in facts if f is not None}
    names = {normalise(o) for o in question.options}
    new: list[_Extra] = []
    dice, room = context.dice(kind, question), context.aids.most_options - len(question.options)
    pool = sorted(extras, key=lambda extra: (extra[1].fact_id, extra[1].label))
    for entity, extra in dice.sample(pool, len(pool)):
        if len(new) >= room:
            break
        if entity.concept not in shown and normalise(extra.label) not in names:
            shown.add(entity.concept)
            names.add(normalise(extra.label))
            new.append(extra)
    if not new:
        raise NotMade("no such option is left" if room > 0 else "has as many options as wanted")
    return _shuffled_in(question, kind, context, new)


def _shuffled_in(question: Question, kind: str, context: Context, new: Sequence[_Extra]) -> Question:
    count, total = movable(question), len(question.options) + len(new)
    order = context.dice(kind, question).sample(range(count + len(new)), count + len(new))
    order += range(count + len(new), total)
    kinds = question.distractor_kinds or ("",) * len(question.options)

    def merged(old: Sequence[str], added: Iterable[str]) -> tuple[str, ...]:
        values = [*old[:count], *added, *old[count:]]
        return tuple(values[i] for i in order)

    marks = [*question.correct[:count], *[False] * len(new), *question.correct[count:]]
    return variant(
        question,
        kind,
        context,
        options=merged(question.options, (e.label for e in new)),
        option_ids=labels_like(question.option_ids, total),
        correct=tuple(marks[i] for i in order),
        fact_ids=merged(question.fact_ids, (e.fact_id for e in new)),
        distractor_kinds=merged(kinds, (e.kind for e in new)),
    )


# --- the opposite question, another anchor ---


def polarity_flip(question: Question, context: Context) -> Question:
    """Ask the same options the other way round: a single answer only where exactly one option is right then."""
    facts = facts_of(question, context)
    flipped = Polarity.SELECTION if question.polarity is Polarity.ELIMINATION else Polarity.ELIMINATION
    correct = _marks(question, facts, flipped)
    if question.arity is Arity.SINGLE and sum(correct) != 1:
        raise NotMade("not exactly one option would be right")
    family = family_of(question, context, flipped)
    template = context.dice("polarity-flip", question).choice(wordings(family, question.arity))
    kind = "positive" if flipped is Polarity.SELECTION else "negative"
    about = _about(question, facts, correct)
    return variant(
        question,
        "polarity-flip",
        context,
        asset_class=about.asset_class.slug,
        asset_name=about.asset_class.label,
        **_answered(question, correct, question.fact_ids),
        polarity=flipped,
        question=template.text.format(**slots(about, question.direction)),
        template=template.id,
        subject=family.subject,
        relevancy=family.relevancy,
        question_type=f"{question.question_type.rpartition('_')[0] or 'mcp1'}_{kind}",
    )


def _marks(question: Question, facts: Sequence[Fact | None], polarity: Polarity | None) -> tuple[bool, ...]:
    """Return which options the facts make right; "none of these" is right where no other is."""
    if any(f is None for f in facts[: len(facts) - fixed_last(question)]):
        raise NotMade("an option has no fact")
    marks = [f is not None and f.truth is right_truth(polarity) for f in facts]
    if fixed_last(question):
        marks[-1] = not any(marks)
    return tuple(marks)


def _about(question: Question, facts: Sequence[Fact | None], correct: Sequence[bool]) -> Fact:
    """Return the fact whose asset class is the question's: that of the one right option, else the first."""
    named = facts[list(correct).index(True)] if question.arity is Arity.SINGLE else None
    return named or any_fact(facts)


def _answered(question: Question, correct: Sequence[bool], fact_ids: Sequence[str]) -> dict[str, object]:
    """Return the fields that follow from other right options."""
    kinds = [Kind.ANSWER if right else Kind.SAME_ANCHOR for right in correct]
    if fixed_last(question):
        kinds[-1] = Kind.NONE_OF_THESE
    return {
        "correct": tuple(correct),
        "fact_ids": tuple(fact_ids),
        "distractor_kinds": tuple(kinds),
        "tested_fact": tested(correct, fact_ids, question.arity),
    }


def condition_inversion(question: Question, context: Context) -> Question:
    """Ask the same options about another anchor of the table, for which what was right is now wrong."""
    kind = "condition-inversion"
    facts = facts_of(question, context)
    anchor = ends(any_fact(facts), question.direction)[0]
    concepts = [ends(f, question.direction)[1].concept if f else "" for f in facts]
    rows = context.table(question, is_across(any_fact(facts)))
    found = []
    for concept, row in sorted(rows.items()):
        other = [row.get(c) if c else None for c in concepts]
        if concept != anchor.concept and _inverts(question, other, context):
            found.append(other)
    if not found:
        raise NotMade("no other anchor gives these options another single answer")
    return _of_anchor(question, kind, context, anchor, context.dice(kind, question).choice(found))


def _inverts(question: Question, facts: Sequence[Fact | None], context: Context) -> bool:
    stated = [f for f in facts if f is not None]
    expected = sum(map(bool, question.fact_ids))
    if len(stated) != expected or any(f.truth is Truth.UNKNOWN or not context.may_use(question, f) for f in stated):
        return False
    correct = _marks(question, facts, question.polarity)
    if question.arity is Arity.MULTIPLE:
        return correct != question.correct
    return sum(correct) == 1 and correct != question.correct


def _of_anchor(
    question: Question, kind: str, context: Context, anchor: Entity, facts: Sequence[Fact | None]
) -> Question:
    correct, ids = _marks(question, facts, question.polarity), [f.id if f else "" for f in facts]
    about = _about(question, facts, correct)
    other = ends(about, question.direction)[0]
    text, template = _reworded(question, kind, context, anchor, other, about)
    return variant(
        question,
        kind,
        context,
        **_answered(question, correct, ids),
        question=text,
        template=template,
        anchor=other.slug,
        asset_class=about.asset_class.slug,
        asset_name=about.asset_class.label,
    )


def _reworded(
    question: Question, kind: str, context: Context, anchor: Entity, other: Entity, fact: Fact
) -> tuple[str, str]:
    """Return the same wording with the other anchor; another wording where the old one cannot be told."""
    templates = wordings(family_of(question, context), question.arity)
    same = [t for t in templates if t.id == question.template]
    if not same and len(with_name(anchor.label).findall(question.question)) == 1:
        return with_name(anchor.label).sub(lambda _: other.label, question.question), question.template
    template = (same or [context.dice(kind, question).choice(templates)])[0]
    return template.text.format(**slots(fact, question.direction)), template.id
