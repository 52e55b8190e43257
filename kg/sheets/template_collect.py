"""What a filled-in workbook declares and claims: each name declared once, each pair with one truth."""

from collections import Counter
from collections.abc import Mapping

from failwise.kg.names import nearest
from failwise.kg.records import Relation, Truth
from failwise.kg.sheets.records import Claim, Draft, Mention, Place
from failwise.kg.sheets.template import DECLARED, ENDS, TABLE_OF, name_key
from failwise.kg.vocabulary import KINDS

MOST_FINDINGS = 100  # of one rule on one sheet; more help nobody
_NEAR = 0.85


class Collector:
    """Takes what the sheets of one workbook say of `asset_class`; `close` hands it to the draft.

    `listed` holds the classes whose sheet was read: only there can a name turn out to be missing.
    """

    def __init__(self, draft: Draft, relations: Mapping[str, Relation]) -> None:
        self.draft = draft
        self.relations = relations
        self.asset_class = ""
        self.listed: set[str] = set()
        self._mentions: list[Mention] = []
        self._names: dict[str, dict[str, str]] = {kind: {} for kind in TABLE_OF}
        self._declared: dict[tuple[str, str], Place] = {}
        self._near: dict[tuple[str, str], str] = {}
        self._claims: dict[tuple[str, str, str], list[Claim]] = {}
        self._missing: set[str] = set()
        self._found: Counter[tuple[str, str, str]] = Counter()
        self._first_left_out: dict[tuple[str, str, str], Place] = {}

    def find(self, level: str, place: Place, rule: str, message: str, value: str = "", fix: str = "") -> None:
        """Note a finding, unless its sheet has had enough of its rule."""
        key = (level, place.sheet, rule)
        self._found[key] += 1
        if self._found[key] <= MOST_FINDINGS:
            self.draft.find(level, place, rule, message, value, fix)
        else:
            self._first_left_out.setdefault(key, place)

    def close(self) -> None:
        """Hand over mentions and claims, and say how many findings were left out."""
        self.draft.mentions += self._mentions
        for claims in self._claims.values():
            answered = any(claim.truth is not None for claim in claims)
            self.draft.claims += [c for c in claims if c.truth is not None or not answered]
        for (level, sheet, rule), place in self._first_left_out.items():
            count = self._found[level, sheet, rule]
            message = f"{count - MOST_FINDINGS} more findings of the rule {rule!r} on {sheet!r}, {count} in all"
            self.draft.find(level, place, rule, message, fix="mend those shown and import again")

    # --- names ---

    def declare(self, mention: Mention) -> bool:
        """Take a name that a sheet lists; False where the sheet lists it already."""
        key = name_key(mention.label)
        first = self._declared.setdefault((mention.kind, key), mention.place)
        if first != mention.place:
            message = f"{KINDS[mention.kind].name} {mention.label!r} stands twice: {first} and {mention.place}"
            fix = "make one row of the two, or give one of them another name"
            self.find("ERROR", mention.place, "duplicate", message, mention.label, fix)
            return False
        self._names[mention.kind][key] = mention.label
        self._mentions.append(mention)
        return True

    def declare_other_names(self) -> None:
        """Let the other names of things stand for them, now that all names are known."""
        for mention in self._mentions:
            for name in mention.alternatives:
                self._names[mention.kind].setdefault(name_key(name), mention.label)

    def name(self, kind: str, text: str, place: Place, *, had: bool = True) -> str:
        """Return a name as its own sheet spells it; find it where it has to be listed there and is not.

        What the asset class does not have (`had` is false) need not be listed.
        """
        names = self._names.get(kind, {})
        label = names.get(name_key(text))
        if label is not None or kind not in self.listed:
            return label or text
        thing, sheet = KINDS[kind].name, TABLE_OF[kind].name
        if not had and KINDS[kind].local:
            return text
        if kind in DECLARED:
            near = self._nearest(kind, text, 0.6)
            fix = f"did you mean {near!r}? else add it to the sheet {sheet}" if near else f"add it to the sheet {sheet}"
            self.find("ERROR", place, "undeclared", f"{thing} {text!r} is not declared", text, fix)
        elif near := self._nearest(kind, text, _NEAR):
            message = f"{thing} {text!r} is not declared, but {near!r} is"
            fix = f"write {near!r} if it is the same; else add it to the sheet {sheet}"
            self.find("WARN", place, "near-miss", message, text, fix)
        return text

    def _nearest(self, kind: str, text: str, cutoff: float) -> str:
        key = (kind, name_key(text))
        if key not in self._near:
            self._near[key] = nearest(text, dict.fromkeys(self._names[kind].values()), cutoff)
        return self._near[key]

    # --- claims ---

    def ends(self, relation: str) -> tuple[str, str]:
        """Return the classes of a relation's subjects and objects, "" where the ontology does not say."""
        known = self.relations[relation]
        ends = ENDS.get(relation, ("", ""))
        return known.domain or ends[0], known.range or ends[1]

    def claim(self, claim: Claim) -> None:
        """Take a claim, unless it was made before or the opposite was."""
        if claim.relation not in self.relations:
            self._find_missing(claim)
            return
        key = (claim.relation, name_key(claim.subject), name_key(claim.object))
        others = self._claims.setdefault(key, [])
        opposite = next((o for o in others if {o.truth, claim.truth} == {Truth.YES, Truth.NO}), None)
        if opposite is not None:
            pair = f"{claim.relation}, {claim.subject or self.asset_class!r} and {claim.object!r}"
            message = f"{pair}: {opposite.place} says {opposite.truth}, {claim.place} says {claim.truth}"
            self.find("ERROR", claim.place, "contradiction", message, str(claim.truth), "keep one of the two")
        elif not any((o.truth, o.source) == (claim.truth, claim.source) for o in others):
            others.append(claim)

    def _find_missing(self, claim: Claim) -> None:
        if claim.relation not in self._missing:
            self._missing.add(claim.relation)
            message = f"the ontology has no relation {claim.relation!r}, so its cells say nothing"
            fix = "import with an ontology that has it, or empty these cells"
            self.find("ERROR", claim.place, "relation", message, claim.object, fix)
