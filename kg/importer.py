"""Documents become asset classes: read, settle names, write Turtle, check it laid over the ontology, show what
changes. Nothing is on the disk until `Staged.write`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from failwise.errors import InputError
from failwise.files import write_text
from failwise.kg.check import check
from failwise.kg.compile import STATED_TWICE
from failwise.kg.decisions import Decisions
from failwise.kg.diff import diff
from failwise.kg.diff_words import Diff
from failwise.kg.draft_writer import DraftWriter
from failwise.kg.findings import in_order
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, load_ontology, read_bytes
from failwise.kg.naming import Naming
from failwise.kg.parse import FORMATS, parse
from failwise.kg.records import Finding, Relation, Truth
from failwise.kg.resolve import Names
from failwise.kg.sheets.document import read_document
from failwise.kg.sheets.fields import ReadOptions, read_fields
from failwise.kg.sheets.graph_draft import draft_graph
from failwise.kg.sheets.graphml import draft_graphml
from failwise.kg.sheets.layouts import draft_sheets
from failwise.kg.sheets.matrix_json import draft_json
from failwise.kg.sheets.records import Draft, Place, SourceNote
from failwise.kg.sheets.template_asset import read_source
from failwise.kg.sheets.template_reader import draft_template, is_template
from failwise.kg.suggest import Suggester
from failwise.kg.vocabulary import FW, KINDS

# More new names than these are compared by their letters alone: meaning takes 5 ms a name on two cores.
MOST_BY_MEANING = 1000


@dataclass(frozen=True)
class ImportOptions:
    """How to read documents.

    `blank` says what an empty cell, or a pair that a list leaves out, means: "unknown" or "no". `exact` keeps
    names apart that differ in more than letter case and punctuation. `look_alikes` says how names that may mean
    known things are found: by "meaning" (by letters where the extra is not installed), by "letters", or "off".
    `replace` lets an asset class's file be written over though it was made from other documents too.
    """

    asset_class: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    blank: str = "unknown"
    matrix_relation: str = "indicatedBy"
    transposed: bool = False
    separators: tuple[str, ...] = ("\n", ";", "|")
    exact: bool = False
    look_alikes: str = "meaning"
    replace: bool = False


@dataclass
class Staged:
    """An import that was not written yet: what was read and found, and what it would change."""

    folder: Path
    base: Ontology
    draft: Draft
    naming: Naming
    files: dict[str, str]
    decisions: Decisions
    before: KnowledgeGraph
    after: KnowledgeGraph

    @property
    def findings(self) -> list[Finding]:
        """All that was found, gravest first."""
        return in_order(self.draft.findings)

    @property
    def fit(self) -> bool:
        """Whether it can be written: no finding is an error."""
        return bool(self.files) and not any(f.level == "ERROR" for f in self.findings)

    @cached_property
    def diff(self) -> Diff:
        """What the ontology gains and loses."""
        return diff(self.before, self.after)

    def write(self) -> list[Path]:
        """Write one file per asset class.

        Raises:
            InputError: there are errors among the findings.
        """
        if not self.fit:
            raise InputError("nothing was written: mend the errors first")
        for name, text in self.files.items():
            write_text(self.folder / name, text)
        return [self.folder / name for name in self.files]


def stage(
    paths: Iterable[Path],
    folder: Path,
    ontology: Iterable[Path] = (),
    options: ImportOptions = ImportOptions(),
    decisions: Decisions | None = None,
    *,
    shipped: bool = True,
) -> Staged:
    """Read documents and prepare `folder`/<asset class>.ttl for every asset class in them.

    Args:
        paths: workbooks, tables and files of triples, read as one.
        folder: where the asset classes would be written; what it holds already is part of the ontology.
        ontology: files and folders laid over the shipped ontology.
        options: how to read.
        decisions: which look-alike names were decided to mean the same.

    Raises:
        InputError: a document does not exist.
        OntologyError: the ontology they are read against cannot be used.
    """
    paths, laid = list(paths), [*ontology, *([folder] if _holds_ontology(folder) else [])]
    base = load_ontology(laid, shipped=shipped)
    before = KnowledgeGraph(base)
    draft = read_documents(paths, base, before, options)
    decisions = decisions or Decisions()
    naming = Naming(draft, Names.of(base.graph), before.relations, decisions.same_as(), options.exact)
    naming.settle()
    draft.findings += decisions.check(naming.places.keys(), naming.names) if decisions.entries else []
    decisions = decisions.updated(_look_alikes(naming, decisions, draft, options.look_alikes))
    writer = DraftWriter(draft, naming, base, folder, closed_blanks=options.blank == "no")
    documents = {path.name for path in paths}
    files = writer.files()
    if not files and not _errors(draft.findings):
        _find_nothing(sorted(documents), draft)
    if not options.replace:
        _refuse_loss(files, folder, documents, draft)
    after, staged = before, base
    if files and not _errors(draft.findings):
        contents = {name: text.encode() for name, text in files.items()}
        staged = load_ontology(laid, shipped=shipped, instead=contents)
        after = KnowledgeGraph(staged)
        _check(staged, base, before, after, writer, draft)
    return Staged(folder, base, draft, naming, files, decisions, before, after)


def read_documents(paths: Iterable[Path], base: Ontology, graph: KnowledgeGraph, options: ImportOptions) -> Draft:
    """Read all documents into one draft.

    A source with a fw:suffix keeps its own view of an asset class that another document describes too, under
    the label with the suffix.
    """
    reading = ReadOptions(
        asset_class=options.asset_class,
        headers=options.headers,
        relations=_importable(graph.relations),
        fields=read_fields(base.graph),
        matrix_relation=options.matrix_relation,
        transposed=options.transposed,
        separators=options.separators,
    )
    suffixes = {
        str(file): str(base.graph.value(source, FW.suffix) or "")
        for source, file in base.graph.subject_objects(FW.file)
    }
    parts = [(suffixes.get(path.name, ""), _read(path, base, reading)) for path in paths]
    described = {label for suffix, part in parts if not suffix for label in part.asset_classes}
    draft = Draft()
    for suffix, part in parts:
        draft.take(part, {label: f"{label} {suffix}" for label in part.asset_classes if suffix and label in described})
    return draft


def _read(path: Path, base: Ontology, reading: ReadOptions) -> Draft:
    draft = Draft()
    ending = path.suffix.lower()
    if ending in FORMATS:
        draft_graph(path, draft, base, reading.relations)
    elif ending == ".json":
        draft_json(path, draft, reading)
    elif ending == ".graphml":
        draft_graphml(path, draft, reading)
    else:
        sheets = read_document(path, draft.findings)
        if is_template(sheets):
            draft_template(sheets, draft, reading.relations)
            note = read_source(sheets)
            if note.label:
                draft.sources[note.label] = SourceNote(note.citation, note.licence)
        elif sheets:
            draft_sheets(sheets, draft, reading)
    return draft


def _importable(relations: Mapping[str, Relation]) -> dict[str, Relation]:
    """Return the relations between kinds of things that a document can name; calculated ones are not stated."""
    return {
        name: relation
        for name, relation in relations.items()
        if relation.domain in KINDS and relation.range in KINDS and relation.range != FW.Number and not relation.chain
    }


def _look_alikes(naming: Naming, decisions: Decisions, draft: Draft, by: str) -> list[tuple[str, str, list[str]]]:
    """Find known names that new ones may mean; return (kind, name, suggestions) of those nobody decided about."""
    new = decisions.new()
    by_kind: dict[str, list[str]] = {}
    for kind, label in naming.unknown():
        if (kind, label) not in new:
            by_kind.setdefault(kind, []).append(label)
    if by == "off":
        return []
    semantic = None if by == "meaning" and sum(map(len, by_kind.values())) <= MOST_BY_MEANING else False
    found = []
    for kind, labels in by_kind.items():
        suggester = Suggester([*naming.names.labels(kind), *labels], semantic=semantic)
        for label, suggestions in suggester.suggest_all(labels).items():
            names = [s.label for s in suggestions if s.label != label]
            if names:
                found.append((kind, label, names))
                shown = ", ".join(f"{s.label!r} ({s.score:.2f}, {s.by})" for s in suggestions if s.label != label)
                draft.find(
                    "WARN",
                    naming.places[kind, label],
                    "look-alike",
                    f"{KINDS[kind].name} {label!r} is new, and looks like {shown}",
                    label,
                    "decide in a file (--decisions FILE); undecided it is a new thing",
                )
    return found


def _holds_ontology(folder: Path) -> bool:
    return folder.is_dir() and any(f.suffix.lower() in FORMATS for f in folder.rglob("*"))


def _errors(findings: Iterable[Finding]) -> bool:
    return any(f.level == "ERROR" for f in findings)


def _find_nothing(documents: Iterable[str], draft: Draft) -> None:
    for name in documents:
        fix = "fill in rows below the header, or name another document"
        draft.find("ERROR", Place(name, "", 0), "nothing", "nothing to import: it states no fact", name, fix)


def _refuse_loss(files: Iterable[str], folder: Path, documents: set[str], draft: Draft) -> None:
    """Find files that would be written over though other documents went into them: their facts would be lost."""
    for name in files:
        path = folder / name
        if path.exists():
            made_from = {str(file) for _, file in parse(path, read_bytes(path)).subject_objects(FW.file)}
            if missing := made_from - documents:
                message = f"{name} was made from {', '.join(sorted(missing))} too, whose facts would be lost"
                fix = "import all its documents together, or pass --replace"
                draft.findings.append(Finding("ERROR", name, message, file=name, rule="loss", fix=fix))


def _check(
    staged: Ontology,
    base: Ontology,
    before: KnowledgeGraph,
    after: KnowledgeGraph,
    writer: DraftWriter,
    draft: Draft,
) -> None:
    """Find what the new files break once they are laid over the ontology, by address."""
    known = {(f.level, f.node, f.message) for f in check(base, before)}
    for finding in check(staged, after):
        new = (finding.level, finding.node, finding.message) not in known and finding.level != "INFO"
        if new and STATED_TWICE not in finding.message:  # said below, by cell
            place = writer.place_of(finding.node)
            node = finding.node if place is None else str(place)
            file = finding.file if place is None else place.file
            draft.findings.append(Finding(finding.level, node, finding.message, finding.value, file, "ontology"))
    for fact_id, (truth, place) in writer.stated.items():
        was, now = before.facts.get(fact_id), after.facts.get(fact_id)
        if now is None:
            continue  # another spelling of the same concept is stated, and counts
        if now.truth is not truth:
            message = f"says {truth}, but {fact_id} is stated as {now.truth} ({now.source or 'no source'})"
            draft.find("ERROR", place, "contradiction", message, fix="mend the one that is wrong")
        elif was is not None and {was.truth, truth} == {Truth.YES, Truth.NO}:
            message = (
                f"says {truth}, the ontology said {was.truth} ({was.basis}, {was.source or 'no source'}): {fact_id}"
            )
            draft.find("WARN", place, "overrules", message, fix="nothing, if this document knows better")
