"""A heat pump's FMEA, filled into the template as an engineer would: with five mistakes, or without."""

from pathlib import Path
from typing import Any

SOURCE = "plant FMEA 2026"
SENSORS = (
    "suction pressure", "discharge pressure", "discharge temperature", "outlet water temperature", "air flow",
    "compressor current", "vibration", "noise",
)  # fmt: skip
# Failure mode: component, mechanism, causes, local effect, end effect, detection, tasks, S, O, D, and the sensors
# that show it (+) or may (?); the others do not.
MODES = {
    "refrigerant leak": (
        "refrigerant circuit", "fatigue", "vibrating pipework; corrosion of the coil", "low refrigerant charge",
        "loss of heating capacity", "leak detection", "leak repair; brazed joint inspection", 7, 4, 5,
        "+++?-+--",
    ),
    "fouled evaporator": (
        "evaporator", "fouling", "blocked air filter; dirty outdoor air", "reduced air flow",
        "loss of heating capacity", "visual inspection", "coil cleaning; filter replacement", 4, 7, 3,
        "+-?++---",
    ),
    "compressor bearing wear": (
        "compressor", "abrasive wear", "lubricant contamination; liquid slugging", "high vibration",
        "unplanned shutdown", "vibration trending", "oil change; compressor replacement", 9, 3, 4,
        "--+--+++",
    ),
    "expansion valve stuck": (
        "expansion valve", "contamination", "moisture in the circuit; foreign matter", "wrong superheat",
        "loss of heating capacity", "superheat check", "expansion valve replacement", 6, 3, 6,
        "++++-+--",
    ),
    "fan failure": (
        "fan", "fatigue", "ice on the fan blades; motor overload", "reduced air flow", "unplanned shutdown",
        "visual inspection", "fan replacement; defrost check", 7, 3, 2,
        "+?--+-++",
    ),
}  # fmt: skip
_MARKS = {"+": "yes", "-": "no", "?": None}


def fill(path: Path, *, mistakes: bool) -> None:
    """Fill in the workbook that `failwise ontology template 'heat pump'` wrote."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    _asset(book["Asset class"])
    for row, (mode, told) in enumerate(MODES.items(), 2):
        sheet, columns = book["Failure modes"], _columns(book["Failure modes"])
        component, mechanism, causes, local, end, detection, tasks, *ratings, marks = told
        filled = {
            "Name": mode, "Component": component, "Mechanism": mechanism, "Causes": causes, "Local effects": local,
            "End effects": end, "Detection methods": detection, "Tasks": tasks,
        }  # fmt: skip
        for title, value in (filled | dict(zip(("Severity", "Occurrence", "Detection"), ratings, strict=True))).items():
            sheet.cell(row, columns[title], value)
        _row(book["FM x sensor"], row, mode, str(marks))
        book["Components"].cell(row, 1, component)
    for number, sensor in enumerate(SENSORS, 2):
        book["Sensors"].cell(number, 1, sensor)
        book["Sensors"].cell(number, _columns(book["Sensors"])["Monitored"], "yes")
        book["FM x sensor"].cell(1, number, sensor)
    for row, (mode, cause) in enumerate(
        [("fan failure", "liquid slugging"), ("refrigerant leak", "motor overload")], 2
    ):
        for column, value in enumerate(("causedBy", mode, cause, "no"), 1):
            book["More facts"].cell(row, column, value)
    if mistakes:
        _err(book)
    book.save(path)


def _asset(sheet: Any) -> None:
    for (cell, *_), value in zip(sheet["A2:A8"], ("heat pump", None, None, SOURCE, None, None, None), strict=True):
        if value:
            sheet.cell(cell.row, 2, value)


def _row(sheet: Any, row: int, mode: str, marks: str) -> None:
    sheet.cell(row, 1, mode)
    for number, mark in enumerate(marks, 2):
        sheet.cell(row, number, _MARKS[mark])


def _columns(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def _err(book: Any) -> None:
    """Make five mistakes that people make."""
    book["FM x sensor"].cell(1, 8, "vibraton")  # a slip of the finger
    book["FM x sensor"].cell(3, 4, "maybe")  # neither yes nor no nor unknown
    book["Failure modes"].cell(4, _columns(book["Failure modes"])["Severity"], 11)  # off the scale
    book["Failure modes"].cell(7, 1, "Fan failure")  # the same thing on a second row
    for column, value in enumerate(("indicatedBy", "refrigerant leak", "suction pressure", "no"), 1):
        book["More facts"].cell(4, column, value)  # the matrix says yes
