"""The questions: ours to learn and to ask, and FailureSensorIQ's, which no student ever learns from."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.students.plan import Column
from failwise.errors import InputError
from failwise.evaluation.answers import sample, single_answer
from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig, Regime
from failwise.generation.drawing.rows import row_questions
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.question_files import QUESTIONS, read_questions
from failwise.generation.perturbing.perturb import perturb
from failwise.generation.rationales.job import RATIONALES, write_rationales
from failwise.generation.records import Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.kg.names import did_you_mean
from failwise.training.recipe import load_recipe

if TYPE_CHECKING:
    from failwise.training.student import Material

ORIGINAL_FILE = "failuresensoriq/single_answer.jsonl"
PERTURBED_FILE = "failuresensoriq/single_answer_simple_perturbed.jsonl"
RELATION = "indicatedBy"

# Stands beside a column's rationales when they are all there: to read them again takes a quarter of a minute.
EXPLAINED = "explained"

# What is asked in each column.
AUDIT, ORIGINAL, PERTURBED = "audit", "original", "perturbed"
SETS = (AUDIT, ORIGINAL, PERTURBED)


@dataclass(frozen=True)
class Sources:
    """Where questions come from and where those that are made are kept; `only`: the asset classes wanted, none: all."""

    data: Path
    out: Path
    per_fact: int
    only: tuple[str, ...] = ()
    _graphs: dict[frozenset[str], KnowledgeGraph] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """The shipped graph."""
        return KnowledgeGraph.load()

    @cached_property
    def original(self) -> list[Question]:
        """FailureSensorIQ's questions, linked to the graph."""
        return self._theirs(ORIGINAL_FILE)

    @cached_property
    def perturbed(self) -> list[Question]:
        """The same, with other letters and another order."""
        return self._theirs(PERTURBED_FILE)

    @cached_property
    def strangers(self) -> set[str]:
        """Asset classes with facts of the relation that FailureSensorIQ does not ask about."""
        return {f.asset_class.slug for f in self.graph.facts.values() if f.relation == RELATION} - {*self.classes}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The asset classes that FailureSensorIQ asks about, or those of them that are wanted."""
        return tuple(sorted({q.asset_class for q in self.original if q.asset_class}))

    def _theirs(self, name: str) -> list[Question]:
        path = self.data / name
        if not path.is_file():
            raise InputError(
                f"{path} is not there; FailureSensorIQ's question files are not part of failwise: put them there, or "
                f"name with --data the folder that has {name}"
            )
        found = single_answer(read_questions(path, self.graph))
        known = sorted({q.asset_class for q in found if q.asset_class})
        for name in self.only:
            if name not in known:
                raise InputError(f"FailureSensorIQ asks about no {name!r}{did_you_mean(name, known)}")
        return [q for q in found if not self.only or q.asset_class in self.only]

    def ours(self, column: Column, split: str) -> list[Question]:
        """Return our questions of a split; they are made once and kept."""
        path = self.folder(column) / QUESTIONS
        if not path.is_file():
            write_records(path, Synthesis(self.graph, self._config(column)))
        return [q for q in read_records(path, Question) if q.split == split]

    def known(self, column: Column, question: Question) -> KnowledgeGraph:
        """Return what a row without a model may know: no more than a student may learn, and the question's own facts.

        So it never sees the twin of an asset class that is held out, nor asset classes that no student learns.
        """
        return self._without(frozenset(self.strangers | {*column.fold} - {question.asset_class}))

    def _without(self, hidden: frozenset[str]) -> KnowledgeGraph:
        if hidden not in self._graphs:
            files = {f"{folder}/{slug}.ttl": None for slug in sorted(hidden) for folder in ("assets", "fmea")}
            self._graphs[hidden] = KnowledgeGraph(load_ontology(instead=files))
        return self._graphs[hidden]

    def folder(self, column: Column) -> Path:
        """Return where the questions of a column are kept."""
        return self.out / "questions" / column.key

    def _config(self, column: Column) -> QuestionsConfig:
        return QuestionsConfig(
            asset_classes=self.classes,
            relations=(RELATION,),
            regime=cast(Regime, column.regime),
            held_out=column.fold,
            train_per_fact=self.per_fact,
        )

    def asked(self, column: Column, most: int | None) -> dict[str, list[Question]]:
        """Return what is asked in a column, set by set.

        Args:
            most: questions of each set, spread evenly over it; None: all. Of the two that are paired the same ids.
        """
        audit = [q for q in self.ours(column, "test") if q.asset_class in (column.fold or self.classes)]
        pairs = {q.id: q for q in self.perturbed}
        original = [q for q in self.original if q.id in pairs and (not column.fold or q.asset_class in column.fold)]
        chosen = sample(original, most)
        return {
            AUDIT: sample(single_answer(audit), most),
            ORIGINAL: chosen,
            PERTURBED: [pairs[q.id] for q in chosen],
        }

    def material(self, column: Column, recipe_name: str, seed: int) -> "Material":
        """Return what a recipe is taught from: our questions; of the graph rationales, views and rows, if it asks."""
        from failwise.training.student import Material

        recipe, learned = load_recipe(recipe_name), self.ours(column, "train")
        views = list(perturb(learned, recipe.views, graph=self.graph, seed=seed)) if recipe.views else []
        rationales = self._rationales(column) if recipe.needs_rationales else {}
        rows = list(row_questions(learned, self.graph)) if recipe.teaches_facts else []
        return Material(learned, rationales, views, rows)

    def explain(self, column: Column) -> None:
        """Write the graph teacher's rationales of what is learned in a column, as far as they are not there."""
        whole = self.folder(column) / EXPLAINED
        if whole.is_file():
            return
        config = RationalesConfig.model_validate({"teacher": "graph"})
        write_rationales(self.ours(column, "train"), self.graph, config, self.folder(column))
        whole.touch()

    def _rationales(self, column: Column) -> dict[str, Rationale]:
        self.explain(column)
        return {r.question_id: r for r in read_records(self.folder(column) / RATIONALES, Rationale)}
