"""Facts as probes for lm-pub-quiz, in the layout of its BEAR data set (J. Wiland, M. Ploner and A. Akbik 2024).

There a relation is a file of subjects and a set of answers that all of them share: one is right, and each other one
counts as wrong. Ours have many that are right. So each true fact is asked once, among answers of which it is the only
true one and all others are known to be false; subjects for which that holds share a file.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import part_beside, storage_errors, write_json, write_text
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Fact, Truth

METADATA, PROVENANCE = "metadata_relations.json", "failwise.json"
SUBJECT, OBJECT = "[X]", "[Y]"
NO_WRONG = "nothing is known to be false beside it"

# A table: of each subject its facts, by object.
_Table = dict[str, dict[str, Fact]]


def write_bear(graph: KnowledgeGraph, asset_classes: Sequence[str], path: Path) -> int:
    """Write the true facts of asset classes as probes into a new folder; return how many there are.

    Of relations whose subject is the asset class itself all asset classes are subjects of one table.

    Raises:
        InputError: the folder holds something, or no fact can be asked.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path} is there already; name a new folder")
    relations: dict[str, dict[str, Any]] = {}
    left_out: Counter[str] = Counter()
    lines: dict[str, list[Fact]] = {}
    for (asset, relation), table in _tables(graph, asset_classes).items():
        template = _template(graph, asset, relation)
        for number, (answers, facts) in enumerate(_answer_sets(table, left_out), 1):
            code = f"{asset}-{relation}-{number}" if asset else f"{relation}-{number}"
            relations[code], lines[code] = _metadata(template, answers, asset, relation), facts
    count = sum(map(len, lines.values()))
    if not count:
        raise InputError(f"no true fact of {', '.join(asset_classes)} has one beside it that is known to be false")
    told = {"ontology": graph.digest, "facts": count, "left_out": dict(left_out)}
    _write(path, {code: _rows(facts) for code, facts in lines.items()}, {METADATA: relations, PROVENANCE: told})
    return count


def _tables(graph: KnowledgeGraph, asset_classes: Sequence[str]) -> dict[tuple[str, str], _Table]:
    """Return the facts of each relation of each asset class; those about asset classes themselves stand together."""
    tables: dict[tuple[str, str], _Table] = {}
    for fact in (fact for slug in asset_classes for fact in graph.query(slug)):
        itself = fact.subject.iri == fact.asset_class.iri
        table = tables.setdefault(("" if itself else fact.asset_class.slug, fact.relation), {})
        table.setdefault(fact.subject.slug, {})[fact.object.slug] = fact
    return tables


def _answer_sets(table: _Table, left_out: Counter[str]) -> Iterator[tuple[list[Entity], list[Fact]]]:
    """Yield sets of answers with the facts that are asked by them, until each true fact that can be was asked once.

    A set is made of one true object of a subject and all of its false ones; subjects with the most of these come first.
    """
    wrong = {subject: [f.object for f in row.values() if f.truth is Truth.NO] for subject, row in table.items()}
    true = [fact for row in table.values() for fact in row.values() if fact.truth is Truth.YES]
    asked: set[str] = set()
    for fact in sorted(true, key=lambda f: (-len(wrong[f.subject.slug]), f.id)):
        if fact.id in asked:
            continue
        if not wrong[fact.subject.slug]:
            left_out[NO_WRONG] += 1
            continue
        answers = sorted([fact.object, *wrong[fact.subject.slug]], key=lambda answer: answer.slug)
        found = [only for row in table.values() if (only := _only_true(row, answers)) and only.id not in asked]
        asked |= {only.id for only in found}
        yield answers, found


def _only_true(row: Mapping[str, Fact], answers: Sequence[Entity]) -> Fact | None:
    """Return the one fact of a subject that is true of these answers; None unless all others are known to be false."""
    facts = [row.get(answer.slug) for answer in answers]
    true = [fact for fact in facts if fact and fact.truth is Truth.YES]
    false = sum(fact is not None and fact.truth is Truth.NO for fact in facts)
    return true[0] if len(true) == 1 and false == len(answers) - 1 else None


def _template(graph: KnowledgeGraph, asset: str, relation: str) -> str:
    label = graph.asset_classes[asset].label if asset else SUBJECT
    if asset and (SUBJECT in label or OBJECT in label):
        raise InputError(f"the label {label!r} holds {SUBJECT} or {OBJECT}, which lm-pub-quiz fills in; rename it")
    return graph.relations[relation].statement.format(asset=label, subject=SUBJECT, object=OBJECT) + "."


def _metadata(template: str, answers: Sequence[Entity], asset: str, relation: str) -> dict[str, Any]:
    """Return what lm-pub-quiz reads of a relation; what it does not know, results can be grouped by."""
    return {
        "templates": [template],
        "answer_space_labels": [answer.label for answer in answers],
        "answer_space_ids": [_id(relation, answer) for answer in answers],
        "asset_class": asset or "all",
        "relation": relation,
        "chance": 1 / len(answers),
    }


def _rows(facts: Sequence[Fact]) -> str:
    rows = [
        {
            "sub_id": _id(fact.asset_class.slug, fact.subject),
            "sub_label": fact.subject.label,
            "obj_id": _id(fact.relation, fact.object),
            "obj_label": fact.object.label,
            "fact_id": fact.id,
        }
        for fact in facts
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _id(within: str, entity: Entity) -> str:
    """Return an id that is no number even where the slug is one (a rating): pandas would read it as one."""
    return f"{within}/{entity.slug}"


def _write(path: Path, tables: Mapping[str, str], documents: Mapping[str, Any]) -> None:
    """Write a folder whole, or not at all."""
    part = part_beside(path)
    try:
        for code, rows in tables.items():
            write_text(part / f"{code}.jsonl", rows)
        for name, document in documents.items():
            write_json(part / name, document)
        with storage_errors(path):
            part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
