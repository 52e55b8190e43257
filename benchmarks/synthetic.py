"""Made-up asset classes by the thousand, in the form that the importer writes: one Turtle file for each.

The same seed gives the same bytes. Of an asset class there are about 100 facts: failure modes, monitored
parameters, a closed table of indications, and here and there a cause and a rating; one in twenty is a kind of
another and inherits from it.
"""

import random
from collections.abc import Iterable
from pathlib import Path

from failwise.kg.vocabulary import PREFIXES

_MODES, _SENSORS, _CAUSES = 200, 100, 40
_MODES_EACH, _SENSORS_EACH = 8, 8
_USED = ("asset", "cause", "concept", "dcterms", "fw", "mode", "rating", "rdfs", "rel", "sensor", "source", "table")
_HEAD = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in _USED)
_SOURCE = 'source:synthetic a fw:Source ;\n    rdfs:label "made up, to measure with"@en .\n'


def write_ontology(folder: Path, asset_classes: int, seed: int = 0) -> list[Path]:
    """Write asset classes into a folder and return their files; the source they name stands in a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "synthetic-source.ttl").write_text(f"{_HEAD}\n{_SOURCE}", encoding="utf-8")
    paths = []
    for number in range(asset_classes):
        paths.append(folder / f"machine-{number:05}.ttl")
        paths[-1].write_text(asset_class(number, seed), encoding="utf-8")
    return paths


def asset_class(number: int, seed: int = 0) -> str:
    """Return one asset class in Turtle."""
    rng = random.Random(f"{seed}/{number}")
    name = f"machine-{number:05}"
    modes = sorted(rng.sample(range(_MODES), _MODES_EACH))
    sensors = [f"sensor:signal-{s}" for s in sorted(rng.sample(range(_SENSORS), _SENSORS_EACH))]
    causes = sorted(rng.sample(range(_CAUSES), 2))
    subjects = [
        _asset(name, number, modes, sensors, rng),
        *(_mode(name, mode, sensors, causes, rng) for mode in modes),
        *(_thing(f"concept:fault-{m}", "fw:FailureModeConcept", f"fault {m}") for m in modes),
        *(_thing(s, "fw:Sensor", s.removeprefix("sensor:").replace("-", " ")) for s in sensors),
        *(_thing(f"cause:cause-{c}", "fw:Cause", f"cause {c}") for c in causes),
        _table(name, modes, sensors),
    ]
    return f"# {name}. Made up, to measure with.\n\n{_HEAD}\n" + "\n".join(subjects)


def _asset(name: str, number: int, modes: list[int], sensors: list[str], rng: random.Random) -> str:
    broader = [f"fw:kindOf asset:machine-{rng.randrange(number):05}"] if number and rng.random() < 0.05 else []
    return _subject(
        f"asset:{name}",
        "fw:AssetClass",
        f'rdfs:label "{name.replace("-", " ")}"@en',
        "dcterms:source source:synthetic",
        *broader,
        f"rel:hasFailureMode {_listed(f'mode:{name}.fault-{m}' for m in modes)}",
        f"rel:monitoredBy {_listed(sensors)}",
    )


def _mode(name: str, mode: int, sensors: list[str], causes: list[int], rng: random.Random) -> str:
    indicated = [s for s in sensors if rng.random() < 0.3] or sensors[:1]
    caused = [f"rel:causedBy cause:cause-{rng.choice(causes)}"] if rng.random() < 0.25 else []
    rated = [f"rel:hasSeverity rating:{rng.randint(1, 10)}"] if rng.random() < 0.19 else []
    return _subject(
        f"mode:{name}.fault-{mode}",
        "fw:FailureMode",
        f'rdfs:label "fault {mode}"@en',
        f"fw:concept concept:fault-{mode}",
        f"fw:ofAssetClass asset:{name}",
        *caused,
        *rated,
        f"rel:indicatedBy {_listed(indicated)}",
    )


def _table(name: str, modes: list[int], sensors: list[str]) -> str:
    return _subject(
        f"table:{name}.indicatedBy",
        "fw:FactTable",
        "dcterms:source source:synthetic",
        f"fw:assetClass asset:{name}",
        f"fw:candidate {_listed(sensors)}",
        "fw:closed true",
        'fw:reading "Every pair is judged; an empty cell is a no."@en',
        "fw:relation rel:indicatedBy",
        f"fw:row {_listed(f'mode:{name}.fault-{m}' for m in modes)}",
    )


def _thing(node: str, kind: str, label: str) -> str:
    return _subject(node, kind, f'rdfs:label "{label}"@en')


def _listed(nodes: Iterable[str]) -> str:
    return ",\n        ".join(nodes)


def _subject(node: str, kind: str, *statements: str) -> str:
    return " ;\n    ".join([f"{node} a {kind}", *statements]) + " .\n"
