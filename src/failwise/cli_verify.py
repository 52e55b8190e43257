"""`failwise rationales verify`: rationales of any file, held against the ontology."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, ConfigFile, OntologyPaths, Settings, ontology_settings, print_json, print_table

if TYPE_CHECKING:
    from failwise.generation.config import RationalesConfig
    from failwise.generation.records import Question, Rationale
    from failwise.generation.verifying.factscore import FactScore, Source
    from failwise.generation.verifying.rules import Verdict, Verifier
    from failwise.kg.graph import KnowledgeGraph

_SHOWN = 10  # rejected rationales that are printed


def verify(
    rationales_file: Annotated[Path, typer.Argument(metavar="RATIONALES", help="rationales.jsonl")],
    questions_file: Annotated[Path, typer.Argument(metavar="QUESTIONS", help="The questions they answer.")],
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    judge: Annotated[
        str, typer.Option(help="MODEL@URL, asked about claims the ontology knows nothing of.", show_default=False)
    ] = "",
    evidence: Annotated[
        Path | None, typer.Option(help="Index of documents that such claims may rest on.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check rationales against the ontology and count why some are unfit; exit with 1 where any is."""
    from failwise.config import RunConfig, load_config
    from failwise.files import read_records
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.records import Rationale
    from failwise.generation.verifying.factscore import PUBLISHED, fact_scores
    from failwise.generation.verifying.rules import ACCEPTED, Verifier
    from failwise.run_folder import Run

    whole = load_config(RunConfig, config, [*setting, *ontology_settings(ontology)])
    graph = Run(whole).graph
    questions = {q.id: q for q in read_questions(questions_file, graph)}
    rationales = list(read_records(rationales_file, Rationale))
    _refuse_strangers(rationales, questions, rationales_file, questions_file)
    verifier = Verifier(graph, whole.rationales)
    verdicts = list(_verdicts(rationales, questions, graph, verifier))
    reasons = Counter(v.reason for v in verdicts)
    scores = fact_scores(rationales, questions, verifier, list(_sources(evidence, judge, whole.rationales)))
    rejected = [(r, v) for r, v in zip(rationales, verdicts, strict=True) if v.reason != ACCEPTED]
    if as_json:
        print_json(_plain(reasons, scores, PUBLISHED, rejected))
    else:
        _print(reasons, scores, PUBLISHED, rejected)
    if rejected:
        raise typer.Exit(1)


def _sources(evidence: Path | None, judge: str, config: "RationalesConfig") -> "Iterator[Source]":
    """Yield what is asked, in this order, about claims that the ontology knows nothing of."""
    from failwise.generation.verifying.factscore import PassageSource
    from failwise.generation.verifying.judge import JudgeSource

    if evidence is not None:
        from failwise.kg.evidence.records import Kind
        from failwise.kg.evidence.store import open_index

        yield PassageSource(passage.text for passage in open_index(evidence).of_kind(Kind.PASSAGE))
    if judge:
        yield JudgeSource(judge, config)


def _refuse_strangers(
    rationales: "list[Rationale]", questions: "dict[str, Question]", rationales_file: Path, questions_file: Path
) -> None:
    from failwise.errors import InputError

    if not rationales:
        raise InputError(f"{rationales_file} holds no rationale; `failwise rationales generate` writes some")
    strange = [r.question_id for r in rationales if r.question_id not in questions]
    if strange:
        raise InputError(
            f"{rationales_file} answers {len(strange)} questions that {questions_file} does not hold, such as "
            f"{strange[0]!r}; give the file that the rationales were made from"
        )


def _verdicts(
    rationales: "Iterable[Rationale]",
    questions: "dict[str, Question]",
    graph: "KnowledgeGraph",
    verifier: "Verifier",
) -> "Iterator[Verdict]":
    """Yield a verdict per rationale; what was offered is what it records, and else the facts of its options."""
    from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest

    for rationale in rationales:
        question = questions[rationale.question_id]
        offered = rationale.evidence or tuple(filter(None, question.fact_ids))
        evidence = dict.fromkeys(offered, "")
        request = TeacherRequest(question, evidence, 0.0, 1, style=rationale.style, shown=rationale.shown)
        yield verifier.check(request, TeacherReply(rationale.text, rationale.answer))


def _plain(
    reasons: "Counter[str]",
    scores: "list[FactScore]",
    published: float,
    rejected: "list[tuple[Rationale, Verdict]]",
) -> dict[str, Any]:
    return {
        "reasons": dict(reasons.most_common()),
        "factscore": scores,
        "factscore_of_the_paper": published,
        "rejected": [{"question": r.question_id, "reason": v.reason, "detail": v.detail} for r, v in rejected],
    }


def _print(
    reasons: "Counter[str]",
    scores: "list[FactScore]",
    published: float,
    rejected: "list[tuple[Rationale, Verdict]]",
) -> None:
    print_table(["reason", "rationales"], [[reason, f"{n:,}"] for reason, n in reasons.most_common()], "Verdicts")
    columns = ["teacher", "style", "rationales", "supported %", "low", "high", "length-penalised %"]
    columns += ["supported", "contradicted", "unverifiable"]
    rows = [
        [s.teacher, str(s.style), f"{s.rationales:,}"]
        + [f"{100 * value:.1f}" for value in (s.score, s.low, s.high, s.penalised)]
        + [f"{n:,}" for n in (s.supported, s.contradicted, s.unverifiable)]
        for s in scores
    ]
    print_table(columns, rows, "FActScore against the ontology")
    typer.echo(f"The paper reports {100 * published:.1f} % for its own generated data, by another source and judge.")
    for rationale, verdict in rejected[:_SHOWN]:
        typer.echo(f"{rationale.question_id}: {verdict.reason}: {verdict.detail}")
    if len(rejected) > _SHOWN:
        typer.echo(f"… and {len(rejected) - _SHOWN:,} more; --json lists all")
