"""What several sheets say comes together in one draft: each claim once, each rating once, findings in measure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from failwise.kg.records import Truth
from failwise.kg.sheets.cells import has_letter
from failwise.kg.sheets.fields import ReadOptions
from failwise.kg.sheets.records import Claim, Draft, Mention, Place, Sheet

MOST_FINDINGS = 100  # of one rule on one sheet; more help nobody


class Collector:
    """Adds to a draft what sheets say, one sheet after the other."""

    def __init__(self, draft: Draft, options: ReadOptions) -> None:
        self.draft = draft
        self.options = options
        self._claims: set[tuple[str, str, str, str, Truth | None, str]] = set()
        self._ratings: dict[tuple[str, str, str], tuple[int, Place]] = {}
        self._mentions: set[Mention] = set()
        self._found: Counter[tuple[str, str]] = Counter()
        self._names: dict[str, str] = {}

    def asset_class(self, label: str, place: Place, source: str = "") -> None:
        """Note that a document describes an asset class, and where it says that its facts come from."""
        draft = self.draft.asset_class(label, place)
        draft.source = draft.source or source

    def claim(self, claim: Claim) -> None:
        """Add a claim, unless the same was made before."""
        key = (claim.asset_class, claim.relation, claim.subject, claim.object, claim.truth, claim.source)
        if key not in self._claims:
            self._claims.add(key)
            self.draft.claims.append(claim)

    def rating(self, claim: Claim) -> None:
        """Add a rating; where the subject was rated otherwise before, keep that and warn."""
        key = (claim.asset_class, claim.relation, claim.subject)
        value = int(claim.object)
        first, where = self._ratings.setdefault(key, (value, claim.place))
        if first == value:
            self.claim(claim)
            return
        message = f"{claim.subject!r} is rated {value} here, but {first} in {where}; {first} is taken"
        self.find("WARN", claim.place, "rating-differs", message, claim.object, f"give both cells one rating: {where}")

    def mention(self, mention: Mention) -> None:
        """Add a mention, unless it was made before at any address."""
        key = replace(mention, place=_NOWHERE)
        if key not in self._mentions:
            self._mentions.add(key)
            self.draft.mentions.append(mention)

    def repeats(self, seen: dict[int, int], cells: Sequence[str], place: Place) -> bool:
        """Say whether a row's cells were there before on its sheet (`seen`); report where they were."""
        first = seen.setdefault(hash(tuple(cells)), place.row)
        if first == place.row:
            return False
        message = f"the row says nothing that row {first} does not say"
        self.find("WARN", place, "duplicate-row", message, fix=f"delete row {place.row} or row {first}")
        return True

    def name(self, text: str, place: Place, what: str) -> str:
        """Return a name, or "" after a finding where the text can be none."""
        if has_letter(text):
            return self._names.setdefault(text, text)
        message = f"{what} is {text!r}; a name needs a letter"
        self.find("ERROR", place, "name", message, text, "write the name, or map the column to another field")
        return ""

    def find(self, level: str, place: Place, rule: str, message: str, value: str = "", fix: str = "") -> None:
        """Note a finding, unless this sheet has had enough of its rule."""
        self._found[level, rule] += 1
        if self._found[level, rule] <= MOST_FINDINGS:
            self.draft.find(level, place, rule, message, value, fix)

    def close(self, sheet: Sheet) -> None:
        """Say how many findings of this sheet were left out, and start counting anew."""
        for (level, rule), count in self._found.items():
            if count > MOST_FINDINGS:
                message = f"{count - MOST_FINDINGS} more findings of the rule {rule!r}, {count} in all"
                self.draft.find(level, sheet.place(0), rule, message, fix="mend those shown and import again")
        self._found.clear()


_NOWHERE = Place("", "", 0)
