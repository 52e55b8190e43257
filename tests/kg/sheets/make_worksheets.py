"""Writes the example worksheets next to it: five layouts, five asset classes that are not shipped.

Run it after a change here: python tests/kg/sheets/make_worksheets.py
"""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "worksheets"
_DAY = datetime(2024, 1, 1)

COOLING_TOWER_HEADER = [
    ["Item", "Function", "Failure mode", "Failure cause", "Failure effects", "", "", "Detection method",
     "Compensating provision", "Monitored parameter", "S", "O", "D", "RPN", "Remarks"],
    ["", "", "", "", "Local effect", "Next higher level", "End effect", "", "", "", "", "", "", "", ""],
]  # fmt: skip
COOLING_TOWER = [
    ["Fan", "Move air through the fill", "Blade cracked", "Fatigue; ice on the blades", "Imbalance",
     "Less air flow", "Cold water too warm", "Vibration monitoring", "Vibration trip", "vibration", 7, 3, 4, 84, ""],
    ["", "", "Bearing seized", "Lack of grease\nWater in the grease", "Fan stops", "No air flow",
     "Cold water too warm", "Vibration monitoring", "Grease the bearing", "vibration\nbearing temperature", 8, 4, 3, 96,
     "see work orders"],
    ["Fill", "Spread water over a large surface", "Fill clogged", "1) Scale\n2) Algae", "Uneven water film",
     "Less heat transfer", "Cold water too warm", "Visual inspection", "Dose biocide",
     "cold water temperature; pressure drop", 6, 5, 5, 150, ""],
    ["Drift eliminator", "Keep droplets in the tower", "Eliminator displaced", "Storm", "Water carried out", "n/a",
     "Higher water consumption", "Visual inspection", "-", "make-up flow", 4, 3, 6, 72, ""],
    ["Circulation pump", "Lift water to the spray nozzles", "Cavitation", "Low basin level", "Noise and vibration",
     "Low water flow", "Loss of cooling", "Noise noticed on rounds", "Low level alarm",
     "vibration; suction pressure", 8, 4, 4, 128, ""],
]  # fmt: skip

SCREW_COMPRESSOR_HEADER = [
    ["Structure analysis (Step 2)", "", "", "Function analysis (Step 3)", "", "", "Failure analysis (Step 4)", "", "",
     "Risk analysis (Step 5)", "", "", "", "", "", "Optimization (Step 6)", "", "", "", "", "", ""],
    ["1. Next Higher Level", "2. Focus Element", "3. Next Lower Level or Characteristic Type", "1. Next Higher Level",
     "2. Focus Element", "3. Next Lower Level or Characteristic Type",
     "1. Failure Effects (FE) to the Next Higher Level Element and/or End User",
     "2. Failure Mode (FM) of the Focus Element",
     "3. Failure Cause (FC) of the Next Lower Element or Characteristic", "Severity (S) of FE",
     "Current Prevention Control (PC) of FC", "Occurrence (O) of FC", "Current Detection Control (DC) of FC or FM",
     "Detection (D) of FC/FM", "DFMEA AP", "DFMEA Preventive Action", "Responsible", "Status", "Severity (S)",
     "Occurrence (O)", "Detection (D)", "DFMEA AP"],
]  # fmt: skip
SCREW_COMPRESSOR = [
    ["Screw compressor", "Male and female rotor", "Rotor coating", "Deliver compressed air", "Compress air",
     "Seal the gap", "Delivery flow too low", "Rotor gap too wide", "Coating worn by dust", 7,
     "Change the intake filter", 4, "Measure the specific power", 5, "M",
     "Monitor the filter pressure drop", "", "open", 7, 2, 4, "L"],
    ["Screw compressor", "Rotor bearing", "Lubricant", "Deliver compressed air", "Carry the rotors",
     "Separate surfaces", "Air end seizes", "Bearing spalled", "Water in the oil", 9,
     "Keep the oil above the dew point", 3, "Vibration measurement", 4, "H",
     "Sample the oil each quarter", "", "open", 9, 2, 3, "M"],
    ["Screw compressor", "Rotor bearing", "Lubricant", "Deliver compressed air", "Carry the rotors",
     "Separate surfaces", "Air end seizes", "Bearing spalled", "Oil changed too late", 9,
     "Change the oil by running hours", 3, "Oil analysis", 4, "H", "", "", "", "", "", "", ""],
    ["Screw compressor", "Oil separator", "Filter element", "Deliver clean air", "Separate oil from air",
     "Hold oil back", "Oil in the air network", "Separator element torn", "Pressure surge", 6,
     "Open the blow-down valve slowly", 2, "Measure the oil carry-over", 6, "L", "", "", "", "", "", "", ""],
]  # fmt: skip

CONVEYOR_BELT = [
    ["Failure mode and effects analysis"],
    ["System", "Coal handling", "", "Indenture level", "2"],
    ["Item:", "Conveyor belt", "", "Reference drawing:", "CB-100"],
    [],
    ["Identification number", "Item/Functional identification (nomenclature)", "Function", "Failure modes and causes",
     "Mission phase/Operational mode", "Local effects", "Next higher level", "End effects", "Failure detection method",
     "Compensating provisions", "Severity class", "Remarks"],
    ["1.1", "Belt", "Carry the load", "Longitudinal rip due to a trapped bar", "Loaded run", "Belt splits",
     "Load falls off", "Conveyor stops", "Rip detector", "Magnet above the belt", "II", ""],
    ["1.2", "Belt", "Carry the load", "Belt slips caused by wet pulley lagging", "Start", "Lagging heats up",
     "Belt slows down", "Fire risk", "Speed switch", "Belt scraper; tensioning", "I", ""],
    ["2.1", "Idler", "Support the belt", "Idler seized due to worn bearing seals", "Loaded run", "Roll worn flat",
     "Belt cut", "Belt damaged", "Infrared inspection | Noise noticed on rounds", "Replace noisy idlers", "III", ""],
    ["3.1", "Drive gearbox", "Drive the head pulley", "Tooth broken due to overload", "Start", "No torque",
     "Belt stands still", "Conveyor stops", "Vibration monitoring", "Fluid coupling", "II", "Spare on site"],
]  # fmt: skip

CHILLER_HEADER = ["Equipment class", "Subunit", "Maintainable item", "Failure mode code", "Failure mode",
                  "Failure mechanism", "Failure cause", "Detection method", "Maintenance activity",
                  "Condition monitoring parameter", "Failure rate (per 1E6 h)", "Source"]  # fmt: skip
CHILLER = {
    "Compression": [
        ["Chiller", "Compressor", "Compressor motor", "OHE", "Overheating", "Insulation ageing", "Refrigerant loss",
         "Winding temperature alarm", "Replace", "winding temperature; motor current", 12.5, "plant records"],
        ["Chiller", "Compressor", "Compressor bearing", "VIB", "Vibration", "Wear", "Oil diluted by refrigerant",
         "Vibration monitoring", "Replace", "vibration; oil temperature", 8, "plant records"],
        ["Chiller", "Compressor", "Capacity control", "ERO", "Erratic output", "Sticking", "Dirt in the oil",
         "Function test", "Adjust", "discharge pressure", 15, "plant records"],
    ],
    "Heat exchange": [
        ["Chiller", "Condenser", "Condenser tubes", "IHT", "Insufficient heat transfer", "Fouling",
         "Untreated cooling water", "Approach temperature trending", "Clean", "condensing pressure", 30,
         "plant records"],
        ["Chiller", "Evaporator", "Evaporator tubes", "INL", "Internal leakage", "Corrosion", "Water chemistry",
         "Eddy current test", "Plug or replace tubes", "refrigerant moisture", 2, "plant records"],
        ["Chiller", "Evaporator", "Expansion valve", "PLU", "Plugged / choked", "Blockage", "Debris in the refrigerant",
         "Superheat trending", "Clean", "superheat", 5, "plant records"],
    ],
}  # fmt: skip

HYDRAULIC_PRESS = [
    ["Asset class", "Hydraulic press"],
    ["Source", "maintenance workshop"],
    [],
    ["Failure mode / parameter", "oil pressure", "oil temperature", "oil debris", "vibration", "cycle time"],
    ["Pump worn", "✓", "✓", "✓", "✓", "✓"],
    ["Cylinder seal leaking", "✓", "no", "", "✗", "✓"],
    ["Directional valve sticking", "x", "?", "x", "✗", "x"],
    ["Relief valve drifted", "1", "1", "0", "0", ""],
    ["Oil cooler fouled", "no", "yes", "no", "no", "unknown"],
]


def main() -> None:
    """Write all five."""
    FOLDER.mkdir(exist_ok=True)
    _cooling_tower()
    _screw_compressor()
    _chiller()
    _csv("mil-std-1629a-conveyor-belt.csv", CONVEYOR_BELT)
    _csv("relevance-matrix-hydraulic-press.csv", HYDRAULIC_PRESS)


def _cooling_tower() -> None:
    book, sheet = _book("FMEA")
    rows: list[list[Any]] = [
        ["Failure modes and effects analysis"],
        ["System: cooling tower", "", "", "Date", _DAY],
        [],
    ]
    _write(sheet, [*rows, *COOLING_TOWER_HEADER, *COOLING_TOWER])
    for area in ("A1:O1", "E4:G4", "A6:A7", "B6:B7", *(f"{c}4:{c}5" for c in "ABCDHIJKLMNO")):
        sheet.merge_cells(area)
    _save(book, "iec-60812-cooling-tower.xlsx")


def _screw_compressor() -> None:
    book, sheet = _book("DFMEA")
    _write(
        sheet, [["Design FMEA"], ["Company:", "", "Subject:", "Air end"], *SCREW_COMPRESSOR_HEADER, *SCREW_COMPRESSOR]
    )
    for area in ("A1:V1", "A3:C3", "D3:F3", "G3:I3", "J3:O3", "P3:V3"):
        sheet.merge_cells(area)
    _save(book, "aiag-vda-screw-compressor.xlsx")


def _chiller() -> None:
    book, sheet = _book("Read me")
    _write(sheet, [["One sheet per part of the chiller."], ["Codes follow ISO 14224, table B.6 onwards."]])
    for name, rows in CHILLER.items():
        _write(book.create_sheet(name), [CHILLER_HEADER, *rows])
    _save(book, "iso-14224-chiller.xlsx")


def _book(title: str) -> tuple[Any, Any]:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = title
    book.properties.creator = "failwise"
    book.properties.created = book.properties.modified = _DAY
    return book, sheet


def _write(sheet: Any, rows: list[list[Any]]) -> None:
    for row, cells in enumerate(rows, 1):
        for column, value in enumerate(cells, 1):
            if value != "":
                sheet.cell(row, column, value)


def _save(book: Any, name: str) -> None:
    book.save(FOLDER / name)


def _csv(name: str, rows: list[list[str]]) -> None:
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
