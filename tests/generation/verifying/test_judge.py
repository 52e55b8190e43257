"""A model judges what the graph does not know: nonsense counts as nothing, and a claim is asked once."""

from typing import Any

import pytest

from failwise.errors import InputError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers.fake_teachers import openai_server
from failwise.generation.verifying.claims import Finding
from failwise.generation.verifying.judge import JudgeSource

pytest.importorskip("urllib3")


def test_a_model_judges_and_is_asked_once() -> None:
    seen: list[str] = []
    said = {"hot": '{"claim": "true"}', "cold": '{"claim": "false"}', "wet": '{"claim": "unknown"}', "odd": "[]"}

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        claim = request["messages"][-1]["content"]
        assert request["response_format"]["json_schema"]["schema"]["required"] == ["claim"]
        seen.append(claim)
        return 200, next((reply for word, reply in said.items() if word in claim), "neither")

    with openai_server(answer) as url:
        judge = JudgeSource(f"m@{url}", RationalesConfig())
        claims = ("It runs hot.", "It runs cold.", "It is wet.", "It is odd.", "It hums.", "It runs hot.")
        found = [judge.judges(claim) for claim in claims]
    unknown = Finding.UNVERIFIABLE
    assert found == [Finding.SUPPORTED, Finding.CONTRADICTED, unknown, unknown, unknown, Finding.SUPPORTED]
    assert len(seen) == 5


@pytest.mark.parametrize("judge", ["m", "@http://127.0.0.1:1/v1", "m@"])
def test_a_judge_needs_a_model_and_an_address(judge: str) -> None:
    with pytest.raises(InputError, match="write MODEL@URL"):
        JudgeSource(judge, RationalesConfig())
