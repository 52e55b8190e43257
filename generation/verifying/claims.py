"""Claims of a rationale, and what the graph says to each.

A claim is a clause or a member of a list that names an option or cites a fact, and affirms or denies it. The cited
fact says what it is about; without a citation the question does: its anchor and the option make the fact. A sentence
that names other things of the graph only is one claim that cannot be judged; one that names none is none.
"""

from dataclasses import dataclass
from enum import StrEnum

from failwise.generation.verifying.lexicon import LEXICONS, Lexicon
from failwise.generation.verifying.naming import Index, index_names, known, name_key, name_words
from failwise.generation.verifying.reading import read_stances
from failwise.generation.verifying.signs import NAME, OPTION
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Relation


class Finding(StrEnum):
    """What the graph says to a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: its sentence, the fact it is about ("" where there is none), the truth it gives it, the finding.

    `option` is the place of the option it names, or -1.
    """

    sentence: str
    fact_id: str
    truth: bool | None
    finding: Finding
    option: int = -1


@dataclass(frozen=True, slots=True)
class TextReading:
    """All that was read in a rationale.

    `picks` say of options (by place) whether the text takes them for right, in order, `last_picks` those of the last
    sentence that says so; `named` are the options that it names; `misplaced` are citations that stand beside another
    name, with their sentence; `letters` are numbers of sentences that hold a letter, with its option; `words` are the
    plain words, without names, to tell the language by; `cited` are the ids it cites, each once.
    """

    claims: tuple[Claim, ...]
    picks: tuple[tuple[int, bool], ...]
    last_picks: tuple[tuple[int, bool], ...]
    named: frozenset[int]
    misplaced: tuple[tuple[str, str], ...]
    letters: tuple[tuple[int, int], ...]
    sentences: tuple[str, ...]
    words: tuple[str, ...]
    cited: tuple[str, ...]

    def count(self, finding: Finding) -> int:
        """Return how many claims have a finding."""
        return [claim.finding for claim in self.claims].count(finding)


class NameBook:
    """Names and words of one graph, indexed once."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self._lexicons = {language: learn(lexicon, graph) for language, lexicon in LEXICONS.items()}
        self._indexes: dict[frozenset[str], Index] = {}
        self._entities: dict[str, dict[str, Entity]] = {}
        self._kinds: dict[str, str] = {}
        for fact in graph.facts.values():
            relation = graph.relations[fact.relation]
            self._enter(fact.asset_class, fact.asset_class.kind)
            self._enter(fact.subject, fact.subject.kind or relation.domain)
            self._enter(fact.object, fact.object.kind or relation.range)

    def _enter(self, entity: Entity, kind: str) -> None:
        if entity.iri not in self._kinds:
            self._kinds[entity.iri] = kind
            self._entities.setdefault(kind, {}).setdefault(entity.slug, entity)

    def kind(self, entity: Entity) -> str:
        """Return the class of a thing; what several asset classes share has that of the ends it stands at."""
        return self._kinds.get(entity.iri, entity.kind)

    def lexicon(self, language: str) -> Lexicon | None:
        """Return the words of a language; nothing where it has none, and then no claim can be judged."""
        return self._lexicons.get(language)

    def names(self, kinds: frozenset[str]) -> Index:
        """Return the names of all things of some classes, by their first word."""
        if kinds not in self._indexes:
            labels: dict[str, tuple[str, set[str]]] = {}
            for kind in kinds:
                for entity in self._entities.get(kind, {}).values():
                    labels.setdefault(name_key(entity.label), (entity.label, set()))[1].add(kind)
            self._indexes[kinds] = index_names(known(label, -1, frozenset(of)) for label, of in labels.values())
        return self._indexes[kinds]

    def slugs(self, kind: str, key: str) -> list[str]:
        """Return the slugs of the things of a class that go by a name."""
        return [e.slug for e in self._entities.get(kind, {}).values() if name_key(e.label) == key]


def learn(lexicon: Lexicon, graph: KnowledgeGraph) -> Lexicon:
    """Add what the relations' own wordings teach: their verbs, and how a denial differs from its statement.

    A word of a denial that its statement lacks is taken for a denial where the lexicon would read it as a statement.
    """
    if graph.language != lexicon.language:
        return lexicon
    deny, relates = set[str](), set[str]()
    for relation in graph.relations.values():
        for slot in ("{object}", "{subject}"):
            said, denied = _shape(relation.statement, slot), _shape(relation.denial, slot)
            relates |= {w for w in {*said, *denied} if not w.startswith("§")}
            if OPTION in denied and _truth(denied, lexicon) is not False:
                deny |= {w for w in denied if w not in said and not w.startswith("§")} - lexicon.gap
    return lexicon.learnt(frozenset(deny), frozenset(relates))


def _shape(wording: str, option: str) -> tuple[str, ...]:
    """Return a relation's wording as the shape of a sentence in which one slot is the option."""
    for slot in ("{asset}", "{subject}", "{object}"):
        wording = wording.replace(slot, " optionsign " if slot == option else " namesign ")
    signs = {"namesign": NAME, "optionsign": OPTION}
    return tuple(signs.get(w, w) for w in name_words(wording))


def _truth(shape: tuple[str, ...], lexicon: Lexicon) -> bool | None:
    stances = read_stances(shape, lexicon)
    return stances[0].truth if stances and stances[0] else None


def misread(relation: Relation, lexicon: Lexicon) -> list[str]:
    """Return the wordings of a relation that a lexicon reads the wrong way round."""
    shapes = [
        (words, truth, _shape(words, slot))
        for words, truth in ((relation.statement, True), (relation.denial, False))
        for slot in ("{object}", "{subject}")
    ]
    return [words for words, truth, shape in shapes if OPTION in shape and _truth(shape, lexicon) is not truth]
