"""The decisions file: what a person decided about names that nothing known fits, so that an import can be repeated.

It is YAML, a list of entries with these keys, and it is read strictly: what is not understood is an error with its
line, and anchors, tags and other means of YAML that an entry does not need are refused.

    kind, name      the name as the document has it
    same_as         the known name that it means, or
    new: true       it is a new thing, or
    suggestions     neither yet: look-alikes to choose from
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import write_text
from failwise.kg.names import did_you_mean
from failwise.kg.records import Finding
from failwise.kg.resolve import Names, normalise
from failwise.kg.vocabulary import KINDS

KEYS = ("kind", "name", "same_as", "new", "suggestions")
LARGEST = 4 * 1024 * 1024
_PLAIN = "tag:yaml.org,2002:"
_HEADER = """\
# Names that the import could not settle by itself, and what was decided about them.
# An entry is decided by one of these two lines:
#     same_as: vibration    the name means this known one
#     new: true             the name is a new thing
# An entry with neither is undecided, and stands first; its suggestions are known names that look alike.
# Run the import again with this file after an edit. Entries are sorted anew then; comments are not kept.
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one name; neither `same_as` nor `new` is undecided.

    `kind` is the IRI of a class; `line` is where the entry begins in its file, 0 for none.
    """

    kind: str
    name: str
    same_as: str = ""
    new: bool = False
    suggestions: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def decided(self) -> bool:
        """Whether a person has decided."""
        return self.new or bool(self.same_as)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions about an import, each name of a kind once."""

    entries: tuple[Decision, ...] = ()
    file: str = ""

    def same_as(self) -> dict[tuple[str, str], str]:
        """Return the known name that was chosen, by kind and name."""
        return {(d.kind, d.name): d.same_as for d in self.entries if d.same_as}

    def new(self) -> set[tuple[str, str]]:
        """Return the names, with their kinds, that were decided to be new things."""
        return {(d.kind, d.name) for d in self.entries if d.new}

    def undecided(self) -> list[Decision]:
        """Return the entries that wait for a person."""
        return [d for d in self.entries if not d.decided]

    def updated(self, unknown: Iterable[tuple[str, str, Iterable[str]]]) -> "Decisions":
        """Return all that is decided, and the unknown names (kind, name, suggestions) that are not."""
        kept = {(d.kind, d.name): d for d in self.entries if d.decided}
        for kind, name, suggestions in unknown:
            kept.setdefault((kind, name), Decision(kind, name, suggestions=tuple(suggestions)))
        return Decisions(tuple(kept.values()), self.file)

    def check(self, used: Collection[tuple[str, str]], names: Names) -> list[Finding]:
        """Return what is stale: a name that no document holds any more, a same_as that nothing known bears.

        Args:
            used: the (kind, name) pairs of the documents.
            names: what is known.
        """
        return [finding for entry in self.entries for finding in self._stale(entry, used, names)]

    def _stale(self, entry: Decision, used: Collection[tuple[str, str]], names: Names) -> Iterator[Finding]:
        kind = KINDS[entry.kind].name
        if (entry.kind, entry.name) not in used:
            message = f"{kind} {entry.name!r} is decided here, and no document holds it"
            yield self._finding("WARN", entry, message, "decision-unused", "take the entry out, or mend its name")
        if not entry.same_as or names.find(entry.kind, entry.same_as):
            return
        known = names.labels(entry.kind)
        if several := names.ambiguous(entry.kind, entry.same_as):
            message = f"same_as {entry.same_as!r} may mean {len(several)} things: {', '.join(k.label for k in several)}"
            fix = "write one of them as it stands there"
        else:
            message = f"same_as {entry.same_as!r} is no known {kind}{did_you_mean(entry.same_as, known)}"
            fix = f"write the label of a known {kind}, or new: true"
        yield self._finding("ERROR", entry, message, "decision-target", fix)

    def _finding(self, level: str, entry: Decision, message: str, rule: str, fix: str) -> Finding:
        return Finding(level, f"line {entry.line}", message, entry.same_as or entry.name, self.file, rule, fix)


def read_decisions(path: Path) -> Decisions:
    """Read a decisions file.

    Raises:
        InputError: the file cannot be read, or an entry is wrong (the sentence names its line).
    """
    reader = _Reader(path)
    entries: dict[tuple[str, str], Decision] = {}
    for node in _entries(path, _text(path)):
        entry = reader.entry(node)
        first = entries.setdefault((entry.kind, entry.name), entry)
        if first is not entry:
            raise InputError(
                f"{path}, line {entry.line}: {KINDS[entry.kind].name} {entry.name!r} has an entry in line {first.line} "
                "already; keep one of the two"
            )
    return Decisions(tuple(entries.values()), path.name)


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write a decisions file whole: what is undecided first, then by kind and name; the same bytes each time."""
    records = [_record(d) for d in sorted(decisions.entries, key=_order)]
    write_text(path, _HEADER + "\n" + _dump(records).replace("\n- kind:", "\n\n- kind:"))


def _dump(records: list[dict[str, object]]) -> str:
    """Return YAML. What cannot be printed is escaped: PyYAML's single quotes lose some line ends (U+0085)."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_text(self, text: str) -> yaml.ScalarNode:
            return self.represent_scalar(_PLAIN + "str", text, style=None if text.isprintable() else '"')

    Dumper.add_representer(str, Dumper.represent_text)
    dumped: str = yaml.dump(records, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=LARGEST)
    return dumped


def _order(decision: Decision) -> tuple[bool, str, str, str]:
    return decision.decided, KINDS[decision.kind].name, normalise(decision.name), decision.name


def _record(decision: Decision) -> dict[str, object]:
    """Return an entry as it is written; a decided one needs no suggestions any more."""
    record: dict[str, object] = {"kind": KINDS[decision.kind].name, "name": decision.name}
    if decision.same_as:
        return record | {"same_as": decision.same_as}
    return record | ({"new": True} if decision.new else {"suggestions": list(decision.suggestions)})


def _text(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise InputError(f"{path} has {size:,} bytes; a decisions file has at most {LARGEST:,}")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; write one with the import first") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error


def _entries(path: Path, text: str) -> list[Any]:
    """Return the nodes of the entries. Nothing of the file is turned into objects by YAML itself."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise InputError(f"{path} nests too deep; a decisions file is a list of entries") from error
    if root is None:
        return []
    if root.tag != _PLAIN + "seq":
        raise InputError(f"{path}, line {root.start_mark.line + 1}: a list of entries is needed, each from '- kind:'")
    return list(root.value)


@dataclass
class _Reader:
    """Reads entries from their nodes; `seen` holds the nodes read, as one that comes twice is an alias."""

    path: Path
    seen: set[int] = field(default_factory=set)

    def entry(self, node: Any) -> Decision:
        """Return the entry of a node."""
        if node.tag != _PLAIN + "map":
            raise self.error(node, f"an entry has the keys {', '.join(KEYS)}; this is none")
        fields: dict[str, Any] = {}
        for key, value in self.once(node).value:
            name = self.text(key, "a key")
            if name not in KEYS:
                raise self.error(key, f"unknown key {name!r}{did_you_mean(name, KEYS)}; allowed are {', '.join(KEYS)}")
            if name in fields:
                raise self.error(key, f"the key {name!r} stands twice in one entry; keep one")
            fields[name] = value
        return self.decision(node, fields)

    def decision(self, node: Any, fields: dict[str, Any]) -> Decision:
        """Return the decision that the keys of an entry make."""
        if missing := [key for key in ("kind", "name") if key not in fields]:
            raise self.error(node, f"the entry has no {missing[0]!r}; every entry needs kind and name")
        if "same_as" in fields and "new" in fields:
            raise self.error(node, "the entry has same_as and new; a name is either a known thing or a new one")
        return Decision(
            self.kind(fields["kind"]),
            self.text(fields["name"], "name"),
            self.text(fields["same_as"], "same_as") if "same_as" in fields else "",
            self.true(fields["new"]) if "new" in fields else False,
            self.texts(fields["suggestions"]) if "suggestions" in fields else (),
            node.start_mark.line + 1,
        )

    def kind(self, node: Any) -> str:
        """Return the IRI of the kind that a value names."""
        kinds = {kind.name: kind.iri for kind in KINDS.values()}
        name = self.text(node, "kind")
        if name not in kinds:
            raise self.error(node, f"kind is {name!r}{did_you_mean(name, kinds)}; allowed are {', '.join(kinds)}")
        return kinds[name]

    def true(self, node: Any) -> bool:
        """Return True for a yes; there is no other value."""
        if node.tag != _PLAIN + "bool" or node.value.lower() not in ("true", "yes", "on"):
            raise self.error(node, "new can only be true; take the line out where the name is undecided")
        return True

    def texts(self, node: Any) -> tuple[str, ...]:
        """Return a list of names."""
        if node.tag == _PLAIN + "null":
            return ()
        if node.tag != _PLAIN + "seq":
            raise self.error(node, "suggestions is a list of names")
        return tuple(self.text(item, "a suggestion") for item in self.once(node).value)

    def text(self, node: Any, what: str) -> str:
        """Return a value as it is written: a name may read like a number or, as `no` does, like a truth value."""
        scalars = {_PLAIN + tag for tag in ("str", "int", "float", "bool", "timestamp")}
        if node.tag not in scalars or not isinstance(node.value, str) or not node.value.strip():
            raise self.error(node, f"{what} needs a text; write it in quotes")
        value: str = self.once(node).value
        return value

    def once(self, node: Any) -> Any:
        """Return a node that was not read before."""
        if id(node) in self.seen:
            raise self.error(node, "aliases (*) are not read; write the value out")
        self.seen.add(id(node))
        return node

    def error(self, node: Any, message: str) -> InputError:
        """Return an error with its line."""
        return InputError(f"{self.path}, line {node.start_mark.line + 1}: {message}")
