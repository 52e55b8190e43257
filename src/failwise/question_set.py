"""A question set with its proof: not written where a guesser beats chance on it, or where its splits are not apart.

A set too small for a verdict is written: its certificate says that it has not passed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from failwise.config import OntologyConfig
from failwise.errors import InputError, MissingExtraError, RefusedSetError
from failwise.files import content_id, file_digest, read_records, storage_errors, write_json, write_text
from failwise.generation.config import QuestionsConfig
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology
from failwise.kg.triples import Literal
from failwise.kg.vocabulary import FW

if TYPE_CHECKING:
    from failwise.generation.balance.certificate import BalanceCertificate
    from failwise.generation.planning.cells import Plan
    from failwise.generation.splitting.leakage import LeakageCertificate

BALANCE_JSON, BALANCE_TEXT, BALANCE_PICTURE = "balance.json", "balance.md", "balance.png"
LEAKAGE_JSON, LEAKAGE_TEXT = "leakage.json", "leakage.md"
MOST_COMPARED = 200_000  # questions; of larger sets the leakage certificate is made by its own command


@dataclass(frozen=True, slots=True)
class _File:
    """The questions of a file, read anew each time they are gone through."""

    path: Path

    def __iter__(self) -> Iterator[Question]:
        return read_records(self.path, Question)


SHIPPED = OntologyConfig()


def make_questions(
    graph: KnowledgeGraph,
    config: QuestionsConfig,
    folder: Path,
    *,
    picture: bool = False,
    source: OntologyConfig = SHIPPED,
) -> tuple[dict[str, Any], list[Path]]:
    """Write questions.jsonl with its certificates; return counts and the files written.

    Args:
        source: what the graph was read from; only a fleet needs it.
        picture: draw the balance certificate too, which takes a second or two; left out where matplotlib is not there.

    Raises:
        InputError: the configuration asks for nothing the ontology can give, or a file cannot be used.
        RefusedSetError: a guesser beats chance, or the regime is broken; nothing is written.
    """
    if config.file:
        return _take(config.file, graph, config, folder, picture=picture)
    if config.file_map:
        raise InputError("questions.file_map is set without questions.file; name the file whose fields it maps")
    plan, noticed = _plan(graph, config)
    with _part(folder / QUESTIONS) as part:
        splits, unasked = _draw(graph, config, plan, part, source)
        certified = _Certified.of(part, sum(splits.values()), graph, config, plan)
        certified.refuse(planned=plan is not None)
        part.replace(folder / QUESTIONS)
    written = certified.write(folder, {**unasked, **dict.fromkeys(noticed, 1)}, picture=picture)
    return {split: splits[split] for split in ("train", "test")}, [folder / QUESTIONS, *written]


def refuse_wordless(ontology: Ontology, graph: KnowledgeGraph) -> None:
    """Refuse a language that no question can be asked in.

    Raises:
        InputError: no relation has wordings in it; the sentence says which languages have some.
    """
    if any(relation.families for relation in graph.relations.values()):
        return
    triples = ontology.graph
    words = (w for node in triples.instances(FW.QuestionFamily) for w in triples.objects(node, FW.template))
    spoken = ", ".join(sorted({w.language for w in words if isinstance(w, Literal) and w.language}))
    others = f"the ontology has some in {spoken}: set questions.language to one of these, or " if spoken else ""
    raise InputError(
        f"no relation has wordings in the language {graph.language!r}; {others}add an fw:QuestionFamily with "
        "fw:template to the ontology"
    )


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """Give a name to write to until all is known to be well; what stands there afterwards is removed."""
    part = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _plan(graph: KnowledgeGraph, config: QuestionsConfig) -> "tuple[Plan | None, list[str]]":
    if config.plan is None:
        return None, []
    from failwise.generation.drawing.supply import supplies
    from failwise.generation.planning.files import check_plan, read_plan

    plan = read_plan(config.plan)
    return plan, list(check_plan(plan, supplies(graph, config, plan.holes), graph.digest))


def _draw(
    graph: KnowledgeGraph, config: QuestionsConfig, plan: "Plan | None", part: Path, source: OntologyConfig
) -> tuple[Counter[str], dict[str, int]]:
    """Stream the questions into a file; return how many each split has, and what could not be asked."""
    from failwise.generation.drawing.fleet import fleet_lines
    from failwise.generation.drawing.parallel import question_lines
    from failwise.generation.drawing.synthesize import Synthesis

    synthesis = Synthesis(graph, config, plan)
    splits: Counter[str] = Counter()
    with part.open("wb") as stream:
        made = (
            fleet_lines(source.paths, source.shipped, config, plan, graph=graph, unasked=synthesis.unasked)
            if config.fleet
            else question_lines(synthesis)
        )
        for lines in made:
            stream.write(lines.text)
            splits.update(lines.splits)
    unasked = {reason: n for reason, n in sorted(synthesis.unasked.items()) if n}
    if not splits:
        why = ", ".join(f"{reason}: {n}" for reason, n in unasked.items())
        raise InputError(
            f"no question can be made from these asset classes and relations ({why or 'they have no fact'}); "
            "a question needs at least one yes and one no for the same failure mode, sensor or asset class, and facts "
            "that no contrast group holds are asked only as questions.ungrouped_share allows"
        )
    return splits, unasked


@dataclass(frozen=True, slots=True)
class _Certified:
    """The certificates of a set; leakage only where there are both splits."""

    balance: "BalanceCertificate"
    leakage: "LeakageCertificate | None"
    digest: str

    @classmethod
    def of(
        cls, path: Path, count: int, graph: KnowledgeGraph, config: QuestionsConfig, plan: "Plan | None"
    ) -> "_Certified":
        from failwise.generation.balance import certificate
        from failwise.generation.splitting import leakage

        questions: Iterable[Question] = list(_File(path)) if count <= MOST_COMPARED else _File(path)
        balance = certificate.certify(questions, graph, plan, margin=config.margin)
        apart = None
        if isinstance(questions, list):
            train, test = ([q for q in questions if q.split == split] for split in ("train", "test"))
            if train and test:
                apart = leakage.certify(train, test, graph, semantic=False)
        return cls(balance, apart, file_digest(path))

    def refuse(self, *, planned: bool) -> None:
        """Refuse a set that does not hold what it must."""
        if self.balance.verdict == "refused":
            remedy = (
                "Give the plan a larger budget, so that facts are asked in whole contrast groups, leave out the "
                "relations named here (questions.relations)"
                if planned
                else "Ask about more asset classes or relations, ask facts in no contrast group less often "
                "(questions.ungrouped_per_fact)"
            )
            raise RefusedSetError(
                f"{self.balance.sentence[:-1]}; nothing was written. {remedy}, or allow more (questions.margin)"
            )
        if self.leakage is not None and not self.leakage.holds:
            raise RefusedSetError(
                f"the set's splits are not apart: {'; '.join(self.leakage.broken)}; nothing was written"
            )

    def write(self, folder: Path, unasked: dict[str, int], *, picture: bool) -> list[Path]:
        """Write the certificates beside the questions, whose digest they name."""
        head = {"file": QUESTIONS, "sha256": self.digest}
        write_json(folder / BALANCE_JSON, {**head, **self.balance.to_json(), "unasked": unasked})
        write_text(folder / BALANCE_TEXT, self.balance.markdown())
        written = [folder / BALANCE_JSON, folder / BALANCE_TEXT]
        if self.leakage is not None:
            write_json(folder / LEAKAGE_JSON, {**head, **self.leakage.to_json()})
            write_text(folder / LEAKAGE_TEXT, self.leakage.markdown())
            written += [folder / LEAKAGE_JSON, folder / LEAKAGE_TEXT]
        if picture and self._drawn(folder / BALANCE_PICTURE):
            written.append(folder / BALANCE_PICTURE)
        return written

    def _drawn(self, path: Path) -> bool:
        """Draw the picture; say whether there was something to draw it with."""
        from failwise.generation.balance.picture import draw_certificate

        try:
            draw_certificate(self.balance, path)
        except MissingExtraError:
            return False
        return True


def planned_questions(graph: KnowledgeGraph, config: QuestionsConfig) -> Iterable[Question]:
    """Return the questions that `make_questions` would write, in their order; nothing is written."""
    from failwise.generation.drawing.synthesize import Synthesis

    if config.file:
        return _foreign(config.file, graph, config)
    return Synthesis(graph, config, _plan(graph, config)[0])


# --- a set from elsewhere ---


def _take(
    path: Path, graph: KnowledgeGraph, config: QuestionsConfig, folder: Path, *, picture: bool
) -> tuple[dict[str, Any], list[Path]]:
    """Take questions from a file as they are. Sets made elsewhere are certified, and not refused for what they are."""
    from failwise.files import write_records
    from failwise.generation.splitting.frozen import refuse_training_on

    questions = _foreign(path, graph, config)
    refuse_training_on([q for q in questions if q.split == "train"], path)
    with _part(folder / QUESTIONS) as part:
        write_records(part, questions)
        certified = _Certified.of(part, len(questions), graph, config, None)
        part.replace(folder / QUESTIONS)
    written = certified.write(folder, {}, picture=picture)
    splits = Counter(q.split for q in questions)
    counts = {**{split: splits[split] for split in ("train", "test")}, "linked to facts": sum(map(_linked, questions))}
    return counts, [folder / QUESTIONS, *written]


def _foreign(path: Path, graph: KnowledgeGraph, config: QuestionsConfig) -> list[Question]:
    """Read a question file by its map, and give every question a split.

    Raises:
        InputError: it cannot be read, or names a fact that the ontology does not have.
    """
    from failwise.generation.formats.field_map import FieldMap
    from failwise.generation.formats.question_files import read_questions

    field_map = FieldMap.parse(config.file_map) if config.file_map else None
    questions = read_questions(path, graph, field_map=field_map)
    refuse_foreign_facts(questions, graph, path)
    return _with_splits(questions, config)


def refuse_foreign_facts(questions: Iterable[Question], graph: KnowledgeGraph, path: Path) -> None:
    """Refuse questions about facts of another ontology; an option that rests on no fact is none of them.

    Raises:
        InputError: a question names a fact that the ontology does not have.
    """
    for question in questions:
        for fact_id in filter(None, question.fact_ids):
            if fact_id not in graph.facts:
                raise InputError(
                    f"{path}: question {question.id} names the fact {fact_id!r}, which the ontology does not have; "
                    "use the ontology that the questions were made from (--ontology)"
                )


def _linked(question: Question) -> bool:
    return any(question.fact_ids)


def _with_splits(questions: Sequence[Question], config: QuestionsConfig) -> list[Question]:
    """Give questions without a split one; variants, contrast groups and the same words stay together."""
    from failwise.generation.splitting.bundles import union_find
    from failwise.generation.splitting.crossings import ties

    tied, bound = union_find(), defaultdict[object, list[Question]](list)
    for question in questions:
        tied.union(*ties(question))
    for question in questions:
        bound[tied["id", question.id]].append(question)
    sides = {root: _side(members, config) for root, members in bound.items()}
    return [q if q.split else replace(q, split=sides[tied["id", q.id]]) for q in questions]


def _side(tied: Sequence[Question], config: QuestionsConfig) -> str:
    """Return the split that one of them has already, else draw it by an id, so that it is always the same."""
    marked = next((q.split for q in tied if q.split), "")
    first = min(q.perturbation_of or q.id for q in tied)
    edge = round(config.test_share * 16**4)
    return marked or ("test" if int(content_id(config.seed, first)[:4], 16) < edge else "train")
