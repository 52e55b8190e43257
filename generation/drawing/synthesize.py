"""Facts become questions: families, contrast groups, distractors from stated *no* only, balanced letters, splits."""

from collections.abc import Iterator

from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.unit_questions import UnitQuestions
from failwise.generation.drawing.wording import Row
from failwise.generation.matrices.tables import Unit
from failwise.generation.records import Question


class Synthesis(Setting):
    """Makes all questions of one configuration, or of a plan, in an order that depends on nothing else."""

    def __iter__(self) -> Iterator[Question]:
        """Yield questions, grouped by asset class and relation."""
        for unit in self.units():
            yield from self.of_unit(unit)

    def of_unit(self, unit: Unit) -> Iterator[Question]:
        """Yield the questions of one unit. They depend on the unit and the configuration alone."""
        return (Question(*row) for row in self.rows_of(unit))

    def rows_of(self, unit: Unit) -> Iterator[Row]:
        """Yield the same questions as values in the order of the record's fields."""
        return UnitQuestions(self, unit).rows()
