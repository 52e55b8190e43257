"""The score table of one set of questions: the student, the untrained base, and the rows that need no model."""

from collections.abc import Sequence

from failwise.evaluation.answers import single_answer
from failwise.evaluation.baselines import model_free_rows
from failwise.evaluation.clustered import anchor_of
from failwise.evaluation.metrics import accuracy
from failwise.evaluation.records import Accuracy, Answer
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph


def score_rows(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    student: Sequence[Answer] = (),
    base: Sequence[Answer] = (),
) -> list[Accuracy]:
    """Return all rows; those of a student and a base only where there are answers.

    Questions for several options are left out; `evaluation.measures` has them. Intervals are by anchor.
    """
    asked = single_answer(questions)
    anchors = {q.id: anchor_of(q) for q in asked}
    said, before = ({a.question_id: float(a.right) for a in answers if a.question_id in anchors}
                    for answers in (student, base))  # fmt: skip
    rows = [accuracy("student", "student", [*said.values()], [anchors[i] for i in said])] if said else []
    if before:
        of = [anchors[i] for i in before], [said.get(i) for i in before]
        rows.append(accuracy("base", "base", [*before.values()], *of))
    return rows + model_free_rows(asked, graph, said) if asked else rows
