"""The door to every teacher: a typed request, a typed reply, and a table of who stands behind which name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from failwise.errors import InputError
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question, Style
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean

TEACHERS = {
    "graph": "failwise.generation.teachers.graph_teacher:GraphTeacher",
    "openai": "failwise.generation.teachers.openai_teacher:OpenAITeacher",
    "vllm": "failwise.generation.teachers.vllm_teacher:VLLMTeacher",
    "transformers": "failwise.generation.teachers.transformers_teacher:TransformersTeacher",
    "scripted": "failwise.generation.teachers.fake_teachers:ScriptedTeacher",
}

# A fact or a passage (doc/…) has three parts or more; units as in "[mm/s]" have two.
CITATION = re.compile(r"\[([^\[\]\s/]+(?:/[^\[\]\s/]+){2,})\]")


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example for a prompt: a question, its evidence, and the rationale."""

    question: Question
    evidence: Mapping[str, str]
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """A question with the evidence a rationale may cite: ids (of facts, or of passages as doc/…) and their words.

    `shown` says that the teacher may see the right answer. `examples` are other questions with an accepted reply.
    `messages` are what a model is told (see `prompts.render`), where that was worked out already.
    """

    question: Question
    evidence: Mapping[str, str]
    temperature: float
    attempt: int
    style: Style = Style.STANDARD
    shown: bool = False
    examples: tuple[Example, ...] = ()
    messages: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TeacherReply:
    """A rationale as the teacher wrote it.

    `answer` holds option ids as "B", "A,C" or "none"; None: the teacher gave no answer. `raw` is all that came.
    `fault` says in a word what was wrong with it before anybody read it (cut off, not the JSON asked for, …).
    `logprob` is the mean log probability of its tokens, where it was asked for and the server says it.
    """

    text: str
    answer: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    raw: str = ""
    fault: str = ""
    logprob: float | None = None


class Teacher(Protocol):
    """Anything that can reason about a question."""

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None: ...

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Write one rationale.

        Raises:
            TeacherError: the teacher cannot be used at all (wrong address, wrong key); the job stops.
        """
        ...


def find_teacher(config: RationalesConfig, graph: KnowledgeGraph) -> Teacher:
    """Return the teacher a configuration names.

    Raises:
        InputError: nothing is known under that name.
    """
    place = TEACHERS.get(config.teacher, config.teacher)
    module, _, name = place.partition(":")
    if not name:
        raise InputError(
            f"unknown teacher {config.teacher!r}{did_you_mean(config.teacher, TEACHERS)}; "
            f"known are {', '.join(TEACHERS)}, or module:Class of your own"
        )
    try:
        teacher: type[Teacher] = getattr(import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise InputError(f"the teacher {config.teacher!r} cannot be imported: {error}") from error
    return teacher(config, graph)
