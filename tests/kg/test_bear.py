"""Probes for lm-pub-quiz: each true fact once, among answers that are known to be false.

lm-pub-quiz 0.3.3 read the pump's 456 probes and scored a model on them; it is no part of the test environments.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.kg.bear import METADATA, PROVENANCE, write_bear
from failwise.kg.export import export
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.kg.records import Truth
from tests.conftest import TOY, Program, toy_paths


def read(folder: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    """Return the metadata and the rows of each relation."""
    rows = {p.stem: [json.loads(line) for line in p.read_text().splitlines()] for p in folder.glob("*.jsonl")}
    return json.loads((folder / METADATA).read_text()), rows


def test_each_true_fact_of_the_toy_is_asked_once_among_false_ones(tmp_path: Path) -> None:
    assert export(load_ontology(toy_paths(), shipped=False), tmp_path / "toy.bear") == 7
    relations, rows = read(tmp_path / "toy.bear")
    asked = {row["fact_id"].removeprefix("toy-"): set(relations[code]["answer_space_labels"])
             for code, some in rows.items() for row in some}  # fmt: skip
    assert asked == {
        "pump/indicatedBy/seal-leakage/pressure": {"pressure", "vibration", "temperature", "noise"},
        "pump/indicatedBy/bearing-damage/temperature": {"temperature", "noise", "pressure"},
        "pump/indicatedBy/bearing-damage/vibration": {"vibration", "noise", "pressure"},
        "pump/indicatedBy/cavitation/noise": {"noise", "temperature"},
        "pump/indicatedBy/cavitation/pressure": {"pressure", "temperature"},
        "pump/indicatedBy/cavitation/vibration": {"vibration", "temperature"},
        "fan/indicatedBy/bearing-damage/vibration": {"vibration", "temperature"},  # the rest is unknown
    }
    (first,) = rows["toy-pump-indicatedBy-1"]
    assert first == {
        "sub_id": "toy-pump/seal-leakage", "sub_label": "seal leakage", "obj_id": "indicatedBy/pressure",
        "obj_label": "pressure", "fact_id": "toy-pump/indicatedBy/seal-leakage/pressure",
    }  # fmt: skip
    assert relations["toy-pump-indicatedBy-1"]["templates"] == ["on the toy pump, [X] is indicated by [Y]."]
    assert relations["toy-pump-indicatedBy-1"]["chance"] == 0.25
    assert json.loads((tmp_path / "toy.bear" / PROVENANCE).read_text())["left_out"] == {}


def test_every_answer_but_the_right_one_is_known_to_be_false(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    count = write_bear(shipped, ["pump", "fan"], tmp_path / "two.bear")
    relations, rows = read(tmp_path / "two.bear")
    assert relations.keys() == rows.keys()
    seen: list[str] = []
    for code, some in rows.items():
        answers = relations[code]["answer_space_ids"]
        assert len(set(answers)) == len(answers) >= 2
        for row in some:
            seen.append(row["fact_id"])
            fact = shipped.facts[row["fact_id"]]
            told = {
                f"{f.relation}/{f.object.slug}": f.truth
                for f in shipped.query(fact.asset_class.slug, fact.relation, subject=fact.subject.slug)
            }
            truths = {answer: told[answer] for answer in answers}
            assert truths.pop(row["obj_id"]) is Truth.YES and set(truths.values()) == {Truth.NO}
    assert len(seen) == len(set(seen)) == count
    left = json.loads((tmp_path / "two.bear" / PROVENANCE).read_text())["left_out"]
    true = sum(1 for asset in ("pump", "fan") for _ in shipped.query(asset, truth=Truth.YES))
    assert count + sum(left.values()) == true


def test_subjects_share_a_file_where_each_has_one_right_answer(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    write_bear(shipped, ["pump"], tmp_path / "pump.bear")
    relations, rows = read(tmp_path / "pump.bear")
    assert [len(rows[code]) for code in rows if code.startswith("pump-hasSeverity")] == [8]
    assert relations["pump-hasSeverity-1"]["templates"] == ["[Y] is the severity rating of [X] on the pump."]
    assert relations["monitoredBy-1"]["templates"] == ["[Y] is a monitored parameter of the [X]."]
    assert rows["monitoredBy-1"][0]["sub_label"] == "pump"


def test_a_folder_that_holds_something_is_left_as_it_is(failwise: Program, toy: KnowledgeGraph, tmp_path: Path) -> None:
    ontology = [part for path in toy_paths() for part in ("-o", path)]
    call = ("ontology", "export", tmp_path / "toy.bear", "--no-shipped", *ontology)
    done = failwise(*call)
    assert done.returncode == 0 and "toy.bear: 7 facts" in done.stdout
    again = failwise(*call)
    assert again.returncode == 2 and "name a new folder" in again.stderr
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".bear"]


def test_what_another_process_is_writing_stays(toy: KnowledgeGraph, tmp_path: Path) -> None:
    for name in (".toy.bear.part", ".toy.bear.0f0f0f0f.part"):
        (tmp_path / name).mkdir()
    assert write_bear(toy, ["toy-pump"], tmp_path / "toy.bear") == 6
    assert len(list(tmp_path.iterdir())) == 3


def test_facts_with_nothing_false_beside_them_are_counted(failwise: Program, tmp_path: Path) -> None:
    """The toy fan's one false fact is taken out: vibration is true, all else unknown."""
    (tmp_path / "open.ttl").write_text(TOY.read_text().partition("<https://w3id.org/failwise/no/")[0])
    ontology = [part for path in (*toy_paths()[:2], tmp_path / "open.ttl") for part in ("-o", path)]
    fan = ("ontology", "export", tmp_path / "fan.bear", "--no-shipped", *ontology, "-a", "toy fan")
    done = failwise(*fan)
    assert done.returncode == 2 and "no true fact of toy-fan" in done.stderr
    assert not (tmp_path / "fan.bear").exists()
    done = failwise(*fan, "-a", "toy pump")
    assert "left out: 1 (nothing is known to be false beside it)" in done.stdout


def test_a_label_that_would_be_filled_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.ttl").write_text(TOY.read_text().replace('"toy pump"', '"toy [Y] pump"'))
    with pytest.raises(InputError, match=r"'toy \[Y\] pump' holds \[X\] or \[Y\]"):
        export(load_ontology([*toy_paths()[:2], tmp_path / "odd.ttl"], shipped=False), tmp_path / "odd.bear")
    assert not (tmp_path / "odd.bear").exists()
