"""What stands in a job's folder: questions that are done, replies that were paid for and not yet judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from failwise.files import read_records, write_records
from failwise.generation.rationales.accounting import Attempt, Ledger, read_attempts
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.transport import UNREACHED

RATIONALES, REJECTS = "rationales.jsonl", "rejects.jsonl"
R = TypeVar("R", Rationale, Reject)


@dataclass(frozen=True, slots=True)
class Standing:
    """Ids of the questions that are done, how many were accepted, and the replies to those that are not, by id."""

    done: frozenset[str]
    accepted: int
    replies: dict[str, list[Attempt]]


Fingerprint = Callable[[Question], str]


def take_stock(folder: Path, questions: Sequence[Question], fingerprint: Fingerprint, ledger: Ledger) -> Standing:
    """Read what stands in a folder and count in the ledger what it cost.

    Records of requests that were other ones (changed words, evidence or settings) are set aside under a name of their
    own, and so are questions that were dropped because the server did not serve: they are asked again.
    """
    stock = _Stock(questions, fingerprint)
    replies = stock.replies(folder, ledger)
    kept = _keep(folder / RATIONALES, Rationale, stock.still_accepted)
    dropped = _keep(folder / REJECTS, Reject, lambda r: stock.still_dropped(r, replies))
    accepted = {r.question_id for r in kept if r.question_id in stock.asked}
    done = frozenset(accepted | {r.record_id for r in dropped})
    return Standing(done, len(accepted), {i: r for i, r in replies.items() if i not in done})


def done_before(folder: Path, questions: Sequence[Question], fingerprint: Fingerprint, ledger: Ledger) -> set[str]:
    """Return the ids of the questions that are done, as `take_stock` does, but change nothing."""
    stock = _Stock(questions, fingerprint)
    replies = stock.replies(folder, ledger)
    kept = filter(stock.still_accepted, _read(folder / RATIONALES, Rationale))
    dropped = (r for r in _read(folder / REJECTS, Reject) if stock.still_dropped(r, replies))
    return {r.question_id for r in kept} | {r.record_id for r in dropped}


class _Stock:
    """Says of records whether they are of the very requests that are wanted."""

    def __init__(self, questions: Sequence[Question], fingerprint: Fingerprint) -> None:
        self.asked = {q.id: q for q in questions}
        self._fingerprint, self._wanted = fingerprint, dict[str, str]()

    def replies(self, folder: Path, ledger: Ledger) -> dict[str, list[Attempt]]:
        found: dict[str, list[Attempt]] = {}
        for attempt in read_attempts(folder):
            ledger.add(attempt)
            if attempt.question_id in self.asked and self._same(attempt.question_id, attempt.fingerprint):
                found.setdefault(attempt.question_id, []).append(attempt)
        return found

    def still_accepted(self, record: Rationale) -> bool:
        return record.question_id not in self.asked or self._same(record.question_id, record.fingerprint)

    def still_dropped(self, record: Reject, replies: Mapping[str, object]) -> bool:
        # A reject has no fingerprint of its own; the replies that it is of have.
        return record.record_id not in self.asked or (record.record_id in replies and record.reason not in UNREACHED)

    def _same(self, question_id: str, was: str) -> bool:
        if question_id not in self._wanted:  # worked out for those alone that have a record
            self._wanted[question_id] = self._fingerprint(self.asked[question_id])
        return self._wanted[question_id] == was


def _read(path: Path, record: type[R]) -> list[R]:
    return list(read_records(path, record, torn_tail=True)) if path.is_file() else []


def _keep(path: Path, record: type[R], fits: Callable[[R], bool]) -> list[R]:
    """Return the records that fit; where others stand among them, move those to a file beside."""
    found = _read(path, record)
    fitting = [r for r in found if fits(r)]
    if len(fitting) < len(found):
        write_records(_free_name(path), [r for r in found if not fits(r)])
        write_records(path, fitting)
    return fitting


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}.old-{number}{path.suffix}")).exists():
        number += 1
    return aside
