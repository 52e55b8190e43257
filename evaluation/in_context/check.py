"""The whole check: gather and curate exemplars, ask, put together."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from failwise.errors import InputError
from failwise.evaluation.answers import sample
from failwise.evaluation.in_context.config import InContextConfig
from failwise.evaluation.in_context.curation import Embed, Tells, curate, gather, measure, shuffled
from failwise.evaluation.in_context.job import Answerer, Exemplars, answer_all, plan
from failwise.evaluation.in_context.table import Result, tabulate
from failwise.generation.records import Arity, Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.progress import Bar

# Tested questions, questions to make exemplars of, and the rationales of these.
Material = tuple[Sequence[Question], Sequence[Question], Sequence[Rationale]]

# The curated exemplars are measured beside so many random ones, averaged over the draws of so many questions.
_MEASURED, _DRAWS = 8, 20


def check_in_context(
    material: Material,
    graph: KnowledgeGraph,
    answerer: Answerer,
    config: InContextConfig,
    folder: Path,
    bar: Bar | None = None,
    embedder: Embed | None = None,
) -> tuple[Result, dict[str, int]]:
    """Run the check in `folder`; return its result, and why questions and exemplars were left out.

    Raises:
        InputError: there is no question that can be asked, or no exemplar that can be shown.
    """
    tested, exemplary, rationales = material
    tells = Tells(graph)
    askable = [q for q in tested if q.arity is Arity.SINGLE and sum(q.correct) == 1 and any(q.fact_ids)]
    asked = sample(askable, config.limit)
    pool, reasons = gather(exemplary, rationales, tells, config.pool, config.seed)
    if not asked or not pool:
        what = "question with one right option and facts is to be asked" if not asked else "exemplar can be made"
        raise InputError(f"no {what}: {len(tested):,} questions, {len(rationales):,} rationales; {dict(reasons)}")
    curated, refused = curate(pool, config.keep, embedder)
    todo = plan(asked, Exemplars(pool, curated), tells, answerer, config)
    if bar is not None:
        bar.total(len(todo))
    answers = answer_all(todo, answerer, config, folder, bar.advance if bar is not None else lambda n: None)
    most = max(_MEASURED, *config.shots)
    draws = [measure(shuffled(pool, q, config.seed)[:most], embedder) for q in asked[:_DRAWS]]
    curation = {
        "pool": len(pool),
        "refused": dict(refused),
        "curated": measure(curated[:most], embedder),
        "random": {name: sum(draw[name] for draw in draws) / len(draws) for name in draws[0]},
        "first": [e.question.id for e in curated[:most]],
    }
    left_out = Counter({"tested: not exactly one right option, or no facts": len(tested) - len(askable)})
    left_out += Counter({f"exemplars: {reason}": n for reason, n in reasons.items()})
    return tabulate(asked, answers, curation), dict(left_out)
