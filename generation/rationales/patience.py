"""When to give up on a server that serves nobody."""

from failwise.errors import TeacherError
from failwise.generation.teachers.transport import UNREACHED

# So many questions in a row that the server did not serve are no accident.
IN_A_ROW = 10


class Patience:
    """Counts questions in a row that were not served, for all tries; those `in_flight` at once may all be such."""

    def __init__(self, in_flight: int) -> None:
        self._most, self._unreached = max(IN_A_ROW, 2 * in_flight), 0

    def note(self, fault: str, *, ended: bool = True) -> None:
        """Take in what became of a request: a fault or a reason, and whether that was the question's end.

        Raises:
            TeacherError: too many in a row were not served.
        """
        if fault not in UNREACHED:
            self._unreached = 0
            return
        self._unreached += ended
        if self._unreached >= self._most:
            raise TeacherError(
                f"the server did not serve the last {self._unreached} questions, for all tries (the last: {fault}); "
                "run the same command again when it does: what is done is kept, and these are asked again"
            )
