"""The words of the sheet *Read me*: pairs of a heading and a text; a pair with one of the two spans both columns."""

from failwise.kg.sheets.template import ASSET_CLASS, FACTS, MARKER, MATRIX, MORE_FACTS, TABLES

GUIDE = (
    ("", "This workbook describes one asset class: how it fails, and what shows it. Fill it in, in any order."),
    ("How to fill it in", ""),
    (
        "Names",
        "Each sheet lists the things of one kind, one per row. The drop-downs offer names that are known already; "
        "a new name is just as welcome. Write a name the same way everywhere; capitals do not matter.",
    ),
    (
        "yes, no, unknown",
        "yes: a source says that it holds. no: a source says that it does not. unknown: nobody has said. "
        "Write no only where you know it: a no is used as a fact, an unknown never is.",
    ),
    (
        "A blank",
        "In the matrix and under Monitored a blank is unknown, unless you say on the sheet Asset class that blanks of "
        "that relation mean no. Under Applies and Fitted a blank is yes; not stated says nothing either way.",
    ),
    (
        "Several values",
        "Where a column takes several, separate them with ; or a line break (Alt+Enter). A name that itself holds ; "
        'stands in "quotes".',
    ),
    (
        "Nothing is lost",
        "A fact that has no column goes to the sheet More facts: a no for a cause, the word of a second source, a "
        "relation of your own. Only the Comment columns are not imported: they are notes for yourself.",
    ),
    ("The sheets", ""),
    (ASSET_CLASS, "The name of the asset class, what it is a kind of, the source, and what a blank means."),
    *((table.name, table.about) for table in TABLES),
    (MATRIX, "Which sensor indicates which failure mode: failure modes down, sensors across, an answer in each cell."),
    (MORE_FACTS, FACTS.about),
    ("How to import it", ""),
    ("Command", "failwise ontology import FILE --out FOLDER"),
    (
        "What happens",
        "All that is amiss is listed with sheet and cell, and with what to do about it. Nothing is written while there "
        "is an error. Sheets that you do not need may stay empty; do not rename sheets or headers.",
    ),
    ("Made for", MARKER),
)
