"""One run: its configuration, its folder, the files of its stages, and what several stages need of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from failwise.config import RunConfig
from failwise.errors import InputError
from failwise.evaluation.answers import sample
from failwise.evaluation.records import Answer
from failwise.files import read_json, read_records, write_json
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, load_ontology

if TYPE_CHECKING:
    from failwise.generation.fleet import OntologyFiles
    from failwise.generation.rationales.requests import Offers

CONFIG = "run.json"
FACTS, RELATIONS, FINDINGS = "facts.jsonl", "relations.jsonl", "findings.jsonl"
CONTRACT, TRAINING = "contract.json", "training.json"
STUDENT_ANSWERS, BASE_ANSWERS = "student.jsonl", "base.jsonl"


@dataclass
class Run:
    """One run: its configuration and folder, and what several stages need of it."""

    config: RunConfig

    def file(self, stage: str, name: str) -> Path:
        """Return the path of a stage's file."""
        return self.config.folder / stage / name

    @cached_property
    def ontology(self) -> Ontology:
        """The ontology, read once."""
        return load_ontology(self.config.ontology.paths, shipped=self.config.ontology.shipped)

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """The facts of the ontology."""
        return KnowledgeGraph.usable(self.ontology, self.config.questions.language)

    @cached_property
    def questions(self) -> list[Question]:
        """All questions of the finished question stage."""
        return list(read_records(self.file("questions", QUESTIONS), Question))

    @cached_property
    def planned_splits(self) -> list[str]:
        """The split of every question that the question stage would make."""
        from failwise.question_set import planned_questions

        return [q.split for q in planned_questions(self.graph, self.config.questions)]

    def split(self, name: str) -> list[Question]:
        """Return the questions of one split."""
        return [q for q in self.questions if q.split == name]

    def offers(self) -> "Offers | None":
        """Return what offers a teacher evidence beside a question's facts; never what is kept from training."""
        from failwise.generation.rationales.offers import kept_apart, offers_for

        config = self.config.rationales
        return offers_for(self.graph, config, kept_apart(self.questions)) if config.hops or config.passages else None

    def fleet_files(self) -> "OntologyFiles | None":
        """Return the ontology's files for the nodes that ask a teacher; None where this machine asks by itself."""
        from failwise.generation.fleet import OntologyFiles

        if not self.config.rationales.fleet:
            return None
        source, graph = self.config.ontology, self.graph
        return OntologyFiles.of(source.paths, source.shipped, graph.digest, graph.language)

    def test_questions(self) -> list[Question]:
        """Return what the student is asked."""
        return sample(self.split("test"), self.config.evaluation.limit)


def save_config(config: RunConfig) -> None:
    """Keep a run's configuration in its folder."""
    write_json(config.folder / CONFIG, config.model_dump(mode="json", exclude_unset=True))


def read_config(folder: Path) -> RunConfig:
    """Read the configuration of the run in a folder, wherever the folder stands now.

    Raises:
        InputError: there is no run.
    """
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder} holds no run: {CONFIG} is missing; give the folder that `failwise run` made")
    return RunConfig.model_validate({**read_json(folder / CONFIG), "folder": folder})


def base_answers(run: Run) -> tuple[Answer, ...]:
    """Return the untrained base's answers; none where it was not asked."""
    if not run.config.evaluation.base:
        return ()
    return tuple(read_records(run.file("answers", BASE_ANSWERS), Answer))
