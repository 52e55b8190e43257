"""A person decides: proposals, a sheet to tick, and from it a list that the importer reads."""

import csv
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.generation.consensus.proposals import PROPOSALS, UNSETTLED, propose, write_proposals
from failwise.generation.consensus.review import REVIEW, read_proposals, read_review, write_import, write_review_of
from failwise.generation.consensus.voting import ballots, cast_votes
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from tests.conftest import Program, toy_paths
from tests.generation.consensus.panel import CONFIG, Scripted, says

NOISE, PRESSURE = (f"toy-fan/indicatedBy/bearing-damage/{end}" for end in ("noise", "pressure"))


@pytest.fixture
def folder(toy: KnowledgeGraph, tmp_path: Path) -> Path:
    """Return a folder where three voters agree on noise (yes) and on pressure (no)."""
    return _voted(toy, tmp_path / "consensus", lambda p: says("yes" if "noise" in p.user else "no", 90))


def _voted(toy: KnowledgeGraph, folder: Path, script: object) -> Path:
    panel = [Scripted(name, script) for name in ("m1", "m2", "=m3")]  # type: ignore[arg-type]
    votes = cast_votes(ballots(toy, CONFIG, panel), CONFIG, folder)
    write_proposals(propose(votes.values(), toy, CONFIG), folder)
    write_review_of(folder)
    return folder


def _tick(folder: Path, **ticks: dict[str, str]) -> None:
    with (folder / REVIEW).open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row.update(ticks.get(row["fact_id"].rsplit("/")[-1], {}))
    with (folder / REVIEW).open("w") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_the_sheet_shows_every_vote_and_is_not_run_by_a_spreadsheet(folder: Path) -> None:
    with (folder / REVIEW).open() as stream:
        rows = {row["fact_id"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == {NOISE, PRESSURE}
    assert (rows[NOISE]["proposal"], rows[NOISE]["voter m1"], rows[PRESSURE]["voter =m3"]) == ("yes", "yes 90", "no 90")
    assert rows[NOISE]["raw m1"] == says("yes", 90) and rows[NOISE]["accept"] == ""
    assert (folder / PROPOSALS).read_text().count(r'"raw":"{\"answer\": \"yes\"') == 3


def test_nothing_is_imported_until_somebody_ticks(folder: Path, toy: KnowledgeGraph) -> None:
    with pytest.raises(InputError, match="accepts no proposal"):
        write_import(folder, toy)


def test_ticks_outlive_another_vote_but_not_another_proposal(folder: Path, toy: KnowledgeGraph) -> None:
    _tick(folder, noise={"accept": "X", "comment": "seen it, often"}, pressure={"refuse": "✓"})
    write_review_of(folder)
    said = read_review(folder / REVIEW)
    assert said[NOISE, "yes"].accepted is True and said[NOISE, "yes"].comment == "seen it, often"
    assert said[PRESSURE, "no"].accepted is False
    _voted(toy, folder, lambda p: says("no", 95))  # same ballots: the votes that were cast stand
    assert read_review(folder / REVIEW) == said
    (folder / "votes.jsonl").unlink()
    _voted(toy, folder, lambda p: says("no", 95))
    assert read_review(folder / REVIEW)[NOISE, "no"].accepted is None


@pytest.mark.parametrize(
    ("ticks", "sentence"),
    [
        ({"accept": "x", "refuse": "x"}, "both ticked"),
        ({"accept": "maybe"}, "'maybe' is no tick"),
        ({"accept": "x", "proposal": "no"}, "not proposed"),
    ],
)
def test_a_sheet_that_says_two_things_is_refused(
    folder: Path, toy: KnowledgeGraph, ticks: dict[str, str], sentence: str
) -> None:
    _tick(folder, noise=ticks)
    with pytest.raises(InputError, match=sentence):
        write_import(folder, toy)


def test_a_disagreement_is_not_proposed(toy: KnowledgeGraph, tmp_path: Path) -> None:
    folder = _voted(toy, tmp_path, lambda p: says("unsure", 90))
    assert read_proposals(folder) == [] and '"outcome":"unsure"' in (folder / UNSETTLED).read_text()
    assert read_review(folder / REVIEW) == {}


@pytest.mark.parametrize(
    ("ticks", "truths"),
    [
        ({"noise": "accept", "pressure": "refuse"}, {NOISE: Truth.YES}),
        ({"noise": "refuse", "pressure": "accept"}, {PRESSURE: Truth.NO}),
        ({"noise": "accept", "pressure": "accept"}, {NOISE: Truth.YES, PRESSURE: Truth.NO}),
    ],
)
def test_what_is_accepted_is_imported_with_its_voters_as_source_and_nothing_else_changes(
    folder: Path, tmp_path: Path, failwise: Program, ticks: dict[str, str], truths: dict[str, Truth]
) -> None:
    # One more sensor that nobody votes on: accepting all the others must not make it a no.
    more = tmp_path / "more.ttl"
    more.write_text(
        "@prefix fw: <https://w3id.org/failwise/ontology#> . @prefix sensor: <https://w3id.org/failwise/sensor/> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix table: <https://w3id.org/failwise/table/> .\n"
        'sensor:smell a fw:Sensor ; rdfs:label "smell"@en . table:toy-fan.indicatedBy fw:candidate sensor:smell .'
    )
    laid = [*toy_paths(), more]
    before = KnowledgeGraph.load(laid, shipped=False)
    _tick(folder, **{name: {tick: "x"} for name, tick in ticks.items()})
    path, counts = write_import(folder, before)
    assert counts == {"accepted": len(truths), "refused": 2 - len(truths), "undecided": 0}
    options = [a for p in laid for a in ("-o", p)]
    done = failwise("ontology", "import", path, "--out", tmp_path / "reviewed", "--no-shipped", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    after = KnowledgeGraph.load([*laid, tmp_path / "reviewed"], shipped=False)
    assert {i: f.truth for i, f in after.facts.items()} == {i: f.truth for i, f in before.facts.items()} | truths
    for fact_id in truths:
        assert after.facts[fact_id].source == "consensus-of-m3-and-m1-and-m2-accepted-in-review"
    with pytest.raises(InputError, match="still unknown"):
        write_import(folder, after)
