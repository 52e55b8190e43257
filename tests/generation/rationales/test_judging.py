"""Whatever a teacher can say of its reply is a reason of its own when the question is dropped."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import TeacherError
from failwise.files import read_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import REJECTS, write_rationales
from failwise.generation.rationales.judging import FINAL, REASONS, judge_for
from failwise.generation.rationales.requests import Requests
from failwise.generation.records import Reject
from failwise.generation.teachers import batch_files, completion, local_teacher, prompts, transport
from failwise.generation.teachers.teacher import TeacherReply
from failwise.kg.graph import KnowledgeGraph


@pytest.mark.parametrize("teacher", [batch_files, completion, local_teacher, prompts, transport])
def test_every_fault_of_a_teacher_is_a_reason(toy: KnowledgeGraph, teacher: object) -> None:
    config = RationalesConfig()
    question = next(iter(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))))
    judge, request = judge_for(toy, config), Requests(toy, config).first(question)
    for fault in vars(teacher)["FAULTS"]:
        verdict = judge(request, TeacherReply("", None, fault=fault))
        assert (verdict.reason, verdict.detail) == (fault, "")
    unknown = judge(request, TeacherReply("", None, fault="sulked"))
    assert (unknown.reason, unknown.detail) == ("no-reply", "sulked")
    assert set(FINAL) <= set(REASONS)


def test_what_the_graph_does_not_decide_is_dropped_at_once_and_for_that(toy: KnowledgeGraph, tmp_path: Path) -> None:
    question = next(iter(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))))
    silent = replace(question, fact_ids=("",) * len(question.options), tested_fact="")
    with pytest.raises(TeacherError, match="the first was dropped as 'undecided'"):
        write_rationales([silent], toy, RationalesConfig(), tmp_path)
    [reject] = read_records(tmp_path / REJECTS, Reject)
    assert (reject.reason, reject.attempts) == ("undecided", 1)
    assert json.loads((tmp_path / REJECTS).read_text())["rule"] == REASONS["undecided"]
