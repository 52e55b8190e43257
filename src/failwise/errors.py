"""Errors by what the reader can do about them. The command line prints them without a traceback."""


class FailwiseError(Exception):
    """Something the reader can mend. The message says what, which value, what is allowed, what to do."""

    exit_code = 2


class InputError(FailwiseError):
    """A file, an argument or a configuration value is wrong."""


class OntologyError(FailwiseError):
    """The ontology cannot be read, or what was asked of it is not there."""


class RefusedSetError(FailwiseError):
    """A question set does not hold what it must: a guesser beats chance on it, or its splits are not apart."""

    exit_code = 1


class MissingExtraError(FailwiseError):
    """A package of an optional extra is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed; "
            f"install it with: pip install 'failwise[{extra}]'"
        )


class StudentError(FailwiseError):
    """A student, its contract or its base model cannot be used as asked."""


class TeacherError(FailwiseError):
    """A teacher cannot be reached or does not answer in its contract."""


class StorageError(FailwiseError):
    """The disk refused a write: full, read-only or gone."""
