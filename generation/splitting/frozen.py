"""Frozen sets: a question set fixed by its hash. What is frozen for an audit is never trained on.

A certificate stands beside the questions. It holds the hash of the file, and a fingerprint of every question in it: of
its words and its options, whatever their order and labels. So a question of an audit set is known again in a file that
was copied, renamed, shuffled or mixed into another, and under another id or split.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from failwise.errors import InputError
from failwise.files import file_digest, read_json, write_json
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Question
from failwise.generation.splitting.crossings import CONTENT_ID
from failwise.generation.splitting.fingerprints import fingerprint, packed, unpacked

SUFFIX = ".frozen.json"
AUDIT = "audit"
_RUN = "run.json"  # a folder that holds it is a run, with a folder for each stage


@dataclass(frozen=True)
class Frozen:
    """The certificate of a frozen file.

    `questions` counts the file's, `digest` depends on their ids in any order. `contents` and `ids` hold those for the
    audit, which is all that are not marked for training: fingerprints of words and options, and ids that depend on the
    content, so that variants of them are known too.
    """

    file: str
    sha256: str
    questions: int
    audited: int
    digest: str
    role: str
    contents: str
    ids: str

    @cached_property
    def fingerprints(self) -> frozenset[bytes]:
        """Return the fingerprints of the questions for the audit."""
        return frozenset(unpacked(self.contents))

    @cached_property
    def known_ids(self) -> frozenset[bytes]:
        """Return their ids."""
        return frozenset(unpacked(self.ids))

    def holds(self, question: Question) -> bool:
        """Say whether a question is one of those for the audit, or a variant of one."""
        names = {question.id, question.perturbation_of or ""}
        ids = (bytes.fromhex(name) for name in names if CONTENT_ID.fullmatch(name))
        return fingerprint(question) in self.fingerprints or any(i in self.known_ids for i in ids)


def certificate_of(path: Path) -> Path:
    """Return where the certificate of a question file stands."""
    return path.with_name(path.name + SUFFIX)


def freeze(path: Path) -> Frozen:
    """Freeze a question file as an audit set, and write its certificate beside it.

    Freezing twice changes nothing.

    Raises:
        InputError: the file holds nothing but training questions, or was frozen before and has changed since.
    """
    if (known := check_frozen(path)) is not None:
        return known
    questions = read_questions(path)
    audited = [q for q in questions if q.split != "train"]
    if not audited:
        raise InputError(
            f"{path} holds training questions only ({len(questions):,}), so there is no audit set to freeze; "
            'freeze a file with questions of the split "test", or with none marked'
        )
    frozen = Frozen(
        file=path.name,
        sha256=file_digest(path),
        questions=len(questions),
        audited=len(audited),
        digest=hashlib.sha256("\n".join(sorted(q.id for q in questions)).encode()).hexdigest(),
        role=AUDIT,
        **_known_by(audited),
    )
    write_json(certificate_of(path), asdict(frozen))
    return frozen


def _known_by(audited: Sequence[Question]) -> dict[str, str]:
    """Return by what the questions for the audit are known again."""
    ids = (bytes.fromhex(q.id) for q in audited if CONTENT_ID.fullmatch(q.id))
    return {"contents": packed(map(fingerprint, audited)), "ids": packed(ids)}


def check_frozen(path: Path) -> Frozen | None:
    """Return the certificate of a file that was frozen, or nothing where it was not.

    Raises:
        InputError: the file or its certificate has changed since, or this cannot be read.
    """
    if not certificate_of(path).is_file():
        return None
    frozen = read_certificate(certificate_of(path))
    found = file_digest(path) if path.is_file() else "no file"
    if found != frozen.sha256:
        raise InputError(
            f"{path} was frozen with SHA-256 {frozen.sha256}, but has {found}: it was changed or replaced; bring the "
            f"frozen file back, or delete {certificate_of(path)} and freeze the new one under another name"
        )
    known = _known_by([q for q in read_questions(path) if q.split != "train"])
    if (known["contents"], known["ids"]) != (frozen.contents, frozen.ids):
        raise InputError(
            f"{certificate_of(path)} does not name the questions of {path}: it was changed; bring it back, or delete "
            "it and freeze the file again"
        )
    return frozen


def read_certificate(path: Path) -> Frozen:
    """Read a certificate.

    Raises:
        InputError: it is damaged, or no certificate.
    """
    try:
        frozen = TypeAdapter(Frozen).validate_python(read_json(path))
        counts = (frozen.audited, len(frozen.fingerprints))
    except (ValidationError, ValueError) as error:
        raise InputError(f"{path} is no certificate of a frozen set; bring it back or freeze the file again") from error
    if not counts[1] or counts[1] > counts[0]:
        raise InputError(f"{path} was damaged: it counts {counts[0]:,} audit questions and holds {counts[1]:,}")
    return frozen


def refuse_training_on(questions: Sequence[Question], path: Path, certificates: Iterable[Path] = ()) -> None:
    """Refuse to train on questions that are kept for testing.

    Args:
        questions: those chosen for training.
        path: the file they come from. Certificates are looked for beside it, and everywhere in its run.
        certificates: more of them, or folders that hold some.

    Raises:
        InputError: one is marked as a test question or stands in a frozen audit set, or that set has changed.
    """
    marked = [q for q in questions if q.split == "test"]
    if marked:
        raise InputError(
            f"{path}: {len(marked):,} of {len(questions):,} questions are test questions (the first is "
            f'{marked[0].id}) and cannot be trained on; take those of the split "train"'
        )
    check_frozen(path)
    for place in _places(path, certificates):
        file = place.with_name(place.name.removesuffix(SUFFIX))
        frozen = (check_frozen(file) if file.is_file() else None) or read_certificate(place)
        found = [q for q in questions if frozen.holds(q)]
        if found:
            raise InputError(
                f"{path}: {len(found):,} of {len(questions):,} questions stand in the frozen audit set {place} (the "
                f"first is {found[0].id}), or are variants of some, and can never be trained on; take them out, or "
                "generate a training set of its own"
            )


def _places(path: Path, more: Iterable[Path]) -> list[Path]:
    """Return all certificates that are given or lie around a file, each once."""
    folder = path.resolve().parent
    found = set(folder.glob(f"*{SUFFIX}"))
    if (folder.parent / _RUN).is_file():
        found.update(folder.parent.rglob(f"*{SUFFIX}"))
    for place in more:
        found.update(_named(place))
    return sorted(found)


def _named(place: Path) -> list[Path]:
    """Return the certificates in a folder, or the one that is meant by a file: itself, or that of a question file."""
    if place.is_dir():
        if found := [*place.rglob(f"*{SUFFIX}")]:
            return found
    elif place.name.endswith(SUFFIX):
        return [place]
    elif (beside := certificate_of(place)).is_file():
        return [beside]
    raise InputError(
        f"{place} has no certificate of a frozen set, so nothing in it would be kept from training; freeze its "
        "questions first (failwise questions freeze), or leave it out"
    )
