"""`failwise ontology template` and `import`: a new asset class from the spreadsheet people already have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_ontology import FailOn, Level, Report, check_report, exit_code, show_findings
from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, print_json, print_table
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.kg.importer import Staged
    from failwise.question_yield import Yield

MOST_ROWS = 40  # of the preview of what changes

Documents = Annotated[
    list[Path],
    typer.Argument(help="Workbooks (.xlsx), tables (.csv .tsv), matrices (.json), triples (.ttl .nt .jsonld .rdf)."),
]


def template(
    asset_class: Annotated[str, typer.Argument(help="Name of the asset class: 'heat pump'.")],
    out: Annotated[Path, typer.Option("--out", help="Workbook to write.")],
    like: Annotated[
        list[str] | None, typer.Option(help="Fill in the failure modes and sensors of this asset class, unjudged.")
    ] = None,
    kind_of: Annotated[list[str] | None, typer.Option(help="A broader asset class that it inherits from.")] = None,
    ontology: OntologyPaths = [],  # noqa: B006 - typer's way
    no_shipped: OnlyGiven = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a workbook that exists.")] = False,
) -> None:
    """Write a workbook for a new asset class: fill it in, then `failwise ontology import` it."""
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import load_ontology
    from failwise.kg.sheets.content import empty_content
    from failwise.kg.sheets.template_writer import write_template

    if out.suffix != ".xlsx":
        raise InputError(f"--out {out}: a workbook ends in .xlsx")
    if out.exists() and not force:
        raise InputError(f"{out} exists, and what was filled in would be lost; pass --force or name another file")
    read = load_ontology(ontology, shipped=not no_shipped)
    write_template(out, empty_content(KnowledgeGraph(read), read, asset_class, like or (), kind_of or ()))
    typer.echo(f"{out} written; fill it in, then: failwise ontology import {out} --out FOLDER")


def import_(
    documents: Documents,
    out: Annotated[Path, typer.Option("--out", help="Folder for one .ttl file per asset class.")],
    ontology: OntologyPaths = [],  # noqa: B006 - typer's way
    asset_class: Annotated[str, typer.Option(help="Name to use where a document names none.")] = "",
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="HEADER=FIELD for a column that is not recognised, or =ignore.")
    ] = None,
    blank: Annotated[str, typer.Option(help="What a blank means: unknown, or no.")] = "unknown",
    relation: Annotated[str, typer.Option(help="What a tick in a bare matrix states.")] = "indicatedBy",
    transposed: Annotated[bool, typer.Option("--transposed", help="A bare matrix has its subjects on top.")] = False,
    split_at: Annotated[
        list[str] | None, typer.Option(help="A further sign between several values in a cell, such as ','.")
    ] = None,
    exact_names: Annotated[
        bool, typer.Option("--exact-names", help="Keep plural and spelling variants apart.")
    ] = False,
    look_alikes: Annotated[
        str, typer.Option(help="How new names are compared with known ones: meaning, letters or off.")
    ] = "meaning",
    decisions: Annotated[
        Path | None, typer.Option(help="File that says which look-alike names mean the same; questions are added.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over what other documents stated too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show findings and changes; write nothing.")] = False,
    no_shipped: OnlyGiven = False,
    fail_on: FailOn = Level.ERROR,
    report: Report = None,
    as_json: AsJson = False,
) -> int:
    """Turn spreadsheets into asset classes: all findings by cell, what would change, then one .ttl file each."""
    from failwise.kg.decisions import read_decisions, write_decisions
    from failwise.kg.importer import ImportOptions, stage
    from failwise.question_yield import question_yields

    check_report(report)
    if blank not in ("unknown", "no"):
        raise InputError(f"--blank {blank!r}: allowed are unknown and no")
    if look_alikes not in ("meaning", "letters", "off"):
        raise InputError(f"--look-alikes {look_alikes!r}: allowed are meaning, letters and off")
    options = ImportOptions(
        asset_class=asset_class,
        headers=_mapping(columns or ()),
        blank=blank,
        matrix_relation=relation,
        transposed=transposed,
        separators=("\n", ";", "|", *(split_at or ())),
        exact=exact_names,
        look_alikes=look_alikes,
        replace=replace,
    )
    decided = read_decisions(decisions) if decisions is not None and decisions.exists() else None
    staged = stage(documents, out, ontology, options, decided, shipped=not no_shipped)
    if decisions is not None and not dry_run:
        write_decisions(decisions, staged.decisions)
    failed = exit_code(staged.findings, fail_on)
    written = [] if failed or dry_run or not staged.fit else staged.write()
    yields = question_yields(staged, documents, ontology, options, shipped=not no_shipped) if staged.fit else []
    show_findings(staged.findings, report, as_json=False, quiet=as_json)
    if as_json:
        print_json(
            {
                "findings": staged.findings,
                "diff": staged.diff.to_json(),
                "questions": yields,
                "written": [str(path) for path in written],
            }
        )
    else:
        _show(staged, yields)
        _conclude(staged, written, out, dry_run=dry_run)
    return failed or int(not staged.fit)


def _show(staged: "Staged", yields: "list[Yield]") -> None:
    if staged.fit:
        typer.echo(f"\n{staged.diff.summary()}")
        if rows := staged.diff.table()[1]:
            columns = ["asset class", "relation", "was", "is", "+", "-", "changed", "source"]
            print_table(columns, rows[:MOST_ROWS])
            if len(rows) > MOST_ROWS:
                typer.echo(f"… and {len(rows) - MOST_ROWS:,} more rows; --json has all")
        for line in yields:
            typer.echo(str(line))
        if len(staged.files) > len(yields):
            typer.echo(f"… and {len(staged.files) - len(yields):,} more asset classes; see failwise ontology stats")


def _conclude(staged: "Staged", written: list[Path], out: Path, *, dry_run: bool) -> None:
    if written:
        typer.echo(f"{len(written)} written to {out}: {', '.join(p.name for p in written[:5])}"
                   f"{' …' if len(written) > 5 else ''}")  # fmt: skip
        typer.echo(f"next: failwise ontology check {out}; failwise questions generate -o {out} --out questions")
    elif dry_run and staged.fit:
        typer.echo("dry run: nothing was written")
    else:
        typer.echo("nothing was written: mend the findings above, then run the same command again")


def _mapping(columns: "list[str] | tuple[()]") -> dict[str, str]:
    pairs = [column.rpartition("=") for column in columns]
    for text, (header, sign, field) in zip(columns, pairs, strict=True):
        if not (header and sign and field):
            raise InputError(f"--map {text!r}: write HEADER=FIELD, such as 'Fault description=failure-mode'")
    return {header: field for header, _, field in pairs}
