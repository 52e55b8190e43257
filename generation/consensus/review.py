"""The review: a worksheet that a person ticks, and the list of facts that `failwise ontology import` reads from it."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from failwise.errors import InputError
from failwise.files import read_records, write_text
from failwise.generation.consensus.proposals import PROPOSALS
from failwise.generation.consensus.records import Proposal, Vote
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding, Truth
from failwise.kg.sheets.cells import is_truth, truth_of
from failwise.kg.sheets.document import read_document
from failwise.kg.sheets.records import Row, Sheet
from failwise.kg.sheets.rows import harmless

REVIEW, IMPORT = "review.csv", "reviewed-facts.csv"

_TICKED = ("accept", "refuse", "comment")
_SHOWN = ("statement", "proposal", "share", "lowest confidence")
_LIST = ("asset_class", "relation", "subject", "object", "truth", "basis", "source", "id")
_CLIPPED = 300
_SAID = frozenset({"stated", "open-table", "closed-table"})


@dataclass(frozen=True, slots=True)
class Review:
    """What a person says of a proposal; `accepted` is None where nothing is ticked."""

    accepted: bool | None = None
    comment: str = ""


def read_proposals(folder: Path) -> list[Proposal]:
    """Return the proposals of a folder.

    Raises:
        InputError: there are none yet.
    """
    if not (folder / PROPOSALS).is_file():
        raise InputError(f"{folder} holds no {PROPOSALS}; run `failwise consensus ask --out {folder}` first")
    return list(read_records(folder / PROPOSALS, Proposal))


def write_review(proposals: Sequence[Proposal], folder: Path) -> Path:
    """Write review.csv; ticks and comments that stand in it are kept where the proposal is still the same."""
    path = folder / REVIEW
    said = read_review(path) if path.is_file() else {}
    voters = list(dict.fromkeys(v.voter for p in proposals for v in p.votes))
    header = [*_TICKED, *_SHOWN, *(f"{what} {v}" for v in voters for what in ("voter", "raw")), "fact_id"]
    rows = [_row(p, voters, said.get((p.fact_id, str(p.answer)), Review())) for p in proposals]
    write_text(path, _csv([header, *rows]))
    return path


def write_review_of(folder: Path) -> Path:
    """Write the review sheet of a folder anew; ticks and comments in it are kept.

    Raises:
        InputError: the folder holds no proposals.
    """
    return write_review(read_proposals(folder), folder)


def _row(proposal: Proposal, voters: Sequence[str], said: Review) -> list[str]:
    votes = {v.voter: v for v in proposal.votes}
    ticks = ["x" if said.accepted is truth else "" for truth in (True, False)]
    lowest = "" if proposal.lowest is None else f"{proposal.lowest:g}"
    shown = [proposal.statement, str(proposal.answer), f"{proposal.share:.2f}", lowest]
    cells = [cell for voter in voters for cell in _vote_cells(votes.get(voter))]
    return [*ticks, said.comment, *shown, *cells, proposal.fact_id]


def _vote_cells(vote: Vote | None) -> tuple[str, str]:
    if vote is None:
        return "", ""
    answer = f"{vote.answer} {vote.confidence:g}" if vote.confidence is not None else f"none: {vote.fault}"
    return answer, " ".join(vote.raw.split())[:_CLIPPED]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def read_review(path: Path) -> dict[tuple[str, str], Review]:
    """Return what a person ticked, by fact id and proposed answer. A workbook saved from the sheet is read, too.

    Raises:
        InputError: it cannot be read, a column is missing, or a cell is no tick; the sentence names the cell.
    """
    findings: list[Finding] = []
    found: dict[tuple[str, str], Review] = {}
    for sheet in read_document(path, findings)[:1]:
        columns: dict[str, int] = {}
        for row in sheet.rows():
            if columns:
                found |= _reviewed(sheet, row, columns)
            else:
                columns = _columns(path, row)
    errors = [f for f in findings if f.level == "ERROR"]
    if errors:
        raise InputError(f"{path} cannot be read as a review: {errors[0].node}: {errors[0].message}")
    return found


def _columns(path: Path, row: Row) -> dict[str, int]:
    columns = {text.casefold(): number for number, text in enumerate(row.cells)}
    if missing := [name for name in ("fact_id", "proposal", *_TICKED) if name not in columns]:
        raise InputError(
            f"{path} has no column {missing[0]!r}; its first row must name fact_id, proposal, {', '.join(_TICKED)}"
        )
    return columns


def _reviewed(sheet: Sheet, row: Row, columns: Mapping[str, int]) -> dict[tuple[str, str], Review]:
    def cell(name: str) -> str:
        return row.cells[columns[name]].strip() if columns[name] < len(row.cells) else ""

    ticks = {}
    for name in ("accept", "refuse"):
        if not is_truth(cell(name)) or truth_of(cell(name)) is Truth.UNKNOWN:
            place = sheet.place(row.number, columns[name] + 1)
            raise InputError(f"{sheet.file}, {place}: {cell(name)!r} is no tick; write x, or leave the cell blank")
        ticks[name] = truth_of(cell(name)) is Truth.YES
    if all(ticks.values()):
        place = sheet.place(row.number)
        raise InputError(f"{sheet.file}, {place}: accept and refuse are both ticked; keep one")
    accepted = ticks["accept"] if any(ticks.values()) else None
    return {(cell("fact_id"), cell("proposal")): Review(accepted, cell("comment"))} if cell("fact_id") else {}


def write_import(folder: Path, graph: KnowledgeGraph, review: Path | None = None) -> tuple[Path, dict[str, int]]:
    """Write the accepted proposals as a list that `failwise ontology import` reads; return it with counts.

    The source of each fact names the voters that agreed. What the graph has come to know since is left out.

    Raises:
        InputError: nothing is accepted, or the review names a fact that is not proposed.
    """
    path = review or folder / REVIEW
    said = read_review(path)
    proposals = {(p.fact_id, str(p.answer)): p for p in read_proposals(folder)}
    if foreign := [key for key, what in said.items() if what.accepted is not None and key not in proposals]:
        raise InputError(
            f"{path} judges {foreign[0][0]} as {foreign[0][1]!r}, which is not proposed in {folder / PROPOSALS}; "
            "take the row out, or write the sheet anew with `failwise consensus review`"
        )
    accepted = [p for key, p in proposals.items() if said.get(key, Review()).accepted]
    fresh = [p for p in accepted if p.fact_id in graph.facts and graph.facts[p.fact_id].truth is Truth.UNKNOWN]
    refused = sum(what.accepted is False for what in said.values())
    counts = {"accepted": len(fresh), "refused": refused, "undecided": len(proposals) - len(accepted) - refused}
    counts |= {"known since": len(accepted) - len(fresh)} if len(fresh) < len(accepted) else {}
    if not fresh:
        raise InputError(f"nothing to import: {path} accepts no proposal that is still unknown; tick some with x")
    write_text(folder / IMPORT, _csv([_LIST, *map(_fact_row, fresh), *_open_rows(fresh, graph)]))
    return folder / IMPORT, counts


def _open_rows(accepted: Sequence[Proposal], graph: KnowledgeGraph) -> list[list[str]]:
    """Return for each table that is added to one pair that stays as it is, an unknown one where there is one.

    Without it the importer would take the accepted pairs for a whole table: were all of them judged, it would close
    it, and what nobody voted on would become a no.
    """
    taken = {p.fact_id for p in accepted}
    rows = []
    for slug, relation in sorted({(graph.facts[i].asset_class.slug, graph.facts[i].relation) for i in taken}):
        others = [f for f in graph.query(slug, relation) if f.id not in taken and f.basis in _SAID]
        kept = min(others, key=lambda f: (f.truth is not Truth.UNKNOWN, f.id), default=None)
        if kept is not None:
            subject = "" if kept.subject.iri == kept.asset_class.iri else kept.subject.label
            pair = [kept.asset_class.label, relation, subject, kept.object.label]
            rows.append([*pair, kept.truth.value, kept.basis, kept.source.partition(", ")[0], kept.id])
    return rows


def _fact_row(p: Proposal) -> list[str]:
    # The ontology keeps the source; the basis of what a list says is always "stated".
    source = f"consensus of {' and '.join(p.agreeing)}, accepted in review"
    return [p.asset_class, p.relation, p.subject, p.object, str(p.answer), "stated", source, p.fact_id]
