"""A relevance matrix in JSON becomes claims: nested objects, or the files of the FailureSensorIQ repository.

    {asset class: {failure mode: {sensor: 1 | 0 | true | false | null}}}
    {asset class: {failure mode: [sensor, ...]}}
    {"relevant_sensors_for_each_asset": {asset class: [sensor, ...]}, "relevant_fm_for_each_asset": {...}}
    [{"asset_class": ..., "failure_mode" or "sensor": ..., "mc_targets": {option: 1 | 0}}, ...], at any depth

In the last, a 1 means relevant, or not relevant where the record, a key above it or the file's name says
"irrelevant" or "negative".
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

from failwise.kg.records import Truth
from failwise.kg.sheets.cells import is_truth, truth_of
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import ReadOptions
from failwise.kg.sheets.matrix import HELD_BY
from failwise.kg.sheets.records import Claim, Draft, Place
from failwise.kg.vocabulary import FW

MOST_BYTES = 100_000_000
MOST_LEVELS = 100

_LISTS = {
    "relevant_sensors_for_each_asset": "monitoredBy",
    "relevant_fm_for_each_asset": "hasFailureMode",
}
_TARGETS = "mc_targets"
_SHOWN = 60  # characters of a value in a message
# Half of a character that takes two: it cannot be written to a file.
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_NEGATIVE = re.compile(r"irrelevant|negat", re.IGNORECASE)
_LAYOUTS = (
    "{asset class: {failure mode: {sensor: 1, 0 or null}}}, {asset class: {failure mode: [sensors]}}, or "
    "FailureSensorIQ's files"
)


def draft_json(path: Path, draft: Draft, options: ReadOptions) -> None:
    """Add what a matrix in JSON says to a draft; what is amiss becomes findings."""
    collector = Collector(draft, options)
    place = Place(path.name, "", 0)
    data = _load(path, place, collector)
    if data is None:
        return
    before = len(draft.claims), len(draft.findings)
    _Matrix(path, place, collector).read(data)
    if before == (len(draft.claims), len(draft.findings)):
        message = "no asset class with failure modes or sensors is found"
        collector.find("ERROR", place, "nothing-recognised", message, fix=f"known are {_LAYOUTS}")


def _load(path: Path, place: Place, collector: Collector) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            message = f"the file has {path.stat().st_size:,} bytes; at most {MOST_BYTES:,} are read"
            collector.find("ERROR", place, "too-large", message, fix="split it by asset class")
            return None

        def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
            return _object(items, place, collector)

        text = path.read_text(encoding="utf-8-sig")
        if half := _HALF.search(text):
            raise ValueError(f"{half[0]} is half of a character")
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse)
    except (OSError, ValueError) as error:
        collector.find("ERROR", place, "not-json", f"the file cannot be read as JSON: {error}", fix="mend it there")
        return None
    except RecursionError:
        message = f"the file is nested too deeply; at most {MOST_LEVELS} levels are read"
        collector.find("ERROR", place, "too-deep", message, fix=f"known are {_LAYOUTS}")
        return None
    if data is None:
        collector.find("ERROR", place, "nothing-recognised", "the file holds null", fix=f"known are {_LAYOUTS}")
    return data


def _object(items: list[tuple[str, Any]], place: Place, collector: Collector) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        keys = [key for key, _ in items]
        for key in sorted({key for key in keys if keys.count(key) > 1})[:10]:
            message = f"the key {key!r} stands twice in one object; one of the two would be lost"
            collector.find("ERROR", place, "duplicate-key", message, key, "join the two, or rename one of them")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no value of JSON")


class _Matrix:
    """Reads one file."""

    def __init__(self, path: Path, place: Place, collector: Collector) -> None:
        self._stem = path.stem
        self._place = place
        self._collector = collector

    def read(self, data: Any) -> None:
        """Add the claims of a whole file."""
        if records := list(self._records(data, [self._stem])):
            for record, trail in records:
                self._record(record, trail)
        elif isinstance(data, dict) and data.keys() & _LISTS.keys():
            for key, relation in _LISTS.items():
                self._lists(data.get(key, {}), relation, [key])
        elif isinstance(data, dict):
            for asset_class, modes in data.items():
                self._asset_class(asset_class, modes)
        else:
            self._wrong([], data, "an object of asset classes")

    # --- records of questions that hold a whole row or column ---

    def _records(self, data: Any, trail: list[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
        if len(trail) > MOST_LEVELS:
            message = f"the file is nested more than {MOST_LEVELS} levels deep; what is below is left out"
            self._collector.find("ERROR", self._place, "too-deep", message, fix=f"known are {_LAYOUTS}")
        elif isinstance(data, dict) and _TARGETS in data:
            yield data, trail
        elif isinstance(data, dict):
            for key, value in data.items():
                yield from self._records(value, [*trail, key])
        elif isinstance(data, list):
            for i, value in enumerate(data):
                yield from self._records(value, [*trail, str(i)])

    def _record(self, record: dict[str, Any], trail: list[str]) -> None:
        asset_class, targets = record.get("asset_class"), record[_TARGETS]
        anchors = [kind for key, kind in _ANCHORS.items() if isinstance(record.get(key), str)]
        if not isinstance(asset_class, str) or len(anchors) != 1 or not isinstance(targets, dict):
            self._wrong(trail[1:], record, "a record with asset_class, mc_targets and one of failure_mode and sensor")
            return
        words = [*trail, str(record.get("relevancy", "")), str(record.get("question_type", ""))]
        turned = any(map(_NEGATIVE.search, words))
        for option, value in targets.items():
            truth = self._truth(value, [*trail[1:], _TARGETS, option])
            if truth in _TURNED and turned:
                truth = _TURNED[truth]
            if anchors == [FW.FailureMode]:
                self._pair(asset_class, record["failure_mode"], option, truth)
            else:
                self._pair(asset_class, option, record["sensor"], truth)

    # --- lists per asset class ---

    def _lists(self, data: Any, relation: str, trail: list[str]) -> None:
        if not isinstance(data, dict):
            self._wrong(trail, data, "an object of asset classes")
            return
        for asset_class, names in data.items():
            for name in self._names(names, [*trail, asset_class]):
                self._claim(asset_class, relation, "", name, Truth.YES)

    def _names(self, data: Any, trail: list[str]) -> Iterator[str]:
        if not isinstance(data, list):
            self._wrong(trail, data, "a list of names")
            return
        for i, name in enumerate(data):
            if isinstance(name, str):
                yield name
            else:
                self._wrong([*trail, str(i)], name, "a name")

    # --- nested objects ---

    def _asset_class(self, asset_class: str, modes: Any) -> None:
        if not isinstance(modes, dict):
            self._wrong([asset_class], modes, "an object of failure modes")
            return
        for mode, sensors in modes.items():
            trail = [asset_class, mode]
            if isinstance(sensors, dict):
                for sensor, value in sensors.items():
                    self._pair(asset_class, mode, sensor, self._truth(value, [*trail, sensor]))
            elif isinstance(sensors, list):
                for sensor in self._names(sensors, trail):
                    self._pair(asset_class, mode, sensor, Truth.YES)
                self._claim(asset_class, "hasFailureMode", "", mode, Truth.YES)
            else:
                self._wrong(trail, sensors, "an object or a list of sensors")

    # --- claims and findings ---

    def _truth(self, value: Any, trail: list[str]) -> "Truth | _Wrong | None":
        text = "" if value is None else str(value) if isinstance(value, bool | int | float | str) else "?wrong"
        if is_truth(text):
            return truth_of(text)
        self._wrong(trail, value, "1, 0, true, false or null")
        return _WRONG

    def _pair(self, asset_class: str, mode: str, sensor: str, truth: "Truth | _Wrong | None") -> None:
        if isinstance(truth, _Wrong):
            return
        self._claim(asset_class, HELD_BY[FW.FailureMode], "", mode, Truth.YES)
        self._claim(asset_class, HELD_BY[FW.Sensor], "", sensor, Truth.YES)
        self._claim(asset_class, "indicatedBy", mode, sensor, truth)

    def _claim(self, asset_class: str, relation: str, subject: str, object_: str, truth: Truth | None) -> None:
        owner, name = self._name(asset_class), self._name(object_)
        about = self._name(subject) if relation == "indicatedBy" else ""
        if owner and name and (about or relation != "indicatedBy"):
            self._collector.asset_class(owner, self._place)
            self._collector.claim(Claim(owner, relation, about, name, truth, self._place))

    def _name(self, text: str) -> str:
        return self._collector.name(" ".join(normalize("NFC", text).split()), self._place, "a name")

    def _wrong(self, trail: list[str], value: Any, needed: str) -> None:
        path = "$" + "".join(f"[{part if part.isdigit() else json.dumps(part, ensure_ascii=False)}]" for part in trail)
        shown = _shown(value)
        message = f"{path} is {shown}; {needed} is needed"
        self._collector.find("ERROR", self._place, "json-value", message, shown, f"known are {_LAYOUTS}")


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


class _Wrong:
    """Stands for a value that is no truth; it was reported."""


_WRONG = _Wrong()
_ANCHORS = {"failure_mode": FW.FailureMode, "sensor": FW.Sensor}
_TURNED = {Truth.YES: Truth.NO, Truth.NO: Truth.YES}
