"""A bar that coverage must reach, for continuous integration: `relation=0.9`, `asset_class:pump=0.8`, `all=0.95`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from failwise.errors import InputError
from failwise.evaluation.records import RollUp
from failwise.kg.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Bar:
    """The least share of facts that must be called known in each group of a dimension, or in one of them."""

    dimension: str
    value: str
    least: float

    @classmethod
    def parse(cls, text: str) -> "Bar":
        """Read `dimension=share` or `dimension:value=share`.

        Raises:
            InputError: it is neither, or the share is not between 0 and 1.
        """
        name, found, share = text.rpartition("=")
        dimension, _, value = name.partition(":")
        try:
            least = float(share)
        except ValueError:
            least = -1.0
        if not found or not dimension or not 0 <= least <= 1:
            raise InputError(
                f"the bar {text!r} is not of the form relation=0.9 or asset_class:pump=0.8, with a share from 0 to 1"
            )
        return cls(dimension, value, least)

    def failing(self, roll_ups: Sequence[RollUp]) -> list[RollUp]:
        """Return the groups that stay below.

        Raises:
            InputError: the audit has no such dimension, or no such group in it.
        """
        rows = [row for row in roll_ups if row.dimension == self.dimension]
        if not rows:
            raise _unknown("dimension", self.dimension, {row.dimension for row in roll_ups})
        if self.value and not any(row.value == self.value for row in rows):
            raise _unknown(self.dimension.replace("_", " "), self.value, {row.value for row in rows})
        return [r for r in rows if self.value in ("", r.value) and r.known / r.facts < self.least]


def _unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    names = sorted(known)
    some = f"; it has {', '.join(names[:12])}{' …' if len(names) > 12 else ''}" if names else ""
    return InputError(f"the audit has no {kind} {name!r}{did_you_mean(name, names)}{some}")
