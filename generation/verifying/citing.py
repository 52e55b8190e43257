"""Compare a sentence's citations with the names that they stand beside."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from failwise.generation.verifying.asked import Asked
from failwise.generation.verifying.naming import name_key
from failwise.generation.verifying.scopes import Scope
from failwise.generation.verifying.signs import NAME, OPTION, Sign
from failwise.kg.records import Fact


@dataclass(slots=True)
class Citing:
    """A sentence's citations by what they are good for; signs go by their number in the sentence.

    `backed` are options with a citation of their own, `misplaced` ids that stand beside other names than their fact's,
    `bare` citations of facts whose option the sentence does not name.
    """

    backed: set[int] = field(default_factory=set)
    misplaced: list[str] = field(default_factory=list)
    bare: list[tuple[int, Fact]] = field(default_factory=list)


def compare_citations(asked: Asked, signs: Sequence[Sign], scopes: Sequence[Scope]) -> Citing:
    """Compare each citation with the names around it; one of no fact (a passage, an invention) is passed over.

    Args:
        scopes: the names that each citation belongs to.
    """
    citing = Citing()
    for scope in scopes:
        names = [signs[i] for i in scope.names]
        for i in scope.citations:
            fact = asked.known.get(signs[i].cited)
            if fact is None:
                continue
            option = asked.place.get(fact.id, -1)
            if _is_misplaced(asked, fact, names, signs):
                citing.misplaced.append(signs[i].cited)
            elif option >= 0 and any(name.option == option for name in names):
                citing.backed.update(s for s in scope.names if signs[s].option == option)
            else:
                citing.bare.append((i, fact))
    return citing


def _is_misplaced(asked: Asked, fact: Fact, scope: Sequence[Sign], signs: Sequence[Sign]) -> bool:
    """Say whether the names around a citation are not those of its fact.

    Args:
        scope: signs that it belongs to.
        signs: all of its sentence.
    """
    options = {sign.option for sign in scope if sign.kind == OPTION}
    option = asked.place.get(fact.id, -1)
    if option >= 0:
        end, anchor = asked.ends(fact)
        if option not in options if options else asked.stranger(end, scope):
            return True
        if asked.book.kind(anchor) != asked.book.kind(end) and asked.stranger(anchor, signs):
            return True
    else:
        keys = (name_key(fact.subject.label), name_key(fact.object.label))
        if not any(sign.name in keys for sign in signs):
            return bool(options) or asked.stranger(fact.subject, scope) or asked.stranger(fact.object, scope)
    return _names_other_asset(asked, fact, signs)


def _names_other_asset(asked: Asked, fact: Fact, signs: Sequence[Sign]) -> bool:
    """Say whether a sentence speaks of an asset class that the fact is not about, and not of the fact's own."""
    asset = fact.asset_class
    if asset.iri in (fact.subject.iri, fact.object.iri) or not asked.stranger(asset, signs):
        return False
    graph = asked.book.graph
    kin = {name_key(graph.asset_classes[slug].label) for slug in graph.kin(asset.slug)}
    kind = asked.book.kind(asset)
    return not any(sign.kind == NAME and kind in sign.kinds and sign.name in kin for sign in signs)
